//! The way from specs and a world to a plan, and on to its report, with what must hold of every run.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::atomic::AtomicBool;
use std::task::{Context, Poll, Waker};

use futures_util::future::BoxFuture;
use trueup_engine::check::{Checked, check};
use trueup_engine::execute::{Event, Outcome, Report, Walk, execute, fill, remember};
use trueup_engine::fresh::{Going, Now, became};
use trueup_engine::guard::approve;
use trueup_engine::observe::{Selection, reach, requests};
use trueup_engine::perform::{Became, Witness};
use trueup_engine::plan::{Inputs, plan};
use trueup_specs::{ByName, Diagnostic, Loaded, Problems, Sources, load_from, render};
use trueup_specs::{TAG_ADDRESS, TAG_PROJECT};
use trueup_state::facts::ReadRequest;
use trueup_state::journal::{Entry, Journal, Memory};
use trueup_state::ledger::Ledger;
use trueup_state::plan::{Action, Cause, Plan};

use crate::toy::kinds;
use crate::toy::node::NodeModel;
use crate::toy::world::{ACCOUNTS, Performed, Toy};

/// Specs, a world, and what a run is about.
#[derive(Default)]
pub(crate) struct Case {
    pub(crate) files: Vec<(String, String)>,
    pub(crate) limits: String,
    pub(crate) toy: Toy,
    pub(crate) ledger: Ledger,
    pub(crate) selection: Selection,
    pub(crate) adopt: bool,
}

/// A witness that looks at everything each time.
pub(crate) struct Onlooker<'a> {
    toy: &'a Toy,
    plan: &'a Plan,
    ledger: &'a Ledger,
    going: Going,
}

impl<'a> Onlooker<'a> {
    pub(crate) fn of(toy: &'a Toy, plan: &'a Plan, ledger: &'a Ledger) -> Self {
        Self { toy, plan, ledger, going: Going::of(plan) }
    }
}

impl Witness for Onlooker<'_> {
    fn look(&self, change: usize) -> Option<BoxFuture<'_, Became>> {
        let change = &self.plan.changes[change];
        let kinds = kinds();
        let kind = kinds.get(&change.address.kind)?;
        let of_plan = self.plan.reads.iter().map(|read| read.request.clone());
        let requests: Vec<ReadRequest> = of_plan.filter(|one| one.scope.account == change.scope.account).collect();
        let facts = self.toy.read(&requests);
        let now = Now { plan: self.plan, ledger: self.ledger, facts: &facts, going: &self.going };
        let became = kind.observe(&facts, &change.scope).map(|live| became(now, change, kind, &live));
        Some(Box::pin(std::future::ready(became)))
    }
}

/// A run, and all it left behind.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) plan: Plan,
    pub(crate) report: Report,
    pub(crate) journal: Vec<Entry>,
    pub(crate) performed: Vec<Performed>,
}

impl Case {
    /// Specs of the account `one`.
    pub(crate) fn new(specs: &str) -> Self {
        let mut case = Self::default();
        case.specs(&[("one", specs)]);
        case
    }

    /// Specs by account.
    pub(crate) fn of(specs: &[(&str, &str)]) -> Self {
        let mut case = Self::default();
        case.specs(specs);
        case
    }

    /// Other specs for the same world.
    pub(crate) fn specs(&mut self, specs: &[(&str, &str)]) {
        let file = |(account, text): &(&str, &str)| {
            (format!("{account}.toml"), format!("[scope]\naccount = \"{account}\"\n\n{text}"))
        };
        self.files = specs.iter().map(file).collect();
    }

    /// Specs of the account `one`, applied.
    pub(crate) fn applied(specs: &str) -> Self {
        let mut case = Self::new(specs);
        case.converge();
        case
    }

    fn load(&self) -> Loaded {
        let settings = format!(
            "[project]\nname = \"toys\"\nregion = \"eu-west-1\"\n{}",
            if self.limits.is_empty() { "[limits]\ndeletions = \"100%\"\n" } else { &*self.limits }
        );
        let accounts: String = ACCOUNTS
            .iter()
            .map(|(name, id)| format!("[account.{name}]\nid = \"{id}\"\ngroups = [\"all\"]\n"))
            .collect();
        let given = [("trueup.toml".to_owned(), settings), ("accounts.toml".to_owned(), accounts)];
        let files =
            given.iter().chain(&self.files).map(|(name, text)| (PathBuf::from(name), text.clone().into_bytes()));
        load_from(files.collect(), &kinds().schemas())
    }

