//! The kind `ecr_repository`: a private ECR repository.
//!
//! <https://docs.aws.amazon.com/AmazonECR/latest/userguide/Repositories.html>
//!
//! Images are never touched: a repository that holds any is not removed, AWS refuses that.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use trueup_engine::access::{Access, Itself, Paper};
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Export, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::resolve::Resolver;
use trueup_state::outputs::Outputs;

use crate::fields::{self, PolicyDocument, TagChange, Tags, unnamed};
use crate::source::ecr::{self, EcrFacts, RepositoryFact};

pub(crate) mod desired;
mod lifecycle;
mod perform;
mod spec;
#[cfg(test)]
mod tests;

pub use lifecycle::{Action, LifecyclePolicy, Rule, Selection};
pub use spec::{
    ActionSpec, ActionType, CountType, EcrRepositorySpec, EncryptionSpec, EncryptionType, ImageTagMutability, RuleSpec,
    SelectionSpec, StorageClass, TagStatus,
};

/// A repository, as specs want it and as AWS has it. Words are AWS's, so that one this version does not know can be told apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EcrRepositoryModel {
    /// The name, with its namespaces.
    pub name: String,
    /// Whether a tag can be moved to another image.
    pub image_tag_mutability: String,
    /// Tags that are an exception to that.
    pub image_tag_mutability_exclusion_filters: BTreeSet<String>,
    /// Whether an image is scanned when it comes.
    pub scan_on_push: bool,
    /// How images are encrypted.
    pub encryption: Encryption,
    /// Who may do what.
    pub policy: Option<PolicyDocument>,
    /// Which images go, and when.
    pub lifecycle: Option<LifecyclePolicy>,
    /// All tags but AWS's own.
    pub tags: Tags,
}

/// How a repository's images are encrypted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encryption {
    /// `AES256`, `KMS` or `KMS_DSSE`.
    pub encryption_type: String,
    /// The KMS key; without one, AWS's own.
    pub kms_key: Option<String>,
}

/// What CreateRepository takes besides the name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRepository {
    /// Whether a tag can be moved to another image.
    pub image_tag_mutability: String,
    /// Tags that are an exception to that.
    pub image_tag_mutability_exclusion_filters: BTreeSet<String>,
    /// Whether an image is scanned when it comes.
    pub scan_on_push: bool,
    /// How images are encrypted.
    pub encryption: Encryption,
    /// All of them.
    pub tags: Tags,
}

/// One call on one repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EcrRepositoryOp {
    /// The repository's name.
    pub repository: String,
    /// The call.
    pub call: EcrRepositoryCall,
}

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op")]
pub enum EcrRepositoryCall {
    /// `CreateRepository`.
    CreateRepository(NewRepository),
    /// `TagResource`.
    TagResource {
        /// New or changed.
        tags: Tags,
    },
    /// `UntagResource`.
    UntagResource {
        /// Keys.
        keys: Vec<String>,
    },
    /// `PutImageTagMutability`.
    PutImageTagMutability {
        /// Whether a tag can be moved to another image.
        image_tag_mutability: String,
        /// Tags that are an exception to that.
        image_tag_mutability_exclusion_filters: BTreeSet<String>,
    },
    /// `PutImageScanningConfiguration`.
    PutImageScanningConfiguration {
        /// Whether an image is scanned when it comes.
        scan_on_push: bool,
    },
    /// `SetRepositoryPolicy`.
    SetRepositoryPolicy {
        /// The whole policy.
        policy: PolicyDocument,
        /// Principals it no longer names.
        unnames: Vec<String>,
    },
    /// `DeleteRepositoryPolicy`.
    DeleteRepositoryPolicy {
        /// Principals it named.
        unnames: Vec<String>,
    },
    /// `PutLifecyclePolicy`.
    PutLifecyclePolicy {
        /// The whole policy.
        lifecycle: LifecyclePolicy,
    },
    /// `DeleteLifecyclePolicy`.
    DeleteLifecyclePolicy,
    /// `DeleteRepository`, if it holds no image.
    DeleteRepository {
        /// Principals its policy named, and its key.
        unnames: Vec<String>,
    },
}

/// The kind `ecr_repository`.
#[derive(Clone, Copy, Debug)]
pub struct EcrRepository;

static SCHEMA: KindSchema = KindSchema {
    name: "ecr_repository",
    summary: "A private ECR repository: holds container images.",
    scope: KindScope::Region,
    stateful: true,
    taggable: true,
    attributes: &[
        ("arn", "The repository's ARN."),
        ("name", "The repository's name, with its namespaces."),
        ("uri", "Where its images are pushed to and pulled from: registry and name, without a tag."),
    ],
    shape: shape_of::<EcrRepositorySpec>,
    decode: decode_any::<EcrRepositorySpec>,
};

