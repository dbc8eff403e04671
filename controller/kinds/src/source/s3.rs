//! What S3 has: which buckets there are, and all settings of those that are wanted or carry trueup's tag.
//!
//! S3 has no bulk read: a bucket costs six calls. They are sent side by side, to the bucket's own region, and only for buckets
//! that matter.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_s3::types::{PublicAccessBlockConfiguration, ServerSideEncryptionConfiguration, Tag};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use trueup_engine::facts::{Unread, Wanted, wants_all};

use super::tagging::{OWNED, tagged};
use crate::count::Counter;
use crate::error::Failure;
use crate::session::Session;

/// The source's name.
pub const NAME: &str = "s3";

/// Buckets read at once. Six calls each; S3 takes thousands of requests a second, so the bound is for open connections.
const BUCKETS_AT_ONCE: usize = 16;

/// Buckets in one answer. Any page size at all makes S3 tell each bucket's region.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html>
const PAGE: i32 = 1_000;

/// Where GetBucketLocation leaves the region out.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html>
const FIRST_REGION: &str = "us-east-1";

/// The buckets of one account, in all regions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct S3Facts {
    /// By name; only those wanted or owned, unless all are wanted.
    pub buckets: BTreeMap<String, BucketFact>,
}

/// One bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketFact {
    /// The region it is in.
    pub region: String,
    /// Its settings, or which call could not be made.
    pub settings: Result<BucketSettings, Unread>,
}

/// The settings of a bucket as S3 tells them; `None` is "no such configuration".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketSettings {
    /// All tags but AWS's own.
    pub tags: BTreeMap<String, String>,
    /// The policy's JSON.
    pub policy: Option<String>,
    /// The default encryption.
    pub encryption: Option<EncryptionFact>,
    /// `Enabled` or `Suspended`; `None`: never enabled.
    pub versioning: Option<String>,
    /// The bucket's own block; an account's block may be stricter.
    pub public_access_block: Option<PublicAccessBlockFact>,
    /// `BucketOwnerEnforced`, `BucketOwnerPreferred` or `ObjectWriter`.
    pub ownership: Option<String>,
}

/// A bucket's default encryption.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncryptionFact {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub algorithm: String,
    /// The KMS key as it was given: an ARN, an id or an alias.
    pub key: Option<String>,
    /// Whether S3 uses a bucket key.
    pub bucket_key: bool,
    /// What encryption may not be asked for: `SSE-C`, `NONE`.
    pub blocked: Vec<String>,
}

/// A bucket's public access block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicAccessBlockFact {
    /// New public ACLs are refused.
    pub block_public_acls: bool,
    /// Public ACLs have no effect.
    pub ignore_public_acls: bool,
    /// New public policies are refused.
    pub block_public_policy: bool,
    /// A public policy lets in only the account and AWS services.
    pub restrict_public_buckets: bool,
}

/// Reads the account's buckets: one ListBuckets, one GetResources a region that has buckets, six calls a wanted or owned bucket.
///
/// Where `tag:GetResources` is denied only the wanted ones are seen.
///
/// # Errors
/// When the buckets could not be listed. A bucket that could not be read says so itself.
pub async fn read(session: &Session, wanted: &[Wanted], counter: &Counter) -> Result<S3Facts, Unread> {
    let regions = list(session).await?;
    let owned = owned(session, &regions).await?;
    let names: BTreeSet<&str> = wanted
        .iter()
        .filter(|wanted| &*wanted.kind == "bucket")
        .map(|wanted| wanted.name.as_str())
        .chain(owned.iter().map(String::as_str))
        .collect();
    // A wanted name that is not listed is free, or another account's: creating it will tell.
    let all = wants_all(wanted, "bucket");
    let matter: Vec<(String, String)> =
        regions.into_iter().filter(|(name, _)| all || names.contains(name.as_str())).collect();
    let reads = matter.into_iter().map(|(name, region)| async move {
        let settings = settings(&session.in_region(&region), &name).await;
        (name, region, settings)
    });
    let mut reads = futures_util::stream::iter(reads).buffer_unordered(BUCKETS_AT_ONCE);
    let mut facts = S3Facts::default();
    while let Some((name, region, settings)) = reads.next().await {
        let settings = match settings {
            // It went between the list and now.
            Err(failure) if failure.is("NoSuchBucket") => continue,
            Err(mut failure) => {
                failure.message = format!("bucket {name}: {}", failure.message);
                Err(Unread::from(failure))
            }
            Ok(settings) => Ok(settings),
        };
        facts.buckets.insert(name, BucketFact { region, settings });
    }
    counter.objects(facts.buckets.len());
    Ok(facts)
}

