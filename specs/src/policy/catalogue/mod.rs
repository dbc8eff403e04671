//! AWS's catalogue of actions, resource types and condition keys, as its Service Authorization Reference has it.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
//!
//! It is the file `specs/catalogue/iam.txt`, which a script beside it makes out of a public package; how, and in which form, its
//! README tells. A service's part is read when it is first asked for. What is not in the catalogue may still be in AWS, which adds
//! actions every week: nothing is refused because it is not here.

mod fit;
mod read;

use std::collections::{BTreeMap, HashSet};
use std::sync::{LazyLock, OnceLock};

use crate::policy::evaluate::arn::{Case, like};
use crate::policy::unknown::is_unknown;
use crate::suggest::nearest;

pub use fit::overlaps;

static CATALOGUE: LazyLock<Catalogue> =
    LazyLock::new(|| read::catalogue(include_str!("../../../catalogue/iam.txt")).unwrap_or_default());

/// The whole file, its services still as text.
#[derive(Debug, Default)]
struct Catalogue {
    version: &'static str,
    under_rcps: HashSet<&'static str>,
    global_keys: Vec<&'static str>,
    issuers: HashSet<&'static str>,
    services: BTreeMap<&'static str, Part>,
}

/// The part of one service.
#[derive(Debug)]
struct Part {
    text: &'static str,
    service: OnceLock<Option<Service>>,
}

impl Part {
    fn service(&'static self, name: &'static str) -> Option<&'static Service> {
        self.service.get_or_init(|| read::service(name, self.text)).as_ref()
    }
}

/// A service as policies name it.
#[derive(Debug)]
pub struct Service {
    name: &'static str,
    /// The condition keys of its actions and resource types.
    keys: Vec<&'static str>,
    /// Keys that it documents for no action of its own.
    free_keys: Vec<&'static str>,
    types: Vec<ResourceType>,
    groups: Vec<Group>,
    /// Names with the group of each, sorted as if in lower case.
    actions: Vec<(&'static str, usize)>,
}

/// A sort of thing that actions are on.
#[derive(Debug, PartialEq, Eq)]
pub struct ResourceType {
    name: &'static str,
    arns: Vec<String>,
    keys: Vec<usize>,
}

/// What several actions of a service have in common.
#[derive(Debug)]
struct Group {
    level: AccessLevel,
    types: Vec<usize>,
    keys: Vec<usize>,
}

/// An action of a service.
#[derive(Debug, Clone, Copy)]
pub struct Action {
    service: &'static Service,
    name: &'static str,
    group: &'static Group,
}

/// What an action does, in AWS's five classes.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_understand-policy-summary-access-level-summaries.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessLevel {
    /// It tells which resources there are.
    List,
    /// It tells what is in them.
    Read,
    /// It makes, changes or removes them.
    Write,
    /// It changes who may do what with them.
    PermissionsManagement,
    /// It changes their tags.
    Tagging,
}

impl AccessLevel {
    /// AWS's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::List => "List",
            Self::Read => "Read",
            Self::Write => "Write",
            Self::PermissionsManagement => "Permissions management",
            Self::Tagging => "Tagging",
        }
    }
}

/// The version of the package the catalogue is made of; its last part begins with the day: `0.21.202609261`.
#[must_use]
pub fn version() -> &'static str {
    CATALOGUE.version
}

/// The prefixes of all services, sorted.
pub fn services() -> impl Iterator<Item = &'static str> + Clone {
    CATALOGUE.services.keys().copied()
}

/// The service with this prefix, in whatever case.
#[must_use]
pub fn service(prefix: &str) -> Option<&'static Service> {
    let (name, part) = CATALOGUE.services.get_key_value(prefix.to_ascii_lowercase().as_str())?;
    part.service(name)
}

/// Whether resource control policies reach the resources of the service with this prefix.
///
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html#rcp-supported-services>
#[must_use]
pub fn is_under_rcps(prefix: &str) -> bool {
    CATALOGUE.under_rcps.contains(prefix.to_ascii_lowercase().as_str())
}

/// The condition keys that belong to no one service, as AWS spells them.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
pub fn global_keys() -> impl Iterator<Item = &'static str> + Clone {
    CATALOGUE.global_keys.iter().copied()
}

/// Whether condition keys with this prefix come from whoever vouches for a caller, and not from a service.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html>
#[must_use]
pub fn is_issuer(prefix: &str) -> bool {
    let prefix = prefix.to_ascii_lowercase();
    // Anyone can run an identity provider, and its keys begin with its host.
    prefix.contains(['.', '/']) || CATALOGUE.issuers.contains(prefix.as_str())
}

/// The actions an `Action` of a policy is about; none where no service has such a one. Of `*` there are too many to be of use.
pub fn actions(pattern: &str) -> impl Iterator<Item = Action> {
    let (prefix, name) = pattern.split_once(':').unwrap_or((pattern, ""));
    let name = name.to_owned();
    service(prefix).into_iter().flat_map(move |service| service.matching(&name))
}

