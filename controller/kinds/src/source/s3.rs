//! What S3 has: which buckets there are, and all settings of those that are wanted or carry trueup's tag.
//!
//! S3 has no bulk read: a bucket costs fourteen calls. They are sent side by side, to the bucket's own region, and only for buckets
//! that matter. What would be more is saved so:
//!
//! - Tags come with the list of what is ours, as long as they are those on record. Otherwise they are asked for: the list is an index that
//!   runs behind.
//! - Replication and Object Lock need versioning (S3 suspends it for neither), so a bucket without is not asked for them.
//! - A bucket with versioning is asked for transfer acceleration and for who pays only where its spec or its record has them on.
//!
//! What S3 does not let be read of a bucket is told apart, and does not keep the rest from being read.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_s3::types::{PublicAccessBlockConfiguration, ServerSideEncryptionConfiguration, Tag};
use futures_util::future::{BoxFuture, join};
use futures_util::{FutureExt, StreamExt};
use serde::{Deserialize, Serialize};
use trueup_engine::facts::{Unread, Wanted, wants_all};

pub use self::account::AccountBlockFact;
use super::tagging::{OWNED, tagged};
use crate::bucket::parts::cors::{self, CorsRule};
use crate::bucket::parts::intelligent_tiering::{self, Tiering};
use crate::bucket::parts::inventory::{self, Inventory};
use crate::bucket::parts::lifecycle::{self, Lifecycle};
use crate::bucket::parts::logging::{self, Logging};
use crate::bucket::parts::notification::{self, Notification};
use crate::bucket::parts::object_lock::{self, ObjectLock};
use crate::bucket::parts::replication::{self, Replication};
use crate::bucket::parts::website::{self, Website};
use crate::bucket::parts::{Parts, simple};
use crate::bucket::{BucketModel, BucketSpec};
use crate::count::Counter;
use crate::error::Failure;
use crate::fields::Tags;
use crate::session::Session;

pub(crate) mod account;

/// The source's name.
pub const NAME: &str = "s3";

/// The field with the tags.
const TAGS: &str = "tags";

/// Buckets read at once. Fourteen calls each; S3 takes thousands of requests a second, so the bound is for open connections.
const BUCKETS_AT_ONCE: usize = 16;

/// Buckets in one answer. Any page size at all makes S3 tell each bucket's region.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html>
const PAGE: i32 = 1_000;

/// Where GetBucketLocation leaves the region out.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html>
const FIRST_REGION: &str = "us-east-1";

/// The buckets of one account, in all regions, and what is over all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct S3Facts {
    /// By name; only those wanted or owned, unless all are wanted.
    pub buckets: BTreeMap<String, BucketFact>,
    /// The account's own block of public access.
    #[serde(default, skip_serializing_if = "AccountBlockFact::is_not_asked")]
    pub account_block: AccountBlockFact,
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
    pub tags: Tags,
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
    /// The rest.
    #[serde(default)]
    pub parts: Parts,
    /// What S3 did not let be read, by the bucket's field; that then is as of a bucket that has none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unread: BTreeMap<String, Unread>,
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

/// What a hint about transfer acceleration or requester pays says: look.
const LOOK: &str = "look";

/// What helps to read a bucket with fewer calls, of its spec and of what was last applied.
pub(crate) fn hints(spec: Option<&BucketSpec>, applied: Option<&BucketModel>) -> BTreeMap<String, String> {
    let mut hints = BTreeMap::new();
    if let Some(tags) = applied.and_then(|model| serde_json::to_string(&model.tags).ok()) {
        hints.insert(TAGS.to_owned(), tags);
    }
    let parts = applied.map(|model| &model.parts);
    for (field, asked, had) in [
        (
            simple::ACCELERATION,
            spec.is_some_and(|spec| spec.transfer_acceleration),
            parts.is_some_and(|parts| parts.transfer_acceleration),
        ),
        (
            simple::REQUESTER_PAYS,
            spec.is_some_and(|spec| spec.requester_pays),
            parts.is_some_and(|parts| parts.requester_pays),
        ),
    ] {
        if asked || had {
            hints.insert(field.to_owned(), LOOK.to_owned());
        }
    }
    hints
}

