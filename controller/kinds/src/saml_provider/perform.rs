//! The calls by which SAML providers change.

use trueup_engine::perform::{OpContext, OpError};
use trueup_state::outputs::Outputs;

use super::{Metadata, SamlProvider, SamlProviderCall, SamlProviderOp};
use crate::driver::{Driver, gone, patiently};
use crate::error::Failure;
use crate::fields::{from_iam_tags, iam_tags, short};
use crate::session::Session;

impl Driver for SamlProvider {
    async fn perform(op: SamlProviderOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        patiently(cx, || send(session, &op)).await?;
        Ok(Outputs::new())
    }
}

async fn send(session: &Session, op: &SamlProviderOp) -> Result<(), Failure> {
    let (iam, arn) = (session.iam(), &op.arn);
    match &op.call {
        SamlProviderCall::CreateSAMLProvider { metadata: Metadata(metadata), tags } => {
            let request = iam.create_saml_provider().name(short(arn)).saml_metadata_document(metadata);
            let Err(error) = request.set_tags(Some(iam_tags(tags.clone()))).send().await else { return Ok(()) };
            let failure = session.failure("iam:CreateSAMLProvider", &error);
            // The answer to an earlier attempt may have been lost: then the provider is there, exactly as asked for.
            let made = failure.is("EntityAlreadyExists") && made_already(session, op).await;
            if made { Ok(()) } else { Err(failure) }
        }
        SamlProviderCall::UpdateSAMLProvider { metadata: Metadata(metadata) } => {
            let request = iam.update_saml_provider().saml_provider_arn(arn).saml_metadata_document(metadata);
            let sent = request.send().await;
            sent.map(drop).map_err(|error| session.failure("iam:UpdateSAMLProvider", &error))
        }
        SamlProviderCall::TagSAMLProvider { tags } => {
            let request = iam.tag_saml_provider().saml_provider_arn(arn);
            let sent = request.set_tags(Some(iam_tags(tags.clone()))).send().await;
            sent.map(drop).map_err(|error| session.failure("iam:TagSAMLProvider", &error))
        }
        SamlProviderCall::UntagSAMLProvider { keys } => {
            let request = iam.untag_saml_provider().saml_provider_arn(arn);
            let sent = request.set_tag_keys(Some(keys.clone())).send().await;
            gone(sent.map_err(|error| session.failure("iam:UntagSAMLProvider", &error)))
        }
        SamlProviderCall::DeleteSAMLProvider => {
            let sent = iam.delete_saml_provider().saml_provider_arn(arn).send().await;
            gone(sent.map_err(|error| session.failure("iam:DeleteSAMLProvider", &error)))
        }
    }
}

/// Whether the provider is just what the call would make.
async fn made_already(session: &Session, op: &SamlProviderOp) -> bool {
    let Ok(found) = session.iam().get_saml_provider().saml_provider_arn(&op.arn).send().await else { return false };
    let is = SamlProviderCall::CreateSAMLProvider {
        metadata: Metadata::of(found.saml_metadata_document().unwrap_or_default()),
        tags: from_iam_tags(found.tags()),
    };
    is == op.call
}
