//! SAML providers: whose assertions the account's roles may trust.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml.html>. A metadata document is looked at only as far
//! as one can without reading XML; private keys are not taken.

use super::fault::Fault;
use super::query::Params;
use super::state::{SamlProvider, State, Tag, key};
use super::tags::KeyCase;
use super::{Context, names, tags};
use crate::xml::Xml;

/// The most providers an account may have.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entities>.
const PROVIDERS_MAX: usize = 100;
/// Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateSAMLProvider.html>.
const METADATA_CHARACTERS_MIN: usize = 1_000;
const METADATA_CHARACTERS_MAX: usize = 10_000_000;
const NAME_MAX: usize = 128;
/// How long a provider's metadata counts, in years: what the sandbox says of every one.
const VALID_YEARS: i32 = 100;

fn arn(params: &Params) -> Result<String, Fault> {
    names::arn(params, "SAMLProviderArn")
}

fn missing(arn: &str) -> Fault {
    Fault::no_such_entity(format!("Manifest not found for arn {arn}"))
}

fn place(arn: &str) -> String {
    key(arn.rsplit('/').next().unwrap_or_default())
}

fn find<'a>(iam: &'a State, arn: &str) -> Result<&'a SamlProvider, Fault> {
    iam.saml_providers.get(&place(arn)).filter(|provider| provider.arn == arn).ok_or_else(|| missing(arn))
}

fn find_mut<'a>(iam: &'a mut State, arn: &str) -> Result<&'a mut SamlProvider, Fault> {
    let found = iam.saml_providers.get_mut(&place(arn)).filter(|provider| provider.arn == arn);
    found.ok_or_else(|| missing(arn))
}

/// `CreateSAMLProvider`.
pub(super) fn create(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    no_private_key(&context.params)?;
    let name = name(&context.params)?;
    let metadata = metadata(&context.params)?.ok_or_else(absent_metadata)?;
    let encryption = encryption(&context.params)?;
    let tags = tags::sent(&context.params)?;
    let providers = &context.iam().saml_providers;
    if providers.contains_key(&key(&name)) {
        return Err(Fault::already_exists(format!("Provider {name} already exists.")));
    }
    if providers.len() >= PROVIDERS_MAX {
        return Err(Fault::quota("SAMLProvidersPerAccount", PROVIDERS_MAX));
    }
    let arn = format!("arn:aws:iam::{}:saml-provider/{name}", context.account());
    out.leaf("SAMLProviderArn", &arn);
    if !tags.is_empty() {
        tags::write(&tags, out);
    }
    let provider = SamlProvider { arn, created: context.now(), metadata, encryption, tags };
    context.iam_mut().saml_providers.insert(key(&name), provider);
    Ok(())
}

/// `UpdateSAMLProvider`: what is not sent stays.
pub(super) fn update(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    no_private_key(&context.params)?;
    let arn = arn(&context.params)?;
    let (metadata, encryption) = (metadata(&context.params)?, encryption(&context.params)?);
    let provider = find_mut(context.iam_mut(), &arn)?;
    if let Some(metadata) = metadata {
        provider.metadata = metadata;
    }
    if encryption.is_some() {
        provider.encryption = encryption;
    }
    out.leaf("SAMLProviderArn", &arn);
    Ok(())
}

/// `GetSAMLProvider`.
pub(super) fn get(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let arn = arn(&context.params)?;
    let provider = find(context.iam(), &arn)?;
    out.leaf("SAMLMetadataDocument", &provider.metadata);
    out.leaf("CreateDate", &provider.created).leaf("ValidUntil", valid_until(&provider.created));
    if let Some(encryption) = &provider.encryption {
        out.leaf("AssertionEncryptionMode", encryption);
    }
    tags::write(&sorted(&provider.tags), out);
    Ok(())
}

/// `ListSAMLProviders`, without pages.
pub(super) fn list(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    out.open("SAMLProviderList");
    for provider in context.iam().saml_providers.values() {
        let until = valid_until(&provider.created);
        out.open("member").leaf("Arn", &provider.arn).leaf("ValidUntil", &until);
        out.leaf("CreateDate", &provider.created).close();
    }
    out.close();
    Ok(())
}

/// `DeleteSAMLProvider`. Trust policies that name it keep naming it.
pub(super) fn delete(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let arn = arn(&context.params)?;
    find(context.iam(), &arn)?;
    context.iam_mut().saml_providers.remove(&place(&arn));
    Ok(())
}

/// `TagSAMLProvider`.
pub(super) fn tag(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let arn = arn(&context.params)?;
    let new = tags::required(&context.params)?;
    tags::set(&mut find_mut(context.iam_mut(), &arn)?.tags, new, KeyCase::Matters)
}

/// `UntagSAMLProvider`.
pub(super) fn untag(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let arn = arn(&context.params)?;
    let keys = tags::keys(&context.params)?;
    tags::unset(&mut find_mut(context.iam_mut(), &arn)?.tags, &keys, KeyCase::Matters);
    Ok(())
}

/// `ListSAMLProviderTags`.
pub(super) fn list_tags(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let arn = arn(&context.params)?;
    tags::list(context, &find(context.iam(), &arn)?.tags, out)
}

fn name(params: &Params) -> Result<String, Fault> {
    let name = params.required("Name")?;
    let sound = name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if (1..=NAME_MAX).contains(&name.chars().count()) && sound {
        return Ok(name.to_owned());
    }
    Err(Fault::constraint(format!("'{name}'"), "name", "satisfy regular expression pattern: [\\w._-]+"))
}

fn absent_metadata() -> Fault {
    Fault::constraint("null", "sAMLMetadataDocument", "not be null")
}

fn metadata(params: &Params) -> Result<Option<String>, Fault> {
    let Some(text) = params.get("SAMLMetadataDocument") else { return Ok(None) };
    let length = text.chars().count();
    if length < METADATA_CHARACTERS_MIN {
        let rule = format!("have length greater than or equal to {METADATA_CHARACTERS_MIN}");
        return Err(Fault::constraint("", "sAMLMetadataDocument", &rule));
    }
    if length > METADATA_CHARACTERS_MAX {
        let rule = format!("have length less than or equal to {METADATA_CHARACTERS_MAX}");
        return Err(Fault::constraint("", "sAMLMetadataDocument", &rule));
    }
    if !text.trim_start().starts_with('<') || !text.contains("EntityDescriptor") {
        return Err(Fault::invalid_input("Could not parse metadata"));
    }
    Ok(Some(text.to_owned()))
}

fn encryption(params: &Params) -> Result<Option<String>, Fault> {
    Ok(params.word("AssertionEncryptionMode", &["Required", "Allowed"])?.map(str::to_owned))
}

fn no_private_key(params: &Params) -> Result<(), Fault> {
    if params.get("AddPrivateKey").is_none() {
        return Ok(());
    }
    Err(Fault::invalid_input("The sandbox keeps no private keys."))
}

/// The same day, many years later.
fn valid_until(created: &str) -> String {
    let year = created.get(..4).and_then(|year| year.parse::<i32>().ok()).unwrap_or_default();
    format!("{:04}{}", year + VALID_YEARS, created.get(4..).unwrap_or_default())
}

fn sorted(tags: &[Tag]) -> Vec<Tag> {
    let mut tags = tags.to_vec();
    tags.sort_by(|a, b| a.key.cmp(&b.key));
    tags
}