/// The ARN of a repository.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html>
fn arn(at: &At, name: &str) -> String {
    at.arn("ecr", &format!("repository/{name}"))
}

/// The registry's host name. <https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html>
pub(crate) fn registry_host(at: &At) -> String {
    format!("{}.dkr.ecr.{}.{}", at.account_id, at.region(), fields::dns_suffix(at.partition))
}

fn outputs(at: &At, name: &str) -> Outputs {
    let uri = format!("{}/{name}", registry_host(at));
    fields::outputs([("arn", arn(at, name)), ("name", name.to_owned()), ("uri", uri)])
}

impl Kind for EcrRepository {
    type Spec = EcrRepositorySpec;
    type Model = EcrRepositoryModel;
    type Op = EcrRepositoryOp;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn sources() -> &'static [&'static str] {
        &[ecr::NAME]
    }

    fn identity(spec: &EcrRepositorySpec, at: &At, cx: &mut Resolver<'_>) -> Identity {
        let name = desired::name(spec, cx);
        Identity {
            claim: Some(format!("ecr {} {} repository/{name}", at.account_id, at.region())),
            outputs: outputs(at, &name),
            name,
        }
    }

    fn desired(spec: &EcrRepositorySpec, at: &At, cx: &mut Resolver<'_>) -> Option<EcrRepositoryModel> {
        desired::desired(spec, at, cx)
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<EcrRepositoryModel>>, Unread> {
        let facts: &EcrFacts = facts.get(ecr::NAME, scope)?;
        Ok(facts.repositories.iter().map(live).collect())
    }

    fn tags(model: &EcrRepositoryModel) -> Option<&Tags> {
        Some(&model.tags)
    }

    fn tags_mut(model: &mut EcrRepositoryModel) -> Option<&mut Tags> {
        Some(&mut model.tags)
    }

    fn ops(
        _: &At,
        before: Option<&EcrRepositoryModel>,
        after: Option<&EcrRepositoryModel>,
    ) -> Result<Steps<EcrRepositoryOp>, Refusal> {
        let ops = match (before, after) {
            (None, None) => Vec::new(),
            (None, Some(after)) => creation(after),
            (Some(before), Some(after)) => changes(before, after)?,
            (Some(before), None) => on(before, vec![EcrRepositoryCall::DeleteRepository { unnames: names_of(before) }]),
        };
        Ok(Steps { ops, replaces: Vec::new() })
    }

    // Making a repository names its key, which names no repository; its policy is a call of its own already.
    fn split(_: &At, _: &EcrRepositoryOp) -> Option<Vec<EcrRepositoryOp>> {
        None
    }

    fn follow(_: &At, model: &EcrRepositoryModel, replaced: &str) -> Vec<EcrRepositoryOp> {
        // ECR keeps the id of a principal and not its ARN, so that one made again is not the one the policy names.
        let policy = model.policy.as_ref().filter(|policy| policy.principals().contains(replaced)).cloned();
        let put = |policy| EcrRepositoryCall::SetRepositoryPolicy { policy, unnames: Vec::new() };
        on(model, policy.map(put).into_iter().collect())
    }

    fn info(at: &At, op: &EcrRepositoryOp) -> OpInfo {
        info(at, op)
    }

    fn export(_: &At, live: &Live<EcrRepositoryModel>) -> Export {
        Export::same(&live.model)
    }

    fn access<'m>(at: &At, model: &'m EcrRepositoryModel, _: &Outputs) -> Vec<Access<'m>> {
        let policy = model.policy.as_ref().map(|policy| Paper::new("policy", policy.document()));
        let arn = at.arn("ecr", &format!("repository/{}", model.name));
        vec![Access::Resource { arn, policy, field: "policy", itself: Itself::Unsaid }]
    }

    fn simulate(model: &mut Option<EcrRepositoryModel>, op: &EcrRepositoryOp) {
        simulate(model, op);
    }
}

fn live(fact: &RepositoryFact) -> Live<EcrRepositoryModel> {
    let RepositoryFact {
        name,
        arn,
        uri,
        image_tag_mutability,
        image_tag_mutability_exclusion_filters,
        scan_on_push,
        encryption_type,
        kms_key,
        policy,
        lifecycle_policy,
        tags,
    } = fact;
    let model = EcrRepositoryModel {
        name: name.clone(),
        image_tag_mutability: image_tag_mutability.clone(),
        image_tag_mutability_exclusion_filters: image_tag_mutability_exclusion_filters.clone(),
        scan_on_push: *scan_on_push,
        encryption: Encryption { encryption_type: encryption_type.clone(), kms_key: kms_key.clone() },
        policy: policy.as_deref().map(PolicyDocument::from_live),
        lifecycle: lifecycle_policy.as_deref().map(LifecyclePolicy::from_live),
        tags: tags.clone(),
    };
    let outputs = fields::outputs([("arn", arn.clone()), ("name", name.clone()), ("uri", uri.clone())]);
    Live { name: name.clone(), model, outputs }
}

