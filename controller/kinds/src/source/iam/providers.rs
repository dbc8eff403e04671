//! Identity providers: a listing that tells their ARNs, and a question for each. Accounts have few.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};

use super::{SINGLE_CALLS_AT_ONCE, absent};
use crate::error::Failure;
use crate::fields::from_iam_tags;
use crate::session::Session;

/// An OpenID Connect provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcProviderFact {
    /// Its ARN.
    pub arn: String,
    /// Its URL without `https://`.
    pub url: String,
    /// Its audiences.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub client_ids: BTreeSet<String>,
    /// The thumbprints of its certificates.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub thumbprints: BTreeSet<String>,
    /// All tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// The account's OpenID Connect providers, by URL.
pub(super) async fn read_oidc(session: &Session) -> Result<Vec<OidcProviderFact>, Failure> {
    let answer = session.iam().list_open_id_connect_providers().send().await;
    let answer = answer.map_err(|error| session.failure("iam:ListOpenIDConnectProviders", &error))?;
    let arns = answer.open_id_connect_provider_list.unwrap_or_default().into_iter().filter_map(|entry| entry.arn);
    let asked = futures_util::stream::iter(arns).map(|arn| read_one_oidc(session, arn));
    let found: Vec<Option<OidcProviderFact>> = asked.buffer_unordered(SINGLE_CALLS_AT_ONCE).try_collect().await?;
    let mut providers: Vec<OidcProviderFact> = found.into_iter().flatten().collect();
    providers.sort_by(|a, b| a.url.cmp(&b.url));
    Ok(providers)
}

async fn read_one_oidc(session: &Session, arn: String) -> Result<Option<OidcProviderFact>, Failure> {
    match session.iam().get_open_id_connect_provider().open_id_connect_provider_arn(&arn).send().await {
        Ok(answer) => Ok(Some(OidcProviderFact {
            url: arn.split_once(":oidc-provider/").map(|(_, url)| url.to_owned()).unwrap_or_default(),
            arn,
            client_ids: answer.client_id_list.unwrap_or_default().into_iter().collect(),
            thumbprints: answer.thumbprint_list.unwrap_or_default().into_iter().collect(),
            tags: from_iam_tags(&answer.tags.unwrap_or_default()),
        })),
        Err(error) => {
            absent(session.failure("iam:GetOpenIDConnectProvider", &error))?;
            Ok(None)
        }
    }
}
