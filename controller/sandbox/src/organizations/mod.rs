//! Organizations: the organization, its tree of units and accounts, its policies, and accounts made on request.
//!
//! The protocol is JSON 1.1: `X-Amz-Target: AWSOrganizationsV20161128.Operation`.
//! Source: <https://docs.aws.amazon.com/organizations/latest/APIReference/Welcome.html>.
//!
//! What differs from AWS, on purpose: no policy has an effect, nobody can be invited or delegated to, and what takes AWS minutes
//! takes the next call or two.

mod accounts;
mod attachments;
mod creation;
mod failure;
mod input;
mod organization;
mod policies;
mod state;
mod tags;
#[cfg(test)]
mod tests;
mod units;

use serde_json::Value;

use self::failure::Failure;
use self::input::Input;
pub use self::state::State;
use crate::call::{Call, Reply};
use crate::front::refusal::json_reply;
use crate::world::World;

/// What the header `X-Amz-Target` starts with.
const TARGET_PREFIX: &str = "AWSOrganizationsV20161128.";

/// Answers one call.
pub fn handle(world: &mut World, call: &Call) -> Reply {
    creation::go_on(world, call);
    match answer(world, call) {
        Ok(Value::Null) => Reply { body: Vec::new(), ..json_reply(200, &Value::Null) },
        Ok(value) => json_reply(200, &value),
        Err(failure) => failure.reply(),
    }
}

fn answer(world: &mut World, call: &Call) -> Result<Value, Failure> {
    let target = call.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let operation = target.strip_prefix(TARGET_PREFIX).unwrap_or_default();
    let input = Input::parse(&call.body)?;
    match operation {
        "AttachPolicy" => attachments::attach(world, call, &input),
        "CloseAccount" => accounts::close(world, call, &input),
        "CreateAccount" => creation::create(world, call, &input),
        "CreateOrganization" => organization::create(world, call, &input),
        "CreateOrganizationalUnit" => units::create(world, call, &input),
        "CreatePolicy" => policies::create(world, call, &input),
        "DeleteOrganization" => organization::delete(world, call),
        "DeleteOrganizationalUnit" => units::delete(world, call, &input),
        "DeletePolicy" => policies::delete(world, call, &input),
        "DescribeAccount" => accounts::describe(world, call, &input),
        "DescribeCreateAccountStatus" => creation::describe(world, call, &input),
        "DescribeOrganization" => organization::describe(world, call),
        "DescribeOrganizationalUnit" => units::describe(world, call, &input),
        "DescribePolicy" => policies::describe(world, call, &input),
        "DetachPolicy" => attachments::detach(world, call, &input),
        "DisablePolicyType" => organization::disable(world, call, &input),
        "EnablePolicyType" => organization::enable(world, call, &input),
        "ListAccounts" => accounts::list(world, call, &input),
        "ListAccountsForParent" => accounts::list_for_parent(world, call, &input),
        "ListChildren" => units::children(world, call, &input),
        "ListCreateAccountStatus" => creation::list(world, call, &input),
        "ListOrganizationalUnitsForParent" => units::list_for_parent(world, call, &input),
        "ListParents" => units::parents(world, call, &input),
        "ListPolicies" => policies::list(world, call, &input),
        "ListPoliciesForTarget" => attachments::policies_of_target(world, call, &input),
        "ListRoots" => organization::roots(world, call, &input),
        "ListTagsForResource" => tags::list(world, call, &input),
        "ListTargetsForPolicy" => attachments::targets_of_policy(world, call, &input),
        "MoveAccount" => accounts::move_to(world, call, &input),
        "TagResource" => tags::tag(world, call, &input),
        "UntagResource" => tags::untag(world, call, &input),
        "UpdateOrganizationalUnit" => units::update(world, call, &input),
        "UpdatePolicy" => policies::update(world, call, &input),
        other => Err(Failure::new(
            "UnknownOperationException",
            format!("The sandbox does not speak the operation {other:?} of Organizations."),
        )),
    }
}
