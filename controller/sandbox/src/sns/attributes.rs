//! Attributes of topics, and their policies.
//!
//! Source: <https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html>.

use serde_json::{Value, json};

use super::endpoints;
use super::params::{Fault, Params};
use super::state::{Topic, arn, name_in, named, own};
use crate::call::Call;
use crate::iam::{self, DocumentUse};
use crate::kms;
use crate::sts::trust::texts;
use crate::world::World;
use crate::xml::Xml;

/// Source: <https://docs.aws.amazon.com/general/latest/gr/sns.html>.
const POLICY_BYTES_MAX: usize = 30_720;

/// The actions a topic's policy may name; wildcards are none.
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html>.
const ACTIONS: [&str; 12] = [
    "addpermission",
    "deletetopic",
    "getdataprotectionpolicy",
    "gettopicattributes",
    "listsubscriptionsbytopic",
    "listtagsforresource",
    "publish",
    "putdataprotectionpolicy",
    "receive",
    "removepermission",
    "settopicattributes",
    "subscribe",
];

pub(super) fn get(world: &mut World, call: &Call, params: &Params, xml: &mut Xml) -> Result<(), Fault> {
    let name = name_in(call, params, "TopicArn")?;
    let topic = named(world, call, params)?.clone();
    let policy = match &topic.policy {
        Some(policy) => world.show_principals(policy),
        None => default_policy(call, name),
    };
    let (mut confirmed, mut pending) = (0, 0);
    for subscription in topic.subscriptions.values() {
        *if subscription.pending_since_seconds.is_some() { &mut pending } else { &mut confirmed } += 1;
    }
    let mut shown = topic.attributes;
    shown.retain(|attribute, value| !value.is_empty() || attribute == "DisplayName");
    shown.entry("DisplayName".to_owned()).or_default();
    let effective =
        json!({ "defaultHealthyRetryPolicy": { "numRetries": 3, "minDelayTarget": 20, "maxDelayTarget": 20 } });
    for (attribute, value) in [
        ("TopicArn", arn(&call.caller.account, &call.region, name)),
        ("Owner", call.caller.account.clone()),
        ("Policy", policy.to_string()),
        ("EffectiveDeliveryPolicy", json!({ "http": effective }).to_string()),
        ("SubscriptionsConfirmed", confirmed.to_string()),
        ("SubscriptionsPending", pending.to_string()),
        ("SubscriptionsDeleted", "0".to_owned()),
    ] {
        shown.insert(attribute.to_owned(), value);
    }
    xml.open("Attributes");
    for (attribute, value) in &shown {
        xml.open("entry").leaf("key", attribute).leaf("value", value).close();
    }
    xml.close();
    Ok(())
}

pub(super) fn set(world: &mut World, call: &Call, params: &Params) -> Result<(), Fault> {
    let name = name_in(call, params, "TopicArn")?;
    let attribute = params.required("AttributeName")?;
    let value = params.get("AttributeValue").unwrap_or_default();
    named(world, call, params)?;
    if attribute == "Policy" {
        let policy = checked_policy(world, call, name, Some(value))?;
        named(world, call, params)?.policy = policy;
        return Ok(());
    }
    if attribute == "FifoTopic" {
        return Err(Fault::invalid("AttributeName"));
    }
    let (attribute, value) = checked(world, call, attribute, value, name.ends_with(".fifo"))?;
    let topic = named(world, call, params)?;
    if attribute == "MaximumMessageSize" && value.parse::<u32>().is_ok_and(|size| size > LARGE_MESSAGES_FROM) {
        let fits = |protocol: &str| ["sqs", "firehose", "lambda"].contains(&protocol);
        if topic.subscriptions.len() > 100 || !topic.subscriptions.values().all(|held| fits(&held.protocol)) {
            return Err(Fault::invalid("Attributes Reason: MaximumMessageSize: the topic's subscriptions don't fit"));
        }
    }
    topic.attributes.insert(attribute, value);
    Ok(())
}

/// A larger message goes to few subscriptions, and not to all sorts.
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/large-message-payloads.html>.
const LARGE_MESSAGES_FROM: u32 = 262_144;

