//! The kind `event_bus`: an EventBridge event bus with its policy.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus.html>
//!
//! The bus `default` is in every account and region: it is neither made nor removed, but its tags and its policy are ours to keep. Without
//! either it counts as not there.

use aws_sdk_eventbridge::types as wire;
use serde::{Deserialize, Serialize};
use trueup_engine::access::{Access, Itself, Paper};
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Export, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::policy::Use;
use trueup_specs::resolve::Resolver;
use trueup_specs::{PolicySpec, Reference, Text, spec, words};
use trueup_state::outputs::Outputs;

use crate::fields::{self, NameRule, PolicyDocument, TagChange, Tags, unnamed};
use crate::source::events::{self, BusFact, DEFAULT_BUS, EventsFacts};

mod perform;
#[cfg(test)]
mod tests;

/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html>
const PAGE: &str = "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html";

const NAME: NameRule = NameRule { what: "bus", max: 256, signs: "._-", page: PAGE };

/// Characters of a description of EventBridge's.
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html>
const DESCRIPTION_MAX: usize = 512;

spec! {
    /// An EventBridge event bus with its policy.
    pub struct EventBusSpec {
        /// The bus's name.
        /// Default: the name in the address, dots as dashes. At most 256 letters, digits and `._-`. `"default"` is the bus that is
        /// there already: of it only policy and tags can be said. Changing it removes the bus and makes another.
        pub name: Option<Text>,
        /// What the bus is for.
        /// Default: nothing. At most 512 characters.
        pub description: Option<Text>,
        /// The KMS key that encrypts events, by its address or ARN.
        /// Default: a key of AWS's own.
        pub kms_key: Option<Reference<fields::Key>>,
        /// The ARN of the SQS queue for events that could not be delivered.
        /// Default: none.
        pub dead_letter_queue: Option<Text>,
        /// What of the events on the bus is logged; where to, the log deliveries of CloudWatch say.
        /// Default: nothing.
        /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-logs.html>
        pub log_config: Option<LogConfigSpec>,
        /// Who else may put events and rules on the bus.
        /// At most 10,240 characters. Default: no policy, the bus's own account alone.
        /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-perms.html>
        pub policy: Option<PolicySpec>,
    }
}

spec! {
    /// What of the events on a bus is logged.
    pub struct LogConfigSpec {
        /// How much is logged.
        pub level: LogLevel,
        /// Whether the events themselves are, and what targets were sent.
        /// Default: `"NONE"`.
        pub include_detail: Option<IncludeDetail>,
    }
}

words! {
    /// How much is logged.
    pub enum LogLevel {
        /// What fails.
        Error = "ERROR",
        /// What fails, and the steps of each event.
        Info = "INFO",
        /// Everything.
        Trace = "TRACE",
    }
}

words! {
    /// Whether the events themselves are logged.
    pub enum IncludeDetail {
        /// They are not.
        None = "NONE",
        /// They are.
        Full = "FULL",
    }
}

/// What of the events on a bus is logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogConfig {
    /// `ERROR`, `INFO` or `TRACE`.
    pub level: String,
    /// `NONE` or `FULL`.
    pub include_detail: String,
}

impl LogConfig {
    /// What AWS has; none where nothing is logged.
    pub(crate) fn live(live: &wire::LogConfig) -> Option<Self> {
        let level = live.level().filter(|level| **level != wire::Level::Off)?.as_str().to_owned();
        let detail = live.include_detail().map_or(IncludeDetail::None.as_str(), wire::IncludeDetail::as_str);
        Some(Self { level, include_detail: detail.to_owned() })
    }
}

/// An event bus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventBusModel {
    /// Its name.
    pub name: String,
    /// What it is for; empty without one.
    pub description: String,
    /// The KMS key; none is AWS's own.
    pub kms_key: Option<String>,
    /// The queue for what could not be delivered.
    pub dead_letter_queue: Option<String>,
    /// What is logged.
    pub log_config: Option<LogConfig>,
    /// Who else may do what.
    pub policy: Option<PolicyDocument>,
    /// All tags but AWS's own.
    pub tags: Tags,
}

/// What of a bus is said at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BusSettings {
    /// What it is for; empty without one.
    pub description: String,
    /// The KMS key; none is AWS's own.
    pub kms_key: Option<String>,
    /// The queue for what could not be delivered.
    pub dead_letter_queue: Option<String>,
    /// What is logged.
    #[serde(default)]
    pub log_config: Option<LogConfig>,
}