    /// Does something with the specs, once they are found sound.
    pub(crate) fn checked<R>(&self, act: impl FnOnce(&Checked<'_>, &Sources) -> R) -> Result<R, String> {
        let Loaded { sources, project, mut problems } = self.load();
        let told = |problems: Problems| -> String {
            let problems: Vec<Diagnostic> = problems.into_vec();
            render(&problems, &sources, false, 80)
        };
        let project = project.expect("there are files");
        let checked = check(&project, kinds(), &mut problems);
        match checked {
            Some(checked) if !problems.has_errors() => Ok(act(&checked, &sources)),
            Some(_) | None => Err(told(problems)),
        }
    }

    /// The plan, or the problems as a person sees them.
    pub(crate) fn try_plan(&self) -> Result<Plan, String> {
        self.checked(|checked, sources| {
            let reach = reach(checked, &self.selection);
            let requests = requests(checked, &self.selection, &reach, &self.ledger);
            let facts = self.toy.read(&requests);
            let inputs = Inputs {
                world: "test",
                checked,
                sources,
                selection: &self.selection,
                reach: &reach,
                requests: &requests,
                ledger: &self.ledger,
                adopt: self.adopt,
            };
            let mut problems = Problems::new();
            let plan = plan(inputs, facts, &mut problems);
            plan.ok_or_else(|| render(&problems.into_vec(), sources, false, 80))
        })?
    }

    /// The plan.
    pub(crate) fn plan(&self) -> Plan {
        let plan = self.try_plan().unwrap_or_else(|problems| panic!("{problems}"));
        plan.verify().unwrap();
        plan
    }

    /// Plans and executes.
    pub(crate) fn apply(&mut self) -> Run {
        let plan = self.plan();
        self.execute(plan)
    }

    /// Executes a plan and remembers it.
    pub(crate) fn execute(&mut self, plan: Plan) -> Run {
        self.execute_with(plan, &mut Memory::default(), &AtomicBool::new(false), &mut |_| {})
    }

    /// Executes a plan with a journal and a stop flag, and holds the run to what every run must keep.
    pub(crate) fn execute_with(
        &mut self,
        plan: Plan,
        journal: &mut dyn Recorded,
        stop: &AtomicBool,
        told: &mut dyn FnMut(&Event),
    ) -> Run {
        self.toy.take_log();
        let mut events = Vec::new();
        let mut tell = |event: &Event| {
            events.push(event.clone());
            told(event);
        };
        // Specs that declare nothing are refused; what becomes of them otherwise is looked at here.
        let approved = approve(Plan { declared: 1, ..plan.clone() }).unwrap();
        let witness = Onlooker::of(&self.toy, &plan, &self.ledger);
        let walk = Walk { performer: &self.toy, witness: &witness, journal: journal.writer(), events: &mut tell, stop };
        let report = block_on(execute(&approved, walk));
        remember(&mut self.ledger, &plan, &report);
        let run = Run { plan, report, journal: journal.lines(), performed: self.toy.take_log() };
        hold(&run, &events);
        run
    }

    /// Applies all of it, and finds nothing more to do.
    pub(crate) fn converge(&mut self) -> Run {
        let run = self.apply();
        assert!(run.report.is_complete(), "{:#?}\n{:#?}", run.report.outcomes, lines(&run.plan));
        let again = self.plan();
        assert_eq!(lines(&again), vec![format!("= {}", again.unchanged)], "the plan after the apply is empty");
        assert!(again.confirmed.is_empty(), "all is on record: {:?}", again.confirmed);
        run
    }

    /// What the plan is to do, one line a resource.
    pub(crate) fn check(&self, expected: &[&str]) -> Plan {
        let plan = self.plan();
        assert_eq!(lines(&plan), expected);
        plan
    }
}

/// A journal whose lines can be looked at afterwards.
pub(crate) trait Recorded {
    fn writer(&mut self) -> &mut dyn Journal;
    fn lines(&self) -> Vec<Entry>;
}

impl Recorded for Memory {
    fn writer(&mut self) -> &mut dyn Journal {
        self
    }

    fn lines(&self) -> Vec<Entry> {
        self.entries.clone()
    }
}

/// Polls until it is ready: what tests wait for wakes by itself.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut cx) {
            return value;
        }
    }
}

