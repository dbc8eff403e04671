//! The calls by which users change.

use aws_sdk_iam::types::User as SdkUser;
use futures_util::future::join4;
use trueup_engine::perform::{OpContext, OpError};
use trueup_state::outputs::Outputs;

use super::{User, UserCall, UserOp};
use crate::driver::{Driver, gone, id_output, patiently};
use crate::error::Failure;
use crate::fields::{Named, from_iam_tags, iam_tags, short};
use crate::session::Session;

impl Driver for User {
    async fn perform(op: UserOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        let UserOp { user, call } = op;
        let outputs = match call {
            UserCall::CreateUser { .. } => {
                let id = patiently(cx, || create(session, &user, &call)).await?;
                id_output(&id)
            }
            UserCall::DeleteUser { unnames: _ } => {
                delete(session, &user.name).await?;
                Outputs::new()
            }
            other => {
                patiently(cx, || change(session, &user, &other)).await?;
                Outputs::new()
            }
        };
        Ok(outputs)
    }
}

async fn create(session: &Session, user: &Named, call: &UserCall) -> Result<String, Failure> {
    let UserCall::CreateUser { permissions_boundary, tags } = call else {
        return Err(Failure::local(Some(session.who().clone()), "iam:CreateUser", "this is another call", None));
    };
    let request = session
        .iam()
        .create_user()
        .path(&user.path)
        .user_name(&user.name)
        .set_permissions_boundary(permissions_boundary.clone())
        .set_tags(Some(iam_tags(tags.clone())));
    match request.send().await {
        Ok(answer) => Ok(answer.user.map(|user| user.user_id).unwrap_or_default()),
        Err(error) => {
            let failure = session.failure("iam:CreateUser", &error);
            if !failure.is("EntityAlreadyExists") {
                return Err(failure);
            }
            // The answer to an earlier attempt may have been lost: then the user is there, exactly as asked for.
            match session.iam().get_user().user_name(&user.name).send().await {
                Ok(answer) => match answer.user.filter(|found| is_made_by(found, user, call)) {
                    Some(found) => Ok(found.user_id),
                    None => Err(failure),
                },
                Err(_) => Err(failure),
            }
        }
    }
}

/// Whether a user is just what the call would make.
fn is_made_by(found: &SdkUser, user: &Named, call: &UserCall) -> bool {
    let boundary = found.permissions_boundary().and_then(|boundary| boundary.permissions_boundary_arn());
    let is =
        UserCall::CreateUser { permissions_boundary: boundary.map(str::to_owned), tags: from_iam_tags(found.tags()) };
    found.path() == user.path && is == *call
}

async fn change(session: &Session, user: &Named, call: &UserCall) -> Result<(), Failure> {
    let (iam, name) = (session.iam(), &user.name);
    match call {
        // Both have functions of their own.
        UserCall::CreateUser { .. } | UserCall::DeleteUser { .. } => Ok(()),
        UserCall::UpdateUser { new } => rename(session, user, new).await,
        UserCall::AddUserToGroup { group } => {
            let request = iam.add_user_to_group().user_name(name).group_name(short(group));
            request.send().await.map(drop).map_err(|error| session.failure("iam:AddUserToGroup", &error))
        }
        UserCall::RemoveUserFromGroup { group } => {
            let request = iam.remove_user_from_group().user_name(name).group_name(short(group));
            gone(request.send().await.map_err(|error| session.failure("iam:RemoveUserFromGroup", &error)))
        }
        UserCall::PutUserPolicy { policy, document } => {
            let request = iam.put_user_policy().user_name(name).policy_name(policy).policy_document(document.to_json());
            request.send().await.map(drop).map_err(|error| session.failure("iam:PutUserPolicy", &error))
        }
        UserCall::DeleteUserPolicy { policy } => {
            let request = iam.delete_user_policy().user_name(name).policy_name(policy);
            gone(request.send().await.map_err(|error| session.failure("iam:DeleteUserPolicy", &error)))
        }
        UserCall::AttachUserPolicy { arn } => {
            let request = iam.attach_user_policy().user_name(name).policy_arn(arn);
            request.send().await.map(drop).map_err(|error| session.failure("iam:AttachUserPolicy", &error))
        }
        UserCall::DetachUserPolicy { arn } => {
            let request = iam.detach_user_policy().user_name(name).policy_arn(arn);
            gone(request.send().await.map_err(|error| session.failure("iam:DetachUserPolicy", &error)))
        }
        UserCall::PutUserPermissionsBoundary { arn, unnames: _ } => {
            let request = iam.put_user_permissions_boundary().user_name(name).permissions_boundary(arn);
            request.send().await.map(drop).map_err(|error| session.failure("iam:PutUserPermissionsBoundary", &error))
        }
        UserCall::DeleteUserPermissionsBoundary { arn: _ } => {
            let request = iam.delete_user_permissions_boundary().user_name(name);
            gone(request.send().await.map_err(|error| session.failure("iam:DeleteUserPermissionsBoundary", &error)))
        }
        UserCall::TagUser { tags } => {
            let request = iam.tag_user().user_name(name).set_tags(Some(iam_tags(tags.clone())));
            request.send().await.map(drop).map_err(|error| session.failure("iam:TagUser", &error))
        }
        UserCall::UntagUser { keys } => {
            let request = iam.untag_user().user_name(name).set_tag_keys(Some(keys.clone()));
            request.send().await.map(drop).map_err(|error| session.failure("iam:UntagUser", &error))
        }
    }
}

