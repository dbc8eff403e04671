//! The calls by which OpenID Connect providers change.

use trueup_engine::perform::{OpContext, OpError};
use trueup_state::outputs::Outputs;

use super::{OidcProvider, OidcProviderCall, OidcProviderOp, SCHEME, Thumbprints, url_of};
use crate::driver::{Driver, gone, patiently};
use crate::error::Failure;
use crate::fields::{from_iam_tags, iam_tags};
use crate::session::Session;

impl Driver for OidcProvider {
    async fn perform(op: OidcProviderOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        patiently(cx, || send(session, &op)).await?;
        Ok(Outputs::new())
    }
}

async fn send(session: &Session, op: &OidcProviderOp) -> Result<(), Failure> {
    let (iam, arn) = (session.iam(), &op.arn);
    match &op.call {
        OidcProviderCall::CreateOpenIDConnectProvider { client_ids, thumbprints, tags } => {
            let request = iam
                .create_open_id_connect_provider()
                .url(format!("{SCHEME}{}", url_of(arn)))
                .set_client_id_list(Some(client_ids.iter().cloned().collect()))
                .set_thumbprint_list(thumbprints.0.as_ref().map(|list| list.iter().cloned().collect()))
                .set_tags(Some(iam_tags(tags.clone())));
            let Err(error) = request.send().await else { return Ok(()) };
            let failure = session.failure("iam:CreateOpenIDConnectProvider", &error);
            // The answer to an earlier attempt may have been lost: then the provider is there, exactly as asked for.
            let made = failure.is("EntityAlreadyExists") && made_already(session, op).await;
            if made { Ok(()) } else { Err(failure) }
        }
        OidcProviderCall::AddClientIDToOpenIDConnectProvider { client_id } => {
            let request = iam.add_client_id_to_open_id_connect_provider();
            let sent = request.open_id_connect_provider_arn(arn).client_id(client_id).send().await;
            sent.map(drop).map_err(|error| session.failure("iam:AddClientIDToOpenIDConnectProvider", &error))
        }
        OidcProviderCall::RemoveClientIDFromOpenIDConnectProvider { client_id } => {
            let request = iam.remove_client_id_from_open_id_connect_provider();
            let sent = request.open_id_connect_provider_arn(arn).client_id(client_id).send().await;
            gone(sent.map_err(|error| session.failure("iam:RemoveClientIDFromOpenIDConnectProvider", &error)))
        }
        OidcProviderCall::UpdateOpenIDConnectProviderThumbprint { thumbprints } => {
            let request = iam.update_open_id_connect_provider_thumbprint().open_id_connect_provider_arn(arn);
            let sent = request.set_thumbprint_list(Some(thumbprints.iter().cloned().collect())).send().await;
            sent.map(drop).map_err(|error| session.failure("iam:UpdateOpenIDConnectProviderThumbprint", &error))
        }
        OidcProviderCall::TagOpenIDConnectProvider { tags } => {
            let request = iam.tag_open_id_connect_provider().open_id_connect_provider_arn(arn);
            let sent = request.set_tags(Some(iam_tags(tags.clone()))).send().await;
            sent.map(drop).map_err(|error| session.failure("iam:TagOpenIDConnectProvider", &error))
        }
        OidcProviderCall::UntagOpenIDConnectProvider { keys } => {
            let request = iam.untag_open_id_connect_provider().open_id_connect_provider_arn(arn);
            let sent = request.set_tag_keys(Some(keys.clone())).send().await;
            sent.map(drop).map_err(|error| session.failure("iam:UntagOpenIDConnectProvider", &error))
        }
        OidcProviderCall::DeleteOpenIDConnectProvider => {
            let sent = iam.delete_open_id_connect_provider().open_id_connect_provider_arn(arn).send().await;
            gone(sent.map_err(|error| session.failure("iam:DeleteOpenIDConnectProvider", &error)))
        }
    }
}

/// Whether the provider is just what the call would make.
async fn made_already(session: &Session, op: &OidcProviderOp) -> bool {
    let request = session.iam().get_open_id_connect_provider().open_id_connect_provider_arn(&op.arn);
    let Ok(found) = request.send().await else { return false };
    let is = OidcProviderCall::CreateOpenIDConnectProvider {
        client_ids: found.client_id_list().iter().cloned().collect(),
        thumbprints: Thumbprints(Some(found.thumbprint_list().iter().map(|text| text.to_lowercase()).collect())),
        tags: from_iam_tags(found.tags()),
    };
    is == op.call
}
