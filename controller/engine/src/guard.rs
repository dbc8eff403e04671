//! What a plan may not do without being asked twice.

use trueup_specs::address::Address;
use trueup_state::plan::{Action, Change, Plan};

/// A plan that passed the guard, and nothing else can be executed.
#[derive(Clone, Debug, PartialEq)]
pub struct Approved(Plan);

impl Approved {
    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.0
    }
}

/// Why a plan was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It removes more than the project allows.
    #[error("the plan removes {found} resources, and the project allows {allowed}")]
    TooManyDeletions {
        /// How many it removes or replaces.
        found: u64,
        /// How many it may.
        allowed: u64,
        /// The first of them.
        some: Vec<Address>,
    },
}

impl Refused {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::TooManyDeletions { found, .. } => format!(
                "if this is meant, set `deletions = {found}` under [limits] in trueup.toml, or plan in parts with --target or --account"
            ),
        }
    }
}

/// How many addresses a refusal names.
const NAMED: usize = 5;

/// Lets a plan through, or says what it breaks.
///
/// # Errors
/// [`Refused`] with the rule it breaks.
pub fn approve(plan: Plan) -> Result<Approved, Refused> {
    let removed: Vec<&Change> = plan.changes.iter().filter(|change| removes(&change.action)).collect();
    let found = removed.len() as u64;
    match plan.deletions_max {
        Some(allowed) if found > allowed => {
            let some = removed.iter().take(NAMED).map(|change| change.address.clone()).collect();
            Err(Refused::TooManyDeletions { found, allowed, some })
        }
        Some(_) | None => Ok(Approved(plan)),
    }
}

fn removes(action: &Action) -> bool {
    match action {
        Action::Remove { .. } | Action::Replace { .. } => true,
        Action::Create | Action::Update | Action::Adopt | Action::Move { .. } | Action::Follow { .. } => false,
    }
}
