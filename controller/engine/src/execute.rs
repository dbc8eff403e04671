//! Walks an approved plan: exactly its operations, each after all it waits for, several at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use serde_json::Value;
use trueup_specs::pending;
use trueup_state::journal::{Entry, Journal};
use trueup_state::ledger::{self, Ledger, SavedModel};
use trueup_state::outputs::Outputs;
use trueup_state::plan::{Action, Change, Confirmed, Forgotten, Plan, PlannedOp};

use crate::check::Kinds;
use crate::guard::Approved;
use crate::kind::At;
use crate::order::{collect_tokens_of, tokens};
use crate::perform::{Became, Effect, OpContext, OpError, Performer, Witness};

/// How many calls may be in flight for one service in one account. IAM answers writes at a few a second for each account, so more would
/// only be throttled.
pub(crate) const IN_FLIGHT_PER_SERVICE: usize = 4;

/// How many calls may be in flight in all.
pub(crate) const IN_FLIGHT: usize = 32;

/// How one operation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It succeeded.
    Done,
    /// It failed.
    Failed(OpError),
    /// It was not tried: something it waits for failed, or the run was stopped.
    Skipped,
}

/// What a run tells while it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An operation was sent.
    Started(usize),
    /// An operation ended.
    Ended(usize, Outcome),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// By operation of the plan.
    pub outcomes: Vec<Outcome>,
    /// The run was stopped before its end.
    pub stopped: bool,
    /// Why the journal could not be written, if that ended the run.
    pub journal_error: Option<String>,
    /// What became known.
    pub outputs: BTreeMap<String, Outputs>,
}

impl Report {
    /// How many operations ended this way.
    #[must_use]
    pub fn count(&self, of: impl Fn(&Outcome) -> bool) -> usize {
        self.outcomes.iter().filter(|outcome| of(outcome)).count()
    }

    /// Whether every operation succeeded.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.outcomes.iter().all(|outcome| *outcome == Outcome::Done)
    }
}

/// What the engine needs beside the plan to walk it.
pub struct Walk<'a> {
    /// Who performs.
    pub performer: &'a dyn Performer,
    /// Who looks once more at each thing before the first operation that changes or removes it.
    pub witness: &'a dyn Witness,
    /// Where each intent and outcome is written before and after its call.
    pub journal: &'a mut dyn Journal,
    /// Told of each start and end.
    pub events: &'a mut dyn FnMut(&Event),
    /// Once set, no further call is sent; those in flight are waited for.
    pub stop: &'a AtomicBool,
}

/// Account and service: what AWS throttles by.
pub(crate) type Lane<'a> = (&'a str, &'a str);

/// The lane of an operation.
pub(crate) fn lane<'a>(plan: &'a Plan, op: &'a PlannedOp) -> Lane<'a> {
    (&plan.changes[op.change].scope.account, op.call.split(':').next().unwrap_or_default())
}

#[derive(Default)]
struct Queue {
    free: BTreeSet<usize>,
    in_flight: usize,
}

/// Whether the thing of a change is still as the plan has it.
enum Seen {
    /// Nobody looked yet.
    No,
    /// Someone looks; these of its operations wait for it, each in its place in its lane.
    Awaited(Vec<usize>),
    /// It is, or there was nothing there.
    Yes,
    /// It is not, and nothing is done about it.
    Moved,
}

struct State<'a> {
    plan: &'a Plan,
    ats: Vec<At>,
    waiting: Vec<usize>,
    dependents: Vec<Vec<usize>>,
    lanes: BTreeMap<Lane<'a>, Queue>,
    /// What was taken, and waited until its thing was looked at.
    ready: Vec<usize>,
    seen: Vec<Seen>,
    outcomes: Vec<Option<Outcome>>,
    outputs: BTreeMap<String, Outputs>,
}

/// What was waited for.
enum Landed {
    /// An operation.
    Op(usize, Result<Outputs, OpError>),
    /// A look at the thing of a change.
    Look(usize, Became),
}

