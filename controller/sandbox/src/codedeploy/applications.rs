//! Applications.
//!
//! Source: <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateApplication.html>.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::failure::Failure;
use super::input::{APPLICATION, Input};
use super::state::{Application, new_id, own, seconds};
use super::tags;
use crate::call::Call;
use crate::world::World;

/// Source: <https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html>, per account and region.
const APPLICATIONS_MAX: usize = 1_000;

pub(super) const PLATFORMS: [&str; 3] = ["Server", "Lambda", "ECS"];

pub(super) fn create(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let name = input.name("applicationName", &APPLICATION)?;
    let platform = platform(input)?;
    let tags = tags::read(input, "tags")?;
    let applications = &own(world, call).applications;
    if applications.contains_key(name) {
        return Err(already(name));
    }
    if applications.len() >= APPLICATIONS_MAX {
        return Err(Failure::new(
            "ApplicationLimitExceededException",
            "More applications were attempted to be created than are allowed",
        ));
    }
    let id = new_id(world);
    let made = Application {
        id: id.clone(),
        platform: platform.to_owned(),
        created_seconds: seconds(call),
        tags,
        groups: BTreeMap::new(),
    };
    own(world, call).applications.insert(name.to_owned(), made);
    Ok(json!({ "applicationId": id }))
}

fn already(name: &str) -> Failure {
    Failure::new("ApplicationAlreadyExistsException", format!("Application already exists: {name}"))
}

/// The member `computePlatform`; `Server` without one.
pub(super) fn platform(input: &Input) -> Result<&str, Failure> {
    let platform = input.text("computePlatform")?.unwrap_or("Server");
    if !PLATFORMS.contains(&platform) {
        return Err(Failure::new(
            "InvalidComputePlatformException",
            format!("The compute platform {platform:?} is invalid"),
        ));
    }
    Ok(platform)
}

pub(super) fn get(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let name = input.name("applicationName", &APPLICATION)?;
    let application = own(world, call).applications.get(name).ok_or_else(|| Failure::no_application(name))?;
    Ok(json!({ "application": shown(name, application) }))
}

pub(super) fn batch_get(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let names = input.batch("applicationNames", &APPLICATION)?;
    let state = own(world, call);
    let infos: Result<Vec<Value>, Failure> = names
        .into_iter()
        .map(|name| {
            let application = state.applications.get(name).ok_or_else(|| Failure::no_application(name))?;
            Ok(shown(name, application))
        })
        .collect();
    Ok(json!({ "applicationsInfo": infos? }))
}

pub(super) fn list(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    input.page("applications", own(world, call).applications.keys().cloned().collect())
}

pub(super) fn update(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let name = input.name("applicationName", &APPLICATION)?;
    let state = own(world, call);
    if !state.applications.contains_key(name) {
        return Err(Failure::no_application(name));
    }
    if input.value("newApplicationName").is_some() {
        let new = input.name("newApplicationName", &APPLICATION)?;
        if state.applications.contains_key(new) {
            return Err(already(new));
        }
        if let Some(application) = state.applications.remove(name) {
            state.applications.insert(new.to_owned(), application);
        }
    }
    Ok(Value::Null)
}

/// What is gone already is no error; the application's groups go with it.
/// Source: <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeleteApplication.html>.
pub(super) fn delete(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let name = input.name("applicationName", &APPLICATION)?;
    own(world, call).applications.remove(name);
    Ok(Value::Null)
}

fn shown(name: &str, application: &Application) -> Value {
    let Application { id, platform, created_seconds, tags: _, groups: _ } = application;
    json!({
        "applicationId": id,
        "applicationName": name,
        "createTime": created_seconds,
        "linkedToGitHub": false,
        "computePlatform": platform,
    })
}
