//! From AWS's JSON of a policy to the statements of a spec.

use serde_json::{Map, Value};

use crate::pending;
use crate::policy_spec::is_account_id;

/// The statements of a document of AWS's; `None` where only a JSON file can say the same.
#[must_use]
pub fn of(document: &Map<String, Value>, partition: &str) -> Option<Value> {
    // Statements are always of this version, and have no place for an `Id`.
    let sayable = document.get("Version").and_then(Value::as_str) == Some("2012-10-17")
        && document.keys().all(|key| key == "Version" || key == "Statement");
    let statements = document.get("Statement")?.as_array().filter(|_| sayable)?;
    statements.iter().map(|statement| statement_of(statement.as_object()?, partition)).collect()
}

/// In the order in which people write it: who, what, on what, when.
fn statement_of(statement: &Map<String, Value>, partition: &str) -> Option<Value> {
    let mut written = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            written.insert(key.to_owned(), value);
        }
    };
    put("sid", statement.get("Sid").cloned());
    let effect = statement.get("Effect")?;
    match (statement.get("Action"), statement.get("NotAction")) {
        (Some(actions), None) => put(if effect == "Deny" { "deny" } else { "allow" }, Some(actions.clone())),
        (None, Some(others)) => {
            put("effect", Some(effect.clone()));
            put("not_action", Some(others.clone()));
        }
        (Some(_), Some(_)) | (None, None) => return None,
    }
    put("principal", statement.get("Principal").map(|principal| principals(principal, partition)));
    put("not_principal", statement.get("NotPrincipal").map(|principal| principals(principal, partition)));
    put("resource", statement.get("Resource").cloned());
    put("not_resource", statement.get("NotResource").cloned());
    put("condition", statement.get("Condition").map(conditions));
    Some(Value::Object(written))
}

fn principals(principals: &Value, partition: &str) -> Value {
    let Value::Object(sorts) = principals else { return principals.clone() };
    let mut written = Map::new();
    for (sort, named) in sorts {
        let key = match sort.as_str() {
            "AWS" => {
                let (roots, others): (Vec<&str>, Vec<&str>) =
                    strings(named).partition(|arn| root_of(arn, partition).is_some());
                let ids: Vec<&str> = roots.iter().filter_map(|arn| root_of(arn, partition)).collect();
                written.extend(list(&ids).map(|ids| ("account".to_owned(), ids)));
                written.extend(list(&others).map(|others| ("aws".to_owned(), others)));
                continue;
            }
            "Service" => "service",
            "Federated" => "federated",
            "CanonicalUser" => "canonical_user",
            // One that the language does not know: told when the spec is read again.
            other => other,
        };
        written.insert(key.to_owned(), named.clone());
    }
    Value::Object(written)
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    let one = value.as_str();
    one.into_iter().chain(value.as_array().into_iter().flatten().filter_map(Value::as_str))
}

/// A list, or its one member; `None` for none.
fn list(members: &[&str]) -> Option<Value> {
    match members {
        [] => None,
        [one] => Some(Value::from(*one)),
        several => Some(several.iter().copied().map(Value::from).collect()),
    }
}

/// The account whose root an ARN names.
fn root_of<'a>(arn: &'a str, partition: &str) -> Option<&'a str> {
    let id = arn.strip_prefix("arn:")?.strip_prefix(partition)?.strip_prefix(":iam::")?.strip_suffix(":root")?;
    // That of an account that is still to be made is one, too.
    is_account_id(&pending::with_digits(id)).then_some(id)
}

fn conditions(conditions: &Value) -> Value {
    let Value::Object(operators) = conditions else { return conditions.clone() };
    let operators = operators.iter().map(|(operator, keys)| {
        let Value::Object(keys) = keys else { return (operator.clone(), keys.clone()) };
        let keys = keys.iter().map(|(key, values)| (key.clone(), scalars(operator, values)));
        (operator.clone(), Value::Object(keys.collect()))
    });
    Value::Object(operators.collect())
}

/// Booleans without quotation marks where the operator compares booleans, numbers where it compares numbers.
fn scalars(operator: &str, values: &Value) -> Value {
    let operator = operator.to_ascii_lowercase();
    let scalar = |value: &Value| match value.as_str() {
        Some("true") if is_boolean(&operator) => Value::from(true),
        Some("false") if is_boolean(&operator) => Value::from(false),
        Some(text) if operator.contains("numeric") => {
            // Only where the number is written the same again.
            text.parse()
                .ok()
                .filter(|number: &i64| number.to_string() == text)
                .map_or_else(|| value.clone(), Value::from)
        }
        Some(_) | None => value.clone(),
    };
    match values {
        Value::Array(values) => values.iter().map(scalar).collect(),
        one => scalar(one),
    }
}

fn is_boolean(operator: &str) -> bool {
    let base = operator.rsplit(':').next().unwrap_or(operator);
    matches!(base.trim_end_matches("ifexists"), "bool" | "null")
}
