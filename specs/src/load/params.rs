//! The parameters of a template, and what a use gives for them.

use indexmap::IndexMap;

use crate::decode::Decoder;
use crate::diagnostic::{Diagnostic, Problems};
use crate::span::{Sources, Span};
use crate::suggest;
use crate::text::{Finder, Piece, inner, passes_through, split};
use crate::value::{Data, Entry, Table, Value};

crate::words! {
    /// What a parameter holds.
    pub(crate) enum ParameterType {
        /// A string.
        String = "string",
        /// A whole number.
        Integer = "integer",
        /// `true` or `false`.
        Boolean = "boolean",
        /// A list.
        List = "list",
    }
}

/// A parameter a template declares.
#[derive(Debug, Clone)]
pub(crate) struct Declaration {
    pub(crate) sort: ParameterType,
    pub(crate) default: Option<Value>,
    pub(crate) span: Span,
}

/// What the parameters of a template are in one use of it.
#[derive(Debug, Default)]
pub(crate) struct Parameters {
    pub(crate) values: IndexMap<String, Value>,
}

/// A string of a template with its parameters put in.
pub(crate) enum Spliced {
    Text(String),
    /// The string was nothing but a parameter that is a list.
    List(Vec<String>),
    /// There is a problem, and it was told.
    Nothing,
}

/// Reads `[params]`.
pub(crate) fn declarations(value: &Value, cx: &mut Decoder<'_>) -> IndexMap<String, Declaration> {
    let mut declared = IndexMap::new();
    let Data::Table(table) = &value.data else {
        cx.mismatch(value, "a table of parameters");
        return declared;
    };
    for entry in table {
        if !crate::address::is_name(&entry.key) {
            let diagnostic = Diagnostic::error(format!("`{}` can't be a parameter's name", entry.key));
            cx.problem(diagnostic.at(entry.key_span, "").help("use letters, digits, `_` and `-`"));
        }
        if let Some(declaration) = declaration(entry, cx) {
            declared.insert(entry.key.clone(), declaration);
        }
    }
    declared
}

fn declaration(entry: &Entry, cx: &mut Decoder<'_>) -> Option<Declaration> {
    let fields = cx.fields(&entry.value, &["type", "default", "description"])?;
    let sort = fields.get::<ParameterType>("type", cx);
    let _description = fields.get::<Option<String>>("description", cx);
    let sort = sort?;
    let default = fields.entry("default").map(|entry| &entry.value);
    if let Some(default) = default {
        check_type(sort, default, cx);
    }
    Some(Declaration { sort, default: default.cloned(), span: entry.key_span })
}

fn check_type(sort: ParameterType, value: &Value, cx: &mut Decoder<'_>) -> bool {
    let fits = matches!(
        (sort, &value.data),
        (ParameterType::String, Data::String(_))
            | (ParameterType::Integer, Data::Integer(_))
            | (ParameterType::Boolean, Data::Boolean(_))
            | (ParameterType::List, Data::Array(_))
    );
    if !fits {
        let expected = match sort {
            ParameterType::String => "a string",
            ParameterType::Integer => "an integer",
            ParameterType::Boolean => "true or false",
            ParameterType::List => "a list",
        };
        cx.mismatch(value, expected);
    }
    fits
}

impl Parameters {
    /// Matches what a use gives with what the template declares.
    pub(crate) fn bind(
        declared: &IndexMap<String, Declaration>,
        with: Option<&Value>,
        used_at: Span,
        cx: &mut Decoder<'_>,
    ) -> Option<Self> {
        let mut complete = true;
        let empty = Table::default();
        let given = match with.map(|with| (&with.data, with)) {
            None => &empty,
            Some((Data::Table(table), _)) => table,
            Some((_, with)) => {
                cx.mismatch(with, "a table of parameters");
                &empty
            }
        };
        for entry in given {
            match declared.get(&entry.key) {
                Some(declaration) => complete &= check_type(declaration.sort, &entry.value, cx),
                None => {
                    complete = false;
                    let diagnostic = Diagnostic::error(format!("the template has no parameter `{}`", entry.key));
                    let help = suggest::help(&entry.key, declared.keys().map(String::as_str));
                    cx.problem(diagnostic.at(entry.key_span, "").maybe_help(help));
                }
            }
        }
        let mut values = IndexMap::new();
        for (name, declaration) in declared {
            match given.get(name).or(declaration.default.as_ref()) {
                Some(value) => {
                    values.insert(name.clone(), value.clone());
                }
                None => {
                    complete = false;
                    let diagnostic = Diagnostic::error(format!("the parameter `{name}` is missing"));
                    let place = with.map_or(used_at, |with| with.span);
                    let diagnostic = diagnostic.at(place, "not given here").also(declaration.span, "declared here");
                    cx.problem(diagnostic.help("give it in `with`, or a `default` in the template"));
                }
            }
        }
        complete.then_some(Self { values })
    }

