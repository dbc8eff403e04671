//! From a [`Value`] to a spec's own types, with every problem told at once.

use indexmap::IndexMap;

use crate::diagnostic::{Diagnostic, Problems};
use crate::load::files::Files;
use crate::load::params::Parameters;
use crate::shape::Shape;
use crate::span::Span;
use crate::suggest;
use crate::text::{Located, Text};
use crate::value::{Data, Entry, Table, Value};

/// A type that can be read from a spec.
pub trait Decode: Sized {
    /// What it may be.
    fn shape() -> Shape;

    /// Reads it; `None` after telling the decoder what is wrong.
    fn decode(value: &Value, cx: &mut Decoder<'_>) -> Option<Self>;

    /// What it is where the spec leaves it out; `None` where it must be there.
    #[must_use]
    fn absent() -> Option<Self> {
        None
    }
}

/// A mention of something else in a spec, noted while decoding, to be checked once everything is known.
#[derive(Debug, Clone)]
pub(crate) struct Noted {
    pub(crate) located: Located,
    /// Whether a list is possible here, so that a group is.
    pub(crate) plural: bool,
    /// A resource named as a whole, and the attribute that will be used.
    pub(crate) whole: bool,
}

/// What decoding needs besides the value, and what it finds.
pub struct Decoder<'a> {
    files: &'a mut Files,
    problems: &'a mut Problems,
    parameters: Option<&'a Parameters>,
    noted: Vec<Noted>,
    /// Keys of the outermost table that someone else reads: for suggestions.
    elsewhere: &'static [&'static str],
    plural: bool,
}

impl<'a> Decoder<'a> {
    pub(crate) fn new(files: &'a mut Files, problems: &'a mut Problems, parameters: Option<&'a Parameters>) -> Self {
        Self { files, problems, parameters, noted: Vec::new(), elsewhere: &[], plural: false }
    }

    /// Decodes a table of which someone else reads some keys; those are suggested too.
    pub(crate) fn with_keys_elsewhere<T>(
        &mut self,
        keys: &'static [&'static str],
        decode: impl FnOnce(&mut Self) -> T,
    ) -> T {
        self.elsewhere = keys;
        let decoded = decode(self);
        self.elsewhere = &[];
        decoded
    }

    pub(crate) fn into_noted(self) -> Vec<Noted> {
        self.noted
    }

    pub(crate) fn noted_len(&self) -> usize {
        self.noted.len()
    }

    /// Forgets what was mentioned in something that is switched off.
    pub(crate) fn forget_noted(&mut self, len: usize) {
        self.noted.truncate(len);
    }

    pub(crate) fn files(&mut self) -> &mut Files {
        self.files
    }

    pub(crate) fn files_and_problems(&mut self) -> (&Files, &mut Problems) {
        (self.files, self.problems)
    }

    pub(crate) fn parameters(&self) -> Option<&'a Parameters> {
        self.parameters
    }

    /// Reports a problem.
    pub fn problem(&mut self, diagnostic: Diagnostic) {
        self.problems.push(diagnostic);
    }

    /// Reports that something else was expected here.
    pub fn mismatch(&mut self, value: &Value, expected: &str) {
        if value.data == Data::Unreadable {
            return;
        }
        let summary = format!("expected {expected}");
        self.problem(Diagnostic::error(summary).at(value.span, format!("this is {}", value.sort())));
    }

    /// Parses a string with `${…}`; a group is legal in it where a list is possible.
    pub fn text(&mut self, text: &str, span: Span) -> Option<Text> {
        match Text::parse(text, span, self.files.sources().slice(span)) {
            Ok(mut parsed) => {
                parsed.share(|mention| self.files.shared_mention(mention));
                for located in parsed.references() {
                    let noted = Noted { located: located.clone(), plural: self.plural, whole: false };
                    self.noted.push(noted);
                }
                Some(parsed)
            }
            Err(found) => {
                self.problems.extend(found);
                None
            }
        }
    }

    /// Notes that a resource is named.
    pub(crate) fn note(&mut self, located: Located, whole: bool) {
        self.noted.push(Noted { located, plural: self.plural, whole });
    }

    /// Decodes with lists, and so groups, possible or not.
    pub fn in_list<T>(&mut self, plural: bool, decode: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.plural, plural);
        let decoded = decode(self);
        self.plural = before;
        decoded
    }

    /// Opens a table with known keys; the others are problems.
    pub fn fields<'v>(&mut self, value: &'v Value, known: &[&'static str]) -> Option<Fields<'v>> {
        let Data::Table(table) = &value.data else {
            self.mismatch(value, "a table");
            return None;
        };
        let elsewhere = std::mem::take(&mut self.elsewhere);
        for entry in table {
            if !known.contains(&entry.key.as_str()) {
                let all = known.iter().chain(elsewhere).copied();
                self.unknown_key(entry, all);
            }
        }
        Some(Fields { table, span: value.span })
    }

    /// Reads one of some words.
    pub fn word<'w>(&mut self, value: &Value, words: &[&'w str]) -> Option<&'w str> {
        let Data::String(text) = &value.data else {
            self.mismatch(value, "a string");
            return None;
        };
        if let Some(word) = words.iter().find(|word| *word == text) {
            return Some(word);
        }
        let help = suggest::help(text, words.iter().copied());
        let diagnostic = Diagnostic::error(format!("unknown word `{text}`")).at(value.span, "");
        self.problem(diagnostic.maybe_help(help));
        None
    }

    /// Reports a key nobody knows.
    pub(crate) fn unknown_key<'k>(&mut self, entry: &Entry, known: impl IntoIterator<Item = &'k str> + Clone) {
        let help = suggest::help(&entry.key, known);
        let diagnostic = Diagnostic::error(format!("unknown key `{}`", entry.key)).at(entry.key_span, "");
        self.problem(diagnostic.maybe_help(help));
    }
}

