//! Deployment groups.
//!
//! Source: <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeploymentGroup.html> and
//! <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_UpdateDeploymentGroup.html>.

use serde_json::{Map, Value, json};

use super::configs;
use super::failure::Failure;
use super::input::{APPLICATION, CONFIG, GROUP, Input};
use super::members;
use super::state::{Application, Group, new_id, own};
use super::tags;
use crate::call::Call;
use crate::world::World;

/// Source: <https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html>, per application.
const GROUPS_MAX: usize = 1_000;

pub(super) fn create(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let application = input.name("applicationName", &APPLICATION)?;
    let name = input.name("deploymentGroupName", &GROUP)?;
    let platform = find(world, call, application)?.platform.clone();
    if find(world, call, application)?.groups.contains_key(name) {
        return Err(already(name));
    }
    if find(world, call, application)?.groups.len() >= GROUPS_MAX {
        return Err(Failure::new("DeploymentGroupLimitExceededException", "The deployment groups limit was exceeded"));
    }
    let role = input.text("serviceRoleArn")?.unwrap_or_default();
    if role.is_empty() {
        return Err(Failure::new("RoleRequiredException", "The role ID was not specified"));
    }
    check_role(world, call, role)?;
    let tags = tags::read(input, "tags")?;
    let mut group = members::of_new(&platform);
    group.insert("serviceRoleArn".to_owned(), json!(role));
    take_config(world, call, input, &platform, &mut group)?;
    members::put(input, &mut group)?;
    members::check(&platform, &group)?;
    check_services(world, call, application, name, &group)?;
    let id = new_id(world);
    let made = Group { id: id.clone(), members: group, tags };
    find(world, call, application)?.groups.insert(name.to_owned(), made);
    Ok(json!({ "deploymentGroupId": id }))
}

fn already(name: &str) -> Failure {
    Failure::new("DeploymentGroupAlreadyExistsException", format!("Deployment Group already exists: {name}"))
}

fn find<'w>(world: &'w mut World, call: &Call, name: &str) -> Result<&'w mut Application, Failure> {
    own(world, call).applications.get_mut(name).ok_or_else(|| Failure::no_application(name))
}

/// The configuration the request names must exist and be for the platform.
fn take_config(
    world: &mut World,
    call: &Call,
    input: &Input,
    platform: &str,
    group: &mut Map<String, Value>,
) -> Result<(), Failure> {
    if input.value("deploymentConfigName").is_none() {
        return Ok(());
    }
    let name = input.name("deploymentConfigName", &CONFIG)?;
    let config = configs::find(own(world, call), name).ok_or_else(|| Failure::no_config(name))?;
    if config.get("computePlatform").and_then(Value::as_str) != Some(platform) {
        let message = format!("The deployment configuration {name} is not for the compute platform {platform}");
        return Err(Failure::new("InvalidDeploymentConfigNameException", message));
    }
    group.insert("deploymentConfigName".to_owned(), json!(name));
    Ok(())
}

/// The service role must be one of the account that lets CodeDeploy assume it.
fn check_role(world: &World, call: &Call, arn: &str) -> Result<(), Failure> {
    let account = &call.caller.account;
    let invalid = |why: &str| Failure::new("InvalidRoleException", format!("{why}: {arn}"));
    let path = arn.strip_prefix(&format!("arn:aws:iam::{account}:role/"));
    let name = path
        .and_then(|path| path.rsplit('/').next())
        .ok_or_else(|| invalid("The service role ARN was specified in an invalid format"))?;
    let iam = world.accounts.get(account).map(|account| &account.iam);
    let iam = iam.filter(|iam| iam.has_principal(arn)).ok_or_else(|| invalid("Cannot assume role provided"))?;
    let trust: Value = iam.role_trust(name).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let statements = match trust.get("Statement") {
        Some(Value::Array(list)) => list.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    };
    let services = ["codedeploy.amazonaws.com".to_owned(), format!("codedeploy.{}.amazonaws.com", call.region)];
    let lets_in = |statement: &Value| {
        let has = |value: Option<&Value>, fits: &dyn Fn(&str) -> bool| match value {
            Some(Value::String(one)) => fits(one),
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).any(fits),
            _ => false,
        };
        let service = statement.get("Principal").and_then(|principal| principal.get("Service"));
        statement.get("Effect").and_then(Value::as_str) == Some("Allow")
            && has(service, &|one| services.iter().any(|service| service == one))
            && has(statement.get("Action"), &|one| {
                ["sts:assumerole", "sts:*", "*"].contains(&&*one.to_ascii_lowercase())
            })
    };
    if statements.iter().any(lets_in) {
        Ok(())
    } else {
        Err(invalid("AWS CodeDeploy does not have the permissions required to assume the role"))
    }
}

