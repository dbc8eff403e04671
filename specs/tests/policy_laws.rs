//! What holds for every document.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::RngSeed;
use serde_json::{Map, Value, json};
use trueup_specs::policy::{Document, Use, difference, widens_trust};

const USES: [Use; 11] = [
    Use::Identity,
    Use::Inline,
    Use::Trust,
    Use::Bucket,
    Use::Key,
    Use::Repository,
    Use::Registry,
    Use::Topic,
    Use::EventBus,
    Use::ServiceControl,
    Use::ResourceControl,
];

fn action() -> impl Strategy<Value = String> {
    let names: &[&str] =
        &["*", "s3:GetObject", "s3:Get*", "s3:PutObject", "S3:ListBucket", "kms:Decrypt", "sts:AssumeRole"];
    select(names).prop_map(str::to_owned)
}

fn resource() -> impl Strategy<Value = String> {
    let names: &[&str] = &[
        "*",
        "arn:aws:s3:::b",
        "arn:aws:s3:::b/*",
        "arn:aws:s3:::B",
        "arn:aws:s3:::b/${aws:username}",
        "\u{E000}tooling/key.k.arn\u{E001}",
    ];
    select(names).prop_map(str::to_owned)
}

fn principal() -> impl Strategy<Value = Value> {
    let aws: &[&str] = &["*", "111111111111", "arn:aws:iam::222222222222:role/r", "AROAAAAAAAAAAAAAAAAAA"];
    let services: &[&str] = &["codepipeline.amazonaws.com", "s3.amazonaws.com"];
    prop_oneof![
        Just(json!("*")),
        vec(select(aws), 1..4).prop_map(|names| json!({ "AWS": names })),
        (vec(select(aws), 1..3), vec(select(services), 1..3))
            .prop_map(|(aws, services)| json!({ "AWS": aws, "Service": services })),
    ]
}

fn condition() -> impl Strategy<Value = Value> {
    let operators: &[&str] =
        &["StringEquals", "ForAnyValue:StringLike", "BoolIfExists", "NumericLessThan", "NotIpAddress"];
    let keys: &[&str] = &["aws:SourceArn", "aws:ResourceTag/Team", "s3:max-keys"];
    let values = [json!("x"), json!("X"), json!(true), json!("5.0"), json!(5), json!("192.0.2.1")];
    let values = vec(select(values.to_vec()), 0..3).prop_map(Value::from);
    let keys = btree_map(select(keys), values, 0..3);
    btree_map(select(operators), keys, 0..3).prop_map(|operators| json!(operators))
}

/// A bucket policy's statement, every list a list.
fn statement() -> impl Strategy<Value = Value> {
    let parts = (
        (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()),
        principal(),
        vec(action(), 1..4),
        vec(resource(), 1..4),
        condition(),
        proptest::option::of("[a-c]{1,2}"),
    );
    parts.prop_map(
        |((deny, not_action, not_resource, not_principal), principal, actions, resources, condition, sid)| {
            let mut statement = Map::new();
            let mut put = |name: &str, value: Value| statement.insert(name.to_owned(), value);
            if let Some(sid) = sid {
                put("Sid", sid.into());
            }
            put("Effect", if deny { "Deny" } else { "Allow" }.into());
            put(if not_principal { "NotPrincipal" } else { "Principal" }, principal);
            put(if not_action { "NotAction" } else { "Action" }, actions.into());
            put(if not_resource { "NotResource" } else { "Resource" }, resources.into());
            put("Condition", condition);
            Value::Object(statement)
        },
    )
}

fn document() -> impl Strategy<Value = Value> {
    document_of(0..4)
}

fn document_of(statements: std::ops::Range<usize>) -> impl Strategy<Value = Value> {
    (vec(statement(), statements), any::<bool>()).prop_map(|(statements, new)| {
        let version = if new { "2012-10-17" } else { "2008-10-17" };
        json!({ "Version": version, "Statement": statements })
    })
}

fn live(value: &Value) -> Document {
    Document::from_live(&value.to_string()).unwrap_or_else(|errors| panic!("{value}: {errors:?}"))
}

