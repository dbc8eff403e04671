//! OpenID Connect providers: whose tokens the account's roles may trust.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html>. A trust policy may name a provider
//! that does not exist, and keeps naming one that was deleted.

use super::fault::Fault;
use super::query::{Params, member};
use super::state::{OidcProvider, State, Tag};
use super::tags::KeyCase;
use super::{Context, ids, names, tags};
use crate::xml::Xml;

/// The most providers an account may have.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entities>.
const PROVIDERS_MAX: usize = 100;
/// How many audiences, and how many thumbprints, one provider may have.
/// Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html>.
const CLIENT_IDS_MAX: usize = 100;
const THUMBPRINTS_MAX: usize = 5;

fn arn(params: &Params) -> Result<String, Fault> {
    names::arn(params, "OpenIDConnectProviderArn")
}

/// The URL an ARN says, which is the key of the provider.
fn url_of(arn: &str) -> &str {
    arn.split_once(":oidc-provider/").map(|(_, url)| url).unwrap_or_default()
}

fn missing(arn: &str) -> Fault {
    Fault::no_such_entity(format!("OpenIDConnect Provider not found for arn {arn}"))
}

fn find<'a>(iam: &'a State, arn: &str) -> Result<&'a OidcProvider, Fault> {
    iam.oidc_providers.get(url_of(arn)).filter(|provider| provider.arn == arn).ok_or_else(|| missing(arn))
}

fn find_mut<'a>(iam: &'a mut State, arn: &str) -> Result<&'a mut OidcProvider, Fault> {
    let found = iam.oidc_providers.get_mut(url_of(arn)).filter(|provider| provider.arn == arn);
    found.ok_or_else(|| missing(arn))
}

/// `CreateOpenIDConnectProvider`. Without thumbprints AWS asks the provider for its own; here one is made up.
pub(super) fn create(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let url = url(&context.params)?;
    let client_ids = client_ids(&context.params)?;
    let thumbprints = match thumbprints(&context.params)? {
        sent if sent.is_empty() => vec![made_up_thumbprint(&url)],
        sent => sent,
    };
    let tags = tags::sent(&context.params)?;
    let providers = &context.iam().oidc_providers;
    if providers.contains_key(&url) {
        return Err(Fault::already_exists(format!("Provider with url https://{url} already exists.")));
    }
    if providers.len() >= PROVIDERS_MAX {
        return Err(Fault::quota("OpenIdConnectProvidersPerAccount", PROVIDERS_MAX));
    }
    let arn = format!("arn:aws:iam::{}:oidc-provider/{url}", context.account());
    out.leaf("OpenIDConnectProviderArn", &arn);
    if !tags.is_empty() {
        tags::write(&tags, out);
    }
    let provider = OidcProvider { arn, created: context.now(), client_ids, thumbprints, tags };
    context.iam_mut().oidc_providers.insert(url, provider);
    Ok(())
}

/// `GetOpenIDConnectProvider`. The URL comes back without `https://`.
pub(super) fn get(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let arn = arn(&context.params)?;
    let provider = find(context.iam(), &arn)?;
    out.leaf("Url", url_of(&arn)).leaf("CreateDate", &provider.created);
    write_list("ClientIDList", &provider.client_ids, out);
    write_list("ThumbprintList", &provider.thumbprints, out);
    tags::write(&sorted(&provider.tags), out);
    Ok(())
}

/// `ListOpenIDConnectProviders`: ARNs and no more, without pages.
pub(super) fn list(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    out.open("OpenIDConnectProviderList");
    for provider in context.iam().oidc_providers.values() {
        out.open("member").leaf("Arn", &provider.arn).close();
    }
    out.close();
    Ok(())
}

/// `DeleteOpenIDConnectProvider`: one that is not there is no error.
pub(super) fn delete(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let arn = arn(&context.params)?;
    context.iam_mut().oidc_providers.retain(|_, provider| provider.arn != arn);
    Ok(())
}

/// `AddClientIDToOpenIDConnectProvider`: one that is there is no error.
pub(super) fn add_client_id(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let arn = arn(&context.params)?;
    let id = client_id(context.params.required("ClientID")?, "clientID")?;
    let provider = find_mut(context.iam_mut(), &arn)?;
    if provider.client_ids.contains(&id) {
        return Ok(());
    }
    if provider.client_ids.len() >= CLIENT_IDS_MAX {
        return Err(Fault::quota("ClientIdsPerOpenIdConnectProvider", CLIENT_IDS_MAX));
    }
    provider.client_ids.push(id);
    Ok(())
}

/// `RemoveClientIDFromOpenIDConnectProvider`: one that is not there is no error.
pub(super) fn remove_client_id(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let arn = arn(&context.params)?;
    let id = client_id(context.params.required("ClientID")?, "clientID")?;
    find_mut(context.iam_mut(), &arn)?.client_ids.retain(|held| *held != id);
    Ok(())
}