    /// A value of the template with the parameters put in.
    pub(crate) fn fill(&self, value: &Value, sources: &Sources, problems: &mut Problems) -> Value {
        let span = value.span;
        let data = match &value.data {
            Data::String(text) => match self.whole(text) {
                Some(parameter) => return parameter.clone(),
                None => Data::String(self.inside(text, span, sources, problems).unwrap_or_default()),
            },
            Data::Array(items) => {
                let mut filled = Vec::with_capacity(items.len());
                for item in items {
                    let was_string = matches!(item.data, Data::String(_));
                    match self.fill(item, sources, problems) {
                        // A list put into a list: its members are.
                        Value { data: Data::Array(members), .. } if was_string => filled.extend(members),
                        other => filled.push(other),
                    }
                }
                Data::Array(filled)
            }
            Data::Table(table) => Data::Table(self.fill_table(table, sources, problems)),
            Data::Integer(_) | Data::Float(_) | Data::Boolean(_) | Data::Datetime(_) | Data::Unreadable => {
                value.data.clone()
            }
        };
        Value { span, data }
    }

    fn fill_table(&self, table: &Table, sources: &Sources, problems: &mut Problems) -> Table {
        let fill = |entry: &Entry| Entry {
            key: entry.key.clone(),
            key_span: entry.key_span,
            value: self.fill(&entry.value, sources, problems),
        };
        table.iter().map(fill).collect()
    }

    /// The same for a string that is not TOML's.
    pub(crate) fn splice(&self, text: &str, span: Span, cx: &mut Decoder<'_>) -> Spliced {
        if let Some(Value { data: Data::Array(items), .. }) = self.whole(text) {
            let texts: Option<Vec<String>> = items.iter().map(|item| scalar(&item.data)).collect();
            return texts.map_or(Spliced::Nothing, Spliced::List);
        }
        let (files, problems) = cx.files_and_problems();
        self.inside(text, span, files.sources(), problems).map_or(Spliced::Nothing, Spliced::Text)
    }

    /// The value of a string that is exactly one parameter.
    fn whole(&self, text: &str) -> Option<&Value> {
        let mut pieces = split(text);
        match (pieces.next(), pieces.next()) {
            (Some(Piece::Braces(whole)), None) => self.values.get(inner(whole).strip_prefix("param.")?),
            _ => None,
        }
    }

    /// Puts parameters into a longer string.
    fn inside(&self, text: &str, span: Span, sources: &Sources, problems: &mut Problems) -> Option<String> {
        let mut out = String::with_capacity(text.len());
        let mut complete = true;
        let mut find = Finder::new(span, sources.slice(span));
        for piece in split(text) {
            let (whole, name) = match piece {
                Piece::Plain(plain) | Piece::Open(plain) => {
                    out.push_str(plain);
                    continue;
                }
                Piece::Braces(whole) => match inner(whole).strip_prefix("param.") {
                    Some(name) if !passes_through(inner(whole)) => (whole, name),
                    Some(_) | None => {
                        out.push_str(whole);
                        continue;
                    }
                },
            };
            let place = find.next(whole);
            match self.values.get(name).map(|value| scalar(&value.data)) {
                Some(Some(text)) => out.push_str(&text),
                Some(None) => {
                    complete = false;
                    let diagnostic = Diagnostic::error(format!("the parameter `{name}` is a list"));
                    let help = "a list can only be a whole value: let the string be `\"${param.…}\"` and nothing else";
                    problems.push(diagnostic.at(place, "inside of a longer string").help(help));
                }
                None => {
                    complete = false;
                    let help = suggest::help(name, self.values.keys().map(String::as_str));
                    let diagnostic = Diagnostic::error(format!("there is no parameter `{name}`"));
                    problems.push(diagnostic.at(place, "").maybe_help(help));
                }
            }
        }
        complete.then_some(out)
    }
}

fn scalar(data: &Data) -> Option<String> {
    match data {
        Data::String(text) | Data::Datetime(text) => Some(text.clone()),
        Data::Integer(integer) => Some(integer.to_string()),
        Data::Float(float) => Some(float.to_string()),
        Data::Boolean(boolean) => Some(boolean.to_string()),
        Data::Array(_) | Data::Table(_) | Data::Unreadable => None,
    }
}
