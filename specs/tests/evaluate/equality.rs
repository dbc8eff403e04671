//! Two documents compare equal exactly when the evaluator decides all requests alike.
//!
//! That can only be asked of documents that hold nothing idle: a statement that another covers, or that denies what nothing allows, may
//! be written or not. So each principal here has one region of requests it is allowed, or is allowed all but one region; patterns do not
//! overlap; and there is a request in every corner that two such documents can tell apart, those nobody names among them. What is told
//! apart without need, and why that is left so, is listed in the last test.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};
use trueup_specs::policy::Document;
use trueup_specs::policy::evaluate::{Caller, Policies, Request, Source, decide};

/// The last is named by no document.
const CALLERS: [&str; 3] = ["a.amazonaws.com", "b.amazonaws.com", "c.amazonaws.com"];
/// One action in each pattern, the second of two where a pattern has several, and one in none.
const ACTIONS: [&str; 5] = ["s3:GetObject", "s3:GetObjectAcl", "s3:PutObject", "kms:Decrypt", "ec2:RunInstances"];
const ACTION_PATTERNS: [&str; 3] = ["s3:Get*", "S3:P?tObject", "kms:Decrypt"];
const RESOURCES: [&str; 4] = ["arn:aws:s3:::a/x", "arn:aws:s3:::b", "arn:aws:s3:::bB", "arn:aws:s3:::c"];
const RESOURCE_PATTERNS: [&str; 3] = ["arn:aws:s3:::a/*", "arn:aws:s3:::b", "arn:aws:s3:::?*B"];
const KEY: &str = "aws:RequestTag/Stage";
/// Absent, one that a document may name, another, and one that none does.
const VALUES: [Option<&str>; 4] = [None, Some("x"), Some("y"), Some("z")];
const NAMED_VALUES: [&str; 2] = ["x", "y"];

/// A set of patterns, or all but those.
#[derive(Clone, Debug, PartialEq)]
enum Part {
    All,
    Is(Vec<&'static str>),
    Not(Vec<&'static str>),
}

impl Part {
    fn write(&self, statement: &mut Value, element: &str) {
        let (name, value) = match self {
            Self::All => (element.to_owned(), json!("*")),
            Self::Is(named) => (element.to_owned(), json!(named)),
            Self::Not(named) => (format!("Not{element}"), json!(named)),
        };
        statement[name] = value;
    }
}

/// Requests: actions, resources, and a condition or none.
#[derive(Clone, Debug, PartialEq)]
struct Region {
    actions: Part,
    resources: Part,
    condition: Option<Value>,
}

/// What a principal may do.
#[derive(Clone, Debug, PartialEq)]
enum May {
    Nothing,
    Only(Region),
    /// What is left out is bounded in all its parts: else it could be said by what is left over.
    AllBut(Region),
}

fn some(patterns: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(patterns, 1..=patterns.len())
}

fn bounded(patterns: &'static [&'static str]) -> impl Strategy<Value = Part> {
    prop_oneof![some(patterns).prop_map(Part::Is), some(patterns).prop_map(Part::Not)]
}

fn part(patterns: &'static [&'static str]) -> impl Strategy<Value = Part> {
    prop_oneof![1 => Just(Part::All), 3 => bounded(patterns)]
}

fn condition() -> impl Strategy<Value = Value> {
    let operators = select(vec!["StringEquals", "StringEqualsIfExists", "StringNotEquals"]);
    let tested = (operators, some(&NAMED_VALUES)).prop_map(|(operator, values)| json!({ operator: { KEY: values } }));
    prop_oneof![3 => tested, 1 => select(vec!["true", "false"]).prop_map(|is_absent| json!({ "Null": { KEY: is_absent } }))]
}

fn may() -> impl Strategy<Value = May> {
    let only = (part(&ACTION_PATTERNS), part(&RESOURCE_PATTERNS), prop::option::of(condition()));
    let only = only.prop_map(|(actions, resources, condition)| May::Only(Region { actions, resources, condition }));
    let all_but = (bounded(&ACTION_PATTERNS), bounded(&RESOURCE_PATTERNS), prop::option::of(condition()));
    let all_but =
        all_but.prop_map(|(actions, resources, condition)| May::AllBut(Region { actions, resources, condition }));
    prop_oneof![1 => Just(May::Nothing), 3 => only, 2 => all_but]
}

fn statement(effect: &str, who: &str, region: &Region) -> Value {
    let Region { actions, resources, condition } = region;
    let mut statement = json!({ "Effect": effect, "Principal": { "Service": who } });
    actions.write(&mut statement, "Action");
    resources.write(&mut statement, "Resource");
    if let Some(condition) = condition {
        statement["Condition"] = condition.clone();
    }
    statement
}

