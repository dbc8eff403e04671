//! What a run did, line by line: the intent before each call, the outcome after it.
//!
//! The journal is a hint for people and never the truth: after a crash trueup looks at AWS again.

use serde::{Deserialize, Serialize};
use trueup_specs::address::Address;

use crate::outputs::Outputs;

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum Entry {
    /// The run begins.
    Begin {
        /// The project.
        project: String,
        /// How many operations it has.
        ops: usize,
    },
    /// A call is about to be sent.
    Intent {
        /// Index of the operation in the plan.
        op: usize,
        /// The resource.
        address: Address,
        /// The call.
        call: String,
        /// What it does.
        title: String,
    },
    /// The call succeeded.
    Done {
        /// Index of the operation in the plan.
        op: usize,
        /// What became known by it.
        outputs: Outputs,
    },
    /// The call failed.
    Failed {
        /// Index of the operation in the plan.
        op: usize,
        /// What AWS said.
        error: String,
        /// Whether it may have happened all the same.
        unknown: bool,
    },
    /// The run ends.
    End {
        /// Operations done, failed, and not tried.
        done: usize,
        /// Failed.
        failed: usize,
        /// Not tried, because something they wait for failed or the run was stopped.
        skipped: usize,
    },
}

/// Where the lines go.
pub trait Journal: Send {
    /// Writes one line, durably, before returning.
    ///
    /// # Errors
    /// When the line could not be written; the run then sends nothing more.
    fn record(&mut self, entry: &Entry) -> std::io::Result<()>;
}

/// A journal that keeps its lines in memory, for tests.
#[derive(Debug, Default)]
pub struct Memory {
    /// The lines.
    pub entries: Vec<Entry>,
}

impl Journal for Memory {
    fn record(&mut self, entry: &Entry) -> std::io::Result<()> {
        self.entries.push(entry.clone());
        Ok(())
    }
}
