use std::collections::BTreeSet;
use std::fs;

use super::memory::Memory;
use super::*;
use crate::journal::{Entry as Line, Journal};
use crate::ledger;

fn scope() -> Scope {
    Scope { account: Arc::from("tooling"), region: Some(Arc::from("eu-west-1")) }
}

fn holder(run: &str) -> Holder {
    let text = str::to_owned;
    Holder { run: text(run), who: text("arn"), at: text("here"), since: text("now"), purpose: text("apply") }
}

fn accounts(names: &[&str]) -> BTreeSet<Arc<str>> {
    names.iter().map(|name| Arc::from(*name)).collect()
}

fn add(ledger: &mut Ledger, name: &str) {
    let entry = ledger::Entry {
        name: format!("alias/{name}"),
        outputs: [("arn".to_owned(), "arn:aws:kms:eu-west-1:111111111111:key/1".to_owned())].into(),
        model: (&serde_json::json!({"alias": name})).into(),
    };
    ledger.put(&scope(), format!("tooling@eu-west-1/key.{name}").parse().unwrap(), entry);
}

/// Applies one more key.
fn run(store: &Store, run: &str, name: &str) -> Result<(), StoreError> {
    let hold = store.hold(&accounts(&["tooling"]), holder(run))?;
    let mut ledger = store.ledger()?;
    store.prepare(&mut ledger, [&scope()], &hold)?;
    add(&mut ledger, name);
    store.save(&mut ledger, &hold)
}

fn stores() -> (tempfile::TempDir, Vec<Store>) {
    let dir = tempfile::tempdir().unwrap();
    let local = Store::new(LocalStore::new(dir.path().join("state")));
    (dir, vec![local, Store::new(Memory::patient())])
}

#[test]
fn a_saved_ledger_is_read_again_and_written_only_when_it_changed() {
    let (_dir, stores) = stores();
    for store in stores {
        assert_eq!(store.ledger().unwrap(), Ledger::default());
        run(&store, "one", "a").unwrap();
        let hold = store.hold(&accounts(&["tooling"]), holder("two")).unwrap();
        let mut read = store.ledger().unwrap();
        assert_eq!(read.documents[&scope()].entries.len(), 1);
        let serial = read.documents[&scope()].serial;
        store.save(&mut read, &hold).unwrap();
        assert_eq!(store.ledger().unwrap().documents[&scope()].serial, serial, "nothing changed, nothing written");
        add(&mut read, "a");
        store.save(&mut read, &hold).unwrap();
        assert_eq!(store.ledger().unwrap().documents[&scope()].serial, serial, "the same once more is no change");
    }
}

#[test]
fn a_newer_or_damaged_document_is_refused_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(LocalStore::new(dir.path()));
    run(&store, "one", "a").unwrap();
    let path = dir.path().join("ledger/tooling@eu-west-1.json");
    for text in ["{\"format\": 99, \"shape\": \"of the future\"}", "{\"format\": 1", ""] {
        fs::write(&path, text).unwrap();
        let error = store.ledger().unwrap_err();
        assert!(matches!(error, StoreError::Newer { .. } | StoreError::Damaged { .. }), "{text}");
        assert!(!error.help().is_empty());
        assert!(run(&store, "two", "b").is_err(), "{text}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "never overwritten");
    }
}

#[test]
fn an_account_is_held_by_one_run_and_goes_with_it() {
    let (_dir, stores) = stores();
    for store in stores {
        let held = store.hold(&accounts(&["tooling", "unicorn"]), holder("one")).unwrap();
        let refused = store.hold(&accounts(&["gnome", "unicorn"]), holder("two")).unwrap_err();
        let StoreError::Locked { account, holder: other } = refused else { panic!("{refused}") };
        assert_eq!((&*account, &*other.run), ("unicorn", "one"));
        store.hold(&accounts(&["gnome"]), holder("three")).unwrap();
        let locks = store.locks().unwrap();
        assert_eq!(locks.iter().map(|lock| &*lock.account).collect::<Vec<_>>(), ["tooling", "unicorn"]);
        drop(held);
        assert!(store.locks().unwrap().is_empty());
        store.hold(&accounts(&["gnome", "unicorn"]), holder("four")).unwrap();
    }
}

