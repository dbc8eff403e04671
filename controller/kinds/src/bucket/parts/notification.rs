//! What a bucket tells others of what happens in it.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html>

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_s3::types as sdk;
use aws_smithy_types::error::operation::BuildError;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use trueup_engine::kind::At;
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::resolve::Resolver;
use trueup_specs::span::Span;
use trueup_specs::{OneOrMany, Reference, Target, Text, spec};

use super::{Placed, filter, unsendable};
use crate::error::Failure;
use crate::fields::{is_arn, is_pending, unless};
use crate::session::Session;

/// The field.
pub(crate) const FIELD: &str = "notification";
/// The permission to read it.
pub(crate) const READ: &str = "s3:GetBucketNotification";
/// The permission to change it.
pub(crate) const WRITE: &str = "s3:PutBucketNotification";

/// Notifications of a bucket. <https://docs.aws.amazon.com/general/latest/gr/s3.html>, "Event notifications"
const NOTIFICATIONS_MAX: usize = 100;

const PAGE: &str =
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html";

/// What can be told of. <https://docs.aws.amazon.com/AmazonS3/latest/API/API_QueueConfiguration.html>
const EVENTS: &[&str] = &[
    "s3:IntelligentTiering",
    "s3:LifecycleExpiration:*",
    "s3:LifecycleExpiration:Delete",
    "s3:LifecycleExpiration:DeleteMarkerCreated",
    "s3:LifecycleTransition",
    "s3:ObjectAcl:Put",
    "s3:ObjectAnnotation:*",
    "s3:ObjectAnnotation:Delete",
    "s3:ObjectAnnotation:Put",
    "s3:ObjectCreated:*",
    "s3:ObjectCreated:CompleteMultipartUpload",
    "s3:ObjectCreated:Copy",
    "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Put",
    "s3:ObjectRemoved:*",
    "s3:ObjectRemoved:Delete",
    "s3:ObjectRemoved:DeleteMarkerCreated",
    "s3:ObjectRestore:*",
    "s3:ObjectRestore:Completed",
    "s3:ObjectRestore:Delete",
    "s3:ObjectRestore:Post",
    "s3:ObjectRetention:Put",
    "s3:ObjectTagging:*",
    "s3:ObjectTagging:Delete",
    "s3:ObjectTagging:Put",
    "s3:ReducedRedundancyLostObject",
    "s3:Replication:*",
    "s3:Replication:OperationFailedReplication",
    "s3:Replication:OperationMissedThreshold",
    "s3:Replication:OperationNotTracked",
    "s3:Replication:OperationReplicatedAfterThreshold",
];

/// A field that names an SNS topic.
#[derive(Clone, Copy, Debug)]
pub struct Topic;

impl Target for Topic {
    const KINDS: &'static [&'static str] = &["topic"];
    const ATTRIBUTE: &'static str = "arn";
    const LITERAL: &'static str = "the ARN of a topic";

    fn is_literal(text: &str) -> bool {
        is_arn(text, "sns", "") && text.split(':').count() == 6
    }
}

spec! {
    /// What a bucket tells others of what happens in it.
    ///
    /// The queue's, topic's or function's own policy must let `s3.amazonaws.com` in; S3 tries that when it is set.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html>
    pub struct NotificationSpec {
        /// Whether all events go to EventBridge. Default: false.
        pub event_bridge: bool,
        /// SNS topics that are told, each under an id of its own.
        pub topics: IndexMap<String, Placed<TopicSpec>>,
        /// SQS queues that are told, each under an id of its own.
        pub queues: IndexMap<String, Placed<QueueSpec>>,
        /// Lambda functions that are called, each under an id of its own.
        pub functions: IndexMap<String, Placed<FunctionSpec>>,
    }
}

spec! {
    /// A topic that is told. FIFO topics can't be.
    pub struct TopicSpec {
        /// The topic, by address or ARN, of the bucket's region.
        pub topic: Reference<Topic>,
        /// Of what: `"s3:ObjectCreated:*"`.
        pub events: OneOrMany<String>,
        /// What the keys of the objects begin with. Default: anything.
        pub prefix: Option<Text>,
        /// What the keys of the objects end with. Default: anything.
        pub suffix: Option<Text>,
    }
}

spec! {
    /// A queue that is told. FIFO queues can't be.
    pub struct QueueSpec {
        /// The ARN of the queue, of the bucket's region.
        pub queue: Text,
        /// Of what: `"s3:ObjectCreated:*"`.
        pub events: OneOrMany<String>,
        /// What the keys of the objects begin with. Default: anything.
        pub prefix: Option<Text>,
        /// What the keys of the objects end with. Default: anything.
        pub suffix: Option<Text>,
    }
}

