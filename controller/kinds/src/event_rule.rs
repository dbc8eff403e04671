//! The kind `event_rule`: an EventBridge rule with its targets.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rules.html>

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Export, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::resolve::Resolver;

use crate::fields::{self, TagChange, Tags};
use crate::source::events::{self, EventsFacts, RuleFact, rule_resource};

mod desired;
mod ecs;
mod export;
mod parameters;
pub(crate) mod pattern;
mod perform;
mod schedule;
mod spec;
#[cfg(test)]
mod tests;
pub(crate) mod wire;

pub use ecs::{
    CapacityProvider, CapacityProviderSpec, Ecs, EcsSpec, LaunchType, PlacementConstraint, PlacementConstraintSpec,
    PlacementConstraintType, PlacementStrategy, PlacementStrategySpec, PlacementStrategyType,
};
pub use parameters::{Batch, BatchSpec, Http, HttpSpec, Redshift, RedshiftSpec};
pub use spec::{EventRuleSpec, InputTransformerSpec, RetryPolicySpec, RunCommandTargetSpec, State, TargetSpec};

/// A rule. Words are AWS's, so that one this version does not know can be told apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventRuleModel {
    /// Its event bus.
    pub event_bus: String,
    /// Its name.
    pub name: String,
    /// The events it is for, in canonical form.
    pub event_pattern: Option<Value>,
    /// When it fires by itself.
    pub schedule_expression: Option<String>,
    /// `ENABLED`, `DISABLED`, ….
    pub state: String,
    /// What it is for; empty without one.
    pub description: String,
    /// The role of the rule itself.
    pub role: Option<String>,
    /// What it sends events to, by id.
    pub targets: BTreeMap<String, Target>,
    /// The service that made it and keeps it as it is.
    pub managed_by: Option<String>,
    /// All tags but AWS's own.
    pub tags: Tags,
}

/// What a rule sends events to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Its ARN.
    pub arn: String,
    /// The role EventBridge takes for it.
    pub role: Option<String>,
    /// A JSON text it gets instead of the event.
    pub input: Option<String>,
    /// The part of the event it gets.
    pub input_path: Option<String>,
    /// What is made of the event.
    pub input_transformer: Option<InputTransformer>,
    /// The queue for what could not be delivered.
    pub dead_letter_queue: Option<String>,
    /// How often and how long it is tried.
    pub retry_policy: RetryPolicy,
    /// The message group, of a FIFO queue.
    pub sqs_message_group_id: Option<String>,
    /// The instances, of a Run Command.
    pub run_command_targets: BTreeMap<String, BTreeSet<String>>,
    /// The task, of an ECS cluster.
    pub ecs: Option<Ecs>,
    /// The job, of a queue of AWS Batch.
    pub batch: Option<Batch>,
    /// What a request says.
    pub http: Option<Http>,
    /// The part of the event that chooses a shard, of a Kinesis stream.
    pub kinesis_partition_key_path: Option<String>,
    /// The statements, of Redshift.
    pub redshift: Option<Redshift>,
    /// The parameters of a pipeline of SageMaker.
    pub sagemaker_pipeline_parameters: BTreeMap<String, String>,
    /// The operation, of an API of AppSync.
    pub appsync_graphql_operation: Option<String>,
}

/// What is made of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputTransformer {
    /// Parts of the event by name.
    pub input_paths: BTreeMap<String, String>,
    /// The text with the names in it.
    pub input_template: String,
}

/// How often and how long delivery is tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// Times.
    pub maximum_retry_attempts: i32,
    /// Seconds.
    pub maximum_event_age_seconds: i32,
}

/// What EventBridge does without being told. <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RetryPolicy.html>
impl Default for RetryPolicy {
    fn default() -> Self {
        Self { maximum_retry_attempts: 185, maximum_event_age_seconds: 86_400 }
    }
}

/// What PutRule takes besides names and tags: it replaces all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleSettings {
    /// The events it is for.
    pub event_pattern: Option<Value>,
    /// When it fires by itself.
    pub schedule_expression: Option<String>,
    /// `ENABLED`, `DISABLED`, ….
    pub state: String,
    /// What it is for; empty without one.
    pub description: String,
    /// The role of the rule itself.
    pub role: Option<String>,
}

