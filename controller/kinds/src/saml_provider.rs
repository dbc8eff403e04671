//! SAML providers. <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml.html>
//!
//! Private keys by which IAM decrypts assertions, and whether it asks for encrypted ones, are neither read nor changed: they are for whoever
//! holds those keys.

use serde::{Deserialize, Serialize};
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Export, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::export::text_file;
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::resolve::Resolver;
use trueup_specs::{Text, TextFile, spec};

use crate::fields::{self, NameRule, TagChange, Tags, short};
use crate::source::iam::providers::SamlProviderFact;
use crate::source::iam::{self, IamFacts};

mod perform;
#[cfg(test)]
mod tests;

/// The limits of a provider.
const PAGE: &str = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateSAMLProvider.html";
const NAME: NameRule = NameRule { what: "SAML provider", max: 128, signs: "._-", page: PAGE };
/// How many characters a metadata document has at least.
const METADATA_MIN: usize = 1_000;
/// How many it has at most.
const METADATA_MAX: usize = 10_000_000;

spec! {
    /// A SAML provider: whose signed-in people may take roles of the account.
    ///
    /// A role's trust names it under `federated`. Private keys for encrypted assertions, and whether they are required, stay as they are.
    pub struct SamlProviderSpec {
        /// The provider's name. Changing it removes the provider and makes another.
        /// Default: the name in the address, dots as dashes. At most 128 letters, digits and `._-`.
        pub name: Option<Text>,
        /// The metadata document the identity provider gives out: `{ file = "metadata.xml" }`.
        /// 1,000 to 10,000,000 characters.
        pub metadata: TextFile,
    }
}

/// A SAML provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamlProviderModel {
    /// Its name.
    pub name: String,
    /// Its metadata document.
    pub metadata: Metadata,
    /// All tags but AWS's own.
    pub tags: Tags,
}

/// A metadata document. In JSON it is cut in pieces, so that a person is shown the elements that differ and not all of it twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct Metadata(pub String);

impl Metadata {
    /// A document with plain line ends: in IAM's answers, which are XML, there are no others.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(text.replace("\r\n", "\n"))
    }
}

impl From<Vec<String>> for Metadata {
    fn from(pieces: Vec<String>) -> Self {
        Self(pieces.concat())
    }
}

impl From<Metadata> for Vec<String> {
    fn from(Metadata(text): Metadata) -> Self {
        let mut pieces = Vec::new();
        for line in text.split_inclusive('\n') {
            let mut rest = line;
            while let Some(at) = rest.find("><") {
                let (piece, behind) = rest.split_at(at + 1);
                pieces.push(piece.to_owned());
                rest = behind;
            }
            pieces.push(rest.to_owned());
        }
        pieces
    }
}

/// One call on one provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamlProviderOp {
    /// The provider's ARN.
    pub arn: String,
    /// The call.
    pub call: SamlProviderCall,
}

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op")]
pub enum SamlProviderCall {
    /// `CreateSAMLProvider`.
    CreateSAMLProvider {
        /// The document.
        metadata: Metadata,
        /// All of them.
        tags: Tags,
    },
    /// `UpdateSAMLProvider`.
    UpdateSAMLProvider {
        /// The document.
        metadata: Metadata,
    },
    /// `TagSAMLProvider`.
    TagSAMLProvider {
        /// New or changed.
        tags: Tags,
    },
    /// `UntagSAMLProvider`.
    UntagSAMLProvider {
        /// Keys.
        keys: Vec<String>,
    },
    /// `DeleteSAMLProvider`.
    DeleteSAMLProvider,
}

/// The kind `saml_provider`.
#[derive(Clone, Copy, Debug)]
pub struct SamlProvider;

static SCHEMA: KindSchema = KindSchema {
    name: "saml_provider",
    summary: "A SAML provider: whose signed-in people may take roles of the account.",
    scope: KindScope::Account,
    stateful: false,
    taggable: true,
    attributes: &[("arn", "The provider's ARN, as a trust names it."), ("name", "The provider's name.")],
    shape: shape_of::<SamlProviderSpec>,
    decode: decode_any::<SamlProviderSpec>,
};

