//! OpenID Connect providers.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html>

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Export, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::resolve::Resolver;
use trueup_specs::{Text, spec};

use crate::fields::{self, TagChange, Tags};
use crate::source::iam::providers::OidcProviderFact;
use crate::source::iam::{self, IamFacts};

mod perform;
#[cfg(test)]
mod tests;

/// The limits of a provider.
const PAGE: &str = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html";
/// The most audiences, and the most thumbprints.
const CLIENT_IDS_MAX: usize = 100;
const THUMBPRINTS_MAX: usize = 5;
/// How long a URL may be, and how long an audience.
const LENGTH_MAX: usize = 255;
/// What begins a URL, and is no part of the name AWS gives the provider.
const SCHEME: &str = "https://";

spec! {
    /// An OpenID Connect provider: whose tokens roles of the account may trust, so that GitHub's runners for example need no keys.
    pub struct OidcProviderSpec {
        /// The provider's URL, as its tokens say it: `https://token.actions.githubusercontent.com`.
        /// At most 255 characters, with neither port nor query. Changing it removes the provider and makes another.
        pub url: Text,
        /// The audiences for which its tokens are taken.
        /// Default: none. At most 100. GitHub's runners say `sts.amazonaws.com`.
        pub client_ids: Vec<Text>,
        /// Thumbprints of the certificates that the provider may show: 40 hex digits each.
        /// Default: those AWS found by itself when the provider was made, or what is there. At most 5. AWS looks at them only where it does
        /// not know the authority behind a certificate.
        pub thumbprints: Option<Vec<Text>>,
    }
}

/// An OpenID Connect provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcProviderModel {
    /// Without `https://`.
    pub url: String,
    /// Its audiences.
    pub client_ids: BTreeSet<String>,
    /// Of its certificates.
    pub thumbprints: Thumbprints,
    /// All tags but AWS's own.
    pub tags: Tags,
}

/// Thumbprints in lower case; `None` where a spec leaves them to AWS.
///
/// AWS tells thumbprints it found by itself not from those it was given, so what a spec does not say is equal to whatever is there.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Thumbprints(pub Option<BTreeSet<String>>);

impl PartialEq for Thumbprints {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(two)) => one == two,
            (None, _) | (_, None) => true,
        }
    }
}

impl Eq for Thumbprints {}

/// One call on one provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OidcProviderOp {
    /// The provider's ARN.
    pub arn: String,
    /// The call.
    pub call: OidcProviderCall,
}

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op")]
pub enum OidcProviderCall {
    /// `CreateOpenIDConnectProvider`.
    CreateOpenIDConnectProvider {
        /// Audiences.
        client_ids: BTreeSet<String>,
        /// Without, AWS finds them.
        thumbprints: Thumbprints,
        /// All of them.
        tags: Tags,
    },
    /// `AddClientIDToOpenIDConnectProvider`.
    AddClientIDToOpenIDConnectProvider {
        /// The audience.
        client_id: String,
    },
    /// `RemoveClientIDFromOpenIDConnectProvider`.
    RemoveClientIDFromOpenIDConnectProvider {
        /// The audience.
        client_id: String,
    },
    /// `UpdateOpenIDConnectProviderThumbprint`.
    UpdateOpenIDConnectProviderThumbprint {
        /// All of them.
        thumbprints: BTreeSet<String>,
    },
    /// `TagOpenIDConnectProvider`.
    TagOpenIDConnectProvider {
        /// New or changed.
        tags: Tags,
    },
    /// `UntagOpenIDConnectProvider`.
    UntagOpenIDConnectProvider {
        /// Keys.
        keys: Vec<String>,
    },
    /// `DeleteOpenIDConnectProvider`.
    DeleteOpenIDConnectProvider,
}

/// The kind `oidc_provider`.
#[derive(Clone, Copy, Debug)]
pub struct OidcProvider;

static SCHEMA: KindSchema = KindSchema {
    name: "oidc_provider",
    summary: "An OpenID Connect provider: whose tokens roles of the account may trust.",
    scope: KindScope::Account,
    stateful: false,
    taggable: true,
    attributes: &[
        ("arn", "The provider's ARN, as a trust names it."),
        ("name", "The provider's URL without `https://`, as a trust's conditions begin."),
    ],
    shape: shape_of::<OidcProviderSpec>,
    decode: decode_any::<OidcProviderSpec>,
};

