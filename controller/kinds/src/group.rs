//! IAM groups. <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_groups.html>

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use trueup_engine::access::Access;
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Export, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::resolve::Resolver;
use trueup_specs::{ByName, PolicySpec, Reference, Text, spec};

use trueup_state::outputs::Outputs;

use crate::fields::{self, IAM_QUOTAS, IAM_SIGNS, ManagedPolicy, NameRule, Named, PolicyDocument, Tags, short};
use crate::permissions::{self, Limits};
use crate::source::iam::users::GroupFact;
use crate::source::iam::{self, IamFacts};

mod perform;
#[cfg(test)]
mod tests;

const NAME: NameRule = NameRule { what: "group", max: 128, signs: IAM_SIGNS, page: IAM_QUOTAS };

/// Unlike those of roles and users, a group's number of managed policies can't be raised.
pub(crate) const LIMITS: Limits = Limits { holder: "group", inline_size_max: 5_120, managed_max: 10 };

spec! {
    /// An IAM group: permissions that users share.
    ///
    /// Who is in it is said by each `user`. AWS can't tag groups, so that whose a group is stands in the record of the last apply.
    pub struct GroupSpec {
        /// The group's name.
        /// Default: the name in the address, dots as dashes. At most 128 letters, digits and `_+=,.@-`; two names of an account may not
        /// differ in case alone. Changing it renames the group, whose users stay in it.
        pub name: Option<Text>,
        /// The path in front of the name in the ARN.
        /// Default: `/`. Changing it changes the ARN.
        pub path: Option<Text>,
        /// Policies that belong to the group alone, by name.
        /// Default: none; one made by hand is removed. Together at most 5,120 characters without white space.
        pub inline: IndexMap<String, PolicySpec>,
        /// Managed policies attached to the group, by address or ARN.
        /// Default: none; one attached by hand is detached. At most 10.
        pub managed_policies: Vec<Reference<ManagedPolicy>>,
    }
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupModel {
    /// Its name.
    pub name: String,
    /// `/` or `/…/`.
    pub path: String,
    /// Its own policies by name.
    pub inline: ByName<PolicyDocument>,
    /// ARNs of the attached policies.
    pub managed_policies: BTreeSet<String>,
}

/// One call on one group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupOp {
    /// The group.
    pub group: Named,
    /// The call.
    pub call: GroupCall,
}

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op")]
pub enum GroupCall {
    /// `CreateGroup`.
    CreateGroup,
    /// `UpdateGroup`: another name or path, and with it another ARN.
    UpdateGroup {
        /// What it is from then on.
        new: Named,
    },
    /// `PutGroupPolicy`.
    PutGroupPolicy {
        /// The inline policy's name.
        policy: String,
        /// What it says.
        document: PolicyDocument,
    },
    /// `DeleteGroupPolicy`.
    DeleteGroupPolicy {
        /// The inline policy's name.
        policy: String,
    },
    /// `AttachGroupPolicy`.
    AttachGroupPolicy {
        /// The managed policy's ARN.
        arn: String,
    },
    /// `DetachGroupPolicy`.
    DetachGroupPolicy {
        /// The managed policy's ARN.
        arn: String,
    },
    /// `DeleteGroup`.
    DeleteGroup,
}

/// The kind `group`.
#[derive(Clone, Copy, Debug)]
pub struct Group;

static SCHEMA: KindSchema = KindSchema {
    name: "group",
    summary: "An IAM group: permissions that users share.",
    scope: KindScope::Account,
    stateful: false,
    taggable: false,
    attributes: &[
        ("arn", "The group's ARN."),
        ("name", "The group's name, without its path."),
        ("id", "The group's unique id, `AGPA…`, which no later group of the same name has; known after apply."),
    ],
    shape: shape_of::<GroupSpec>,
    decode: decode_any::<GroupSpec>,
};

impl Kind for Group {
    type Spec = GroupSpec;
    type Model = GroupModel;
    type Op = GroupOp;

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

    fn identity(spec: &GroupSpec, at: &At, cx: &mut Resolver<'_>) -> Identity {
        let name = fields::name(spec.name.as_ref(), &NAME, cx);
        let group = Named { path: fields::path(spec.path.as_ref(), cx), name };
        let claim = Some(format!("iam {} group/{}", at.account_id, group.name.to_lowercase()));
        let outputs = [("arn", group.arn(at, "group")), ("name", group.name.clone())];
        let outputs = outputs.map(|(attribute, value)| (attribute.to_owned(), value)).into();
        Identity { name: group.name, claim, outputs }
    }

