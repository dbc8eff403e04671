//! Grants.
//!
//! Source: <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>.

use serde_json::{Map, Value, json};

use super::authorize;
use super::failure::Failure;
use super::input::{Input, missing};
use super::locate::{Access, Place, enabled, key, key_mut, locate};
use super::paging::{Limits, page};
use super::state::{Dice, Grant, Key, millis, seconds};
use crate::call::Call;
use crate::world::World;

/// What a grant can allow.
/// Source: <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html>.
const OPERATIONS: &[&str] = &[
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
    "Sign",
    "Verify",
    "GetPublicKey",
    "CreateGrant",
    "RetireGrant",
    "DescribeKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateMac",
    "VerifyMac",
    "DeriveSharedSecret",
];

const LIMITS: Limits = Limits { default: 50, max: 100 };

pub(super) fn create(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let written = input.required("KeyId", 2048)?;
    let grantee = stored(world, input.required("GranteePrincipal", 256)?)?;
    let retiring = input.text_within("RetiringPrincipal", 1, 256)?.map(|name| stored(world, name)).transpose()?;
    let operations = input.texts("Operations")?.ok_or_else(|| missing("Operations"))?;
    if let Some(unknown) = operations.iter().find(|name| !OPERATIONS.contains(&name.as_str())) {
        let set = OPERATIONS.join(", ");
        let constraint = format!("satisfy constraint: [Member must satisfy enum value set: [{set}]]");
        return Err(Failure::constraint(&format!("'[{unknown}]'"), "operations", &constraint));
    }
    if operations.is_empty() {
        return Err(Failure::validation("A grant needs an operation."));
    }
    let name = input.text_within("Name", 1, 256)?.map(str::to_owned);
    let constraints = input.object("Constraints")?.map(|members| Value::Object(members.clone()));
    let place = locate(world, call, written, Access::shared("CreateGrant"))?;
    enabled(key(world, &place)?)?;
    let mut dice = Dice::new(world.next_serial());
    let (id, token) = (dice.hex(64), dice.hex(96));
    let grant = Grant {
        token: token.clone(),
        name,
        created_ms: millis(call.now),
        grantee,
        retiring,
        issuing_account: format!("arn:aws:iam::{}:root", call.caller.account),
        operations,
        constraints,
    };
    let grants = &mut key_mut(world, &place)?.grants;
    // The same call with the same name gives the grant there is.
    let same = |old: &Grant| {
        old.name.is_some() && Grant { created_ms: old.created_ms, token: old.token.clone(), ..grant.clone() } == *old
    };
    if let Some((id, old)) = grants.iter().find(|(_, old)| same(old)) {
        return Ok(json!({ "GrantId": id, "GrantToken": old.token }));
    }
    grants.insert(id.clone(), grant);
    Ok(json!({ "GrantId": id, "GrantToken": token }))
}

pub(super) fn list(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let written = input.required("KeyId", 2048)?;
    let wanted = input.text_within("GrantId", 1, 128)?;
    let grantee = input.text_within("GranteePrincipal", 1, 256)?;
    let place = locate(world, call, written, Access::shared("ListGrants"))?;
    let key = key(world, &place)?;
    if let Some(id) = wanted.filter(|id| !key.grants.contains_key(*id)) {
        return Err(Failure::not_found(format!("Grant ID {id} not found")));
    }
    let items = key
        .grants
        .iter()
        .filter(|(id, _)| wanted.is_none_or(|wanted| wanted == *id))
        .filter(|(_, grant)| grantee.is_none_or(|name| shown(world, &grant.grantee) == name))
        .map(|(id, grant)| (id.clone(), entry(world, key, id, grant)))
        .collect();
    page(input, &LIMITS, "Grants", items)
}

pub(super) fn list_retirable(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let principal = input.required("RetiringPrincipal", 256)?;
    let mut items = Vec::new();
    for state in world.accounts.values().filter_map(|account| account.kms.get(&call.region)) {
        for key in state.keys.values() {
            for (id, grant) in &key.grants {
                if grant.retiring.as_ref().is_some_and(|name| shown(world, name) == principal) {
                    items.push((id.clone(), entry(world, key, id, grant)));
                }
            }
        }
    }
    items.sort_by(|(a, _), (b, _)| a.cmp(b));
    page(input, &LIMITS, "Grants", items)
}

