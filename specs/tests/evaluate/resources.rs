//! Actions and resources, and their negations.

use trueup_specs::policy::Document;
use trueup_specs::policy::evaluate::{Caller, Policies, Request, Source, decide};

use crate::support::{ROLE, USER, World};

fn allows(elements: &str, action: &str, resource: &str) -> bool {
    let request = Request::new(Caller::User(USER.to_owned()), action, resource).closed();
    World::default().identity(&format!(r#"{{"Effect":"Allow",{elements}}}"#)).decides(&request) == "allowed: identity"
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>
#[test]
fn actions_have_wildcards_and_no_case() {
    let action = |pattern: &str, action: &str| {
        allows(&format!(r#""Action":"{pattern}","Resource":"*""#), action, "arn:aws:s3:::b")
    };
    for pattern in ["*", "s3:*", "S3:getobject", "s3:Get*", "s3:*Object", "s3:Get?bject", "*:*"] {
        assert!(action(pattern, "s3:GetObject"), "{pattern}");
    }
    for pattern in ["s3:GetObject?", "s3:Get", "ec2:*", "s3:Put*"] {
        assert!(!action(pattern, "s3:GetObject"), "{pattern}");
    }
    // A statement without action, which KMS keeps, has no effect.
    let empty = r#""Action":[],"Resource":"*""#;
    assert!(!allows(empty, "s3:GetObject", "*"));
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html>,
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notresource.html>
#[test]
fn the_negations_take_all_others() {
    let not_iam = r#""NotAction":["iam:*","s3:Put*"],"Resource":"*""#;
    assert!(allows(not_iam, "s3:GetObject", "*"));
    assert!(!allows(not_iam, "S3:putObject", "*"));
    assert!(!allows(not_iam, "iam:PassRole", "*"));
    let not_secret = r#""Action":"s3:*","NotResource":["arn:aws:s3:::b/secret/*","arn:aws:s3:::c"]"#;
    assert!(allows(not_secret, "s3:GetObject", "arn:aws:s3:::b/open"));
    assert!(!allows(not_secret, "s3:GetObject", "arn:aws:s3:::b/secret/x"));
    assert!(!allows(not_secret, "s3:GetObject", "arn:aws:s3:::c"));
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
#[test]
fn resources_have_wildcards_and_case() {
    let on =
        |pattern: &str, resource: &str| allows(&format!(r#""Action":"*","Resource":"{pattern}""#), "a:B", resource);
    assert!(on("arn:aws:s3:::b/*", "arn:aws:s3:::b/a/b"));
    assert!(!on("arn:aws:s3:::b/*", "arn:aws:s3:::b"));
    assert!(!on("arn:aws:s3:::b", "arn:aws:s3:::B"));
    assert!(on("arn:aws:s3:::?", "arn:aws:s3:::b"));
    assert!(on("*", "*"));
    assert!(!on("arn:aws:s3:::*", "*"));
    // A resource is matched as one string: a star runs over colons.
    assert!(on("arn:aws:sns:*:topic", "arn:aws:sns:eu-west-1:111111111111:topic"));
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-wheretouse>
#[test]
fn resources_have_variables_behind_the_fifth_colon() {
    let on =
        |pattern: &str, resource: &str| allows(&format!(r#""Action":"*","Resource":"{pattern}""#), "a:B", resource);
    assert!(on("arn:aws:s3:::home/${aws:username}/*", "arn:aws:s3:::home/alice/x"));
    assert!(!on("arn:aws:s3:::home/${aws:username}/*", "arn:aws:s3:::home/bob/x"));
    assert!(on("arn:aws:s3:::home/${aws:userid, 'x'}", "arn:aws:s3:::home/x"));
    assert!(on("arn:aws:s3:::a${*}", "arn:aws:s3:::a*"));
    assert!(!on("arn:aws:s3:::a${*}", "arn:aws:s3:::ab"));
    assert!(!on("arn:aws:${aws:username}:::x", "arn:aws:alice:::x"));
    // A role has no user name, so that nothing matches.
    let request = Request::new(Caller::role(ROLE), "s3:GetObject", "arn:aws:s3:::home/alice");
    let home = r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::home/${aws:username}"}"#;
    World::default().identity(home).check(&request, "missing: identity");
    let tagged = r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::home/${aws:PrincipalTag/Name}"}"#;
    World::default().identity(tagged).check(&request, "depends: aws:PrincipalTag/Name");
    let elsewhere = Request::new(Caller::role(ROLE), "s3:GetObject", "arn:aws:s3:::work/alice");
    World::default().identity(tagged).check(&elsewhere, "missing: identity");
    let old = r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:username}"}]}"#;
    let old = Document::from_live(old).unwrap();
    let policies = Policies { identity: vec![Source { name: "old", document: &old }], ..Policies::default() };
    let user = || Caller::User(USER.to_owned());
    assert!(decide(&Request::new(user(), "a:B", "arn:aws:s3:::alice"), &policies).is_denied());
    assert!(decide(&Request::new(user(), "a:B", "arn:aws:s3:::${aws:username}"), &policies).is_allowed());
}
