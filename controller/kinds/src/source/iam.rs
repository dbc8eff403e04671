//! IAM, an account at a time: roles, users, groups, customer managed policies and instance profiles, in a handful of calls.
//!
//! No single listing tells all: GetAccountAuthorizationDetails lacks a role's description and session length, ListRoles its tags,
//! policies and boundary; neither tells the tags of policies and instance profiles, which the Resource Groups Tagging API does. The
//! four are read side by side and merged. That index lags, so a wanted policy or profile which it does not show as ours is asked
//! about singly; one that it shows as ours with a stale value of another tag makes a plan that tags again, which changes nothing.
//! A policy's description is in no listing at all: it is taken from the record of the last apply while the policy's id is the same,
//! since IAM can't change it, and else asked for.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_iam::types::{EntityType, GroupDetail, InstanceProfile, ManagedPolicyDetail, Role, RoleDetail, UserDetail};
use futures_util::future::{try_join, try_join4};
use futures_util::{StreamExt, TryStreamExt};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use trueup_engine::facts::{Unread, Wanted, wants_all};
use trueup_specs::ByName;

use self::account::SettingsFact;
use self::providers::{OidcProviderFact, SamlProviderFact};
use self::users::{GroupFact, UserFact};
use super::tagging::{OWNED, Tagged, tagged};
use crate::count::Counter;
use crate::error::Failure;
use crate::fields::{Tags, from_iam_tags};
use crate::policy;
use crate::service_linked_role::Linked;
use crate::session::{GLOBAL_REGION, Session};

pub mod account;
pub mod providers;
pub mod users;

/// The source's name.
pub const NAME: &str = "iam";

/// What a spec tells beside its policy's name if the policy may be spread over several; their names begin with it.
pub(crate) const PACKED: &str = "packed";

/// The tag that says which address a thing has.
const ADDRESS: &str = "trueup:address";

/// The most that one answer of an IAM listing can hold.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html>
const PAGE: i32 = 1_000;

/// What is looked up in the index of tags.
/// <https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html>
const INDEXED: [&str; 3] = ["iam:policy", "iam:instance-profile", "iam:saml-provider"];

/// Single questions at once. IAM throttles an account as a whole, at a rate it does not publish.
const SINGLE_CALLS_AT_ONCE: usize = 8;

/// The path under which AWS keeps the roles of its services, which only they may change.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html>
pub(crate) const SERVICE_LINKED: &str = "/aws-service-role/";

/// All that trueup knows of an account's IAM. Documents are percent-decoded; lists are sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IamFacts {
    /// All roles but the service-linked ones.
    pub roles: Vec<RoleFact>,
    /// The customer managed policies.
    pub policies: Vec<PolicyFact>,
    /// The instance profiles.
    pub instance_profiles: Vec<InstanceProfileFact>,
    /// The users.
    pub users: Vec<UserFact>,
    /// The groups.
    pub groups: Vec<GroupFact>,
    /// The service-linked roles.
    pub service_linked_roles: Vec<ServiceLinkedRoleFact>,
    /// The OpenID Connect providers.
    pub oidc_providers: Vec<OidcProviderFact>,
    /// The SAML providers that are wanted or ours.
    pub saml_providers: Vec<SamlProviderFact>,
    /// The account's own settings; not asked for where nobody wants them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<SettingsFact>,
}

/// A role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleFact {
    /// Its name.
    pub name: String,
    /// `/` or `/…/`.
    pub path: String,
    /// Its unique id, `AROA…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its description; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Seconds.
    pub max_session_duration: i32,
    /// The trust policy.
    pub trust: String,
    /// The inline policies by name.
    #[serde(default, skip_serializing_if = "ByName::is_empty")]
    pub inline: ByName<String>,
    /// The ARNs of the attached managed policies.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub managed_policies: BTreeSet<String>,
    /// The ARN of the permissions boundary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions_boundary: Option<String>,
    /// All tags.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

/// A service-linked role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceLinkedRoleFact {
    /// Its name.
    pub name: String,
    /// Its unique id, `AROA…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The service, as policies name it.
    pub service: String,
    /// What tells it from others of the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_suffix: Option<String>,
    /// Its description; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// All tags.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

