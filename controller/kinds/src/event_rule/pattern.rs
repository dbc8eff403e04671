//! Event patterns: their canonical form, and what EventBridge refuses in them.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>

use serde_json::Value;

/// Words that may stand in an object inside of a list.
pub(crate) const OPERATORS: &[&str] =
    &["anything-but", "cidr", "equals-ignore-case", "exists", "numeric", "prefix", "suffix", "wildcard"];

/// The canonical form: a list is alternatives, in no order; but for `numeric`, whose list is a comparison.
pub(crate) fn canonical(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> = members.into_iter().collect();
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            let canonical = members.into_iter().map(|(key, value)| {
                let value = if key == "numeric" { value } else { canonical(value) };
                (key, value)
            });
            Value::Object(canonical.collect())
        }
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(canonical).collect();
            items.sort_by_cached_key(Value::to_string);
            items.dedup();
            Value::Array(items)
        }
        other => other,
    }
}

/// A pattern that AWS returned. Text that is no JSON is equal to no pattern, since those are objects.
pub(crate) fn from_live(text: &str) -> Value {
    serde_json::from_str(text).map_or_else(|_| Value::String(text.to_owned()), canonical)
}

/// What EventBridge would refuse in a pattern: why, and where in it.
pub(super) fn fault(pattern: &Value) -> Option<String> {
    fault_with(pattern, OPERATORS)
}

/// The same, of patterns with these operators alone.
pub(crate) fn fault_with(pattern: &Value, operators: &[&str]) -> Option<String> {
    match pattern.as_object() {
        None => Some("is not a table".to_owned()),
        Some(members) if members.is_empty() => Some("is empty, and would match nothing".to_owned()),
        Some(_) => fault_within(pattern, "", operators),
    }
}

fn fault_within(value: &Value, path: &str, operators: &[&str]) -> Option<String> {
    let Value::Object(members) = value else {
        return Some(format!("`{path}` is not a list: write [{value}]"));
    };
    members.iter().find_map(|(key, value)| {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match value {
            Value::Array(items) if items.is_empty() => Some(format!("`{path}` is an empty list")),
            Value::Array(items) if key == "$or" => items.iter().find_map(|item| fault_within(item, &path, operators)),
            Value::Array(items) => items.iter().find_map(|item| item_fault(item, &path, operators)),
            Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                fault_within(value, &path, operators)
            }
        }
    })
}

fn item_fault(item: &Value, path: &str, known: &[&str]) -> Option<String> {
    match item {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        Value::Array(_) => Some(format!("`{path}` has a list in a list")),
        Value::Object(members) => {
            let mut operators = members.keys();
            match (operators.next(), operators.next()) {
                (Some(only), None) if known.contains(&only.as_str()) => None,
                (Some(only), None) => {
                    Some(format!("`{path}` has the operator `{only}`, which is none of {}", known.join(", ")))
                }
                _ => Some(format!("`{path}` needs one operator in each table")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn alternatives_have_no_order() {
        let one = json!({ "source": ["b", "a"], "detail": { "n": [{ "numeric": [">", 1, "<", 5] }], "x": [{ "anything-but": ["d", "c"] }] } });
        let two = json!({ "detail": { "x": [{ "anything-but": ["c", "d"] }], "n": [{ "numeric": [">", 1, "<", 5] }] }, "source": ["a", "b", "a"] });
        assert_eq!(canonical(one.clone()), canonical(two));
        assert_eq!(canonical(canonical(one.clone())), canonical(one));
        assert_ne!(
            canonical(json!({ "n": [{ "numeric": [">", 1] }] })),
            canonical(json!({ "n": [{ "numeric": ["<", 1] }] }))
        );
    }

    #[test]
    fn patterns_are_judged_as_eventbridge_does() {
        for good in [
            json!({ "source": ["aws.ecr"] }),
            json!({ "detail": { "state": [{ "prefix": "x" }, null, 3] } }),
            json!({ "$or": [{ "a": ["b"] }, { "c": [true] }] }),
        ] {
            assert_eq!(fault(&good), None, "{good}");
        }
        for bad in [
            json!({}),
            json!([]),
            json!({ "source": "aws.ecr" }),
            json!({ "source": [] }),
            json!({ "source": [["x"]] }),
            json!({ "source": [{ "like": "x" }] }),
            json!({ "source": [{ "prefix": "x", "suffix": "y" }] }),
            json!({ "$or": [{ "a": "b" }] }),
        ] {
            assert!(fault(&bad).is_some(), "{bad}");
        }
    }
}
