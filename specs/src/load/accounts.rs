//! Accounts and their groups.

use std::collections::HashMap;
use std::sync::Arc;

use super::Loader;
use super::expand::Draft;
use super::scan::{Decoded, decode_resource};
use super::settings::Plain;
use crate::address::is_name;
use crate::decode::{Decode, Decoder, Noted};
use crate::diagnostic::Diagnostic;
use crate::kind::{KindSchema, KindScope, decode_any, shape_of};
use crate::lookup::no_management;
use crate::naming::{Reference, Target};
use crate::pending;
use crate::policy_spec::is_account_id;
use crate::project::{Account, Scope, account_address};
use crate::span::Span;
use crate::text::Text;
use crate::value::{Data, Entry};

/// What an account is. Accounts are what scopes are made of, so the language reads their tables itself; those with an e-mail address are
/// resources of the organization too.
pub static ACCOUNT: KindSchema = KindSchema {
    name: "account",
    summary: "An AWS account: what scopes and groups are made of; with an e-mail address, one that the organization makes.",
    scope: KindScope::Organization,
    stateful: true,
    taggable: true,
    attributes: &[
        ("id", "The twelve digits of the account one stands in; of another, `${NAME/account.id}`."),
        ("name", "The name in the specs of the account one stands in; of another, `${NAME/account.name}`."),
    ],
    shape: shape_of::<AccountSpec>,
    decode: decode_any::<AccountSpec>,
};

crate::spec! {
    /// It is reached directly where it is the caller's own, else by `profile`, else by assuming a role in it.
    ///
    /// With an `email` it belongs to the organization: it is made where no account of it has this address, moved to its `parent`, named
    /// and tagged. Without one, only its `id` is used. It is never closed unless a `[[removed]]` says `close = true`; an account whose table
    /// was deleted is left as it is.
    pub struct AccountSpec {
        /// Its id: twelve digits.
        /// Default: that of the organization's account with this `email`. Required without an `email`.
        pub(super) id: Option<AccountId>,
        /// The groups it is in. A group stands for all its accounts, in `[scope]`, in addresses and in lists. Default: none.
        pub(super) groups: Vec<Plain>,
        /// The profile of the AWS configuration by which it is reached. Default: none, and the role is assumed.
        pub(super) profile: Option<Plain>,
        /// The name of the role that is assumed in it.
        /// Default: `access_role` of [project], which is OrganizationAccountAccessRole. A new account is made with this role, which trusts
        /// the management account.
        pub(super) access_role: Option<Plain>,
        /// Whether it is the account that manages the organization.
        /// Default: false. One account is, where the specs say anything of an organization; it needs an `id`.
        pub(super) management: bool,
        /// The e-mail address of its root user, which no two accounts of AWS share.
        /// Default: none, and the account is only used. At most 64 characters of ASCII. Organizations can't change it.
        pub email: Option<Text>,
        /// Its name in the organization.
        /// Default: its name in the specs. At most 50 visible characters of ASCII. Organizations can't change the name of an account that
        /// is there.
        pub name: Option<Text>,
        /// The organizational unit it is in, by address or id, or `"root"`.
        /// Default: `"root"`.
        pub parent: Option<Reference<Parent>>,
        /// Whether users and roles of the account see its bills, where their policies let them. Only said when it is made.
        /// Default: `"ALLOW"`.
        pub iam_user_access_to_billing: Option<Billing>,
    }
}

crate::words! {
    /// Who sees the bills of a new account.
    pub enum Billing {
        /// Users and roles that may.
        Allow = "ALLOW",
        /// The root user alone.
        Deny = "DENY",
    }
}

/// A field that names the parent of an account or of a unit.
#[derive(Clone, Copy, Debug)]
pub struct Parent;

impl Target for Parent {
    const KINDS: &'static [&'static str] = &["organizational_unit"];
    const ATTRIBUTE: &'static str = "id";
    const LITERAL: &'static str = "the id of one (ou-…), or \"root\"";

    fn is_literal(text: &str) -> bool {
        text == "root" || is_unit_id(text)
    }
}