/// A customer managed policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyFact {
    /// Its name.
    pub name: String,
    /// `/` or `/…/`.
    pub path: String,
    /// Its unique id, `ANPA…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its description; empty for none, and where nobody wants the policy.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The version in effect.
    pub default_version: String,
    /// All versions, oldest first.
    pub versions: Vec<String>,
    /// The document of the version in effect.
    pub document: String,
    /// All tags, as far as they could be read: those of a policy nobody wants come from the index alone.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

/// An instance profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceProfileFact {
    /// Its name.
    pub name: String,
    /// `/` or `/…/`.
    pub path: String,
    /// Its unique id, `AIPA…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The ARN of the role in it; AWS allows one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// All tags, as far as they could be read; see [`PolicyFact::tags`].
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

/// Reads an account's IAM.
///
/// # Errors
/// When one of the listings could not be read: half of a role is none. Where only the index of tags is closed to the caller
/// (`tag:GetResources`), the wanted policies and profiles are asked about singly, and those nobody wants show no tags.
pub async fn read(session: &Session, wanted: &[Wanted], counter: &Counter) -> Result<IamFacts, Unread> {
    let wanted = WantedNames::of(wanted);
    let listings =
        try_join4(details(session), list_roles(session), list_instance_profiles(session), tag_index(session));
    let ((details, listed, profiles, index), oidc_providers) =
        try_join(listings, providers::read_oidc(session)).await?;
    let Details { roles, policies, users, groups } = details;
    let service_linked_roles = service_linked_roles(&roles, &listed);
    let roles = merge_roles(session, &wanted, roles, listed).await?;
    let groups = users::group_facts(groups);
    let mut facts = IamFacts {
        roles,
        policies: policies.into_iter().filter_map(policy_fact).collect(),
        instance_profiles: profiles.into_iter().map(profile_fact).collect(),
        users: users::user_facts(users, &groups),
        groups,
        service_linked_roles,
        oidc_providers,
        saml_providers: providers::read_saml(session, &wanted.saml_providers, wanted.all_saml_providers, &index)
            .await?,
        settings: None,
    };
    if wanted.settings {
        facts.settings = Some(account::read_settings(session).await?);
    }
    users::complete_users(session, &wanted.users, &mut facts.users).await?;
    complete_policies(session, &wanted, &index, &mut facts.policies).await?;
    put_profile_tags(session, &wanted, &index, &mut facts.instance_profiles).await?;
    facts.roles.sort_by(|a, b| a.name.cmp(&b.name));
    facts.policies.sort_by(|a, b| a.name.cmp(&b.name));
    facts.instance_profiles.sort_by(|a, b| a.name.cmp(&b.name));
    counter.objects(facts.objects());
    Ok(facts)
}

impl IamFacts {
    /// What is in an account that nobody has made yet: nothing, and that is known.
    pub(super) fn of_new_account() -> Self {
        Self { settings: Some(SettingsFact::default()), ..Self::default() }
    }

    /// How many things they are about.
    fn objects(&self) -> usize {
        let Self {
            roles,
            policies,
            instance_profiles,
            users,
            groups,
            service_linked_roles,
            oidc_providers,
            saml_providers,
            settings,
        } = self;
        let lengths = [roles.len(), policies.len(), instance_profiles.len(), users.len(), groups.len()];
        lengths.iter().sum::<usize>()
            + service_linked_roles.len()
            + oidc_providers.len()
            + saml_providers.len()
            + usize::from(settings.is_some())
    }
}

/// The wanted things of each kind, by name.
struct WantedNames<'w> {
    roles: BTreeSet<&'w str>,
    users: BTreeSet<&'w str>,
    policies: BTreeMap<&'w str, &'w Wanted>,
    profiles: BTreeMap<&'w str, &'w Wanted>,
    all_policies: bool,
    all_profiles: bool,
    saml_providers: BTreeSet<&'w str>,
    all_saml_providers: bool,
    settings: bool,
}

