//! The kind `bucket`: an S3 general purpose bucket.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/creating-buckets-s3.html>
//!
//! Objects are not touched, and a bucket that holds any is not removed: AWS refuses that. Only where a `[[removed]]` says `contents = "delete"`
//! are they deleted before it (`contents`). MFA delete stays as it is, since only the
//! account's root user with its device can switch it; so do ACLs, metrics and analytics configurations, and metadata tables.
//!
//! Here are the basics, which every bucket has. What else S3 keeps on a bucket (lifecycle, replication, …) is in `parts`, a file each.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use trueup_engine::access::{Access, Beside, Itself, Paper};
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Emptying, Export, Identity, Kind, Live, OpInfo, Refusal, Steps, Together};
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::policy::lint::is_public;
use trueup_specs::resolve::{Resolver, partition};
use trueup_state::outputs::Outputs;

use crate::fields::{self, PolicyDocument, Tags, unnamed};
use crate::source::s3::{self, S3Facts};

mod contents;
mod desired;
mod live;
mod name;
pub(crate) mod parts;
mod perform;
pub(crate) mod public;
mod spec;
#[cfg(test)]
mod tests;

pub use parts::{PartOp, Parts};
pub use spec::{Algorithm, BlockedType, BucketSpec, EncryptionSpec, Ownership, PublicAccessBlockSpec, Versioning};

/// A bucket, as specs want it and as AWS has it. Words are AWS's, so that one this version does not know can be told apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketModel {
    /// The name.
    pub name: String,
    /// Who owns objects.
    pub ownership: String,
    /// What is refused to the public.
    pub public_access_block: PublicAccessBlock,
    /// The default encryption.
    pub encryption: Encryption,
    /// Whether old versions are kept: `enabled` or `disabled`. That it is suspended says only that it once was enabled, which nothing can
    /// change and nothing depends on.
    pub versioning: Versioning,
    /// Who may do what.
    pub policy: Option<PolicyDocument>,
    /// All tags but AWS's own.
    pub tags: Tags,
    /// The rest.
    #[serde(flatten)]
    pub parts: Parts,
}

/// A bucket's default encryption.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encryption {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub algorithm: String,
    /// The KMS key; without one, AWS's own.
    pub key: Option<String>,
    /// Whether S3 derives a key for the bucket.
    pub bucket_key: bool,
    /// What may not be asked for.
    pub blocked_encryption_types: BTreeSet<String>,
}

/// A bucket's public access block; none at all is one with all false.
pub type PublicAccessBlock = s3::PublicAccessBlockFact;

/// Regions whose new buckets let people bring keys of their own.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-s3-c-encryption-setting-faq.html>
const SSE_C_ALLOWED_REGIONS: &[&str] = &["me-south-1", "me-central-1"];

/// One call that changes a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op")]
pub enum BucketOp {
    /// Makes it, and makes it ours at once: a bucket without tags would be nobody's if the next call failed.
    CreateBucket {
        /// The name.
        bucket: String,
        /// Where.
        region: String,
        /// Who owns objects.
        ownership: String,
        /// All tags.
        tags: Tags,
    },
    /// Replaces all tags but AWS's own.
    PutBucketTagging {
        /// The bucket.
        bucket: String,
        /// All tags.
        tags: Tags,
    },
    /// Sets who owns objects.
    PutBucketOwnershipControls {
        /// The bucket.
        bucket: String,
        /// Who.
        ownership: String,
    },
    /// Sets what is refused to the public.
    PutPublicAccessBlock {
        /// The bucket.
        bucket: String,
        /// What.
        public_access_block: PublicAccessBlock,
    },
    /// Sets the default encryption.
    PutBucketEncryption {
        /// The bucket.
        bucket: String,
        /// How.
        encryption: Encryption,
        /// The key it no longer names.
        unnames: Vec<String>,
    },
    /// Enables or suspends versioning.
    PutBucketVersioning {
        /// The bucket.
        bucket: String,
        /// Which.
        versioning: Versioning,
    },
    /// Puts the policy.
    PutBucketPolicy {
        /// The bucket.
        bucket: String,
        /// The whole policy.
        policy: PolicyDocument,
        /// Principals it no longer names.
        unnames: Vec<String>,
    },
    /// Takes the policy away.
    DeleteBucketPolicy {
        /// The bucket.
        bucket: String,
        /// Principals it named.
        unnames: Vec<String>,
    },
    /// Changes one of the other parts.
    Configure {
        /// The bucket.
        bucket: String,
        /// What the part is then.
        part: PartOp,
        /// What the parts no longer name.
        unnames: Vec<String>,
    },
    /// Deletes every version of every object, every delete marker and every unfinished upload.
    DeleteObjects {
        /// The bucket.
        bucket: String,
    },
    /// Removes the bucket, if it is empty.
    DeleteBucket {
        /// The bucket.
        bucket: String,
        /// Principals its policy named, and its key.
        unnames: Vec<String>,
    },
}

