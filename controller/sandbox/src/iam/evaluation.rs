//! How AWS decides by the policies of an identity and its boundary.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html>. No context
//! key is known: a condition holds as it does for a key that the request does not have, and the key is told as missing.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::sts::trust::like;

/// A policy's document, and where it is from.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub(super) source: Source,
    /// JSON that was checked when it was put.
    pub(super) text: String,
}

/// Where a statement is from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Source {
    pub(super) id: String,
    pub(super) sort: &'static str,
}

/// What is decided; the most restrictive first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Decision {
    ExplicitDeny,
    #[default]
    ImplicitDeny,
    Allowed,
}

impl Decision {
    /// The word of the wire.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::ExplicitDeny => "explicitDeny",
            Self::ImplicitDeny => "implicitDeny",
            Self::Allowed => "allowed",
        }
    }
}

/// What was decided, and why.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) decision: Decision,
    /// The statements that decided.
    pub(super) statements: BTreeSet<Source>,
    /// The context keys that a statement asks for.
    pub(super) missing: BTreeSet<String>,
    /// What the boundary says, if there is one.
    pub(super) within_boundary: Option<bool>,
}

/// What one request is.
struct Asked<'a> {
    user: Option<&'a str>,
    action: &'a str,
    resource: &'a str,
}

/// Decides one action on one resource. A boundary allows nothing by itself.
pub(super) fn decide(
    identity: &[Document],
    boundary: Option<&[Document]>,
    user: Option<&str>,
    action: &str,
    resource: &str,
) -> Found {
    let asked = Asked { user, action, resource };
    let mut found = by_documents(identity, &asked);
    if let Some(boundary) = boundary {
        let bounded = by_documents(boundary, &asked);
        found.within_boundary = Some(bounded.decision == Decision::Allowed);
        found.missing.extend(bounded.missing);
        if bounded.decision == Decision::ExplicitDeny {
            found.statements = bounded.statements;
        }
        found.decision = found.decision.min(bounded.decision);
    }
    found
}

fn by_documents(documents: &[Document], asked: &Asked<'_>) -> Found {
    let mut found = Found::default();
    let (mut allowing, mut denying) = (BTreeSet::new(), BTreeSet::new());
    for Document { source, text } in documents {
        // What was put was checked then.
        let Ok(document) = serde_json::from_str::<Value>(text) else { continue };
        for statement in list(document.get("Statement")).into_iter().filter_map(Value::as_object) {
            if fits(statement, asked, &mut found.missing) {
                let is_allow = statement.get("Effect").and_then(Value::as_str) == Some("Allow");
                let into = if is_allow { &mut allowing } else { &mut denying };
                into.insert(source.clone());
            }
        }
    }
    (found.decision, found.statements) = match (denying.is_empty(), allowing.is_empty()) {
        (false, _) => (Decision::ExplicitDeny, denying),
        (true, false) => (Decision::Allowed, allowing),
        (true, true) => (Decision::ImplicitDeny, BTreeSet::new()),
    };
    found
}

/// One value, or a list of them.
fn list(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(all)) => all.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    }
}

fn texts(value: Option<&Value>) -> Vec<&str> {
    list(value).into_iter().filter_map(Value::as_str).collect()
}

fn fits(statement: &Map<String, Value>, asked: &Asked<'_>, missing: &mut BTreeSet<String>) -> bool {
    let is_action = |pattern: &str| like(&pattern.to_ascii_lowercase(), &asked.action.to_ascii_lowercase());
    let is_about = match (statement.get("Action"), statement.get("NotAction")) {
        (Some(action), _) => texts(Some(action)).into_iter().any(is_action),
        (None, not) => not.is_some() && !texts(not).into_iter().any(is_action),
    };
    if !is_about {
        return false;
    }
    let mut is_resource =
        |pattern: &str| filled(pattern, asked, missing).is_some_and(|pattern| like(&pattern, asked.resource));
    let is_on = match (statement.get("Resource"), statement.get("NotResource")) {
        (Some(resource), _) => texts(Some(resource)).into_iter().any(&mut is_resource),
        (None, not) => not.is_some() && !texts(not).into_iter().any(&mut is_resource),
    };
    is_on && conditions_hold(statement.get("Condition"), missing)
}

