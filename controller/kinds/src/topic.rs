//! The kind `topic`: an SNS topic with its policy.
//!
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-create-topic.html>
//!
//! Subscriptions, delivery policies and the logging of deliveries stay as they are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trueup_engine::access::{Access, Itself, Paper};
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::policy::Use;
use trueup_specs::resolve::Resolver;
use trueup_specs::{PolicySpec, Reference, Text, Within, spec, words};
use trueup_state::outputs::Outputs;

use crate::fields::{self, NameRule, PolicyDocument, TagChange, Tags, unnamed};
use crate::source::sns::{self, SnsFacts, TopicFact};

mod perform;
#[cfg(test)]
mod tests;

/// <https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html>
const PAGE: &str = "https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html";

const NAME: NameRule = NameRule { what: "topic", max: 256, signs: "_-", page: PAGE };

/// What the names of FIFO topics end with, and no others.
const FIFO: &str = ".fifo";

/// Characters of a display name. <https://docs.aws.amazon.com/sns/latest/dg/sns-create-topic.html>
const DISPLAY_NAME_MAX: usize = 100;

spec! {
    /// An SNS topic with its policy.
    pub struct TopicSpec {
        /// The topic's name.
        /// Default: the name in the address, dots as dashes, and `.fifo` behind it where it is one. At most 256 letters, digits, `_` and
        /// `-`. Changing it removes the topic, with its subscriptions, and makes another.
        pub name: Option<Text>,
        /// Whether messages keep their order.
        /// Default: false. Changing it removes the topic, with its subscriptions, and makes another.
        pub fifo: Option<bool>,
        /// The name that people see in messages.
        /// Default: none. At most 100 characters.
        pub display_name: Option<Text>,
        /// The KMS key that encrypts messages, by its address or ARN.
        /// Default: none, messages are not encrypted by a key.
        /// <https://docs.aws.amazon.com/sns/latest/dg/sns-server-side-encryption.html>
        pub kms_key: Option<Reference<fields::Key>>,
        /// Who may publish and subscribe.
        /// At most 30 KB. Default: SNS's own policy, the topic's account alone.
        /// <https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html>
        pub policy: Option<PolicySpec>,
        /// Whether X-Ray follows messages.
        /// Default: `"PassThrough"`.
        pub tracing: Option<Tracing>,
        /// The hash that signs messages: 1 is SHA1, 2 is SHA256.
        /// Default: 1.
        pub signature_version: Option<Within<1, 2>>,
        /// Whether two messages with one body are one message. Only of a FIFO topic.
        /// Default: false.
        pub content_based_deduplication: Option<bool>,
        /// For how many days messages are kept to be sent again, 1 to 365. Only of a FIFO topic.
        /// Default: they are not.
        pub archive_days: Option<Within<1, 365>>,
    }
}

words! {
    /// Whether X-Ray follows messages.
    pub enum Tracing {
        /// Where the sender asks for it.
        PassThrough = "PassThrough",
        /// It does.
        Active = "Active",
    }
}

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
    /// Whether two messages with one body are one.
    pub content_based_deduplication: bool,
    /// Days.
    pub archive_days: Option<i64>,
    /// All tags but AWS's own.
    pub tags: Tags,
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
        /// Principals its policy named, and its key.
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

    fn identity(spec: &TopicSpec, at: &At, cx: &mut Resolver<'_>) -> Identity {
        let name = name(spec, cx);
        Identity {
            claim: Some(format!("sns {} {} {name}", at.account_id, at.region())),
            outputs: fields::outputs([("arn", at.arn("sns", &name)), ("name", name.clone())]),
            name,
        }
    }

    fn desired(spec: &TopicSpec, at: &At, cx: &mut Resolver<'_>) -> Option<TopicModel> {
        desired(spec, at, cx)
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

    fn simulate(model: &mut Option<TopicModel>, op: &TopicOp) {
        simulate(model, op);
    }

    fn access<'m>(at: &At, model: &'m TopicModel, _: &Outputs) -> Vec<Access<'m>> {
        // SNS's own policy lets in whom the topic's account lets do it anyway.
        // https://docs.aws.amazon.com/sns/latest/dg/sns-using-identity-based-policies.html
        let policy = model.policy.as_ref().map(|policy| Paper::new("policy", policy.document()));
        vec![Access::Resource { arn: at.arn("sns", &model.name), policy, field: "policy", itself: Itself::Arn }]
    }
}

