//! Deployments, as far as they go where nothing is deployed.
//!
//! Source: <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeployment.html>. The sandbox has no EC2 instances and no agents:
//! a deployment to a group in which there are no registered on-premises instances fails at once, as AWS says of a group without instances; any
//! other goes on until it is stopped.

use serde_json::{Map, Value, json};

use super::configs;
use super::failure::Failure;
use super::input::{APPLICATION, CONFIG, GROUP, Input};
use super::state::{Instance, own, seconds};
use crate::call::Call;
use crate::world::World;

/// Source: <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ListDeployments.html>, `includeOnlyStatuses`.
const STATUSES: [&str; 8] = ["Created", "Queued", "InProgress", "Baking", "Succeeded", "Failed", "Stopped", "Ready"];
const IN_PROGRESS: &str = "InProgress";

pub(super) fn create(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let application = input.name("applicationName", &APPLICATION)?;
    let state = own(world, call);
    let held = state.applications.get(application).ok_or_else(|| Failure::no_application(application))?;
    let name = input.name("deploymentGroupName", &GROUP)?;
    let group = held.groups.get(name).ok_or_else(|| Failure::no_group(name))?;
    let config = match input.value("deploymentConfigName") {
        None => group.members.get("deploymentConfigName").cloned().unwrap_or_default(),
        Some(_) => {
            let config = input.name("deploymentConfigName", &CONFIG)?;
            configs::find(state, config).ok_or_else(|| Failure::no_config(config))?;
            json!(config)
        }
    };
    let revision = revision(input)?;
    let is_active = |info: &&Map<String, Value>| {
        is(info, "applicationName", application)
            && is(info, "deploymentGroupName", name)
            && is(info, "status", IN_PROGRESS)
    };
    if let Some(active) = state.deployments.values().find(is_active) {
        let id = active.get("deploymentId").and_then(Value::as_str).unwrap_or_default();
        let message = format!("The Deployment Group '{name}' already has an active Deployment '{id}'");
        return Err(Failure::new("DeploymentLimitExceededException", message));
    }
    let finds_none =
        held.platform == "Server" && !state.instances.values().any(|instance| is_in(&group.members, instance));
    let mut info = Map::new();
    info.insert("applicationName".to_owned(), json!(application));
    info.insert("deploymentGroupName".to_owned(), json!(name));
    info.insert("deploymentConfigName".to_owned(), config);
    info.insert("computePlatform".to_owned(), json!(held.platform));
    info.insert("revision".to_owned(), revision);
    info.insert("description".to_owned(), json!(input.text("description")?.unwrap_or_default()));
    info.insert("creator".to_owned(), json!("user"));
    info.insert("createTime".to_owned(), json!(seconds(call)));
    info.insert("deploymentStyle".to_owned(), group.members.get("deploymentStyle").cloned().unwrap_or_default());
    if finds_none {
        // https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ErrorInformation.html
        let message = "The deployment failed because no instances were found for your deployment group.";
        info.insert("status".to_owned(), json!("Failed"));
        info.insert("completeTime".to_owned(), json!(seconds(call)));
        info.insert("errorInformation".to_owned(), json!({ "code": "NO_INSTANCES", "message": message }));
    } else {
        info.insert("status".to_owned(), json!(IN_PROGRESS));
        info.insert("startTime".to_owned(), json!(seconds(call)));
    }
    let id = format!("d-{:0>9}", format!("{:X}", world.next_serial()));
    info.insert("deploymentId".to_owned(), json!(id));
    own(world, call).deployments.insert(id.clone(), info);
    Ok(json!({ "deploymentId": id }))
}

fn is(info: &Map<String, Value>, member: &str, text: &str) -> bool {
    info.get(member).and_then(Value::as_str) == Some(text)
}

/// What is to be deployed; only its sort is looked at.
fn revision(input: &Input) -> Result<Value, Failure> {
    let Some(revision) = input.value("revision") else {
        return Err(Failure::new("RevisionRequiredException", "Revision is required"));
    };
    let member = match revision.get("revisionType").and_then(Value::as_str) {
        Some("S3") => "s3Location",
        Some("GitHub") => "gitHubLocation",
        Some("String") => "string",
        Some("AppSpecContent") => "appSpecContent",
        _ => return Err(Failure::new("InvalidRevisionException", "The revision has no known type")),
    };
    match revision.get(member) {
        Some(Value::Object(_)) => Ok(revision.clone()),
        _ => Err(Failure::new("InvalidRevisionException", format!("The revision has no {member}"))),
    }
}