/// Whether an attribute's name is one of those for the logs of deliveries, which exist for these protocols.
fn is_feedback(attribute: &str, end: &str) -> bool {
    let protocol = ["Application", "Firehose", "HTTP", "Lambda", "SQS"];
    protocol.iter().any(|protocol| attribute.strip_prefix(protocol) == Some(end))
}

/// The policy that keeps data out of messages: read back as it was sent.
/// Source: <https://docs.aws.amazon.com/sns/latest/api/API_GetDataProtectionPolicy.html>.
pub(super) fn get_data_protection(world: &mut World, call: &Call, params: &Params, xml: &mut Xml) -> Result<(), Fault> {
    let policy = found(world, call, params)?.data_protection.clone();
    xml.leaf_if("DataProtectionPolicy", policy);
    Ok(())
}

/// An empty text takes it away.
/// Source: <https://docs.aws.amazon.com/sns/latest/api/API_PutDataProtectionPolicy.html>.
pub(super) fn put_data_protection(world: &mut World, call: &Call, params: &Params) -> Result<(), Fault> {
    let text = params.required("DataProtectionPolicy")?;
    let policy = Some(text.to_owned()).filter(|text| !text.is_empty());
    if let Some(text) = &policy {
        check_data_protection(text)?;
    }
    if policy.is_some() && name_in(call, params, "ResourceArn")?.ends_with(".fifo") {
        return Err(Fault::invalid("ResourceArn Reason: FIFO topics have no data protection policy"));
    }
    found(world, call, params)?.data_protection = policy;
    Ok(())
}

fn found<'w>(world: &'w mut World, call: &Call, params: &Params) -> Result<&'w mut Topic, Fault> {
    let name = name_in(call, params, "ResourceArn")?;
    own(world, call).topics.get_mut(name).ok_or_else(|| Fault::new(404, "NotFound", "Topic does not exist"))
}

/// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-message-data-protection-policies.html>.
fn check_data_protection(text: &str) -> Result<(), Fault> {
    let refused = |why: &str| Fault::invalid(format!("DataProtectionPolicy Reason: {why}"));
    if text.len() > 30_720 {
        return Err(refused("is too long"));
    }
    let Ok(Value::Object(policy)) = serde_json::from_str::<Value>(text) else { return Err(refused("is no JSON")) };
    if policy.keys().any(|member| !["Name", "Description", "Version", "Statement"].contains(&member.as_str())) {
        return Err(refused("has a member that is not known"));
    }
    if policy.get("Name").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(refused("has no name"));
    }
    if policy.get("Version").and_then(Value::as_str) != Some("2021-06-01") {
        return Err(refused("has another version than 2021-06-01"));
    }
    let statements = policy.get("Statement").and_then(Value::as_array).filter(|list| !list.is_empty());
    let statements = statements.ok_or_else(|| refused("has no statement"))?;
    let mut audits = 0;
    for statement in statements {
        let direction = statement.get("DataDirection").and_then(Value::as_str).unwrap_or_default();
        let identifiers = statement.get("DataIdentifier").and_then(Value::as_array);
        let operation = statement.get("Operation").and_then(Value::as_object);
        let operation = operation.and_then(|operation| operation.keys().next()).map(String::as_str);
        audits += usize::from(operation == Some("Audit"));
        let sound = ["Inbound", "Outbound"].contains(&direction)
            && identifiers.is_some_and(|list| !list.is_empty())
            && !texts(statement.get("Principal")).is_empty()
            && operation.is_some_and(|operation| ["Audit", "Deidentify", "Deny"].contains(&operation))
            && (operation != Some("Audit") || direction == "Inbound");
        if !sound {
            return Err(refused("has a statement that is not valid"));
        }
    }
    if audits > 1 { Err(refused("has more than one audit statement")) } else { Ok(()) }
}

