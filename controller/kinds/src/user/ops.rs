//! What the operations on users are: which lead from one model to another, what each is to the engine, what each means.

use std::collections::BTreeSet;

use trueup_engine::kind::{At, OpInfo};
use trueup_specs::ByName;

use super::{Credentials, UserCall, UserModel, UserOp};
use crate::fields::{Named, PolicyDocument, TagChange, short};

fn named(model: &UserModel) -> Named {
    Named { path: model.path.clone(), name: model.name.clone() }
}

pub(super) fn on(model: &UserModel, calls: Vec<UserCall>) -> Vec<UserOp> {
    calls.into_iter().map(|call| UserOp { user: named(model), call }).collect()
}

fn put(policy: &str, document: &PolicyDocument) -> UserCall {
    UserCall::PutUserPolicy { policy: policy.to_owned(), document: document.clone() }
}

pub(super) fn creation(after: &UserModel) -> Vec<UserOp> {
    let UserModel { name: _, path: _, groups, inline, managed_policies, permissions_boundary, tags, credentials: _ } =
        after.clone();
    let mut calls = vec![UserCall::CreateUser { permissions_boundary, tags }];
    calls.extend(inline.iter().map(|(policy, document)| put(policy, document)));
    calls.extend(managed_policies.into_iter().map(|arn| UserCall::AttachUserPolicy { arn }));
    calls.extend(groups.into_iter().map(|group| UserCall::AddUserToGroup { group }));
    on(after, calls)
}

/// AWS deletes a user only when it is in no group and has no policy.
pub(super) fn removal(before: &UserModel) -> Vec<UserOp> {
    let UserModel { name: _, path: _, groups, inline, managed_policies, permissions_boundary, tags: _, credentials: _ } =
        before.clone();
    let mut calls: Vec<UserCall> = groups.into_iter().map(|group| UserCall::RemoveUserFromGroup { group }).collect();
    calls.extend(managed_policies.into_iter().map(|arn| UserCall::DetachUserPolicy { arn }));
    calls.extend(inline.keys().map(|policy| UserCall::DeleteUserPolicy { policy: policy.clone() }));
    calls.push(UserCall::DeleteUser { unnames: permissions_boundary.into_iter().collect() });
    on(before, calls)
}

/// What changes a user in place; narrowing goes before widening, so that no moment between allows more than both ends do.
pub(super) fn change(before: &UserModel, after: &UserModel) -> Vec<UserOp> {
    let UserModel { name: _, path: _, groups, inline, managed_policies, permissions_boundary, tags, credentials: _ } =
        after;
    let mut ops = Vec::new();
    if named(before) != named(after) {
        ops = on(before, vec![UserCall::UpdateUser { new: named(after) }]);
    }
    let mut calls = Vec::new();
    let tag_change = TagChange::between(&before.tags, tags);
    if !tag_change.remove.is_empty() {
        calls.push(UserCall::UntagUser { keys: tag_change.remove });
    }
    if !tag_change.put.is_empty() {
        calls.push(UserCall::TagUser { tags: tag_change.put });
    }
    if let Some(arn) = permissions_boundary
        && before.permissions_boundary.as_ref() != Some(arn)
    {
        let unnames = before.permissions_boundary.clone().into_iter().collect();
        calls.push(UserCall::PutUserPermissionsBoundary { arn: arn.clone(), unnames });
    }
    let gone = before.groups.difference(groups);
    calls.extend(gone.map(|group| UserCall::RemoveUserFromGroup { group: group.clone() }));
    let gone = before.managed_policies.difference(managed_policies);
    calls.extend(gone.map(|arn| UserCall::DetachUserPolicy { arn: arn.clone() }));
    let gone = before.inline.keys().filter(|policy| !inline.contains_key(policy));
    calls.extend(gone.map(|policy| UserCall::DeleteUserPolicy { policy: policy.clone() }));
    let other = inline.iter().filter(|(policy, document)| before.inline.get(policy) != Some(*document));
    calls.extend(other.map(|(policy, document)| put(policy, document)));
    let new = managed_policies.difference(&before.managed_policies);
    calls.extend(new.map(|arn| UserCall::AttachUserPolicy { arn: arn.clone() }));
    let new = groups.difference(&before.groups);
    calls.extend(new.map(|group| UserCall::AddUserToGroup { group: group.clone() }));
    if permissions_boundary.is_none()
        && let Some(arn) = &before.permissions_boundary
    {
        calls.push(UserCall::DeleteUserPermissionsBoundary { arn: arn.clone() });
    }
    ops.extend(on(after, calls));
    ops
}

