//! What IAM remembers of one account, and what other services may ask of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// What IAM remembers of one account.
///
/// Every map is keyed by the lower-case name: IAM does not let two names differ in case only.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    pub(super) roles: BTreeMap<String, Role>,
    pub(super) users: BTreeMap<String, User>,
    pub(super) groups: BTreeMap<String, Group>,
    pub(super) policies: BTreeMap<String, Policy>,
    pub(super) instance_profiles: BTreeMap<String, InstanceProfile>,
    /// The ARN behind each unique id of a role or user that exists.
    pub(super) principals: BTreeMap<String, String>,
    /// By URL without `https://`.
    pub(super) oidc_providers: BTreeMap<String, OidcProvider>,
    pub(super) saml_providers: BTreeMap<String, SamlProvider>,
    /// The account's alias; there is one at most.
    pub(super) alias: Option<String>,
    /// What passwords must be like; without it, AWS's default.
    pub(super) password_policy: Option<PasswordPolicy>,
}

/// The empty state, lent out for an account nobody has called yet.
pub(super) static NOTHING: State = State {
    roles: BTreeMap::new(),
    users: BTreeMap::new(),
    groups: BTreeMap::new(),
    policies: BTreeMap::new(),
    instance_profiles: BTreeMap::new(),
    principals: BTreeMap::new(),
    oidc_providers: BTreeMap::new(),
    saml_providers: BTreeMap::new(),
    alias: None,
    password_policy: None,
};

/// What every IAM entity has.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Identity {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) id: String,
    pub(super) arn: String,
    /// ISO 8601, in seconds, UTC.
    pub(super) created: String,
}

impl Identity {
    /// Another name or path, and the ARN that comes of it.
    pub(super) fn move_to(&mut self, account: &str, sort: &str, name: Option<String>, path: Option<String>) {
        self.name = name.unwrap_or_else(|| self.name.clone());
        self.path = path.unwrap_or_else(|| self.path.clone());
        self.arn = format!("arn:aws:iam::{account}:{sort}{}{}", self.path, self.name);
    }
}

/// A tag; the order in which tags were set is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tag {
    pub(super) key: String,
    pub(super) value: String,
}

/// The permissions of a role, user or group.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Grants {
    /// Inline documents by policy name, each as it was sent.
    pub(super) inline: BTreeMap<String, String>,
    /// ARNs of managed policies.
    pub(super) attached: BTreeSet<String>,
    /// The ARN of the permissions boundary; a group never has one.
    pub(super) boundary: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Role {
    pub(super) identity: Identity,
    /// Compact JSON; role and user ARNs stand as unique ids.
    pub(super) trust: String,
    pub(super) description: Option<String>,
    pub(super) session_seconds_max: u32,
    pub(super) grants: Grants,
    pub(super) tags: Vec<Tag>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct User {
    pub(super) identity: Identity,
    pub(super) grants: Grants,
    pub(super) tags: Vec<Tag>,
    pub(super) keys: Vec<AccessKey>,
    #[serde(default)]
    pub(super) login_profile: Option<LoginProfile>,
}

/// That a user has a password. The password itself is kept nowhere.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct LoginProfile {
    pub(super) created: String,
    pub(super) reset_required: bool,
}

/// What the passwords of an account's users must be like.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct PasswordPolicy {
    pub(super) minimum_length: u32,
    pub(super) symbols: bool,
    pub(super) numbers: bool,
    pub(super) uppercase: bool,
    pub(super) lowercase: bool,
    pub(super) users_may_change: bool,
    pub(super) max_age_days: Option<u32>,
    pub(super) reuse_prevention: Option<u32>,
    pub(super) hard_expiry: Option<bool>,
}

