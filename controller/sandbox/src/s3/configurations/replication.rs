//! What S3 refuses in a replication configuration.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-add-config.html> and
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ReplicationErrorCodeList>.

use std::collections::BTreeSet;

use super::super::Request;
use super::super::body::Node;
use super::super::failure::Failure;
use super::super::state::{Bucket, Versioning};
use super::{child, invalid_argument, invalid_request, needs_versioning, number, text};
use crate::world::World;

const RULES_MAX: usize = 1_000;

pub(super) fn check(world: &World, request: &Request<'_>, bucket: &Bucket, node: &mut Node) -> Result<(), Failure> {
    needs_versioning(bucket, || {
        invalid_request("Versioning must be 'Enabled' on the bucket to apply a replication configuration")
    })?;
    let role = text(node, "Role").unwrap_or_default();
    if !(role.starts_with("arn:") && role.contains(":iam::") && role.contains(":role/")) {
        let failure = invalid_argument("Invalid Role specified in replication configuration");
        return Err(failure.detail("ArgumentName", "Role").detail("ArgumentValue", role));
    }
    if node.all("Rule").count() > RULES_MAX {
        return Err(invalid_request(
            "The number of replication rules must not exceed the allowed limit of 1000 rules.",
        ));
    }
    let (mut ids, mut priorities) = (BTreeSet::new(), BTreeSet::new());
    for rule in node.all("Rule") {
        check_form(rule)?;
        check_destination(world, request, rule)?;
        if let Some(id) = text(rule, "ID").filter(|id| !id.is_empty()) {
            if id.chars().count() > 255 {
                return Err(invalid_argument("ID length should not exceed allowed limit of 255"));
            }
            if !ids.insert(id) {
                return Err(invalid_argument("Rule Id must be unique"));
            }
        }
        if let Some(priority) = number(rule, "Priority") {
            if priority < 0 {
                return Err(invalid_argument("Priority must be a nonnegative integer"));
            }
            if !priorities.insert(priority) {
                return Err(invalid_request(format!("Found duplicate priority values for rules: {priority}")));
            }
        }
    }
    Ok(())
}

/// The second form has a filter, and then a priority and a word on delete markers.
fn check_form(rule: &Node) -> Result<(), Failure> {
    let has = |name: &str| rule.all(name).next().is_some();
    let Some(filter) = child(rule, &["Filter"]) else {
        return if has("Prefix") && !has("Priority") && !has("DeleteMarkerReplication") {
            Ok(())
        } else {
            Err(Failure::malformed_xml())
        };
    };
    if has("Prefix") || filter.children.len() > 1 {
        return Err(Failure::malformed_xml());
    }
    if !has("DeleteMarkerReplication") {
        return Err(invalid_request(
            "DeleteMarkerReplication must be specified for this version of Cross Region Replication configuration schema. \
             Please refer to S3 Developer Guide for more information.",
        ));
    }
    if !has("Priority") {
        return Err(invalid_request(
            "Priority must be specified for this version of Cross Region Replication configuration schema. Please refer to \
             S3 Developer Guide for more information.",
        ));
    }
    let and = child(filter, &["And"]);
    if and.is_some_and(|and| and.children.len() < 2) {
        return Err(Failure::malformed_xml());
    }
    let tagged = filter.all("Tag").next().is_some() || and.is_some_and(|and| and.all("Tag").next().is_some());
    if tagged && on(rule, &["DeleteMarkerReplication", "Status"]) {
        return Err(invalid_request(
            "Delete marker replication is not supported if any Tag filter is specified. Please refer to S3 Developer Guide \
             for more information.",
        ));
    }
    Ok(())
}

fn on(rule: &Node, way: &[&str]) -> bool {
    child(rule, way).is_some_and(|status| status.text.trim() == "Enabled")
}

fn check_destination(world: &World, request: &Request<'_>, rule: &Node) -> Result<(), Failure> {
    let Some(to) = child(rule, &["Destination"]) else { return Err(Failure::malformed_xml()) };
    let arn = text(to, "Bucket").unwrap_or_default();
    let name = arn.strip_prefix("arn:aws:s3:::").ok_or_else(|| invalid_argument("Invalid bucket ARN."))?;
    if name == request.bucket {
        return Err(invalid_request("Destination bucket cannot be the same as the source bucket."));
    }
    let found = world.s3.buckets.get(name).ok_or_else(|| invalid_request("Destination bucket must exist."))?;
    if found.versioning != Versioning::Enabled {
        return Err(invalid_request("Destination bucket must have versioning enabled."));
    }
    let account = text(to, "Account");
    if account.is_some_and(|account| account != found.owner) {
        return Err(invalid_request("The destination bucket is not owned by the account specified."));
    }
    if child(to, &["AccessControlTranslation"]).is_some() && account.is_none() {
        return Err(invalid_request("Account must be specified if AccessControlTranslation is specified."));
    }
    let key = child(to, &["EncryptionConfiguration", "ReplicaKmsKeyID"]).is_some();
    let encrypted = on(rule, &["SourceSelectionCriteria", "SseKmsEncryptedObjects", "Status"]);
    if encrypted && !key {
        return Err(invalid_request(
            "EncryptionConfiguration must be specified if SseKmsEncryptedObjects tag is present",
        ));
    }
    if key && !encrypted {
        return Err(invalid_request("SseKmsEncryptedObjects must be specified if EncryptionConfiguration is present"));
    }
    check_time(to)
}

/// Fifteen minutes are the only time there is, and what is timed is measured.
fn check_time(to: &Node) -> Result<(), Failure> {
    for way in [["ReplicationTime", "Time"], ["Metrics", "EventThreshold"]] {
        if child(to, &way).and_then(|time| number(time, "Minutes")).is_some_and(|minutes| minutes != 15) {
            return Err(invalid_request("The Minutes value of Replication Time Control must be 15"));
        }
    }
    let timed = on(to, &["ReplicationTime", "Status"]);
    let measured = on(to, &["Metrics", "Status"]) && child(to, &["Metrics", "EventThreshold"]).is_some();
    if timed && !measured {
        return Err(invalid_request("Metrics must be enabled with an EventThreshold if ReplicationTime is enabled"));
    }
    Ok(())
}
