//! Which live thing a spec finds, and whose it is.

use trueup_specs::{TAG_ADDRESS, TAG_PROJECT, TAG_PROTECT};

use crate::case::{Case, owned, wild};
use crate::toy::badge::{BadgeModel, Pin};
use crate::toy::node::NodeModel;
use crate::toy::world::World;

type Act = fn(&mut World);

/// Specs, what is there beforehand, and what the plan is to be.
fn check(table: &[(&str, &str, Act, &[&str])]) {
    for (what, specs, world, expected) in table {
        let case = Case::new(specs);
        case.toy.world(world);
        let plan = case.plan();
        assert_eq!(crate::case::lines(&plan), *expected, "{what}");
    }
}

#[test]
fn a_spec_finds_its_thing_by_name_then_by_tag() {
    check(&[
        ("nothing is there", "[node.a]", |_| {}, &["+ one/node.a", "= 0"]),
        ("by name", "[node.a]", |world| world.add_node("one", owned("a", "toys", "one/node.a")), &["= 1"]),
        (
            "by tag, under another name",
            "[node.a]\nname = \"b\"",
            |world| world.add_node("one", owned("a", "toys", "one/node.a")),
            &["-/+ one/node.a [name] name:unrecorded", "= 0"],
        ),
        (
            "the name goes before the tag, and the tagged one is in no spec then",
            "[node.a]\nname = \"b\"",
            |world| {
                world.add_node("one", owned("a", "toys", "one/node.a"));
                world.add_node("one", owned("b", "toys", "one/node.b"));
            },
            &["one/node.b => one/node.a tags:unrecorded", "- one/node.a", "= 0"],
        ),
        (
            "two names change places",
            "[node.a]\nname = \"b\"\n[node.b]\nname = \"a\"",
            |world| {
                world.add_node("one", owned("a", "toys", "one/node.a"));
                world.add_node("one", owned("b", "toys", "one/node.b"));
            },
            &["one/node.b => one/node.a tags:unrecorded", "one/node.a => one/node.b tags:unrecorded", "= 0"],
        ),
        (
            "the same name in another account is another thing",
            "[node.a]",
            |world| world.add_node("two", owned("a", "toys", "two/node.a")),
            &["+ one/node.a", "- two/node.a", "= 0"],
        ),
        (
            "a moved resource is found by the tag it had",
            "[node.b]\nname = \"x\"\n[[moved]]\nfrom = \"node.a\"\nto = \"node.b\"",
            |world| world.add_node("one", owned("y", "toys", "one/node.a")),
            &["-/+ one/node.b [name] name:unrecorded tags:unrecorded", "= 0"],
        ),
        (
            "a moved resource that kept its name",
            "[node.b]\nname = \"a\"\n[[moved]]\nfrom = \"node.a\"\nto = \"node.b\"",
            |world| world.add_node("one", owned("a", "toys", "one/node.a")),
            &["one/node.a => one/node.b tags:unrecorded", "= 0"],
        ),
        (
            "a tag that someone mangled",
            "[node.a]",
            |world| world.add_node("one", owned("z", "toys", "no address")),
            &["+ one/node.a", "kept one/node.z", "= 0"],
        ),
        (
            "a tag without an address",
            "",
            |world| {
                let mut node = owned("z", "toys", "");
                node.tags.remove(TAG_ADDRESS);
                world.add_node("one", node);
            },
            &["kept one/node.z", "= 0"],
        ),
    ]);
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let why = "! one/node.a: `a` belongs to the project `others` (tag trueup:project)";
    let ambiguous = "! one/node.a: `x` carries this address in its tag, and `a` exists without an owner";
    check(&[
        (
            "another project's",
            "[node.a]\nadopt = true",
            |world| world.add_node("one", owned("a", "others", "one/node.a")),
            &[why, "= 0"],
        ),
        ("nobody's, in no spec", "", |world| world.add_node("one", wild("a")), &["= 0"]),
        ("another's, in no spec", "", |world| world.add_node("one", owned("a", "others", "one/node.a")), &["= 0"]),
        (
            "one with our tag and one, nobody's, with the name",
            "[node.a]",
            |world| {
                world.add_node("one", owned("x", "toys", "one/node.a"));
                world.add_node("one", wild("a"));
            },
            &[ambiguous, "= 0"],
        ),
        (
            "one with our tag and one, another's, with the name",
            "[node.a]",
            |world| {
                world.add_node("one", owned("x", "toys", "one/node.a"));
                world.add_node("one", owned("a", "others", "one/node.a"));
            },
            &[why, "= 0"],
        ),
    ]);
}

