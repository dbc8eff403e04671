//! Objects: written, read, copied, removed, with the conditions of conditional requests.

use std::collections::BTreeMap;
use std::ops::Range;

use md5::{Digest as _, Md5};
use percent_encoding::percent_decode_str;

use super::failure::Failure;
use super::state::{Lock, Version, Versioning};
use super::versions::{Deleted, NULL};
use super::{
    Answer, Request, access, body, bucket, bucket_mut, document, hex, http_date, iso_date, locks, no_such_bucket, ok,
    ok_xml,
};
use crate::call::{NAMED_IN_VALUE, Reply};
use crate::world::World;

/// UTF-8 bytes of a key. Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>.
const KEY_BYTES_MAX: usize = 1_024;

/// Keys of one DeleteObjects. Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>.
const DELETE_KEYS_MAX: usize = 1_000;

/// Headers that are kept with an object and come back with it.
const KEPT_HEADERS: [&str; 6] =
    ["cache-control", "content-disposition", "content-encoding", "content-language", "content-type", "expires"];

/// What a person's own headers of an object begin with.
const METADATA_PREFIX: &str = "x-amz-meta-";

pub(super) fn put(world: &mut World, request: &Request<'_>) -> Answer {
    if request.header("x-amz-tagging").is_some() {
        return Err(Failure::not_implemented("tags of objects"));
    }
    let (reply, _) = write(world, request, request.call.body.clone(), kept_headers(request))?;
    Ok(reply)
}

/// What is kept of the request's headers.
fn kept_headers(request: &Request<'_>) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::new();
    for (name, value) in &request.call.headers {
        let name = name.as_str();
        if let Ok(value) = value.to_str()
            && (KEPT_HEADERS.contains(&name) || name.starts_with(METADATA_PREFIX))
        {
            headers.insert(name.to_owned(), value.to_owned());
        }
    }
    headers.entry("content-type".to_owned()).or_insert_with(|| "binary/octet-stream".to_owned());
    headers
}

/// Writes the object of the request and answers as PutObject does.
fn write(
    world: &mut World,
    request: &Request<'_>,
    body: Vec<u8>,
    headers: BTreeMap<String, String>,
) -> Result<(Reply, Version), Failure> {
    if request.key.len() > KEY_BYTES_MAX {
        return Err(Failure::new(400, "KeyTooLongError", "Your key is too long"));
    }
    let id = new_version_id(world);
    let bucket = bucket_mut(world, request)?;
    check_write_conditions(request, bucket.current(&request.key))?;
    if request.header("x-amz-server-side-encryption-customer-algorithm").is_some() {
        return Err(if bucket.encryption.blocked.iter().any(|kind| kind == "SSE-C") {
            Failure::access_denied()
        } else {
            Failure::not_implemented("encryption with keys of the customer")
        });
    }
    let asked = request.header("x-amz-server-side-encryption");
    let (algorithm, kms_key) = match asked {
        None => (bucket.encryption.algorithm.clone(), bucket.encryption.kms_key.clone()),
        Some(algorithm @ ("AES256" | "aws:kms" | "aws:kms:dsse")) => {
            let key = request.header("x-amz-server-side-encryption-aws-kms-key-id").map(str::to_owned);
            (algorithm.to_owned(), key)
        }
        Some(other) => {
            let message = "The encryption method specified is not supported";
            return Err(Failure::invalid_argument(message, "x-amz-server-side-encryption", other));
        }
    };
    let version = Version {
        id: String::new(),
        modified: request.now_millis(),
        delete_marker: false,
        etag: format!("\"{}\"", hex(&Md5::digest(&body))),
        body,
        headers,
        algorithm,
        kms_key,
        lock: locks::of_new(request, bucket)?,
    };
    let id = bucket.write(&request.key, version.clone(), id);
    let mut reply = ok();
    reply.headers.push(("etag", version.etag.clone()));
    push_encryption(&mut reply, &version);
    if let Some(id) = id {
        reply.headers.push(("x-amz-version-id", id));
    }
    Ok((reply, version))
}

