//! Rotation of key material, automatic and on demand.
//!
//! Source: <https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html>. The keys of one multi-Region key
//! share its material; it is kept, and rotated, with the primary key.

use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::input::Input;
use super::locate::{Access, Place, enabled, key, key_mut, locate};
use super::paging::{Limits, page};
use super::specs::SYMMETRIC_DEFAULT;
use super::state::{DAY_MS, Dice, Key, KeyState, Material, Rotated, Schedule, millis, seconds};
use crate::call::Call;
use crate::world::World;

/// Source: <https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html>.
const PERIOD_DAYS_MIN: i64 = 90;
const PERIOD_DAYS_MAX: i64 = 2560;
const PERIOD_DAYS_DEFAULT: i64 = 365;

/// Source: <https://docs.aws.amazon.com/kms/latest/APIReference/API_RotateKeyOnDemand.html>.
const ON_DEMAND_ROTATIONS_MAX: usize = 25;

pub(super) fn status(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let written = input.required("KeyId", 2048)?;
    let place = locate(world, call, written, Access::shared("GetKeyRotationStatus"))?;
    let asked = key(world, &place)?;
    let mut reply = Map::new();
    reply.insert("KeyId".to_owned(), json!(asked.id));
    let holder = key(world, &holder(world, &place)?)?;
    let schedule = match asked.state {
        KeyState::Enabled | KeyState::Disabled => holder.rotation.as_ref(),
        // It comes back when the deletion is cancelled.
        KeyState::PendingDeletion | KeyState::PendingReplicaDeletion => None,
        KeyState::PendingImport => return Err(origin_unsupported(asked)),
    };
    reply.insert("KeyRotationEnabled".to_owned(), json!(schedule.is_some()));
    if let Some(schedule) = schedule {
        reply.insert("RotationPeriodInDays".to_owned(), json!(schedule.period_days));
        reply.insert("NextRotationDate".to_owned(), seconds(schedule.next_ms(millis(call.now))));
    }
    Ok(Value::Object(reply))
}

pub(super) fn enable(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let written = input.required("KeyId", 2048)?;
    let period = input.number_within("RotationPeriodInDays", PERIOD_DAYS_MIN, PERIOD_DAYS_MAX)?;
    let place = rotatable(world, call, written, "EnableKeyRotation")?;
    let key = key_mut(world, &place)?;
    // A new period counts from where the one before counted.
    let since_ms = key.rotation.as_ref().map_or_else(|| millis(call.now), |schedule| schedule.since_ms);
    key.rotation = Some(Schedule { period_days: period.unwrap_or(PERIOD_DAYS_DEFAULT), since_ms });
    Ok(Value::Null)
}

pub(super) fn disable(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let written = input.required("KeyId", 2048)?;
    let place = rotatable(world, call, written, "DisableKeyRotation")?;
    key_mut(world, &place)?.rotation = None;
    Ok(Value::Null)
}

pub(super) fn rotate_on_demand(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let written = input.required("KeyId", 2048)?;
    let place = rotatable(world, call, written, "RotateKeyOnDemand")?;
    let key = key_mut(world, &place)?;
    let asked_for = key.materials.iter().filter_map(|material| material.rotated.as_ref());
    if asked_for.filter(|rotated| rotated.on_demand).count() >= ON_DEMAND_ROTATIONS_MAX {
        return Err(Failure::limit_exceeded(format!(
            "{} was rotated on demand {ON_DEMAND_ROTATIONS_MAX} times, which is the quota.",
            key.arn()
        )));
    }
    rotate(key, Rotated { at_ms: millis(call.now), on_demand: true });
    Ok(json!({ "KeyId": place.id }))
}

