//! Whether the world is still what a saved plan was decided from.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use trueup_specs::address::Address;
use trueup_state::ledger::Ledger;
use trueup_state::plan::{Action, Change, Plan};

use crate::check::Kinds;
use crate::decide::differing;
use crate::facts::{Facts, Scope, Unread};
use crate::kind::{AnyKind, AnyModel, Live};
use crate::matching::{Owner, Records, owner};

/// How a resource moved since the plan was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The resource.
    pub address: Address,
    /// What happened to it.
    pub what: String,
}

/// Compares everything a plan touches with what is there now.
///
/// # Errors
/// When something the plan touches could not be read.
pub fn moved(plan: &Plan, kinds: &Kinds, facts: &Facts, ledger: &Ledger) -> Result<Vec<Moved>, Unread> {
    let mut seen: BTreeMap<(&str, &Scope), Vec<Live<AnyModel>>> = BTreeMap::new();
    let mut moved = Vec::new();
    for change in &plan.changes {
        let Some(kind) = kinds.get(&change.address.kind) else {
            moved.push(Moved {
                address: change.address.clone(),
                what: "is of a kind this trueup does not know".to_owned(),
            });
            continue;
        };
        let key = (&*change.address.kind, &change.scope);
        let live = match seen.entry(key) {
            Entry::Occupied(occupied) => occupied.into_mut(),
            Entry::Vacant(vacant) => vacant.insert(kind.observe(facts, &change.scope)?),
        };
        let now = find(plan, change, kind, live, ledger);
        let what = match (now, &change.before) {
            (None, None) => continue,
            (None, Some(_)) => "is gone".to_owned(),
            // One that waits does not become what the change makes beside it.
            (Some(live), None)
                if live.name != change.name && kind.waits(facts, &change.scope, &live.name).is_some() =>
            {
                continue;
            }
            (Some(_), None) => "exists by now".to_owned(),
            (Some(live), Some(before)) => {
                let now = kind.to_value(&live.model);
                if now == *before {
                    continue;
                }
                format!("changed in {}", differing(before, &now).join(", "))
            }
        };
        moved.push(Moved { address: change.address.clone(), what });
    }
    Ok(moved)
}

/// The thing a change is about, as it is now.
pub(crate) fn find<'l>(
    plan: &Plan,
    change: &Change,
    kind: &dyn AnyKind,
    live: &'l [Live<AnyModel>],
    ledger: &Ledger,
) -> Option<&'l Live<AnyModel>> {
    let named = |live: &&Live<AnyModel>| !change.name.is_empty() && live.name == change.name;
    // What another change found by its name is that one's, whatever its tag says: names go first.
    let others = |live: &&Live<AnyModel>| {
        let same_sort = |other: &&Change| other.address.kind == change.address.kind && other.scope == change.scope;
        !live.name.is_empty() && plan.changes.iter().filter(same_sort).any(|other| other.name == live.name)
    };
    let tagged = |live: &&Live<AnyModel>| !others(live) && is_of(change, kind, live, &plan.project, ledger);
    live.iter().find(named).or_else(|| live.iter().find(tagged))
}

fn is_of(change: &Change, kind: &dyn AnyKind, live: &Live<AnyModel>, project: &str, ledger: &Ledger) -> bool {
    let previous = match &change.action {
        Action::Move { from } => Some(&**from),
        Action::Create
        | Action::Update
        | Action::Adopt
        | Action::Replace { .. }
        | Action::Remove { .. }
        | Action::Follow { .. } => None,
    };
    match owner(kind, live, project, &Records::of(kind.schema().name, ledger, &change.scope)) {
        Owner::Ours(address) => address == change.address.to_string() || previous == Some(&*address),
        Owner::Nobody | Owner::Other(_) => false,
    }
}