/// One call on one event bus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventBusOp {
    /// The bus's name.
    pub event_bus: String,
    /// The call.
    pub call: EventBusCall,
}

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op")]
pub enum EventBusCall {
    /// `CreateEventBus`.
    CreateEventBus {
        /// All of them.
        settings: BusSettings,
        /// All of them.
        tags: Tags,
    },
    /// `UpdateEventBus`.
    UpdateEventBus {
        /// All of them.
        settings: BusSettings,
    },
    /// `PutPermission`.
    PutPermission {
        /// The whole policy.
        policy: PolicyDocument,
        /// Principals it no longer names.
        unnames: Vec<String>,
    },
    /// `RemovePermission`, of all there are.
    RemovePermission {
        /// Principals the policy named.
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
    /// `DeleteEventBus`.
    DeleteEventBus {
        /// Principals its policy named.
        unnames: Vec<String>,
    },
}

/// The kind `event_bus`.
#[derive(Clone, Copy, Debug)]
pub struct EventBus;

static SCHEMA: KindSchema = KindSchema {
    name: "event_bus",
    summary: "An EventBridge event bus with its policy.",
    scope: KindScope::Region,
    stateful: false,
    taggable: true,
    attributes: &[("arn", "The bus's ARN."), ("name", "The bus's name.")],
    shape: shape_of::<EventBusSpec>,
    decode: decode_any::<EventBusSpec>,
};

fn arn(at: &At, name: &str) -> String {
    at.arn("events", &format!("event-bus/{name}"))
}

impl Kind for EventBus {
    type Spec = EventBusSpec;
    type Model = EventBusModel;
    type Op = EventBusOp;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn sources() -> &'static [&'static str] {
        &[events::NAME]
    }

    fn identity(spec: &EventBusSpec, at: &At, cx: &mut Resolver<'_>) -> Identity {
        let name = fields::name(spec.name.as_ref(), &NAME, cx);
        Identity {
            claim: Some(format!("events {} {} event-bus/{name}", at.account_id, at.region())),
            outputs: fields::outputs([("arn", arn(at, &name)), ("name", name.clone())]),
            name,
        }
    }

    fn desired(spec: &EventBusSpec, at: &At, cx: &mut Resolver<'_>) -> Option<EventBusModel> {
        let EventBusSpec { name, description, kms_key, dead_letter_queue, log_config, policy } = spec;
        let name = fields::name(name.as_ref(), &NAME, cx);
        let is_set = description.is_some() || kms_key.is_some() || dead_letter_queue.is_some() || log_config.is_some();
        if name == DEFAULT_BUS && is_set {
            let problem = Diagnostic::error("of the bus `default` only policy and tags can be said").at(cx.span(), "");
            cx.problem(problem.help("leave the rest out, or give another bus these settings"));
        }
        let description = description_of(description.as_ref(), cx);
        let kms_key = kms_key.as_ref().map(|key| {
            let arn = cx.reference(key);
            fields::check_region(&arn, key.span(), "bus", at, cx);
            arn
        });
        let dead_letter_queue = dead_letter_queue.as_ref().map(|queue| fields::queue(queue, cx));
        let policy = match policy {
            None => Some(None),
            Some(policy) => cx.policy(policy, Use::EventBus).map(|document| {
                fields::check_size(&document, Use::EventBus, policy.span(), cx);
                Some(PolicyDocument::Document(document))
            }),
        };
        let log_config = log_config.as_ref().map(|LogConfigSpec { level, include_detail }| LogConfig {
            level: level.to_string(),
            include_detail: include_detail.unwrap_or(IncludeDetail::None).to_string(),
        });
        let tags = fields::tags(cx);
        Some(EventBusModel { name, description, kms_key, dead_letter_queue, log_config, policy: policy?, tags })
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<EventBusModel>>, Unread> {
        let facts: &EventsFacts = facts.get(events::NAME, scope)?;
        Ok(facts.buses.iter().filter_map(live).collect())
    }

    fn tags(model: &EventBusModel) -> Option<&Tags> {
        Some(&model.tags)
    }

    fn tags_mut(model: &mut EventBusModel) -> Option<&mut Tags> {
        Some(&mut model.tags)
    }

    fn ops(
        _: &At,
        before: Option<&EventBusModel>,
        after: Option<&EventBusModel>,
    ) -> Result<Steps<EventBusOp>, Refusal> {
        let mut replaces = Vec::new();
        let ops = match (before, after) {
            (None, None) => Vec::new(),
            (None, Some(after)) => creation(after),
            (Some(before), None) => removal(before),
            (Some(before), Some(after)) if before.name != after.name => {
                replaces.push("name");
                removal(before).into_iter().chain(creation(after)).collect()
            }
            (Some(before), Some(after)) => settle(before, after),
        };
        Ok(Steps { ops, replaces })
    }

    // Making a bus names its key and its queue, which name no bus; its policy is a call of its own already.
    fn split(_: &At, _: &EventBusOp) -> Option<Vec<EventBusOp>> {
        None
    }

    fn follow(_: &At, model: &EventBusModel, replaced: &str) -> Vec<EventBusOp> {
        // The principal that was made again is not the one that is named.
        let policy = model.policy.as_ref().filter(|policy| policy.principals().contains(replaced)).cloned();
        let put = |policy| EventBusCall::PutPermission { policy, unnames: Vec::new() };
        on(model, policy.map(put).into_iter().collect())
    }

    fn info(at: &At, op: &EventBusOp) -> OpInfo {
        info(at, op)
    }

    fn export(_: &At, live: &Live<EventBusModel>) -> Export {
        let description = Some(live.model.description.as_str()).filter(|text| !text.is_empty());
        Export::same(&live.model).with("description", description)
    }

    fn simulate(model: &mut Option<EventBusModel>, op: &EventBusOp) {
        simulate(model, op);
    }

    fn access<'m>(at: &At, model: &'m EventBusModel, _: &Outputs) -> Vec<Access<'m>> {
        let policy = model.policy.as_ref().map(|policy| Paper::new("policy", policy.document()));
        vec![Access::Resource { arn: arn(at, &model.name), policy, field: "policy", itself: Itself::Arn }]
    }
}

