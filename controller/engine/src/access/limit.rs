//! What a plan may not let anyone gain without being asked twice.

use trueup_state::plan::{AccessLine, Exposure, Plan};

/// A limit that a pipeline sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessLimit {
    /// Nobody may gain anything.
    NewAccess,
    /// Nothing may become open to everyone.
    PublicAccess,
}

impl AccessLimit {
    /// The gains that break it.
    #[must_use]
    pub fn broken_by(self, plan: &Plan) -> Vec<&AccessLine> {
        let is_meant = |line: &&AccessLine| match self {
            Self::NewAccess => true,
            Self::PublicAccess => line.exposure == Exposure::Public,
        };
        plan.access.gains.iter().filter(is_meant).collect()
    }
}
