use proptest::prelude::*;
use serde_json::json;
use trueup_engine::perform::OpContext;
use trueup_sandbox::{Cut, Faults, Sandbox, Then, When};
use trueup_state::outputs::Outputs;

use super::*;
use crate::driver::Driver;
use crate::key::grants::Grant;
use crate::key::{DISABLED, ENABLED};
use crate::laws;
use crate::session::{Aws, Session};

const ALIAS: &str = "alias/laws";
const PRIMARY: &str = "arn:aws:kms:us-east-1:111111111111:key/mrk-12345678123412341234123456789012";
/// The primary key's region; the replica is in [`laws::REGION`].
const ELSEWHERE: &str = "us-east-1";

fn at() -> At {
    laws::at::<ReplicaKey>()
}

fn policy(principal: &str) -> PolicyDocument {
    let document = json!({
        "Version": "2012-10-17",
        "Statement": [
            { "Effect": "Allow", "Principal": { "AWS": "111111111111" }, "Action": "kms:*", "Resource": "*" },
            { "Sid": "Use", "Effect": "Allow", "Principal": { "AWS": principal }, "Action": "kms:Decrypt", "Resource": "*" },
        ],
    });
    PolicyDocument::from_live(&document.to_string())
}

fn grant(operation: &str) -> Grant {
    Grant {
        name: "one".to_owned(),
        grantee_principal: Some("arn:aws:iam::222222222222:root".to_owned()),
        operations: [operation.to_owned()].into(),
        ..Grant::default()
    }
}

fn plain(primary: &str) -> ReplicaKeyModel {
    let own = [("trueup:project", "laws"), ("trueup:address", laws::ADDRESS)];
    let mut made = fresh(&NewReplica {
        primary: primary.to_owned(),
        region: laws::REGION.to_owned(),
        description: String::new(),
        policy: default_policy(&at()),
        tags: own.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
    });
    made.own.aliases = [ALIAS.to_owned()].into();
    // The tests' address is of no kind, as every kind's tests share it; a replica is known by its own.
    made.own.tags.insert("trueup:address".to_owned(), "tooling@eu-west-1/replica_key.one".to_owned());
    made
}

/// What a spec can ask for.
fn models() -> impl Strategy<Value = ReplicaKeyModel> {
    let state = prop::sample::select(vec![ENABLED, ENABLED, DISABLED]);
    let aliases = prop::sample::subsequence(vec!["alias/a", "alias/b"], 0..=2);
    let policies = prop::sample::select(vec![default_policy(&at()), policy("222222222222")]);
    let grants = prop::sample::subsequence(vec![grant("Decrypt"), grant("Encrypt")], 0..=2);
    let window = DELETION_WINDOW_DAYS_MIN..=DELETION_WINDOW_DAYS_MAX;
    (state, aliases, "[a-z]{0,3}", policies, window, grants, laws::tags()).prop_map(
        |(state, more, description, policy, deletion_window_days, grants, tags)| ReplicaKeyModel {
            handles: Handles::default(),
            own: OwnProperties {
                state: state.to_owned(),
                aliases: more.into_iter().chain([ALIAS]).map(str::to_owned).collect(),
                description,
                policy,
                deletion_window_days,
                grants: grants.into_iter().collect(),
                tags,
            },
            primary: PRIMARY.to_owned(),
        },
    )
}

fn with(model: &ReplicaKeyModel, change: impl FnOnce(&mut OwnProperties)) -> ReplicaKeyModel {
    let mut model = model.clone();
    change(&mut model.own);
    model
}

/// [`plain`] with one field changed: every field that can be, each to another value.
fn one_changed(primary: &str) -> Vec<ReplicaKeyModel> {
    let plain = plain(primary);
    let OwnProperties { state: _, aliases: _, description: _, policy: _, deletion_window_days: _, grants: _, tags: _ } =
        &plain.own;
    vec![
        with(&plain, |own| own.state = DISABLED.to_owned()),
        with(&plain, |own| own.aliases.extend(["alias/other".to_owned()])),
        with(&plain, |own| own.description = "artifacts".to_owned()),
        with(&plain, |own| own.policy = policy("222222222222")),
        with(&plain, |own| own.deletion_window_days = 7),
        with(&plain, |own| own.grants = [grant("Decrypt")].into()),
        with(&plain, |own| own.tags.extend([("team".to_owned(), "platform".to_owned())])),
    ]
}