/// A description of a bus or a rule.
pub(crate) fn description_of(given: Option<&Text>, cx: &mut Resolver<'_>) -> String {
    let Some(text) = given else { return String::new() };
    let description = cx.text(text);
    let length = description.chars().count();
    if length > DESCRIPTION_MAX && !fields::is_pending(&description) {
        let over = format!("{length} characters, {} too many", length - DESCRIPTION_MAX);
        let problem = Diagnostic::error("the description is too long").at(text.span(), over);
        cx.problem(problem.note(format!("at most {DESCRIPTION_MAX} are allowed: {PAGE}")));
    }
    description
}

/// The default bus without tags and policy is as if it were not there.
fn live(fact: &BusFact) -> Option<Live<EventBusModel>> {
    let BusFact { name, arn, description, kms_key, dead_letter_queue, log_config, policy, tags } = fact;
    if name == DEFAULT_BUS && policy.is_none() && tags.is_empty() {
        return None;
    }
    let model = EventBusModel {
        name: name.clone(),
        description: description.clone(),
        kms_key: kms_key.clone(),
        dead_letter_queue: dead_letter_queue.clone(),
        log_config: log_config.clone(),
        policy: policy.as_deref().map(PolicyDocument::from_live),
        tags: tags.clone(),
    };
    let outputs = fields::outputs([("arn", arn.clone()), ("name", name.clone())]);
    Some(Live { name: name.clone(), model, outputs })
}

fn on(model: &EventBusModel, calls: Vec<EventBusCall>) -> Vec<EventBusOp> {
    calls.into_iter().map(|call| EventBusOp { event_bus: model.name.clone(), call }).collect()
}

fn settings(model: &EventBusModel) -> BusSettings {
    BusSettings {
        description: model.description.clone(),
        kms_key: model.kms_key.clone(),
        dead_letter_queue: model.dead_letter_queue.clone(),
        log_config: model.log_config.clone(),
    }
}

/// A bus with these settings and tags, and no policy yet.
fn fresh(name: &str, settings: BusSettings, tags: Tags) -> EventBusModel {
    let BusSettings { description, kms_key, dead_letter_queue, log_config } = settings;
    EventBusModel { name: name.to_owned(), description, kms_key, dead_letter_queue, log_config, policy: None, tags }
}

fn nothing() -> BusSettings {
    BusSettings { description: String::new(), kms_key: None, dead_letter_queue: None, log_config: None }
}

fn creation(after: &EventBusModel) -> Vec<EventBusOp> {
    if after.name == DEFAULT_BUS {
        return settle(&fresh(DEFAULT_BUS, nothing(), Tags::new()), after);
    }
    let (settings, tags) = (settings(after), after.tags.clone());
    let made = fresh(&after.name, settings.clone(), tags.clone());
    let mut ops = on(after, vec![EventBusCall::CreateEventBus { settings, tags }]);
    ops.extend(settle(&made, after));
    ops
}

