//! ECR: private repositories with their policies and images, and the registry's settings.
//!
//! The protocol is JSON 1.1: `X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.Operation`.
//! Source: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/Welcome.html>.
//!
//! What differs from AWS, on purpose: there are manifests but no layers, which are taken at their word; nothing is scanned, copied or
//! expired; and the policies of repositories let no other account in, so that each account sees its own registry alone.

mod images;
mod lifecycle;
mod policies;
mod pull_through;
mod registry;
mod repositories;
mod state;
mod tags;
#[cfg(test)]
mod tests;

pub use self::state::State;
use crate::call::{Call, Reply};
use crate::json_call::{self, Answer, Failure, Input};
use crate::world::World;

/// What the header `X-Amz-Target` starts with.
const TARGET_PREFIX: &str = "AmazonEC2ContainerRegistry_V20150921.";

/// The exception for what breaks the API's model.
const INVALID: &str = "InvalidParameterException";

/// Answers one call.
pub fn handle(world: &mut World, call: &Call) -> Reply {
    // The caller's account exists from its first call on; other accounts' policies may name it.
    world.account(&call.caller.account);
    json_call::reply(answer(world, call))
}

fn answer(world: &mut World, call: &Call) -> Answer {
    let body = json_call::body(call)?;
    let input = Input::new(&body, INVALID);
    own_registry(call, input)?;
    let operation = json_call::operation(call, TARGET_PREFIX);
    match operation {
        "BatchDeleteImage" => images::batch_delete(world, call, input),
        "BatchGetImage" => images::batch_get(world, call, input),
        "CreatePullThroughCacheRule" => pull_through::create(world, call, input),
        "CreateRepository" => repositories::create(world, call, input),
        "DeleteLifecyclePolicy" => lifecycle::delete(world, call, input),
        "DeletePullThroughCacheRule" => pull_through::delete(world, call, input),
        "DeleteRegistryPolicy" => registry::delete_policy(world, call),
        "DeleteRepository" => repositories::delete(world, call, input),
        "DeleteRepositoryPolicy" => policies::delete(world, call, input),
        "DescribeImages" => images::describe(world, call, input),
        "DescribePullThroughCacheRules" => pull_through::describe(world, call, input),
        "DescribeRegistry" => registry::describe(world, call),
        "DescribeRepositories" => repositories::describe(world, call, input),
        "GetAccountSetting" => registry::get_setting(world, call, input),
        "GetAuthorizationToken" => Ok(registry::authorization_token(call)),
        "GetLifecyclePolicy" => lifecycle::get(world, call, input),
        "GetRegistryPolicy" => registry::get_policy(world, call),
        "GetRegistryScanningConfiguration" => registry::get_scanning(world, call),
        "GetRepositoryPolicy" => policies::get(world, call, input),
        "ListImages" => images::list(world, call, input),
        "ListTagsForResource" => tags::list(world, call, input),
        "PutAccountSetting" => registry::put_setting(world, call, input),
        "PutImage" => images::put(world, call, input),
        "PutImageScanningConfiguration" => repositories::put_scanning(world, call, input),
        "PutImageTagMutability" => repositories::put_mutability(world, call, input),
        "PutLifecyclePolicy" => lifecycle::put(world, call, input),
        "PutRegistryPolicy" => registry::put_policy(world, call, input),
        "PutRegistryScanningConfiguration" => registry::put_scanning(world, call, input),
        "PutReplicationConfiguration" => registry::put_replication(world, call, input),
        "SetRepositoryPolicy" => policies::set(world, call, input),
        "TagResource" => tags::tag(world, call, input),
        "UntagResource" => tags::untag(world, call, input),
        "UpdatePullThroughCacheRule" => pull_through::update(world, call, input),
        other => Err(json_call::unknown("ECR", other)),
    }
}

/// A registry that is named must be the caller's: another account's is closed here.
fn own_registry(call: &Call, input: Input<'_>) -> Result<(), Failure> {
    let Some(id) = input.text("registryId", 12, 12)? else { return Ok(()) };
    if !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(input.broken("registryId", "satisfy regular expression '[0-9]{12}'"));
    }
    if id == call.caller.account {
        return Ok(());
    }
    let message = format!(
        "User: {} is not authorized to perform this action on the registry {id} because no resource-based policy allows it",
        call.caller.arn
    );
    Err(Failure::new("AccessDeniedException", message))
}
