//! The calls by which on-premises instances change.

use trueup_engine::perform::{OpContext, OpError};
use trueup_state::outputs::Outputs;

use super::{OnPremisesInstance, OnPremisesInstanceCall, OnPremisesInstanceOp};
use crate::driver::{Driver, patiently};
use crate::error::Failure;
use crate::session::Session;
use crate::source::codedeploy::{InstanceFact, instance_fact, to_tags};

impl Driver for OnPremisesInstance {
    async fn perform(op: OnPremisesInstanceOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        Ok(patiently(cx, || send(session, &op)).await?)
    }
}

async fn send(session: &Session, op: &OnPremisesInstanceOp) -> Result<Outputs, Failure> {
    let OnPremisesInstanceOp { instance, call } = op;
    let codedeploy = session.codedeploy();
    match call {
        OnPremisesInstanceCall::RegisterOnPremisesInstance { iam_user, iam_session } => {
            let request = codedeploy
                .register_on_premises_instance()
                .instance_name(instance)
                .set_iam_user_arn(iam_user.clone())
                .set_iam_session_arn(iam_session.clone());
            let refused = match request.send().await {
                Ok(_) => None,
                Err(error) => {
                    let failure = session.failure("codedeploy:RegisterOnPremisesInstance", &error);
                    if !failure.is("InstanceNameAlreadyRegisteredException") {
                        return Err(failure);
                    }
                    Some(failure)
                }
            };
            // The call does not say the ARN. And after a refusal: the answer to an earlier attempt may have been lost, then the instance
            // is there, exactly as asked for.
            let found = find(session, instance).await;
            if let Some(failure) = refused {
                let same = |found: &InstanceFact| {
                    found.iam_user == *iam_user && found.iam_session == *iam_session && found.tags.is_empty()
                };
                let found = found.ok().flatten().filter(same).ok_or(failure)?;
                return Ok(Outputs::from([("arn".to_owned(), found.arn)]));
            }
            return Ok(found?.map(|found| ("arn".to_owned(), found.arn)).into_iter().collect());
        }
        OnPremisesInstanceCall::AddTagsToOnPremisesInstances { tags } => {
            let request = codedeploy.add_tags_to_on_premises_instances().instance_names(instance);
            let answer = request.set_tags(Some(to_tags(tags))).send().await;
            answer.map_err(|error| session.failure("codedeploy:AddTagsToOnPremisesInstances", &error))?;
        }
        OnPremisesInstanceCall::RemoveTagsFromOnPremisesInstances { tags } => {
            let request = codedeploy.remove_tags_from_on_premises_instances().instance_names(instance);
            let answer = request.set_tags(Some(to_tags(tags))).send().await;
            answer.map_err(|error| session.failure("codedeploy:RemoveTagsFromOnPremisesInstances", &error))?;
        }
        OnPremisesInstanceCall::DeregisterOnPremisesInstance { releases: _ } => {
            let request = codedeploy.deregister_on_premises_instance().instance_name(instance);
            request.send().await.map_err(|error| session.failure("codedeploy:DeregisterOnPremisesInstance", &error))?;
        }
    }
    Ok(Outputs::new())
}

/// The instance, if it is registered.
async fn find(session: &Session, name: &str) -> Result<Option<InstanceFact>, Failure> {
    let answer = session.codedeploy().get_on_premises_instance().instance_name(name).send().await;
    let answer = answer.map_err(|error| session.failure("codedeploy:GetOnPremisesInstance", &error))?;
    Ok(answer.instance_info.filter(|info| info.deregister_time.is_none()).as_ref().map(instance_fact))
}