/// All buckets of the account: name to region.
async fn list(session: &Session) -> Result<BTreeMap<String, String>, Failure> {
    let call = "s3:ListAllMyBuckets";
    let mut found = BTreeMap::new();
    let mut token = None;
    loop {
        let page = session
            .s3()
            .list_buckets()
            .max_buckets(PAGE)
            .set_continuation_token(token)
            .send()
            .await
            .map_err(|error| session.failure(call, &error))?;
        for bucket in page.buckets() {
            let Some(name) = bucket.name() else { continue };
            let region = match bucket.bucket_region() {
                Some(region) => region.to_owned(),
                None => location(session, name).await?,
            };
            found.insert(name.to_owned(), region);
        }
        token = page.continuation_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(found);
        }
    }
}

async fn location(session: &Session, bucket: &str) -> Result<String, Failure> {
    let answer = session
        .s3()
        .get_bucket_location()
        .bucket(bucket)
        .send()
        .await
        .map_err(|error| session.failure("s3:GetBucketLocation", &error))?;
    Ok(match answer.location_constraint().map(|region| region.as_str()) {
        None | Some("") => FIRST_REGION.to_owned(),
        // A bucket made with the old name of the region.
        Some("EU") => "eu-west-1".to_owned(),
        Some(region) => region.to_owned(),
    })
}

