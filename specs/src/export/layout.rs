//! How a resource is laid out in TOML.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::FILE;
use crate::shape::{Shape, TableShape};

/// How wide a file may be.
const WIDTH: usize = 110;

/// The element of a statement that can be long without being a list.
const CONDITION: &str = "condition";

/// `[kind.name]` with its fields, and behind it the tables that need a header of their own.
///
/// `shape` is that of the kind's table; fields it does not have (`tags`, `protect`) stand among the others.
#[must_use]
pub fn block(kind: &str, name: &str, fields: &Map<String, Value>, shape: &TableShape) -> String {
    let mut page = Page { text: String::new(), width: WIDTH };
    page.table(&[kind, name], fields, shape, ONE);
    page.text
}

/// Statements under `[[…]]` with this path, in lines of at most `width` characters as far as lists can be broken.
#[must_use]
pub fn statements(path: &[&str], statements: &[Value], width: usize) -> String {
    let mut page = Page { text: String::new(), width };
    page.headed(path, &Headed::Statements(statements));
    page.text.trim_start().to_owned()
}

/// Around the header of a table.
const ONE: [&str; 2] = ["[", "]"];
/// Around that of a member of a list.
const EACH: [&str; 2] = ["[[", "]]"];

/// How far the members of a broken list stand to the right.
const INDENT: usize = 2;

struct Page {
    text: String,
    /// Longer lines are broken where TOML allows it: in lists.
    width: usize,
}

