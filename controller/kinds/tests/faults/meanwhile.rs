//! A world that goes on while a run does.

use std::time::Duration;

use trueup_engine::execute::Outcome;
use trueup_kinds::lookout::EVIDENCE_MAX;
use trueup_state::store::Store;

use crate::EXAMPLES;
use crate::harness::{Run, Specs, World};

const ROLE: &str = "CodePipelineCrossAccountRole";
const OTHER: &str = "CloudFormationDeploymentRole";

async fn describe(specs: &Specs, world: &World, role: &str, text: &str) {
    let aws = specs.aws(&world.sandbox).await.unwrap();
    let session = aws.session("unicorn", None).await.unwrap();
    session.iam().update_role().role_name(role).description(text).send().await.unwrap();
}

fn readings(world: &World) -> u64 {
    let calls = world.sandbox.calls();
    calls.get(&("iam".to_owned(), "GetAccountAuthorizationDetails".to_owned())).copied().unwrap_or_default()
}

fn failures(run: &Run) -> Vec<String> {
    let outcomes = run.report.as_ref().map(|report| report.outcomes.clone()).unwrap_or_default();
    let failed = |outcome| match outcome {
        Outcome::Failed(error) => Some(error.to_string()),
        Outcome::Done | Outcome::Skipped => None,
    };
    outcomes.into_iter().filter_map(failed).collect()
}

/// Two roles were changed by hand, and are to be put right. One is changed again while the plan is read by a person.
async fn changed_again_after(wait: Duration) -> (World, Specs, Run, u64) {
    let specs = Specs::example(EXAMPLES[0]);
    let world = specs.world();
    let store = Store::new(world.memory.clone());
    assert!(specs.run(&world.sandbox, &store, "first").await.unwrap().is_complete());
    describe(&specs, &world, ROLE, "drifted").await;
    describe(&specs, &world, OTHER, "drifted").await;
    let meanwhile = async || {
        tokio::time::advance(wait).await;
        describe(&specs, &world, ROLE, "drifted again").await;
        world.sandbox.reset_calls();
    };
    let run = specs.run_with(&world.sandbox, &store, "second", meanwhile).await.unwrap();
    let read = readings(&world);
    (world, specs, run, read)
}

#[tokio::test(start_paused = true)]
async fn what_moved_while_a_plan_was_read_is_not_acted_on() {
    let (world, specs, run, read) = changed_again_after(EVIDENCE_MAX).await;
    assert_eq!(run.plan.changes.len(), 2);
    let told = "iam:UpdateRole: nothing was sent: AWS is not what this plan was made for: \
                unicorn/role.CodePipelineCrossAccountRole changed in description";
    assert_eq!(failures(&run), [told]);
    assert_eq!(read, 1, "one reading of the account for both");
    let (count, _) = specs.undisturbed().await;
    specs.made_good(&world, &count, "moved in between").await;
}

#[tokio::test(start_paused = true)]
async fn what_was_read_a_moment_ago_is_not_read_again() {
    let (_, _, run, read) = changed_again_after(Duration::from_secs(1)).await;
    assert!(run.is_complete());
    assert_eq!(read, 0);
}

/// Every kind: after a plan that is old when it is applied, things are changed and removed as with a fresh one.
#[tokio::test(start_paused = true)]
async fn an_old_plan_of_a_world_that_stood_still_is_carried_out() {
    for example in EXAMPLES {
        let specs = Specs::example(example);
        let world = specs.world();
        let store = Store::new(world.memory.clone());
        let wait = async || tokio::time::advance(EVIDENCE_MAX).await;
        let made = specs.run_with(&world.sandbox, &store, "made", wait).await.unwrap();
        assert!(made.is_complete(), "{example}: {:?}", failures(&made));
        // The project's tags are on everything that can carry any.
        let retagged = Specs::retagged(example);
        let run = retagged.run_with(&world.sandbox, &store, "retagged", wait).await.unwrap();
        assert!(run.is_complete() && run.plan.changes.len() > 5, "{example}: {:?}", failures(&run));
        let removed = Specs::destroyed(example);
        let run = removed.run_with(&world.sandbox, &store, "removed", wait).await.unwrap();
        // A unit in which accounts stay is not removed; but nothing of it is held to have moved.
        let moved: Vec<String> = failures(&run).into_iter().filter(|why| why.contains("nothing was sent")).collect();
        assert!(moved.is_empty() && run.report.is_some(), "{example}: {moved:?}");
    }
}
