//! What goes wrong while a plan is walked, and how one goes on from there.

use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use trueup_engine::execute::{Event, Outcome, Walk, promise};
use trueup_engine::guard::{Refused, approve};
use trueup_engine::perform::Unwatched;
use trueup_state::journal::{Entry, Journal, Memory};

use crate::case::{Case, Recorded, Run, lines};
use crate::toy::world::Fault;

/// What there is at first, and what it becomes: every sort of operation is on the way.
const BEFORE: &str =
    "[node.a]\npeers = \"node.gone\"\n[node.gone]\n[node.c]\npeers = \"node.d\"\n[node.d]\n[vault.w]\n";
const AFTER: &str = "[node.a]\npeers = [\"node.b\", \"vault.v\"]\nnote = \"n\"\n[node.b]\npeers = \"node.a\"\n[node.c]\npeers = \"node.d\"\n\
                     [node.d]\nmaterial = \"oak\"\n[vault.v]\nreaders = \"node.b\"\n[vault.w]\ndoors = 2\n[node.e]\nowner = \"vault.w\"\n\
                     [badge.x]\n";

fn ready() -> Case {
    let mut case = Case::applied(BEFORE);
    case.specs(&[("one", AFTER)]);
    case
}

/// All operations that wait, directly or not, for one of these.
fn dependents(run: &Run, of: &BTreeSet<usize>) -> BTreeSet<usize> {
    let mut waiting = BTreeSet::new();
    for (index, op) in run.plan.ops.iter().enumerate() {
        if op.after.iter().any(|before| of.contains(before) || waiting.contains(before)) {
            waiting.insert(index);
        }
    }
    waiting
}

fn ended(run: &Run, is: impl Fn(&Outcome) -> bool) -> BTreeSet<usize> {
    (0..run.report.outcomes.len()).filter(|index| is(&run.report.outcomes[*index])).collect()
}

/// The number of calls of [`ready`]'s plan.
fn calls() -> usize {
    let count = ready().plan().ops.len();
    assert!(count >= 12, "the case is worth it: {count}");
    count
}

#[test]
fn one_failure_skips_what_waits_for_it_and_nothing_else() {
    for call in 0..calls() {
        let mut case = ready();
        case.toy.fail(Fault::Refuse(call));
        let run = case.apply();
        let failed = ended(&run, |outcome| matches!(outcome, Outcome::Failed(_)));
        assert_eq!(failed.len(), 1, "{call}");
        assert_eq!(ended(&run, |outcome| *outcome == Outcome::Skipped), dependents(&run, &failed), "{call}");
        assert!(!run.report.is_complete() && !run.report.stopped);
    }
}

#[test]
fn the_same_command_again_goes_on_from_there() {
    for fault in [Fault::Refuse, Fault::LoseAnswer] {
        for call in 0..calls() {
            let mut case = ready();
            case.toy.fail(fault(call));
            let run = case.apply();
            assert!(!run.report.is_complete());
            case.toy.fail(Fault::Never);
            case.converge();
            let (nodes, vaults) = case.toy.world(|world| (world.nodes.len(), world.vaults.len()));
            assert_eq!((nodes, vaults), (5, 2), "nothing is made twice, nothing is left over, after {:?}", fault(call));
        }
    }
}

#[test]
fn a_failed_resource_keeps_its_record() {
    let mut case = Case::applied("[node.a]\nnote = \"old\"\n[node.b]\nnote = \"old\"");
    case.specs(&[("one", "[node.a]\nnote = \"new\"\n[node.b]\nnote = \"new\"")]);
    case.toy.fail(Fault::Refuse(0));
    case.apply();
    case.toy.fail(Fault::Never);
    case.check(&["~ one/node.a note:spec", "= 1"]);
}

#[test]
fn the_journal_says_what_may_have_happened() {
    let mut case = Case::new("[node.a]");
    case.toy.fail(Fault::LoseAnswer(0));
    let run = case.apply();
    let failed = run.journal.iter().find(|entry| matches!(entry, Entry::Failed { .. })).unwrap();
    let Entry::Failed { op: 0, unknown: true, error } = failed else { panic!("{failed:?}") };
    assert!(error.contains("Lost"), "{error}");
    assert_eq!(run.journal.last(), Some(&Entry::End { done: 0, failed: 1, skipped: 0 }));
}

#[test]
fn a_stop_sends_nothing_more_and_waits_for_what_is_under_way() {
    let specs = (0..12).map(|index| format!("[node.n{index}]\n[vault.v{index}]\n")).collect::<String>();
    for ends in [0, 1, 5, 11] {
        let mut case = Case::new(&specs);
        case.toy.patience = vec![3, 1, 4, 1, 5];
        let plan = case.plan();
        let stop = AtomicBool::new(false);
        let (mut seen, mut late) = (0, 0);
        let mut told = |event: &Event| match event {
            Event::Started(_) => late += usize::from(stop.load(Ordering::SeqCst)),
            Event::Ended(..) => {
                seen += 1;
                stop.fetch_or(seen > ends, Ordering::SeqCst);
            }
        };
        let run = case.execute_with(plan, &mut Memory::default(), &stop, &mut told);
        assert_eq!(late, 0, "nothing is sent after the stop");
        assert!(run.report.stopped && !run.report.is_complete());
        assert!(run.performed.iter().all(|performed| performed.ended.is_some()), "what was sent is waited for");
        let done = run.report.count(|outcome| *outcome == Outcome::Done);
        assert_eq!(done, run.performed.len(), "and counted");
        case.converge();
        assert_eq!(case.toy.world(|world| (world.nodes.len(), world.vaults.len())), (12, 12));
    }
}

