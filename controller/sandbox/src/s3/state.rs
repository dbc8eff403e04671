//! What S3 remembers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::body::Node;

/// What S3 remembers, of all accounts: bucket names are one space.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    pub(super) buckets: BTreeMap<String, Bucket>,
    /// By account: its own block of public access.
    pub(super) account_blocks: BTreeMap<String, PublicAccess>,
}

impl State {
    /// The block that counts for a bucket: what it or its owner's account blocks.
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutPublicAccessBlock.html>.
    pub(super) fn effective_block(&self, bucket: &Bucket) -> PublicAccess {
        let none = PublicAccess::default();
        let own = bucket.public_access.unwrap_or(none);
        let account = self.account_blocks.get(&bucket.owner).copied().unwrap_or(none);
        PublicAccess {
            block_public_acls: own.block_public_acls || account.block_public_acls,
            ignore_public_acls: own.ignore_public_acls || account.ignore_public_acls,
            block_public_policy: own.block_public_policy || account.block_public_policy,
            restrict_public_buckets: own.restrict_public_buckets || account.restrict_public_buckets,
        }
    }

    /// The tagged buckets of an account in a region, as ARN and tags.
    pub fn tagged(&self, account: &str, region: &str) -> Vec<(String, Vec<(String, String)>)> {
        self.buckets
            .iter()
            .filter(|(_, bucket)| bucket.owner == account && bucket.region == region && !bucket.tags.is_empty())
            .map(|(name, bucket)| (format!("arn:aws:s3:::{name}"), bucket.tags.clone()))
            .collect()
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Bucket {
    /// The account's id.
    pub(super) owner: String,
    pub(super) region: String,
    /// Milliseconds since 1970.
    pub(super) created: i64,
    /// With principals as [`crate::world::World::intern_principals`] leaves them.
    pub(super) policy: Option<Value>,
    pub(super) encryption: Encryption,
    pub(super) versioning: Versioning,
    pub(super) public_access: Option<PublicAccess>,
    pub(super) ownership: Option<String>,
    pub(super) tags: Vec<(String, String)>,
    pub(super) object_lock: bool,
    /// The other configurations as they were put, by their name in the query; those of which there can be several, with their id.
    #[serde(default)]
    pub(super) configurations: BTreeMap<String, Node>,
    /// Versions by key, the current one last; a key without a version is not here.
    pub(super) objects: BTreeMap<String, Vec<Version>>,
    /// Uploads in parts that are not finished, by id.
    #[serde(default)]
    pub(super) uploads: BTreeMap<String, Upload>,
}

/// An upload in parts. What it holds is not kept, since it can't be finished here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Upload {
    pub(super) key: String,
    /// Milliseconds since 1970.
    pub(super) initiated: i64,
}

/// What keeps a version from being deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lock {
    /// `GOVERNANCE` or `COMPLIANCE`, and until when, in milliseconds since 1970.
    pub(super) retention: Option<(String, i64)>,
    pub(super) legal_hold: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Versioning {
    #[default]
    NeverEnabled,
    Enabled,
    Suspended,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Encryption {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub(super) algorithm: String,
    pub(super) kms_key: Option<String>,
    pub(super) bucket_key: bool,
    /// `SSE-C` or `NONE`; empty on a bucket that was never told.
    pub(super) blocked: Vec<String>,
}

impl Encryption {
    /// What a new bucket has: S3's own keys, and customer-provided keys refused but for two regions.
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-s3-c-encryption-setting-faq.html>.
    pub(super) fn of_new_bucket(region: &str) -> Self {
        let blocked =
            if ["me-south-1", "me-central-1"].contains(&region) { Vec::new() } else { vec!["SSE-C".to_owned()] };
        Self { algorithm: "AES256".to_owned(), kms_key: None, bucket_key: false, blocked }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PublicAccess {
    pub(super) block_public_acls: bool,
    pub(super) ignore_public_acls: bool,
    pub(super) block_public_policy: bool,
    pub(super) restrict_public_buckets: bool,
}

/// One version of an object, or a delete marker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Version {
    /// `null` for what was written while versioning was not enabled.
    pub(super) id: String,
    /// Milliseconds since 1970.
    pub(super) modified: i64,
    pub(super) delete_marker: bool,
    /// With its quotes.
    pub(super) etag: String,
    #[serde(with = "base64_text")]
    pub(super) body: Vec<u8>,
    /// Content type and the like, and `x-amz-meta-…`, in lower case.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) algorithm: String,
    pub(super) kms_key: Option<String>,
    #[serde(default)]
    pub(super) lock: Lock,
}

/// Bytes as base64, so that they take four thirds of their size in JSON and not four times.
mod base64_text {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64_STANDARD.decode(text).map_err(D::Error::custom)
    }
}
