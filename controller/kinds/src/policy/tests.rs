use std::collections::BTreeSet;

use proptest::prelude::*;
use trueup_engine::kind::Kind;
use trueup_engine::perform::OpContext;
use trueup_sandbox::Sandbox;
use trueup_specs::policy::{Document, Effect, Statement, pack as packing};

use super::pack::ROOM;
use super::parts::{self, Part};
use super::{Policy, PolicyCall, PolicyModel, PolicyOp};
use crate::driver::Driver;
use crate::fields::Named;
use crate::laws;

fn models() -> impl Strategy<Value = PolicyModel> {
    let spare = proptest::collection::vec("v[1-9]", 0..5);
    ("/|/delivery/", "[ab]{0,1}", laws::identity_documents(), laws::tags(), spare).prop_map(
        |(path, description, policy, tags, spare)| {
            let part = Part { document: policy, tags, spare };
            PolicyModel::of_parts("artifacts".to_owned(), path, description, [("artifacts".to_owned(), part)].into())
        },
    )
}

/// Models of policies that fit into one, two, or up to seven.
fn packed_models() -> impl Strategy<Value = PolicyModel> {
    let statement = ("Allow|Deny", "[a-c]", 1_usize..20, prop::sample::select(vec![40_usize, 250, 480]));
    let statement = statement.prop_map(|(effect, bucket, count, length)| {
        let resource = |index| format!(r#""arn:aws:s3:::{bucket}/{index}/{}""#, "x".repeat(length));
        let resources: Vec<String> = (0..count).map(resource).collect();
        format!(
            r#"{{"Effect":"{effect}","Action":["s3:GetObject","s3:PutObject"],"Resource":[{}]}}"#,
            resources.join(",")
        )
    });
    let documents = proptest::collection::btree_set(statement, 1..5).prop_map(|statements| {
        let statements = statements.into_iter().collect::<Vec<_>>().join(",");
        Document::from_live(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap()
    });
    ("[ab]{0,1}", documents, laws::tags()).prop_map(|(description, document, tags)| {
        let parts = parts::named("artifacts", packing::spread(&document, ROOM).unwrap(), &tags);
        PolicyModel::of_parts("artifacts".to_owned(), "/".to_owned(), description, parts)
    })
}

proptest! {
    #[test]
    fn laws_hold(one in models(), two in models()) {
        laws::hold_all::<Policy>(&one, &two);
    }

    #[test]
    fn laws_hold_for_each_field_alone(one in models(), two in models()) {
        let PolicyModel { name: _, path, description, policy, parts: _, tags, held } = two;
        let base = || one.clone();
        for other in [
            PolicyModel { name: "renamed".to_owned(), ..base() },
            PolicyModel { path, ..base() },
            PolicyModel { description, ..base() },
            PolicyModel { policy, ..base() },
            PolicyModel { tags, ..base() },
            PolicyModel { held, ..base() },
        ] {
            laws::hold_all::<Policy>(&one, &other);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn laws_hold_in_parts(one in packed_models(), two in packed_models()) {
        laws::hold_all::<Policy>(&one, &two);
        let recorded: PolicyModel = serde_json::from_value(serde_json::to_value(&one).unwrap()).unwrap();
        laws::hold_all::<Policy>(&recorded, &two);
    }

    /// However a policy is written anew, a statement that denies all the while is there all the while.
    #[test]
    fn what_is_denied_stays_denied_on_the_way(one in packed_models(), two in packed_models()) {
        let two = PolicyModel { path: one.path.clone(), description: one.description.clone(), ..two };
        let denied = |model: &PolicyModel| -> BTreeSet<Statement> {
            let statements = model.policy.document().unwrap().statements.iter();
            statements.filter(|statement| statement.effect == Effect::Deny).cloned().collect()
        };
        let (was, is) = (denied(&one), denied(&two));
        let Ok(steps) = Policy::ops(&laws::at::<Policy>(), Some(&one), Some(&two)) else { return Ok(()) };
        let mut model = Some(one);
        for op in &steps.ops {
            Policy::simulate(&mut model, op);
            let now = denied(model.as_ref().unwrap());
            let missing: Vec<_> = was.intersection(&is).filter(|statement| !now.contains(statement)).collect();
            prop_assert!(missing.is_empty(), "{op:?}");
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

    #[test]
    fn aws_holds_parts_as_the_models_say(models in proptest::collection::vec(packed_models(), 1..6)) {
        let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
        laws::paused(laws::round_trip::<Policy>(&sandbox, "artifacts", models));
    }

    #[test]
    fn so_it_does_of_parts_when_answers_are_lost(models in proptest::collection::vec(packed_models(), 1..6), faults in laws::faults()) {
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
    let model = |action: &str, spare: &[&str]| {
        let spare = spare.iter().map(ToString::to_string).collect();
        let parts = [("artifacts".to_owned(), Part { document: document(action), tags: [].into(), spare })];
        PolicyModel::of_parts("artifacts".to_owned(), "/".to_owned(), String::new(), parts.into())
    };
    let calls = |spare: &[&str]| -> Vec<PolicyCall> {
        let steps = Policy::ops(&at, Some(&model("s3:GetObject", spare)), Some(&model("s3:PutObject", &[]))).unwrap();
        steps.ops.into_iter().map(|op| op.call).collect()
    };
    let (taken_over_by, takes_over) = (Vec::new(), Vec::new());
    let new = PolicyCall::CreatePolicyVersion { document: document("s3:PutObject"), taken_over_by, takes_over };
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
