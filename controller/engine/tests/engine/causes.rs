//! Why a field differs, and what in a change no one may miss.

use trueup_state::ledger::Ledger;
use trueup_state::plan::Danger;

use crate::case::Case;
use crate::toy::world::World;

#[test]
fn a_difference_has_a_cause() {
    type Act = fn(&mut World);
    let drift: Act = |world| world.node("one", "a").unwrap().note = Some("drifted".to_owned());
    let calm: Act = |_| {};
    let same = "[node.a]\nnote = \"applied\"";
    let moved = "[node.a]\nnote = \"moved\"";
    let follows = "[node.a]\nnote = \"${vault.v.id}\"\n[vault.v]";
    let rows: [(&str, &str, Act, bool, &[&str]); 9] = [
        ("nothing", same, calm, true, &["= 1"]),
        ("the spec", moved, calm, true, &["~ one/node.a note:spec", "= 0"]),
        ("the world", same, drift, true, &["~ one/node.a note:drift", "= 0"]),
        ("both", moved, drift, true, &["~ one/node.a note:both", "= 0"]),
        ("both, to the same", "[node.a]\nnote = \"drifted\"", drift, true, &["= 1"]),
        ("no record", moved, drift, false, &["~ one/node.a note:unrecorded", "= 0"]),
        ("what is made", follows, calm, true, &["~ one/node.a note:follows", "+ one@eu-west-1/vault.v", "= 0"]),
        (
            "a field each",
            "[node.a]\nnote = \"applied\"\ntags = { t = \"1\" }",
            drift,
            true,
            &["~ one/node.a note:drift tags:spec", "= 0"],
        ),
        ("gone by hand", same, |world| world.nodes.clear(), true, &["+ one/node.a", "= 0"]),
    ];
    for (what, specs, world, recorded, expected) in rows {
        let mut case = Case::applied(same);
        case.toy.world(world);
        case.specs(&[("one", specs)]);
        if !recorded {
            case.ledger = Ledger::default();
        }
        assert_eq!(crate::case::lines(&case.plan()), expected, "{what}");
        case.converge();
    }
}

#[test]
fn a_record_is_renewed_when_both_came_to_the_same() {
    let mut case = Case::applied("[node.a]\nnote = \"applied\"");
    case.toy.world(|world| world.node("one", "a").unwrap().note = Some("new".to_owned()));
    case.specs(&[("one", "[node.a]\nnote = \"new\"")]);
    let plan = case.check(&["= 1"]);
    assert_eq!(plan.confirmed.len(), 1);
    case.converge();
    case.toy.world(|world| world.node("one", "a").unwrap().note = Some("applied".to_owned()));
    case.check(&["~ one/node.a note:drift", "= 0"]);
}

/// What a spec leaves to the world is on record as it was asked for, whatever the world then chose; and that choice is nobody's drift.
#[test]
fn what_is_left_to_the_world_is_no_difference() {
    let mut case = Case::applied("[badge.a]\nmotto = \"m\"");
    case.toy.world(|world| assert_eq!(world.badges.values().next().unwrap().pin.0.as_deref(), Some("steel")));
    let plan = case.check(&["= 1"]);
    assert!(plan.confirmed.is_empty(), "{:?}", plan.confirmed);
    case.specs(&[("one", "[badge.a]\nmotto = \"m\"\npin = \"brass\"")]);
    case.check(&["~ one/badge.a pin:spec", "= 0"]);
    case.converge();
    case.toy.world(|world| world.badges.values_mut().next().unwrap().pin.0 = Some("tin".to_owned()));
    case.check(&["~ one/badge.a pin:drift", "= 0"]);
}

#[test]
fn adding_and_removing_a_tag_by_hand_is_drift() {
    let mut case = Case::applied("[node.a]\ntags = { t = \"1\" }");
    case.toy.world(|world| {
        let tags = &mut world.node("one", "a").unwrap().tags;
        tags.remove("t");
        tags.insert("u".to_owned(), "2".to_owned());
    });
    case.check(&["~ one/node.a tags:drift", "= 0"]);
    case.converge();
}

const NARROW: &str = "[node.a]\n[[node.a.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = { account = \"one\" }\n";
const WIDE: &str = "[node.a]\n[[node.a.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = { aws = [\"${one/account.id}\", \"222222222222\"] }\n";

fn dangers(first: &str, second: &str) -> Vec<Danger> {
    let mut case = Case::applied(first);
    case.specs(&[("one", second)]);
    let plan = case.plan();
    plan.changes.into_iter().flat_map(|change| change.dangers).collect()
}

#[test]
fn dangers_are_marked() {
    let wider = |who: &[&str]| {
        let who = who.iter().map(|who| (*who).to_owned()).collect();
        vec![Danger::WiderTrust { field: "trust".to_owned(), who }]
    };
    let rows: [(&str, &str, &str, Vec<Danger>); 7] = [
        ("removed", "[node.a]", "", vec![Danger::Removal]),
        ("made again", "[node.a]", "[node.a]\nmaterial = \"oak\"", vec![Danger::Replacement]),
        ("a wider trust", NARROW, WIDE, wider(&["arn:aws:iam::222222222222:root"])),
        ("a narrower trust", WIDE, NARROW, Vec::new()),
        ("trust where there was none", "[node.a]", NARROW, wider(&["arn:aws:iam::111111111111:root"])),
        ("made", "", NARROW, Vec::new()),
        ("changed", "[node.a]", "[node.a]\nnote = \"n\"", Vec::new()),
    ];
    for (what, first, second, expected) in rows {
        assert_eq!(dangers(first, second), expected, "{what}");
    }
}
