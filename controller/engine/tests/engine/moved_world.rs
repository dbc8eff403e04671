//! A saved plan, and a world that went on without it.

use trueup_engine::execute::Outcome;
use trueup_engine::fresh::moved;
use trueup_state::facts::{ReadRequest, Scope};
use trueup_state::plan::{Plan, PlannedOp};

use crate::case::{Case, Run, owned, wild};
use crate::toy::kinds;
use crate::toy::world::World;

/// What became of the world since the plan was saved.
fn since(case: &Case, plan: &Plan) -> Result<Vec<String>, String> {
    let saved = serde_json::to_string(plan).unwrap();
    let plan: Plan = serde_json::from_str(&saved).unwrap();
    let requests: Vec<ReadRequest> = plan.reads.iter().map(|read| read.request.clone()).collect();
    let facts = case.toy.read(&requests);
    let moved = moved(&plan, &kinds(), &facts, &case.ledger).map_err(|unread| unread.why)?;
    Ok(moved.into_iter().map(|moved| format!("{} {}", moved.address, moved.what)).collect())
}

#[test]
fn what_moved_is_told() {
    type Act = fn(&mut World);
    let first = "[node.a]\nnote = \"old\"\n[node.gone]\n[node.same]";
    let second =
        "[node.a]\nnote = \"new\"\n[node.made]\n[node.same]\n[[moved]]\nfrom = \"node.was\"\nto = \"node.made\"";
    let rows: [(&str, Act, &[&str]); 9] = [
        ("nothing", |_| {}, &[]),
        ("gone", |world| drop(world.nodes.remove(&key("a"))), &["one/node.a is gone"]),
        ("exists by now", |world| world.add_node("one", wild("made")), &["one/node.made exists by now"]),
        (
            "exists by now, found by tag",
            |world| world.add_node("one", owned("x", "toys", "one/node.made")),
            &["one/node.made exists by now"],
        ),
        (
            "changed",
            |world| world.node("one", "a").unwrap().note = Some("by hand".to_owned()),
            &["one/node.a changed in note"],
        ),
        (
            "changed to what the plan wants",
            |world| world.node("one", "a").unwrap().note = Some("new".to_owned()),
            &["one/node.a changed in note"],
        ),
        (
            "what is to be removed has changed",
            |world| world.node("one", "gone").unwrap().material = Some("oak".to_owned()),
            &["one/node.gone changed in material"],
        ),
        ("what is to be removed is gone", |world| drop(world.nodes.remove(&key("gone"))), &["one/node.gone is gone"]),
        (
            "what the plan does not touch",
            |world| world.node("one", "same").unwrap().note = Some("by hand".to_owned()),
            &[],
        ),
    ];
    for (what, act, expected) in rows {
        let mut case = Case::applied(first);
        case.specs(&[("one", second)]);
        let plan = case.plan();
        case.toy.world(act);
        assert_eq!(since(&case, &plan).unwrap(), expected, "{what}");
    }
}

/// How a run ended: what failed, with why, and what was not tried.
fn failed(run: &Run) -> Vec<String> {
    let line = |(op, outcome): (&PlannedOp, &Outcome)| match outcome {
        Outcome::Done => None,
        Outcome::Failed(error) => Some(format!("{}: {}", op.title, error.message)),
        Outcome::Skipped => Some(format!("{}: not tried", op.title)),
    };
    run.plan.ops.iter().zip(&run.report.outcomes).filter_map(line).collect()
}

#[test]
fn what_moves_while_a_run_goes_on_is_not_acted_on() {
    let nodes = |note: &str, other: &str| -> String {
        let node = |index| format!("[node.n{index:02}]\nnote = \"{note}\"\n");
        (0..12).map(node).collect::<String>() + other
    };
    let mut case =
        Case::applied(&nodes("old", "[node.namer]\nnote = \"old\"\npeers = \"node.removed\"\n[node.removed]\n"));
    case.specs(&[("one", &nodes("new", "[node.namer]\nnote = \"new\"\n"))]);
    // Four calls are in flight when the first of them ends: all others have not begun.
    case.toy.interfere(0, |world| {
        world.node("one", "n09").unwrap().note = Some("by hand".to_owned());
        drop(world.nodes.remove(&key("n10")));
        world.node("one", "namer").unwrap().note = Some("by hand".to_owned());
    });
    let run = case.apply();
    insta::assert_snapshot!(failed(&run).join("\n"));
    let plan = case.plan();
    let back = case.execute(plan);
    assert!(back.report.is_complete(), "the next plan knows what moved");
}

#[test]
fn what_can_not_be_read_once_more_is_not_acted_on() {
    let mut case = Case::applied("[node.a]\nnote = \"old\"");
    case.specs(&[("one", "[node.a]\nnote = \"new\"\n[node.b]")]);
    let plan = case.plan();
    case.toy.unreadable.insert(("nodes".to_owned(), Scope { account: "one".into(), region: None }));
    let run = case.execute(plan);
    // What is made was not there to be read.
    assert_eq!(run.report.count(|outcome| *outcome == Outcome::Done), 1);
    insta::assert_snapshot!(failed(&run).join("\n"));
}

fn key(name: &str) -> (String, String) {
    ("111111111111".to_owned(), name.to_owned())
}

#[test]
fn a_saved_plan_of_every_sort_is_still_true_of_a_world_that_stands_still() {
    let rows = [
        ("[node.a]", "[node.a]\nname = \"b\""),
        ("[node.a]", "[node.b]\nname = \"a\"\n[[moved]]\nfrom = \"node.a\"\nto = \"node.b\""),
        ("[node.a]\n[node.b]", "[node.a]\nname = \"b\"\n[node.b]\nname = \"a\""),
        ("[vault.v]", "[vault.v]\nlabel = \"new\""),
        ("[vault.v]\nlabel = \"old\"", "[vault.v]\nlabel = \"new\""),
        ("[vault.v]\n[node.a]\npeers = \"vault.v\"", "[vault.v]\ndoors = 3\n[node.a]\npeers = \"vault.v\""),
        ("[badge.a]", "[badge.a]\nmotto = \"m\""),
        ("[vault.v]", "[[removed]]\naddress = \"vault.v\""),
    ];
    for (first, second) in rows {
        let mut case = Case::applied(first);
        case.specs(&[("one", second)]);
        let plan = case.plan();
        assert!(!plan.is_empty());
        assert_eq!(since(&case, &plan).unwrap(), Vec::<String>::new(), "{first} -> {second}");
        let run = case.execute(plan);
        assert!(run.report.is_complete());
    }
}

#[test]
fn what_can_no_longer_be_read_is_no_proof() {
    let mut case = Case::new("[node.a]");
    let plan = case.plan();
    case.toy.unreadable.insert(("nodes".to_owned(), Scope { account: "one".into(), region: None }));
    assert_eq!(since(&case, &plan), Err("AccessDenied".to_owned()));
}
