//! What S3 refuses in a lifecycle.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html> and
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-filters.html>.

use std::collections::BTreeSet;

use time::macros::format_description;
use time::{Date, OffsetDateTime, Time};

use super::super::Request;
use super::super::body::Node;
use super::super::failure::Failure;
use super::super::state::Bucket;
use super::{child, invalid_argument, invalid_request, number, text};
use crate::world::World;

const RULES_MAX: usize = 1_000;

pub(super) fn check(_: &World, _: &Request<'_>, _: &Bucket, node: &mut Node) -> Result<(), Failure> {
    if node.children.len() > RULES_MAX {
        return Err(Failure::malformed_xml());
    }
    let mut ids = BTreeSet::new();
    for rule in node.all("Rule") {
        check_rule(rule)?;
        if let Some(id) = text(rule, "ID").filter(|id| !id.is_empty()) {
            if id.chars().count() > 255 {
                return Err(invalid_argument("ID length should not exceed allowed limit of 255"));
            }
            if !ids.insert(id) {
                let message = "Rule ID must be unique. Found same ID for more than one rule";
                return Err(invalid_argument(message));
            }
        }
    }
    write_dates_in_full(node);
    Ok(())
}

fn check_rule(rule: &Node) -> Result<(), Failure> {
    let has = |name: &str| rule.all(name).next().is_some();
    // Exactly one of the two forms.
    if has("Prefix") == has("Filter") {
        return Err(Failure::malformed_xml());
    }
    let actions = [
        "Transition",
        "Expiration",
        "NoncurrentVersionTransition",
        "NoncurrentVersionExpiration",
        "AbortIncompleteMultipartUpload",
    ];
    if !actions.iter().any(|action| has(action)) {
        return Err(invalid_request("At least one action needs to be specified in a rule"));
    }
    check_filter(rule)?;
    check_times(rule)?;
    check_noncurrent(rule)?;
    if number(child(rule, &["AbortIncompleteMultipartUpload"]).unwrap_or(rule), "DaysAfterInitiation")
        .is_some_and(|days| days < 1)
    {
        return Err(invalid_argument(
            "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer",
        ));
    }
    Ok(())
}

fn check_filter(rule: &Node) -> Result<(), Failure> {
    let Some(filter) = child(rule, &["Filter"]) else { return Ok(()) };
    if filter.children.len() > 1 {
        return Err(Failure::malformed_xml());
    }
    let inner = match child(filter, &["And"]) {
        Some(and) if and.children.len() < 2 => return Err(Failure::malformed_xml()),
        Some(and) => and,
        None => filter,
    };
    let keys: Vec<&str> = inner.all("Tag").filter_map(|tag| text(tag, "Key")).collect();
    if keys.iter().collect::<BTreeSet<_>>().len() < keys.len() {
        return Err(invalid_request("Duplicate Tag Keys are not allowed."));
    }
    let (larger, smaller) = (number(inner, "ObjectSizeGreaterThan"), number(inner, "ObjectSizeLessThan"));
    if let (Some(larger), Some(smaller)) = (larger, smaller)
        && larger >= smaller
    {
        let message = "'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.";
        return Err(invalid_request(message));
    }
    let marker =
        child(rule, &["Expiration", "ExpiredObjectDeleteMarker"]).is_some_and(|flag| flag.text.trim() == "true");
    for (there, what) in [
        (marker, "ExpiredObjectDeleteMarker"),
        (child(rule, &["AbortIncompleteMultipartUpload"]).is_some(), "AbortIncompleteMultipartUpload"),
    ] {
        if there && !keys.is_empty() {
            return Err(invalid_request(format!("{what} cannot be specified with Tags.")));
        }
        if there && (larger.is_some() || smaller.is_some()) {
            return Err(invalid_request(format!("{what} cannot be specified with object size filters.")));
        }
    }
    Ok(())
}

/// A time of an action: days, or a moment.
enum When {
    Days(i64),
    At(OffsetDateTime),
}

fn when(action: &Node) -> Option<When> {
    let moment = || text(action, "Date").and_then(moment).map(When::At);
    number(action, "Days").map(When::Days).or_else(moment)
}

