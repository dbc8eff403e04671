//! Conditions: their operators, and which of their values are the same value.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use super::caseless::Caseless;
use super::unknown::is_unknown;

/// A statement's conditions: operator, then key, then values.
///
/// All operators and all keys must hold; of the values of one key any one is enough (or, under a negated
/// operator, none may match).
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html>
pub type Conditions = BTreeMap<Caseless, BTreeMap<Caseless, BTreeSet<String>>>;

/// Every condition operator, without set prefix and `IfExists`.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
pub(super) const OPERATORS: &[&str] = &[
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "BinaryEquals",
    "Bool",
    "DateEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateNotEquals",
    "IpAddress",
    "NotIpAddress",
    "Null",
    "NumericEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericNotEquals",
    "StringEquals",
    "StringEqualsIgnoreCase",
    "StringLike",
    "StringNotEquals",
    "StringNotEqualsIgnoreCase",
    "StringNotLike",
];

/// The parts of an operator's name, as written.
pub(super) struct Operator<'a> {
    /// `ForAllValues:`, `ForAnyValue:`, or empty.
    pub(super) set: &'a str,
    /// What compares, such as `StringEquals`.
    pub(super) base: &'a str,
    /// `IfExists`, or empty.
    pub(super) if_exists: &'a str,
}

impl<'a> Operator<'a> {
    /// Takes a name apart; a name that is no operator ends up whole in `base`.
    pub(super) fn of(name: &'a str) -> Self {
        let (set, rest) =
            ["ForAllValues:", "ForAnyValue:"].iter().find_map(|set| split_front(name, set)).unwrap_or(("", name));
        let (base, if_exists) = split_back(rest, "IfExists").unwrap_or((rest, ""));
        Self { set, base, if_exists }
    }

    /// Whether a value that matches makes the condition fail.
    pub(super) fn is_negated(&self) -> bool {
        self.base.to_ascii_lowercase().contains("not")
    }

    fn is(&self, base: &str) -> bool {
        self.base.eq_ignore_ascii_case(base)
    }

    fn is_numeric(&self) -> bool {
        split_front(self.base, "Numeric").is_some()
    }
}

fn split_front<'a>(text: &'a str, front: &str) -> Option<(&'a str, &'a str)> {
    let (head, rest) = text.split_at_checked(front.len())?;
    head.eq_ignore_ascii_case(front).then_some((head, rest))
}

fn split_back<'a>(text: &'a str, back: &str) -> Option<(&'a str, &'a str)> {
    let (rest, tail) = text.split_at_checked(text.len().checked_sub(back.len())?)?;
    tail.eq_ignore_ascii_case(back).then_some((rest, tail))
}

/// The conditions with each value in its one spelling, and without operators that test nothing.
pub(super) fn canonical(conditions: Conditions) -> Conditions {
    conditions
        .into_iter()
        .filter(|(_, keys)| !keys.is_empty())
        .map(|(operator, keys)| {
            let form = Operator::of(operator.as_str());
            let keys = keys
                .into_iter()
                .map(|(key, values)| {
                    let values = values.into_iter().map(|value| canonical_value(&form, value));
                    (key, values.collect())
                })
                .collect();
            (operator, keys)
        })
        .collect()
}

/// The one spelling of a value, where the operator reads several spellings as the same value.
fn canonical_value(operator: &Operator<'_>, value: String) -> String {
    if is_unknown(&value) {
        value
    } else if operator.is("Bool") || operator.is("Null") {
        canonical_boolean(value)
    } else if operator.is_numeric() {
        canonical_number(value)
    } else if operator.is("IpAddress") || operator.is("NotIpAddress") {
        canonical_address(value)
    } else {
        value
    }
}

fn canonical_boolean(value: String) -> String {
    let lower = value.to_ascii_lowercase();
    if lower == "true" || lower == "false" { lower } else { value }
}

/// Drops the zeros that end a plain decimal's fraction; anything less plain stays as it is.
fn canonical_number(value: String) -> String {
    let Some((whole, fraction)) = value.split_once('.') else {
        return value;
    };
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(digits) || !plain(fraction) {
        return value;
    }
    match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        rest => format!("{whole}.{rest}"),
    }
}

/// Adds the prefix IAM takes an IPv4 address without one to have.
fn canonical_address(value: String) -> String {
    match value.parse::<Ipv4Addr>() {
        Ok(address) => format!("{address}/32"),
        Err(_) => value,
    }
}
