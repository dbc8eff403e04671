//! On-premises instances of CodeDeploy. <https://docs.aws.amazon.com/codedeploy/latest/userguide/instances-on-premises.html>
//!
//! CodeDeploy keeps the name of an instance that was deregistered for 24 hours, so that none is deregistered only to be registered again.

use serde::{Deserialize, Serialize};
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Export, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::resolve::Resolver;
use trueup_specs::{Text, spec};

use crate::application::{LIMITS, SIGNS};
use crate::fields::{self, NameRule, TagChange, Tags, is_arn, is_pending};
use crate::source::codedeploy::{self, CodeDeployFacts, InstanceFact};

mod perform;
#[cfg(test)]
mod tests;

const NAME: NameRule = NameRule { what: "on-premises instance", max: 100, signs: SIGNS, page: LIMITS };

spec! {
    /// A server outside of AWS that CodeDeploy deploys to.
    ///
    /// It calls CodeDeploy either as an IAM user or in a session of a role; one of the two must be said. Neither can be changed, and
    /// CodeDeploy keeps the name of an instance that was deregistered for 24 hours: another identity needs another name.
    pub struct OnPremisesInstanceSpec {
        /// The instance's name.
        /// Default: the name in the address, dots as dashes. At most 100 letters, digits and `._+=,@-`. Changing it deregisters the
        /// instance and registers another.
        pub name: Option<Text>,
        /// The ARN of the IAM user it calls as; no other instance may have it.
        /// Default: none. Can't be changed.
        pub iam_user: Option<Text>,
        /// The ARN of the session it calls in, `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`; no other instance may have it.
        /// Default: none. Can't be changed.
        pub iam_session: Option<Text>,
    }
}

/// An on-premises instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnPremisesInstanceModel {
    /// Its name.
    pub name: String,
    /// The ARN of its IAM user.
    pub iam_user: Option<String>,
    /// The ARN of its session.
    pub iam_session: Option<String>,
    /// All tags.
    pub tags: Tags,
}

/// One call on one instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnPremisesInstanceOp {
    /// The instance's name.
    pub instance: String,
    /// The call.
    pub call: OnPremisesInstanceCall,
}

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op")]
pub enum OnPremisesInstanceCall {
    /// `RegisterOnPremisesInstance`.
    RegisterOnPremisesInstance {
        /// The ARN of its IAM user.
        iam_user: Option<String>,
        /// The ARN of its session.
        iam_session: Option<String>,
    },
    /// `AddTagsToOnPremisesInstances`.
    AddTagsToOnPremisesInstances {
        /// New or changed.
        tags: Tags,
    },
    /// `RemoveTagsFromOnPremisesInstances`.
    RemoveTagsFromOnPremisesInstances {
        /// With their values, without which CodeDeploy removes none.
        tags: Tags,
    },
    /// `DeregisterOnPremisesInstance`.
    DeregisterOnPremisesInstance {
        /// The ARN of its IAM user.
        releases: Vec<String>,
    },
}

/// The kind `on_premises_instance`.
#[derive(Clone, Copy, Debug)]
pub struct OnPremisesInstance;

static SCHEMA: KindSchema = KindSchema {
    name: "on_premises_instance",
    summary: "A server outside of AWS that CodeDeploy deploys to.",
    scope: KindScope::Region,
    stateful: false,
    taggable: true,
    attributes: &[("arn", "The instance's ARN; known after apply."), ("name", "The instance's name.")],
    shape: shape_of::<OnPremisesInstanceSpec>,
    decode: decode_any::<OnPremisesInstanceSpec>,
};

