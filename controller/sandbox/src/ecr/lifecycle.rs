//! Lifecycle policies.
//!
//! Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html>.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::INVALID;
use super::state::named;
use crate::call::Call;
use crate::json_call::{Answer, Failure, Input, seconds};
use crate::world::World;

/// The bounds of the API's model.
const POLICY_CHARACTERS_MIN: usize = 100;
const POLICY_CHARACTERS_MAX: usize = 30_720;

/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html>.
const RULES_MAX: usize = 50;

/// The most `*` of a pattern.
const PATTERN_WILDCARDS_MAX: usize = 4;

pub(super) fn get(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let (name, found) = named(world, call, input)?;
    let text = found.lifecycle.clone().ok_or_else(|| absent(call, name))?;
    Ok(with_time(call, name, &text, "lastEvaluatedAt"))
}

pub(super) fn put(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let text = input.required("lifecyclePolicyText", POLICY_CHARACTERS_MIN, POLICY_CHARACTERS_MAX)?;
    check(text).map_err(|why| {
        let rule = "failed to satisfy constraint: 'Lifecycle policy validation failure:";
        Failure::new(INVALID, format!("Invalid parameter at 'LifecyclePolicyText' {rule} {why}'"))
    })?;
    let (name, found) = named(world, call, input)?;
    found.lifecycle = Some(text.to_owned());
    Ok(json!({ "registryId": call.caller.account, "repositoryName": name, "lifecyclePolicyText": text }))
}

pub(super) fn delete(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let (name, found) = named(world, call, input)?;
    let text = found.lifecycle.take().ok_or_else(|| absent(call, name))?;
    Ok(with_time(call, name, &text, "lastEvaluatedAt"))
}

fn with_time(call: &Call, name: &str, text: &str, member: &str) -> Value {
    json!({
        "registryId": call.caller.account,
        "repositoryName": name,
        "lifecyclePolicyText": text,
        member: seconds(call),
    })
}

fn absent(call: &Call, name: &str) -> Failure {
    let registry = &call.caller.account;
    let message = format!(
        "Lifecycle policy does not exist for the repository with name '{name}' in the registry with id '{registry}'"
    );
    Failure::new("LifecyclePolicyNotFoundException", message)
}

/// What is wrong with a policy.
fn check(text: &str) -> Result<(), String> {
    let policy: Value =
        serde_json::from_str(text).map_err(|_| "Could not map policyString into LifecyclePolicy.".to_owned())?;
    let members = policy.as_object().ok_or("Could not map policyString into LifecyclePolicy.")?;
    only(members, &["rules"], &["rules"])?;
    let rules = members.get("rules").and_then(Value::as_array).filter(|rules| !rules.is_empty());
    let rules = rules.ok_or("object has missing required properties ([\"rules\"])")?;
    if rules.len() > RULES_MAX {
        return Err(format!("array is too long: at most {RULES_MAX} rules"));
    }
    // By storage class: priority, and whether it is for any tag.
    let mut seen: BTreeMap<i64, (&str, bool)> = BTreeMap::new();
    for rule in rules {
        let rule = rule.as_object().ok_or("instance type does not match any allowed primitive type")?;
        let (priority, class, is_any) = check_rule(rule)?;
        if seen.insert(priority, (class, is_any)).is_some() {
            return Err(format!("two rules have the rulePriority {priority}"));
        }
    }
    for (priority, (class, is_any)) in &seen {
        if *is_any && seen.range(priority + 1..).any(|(_, (other, _))| other == class) {
            return Err("a rule with the tagStatus any must have the highest rulePriority".to_owned());
        }
    }
    Ok(())
}

