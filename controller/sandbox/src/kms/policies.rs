//! Key policies.

use serde_json::{Value, json};

use super::authorize;
use super::failure::Failure;
use super::input::Input;
use super::locate::{Access, key, key_mut, locate};
use super::paging::{Limits, page};
use crate::call::Call;
use crate::iam::{self, DocumentUse};
use crate::world::World;

/// The bound of the API's model, in characters.
const POLICY_CHARACTERS_MAX: usize = 131_072;

/// The quota: 32 KB. Source: <https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html>.
const POLICY_BYTES_MAX: usize = 32_768;

/// The only name a key policy can have.
const POLICY_NAME: &str = "default";

pub(super) fn get(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let written = input.required("KeyId", 2048)?;
    let name = input.text_within("PolicyName", 1, 128)?.unwrap_or(POLICY_NAME);
    let place = locate(world, call, written, Access::own("GetKeyPolicy"))?;
    if name != POLICY_NAME {
        return Err(Failure::not_found("No such policy exists"));
    }
    let policy = shown(world, &key(world, &place)?.policy);
    Ok(json!({ "Policy": policy, "PolicyName": POLICY_NAME }))
}

pub(super) fn put(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let written = input.required("KeyId", 2048)?;
    let name = input.text_within("PolicyName", 1, 128)?.unwrap_or(POLICY_NAME);
    if name != POLICY_NAME {
        return Err(Failure::validation("The only valid policy name is default."));
    }
    let text = input.required("Policy", POLICY_CHARACTERS_MAX)?;
    let bypass = input.flag("BypassPolicyLockoutSafetyCheck")?.unwrap_or(false);
    let place = locate(world, call, written, Access::own("PutKeyPolicy"))?;
    let arn = key(world, &place)?.arn();
    let policy = checked(world, call, text, &arn, Lockout { bypass })?;
    key_mut(world, &place)?.policy = policy;
    Ok(Value::Null)
}

pub(super) fn list(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let written = input.required("KeyId", 2048)?;
    locate(world, call, written, Access::own("ListKeyPolicies"))?;
    let names = vec![(POLICY_NAME.to_owned(), json!(POLICY_NAME))];
    page(input, &Limits { default: 100, max: 1000 }, "PolicyNames", names)
}

/// What to do about a policy that locks its author out.
#[derive(Clone, Copy)]
pub(super) struct Lockout {
    /// Let it be: `BypassPolicyLockoutSafetyCheck`.
    pub(super) bypass: bool,
}

/// Checks a policy that is to be stored, and gives it as it is stored.
/// Source: <https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html>.
pub(super) fn checked(
    world: &World,
    call: &Call,
    text: &str,
    key_arn: &str,
    lockout: Lockout,
) -> Result<Value, Failure> {
    let storable = |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{FF}');
    if !text.chars().all(storable) {
        return Err(Failure::constraint(
            &format!("'{text}'"),
            "policy",
            "satisfy regular expression pattern: [\\u0009\\u000A\\u000D\\u0020-\\u00FF]+",
        ));
    }
    if text.len() > POLICY_BYTES_MAX {
        return Err(Failure::limit_exceeded(format!("The policy is longer than {POLICY_BYTES_MAX} bytes.")));
    }
    let policy = iam::check(text, DocumentUse::Resource).map_err(Failure::malformed_policy)?;
    let policy = world
        .intern_principals(policy)
        .map_err(|_| Failure::malformed_policy("Policy contains a statement with one or more invalid principals."))?;
    if !lockout.bypass && !authorize::allows(world, call, &policy, "PutKeyPolicy", key_arn) {
        return Err(Failure::malformed_policy(
            "The new key policy will not allow you to update the key policy in the future.",
        ));
    }
    Ok(policy)
}

/// The policy of a key made without one.
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html>.
pub(super) fn default_policy(account: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Id": "key-default-1",
        "Statement": [{
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": { "AWS": format!("arn:aws:iam::{account}:root") },
            "Action": "kms:*",
            "Resource": "*"
        }]
    })
}

/// The policy of the AWS managed key of a service: the account may look at it, the service may use it.
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-cmk>.
pub(super) fn managed_policy(account: &str, region: &str, service: &str) -> Value {
    let via = format!("{service}.{region}.amazonaws.com");
    json!({
        "Version": "2012-10-17",
        "Id": format!("auto-{service}-1"),
        "Statement": [{
            "Sid": format!("Allow access through {service} for all principals in the account that may use it"),
            "Effect": "Allow",
            "Principal": { "AWS": "*" },
            "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
            "Resource": "*",
            "Condition": { "StringEquals": { "kms:CallerAccount": account, "kms:ViaService": via } }
        }, {
            "Sid": "Allow direct access to key metadata to the account",
            "Effect": "Allow",
            "Principal": { "AWS": format!("arn:aws:iam::{account}:root") },
            "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
            "Resource": "*"
        }]
    })
}

/// A stored policy as a reader gets it: in ARNs, laid out as KMS does.
pub(super) fn shown(world: &World, policy: &Value) -> String {
    let mut text = String::new();
    lay_out(&world.show_principals(policy), 0, &mut text);
    text
}

/// KMS gives a policy back with two spaces a level, ` : ` after a name, and the items of a list on one line.
fn lay_out(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            let mut lead = "{\n";
            for (name, member) in members {
                text.push_str(lead);
                text.push_str(&"  ".repeat(depth + 1));
                text.push_str(&format!("{} : ", Value::String(name.clone())));
                lay_out(member, depth + 1, text);
                lead = ",\n";
            }
            text.push('\n');
            text.push_str(&"  ".repeat(depth));
            text.push('}');
        }
        Value::Object(_) => text.push_str("{ }"),
        Value::Array(items) if !items.is_empty() => {
            let mut lead = "[ ";
            for item in items {
                text.push_str(lead);
                lay_out(item, depth, text);
                lead = ", ";
            }
            text.push_str(" ]");
        }
        Value::Array(_) => text.push_str("[ ]"),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => text.push_str(&value.to_string()),
    }
}
