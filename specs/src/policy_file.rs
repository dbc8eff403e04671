//! A policy in a JSON file, with `${…}` in its strings.

use std::ops::Range;
use std::sync::Arc;

use crate::decode::Decoder;
use crate::diagnostic::Diagnostic;
use crate::load::params::Spliced;
use crate::span::{FileId, Span};
use crate::text::Text;

/// A JSON file and the strings of it that have references.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PolicyFile {
    pub(crate) file: FileId,
    pub(crate) text: Arc<str>,
    pub(crate) holes: Vec<Hole>,
}

/// A string with references, from quote to quote.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hole {
    pub(crate) range: Range<usize>,
    pub(crate) texts: Vec<Text>,
    /// Whether it stands in a list, so that several values become members of it.
    pub(crate) listed: bool,
}

impl PolicyFile {
    /// Reads the file a spec names at `span`, and notes what it mentions.
    pub(crate) fn load(path: &str, span: Span, cx: &mut Decoder<'_>) -> Option<Arc<Self>> {
        let file = match cx.files().policy(path, span) {
            Ok(file) => file,
            Err(problem) => {
                cx.problem(*problem);
                return None;
            }
        };
        let text: Arc<str> = Arc::from(cx.files().sources().text(file));
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&text) {
            cx.problem(malformed(file, &text, &error, span));
            return None;
        }
        let mut holes = Vec::new();
        let mut complete = true;
        for string in strings(&text) {
            match string.value(&text) {
                Some(value) if value.contains("${") => match string.hole(&value, file, cx) {
                    Some(hole) => holes.push(hole),
                    None => complete = false,
                },
                Some(_) | None => {}
            }
        }
        complete.then(|| Arc::new(Self { file, text, holes }))
    }
}

fn malformed(file: FileId, text: &str, error: &serde_json::Error, named: Span) -> Diagnostic {
    let before = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
    let at = text.floor_char_boundary(before + error.column().saturating_sub(1));
    let end = text.ceil_char_boundary((at + 1).min(text.len()));
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or(&message).to_owned();
    Diagnostic::error("the policy file is not JSON").at(Span::new(file, at, end), message).also(named, "named here")
}

/// A string that is a value, not a key.
struct JsonString {
    range: Range<usize>,
    listed: bool,
}

impl JsonString {
    fn value(&self, text: &str) -> Option<String> {
        serde_json::from_str(text.get(self.range.clone())?).ok()
    }

    fn hole(self, value: &str, file: FileId, cx: &mut Decoder<'_>) -> Option<Hole> {
        let span = Span::new(file, self.range.start, self.range.end);
        let values = match cx.parameters() {
            None => vec![value.to_owned()],
            Some(parameters) => match parameters.splice(value, span, cx) {
                Spliced::Text(text) => vec![text],
                Spliced::List(list) if list.is_empty() => {
                    let diagnostic = Diagnostic::error("an empty list can't be put into a JSON file").at(span, "");
                    cx.problem(diagnostic.help("write the statement as a table, or give the parameter a member"));
                    return None;
                }
                Spliced::List(list) => list,
                Spliced::Nothing => return None,
            },
        };
        let texts: Option<Vec<Text>> = cx.in_list(true, |cx| values.iter().map(|value| cx.text(value, span)).collect());
        Some(Hole { range: self.range, texts: texts?, listed: self.listed })
    }
}

/// The strings of a well-formed JSON text that are values.
fn strings(text: &str) -> Vec<JsonString> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut lists = Vec::new();
    let mut key_next = false;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'[' => lists.push(true),
            b'{' => {
                lists.push(false);
                key_next = true;
            }
            b']' | b'}' => {
                lists.pop();
            }
            b':' => key_next = false,
            b',' => key_next = lists.last() == Some(&false),
            b'"' => {
                let end = string_end(bytes, at);
                if !key_next {
                    found.push(JsonString { range: at..end, listed: lists.last() == Some(&true) });
                }
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// The offset behind the closing quote of the string that opens at `open`.
fn string_end(bytes: &[u8], open: usize) -> usize {
    let mut at = open + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}