impl BucketOp {
    fn bucket(&self) -> &str {
        match self {
            Self::CreateBucket { bucket, .. }
            | Self::PutBucketTagging { bucket, .. }
            | Self::PutBucketOwnershipControls { bucket, .. }
            | Self::PutPublicAccessBlock { bucket, .. }
            | Self::PutBucketEncryption { bucket, .. }
            | Self::PutBucketVersioning { bucket, .. }
            | Self::PutBucketPolicy { bucket, .. }
            | Self::DeleteBucketPolicy { bucket, .. }
            | Self::Configure { bucket, .. }
            | Self::DeleteObjects { bucket }
            | Self::DeleteBucket { bucket, .. } => bucket,
        }
    }
}

/// The kind `bucket`.
#[derive(Clone, Copy, Debug)]
pub struct Bucket;

static SCHEMA: KindSchema = KindSchema {
    name: "bucket",
    summary: "An S3 bucket.",
    scope: KindScope::Region,
    stateful: true,
    taggable: true,
    attributes: &[
        ("arn", "Its ARN, without account and region as those of all buckets."),
        ("name", "Its name."),
        ("domain_name", "Its host name in its own region."),
        ("region", "The region it is in."),
    ],
    shape: shape_of::<BucketSpec>,
    decode: decode_any::<BucketSpec>,
};

