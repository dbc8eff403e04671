//! AWS at its worst: it throttles, fails, resets, is silent, and shows things late.

use std::time::Duration;

use trueup_sandbox::Faults;
use trueup_state::store::Store;

use crate::EXAMPLES;
use crate::harness::{Specs, World};

/// Runs until one is complete, as a person or a schedule would.
async fn insist(specs: &Specs, world: &World, runs: usize, case: &str) -> bool {
    for run in 0..runs {
        world.memory.end_all();
        let store = Store::new(world.memory.clone());
        match specs.run(&world.sandbox, &store, &format!("{case}-{run}")).await {
            Ok(run) if run.is_complete() => return true,
            Ok(_) | Err(_) => {}
        }
    }
    false
}

/// The first example meets each sort twice.
fn seeds(example: &str) -> std::ops::Range<u64> {
    0..if example == EXAMPLES[0] { 2 } else { 1 }
}

#[tokio::test(start_paused = true)]
async fn throttling_slows_down_and_ends_nothing() {
    for example in EXAMPLES {
        let specs = Specs::example(example);
        let (count, _) = specs.undisturbed().await;
        for (share, runs) in [(0.01, 1), (0.05, 1), (0.5, 6)] {
            for seed in seeds(example) {
                let case = format!("{example}: {share} of calls throttled, seed {seed}");
                let world = specs.world();
                world.sandbox.set_faults(Faults { seed, throttle: share, ..Faults::default() });
                assert!(insist(&specs, &world, runs, "throttled").await, "{case}");
                specs.made_good(&world, &count, &case).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn errors_resets_silence_and_late_reads_are_outlived() {
    let silent = Duration::from_secs(30);
    let sorts = [
        Faults { server_error: 0.2, ..Faults::default() },
        Faults { drop_answer: 0.1, ..Faults::default() },
        Faults { delay_max: silent, ..Faults::default() },
        Faults { late_calls: 3, ..Faults::default() },
        Faults { late_calls: 20, ..Faults::default() },
    ];
    for example in EXAMPLES {
        let specs = Specs::example(example);
        let (count, _) = specs.undisturbed().await;
        for faults in &sorts {
            for seed in seeds(example) {
                let case = format!("{example}: {faults:?}, seed {seed}");
                let world = specs.world();
                world.sandbox.set_faults(Faults { seed, ..faults.clone() });
                insist(&specs, &world, 4, "rough").await;
                specs.made_good(&world, &count, &case).await;
            }
        }
    }
}

/// A clock that is wrong: every call is refused, and one is told what to do. Once it is right, all goes on.
#[tokio::test(start_paused = true)]
async fn a_wrong_clock_is_told_and_does_no_harm() {
    let specs = Specs::example(EXAMPLES[0]);
    let (count, _) = specs.undisturbed().await;
    for seconds in [-3_600, 3_600] {
        let world = specs.world();
        let store = Store::new(world.memory.clone());
        world.sandbox.set_faults(Faults { clock_off_seconds: seconds, ..Faults::default() });
        let refused = specs.run(&world.sandbox, &store, "wrong clock").await.err().unwrap_or_default();
        assert!(refused.contains("Signature"), "{refused}");
        assert_eq!(world.sandbox.mutations(), 0);
        // It goes wrong in the middle of a run.
        world.sandbox.set_faults(Faults::default());
        let meanwhile = async || world.sandbox.set_faults(Faults { clock_off_seconds: seconds, ..Faults::default() });
        let run = specs.run_with(&world.sandbox, &store, "went wrong", meanwhile).await;
        let errors = format!("{:?}", run.unwrap().report.unwrap().outcomes);
        assert!(errors.contains("the clock of this machine is wrong"), "{errors}");
        assert!(!errors.contains("Done"), "{errors}");
        specs.made_good(&world, &count, &format!("the clock was off by {seconds} s")).await;
    }
}

/// That AWS asks to go slower is counted, for the line that shows how far a run is.
#[tokio::test(start_paused = true)]
async fn throttled_calls_are_counted() {
    let specs = Specs::example(EXAMPLES[0]);
    let world = specs.world();
    let aws = specs.aws(&world.sandbox).await.unwrap();
    let session = aws.session("unicorn", None).await.unwrap();
    session.iam().list_roles().send().await.unwrap();
    assert_eq!(aws.counter().throttled(), 0);
    let before = aws.counter().total();
    world.sandbox.set_faults(Faults { seed: 1, throttle: 0.6, ..Faults::default() });
    for _ in 0..5 {
        session.iam().list_roles().send().await.unwrap();
        session.in_region("eu-west-1").kms().list_keys().send().await.unwrap();
        session.in_region("eu-west-1").s3().list_buckets().send().await.unwrap();
    }
    let all = aws.counter().total() - before;
    assert_eq!(aws.counter().throttled(), all - 15, "each call that was sent again had been refused");
}
