//! A plan, as data: what will happen, in which order, and why.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use trueup_specs::address::Address;
use trueup_specs::span::Sources;

use crate::facts::{ReadCost, ReadRequest, Scope, Unread};
use crate::ledger::SavedModel;
use crate::outputs::Outputs;

/// The format of a saved plan; a plan of another format is refused.
pub const FORMAT: u32 = 1;

/// Everything a run will do, and what it was decided from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// [`FORMAT`].
    pub format: u32,
    /// Which AWS it was made for: `aws`, `sandbox`, or the address calls were sent to; and whose credentials.
    pub world: String,
    /// The project's name; the owner of everything in the plan.
    pub project: Arc<str>,
    /// What it is for.
    #[serde(default)]
    pub purpose: Purpose,
    /// The files of the specs it was decided from, by their path: the SHA-256 of each.
    #[serde(default)]
    pub specs: BTreeMap<String, String>,
    /// How many resources the specs declare, in all accounts.
    #[serde(default)]
    pub declared: u64,
    /// The accounts the plan touches, by their name in the specs.
    pub accounts: BTreeMap<Arc<str>, PlanAccount>,
    /// One for each resource that changes, by account and address.
    pub changes: Vec<Change>,
    /// The operations of all changes, each after all it waits for.
    pub ops: Vec<PlannedOp>,
    /// What is neither changed nor found true, for want of evidence or of permission.
    pub blocked: Vec<Blocked>,
    /// What is ours, is in no spec any more, and stays because nothing says it may go.
    pub retained: Vec<Retained>,
    /// What is as the specs say but not on record so: written to the ledger with the next apply, so that a later difference has a cause.
    pub confirmed: Vec<Confirmed>,
    /// What is on record, and neither there nor wanted any more: taken off the record with the next apply.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forgotten: Vec<Forgotten>,
    /// What its people should know of things that are there and that no spec can say.
    #[serde(default)]
    pub notes: Vec<Note>,
    /// How many resources are as the specs say.
    pub unchanged: u64,
    /// How many resources it may remove or replace; `None` is no limit.
    pub deletions_max: Option<u64>,
    /// What was read.
    pub reads: Vec<Read>,
    /// The outputs of the project; a value that is not known yet holds a token.
    pub outputs: BTreeMap<String, Value>,
    /// Who gains and who loses what by it.
    #[serde(default)]
    pub access: AccessChange,
}

/// Who gains and who loses what by a plan: a difference of what the policies allow, not of what they say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessChange {
    /// What becomes possible, the widest exposure first.
    pub gains: Vec<AccessLine>,
    /// What becomes impossible.
    pub losses: Vec<AccessLine>,
    /// Why this may not be all.
    pub incomplete: Option<String>,
}

impl AccessChange {
    /// Whether nobody gains or loses anything, as far as was looked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.gains.is_empty() && self.losses.is_empty() && self.incomplete.is_none()
    }
}

/// Who is let in by a gain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exposure {
    /// Anyone at all, or anyone with an AWS account.
    Public,
    /// Someone of another account than the resource's, or someone whom an identity provider vouches for.
    CrossAccount,
    /// Someone who can take a role of the same account.
    Trust,
    /// Someone of the same account, or an AWS service.
    Within,
}

/// What some gain or lose alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AccessLine {
    /// How wide it is.
    pub exposure: Exposure,
    /// Who, by address where there is one.
    pub who: Vec<String>,
    /// Actions, with `*` for all that a policy names so.
    pub actions: Vec<String>,
    /// Resources, by address where there is one.
    pub on: Vec<String>,
    /// Condition keys that decide whether it is so; none where it is always so.
    pub when: Vec<String>,
    /// Whether all who gain it, and all it is on, are made in this plan.
    pub is_new: bool,
}

/// What a plan is for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "for")]
pub enum Purpose {
    /// To make AWS as the specs say.
    #[default]
    Specs,
    /// To remove what is the project's, whatever the specs say.
    Destroy,
    /// To go back to what was before a run.
    Revert {
        /// The run.
        run: String,
    },
}