    fn desired(spec: &GroupSpec, _: &At, cx: &mut Resolver<'_>) -> Option<GroupModel> {
        let GroupSpec { name, path, inline, managed_policies } = spec;
        let name = fields::name(name.as_ref(), &NAME, cx);
        let path = fields::path(path.as_ref(), cx);
        let inline = permissions::inline(inline, &LIMITS, cx);
        let managed_policies = permissions::managed_policies(managed_policies, &LIMITS, cx);
        Some(GroupModel { name, path, inline: inline?, managed_policies })
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<GroupModel>>, Unread> {
        let facts: &IamFacts = facts.get(iam::NAME, scope)?;
        Ok(facts.groups.iter().map(live).collect())
    }

    fn tags(_: &GroupModel) -> Option<&Tags> {
        None
    }

    fn tags_mut(_: &mut GroupModel) -> Option<&mut Tags> {
        None
    }

    fn ops(_: &At, before: Option<&GroupModel>, after: Option<&GroupModel>) -> Result<Steps<GroupOp>, Refusal> {
        let ops = match (before, after) {
            (None, None) => Vec::new(),
            (None, Some(after)) => creation(after),
            (Some(before), None) => removal(before),
            (Some(before), Some(after)) => change(before, after),
        };
        Ok(Steps { ops, replaces: Vec::new() })
    }

    fn split(_: &At, _: &GroupOp) -> Option<Vec<GroupOp>> {
        // A new group names nothing.
        None
    }

    fn follow(_: &At, model: &GroupModel, replaced: &str) -> Vec<GroupOp> {
        if !model.managed_policies.contains(replaced) {
            return Vec::new();
        }
        let arn = replaced.to_owned();
        on(model, vec![GroupCall::DetachGroupPolicy { arn: arn.clone() }, GroupCall::AttachGroupPolicy { arn }])
    }

    fn info(at: &At, op: &GroupOp) -> OpInfo {
        info(at, op)
    }

    fn export(_: &At, live: &Live<GroupModel>) -> Export {
        Export::same(&live.model)
    }

    fn simulate(model: &mut Option<GroupModel>, op: &GroupOp) {
        simulate(model, op);
    }

    fn access<'m>(at: &At, model: &'m GroupModel, _: &Outputs) -> Vec<Access<'m>> {
        let GroupModel { name, path, inline, managed_policies } = model;
        vec![Access::Group {
            arn: Named { path: path.clone(), name: name.clone() }.arn(at, "group"),
            own: permissions::papers(inline),
            attached: permissions::arns(managed_policies),
        }]
    }
}

fn live(fact: &GroupFact) -> Live<GroupModel> {
    let GroupFact { name, path, id, arn, inline, managed_policies } = fact;
    let inline = inline.iter().map(|(name, text)| (name.clone(), PolicyDocument::from_live(text)));
    let outputs = [("arn", arn), ("name", name), ("id", id)];
    Live {
        name: name.clone(),
        model: GroupModel {
            name: name.clone(),
            path: path.clone(),
            inline: inline.collect(),
            managed_policies: managed_policies.clone(),
        },
        outputs: outputs.map(|(attribute, value)| (attribute.to_owned(), value.clone())).into(),
    }
}

fn named(model: &GroupModel) -> Named {
    Named { path: model.path.clone(), name: model.name.clone() }
}

fn on(model: &GroupModel, calls: Vec<GroupCall>) -> Vec<GroupOp> {
    calls.into_iter().map(|call| GroupOp { group: named(model), call }).collect()
}

fn creation(after: &GroupModel) -> Vec<GroupOp> {
    let GroupModel { name: _, path: _, inline, managed_policies } = after;
    let mut calls = vec![GroupCall::CreateGroup];
    calls.extend(inline.iter().map(|(policy, document)| put(policy, document)));
    calls.extend(managed_policies.iter().map(|arn| GroupCall::AttachGroupPolicy { arn: arn.clone() }));
    on(after, calls)
}

fn put(policy: &str, document: &PolicyDocument) -> GroupCall {
    GroupCall::PutGroupPolicy { policy: policy.to_owned(), document: document.clone() }
}

