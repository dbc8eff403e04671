use proptest::prelude::*;
use serde_json::{Value, json};
use trueup_sandbox::{Faults, Sandbox};

use super::attributes::{self, default_policies};
use super::delivery::{DeliveryPolicy, HealthyRetryPolicy};
use super::{DeliveryStatus, Topic, TopicModel};
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

const ROLE: &str = "arn:aws:iam::111111111111:role/logs";

fn deliveries() -> impl Strategy<Value = Option<DeliveryPolicy>> {
    let retry = (3..9_i64, 1..20_i64, "linear|geometric").prop_map(|(num_retries, min_delay_target, backoff)| {
        HealthyRetryPolicy { num_retries, min_delay_target, backoff_function: backoff, ..HealthyRetryPolicy::default() }
    });
    let policy =
        (proptest::option::of(retry), proptest::option::of(1..9_i64), proptest::option::of("text/(plain|xml)"));
    policy.prop_map(|(healthy_retry_policy, max_receives_per_second, header_content_type)| {
        attributes::said(DeliveryPolicy { healthy_retry_policy, max_receives_per_second, header_content_type })
    })
}

fn statuses() -> impl Strategy<Value = std::collections::BTreeMap<String, DeliveryStatus>> {
    let role = || proptest::option::of(Just(ROLE.to_owned()));
    let status = (role(), 0..=100_i64, role()).prop_map(|(success_role, rate, failure_role)| DeliveryStatus {
        success_sample_rate: if success_role.is_some() { rate } else { 0 },
        success_role,
        failure_role,
    });
    proptest::collection::btree_map("application|firehose|http|lambda|sqs", status, 0..3).prop_map(|mut all| {
        all.retain(|_, status| *status != DeliveryStatus::default());
        all
    })
}

fn protections() -> impl Strategy<Value = Option<Value>> {
    proptest::option::of("Deny|Audit".prop_map(|operation| {
        json!({ "Name": "p", "Version": "2021-06-01", "Statement": [{
            "DataDirection": "Inbound",
            "Principal": ["*"],
            "DataIdentifier": ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"],
            "Operation": { operation: {} },
        }] })
    }))
}

fn plain(name: &'static str) -> impl Strategy<Value = TopicModel> {
    let words = ("[a-z ]{0,3}", "PassThrough|Active", "1|2");
    let size = prop_oneof![Just(262_144_i64), 1_024..=1_048_576_i64];
    let delivery = (deliveries(), any::<bool>(), statuses(), protections(), size);
    (words, proptest::option::of(policies(name)), delivery, laws::tags()).prop_map(
        move |(
            (display_name, tracing, signature_version),
            policy,
            (
                delivery_policy,
                disable_subscription_overrides,
                delivery_status,
                data_protection_policy,
                maximum_message_size,
            ),
            tags,
        )| TopicModel {
            name: name.to_owned(),
            fifo: false,
            display_name,
            kms_key: None,
            policy,
            tracing,
            signature_version,
            maximum_message_size,
            delivery_policy,
            disable_subscription_overrides,
            delivery_status,
            data_protection_policy,
            content_based_deduplication: false,
            fifo_throughput_scope: None,
            archive_days: None,
            tags,
        },
    )
}

fn fifo(name: &'static str) -> impl Strategy<Value = TopicModel> {
    let base = plain(name);
    let scope = proptest::option::of(Just("MessageGroup".to_owned()));
    (base, any::<bool>(), scope, proptest::option::of(1..=365_i64)).prop_map(
        |(base, content_based_deduplication, fifo_throughput_scope, archive_days)| TopicModel {
            fifo: true,
            tracing: "PassThrough".to_owned(),
            data_protection_policy: None,
            content_based_deduplication,
            fifo_throughput_scope,
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
            maximum_message_size,
            delivery_policy,
            disable_subscription_overrides,
            delivery_status,
            data_protection_policy: _,
            content_based_deduplication,
            fifo_throughput_scope,
            archive_days,
            tags,
        } = two;
        let base = || one.clone();
        let key = Some("arn:aws:kms:eu-west-1:111111111111:key/x".to_owned());
        let data_protection_policy = other.data_protection_policy.clone();
        for other in [
            other,
            TopicModel { name: "renamed.fifo".to_owned(), ..base() },
            TopicModel { display_name, ..base() },
            TopicModel { kms_key: key, ..base() },
            TopicModel { policy, ..base() },
            TopicModel { tracing: "Active".to_owned(), ..base() },
            TopicModel { signature_version, ..base() },
            TopicModel { maximum_message_size, ..base() },
            TopicModel { delivery_policy, ..base() },
            TopicModel { disable_subscription_overrides, ..base() },
            TopicModel { delivery_status, ..base() },
            TopicModel { data_protection_policy, ..base() },
            TopicModel { fifo_throughput_scope, ..base() },
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
    laws::paused(async {
        let aws = laws::aws(&sandbox).await;
        let session = aws.session("tooling", None).await.unwrap();
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"sns.amazonaws.com"}}]}"#;
        session.iam().create_role().role_name("logs").assume_role_policy_document(trust).send().await.unwrap();
        laws::rough_trip::<Topic>(&sandbox, name, models, faults).await;
    });
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
        let arn = arn.to_owned();
        let fact = crate::source::sns::TopicFact { arn, attributes, data_protection: None, tags: [].into() };
        assert_eq!(attributes::live(&fact).model.policy, None);
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
        fifo_throughput_scope = "MessageGroup"
        archive_days = 30
        tags = { team = "platform" }
        [topic.logged]
        kms_key = "alias/aws/sns"
        maximum_message_size = 1048576
        delivery_policy = { healthy_retry_policy = { num_retries = 10, num_max_delay_retries = 4, max_delay_target = 60, backoff_function = "exponential" }, header_content_type = "application/json" }
        disable_subscription_overrides = true
        data_protection_policy = { Name = "mail", Version = "2021-06-01", Statement = [{ DataDirection = "Inbound", Principal = ["*"], DataIdentifier = ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"], Operation = { Deny = {} } }] }
        [topic.logged.delivery_status]
        http = { success_role = "arn:aws:iam::111111111111:role/logs", success_sample_rate = 10, failure_role = "arn:aws:iam::111111111111:role/logs" }
        sqs = { failure_role = "arn:aws:iam::111111111111:role/logs" }
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
        delivery_policy = { healthy_retry_policy = { num_retries = 100, num_min_delay_retries = 90, min_delay_target = 60, max_delay_target = 60 } }
        delivery_status = { sqs = { success_sample_rate = 10 } }
        data_protection_policy = { Name = "mail", Version = "2021-06-01", Statement = [{ DataDirection = "Outbound", Principal = ["*"], DataIdentifier = ["x"], Operation = { Audit = {} } }] }
        [topic.b]
        name = "b"
        fifo = true
        tracing = "Active"
        data_protection_policy = { Statement = [] }
        [role.closed]
        [[role.closed.trust]]
        allow = "sts:AssumeRole"
        principal = { service = "ec2.amazonaws.com" }
        [topic.d]
        delivery_status = { http = { failure_role = "role.closed" } }
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
