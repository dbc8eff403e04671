//! How a command ends.

use std::fmt::Write as _;
use std::process::ExitCode;

use trueup_kinds::error::Failure;

/// What the exit code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, or nothing to do.
    Done,
    /// An error.
    Error,
    /// There are differences, and the caller asked to be told so.
    Differences,
    /// A guard refused.
    Refused,
    /// Something could not be read, or an operation failed.
    Incomplete,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Error => 1,
            Exit::Differences => 2,
            Exit::Refused => 3,
            Exit::Incomplete => 4,
        })
    }
}

/// Why a command ended early. It is printed once, in `main`.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The diagnostics are printed already.
    Reported,
    /// What, why, and what to do.
    Error {
        /// What and why, on one or more lines.
        what: String,
        /// What to do.
        help: Option<String>,
        /// The exit code.
        exit: Exit,
    },
}

impl Stop {
    /// An error with its causes and without a way out of its own.
    pub(crate) fn error(error: &dyn std::error::Error) -> Self {
        Self::Error { what: chain(error), help: None, exit: Exit::Error }
    }

    /// An error with a way out.
    pub(crate) fn with_help(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Error { what: what.into(), help: Some(help.into()), exit: Exit::Error }
    }

    /// A call that failed.
    pub(crate) fn of_failure(failure: &Failure) -> Self {
        let what = format!("{}: {}", failure.call, failure.text());
        Self::Error { what, help: failure.advice(), exit: Exit::Error }
    }

    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Reported => Exit::Error,
            Self::Error { exit, .. } => *exit,
        }
    }
}

/// The error and its sources, each said once.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        // Writing to a string can't fail.
        let _ = write!(text, ": {error}");
        source = error.source();
    }
    text
}
