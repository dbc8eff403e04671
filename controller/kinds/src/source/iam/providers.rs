//! Identity providers. OpenID Connect: a listing that tells their ARNs, and a question for each; accounts have few. SAML: their ARNs follow from
//! their names, so that only those are asked for that are wanted, or that the index of tags shows as ours.

use std::collections::BTreeSet;

use futures_util::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};

use super::super::tagging::{OWNED, Tagged};
use super::{SINGLE_CALLS_AT_ONCE, absent};
use crate::error::Failure;
use crate::fields::{Tags, from_iam_tags};
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
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

/// A SAML provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamlProviderFact {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Its metadata document.
    pub metadata: String,
    /// All tags.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

/// The SAML providers of these names, and those that the index shows with trueup's tag, by name; all there are where `all` says so.
pub(super) async fn read_saml(
    session: &Session,
    wanted: &BTreeSet<&str>,
    all: bool,
    index: &Tagged,
) -> Result<Vec<SamlProviderFact>, Failure> {
    let front = format!("arn:{}:iam::{}:saml-provider/", session.partition(), session.account_id());
    let ours =
        index.iter().filter(|(_, tags)| tags.contains_key(OWNED)).filter_map(|(arn, _)| arn.strip_prefix(&front));
    let mut names: BTreeSet<String> = wanted.iter().copied().chain(ours).map(str::to_owned).collect();
    if all {
        let listed = list_saml(session).await?;
        names.extend(listed.iter().filter_map(|arn| arn.strip_prefix(&front)).map(str::to_owned));
    }
    let reads = names.into_iter().map(|name| (format!("{front}{name}"), name));
    let asked = futures_util::stream::iter(reads).map(|(arn, name)| read_one_saml(session, arn, name));
    let found: Vec<Option<SamlProviderFact>> = asked.buffer_unordered(SINGLE_CALLS_AT_ONCE).try_collect().await?;
    let mut providers: Vec<SamlProviderFact> = found.into_iter().flatten().collect();
    providers.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(providers)
}

/// The ARNs of the account's SAML providers.
async fn list_saml(session: &Session) -> Result<Vec<String>, Failure> {
    let answer = session.iam().list_saml_providers().send().await;
    let answer = answer.map_err(|error| session.failure("iam:ListSAMLProviders", &error))?;
    Ok(answer.saml_provider_list.unwrap_or_default().into_iter().filter_map(|provider| provider.arn).collect())
}

async fn read_one_saml(session: &Session, arn: String, name: String) -> Result<Option<SamlProviderFact>, Failure> {
    match session.iam().get_saml_provider().saml_provider_arn(&arn).send().await {
        Ok(answer) => Ok(Some(SamlProviderFact {
            arn,
            name,
            metadata: answer.saml_metadata_document.unwrap_or_default(),
            tags: from_iam_tags(&answer.tags.unwrap_or_default()),
        })),
        Err(error) => {
            absent(session.failure("iam:GetSAMLProvider", &error))?;
            Ok(None)
        }
    }
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
