//! What each key has for itself, a replica as its primary: all but the shared properties of a multi-region key.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html#mrk-sync-properties>

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use trueup_engine::access::{Access, Beside, Itself, Paper};
use trueup_engine::kind::{At, OpInfo, Refusal};
use trueup_specs::pending;
use trueup_state::outputs::Outputs;

use super::grants::{self, Grant};
use super::{DELETION_WINDOW_DAYS_MAX, DELETION_WINDOW_DAYS_MIN, DELETION_WINDOW_TAG, DISABLED, ENABLED};
use crate::fields::{self, PolicyDocument, TagChange, Tags, unnamed};
use crate::source::kms::{self, KeySettings};

/// The names by which calls reach a key that is there, and its grants. They say nothing of what it is like: all are equal, so that a spec's
/// model, which has none, can equal a live one.
#[derive(Clone, Debug, Default)]
pub struct Handles {
    /// Its ARN.
    pub arn: Option<String>,
    /// Its grants' ids.
    pub grants: Vec<(String, Grant)>,
}

impl PartialEq for Handles {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Handles {}

/// What each key has for itself. Words are AWS's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnProperties {
    /// `Enabled`, `Disabled`, `PendingDeletion`, ….
    pub state: String,
    /// All its aliases, with `alias/`.
    pub aliases: BTreeSet<String>,
    /// What it is for.
    pub description: String,
    /// Who may do what.
    pub policy: PolicyDocument,
    /// Days between its removal and its end.
    pub deletion_window_days: u32,
    /// Its grants that were made here.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub grants: BTreeSet<Grant>,
    /// All tags but AWS's own and [`DELETION_WINDOW_TAG`].
    pub tags: Tags,
}

impl OwnProperties {
    /// Those of a key that was made with these.
    #[must_use]
    pub fn fresh(description: &str, policy: &PolicyDocument, tags: &Tags) -> Self {
        let (tags, deletion_window_days) = from_wire(tags.clone());
        Self {
            state: ENABLED.to_owned(),
            aliases: BTreeSet::new(),
            description: description.to_owned(),
            policy: policy.clone(),
            deletion_window_days,
            grants: BTreeSet::new(),
            tags,
        }
    }

    /// Those of a live key, and the names by which it is reached.
    #[must_use]
    pub fn live(aliases: &BTreeSet<String>, settings: &KeySettings) -> (Self, Handles) {
        let (tags, deletion_window_days) = from_wire(settings.tags.clone());
        let grants: Vec<(String, Grant)> =
            settings.grants.iter().map(|(id, grant)| (id.clone(), grant.clone())).collect();
        let own = Self {
            state: match settings.state.as_str() {
                // A multi-region key passes through these by itself.
                "Creating" | "Updating" => ENABLED.to_owned(),
                other => other.to_owned(),
            },
            aliases: aliases.clone(),
            description: settings.description.clone(),
            policy: PolicyDocument::from_live(&settings.policy),
            deletion_window_days,
            grants: grants.iter().map(|(_, grant)| grant.clone()).collect(),
            tags,
        };
        (own, Handles { arn: Some(settings.arn.clone()), grants })
    }
}

/// One call that changes a key. `key` is an ARN, or a token for one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op")]
pub enum KeyChange {
    /// Takes a scheduled deletion back; the key is then disabled.
    CancelKeyDeletion {
        /// The key.
        key: String,
    },
    /// Enables it.
    EnableKey {
        /// The key.
        key: String,
    },
    /// Disables it.
    DisableKey {
        /// The key.
        key: String,
    },
    /// Puts tags.
    TagResource {
        /// The key.
        key: String,
        /// New ones, and those with another value.
        tags: Tags,
    },
    /// Takes tags away.
    UntagResource {
        /// The key.
        key: String,
        /// Their keys.
        tag_keys: Vec<String>,
    },
    /// Sets what it is for.
    UpdateKeyDescription {
        /// The key.
        key: String,
        /// What.
        description: String,
    },
    /// Puts the policy.
    PutKeyPolicy {
        /// The key.
        key: String,
        /// The whole policy.
        policy: PolicyDocument,
        /// Principals it no longer names.
        unnames: Vec<String>,
    },
    /// Makes a grant. With the same name and content it can be sent again: KMS then makes no other.
    CreateGrant {
        /// The key.
        key: String,
        /// The grant.
        grant: Grant,
    },
    /// Revokes a grant.
    RevokeGrant {
        /// The key.
        key: String,
        /// Its ids in KMS; more than one, where it was made twice.
        ids: Vec<String>,
        /// The grant.
        grant: Grant,
    },
    /// Gives it an alias.
    CreateAlias {
        /// The key.
        key: String,
        /// With `alias/`.
        alias: String,
    },
    /// Takes an alias from it.
    DeleteAlias {
        /// The key.
        key: String,
        /// With `alias/`.
        alias: String,
    },
    /// Schedules its deletion.
    ScheduleKeyDeletion {
        /// The key.
        key: String,
        /// Days until then.
        days: u32,
        /// Principals its policy named.
        unnames: Vec<String>,
        /// The primary key that waits with its own end for this replica's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        primary: Option<String>,
    },
}