impl Kind for OnPremisesInstance {
    type Spec = OnPremisesInstanceSpec;
    type Model = OnPremisesInstanceModel;
    type Op = OnPremisesInstanceOp;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn sources() -> &'static [&'static str] {
        &[codedeploy::NAME]
    }

    fn identity(spec: &OnPremisesInstanceSpec, at: &At, cx: &mut Resolver<'_>) -> Identity {
        let name = fields::name(spec.name.as_ref(), &NAME, cx);
        let claim = Some(format!("codedeploy {} {} instance:{name}", at.account_id, at.region()));
        Identity { outputs: [("name".to_owned(), name.clone())].into(), claim, name }
    }

    fn desired(spec: &OnPremisesInstanceSpec, _: &At, cx: &mut Resolver<'_>) -> Option<OnPremisesInstanceModel> {
        let OnPremisesInstanceSpec { name, iam_user, iam_session } = spec;
        if iam_user.is_some() == iam_session.is_some() {
            let problem = Diagnostic::error("an on-premises instance has either an `iam_user` or an `iam_session`");
            let both = if iam_user.is_some() { "this one has both" } else { "this one has neither" };
            cx.problem(problem.at(cx.span(), both));
        }
        Some(OnPremisesInstanceModel {
            name: fields::name(name.as_ref(), &NAME, cx),
            iam_user: iam_user.as_ref().map(|text| identity_arn(text, "iam", "user/", "an IAM user", cx)),
            iam_session: iam_session
                .as_ref()
                .map(|text| identity_arn(text, "sts", "assumed-role/", "a role's session", cx)),
            tags: fields::tags(cx),
        })
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<OnPremisesInstanceModel>>, Unread> {
        let facts: &CodeDeployFacts = facts.get(codedeploy::NAME, scope)?;
        Ok(facts.instances.iter().map(live).collect())
    }

    fn tags(model: &OnPremisesInstanceModel) -> Option<&Tags> {
        Some(&model.tags)
    }

    fn tags_mut(model: &mut OnPremisesInstanceModel) -> Option<&mut Tags> {
        Some(&mut model.tags)
    }

    fn tags_come_later() -> bool {
        // https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_RegisterOnPremisesInstance.html
        true
    }

    fn ops(
        _: &At,
        before: Option<&OnPremisesInstanceModel>,
        after: Option<&OnPremisesInstanceModel>,
    ) -> Result<Steps<OnPremisesInstanceOp>, Refusal> {
        match (before, after) {
            (None, None) => Ok(Steps { ops: Vec::new(), replaces: Vec::new() }),
            (None, Some(after)) => Ok(Steps { ops: creation(after), replaces: Vec::new() }),
            (Some(before), None) => Ok(Steps { ops: vec![removal(before)], replaces: Vec::new() }),
            (Some(before), Some(after)) => change(before, after),
        }
    }

    fn split(_: &At, _: &OnPremisesInstanceOp) -> Option<Vec<OnPremisesInstanceOp>> {
        // An instance is registered once, with all it names.
        None
    }

    fn follow(_: &At, _: &OnPremisesInstanceModel, _: &str) -> Vec<OnPremisesInstanceOp> {
        // CodeDeploy keeps the ARN of the user.
        Vec::new()
    }

    fn info(at: &At, op: &OnPremisesInstanceOp) -> OpInfo {
        info(at, op)
    }

    fn export(_: &At, live: &Live<OnPremisesInstanceModel>) -> Export {
        Export::same(&live.model)
    }

    fn simulate(model: &mut Option<OnPremisesInstanceModel>, op: &OnPremisesInstanceOp) {
        simulate(model, op);
    }
}

fn identity_arn(text: &Text, service: &str, sort: &str, what: &str, cx: &mut Resolver<'_>) -> String {
    let arn = cx.text(text);
    if !is_pending(&arn) && !is_arn(&arn, service, sort) {
        let problem = Diagnostic::error(format!("`{arn}` is not the ARN of {what}")).at(text.span(), "");
        cx.problem(problem.help(format!("it is arn:aws:{service}::ACCOUNT:{sort}NAME")));
    }
    arn
}

fn live(fact: &InstanceFact) -> Live<OnPremisesInstanceModel> {
    let InstanceFact { name, arn, iam_user, iam_session, tags } = fact;
    let outputs = [("arn", arn), ("name", name)];
    Live {
        name: name.clone(),
        model: OnPremisesInstanceModel {
            name: name.clone(),
            iam_user: iam_user.clone(),
            iam_session: iam_session.clone(),
            tags: tags.clone(),
        },
        outputs: outputs.map(|(attribute, value)| (attribute.to_owned(), value.clone())).into(),
    }
}

fn on(model: &OnPremisesInstanceModel, call: OnPremisesInstanceCall) -> OnPremisesInstanceOp {
    OnPremisesInstanceOp { instance: model.name.clone(), call }
}

fn creation(after: &OnPremisesInstanceModel) -> Vec<OnPremisesInstanceOp> {
    let OnPremisesInstanceModel { name: _, iam_user, iam_session, tags } = after.clone();
    let register = OnPremisesInstanceCall::RegisterOnPremisesInstance { iam_user, iam_session };
    let tag = (!tags.is_empty()).then_some(OnPremisesInstanceCall::AddTagsToOnPremisesInstances { tags });
    [register].into_iter().chain(tag).map(|call| on(after, call)).collect()
}

