//! The kind `key`: a KMS key with its aliases.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/create-keys.html>
//!
//! KMS makes up a key's id, so that its ARN is known only once it is there; until then operations hold a token in its place. What finds
//! a key again is its alias, or its tags, which CreateKey sets in the same call.
//!
//! A key is not deleted but scheduled for deletion. While it waits it counts as gone, unless a spec wants it: then it is brought back.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use trueup_engine::access::{Access, Itself, Paper};
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::pending;
use trueup_specs::resolve::Resolver;
use trueup_state::outputs::Outputs;

use crate::fields::{self, PolicyDocument, TagChange, Tags, unnamed};
use crate::source::kms::{self, KeyFact, KeySettings, KmsFacts};

mod desired;
mod perform;
mod spec;
#[cfg(test)]
mod tests;

pub use spec::{KeySort, KeySpec, KeyUsage, RotationSpec};

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html>
pub const ROTATION_DAYS_MIN: u32 = 90;
/// The most days between rotations.
pub const ROTATION_DAYS_MAX: u32 = 2_560;
/// KMS's own choice.
pub const ROTATION_DAYS: u32 = 365;

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html>
pub const DELETION_WINDOW_DAYS_MIN: u32 = 7;
/// The longest wait before a key is deleted, and KMS's own choice.
pub const DELETION_WINDOW_DAYS_MAX: u32 = 30;

/// The tag that keeps a deletion window other than KMS's own. KMS takes the window only when the deletion is scheduled, and
/// by then the spec that said it is gone.
pub const DELETION_WINDOW_TAG: &str = "trueup:deletion-window";

const ENABLED: &str = "Enabled";
const AWS_KMS: &str = "AWS_KMS";

/// The ARN of a key that is there. Where a key is says nothing of what it is like: all are equal, so that a spec's model, which has none,
/// can equal a live one.
#[derive(Clone, Debug, Default)]
pub struct Arn(pub Option<String>);

impl PartialEq for Arn {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Arn {}

/// A key, as specs want it and as AWS has it. Words are AWS's, so that one this version does not know can be told apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyModel {
    /// Its ARN, in a live one; neither compared nor saved.
    #[serde(skip)]
    pub arn: Arn,
    /// `Enabled`, `Disabled`, `PendingDeletion`, ….
    pub state: String,
    /// All its aliases, with `alias/`.
    pub aliases: BTreeSet<String>,
    /// What it is for.
    pub description: String,
    /// Who may do what.
    pub policy: PolicyDocument,
    /// Days between rotations; `None`: never.
    pub rotation_days: Option<u32>,
    /// Days between its removal and its end.
    pub deletion_window_days: u32,
    /// Whether it can have replicas.
    pub multi_region: bool,
    /// The sort of key.
    pub key_spec: String,
    /// What it does.
    pub key_usage: String,
    /// Where its material is from.
    pub origin: String,
    /// All tags but AWS's own and [`DELETION_WINDOW_TAG`].
    pub tags: Tags,
}

/// What CreateKey takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewKey {
    /// What it is for.
    pub description: String,
    /// The whole policy.
    pub policy: PolicyDocument,
    /// Whether it can have replicas.
    pub multi_region: bool,
    /// The sort of key.
    pub key_spec: String,
    /// What it does.
    pub key_usage: String,
    /// All tags, [`DELETION_WINDOW_TAG`] too.
    pub tags: Tags,
}

/// One call that changes a key. `key` is an ARN, or a token for one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op")]
pub enum KeyOp {
    /// Makes one.
    CreateKey(NewKey),
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
    /// Makes it rotate.
    EnableKeyRotation {
        /// The key.
        key: String,
        /// Days between rotations.
        days: u32,
    },
    /// Makes it rotate no more.
    DisableKeyRotation {
        /// The key.
        key: String,
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
    },
}

/// The kind `key`.
#[derive(Clone, Copy, Debug)]
pub struct Key;

