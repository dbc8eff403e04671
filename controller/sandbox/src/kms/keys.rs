//! Keys: making, reading, switching on and off, deleting.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::input::Input;
use super::locate::{
    Access, Place, enabled, enabled_or_disabled, key, key_mut, locate, not_pending_deletion, own_state,
    predefined_alias,
};
use super::multi_region;
use super::paging::{Limits, page};
use super::policies::{self, Lockout};
use super::rotation::{self, first_material};
use super::specs;
use super::state::{Alias, DAY_MS, Dice, Key, KeyState, Schedule, millis, seconds};
use super::tags;
use crate::call::Call;
use crate::world::World;

/// Source: <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html>.
pub(super) const DESCRIPTION_CHARACTERS_MAX: usize = 8192;

/// Source: <https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html>.
const WINDOW_DAYS_MIN: i64 = 7;
const WINDOW_DAYS_MAX: i64 = 30;

/// How often the material of an AWS managed key rotates.
const MANAGED_ROTATION_DAYS: i64 = 365;

pub(super) fn create(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let description = input.text_within("Description", 0, DESCRIPTION_CHARACTERS_MAX)?.unwrap_or_default();
    let spec = read_spec(input)?;
    let usage = specs::usage_of(spec, input.one_of("KeyUsage", specs::USAGES)?)?;
    let origin = read_origin(input)?;
    let multi_region = input.flag("MultiRegion")?.unwrap_or(false);
    let bypass = input.flag("BypassPolicyLockoutSafetyCheck")?.unwrap_or(false);
    let policy_text = input.text_within("Policy", 1, 131_072)?;
    let tags = tags::read(input)?.unwrap_or_default();
    let id = new_key_id(world.next_serial(), multi_region);
    let mut key = Key {
        account: call.caller.account.clone(),
        region: call.region.clone(),
        created_ms: millis(call.now),
        description: description.to_owned(),
        usage,
        spec: spec.to_owned(),
        origin: origin.to_owned(),
        state: if origin == "EXTERNAL" { KeyState::PendingImport } else { KeyState::Enabled },
        deletion_ms: None,
        pending_window_days: None,
        primary_region: multi_region.then(|| call.region.clone()),
        managed_by: None,
        policy: Value::Null,
        tags,
        rotation: None,
        materials: if spec == specs::SYMMETRIC_DEFAULT && origin == "AWS_KMS" {
            vec![first_material(&id)]
        } else {
            vec![]
        },
        grants: BTreeMap::new(),
        id,
    };
    // The account exists from its first call, so its own root is a principal that exists.
    world.register_account(&call.caller.account);
    key.policy = match policy_text {
        Some(text) => policies::checked(world, call, text, &key.arn(), Lockout { bypass })?,
        None => policies::default_policy(&call.caller.account),
    };
    let place = place_of(&key);
    own_state(world, call).keys.insert(key.id.clone(), key);
    Ok(json!({ "KeyMetadata": metadata(world, &place)? }))
}

fn read_spec(input: &Input) -> Result<&str, Failure> {
    let spec = input.one_of("KeySpec", specs::SPECS)?;
    let old_name = input.one_of("CustomerMasterKeySpec", specs::SPECS)?;
    match (spec, old_name) {
        (Some(_), Some(_)) => Err(Failure::validation(
            "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is \
             deprecated.",
        )),
        (Some(spec), None) | (None, Some(spec)) => Ok(spec),
        (None, None) => Ok(specs::SYMMETRIC_DEFAULT),
    }
}

fn read_origin(input: &Input) -> Result<&str, Failure> {
    let origins = ["AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"];
    let origin = input.one_of("Origin", &origins)?.unwrap_or("AWS_KMS");
    let store = input.text_within("CustomKeyStoreId", 1, 64)?;
    match (origin, store) {
        ("AWS_KMS" | "EXTERNAL", None) => Ok(origin),
        ("AWS_CLOUDHSM" | "EXTERNAL_KEY_STORE", None) => {
            Err(Failure::validation(format!("Origin {origin} needs a CustomKeyStoreId.")))
        }
        (_, Some(store)) => Err(Failure::new("CustomKeyStoreNotFoundException", store)),
        (other, None) => Err(Failure::validation(format!("Origin {other} is not known."))),
    }
}

