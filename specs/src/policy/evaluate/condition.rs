//! Whether a statement's conditions hold.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::super::caseless::Caseless;
use super::super::condition::{Conditions, Operator};
use super::super::model::Version;
use super::arn::{self, Case, Token};
use super::request::{Context, Slot};
use super::truth::Truth;
use super::values::{self, Number};
use super::variables::{Expanded, Piece, Wildcards, expand, has_variables, is_resolved};

/// What an operator does with one value of the request and one of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Test {
    StringEquals,
    StringEqualsIgnoreCase,
    StringLike,
    Arn,
    Bool,
    Number(Compare),
    Date(Compare),
    Binary,
    Address,
}

impl Test {
    /// Whether its values may hold policy variables, as the sections of the operators say.
    fn takes_variables(self) -> bool {
        match self {
            Self::StringEquals | Self::StringEqualsIgnoreCase | Self::StringLike | Self::Arn | Self::Bool => true,
            Self::Number(_) | Self::Date(_) | Self::Binary | Self::Address => false,
        }
    }
}

/// Whether all variables of the values have a value.
fn are_resolved(values: &BTreeSet<String>, context: &Context) -> Truth {
    let with_variables = values.iter().filter(|value| has_variables(value));
    with_variables.map(|value| is_resolved(Piece::of_value(value), context)).min().unwrap_or(Truth::Yes)
}

/// Which order of the request's value to the policy's is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compare {
    Equals,
    LessThan,
    LessThanEquals,
    GreaterThan,
    GreaterThanEquals,
}

impl Compare {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equals => order.is_eq(),
            Self::LessThan => order.is_lt(),
            Self::LessThanEquals => order.is_le(),
            Self::GreaterThan => order.is_gt(),
            Self::GreaterThanEquals => order.is_ge(),
        }
    }
}

/// The test of an operator without set prefix and `IfExists`; nothing for one AWS does not have, and for `Null`.
fn test(base: &str) -> Option<Test> {
    let lower = base.to_ascii_lowercase();
    let test = match lower.as_str() {
        "stringequals" | "stringnotequals" => Test::StringEquals,
        "stringequalsignorecase" | "stringnotequalsignorecase" => Test::StringEqualsIgnoreCase,
        "stringlike" | "stringnotlike" => Test::StringLike,
        "arnequals" | "arnlike" | "arnnotequals" | "arnnotlike" => Test::Arn,
        "bool" => Test::Bool,
        "binaryequals" => Test::Binary,
        "ipaddress" | "notipaddress" => Test::Address,
        _ => match lower.strip_prefix("numeric") {
            Some(rest) => Test::Number(compare(rest)?),
            None => Test::Date(compare(lower.strip_prefix("date")?)?),
        },
    };
    Some(test)
}

fn compare(name: &str) -> Option<Compare> {
    match name {
        "equals" | "notequals" => Some(Compare::Equals),
        "lessthan" => Some(Compare::LessThan),
        "lessthanequals" => Some(Compare::LessThanEquals),
        "greaterthan" => Some(Compare::GreaterThan),
        "greaterthanequals" => Some(Compare::GreaterThanEquals),
        _ => None,
    }
}

/// Whether all operators and all keys hold.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html>
pub(super) fn holds(conditions: &Conditions, version: Version, context: &Context) -> Truth {
    let mut all = Truth::Yes;
    for (operator, keys) in conditions {
        let operator = Operator::of(operator.as_str());
        for (key, values) in keys {
            all = all.min(key_holds(&operator, context.get(key), values, version, context));
            if all == Truth::No {
                return Truth::No;
            }
        }
    }
    all
}

/// Collects the keys on which it is open whether the conditions hold.
pub(super) fn open_keys(conditions: &Conditions, version: Version, context: &Context, keys: &mut BTreeSet<Caseless>) {
    for (operator, tested) in conditions {
        let operator = Operator::of(operator.as_str());
        for (key, values) in tested {
            if key_holds(&operator, context.get(key), values, version, context) != Truth::Open {
                continue;
            }
            if context.get(key).is_open() || test(operator.base).is_none() {
                keys.insert(key.clone());
            } else {
                for value in values {
                    open_variables(Piece::of_value(value), context, keys);
                }
            }
        }
    }
}