/// What is wrong with an action of a policy that no service has, and what may be meant; nothing if there is one, or if it is not
/// known yet.
#[must_use]
pub fn why_unknown(action: &str) -> Option<String> {
    if matches!(action, "*" | "*:*") || is_unknown(action) {
        return None;
    }
    let (prefix, name) = action.split_once(':')?;
    let Some(service) = service(prefix) else {
        let near = nearest(prefix, services());
        let meant = near.map(|near| format!(": did you mean `{near}:{name}`?")).unwrap_or_default();
        return Some(format!("no service has the prefix `{prefix}`{meant}"));
    };
    if !service.matching(name).is_empty() {
        return None;
    }
    if name.contains(['*', '?']) {
        return Some(format!("`{action}` is about no action"));
    }
    let near = nearest(name, service.actions().map(|action| action.short_name()));
    let meant = near.map(|near| format!(": did you mean `{prefix}:{near}`?")).unwrap_or_default();
    Some(format!("there is no `{action}`{meant}"))
}

impl Service {
    /// Its prefix.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// All its actions, sorted by name.
    pub fn actions(&'static self) -> impl Iterator<Item = Action> + Clone {
        self.actions.iter().filter_map(|(name, group)| self.action(name, *group))
    }

    /// The actions whose name fits a pattern, in whatever case.
    #[must_use]
    pub fn matching(&'static self, pattern: &str) -> Vec<Action> {
        if pattern.contains(['*', '?']) {
            return self.actions().filter(|action| like(pattern, action.name, Case::Ignored)).collect();
        }
        let wanted = pattern.to_ascii_lowercase();
        let found = self.actions.binary_search_by_key(&wanted, |(name, _)| name.to_ascii_lowercase()).ok();
        let found = found.and_then(|place| self.actions.get(place));
        found.and_then(|(name, group)| self.action(name, *group)).into_iter().collect()
    }

    /// Every condition key it documents: `kms:ViaService`, `aws:RequestTag/${TagKey}`.
    pub fn condition_keys(&self) -> impl Iterator<Item = &'static str> + Clone {
        self.keys.iter().chain(&self.free_keys).copied()
    }

    /// Whether it documents a key for no action of its own; such a one may be in any request.
    #[must_use]
    pub fn has_free_key(&self, key: &str) -> bool {
        self.free_keys.iter().any(|known| is_key(known, key))
    }

    fn action(&'static self, name: &'static str, group: usize) -> Option<Action> {
        Some(Action { service: self, name, group: self.groups.get(group)? })
    }
}

impl Action {
    /// Its name with the service's prefix: `s3:GetObject`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}:{}", self.service.name, self.name)
    }

    /// Its name without the prefix.
    #[must_use]
    pub fn short_name(&self) -> &'static str {
        self.name
    }

    /// What it does.
    #[must_use]
    pub fn level(&self) -> AccessLevel {
        self.group.level
    }

    /// The resource types it is on; none if it is on no single resource, so that only `*` gives it.
    pub fn resource_types(&self) -> impl Iterator<Item = &'static ResourceType> {
        self.group.types.iter().filter_map(|number| self.service.types.get(*number))
    }

    /// The condition keys that its requests may have, global ones aside; a key of a resource type may come twice.
    pub fn condition_keys(&self) -> impl Iterator<Item = &'static str> {
        let of_types = self.resource_types().flat_map(|type_| &type_.keys);
        self.group.keys.iter().chain(of_types).filter_map(|number| self.service.keys.get(*number).copied())
    }

    /// Whether its requests may have a condition key.
    #[must_use]
    pub fn has_key(&self, key: &str) -> bool {
        self.condition_keys().any(|known| is_key(known, key))
    }

    /// Whether it can be on a resource that this `Resource` of a policy is about.
    #[must_use]
    pub fn fits(&self, resource: &str) -> bool {
        if resource == "*" {
            return true;
        }
        if self.group.types.is_empty() {
            return fit::may_be_nameless(resource);
        }
        self.resource_types().flat_map(ResourceType::arns).any(|arn| overlaps(resource, arn))
    }
}

impl ResourceType {
    /// Its name in AWS's tables.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The forms of its ARNs, with variables: `arn:${Partition}:s3:::${BucketName}`.
    pub fn arns(&self) -> impl Iterator<Item = &str> {
        self.arns.iter().map(String::as_str)
    }
}

/// Whether a key is the documented one, or one of those it stands for: `aws:RequestTag/${TagKey}` for `aws:RequestTag/team`.
#[must_use]
pub fn is_key(known: &str, key: &str) -> bool {
    let mut rest = key;
    let mut parts = known.split("${");
    let front = parts.next().unwrap_or_default();
    let Some(behind) = without_front(rest, front) else { return false };
    rest = behind;
    for part in parts {
        let fixed = part.split_once('}').map_or("", |(_, fixed)| fixed);
        if fixed.is_empty() {
            return !rest.is_empty();
        }
        let lower = rest.to_ascii_lowercase();
        let Some(at) = lower.rfind(&fixed.to_ascii_lowercase()).filter(|at| *at > 0) else { return false };
        rest = rest.get(at + fixed.len()..).unwrap_or_default();
    }
    rest.is_empty()
}

fn without_front<'t>(text: &'t str, front: &str) -> Option<&'t str> {
    let (head, rest) = text.split_at_checked(front.len())?;
    head.eq_ignore_ascii_case(front).then_some(rest)
}

#[cfg(test)]
mod tests;