/// `UpdateOpenIDConnectProviderThumbprint`: the new list takes the place of the old one.
pub(super) fn update_thumbprints(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let arn = arn(&context.params)?;
    if !context.params.any("ThumbprintList") {
        return Err(Fault::constraint("null", "thumbprintList", "not be null"));
    }
    let thumbprints = thumbprints(&context.params)?;
    if thumbprints.is_empty() {
        return Err(Fault::invalid_input("Thumbprint list must contain at least one entry."));
    }
    find_mut(context.iam_mut(), &arn)?.thumbprints = thumbprints;
    Ok(())
}

/// `TagOpenIDConnectProvider`.
pub(super) fn tag(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let arn = arn(&context.params)?;
    let new = tags::required(&context.params)?;
    tags::set(&mut find_mut(context.iam_mut(), &arn)?.tags, new, KeyCase::Matters)
}

/// `UntagOpenIDConnectProvider`.
pub(super) fn untag(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let arn = arn(&context.params)?;
    let keys = tags::keys(&context.params)?;
    tags::unset(&mut find_mut(context.iam_mut(), &arn)?.tags, &keys, KeyCase::Matters);
    Ok(())
}

/// `ListOpenIDConnectProviderTags`.
pub(super) fn list_tags(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let arn = arn(&context.params)?;
    tags::list(context, &find(context.iam(), &arn)?.tags, out)
}

/// The URL without `https://`: a host and perhaps a path, no port and no query.
fn url(params: &Params) -> Result<String, Fault> {
    let url = params.required("Url")?;
    if !(1..=255).contains(&url.chars().count()) {
        let rule = "have length less than or equal to 255 and greater than or equal to 1";
        return Err(Fault::constraint(format!("'{url}'"), "url", rule));
    }
    let rest = url.strip_prefix("https://");
    let rest = rest.ok_or_else(|| Fault::validation("Invalid Open ID Connect Provider URL"))?;
    let host = rest.split('/').next().unwrap_or_default();
    let letters = host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    let sound = !host.is_empty() && letters && rest.bytes().all(|b| b.is_ascii_graphic() && b != b'?' && b != b'#');
    if sound { Ok(rest.to_owned()) } else { Err(Fault::validation("Invalid Open ID Connect Provider URL")) }
}

fn client_ids(params: &Params) -> Result<Vec<String>, Fault> {
    let sent = params.list("ClientIDList");
    if sent.len() > CLIENT_IDS_MAX {
        return Err(Fault::quota("ClientIdsPerOpenIdConnectProvider", CLIENT_IDS_MAX));
    }
    let checked = sent.iter().enumerate();
    let mut ids: Vec<String> = Vec::new();
    for (index, id) in checked {
        let id = client_id(id, &format!("clientIDList.{}.member", index + 1))?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

fn client_id(id: &str, place: &str) -> Result<String, Fault> {
    if (1..=255).contains(&id.chars().count()) {
        return Ok(id.to_owned());
    }
    let rule = "have length less than or equal to 255 and greater than or equal to 1";
    Err(Fault::constraint(format!("'{id}'"), &member(place), rule))
}

fn thumbprints(params: &Params) -> Result<Vec<String>, Fault> {
    let sent = params.list("ThumbprintList");
    if sent.len() > THUMBPRINTS_MAX {
        return Err(Fault::invalid_input(format!(
            "Thumbprint list must contain fewer than {THUMBPRINTS_MAX} entries."
        )));
    }
    for (index, text) in sent.iter().enumerate() {
        if text.chars().count() != 40 {
            let rule = "have length less than or equal to 40 and greater than or equal to 40";
            return Err(Fault::constraint(format!("'{text}'"), &format!("thumbprintList.{}.member", index + 1), rule));
        }
        if !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(Fault::invalid_input(
                "Thumbprint list contains an entry that is not a hex-encoded SHA-1 hash.",
            ));
        }
    }
    Ok(sent.into_iter().map(str::to_owned).collect())
}

/// Forty hex digits that follow from the URL.
fn made_up_thumbprint(url: &str) -> String {
    let id = ids::from_name("", url);
    let hex: String = id.bytes().map(|b| format!("{b:02x}")).collect();
    hex.chars().cycle().take(40).collect()
}

fn write_list(list: &str, texts: &[String], out: &mut Xml) {
    out.open(list);
    for text in texts {
        out.leaf("member", text);
    }
    out.close();
}

fn sorted(tags: &[Tag]) -> Vec<Tag> {
    let mut tags = tags.to_vec();
    tags.sort_by(|a, b| a.key.cmp(&b.key));
    tags
}
