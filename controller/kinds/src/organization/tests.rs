use std::collections::BTreeSet;

use proptest::prelude::*;
use trueup_sandbox::{Faults, Sandbox};

use super::{Organization, OrganizationModel, PolicyTypeWord};
use crate::laws;
use crate::made::Inside;

fn models() -> impl Strategy<Value = OrganizationModel> {
    let words: Vec<String> = PolicyTypeWord::ALL.iter().map(ToString::to_string).collect();
    proptest::collection::btree_set(proptest::sample::select(words), 0..4)
        .prop_map(|policy_types: BTreeSet<String>| OrganizationModel { policy_types, members: Inside::default() })
}

proptest! {
    #[test]
    fn laws_hold(one in models(), two in models()) {
        laws::hold_all::<Organization>(&one, &two);
    }
}

fn trip(models: Vec<OrganizationModel>, faults: Faults) {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    laws::paused(laws::rough_trip::<Organization>(&sandbox, "organization", models, faults));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn aws_holds_what_the_models_say(models in proptest::collection::vec(models(), 1..5)) {
        trip(models, Faults::default());
    }

    #[test]
    fn so_it_does_when_answers_are_lost(models in proptest::collection::vec(models(), 1..5), faults in laws::faults()) {
        trip(models, faults);
    }
}

#[test]
fn without_a_word_only_service_control_policies_are_enabled() {
    let toml = "[organization.main]\n[output]\nid = \"${organization.main.id}\"\n";
    let models = laws::desired::<Organization>(toml).unwrap_or_else(|problems| panic!("{problems}"));
    let types: Vec<_> = models.iter().map(|(_, _, model)| model.policy_types.clone()).collect();
    assert_eq!(types, [BTreeSet::from(["SERVICE_CONTROL_POLICY".to_owned()])]);
}