#[test]
fn a_thing_of_nobody_is_adopted_where_it_is_as_its_spec_says() {
    let noted = |note: &str| NodeModel { note: Some(note.to_owned()), ..wild("a") };
    let differs = "! one/node.a: `a` exists already, has no owner, and differs from its spec in note";
    let rows: [(&str, Option<&str>, bool, &[&str]); 5] = [
        ("[node.a]\nnote = \"n\"", Some("n"), false, &["adopt one/node.a tags:unrecorded", "= 0"]),
        ("[node.a]\nnote = \"n\"", Some("m"), false, &[differs, "= 0"]),
        ("[node.a]\nnote = \"n\"", Some("m"), true, &["adopt one/node.a note:unrecorded tags:unrecorded", "= 0"]),
        (
            "[node.a]\nnote = \"n\"\nadopt = true",
            Some("m"),
            false,
            &["adopt one/node.a note:unrecorded tags:unrecorded", "= 0"],
        ),
        (
            "[node.a]\ntags = { t = \"1\" }",
            None,
            false,
            &["! one/node.a: `a` exists already, has no owner, and differs from its spec in tags", "= 0"],
        ),
    ];
    for (specs, note, adopt, expected) in rows {
        let mut case = Case::new(specs);
        case.adopt = adopt;
        case.toy.world(|world| world.add_node("one", note.map_or_else(|| wild("a"), noted)));
        case.check(expected);
        if !expected[0].starts_with('!') {
            case.converge();
        }
    }
}

