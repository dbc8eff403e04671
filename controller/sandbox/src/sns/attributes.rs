//! Attributes of topics, and their policies.
//!
//! Source: <https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html>.

use serde_json::{Value, json};

use super::params::{Fault, Params};
use super::state::{arn, name_in, named};
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
        ("SubscriptionsConfirmed", "0".to_owned()),
        ("SubscriptionsPending", "0".to_owned()),
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
    named(world, call, params)?.attributes.insert(attribute, value);
    Ok(())
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
        "DeliveryPolicy" => {
            value.is_empty() || serde_json::from_str::<Value>(value).is_ok_and(|policy| policy.is_object())
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
