//! Equality and widening against a small evaluation of every request there is in a small world.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};
use trueup_specs::policy::pack::{self, Room};
use trueup_specs::policy::{
    Actions, Caseless, Document, Effect, Principal, Principals, Resources, Statement, Use, widens_trust,
};

const PRINCIPALS: &[&str] = &["a.amazonaws.com", "b.amazonaws.com"];
const ACTIONS: &[&str] = &["s3:Get", "s3:Got", "s3:Put"];
const RESOURCES: &[&str] = &["arn:aws:s3:::a", "arn:aws:s3:::ab", "arn:aws:s3:::b"];
const VALUES: &[Option<&str>] = &[None, Some("x"), Some("y")];

/// One request: who, what, on what, with which value of the one condition key.
type Request = (&'static str, &'static str, &'static str, Option<&'static str>);

fn requests() -> Vec<Request> {
    let mut requests = Vec::new();
    for principal in PRINCIPALS {
        for action in ACTIONS {
            for resource in RESOURCES {
                requests.extend(VALUES.iter().map(|value| (*principal, *action, *resource, *value)));
            }
        }
    }
    requests
}

/// Whether `*` and `?` in the pattern can be filled to give the text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut pattern_chars = pattern.chars();
    match pattern_chars.next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = pattern_chars.as_str();
            let mut tails = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            tails.any(|at| matches(rest, &text[at..]))
        }
        Some(want) => {
            let mut text_chars = text.chars();
            let fits = text_chars.next().is_some_and(|have| want == '?' || want == have);
            fits && matches(pattern_chars.as_str(), text_chars.as_str())
        }
    }
}

fn applies(statement: &Statement, (who, what, on, value): Request) -> bool {
    let is_named = |principal: &Principal| match principal {
        Principal::Everyone => true,
        Principal::Service(name) => name == who,
        Principal::Aws(_) | Principal::CanonicalUser(_) | Principal::Federated(_) => false,
    };
    let who_fits = match &statement.principal {
        None => false,
        Some(Principals::Is(named)) => named.iter().any(is_named),
        Some(Principals::Not(named)) => !named.iter().any(is_named),
    };
    let is_action = |action: &Caseless| matches(&action.folded(), &what.to_lowercase());
    let what_fits = match &statement.action {
        Actions::Is(actions) => actions.iter().any(is_action),
        Actions::Not(actions) => !actions.iter().any(is_action),
    };
    let is_resource = |resource: &String| matches(resource, on);
    let on_fits = match &statement.resource {
        None => false,
        Some(Resources::Is(resources)) => resources.iter().any(is_resource),
        Some(Resources::Not(resources)) => !resources.iter().any(is_resource),
    };
    let holds = statement.condition.iter().all(|(operator, keys)| {
        keys.values().all(|values| {
            let is_listed = value.is_some_and(|value| values.contains(value));
            match operator.folded().as_str() {
                "stringequals" => is_listed,
                "stringequalsifexists" => value.is_none() || is_listed,
                "stringnotequals" => !is_listed,
                other => panic!("{other} is not of this world"),
            }
        })
    });
    who_fits && what_fits && on_fits && holds
}

fn allows(document: &Document, request: Request) -> bool {
    let has = |effect: Effect| {
        let mut statements = document.statements.iter();
        statements.any(|statement| statement.effect == effect && applies(statement, request))
    };
    has(Effect::Allow) && !has(Effect::Deny)
}

