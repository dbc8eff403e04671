//! Customer managed policies. <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html>

use serde::{Deserialize, Serialize};
use trueup_engine::access::{Access, Paper};
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Export, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::policy::Use;
use trueup_specs::resolve::Resolver;
use trueup_specs::{PolicySpec, Text, spec};

use trueup_state::outputs::Outputs;

use crate::fields::{self, IAM_QUOTAS, IAM_SIGNS, NameRule, Named, PolicyDocument, TagChange, Tags};
use crate::source::iam::{self, IamFacts, PolicyFact};

mod perform;
#[cfg(test)]
mod tests;

/// Versions a policy may have, the one in effect included.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html>
const VERSIONS_MAX: usize = 5;

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
        /// At most 6,144 characters without white space. A change becomes a new version in effect; of five, the oldest that is
        /// not in effect is deleted.
        pub policy: PolicySpec,
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
    /// The version in effect.
    pub policy: PolicyDocument,
    /// All tags but AWS's own.
    pub tags: Tags,
    /// The versions that are not in effect. A spec says nothing of them, so they are no part of what is compared or saved; they are
    /// here because removing and renewing a policy must delete some.
    #[serde(skip)]
    pub spare: SpareVersions,
}

/// Ids of versions that are not in effect, oldest first. Any two are equal; see [`PolicyModel::spare`].
#[derive(Clone, Debug, Default)]
pub struct SpareVersions(pub Vec<String>);

impl PartialEq for SpareVersions {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for SpareVersions {}

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
        let claim = Some(format!("iam {} policy/{}", at.account_id, policy.name.to_lowercase()));
        let outputs = [("arn", policy.arn(at, "policy")), ("name", policy.name.clone())];
        let outputs = outputs.map(|(attribute, value)| (attribute.to_owned(), value)).into();
        Identity { name: policy.name, claim, outputs }
    }

    fn remembered() -> &'static [&'static str] {
        &["description"]
    }

    fn desired(spec: &ManagedPolicySpec, _: &At, cx: &mut Resolver<'_>) -> Option<PolicyModel> {
        let ManagedPolicySpec { name, path, description, policy } = spec;
        let name = fields::name(name.as_ref(), &NAME, cx);
        let path = fields::path(path.as_ref(), cx);
        let description = fields::description(description.as_ref(), cx);
        let tags = fields::tags(cx);
        let document = cx.policy(policy, Use::Identity)?;
        fields::check_size(&document, Use::Identity, policy.span(), cx);
        let policy = PolicyDocument::Document(document);
        Some(PolicyModel { name, path, description, policy, tags, spare: SpareVersions::default() })
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<PolicyModel>>, Unread> {
        let facts: &IamFacts = facts.get(iam::NAME, scope)?;
        Ok(facts.policies.iter().map(live).collect())
    }

    fn tags(model: &PolicyModel) -> Option<&Tags> {
        Some(&model.tags)
    }

    fn tags_mut(model: &mut PolicyModel) -> Option<&mut Tags> {
        Some(&mut model.tags)
    }

    fn ops(at: &At, before: Option<&PolicyModel>, after: Option<&PolicyModel>) -> Result<Steps<PolicyOp>, Refusal> {
        let steps = match (before, after) {
            (None, None) => Steps { ops: Vec::new(), replaces: Vec::new() },
            (None, Some(after)) => Steps { ops: creation(at, after), replaces: Vec::new() },
            (Some(before), None) => Steps { ops: removal(at, before), replaces: Vec::new() },
            (Some(before), Some(after)) => change(at, before, after),
        };
        Ok(steps)
    }

    fn split(_: &At, _: &PolicyOp) -> Option<Vec<PolicyOp>> {
        // A policy names nothing that must exist.
        None
    }

    fn follow(_: &At, _: &PolicyModel, _: &str) -> Vec<PolicyOp> {
        Vec::new()
    }

    fn info(_: &At, op: &PolicyOp) -> OpInfo {
        info(op)
    }

    fn export(_: &At, live: &Live<PolicyModel>) -> Export {
        Export::same(&live.model)
    }

    fn simulate(model: &mut Option<PolicyModel>, op: &PolicyOp) {
        simulate(model, op);
    }

    fn access<'m>(at: &At, model: &'m PolicyModel, _: &Outputs) -> Vec<Access<'m>> {
        let PolicyModel { name, path, policy, .. } = model;
        let arn = Named { path: path.clone(), name: name.clone() }.arn(at, "policy");
        vec![Access::Policy { arn, paper: Paper::new("policy", policy.document()) }]
    }
}

fn live(fact: &PolicyFact) -> Live<PolicyModel> {
    let PolicyFact { name, path, id, arn, description, default_version, versions, document, tags } = fact;
    let spare = versions.iter().filter(|version| *version != default_version).cloned().collect();
    let outputs = [("arn", arn), ("name", name), ("id", id)];
    Live {
        name: name.clone(),
        model: PolicyModel {
            name: name.clone(),
            path: path.clone(),
            description: description.clone(),
            policy: PolicyDocument::from_live(document),
            tags: tags.clone(),
            spare: SpareVersions(spare),
        },
        outputs: outputs.map(|(attribute, value)| (attribute.to_owned(), value.clone())).into(),
    }
}

