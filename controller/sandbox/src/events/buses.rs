//! Event buses and their policies.
//!
//! Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html>.

use serde_json::{Map, Value, json};

use super::INVALID;
use super::state::{Bus, DEFAULT, arn, bus_name, check_name, find_bus, no_bus, own};
use crate::call::Call;
use crate::iam::{self, DocumentUse};
use crate::json_call::{Answer, Failure, Input, page, seconds};
use crate::kms;
use crate::sts::trust::texts;
use crate::world::World;

/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>.
const BUSES_MAX: usize = 100;
const POLICY_CHARACTERS_MAX: usize = 10_240;
const TAGS_MAX: usize = 50;

pub(super) fn create(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let name = input.required("Name", 1, 256)?;
    check_name(input, "Name", name, 256)?;
    let tags = input.tags("Tags", INVALID)?;
    if tags.len() > TAGS_MAX {
        return Err(Failure::new("LimitExceededException", "A resource can have at most 50 tags."));
    }
    let buses = &own(world, call).buses;
    if buses.contains_key(name) {
        return Err(Failure::new("ResourceAlreadyExistsException", format!("Event bus {name} already exists.")));
    }
    if buses.len() >= BUSES_MAX {
        return Err(Failure::new(
            "LimitExceededException",
            "The requested resource exceeds the maximum number allowed.",
        ));
    }
    let mut made = Bus { created_seconds: seconds(call), tags, ..Bus::default() };
    settle(world, call, input, &mut made)?;
    let mut answer = json!({ "EventBusArn": arn(&call.caller.account, &call.region, &format!("event-bus/{name}")) });
    show_settings(&made, &mut answer);
    own(world, call).buses.insert(name.to_owned(), made);
    Ok(answer)
}

pub(super) fn update(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let name = bus_name(call, input, "Name")?;
    let mut bus = find_bus(world, call, name)?.clone();
    settle(world, call, input, &mut bus)?;
    let mut answer =
        json!({ "Name": name, "Arn": arn(&call.caller.account, &call.region, &format!("event-bus/{name}")) });
    show_settings(&bus, &mut answer);
    *find_bus(world, call, name)? = bus;
    Ok(answer)
}

/// Takes over what is said; an empty text is nothing.
fn settle(world: &mut World, call: &Call, input: Input<'_>, bus: &mut Bus) -> Result<(), Failure> {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    if let Some(text) = input.text("Description", 0, 512)? {
        bus.description = some(text);
    }
    if let Some(key) = input.text("KmsKeyIdentifier", 0, 2_048)? {
        if !key.is_empty() && kms::service_key(world, call, Some(key), "events").is_none() {
            return Err(Failure::new(INVALID, format!("The KMS key {key} does not exist or can't be used.")));
        }
        bus.kms_key = some(key);
    }
    if let Some(config) = input.object("DeadLetterConfig")? {
        let queue = config.text("Arn", 1, 1_600)?;
        if queue.is_some_and(|queue| !queue.starts_with("arn:aws:sqs:")) {
            return Err(Failure::new(INVALID, "The dead-letter queue must be an SQS queue."));
        }
        bus.dead_letter = queue.map(str::to_owned);
    }
    if let Some(logs) = input.object("LogConfig")? {
        let detail = logs.word("IncludeDetail", &["NONE", "FULL"])?.unwrap_or("NONE");
        let level = logs.word("Level", &["OFF", "ERROR", "INFO", "TRACE"])?.unwrap_or("OFF");
        bus.logs = Some((detail.to_owned(), level.to_owned()));
    }
    Ok(())
}

fn show_settings(bus: &Bus, shown: &mut Value) {
    if let Some(text) = &bus.description {
        shown["Description"] = text.as_str().into();
    }
    if let Some(key) = &bus.kms_key {
        shown["KmsKeyIdentifier"] = key.as_str().into();
    }
    if let Some(queue) = &bus.dead_letter {
        shown["DeadLetterConfig"] = json!({ "Arn": queue });
    }
    if let Some((detail, level)) = &bus.logs {
        shown["LogConfig"] = json!({ "IncludeDetail": detail, "Level": level });
    }
}

pub(super) fn describe(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let name = bus_name(call, input, "Name")?;
    let bus = find_bus(world, call, name)?.clone();
    let mut answer = shown(world, call, name, &bus);
    show_settings(&bus, &mut answer);
    Ok(answer)
}

fn shown(world: &World, call: &Call, name: &str, bus: &Bus) -> Value {
    let mut shown = json!({
        "Name": name,
        "Arn": arn(&call.caller.account, &call.region, &format!("event-bus/{name}")),
        "CreationTime": bus.created_seconds,
    });
    if let Some(policy) = &bus.policy {
        shown["Policy"] = world.show_principals(policy).to_string().into();
    }
    shown
}

pub(super) fn list(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let prefix = input.text("NamePrefix", 1, 256)?.unwrap_or_default();
    let size = input.number("Limit", 1, 100)?.and_then(|size| usize::try_from(size).ok()).unwrap_or(100);
    let token = input.text("NextToken", 1, 2_048)?;
    let buses = own(world, call).buses.clone();
    let items = buses.iter().filter(|(name, _)| name.starts_with(prefix));
    let items = items.map(|(name, bus)| (name.clone(), shown(world, call, name, bus)));
    let (found, next) = page(items, token, size, INVALID)?;
    let mut answer = json!({ "EventBuses": found });
    if let Some(next) = next {
        answer["NextToken"] = next.into();
    }
    Ok(answer)
}

