//! The kind `subscription`: what a topic sends its messages to.
//!
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-create-subscribe-endpoint-to-topic.html>
//!
//! A subscription is of the account that makes it, which need not be the topic's, so that it is a kind of its own and no part of `topic`.
//! Topic, protocol and endpoint make it the one it is. It can't be tagged: whose it is stands in the record of the last apply.
//!
//! Mailboxes, web pages and what is another account's must confirm it. Until they do, SNS shows no ARN of it and lets nobody remove it, so
//! that it is left alone and told ([`Kind::waits`]); asking again would send them another message each time.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Export, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::resolve::Resolver;

use crate::event_rule::pattern;
use crate::fields::{self, Tags, short};
use crate::source::sns::subscriptions::Ends;
use crate::source::sns::{self, SnsFacts, SubscriptionFact};
use crate::topic::delivery::{DeliveryPolicy, OF_SUBSCRIPTION};

mod desired;
mod perform;
mod spec;
#[cfg(test)]
mod tests;

pub use spec::{FilterPolicyScope, Protocol, ReplayPolicySpec, SubscriptionSpec};

/// A subscription. Words are AWS's, so that one this version does not know can be told apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionModel {
    /// The topic's ARN.
    pub topic: String,
    /// `email`, `sqs`, ….
    pub protocol: String,
    /// Where messages go.
    pub endpoint: String,
    /// Which messages go there, in canonical form.
    pub filter_policy: Option<Value>,
    /// `MessageAttributes` or `MessageBody`; without a filter the first.
    pub filter_policy_scope: String,
    /// Whether a message goes there as it is.
    pub raw_message_delivery: bool,
    /// The queue for what could not be delivered.
    pub dead_letter_queue: Option<String>,
    /// How messages are delivered to a web page.
    pub delivery_policy: Option<DeliveryPolicy>,
    /// The role with which SNS writes to a stream of Firehose.
    pub role: Option<String>,
    /// Which messages of the archive are sent again.
    pub replay_policy: Option<ReplayPolicy>,
}

/// Which messages of a FIFO topic's archive are sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayPolicy {
    /// From when on.
    pub starting_point: String,
    /// Until when.
    pub ending_point: Option<String>,
}

/// One call on one subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionOp {
    /// The topic's ARN.
    pub topic: String,
    /// The protocol.
    pub protocol: String,
    /// The endpoint.
    pub endpoint: String,
    /// The call.
    pub call: SubscriptionCall,
}

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op")]
pub enum SubscriptionCall {
    /// `Subscribe`.
    Subscribe {
        /// All but what is the default.
        attributes: BTreeMap<String, String>,
    },
    /// `SetSubscriptionAttributes`.
    SetSubscriptionAttributes {
        /// AWS's name of it.
        attribute: String,
        /// As AWS writes it; none takes it away.
        value: Option<String>,
        /// What it no longer names.
        unnames: Vec<String>,
    },
    /// `Unsubscribe`.
    Unsubscribe {
        /// What it named.
        unnames: Vec<String>,
    },
}

/// The kind `subscription`.
#[derive(Clone, Copy, Debug)]
pub struct Subscription;

static SCHEMA: KindSchema = KindSchema {
    name: "subscription",
    summary: "What an SNS topic sends its messages to.",
    scope: KindScope::Region,
    stateful: false,
    taggable: false,
    attributes: &[("arn", "The subscription's ARN; known after apply.")],
    shape: shape_of::<SubscriptionSpec>,
    decode: decode_any::<SubscriptionSpec>,
};

