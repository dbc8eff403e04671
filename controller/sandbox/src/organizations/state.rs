//! What Organizations remembers.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::failure::Failure;
use crate::call::Call;
use crate::world::World;

/// The default quota of accounts.
/// Source: <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>.
const ACCOUNTS_MAX_DEFAULT: usize = 10;

pub(super) type Tags = BTreeMap<String, String>;

/// All organizations.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// By the id of the management account.
    pub(super) organizations: BTreeMap<String, Organization>,
    /// How often a new account still can't be entered.
    pub(super) settling: BTreeMap<String, u32>,
    /// The quota of accounts, where it was raised.
    accounts_max: Option<usize>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Organization {
    pub(super) id: String,
    pub(super) management: String,
    pub(super) features: String,
    pub(super) root: String,
    pub(super) root_tags: Tags,
    /// The policy types that are enabled in the root.
    pub(super) enabled: BTreeSet<String>,
    pub(super) accounts: BTreeMap<String, Account>,
    pub(super) units: BTreeMap<String, Unit>,
    pub(super) policies: BTreeMap<String, Policy>,
    pub(super) requests: BTreeMap<String, Request>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) email: String,
    pub(super) parent: String,
    pub(super) state: String,
    pub(super) created_here: bool,
    pub(super) joined_seconds: f64,
    pub(super) tags: Tags,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Unit {
    pub(super) name: String,
    pub(super) parent: String,
    pub(super) tags: Tags,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Policy {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) sort: String,
    pub(super) content: String,
    pub(super) aws_managed: bool,
    pub(super) targets: BTreeSet<String>,
    pub(super) tags: Tags,
}

/// A CreateAccount on its way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) name: String,
    pub(super) email: String,
    pub(super) role: String,
    pub(super) tags: Tags,
    pub(super) requested_seconds: f64,
    /// How many calls it stays in progress.
    pub(super) calls_left: u32,
    pub(super) outcome: Option<Outcome>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Outcome {
    pub(super) completed_seconds: f64,
    /// The account's id, or why there is none.
    pub(super) result: Result<String, String>,
}

impl State {
    /// Raises the quota of accounts, as AWS does on request.
    pub fn set_accounts_max(&mut self, max: usize) {
        self.accounts_max = Some(max);
    }

    pub(super) fn accounts_max(&self) -> usize {
        self.accounts_max.unwrap_or(ACCOUNTS_MAX_DEFAULT)
    }

    /// The organization an account is in.
    pub(super) fn of(&self, account: &str) -> Option<&Organization> {
        self.organizations.values().find(|organization| organization.accounts.contains_key(account))
    }

    /// Whether the account was made moments ago and can't be entered yet; each question brings it nearer.
    pub(crate) fn still_settles(&mut self, account: &str) -> bool {
        match self.settling.get_mut(account) {
            Some(0) | None => {
                self.settling.remove(account);
                false
            }
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }

    /// Whether the account is closed, or being closed.
    pub(crate) fn is_closed(&self, account: &str) -> bool {
        let found = self.of(account).and_then(|organization| organization.accounts.get(account));
        found.is_some_and(|account| account.state != ACTIVE)
    }

    /// What the Resource Groups Tagging API sees in the management account.
    pub(crate) fn tagged(&self, account: &str) -> Vec<(String, Vec<(String, String)>)> {
        let Some(organization) = self.organizations.get(account) else { return Vec::new() };
        let listed = |tags: &Tags| tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let accounts = organization.accounts.iter().map(|(id, one)| (organization.account_arn(id), listed(&one.tags)));
        let units = organization.units.iter().map(|(id, one)| (organization.unit_arn(id), listed(&one.tags)));
        let own = organization.policies.iter().filter(|(_, one)| !one.aws_managed);
        let policies = own.map(|(id, one)| (organization.policy_arn(id, one), listed(&one.tags)));
        let root = [(organization.root_arn(), listed(&organization.root_tags))];
        accounts.chain(units).chain(policies).chain(root).collect()
    }
}

pub(super) const ACTIVE: &str = "ACTIVE";

impl Organization {
    fn arn(&self, resource: &str) -> String {
        format!("arn:aws:organizations::{}:{resource}", self.management)
    }

    pub(super) fn own_arn(&self) -> String {
        self.arn(&format!("organization/{}", self.id))
    }

    pub(super) fn account_arn(&self, id: &str) -> String {
        self.arn(&format!("account/{}/{id}", self.id))
    }

    pub(super) fn unit_arn(&self, id: &str) -> String {
        self.arn(&format!("ou/{}/{id}", self.id))
    }

