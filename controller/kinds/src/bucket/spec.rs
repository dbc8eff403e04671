//! What TOML says of a bucket.

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer};
use trueup_specs::{PolicySpec, Reference, Text, spec, words};

use super::parts::Placed;
use super::parts::cors::CorsRuleSpec;
use super::parts::intelligent_tiering::TieringSpec;
use super::parts::inventory::InventorySpec;
use super::parts::lifecycle::LifecycleSpec;
use super::parts::logging::LoggingSpec;
use super::parts::notification::NotificationSpec;
use super::parts::object_lock::ObjectLockSpec;
use super::parts::replication::ReplicationSpec;
use super::parts::website::WebsiteSpec;
use crate::fields;

spec! {
    /// An S3 bucket.
    ///
    /// Name and region are for good: AWS can change neither.
    pub struct BucketSpec {
        /// The bucket's name, unique in all of AWS.
        ///
        /// 3 to 63 lower-case letters, digits, dots and hyphens. A name that ends with `-${account.id}-${region}-an` is the
        /// account's own: no one else can take it.
        /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
        pub name: Text,
        /// Who may do what with the bucket and its objects.
        ///
        /// At most 20 KB. Default: no policy.
        /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html>
        pub policy: Option<PolicySpec>,
        /// How objects are encrypted that come without a wish of their own.
        ///
        /// Default: `{ algorithm = "AES256" }`, as S3 does by itself.
        pub encryption: Option<EncryptionSpec>,
        /// Whether old versions of objects are kept.
        ///
        /// Default: `"disabled"`. S3 can't undo that it once was enabled: what is disabled then is suspended, and keeps the versions it has.
        /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html>
        pub versioning: Option<Versioning>,
        /// What is refused to the public, whatever policies and ACLs say.
        ///
        /// Default: everything, as of a new bucket.
        /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>
        pub public_access_block: Option<PublicAccessBlockSpec>,
        /// Who owns the objects that other accounts put, and whether ACLs count.
        ///
        /// Default: `"BucketOwnerEnforced"`, as of a new bucket.
        /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html>
        pub ownership: Option<Ownership>,
        /// When objects move to other storage classes, and when they go.
        ///
        /// Default: never.
        pub lifecycle: Option<Placed<LifecycleSpec>>,
        /// Where S3 writes down who accessed the bucket.
        ///
        /// Default: nowhere.
        pub logging: Option<LoggingSpec>,
        /// Which web pages of other origins may call the bucket; at most 100 rules.
        ///
        /// Default: none.
        /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html>
        pub cors: Vec<Placed<CorsRuleSpec>>,
        /// Who is told of what happens in the bucket.
        ///
        /// Default: nobody.
        pub notification: Option<NotificationSpec>,
        /// Where copies of its objects go.
        ///
        /// Default: nowhere.
        pub replication: Option<Placed<ReplicationSpec>>,
        /// Whether versions of objects can be locked.
        ///
        /// Default: off. Once on, it can't be turned off.
        pub object_lock: Option<Placed<ObjectLockSpec>>,
        /// The website it is.
        ///
        /// Default: none.
        pub website: Option<Placed<WebsiteSpec>>,
        /// Whether the bucket has an accelerated endpoint. Its name may then hold no dot.
        ///
        /// Default: false.
        /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/transfer-acceleration.html>
        pub transfer_acceleration: bool,
        /// Whether those who ask pay for requests and transfer, and not the bucket's owner.
        ///
        /// Default: false.
        /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/RequesterPaysBuckets.html>
        pub requester_pays: bool,
        /// When objects of Intelligent-Tiering go into its archives, each configuration under its id; at most 1,000.
        ///
        /// Default: never.
        /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/intelligent-tiering.html>
        pub intelligent_tiering: IndexMap<String, Placed<TieringSpec>>,
        /// Lists of its objects that S3 writes by itself, each under its id; at most 1,000.
        ///
        /// Default: none.
        /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory.html>
        pub inventory: IndexMap<String, Placed<InventorySpec>>,
    }
}

spec! {
    /// A bucket's default encryption.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ServerSideEncryptionByDefault.html>
    pub struct EncryptionSpec {
        /// The KMS key, by its address or ARN.
        ///
        /// Default: none; with a KMS algorithm, AWS's own key `aws/s3`.
        pub key: Option<Reference<fields::Key>>,
        /// The algorithm.
        ///
        /// Default: `"aws:kms"` where a key is named, else `"AES256"`.
        pub algorithm: Option<Algorithm>,
        /// Whether S3 derives a key for the bucket, which saves most calls to KMS.
        ///
        /// Only with `"aws:kms"`. Default: false.
        /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html>
        pub bucket_key: Option<bool>,
        /// Encryption that may not be asked for when an object is put.
        ///
        /// Default: `["SSE-C"]`, as of a new bucket; `[]` lets people bring keys of their own.
        /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/blocking-unblocking-s3-c-encryption-gpb.html>
        pub blocked_encryption_types: Option<Vec<BlockedType>>,
    }
}

spec! {
    /// A bucket's public access block.
    pub struct PublicAccessBlockSpec {
        /// Refuse new public ACLs. Default: true.
        pub block_public_acls: Option<bool>,
        /// Ignore public ACLs there are. Default: true.
        pub ignore_public_acls: Option<bool>,
        /// Refuse a public policy. Default: true.
        pub block_public_policy: Option<bool>,
        /// Let a public policy there is admit only the account and AWS services. Default: true.
        pub restrict_public_buckets: Option<bool>,
    }
}

words! {
    /// A default encryption.
    pub enum Algorithm {
        /// S3's own keys (SSE-S3).
        Aes256 = "AES256",
        /// A KMS key (SSE-KMS).
        Kms = "aws:kms",
        /// A KMS key, twice (DSSE-KMS).
        KmsDsse = "aws:kms:dsse",
    }
}

words! {
    /// An encryption that a bucket can refuse.
    pub enum BlockedType {
        /// Keys the customer sends with each request.
        SseC = "SSE-C",
    }
}

words! {
    /// Whether a bucket keeps old versions.
    pub enum Versioning {
        /// It does not: it never did, or no longer.
        Disabled = "disabled",
        /// It does.
        Enabled = "enabled",
        /// It keeps those it has and makes no more: to a bucket that never had any the same as `"disabled"`.
        Suspended = "suspended",
    }
}

words! {
    /// Who owns objects.
    pub enum Ownership {
        /// The bucket's account owns all; ACLs are off.
        BucketOwnerEnforced = "BucketOwnerEnforced",
        /// The bucket's account owns what is put with the ACL `bucket-owner-full-control`.
        BucketOwnerPreferred = "BucketOwnerPreferred",
        /// Who puts an object owns it.
        ObjectWriter = "ObjectWriter",
    }
}

impl<'de> Deserialize<'de> for Versioning {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        let found = Self::ALL.iter().copied().find(|one| one.as_str() == word);
        found.ok_or_else(|| serde::de::Error::custom(format!("`{word}` is no state of versioning")))
    }
}
