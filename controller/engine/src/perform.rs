//! What the engine asks of those who perform operations.

use std::fmt;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trueup_state::outputs::Outputs;

use crate::facts::Unread;
use crate::kind::At;

/// How far a failed call got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// AWS refused it, or it never left: nothing changed.
    None,
    /// The answer is missing: it may have happened.
    Unknown,
}

/// Why an operation failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpError {
    /// The call as its IAM action: `iam:CreateRole`.
    pub call: String,
    /// AWS's error code: `EntityAlreadyExists`.
    pub code: Option<String>,
    /// What AWS (or the connection) said.
    pub message: String,
    /// AWS's request id, for support.
    pub request_id: Option<String>,
    /// What to do.
    pub help: Option<String>,
    /// Whether something may have changed all the same.
    pub effect: Effect,
}

impl fmt::Display for OpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => write!(f, "{}: {code}: {}", self.call, self.message),
            None => write!(f, "{}: {}", self.call, self.message),
        }
    }
}

impl std::error::Error for OpError {}

/// What surrounds one operation.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpContext {
    /// The operation needs something made in this run, which IAM may not show yet: its absence is waited out, within bounds.
    pub fresh: bool,
}

/// What became of a thing since the plan was made: `None` where it is as the plan has it.
pub type Became = Result<Option<String>, Unread>;

/// Those who look at a thing once more, just before the first operation that changes or removes it: while a plan is shown, asked about and
/// walked, the world goes on.
pub trait Witness: Sync {
    /// Looks at the thing of a change, by its index in the plan; `None` where what was seen of it is recent enough to act on.
    fn look(&self, change: usize) -> Option<BoxFuture<'_, Became>>;
}

/// A witness that takes what the plan was decided from for what is there: where nothing else can change it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Witness for Unwatched {
    fn look(&self, _: usize) -> Option<BoxFuture<'_, Became>> {
        None
    }
}

/// Those who perform operations: the kinds' drivers with real sessions, or a test's.
pub trait Performer: Sync {
    /// Performs one operation and returns the outputs that became known by it.
    fn perform<'a>(
        &'a self,
        kind: &'a str,
        at: &'a At,
        op: Value,
        cx: OpContext,
    ) -> BoxFuture<'a, Result<Outputs, OpError>>;
}
