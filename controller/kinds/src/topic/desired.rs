//! From a topic's spec to its model, with all that SNS would refuse.

use std::collections::BTreeMap;

use serde_json::Value;
use trueup_engine::kind::At;
use trueup_specs::JsonSpec;
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::policy::Use;
use trueup_specs::resolve::Resolver;

use super::spec::{DeliveryStatusSpec, DeliveryStatusesSpec, FifoThroughputScope, TopicSpec, Tracing};
use super::{DeliveryStatus, FIFO, TopicModel, attributes, delivery};
use crate::fields::{self, NameRule, PolicyDocument};
use crate::handed;

/// <https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html>
const PAGE: &str = "https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html";
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-message-data-protection-policies.html>
const PROTECTION: &str = "https://docs.aws.amazon.com/sns/latest/dg/sns-message-data-protection-policies.html";

const NAME: NameRule = NameRule { what: "topic", max: 256, signs: "_-", page: PAGE };

/// Characters of a display name. <https://docs.aws.amazon.com/sns/latest/dg/sns-create-topic.html>
const DISPLAY_NAME_MAX: usize = 100;

/// Characters of a data protection policy. <https://docs.aws.amazon.com/sns/latest/api/API_PutDataProtectionPolicy.html>
const PROTECTION_MAX: usize = 30_720;

/// The topic's name, and why SNS would refuse it.
pub(super) fn name(spec: &TopicSpec, cx: &mut Resolver<'_>) -> String {
    let fifo = spec.fifo.unwrap_or(false);
    let (name, span) = match &spec.name {
        Some(text) => (cx.text(text), text.span()),
        None => {
            let name = cx.address().name.replace('.', "-");
            (if fifo { format!("{name}{FIFO}") } else { name }, cx.span())
        }
    };
    let bare = name.strip_suffix(FIFO);
    if bare.is_some() != fifo {
        let (problem, help) = match fifo {
            true => ("the name of a FIFO topic ends with `.fifo`", format!("write `{name}{FIFO}`")),
            false => ("only the name of a FIFO topic ends with `.fifo`", "add `fifo = true`".to_owned()),
        };
        cx.problem(Diagnostic::error(problem).at(span, "").help(help).note(PAGE));
    }
    let rule = NameRule { max: NAME.max - if fifo { FIFO.len() } else { 0 }, ..NAME };
    fields::check_name(bare.unwrap_or(&name), span, &rule, cx);
    name
}

pub(super) fn desired(spec: &TopicSpec, at: &At, cx: &mut Resolver<'_>) -> Option<TopicModel> {
    let TopicSpec {
        name: _, // read below
        fifo,
        display_name,
        kms_key,
        policy,
        tracing,
        signature_version,
        maximum_message_size,
        delivery_policy,
        disable_subscription_overrides,
        delivery_status,
        data_protection_policy,
        content_based_deduplication,
        fifo_throughput_scope,
        archive_days,
    } = spec;
    let (name, fifo) = (name(spec, cx), fifo.unwrap_or(false));
    check_fifo(spec, fifo, cx);
    let policy = match policy {
        None => Some(None),
        Some(policy) => cx.policy(policy, Use::Topic).map(|document| {
            fields::check_size(&document, Use::Topic, policy.span(), cx);
            Some(PolicyDocument::Document(document))
        }),
    };
    let protection = match data_protection_policy {
        None => Some(None),
        Some(policy) => protection(policy, cx).map(Some),
    };
    let kms_key = kms_key.as_ref().map(|key| {
        let arn = cx.reference(key);
        fields::check_region(&arn, key.span(), "topic", at, cx);
        arn
    });
    let display_name = display_name.as_ref().map_or_else(String::new, |text| {
        let shown = cx.text(text);
        let length = shown.chars().count();
        if length > DISPLAY_NAME_MAX && !fields::is_pending(&shown) {
            let over = format!("{length} characters, {} too many", length - DISPLAY_NAME_MAX);
            cx.problem(Diagnostic::error("the display name is too long").at(text.span(), over).note(PAGE));
        }
        shown
    });
    let span = cx.span();
    let delivery_policy = delivery_policy.as_ref().map(|policy| delivery::desired(policy, span, cx));
    let scope = fifo_throughput_scope.filter(|scope| *scope != FifoThroughputScope::Topic);
    Some(TopicModel {
        name,
        fifo,
        display_name,
        kms_key,
        policy: policy?,
        tracing: tracing.unwrap_or(Tracing::PassThrough).to_string(),
        signature_version: signature_version.map_or(1, |version| version.get()).to_string(),
        maximum_message_size: maximum_message_size.map_or(attributes::MESSAGE_SIZE, |bytes| bytes.get()),
        delivery_policy: delivery_policy.and_then(attributes::said),
        disable_subscription_overrides: disable_subscription_overrides.unwrap_or(false),
        delivery_status: delivery_status.as_ref().map(|spec| statuses(spec, cx)).unwrap_or_default(),
        data_protection_policy: protection?,
        content_based_deduplication: content_based_deduplication.unwrap_or(false),
        fifo_throughput_scope: scope.map(|scope| scope.to_string()),
        archive_days: archive_days.map(|days| days.get()),
        tags: fields::tags(cx),
    })
}

