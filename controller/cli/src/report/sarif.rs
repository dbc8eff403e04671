//! Findings as SARIF 2.1.0. <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::path::Path;

use serde_json::{Map, Value, json};
use trueup_kinds::lints::{self, Finding, State};
use trueup_specs::lint::{Level, Lint, Severity};
use trueup_specs::{Diagnostic, Span};

use super::Report;

/// The rule of what is wrong with the specs themselves.
const SPEC: &str = "spec";

/// The rule of what the organization's own rules say.
const OWN_RULE: &str = "rule";

/// The file that names the folder of the rules.
const SETTINGS: &str = "trueup.toml";

/// The whole log.
pub(crate) fn document(report: &Report<'_>) -> Value {
    let lints = lints::all();
    let mut rules = vec![
        json!({ "id": SPEC, "shortDescription": { "text": "The specs are not sound." } }),
        json!({ "id": OWN_RULE, "shortDescription": { "text": "A rule of the organization's own." } }),
    ];
    rules.extend(lints.iter().map(|lint| rule(lint)));
    let mut results: Vec<Value> = report.problems.iter().map(|problem| problem_result(problem, report)).collect();
    let listed = report.findings.into_iter().flatten().filter(|finding| finding.level != Level::Allow);
    results.extend(listed.map(|finding| finding_result(finding, report)));
    results.extend(report.verdicts.iter().map(|verdict| {
        let level = if verdict.denies { "error" } else { "warning" };
        // What it says is about the plan, and code scanning shows nothing without a place: the file that names the rules.
        let place = json!({ "artifactLocation": { "uri": report.uri(Path::new(SETTINGS)) } });
        let message = json!({ "text": verdict.message });
        json!({ "ruleId": OWN_RULE, "level": level, "message": message, "locations": [{ "physicalLocation": place }] })
    }));
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "trueup", "semanticVersion": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(lint: &Lint) -> Value {
    json!({
        "id": lint.id,
        "shortDescription": { "text": lint.summary },
        "fullDescription": { "text": lint.reason },
        "help": { "text": format!("{} ({})", lint.help, lint.page) },
        "helpUri": lint.page,
        "defaultConfiguration": { "level": level_word(lint.level), "enabled": lint.level != Level::Allow },
        "properties": { "tags": ["security"], "security-severity": score(lint.severity) },
    })
}

/// The scale of `security-severity`, as code scanning groups it: critical from 9, high from 7, medium from 4.
/// <https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
    }
}

fn level_word(level: Level) -> &'static str {
    match level {
        Level::Deny => "error",
        Level::Warn => "warning",
        Level::Allow => "none",
    }
}

fn problem_result(problem: &Diagnostic, report: &Report<'_>) -> Value {
    let level = match problem.severity {
        trueup_specs::Severity::Error => "error",
        trueup_specs::Severity::Warning => "warning",
    };
    let label = problem.labels.iter().find(|label| label.primary).map_or("", |label| label.text.as_str());
    let help = problem.help.as_deref().unwrap_or_default();
    let text = [problem.summary.as_str(), label, help];
    let text = text.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; ");
    let mut result = json!({ "ruleId": SPEC, "level": level, "message": { "text": text } });
    let place = match (problem.span(), &problem.path) {
        (Some(span), _) => Some(place(span, report)),
        (None, Some(path)) => Some(json!({ "artifactLocation": { "uri": report.uri(path) } })),
        (None, None) => None,
    };
    if let Some(place) = place {
        result["locations"] = json!([{ "physicalLocation": place }]);
    }
    result
}

fn finding_result(finding: &Finding, report: &Report<'_>) -> Value {
    let Finding { lint, level, span, label, addresses, state } = finding;
    let text = if label.is_empty() { lint.summary.to_owned() } else { format!("{}: {label}", lint.summary) };
    let mut result = json!({ "ruleId": lint.id, "level": level_word(*level), "message": { "text": text } });
    let named = addresses.iter().map(|address| json!({ "fullyQualifiedName": address, "kind": "resource" }));
    let mut location = Map::new();
    if !span.is_none() {
        location.insert("physicalLocation".to_owned(), place(*span, report));
    }
    location.insert("logicalLocations".to_owned(), named.collect());
    result["locations"] = json!([location]);
    if let State::Suppressed { reason, expires, span } = state {
        let until = expires.map_or(String::new(), |day| format!(" (until {day})"));
        result["suppressions"] = json!([{
            "kind": "inSource", "status": "accepted", "justification": format!("{reason}{until}"),
            "location": { "physicalLocation": place(*span, report) },
        }]);
    }
    result
}

fn place(span: Span, report: &Report<'_>) -> Value {
    let sources = report.sources;
    let (start, end) = (sources.position(span.file(), span.start()), sources.position(span.file(), span.end()));
    json!({
        "artifactLocation": { "uri": report.uri(sources.path(span.file())) },
        "region": {
            "startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column,
        },
    })
}

impl Report<'_> {
    /// A path in the project as code scanning looks for it: from the folder the command runs in, which is the repository's.
    fn uri(&self, path: &Path) -> String {
        uri(&self.folder.join(path))
    }
}

/// A path as a relative reference: RFC 3986, section 3.3.
fn uri(path: &Path) -> String {
    let path = path.to_string_lossy();
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            b'\\' => uri.push('/'),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
