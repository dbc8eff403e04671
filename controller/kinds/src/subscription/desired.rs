//! From a subscription's spec to its model, with all that SNS would refuse.

use serde_json::Value;
use trueup_engine::kind::At;
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::resolve::Resolver;
use trueup_specs::span::Span;
use trueup_specs::{JsonSpec, Text, pending};

use super::spec::{FilterPolicyScope, Protocol, ReplayPolicySpec, SubscriptionSpec};
use super::{ReplayPolicy, SubscriptionModel};
use crate::event_rule::pattern;
use crate::fields::{self, is_arn};
use crate::handed;
use crate::source::sns::subscriptions::Ends;
use crate::topic::{FIFO, delivery};

/// <https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html>
const PAGE: &str = "https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html";
/// <https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html>
const FILTERS: &str = "https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html";
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-configure-dead-letter-queue.html>
const DEAD_LETTERS: &str = "https://docs.aws.amazon.com/sns/latest/dg/sns-configure-dead-letter-queue.html";
const REPLAY: &str = "https://docs.aws.amazon.com/sns/latest/dg/message-archiving-and-replay-subscriber.html";

/// Keys of a filter, and combinations of its values; the page of filters.
const KEYS_MAX: usize = 5;
const COMBINATIONS_MAX: usize = 150;

/// What a filter may say of a value. EventBridge has one word more.
/// <https://docs.aws.amazon.com/sns/latest/dg/string-value-matching.html>
const OPERATORS: &[&str] = &["anything-but", "cidr", "equals-ignore-case", "exists", "numeric", "prefix", "suffix"];

/// What makes the subscription the one it is.
pub(super) fn ends(spec: &SubscriptionSpec, at: &At, cx: &mut Resolver<'_>) -> Ends {
    let topic = cx.reference(&spec.topic);
    let (endpoint, span) = (cx.text(&spec.endpoint), spec.endpoint.span());
    if fields::arn_region(&topic).is_some_and(|region| region != at.region()) {
        let problem = Diagnostic::error("a subscription is of its topic's region").at(spec.topic.span(), "");
        cx.problem(problem.help("put the subscription there; its endpoint may be anywhere").note(PAGE));
    }
    if fields::is_formless(&endpoint) {
        let problem = Diagnostic::error("the endpoint of a subscription must be known before apply");
        cx.problem(problem.at(span, format!("stands for {}", pending::show(&endpoint))));
    } else {
        check_endpoint(spec.protocol, &pending::with_digits(&endpoint), span, cx);
    }
    Ends { topic, protocol: spec.protocol.to_string(), endpoint }
}