/// The tags as KMS has them.
#[must_use]
pub fn to_wire(tags: &Tags, deletion_window_days: u32) -> Tags {
    let mut tags = tags.clone();
    if deletion_window_days != DELETION_WINDOW_DAYS_MAX {
        tags.insert(DELETION_WINDOW_TAG.to_owned(), deletion_window_days.to_string());
    }
    tags
}

/// From the tags as KMS has them to the model's, and the window among them. One that someone mangled is KMS's own.
fn from_wire(mut tags: Tags) -> (Tags, u32) {
    let window = tags.remove(DELETION_WINDOW_TAG).and_then(|days| days.parse().ok());
    let allowed = |days: &u32| (DELETION_WINDOW_DAYS_MIN..DELETION_WINDOW_DAYS_MAX).contains(days);
    (tags, window.filter(allowed).unwrap_or(DELETION_WINDOW_DAYS_MAX))
}

/// See [`Kind::access`](trueup_engine::kind::Kind::access).
#[must_use]
pub fn access<'m>(at: &At, handles: &Handles, own: &'m OwnProperties, outputs: &Outputs) -> Vec<Access<'m>> {
    // KMS makes up the id behind `key/`.
    let arn = outputs.get("arn").or(handles.arn.as_ref()).cloned();
    let arn = arn.unwrap_or_else(|| at.arn("kms", &format!("key/{}", token(at))));
    let policy = Some(Paper::new("policy", own.policy.document()));
    let grants = grants::document(&own.grants)
        .map(|document| Paper::of_settings("grant", document))
        .map(|paper| Access::Beside { arn: arn.clone(), sort: Beside::Grants, paper });
    let key = Access::Resource { arn: arn.clone(), policy, field: "policy", itself: Itself::Star };
    [key].into_iter().chain(grants).collect()
}

/// What stands for the key's ARN until it is known.
#[must_use]
pub fn token(at: &At) -> String {
    format!("{}{}#arn{}", pending::OPEN, at.address, pending::CLOSE)
}

/// The key's ARN, or the token that stands for it.
#[must_use]
pub fn key_of(at: &At, handles: &Handles) -> String {
    handles.arn.clone().unwrap_or_else(|| token(at))
}

/// Takes a deletion back and enables the key, if it shall be: much can be changed of an enabled key only.
pub(crate) fn awaken(key: &str, before: &OwnProperties, after: &OwnProperties) -> Vec<KeyChange> {
    let mut ops = Vec::new();
    if kms::is_going(&before.state) {
        ops.push(KeyChange::CancelKeyDeletion { key: key.to_owned() });
    }
    if before.state != after.state && after.state == ENABLED {
        ops.push(KeyChange::EnableKey { key: key.to_owned() });
    }
    ops
}

/// Disables the key, if it shall be and is not: the last of all changes.
pub(crate) fn put_to_sleep(key: &str, before: &OwnProperties, after: &OwnProperties) -> Vec<KeyChange> {
    // What was on its way out is disabled when it comes back.
    let is_awake = before.state != DISABLED && !kms::is_going(&before.state);
    let disable = after.state == DISABLED && is_awake;
    disable.then(|| KeyChange::DisableKey { key: key.to_owned() }).into_iter().collect()
}

/// Whether the key is never enabled on the way, so that KMS refuses new grants and other rotations.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>
pub(crate) fn stays_disabled(before: &OwnProperties, after: &OwnProperties) -> bool {
    after.state == DISABLED && put_to_sleep("", before, after).is_empty()
}