/// An account as a plan needs it, so that a saved plan can be applied without its specs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanAccount {
    /// Twelve digits; of an account that the plan makes, the token of its id.
    pub id: Arc<str>,
    /// The named profile that leads there, if that is how.
    pub profile: Option<String>,
    /// The role that is assumed there otherwise.
    pub access_role: String,
    /// The account from which that role is assumed, where it is not the caller's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<Arc<str>>,
}

/// One read that was made for the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// What was asked.
    pub request: ReadRequest,
    /// What it took.
    pub cost: ReadCost,
    /// Why it failed, if it did.
    pub unread: Option<Unread>,
}

/// What happens to a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "action")]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed in place.
    Update,
    /// It is there already, without an owner, and becomes ours.
    Adopt,
    /// It is removed and made again, because these fields can't be changed in place.
    Replace {
        /// The fields.
        fields: Vec<String>,
    },
    /// It is ours already under another address.
    Move {
        /// The address it had.
        from: String,
    },
    /// It is removed.
    Remove {
        /// Whether a `[[removed]]` names it; otherwise its table is gone from the specs and its kind holds no data.
        tombstone: bool,
    },
    /// It is as the specs say, but something it names is made again, so it must name it again.
    Follow {
        /// The ARN that is made again.
        replaced: String,
    },
}

/// Why a field differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// AWS is as last applied; the spec moved.
    Spec,
    /// The spec is as last applied; AWS moved.
    Drift,
    /// Both moved since the last apply.
    Both,
    /// It names something that is made in this plan.
    Follows,
    /// There is no record of a last apply.
    Unrecorded,
}

/// One change to one resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The resource.
    pub address: Address,
    /// Where it lives.
    pub scope: Scope,
    /// The physical name: a role's name, a bucket's name; empty where it has none.
    pub name: String,
    /// What happens.
    #[serde(flatten)]
    pub action: Action,
    /// Where the spec stands: `tenants.toml:4:1`; empty for a removal.
    pub place: String,
    /// The fields that differ, and why; empty for a creation or a removal.
    pub causes: BTreeMap<String, Cause>,
    /// The live model, if it exists.
    pub before: Option<Value>,
    /// The model the specs ask for, if it stays.
    pub after: Option<Value>,
    /// The outputs that are known before it.
    pub outputs: Outputs,
    /// The model last applied, if it is on record.
    pub applied: Option<Value>,
    /// What no one may miss.
    pub dangers: Vec<Danger>,
}

/// Something about a change that no one may miss.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "danger")]
pub enum Danger {
    /// Something is removed.
    Removal,
    /// Something is removed and made again.
    Replacement,
    /// All that a thing holds is deleted before it is removed.
    Contents {
        /// What that is, as far as it is known.
        what: String,
    },
    /// Things that no spec here asks for still name what is removed: AWS refuses that, or they are left with a dead id.
    Dependents {
        /// Kind, name and place of each.
        who: Vec<String>,
    },
    /// A resource policy or trust admits who it did not admit.
    WiderTrust {
        /// The field.
        field: String,
        /// Who, or which condition fell away.
        who: Vec<String>,
    },
    /// trueup, or everyone, would be locked out.
    SelfLockout {
        /// Of what, and how.
        why: String,
    },
}

/// One API call that will be made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedOp {
    /// The change it belongs to, as an index into [`Plan::changes`].
    pub change: usize,
    /// The operations it waits for, as indices into [`Plan::ops`]; all smaller than its own.
    pub after: Vec<usize>,
    /// The call as its IAM action.
    pub call: String,
    /// The ARN it acts on, or `*`.
    pub resource: String,
    /// What it does, for a person.
    pub title: String,
    /// The kind's operation.
    pub op: Value,
    /// It needs something that this plan makes.
    pub fresh: bool,
}

/// A resource that is left alone because something is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocked {
    /// The resource.
    pub address: Address,
    /// Where its spec stands.
    pub place: String,
    /// Why.
    pub why: String,
    /// What to do.
    pub help: Option<String>,
    /// True when it could not be read, false when a rule forbids the change.
    pub unread: bool,
}

