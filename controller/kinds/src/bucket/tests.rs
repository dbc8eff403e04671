use std::sync::Arc;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::json;
use trueup_engine::facts::ReadCost;
use trueup_engine::perform::OpContext;
use trueup_sandbox::Sandbox;

use super::*;
use crate::driver::Driver;
use crate::laws;

mod parts;

const NAME: &str = "laws-artifacts";

fn policy(principal: &str) -> PolicyDocument {
    let document = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "Read",
            "Effect": "Allow",
            "Principal": { "AWS": principal },
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": [format!("arn:aws:s3:::{NAME}"), format!("arn:aws:s3:::{NAME}/*")],
        }],
    });
    PolicyDocument::from_live(&document.to_string())
}

fn policies() -> impl Strategy<Value = Option<PolicyDocument>> {
    prop_oneof![Just(None), Just(Some(policy("111111111111"))), Just(Some(policy("arn:aws:iam::222222222222:root"))),]
}

fn encryptions() -> impl Strategy<Value = Encryption> {
    let sort = prop_oneof![
        Just(("AES256", None, false)),
        Just(("aws:kms", None, false)),
        Just(("aws:kms", Some("arn:aws:kms:eu-west-1:111111111111:key/12345678-1234-1234-1234-123456789012"), true)),
        Just((
            "aws:kms:dsse",
            Some("arn:aws:kms:eu-west-1:111111111111:key/87654321-1234-1234-1234-123456789012"),
            false
        )),
    ];
    (sort, any::<bool>()).prop_map(|((algorithm, key, bucket_key), blocked)| Encryption {
        algorithm: algorithm.to_owned(),
        key: key.map(str::to_owned),
        bucket_key,
        blocked_encryption_types: blocked.then(|| "SSE-C".to_owned()).into_iter().collect(),
    })
}

fn blocks() -> impl Strategy<Value = PublicAccessBlock> {
    any::<[bool; 4]>().prop_map(
        |[block_public_acls, ignore_public_acls, block_public_policy, restrict_public_buckets]| PublicAccessBlock {
            block_public_acls,
            ignore_public_acls,
            block_public_policy,
            restrict_public_buckets,
        },
    )
}

fn models() -> impl Strategy<Value = BucketModel> {
    let ownership = prop::sample::select(Ownership::ALL);
    let versioning = prop::sample::select(vec![Versioning::Disabled, Versioning::Enabled]);
    (ownership, blocks(), encryptions(), versioning, policies(), laws::tags()).prop_map(
        |(ownership, public_access_block, encryption, versioning, policy, tags)| BucketModel {
            name: NAME.to_owned(),
            ownership: ownership.to_string(),
            public_access_block,
            encryption,
            versioning,
            policy,
            tags,
            parts: Parts::default(),
        },
    )
}

fn plain() -> BucketModel {
    fresh(NAME.to_owned(), laws::REGION, "BucketOwnerEnforced".to_owned(), Tags::new())
}

/// [`plain`] with one field changed: every field, each to another value.
fn one_changed() -> Vec<BucketModel> {
    let plain = plain();
    let mut open = plain.public_access_block;
    open.block_public_policy = false;
    let encryption = Encryption { algorithm: "aws:kms".to_owned(), ..plain.encryption.clone() };
    vec![
        BucketModel { ownership: "ObjectWriter".to_owned(), ..plain.clone() },
        BucketModel { public_access_block: open, ..plain.clone() },
        BucketModel { encryption: Encryption { bucket_key: true, ..encryption.clone() }, ..plain.clone() },
        BucketModel {
            encryption: Encryption { blocked_encryption_types: BTreeSet::new(), ..encryption.clone() },
            ..plain.clone()
        },
        BucketModel { encryption, ..plain.clone() },
        BucketModel { policy: Some(policy("111111111111")), ..plain.clone() },
        BucketModel { versioning: Versioning::Enabled, ..plain.clone() },
        BucketModel { tags: [("team".to_owned(), "platform".to_owned())].into(), ..plain },
    ]
}

proptest! {
    #[test]
    fn laws_hold(one in models(), two in models()) {
        laws::hold_all::<Bucket>(&one, &two);
    }
}

#[test]
fn each_field_can_be_changed_and_changed_back() {
    let plain = plain();
    for other in one_changed() {
        for (before, after) in [(&plain, &other), (&other, &plain)] {
            let steps = Bucket::ops(&laws::at::<Bucket>(), Some(before), Some(after)).unwrap();
            assert_eq!(steps.ops.len(), 1, "{other:?}");
            laws::hold::<Bucket>(Some(before), Some(after));
        }
    }
}

#[test]
fn a_plain_bucket_is_one_call() {
    let steps = Bucket::ops(&laws::at::<Bucket>(), None, Some(&plain())).unwrap();
    assert_eq!(steps.ops.len(), 1, "{:?}", steps.ops);
}

#[test]
fn what_s3_can_not_do_is_refused() {
    let at = laws::at::<Bucket>();
    let renamed = BucketModel { name: "other".to_owned(), ..plain() };
    assert_eq!(Bucket::ops(&at, Some(&plain()), Some(&renamed)).unwrap_err().field, "name");
}

#[test]
fn a_role_made_again_is_named_again() {
    let at = laws::at::<Bucket>();
    let role = "arn:aws:iam::222222222222:role/reader";
    let model = BucketModel { policy: Some(policy(role)), ..plain() };
    let ops = Bucket::follow(&at, &model, role);
    let [put] = ops.as_slice() else { panic!("{ops:?}") };
    assert_eq!(Bucket::info(&at, put).needs, [role]);
    assert_eq!(Bucket::follow(&at, &model, "arn:aws:iam::222222222222:role/other"), []);
    let gone = Bucket::ops(&at, Some(&model), Some(&plain())).unwrap().ops;
    assert_eq!(Bucket::info(&at, &gone[0]).unnames, [role]);
}

fn observed(buckets: serde_json::Value) -> Result<Vec<Live<BucketModel>>, Unread> {
    let fact = crate::source::load_fact(s3::NAME, json!({ "buckets": buckets })).unwrap();
    let mut facts = Facts::default();
    let account = Scope { account: Arc::from("tooling"), region: None };
    facts.insert(Arc::from(s3::NAME), account, Ok(fact), ReadCost::default());
    Bucket::observe(&facts, &laws::at::<Bucket>().scope)
}

#[test]
fn a_bucket_is_observed_as_it_is() {
    let live = observed(json!({
        "old": { "region": "eu-west-1", "settings": { "Ok": {
            "tags": {}, "policy": null, "encryption": null, "versioning": null, "public_access_block": null, "ownership": null,
        } } },
        "elsewhere": { "region": "eu-west-2", "settings": { "Err": { "call": "s3:GetBucketPolicy", "why": "denied", "help": null } } },
        "artifacts": { "region": "eu-west-1", "settings": { "Ok": {
            "tags": { "trueup:project": "laws", "team": "platform" },
            "policy": "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"222222222222\"},\"Action\":\"s3:ListBucket\",\"Resource\":\"arn:aws:s3:::artifacts\"}}",
            "encryption": { "algorithm": "aws:kms", "key": "arn:aws:kms:eu-west-1:111111111111:key/k", "bucket_key": true, "blocked": ["NONE"] },
            "versioning": "Enabled",
            "public_access_block": { "block_public_acls": true, "ignore_public_acls": true, "block_public_policy": false, "restrict_public_buckets": false },
            "ownership": "BucketOwnerPreferred",
        } } },
    }))
    .unwrap();
    let shown: Vec<_> = live.iter().map(|live| json!({ "model": live.model, "outputs": live.outputs })).collect();
    insta::assert_json_snapshot!(shown);
}

#[test]
fn a_bucket_that_could_not_be_read_blocks_its_region() {
    let unread = json!({ "a": { "region": "eu-west-1", "settings": { "Err": { "call": "s3:GetBucketPolicy", "why": "bucket a: denied", "help": null } } } });
    assert_eq!(observed(unread).unwrap_err().call, "s3:GetBucketPolicy");
}

#[test]
fn a_spec_becomes_a_model() {
    let toml = r#"
        [scope]
        account = "tooling"
        region = "eu-west-1"

        [bucket.plain]
        name = "plain-${account.id}"

        [bucket.full]
        name = "full-${account.id}-${region}-an"
        encryption = { key = "arn:aws:kms:eu-west-1:111111111111:key/abc", bucket_key = true, blocked_encryption_types = [] }
        versioning = "enabled"
        public_access_block = { block_public_policy = false }
        ownership = "ObjectWriter"
        tags = { team = "platform" }
        [[bucket.full.policy]]
        allow = "s3:ListBucket"
        principal = { aws = "222222222222" }
        resource = "arn:aws:s3:::full-${account.id}-${region}-an"
    "#;
    let models = laws::desired::<Bucket>(toml).unwrap_or_else(|problems| panic!("{problems}"));
    let shown: Vec<_> = models
        .iter()
        .map(|(address, identity, model)| json!({ "address": address, "claim": identity.claim, "outputs": identity.outputs, "model": model }))
        .collect();
    insta::assert_json_snapshot!(shown);
}

#[test]
fn what_s3_would_refuse_is_told_with_its_place() {
    let toml = r#"
        [scope]
        account = "tooling"
        region = "eu-west-1"

        [bucket.a]
        name = "Upper_Case"
        [bucket.b]
        name = "ok-b"
        encryption = { key = "arn:aws:kms:eu-west-2:111111111111:key/abc", algorithm = "AES256" }
        [bucket.c]
        name = "ok-c"
        encryption = { algorithm = "aws:kms:dsse", bucket_key = true }
        [bucket.d]
        name = "x-${key.k.id}"
        versioning = "on"
        [key.k]
        alias = "alias/k"
    "#;
    insta::assert_snapshot!(laws::desired::<Bucket>(toml).unwrap_err());
}

#[tokio::test(start_paused = true)]
async fn aws_has_what_the_operations_say() {
    let plain = plain();
    let mut models = vec![plain.clone()];
    for mut other in one_changed() {
        other.tags.extend([("trueup:address".to_owned(), laws::ADDRESS.to_owned())]);
        models.extend([other, plain.clone()]);
    }
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT, "222222222222"]);
    laws::round_trip::<Bucket>(&sandbox, NAME, models).await;
}

#[tokio::test(start_paused = true)]
async fn any_bucket_can_be_made_in_aws() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..24 {
        let model = models().new_tree(&mut runner).unwrap().current();
        let sandbox = Sandbox::in_memory(&[laws::ACCOUNT, "222222222222"]);
        laws::round_trip::<Bucket>(&sandbox, NAME, vec![model]).await;
    }
}

async fn make(aws: &crate::session::Aws, region: &str, model: &BucketModel) {
    let at =
        At { scope: Scope { region: Some(Arc::from(region)), ..laws::at::<Bucket>().scope }, ..laws::at::<Bucket>() };
    let session = aws.session("tooling", Some(region)).await.unwrap();
    for op in Bucket::ops(&at, None, Some(model)).unwrap().ops {
        Bucket::perform(op, &session, OpContext::default()).await.unwrap();
    }
}

/// Who wants nothing still sees what is ours, wherever it is; and what is nobody's costs nothing.
#[tokio::test(start_paused = true)]
async fn what_is_owned_is_read_in_every_region() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    let aws = laws::aws(&sandbox).await;
    let ours = |name: &str| BucketModel {
        name: name.to_owned(),
        tags: [("trueup:project".to_owned(), "laws".to_owned())].into(),
        ..plain()
    };
    make(&aws, "eu-west-1", &ours("laws-one")).await;
    make(&aws, "us-east-1", &ours("laws-two")).await;
    make(&aws, "us-east-1", &BucketModel { name: "laws-nobodys".to_owned(), ..plain() }).await;
    let session = aws.session("tooling", None).await.unwrap();

    let before = aws.calls();
    let facts = s3::read(&session, &[], &crate::count::Counter::default()).await.unwrap();
    let regions: Vec<_> = facts.buckets.iter().map(|(name, fact)| (name.as_str(), fact.region.as_str())).collect();
    assert_eq!(regions, [("laws-one", "eu-west-1"), ("laws-two", "us-east-1")]);
    // ListBuckets, GetResources in two regions, fifteen calls a bucket: fourteen and the tags, of which there is no record.
    assert_eq!(aws.calls() - before, 1 + 2 + 2 * 15);

    let (live, _) = laws::read::<Bucket>(&aws, "laws-nobodys").await;
    assert_eq!(live.unwrap().iter().map(|live| live.name.as_str()).collect::<Vec<_>>(), ["laws-one"]);
}

/// A bucket with things in it stays, and the error says so.
#[tokio::test(start_paused = true)]
async fn a_bucket_is_never_emptied() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    let aws = laws::aws(&sandbox).await;
    make(&aws, laws::REGION, &plain()).await;
    let session = aws.session("tooling", Some(laws::REGION)).await.unwrap();
    session.s3().put_object().bucket(NAME).key("a").body(Vec::from(*b"x").into()).send().await.unwrap();
    let delete = BucketOp::DeleteBucket { bucket: NAME.to_owned(), unnames: Vec::new() };
    let error = Bucket::perform(delete, &session, OpContext::default()).await.unwrap_err();
    assert_eq!(error.code.as_deref(), Some("BucketNotEmpty"));
    assert!(error.help.is_some());
}

/// A key that is made in the same plan is named by what stands for its ARN.
#[test]
fn a_key_is_named_before_it_is_there() {
    let toml = r#"
        [scope]
        account = "tooling"
        region = "eu-west-1"

        [key.artifacts]
        [bucket.artifacts]
        name = "artifacts-${account.id}"
        encryption = { key = "key.artifacts" }
    "#;
    let models = laws::desired::<Bucket>(toml).unwrap_or_else(|problems| panic!("{problems}"));
    let (_, _, model) = &models[0];
    let key = model.encryption.key.as_deref().unwrap();
    assert_eq!(trueup_specs::pending::tokens(key).collect::<Vec<_>>(), [("tooling@eu-west-1/key.artifacts", "arn")]);
    assert_eq!(model.encryption.algorithm, "aws:kms");
}

/// A name that only this account can have.
#[tokio::test(start_paused = true)]
async fn a_name_of_the_accounts_own_can_be_made() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    let name = format!("laws-{}-{}-an", laws::ACCOUNT, laws::REGION);
    laws::round_trip::<Bucket>(&sandbox, &name, vec![BucketModel { name: name.clone(), ..plain() }]).await;
}