/// What every run must keep: exactly the plan's operations are performed, each after all it waits for, and each is in the journal
/// before it is sent.
fn hold(run: &Run, events: &[Event]) {
    let Run { plan, report, journal, performed } = run;
    let sent: Vec<usize> = events
        .iter()
        .filter_map(|event| match event {
            Event::Started(op) => Some(*op),
            Event::Ended(..) => None,
        })
        .collect();
    // A call whose values did not become known is told as failed and never leaves.
    let left: Vec<usize> = sent.iter().copied().filter(|op| !unknown_value(&report.outcomes[*op])).collect();
    assert_eq!(left.len(), performed.len());
    for (index, performed) in left.iter().zip(performed) {
        let op = &plan.ops[*index];
        assert_eq!(performed.address, plan.changes[op.change].address.to_string());
        assert_eq!(performed.op, fill(&op.op, &report.outputs), "what is sent is what was planned");
        assert_eq!(performed.fresh, op.fresh);
        for before in &op.after {
            let place = left.iter().position(|op| op == before).expect("what it waits for was sent");
            assert!(run.performed[place].ended.unwrap() < performed.began, "it waits until that is done");
            assert_eq!(report.outcomes[*before], Outcome::Done);
        }
    }
    let once: BTreeSet<usize> = sent.iter().copied().collect();
    assert_eq!(once.len(), sent.len(), "nothing is sent twice");
    for (index, outcome) in report.outcomes.iter().enumerate() {
        assert_eq!(
            *outcome == Outcome::Skipped || moved(outcome),
            !once.contains(&index),
            "what was sent has an outcome, nothing else has"
        );
    }
    let intents: Vec<usize> = journal
        .iter()
        .filter_map(|entry| match entry {
            Entry::Intent { op, .. } => Some(*op),
            Entry::Begin { .. } | Entry::Done { .. } | Entry::Failed { .. } | Entry::End { .. } => None,
        })
        .collect();
    assert_eq!(intents, sent, "each intent is in the journal, in order");
}

fn moved(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed(error) if error.message.starts_with("nothing was sent:"))
}

fn unknown_value(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed(error) if error.message.ends_with("did not become known"))
}

/// A plan, one line a resource: its sign, its address, and the fields with their causes.
pub(crate) fn lines(plan: &Plan) -> Vec<String> {
    let mut lines = Vec::new();
    for change in &plan.changes {
        let address = &change.address;
        let sign = match &change.action {
            Action::Create => format!("+ {address}"),
            Action::Update => format!("~ {address}"),
            Action::Adopt => format!("adopt {address}"),
            Action::Replace { fields } => format!("-/+ {address} [{}]", fields.join(",")),
            Action::Move { from } => format!("{from} => {address}"),
            Action::Remove { tombstone } => format!("- {address}{}", if *tombstone { " (tombstone)" } else { "" }),
            Action::Follow { replaced } => format!("follow {address} {replaced}"),
        };
        let causes = change.causes.iter().map(|(field, cause)| format!(" {field}:{}", word(*cause)));
        lines.push(format!("{sign}{}", causes.collect::<String>()));
    }
    lines.extend(plan.blocked.iter().map(|blocked| {
        format!("! {}{}: {}", blocked.address, if blocked.unread { " (unread)" } else { "" }, blocked.why)
    }));
    lines.extend(plan.retained.iter().map(|retained| format!("kept {}", retained.address)));
    lines.push(format!("= {}", plan.unchanged));
    lines
}

fn word(cause: Cause) -> &'static str {
    match cause {
        Cause::Spec => "spec",
        Cause::Drift => "drift",
        Cause::Both => "both",
        Cause::Follows => "follows",
        Cause::Unrecorded => "unrecorded",
    }
}

/// The titles of a plan's operations, in order.
pub(crate) fn titles(plan: &Plan) -> Vec<&str> {
    plan.ops.iter().map(|op| &*op.title).collect()
}

/// A node nobody owns.
pub(crate) fn wild(name: &str) -> NodeModel {
    NodeModel {
        name: name.to_owned(),
        path: "/".to_owned(),
        material: None,
        note: None,
        owner: None,
        peers: BTreeSet::new(),
        trust: None,
        tags: ByName::new(),
    }
}

/// A node with the tags of a project and an address.
pub(crate) fn owned(name: &str, project: &str, address: &str) -> NodeModel {
    let tags = [(TAG_PROJECT, project), (TAG_ADDRESS, address)];
    NodeModel { tags: tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into(), ..wild(name) }
}