impl Kind for SamlProvider {
    type Spec = SamlProviderSpec;
    type Model = SamlProviderModel;
    type Op = SamlProviderOp;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn sources() -> &'static [&'static str] {
        &[iam::NAME]
    }

    fn identity(spec: &SamlProviderSpec, at: &At, cx: &mut Resolver<'_>) -> Identity {
        let name = fields::name(spec.name.as_ref(), &NAME, cx);
        let claim = Some(format!("iam {} saml-provider/{}", at.account_id, name.to_lowercase()));
        let outputs = [("arn", arn_of(at, &name)), ("name", name.clone())];
        let outputs = outputs.map(|(attribute, value)| (attribute.to_owned(), value)).into();
        Identity { name, claim, outputs }
    }

    fn desired(spec: &SamlProviderSpec, _: &At, cx: &mut Resolver<'_>) -> Option<SamlProviderModel> {
        let SamlProviderSpec { name, metadata } = spec;
        Some(SamlProviderModel {
            name: fields::name(name.as_ref(), &NAME, cx),
            metadata: desired_metadata(metadata, cx),
            tags: fields::tags(cx),
        })
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<SamlProviderModel>>, Unread> {
        let facts: &IamFacts = facts.get(iam::NAME, scope)?;
        Ok(facts.saml_providers.iter().map(live).collect())
    }

    fn tags(model: &SamlProviderModel) -> Option<&Tags> {
        Some(&model.tags)
    }

    fn tags_mut(model: &mut SamlProviderModel) -> Option<&mut Tags> {
        Some(&mut model.tags)
    }

    fn ops(
        at: &At,
        before: Option<&SamlProviderModel>,
        after: Option<&SamlProviderModel>,
    ) -> Result<Steps<SamlProviderOp>, Refusal> {
        let steps = match (before, after) {
            (None, None) => Steps { ops: Vec::new(), replaces: Vec::new() },
            (None, Some(after)) => Steps { ops: creation(at, after), replaces: Vec::new() },
            (Some(before), None) => Steps { ops: removal(at, before), replaces: Vec::new() },
            (Some(before), Some(after)) if before.name != after.name => {
                let mut ops = removal(at, before);
                ops.extend(creation(at, after));
                Steps { ops, replaces: vec!["name"] }
            }
            (Some(before), Some(after)) => Steps { ops: change(at, before, after), replaces: Vec::new() },
        };
        Ok(steps)
    }

    fn split(_: &At, _: &SamlProviderOp) -> Option<Vec<SamlProviderOp>> {
        // A provider names nothing.
        None
    }

    fn follow(_: &At, _: &SamlProviderModel, _: &str) -> Vec<SamlProviderOp> {
        Vec::new()
    }

    fn info(_: &At, op: &SamlProviderOp) -> OpInfo {
        info(op)
    }

    fn export(_: &At, live: &Live<SamlProviderModel>) -> Export {
        Export::same(&live.model).with("metadata", text_file(&live.model.metadata.0, "xml"))
    }

    fn simulate(model: &mut Option<SamlProviderModel>, op: &SamlProviderOp) {
        simulate(model, op);
    }
}

fn arn_of(at: &At, name: &str) -> String {
    at.arn("iam", &format!("saml-provider/{name}"))
}

fn desired_metadata(file: &TextFile, cx: &mut Resolver<'_>) -> Metadata {
    let text = file.text();
    let length = text.chars().count();
    let fault = if length < METADATA_MIN {
        Some(("the metadata document is too short", format!("{length} characters, {METADATA_MIN} are the least")))
    } else if length > METADATA_MAX {
        Some(("the metadata document is too long", format!("{length} characters, {METADATA_MAX} are the most")))
    } else if !text.contains("EntityDescriptor") {
        Some(("this is no SAML metadata document", "it has no EntityDescriptor".to_owned()))
    } else {
        None
    };
    if let Some((summary, at)) = fault {
        cx.problem(Diagnostic::error(summary).at(file.span(), at).note(PAGE));
    }
    Metadata::of(text)
}

