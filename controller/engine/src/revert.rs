//! The way back to what was before a run, as a plan like any other.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::Value;
use trueup_specs::ACCOUNT;
use trueup_specs::project::DeletionsMax;
use trueup_state::ledger::Ledger;
use trueup_state::outputs::Outputs;
use trueup_state::plan::{AccessChange, Action, Blocked, Change, FORMAT, Plan, PlannedOp, Purpose, Read, Retained};
use trueup_state::record::Outcome;

use crate::causes::{causes, differing};
use crate::check::Kinds;
use crate::dangers;
use crate::decide::is_protected;
use crate::execute::{at, fill};
use crate::facts::{Facts, Scope, Unread};
use crate::fresh::find;
use crate::kind::{AnyKind, AnyModel, At, Live, Refusal, Steps};
use crate::matching::OWN_TAGS;
use crate::order::{Draft, order};

/// A run, and what is there now.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// The run's name.
    pub run: &'a str,
    /// What it was to do, with what was before it.
    pub plan: &'a Plan,
    /// How each of its operations ended.
    pub outcomes: &'a [Outcome],
    /// What became known by it.
    pub outputs: &'a BTreeMap<String, Outputs>,
    /// The kinds.
    pub kinds: &'a Kinds,
    /// What was last applied.
    pub ledger: &'a Ledger,
    /// How much a plan may remove.
    pub deletions: Option<DeletionsMax>,
    /// Addresses that `[[removed]]` names.
    pub tombstones: &'a std::collections::BTreeSet<String>,
}

/// Why there is no way back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoWayBack {
    /// What the run touched can't be read.
    #[error("what the run touched could not be read: {}: {}", .0.call, .0.why)]
    Unread(Unread),
    /// Operations wait for each other.
    #[error("the operations back wait for each other in a circle: {}", .0.join(", "))]
    Circle(Vec<String>),
}

/// The plan of a run with what became known by it in the place of tokens: an account that the run made could not be entered by its token.
/// What the run did not put on record itself is taken from the ledger.
///
/// # Errors
/// When what became known makes no plan of it.
pub fn with_known(
    plan: &Plan,
    outputs: &BTreeMap<String, Outputs>,
    ledger: &Ledger,
) -> Result<Plan, serde_json::Error> {
    let entries = ledger.documents.values().flat_map(|document| &document.entries);
    let mut known: BTreeMap<String, Outputs> =
        entries.map(|(address, entry)| (address.to_string(), entry.outputs.clone())).collect();
    for (address, outputs) in outputs {
        known.entry(address.clone()).or_default().extend(outputs.clone());
    }
    serde_json::from_value(fill(&serde_json::to_value(plan)?, &known))
}

/// Decides the way back. Only what the run changed, or may have changed, is touched; whose it is does not change.
///
/// # Errors
/// [`NoWayBack`].
pub fn revert(inputs: Inputs<'_>, facts: &Facts) -> Result<Plan, NoWayBack> {
    let Inputs { run, plan: done, outcomes, kinds, .. } = inputs;
    let mut back = Plan {
        format: FORMAT,
        world: done.world.clone(),
        purpose: Purpose::Revert { run: run.to_owned() },
        specs: BTreeMap::new(),
        declared: done.declared,
        project: done.project.clone(),
        accounts: done.accounts.clone(),
        changes: Vec::new(),
        ops: Vec::new(),
        blocked: Vec::new(),
        retained: Vec::new(),
        confirmed: Vec::new(),
        forgotten: Vec::new(),
        notes: Vec::new(),
        unchanged: 0,
        deletions_max: None,
        reads: done.reads.iter().map(|read| Read { unread: None, ..read.clone() }).collect(),
        outputs: BTreeMap::new(),
        // It is told by what the specs want, and a way back is not made of that.
        access: AccessChange::default(),
    };
    let mut touched = vec![false; done.changes.len()];
    for (op, outcome) in done.ops.iter().zip(outcomes) {
        if let Some(touched) = touched.get_mut(op.change) {
            *touched |= match outcome {
                Outcome::Done | Outcome::CutOff | Outcome::Failed { unknown: true, .. } => true,
                Outcome::Failed { unknown: false, .. } | Outcome::Skipped => false,
            };
        }
    }
    let mut seen: BTreeMap<(&str, &Scope), Vec<Live<AnyModel>>> = BTreeMap::new();
    let mut drafts = Vec::new();
    for (change, _) in done.changes.iter().zip(&touched).filter(|(_, touched)| **touched) {
        let Some(kind) = kinds.get(&change.address.kind) else { continue };
        let live = match seen.entry((&*change.address.kind, &change.scope)) {
            Entry::Occupied(occupied) => occupied.into_mut(),
            Entry::Vacant(vacant) => vacant.insert(kind.observe(facts, &change.scope).map_err(NoWayBack::Unread)?),
        };
        let live = find(done, change, kind, live, inputs.ledger);
        back.one(inputs, change, kind, live, &mut drafts);
    }
    back.deletions_max = inputs.deletions.map(|limit| limit.of(back.changes.len() as u64 + back.unchanged));
    let ordered = order(drafts).map_err(|circle| NoWayBack::Circle(circle.titles))?;
    back.ops = ordered
        .into_iter()
        .map(|ordered| PlannedOp {
            change: ordered.draft.change,
            after: ordered.after,
            call: ordered.draft.info.call.to_owned(),
            resource: ordered.draft.info.resource,
            title: ordered.draft.info.title,
            op: ordered.draft.op,
            fresh: ordered.fresh,
        })
        .collect();
    Ok(back)
}

