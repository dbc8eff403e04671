//! Subscriptions.
//!
//! Source: <https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html>.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::params::{Fault, Params};
use super::state::{Subscription, Topic, arn};
use super::{endpoints, filters};
use crate::call::Call;
use crate::sts::trust::{covers_principal, texts};
use crate::world::World;
use crate::xml::Xml;

/// A page of a list. Source: <https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptions.html>.
const PAGE: usize = 100;

/// After so long what nobody confirmed is gone.
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-delete-subscription-topic.html>.
const PENDING_SECONDS_MAX: i64 = 48 * 3_600;

/// Where a topic, or a subscription of it, is.
struct Place {
    account: String,
    topic: String,
    /// Empty where it is the topic.
    id: String,
}

impl Place {
    /// Reads an ARN of a topic, or of a subscription of one, in the call's region.
    fn read(call: &Call, member: &str, text: &str, of_subscription: bool) -> Result<Self, Fault> {
        let invalid = || Fault::invalid(format!("{member} Reason: {text} is not valid in this region"));
        let rest = text.strip_prefix(&format!("arn:aws:sns:{}:", call.region)).ok_or_else(invalid)?;
        let parts: Vec<&str> = rest.split(':').collect();
        let (account, topic, id) = match (&parts[..], of_subscription) {
            ([account, topic], false) => (*account, *topic, ""),
            ([account, topic, id], true) => (*account, *topic, *id),
            _ => return Err(invalid()),
        };
        if account.len() != 12 || topic.is_empty() {
            return Err(invalid());
        }
        Ok(Self { account: account.to_owned(), topic: topic.to_owned(), id: id.to_owned() })
    }

    fn topic<'w>(&self, world: &'w mut World, call: &Call) -> Result<&'w mut Topic, Fault> {
        let state = world.accounts.get_mut(&self.account).and_then(|account| account.sns.get_mut(&call.region));
        let topic = state.and_then(|state| state.topics.get_mut(&self.topic));
        topic.ok_or_else(|| Fault::new(404, "NotFound", "Topic does not exist"))
    }

    /// The subscription, if the caller may touch it: its owner may, and for most calls the topic's.
    fn subscription<'w>(
        &self,
        world: &'w mut World,
        call: &Call,
        by_topic_owner: bool,
    ) -> Result<&'w mut Subscription, Fault> {
        let caller = &call.caller.account;
        let absent = || Fault::new(404, "NotFound", "Subscription does not exist");
        let topic = self.topic(world, call).map_err(|_| absent())?;
        let found = topic.subscriptions.get_mut(&self.id).ok_or_else(absent)?;
        if found.owner != *caller && !(by_topic_owner && self.account == *caller) {
            return Err(denied(call, "this subscription"));
        }
        Ok(found)
    }

    fn arn(&self, call: &Call, id: &str) -> String {
        format!("{}:{id}", arn(&self.account, &call.region, &self.topic))
    }
}

fn denied(call: &Call, what: &str) -> Fault {
    let who = &call.caller.arn;
    Fault::new(403, "AuthorizationError", format!("User: {who} is not authorized to perform this on {what}"))
}

/// Whether the topic lets the caller do it: its owner, and whom its policy allows without a condition.
fn check_access(world: &mut World, call: &Call, place: &Place, action: &str) -> Result<(), Fault> {
    let policy = place.topic(world, call)?.policy.clone();
    if place.account == call.caller.account {
        return Ok(());
    }
    let policy = policy.map(|policy| world.show_principals(&policy)).unwrap_or_default();
    let statements = match policy.get("Statement") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(single) => std::slice::from_ref(single),
        None => &[],
    };
    let says = |effect: &str| {
        statements.iter().any(|statement| {
            statement.get("Effect").and_then(Value::as_str) == Some(effect)
                && texts(statement.get("Action")).iter().any(|named| named.eq_ignore_ascii_case(action))
                && covers_principal(statement, &call.caller)
                && (effect == "Deny" || statement.get("Condition").is_none())
        })
    };
    if says("Allow") && !says("Deny") { Ok(()) } else { Err(denied(call, "this topic")) }
}

/// Takes away what nobody confirmed in time.
pub(super) fn expire(world: &mut World, call: &Call) {
    let now = call.now.unix_timestamp();
    let lives = |held: &Subscription| held.pending_since_seconds.is_none_or(|since| now - since < PENDING_SECONDS_MAX);
    let states = world.accounts.values_mut().flat_map(|account| account.sns.values_mut());
    for topic in states.flat_map(|state| state.topics.values_mut()) {
        topic.subscriptions.retain(|_, held| lives(held));
    }
}

