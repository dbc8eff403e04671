//! Checks what specs mention, once everything is known.

use super::Loader;
use crate::decode::Noted;
use crate::diagnostic::Problems;
use crate::lookup::{Lookup, Miss, Sighted, Standpoint};
use crate::project::{Project, Scope};
use crate::resolve::list_where_one;
use crate::text::Mention;

/// For how many misses a suggestion is searched: each costs a pass over everything there is.
const SUGGESTIONS_MAX: usize = 50;

impl Loader {
    /// Checks every mention from every account it is made in.
    pub(super) fn check_mentions(&mut self) {
        let mut checker =
            Checker { project: &self.project, problems: &mut self.problems, misses: 0, quiet: self.incomplete };
        for (scope, noted) in &self.mentions {
            checker.all(scope, noted);
        }
        for (scope, noted) in &self.checks {
            checker.all(scope, self.shared_noted.get(*noted).map_or(&[], Vec::as_slice));
        }
        self.checks = Vec::new();
        self.shared_noted = Vec::new();
    }
}

struct Checker<'a> {
    project: &'a Project,
    problems: &'a mut Problems,
    misses: usize,
    /// Whether what is not found may be in a file that could not be read.
    quiet: bool,
}

impl Checker<'_> {
    fn all(&mut self, scope: &Scope, noted: &[Noted]) {
        for noted in noted {
            let suggest = self.misses < SUGGESTIONS_MAX;
            let lookup = Lookup { project: self.project, from: Standpoint::of_scope(scope), suggest };
            match sight(&lookup, noted) {
                Ok(Some(group)) if !noted.plural => self.problems.push(list_where_one(&group, noted.located.span)),
                Ok(_) => {}
                Err(_) if self.quiet => {}
                Err(miss) => {
                    self.misses += 1;
                    self.problems.push(miss.diagnostic(noted.located.span));
                }
            }
        }
    }
}

/// Finds what is mentioned; the group's name where it is one for each account of it.
fn sight(lookup: &Lookup<'_>, noted: &Noted) -> Result<Option<std::sync::Arc<str>>, Box<Miss>> {
    match noted.located.mention.as_ref() {
        Mention::Output { resource, attribute } => {
            if !noted.whole {
                lookup.attribute(resource, attribute)?;
            }
            Ok(group(lookup.resource(resource)?))
        }
        Mention::AccountId(named) | Mention::AccountName(named) => Ok(group(lookup.accounts(named.as_ref())?)),
        Mention::Region => lookup.region().map(|_| None),
    }
}

fn group<T>(sighted: Sighted<T>) -> Option<std::sync::Arc<str>> {
    match sighted {
        Sighted::One(_) => None,
        Sighted::Many(group, _) => Some(group),
    }
}
