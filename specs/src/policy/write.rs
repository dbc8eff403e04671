//! From a document to the JSON that AWS takes.

use std::collections::BTreeMap;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::caseless::Caseless;
use super::condition::Conditions;
use super::model::{Actions, Document, Principal, Principals, Resources, Statement, Use};
use super::unknown::known_part;
use crate::few::Few;

impl Document {
    /// The JSON that is sent: compact, a list of one as its one value, always the same for the same document.
    #[must_use]
    pub fn to_json(&self) -> String {
        value(self).to_string()
    }

    /// The same JSON over several lines, indented by two spaces.
    #[must_use]
    pub fn to_pretty(&self) -> String {
        format!("{:#}", value(self))
    }

    /// The size of [`to_json`](Self::to_json) as AWS counts it; see [`Use::size_max`].
    ///
    /// IAM counts characters and no white space
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>), all others count bytes.
    /// Values not known yet count nothing, so that with them it is the least the size can be.
    #[must_use]
    pub fn size(&self, use_: Use) -> usize {
        let json = self.to_json();
        let known = known_part(&json);
        if use_.is_kept_by_iam() { known.chars().filter(|char| !char.is_whitespace()).count() } else { known.len() }
    }
}

/// As the JSON AWS takes, so that a saved model is what would be sent.
impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        value(self).serialize(serializer)
    }
}

/// From the JSON AWS takes, by the rules of [`Document::from_live`].
impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::from_live(&value.to_string()).map_err(|errors| {
            let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
            D::Error::custom(errors.join("; "))
        })
    }
}

fn value(document: &Document) -> Value {
    let Document { version, id, statements } = document;
    let mut object = Map::new();
    object.insert("Version".to_owned(), version.as_str().into());
    if let Some(id) = id {
        object.insert("Id".to_owned(), id.as_str().into());
    }
    object.insert("Statement".to_owned(), statements.iter().map(statement_json).collect());
    Value::Object(object)
}

/// One statement as documents write it.
pub(super) fn statement_json(statement: &Statement) -> Value {
    let Statement { sid, effect, principal, action, resource, condition } = statement;
    let mut object = Map::new();
    if let Some(sid) = sid {
        object.insert("Sid".to_owned(), sid.as_str().into());
    }
    object.insert("Effect".to_owned(), effect.as_str().into());
    match principal {
        None => {}
        Some(Principals::Is(named)) => {
            object.insert("Principal".to_owned(), principals(named));
        }
        Some(Principals::Not(named)) => {
            object.insert("NotPrincipal".to_owned(), principals(named));
        }
    }
    match action {
        // The element left out means the same, and is what was there.
        Actions::Is(actions) if actions.is_empty() => {}
        Actions::Is(actions) => {
            object.insert("Action".to_owned(), list(actions.iter().map(Caseless::as_str)));
        }
        Actions::Not(actions) => {
            object.insert("NotAction".to_owned(), list(actions.iter().map(Caseless::as_str)));
        }
    }
    match resource {
        None => {}
        Some(Resources::Is(resources)) => {
            object.insert("Resource".to_owned(), list(resources.iter().map(String::as_str)));
        }
        Some(Resources::Not(resources)) => {
            object.insert("NotResource".to_owned(), list(resources.iter().map(String::as_str)));
        }
    }
    if !condition.is_empty() {
        object.insert("Condition".to_owned(), conditions(condition));
    }
    Value::Object(object)
}

fn principals(named: &Few<Principal>) -> Value {
    if named.len() == 1 && named.contains(&Principal::Everyone) {
        return "*".into();
    }
    let mut by_key: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for principal in named {
        let (key, value) = principal.parts();
        by_key.entry(key).or_default().push(value);
    }
    let members = by_key.into_iter().map(|(key, values)| (key.to_owned(), list(values)));
    Value::Object(members.collect())
}

fn conditions(conditions: &Conditions) -> Value {
    let operators = conditions.iter().map(|(operator, keys)| {
        let keys = keys.iter().map(|(key, values)| (key.to_string(), list(values.iter().map(String::as_str))));
        (operator.to_string(), Value::Object(keys.collect()))
    });
    Value::Object(operators.collect())
}

/// A list, or its one value.
fn list<'a>(values: impl IntoIterator<Item = &'a str>) -> Value {
    let mut values: Vec<Value> = values.into_iter().map(Value::from).collect();
    match values.pop() {
        Some(only) if values.is_empty() => only,
        Some(last) => {
            values.push(last);
            Value::Array(values)
        }
        None => Value::Array(values),
    }
}