/// What only one sort of topics has.
fn check_fifo(spec: &TopicSpec, fifo: bool, cx: &mut Resolver<'_>) {
    let is_of_fifo = spec.content_based_deduplication.is_some()
        || spec.archive_days.is_some()
        || spec.fifo_throughput_scope.is_some();
    let mut refuse = |problem: &str, help: &str, page: &str| {
        cx.problem(Diagnostic::error(problem).at(cx.span(), "").help(help).note(page));
    };
    if !fifo && is_of_fifo {
        let what = "only a FIFO topic has `content_based_deduplication`, `fifo_throughput_scope` and `archive_days`";
        refuse(what, "add `fifo = true`, or leave them out", PAGE);
    }
    if fifo && spec.tracing == Some(Tracing::Active) {
        refuse("X-Ray does not follow the messages of a FIFO topic", "leave `tracing` out", PAGE);
    }
    if fifo && spec.data_protection_policy.is_some() {
        refuse("a FIFO topic has no data protection policy", "leave `data_protection_policy` out", PROTECTION);
    }
}

fn statuses(spec: &DeliveryStatusesSpec, cx: &mut Resolver<'_>) -> BTreeMap<String, DeliveryStatus> {
    let DeliveryStatusesSpec { application, firehose, http, lambda, sqs } = spec;
    let all = [("application", application), ("firehose", firehose), ("http", http), ("lambda", lambda), ("sqs", sqs)];
    let given = all.into_iter().filter_map(|(what, status)| Some((what, status.as_ref()?)));
    given.map(|(what, status)| (what.to_owned(), desired_status(what, status, cx))).collect()
}

fn desired_status(what: &str, spec: &DeliveryStatusSpec, cx: &mut Resolver<'_>) -> DeliveryStatus {
    let DeliveryStatusSpec { success_role, success_sample_rate, failure_role } = spec;
    let page = "https://docs.aws.amazon.com/sns/latest/dg/sns-topic-attributes.html";
    let is_sampled = success_sample_rate.is_some_and(|rate| rate.get() > 0);
    if success_role.is_none() && (is_sampled || failure_role.is_none()) {
        let problem = Diagnostic::error(format!("no delivery to {what} can be logged without a role"));
        let help = "add `success_role` for those that succeed, or `failure_role` for those that fail";
        cx.problem(problem.at(cx.span(), "").help(help).note(page));
    }
    for role in [success_role, failure_role].into_iter().flatten() {
        handed::TOPIC.check(role, cx);
    }
    DeliveryStatus {
        success_role: success_role.as_ref().map(|role| cx.reference(role)),
        success_sample_rate: success_sample_rate.map_or(0, |rate| rate.get()),
        failure_role: failure_role.as_ref().map(|role| cx.reference(role)),
    }
}

fn protection(spec: &JsonSpec, cx: &mut Resolver<'_>) -> Option<Value> {
    let policy = cx.json(spec)?;
    let text = policy.to_string();
    if fields::is_pending(&text) {
        return Some(policy);
    }
    let length = text.chars().count();
    let why = if length > PROTECTION_MAX {
        Some(format!("{length} characters, {} too many", length - PROTECTION_MAX))
    } else {
        protection_fault(&policy)
    };
    let Some(why) = why else { return Some(policy) };
    let problem = Diagnostic::error("SNS refuses the data protection policy").at(spec.span(), why);
    cx.problem(problem.note(PROTECTION));
    None
}

/// Why SNS would refuse a data protection policy.
fn protection_fault(policy: &Value) -> Option<String> {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let members = ["Name", "Description", "Version", "Statement"];
    if let Some(other) = policy.as_object()?.keys().find(|name| !members.contains(&name.as_str())) {
        return Some(format!("`{other}` is none of {}", members.join(", ")));
    }
    if text(policy, "Name").is_empty() {
        return Some("needs a `Name`".to_owned());
    }
    if text(policy, "Version") != "2021-06-01" {
        return Some("needs `Version = \"2021-06-01\"`".to_owned());
    }
    let statements = policy.get("Statement").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if statements.is_empty() {
        return Some("needs a `Statement`, which is a list".to_owned());
    }
    let operation = |statement: &Value| {
        let operations = statement.get("Operation").and_then(Value::as_object);
        operations.filter(|operations| operations.len() == 1).and_then(|one| one.keys().next().cloned())
    };
    for (number, statement) in statements.iter().enumerate().map(|(index, statement)| (index + 1, statement)) {
        let named = operation(statement).unwrap_or_default();
        let direction = text(statement, "DataDirection");
        let filled = |name: &str| statement.get(name).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
        let why = if !["Audit", "Deidentify", "Deny"].contains(&named.as_str()) {
            "needs an `Operation` that is one of Audit, Deidentify and Deny"
        } else if direction != "Inbound" && (direction != "Outbound" || named == "Audit") {
            "needs a `DataDirection`: Inbound, or Outbound where it is no Audit"
        } else if !filled("DataIdentifier") {
            "needs a `DataIdentifier`, which is a list"
        } else if !filled("Principal") {
            "needs a `Principal`, which is a list: [\"*\"]"
        } else {
            continue;
        };
        return Some(format!("statement {number} {why}"));
    }
    let audits = statements.iter().filter(|statement| operation(statement).as_deref() == Some("Audit")).count();
    (audits > 1).then(|| format!("has {audits} Audit statements and may have one"))
}