fn removal(before: &OnPremisesInstanceModel) -> OnPremisesInstanceOp {
    let releases = before.iam_user.iter().cloned().collect();
    on(before, OnPremisesInstanceCall::DeregisterOnPremisesInstance { releases })
}

fn change(
    before: &OnPremisesInstanceModel,
    after: &OnPremisesInstanceModel,
) -> Result<Steps<OnPremisesInstanceOp>, Refusal> {
    let OnPremisesInstanceModel { name, iam_user, iam_session, tags } = after;
    if *name != before.name {
        let ops = [removal(before)].into_iter().chain(creation(after)).collect();
        return Ok(Steps { ops, replaces: vec!["name"] });
    }
    let different = [("iam_user", *iam_user != before.iam_user), ("iam_session", *iam_session != before.iam_session)];
    if let Some((field, _)) = different.into_iter().find(|(_, different)| *different) {
        return Err(Refusal {
            field,
            why: format!(
                "{field} of a registered instance can't be changed, and CodeDeploy keeps the name of a deregistered one for 24 hours"
            ),
            help: "give the instance another name, or deregister it now and register it again in 24 hours".to_owned(),
        });
    }
    let TagChange { put, remove: _ } = TagChange::between(&before.tags, tags);
    // A tag with another value is another tag to CodeDeploy.
    let remove: Tags = before
        .tags
        .iter()
        .filter(|(key, value)| tags.get(key) != Some(value))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    let mut ops = Vec::new();
    if !remove.is_empty() {
        ops.push(on(after, OnPremisesInstanceCall::RemoveTagsFromOnPremisesInstances { tags: remove }));
    }
    if !put.is_empty() {
        ops.push(on(after, OnPremisesInstanceCall::AddTagsToOnPremisesInstances { tags: put }));
    }
    Ok(Steps { ops, replaces: Vec::new() })
}

fn info(at: &At, op: &OnPremisesInstanceOp) -> OpInfo {
    let OnPremisesInstanceOp { instance, call } = op;
    // CodeDeploy makes up the end of the ARN.
    let arn = at.arn("codedeploy", &format!("instance/{instance}"));
    let of = |call, title: String| OpInfo { call, resource: arn.clone(), title, ..OpInfo::default() };
    match call {
        OnPremisesInstanceCall::RegisterOnPremisesInstance { iam_user, iam_session: _ } => OpInfo {
            needs: iam_user.iter().cloned().collect(),
            creates: vec![arn.clone()],
            yields: &["arn"],
            ..of("codedeploy:RegisterOnPremisesInstance", format!("register instance {instance}"))
        },
        OnPremisesInstanceCall::AddTagsToOnPremisesInstances { tags: _ } => OpInfo {
            needs: vec![arn.clone()],
            ..of("codedeploy:AddTagsToOnPremisesInstances", format!("tag instance {instance}"))
        },
        OnPremisesInstanceCall::RemoveTagsFromOnPremisesInstances { tags: _ } => {
            of("codedeploy:RemoveTagsFromOnPremisesInstances", format!("remove tags of instance {instance}"))
        }
        OnPremisesInstanceCall::DeregisterOnPremisesInstance { releases } => OpInfo {
            destroys: vec![arn.clone()],
            releases: releases.clone(),
            ..of(
                "codedeploy:DeregisterOnPremisesInstance",
                format!("deregister instance {instance}; its name is not free for 24 hours"),
            )
        },
    }
}

fn simulate(model: &mut Option<OnPremisesInstanceModel>, op: &OnPremisesInstanceOp) {
    let OnPremisesInstanceOp { instance: name, call } = op.clone();
    match call {
        OnPremisesInstanceCall::RegisterOnPremisesInstance { iam_user, iam_session } => {
            *model = Some(OnPremisesInstanceModel { name, iam_user, iam_session, tags: Tags::new() });
        }
        OnPremisesInstanceCall::AddTagsToOnPremisesInstances { tags } => {
            model.iter_mut().for_each(|held| held.tags.extend(tags.clone()));
        }
        OnPremisesInstanceCall::RemoveTagsFromOnPremisesInstances { tags } => {
            model.iter_mut().for_each(|held| held.tags.retain(|key, value| tags.get(key) != Some(value)));
        }
        OnPremisesInstanceCall::DeregisterOnPremisesInstance { releases: _ } => *model = None,
    }
}