/// One call on one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRuleOp {
    /// Its event bus.
    pub event_bus: String,
    /// Its name.
    pub rule: String,
    /// The call.
    pub call: EventRuleCall,
}

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op")]
pub enum EventRuleCall {
    /// `PutRule`, of a rule that is not there.
    CreateRule {
        /// All of them.
        settings: RuleSettings,
        /// All of them.
        tags: Tags,
    },
    /// `PutRule`, of one that is.
    PutRule {
        /// All of them.
        settings: RuleSettings,
    },
    /// `PutTargets`.
    PutTargets {
        /// New or changed, by id.
        targets: BTreeMap<String, Target>,
    },
    /// `RemoveTargets`.
    RemoveTargets {
        /// Ids.
        ids: Vec<String>,
        /// What they named.
        releases: Vec<String>,
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
    /// `DeleteRule`, once it has no targets.
    DeleteRule,
}

/// The kind `event_rule`.
#[derive(Clone, Copy, Debug)]
pub struct EventRule;

static SCHEMA: KindSchema = KindSchema {
    name: "event_rule",
    summary: "An EventBridge rule with its targets.",
    scope: KindScope::Region,
    stateful: false,
    taggable: true,
    attributes: &[("arn", "The rule's ARN."), ("name", "The rule's name, without its event bus.")],
    shape: shape_of::<EventRuleSpec>,
    decode: decode_any::<EventRuleSpec>,
};

fn arn(at: &At, event_bus: &str, name: &str) -> String {
    at.arn("events", &rule_resource(event_bus, name))
}

impl Kind for EventRule {
    type Spec = EventRuleSpec;
    type Model = EventRuleModel;
    type Op = EventRuleOp;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn sources() -> &'static [&'static str] {
        &[events::NAME]
    }

    fn identity(spec: &EventRuleSpec, at: &At, cx: &mut Resolver<'_>) -> Identity {
        let (event_bus, name) = desired::names(spec, at, cx);
        let arn = arn(at, &event_bus, &name);
        Identity {
            claim: Some(format!("events {} {} rule/{event_bus}/{name}", at.account_id, at.region())),
            name: format!("{event_bus}/{name}"),
            outputs: fields::outputs([("arn", arn), ("name", name)]),
        }
    }