/// Walks the plan.
pub async fn execute(approved: &Approved, walk: Walk<'_>) -> Report {
    let plan = approved.plan();
    let Walk { performer, witness, journal, events, stop } = walk;
    let mut state = State::new(plan);
    let mut flying: FuturesUnordered<BoxFuture<'_, Landed>> = FuturesUnordered::new();
    let begin = Entry::Begin { project: plan.project.to_string(), ops: plan.ops.len() };
    let mut journal_error = journal.record(&begin).err();
    loop {
        while journal_error.is_none() && !stop.load(Ordering::SeqCst) && flying.len() < IN_FLIGHT {
            let Some(index) = state.take_free() else { break };
            match state.admit(index, witness) {
                Admit::Go => {}
                Admit::Wait => continue,
                Admit::Look(change, look) => {
                    flying.push(Box::pin(async move { Landed::Look(change, look.await) }));
                    continue;
                }
            }
            if let Err(error) = journal.record(&intent(plan, index)) {
                journal_error = Some(error);
                state.land(index);
                break;
            }
            events(&Event::Started(index));
            flying.push(state.send(index, performer));
        }
        let (index, result) = match flying.next().await {
            None => break,
            Some(Landed::Op(index, result)) => {
                state.land(index);
                (index, result)
            }
            Some(Landed::Look(change, became)) => match state.seen(change, became) {
                Some((index, error)) => (index, Err(error)),
                None => continue,
            },
        };
        let entry = match &result {
            Ok(outputs) => Entry::Done { op: index, outputs: outputs.clone() },
            Err(error) => {
                Entry::Failed { op: index, error: error.to_string(), unknown: error.effect == Effect::Unknown }
            }
        };
        if let Err(error) = journal.record(&entry) {
            journal_error.get_or_insert(error);
        }
        let outcome = state.end(index, result);
        events(&Event::Ended(index, outcome));
    }
    let stopped = stop.load(Ordering::SeqCst) || journal_error.is_some();
    let report = state.report(stopped, journal_error.as_ref().map(ToString::to_string));
    let end = Entry::End {
        done: report.count(|outcome| *outcome == Outcome::Done),
        failed: report.count(|outcome| matches!(outcome, Outcome::Failed(_))),
        skipped: report.count(|outcome| *outcome == Outcome::Skipped),
    };
    if journal_error.is_none() {
        // The run is over: a journal that can't take its last line changes nothing that was done.
        let _ = journal.record(&end);
    }
    report
}

fn intent(plan: &Plan, index: usize) -> Entry {
    let op = &plan.ops[index];
    Entry::Intent {
        op: index,
        address: plan.changes[op.change].address.clone(),
        call: op.call.clone(),
        title: op.title.clone(),
    }
}

/// Whether an operation may be sent.
enum Admit<'w> {
    /// It may.
    Go,
    /// Not now, and perhaps never: its thing is being looked at, or has moved.
    Wait,
    /// Not before its thing was looked at.
    Look(usize, BoxFuture<'w, Became>),
}

/// Why nothing is done about a thing.
fn moved(plan: &Plan, index: usize, became: Became) -> Option<OpError> {
    let op = &plan.ops[index];
    let address = &plan.changes[op.change].address;
    let (message, help) = match became {
        Ok(None) => return None,
        Ok(Some(what)) => (
            format!("nothing was sent: AWS is not what this plan was made for: {address} {what}"),
            Some("plan again, and look at what changed".to_owned()),
        ),
        Err(unread) => (
            format!("nothing was sent: {address} could not be read once more: {}: {}", unread.call, unread.why),
            unread.help,
        ),
    };
    Some(OpError { call: op.call.clone(), code: None, message, request_id: None, help, effect: Effect::None })
}

impl<'a> State<'a> {
    fn new(plan: &'a Plan) -> Self {
        let mut dependents = vec![Vec::new(); plan.ops.len()];
        for (index, op) in plan.ops.iter().enumerate() {
            for before in &op.after {
                dependents[*before].push(index);
            }
        }
        let mut state = Self {
            ats: plan.changes.iter().map(|change| at(plan, change)).collect(),
            waiting: plan.ops.iter().map(|op| op.after.len()).collect(),
            lanes: BTreeMap::new(),
            ready: Vec::new(),
            dependents,
            // What is not there yet can't be other than it was; that it came to be in between, AWS says.
            seen: plan.changes.iter().map(|one| if one.before.is_some() { Seen::No } else { Seen::Yes }).collect(),
            outcomes: vec![None; plan.ops.len()],
            outputs: BTreeMap::new(),
            plan,
        };
        for index in (0..plan.ops.len()).filter(|index| plan.ops[*index].after.is_empty()) {
            state.queue(index).free.insert(index);
        }
        state
    }

    fn queue(&mut self, index: usize) -> &mut Queue {
        let plan = self.plan;
        self.lanes.entry(lane(plan, &plan.ops[index])).or_default()
    }

    /// The first free operation, in the plan's order, whose service in its account has room.
    fn take_free(&mut self) -> Option<usize> {
        if let Some(index) = self.ready.pop() {
            return Some(index);
        }
        let open = self.lanes.values_mut().filter(|queue| queue.in_flight < IN_FLIGHT_PER_SERVICE);
        let queue = open.filter(|queue| !queue.free.is_empty()).min_by_key(|queue| queue.free.first().copied())?;
        queue.in_flight += 1;
        queue.free.pop_first()
    }