fn on(model: &EcrRepositoryModel, calls: Vec<EcrRepositoryCall>) -> Vec<EcrRepositoryOp> {
    calls.into_iter().map(|call| EcrRepositoryOp { repository: model.name.clone(), call }).collect()
}

/// A repository right after CreateRepository.
fn fresh(name: &str, new: NewRepository) -> EcrRepositoryModel {
    let NewRepository { image_tag_mutability, image_tag_mutability_exclusion_filters, scan_on_push, encryption, tags } =
        new;
    EcrRepositoryModel {
        name: name.to_owned(),
        image_tag_mutability,
        image_tag_mutability_exclusion_filters,
        scan_on_push,
        encryption,
        policy: None,
        lifecycle: None,
        tags,
    }
}

fn creation(after: &EcrRepositoryModel) -> Vec<EcrRepositoryOp> {
    let EcrRepositoryModel {
        name,
        image_tag_mutability,
        image_tag_mutability_exclusion_filters,
        scan_on_push,
        encryption,
        policy: _, // set after it is made
        lifecycle: _,
        tags,
    } = after.clone();
    let new =
        NewRepository { image_tag_mutability, image_tag_mutability_exclusion_filters, scan_on_push, encryption, tags };
    let made = fresh(&name, new.clone());
    let mut ops = on(after, vec![EcrRepositoryCall::CreateRepository(new)]);
    ops.extend(settle(&made, after));
    ops
}

fn changes(before: &EcrRepositoryModel, after: &EcrRepositoryModel) -> Result<Vec<EcrRepositoryOp>, Refusal> {
    let shown = |encryption: &Encryption| match &encryption.kms_key {
        Some(key) => format!("{} with {key}", encryption.encryption_type),
        None => encryption.encryption_type.clone(),
    };
    let for_good = [
        ("name", before.name.clone(), after.name.clone()),
        ("encryption", shown(&before.encryption), shown(&after.encryption)),
    ];
    if let Some((field, was, wanted)) = for_good.into_iter().find(|(_, was, wanted)| was != wanted) {
        return Err(Refusal {
            field,
            why: format!("{field} of a repository is for good: it is {was}, not {wanted}"),
            help: "give the new repository a table of its own, push the images there, and let a [[removed]] name the old one"
                .to_owned(),
        });
    }
    Ok(settle(before, after))
}

/// Everything that can be changed in place. Tags go first: they make an adopted repository ours.
fn settle(before: &EcrRepositoryModel, after: &EcrRepositoryModel) -> Vec<EcrRepositoryOp> {
    let EcrRepositoryModel {
        name: _, // for good, like the encryption
        image_tag_mutability,
        image_tag_mutability_exclusion_filters,
        scan_on_push,
        encryption: _,
        policy,
        lifecycle,
        tags,
    } = after;
    let mut calls = Vec::new();
    let TagChange { put, remove } = TagChange::between(&before.tags, tags);
    if !put.is_empty() {
        calls.push(EcrRepositoryCall::TagResource { tags: put });
    }
    if !remove.is_empty() {
        calls.push(EcrRepositoryCall::UntagResource { keys: remove });
    }
    if before.image_tag_mutability != *image_tag_mutability
        || before.image_tag_mutability_exclusion_filters != *image_tag_mutability_exclusion_filters
    {
        calls.push(EcrRepositoryCall::PutImageTagMutability {
            image_tag_mutability: image_tag_mutability.clone(),
            image_tag_mutability_exclusion_filters: image_tag_mutability_exclusion_filters.clone(),
        });
    }
    if before.scan_on_push != *scan_on_push {
        calls.push(EcrRepositoryCall::PutImageScanningConfiguration { scan_on_push: *scan_on_push });
    }
    if before.policy != *policy {
        let unnames = unnamed(before.policy.as_ref(), policy.as_ref());
        calls.push(match policy.clone() {
            Some(policy) => EcrRepositoryCall::SetRepositoryPolicy { policy, unnames },
            None => EcrRepositoryCall::DeleteRepositoryPolicy { unnames },
        });
    }
    if before.lifecycle != *lifecycle {
        calls.push(match lifecycle.clone() {
            Some(lifecycle) => EcrRepositoryCall::PutLifecyclePolicy { lifecycle },
            None => EcrRepositoryCall::DeleteLifecyclePolicy,
        });
    }
    on(after, calls)
}

