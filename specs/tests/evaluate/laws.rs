//! Documents that compare equal decide alike, what changes a decision is told apart, and what is decided on partial
//! knowledge holds whatever the rest is.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngSeed, TestRunner};
use serde_json::{Value, json};
use trueup_specs::policy::evaluate::{Caller, Decision, Policies, Request, Source, decide};
use trueup_specs::policy::{Caseless, Document};

use crate::support::{ROLE, USER, told};

const ACTIONS: &[&str] = &["s3:GetObject", "s3:PutObject", "kms:Decrypt"];
const RESOURCES: &[&str] =
    &["arn:aws:s3:::b/alice/x", "arn:aws:s3:::b/${aws:username}/x", "arn:aws:kms:eu-west-1:111111111111:key/k"];
const KEYS: &[&str] = &["aws:PrincipalTag/Team", "aws:TagKeys", "aws:MultiFactorAuthAge", "aws:SecureTransport"];
const GIVEN: &[&[&str]] = &[&[], &["red"], &["5"], &["true"], &["red", "blue"], &[""]];

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() }
}

fn callers() -> [Caller; 5] {
    [
        Caller::User(USER.to_owned()),
        Caller::Role { arn: ROLE.to_owned(), session: Some("build".to_owned()) },
        Caller::role("arn:aws:iam::222222222222:role/other"),
        Caller::Service("s.amazonaws.com".to_owned()),
        Caller::Anonymous,
    ]
}

