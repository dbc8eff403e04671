//! Guardrails over policy documents.
//!
//! A lint is a function over one document, and a row in the table of the file it stands in: `identity` for what is allowed
//! to whoever a policy is attached to, `trust` for who may take a role, `resource` for buckets and keys, `control` for what an
//! organization says, `form` for how any document is written, `known` for what AWS's catalogue has nothing of; who is everyone,
//! `public` says. A function sees a document as its spec writes it, with all places; what is not known before apply is text in it that
//! nothing matches.

mod control;
mod form;
mod identity;
mod known;
mod look;
mod public;
mod resource;
mod trust;

use std::collections::BTreeSet;

use crate::lint::{Hit, Lint};
use crate::policy::Use;
use crate::resolve::Written;

pub use identity::{PRIVILEGE_ESCALATION, escalating_together};
pub use known::why_unknown_key;
pub use public::{Held, held, is_open_to_the_world, is_public, spared};

/// A document, and where it belongs.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'s> {
    /// The document.
    pub written: &'s Written,
    /// The id of the account it is in.
    pub account: &'s str,
    /// The partition of that account: `aws`.
    pub partition: &'s str,
    /// The ids of all accounts of the project.
    pub accounts: &'s BTreeSet<&'s str>,
}

/// A row of the table.
#[derive(Debug)]
pub struct DocumentLint {
    /// What it finds.
    pub lint: Lint,
    /// The documents it is about; all, if none is named.
    uses: &'static [Use],
    check: fn(&Subject<'_>) -> Vec<Hit>,
}

impl DocumentLint {
    /// What it finds in a document.
    #[must_use]
    pub fn hits(&self, subject: &Subject<'_>) -> Vec<Hit> {
        if self.uses.is_empty() || self.uses.contains(&subject.written.use_) {
            return (self.check)(subject);
        }
        Vec::new()
    }
}

/// All lints over documents.
pub fn all() -> impl Iterator<Item = &'static DocumentLint> {
    identity::LINTS.iter().chain(of_limits())
}

/// Those over documents that allow nothing by themselves: policies that only bound what others allow, and are right to be broad.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>
pub fn of_limits() -> impl Iterator<Item = &'static DocumentLint> {
    [trust::LINTS, resource::LINTS, control::LINTS, form::LINTS, known::LINTS].into_iter().flatten()
}