    fn desired(spec: &EventRuleSpec, at: &At, cx: &mut Resolver<'_>) -> Option<EventRuleModel> {
        desired::desired(spec, at, cx)
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<EventRuleModel>>, Unread> {
        let facts: &EventsFacts = facts.get(events::NAME, scope)?;
        Ok(facts.rules.iter().map(live).collect())
    }

    fn tags(model: &EventRuleModel) -> Option<&Tags> {
        Some(&model.tags)
    }

    fn tags_mut(model: &mut EventRuleModel) -> Option<&mut Tags> {
        Some(&mut model.tags)
    }

    fn ops(
        _: &At,
        before: Option<&EventRuleModel>,
        after: Option<&EventRuleModel>,
    ) -> Result<Steps<EventRuleOp>, Refusal> {
        let (mut ops, mut replaces) = (Vec::new(), Vec::new());
        if let (Some(before), Some(after)) = (before, after) {
            if let Some(service) = before.managed_by.as_ref().filter(|_| before != after) {
                return Err(Refusal {
                    field: "managed_by",
                    why: format!("{service} made this rule and keeps it as it is"),
                    help: "give the rule another name".to_owned(),
                });
            }
            if before.name != after.name {
                replaces.push("name");
            }
            if before.event_bus != after.event_bus {
                replaces.push("event_bus");
            }
        }
        match (before, after) {
            (Some(before), Some(after)) if replaces.is_empty() => ops.extend(settle(before, after)),
            (before, after) => {
                ops.extend(before.into_iter().flat_map(removal));
                ops.extend(after.into_iter().flat_map(creation));
            }
        }
        Ok(Steps { ops, replaces })
    }

    // Making a rule names nothing but its own role: its targets are a call of their own already.
    fn split(_: &At, _: &EventRuleOp) -> Option<Vec<EventRuleOp>> {
        None
    }

    // EventBridge keeps ARNs, so that what was made again is what is named.
    fn follow(_: &At, _: &EventRuleModel, _: &str) -> Vec<EventRuleOp> {
        Vec::new()
    }

    fn info(at: &At, op: &EventRuleOp) -> OpInfo {
        info(at, op)
    }

    fn export(at: &At, live: &Live<EventRuleModel>) -> Export {
        // What a service made is that service's to change.
        if live.model.managed_by.is_some() { Export::Aws } else { export::export(at, &live.model) }
    }

    fn simulate(model: &mut Option<EventRuleModel>, op: &EventRuleOp) {
        simulate(model, op);
    }
}

fn live(fact: &RuleFact) -> Live<EventRuleModel> {
    let RuleFact {
        event_bus,
        name,
        arn,
        event_pattern,
        schedule_expression,
        state,
        description,
        role,
        targets,
        managed_by,
        tags,
    } = fact;
    let model = EventRuleModel {
        event_bus: event_bus.clone(),
        name: name.clone(),
        event_pattern: event_pattern.as_deref().map(pattern::from_live),
        schedule_expression: schedule_expression.clone(),
        state: state.clone(),
        description: description.clone(),
        role: role.clone(),
        targets: targets.clone(),
        managed_by: managed_by.clone(),
        tags: tags.clone(),
    };
    let outputs = fields::outputs([("arn", arn.clone()), ("name", name.clone())]);
    Live { name: format!("{event_bus}/{name}"), model, outputs }
}

fn on(model: &EventRuleModel, calls: Vec<EventRuleCall>) -> Vec<EventRuleOp> {
    let op = |call| EventRuleOp { event_bus: model.event_bus.clone(), rule: model.name.clone(), call };
    calls.into_iter().map(op).collect()
}

fn settings(model: &EventRuleModel) -> RuleSettings {
    let EventRuleModel {
        event_bus: _,
        name: _,
        event_pattern,
        schedule_expression,
        state,
        description,
        role,
        targets: _,
        managed_by: _,
        tags: _,
    } = model.clone();
    RuleSettings { event_pattern, schedule_expression, state, description, role }
}

fn creation(after: &EventRuleModel) -> Vec<EventRuleOp> {
    let mut calls = vec![EventRuleCall::CreateRule { settings: settings(after), tags: after.tags.clone() }];
    if !after.targets.is_empty() {
        calls.push(EventRuleCall::PutTargets { targets: after.targets.clone() });
    }
    on(after, calls)
}

fn removal(before: &EventRuleModel) -> Vec<EventRuleOp> {
    let mut calls = Vec::new();
    if !before.targets.is_empty() {
        calls.push(remove_targets(before, before.targets.keys().cloned().collect()));
    }
    calls.push(EventRuleCall::DeleteRule);
    on(before, calls)
}

fn remove_targets(before: &EventRuleModel, ids: Vec<String>) -> EventRuleCall {
    let targets = ids.iter().filter_map(|id| before.targets.get(id));
    let releases: BTreeSet<String> = targets.flat_map(names_of).collect();
    EventRuleCall::RemoveTargets { ids, releases: releases.into_iter().collect() }
}

/// The ARNs a target names.
fn names_of(target: &Target) -> impl Iterator<Item = String> {
    let named = [Some(&target.arn), target.role.as_ref(), target.dead_letter_queue.as_ref()];
    named.into_iter().flatten().cloned()
}

/// Everything that can be changed in place. Tags go first: they make an adopted rule ours. Targets go before others come: five are the
/// most.
fn settle(before: &EventRuleModel, after: &EventRuleModel) -> Vec<EventRuleOp> {
    let mut calls = Vec::new();
    let TagChange { put, remove } = TagChange::between(&before.tags, &after.tags);
    if !put.is_empty() {
        calls.push(EventRuleCall::TagResource { tags: put });
    }
    if !remove.is_empty() {
        calls.push(EventRuleCall::UntagResource { keys: remove });
    }
    if settings(before) != settings(after) {
        calls.push(EventRuleCall::PutRule { settings: settings(after) });
    }
    let gone: Vec<String> = before.targets.keys().filter(|id| !after.targets.contains_key(*id)).cloned().collect();
    if !gone.is_empty() {
        calls.push(remove_targets(before, gone));
    }
    let new = after.targets.iter().filter(|(id, target)| before.targets.get(*id) != Some(target));
    let targets: BTreeMap<String, Target> = new.map(|(id, target)| (id.clone(), target.clone())).collect();
    if !targets.is_empty() {
        calls.push(EventRuleCall::PutTargets { targets });
    }
    on(after, calls)
}

fn info(at: &At, op: &EventRuleOp) -> OpInfo {
    let EventRuleOp { event_bus, rule, call } = op;
    let arn = arn(at, event_bus, rule);
    let bus = at.arn("events", &format!("event-bus/{event_bus}"));
    let of = |call, title: String| OpInfo {
        call,
        resource: arn.clone(),
        title,
        needs: vec![arn.clone()],
        ..OpInfo::default()
    };
    let with_role = |role: &Option<String>, more: String| [more].into_iter().chain(role.clone()).collect();
    match call {
        EventRuleCall::CreateRule { settings, tags: _ } => OpInfo {
            needs: with_role(&settings.role, bus),
            creates: vec![arn.clone()],
            ..of("events:PutRule", format!("create event rule {rule}"))
        },
        EventRuleCall::PutRule { settings } => OpInfo {
            needs: with_role(&settings.role, arn.clone()),
            ..of("events:PutRule", format!("put event rule {rule}"))
        },
        EventRuleCall::PutTargets { targets } => {
            let ids = targets.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            let named: BTreeSet<String> = targets.values().flat_map(names_of).collect();
            OpInfo {
                needs: named.into_iter().chain([arn.clone()]).collect(),
                ..of("events:PutTargets", format!("put targets of event rule {rule}: {ids}"))
            }
        }
        EventRuleCall::RemoveTargets { ids, releases } => OpInfo {
            needs: Vec::new(),
            unnames: releases.clone(),
            ..of("events:RemoveTargets", format!("remove targets of event rule {rule}: {}", ids.join(", ")))
        },
        EventRuleCall::TagResource { tags: _ } => of("events:TagResource", format!("tag event rule {rule}")),
        EventRuleCall::UntagResource { keys: _ } => {
            OpInfo { needs: Vec::new(), ..of("events:UntagResource", format!("remove tags of event rule {rule}")) }
        }
        EventRuleCall::DeleteRule => OpInfo {
            needs: Vec::new(),
            // A bus with rules stays.
            releases: vec![bus],
            destroys: vec![arn.clone()],
            ..of("events:DeleteRule", format!("delete event rule {rule}"))
        },
    }
}

fn simulate(model: &mut Option<EventRuleModel>, op: &EventRuleOp) {
    let EventRuleOp { event_bus, rule, call } = op.clone();
    match (call, model.as_mut()) {
        (EventRuleCall::CreateRule { settings, tags }, _) => {
            let RuleSettings { event_pattern, schedule_expression, state, description, role } = settings;
            *model = Some(EventRuleModel {
                event_bus,
                name: rule,
                event_pattern,
                schedule_expression,
                state,
                description,
                role,
                targets: BTreeMap::new(),
                managed_by: None,
                tags,
            });
        }
        (EventRuleCall::PutRule { settings }, Some(held)) => {
            let RuleSettings { event_pattern, schedule_expression, state, description, role } = settings;
            (held.event_pattern, held.schedule_expression) = (event_pattern, schedule_expression);
            (held.state, held.description, held.role) = (state, description, role);
        }
        (EventRuleCall::PutTargets { targets }, Some(held)) => held.targets.extend(targets),
        (EventRuleCall::RemoveTargets { ids, releases: _ }, Some(held)) => {
            held.targets.retain(|id, _| !ids.contains(id));
        }
        (EventRuleCall::TagResource { tags }, Some(held)) => held.tags.extend(tags),
        (EventRuleCall::UntagResource { keys }, Some(held)) => held.tags.retain(|key, _| !keys.contains(key)),
        (EventRuleCall::DeleteRule, _) => *model = None,
        // EventBridge refuses these for a rule that is not there.
        (
            EventRuleCall::PutRule { settings: _ }
            | EventRuleCall::PutTargets { targets: _ }
            | EventRuleCall::RemoveTargets { ids: _, releases: _ }
            | EventRuleCall::TagResource { tags: _ }
            | EventRuleCall::UntagResource { keys: _ },
            None,
        ) => {}
    }
}