/// A table with known keys, being read.
pub struct Fields<'v> {
    table: &'v Table,
    span: Span,
}

impl Fields<'_> {
    /// Reads a key; a missing one has its default or is a problem.
    pub fn get<T: Decode>(&self, key: &str, cx: &mut Decoder<'_>) -> Option<T> {
        if let Some(value) = self.table.get(key) {
            return cx.in_list(false, |cx| T::decode(value, cx));
        }
        let absent = T::absent();
        if absent.is_none() {
            let diagnostic = Diagnostic::error(format!("`{key}` is missing"));
            let help = format!("add `{key}`: {}", T::shape().describe());
            cx.problem(diagnostic.at(self.span, "in this table").help(help));
        }
        absent
    }

    /// The place of the table.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// The entry of a key.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.table.entry(key)
    }
}

impl Decode for Text {
    fn shape() -> Shape {
        Shape::Text
    }

    fn decode(value: &Value, cx: &mut Decoder<'_>) -> Option<Self> {
        match &value.data {
            Data::String(text) => cx.text(text, value.span),
            Data::Integer(_)
            | Data::Float(_)
            | Data::Boolean(_)
            | Data::Datetime(_)
            | Data::Array(_)
            | Data::Table(_)
            | Data::Unreadable => {
                cx.mismatch(value, "a string");
                None
            }
        }
    }
}

impl Decode for String {
    fn shape() -> Shape {
        Shape::String
    }

    fn decode(value: &Value, cx: &mut Decoder<'_>) -> Option<Self> {
        let Data::String(text) = &value.data else {
            cx.mismatch(value, "a string");
            return None;
        };
        let parsed = cx.in_list(true, |cx| {
            let before = cx.noted_len();
            let parsed = cx.text(text, value.span);
            cx.forget_noted(before);
            parsed
        })?;
        if let Some(located) = parsed.references().next() {
            let diagnostic = Diagnostic::error("a reference is not possible here").at(located.span, "");
            cx.problem(diagnostic.help("write the value itself, or a parameter of the template: `${param.x}`"));
            return None;
        }
        Some(text.clone())
    }
}

impl Decode for bool {
    fn shape() -> Shape {
        Shape::Boolean
    }

    fn decode(value: &Value, cx: &mut Decoder<'_>) -> Option<Self> {
        if let Data::Boolean(boolean) = value.data {
            return Some(boolean);
        }
        cx.mismatch(value, "true or false");
        None
    }

    fn absent() -> Option<Self> {
        Some(false)
    }
}

