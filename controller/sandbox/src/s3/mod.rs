//! S3: buckets whole, objects as far as a state store and a person with `aws s3` need them.
//!
//! Object Lock keeps what it locks. What is missing: finishing multipart uploads (they can be begun, listed and aborted), access control lists beyond the default, object tags, and the configurations
//! no kind of trueup manages (analytics, metrics, metadata tables). Configurations are kept and checked, and have no
//! effect beside that: nothing moves or is copied.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html>.

mod access;
mod account;
mod actions;
mod body;
mod buckets;
mod configurations;
mod encryption;
mod failure;
mod fixed;
mod listing;
mod locks;
mod names;
mod objects;
mod policy;
mod route;
mod settings;
mod state;
mod tags;
#[cfg(test)]
mod tests;
mod uploads;
mod versions;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest as _, Md5};
use time::OffsetDateTime;
use time::macros::format_description;

pub(crate) use self::account::HEADER as CONTROL_HEADER;
use self::failure::Failure;
pub(crate) use self::failure::control_error;
pub(crate) use self::route::operation_name;
use self::state::Bucket;
pub use self::state::State;
use crate::call::{Call, Reply};
use crate::world::World;
use crate::xml::Xml;

/// The `x-amz-id-2` of every answer.
pub(crate) const HOST_ID: &str = "dHJ1ZXVwLXNhbmRib3g=";

/// The namespace of every document.
const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// A call with what S3 reads from host and path.
struct Request<'a> {
    call: &'a Call,
    operation: &'static str,
    bucket: String,
    key: String,
}

impl Request<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.call.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn query(&self, name: &str) -> Option<&str> {
        self.call.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn now_millis(&self) -> i64 {
        i64::try_from(self.call.now.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
    }
}

type Answer = Result<Reply, Failure>;

/// Answers one call.
pub fn handle(world: &mut World, call: &Call) -> Reply {
    let target = route::target(&call.path, &call.headers);
    let is_control = call.headers.contains_key(account::HEADER);
    let operation = operation_name(&call.method, &call.path, &call.headers, &call.query);
    let request = Request { call, operation, bucket: target.bucket, key: target.key };
    perform(world, &request).unwrap_or_else(
        |failure| {
            if is_control { failure.control_reply(call) } else { failure.reply(call) }
        },
    )
}

fn perform(world: &mut World, request: &Request<'_>) -> Answer {
    check_digest(request)?;
    match request.operation {
        "ListBuckets" => return buckets::list(world, request),
        "CreateBucket" => return buckets::create(world, request),
        "Unknown" => {
            let message = "The specified method is not allowed against this resource.";
            return Err(Failure::new(405, "MethodNotAllowed", message));
        }
        _ => {}
    }
    if let Some(answer) = account::perform(world, request) {
        return answer;
    }
    access::check(world, request)?;
    match request.operation {
        "DeleteBucket" => buckets::delete(world, request),
        "HeadBucket" => buckets::head(world, request),
        "GetBucketLocation" => buckets::location(world, request),
        "GetBucketPolicy" => policy::get(world, request),
        "PutBucketPolicy" => policy::put(world, request),
        "DeleteBucketPolicy" => policy::delete(world, request),
        "GetBucketPolicyStatus" => policy::status(world, request),
        "GetBucketEncryption" => encryption::get(world, request),
        "PutBucketEncryption" => encryption::put(world, request),
        "DeleteBucketEncryption" => encryption::delete(world, request),
        "GetBucketVersioning" => settings::get_versioning(world, request),
        "PutBucketVersioning" => settings::put_versioning(world, request),
        "GetPublicAccessBlock" => settings::get_public_access(world, request),
        "PutPublicAccessBlock" => settings::put_public_access(world, request),
        "DeletePublicAccessBlock" => settings::delete_public_access(world, request),
        "GetBucketOwnershipControls" => settings::get_ownership(world, request),
        "PutBucketOwnershipControls" => settings::put_ownership(world, request),
        "DeleteBucketOwnershipControls" => settings::delete_ownership(world, request),
        "GetBucketTagging" => tags::get(world, request),
        "PutBucketTagging" => tags::put(world, request),
        "DeleteBucketTagging" => tags::delete(world, request),
        "PutObject" => objects::put(world, request),
        "CopyObject" => objects::copy(world, request),
        "GetObject" | "HeadObject" => objects::get(world, request),
        "DeleteObject" => objects::delete(world, request),
        "DeleteObjects" => objects::delete_many(world, request),
        "ListObjects" | "ListObjectsV2" => listing::objects(world, request),
        "ListObjectVersions" => listing::versions(world, request),
        "CreateMultipartUpload" => uploads::create(world, request),
        "UploadPart" => uploads::part(world, request),
        "ListMultipartUploads" => uploads::list(world, request),
        "AbortMultipartUpload" => uploads::abort(world, request),
        other => configurations::perform(world, request)
            .or_else(|| fixed::get(world, request))
            .unwrap_or_else(|| Err(Failure::not_implemented(other))),
    }
}

/// The bucket, which [`access::check`] has found.
fn bucket<'a>(world: &'a World, request: &Request<'_>) -> Result<&'a Bucket, Failure> {
    world.s3.buckets.get(&request.bucket).ok_or_else(|| no_such_bucket(&request.bucket))
}

/// The same, to change it.
fn bucket_mut<'a>(world: &'a mut World, request: &Request<'_>) -> Result<&'a mut Bucket, Failure> {
    world.s3.buckets.get_mut(&request.bucket).ok_or_else(|| no_such_bucket(&request.bucket))
}

fn no_such_bucket(name: &str) -> Failure {
    Failure::new(404, "NoSuchBucket", "The specified bucket does not exist").detail("BucketName", name)
}

/// Refuses a body that is not what its `Content-MD5` says.
fn check_digest(request: &Request<'_>) -> Result<(), Failure> {
    let Some(text) = request.header("content-md5") else { return Ok(()) };
    let digest = BASE64_STANDARD.decode(text).ok().filter(|bytes| bytes.len() == 16);
    let Some(digest) = digest else {
        let message = "The Content-MD5 you specified was invalid.";
        return Err(Failure::new(400, "InvalidDigest", message).detail("Content-MD5", text));
    };
    if digest == Md5::digest(&request.call.body).as_slice() {
        return Ok(());
    }
    Err(Failure::new(400, "BadDigest", "The Content-MD5 you specified did not match what we received."))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The canonical user id of an account: 64 hexadecimal digits, made from the account's id.
fn canonical_id(account: &str) -> String {
    let first = Md5::digest(account.as_bytes());
    format!("{}{}", hex(&first), hex(&Md5::digest(first)))
}

fn ok() -> Reply {
    Reply { status: 200, headers: Vec::new(), body: Vec::new() }
}

fn no_content() -> Reply {
    Reply { status: 204, headers: Vec::new(), body: Vec::new() }
}

fn ok_xml(xml: Xml) -> Reply {
    Reply {
        status: 200,
        headers: vec![("content-type", "application/xml".to_owned())],
        body: xml.finish().into_bytes(),
    }
}

/// A document whose root has S3's namespace.
fn document(root: &str) -> Xml {
    let mut xml = Xml::document();
    xml.open_with(root, &[("xmlns", NAMESPACE)]);
    xml
}

fn time_of(millis: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// As in XML.
fn iso_date(millis: i64) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    time_of(millis).format(format).unwrap_or_default()
}

/// As in the header `Last-Modified`.
fn http_date(millis: i64) -> String {
    let format =
        format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    time_of(millis).format(format).unwrap_or_default()
}
