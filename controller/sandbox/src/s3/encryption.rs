//! Default encryption of a bucket.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketEncryption.html>.

use super::body::{self, Node};
use super::failure::Failure;
use super::state::Encryption;
use super::{Answer, Request, bucket, bucket_mut, document, no_content, ok, ok_xml};
use crate::world::World;

pub(super) fn get(world: &World, request: &Request<'_>) -> Answer {
    let Encryption { algorithm, kms_key, bucket_key, blocked } = &bucket(world, request)?.encryption;
    let mut xml = document("ServerSideEncryptionConfiguration");
    xml.open("Rule").open("ApplyServerSideEncryptionByDefault");
    xml.leaf("SSEAlgorithm", algorithm).leaf_if("KMSMasterKeyID", kms_key.as_ref()).close();
    xml.leaf("BucketKeyEnabled", bucket_key);
    if !blocked.is_empty() {
        xml.open("BlockedEncryptionTypes");
        for kind in blocked {
            xml.leaf("EncryptionType", kind);
        }
        xml.close();
    }
    Ok(ok_xml(xml))
}

pub(super) fn put(world: &mut World, request: &Request<'_>) -> Answer {
    let node = body::parse(&request.call.body, "ServerSideEncryptionConfiguration")?;
    node.only(&["Rule"])?;
    let rule = node.child("Rule")?.ok_or_else(Failure::malformed_xml)?;
    rule.only(&["ApplyServerSideEncryptionByDefault", "BucketKeyEnabled", "BlockedEncryptionTypes"])?;
    let bucket = bucket_mut(world, request)?;
    let blocked = match rule.child("BlockedEncryptionTypes")? {
        Some(node) => read_blocked(node)?,
        None => bucket.encryption.blocked.clone(),
    };
    let (algorithm, kms_key) = match rule.child("ApplyServerSideEncryptionByDefault")? {
        Some(node) => read_default(node)?,
        None => ("AES256".to_owned(), None),
    };
    let bucket_key = rule.flag("BucketKeyEnabled")?.unwrap_or(false);
    if bucket_key && algorithm == "aws:kms:dsse" {
        let message =
            "S3 Bucket Keys are not supported with dual-layer server-side encryption with AWS KMS keys (DSSE-KMS)";
        return Err(Failure::invalid_argument(message, "BucketKeyEnabled", "true"));
    }
    bucket.encryption = Encryption { algorithm, kms_key, bucket_key, blocked };
    Ok(ok())
}

/// Resets the algorithm; what is blocked stays blocked.
pub(super) fn delete(world: &mut World, request: &Request<'_>) -> Answer {
    let bucket = bucket_mut(world, request)?;
    let blocked = std::mem::take(&mut bucket.encryption.blocked);
    bucket.encryption = Encryption { blocked, ..Encryption::of_new_bucket(&bucket.region) };
    Ok(no_content())
}

/// S3 does not look whether the key exists; writing an object would show it.
fn read_default(node: &Node) -> Result<(String, Option<String>), Failure> {
    node.only(&["SSEAlgorithm", "KMSMasterKeyID"])?;
    let algorithm = node.text_of("SSEAlgorithm")?.ok_or_else(Failure::malformed_xml)?;
    if !["AES256", "aws:kms", "aws:kms:dsse"].contains(&algorithm) {
        return Err(Failure::malformed_xml());
    }
    let key = node.text_of("KMSMasterKeyID")?.filter(|key| !key.is_empty());
    if let (Some(key), "AES256") = (key, algorithm) {
        let message = "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse";
        return Err(Failure::invalid_argument(message, "ApplyServerSideEncryptionByDefault", key));
    }
    Ok((algorithm.to_owned(), key.map(str::to_owned)))
}

fn read_blocked(node: &Node) -> Result<Vec<String>, Failure> {
    node.only(&["EncryptionType"])?;
    let kinds: Vec<String> = node.all("EncryptionType").map(|kind| kind.text.trim().to_owned()).collect();
    let known = kinds.iter().all(|kind| ["SSE-C", "NONE"].contains(&kind.as_str()));
    if kinds.len() == 1 && known { Ok(kinds) } else { Err(Failure::malformed_xml()) }
}
