//! The calls by which roles change.

use aws_sdk_iam::types::Role as SdkRole;
use futures_util::future::join3;
use trueup_engine::perform::{OpContext, OpError};
use trueup_state::outputs::Outputs;

use super::{MAX_SESSION_DEFAULT, Role, RoleCall, RoleOp};
use crate::driver::{Driver, gone, id_output, patiently};
use crate::error::Failure;
use crate::fields::{Named, PolicyDocument, from_iam_tags, iam_tags};
use crate::session::Session;
use crate::source::iam::decoded;

impl Driver for Role {
    async fn perform(op: RoleOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        let RoleOp { role, call } = op;
        let outputs = match call {
            RoleCall::CreateRole { .. } => {
                let id = patiently(cx, || create(session, &role, &call)).await?;
                id_output(&id)
            }
            RoleCall::DeleteRole { unnames: _ } => {
                delete(session, &role.name).await?;
                Outputs::new()
            }
            other => {
                patiently(cx, || change(session, &role.name, &other)).await?;
                Outputs::new()
            }
        };
        Ok(outputs)
    }
}

async fn create(session: &Session, role: &Named, call: &RoleCall) -> Result<String, Failure> {
    let RoleCall::CreateRole { description, max_session_duration, trust, permissions_boundary, tags } = call else {
        return Err(Failure::local(Some(session.who().clone()), "iam:CreateRole", "this is another call", None));
    };
    let request = session
        .iam()
        .create_role()
        .path(&role.path)
        .role_name(&role.name)
        .assume_role_policy_document(trust.to_json())
        .set_description(Some(description.clone()).filter(|text| !text.is_empty()))
        .max_session_duration(*max_session_duration)
        .set_permissions_boundary(permissions_boundary.clone())
        .set_tags(Some(iam_tags(tags.clone())));
    match request.send().await {
        Ok(answer) => Ok(answer.role.map(|role| role.role_id).unwrap_or_default()),
        Err(error) => {
            let failure = session.failure("iam:CreateRole", &error);
            if !failure.is("EntityAlreadyExists") {
                return Err(failure);
            }
            // The answer to an earlier attempt may have been lost: then the role is there, exactly as asked for.
            match session.iam().get_role().role_name(&role.name).send().await {
                Ok(answer) => match answer.role.filter(|found| is_made_by(found, role, call)) {
                    Some(found) => Ok(found.role_id),
                    None => Err(failure),
                },
                Err(_) => Err(failure),
            }
        }
    }
}

/// Whether a role is just what the call would make.
fn is_made_by(found: &SdkRole, role: &Named, call: &RoleCall) -> bool {
    let text = found.assume_role_policy_document().unwrap_or_default();
    let boundary = found.permissions_boundary().and_then(|boundary| boundary.permissions_boundary_arn());
    let is = RoleCall::CreateRole {
        description: found.description().unwrap_or_default().to_owned(),
        max_session_duration: found.max_session_duration().unwrap_or(MAX_SESSION_DEFAULT),
        trust: PolicyDocument::from_live(&decoded(text)),
        permissions_boundary: boundary.map(str::to_owned),
        tags: from_iam_tags(found.tags()),
    };
    found.path() == role.path && is == *call
}

async fn change(session: &Session, name: &str, call: &RoleCall) -> Result<(), Failure> {
    let iam = session.iam();
    match call {
        // Both have functions of their own.
        RoleCall::CreateRole { .. } | RoleCall::DeleteRole { .. } => Ok(()),
        RoleCall::UpdateRole { description, max_session_duration } => {
            let request =
                iam.update_role().role_name(name).description(description).max_session_duration(*max_session_duration);
            request.send().await.map(drop).map_err(|error| session.failure("iam:UpdateRole", &error))
        }
        RoleCall::UpdateAssumeRolePolicy { trust, unnames: _ } => {
            let request = iam.update_assume_role_policy().role_name(name).policy_document(trust.to_json());
            request.send().await.map(drop).map_err(|error| session.failure("iam:UpdateAssumeRolePolicy", &error))
        }
        RoleCall::PutRolePolicy { policy, document } => {
            let request = iam.put_role_policy().role_name(name).policy_name(policy).policy_document(document.to_json());
            request.send().await.map(drop).map_err(|error| session.failure("iam:PutRolePolicy", &error))
        }
        RoleCall::DeleteRolePolicy { policy } => {
            let request = iam.delete_role_policy().role_name(name).policy_name(policy);
            gone(request.send().await.map_err(|error| session.failure("iam:DeleteRolePolicy", &error)))
        }
        RoleCall::AttachRolePolicy { arn } => {
            let request = iam.attach_role_policy().role_name(name).policy_arn(arn);
            request.send().await.map(drop).map_err(|error| session.failure("iam:AttachRolePolicy", &error))
        }
        RoleCall::DetachRolePolicy { arn } => {
            let request = iam.detach_role_policy().role_name(name).policy_arn(arn);
            gone(request.send().await.map_err(|error| session.failure("iam:DetachRolePolicy", &error)))
        }
        RoleCall::PutRolePermissionsBoundary { arn, unnames: _ } => {
            let request = iam.put_role_permissions_boundary().role_name(name).permissions_boundary(arn);
            request.send().await.map(drop).map_err(|error| session.failure("iam:PutRolePermissionsBoundary", &error))
        }
        RoleCall::DeleteRolePermissionsBoundary { arn: _ } => {
            let request = iam.delete_role_permissions_boundary().role_name(name);
            gone(request.send().await.map_err(|error| session.failure("iam:DeleteRolePermissionsBoundary", &error)))
        }
        RoleCall::TagRole { tags } => {
            let request = iam.tag_role().role_name(name).set_tags(Some(iam_tags(tags.clone())));
            request.send().await.map(drop).map_err(|error| session.failure("iam:TagRole", &error))
        }
        RoleCall::UntagRole { keys } => {
            let request = iam.untag_role().role_name(name).set_tag_keys(Some(keys.clone()));
            request.send().await.map(drop).map_err(|error| session.failure("iam:UntagRole", &error))
        }
    }
}

async fn delete(session: &Session, name: &str) -> Result<(), Failure> {
    let result = patiently(OpContext::default(), || async {
        let sent = session.iam().delete_role().role_name(name).send().await;
        sent.map_err(|error| session.failure("iam:DeleteRole", &error))
    });
    match gone(result.await) {
        Err(failure) if failure.is("DeleteConflict") => Err(in_the_way(session, name, failure).await),
        other => other,
    }
}

/// The failure with what holds the role, as far as it can be read.
async fn in_the_way(session: &Session, name: &str, mut failure: Failure) -> Failure {
    let iam = session.iam();
    let profiles = iam.list_instance_profiles_for_role().role_name(name).send();
    let attached = iam.list_attached_role_policies().role_name(name).send();
    let inline = iam.list_role_policies().role_name(name).send();
    let (profiles, attached, inline) = join3(profiles, attached, inline).await;
    let mut holders = Vec::new();
    if let Ok(answer) = profiles {
        holders.extend(
            answer.instance_profiles().iter().map(|one| format!("instance profile {}", one.instance_profile_name())),
        );
    }
    if let Ok(answer) = attached {
        let names = answer.attached_policies().iter().filter_map(|one| one.policy_name());
        holders.extend(names.map(|name| format!("attached policy {name}")));
    }
    if let Ok(answer) = inline {
        holders.extend(answer.policy_names().iter().map(|name| format!("inline policy {name}")));
    }
    if !holders.is_empty() {
        failure.help = Some(format!("plan again, or take these from role {name} by hand: {}", holders.join(", ")));
    }
    failure
}
