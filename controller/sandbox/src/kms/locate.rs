//! From what a caller writes to the key it means.

use super::authorize;
use super::failure::Failure;
use super::state::{Key, KeyState, PREDEFINED_ALIASES, State};
use crate::call::Call;
use crate::world::World;

/// A key that exists and on which the caller may do what it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) id: String,
}

/// How a caller may name a key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// Key id or key ARN.
    KeyOnly,
    /// Alias name and alias ARN as well.
    Alias,
}

/// Whether an operation is offered to other accounts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    OwnAccount,
    CrossAccount,
}

/// What an operation accepts.
#[derive(Clone, Copy)]
pub(super) struct Access {
    /// Without `kms:`.
    pub(super) action: &'static str,
    pub(super) naming: Naming,
    pub(super) reach: Reach,
}

impl Access {
    /// An operation on the own account's key, by key id or key ARN.
    pub(super) const fn own(action: &'static str) -> Self {
        Self { action, naming: Naming::KeyOnly, reach: Reach::OwnAccount }
    }

    /// An operation that another account may call, by key id or key ARN.
    pub(super) const fn shared(action: &'static str) -> Self {
        Self { action, naming: Naming::KeyOnly, reach: Reach::CrossAccount }
    }

    /// An operation that another account may call and that takes aliases.
    pub(super) const fn by_alias(action: &'static str) -> Self {
        Self { action, naming: Naming::Alias, reach: Reach::CrossAccount }
    }
}

/// Finds the key and checks the caller's right on it.
pub(super) fn locate(world: &World, call: &Call, written: &str, access: Access) -> Result<Place, Failure> {
    let place = find(world, call, written, access)?;
    let key = key(world, &place)?;
    if place.account != call.caller.account && access.reach == Reach::OwnAccount {
        return Err(authorize::denied(call, access.action, &key.arn()));
    }
    authorize::check(world, call, key, access.action)?;
    Ok(place)
}

/// Finds a key that exists, whatever its policy says.
pub(super) fn locate_unchecked(world: &World, call: &Call, written: &str, access: Access) -> Result<Place, Failure> {
    let place = find(world, call, written, access)?;
    key(world, &place).map(|_| place)
}

fn find(world: &World, call: &Call, written: &str, access: Access) -> Result<Place, Failure> {
    if written.starts_with("arn:") {
        return find_by_arn(world, call, written, access);
    }
    let own = |id: &str| Place { account: call.caller.account.clone(), region: call.region.clone(), id: id.to_owned() };
    if written.starts_with("alias/") && access.naming == Naming::Alias {
        let target = alias_target(world, &call.caller.account, &call.region, written);
        return target
            .map(|id| own(&id))
            .ok_or_else(|| alias_not_found(&format!("arn:aws:kms:{}:{}:{written}", call.region, call.caller.account)));
    }
    if !is_key_id(written) {
        return Err(Failure::not_found(format!("Invalid keyId '{written}'")));
    }
    Ok(own(written))
}

fn find_by_arn(world: &World, call: &Call, written: &str, access: Access) -> Result<Place, Failure> {
    let parts: Vec<&str> = written.splitn(6, ':').collect();
    let &["arn", "aws", "kms", region, account, resource] = parts.as_slice() else {
        return Err(Failure::new("InvalidArnException", format!("Invalid arn {written}")));
    };
    if region != call.region {
        return Err(Failure::not_found(format!("Invalid arn {region}")));
    }
    let foreign = account != call.caller.account;
    if resource.starts_with("alias/") {
        if access.naming == Naming::KeyOnly {
            return Err(Failure::new("InvalidArnException", "Key Aliases are not supported for this operation."));
        }
        let place = |id| Place { account: account.to_owned(), region: region.to_owned(), id };
        return alias_target(world, account, region, resource).map(place).ok_or_else(|| {
            if foreign { authorize::denied_unseen(call, access.action) } else { alias_not_found(written) }
        });
    }
    let Some(id) = resource.strip_prefix("key/") else {
        return Err(Failure::new("InvalidArnException", format!("Invalid arn {written}")));
    };
    if !is_key_id(id) {
        return Err(Failure::not_found(format!("Invalid keyId '{id}'")));
    }
    let place = Place { account: account.to_owned(), region: region.to_owned(), id: id.to_owned() };
    // Another account's key that is not there is not told from one that is.
    if foreign && key(world, &place).is_err() {
        return Err(authorize::denied_unseen(call, access.action));
    }
    Ok(place)
}

