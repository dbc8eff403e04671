//! CodeDeploy deployment groups. <https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-groups.html>
//!
//! A group's physical name is `APPLICATION/GROUP`: groups are named within their application.

use serde::{Deserialize, Serialize};
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Export, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::resolve::Resolver;

use crate::application;
use crate::fields::{TagChange, Tags};
use crate::source::codedeploy::{self, CodeDeployFacts, GroupFact, PREDEFINED};

mod desired;
mod export;
mod perform;
mod settings;
mod spec;
#[cfg(test)]
mod tests;
pub(crate) mod wire;

pub use settings::{
    Alarms, BlueGreen, Change, DeploymentStyle, EcsService, LoadBalancers, Settings, TagFilter, TargetGroupPair,
    Trigger, Triggers, Waiting,
};
pub use spec::DeploymentGroupSpec;

/// CodeDeploy's choice for instances.
const ONE_AT_A_TIME: &str = "CodeDeployDefault.OneAtATime";
/// CodeDeploy's choice for ECS services.
const ECS_ALL_AT_ONCE: &str = "CodeDeployDefault.ECSAllAtOnce";

/// A deployment group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentGroupModel {
    /// The application's name.
    pub application: String,
    /// Its name.
    pub name: String,
    /// Everything else.
    #[serde(flatten)]
    pub settings: Settings,
    /// All tags but AWS's own.
    pub tags: Tags,
}

/// Which group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The application's name.
    pub application: String,
    /// The group's name.
    pub name: String,
}

/// One call on one deployment group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentGroupOp {
    /// The group.
    pub group: Group,
    /// Its ARN.
    pub arn: String,
    /// The call.
    pub call: DeploymentGroupCall,
}

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op")]
pub enum DeploymentGroupCall {
    /// `CreateDeploymentGroup`.
    CreateDeploymentGroup {
        /// All of them.
        settings: Box<Settings>,
        /// All of them.
        tags: Tags,
    },
    /// `UpdateDeploymentGroup`.
    UpdateDeploymentGroup {
        /// Where it gets another name.
        new_name: Option<String>,
        /// What changes.
        change: Box<Change>,
        /// The ARN of the configuration it no longer uses.
        releases: Vec<String>,
        /// The ARN of the role it no longer names.
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
    /// `DeleteDeploymentGroup`.
    DeleteDeploymentGroup {
        /// ARNs of its application and its configuration.
        releases: Vec<String>,
        /// The ARN of its role.
        unnames: Vec<String>,
    },
}

/// The kind `deployment_group`.
#[derive(Clone, Copy, Debug)]
pub struct DeploymentGroup;

static SCHEMA: KindSchema = KindSchema {
    name: "deployment_group",
    summary: "A CodeDeploy deployment group: where an application is deployed to, and how.",
    scope: KindScope::Region,
    stateful: false,
    taggable: true,
    attributes: &[
        ("arn", "The group's ARN."),
        ("name", "The group's name, without its application."),
        ("application", "The application's name."),
        ("id", "The id CodeDeploy gave it; known after apply."),
    ],
    shape: shape_of::<DeploymentGroupSpec>,
    decode: decode_any::<DeploymentGroupSpec>,
};

impl Kind for DeploymentGroup {
    type Spec = DeploymentGroupSpec;
    type Model = DeploymentGroupModel;
    type Op = DeploymentGroupOp;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn sources() -> &'static [&'static str] {
        &[codedeploy::NAME]
    }

    fn identity(spec: &DeploymentGroupSpec, at: &At, cx: &mut Resolver<'_>) -> Identity {
        let group = Group { application: desired::application(spec, at, cx), name: desired::name(spec, cx) };
        let both = group.both();
        let outputs = [("arn", group.arn(at)), ("name", group.name), ("application", group.application)];
        Identity {
            claim: Some(format!("codedeploy {} {} deploymentgroup:{both}", at.account_id, at.region())),
            outputs: outputs.map(|(attribute, value)| (attribute.to_owned(), value)).into(),
            name: both,
        }
    }

