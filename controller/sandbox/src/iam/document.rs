//! The grammar of policy documents, as IAM checks it before it stores one.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>. The wording of the
//! messages is AWS's as far as it is known.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::principal;

/// What a document is for; the grammar differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentUse {
    /// An inline or managed policy of a role, user or group: names no principal.
    Identity,
    /// A role's trust policy: names principals, no resource, only actions of STS.
    Trust,
    /// The policy of a bucket, key or the like: names principals and resources.
    Resource,
    /// The policy of an ECR repository: names principals, and no resource.
    /// Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html>.
    Repository,
}

const SYNTAX: &str = "Syntax errors in policy.";
const SID_CHARACTERS: &str = "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular \
    expression [0-9A-Za-z]*";
const SID_TWICE: &str = "Statement IDs (SID) in a single policy must be unique.";
const NO_ACTIONS: &str = "Policy statement must contain actions.";
const NO_RESOURCES: &str = "Policy statement must contain resources.";
const NO_VENDOR: &str = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
const TRUST_ACTIONS: &str = "AssumeRole policy may only specify STS AssumeRole actions.";

/// The elements a statement may have.
const STATEMENT_ELEMENTS: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// The condition operators that `…IfExists` and the set prefixes may be put around, in lower case.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>.
const OPERATORS: [&str; 26] = [
    "stringequals",
    "stringnotequals",
    "stringequalsignorecase",
    "stringnotequalsignorecase",
    "stringlike",
    "stringnotlike",
    "numericequals",
    "numericnotequals",
    "numericlessthan",
    "numericlessthanequals",
    "numericgreaterthan",
    "numericgreaterthanequals",
    "dateequals",
    "datenotequals",
    "datelessthan",
    "datelessthanequals",
    "dategreaterthan",
    "dategreaterthanequals",
    "bool",
    "binaryequals",
    "ipaddress",
    "notipaddress",
    "arnequals",
    "arnlike",
    "arnnotequals",
    "arnnotlike",
];

/// Reads a document and checks its grammar; the members of objects keep their order.
///
/// Whether the principals exist is not asked here.
///
/// # Errors
///
/// What is wrong, as IAM words it.
pub fn check(text: &str, use_: DocumentUse) -> Result<Value, String> {
    let Strict(document) = serde_json::from_str(text).map_err(|_| match use_ {
        DocumentUse::Identity => SYNTAX.to_owned(),
        DocumentUse::Trust | DocumentUse::Resource | DocumentUse::Repository => {
            "This policy contains invalid Json".to_owned()
        }
    })?;
    let Value::Object(members) = &document else { return Err(SYNTAX.to_owned()) };
    if let Some(unknown) = members.keys().find(|name| !["Version", "Id", "Statement"].contains(&name.as_str())) {
        return Err(unknown_element(unknown, use_));
    }
    check_version(members.get("Version"))?;
    if members.get("Id").is_some_and(|id| !id.is_string()) {
        return Err(SYNTAX.to_owned());
    }
    let statements = match members.get("Statement") {
        Some(Value::Array(list)) if !list.is_empty() => list.as_slice(),
        Some(single @ Value::Object(_)) => std::slice::from_ref(single),
        _ => return Err(SYNTAX.to_owned()),
    };
    let mut sids = BTreeSet::new();
    for statement in statements {
        let Value::Object(statement) = statement else { return Err(SYNTAX.to_owned()) };
        check_sid(statement.get("Sid"), use_, &mut sids)?;
        check_statement(statement, use_)?;
    }
    Ok(document)
}

/// The length of a document as IAM's quotas count it: characters, without white space outside of strings.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length>.
pub fn size(text: &str) -> usize {
    let (mut count, mut quoted, mut escaped) = (0, false, false);
    for c in text.chars() {
        if quoted || !c.is_ascii_whitespace() {
            count += 1;
        }
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = quoted,
            '"' => quoted = !quoted,
            _ => {}
        }
    }
    count
}

fn unknown_element(name: &str, use_: DocumentUse) -> String {
    match use_ {
        DocumentUse::Identity => SYNTAX.to_owned(),
        DocumentUse::Trust | DocumentUse::Resource | DocumentUse::Repository => format!("Unknown field {name}"),
    }
}

/// One of the two versions there are, or none, which means the older one. That a managed policy must say the newer one
/// is not a matter of grammar.
fn check_version(version: Option<&Value>) -> Result<(), String> {
    match version.map(Value::as_str) {
        None | Some(Some("2008-10-17" | "2012-10-17")) => Ok(()),
        Some(_) => Err(SYNTAX.to_owned()),
    }
}

