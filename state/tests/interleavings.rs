//! Two runs that want one account, in every order in which their reads and writes can fall.
//!
//! The store in memory ends whichever run another asks about, alive or not: so each run may be put to sleep between any two of its steps,
//! for as long as it takes the other to take its lock, and wake up without knowing. What must hold in every order: a write that was
//! confirmed is never lost; once a run holds the account, an earlier one puts nothing on record any more, and its own write never fails for
//! it; and no document's fencing number ever goes back. The code under test is the store's own.

#![expect(clippy::unwrap_used, reason = "a test ends where it is wrong")]

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex};

use trueup_state::facts::Scope;
use trueup_state::ledger::{Document, Entry};
use trueup_state::outputs::Outputs;
use trueup_state::store::memory::Memory;
use trueup_state::store::{Backend, Holder, Life, Put, Store, StoreError, Stored, Tag};

const DOCUMENT: &str = "ledger/main.json";

/// Lets one of two threads take a step at a time, as a schedule says.
#[derive(Default)]
struct Scheduler {
    state: Mutex<Steps>,
    moved: Condvar,
}

#[derive(Default)]
struct Steps {
    waiting: [bool; 2],
    done: [bool; 2],
    turn: Option<usize>,
}

impl Scheduler {
    /// A thread waits here for its turn.
    fn step(&self, thread: usize) {
        let mut state = self.state.lock().unwrap();
        state.waiting[thread] = true;
        self.moved.notify_all();
        let mut state = self.moved.wait_while(state, |state| state.turn != Some(thread)).unwrap();
        state.turn = None;
        state.waiting[thread] = false;
    }

    fn done(&self, thread: usize) {
        self.state.lock().unwrap().done[thread] = true;
        self.moved.notify_all();
    }

    /// Gives turns by the choices, then to the first that can; returns how many could at each.
    fn drive(&self, choices: &[usize]) -> Vec<usize> {
        let mut options = Vec::new();
        loop {
            let state = self.state.lock().unwrap();
            let settled = |state: &Steps| {
                state.turn.is_none() && (0..2).all(|thread| state.waiting[thread] || state.done[thread])
            };
            let mut state = self.moved.wait_while(state, |state| !settled(state)).unwrap();
            let able: Vec<usize> = (0..2).filter(|thread| state.waiting[*thread]).collect();
            if able.is_empty() {
                return options;
            }
            let choice = choices.get(options.len()).copied().unwrap_or(0);
            options.push(able.len());
            state.turn = Some(able[choice]);
            self.moved.notify_all();
        }
    }
}

/// The store as one thread uses it: each step that others can see or spoil waits for its turn.
struct Gated {
    memory: Memory,
    scheduler: Arc<Scheduler>,
    thread: usize,
    log: Log,
}

/// What happened, in order.
type Log = Arc<Mutex<Vec<Event>>>;

#[derive(Debug)]
enum Event {
    /// A run holds the account.
    Held(usize),
    /// A run wrote the document, with this fencing number and so many entries.
    Wrote(usize, u64, usize),
}

impl Backend for Gated {
    fn path(&self, name: &str) -> String {
        self.memory.path(name)
    }

    // What there is changes once at most, and who writes first sees it in the conditions of its write: no step of its own.
    fn list(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        self.memory.list(folder)
    }

    fn read(&self, names: &[String]) -> Result<Vec<Option<Stored>>, StoreError> {
        if !names.is_empty() {
            self.scheduler.step(self.thread);
        }
        self.memory.read(names)
    }

    fn write(&self, puts: &[Put]) -> Vec<Result<Tag, StoreError>> {
        if puts.is_empty() {
            return Vec::new();
        }
        self.scheduler.step(self.thread);
        let results = self.memory.write(puts);
        for (put, result) in puts.iter().zip(&results) {
            if put.name == DOCUMENT && result.is_ok() {
                let document: Document = serde_json::from_slice(&put.bytes).unwrap();
                let event = Event::Wrote(self.thread, document.fence, document.entries.len());
                self.log.lock().unwrap().push(event);
            }
        }
        results
    }

    fn live(&self, holder: &Holder) -> Result<Box<dyn Life>, StoreError> {
        self.memory.live(holder)
    }

