//! Tags of a bucket.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/CostAllocTagging.html> and
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketTagging.html>.

use std::collections::BTreeSet;

use super::body::{self, Node};
use super::failure::Failure;
use super::{Answer, Request, bucket, bucket_mut, document, no_content, ok_xml};
use crate::world::World;

/// Tags a bucket may have.
const TAGS_MAX: usize = 50;
/// Characters of a key.
const KEY_MAX: usize = 128;
/// Characters of a value.
const VALUE_MAX: usize = 256;

pub(super) fn get(world: &World, request: &Request<'_>) -> Answer {
    let tags = &bucket(world, request)?.tags;
    if tags.is_empty() {
        let message = "The TagSet does not exist";
        return Err(Failure::new(404, "NoSuchTagSet", message).detail("BucketName", &request.bucket));
    }
    let mut xml = document("Tagging");
    xml.open("TagSet");
    for (key, value) in tags {
        xml.open("Tag").leaf("Key", key).leaf("Value", value).close();
    }
    Ok(ok_xml(xml))
}

pub(super) fn put(world: &mut World, request: &Request<'_>) -> Answer {
    let node = body::parse(&request.call.body, "Tagging")?;
    node.only(&["TagSet"])?;
    let set = node.child("TagSet")?.ok_or_else(Failure::malformed_xml)?;
    bucket_mut(world, request)?.tags = read(set)?;
    Ok(no_content())
}

pub(super) fn delete(world: &mut World, request: &Request<'_>) -> Answer {
    bucket_mut(world, request)?.tags.clear();
    Ok(no_content())
}

/// The tags under an element, checked.
pub(super) fn read(set: &Node) -> Result<Vec<(String, String)>, Failure> {
    set.only(&["Tag"])?;
    let mut tags = Vec::new();
    for tag in set.all("Tag") {
        tag.only(&["Key", "Value"])?;
        let key = tag.exact_text_of("Key")?.ok_or_else(Failure::malformed_xml)?;
        let value = tag.exact_text_of("Value")?.ok_or_else(Failure::malformed_xml)?;
        check(key, value)?;
        tags.push((key.to_owned(), value.to_owned()));
    }
    if tags.len() > TAGS_MAX {
        return Err(Failure::new(400, "BadRequest", format!("Bucket tag count cannot be greater than {TAGS_MAX}")));
    }
    let keys: BTreeSet<&str> = tags.iter().map(|(key, _)| key.as_str()).collect();
    if keys.len() < tags.len() {
        return Err(Failure::new(400, "InvalidTag", "Cannot provide multiple Tags with the same key"));
    }
    Ok(tags)
}

fn check(key: &str, value: &str) -> Result<(), Failure> {
    let allowed = |c: char| c.is_alphanumeric() || c == ' ' || "+-=._:/@".contains(c);
    if key.to_ascii_lowercase().starts_with("aws:") {
        return Err(Failure::new(400, "InvalidTag", "System tags cannot be added/updated by requester"));
    }
    if key.is_empty() || key.chars().count() > KEY_MAX || !key.chars().all(allowed) {
        let message = "The TagKey you have provided is invalid";
        return Err(Failure::new(400, "InvalidTag", message).detail("TagKey", key));
    }
    if value.chars().count() > VALUE_MAX || !value.chars().all(allowed) {
        let message = "The TagValue you have provided is invalid";
        return Err(Failure::new(400, "InvalidTag", message).detail("TagKey", key).detail("TagValue", value));
    }
    Ok(())
}