/// The pattern with its variables filled in; nothing if one of them is not known.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>.
fn filled(pattern: &str, asked: &Asked<'_>, missing: &mut BTreeSet<String>) -> Option<String> {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some((front, behind)) = rest.split_once("${") {
        let Some((name, behind)) = behind.split_once('}') else { break };
        out.push_str(front);
        match (name, asked.user) {
            // The sign itself, which no name that the sandbox takes has.
            ("*" | "?" | "$", _) => return None,
            ("aws:username", Some(user)) => out.push_str(user),
            _ => {
                let (key, default) = name.split_once(',').unwrap_or((name, ""));
                missing.insert(key.trim().to_owned());
                let default = default.trim().strip_prefix('\'')?.strip_suffix('\'')?;
                out.push_str(default);
            }
        }
        rest = behind;
    }
    out.push_str(rest);
    Some(out)
}

/// Whether all conditions hold of a request without any context; the keys they ask for are missing ones.
fn conditions_hold(condition: Option<&Value>, missing: &mut BTreeSet<String>) -> bool {
    let mut holds = true;
    for (operator, keys) in condition.and_then(Value::as_object).into_iter().flatten() {
        for (key, values) in keys.as_object().into_iter().flatten() {
            missing.insert(key.clone());
            holds &= holds_without(operator, values);
        }
    }
    holds
}

fn holds_without(operator: &str, values: &Value) -> bool {
    let lower = operator.to_ascii_lowercase();
    let (set, base) = lower.split_once(':').unwrap_or(("", &lower));
    if base == "null" {
        return list(Some(values)).into_iter().any(|value| {
            value.as_bool() == Some(true) || value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true"))
        });
    }
    set == "forallvalues" || base.ends_with("ifexists") || (set.is_empty() && base.contains("not"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(identity: &str, boundary: Option<&str>, action: &str, resource: &str) -> (Decision, Vec<String>) {
        let document =
            |text: &str| Document { source: Source { id: "p".to_owned(), sort: "role" }, text: text.to_owned() };
        let boundary = boundary.map(|text| vec![document(text)]);
        let found = decide(&[document(identity)], boundary.as_deref(), Some("alice"), action, resource);
        (found.decision, found.missing.into_iter().collect())
    }

    #[test]
    fn policies_decide_as_the_page_says() {
        let policy = r#"{"Statement":[
            {"Effect":"Allow","Action":"s3:Get*","Resource":["arn:aws:s3:::b/${aws:username}/*","arn:aws:s3:::c"]},
            {"Effect":"Deny","Action":"S3:getobjectacl","Resource":"*"},
            {"Effect":"Allow","NotAction":["iam:*","s3:*"],"NotResource":"arn:aws:sqs:*"},
            {"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"a"}}},
            {"Effect":"Allow","Action":"iam:GetRole","Resource":"*","Condition":{"StringNotEquals":{"aws:x":"a"}}}]}"#;
        let table = [
            ("s3:GetObject", "arn:aws:s3:::b/alice/x", Decision::Allowed),
            ("s3:GetObject", "arn:aws:s3:::b/bob/x", Decision::ImplicitDeny),
            ("s3:GetObjectAcl", "arn:aws:s3:::b/alice/x", Decision::ExplicitDeny),
            ("s3:PutObject", "arn:aws:s3:::b/alice/x", Decision::ImplicitDeny),
            ("s3:GetObject", "*", Decision::ImplicitDeny),
            ("kms:Decrypt", "arn:aws:kms:eu-west-1:111111111111:key/k", Decision::Allowed),
            ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:111111111111:q", Decision::ImplicitDeny),
            ("iam:GetRole", "*", Decision::Allowed),
        ];
        for (action, resource, decision) in table {
            assert_eq!(found(policy, None, action, resource).0, decision, "{action} {resource}");
        }
        let passed = found(policy, None, "iam:PassRole", "*");
        assert_eq!(passed, (Decision::ImplicitDeny, vec!["iam:PassedToService".to_owned()]));
        let all = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
        assert_eq!(found(all, Some(policy), "s3:PutObject", "*").0, Decision::ImplicitDeny);
        assert_eq!(found(all, Some(policy), "s3:GetObjectAcl", "*").0, Decision::ExplicitDeny);
        assert_eq!(found(all, Some(policy), "kms:Decrypt", "*").0, Decision::Allowed);
        assert_eq!(found(policy, Some(all), "s3:PutObject", "*").0, Decision::ImplicitDeny);
    }
}
