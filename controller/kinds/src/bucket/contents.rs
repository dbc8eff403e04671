//! Emptying a bucket before it is removed, where a `[[removed]]` says `contents = "delete"`.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/empty-bucket.html>
//!
//! Each round lists from the beginning and deletes what it found, so that a run that was cut off is gone on with by any later one. What
//! S3 refuses to delete ends it: Object Lock is not got round.

use aws_sdk_s3::types::{Delete, EncodingType, ObjectIdentifier};
use futures_util::{StreamExt, TryStreamExt};
use percent_encoding::percent_decode_str;

use super::parts::unsendable;
use super::{BucketModel, Versioning};
use crate::error::Failure;
use crate::session::Session;

/// The action by which a version is deleted; the call deletes a thousand.
pub(super) const CALL: &str = "s3:DeleteObjectVersion";

/// Versions in one listing, and in one call that deletes them.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>
const PAGE: i32 = 1_000;

/// Calls at once for what can only be deleted one by one.
const AT_ONCE: usize = 8;

/// What is lost, for a person. How much it is nobody knows before it is listed.
pub(super) fn what(model: &BucketModel) -> String {
    let versions = match model.versioning {
        Versioning::Enabled => ", EVERY VERSION of them",
        Versioning::Suspended | Versioning::Disabled => ", former versions if there are any",
    };
    let lock = match &model.parts.object_lock {
        Some(_) => "; Object Lock is on: what is under retention or legal hold stays, and so does the bucket",
        None => "",
    };
    format!("ALL OBJECTS of `{}`{versions}, and unfinished uploads, however many there are{lock}", model.name)
}

/// Deletes all that the bucket holds. A bucket that is gone holds nothing.
pub(super) async fn delete_all(session: &Session, bucket: &str) -> Result<(), Failure> {
    match empty(session, bucket).await {
        Err(failure) if failure.is("NoSuchBucket") => Ok(()),
        other => other,
    }
}

async fn empty(session: &Session, bucket: &str) -> Result<(), Failure> {
    while delete_versions(session, bucket).await? {}
    while abort_uploads(session, bucket).await? {}
    Ok(())
}

/// A version of an object, or a delete marker.
struct Doomed {
    key: String,
    version: String,
}

/// Deletes the first versions there are; `false` where there was none.
async fn delete_versions(session: &Session, bucket: &str) -> Result<bool, Failure> {
    let request = session.s3().list_object_versions().bucket(bucket).expected_bucket_owner(session.account_id());
    // A key may hold what XML can't.
    let sent = request.max_keys(PAGE).encoding_type(EncodingType::Url).send().await;
    let page = sent.map_err(|error| session.failure("s3:ListBucketVersions", &error))?;
    let versions = page.versions().iter().map(|one| (one.key(), one.version_id()));
    let markers = page.delete_markers().iter().map(|one| (one.key(), one.version_id()));
    let doomed = versions.chain(markers).filter_map(|(key, version)| {
        Some(Doomed { key: decoded(key?), version: version.unwrap_or("null").to_owned() })
    });
    let (odd, plain): (Vec<Doomed>, Vec<Doomed>) = doomed.partition(|one| one.key.chars().any(char::is_control));
    if odd.is_empty() && plain.is_empty() {
        return Ok(false);
    }
    delete_many(session, bucket, &plain).await?;
    let singly = odd.iter().map(|one| delete_one(session, bucket, one));
    futures_util::stream::iter(singly.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
    Ok(true)
}

/// In listings a space is a plus.
fn decoded(key: &str) -> String {
    percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned()
}

async fn delete_many(session: &Session, bucket: &str, doomed: &[Doomed]) -> Result<(), Failure> {
    if doomed.is_empty() {
        return Ok(());
    }
    let id = |one: &Doomed| ObjectIdentifier::builder().key(&one.key).version_id(&one.version).build();
    let ids = doomed.iter().map(id).collect::<Result<Vec<_>, _>>();
    let delete = ids.and_then(|ids| Delete::builder().set_objects(Some(ids)).quiet(true).build());
    let delete = delete.map_err(|error| unsendable(session, CALL, &error))?;
    let request = session.s3().delete_objects().bucket(bucket).expected_bucket_owner(session.account_id());
    let answer = request.delete(delete).send().await.map_err(|error| session.failure(CALL, &error))?;
    let Some(first) = answer.errors().first() else { return Ok(()) };
    let (code, why) = (first.code().unwrap_or_default(), first.message().unwrap_or_default());
    let (key, version) = (first.key().unwrap_or_default(), first.version_id().unwrap_or_default());
    let count = answer.errors().len();
    let message = format!("{count} of {} objects stay, such as `{key}` (version {version}): {why}", doomed.len());
    let mut failure = Failure::local(Some(session.who().clone()), CALL, message, None);
    failure.code = Some(Box::from(code));
    Err(kept(failure))
}

async fn delete_one(session: &Session, bucket: &str, doomed: &Doomed) -> Result<(), Failure> {
    let request = session.s3().delete_object().bucket(bucket).expected_bucket_owner(session.account_id());
    let sent = request.key(&doomed.key).version_id(&doomed.version).send().await;
    sent.map(drop).map_err(|error| kept(session.failure(CALL, &error)))
}

/// With what to do about an object that S3 keeps.
fn kept(mut failure: Failure) -> Failure {
    if failure.message.contains("object lock") {
        let help = "Object Lock keeps it until its retention ends and its legal hold is taken off; apply again then";
        failure.help = Some(help.to_owned());
    }
    failure
}

/// Aborts the first unfinished uploads there are; `false` where there was none.
async fn abort_uploads(session: &Session, bucket: &str) -> Result<bool, Failure> {
    let request = session.s3().list_multipart_uploads().bucket(bucket).expected_bucket_owner(session.account_id());
    let sent = request.max_uploads(PAGE).encoding_type(EncodingType::Url).send().await;
    let page = sent.map_err(|error| session.failure("s3:ListBucketMultipartUploads", &error))?;
    let uploads = page.uploads().iter().filter_map(|one| Some((decoded(one.key()?), one.upload_id()?.to_owned())));
    let aborts: Vec<_> = uploads.map(|(key, id)| abort(session, bucket, key, id)).collect();
    let any = !aborts.is_empty();
    futures_util::stream::iter(aborts).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
    Ok(any)
}

async fn abort(session: &Session, bucket: &str, key: String, id: String) -> Result<(), Failure> {
    let request = session.s3().abort_multipart_upload().bucket(bucket).expected_bucket_owner(session.account_id());
    match request
        .key(key)
        .upload_id(id)
        .send()
        .await
        .map_err(|error| session.failure("s3:AbortMultipartUpload", &error))
    {
        // It was finished or aborted between the list and now.
        Err(failure) if failure.is("NoSuchUpload") => Ok(()),
        other => other.map(drop),
    }
}