impl Kind for Bucket {
    type Spec = BucketSpec;
    type Model = BucketModel;
    type Op = BucketOp;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn sources() -> &'static [&'static str] {
        &[s3::NAME]
    }

    fn identity(spec: &BucketSpec, at: &At, cx: &mut Resolver<'_>) -> Identity {
        let name = cx.text(&spec.name);
        Identity {
            claim: Some(format!("s3 {} bucket/{name}", at.partition)),
            outputs: outputs(&name, at.region()),
            name,
        }
    }

    fn desired(spec: &BucketSpec, at: &At, cx: &mut Resolver<'_>) -> Option<BucketModel> {
        desired::model(spec, at, cx)
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<BucketModel>>, Unread> {
        let source = Scope { account: scope.account.clone(), region: None };
        let S3Facts { buckets, account_block: _ } = facts.get(s3::NAME, &source)?;
        let here = buckets.iter().filter(|(_, fact)| Some(fact.region.as_str()) == scope.region.as_deref());
        here.map(|(name, fact)| live::live(name, fact)).collect()
    }

    fn unchecked(facts: &Facts, scope: &Scope, name: &str) -> BTreeMap<String, Unread> {
        let source = Scope { account: scope.account.clone(), region: None };
        let found = facts.get::<S3Facts>(s3::NAME, &source).ok().and_then(|facts| facts.buckets.get(name));
        let settings = found.and_then(|fact| fact.settings.as_ref().ok());
        settings.map(|settings| settings.unread.clone()).unwrap_or_default()
    }

    fn hints(spec: Option<&BucketSpec>, applied: &dyn Fn() -> Option<BucketModel>) -> BTreeMap<String, String> {
        s3::hints(spec, applied().as_ref())
    }

    fn tags(model: &BucketModel) -> Option<&Tags> {
        Some(&model.tags)
    }

    fn tags_mut(model: &mut BucketModel) -> Option<&mut Tags> {
        Some(&mut model.tags)
    }

    fn ops(at: &At, before: Option<&BucketModel>, after: Option<&BucketModel>) -> Result<Steps<BucketOp>, Refusal> {
        let ops = match (before, after) {
            (None, None) => Vec::new(),
            (None, Some(after)) => creation(at, after),
            (Some(before), Some(after)) => changes(before, after)?,
            (Some(before), None) => {
                vec![BucketOp::DeleteBucket { bucket: before.name.clone(), unnames: names_of(before) }]
            }
        };
        Ok(Steps { ops, replaces: Vec::new() })
    }

    fn empty(model: &BucketModel) -> Option<Emptying<BucketOp>> {
        let ops = vec![BucketOp::DeleteObjects { bucket: model.name.clone() }];
        Some(Emptying { ops, what: contents::what(model) })
    }

    // Making a bucket names no one: its policy is a call of its own already.
    fn split(_: &At, _: &BucketOp) -> Option<Vec<BucketOp>> {
        None
    }

    fn follow(_: &At, model: &BucketModel, replaced: &str) -> Vec<BucketOp> {
        // S3 keeps the id of a principal and not its ARN, so that one made again is not the one the policy names.
        let policy = model.policy.as_ref().filter(|policy| policy.principals().contains(replaced));
        let put = |policy: &PolicyDocument| BucketOp::PutBucketPolicy {
            bucket: model.name.clone(),
            policy: policy.clone(),
            unnames: Vec::new(),
        };
        policy.map(put).into_iter().collect()
    }

    fn info(at: &At, op: &BucketOp) -> OpInfo {
        let arn = arn(at.partition, op.bucket());
        let base = OpInfo { resource: arn.clone(), ..OpInfo::default() };
        let bucket = op.bucket();
        match op {
            BucketOp::CreateBucket { .. } => {
                OpInfo { call: "s3:CreateBucket", title: format!("create bucket {bucket}"), creates: vec![arn], ..base }
            }
            BucketOp::PutBucketTagging { .. } => {
                OpInfo { call: "s3:PutBucketTagging", title: format!("tag bucket {bucket}"), ..base }
            }
            BucketOp::PutBucketOwnershipControls { ownership, .. } => OpInfo {
                call: "s3:PutBucketOwnershipControls",
                title: format!("set ownership of bucket {bucket} to {ownership}"),
                ..base
            },
            BucketOp::PutPublicAccessBlock { .. } => OpInfo {
                call: "s3:PutBucketPublicAccessBlock",
                title: format!("set public access block of bucket {bucket}"),
                ..base
            },
            BucketOp::PutBucketEncryption { encryption, unnames, .. } => OpInfo {
                call: "s3:PutEncryptionConfiguration",
                title: format!("set encryption of bucket {bucket} to {}", encryption.algorithm),
                unnames: unnames.clone(),
                ..base
            },
            BucketOp::PutBucketVersioning { versioning, .. } => OpInfo {
                call: "s3:PutBucketVersioning",
                title: format!("set versioning of bucket {bucket} to {versioning}"),
                creates: if *versioning == Versioning::Enabled { vec![parts::versioned(&arn)] } else { Vec::new() },
                ..base
            },
            BucketOp::PutBucketPolicy { policy, unnames, .. } => OpInfo {
                call: "s3:PutBucketPolicy",
                title: format!("put policy of bucket {bucket}"),
                needs: policy.principals().into_iter().collect(),
                unnames: unnames.clone(),
                ..base
            },
            BucketOp::DeleteBucketPolicy { unnames, .. } => OpInfo {
                call: "s3:DeleteBucketPolicy",
                title: format!("delete policy of bucket {bucket}"),
                unnames: unnames.clone(),
                ..base
            },
            BucketOp::Configure { part, unnames, .. } => OpInfo {
                call: part.call(),
                title: part.title(bucket),
                needs: part.needs().into_iter().collect(),
                unnames: unnames.clone(),
                ..base
            },
            BucketOp::DeleteObjects { .. } => OpInfo {
                call: contents::CALL,
                resource: format!("{arn}/*"),
                title: format!("DELETE ALL OBJECTS of bucket {bucket}"),
                ..base
            },
            BucketOp::DeleteBucket { unnames, .. } => OpInfo {
                call: "s3:DeleteBucket",
                title: format!("delete bucket {bucket}"),
                unnames: unnames.clone(),
                destroys: vec![arn],
                ..base
            },
        }
    }

    fn export(_: &At, live: &Live<BucketModel>) -> Export {
        live.model.parts.export(Export::same(&live.model))
    }

    fn together() -> Option<Together<BucketModel>> {
        Some(parts::logging::together)
    }

    fn access<'m>(at: &At, model: &'m BucketModel, _: &Outputs) -> Vec<Access<'m>> {
        let policy = model.policy.as_ref().map(|policy| Paper::new("policy", policy.document()));
        let arn = format!("arn:{}:s3:::{}", at.partition, model.name);
        let is_open = model.policy.as_ref().and_then(PolicyDocument::document).is_some_and(is_public);
        let block = (is_open && model.public_access_block.restrict_public_buckets).then(|| Access::Beside {
            arn: arn.clone(),
            sort: Beside::Limit,
            paper: Paper::of_settings("public_access_block", public::restricted_to(&at.account_id)),
        });
        let bucket = Access::Resource { arn: arn.clone(), policy, field: "policy", itself: Itself::Arn };
        let public = is_open.then_some(Access::Public { arn });
        [bucket].into_iter().chain(block).chain(public).collect()
    }

    fn simulate(model: &mut Option<BucketModel>, op: &BucketOp) {
        match (op.clone(), model.as_mut()) {
            (BucketOp::CreateBucket { bucket, region, ownership, tags }, _) => {
                *model = Some(fresh(bucket, &region, ownership, tags));
            }
            (BucketOp::DeleteBucket { .. }, _) => *model = None,
            (BucketOp::PutBucketTagging { tags, .. }, Some(model)) => model.tags = tags,
            (BucketOp::PutBucketOwnershipControls { ownership, .. }, Some(model)) => model.ownership = ownership,
            (BucketOp::PutPublicAccessBlock { public_access_block, .. }, Some(model)) => {
                model.public_access_block = public_access_block;
            }
            (BucketOp::PutBucketEncryption { encryption, .. }, Some(model)) => model.encryption = encryption,
            (BucketOp::PutBucketVersioning { versioning, .. }, Some(model)) => model.versioning = versioning,
            (BucketOp::PutBucketPolicy { policy, .. }, Some(model)) => model.policy = Some(policy),
            (BucketOp::DeleteBucketPolicy { .. }, Some(model)) => model.policy = None,
            (BucketOp::Configure { part, .. }, Some(model)) => model.parts.simulate(part),
            // No model shows what a bucket holds.
            (BucketOp::DeleteObjects { .. }, _) => {}
            // AWS refuses these for a bucket that is not there.
            (
                BucketOp::PutBucketTagging { .. }
                | BucketOp::PutBucketOwnershipControls { .. }
                | BucketOp::PutPublicAccessBlock { .. }
                | BucketOp::PutBucketEncryption { .. }
                | BucketOp::PutBucketVersioning { .. }
                | BucketOp::PutBucketPolicy { .. }
                | BucketOp::DeleteBucketPolicy { .. }
                | BucketOp::Configure { .. },
                None,
            ) => {}
        }
    }
}

