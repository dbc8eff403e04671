//! What all reading is made of: members, lists, strings, and a report of what is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use jsonc_parser::ast::{Object, ObjectProp, Value};
use jsonc_parser::common::Ranged;

use super::super::check::{self, Fault, quoted};
use super::super::error::{ParseError, Step};
use super::super::model::Use;

/// The most problems reported of one document; nobody reads on after that many.
const ERRORS_MAX: usize = 1_000;

/// Reads one document, and gathers what is wrong with it.
pub(super) struct Reader {
    pub(super) strict: Option<Use>,
    /// Bytes before the JSON.
    pub(super) offset: usize,
    pub(super) path: Vec<Step>,
    pub(super) errors: Vec<ParseError>,
    pub(super) sids: BTreeSet<String>,
}

/// What stands under one key of an object.
pub(super) type Member<'v, 't> = (&'v ObjectProp<'t>, &'v Value<'t>);

impl Reader {
    pub(super) fn new(strict: Option<Use>, offset: usize) -> Self {
        Self { strict, offset, path: Vec::new(), errors: Vec::new(), sids: BTreeSet::new() }
    }

    pub(super) fn report(&mut self, at: Range<usize>, message: impl Into<String>, help: Option<String>) {
        if self.errors.len() < ERRORS_MAX {
            self.errors.push(ParseError {
                message: message.into(),
                at: at.start + self.offset..at.end + self.offset,
                path: self.path.clone(),
                help,
            });
        }
    }

    pub(super) fn fault(&mut self, at: Range<usize>, fault: Result<(), Fault>) {
        if let Err(Fault { message, help }) = fault {
            self.report(at, message, help);
        }
    }

    pub(super) fn into_errors(mut self) -> Vec<ParseError> {
        self.errors.sort_by_key(|error| (error.at.start, error.at.end));
        if self.errors.is_empty() {
            // `document` gives nothing only after a report; this keeps the promise even if that breaks.
            self.report(0..0, "the document can't be read", None);
        }
        self.errors
    }

    pub(super) fn under<T>(&mut self, step: Step, read: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step);
        let result = read(self);
        self.path.pop();
        result
    }

    /// The members of an object by key; reports keys that are unknown or occur twice.
    ///
    /// A key that is nearly a known one is read as that one, so that what is under it is judged too and
    /// nobody is told on top that the known one is missing.
    pub(super) fn members<'v, 't>(
        &mut self,
        object: &'v Object<'t>,
        known: &[&'static str],
        owner: &str,
    ) -> BTreeMap<&'static str, Member<'v, 't>> {
        let mut members = BTreeMap::new();
        let mut unknown = Vec::new();
        for property in &object.properties {
            let name = property.name.as_str();
            match known.iter().find(|key| **key == name) {
                None => unknown.push(property),
                Some(key) if members.contains_key(key) => {
                    let message = format!("{} occurs twice in {owner}", quoted(name));
                    self.report(span(&property.name), message, None);
                }
                Some(key) => {
                    members.insert(*key, (property, &property.value));
                }
            }
        }
        for property in unknown {
            let name = property.name.as_str();
            let near = check::nearest(name, known);
            let help = near.map(|near| format!("did you mean \"{near}\"?"));
            let message = format!("{} is not an element of {owner}", quoted(name));
            self.report(span(&property.name), message, help);
            if let Some(near) = near {
                members.entry(near).or_insert((property, &property.value));
            }
        }
        members
    }
    /// Reports a missing element at the object's opening brace, unless AWS itself left it out.
    pub(super) fn missing(&mut self, object: &Object<'_>, message: &str) {
        if self.strict.is_some() {
            self.report(object.range.start..object.range.start + 1, message, None);
        }
    }

    /// The one of two elements that exclude each other, and whether it is the negated one.
    pub(super) fn either<'v, 't>(
        &mut self,
        members: &BTreeMap<&'static str, Member<'v, 't>>,
        is: &'static str,
        not: &'static str,
    ) -> Option<(bool, Member<'v, 't>)> {
        match (members.get(is), members.get(not)) {
            (Some(_), Some((property, _))) => {
                let message = format!("a statement has \"{is}\" or \"{not}\", not both");
                self.report(span(&property.name), message, None);
                None
            }
            (Some(member), None) => Some((false, *member)),
            (None, Some(member)) => Some((true, *member)),
            (None, None) => None,
        }
    }

    /// The strings of a list that may not be empty, or the one string in its place.
    pub(super) fn required_strings(
        &mut self,
        value: &Value<'_>,
        check: impl Fn(Use, &str) -> Result<(), Fault>,
    ) -> Vec<String> {
        if let (Value::Array(list), Some(_)) = (value, self.strict)
            && list.elements.is_empty()
        {
            self.report(span(value), "the list is empty", None);
        }
        self.list(value, |reader, element| {
            if let (None, Value::NumberLit(number)) = (reader.strict, element) {
                return Some(number.value.to_owned());
            }
            let text = reader.string(element)?;
            if let Some(use_) = reader.strict {
                reader.fault(span(element), check(use_, &text));
            }
            Some(text)
        })
    }

    pub(super) fn list(
        &mut self,
        value: &Value<'_>,
        mut read: impl FnMut(&mut Self, &Value<'_>) -> Option<String>,
    ) -> Vec<String> {
        let Value::Array(list) = value else {
            return read(self, value).into_iter().collect();
        };
        let elements = list.elements.iter().enumerate();
        elements.filter_map(|(index, element)| self.under(Step::Index(index), |reader| read(reader, element))).collect()
    }

    pub(super) fn string(&mut self, value: &Value<'_>) -> Option<String> {
        let Value::StringLit(text) = value else {
            self.report(span(value), format!("a string belongs here, not {}", kind(value)), None);
            return None;
        };
        if let Some(use_) = self.strict {
            self.fault(span(value), check::characters(&text.value, use_));
        }
        Some(text.value.clone().into_owned())
    }
}

pub(super) fn key(name: &str) -> Step {
    Step::Key(name.to_owned())
}

pub(super) fn span(node: &impl Ranged) -> Range<usize> {
    let range = node.range();
    range.start..range.end
}

pub(super) fn kind(value: &Value<'_>) -> &'static str {
    match value {
        Value::StringLit(_) => "a string",
        Value::NumberLit(_) => "a number",
        Value::BooleanLit(_) => "a boolean",
        Value::Object(_) => "an object",
        Value::Array(_) => "a list",
        Value::NullKeyword(_) => "null",
    }
}
