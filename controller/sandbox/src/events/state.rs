//! What EventBridge remembers of one account in one region.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::INVALID;
use crate::call::Call;
use crate::json_call::{Failure, Input};
use crate::world::World;

/// The bus that is always there.
pub(super) const DEFAULT: &str = "default";

/// What EventBridge remembers of one account in one region.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// By name; the default bus once something was said of it.
    pub(super) buses: BTreeMap<String, Bus>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Bus {
    pub(super) created_seconds: f64,
    pub(super) description: Option<String>,
    pub(super) kms_key: Option<String>,
    pub(super) dead_letter: Option<String>,
    /// Detail and level.
    pub(super) logs: Option<(String, String)>,
    /// With principals as unique ids.
    pub(super) policy: Option<Value>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) rules: BTreeMap<String, Rule>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Rule {
    /// As it was sent.
    pub(super) pattern: Option<String>,
    pub(super) schedule: Option<String>,
    pub(super) state: String,
    pub(super) description: Option<String>,
    pub(super) role: Option<String>,
    pub(super) tags: BTreeMap<String, String>,
    /// By id, as they were sent.
    pub(super) targets: BTreeMap<String, Map<String, Value>>,
}

impl State {
    /// What the Resource Groups Tagging API sees: event buses and rules.
    pub fn tagged(&self, account: &str, region: &str) -> Vec<(String, Vec<(String, String)>)> {
        let listed = |tags: &BTreeMap<String, String>| tags.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
        let mut all = Vec::new();
        for (name, bus) in &self.buses {
            all.push((arn(account, region, &format!("event-bus/{name}")), listed(&bus.tags)));
            for (rule, held) in &bus.rules {
                all.push((arn(account, region, &rule_resource(name, rule)), listed(&held.tags)));
            }
        }
        all
    }
}

pub(super) fn arn(account: &str, region: &str, resource: &str) -> String {
    format!("arn:aws:events:{region}:{account}:{resource}")
}

/// Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html>.
pub(super) fn rule_resource(bus: &str, rule: &str) -> String {
    if bus == DEFAULT { format!("rule/{rule}") } else { format!("rule/{bus}/{rule}") }
}

/// The caller's account in the call's region.
pub(super) fn own<'w>(world: &'w mut World, call: &Call) -> &'w mut State {
    let state = world.account(&call.caller.account).events.entry(call.region.clone()).or_default();
    state.buses.entry(DEFAULT.to_owned()).or_default();
    state
}

/// The name in a member that takes the name or the ARN of a bus; without one the default bus.
pub(super) fn bus_name<'i>(call: &Call, input: Input<'i>, member: &str) -> Result<&'i str, Failure> {
    let Some(text) = input.text(member, 1, 1_600)? else { return Ok(DEFAULT) };
    let own = arn(&call.caller.account, &call.region, "event-bus/");
    let name = text.strip_prefix(&own).unwrap_or(text);
    check_name(input, member, name, 256)?;
    Ok(name)
}

/// Letters, digits and `.-_`.
pub(super) fn check_name(input: Input<'_>, member: &str, name: &str, max: usize) -> Result<(), Failure> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if name.is_empty() || name.len() > max || !name.chars().all(plain) {
        return Err(input.broken(member, "satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+"));
    }
    Ok(())
}

pub(super) fn find_bus<'w>(world: &'w mut World, call: &Call, name: &str) -> Result<&'w mut Bus, Failure> {
    own(world, call).buses.get_mut(name).ok_or_else(|| no_bus(name))
}

pub(super) fn no_bus(name: &str) -> Failure {
    Failure::new("ResourceNotFoundException", format!("Event bus {name} does not exist."))
}

pub(super) fn find_rule<'w>(
    world: &'w mut World,
    call: &Call,
    input: Input<'_>,
    member: &str,
) -> Result<&'w mut Rule, Failure> {
    let name = input.required(member, 1, 64)?;
    let bus = bus_name(call, input, "EventBusName")?;
    find_bus(world, call, bus)?.rules.get_mut(name).ok_or_else(|| no_rule(name, bus))
}

pub(super) fn no_rule(name: &str, bus: &str) -> Failure {
    Failure::new("ResourceNotFoundException", format!("Rule {name} does not exist on EventBus {bus}."))
}

/// A role that a rule or a target names must be the account's own and let EventBridge in.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html>.
pub(super) fn check_role(world: &World, call: &Call, role: Option<&str>) -> Result<(), Failure> {
    let Some(role) = role else { return Ok(()) };
    match world.service_role(&call.caller.account, role, "events.amazonaws.com") {
        Some(true) => Ok(()),
        Some(false) => Err(Failure::new(
            INVALID,
            format!("Provided role '{role}' cannot be assumed by principal 'events.amazonaws.com'."),
        )),
        None => Err(Failure::new(INVALID, format!("RoleArn {role} is not a role of the account, or does not exist."))),
    }
}