/// Something about a live thing that no spec says and nothing is done about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The resource.
    pub address: Address,
    /// What there is to know, for a person.
    pub text: String,
}

/// A thing of ours that is in no spec and stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retained {
    /// The address it had.
    pub address: Address,
    /// Its physical name.
    pub name: String,
    /// Why it is left.
    pub why: String,
    /// The TOML that would remove it, where some would.
    pub removal: Option<String>,
}

/// A resource that is as its spec says, and that the ledger has differently or not at all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confirmed {
    /// The resource.
    pub address: Address,
    /// Where it lives.
    pub scope: Scope,
    /// Its physical name.
    pub name: String,
    /// Its outputs.
    pub outputs: Outputs,
    /// Its model.
    pub model: SavedModel,
}

/// An entry of the ledger that nothing stands behind any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forgotten {
    /// What it was of.
    pub address: Address,
    /// Where that was.
    pub scope: Scope,
}

/// The SHA-256 of these bytes, in hexadecimal digits.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The files of the specs by their path, each with the SHA-256 of its text.
#[must_use]
pub fn digests(sources: &Sources) -> BTreeMap<String, String> {
    sources.iter().map(|(file, path)| (path.display().to_string(), digest(sources.text(file).as_bytes()))).collect()
}

/// The member of a saved plan that tells whether it was changed since: the SHA-256 of all else in it. It guards against a slip, and not
/// against someone who can compute it.
pub const SEAL: &str = "seal";

/// A plan as it is saved.
#[derive(Clone, Debug, Serialize)]
pub struct Sealed<'p> {
    #[serde(flatten)]
    plan: &'p Plan,
    seal: String,
}

impl Plan {
    /// What its saved form has as [`SEAL`].
    ///
    /// # Errors
    /// When it is no plain data; a defect.
    pub fn seal(&self) -> Result<String, serde_json::Error> {
        serde_json::to_vec(self).map(|bytes| digest(&bytes))
    }

    /// The plan with its seal.
    ///
    /// # Errors
    /// As [`Plan::seal`].
    pub fn sealed(&self) -> Result<Sealed<'_>, serde_json::Error> {
        Ok(Sealed { plan: self, seal: self.seal()? })
    }

    /// The files of the specs that are not what the plan was decided from, each with what became of it. A way back is not decided from
    /// the specs, so nothing of them counts for it.
    #[must_use]
    pub fn other_specs(&self, now: &BTreeMap<String, String>) -> Vec<(String, &'static str)> {
        if matches!(self.purpose, Purpose::Revert { .. }) {
            return Vec::new();
        }
        let gone = self.specs.keys().filter(|path| !now.contains_key(*path)).map(|path| (path.clone(), "is gone"));
        let others = now.iter().filter_map(|(path, digest)| match self.specs.get(path) {
            Some(then) if then == digest => None,
            Some(_) => Some((path.clone(), "changed")),
            None => Some((path.clone(), "is new")),
        });
        let mut found: Vec<(String, &'static str)> = gone.chain(others).collect();
        found.sort();
        found
    }

    /// Whether the plan holds together: every operation belongs to a change, and waits only for operations before it.
    ///
    /// # Errors
    /// What does not.
    pub fn verify(&self) -> Result<(), String> {
        for (index, op) in self.ops.iter().enumerate() {
            if op.change >= self.changes.len() {
                return Err(format!("operation {index} belongs to a change that is not there"));
            }
            if op.after.iter().any(|before| *before >= index) {
                return Err(format!("operation {index} waits for one that does not come before it"));
            }
        }
        match self.changes.iter().find(|change| !self.accounts.contains_key(&change.scope.account)) {
            Some(change) => Err(format!("the account of {} is not in it", change.address)),
            None => Ok(()),
        }
    }

    /// Whether AWS is as the specs say, as far as it could be read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Whether something could not be read or decided.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        !self.blocked.is_empty() || self.reads.iter().any(|read| read.unread.is_some())
    }

    /// All API calls that were made for it.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.reads.iter().map(|read| read.cost.calls).fold(0, u64::saturating_add)
    }
}
