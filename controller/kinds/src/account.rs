//! Accounts of an organization. <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts.html>
//!
//! An account without an id in its spec has a token for one, until it is found in the organization ([`known`]) or made. All that is in the
//! account carries that token and so waits for it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use trueup_engine::access::Access;
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Export, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::diagnostic::{Diagnostic, Problems};
use trueup_specs::kind::KindSchema;
use trueup_specs::project::{Project, account_address};
use trueup_specs::resolve::{Resolver, TAG_ADDRESS, TAG_PROJECT};
use trueup_specs::{ACCOUNT, AccountSpec, Billing};
use trueup_state::outputs::Outputs;

use crate::fields::{self, TagChange, Tags};
use crate::made::{Made, ROOT, THE_ORGANIZATION, token};
use crate::source::organizations::{self, AccountFact, OrganizationFacts};

mod perform;
#[cfg(test)]
mod tests;

/// Characters of the name of a new account.
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateAccount.html>
const NAME_MAX: usize = 50;

/// The state of an account that is neither closed nor being closed.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_account_state.html>
const CLOSED: [&str; 3] = ["PENDING_CLOSURE", "SUSPENDED", "CLOSED"];

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountModel {
    /// The address of its root user, in lower case.
    pub email: String,
    /// Its name in the organization.
    pub name: String,
    /// The id of the unit it is in, or `root`.
    pub parent: String,
    /// All tags but AWS's own.
    pub tags: Tags,
    /// Its id, in a live one; neither compared nor saved.
    #[serde(skip)]
    pub id: Made,
    /// What only a new account is told; no listing shows it, so it is neither compared nor saved.
    #[serde(skip)]
    pub new: NewAccount,
}

/// What only a new account is told. Any two are equal; see [`AccountModel::new`].
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct NewAccount {
    /// The name of the role made in it, which trusts the management account.
    pub role_name: String,
    /// `ALLOW` or `DENY`.
    pub iam_user_access_to_billing: String,
}

impl PartialEq for NewAccount {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for NewAccount {}

/// One call on one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountOp {
    /// Its id, or a token for it; empty before it is made.
    pub account: String,
    /// Its name, for people.
    pub name: String,
    /// The call.
    pub call: AccountCall,
}

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op")]
pub enum AccountCall {
    /// `CreateAccount`, and waiting for it.
    CreateAccount {
        /// The address of its root user.
        email: String,
        /// What else it is told.
        new: NewAccount,
        /// All of them.
        tags: Tags,
    },
    /// `MoveAccount`.
    MoveAccount {
        /// The id of what it is in, or `root`.
        from: String,
        /// The id of what it shall be in, or `root`.
        to: String,
    },
    /// `TagResource`.
    TagResource {
        /// New or changed.
        tags: Tags,
    },
    /// `UntagResource`.
    UntagResource {
        /// Keys.
        keys: Vec<String>,
    },
    /// `CloseAccount`.
    CloseAccount,
}

/// The kind `account`.
#[derive(Clone, Copy, Debug)]
pub struct Account;

impl Kind for Account {
    type Spec = AccountSpec;
    type Model = AccountModel;
    type Op = AccountOp;