pub(super) fn describe(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let written = input.required("KeyId", 2048)?;
    if let Some(alias) = predefined_alias(call, written) {
        make_managed_key(world, call, alias);
    }
    let place = locate(world, call, written, Access::by_alias("DescribeKey"))?;
    Ok(json!({ "KeyMetadata": metadata(world, &place)? }))
}

/// DescribeKey on a predefined alias makes the AWS managed key behind it.
/// Source: <https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html>.
/// The ARN of the key that a service encrypts with: the one a caller names by id, ARN or alias, or without one the service's own, which is made
/// on first use. It must be a symmetric key that is enabled and lets the caller use it.
pub(crate) fn service_key(world: &mut World, call: &Call, written: Option<&str>, service: &str) -> Option<String> {
    let own = format!("alias/aws/{service}");
    let written = written.unwrap_or(&own);
    if written == own {
        make_managed_key(world, call, &own);
        let state = own_state(world, call);
        let target = state.aliases.get(&own).map(|alias| alias.target.clone())?;
        return state.keys.get(&target).map(Key::arn);
    }
    let place = locate(world, call, written, Access::by_alias("DescribeKey")).ok()?;
    let found = key(world, &place).ok()?;
    let fits = found.spec == specs::SYMMETRIC_DEFAULT && enabled(found).is_ok();
    fits.then(|| found.arn())
}

fn make_managed_key(world: &mut World, call: &Call, alias: &str) {
    if own_state(world, call).aliases.contains_key(alias) {
        return;
    }
    let service = alias.rsplit('/').next().unwrap_or_default();
    let (account, now) = (&call.caller.account, millis(call.now));
    let id = new_key_id(world.next_serial(), false);
    let key = Key {
        account: account.clone(),
        region: call.region.clone(),
        created_ms: now,
        description: format!("Default key that protects my {service} data when no other key is defined"),
        usage: specs::ENCRYPT_DECRYPT.to_owned(),
        spec: specs::SYMMETRIC_DEFAULT.to_owned(),
        origin: "AWS_KMS".to_owned(),
        state: KeyState::Enabled,
        deletion_ms: None,
        pending_window_days: None,
        primary_region: None,
        managed_by: Some(service.to_owned()),
        policy: policies::managed_policy(account, &call.region, service),
        tags: BTreeMap::new(),
        rotation: Some(Schedule { period_days: MANAGED_ROTATION_DAYS, since_ms: now }),
        materials: vec![first_material(&id)],
        grants: BTreeMap::new(),
        id: id.clone(),
    };
    let state = own_state(world, call);
    state.keys.insert(id.clone(), key);
    state.aliases.insert(alias.to_owned(), Alias { target: id, created_ms: now, updated_ms: now });
}

pub(super) fn list(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let keys = own_state(world, call).keys.values();
    let items = keys.map(|key| (key.id.clone(), json!({ "KeyId": key.id, "KeyArn": key.arn() }))).collect();
    page(input, &Limits { default: 100, max: 1000 }, "Keys", items)
}

pub(super) fn update_description(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let written = input.required("KeyId", 2048)?;
    let description = input.text_within("Description", 0, DESCRIPTION_CHARACTERS_MAX)?;
    let description = description.ok_or_else(|| super::input::missing("Description"))?.to_owned();
    let place = locate(world, call, written, Access::own("UpdateKeyDescription"))?;
    not_pending_deletion(key(world, &place)?)?;
    key_mut(world, &place)?.description = description;
    Ok(Value::Null)
}

pub(super) fn enable(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let place = locate(world, call, input.required("KeyId", 2048)?, Access::own("EnableKey"))?;
    let key = key_mut(world, &place)?;
    enabled_or_disabled(key)?;
    key.state = KeyState::Enabled;
    Ok(Value::Null)
}

pub(super) fn disable(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let place = locate(world, call, input.required("KeyId", 2048)?, Access::own("DisableKey"))?;
    let key = key_mut(world, &place)?;
    enabled_or_disabled(key)?;
    key.state = KeyState::Disabled;
    Ok(Value::Null)
}

