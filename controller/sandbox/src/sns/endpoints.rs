//! What a protocol takes: endpoints, and how messages are delivered to them.
//!
//! Source: <https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html>.

use serde_json::{Map, Value};

use crate::call::Call;

/// The protocols.
pub(super) const PROTOCOLS: [&str; 9] =
    ["application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs"];

/// Whether an endpoint is one of the protocol's.
pub(super) fn fits(protocol: &str, endpoint: &str) -> bool {
    let arn = |service: &str, sort: &str| {
        let mut parts = endpoint.splitn(6, ':');
        parts.next() == Some("arn")
            && parts.next() == Some("aws")
            && parts.next() == Some(service)
            && parts.next().is_some_and(|region| !region.is_empty())
            && parts.next().is_some_and(|account| account.len() == 12)
            && parts.next().is_some_and(|rest| rest.strip_prefix(sort).is_some_and(|name| !name.is_empty()))
    };
    match protocol {
        "http" | "https" => endpoint
            .strip_prefix(protocol)
            .and_then(|rest| rest.strip_prefix("://"))
            .is_some_and(|rest| !rest.is_empty()),
        "email" | "email-json" => endpoint
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !endpoint.contains(' ')),
        "sms" => endpoint.strip_prefix('+').is_some_and(|number| {
            (2..=15).contains(&number.len()) && !number.starts_with('0') && number.bytes().all(|b| b.is_ascii_digit())
        }),
        "sqs" => arn("sqs", ""),
        "lambda" => arn("lambda", "function:"),
        "firehose" => arn("firehose", "deliverystream/"),
        "application" => arn("sns", "endpoint/"),
        _ => false,
    }
}

/// Whether the endpoint must say that it wants messages: web pages and mailboxes, and what is another account's than the caller's.
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-send-message-to-sqs-cross-account.html>.
pub(super) fn must_confirm(call: &Call, protocol: &str, endpoint: &str) -> bool {
    match protocol {
        "http" | "https" | "email" | "email-json" => true,
        "sms" => false,
        _ => endpoint.split(':').nth(4) != Some(&*call.caller.account),
    }
}

/// The members of a delivery policy, which a topic writes otherwise than a subscription.
/// Sources: <https://docs.aws.amazon.com/sns/latest/dg/set-topic-attributes-delivery-policy-json.html>,
/// <https://docs.aws.amazon.com/sns/latest/dg/set-sub-attributes-delivery-policy-json.html>.
pub(super) struct DeliveryMembers {
    inside_http: bool,
    retry: &'static str,
    throttle: &'static str,
    request: &'static str,
}

pub(super) const OF_TOPIC: DeliveryMembers = DeliveryMembers {
    inside_http: true,
    retry: "defaultHealthyRetryPolicy",
    throttle: "defaultThrottlePolicy",
    request: "defaultRequestPolicy",
};

pub(super) const OF_SUBSCRIPTION: DeliveryMembers = DeliveryMembers {
    inside_http: false,
    retry: "healthyRetryPolicy",
    throttle: "throttlePolicy",
    request: "requestPolicy",
};

const CONTENT_TYPES: [&str; 13] = [
    "text/css",
    "text/csv",
    "text/html",
    "text/plain",
    "text/plain; charset=UTF-8",
    "text/xml",
    "application/atom+xml",
    "application/json",
    "application/octet-stream",
    "application/soap+xml",
    "application/x-www-form-urlencoded",
    "application/xhtml+xml",
    "application/xml",
];

/// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html>.
pub(super) fn is_delivery_policy(text: &str, names: &DeliveryMembers) -> bool {
    let Ok(Value::Object(policy)) = serde_json::from_str::<Value>(text) else { return false };
    if !names.inside_http {
        return members_are_sound(&policy, names);
    }
    let mut members = policy.iter();
    match (members.next(), members.next()) {
        (Some((name, Value::Object(http))), None) => name == "http" && members_are_sound(http, names),
        _ => false,
    }
}

fn members_are_sound(policy: &Map<String, Value>, names: &DeliveryMembers) -> bool {
    policy.iter().all(|(name, value)| match value.as_object() {
        None => names.inside_http && name == "disableSubscriptionOverrides" && value.is_boolean(),
        Some(retry) if name == names.retry => is_retry(retry),
        Some(throttle) if name == names.throttle => {
            throttle.iter().all(|(name, value)| name == "maxReceivesPerSecond" && value.as_u64().is_some_and(|n| n > 0))
        }
        Some(request) if name == names.request => request.iter().all(|(name, value)| {
            name == "headerContentType" && value.as_str().is_some_and(|sort| CONTENT_TYPES.contains(&sort))
        }),
        Some(_) => false,
    })
}

fn is_retry(retry: &Map<String, Value>) -> bool {
    let number = |name: &str, default: u64| match retry.get(name) {
        None => Some(default),
        Some(value) => value.as_u64(),
    };
    let known = |name: &&String| {
        name.starts_with("num")
            && ["numRetries", "numNoDelayRetries", "numMinDelayRetries", "numMaxDelayRetries"].contains(&name.as_str())
            || ["minDelayTarget", "maxDelayTarget", "backoffFunction"].contains(&name.as_str())
    };
    let backoff = retry.get("backoffFunction").map_or(Some("linear"), Value::as_str);
    let sound = || {
        let (least, most) = (number("minDelayTarget", 20)?, number("maxDelayTarget", 20)?);
        let all = number("numRetries", 3)?;
        let (at_once, early, late) =
            (number("numNoDelayRetries", 0)?, number("numMinDelayRetries", 0)?, number("numMaxDelayRetries", 0)?);
        let delays = early.checked_mul(least)?.checked_add(late.checked_mul(most)?)?;
        let phases = at_once.checked_add(early)?.checked_add(late)?;
        Some(1 <= least && least <= most && most <= 3_600 && all <= 100 && phases <= all && delays <= 3_600)
    };
    retry.keys().all(|name| known(&name))
        && backoff.is_some_and(|word| ["linear", "arithmetic", "geometric", "exponential"].contains(&word))
        && sound() == Some(true)
}
