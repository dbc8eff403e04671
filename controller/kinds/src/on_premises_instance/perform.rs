//! The calls by which on-premises instances change.

use aws_smithy_types::retry::RetryConfig;
use trueup_engine::perform::{Effect, OpContext, OpError};
use trueup_state::outputs::Outputs;

use super::{OnPremisesInstance, OnPremisesInstanceCall, OnPremisesInstanceOp};
use crate::driver::Driver;
use crate::error::Failure;
use crate::session::Session;
use crate::soon::soon;
use crate::source::codedeploy::{InstanceFact, instance_fact, to_tags};

impl Driver for OnPremisesInstance {
    async fn perform(op: OnPremisesInstanceOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        Ok(soon(cx, |failure| is_early(&op, failure), || send(session, &op)).await?)
    }
}

async fn send(session: &Session, op: &OnPremisesInstanceOp) -> Result<Outputs, Failure> {
    let OnPremisesInstanceOp { instance, call } = op;
    let codedeploy = session.codedeploy();
    match call {
        OnPremisesInstanceCall::RegisterOnPremisesInstance { iam_user, iam_session } => {
            return register(session, instance, iam_user.as_deref(), iam_session.as_deref()).await;
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

/// Registers the instance. Sent once, and looked for by its name before it is sent again: after a lost answer the name is taken.
/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_RegisterOnPremisesInstance.html>
async fn register(
    session: &Session,
    name: &str,
    iam_user: Option<&str>,
    iam_session: Option<&str>,
) -> Result<Outputs, Failure> {
    let answer = session
        .codedeploy()
        .register_on_premises_instance()
        .instance_name(name)
        .set_iam_user_arn(iam_user.map(str::to_owned))
        .set_iam_session_arn(iam_session.map(str::to_owned))
        .customize()
        .config_override(aws_sdk_codedeploy::config::Builder::new().retry_config(RetryConfig::disabled()))
        .send()
        .await;
    let arn = |found: InstanceFact| ("arn".to_owned(), found.arn);
    let Err(error) = answer else {
        // The call does not say the ARN.
        return Ok(find(session, name).await?.map(arn).into_iter().collect());
    };
    let failure = session.failure("codedeploy:RegisterOnPremisesInstance", &error);
    // The answer to this attempt, or to one of a run before, was lost: then the instance is there, exactly as asked for.
    if failure.effect != Effect::Unknown && !failure.is("InstanceNameAlreadyRegisteredException") {
        return Err(failure);
    }
    let same = |found: &InstanceFact| {
        found.iam_user.as_deref() == iam_user && found.iam_session.as_deref() == iam_session && found.tags.is_empty()
    };
    let found = find(session, name).await.ok().flatten().filter(same).ok_or(failure)?;
    Ok(Outputs::from([arn(found)]))
}

/// Whether a later attempt may fare better, of the registration, which the SDK sends but once: what was refused for haste registered
/// nothing, and what failed in an unknown way was looked for by its name before this is asked.
fn is_early(op: &OnPremisesInstanceOp, failure: &Failure) -> bool {
    matches!(op.call, OnPremisesInstanceCall::RegisterOnPremisesInstance { .. })
        && (failure.is("ThrottlingException") || failure.effect == Effect::Unknown)
}

/// The instance, if it is registered.
async fn find(session: &Session, name: &str) -> Result<Option<InstanceFact>, Failure> {
    let answer = session.codedeploy().get_on_premises_instance().instance_name(name).send().await;
    let answer = answer.map_err(|error| session.failure("codedeploy:GetOnPremisesInstance", &error))?;
    Ok(answer.instance_info.filter(|info| info.deregister_time.is_none()).as_ref().map(instance_fact))
}