fn live(fact: &SamlProviderFact) -> Live<SamlProviderModel> {
    let SamlProviderFact { arn, name, metadata, tags } = fact;
    let outputs = [("arn", arn), ("name", name)];
    Live {
        name: name.clone(),
        model: SamlProviderModel { name: name.clone(), metadata: Metadata::of(metadata), tags: tags.clone() },
        outputs: outputs.map(|(attribute, value)| (attribute.to_owned(), value.clone())).into(),
    }
}

fn on(at: &At, model: &SamlProviderModel, calls: Vec<SamlProviderCall>) -> Vec<SamlProviderOp> {
    let arn = arn_of(at, &model.name);
    calls.into_iter().map(|call| SamlProviderOp { arn: arn.clone(), call }).collect()
}

fn creation(at: &At, after: &SamlProviderModel) -> Vec<SamlProviderOp> {
    let SamlProviderModel { name: _, metadata, tags } = after.clone();
    on(at, after, vec![SamlProviderCall::CreateSAMLProvider { metadata, tags }])
}

fn removal(at: &At, before: &SamlProviderModel) -> Vec<SamlProviderOp> {
    on(at, before, vec![SamlProviderCall::DeleteSAMLProvider])
}

fn change(at: &At, before: &SamlProviderModel, after: &SamlProviderModel) -> Vec<SamlProviderOp> {
    let SamlProviderModel { name: _, metadata, tags } = after;
    let mut calls = Vec::new();
    let tag_change = TagChange::between(&before.tags, tags);
    if !tag_change.remove.is_empty() {
        calls.push(SamlProviderCall::UntagSAMLProvider { keys: tag_change.remove });
    }
    if !tag_change.put.is_empty() {
        calls.push(SamlProviderCall::TagSAMLProvider { tags: tag_change.put });
    }
    if before.metadata != *metadata {
        calls.push(SamlProviderCall::UpdateSAMLProvider { metadata: metadata.clone() });
    }
    on(at, after, calls)
}

fn info(op: &SamlProviderOp) -> OpInfo {
    let SamlProviderOp { arn, call } = op;
    let name = short(arn);
    let of = |call, title: String| OpInfo { call, resource: arn.clone(), title, ..OpInfo::default() };
    let adds = |call, title: String| OpInfo { needs: vec![arn.clone()], ..of(call, title) };
    match call {
        SamlProviderCall::CreateSAMLProvider { metadata: _, tags: _ } => OpInfo {
            creates: vec![arn.clone()],
            ..of("iam:CreateSAMLProvider", format!("create SAML provider {name}"))
        },
        SamlProviderCall::UpdateSAMLProvider { metadata: _ } => {
            adds("iam:UpdateSAMLProvider", format!("put the metadata of SAML provider {name}"))
        }
        SamlProviderCall::TagSAMLProvider { tags: _ } => {
            adds("iam:TagSAMLProvider", format!("tag SAML provider {name}"))
        }
        SamlProviderCall::UntagSAMLProvider { keys: _ } => {
            of("iam:UntagSAMLProvider", format!("remove tags of SAML provider {name}"))
        }
        SamlProviderCall::DeleteSAMLProvider => OpInfo {
            destroys: vec![arn.clone()],
            ..of("iam:DeleteSAMLProvider", format!("delete SAML provider {name}"))
        },
    }
}

fn simulate(model: &mut Option<SamlProviderModel>, op: &SamlProviderOp) {
    let SamlProviderOp { arn, call } = op.clone();
    if let SamlProviderCall::CreateSAMLProvider { metadata, tags } = call {
        *model = Some(SamlProviderModel { name: short(&arn), metadata, tags });
        return;
    }
    let Some(provider) = model else { return };
    match call {
        SamlProviderCall::CreateSAMLProvider { .. } => {}
        SamlProviderCall::UpdateSAMLProvider { metadata } => provider.metadata = metadata,
        SamlProviderCall::TagSAMLProvider { tags } => provider.tags.extend(tags),
        SamlProviderCall::UntagSAMLProvider { keys } => provider.tags.retain(|key, _| !keys.contains(key)),
        SamlProviderCall::DeleteSAMLProvider => *model = None,
    }
}