/// What is gone already is no error; a bus with rules stays, and so does the default one.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeleteEventBus.html>.
pub(super) fn delete(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let name = input.required("Name", 1, 256)?;
    if name == DEFAULT {
        return Err(Failure::new(INVALID, "Cannot delete event bus default."));
    }
    if own(world, call).buses.get(name).is_some_and(|bus| !bus.rules.is_empty()) {
        return Err(Failure::new(INVALID, format!("Event bus {name} can't be deleted since it has rules.")));
    }
    own(world, call).buses.remove(name);
    Ok(json!({}))
}

/// A whole policy, or one statement of it.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html>.
pub(super) fn put_permission(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let name = bus_name(call, input, "EventBusName")?;
    find_bus(world, call, name)?;
    let text = match input.text("Policy", 1, usize::MAX)? {
        Some(text) => text.to_owned(),
        None => with_statement(world, call, input, name)?,
    };
    if text.chars().count() > POLICY_CHARACTERS_MAX {
        return Err(Failure::new("PolicyLengthExceededException", "The event bus policy is too long."));
    }
    let policy = iam::check(&text, DocumentUse::Resource).map_err(|why| Failure::new(INVALID, why))?;
    check_scope(call, name, &policy)?;
    let refused = |principal| Failure::new(INVALID, format!("Invalid principal in policy: {principal}"));
    let policy = world.intern_principals(policy).map_err(refused)?;
    find_bus(world, call, name)?.policy = Some(policy);
    Ok(json!({}))
}

/// The bus's policy with one statement more.
fn with_statement(world: &mut World, call: &Call, input: Input<'_>, name: &str) -> Result<String, Failure> {
    let (id, principal) = (input.required("StatementId", 1, 64)?, input.required("Principal", 1, 12)?);
    let action = input.required("Action", 1, 64)?;
    let mut statement = json!({
        "Sid": id,
        "Effect": "Allow",
        "Principal": if principal == "*" { json!("*") } else { json!({ "AWS": format!("arn:aws:iam::{principal}:root") }) },
        "Action": action,
        "Resource": arn(&call.caller.account, &call.region, &format!("event-bus/{name}")),
    });
    if let Some(condition) = input.object("Condition")? {
        let (sort, key) = (condition.required("Type", 1, 64)?, condition.required("Key", 1, 64)?);
        let test: Map<String, Value> =
            [(key.to_owned(), condition.required("Value", 1, 64)?.into())].into_iter().collect();
        statement["Condition"] = json!({ sort: test });
    }
    let held = find_bus(world, call, name)?.policy.clone();
    let mut statements = match held.as_ref().and_then(|policy| policy.get("Statement")) {
        Some(Value::Array(list)) => list.clone(),
        Some(single) => vec![single.clone()],
        None => Vec::new(),
    };
    statements.retain(|held| held.get("Sid").and_then(Value::as_str) != Some(id));
    statements.push(statement);
    Ok(json!({ "Version": "2012-10-17", "Statement": statements }).to_string())
}

/// A bus's policy is about EventBridge, and about that bus and its rules.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-perms.html>.
fn check_scope(call: &Call, name: &str, policy: &Value) -> Result<(), Failure> {
    let statements = match policy.get("Statement") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(single) => std::slice::from_ref(single),
        None => &[],
    };
    let bus = arn(&call.caller.account, &call.region, &format!("event-bus/{name}"));
    let rules = arn(&call.caller.account, &call.region, "rule/");
    for statement in statements {
        let actions = texts(statement.get("Action"));
        let resources = texts(statement.get("Resource"));
        let in_scope = |resource: &&str| *resource == "*" || *resource == bus || resource.starts_with(&rules);
        let of_events = |action: &&str| action.to_ascii_lowercase().starts_with("events:");
        if !actions.iter().all(of_events) || !resources.iter().all(in_scope) {
            let message = format!("The policy is about other actions or resources than those of {bus}.");
            return Err(Failure::new(INVALID, message));
        }
    }
    Ok(())
}

pub(super) fn remove_permission(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let name = bus_name(call, input, "EventBusName")?;
    let all = input.flag("RemoveAllPermissions")?.unwrap_or(false);
    let id = input.text("StatementId", 1, 64)?;
    let bus = own(world, call).buses.get_mut(name).ok_or_else(|| no_bus(name))?;
    let absent = || Failure::new("ResourceNotFoundException", "EventBus does not have a policy.");
    let policy = bus.policy.as_mut().ok_or_else(absent)?;
    if all {
        bus.policy = None;
        return Ok(json!({}));
    }
    let id = id.ok_or_else(|| input.broken("StatementId", "not be null"))?;
    let missing = || Failure::new("ResourceNotFoundException", "Statement with the provided id does not exist.");
    let statements = policy.get_mut("Statement").and_then(Value::as_array_mut).ok_or_else(missing)?;
    let before = statements.len();
    statements.retain(|held| held.get("Sid").and_then(Value::as_str) != Some(id));
    if statements.len() == before {
        return Err(missing());
    }
    if statements.is_empty() {
        bus.policy = None;
    }
    Ok(json!({}))
}
