//! The decision: from specs and what exists to what will be done.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use trueup_specs::diagnostic::{Diagnostic, Problems};
use trueup_specs::pending;
use trueup_specs::span::Sources;
use trueup_state::ledger::Ledger;
use trueup_state::plan::{Change, FORMAT, Plan, PlanAccount, PlannedOp, Purpose, Read, digests};

use crate::access;
use crate::check::Checked;
use crate::decide::{Decided, Decision, Round};
use crate::dependents;
use crate::facts::{Facts, ReadRequest};
use crate::forget::forgotten;
use crate::matching::matches;
use crate::observe::{Reach, Selection, observe};
use crate::order::{Circle, Draft, order};

/// So many resources may go in one plan of a project without a limit, however few it has.
const REMOVALS_ALWAYS: u64 = 5;

/// What a plan is decided from, beside the specs.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// The specs, found sound.
    pub checked: &'a Checked<'a>,
    /// Where their text is, for places.
    pub sources: &'a Sources,
    /// The part the run is about.
    pub selection: &'a Selection,
    /// What follows from it.
    pub reach: &'a Reach,
    /// What was asked.
    pub requests: &'a [ReadRequest],
    /// What was last applied.
    pub ledger: &'a Ledger,
    /// Which AWS it was read from; see [`Plan::world`].
    pub world: &'a str,
    /// Adopt what is there without an owner even where it differs from its spec.
    pub adopt: bool,
}

/// Decides. The same inputs give the same plan, byte for byte.
///
/// Problems that only show with what was read go into `problems`; there is then no plan.
///
/// The facts are let go of as soon as they are models: of a large project they are a good part of what is in memory.
pub fn plan(inputs: Inputs<'_>, facts: Facts, problems: &mut Problems) -> Option<Plan> {
    let snapshot = observe(inputs.checked, inputs.selection, inputs.reach, inputs.ledger, &facts);
    let reads = reads(inputs.requests, &facts);
    drop(facts);
    let matches = matches(inputs.checked, inputs.reach, &snapshot, inputs.ledger);
    // A resource that is removed and made again loses the ids AWS made up for it, so what names those ids must be decided again.
    // Each round adds at least one resource to the set, and most plans need one round.
    let mut replaced: BTreeSet<usize> = BTreeSet::new();
    let mut decided = loop {
        let mut round = Round::new(inputs, &matches, &replaced);
        round.decide(problems);
        if problems.has_errors() {
            return None;
        }
        let again: BTreeSet<usize> = round.replaced();
        // A later round can also find that one of them must be left alone; it stays in the set, so that the rounds end.
        if again.is_subset(&replaced) {
            break round.finish();
        }
        replaced.extend(again);
    };
    decided.forgotten = forgotten(inputs.checked, inputs.selection, &snapshot, inputs.ledger);
    dependents::tell(&mut decided.decisions, inputs.checked, &snapshot, &matches);
    decided.access = access::change(inputs, &snapshot, &matches, &decided.decisions);
    decided.into_plan(inputs, reads, problems)
}

impl Decided {
    fn into_plan(self, inputs: Inputs<'_>, reads: Vec<Read>, problems: &mut Problems) -> Option<Plan> {
        let mut drafts = Vec::new();
        let mut changes = Vec::with_capacity(self.decisions.len());
        let mut items = Vec::with_capacity(self.decisions.len());
        for (index, Decision { change, item, at, kind, ops, holds: _ }) in self.decisions.into_iter().enumerate() {
            for op in ops {
                let info = kind.info(&at, &op);
                drafts.push(Draft { change: index, kind, at: at.clone(), op, info });
            }
            changes.push(change);
            items.push(item);
        }
        let ordered = match order(drafts) {
            Ok(ordered) => ordered,
            Err(circle) => {
                problems.push(circle_problem(inputs, &items, &changes, &circle));
                return None;
            }
        };
        let ops = ordered
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
        let existing = self.unchanged + changes.iter().filter(|change| change.before.is_some()).count() as u64;
        let deletions_max = inputs.checked.project.settings.deletions.map(|limit| limit.of(existing));
        // Without a limit half of what there is may go at once, and always a few: a folder of which a part is missing never asks for more.
        let deletions_max = deletions_max.unwrap_or((existing / 2).max(REMOVALS_ALWAYS));
        Some(Plan {
            format: FORMAT,
            purpose: Purpose::Specs,
            specs: digests(inputs.sources),
            declared: inputs.checked.items.len() as u64,
            world: inputs.world.to_owned(),
            project: Arc::from(&*inputs.checked.project.name),
            accounts: accounts(inputs, &changes),
            changes,
            ops,
            blocked: self.blocked,
            retained: self.retained,
            confirmed: self.confirmed,
            forgotten: self.forgotten,
            notes: self.notes,
            unchanged: self.unchanged,
            deletions_max: Some(deletions_max),
            reads,
            outputs: self.outputs,
            access: self.access,
        })
    }
}

fn accounts(inputs: Inputs<'_>, changes: &[Change]) -> BTreeMap<Arc<str>, PlanAccount> {
    let project = inputs.checked.project;
    let read = inputs.requests.iter().map(|request| &request.scope.account);
    let names: BTreeSet<&Arc<str>> = changes.iter().map(|change| &change.scope.account).chain(read).collect();
    let through = names.iter().filter_map(|name| project.accounts.get(*name)?.through.as_ref());
    let names: BTreeSet<&Arc<str>> = names.iter().copied().chain(through).collect();
    names
        .into_iter()
        .filter_map(|name| {
            let account = project.accounts.get(name)?;
            let access_role = account.access_role.clone().unwrap_or_else(|| project.settings.access_role.clone());
            Some((
                name.clone(),
                PlanAccount {
                    id: Arc::from(account.id.as_str()),
                    profile: account.profile.clone(),
                    access_role,
                    through: account.through.clone(),
                },
            ))
        })
        .collect()
}

fn reads(requests: &[ReadRequest], facts: &Facts) -> Vec<Read> {
    let unread: HashMap<_, _> = facts
        .iter()
        .filter_map(|(source, scope, fact)| Some(((source, scope), fact.as_ref().err()?.clone())))
        .collect();
    requests
        .iter()
        .map(|request| Read {
            cost: facts.costs.get(&(request.source.clone(), request.scope.clone())).copied().unwrap_or_default(),
            unread: unread.get(&(&*request.source, &request.scope)).cloned(),
            request: request.clone(),
        })
        .collect()
}

fn circle_problem(inputs: Inputs<'_>, items: &[Option<usize>], changes: &[Change], circle: &Circle) -> Diagnostic {
    let mut problem = Diagnostic::error("these operations wait for each other in a circle");
    let mut seen = BTreeSet::new();
    for (title, change) in circle.titles.iter().zip(&circle.changes) {
        let text = format!("{title} ({})", pending::show(&changes[*change].address.to_string()));
        match items[*change] {
            Some(item) if seen.insert(item) => problem = problem.also(inputs.checked.instance(item).block.span, text),
            Some(_) | None => problem = problem.note(text),
        }
    }
    problem.help("break the circle: let one of them name the other's account, or a name pattern, instead")
}
