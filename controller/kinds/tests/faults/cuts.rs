//! A process that dies, and answers that are lost, at each call.

use serde_json::{Value, json};
use trueup_engine::execute::promise;
use trueup_sandbox::{Cut, Faults, Then, When};
use trueup_state::ledger::Ledger;
use trueup_state::store::Store;
use trueup_state::store::memory::Memory;

use crate::harness::{Count, Run, Specs, kinds};
use crate::{EXAMPLES, random_number, told};

/// At how many calls of an example other than the first a run is cut off: their calls are of the same sorts.
const SAMPLE: u64 = 4;

/// The calls at which an example is cut off: all of the first, and all of all where one has the time for it; of the others one from each
/// of equal parts.
fn places(example: &str, calls: u64) -> Vec<u64> {
    if example == EXAMPLES[0] || told("TRUEUP_SOAK").is_some() || calls <= SAMPLE {
        return (1..=calls).collect();
    }
    let part = calls / SAMPLE;
    (0..SAMPLE).map(|index| 1 + index * part + random_number(calls, index, part)).collect()
}

async fn cut_everywhere(example: &str, when: When, then: Then) {
    let specs = Specs::example(example);
    let (count, calls) = specs.undisturbed().await;
    assert!(calls > 20, "{example}: {calls} calls change something");
    assert!(count.get("iam roles") > 0, "{count:?}");
    for nth in places(example, calls) {
        let world = specs.world();
        world.sandbox.set_faults(Faults { cut: Some(Cut { nth, when, then }), ..Faults::default() });
        let store = Store::new(world.memory.clone());
        let run = specs.run(&world.sandbox, &store, "cut").await;
        if then == Then::StayDown {
            assert!(!run.as_ref().is_ok_and(Run::is_complete), "{example}: call {nth} was not cut off");
            forget_end(&world.memory, run.ok().as_ref());
        }
        specs.made_good(&world, &count, &format!("{example}: {when:?} {then:?} at call {nth}")).await;
    }
}

/// Leaves on record what a process that died at a call left: what was promised before its first call, and nothing of how the calls ended.
fn forget_end(memory: &Memory, run: Option<&Run>) {
    let mut promised = Ledger::default();
    if let Some(run) = run {
        promise(&mut promised, &run.plan, &kinds());
    }
    let of_scope = |name: &str| {
        let (_, document) = promised.documents.iter().find(|(scope, _)| format!("ledger/{scope}.json") == name)?;
        Some(serde_json::to_value(&document.entries).unwrap())
    };
    for (name, bytes) in memory.all().into_iter().filter(|(name, _)| name.starts_with("ledger/")) {
        let mut document: Value = serde_json::from_slice(&bytes).unwrap();
        document["entries"] = of_scope(&name).unwrap_or_else(|| json!({}));
        memory.set(&name, document.to_string().as_bytes());
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_before_any_call_is_made_good() {
    for example in EXAMPLES {
        cut_everywhere(example, When::BeforeEffect, Then::StayDown).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_after_any_call_is_made_good() {
    for example in EXAMPLES {
        cut_everywhere(example, When::AfterEffect, Then::StayDown).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_to_any_call_is_made_good() {
    for example in EXAMPLES {
        cut_everywhere(example, When::AfterEffect, Then::Recover).await;
    }
}

const FULL: &str =
    "[scope]\naccount = \"one\"\n[bucket.b]\nname = \"full-of-it\"\nversioning = \"enabled\"\n[topic.t]\n";
const GONE: &str =
    "[scope]\naccount = \"one\"\n[topic.t]\n[[removed]]\naddress = \"one@eu-west-1/bucket.b\"\ncontents = \"delete\"\n";

/// Emptying takes many calls: cut off at any of them, the next run goes on.
#[tokio::test(start_paused = true)]
async fn emptying_a_bucket_is_gone_on_with() {
    let (full, gone) = (Specs::in_one_account(FULL), Specs::in_one_account(GONE));
    for (when, then) in
        [(When::BeforeEffect, Then::StayDown), (When::AfterEffect, Then::StayDown), (When::AfterEffect, Then::Recover)]
    {
        for nth in 1..=5 {
            let case = format!("emptying: {when:?} {then:?} at call {nth}");
            let world = full.world();
            let store = Store::new(world.memory.clone());
            assert!(full.run(&world.sandbox, &store, "full").await.unwrap().is_complete(), "{case}");
            let s3 = full.aws(&world.sandbox).await.unwrap().session("one", Some("eu-west-1")).await.unwrap();
            for key in ["a", "a", "b"] {
                s3.s3().put_object().bucket("full-of-it").key(key).body(b"x".to_vec().into()).send().await.unwrap();
            }
            for _ in 0..3 {
                s3.s3().create_multipart_upload().bucket("full-of-it").key("u").send().await.unwrap();
            }
            world.sandbox.set_faults(Faults { cut: Some(Cut { nth, when, then }), ..Faults::default() });
            let _ = gone.run(&world.sandbox, &store, "cut").await;
            let after = gone.mended(&world, &Count::of(&gone.settled().await), &case).await;
            assert!(after.retained.is_empty(), "{case}");
        }
    }
}
