//! Values that are not known before apply, inside of strings.
//!
//! Such a value stands in a string as U+E000, the address, `#`, the attribute, U+E001. Both characters are of the
//! private use area, and are refused in a project's own files.

use std::borrow::Cow;

use crate::address::Address;

/// The character in front of a value that is not known yet.
pub const OPEN: char = '\u{E000}';
/// The character behind a value that is not known yet.
pub const CLOSE: char = '\u{E001}';

/// The stand-in for an attribute that is not known yet.
#[must_use]
pub fn token(address: &Address, attribute: &str) -> String {
    format!("{OPEN}{address}#{attribute}{CLOSE}")
}

/// Whether a string waits for a value.
#[must_use]
pub fn is_pending(text: &str) -> bool {
    tokens(text).next().is_some()
}

/// The values a string waits for: address and attribute, in order.
pub fn tokens(text: &str) -> impl Iterator<Item = (&str, &str)> {
    pieces(text).filter_map(|piece| match piece {
        Piece::Plain(_) => None,
        Piece::Token { address, attribute, .. } => Some((address, attribute)),
    })
}

/// Puts values in; a token for which `value` has none stays.
#[must_use]
pub fn replace(text: &str, mut value: impl FnMut(&str, &str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Plain(plain) => out.push_str(plain),
            Piece::Token { whole, address, attribute } => match value(address, attribute) {
                Some(value) => out.push_str(&value),
                None => out.push_str(whole),
            },
        }
    }
    out
}

/// The string with twelve digits for each account id that is not known yet: what its form can be judged by, since that much is known of
/// it.
#[must_use]
pub fn with_digits(text: &str) -> Cow<'_, str> {
    if !text.contains(OPEN) {
        return Cow::Borrowed(text);
    }
    let is_account = |address: &str| {
        let local = address.split_once('/').map_or(address, |(_, local)| local);
        local.split_once('.').is_some_and(|(kind, _)| kind == crate::ACCOUNT.name)
    };
    let digits =
        |address: &str, attribute: &str| (attribute == "id" && is_account(address)).then(|| "000000000000".to_owned());
    Cow::Owned(replace(text, digits))
}

/// The string for people: `(known after apply: key.artifacts.arn)`, without the account.
#[must_use]
pub fn show(text: &str) -> String {
    replace(text, |address, attribute| Some(shown(address, attribute)))
}

/// One value that is not known yet, for people.
pub(crate) fn shown(address: &str, attribute: &str) -> String {
    let local = address.split_once('/').map_or(address, |(_, local)| local);
    format!("(known after apply: {local}.{attribute})")
}

enum Piece<'a> {
    Plain(&'a str),
    Token { whole: &'a str, address: &'a str, attribute: &'a str },
}

fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some(open) = rest.find(OPEN) else { return Some(Piece::Plain(std::mem::take(&mut rest))) };
        if open > 0 {
            let (plain, behind) = rest.split_at(open);
            rest = behind;
            return Some(Piece::Plain(plain));
        }
        let inner_and_more = rest.strip_prefix(OPEN).unwrap_or(rest);
        let parts = inner_and_more.split_once(CLOSE).and_then(|(inner, behind)| Some((inner.split_once('#')?, behind)));
        let Some(((address, attribute), behind)) = parts else {
            return Some(Piece::Plain(std::mem::take(&mut rest)));
        };
        let (whole, _) = rest.split_at(rest.len() - behind.len());
        rest = behind;
        Some(Piece::Token { whole, address, attribute })
    })
}