fn removal(before: &GroupModel) -> Vec<GroupOp> {
    let detach = before.managed_policies.iter().map(|arn| GroupCall::DetachGroupPolicy { arn: arn.clone() });
    let delete = before.inline.keys().map(|policy| GroupCall::DeleteGroupPolicy { policy: policy.clone() });
    on(before, detach.chain(delete).chain([GroupCall::DeleteGroup]).collect())
}

/// What changes a group in place; narrowing goes before widening, so that no moment between allows more than both ends do.
fn change(before: &GroupModel, after: &GroupModel) -> Vec<GroupOp> {
    let GroupModel { name: _, path: _, inline, managed_policies } = after;
    let mut ops = Vec::new();
    if named(before) != named(after) {
        ops = on(before, vec![GroupCall::UpdateGroup { new: named(after) }]);
    }
    let mut calls: Vec<GroupCall> = before
        .managed_policies
        .difference(managed_policies)
        .map(|arn| GroupCall::DetachGroupPolicy { arn: arn.clone() })
        .collect();
    let gone = before.inline.keys().filter(|policy| !inline.contains_key(policy));
    calls.extend(gone.map(|policy| GroupCall::DeleteGroupPolicy { policy: policy.clone() }));
    let other = inline.iter().filter(|(policy, document)| before.inline.get(policy) != Some(*document));
    calls.extend(other.map(|(policy, document)| put(policy, document)));
    let new = managed_policies.difference(&before.managed_policies);
    calls.extend(new.map(|arn| GroupCall::AttachGroupPolicy { arn: arn.clone() }));
    ops.extend(on(after, calls));
    ops
}

fn info(at: &At, op: &GroupOp) -> OpInfo {
    let GroupOp { group, call } = op;
    let arn = group.arn(at, "group");
    let name = &group.name;
    let of = |call, title: String| OpInfo { call, resource: arn.clone(), title, ..OpInfo::default() };
    let adds = |call, title: String| OpInfo { needs: vec![arn.clone()], ..of(call, title) };
    match call {
        GroupCall::CreateGroup => OpInfo {
            creates: vec![arn.clone()],
            yields: &["id"],
            ..of("iam:CreateGroup", format!("create group {name}"))
        },
        GroupCall::UpdateGroup { new } => OpInfo {
            creates: vec![new.arn(at, "group")],
            destroys: vec![arn.clone()],
            ..of("iam:UpdateGroup", format!("make group {name} {}{}", new.path, new.name))
        },
        GroupCall::PutGroupPolicy { policy, document: _ } => {
            adds("iam:PutGroupPolicy", format!("put inline policy {policy} on group {name}"))
        }
        GroupCall::DeleteGroupPolicy { policy } => {
            of("iam:DeleteGroupPolicy", format!("delete inline policy {policy} of group {name}"))
        }
        GroupCall::AttachGroupPolicy { arn: policy } => OpInfo {
            needs: vec![arn.clone(), policy.clone()],
            ..of("iam:AttachGroupPolicy", format!("attach {} to group {name}", short(policy)))
        },
        GroupCall::DetachGroupPolicy { arn: policy } => OpInfo {
            releases: vec![policy.clone()],
            ..of("iam:DetachGroupPolicy", format!("detach {} from group {name}", short(policy)))
        },
        GroupCall::DeleteGroup => {
            OpInfo { destroys: vec![arn.clone()], ..of("iam:DeleteGroup", format!("delete group {name}")) }
        }
    }
}

fn simulate(model: &mut Option<GroupModel>, op: &GroupOp) {
    let GroupOp { group: Named { path, name }, call } = op.clone();
    if call == GroupCall::CreateGroup {
        *model = Some(GroupModel { name, path, inline: ByName::new(), managed_policies: BTreeSet::new() });
        return;
    }
    let Some(group) = model else { return };
    match call {
        GroupCall::CreateGroup => {}
        GroupCall::UpdateGroup { new: Named { path, name } } => {
            group.path = path;
            group.name = name;
        }
        GroupCall::PutGroupPolicy { policy, document } => {
            group.inline.insert(policy, document);
        }
        GroupCall::DeleteGroupPolicy { policy } => {
            group.inline.remove(&policy);
        }
        GroupCall::AttachGroupPolicy { arn } => {
            group.managed_policies.insert(arn);
        }
        GroupCall::DetachGroupPolicy { arn } => {
            group.managed_policies.remove(&arn);
        }
        GroupCall::DeleteGroup => *model = None,
    }
}
