//! What S3 refuses in a notification configuration.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html> and
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html>.

use std::collections::BTreeSet;

use super::super::Request;
use super::super::body::Node;
use super::super::failure::Failure;
use super::super::state::Bucket;
use super::{child, invalid_argument, text};
use crate::world::World;

/// What stands before the colon of an event, and what may follow; none: nothing follows.
const EVENTS: [(&str, &[&str]); 11] = [
    ("IntelligentTiering", &[]),
    ("LifecycleExpiration", &["*", "Delete", "DeleteMarkerCreated"]),
    ("LifecycleTransition", &[]),
    ("ObjectAcl", &["Put"]),
    ("ObjectAnnotation", &["*", "Delete", "Put"]),
    ("ObjectCreated", &["*", "CompleteMultipartUpload", "Copy", "Post", "Put"]),
    ("ObjectRemoved", &["*", "Delete", "DeleteMarkerCreated"]),
    ("ObjectRestore", &["*", "Completed", "Delete", "Post"]),
    ("ObjectTagging", &["*", "Delete", "Put"]),
    ("ReducedRedundancyLostObject", &[]),
    (
        "Replication",
        &[
            "*",
            "OperationFailedReplication",
            "OperationMissedThreshold",
            "OperationNotTracked",
            "OperationReplicatedAfterThreshold",
        ],
    ),
];

/// One entry, as far as others must not overlap with it.
struct Entry {
    events: BTreeSet<String>,
    prefix: String,
    suffix: String,
}

pub(super) fn check(_: &World, request: &Request<'_>, bucket: &Bucket, node: &mut Node) -> Result<(), Failure> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut ids = BTreeSet::new();
    let (mut count, region) = (0_usize, bucket.region.clone());
    for one in &node.children {
        let (tag, service) = match one.name.as_str() {
            "TopicConfiguration" => ("Topic", "sns"),
            "QueueConfiguration" => ("Queue", "sqs"),
            "CloudFunctionConfiguration" => ("CloudFunction", "lambda"),
            _ => continue,
        };
        count += 1;
        if let Some(id) = text(one, "Id").filter(|id| !id.is_empty())
            && !ids.insert(id.to_owned())
        {
            return Err(invalid_argument("Configurations must have unique Ids"));
        }
        check_arn(text(one, tag).unwrap_or_default(), service, &region, request)?;
        let entry = read(one)?;
        if entries.iter().any(|other| overlap(&entry, other)) {
            return Err(invalid_argument(
                "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are \
                 overlapping for the same event type.",
            ));
        }
        entries.push(entry);
    }
    if count > 100 {
        return Err(invalid_argument("Number of notification configurations exceeds the limit of 100"));
    }
    Ok(())
}

fn check_arn(arn: &str, service: &str, region: &str, request: &Request<'_>) -> Result<(), Failure> {
    let parts: Vec<&str> = arn.split(':').collect();
    let well_formed = matches!(parts.as_slice(), ["arn", partition, of, _, account, _, ..]
        if partition.starts_with("aws") && *of == service && account.len() == 12);
    if !well_formed {
        let failure = invalid_argument("The ARN is not well formed");
        return Err(failure.detail("ArgumentName", "ARN").detail("ArgumentValue", arn));
    }
    if parts.get(3) != Some(&region) {
        let message = "The notification destination service region is not valid for the bucket location constraint";
        return Err(invalid_argument(message).detail("ArgumentName", region).detail("ArgumentValue", &request.bucket));
    }
    if arn.ends_with(".fifo") {
        let message =
            "Unable to validate the following destination configurations: FIFO destinations are not supported";
        return Err(invalid_argument(message));
    }
    Ok(())
}

fn is_event(event: &str) -> bool {
    let Some(rest) = event.strip_prefix("s3:") else { return false };
    let (front, back) = rest.split_once(':').map_or((rest, None), |(front, back)| (front, Some(back)));
    // The one event of its group.
    if front == "ObjectRetention" {
        return back == Some("Put");
    }
    let known = EVENTS.iter().find(|(name, _)| *name == front);
    known.is_some_and(|(_, ends)| back.map_or(ends.is_empty(), |back| ends.contains(&back)))
}

fn read(one: &Node) -> Result<Entry, Failure> {
    let events: BTreeSet<String> = one.all("Event").map(|event| event.text.trim().to_owned()).collect();
    if let Some(bad) = events.iter().find(|event| !is_event(event)) {
        return Err(invalid_argument(format!("The event '{bad}' is not supported for notifications")));
    }
    let (mut prefix, mut suffix) = (None, None);
    let rules = child(one, &["Filter", "S3Key"]).into_iter().flat_map(|key| key.all("FilterRule"));
    for rule in rules {
        let value = child(rule, &["Value"]).map(|value| value.text.clone()).unwrap_or_default();
        let place = match text(rule, "Name").unwrap_or_default().to_ascii_lowercase().as_str() {
            "prefix" => &mut prefix,
            "suffix" => &mut suffix,
            _ => return Err(invalid_argument("filter rule name must be either prefix or suffix")),
        };
        if place.replace(value).is_some() {
            return Err(invalid_argument("Cannot specify more than one prefix rule in a filter."));
        }
    }
    Ok(Entry { events, prefix: prefix.unwrap_or_default(), suffix: suffix.unwrap_or_default() })
}

fn overlap(one: &Entry, other: &Entry) -> bool {
    let covers = |one: &str, other: &str| one.strip_suffix('*').is_some_and(|front| other.starts_with(front));
    let same = |one: &str, other: &str| one == other || covers(one, other) || covers(other, one);
    one.events.iter().any(|event| other.events.iter().any(|more| same(event, more)))
        && (one.prefix.starts_with(&other.prefix) || other.prefix.starts_with(&one.prefix))
        && (one.suffix.ends_with(&other.suffix) || other.suffix.ends_with(&one.suffix))
}
