//! The kind `topic`: an SNS topic with its policy.
//!
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-create-topic.html>
//!
//! What it sends messages to is the kind [`subscription`](crate::subscription).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use trueup_engine::access::{Access, Itself, Paper};
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Export, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::resolve::Resolver;
use trueup_state::outputs::Outputs;

use self::attributes::{attributes, default_document, fresh, live, set};
use self::delivery::DeliveryPolicy;
use crate::fields::{self, PolicyDocument, TagChange, Tags, unnamed};
use crate::source::sns::{self, DATA_PROTECTION, SnsFacts};

mod attributes;
pub(crate) mod delivery;
mod desired;
mod perform;
mod spec;
#[cfg(test)]
mod tests;

pub use spec::{DeliveryStatusSpec, DeliveryStatusesSpec, FifoThroughputScope, TopicSpec, Tracing};

/// What the names of FIFO topics end with, and no others.
pub(crate) const FIFO: &str = ".fifo";

/// A topic. Words are AWS's, so that one this version does not know can be told apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicModel {
    /// Its name.
    pub name: String,
    /// Whether messages keep their order.
    pub fifo: bool,
    /// The name that people see; empty without one.
    pub display_name: String,
    /// The KMS key.
    pub kms_key: Option<String>,
    /// Who may do what; SNS's own policy is none.
    pub policy: Option<PolicyDocument>,
    /// `PassThrough` or `Active`.
    pub tracing: String,
    /// `1` or `2`.
    pub signature_version: String,
    /// Bytes.
    pub maximum_message_size: i64,
    /// How messages are delivered to web pages.
    pub delivery_policy: Option<DeliveryPolicy>,
    /// Whether what subscriptions say of it counts for nothing.
    pub disable_subscription_overrides: bool,
    /// Which deliveries are logged, by what they go to: `application`, `firehose`, `http`, `lambda`, `sqs`.
    pub delivery_status: BTreeMap<String, DeliveryStatus>,
    /// What keeps personal data out of messages.
    pub data_protection_policy: Option<Value>,
    /// Whether two messages with one body are one.
    pub content_based_deduplication: bool,
    /// `MessageGroup`; none is `Topic`.
    pub fifo_throughput_scope: Option<String>,
    /// Days.
    pub archive_days: Option<i64>,
    /// All tags but AWS's own.
    pub tags: Tags,
}

/// Which deliveries of one sort are logged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryStatus {
    /// The role for those that succeed.
    pub success_role: Option<String>,
    /// Of a hundred that succeed.
    pub success_sample_rate: i64,
    /// The role for those that fail.
    pub failure_role: Option<String>,
}

/// One call on one topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicOp {
    /// The topic's name.
    pub topic: String,
    /// The call.
    pub call: TopicCall,
}

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op")]
pub enum TopicCall {
    /// `CreateTopic`.
    CreateTopic {
        /// All but what is the default.
        attributes: BTreeMap<String, String>,
        /// All of them.
        tags: Tags,
    },
    /// `SetTopicAttributes`, of any but the policy.
    SetTopicAttributes {
        /// AWS's name of it.
        attribute: String,
        /// As AWS writes it.
        value: String,
        /// A role it no longer names.
        #[serde(default)]
        unnames: Vec<String>,
    },
    /// `PutDataProtectionPolicy`.
    PutDataProtectionPolicy {
        /// The whole policy; none is none.
        policy: Option<Value>,
    },
    /// `SetTopicAttributes`, of the policy.
    SetTopicPolicy {
        /// The whole policy; none is SNS's own.
        policy: Option<PolicyDocument>,
        /// Principals it no longer names.
        unnames: Vec<String>,
    },
    /// `TagResource`.
    TagResource {
        /// New or changed.
        tags: Tags,
    },
    /// `UntagResource`.
    UntagResource {
        /// Keys.
        keys: Vec<String>,
    },
    /// `DeleteTopic`, with its subscriptions.
    DeleteTopic {
        /// Principals its policy named, its key, and its roles.
        unnames: Vec<String>,
    },
}

/// The kind `topic`.
#[derive(Clone, Copy, Debug)]
pub struct Topic;

static SCHEMA: KindSchema = KindSchema {
    name: "topic",
    summary: "An SNS topic with its policy.",
    scope: KindScope::Region,
    stateful: false,
    taggable: true,
    attributes: &[("arn", "The topic's ARN."), ("name", "The topic's name.")],
    shape: shape_of::<TopicSpec>,
    decode: decode_any::<TopicSpec>,
};

