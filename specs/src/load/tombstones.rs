//! `[[removed]]` and `[[moved]]`.

use std::sync::Arc;

use super::Loader;
use super::settings::Plain;
use crate::address::Address;
use crate::decode::Decode;
use crate::diagnostic::Diagnostic;
use crate::kind::KindScope;
use crate::lookup::{Lookup, Miss, Sighted, Standpoint};
use crate::project::{DeclaredState, Moved, Scope, Tombstone};
use crate::span::Span;
use crate::suggest;
use crate::text::Name;
use crate::value::Entry;

crate::words! {
    /// What becomes of what a removed thing holds.
    pub(super) enum Contents {
        /// It is deleted first, all of it.
        Delete = "delete",
    }
}

/// The kinds whose things are emptied before they are removed, where a `[[removed]]` says so.
const EMPTIED: &[&str] = &["bucket"];

crate::spec! {
    /// Leave to remove a stateful resource.
    pub(super) struct RemovedTable {
        /// What may be removed.
        address: Plain,
        /// For an account: that it is to be closed. Default: false.
        close: bool,
        /// For a bucket: `delete` deletes all its objects with every version of them, and unfinished uploads, before the bucket. Default: a
        /// bucket that is not empty stays.
        contents: Option<Contents>,
    }
}

crate::spec! {
    /// A resource that has another address now.
    pub(super) struct MovedTable {
        /// What it was.
        from: Plain,
        /// What it is.
        to: Plain,
    }
}

/// A `[[removed]]`, before the accounts are known.
pub(super) struct DraftRemoved {
    table: RemovedTable,
    scope: Scope,
}

/// A `[[moved]]`, before the accounts are known.
pub(super) struct DraftMoved {
    table: MovedTable,
    span: Span,
    scope: Scope,
}

/// The addresses a person names, and the group where they name one.
type Concrete = (Vec<Address>, Option<Arc<str>>);

impl Loader {
    pub(super) fn removed(&mut self, entry: &Entry, scope: &Scope) {
        for item in self.list_of_tables(entry) {
            if let Some(table) = self.decode(|cx| RemovedTable::decode(item, cx)) {
                self.removed.push(DraftRemoved { table, scope: scope.clone() });
            }
        }
    }

    pub(super) fn moved(&mut self, entry: &Entry, scope: &Scope) {
        for item in self.list_of_tables(entry) {
            if let Some(table) = self.decode(|cx| MovedTable::decode(item, cx)) {
                self.moved.push(DraftMoved { table, span: item.span, scope: scope.clone() });
            }
        }
    }

    /// Makes addresses of them, and holds them against what is declared.
    pub(super) fn finish_tombstones(&mut self) {
        for DraftRemoved { table: RemovedTable { address, close, contents }, scope } in
            std::mem::take(&mut self.removed)
        {
            let Some((addresses, _)) = self.concrete(&address, &scope) else { continue };
            self.check_close(&addresses, &address, close);
            self.check_contents(&addresses, &address, contents);
            let declared = addresses.iter().find_map(|one| self.declared(one).map(|span| (one, span)));
            if let Some((one, place)) = declared {
                let diagnostic = Diagnostic::error(format!("`{one}` is removed and declared"));
                let diagnostic = diagnostic.at(address.span, "removed here").also(place, "declared here");
                self.problems.push(diagnostic.help("delete its table, or this [[removed]]"));
            }
            let contents = contents == Some(Contents::Delete);
            self.project.removed.push(Tombstone { addresses, contents, span: address.span });
        }
        for DraftMoved { table: MovedTable { from, to }, span, scope } in std::mem::take(&mut self.moved) {
            let (from_all, to_all) = (self.concrete(&from, &scope), self.concrete(&to, &scope));
            let (Some((from_all, from_group)), Some((to_all, to_group))) = (from_all, to_all) else { continue };
            if from_group != to_group {
                let diagnostic = Diagnostic::error("a move is from account to account, or within one group");
                let diagnostic = diagnostic.at(to.span, "").also(from.span, "");
                self.problems.push(diagnostic.help("name the same group on both sides, or accounts"));
                continue;
            }
            for (one, other) in from_all.into_iter().zip(to_all) {
                self.move_one(one, other, &from, &to, span);
            }
        }
    }