#[test]
fn every_match_converges_and_leaves_a_true_record() {
    let two = |world: &mut World| {
        world.add_node("one", owned("a", "toys", "one/node.a"));
        world.add_node("one", owned("b", "toys", "one/node.b"));
    };
    let twice = |world: &mut World| {
        world.add_node("one", owned("a", "toys", "one/node.a"));
        world.add_node("one", owned("b", "toys", "one/node.a"));
    };
    let rows: [(&str, &str, &str, Act); 5] = [
        ("two names change places", "[node.a]\n[node.b]", "[node.a]\nname = \"b\"\n[node.b]\nname = \"a\"", |_| {}),
        ("one takes the other's name", "[node.a]\n[node.b]", "[node.a]\nname = \"b\"", |_| {}),
        ("a name is given on", "[node.a]", "[node.a]\nname = \"b\"\n[node.c]\nname = \"a\"", |_| {}),
        ("never on record", "", "[node.a]\nname = \"b\"\n[node.b]\nname = \"a\"", two),
        ("two with one tag", "", "[node.a]", twice),
    ];
    let mut wrong = Vec::new();
    for (what, first, second, world) in rows {
        let mut case = Case::new(first);
        case.converge();
        case.toy.world(world);
        case.specs(&[("one", second)]);
        let run = case.apply();
        assert!(run.report.is_complete(), "{what}: {:?}", run.report.outcomes);
        let again = case.plan();
        assert!(again.is_empty(), "{what}: {:?}", crate::case::lines(&again));
        wrong.extend(again.confirmed.iter().map(|confirmed| format!("{what}: {} is not on record", confirmed.address)));
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn a_thing_without_tags_is_ours_by_the_ledger() {
    let mut case = Case::applied("[badge.a]\nmotto = \"m\"\n[badge.b]");
    case.toy.world(|world| {
        let name = "wild".to_owned();
        world.badges.insert(
            ("111111111111".to_owned(), name.clone()),
            BadgeModel { name, motto: String::new(), pin: Pin::default() },
        );
    });
    case.specs(&[("one", "[badge.a]\nmotto = \"n\"")]);
    case.check(&["~ one/badge.a motto:spec", "- one/badge.b", "= 0"]);
    case.ledger = trueup_state::ledger::Ledger::default();
    let differs = "! one/badge.a: `a` exists already, has no owner, and differs from its spec in motto";
    case.check(&[differs, "= 0"]);
}

#[test]
fn two_specs_may_not_claim_one_name() {
    let told = Case::new("[node.a]\n[node.b]\nname = \"a\"").try_plan().unwrap_err();
    assert!(told.contains("two resources claim the name `a`"), "{told}");
    Case::of(&[("one", "[node.a]"), ("two", "[node.b]\nname = \"a\"")]).check(&["+ one/node.a", "+ two/node.b", "= 0"]);
}

#[test]
fn a_name_may_not_wait_for_a_value() {
    let told = Case::new("[vault.v]\n[node.a]\nname = \"a-${vault.v.id}\"").try_plan().unwrap_err();
    assert!(told.contains("a name must be known before anything is made"), "{told}");
}

#[test]
fn protection_outlives_the_block_and_the_record() {
    let protected = |name: &str| {
        let mut node = owned(name, "toys", &format!("one/node.{name}"));
        node.tags.insert(TAG_PROTECT.to_owned(), "true".to_owned());
        node
    };
    let gone = "! one/node.a: `a` is in no spec any more, but it is protected (tag trueup:protect)";
    let replaced = "! one/node.a: it is protected, and changing material means removing it";
    for (specs, expected) in [
        ("", gone),
        ("[node.a]\nprotect = true\nmaterial = \"oak\"", replaced),
        ("[node.a]\nmaterial = \"oak\"", replaced),
    ] {
        let case = Case::new(specs);
        case.toy.world(|world| world.add_node("one", protected("a")));
        case.check(&[expected, "= 0"]);
    }
}

#[test]
fn protection_is_put_on_and_taken_off() {
    let gone = "! one/node.a: `a` is in no spec any more, but it is protected (tag trueup:protect)";
    let mut case = Case::applied("[node.a]\nprotect = true");
    for (specs, expected) in [
        ("", vec![gone, "= 0"]),
        ("[node.a]\nprotect = true\nnote = \"n\"", vec!["~ one/node.a note:spec", "= 0"]),
        (
            "[node.a]\nprotect = true\nmaterial = \"oak\"",
            vec!["! one/node.a: it is protected, and changing material means removing it", "= 0"],
        ),
        (
            "[node.a]\nmaterial = \"oak\"",
            vec!["! one/node.a: it is protected, and changing material means removing it", "= 0"],
        ),
        ("[node.a]\nprotect = false", vec!["~ one/node.a tags:spec", "= 0"]),
    ] {
        case.specs(&[("one", specs)]);
        case.check(&expected);
    }
    case.converge();
    case.specs(&[("one", "")]);
    case.check(&["- one/node.a", "= 0"]);
}

#[test]
fn a_stateful_thing_goes_only_by_a_tombstone() {
    let mut case = Case::applied("[vault.a]\nlabel = \"a\"\n[vault.b]\n[node.c]");
    case.specs(&[("one", "")]);
    case.check(&["- one/node.c", "kept one@eu-west-1/vault.a", "kept one@eu-west-1/vault.b", "= 0"]);
    case.specs(&[("one", "[[removed]]\naddress = \"vault.b\"")]);
    case.check(&["- one/node.c", "- one@eu-west-1/vault.b (tombstone)", "kept one@eu-west-1/vault.a", "= 0"]);
    let run = case.apply();
    assert!(run.report.is_complete());
    case.check(&["kept one@eu-west-1/vault.a", "= 0"]);
    assert_eq!(case.toy.world(|world| world.vaults.len()), 1);
}

#[test]
fn losing_the_record_loses_no_resource() {
    let specs = "[vault.a]\n[vault.b]\nlabel = \"b\"\n[node.c]\npeers = [\"vault.a\"]";
    let mut case = Case::applied(specs);
    case.ledger = trueup_state::ledger::Ledger::default();
    let plan = case.check(&["= 3"]);
    assert_eq!(plan.confirmed.len(), 3, "the next apply puts them on record again");
    case.converge();
    let tags = case.toy.world(|world| world.node("one", "c").unwrap().tags.clone());
    assert_eq!(tags.get(TAG_PROJECT).map(String::as_str), Some("toys"));
}
