//! What S3 refuses in a replication, said before any call.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-add-config.html> and
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ReplicationErrorCodeList>.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::resolve::Resolver;
use trueup_specs::span::Span;

use super::{DestinationSpec, RuleSpec, on};
use crate::bucket::parts::{Placed, Status};

/// Rules of one replication. <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketReplication.html>
const RULES_MAX: usize = 1_000;

const PAGE: &str = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-add-config.html";

/// Tells what is wrong with all of it.
pub(super) fn whole(rules: &IndexMap<String, Placed<RuleSpec>>, span: Span, versioned: bool, cx: &mut Resolver<'_>) {
    if !versioned {
        let problem = Diagnostic::error("replication needs versioning").at(span, "");
        cx.problem(problem.help("add versioning = \"enabled\""));
    }
    if rules.is_empty() {
        let problem = Diagnostic::error("a replication needs a rule").at(span, "");
        cx.problem(problem.help("leave `replication` out for none, or add `[….replication.rules.NAME]`"));
    }
    if rules.len() > RULES_MAX {
        let over = format!("{} rules, {} too many", rules.len(), rules.len() - RULES_MAX);
        cx.problem(Diagnostic::error("the replication has too many rules").at(span, over));
    }
    let mut priorities = BTreeMap::new();
    for (id, Placed { value, span }) in rules {
        let priority = value.priority.map_or(0, |priority| priority.get());
        if let Some((first, at)) = priorities.insert(priority, (id, *span)) {
            let problem = Diagnostic::error(format!("the replication rules `{first}` and `{id}` have one priority"));
            let problem = problem.at(*span, format!("{priority}")).also(at, "the other");
            cx.problem(problem.help("give each rule a `priority` of its own").note(format!("what S3 takes: {PAGE}")));
        }
    }
}

/// Tells that S3 would refuse a rule.
pub(super) fn refuse(id: &str, span: Span, why: String, help: &str, cx: &mut Resolver<'_>) {
    let problem = Diagnostic::error(format!("S3 refuses the replication rule `{id}`: {why}")).at(span, "");
    cx.problem(problem.help(help).note(format!("what S3 takes: {PAGE}")));
}

/// Tells what is wrong with one rule.
pub(super) fn rule(id: &str, rule: &Placed<RuleSpec>, cx: &mut Resolver<'_>) {
    let Placed { value: spec, span } = rule;
    let length = id.chars().count();
    if id.is_empty() || length > 255 {
        refuse(id, *span, format!("its id has {length} characters, and must have 1 to 255"), "shorten it", cx);
    }
    let tagged = spec.filter.as_ref().is_some_and(|filter| !filter.tags.is_empty());
    if on(spec.delete_marker_replication) && tagged {
        let why = "delete markers can't be told by tags".to_owned();
        refuse(id, *span, why, "leave `delete_marker_replication` out, or the tags", cx);
    }
    let DestinationSpec { bucket: _, account, owner, storage_class: _, replica_kms_key, replication_time, metrics } =
        &spec.destination;
    if owner.is_some() && account.is_none() {
        refuse(id, *span, "`owner` needs `account`".to_owned(), "add the other account's id: account = \"…\"", cx);
    }
    if on(spec.sse_kms_encrypted_objects) && replica_kms_key.is_none() {
        let why = "`sse_kms_encrypted_objects` needs `replica_kms_key`".to_owned();
        refuse(id, *span, why, "name the key of the copies in `destination`", cx);
    }
    if !on(spec.sse_kms_encrypted_objects) && replica_kms_key.is_some() {
        let why = "`replica_kms_key` needs `sse_kms_encrypted_objects`".to_owned();
        refuse(id, *span, why, "add sse_kms_encrypted_objects = \"Enabled\"", cx);
    }
    if on(*replication_time) && *metrics == Some(Status::Disabled) {
        let why = "`replication_time` needs `metrics`".to_owned();
        refuse(id, *span, why, "leave `metrics` out", cx);
    }
}