    /// An operation is no longer in flight.
    fn land(&mut self, index: usize) {
        self.queue(index).in_flight -= 1;
    }

    /// Whether an operation that was taken may be sent now.
    fn admit<'w>(&mut self, index: usize, witness: &'w dyn Witness) -> Admit<'w> {
        let change = self.plan.ops[index].change;
        match &mut self.seen[change] {
            Seen::Yes => Admit::Go,
            Seen::Moved => {
                self.land(index);
                Admit::Wait
            }
            Seen::Awaited(ops) => {
                ops.push(index);
                Admit::Wait
            }
            Seen::No => match witness.look(change) {
                None => {
                    self.seen[change] = Seen::Yes;
                    Admit::Go
                }
                Some(look) => {
                    self.seen[change] = Seen::Awaited(vec![index]);
                    Admit::Look(change, look)
                }
            },
        }
    }

    /// The thing of a change was looked at: what waited for that is free, or the first of it fails and all else of it is left.
    fn seen(&mut self, change: usize, became: Became) -> Option<(usize, OpError)> {
        let Seen::Awaited(ops) = std::mem::replace(&mut self.seen[change], Seen::Moved) else { return None };
        let first = *ops.first()?;
        let error = moved(self.plan, first, became);
        if error.is_none() {
            self.seen[change] = Seen::Yes;
            self.ready.extend(ops.into_iter().rev());
        } else {
            ops.into_iter().for_each(|index| self.land(index));
        }
        error.map(|error| (first, error))
    }

    /// Sends an operation.
    fn send<'p>(&self, index: usize, performer: &'p dyn Performer) -> BoxFuture<'p, Landed>
    where
        'a: 'p,
    {
        let op = &self.plan.ops[index];
        let payload = self.payload(op);
        let (kind, at) = (self.plan.changes[op.change].address.kind.clone(), self.at(op.change));
        let cx = OpContext { fresh: op.fresh };
        Box::pin(async move {
            match payload {
                Ok(payload) => Landed::Op(index, performer.perform(&kind, &at, payload, cx).await),
                Err(error) => Landed::Op(index, Err(*error)),
            }
        })
    }

    fn end(&mut self, index: usize, result: Result<Outputs, OpError>) -> Outcome {
        let op = &self.plan.ops[index];
        let outcome = match result {
            Ok(outputs) => {
                let address = self.plan.changes[op.change].address.to_string();
                self.outputs.entry(address).or_default().extend(outputs);
                for next in std::mem::take(&mut self.dependents[index]) {
                    self.waiting[next] -= 1;
                    if self.waiting[next] == 0 {
                        self.queue(next).free.insert(next);
                    }
                }
                Outcome::Done
            }
            Err(error) => Outcome::Failed(error),
        };
        self.outcomes[index] = Some(outcome.clone());
        outcome
    }

    /// Where a change acts; the account may have been made in this run.
    fn at(&self, change: usize) -> At {
        let at = self.ats[change].clone();
        if !pending::is_pending(&at.account_id) {
            return at;
        }
        At { account_id: fill_text(&at.account_id, &self.outputs).into(), ..at }
    }

    /// The operation with every token replaced by the value that became known.
    fn payload(&self, op: &PlannedOp) -> Result<Value, Box<OpError>> {
        let mut awaited = tokens(&op.op);
        collect_tokens_of(&self.ats[op.change].account_id, &mut awaited);
        let missing = awaited.into_iter().find(|(address, attribute)| {
            self.outputs.get(address).is_none_or(|outputs| !outputs.contains_key(attribute))
        });
        if let Some((address, attribute)) = missing {
            return Err(Box::new(OpError {
                call: op.call.clone(),
                code: None,
                message: format!("{address}.{attribute} did not become known"),
                request_id: None,
                help: Some("plan again: what exists by now is found".to_owned()),
                effect: Effect::None,
            }));
        }
        Ok(fill(&op.op, &self.outputs))
    }

    fn report(self, stopped: bool, journal_error: Option<String>) -> Report {
        let outcomes = self.outcomes.into_iter().map(|outcome| outcome.unwrap_or(Outcome::Skipped)).collect();
        Report { outcomes, stopped, journal_error, outputs: self.outputs }
    }
}

pub(crate) fn at(plan: &Plan, change: &trueup_state::plan::Change) -> At {
    let id = plan.accounts.get(&change.scope.account).map(|account| account.id.clone());
    At {
        scope: change.scope.clone(),
        account_id: id.unwrap_or_default(),
        partition: trueup_specs::resolve::partition(change.scope.region.as_deref().unwrap_or_default()),
        address: change.address.to_string().into(),
    }
}