#[test]
fn a_stop_before_the_start_sends_nothing() {
    let mut case = Case::new("[node.a]");
    let plan = case.plan();
    let run = case.execute_with(plan, &mut Memory::default(), &AtomicBool::new(true), &mut |_| {});
    assert!(run.performed.is_empty() && run.report.stopped);
    assert_eq!(run.report.outcomes, [Outcome::Skipped]);
}

#[test]
fn a_stop_that_comes_when_all_is_done_spoils_nothing() {
    let mut case = Case::new("[node.a]");
    let plan = case.plan();
    let stop = AtomicBool::new(false);
    let mut told = |event: &Event| stop.store(matches!(event, Event::Ended(..)), Ordering::SeqCst);
    let run = case.execute_with(plan, &mut Memory::default(), &stop, &mut told);
    assert!(run.report.is_complete());
}

/// A journal whose disk is full after some lines.
struct Full {
    lines: Memory,
    room: usize,
}

impl Journal for Full {
    fn record(&mut self, entry: &Entry) -> io::Result<()> {
        if self.lines.entries.len() == self.room {
            return Err(io::Error::other("the disk is full"));
        }
        self.lines.record(entry)
    }
}

impl Recorded for Full {
    fn writer(&mut self) -> &mut dyn Journal {
        self
    }

    fn lines(&self) -> Vec<Entry> {
        self.lines.entries.clone()
    }
}

#[test]
fn without_a_journal_nothing_more_is_sent() {
    let specs =
        (0..6).map(|index| format!("[node.n{index}]\npeers = \"node.n{}\"\n", (index + 1) % 6)).collect::<String>();
    let lines = 2 * Case::new(&specs).plan().ops.len() + 2;
    for room in 0..lines {
        let mut case = Case::new(&specs);
        let plan = case.plan();
        let mut journal = Full { lines: Memory::default(), room };
        let run = case.execute_with(plan, &mut journal, &AtomicBool::new(false), &mut |_| {});
        let intents = run.journal.iter().filter(|entry| matches!(entry, Entry::Intent { .. })).count();
        assert_eq!(run.performed.len(), intents, "what is sent is in the journal before");
        let done = run.report.count(|outcome| *outcome == Outcome::Done);
        assert_eq!(done, intents, "and what was under way is waited for");
        // Without room for the very last line all was done, and it is only not said.
        let whole = room == lines - 1;
        assert_eq!(run.report.journal_error.is_none(), whole, "{room}");
        assert_eq!(run.report.is_complete() && !run.report.stopped, whole, "{room}");
        case.converge();
    }
}

#[test]
fn each_intent_is_written_before_its_call_is_sent() {
    // The world answers at once here, so that a call sent before its line would be seen.
    struct Watching<'a>(&'a Case, Memory, Vec<usize>);
    impl Journal for Watching<'_> {
        fn record(&mut self, entry: &Entry) -> io::Result<()> {
            if matches!(entry, Entry::Intent { .. }) {
                self.2.push(self.0.toy.world(|world| world.nodes.len()));
            }
            self.1.record(entry)
        }
    }
    let case = Case::new("[node.a]\npeers = \"node.b\"\n[node.b]\npeers = \"node.c\"\n[node.c]");
    let approved = approve(case.plan()).unwrap();
    let mut journal = Watching(&case, Memory::default(), Vec::new());
    let stop = AtomicBool::new(false);
    let walk =
        Walk { performer: &case.toy, witness: &Unwatched, journal: &mut journal, events: &mut |_| {}, stop: &stop };
    crate::case::block_on(trueup_engine::execute::execute(&approved, walk));
    assert_eq!(journal.2, [0, 1, 2], "how many there were when each intent was written");
}

#[test]
fn calls_go_side_by_side_within_bounds() {
    let nodes = (0..20).map(|index| format!("[node.n{index}]\n")).collect::<String>();
    let vaults = (0..20).map(|index| format!("[vault.v{index}]\n")).collect::<String>();
    let both = format!("{nodes}{vaults}");
    let rows: [(&[(&str, &str)], usize); 4] =
        [(&[("one", "[node.a]")], 1), (&[("one", &nodes)], 4), (&[("one", &both)], 8), (&[("all", &both)], 16)];
    for (specs, most) in rows {
        let mut case = Case::of(specs);
        case.toy.patience = vec![9, 2, 7];
        case.converge();
        assert_eq!(case.toy.in_flight_max(), most, "four for each service of each account");
    }
}

