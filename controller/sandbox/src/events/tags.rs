//! Tags of event buses and rules.
//!
//! Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TagResource.html>.

use std::collections::BTreeMap;

use serde_json::json;

use super::INVALID;
use super::state::{DEFAULT, arn, find_bus, no_bus, no_rule};
use crate::call::Call;
use crate::json_call::{Answer, Failure, Input, shown_tags};
use crate::world::World;

const TAGS_MAX: usize = 50;

pub(super) fn list(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    Ok(json!({ "Tags": shown_tags(find(world, call, input)?) }))
}

pub(super) fn tag(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    if input.value("Tags").is_none() {
        return Err(input.broken("Tags", "not be null"));
    }
    let new = input.tags("Tags", INVALID)?;
    let tags = find(world, call, input)?;
    let mut all = tags.clone();
    all.extend(new);
    if all.len() > TAGS_MAX {
        return Err(Failure::new(INVALID, format!("A resource can have at most {TAGS_MAX} tags.")));
    }
    *tags = all;
    Ok(json!({}))
}

pub(super) fn untag(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let keys = input.texts("TagKeys", 1, 50)?.ok_or_else(|| input.broken("TagKeys", "not be null"))?;
    let tags = find(world, call, input)?;
    for key in keys {
        tags.remove(key);
    }
    Ok(json!({}))
}

/// The tags of what `ResourceARN` names.
fn find<'w>(world: &'w mut World, call: &Call, input: Input<'_>) -> Result<&'w mut BTreeMap<String, String>, Failure> {
    let text = input.required("ResourceARN", 1, 1_600)?;
    let own = arn(&call.caller.account, &call.region, "");
    let resource = text.strip_prefix(&own).unwrap_or_default();
    if let Some(name) = resource.strip_prefix("event-bus/") {
        return find_bus(world, call, name).map(|bus| &mut bus.tags).map_err(|_| no_bus(name));
    }
    let Some(rest) = resource.strip_prefix("rule/") else {
        return Err(Failure::new(INVALID, format!("{text} is not the ARN of an event bus or a rule.")));
    };
    let (bus, rule) = rest.split_once('/').unwrap_or((DEFAULT, rest));
    let found = find_bus(world, call, bus)?.rules.get_mut(rule);
    found.map(|held| &mut held.tags).ok_or_else(|| no_rule(rule, bus))
}