    fn schema() -> &'static KindSchema {
        &ACCOUNT
    }

    fn sources() -> &'static [&'static str] {
        &[organizations::NAME]
    }

    fn identity(_: &AccountSpec, _: &At, cx: &mut Resolver<'_>) -> Identity {
        let name = &cx.address().name;
        let account = cx.project().accounts.get(name);
        let email = account.and_then(|account| account.email.clone()).unwrap_or_default();
        let id = account.filter(|account| !account.is_unknown()).map(|account| ("id".to_owned(), account.id.clone()));
        let outputs = id.into_iter().chain([("name".to_owned(), name.to_string())]).collect();
        // That no two accounts have one address was told when they were read.
        Identity { name: email, claim: None, outputs }
    }

    fn desired(spec: &AccountSpec, _: &At, cx: &mut Resolver<'_>) -> Option<AccountModel> {
        let AccountSpec { email: _, name, parent, iam_user_access_to_billing, .. } = spec;
        let given = name.as_ref().map(|name| (cx.text(name), name.span()));
        let (name, span) = given.unwrap_or_else(|| (cx.address().name.to_string(), cx.span()));
        check_name(&name, span, cx);
        let project = cx.project();
        let account = project.accounts.get(&cx.address().name)?;
        let role_name = account.access_role.clone().unwrap_or_else(|| project.settings.access_role.clone());
        Some(AccountModel {
            email: account.email.clone()?,
            name,
            parent: parent.as_ref().map_or_else(|| ROOT.to_owned(), |parent| cx.reference(parent)),
            tags: fields::tags(cx),
            id: Made::default(),
            new: NewAccount {
                role_name,
                iam_user_access_to_billing: iam_user_access_to_billing.unwrap_or(Billing::Allow).to_string(),
            },
        })
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<AccountModel>>, Unread> {
        let facts: &OrganizationFacts = facts.get(organizations::NAME, scope)?;
        let root = facts.organization.as_ref().map(|organization| organization.root.as_str()).unwrap_or_default();
        Ok(facts.accounts.iter().filter(|account| is_open(account)).map(|account| live(account, root)).collect())
    }

    fn tags(model: &AccountModel) -> Option<&Tags> {
        Some(&model.tags)
    }

    fn tags_mut(model: &mut AccountModel) -> Option<&mut Tags> {
        Some(&mut model.tags)
    }

    fn ops(at: &At, before: Option<&AccountModel>, after: Option<&AccountModel>) -> Result<Steps<AccountOp>, Refusal> {
        let ops = match (before, after) {
            (None, None) => Vec::new(),
            (None, Some(after)) => creation(at, after),
            (Some(before), None) => on(&before.id.or_token(at), before, vec![AccountCall::CloseAccount]),
            (Some(before), Some(after)) => change(at, before, after)?,
        };
        Ok(Steps { ops, replaces: Vec::new() })
    }

    fn split(_: &At, _: &AccountOp) -> Option<Vec<AccountOp>> {
        // A new account names nothing: it is moved afterwards.
        None
    }

    fn follow(_: &At, _: &AccountModel, _: &str) -> Vec<AccountOp> {
        Vec::new()
    }

    fn info(_: &At, op: &AccountOp) -> OpInfo {
        info(op)
    }

    fn export(_: &At, live: &Live<AccountModel>) -> Export {
        Export::same(&live.model).with("id", live.outputs.get("id").cloned())
    }

    fn simulate(model: &mut Option<AccountModel>, op: &AccountOp) {
        simulate(model, op);
    }

    fn access<'m>(at: &At, model: &'m AccountModel, outputs: &Outputs) -> Vec<Access<'m>> {
        // An account's place has its own id.
        let id = outputs.get("id").cloned().unwrap_or_else(|| model.id.or_token(at));
        vec![Access::Place { id: id.clone(), parent: Some(model.parent.clone()), account: Some(id) }]
    }
}

fn check_name(name: &str, span: trueup_specs::Span, cx: &mut Resolver<'_>) {
    let plain = |c: char| (' '..='~').contains(&c);
    let length = name.chars().count();
    if !fields::is_pending(name) && (!(1..=NAME_MAX).contains(&length) || !name.chars().all(plain)) {
        let problem = Diagnostic::error(format!("`{name}` is no name for an account")).at(span, "");
        let page = "https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateAccount.html";
        cx.problem(problem.note(format!("1 to {NAME_MAX} characters from space to `~` are allowed: {page}")));
    }
}

pub(crate) fn is_open(account: &AccountFact) -> bool {
    !CLOSED.contains(&account.state.as_str())
}

fn live(fact: &AccountFact, root: &str) -> Live<AccountModel> {
    let AccountFact { id, name, email, state: _, parent, joined_at: _, tags } = fact;
    let email = email.to_lowercase();
    Live {
        name: email.clone(),
        model: AccountModel {
            email,
            name: name.clone(),
            parent: if parent == root { ROOT.to_owned() } else { parent.clone() },
            tags: tags.clone(),
            id: Made(Some(id.clone())),
            new: NewAccount::default(),
        },
        outputs: [("id".to_owned(), id.clone())].into(),
    }
}

/// The id of an account that the organization has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownAccount {
    /// Its name in the specs.
    pub name: Arc<str>,
    /// Twelve digits.
    pub id: String,
    /// When it joined, in seconds since 1970.
    pub joined_at: i64,
}

/// The ids of accounts whose specs have none: by our tag, else by their e-mail address. Tells of accounts whose spec has another id than
/// the organization's account with their address.
#[must_use]
pub fn known(project: &Project, facts: &OrganizationFacts, problems: &mut Problems) -> Vec<KnownAccount> {
    let Some(management) = &project.management else { return Vec::new() };
    let open = || facts.accounts.iter().filter(|account| is_open(account));
    let mut known = Vec::new();
    for account in project.accounts.values() {
        let Some(email) = &account.email else { continue };
        let address = account_address(management, &account.name).to_string();
        let is_ours = |fact: &&AccountFact| {
            fact.tags.get(TAG_PROJECT) == Some(&project.name) && fact.tags.get(TAG_ADDRESS) == Some(&address)
        };
        let found = open().find(|fact| fact.email.to_lowercase() == *email).or_else(|| open().find(is_ours));
        let Some(AccountFact { id, joined_at, .. }) = found else { continue };
        if account.is_unknown() {
            known.push(KnownAccount { name: account.name.clone(), id: id.clone(), joined_at: *joined_at });
        } else if account.id != *id {
            let summary = format!("the account `{}` has another id in the organization", account.name);
            let problem = Diagnostic::error(summary).at(account.span, format!("the one with {email} is {id}"));
            problems
                .push(problem.help(format!("write id = \"{id}\", leave the id out, or look at the e-mail address")));
        }
    }
    known
}

