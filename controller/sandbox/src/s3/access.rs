//! Who may do what with a bucket: a small evaluation of its own.
//!
//! The owner's account may do everything and every other account nothing, but for the bucket's policy: a Deny without
//! a condition that names the caller denies, the owner too; an Allow without a condition that names the caller, its
//! account or everyone allows other accounts. Statements with a condition never allow and never deny here. The owner's
//! account can always read, replace and remove the policy itself, as a root user can in AWS.

use serde_json::Value;

use super::Request;
use super::failure::Failure;
use super::policy::is_public;
use super::state::Bucket;
use crate::call::Caller;
use crate::sts::trust::{covers_principal, like, texts};
use crate::world::World;

/// Whether the bucket exists, is in the region called, is owned by whom the caller believes, and lets the caller in.
pub(super) fn check(world: &World, request: &Request<'_>) -> Result<(), Failure> {
    let bucket = world.s3.buckets.get(&request.bucket).ok_or_else(|| super::no_such_bucket(&request.bucket))?;
    // The first region's endpoint tells the location of any bucket: that is how a client without a clue starts.
    let locating = request.operation == "GetBucketLocation" && request.call.region == "us-east-1";
    if bucket.region != request.call.region && !locating {
        return Err(elsewhere(bucket, request));
    }
    let denied = || Failure::access_denied().header("x-amz-bucket-region", &bucket.region);
    if request.header("x-amz-expected-bucket-owner").is_some_and(|expected| expected != bucket.owner) {
        return Err(denied());
    }
    if may(world, bucket, request, action(request.operation), &request.key) { Ok(()) } else { Err(denied()) }
}

/// Whether the caller may also read an object, for copying it.
pub(super) fn may_read(world: &World, bucket: &Bucket, request: &Request<'_>, name: &str, key: &str) -> bool {
    let arn = format!("arn:aws:s3:::{name}/{key}");
    decide(world, bucket, &request.call.caller, "s3:getobject", &arn)
}

/// Whether the caller may delete an object, or one version of it. DeleteObjects is decided key by key.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>.
pub(super) fn may_delete(world: &World, request: &Request<'_>, key: &str, version: bool) -> Result<(), Failure> {
    let bucket = super::bucket(world, request)?;
    let action = if version { "s3:deleteobjectversion" } else { "s3:deleteobject" };
    let allowed = may(world, bucket, request, action.to_owned(), key);
    if allowed { Ok(()) } else { Err(Failure::access_denied()) }
}

fn elsewhere(bucket: &Bucket, request: &Request<'_>) -> Failure {
    let message = "The bucket you are attempting to access must be addressed using the specified endpoint. Please send \
        all future requests to this endpoint.";
    Failure::new(301, "PermanentRedirect", message)
        .detail("Endpoint", format!("{}.s3.{}.amazonaws.com", request.bucket, bucket.region))
        .detail("Bucket", &request.bucket)
        .header("x-amz-bucket-region", &bucket.region)
}

fn may(world: &World, bucket: &Bucket, request: &Request<'_>, action: String, key: &str) -> bool {
    let caller = &request.call.caller;
    let about_policy = ["s3:getbucketpolicy", "s3:putbucketpolicy", "s3:deletebucketpolicy"].contains(&action.as_str());
    if about_policy && caller.account == bucket.owner {
        return true;
    }
    let arn = match key {
        "" => format!("arn:aws:s3:::{}", request.bucket),
        key => format!("arn:aws:s3:::{}/{key}", request.bucket),
    };
    decide(world, bucket, caller, &action, &arn)
}

fn decide(world: &World, bucket: &Bucket, caller: &Caller, action: &str, arn: &str) -> bool {
    let own = caller.account == bucket.owner;
    let Some(stored) = &bucket.policy else { return own };
    let policy = world.show_principals(stored);
    let statements: Vec<&Value> = match policy.get("Statement") {
        Some(Value::Array(list)) => list.iter().collect(),
        Some(single) => vec![single],
        None => Vec::new(),
    };
    let says = |effect: &str| {
        statements.iter().any(|statement| {
            statement.get("Effect").and_then(Value::as_str) == Some(effect)
                && statement.get("Condition").is_none()
                && covers(statement, "Action", "NotAction", action, true)
                && covers(statement, "Resource", "NotResource", arn, false)
                && covers_principal(statement, caller)
        })
    };
    let restricted = world.s3.effective_block(bucket).restrict_public_buckets && is_public(&policy);
    !says("Deny") && (own || (!restricted && says("Allow")))
}

fn covers(statement: &Value, element: &str, negated: &str, actual: &str, ignore_case: bool) -> bool {
    let matches = |name: &str| {
        texts(statement.get(name)).iter().any(|pattern| {
            if ignore_case { like(&pattern.to_ascii_lowercase(), actual) } else { like(pattern, actual) }
        })
    };
    if statement.get(negated).is_some() { !matches(negated) } else { matches(element) }
}

/// The permission an operation needs, in lower case.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>.
fn action(operation: &str) -> String {
    let action = match operation {
        "HeadBucket" | "ListObjects" | "ListObjectsV2" => "ListBucket",
        "ListObjectVersions" => "ListBucketVersions",
        "HeadObject" => "GetObject",
        "CopyObject" | "CreateMultipartUpload" | "UploadPart" => "PutObject",
        "ListMultipartUploads" => "ListBucketMultipartUploads",
        "DeleteObjects" => "DeleteObject",
        "GetBucketEncryption" => "GetEncryptionConfiguration",
        "PutBucketEncryption" | "DeleteBucketEncryption" => "PutEncryptionConfiguration",
        "GetPublicAccessBlock" => "GetBucketPublicAccessBlock",
        "PutPublicAccessBlock" | "DeletePublicAccessBlock" => "PutBucketPublicAccessBlock",
        "DeleteBucketOwnershipControls" => "PutBucketOwnershipControls",
        "DeleteBucketTagging" => "PutBucketTagging",
        "GetBucketLifecycleConfiguration" => "GetLifecycleConfiguration",
        "GetBucketReplication" => "GetReplicationConfiguration",
        "GetBucketAccelerateConfiguration" => "GetAccelerateConfiguration",
        "GetBucketCors" => "GetBucketCORS",
        "GetBucketNotificationConfiguration" => "GetBucketNotification",
        "GetObjectLockConfiguration" => "GetBucketObjectLockConfiguration",
        "PutObjectLockConfiguration" => "PutBucketObjectLockConfiguration",
        "PutBucketLifecycleConfiguration" | "DeleteBucketLifecycle" => "PutLifecycleConfiguration",
        "PutBucketReplication" | "DeleteBucketReplication" => "PutReplicationConfiguration",
        "PutBucketAccelerateConfiguration" => "PutAccelerateConfiguration",
        "PutBucketCors" | "DeleteBucketCors" => "PutBucketCORS",
        "PutBucketNotificationConfiguration" => "PutBucketNotification",
        "GetBucketIntelligentTieringConfiguration" | "ListBucketIntelligentTieringConfigurations" => {
            "GetIntelligentTieringConfiguration"
        }
        "PutBucketIntelligentTieringConfiguration" | "DeleteBucketIntelligentTieringConfiguration" => {
            "PutIntelligentTieringConfiguration"
        }
        "GetBucketInventoryConfiguration" | "ListBucketInventoryConfigurations" => "GetInventoryConfiguration",
        "PutBucketInventoryConfiguration" | "DeleteBucketInventoryConfiguration" => "PutInventoryConfiguration",
        same => same,
    };
    format!("s3:{}", action.to_ascii_lowercase())
}