impl<'w> WantedNames<'w> {
    fn of(wanted: &'w [Wanted]) -> Self {
        let of_kind = |kind: &'static str| {
            wanted.iter().filter(move |one| &*one.kind == kind).map(|one| (one.name.as_str(), one))
        };
        Self {
            roles: of_kind("role").map(|(name, _)| name).collect(),
            users: of_kind("user").map(|(name, _)| name).collect(),
            policies: of_kind("policy").collect(),
            profiles: of_kind("instance_profile").collect(),
            all_policies: wants_all(wanted, "policy"),
            all_profiles: wants_all(wanted, "instance_profile"),
            saml_providers: of_kind("saml_provider")
                .filter(|(_, one)| !one.is_everything())
                .map(|(name, _)| name)
                .collect(),
            all_saml_providers: wants_all(wanted, "saml_provider"),
            settings: of_kind("account_settings").next().is_some(),
        }
    }
}

/// What GetAccountAuthorizationDetails tells.
#[derive(Default)]
struct Details {
    roles: Vec<RoleDetail>,
    policies: Vec<ManagedPolicyDetail>,
    users: Vec<UserDetail>,
    groups: Vec<GroupDetail>,
}

async fn details(session: &Session) -> Result<Details, Failure> {
    let mut details = Details::default();
    let mut marker = None;
    loop {
        let page = session
            .iam()
            .get_account_authorization_details()
            .filter(EntityType::Role)
            .filter(EntityType::LocalManagedPolicy)
            .filter(EntityType::User)
            .filter(EntityType::Group)
            .max_items(PAGE)
            .set_marker(marker)
            .send()
            .await
            .map_err(|error| session.failure("iam:GetAccountAuthorizationDetails", &error))?;
        details.roles.extend(page.role_detail_list.unwrap_or_default());
        details.policies.extend(page.policies.unwrap_or_default());
        details.users.extend(page.user_detail_list.unwrap_or_default());
        details.groups.extend(page.group_detail_list.unwrap_or_default());
        // A page may be empty and yet not the last.
        marker = page.marker.filter(|_| page.is_truncated);
        if marker.is_none() {
            return Ok(details);
        }
    }
}

async fn list_roles(session: &Session) -> Result<HashMap<String, Role>, Failure> {
    let mut roles = HashMap::new();
    let mut marker = None;
    loop {
        let page = session
            .iam()
            .list_roles()
            .max_items(PAGE)
            .set_marker(marker)
            .send()
            .await
            .map_err(|error| session.failure("iam:ListRoles", &error))?;
        roles.extend(page.roles.into_iter().map(|role| (role.role_name.clone(), role)));
        marker = page.marker.filter(|_| page.is_truncated);
        if marker.is_none() {
            return Ok(roles);
        }
    }
}

async fn list_instance_profiles(session: &Session) -> Result<Vec<InstanceProfile>, Failure> {
    let mut profiles = Vec::new();
    let mut marker = None;
    loop {
        let page = session
            .iam()
            .list_instance_profiles()
            .max_items(PAGE)
            .set_marker(marker)
            .send()
            .await
            .map_err(|error| session.failure("iam:ListInstanceProfiles", &error))?;
        profiles.extend(page.instance_profiles);
        marker = page.marker.filter(|_| page.is_truncated);
        if marker.is_none() {
            return Ok(profiles);
        }
    }
}

/// The tags of policies, instance profiles and SAML providers by ARN; empty where the caller may not ask.
async fn tag_index(session: &Session) -> Result<Tagged, Failure> {
    // IAM is global, and in the `aws` partition its tags are indexed in this region alone.
    let indexed = if session.partition() == "aws" { session.in_region(GLOBAL_REGION) } else { session.clone() };
    match tagged(indexed.tagging(), session.who(), &INDEXED, None).await {
        Err(failure) if failure.is_denied() => {
            tracing::debug!(%failure, "the index of tags is closed, wanted things are asked about singly");
            Ok(Tagged::new())
        }
        other => other,
    }
}