static SCHEMA: KindSchema = KindSchema {
    name: "key",
    summary: "A KMS key with its aliases.",
    scope: KindScope::Region,
    stateful: true,
    taggable: true,
    attributes: &[
        ("arn", "Its ARN; known once it is there."),
        ("id", "Its id; known once it is there."),
        ("alias_name", "Its first alias, with `alias/`."),
        ("alias_arn", "The ARN of its first alias."),
    ],
    shape: shape_of::<KeySpec>,
    decode: decode_any::<KeySpec>,
};

impl Kind for Key {
    type Spec = KeySpec;
    type Model = KeyModel;
    type Op = KeyOp;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn sources() -> &'static [&'static str] {
        &[kms::NAME]
    }

    fn identity(spec: &KeySpec, at: &At, cx: &mut Resolver<'_>) -> Identity {
        let Some(alias) = spec.alias.first() else { return Identity::default() };
        let name = cx.text(alias);
        Identity {
            claim: Some(format!("kms {} {} {name}", at.account_id, at.region())),
            outputs: alias_outputs(&name, at.arn("kms", &name)),
            name,
        }
    }

    fn desired(spec: &KeySpec, at: &At, cx: &mut Resolver<'_>) -> Option<KeyModel> {
        desired::desired(spec, at, cx)
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<KeyModel>>, Unread> {
        let KmsFacts { keys } = facts.get(kms::NAME, scope)?;
        keys.iter().map(|(id, fact)| live(id, fact)).collect()
    }

    fn tags(model: &KeyModel) -> Option<&Tags> {
        Some(&model.tags)
    }

    fn tags_mut(model: &mut KeyModel) -> Option<&mut Tags> {
        Some(&mut model.tags)
    }

    fn ops(at: &At, before: Option<&KeyModel>, after: Option<&KeyModel>) -> Result<Steps<KeyOp>, Refusal> {
        let ops = match (before, after) {
            (None, None) => Vec::new(),
            (None, Some(after)) => creation(at, after),
            (Some(before), Some(after)) => changes(at, before, after)?,
            (Some(before), None) => removal(at, before),
        };
        Ok(Steps { ops, replaces: Vec::new() })
    }

    fn split(at: &At, op: &KeyOp) -> Option<Vec<KeyOp>> {
        let KeyOp::CreateKey(new) = op else { return None };
        let shell = default_policy(at);
        if new.policy == shell {
            return None;
        }
        let create = KeyOp::CreateKey(NewKey { policy: shell, ..new.clone() });
        Some(vec![create, KeyOp::PutKeyPolicy { key: token(at), policy: new.policy.clone(), unnames: Vec::new() }])
    }

    fn follow(at: &At, model: &KeyModel, replaced: &str) -> Vec<KeyOp> {
        // KMS keeps the id of a principal and not its ARN, so that one made again is not the one the policy names.
        if !model.policy.principals().contains(replaced) {
            return Vec::new();
        }
        vec![KeyOp::PutKeyPolicy { key: key_of(at, model), policy: model.policy.clone(), unnames: Vec::new() }]
    }

    fn info(at: &At, op: &KeyOp) -> OpInfo {
        info(at, op)
    }

    fn simulate(model: &mut Option<KeyModel>, op: &KeyOp) {
        simulate(model, op);
    }

    fn access<'m>(at: &At, model: &'m KeyModel, outputs: &Outputs) -> Vec<Access<'m>> {
        // KMS makes up the id behind `key/`.
        let arn = outputs.get("arn").or(model.arn.0.as_ref()).cloned();
        vec![Access::Resource {
            arn: arn.unwrap_or_else(|| at.arn("kms", &format!("key/{}", token(at)))),
            policy: Some(Paper::new("policy", model.policy.document())),
            field: "policy",
            itself: Itself::Star,
        }]
    }
}

fn alias_outputs(name: &str, arn: String) -> Outputs {
    [("alias_name".to_owned(), name.to_owned()), ("alias_arn".to_owned(), arn)].into()
}