/// Collects the variables whose value is unknown.
pub(super) fn open_variables<'a>(
    pieces: impl Iterator<Item = Piece<'a>>,
    context: &Context,
    keys: &mut BTreeSet<Caseless>,
) {
    for piece in pieces {
        if let Piece::Variable { key, .. } = piece
            && context.get(&Caseless::from(key)).is_open()
        {
            keys.insert(Caseless::from(key));
        }
    }
}

fn key_holds(
    operator: &Operator<'_>,
    slot: Slot<'_>,
    values: &BTreeSet<String>,
    version: Version,
    context: &Context,
) -> Truth {
    if values.is_empty() {
        return Truth::No;
    }
    if operator.base.eq_ignore_ascii_case("Null") {
        return null_holds(slot, values);
    }
    let Some(test) = test(operator.base) else {
        // An operator AWS has and this doesn't know yet.
        return Truth::Open;
    };
    let set = Set::of(operator);
    match slot {
        Slot::Unknown => Truth::Open,
        Slot::Absent => absent_holds(operator, set).into(),
        Slot::Unlike { patterns, is_there } => {
            let can_match = |wanted: &String| can_match(test, wanted, patterns, version);
            let matches = values.iter().map(can_match).max().unwrap_or(Truth::No);
            let there = if operator.is_negated() { matches.not() } else { matches };
            let is_same = is_there || there == absent_holds(operator, set).into();
            if is_same { there } else { Truth::Open }
        }
        Slot::Values(given) => {
            let matches = |given: &str| {
                values.iter().map(|wanted| matches(test, wanted, given, version, context)).max().unwrap_or(Truth::No)
            };
            let holds = given_hold(operator, set, given, matches);
            // A value that can't be told differs from nothing.
            let is_certain = operator.is_negated() && version == Version::V2012 && test.takes_variables();
            if is_certain { holds.min(are_resolved(values, context)) } else { holds }
        }
    }
}

/// Whether a value that none of the patterns matches can be the one the policy wants.
fn can_match(test: Test, wanted: &str, patterns: &[String], version: Version) -> Truth {
    if version == Version::V2012 && has_variables(wanted) {
        return Truth::Open;
    }
    // What a wildcard in the wanted text stands for is matched by one in the pattern, so that all it matches is left out.
    let is_left_out = |case| patterns.iter().any(|pattern| arn::like(pattern, wanted, case));
    match test {
        Test::StringLike if wanted == "*" => Truth::Yes,
        Test::StringEquals | Test::StringLike | Test::Arn if is_left_out(Case::Matters) => Truth::No,
        Test::StringEqualsIgnoreCase if is_left_out(Case::Ignored) => Truth::No,
        _ => Truth::Open,
    }
}

/// How an operator takes a key with several values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    None,
    All,
    Any,
}

impl Set {
    fn of(operator: &Operator<'_>) -> Self {
        if operator.set.is_empty() {
            Self::None
        } else if operator.set.eq_ignore_ascii_case("ForAllValues:") {
            Self::All
        } else {
            Self::Any
        }
    }
}

/// A request without the key: `IfExists` and `ForAllValues` hold, `ForAnyValue` doesn't, and of the rest the
/// negated ones do.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>,
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
fn absent_holds(operator: &Operator<'_>, set: Set) -> bool {
    !operator.if_exists.is_empty()
        || match set {
            Set::All => true,
            Set::Any => false,
            Set::None => operator.is_negated(),
        }
}

/// Whether what the request gives holds, where `matches` says whether one value is one of the policy's.
///
/// AWS has no rule for several values under an operator without a set prefix: here one that matches is enough,
/// or, if the operator is negated, one that matches is too much.
fn given_hold(operator: &Operator<'_>, set: Set, given: &[String], matches: impl Fn(&str) -> Truth) -> Truth {
    let is_negated = operator.is_negated();
    let one = |value: &String| if is_negated { matches(value).not() } else { matches(value) };
    let every = || given.iter().map(one).min().unwrap_or(Truth::Yes);
    let some = || given.iter().map(one).max().unwrap_or(Truth::No);
    match set {
        // "or if the context key value resolves to a null dataset, such as an empty string":
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition_examples-multi-valued-context-keys.html
        Set::All if is_null(given) => Truth::Yes,
        Set::All => every(),
        Set::Any => some(),
        Set::None if is_negated => every(),
        Set::None => some(),
    }
}

