//! What a spec may hold, as data: for the reference, the JSON Schema and suggestions.

/// What a value may be.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A string in which `${…}` works.
    Text,
    /// A string without references.
    String,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// One of some words, each with its explanation.
    Words(&'static [(&'static str, &'static str)]),
    /// The address of a resource, or a literal.
    Reference {
        /// The kinds the resource may be of.
        kinds: &'static [&'static str],
        /// What the literal is: "an ARN".
        literal: &'static str,
    },
    /// Statements, or a file.
    Policy,
    /// A table that becomes a JSON object, or a file.
    Json,
    /// One value, or a list of them.
    OneOrMany(Box<Shape>),
    /// A list.
    List(Box<Shape>),
    /// A table with keys of one's own.
    Map(Box<Shape>),
    /// A table with known keys.
    Table(TableShape),
}

/// A table with known keys.
#[derive(Debug, Clone, PartialEq)]
pub struct TableShape {
    /// What the table is for.
    pub doc: &'static str,
    /// Its keys.
    pub fields: Vec<FieldShape>,
}

/// A key of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldShape {
    /// The key.
    pub name: &'static str,
    /// What it is for, and its default.
    pub doc: &'static str,
    /// Whether the table is incomplete without it.
    pub required: bool,
    /// What it may be.
    pub shape: Shape,
}

impl Shape {
    /// The shape in a few words: `a string`, `a list of tables`, ….
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Shape::Text | Shape::String => "a string".to_owned(),
            Shape::Boolean => "true or false".to_owned(),
            Shape::Integer { min, max } if (*min, *max) == (i64::MIN, i64::MAX) => "a whole number".to_owned(),
            Shape::Integer { min, max } => format!("a whole number from {min} to {max}"),
            Shape::Words(words) => {
                let quoted: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
                format!("one of {}", quoted.join(", "))
            }
            Shape::Reference { kinds, literal } => {
                let addresses: Vec<String> = kinds.iter().map(|kind| format!("\"{kind}.NAME\"")).collect();
                format!("{} or {literal}", addresses.join(", "))
            }
            Shape::Json => "a table, or { file = \"…\" }".to_owned(),
            Shape::Policy => "a list of statements, or { file = \"…\" }".to_owned(),
            Shape::OneOrMany(item) => format!("{}, or a list of them", item.describe()),
            Shape::List(item) => format!("a list, each {}", item.describe()),
            Shape::Map(item) => format!("a table, each value {}", item.describe()),
            Shape::Table(_) => "a table".to_owned(),
        }
    }
}