/// Writes the document another way that means the same, by the choices given.
fn rewritten(document: &Value, choices: &mut impl Iterator<Item = usize>) -> Value {
    let mut next = |below: usize| choices.next().map_or(0, |choice| choice % below.max(1));
    let mut statements = document["Statement"].as_array().expect("made so above").clone();
    for statement in &mut statements {
        let object = statement.as_object_mut().expect("made so above");
        for name in ["Action", "NotAction"] {
            if let Some(Value::Array(actions)) = object.get_mut(name) {
                for action in actions.iter_mut() {
                    let text = action.as_str().expect("made so above");
                    *action = [text.to_uppercase(), text.to_lowercase(), text.to_owned()][next(3)].clone().into();
                }
            }
        }
        for name in ["Action", "NotAction", "Resource", "NotResource"] {
            if let Some(Value::Array(list)) = object.get_mut(name) {
                shuffle(list, &mut next);
                if list.len() == 1 && next(2) == 0 {
                    object.insert(name.to_owned(), object[name][0].clone());
                }
            }
        }
        if object.get("Principal") == Some(&json!("*")) && next(2) == 0 {
            object.insert("Principal".to_owned(), json!({ "AWS": ["*", "*"] }));
        }
        if let Some(condition) = object.remove("Condition") {
            object.insert("Condition".to_owned(), rewritten_condition(&condition, &mut next));
        }
        let mut members: Vec<_> = std::mem::take(object).into_iter().collect();
        let turn = next(members.len());
        members.rotate_left(turn);
        *object = members.into_iter().collect();
    }
    shuffle(&mut statements, &mut next);
    match (statements.as_slice(), next(2)) {
        ([only], 0) => json!({ "Statement": only, "Version": document["Version"] }),
        _ => json!({ "Statement": statements, "Version": document["Version"] }),
    }
}

/// Turns a list and repeats one of its members.
fn shuffle(list: &mut Vec<Value>, next: &mut impl FnMut(usize) -> usize) {
    if list.is_empty() {
        return;
    }
    let turn = next(list.len());
    list.rotate_left(turn);
    if next(2) == 0 {
        let again = list[next(list.len())].clone();
        list.push(again);
    }
}

fn rewritten_condition(condition: &Value, next: &mut impl FnMut(usize) -> usize) -> Value {
    let mut operators = Map::new();
    for (operator, keys) in condition.as_object().expect("made so above") {
        let mut rewritten_keys = Map::new();
        for (key, values) in keys.as_object().expect("made so above") {
            let mut values = values.as_array().expect("made so above").clone();
            for value in &mut values {
                if !value.is_string() && next(2) == 0 {
                    *value = value.to_string().into();
                }
            }
            shuffle(&mut values, next);
            let key = if next(2) == 0 { key.to_uppercase() } else { key.clone() };
            rewritten_keys.insert(key, values.into());
        }
        let operator = if next(2) == 0 { operator.to_lowercase() } else { operator.clone() };
        operators.insert(operator, rewritten_keys.into());
    }
    if next(2) == 0 {
        operators.insert("DateEquals".to_owned(), json!({}));
    }
    operators.into()
}

/// Every list of strings in the document that has a meaning of its own.
fn lists<'v>(value: &'v mut Value, found: &mut Vec<&'v mut Vec<Value>>) {
    match value {
        Value::Array(list) => {
            if list.iter().any(Value::is_object) {
                list.iter_mut().for_each(|member| lists(member, found));
            } else {
                found.push(list);
            }
        }
        Value::Object(object) => object.iter_mut().for_each(|(_, member)| lists(member, found)),
        _ => {}
    }
}

