//! The order of operations: found, never listed.

use trueup_engine::order::tokens;
use trueup_engine::render::longest_chain;
use trueup_state::plan::Plan;

use crate::case::{Case, lines, titles};

/// Applies `first`, then plans `second`; the operations must come in this order, and their run must converge.
fn check(table: &[(&str, &str, &str, &[&str])]) {
    for (what, first, second, expected) in table {
        let mut case = Case::new(first);
        case.converge();
        case.specs(&[("one", second)]);
        assert_eq!(titles(&case.plan()), *expected, "{what}");
        case.converge();
    }
}

#[test]
fn what_is_named_comes_first() {
    check(&[
        (
            "a chain against the order of the file",
            "",
            "[node.a]\npeers = \"node.b\"\n[node.b]\npeers = \"node.c\"\n[node.c]",
            &["make node c", "make node b", "make node a"],
        ),
        ("a value that is made up", "", "[node.a]\npeers = \"vault.v\"\n[vault.v]", &["make vault v", "make node a"]),
        (
            "an owner and peers",
            "",
            "[node.a]\nowner = \"node.o\"\npeers = [\"node.p\", \"vault.v\"]\n[node.o]\n[node.p]\n[vault.v]",
            &["make node o", "make node p", "make vault v", "make node a"],
        ),
        ("free ones keep the order of their addresses", "", "[node.b]\n[node.a]", &["make node a", "make node b"]),
        (
            "a text that only mentions waits too",
            "",
            "[node.a]\nnote = \"opens ${vault.v.id}\"\n[vault.v]",
            &["make vault v", "make node a"],
        ),
    ]);
}

#[test]
fn a_circle_is_cut_where_a_kind_can_cut() {
    check(&[
        (
            "two that name each other",
            "",
            "[node.a]\npeers = \"node.b\"\n[node.b]\npeers = \"node.a\"",
            &["make node a", "make node b", "put the peers of node a", "put the peers of node b"],
        ),
        ("one that names itself", "", "[node.a]\npeers = \"node.a\"", &["make node a", "put the peers of node a"]),
        (
            "a node and a vault that name each other",
            "",
            "[node.a]\npeers = \"vault.v\"\n[vault.v]\nreaders = \"node.a\"",
            &["make node a", "make vault v", "put the peers of node a", "put the readers of vault v"],
        ),
        (
            "a circle with one that can't be cut",
            "",
            "[node.a]\nowner = \"node.b\"\n[node.b]\npeers = \"node.a\"",
            &["make node b", "make node a", "put the peers of node b"],
        ),
        (
            "who is in no circle is not cut",
            "",
            "[node.a]\npeers = [\"node.a\", \"node.b\"]\n[node.b]\npeers = \"node.c\"\n[node.c]",
            &["make node a", "make node c", "make node b", "put the peers of node a"],
        ),
        (
            "three in a ring",
            "",
            "[node.a]\npeers = \"node.b\"\n[node.b]\npeers = \"node.c\"\n[node.c]\npeers = \"node.a\"",
            &[
                "make node a",
                "make node b",
                "put the peers of node a",
                "make node c",
                "put the peers of node b",
                "put the peers of node c",
            ],
        ),
    ]);
}

#[test]
fn a_circle_nobody_can_cut_is_told_as_a_path() {
    let specs = "[node.a]\nowner = \"node.b\"\n[node.b]\nowner = \"node.c\"\n[node.c]\nowner = \"node.a\"\n[node.d]";
    insta::assert_snapshot!(Case::new(specs).try_plan().unwrap_err());
}

#[test]
fn what_is_named_no_more_goes_last() {
    let mutual = "[node.a]\npeers = \"node.b\"\n[node.b]\npeers = \"node.a\"";
    check(&[
        (
            "a chain goes from its end",
            "[node.a]\npeers = \"node.b\"\n[node.b]\npeers = \"node.c\"\n[node.c]",
            "",
            &["take peers from node a", "drop node a", "take peers from node b", "drop node b", "drop node c"],
        ),
        (
            "two that name each other",
            mutual,
            "",
            &["take peers from node a", "take peers from node b", "drop node a", "drop node b"],
        ),
        (
            "one that stays lets go of one that goes",
            "[node.a]\npeers = \"node.z\"\n[node.z]",
            "[node.a]",
            &["take peers from node a", "drop node z"],
        ),
        (
            "one that stays changes over",
            "[node.a]\npeers = \"node.y\"\n[node.y]",
            "[node.a]\npeers = \"node.z\"\n[node.z]",
            &["make node z", "put the peers of node a", "drop node y"],
        ),
        ("one that names itself", "[node.a]\npeers = \"node.a\"", "", &["take peers from node a", "drop node a"]),
        (
            "an owner is let go first",
            "[node.a]\n[node.b]\nowner = \"node.a\"",
            "",
            &["take the owner from node b", "drop node a", "drop node b"],
        ),
    ]);
}

