//! Two runs at once.

use trueup_sandbox::Sandbox;
use trueup_state::store::Store;
use trueup_state::store::memory::Memory;

use crate::EXAMPLES;
use crate::harness::{Count, Specs, World};

#[tokio::test(start_paused = true)]
async fn of_two_runs_at_once_one_is_sent_away() {
    let specs = Specs::example(EXAMPLES[0]);
    let (count, _) = specs.undisturbed().await;
    let world = specs.world();
    let store = Store::new(world.memory.clone());
    let (one, two) =
        futures_util::future::join(specs.run(&world.sandbox, &store, "one"), specs.run(&world.sandbox, &store, "two"))
            .await;
    let refused: Vec<String> = [one, two].into_iter().filter_map(Result::err).collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(refused[0].contains("another run holds the account"), "{refused:?}");
    specs.made_good(&world, &count, "two at once").await;
}

#[tokio::test(start_paused = true)]
async fn two_projects_in_the_same_accounts_leave_each_other_alone() {
    let (one, two) = (Specs::example(EXAMPLES[0]), Specs::example(EXAMPLES[1]));
    let ((first, _), (second, _)) = (one.undisturbed().await, two.undisturbed().await);
    let sandbox = Sandbox::in_memory(&["111111111111", "222222222222", "333333333333"]);
    let worlds = [Memory::patient(), Memory::patient()].map(|memory| World { sandbox: sandbox.clone(), memory });
    let stores = [0, 1].map(|index: usize| Store::new(worlds[index].memory.clone()));
    let (a, b) =
        futures_util::future::join(one.run(&sandbox, &stores[0], "a"), two.run(&sandbox, &stores[1], "b")).await;
    assert!(a.unwrap().is_complete() && b.unwrap().is_complete());
    for (specs, store) in [(&one, &stores[0]), (&two, &stores[1])] {
        let after = specs.run(&sandbox, store, "after").await.unwrap();
        assert!(after.plan.is_empty() && after.plan.retained.is_empty(), "{:?}", after.plan.changes);
    }
    let both = Count::of(&worlds[0]);
    for sort in ["iam roles", "kms keys", "s3 buckets", "codedeploy applications"] {
        assert_eq!(both.get(sort), first.get(sort) + second.get(sort), "{sort}");
    }
}
