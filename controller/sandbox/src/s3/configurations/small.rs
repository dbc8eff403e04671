//! What S3 refuses in the smaller configurations, each as its own page says it.

use std::collections::BTreeSet;

use super::super::Request;
use super::super::body::Node;
use super::super::failure::Failure;
use super::super::state::Bucket;
use super::{child, invalid_argument, invalid_request, needs_versioning, number, text};
use crate::world::World;

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html>.
pub(super) fn cors(_: &World, _: &Request<'_>, _: &Bucket, node: &mut Node) -> Result<(), Failure> {
    if node.all("CORSRule").count() > 100 {
        let message = "The number of CORS rules should not exceed allowed limit of 100 rules.";
        return Err(invalid_request(message));
    }
    let mut ids = BTreeSet::new();
    for rule in node.all("CORSRule") {
        if let Some(id) = text(rule, "ID").filter(|id| !id.is_empty()) {
            if id.chars().count() > 255 {
                return Err(invalid_request("The ID of a CORS rule must not have more than 255 characters."));
            }
            if !ids.insert(id) {
                return Err(invalid_request("The IDs of CORS rules must be unique."));
            }
        }
        for method in rule.all("AllowedMethod").map(|method| method.text.trim()) {
            if !["GET", "PUT", "HEAD", "POST", "DELETE"].contains(&method) {
                return Err(invalid_request(format!(
                    "Found unsupported HTTP method in CORS config. Unsupported method is {method}"
                )));
            }
        }
        for name in ["AllowedOrigin", "AllowedHeader"] {
            if let Some(bad) = rule.all(name).find(|node| node.text.matches('*').count() > 1) {
                let text = bad.text.trim();
                return Err(invalid_request(format!("{name} \"{text}\" can not have more than one wildcard.")));
            }
        }
        if let Some(bad) = rule.all("ExposeHeader").find(|node| node.text.contains('*')) {
            let text = bad.text.trim();
            return Err(invalid_request(format!(
                "ExposeHeader \"{text}\" contains wildcard. We currently do not support wildcard for ExposeHeader."
            )));
        }
    }
    Ok(())
}

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html>.
pub(super) fn logging(world: &World, request: &Request<'_>, bucket: &Bucket, node: &mut Node) -> Result<(), Failure> {
    let Some(enabled) = child(node, &["LoggingEnabled"]) else { return Ok(()) };
    let name = text(enabled, "TargetBucket").unwrap_or_default();
    let refused =
        |message: &str| Failure::new(400, "InvalidTargetBucketForLogging", message).detail("TargetBucket", name);
    let target = world.s3.buckets.get(name);
    let target = target.ok_or_else(|| refused("The target bucket for logging does not exist"))?;
    if target.owner != bucket.owner {
        return Err(refused("The owner for the bucket to be logged and the target bucket must be the same."));
    }
    if target.region != bucket.region {
        let failure = Failure::new(403, "CrossLocationLoggingProhibitted", "Cross S3 location logging not allowed.");
        return Err(failure.detail("SourceBucketLocation", &request.call.region));
    }
    let format = child(enabled, &["TargetObjectKeyFormat"]);
    if format.is_some_and(|format| format.children.len() != 1) {
        return Err(Failure::malformed_xml());
    }
    let Some(grants) = child(enabled, &["TargetGrants"]).filter(|grants| !grants.children.is_empty()) else {
        return Ok(());
    };
    if target.ownership.as_deref() == Some("BucketOwnerEnforced") {
        let message = "The target bucket has BucketOwnerEnforced, so that target grants are not supported.";
        return Err(invalid_argument(message));
    }
    grants.children.iter().filter_map(|grant| child(grant, &["Grantee"])).try_for_each(grantee)
}

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLogging.html>, grantee values, and
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#specifying-grantee-predefined-groups>.
fn grantee(grantee: &Node) -> Result<(), Failure> {
    if text(grantee, "EmailAddress").is_some() {
        // Since October 2025.
        let message = "The specified method is not allowed against this resource.";
        return Err(Failure::new(405, "MethodNotAllowed", message));
    }
    let groups = ["global/AuthenticatedUsers", "global/AllUsers", "s3/LogDelivery"];
    match (text(grantee, "ID"), text(grantee, "URI")) {
        (Some(id), None) if id.chars().all(|c| c.is_ascii_hexdigit()) && !id.is_empty() => Ok(()),
        (Some(_), None) => Err(invalid_argument("Invalid id")),
        (None, Some(uri)) => {
            let group = uri.strip_prefix("http://acs.amazonaws.com/groups/");
            let is_known = group.is_some_and(|group| groups.contains(&group));
            if is_known { Ok(()) } else { Err(invalid_argument("Invalid group uri")) }
        }
        (Some(_), Some(_)) | (None, None) => Err(Failure::malformed_xml()),
    }
}

