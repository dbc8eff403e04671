use proptest::prelude::*;
use serde_json::json;
use trueup_engine::kind::Kind;
use trueup_sandbox::{Faults, Sandbox};

use super::{OrganizationalUnit, OrganizationalUnitModel};
use crate::laws;
use crate::made::{Inside, Made};

fn models() -> impl Strategy<Value = OrganizationalUnitModel> {
    laws::tags().prop_map(|tags| OrganizationalUnitModel {
        name: "tenants".to_owned(),
        parent: "root".to_owned(),
        tags,
        id: Made::default(),
        inside: Inside::default(),
    })
}

proptest! {
    #[test]
    fn laws_hold(one in models(), two in models()) {
        laws::hold_all::<OrganizationalUnit>(&one, &two);
    }

    #[test]
    fn laws_hold_for_each_field_alone(one in models(), two in models()) {
        let OrganizationalUnitModel { name: _, parent: _, tags, id: _, inside: _ } = two;
        let base = || one.clone();
        for other in [
            OrganizationalUnitModel { name: "pilots".to_owned(), ..base() },
            OrganizationalUnitModel { parent: "ou-abcd-12345678".to_owned(), ..base() },
            OrganizationalUnitModel { tags, ..base() },
        ] {
            laws::hold_all::<OrganizationalUnit>(&one, &other);
        }
    }
}

/// A unit is never moved: what it held would be torn out.
#[test]
fn a_unit_stays_where_it_is() {
    let before = OrganizationalUnitModel {
        name: "tenants".to_owned(),
        parent: "root".to_owned(),
        tags: [].into(),
        id: Made(Some("ou-abcd-12345678".to_owned())),
        inside: Inside::default(),
    };
    let after = OrganizationalUnitModel { parent: "ou-abcd-87654321".to_owned(), ..before.clone() };
    let refusal = OrganizationalUnit::ops(&laws::at::<OrganizationalUnit>(), Some(&before), Some(&after)).unwrap_err();
    assert_eq!(refusal.field, "parent");
}

fn trip(models: Vec<OrganizationalUnitModel>, faults: Faults) {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    laws::paused(async {
        laws::organize(&sandbox).await;
        laws::rough_trip::<OrganizationalUnit>(&sandbox, "/tenants", models, faults).await;
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
        [organizational_unit.tenants]
        tags = { team = "platform" }
        [organizational_unit.pilots]
        name = "Pilot tenants"
        parent = "organizational_unit.tenants"
        [organizational_unit.elsewhere]
        parent = "ou-abcd-12345678"
    "#;
    let models = laws::desired::<OrganizationalUnit>(toml).unwrap_or_else(|problems| panic!("{problems}"));
    let shown: Vec<_> = models
        .iter()
        .map(|(address, identity, model)| {
            json!({ "address": address, "name": identity.name, "claim": identity.claim, "outputs": identity.outputs, "model": model })
        })
        .collect();
    insta::assert_json_snapshot!(shown);
}

#[test]
fn what_organizations_would_refuse_is_told_with_its_place() {
    let toml = r#"
        [organizational_unit.one]
        [organizational_unit.two]
        parent = "organizational_unit.one"
        [organizational_unit.three]
        parent = "organizational_unit.two"
        [organizational_unit.four]
        parent = "organizational_unit.three"
        [organizational_unit.five]
        parent = "organizational_unit.four"
        [organizational_unit.six]
        parent = "organizational_unit.five"
        [organizational_unit.head]
        parent = "organizational_unit.tail"
        [organizational_unit.tail]
        parent = "organizational_unit.head"
        [organizational_unit.empty]
        name = ""
        [organizational_unit.made]
        name = "of-${account.id}"
    "#;
    insta::assert_snapshot!(laws::desired::<OrganizationalUnit>(toml).unwrap_err());
}