impl Kind for OidcProvider {
    type Spec = OidcProviderSpec;
    type Model = OidcProviderModel;
    type Op = OidcProviderOp;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn sources() -> &'static [&'static str] {
        &[iam::NAME]
    }

    fn identity(spec: &OidcProviderSpec, at: &At, cx: &mut Resolver<'_>) -> Identity {
        let url = desired_url(&spec.url, cx);
        let claim = Some(format!("iam {} oidc-provider/{}", at.account_id, url.to_lowercase()));
        let outputs = [("arn", arn_of(at, &url)), ("name", url.clone())];
        let outputs = outputs.map(|(attribute, value)| (attribute.to_owned(), value)).into();
        Identity { name: url, claim, outputs }
    }

    fn desired(spec: &OidcProviderSpec, _: &At, cx: &mut Resolver<'_>) -> Option<OidcProviderModel> {
        let OidcProviderSpec { url, client_ids, thumbprints } = spec;
        Some(OidcProviderModel {
            url: desired_url(url, cx),
            client_ids: desired_client_ids(client_ids, cx),
            thumbprints: Thumbprints(thumbprints.as_ref().map(|texts| desired_thumbprints(texts, cx))),
            tags: fields::tags(cx),
        })
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<OidcProviderModel>>, Unread> {
        let facts: &IamFacts = facts.get(iam::NAME, scope)?;
        Ok(facts.oidc_providers.iter().map(live).collect())
    }

    fn tags(model: &OidcProviderModel) -> Option<&Tags> {
        Some(&model.tags)
    }

    fn tags_mut(model: &mut OidcProviderModel) -> Option<&mut Tags> {
        Some(&mut model.tags)
    }

    fn ops(
        at: &At,
        before: Option<&OidcProviderModel>,
        after: Option<&OidcProviderModel>,
    ) -> Result<Steps<OidcProviderOp>, Refusal> {
        let steps = match (before, after) {
            (None, None) => Steps { ops: Vec::new(), replaces: Vec::new() },
            (None, Some(after)) => Steps { ops: creation(at, after), replaces: Vec::new() },
            (Some(before), None) => Steps { ops: removal(at, before), replaces: Vec::new() },
            (Some(before), Some(after)) if before.url != after.url => {
                let mut ops = removal(at, before);
                ops.extend(creation(at, after));
                Steps { ops, replaces: vec!["url"] }
            }
            (Some(before), Some(after)) => Steps { ops: change(at, before, after), replaces: Vec::new() },
        };
        Ok(steps)
    }

    fn split(_: &At, _: &OidcProviderOp) -> Option<Vec<OidcProviderOp>> {
        // A provider names nothing.
        None
    }

    fn follow(_: &At, _: &OidcProviderModel, _: &str) -> Vec<OidcProviderOp> {
        Vec::new()
    }

    fn info(_: &At, op: &OidcProviderOp) -> OpInfo {
        info(op)
    }

    fn export(_: &At, live: &Live<OidcProviderModel>) -> Export {
        // What AWS has found by itself is no wish of anyone's.
        Export::same(&live.model).with("url", format!("{SCHEME}{}", live.model.url)).with("thumbprints", Value::Null)
    }

    fn simulate(model: &mut Option<OidcProviderModel>, op: &OidcProviderOp) {
        simulate(model, op);
    }
}

fn arn_of(at: &At, url: &str) -> String {
    at.arn("iam", &format!("oidc-provider/{url}"))
}

/// The URL of an ARN, without `https://`.
fn url_of(arn: &str) -> &str {
    arn.split_once(":oidc-provider/").map(|(_, url)| url).unwrap_or_default()
}

fn desired_url(text: &Text, cx: &mut Resolver<'_>) -> String {
    let url = cx.text(text);
    let rest = url.strip_prefix(SCHEME).unwrap_or_default();
    let host = rest.split('/').next().unwrap_or_default();
    let is_host = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.');
    let is_plain = rest.chars().all(|c| c.is_ascii_graphic() && c != '?' && c != '#');
    let problem = if fields::is_pending(&url) {
        Some(("the URL of a provider must be known before apply".to_owned(), String::new()))
    } else if url.chars().count() > LENGTH_MAX {
        let over = url.chars().count() - LENGTH_MAX;
        Some(("the URL of a provider is too long".to_owned(), format!("{over} characters too many")))
    } else if !is_host || !is_plain {
        let why = format!("is not `{SCHEME}`, a host, and perhaps a path; without port and query");
        Some((format!("`{url}` is no URL of a provider"), why))
    } else {
        None
    };
    if let Some((summary, at)) = problem {
        cx.problem(Diagnostic::error(summary).at(text.span(), at).note(PAGE));
    }
    rest.to_owned()
}

