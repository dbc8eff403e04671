//! An organization, as its management account sees it: one walk over the tree of units and accounts, and the policies.
//!
//! A unit takes one listing of the units in it and one of the accounts in it, a page of twenty at a time; no account takes a call of its
//! own. Tags come from the index of the Resource Groups Tagging API, which lags: what is wanted and is not shown as ours there is asked
//! about singly. Of policies, those that are wanted or ours are read whole.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_organizations::types::{Account, OrganizationalUnit, PolicyType, PolicyTypeStatus, Root};
use futures_util::future::{try_join, try_join3};
use futures_util::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use trueup_engine::facts::{Unread, Wanted, wants_all};

use super::tagging::{OWNED, Tagged, tagged};
use crate::count::Counter;
use crate::error::Failure;
use crate::fields::Tags;
use crate::made::{home, tags_of};
use crate::session::Session;

/// The source's name.
pub const NAME: &str = "organizations";

/// The tag that says which address a thing has.
const ADDRESS: &str = "trueup:address";

/// The most that one answer can hold.
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccountsForParent.html>
const PAGE: i32 = 20;

/// Questions at once. Organizations throttles an account as a whole; the listings allow some ten a second.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
const CALLS_AT_ONCE: usize = 8;

/// How deep units nest. <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
pub(crate) const DEPTH_MAX: usize = 5;

/// All that trueup knows of an organization. Lists are sorted by id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrganizationFacts {
    /// The organization; none where the account is in none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<OrganizationFact>,
    /// All accounts, closed ones too.
    pub accounts: Vec<AccountFact>,
    /// All units.
    pub units: Vec<UnitFact>,
    /// The policies that are wanted or ours.
    pub policies: Vec<PolicyFact>,
}

/// The organization itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganizationFact {
    /// `o-…`
    pub id: String,
    /// `r-…`
    pub root: String,
    /// The id of the account that manages it.
    #[serde(default)]
    pub management: String,
    /// The policy types that are enabled in the root.
    pub policy_types: BTreeSet<String>,
}

/// An account of the organization.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountFact {
    /// Twelve digits.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The address of its root user.
    pub email: String,
    /// `ACTIVE`, `SUSPENDED`, ….
    pub state: String,
    /// The id of the root or unit it is in.
    pub parent: String,
    /// When it joined, in seconds since 1970.
    pub joined_at: i64,
    /// All tags, as far as they could be read: those of an account nobody wants come from the index alone.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

/// An organizational unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitFact {
    /// `ou-…`
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// The id of the root or unit it is in.
    pub parent: String,
    /// The names from the root down: `/tenants/pilots`.
    pub path: String,
    /// All tags; see [`AccountFact::tags`].
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

/// A policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyFact {
    /// `p-…`
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Its type: `SERVICE_CONTROL_POLICY`.
    pub sort: String,
    /// Its description.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What it says: JSON.
    pub content: String,
    /// The ids of what it is attached to.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub targets: BTreeSet<String>,
    /// All tags; see [`AccountFact::tags`].
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

