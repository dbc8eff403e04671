//! What was found, for other programs.

pub(crate) mod json;
pub(crate) mod junit;
pub(crate) mod sarif;

use std::path::PathBuf;

use trueup_kinds::lints::Finding;
use trueup_specs::{Diagnostic, Sources};

use crate::rules::Verdict;

/// All that was found.
pub(crate) struct Report<'r> {
    /// The command that looked.
    pub(crate) name: &'static str,
    /// The files, for places.
    pub(crate) sources: &'r Sources,
    /// The project's folder as seen from the one the command runs in.
    pub(crate) folder: PathBuf,
    /// What is wrong with the specs.
    pub(crate) problems: &'r [Diagnostic],
    /// What the guardrails found, suppressed or not; nothing where the specs are too wrong for them to be asked.
    pub(crate) findings: Option<&'r [Finding]>,
    /// What the organization's own rules say.
    pub(crate) verdicts: &'r [Verdict],
}
