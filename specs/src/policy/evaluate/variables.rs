//! Policy variables: `${aws:username}`, with or without a default, and the three that stand for a special character.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

use super::super::caseless::Caseless;
use super::arn::Token;
use super::request::{Context, Slot};
use super::truth::Truth;

/// What `*` and `?` outside of variables are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wildcards {
    Match,
    AreText,
}

/// A value with its variables filled in.
pub(super) enum Expanded {
    /// Every variable has its value.
    Known(Vec<Token>),
    /// Some variable's value is unknown, and stands as [`Token::Many`]: what this doesn't match can't match.
    Open(Vec<Token>),
    /// Some variable has no value in the request and no default: it matches nothing.
    Nothing,
}

/// One stretch of a value.
pub(super) enum Piece<'a> {
    Text(&'a str),
    /// `${*}`, `${?}`, `${$}`.
    Special(char),
    Variable {
        key: &'a str,
        default: Option<&'a str>,
    },
}

/// Whether the text has a policy variable, in a version of the language that has them.
pub(super) fn has_variables(text: &str) -> bool {
    text.contains("${")
}

/// Fills in the variables. What the request gives for one is text, even if it holds a wildcard.
pub(super) fn expand<'a>(pieces: impl Iterator<Item = Piece<'a>>, wildcards: Wildcards, context: &Context) -> Expanded {
    let mut tokens = Vec::new();
    let mut is_open = false;
    for piece in pieces {
        match piece {
            Piece::Text(text) => tokens.extend(text.chars().map(|char| match (wildcards, char) {
                (Wildcards::Match, '*') => Token::Many,
                (Wildcards::Match, '?') => Token::One,
                _ => Token::Char(char),
            })),
            Piece::Special(char) => tokens.push(Token::Char(char)),
            Piece::Variable { key, default } => match (context.get(&Caseless::from(key)), default) {
                (Slot::Values([value]), _) => tokens.extend(value.chars().map(Token::Char)),
                (Slot::Absent, Some(value)) => tokens.extend(value.chars().map(Token::Char)),
                // "You can't use multivalued context keys as policy variables", same page.
                (Slot::Absent | Slot::Values(_), _) => return Expanded::Nothing,
                (Slot::Unknown | Slot::Unlike { .. }, _) => {
                    is_open = true;
                    tokens.push(Token::Many);
                }
            },
        }
    }
    if is_open { Expanded::Open(tokens) } else { Expanded::Known(tokens) }
}

/// Whether all variables have a value; one that is unknown may turn out to have none.
pub(super) fn is_resolved<'a>(pieces: impl Iterator<Item = Piece<'a>>, context: &Context) -> Truth {
    match expand(pieces, Wildcards::AreText, context) {
        Expanded::Known(_) => Truth::Yes,
        Expanded::Open(_) => Truth::Open,
        Expanded::Nothing => Truth::No,
    }
}

impl<'a> Piece<'a> {
    /// A condition's value, where variables may stand anywhere.
    pub(super) fn of_value(value: &'a str) -> impl Iterator<Item = Self> {
        let mut rest = value;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            if let Some((piece, behind)) = rest.strip_prefix("${").and_then(closed) {
                rest = behind;
                return Some(piece);
            }
            // A `${` that is never closed, or closes on nothing that is a variable, is text.
            let opening = usize::from(rest.starts_with("${")) * "${".len();
            let (_, behind) = rest.split_at(opening);
            let end = behind.find("${").map_or(rest.len(), |at| at + opening);
            let (text, behind) = rest.split_at(end);
            rest = behind;
            Some(Self::Text(text))
        })
    }

    /// A resource, where variables count only behind the fifth colon.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-wheretouse>
    pub(super) fn of_resource(resource: &'a str) -> impl Iterator<Item = Self> {
        let colons = resource.match_indices(':').map(|(at, _)| at + 1);
        let mut front = colons.take(5);
        let starts = (front.next(), front.next(), front.next(), front.next(), front.next());
        let split = starts.4.unwrap_or(resource.len());
        // A variable in front of the fifth colon has colons of its own, but then it is text in any case.
        let (front, back) = resource.split_at(split);
        std::iter::once(Self::Text(front)).chain(Self::of_value(back))
    }
}

/// The variable that begins here, behind its `${`, and what follows it.
fn closed(text: &str) -> Option<(Piece<'_>, &str)> {
    let (inner, behind) = text.split_once('}')?;
    let piece = match inner {
        "*" => Piece::Special('*'),
        "?" => Piece::Special('?'),
        "$" => Piece::Special('$'),
        _ => match inner.split_once(',') {
            None => Piece::Variable { key: Some(inner.trim()).filter(|key| !key.is_empty())?, default: None },
            Some((key, default)) => {
                let default = default.trim().strip_prefix('\'')?.strip_suffix('\'')?;
                Piece::Variable { key: key.trim(), default: Some(default) }
            }
        },
    };
    Some((piece, behind))
}
