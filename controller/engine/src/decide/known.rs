//! What is known of outputs while a plan is decided.

use std::collections::BTreeSet;

use trueup_specs::project::InstanceId;
use trueup_specs::resolve::Outputs;

use crate::check::Checked;
use crate::matching::{Found, Matches, Owner};

/// Outputs as they are now, or as they follow from names; what a replacement will make up anew is not known.
pub(super) struct Known<'a> {
    pub(super) checked: &'a Checked<'a>,
    pub(super) matches: &'a Matches<'a>,
    pub(super) replaced: &'a BTreeSet<usize>,
}

impl Outputs for Known<'_> {
    fn get(&self, instance: InstanceId, attribute: &str) -> Option<String> {
        let index = instance.index();
        let predicted = || self.checked.items[index].identity.outputs.get(attribute).cloned();
        match &self.matches.found[index] {
            Found::Live(live, Owner::Nobody | Owner::Ours(_)) if !self.replaced.contains(&index) => {
                // What follows from the name goes first: it is what the spec says, also when the thing is renamed.
                predicted().or_else(|| live.outputs.get(attribute).cloned())
            }
            Found::Live(..)
            | Found::Absent
            | Found::Respelt(_)
            | Found::NotRead
            | Found::Unread(_)
            | Found::Ambiguous { .. }
            | Found::Copies(_) => predicted(),
        }
    }
}