impl Kind for Topic {
    type Spec = TopicSpec;
    type Model = TopicModel;
    type Op = TopicOp;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn sources() -> &'static [&'static str] {
        &[sns::NAME]
    }

    // What few topics have costs a call each, so that it is asked for only where spec or record says that there is or was one.
    fn hints(spec: Option<&TopicSpec>, applied: &dyn Fn() -> Option<TopicModel>) -> BTreeMap<String, String> {
        let is_wanted = spec.is_some_and(|spec| spec.data_protection_policy.is_some());
        let matters = is_wanted || applied().is_some_and(|model| model.data_protection_policy.is_some());
        matters.then(|| (DATA_PROTECTION.to_owned(), "yes".to_owned())).into_iter().collect()
    }

    fn identity(spec: &TopicSpec, at: &At, cx: &mut Resolver<'_>) -> Identity {
        let name = desired::name(spec, cx);
        Identity {
            claim: Some(format!("sns {} {} {name}", at.account_id, at.region())),
            outputs: fields::outputs([("arn", at.arn("sns", &name)), ("name", name.clone())]),
            name,
        }
    }

    fn desired(spec: &TopicSpec, at: &At, cx: &mut Resolver<'_>) -> Option<TopicModel> {
        desired::desired(spec, at, cx)
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<TopicModel>>, Unread> {
        let facts: &SnsFacts = facts.get(sns::NAME, scope)?;
        Ok(facts.topics.iter().map(live).collect())
    }

    fn tags(model: &TopicModel) -> Option<&Tags> {
        Some(&model.tags)
    }

    fn tags_mut(model: &mut TopicModel) -> Option<&mut Tags> {
        Some(&mut model.tags)
    }

    fn ops(_: &At, before: Option<&TopicModel>, after: Option<&TopicModel>) -> Result<Steps<TopicOp>, Refusal> {
        let mut replaces = Vec::new();
        if let (Some(before), Some(after)) = (before, after) {
            if before.name != after.name {
                replaces.push("name");
            }
            if before.fifo != after.fifo {
                replaces.push("fifo");
            }
        }
        let ops = match (before, after) {
            (Some(before), Some(after)) if replaces.is_empty() => settle(before, after),
            (before, after) => {
                let removal = before.map(removal).into_iter().flatten();
                removal.chain(after.map(creation).into_iter().flatten()).collect()
            }
        };
        Ok(Steps { ops, replaces })
    }

    // Making a topic names its key, which names no topic; its policy is a call of its own already.
    fn split(_: &At, _: &TopicOp) -> Option<Vec<TopicOp>> {
        None
    }

    fn follow(_: &At, model: &TopicModel, replaced: &str) -> Vec<TopicOp> {
        // SNS keeps the id of a principal and not its ARN, so that one made again is not the one the policy names.
        let policy = model.policy.as_ref().filter(|policy| policy.principals().contains(replaced)).cloned();
        let put = |policy| TopicCall::SetTopicPolicy { policy: Some(policy), unnames: Vec::new() };
        on(model, policy.map(put).into_iter().collect())
    }

    fn info(at: &At, op: &TopicOp) -> OpInfo {
        info(at, op)
    }

    fn export(_: &At, live: &Live<TopicModel>) -> Export {
        let version = live.model.signature_version.parse().map_or(Value::Null, |version: i64| Value::from(version));
        // Of other topics than FIFO ones a spec may not even say that there is none.
        let deduplication = if live.model.content_based_deduplication { Value::Bool(true) } else { Value::Null };
        Export::same(&live.model).with("signature_version", version).with("content_based_deduplication", deduplication)
    }

    fn simulate(model: &mut Option<TopicModel>, op: &TopicOp) {
        simulate(model, op);
    }

    fn access<'m>(at: &At, model: &'m TopicModel, _: &Outputs) -> Vec<Access<'m>> {
        let arn = at.arn("sns", &model.name);
        let policy = match &model.policy {
            Some(policy) => Paper::new("policy", policy.document()),
            // SNS's own lets in services that act for the topic's account.
            None => default_document(&arn),
        };
        vec![Access::Resource { arn, policy: Some(policy), field: "policy", itself: Itself::Arn }]
    }
}

fn on(model: &TopicModel, calls: Vec<TopicCall>) -> Vec<TopicOp> {
    calls.into_iter().map(|call| TopicOp { topic: model.name.clone(), call }).collect()
}

fn creation(after: &TopicModel) -> Vec<TopicOp> {
    let made = fresh(&after.name, after.tags.clone());
    let defaults = attributes(&made);
    let said = attributes(after).into_iter().filter(|(name, value)| defaults.get(name) != Some(value));
    let attributes = said.map(|(name, value)| (name.to_owned(), value)).collect();
    let mut ops = on(after, vec![TopicCall::CreateTopic { attributes, tags: after.tags.clone() }]);
    ops.extend(policy_change(&made, after));
    if after.data_protection_policy.is_some() {
        ops.extend(on(after, vec![protection(after)]));
    }
    ops
}

fn protection(after: &TopicModel) -> TopicCall {
    TopicCall::PutDataProtectionPolicy { policy: after.data_protection_policy.clone() }
}

/// The roles it names.
fn roles(model: &TopicModel) -> impl Iterator<Item = &String> {
    let roles = model.delivery_status.values().flat_map(|status| [&status.success_role, &status.failure_role]);
    roles.flatten()
}

fn removal(before: &TopicModel) -> Vec<TopicOp> {
    let mut unnames = unnamed(before.policy.as_ref(), None);
    unnames.extend(before.kms_key.clone());
    unnames.extend(roles(before).cloned());
    on(before, vec![TopicCall::DeleteTopic { unnames }])
}

