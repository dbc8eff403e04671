//! Rules.
//!
//! Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html>.

use serde_json::{Value, json};

use super::state::{
    DEFAULT, Rule, arn, bus_name, check_name, check_role, find_bus, find_rule, no_rule, own, rule_resource,
};
use super::{INVALID, pattern, schedule};
use crate::call::Call;
use crate::json_call::{Answer, Failure, Input, page};
use crate::world::World;

/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>, per event bus.
const RULES_MAX: usize = 300;

const STATES: [&str; 3] = ["ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"];

/// Makes a rule, or replaces all of one but its targets and tags.
pub(super) fn put(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let name = input.required("Name", 1, 64)?;
    check_name(input, "Name", name, 64)?;
    let bus = bus_name(call, input, "EventBusName")?;
    let pattern = input.text("EventPattern", 0, 4_096)?.filter(|text| !text.is_empty());
    let schedule = input.text("ScheduleExpression", 0, 256)?.filter(|text| !text.is_empty());
    if pattern.is_none() && schedule.is_none() {
        return Err(Failure::new(INVALID, "Parameter(s) EventPattern or ScheduleExpression must be specified."));
    }
    if let Some(text) = pattern {
        pattern::check(text).map_err(|why| {
            Failure::new("InvalidEventPatternException", format!("Event pattern is not valid. Reason: {why}"))
        })?;
    }
    if let Some(text) = schedule {
        if !schedule::is_sound(text) {
            return Err(Failure::new(INVALID, "Parameter ScheduleExpression is not valid."));
        }
        if bus != DEFAULT {
            return Err(Failure::new(INVALID, "ScheduleExpression is supported only on the default event bus."));
        }
    }
    let state = input.word("State", &STATES)?.unwrap_or("ENABLED");
    let description = input.text("Description", 0, 512)?.map(str::to_owned);
    let role = input.text("RoleArn", 1, 1_600)?;
    check_role(world, call, role)?;
    let tags = input.tags("Tags", INVALID)?;
    let rules = &mut find_bus(world, call, bus)?.rules;
    if rules.len() >= RULES_MAX && !rules.contains_key(name) {
        return Err(Failure::new(
            "LimitExceededException",
            "The requested resource exceeds the maximum number allowed.",
        ));
    }
    // Tags count only for a new rule.
    let rule = rules.entry(name.to_owned()).or_insert_with(|| Rule { tags, ..Rule::default() });
    rule.pattern = pattern.map(str::to_owned);
    rule.schedule = schedule.map(str::to_owned);
    state.clone_into(&mut rule.state);
    rule.description = description;
    rule.role = role.map(str::to_owned);
    Ok(json!({ "RuleArn": arn(&call.caller.account, &call.region, &rule_resource(bus, name)) }))
}

pub(super) fn describe(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let name = input.required("Name", 1, 64)?;
    let bus = bus_name(call, input, "EventBusName")?;
    let rule = find_rule(world, call, input, "Name")?;
    let mut shown = shown(call, bus, name, rule);
    shown["CreatedBy"] = call.caller.account.as_str().into();
    Ok(shown)
}

fn shown(call: &Call, bus: &str, name: &str, rule: &Rule) -> Value {
    let Rule { pattern, schedule, state, description, role, tags: _, targets: _ } = rule;
    let mut shown = json!({
        "Name": name,
        "Arn": arn(&call.caller.account, &call.region, &rule_resource(bus, name)),
        "EventBusName": bus,
        "State": state,
    });
    let members =
        [("EventPattern", pattern), ("ScheduleExpression", schedule), ("Description", description), ("RoleArn", role)];
    for (member, value) in members {
        if let Some(text) = value {
            shown[member] = text.as_str().into();
        }
    }
    shown
}

pub(super) fn list(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let bus = bus_name(call, input, "EventBusName")?;
    let prefix = input.text("NamePrefix", 1, 64)?.unwrap_or_default();
    let size = input.number("Limit", 1, 100)?.and_then(|size| usize::try_from(size).ok()).unwrap_or(100);
    let token = input.text("NextToken", 1, 2_048)?;
    let rules = find_bus(world, call, bus)?.rules.iter().filter(|(name, _)| name.starts_with(prefix));
    let items: Vec<(String, Value)> = rules.map(|(name, rule)| (name.clone(), shown(call, bus, name, rule))).collect();
    let (found, next) = page(items, token, size, INVALID)?;
    let mut answer = json!({ "Rules": found });
    if let Some(next) = next {
        answer["NextToken"] = next.into();
    }
    Ok(answer)
}

pub(super) fn switch(world: &mut World, call: &Call, input: Input<'_>, state: &str) -> Answer {
    state.clone_into(&mut find_rule(world, call, input, "Name")?.state);
    Ok(json!({}))
}

/// What is gone already is no error; a rule with targets stays.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeleteRule.html>.
pub(super) fn delete(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let name = input.required("Name", 1, 64)?;
    let bus = bus_name(call, input, "EventBusName")?;
    let Some(held) = own(world, call).buses.get_mut(bus) else { return Err(no_rule(name, bus)) };
    if held.rules.get(name).is_some_and(|rule| !rule.targets.is_empty()) {
        return Err(Failure::new(INVALID, "Rule can't be deleted since it has targets."));
    }
    held.rules.remove(name);
    Ok(json!({}))
}