/// <https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html>, `Endpoint`.
fn check_endpoint(protocol: Protocol, endpoint: &str, span: Span, cx: &mut Resolver<'_>) {
    let url = |scheme: &str| endpoint.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty() && !rest.contains(' '));
    let mailbox = || {
        let halves = endpoint.split_once('@');
        halves.is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !endpoint.contains([' ', ',']))
    };
    let number = || {
        endpoint.strip_prefix('+').is_some_and(|number| {
            (2..=15).contains(&number.len())
                && !number.starts_with('0')
                && number.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    let (fits, what) = match protocol {
        Protocol::Application => {
            (is_arn(endpoint, "sns", "endpoint/"), "the ARN of an endpoint: arn:aws:sns:REGION:ACCOUNT:endpoint/…")
        }
        Protocol::Email | Protocol::EmailJson => (mailbox(), "an e-mail address"),
        Protocol::Firehose => {
            let what = "the ARN of a stream: arn:aws:firehose:REGION:ACCOUNT:deliverystream/NAME";
            (is_arn(endpoint, "firehose", "deliverystream/"), what)
        }
        Protocol::Http => (url("http://"), "a URL that begins with http://"),
        Protocol::Https => (url("https://"), "a URL that begins with https://"),
        Protocol::Lambda => {
            let what = "the ARN of a function: arn:aws:lambda:REGION:ACCOUNT:function:NAME";
            (is_arn(endpoint, "lambda", "function:"), what)
        }
        Protocol::Sms => (number(), "a telephone number with its country: +4366012345678"),
        Protocol::Sqs => (is_arn(endpoint, "sqs", ""), "the ARN of a queue: arn:aws:sqs:REGION:ACCOUNT:NAME"),
    };
    if !fits {
        let problem = Diagnostic::error(format!("`{endpoint}` is no endpoint of {protocol}")).at(span, "");
        cx.problem(problem.help(format!("write {what}")).note(PAGE));
    }
    let host = endpoint.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or_default());
    if host.is_some_and(|host| host.contains('@')) {
        let problem = Diagnostic::error("a password in a URL would stand in plans and in the record");
        let help = "let the endpoint check the signature of messages instead";
        let page = "https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html";
        cx.problem(problem.at(span, "holds `@` in front of the host").help(help).note(page));
    }
}

pub(super) fn desired(spec: &SubscriptionSpec, at: &At, cx: &mut Resolver<'_>) -> Option<SubscriptionModel> {
    let SubscriptionSpec {
        topic: topic_spec,
        protocol,
        endpoint: _, // read below, with the topic
        filter_policy,
        filter_policy_scope,
        raw_message_delivery,
        dead_letter_queue,
        delivery_policy,
        role,
        replay_policy,
    } = spec;
    let Ends { topic, protocol: word, endpoint } = ends(spec, at, cx);
    check_fifo(spec, &topic, &endpoint, cx);
    check_protocol(spec, cx);
    let scope = filter_policy_scope.unwrap_or(FilterPolicyScope::MessageAttributes);
    let filter = match filter_policy {
        None => Some(None),
        Some(filter) => desired_filter(filter, scope, cx).map(Some),
    };
    if filter_policy.is_none() && filter_policy_scope.is_some() {
        let problem = Diagnostic::error("`filter_policy_scope` says what a filter looks at, and there is none");
        cx.problem(problem.at(cx.span(), "").help("add `filter_policy`, or leave it out"));
    }
    if let Some(role) = role {
        handed::SUBSCRIPTION.check(role, cx);
    }
    if (*protocol == Protocol::Firehose) != role.is_some() {
        let problem = match role {
            Some(role) => Diagnostic::error("only a subscription of `firehose` has a role").at(role.span(), ""),
            None => Diagnostic::error("a subscription of `firehose` needs a role").at(topic_spec.span(), ""),
        };
        let help = "`role` is the one with which SNS writes to the stream; it trusts sns.amazonaws.com";
        cx.problem(
            problem.help(help).note("https://docs.aws.amazon.com/sns/latest/dg/sns-firehose-as-subscriber.html"),
        );
    }
    let span = cx.span();
    Some(SubscriptionModel {
        dead_letter_queue: dead_letter_queue.as_ref().map(|queue| desired_queue(queue, &topic, at, cx)),
        topic,
        protocol: word,
        endpoint,
        filter_policy: filter?,
        filter_policy_scope: scope.to_string(),
        raw_message_delivery: raw_message_delivery.unwrap_or(false),
        delivery_policy: delivery_policy.as_ref().map(|policy| delivery::desired(policy, span, cx)),
        role: role.as_ref().map(|role| cx.reference(role)),
        replay_policy: replay_policy.as_ref().map(|replay| desired_replay(replay, cx)),
    })
}

/// FIFO topics send to queues, and only they to FIFO queues.
/// <https://docs.aws.amazon.com/sns/latest/dg/fifo-message-delivery.html>
fn check_fifo(spec: &SubscriptionSpec, topic: &str, endpoint: &str, cx: &mut Resolver<'_>) {
    let page = "https://docs.aws.amazon.com/sns/latest/dg/fifo-message-delivery.html";
    let fifo = topic.ends_with(FIFO);
    if fifo && spec.protocol != Protocol::Sqs {
        let problem = Diagnostic::error("a FIFO topic sends to queues alone").at(spec.topic.span(), "");
        let help = "write protocol = \"sqs\", or subscribe to a topic that is no FIFO topic";
        cx.problem(problem.help(help).note(page));
    }
    if !fifo && spec.protocol == Protocol::Sqs && endpoint.ends_with(FIFO) {
        let problem = Diagnostic::error("only a FIFO topic sends to a FIFO queue").at(spec.endpoint.span(), "");
        cx.problem(problem.help("name a queue that is no FIFO queue, or a FIFO topic").note(page));
    }
    if !fifo && let Some(replay) = &spec.replay_policy {
        let problem = Diagnostic::error("only a FIFO topic has an archive to send again");
        cx.problem(problem.at(replay.starting_point.span(), "").help("leave `replay_policy` out").note(REPLAY));
    }
}

/// What only some protocols have.
/// <https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html>, `Attributes`.
fn check_protocol(spec: &SubscriptionSpec, cx: &mut Resolver<'_>) {
    let protocol = spec.protocol;
    let web = matches!(protocol, Protocol::Http | Protocol::Https);
    let raw = web || matches!(protocol, Protocol::Sqs | Protocol::Firehose);
    let mut refuse = |field: &str, which: &str| {
        let problem = Diagnostic::error(format!("a subscription of `{protocol}` has no `{field}`"));
        cx.problem(problem.at(cx.span(), "").help(format!("leave it out: only {which} have it")).note(PAGE));
    };
    if spec.raw_message_delivery == Some(true) && !raw {
        refuse("raw_message_delivery", "`sqs`, `http`, `https` and `firehose`");
    }
    if spec.delivery_policy.is_some() && !web {
        refuse("delivery_policy", "`http` and `https`");
    }
}

fn desired_filter(spec: &JsonSpec, scope: FilterPolicyScope, cx: &mut Resolver<'_>) -> Option<Value> {
    let value = cx.json(spec)?;
    let why = pattern::fault_with(&value, OPERATORS).or_else(|| filter_fault(&value, scope));
    if let Some(why) = why {
        cx.problem(Diagnostic::error("SNS refuses the filter policy").at(spec.span(), why).note(FILTERS));
        return None;
    }
    Some(pattern::canonical(value))
}

/// Why SNS would refuse a filter that EventBridge might take.
fn filter_fault(filter: &Value, scope: FilterPolicyScope) -> Option<String> {
    let nested = |value: &Value| value.as_object().is_some_and(|members| members.values().any(Value::is_object));
    let alternatives = filter.get("$or").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if scope == FilterPolicyScope::MessageAttributes && (nested(filter) || alternatives.iter().any(nested)) {
        return Some(
            "has a table in a table, and attributes have none: write filter_policy_scope = \"MessageBody\"".to_owned(),
        );
    }
    let (keys, combinations) = weight(filter, 1);
    if keys > KEYS_MAX {
        return Some(format!("has {keys} keys and may have {KEYS_MAX}"));
    }
    (combinations > COMBINATIONS_MAX)
        .then(|| format!("has {combinations} combinations of values and may have {COMBINATIONS_MAX}"))
}

/// How many keys a filter has, and how many combinations of their values; one in a table counts once for each level.
fn weight(filter: &Value, depth: usize) -> (usize, usize) {
    let members = filter.as_object().into_iter().flatten();
    members.fold((0, 1), |(keys, combinations), (name, value)| {
        let (more, times) = match value {
            Value::Object(_) => weight(value, depth + 1),
            Value::Array(items) if name == "$or" => {
                let each = items.iter().map(|item| weight(item, depth));
                each.fold((0, 1_usize), |(keys, all), (more, times)| (keys + more, all.saturating_mul(times)))
            }
            Value::Array(items) => (1, items.len().saturating_mul(depth)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (0, 1),
        };
        (keys + more, combinations.saturating_mul(times))
    })
}

fn desired_queue(text: &Text, topic: &str, at: &At, cx: &mut Resolver<'_>) -> String {
    let arn = fields::queue(text, cx);
    let here = at.arn("sqs", "");
    let known = !fields::is_pending(&arn) && !fields::is_pending(&here) && is_arn(&arn, "sqs", "");
    if known && !arn.starts_with(&here) {
        let problem = Diagnostic::error("the queue for lost messages is of the subscription's account and region");
        cx.problem(problem.at(text.span(), "").help(format!("name one of {here}…")).note(DEAD_LETTERS));
    }
    if known && arn.ends_with(FIFO) != topic.ends_with(FIFO) {
        let problem = Diagnostic::error("the queue for lost messages is a FIFO queue just where the topic is one");
        cx.problem(problem.at(text.span(), format!("the topic is {topic}")).note(DEAD_LETTERS));
    }
    arn
}

fn desired_replay(spec: &ReplayPolicySpec, cx: &mut Resolver<'_>) -> ReplayPolicy {
    let ReplayPolicySpec { starting_point, ending_point } = spec;
    let mut point = |text: &Text| {
        let time = cx.text(text);
        let form = |(index, c): (usize, char)| match index {
            4 | 7 => c == '-',
            10 => c == 'T',
            13 | 16 => c == ':',
            19 => c == '.',
            23 => c == 'Z',
            _ => c.is_ascii_digit(),
        };
        let sound = time.len() == 24 && time.chars().enumerate().all(form);
        if !sound && !fields::is_pending(&time) {
            let problem = Diagnostic::error(format!("`{time}` is no time of the archive")).at(text.span(), "");
            cx.problem(problem.help("write it in UTC, as 2026-03-02T00:00:00.000Z").note(REPLAY));
        }
        time
    };
    let starting_point = point(starting_point);
    let ending_point = ending_point.as_ref().map(&mut point);
    ReplayPolicy { starting_point, ending_point }
}