/// Why a field of a disabled key can't be changed.
pub(crate) fn refuse_disabled(field: &'static str) -> Refusal {
    Refusal {
        field,
        why: format!("KMS changes the {} of enabled keys only, and this one is disabled", field.replace('_', " ")),
        help: "set `state = \"enabled\"`, apply that, and disable it again".to_owned(),
    }
}

/// Everything that can be changed in place but the state. Tags go first: they make an adopted key ours. Old aliases go before new ones come, so
/// that two keys can exchange theirs; of grants the new ones come first, so that no one is locked out in between.
///
/// # Errors
/// A disabled key takes no new grants.
pub(crate) fn settle(
    key: &str,
    handles: &Handles,
    before: &OwnProperties,
    after: &OwnProperties,
) -> Result<Vec<KeyChange>, Refusal> {
    let OwnProperties { state: _, aliases, description, policy, deletion_window_days, grants, tags } = after;
    let key = || key.to_owned();
    let mut ops = Vec::new();
    let TagChange { put, remove } =
        TagChange::between(&to_wire(&before.tags, before.deletion_window_days), &to_wire(tags, *deletion_window_days));
    if !put.is_empty() {
        ops.push(KeyChange::TagResource { key: key(), tags: put });
    }
    if !remove.is_empty() {
        ops.push(KeyChange::UntagResource { key: key(), tag_keys: remove });
    }
    if before.description != *description {
        ops.push(KeyChange::UpdateKeyDescription { key: key(), description: description.clone() });
    }
    if before.policy != *policy {
        let unnames = unnamed(Some(&before.policy), Some(policy));
        ops.push(KeyChange::PutKeyPolicy { key: key(), policy: policy.clone(), unnames });
    }
    if stays_disabled(before, after) && !grants.is_subset(&before.grants) {
        return Err(refuse_disabled("grants"));
    }
    let new = grants.difference(&before.grants);
    ops.extend(new.map(|grant| KeyChange::CreateGrant { key: key(), grant: grant.clone() }));
    ops.extend(before.grants.difference(grants).map(|grant| revoke(&key(), handles, grant)));
    let old = before.aliases.difference(aliases);
    ops.extend(old.map(|alias| KeyChange::DeleteAlias { key: key(), alias: alias.clone() }));
    let new = aliases.difference(&before.aliases);
    ops.extend(new.map(|alias| KeyChange::CreateAlias { key: key(), alias: alias.clone() }));
    Ok(ops)
}

fn revoke(key: &str, handles: &Handles, grant: &Grant) -> KeyChange {
    let ids = handles.grants.iter().filter(|(_, live)| live == grant).map(|(id, _)| id.clone());
    KeyChange::RevokeGrant { key: key.to_owned(), ids: ids.collect(), grant: grant.clone() }
}

/// The aliases would go with the key; they are taken away at once, so that their names are free.
pub(crate) fn removal(key: &str, before: &OwnProperties, primary: Option<String>) -> Vec<KeyChange> {
    let delete = |alias: &String| KeyChange::DeleteAlias { key: key.to_owned(), alias: alias.clone() };
    let schedule = KeyChange::ScheduleKeyDeletion {
        key: key.to_owned(),
        days: before.deletion_window_days,
        unnames: before.policy.principals().into_iter().collect(),
        primary,
    };
    before.aliases.iter().map(delete).chain([schedule]).collect()
}

/// What names a principal that is made again. KMS keeps the id of a principal and not its ARN, so that the new one is not the one that its
/// policy and grants name.
pub(crate) fn follow(key: &str, handles: &Handles, own: &OwnProperties, replaced: &str) -> Vec<KeyChange> {
    let mut ops = Vec::new();
    if own.policy.principals().contains(replaced) {
        ops.push(KeyChange::PutKeyPolicy { key: key.to_owned(), policy: own.policy.clone(), unnames: Vec::new() });
    }
    for grant in own.grants.iter().filter(|grant| grant.principals().any(|arn| arn == replaced)) {
        ops.push(revoke(key, handles, grant));
        ops.push(KeyChange::CreateGrant { key: key.to_owned(), grant: grant.clone() });
    }
    ops
}

