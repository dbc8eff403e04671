//! What S3's block of public access means for who can do what.

use trueup_specs::policy::{
    Actions, Caseless, Conditions, Document, Effect, Principal, Principals, Resources, Statement, Version,
};

/// What `RestrictPublicBuckets` does while a bucket's policy is public: only AWS services and the bucket's own account get in.
///
/// It keeps out other accounts too that the policy names one by one.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-options>
pub(crate) fn restricted_to(account: &str) -> Document {
    let test = |key: &str, value: &str| [(Caseless::from(key), [value.to_owned()].into())].into();
    let condition: Conditions = [
        (Caseless::from("StringNotEquals"), test("aws:PrincipalAccount", account)),
        (Caseless::from("BoolIfExists"), test("aws:PrincipalIsAWSService", "false")),
    ]
    .into();
    let statement = Statement {
        sid: Some("RestrictPublicBuckets".to_owned()),
        effect: Effect::Deny,
        principal: Some(Principals::Is([Principal::Everyone].into())),
        action: Actions::Is([Caseless::from("s3:*")].into()),
        resource: Some(Resources::Is(["*".to_owned()].into())),
        condition,
    };
    Document { version: Version::V2012, id: None, statements: vec![statement] }
}