/// An access key, without its secret: that is shown once and kept nowhere.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AccessKey {
    pub(super) id: String,
    pub(super) active: bool,
    pub(super) created: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Group {
    pub(super) identity: Identity,
    pub(super) grants: Grants,
    /// Lower-case names of the users in it.
    pub(super) members: BTreeSet<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Policy {
    pub(super) identity: Identity,
    pub(super) description: Option<String>,
    pub(super) updated: String,
    /// Documents by version number, each as it was sent.
    pub(super) versions: BTreeMap<u32, PolicyVersion>,
    pub(super) default_version: u32,
    /// The number the next version gets; numbers are never used twice.
    pub(super) next_version: u32,
    pub(super) tags: Vec<Tag>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct PolicyVersion {
    pub(super) document: String,
    pub(super) created: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct InstanceProfile {
    pub(super) identity: Identity,
    /// The lower-case name of the one role it may hold.
    pub(super) role: Option<String>,
    pub(super) tags: Vec<Tag>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct OidcProvider {
    pub(super) arn: String,
    pub(super) created: String,
    /// In the order they were added.
    pub(super) client_ids: Vec<String>,
    pub(super) thumbprints: Vec<String>,
    pub(super) tags: Vec<Tag>,
}

/// A SAML provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SamlProvider {
    pub(super) arn: String,
    pub(super) created: String,
    pub(super) metadata: String,
    /// `Required` or `Allowed`, if it was said.
    pub(super) encryption: Option<String>,
    pub(super) tags: Vec<Tag>,
}

/// How often a managed policy is used.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    pub(super) attached: usize,
    pub(super) boundary: usize,
}

/// The key of a name in the maps of [`State`].
pub(super) fn key(name: &str) -> String {
    name.to_ascii_lowercase()
}

impl State {
    /// The trust policy of a role as compact JSON, with roles and users named by their unique ids;
    /// [`World::show_principals`](crate::world::World::show_principals) makes ARNs of them.
    pub fn role_trust(&self, role_name: &str) -> Option<&str> {
        self.roles.get(&key(role_name)).filter(|role| role.identity.name == role_name).map(|role| role.trust.as_str())
    }

    /// The ARN of a role of the account, known by its bare name.
    pub fn role_arn(&self, account: &str, role_name: &str) -> Option<String> {
        let identity = &self.roles.get(&key(role_name))?.identity;
        let found = identity.name == role_name && identity.arn.split(':').nth(4) == Some(account);
        found.then(|| identity.arn.clone())
    }

    /// The longest session a role may be assumed for, in seconds.
    pub fn role_session_seconds_max(&self, role_name: &str) -> Option<u32> {
        self.roles
            .get(&key(role_name))
            .filter(|role| role.identity.name == role_name)
            .map(|role| role.session_seconds_max)
    }

    /// Whether a role or user with this very ARN, path included, exists.
    pub fn has_principal(&self, arn: &str) -> bool {
        self.unique_id(arn).is_some()
    }

    /// The unique id (`AROA…`, `AIDA…`) behind the ARN of a role or user.
    pub fn unique_id(&self, arn: &str) -> Option<&str> {
        let resource = arn.splitn(6, ':').nth(5)?;
        let (kind, rest) = resource.split_once('/')?;
        let name = key(rest.rsplit('/').next().unwrap_or(rest));
        let identity = match kind {
            "role" => &self.roles.get(&name)?.identity,
            "user" => &self.users.get(&name)?.identity,
            _ => return None,
        };
        (identity.arn == arn).then_some(identity.id.as_str())
    }

    /// The ARN of the role or user with this unique id, while it exists.
    pub fn arn_of(&self, unique_id: &str) -> Option<String> {
        self.principals.get(unique_id).cloned()
    }

    /// The user an access key belongs to, as its ARN and unique id, if the key is active.
    pub fn access_key_user(&self, access_key_id: &str) -> Option<(&str, &str)> {
        let mut users = self.users.values();
        users.find_map(|user| {
            let found = user.keys.iter().any(|held| held.active && held.id == access_key_id);
            found.then_some((user.identity.arn.as_str(), user.identity.id.as_str()))
        })
    }

    /// What the Resource Groups Tagging API sees of IAM: tagged customer managed policies, instance profiles and
    /// identity providers, not roles and users. Source: <https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html>.
    pub fn tagged(&self, account: &str) -> Vec<(String, Vec<(String, String)>)> {
        let policies = self.policies.values().map(|policy| (&policy.identity, &policy.tags));
        let profiles = self.instance_profiles.values().map(|profile| (&profile.identity, &profile.tags));
        let oidc = self.oidc_providers.values().map(|provider| (&provider.arn, &provider.tags));
        let saml = self.saml_providers.values().map(|provider| (&provider.arn, &provider.tags));
        policies
            .chain(profiles)
            .map(|(identity, tags)| (&identity.arn, tags))
            .chain(oidc)
            .chain(saml)
            .filter(|(arn, tags)| !tags.is_empty() && arn.split(':').nth(4) == Some(account))
            .map(|(arn, tags)| {
                let tags = tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect();
                (arn.clone(), tags)
            })
            .collect()
    }

    /// The customer managed policy with this very ARN.
    pub(super) fn policy_by_arn(&self, arn: &str) -> Option<&Policy> {
        self.policies.get(&key(arn.rsplit('/').next()?)).filter(|policy| policy.identity.arn == arn)
    }

    /// How often each managed policy is attached and how often it is a boundary, by ARN.
    pub(super) fn usage(&self) -> BTreeMap<&str, Usage> {
        let mut usage: BTreeMap<&str, Usage> = BTreeMap::new();
        for grants in self.all_grants() {
            for arn in &grants.attached {
                usage.entry(arn).or_default().attached += 1;
            }
            if let Some(arn) = &grants.boundary {
                usage.entry(arn).or_default().boundary += 1;
            }
        }
        usage
    }

    fn all_grants(&self) -> impl Iterator<Item = &Grants> {
        let roles = self.roles.values().map(|role| &role.grants);
        let users = self.users.values().map(|user| &user.grants);
        let groups = self.groups.values().map(|group| &group.grants);
        roles.chain(users).chain(groups)
    }
}
