//! The statements of a text, one by one, each with its places.

use std::collections::BTreeSet;
use std::ops::Range;

use jsonc_parser::ast::{Object, Value};

use super::reader::{Reader, span};
use crate::policy::json;
use crate::policy::model::{Statement, Use};

/// One statement, and where in the text it and its elements are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlacedStatement {
    /// In canonical form.
    pub(crate) statement: Statement,
    /// All of it.
    pub(crate) at: Range<usize>,
    /// The value of each element, by AWS's name for the element.
    pub(crate) elements: Vec<(String, Range<usize>)>,
}

/// The statements of a text that was read without errors, in the order they are written.
pub(crate) fn placed(text: &str, use_: Use) -> Vec<PlacedStatement> {
    let bare = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let offset = text.len() - bare.len();
    let Ok(Value::Object(document)) = json::tree(bare) else { return Vec::new() };
    let Some(written) = document.properties.iter().find(|property| property.name.as_str() == "Statement") else {
        return Vec::new();
    };
    let mut reader = Reader { strict: Some(use_), offset, path: Vec::new(), errors: Vec::new(), sids: BTreeSet::new() };
    let mut one = |value: &Value<'_>| {
        let statement = reader.statement(value)?.canonical();
        let Value::Object(object) = value else { return None };
        let moved = |at: Range<usize>| at.start + offset..at.end + offset;
        let elements = elements(object).into_iter().map(|(name, at)| (name, moved(at))).collect();
        Some(PlacedStatement { statement, at: moved(span(value)), elements })
    };
    match &written.value {
        Value::Array(list) => list.elements.iter().filter_map(one).collect(),
        value => one(value).into_iter().collect(),
    }
}

fn elements(object: &Object<'_>) -> Vec<(String, Range<usize>)> {
    object.properties.iter().map(|property| (property.name.as_str().to_owned(), span(&property.value))).collect()
}