/// An ECS service belongs to one group at most.
fn check_services(
    world: &mut World,
    call: &Call,
    application: &str,
    name: &str,
    group: &Map<String, Value>,
) -> Result<(), Failure> {
    let services =
        |group: &Map<String, Value>| group.get("ecsServices").and_then(Value::as_array).cloned().unwrap_or_default();
    let wanted = services(group);
    for (other_application, held) in &own(world, call).applications {
        for (other, held) in &held.groups {
            let same = other_application == application && other == name;
            if !same && services(&held.members).iter().any(|service| wanted.contains(service)) {
                let message = "The Amazon ECS service is associated with more than one deployment groups";
                return Err(Failure::new("ECSServiceMappingLimitExceededException", message));
            }
        }
    }
    Ok(())
}

pub(super) fn update(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let application = input.name("applicationName", &APPLICATION)?;
    let name = input.name("currentDeploymentGroupName", &GROUP)?;
    let held = find(world, call, application)?;
    let platform = held.platform.clone();
    let mut group = held.groups.get(name).ok_or_else(|| Failure::no_group(name))?.members.clone();
    let new = match input.value("newDeploymentGroupName") {
        None => name,
        Some(_) => input.name("newDeploymentGroupName", &GROUP)?,
    };
    if new != name && held.groups.contains_key(new) {
        return Err(already(new));
    }
    if let Some(role) = input.text("serviceRoleArn")? {
        check_role(world, call, role)?;
        group.insert("serviceRoleArn".to_owned(), json!(role));
    }
    take_config(world, call, input, &platform, &mut group)?;
    members::put(input, &mut group)?;
    members::check(&platform, &group)?;
    check_services(world, call, application, name, &group)?;
    let groups = &mut find(world, call, application)?.groups;
    if let Some(mut held) = groups.remove(name) {
        held.members = group;
        groups.insert(new.to_owned(), held);
    }
    Ok(json!({ "hooksNotCleanedUp": [] }))
}

pub(super) fn get(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let application = input.name("applicationName", &APPLICATION)?;
    let name = input.name("deploymentGroupName", &GROUP)?;
    let held = find(world, call, application)?;
    let group = held.groups.get(name).ok_or_else(|| Failure::no_group(name))?;
    Ok(json!({ "deploymentGroupInfo": shown(application, &held.platform, name, group) }))
}

/// Groups that are not there are left out.
pub(super) fn batch_get(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let application = input.name("applicationName", &APPLICATION)?;
    let names = input.batch("deploymentGroupNames", &GROUP)?;
    let held = find(world, call, application)?;
    let infos =
        names.into_iter().filter_map(|name| Some(shown(application, &held.platform, name, held.groups.get(name)?)));
    Ok(json!({ "deploymentGroupsInfo": infos.collect::<Vec<_>>() }))
}

pub(super) fn list(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let application = input.name("applicationName", &APPLICATION)?;
    let names = find(world, call, application)?.groups.keys().cloned().collect();
    let mut reply = input.page("deploymentGroups", names)?;
    reply["applicationName"] = json!(application);
    Ok(reply)
}

/// What is gone already is no error.
/// Source: <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeleteDeploymentGroup.html>.
pub(super) fn delete(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let application = input.name("applicationName", &APPLICATION)?;
    let name = input.name("deploymentGroupName", &GROUP)?;
    if let Some(held) = own(world, call).applications.get_mut(application) {
        held.groups.remove(name);
    }
    Ok(json!({ "hooksNotCleanedUp": [] }))
}

fn shown(application: &str, platform: &str, name: &str, group: &Group) -> Value {
    let Group { id, members, tags: _ } = group;
    let mut info = members.clone();
    info.insert("applicationName".to_owned(), json!(application));
    info.insert("deploymentGroupId".to_owned(), json!(id));
    info.insert("deploymentGroupName".to_owned(), json!(name));
    info.insert("computePlatform".to_owned(), json!(platform));
    Value::Object(info)
}