fn is_null(given: &[String]) -> bool {
    given.iter().all(String::is_empty)
}

/// `true`: the key is absent; `false`: it is there and its value is not null.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Null>
fn null_holds(slot: Slot<'_>, values: &BTreeSet<String>) -> Truth {
    let wants = |wanted: &str| values.iter().any(|value| value.eq_ignore_ascii_case(wanted));
    match slot {
        _ if wants("true") && wants("false") => Truth::Yes,
        _ if !wants("true") && !wants("false") => Truth::No,
        Slot::Unlike { is_there: true, .. } => wants("false").into(),
        Slot::Unknown | Slot::Unlike { .. } => Truth::Open,
        Slot::Absent => wants("true").into(),
        Slot::Values(given) if is_null(given) => wants("true").into(),
        Slot::Values(_) => wants("false").into(),
    }
}

/// Whether the request's value is the one the policy wants.
fn matches(test: Test, wanted: &str, given: &str, version: Version, context: &Context) -> Truth {
    let is_variable = version == Version::V2012 && has_variables(wanted);
    match test {
        _ if is_variable && test.takes_variables() => matches_expanded(test, wanted, given, context),
        Test::StringEquals => (wanted == given).into(),
        Test::StringEqualsIgnoreCase => is_same_caseless(wanted, given).into(),
        Test::StringLike => arn::like(wanted, given, Case::Matters).into(),
        Test::Arn => arn::arn_like(wanted, given).into(),
        Test::Bool => is_same_boolean(wanted, given).into(),
        Test::Number(compare) => ordered(compare, Number::parse(given), Number::parse(wanted)).into(),
        Test::Date(compare) => ordered(compare, values::moment(given), values::moment(wanted)).into(),
        Test::Binary => (wanted == given).into(),
        Test::Address => values::is_in_range(wanted, given).into(),
    }
}

fn ordered<V: Ord>(compare: Compare, given: Option<V>, wanted: Option<V>) -> bool {
    match (given, wanted) {
        (Some(given), Some(wanted)) => compare.holds(given.cmp(&wanted)),
        // What is no number or date is in no order to one.
        (None, _) | (_, None) => false,
    }
}

fn is_same_caseless(left: &str, right: &str) -> bool {
    left.chars().flat_map(char::to_lowercase).eq(right.chars().flat_map(char::to_lowercase))
}

fn is_same_boolean(wanted: &str, given: &str) -> bool {
    ["true", "false"].iter().any(|word| wanted.eq_ignore_ascii_case(word) && given.eq_ignore_ascii_case(word))
}

fn matches_expanded(test: Test, wanted: &str, given: &str, context: &Context) -> Truth {
    let wildcards = if matches!(test, Test::StringLike | Test::Arn) { Wildcards::Match } else { Wildcards::AreText };
    let fits = |tokens: &[Token]| match test {
        Test::StringEqualsIgnoreCase | Test::Bool => {
            let lower = |token: &Token| match *token {
                Token::Char(char) => char.to_lowercase().map(Token::Char).collect(),
                other @ (Token::One | Token::Many) => vec![other],
            };
            let tokens: Vec<Token> = tokens.iter().flat_map(lower).collect();
            arn::like_tokens(&tokens, &given.to_lowercase())
        }
        Test::Arn => arn::arn_like_tokens(tokens, given),
        _ => arn::like_tokens(tokens, given),
    };
    match expand(Piece::of_value(wanted), wildcards, context) {
        Expanded::Known(tokens) => fits(&tokens).into(),
        // The unknown may hold colons, so that the parts of an ARN can't be told apart yet.
        Expanded::Open(tokens) if test == Test::Arn => Truth::from(arn::like_tokens(&tokens, given)).min(Truth::Open),
        Expanded::Open(tokens) => Truth::from(fits(&tokens)).min(Truth::Open),
        Expanded::Nothing => Truth::No,
    }
}
