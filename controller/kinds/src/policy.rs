//! Customer managed policies. <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html>

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use trueup_engine::access::{Access, Paper};
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Claim, Export, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::policy::Use;
use trueup_specs::resolve::Resolver;
use trueup_specs::{PolicySpec, Text, spec};

use trueup_state::outputs::Outputs;

use self::parts::{Held, PartView};
use crate::fields::{self, IAM_QUOTAS, IAM_SIGNS, NameRule, Named, PolicyDocument, Tags};
use crate::source::iam::{self, IamFacts};

mod ops;
mod pack;
mod parts;
mod perform;
#[cfg(test)]
mod tests;

pub(crate) use self::pack::count;
pub(crate) use self::parts::{base as part_base, name as part_name};

const NAME: NameRule = NameRule { what: "policy", max: 128, signs: IAM_SIGNS, page: IAM_QUOTAS };

spec! {
    /// A customer managed policy: what may be done, for roles to have attached.
    pub struct ManagedPolicySpec {
        /// The policy's name.
        /// Default: the name in the address, dots as dashes. At most 128 letters, digits and `_+=,.@-`; two names of an account may not
        /// differ in case alone. Changing it removes the policy and makes another.
        pub name: Option<Text>,
        /// The path in front of the name in the ARN.
        /// Default: `/`. Changing it removes the policy and makes another.
        pub path: Option<Text>,
        /// What the policy is for.
        /// Default: none. At most 1,000 characters. IAM can't change it: another one removes the policy and makes it again. No listing
        /// of IAM's shows descriptions, so reading one that is not on record from the last apply takes a call of its own.
        pub description: Option<Text>,
        /// What may be done on what.
        /// At most 6,144 characters without white space, unless `pack` is on. A change becomes a new version in effect; of five, the oldest
        /// that is not in effect is deleted.
        pub policy: PolicySpec,
        /// Whether a policy that is larger than AWS allows is spread over several.
        /// Default: false. They are named NAME, NAME-2, NAME-3 and so on, and whoever attaches the policy by its address has all of them
        /// attached. No statement gets wider by it; one that is too large alone is cut along its actions or resources. It can't be a
        /// permissions boundary then, and `arn`, `name` and `id` are those of the first.
        pub pack: Option<bool>,
    }
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyModel {
    /// Its name.
    pub name: String,
    /// `/` or `/…/`.
    pub path: String,
    /// Empty for none.
    pub description: String,
    /// The version in effect; of one that is spread over several, what they say together.
    pub policy: PolicyDocument,
    /// The names of the policies it is spread over; none where it is the one policy of its name.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub parts: BTreeSet<String>,
    /// All tags but AWS's own. Where one of the parts has others than the first, it is that one's, so that it is seen.
    pub tags: Tags,
    /// What is in AWS beside. A spec says nothing of it, so it is no part of what is compared or saved.
    #[serde(skip)]
    pub held: Held,
}

/// One call on one policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyOp {
    /// The policy.
    pub policy: Named,
    /// Its ARN.
    pub arn: String,
    /// The call.
    pub call: PolicyCall,
}

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op")]
pub enum PolicyCall {
    /// `CreatePolicy`.
    CreatePolicy {
        /// Empty for none.
        description: String,
        /// What it says.
        document: PolicyDocument,
        /// All of them.
        tags: Tags,
    },
    /// `DeletePolicyVersion`.
    DeletePolicyVersion {
        /// The version's id: `v3`.
        version: String,
    },
    /// `CreatePolicyVersion`, in effect at once.
    CreatePolicyVersion {
        /// What it says.
        document: PolicyDocument,
        /// The ARNs of parts that are made in the same change and take over what it stops saying.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        taken_over_by: Vec<String>,
        /// The ARNs of parts that are removed in the same change, and of which it takes over something.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        takes_over: Vec<String>,
    },
    /// `TagPolicy`.
    TagPolicy {
        /// New or changed.
        tags: Tags,
    },
    /// `UntagPolicy`.
    UntagPolicy {
        /// Keys.
        keys: Vec<String>,
    },
    /// `DeletePolicy`.
    DeletePolicy,
}

/// The kind `policy`.
#[derive(Clone, Copy, Debug)]
pub struct Policy;

static SCHEMA: KindSchema = KindSchema {
    name: "policy",
    summary: "A customer managed policy: what may be done, for roles to have attached.",
    scope: KindScope::Account,
    stateful: false,
    taggable: true,
    attributes: &[
        ("arn", "The policy's ARN."),
        ("name", "The policy's name, without its path."),
        ("id", "The policy's unique id, `ANPA…`, which no later policy of the same name has; known after apply."),
    ],
    shape: shape_of::<ManagedPolicySpec>,
    decode: decode_any::<ManagedPolicySpec>,
};