pub(super) fn info(at: &At, op: &UserOp) -> OpInfo {
    let UserOp { user, call } = op;
    let arn = user.arn(at, "user");
    let name = &user.name;
    let of = |call, title: String| OpInfo { call, resource: arn.clone(), title, ..OpInfo::default() };
    let adds = |call, title: String| OpInfo { needs: vec![arn.clone()], ..of(call, title) };
    // Who is in it is the group's: that is what these two are allowed on.
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
    let on_group = |group: &String, call, title: String| OpInfo { resource: group.clone(), ..of(call, title) };
    match call {
        UserCall::CreateUser { permissions_boundary, tags: _ } => OpInfo {
            needs: permissions_boundary.iter().cloned().collect(),
            creates: vec![arn.clone()],
            yields: &["id"],
            ..of("iam:CreateUser", format!("create user {name}"))
        },
        UserCall::UpdateUser { new } => OpInfo {
            creates: vec![new.arn(at, "user")],
            destroys: vec![arn.clone()],
            ..of("iam:UpdateUser", format!("make user {name} {}{}", new.path, new.name))
        },
        UserCall::AddUserToGroup { group } => OpInfo {
            needs: vec![arn.clone(), group.clone()],
            ..on_group(group, "iam:AddUserToGroup", format!("put user {name} into group {}", short(group)))
        },
        UserCall::RemoveUserFromGroup { group } => OpInfo {
            releases: vec![group.clone()],
            ..on_group(group, "iam:RemoveUserFromGroup", format!("take user {name} out of group {}", short(group)))
        },
        UserCall::PutUserPolicy { policy, document: _ } => {
            adds("iam:PutUserPolicy", format!("put inline policy {policy} on user {name}"))
        }
        UserCall::DeleteUserPolicy { policy } => {
            of("iam:DeleteUserPolicy", format!("delete inline policy {policy} of user {name}"))
        }
        UserCall::AttachUserPolicy { arn: policy } => OpInfo {
            needs: vec![arn.clone(), policy.clone()],
            ..of("iam:AttachUserPolicy", format!("attach {} to user {name}", short(policy)))
        },
        UserCall::DetachUserPolicy { arn: policy } => OpInfo {
            releases: vec![policy.clone()],
            ..of("iam:DetachUserPolicy", format!("detach {} from user {name}", short(policy)))
        },
        UserCall::PutUserPermissionsBoundary { arn: policy, unnames } => OpInfo {
            needs: vec![arn.clone(), policy.clone()],
            releases: unnames.clone(),
            ..of("iam:PutUserPermissionsBoundary", format!("bound user {name} by {}", short(policy)))
        },
        UserCall::DeleteUserPermissionsBoundary { arn: policy } => OpInfo {
            releases: vec![policy.clone()],
            ..of("iam:DeleteUserPermissionsBoundary", format!("unbound user {name} from {}", short(policy)))
        },
        UserCall::TagUser { tags: _ } => adds("iam:TagUser", format!("tag user {name}")),
        UserCall::UntagUser { keys: _ } => of("iam:UntagUser", format!("remove tags of user {name}")),
        UserCall::DeleteUser { unnames } => OpInfo {
            releases: unnames.clone(),
            destroys: vec![arn.clone()],
            ..of("iam:DeleteUser", format!("delete user {name}"))
        },
    }
}

pub(super) fn simulate(model: &mut Option<UserModel>, op: &UserOp) {
    let UserOp { user: Named { path, name }, call } = op.clone();
    if let UserCall::CreateUser { permissions_boundary, tags } = call {
        *model = Some(UserModel {
            name,
            path,
            groups: BTreeSet::new(),
            inline: ByName::new(),
            managed_policies: BTreeSet::new(),
            permissions_boundary,
            tags,
            credentials: Credentials::default(),
        });
        return;
    }
    let Some(user) = model else { return };
    match call {
        UserCall::CreateUser { .. } => {}
        UserCall::UpdateUser { new: Named { path, name } } => {
            user.path = path;
            user.name = name;
        }
        UserCall::AddUserToGroup { group } => {
            user.groups.insert(group);
        }
        UserCall::RemoveUserFromGroup { group } => {
            user.groups.remove(&group);
        }
        UserCall::PutUserPolicy { policy, document } => {
            user.inline.insert(policy, document);
        }
        UserCall::DeleteUserPolicy { policy } => {
            user.inline.remove(&policy);
        }
        UserCall::AttachUserPolicy { arn } => {
            user.managed_policies.insert(arn);
        }
        UserCall::DetachUserPolicy { arn } => {
            user.managed_policies.remove(&arn);
        }
        UserCall::PutUserPermissionsBoundary { arn, unnames: _ } => user.permissions_boundary = Some(arn),
        UserCall::DeleteUserPermissionsBoundary { arn: _ } => user.permissions_boundary = None,
        UserCall::TagUser { tags } => user.tags.extend(tags),
        UserCall::UntagUser { keys } => user.tags.retain(|key, _| !keys.contains(key)),
        UserCall::DeleteUser { unnames: _ } => *model = None,
    }
}
