//! Instance profiles. <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2_instance-profiles.html>

use serde::{Deserialize, Serialize};
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Export, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::resolve::Resolver;
use trueup_specs::{Reference, Text, spec};

use crate::fields::{self, IAM_QUOTAS, IAM_SIGNS, NameRule, Named, Role, TagChange, Tags, short};
use crate::handed;
use crate::source::iam::{self, IamFacts, InstanceProfileFact};

mod perform;
#[cfg(test)]
mod tests;

const NAME: NameRule = NameRule { what: "instance profile", max: 128, signs: IAM_SIGNS, page: IAM_QUOTAS };

spec! {
    /// An instance profile: through it, EC2 instances take a role.
    pub struct InstanceProfileSpec {
        /// The profile's name.
        /// Default: the name in the address, dots as dashes. At most 128 letters, digits and `_+=,.@-`; two names of an account may not
        /// differ in case alone. Changing it removes the profile and makes another.
        pub name: Option<Text>,
        /// The path in front of the name in the ARN.
        /// Default: `/`. Changing it removes the profile and makes another.
        pub path: Option<Text>,
        /// The role instances take, by address or ARN.
        /// Default: none; one put in by hand is taken out. AWS allows one, of the same account.
        pub role: Option<Reference<Role>>,
    }
}

/// An instance profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceProfileModel {
    /// Its name.
    pub name: String,
    /// `/` or `/…/`.
    pub path: String,
    /// The role's ARN.
    pub role: Option<String>,
    /// All tags but AWS's own.
    pub tags: Tags,
}

/// One call on one instance profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceProfileOp {
    /// The instance profile.
    pub profile: Named,
    /// The call.
    pub call: InstanceProfileCall,
}

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op")]
pub enum InstanceProfileCall {
    /// `CreateInstanceProfile`.
    CreateInstanceProfile {
        /// All of them.
        tags: Tags,
    },
    /// `AddRoleToInstanceProfile`.
    AddRoleToInstanceProfile {
        /// The role's ARN.
        role: String,
    },
    /// `RemoveRoleFromInstanceProfile`.
    RemoveRoleFromInstanceProfile {
        /// The role's ARN.
        role: String,
    },
    /// `TagInstanceProfile`.
    TagInstanceProfile {
        /// New or changed.
        tags: Tags,
    },
    /// `UntagInstanceProfile`.
    UntagInstanceProfile {
        /// Keys.
        keys: Vec<String>,
    },
    /// `DeleteInstanceProfile`.
    DeleteInstanceProfile,
}

/// The kind `instance_profile`.
#[derive(Clone, Copy, Debug)]
pub struct InstanceProfile;

static SCHEMA: KindSchema = KindSchema {
    name: "instance_profile",
    summary: "An instance profile: through it, EC2 instances take a role.",
    scope: KindScope::Account,
    stateful: false,
    taggable: true,
    attributes: &[
        ("arn", "The profile's ARN."),
        ("name", "The profile's name, without its path."),
        ("id", "The profile's unique id, `AIPA…`, which no later profile of the same name has; known after apply."),
    ],
    shape: shape_of::<InstanceProfileSpec>,
    decode: decode_any::<InstanceProfileSpec>,
};