/// Subscribes an endpoint; one that is there just so is the answer.
pub(super) fn subscribe(world: &mut World, call: &Call, params: &Params, xml: &mut Xml) -> Result<(), Fault> {
    let place = Place::read(call, "TopicArn", params.required("TopicArn")?, false)?;
    check_access(world, call, &place, "sns:Subscribe")?;
    let protocol = params.required("Protocol")?;
    if !endpoints::PROTOCOLS.contains(&protocol) {
        return Err(Fault::invalid(format!("Amazon SNS does not support this protocol string: {protocol}")));
    }
    let endpoint = params.required("Endpoint")?;
    if !endpoints::fits(protocol, endpoint) {
        return Err(Fault::invalid(format!("Endpoint Reason: {endpoint} is no endpoint of {protocol}")));
    }
    let fifo = place.topic.ends_with(".fifo");
    if fifo && protocol != "sqs" {
        return Err(Fault::invalid("Endpoint Reason: only SQS queues subscribe to FIFO topics"));
    }
    if !fifo && protocol == "sqs" && endpoint.ends_with(".fifo") {
        return Err(Fault::invalid("Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"));
    }
    let mut made = Subscription {
        owner: call.caller.account.clone(),
        principal: call.caller.arn.clone(),
        protocol: protocol.to_owned(),
        endpoint: endpoint.to_owned(),
        ..Subscription::default()
    };
    let given: BTreeMap<String, String> =
        params.attributes().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    // The scope first: a filter is judged by it.
    let names = given.keys().filter(|name| *name == "FilterPolicyScope");
    for name in names.chain(given.keys().filter(|name| *name != "FilterPolicyScope")) {
        settle(world, call, &place, &mut made, name, given.get(name).map(String::as_str))?;
    }
    check_whole(&made)?;
    let waits = endpoints::must_confirm(call, protocol, endpoint);
    if waits {
        made.pending_since_seconds = Some(call.now.unix_timestamp());
    } else {
        made.was_authenticated = true;
    }
    let (id, held) = keep(world, call, &place, made)?;
    let shows = held.pending_since_seconds.is_none() || params.get("ReturnSubscriptionArn") == Some("true");
    xml.leaf("SubscriptionArn", if shows { place.arn(call, &id) } else { "pending confirmation".to_owned() });
    Ok(())
}

/// Stores a new subscription, or finds the one that is there just so.
fn keep(world: &mut World, call: &Call, place: &Place, made: Subscription) -> Result<(String, Subscription), Fault> {
    let same = |held: &Subscription| {
        held.owner == made.owner && held.protocol == made.protocol && held.endpoint == made.endpoint
    };
    let held = place.topic(world, call)?.subscriptions.iter().find(|(_, held)| same(held));
    if let Some((id, held)) = held.map(|(id, held)| (id.clone(), held.clone())) {
        if held.attributes != made.attributes {
            return Err(Fault::invalid("Attributes Reason: Subscription already exists with different attributes"));
        }
        return Ok((id, held));
    }
    let serial = world.next_serial();
    let id = format!("{serial:08x}-0000-4000-8000-{serial:012x}");
    place.topic(world, call)?.subscriptions.insert(id.clone(), made.clone());
    Ok((id, made))
}

/// What must hold for all attributes together.
fn check_whole(subscription: &Subscription) -> Result<(), Fault> {
    let has = |name: &str| subscription.attributes.contains_key(name);
    if (subscription.protocol == "firehose") != has("SubscriptionRoleArn") {
        return Err(Fault::invalid(
            "Attributes Reason: a Firehose subscription, and no other, has a SubscriptionRoleArn",
        ));
    }
    if let Some(filter) = subscription.attributes.get("FilterPolicy") {
        let of_body = subscription.attributes.get("FilterPolicyScope").is_some_and(|scope| scope == "MessageBody");
        filters::check(filter, of_body).map_err(|why| Fault::invalid(format!("FilterPolicy: {why}")))?;
    }
    Ok(())
}