fn check_rule(rule: &Map<String, Value>) -> Result<(i64, &str, bool), String> {
    only(rule, &["rulePriority", "selection", "action"], &["rulePriority", "description", "selection", "action"])?;
    let priority = at_least_one(rule, "rulePriority")?;
    if rule.get("description").is_some_and(|description| !description.is_string()) {
        return Err("description is not a string".to_owned());
    }
    let selection = rule.get("selection").and_then(Value::as_object).ok_or("selection is not an object")?;
    let known =
        ["tagStatus", "tagPatternList", "tagPrefixList", "storageClass", "countType", "countUnit", "countNumber"];
    only(selection, &["tagStatus", "countType", "countNumber"], &known)?;
    let status = word(selection, "tagStatus", &["tagged", "untagged", "any"])?;
    check_tags(selection, status)?;
    at_least_one(selection, "countNumber")?;
    let counts = ["imageCountMoreThan", "sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned"];
    let count = word(selection, "countType", &counts)?;
    match (selection.get("countUnit").map(Value::as_str), count) {
        (None, "imageCountMoreThan") => {}
        (Some(Some("days")), count) if count != "imageCountMoreThan" => {}
        _ => return Err("instance failed to match exactly one schema: countUnit does not fit countType".to_owned()),
    }
    let class = match selection.get("storageClass") {
        None => "standard",
        Some(_) => word(selection, "storageClass", &["standard", "archive"])?,
    };
    if (count == "sinceImageTransitioned") != (class == "archive") {
        return Err("storageClass does not fit countType".to_owned());
    }
    check_action(rule, class)?;
    Ok((priority, class, status == "any"))
}

fn check_tags(selection: &Map<String, Value>, status: &str) -> Result<(), String> {
    let mut lists = 0;
    for name in ["tagPatternList", "tagPrefixList"] {
        let Some(list) = selection.get(name) else { continue };
        lists += 1;
        let texts: Option<Vec<&str>> =
            list.as_array().filter(|list| !list.is_empty()).and_then(|list| list.iter().map(Value::as_str).collect());
        let texts = texts.ok_or_else(|| format!("{name} is not a list of strings"))?;
        if texts.iter().any(|text| text.is_empty() || text.matches('*').count() > PATTERN_WILDCARDS_MAX) {
            return Err(format!("{name} holds a pattern that is none"));
        }
    }
    if (status == "tagged") == (lists == 1) && (status == "tagged" || lists == 0) {
        return Ok(());
    }
    Err("instance failed to match exactly one schema: tagPatternList or tagPrefixList goes with tagged images"
        .to_owned())
}

fn check_action(rule: &Map<String, Value>, class: &str) -> Result<(), String> {
    let action = rule.get("action").and_then(Value::as_object).ok_or("action is not an object")?;
    only(action, &["type"], &["type", "targetStorageClass"])?;
    let sort = word(action, "type", &["expire", "transition"])?;
    let target = action.get("targetStorageClass").map(Value::as_str);
    let fits = match sort {
        "transition" => target == Some(Some("archive")) && class == "standard",
        _ => target.is_none(),
    };
    if fits { Ok(()) } else { Err("targetStorageClass does not fit the action".to_owned()) }
}

/// Whether an object has what it must have, and nothing it may not have.
fn only(members: &Map<String, Value>, required: &[&str], known: &[&str]) -> Result<(), String> {
    if let Some(missing) = required.iter().find(|name| !members.contains_key(**name)) {
        return Err(format!("object has missing required properties ([\"{missing}\"])"));
    }
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        Some(other) => {
            Err(format!("object instance has properties which are not allowed by the schema: ([\"{other}\"])"))
        }
        None => Ok(()),
    }
}

fn at_least_one(members: &Map<String, Value>, name: &str) -> Result<i64, String> {
    let number = members.get(name).and_then(Value::as_i64).ok_or_else(|| format!("{name} is not a whole number"))?;
    if number < 1 {
        return Err(format!("numeric instance is lower than the required minimum (minimum: 1, found: {number})"));
    }
    Ok(number)
}

fn word<'a>(members: &'a Map<String, Value>, name: &str, words: &[&str]) -> Result<&'a str, String> {
    let text = members.get(name).and_then(Value::as_str).unwrap_or_default();
    if words.contains(&text) { Ok(text) } else { Err(format!("instance value ({text}) not found in enum of {name}")) }
}
