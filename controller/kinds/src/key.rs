//! The kind `key`: a KMS key with its aliases and grants.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/create-keys.html>
//!
//! KMS makes up a key's id, so that its ARN is known only once it is there; until then operations hold a token in its place. What finds
//! a key again is its alias, or its tags, which CreateKey sets in the same call.
//!
//! A key is not deleted but scheduled for deletion. While it waits it counts as gone, unless a spec wants it: then it is brought back.

use serde::{Deserialize, Serialize};
use trueup_engine::access::Access;
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Claim, Export, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::resolve::Resolver;
use trueup_state::outputs::Outputs;

use crate::fields::{PolicyDocument, Tags};
use crate::source::kms::{self, KeyFact, KeySettings, KmsFacts};

pub(crate) mod desired;
pub(crate) mod export;
pub mod grants;
pub mod own;
pub(crate) mod perform;
mod spec;
#[cfg(test)]
mod tests;

pub use own::{Handles, KeyChange, OwnProperties};
pub use spec::{KeySort, KeySpec, KeyStateWord, KeyUsage, RotationSpec};

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

/// The state of a key that can be used.
pub const ENABLED: &str = "Enabled";
/// The state of one that can't, for a while.
pub const DISABLED: &str = "Disabled";
const AWS_KMS: &str = "AWS_KMS";

/// A key, as specs want it and as AWS has it. Words are AWS's, so that one this version does not know can be told apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyModel {
    /// How calls reach a live one; neither compared nor saved.
    #[serde(skip)]
    pub handles: Handles,
    /// All that is not for good, but for its rotation.
    #[serde(flatten)]
    pub own: OwnProperties,
    /// Days between rotations; `None`: never.
    pub rotation_days: Option<u32>,
    /// Whether it can have replicas.
    pub multi_region: bool,
    /// The sort of key.
    pub key_spec: String,
    /// What it does.
    pub key_usage: String,
    /// Where its material is from.
    pub origin: String,
    /// The ARN of its primary key, where someone made a replica of it: no spec asks for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary: Option<String>,
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

/// One call that makes or changes a key. `key` is an ARN, or a token for one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op")]
pub enum KeyOp {
    /// Makes one.
    CreateKey(NewKey),
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
    /// Changes what a replica has for itself, too.
    #[serde(untagged)]
    Change(KeyChange),
}

/// The kind `key`.
#[derive(Clone, Copy, Debug)]
pub struct Key;

static SCHEMA: KindSchema = KindSchema {
    name: "key",
    summary: "A KMS key with its aliases and grants.",
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
        desired::identity(&spec.alias, at, cx)
    }

    fn claims_besides(spec: &KeySpec, at: &At, cx: &mut Resolver<'_>) -> Vec<Claim> {
        desired::other_aliases(&spec.alias, at, cx)
    }

    fn desired(spec: &KeySpec, at: &At, cx: &mut Resolver<'_>) -> Option<KeyModel> {
        desired::desired(spec, at, cx)
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<KeyModel>>, Unread> {
        let KmsFacts { keys } = facts.get(kms::NAME, scope)?;
        let mut live = Vec::new();
        for (id, fact) in keys {
            let settings = fact.settings.as_ref().map_err(Clone::clone)?;
            if !kms::is_replica_key(settings) {
                live.push(observed(id, fact, settings));
            }
        }
        Ok(live)
    }

    fn tags(model: &KeyModel) -> Option<&Tags> {
        Some(&model.own.tags)
    }

    fn tags_mut(model: &mut KeyModel) -> Option<&mut Tags> {
        Some(&mut model.own.tags)
    }

    fn ops(at: &At, before: Option<&KeyModel>, after: Option<&KeyModel>) -> Result<Steps<KeyOp>, Refusal> {
        let ops = match (before, after) {
            (None, None) => Vec::new(),
            (None, Some(after)) => creation(at, after)?,
            (Some(before), Some(after)) => changes(at, before, after)?,
            (Some(before), None) => {
                let removal = own::removal(&own::key_of(at, &before.handles), &before.own, None);
                removal.into_iter().map(KeyOp::Change).collect()
            }
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
        let put = KeyChange::PutKeyPolicy { key: own::token(at), policy: new.policy.clone(), unnames: Vec::new() };
        Some(vec![create, KeyOp::Change(put)])
    }

    fn follow(at: &At, model: &KeyModel, replaced: &str) -> Vec<KeyOp> {
        let ops = own::follow(&own::key_of(at, &model.handles), &model.handles, &model.own, replaced);
        ops.into_iter().map(KeyOp::Change).collect()
    }

    fn info(at: &At, op: &KeyOp) -> OpInfo {
        let name = own::shown(at);
        match op {
            KeyOp::CreateKey(new) => OpInfo {
                needs: new.policy.principals().into_iter().collect(),
                yields: &["arn", "id"],
                once: true,
                ..own::on("kms:CreateKey", "*", format!("create {name}"))
            },
            KeyOp::EnableKeyRotation { key, days } => {
                own::on("kms:EnableKeyRotation", key, format!("rotate {name} every {days} days"))
            }
            KeyOp::DisableKeyRotation { key } => {
                own::on("kms:DisableKeyRotation", key, format!("stop rotation of {name}"))
            }
            KeyOp::Change(change) => own::info(at, change),
        }
    }

    fn export(_: &At, live: &Live<KeyModel>) -> Export {
        export::export(&live.model)
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
            KeyOp::EnableKeyRotation { days, .. } => key.rotation_days = Some(*days),
            KeyOp::DisableKeyRotation { .. } => key.rotation_days = None,
            KeyOp::Change(KeyChange::ScheduleKeyDeletion { .. }) => *model = None,
            KeyOp::Change(change) => own::simulate(&mut key.own, change),
        }
    }

    fn access<'m>(at: &At, model: &'m KeyModel, outputs: &Outputs) -> Vec<Access<'m>> {
        own::access(at, &model.handles, &model.own, outputs)
    }
}

