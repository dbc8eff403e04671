//! What could not be read is left alone, and said.

use std::sync::Arc;

use trueup_engine::render::{Look, plan};
use trueup_state::facts::Scope;

use crate::case::Case;

fn scope(account: &str, region: Option<&str>) -> Scope {
    Scope { account: Arc::from(account), region: region.map(Arc::from) }
}

/// Applies `first`, makes a source unreadable, and plans `second`.
fn check(unread: (&str, Scope), first: &[(&str, &str)], second: &[(&str, &str)], expected: &[&str]) -> Case {
    let mut case = Case::of(first);
    case.converge();
    case.toy.unreadable.insert((unread.0.to_owned(), unread.1));
    case.specs(second);
    let plan = case.check(expected);
    assert!(plan.is_incomplete(), "the exit code says so");
    assert!(plan.reads.iter().any(|read| read.unread.is_some()), "and the plan names the read");
    case
}

#[test]
fn nothing_is_made_or_removed_on_missing_evidence() {
    let why = "toy:Listnodes failed: AccessDenied";
    check(
        ("nodes", scope("one", None)),
        &[("one", "[node.a]\n[node.gone]"), ("two", "[node.a]\n[node.gone]")],
        &[("one", "[node.a]\nnote = \"n\"\n[node.new]"), ("two", "[node.a]\nnote = \"n\"\n[node.new]")],
        &[
            "~ two/node.a note:spec",
            "- two/node.gone",
            "+ two/node.new",
            &format!("! one/node.a (unread): {why}"),
            &format!("! one/node.new (unread): {why}"),
            "= 0",
        ],
    );
}

#[test]
fn what_needs_a_value_that_could_not_be_read_waits() {
    let needs = "it needs one@eu-west-1/vault.v.arn, which is not known and will not be after this plan";
    let specs = "[vault.v]\n[node.a]\npeers = \"vault.v\"\n[node.b]\npeers = \"node.c\"\n[node.c]\n\
                 [vault.w]\nreaders = \"node.a\"\n[node.d]\nnote = \"${vault.v.id}\"";
    let why = "toy:Listvaults failed: AccessDenied";
    let case = check(
        ("vaults", scope("one", Some("eu-west-1"))),
        &[("one", "")],
        &[("one", specs)],
        &[
            "+ one/node.b",
            "+ one/node.c",
            &format!("! one/node.a (unread): {needs}"),
            &format!("! one/node.d (unread): {}", needs.replace("arn", "id")),
            &format!("! one@eu-west-1/vault.v (unread): {why}"),
            &format!("! one@eu-west-1/vault.w (unread): {why}"),
            "= 0",
        ],
    );
    let text = plan(&case.plan(), Look { width: 80, color: false });
    assert!(text.contains("Could not read vaults in one@eu-west-1."), "{text}");
}

#[test]
fn what_waits_for_what_waits_is_left_alone_too() {
    let specs = "[vault.v]\n[vault.w]\nreaders = \"vault.v\"\n[node.a]\npeers = \"vault.w\"";
    let mut case = Case::of(&[("one", ""), ("two", specs)]);
    case.toy.unreadable.insert(("vaults".to_owned(), scope("two", Some("eu-west-1"))));
    let plan = case.plan();
    assert!(plan.is_empty() && plan.blocked.len() == 3, "{:?}", plan.blocked);
}

#[test]
fn a_name_alone_is_no_proof_that_a_thing_is_there() {
    let mut case = Case::of(&[("one", "[node.a]\npeers = \"two/node.b\"\n[node.c]"), ("two", "[node.b]")]);
    case.toy.unreadable.insert(("nodes".to_owned(), scope("two", None)));
    let needs = "it would name two/node.b, which is not known to exist and is not made in this plan";
    case.check(&[
        "+ one/node.c",
        &format!("! one/node.a (unread): {needs}"),
        "! two/node.b (unread): toy:Listnodes failed: AccessDenied",
        "= 0",
    ]);
    let run = case.apply();
    assert!(run.report.is_complete(), "what could be decided is done");
    assert!(case.plan().is_incomplete(), "and the rest stays open");
}

#[test]
fn what_it_named_before_it_may_go_on_naming() {
    let two = ("two", "[node.b]");
    let mut case = Case::of(&[("one", "[node.a]\npeers = \"two/node.b\""), two]);
    case.converge();
    case.toy.unreadable.insert(("nodes".to_owned(), scope("two", None)));
    case.specs(&[("one", "[node.a]\nnote = \"n\"\npeers = \"two/node.b\""), two]);
    case.check(&["~ one/node.a note:spec", "! two/node.b (unread): toy:Listnodes failed: AccessDenied", "= 0"]);
    assert!(case.apply().report.is_complete());
}

#[test]
fn an_empty_plan_does_not_claim_that_all_is_well() {
    let mut case = Case::applied("[node.a]\n[vault.v]");
    case.toy.unreadable.insert(("vaults".to_owned(), scope("one", Some("eu-west-1"))));
    let told = plan(&case.plan(), Look { width: 80, color: false });
    assert!(told.contains("Nothing to do for what could be decided."), "{told}");
    case.toy.unreadable.clear();
    let told = plan(&case.plan(), Look { width: 80, color: false });
    assert!(told.contains("Nothing to do.") && !case.plan().is_incomplete(), "{told}");
}

#[test]
fn a_source_that_nobody_needs_may_still_hide_leftovers() {
    let mut case = Case::applied("[node.a]");
    case.toy.unreadable.insert(("badges".to_owned(), scope("two", None)));
    let plan = case.plan();
    assert!(plan.is_empty() && plan.is_incomplete());
}

/// One field that could not be read is left as it is and named; all others are handled.
#[test]
fn a_field_that_could_not_be_read_is_left_alone() {
    let mut case = Case::new("[node.a]\nmaterial = \"lead\"\nnote = \"n\"");
    let run = case.apply();
    assert!(run.report.is_complete(), "what is not there yet has nothing to be read");
    let unchecked = "! one/node.a (unread): note not checked: toy:GetNote failed: AccessDenied";
    let plan = case.check(&[unchecked, "= 1"]);
    assert!(plan.is_empty() && plan.is_incomplete() && plan.confirmed.is_empty());

    // The spec wants another: that is not done, and said. Who it names is another field.
    case.specs(&[("one", "[node.a]\nmaterial = \"lead\"\nnote = \"m\"\npeers = \"node.b\"\n[node.b]")]);
    let wanted = format!("{unchecked}; what the spec wants there is not done");
    case.check(&["~ one/node.a peers:spec", "+ one/node.b", &wanted, "= 0"]);
    assert!(case.apply().report.is_complete());
    case.check(&[&wanted, "= 2"]);

    // Without a record it is not taken for what it happens to look like.
    case.ledger = Default::default();
    case.check(&[&wanted, "= 2"]);

    // It is not ours any more, and goes.
    case.specs(&[("one", "[node.b]")]);
    case.check(&["- one/node.a", "= 1"]);
}
