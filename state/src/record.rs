//! The record of a run: who did what, when, from which specs, and how it ended.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::journal::Entry;
use crate::outputs::Outputs;
use crate::plan::Plan;
use crate::store::Holder;

/// The format of a record; one of a newer format is refused.
pub const FORMAT: u32 = 1;

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// [`FORMAT`].
    pub format: u32,
    /// Who, where, when and what for.
    pub run: Holder,
    /// The commit the specs were read from, where they are in a repository.
    pub specs: Option<Revision>,
    /// What was to be done, with the models before it.
    pub plan: Plan,
    /// How it ended; a run that was cut off has none, and its journal says how far it came.
    pub ended: Option<Ended>,
}

/// A commit of a git repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// Its id.
    pub commit: String,
    /// Whether the folder differed from it.
    pub dirty: bool,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// When, as `2026-11-21T03:04:05Z`.
    pub at: String,
    /// By operation of the plan.
    pub outcomes: Vec<Outcome>,
    /// What became known, by address.
    pub outputs: BTreeMap<String, Outputs>,
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum Outcome {
    /// It succeeded.
    Done,
    /// It failed.
    Failed {
        /// What AWS said.
        error: String,
        /// Whether it may have happened all the same.
        unknown: bool,
    },
    /// It was begun, and nobody knows how it ended.
    CutOff,
    /// It was not tried.
    Skipped,
}

impl Record {
    /// How each operation ended, by the record or, for a run that was cut off, by its journal; and what became known.
    #[must_use]
    pub fn outcomes(&self, journal: &[Entry]) -> (Vec<Outcome>, BTreeMap<String, Outputs>) {
        if let Some(ended) = &self.ended {
            return (ended.outcomes.clone(), ended.outputs.clone());
        }
        let mut outcomes = vec![Outcome::Skipped; self.plan.ops.len()];
        let mut known: BTreeMap<String, Outputs> = BTreeMap::new();
        for entry in journal {
            let (op, outcome) = match entry {
                Entry::Begin { .. } | Entry::End { .. } => continue,
                Entry::Intent { op, .. } => (*op, Outcome::CutOff),
                Entry::Done { op, outputs } => {
                    let change = self.plan.ops.get(*op).and_then(|op| self.plan.changes.get(op.change));
                    if let Some(change) = change {
                        known.entry(change.address.to_string()).or_default().extend(outputs.clone());
                    }
                    (*op, Outcome::Done)
                }
                Entry::Failed { op, error, unknown } => {
                    (*op, Outcome::Failed { error: error.clone(), unknown: *unknown })
                }
            };
            if let Some(slot) = outcomes.get_mut(op) {
                *slot = outcome;
            }
        }
        (outcomes, known)
    }
}