fn on(at: &At, model: &PolicyModel, calls: Vec<PolicyCall>) -> Vec<PolicyOp> {
    let policy = Named { path: model.path.clone(), name: model.name.clone() };
    let arn = policy.arn(at, "policy");
    calls.into_iter().map(|call| PolicyOp { policy: policy.clone(), arn: arn.clone(), call }).collect()
}

fn creation(at: &At, after: &PolicyModel) -> Vec<PolicyOp> {
    let PolicyModel { name: _, path: _, description, policy, tags, spare: _ } = after.clone();
    on(at, after, vec![PolicyCall::CreatePolicy { description, document: policy, tags }])
}

fn removal(at: &At, before: &PolicyModel) -> Vec<PolicyOp> {
    let versions = before.spare.0.iter().map(|version| PolicyCall::DeletePolicyVersion { version: version.clone() });
    on(at, before, versions.chain([PolicyCall::DeletePolicy]).collect())
}

fn change(at: &At, before: &PolicyModel, after: &PolicyModel) -> Steps<PolicyOp> {
    let PolicyModel { name, path, description, policy, tags, spare: _ } = after;
    let mut replaces = Vec::new();
    if *name != before.name {
        replaces.push("name");
    }
    if *path != before.path {
        replaces.push("path");
    }
    if *description != before.description {
        replaces.push("description");
    }
    if !replaces.is_empty() {
        let mut ops = removal(at, before);
        ops.extend(creation(at, after));
        return Steps { ops, replaces };
    }
    let mut calls = Vec::new();
    let tag_change = TagChange::between(&before.tags, tags);
    if !tag_change.remove.is_empty() {
        calls.push(PolicyCall::UntagPolicy { keys: tag_change.remove });
    }
    if !tag_change.put.is_empty() {
        calls.push(PolicyCall::TagPolicy { tags: tag_change.put });
    }
    if *policy != before.policy {
        let surplus = (before.spare.0.len() + 2).saturating_sub(VERSIONS_MAX);
        let oldest = before.spare.0.iter().take(surplus);
        calls.extend(oldest.map(|version| PolicyCall::DeletePolicyVersion { version: version.clone() }));
        calls.push(PolicyCall::CreatePolicyVersion { document: policy.clone() });
    }
    Steps { ops: on(at, after, calls), replaces }
}

fn info(op: &PolicyOp) -> OpInfo {
    let PolicyOp { policy: Named { path: _, name }, arn, call } = op;
    let of = |call, title: String| OpInfo { call, resource: arn.clone(), title, ..OpInfo::default() };
    let adds = |call, title: String| OpInfo { needs: vec![arn.clone()], ..of(call, title) };
    match call {
        PolicyCall::CreatePolicy { description: _, document: _, tags: _ } => OpInfo {
            creates: vec![arn.clone()],
            yields: &["id"],
            ..of("iam:CreatePolicy", format!("create policy {name}"))
        },
        PolicyCall::DeletePolicyVersion { version } => {
            of("iam:DeletePolicyVersion", format!("delete version {version} of policy {name}"))
        }
        PolicyCall::CreatePolicyVersion { document: _ } => {
            adds("iam:CreatePolicyVersion", format!("put a new version of policy {name} in effect"))
        }
        PolicyCall::TagPolicy { tags: _ } => adds("iam:TagPolicy", format!("tag policy {name}")),
        PolicyCall::UntagPolicy { keys: _ } => of("iam:UntagPolicy", format!("remove tags of policy {name}")),
        PolicyCall::DeletePolicy => {
            OpInfo { destroys: vec![arn.clone()], ..of("iam:DeletePolicy", format!("delete policy {name}")) }
        }
    }
}

fn simulate(model: &mut Option<PolicyModel>, op: &PolicyOp) {
    let PolicyOp { policy: Named { path, name }, arn: _, call } = op.clone();
    if let PolicyCall::CreatePolicy { description, document, tags } = call {
        *model = Some(PolicyModel { name, path, description, policy: document, tags, spare: SpareVersions::default() });
        return;
    }
    let Some(policy) = model else { return };
    match call {
        PolicyCall::CreatePolicy { .. } => {}
        PolicyCall::DeletePolicyVersion { version } => policy.spare.0.retain(|spare| *spare != version),
        // The version that was in effect becomes a spare one, but its id is nowhere in the operation.
        PolicyCall::CreatePolicyVersion { document } => policy.policy = document,
        PolicyCall::TagPolicy { tags } => policy.tags.extend(tags),
        PolicyCall::UntagPolicy { keys } => policy.tags.retain(|key, _| !keys.contains(key)),
        PolicyCall::DeletePolicy => *model = None,
    }
}