/// Whether a text is the id of an organizational unit.
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_OrganizationalUnit.html>
#[must_use]
pub fn is_unit_id(text: &str) -> bool {
    let is_code = |code: &str, min: usize| {
        (min..=32).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    let parts = text.strip_prefix("ou-").and_then(|rest| rest.split_once('-'));
    parts.is_some_and(|(root, unit)| is_code(root, 4) && is_code(unit, 8))
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct AccountId(String);

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

/// An account with an e-mail address, before it is known which one manages the organization.
pub(super) struct MemberDraft {
    name: Arc<str>,
    span: Span,
    email_span: Span,
    decoded: Decoded,
    noted: Vec<Noted>,
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
        let value = entry.value.clone();
        let (decoded, noted) = self.decode_noting(None, |cx| decode_resource(&ACCOUNT, value, cx));
        if let Some(before) = self.project.accounts.get(entry.key.as_str()) {
            let diagnostic = Diagnostic::error(format!("the account `{}` is declared twice", entry.key));
            self.problems.push(diagnostic.at(entry.key_span, "again here").also(before.span, "first here"));
            return;
        }
        let name = self.intern(&entry.key);
        let spec = decoded.spec.clone().and_then(|spec| spec.downcast::<AccountSpec>().ok());
        let account = match &spec {
            Some(spec) => self.understood(&name, spec, entry, &decoded),
            // An account with problems is still one, so that nobody who names it is blamed.
            None => Account {
                name: Arc::clone(&name),
                id: String::new(),
                email: None,
                through: None,
                groups: Vec::new(),
                profile: None,
                access_role: None,
                span: entry.key_span,
            },
        };
        if let Some(email) = spec.as_ref().and_then(|spec| spec.email.as_ref()) {
            let (span, email_span) = (entry.key_span, email.span());
            self.members.push(MemberDraft { name: Arc::clone(&name), span, email_span, decoded, noted });
        }
        self.project.accounts.insert(name, account);
    }

    fn understood(&mut self, name: &Arc<str>, spec: &AccountSpec, entry: &Entry, decoded: &Decoded) -> Account {
        let AccountSpec {
            id,
            groups,
            profile,
            access_role,
            management,
            email,
            name: own_name,
            parent,
            iam_user_access_to_billing,
        } = spec;
        for group in groups {
            self.check_name("a group", &group.text, group.span);
            let group_name = self.intern(&group.text);
            let members = self.project.groups.entry(group_name).or_default();
            if !members.contains(name) {
                members.push(Arc::clone(name));
            }
            self.group_places.entry(group.text.clone()).or_insert(group.span);
        }
        if *management {
            self.manages(name, id.is_some(), entry);
        }
        let says_more =
            own_name.is_some() || parent.is_some() || iam_user_access_to_billing.is_some() || !decoded.tags.is_empty();
        if email.is_none() && says_more {
            let summary =
                format!("the account `{}` says what only the organization knows, and has no `email`", entry.key);
            let help = "add its `email`, by which the organization knows it; or leave `name`, `parent`, `tags` and the like out";
            self.problems.push(Diagnostic::error(summary).at(entry.key_span, "").help(help));
        } else if email.is_none() && id.is_none() {
            let diagnostic = Diagnostic::error(format!("the account `{}` has no id", entry.key));
            let help = "add its `id`, or the `email` by which the organization knows it or makes it";
            self.problems.push(diagnostic.at(entry.key_span, "").help(help));
        }
        Account {
            name: Arc::clone(name),
            id: id.as_ref().map(|id| id.0.clone()).unwrap_or_default(),
            email: email.as_ref().and_then(|email| self.email(email)),
            through: None,
            groups: groups.iter().map(|group| self.intern(&group.text)).collect(),
            profile: profile.as_ref().map(|profile| profile.text.clone()),
            access_role: access_role.as_ref().map(|role| role.text.clone()),
            span: entry.key_span,
        }
    }

    /// Takes an account for the one that manages the organization.
    fn manages(&mut self, name: &Arc<str>, has_id: bool, entry: &Entry) {
        if !has_id {
            let diagnostic = Diagnostic::error("the account that manages the organization needs an `id`");
            let help = "add its `id`: everything else about the organization is read from it";
            self.problems.push(diagnostic.at(entry.key_span, "").help(help));
        }
        if let Some(first) = self.management_span {
            let diagnostic = Diagnostic::error("two accounts are said to manage the organization");
            let diagnostic = diagnostic.at(entry.key_span, "").also(first, "the other one");
            self.problems.push(diagnostic.help("an organization has one; leave `management` out of the other"));
            return;
        }
        self.management_span = Some(entry.key_span);
        self.project.management = Some(Arc::clone(name));
    }

    /// The address as AWS compares it.
    fn email(&mut self, text: &Text) -> Option<String> {
        let Some(email) = text.as_literal() else {
            let diagnostic = Diagnostic::error("an e-mail address must be known before anything is read");
            self.problems.push(diagnostic.at(text.span(), "").help("write it out, without `${…}`"));
            return None;
        };
        if let Some(why) = not_an_email(email) {
            let diagnostic = Diagnostic::error(format!("`{email}` is no e-mail address AWS takes"));
            let page = "https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateAccount.html";
            self.problems.push(diagnostic.at(text.span(), why).note(format!("its rules: {page}")));
        }
        Some(email.to_lowercase())
    }

    pub(super) fn check_name(&mut self, what: &str, name: &str, span: Span) -> bool {
        if is_name(name) {
            return true;
        }
        let diagnostic = Diagnostic::error(format!("`{name}` can't be the name of {what}")).at(span, "");
        self.problems.push(diagnostic.help("use letters, digits, `_` and `-`, at most 128 of them"));
        false
    }

    /// Sorts accounts and groups by name, holds them apart, and makes resources of those that are the organization's.
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
        self.finish_members();
    }

    fn finish_members(&mut self) {
        let members = std::mem::take(&mut self.members);
        let mut by_email: HashMap<String, Span> = HashMap::new();
        for MemberDraft { name, email_span, .. } in &members {
            let Some(email) = self.project.accounts.get(name).and_then(|account| account.email.clone()) else {
                continue;
            };
            if let Some(first) = by_email.get(&email) {
                let diagnostic = Diagnostic::error(format!("two accounts have the e-mail address `{email}`"));
                let diagnostic = diagnostic.at(*email_span, "").also(*first, "the other one");
                self.problems.push(diagnostic.help("no two accounts of AWS share one: give each its own"));
            } else {
                by_email.insert(email, *email_span);
            }
        }
        let Some(management) = self.project.management.clone() else {
            if let Some(first) = members.first().filter(|_| !self.incomplete) {
                self.problems.push(no_management().diagnostic(first.span));
            }
            return;
        };
        for MemberDraft { name, span, email_span: _, decoded, noted } in members {
            if let Some(account) = self.project.accounts.get_mut(&name)
                && account.id.is_empty()
            {
                account.id = pending::token(&account_address(&management, &name), "id");
                account.through = Some(Arc::clone(&management)).filter(|_| account.profile.is_none());
            }
            let region = self.project.settings.region.clone();
            let scope = Scope { account: Some(Arc::clone(&management)), region, ..Scope::default() };
            self.drafts.push(Draft { kind: &ACCOUNT, name, span, scope, used_at: None, decoded, noted });
        }
    }
}

/// What is wrong with an e-mail address, by the rules AWS gives for the parameter `Email` of CreateAccount.
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateAccount.html>
fn not_an_email(email: &str) -> Option<&'static str> {
    const REFUSED: &str = "\"'()<>[]:;,\\|%&";
    if !email.is_ascii() {
        return Some("all characters must be ASCII");
    }
    if !(6..=64).contains(&email.len()) {
        return Some("6 to 64 characters are allowed");
    }
    let Some((local, domain)) =
        email.split_once('@').filter(|(local, domain)| !local.is_empty() && !domain.contains('@'))
    else {
        return Some("there must be one `@`, with something in front of it");
    };
    if local.starts_with('.')
        || local.contains(|c: char| c.is_ascii_whitespace() || c.is_ascii_control() || REFUSED.contains(c))
    {
        return Some(
            "in front of the `@` there may be no spaces, quotes, brackets or any of : ; , \\ | % &, and no dot at the beginning",
        );
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let whole = !domain.starts_with(['-', '.']) && !domain.ends_with(['-', '.']) && domain.contains('.');
    (!whole || !domain.chars().all(plain))
        .then_some("behind the `@` there must be letters, digits, `-` and at least one `.`, and neither sign at an end")
}