/// Reads the organization of an account.
///
/// # Errors
/// When a listing could not be read, or another account manages the organization. Where only the index of tags is closed to the caller
/// (`tag:GetResources`), what is wanted is asked about singly, and the rest shows no tags.
pub async fn read(session: &Session, wanted: &[Wanted], counter: &Counter) -> Result<OrganizationFacts, Unread> {
    let session = &home(session);
    let Some(id) = organization(session).await? else { return Ok(OrganizationFacts::default()) };
    let root = root(session).await?;
    let root_id = root.id.unwrap_or_default();
    let types = root.policy_types.unwrap_or_default().into_iter();
    let enabled = types.filter(|one| one.status != Some(PolicyTypeStatus::PendingDisable));
    let policy_types: BTreeSet<String> =
        enabled.filter_map(|one| one.r#type).map(|sort| sort.as_str().to_owned()).collect();
    let asked = asked_types(&policy_types, wanted);
    let (mut tree, index, listed) =
        try_join3(walk(session, &root_id), tag_index(session), list_policies(session, asked)).await?;
    complete(session, wanted, &index, &mut tree).await?;
    let policies = read_policies(session, wanted, &index, listed).await?;
    let mut facts = OrganizationFacts {
        organization: Some(OrganizationFact {
            id,
            root: root_id,
            management: session.account_id().to_owned(),
            policy_types,
        }),
        accounts: tree.accounts,
        units: tree.units,
        policies,
    };
    facts.accounts.sort_by(|a, b| a.id.cmp(&b.id));
    facts.units.sort_by(|a, b| a.id.cmp(&b.id));
    facts.policies.sort_by(|a, b| a.id.cmp(&b.id));
    counter.objects(facts.accounts.len() + facts.units.len() + facts.policies.len());
    Ok(facts)
}

/// The id of the organization; none where the account is in none.
async fn organization(session: &Session) -> Result<Option<String>, Failure> {
    let call = "organizations:DescribeOrganization";
    let answer = match session.organizations().describe_organization().send().await {
        Ok(answer) => answer.organization,
        Err(error) => {
            let failure = session.failure(call, &error);
            return if failure.is("AWSOrganizationsNotInUseException") { Ok(None) } else { Err(failure) };
        }
    };
    let found = answer.unwrap_or_else(|| aws_sdk_organizations::types::Organization::builder().build());
    match found.master_account_id {
        Some(management) if management != session.account_id() => Err(Failure::local(
            Some(session.who().clone()),
            call,
            format!("this account does not manage its organization, {management} does"),
            Some(format!("declare the account with id = \"{management}\" and give that one `management = true`")),
        )),
        Some(_) | None => Ok(found.id),
    }
}

async fn root(session: &Session) -> Result<Root, Failure> {
    let call = "organizations:ListRoots";
    let answer = session.organizations().list_roots().send().await.map_err(|error| session.failure(call, &error))?;
    let root = answer.roots.and_then(|roots| roots.into_iter().next());
    root.ok_or_else(|| Failure::local(Some(session.who().clone()), call, "the organization shows no root", None))
}

/// The policy types to list: those that are enabled, and those that specs have policies of.
fn asked_types(enabled: &BTreeSet<String>, wanted: &[Wanted]) -> BTreeSet<String> {
    let of_specs = wanted.iter().filter_map(|one| wanted_policy(one)).map(|(sort, _)| sort);
    enabled.iter().cloned().chain(of_specs).collect()
}

/// The type and the name of a policy that specs have; physical names are `NAME` for the kinds of one type, and `type/NAME` for the kind of
/// all others.
fn wanted_policy(one: &Wanted) -> Option<(String, &str)> {
    match &*one.kind {
        _ if one.is_everything() => None,
        "service_control_policy" => Some(("SERVICE_CONTROL_POLICY".to_owned(), &one.name)),
        "resource_control_policy" => Some(("RESOURCE_CONTROL_POLICY".to_owned(), &one.name)),
        "organization_policy" => one.name.split_once('/').map(|(sort, name)| (sort.to_uppercase(), name)),
        _ => None,
    }
}

/// The kind that has policies of a type.
fn policy_kind(sort: &str) -> &'static str {
    match sort {
        "SERVICE_CONTROL_POLICY" => "service_control_policy",
        "RESOURCE_CONTROL_POLICY" => "resource_control_policy",
        _ => "organization_policy",
    }
}

#[derive(Default)]
struct Tree {
    accounts: Vec<AccountFact>,
    units: Vec<UnitFact>,
}

/// One level after the other, the parents of a level side by side.
async fn walk(session: &Session, root: &str) -> Result<Tree, Failure> {
    let mut tree = Tree::default();
    let mut level = vec![(root.to_owned(), String::new())];
    for depth in 0..=DEPTH_MAX {
        let listed = futures_util::stream::iter(std::mem::take(&mut level)).map(|(id, path)| async move {
            let units = async { if depth < DEPTH_MAX { list_units(session, &id).await } else { Ok(Vec::new()) } };
            let (units, accounts) = try_join(units, list_accounts(session, &id)).await?;
            Ok::<_, Failure>((id, path, units, accounts))
        });
        let found: Vec<_> = listed.buffer_unordered(CALLS_AT_ONCE).try_collect().await?;
        for (id, path, units, accounts) in found {
            tree.accounts.extend(accounts.into_iter().map(|account| account_fact(account, &id)));
            for unit in units {
                let fact = unit_fact(unit, &id, &path);
                level.push((fact.id.clone(), fact.path.clone()));
                tree.units.push(fact);
            }
        }
        if level.is_empty() {
            break;
        }
    }
    Ok(tree)
}