/// Puts the two halves of each role together.
async fn merge_roles(
    session: &Session,
    wanted: &WantedNames<'_>,
    details: Vec<RoleDetail>,
    mut listed: HashMap<String, Role>,
) -> Result<Vec<RoleFact>, Failure> {
    let mut roles = Vec::with_capacity(details.len());
    for detail in details {
        let Some(name) = detail.role_name.clone() else { continue };
        let other = listed.remove(&name);
        if detail.path().is_some_and(|path| path.starts_with(SERVICE_LINKED)) {
            continue;
        }
        let other = match other {
            Some(role) => Some(role),
            None if wanted.roles.contains(&*name) || detail.tags().iter().any(|tag| tag.key() == OWNED) => {
                get_role(session, &name).await?
            }
            // Made or removed while the listings were read, and nobody's concern here.
            None => None,
        };
        if let Some(other) = other {
            roles.push(role_fact(name, detail, other));
        }
    }
    // A wanted role that only the other listing shows is there, but nothing tells what it may do.
    match listed.keys().find(|name| wanted.roles.contains(name.as_str())) {
        None => Ok(roles),
        Some(name) => Err(Failure::local(
            Some(session.who().clone()),
            "iam:GetAccountAuthorizationDetails",
            format!("IAM does not show all of role {name} yet, which was made moments ago"),
            Some("run the same command again in a few seconds".to_owned()),
        )),
    }
}

/// The service-linked roles among the details; one that only one of the listings shows was made or removed while they were read.
fn service_linked_roles(details: &[RoleDetail], listed: &HashMap<String, Role>) -> Vec<ServiceLinkedRoleFact> {
    let mut roles: Vec<ServiceLinkedRoleFact> = details
        .iter()
        .filter_map(|detail| {
            let other = listed.get(detail.role_name()?)?;
            let Linked { service, custom_suffix } = Linked::of(&other.path, &other.role_name)?;
            Some(ServiceLinkedRoleFact {
                name: other.role_name.clone(),
                id: other.role_id.clone(),
                arn: other.arn.clone(),
                service,
                custom_suffix,
                description: other.description.clone().unwrap_or_default(),
                tags: from_iam_tags(detail.tags()),
            })
        })
        .collect();
    roles.sort_by(|a, b| a.name.cmp(&b.name));
    roles
}

async fn get_role(session: &Session, name: &str) -> Result<Option<Role>, Failure> {
    match session.iam().get_role().role_name(name).send().await {
        Ok(answer) => Ok(answer.role),
        Err(error) => {
            let failure = session.failure("iam:GetRole", &error);
            if failure.is("NoSuchEntity") { Ok(None) } else { Err(failure) }
        }
    }
}

/// Tags and descriptions of policies: the index tells the tags, the record the description; a wanted policy which the index does not
/// show as wanted, or which is not on record, is asked about singly.
async fn complete_policies(
    session: &Session,
    wanted: &WantedNames<'_>,
    index: &Tagged,
    policies: &mut [PolicyFact],
) -> Result<(), Failure> {
    let singly = futures_util::stream::iter(policies.iter_mut().filter_map(|policy| {
        policy.tags = index.get(&policy.arn).cloned().unwrap_or_default();
        if wanted.all_policies {
            return Some(policy);
        }
        let Some(wanted) = wanted.policies.get(policy.name.as_str()) else {
            // That the index does not show one as ours yet must not hide that it is another's part. Its description is that one's.
            let (base, _) = policy::part_base(&policy.name)?;
            let wanted = wanted.policies.get(base).filter(|wanted| wanted.recorded.contains_key(PACKED))?;
            return (policy.tags.get(ADDRESS) != Some(&wanted.address)).then_some(policy);
        };
        let ours = policy.tags.get(ADDRESS) == Some(&wanted.address);
        match wanted.recorded.get("description") {
            Some(description) if ours && wanted.recorded.get("id") == Some(&policy.id) => {
                policy.description.clone_from(description);
                None
            }
            Some(_) | None => Some(policy),
        }
    }));
    singly
        .map(Ok)
        .try_for_each_concurrent(SINGLE_CALLS_AT_ONCE, |policy| async move {
            match session.iam().get_policy().policy_arn(&policy.arn).send().await {
                Ok(answer) => {
                    let found = answer.policy;
                    policy.tags = found.as_ref().map(|found| from_iam_tags(found.tags())).unwrap_or_default();
                    policy.description = found.and_then(|found| found.description).unwrap_or_default();
                }
                Err(error) => absent(session.failure("iam:GetPolicy", &error))?,
            }
            Ok(())
        })
        .await
}