pub(crate) fn alias_outputs(name: &str, arn: String) -> Outputs {
    [("alias_name".to_owned(), name.to_owned()), ("alias_arn".to_owned(), arn)].into()
}

/// What KMS gives a key whose maker says nothing.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html>
pub(crate) fn default_policy(at: &At) -> PolicyDocument {
    PolicyDocument::from_live(&format!(
        r#"{{"Version":"2012-10-17","Id":"key-default-1","Statement":[{{"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{{"AWS":"arn:{}:iam::{}:root"}},"Action":"kms:*","Resource":"*"}}]}}"#,
        at.partition, at.account_id
    ))
}

fn observed(id: &str, fact: &KeyFact, settings: &KeySettings) -> Live<KeyModel> {
    let KeyFact { name, aliases, settings: _ } = fact;
    let (own, handles) = OwnProperties::live(aliases, settings);
    let model = KeyModel {
        handles,
        own,
        rotation_days: settings.rotation_days,
        multi_region: settings.multi_region,
        key_spec: settings.key_spec.clone(),
        key_usage: settings.key_usage.clone(),
        origin: settings.origin.clone(),
        primary: settings.primary.clone().filter(|primary| *primary != settings.arn),
    };
    Live { name: name.clone(), model, outputs: live_outputs(id, name, settings) }
}

/// What is known of a key that is there.
pub(crate) fn live_outputs(id: &str, name: &str, settings: &KeySettings) -> Outputs {
    let arn = &settings.arn;
    let mut outputs = Outputs::from([("arn".to_owned(), arn.clone()), ("id".to_owned(), id.to_owned())]);
    if !name.is_empty() {
        let front = arn.rsplit_once(':').map_or("", |(front, _)| front);
        outputs.extend(alias_outputs(name, format!("{front}:{name}")));
    }
    outputs
}

fn creation(at: &At, after: &KeyModel) -> Result<Vec<KeyOp>, Refusal> {
    let OwnProperties { description, policy, deletion_window_days, tags, .. } = &after.own;
    let new = NewKey {
        description: description.clone(),
        policy: policy.clone(),
        multi_region: after.multi_region,
        key_spec: after.key_spec.clone(),
        key_usage: after.key_usage.clone(),
        tags: own::to_wire(tags, *deletion_window_days),
    };
    let made = fresh(&new);
    let mut ops = vec![KeyOp::CreateKey(new)];
    ops.extend(settle(&own::token(at), &made, after)?);
    Ok(ops)
}

/// A key right after CreateKey.
fn fresh(new: &NewKey) -> KeyModel {
    let NewKey { description, policy, multi_region, key_spec, key_usage, tags } = new;
    KeyModel {
        handles: Handles::default(),
        own: OwnProperties::fresh(description, policy, tags),
        rotation_days: None,
        multi_region: *multi_region,
        key_spec: key_spec.clone(),
        key_usage: key_usage.clone(),
        origin: AWS_KMS.to_owned(),
        primary: None,
    }
}

fn changes(at: &At, before: &KeyModel, after: &KeyModel) -> Result<Vec<KeyOp>, Refusal> {
    if let Some(primary) = before.primary.as_ref().filter(|_| before.primary != after.primary) {
        return Err(Refusal {
            field: "primary",
            why: format!("it became a replica: the primary key is now {primary}"),
            help: "make it the primary key again (UpdatePrimaryRegion), or exchange the two tables' kinds".to_owned(),
        });
    }
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
    settle(&own::key_of(at, &before.handles), before, after)
}

/// Everything that can be changed in place: what needs an enabled key stands between its waking and its sleep.
fn settle(key: &str, before: &KeyModel, after: &KeyModel) -> Result<Vec<KeyOp>, Refusal> {
    let KeyModel {
        handles: _,
        own: wanted,
        rotation_days,
        multi_region: _, // for good, like the rest
        key_spec: _,
        key_usage: _,
        origin: _,
        primary: _,
    } = after;
    let stays_disabled = own::stays_disabled(&before.own, wanted);
    let rotation = if before.rotation_days == *rotation_days {
        // While a key waits for its deletion KMS calls its rotation off, whatever it was.
        // https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html
        let unknown = kms::is_going(&before.own.state) && rotation_days.is_none() && rotates(after) && !stays_disabled;
        unknown.then(|| KeyOp::DisableKeyRotation { key: key.to_owned() })
    } else if stays_disabled {
        return Err(own::refuse_disabled("rotation_days"));
    } else {
        Some(match rotation_days {
            Some(days) => KeyOp::EnableKeyRotation { key: key.to_owned(), days: *days },
            None => KeyOp::DisableKeyRotation { key: key.to_owned() },
        })
    };
    let awaken = own::awaken(key, &before.own, wanted).into_iter().map(KeyOp::Change);
    let in_place = own::settle(key, &before.handles, &before.own, wanted)?.into_iter().map(KeyOp::Change);
    let sleep = own::put_to_sleep(key, &before.own, wanted).into_iter().map(KeyOp::Change);
    Ok(awaken.chain(in_place).chain(rotation).chain(sleep).collect())
}

fn rotates(key: &KeyModel) -> bool {
    key.key_spec == KeySort::SymmetricDefault.as_str()
}
