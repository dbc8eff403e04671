//! `[[access]]`: kept as it is written; what it mentions is checked from every account it stands in.

use std::sync::Arc;

use super::Loader;
use super::scan::Origin;
use crate::access_spec;
use crate::decode::Noted;
use crate::project::Scope;
use crate::value::Entry;

impl Loader {
    /// Reads the assertions of a file or of a template's use.
    pub(super) fn access(&mut self, entry: &Entry, origin: &Origin<'_>) {
        for item in self.list_of_tables(entry) {
            let filled = match origin.parameters {
                Some(parameters) => parameters.fill(item, self.files.sources(), &mut self.problems),
                None => item.clone(),
            };
            let (decoded, noted) =
                self.decode_noting(origin.parameters, |cx| access_spec::decode(&filled, origin.scope, cx));
            self.claimed.push((origin.scope.clone(), noted));
            self.project.access.extend(decoded.flatten());
        }
    }

    /// Has what the assertions mention checked, now that the accounts are known.
    pub(super) fn finish_access(&mut self) {
        for (scope, noted) in std::mem::take(&mut self.claimed) {
            let members = scope.account.as_ref().and_then(|account| self.project.members(account));
            let scopes: Vec<Scope> = match members {
                Some(members) => {
                    let of = |member: &Arc<str>| Scope { account: Some(Arc::clone(member)), ..scope.clone() };
                    members.iter().map(of).collect()
                }
                None => vec![scope],
            };
            self.check_later(scopes, noted);
        }
    }

    fn check_later(&mut self, scopes: Vec<Scope>, noted: Vec<Noted>) {
        if noted.is_empty() {
            return;
        }
        let list = self.shared_noted.len();
        self.checks.extend(scopes.into_iter().map(|scope| (scope, list)));
        self.shared_noted.push(noted);
    }
}