#[test]
fn a_run_that_was_taken_over_writes_nothing_more() {
    let store = Store::new(Memory::default());
    run(&store, "zero", "z").unwrap();
    let sleeper = store.hold(&accounts(&["tooling"]), holder("sleeper")).unwrap();
    let mut ledger = store.ledger().unwrap();
    let mut journal = RunJournal::new(&sleeper);
    run(&store, "taker", "t").unwrap();
    add(&mut ledger, "s");
    let lost = store.save(&mut ledger, &sleeper).unwrap_err();
    assert!(matches!(lost, StoreError::Lost { .. }), "{lost}");
    let address = "tooling@eu-west-1/key.s".parse().unwrap();
    let intent = Line::Intent { op: 0, address, call: "kms:CreateKey".to_owned(), title: "create".to_owned() };
    assert!(journal.record(&intent).unwrap_err().to_string().contains("lost its lock"), "no call is begun either");
    let names: Vec<String> =
        store.ledger().unwrap().documents[&scope()].entries.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["tooling@eu-west-1/key.t", "tooling@eu-west-1/key.z"]);
}

#[test]
fn a_write_that_lost_its_answer_leaves_the_lock_to_be_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(LocalStore::new(dir.path()));
    run(&store, "one", "a").unwrap();
    let hold = store.hold(&accounts(&["tooling"]), holder("two")).unwrap();
    let mut ledger = store.ledger().unwrap();
    add(&mut ledger, "b");
    // The disk takes no new file here: a folder stands in its place.
    let temporary = dir.path().join(format!("ledger/tooling@eu-west-1.tmp{}", std::process::id()));
    fs::create_dir(&temporary).unwrap();
    assert!(matches!(store.save(&mut ledger, &hold), Err(StoreError::Io { .. })));
    drop(hold);
    assert_eq!(store.locks().unwrap().len(), 1, "not given back");
    fs::remove_dir(&temporary).unwrap();
    run(&store, "three", "c").unwrap();
    assert_eq!(store.ledger().unwrap().documents[&scope()].entries.len(), 2);
    assert!(store.locks().unwrap().is_empty());
}

#[test]
fn a_journal_is_read_again_up_to_where_it_was_cut_off() {
    let (dir, stores) = stores();
    for store in &stores {
        let hold = store.hold(&accounts(&[]), holder("one")).unwrap();
        let mut journal = RunJournal::new(&hold);
        let failed = |op| Line::Failed { op, error: "x".repeat(1000), unknown: false };
        let lines: Vec<Line> = (0..100).map(failed).collect();
        for line in &lines {
            journal.record(line).unwrap();
        }
        assert_eq!(store.journal("one").unwrap(), lines, "over several documents");
    }
    let last = dir.path().join("state/runs/one/journal-000004.jsonl");
    let text = fs::read_to_string(&last).unwrap();
    fs::write(&last, &text[..text.len() - 10]).unwrap();
    assert_eq!(stores[0].journal("one").unwrap().len(), 99);
}

#[cfg(unix)]
#[test]
fn state_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(LocalStore::new(dir.path().join("state")));
    let hold = store.hold(&accounts(&["tooling"]), holder("one")).unwrap();
    RunJournal::new(&hold).record(&Line::End { done: 0, failed: 0, skipped: 0 }).unwrap();
    let mut ledger = store.ledger().unwrap();
    store.prepare(&mut ledger, [&scope()], &hold).unwrap();
    let mut open = vec![dir.path().join("state")];
    let mut seen = 0;
    while let Some(path) = open.pop() {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", path.display());
        seen += 1;
        if path.is_dir() {
            open.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    assert!(seen > 8, "{seen}");
}

/// One byte of each document, one after the other, is another: what is read is a ledger or an error, and never a panic.
#[test]
fn any_damage_to_a_document_is_survived() {
    let memory = Memory::default();
    let store = Store::new(memory.clone());
    run(&store, "one", "a").unwrap();
    let name = "ledger/tooling@eu-west-1.json";
    let whole = memory.get(name).unwrap();
    let (mut refused, mut read) = (0, 0);
    for at in 0..whole.len() {
        for byte in [b'"', b'}', b'9', 0xff] {
            let mut torn = whole.clone();
            torn[at] = byte;
            memory.set(name, &torn);
            match store.ledger() {
                Ok(_) => read += 1,
                Err(StoreError::Damaged { .. } | StoreError::Newer { .. }) => refused += 1,
                Err(other) => panic!("{other}"),
            }
        }
    }
    assert!(refused > 50 && read > 50, "{refused} {read}");
}

#[test]
fn a_document_larger_than_any_is_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(LocalStore::new(dir.path()));
    run(&store, "one", "a").unwrap();
    let path = dir.path().join("ledger/tooling@eu-west-1.json");
    fs::File::create(&path).unwrap().set_len(DOCUMENT_BYTES_MAX + 1).unwrap();
    assert!(matches!(store.ledger(), Err(StoreError::Large { .. })));
}
