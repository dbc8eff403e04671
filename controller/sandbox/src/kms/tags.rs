//! Tags of keys.
//!
//! Source: <https://docs.aws.amazon.com/kms/latest/developerguide/tagging-keys.html>.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::failure::Failure;
use super::input::{Input, check_length, missing};
use super::locate::{Access, key, key_mut, locate, not_pending_deletion};
use super::paging::{Limits, page};
use super::state::Key;
use crate::call::Call;
use crate::world::World;

/// How many tags a key can have.
const TAGS_MAX: usize = 50;

pub(super) fn list(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let written = input.required("KeyId", 2048)?;
    let place = locate(world, call, written, Access::own("ListResourceTags"))?;
    let tags = key(world, &place)?.tags.iter();
    let items = tags.map(|(name, value)| (name.clone(), json!({ "TagKey": name, "TagValue": value }))).collect();
    page(input, &Limits { default: 50, max: 50 }, "Tags", items)
}

pub(super) fn tag(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let written = input.required("KeyId", 2048)?;
    let tags = read(input)?.ok_or_else(|| missing("Tags"))?;
    let place = locate(world, call, written, Access::own("TagResource"))?;
    let key = key_mut(world, &place)?;
    customer_managed(key)?;
    not_pending_deletion(key)?;
    let mut all = key.tags.clone();
    all.extend(tags);
    if all.len() > TAGS_MAX {
        return Err(Failure::limit_exceeded(format!("A key can have at most {TAGS_MAX} tags.")));
    }
    key.tags = all;
    Ok(Value::Null)
}

pub(super) fn untag(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let written = input.required("KeyId", 2048)?;
    let names = input.texts("TagKeys")?.ok_or_else(|| missing("TagKeys"))?;
    for (index, name) in names.iter().enumerate() {
        check_length(name, &format!("tagKeys.{}.member", index + 1), 1, 128)?;
        check_name(name)?;
    }
    let place = locate(world, call, written, Access::own("UntagResource"))?;
    let key = key_mut(world, &place)?;
    customer_managed(key)?;
    not_pending_deletion(key)?;
    for name in &names {
        key.tags.remove(name);
    }
    Ok(Value::Null)
}

/// The member `Tags` of a request, checked.
pub(super) fn read(input: &Input) -> Result<Option<BTreeMap<String, String>>, Failure> {
    let Some(items) = input.list("Tags")? else { return Ok(None) };
    let mut tags = BTreeMap::new();
    for (index, item) in items.iter().enumerate() {
        let text = |name: &str| item.get(name).and_then(Value::as_str);
        let at = index + 1;
        let absent = |member: &str| Failure::constraint("null", &format!("tags.{at}.member.{member}"), "not be null");
        let name = text("TagKey").ok_or_else(|| absent("tagKey"))?;
        let value = text("TagValue").ok_or_else(|| absent("tagValue"))?;
        check_length(name, &format!("tags.{at}.member.tagKey"), 1, 128)?;
        check_length(value, &format!("tags.{at}.member.tagValue"), 0, 256)?;
        check_name(name)?;
        check_characters(value)?;
        if tags.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(Failure::new("TagException", "Duplicate tag keys"));
        }
    }
    if tags.len() > TAGS_MAX {
        return Err(Failure::new("TagException", "Too many tags"));
    }
    Ok(Some(tags))
}

fn check_name(name: &str) -> Result<(), Failure> {
    if name.to_ascii_lowercase().starts_with("aws:") {
        return Err(Failure::new("TagException", "Tags beginning with aws: are reserved"));
    }
    check_characters(name)
}

/// Letters, digits and spaces of any script, and a few signs.
fn check_characters(text: &str) -> Result<(), Failure> {
    let allowed = |c: char| c.is_alphanumeric() || c.is_whitespace() || "+-=._:/@".contains(c);
    if text.chars().all(allowed) {
        return Ok(());
    }
    Err(Failure::new("TagException", format!("The tag {text:?} has characters that are not allowed.")))
}

fn customer_managed(key: &Key) -> Result<(), Failure> {
    match &key.managed_by {
        None => Ok(()),
        Some(_) => Err(Failure::unsupported(format!("{} is an AWS managed key.", key.arn()))),
    }
}