/// What KMS gives a key whose maker says nothing.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html>
fn default_policy(at: &At) -> PolicyDocument {
    PolicyDocument::from_live(&format!(
        r#"{{"Version":"2012-10-17","Id":"key-default-1","Statement":[{{"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{{"AWS":"arn:{}:iam::{}:root"}},"Action":"kms:*","Resource":"*"}}]}}"#,
        at.partition, at.account_id
    ))
}

fn live(id: &str, fact: &KeyFact) -> Result<Live<KeyModel>, Unread> {
    let KeyFact { name, aliases, settings } = fact;
    let KeySettings { arn, state, description, key_spec, key_usage, origin, multi_region, policy, rotation_days, tags } =
        settings.as_ref().map_err(Clone::clone)?;
    let (tags, deletion_window_days) = from_wire(tags.clone());
    let mut outputs = Outputs::from([("arn".to_owned(), arn.clone()), ("id".to_owned(), id.to_owned())]);
    if !name.is_empty() {
        let front = arn.rsplit_once(':').map_or("", |(front, _)| front);
        outputs.extend(alias_outputs(name, format!("{front}:{name}")));
    }
    let model = KeyModel {
        arn: Arn(Some(arn.clone())),
        state: match state.as_str() {
            // A multi-region key passes through these by itself.
            "Creating" | "Updating" => ENABLED.to_owned(),
            other => other.to_owned(),
        },
        aliases: aliases.clone(),
        description: description.clone(),
        policy: PolicyDocument::from_live(policy),
        rotation_days: *rotation_days,
        deletion_window_days,
        multi_region: *multi_region,
        key_spec: key_spec.clone(),
        key_usage: key_usage.clone(),
        origin: origin.clone(),
        tags,
    };
    Ok(Live { name: name.clone(), model, outputs })
}