/// Sets or removes one attribute.
/// Source: <https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html>.
fn settle(
    world: &mut World,
    call: &Call,
    place: &Place,
    held: &mut Subscription,
    name: &str,
    value: Option<&str>,
) -> Result<(), Fault> {
    let protocol = held.protocol.as_str();
    let is_web = protocol == "http" || protocol == "https";
    let text = value.unwrap_or_default();
    let goes = match name {
        "FilterPolicy" => text == "{}",
        "DeliveryPolicy" | "RedrivePolicy" | "ReplayPolicy" => value.is_none(),
        _ => false,
    };
    if goes {
        held.attributes.remove(name);
        return Ok(());
    }
    let sound = match name {
        "FilterPolicy" => true, // with its scope, in `check_whole`
        "FilterPolicyScope" => text == "MessageAttributes" || text == "MessageBody",
        "RawMessageDelivery" => {
            (text == "true" || text == "false") && (is_web || protocol == "sqs" || protocol == "firehose")
        }
        "DeliveryPolicy" => is_web && endpoints::is_delivery_policy(text, &endpoints::OF_SUBSCRIPTION),
        "RedrivePolicy" => is_redrive(call, place, text),
        "SubscriptionRoleArn" => world.service_role(&call.caller.account, text, "sns.amazonaws.com") == Some(true),
        "ReplayPolicy" => place.topic(world, call)?.attributes.contains_key("ArchivePolicy") && is_replay(text),
        _ => return Err(Fault::invalid("AttributeName")),
    };
    if !sound {
        return Err(Fault::invalid(format!("Attributes Reason: {name}: {text}")));
    }
    // What is the default is not kept, so that saying it makes no difference.
    let is_default = match name {
        "FilterPolicyScope" => text == "MessageAttributes",
        "RawMessageDelivery" => text == "false",
        _ => false,
    };
    if is_default {
        held.attributes.remove(name);
    } else {
        held.attributes.insert(name.to_owned(), text.to_owned());
    }
    Ok(())
}

/// A queue of the subscription's own account and region, of the topic's sort.
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-configure-dead-letter-queue.html>.
fn is_redrive(call: &Call, place: &Place, text: &str) -> bool {
    let Ok(Value::Object(members)) = serde_json::from_str::<Value>(text) else { return false };
    let own = format!("arn:aws:sqs:{}:{}:", call.region, call.caller.account);
    let queue = members.get("deadLetterTargetArn").and_then(Value::as_str).unwrap_or_default();
    members.len() == 1 && queue.starts_with(&own) && queue.ends_with(".fifo") == place.topic.ends_with(".fifo")
}

/// Source: <https://docs.aws.amazon.com/sns/latest/dg/message-archiving-and-replay-subscriber.html>.
fn is_replay(text: &str) -> bool {
    let Ok(Value::Object(members)) = serde_json::from_str::<Value>(text) else { return false };
    let known = ["PointType", "StartingPoint", "EndingPoint"];
    let is_time = |name: &str| {
        members.get(name).is_none_or(|time| time.as_str().is_some_and(|time| time.contains('T') && time.ends_with('Z')))
    };
    members.keys().all(|name| known.contains(&name.as_str()))
        && members.get("PointType").and_then(Value::as_str) == Some("Timestamp")
        && members.contains_key("StartingPoint")
        && is_time("StartingPoint")
        && is_time("EndingPoint")
}

/// What a token does that AWS sends to the endpoint; here it is the end of the subscription's ARN.
pub(super) fn confirm(world: &mut World, call: &Call, params: &Params, xml: &mut Xml) -> Result<(), Fault> {
    let place = Place::read(call, "TopicArn", params.required("TopicArn")?, false)?;
    let token = params.required("Token")?;
    let found = place.topic(world, call)?.subscriptions.get_mut(token).ok_or_else(|| Fault::invalid("Token"))?;
    found.pending_since_seconds = None;
    found.was_authenticated |= params.get("AuthenticateOnUnsubscribe") == Some("true");
    xml.leaf("SubscriptionArn", place.arn(call, token));
    Ok(())
}