#[test]
fn what_names_a_thing_made_again_names_it_again() {
    check(&[
        (
            "the ARN stays",
            "[node.a]\npeers = \"node.b\"\n[node.b]",
            "[node.a]\npeers = \"node.b\"\n[node.b]\nmaterial = \"oak\"",
            &["take peers from node a", "drop node b", "make node b", "put the peers of node a"],
        ),
        (
            "who names it by id only puts again",
            "[vault.v]\nreaders = \"node.b\"\n[node.b]",
            "[vault.v]\nreaders = \"node.b\"\n[node.b]\nmaterial = \"oak\"",
            &["drop node b", "make node b", "put the readers of vault v"],
        ),
        (
            "two that name each other, one made again",
            "[node.a]\npeers = \"node.b\"\n[node.b]\npeers = \"node.a\"",
            "[node.a]\npeers = \"node.b\"\n[node.b]\npeers = \"node.a\"\nmaterial = \"oak\"",
            &[
                "take peers from node a",
                "take peers from node b",
                "drop node b",
                "make node b",
                "put the peers of node a",
            ],
        ),
        (
            "two that name each other, both made again",
            "[node.a]\npeers = \"node.b\"\n[node.b]\npeers = \"node.a\"",
            "[node.a]\npeers = \"node.b\"\nmaterial = \"elm\"\n[node.b]\npeers = \"node.a\"\nmaterial = \"oak\"",
            &[
                "take peers from node a",
                "take peers from node b",
                "drop node a",
                "make node a",
                "drop node b",
                "make node b",
                "put the peers of node a",
                "put the peers of node b",
            ],
        ),
        (
            "one made again that its namer no longer names",
            "[node.a]\npeers = \"node.b\"\n[node.b]",
            "[node.a]\n[node.b]\nmaterial = \"oak\"",
            &["take peers from node a", "drop node b", "make node b"],
        ),
    ]);
}

#[test]
fn a_made_up_id_is_decided_anew_for_all_who_name_it() {
    let first = "[vault.v]\n[node.a]\npeers = \"vault.v\"\n[node.b]\nnote = \"${node.a.arn} and ${vault.v.id}\"";
    let mut case = Case::applied(first);
    case.specs(&[("one", &first.replace("[vault.v]", "[vault.v]\ndoors = 2"))]);
    let plan = case.check(&[
        "~ one/node.a peers:follows",
        "~ one/node.b note:follows",
        "-/+ one@eu-west-1/vault.v [doors] doors:spec",
        "= 0",
    ]);
    let waiting: Vec<&str> = plan.ops.iter().filter(|op| !tokens(&op.op).is_empty()).map(|op| &*op.title).collect();
    assert_eq!(waiting, ["put the peers of node a", "put the note of node b"]);
    case.converge();
}

fn freshness(plan: &Plan) -> Vec<(&str, bool)> {
    plan.ops.iter().map(|op| (&*op.title, op.fresh)).collect()
}

#[test]
fn fresh_is_what_needs_something_made_in_this_run() {
    let specs = "[node.a]\npeers = \"node.b\"\n[node.b]\npeers = \"node.a\"\n[node.c]\npeers = \"node.c\"";
    let mut case = Case::new(specs);
    assert_eq!(
        freshness(&case.plan()),
        [
            ("make node a", false),
            ("make node b", false),
            ("put the peers of node a", true),
            ("put the peers of node b", true),
            ("make node c", false),
            ("put the peers of node c", true),
        ]
    );
    case.converge();
    case.specs(&[("one", &format!("{specs}\n[node.d]\npeers = \"node.c\""))]);
    assert_eq!(freshness(&case.plan()), [("make node d", false)], "what is there already is not fresh");
}

#[test]
fn the_longest_chain_is_what_takes_time() {
    let chain = |count: usize| -> String {
        let node = |index: usize| match index {
            0 => "[node.n0]\n".to_owned(),
            _ => format!("[node.n{index}]\npeers = \"node.n{}\"\n", index - 1),
        };
        (0..count).map(node).collect()
    };
    for (specs, longest) in [("".to_owned(), 0), (chain(1), 1), (chain(7), 7), ("[node.a]\n[node.b]".to_owned(), 1)] {
        assert_eq!(longest_chain(&Case::new(&specs).plan()), longest, "{specs}");
    }
}

#[test]
fn file_order_changes_nothing_but_places() {
    let blocks = [
        "[node.a]\npeers = \"node.b\"\n",
        "[node.b]\nowner = \"node.c\"\n",
        "[node.c]\n",
        "[vault.v]\nreaders = \"node.a\"\n",
    ];
    let forward = Case::new(&blocks.concat()).plan();
    let backward = Case::new(&blocks.iter().rev().copied().collect::<String>()).plan();
    assert_eq!(forward.ops, backward.ops);
}

#[test]
fn what_must_be_left_alone_after_all_ends_the_rounds() {
    let mut case = Case::applied("[vault.v]\n[vault.w]\nlock = \"${vault.v.id}\"");
    case.specs(&[("one", "[vault.v]\ndoors = 2\n[vault.w]\ndoors = 2\nlock = \"${vault.v.id}\"")]);
    let plan = case.plan();
    assert_eq!(plan.changes.len(), 1, "{:?}", lines(&plan));
    assert!(plan.blocked[0].why.starts_with("lock: "), "{:?}", plan.blocked);
}
