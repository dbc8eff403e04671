//! The part of the specs a run is about.

use std::collections::BTreeSet;

use trueup_engine::observe::{Selection, reach, requests};

use crate::case::Case;

const ONE: &str = "[node.a]\npeers = [\"node.b\", \"two/node.x\"]\n[node.b]\n[node.c]\npeers = \"node.c\"\n[vault.v]\n[node.d]\npeers = \"vault.v\"";
const TWO: &str = "[node.x]\npeers = \"node.y\"\n[node.y]\n[node.z]\npeers = \"one/node.a\"";

fn selection(accounts: &[&str], targets: &[&str]) -> Selection {
    let set =
        |items: &[&str]| (!items.is_empty()).then(|| items.iter().copied().map(Into::into).collect::<BTreeSet<_>>());
    let targets: Option<BTreeSet<String>> =
        (!targets.is_empty()).then(|| targets.iter().map(|target| (*target).to_owned()).collect());
    Selection { accounts: set(accounts), targets }
}

/// What may change, what is read beside it, and what is asked for.
fn told(accounts: &[&str], targets: &[&str]) -> (String, String, String) {
    let case = Case::of(&[("one", ONE), ("two", TWO)]);
    let selection = selection(accounts, targets);
    case.checked(|checked, _| {
        let reach = reach(checked, &selection);
        let names = |which: &dyn Fn(usize) -> bool| -> String {
            let picked = (0..checked.items.len()).filter(|index| which(*index));
            picked.map(|index| checked.instance(index).address.name.to_string()).collect::<Vec<_>>().join(" ")
        };
        let requests = requests(checked, &selection, &reach, &case.ledger);
        let asked: Vec<String> =
            requests.iter().map(|request| format!("{}:{}", request.scope.account, request.source)).collect();
        (
            names(&|index| reach.selected[index]),
            names(&|index| reach.needed[index] && !reach.selected[index]),
            asked.join(" "),
        )
    })
    .unwrap()
}

/// Accounts and targets; what may change, what is read beside it, what is asked for.
type Row = (&'static [&'static str], &'static [&'static str], &'static str, &'static str, &'static str);

#[test]
fn a_selection_follows_references() {
    let all = "one:badges two:badges one:nodes two:nodes one:vaults two:vaults";
    let rows: [Row; 8] = [
        (&[], &[], "a b c d v x y z", "", all),
        (&["one"], &[], "a b c d v", "x y", "one:badges one:nodes two:nodes one:vaults"),
        (&["two"], &[], "x y z", "a b", "two:badges one:nodes two:nodes two:vaults"),
        (&["one", "two"], &[], "a b c d v x y z", "", all),
        (&[], &["one/node.c"], "c", "", "one:nodes"),
        (&[], &["one/node.a"], "a b x y", "", "one:nodes two:nodes"),
        (&[], &["one/node.d"], "d v", "", "one:nodes one:vaults"),
        (&["one"], &["one/node.a"], "a b", "x y", "one:nodes two:nodes"),
    ];
    for (accounts, targets, selected, needed, asked) in rows {
        let expected = (selected.to_owned(), needed.to_owned(), asked.to_owned());
        assert_eq!(told(accounts, targets), expected, "{accounts:?} {targets:?}");
    }
    assert_eq!(told(&["two"], &["one/node.a"]).0, "", "an account and a target that is not in it");
}

#[test]
fn nothing_outside_of_the_selection_changes() {
    let mut case = Case::of(&[("one", ONE), ("two", TWO)]);
    case.converge();
    let note =
        |specs: &str| specs.replace("[node.y]", "[node.y]\nnote = \"n\"").replace("[node.b]", "[node.b]\nnote = \"n\"");
    case.specs(&[("one", &note(ONE).replace("[node.d]\npeers = \"vault.v\"", "")), ("two", &note(TWO))]);
    let rows: [(&[&str], &[&str], &[&str]); 6] = [
        (&[], &[], &["~ one/node.b note:spec", "- one/node.d", "~ two/node.y note:spec", "= 5"]),
        (&["one"], &[], &["~ one/node.b note:spec", "- one/node.d", "= 3"]),
        (&["two"], &[], &["~ two/node.y note:spec", "= 2"]),
        (&[], &["one/node.a"], &["~ one/node.b note:spec", "~ two/node.y note:spec", "= 2"]),
        (&["one"], &["one/node.a"], &["~ one/node.b note:spec", "= 1"]),
        (&[], &["one/node.c"], &["= 1"]),
    ];
    for (accounts, targets, expected) in rows {
        case.selection = selection(accounts, targets);
        assert_eq!(crate::case::lines(&case.plan()), expected, "{accounts:?} {targets:?}");
    }
}

#[test]
fn a_target_that_is_in_no_spec_any_more_is_removed_alone() {
    let mut case = Case::applied("[node.a]\n[node.b]\n[node.c]");
    case.specs(&[("one", "[node.a]")]);
    case.selection = selection(&[], &["one/node.a", "one/node.b"]);
    case.check(&["- one/node.b", "= 1"]);
}

#[test]
fn a_value_of_an_account_that_is_not_selected_is_read() {
    let mut case = Case::of(&[("one", "[node.a]\npeers = \"two/vault.v\""), ("two", "[vault.v]")]);
    case.selection = selection(&["one"], &[]);
    let why =
        "! one/node.a (unread): it needs two@eu-west-1/vault.v.arn, which is not known and will not be after this plan";
    case.check(&[why, "= 0"]);
    case.selection = Selection::default();
    case.converge();
    case.specs(&[("one", "[node.a]\nnote = \"n\"\npeers = \"two/vault.v\""), ("two", "[vault.v]")]);
    case.selection = selection(&["one"], &[]);
    case.check(&["~ one/node.a note:spec", "= 0"]);
    case.converge();
}

#[test]
fn what_names_a_thing_made_again_from_an_account_that_is_not_selected_is_not_touched() {
    let one = "[node.a]\npeers = \"two/node.x\"";
    let two = "[node.x]\npeers = \"one/node.a\"";
    let mut case = Case::of(&[("one", one), ("two", two)]);
    case.converge();
    case.specs(&[("one", &format!("{one}\nmaterial = \"oak\"")), ("two", two)]);
    case.selection = selection(&["one"], &[]);
    let touched: Vec<String> = case.plan().changes.iter().map(|change| change.address.to_string()).collect();
    assert!(touched.iter().all(|address| address.starts_with("one/")), "{touched:?}");
}
