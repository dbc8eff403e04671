//! A TOML document as a tree in which every value knows its place.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Problems};
use crate::pending;
use crate::span::{FileId, Span};

/// How deep tables and lists may lie in each other: specs need less than ten, and a limit keeps recursion safe.
pub const DEPTH_MAX: usize = 64;

/// How many syntax errors of one file are shown: after so many the rest are mostly consequences.
const SYNTAX_ERRORS_SHOWN_MAX: usize = 20;

/// Of a longer file only the first syntax error is told: the parser keeps every one, and there may be one a byte.
const RECOVERY_BYTES_MAX: usize = 1024 * 1024;

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// The place; of a table with a header, that of the header.
    pub span: Span,
    /// The value itself.
    pub data: Data,
}

/// What a [`Value`] holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// A string.
    String(String),
    /// An integer that fits 64 bits.
    Integer(i64),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// A date or a time, as written.
    Datetime(String),
    /// A list.
    Array(Vec<Value>),
    /// A table.
    Table(Table),
    /// Something that was already reported.
    Unreadable,
}

impl Value {
    /// What sort of value it is, for messages: `a string`, `a table`, ….
    #[must_use]
    pub fn sort(&self) -> &'static str {
        match self.data {
            Data::String(_) => "a string",
            Data::Integer(_) => "an integer",
            Data::Float(_) => "a number",
            Data::Boolean(_) => "a boolean",
            Data::Datetime(_) => "a date",
            Data::Array(_) => "a list",
            Data::Table(_) => "a table",
            Data::Unreadable => "unreadable",
        }
    }
}

/// The entries of a table, in the order they were written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    entries: Vec<Entry>,
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The place of the key.
    pub key_span: Span,
    /// The value.
    pub value: Value,
}

impl Table {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of a key.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// All entries, in the order they were written.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry> {
        self.entries.iter()
    }

    /// Takes an entry out.
    pub fn take(&mut self, key: &str) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(at))
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl IntoIterator for Table {
    type Item = Entry;
    type IntoIter = std::vec::IntoIter<Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<'a> IntoIterator for &'a Table {
    type Item = &'a Entry;
    type IntoIter = std::slice::Iter<'a, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.iter()
    }
}

impl FromIterator<Entry> for Table {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        Self { entries: entries.into_iter().collect() }
    }
}

/// A file's tables, and whether it had no syntax errors.
#[derive(Debug)]
pub struct Parsed {
    /// What could be read.
    pub table: Table,
    /// Whether that is everything.
    pub whole: bool,
}

/// Parses a file; every syntax error is a problem, and what could be read is returned all the same.
pub fn parse(file: FileId, text: &str, problems: &mut Problems) -> Parsed {
    let (document, errors) = match DeTable::parse(text) {
        Ok(document) => (document.into_inner(), Vec::new()),
        Err(_) if text.len() <= RECOVERY_BYTES_MAX => {
            let (document, errors) = DeTable::parse_recoverable(text);
            (document.into_inner(), errors)
        }
        Err(first) => (DeTable::new(), vec![first]),
    };
    let mut shown = 0;
    let mut twice = None;
    for error in &errors {
        let range = error.span().unwrap_or(text.len()..text.len());
        // The keys of a table that is there twice are reported as well, and only repeat that.
        if error.message() == DUPLICATE && twice.is_some_and(|end| range.start < end) {
            continue;
        }
        shown += 1;
        if shown > SYNTAX_ERRORS_SHOWN_MAX {
            let summary = "more syntax errors from here on";
            problems
                .push(Diagnostic::error(summary).at(place(file, text, &range), "").help("mend the first ones first"));
            break;
        }
        let (diagnostic, header) = syntax_error(file, text, error, &range);
        twice = header.then(|| table_end(text, range.end));
        problems.push(diagnostic);
    }
    let whole = errors.is_empty();
    let mut converter = Converter { file, text, problems, whole };
    Parsed { table: converter.table(document, 0), whole }
}

/// The parser's message for a key or a table that is there twice.
const DUPLICATE: &str = "duplicate key";

/// Where the table ends whose header ends at `from`.
fn table_end(text: &str, from: usize) -> usize {
    text.get(from..).and_then(|rest| rest.find("\n[")).map_or(text.len(), |at| from + at)
}

