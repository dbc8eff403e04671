//! What a plan may not do without being asked twice.

use trueup_specs::address::Address;
use trueup_state::plan::{Action, Change, Danger, Plan, Purpose};

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
    /// The specs declare nothing at all, and there are things of the project.
    #[error("the specs declare nothing, and the plan would remove {found} resources")]
    NothingDeclared {
        /// How many it removes.
        found: u64,
        /// The first of them.
        some: Vec<Address>,
    },
    /// It takes away the way in.
    #[error("the plan locks out: {}", why.join("; "))]
    SelfLockout {
        /// What it takes away.
        why: Vec<String>,
        /// By which changes.
        some: Vec<Address>,
    },
}

/// What was asked for expressly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allow {
    /// That trueup, or everyone, is locked out.
    pub self_lockout: bool,
}

impl Refused {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::TooManyDeletions { found, .. } => format!(
                "if this is meant, set `deletions = {found}` under [limits] in trueup.toml, or plan in parts with --target or --account"
            ),
            Self::NothingDeclared { .. } => {
                "look whether all files of the project are there; if all of it shall go, say `trueup destroy`"
                    .to_owned()
            }
            Self::SelfLockout { .. } => {
                "keep the way in until another is there and used; if this is meant, say --allow-self-lockout".to_owned()
            }
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
    approve_with(plan, Allow::default())
}

/// Lets a plan through with what was asked for expressly, or says what it breaks.
///
/// # Errors
/// [`Refused`] with the rule it breaks.
pub fn approve_with(plan: Plan, allow: Allow) -> Result<Approved, Refused> {
    let lockouts = lockouts(&plan);
    if !lockouts.is_empty() && !allow.self_lockout {
        let (some, why): (Vec<Address>, Vec<String>) = lockouts.into_iter().unzip();
        return Err(Refused::SelfLockout { why, some });
    }
    let removed: Vec<&Change> = plan.changes.iter().filter(|change| removes(&change.action)).collect();
    let found = removed.len() as u64;
    let some = || removed.iter().take(NAMED).map(|change| change.address.clone()).collect();
    // A tombstone is a word in the specs, even where it is the only one.
    let unsaid = removed.iter().any(|change| change.action != Action::Remove { tombstone: true });
    if plan.declared == 0 && plan.purpose == Purpose::Specs && unsaid {
        return Err(Refused::NothingDeclared { found, some: some() });
    }
    match plan.deletions_max {
        Some(allowed) if found > allowed => Err(Refused::TooManyDeletions { found, allowed, some: some() }),
        Some(_) | None => Ok(Approved(plan)),
    }
}

fn lockouts(plan: &Plan) -> Vec<(Address, String)> {
    let of = |change: &Change| -> Vec<(Address, String)> {
        let whys = change.dangers.iter().filter_map(|danger| match danger {
            Danger::SelfLockout { why } => Some(why.clone()),
            Danger::Removal
            | Danger::Replacement
            | Danger::Contents { .. }
            | Danger::Dependents { .. }
            | Danger::WiderTrust { .. } => None,
        });
        whys.map(|why| (change.address.clone(), why)).collect()
    };
    plan.changes.iter().flat_map(of).collect()
}

fn removes(action: &Action) -> bool {
    match action {
        Action::Remove { .. } | Action::Replace { .. } => true,
        Action::Create | Action::Update | Action::Adopt | Action::Move { .. } | Action::Follow { .. } => false,
    }
}