pub(super) fn retire(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let (place, id) = match input.text_within("GrantToken", 1, 8192)? {
        Some(token) => by_token(world, call, token)?,
        None => {
            let written = input.required("KeyId", 2048)?;
            if !written.starts_with("arn:") {
                return Err(Failure::new("InvalidArnException", format!("Invalid arn {written}")));
            }
            let id = input.required("GrantId", 128)?.to_owned();
            (super::locate::locate_unchecked(world, call, written, Access::shared("RetireGrant"))?, id)
        }
    };
    let key = key(world, &place)?;
    let grant = key.grants.get(&id).ok_or_else(|| Failure::not_found(format!("Grant ID {id} not found")))?;
    let names = authorize::identities(world, &call.caller);
    let may = place.account == call.caller.account
        || grant.retiring.as_ref().is_some_and(|name| names.contains(name))
        || (names.contains(&grant.grantee) && grant.operations.iter().any(|name| name == "RetireGrant"));
    if !may {
        return Err(authorize::denied(call, "RetireGrant", &key.arn()));
    }
    key_mut(world, &place)?.grants.remove(&id);
    Ok(Value::Null)
}

pub(super) fn revoke(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let written = input.required("KeyId", 2048)?;
    let id = input.required("GrantId", 128)?;
    let place = locate(world, call, written, Access::shared("RevokeGrant"))?;
    match key_mut(world, &place)?.grants.remove(id) {
        Some(_) => Ok(Value::Null),
        None => Err(Failure::not_found(format!("Grant ID {id} not found"))),
    }
}

fn by_token(world: &World, call: &Call, token: &str) -> Result<(Place, String), Failure> {
    for state in world.accounts.values().filter_map(|account| account.kms.get(&call.region)) {
        for key in state.keys.values() {
            if let Some((id, _)) = key.grants.iter().find(|(_, grant)| grant.token == token) {
                return Ok((super::keys::place_of(key), id.clone()));
            }
        }
    }
    Err(Failure::new("InvalidGrantTokenException", "The grant token is not valid."))
}

fn entry(world: &World, key: &Key, id: &str, grant: &Grant) -> Value {
    let mut entry = Map::new();
    let mut put = |name: &str, value: Value| {
        entry.insert(name.to_owned(), value);
    };
    put("KeyId", json!(key.arn()));
    put("GrantId", json!(id));
    put("Name", json!(grant.name.as_deref().unwrap_or_default()));
    put("CreationDate", seconds(grant.created_ms));
    put("GranteePrincipal", json!(shown(world, &grant.grantee)));
    if let Some(retiring) = &grant.retiring {
        put("RetiringPrincipal", json!(shown(world, retiring)));
    }
    put("IssuingAccount", json!(grant.issuing_account));
    put("Operations", json!(grant.operations));
    if let Some(constraints) = &grant.constraints {
        put("Constraints", constraints.clone());
    }
    Value::Object(entry)
}

/// A principal as it is stored; services are stored by name.
fn stored(world: &World, principal: &str) -> Result<String, Failure> {
    if principal.ends_with(".amazonaws.com") {
        return Ok(principal.to_owned());
    }
    if principal == "*" || !principal.starts_with("arn:") {
        return Err(Failure::new("InvalidArnException", "ARN does not refer to a valid principal"));
    }
    let policy = world.intern_principals(statement_naming(principal));
    let policy = policy.map_err(|_| {
        Failure::new("InvalidArnException", format!("ARN does not refer to a valid principal: {principal}"))
    })?;
    Ok(named(&policy).unwrap_or(principal).to_owned())
}

fn shown(world: &World, principal: &str) -> String {
    let policy = world.show_principals(&statement_naming(principal));
    named(&policy).unwrap_or(principal).to_owned()
}

fn statement_naming(principal: &str) -> Value {
    json!({ "Statement": [{ "Principal": { "AWS": principal } }] })
}

fn named(policy: &Value) -> Option<&str> {
    policy.pointer("/Statement/0/Principal/AWS").and_then(Value::as_str)
}
