//! A topic's attributes as SNS writes them.
//!
//! <https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html>

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Value, json};
use trueup_engine::access::Paper;
use trueup_engine::kind::Live;

use super::delivery::{DeliveryPolicy, HealthyRetryPolicy, OF_TOPIC};
use super::spec::{FifoThroughputScope, Tracing};
use super::{DeliveryStatus, FIFO, TopicModel};
use crate::fields::{self, PolicyDocument, Tags};
use crate::source::sns::TopicFact;

/// Bytes of a message, unless something is said; the same page.
pub(super) const MESSAGE_SIZE: i64 = 262_144;

/// What deliveries can be logged to, in a spec's words and at the beginning of SNS's attributes; the same page.
const LOGGED: [(&str, &str); 5] =
    [("application", "Application"), ("firehose", "Firehose"), ("http", "HTTP"), ("lambda", "Lambda"), ("sqs", "SQS")];

const SUCCESS_ROLE: &str = "SuccessFeedbackRoleArn";
const SUCCESS_RATE: &str = "SuccessFeedbackSampleRate";
const FAILURE_ROLE: &str = "FailureFeedbackRoleArn";

/// What SNS gives a topic whose maker says nothing. Older topics have one action more.
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html>
pub(super) fn default_policies(arn: &str) -> [PolicyDocument; 2] {
    let account = arn.split(':').nth(4).unwrap_or_default();
    ["", r#","SNS:Receive""#].map(|more| {
        PolicyDocument::from_live(&format!(
            r#"{{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{{"Sid":"__default_statement_ID","Effect":"Allow","Principal":{{"AWS":"*"}},"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission","SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"{more}],"Resource":"{arn}","Condition":{{"StringEquals":{{"AWS:SourceOwner":"{account}"}}}}}}]}}"#
        ))
    })
}

/// What is sent for SNS's own policy.
pub(super) fn default_policy(arn: &str) -> String {
    let [policy, _] = default_policies(arn);
    policy.to_json()
}

/// SNS's own policy as what has a say.
pub(super) fn default_document(arn: &str) -> Paper<'static> {
    let [policy, _] = default_policies(arn);
    Paper { field: "policy".into(), document: policy.document().cloned().map(Cow::Owned) }
}

pub(super) fn live(fact: &TopicFact) -> Live<TopicModel> {
    let TopicFact { arn, attributes, data_protection, tags } = fact;
    let name = arn.rsplit(':').next().unwrap_or_default();
    let mut model = fresh(name, tags.clone());
    let defaults = default_policies(arn);
    for (attribute, value) in attributes {
        set(&mut model, attribute, value);
        if attribute == "Policy" {
            model.policy = Some(PolicyDocument::from_live(value)).filter(|policy| !defaults.contains(policy));
        }
    }
    // Text that is no JSON is equal to no policy, since those are objects.
    let protection = |text: &String| serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()));
    model.data_protection_policy = data_protection.as_ref().map(protection);
    let outputs = fields::outputs([("arn", arn.clone()), ("name", name.to_owned())]);
    Live { name: name.to_owned(), model, outputs }
}

/// A topic of which nothing is said.
pub(super) fn fresh(name: &str, tags: Tags) -> TopicModel {
    TopicModel {
        name: name.to_owned(),
        fifo: name.ends_with(FIFO),
        display_name: String::new(),
        kms_key: None,
        policy: None,
        tracing: Tracing::PassThrough.to_string(),
        signature_version: "1".to_owned(),
        maximum_message_size: MESSAGE_SIZE,
        delivery_policy: None,
        disable_subscription_overrides: false,
        delivery_status: BTreeMap::new(),
        data_protection_policy: None,
        content_based_deduplication: false,
        fifo_throughput_scope: None,
        archive_days: None,
        tags,
    }
}

/// A delivery policy, if it says anything else than what is so anyway.
pub(super) fn said(mut policy: DeliveryPolicy) -> Option<DeliveryPolicy> {
    policy.healthy_retry_policy = policy.healthy_retry_policy.filter(|retry| *retry != HealthyRetryPolicy::default());
    (policy != DeliveryPolicy::default()).then_some(policy)
}

