//! What a removal breaks outside of the specs: things there that still name what goes.
//!
//! Within the specs the check finds them. Outside, AWS refuses the removal (a policy that is still attached), or takes it and
//! leaves a dead id behind (a key policy that named a role). They are found in what was read anyway.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::Value;
use trueup_state::plan::{Action, Danger};

use crate::check::Checked;
use crate::decide::Decision;
use crate::kind::{AnyModel, Live, OpInfo};
use crate::matching::{Found, Matches, Owner};
use crate::observe::Snapshot;

/// Adds to each removal and replacement who outside of the specs still names the thing.
pub(crate) fn tell(decisions: &mut [Decision], checked: &Checked<'_>, snapshot: &Snapshot, matches: &Matches<'_>) {
    let going = going(decisions);
    if going.is_empty() {
        return;
    }
    let removed: HashSet<String> = decisions.iter().map(|decision| decision.change.address.to_string()).collect();
    let inside = inside(matches, &removed);
    let mut named: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for (kind_name, scope, seen) in snapshot.iter() {
        let (Ok(seen), Some(kind)) = (seen, checked.kinds.get(kind_name)) else { continue };
        for live in seen.iter().filter(|live| !inside.contains(&std::ptr::from_ref(*live))) {
            let mut names = BTreeSet::new();
            mentioned(&kind.to_value(&live.model), &going, &mut names);
            for index in names {
                named.entry(index).or_default().insert(format!("{kind_name} {} in {scope}", name(live)));
            }
        }
    }
    for (index, who) in named {
        if let Some(decision) = decisions.get_mut(index) {
            decision.change.dangers.push(Danger::Dependents { who: who.into_iter().collect() });
        }
    }
}

/// The ARNs of what goes, for good or to be made again, with the decision of each. What only changes hands, as an alias does, stays.
fn going(decisions: &[Decision]) -> BTreeMap<String, usize> {
    let mut going = BTreeMap::new();
    let mut passed_on = BTreeMap::new();
    for (index, decision) in decisions.iter().enumerate().filter(|(_, decision)| decision.change.before.is_some()) {
        let destroyed = infos(decision).flat_map(|info| info.destroys).filter(|id| id.starts_with("arn:"));
        let is_gone = match decision.change.action {
            Action::Remove { .. } | Action::Replace { .. } => true,
            Action::Create | Action::Update | Action::Adopt | Action::Move { .. } | Action::Follow { .. } => false,
        };
        let into = if is_gone { &mut going } else { &mut passed_on };
        into.extend(destroyed.map(|arn| (arn, index)));
        if let Action::Remove { .. } = decision.change.action {
            going.extend(decision.change.outputs.get("arn").map(|arn| (arn.clone(), index)));
        }
    }
    if !passed_on.is_empty() {
        for made in decisions.iter().flat_map(infos).flat_map(|info| info.creates) {
            passed_on.remove(&made);
        }
    }
    going.extend(passed_on);
    going
}

fn infos(decision: &Decision) -> impl Iterator<Item = OpInfo> + '_ {
    decision.ops.iter().map(|op| decision.kind.info(&decision.at, op))
}

/// What the specs ask for, and what goes as well.
fn inside(matches: &Matches<'_>, removed: &HashSet<String>) -> HashSet<*const Live<AnyModel>> {
    let asked = matches.found.iter().filter_map(|found| match found {
        Found::Live(live, Owner::Nobody | Owner::Ours(_)) => Some(std::ptr::from_ref(*live)),
        Found::Live(_, Owner::Other(_))
        | Found::NotRead
        | Found::Unread(_)
        | Found::Absent
        | Found::Respelt(_)
        | Found::Ambiguous { .. }
        | Found::Copies(_) => None,
    });
    let leftovers = matches.leftovers.iter().filter(|leftover| removed.contains(&leftover.address.to_string()));
    asked.chain(leftovers.map(|leftover| std::ptr::from_ref(leftover.live))).collect()
}

/// The ARNs that stand alone in a string of the value, as attachments and principals do.
fn mentioned(value: &Value, arns: &BTreeMap<String, usize>, found: &mut BTreeSet<usize>) {
    match value {
        Value::String(text) => found.extend(arns.get(text)),
        Value::Array(items) => items.iter().for_each(|item| mentioned(item, arns, found)),
        Value::Object(members) => members.values().for_each(|member| mentioned(member, arns, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn name(live: &Live<AnyModel>) -> &str {
    if live.name.is_empty() { live.outputs.get("arn").unwrap_or(&live.name) } else { &live.name }
}
