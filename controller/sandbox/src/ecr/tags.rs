//! Tags of repositories.
//!
//! Source: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_TagResource.html>.

use std::collections::BTreeMap;

use serde_json::json;

use super::INVALID;
use super::state::{not_found, own};
use crate::call::Call;
use crate::json_call::{Answer, Failure, Input, shown_tags};
use crate::world::World;

const TAGS_MAX: usize = 50;

pub(super) fn list(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    Ok(json!({ "tags": shown_tags(find(world, call, input)?) }))
}

pub(super) fn tag(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    if input.value("tags").is_none() {
        return Err(input.broken("tags", "not be null"));
    }
    let new = read(input)?;
    let tags = find(world, call, input)?;
    let mut all = tags.clone();
    all.extend(new);
    check_count(&all)?;
    *tags = all;
    Ok(json!({}))
}

pub(super) fn untag(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let keys = input.texts("tagKeys", 0, 200)?.ok_or_else(|| input.broken("tagKeys", "not be null"))?;
    let tags = find(world, call, input)?;
    for key in keys {
        tags.remove(key);
    }
    Ok(json!({}))
}

/// The member `tags`, checked.
pub(super) fn read(input: Input<'_>) -> Result<BTreeMap<String, String>, Failure> {
    let tags = input.tags("tags", "InvalidTagParameterException")?;
    check_count(&tags)?;
    Ok(tags)
}

fn check_count(tags: &BTreeMap<String, String>) -> Result<(), Failure> {
    if tags.len() > TAGS_MAX {
        return Err(Failure::new("TooManyTagsException", format!("A repository can have at most {TAGS_MAX} tags")));
    }
    Ok(())
}

/// The tags of what `resourceArn` names.
fn find<'w>(world: &'w mut World, call: &Call, input: Input<'_>) -> Result<&'w mut BTreeMap<String, String>, Failure> {
    let arn = input.required("resourceArn", 1, 2048)?;
    let own_prefix = format!("arn:aws:ecr:{}:{}:repository/", call.region, call.caller.account);
    let Some(name) = arn.strip_prefix(&own_prefix) else {
        let message = format!("Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN' {arn}");
        return Err(Failure::new(INVALID, message));
    };
    let found = own(world, call).repositories.get_mut(name).ok_or_else(|| not_found(call, name))?;
    Ok(&mut found.tags)
}