/// What stands behind the fields, with a header of its own.
enum Headed<'v> {
    /// `[[…]]`, once for each.
    Statements(&'v [Value]),
    /// `[…]`, with values of no known shape.
    Plain(&'v Map<String, Value>),
    /// `[…]`, with fields.
    Table(&'v Map<String, Value>, &'v TableShape),
    /// `[[…]]` with fields, once for each.
    Tables(&'v [Value], &'v TableShape),
}

impl Page {
    fn table(&mut self, path: &[&str], fields: &Map<String, Value>, shape: &TableShape, [open, close]: [&str; 2]) {
        let mut lines = Vec::new();
        let mut headed: Vec<(Vec<&str>, Headed<'_>)> = Vec::new();
        for (key, value) in fields {
            let of_key = shape.fields.iter().find(|field| field.name == key).map(|field| &field.shape);
            match (of_key, value) {
                (Some(Shape::Policy), Value::Array(statements)) => {
                    headed.push((vec![key], Headed::Statements(statements)));
                }
                (Some(Shape::Map(item)), Value::Object(members)) if has_headers(item) => {
                    headed.extend(
                        members
                            .iter()
                            .filter_map(|(name, member)| Some((vec![key.as_str(), name], headed_of(member, item)?))),
                    );
                }
                (Some(Shape::Table(table)), Value::Object(members))
                    if is_long(key, value, self.width) || has_headed(members, table) =>
                {
                    headed.push((vec![key], Headed::Table(members, table)));
                }
                (Some(Shape::List(item)), Value::Array(items)) => match &**item {
                    Shape::Table(table) if items.iter().any(is_long_item) => {
                        headed.push((vec![key], Headed::Tables(items, table)));
                    }
                    _ => lines.push((key.as_str(), value)),
                },
                (Some(Shape::Json), Value::Object(members)) if is_long(key, value, self.width) => {
                    headed.push((vec![key], Headed::Plain(members)));
                }
                (_, value) => lines.push((key.as_str(), value)),
            }
        }
        // A table within the resource that holds but tables needs no header: theirs name it.
        let is_named_below = path.len() > 2 && [open, close] == ONE && lines.is_empty() && !headed.is_empty();
        if !is_named_below {
            let space = if self.text.is_empty() { "" } else { "\n" };
            let _ = writeln!(self.text, "{space}{open}{}{close}", header(path));
        }
        self.lines(&lines);
        for (more, headed) in headed {
            let path: Vec<&str> = path.iter().copied().chain(more).collect();
            self.headed(&path, &headed);
        }
    }

    fn headed(&mut self, path: &[&str], headed: &Headed<'_>) {
        match headed {
            Headed::Statements(statements) => {
                for statement in statements.iter().filter_map(Value::as_object) {
                    self.statement(path, statement);
                }
            }
            Headed::Plain(members) => {
                let _ = writeln!(self.text, "\n[{}]", header(path));
                self.lines(&members.iter().map(|(key, value)| (key.as_str(), value)).collect::<Vec<_>>());
            }
            Headed::Table(members, shape) => self.table(path, members, shape, ONE),
            Headed::Tables(items, shape) => {
                for members in items.iter().filter_map(Value::as_object) {
                    self.table(path, members, shape, EACH);
                }
            }
        }
    }

    /// A condition of many parts has a header of its own; it is the last element of a statement.
    fn statement(&mut self, path: &[&str], elements: &Map<String, Value>) {
        let _ = writeln!(self.text, "\n[[{}]]", header(path));
        let (long, lines): (Vec<_>, Vec<_>) = elements
            .iter()
            .map(|(key, value)| (key.as_str(), value))
            .partition(|(key, value)| *key == CONDITION && is_long(key, value, self.width));
        self.lines(&lines);
        for (key, members) in long.into_iter().filter_map(|(key, value)| Some((key, value.as_object()?))) {
            let path: Vec<&str> = path.iter().copied().chain([key]).collect();
            let _ = writeln!(self.text, "[{}]", header(&path));
            self.lines(&members.iter().map(|(key, value)| (key.as_str(), value)).collect::<Vec<_>>());
        }
    }

    /// Keys and values, one below the other.
    fn lines(&mut self, lines: &[(&str, &Value)]) {
        let width = lines.iter().map(|(name, _)| key(name).chars().count()).max().unwrap_or_default();
        for (name, value) in lines {
            let front = format!("{:width$} = ", key(name));
            let line = self::value(value);
            let fits = front.chars().count() + line.chars().count() <= self.width;
            let value = if fits { line } else { broken(value) };
            let _ = writeln!(self.text, "{front}{value}");
        }
    }
}

fn headed_of<'v>(member: &'v Value, shape: &'v Shape) -> Option<Headed<'v>> {
    match (member, shape) {
        (Value::Array(statements), _) => Some(Headed::Statements(statements)),
        (Value::Object(members), Shape::Table(table)) => Some(Headed::Table(members, table)),
        (Value::Object(members), _) => members.contains_key(FILE).then_some(Headed::Plain(members)),
        (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_), _) => None,
    }
}

/// Whether each value of a map has a header of its own.
fn has_headers(item: &Shape) -> bool {
    matches!(item, Shape::Policy | Shape::Table(_))
}

/// Whether there is something in a table that has a header of its own, however short it is.
fn has_headed(members: &Map<String, Value>, shape: &TableShape) -> bool {
    shape.fields.iter().any(|field| {
        let map = members.get(field.name).and_then(Value::as_object);
        matches!(&field.shape, Shape::Map(item) if has_headers(item)) && map.is_some_and(|map| !map.is_empty())
    })
}

/// Whether a member of a list is too long for a line of its own.
fn is_long_item(item: &Value) -> bool {
    item.is_object() && INDENT + self::value(item).chars().count() + 1 > WIDTH
}

fn is_long(name: &str, value: &Value, width: usize) -> bool {
    key(name).chars().count() + 3 + self::value(value).chars().count() > width
}

fn header(path: &[&str]) -> String {
    path.iter().map(|part| key(part)).collect::<Vec<_>>().join(".")
}

/// A key, with quotation marks where it needs them.
fn key(name: &str) -> String {
    toml_edit::Key::new(name).to_string()
}

/// A value on one line.
#[must_use]
pub fn value(value: &Value) -> String {
    match value {
        Value::Null => "\"\"".to_owned(),
        Value::Bool(boolean) => boolean.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => toml_edit::Value::from(text.as_str()).to_string(),
        Value::Array(items) => format!("[{}]", items.iter().map(self::value).collect::<Vec<_>>().join(", ")),
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => members_of(members, self::value),
    }
}

fn members_of(members: &Map<String, Value>, write: fn(&Value) -> String) -> String {
    let members = members.iter().map(|(name, value)| format!("{} = {}", key(name), write(value)));
    format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
}

/// A value with the members of its lists on lines of their own.
fn broken(value: &Value) -> String {
    match value {
        Value::Array(items) if items.len() > 1 => {
            let items: String = items.iter().map(|item| format!("{:INDENT$}{},\n", "", self::value(item))).collect();
            format!("[\n{items}]")
        }
        Value::Object(members) => members_of(members, broken),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => self::value(value),
    }
}