    fn ended(&self, run: &str) -> Result<bool, StoreError> {
        self.scheduler.step(self.thread);
        self.memory.ended(run)
    }
}

fn scope() -> Scope {
    Scope { account: Arc::from("main"), region: None }
}

/// One run: it takes the account, puts one resource on record, and gives the account back.
fn run(store: &Store, name: &str, held: impl FnOnce()) -> Result<(), StoreError> {
    let text = str::to_owned;
    let holder = Holder { run: text(name), who: text("w"), at: text("a"), since: text("s"), purpose: text("p") };
    let hold = store.hold(&BTreeSet::from([Arc::from("main")]), holder)?;
    held();
    let mut ledger = store.ledger()?;
    store.prepare(&mut ledger, [&scope()], &hold)?;
    let entry = Entry { name: text(name), outputs: Outputs::new(), model: (&serde_json::Value::Null).into() };
    ledger.put(&scope(), format!("main/role.{name}").parse().unwrap(), entry);
    store.save(&mut ledger, &hold)
}

/// Runs two of them by a schedule and looks at what came of it.
fn play(memory: Memory, choices: &[usize]) -> Vec<usize> {
    let scheduler = Arc::new(Scheduler::default());
    let log: Log = Arc::default();
    let names = ["one", "two"];
    let (options, results) = std::thread::scope(|scope| {
        let threads = names.iter().enumerate().map(|(thread, name)| {
            let (scheduler, log, memory) = (scheduler.clone(), log.clone(), memory.clone());
            scope.spawn(move || {
                let store = Store::new(Gated { memory, scheduler: scheduler.clone(), thread, log: log.clone() });
                let result = run(&store, name, || log.lock().unwrap().push(Event::Held(thread)));
                scheduler.done(thread);
                result
            })
        });
        let threads: Vec<_> = threads.collect();
        let options = scheduler.drive(choices);
        (options, threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>())
    });
    let ledger = Store::new(memory).ledger().unwrap();
    for (name, result) in names.iter().zip(&results) {
        let address = format!("main/role.{name}").parse().unwrap();
        match result {
            Ok(()) => assert!(ledger.get(&scope(), &address).is_some(), "{name} was confirmed and lost: {choices:?}"),
            Err(StoreError::Lost { .. } | StoreError::Moved { .. }) => {}
            Err(error) => panic!("{name}: {error}: {choices:?}"),
        }
    }
    look_back(&log.lock().unwrap(), &results, choices);
    options
}

fn look_back(log: &[Event], results: &[Result<(), StoreError>], choices: &[usize]) {
    let (mut fence, mut holder) = (0, None);
    for event in log {
        match event {
            Event::Held(run) => holder = Some(*run),
            Event::Wrote(run, number, entries) => {
                assert!(*number >= fence, "a fencing number went back: {log:?}: {choices:?}");
                // A run that takes over stamps with a number of its own before it holds.
                let late = holder.is_some_and(|holder| holder != *run) && *number == fence;
                assert!(!late || *entries == 0, "put on record after the account was another's: {log:?}: {choices:?}");
                fence = *number;
            }
        }
    }
    for result in results {
        let is_ended = matches!(result, Err(StoreError::Lost { .. }));
        assert!(result.is_ok() || is_ended, "{result:?} without having been ended: {log:?}: {choices:?}");
    }
}

/// Every schedule, depth first.
fn every_order(start: impl Fn() -> Memory) -> u64 {
    let mut choices: Vec<usize> = Vec::new();
    let mut played = 0;
    loop {
        let options = play(start(), &choices);
        played += 1;
        choices.resize(options.len(), 0);
        loop {
            match (choices.pop(), choices.len()) {
                (None, _) => return played,
                (Some(choice), place) if choice + 1 < options[place] => {
                    choices.push(choice + 1);
                    break;
                }
                (Some(_), _) => {}
            }
        }
    }
}

#[test]
fn two_runs_lose_no_write_where_there_is_no_record_yet() {
    let played = every_order(Memory::default);
    assert!(played > 300, "{played}");
}

#[test]
fn two_runs_lose_no_write_where_there_is_a_record() {
    let played = every_order(|| {
        let memory = Memory::default();
        run(&Store::new(memory.clone()), "zero", || ()).unwrap();
        memory
    });
    assert!(played > 300, "{played}");
}