/// The key as titles name it.
pub(crate) fn shown(at: &At) -> String {
    let name = at.address.rsplit('/').next().unwrap_or(&at.address);
    match name.split_once('.') {
        Some(("replica_key", name)) => format!("replica key {name}"),
        Some((_, name)) => format!("key {name}"),
        None => format!("key {name}"),
    }
}

/// An operation on a key.
pub(crate) fn on(call: &'static str, key: &str, title: String) -> OpInfo {
    OpInfo { call, resource: key.to_owned(), title, ..OpInfo::default() }
}

pub(crate) fn info(at: &At, op: &KeyChange) -> OpInfo {
    let name = shown(at);
    match op {
        KeyChange::CancelKeyDeletion { key } => on("kms:CancelKeyDeletion", key, format!("cancel deletion of {name}")),
        KeyChange::EnableKey { key } => on("kms:EnableKey", key, format!("enable {name}")),
        KeyChange::DisableKey { key } => on("kms:DisableKey", key, format!("disable {name}")),
        KeyChange::TagResource { key, .. } => on("kms:TagResource", key, format!("tag {name}")),
        KeyChange::UntagResource { key, .. } => on("kms:UntagResource", key, format!("untag {name}")),
        KeyChange::UpdateKeyDescription { key, .. } => on("kms:UpdateKeyDescription", key, format!("describe {name}")),
        KeyChange::PutKeyPolicy { key, policy, unnames } => OpInfo {
            needs: policy.principals().into_iter().collect(),
            unnames: unnames.clone(),
            ..on("kms:PutKeyPolicy", key, format!("put policy of {name}"))
        },
        KeyChange::CreateGrant { key, grant } => OpInfo {
            needs: grant.principals().collect(),
            ..on("kms:CreateGrant", key, format!("make grant {} of {name}", grant.name))
        },
        KeyChange::RevokeGrant { key, ids: _, grant } => OpInfo {
            unnames: grant.principals().collect(),
            ..on("kms:RevokeGrant", key, format!("revoke grant {} of {name}", grant.name))
        },
        KeyChange::CreateAlias { key, alias } => OpInfo {
            creates: vec![at.arn("kms", alias)],
            ..on("kms:CreateAlias", key, format!("give {alias} to {name}"))
        },
        KeyChange::DeleteAlias { key, alias } => OpInfo {
            destroys: vec![at.arn("kms", alias)],
            ..on("kms:DeleteAlias", key, format!("take {alias} from {name}"))
        },
        KeyChange::ScheduleKeyDeletion { key, days, unnames, primary } => OpInfo {
            unnames: unnames.clone(),
            releases: primary.iter().cloned().collect(),
            destroys: if fields::is_pending(key) { Vec::new() } else { vec![key.clone()] },
            ..on("kms:ScheduleKeyDeletion", key, format!("schedule deletion of {name} in {days} days"))
        },
    }
}

/// What a change means. The end of the key is for the caller, who holds it.
pub(crate) fn simulate(own: &mut OwnProperties, op: &KeyChange) {
    match op {
        KeyChange::ScheduleKeyDeletion { .. } => {}
        KeyChange::CancelKeyDeletion { .. } | KeyChange::DisableKey { .. } => own.state = DISABLED.to_owned(),
        KeyChange::EnableKey { .. } => own.state = ENABLED.to_owned(),
        KeyChange::TagResource { tags, .. } => {
            let mut wire = to_wire(&own.tags, own.deletion_window_days);
            wire.extend(tags.clone());
            (own.tags, own.deletion_window_days) = from_wire(wire);
        }
        KeyChange::UntagResource { tag_keys, .. } => {
            let mut wire = to_wire(&own.tags, own.deletion_window_days);
            wire.retain(|tag, _| !tag_keys.contains(tag));
            (own.tags, own.deletion_window_days) = from_wire(wire);
        }
        KeyChange::UpdateKeyDescription { description, .. } => own.description.clone_from(description),
        KeyChange::PutKeyPolicy { policy, .. } => own.policy = policy.clone(),
        KeyChange::CreateGrant { grant, .. } => {
            own.grants.insert(grant.clone());
        }
        KeyChange::RevokeGrant { grant, .. } => {
            own.grants.remove(grant);
        }
        KeyChange::CreateAlias { alias, .. } => {
            own.aliases.insert(alias.clone());
        }
        KeyChange::DeleteAlias { alias, .. } => {
            own.aliases.remove(alias);
        }
    }
}