pub(super) fn list(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let written = input.required("KeyId", 2048)?;
    let which = input.one_of("IncludeKeyMaterial", &["ALL_KEY_MATERIAL", "ROTATIONS_ONLY"])?;
    let place = locate(world, call, written, Access::own("ListKeyRotations"))?;
    let asked = key(world, &place)?;
    symmetric(asked)?;
    let materials = &key(world, &holder(world, &place)?)?.materials;
    let mut items = Vec::new();
    for (index, material) in materials.iter().enumerate() {
        if material.rotated.is_none() && which != Some("ALL_KEY_MATERIAL") {
            continue;
        }
        let state = if index + 1 == materials.len() { "CURRENT" } else { "NON_CURRENT" };
        let mut entry = Map::new();
        entry.insert("KeyId".to_owned(), json!(asked.id));
        entry.insert("KeyMaterialId".to_owned(), json!(material.id));
        entry.insert("KeyMaterialState".to_owned(), json!(state));
        if let Some(rotated) = &material.rotated {
            let sort = if rotated.on_demand { "ON_DEMAND" } else { "AUTOMATIC" };
            entry.insert("RotationDate".to_owned(), seconds(rotated.at_ms));
            entry.insert("RotationType".to_owned(), json!(sort));
        }
        items.push((format!("{index:08}"), Value::Object(entry)));
    }
    page(input, &Limits { default: 100, max: 1000 }, "Rotations", items)
}

/// A key on which automatic rotation can be set.
fn rotatable(world: &World, call: &Call, written: &str, action: &'static str) -> Result<Place, Failure> {
    let place = locate(world, call, written, Access::own(action))?;
    let key = key(world, &place)?;
    if key.origin != "AWS_KMS" {
        return Err(origin_unsupported(key));
    }
    symmetric(key)?;
    enabled(key)?;
    if key.is_replica() {
        return Err(Failure::unsupported(format!(
            "{} is a multi-Region replica key, which is not valid for this operation.",
            key.arn()
        )));
    }
    Ok(place)
}

fn symmetric(key: &Key) -> Result<(), Failure> {
    if key.spec == SYMMETRIC_DEFAULT {
        return Ok(());
    }
    Err(Failure::unsupported(format!("{} key spec is {} which is not valid for this operation.", key.arn(), key.spec)))
}

fn origin_unsupported(key: &Key) -> Failure {
    Failure::unsupported(format!("{} origin is {} which is not valid for this operation.", key.arn(), key.origin))
}

/// The key that keeps the material and the schedule: the primary, or the key itself.
pub(super) fn holder(world: &World, place: &Place) -> Result<Place, Failure> {
    let own = key(world, place)?;
    let Some(primary) = &own.primary_region else { return Ok(place.clone()) };
    let at_primary = Place { region: primary.clone(), ..place.clone() };
    Ok(if key(world, &at_primary).is_ok() { at_primary } else { place.clone() })
}

impl Schedule {
    /// The next rotation; a period made so short that it is over already means tomorrow.
    fn next_ms(&self, now_ms: i64) -> i64 {
        let due = self.since_ms.saturating_add(self.period_days.saturating_mul(DAY_MS));
        if due > now_ms { due } else { now_ms.saturating_add(DAY_MS) }
    }
}

/// Rotates an enabled key whose date has come.
pub(super) fn rotate_if_due(key: &mut Key, now_ms: i64) {
    if key.state != KeyState::Enabled {
        return;
    }
    let Some(schedule) = &mut key.rotation else { return };
    let due = schedule.since_ms.saturating_add(schedule.period_days.saturating_mul(DAY_MS));
    if due <= now_ms {
        schedule.since_ms = now_ms;
        rotate(key, Rotated { at_ms: now_ms, on_demand: false });
    }
}

fn rotate(key: &mut Key, rotated: Rotated) {
    let seed = key.materials.last().map_or(0, |material| seed_of(&material.id));
    key.materials.push(Material { id: material_id(seed), rotated: Some(rotated) });
}

/// The first material of a key.
pub(super) fn first_material(key_id: &str) -> Material {
    Material { id: material_id(seed_of(key_id)), rotated: None }
}

/// Sixty-four hexadecimal digits.
fn material_id(seed: u64) -> String {
    Dice::new(seed).hex(64)
}

/// A number from a text (FNV-1a).
pub(super) fn seed_of(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}