/// Reads the account's buckets: one ListBuckets, one GetResources a region that has buckets, and the settings of each wanted or owned
/// bucket.
///
/// Where `tag:GetResources` is denied only the wanted ones are seen.
///
/// # Errors
/// When the buckets could not be listed. A bucket that could not be read says so itself.
pub async fn read(session: &Session, wanted: &[Wanted], counter: &Counter) -> Result<S3Facts, Unread> {
    let (regions, account_block) = join(list(session), account::read(session, wanted)).await;
    let regions = regions?;
    let owned = if session.only_wanted { BTreeMap::new() } else { owned(session, &regions).await? };
    let mut hints: BTreeMap<&str, BTreeMap<String, String>> = BTreeMap::new();
    for bucket in wanted.iter().filter(|wanted| &*wanted.kind == "bucket") {
        hints.entry(bucket.name.as_str()).or_default().extend(bucket.recorded.clone());
    }
    // A wanted name that is not listed is free, or another account's: creating it will tell.
    let all = wants_all(wanted, "bucket");
    let matter = regions
        .into_iter()
        .filter(|(name, _)| all || hints.contains_key(name.as_str()) || owned.contains_key(name.as_str()));
    // Of a bucket that nobody may have a spec of, everything is asked.
    let asked_anyway = if all { &[simple::ACCELERATION, simple::REQUESTER_PAYS][..] } else { &[] };
    let nothing = asked_anyway.iter().map(|field| ((*field).to_owned(), String::new())).collect();
    let reads = matter.map(|(name, region)| {
        let hints = hints.get(name.as_str()).unwrap_or(&nothing);
        let indexed = owned.get(&name).filter(|tags| recorded_tags(hints).as_ref() == Some(*tags));
        async move {
            let settings = settings(&session.in_region(&region), &name, indexed, hints).await;
            (name, region, settings)
        }
    });
    let mut reads = futures_util::stream::iter(reads).buffer_unordered(BUCKETS_AT_ONCE);
    let mut facts = S3Facts { account_block, ..S3Facts::default() };
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

/// The tags on record.
fn recorded_tags(hints: &BTreeMap<String, String>) -> Option<Tags> {
    serde_json::from_str(hints.get(TAGS)?).ok()
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

/// The buckets that carry trueup's tag, with all their tags.
async fn owned(session: &Session, regions: &BTreeMap<String, String>) -> Result<BTreeMap<String, Tags>, Failure> {
    let in_use: BTreeSet<String> = regions.values().cloned().collect();
    let asked = in_use.into_iter().map(|region| async move {
        let session = session.in_region(&region);
        tagged(session.tagging(), session.who(), &[NAME], Some(OWNED)).await
    });
    let mut names = BTreeMap::new();
    for answer in futures_util::future::join_all(asked).await {
        match answer {
            Ok(found) => {
                names.extend(found.into_iter().filter_map(|(arn, tags)| Some((bucket_of(&arn)?.to_owned(), tags))));
            }
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

/// What was read of one part, or why it could not be.
type Checked<T> = Result<T, Unread>;

/// That a part may not be read is an answer of its own; every other failure is one of the whole bucket.
///
/// Boxed: calls of the SDK are large, and a bucket has many at once.
fn checked<'a, T: Send + 'a>(
    read: impl Future<Output = Result<T, Failure>> + Send + 'a,
) -> BoxFuture<'a, Result<Checked<T>, Failure>> {
    async move {
        match read.await {
            Ok(found) => Ok(Ok(found)),
            Err(failure) if failure.is_denied() => Ok(Err(Unread::from(failure))),
            Err(failure) => Err(failure),
        }
    }
    .boxed()
}

/// The parts that could not be read.
#[derive(Default)]
struct Unreadable(BTreeMap<String, Unread>);

impl Unreadable {
    /// What was read; of what was not, why is noted.
    fn or_note<T: Default>(&mut self, field: &str, found: Checked<T>) -> T {
        found.unwrap_or_else(|unread| {
            self.0.insert(field.to_owned(), unread);
            T::default()
        })
    }
}

async fn settings(
    session: &Session,
    bucket: &str,
    indexed: Option<&Tags>,
    hints: &BTreeMap<String, String>,
) -> Result<BucketSettings, Failure> {
    let tags = async {
        match indexed {
            Some(tags) => Ok(tags.clone()),
            None => tags(session, bucket).boxed().await,
        }
    };
    let basics = async {
        tokio::try_join!(
            checked(policy(session, bucket)),
            checked(encryption(session, bucket)),
            checked(public_access_block(session, bucket)),
            checked(ownership(session, bucket)),
        )
    };
    let mut unread = Unreadable::default();
    let (tags, basics, versioned, parts) =
        tokio::try_join!(tags, basics, with_versioning(session, bucket, hints), always(session, bucket),)?;
    let (policy, encryption, public_access_block, ownership) = basics;
    let (versioning, replication, object_lock, acceleration, requester_pays) = versioned;
    let (lifecycle, logging, cors, notification, website, intelligent_tiering, inventory) = parts;
    let parts = Parts {
        lifecycle: unread.or_note(lifecycle::FIELD, lifecycle),
        logging: unread.or_note(logging::FIELD, logging),
        cors: unread.or_note(cors::FIELD, cors),
        notification: unread.or_note(notification::FIELD, notification),
        replication: unread.or_note(replication::FIELD, replication),
        object_lock: unread.or_note(object_lock::FIELD, object_lock),
        website: unread.or_note(website::FIELD, website),
        transfer_acceleration: unread.or_note(simple::ACCELERATION, acceleration),
        requester_pays: unread.or_note(simple::REQUESTER_PAYS, requester_pays),
        intelligent_tiering: unread.or_note(intelligent_tiering::FIELD, intelligent_tiering),
        inventory: unread.or_note(inventory::FIELD, inventory),
    };
    Ok(BucketSettings {
        tags,
        policy: unread.or_note("policy", policy),
        encryption: unread.or_note("encryption", encryption),
        versioning: unread.or_note("versioning", versioning),
        public_access_block: unread.or_note("public_access_block", public_access_block),
        ownership: unread.or_note("ownership", ownership),
        parts,
        unread: unread.0,
    })
}

/// The parts that every bucket is asked for.
type Always = (
    Checked<Option<Lifecycle>>,
    Checked<Option<Logging>>,
    Checked<Vec<CorsRule>>,
    Checked<Notification>,
    Checked<Option<Website>>,
    Checked<BTreeMap<String, Tiering>>,
    Checked<BTreeMap<String, Inventory>>,
);

async fn always(session: &Session, bucket: &str) -> Result<Always, Failure> {
    tokio::try_join!(
        checked(lifecycle::read(session, bucket)),
        checked(logging::read(session, bucket)),
        checked(cors::read(session, bucket)),
        checked(notification::read(session, bucket)),
        checked(website::read(session, bucket)),
        checked(intelligent_tiering::read(session, bucket)),
        checked(inventory::read(session, bucket)),
    )
}

/// Versioning, and what need only be asked for with it or without it.
type Versioned =
    (Checked<Option<String>>, Checked<Option<Replication>>, Checked<Option<ObjectLock>>, Checked<bool>, Checked<bool>);

async fn with_versioning(
    session: &Session,
    bucket: &str,
    hints: &BTreeMap<String, String>,
) -> Result<Versioned, Failure> {
    let versioning = checked(versioning(session, bucket)).await?;
    let known_off = versioning.as_ref().is_ok_and(|status| status.as_deref() != Some("Enabled"));
    let known_on = versioning.as_ref().is_ok_and(|status| status.as_deref() == Some("Enabled"));
    let replication =
        async { if known_off { Ok(Ok(None)) } else { checked(replication::read(session, bucket)).await } };
    let object_lock =
        async { if known_off { Ok(Ok(None)) } else { checked(object_lock::read(session, bucket)).await } };
    let acceleration = async {
        let looks = !known_on || hints.contains_key(simple::ACCELERATION);
        if looks { checked(simple::read_acceleration(session, bucket)).await } else { Ok(Ok(false)) }
    };
    let requester_pays = async {
        let looks = !known_on || hints.contains_key(simple::REQUESTER_PAYS);
        if looks { checked(simple::read_payment(session, bucket)).await } else { Ok(Ok(false)) }
    };
    let (replication, object_lock, acceleration, requester_pays) =
        tokio::try_join!(replication, object_lock, acceleration, requester_pays)?;
    Ok((versioning, replication, object_lock, acceleration, requester_pays))
}

/// "No such configuration" is an answer like others.
fn is_absent<T>(answer: &Result<T, Failure>, code: &str) -> bool {
    answer.as_ref().is_err_and(|failure| failure.is(code))
}

async fn tags(session: &Session, bucket: &str) -> Result<Tags, Failure> {
    let answer = session.s3().get_bucket_tagging().bucket(bucket).send().await;
    let answer = answer.map_err(|error| session.failure("s3:GetBucketTagging", &error));
    if is_absent(&answer, "NoSuchTagSet") {
        return Ok(Tags::new());
    }
    Ok(own_tags(&answer?.tag_set))
}

fn own_tags(tags: &[Tag]) -> Tags {
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
