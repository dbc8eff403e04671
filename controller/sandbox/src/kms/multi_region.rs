//! Multi-Region keys: a primary and its replicas, one key id in several regions of an account.
//!
//! Source: <https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html>.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::failure::Failure;
use super::input::{Input, missing};
use super::keys::{DESCRIPTION_CHARACTERS_MAX, metadata};
use super::locate::{Access, Place, enabled, key, locate};
use super::policies::{self, Lockout};
use super::state::{DAY_MS, Key, KeyState, millis};
use super::tags;
use crate::call::Call;
use crate::world::{Account, World};

pub(super) fn replicate(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let written = input.required("KeyId", 2048)?;
    let region = read_region(input, "ReplicaRegion")?.to_owned();
    let description = input.text_within("Description", 0, DESCRIPTION_CHARACTERS_MAX)?.unwrap_or_default().to_owned();
    let policy_text = input.text_within("Policy", 1, 131_072)?;
    let bypass = input.flag("BypassPolicyLockoutSafetyCheck")?.unwrap_or(false);
    let tags = tags::read(input)?.unwrap_or_default();
    let place = locate(world, call, written, Access::own("ReplicateKey"))?;
    let primary = primary_key(world, &place)?;
    enabled(&primary)?;
    let at = Place { region, ..place };
    if key(world, &at).is_ok() || at.region == primary.region {
        let arn = format!("arn:aws:kms:{}:{}:key/{}", at.region, at.account, at.id);
        return Err(Failure::new("AlreadyExistsException", format!("{arn} already exists.")));
    }
    let mut replica = Key {
        region: at.region.clone(),
        created_ms: millis(call.now),
        description,
        state: KeyState::Enabled,
        tags,
        grants: BTreeMap::new(),
        rotation: None,
        ..primary
    };
    replica.policy = match policy_text {
        Some(text) => policies::checked(world, call, text, &replica.arn(), Lockout { bypass })?,
        None => policies::default_policy(&at.account),
    };
    let shown_policy = policies::shown(world, &replica.policy);
    let shown_tags: Vec<Value> =
        replica.tags.iter().map(|(name, value)| json!({ "TagKey": name, "TagValue": value })).collect();
    let state = world.account(&at.account).kms.entry(at.region.clone()).or_default();
    state.keys.insert(replica.id.clone(), replica);
    Ok(json!({
        "ReplicaKeyMetadata": metadata(world, &at)?,
        "ReplicaPolicy": shown_policy,
        "ReplicaTags": shown_tags,
    }))
}

pub(super) fn update_primary_region(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let written = input.required("KeyId", 2048)?;
    let region = read_region(input, "PrimaryRegion")?.to_owned();
    let place = locate(world, call, written, Access::own("UpdatePrimaryRegion"))?;
    let primary = primary_key(world, &place)?;
    enabled(&primary)?;
    let next = Place { region: region.clone(), ..place.clone() };
    enabled(key(world, &next)?)?;
    for state in world.account(&place.account).kms.values_mut() {
        if let Some(key) = state.keys.get_mut(&place.id) {
            key.primary_region = Some(region.clone());
            let is_primary = key.region == region;
            key.rotation = primary.rotation.clone().filter(|_| is_primary);
            key.materials.clone_from(&primary.materials);
        }
    }
    Ok(Value::Null)
}

/// The key, which must be the primary of a multi-Region key.
fn primary_key(world: &World, place: &Place) -> Result<Key, Failure> {
    let key = key(world, place)?;
    if key.primary_region.as_deref() == Some(place.region.as_str()) {
        return Ok(key.clone());
    }
    Err(Failure::unsupported(format!("{} is not a multi-Region primary key.", key.arn())))
}

fn read_region<'input>(input: &'input Input, name: &str) -> Result<&'input str, Failure> {
    let region = input.text_within(name, 1, 32)?.ok_or_else(|| missing(name))?;
    let parts: Vec<&str> = region.split('-').collect();
    let number = parts.last().is_some_and(|last| !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit()));
    let words = parts.iter().rev().skip(1).all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase()));
    if (3..=4).contains(&parts.len()) && number && words {
        return Ok(region);
    }
    Err(Failure::validation(format!("{region} is not the id of a Region.")))
}

/// The regions that hold a replica of the key at this place.
pub(super) fn replicas(world: &World, place: &Place) -> BTreeSet<String> {
    let Some(account) = world.accounts.get(&place.account) else { return BTreeSet::new() };
    let keys = account.kms.values().filter_map(|state| state.keys.get(&place.id));
    keys.filter(|key| key.is_replica()).map(|key| key.region.clone()).collect()
}

/// `MultiRegionConfiguration` of a multi-Region key.
pub(super) fn configuration(world: &World, place: &Place) -> Result<Option<Value>, Failure> {
    let key = key(world, place)?;
    let Some(primary) = &key.primary_region else { return Ok(None) };
    let entry = |region: &str| json!({ "Arn": format!("arn:aws:kms:{region}:{}:key/{}", key.account, key.id), "Region": region });
    let replica_keys: Vec<Value> = replicas(world, place).iter().map(|region| entry(region)).collect();
    Ok(Some(json!({
        "MultiRegionKeyType": if key.is_replica() { "REPLICA" } else { "PRIMARY" },
        "PrimaryKey": entry(primary),
        "ReplicaKeys": replica_keys,
    })))
}

/// Starts the waiting period of primaries whose last replica is gone.
pub(super) fn start_waiting(account: &mut Account, now_ms: i64) {
    let replicas: BTreeSet<String> = account
        .kms
        .values()
        .flat_map(|state| state.keys.values())
        .filter(|key| key.is_replica())
        .map(|key| key.id.clone())
        .collect();
    for key in account.kms.values_mut().flat_map(|state| state.keys.values_mut()) {
        if key.state == KeyState::PendingReplicaDeletion && !replicas.contains(&key.id) {
            key.state = KeyState::PendingDeletion;
            let days = key.pending_window_days.take().unwrap_or_default();
            key.deletion_ms = Some(now_ms.saturating_add(days * DAY_MS));
        }
    }
}