/// Fills the plan back, change by change.
trait Back {
    fn one(
        &mut self,
        inputs: Inputs<'_>,
        change: &Change,
        kind: &'static dyn AnyKind,
        live: Option<&Live<AnyModel>>,
        drafts: &mut Vec<Draft>,
    );
    fn block(&mut self, change: &Change, why: String, help: Option<String>);
}

impl Back for Plan {
    fn one(
        &mut self,
        inputs: Inputs<'_>,
        change: &Change,
        kind: &'static dyn AnyKind,
        live: Option<&Live<AnyModel>>,
        drafts: &mut Vec<Draft>,
    ) {
        let at = at(self, change);
        let target = match target(change, kind, live) {
            Ok(target) => target,
            Err(error) => return self.block(change, format!("its record can't be read: {error}"), None),
        };
        let address = change.address.to_string();
        if let (Some(live), None) = (live, &target) {
            let tombstone = inputs.tombstones.contains(&address);
            if kind.schema().stateful && !tombstone {
                let why = "the run made it, and it may hold data since; to remove it, add:".to_owned();
                let close = if kind.schema().name == ACCOUNT.name { "\nclose = true" } else { "" };
                let removal = Some(format!("[[removed]]\naddress = \"{address}\"{close}"));
                let (address, name) = (change.address.clone(), live.name.clone());
                return self.retained.push(Retained { address, name, why, removal });
            }
            if is_protected(kind, Some(live)) {
                return self.block(change, "the run made it, but it is protected".to_owned(), None);
            }
        }
        let steps = match kind.ops(&at, live.map(|live| &live.model), target.as_ref()) {
            Ok(steps) => steps,
            Err(Refusal { field, why, help }) => return self.block(change, format!("{field}: {why}"), Some(help)),
        };
        let Steps { ops, replaces } = steps;
        if ops.is_empty() {
            self.unchanged += 1;
            return;
        }
        if !replaces.is_empty() && is_protected(kind, live) {
            let why = format!("it is protected, and changing {} back means removing it", replaces.join(", "));
            return self.block(change, why, None);
        }
        let action = match (live, &target) {
            (None, _) => Action::Create,
            (Some(_), None) => Action::Remove { tombstone: inputs.tombstones.contains(&address) },
            (Some(_), Some(_)) if replaces.is_empty() => Action::Update,
            (Some(_), Some(_)) => Action::Replace { fields: replaces.into_iter().map(str::to_owned).collect() },
        };
        let index = self.changes.len();
        self.changes.push(back(inputs, change, kind, live, target.as_ref(), action));
        drafts.extend(draft(index, kind, &at, ops));
    }

    fn block(&mut self, change: &Change, why: String, help: Option<String>) {
        let (address, place) = (change.address.clone(), change.place.clone());
        self.blocked.push(Blocked { address, place, why, help, unread: false });
    }
}

fn draft(change: usize, kind: &'static dyn AnyKind, at: &At, ops: Vec<Value>) -> impl Iterator<Item = Draft> {
    ops.into_iter().map(move |op| {
        let info = kind.info(at, &op);
        Draft { change, kind, at: at.clone(), op, info }
    })
}

/// What was before the run, in the hands it is in now.
fn target(
    change: &Change,
    kind: &dyn AnyKind,
    live: Option<&Live<AnyModel>>,
) -> Result<Option<AnyModel>, serde_json::Error> {
    let Some(before) = &change.before else { return Ok(None) };
    let before = kind.read_value(before.clone())?;
    let (Some(tags), Some(now)) = (kind.tags(&before), live.and_then(|live| kind.tags(&live.model))) else {
        return Ok(Some(before));
    };
    let mut tags = tags.clone();
    tags.retain(|key, _| !key.starts_with(OWN_TAGS));
    tags.extend(
        now.iter().filter(|(key, _)| key.starts_with(OWN_TAGS)).map(|(key, value)| (key.clone(), value.clone())),
    );
    Ok(Some(kind.with_tags(&before, tags)))
}

fn back(
    inputs: Inputs<'_>,
    change: &Change,
    kind: &dyn AnyKind,
    live: Option<&Live<AnyModel>>,
    target: Option<&AnyModel>,
    action: Action,
) -> Change {
    let before = live.map(|live| kind.to_value(&live.model));
    let after = target.map(|target| kind.to_value(target));
    // What the run left: what differs from that was changed since, and the plan shows it as such.
    let left = change.after.as_ref().map(|left| fill(left, inputs.outputs));
    let causes = match (&before, &after) {
        (Some(before), Some(after)) => causes(kind, before, after, left.as_ref()),
        (None, _) | (_, None) => BTreeMap::new(),
    };
    let renamed = |name: &Value| name.as_str().map(str::to_owned);
    let name = match (&action, &after) {
        (Action::Remove { .. }, _) | (_, None) => live.map(|live| live.name.clone()),
        // A thing that was renamed goes back to the name it had, where its model tells it.
        (_, Some(after))
            if before.as_ref().is_some_and(|before| differing(before, after).iter().any(|f| f == "name")) =>
        {
            after.get("name").and_then(renamed)
        }
        (_, Some(_)) => live.map(|live| live.name.clone()),
    };
    Change {
        address: change.address.clone(),
        scope: change.scope.clone(),
        name: name.filter(|name| !name.is_empty()).unwrap_or_else(|| change.name.clone()),
        dangers: dangers::of(&action, before.as_ref(), after.as_ref()),
        outputs: if matches!(action, Action::Replace { .. }) || live.is_none() {
            change.outputs.iter().filter(|(key, _)| *key != "id").map(|(k, v)| (k.clone(), v.clone())).collect()
        } else {
            live.map(|live| live.outputs.clone()).unwrap_or_default()
        },
        action,
        place: change.place.clone(),
        causes,
        before,
        after,
        applied: left,
    }
}
