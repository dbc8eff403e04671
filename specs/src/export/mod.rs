//! From what a resource is back to the TOML a person would write for it.
//!
//! A resource comes as the JSON of its model, whose members mostly have the names of the spec's own fields. [`fields`] keeps
//! what the spec has a word for, [`block`] lays it out as the examples are: short things on lines of their own, policies as
//! lists of statements behind them.

mod layout;
mod statements;

use serde_json::{Map, Value};

use crate::shape::{Shape, TableShape};

pub use layout::{block, statements, value};
pub use statements::of as statements_of;

/// The key by which a field names its file; as long as the file has no path, what stands in it is behind the key: a JSON document, or
/// what [`text_file`] puts there.
pub const FILE: &str = "file";

const TEXT: &str = "text";
const EXTENSION: &str = "extension";

/// A field that names a file with this text. `extension` is how the file's name ends, without the dot.
#[must_use]
pub fn text_file(text: &str, extension: &str) -> Value {
    let file = [(TEXT, text), (EXTENSION, extension)];
    let file: Map<String, Value> = file.into_iter().map(|(key, value)| (key.to_owned(), Value::from(value))).collect();
    Value::Object([(FILE.to_owned(), Value::Object(file))].into_iter().collect())
}

/// A file that a table names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFile {
    /// How its name ends, without the dot.
    pub extension: String,
    /// What stands in it.
    pub text: String,
}

impl NamedFile {
    /// The extension of documents.
    pub const JSON: &str = "json";

    /// What is behind the key [`FILE`].
    #[must_use]
    pub fn of(behind: &Value) -> Self {
        let text = |key: &str| behind.get(key).and_then(Value::as_str).map(str::to_owned);
        let is_text = behind.as_object().is_some_and(|members| members.len() == 2);
        match (text(EXTENSION), text(TEXT)) {
            (Some(extension), Some(text)) if is_text => Self { extension, text },
            _ => Self { extension: Self::JSON.to_owned(), text: format!("{behind:#}\n") },
        }
    }
}

/// The fields of a spec, in the spec's order, out of the JSON of a model.
///
/// Nulls, and members the spec has no word for, are left out. A policy, which comes as AWS's JSON, becomes a list of
/// statements; one that statements can't say (with an `Id`, or in the language's version of 2008) becomes `{ "file": … }` with
/// the document in it. `partition` is that of the resource's ARNs: an account's root is named by the account's id.
#[must_use]
pub fn fields(model: &Value, shape: &TableShape, partition: &str) -> Map<String, Value> {
    let Value::Object(model) = model else { return Map::new() };
    let found = shape.fields.iter().filter_map(|field| {
        let value = written(model.get(field.name)?, &field.shape, partition)?;
        Some((field.name.to_owned(), value))
    });
    found.collect()
}

fn written(value: &Value, shape: &Shape, partition: &str) -> Option<Value> {
    match (shape, value) {
        (_, Value::Null) => None,
        (Shape::Policy, Value::Object(document)) => Some(match statements::of(document, partition) {
            Some(statements) => statements,
            None => Value::Object([(FILE.to_owned(), value.clone())].into_iter().collect()),
        }),
        (Shape::OneOrMany(item), Value::Array(items)) if items.len() == 1 => written(items.first()?, item, partition),
        (Shape::OneOrMany(item) | Shape::List(item), Value::Array(items)) => {
            Some(items.iter().filter_map(|one| written(one, item, partition)).collect())
        }
        (Shape::OneOrMany(item), one) => written(one, item, partition),
        (Shape::Map(item), Value::Object(map)) => {
            let items = map.iter().filter_map(|(key, one)| Some((key.clone(), written(one, item, partition)?)));
            Some(Value::Object(items.collect()))
        }
        (Shape::Table(table), Value::Object(_)) => Some(Value::Object(fields(value, table, partition))),
        (
            Shape::Text
            | Shape::String
            | Shape::Boolean
            | Shape::Integer { .. }
            | Shape::Words(_)
            | Shape::Reference { .. }
            | Shape::Policy
            | Shape::Json
            | Shape::List(_)
            | Shape::Map(_)
            | Shape::Table(_),
            other,
        ) => Some(other.clone()),
    }
}

#[cfg(test)]
mod tests;