/// Tags of instance profiles: the index's, or for a wanted one that the index does not show as wanted, IAM's own.
async fn put_profile_tags(
    session: &Session,
    wanted: &WantedNames<'_>,
    index: &Tagged,
    profiles: &mut [InstanceProfileFact],
) -> Result<(), Failure> {
    let singly = futures_util::stream::iter(profiles.iter_mut().filter_map(|profile| {
        profile.tags = index.get(&profile.arn).cloned().unwrap_or_default();
        if wanted.all_profiles {
            return Some(profile);
        }
        let wanted = wanted.profiles.get(profile.name.as_str())?;
        (profile.tags.get(ADDRESS) != Some(&wanted.address)).then_some(profile)
    }));
    singly
        .map(Ok)
        .try_for_each_concurrent(SINGLE_CALLS_AT_ONCE, |profile| async move {
            match session.iam().list_instance_profile_tags().instance_profile_name(&profile.name).send().await {
                Ok(answer) => profile.tags = from_iam_tags(&answer.tags),
                Err(error) => absent(session.failure("iam:ListInstanceProfileTags", &error))?,
            }
            Ok(())
        })
        .await
}

/// Something that was removed since it was listed has no tags; anything else is a failure.
fn absent(failure: Failure) -> Result<(), Failure> {
    if failure.is("NoSuchEntity") { Ok(()) } else { Err(failure) }
}

fn role_fact(name: String, detail: RoleDetail, other: Role) -> RoleFact {
    let inline = detail.role_policy_list.unwrap_or_default().into_iter();
    let attached = detail.attached_managed_policies.unwrap_or_default().into_iter();
    RoleFact {
        name,
        path: other.path,
        id: other.role_id,
        arn: other.arn,
        description: other.description.unwrap_or_default(),
        max_session_duration: other.max_session_duration.unwrap_or(crate::role::MAX_SESSION_DEFAULT),
        trust: decoded(detail.assume_role_policy_document.as_deref().unwrap_or_default()),
        inline: inline
            .filter_map(|policy| Some((policy.policy_name?, decoded(&policy.policy_document.unwrap_or_default()))))
            .collect(),
        managed_policies: attached.filter_map(|policy| policy.policy_arn).collect(),
        permissions_boundary: detail.permissions_boundary.and_then(|boundary| boundary.permissions_boundary_arn),
        tags: from_iam_tags(&detail.tags.unwrap_or_default()),
    }
}

fn policy_fact(detail: ManagedPolicyDetail) -> Option<PolicyFact> {
    let versions = detail.policy_version_list.unwrap_or_default();
    let in_effect = versions.iter().find(|version| version.is_default_version);
    let document = in_effect.and_then(|version| version.document.as_deref()).unwrap_or_default();
    let document = decoded(document);
    let default_version = detail
        .default_version_id
        .or_else(|| in_effect.and_then(|version| version.version_id.clone()))
        .unwrap_or_default();
    let mut versions: Vec<String> = versions.into_iter().filter_map(|version| version.version_id).collect();
    versions.sort_by_key(|version| version_number(version));
    Some(PolicyFact {
        name: detail.policy_name?,
        path: detail.path.unwrap_or_else(|| "/".to_owned()),
        id: detail.policy_id.unwrap_or_default(),
        arn: detail.arn?,
        description: detail.description.unwrap_or_default(),
        default_version,
        versions,
        document,
        tags: Tags::new(),
    })
}

/// The number in `v12`: versions are numbered as they are made.
fn version_number(version: &str) -> u64 {
    version.trim_start_matches('v').parse().unwrap_or(u64::MAX)
}

fn profile_fact(profile: InstanceProfile) -> InstanceProfileFact {
    InstanceProfileFact {
        name: profile.instance_profile_name,
        path: profile.path,
        id: profile.instance_profile_id,
        arn: profile.arn,
        role: profile.roles.into_iter().next().map(|role| role.arn),
        tags: Tags::new(),
    }
}

/// A document as IAM sends it (percent-encoded, RFC 3986) as JSON text.
#[must_use]
pub fn decoded(document: &str) -> String {
    percent_decode_str(document).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests;
