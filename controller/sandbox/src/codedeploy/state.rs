//! What CodeDeploy remembers of one account in one region.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::call::Call;
use crate::world::World;

/// What CodeDeploy remembers of one account in one region.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    pub(super) applications: BTreeMap<String, Application>,
    /// Custom ones; AWS's own are in `configs`.
    pub(super) configs: BTreeMap<String, Config>,
    /// By id, as GetDeployment shows them.
    pub(super) deployments: BTreeMap<String, Map<String, Value>>,
    /// By name, deregistered ones too.
    pub(super) instances: BTreeMap<String, Instance>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Application {
    pub(super) id: String,
    pub(super) platform: String,
    pub(super) created_seconds: f64,
    pub(super) tags: Tags,
    pub(super) groups: BTreeMap<String, Group>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Group {
    pub(super) id: String,
    /// As GetDeploymentGroup shows them, but for names, ids and the platform.
    pub(super) members: Map<String, Value>,
    pub(super) tags: Tags,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Config {
    /// As GetDeploymentConfig shows them.
    pub(super) members: Map<String, Value>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Instance {
    pub(super) arn: String,
    pub(super) user_arn: Option<String>,
    pub(super) session_arn: Option<String>,
    pub(super) registered_seconds: f64,
    pub(super) deregistered_seconds: Option<f64>,
    pub(super) tags: Tags,
}

pub(super) type Tags = BTreeMap<String, String>;

impl State {
    /// What the Resource Groups Tagging API sees: applications and deployment groups.
    pub fn tagged(&self, account: &str, region: &str) -> Vec<(String, Vec<(String, String)>)> {
        let listed = |tags: &Tags| tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let mut all = Vec::new();
        for (name, application) in &self.applications {
            all.push((arn(account, region, &format!("application:{name}")), listed(&application.tags)));
            for (group, held) in &application.groups {
                all.push((arn(account, region, &format!("deploymentgroup:{name}/{group}")), listed(&held.tags)));
            }
        }
        all
    }
}

pub(super) fn arn(account: &str, region: &str, resource: &str) -> String {
    format!("arn:aws:codedeploy:{region}:{account}:{resource}")
}

/// The caller's account in the call's region.
pub(super) fn own<'w>(world: &'w mut World, call: &Call) -> &'w mut State {
    world.account(&call.caller.account).codedeploy.entry(call.region.clone()).or_default()
}

/// The world's clock as CodeDeploy writes it.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of this era are exact in a double")]
pub(super) fn seconds(call: &Call) -> f64 {
    (call.now.unix_timestamp_nanos() / 1_000_000) as f64 / 1_000.0
}

/// A UUID from the world's counter.
pub(super) fn new_id(world: &mut World) -> String {
    let serial = world.next_serial();
    let spread = serial.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{serial:012x}",
        spread >> 32,
        spread >> 16 & 0xFFFF,
        spread & 0xFFF,
        spread >> 8 & 0xFFF
    )
}