/// What a repository names: once it is gone, these may go.
fn names_of(model: &EcrRepositoryModel) -> Vec<String> {
    let principals = model.policy.as_ref().map(PolicyDocument::principals).unwrap_or_default();
    principals.into_iter().chain(model.encryption.kms_key.clone()).collect()
}

fn info(at: &At, op: &EcrRepositoryOp) -> OpInfo {
    let EcrRepositoryOp { repository, call } = op;
    let arn = arn(at, repository);
    let of = |call, title: String| OpInfo {
        call,
        resource: arn.clone(),
        title,
        needs: vec![arn.clone()],
        ..OpInfo::default()
    };
    match call {
        EcrRepositoryCall::CreateRepository(_) => OpInfo {
            needs: Vec::new(),
            creates: vec![arn.clone()],
            ..of("ecr:CreateRepository", format!("create repository {repository}"))
        },
        EcrRepositoryCall::TagResource { tags: _ } => of("ecr:TagResource", format!("tag repository {repository}")),
        EcrRepositoryCall::UntagResource { keys: _ } => {
            of("ecr:UntagResource", format!("remove tags of repository {repository}"))
        }
        EcrRepositoryCall::PutImageTagMutability {
            image_tag_mutability,
            image_tag_mutability_exclusion_filters: _,
        } => of(
            "ecr:PutImageTagMutability",
            format!("set tag mutability of repository {repository} to {image_tag_mutability}"),
        ),
        EcrRepositoryCall::PutImageScanningConfiguration { scan_on_push } => {
            let whether = if *scan_on_push { "scan" } else { "do not scan" };
            of("ecr:PutImageScanningConfiguration", format!("{whether} on push to repository {repository}"))
        }
        EcrRepositoryCall::SetRepositoryPolicy { policy, unnames } => OpInfo {
            needs: policy.principals().into_iter().chain([arn.clone()]).collect(),
            unnames: unnames.clone(),
            ..of("ecr:SetRepositoryPolicy", format!("set policy of repository {repository}"))
        },
        EcrRepositoryCall::DeleteRepositoryPolicy { unnames } => OpInfo {
            needs: Vec::new(),
            unnames: unnames.clone(),
            ..of("ecr:DeleteRepositoryPolicy", format!("delete policy of repository {repository}"))
        },
        EcrRepositoryCall::PutLifecyclePolicy { lifecycle: _ } => {
            of("ecr:PutLifecyclePolicy", format!("put lifecycle policy of repository {repository}"))
        }
        EcrRepositoryCall::DeleteLifecyclePolicy => OpInfo {
            needs: Vec::new(),
            ..of("ecr:DeleteLifecyclePolicy", format!("delete lifecycle policy of repository {repository}"))
        },
        EcrRepositoryCall::DeleteRepository { unnames } => OpInfo {
            needs: Vec::new(),
            unnames: unnames.clone(),
            destroys: vec![arn.clone()],
            ..of("ecr:DeleteRepository", format!("delete repository {repository}"))
        },
    }
}

fn simulate(model: &mut Option<EcrRepositoryModel>, op: &EcrRepositoryOp) {
    let EcrRepositoryOp { repository, call } = op.clone();
    if let EcrRepositoryCall::CreateRepository(new) = call {
        *model = Some(fresh(&repository, new));
        return;
    }
    // ECR refuses all others for a repository that is not there.
    let Some(held) = model else { return };
    match call {
        EcrRepositoryCall::CreateRepository(_) => {}
        EcrRepositoryCall::TagResource { tags } => held.tags.extend(tags),
        EcrRepositoryCall::UntagResource { keys } => held.tags.retain(|key, _| !keys.contains(key)),
        EcrRepositoryCall::PutImageTagMutability { image_tag_mutability, image_tag_mutability_exclusion_filters } => {
            held.image_tag_mutability = image_tag_mutability;
            held.image_tag_mutability_exclusion_filters = image_tag_mutability_exclusion_filters;
        }
        EcrRepositoryCall::PutImageScanningConfiguration { scan_on_push } => held.scan_on_push = scan_on_push,
        EcrRepositoryCall::SetRepositoryPolicy { policy, unnames: _ } => held.policy = Some(policy),
        EcrRepositoryCall::DeleteRepositoryPolicy { unnames: _ } => held.policy = None,
        EcrRepositoryCall::PutLifecyclePolicy { lifecycle } => held.lifecycle = Some(lifecycle),
        EcrRepositoryCall::DeleteLifecyclePolicy => held.lifecycle = None,
        EcrRepositoryCall::DeleteRepository { unnames: _ } => *model = None,
    }
}
