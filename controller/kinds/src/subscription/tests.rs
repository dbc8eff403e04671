use proptest::prelude::*;
use serde_json::{Value, json};
use trueup_engine::facts::{ReadRequest, Wanted};
use trueup_engine::kind::Kind;
use trueup_engine::perform::OpContext;
use trueup_sandbox::{Faults, Sandbox};

use super::{ReplayPolicy, Subscription, SubscriptionModel};
use crate::driver::Driver;
use crate::event_rule::pattern;
use crate::laws;
use crate::source::sns;
use crate::topic::delivery::{DeliveryPolicy, HealthyRetryPolicy};

const OWN: &str = "arn:aws:sns:eu-west-1:111111111111:";
const STANDARD: &str = "arn:aws:sns:eu-west-1:111111111111:approvals";
const FIFO: &str = "arn:aws:sns:eu-west-1:111111111111:steps.fifo";
const ROLE: &str = "arn:aws:iam::111111111111:role/stream";

fn filters() -> impl Strategy<Value = (Option<Value>, String)> {
    let values = || proptest::collection::btree_set("[a-c]", 1..3);
    let flat = values().prop_map(|values| json!({ "state": values, "n": [{ "numeric": [">", 1] }] }));
    let nested = values().prop_map(|values| json!({ "detail": { "state": values } }));
    let of = |filter: Value, scope: &str| (Some(pattern::canonical(filter)), scope.to_owned());
    prop_oneof![
        Just((None, "MessageAttributes".to_owned())),
        flat.clone().prop_map(move |filter| of(filter, "MessageAttributes")),
        flat.prop_map(move |filter| of(filter, "MessageBody")),
        nested.prop_map(move |filter| of(filter, "MessageBody")),
    ]
}

fn deliveries() -> impl Strategy<Value = Option<DeliveryPolicy>> {
    let retry = (3..9_i64, 0..2_i64, 1..20_i64, "linear|exponential").prop_map(
        |(num_retries, num_no_delay_retries, min_delay_target, backoff_function)| HealthyRetryPolicy {
            num_retries,
            num_no_delay_retries,
            min_delay_target,
            backoff_function,
            ..HealthyRetryPolicy::default()
        },
    );
    let sort = proptest::option::of("text/plain|application/json");
    let policy = (proptest::option::of(retry), proptest::option::of(1..9_i64), sort);
    proptest::option::of(policy).prop_map(|policy| {
        let (healthy_retry_policy, max_receives_per_second, header_content_type) = policy?;
        let policy = DeliveryPolicy { healthy_retry_policy, max_receives_per_second, header_content_type };
        Some(policy).filter(|policy| *policy != DeliveryPolicy::default())
    })
}

fn blank(topic: &str, protocol: &str, endpoint: &str) -> SubscriptionModel {
    super::fresh(topic, protocol, endpoint)
}

fn of_queue() -> impl Strategy<Value = SubscriptionModel> {
    let lost = proptest::option::of(Just("arn:aws:sqs:eu-west-1:111111111111:lost".to_owned()));
    (filters(), any::<bool>(), lost).prop_map(|((filter_policy, filter_policy_scope), raw, dead_letter_queue)| {
        SubscriptionModel {
            filter_policy,
            filter_policy_scope,
            raw_message_delivery: raw,
            dead_letter_queue,
            ..blank(STANDARD, "sqs", "arn:aws:sqs:eu-west-1:111111111111:q")
        }
    })
}

fn of_fifo() -> impl Strategy<Value = SubscriptionModel> {
    let time = "2026-03-0[1-9]T00:00:00\\.000Z";
    let replay = proptest::option::of((time, proptest::option::of(time)));
    let lost = proptest::option::of(Just("arn:aws:sqs:eu-west-1:111111111111:lost.fifo".to_owned()));
    (replay, lost).prop_map(|(replay, dead_letter_queue)| SubscriptionModel {
        dead_letter_queue,
        replay_policy: replay.map(|(starting_point, ending_point)| ReplayPolicy { starting_point, ending_point }),
        ..blank(FIFO, "sqs", "arn:aws:sqs:eu-west-1:111111111111:q.fifo")
    })
}

fn of_stream() -> impl Strategy<Value = SubscriptionModel> {
    (filters(), any::<bool>(), "stream|other").prop_map(|((filter_policy, filter_policy_scope), raw, role)| {
        SubscriptionModel {
            filter_policy,
            filter_policy_scope,
            raw_message_delivery: raw,
            role: Some(format!("arn:aws:iam::111111111111:role/{role}")),
            ..blank(STANDARD, "firehose", "arn:aws:firehose:eu-west-1:111111111111:deliverystream/s")
        }
    })
}

fn of_page() -> impl Strategy<Value = SubscriptionModel> {
    (filters(), deliveries()).prop_map(|((filter_policy, filter_policy_scope), delivery_policy)| SubscriptionModel {
        filter_policy,
        filter_policy_scope,
        delivery_policy,
        ..blank(STANDARD, "https", "https://example.com/hook")
    })
}