impl Kind for Subscription {
    type Spec = SubscriptionSpec;
    type Model = SubscriptionModel;
    type Op = SubscriptionOp;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn sources() -> &'static [&'static str] {
        &[sns::NAME]
    }

    fn identity(spec: &SubscriptionSpec, at: &At, cx: &mut Resolver<'_>) -> Identity {
        let ends = desired::ends(spec, at, cx);
        let name = ends.name(&at.arn("sns", ""));
        let claim = Some(format!("sns {} {} subscription {name}", at.account_id, at.region()));
        Identity { name, claim, outputs: [].into() }
    }

    fn desired(spec: &SubscriptionSpec, at: &At, cx: &mut Resolver<'_>) -> Option<SubscriptionModel> {
        desired::desired(spec, at, cx)
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<SubscriptionModel>>, Unread> {
        let facts: &SnsFacts = facts.get(sns::NAME, scope)?;
        Ok(facts.subscriptions.iter().map(live).collect())
    }

    fn waits(facts: &Facts, scope: &Scope, name: &str) -> Option<String> {
        let facts: &SnsFacts = facts.get(sns::NAME, scope).ok()?;
        let fact = facts.subscriptions.iter().find(|fact| fact.name == name && fact.arn.is_none())?;
        let how = match fact.protocol.as_str() {
            "email" | "email-json" => "by the link in the message it was sent",
            _ => "with the token it was sent",
        };
        Some(format!(
            "waits until {} confirms it, {how}: until then nobody can change or remove it; unconfirmed it ends 48 hours after it was made",
            fact.endpoint
        ))
    }

    fn tags(_: &SubscriptionModel) -> Option<&Tags> {
        None
    }

    fn tags_mut(_: &mut SubscriptionModel) -> Option<&mut Tags> {
        None
    }

    fn ops(
        _: &At,
        before: Option<&SubscriptionModel>,
        after: Option<&SubscriptionModel>,
    ) -> Result<Steps<SubscriptionOp>, Refusal> {
        let mut replaces = Vec::new();
        if let (Some(before), Some(after)) = (before, after) {
            let different = [
                ("topic", before.topic != after.topic),
                ("protocol", before.protocol != after.protocol),
                ("endpoint", before.endpoint != after.endpoint),
            ];
            replaces.extend(different.into_iter().filter(|(_, different)| *different).map(|(field, _)| field));
        }
        let ops = match (before, after) {
            (Some(before), Some(after)) if replaces.is_empty() => settle(before, after),
            (before, after) => before.map(removal).into_iter().chain(after.map(creation)).collect(),
        };
        Ok(Steps { ops, replaces })
    }

    // SNS takes a subscription only with all it names.
    fn split(_: &At, _: &SubscriptionOp) -> Option<Vec<SubscriptionOp>> {
        None
    }

    fn follow(_: &At, model: &SubscriptionModel, replaced: &str) -> Vec<SubscriptionOp> {
        // With a topic go its subscriptions; roles and queues SNS keeps by their ARNs.
        if model.topic == replaced { vec![creation(model)] } else { Vec::new() }
    }

    fn info(_: &At, op: &SubscriptionOp) -> OpInfo {
        info(op)
    }

    fn export(_: &At, live: &Live<SubscriptionModel>) -> Export {
        // Without a filter nothing may be said of what it looks at.
        let scope = live.model.filter_policy.as_ref().map(|_| live.model.filter_policy_scope.clone());
        Export::same(&live.model).with("filter_policy_scope", scope)
    }

    fn simulate(model: &mut Option<SubscriptionModel>, op: &SubscriptionOp) {
        simulate(model, op);
    }
}

fn live(fact: &SubscriptionFact) -> Live<SubscriptionModel> {
    let SubscriptionFact { name, topic, protocol, endpoint, arn, attributes } = fact;
    let mut model = fresh(topic, protocol, endpoint);
    attributes.iter().for_each(|(attribute, value)| set(&mut model, attribute, Some(value)));
    if model.filter_policy.is_none() {
        model.filter_policy_scope = FilterPolicyScope::MessageAttributes.to_string();
    }
    let outputs = arn.iter().map(|arn| ("arn".to_owned(), arn.clone())).collect();
    Live { name: name.clone(), model, outputs }
}

/// A subscription of which nothing is said.
fn fresh(topic: &str, protocol: &str, endpoint: &str) -> SubscriptionModel {
    SubscriptionModel {
        topic: topic.to_owned(),
        protocol: protocol.to_owned(),
        endpoint: endpoint.to_owned(),
        filter_policy: None,
        filter_policy_scope: FilterPolicyScope::MessageAttributes.to_string(),
        raw_message_delivery: false,
        dead_letter_queue: None,
        delivery_policy: None,
        role: None,
        replay_policy: None,
    }
}