/// Object Lock can be turned on for a bucket that exists, and its retention changed at any time.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-configure.html> and
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DefaultRetention.html>.
pub(super) fn object_lock(_: &World, _: &Request<'_>, bucket: &Bucket, node: &mut Node) -> Result<(), Failure> {
    needs_versioning(bucket, || {
        let message = "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration";
        Failure::new(409, "InvalidBucketState", message)
    })?;
    let Some(retention) = child(node, &["Rule", "DefaultRetention"]) else { return Ok(()) };
    period(retention, "Default retention period")?;
    child(retention, &["DefaultEventHold"]).map_or(Ok(()), |hold| period(hold, "Default event hold"))
}

/// The retention that a bucket gives new objects: its mode, and for how many days.
pub(in crate::s3) fn default_retention(bucket: &Bucket) -> Option<(String, i64)> {
    let retention = child(bucket.configurations.get("object-lock")?, &["Rule", "DefaultRetention"])?;
    let days =
        number(retention, "Days").or_else(|| number(retention, "Years").map(|years| years.saturating_mul(365)))?;
    Some((text(retention, "Mode")?.to_owned(), days))
}

fn period(node: &Node, what: &str) -> Result<(), Failure> {
    let (length, most) = match (number(node, "Days"), number(node, "Years")) {
        (Some(days), None) => (days, 36_500),
        (None, Some(years)) => (years, 100),
        (Some(_), Some(_)) | (None, None) => return Err(Failure::malformed_xml()),
    };
    if length < 1 {
        return Err(invalid_argument(format!("{what} must be a positive integer value.")));
    }
    if length > most {
        return Err(invalid_argument(format!("{what} too large")));
    }
    Ok(())
}

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketWebsite.html>.
pub(super) fn website(_: &World, _: &Request<'_>, _: &Bucket, node: &mut Node) -> Result<(), Failure> {
    if child(node, &["RedirectAllRequestsTo"]).is_some() {
        if node.children.len() > 1 {
            let message = "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.";
            return Err(invalid_request(message));
        }
        return Ok(());
    }
    let Some(suffix) = child(node, &["IndexDocument", "Suffix"]) else {
        let message = "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty";
        return Err(invalid_argument(message).detail("ArgumentName", "IndexDocument"));
    };
    if suffix.text.trim().is_empty() || suffix.text.contains('/') {
        return Err(invalid_argument("The IndexDocument Suffix is not well formed"));
    }
    let rules: Vec<&Node> =
        child(node, &["RoutingRules"]).into_iter().flat_map(|rules| rules.all("RoutingRule")).collect();
    if rules.len() > 50 {
        return Err(invalid_request("The number of routing rules must not exceed the allowed limit of 50 rules."));
    }
    for rule in rules {
        let Some(redirect) = child(rule, &["Redirect"]) else { return Err(Failure::malformed_xml()) };
        if redirect.children.is_empty() {
            return Err(invalid_request("A redirect must have at least one element."));
        }
        if text(redirect, "ReplaceKeyPrefixWith").is_some() && text(redirect, "ReplaceKeyWith").is_some() {
            return Err(invalid_request("You can only define ReplaceKeyPrefix or ReplaceKey but not both."));
        }
        if let Some(code) = text(redirect, "HttpRedirectCode")
            && !code.parse::<u16>().is_ok_and(|code| (301..=399).contains(&code))
        {
            return Err(invalid_request(format!(
                "The provided HTTP redirect code ({code}) is not valid. Valid codes are 3XX except 300."
            )));
        }
        let error = child(rule, &["Condition", "HttpErrorCodeReturnedEquals"]).map(|code| code.text.trim());
        if let Some(code) = error
            && !code.parse::<u16>().is_ok_and(|code| (400..=599).contains(&code))
        {
            return Err(invalid_request(format!(
                "The provided HTTP error code ({code}) is not valid. Valid codes are 4XX or 5XX."
            )));
        }
    }
    Ok(())
}

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/transfer-acceleration.html>.
pub(super) fn accelerate(_: &World, request: &Request<'_>, _: &Bucket, _: &mut Node) -> Result<(), Failure> {
    if request.bucket.contains('.') {
        let message = "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names";
        return Err(invalid_request(message));
    }
    Ok(())
}

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Tiering.html>.
pub(super) fn intelligent_tiering(_: &World, _: &Request<'_>, _: &Bucket, node: &mut Node) -> Result<(), Failure> {
    let filter = child(node, &["Filter"]);
    let and = child(node, &["Filter", "And"]);
    if filter.is_some_and(|filter| filter.children.len() > 1) || and.is_some_and(|and| and.children.len() < 2) {
        return Err(Failure::malformed_xml());
    }
    let mut days = [None, None];
    for tiering in node.all("Tiering") {
        let deep = text(tiering, "AccessTier") == Some("DEEP_ARCHIVE_ACCESS");
        let length = number(tiering, "Days").unwrap_or_default();
        let least = if deep { 180 } else { 90 };
        if !(least..=730).contains(&length) {
            return Err(invalid_argument(format!("'Days' of the tier must be between {least} and 730")));
        }
        if let Some(place) = days.get_mut(usize::from(deep))
            && place.replace(length).is_some()
        {
            return Err(invalid_argument("An access tier must not be named twice"));
        }
    }
    if let [Some(archive), Some(deep)] = days
        && deep <= archive
    {
        return Err(invalid_argument("'Days' of DEEP_ARCHIVE_ACCESS must be greater than 'Days' of ARCHIVE_ACCESS"));
    }
    Ok(())
}

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketInventoryConfiguration.html>.
pub(super) fn inventory(world: &World, _: &Request<'_>, bucket: &Bucket, node: &mut Node) -> Result<(), Failure> {
    let Some(to) = child(node, &["Destination", "S3BucketDestination"]) else { return Err(Failure::malformed_xml()) };
    let arn = text(to, "Bucket").unwrap_or_default();
    let refused = || Failure::new(400, "InvalidS3DestinationBucket", "The inventory destination bucket is invalid.");
    let found = arn.strip_prefix("arn:aws:s3:::").and_then(|name| world.s3.buckets.get(name)).ok_or_else(refused)?;
    let owned = text(to, "AccountId").is_none_or(|account| account == found.owner);
    if found.region != bucket.region || !owned {
        return Err(refused());
    }
    if child(to, &["Encryption"]).is_some_and(|encryption| encryption.children.len() != 1) {
        return Err(Failure::malformed_xml());
    }
    let fields: Vec<&str> = child(node, &["OptionalFields"])
        .into_iter()
        .flat_map(|all| all.all("Field"))
        .map(|one| one.text.trim())
        .collect();
    if fields.iter().collect::<BTreeSet<_>>().len() < fields.len() {
        return Err(Failure::malformed_xml());
    }
    Ok(())
}
