use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;
use trueup_sandbox::{Faults, Sandbox};

use super::{Content, OrganizationPolicy, OrganizationPolicyModel};
use crate::laws;
use crate::made::Made;

fn models() -> impl Strategy<Value = OrganizationPolicyModel> {
    let targets = proptest::collection::btree_set(prop_oneof![Just("root"), Just(laws::ACCOUNT)], 0..3);
    ("[a-c]?", "[a-c]", targets, laws::tags()).prop_map(|(description, word, targets, tags)| OrganizationPolicyModel {
        sort: "TAG_POLICY".to_owned(),
        name: "costs".to_owned(),
        description,
        content: Content::Json(json!({ "tags": { "team": { "tag_key": { "@@assign": word } } } })),
        targets: targets.into_iter().map(str::to_owned).collect(),
        tags,
        id: Made::default(),
    })
}

proptest! {
    #[test]
    fn laws_hold(one in models(), two in models()) {
        laws::hold_all::<OrganizationPolicy>(&one, &two);
    }

    #[test]
    fn laws_hold_for_each_field_alone(one in models(), two in models()) {
        let OrganizationPolicyModel { sort: _, name: _, description, content, targets, tags, id: _ } = two;
        let base = || one.clone();
        for other in [
            OrganizationPolicyModel { sort: "BACKUP_POLICY".to_owned(), ..base() },
            OrganizationPolicyModel { name: "renamed".to_owned(), ..base() },
            OrganizationPolicyModel { description, ..base() },
            OrganizationPolicyModel { content, ..base() },
            OrganizationPolicyModel { targets, ..base() },
            OrganizationPolicyModel { tags, ..base() },
        ] {
            laws::hold_all::<OrganizationPolicy>(&one, &other);
        }
    }
}

fn trip(models: Vec<OrganizationPolicyModel>, faults: Faults) {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    laws::paused(async {
        laws::organize(&sandbox).await;
        laws::rough_trip::<OrganizationPolicy>(&sandbox, "tag_policy/costs", models, faults).await;
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

#[test]
fn a_spec_becomes_a_model() {
    let toml = r#"
        [organization_policy.costs]
        type = "TAG_POLICY"
        content.tags.team.tag_key."@@assign" = "Team"
        targets = ["root", "account.unicorn"]
    "#;
    let models = laws::desired::<OrganizationPolicy>(toml).unwrap_or_else(|problems| panic!("{problems}"));
    let (_, identity, model) = &models[0];
    assert_eq!(identity.name, "tag_policy/costs");
    assert_eq!(model.targets, BTreeSet::from(["222222222222".to_owned(), "root".to_owned()]));
}

#[test]
fn what_organizations_would_refuse_is_told_with_its_place() {
    let toml = r#"
        [organization_policy.list]
        type = "TAG_POLICY"
        content = "[]"
        [organization_policy.large]
        type = "AISERVICES_OPT_OUT_POLICY"
        content = { services = { default = "PAD" } }
        [organization_policy.unknown]
        type = "SERVICE_CONTROL_POLICY"
        content = {}
    "#;
    let toml = toml.replace("PAD", &"p".repeat(2_500));
    let told = laws::desired::<OrganizationPolicy>(&toml).unwrap_err();
    insta::assert_snapshot!(told.replace(&"p".repeat(2_500), "PAD"));
}