spec! {
    /// A function that is called.
    pub struct FunctionSpec {
        /// The ARN of the function, of the bucket's region, with or without a version or an alias.
        pub function: Text,
        /// At what: `"s3:ObjectCreated:*"`.
        pub events: OneOrMany<String>,
        /// What the keys of the objects begin with. Default: anything.
        pub prefix: Option<Text>,
        /// What the keys of the objects end with. Default: anything.
        pub suffix: Option<Text>,
    }
}

/// What a bucket tells others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// Whether all events go to EventBridge.
    pub event_bridge: bool,
    /// Topics, by id.
    pub topics: BTreeMap<String, Told>,
    /// Queues, by id.
    pub queues: BTreeMap<String, Told>,
    /// Functions, by id.
    pub functions: BTreeMap<String, Told>,
}

/// Who is told of what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The ARN.
    pub arn: String,
    /// Of what.
    pub events: BTreeSet<String>,
    /// What keys begin with; empty is anything.
    pub prefix: String,
    /// What keys end with; empty is anything.
    pub suffix: String,
}

impl Notification {
    /// The ARNs of all that are told.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        let all = [&self.topics, &self.queues, &self.functions];
        all.into_iter().flat_map(BTreeMap::values).map(|told| told.arn.clone()).collect()
    }
}

/// The parts of one entry that all three sorts share.
struct Entry<'a> {
    id: &'a str,
    span: Span,
    arn: String,
    events: &'a [String],
    prefix: Option<&'a Text>,
    suffix: Option<&'a Text>,
}

/// What the spec asks for; what S3 would refuse is a problem.
pub(crate) fn desired(spec: &NotificationSpec, at: &At, cx: &mut Resolver<'_>) -> Notification {
    let NotificationSpec { event_bridge, topics, queues, functions } = spec;
    let mut found = Notification { event_bridge: *event_bridge, ..Notification::default() };
    let mut spans: Vec<(&str, Span)> = Vec::new();
    for (id, Placed { value: TopicSpec { topic, events, prefix, suffix }, span }) in topics {
        let arn = cx.reference(topic);
        spans.push((id, *span));
        let entry = Entry { id, span: topic.span(), arn, events, prefix: prefix.as_ref(), suffix: suffix.as_ref() };
        found.topics.insert(id.clone(), told(entry, "sns", at, cx));
    }
    for (id, Placed { value: QueueSpec { queue, events, prefix, suffix }, span }) in queues {
        let arn = cx.text(queue);
        spans.push((id, *span));
        let entry = Entry { id, span: queue.span(), arn, events, prefix: prefix.as_ref(), suffix: suffix.as_ref() };
        found.queues.insert(id.clone(), told(entry, "sqs", at, cx));
    }
    for (id, Placed { value: FunctionSpec { function, events, prefix, suffix }, span }) in functions {
        let arn = cx.text(function);
        spans.push((id, *span));
        let entry = Entry { id, span: function.span(), arn, events, prefix: prefix.as_ref(), suffix: suffix.as_ref() };
        found.functions.insert(id.clone(), told(entry, "lambda", at, cx));
    }
    check_ids(&spans, cx);
    check_overlap(&found, &spans, cx);
    found
}

fn check_ids(spans: &[(&str, Span)], cx: &mut Resolver<'_>) {
    if let Some((_, span)) = spans.get(NOTIFICATIONS_MAX) {
        let over = format!("{} notifications, {} too many", spans.len(), spans.len() - NOTIFICATIONS_MAX);
        cx.problem(Diagnostic::error("the bucket has too many notifications").at(*span, over));
    }
    let mut seen = BTreeMap::new();
    for (id, span) in spans {
        let length = id.chars().count();
        if id.is_empty() || length > 255 {
            let why = format!("{length} characters, and must have 1 to 255");
            cx.problem(Diagnostic::error(format!("`{id}` is no id of a notification")).at(*span, why));
        }
        if let Some(first) = seen.insert(*id, *span) {
            let problem = Diagnostic::error(format!("two notifications have the id `{id}`")).at(*span, "");
            cx.problem(problem.also(first, "the other").help("give each an id of its own, whatever its sort"));
        }
    }
}

