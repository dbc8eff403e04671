use proptest::prelude::*;
use serde_json::json;
use trueup_sandbox::{Faults, Sandbox};

use super::ServiceControlPolicy;
use crate::laws;
use crate::made::Made;
use crate::organization_policy::{Content, OrganizationPolicyModel};

fn models() -> impl Strategy<Value = OrganizationPolicyModel> {
    let targets = proptest::collection::btree_set(prop_oneof![Just("root"), Just(laws::ACCOUNT)], 0..3);
    (laws::identity_documents(), targets, laws::tags()).prop_map(|(document, targets, tags)| OrganizationPolicyModel {
        sort: "SERVICE_CONTROL_POLICY".to_owned(),
        name: "guard".to_owned(),
        description: String::new(),
        content: Content::Policy(document),
        targets: targets.into_iter().map(str::to_owned).collect(),
        tags,
        id: Made::default(),
    })
}

proptest! {
    #[test]
    fn laws_hold(one in models(), two in models()) {
        laws::hold_all::<ServiceControlPolicy>(&one, &two);
    }
}

fn trip(models: Vec<OrganizationPolicyModel>, faults: Faults) {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    laws::paused(async {
        laws::organize(&sandbox).await;
        laws::rough_trip::<ServiceControlPolicy>(&sandbox, "guard", models, faults).await;
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn aws_holds_what_the_models_say(models in proptest::collection::vec(models(), 1..6)) {
        trip(models, Faults::default());
    }

    #[test]
    fn so_it_does_when_answers_are_lost(models in proptest::collection::vec(models(), 1..6), faults in laws::faults()) {
        trip(models, faults);
    }
}

const STATEMENT: &str =
    "[[service_control_policy.NAME.policy]]\ndeny = \"organizations:LeaveOrganization\"\nresource = \"*\"\n";

#[test]
fn a_spec_becomes_a_model() {
    let toml = format!(
        "[organizational_unit.tenants]\n[service_control_policy.stay]\ndescription = \"Tenants stay\"\n\
         targets = [\"organizational_unit.tenants\", \"account.tenants\"]\n{}",
        STATEMENT.replace("NAME", "stay")
    );
    let models = laws::desired::<ServiceControlPolicy>(&toml).unwrap_or_else(|problems| panic!("{problems}"));
    let shown: Vec<_> = models
        .iter()
        .map(|(address, identity, model)| json!({ "address": address, "name": identity.name, "model": model }))
        .collect();
    insta::assert_json_snapshot!(shown);
}

#[test]
fn what_organizations_would_refuse_is_told_with_its_place() {
    let toml = r#"
        [service_control_policy.who]
        targets = ["unicorn", "policy.x"]
        [[service_control_policy.who.policy]]
        allow = "*"
        principal = "*"
        resource = "*"
        [service_control_policy.long]
        description = "x"
        policy = [{ deny = "s3:*", resource = "arn:aws:s3:::PAD" }]
    "#;
    let toml = toml.replace("PAD", &"p".repeat(10_240));
    let told = laws::desired::<ServiceControlPolicy>(&toml).unwrap_err();
    insta::assert_snapshot!(told.replace(&"p".repeat(10_240), "PAD").replace(&"^".repeat(10_000), "^"));
}
