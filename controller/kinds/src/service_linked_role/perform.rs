//! The calls by which service-linked roles change.

use std::time::Duration;

use aws_sdk_iam::types::{DeletionTaskStatusType, Role as SdkRole};
use trueup_engine::perform::{OpContext, OpError};
use trueup_state::outputs::Outputs;

use super::{Linked, ServiceLinkedRole, ServiceLinkedRoleCall, ServiceLinkedRoleOp};
use crate::driver::{Driver, gone, patiently};
use crate::error::Failure;
use crate::fields::iam_tags;
use crate::session::Session;
use crate::source::iam::SERVICE_LINKED;

/// How often, and how long at most, the end of a deletion is asked for. AWS names no bound; it first asks the service in every region
/// whether the role is in use, <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteServiceLinkedRole.html>.
const ASK_AGAIN: Duration = Duration::from_secs(3);
const QUESTIONS_MAX: u32 = 60;

impl Driver for ServiceLinkedRole {
    async fn perform(op: ServiceLinkedRoleOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        Ok(patiently(cx, || send(session, &op)).await?)
    }
}

async fn send(session: &Session, op: &ServiceLinkedRoleOp) -> Result<Outputs, Failure> {
    let ServiceLinkedRoleOp { role, call } = op;
    if let ServiceLinkedRoleCall::CreateServiceLinkedRole { description } = call {
        return create(session, role, description).await;
    }
    let iam = session.iam();
    let Some(found) = find(session, role).await? else {
        if *call == ServiceLinkedRoleCall::DeleteServiceLinkedRole {
            return Ok(Outputs::new());
        }
        let why = format!("there is no service-linked role of {}", role.name());
        return Err(Failure::local(Some(session.who().clone()), "iam:ListRoles", why, None));
    };
    let name = &found.role_name;
    match call {
        // It has a function of its own.
        ServiceLinkedRoleCall::CreateServiceLinkedRole { .. } => {}
        ServiceLinkedRoleCall::UpdateRoleDescription { description } => {
            let request = iam.update_role_description().role_name(name).description(description);
            request.send().await.map_err(|error| session.failure("iam:UpdateRoleDescription", &error))?;
        }
        ServiceLinkedRoleCall::TagRole { tags } => {
            let request = iam.tag_role().role_name(name).set_tags(Some(iam_tags(tags.clone())));
            request.send().await.map_err(|error| session.failure("iam:TagRole", &error))?;
        }
        ServiceLinkedRoleCall::UntagRole { keys } => {
            let request = iam.untag_role().role_name(name).set_tag_keys(Some(keys.clone()));
            request.send().await.map_err(|error| session.failure("iam:UntagRole", &error))?;
        }
        ServiceLinkedRoleCall::DeleteServiceLinkedRole => delete(session, name).await?,
    }
    Ok(Outputs::new())
}

/// The role, whose name AWS made of the service.
async fn find(session: &Session, role: &Linked) -> Result<Option<SdkRole>, Failure> {
    let prefix = format!("{SERVICE_LINKED}{}/", role.service);
    let answer = session.iam().list_roles().path_prefix(prefix).max_items(1_000).send().await;
    let answer = answer.map_err(|error| session.failure("iam:ListRoles", &error))?;
    Ok(answer.roles.into_iter().find(|one| Linked::of(&one.path, &one.role_name).as_ref() == Some(role)))
}

async fn create(session: &Session, role: &Linked, description: &str) -> Result<Outputs, Failure> {
    let request = session
        .iam()
        .create_service_linked_role()
        .aws_service_name(&role.service)
        .set_custom_suffix(role.custom_suffix.clone())
        .set_description(Some(description.to_owned()).filter(|text| !text.is_empty()));
    let made = match request.send().await {
        Ok(answer) => answer.role,
        Err(error) => {
            let failure = session.failure("iam:CreateServiceLinkedRole", &error);
            if !failure.is("InvalidInput") {
                return Err(failure);
            }
            // The answer to an earlier attempt may have been lost: then the role is there, exactly as asked for.
            let found = find(session, role).await?;
            let found = found.filter(|found| found.description().unwrap_or_default() == description);
            Some(found.ok_or(failure)?)
        }
    };
    let outputs = made.map(|role| [("arn", role.arn), ("name", role.role_name), ("id", role.role_id)]);
    Ok(outputs.into_iter().flatten().map(|(attribute, value)| (attribute.to_owned(), value)).collect())
}

async fn delete(session: &Session, name: &str) -> Result<(), Failure> {
    const CALL: &str = "iam:DeleteServiceLinkedRole";
    let iam = session.iam();
    let task = match iam.delete_service_linked_role().role_name(name).send().await {
        Ok(answer) => answer.deletion_task_id,
        Err(error) => return gone::<()>(Err(session.failure(CALL, &error))),
    };
    let failed =
        |why: String, help: &str| Err(Failure::local(Some(session.who().clone()), CALL, why, Some(help.to_owned())));
    for _ in 0..QUESTIONS_MAX {
        let answer = iam.get_service_linked_role_deletion_status().deletion_task_id(&task).send().await;
        let answer = answer.map_err(|error| session.failure("iam:GetServiceLinkedRoleDeletionStatus", &error))?;
        match answer.status {
            DeletionTaskStatusType::Succeeded => return Ok(()),
            DeletionTaskStatusType::Failed => {
                let reason = answer.reason.and_then(|reason| reason.reason).unwrap_or_default();
                let why = format!("AWS did not delete role {name}: {reason}");
                return failed(why, "remove what the service keeps with the role, then apply again");
            }
            _ => tokio::time::sleep(ASK_AGAIN).await,
        }
    }
    failed(format!("AWS is still deleting role {name}"), "apply again later")
}