fn arn(partition: &str, name: &str) -> String {
    format!("arn:{partition}:s3:::{name}")
}

fn outputs(name: &str, region: &str) -> Outputs {
    let partition = partition(region);
    let suffix = fields::dns_suffix(partition);
    [
        ("arn", arn(partition, name)),
        ("name", name.to_owned()),
        ("domain_name", format!("{name}.s3.{region}.{suffix}")),
        ("region", region.to_owned()),
    ]
    .map(|(attribute, value)| (attribute.to_owned(), value))
    .into()
}

/// What a new bucket has.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>
fn everything_blocked() -> PublicAccessBlock {
    PublicAccessBlock {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    }
}

/// A bucket right after CreateBucket.
fn fresh(name: String, region: &str, ownership: String, tags: Tags) -> BucketModel {
    let blocked = if SSE_C_ALLOWED_REGIONS.contains(&region) { None } else { Some(BlockedType::SseC.to_string()) };
    BucketModel {
        name,
        ownership,
        public_access_block: everything_blocked(),
        encryption: Encryption {
            algorithm: Algorithm::Aes256.to_string(),
            key: None,
            bucket_key: false,
            blocked_encryption_types: blocked.into_iter().collect(),
        },
        versioning: Versioning::Disabled,
        policy: None,
        tags,
        parts: Parts::default(),
    }
}

