//! Uploads in parts, as far as they are in the way of what is to be removed: begun, listed, aborted.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>.

use md5::{Digest as _, Md5};
use percent_encoding::utf8_percent_encode;

use super::failure::Failure;
use super::listing::PLAIN;
use super::objects::new_version_id;
use super::state::Upload;
use super::{Answer, Request, bucket, bucket_mut, canonical_id, document, hex, iso_date, no_content, ok, ok_xml};
use crate::world::World;

/// Uploads of one page, and parts of one upload.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>.
const PAGE_MAX: usize = 1_000;
const PARTS_MAX: u32 = 10_000;

pub(super) fn create(world: &mut World, request: &Request<'_>) -> Answer {
    let id = new_version_id(world);
    let initiated = request.now_millis();
    let bucket = bucket_mut(world, request)?;
    bucket.uploads.insert(id.clone(), Upload { key: request.key.clone(), initiated });
    let mut xml = document("InitiateMultipartUploadResult");
    xml.leaf("Bucket", &request.bucket).leaf("Key", &request.key).leaf("UploadId", id);
    Ok(ok_xml(xml))
}

pub(super) fn part(world: &mut World, request: &Request<'_>) -> Answer {
    known(world, request)?;
    let number = request.query("partNumber").unwrap_or_default();
    if !number.parse::<u32>().is_ok_and(|number| (1..=PARTS_MAX).contains(&number)) {
        let message = "Part number must be an integer between 1 and 10000, inclusive";
        return Err(Failure::invalid_argument(message, "partNumber", number));
    }
    let mut reply = ok();
    reply.headers.push(("etag", format!("\"{}\"", hex(&Md5::digest(&request.call.body)))));
    Ok(reply)
}

pub(super) fn abort(world: &mut World, request: &Request<'_>) -> Answer {
    let id = known(world, request)?;
    bucket_mut(world, request)?.uploads.remove(&id);
    Ok(no_content())
}

/// The id of the upload that is meant, if it is one of this key.
fn known(world: &World, request: &Request<'_>) -> Result<String, Failure> {
    let id = request.query("uploadId").unwrap_or_default();
    if bucket(world, request)?.uploads.get(id).is_some_and(|upload| upload.key == request.key) {
        return Ok(id.to_owned());
    }
    let message = "The specified upload does not exist. The upload ID may be invalid, or the upload may have been \
        aborted or completed.";
    Err(Failure::new(404, "NoSuchUpload", message).detail("UploadId", id))
}

/// By key, and of one key by when they were begun.
pub(super) fn list(world: &World, request: &Request<'_>) -> Answer {
    let found = bucket(world, request)?;
    for unknown in ["delimiter", "prefix"] {
        if request.query(unknown).is_some_and(|text| !text.is_empty()) {
            return Err(Failure::not_implemented("a part of the list of uploads"));
        }
    }
    let encoded = request.query("encoding-type") == Some("url");
    let write = |text: &str| if encoded { utf8_percent_encode(text, PLAIN).to_string() } else { text.to_owned() };
    let limit = match request.query("max-uploads") {
        None => PAGE_MAX,
        Some(text) => text.parse::<usize>().map(|n| n.min(PAGE_MAX)).map_err(|_| {
            let message = "Provided max-uploads not an integer or within integer range";
            Failure::invalid_argument(message, "max-uploads", text)
        })?,
    };
    let after =
        (request.query("key-marker").unwrap_or_default(), request.query("upload-id-marker").unwrap_or_default());
    let mut uploads: Vec<(&str, &str, i64)> =
        found.uploads.iter().map(|(id, upload)| (upload.key.as_str(), id.as_str(), upload.initiated)).collect();
    uploads.sort_unstable();
    uploads.retain(|(key, id, _)| if after.1.is_empty() { *key > after.0 } else { (*key, *id) > after });
    let page = uploads.get(..limit.min(uploads.len())).unwrap_or_default();
    let truncated = page.len() < uploads.len();
    let mut xml = document("ListMultipartUploadsResult");
    xml.leaf("Bucket", &request.bucket).leaf("KeyMarker", write(after.0)).leaf("UploadIdMarker", after.1);
    if let Some((key, id, _)) = page.last().filter(|_| truncated) {
        xml.leaf("NextKeyMarker", write(key)).leaf("NextUploadIdMarker", *id);
    }
    xml.leaf_if("EncodingType", encoded.then_some("url"));
    xml.leaf("MaxUploads", limit).leaf("IsTruncated", truncated);
    let owner = canonical_id(&found.owner);
    for (key, id, initiated) in page {
        xml.open("Upload").leaf("Key", write(key)).leaf("UploadId", *id);
        for role in ["Initiator", "Owner"] {
            xml.open(role).leaf("ID", &owner).close();
        }
        xml.leaf("StorageClass", "STANDARD").leaf("Initiated", iso_date(*initiated)).close();
    }
    Ok(ok_xml(xml))
}