/// The document by which the first callers may do this; the order says nothing.
fn document(all: &[May], backwards: bool) -> Document {
    let everything = Region { actions: Part::All, resources: Part::All, condition: None };
    let mut statements = Vec::new();
    for (who, may) in CALLERS.into_iter().zip(all) {
        match may {
            May::Nothing => {}
            May::Only(region) => statements.push(statement("Allow", who, region)),
            May::AllBut(region) => {
                statements.push(statement("Allow", who, &everything));
                statements.push(statement("Deny", who, region));
            }
        }
    }
    if backwards {
        statements.reverse();
    }
    live(&json!(statements))
}

fn live(statements: &Value) -> Document {
    let text = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    Document::from_live(&text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
}

/// The requests a document allows, by their numbers.
fn allowed(document: &Document) -> BTreeSet<usize> {
    let policies = Policies { resource: vec![Source { name: "policy", document }], ..Policies::default() };
    let mut allowed = BTreeSet::new();
    let mut number = 0;
    for caller in CALLERS {
        for action in ACTIONS {
            for resource in RESOURCES {
                for value in VALUES {
                    let request = Request::new(Caller::Service(caller.to_owned()), action, resource).with(KEY, value);
                    if decide(&request.closed(), &policies).is_allowed() {
                        allowed.insert(number);
                    }
                    number += 1;
                }
            }
        }
    }
    allowed
}

/// Two of which one is often the other with one principal's part changed.
fn pair() -> impl Strategy<Value = ([May; 2], [May; 2])> {
    let two = || [may(), may()];
    (two(), two(), 0..4_u8).prop_map(|(one, other, how)| {
        let second = match how {
            0 => one.clone(),
            1 => [other[0].clone(), one[1].clone()],
            2 => [one[0].clone(), other[1].clone()],
            _ => other,
        };
        (one, second)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, rng_seed: RngSeed::Fixed(5), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn equal_exactly_when_all_requests_are_decided_alike((one, two) in pair()) {
        let (left, right) = (document(&one, false), document(&two, true));
        let is_same = left.same_meaning(&right);
        prop_assert_eq!(
            is_same, allowed(&left) == allowed(&right), "{}\n{}", left.to_json(), right.to_json()
        );
        // Nothing else makes them equal than that they were made equal.
        prop_assert_eq!(is_same, one == two);
    }
}

/// Documents that decide alike and are told apart. A plan then shows a change of words; that it is none of access, its access change says,
/// which asks the evaluator.
#[test]
fn what_is_told_apart_without_need() {
    let get = |more: Value| {
        let mut statement = json!({
            "Effect": "Allow", "Principal": { "Service": CALLERS[0] }, "Action": "s3:GetObject", "Resource": "*"
        });
        for (element, value) in more.as_object().unwrap() {
            statement[element] = value.clone();
        }
        statement
    };
    let both = json!({ "Service": [CALLERS[0], CALLERS[1]] });
    let stage = |operator: &str| json!({ "Condition": { operator: { KEY: "x" } } });
    let apart = [
        // One statement as two.
        (
            json!([get(json!({ "Principal": both }))]),
            json!([get(json!({})), get(json!({ "Principal": { "Service": CALLERS[1] } }))]),
        ),
        // A pattern that another covers, in one statement or in two.
        (json!([get(json!({ "Action": ["s3:Get*", "s3:GetObject"] }))]), json!([get(json!({ "Action": "s3:Get*" }))])),
        (json!([get(json!({ "Action": "s3:Get*" })), get(json!({}))]), json!([get(json!({ "Action": "s3:Get*" }))])),
        // A statement that another of the same effect covers but for its condition.
        (json!([get(json!({})), get(stage("StringEquals"))]), json!([get(json!({}))])),
        // A denial of what nothing allows.
        (json!([get(json!({})), get(json!({ "Effect": "Deny", "Action": "s3:PutObject" }))]), json!([get(json!({}))])),
        // What is allowed is denied as well.
        (
            json!([
                get(json!({})),
                get(json!({ "Action": "kms:Decrypt" })),
                get(json!({ "Effect": "Deny", "Action": "kms:Decrypt" }))
            ]),
            json!([get(json!({})), get(json!({ "Effect": "Deny", "Action": "kms:Decrypt" }))]),
        ),
        // All but a region, said from either side.
        (
            json!([get(json!({ "Action": "*" })), get(json!({ "Effect": "Deny", "Action": "kms:Decrypt" }))]),
            json!([{
                "Effect": "Allow", "Principal": { "Service": CALLERS[0] }, "NotAction": "kms:Decrypt", "Resource": "*"
            }]),
        ),
        // An operator that excludes holds without its key anyway.
        (json!([get(stage("StringNotEquals"))]), json!([get(stage("StringNotEqualsIfExists"))])),
        // A value that another pattern of the same test takes.
        (
            json!([get(json!({ "Condition": { "StringLike": { KEY: ["x*", "x"] } } }))]),
            json!([get(json!({ "Condition": { "StringLike": { KEY: "x*" } } }))]),
        ),
    ];
    for (one, two) in apart {
        let (left, right) = (live(&one), live(&two));
        assert_eq!(allowed(&left), allowed(&right), "{one}\n{two}");
        assert!(!left.same_meaning(&right), "no longer told apart: take it from this list\n{one}\n{two}");
    }
}