async fn rename(session: &Session, user: &Named, new: &Named) -> Result<(), Failure> {
    let iam = session.iam();
    let mut request = iam.update_user().user_name(&user.name);
    if new.name != user.name {
        request = request.new_user_name(&new.name);
    }
    if new.path != user.path {
        request = request.new_path(&new.path);
    }
    let Err(error) = request.send().await else { return Ok(()) };
    let failure = session.failure("iam:UpdateUser", &error);
    if !failure.is("NoSuchEntity") {
        return Err(failure);
    }
    // The answer to an earlier attempt may have been lost: then the user has its new name.
    match iam.get_user().user_name(&new.name).send().await {
        Ok(answer) if answer.user().is_some_and(|found| found.path() == new.path) => Ok(()),
        Ok(_) | Err(_) => Err(failure),
    }
}

async fn delete(session: &Session, name: &str) -> Result<(), Failure> {
    let result = patiently(OpContext::default(), || async {
        let sent = session.iam().delete_user().user_name(name).send().await;
        sent.map_err(|error| session.failure("iam:DeleteUser", &error))
    });
    match gone(result.await) {
        Err(failure) if failure.is("DeleteConflict") => Err(in_the_way(session, name, failure).await),
        other => other,
    }
}

/// The failure with what holds the user, as far as it can be read.
async fn in_the_way(session: &Session, name: &str, mut failure: Failure) -> Failure {
    let iam = session.iam();
    let keys = iam.list_access_keys().user_name(name).send();
    let password = iam.get_login_profile().user_name(name).send();
    let groups = iam.list_groups_for_user().user_name(name).send();
    let inline = iam.list_user_policies().user_name(name).send();
    let (keys, password, groups, inline) = join4(keys, password, groups, inline).await;
    let attached = iam.list_attached_user_policies().user_name(name).send().await;
    let mut holders = Vec::new();
    if let Ok(answer) = keys {
        let ids = answer.access_key_metadata.iter().filter_map(|key| key.access_key_id());
        holders.extend(ids.map(|id| format!("access key {id}")));
    }
    if password.is_ok() {
        holders.push("password".to_owned());
    }
    if let Ok(answer) = groups {
        holders.extend(answer.groups.iter().map(|group| format!("group {}", group.group_name)));
    }
    if let Ok(answer) = inline {
        holders.extend(answer.policy_names.iter().map(|name| format!("inline policy {name}")));
    }
    if let Ok(answer) = attached {
        let names = answer.attached_policies().iter().filter_map(|one| one.policy_name());
        holders.extend(names.map(|name| format!("attached policy {name}")));
    }
    if !holders.is_empty() {
        failure.help = Some(format!("plan again, or take these from user {name} by hand: {}", holders.join(", ")));
    }
    failure
}
