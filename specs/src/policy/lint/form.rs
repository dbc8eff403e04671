//! How any document is written: what doesn't say what it seems to say, and what is about to be too large.

use super::look::{actions, each, each_allow, hit, tested};
use super::{DocumentLint, Subject};
use crate::lint::{Hit, Level, Lint, Severity};
use crate::policy::Use;
use crate::policy::evaluate::arn::{Case, like};
use crate::policy::model::{Document, Effect, Principals, Statement, Version};
use crate::policy::unknown::is_unknown;

/// Prefixes of the ids that IAM gives identities: a user's, a role's, a group's, a policy's.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>
const ID_PREFIXES: &[&str] = &["AGPA", "AIDA", "ANPA", "AROA"];

/// The part of a limit from which on a document is told to be near it: what is added last must still fit.
const NEAR_PERCENT: usize = 80;

pub(super) static LINTS: &[DocumentLint] = &[
    DocumentLint {
        lint: Lint {
            id: "dangling-principal",
            severity: Severity::High,
            level: Level::Warn,
            summary: "a principal is named by its unique id",
            reason: "AWS shows the id where the identity was deleted: nobody has it, and nobody will have it again",
            help: "name the identity by its ARN, or take it out",
            page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids",
        },
        uses: &[],
        check: |subject| {
            let named = |statement: &Statement| {
                let named = statement.principal.as_ref().map(Principals::named).into_iter().flatten();
                let mut ids = named.map(|principal| principal.parts().1);
                let id = ids.find(|value| ID_PREFIXES.iter().any(|prefix| value.starts_with(prefix)))?;
                Some(format!("`{id}` is an id"))
            };
            let mut hits = each(subject, Effect::Allow, "Principal", named);
            hits.extend(each(subject, Effect::Deny, "Principal", named));
            hits
        },
    },
    DocumentLint {
        lint: Lint {
            id: "exact-wildcard",
            severity: Severity::Medium,
            level: Level::Warn,
            summary: "a wildcard is compared as it is written",
            reason: "`StringEquals` and its like know no wildcards: the condition waits for a value with that very sign",
            help: "write `StringLike`, or `ArnLike` for ARNs",
            page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html",
        },
        uses: &[],
        check: |subject| {
            let wildcard = |statement: &Statement| {
                let exact = tested(statement).filter(|(operator, _, _)| {
                    ["StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"]
                        .iter()
                        .any(|exact| operator.base.eq_ignore_ascii_case(exact))
                });
                let mut values = exact.flat_map(|(_, key, values)| values.iter().map(move |value| (key, value)));
                // `${*}` and `${?}` are how a policy writes the sign itself.
                let (key, value) =
                    values.find(|(_, value)| value.replace("${*}", "").replace("${?}", "").contains(['*', '?']))?;
                Some(format!("`{value}` for `{key}`"))
            };
            let mut hits = each(subject, Effect::Allow, "Condition", wildcard);
            hits.extend(each(subject, Effect::Deny, "Condition", wildcard));
            hits
        },
    },
    DocumentLint {
        lint: Lint {
            id: "for-all-values-allow",
            severity: Severity::Medium,
            level: Level::Warn,
            summary: "the condition also holds where the key is missing",
            reason: "`ForAllValues` is true of no values at all, so that a request without the key is allowed",
            help: "add a condition: Null = { \"KEY\" = false }; or leave `ForAllValues:` out where the key has one value",
            page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html",
        },
        uses: &[],
        check: |subject| {
            each_allow(subject, "Condition", |statement| {
                let is_there = |wanted: &str| {
                    tested(statement).any(|(operator, key, values)| {
                        operator.base.eq_ignore_ascii_case("Null")
                            && key.eq_ignore_ascii_case(wanted)
                            && values.iter().all(|value| value == "false")
                    })
                };
                let (_, key, _) = tested(statement)
                    .find(|(operator, key, _)| operator.set.eq_ignore_ascii_case("ForAllValues:") && !is_there(key))?;
                Some(format!("a request without `{key}` is let through"))
            })
        },
    },
    DocumentLint {
        lint: Lint {
            id: "old-version-variables",
            severity: Severity::High,
            level: Level::Warn,
            summary: "policy variables are plain text in this version of the language",
            reason: "without \"Version\": \"2012-10-17\" a `${…}` matches only those very signs",
            help: "write \"Version\": \"2012-10-17\"",
            page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html",
        },
        uses: &[],
        check: |subject| {
            let Document { version, .. } = subject.written.document;
            let has_variable = |statement: &Statement| {
                let document = Document { version, id: None, statements: vec![statement.clone()] };
                document.to_json().contains("${").then(|| "`${…}` stands for itself here".to_owned())
            };
            if version == Version::V2012 {
                return Vec::new();
            }
            let written = subject.written.statements.iter();
            written.filter_map(|written| Some(hit(written, "", has_variable(&written.statement)?))).collect()
        },
    },
    DocumentLint {
        lint: Lint {
            id: "policy-near-limit",
            severity: Severity::Low,
            level: Level::Warn,
            summary: "the policy is close to the limit of its size",
            reason: "AWS refuses a larger one, and a group that grows makes it larger without anyone writing more",
            help: "move a part into a policy of its own, or name a pattern in the place of a list",
            page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html",
        },
        uses: &[
            Use::Identity,
            Use::Trust,
            Use::Bucket,
            Use::Key,
            Use::Repository,
            Use::Registry,
            Use::Topic,
            Use::EventBus,
            Use::ServiceControl,
            Use::ResourceControl,
        ],
        check: near_limit,
    },
    DocumentLint {
        lint: Lint {
            id: "redundant-action",
            severity: Severity::Low,
            level: Level::Warn,
            summary: "an action is named twice",
            reason: "who takes one of them out believes the action gone",
            help: "leave out the one that the other includes",
            page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html",
        },
        uses: &[],
        check: |subject| {
            let redundant = |statement: &Statement| {
                let (one, by) = actions(statement).find_map(|one| {
                    let by =
                        actions(statement).find(|by| *by != one && !is_unknown(one) && like(by, one, Case::Ignored))?;
                    Some((one, by))
                })?;
                Some(format!("`{by}` includes `{one}`"))
            };
            let mut hits = each(subject, Effect::Allow, "Action", redundant);
            hits.extend(each(subject, Effect::Deny, "Action", redundant));
            hits
        },
    },
];

/// Limits are told of by whoever reads the spec; here, that one comes near.
fn near_limit(subject: &Subject<'_>) -> Vec<Hit> {
    let written = subject.written;
    let (size, max) = (written.document.size(written.use_), written.use_.size_max());
    if written.is_packed || size * 100 < max * NEAR_PERCENT || size > max {
        return Vec::new();
    }
    let label = format!("{size} of {max}, {} %", size * 100 / max);
    vec![Hit { span: written.span, label, sid: None }]
}