pub(super) fn get(world: &mut World, call: &Call, params: &Params, xml: &mut Xml) -> Result<(), Fault> {
    let place = Place::read(call, "SubscriptionArn", params.required("SubscriptionArn")?, true)?;
    let held = place.subscription(world, call, true)?.clone();
    let mut shown = held.attributes;
    if shown.contains_key("FilterPolicy") {
        shown.entry("FilterPolicyScope".to_owned()).or_insert_with(|| "MessageAttributes".to_owned());
    }
    shown.entry("RawMessageDelivery".to_owned()).or_insert_with(|| "false".to_owned());
    if held.protocol.starts_with("http") {
        let retry = json!({ "numRetries": 3, "minDelayTarget": 20, "maxDelayTarget": 20 });
        shown.insert("EffectiveDeliveryPolicy".to_owned(), json!({ "healthyRetryPolicy": retry }).to_string());
    }
    for (attribute, value) in [
        ("SubscriptionArn", place.arn(call, &place.id)),
        ("TopicArn", arn(&place.account, &call.region, &place.topic)),
        ("Owner", held.owner),
        ("SubscriptionPrincipal", held.principal),
        ("Protocol", held.protocol),
        ("Endpoint", held.endpoint),
        ("PendingConfirmation", held.pending_since_seconds.is_some().to_string()),
        ("ConfirmationWasAuthenticated", held.was_authenticated.to_string()),
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
    let place = Place::read(call, "SubscriptionArn", params.required("SubscriptionArn")?, true)?;
    let name = params.required("AttributeName")?;
    let mut held = place.subscription(world, call, false)?.clone();
    if held.pending_since_seconds.is_some() {
        return Err(Fault::invalid("SubscriptionArn Reason: the subscription is pending confirmation"));
    }
    settle(world, call, &place, &mut held, name, params.get("AttributeValue"))?;
    check_whole(&held)?;
    *place.subscription(world, call, false)? = held;
    Ok(())
}

/// What is gone already is no error; what is not confirmed can't go.
pub(super) fn unsubscribe(world: &mut World, call: &Call, params: &Params) -> Result<(), Fault> {
    let place = Place::read(call, "SubscriptionArn", params.required("SubscriptionArn")?, true)?;
    match place.subscription(world, call, true) {
        Ok(held) if held.pending_since_seconds.is_some() => Err(Fault::invalid(
            "SubscriptionArn Reason: Cannot unsubscribe a subscription that is pending confirmation",
        )),
        Ok(_) => {
            place.topic(world, call)?.subscriptions.remove(&place.id);
            Ok(())
        }
        Err(fault) if fault.code == "NotFound" => Ok(()),
        Err(fault) => Err(fault),
    }
}

/// The caller's own, of topics of all accounts.
pub(super) fn list(world: &mut World, call: &Call, params: &Params, xml: &mut Xml) {
    let mut found = BTreeMap::new();
    for (account, held) in &world.accounts {
        let topics = held.sns.get(&call.region).into_iter().flat_map(|state| &state.topics);
        for (name, topic) in topics {
            let own = topic.subscriptions.iter().filter(|(_, held)| held.owner == call.caller.account);
            let topic_arn = arn(account, &call.region, name);
            found.extend(own.map(|(id, held)| (format!("{topic_arn}:{id}"), (topic_arn.clone(), held))));
        }
    }
    show(&found, params, xml);
}

pub(super) fn list_by_topic(world: &mut World, call: &Call, params: &Params, xml: &mut Xml) -> Result<(), Fault> {
    let place = Place::read(call, "TopicArn", params.required("TopicArn")?, false)?;
    check_access(world, call, &place, "sns:ListSubscriptionsByTopic")?;
    let topic_arn = arn(&place.account, &call.region, &place.topic);
    let held = place.topic(world, call)?.subscriptions.iter();
    let found = held.map(|(id, held)| (place.arn(call, id), (topic_arn.clone(), held))).collect();
    show(&found, params, xml);
    Ok(())
}

/// A page of subscriptions, by ARN; one that is not confirmed shows none.
fn show(found: &BTreeMap<String, (String, &Subscription)>, params: &Params, xml: &mut Xml) {
    let after = params.get("NextToken").unwrap_or_default();
    let mut rest = found.iter().filter(|(arn, _)| arn.as_str() > after);
    let page: Vec<_> = rest.by_ref().take(PAGE).collect();
    let more = rest.next().is_some();
    xml.open("Subscriptions");
    for (arn, (topic_arn, held)) in &page {
        let shown = if held.pending_since_seconds.is_some() { "PendingConfirmation" } else { arn.as_str() };
        xml.open("member").leaf("SubscriptionArn", shown).leaf("Owner", &held.owner);
        xml.leaf("Protocol", &held.protocol).leaf("Endpoint", &held.endpoint).leaf("TopicArn", topic_arn).close();
    }
    xml.close();
    xml.leaf_if("NextToken", page.last().filter(|_| more).map(|(arn, _)| arn));
}