fn check_times(rule: &Node) -> Result<(), Failure> {
    let expiration = child(rule, &["Expiration"]);
    if expiration.is_some_and(|expiration| expiration.children.len() != 1) {
        return Err(Failure::malformed_xml());
    }
    let end = expiration.and_then(when);
    if matches!(end, Some(When::Days(days)) if days < 1) {
        return Err(invalid_argument("'Days' for Expiration action must be a positive integer"));
    }
    let mut classes = BTreeSet::new();
    let mut times = Vec::new();
    for step in rule.all("Transition") {
        let class = text(step, "StorageClass").unwrap_or_default();
        let both = step.all("Date").count() + step.all("Days").count();
        let Some(at) = when(step).filter(|_| both == 1) else { return Err(Failure::malformed_xml()) };
        if !classes.insert(class) {
            let message = "'StorageClass' must be different for 'Transition' actions in same 'Rule'";
            return Err(invalid_request(message));
        }
        check_days(&at, class, "Transition")?;
        times.push((rank(class), at));
    }
    let all = times.iter().map(|(_, at)| at).chain(&end);
    let (dated, counted): (Vec<&When>, Vec<&When>) = all.partition(|at| matches!(at, When::At(_)));
    if !dated.is_empty() && !counted.is_empty() {
        let message = "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule";
        return Err(invalid_request(message));
    }
    if dated.iter().any(|at| matches!(at, When::At(moment) if moment.time() != Time::MIDNIGHT)) {
        return Err(invalid_argument("'Date' must be at midnight GMT"));
    }
    check_order(times, end)
}

fn check_days(at: &When, class: &str, action: &str) -> Result<(), Failure> {
    let When::Days(days) = at else { return Ok(()) };
    if *days < 0 {
        return Err(invalid_argument(format!("'Days' in {action} action must be nonnegative")));
    }
    if ["STANDARD_IA", "ONEZONE_IA"].contains(&class) && *days < 30 {
        return Err(invalid_argument(format!(
            "'Days' in {action} action must be greater than or equal to 30 for storageClass '{class}'"
        )));
    }
    Ok(())
}

/// The lower storage classes have the higher ranks; objects only move down.
fn rank(class: &str) -> usize {
    let order = ["STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"];
    order.iter().position(|one| *one == class).unwrap_or(order.len())
}

fn is_before(one: &When, other: &When) -> bool {
    match (one, other) {
        (When::Days(one), When::Days(other)) => one < other,
        (When::At(one), When::At(other)) => one < other,
        (When::Days(_), When::At(_)) | (When::At(_), When::Days(_)) => true,
    }
}

fn check_order(mut times: Vec<(usize, When)>, end: Option<When>) -> Result<(), Failure> {
    times.sort_by_key(|(rank, _)| *rank);
    if times.windows(2).any(|pair| matches!(pair, [(_, one), (_, other)] if !is_before(one, other))) {
        let message = "'Days' in the Transition action must be greater for a lower storage class than for a higher one";
        return Err(invalid_argument(message));
    }
    if let Some(end) = end
        && times.iter().any(|(_, at)| !is_before(at, &end))
    {
        let message = "'Days' in the Expiration action must be greater than 'Days' in the Transition action";
        return Err(invalid_argument(message));
    }
    Ok(())
}

fn check_noncurrent(rule: &Node) -> Result<(), Failure> {
    let mut times = Vec::new();
    let expiration = child(rule, &["NoncurrentVersionExpiration"]);
    for action in rule.all("NoncurrentVersionTransition").chain(expiration) {
        if number(action, "NewerNoncurrentVersions").is_some_and(|count| !(1..=100).contains(&count)) {
            let message = "'NewerNoncurrentVersions' must be a positive integer of at most 100";
            return Err(invalid_argument(message));
        }
    }
    for step in rule.all("NoncurrentVersionTransition") {
        let class = text(step, "StorageClass").unwrap_or_default();
        let at = When::Days(number(step, "NoncurrentDays").unwrap_or_default());
        check_days(&at, class, "NoncurrentVersionTransition")?;
        times.push((rank(class), at));
    }
    let end = expiration.and_then(|expiration| number(expiration, "NoncurrentDays")).map(When::Days);
    if matches!(end, Some(When::Days(days)) if days < 1) {
        let message = "'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer";
        return Err(invalid_argument(message));
    }
    check_order(times, end)
}

/// A moment in ISO 8601, or a day at its midnight.
pub(super) fn moment(text: &str) -> Option<OffsetDateTime> {
    let day = format_description!("[year]-[month]-[day]");
    if let Ok(day) = Date::parse(text, day) {
        return Some(day.midnight().assume_utc());
    }
    OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).ok()
}

fn write_dates_in_full(node: &mut Node) {
    if node.name == "Date"
        && let Some(moment) = moment(node.text.trim())
    {
        let millis = i64::try_from(moment.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
        node.text = super::super::iso_date(millis);
    }
    node.children.iter_mut().for_each(write_dates_in_full);
}
