//! CodeDeploy: applications, deployment groups, deployment configurations, on-premises instances, and their tags.
//!
//! The protocol is JSON 1.1: `X-Amz-Target: CodeDeploy_20141006.Operation`.
//! Source: <https://docs.aws.amazon.com/codedeploy/latest/APIReference/Welcome.html>.
//!
//! What differs from AWS, on purpose: nothing is deployed, so that a deployment fails for want of instances or goes on until it is stopped; and Auto Scaling groups, load balancers, ECS services, topics and
//! alarms are taken at their word, since the sandbox has none.

mod applications;
mod configs;
mod deployments;
mod failure;
mod groups;
mod input;
mod instances;
mod members;
mod state;
mod tags;
#[cfg(test)]
mod tests;

use serde_json::Value;

use self::failure::Failure;
use self::input::Input;
pub use self::state::State;
use crate::call::{Call, Reply};
use crate::front::refusal::{json_error, json_reply};
use crate::world::World;

/// What the header `X-Amz-Target` starts with.
const TARGET_PREFIX: &str = "CodeDeploy_20141006.";

/// Answers one call.
pub fn handle(world: &mut World, call: &Call) -> Reply {
    match answer(world, call) {
        Ok(Value::Null) => Reply { body: Vec::new(), ..json_reply(200, &Value::Null) },
        Ok(value) => json_reply(200, &value),
        Err(Failure { code, message }) => json_error(400, code, &message),
    }
}

fn answer(world: &mut World, call: &Call) -> Result<Value, Failure> {
    let target = call.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let operation = target.strip_prefix(TARGET_PREFIX).unwrap_or_default();
    let input = Input::parse(&call.body)?;
    match operation {
        "AddTagsToOnPremisesInstances" => instances::add_tags(world, call, &input),
        "BatchGetApplications" => applications::batch_get(world, call, &input),
        "BatchGetDeploymentGroups" => groups::batch_get(world, call, &input),
        "BatchGetOnPremisesInstances" => instances::batch_get(world, call, &input),
        "CreateApplication" => applications::create(world, call, &input),
        "CreateDeployment" => deployments::create(world, call, &input),
        "CreateDeploymentConfig" => configs::create(world, call, &input),
        "CreateDeploymentGroup" => groups::create(world, call, &input),
        "DeleteApplication" => applications::delete(world, call, &input),
        "DeleteDeploymentConfig" => configs::delete(world, call, &input),
        "DeleteDeploymentGroup" => groups::delete(world, call, &input),
        "DeregisterOnPremisesInstance" => instances::deregister(world, call, &input),
        "GetApplication" => applications::get(world, call, &input),
        "GetDeployment" => deployments::get(world, call, &input),
        "GetDeploymentConfig" => configs::get(world, call, &input),
        "GetDeploymentGroup" => groups::get(world, call, &input),
        "GetOnPremisesInstance" => instances::get(world, call, &input),
        "ListApplications" => applications::list(world, call, &input),
        "ListDeploymentConfigs" => configs::list(world, call, &input),
        "ListDeploymentGroups" => groups::list(world, call, &input),
        "ListDeployments" => deployments::list(world, call, &input),
        "ListOnPremisesInstances" => instances::list(world, call, &input),
        "ListTagsForResource" => tags::list(world, call, &input),
        "RegisterOnPremisesInstance" => instances::register(world, call, &input),
        "RemoveTagsFromOnPremisesInstances" => instances::remove_tags(world, call, &input),
        "StopDeployment" => deployments::stop(world, call, &input),
        "TagResource" => tags::tag(world, call, &input),
        "UntagResource" => tags::untag(world, call, &input),
        "UpdateApplication" => applications::update(world, call, &input),
        "UpdateDeploymentGroup" => groups::update(world, call, &input),
        other => Err(Failure::new(
            "UnknownOperationException",
            format!("The sandbox does not speak the operation {other:?} of CodeDeploy."),
        )),
    }
}
