//! What the operations on roles are: which lead from one model to another, what each is to the engine, what each means.

use std::collections::BTreeSet;

use trueup_engine::kind::{At, OpInfo, Steps};
use trueup_specs::ByName;
use trueup_specs::policy::{
    Actions, Caseless, Conditions, Document, Effect, Principal, Principals, Statement, Version,
};

use super::{RoleCall, RoleModel, RoleOp};
use crate::fields::{self, Named, TagChange, short};

/// A trust that is valid and lets nobody in: a role's, until all it must name is there.
pub(super) fn closed_trust() -> Document {
    Document {
        version: Version::V2012,
        id: None,
        statements: vec![Statement {
            sid: None,
            effect: Effect::Deny,
            principal: Some(Principals::Is([Principal::Everyone].into())),
            action: Actions::Is([Caseless::from("sts:AssumeRole")].into()),
            resource: None,
            condition: Conditions::default(),
        }],
    }
}

fn named(model: &RoleModel) -> Named {
    Named { path: model.path.clone(), name: model.name.clone() }
}

pub(super) fn on(model: &RoleModel, calls: Vec<RoleCall>) -> Vec<RoleOp> {
    calls.into_iter().map(|call| RoleOp { role: named(model), call }).collect()
}

pub(super) fn creation(after: &RoleModel) -> Vec<RoleOp> {
    let mut calls = vec![RoleCall::CreateRole {
        description: after.description.clone(),
        max_session_duration: after.max_session_duration,
        trust: after.trust.clone(),
        permissions_boundary: after.permissions_boundary.clone(),
        tags: after.tags.clone(),
    }];
    calls.extend(
        after
            .inline
            .iter()
            .map(|(policy, document)| RoleCall::PutRolePolicy { policy: policy.clone(), document: document.clone() }),
    );
    calls.extend(after.managed_policies.iter().map(|arn| RoleCall::AttachRolePolicy { arn: arn.clone() }));
    on(after, calls)
}

pub(super) fn removal(before: &RoleModel) -> Vec<RoleOp> {
    let mut calls: Vec<RoleCall> =
        before.managed_policies.iter().map(|arn| RoleCall::DetachRolePolicy { arn: arn.clone() }).collect();
    calls.extend(before.inline.keys().map(|policy| RoleCall::DeleteRolePolicy { policy: policy.clone() }));
    let mut unnames = fields::unnamed(Some(&before.trust), None);
    unnames.extend(before.permissions_boundary.clone());
    calls.push(RoleCall::DeleteRole { unnames });
    on(before, calls)
}

/// What changes a role in place; narrowing goes before widening, so that no moment between allows more than both ends do.
pub(super) fn change(before: &RoleModel, after: &RoleModel) -> Steps<RoleOp> {
    let RoleModel {
        name,
        path,
        description,
        max_session_duration,
        trust,
        inline,
        managed_policies,
        permissions_boundary,
        tags,
    } = after;
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
        calls.push(RoleCall::UntagRole { keys: tag_change.remove });
    }
    if !tag_change.put.is_empty() {
        calls.push(RoleCall::TagRole { tags: tag_change.put });
    }
    if *description != before.description || *max_session_duration != before.max_session_duration {
        calls.push(RoleCall::UpdateRole {
            description: description.clone(),
            max_session_duration: *max_session_duration,
        });
    }
    if let Some(arn) = permissions_boundary
        && before.permissions_boundary.as_ref() != Some(arn)
    {
        let unnames = before.permissions_boundary.clone().into_iter().collect();
        calls.push(RoleCall::PutRolePermissionsBoundary { arn: arn.clone(), unnames });
    }
    let gone = before.managed_policies.difference(managed_policies);
    calls.extend(gone.map(|arn| RoleCall::DetachRolePolicy { arn: arn.clone() }));
    let gone = before.inline.keys().filter(|policy| !inline.contains_key(policy));
    calls.extend(gone.map(|policy| RoleCall::DeleteRolePolicy { policy: policy.clone() }));
    if *trust != before.trust {
        let unnames = fields::unnamed(Some(&before.trust), Some(trust));
        calls.push(RoleCall::UpdateAssumeRolePolicy { trust: trust.clone(), unnames });
    }
    let put = inline.iter().filter(|(policy, document)| before.inline.get(policy) != Some(*document));
    calls.extend(
        put.map(|(policy, document)| RoleCall::PutRolePolicy { policy: policy.clone(), document: document.clone() }),
    );
    let new = managed_policies.difference(&before.managed_policies);
    calls.extend(new.map(|arn| RoleCall::AttachRolePolicy { arn: arn.clone() }));
    if permissions_boundary.is_none()
        && let Some(arn) = &before.permissions_boundary
    {
        calls.push(RoleCall::DeleteRolePermissionsBoundary { arn: arn.clone() });
    }
    Steps { ops: on(after, calls), replaces }
}

