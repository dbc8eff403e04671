//! Findings as JSON.

use serde_json::{Value, json};
use trueup_kinds::lints::{Finding, State};
use trueup_specs::lint::Level;
use trueup_specs::{Sources, to_json};

use crate::rules::Verdict;

/// The findings that are told, and those that are suppressed.
pub(crate) fn findings(findings: &[Finding], sources: &Sources) -> Value {
    let listed = findings.iter().filter(|finding| finding.level != Level::Allow);
    listed.map(|finding| one(finding, sources)).collect()
}

fn one(finding: &Finding, sources: &Sources) -> Value {
    let Finding { lint, level, span: _, label, addresses, state } = finding;
    let mut out = match to_json(&[finding.diagnostic()], sources) {
        Value::Array(mut list) => list.pop().unwrap_or_default(),
        other => other,
    };
    let (suppressed, expired) = match state {
        State::Active => (Value::Null, Value::Null),
        State::Suppressed { reason, expires, span } => {
            let expires = expires.map(|day| day.to_string());
            (json!({ "reason": reason, "expires": expires, "at": sources.location(*span) }), Value::Null)
        }
        State::Expired { expires, span } => {
            (Value::Null, json!({ "expired": expires.to_string(), "at": sources.location(*span) }))
        }
    };
    if let Some(out) = out.as_object_mut() {
        let more = json!({
            "lint": lint.id, "level": level.as_str(), "lint_severity": lint.severity.as_str(), "found": label,
            "resources": addresses, "reason": lint.reason, "page": lint.page,
            "suppressed": suppressed, "suppression_expired": expired,
        });
        if let Value::Object(more) = more {
            out.extend(more);
        }
    }
    out
}

/// What the organization's own rules say.
pub(crate) fn verdicts(verdicts: &[Verdict]) -> Value {
    let one =
        |verdict: &Verdict| json!({ "level": verdict.level(), "message": verdict.message, "details": verdict.details });
    verdicts.iter().map(one).collect()
}
