//! The calls by which applications change.

use aws_sdk_codedeploy::types::ComputePlatform;
use trueup_engine::perform::{OpContext, OpError};
use trueup_state::outputs::Outputs;

use super::{Application, ApplicationCall, ApplicationOp};
use crate::driver::{Driver, id_output, patiently};
use crate::error::Failure;
use crate::fields::Tags;
use crate::session::Session;
use crate::source::codedeploy::{tags_of, to_tags};

impl Driver for Application {
    async fn perform(op: ApplicationOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        Ok(patiently(cx, || send(session, &op)).await?)
    }
}

async fn send(session: &Session, op: &ApplicationOp) -> Result<Outputs, Failure> {
    let ApplicationOp { application, arn, call } = op;
    let codedeploy = session.codedeploy();
    match call {
        ApplicationCall::CreateApplication { compute_platform, tags } => {
            let request = codedeploy
                .create_application()
                .application_name(application)
                .compute_platform(ComputePlatform::from(compute_platform.as_str()))
                .set_tags(Some(to_tags(tags)));
            let id = match request.send().await {
                Ok(answer) => answer.application_id.unwrap_or_default(),
                Err(error) => {
                    let failure = session.failure("codedeploy:CreateApplication", &error);
                    if !failure.is("ApplicationAlreadyExistsException") {
                        return Err(failure);
                    }
                    // The answer to an earlier attempt may have been lost: then the application is there, exactly as asked for.
                    made_already(session, application, arn, compute_platform, tags).await.ok_or(failure)?
                }
            };
            return Ok(id_output(&id));
        }
        ApplicationCall::TagResource { tags } => tag(session, arn, tags).await?,
        ApplicationCall::UntagResource { keys } => untag(session, arn, keys).await?,
        ApplicationCall::DeleteApplication => {
            let request = codedeploy.delete_application().application_name(application);
            request.send().await.map_err(|error| session.failure("codedeploy:DeleteApplication", &error))?;
        }
    }
    Ok(Outputs::new())
}

/// Tags an application or a deployment group.
pub(crate) async fn tag(session: &Session, arn: &str, tags: &Tags) -> Result<(), Failure> {
    let request = session.codedeploy().tag_resource().resource_arn(arn).set_tags(Some(to_tags(tags)));
    request.send().await.map_err(|error| session.failure("codedeploy:TagResource", &error))?;
    Ok(())
}

/// Takes tags from an application or a deployment group.
pub(crate) async fn untag(session: &Session, arn: &str, keys: &[String]) -> Result<(), Failure> {
    let request = session.codedeploy().untag_resource().resource_arn(arn).set_tag_keys(Some(keys.to_vec()));
    request.send().await.map_err(|error| session.failure("codedeploy:UntagResource", &error))?;
    Ok(())
}

/// The id of the application, if it is just what the call would make.
async fn made_already(session: &Session, name: &str, arn: &str, platform: &str, tags: &Tags) -> Option<String> {
    let answer = session.codedeploy().get_application().application_name(name).send().await.ok()?;
    let found = answer.application?;
    let same = found.compute_platform()?.as_str() == platform && tags_of(session, arn).await.ok()? == *tags;
    same.then_some(found.application_id.unwrap_or_default())
}
