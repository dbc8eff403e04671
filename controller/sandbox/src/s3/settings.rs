//! Versioning, public access block and object ownership of a bucket.

use super::body::{self, Node};
use super::configurations;
use super::failure::Failure;
use super::state::{PublicAccess, Versioning};
use super::{Answer, Request, bucket, bucket_mut, document, no_content, ok, ok_xml};
use crate::world::World;
use crate::xml::Xml;

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html>.
pub(super) const OWNERSHIPS: [&str; 3] = ["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"];

/// A bucket that never had versioning answers an empty document.
pub(super) fn get_versioning(world: &World, request: &Request<'_>) -> Answer {
    let mut xml = document("VersioningConfiguration");
    match bucket(world, request)?.versioning {
        Versioning::NeverEnabled => {}
        Versioning::Enabled => {
            xml.leaf("Status", "Enabled");
        }
        Versioning::Suspended => {
            xml.leaf("Status", "Suspended");
        }
    }
    Ok(ok_xml(xml))
}

pub(super) fn put_versioning(world: &mut World, request: &Request<'_>) -> Answer {
    let node = body::parse(&request.call.body, "VersioningConfiguration")?;
    node.only(&["Status", "MfaDelete", "MFADelete"])?;
    let mfa = node.text_of("MfaDelete")?.or(node.text_of("MFADelete")?);
    match mfa {
        None | Some("Disabled") => {}
        // Only the root user with a device may; the sandbox has neither.
        Some("Enabled") => {
            let message = "Mfa Authentication must be used for this request";
            return Err(Failure::new(403, "AccessDenied", message));
        }
        Some(_) => return Err(Failure::malformed_xml()),
    }
    let status = match node.text_of("Status")? {
        Some("Enabled") => Versioning::Enabled,
        Some("Suspended") => Versioning::Suspended,
        Some(_) => return Err(Failure::malformed_xml()),
        None => {
            let message = "The Versioning element must be specified";
            return Err(Failure::new(400, "IllegalVersioningConfigurationException", message));
        }
    };
    let bucket = bucket_mut(world, request)?;
    if status == Versioning::Suspended {
        configurations::check_suspending(bucket)?;
    }
    bucket.versioning = status;
    Ok(ok())
}

pub(super) fn get_public_access(world: &World, request: &Request<'_>) -> Answer {
    let Some(block) = bucket(world, request)?.public_access else {
        let message = "The public access block configuration was not found";
        let failure = Failure::new(404, "NoSuchPublicAccessBlockConfiguration", message);
        return Err(failure.detail("BucketName", &request.bucket));
    };
    Ok(ok_xml(block_xml(document("PublicAccessBlockConfiguration"), block)))
}

/// The settings, in a document that was begun.
pub(super) fn block_xml(mut xml: Xml, block: PublicAccess) -> Xml {
    let PublicAccess { block_public_acls, ignore_public_acls, block_public_policy, restrict_public_buckets } = block;
    xml.leaf("BlockPublicAcls", block_public_acls).leaf("IgnorePublicAcls", ignore_public_acls);
    xml.leaf("BlockPublicPolicy", block_public_policy).leaf("RestrictPublicBuckets", restrict_public_buckets);
    xml
}

pub(super) fn put_public_access(world: &mut World, request: &Request<'_>) -> Answer {
    let (block, _) = block_of(&request.call.body)?;
    bucket_mut(world, request)?.public_access = Some(block);
    Ok(ok())
}

/// The settings of a body, and how many of them it says.
pub(super) fn block_of(body: &[u8]) -> Result<(PublicAccess, usize), Failure> {
    let node = body::parse(body, "PublicAccessBlockConfiguration")?;
    node.only(&["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"])?;
    // What is not said is false.
    let flag = |name: &str| node.flag(name).map(|flag| flag.unwrap_or(false));
    let block = PublicAccess {
        block_public_acls: flag("BlockPublicAcls")?,
        ignore_public_acls: flag("IgnorePublicAcls")?,
        block_public_policy: flag("BlockPublicPolicy")?,
        restrict_public_buckets: flag("RestrictPublicBuckets")?,
    };
    Ok((block, node.children.len()))
}

pub(super) fn delete_public_access(world: &mut World, request: &Request<'_>) -> Answer {
    bucket_mut(world, request)?.public_access = None;
    Ok(no_content())
}

pub(super) fn get_ownership(world: &World, request: &Request<'_>) -> Answer {
    let Some(ownership) = &bucket(world, request)?.ownership else {
        let message = "The bucket ownership controls were not found";
        let failure = Failure::new(404, "OwnershipControlsNotFoundError", message);
        return Err(failure.detail("BucketName", &request.bucket));
    };
    let mut xml = document("OwnershipControls");
    xml.open("Rule").leaf("ObjectOwnership", ownership);
    Ok(ok_xml(xml))
}

pub(super) fn put_ownership(world: &mut World, request: &Request<'_>) -> Answer {
    let node = body::parse(&request.call.body, "OwnershipControls")?;
    node.only(&["Rule"])?;
    let rule: &Node = node.child("Rule")?.ok_or_else(Failure::malformed_xml)?;
    rule.only(&["ObjectOwnership"])?;
    let ownership = rule.text_of("ObjectOwnership")?.filter(|text| OWNERSHIPS.contains(text));
    let ownership = ownership.ok_or_else(Failure::malformed_xml)?.to_owned();
    bucket_mut(world, request)?.ownership = Some(ownership);
    Ok(ok())
}

pub(super) fn delete_ownership(world: &mut World, request: &Request<'_>) -> Answer {
    bucket_mut(world, request)?.ownership = None;
    Ok(no_content())
}
