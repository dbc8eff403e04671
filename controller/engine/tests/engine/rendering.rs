//! What a person reads, and what a program reads.

use std::sync::atomic::{AtomicBool, Ordering};

use trueup_engine::execute::Event;
use trueup_engine::render::{Look, plan, plan_json, report};
use trueup_state::facts::Scope;
use trueup_state::journal::Memory;

use crate::case::{Case, owned, wild};
use crate::toy::world::Fault;

const BEFORE: &str = r#"
[node.both]
note = "as applied"
[node.both.tags]
tier = "one"

[node.drifted]
note = "as applied, and long enough that one line can't hold what it was and what it is to be"

[node.follower]
peers = "node.replaced"

[node.removed]
[node.replaced]
[node.old-name]

[node.trusting]
[[node.trusting.trust]]
sid       = "Own"
allow     = "sts:AssumeRole"
principal = { account = "one" }

[node.unrecorded]
note = "one"

[vault.fixed]
[vault.gone]
label = "gone"
[vault.kept]
label = "kept"
[vault.again]
"#;

const AFTER: &str = r#"
[node.both]
note = "as the specs say now"
[node.both.tags]
tier = "two"
team = "platform"

[node.drifted]
note = "as applied, and long enough that one line can't hold what it was and what it is to be"

[node.follower]
peers = "node.replaced"

[node.replaced]
material = "oak"

[node.new-name]
name = "old-name"

[node.trusting]
[[node.trusting.trust]]
sid       = "Own"
allow     = "sts:AssumeRole"
principal = { aws = ["arn:aws:iam::111111111111:role/delivery/pipelines/deployer-of-everything", "222222222222"] }

[node.unrecorded]
note = "two"

[node.wild]
[node.foreign]
[node.differs]
note = "mine"

[node.made]
note  = "opens ${vault.made.id}"
owner = "node.trusting"
peers = ["vault.made", "vault.again", "node.made"]
[[node.made.trust]]
allow     = "sts:AssumeRole"
principal = { service = "toys.amazonaws.com" }
condition = { StringEquals = { "aws:SourceAccount" = "${account.id}" } }

[vault.made]
label   = "made"
readers = "node.both"

[vault.fixed]
lock = "key"

[vault.again]
doors = 2

[[moved]]
from = "node.old-name"
to   = "node.new-name"

[[removed]]
address = "vault.gone"

[output]
made  = "${vault.made.arn}"
nodes = ["${node.both.arn}", "${node.made.arn}"]
"#;

const EVERYWHERE: &str = "[node.everywhere]\nnote = \"in ${account.name}\"\n[node.same]\nnote = \"the same\"\n";

/// A plan with every action, cause and danger, with things left alone and things kept.
fn everything() -> Case {
    let mut case = Case::applied(BEFORE);
    case.toy.world(|world| {
        world.node("one", "both").unwrap().note = Some("as somebody's hand left it".to_owned());
        let drifted = world.node("one", "drifted").unwrap();
        drifted.note =
            Some("what somebody put there by hand, in a hurry, and that nobody wrote down anywhere".to_owned());
        drifted.tags.insert("by".to_owned(), "hand".to_owned());
        world.add_node("one", wild("wild"));
        world.add_node("one", wild("differs"));
        world.add_node("one", owned("foreign", "others", "one/node.foreign"));
    });
    for document in case.ledger.documents.values_mut() {
        document.entries.retain(|address, _| *address.name != *"unrecorded");
    }
    let unread = Scope { account: "two".into(), region: Some("eu-west-1".into()) };
    case.toy.unreadable.insert(("vaults".to_owned(), unread));
    case.specs(&[("one", AFTER), ("two", "[vault.unread]\n"), ("all", EVERYWHERE)]);
    case
}

#[test]
fn a_plan_at_80_columns() {
    insta::assert_snapshot!(plan(&everything().plan(), Look { width: 80, color: false }));
}

#[test]
fn a_plan_at_60_columns() {
    insta::assert_snapshot!(plan(&everything().plan(), Look { width: 60, color: false }));
}

