//! The grammar of event patterns.
//!
//! Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>.

use serde_json::{Map, Value};

/// What is wrong with a pattern.
pub(super) fn check(text: &str) -> Result<(), String> {
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(members)) if members.is_empty() => Err("Empty event pattern".to_owned()),
        Ok(Value::Object(members)) => object(&members),
        Ok(_) => Err("Filter is not an object".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn object(members: &Map<String, Value>) -> Result<(), String> {
    if members.is_empty() {
        return Err("Empty objects are not allowed".to_owned());
    }
    for (name, value) in members {
        match value {
            Value::Object(inner) => object(inner)?,
            Value::Array(items) if items.is_empty() => return Err("Empty arrays are not allowed".to_owned()),
            Value::Array(items) if name == "$or" => {
                for item in items {
                    object(item.as_object().ok_or("\"$or\" must be an array of objects")?)?;
                }
            }
            Value::Array(items) => items.iter().try_for_each(alternative)?,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
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
    let mut operators = members.iter();
    let (Some((operator, value)), None) = (operators.next(), operators.next()) else {
        return Err("Only one key allowed in match expression".to_owned());
    };
    let sound = match operator.as_str() {
        "prefix" | "suffix" => value.is_string() || value.get("equals-ignore-case").is_some_and(Value::is_string),
        "equals-ignore-case" | "wildcard" | "cidr" => value.is_string(),
        "exists" => value.is_boolean(),
        "anything-but" => !value.is_null(),
        "numeric" => value.as_array().is_some_and(|list| comparison(list)),
        _ => return Err(format!("Unrecognized match type {operator}")),
    };
    if sound { Ok(()) } else { Err(format!("The value of {operator} is not valid")) }
}

/// One or two comparisons: an operator and a number each.
fn comparison(list: &[Value]) -> bool {
    let pairs = list.chunks(2).all(|pair| match pair {
        [Value::String(operator), number] => {
            ["<", "<=", ">", ">=", "="].contains(&operator.as_str()) && number.is_number()
        }
        _ => false,
    });
    pairs && [2, 4].contains(&list.len())
}