/// KMS and S3 take any text as a statement's id; IAM does not.
fn check_sid<'a>(sid: Option<&'a Value>, use_: DocumentUse, seen: &mut BTreeSet<&'a str>) -> Result<(), String> {
    let Some(sid) = sid else { return Ok(()) };
    let Some(sid) = sid.as_str() else { return Err(SYNTAX.to_owned()) };
    if matches!(use_, DocumentUse::Resource | DocumentUse::Repository) {
        return Ok(());
    }
    if !sid.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(SID_CHARACTERS.to_owned());
    }
    if !sid.is_empty() && !seen.insert(sid) {
        return Err(SID_TWICE.to_owned());
    }
    Ok(())
}

fn check_statement(statement: &Map<String, Value>, use_: DocumentUse) -> Result<(), String> {
    if let Some(unknown) = statement.keys().find(|name| !STATEMENT_ELEMENTS.contains(&name.as_str())) {
        return Err(unknown_element(unknown, use_));
    }
    match statement.get("Effect").map(Value::as_str) {
        Some(Some("Allow" | "Deny")) => {}
        None if use_ != DocumentUse::Identity => return Err("Missing required field Effect".to_owned()),
        Some(Some(other)) if use_ != DocumentUse::Identity => return Err(format!("Invalid effect: {other}")),
        _ => return Err(SYNTAX.to_owned()),
    }
    check_prohibited(statement, use_)?;
    for action in one_of(statement, "Action", "NotAction", NO_ACTIONS)? {
        check_action(action, use_)?;
    }
    if use_ != DocumentUse::Identity {
        check_principals(statement, use_)?;
    }
    if !matches!(use_, DocumentUse::Trust | DocumentUse::Repository) {
        for resource in one_of(statement, "Resource", "NotResource", NO_RESOURCES)? {
            check_resource(resource)?;
        }
    }
    statement.get("Condition").map_or(Ok(()), check_condition)
}

fn check_prohibited(statement: &Map<String, Value>, use_: DocumentUse) -> Result<(), String> {
    let prohibited: &[&str] = match use_ {
        DocumentUse::Identity => &["Principal", "NotPrincipal"],
        // Source for NotPrincipal: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>.
        DocumentUse::Trust => &["Resource", "NotResource", "NotPrincipal", "NotAction"],
        DocumentUse::Repository => &["Resource", "NotResource"],
        DocumentUse::Resource => &[],
    };
    match prohibited.iter().find(|name| statement.contains_key(**name)) {
        Some(_) if use_ == DocumentUse::Identity => Err("Policy document should not specify a principal.".to_owned()),
        Some(name) => Err(format!("Has prohibited field {name}")),
        None => Ok(()),
    }
}

/// The strings under exactly one of two elements; at least one.
fn one_of<'a>(
    statement: &'a Map<String, Value>,
    element: &str,
    not_element: &str,
    missing: &str,
) -> Result<Vec<&'a str>, String> {
    let value = match (statement.get(element), statement.get(not_element)) {
        (Some(value), None) | (None, Some(value)) => value,
        (Some(_), Some(_)) => return Err(SYNTAX.to_owned()),
        (None, None) => return Err(missing.to_owned()),
    };
    match value {
        Value::Array(list) if list.is_empty() => Err(missing.to_owned()),
        value => strings(value).ok_or_else(|| SYNTAX.to_owned()),
    }
}

/// A string, or a list of nothing but strings.
fn strings(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(one) => Some(vec![one]),
        Value::Array(list) => list.iter().map(Value::as_str).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

fn check_action(action: &str, use_: DocumentUse) -> Result<(), String> {
    if action == "*" && use_ != DocumentUse::Trust {
        return Ok(());
    }
    let Some((vendor, name)) = action.split_once(':') else { return Err(NO_VENDOR.to_owned()) };
    if name.contains(':') {
        return Err("Actions/Condition can contain only one colon.".to_owned());
    }
    if vendor.is_empty() || !vendor.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b)) {
        return Err(format!("Vendor {vendor} is not valid"));
    }
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"*?-_".contains(&b)) {
        return Err(format!("Invalid action: {action}"));
    }
    if use_ == DocumentUse::Trust && !is_trust_action(vendor, name) {
        return Err(TRUST_ACTIONS.to_owned());
    }
    Ok(())
}

/// What may stand in a trust policy: assuming the role, and what goes along with it in the same call.
/// Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html>.
fn is_trust_action(vendor: &str, name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let known = [
        "assumerole",
        "assumerolewithsaml",
        "assumerolewithwebidentity",
        "tagsession",
        "setsourceidentity",
        "setcontext",
    ];
    vendor.eq_ignore_ascii_case("sts") && (known.contains(&name.as_str()) || name == "*" || name == "assumerole*")
}

