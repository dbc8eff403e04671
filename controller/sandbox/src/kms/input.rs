//! The body of a call, read with the bounds of the API model.

use serde_json::{Map, Value};

use super::failure::Failure;

/// The members of a request.
#[derive(Debug)]
pub(super) struct Input(Map<String, Value>);

impl Input {
    /// Reads the body; an empty one counts as `{}`.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Failure> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(Map::new()));
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            Ok(_) => Err(Failure::new("SerializationException", "The body is not a JSON object.")),
            Err(error) => Err(Failure::new("SerializationException", error.to_string())),
        }
    }

    /// The member, if it is there and not null.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// An optional string.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Failure> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong_type(name, "a string")),
        }
    }

    /// An optional string of so many characters.
    pub(super) fn text_within(&self, name: &str, min: usize, max: usize) -> Result<Option<&str>, Failure> {
        let text = self.text(name)?;
        if let Some(text) = text {
            check_length(text, &member(name), min, max)?;
        }
        Ok(text)
    }

    /// A string that must be there, of at least one character.
    pub(super) fn required(&self, name: &str, max: usize) -> Result<&str, Failure> {
        self.text_within(name, 1, max)?.ok_or_else(|| missing(name))
    }

    /// An optional string out of a set.
    pub(super) fn one_of(&self, name: &str, allowed: &[&str]) -> Result<Option<&str>, Failure> {
        let text = self.text(name)?;
        match text {
            Some(text) if !allowed.contains(&text) => {
                let set = allowed.join(", ");
                Err(Failure::constraint(
                    &format!("'{text}'"),
                    &member(name),
                    &format!("satisfy enum value set: [{set}]"),
                ))
            }
            _ => Ok(text),
        }
    }

    /// An optional boolean.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Failure> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(wrong_type(name, "a boolean")),
        }
    }

    /// An optional whole number between two bounds, both included.
    pub(super) fn number_within(&self, name: &str, min: i64, max: i64) -> Result<Option<i64>, Failure> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let number = value.as_i64().ok_or_else(|| wrong_type(name, "a whole number"))?;
        if number < min {
            let bound = format!("have value greater than or equal to {min}");
            return Err(Failure::constraint(&format!("'{number}'"), &member(name), &bound));
        }
        if number > max {
            let bound = format!("have value less than or equal to {max}");
            return Err(Failure::constraint(&format!("'{number}'"), &member(name), &bound));
        }
        Ok(Some(number))
    }

    /// An optional list.
    pub(super) fn list(&self, name: &str) -> Result<Option<&[Value]>, Failure> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(wrong_type(name, "a list")),
        }
    }

    /// An optional list of strings.
    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Failure> {
        let Some(items) = self.list(name)? else { return Ok(None) };
        items
            .iter()
            .map(|item| item.as_str().map(str::to_owned).ok_or_else(|| wrong_type(name, "a list of strings")))
            .collect::<Result<Vec<_>, _>>()
            .map(Some)
    }

    /// An optional object.
    pub(super) fn object(&self, name: &str) -> Result<Option<&Map<String, Value>>, Failure> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(members)),
            Some(_) => Err(wrong_type(name, "an object")),
        }
    }
}

/// A required member that is not there.
pub(super) fn missing(name: &str) -> Failure {
    Failure::constraint("null", &member(name), "not be null")
}

/// Checks a string's length in characters.
pub(super) fn check_length(text: &str, member: &str, min: usize, max: usize) -> Result<(), Failure> {
    let length = text.chars().count();
    if length < min {
        let bound = format!("have length greater than or equal to {min}");
        return Err(Failure::constraint(&format!("'{text}'"), member, &bound));
    }
    if length > max {
        let bound = format!("have length less than or equal to {max}");
        return Err(Failure::constraint(&format!("'{text}'"), member, &bound));
    }
    Ok(())
}

fn wrong_type(name: &str, wanted: &str) -> Failure {
    Failure::new("SerializationException", format!("{name} is not {wanted}."))
}

/// The validator speaks of members in camel case.
fn member(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase().to_string() + letters.as_str()).unwrap_or_default()
}