#[test]
fn a_plan_in_colour() {
    let colored = plan(&everything().plan(), Look { width: 80, color: true });
    insta::assert_snapshot!(colored.replace('\u{1b}', "␛"));
    assert_eq!(
        without_codes(&colored),
        plan(&everything().plan(), Look { width: 80, color: false }),
        "colour adds nothing"
    );
}

/// The text without its escape codes.
fn without_codes(text: &str) -> String {
    let mut plain = String::new();
    let mut pieces = text.split('\u{1b}');
    plain.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        plain.push_str(piece.split_once('m').map_or("", |(_, text)| text));
    }
    plain
}

#[test]
fn a_plan_for_programs() {
    insta::assert_json_snapshot!(plan_json(&everything().plan()));
}

/// Of policies and tags, the third value is what AWS made of what was last applied: statement by statement, key by key.
#[test]
fn what_was_last_applied_is_told_where_both_moved() {
    let specs = |tier: &str, principal: &str| {
        format!(
            "[node.a]\ntags = {{ tier = \"{tier}\", team = \"platform\" }}\n[[node.a.trust]]\nsid = \"Own\"\nallow = \"sts:AssumeRole\"\nprincipal = {{ aws = \"{principal}\" }}\n"
        )
    };
    let mut case = Case::applied(&specs("one", "222222222222"));
    let by_hand = Case::applied(&specs("two", "333333333333")).toy.world(|world| world.node("one", "a").cloned());
    case.toy.world(|world| {
        let node = world.node("one", "a").unwrap();
        *node = by_hand.unwrap();
        node.tags.insert("by".to_owned(), "hand".to_owned());
    });
    case.specs(&[("one", &specs("three", "444444444444"))]);
    let shown = plan(&case.check(&["~ one/node.a tags:both trust:both", "= 0"]), Look { width: 80, color: false });
    insta::assert_snapshot!(shown);
}

#[test]
fn a_line_is_wider_only_for_a_word_that_is_never_cut() {
    for width in [80, 100] {
        let text = plan(&everything().plan(), Look { width, color: false });
        for line in text.lines().filter(|line| line.chars().count() > width) {
            let longest = line.split_whitespace().map(|word| word.chars().count()).max().unwrap_or(0);
            assert!(longest > 50, "{width}: {line}");
        }
    }
}

#[test]
fn an_empty_plan_says_so() {
    let look = Look { width: 80, color: false };
    let told: Vec<String> =
        ["", "[node.a]", "[node.a]\n[node.b]"].map(|specs| plan(&Case::applied(specs).plan(), look)).into();
    insta::assert_snapshot!(told.join("---\n"));
}

#[test]
fn a_report_after_all_went_well() {
    let run = everything().apply();
    assert!(run.report.is_complete(), "{:?}", run.report.outcomes);
    insta::assert_snapshot!(report(&run.plan, &run.report, Look { width: 80, color: false }));
}

#[test]
fn a_report_after_failures() {
    let mut case = Case::new(
        "[node.a]\npeers = \"node.b\"\n[node.b]\npeers = \"node.a\"\n[vault.v]\nreaders = \"node.b\"\n[node.c]",
    );
    let mut told = String::new();
    for fault in [Fault::Refuse(1), Fault::LoseAnswer(2)] {
        case.toy.fail(fault);
        let run = case.apply();
        told.push_str(&report(&run.plan, &run.report, Look { width: 80, color: false }));
        told.push_str("---\n");
    }
    let run = case.apply();
    told.push_str(&report(&run.plan, &run.report, Look { width: 80, color: false }));
    insta::assert_snapshot!(told);
}

#[test]
fn a_report_after_a_stop() {
    let mut case = Case::new("[node.a]\n[node.b]\npeers = \"node.a\"\n[node.c]\npeers = \"node.b\"");
    let stop = AtomicBool::new(false);
    let mut told = |event: &Event| stop.store(matches!(event, Event::Ended(..)), Ordering::SeqCst);
    let plan = case.plan();
    let run = case.execute_with(plan, &mut Memory::default(), &stop, &mut told);
    insta::assert_snapshot!(report(&run.plan, &run.report, Look { width: 80, color: false }));
}