/// Reads a whole number and holds it to a range.
pub fn integer(value: &Value, min: i64, max: i64, cx: &mut Decoder<'_>) -> Option<i64> {
    match value.data {
        Data::Integer(integer) if (min..=max).contains(&integer) => Some(integer),
        Data::Integer(_) => {
            let summary = format!("expected {}", Shape::Integer { min, max }.describe());
            cx.problem(Diagnostic::error(summary).at(value.span, "out of range"));
            None
        }
        _ => {
            cx.mismatch(value, &Shape::Integer { min, max }.describe());
            None
        }
    }
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl Decode for $type {
            fn shape() -> Shape {
                Shape::Integer {
                    min: i64::try_from(<$type>::MIN).unwrap_or(i64::MIN),
                    max: i64::try_from(<$type>::MAX).unwrap_or(i64::MAX),
                }
            }

            fn decode(value: &Value, cx: &mut Decoder<'_>) -> Option<Self> {
                let (min, max) = (<$type>::MIN, <$type>::MAX);
                let (min, max) = (i64::try_from(min).unwrap_or(i64::MIN), i64::try_from(max).unwrap_or(i64::MAX));
                integer(value, min, max, cx).and_then(|integer| <$type>::try_from(integer).ok())
            }
        }
    )*};
}

integers!(u8, u16, u32, u64, i8, i16, i32, i64);

/// A whole number from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Within<const MIN: i64, const MAX: i64>(i64);

impl<const MIN: i64, const MAX: i64> Within<MIN, MAX> {
    /// The number.
    #[must_use]
    pub fn get(self) -> i64 {
        self.0
    }
}

impl<const MIN: i64, const MAX: i64> Decode for Within<MIN, MAX> {
    fn shape() -> Shape {
        Shape::Integer { min: MIN, max: MAX }
    }

    fn decode(value: &Value, cx: &mut Decoder<'_>) -> Option<Self> {
        integer(value, MIN, MAX, cx).map(Self)
    }
}

impl<T: Decode> Decode for Option<T> {
    fn shape() -> Shape {
        T::shape()
    }

    fn decode(value: &Value, cx: &mut Decoder<'_>) -> Option<Self> {
        T::decode(value, cx).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

/// Decodes every item, so that every problem is told, and returns them if all are well.
fn items<T: Decode>(items: &[Value], cx: &mut Decoder<'_>) -> Option<Vec<T>> {
    let decoded: Vec<Option<T>> = cx.in_list(true, |cx| items.iter().map(|item| T::decode(item, cx)).collect());
    decoded.into_iter().collect()
}

impl<T: Decode> Decode for Vec<T> {
    fn shape() -> Shape {
        Shape::List(Box::new(T::shape()))
    }

    fn decode(value: &Value, cx: &mut Decoder<'_>) -> Option<Self> {
        if let Data::Array(array) = &value.data {
            return items(array, cx);
        }
        cx.mismatch(value, "a list");
        None
    }

    fn absent() -> Option<Self> {
        Some(Vec::new())
    }
}

/// One value, or a list of them; none where the spec leaves it out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<T> std::ops::Deref for OneOrMany<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Decode> Decode for OneOrMany<T> {
    fn shape() -> Shape {
        Shape::OneOrMany(Box::new(T::shape()))
    }

    fn decode(value: &Value, cx: &mut Decoder<'_>) -> Option<Self> {
        match &value.data {
            Data::Array(array) => items(array, cx).map(Self),
            _ => cx.in_list(true, |cx| T::decode(value, cx)).map(|one| Self(vec![one])),
        }
    }

    fn absent() -> Option<Self> {
        Some(Self(Vec::new()))
    }
}

impl<T: Decode> Decode for IndexMap<String, T> {
    fn shape() -> Shape {
        Shape::Map(Box::new(T::shape()))
    }

    fn decode(value: &Value, cx: &mut Decoder<'_>) -> Option<Self> {
        let Data::Table(table) = &value.data else {
            cx.mismatch(value, "a table");
            return None;
        };
        let decoded: Vec<Option<(String, T)>> = cx.in_list(false, |cx| {
            let entries = table.iter();
            entries.map(|entry| T::decode(&entry.value, cx).map(|decoded| (entry.key.clone(), decoded))).collect()
        });
        decoded.into_iter().collect()
    }

    fn absent() -> Option<Self> {
        Some(IndexMap::new())
    }
}
