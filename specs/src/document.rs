//! JSON documents as specs write them: a TOML table, or a JSON file, with `${…}` working in their strings.

use std::sync::Arc;

use serde_json::{Map, Number};

use crate::decode::{Decode, Decoder};
use crate::policy_file::PolicyFile;
use crate::policy_text;
use crate::resolve::Walk;
use crate::shape::Shape;
use crate::span::Span;
use crate::text::Text;
use crate::value::{Data, Value};

/// A JSON document of a spec, still with its references.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonSpec {
    span: Span,
    source: Source,
}

#[derive(Debug, Clone, PartialEq)]
enum Source {
    Table(Node),
    File(Arc<PolicyFile>),
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Text(Text),
    /// A list of nothing but strings, of which one may stand for several.
    Texts(Vec<Text>),
    Plain(serde_json::Value),
    List(Vec<Node>),
    Table(Vec<(String, Node)>),
}

impl JsonSpec {
    /// The place.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// The document, or why the file with its values is none.
    pub(crate) fn resolve(&self, walk: &mut Walk<'_>) -> Result<serde_json::Value, String> {
        match &self.source {
            Source::Table(node) => Ok(node.resolve(walk)),
            Source::File(file) => {
                serde_json::from_str(&policy_text::write_file(file, walk)).map_err(|error| error.to_string())
            }
        }
    }
}

impl Node {
    fn resolve(&self, walk: &mut Walk<'_>) -> serde_json::Value {
        match self {
            Self::Text(text) => walk.text(text).into(),
            Self::Texts(texts) => walk.texts(texts).into(),
            Self::Plain(value) => value.clone(),
            Self::List(nodes) => nodes.iter().map(|node| node.resolve(walk)).collect(),
            Self::Table(members) => {
                let members = members.iter().map(|(key, node)| (key.clone(), node.resolve(walk)));
                serde_json::Value::Object(members.collect::<Map<_, _>>())
            }
        }
    }

    fn decode(value: &Value, cx: &mut Decoder<'_>) -> Option<Self> {
        match &value.data {
            Data::String(text) => cx.text(text, value.span).map(Self::Text),
            Data::Integer(integer) => Some(Self::Plain((*integer).into())),
            Data::Float(float) => match Number::from_f64(*float) {
                Some(number) => Some(Self::Plain(number.into())),
                None => {
                    cx.mismatch(value, "a number that JSON has");
                    None
                }
            },
            Data::Boolean(boolean) => Some(Self::Plain((*boolean).into())),
            Data::Array(items) if items.iter().all(|item| matches!(item.data, Data::String(_))) => {
                Vec::<Text>::decode(value, cx).map(Self::Texts)
            }
            Data::Array(items) => {
                let nodes: Vec<Option<Self>> = items.iter().map(|item| Self::decode(item, cx)).collect();
                nodes.into_iter().collect::<Option<Vec<_>>>().map(Self::List)
            }
            Data::Table(table) => {
                let members: Vec<Option<(String, Self)>> =
                    table.iter().map(|entry| Some((entry.key.clone(), Self::decode(&entry.value, cx)?))).collect();
                members.into_iter().collect::<Option<Vec<_>>>().map(Self::Table)
            }
            Data::Datetime(_) => {
                cx.mismatch(value, "a value that JSON has: dates are strings there");
                None
            }
            Data::Unreadable => None,
        }
    }
}

impl Decode for JsonSpec {
    fn shape() -> Shape {
        Shape::Json
    }

    fn decode(value: &Value, cx: &mut Decoder<'_>) -> Option<Self> {
        let Data::Table(table) = &value.data else {
            cx.mismatch(value, &Shape::Json.describe());
            return None;
        };
        let mut entries = table.iter();
        if let (Some(only), None) = (entries.next(), entries.next())
            && only.key == "file"
            && let Data::String(_) = only.value.data
        {
            let path = String::decode(&only.value, cx)?;
            let source = PolicyFile::load(&path, only.value.span, cx).map(Source::File)?;
            return Some(Self { span: value.span, source });
        }
        Node::decode(value, cx).map(|node| Self { span: value.span, source: Source::Table(node) })
    }
}