/// The tags as KMS has them.
fn to_wire(tags: &Tags, deletion_window_days: u32) -> Tags {
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

fn token(at: &At) -> String {
    format!("{}{}#arn{}", pending::OPEN, at.address, pending::CLOSE)
}

/// The key's ARN, or the token that stands for it.
fn key_of(at: &At, model: &KeyModel) -> String {
    model.arn.0.clone().unwrap_or_else(|| token(at))
}

fn creation(at: &At, after: &KeyModel) -> Vec<KeyOp> {
    let new = NewKey {
        description: after.description.clone(),
        policy: after.policy.clone(),
        multi_region: after.multi_region,
        key_spec: after.key_spec.clone(),
        key_usage: after.key_usage.clone(),
        tags: to_wire(&after.tags, after.deletion_window_days),
    };
    let made = fresh(&new);
    let mut ops = vec![KeyOp::CreateKey(new)];
    ops.extend(settle(&token(at), &made, after));
    ops
}

/// A key right after CreateKey.
fn fresh(new: &NewKey) -> KeyModel {
    let NewKey { description, policy, multi_region, key_spec, key_usage, tags } = new;
    let (tags, deletion_window_days) = from_wire(tags.clone());
    KeyModel {
        arn: Arn::default(),
        state: ENABLED.to_owned(),
        aliases: BTreeSet::new(),
        description: description.clone(),
        policy: policy.clone(),
        rotation_days: None,
        deletion_window_days,
        multi_region: *multi_region,
        key_spec: key_spec.clone(),
        key_usage: key_usage.clone(),
        origin: AWS_KMS.to_owned(),
        tags,
    }
}

fn changes(at: &At, before: &KeyModel, after: &KeyModel) -> Result<Vec<KeyOp>, Refusal> {
    let (was, wanted) = (before.multi_region.to_string(), after.multi_region.to_string());
    let for_good = [
        ("key_spec", &before.key_spec, &after.key_spec),
        ("key_usage", &before.key_usage, &after.key_usage),
        ("origin", &before.origin, &after.origin),
        ("multi_region", &was, &wanted),
    ];
    if let Some((field, was, wanted)) = for_good.into_iter().find(|(_, was, wanted)| was != wanted) {
        return Err(Refusal {
            field,
            why: format!("{field} of a key is for good: it is {was}, not {wanted}; another key could not read what this one wrote"),
            help: "give the new key a table of its own, encrypt anew what must last, and let a [[removed]] name the old one".to_owned(),
        });
    }
    let key = key_of(at, before);
    let mut ops = Vec::new();
    let going = kms::is_going(&before.state);
    if going {
        ops.push(KeyOp::CancelKeyDeletion { key: key.clone() });
    }
    if before.state != after.state {
        ops.push(KeyOp::EnableKey { key: key.clone() });
    }
    ops.extend(settle(&key, before, after));
    // While a key waits for its deletion KMS calls its rotation off, whatever it was.
    // https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html
    if going && before.rotation_days.is_none() && after.rotation_days.is_none() && rotates(after) {
        ops.push(KeyOp::DisableKeyRotation { key });
    }
    Ok(ops)
}

fn rotates(key: &KeyModel) -> bool {
    key.key_spec == KeySort::SymmetricDefault.as_str()
}

/// Everything that can be changed in place, of an enabled key. Tags go first: they make an adopted key ours. New aliases come before old ones
/// go, so that there is always one.
fn settle(key: &str, before: &KeyModel, after: &KeyModel) -> Vec<KeyOp> {
    let KeyModel {
        arn: _,
        state: _, // brought about before
        aliases,
        description,
        policy,
        rotation_days,
        deletion_window_days,
        multi_region: _, // for good, like the next three
        key_spec: _,
        key_usage: _,
        origin: _,
        tags,
    } = after;
    let key = || key.to_owned();
    let mut ops = Vec::new();
    let TagChange { put, remove } =
        TagChange::between(&to_wire(&before.tags, before.deletion_window_days), &to_wire(tags, *deletion_window_days));
    if !put.is_empty() {
        ops.push(KeyOp::TagResource { key: key(), tags: put });
    }
    if !remove.is_empty() {
        ops.push(KeyOp::UntagResource { key: key(), tag_keys: remove });
    }
    if before.description != *description {
        ops.push(KeyOp::UpdateKeyDescription { key: key(), description: description.clone() });
    }
    if before.policy != *policy {
        let unnames = unnamed(Some(&before.policy), Some(policy));
        ops.push(KeyOp::PutKeyPolicy { key: key(), policy: policy.clone(), unnames });
    }
    if before.rotation_days != *rotation_days {
        ops.push(match rotation_days {
            Some(days) => KeyOp::EnableKeyRotation { key: key(), days: *days },
            None => KeyOp::DisableKeyRotation { key: key() },
        });
    }
    ops.extend(
        aliases.difference(&before.aliases).map(|alias| KeyOp::CreateAlias { key: key(), alias: alias.clone() }),
    );
    ops.extend(before.aliases.difference(aliases).map(|alias| KeyOp::DeleteAlias { key: key(), alias: alias.clone() }));
    ops
}

/// The aliases would go with the key; they are taken away at once, so that their names are free.
fn removal(at: &At, before: &KeyModel) -> Vec<KeyOp> {
    let key = key_of(at, before);
    let aliases = before.aliases.iter().map(|alias| KeyOp::DeleteAlias { key: key.clone(), alias: alias.clone() });
    let mut ops: Vec<KeyOp> = aliases.collect();
    ops.push(KeyOp::ScheduleKeyDeletion {
        key: key.clone(),
        days: before.deletion_window_days,
        unnames: before.policy.principals().into_iter().collect(),
    });
    ops
}

fn info(at: &At, op: &KeyOp) -> OpInfo {
    let name = at.address.split_once("/key.").map_or(&*at.address, |(_, name)| name);
    let on = |call: &'static str, key: &str, title: String| OpInfo {
        call,
        resource: key.to_owned(),
        title,
        ..OpInfo::default()
    };
    match op {
        KeyOp::CreateKey(new) => OpInfo {
            needs: new.policy.principals().into_iter().collect(),
            yields: &["arn", "id"],
            once: true,
            ..on("kms:CreateKey", "*", format!("create key {name}"))
        },
        KeyOp::CancelKeyDeletion { key } => on("kms:CancelKeyDeletion", key, format!("cancel deletion of key {name}")),
        KeyOp::EnableKey { key } => on("kms:EnableKey", key, format!("enable key {name}")),
        KeyOp::TagResource { key, .. } => on("kms:TagResource", key, format!("tag key {name}")),
        KeyOp::UntagResource { key, .. } => on("kms:UntagResource", key, format!("untag key {name}")),
        KeyOp::UpdateKeyDescription { key, .. } => on("kms:UpdateKeyDescription", key, format!("describe key {name}")),
        KeyOp::PutKeyPolicy { key, policy, unnames } => OpInfo {
            needs: policy.principals().into_iter().collect(),
            unnames: unnames.clone(),
            ..on("kms:PutKeyPolicy", key, format!("put policy of key {name}"))
        },
        KeyOp::EnableKeyRotation { key, days } => {
            on("kms:EnableKeyRotation", key, format!("rotate key {name} every {days} days"))
        }
        KeyOp::DisableKeyRotation { key } => on("kms:DisableKeyRotation", key, format!("stop rotation of key {name}")),
        KeyOp::CreateAlias { key, alias } => OpInfo {
            creates: vec![at.arn("kms", alias)],
            ..on("kms:CreateAlias", key, format!("give {alias} to key {name}"))
        },
        KeyOp::DeleteAlias { key, alias } => OpInfo {
            destroys: vec![at.arn("kms", alias)],
            ..on("kms:DeleteAlias", key, format!("take {alias} from key {name}"))
        },
        KeyOp::ScheduleKeyDeletion { key, days, unnames } => OpInfo {
            unnames: unnames.clone(),
            destroys: if fields::is_pending(key) { Vec::new() } else { vec![key.clone()] },
            ..on("kms:ScheduleKeyDeletion", key, format!("schedule deletion of key {name} in {days} days"))
        },
    }
}

