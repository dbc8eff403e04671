//! What KMS remembers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use crate::world::World;

/// What KMS remembers of one account in one region.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// By key id.
    pub(super) keys: BTreeMap<String, Key>,
    /// By alias name, `alias/` included.
    pub(super) aliases: BTreeMap<String, Alias>,
}

/// The aliases of AWS managed keys that a region lists before any service has used them.
/// Source: <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListAliases.html>.
pub(super) const PREDEFINED_ALIASES: &[&str] = &[
    "alias/aws/dynamodb",
    "alias/aws/ebs",
    "alias/aws/elasticfilesystem",
    "alias/aws/es",
    "alias/aws/glue",
    "alias/aws/kinesisvideo",
    "alias/aws/lambda",
    "alias/aws/rds",
    "alias/aws/redshift",
    "alias/aws/s3",
    "alias/aws/ssm",
    "alias/aws/xray",
];

impl State {
    /// The ARN and the tags of every customer managed key; one that waits for its deletion is still a resource.
    pub fn tagged(&self) -> Vec<(String, Vec<(String, String)>)> {
        let customer_keys = self.keys.values().filter(|key| key.managed_by.is_none());
        customer_keys
            .map(|key| {
                let tags = key.tags.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
                (key.arn(), tags)
            })
            .collect()
    }

    /// Whether a key id, key ARN, alias name or alias ARN names a key of this account and region. A predefined alias
    /// (`alias/aws/s3`) does: its key is made on first use.
    pub fn key_exists(&self, id_or_arn_or_alias: &str) -> bool {
        let name = match id_or_arn_or_alias.strip_prefix("arn:") {
            Some(rest) => match rest.splitn(5, ':').nth(4) {
                Some(resource) => resource.strip_prefix("key/").unwrap_or(resource),
                None => return false,
            },
            None => id_or_arn_or_alias,
        };
        if let Some(key) = self.keys.get(name) {
            return !id_or_arn_or_alias.starts_with("arn:") || key.arn() == id_or_arn_or_alias;
        }
        self.aliases.get(name).is_some_and(|alias| {
            !id_or_arn_or_alias.starts_with("arn:")
                || self.keys.get(&alias.target).is_some_and(|key| key.alias_arn(name) == id_or_arn_or_alias)
        }) || PREDEFINED_ALIASES.contains(&name)
    }
}

/// Where a key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum KeyState {
    Enabled,
    Disabled,
    PendingDeletion,
    PendingImport,
    PendingReplicaDeletion,
}

impl KeyState {
    /// The name AWS gives it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
            Self::PendingDeletion => "PendingDeletion",
            Self::PendingImport => "PendingImport",
            Self::PendingReplicaDeletion => "PendingReplicaDeletion",
        }
    }
}

/// One key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Key {
    pub(super) id: String,
    pub(super) account: String,
    pub(super) region: String,
    /// Milliseconds since 1970, as all times here.
    pub(super) created_ms: i64,
    pub(super) description: String,
    pub(super) usage: String,
    pub(super) spec: String,
    pub(super) origin: String,
    pub(super) state: KeyState,
    /// When it will be gone; only with [`KeyState::PendingDeletion`].
    pub(super) deletion_ms: Option<i64>,
    /// The waiting period; only with [`KeyState::PendingReplicaDeletion`].
    pub(super) pending_window_days: Option<i64>,
    /// The region of the primary key, for a multi-Region key.
    pub(super) primary_region: Option<String>,
    /// The service whose AWS managed key this is.
    pub(super) managed_by: Option<String>,
    /// As stored: role and user ARNs are unique ids.
    pub(super) policy: Value,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) rotation: Option<Schedule>,
    /// Oldest first; the last one is current. Empty for keys that cannot rotate.
    pub(super) materials: Vec<Material>,
    /// By grant id.
    pub(super) grants: BTreeMap<String, Grant>,
}

/// Automatic rotation that is switched on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Schedule {
    pub(super) period_days: i64,
    /// When it was switched on, or last rotated by itself.
    pub(super) since_ms: i64,
}

/// One key material.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Material {
    pub(super) id: String,
    /// When it replaced the one before, and how; the first one has neither.
    pub(super) rotated: Option<Rotated>,
}

/// How a key material came to be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Rotated {
    pub(super) at_ms: i64,
    pub(super) on_demand: bool,
}

/// One alias.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Alias {
    /// The id of the key.
    pub(super) target: String,
    pub(super) created_ms: i64,
    pub(super) updated_ms: i64,
}

/// One grant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Grant {
    pub(super) token: String,
    pub(super) name: Option<String>,
    pub(super) created_ms: i64,
    /// A principal as it is stored, or a service.
    pub(super) grantee: String,
    /// Whether it was given as a service.
    #[serde(default)]
    pub(super) to_service: bool,
    /// A principal as it is stored, or a service.
    pub(super) retiring: Option<String>,
    /// Whether that was given as a service.
    #[serde(default)]
    pub(super) retiring_service: bool,
    pub(super) issuing_account: String,
    pub(super) operations: Vec<String>,
    pub(super) constraints: Option<Value>,
}

impl Key {
    /// The key's ARN.
    pub(super) fn arn(&self) -> String {
        format!("arn:aws:kms:{}:{}:key/{}", self.region, self.account, self.id)
    }

    /// The ARN of an alias beside this key.
    pub(super) fn alias_arn(&self, name: &str) -> String {
        format!("arn:aws:kms:{}:{}:{name}", self.region, self.account)
    }

    /// Whether this is the primary of a multi-Region key, or a key of one region only.
    pub(super) fn is_replica(&self) -> bool {
        self.primary_region.as_ref().is_some_and(|primary| *primary != self.region)
    }
}

/// A day in milliseconds.
pub(super) const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The clock in milliseconds since 1970.
pub(super) fn millis(now: OffsetDateTime) -> i64 {
    i64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

/// A time as KMS writes it: seconds with a fraction.
pub(super) fn seconds(ms: i64) -> Value {
    // Exact: a double holds every millisecond of the next 200,000 years.
    serde_json::json!(ms as f64 / 1000.0)
}

/// Numbers that look random and follow from a seed (splitmix64).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// So many hexadecimal digits.
    pub(super) fn hex(&mut self, digits: usize) -> String {
        let mut text = String::new();
        while text.len() < digits {
            text += &format!("{:016x}", self.roll());
        }
        text.truncate(digits);
        text
    }
}

/// Lets time take its effect: deletes keys whose waiting period is over, and rotates those that are due.
pub(super) fn settle(world: &mut World, now: OffsetDateTime) {
    let now_ms = millis(now);
    for account in world.accounts.values_mut() {
        for region in account.kms.values_mut() {
            region.keys.retain(|_, key| key.deletion_ms.is_none_or(|at| at > now_ms));
            let State { keys, aliases } = region;
            aliases.retain(|_, alias| keys.contains_key(&alias.target));
            for key in keys.values_mut() {
                super::rotation::rotate_if_due(key, now_ms);
            }
        }
        super::multi_region::start_waiting(account, now_ms);
    }
}
