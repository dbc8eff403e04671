//! A policy of a spec as JSON, with the place in the spec of every piece of it.

use std::ops::Range;

use crate::policy_file::PolicyFile;
use crate::policy_spec::{
    ConditionKey, ConditionOperator, Element, ElementValue, PolicySource, PolicySpec, PrincipalEntry, PrincipalSort,
    StatementSpec,
};
use crate::resolve::Walk;
use crate::span::Span;
use crate::text::Text;

/// A policy's JSON and its places.
pub(crate) struct PolicyText {
    pub(crate) json: String,
    pub(crate) places: Places,
}

/// Which range of the JSON comes from which place.
#[derive(Default)]
pub(crate) struct Places {
    ranges: Vec<(Range<usize>, Span)>,
    /// A file's text that was taken over as it is: offsets go on counting from the span's start.
    copied: Vec<(Range<usize>, Span)>,
}

impl Places {
    /// The narrowest known place of a range.
    pub(crate) fn find(&self, at: &Range<usize>) -> Option<Span> {
        let copied = self.copied.partition_point(|(range, _)| range.end <= at.start);
        if let Some((range, span)) = self.copied.get(copied)
            && range.contains(&at.start)
        {
            let start = span.start() + (at.start - range.start);
            let end = span.start() + (at.end.min(range.end) - range.start);
            return Some(Span::new(span.file(), start, end.max(start)));
        }
        let around = self.ranges.iter().filter(|(range, _)| range.start <= at.start && at.end <= range.end);
        let narrowest = around.min_by_key(|(range, _)| range.len());
        let holding =
            || self.ranges.iter().filter(|(range, _)| range.contains(&at.start)).min_by_key(|(range, _)| range.len());
        narrowest.or_else(holding).map(|(_, span)| *span)
    }
}

pub(crate) fn write(spec: &PolicySpec, walk: &mut Walk<'_>, partition: &str) -> PolicyText {
    let mut writer = Writer { json: String::new(), places: Places::default(), walk, partition };
    match &spec.source {
        PolicySource::Statements(statements) => writer.policy(statements, spec.span),
        PolicySource::File(file) => writer.file(file),
    }
    let Writer { json, places, .. } = writer;
    PolicyText { json, places }
}

/// The text of a JSON file with the values in it.
pub(crate) fn write_file(file: &PolicyFile, walk: &mut Walk<'_>) -> String {
    // Only a policy's accounts become ARNs, which have a partition.
    let mut writer = Writer { json: String::new(), places: Places::default(), walk, partition: "" };
    writer.file(file);
    writer.json
}

pub(crate) struct Writer<'w, 'a> {
    json: String,
    places: Places,
    walk: &'w mut Walk<'a>,
    partition: &'w str,
}

impl Writer<'_, '_> {
    fn policy(&mut self, statements: &[StatementSpec], span: Span) {
        self.placed(span, |writer| {
            writer.json.push_str("{\"Version\":\"2012-10-17\",\"Statement\":");
            writer.list(statements, Writer::statement);
            writer.json.push('}');
        });
    }

    fn statement(&mut self, statement: &StatementSpec) {
        self.placed(statement.span, |writer| {
            writer.members(&statement.elements, |writer, element| {
                writer.key(element.name);
                writer.element(element);
            });
        });
    }

    fn element(&mut self, element: &Element) {
        self.placed(element.span, |writer| match &element.value {
            ElementValue::Word(word) => writer.string(word),
            ElementValue::One(text) => writer.text(text),
            ElementValue::Many(texts) => writer.texts(texts),
            ElementValue::Principal(entries) => writer.principal(entries),
            ElementValue::Condition(operators) => writer.members(operators, Writer::operator),
        });
    }

    /// `aws` and `account` are both AWS's `AWS`, and a key may be there once.
    fn principal(&mut self, entries: &[PrincipalEntry]) {
        let mut names: Vec<&'static str> = Vec::new();
        for entry in entries {
            if !names.contains(&entry.sort.name()) {
                names.push(entry.sort.name());
            }
        }
        self.members(&names, |writer, name| {
            writer.key(name);
            let of_name: Vec<&PrincipalEntry> = entries.iter().filter(|entry| entry.sort.name() == *name).collect();
            let span = of_name.first().map_or(Span::none(), |entry| entry.span);
            writer.placed(span, |writer| {
                let mut values = Vec::new();
                for entry in &of_name {
                    for text in &entry.members {
                        values.extend(writer.principals(entry.sort, text));
                    }
                }
                writer.values(&values);
            });
        });
    }

