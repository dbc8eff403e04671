//! Users and groups, out of GetAccountAuthorizationDetails; and what wanted users sign in with, which it does not tell.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use aws_sdk_iam::primitives::DateTime;
use aws_sdk_iam::types::{AttachedPolicy, GroupDetail, PolicyDetail, StatusType, UserDetail};
use futures_util::future::try_join;
use futures_util::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use trueup_specs::ByName;

use super::{PAGE, SINGLE_CALLS_AT_ONCE, decoded};
use crate::error::Failure;
use crate::fields::{Tags, from_iam_tags};
use crate::session::Session;

const SECONDS_PER_DAY: u64 = 86_400;

/// A user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserFact {
    /// Its name.
    pub name: String,
    /// `/` or `/…/`.
    pub path: String,
    /// Its unique id, `AIDA…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The ARNs of the groups it is in.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub groups: BTreeSet<String>,
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
    /// Its access keys, without their secrets, oldest first; empty for a user nobody wants.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub access_keys: Vec<AccessKeyFact>,
    /// Since when it has a password, as a date and time; none, or not asked for a user nobody wants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_since: Option<String>,
}

/// An access key, without its secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessKeyFact {
    /// When it was made, as a date and time.
    pub since: String,
    /// `AKIA…`
    pub id: String,
    /// Whether it can be used.
    pub active: bool,
    /// How old it was when it was read, in whole days.
    #[serde(default)]
    pub age_days: u64,
}

impl AccessKeyFact {
    /// Whether it can be used, in a word.
    pub(crate) fn state(&self) -> &'static str {
        if self.active { "active" } else { "inactive" }
    }
}

/// A group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupFact {
    /// Its name.
    pub name: String,
    /// `/` or `/…/`.
    pub path: String,
    /// Its unique id, `AGPA…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The inline policies by name.
    #[serde(default, skip_serializing_if = "ByName::is_empty")]
    pub inline: ByName<String>,
    /// The ARNs of the attached managed policies.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub managed_policies: BTreeSet<String>,
}

/// The groups among the details, by name.
pub(super) fn group_facts(details: Vec<GroupDetail>) -> Vec<GroupFact> {
    let mut groups: Vec<GroupFact> = details
        .into_iter()
        .filter_map(|detail| {
            Some(GroupFact {
                name: detail.group_name?,
                path: detail.path.unwrap_or_else(|| "/".to_owned()),
                id: detail.group_id.unwrap_or_default(),
                arn: detail.arn?,
                inline: inline(detail.group_policy_list),
                managed_policies: attached(detail.attached_managed_policies),
            })
        })
        .collect();
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    groups
}

/// The users among the details, by name. The details name their groups without paths, so these come from the groups' own.
pub(super) fn user_facts(details: Vec<UserDetail>, groups: &[GroupFact]) -> Vec<UserFact> {
    let arns: BTreeMap<&str, &str> = groups.iter().map(|group| (group.name.as_str(), group.arn.as_str())).collect();
    let mut users: Vec<UserFact> = details
        .into_iter()
        .filter_map(|detail| {
            let arn = detail.arn?;
            // A group that was made while the pages were read has no details; without a path its name stands for it.
            let account = arn.split(":user/").next().unwrap_or_default();
            let of = |name: &String| match arns.get(name.as_str()) {
                Some(arn) => (*arn).to_owned(),
                None => format!("{account}:group/{name}"),
            };
            Some(UserFact {
                name: detail.user_name?,
                path: detail.path.unwrap_or_else(|| "/".to_owned()),
                id: detail.user_id.unwrap_or_default(),
                groups: detail.group_list.unwrap_or_default().iter().map(of).collect(),
                arn,
                inline: inline(detail.user_policy_list),
                managed_policies: attached(detail.attached_managed_policies),
                permissions_boundary: detail.permissions_boundary.and_then(|one| one.permissions_boundary_arn),
                tags: from_iam_tags(&detail.tags.unwrap_or_default()),
                access_keys: Vec::new(),
                password_since: None,
            })
        })
        .collect();
    users.sort_by(|a, b| a.name.cmp(&b.name));
    users
}

fn inline(policies: Option<Vec<PolicyDetail>>) -> ByName<String> {
    let policies = policies.unwrap_or_default().into_iter();
    policies
        .filter_map(|policy| Some((policy.policy_name?, decoded(&policy.policy_document.unwrap_or_default()))))
        .collect()
}

fn attached(policies: Option<Vec<AttachedPolicy>>) -> BTreeSet<String> {
    policies.unwrap_or_default().into_iter().filter_map(|policy| policy.policy_arn).collect()
}

/// Asks what the wanted users sign in with.
pub(super) async fn complete_users(
    session: &Session,
    wanted: &BTreeSet<&str>,
    users: &mut [UserFact],
) -> Result<(), Failure> {
    let wanted = users.iter_mut().filter(|user| wanted.contains(user.name.as_str()));
    futures_util::stream::iter(wanted)
        .map(Ok)
        .try_for_each_concurrent(SINGLE_CALLS_AT_ONCE, |user| async move {
            (user.access_keys, user.password_since) =
                try_join(access_keys(session, &user.name), password_since(session, &user.name)).await?;
            Ok(())
        })
        .await
}

async fn access_keys(session: &Session, user: &str) -> Result<Vec<AccessKeyFact>, Failure> {
    let answer = match session.iam().list_access_keys().user_name(user).max_items(PAGE).send().await {
        Ok(answer) => answer,
        Err(error) => {
            // A user that was removed since it was listed has no keys.
            super::absent(session.failure("iam:ListAccessKeys", &error))?;
            return Ok(Vec::new());
        }
    };
    let keys = answer.access_key_metadata.into_iter();
    let mut keys: Vec<AccessKeyFact> = keys
        .filter_map(|key| {
            let active = key.status == Some(StatusType::Active);
            let made = key.create_date.as_ref();
            Some(AccessKeyFact { since: date(made), id: key.access_key_id?, active, age_days: age_days(made) })
        })
        .collect();
    keys.sort();
    Ok(keys)
}

async fn password_since(session: &Session, user: &str) -> Result<Option<String>, Failure> {
    match session.iam().get_login_profile().user_name(user).send().await {
        Ok(answer) => Ok(answer.login_profile.map(|profile| date(Some(&profile.create_date)))),
        Err(error) => {
            super::absent(session.failure("iam:GetLoginProfile", &error))?;
            Ok(None)
        }
    }
}

/// The whole days from then until now; none for a time to come, by a clock that differs from AWS's.
#[expect(clippy::disallowed_methods, reason = "a source reads the world, and when it reads is part of what it reads")]
fn age_days(since: Option<&DateTime>) -> u64 {
    let since = since.and_then(|since| SystemTime::try_from(*since).ok());
    let age = since.and_then(|since| SystemTime::now().duration_since(since).ok());
    age.map_or(0, |age| age.as_secs() / SECONDS_PER_DAY)
}

fn date(date: Option<&DateTime>) -> String {
    date.map(ToString::to_string).unwrap_or_default()
}
