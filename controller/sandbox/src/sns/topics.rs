//! Topics and their tags.
//!
//! Source: <https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html>.

use std::collections::BTreeMap;

use super::attributes;
use super::params::{Fault, Params};
use super::state::{Topic, arn, name_in, named, own};
use crate::call::Call;
use crate::world::World;
use crate::xml::Xml;

/// Source: <https://docs.aws.amazon.com/general/latest/gr/sns.html>.
const TOPICS_MAX: usize = 100_000;
const TAGS_MAX: usize = 50;

/// A page of a list. Source: <https://docs.aws.amazon.com/sns/latest/api/API_ListTopics.html>.
const PAGE: usize = 100;

/// Makes a topic; one that is there just so is the answer.
pub(super) fn create(world: &mut World, call: &Call, params: &Params, xml: &mut Xml) -> Result<(), Fault> {
    let name = params.required("Name")?;
    let mut given = params.attributes();
    let fifo = given.get("FifoTopic") == Some(&"true");
    check_name(name, fifo)?;
    let tags = params.tags()?;
    let policy = given.remove("Policy");
    let mut made = Topic { tags, ..Topic::default() };
    for (attribute, value) in &given {
        let (attribute, value) = attributes::checked(world, call, attribute, value, fifo)?;
        made.attributes.insert(attribute, value);
    }
    made.policy = attributes::checked_policy(world, call, name, policy)?;
    let topics = &mut own(world, call).topics;
    if let Some(held) = topics.get(name) {
        if held.tags != made.tags && !made.tags.is_empty() {
            return Err(Fault::invalid("Tags Reason: Topic already exists with different tags"));
        }
        let differs = made.attributes.iter().any(|(name, value)| held.attributes.get(name) != Some(value));
        if differs || made.policy.is_some() && made.policy != held.policy {
            return Err(Fault::invalid("Attributes Reason: Topic already exists with different attributes"));
        }
    } else if topics.len() >= TOPICS_MAX {
        return Err(Fault::new(403, "TopicLimitExceeded", "The number of topics has reached the limit"));
    } else {
        check_count(&made.tags)?;
        topics.insert(name.to_owned(), made);
    }
    xml.leaf("TopicArn", arn(&call.caller.account, &call.region, name));
    Ok(())
}

fn check_name(name: &str, fifo: bool) -> Result<(), Fault> {
    let bare = name.strip_suffix(".fifo");
    if bare.is_some() != fifo {
        return Err(Fault::invalid("Topic Name Reason: the name of a FIFO topic, and no other, ends with .fifo"));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let bare = bare.unwrap_or(name);
    if bare.is_empty() || name.len() > 256 || !bare.chars().all(plain) {
        return Err(Fault::invalid("Topic Name"));
    }
    Ok(())
}

fn check_count(tags: &BTreeMap<String, String>) -> Result<(), Fault> {
    if tags.len() > TAGS_MAX {
        let message = "Could not complete request: tag quota of per resource exceeded";
        return Err(Fault::new(400, "TagLimitExceeded", message));
    }
    Ok(())
}

/// What is gone already is no error.
/// Source: <https://docs.aws.amazon.com/sns/latest/api/API_DeleteTopic.html>.
pub(super) fn delete(world: &mut World, call: &Call, params: &Params) -> Result<(), Fault> {
    let name = name_in(call, params, "TopicArn")?;
    own(world, call).topics.remove(name);
    Ok(())
}

pub(super) fn list(world: &mut World, call: &Call, params: &Params, xml: &mut Xml) -> Result<(), Fault> {
    let after = params.get("NextToken").unwrap_or_default().to_owned();
    let mut names = own(world, call).topics.keys().filter(|name| **name > after);
    let page: Vec<&String> = names.by_ref().take(PAGE).collect();
    let more = names.next().is_some();
    xml.open("Topics");
    for name in &page {
        xml.open("member").leaf("TopicArn", arn(&call.caller.account, &call.region, name)).close();
    }
    xml.close();
    xml.leaf_if("NextToken", page.last().filter(|_| more));
    Ok(())
}

/// A message that goes nowhere.
pub(super) fn publish(world: &mut World, call: &Call, params: &Params, xml: &mut Xml) -> Result<(), Fault> {
    params.required("Message")?;
    named(world, call, params)?;
    xml.leaf("MessageId", format!("{:08x}-0000-4000-8000-000000000000", world.next_serial()));
    Ok(())
}

fn tags_of<'w>(world: &'w mut World, call: &Call, params: &Params) -> Result<&'w mut BTreeMap<String, String>, Fault> {
    let name = name_in(call, params, "ResourceArn")?;
    let found = own(world, call).topics.get_mut(name);
    found.map(|topic| &mut topic.tags).ok_or_else(|| Fault::new(404, "ResourceNotFound", "Resource does not exist"))
}

pub(super) fn list_tags(world: &mut World, call: &Call, params: &Params, xml: &mut Xml) -> Result<(), Fault> {
    xml.open("Tags");
    for (key, value) in tags_of(world, call, params)? {
        xml.open("member").leaf("Key", key).leaf("Value", value).close();
    }
    xml.close();
    Ok(())
}

pub(super) fn tag(world: &mut World, call: &Call, params: &Params) -> Result<(), Fault> {
    let new = params.tags()?;
    let tags = tags_of(world, call, params)?;
    let mut all = tags.clone();
    all.extend(new);
    check_count(&all)?;
    *tags = all;
    Ok(())
}

pub(super) fn untag(world: &mut World, call: &Call, params: &Params) -> Result<(), Fault> {
    let keys = params.list("TagKeys");
    let tags = tags_of(world, call, params)?;
    for key in keys {
        tags.remove(key);
    }
    Ok(())
}