/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>.
fn check_resource(resource: &str) -> Result<(), String> {
    if resource == "*" {
        return Ok(());
    }
    let mut parts = resource.splitn(6, ':');
    let (Some("arn"), Some(partition)) = (parts.next(), parts.next()) else {
        return Err(format!("Resource {resource} must be in ARN format or \"*\"."));
    };
    let partition_known =
        ["*", "aws", "aws-cn", "aws-us-gov", "aws-eusc"].contains(&partition) || partition.starts_with("aws-iso");
    if !partition_known {
        return Err(format!("Partition \"{partition}\" is not valid for resource \"{resource}\"."));
    }
    let vendor = parts.next().unwrap_or_default();
    if !(vendor == "*" && parts.clone().next().is_some()) && (vendor.is_empty() || vendor.contains(['*', '?'])) {
        return Err("Resource vendor must be fully qualified and cannot contain regexes.".to_owned());
    }
    let rest: Vec<&str> = parts.collect();
    let (region, path) = (rest.first().copied().unwrap_or_default(), rest.get(2).copied());
    if resource.contains("::") && rest.len() < 3 {
        return Err("The policy failed legacy parsing".to_owned());
    }
    match vendor {
        "iam" => check_iam_resource(resource, region, path.unwrap_or("*")),
        "s3" => {
            // A bucket's ARN names neither region nor account; access points, jobs and lenses name both.
            let bucket = path.is_some_and(|path| path != "*" && !path.contains('/') && !path.contains("${"));
            if bucket && !region.is_empty() {
                return Err(format!("Resource {resource} can not contain region information."));
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn check_iam_resource(resource: &str, region: &str, path: &str) -> Result<(), String> {
    const KINDS: [&str; 13] = [
        "user/",
        "federated-user/",
        "role/",
        "group/",
        "instance-profile/",
        "mfa/",
        "server-certificate/",
        "policy/",
        "sms-mfa/",
        "saml-provider/",
        "oidc-provider/",
        "report/",
        "access-report/",
    ];
    if !region.is_empty() {
        return Err(format!("IAM resource {resource} cannot contain region information."));
    }
    // `root` stands alone; a path that begins with a wildcard may mean any of them.
    if path == "root" || path.starts_with(['*', '?']) || KINDS.iter().any(|kind| path.starts_with(kind)) {
        return Ok(());
    }
    Err(format!("IAM resource path must either be \"*\" or start with {}.", KINDS.join(", ")))
}

fn check_principals(statement: &Map<String, Value>, use_: DocumentUse) -> Result<(), String> {
    let value = match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(value), None) | (None, Some(value)) => value,
        (Some(_), Some(_)) => return Err(SYNTAX.to_owned()),
        (None, None) => return Err("Missing required field Principal".to_owned()),
    };
    let kinds = match value {
        Value::String(all) if all == "*" => return Ok(()),
        Value::Object(kinds) if !kinds.is_empty() => kinds,
        _ => return Err("Invalid principal in policy".to_owned()),
    };
    for (kind, value) in kinds {
        let names = strings(value).filter(|names| !names.is_empty());
        let Some(names) = names else { return Err("Invalid principal in policy".to_owned()) };
        let known = match kind.as_str() {
            "AWS" => principal::is_aws,
            "Service" => principal::is_service,
            "Federated" => principal::is_federated,
            "CanonicalUser" if use_ == DocumentUse::Resource => principal::is_canonical_user,
            _ => return Err("Invalid principal in policy".to_owned()),
        };
        if let Some(bad) = names.into_iter().find(|name| !known(name)) {
            return Err(principal::invalid(kind, bad));
        }
    }
    Ok(())
}

fn check_condition(condition: &Value) -> Result<(), String> {
    let Value::Object(operators) = condition else { return Err(SYNTAX.to_owned()) };
    for (operator, keys) in operators {
        let Value::Object(keys) = keys else { return Err(SYNTAX.to_owned()) };
        if !is_operator(operator) {
            return Err(format!("Invalid Condition type : {operator}"));
        }
        for (name, value) in keys {
            if name.split_once(':').is_none_or(|(vendor, key)| vendor.is_empty() || key.is_empty()) {
                return Err(NO_VENDOR.to_owned());
            }
            let scalar = |value: &Value| value.is_string() || value.is_boolean() || value.is_number();
            let sound = match value {
                Value::Array(list) => list.iter().all(scalar),
                single => scalar(single),
            };
            if !sound {
                return Err(SYNTAX.to_owned());
            }
        }
    }
    Ok(())
}

fn is_operator(operator: &str) -> bool {
    let lower = operator.to_ascii_lowercase();
    let bare = lower.strip_prefix("forallvalues:").or_else(|| lower.strip_prefix("foranyvalue:")).unwrap_or(&lower);
    let bare_type = bare.strip_suffix("ifexists").unwrap_or(bare);
    bare == "null" || OPERATORS.contains(&bare_type)
}

/// A JSON value in which no object names a member twice; `serde_json` alone would keep the last one silently.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value without duplicate members")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some((name, Strict(value))) = entries.next_entry::<String, Strict>()? {
            if members.contains_key(&name) {
                return Err(de::Error::custom(format!("duplicate member {name}")));
            }
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