/// The first line that is the same header as the one at `at`.
fn same_header_before(text: &str, at: usize) -> Option<Range<usize>> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |newline| newline + 1);
    let header = text.get(start..)?.lines().next()?.trim();
    if !header.starts_with('[') {
        return None;
    }
    let mut offset = 0;
    for line in text.get(..start)?.split_inclusive('\n') {
        if line.trim() == header {
            return Some(offset..offset + line.trim_end().len());
        }
        offset += line.len();
    }
    None
}

/// The problem, and whether it is a header that is there twice.
fn syntax_error(file: FileId, text: &str, error: &toml::de::Error, range: &Range<usize>) -> (Diagnostic, bool) {
    let span = place(file, text, range);
    let message = error.message();
    if let Some(first) = same_header_before(text, range.start).filter(|_| message == DUPLICATE) {
        let diagnostic = Diagnostic::error("the same table is there twice").at(span, "again here");
        let help = "put the keys into one table; a list of tables has double brackets: [[…]]";
        return (diagnostic.also(place(file, text, &first), "first here").help(help), true);
    }
    let (summary, expected) = match message.split_once(", expected ") {
        Some((what, expected)) => (what, format!("expected {expected}")),
        None => (message, String::new()),
    };
    let help = match summary {
        DUPLICATE => {
            Some("a table or a key may be written once; a list of tables has double brackets: [[…]]".to_owned())
        }
        _ => None,
    };
    let diagnostic = Diagnostic::error(format!("syntax error: {summary}")).at(span, expected).maybe_help(help);
    (diagnostic, false)
}

/// A span that lies on the borders of characters, whatever the parser said.
fn place(file: FileId, text: &str, range: &Range<usize>) -> Span {
    let start = text.floor_char_boundary(range.start);
    let end = text.ceil_char_boundary(range.end.max(start));
    Span::new(file, start, end)
}

struct Converter<'a> {
    file: FileId,
    text: &'a str,
    problems: &'a mut Problems,
    /// Whether there were no syntax errors: otherwise a value may be but what the parser made of one.
    whole: bool,
}

impl Converter<'_> {
    fn table(&mut self, table: DeTable<'_>, depth: usize) -> Table {
        let entries = table.into_iter().map(|(key, value)| {
            let key_span = place(self.file, self.text, &key.span());
            let key = key.into_inner().into_owned();
            self.refuse_private(&key, key_span);
            let span = place(self.file, self.text, &value.span());
            Entry { key, key_span, value: self.value(span, value.into_inner(), depth + 1) }
        });
        let mut entries: Vec<Entry> = entries.collect();
        entries.sort_by_key(|entry| entry.key_span);
        Table { entries }
    }

    fn value(&mut self, span: Span, value: DeValue<'_>, depth: usize) -> Value {
        let data = match value {
            DeValue::String(text) => {
                self.refuse_private(&text, span);
                Data::String(text.into_owned())
            }
            DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
                Ok(integer) => Data::Integer(integer),
                Err(_) => self.unfit(span, "the integer does not fit 64 bits"),
            },
            DeValue::Float(float) => match float.as_str().parse() {
                Ok(float) => Data::Float(float),
                Err(_) => self.unfit(span, "the number can't be read"),
            },
            DeValue::Boolean(boolean) => Data::Boolean(boolean),
            DeValue::Datetime(datetime) => Data::Datetime(datetime.to_string()),
            DeValue::Array(_) | DeValue::Table(_) if depth > DEPTH_MAX => {
                let summary = format!("nested more than {DEPTH_MAX} levels deep");
                self.problems.push(Diagnostic::error(summary).at(span, "this is one level too many"));
                Data::Unreadable
            }
            DeValue::Array(array) => {
                let items = array.into_iter().map(|item| {
                    let span = place(self.file, self.text, &item.span());
                    self.value(span, item.into_inner(), depth + 1)
                });
                Data::Array(items.collect())
            }
            DeValue::Table(table) => Data::Table(self.table(table, depth)),
        };
        Value { span, data }
    }

    fn unfit(&mut self, span: Span, summary: &str) -> Data {
        if self.whole {
            self.problems.push(Diagnostic::error(summary).at(span, ""));
        }
        Data::Unreadable
    }

    fn refuse_private(&mut self, text: &str, span: Span) {
        if text.contains([pending::OPEN, pending::CLOSE]) {
            let diagnostic = Diagnostic::error("the characters U+E000 and U+E001 can't stand in a spec").at(span, "");
            self.problems.push(diagnostic.note("trueup marks values with them that are not known before apply"));
        }
    }
}
