//! KMS: keys, aliases, key policies, rotation, tags, grants and a toy cipher.
//!
//! The protocol is JSON 1.1: `X-Amz-Target: TrentService.Operation`, a JSON object in, a JSON object out.
//! Source: <https://docs.aws.amazon.com/kms/latest/APIReference/Welcome.html>.
//!
//! What differs from AWS, on purpose: IAM policies of the caller are not looked at (whoever an account's key policy
//! lets in through the account's root may do everything it allows); a rotation and a replication are done at once.

mod aliases;
mod authorize;
mod crypto;
mod failure;
mod grants;
mod input;
mod keys;
mod locate;
mod multi_region;
mod paging;
mod policies;
mod rotation;
mod specs;
mod state;
mod tags;
#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::call::{Call, Reply};
use crate::world::World;

pub(crate) use self::keys::service_key;
pub use self::state::State;

use self::failure::Failure;
use self::input::Input;

/// What the header `X-Amz-Target` starts with.
const TARGET_PREFIX: &str = "TrentService.";

/// Answers one call.
pub fn handle(world: &mut World, call: &Call) -> Reply {
    state::settle(world, call.now);
    match answer(world, call) {
        Ok(Value::Null) => Reply { status: 200, headers: vec![json_type()], body: Vec::new() },
        Ok(value) => Reply { status: 200, headers: vec![json_type()], body: value.to_string().into_bytes() },
        Err(failure) => {
            let body = serde_json::json!({ "__type": failure.code, "message": failure.message });
            Reply {
                status: failure.status,
                headers: vec![json_type(), ("x-amzn-errortype", failure.code.to_owned())],
                body: body.to_string().into_bytes(),
            }
        }
    }
}

fn json_type() -> (&'static str, String) {
    ("content-type", "application/x-amz-json-1.1".to_owned())
}

fn answer(world: &mut World, call: &Call) -> Result<Value, Failure> {
    let target = call.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some(operation) = target.strip_prefix(TARGET_PREFIX) else {
        return Err(Failure::new("UnknownOperationException", format!("{target:?} is no operation of KMS.")));
    };
    let input = Input::parse(&call.body)?;
    match operation {
        "CancelKeyDeletion" => keys::cancel_deletion(world, call, &input),
        "CreateAlias" => aliases::create(world, call, &input),
        "CreateGrant" => grants::create(world, call, &input),
        "CreateKey" => keys::create(world, call, &input),
        "Decrypt" => crypto::decrypt(world, call, &input),
        "DeleteAlias" => aliases::delete(world, call, &input),
        "DescribeKey" => keys::describe(world, call, &input),
        "DisableKey" => keys::disable(world, call, &input),
        "DisableKeyRotation" => rotation::disable(world, call, &input),
        "EnableKey" => keys::enable(world, call, &input),
        "EnableKeyRotation" => rotation::enable(world, call, &input),
        "Encrypt" => crypto::encrypt(world, call, &input),
        "GenerateDataKey" => crypto::generate_data_key(world, call, &input),
        "GenerateDataKeyWithoutPlaintext" => crypto::generate_data_key_without_plaintext(world, call, &input),
        "GenerateRandom" => crypto::generate_random(world, call, &input),
        "GetKeyPolicy" => policies::get(world, call, &input),
        "GetKeyRotationStatus" => rotation::status(world, call, &input),
        "ListAliases" => aliases::list(world, call, &input),
        "ListGrants" => grants::list(world, call, &input),
        "ListKeyPolicies" => policies::list(world, call, &input),
        "ListKeyRotations" => rotation::list(world, call, &input),
        "ListKeys" => keys::list(world, call, &input),
        "ListResourceTags" => tags::list(world, call, &input),
        "ListRetirableGrants" => grants::list_retirable(world, call, &input),
        "PutKeyPolicy" => policies::put(world, call, &input),
        "ReEncrypt" => crypto::re_encrypt(world, call, &input),
        "ReplicateKey" => multi_region::replicate(world, call, &input),
        "RetireGrant" => grants::retire(world, call, &input),
        "RevokeGrant" => grants::revoke(world, call, &input),
        "RotateKeyOnDemand" => rotation::rotate_on_demand(world, call, &input),
        "ScheduleKeyDeletion" => keys::schedule_deletion(world, call, &input),
        "TagResource" => tags::tag(world, call, &input),
        "UntagResource" => tags::untag(world, call, &input),
        "UpdateAlias" => aliases::update(world, call, &input),
        "UpdateKeyDescription" => keys::update_description(world, call, &input),
        "UpdatePrimaryRegion" => multi_region::update_primary_region(world, call, &input),
        other => Err(Failure::new(
            "UnknownOperationException",
            format!("The sandbox does not speak the operation {other} of KMS."),
        )),
    }
}
