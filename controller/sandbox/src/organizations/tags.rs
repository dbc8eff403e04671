//! Tags of the root, units, accounts and policies.
//!
//! Source: <https://docs.aws.amazon.com/organizations/latest/APIReference/API_TagResource.html>.

use serde_json::{Value, json};

use super::failure::Failure;
use super::input::{Input, TAGS_MAX, is_taggable};
use super::state::{Tags, managed};
use crate::call::Call;
use crate::world::World;

pub(super) fn list(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let tags = find(world, call, input)?;
    // Tags have no page size of their own, and fifty fit one answer.
    let list: Vec<Value> = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    Ok(json!({ "Tags": list }))
}

pub(super) fn tag(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let new = input.tags()?;
    let tags = find(world, call, input)?;
    let mut all = tags.clone();
    all.extend(new);
    if all.len() > TAGS_MAX {
        return Err(Failure::constraint("MAX_TAG_LIMIT_EXCEEDED", format!("At most {TAGS_MAX} tags are allowed.")));
    }
    *tags = all;
    Ok(Value::Null)
}

pub(super) fn untag(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let keys = input.texts("TagKeys")?;
    let tags = find(world, call, input)?;
    keys.into_iter().for_each(|key| {
        tags.remove(key);
    });
    Ok(Value::Null)
}

fn find<'w>(world: &'w mut World, call: &Call, input: &Input) -> Result<&'w mut Tags, Failure> {
    let id = input.id("ResourceId", is_taggable)?;
    let organization = managed(world, call)?;
    if id == organization.root {
        return Ok(&mut organization.root_tags);
    }
    if let Some(account) = organization.accounts.get_mut(id) {
        return Ok(&mut account.tags);
    }
    if let Some(unit) = organization.units.get_mut(id) {
        return Ok(&mut unit.tags);
    }
    organization.policies.get_mut(id).map(|policy| &mut policy.tags).ok_or_else(Failure::no_target)
}