impl Kind for InstanceProfile {
    type Spec = InstanceProfileSpec;
    type Model = InstanceProfileModel;
    type Op = InstanceProfileOp;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn sources() -> &'static [&'static str] {
        &[iam::NAME]
    }

    fn ignores_case() -> bool {
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, "IAM name requirements"
        true
    }

    fn identity(spec: &InstanceProfileSpec, at: &At, cx: &mut Resolver<'_>) -> Identity {
        let name = fields::name(spec.name.as_ref(), &NAME, cx);
        let profile = Named { path: fields::path(spec.path.as_ref(), cx), name };
        let claim = Some(format!("iam {} instance-profile/{}", at.account_id, profile.name.to_lowercase()));
        let outputs = [("arn", profile.arn(at, "instance-profile")), ("name", profile.name.clone())];
        let outputs = outputs.map(|(attribute, value)| (attribute.to_owned(), value)).into();
        Identity { name: profile.name, claim, outputs }
    }

    fn desired(spec: &InstanceProfileSpec, at: &At, cx: &mut Resolver<'_>) -> Option<InstanceProfileModel> {
        let InstanceProfileSpec { name, path, role } = spec;
        Some(InstanceProfileModel {
            name: fields::name(name.as_ref(), &NAME, cx),
            path: fields::path(path.as_ref(), cx),
            role: role.as_ref().map(|role| desired_role(role, at, cx)),
            tags: fields::tags(cx),
        })
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<InstanceProfileModel>>, Unread> {
        let facts: &IamFacts = facts.get(iam::NAME, scope)?;
        Ok(facts.instance_profiles.iter().map(live).collect())
    }

    fn tags(model: &InstanceProfileModel) -> Option<&Tags> {
        Some(&model.tags)
    }

    fn tags_mut(model: &mut InstanceProfileModel) -> Option<&mut Tags> {
        Some(&mut model.tags)
    }

    fn ops(
        _: &At,
        before: Option<&InstanceProfileModel>,
        after: Option<&InstanceProfileModel>,
    ) -> Result<Steps<InstanceProfileOp>, Refusal> {
        let steps = match (before, after) {
            (None, None) => Steps { ops: Vec::new(), replaces: Vec::new() },
            (None, Some(after)) => Steps { ops: creation(after), replaces: Vec::new() },
            (Some(before), None) => Steps { ops: removal(before), replaces: Vec::new() },
            (Some(before), Some(after)) => change(before, after),
        };
        Ok(steps)
    }

    fn split(_: &At, _: &InstanceProfileOp) -> Option<Vec<InstanceProfileOp>> {
        // A new profile names nothing.
        None
    }

    fn follow(_: &At, model: &InstanceProfileModel, replaced: &str) -> Vec<InstanceProfileOp> {
        if model.role.as_deref() != Some(replaced) {
            return Vec::new();
        }
        let role = replaced.to_owned();
        let remove = InstanceProfileCall::RemoveRoleFromInstanceProfile { role: role.clone() };
        on(model, vec![remove, InstanceProfileCall::AddRoleToInstanceProfile { role }])
    }

    fn info(at: &At, op: &InstanceProfileOp) -> OpInfo {
        info(at, op)
    }

    fn export(_: &At, live: &Live<InstanceProfileModel>) -> Export {
        Export::same(&live.model)
    }

    fn simulate(model: &mut Option<InstanceProfileModel>, op: &InstanceProfileOp) {
        simulate(model, op);
    }
}

fn desired_role(reference: &Reference<Role>, at: &At, cx: &mut Resolver<'_>) -> String {
    let role = cx.reference(reference);
    let own = at.arn("iam", "role/");
    if !role.is_empty() && !role.starts_with(&own) {
        let problem = Diagnostic::error("an instance profile can only hold a role of its own account");
        cx.problem(
            problem.at(reference.span(), format!("this is {role}")).note(format!("its account's begin with {own}")),
        );
    }
    handed::INSTANCE_PROFILE.check(reference, cx);
    role
}

fn live(fact: &InstanceProfileFact) -> Live<InstanceProfileModel> {
    let InstanceProfileFact { name, path, id, arn, role, tags } = fact;
    let outputs = [("arn", arn), ("name", name), ("id", id)];
    Live {
        name: name.clone(),
        model: InstanceProfileModel { name: name.clone(), path: path.clone(), role: role.clone(), tags: tags.clone() },
        outputs: outputs.map(|(attribute, value)| (attribute.to_owned(), value.clone())).into(),
    }
}

fn on(model: &InstanceProfileModel, calls: Vec<InstanceProfileCall>) -> Vec<InstanceProfileOp> {
    let profile = Named { path: model.path.clone(), name: model.name.clone() };
    calls.into_iter().map(|call| InstanceProfileOp { profile: profile.clone(), call }).collect()
}

fn creation(after: &InstanceProfileModel) -> Vec<InstanceProfileOp> {
    let create = InstanceProfileCall::CreateInstanceProfile { tags: after.tags.clone() };
    let add = after.role.clone().map(|role| InstanceProfileCall::AddRoleToInstanceProfile { role });
    on(after, [create].into_iter().chain(add).collect())
}

