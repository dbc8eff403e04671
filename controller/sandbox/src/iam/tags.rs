//! Tags: reading them from a call, setting and taking them away.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html>.

use super::Context;
use super::fault::Fault;
use super::query::Params;
use super::state::Tag;
use crate::xml::Xml;

/// The most tags an entity may carry.
const TAGS_MAX: usize = 50;

/// Whether two keys that differ in case only are one key. For users and roles they are; for policies and instance
/// profiles they are two. Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#case-sensitivity>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyCase {
    /// `team` and `Team` are one key; the spelling sent last stands.
    Ignored,
    /// `team` and `Team` are two keys.
    Matters,
}

impl KeyCase {
    fn same(self, a: &str, b: &str) -> bool {
        match self {
            Self::Ignored => a.eq_ignore_ascii_case(b),
            Self::Matters => a == b,
        }
    }
}

/// The tags a call sends, checked; none if it sends none.
pub(super) fn sent(params: &Params) -> Result<Vec<Tag>, Fault> {
    let mut tags: Vec<Tag> = Vec::new();
    for index in 1.. {
        let prefix = format!("Tags.member.{index}.");
        let (key, value) = (params.get(&format!("{prefix}Key")), params.get(&format!("{prefix}Value")));
        if key.is_none() && value.is_none() {
            break;
        }
        let missing = |part: &str| Fault::constraint("null", &format!("tags.{index}.member.{part}"), "not be null");
        let (key, value) = (key.ok_or_else(|| missing("key"))?, value.ok_or_else(|| missing("value"))?);
        check_key(key, &format!("tags.{index}.member.key"))?;
        check_value(value, &format!("tags.{index}.member.value"))?;
        tags.push(Tag { key: key.to_owned(), value: value.to_owned() });
    }
    if tags.len() > TAGS_MAX {
        return Err(too_many("tags"));
    }
    // A call may never name a key twice, in whatever case.
    let mut seen: Vec<String> = tags.iter().map(|tag| tag.key.to_lowercase()).collect();
    seen.sort_unstable();
    if seen.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
        return Err(Fault::invalid_input("Duplicate tag keys found. Please note that Tag keys are case insensitive."));
    }
    Ok(tags)
}

/// The tags a call sends that exists to send tags.
pub(super) fn required(params: &Params) -> Result<Vec<Tag>, Fault> {
    if params.any("Tags") {
        return sent(params);
    }
    Err(Fault::constraint("null", "tags", "not be null"))
}

/// The keys a call wants taken away.
pub(super) fn keys(params: &Params) -> Result<Vec<String>, Fault> {
    if !params.any("TagKeys") {
        return Err(Fault::constraint("null", "tagKeys", "not be null"));
    }
    let keys = params.list("TagKeys");
    if keys.len() > TAGS_MAX {
        return Err(too_many("tagKeys"));
    }
    for (index, key) in keys.iter().enumerate() {
        check_key(key, &format!("tagKeys.{}.member", index + 1))?;
    }
    Ok(keys.into_iter().map(str::to_owned).collect())
}

/// Sets tags over those that are there; all of them or none.
pub(super) fn set(tags: &mut Vec<Tag>, new: Vec<Tag>, case: KeyCase) -> Result<(), Fault> {
    let mut merged = tags.clone();
    for tag in new {
        match merged.iter_mut().find(|held| case.same(&held.key, &tag.key)) {
            Some(held) => *held = tag,
            None => merged.push(tag),
        }
    }
    if merged.len() > TAGS_MAX {
        return Err(Fault::limit_exceeded("The number of tags has reached the maximum limit."));
    }
    *tags = merged;
    Ok(())
}

/// Takes tags away; keys that are not there are no error.
pub(super) fn unset(tags: &mut Vec<Tag>, keys: &[String], case: KeyCase) {
    tags.retain(|tag| !keys.iter().any(|key| case.same(&tag.key, key)));
}

/// The answer of `List…Tags`.
pub(super) fn list(context: &Context<'_>, tags: &[Tag], out: &mut Xml) -> Result<(), Fault> {
    let mut sorted: Vec<&Tag> = tags.iter().collect();
    sorted.sort_by(|a, b| a.key.cmp(&b.key));
    let page = context.params.paging()?.cut(sorted, |tag| tag.key.clone());
    out.open("Tags");
    for tag in page.items {
        write_one(tag, out);
    }
    out.close();
    super::render::end_of_page(page.marker, out);
    Ok(())
}

/// `<Tags>` inside an entity.
pub(super) fn write(tags: &[Tag], out: &mut Xml) {
    out.open("Tags");
    for tag in tags {
        write_one(tag, out);
    }
    out.close();
}

fn write_one(tag: &Tag, out: &mut Xml) {
    out.open("member").leaf("Key", &tag.key).leaf("Value", &tag.value).close();
}

fn check_key(key: &str, member: &str) -> Result<(), Fault> {
    let quoted = format!("'{key}'");
    match key.chars().count() {
        0 => return Err(Fault::constraint(quoted, member, "have length greater than or equal to 1")),
        1..=128 => {}
        _ => return Err(Fault::constraint(quoted, member, "have length less than or equal to 128")),
    }
    if !key.chars().all(is_tag_char) {
        let rule = "satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+";
        return Err(Fault::constraint(quoted, member, rule));
    }
    if key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:")) {
        return Err(Fault::invalid_input("Tag keys beginning with aws: are reserved for system use."));
    }
    Ok(())
}

fn check_value(value: &str, member: &str) -> Result<(), Fault> {
    if value.chars().count() > 256 {
        return Err(Fault::constraint(format!("'{value}'"), member, "have length less than or equal to 256"));
    }
    if !value.chars().all(is_tag_char) {
        let rule = "satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*";
        return Err(Fault::constraint(format!("'{value}'"), member, rule));
    }
    Ok(())
}

/// Letters, numbers and separators of any script, and a few signs. A control character is white space to Unicode, but
/// no separator.
fn is_tag_char(c: char) -> bool {
    c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c)
}

fn too_many(member: &str) -> Fault {
    Fault::constraint("", member, &format!("have length less than or equal to {TAGS_MAX}"))
}
