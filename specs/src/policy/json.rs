//! Strict JSON with the place of every value.

use std::ops::Range;

use jsonc_parser::ast::Value;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde::de::IgnoredAny;

/// Nothing beyond RFC 8259.
const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Why a text is not JSON, and where in it.
pub(super) struct NotJson {
    pub(super) message: String,
    pub(super) at: Range<usize>,
}

/// Reads the text; keeps repeated keys and the spelling of numbers. Nesting is limited by the parser.
pub(super) fn tree(text: &str) -> Result<Value<'_>, NotJson> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &STRICT).map_err(|error| {
        let range = error.range();
        NotJson { message: lower_first(&error.kind().to_string()), at: range.start..range.end }
    })?;
    let value =
        parsed.value.ok_or_else(|| NotJson { message: "there is nothing in it".to_owned(), at: 0..text.len() })?;
    // The first parser lets small things pass, such as raw line breaks in strings.
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| {
        let start = offset(text, error.line(), error.column());
        NotJson { message: bare_message(&error), at: start..start }
    })?;
    Ok(value)
}

/// The error's words without its place, which is told by the offset.
fn bare_message(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rsplit_once(" at line ") {
        Some((bare, _)) => bare.to_owned(),
        None => message,
    }
}

fn offset(text: &str, line: usize, column: usize) -> usize {
    let lines = text.split_inclusive('\n').take(line.saturating_sub(1));
    let line_start: usize = lines.map(str::len).sum();
    let mut offset = (line_start + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

fn lower_first(message: &str) -> String {
    let mut chars = message.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}