fn alias_target(world: &World, account: &str, region: &str, name: &str) -> Option<String> {
    let state = world.accounts.get(account)?.kms.get(region)?;
    state.aliases.get(name).map(|alias| alias.target.clone())
}

/// An alias nobody made.
pub(super) fn alias_not_found(arn: &str) -> Failure {
    Failure::not_found(format!("Alias {arn} is not found."))
}

/// The name in an alias name or alias ARN of the caller's own account and region, if it is a predefined one.
pub(super) fn predefined_alias(call: &Call, written: &str) -> Option<&'static str> {
    let own = format!("arn:aws:kms:{}:{}:", call.region, call.caller.account);
    let name = written.strip_prefix(own.as_str()).unwrap_or(written);
    PREDEFINED_ALIASES.iter().find(|predefined| **predefined == name).copied()
}

/// Whether this has the form of a key id: a UUID, or `mrk-` and 32 hexadecimal digits.
fn is_key_id(text: &str) -> bool {
    let hexadecimal = |part: &str| part.bytes().all(|b| b.is_ascii_hexdigit());
    if let Some(digits) = text.strip_prefix("mrk-") {
        return digits.len() == 32 && hexadecimal(digits);
    }
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.split('-').all(hexadecimal)
}

/// What is kept of the account and region a call is signed for.
pub(super) fn own_state<'world>(world: &'world mut World, call: &Call) -> &'world mut State {
    world.account(&call.caller.account).kms.entry(call.region.clone()).or_default()
}

/// The key at a place.
pub(super) fn key<'world>(world: &'world World, place: &Place) -> Result<&'world Key, Failure> {
    let region = world.accounts.get(&place.account).and_then(|account| account.kms.get(&place.region));
    region.and_then(|state| state.keys.get(&place.id)).ok_or_else(|| absent(place))
}

/// The key at a place, to be changed.
pub(super) fn key_mut<'world>(world: &'world mut World, place: &Place) -> Result<&'world mut Key, Failure> {
    let region = world.accounts.get_mut(&place.account).and_then(|account| account.kms.get_mut(&place.region));
    region.and_then(|state| state.keys.get_mut(&place.id)).ok_or_else(|| absent(place))
}

fn absent(place: &Place) -> Failure {
    let Place { account, region, id } = place;
    Failure::not_found(format!("Key 'arn:aws:kms:{region}:{account}:key/{id}' does not exist"))
}

/// Refuses a key that waits for its deletion.
pub(super) fn not_pending_deletion(key: &Key) -> Result<(), Failure> {
    match key.state {
        KeyState::Enabled | KeyState::Disabled | KeyState::PendingImport => Ok(()),
        KeyState::PendingDeletion => Err(Failure::invalid_state(format!("{} is pending deletion.", key.arn()))),
        KeyState::PendingReplicaDeletion => {
            Err(Failure::invalid_state(format!("{} is pending replica deletion.", key.arn())))
        }
    }
}

/// Refuses every state but `Enabled`.
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>.
pub(super) fn enabled(key: &Key) -> Result<(), Failure> {
    not_pending_deletion(key)?;
    match key.state {
        KeyState::Disabled => Err(Failure::new("DisabledException", format!("{} is disabled.", key.arn()))),
        KeyState::PendingImport => Err(Failure::invalid_state(format!("{} is pending import.", key.arn()))),
        KeyState::Enabled | KeyState::PendingDeletion | KeyState::PendingReplicaDeletion => Ok(()),
    }
}

/// Refuses a key that waits for its deletion or its material.
pub(super) fn enabled_or_disabled(key: &Key) -> Result<(), Failure> {
    match key.state {
        KeyState::Disabled => Ok(()),
        KeyState::Enabled | KeyState::PendingImport | KeyState::PendingDeletion | KeyState::PendingReplicaDeletion => {
            enabled(key)
        }
    }
}
