//! What SNS remembers of one account in one region.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::params::{Fault, Params};
use crate::call::Call;
use crate::world::World;

/// What SNS remembers of one account in one region.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    pub(super) topics: BTreeMap<String, Topic>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Topic {
    /// Those that were set, but for the policy.
    pub(super) attributes: BTreeMap<String, String>,
    /// With principals as unique ids; none is SNS's own.
    pub(super) policy: Option<Value>,
    pub(super) tags: BTreeMap<String, String>,
    /// What keeps data out of messages, as it was sent.
    pub(super) data_protection: Option<String>,
    /// By the end of their ARN.
    pub(super) subscriptions: BTreeMap<String, Subscription>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Subscription {
    /// The account that subscribed.
    pub(super) owner: String,
    /// Who subscribed.
    pub(super) principal: String,
    pub(super) protocol: String,
    pub(super) endpoint: String,
    /// When it was asked for, while its receiver has not confirmed it.
    pub(super) pending_since_seconds: Option<i64>,
    pub(super) was_authenticated: bool,
    /// Those that were set.
    pub(super) attributes: BTreeMap<String, String>,
}

impl State {
    /// What the Resource Groups Tagging API sees.
    pub fn tagged(&self, account: &str, region: &str) -> Vec<(String, Vec<(String, String)>)> {
        let listed = |held: &Topic| held.tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        self.topics.iter().map(|(name, held)| (arn(account, region, name), listed(held))).collect()
    }
}

pub(super) fn arn(account: &str, region: &str, name: &str) -> String {
    format!("arn:aws:sns:{region}:{account}:{name}")
}

/// The caller's account in the call's region.
pub(super) fn own<'w>(world: &'w mut World, call: &Call) -> &'w mut State {
    world.account(&call.caller.account).sns.entry(call.region.clone()).or_default()
}

/// The name in the ARN of a topic of the caller's own.
pub(super) fn name_in<'p>(call: &Call, params: &'p Params, member: &str) -> Result<&'p str, Fault> {
    let text = params.required(member)?;
    let own = arn(&call.caller.account, &call.region, "");
    let name = text.strip_prefix(&own).filter(|name| !name.is_empty());
    name.ok_or_else(|| {
        Fault::invalid(format!("{member} Reason: {text} is no ARN of a topic of this account and region"))
    })
}

/// The topic that `TopicArn` names.
pub(super) fn named<'w>(world: &'w mut World, call: &Call, params: &Params) -> Result<&'w mut Topic, Fault> {
    let name = name_in(call, params, "TopicArn")?;
    own(world, call).topics.get_mut(name).ok_or_else(|| Fault::new(404, "NotFound", "Topic does not exist"))
}
