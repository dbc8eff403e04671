//! Accounts and their groups.

use std::collections::HashMap;
use std::sync::Arc;

use super::Loader;
use super::settings::Plain;
use crate::address::is_name;
use crate::decode::{Decode, Decoder};
use crate::diagnostic::Diagnostic;
use crate::kind::{KindSchema, KindScope, decode_any, shape_of};
use crate::policy_spec::is_account_id;
use crate::project::Account;
use crate::span::Span;
use crate::value::{Data, Entry};

/// What an account is to readers and editors. Accounts are what scopes are made of, so the language reads them itself.
pub static ACCOUNT: KindSchema = KindSchema {
    name: "account",
    summary: "An AWS account that exists: what scopes and groups are made of.",
    scope: KindScope::Organization,
    stateful: true,
    taggable: false,
    attributes: &[
        ("id", "The twelve digits of the account one stands in; of another, `${NAME/account.id}`."),
        ("name", "The name in the specs of the account one stands in; of another, `${NAME/account.name}`."),
    ],
    shape: shape_of::<AccountTable>,
    decode: decode_any::<AccountTable>,
};

crate::spec! {
    /// It is reached directly where it is the caller's own, else by `profile`, else by assuming a role in it.
    pub(super) struct AccountTable {
        /// Its id: twelve digits. Required: accounts are used, not made.
        id: Option<AccountId>,
        /// The groups it is in. A group stands for all its accounts, in `[scope]`, in addresses and in lists. Default: none.
        groups: Vec<Plain>,
        /// The profile of the AWS configuration by which it is reached. Default: none, and the role is assumed.
        profile: Option<Plain>,
        /// The name of the role that is assumed in it. Default: `access_role` of [project], which is OrganizationAccountAccessRole.
        access_role: Option<Plain>,
    }
}

#[derive(Debug, Clone, PartialEq)]
struct AccountId(String);

impl Decode for AccountId {
    fn shape() -> crate::Shape {
        String::shape()
    }

    fn decode(value: &crate::Value, cx: &mut Decoder<'_>) -> Option<Self> {
        const HELP: &str = "write it as a string of twelve digits: id = \"111111111111\"";
        match &value.data {
            Data::String(text) if is_account_id(text) => Some(Self(text.clone())),
            _ => {
                cx.problem(Diagnostic::error("this is no account id").at(value.span, "").help(HELP));
                None
            }
        }
    }
}

impl Loader {
    pub(super) fn accounts(&mut self, entry: &Entry) {
        let Data::Table(accounts) = &entry.value.data else {
            self.decode(|cx| cx.mismatch(&entry.value, "a table for each account: [account.NAME]"));
            return;
        };
        for entry in accounts {
            self.account(entry);
        }
    }

    fn account(&mut self, entry: &Entry) {
        self.check_name("an account", &entry.key, entry.key_span);
        let table = self.decode(|cx| AccountTable::decode(&entry.value, cx));
        if let Data::Table(table) = &entry.value.data
            && table.get("id").is_none()
        {
            let diagnostic = Diagnostic::error(format!("the account `{}` has no id", entry.key));
            let help = "add its `id`: accounts are not made yet, only used";
            self.problems.push(diagnostic.at(entry.key_span, "").help(help));
        }
        if let Some(before) = self.project.accounts.get(entry.key.as_str()) {
            let diagnostic = Diagnostic::error(format!("the account `{}` is declared twice", entry.key));
            self.problems.push(diagnostic.at(entry.key_span, "again here").also(before.span, "first here"));
            return;
        }
        // An account with problems is still one, so that nobody who names it is blamed.
        let empty = AccountTable { id: None, groups: Vec::new(), profile: None, access_role: None };
        let AccountTable { id, groups, profile, access_role } = table.unwrap_or(empty);
        for group in &groups {
            self.check_name("a group", &group.text, group.span);
        }
        let name = self.intern(&entry.key);
        for group in &groups {
            let group_name = self.intern(&group.text);
            let members = self.project.groups.entry(group_name).or_default();
            if !members.contains(&name) {
                members.push(Arc::clone(&name));
            }
            self.group_places.entry(group.text.clone()).or_insert(group.span);
        }
        let account = Account {
            name: Arc::clone(&name),
            id: id.map(|id| id.0).unwrap_or_default(),
            groups: groups.iter().map(|group| self.intern(&group.text)).collect(),
            profile: profile.map(|profile| profile.text),
            access_role: access_role.map(|role| role.text),
            span: entry.key_span,
        };
        self.project.accounts.insert(name, account);
    }

    pub(super) fn check_name(&mut self, what: &str, name: &str, span: Span) -> bool {
        if is_name(name) {
            return true;
        }
        let diagnostic = Diagnostic::error(format!("`{name}` can't be the name of {what}")).at(span, "");
        self.problems.push(diagnostic.help("use letters, digits, `_` and `-`, at most 128 of them"));
        false
    }

    /// Sorts accounts and groups by name, and holds them apart.
    pub(super) fn finish_accounts(&mut self) {
        self.project.accounts.sort_unstable_keys();
        self.project.groups.sort_unstable_keys();
        for members in self.project.groups.values_mut() {
            members.sort_unstable();
        }
        for (group, span) in &self.group_places {
            if let Some(account) = self.project.accounts.get(group.as_str()) {
                let diagnostic = Diagnostic::error(format!("`{group}` is the name of an account and of a group"));
                let diagnostic = diagnostic.at(*span, "a group here").also(account.span, "an account here");
                self.problems.push(diagnostic.help("call one of them something else"));
            }
        }
        let mut by_id: HashMap<&str, &Account> = HashMap::new();
        for account in self.project.accounts.values().filter(|account| !account.id.is_empty()) {
            if let Some(first) = by_id.insert(&account.id, account) {
                let summary = format!("two accounts have the id {}", account.id);
                let diagnostic = Diagnostic::error(summary).at(account.span, "").also(first.span, "the other one");
                self.problems.push(diagnostic.help("an account is declared once; it can be in several groups"));
            }
        }
    }
}
