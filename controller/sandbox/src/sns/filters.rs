//! Filter policies.
//!
//! Sources: <https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html>,
//! <https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html>.

use serde_json::{Map, Value};

const BYTES_MAX: usize = 262_144;
const KEYS_MAX: usize = 5;
const COMBINATIONS_MAX: usize = 150;

const OPERATORS: [&str; 7] = ["anything-but", "cidr", "equals-ignore-case", "exists", "numeric", "prefix", "suffix"];

/// What is wrong with a filter policy.
pub(super) fn check(text: &str, of_body: bool) -> Result<(), String> {
    if text.len() > BYTES_MAX {
        return Err("Filter policy is too long".to_owned());
    }
    let Ok(Value::Object(policy)) = serde_json::from_str::<Value>(text) else {
        return Err("failed to parse JSON".to_owned());
    };
    let mut count = Count { keys: 0, combinations: 1 };
    object(&policy, of_body, 1, &mut count)?;
    if count.keys > KEYS_MAX {
        return Err("Filter policy can not have more than 5 keys".to_owned());
    }
    if count.combinations > COMBINATIONS_MAX {
        return Err("Filter policy is too complex".to_owned());
    }
    Ok(())
}

struct Count {
    keys: usize,
    combinations: usize,
}

/// In a message's body a value counts once for each level it stands below.
fn object(policy: &Map<String, Value>, of_body: bool, depth: usize, count: &mut Count) -> Result<(), String> {
    for (name, value) in policy {
        match value {
            Value::Object(_) if !of_body => {
                return Err("Filter policy scope MessageAttributes does not support nested filter policy".to_owned());
            }
            Value::Object(inner) if !inner.is_empty() => object(inner, of_body, depth + 1, count)?,
            Value::Array(items) if name == "$or" => {
                for item in items {
                    object(item.as_object().ok_or("\"$or\" must be an array of objects")?, of_body, depth, count)?;
                }
            }
            Value::Array(items) if items.is_empty() => return Err("Empty arrays are not allowed".to_owned()),
            Value::Array(items) => {
                items.iter().try_for_each(alternative)?;
                count.keys += 1;
                count.combinations = count.combinations.saturating_mul(items.len().saturating_mul(depth));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                return Err(format!("\"{name}\" must be an object or an array"));
            }
        }
    }
    Ok(())
}

fn alternative(item: &Value) -> Result<(), String> {
    let members = match item {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return Ok(()),
        Value::Array(_) => return Err("Match value must be String, number, true, false, or null".to_owned()),
        Value::Object(members) => members,
    };
    let mut operators = members.keys();
    match (operators.next(), operators.next()) {
        (Some(only), None) if OPERATORS.contains(&only.as_str()) => Ok(()),
        (Some(only), None) => Err(format!("Unrecognized match type {only}")),
        _ => Err("Only one key allowed in match expression".to_owned()),
    }
}
