//! What ECR remembers of one account in one region.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::pull_through::Rule;
use crate::call::Call;
use crate::json_call::{Failure, Input};
use crate::world::World;

/// What ECR remembers of one account in one region.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    pub(super) repositories: BTreeMap<String, Repository>,
    pub(super) registry: Registry,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Repository {
    pub(super) created_seconds: f64,
    pub(super) mutability: String,
    /// Patterns of tags.
    pub(super) exclusions: Vec<String>,
    pub(super) scan_on_push: bool,
    pub(super) encryption_type: String,
    pub(super) kms_key: Option<String>,
    /// With principals as unique ids.
    pub(super) policy: Option<Value>,
    /// As it was sent.
    pub(super) lifecycle: Option<String>,
    pub(super) tags: BTreeMap<String, String>,
    /// By digest.
    pub(super) images: BTreeMap<String, Image>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Image {
    pub(super) manifest: String,
    pub(super) media_type: String,
    pub(super) tags: BTreeSet<String>,
    pub(super) pushed_seconds: f64,
}

/// What a registry has besides repositories; nothing until it is said.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Registry {
    pub(super) scanning: Option<Value>,
    pub(super) replication: Option<Value>,
    pub(super) policy: Option<Value>,
    /// By the prefix of the repositories they fill.
    pub(super) pull_through: BTreeMap<String, Rule>,
    /// What was said with PutAccountSetting.
    pub(super) settings: BTreeMap<String, String>,
}

impl State {
    /// What the Resource Groups Tagging API sees.
    pub fn tagged(&self, account: &str, region: &str) -> Vec<(String, Vec<(String, String)>)> {
        let listed = |held: &Repository| held.tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        self.repositories.iter().map(|(name, held)| (arn(account, region, name), listed(held))).collect()
    }
}

pub(super) fn arn(account: &str, region: &str, name: &str) -> String {
    format!("arn:aws:ecr:{region}:{account}:repository/{name}")
}

/// The caller's account in the call's region.
pub(super) fn own<'w>(world: &'w mut World, call: &Call) -> &'w mut State {
    world.account(&call.caller.account).ecr.entry(call.region.clone()).or_default()
}

/// The repository that `repositoryName` names, and its name.
pub(super) fn named<'w, 'i>(
    world: &'w mut World,
    call: &Call,
    input: Input<'i>,
) -> Result<(&'i str, &'w mut Repository), Failure> {
    let name = repository_name(input)?;
    let found = own(world, call).repositories.get_mut(name).ok_or_else(|| not_found(call, name))?;
    Ok((name, found))
}

pub(super) fn not_found(call: &Call, name: &str) -> Failure {
    let registry = &call.caller.account;
    let message = format!("The repository with name '{name}' does not exist in the registry with id '{registry}'");
    Failure::new("RepositoryNotFoundException", message)
}

/// `repositoryName`, held to its pattern:
/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*`.
pub(super) fn repository_name(input: Input<'_>) -> Result<&str, Failure> {
    let name = input.required("repositoryName", 2, 256)?;
    if is_repository_name(name) {
        return Ok(name);
    }
    Err(input.broken("repositoryName", "satisfy regular expression for a repository's name"))
}

pub(super) fn is_repository_name(name: &str) -> bool {
    name.split('/').all(is_component)
}

fn is_component(part: &str) -> bool {
    let mut rest = part;
    loop {
        let word = rest.trim_start_matches(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        if word.len() == rest.len() {
            return false;
        }
        if word.is_empty() {
            return true;
        }
        let hyphens = word.trim_start_matches('-');
        rest = if hyphens.len() < word.len() {
            hyphens
        } else if let Some(after) = word.strip_prefix("__").or_else(|| word.strip_prefix(['.', '_'])) {
            after
        } else {
            return false;
        };
    }
}
