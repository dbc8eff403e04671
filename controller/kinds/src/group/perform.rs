//! The calls by which groups change.

use futures_util::future::join;
use trueup_engine::perform::{OpContext, OpError};
use trueup_state::outputs::Outputs;

use super::{Group, GroupCall, GroupOp};
use crate::driver::{Driver, gone, id_output, patiently};
use crate::error::Failure;
use crate::fields::Named;
use crate::session::Session;

impl Driver for Group {
    async fn perform(op: GroupOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        let GroupOp { group, call } = op;
        if call == GroupCall::CreateGroup {
            let id = patiently(cx, || create(session, &group)).await?;
            return Ok(id_output(&id));
        }
        patiently(cx, || change(session, &group, &call)).await?;
        Ok(Outputs::new())
    }
}

async fn create(session: &Session, group: &Named) -> Result<String, Failure> {
    let request = session.iam().create_group().path(&group.path).group_name(&group.name);
    match request.send().await {
        Ok(answer) => Ok(answer.group.map(|group| group.group_id).unwrap_or_default()),
        Err(error) => {
            let failure = session.failure("iam:CreateGroup", &error);
            if !failure.is("EntityAlreadyExists") {
                return Err(failure);
            }
            // The answer to an earlier attempt may have been lost: then the group is there, as empty as it was made.
            made_already(session, group).await.ok_or(failure)
        }
    }
}

/// The id of the group, if it is just what the call would make.
async fn made_already(session: &Session, group: &Named) -> Option<String> {
    let iam = session.iam();
    let answer = iam.get_group().group_name(&group.name).send().await.ok()?;
    let found = answer.group.filter(|found| found.path == group.path && answer.users.is_empty())?;
    let inline = iam.list_group_policies().group_name(&group.name).send();
    let attached = iam.list_attached_group_policies().group_name(&group.name).send();
    let (inline, attached) = join(inline, attached).await;
    let empty = inline.ok()?.policy_names.is_empty() && attached.ok()?.attached_policies().is_empty();
    empty.then_some(found.group_id)
}

async fn change(session: &Session, group: &Named, call: &GroupCall) -> Result<(), Failure> {
    let (iam, name) = (session.iam(), &group.name);
    match call {
        // It has a function of its own.
        GroupCall::CreateGroup => Ok(()),
        GroupCall::UpdateGroup { new } => rename(session, group, new).await,
        GroupCall::PutGroupPolicy { policy, document } => {
            let request =
                iam.put_group_policy().group_name(name).policy_name(policy).policy_document(document.to_json());
            request.send().await.map(drop).map_err(|error| session.failure("iam:PutGroupPolicy", &error))
        }
        GroupCall::DeleteGroupPolicy { policy } => {
            let request = iam.delete_group_policy().group_name(name).policy_name(policy);
            gone(request.send().await.map_err(|error| session.failure("iam:DeleteGroupPolicy", &error)))
        }
        GroupCall::AttachGroupPolicy { arn } => {
            let request = iam.attach_group_policy().group_name(name).policy_arn(arn);
            request.send().await.map(drop).map_err(|error| session.failure("iam:AttachGroupPolicy", &error))
        }
        GroupCall::DetachGroupPolicy { arn } => {
            let request = iam.detach_group_policy().group_name(name).policy_arn(arn);
            gone(request.send().await.map_err(|error| session.failure("iam:DetachGroupPolicy", &error)))
        }
        GroupCall::DeleteGroup => {
            let request = iam.delete_group().group_name(name);
            match gone(request.send().await.map_err(|error| session.failure("iam:DeleteGroup", &error))) {
                Err(failure) if failure.is("DeleteConflict") => Err(in_the_way(session, name, failure).await),
                other => other,
            }
        }
    }
}

async fn rename(session: &Session, group: &Named, new: &Named) -> Result<(), Failure> {
    let iam = session.iam();
    let mut request = iam.update_group().group_name(&group.name);
    if new.name != group.name {
        request = request.new_group_name(&new.name);
    }
    if new.path != group.path {
        request = request.new_path(&new.path);
    }
    let Err(error) = request.send().await else { return Ok(()) };
    let failure = session.failure("iam:UpdateGroup", &error);
    if !failure.is("NoSuchEntity") {
        return Err(failure);
    }
    // The answer to an earlier attempt may have been lost: then the group has its new name.
    match iam.get_group().group_name(&new.name).send().await {
        Ok(answer) if answer.group().is_some_and(|found| found.path() == new.path) => Ok(()),
        Ok(_) | Err(_) => Err(failure),
    }
}

/// The failure with who is in the group, as far as it can be read.
async fn in_the_way(session: &Session, name: &str, mut failure: Failure) -> Failure {
    if let Ok(answer) = session.iam().get_group().group_name(name).send().await {
        let users: Vec<_> = answer.users.iter().map(|user| user.user_name.as_str()).collect();
        if !users.is_empty() {
            failure.help = Some(format!("take these users out of group {name}: {}", users.join(", ")));
        }
    }
    failure
}