fn desired_client_ids(texts: &[Text], cx: &mut Resolver<'_>) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for text in texts {
        let id = cx.text(text);
        let length = id.chars().count();
        if !fields::is_pending(&id) && !(1..=LENGTH_MAX).contains(&length) {
            let problem = Diagnostic::error("a client id has 1 to 255 characters");
            cx.problem(problem.at(text.span(), format!("{length} characters")).note(PAGE));
        }
        ids.insert(id);
    }
    too_many(texts, ids.len(), CLIENT_IDS_MAX, "client ids", cx);
    ids
}

fn desired_thumbprints(texts: &[Text], cx: &mut Resolver<'_>) -> BTreeSet<String> {
    let mut thumbprints = BTreeSet::new();
    for text in texts {
        let thumbprint = cx.text(text).to_lowercase();
        let is_one = thumbprint.len() == 40 && thumbprint.chars().all(|c| c.is_ascii_hexdigit());
        if !fields::is_pending(&thumbprint) && !is_one {
            let problem = Diagnostic::error(format!("`{thumbprint}` is no thumbprint"));
            let problem = problem.at(text.span(), "not 40 hex digits");
            cx.problem(problem.help("it is the SHA-1 of a certificate, without colons"));
        }
        thumbprints.insert(thumbprint);
    }
    if texts.is_empty() {
        let problem = Diagnostic::error("a provider has at least one thumbprint").at(cx.span(), "");
        cx.problem(problem.help("leave `thumbprints` out to let AWS find them"));
    }
    too_many(texts, thumbprints.len(), THUMBPRINTS_MAX, "thumbprints", cx);
    thumbprints
}

fn too_many(texts: &[Text], count: usize, max: usize, what: &str, cx: &mut Resolver<'_>) {
    if count > max
        && let Some(first) = texts.first()
    {
        let problem = Diagnostic::error(format!("the provider has too many {what}"));
        cx.problem(problem.at(first.span(), format!("{count}, {} too many", count - max)).note(PAGE));
    }
}

fn live(fact: &OidcProviderFact) -> Live<OidcProviderModel> {
    let OidcProviderFact { arn, url, client_ids, thumbprints, tags } = fact;
    let outputs = [("arn", arn), ("name", url)];
    let thumbprints = thumbprints.iter().map(|thumbprint| thumbprint.to_lowercase()).collect();
    Live {
        name: url.clone(),
        model: OidcProviderModel {
            url: url.clone(),
            client_ids: client_ids.clone(),
            thumbprints: Thumbprints(Some(thumbprints)),
            tags: tags.clone(),
        },
        outputs: outputs.map(|(attribute, value)| (attribute.to_owned(), value.clone())).into(),
    }
}

fn on(at: &At, model: &OidcProviderModel, calls: Vec<OidcProviderCall>) -> Vec<OidcProviderOp> {
    let arn = arn_of(at, &model.url);
    calls.into_iter().map(|call| OidcProviderOp { arn: arn.clone(), call }).collect()
}

fn creation(at: &At, after: &OidcProviderModel) -> Vec<OidcProviderOp> {
    let OidcProviderModel { url: _, client_ids, thumbprints, tags } = after.clone();
    on(at, after, vec![OidcProviderCall::CreateOpenIDConnectProvider { client_ids, thumbprints, tags }])
}

fn removal(at: &At, before: &OidcProviderModel) -> Vec<OidcProviderOp> {
    on(at, before, vec![OidcProviderCall::DeleteOpenIDConnectProvider])
}