fn statement() -> impl Strategy<Value = Value> {
    let actions: &[&str] = &["*", "s3:*", "s3:G?t", "S3:Get", "s3:put", "s3:*t", "s3:G*"];
    let resources: &[&str] = &["*", "arn:aws:s3:::a", "arn:aws:s3:::a*", "arn:aws:s3:::?", "arn:aws:s3:::*b"];
    let principal = prop_oneof![
        1 => Just(json!("*")),
        4 => vec(select(PRINCIPALS), 1..3).prop_map(|names| json!({ "Service": names })),
    ];
    let operators: &[&str] = &["StringEquals", "StringNotEquals", "StringEqualsIfExists"];
    let tests = (select(operators), vec(select(vec!["x", "y"]), 1..3));
    let condition =
        prop_oneof![Just(json!({})), tests.prop_map(|(operator, values)| json!({ operator: { "aws:Key": values } })),];
    let nots = (prop::bool::weighted(0.2), prop::bool::weighted(0.2), prop::bool::weighted(0.2));
    let parts = (
        prop::bool::weighted(0.3),
        nots,
        principal,
        vec(select(actions), 1..3),
        vec(select(resources), 1..3),
        condition,
    );
    parts.prop_map(|(deny, (not_who, not_what, not_on), principal, actions, resources, condition)| {
        json!({
            "Effect": if deny { "Deny" } else { "Allow" },
            (if not_who { "NotPrincipal" } else { "Principal" }): principal,
            (if not_what { "NotAction" } else { "Action" }): actions,
            (if not_on { "NotResource" } else { "Resource" }): resources,
            "Condition": condition,
        })
    })
}

