use proptest::prelude::*;
use serde_json::json;
use trueup_sandbox::{Faults, Sandbox};

use super::{Topic, TopicModel, default_policies};
use crate::fields::PolicyDocument;
use crate::laws;

fn policies(name: &'static str) -> impl Strategy<Value = PolicyDocument> {
    let principal = prop_oneof![
        Just(r#"{"Service":"events.amazonaws.com"}"#),
        Just(r#"{"AWS":"arn:aws:iam::222222222222:root"}"#),
    ];
    (principal, "sns:(Publish|Subscribe)").prop_map(move |(principal, action)| {
        PolicyDocument::from_live(&format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"a","Effect":"Allow","Principal":{principal},"Action":"{action}","Resource":"arn:aws:sns:eu-west-1:111111111111:{name}"}}]}}"#
        ))
    })
}

fn plain(name: &'static str) -> impl Strategy<Value = TopicModel> {
    let words = ("[a-z ]{0,3}", "PassThrough|Active", "1|2");
    (words, proptest::option::of(policies(name)), laws::tags()).prop_map(
        move |((display_name, tracing, signature_version), policy, tags)| TopicModel {
            name: name.to_owned(),
            fifo: false,
            display_name,
            kms_key: None,
            policy,
            tracing,
            signature_version,
            content_based_deduplication: false,
            archive_days: None,
            tags,
        },
    )
}

fn fifo(name: &'static str) -> impl Strategy<Value = TopicModel> {
    let base = plain(name);
    (base, any::<bool>(), proptest::option::of(1..=365_i64)).prop_map(
        |(base, content_based_deduplication, archive_days)| TopicModel {
            fifo: true,
            tracing: "PassThrough".to_owned(),
            content_based_deduplication,
            archive_days,
            ..base
        },
    )
}

proptest! {
    #[test]
    fn laws_hold(one in plain("approvals"), two in plain("approvals")) {
        laws::hold_all::<Topic>(&one, &two);
    }

    #[test]
    fn laws_hold_of_fifo_topics(one in fifo("steps.fifo"), two in fifo("steps.fifo")) {
        laws::hold_all::<Topic>(&one, &two);
    }

    #[test]
    fn laws_hold_for_each_field_alone(one in fifo("steps.fifo"), two in fifo("steps.fifo"), other in plain("approvals")) {
        let TopicModel {
            name: _,
            fifo: _,
            display_name,
            kms_key: _,
            policy,
            tracing: _,
            signature_version,
            content_based_deduplication,
            archive_days,
            tags,
        } = two;
        let base = || one.clone();
        let key = Some("arn:aws:kms:eu-west-1:111111111111:key/x".to_owned());
        for other in [
            other,
            TopicModel { name: "renamed.fifo".to_owned(), ..base() },
            TopicModel { display_name, ..base() },
            TopicModel { kms_key: key, ..base() },
            TopicModel { policy, ..base() },
            TopicModel { tracing: "Active".to_owned(), ..base() },
            TopicModel { signature_version, ..base() },
            TopicModel { content_based_deduplication, ..base() },
            TopicModel { archive_days, ..base() },
            TopicModel { tags, ..base() },
        ] {
            laws::hold_all::<Topic>(&one, &other);
        }
    }
}

fn trip(name: &str, models: Vec<TopicModel>, faults: Faults) {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT, "222222222222"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(laws::rough_trip::<Topic>(&sandbox, name, models, faults));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn aws_holds_what_the_models_say(models in proptest::collection::vec(plain("approvals"), 1..6)) {
        trip("approvals", models, Faults::default());
    }

    #[test]
    fn and_of_fifo_topics(models in proptest::collection::vec(fifo("steps.fifo"), 1..6)) {
        trip("steps.fifo", models, Faults::default());
    }

    #[test]
    fn so_it_does_when_answers_are_lost(
        models in proptest::collection::vec(fifo("steps.fifo"), 1..6),
        faults in laws::faults(),
    ) {
        trip("steps.fifo", models, faults);
    }
}

#[test]
fn the_policy_of_a_new_topic_is_none_of_ours() {
    let arn = "arn:aws:sns:eu-west-1:111111111111:approvals";
    for policy in default_policies(arn) {
        let attributes = [("Policy".to_owned(), policy.to_json())].into();
        let fact = crate::source::sns::TopicFact { arn: arn.to_owned(), attributes, tags: [].into() };
        assert_eq!(super::live(&fact).model.policy, None);
    }
}

#[test]
fn a_spec_becomes_a_model() {
    let toml = r#"
        [scope]
        account = "tooling"
        [topic.approvals]
        [[topic.approvals.policy]]
        sid = "Events"
        allow = "sns:Publish"
        principal = { service = "events.amazonaws.com" }
        resource = "arn:aws:sns:${region}:${account.id}:approvals"
        [topic.steps]
        fifo = true
        display_name = "Steps"
        kms_key = "arn:aws:kms:eu-west-1:111111111111:key/5a4d0000-0000-4000-8000-000000000000"
        signature_version = 2
        content_based_deduplication = true
        archive_days = 30
        tags = { team = "platform" }
    "#;
    let models = laws::desired::<Topic>(toml).unwrap_or_else(|problems| panic!("{problems}"));
    let shown: Vec<_> = models
        .iter()
        .map(|(address, identity, model)| {
            json!({ "address": address, "name": identity.name, "claim": identity.claim, "outputs": identity.outputs, "model": model })
        })
        .collect();
    insta::assert_json_snapshot!(shown);
}

#[test]
fn what_sns_would_refuse_is_told_with_its_place() {
    let toml = r#"
        [scope]
        account = "tooling"
        [topic.a]
        name = "a b"
        archive_days = 3
        [topic.b]
        name = "b"
        fifo = true
        tracing = "Active"
        [topic.c]
        name = "c.fifo"
        kms_key = "arn:aws:kms:us-east-1:111111111111:key/x"
        [[topic.c.policy]]
        allow = "sqs:SendMessage"
        principal = { account = "tenants" }
        resource = "*"
    "#;
    insta::assert_snapshot!(laws::desired::<Topic>(toml).unwrap_err());
}
