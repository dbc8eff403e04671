//! Whether the world is still what a saved plan was decided from.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet};

use serde_json::Value;
use trueup_specs::address::Address;
use trueup_state::ledger::Ledger;
use trueup_state::plan::{Action, Change, Plan, PlannedOp};

use crate::causes::differing;
use crate::check::Kinds;
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
    let now = Now { plan, ledger, facts, going: &Going::default() };
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
        if let Some(what) = became(now, change, kind, live) {
            moved.push(Moved { address: change.address.clone(), what });
        }
    }
    Ok(moved)
}

/// A plan, and what is there now.
#[derive(Clone, Copy)]
pub struct Now<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// What was last applied.
    pub ledger: &'a Ledger,
    /// What was read.
    pub facts: &'a Facts,
    /// What may be gone already by the plan's own operations.
    pub going: &'a Going,
}

/// What became of the thing a change is about since the plan was made; `None` where it is as the plan has it.
///
/// `live` is what the facts show of its kind in its scope. A field that can't be read says nothing; nor does one that names what is going.
#[must_use]
pub fn became(
    Now { plan, ledger, facts, going }: Now<'_>,
    change: &Change,
    kind: &dyn AnyKind,
    live: &[Live<AnyModel>],
) -> Option<String> {
    match (find(plan, change, kind, live, ledger), &change.before) {
        (None, None) => None,
        (None, Some(_)) => Some("is gone".to_owned()),
        // One that waits does not become what the change makes beside it.
        (Some(live), None) if live.name != change.name && kind.waits(facts, &change.scope, &live.name).is_some() => {
            None
        }
        (Some(_), None) => Some("exists by now".to_owned()),
        (Some(live), Some(before)) => {
            let mut fields = differing(before, &kind.to_value(&live.model));
            if !fields.is_empty() {
                let unread = kind.unchecked(facts, &change.scope, &live.name);
                fields.retain(|field| !unread.contains_key(field) && !going.is_named_in(before.get(field)));
            }
            (!fields.is_empty()).then(|| format!("changed in {}", fields.join(", ")))
        }
    }
}

/// The ARNs of what a plan removes or makes again. AWS shows such a name otherwise in what names it, once it is gone (a role's as its id),
/// so that there the plan's own doing can't be told from another's.
#[derive(Clone, Debug, Default)]
pub struct Going(HashSet<String>);

impl Going {
    /// What goes by this plan.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let goes = |change: &Change| matches!(change.action, Action::Remove { .. } | Action::Replace { .. });
        let of_op = |op: &PlannedOp| plan.changes.get(op.change).is_some_and(goes).then(|| op.resource.clone());
        let mut arns: HashSet<String> = plan.ops.iter().filter_map(of_op).collect();
        arns.extend(
            plan.changes.iter().filter(|change| goes(change)).filter_map(|one| one.outputs.get("arn").cloned()),
        );
        Self(arns)
    }

    fn is_named_in(&self, value: Option<&Value>) -> bool {
        !self.0.is_empty() && value.is_some_and(|value| any_text(value, &|text| self.0.contains(text)))
    }
}

fn any_text(value: &Value, is: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => is(text),
        Value::Array(items) => items.iter().any(|item| any_text(item, is)),
        Value::Object(members) => members.values().any(|member| any_text(member, is)),
    }
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