/// The topic's name, and why SNS would refuse it.
fn name(spec: &TopicSpec, cx: &mut Resolver<'_>) -> String {
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

fn desired(spec: &TopicSpec, at: &At, cx: &mut Resolver<'_>) -> Option<TopicModel> {
    let TopicSpec {
        name: _, // read below
        fifo,
        display_name,
        kms_key,
        policy,
        tracing,
        signature_version,
        content_based_deduplication,
        archive_days,
    } = spec;
    let (name, fifo) = (name(spec, cx), fifo.unwrap_or(false));
    if !fifo && (content_based_deduplication.is_some() || archive_days.is_some()) {
        let problem = Diagnostic::error("only a FIFO topic has `content_based_deduplication` and `archive_days`");
        cx.problem(problem.at(cx.span(), "").help("add `fifo = true`, or leave them out").note(PAGE));
    }
    if fifo && *tracing == Some(Tracing::Active) {
        let problem = Diagnostic::error("X-Ray does not follow the messages of a FIFO topic").at(cx.span(), "");
        cx.problem(problem.help("leave `tracing` out").note(PAGE));
    }
    let policy = match policy {
        None => Some(None),
        Some(policy) => cx.policy(policy, Use::Topic).map(|document| {
            fields::check_size(&document, Use::Topic, policy.span(), cx);
            Some(PolicyDocument::Document(document))
        }),
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
    Some(TopicModel {
        name,
        fifo,
        display_name,
        kms_key,
        policy: policy?,
        tracing: tracing.unwrap_or(Tracing::PassThrough).to_string(),
        signature_version: signature_version.map_or(1, |version| version.get()).to_string(),
        content_based_deduplication: content_based_deduplication.unwrap_or(false),
        archive_days: archive_days.map(|days| days.get()),
        tags: fields::tags(cx),
    })
}

/// What SNS gives a topic whose maker says nothing. Older topics have one action more.
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html>
fn default_policies(arn: &str) -> [PolicyDocument; 2] {
    let account = arn.split(':').nth(4).unwrap_or_default();
    ["", r#","SNS:Receive""#].map(|more| {
        PolicyDocument::from_live(&format!(
            r#"{{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{{"Sid":"__default_statement_ID","Effect":"Allow","Principal":{{"AWS":"*"}},"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission","SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"{more}],"Resource":"{arn}","Condition":{{"StringEquals":{{"AWS:SourceOwner":"{account}"}}}}}}]}}"#
        ))
    })
}

/// What is sent for SNS's own policy.
fn default_policy(arn: &str) -> String {
    let [policy, _] = default_policies(arn);
    policy.to_json()
}

fn live(fact: &TopicFact) -> Live<TopicModel> {
    let TopicFact { arn, attributes, tags } = fact;
    let name = arn.rsplit(':').next().unwrap_or_default();
    let mut model = fresh(name, tags.clone());
    let defaults = default_policies(arn);
    for (attribute, value) in attributes {
        set(&mut model, attribute, value);
        if attribute == "Policy" {
            model.policy = Some(PolicyDocument::from_live(value)).filter(|policy| !defaults.contains(policy));
        }
    }
    let outputs = fields::outputs([("arn", arn.clone()), ("name", name.to_owned())]);
    Live { name: name.to_owned(), model, outputs }
}

/// A topic of which nothing is said.
fn fresh(name: &str, tags: Tags) -> TopicModel {
    TopicModel {
        name: name.to_owned(),
        fifo: name.ends_with(FIFO),
        display_name: String::new(),
        kms_key: None,
        policy: None,
        tracing: Tracing::PassThrough.to_string(),
        signature_version: "1".to_owned(),
        content_based_deduplication: false,
        archive_days: None,
        tags,
    }
}

/// The attributes as SNS writes them, but for the policy.
fn attributes(model: &TopicModel) -> BTreeMap<&'static str, String> {
    let TopicModel {
        name: _,
        fifo,
        display_name,
        kms_key,
        policy: _,
        tracing,
        signature_version,
        content_based_deduplication,
        archive_days,
        tags: _,
    } = model;
    let archive = archive_days.map(|days| serde_json::json!({ "MessageRetentionPeriod": days.to_string() }));
    let archive = archive.unwrap_or_else(|| serde_json::json!({}));
    let mut attributes = BTreeMap::from([
        ("DisplayName", display_name.clone()),
        ("KmsMasterKeyId", kms_key.clone().unwrap_or_default()),
        ("SignatureVersion", signature_version.clone()),
        ("TracingConfig", tracing.clone()),
    ]);
    if *fifo {
        attributes.insert("ContentBasedDeduplication", content_based_deduplication.to_string());
        attributes.insert("ArchivePolicy", archive.to_string());
    }
    attributes
}