    /// An account is closed, which ends all that is in it; that must be said in so many words.
    fn check_close(&mut self, addresses: &[Address], named: &Plain, close: bool) {
        let is_account = addresses.iter().any(|address| *address.kind == *crate::ACCOUNT.name);
        let (summary, help) = match (is_account, close) {
            (true, true) | (false, false) => return,
            (true, false) => (
                "an account is only removed by closing it",
                "to close it, add `close = true`; to go on without it, delete this [[removed]]: deleting its table is enough",
            ),
            (false, true) => ("only an account is closed", "leave `close` out"),
        };
        self.problems.push(Diagnostic::error(summary).at(named.span, "").help(help));
    }

    fn check_contents(&mut self, addresses: &[Address], named: &Plain, contents: Option<Contents>) {
        let other = addresses.iter().find(|address| !EMPTIED.contains(&&*address.kind));
        if let (Some(address), Some(Contents::Delete)) = (other, contents) {
            let diagnostic = Diagnostic::error(format!("a {} has no contents that could be deleted", address.kind));
            self.problems.push(diagnostic.at(named.span, "").help("leave `contents` out: it is for buckets"));
        }
    }

    fn move_one(&mut self, one: Address, other: Address, from: &Plain, to: &Plain, span: Span) {
        if one.kind != other.kind {
            let summary = format!("a {} can't become a {}", one.kind, other.kind);
            self.problems.push(Diagnostic::error(summary).at(to.span, "").also(from.span, ""));
            return;
        }
        if let Some(place) = self.declared(&one) {
            let diagnostic = Diagnostic::error(format!("`{one}` is moved and declared"));
            let diagnostic = diagnostic.at(from.span, "moved here").also(place, "declared here");
            self.problems.push(diagnostic.help("delete its table, or this [[moved]]"));
            return;
        }
        if self.declared(&other).is_none() && !self.incomplete {
            let names = self.project.index.places.keys().filter(|place| *place.kind == *other.kind);
            let near = suggest::nearest(&other.name, names.map(|place| &*place.name));
            let help =
                near.map(|near| format!("did you mean `{}`?", Address { name: Arc::from(near), ..other.clone() }));
            let diagnostic = Diagnostic::error(format!("there is no {} `{}`", other.kind, other.name));
            let diagnostic = diagnostic.at(to.span, "moved to what is not declared").maybe_help(help);
            self.problems.push(diagnostic);
            return;
        }
        self.project.moved.push(Moved { from: one, to: other, span });
    }

    /// Where an address is declared and not switched off.
    fn declared(&self, address: &Address) -> Option<Span> {
        let declared = self.project.index.get(&address.account, &address.kind, &address.name);
        let mut there = declared.iter().filter(|one| one.region == address.region && one.state != DeclaredState::Off);
        there.next().map(|one| one.span)
    }

    /// The addresses a person names: of a group one for each account, and the group.
    fn concrete(&mut self, plain: &Plain, scope: &Scope) -> Option<Concrete> {
        let Some(name) = Name::parse(&plain.text) else {
            let diagnostic = Diagnostic::error(format!("`{}` is no address", plain.text)).at(plain.span, "");
            self.problems.push(diagnostic.help("write account/kind.name, or account@region/kind.name"));
            return None;
        };
        match self.try_concrete(&name, scope) {
            Ok(concrete) => Some(concrete),
            Err(miss) => {
                self.problems.push(miss.diagnostic(plain.span));
                None
            }
        }
    }

    fn try_concrete(&self, name: &Name, scope: &Scope) -> Result<Concrete, Box<Miss>> {
        let lookup = Lookup { project: &self.project, from: Standpoint::of_scope(scope), suggest: true };
        let kind = lookup.kind(&name.kind)?;
        let region = match (kind.scope, &name.region) {
            (KindScope::Region, Some(region)) => Some(Arc::clone(region)),
            (KindScope::Region, None) => {
                let project = self.project.settings.region.as_ref();
                Some(Arc::clone(scope.region.as_ref().or(project).map_or_else(|| lookup.region(), Ok)?))
            }
            (KindScope::Organization | KindScope::Account, None) => None,
            (KindScope::Organization | KindScope::Account, Some(_)) => return Err(lookup.too_much_region(kind, name)),
        };
        let address = |account: &Arc<str>| Address {
            account: Arc::clone(account),
            region: region.clone(),
            kind: Arc::clone(&name.kind),
            name: Arc::clone(&name.name),
        };
        Ok(match lookup.accounts_for(kind, name.account.as_ref())? {
            Sighted::One(account) => (vec![address(account)], None),
            Sighted::Many(group, accounts) => (accounts.into_iter().map(address).collect(), Some(group)),
        })
    }
}