fn removal(before: &InstanceProfileModel) -> Vec<InstanceProfileOp> {
    let remove = before.role.clone().map(|role| InstanceProfileCall::RemoveRoleFromInstanceProfile { role });
    on(before, remove.into_iter().chain([InstanceProfileCall::DeleteInstanceProfile]).collect())
}

fn change(before: &InstanceProfileModel, after: &InstanceProfileModel) -> Steps<InstanceProfileOp> {
    let InstanceProfileModel { name, path, role, tags } = after;
    let mut replaces = Vec::new();
    if *name != before.name {
        replaces.push("name");
    }
    if *path != before.path {
        replaces.push("path");
    }
    if !replaces.is_empty() {
        let mut ops = removal(before);
        ops.extend(creation(after));
        return Steps { ops, replaces };
    }
    let mut calls = Vec::new();
    let tag_change = TagChange::between(&before.tags, tags);
    if !tag_change.remove.is_empty() {
        calls.push(InstanceProfileCall::UntagInstanceProfile { keys: tag_change.remove });
    }
    if !tag_change.put.is_empty() {
        calls.push(InstanceProfileCall::TagInstanceProfile { tags: tag_change.put });
    }
    if *role != before.role {
        let remove = before.role.clone().map(|role| InstanceProfileCall::RemoveRoleFromInstanceProfile { role });
        let add = role.clone().map(|role| InstanceProfileCall::AddRoleToInstanceProfile { role });
        calls.extend(remove.into_iter().chain(add));
    }
    Steps { ops: on(after, calls), replaces }
}

fn info(at: &At, op: &InstanceProfileOp) -> OpInfo {
    let InstanceProfileOp { profile, call } = op;
    let arn = profile.arn(at, "instance-profile");
    let name = &profile.name;
    let of = |call, title: String| OpInfo { call, resource: arn.clone(), title, ..OpInfo::default() };
    let adds = |call, title: String| OpInfo { needs: vec![arn.clone()], ..of(call, title) };
    match call {
        InstanceProfileCall::CreateInstanceProfile { tags: _ } => OpInfo {
            creates: vec![arn.clone()],
            yields: &["id"],
            ..of("iam:CreateInstanceProfile", format!("create instance profile {name}"))
        },
        InstanceProfileCall::AddRoleToInstanceProfile { role } => OpInfo {
            needs: vec![arn.clone(), role.clone()],
            ..of("iam:AddRoleToInstanceProfile", format!("put role {} into instance profile {name}", short(role)))
        },
        InstanceProfileCall::RemoveRoleFromInstanceProfile { role } => OpInfo {
            releases: vec![role.clone()],
            ..of(
                "iam:RemoveRoleFromInstanceProfile",
                format!("take role {} out of instance profile {name}", short(role)),
            )
        },
        InstanceProfileCall::TagInstanceProfile { tags: _ } => {
            adds("iam:TagInstanceProfile", format!("tag instance profile {name}"))
        }
        InstanceProfileCall::UntagInstanceProfile { keys: _ } => {
            of("iam:UntagInstanceProfile", format!("remove tags of instance profile {name}"))
        }
        InstanceProfileCall::DeleteInstanceProfile => OpInfo {
            destroys: vec![arn.clone()],
            ..of("iam:DeleteInstanceProfile", format!("delete instance profile {name}"))
        },
    }
}

fn simulate(model: &mut Option<InstanceProfileModel>, op: &InstanceProfileOp) {
    let InstanceProfileOp { profile: Named { path, name }, call } = op.clone();
    if let InstanceProfileCall::CreateInstanceProfile { tags } = call {
        *model = Some(InstanceProfileModel { name, path, role: None, tags });
        return;
    }
    let Some(profile) = model else { return };
    match call {
        InstanceProfileCall::CreateInstanceProfile { .. } => {}
        InstanceProfileCall::AddRoleToInstanceProfile { role } => profile.role = Some(role),
        InstanceProfileCall::RemoveRoleFromInstanceProfile { role: _ } => profile.role = None,
        InstanceProfileCall::TagInstanceProfile { tags } => profile.tags.extend(tags),
        InstanceProfileCall::UntagInstanceProfile { keys } => profile.tags.retain(|key, _| !keys.contains(key)),
        InstanceProfileCall::DeleteInstanceProfile => *model = None,
    }
}