/// Takes an attribute over; one that is not ours is left alone.
fn set(model: &mut TopicModel, attribute: &str, value: &str) {
    match attribute {
        "DisplayName" => value.clone_into(&mut model.display_name),
        "KmsMasterKeyId" => model.kms_key = Some(value.to_owned()).filter(|key| !key.is_empty()),
        "SignatureVersion" => value.clone_into(&mut model.signature_version),
        "TracingConfig" => value.clone_into(&mut model.tracing),
        "ContentBasedDeduplication" => model.content_based_deduplication = value == "true",
        "ArchivePolicy" => model.archive_days = retention(value),
        _ => {}
    }
}

/// The days of an archive policy; SNS writes them as text or as a number.
fn retention(policy: &str) -> Option<i64> {
    let policy: serde_json::Value = serde_json::from_str(policy).ok()?;
    let days = policy.get("MessageRetentionPeriod")?;
    days.as_i64().or_else(|| days.as_str()?.parse().ok())
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
    ops
}

fn removal(before: &TopicModel) -> Vec<TopicOp> {
    let mut unnames = unnamed(before.policy.as_ref(), None);
    unnames.extend(before.kms_key.clone());
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
    calls.extend(changed.map(|(name, value)| TopicCall::SetTopicAttributes { attribute: name.to_owned(), value }));
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
        TopicCall::CreateTopic { attributes: _, tags: _ } => OpInfo {
            needs: Vec::new(),
            creates: vec![arn.clone()],
            ..of("sns:CreateTopic", format!("create topic {topic}"))
        },
        TopicCall::SetTopicAttributes { attribute, value: _ } => {
            of("sns:SetTopicAttributes", format!("set {attribute} of topic {topic}"))
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
        (TopicCall::SetTopicAttributes { attribute, value }, Some(held)) => set(held, &attribute, &value),
        (TopicCall::SetTopicPolicy { policy, unnames: _ }, Some(held)) => held.policy = policy,
        (TopicCall::TagResource { tags }, Some(held)) => held.tags.extend(tags),
        (TopicCall::UntagResource { keys }, Some(held)) => held.tags.retain(|key, _| !keys.contains(key)),
        (TopicCall::DeleteTopic { unnames: _ }, _) => *model = None,
        // SNS refuses these for a topic that is not there.
        (
            TopicCall::SetTopicAttributes { attribute: _, value: _ }
            | TopicCall::SetTopicPolicy { policy: _, unnames: _ }
            | TopicCall::TagResource { tags: _ }
            | TopicCall::UntagResource { keys: _ },
            None,
        ) => {}
    }
}
