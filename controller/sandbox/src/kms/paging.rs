//! Lists in pages, by Limit and Marker.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::failure::Failure;
use super::input::Input;

/// How many items an operation gives at once.
pub(super) struct Limits {
    pub(super) default: i64,
    pub(super) max: i64,
}

/// Cuts the page out of all items, which come in the order of their marks; gives the reply.
pub(super) fn page(
    input: &Input,
    limits: &Limits,
    member: &str,
    items: Vec<(String, Value)>,
) -> Result<Value, Failure> {
    let limit = input.number_within("Limit", 1, limits.max)?.unwrap_or(limits.default);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let start = match input.text_within("Marker", 1, 1024)? {
        None => 0,
        Some(marker) => {
            let after = STANDARD.decode(marker).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let after = after.ok_or_else(|| Failure::new("InvalidMarkerException", "Could not deserialize marker"))?;
            items.partition_point(|(mark, _)| *mark <= after)
        }
    };
    let rest = items.len().saturating_sub(start);
    let mut reply = Map::new();
    let mut last = None;
    let mut values = Vec::new();
    for (mark, value) in items.into_iter().skip(start).take(limit) {
        last = Some(mark);
        values.push(value);
    }
    reply.insert(member.to_owned(), Value::Array(values));
    if let Some(last) = last.filter(|_| rest > limit) {
        reply.insert("NextMarker".to_owned(), Value::String(STANDARD.encode(last)));
    }
    reply.insert("Truncated".to_owned(), Value::Bool(rest > limit));
    Ok(Value::Object(reply))
}
