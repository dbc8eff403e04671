use proptest::prelude::*;
use serde_json::json;
use trueup_sandbox::{Faults, Sandbox};

use super::{EventBus, EventBusModel, LogConfig};
use crate::fields::PolicyDocument;
use crate::laws;

fn policies(bus: &'static str) -> impl Strategy<Value = PolicyDocument> {
    ("222222222222|333333333333", "events:(PutEvents|PutRule)").prop_map(move |(account, action)| {
        PolicyDocument::from_live(&format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"a","Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{account}:root"}},"Action":"{action}","Resource":"arn:aws:events:eu-west-1:111111111111:event-bus/{bus}"}}]}}"#
        ))
    })
}

fn models() -> impl Strategy<Value = EventBusModel> {
    let queue = proptest::option::of(Just("arn:aws:sqs:eu-west-1:111111111111:lost".to_owned()));
    let logs =
        ("ERROR|INFO|TRACE", "NONE|FULL").prop_map(|(level, include_detail)| LogConfig { level, include_detail });
    let logs = proptest::option::of(logs);
    ("[a-z ]{0,3}", queue, logs, proptest::option::of(policies("own")), laws::tags()).prop_map(
        |(description, dead_letter_queue, log_config, policy, tags)| EventBusModel {
            name: "own".to_owned(),
            description,
            kms_key: None,
            dead_letter_queue,
            log_config,
            policy,
            tags,
        },
    )
}

/// What can be said of the bus that is always there.
fn of_the_default_bus() -> impl Strategy<Value = EventBusModel> {
    (proptest::option::of(policies("default")), laws::tags()).prop_map(|(policy, tags)| EventBusModel {
        name: "default".to_owned(),
        description: String::new(),
        kms_key: None,
        dead_letter_queue: None,
        log_config: None,
        policy,
        tags,
    })
}

proptest! {
    #[test]
    fn laws_hold(one in models(), two in models()) {
        laws::hold_all::<EventBus>(&one, &two);
    }

    #[test]
    fn laws_hold_for_the_default_bus(one in of_the_default_bus(), two in of_the_default_bus()) {
        laws::hold_all::<EventBus>(&one, &two);
    }

    #[test]
    fn laws_hold_for_each_field_alone(one in models(), two in models()) {
        let EventBusModel { name: _, description, kms_key: _, dead_letter_queue, log_config, policy, tags } = two;
        let base = || one.clone();
        let key = Some("arn:aws:kms:eu-west-1:111111111111:key/x".to_owned());
        for other in [
            EventBusModel { name: "renamed".to_owned(), ..base() },
            EventBusModel { description, ..base() },
            EventBusModel { kms_key: key, ..base() },
            EventBusModel { dead_letter_queue, ..base() },
            EventBusModel { log_config, ..base() },
            EventBusModel { policy, ..base() },
            EventBusModel { tags, ..base() },
        ] {
            laws::hold_all::<EventBus>(&one, &other);
        }
    }
}

fn trip(name: &str, models: Vec<EventBusModel>, faults: Faults) {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT, "222222222222", "333333333333"]);
    laws::paused(laws::rough_trip::<EventBus>(&sandbox, name, models, faults));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn aws_holds_what_the_models_say(models in proptest::collection::vec(models(), 1..6)) {
        trip("own", models, Faults::default());
    }

    #[test]
    fn so_does_the_default_bus(models in proptest::collection::vec(of_the_default_bus(), 1..6)) {
        trip("default", models, Faults::default());
    }

    #[test]
    fn so_it_does_when_answers_are_lost(models in proptest::collection::vec(models(), 1..6), faults in laws::faults()) {
        trip("own", models, faults);
    }
}

#[test]
fn a_spec_becomes_a_model() {
    let toml = r#"
        [scope]
        account = "tooling"
        [event_bus.plain]
        log_config = { level = "INFO" }
        [event_bus.main]
        name = "default"
        [[event_bus.main.policy]]
        sid = "Tenants"
        allow = "events:PutEvents"
        principal = { account = "tenants" }
        resource = "arn:aws:events:${region}:${account.id}:event-bus/default"
    "#;
    let models = laws::desired::<EventBus>(toml).unwrap_or_else(|problems| panic!("{problems}"));
    let shown: Vec<_> = models
        .iter()
        .map(|(address, identity, model)| {
            json!({ "address": address, "name": identity.name, "claim": identity.claim, "outputs": identity.outputs, "model": model })
        })
        .collect();
    insta::assert_json_snapshot!(shown);
}

#[test]
fn what_eventbridge_would_refuse_is_told_with_its_place() {
    let toml = r#"
        [scope]
        account = "tooling"
        [event_bus.a]
        name = "a/b"
        kms_key = "arn:aws:kms:us-east-1:111111111111:key/x"
        dead_letter_queue = "lost"
        [event_bus.b]
        name = "default"
        description = "no"
        log_config = { level = "ERROR", include_detail = "FULL" }
        [[event_bus.b.policy]]
        allow = "sns:Publish"
        principal = { account = "tenants" }
        resource = "*"
    "#;
    insta::assert_snapshot!(laws::desired::<EventBus>(toml).unwrap_err());
}