fn removal(before: &EventBusModel) -> Vec<EventBusOp> {
    if before.name == DEFAULT_BUS {
        return settle(before, &fresh(DEFAULT_BUS, nothing(), Tags::new()));
    }
    on(before, vec![EventBusCall::DeleteEventBus { unnames: unnamed(before.policy.as_ref(), None) }])
}

/// Everything that can be changed in place. Tags go first: they make an adopted bus ours.
fn settle(before: &EventBusModel, after: &EventBusModel) -> Vec<EventBusOp> {
    let mut calls = Vec::new();
    let TagChange { put, remove } = TagChange::between(&before.tags, &after.tags);
    if !put.is_empty() {
        calls.push(EventBusCall::TagResource { tags: put });
    }
    if settings(before) != settings(after) {
        calls.push(EventBusCall::UpdateEventBus { settings: settings(after) });
    }
    if before.policy != after.policy {
        let unnames = unnamed(before.policy.as_ref(), after.policy.as_ref());
        calls.push(match after.policy.clone() {
            Some(policy) => EventBusCall::PutPermission { policy, unnames },
            None => EventBusCall::RemovePermission { unnames },
        });
    }
    if !remove.is_empty() {
        calls.push(EventBusCall::UntagResource { keys: remove });
    }
    on(after, calls)
}

fn info(at: &At, op: &EventBusOp) -> OpInfo {
    let EventBusOp { event_bus, call } = op;
    let arn = arn(at, event_bus);
    let of = |call, title: String| OpInfo {
        call,
        resource: arn.clone(),
        title,
        needs: vec![arn.clone()],
        ..OpInfo::default()
    };
    match call {
        EventBusCall::CreateEventBus { settings: _, tags: _ } => OpInfo {
            needs: Vec::new(),
            creates: vec![arn.clone()],
            ..of("events:CreateEventBus", format!("create event bus {event_bus}"))
        },
        EventBusCall::UpdateEventBus { settings: _ } => {
            of("events:UpdateEventBus", format!("update event bus {event_bus}"))
        }
        EventBusCall::PutPermission { policy, unnames } => OpInfo {
            needs: policy.principals().into_iter().chain([arn.clone()]).collect(),
            unnames: unnames.clone(),
            ..of("events:PutPermission", format!("put policy of event bus {event_bus}"))
        },
        EventBusCall::RemovePermission { unnames } => OpInfo {
            needs: Vec::new(),
            unnames: unnames.clone(),
            ..of("events:RemovePermission", format!("remove policy of event bus {event_bus}"))
        },
        EventBusCall::TagResource { tags: _ } => of("events:TagResource", format!("tag event bus {event_bus}")),
        EventBusCall::UntagResource { keys: _ } => {
            OpInfo { needs: Vec::new(), ..of("events:UntagResource", format!("remove tags of event bus {event_bus}")) }
        }
        EventBusCall::DeleteEventBus { unnames } => OpInfo {
            needs: Vec::new(),
            unnames: unnames.clone(),
            destroys: vec![arn.clone()],
            ..of("events:DeleteEventBus", format!("delete event bus {event_bus}"))
        },
    }
}

fn simulate(model: &mut Option<EventBusModel>, op: &EventBusOp) {
    let EventBusOp { event_bus, call } = op.clone();
    if let EventBusCall::CreateEventBus { settings, tags } = call {
        *model = Some(fresh(&event_bus, settings, tags));
        return;
    }
    if model.is_none() && event_bus == DEFAULT_BUS {
        *model = Some(fresh(DEFAULT_BUS, nothing(), Tags::new()));
    }
    // EventBridge refuses all others for a bus that is not there.
    let Some(held) = model else { return };
    match call {
        EventBusCall::CreateEventBus { settings: _, tags: _ } => {}
        EventBusCall::UpdateEventBus { settings } => {
            let BusSettings { description, kms_key, dead_letter_queue, log_config } = settings;
            (held.description, held.kms_key) = (description, kms_key);
            (held.dead_letter_queue, held.log_config) = (dead_letter_queue, log_config);
        }
        EventBusCall::PutPermission { policy, unnames: _ } => held.policy = Some(policy),
        EventBusCall::RemovePermission { unnames: _ } => held.policy = None,
        EventBusCall::TagResource { tags } => held.tags.extend(tags),
        EventBusCall::UntagResource { keys } => held.tags.retain(|key, _| !keys.contains(key)),
        EventBusCall::DeleteEventBus { unnames: _ } => *model = None,
    }
    let is_nothing = |held: &EventBusModel| {
        held.name == DEFAULT_BUS && held.policy.is_none() && held.tags.is_empty() && settings(held) == nothing()
    };
    if model.as_ref().is_some_and(is_nothing) {
        *model = None;
    }
}