fn document() -> impl Strategy<Value = Document> {
    vec(statement(), 1..4).prop_map(|statements| {
        let text = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        Document::from_live(&text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
    })
}

/// The document with one statement changed, so that many pairs are wide apart and many are near.
fn pair() -> impl Strategy<Value = (Document, Document)> {
    (document(), document(), any::<bool>()).prop_map(|(before, mut after, near)| {
        if near {
            after.statements.truncate(1);
            after.statements.extend(before.statements.iter().skip(1).cloned());
            after = after.canonical();
        }
        (before, after)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 768, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_let_in_untold((before, after) in pair()) {
        let told = widens_trust(Some(&before), &after);
        for request in requests() {
            let newly = allows(&after, request) && !allows(&before, request);
            prop_assert!(!newly || !told.is_empty(), "{request:?}\n{}\n{}", before.to_json(), after.to_json());
        }
    }

    #[test]
    fn what_is_equal_decides_the_same((left, right) in pair()) {
        if left.same_meaning(&right) {
            for request in requests() {
                prop_assert_eq!(allows(&left, request), allows(&right, request));
            }
        }
    }

    #[test]
    fn what_is_sent_decides_the_same(document in document()) {
        if let Ok(sent) = Document::parse(&document.to_json(), Use::Bucket) {
            for request in requests() {
                prop_assert_eq!(allows(&document, request), allows(&sent, request));
            }
        }
    }
}

/// Few characters, so that a statement or two fill a document.
fn room() -> impl Strategy<Value = usize> {
    180_usize..420
}

fn in_room(size_max: usize) -> Room<'static> {
    Room { size_max, length: &|_, _| None }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 768, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_spread_decides_the_same(document in document(), size_max in room()) {
        let Ok(parts) = pack::spread(&document, in_room(size_max)) else { return Ok(()) };
        for part in &parts {
            prop_assert!(part.size(Use::Identity) <= size_max && !part.statements.is_empty(), "{}", part.to_json());
        }
        let whole = pack::union(&parts).unwrap();
        for request in requests() {
            prop_assert_eq!(allows(&document, request), allows(&whole, request), "{}\n{:?}", document.to_json(), parts);
        }
        let again = pack::spread(&whole, in_room(size_max)).unwrap();
        prop_assert_eq!(again.len(), parts.len(), "what was spread is spread over as many again");
        prop_assert_eq!(pack::union(&again).unwrap(), whole);
    }

    #[test]
    fn what_cannot_be_spread_has_a_statement_that_fits_nowhere(document in document(), size_max in room()) {
        if let Err(why) = pack::spread(&document, in_room(size_max)) {
            let pack::Unpackable::TooLarge { statement, size } = why else { panic!("{why:?}") };
            let alone = Document { statements: vec![*statement], ..document };
            prop_assert_eq!(alone.size(Use::Identity), size);
            prop_assert!(size > size_max);
        }
    }

    #[test]
    fn what_stays_stays_where_it_is((before, after) in pair(), size_max in room()) {
        let (Ok(held), Ok(anew)) = (pack::spread(&before, in_room(size_max)), pack::spread(&after, in_room(size_max))) else {
            return Ok(());
        };
        let whole = pack::union(&anew).unwrap();
        let held: Vec<Option<&Document>> = (0..anew.len()).map(|index| held.get(index)).collect();
        let Some(kept) = pack::keep(&whole, &held, in_room(size_max)) else { return Ok(()) };
        prop_assert_eq!(pack::union(&kept).unwrap(), whole);
        for (was, is) in held.iter().zip(&kept) {
            prop_assert!(is.size(Use::Identity) <= size_max && !is.statements.is_empty());
            for statement in was.iter().flat_map(|was| &was.statements) {
                let moved = kept.iter().any(|part| part.statements.contains(statement)) && !is.statements.contains(statement);
                prop_assert!(!moved, "{statement:?}");
            }
        }
    }

    #[test]
    fn nothing_denied_is_let_through_on_the_way((before, after) in pair(), size_max in room()) {
        let (Ok(held), Ok(anew)) = (pack::spread(&before, in_room(size_max)), pack::spread(&after, in_room(size_max))) else {
            return Ok(());
        };
        let count = held.len().max(anew.len());
        // A document that goes is one that was emptied: it is the last to go.
        let empty = Document { statements: Vec::new(), ..after.clone() };
        let mut now: Vec<Document> = (0..count).map(|index| held.get(index).unwrap_or(&empty).clone()).collect();
        let before_all: Vec<Document> = now.clone();
        let anew: Vec<Document> = (0..count).map(|index| anew.get(index).unwrap_or(&empty).clone()).collect();
        let Some(order) = pack::order(&before_all.iter().map(Some).collect::<Vec<_>>(), &anew) else { return Ok(()) };
        let (old, new) = (pack::union(&before_all).unwrap(), pack::union(&anew).unwrap());
        for index in order {
            now[index] = anew[index].clone();
            let between = pack::union(&now).unwrap();
            for request in requests() {
                let has = |document: &Document| {
                    document.statements.iter().any(|one| one.effect == Effect::Deny && applies(one, request))
                };
                // What the same words deny before and after is denied all the while.
                let by_same = old.statements.iter().any(|one| {
                    one.effect == Effect::Deny && applies(one, request) && new.statements.contains(one)
                });
                prop_assert!(!by_same || has(&between), "{request:?}");
            }
        }
        prop_assert_eq!(&now, &anew);
    }
}

#[test]
fn a_statement_too_large_alone_is_cut_along_its_longer_list() {
    let resources: Vec<String> = (0..40).map(|number| format!("arn:aws:s3:::tenant-{number:02}/*")).collect();
    let statement = json!({ "Sid": "Tenants", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": resources });
    let text = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    let document = Document::from_live(&text).unwrap();
    let shares = |parts: &[Document]| -> Vec<usize> {
        let statements = parts.iter().flat_map(|part| &part.statements);
        let share = |statement: &Statement| match (&statement.sid, &statement.resource) {
            (None, Some(Resources::Is(resources))) => resources.len(),
            other => panic!("{other:?}"),
        };
        statements.map(share).collect()
    };
    assert_eq!(shares(&pack::spread(&document, in_room(400)).unwrap()), [10, 10, 10, 10]);
    // It fits, and is left as it is.
    assert_eq!(pack::spread(&document, in_room(4_000)).unwrap(), [document]);
}

#[test]
fn a_value_whose_length_is_known_counts_with_it() {
    let resource = "\u{E000}one/key.k#arn\u{E001}";
    let text = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "kms:Decrypt", "Resource": resource }] });
    let document = Document::from_live(&text.to_string()).unwrap();
    let known = document.replaced(|_| Some("k".repeat(200))).unwrap();
    let size = known.size(Use::Identity);
    let room = |size_max| Room { size_max, length: &|_, attribute| (attribute == "arn").then_some(200) };
    assert_eq!(pack::spread(&document, room(size)), Ok(vec![document.clone()]));
    assert!(
        matches!(pack::spread(&document, room(size - 1)), Err(pack::Unpackable::TooLarge { size: told, .. }) if told == size)
    );
    let unknown = pack::Unpackable::Unknown("(known after apply: key.k.arn)".to_owned());
    assert_eq!(pack::spread(&document, in_room(6_144)), Err(unknown));
}
