//! Parts of a string whose value is not known yet.

use std::borrow::Cow;

pub(super) use crate::pending::{CLOSE, OPEN};

/// Whether some of the text is not known yet, so that its form can't be judged.
pub(super) fn is_unknown(text: &str) -> bool {
    text.contains(OPEN)
}

/// The text without its unknown parts.
pub(super) fn known_part(text: &str) -> Cow<'_, str> {
    if !is_unknown(text) {
        return Cow::Borrowed(text);
    }
    let mut known = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        known.push_str(before);
        let Some((_, behind)) = after.split_once(CLOSE) else {
            return Cow::Owned(known);
        };
        rest = behind;
    }
    known.push_str(rest);
    Cow::Owned(known)
}
