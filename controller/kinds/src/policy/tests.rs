use proptest::prelude::*;
use trueup_engine::kind::Kind;
use trueup_engine::perform::OpContext;
use trueup_sandbox::Sandbox;

use super::{Policy, PolicyCall, PolicyModel, PolicyOp, SpareVersions};
use crate::driver::Driver;
use crate::fields::Named;
use crate::laws;

fn models() -> impl Strategy<Value = PolicyModel> {
    let spare = proptest::collection::vec("v[1-9]", 0..5);
    ("/|/delivery/", "[ab]{0,1}", laws::identity_documents(), laws::tags(), spare).prop_map(
        |(path, description, policy, tags, spare)| {
            let (name, spare) = ("artifacts".to_owned(), SpareVersions(spare));
            PolicyModel { name, path, description, policy, tags, spare }
        },
    )
}

proptest! {
    #[test]
    fn laws_hold(one in models(), two in models()) {
        laws::hold_all::<Policy>(&one, &two);
    }

    #[test]
    fn laws_hold_for_each_field_alone(one in models(), two in models()) {
        let PolicyModel { name: _, path, description, policy, tags, spare } = two;
        let base = || one.clone();
        for other in [
            PolicyModel { name: "renamed".to_owned(), ..base() },
            PolicyModel { path, ..base() },
            PolicyModel { description, ..base() },
            PolicyModel { policy, ..base() },
            PolicyModel { tags, ..base() },
            PolicyModel { spare, ..base() },
        ] {
            laws::hold_all::<Policy>(&one, &other);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn aws_holds_what_the_models_say(models in proptest::collection::vec(models(), 1..12)) {
        let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
        laws::paused(laws::round_trip::<Policy>(&sandbox, "artifacts", models));
    }

    #[test]
    fn so_it_does_when_answers_are_lost(models in proptest::collection::vec(models(), 1..12), faults in laws::faults()) {
        let sandbox = Sandbox::in_memory(&[laws::ACCOUNT, "222222222222", "333333333333"]);
        laws::paused(laws::rough_trip::<Policy>(&sandbox, "artifacts", models, faults));
    }
}

#[test]
fn the_oldest_spare_version_goes_when_there_are_five() {
    let at = laws::at::<Policy>();
    let document = |action: &str| {
        let text = format!(r#"{{"Statement":{{"Effect":"Allow","Action":"{action}","Resource":"*"}}}}"#);
        crate::fields::PolicyDocument::from_live(&text)
    };
    let model = |action: &str, spare: &[&str]| PolicyModel {
        name: "artifacts".to_owned(),
        path: "/".to_owned(),
        description: String::new(),
        policy: document(action),
        tags: [].into(),
        spare: SpareVersions(spare.iter().map(ToString::to_string).collect()),
    };
    let calls = |spare: &[&str]| -> Vec<PolicyCall> {
        let steps = Policy::ops(&at, Some(&model("s3:GetObject", spare)), Some(&model("s3:PutObject", &[]))).unwrap();
        steps.ops.into_iter().map(|op| op.call).collect()
    };
    let new = PolicyCall::CreatePolicyVersion { document: document("s3:PutObject") };
    let oldest = PolicyCall::DeletePolicyVersion { version: "v1".to_owned() };
    assert_eq!(calls(&["v1", "v2", "v3", "v5"]), [oldest, new.clone()]);
    assert_eq!(calls(&["v1", "v2", "v3"]), [new]);
}

#[test]
fn too_large_a_policy_says_by_how_much() {
    let toml = format!(
        "[scope]\naccount = \"tooling\"\n[policy.artifacts]\npolicy = [{{ allow = \"s3:GetObject\", resource = \"arn:aws:s3:::{}\" }}]\n",
        "x".repeat(6_100)
    );
    let shown = laws::desired::<Policy>(&toml).unwrap_err().replace(&"x".repeat(6_100), "xx…");
    insta::assert_snapshot!(shown);
}

#[tokio::test(start_paused = true)]
async fn who_has_a_policy_attached_is_named() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    let session = laws::aws(&sandbox).await.session("tooling", None).await.unwrap();
    let document = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}"#;
    let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}}"#;
    let (iam, arn) = (session.iam(), "arn:aws:iam::111111111111:policy/artifacts");
    iam.create_policy().policy_name("artifacts").policy_document(document).send().await.unwrap();
    iam.create_role().role_name("by-hand").assume_role_policy_document(trust).send().await.unwrap();
    iam.attach_role_policy().role_name("by-hand").policy_arn(arn).send().await.unwrap();
    let policy = Named { path: "/".to_owned(), name: "artifacts".to_owned() };
    let op = PolicyOp { policy, arn: arn.to_owned(), call: PolicyCall::DeletePolicy };
    let error = Policy::perform(op, &session, OpContext::default()).await.unwrap_err();
    insta::assert_snapshot!(format!("{error}\nhelp: {}", error.help.as_deref().unwrap()));
}