proptest! {
    #[test]
    fn laws_hold(one in of_queue(), two in of_queue(), three in of_page(), four in of_page()) {
        laws::hold_all::<Subscription>(&one, &two);
        laws::hold_all::<Subscription>(&three, &four);
        laws::hold_all::<Subscription>(&one, &four);
    }

    #[test]
    fn laws_hold_of_fifo_topics_and_streams(one in of_fifo(), two in of_fifo(), three in of_stream(), four in of_stream()) {
        laws::hold_all::<Subscription>(&one, &two);
        laws::hold_all::<Subscription>(&three, &four);
    }

    #[test]
    fn laws_hold_for_each_field_alone(one in of_queue(), two in of_queue(), page in of_page(), fifo in of_fifo()) {
        let SubscriptionModel {
            topic: _,
            protocol: _,
            endpoint: _,
            filter_policy,
            filter_policy_scope,
            raw_message_delivery,
            dead_letter_queue,
            delivery_policy: _,
            role: _,
            replay_policy: _,
        } = two;
        let base = || one.clone();
        for other in [
            SubscriptionModel { topic: format!("{OWN}other"), ..base() },
            SubscriptionModel { protocol: "lambda".to_owned(), ..base() },
            SubscriptionModel { endpoint: "arn:aws:sqs:eu-west-1:111111111111:other".to_owned(), ..base() },
            SubscriptionModel { filter_policy, filter_policy_scope, ..base() },
            SubscriptionModel { raw_message_delivery, ..base() },
            SubscriptionModel { dead_letter_queue, ..base() },
            SubscriptionModel { delivery_policy: page.delivery_policy, ..base() },
            SubscriptionModel { role: Some(ROLE.to_owned()), ..base() },
            SubscriptionModel { replay_policy: fifo.replay_policy, ..base() },
        ] {
            laws::hold_all::<Subscription>(&one, &other);
        }
    }
}

/// A world with the topics and roles that the models name.
async fn prepare(sandbox: &Sandbox) {
    let aws = laws::aws(sandbox).await;
    let session = aws.session("tooling", Some("eu-west-1")).await.unwrap();
    session.sns().create_topic().name("approvals").send().await.unwrap();
    let fifo = session.sns().create_topic().name("steps.fifo").attributes("FifoTopic", "true");
    fifo.attributes("ArchivePolicy", r#"{"MessageRetentionPeriod":"30"}"#).send().await.unwrap();
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"sns.amazonaws.com"}}]}"#;
    for role in ["stream", "other"] {
        session.iam().create_role().role_name(role).assume_role_policy_document(trust).send().await.unwrap();
    }
}