fn creation(at: &At, after: &BucketModel) -> Vec<BucketOp> {
    let made = fresh(after.name.clone(), at.region(), after.ownership.clone(), after.tags.clone());
    let create = BucketOp::CreateBucket {
        bucket: after.name.clone(),
        region: at.region().to_owned(),
        ownership: after.ownership.clone(),
        tags: after.tags.clone(),
    };
    let mut ops = vec![create];
    // A new bucket can become anything.
    ops.extend(settle(&made, after));
    ops
}

fn changes(before: &BucketModel, after: &BucketModel) -> Result<Vec<BucketOp>, Refusal> {
    if before.name != after.name {
        return Err(Refusal {
            field: "name",
            why: format!("a bucket can't be renamed: it is {}, the spec says {}", before.name, after.name),
            help: "give the new bucket a table of its own, move the objects, and let a [[removed]] name the old one"
                .to_owned(),
        });
    }
    if before.parts.object_lock.is_some() && after.parts.object_lock.is_none() {
        return Err(Refusal {
            field: parts::object_lock::FIELD,
            why: format!("Object Lock of bucket {} is on, and S3 never turns it off again", after.name),
            help: format!("add `[bucket.….{}]`, empty if nothing shall be locked by itself", parts::object_lock::FIELD),
        });
    }
    Ok(settle(before, after))
}

/// Everything that can be changed in place. Tags go first: they make an adopted bucket ours. The public access block goes before the policy,
/// since it decides whether S3 takes one that is public.
fn settle(before: &BucketModel, after: &BucketModel) -> Vec<BucketOp> {
    let BucketModel { name, ownership, public_access_block, encryption, versioning, policy, tags, parts } = after;
    let bucket = || name.clone();
    let dropped: Vec<String> = before.parts.names().difference(&parts.names()).cloned().collect();
    let configure = |part: PartOp| BucketOp::Configure { bucket: bucket(), part, unnames: dropped.clone() };
    let parts::Changes { before_versioning, after_versioning } = before.parts.changes(parts);
    let mut ops = Vec::new();
    if before.tags != *tags {
        ops.push(BucketOp::PutBucketTagging { bucket: bucket(), tags: tags.clone() });
    }
    if before.ownership != *ownership {
        ops.push(BucketOp::PutBucketOwnershipControls { bucket: bucket(), ownership: ownership.clone() });
    }
    if before.public_access_block != *public_access_block {
        ops.push(BucketOp::PutPublicAccessBlock { bucket: bucket(), public_access_block: *public_access_block });
    }
    if before.encryption != *encryption {
        let old_key = before.encryption.key.clone().filter(|key| Some(key) != encryption.key.as_ref());
        let unnames = old_key.into_iter().collect();
        ops.push(BucketOp::PutBucketEncryption { bucket: bucket(), encryption: encryption.clone(), unnames });
    }
    ops.extend(before_versioning.into_iter().map(configure));
    if before.versioning != *versioning {
        ops.push(BucketOp::PutBucketVersioning { bucket: bucket(), versioning: *versioning });
    }
    if before.policy != *policy {
        let unnames = unnamed(before.policy.as_ref(), policy.as_ref());
        ops.push(match policy {
            Some(policy) => BucketOp::PutBucketPolicy { bucket: bucket(), policy: policy.clone(), unnames },
            None => BucketOp::DeleteBucketPolicy { bucket: bucket(), unnames },
        });
    }
    ops.extend(after_versioning.into_iter().map(configure));
    ops
}

/// What a bucket names: once it is gone, these may go.
fn names_of(bucket: &BucketModel) -> Vec<String> {
    let principals = bucket.policy.as_ref().map(PolicyDocument::principals).unwrap_or_default();
    principals.into_iter().chain(bucket.encryption.key.clone()).chain(bucket.parts.names()).collect()
}