pub(super) fn schedule_deletion(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let written = input.required("KeyId", 2048)?;
    let days = input.number_within("PendingWindowInDays", WINDOW_DAYS_MIN, WINDOW_DAYS_MAX)?;
    let days = days.unwrap_or(WINDOW_DAYS_MAX);
    let place = locate(world, call, written, Access::own("ScheduleKeyDeletion"))?;
    not_pending_deletion(key(world, &place)?)?;
    let has_replicas = !key(world, &place)?.is_replica() && !multi_region::replicas(world, &place).is_empty();
    let key = key_mut(world, &place)?;
    let mut reply = Map::new();
    reply.insert("KeyId".to_owned(), json!(key.arn()));
    if has_replicas {
        key.state = KeyState::PendingReplicaDeletion;
        key.pending_window_days = Some(days);
    } else {
        let at = millis(call.now).saturating_add(days * DAY_MS);
        key.state = KeyState::PendingDeletion;
        key.deletion_ms = Some(at);
        reply.insert("DeletionDate".to_owned(), seconds(at));
    }
    reply.insert("KeyState".to_owned(), json!(key.state.name()));
    reply.insert("PendingWindowInDays".to_owned(), json!(days));
    Ok(Value::Object(reply))
}

pub(super) fn cancel_deletion(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let place = locate(world, call, input.required("KeyId", 2048)?, Access::own("CancelKeyDeletion"))?;
    let key = key_mut(world, &place)?;
    match key.state {
        KeyState::PendingDeletion | KeyState::PendingReplicaDeletion => {}
        KeyState::Enabled | KeyState::Disabled | KeyState::PendingImport => {
            return Err(Failure::invalid_state(format!("{} is not pending deletion.", key.arn())));
        }
    }
    key.state = if key.origin == "EXTERNAL" { KeyState::PendingImport } else { KeyState::Disabled };
    key.deletion_ms = None;
    key.pending_window_days = None;
    Ok(json!({ "KeyId": key.arn() }))
}

/// A key's `KeyMetadata`.
/// Source: <https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html>.
pub(super) fn metadata(world: &World, place: &Place) -> Result<Value, Failure> {
    let key = key(world, place)?;
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| {
        shown.insert(name.to_owned(), value);
    };
    put("AWSAccountId", json!(key.account));
    put("KeyId", json!(key.id));
    put("Arn", json!(key.arn()));
    put("CreationDate", seconds(key.created_ms));
    put("Enabled", json!(key.state == KeyState::Enabled));
    put("Description", json!(key.description));
    put("KeyUsage", json!(key.usage));
    put("KeyState", json!(key.state.name()));
    if let Some(at) = key.deletion_ms {
        put("DeletionDate", seconds(at));
    }
    put("Origin", json!(key.origin));
    put("KeyManager", json!(if key.managed_by.is_some() { "AWS" } else { "CUSTOMER" }));
    put("CustomerMasterKeySpec", json!(key.spec));
    put("KeySpec", json!(key.spec));
    if let Some(algorithms) = specs::algorithms(&key.spec, &key.usage) {
        put(algorithms.member, json!(algorithms.names));
    }
    put("MultiRegion", json!(key.primary_region.is_some()));
    if let Some(configuration) = multi_region::configuration(world, place)? {
        put("MultiRegionConfiguration", configuration);
    }
    if let Some(days) = key.pending_window_days {
        put("PendingDeletionWindowInDays", json!(days));
    }
    let holder = rotation::holder(world, place)?;
    if let Some(material) = super::locate::key(world, &holder)?.materials.last() {
        put("CurrentKeyMaterialId", json!(material.id));
    }
    Ok(Value::Object(shown))
}

/// Where a key is.
pub(super) fn place_of(key: &Key) -> Place {
    Place { account: key.account.clone(), region: key.region.clone(), id: key.id.clone() }
}

/// A UUID, or `mrk-` and thirty-two digits, from the world's counter.
fn new_key_id(serial: u64, multi_region: bool) -> String {
    let digits = Dice::new(serial).hex(32);
    if multi_region {
        return format!("mrk-{digits}");
    }
    let mut id = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            id.push('-');
        }
        // Version 4, variant 1.
        id.push(match index {
            12 => '4',
            16 => 'a',
            _ => digit,
        });
    }
    id
}