proptest! {
    #[test]
    fn laws_hold(one in models(), two in models()) {
        laws::hold_all::<ReplicaKey>(&one, &two);
    }
}

#[test]
fn each_field_can_be_changed_and_changed_back() {
    let plain = plain(PRIMARY);
    for other in one_changed(PRIMARY) {
        for (before, after) in [(&plain, &other), (&other, &plain)] {
            assert_eq!(ReplicaKey::ops(&at(), Some(before), Some(after)).unwrap().ops.len(), 1, "{other:?}");
            laws::hold::<ReplicaKey>(Some(before), Some(after));
        }
    }
}

#[test]
fn a_replica_of_another_key_is_another_replica() {
    let plain = plain(PRIMARY);
    let other = ReplicaKeyModel { primary: PRIMARY.replace("mrk-1", "mrk-2"), ..plain.clone() };
    assert_eq!(ReplicaKey::ops(&at(), Some(&plain), Some(&other)).unwrap_err().field, "primary");
}

/// KMS lets the primary key end only after its last replica.
#[test]
fn a_primary_key_goes_after_its_replicas() {
    let live = ReplicaKeyModel {
        handles: Handles { arn: Some(PRIMARY.replace(ELSEWHERE, laws::REGION)), grants: Vec::new() },
        ..plain(PRIMARY)
    };
    let gone = ReplicaKey::ops(&at(), Some(&live), None).unwrap().ops;
    let last = ReplicaKey::info(&at(), gone.last().unwrap());
    assert_eq!((last.call, last.releases), ("kms:ScheduleKeyDeletion", vec![PRIMARY.to_owned()]));
}

const SPECS: &str = r#"
    [scope]
    account = "tooling"
    region = "eu-west-1"

    [key.near]
    multi_region = true
"#;

/// Another file, since a file's resources are all in one region.
const ELSEWHERE_SPECS: &str = r#"
    [scope]
    account = "tooling"
    region = "us-east-1"

    [key.artifacts]
    multi_region = true
    [key.single]
"#;

#[test]
fn a_spec_becomes_a_model() {
    let toml = format!(
        r#"{SPECS}
        [replica_key.plain]
        primary = "tooling@us-east-1/key.artifacts"

        [replica_key.full]
        primary = "{PRIMARY}"
        alias = ["alias/z", "alias/a"]
        description = "artifacts of ${{account.name}}"
        deletion_window_days = 7
        state = "disabled"
        tags = {{ team = "platform" }}
        [[replica_key.full.policy]]
        allow = "kms:*"
        principal = {{ account = "tooling" }}
        resource = "*"
        [replica_key.full.grant.one]
        grantee_principal = "arn:aws:iam::222222222222:root"
        operations = ["Decrypt"]
        "#
    );
    let models = laws::desired_of::<ReplicaKey>(&[("a.toml", ELSEWHERE_SPECS), ("spec.toml", &toml)])
        .unwrap_or_else(|problems| panic!("{problems}"));
    let shown: Vec<_> = models
        .iter()
        .map(|(address, identity, model)| {
            json!({ "address": address, "name": identity.name, "claim": identity.claim, "outputs": identity.outputs, "model": model })
        })
        .collect();
    insta::assert_json_snapshot!(shown);
}

#[test]
fn what_kms_would_refuse_is_told_with_its_place() {
    let toml = format!(
        r#"{SPECS}
        [replica_key.near]
        primary = "key.near"
        [replica_key.single]
        primary = "tooling@us-east-1/key.single"
        [replica_key.same]
        primary = "arn:aws:kms:eu-west-1:111111111111:key/mrk-1"
        [replica_key.far]
        primary = "arn:aws-cn:kms:cn-north-1:111111111111:key/mrk-1"
        [replica_key.foreign]
        primary = "arn:aws:kms:us-east-1:999999999999:key/mrk-1"
        [replica_key.grants]
        primary = "tooling@us-east-1/key.artifacts"
        alias = "alias/aws/s3"
        [replica_key.grants.grant.sign]
        grantee_principal = "arn:aws:iam::222222222222:root"
        operations = ["Sign"]
        "#
    );
    insta::assert_snapshot!(
        laws::desired_of::<ReplicaKey>(&[("a.toml", ELSEWHERE_SPECS), ("spec.toml", &toml)]).unwrap_err()
    );
}

