//! A call of a JSON 1.1 service: its operation, its members with the bounds of the API's model, and lists in pages.
//!
//! Source: <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use crate::call::{Call, Reply};
use crate::front::refusal::{json_error, json_reply};

/// One refusal: the exception's name and its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// What an operation answers.
pub(crate) type Answer = Result<Value, Failure>;

/// The operation's name behind the service's prefix; empty if it is another service's.
pub(crate) fn operation<'call>(call: &'call Call, prefix: &str) -> &'call str {
    let target = call.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    target.strip_prefix(prefix).unwrap_or_default()
}

/// An operation the sandbox does not have.
pub(crate) fn unknown(service: &str, operation: &str) -> Failure {
    Failure::new(
        "UnknownOperationException",
        format!("The sandbox does not speak the operation {operation:?} of {service}."),
    )
}

/// The answer on the wire; all refusals of these services have the status 400.
pub(crate) fn reply(answer: Answer) -> Reply {
    match answer {
        Ok(value) => json_reply(200, &value),
        Err(Failure { code, message }) => json_error(400, code, &message),
    }
}

/// The members of a request, or of an object in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input<'a> {
    members: &'a Map<String, Value>,
    /// The exception for a member that breaks the API's model.
    invalid: &'static str,
}

/// Reads a body.
///
/// # Errors
///
/// If it is no JSON object.
pub(crate) fn body(call: &Call) -> Result<Map<String, Value>, Failure> {
    match serde_json::from_slice(&call.body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) | Err(_) => Err(Failure::new("SerializationException", "The body is not a JSON object.")),
    }
}

impl<'a> Input<'a> {
    pub(crate) fn new(members: &'a Map<String, Value>, invalid: &'static str) -> Self {
        Self { members, invalid }
    }

    /// A member that breaks a rule.
    pub(crate) fn broken(&self, name: &str, rule: &str) -> Failure {
        Failure::new(
            self.invalid,
            format!("Invalid parameter at '{name}' failed to satisfy constraint: 'Member must {rule}'"),
        )
    }

    /// The member, if it is there and not null.
    pub(crate) fn value(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// An optional string of so many characters.
    pub(crate) fn text(&self, name: &str, min: usize, max: usize) -> Result<Option<&'a str>, Failure> {
        let text = match self.value(name) {
            None => return Ok(None),
            Some(Value::String(text)) => text,
            Some(_) => return Err(wrong_type(name, "a string")),
        };
        let length = text.chars().count();
        if length < min {
            return Err(self.broken(name, &format!("have length greater than or equal to {min}")));
        }
        if length > max {
            return Err(self.broken(name, &format!("have length less than or equal to {max}")));
        }
        Ok(Some(text))
    }