/// Values for the keys; the rest is unknown.
type Known = Vec<(&'static str, &'static [&'static str])>;

/// All requests of the small world, with these keys known.
fn requests(known: &Known) -> Vec<Request> {
    let mut requests = Vec::new();
    for caller in callers() {
        for action in ACTIONS {
            for resource in RESOURCES {
                let request = Request::new(caller.clone(), action, resource).in_account("111111111111");
                let with =
                    |request: Request, (key, values): &(&str, &[&str])| request.with(key, values.iter().copied());
                requests.push(known.iter().fold(request, with));
            }
        }
    }
    requests
}

fn known() -> impl Strategy<Value = Known> {
    vec(option::of(select(GIVEN)), KEYS.len())
        .prop_map(|given| KEYS.iter().zip(given).filter_map(|(key, given)| given.map(|given| (*key, given))).collect())
}

fn condition() -> impl Strategy<Value = Value> {
    let sets = select(vec!["", "", "ForAllValues:", "ForAnyValue:"]);
    let operators = select(vec![
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "StringNotLike",
        "StringEqualsIgnoreCase",
        "NumericLessThan",
        "NumericEquals",
        "Bool",
        "Null",
        "ArnLike",
    ]);
    let values = vec(
        select(vec![
            "red",
            "Red",
            "r*",
            "5",
            "10",
            "true",
            "false",
            "${aws:PrincipalTag/Team}",
            "${aws:username, 'red'}",
        ]),
        1..3,
    );
    let test =
        (sets, operators, any::<bool>(), select(KEYS), values).prop_map(|(set, operator, suffix, key, values)| {
            let suffix = if suffix && operator != "Null" { "IfExists" } else { "" };
            let set = if operator == "Null" { "" } else { set };
            (format!("{set}{operator}{suffix}"), json!({ key: values }))
        });
    vec(test, 0..3).prop_map(|tests| Value::Object(tests.into_iter().collect()))
}

/// A statement of a policy on a resource, or for identities.
fn statement(is_on_resource: bool) -> impl Strategy<Value = Value> {
    let actions = vec(select(vec!["*", "s3:*", "s3:Get*", "s3:PutObject", "kms:Decrypt", "kms:D?crypt"]), 1..3);
    let resources = vec(
        select(vec![
            "*",
            "arn:aws:s3:::b/*",
            "arn:aws:s3:::b/${aws:username}/*",
            "arn:aws:kms:*",
            "arn:aws:s3:::?/*/x",
        ]),
        1..3,
    );
    let principals = select(vec![
        json!("*"),
        json!({ "AWS": "111111111111" }),
        json!({ "AWS": [USER, "222222222222"] }),
        json!({ "AWS": ROLE }),
        json!({ "AWS": ["arn:aws:iam::111111111111:root", ROLE], "Service": "s.amazonaws.com" }),
        json!({ "AWS": "arn:aws:sts::111111111111:assumed-role/deploy/build" }),
    ]);
    let nots = (prop::bool::weighted(0.15), prop::bool::weighted(0.2), prop::bool::weighted(0.2));
    let parts = (prop::bool::weighted(0.3), nots, principals, actions, resources, condition());
    parts.prop_map(move |(deny, (not_who, not_what, not_on), principals, actions, resources, condition)| {
        let mut statement = json!({
            "Effect": if deny { "Deny" } else { "Allow" },
            (if not_what { "NotAction" } else { "Action" }): actions,
            (if not_on { "NotResource" } else { "Resource" }): resources,
            "Condition": condition,
        });
        if is_on_resource {
            statement[if not_who { "NotPrincipal" } else { "Principal" }] = principals;
        }
        statement
    })
}

fn text(is_on_resource: bool) -> impl Strategy<Value = Value> {
    let version = select(vec!["2012-10-17", "2012-10-17", "2012-10-17", "2008-10-17"]);
    (version, vec(statement(is_on_resource), 1..4))
        .prop_map(|(version, statements)| json!({ "Version": version, "Statement": statements }))
}

fn document(text: &Value) -> Document {
    Document::from_live(&text.to_string()).unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
}

fn decision(identity: &Document, resource: &Document, request: &Request) -> String {
    told(&decide(request, &policies(identity, resource))).to_lowercase()
}

fn policies<'a>(identity: &'a Document, resource: &'a Document) -> Policies<'a> {
    Policies {
        identity: vec![Source { name: "identity", document: identity }],
        resource: vec![Source { name: "resource", document: resource }],
        ..Policies::default()
    }
}

/// Choices that follow from a seed.
struct Choices(u64);

impl Choices {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::from(u16::from_be_bytes([self.0.to_be_bytes()[0], self.0.to_be_bytes()[1]])) % count
    }

    fn flip(&mut self) -> bool {
        self.below(2) == 0
    }

    fn case(&mut self, text: &str) -> String {
        text.chars()
            .map(|char| if self.flip() { char.to_ascii_uppercase() } else { char.to_ascii_lowercase() })
            .collect()
    }

    /// One member or a list of it, in any order, some twice.
    fn list(&mut self, value: &Value) -> Value {
        let mut members = match value {
            Value::Array(members) => members.clone(),
            other => vec![other.clone()],
        };
        let again = members[self.below(members.len())].clone();
        if self.flip() {
            members.push(again);
        }
        let by = self.below(members.len());
        members.rotate_left(by);
        if members.len() == 1 && self.flip() { members.remove(0) } else { Value::Array(members) }
    }
}

fn members(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// The document in other words.
fn rewritten(text: &Value, choices: &mut Choices) -> Value {
    let mut statements = Vec::new();
    for statement in members(&text["Statement"]) {
        let mut new = serde_json::Map::new();
        for (element, value) in object(statement) {
            let value = match element.as_str() {
                "Action" | "NotAction" => {
                    let actions = members(value).iter();
                    let actions: Vec<Value> = actions.map(|action| json!(choices.case(word(action)))).collect();
                    choices.list(&Value::Array(actions))
                }
                "Resource" | "NotResource" => choices.list(value),
                "Principal" | "NotPrincipal" if value.is_object() => {
                    object(value).map(|(sort, named)| (sort.clone(), principals(named, choices))).collect()
                }
                "Condition" => conditions(value, choices),
                _ => value.clone(),
            };
            new.insert(element.clone(), value);
        }
        if choices.flip() {
            new.insert("Sid".to_owned(), json!(format!("S{}", statements.len())));
        }
        statements.push(Value::Object(new));
    }
    let mut new = json!({ "Statement": choices.list(&Value::Array(statements)) });
    if text["Version"] == "2012-10-17" || choices.flip() {
        new["Version"] = text["Version"].clone();
    }
    new
}

fn principals(named: &Value, choices: &mut Choices) -> Value {
    let root = |account: &str| json!(format!("arn:aws:iam::{account}:root"));
    let named = match named {
        Value::Array(named) => named.clone(),
        one => vec![one.clone()],
    };
    let named: Vec<Value> = named
        .iter()
        .map(|name| match word(name) {
            account if account.len() == 12 && choices.flip() => root(account),
            other => json!(other),
        })
        .collect();
    choices.list(&Value::Array(named))
}

fn conditions(conditions: &Value, choices: &mut Choices) -> Value {
    let mut new = serde_json::Map::new();
    for (operator, keys) in object(conditions) {
        let mut tested = serde_json::Map::new();
        for (key, values) in object(keys) {
            let values: Vec<Value> = members(values)
                .iter()
                .map(|value| match word(value) {
                    "5" if operator.contains("Numeric") => json!("5.0"),
                    "true" if operator.contains("Bool") || operator == "Null" => json!(true),
                    other => json!(other),
                })
                .collect();
            tested.insert(choices.case(key), choices.list(&Value::Array(values)));
        }
        new.insert(choices.case(operator), Value::Object(tested));
    }
    Value::Object(new)
}

/// The document with one thing changed.
fn mutated(text: &Value, other: &Value, choices: &mut Choices) -> Value {
    let mut new = text.clone();
    if choices.below(6) == 0 {
        new["Version"] = other["Version"].clone();
        return new;
    }
    let Some(statements) = new["Statement"].as_array_mut() else { return new };
    let at = choices.below(statements.len());
    let donors = members(&other["Statement"]);
    let donor = &donors[choices.below(donors.len())];
    let elements: Vec<String> = object(&statements[at]).map(|(element, _)| element.clone()).collect();
    match choices.below(8) {
        0 if statements.len() > 1 => {
            statements.remove(at);
        }
        1 => statements.push(donor.clone()),
        _ => {
            let element = &elements[choices.below(elements.len())];
            if let Some(value) = donor.get(element) {
                statements[at][element] = value.clone();
            }
        }
    }
    new
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn the_same_in_other_words_decides_alike(
        identity in text(false), resource in text(true), known in known(), seed in any::<u64>(),
    ) {
        let mut choices = Choices(seed);
        let before = (document(&identity), document(&resource));
        let after =
            (document(&rewritten(&identity, &mut choices)), document(&rewritten(&resource, &mut choices)));
        prop_assert!(before.0.same_meaning(&after.0), "{}\n{}", before.0.to_json(), after.0.to_json());
        prop_assert!(before.1.same_meaning(&after.1), "{}\n{}", before.1.to_json(), after.1.to_json());
        for request in requests(&known) {
            let decisions = [&before, &after].map(|(identity, resource)| decision(identity, resource, &request));
            prop_assert_eq!(&decisions[0], &decisions[1], "{:?}\n{:?}\n{:?}", request, before, after);
        }
    }

    #[test]
    fn what_is_decided_on_partial_knowledge_holds(
        identity in text(false), resource in text(true), known in known(), rest in known(),
    ) {
        let (identity, resource) = (document(&identity), document(&resource));
        let policies = policies(&identity, &resource);
        let mut more = known.clone();
        more.extend(rest.iter().filter(|(key, _)| !known.iter().any(|(other, _)| other == key)));
        for (request, informed) in requests(&known).into_iter().zip(requests(&more)) {
            let closed = informed.clone().closed();
            let (first, later, last) =
                (decide(&request, &policies), decide(&informed, &policies), decide(&closed, &policies));
            let context = || format!("{request:?}\n{more:?}\n{}\n{}", identity.to_json(), resource.to_json());
            for known_more in [&later, &last] {
                prop_assert!(!first.is_allowed() || known_more.is_allowed(), "{}", context());
                prop_assert!(!first.is_denied() || known_more.is_denied(), "{}", context());
            }
            // Only the session's name can be unknown in a closed context.
            if let Decision::Conditional { keys, .. } = &last {
                prop_assert!(keys.iter().all(|key| key.as_str() == "sts:RoleSessionName"), "{}", context());
            }
            if let Decision::Conditional { when, unless, keys } = &first {
                prop_assert!(!keys.is_empty(), "{}", context());
                prop_assert!(!when.is_empty() || !unless.is_empty(), "{}", context());
                let is_known = |key: &Caseless| known.iter().any(|(known, _)| *key == Caseless::from(*known));
                prop_assert!(!keys.iter().any(is_known), "{}", context());
            }
        }
    }

    #[test]
    fn a_denial_never_allows_and_an_allowance_never_denies(
        identity in text(false), resource in text(true), more in statement(false), known in known(),
    ) {
        let without = document(&identity);
        let mut with = identity.clone();
        with["Statement"].as_array_mut().unwrap().push(more.clone());
        let (with, resource) = (document(&with), document(&resource));
        for request in requests(&known) {
            let [before, after] = [&without, &with].map(|identity| {
                let policies = policies(identity, &resource);
                let decision = decide(&request, &policies);
                (decision.is_allowed(), decision.is_denied())
            });
            if more["Effect"] == "Deny" {
                prop_assert!(!after.0 || before.0, "{:?} {}", request, more);
            } else {
                prop_assert!(!after.1 || before.1, "{:?} {}", request, more);
            }
        }
    }
}

/// Of changed documents: whatever changes a decision is told apart, and there is enough of it to trust the test.
#[test]
fn what_changes_a_decision_is_no_same_meaning() {
    let mut runner = TestRunner::new(config(0));
    let pairs = (text(false), text(false), text(true), text(true), known(), any::<u64>());
    let mut changed = 0;
    for _ in 0..600 {
        let (identity, other_identity, resource, other_resource, known, seed) =
            pairs.new_tree(&mut runner).unwrap().current();
        let mut choices = Choices(seed);
        let before = (document(&identity), document(&resource));
        let after = if choices.flip() {
            (document(&mutated(&identity, &other_identity, &mut choices)), before.1.clone())
        } else {
            (before.0.clone(), document(&mutated(&resource, &other_resource, &mut choices)))
        };
        let mut requests = requests(&known).into_iter();
        let differs =
            |request: Request| decision(&before.0, &before.1, &request) != decision(&after.0, &after.1, &request);
        if requests.any(differs) {
            changed += 1;
            let is_same = before.0.same_meaning(&after.0) && before.1.same_meaning(&after.1);
            assert!(!is_same, "{before:?}\n{after:?}");
        }
    }
    assert!(changed > 150, "only {changed} of 600 changes changed a decision");
}
