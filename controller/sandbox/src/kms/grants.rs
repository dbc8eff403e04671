//! Grants.
//!
//! Source: <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>.

use serde_json::{Map, Value, json};

use super::authorize;
use super::failure::Failure;
use super::input::{Input, missing};
use super::locate::{Access, Place, enabled, key, key_mut, locate};
use super::paging::{Limits, page};
use super::specs;
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
    "Encapsulate",
    "Decapsulate",
];

/// Source: <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html>, `Constraints`.
const CONTEXT_PAIRS_MAX: usize = 8;
const CONTEXT_VALUE_CHARACTERS_MAX: usize = 384;

const LIMITS: Limits = Limits { default: 50, max: 100 };

pub(super) fn create(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let written = input.required("KeyId", 2048)?;
    let (grantee, to_service) = someone(world, input, "Grantee")?
        .ok_or_else(|| Failure::validation("Either GranteePrincipal or GranteeServicePrincipal is required."))?;
    let retiring = someone(world, input, "Retiring")?;
    let operations = input.texts("Operations")?.ok_or_else(|| missing("Operations"))?;
    if let Some(unknown) = operations.iter().find(|name| !OPERATIONS.contains(&name.as_str())) {
        let set = OPERATIONS.join(", ");
        let constraint = format!("satisfy constraint: [Member must satisfy enum value set: [{set}]]");
        return Err(Failure::constraint(&format!("'[{unknown}]'"), "operations", &constraint));
    }
    if operations.is_empty() {
        return Err(Failure::validation("A grant needs an operation."));
    }
    let name = read_name(input)?;
    let constraints = input.object("Constraints")?;
    let place = locate(world, call, written, Access::shared("CreateGrant"))?;
    let key = key(world, &place)?;
    enabled(key)?;
    if let Some(wrong) = operations.iter().find(|operation| !specs::allows_in_grant(&key.spec, &key.usage, operation)) {
        return Err(Failure::validation(format!("The operation {wrong} is not supported by {}.", key.arn())));
    }
    check_constraints(constraints, key)?;
    if to_service && (constraints.is_none_or(|bound| !bound.contains_key("SourceArn")) || retiring.is_none()) {
        return Err(Failure::validation(
            "A grant to a service principal needs the constraint SourceArn and a retiring principal.",
        ));
    }
    let mut dice = Dice::new(world.next_serial());
    let (id, token) = (dice.hex(64), dice.hex(96));
    let grant = Grant {
        token: token.clone(),
        name,
        created_ms: millis(call.now),
        grantee,
        to_service,
        retiring_service: retiring.as_ref().is_some_and(|(_, service)| *service),
        retiring: retiring.map(|(name, _)| name),
        issuing_account: format!("arn:aws:iam::{}:root", call.caller.account),
        operations,
        constraints: constraints.map(|members| Value::Object(members.clone())),
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

/// The members `…Principal` and `…ServicePrincipal`, of which at most one may be there: who, and whether it is a service.
fn someone(world: &World, input: &Input, front: &str) -> Result<Option<(String, bool)>, Failure> {
    let (principal, service) = (format!("{front}Principal"), format!("{front}ServicePrincipal"));
    match (input.text_within(&principal, 1, 256)?, input.text_within(&service, 1, 256)?) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(Failure::validation(format!("{principal} and {service} exclude each other."))),
        (Some(name), None) => Ok(Some((stored(world, name)?, false))),
        (None, Some(name)) if name.ends_with(".amazonaws.com") => Ok(Some((name.to_owned(), true))),
        (None, Some(name)) => Err(Failure::validation(format!("{name} is not a service principal."))),
    }
}

fn read_name(input: &Input) -> Result<Option<String>, Failure> {
    let Some(name) = input.text_within("Name", 1, 256)? else { return Ok(None) };
    if name.chars().all(|c| c.is_ascii_alphanumeric() || ":/_-".contains(c)) {
        return Ok(Some(name.to_owned()));
    }
    let pattern = "satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$";
    Err(Failure::constraint(&format!("'{name}'"), "name", pattern))
}

/// Source: <https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html>.
fn check_constraints(constraints: Option<&Map<String, Value>>, key: &Key) -> Result<(), Failure> {
    for (name, value) in constraints.into_iter().flatten() {
        match (name.as_str(), value) {
            ("SourceArn", Value::String(arn)) if arn.starts_with("arn:") => {}
            ("EncryptionContextEquals" | "EncryptionContextSubset", Value::Object(pairs)) => {
                if key.spec != specs::SYMMETRIC_DEFAULT {
                    return Err(Failure::validation("Only a symmetric encryption key has an encryption context."));
                }
                let fits = |value: &Value| {
                    value.as_str().is_some_and(|text| text.chars().count() <= CONTEXT_VALUE_CHARACTERS_MAX)
                };
                if pairs.len() > CONTEXT_PAIRS_MAX || !pairs.values().all(fits) {
                    return Err(Failure::validation(format!("The constraint {name} is too large.")));
                }
            }
            _ => return Err(Failure::validation(format!("The constraint {name} is not valid."))),
        }
    }
    Ok(())
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
    if grant.to_service {
        put("GranteeServicePrincipal", json!(grant.grantee));
    }
    match &grant.retiring {
        Some(service) if grant.retiring_service => put("RetiringServicePrincipal", json!(service)),
        Some(retiring) => put("RetiringPrincipal", json!(shown(world, retiring))),
        None => {}
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