fn trip(models: Vec<SubscriptionModel>, faults: Faults) {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    let name =
        models.first().map(|model| format!("{} {} {}", &model.topic[OWN.len()..], model.protocol, model.endpoint));
    laws::paused(async {
        prepare(&sandbox).await;
        laws::rough_trip::<Subscription>(&sandbox, &name.unwrap(), models, faults).await;
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn aws_holds_what_the_models_say(models in proptest::collection::vec(of_queue(), 1..6)) {
        trip(models, Faults::default());
    }

    #[test]
    fn and_of_fifo_topics(models in proptest::collection::vec(of_fifo(), 1..6)) {
        trip(models, Faults::default());
    }

    #[test]
    fn and_of_streams(models in proptest::collection::vec(of_stream(), 1..6)) {
        trip(models, Faults::default());
    }

    #[test]
    fn so_it_does_when_answers_are_lost(models in proptest::collection::vec(of_queue(), 1..6), faults in laws::faults()) {
        trip(models, faults);
    }
}

/// What a web page was asked for is there once it confirms; until then it waits.
#[tokio::test]
async fn what_must_be_confirmed_waits() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    prepare(&sandbox).await;
    let aws = laws::aws(&sandbox).await;
    let session = aws.session("tooling", Some("eu-west-1")).await.unwrap();
    let wanted = SubscriptionModel {
        delivery_policy: Some(DeliveryPolicy { max_receives_per_second: Some(3), ..DeliveryPolicy::default() }),
        ..blank(STANDARD, "https", "https://example.com/hook")
    };
    let at = laws::at::<Subscription>();
    let op = Subscription::ops(&at, None, Some(&wanted)).unwrap().ops.remove(0);
    let made = Subscription::perform(op, &session, OpContext::default()).await.unwrap();
    let name = "approvals https https://example.com/hook";
    let request = ReadRequest {
        source: sns::NAME.into(),
        scope: at.scope.clone(),
        wanted: [Wanted {
            kind: "subscription".into(),
            name: name.to_owned(),
            address: laws::ADDRESS.to_owned(),
            recorded: [].into(),
        }]
        .into(),
    };
    let facts = aws.read(std::slice::from_ref(&request), &|_, _| {}).await;
    let why = Subscription::waits(&facts, &at.scope, name).unwrap();
    assert!(why.contains("waits until https://example.com/hook confirms it"), "{why}");
    let refused = Subscription::ops(&at, Some(&wanted), None).unwrap().ops.remove(0);
    let refused = Subscription::perform(refused, &session, OpContext::default()).await.unwrap_err();
    assert!(refused.message.contains("has not confirmed"), "{refused:?}");

    let token = made["arn"].rsplit(':').next().unwrap();
    session.sns().confirm_subscription().topic_arn(STANDARD).token(token).send().await.unwrap();
    let facts = aws.read(&[request], &|_, _| {}).await;
    assert_eq!(Subscription::waits(&facts, &at.scope, name), None);
    let live = Subscription::observe(&facts, &at.scope).unwrap().remove(0);
    assert_eq!((live.model, live.outputs), (wanted, made));
}

#[test]
fn a_spec_becomes_a_model() {
    let toml = r#"
        [scope]
        account = "tooling"
        [topic.approvals]
        [topic.steps]
        fifo = true
        [subscription.mail]
        topic = "topic.approvals"
        protocol = "email"
        endpoint = "releases@example.com"
        [subscription.queue]
        topic = "topic.approvals"
        protocol = "sqs"
        endpoint = "arn:aws:sqs:${region}:${account.id}:approvals"
        filter_policy = { detail = { state = ["b", "a"] } }
        filter_policy_scope = "MessageBody"
        raw_message_delivery = true
        dead_letter_queue = "arn:aws:sqs:${region}:${account.id}:lost"
        [subscription.page]
        topic = "arn:aws:sns:eu-west-1:222222222222:elsewhere"
        protocol = "https"
        endpoint = "https://example.com/hook"
        delivery_policy = { healthy_retry_policy = { num_retries = 5, min_delay_target = 30 }, max_receives_per_second = 10, header_content_type = "application/json" }
        [subscription.again]
        topic = "topic.steps"
        protocol = "sqs"
        endpoint = "arn:aws:sqs:${region}:${account.id}:steps.fifo"
        replay_policy = { starting_point = "2026-03-02T00:00:00.000Z" }
        [role.stream]
        [[role.stream.trust]]
        allow = "sts:AssumeRole"
        principal = { service = "sns.amazonaws.com" }
        [subscription.stream]
        topic = "topic.approvals"
        protocol = "firehose"
        endpoint = "arn:aws:firehose:${region}:${account.id}:deliverystream/all"
        role = "arn:aws:iam::111111111111:role/stream"
    "#;
    let models = laws::desired::<Subscription>(toml).unwrap_or_else(|problems| panic!("{problems}"));
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
        [topic.approvals]
        [topic.steps]
        fifo = true
        [subscription.region]
        topic = "arn:aws:sns:us-east-1:111111111111:x"
        protocol = "email"
        endpoint = "nobody"
        raw_message_delivery = true
        delivery_policy = { max_receives_per_second = 1 }
        [subscription.fifo]
        topic = "topic.steps"
        protocol = "sms"
        endpoint = "0660 123"
        dead_letter_queue = "arn:aws:sqs:us-east-1:111111111111:lost"
        [subscription.queue]
        topic = "topic.approvals"
        protocol = "sqs"
        endpoint = "arn:aws:sqs:eu-west-1:111111111111:q.fifo"
        filter_policy_scope = "MessageBody"
        replay_policy = { starting_point = "yesterday" }
        [subscription.page]
        topic = "topic.approvals"
        protocol = "https"
        endpoint = "https://me:secret@example.com/hook"
        filter_policy = { detail = { state = ["a"] } }
        delivery_policy = { healthy_retry_policy = { num_retries = 2, num_no_delay_retries = 3, min_delay_target = 40, max_delay_target = 30 }, header_content_type = "image/png" }
        [subscription.keys]
        topic = "topic.approvals"
        protocol = "lambda"
        endpoint = "arn:aws:lambda:eu-west-1:111111111111:function:f"
        filter_policy = { a = ["1"], b = ["1"], c = ["1"], d = ["1"], e = ["1"], f = ["1"] }
        [subscription.operator]
        topic = "topic.approvals"
        protocol = "lambda"
        endpoint = "arn:aws:lambda:eu-west-1:111111111111:function:g"
        filter_policy = { a = [{ wildcard = "x*" }] }
        [role.closed]
        [[role.closed.trust]]
        allow = "sts:AssumeRole"
        principal = { service = "ec2.amazonaws.com" }
        [subscription.stream]
        topic = "topic.approvals"
        protocol = "firehose"
        endpoint = "arn:aws:firehose:eu-west-1:111111111111:deliverystream/all"
        role = "role.closed"
        [subscription.bare]
        topic = "topic.approvals"
        protocol = "firehose"
        endpoint = "arn:aws:firehose:eu-west-1:111111111111:deliverystream/other"
    "#;
    insta::assert_snapshot!(laws::desired::<Subscription>(toml).unwrap_err());
}