pub(super) fn copy(world: &mut World, request: &Request<'_>) -> Answer {
    let source = request.header("x-amz-copy-source").unwrap_or_default();
    let (path, version_id) = match source.split_once("?versionId=") {
        Some((path, id)) => (path, Some(id)),
        None => (source, None),
    };
    let path = percent_decode_str(path).decode_utf8_lossy().into_owned();
    let Some((name, key)) = path.strip_prefix('/').unwrap_or(&path).split_once('/') else {
        let message = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey";
        return Err(Failure::invalid_argument(message, "x-amz-copy-source", source));
    };
    let from = world.s3.buckets.get(name).ok_or_else(|| no_such_bucket(name))?;
    if !access::may_read(world, from, request, name, key) {
        return Err(Failure::access_denied());
    }
    let found = from.find(key, version_id)?;
    let replaces = request.header("x-amz-metadata-directive") == Some("REPLACE");
    if name == request.bucket && key == request.key && !replaces && version_id.is_none() {
        let message = "This copy request is illegal because it is trying to copy an object to itself without changing \
            the object's metadata, storage class, website redirect location or encryption attributes.";
        return Err(Failure::new(400, "InvalidRequest", message));
    }
    let headers = if replaces { kept_headers(request) } else { found.headers.clone() };
    let body = found.body.clone();
    let (mut reply, version) = write(world, request, body, headers)?;
    let mut xml = document("CopyObjectResult");
    xml.leaf("LastModified", iso_date(version.modified)).leaf("ETag", &version.etag);
    reply.headers.retain(|(name, _)| *name != "etag");
    reply.headers.push(("content-type", "application/xml".to_owned()));
    reply.body = xml.finish().into_bytes();
    Ok(reply)
}

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>.
fn check_write_conditions(request: &Request<'_>, current: Option<&Version>) -> Result<(), Failure> {
    match request.header("if-none-match") {
        None => {}
        Some("*") if current.is_none() => {}
        Some("*") => return Err(precondition_failed("If-None-Match")),
        Some(_) => return Err(Failure::not_implemented("If-None-Match with anything but * on a write")),
    }
    match (request.header("if-match"), current) {
        (None, _) => Ok(()),
        (Some(wanted), Some(version)) if etag_matches(wanted, &version.etag) => Ok(()),
        (Some(_), Some(_)) => Err(precondition_failed("If-Match")),
        (Some(_), None) => {
            Err(Failure::new(404, "NoSuchKey", "The specified key does not exist.").detail("Key", &request.key))
        }
    }
}

fn precondition_failed(condition: &str) -> Failure {
    let message = "At least one of the pre-conditions you specified did not hold";
    Failure::new(412, "PreconditionFailed", message).detail("Condition", condition)
}

/// Whether one of a list of ETags, with or without quotes, is this one.
fn etag_matches(wanted: &str, etag: &str) -> bool {
    wanted == "*" || wanted.split(',').any(|one| one.trim().trim_matches('"') == etag.trim_matches('"'))
}

pub(super) fn get(world: &World, request: &Request<'_>) -> Answer {
    let bucket = bucket(world, request)?;
    let version = bucket.find(&request.key, request.query("versionId"))?;
    if request.header("if-match").is_some_and(|wanted| !etag_matches(wanted, &version.etag)) {
        return Err(precondition_failed("If-Match"));
    }
    if request.header("if-none-match").is_some_and(|wanted| etag_matches(wanted, &version.etag)) {
        return Ok(Reply { status: 304, headers: vec![("etag", version.etag.clone())], body: Vec::new() });
    }
    let mut reply = ok();
    push_object_headers(&mut reply, version, bucket.versioning);
    let whole = version.body.len();
    let range = match request.header("range").map(|text| parse_range(text, whole)) {
        None | Some(Asked::Everything) => None,
        Some(Asked::Part(range)) => Some(range),
        Some(Asked::Nothing) => {
            let failure = Failure::new(416, "InvalidRange", "The requested range is not satisfiable");
            return Err(failure.detail("ActualObjectSize", whole.to_string()));
        }
    };
    let body = match range {
        None => version.body.as_slice(),
        Some(range) => {
            reply.status = 206;
            let last = range.end.saturating_sub(1);
            reply.headers.push(("content-range", format!("bytes {}-{last}/{whole}", range.start)));
            version.body.get(range).unwrap_or_default()
        }
    };
    reply.headers.push(("content-length", body.len().to_string()));
    if request.operation == "GetObject" {
        reply.body = body.to_vec();
    }
    Ok(reply)
}

fn push_object_headers(reply: &mut Reply, version: &Version, versioning: Versioning) {
    reply.headers.push(("etag", version.etag.clone()));
    reply.headers.push(("last-modified", http_date(version.modified)));
    reply.headers.push(("accept-ranges", "bytes".to_owned()));
    push_encryption(reply, version);
    if versioning != Versioning::NeverEnabled || version.id != NULL {
        reply.headers.push(("x-amz-version-id", version.id.clone()));
    }
    for name in KEPT_HEADERS {
        if let Some(value) = version.headers.get(name) {
            reply.headers.push((name, value.clone()));
        }
    }
    for (name, value) in version.headers.iter().filter(|(name, _)| name.starts_with(METADATA_PREFIX)) {
        reply.headers.push((NAMED_IN_VALUE, format!("{name}: {value}")));
    }
}