/// The attributes as SNS writes them, but for the policy; what is empty is not set.
pub(super) fn attributes(model: &TopicModel) -> BTreeMap<String, String> {
    let TopicModel {
        name: _,
        fifo,
        display_name,
        kms_key,
        policy: _,
        tracing,
        signature_version,
        maximum_message_size,
        delivery_policy,
        disable_subscription_overrides,
        delivery_status,
        data_protection_policy: _,
        content_based_deduplication,
        fifo_throughput_scope,
        archive_days,
        tags: _,
    } = model;
    let mut http = delivery_policy.as_ref().map(|policy| policy.to_members(OF_TOPIC)).unwrap_or_default();
    if *disable_subscription_overrides {
        http.insert("disableSubscriptionOverrides".to_owned(), true.into());
    }
    let delivery = if http.is_empty() { String::new() } else { json!({ "http": http }).to_string() };
    let mut attributes = BTreeMap::from([
        ("DeliveryPolicy".to_owned(), delivery),
        ("DisplayName".to_owned(), display_name.clone()),
        ("KmsMasterKeyId".to_owned(), kms_key.clone().unwrap_or_default()),
        ("MaximumMessageSize".to_owned(), maximum_message_size.to_string()),
        ("SignatureVersion".to_owned(), signature_version.clone()),
        ("TracingConfig".to_owned(), tracing.clone()),
    ]);
    for (word, front) in LOGGED {
        let DeliveryStatus { success_role, success_sample_rate, failure_role } =
            delivery_status.get(word).cloned().unwrap_or_default();
        attributes.insert(format!("{front}{SUCCESS_ROLE}"), success_role.unwrap_or_default());
        attributes.insert(format!("{front}{SUCCESS_RATE}"), success_sample_rate.to_string());
        attributes.insert(format!("{front}{FAILURE_ROLE}"), failure_role.unwrap_or_default());
    }
    if *fifo {
        let archive = archive_days.map(|days| json!({ "MessageRetentionPeriod": days.to_string() }));
        let scope = fifo_throughput_scope.clone().unwrap_or_else(|| FifoThroughputScope::Topic.to_string());
        attributes.insert("ArchivePolicy".to_owned(), archive.unwrap_or_else(|| json!({})).to_string());
        attributes.insert("ContentBasedDeduplication".to_owned(), content_based_deduplication.to_string());
        attributes.insert("FifoThroughputScope".to_owned(), scope);
    }
    attributes
}

/// Takes an attribute over; one that is not ours is left alone.
pub(super) fn set(model: &mut TopicModel, attribute: &str, value: &str) {
    let some = || Some(value.to_owned()).filter(|value| !value.is_empty());
    match attribute {
        "DeliveryPolicy" => {
            let policy: Value = serde_json::from_str(value).unwrap_or_default();
            let http = policy.get("http").unwrap_or(&Value::Null);
            model.delivery_policy = said(DeliveryPolicy::from_members(http, OF_TOPIC));
            let overrides = http.get("disableSubscriptionOverrides").and_then(Value::as_bool);
            model.disable_subscription_overrides = overrides.unwrap_or(false);
        }
        "DisplayName" => value.clone_into(&mut model.display_name),
        "KmsMasterKeyId" => model.kms_key = some(),
        "MaximumMessageSize" => model.maximum_message_size = value.parse().unwrap_or(MESSAGE_SIZE),
        "SignatureVersion" => value.clone_into(&mut model.signature_version),
        "TracingConfig" => value.clone_into(&mut model.tracing),
        "ContentBasedDeduplication" => model.content_based_deduplication = value == "true",
        "FifoThroughputScope" => {
            model.fifo_throughput_scope = some().filter(|scope| *scope != FifoThroughputScope::Topic.as_str());
        }
        "ArchivePolicy" => model.archive_days = retention(value),
        other => set_status(model, other, value),
    }
}

fn set_status(model: &mut TopicModel, attribute: &str, value: &str) {
    let found = LOGGED.iter().find_map(|(word, front)| Some((*word, attribute.strip_prefix(front)?)));
    let Some((word, end)) = found else { return };
    let mut status = model.delivery_status.remove(word).unwrap_or_default();
    let role = Some(value.to_owned()).filter(|value| !value.is_empty());
    match end {
        SUCCESS_ROLE => status.success_role = role,
        SUCCESS_RATE => status.success_sample_rate = value.parse().unwrap_or(0),
        FAILURE_ROLE => status.failure_role = role,
        _ => {}
    }
    if status != DeliveryStatus::default() {
        model.delivery_status.insert(word.to_owned(), status);
    }
}

/// The days of an archive policy; SNS writes them as text or as a number.
fn retention(policy: &str) -> Option<i64> {
    let policy: Value = serde_json::from_str(policy).ok()?;
    let days = policy.get("MessageRetentionPeriod")?;
    days.as_i64().or_else(|| days.as_str()?.parse().ok())
}
