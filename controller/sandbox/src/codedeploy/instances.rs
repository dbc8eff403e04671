//! On-premises instances.
//!
//! Source: <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_RegisterOnPremisesInstance.html>.

use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::input::{INSTANCE, Input};
use super::state::{Instance, Tags, arn, own, seconds};
use crate::call::Call;
use crate::world::World;

/// How long a deregistered name is not free.
/// Source: <https://docs.aws.amazon.com/codedeploy/latest/userguide/on-premises-instances-operations-deregister.html>.
const NAME_KEPT_SECONDS: f64 = 24.0 * 60.0 * 60.0;

pub(super) fn register(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let name = input.name("instanceName", &INSTANCE)?;
    let (user_arn, session_arn) = (input.text("iamUserArn")?, input.text("iamSessionArn")?);
    match (user_arn, session_arn) {
        (None, None) => return Err(Failure::new("IamArnRequiredException", "No IAM ARN was included in the request")),
        (Some(_), Some(_)) => {
            return Err(Failure::new(
                "MultipleIamArnsProvidedException",
                "Both an IAM user ARN and an IAM session ARN were included in the request",
            ));
        }
        (Some(user), None) if !is_iam(user, "iam", "user/") => {
            return Err(Failure::new(
                "InvalidIamUserArnException",
                format!("The IAM user ARN was specified in an invalid format: {user}"),
            ));
        }
        (None, Some(session)) if !is_iam(session, "sts", "assumed-role/") => {
            return Err(Failure::new(
                "InvalidIamSessionArnException",
                format!("The IAM session ARN was specified in an invalid format: {session}"),
            ));
        }
        (Some(_), None) | (None, Some(_)) => {}
    }
    let now = seconds(call);
    let serial = world.next_serial();
    let state = own(world, call);
    if let Some(held) = state.instances.get(name)
        && held.deregistered_seconds.is_none_or(|since| now - since < NAME_KEPT_SECONDS)
    {
        return Err(Failure::new(
            "InstanceNameAlreadyRegisteredException",
            format!("The specified on-premises instance name is already registered: {name}"),
        ));
    }
    let mut registered = state.instances.values().filter(|held| held.deregistered_seconds.is_none());
    if user_arn.is_some() && registered.clone().any(|held| held.user_arn.as_deref() == user_arn) {
        return Err(Failure::new(
            "IamUserArnAlreadyRegisteredException",
            "The specified IAM user ARN is already registered with an on-premises instance",
        ));
    }
    if session_arn.is_some() && registered.any(|held| held.session_arn.as_deref() == session_arn) {
        return Err(Failure::new(
            "IamSessionArnAlreadyRegisteredException",
            "The request included an IAM session ARN that has already been used to register a different instance",
        ));
    }
    let instance = Instance {
        arn: arn(&call.caller.account, &call.region, &format!("instance/{name}_{serial:010x}")),
        user_arn: user_arn.map(str::to_owned),
        session_arn: session_arn.map(str::to_owned),
        registered_seconds: now,
        deregistered_seconds: None,
        tags: Tags::new(),
    };
    state.instances.insert(name.to_owned(), instance);
    Ok(Value::Null)
}

fn is_iam(arn: &str, service: &str, sort: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", "aws", of, "", account, resource]
        if *of == service && account.len() == 12 && resource.strip_prefix(sort).is_some_and(|name| !name.is_empty()))
}

/// A name that is not registered is no error.
pub(super) fn deregister(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let name = input.name("instanceName", &INSTANCE)?;
    let now = seconds(call);
    if let Some(instance) = own(world, call).instances.get_mut(name).filter(|held| held.deregistered_seconds.is_none())
    {
        instance.deregistered_seconds = Some(now);
        instance.tags.clear();
    }
    Ok(Value::Null)
}

pub(super) fn get(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let name = input.name("instanceName", &INSTANCE)?;
    let found = own(world, call).instances.get(name).ok_or_else(|| unregistered(name))?;
    Ok(json!({ "instanceInfo": shown(name, found) }))
}