    fn desired(spec: &DeploymentGroupSpec, at: &At, cx: &mut Resolver<'_>) -> Option<DeploymentGroupModel> {
        desired::desired(spec, at, cx)
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<DeploymentGroupModel>>, Unread> {
        let facts: &CodeDeployFacts = facts.get(codedeploy::NAME, scope)?;
        Ok(facts.groups.iter().map(live).collect())
    }

    fn tags(model: &DeploymentGroupModel) -> Option<&Tags> {
        Some(&model.tags)
    }

    fn tags_mut(model: &mut DeploymentGroupModel) -> Option<&mut Tags> {
        Some(&mut model.tags)
    }

    fn ops(
        at: &At,
        before: Option<&DeploymentGroupModel>,
        after: Option<&DeploymentGroupModel>,
    ) -> Result<Steps<DeploymentGroupOp>, Refusal> {
        let steps = match (before, after) {
            (None, None) => Steps { ops: Vec::new(), replaces: Vec::new() },
            (None, Some(after)) => Steps { ops: vec![creation(at, after)], replaces: Vec::new() },
            (Some(before), None) => Steps { ops: vec![removal(at, before)], replaces: Vec::new() },
            (Some(before), Some(after)) if before.application != after.application => {
                Steps { ops: vec![removal(at, before), creation(at, after)], replaces: vec!["application"] }
            }
            (Some(before), Some(after)) => Steps { ops: change(at, before, after), replaces: Vec::new() },
        };
        Ok(steps)
    }

    fn split(_: &At, _: &DeploymentGroupOp) -> Option<Vec<DeploymentGroupOp>> {
        // A group can't be without its application and its role, and neither names a group.
        None
    }

    fn follow(at: &At, model: &DeploymentGroupModel, replaced: &str) -> Vec<DeploymentGroupOp> {
        if application::arn(at, &model.application) == replaced {
            // Its groups go with an application.
            return vec![removal(at, model), creation(at, model)];
        }
        if config_arn(at, &model.settings.deployment_config).as_deref() == Some(replaced) {
            // CodeDeploy keeps a configuration that is in use, so the group uses another for a moment.
            let mut between = model.clone();
            let ecs = !model.settings.ecs_services.is_empty();
            between.settings.deployment_config = if ecs { ECS_ALL_AT_ONCE } else { ONE_AT_A_TIME }.to_owned();
            return [change(at, model, &between), change(at, &between, model)].concat();
        }
        Vec::new()
    }

    fn info(at: &At, op: &DeploymentGroupOp) -> OpInfo {
        info(at, op)
    }

    fn export(at: &At, live: &Live<DeploymentGroupModel>) -> Export {
        export::export(at, &live.model)
    }

    fn simulate(model: &mut Option<DeploymentGroupModel>, op: &DeploymentGroupOp) {
        simulate(model, op);
    }
}

impl Group {
    fn of(model: &DeploymentGroupModel) -> Self {
        Self { application: model.application.clone(), name: model.name.clone() }
    }

    fn both(&self) -> String {
        format!("{}/{}", self.application, self.name)
    }