/// An attribute that is to be stored, but for the policy.
pub(super) fn checked(
    world: &mut World,
    call: &Call,
    attribute: &str,
    value: &str,
    fifo: bool,
) -> Result<(String, String), Fault> {
    let flag = || value == "true" || value == "false";
    let sound = match attribute {
        "DisplayName" => value.chars().count() <= 100,
        "SignatureVersion" => value == "1" || value == "2",
        "TracingConfig" => value == "PassThrough" || value == "Active" && !fifo,
        "KmsMasterKeyId" => value.is_empty() || kms::service_key(world, call, Some(value), "sns").is_some(),
        "FifoTopic" => flag(),
        "ContentBasedDeduplication" => fifo && flag(),
        "FifoThroughputScope" => fifo && (value == "Topic" || value == "MessageGroup"),
        "ArchivePolicy" => fifo && is_archive_policy(value),
        "DeliveryPolicy" => value.is_empty() || endpoints::is_delivery_policy(value, &endpoints::OF_TOPIC),
        "MaximumMessageSize" => value.parse().is_ok_and(|size: u32| (1_024..=1_048_576).contains(&size)),
        name if is_feedback(name, "SuccessFeedbackRoleArn") || is_feedback(name, "FailureFeedbackRoleArn") => {
            value.is_empty() || world.service_role(&call.caller.account, value, "sns.amazonaws.com") == Some(true)
        }
        name if is_feedback(name, "SuccessFeedbackSampleRate") => {
            value.is_empty() || value.parse().is_ok_and(|rate: u32| rate <= 100)
        }
        _ => return Err(Fault::invalid("AttributeName")),
    };
    if !sound {
        return Err(Fault::invalid(format!("Attributes Reason: {attribute}: {value}")));
    }
    let stored = if attribute == "ArchivePolicy" && value == "{}" { "" } else { value };
    Ok((attribute.to_owned(), stored.to_owned()))
}

/// Source: <https://docs.aws.amazon.com/sns/latest/dg/message-archiving-and-replay-topic-owner.html>.
fn is_archive_policy(text: &str) -> bool {
    let Ok(Value::Object(members)) = serde_json::from_str::<Value>(text) else { return false };
    let days = members.get("MessageRetentionPeriod");
    let days = days.and_then(|days| days.as_u64().or_else(|| days.as_str()?.parse().ok()));
    members.is_empty() || members.len() == 1 && days.is_some_and(|days| (1..=365).contains(&days))
}

/// A policy that is to be stored; without one, and for an empty text, SNS's own stays.
pub(super) fn checked_policy(
    world: &World,
    call: &Call,
    name: &str,
    text: Option<&str>,
) -> Result<Option<Value>, Fault> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    if text.len() > POLICY_BYTES_MAX {
        return Err(Fault::invalid("Policy is too long"));
    }
    let policy =
        iam::check(text, DocumentUse::Resource).map_err(|why| Fault::invalid(format!("Policy statement: {why}")))?;
    let own = arn(&call.caller.account, &call.region, name);
    let statements = match policy.get("Statement") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(single) => std::slice::from_ref(single),
        None => &[],
    };
    for statement in statements {
        let known = |action: &&str| {
            let action = action.to_ascii_lowercase();
            action.strip_prefix("sns:").is_some_and(|action| ACTIONS.contains(&action))
        };
        if !texts(statement.get("Action")).iter().all(known) {
            return Err(Fault::invalid("Policy statement action out of service scope!"));
        }
        if texts(statement.get("Resource")).iter().any(|resource| *resource != own) {
            return Err(Fault::invalid("Policy statement resource must match the topic's ARN"));
        }
    }
    let policy = world.intern_principals(policy).map_err(|_| Fault::invalid("Policy Error: PrincipalNotFound"))?;
    Ok(Some(policy).filter(|policy| *policy != default_policy(call, name)))
}

/// What a topic has whose maker says nothing.
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html>.
fn default_policy(call: &Call, name: &str) -> Value {
    let actions = [
        "SNS:GetTopicAttributes",
        "SNS:SetTopicAttributes",
        "SNS:AddPermission",
        "SNS:RemovePermission",
        "SNS:DeleteTopic",
        "SNS:Subscribe",
        "SNS:ListSubscriptionsByTopic",
        "SNS:Publish",
    ];
    json!({
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": { "AWS": "*" },
            "Action": actions,
            "Resource": arn(&call.caller.account, &call.region, name),
            "Condition": { "StringEquals": { "AWS:SourceOwner": call.caller.account } },
        }],
    })
}