fn told(entry: Entry<'_>, service: &str, at: &At, cx: &mut Resolver<'_>) -> Told {
    let Entry { id, span, arn, events, prefix, suffix } = entry;
    let mut refuse = |span: Span, why: String, help: Option<String>| {
        let problem = Diagnostic::error(format!("S3 refuses the notification `{id}`: {why}")).at(span, "");
        cx.problem(problem.maybe_help(help).note(format!("what S3 takes: {PAGE}")));
    };
    if events.is_empty() {
        refuse(span, "it has no `events`".to_owned(), Some("write events = \"s3:ObjectCreated:*\"".to_owned()));
    }
    for event in events.iter().filter(|event| !EVENTS.contains(&event.as_str())) {
        let near =
            EVENTS.iter().find(|known| known.eq_ignore_ascii_case(event) || known.strip_prefix("s3:") == Some(event));
        refuse(span, format!("`{event}` is no event of S3's"), near.map(|near| format!("did you mean `{near}`?")));
    }
    if !is_pending(&arn) {
        let what = match service {
            "sns" => "a topic",
            "sqs" => "a queue",
            _ => "a function",
        };
        let sort = if service == "lambda" { "function:" } else { "" };
        if !is_arn(&arn, service, sort) {
            refuse(span, format!("`{arn}` is not the ARN of {what}"), None);
        } else if let Some(region) = arn.split(':').nth(3).filter(|region| *region != at.region()) {
            refuse(span, format!("{what} of {region}, and the bucket is in {}", at.region()), None);
        } else if arn.ends_with(".fifo") {
            let help = "send the events to EventBridge, which can feed it".to_owned();
            refuse(span, format!("S3 can't tell {what} of the sort FIFO"), Some(help));
        }
    }
    Told {
        arn,
        events: events.iter().cloned().collect(),
        prefix: filter::prefix_text(prefix, cx),
        suffix: filter::prefix_text(suffix, cx),
    }
}

/// No object may be told of twice: S3 refuses two entries for one event whose prefixes and suffixes both overlap.
fn check_overlap(found: &Notification, spans: &[(&str, Span)], cx: &mut Resolver<'_>) {
    let all: Vec<(&String, &Told)> = [&found.topics, &found.queues, &found.functions].into_iter().flatten().collect();
    for (place, (id, told)) in all.iter().enumerate() {
        let clash = all.iter().take(place).find(|(_, other)| overlap(told, other));
        let span = spans.iter().find(|(name, _)| name == id);
        if let (Some((other, _)), Some((_, span))) = (clash, span) {
            let problem = Diagnostic::error(format!("the notifications `{other}` and `{id}` overlap"));
            let problem = problem.at(*span, "an object can meet both, and S3 tells of it once");
            let help =
                "let their prefixes or suffixes differ, or send one event to a topic or to EventBridge".to_owned();
            cx.problem(
                problem
                    .help(help)
                    .note("https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html"),
            );
        }
    }
}

fn overlap(one: &Told, other: &Told) -> bool {
    let known = [&one.prefix, &one.suffix, &other.prefix, &other.suffix].iter().all(|text| !is_pending(text));
    let events = one.events.iter().any(|event| other.events.iter().any(|more| same_event(event, more)));
    let prefixes = one.prefix.starts_with(&other.prefix) || other.prefix.starts_with(&one.prefix);
    let suffixes = one.suffix.ends_with(&other.suffix) || other.suffix.ends_with(&one.suffix);
    known && events && prefixes && suffixes
}

fn same_event(one: &str, other: &str) -> bool {
    let covers = |one: &str, other: &str| one.strip_suffix('*').is_some_and(|front| other.starts_with(front));
    one == other || covers(one, other) || covers(other, one)
}

/// What a spec says of it.
pub(crate) fn export(notification: &Notification) -> Value {
    let Notification { event_bridge, topics, queues, functions } = notification;
    json!({
        "event_bridge": unless(!*event_bridge, json!(true)),
        "topics": exported(topics, "topic"),
        "queues": exported(queues, "queue"),
        "functions": exported(functions, "function"),
    })
}

/// Entries of one sort; `who` is the field that has their ARN.
fn exported(all: &BTreeMap<String, Told>, who: &str) -> Value {
    let entry = |Told { arn, events, prefix, suffix }: &Told| {
        json!({
            who: arn,
            "events": events,
            "prefix": unless(prefix.is_empty(), json!(prefix)),
            "suffix": unless(suffix.is_empty(), json!(suffix)),
        })
    };
    let entries: Map<String, Value> = all.iter().map(|(id, told)| (id.clone(), entry(told))).collect();
    unless(entries.is_empty(), Value::Object(entries))
}

/// What the bucket tells others.
pub(crate) async fn read(session: &Session, bucket: &str) -> Result<Notification, Failure> {
    let answer = session.s3().get_bucket_notification_configuration().bucket(bucket).send().await;
    let answer = answer.map_err(|error| session.failure(READ, &error))?;
    let topics = answer
        .topic_configurations()
        .iter()
        .map(|one| (one.id().unwrap_or_default().to_owned(), live(one.topic_arn(), one.events(), one.filter())));
    let queues = answer
        .queue_configurations()
        .iter()
        .map(|one| (one.id().unwrap_or_default().to_owned(), live(one.queue_arn(), one.events(), one.filter())));
    let functions = answer.lambda_function_configurations().iter().map(|one| {
        (one.id().unwrap_or_default().to_owned(), live(one.lambda_function_arn(), one.events(), one.filter()))
    });
    Ok(Notification {
        event_bridge: answer.event_bridge_configuration().is_some(),
        topics: topics.collect(),
        queues: queues.collect(),
        functions: functions.collect(),
    })
}