/// Whether a registered instance is among those that the group's filters pick: one filter of a list must fit, and one of each list of lists.
fn is_in(group: &Map<String, Value>, instance: &Instance) -> bool {
    if instance.deregistered_seconds.is_some() {
        return false;
    }
    let fits = |filter: &Value| {
        let part = |name: &str| filter.get(name).and_then(Value::as_str);
        let has_value = |value: &String| Some(value.as_str()) == part("Value");
        match part("Type") {
            Some("KEY_ONLY") => part("Key").is_some_and(|key| instance.tags.contains_key(key)),
            Some("VALUE_ONLY") => instance.tags.values().any(has_value),
            _ => part("Key").and_then(|key| instance.tags.get(key)).is_some_and(has_value),
        }
    };
    let any = |list: &Value| list.as_array().is_some_and(|list| list.iter().any(fits));
    let sets = group.get("onPremisesTagSet").and_then(|set| set.get("onPremisesTagSetList")).and_then(Value::as_array);
    group.get("onPremisesInstanceTagFilters").is_some_and(any)
        || sets.is_some_and(|sets| !sets.is_empty() && sets.iter().all(any))
}

fn find<'w>(world: &'w mut World, call: &Call, input: &Input) -> Result<&'w mut Map<String, Value>, Failure> {
    let id = input.text("deploymentId")?.unwrap_or_default();
    if id.is_empty() {
        return Err(Failure::new("DeploymentIdRequiredException", "The deploymentId is required"));
    }
    if !id.starts_with("d-") {
        return Err(Failure::new("InvalidDeploymentIdException", "Specified DeploymentId is not in the valid format"));
    }
    let found = own(world, call).deployments.get_mut(id);
    found.ok_or_else(|| {
        Failure::new("DeploymentDoesNotExistException", format!("The deployment {id} could not be found"))
    })
}

pub(super) fn get(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    Ok(json!({ "deploymentInfo": find(world, call, input)?.clone() }))
}

pub(super) fn list(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let application = match input.value("applicationName") {
        None => None,
        Some(_) => Some(input.name("applicationName", &APPLICATION)?),
    };
    let group = match input.value("deploymentGroupName") {
        None => None,
        Some(_) => Some(input.name("deploymentGroupName", &GROUP)?),
    };
    let statuses = input.list("includeOnlyStatuses")?.unwrap_or_default();
    if statuses.iter().any(|status| !status.as_str().is_some_and(|status| STATUSES.contains(&status))) {
        return Err(Failure::new("InvalidDeploymentStatusException", "The specified deployment status is invalid"));
    }
    let state = own(world, call);
    match (application, group) {
        (None, Some(_)) => {
            return Err(Failure::new(APPLICATION.required, "An application is required with a deployment group"));
        }
        (Some(name), _) if !state.applications.contains_key(name) => return Err(Failure::no_application(name)),
        (Some(name), Some(group)) => {
            let held = state.applications.get(name).is_some_and(|held| held.groups.contains_key(group));
            if !held {
                return Err(Failure::no_group(group));
            }
        }
        (Some(_) | None, None) => {}
    }
    let is_wanted = |info: &Map<String, Value>| {
        application.is_none_or(|name| is(info, "applicationName", name))
            && group.is_none_or(|name| is(info, "deploymentGroupName", name))
            && (statuses.is_empty() || info.get("status").is_some_and(|status| statuses.contains(status)))
    };
    let ids = state.deployments.iter().filter(|(_, info)| is_wanted(info)).map(|(id, _)| id.clone());
    input.page("deployments", ids.collect())
}

pub(super) fn stop(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let info = find(world, call, input)?;
    if !is(info, "status", IN_PROGRESS) {
        return Err(Failure::new("DeploymentAlreadyCompletedException", "The deployment is already complete"));
    }
    info.insert("status".to_owned(), json!("Stopped"));
    info.insert("completeTime".to_owned(), json!(seconds(call)));
    Ok(json!({ "status": "Succeeded", "statusMessage": "The deployment was stopped" }))
}