    /// A string that must be there.
    pub(crate) fn required(&self, name: &str, min: usize, max: usize) -> Result<&'a str, Failure> {
        self.text(name, min, max)?.ok_or_else(|| self.broken(name, "not be null"))
    }

    /// An optional string out of a set.
    pub(crate) fn word(&self, name: &str, words: &[&str]) -> Result<Option<&'a str>, Failure> {
        match self.text(name, 0, usize::MAX)? {
            Some(text) if !words.contains(&text) => {
                Err(self.broken(name, &format!("satisfy enum value set: [{}]", words.join(", "))))
            }
            text => Ok(text),
        }
    }

    /// An optional boolean.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Failure> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(wrong_type(name, "a boolean")),
        }
    }

    /// An optional whole number.
    pub(crate) fn number(&self, name: &str, min: i64, max: i64) -> Result<Option<i64>, Failure> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let number = value.as_i64().ok_or_else(|| wrong_type(name, "a whole number"))?;
        if !(min..=max).contains(&number) {
            return Err(self.broken(name, &format!("have value from {min} to {max}")));
        }
        Ok(Some(number))
    }

    /// An optional list of so many items.
    pub(crate) fn list(&self, name: &str, min: usize, max: usize) -> Result<Option<&'a [Value]>, Failure> {
        let items = match self.value(name) {
            None => return Ok(None),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(wrong_type(name, "a list")),
        };
        if !(min..=max).contains(&items.len()) {
            return Err(self.broken(name, &format!("have {min} to {max} items")));
        }
        Ok(Some(items))
    }

    /// An optional list of strings.
    pub(crate) fn texts(&self, name: &str, min: usize, max: usize) -> Result<Option<Vec<&'a str>>, Failure> {
        let Some(items) = self.list(name, min, max)? else { return Ok(None) };
        let texts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
        texts.ok_or_else(|| wrong_type(name, "a list of strings")).map(Some)
    }

    /// An optional object.
    pub(crate) fn object(&self, name: &str) -> Result<Option<Input<'a>>, Failure> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(Input { members, ..*self })),
            Some(_) => Err(wrong_type(name, "an object")),
        }
    }

    /// The objects of a list.
    pub(crate) fn objects(&self, name: &str, min: usize, max: usize) -> Result<Option<Vec<Input<'a>>>, Failure> {
        let Some(items) = self.list(name, min, max)? else { return Ok(None) };
        let objects: Option<Vec<Input<'a>>> =
            items.iter().map(|item| item.as_object().map(|members| Input { members, ..*self })).collect();
        objects.ok_or_else(|| wrong_type(name, "a list of objects")).map(Some)
    }

    /// All members.
    pub(crate) fn members(&self) -> &'a Map<String, Value> {
        self.members
    }

    /// A list of tags `{ Key, Value }`, whose keys are there once.
    pub(crate) fn tags(&self, name: &str, invalid: &'static str) -> Result<BTreeMap<String, String>, Failure> {
        let mut tags = BTreeMap::new();
        for item in self.objects(name, 0, 200)?.unwrap_or_default() {
            let key = item.required("Key", 1, 128)?;
            let value = item.required("Value", 0, 256)?;
            let plain =
                |text: &str| text.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "+-=._:/@".contains(c));
            if key.to_ascii_lowercase().starts_with("aws:") || !plain(key) || !plain(value) {
                return Err(Failure::new(invalid, format!("The tag {key:?} is not valid")));
            }
            if tags.insert(key.to_owned(), value.to_owned()).is_some() {
                return Err(Failure::new(invalid, format!("The tag key {key:?} is given twice")));
            }
        }
        Ok(tags)
    }
}

/// A value of another type than the model's.
pub(crate) fn wrong_type(name: &str, wanted: &str) -> Failure {
    Failure::new("SerializationException", format!("{name} is not {wanted}."))
}

/// Tags as these services list them.
pub(crate) fn shown_tags(tags: &BTreeMap<String, String>) -> Vec<Value> {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

/// A page of items, sorted by their key, that lie behind the token; and the token of the next page.
pub(crate) fn page<T>(
    items: impl IntoIterator<Item = (String, T)>,
    token: Option<&str>,
    size: usize,
    invalid: &'static str,
) -> Result<(Vec<T>, Option<String>), Failure> {
    let after = match token {
        None => None,
        Some(token) => {
            let text = BASE64_STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            Some(text.ok_or_else(|| Failure::new(invalid, "The token is not valid"))?)
        }
    };
    let mut rest = items.into_iter().filter(|(key, _)| after.as_ref().is_none_or(|after| key > after)).peekable();
    let (mut found, mut last) = (Vec::new(), None);
    while found.len() < size
        && let Some((key, item)) = rest.next()
    {
        found.push(item);
        last = Some(key);
    }
    let next = rest.peek().and(last).map(|last| BASE64_STANDARD.encode(last));
    Ok((found, next))
}

/// The world's clock in seconds, as these services write it.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of this era are exact in a double")]
pub(crate) fn seconds(call: &Call) -> f64 {
    (call.now.unix_timestamp_nanos() / 1_000_000) as f64 / 1_000.0
}