    fn principals(&mut self, sort: PrincipalSort, text: &Text) -> Vec<(String, Span)> {
        let resolved = self.walk.texts(std::slice::from_ref(text)).into_iter();
        let root = |id: String| match sort {
            PrincipalSort::Account => format!("arn:{}:iam::{id}:root", self.partition),
            PrincipalSort::Aws | PrincipalSort::Service | PrincipalSort::Federated | PrincipalSort::CanonicalUser => id,
        };
        resolved.map(|value| (root(value), text.span())).collect()
    }

    fn operator(&mut self, operator: &ConditionOperator) {
        self.placed_key(&operator.operator, operator.span);
        self.members(&operator.keys, Writer::condition_key);
    }

    fn condition_key(&mut self, key: &ConditionKey) {
        self.placed_key(&key.key, key.span);
        self.placed(key.span, |writer| writer.texts(&key.values));
    }

    fn placed_key(&mut self, key: &str, span: Span) {
        self.placed(span, |writer| writer.key(key));
    }

    fn text(&mut self, text: &Text) {
        let value = self.walk.text(text);
        self.string(&value);
    }

    fn texts(&mut self, texts: &[Text]) {
        let mut values = Vec::new();
        for text in texts {
            let resolved = self.walk.texts(std::slice::from_ref(text));
            values.extend(resolved.into_iter().map(|value| (value, text.span())));
        }
        self.values(&values);
    }

    fn values(&mut self, values: &[(String, Span)]) {
        match values {
            [(value, span)] => self.placed(*span, |writer| writer.string(value)),
            several => self.list(several, |writer, (value, span)| writer.placed(*span, |writer| writer.string(value))),
        }
    }

    /// A file's own text, with its references put in.
    fn file(&mut self, file: &PolicyFile) {
        let mut at = 0;
        for hole in &file.holes {
            self.copy(file, at..hole.range.start);
            at = hole.range.end;
            let span = Span::new(file.file, hole.range.start, hole.range.end);
            self.placed(span, |writer| {
                if hole.listed || hole.texts.len() == 1 {
                    writer.hole(&hole.texts, hole.listed);
                } else {
                    writer.texts(&hole.texts);
                }
            });
        }
        self.copy(file, at..file.text.len());
    }

    /// In a list the values become members of it; elsewhere several become a list.
    fn hole(&mut self, texts: &[Text], listed: bool) {
        let values = self.walk.texts(texts);
        if !listed && values.len() != 1 {
            self.list(&values, |writer, value| writer.string(value));
            return;
        }
        for (value, at) in values.iter().zip(0..) {
            self.comma(at);
            self.string(value);
        }
    }

    fn copy(&mut self, file: &PolicyFile, range: Range<usize>) {
        let Some(text) = file.text.get(range.clone()) else { return };
        let start = self.json.len();
        self.json.push_str(text);
        let span = Span::new(file.file, range.start, range.end);
        self.places.copied.push((start..self.json.len(), span));
    }

    fn placed(&mut self, span: Span, write: impl FnOnce(&mut Self)) {
        let start = self.json.len();
        write(self);
        if !span.is_none() {
            self.places.ranges.push((start..self.json.len(), span));
        }
    }

    fn list<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.json.push('[');
        for (item, at) in items.iter().zip(0..) {
            self.comma(at);
            write(self, item);
        }
        self.json.push(']');
    }

    fn members<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.json.push('{');
        for (item, at) in items.iter().zip(0..) {
            self.comma(at);
            write(self, item);
        }
        self.json.push('}');
    }

    fn comma(&mut self, at: usize) {
        if at > 0 {
            self.json.push(',');
        }
    }

    fn key(&mut self, key: &str) {
        self.string(key);
        self.json.push(':');
    }

    fn string(&mut self, text: &str) {
        self.json.push_str(&serde_json::Value::from(text).to_string());
    }
}

impl PrincipalSort {
    fn name(self) -> &'static str {
        match self {
            PrincipalSort::Aws | PrincipalSort::Account => "AWS",
            PrincipalSort::Service => "Service",
            PrincipalSort::Federated => "Federated",
            PrincipalSort::CanonicalUser => "CanonicalUser",
        }
    }
}