fn simulate(model: &mut Option<KeyModel>, op: &KeyOp) {
    if let KeyOp::CreateKey(new) = op {
        *model = Some(fresh(new));
        return;
    }
    // KMS refuses all others for a key that is not there.
    let Some(key) = model else { return };
    match op {
        KeyOp::CreateKey(_) => {}
        KeyOp::ScheduleKeyDeletion { .. } => *model = None,
        KeyOp::CancelKeyDeletion { .. } => key.state = "Disabled".to_owned(),
        KeyOp::EnableKey { .. } => key.state = ENABLED.to_owned(),
        KeyOp::TagResource { tags, .. } => {
            let mut wire = to_wire(&key.tags, key.deletion_window_days);
            wire.extend(tags.clone());
            (key.tags, key.deletion_window_days) = from_wire(wire);
        }
        KeyOp::UntagResource { tag_keys, .. } => {
            let mut wire = to_wire(&key.tags, key.deletion_window_days);
            wire.retain(|tag, _| !tag_keys.contains(tag));
            (key.tags, key.deletion_window_days) = from_wire(wire);
        }
        KeyOp::UpdateKeyDescription { description, .. } => key.description.clone_from(description),
        KeyOp::PutKeyPolicy { policy, .. } => key.policy = policy.clone(),
        KeyOp::EnableKeyRotation { days, .. } => key.rotation_days = Some(*days),
        KeyOp::DisableKeyRotation { .. } => key.rotation_days = None,
        KeyOp::CreateAlias { alias, .. } => {
            key.aliases.insert(alias.clone());
        }
        KeyOp::DeleteAlias { alias, .. } => {
            key.aliases.remove(alias);
        }
    }
}