fn live(arn: &str, events: &[sdk::Event], filter: Option<&sdk::NotificationConfigurationFilter>) -> Told {
    let rules = filter.and_then(|filter| filter.key()).map(|key| key.filter_rules()).unwrap_or_default();
    // The names may come back with a capital.
    let rule = |name: &str| {
        let found = rules.iter().find(|rule| rule.name().is_some_and(|word| word.as_str().eq_ignore_ascii_case(name)));
        found.and_then(|rule| rule.value()).unwrap_or_default().to_owned()
    };
    Told {
        arn: arn.to_owned(),
        events: events.iter().map(|event| event.as_str().to_owned()).collect(),
        prefix: rule("prefix"),
        suffix: rule("suffix"),
    }
}

/// Puts all of it; with nothing in it, nobody is told any more.
pub(crate) async fn write(session: &Session, bucket: &str, notification: &Notification) -> Result<(), Failure> {
    let configuration = configuration(notification).map_err(|error| unsendable(session, WRITE, &error))?;
    let put = session.s3().put_bucket_notification_configuration().bucket(bucket);
    let put = put.notification_configuration(configuration).expected_bucket_owner(session.account_id());
    put.send().await.map(drop).map_err(|error| {
        let mut failure = session.failure(WRITE, &error);
        if is_unproved(&failure) {
            failure.help = Some(
                "let the queue's, topic's or function's own policy admit s3.amazonaws.com, then try again".to_owned(),
            );
        }
        failure
    })
}

/// Whether S3 could not reach someone who is to be told: perhaps only because they or their policy are new.
pub(crate) fn is_unproved(failure: &Failure) -> bool {
    failure.is("InvalidArgument") && failure.message.contains("Unable to validate the following destination")
}

fn configuration(notification: &Notification) -> Result<sdk::NotificationConfiguration, BuildError> {
    let Notification { event_bridge, topics, queues, functions } = notification;
    let topics: Result<Vec<_>, _> = topics
        .iter()
        .map(|(id, told)| {
            let builder = sdk::TopicConfiguration::builder().id(id).topic_arn(&told.arn);
            builder.set_events(Some(events(told))).set_filter(key_filter(told)).build()
        })
        .collect();
    let queues: Result<Vec<_>, _> = queues
        .iter()
        .map(|(id, told)| {
            let builder = sdk::QueueConfiguration::builder().id(id).queue_arn(&told.arn);
            builder.set_events(Some(events(told))).set_filter(key_filter(told)).build()
        })
        .collect();
    let functions: Result<Vec<_>, _> = functions
        .iter()
        .map(|(id, told)| {
            let builder = sdk::LambdaFunctionConfiguration::builder().id(id).lambda_function_arn(&told.arn);
            builder.set_events(Some(events(told))).set_filter(key_filter(told)).build()
        })
        .collect();
    let bridge = event_bridge.then(|| sdk::EventBridgeConfiguration::builder().build());
    Ok(sdk::NotificationConfiguration::builder()
        .set_topic_configurations(Some(topics?).filter(|all| !all.is_empty()))
        .set_queue_configurations(Some(queues?).filter(|all| !all.is_empty()))
        .set_lambda_function_configurations(Some(functions?).filter(|all| !all.is_empty()))
        .set_event_bridge_configuration(bridge)
        .build())
}

fn events(told: &Told) -> Vec<sdk::Event> {
    told.events.iter().map(|event| sdk::Event::from(event.as_str())).collect()
}

fn key_filter(told: &Told) -> Option<sdk::NotificationConfigurationFilter> {
    let rule = |name: sdk::FilterRuleName, value: &str| {
        (!value.is_empty()).then(|| sdk::FilterRule::builder().name(name).value(value).build())
    };
    let rules: Vec<_> =
        [rule(sdk::FilterRuleName::Prefix, &told.prefix), rule(sdk::FilterRuleName::Suffix, &told.suffix)]
            .into_iter()
            .flatten()
            .collect();
    let key = (!rules.is_empty()).then(|| sdk::S3KeyFilter::builder().set_filter_rules(Some(rules)).build())?;
    Some(sdk::NotificationConfigurationFilter::builder().key(key).build())
}
