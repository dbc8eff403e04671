//! Guardrails: what AWS takes, and what is a mistake more often than not.
//!
//! A [`Lint`] says what it finds, why that matters, where AWS says so, and what to do. Those over policy documents are in
//! [`crate::policy::lint`]; others are with the kinds they are about. Nothing here knows what day it is: a [`Date`] is given.

use std::fmt;

use crate::decode::{Decode, Decoder};
use crate::diagnostic::Diagnostic;
use crate::load::Plain;
use crate::shape::Shape;
use crate::span::Span;
use crate::value::{Data, Value};

/// One guardrail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lint {
    /// Its name, for settings, suppressions and reports: it never changes.
    pub id: &'static str,
    /// How bad what it finds is.
    pub severity: Severity,
    /// What is done about it where the project says nothing.
    pub level: Level,
    /// What it finds, in one line.
    pub summary: &'static str,
    /// Why that matters.
    pub reason: &'static str,
    /// What to do.
    pub help: &'static str,
    /// The page that says so, of AWS wherever it has one.
    pub page: &'static str,
}

crate::words! {
    /// How bad something is.
    pub enum Severity {
        /// Anyone in the world, or whoever gets hold of one thing, has all. Its suppression must expire.
        Critical = "critical",
        /// Much more is allowed than anyone needs.
        High = "high",
        /// A safeguard that AWS advises is missing.
        Medium = "medium",
        /// Worth knowing.
        Low = "low",
    }
}

crate::words! {
    /// What is done about a finding.
    pub enum Level {
        /// It is an error: nothing is planned or applied.
        Deny = "deny",
        /// It is told.
        Warn = "warn",
        /// It is not told.
        Allow = "allow",
    }
}

/// Where a lint found something, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The place.
    pub span: Span,
    /// What stands there; may be empty.
    pub label: String,
    /// The statement's `sid`, where it is one that has a name.
    pub sid: Option<String>,
}

/// A day of the Gregorian calendar, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The last day that can be written.
    pub const LAST: Self = Self { year: 9999, month: 12, day: 31 };

    /// The day of this text, as `2027-01-31`; nothing if there is no such day.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = |part: &str, length: usize| {
            (part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| part.parse::<u16>().ok())?
        };
        let mut parts = text.split('-');
        let year = digits(parts.next()?, 4)?;
        let month = u8::try_from(digits(parts.next()?, 2)?).ok()?;
        let day = u8::try_from(digits(parts.next()?, 2)?).ok()?;
        let is_day = parts.next().is_none() && (1..=days_of(year, month)?).contains(&day);
        is_day.then_some(Self { year, month, day })
    }
}

/// The days of a month; nothing if there is no such month.
fn days_of(year: u16, month: u8) -> Option<u8> {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(if is_leap { 29 } else { 28 }),
        _ => None,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// A finding that someone lives with, written next to what it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Suppression {
    /// The lint's id.
    pub lint: String,
    /// The place of the id.
    pub span: Span,
    /// Why it is right here.
    pub reason: String,
    /// The last day on which it counts.
    pub expires: Option<Date>,
    /// The one statement it is about; without it, the whole resource.
    pub sid: Option<String>,
}

crate::spec! {
    /// A finding of a guardrail that is right here.
    struct SuppressionTable {
        /// The guardrail's id, as `trueup explain lints` lists them.
        lint: Plain,
        /// Why it is right here.
        reason: Plain,
        /// The last day on which this counts: `2027-01-31`. Required for what is critical.
        expires: Option<Date>,
        /// The `sid` of the one statement it is about. Default: the whole resource.
        sid: Option<String>,
    }
}

impl Decode for Suppression {
    fn shape() -> Shape {
        SuppressionTable::shape()
    }

    fn decode(value: &Value, cx: &mut Decoder<'_>) -> Option<Self> {
        let SuppressionTable { lint, reason, expires, sid } = SuppressionTable::decode(value, cx)?;
        if reason.text.trim().is_empty() {
            let problem = Diagnostic::error("the reason is empty").at(reason.span, "");
            cx.problem(problem.help("say why it is right here: who reads this next must know"));
        }
        Some(Self { lint: lint.text, span: lint.span, reason: reason.text, expires, sid })
    }
}

impl Decode for Date {
    fn shape() -> Shape {
        Shape::String
    }

    fn decode(value: &Value, cx: &mut Decoder<'_>) -> Option<Self> {
        let text = match &value.data {
            // TOML has dates of its own.
            Data::Datetime(text) => text.clone(),
            _ => String::decode(value, cx)?,
        };
        let date = Self::parse(&text);
        if date.is_none() {
            let problem = Diagnostic::error(format!("`{text}` is no day")).at(value.span, "");
            cx.problem(problem.help("write it as \"2027-01-31\""));
        }
        date
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for day in ["2027-01-31", "2028-02-29", "2000-02-29", "2026-12-01"] {
            assert_eq!(Date::parse(day).unwrap().to_string(), day);
        }
        for none in [
            "2027-02-29",
            "1900-02-29",
            "2027-13-01",
            "2027-00-10",
            "2027-01-32",
            "2027-1-1",
            "27-01-01",
            "",
            "2027-01-01-1",
            "2027-01-0x",
        ] {
            assert_eq!(Date::parse(none), None, "{none}");
        }
        assert!(Date::parse("2026-12-31") < Date::parse("2027-01-01"));
    }
}