/// Performs what leads from one model to the other, with the ARN put in where it stands for itself, as the engine does.
async fn perform(session: &Session, before: Option<&ReplicaKeyModel>, after: Option<&ReplicaKeyModel>) {
    let steps = ReplicaKey::ops(&at(), before, after).unwrap();
    let mut outputs = Outputs::new();
    for op in steps.ops {
        let json = serde_json::to_string(&op).unwrap();
        let known = pending::replace(&json, |_, attribute| outputs.get(attribute).cloned());
        let done = ReplicaKey::perform(serde_json::from_str(&known).unwrap(), session, OpContext::default()).await;
        outputs.extend(done.unwrap_or_else(|error| panic!("{error:?}\n{op:#?}")));
    }
}

async fn primary(aws: &Aws) -> String {
    let session = aws.session("tooling", Some(ELSEWHERE)).await.unwrap();
    let made = session.kms().create_key().multi_region(true).send().await.unwrap();
    made.key_metadata.unwrap().arn.unwrap()
}

async fn live(aws: &Aws) -> Option<ReplicaKeyModel> {
    let (live, _) = laws::read::<ReplicaKey>(aws, ALIAS).await;
    live.unwrap().into_iter().find(|live| live.name == ALIAS).map(|live| live.model)
}

#[tokio::test(start_paused = true)]
async fn aws_has_what_the_operations_say() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT, "222222222222"]);
    let aws = laws::aws(&sandbox).await;
    let session = aws.session("tooling", Some(laws::REGION)).await.unwrap();
    let primary = primary(&aws).await;
    let plain = plain(&primary);
    let mut before: Option<ReplicaKeyModel> = None;
    let models = one_changed(&primary).into_iter().flat_map(|other| [other, plain.clone()]);
    for after in models.map(Some).chain([None]) {
        perform(&session, before.as_ref(), after.as_ref()).await;
        let found = live(&aws).await;
        assert_eq!(found, after, "what AWS has is the model");
        before = found;
    }
    assert_eq!(laws::read::<crate::key::Key>(&aws, ALIAS).await.0.unwrap(), [], "a replica is no key of its own");
}

/// When the answer to ReplicateKey is lost it is sent again, and finds what it made.
#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_made_good() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    let aws = laws::aws(&sandbox).await;
    let session = aws.session("tooling", Some(laws::REGION)).await.unwrap();
    let plain = plain(&primary(&aws).await);
    sandbox.set_faults(Faults {
        cut: Some(Cut { nth: 1, when: When::AfterEffect, then: Then::Recover }),
        ..Faults::default()
    });
    perform(&session, None, Some(&plain)).await;
    assert_eq!(sandbox.calls()[&("kms".to_owned(), "ReplicateKey".to_owned())], 2);
    assert_eq!(live(&aws).await, Some(plain));
}

/// A replica that someone else made is not taken for one of these specs.
#[tokio::test(start_paused = true)]
async fn a_strange_replica_is_left_alone() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    let aws = laws::aws(&sandbox).await;
    let primary = primary(&aws).await;
    let elsewhere = aws.session("tooling", Some(ELSEWHERE)).await.unwrap();
    elsewhere.kms().replicate_key().key_id(&primary).replica_region(laws::REGION).send().await.unwrap();
    let session = aws.session("tooling", Some(laws::REGION)).await.unwrap();
    let op = ReplicaKey::ops(&at(), None, Some(&plain(&primary))).unwrap().ops.remove(0);
    let error = ReplicaKey::perform(op, &session, OpContext::default()).await.unwrap_err();
    assert_eq!(error.code.as_deref(), Some("AlreadyExistsException"));
    assert!(error.help.unwrap().contains("give it an alias"));
    assert_eq!(live(&aws).await, None);
}