    pub(super) fn root_arn(&self) -> String {
        self.arn(&format!("root/{}/{}", self.id, self.root))
    }

    pub(super) fn policy_arn(&self, id: &str, policy: &Policy) -> String {
        let sort = policy.sort.to_lowercase();
        if policy.aws_managed {
            return format!("arn:aws:organizations::aws:policy/{sort}/{id}");
        }
        self.arn(&format!("policy/{}/{sort}/{id}", self.id))
    }

    /// Whether it is the root or a unit.
    pub(super) fn has_parent(&self, id: &str) -> bool {
        id == self.root || self.units.contains_key(id)
    }

    pub(super) fn has_target(&self, id: &str) -> bool {
        self.has_parent(id) || self.accounts.contains_key(id)
    }

    /// Where the root, a unit or an account is in the tree: `o-…/r-…/ou-…/`.
    pub(super) fn path(&self, id: &str) -> String {
        let mut steps = vec![id.to_owned()];
        let mut at = self.parent_of(id);
        while let Some(parent) = at {
            steps.push(parent.to_owned());
            at = self.parent_of(parent);
        }
        steps.push(self.id.clone());
        steps.reverse();
        format!("{}/", steps.join("/"))
    }

    pub(super) fn parent_of(&self, id: &str) -> Option<&str> {
        let unit = self.units.get(id).map(|unit| unit.parent.as_str());
        unit.or_else(|| self.accounts.get(id).map(|account| account.parent.as_str()))
    }

    /// How many units lie over what is in a parent: 0 for the root.
    pub(super) fn depth(&self, parent: &str) -> usize {
        std::iter::successors(Some(parent), |at| self.parent_of(at)).skip(1).count()
    }

    /// The ids of all that policies can be attached to.
    pub(super) fn targets(&self) -> Vec<String> {
        let all = self.accounts.keys().chain(self.units.keys()).cloned();
        all.chain([self.root.clone()]).collect()
    }

    pub(super) fn show_account(&self, id: &str, account: &Account) -> Value {
        let Account { name, email, parent: _, state, created_here, joined_seconds, tags: _ } = account;
        json!({
            "Id": id,
            "Arn": self.account_arn(id),
            "Email": email,
            "Name": name,
            "State": state,
            "Paths": [self.path(id)],
            "JoinedMethod": if *created_here { "CREATED" } else { "INVITED" },
            "JoinedTimestamp": joined_seconds,
        })
    }

    pub(super) fn show_unit(&self, id: &str, unit: &Unit) -> Value {
        json!({ "Id": id, "Arn": self.unit_arn(id), "Name": unit.name, "Path": self.path(id) })
    }

    pub(super) fn show_root(&self) -> Value {
        let types: Vec<Value> = self.enabled.iter().map(|sort| json!({ "Type": sort, "Status": "ENABLED" })).collect();
        json!({ "Id": self.root, "Arn": self.root_arn(), "Name": "Root", "PolicyTypes": types })
    }
}

/// The organization of the caller, who must be its management account.
pub(super) fn managed<'w>(world: &'w mut World, call: &Call) -> Result<&'w mut Organization, Failure> {
    let caller = &call.caller.account;
    if world.organizations.of(caller).is_none() {
        return Err(Failure::not_in_use());
    }
    world.organizations.organizations.get_mut(caller).ok_or_else(Failure::denied)
}

/// The world's clock as Organizations writes it.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of this era are exact in a double")]
pub(super) fn seconds(call: &Call) -> f64 {
    (call.now.unix_timestamp_nanos() / 1_000_000) as f64 / 1_000.0
}

/// A code of lower-case letters and digits from the world's counter; no two are the same.
pub(super) fn code(world: &mut World, length: usize) -> String {
    const SIGNS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut number = scattered(world);
    let mut text = String::with_capacity(length);
    for _ in 0..length {
        let digit = usize::try_from(number % 36).unwrap_or_default();
        text.extend(SIGNS.get(digit).map(|sign| char::from(*sign)));
        number = number / 36 + number.wrapping_mul(0x9E37_79B9_7F4A_7C15) % 2_821_109_907_456;
    }
    text
}

/// Twelve digits that no account has; a seven in front tells a reader that they were made up here.
pub(super) fn account_id(world: &mut World) -> String {
    loop {
        let id = format!("{:012}", 700_000_000_000 + scattered(world) % 100_000_000_000);
        if !world.accounts.contains_key(&id) {
            return id;
        }
    }
}

fn scattered(world: &mut World) -> u64 {
    let x = world.next_serial().wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^ (x >> 27)
}