async fn list_units(session: &Session, parent: &str) -> Result<Vec<OrganizationalUnit>, Failure> {
    let mut units = Vec::new();
    let mut token = None;
    loop {
        let request = session.organizations().list_organizational_units_for_parent().parent_id(parent);
        let page = request.max_results(PAGE).set_next_token(token).send().await;
        let page = page.map_err(|error| session.failure("organizations:ListOrganizationalUnitsForParent", &error))?;
        units.extend(page.organizational_units.unwrap_or_default());
        // A page may be empty and yet not the last.
        token = page.next_token;
        if token.is_none() {
            return Ok(units);
        }
    }
}

async fn list_accounts(session: &Session, parent: &str) -> Result<Vec<Account>, Failure> {
    let mut accounts = Vec::new();
    let mut token = None;
    loop {
        let request = session.organizations().list_accounts_for_parent().parent_id(parent);
        let page = request.max_results(PAGE).set_next_token(token).send().await;
        let page = page.map_err(|error| session.failure("organizations:ListAccountsForParent", &error))?;
        accounts.extend(page.accounts.unwrap_or_default());
        token = page.next_token;
        if token.is_none() {
            return Ok(accounts);
        }
    }
}

fn account_fact(account: Account, parent: &str) -> AccountFact {
    AccountFact {
        id: account.id.unwrap_or_default(),
        name: account.name.unwrap_or_default(),
        email: account.email.unwrap_or_default(),
        // AWS retires `Status` for `State`; an answer may have either.
        state: account
            .state
            .map(|state| state.as_str().to_owned())
            .or_else(|| legacy_status(&account.status))
            .unwrap_or_default(),
        parent: parent.to_owned(),
        joined_at: account.joined_timestamp.map(|at| at.secs()).unwrap_or_default(),
        tags: Tags::new(),
    }
}

fn legacy_status(status: &Option<aws_sdk_organizations::types::AccountStatus>) -> Option<String> {
    status.as_ref().map(|status| status.as_str().to_owned())
}

fn unit_fact(unit: OrganizationalUnit, parent: &str, path: &str) -> UnitFact {
    let name = unit.name.unwrap_or_default();
    UnitFact {
        id: unit.id.unwrap_or_default(),
        arn: unit.arn.unwrap_or_default(),
        path: format!("{path}/{name}"),
        name,
        parent: parent.to_owned(),
        tags: Tags::new(),
    }
}

/// The tags of accounts, units and policies by ARN; empty where the caller may not ask.
async fn tag_index(session: &Session) -> Result<Tagged, Failure> {
    let types = ["organizations:account", "organizations:ou", "organizations:policy"];
    match tagged(session.tagging(), session.who(), &types, Some(OWNED)).await {
        Err(failure) if failure.is_denied() => {
            tracing::debug!(%failure, "the index of tags is closed, wanted things are asked about singly");
            Ok(Tagged::new())
        }
        other => other,
    }
}

/// Puts in the index's tags, and asks about what is wanted and is not shown as wanted.
async fn complete(session: &Session, wanted: &[Wanted], index: &Tagged, tree: &mut Tree) -> Result<(), Failure> {
    let by_id: BTreeMap<&str, &Tags> =
        index.iter().filter_map(|(arn, tags)| Some((arn.rsplit('/').next()?, tags))).collect();
    let of_kind = |kind: &str| -> BTreeMap<&str, &str> {
        let wanted = wanted.iter().filter(|one| *one.kind == *kind);
        wanted.map(|one| (one.name.as_str(), one.address.as_str())).collect()
    };
    let (accounts, units) = (of_kind("account"), of_kind("organizational_unit"));
    let (all_accounts, all_units) = (wants_all(wanted, "account"), wants_all(wanted, "organizational_unit"));
    let mut singly: Vec<(&str, &mut Tags)> = Vec::new();
    for account in &mut tree.accounts {
        account.tags = by_id.get(account.id.as_str()).map(|tags| (*tags).clone()).unwrap_or_default();
        let wanted = accounts.get(account.email.to_lowercase().as_str());
        if all_accounts || wanted.is_some_and(|address| account.tags.get(ADDRESS).map(String::as_str) != Some(*address))
        {
            singly.push((&account.id, &mut account.tags));
        }
    }
    for unit in &mut tree.units {
        unit.tags = by_id.get(unit.id.as_str()).map(|tags| (*tags).clone()).unwrap_or_default();
        let wanted = units.get(unit.path.as_str());
        if all_units || wanted.is_some_and(|address| unit.tags.get(ADDRESS).map(String::as_str) != Some(*address)) {
            singly.push((&unit.id, &mut unit.tags));
        }
    }
    futures_util::stream::iter(singly)
        .map(Ok)
        .try_for_each_concurrent(CALLS_AT_ONCE, |(id, tags)| async move {
            *tags = tags_of(session, id).await?;
            Ok(())
        })
        .await
}