#[test]
fn a_plan_that_removes_too_much_is_refused() {
    let specs = "[node.a]\n[node.b]\n[node.c]\n[vault.v]\n";
    let rows: [(&str, &str, u64); 5] = [
        ("removed", "[vault.v]", 3),
        ("removed and made again", "[node.a]\nmaterial = \"oak\"\n[node.b]\nmaterial = \"oak\"\n[vault.v]", 3),
        ("with a tombstone", "[node.a]\n[[removed]]\naddress = \"vault.v\"", 3),
        ("kept ones do not count", "[node.a]\n[node.b]\n[node.c]", 0),
        ("changed", "[node.a]\nnote = \"n\"\n[node.b]\nnote = \"n\"\n[node.c]\n[vault.v]", 0),
    ];
    for (what, second, removed) in rows {
        for allowed in 0..5 {
            let mut case = Case::applied(specs);
            case.limits = format!("[limits]\ndeletions = {allowed}\n");
            case.specs(&[("one", second)]);
            match approve(case.plan()) {
                Ok(approved) => {
                    assert!(removed <= allowed, "{what}: {:?}", lines(approved.plan()));
                }
                Err(refused) => {
                    let Refused::TooManyDeletions { found, allowed: told, some } = &refused else {
                        panic!("{refused}")
                    };
                    assert!(removed > allowed, "{what}");
                    assert_eq!((*found, *told, some.len() as u64), (removed, allowed, removed), "{what}");
                    assert!(refused.help().contains(&format!("deletions = {removed}")), "{}", refused.help());
                }
            }
        }
    }
}

#[test]
fn a_part_of_the_specs_that_is_missing_removes_little() {
    let all: String = (0..20).map(|n| format!("[node.n{n}]\n")).collect();
    let rows: [(&str, usize, bool); 6] =
        [("", 10, true), ("", 9, false), ("20%", 16, true), ("20%", 15, false), ("0%", 19, false), ("100%", 1, true)];
    for (limit, kept, allowed) in rows {
        let mut case = Case::applied(&all);
        case.limits =
            format!("[limits]\n{}", if limit.is_empty() { String::new() } else { format!("deletions = \"{limit}\"") });
        let part: String = (0..kept).map(|n| format!("[node.n{n}]\n")).collect();
        case.specs(&[("one", &part)]);
        assert_eq!(approve(case.plan()).is_ok(), allowed, "{limit} {kept}");
    }
    let mut case = Case::applied("[node.a]");
    case.specs(&[("one", "")]);
    let refused = approve(case.plan()).unwrap_err();
    assert!(matches!(refused, Refused::NothingDeclared { found: 1, .. }), "{refused}");
}

#[test]
fn what_was_removed_by_a_run_that_could_not_say_so_goes_off_the_record() {
    let mut case = Case::applied("[node.a]\n[node.gone]\n[badge.gone]\n");
    case.specs(&[("one", "[node.a]\n")]);
    let before = case.ledger.clone();
    assert!(case.apply().report.is_complete());
    // The run died before its last write.
    case.ledger = before;
    let plan = case.plan();
    assert!(plan.is_empty());
    let forgotten: Vec<String> = plan.forgotten.iter().map(|one| one.address.to_string()).collect();
    assert_eq!(forgotten, ["one/badge.gone", "one/node.gone"]);
    case.execute(plan);
    let left: Vec<String> =
        case.ledger.documents.values().flat_map(|document| document.entries.keys()).map(ToString::to_string).collect();
    assert_eq!(left, ["one/node.a"]);
    // What can't be read is not forgotten.
    let mut case = Case::applied("[node.a]\n[node.gone]\n");
    case.specs(&[("one", "[node.a]\n")]);
    let before = case.ledger.clone();
    case.apply();
    case.ledger = before;
    case.toy
        .unreadable
        .insert(("nodes".to_owned(), trueup_state::facts::Scope { account: "one".into(), region: None }));
    assert!(case.plan().forgotten.is_empty());
}

/// A badge can't be tagged: of one that was made by a run that was cut off, only the promise says whose it is.
#[test]
fn what_was_made_in_part_is_gone_on_with() {
    let mut case = Case::new("[badge.x]\nmotto = \"m\"\n[node.a]");
    let plan = case.plan();
    assert!(promise(&mut case.ledger, &plan, &crate::toy::kinds()));
    let promised = case.ledger.clone();
    case.execute(plan);
    // The process died before its last write, and before the motto was on the badge.
    case.ledger = promised;
    case.toy.world(|world| world.badges.values_mut().next().unwrap().motto.clear());
    case.check(&["~ one/badge.x motto:unrecorded", "= 1"]);
    case.converge();
    // Where the call was refused, nothing is ours.
    let mut case = Case::new("[badge.x]");
    let plan = case.plan();
    promise(&mut case.ledger, &plan, &crate::toy::kinds());
    case.toy.fail(Fault::Refuse(0));
    case.execute(plan);
    assert!(case.ledger.documents.values().all(|document| document.entries.is_empty()));
}