    fn arn(&self, at: &At) -> String {
        at.arn("codedeploy", &format!("deploymentgroup:{}", self.both()))
    }
}

fn live(fact: &GroupFact) -> Live<DeploymentGroupModel> {
    let GroupFact { application, name, arn, id, settings, tags } = fact;
    let outputs = [("arn", arn), ("name", name), ("application", application), ("id", id)];
    Live {
        name: format!("{application}/{name}"),
        model: DeploymentGroupModel {
            application: application.clone(),
            name: name.clone(),
            settings: settings.clone(),
            tags: tags.clone(),
        },
        outputs: outputs.map(|(attribute, value)| (attribute.to_owned(), value.clone())).into(),
    }
}

/// The ARN of a configuration, unless it is one of AWS's own.
fn config_arn(at: &At, name: &str) -> Option<String> {
    (!name.is_empty() && !name.starts_with(PREDEFINED))
        .then(|| at.arn("codedeploy", &format!("deploymentconfig:{name}")))
}

fn on(at: &At, group: Group, call: DeploymentGroupCall) -> DeploymentGroupOp {
    DeploymentGroupOp { arn: group.arn(at), group, call }
}

fn creation(at: &At, after: &DeploymentGroupModel) -> DeploymentGroupOp {
    let DeploymentGroupModel { application: _, name: _, settings, tags } = after.clone();
    on(at, Group::of(after), DeploymentGroupCall::CreateDeploymentGroup { settings: Box::new(settings), tags })
}

fn removal(at: &At, before: &DeploymentGroupModel) -> DeploymentGroupOp {
    let config = config_arn(at, &before.settings.deployment_config);
    let releases = [application::arn(at, &before.application)].into_iter().chain(config).collect();
    let unnames = vec![before.settings.service_role.clone()];
    on(at, Group::of(before), DeploymentGroupCall::DeleteDeploymentGroup { releases, unnames })
}

fn change(at: &At, before: &DeploymentGroupModel, after: &DeploymentGroupModel) -> Vec<DeploymentGroupOp> {
    let DeploymentGroupModel { application: _, name, settings, tags } = after;
    let mut ops = Vec::new();
    let TagChange { put, remove } = TagChange::between(&before.tags, tags);
    if !remove.is_empty() {
        ops.push(on(at, Group::of(before), DeploymentGroupCall::UntagResource { keys: remove }));
    }
    if !put.is_empty() {
        ops.push(on(at, Group::of(before), DeploymentGroupCall::TagResource { tags: put }));
    }
    let change = Change::between(&before.settings, settings);
    let new_name = (*name != before.name).then(|| name.clone());
    if new_name.is_some() || change != Change::default() {
        let config = change.deployment_config.as_ref().and_then(|_| config_arn(at, &before.settings.deployment_config));
        let role = change.service_role.as_ref().map(|_| before.settings.service_role.clone());
        let call = DeploymentGroupCall::UpdateDeploymentGroup {
            new_name,
            change: Box::new(change),
            releases: config.into_iter().collect(),
            unnames: role.into_iter().collect(),
        };
        ops.push(on(at, Group::of(before), call));
    }
    ops
}

/// What must exist before a group names it.
fn needs(
    at: &At,
    role: Option<&String>,
    config: Option<&String>,
    triggers: Option<&settings::Triggers>,
) -> Vec<String> {
    let topics = triggers.into_iter().flatten().map(|(_, trigger)| trigger.topic.clone());
    role.cloned().into_iter().chain(config.and_then(|name| config_arn(at, name))).chain(topics).collect()
}

fn info(at: &At, op: &DeploymentGroupOp) -> OpInfo {
    let DeploymentGroupOp { group, arn, call } = op;
    let both = group.both();
    let of = |call, title: String| OpInfo { call, resource: arn.clone(), title, ..OpInfo::default() };
    match call {
        DeploymentGroupCall::CreateDeploymentGroup { settings, tags: _ } => {
            let Settings { service_role, deployment_config, triggers, .. } = &**settings;
            let mut needs = needs(at, Some(service_role), Some(deployment_config), Some(triggers));
            needs.push(application::arn(at, &group.application));
            OpInfo {
                needs,
                creates: vec![arn.clone()],
                yields: &["id"],
                ..of("codedeploy:CreateDeploymentGroup", format!("create deployment group {both}"))
            }
        }
        DeploymentGroupCall::UpdateDeploymentGroup { new_name, change, releases, unnames } => {
            let mut needs =
                needs(at, change.service_role.as_ref(), change.deployment_config.as_ref(), change.triggers.as_ref());
            needs.push(arn.clone());
            let renamed = new_name.as_ref().map(|name| Group { name: name.clone(), ..group.clone() });
            let mut names = change.names();
            names.extend(new_name.as_ref().map(|_| "name"));
            OpInfo {
                needs,
                creates: renamed.iter().map(|group| group.arn(at)).collect(),
                destroys: renamed.iter().map(|_| arn.clone()).collect(),
                releases: releases.clone(),
                unnames: unnames.clone(),
                ..of("codedeploy:UpdateDeploymentGroup", format!("set {} of deployment group {both}", names.join(", ")))
            }
        }
        DeploymentGroupCall::TagResource { tags: _ } => {
            OpInfo { needs: vec![arn.clone()], ..of("codedeploy:TagResource", format!("tag deployment group {both}")) }
        }
        DeploymentGroupCall::UntagResource { keys: _ } => {
            of("codedeploy:UntagResource", format!("remove tags of deployment group {both}"))
        }
        DeploymentGroupCall::DeleteDeploymentGroup { releases, unnames } => OpInfo {
            destroys: vec![arn.clone()],
            releases: releases.clone(),
            unnames: unnames.clone(),
            ..of("codedeploy:DeleteDeploymentGroup", format!("delete deployment group {both}"))
        },
    }
}

fn simulate(model: &mut Option<DeploymentGroupModel>, op: &DeploymentGroupOp) {
    let DeploymentGroupOp { group: Group { application, name }, arn: _, call } = op.clone();
    if let DeploymentGroupCall::CreateDeploymentGroup { settings, tags } = call {
        *model = Some(DeploymentGroupModel { application, name, settings: *settings, tags });
        return;
    }
    let Some(group) = model else { return };
    match call {
        DeploymentGroupCall::CreateDeploymentGroup { .. } => {}
        DeploymentGroupCall::UpdateDeploymentGroup { new_name, change, releases: _, unnames: _ } => {
            group.name = new_name.unwrap_or(name);
            change.apply(&mut group.settings);
        }
        DeploymentGroupCall::TagResource { tags } => group.tags.extend(tags),
        DeploymentGroupCall::UntagResource { keys } => group.tags.retain(|key, _| !keys.contains(key)),
        DeploymentGroupCall::DeleteDeploymentGroup { releases: _, unnames: _ } => *model = None,
    }
}