fn on(account: &str, model: &AccountModel, calls: Vec<AccountCall>) -> Vec<AccountOp> {
    let op = |call| AccountOp { account: account.to_owned(), name: model.name.clone(), call };
    calls.into_iter().map(op).collect()
}

fn creation(at: &At, after: &AccountModel) -> Vec<AccountOp> {
    let AccountModel { email, name: _, parent, tags, id: _, new } = after.clone();
    let mut ops = on("", after, vec![AccountCall::CreateAccount { email, new, tags }]);
    if parent != ROOT {
        ops.extend(on(&token(at), after, vec![AccountCall::MoveAccount { from: ROOT.to_owned(), to: parent }]));
    }
    ops
}

fn change(at: &At, before: &AccountModel, after: &AccountModel) -> Result<Vec<AccountOp>, Refusal> {
    let AccountModel { email, name, parent, tags, id: _, new: _ } = after;
    let for_good = [("email", &before.email, email), ("name", &before.name, name)];
    if let Some((field, was, wanted)) = for_good.into_iter().find(|(_, was, wanted)| was != wanted) {
        return Err(Refusal {
            field,
            why: format!("Organizations can't change it: it is `{was}`, not `{wanted}`"),
            help: format!("write {field} = \"{was}\", or change it in the account's own settings first"),
        });
    }
    let mut calls = Vec::new();
    if *parent != before.parent {
        calls.push(AccountCall::MoveAccount { from: before.parent.clone(), to: parent.clone() });
    }
    let TagChange { put, remove } = TagChange::between(&before.tags, tags);
    if !remove.is_empty() {
        calls.push(AccountCall::UntagResource { keys: remove });
    }
    if !put.is_empty() {
        calls.push(AccountCall::TagResource { tags: put });
    }
    Ok(on(&before.id.or_token(at), before, calls))
}

fn info(op: &AccountOp) -> OpInfo {
    let AccountOp { account, name, call } = op;
    let resource = if account.is_empty() { "*".to_owned() } else { account.clone() };
    let of = |call, title: String| OpInfo { call, resource: resource.clone(), title, ..OpInfo::default() };
    match call {
        AccountCall::CreateAccount { email: _, new: _, tags: _ } => OpInfo {
            needs: vec![THE_ORGANIZATION.to_owned()],
            yields: &["id"],
            once: true,
            ..of("organizations:CreateAccount", format!("create account {name}"))
        },
        AccountCall::MoveAccount { from, to } => OpInfo {
            releases: vec![from.clone()],
            ..of("organizations:MoveAccount", format!("move account {name} to {}", trueup_specs::pending::show(to)))
        },
        AccountCall::TagResource { tags: _ } => of("organizations:TagResource", format!("tag account {name}")),
        AccountCall::UntagResource { keys: _ } => {
            of("organizations:UntagResource", format!("remove tags of account {name}"))
        }
        // It stays where it is for 90 days: nothing is released.
        // https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_close.html
        AccountCall::CloseAccount => OpInfo {
            destroys: vec![account.clone()],
            ..of("organizations:CloseAccount", format!("close account {name}"))
        },
    }
}

fn simulate(model: &mut Option<AccountModel>, op: &AccountOp) {
    let AccountOp { account: _, name, call } = op.clone();
    match call {
        AccountCall::CreateAccount { email, new, tags } => {
            let (parent, id) = (ROOT.to_owned(), Made::default());
            *model = Some(AccountModel { email, name, parent, tags, id, new });
        }
        AccountCall::MoveAccount { from: _, to } => model.iter_mut().for_each(|held| held.parent.clone_from(&to)),
        AccountCall::TagResource { tags } => model.iter_mut().for_each(|held| held.tags.extend(tags.clone())),
        AccountCall::UntagResource { keys } => {
            model.iter_mut().for_each(|held| held.tags.retain(|key, _| !keys.contains(key)));
        }
        AccountCall::CloseAccount => *model = None,
    }
}