pub(super) fn info(at: &At, op: &RoleOp) -> OpInfo {
    let RoleOp { role, call } = op;
    let arn = role.arn(at, "role");
    let name = &role.name;
    // What adds to the role needs the role; what takes from it does not, since in a replacement it is done before the role is made anew.
    let of = |call, title: String| OpInfo { call, resource: arn.clone(), title, ..OpInfo::default() };
    let adds = |call, title: String| OpInfo { needs: vec![arn.clone()], ..of(call, title) };
    match call {
        RoleCall::CreateRole { trust, permissions_boundary, description: _, max_session_duration: _, tags: _ } => {
            OpInfo {
                needs: trust.principals().into_iter().chain(permissions_boundary.clone()).collect(),
                creates: vec![arn.clone()],
                yields: &["id"],
                ..of("iam:CreateRole", format!("create role {name}"))
            }
        }
        RoleCall::UpdateRole { description: _, max_session_duration: _ } => {
            adds("iam:UpdateRole", format!("set description and session length of role {name}"))
        }
        RoleCall::UpdateAssumeRolePolicy { trust, unnames } => OpInfo {
            needs: trust.principals().into_iter().chain([arn.clone()]).collect(),
            unnames: unnames.clone(),
            ..of("iam:UpdateAssumeRolePolicy", format!("set the trust of role {name}"))
        },
        RoleCall::PutRolePolicy { policy, document: _ } => {
            adds("iam:PutRolePolicy", format!("put inline policy {policy} on role {name}"))
        }
        RoleCall::DeleteRolePolicy { policy } => {
            of("iam:DeleteRolePolicy", format!("delete inline policy {policy} of role {name}"))
        }
        RoleCall::AttachRolePolicy { arn: policy } => OpInfo {
            needs: vec![arn.clone(), policy.clone()],
            ..of("iam:AttachRolePolicy", format!("attach {} to role {name}", short(policy)))
        },
        RoleCall::DetachRolePolicy { arn: policy } => OpInfo {
            releases: vec![policy.clone()],
            ..of("iam:DetachRolePolicy", format!("detach {} from role {name}", short(policy)))
        },
        RoleCall::PutRolePermissionsBoundary { arn: policy, unnames } => OpInfo {
            needs: vec![arn.clone(), policy.clone()],
            releases: unnames.clone(),
            ..of("iam:PutRolePermissionsBoundary", format!("bound role {name} by {}", short(policy)))
        },
        RoleCall::DeleteRolePermissionsBoundary { arn: policy } => OpInfo {
            releases: vec![policy.clone()],
            ..of("iam:DeleteRolePermissionsBoundary", format!("unbound role {name} from {}", short(policy)))
        },
        RoleCall::TagRole { tags: _ } => adds("iam:TagRole", format!("tag role {name}")),
        RoleCall::UntagRole { keys: _ } => of("iam:UntagRole", format!("remove tags of role {name}")),
        RoleCall::DeleteRole { unnames } => OpInfo {
            unnames: unnames.clone(),
            destroys: vec![arn.clone()],
            ..of("iam:DeleteRole", format!("delete role {name}"))
        },
    }
}

pub(super) fn simulate(model: &mut Option<RoleModel>, op: &RoleOp) {
    let RoleOp { role: Named { path, name }, call } = op.clone();
    if let RoleCall::CreateRole { description, max_session_duration, trust, permissions_boundary, tags } = call {
        *model = Some(RoleModel {
            name,
            path,
            description,
            max_session_duration,
            trust,
            inline: ByName::new(),
            managed_policies: BTreeSet::new(),
            permissions_boundary,
            tags,
        });
        return;
    }
    let Some(role) = model else { return };
    match call {
        RoleCall::CreateRole { .. } => {}
        RoleCall::UpdateRole { description, max_session_duration } => {
            role.description = description;
            role.max_session_duration = max_session_duration;
        }
        RoleCall::UpdateAssumeRolePolicy { trust, unnames: _ } => role.trust = trust,
        RoleCall::PutRolePolicy { policy, document } => {
            role.inline.insert(policy, document);
        }
        RoleCall::DeleteRolePolicy { policy } => {
            role.inline.remove(&policy);
        }
        RoleCall::AttachRolePolicy { arn } => {
            role.managed_policies.insert(arn);
        }
        RoleCall::DetachRolePolicy { arn } => {
            role.managed_policies.remove(&arn);
        }
        RoleCall::PutRolePermissionsBoundary { arn, unnames: _ } => role.permissions_boundary = Some(arn),
        RoleCall::DeleteRolePermissionsBoundary { arn: _ } => role.permissions_boundary = None,
        RoleCall::TagRole { tags } => role.tags.extend(tags),
        RoleCall::UntagRole { keys } => role.tags.retain(|key, _| !keys.contains(key)),
        RoleCall::DeleteRole { unnames: _ } => *model = None,
    }
}