/// The attributes as SNS writes them; none are not set. In the order in which they can be set: a filter that looks into bodies is taken only
/// once it does, and one that looks at attributes once it no longer looks into bodies.
/// <https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html>
fn attributes(model: &SubscriptionModel) -> [(&'static str, Option<String>); 7] {
    let SubscriptionModel {
        topic: _,
        protocol: _,
        endpoint: _,
        filter_policy,
        filter_policy_scope,
        raw_message_delivery,
        dead_letter_queue,
        delivery_policy,
        role,
        replay_policy,
    } = model;
    let filter = ("FilterPolicy", filter_policy.as_ref().map(Value::to_string));
    let scope = ("FilterPolicyScope", filter_policy.as_ref().map(|_| filter_policy_scope.clone()));
    let of_body = filter_policy_scope == FilterPolicyScope::MessageBody.as_str();
    let (first, second) = if of_body { (scope, filter) } else { (filter, scope) };
    let replay = replay_policy.as_ref().map(|ReplayPolicy { starting_point, ending_point }| {
        let mut replay = json!({ "PointType": "Timestamp", "StartingPoint": starting_point });
        if let (Some(end), Some(members)) = (ending_point, replay.as_object_mut()) {
            members.insert("EndingPoint".to_owned(), end.as_str().into());
        }
        replay.to_string()
    });
    [
        (
            "DeliveryPolicy",
            delivery_policy.as_ref().map(|policy| Value::Object(policy.to_members(OF_SUBSCRIPTION)).to_string()),
        ),
        first,
        second,
        ("RawMessageDelivery", raw_message_delivery.then(|| "true".to_owned())),
        ("RedrivePolicy", dead_letter_queue.as_ref().map(|queue| json!({ "deadLetterTargetArn": queue }).to_string())),
        ("SubscriptionRoleArn", role.clone()),
        ("ReplayPolicy", replay),
    ]
}

/// Takes an attribute over; one that is not ours is left alone.
fn set(model: &mut SubscriptionModel, attribute: &str, value: Option<&str>) {
    let read = || {
        serde_json::from_str::<Value>(value?).ok().filter(|value| value.as_object().is_some_and(|it| !it.is_empty()))
    };
    let member = |name: &str| Some(read()?.get(name)?.as_str()?.to_owned());
    match attribute {
        "DeliveryPolicy" => {
            model.delivery_policy = read().map(|policy| DeliveryPolicy::from_members(&policy, OF_SUBSCRIPTION));
        }
        "FilterPolicy" => {
            model.filter_policy = value.filter(|text| *text != "{}" && !text.is_empty()).map(pattern::from_live);
            if model.filter_policy.is_none() {
                model.filter_policy_scope = FilterPolicyScope::MessageAttributes.to_string();
            }
        }
        "FilterPolicyScope" => {
            let scope = value.unwrap_or(FilterPolicyScope::MessageAttributes.as_str());
            scope.clone_into(&mut model.filter_policy_scope);
        }
        "RawMessageDelivery" => model.raw_message_delivery = value == Some("true"),
        "RedrivePolicy" => model.dead_letter_queue = member("deadLetterTargetArn"),
        "SubscriptionRoleArn" => model.role = value.map(str::to_owned),
        "ReplayPolicy" => {
            let start = member("StartingPoint");
            model.replay_policy =
                start.map(|starting_point| ReplayPolicy { starting_point, ending_point: member("EndingPoint") });
        }
        _ => {}
    }
}

fn on(model: &SubscriptionModel, call: SubscriptionCall) -> SubscriptionOp {
    let (topic, protocol, endpoint) = (model.topic.clone(), model.protocol.clone(), model.endpoint.clone());
    SubscriptionOp { topic, protocol, endpoint, call }
}

/// What it names and can't be without.
fn named(model: &SubscriptionModel) -> BTreeSet<String> {
    [Some(&model.topic), model.role.as_ref(), model.dead_letter_queue.as_ref()].into_iter().flatten().cloned().collect()
}

fn creation(after: &SubscriptionModel) -> SubscriptionOp {
    let said = attributes(after).into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    on(after, SubscriptionCall::Subscribe { attributes: said.collect() })
}

fn removal(before: &SubscriptionModel) -> SubscriptionOp {
    on(before, SubscriptionCall::Unsubscribe { unnames: named(before).into_iter().collect() })
}

/// Everything that can be changed in place.
fn settle(before: &SubscriptionModel, after: &SubscriptionModel) -> Vec<SubscriptionOp> {
    let held: BTreeMap<&str, Option<String>> = attributes(before).into();
    let kept = named(after);
    let unnames: Vec<String> = named(before).into_iter().filter(|arn| !kept.contains(arn)).collect();
    let mut ops = Vec::new();
    for (attribute, value) in attributes(after) {
        // A filter that goes takes its scope along.
        let goes = attribute == "FilterPolicyScope" && after.filter_policy.is_none();
        if goes || held.get(attribute) == Some(&value) {
            continue;
        }
        let names = ["RedrivePolicy", "SubscriptionRoleArn"].contains(&attribute);
        let unnames = if names { unnames.clone() } else { Vec::new() };
        let attribute = attribute.to_owned();
        ops.push(on(after, SubscriptionCall::SetSubscriptionAttributes { attribute, value, unnames }));
    }
    ops
}

fn info(op: &SubscriptionOp) -> OpInfo {
    let SubscriptionOp { topic, protocol, endpoint, call } = op;
    // SNS makes up the end of the ARN; this stands for it.
    let id = format!("{topic}:{protocol}:{endpoint}");
    let what = format!("{protocol} {} to topic {}", short_endpoint(endpoint), short(topic));
    match call {
        SubscriptionCall::Subscribe { attributes } => {
            let role = attributes.get("SubscriptionRoleArn").cloned();
            OpInfo {
                call: "sns:Subscribe",
                resource: topic.clone(),
                title: format!("subscribe {what}"),
                needs: [topic.clone()].into_iter().chain(role).collect(),
                creates: vec![id],
                yields: &["arn"],
                ..OpInfo::default()
            }
        }
        SubscriptionCall::SetSubscriptionAttributes { attribute, value, unnames } => {
            let role = value.clone().filter(|value| fields::is_identity(value));
            OpInfo {
                call: "sns:SetSubscriptionAttributes",
                resource: "*".to_owned(),
                title: format!("set {attribute} of {what}"),
                needs: [id].into_iter().chain(role).collect(),
                unnames: unnames.clone(),
                ..OpInfo::default()
            }
        }
        SubscriptionCall::Unsubscribe { unnames } => OpInfo {
            call: "sns:Unsubscribe",
            resource: "*".to_owned(),
            title: format!("unsubscribe {what}"),
            unnames: unnames.clone(),
            destroys: vec![id],
            ..OpInfo::default()
        },
    }
}

/// An endpoint, short: an ARN by what it names.
fn short_endpoint(endpoint: &str) -> String {
    if endpoint.starts_with("arn:") { short(endpoint) } else { endpoint.to_owned() }
}

fn simulate(model: &mut Option<SubscriptionModel>, op: &SubscriptionOp) {
    let SubscriptionOp { topic, protocol, endpoint, call } = op;
    match (call, model.as_mut()) {
        (SubscriptionCall::Subscribe { attributes }, _) => {
            let mut made = fresh(topic, protocol, endpoint);
            attributes.iter().for_each(|(attribute, value)| set(&mut made, attribute, Some(value)));
            *model = Some(made);
        }
        (SubscriptionCall::SetSubscriptionAttributes { attribute, value, unnames: _ }, Some(held)) => {
            set(held, attribute, value.as_deref());
        }
        (SubscriptionCall::Unsubscribe { unnames: _ }, _) => *model = None,
        // SNS refuses it for a subscription that is not there.
        (SubscriptionCall::SetSubscriptionAttributes { attribute: _, value: _, unnames: _ }, None) => {}
    }
}

/// What makes the operation's subscription the one it is.
fn ends(op: &SubscriptionOp) -> Ends {
    let SubscriptionOp { topic, protocol, endpoint, call: _ } = op.clone();
    Ends { topic, protocol, endpoint }
}