/// The names of the buckets that carry trueup's tag.
async fn owned(session: &Session, regions: &BTreeMap<String, String>) -> Result<BTreeSet<String>, Failure> {
    let in_use: BTreeSet<String> = regions.values().cloned().collect();
    let asked = in_use.into_iter().map(|region| async move {
        let session = session.in_region(&region);
        tagged(session.tagging(), session.who(), &[NAME], Some(OWNED)).await
    });
    let mut names = BTreeSet::new();
    for answer in futures_util::future::join_all(asked).await {
        match answer {
            Ok(found) => names.extend(found.keys().filter_map(|arn| bucket_of(arn)).map(str::to_owned)),
            Err(failure) if failure.is_denied() => {
                tracing::debug!(%failure, "only wanted buckets are seen");
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(names)
}

/// The bucket's name in `arn:aws:s3:::name`; access points and the like have account and region in theirs.
fn bucket_of(arn: &str) -> Option<&str> {
    let (front, name) = arn.split_once(":s3:::")?;
    (front.starts_with("arn:") && !name.is_empty() && !name.contains('/')).then_some(name)
}

async fn settings(session: &Session, bucket: &str) -> Result<BucketSettings, Failure> {
    let (tags, policy, encryption, versioning, public_access_block, ownership) = tokio::try_join!(
        tags(session, bucket),
        policy(session, bucket),
        encryption(session, bucket),
        versioning(session, bucket),
        public_access_block(session, bucket),
        ownership(session, bucket),
    )?;
    Ok(BucketSettings { tags, policy, encryption, versioning, public_access_block, ownership })
}

/// "No such configuration" is an answer like others.
fn is_absent<T>(answer: &Result<T, Failure>, code: &str) -> bool {
    answer.as_ref().is_err_and(|failure| failure.is(code))
}

async fn tags(session: &Session, bucket: &str) -> Result<BTreeMap<String, String>, Failure> {
    let answer = session.s3().get_bucket_tagging().bucket(bucket).send().await;
    let answer = answer.map_err(|error| session.failure("s3:GetBucketTagging", &error));
    if is_absent(&answer, "NoSuchTagSet") {
        return Ok(BTreeMap::new());
    }
    Ok(own_tags(&answer?.tag_set))
}

fn own_tags(tags: &[Tag]) -> BTreeMap<String, String> {
    tags.iter()
        .filter(|tag| !tag.key().starts_with("aws:"))
        .map(|tag| (tag.key().to_owned(), tag.value().to_owned()))
        .collect()
}

async fn policy(session: &Session, bucket: &str) -> Result<Option<String>, Failure> {
    let answer = session.s3().get_bucket_policy().bucket(bucket).send().await;
    let answer = answer.map_err(|error| session.failure("s3:GetBucketPolicy", &error));
    if is_absent(&answer, "NoSuchBucketPolicy") {
        return Ok(None);
    }
    Ok(answer?.policy)
}

async fn encryption(session: &Session, bucket: &str) -> Result<Option<EncryptionFact>, Failure> {
    let answer = session.s3().get_bucket_encryption().bucket(bucket).send().await;
    let answer = answer.map_err(|error| session.failure("s3:GetEncryptionConfiguration", &error));
    if is_absent(&answer, "ServerSideEncryptionConfigurationNotFoundError") {
        return Ok(None);
    }
    Ok(answer?.server_side_encryption_configuration.as_ref().and_then(encryption_fact))
}

/// A configuration has exactly one rule.
fn encryption_fact(configuration: &ServerSideEncryptionConfiguration) -> Option<EncryptionFact> {
    let rule = configuration.rules().first()?;
    let default = rule.apply_server_side_encryption_by_default();
    let blocked = rule.blocked_encryption_types().map(|blocked| blocked.encryption_type()).unwrap_or_default();
    Some(EncryptionFact {
        algorithm: default.map_or("AES256", |default| default.sse_algorithm().as_str()).to_owned(),
        key: default.and_then(|default| default.kms_master_key_id()).filter(|key| !key.is_empty()).map(str::to_owned),
        bucket_key: rule.bucket_key_enabled().unwrap_or_default(),
        blocked: blocked.iter().map(|kind| kind.as_str().to_owned()).collect(),
    })
}

async fn versioning(session: &Session, bucket: &str) -> Result<Option<String>, Failure> {
    let answer = session.s3().get_bucket_versioning().bucket(bucket).send().await;
    let answer = answer.map_err(|error| session.failure("s3:GetBucketVersioning", &error))?;
    Ok(answer.status().map(|status| status.as_str().to_owned()))
}

async fn public_access_block(session: &Session, bucket: &str) -> Result<Option<PublicAccessBlockFact>, Failure> {
    let answer = session.s3().get_public_access_block().bucket(bucket).send().await;
    let answer = answer.map_err(|error| session.failure("s3:GetBucketPublicAccessBlock", &error));
    if is_absent(&answer, "NoSuchPublicAccessBlockConfiguration") {
        return Ok(None);
    }
    Ok(answer?.public_access_block_configuration.as_ref().map(block_fact))
}

fn block_fact(block: &PublicAccessBlockConfiguration) -> PublicAccessBlockFact {
    PublicAccessBlockFact {
        block_public_acls: block.block_public_acls().unwrap_or_default(),
        ignore_public_acls: block.ignore_public_acls().unwrap_or_default(),
        block_public_policy: block.block_public_policy().unwrap_or_default(),
        restrict_public_buckets: block.restrict_public_buckets().unwrap_or_default(),
    }
}

async fn ownership(session: &Session, bucket: &str) -> Result<Option<String>, Failure> {
    let answer = session.s3().get_bucket_ownership_controls().bucket(bucket).send().await;
    let answer = answer.map_err(|error| session.failure("s3:GetBucketOwnershipControls", &error));
    if is_absent(&answer, "OwnershipControlsNotFoundError") {
        return Ok(None);
    }
    let controls = answer?.ownership_controls;
    Ok(controls.and_then(|controls| Some(controls.rules.first()?.object_ownership.as_str().to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_told_from_other_things_of_s3() {
        assert_eq!(bucket_of("arn:aws:s3:::artifacts"), Some("artifacts"));
        assert_eq!(bucket_of("arn:aws-cn:s3:::a.b"), Some("a.b"));
        assert_eq!(bucket_of("arn:aws:s3:eu-west-1:111111111111:accesspoint/x"), None);
        assert_eq!(bucket_of("arn:aws:s3:::"), None);
    }
}
