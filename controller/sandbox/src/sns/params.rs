//! The parameters of a call, and what is refused.

use std::collections::BTreeMap;

use crate::call::Call;
use crate::front::parse_pairs;

/// One refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn invalid(why: impl std::fmt::Display) -> Self {
        Self { status: 400, code: "InvalidParameter", message: format!("Invalid parameter: {why}") }
    }

    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }
}

/// The parameters of a call, decoded.
#[derive(Debug)]
pub(super) struct Params(BTreeMap<String, String>);

impl Params {
    pub(super) fn read(call: &Call) -> Self {
        let body = std::str::from_utf8(&call.body).unwrap_or_default();
        Self(call.query.iter().cloned().chain(parse_pairs(body)).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, Fault> {
        self.get(name).ok_or_else(|| Fault::invalid(format!("{name} Reason: no value for required parameter")))
    }

    /// `Name.member.1`, `Name.member.2`, ….
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        (1..).map_while(|index| self.get(&format!("{name}.member.{index}"))).collect()
    }

    /// `Attributes.entry.1.key` and `….value`, ….
    pub(super) fn attributes(&self) -> BTreeMap<&str, &str> {
        let entry = |index: u32| {
            let key = self.get(&format!("Attributes.entry.{index}.key"))?;
            Some((key, self.get(&format!("Attributes.entry.{index}.value")).unwrap_or_default()))
        };
        (1..).map_while(entry).collect()
    }

    /// `Tags.member.1.Key` and `….Value`, …; each key once.
    pub(super) fn tags(&self) -> Result<BTreeMap<String, String>, Fault> {
        let entry = |index: u32| {
            let key = self.get(&format!("Tags.member.{index}.Key"))?;
            Some((key, self.get(&format!("Tags.member.{index}.Value")).unwrap_or_default()))
        };
        let mut tags = BTreeMap::new();
        for (key, value) in (1..).map_while(entry) {
            let plain =
                |text: &str| text.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "+-=._:/@".contains(c));
            let long = key.chars().count() > 128 || value.chars().count() > 256;
            if key.is_empty() || long || !plain(key) || !plain(value) || key.to_ascii_lowercase().starts_with("aws:") {
                return Err(Fault::invalid(format!("Tags Reason: the tag {key:?} is not valid")));
            }
            if tags.insert(key.to_owned(), value.to_owned()).is_some() {
                return Err(Fault::invalid(format!("Tags Reason: the tag key {key:?} is given twice")));
            }
        }
        Ok(tags)
    }
}