fn policy_change(before: &TopicModel, after: &TopicModel) -> Vec<TopicOp> {
    if before.policy == after.policy {
        return Vec::new();
    }
    let unnames = unnamed(before.policy.as_ref(), after.policy.as_ref());
    on(after, vec![TopicCall::SetTopicPolicy { policy: after.policy.clone(), unnames }])
}

/// Everything that can be changed in place. Tags go first: they make an adopted topic ours.
fn settle(before: &TopicModel, after: &TopicModel) -> Vec<TopicOp> {
    let mut calls = Vec::new();
    let TagChange { put, remove } = TagChange::between(&before.tags, &after.tags);
    if !put.is_empty() {
        calls.push(TopicCall::TagResource { tags: put });
    }
    if !remove.is_empty() {
        calls.push(TopicCall::UntagResource { keys: remove });
    }
    let held = attributes(before);
    let changed = attributes(after).into_iter().filter(|(name, value)| held.get(name) != Some(value));
    calls.extend(changed.map(|(name, value)| {
        let unnames = held.get(&name).filter(|held| fields::is_identity(held)).cloned().into_iter().collect();
        TopicCall::SetTopicAttributes { attribute: name, value, unnames }
    }));
    if before.data_protection_policy != after.data_protection_policy {
        calls.push(protection(after));
    }
    let mut ops = on(after, calls);
    ops.extend(policy_change(before, after));
    ops
}

fn info(at: &At, op: &TopicOp) -> OpInfo {
    let TopicOp { topic, call } = op;
    let arn = at.arn("sns", topic);
    let of = |call, title: String| OpInfo {
        call,
        resource: arn.clone(),
        title,
        needs: vec![arn.clone()],
        ..OpInfo::default()
    };
    match call {
        TopicCall::CreateTopic { attributes, tags: _ } => OpInfo {
            needs: attributes.values().filter(|value| fields::is_identity(value)).cloned().collect(),
            creates: vec![arn.clone()],
            ..of("sns:CreateTopic", format!("create topic {topic}"))
        },
        TopicCall::SetTopicAttributes { attribute, value, unnames } => OpInfo {
            needs: [arn.clone()]
                .into_iter()
                .chain(Some(value.clone()).filter(|value| fields::is_identity(value)))
                .collect(),
            unnames: unnames.clone(),
            ..of("sns:SetTopicAttributes", format!("set {attribute} of topic {topic}"))
        },
        TopicCall::PutDataProtectionPolicy { policy: _ } => {
            of("sns:PutDataProtectionPolicy", format!("put data protection policy of topic {topic}"))
        }
        TopicCall::SetTopicPolicy { policy, unnames } => {
            let named = policy.as_ref().map(PolicyDocument::principals).unwrap_or_default();
            OpInfo {
                needs: named.into_iter().chain([arn.clone()]).collect(),
                unnames: unnames.clone(),
                ..of("sns:SetTopicAttributes", format!("set policy of topic {topic}"))
            }
        }
        TopicCall::TagResource { tags: _ } => of("sns:TagResource", format!("tag topic {topic}")),
        TopicCall::UntagResource { keys: _ } => {
            OpInfo { needs: Vec::new(), ..of("sns:UntagResource", format!("remove tags of topic {topic}")) }
        }
        TopicCall::DeleteTopic { unnames } => OpInfo {
            needs: Vec::new(),
            unnames: unnames.clone(),
            destroys: vec![arn.clone()],
            ..of("sns:DeleteTopic", format!("delete topic {topic}"))
        },
    }
}

fn simulate(model: &mut Option<TopicModel>, op: &TopicOp) {
    let TopicOp { topic, call } = op.clone();
    match (call, model.as_mut()) {
        (TopicCall::CreateTopic { attributes, tags }, _) => {
            let mut made = fresh(&topic, tags);
            attributes.iter().for_each(|(name, value)| set(&mut made, name, value));
            *model = Some(made);
        }
        (TopicCall::SetTopicAttributes { attribute, value, unnames: _ }, Some(held)) => set(held, &attribute, &value),
        (TopicCall::PutDataProtectionPolicy { policy }, Some(held)) => held.data_protection_policy = policy,
        (TopicCall::SetTopicPolicy { policy, unnames: _ }, Some(held)) => held.policy = policy,
        (TopicCall::TagResource { tags }, Some(held)) => held.tags.extend(tags),
        (TopicCall::UntagResource { keys }, Some(held)) => held.tags.retain(|key, _| !keys.contains(key)),
        (TopicCall::DeleteTopic { unnames: _ }, _) => *model = None,
        // SNS refuses these for a topic that is not there.
        (
            TopicCall::SetTopicAttributes { attribute: _, value: _, unnames: _ }
            | TopicCall::PutDataProtectionPolicy { policy: _ }
            | TopicCall::SetTopicPolicy { policy: _, unnames: _ }
            | TopicCall::TagResource { tags: _ }
            | TopicCall::UntagResource { keys: _ },
            None,
        ) => {}
    }
}