/// Any JSON at all, with the keys of policies among its keys.
fn any_json() -> impl Strategy<Value = Value> {
    let names: &[&str] = &[
        "Version",
        "Id",
        "Statement",
        "Sid",
        "Effect",
        "Principal",
        "AWS",
        "Action",
        "NotAction",
        "Resource",
        "Condition",
        "Bool",
        "aws:x",
        "Allow",
        "2012-10-17",
        "*",
        "s3:*",
    ];
    let name = move || prop_oneof![4 => select(names).prop_map(str::to_owned), 1 => ".*"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        name().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((name(), inner), 0..6).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Reads the text in every way, and holds the errors to their promises.
fn survives(text: &str) {
    let ways = USES.map(|use_| Document::parse(text, use_)).into_iter().chain([Document::from_live(text)]);
    for result in ways {
        match result {
            Ok(document) => {
                assert_eq!(Document::from_live(&document.to_json()).as_ref(), Ok(&document));
                for use_ in USES {
                    assert!(document.size(use_) > 0);
                }
                assert!(difference(None, Some(&document)).len() > document.statements.len());
                assert!(widens_trust(Some(&document), &document).is_empty());
            }
            Err(errors) => {
                assert!(!errors.is_empty());
                assert!(errors.is_sorted_by_key(|error| error.at.start));
                for error in errors {
                    assert!(text.get(error.at.clone()).is_some(), "{error:?}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn writing_it_another_way_changes_nothing(value in document(), choices in vec(any::<usize>(), 200)) {
        let other = live(&rewritten(&value, &mut choices.into_iter()));
        let document = live(&value);
        prop_assert_eq!(&document, &other);
        prop_assert!(document.same_meaning(&other));
        prop_assert!(difference(Some(&document), Some(&other)).is_empty());
        prop_assert!(widens_trust(Some(&document), &other).is_empty());
    }

    #[test]
    fn one_more_member_changes_it(mut value in document_of(1..4), at in any::<Index>()) {
        let before = live(&value);
        let mut found = Vec::new();
        for statement in value["Statement"].as_array_mut().unwrap() {
            lists(statement, &mut found);
        }
        let list = at.get_mut(&mut found);
        list.push("arn:aws:iam::333333333333:role/another".into());
        let after = live(&value);
        prop_assert_ne!(&before, &after);
        prop_assert!(!before.same_meaning(&after));
        prop_assert!(!difference(Some(&before), Some(&after)).is_empty());
    }

    #[test]
    fn canonical_json_is_read_as_itself(value in document()) {
        let document = live(&value);
        prop_assert_eq!(&document.clone().canonical(), &document);
        prop_assert_eq!(&live(&serde_json::from_str(&document.to_json()).unwrap()), &document);
        prop_assert_eq!(Document::from_live(&document.to_pretty()).unwrap().to_json(), document.to_json());
    }

    #[test]
    fn there_is_a_difference_exactly_between_unequals(left in document(), right in document()) {
        let (left, right) = (live(&left), live(&right));
        let forth = difference(Some(&left), Some(&right));
        let back = difference(Some(&right), Some(&left));
        prop_assert_eq!(forth.is_empty(), left == right);
        prop_assert_eq!(forth.len(), back.len());
    }

    #[test]
    fn taking_statements_away_or_denying_widens_nothing(value in document(), kept in any::<u8>()) {
        let before = live(&value);
        let mut after = before.clone();
        let mut index = 0;
        after.statements.retain(|statement| {
            index += 1;
            statement.effect == trueup_specs::policy::Effect::Deny || kept & (1 << (index % 8)) != 0
        });
        prop_assert_eq!(widens_trust(Some(&before), &after), Vec::<String>::new());
    }

    #[test]
    fn any_text_is_survived(text in ".*") {
        survives(&text);
    }

    #[test]
    fn any_near_json_is_survived(text in r#"[\[\]{},:"\\a-fu0-9 .eE+\-ntr\n\u{FEFF}é]{0,60}"#) {
        survives(&text);
    }

    #[test]
    fn any_json_is_survived(value in any_json()) {
        survives(&value.to_string());
    }

    #[test]
    fn a_broken_document_is_survived(value in document(), at in any::<Index>(), sign in any::<char>(), cut in any::<bool>()) {
        let mut chars: Vec<char> = value.to_string().chars().collect();
        let position = at.index(chars.len());
        if cut {
            chars.truncate(position);
        } else {
            chars[position] = sign;
        }
        survives(&chars.into_iter().collect::<String>());
    }
}
