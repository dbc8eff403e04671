//! The body of a call, ids, and lists in pages.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::state::Tags;
use crate::principals::is_account_id;

/// The most of a page, and what it holds when nothing is said.
const PAGE_MAX: usize = 20;
/// Source: <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_tagging.html>.
pub(super) const TAGS_MAX: usize = 50;

/// The members of a request.
#[derive(Debug)]
pub(super) struct Input(Map<String, Value>);

impl Input {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Failure> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            Ok(_) | Err(_) => Err(Failure::new("SerializationException", "The body is not a JSON object.")),
        }
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Failure> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Failure::new("SerializationException", format!("{name} is not a string."))),
        }
    }

    /// A member that must be there.
    pub(super) fn required(&self, name: &str) -> Result<&str, Failure> {
        self.text(name)?
            .ok_or_else(|| Failure::invalid("INPUT_REQUIRED", format!("You must provide a value for {name}.")))
    }

    /// A text of 1 to `max` characters.
    pub(super) fn named(&self, name: &str, max: usize) -> Result<&str, Failure> {
        let text = self.required(name)?;
        if text.is_empty() {
            return Err(Failure::invalid("MIN_LENGTH_EXCEEDED", format!("{name} is too short.")));
        }
        if text.chars().count() > max {
            return Err(Failure::invalid("MAX_LENGTH_EXCEEDED", format!("{name} is too long.")));
        }
        Ok(text)
    }

    /// An id, held to its shape.
    pub(super) fn id(&self, name: &str, is_one: fn(&str) -> bool) -> Result<&str, Failure> {
        let id = self.required(name)?;
        if is_one(id) {
            return Ok(id);
        }
        Err(Failure::invalid("INVALID_PATTERN", "You provided a value that does not match the required pattern."))
    }

    /// One of some words.
    pub(super) fn word(&self, name: &str, words: &[&'static str]) -> Result<&'static str, Failure> {
        let word = self.required(name)?;
        let known = words.iter().find(|known| **known == word).copied();
        known.ok_or_else(|| Failure::invalid("INVALID_ENUM", "You specified an invalid value."))
    }

    fn list(&self, name: &str) -> Result<&[Value], Failure> {
        match self.value(name) {
            None => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(Failure::new("SerializationException", format!("{name} is not a list."))),
        }
    }

    pub(super) fn texts(&self, name: &str) -> Result<Vec<&str>, Failure> {
        let texts: Option<Vec<&str>> = self.list(name)?.iter().map(Value::as_str).collect();
        texts.ok_or_else(|| Failure::new("SerializationException", format!("{name} is not a list of strings.")))
    }

    /// The member `Tags`, checked.
    pub(super) fn tags(&self) -> Result<Tags, Failure> {
        let mut tags = Tags::new();
        for item in self.list("Tags")? {
            let text = |name: &str| item.get(name).and_then(Value::as_str);
            let (Some(key), Some(value)) = (text("Key"), text("Value")) else {
                return Err(Failure::invalid("INPUT_REQUIRED", "A tag must have a key and a value."));
            };
            let sound = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
            if key.is_empty() || !key.chars().all(sound) || !value.chars().all(sound) {
                return Err(Failure::invalid("INVALID_PATTERN", format!("The tag {key:?} is not valid.")));
            }
            if key.chars().count() > 128 || value.chars().count() > 256 {
                return Err(Failure::invalid("MAX_LENGTH_EXCEEDED", format!("The tag {key:?} is too long.")));
            }
            if key.to_ascii_lowercase().starts_with("aws:") {
                return Err(Failure::invalid("INVALID_SYSTEM_TAGS_PARAMETER", "You can't add system tags."));
            }
            if tags.insert(key.to_owned(), value.to_owned()).is_some() {
                return Err(Failure::invalid("DUPLICATE_TAG_KEY", format!("The tag key {key:?} is given twice.")));
            }
        }
        if tags.len() > TAGS_MAX {
            return Err(Failure::constraint("MAX_TAG_LIMIT_EXCEEDED", format!("At most {TAGS_MAX} tags are allowed.")));
        }
        Ok(tags)
    }

    /// A page of things, each under its key in their order, from where `NextToken` says.
    pub(super) fn page(&self, member: &str, things: Vec<(String, Value)>) -> Result<Value, Failure> {
        let size = match self.value("MaxResults") {
            None => PAGE_MAX,
            Some(value) => match value.as_u64().and_then(|size| usize::try_from(size).ok()) {
                Some(0) | None => return Err(Failure::invalid("MIN_VALUE_EXCEEDED", "MaxResults is at least 1.")),
                Some(size) if size > PAGE_MAX => {
                    return Err(Failure::invalid("MAX_VALUE_EXCEEDED", format!("MaxResults is at most {PAGE_MAX}.")));
                }
                Some(size) => size,
            },
        };
        let after = match self.text("NextToken")? {
            None => String::new(),
            Some(token) => STANDARD
                .decode(token)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .ok_or_else(|| Failure::invalid("INVALID_NEXT_TOKEN", "The token is not valid."))?,
        };
        let mut rest = things.into_iter().filter(|(key, _)| *key > after);
        let page: Vec<(String, Value)> = rest.by_ref().take(size).collect();
        let next = page.last().filter(|_| rest.next().is_some()).map(|(last, _)| STANDARD.encode(last));
        let shown: Vec<Value> = page.into_iter().map(|(_, value)| value).collect();
        let mut reply = json!({ member: shown });
        if let Some(next) = next {
            reply["NextToken"] = Value::String(next);
        }
        Ok(reply)
    }
}

fn is_code(text: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// Source of all shapes: the patterns of the API reference's parameters.
pub(super) fn is_root(text: &str) -> bool {
    text.strip_prefix("r-").is_some_and(|code| is_code(code, 4..=32))
}

pub(super) fn is_unit(text: &str) -> bool {
    let parts = text.strip_prefix("ou-").and_then(|rest| rest.split_once('-'));
    parts.is_some_and(|(root, code)| is_code(root, 4..=32) && is_code(code, 8..=32))
}

pub(super) fn is_account(text: &str) -> bool {
    is_account_id(text)
}

pub(super) fn is_parent(text: &str) -> bool {
    is_root(text) || is_unit(text)
}

pub(super) fn is_child(text: &str) -> bool {
    is_account(text) || is_unit(text)
}

pub(super) fn is_target(text: &str) -> bool {
    is_parent(text) || is_account(text)
}

pub(super) fn is_policy(text: &str) -> bool {
    let code = text.strip_prefix("p-").unwrap_or_default();
    (8..=128).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

pub(super) fn is_taggable(text: &str) -> bool {
    is_target(text) || is_policy(text)
}

pub(super) fn is_request(text: &str) -> bool {
    text.strip_prefix("car-").is_some_and(|code| is_code(code, 8..=32))
}