fn push_encryption(reply: &mut Reply, version: &Version) {
    reply.headers.push(("x-amz-server-side-encryption", version.algorithm.clone()));
    if let Some(key) = &version.kms_key {
        reply.headers.push(("x-amz-server-side-encryption-aws-kms-key-id", key.clone()));
    }
}

/// What a Range header asks for.
enum Asked {
    /// The header is not one S3 understands, which it then ignores.
    Everything,
    Part(Range<usize>),
    /// A range the object does not reach.
    Nothing,
}

fn parse_range(text: &str, whole: usize) -> Asked {
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Asked::Everything;
    };
    let range = match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(whole),
        (Ok(first), Err(_)) if last.is_empty() => first..whole,
        (Err(_), Ok(length)) if first.is_empty() => whole.saturating_sub(length)..whole,
        _ => return Asked::Everything,
    };
    if range.start >= range.end { Asked::Nothing } else { Asked::Part(range) }
}

pub(super) fn delete(world: &mut World, request: &Request<'_>) -> Answer {
    if let Some(wanted) = request.header("if-match") {
        let current = bucket(world, request)?.current(&request.key);
        if !current.is_some_and(|version| etag_matches(wanted, &version.etag)) {
            return Err(precondition_failed("If-Match"));
        }
    }
    let Deleted { version_id, marker } = remove(world, request, &request.key, request.query("versionId"))?;
    let mut reply = super::no_content();
    if let Some(id) = version_id {
        reply.headers.push(("x-amz-version-id", id));
    }
    if marker {
        reply.headers.push(("x-amz-delete-marker", "true".to_owned()));
    }
    Ok(reply)
}

fn remove(world: &mut World, request: &Request<'_>, key: &str, version_id: Option<&str>) -> Result<Deleted, Failure> {
    let id = new_version_id(world);
    let bucket = bucket_mut(world, request)?;
    if let Some(version_id) = version_id {
        locks::check(request, bucket, key, version_id)?;
        return Ok(bucket.delete_version(key, version_id));
    }
    let marker = Version {
        id: String::new(),
        modified: request.now_millis(),
        delete_marker: true,
        etag: String::new(),
        body: Vec::new(),
        headers: BTreeMap::new(),
        algorithm: String::new(),
        kms_key: None,
        lock: Lock::default(),
    };
    Ok(bucket.delete_current(key, marker, id))
}

pub(super) fn delete_many(world: &mut World, request: &Request<'_>) -> Answer {
    let node = body::parse(&request.call.body, "Delete")?;
    node.only(&["Object", "Quiet"])?;
    let quiet = node.flag("Quiet")?.unwrap_or(false);
    let objects: Vec<&body::Node> = node.all("Object").collect();
    if objects.is_empty() || objects.len() > DELETE_KEYS_MAX {
        return Err(Failure::malformed_xml());
    }
    let mut xml = document("DeleteResult");
    for object in objects {
        object.only(&["Key", "VersionId", "ETag", "LastModifiedTime", "Size"])?;
        let key = object.exact_text_of("Key")?.ok_or_else(Failure::malformed_xml)?;
        let asked = object.text_of("VersionId")?;
        let removed =
            access::may_delete(world, request, key, asked.is_some()).and_then(|()| remove(world, request, key, asked));
        let Deleted { version_id, marker } = match removed {
            Ok(deleted) => deleted,
            // What can't be deleted keeps nothing else from it.
            Err(failure) => {
                xml.open("Error").leaf("Key", key).leaf_if("VersionId", asked);
                xml.leaf("Code", failure.code()).leaf("Message", failure.message()).close();
                continue;
            }
        };
        if quiet {
            continue;
        }
        xml.open("Deleted").leaf("Key", key).leaf_if("VersionId", asked);
        if marker {
            xml.leaf("DeleteMarker", true).leaf_if("DeleteMarkerVersionId", version_id);
        }
        xml.close();
    }
    Ok(ok_xml(xml))
}

/// 32 characters, later ones greater; made from the world's counter.
pub(super) fn new_version_id(world: &mut World) -> String {
    let serial = world.next_serial();
    format!("v{serial:015}{}", hex(Md5::digest(serial.to_be_bytes()).get(..8).unwrap_or_default()))
}
