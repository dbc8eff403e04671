use proptest::prelude::*;
use serde_json::json;
use trueup_sandbox::{Faults, Sandbox};

use super::{Application, ApplicationModel};
use crate::laws;

fn models() -> impl Strategy<Value = ApplicationModel> {
    ("Server|Lambda|ECS", laws::tags()).prop_map(|(compute_platform, tags)| ApplicationModel {
        name: "web".to_owned(),
        compute_platform,
        tags,
    })
}

proptest! {
    #[test]
    fn laws_hold(one in models(), two in models()) {
        laws::hold_all::<Application>(&one, &two);
    }

    #[test]
    fn laws_hold_for_each_field_alone(one in models(), two in models()) {
        let ApplicationModel { name: _, compute_platform, tags } = two;
        let base = || one.clone();
        for other in [
            ApplicationModel { name: "renamed".to_owned(), ..base() },
            ApplicationModel { compute_platform, ..base() },
            ApplicationModel { tags, ..base() },
        ] {
            laws::hold_all::<Application>(&one, &other);
        }
    }
}

fn trip(models: Vec<ApplicationModel>, faults: Faults) {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    laws::paused(laws::rough_trip::<Application>(&sandbox, "web", models, faults));
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
        [scope]
        account = "tooling"
        [application.plain]
        [application.full]
        name = "Web.App"
        compute_platform = "ECS"
        tags = { team = "platform" }
    "#;
    let models = laws::desired::<Application>(toml).unwrap_or_else(|problems| panic!("{problems}"));
    let shown: Vec<_> = models
        .iter()
        .map(|(address, identity, model)| {
            json!({ "address": address, "name": identity.name, "claim": identity.claim, "outputs": identity.outputs, "model": model })
        })
        .collect();
    insta::assert_json_snapshot!(shown);
}

#[test]
fn what_codedeploy_would_refuse_is_told_with_its_place() {
    let toml = r#"
        [scope]
        account = "tooling"
        [application.a]
        name = "my app"
    "#;
    insta::assert_snapshot!(laws::desired::<Application>(toml).unwrap_err());
}
