//! EventBridge: event buses with their policies, rules with their targets, and tags.
//!
//! The protocol is JSON 1.1: `X-Amz-Target: AWSEvents.Operation`.
//! Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/Welcome.html>.
//!
//! What differs from AWS, on purpose: no event ever comes, and what targets name is taken at its word, but for roles, which must exist and
//! trust events.amazonaws.com.

mod buses;
mod parameters;
mod pattern;
mod rules;
mod schedule;
mod state;
mod tags;
mod targets;
#[cfg(test)]
mod tests;

pub use self::state::State;
use crate::call::{Call, Reply};
use crate::json_call::{self, Answer, Input};
use crate::world::World;

/// What the header `X-Amz-Target` starts with.
const TARGET_PREFIX: &str = "AWSEvents.";

/// The exception for what breaks the API's model.
const INVALID: &str = "ValidationException";

/// Answers one call.
pub fn handle(world: &mut World, call: &Call) -> Reply {
    // The caller's account exists from its first call on; other accounts' policies may name it.
    world.account(&call.caller.account);
    json_call::reply(answer(world, call))
}

fn answer(world: &mut World, call: &Call) -> Answer {
    let body = json_call::body(call)?;
    let input = Input::new(&body, INVALID);
    match json_call::operation(call, TARGET_PREFIX) {
        "CreateEventBus" => buses::create(world, call, input),
        "DeleteEventBus" => buses::delete(world, call, input),
        "DeleteRule" => rules::delete(world, call, input),
        "DescribeEventBus" => buses::describe(world, call, input),
        "DescribeRule" => rules::describe(world, call, input),
        "DisableRule" => rules::switch(world, call, input, "DISABLED"),
        "EnableRule" => rules::switch(world, call, input, "ENABLED"),
        "ListEventBuses" => buses::list(world, call, input),
        "ListRules" => rules::list(world, call, input),
        "ListTagsForResource" => tags::list(world, call, input),
        "ListTargetsByRule" => targets::list(world, call, input),
        "PutPermission" => buses::put_permission(world, call, input),
        "PutRule" => rules::put(world, call, input),
        "PutTargets" => targets::put(world, call, input),
        "RemovePermission" => buses::remove_permission(world, call, input),
        "RemoveTargets" => targets::remove(world, call, input),
        "TagResource" => tags::tag(world, call, input),
        "UntagResource" => tags::untag(world, call, input),
        "UpdateEventBus" => buses::update(world, call, input),
        other => Err(json_call::unknown("EventBridge", other)),
    }
}
