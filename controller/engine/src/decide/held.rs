//! What can't go because something is in it that stays.

use std::collections::HashSet;

use trueup_state::plan::Retained;

use super::{Decision, Round};
use crate::kind::Held;

impl Round<'_> {
    /// AWS removes some things only when nothing is in them any more. What is in them must leave in this plan; otherwise they are kept.
    pub(super) fn keep_what_holds_something(&mut self) {
        // What is kept may itself be in another thing.
        while let Some((place, held)) = self.first_that_holds() {
            let Decision { change, .. } = self.decisions.remove(place);
            let why = format!("{held} is still in it, and AWS removes it only empty: let that go or move it first");
            self.retained.push(Retained { address: change.address, name: change.name, why, removal: None });
        }
    }

    /// The first removal of something that will not be empty, and what stays in it.
    fn first_that_holds(&self) -> Option<(usize, String)> {
        if self.decisions.iter().all(|decision| decision.holds.is_empty()) {
            return None;
        }
        let leaving = self.leaving();
        self.decisions.iter().enumerate().find_map(|(place, decision)| {
            let own = decision.change.outputs.get("id")?;
            let stays = |held: &&Held| !leaving.contains(&(held.id.clone(), own.clone()));
            Some((place, decision.holds.iter().find(stays)?.what.clone()))
        })
    }

    /// What leaves what in this plan, by their ids.
    fn leaving(&self) -> HashSet<(String, String)> {
        let mut leaving = HashSet::new();
        for decision in &self.decisions {
            let Some(id) = decision.change.outputs.get("id") else { continue };
            for op in &decision.ops {
                let released = decision.kind.info(&decision.at, op).releases;
                leaving.extend(released.into_iter().map(|from| (id.clone(), from)));
            }
        }
        leaving
    }
}
