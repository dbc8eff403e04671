//! Configurations nobody can set in the sandbox: they read as on a new bucket.

use super::{Answer, Request, bucket, canonical_id, document, ok_xml};
use crate::world::World;

/// The answer, if the operation is one of these.
pub(super) fn get(world: &World, request: &Request<'_>) -> Option<Answer> {
    let one = |root, tag, text: &str| {
        let mut xml = document(root);
        xml.leaf(tag, text);
        Some(Ok(ok_xml(xml)))
    };
    match request.operation {
        "GetBucketAcl" => Some(acl(world, request)),
        "GetBucketAbac" => one("AbacStatus", "Status", "Disabled"),
        // Nobody can begin one here.
        _ => None,
    }
}

fn acl(world: &World, request: &Request<'_>) -> Answer {
    let owner = canonical_id(&bucket(world, request)?.owner);
    let mut xml = document("AccessControlPolicy");
    xml.open("Owner").leaf("ID", &owner).close().open("AccessControlList").open("Grant");
    let kind = [("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"), ("xsi:type", "CanonicalUser")];
    xml.open_with("Grantee", &kind).leaf("ID", &owner).close().leaf("Permission", "FULL_CONTROL");
    Ok(ok_xml(xml))
}