pub(super) fn batch_get(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let names = input.batch("instanceNames", &INSTANCE)?;
    let state = own(world, call);
    let found = names.into_iter().filter_map(|name| Some(shown(name, state.instances.get(name)?)));
    Ok(json!({ "instanceInfos": found.collect::<Vec<_>>() }))
}

pub(super) fn list(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let wanted = match input.text("registrationStatus")? {
        None => None,
        Some("Registered") => Some(true),
        Some("Deregistered") => Some(false),
        Some(_) => {
            return Err(Failure::new(
                "InvalidRegistrationStatusException",
                "The registration status was specified in an invalid format",
            ));
        }
    };
    let filters = input.list("tagFilters")?.unwrap_or_default();
    let fits = |instance: &Instance| {
        wanted.is_none_or(|wanted| wanted == instance.deregistered_seconds.is_none())
            && (filters.is_empty() || filters.iter().any(|filter| holds(&instance.tags, filter)))
    };
    let names = own(world, call).instances.iter().filter(|(_, instance)| fits(instance)).map(|(name, _)| name.clone());
    input.page("instanceNames", names.collect())
}

fn holds(tags: &Tags, filter: &Value) -> bool {
    let text = |name: &str| filter.get(name).and_then(Value::as_str);
    let (key, value) = (text("Key").unwrap_or_default(), text("Value").unwrap_or_default());
    match text("Type") {
        Some("KEY_ONLY") => tags.contains_key(key),
        Some("VALUE_ONLY") => tags.values().any(|held| held == value),
        _ => tags.get(key).is_some_and(|held| held == value),
    }
}

pub(super) fn add_tags(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let tags = read(input)?;
    each(world, call, input, |held| held.extend(tags.clone()))
}

pub(super) fn remove_tags(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let tags = read(input)?;
    each(world, call, input, |held| held.retain(|key, value| tags.get(key) != Some(value)))
}

fn read(input: &Input) -> Result<Tags, Failure> {
    let list = input.list("tags")?.unwrap_or_default();
    if list.is_empty() {
        return Err(Failure::new("TagRequiredException", "A tag was not specified"));
    }
    let mut tags = Tags::new();
    for item in list {
        let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
        let (key, value) = (text("Key"), text("Value"));
        if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
            return Err(Failure::new("InvalidTagException", "The tag was specified in an invalid format"));
        }
        tags.insert(key.to_owned(), value.to_owned());
    }
    Ok(tags)
}

fn each(world: &mut World, call: &Call, input: &Input, change: impl Fn(&mut Tags)) -> Result<Value, Failure> {
    let names = input.batch("instanceNames", &INSTANCE)?;
    let state = own(world, call);
    for name in &names {
        let held = state.instances.get(*name).filter(|held| held.deregistered_seconds.is_none());
        held.ok_or_else(|| unregistered(name))?;
    }
    for name in names {
        if let Some(instance) = state.instances.get_mut(name) {
            change(&mut instance.tags);
        }
    }
    Ok(Value::Null)
}

fn unregistered(name: &str) -> Failure {
    Failure::new(
        "InstanceNotRegisteredException",
        format!("The specified on-premises instance is not registered: {name}"),
    )
}

fn shown(name: &str, instance: &Instance) -> Value {
    let Instance { arn, user_arn, session_arn, registered_seconds, deregistered_seconds, tags } = instance;
    let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    let mut info = Map::new();
    info.insert("instanceName".to_owned(), json!(name));
    info.insert("instanceArn".to_owned(), json!(arn));
    info.insert("registerTime".to_owned(), json!(registered_seconds));
    info.insert("tags".to_owned(), json!(tags));
    let optional = [
        ("iamUserArn", user_arn.as_ref().map(|arn| json!(arn))),
        ("iamSessionArn", session_arn.as_ref().map(|arn| json!(arn))),
        ("deregisterTime", deregistered_seconds.map(|at| json!(at))),
    ];
    info.extend(optional.into_iter().filter_map(|(member, value)| Some((member.to_owned(), value?))));
    Value::Object(info)
}