fn fill_text(text: &str, outputs: &BTreeMap<String, Outputs>) -> String {
    pending::replace(text, |address, attribute| {
        outputs.get(address).and_then(|outputs| outputs.get(attribute)).cloned()
    })
}

/// Replaces tokens everywhere in a value.
#[must_use]
pub fn fill(value: &Value, outputs: &BTreeMap<String, Outputs>) -> Value {
    let text = |text: &str| fill_text(text, outputs);
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        Value::String(string) => Value::String(text(string)),
        Value::Array(items) => Value::Array(items.iter().map(|item| fill(item, outputs)).collect()),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(key, member)| (text(key), fill(member, outputs))).collect())
        }
    }
}

/// Puts on record, before the first call, what a plan is about to make of the kinds that are not made with tags: were the run cut off in
/// between, nothing else would say whose a half-made thing is. There is no model of it yet. Returns whether there is any.
pub fn promise(ledger: &mut Ledger, plan: &Plan, kinds: &Kinds) -> bool {
    let is_made_with_tags =
        |kind: &str| kinds.get(kind).is_none_or(|kind| kind.schema().taggable && !kind.tags_come_later());
    let made = |change: &&Change| change.before.is_none() && change.after.is_some();
    let mut any = false;
    for change in plan.changes.iter().filter(made) {
        if !is_made_with_tags(&change.address.kind) && !pending::is_pending(&change.name) {
            any = true;
            ledger.put(&change.scope, change.address.clone(), without_model(&change.name, Outputs::new()));
        }
    }
    any
}

/// The record of a thing of which only a part was made.
fn without_model(name: &str, outputs: Outputs) -> ledger::Entry {
    ledger::Entry { name: name.to_owned(), outputs, model: SavedModel::from(&Value::Null) }
}

/// Puts on record what was made in part, so that the next run goes on with it; what was not begun is taken off.
fn remember_parts(ledger: &mut Ledger, plan: &Plan, report: &Report, complete: &[bool]) {
    let mut made = vec![false; plan.changes.len()];
    for (op, outcome) in plan.ops.iter().zip(&report.outcomes) {
        made[op.change] |= match outcome {
            Outcome::Done => true,
            Outcome::Failed(error) => error.effect == Effect::Unknown,
            Outcome::Skipped => false,
        };
    }
    let parts = plan.changes.iter().zip(made).zip(complete).filter(|(_, complete)| !**complete);
    for ((change, made), _) in parts.filter(|((change, _), _)| change.before.is_none()) {
        if made {
            let outputs = report.outputs.get(&change.address.to_string()).cloned().unwrap_or_default();
            let entry = without_model(&fill_text(&change.name, &report.outputs), outputs);
            ledger.put(&change.scope, change.address.clone(), entry);
        } else {
            ledger.remove(&change.scope, &change.address);
        }
    }
}

/// Writes into the ledger what the run brought about: a resource whose operations all succeeded is as its plan says. One of which a
/// part failed keeps its old entry, since only AWS knows what it is now.
pub fn remember(ledger: &mut Ledger, plan: &Plan, report: &Report) {
    let mut complete = vec![true; plan.changes.len()];
    for (op, outcome) in plan.ops.iter().zip(&report.outcomes) {
        complete[op.change] &= *outcome == Outcome::Done;
    }
    remember_parts(ledger, plan, report, &complete);
    let done = || plan.changes.iter().zip(&complete).filter(|(_, complete)| **complete).map(|(change, _)| change);
    // All that goes before all that stays: things may change places, and one address may stand for a thing that goes and one that stays.
    for change in done() {
        if let Action::Move { from } = &change.action
            && let Ok(from) = from.parse()
        {
            ledger.remove(&change.scope, &from);
        }
        if change.after.is_none() {
            ledger.remove(&change.scope, &change.address);
        }
    }
    for Forgotten { address, scope } in &plan.forgotten {
        ledger.remove(scope, address);
    }
    for Confirmed { address, scope, name, outputs, model } in &plan.confirmed {
        let entry = ledger::Entry { name: name.clone(), outputs: outputs.clone(), model: model.clone() };
        ledger.put(scope, address.clone(), entry);
    }
    for change in done() {
        let Some(after) = &change.after else { continue };
        // What follows from names is known before apply, but for the ids of accounts in it.
        let mut outputs: Outputs =
            change.outputs.iter().map(|(key, value)| (key.clone(), fill_text(value, &report.outputs))).collect();
        outputs.extend(report.outputs.get(&change.address.to_string()).cloned().unwrap_or_default());
        let entry = ledger::Entry {
            name: fill_text(&change.name, &report.outputs),
            outputs,
            model: SavedModel::from(&fill(after, &report.outputs)),
        };
        ledger.put(&change.scope, change.address.clone(), entry);
    }
}
