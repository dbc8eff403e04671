//! The calls by which instance profiles change.

use trueup_engine::perform::{OpContext, OpError};
use trueup_state::outputs::Outputs;

use super::{InstanceProfile, InstanceProfileCall, InstanceProfileOp};
use crate::driver::{Driver, gone, id_output, patiently};
use crate::error::Failure;
use crate::fields::{from_iam_tags, iam_tags, short};
use crate::session::Session;

impl Driver for InstanceProfile {
    async fn perform(op: InstanceProfileOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        Ok(patiently(cx, || send(session, &op)).await?)
    }
}

async fn send(session: &Session, op: &InstanceProfileOp) -> Result<Outputs, Failure> {
    let (iam, name) = (session.iam(), &op.profile.name);
    match &op.call {
        InstanceProfileCall::CreateInstanceProfile { tags } => {
            let request = iam.create_instance_profile().path(&op.profile.path).instance_profile_name(name);
            let id = match request.set_tags(Some(iam_tags(tags.clone()))).send().await {
                Ok(answer) => answer.instance_profile.map(|profile| profile.instance_profile_id).unwrap_or_default(),
                Err(error) => {
                    let failure = session.failure("iam:CreateInstanceProfile", &error);
                    if !failure.is("EntityAlreadyExists") {
                        return Err(failure);
                    }
                    // The answer to an earlier attempt may have been lost: then the profile is there, exactly as asked for.
                    made_already(session, op).await.ok_or(failure)?
                }
            };
            return Ok(id_output(&id));
        }
        InstanceProfileCall::AddRoleToInstanceProfile { role } => {
            let request = iam.add_role_to_instance_profile().instance_profile_name(name).role_name(short(role));
            if let Err(error) = request.send().await {
                let failure = session.failure("iam:AddRoleToInstanceProfile", &error);
                // IAM refuses a second role, and the first one a second time.
                if !(failure.is("LimitExceeded") && holds(session, name, role).await) {
                    return Err(failure);
                }
            }
        }
        InstanceProfileCall::RemoveRoleFromInstanceProfile { role } => {
            let request = iam.remove_role_from_instance_profile().instance_profile_name(name).role_name(short(role));
            gone(request.send().await.map_err(|error| session.failure("iam:RemoveRoleFromInstanceProfile", &error)))?;
        }
        InstanceProfileCall::TagInstanceProfile { tags } => {
            let request = iam.tag_instance_profile().instance_profile_name(name).set_tags(Some(iam_tags(tags.clone())));
            request.send().await.map_err(|error| session.failure("iam:TagInstanceProfile", &error))?;
        }
        InstanceProfileCall::UntagInstanceProfile { keys } => {
            let request = iam.untag_instance_profile().instance_profile_name(name).set_tag_keys(Some(keys.clone()));
            request.send().await.map_err(|error| session.failure("iam:UntagInstanceProfile", &error))?;
        }
        InstanceProfileCall::DeleteInstanceProfile => {
            let request = iam.delete_instance_profile().instance_profile_name(name);
            gone(request.send().await.map_err(|error| session.failure("iam:DeleteInstanceProfile", &error)))?;
        }
    }
    Ok(Outputs::new())
}

/// The id of the profile, if it is just what the call would make.
async fn made_already(session: &Session, op: &InstanceProfileOp) -> Option<String> {
    let InstanceProfileCall::CreateInstanceProfile { tags } = &op.call else { return None };
    let answer = session.iam().get_instance_profile().instance_profile_name(&op.profile.name).send().await.ok()?;
    let found = answer.instance_profile?;
    let same = found.path == op.profile.path && found.roles.is_empty() && from_iam_tags(found.tags()) == *tags;
    same.then_some(found.instance_profile_id)
}

/// Whether the profile holds the role.
async fn holds(session: &Session, name: &str, role: &str) -> bool {
    let answer = session.iam().get_instance_profile().instance_profile_name(name).send().await;
    let found = answer.ok().and_then(|answer| answer.instance_profile);
    found.is_some_and(|profile| profile.roles.iter().any(|one| one.arn == role))
}
