//! Aliases.
//!
//! Source: <https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html>.

use serde_json::{Map, Value, json};

use super::authorize;
use super::failure::Failure;
use super::input::Input;
use super::locate::{Access, Place, alias_not_found, key, locate, locate_unchecked, not_pending_deletion, own_state};
use super::paging::{Limits, page};
use super::state::{Alias, Key, PREDEFINED_ALIASES, millis, seconds};
use crate::call::Call;
use crate::world::World;

/// How many aliases a key can have.
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html>.
const ALIASES_PER_KEY_MAX: usize = 50;

const RESERVED_PREFIX: &str = "alias/aws/";

pub(super) fn create(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let name = read_name(input)?;
    let place = target(world, call, input, "CreateAlias")?;
    not_pending_deletion(key(world, &place)?)?;
    let state = own_state(world, call);
    if state.aliases.contains_key(name) {
        let arn = alias_arn(call, name);
        return Err(Failure::new("AlreadyExistsException", format!("An alias with the name {arn} already exists")));
    }
    check_room(state.aliases.values(), &place.id)?;
    let now = millis(call.now);
    let alias = Alias { target: place.id, created_ms: now, updated_ms: now };
    state.aliases.insert(name.to_owned(), alias);
    Ok(Value::Null)
}

pub(super) fn update(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let name = read_name(input)?;
    let place = target(world, call, input, "UpdateAlias")?;
    let before = current(world, call, name)?;
    let (old, new) = (key(world, &before)?, key(world, &place)?);
    authorize::check(world, call, old, "UpdateAlias")?;
    not_pending_deletion(new)?;
    if sort(old) != sort(new) || old.usage != new.usage {
        return Err(Failure::validation(
            "The current and the new KMS key of an alias must be of the same type and have the same key usage.",
        ));
    }
    let state = own_state(world, call);
    if before.id != place.id {
        check_room(state.aliases.values(), &place.id)?;
    }
    if let Some(alias) = state.aliases.get_mut(name) {
        alias.target = place.id;
        alias.updated_ms = millis(call.now);
    }
    Ok(Value::Null)
}

pub(super) fn delete(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let name = read_name(input)?;
    let place = current(world, call, name)?;
    authorize::check(world, call, key(world, &place)?, "DeleteAlias")?;
    own_state(world, call).aliases.remove(name);
    Ok(Value::Null)
}

pub(super) fn list(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let target = match input.text_within("KeyId", 1, 2048)? {
        Some(written) => Some(locate_unchecked(world, call, written, Access::own("ListAliases"))?.id),
        None => None,
    };
    let state = own_state(world, call);
    let mut items: Vec<(String, Value)> = Vec::new();
    for (name, alias) in &state.aliases {
        if target.as_ref().is_none_or(|id| *id == alias.target) {
            let mut entry = entry(call, name);
            entry.insert("TargetKeyId".to_owned(), json!(alias.target));
            entry.insert("CreationDate".to_owned(), seconds(alias.created_ms));
            entry.insert("LastUpdatedDate".to_owned(), seconds(alias.updated_ms));
            items.push((name.clone(), Value::Object(entry)));
        }
    }
    if target.is_none() {
        let unused = PREDEFINED_ALIASES.iter().filter(|name| !state.aliases.contains_key(**name));
        items.extend(unused.map(|name| ((*name).to_owned(), Value::Object(entry(call, name)))));
    }
    items.sort_by(|(a, _), (b, _)| a.cmp(b));
    page(input, &Limits { default: 50, max: 100 }, "Aliases", items)
}

fn entry(call: &Call, name: &str) -> Map<String, Value> {
    let mut entry = Map::new();
    entry.insert("AliasName".to_owned(), json!(name));
    entry.insert("AliasArn".to_owned(), json!(alias_arn(call, name)));
    entry
}

fn alias_arn(call: &Call, name: &str) -> String {
    format!("arn:aws:kms:{}:{}:{name}", call.region, call.caller.account)
}

/// The member `AliasName`, checked.
fn read_name(input: &Input) -> Result<&str, Failure> {
    let name = input.required("AliasName", 256)?;
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b":/_-".contains(&b)) {
        let pattern = "satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$";
        return Err(Failure::constraint(&format!("'{name}'"), "aliasName", pattern));
    }
    let Some(rest) = name.strip_prefix("alias/") else {
        return Err(Failure::validation(
            "Alias must start with the prefix \"alias/\". Please see \
             https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
        ));
    };
    if name.starts_with(RESERVED_PREFIX) {
        return Err(Failure::new("NotAuthorizedException", ""));
    }
    if rest.is_empty() || rest.contains(':') {
        return Err(Failure::validation(format!("{name} contains invalid characters for an alias")));
    }
    Ok(name)
}

/// The key in the member `TargetKeyId`.
fn target(world: &World, call: &Call, input: &Input, action: &'static str) -> Result<Place, Failure> {
    let written = input.required("TargetKeyId", 2048)?;
    if written.starts_with("alias/") || written.contains(":alias/") {
        return Err(Failure::validation("Aliases must refer to keys. Not aliases"));
    }
    let place = locate(world, call, written, Access::own(action))?;
    if key(world, &place)?.managed_by.is_some() {
        return Err(Failure::new("NotAuthorizedException", ""));
    }
    Ok(place)
}

/// Where the alias points now.
fn current(world: &mut World, call: &Call, name: &str) -> Result<Place, Failure> {
    let alias = own_state(world, call).aliases.get(name);
    let id = alias.map(|alias| alias.target.clone()).ok_or_else(|| alias_not_found(&alias_arn(call, name)))?;
    Ok(Place { account: call.caller.account.clone(), region: call.region.clone(), id })
}

fn check_room<'all>(aliases: impl Iterator<Item = &'all Alias>, id: &str) -> Result<(), Failure> {
    if aliases.filter(|alias| alias.target == id).count() < ALIASES_PER_KEY_MAX {
        return Ok(());
    }
    Err(Failure::limit_exceeded(format!("A key can have at most {ALIASES_PER_KEY_MAX} aliases.")))
}

/// Symmetric, HMAC or asymmetric: what an alias cannot change between.
fn sort(key: &Key) -> &'static str {
    match key.spec.as_str() {
        super::specs::SYMMETRIC_DEFAULT => "symmetric",
        spec if spec.starts_with("HMAC_") => "hmac",
        _ => "asymmetric",
    }
}