impl Kind for Policy {
    type Spec = ManagedPolicySpec;
    type Model = PolicyModel;
    type Op = PolicyOp;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn sources() -> &'static [&'static str] {
        &[iam::NAME]
    }

    fn ignores_case() -> bool {
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, "IAM name requirements"
        true
    }

    fn identity(spec: &ManagedPolicySpec, at: &At, cx: &mut Resolver<'_>) -> Identity {
        let name = fields::name(spec.name.as_ref(), &NAME, cx);
        let policy = Named { path: fields::path(spec.path.as_ref(), cx), name };
        let claim = Some(claim(at, &policy.name));
        let outputs = [("arn", policy.arn(at, "policy")), ("name", policy.name.clone())];
        let outputs = outputs.map(|(attribute, value)| (attribute.to_owned(), value)).into();
        Identity { name: policy.name, claim, outputs }
    }

    fn claims_besides(spec: &ManagedPolicySpec, at: &At, cx: &mut Resolver<'_>) -> Vec<Claim> {
        let ManagedPolicySpec { name, path: _, description: _, policy, pack: _ } = spec;
        let count = pack::count(spec, cx);
        let span = name.as_ref().map_or_else(|| policy.span(), Text::span);
        let name = fields::name(name.as_ref(), &NAME, cx);
        let others = (2..=count).map(|number| part_name(&name, number));
        let claim = |name: String| Claim { claim: claim(at, &name), name, span: Some(span) };
        let claims: Vec<Claim> = others.map(claim).collect();
        if let Some(last) = claims.last() {
            fields::check_name(&last.name, span, &NAME, cx);
        }
        claims
    }

    fn remembered() -> &'static [&'static str] {
        &["description"]
    }

    fn hints(spec: Option<&ManagedPolicySpec>, applied: &dyn Fn() -> Option<PolicyModel>) -> BTreeMap<String, String> {
        let is_packed = match spec {
            Some(spec) => spec.pack == Some(true),
            None => applied().is_some_and(|applied| !applied.parts.is_empty()),
        };
        is_packed.then(|| (iam::PACKED.to_owned(), String::new())).into_iter().collect()
    }

    fn desired(spec: &ManagedPolicySpec, _: &At, cx: &mut Resolver<'_>) -> Option<PolicyModel> {
        let ManagedPolicySpec { name, path, description, policy, pack } = spec;
        let name = fields::name(name.as_ref(), &NAME, cx);
        let path = fields::path(path.as_ref(), cx);
        let description = fields::description(description.as_ref(), cx);
        let tags = fields::tags(cx);
        let documents = if *pack == Some(true) {
            pack::spread(policy, cx)?
        } else {
            let document = cx.policy(policy, Use::Identity)?;
            fields::check_size(&document, Use::Identity, policy.span(), cx);
            vec![document]
        };
        pack::check_tags(&tags, documents.len(), cx);
        let parts = parts::named(&name, documents, &tags);
        Some(PolicyModel::of_parts(name, path, description, parts))
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<PolicyModel>>, Unread> {
        let facts: &IamFacts = facts.get(iam::NAME, scope)?;
        Ok(parts::observed(&facts.policies))
    }

    fn tags(model: &PolicyModel) -> Option<&Tags> {
        Some(&model.tags)
    }

    fn tags_mut(model: &mut PolicyModel) -> Option<&mut Tags> {
        Some(&mut model.tags)
    }

    fn ops(at: &At, before: Option<&PolicyModel>, after: Option<&PolicyModel>) -> Result<Steps<PolicyOp>, Refusal> {
        ops::ops(at, before, after)
    }

    fn split(_: &At, _: &PolicyOp) -> Option<Vec<PolicyOp>> {
        // A policy names nothing that must exist.
        None
    }

    fn follow(_: &At, _: &PolicyModel, _: &str) -> Vec<PolicyOp> {
        Vec::new()
    }

    fn info(_: &At, op: &PolicyOp) -> OpInfo {
        ops::info(op)
    }

    fn export(_: &At, live: &Live<PolicyModel>) -> Export {
        let export = Export::same(&live.model);
        if live.model.parts.is_empty() { export } else { export.with("pack", true) }
    }

    fn simulate(model: &mut Option<PolicyModel>, op: &PolicyOp) {
        ops::simulate(model, op);
    }

    fn access<'m>(at: &At, model: &'m PolicyModel, _: &Outputs) -> Vec<Access<'m>> {
        let policy = |(name, part): (String, PartView<'m>)| {
            let arn = Named { path: model.path.clone(), name }.arn(at, "policy");
            let document = match part.document {
                Cow::Borrowed(document) => document.document().map(Cow::Borrowed),
                Cow::Owned(document) => document.into_document().map(Cow::Owned),
            };
            Access::Policy { arn, paper: Paper { field: "policy".into(), document } }
        };
        model.in_parts().into_iter().flatten().map(policy).collect()
    }
}

fn claim(at: &At, name: &str) -> String {
    format!("iam {} policy/{}", at.account_id, name.to_lowercase())
}