/// A policy as a listing shows it.
struct Listed {
    id: String,
    arn: String,
    name: String,
    sort: String,
    description: String,
}

async fn list_policies(session: &Session, types: BTreeSet<String>) -> Result<Vec<Listed>, Failure> {
    let listed = futures_util::stream::iter(types).map(|sort| list_policies_of(session, sort));
    let found: Vec<Vec<Listed>> = listed.buffer_unordered(CALLS_AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

async fn list_policies_of(session: &Session, sort: String) -> Result<Vec<Listed>, Failure> {
    let mut policies = Vec::new();
    let mut token = None;
    loop {
        let request = session.organizations().list_policies().filter(PolicyType::from(sort.as_str()));
        let page = request.max_results(PAGE).set_next_token(token).send().await;
        let page = page.map_err(|error| session.failure("organizations:ListPolicies", &error))?;
        let own = page.policies.unwrap_or_default().into_iter().filter(|policy| !policy.aws_managed);
        policies.extend(own.filter_map(|policy| {
            Some(Listed {
                id: policy.id?,
                arn: policy.arn.unwrap_or_default(),
                name: policy.name?,
                sort: sort.clone(),
                description: policy.description.unwrap_or_default(),
            })
        }));
        token = page.next_token;
        if token.is_none() {
            return Ok(policies);
        }
    }
}

/// Reads whole what is wanted by its name or ours by its tag.
async fn read_policies(
    session: &Session,
    wanted: &[Wanted],
    index: &Tagged,
    listed: Vec<Listed>,
) -> Result<Vec<PolicyFact>, Failure> {
    let names: BTreeMap<(String, &str), &str> =
        wanted.iter().filter_map(|one| Some((wanted_policy(one)?, one.address.as_str()))).collect();
    let concerned = listed.into_iter().filter_map(|policy| {
        let tags = index.get(&policy.arn).cloned().unwrap_or_default();
        let address = names.get(&(policy.sort.clone(), policy.name.as_str()));
        let kind = policy_kind(&policy.sort);
        let all = wants_all(wanted, kind);
        let asked = all || address.is_some_and(|address| tags.get(ADDRESS).map(String::as_str) != Some(*address));
        (all || address.is_some() || tags.contains_key(OWNED)).then_some((policy, tags, asked))
    });
    let read = futures_util::stream::iter(concerned).map(|(policy, tags, asked)| async move {
        let own_tags = async { if asked { tags_of(session, &policy.id).await } else { Ok(tags) } };
        let (content, targets, tags) =
            try_join3(content(session, &policy.id), targets(session, &policy.id), own_tags).await?;
        let Listed { id, arn, name, sort, description } = policy;
        Ok(PolicyFact { id, arn, name, sort, description, content, targets, tags })
    });
    read.buffer_unordered(CALLS_AT_ONCE).try_collect().await
}

async fn content(session: &Session, id: &str) -> Result<String, Failure> {
    let answer = session.organizations().describe_policy().policy_id(id).send().await;
    let answer = answer.map_err(|error| session.failure("organizations:DescribePolicy", &error))?;
    Ok(answer.policy.and_then(|policy| policy.content).unwrap_or_default())
}

async fn targets(session: &Session, id: &str) -> Result<BTreeSet<String>, Failure> {
    let mut targets = BTreeSet::new();
    let mut token = None;
    loop {
        let request = session.organizations().list_targets_for_policy().policy_id(id);
        let page = request.max_results(PAGE).set_next_token(token).send().await;
        let page = page.map_err(|error| session.failure("organizations:ListTargetsForPolicy", &error))?;
        targets.extend(page.targets.unwrap_or_default().into_iter().filter_map(|target| target.target_id));
        token = page.next_token;
        if token.is_none() {
            return Ok(targets);
        }
    }
}