/// What changes a provider in place; narrowing goes before widening.
fn change(at: &At, before: &OidcProviderModel, after: &OidcProviderModel) -> Vec<OidcProviderOp> {
    let OidcProviderModel { url: _, client_ids, thumbprints, tags } = after;
    let mut calls = Vec::new();
    let tag_change = TagChange::between(&before.tags, tags);
    if !tag_change.remove.is_empty() {
        calls.push(OidcProviderCall::UntagOpenIDConnectProvider { keys: tag_change.remove });
    }
    if !tag_change.put.is_empty() {
        calls.push(OidcProviderCall::TagOpenIDConnectProvider { tags: tag_change.put });
    }
    let gone = before.client_ids.difference(client_ids).cloned();
    calls.extend(gone.map(|client_id| OidcProviderCall::RemoveClientIDFromOpenIDConnectProvider { client_id }));
    if let Thumbprints(Some(thumbprints)) = thumbprints.clone()
        && before.thumbprints != after.thumbprints
    {
        calls.push(OidcProviderCall::UpdateOpenIDConnectProviderThumbprint { thumbprints });
    }
    let new = client_ids.difference(&before.client_ids).cloned();
    calls.extend(new.map(|client_id| OidcProviderCall::AddClientIDToOpenIDConnectProvider { client_id }));
    on(at, after, calls)
}

fn info(op: &OidcProviderOp) -> OpInfo {
    let OidcProviderOp { arn, call } = op;
    let url = url_of(arn);
    let of = |call, title: String| OpInfo { call, resource: arn.clone(), title, ..OpInfo::default() };
    let adds = |call, title: String| OpInfo { needs: vec![arn.clone()], ..of(call, title) };
    match call {
        OidcProviderCall::CreateOpenIDConnectProvider { client_ids: _, thumbprints: _, tags: _ } => OpInfo {
            creates: vec![arn.clone()],
            ..of("iam:CreateOpenIDConnectProvider", format!("create OIDC provider {url}"))
        },
        OidcProviderCall::AddClientIDToOpenIDConnectProvider { client_id } => {
            adds("iam:AddClientIDToOpenIDConnectProvider", format!("add client id {client_id} to OIDC provider {url}"))
        }
        OidcProviderCall::RemoveClientIDFromOpenIDConnectProvider { client_id } => of(
            "iam:RemoveClientIDFromOpenIDConnectProvider",
            format!("remove client id {client_id} from OIDC provider {url}"),
        ),
        OidcProviderCall::UpdateOpenIDConnectProviderThumbprint { thumbprints: _ } => {
            adds("iam:UpdateOpenIDConnectProviderThumbprint", format!("set the thumbprints of OIDC provider {url}"))
        }
        OidcProviderCall::TagOpenIDConnectProvider { tags: _ } => {
            adds("iam:TagOpenIDConnectProvider", format!("tag OIDC provider {url}"))
        }
        OidcProviderCall::UntagOpenIDConnectProvider { keys: _ } => {
            of("iam:UntagOpenIDConnectProvider", format!("remove tags of OIDC provider {url}"))
        }
        OidcProviderCall::DeleteOpenIDConnectProvider => OpInfo {
            destroys: vec![arn.clone()],
            ..of("iam:DeleteOpenIDConnectProvider", format!("delete OIDC provider {url}"))
        },
    }
}

fn simulate(model: &mut Option<OidcProviderModel>, op: &OidcProviderOp) {
    let OidcProviderOp { arn, call } = op.clone();
    if let OidcProviderCall::CreateOpenIDConnectProvider { client_ids, thumbprints, tags } = call {
        *model = Some(OidcProviderModel { url: url_of(&arn).to_owned(), client_ids, thumbprints, tags });
        return;
    }
    let Some(provider) = model else { return };
    match call {
        OidcProviderCall::CreateOpenIDConnectProvider { .. } => {}
        OidcProviderCall::AddClientIDToOpenIDConnectProvider { client_id } => {
            provider.client_ids.insert(client_id);
        }
        OidcProviderCall::RemoveClientIDFromOpenIDConnectProvider { client_id } => {
            provider.client_ids.remove(&client_id);
        }
        OidcProviderCall::UpdateOpenIDConnectProviderThumbprint { thumbprints } => {
            provider.thumbprints = Thumbprints(Some(thumbprints));
        }
        OidcProviderCall::TagOpenIDConnectProvider { tags } => provider.tags.extend(tags),
        OidcProviderCall::UntagOpenIDConnectProvider { keys } => provider.tags.retain(|key, _| !keys.contains(key)),
        OidcProviderCall::DeleteOpenIDConnectProvider => *model = None,
    }
}
