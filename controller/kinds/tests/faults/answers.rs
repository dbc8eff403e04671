//! What AWS answered, saved, and changed by any hand: it is read or refused, made into models and planned from, and never ends in a panic.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use trueup_engine::facts::{Facts, ReadCost};
use trueup_engine::render;
use trueup_kinds::source::load_fact;
use trueup_specs::Problems;
use trueup_specs::project::Project;
use trueup_state::facts::Scope;
use trueup_state::ledger::Ledger;
use trueup_state::store::Store;

use crate::harness::{Specs, kinds};
use crate::{EXAMPLES, told};

/// How many changed answers of each source in each scope of each example are read.
const CASES: u32 = 12;

/// What the examples lack.
const MORE: &str = r#"
[scope]
account = "one"

[topic.t]

[subscription.s]
topic    = "topic.t"
protocol = "sqs"
endpoint = "arn:aws:sqs:eu-west-1:111111111111:q"

[event_bus.b]

[event_rule.r]
event_pattern = { source = ["aws.s3"] }

[bucket.b]
name       = "answers-of-s3"
versioning = "enabled"
[bucket.b.lifecycle.rules.old]
expiration = { days = 30 }
"#;

/// All the places in a value.
fn places(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| places(item, &format!("{at}/{index}"), all));
        }
        Value::Object(members) => {
            let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
            members.iter().for_each(|(key, member)| places(member, &format!("{at}/{}", escaped(key)), all));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn other() -> impl Strategy<Value = Value> {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let texts = [
        "",
        "é",
        "arn:",
        "arn:aws:s3:::",
        "arn:aws:iam::111111111111:role/",
        "arn:aws:kms:eu-west-1:111111111111:key",
        "{}",
        "null",
        "{\"Statement\":[{\"Effect\":1}]}",
        "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}}",
        "%7B%22Statement%22",
        "\u{0}\u{E000}x\u{E001}",
        "/",
        "-1",
        "99999999999999999999",
        &deep,
    ];
    let values = [
        json!(null),
        json!(0),
        json!(-1),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(0.5),
        json!(true),
        json!([]),
        json!({}),
    ];
    let fixed: Vec<Value> = texts.iter().map(|text| Value::from(*text)).chain(values).collect();
    prop_oneof![4 => select(fixed), 1 => any::<String>().prop_map(Value::from)]
}

/// What was found, and which of it is changed how.
struct Answers<'a> {
    specs: &'a Specs,
    project: &'a Project,
    ledger: &'a Ledger,
    saved: &'a BTreeMap<(String, Scope), Value>,
}

impl Answers<'_> {
    /// Whether a changed answer can be read; if so, it is observed and planned from.
    fn survive(&self, of: &(String, Scope), changes: &[(Index, Value)]) -> bool {
        let mut changed = self.saved[of].clone();
        for (place, other) in changes {
            let mut all = Vec::new();
            places(&changed, "", &mut all);
            let place: &String = place.get(&all);
            *changed.pointer_mut(place).unwrap() = other.clone();
        }
        let Ok(fact) = load_fact(&of.0, changed) else { return false };
        let mut facts = Facts::default();
        for ((source, scope), value) in self.saved {
            let found = if (source, scope) == (&of.0, &of.1) {
                fact.clone()
            } else {
                load_fact(source, value.clone()).unwrap()
            };
            facts.insert(source.as_str().into(), scope.clone(), Ok(found), ReadCost::default());
        }
        let all_kinds = kinds().rows;
        for kind in all_kinds {
            for live in kind.observe(&facts, &of.1).unwrap_or_default() {
                let _ = kind.unchecked(&facts, &of.1, &live.name);
                let _ = kind.waits(&facts, &of.1, &live.name);
            }
        }
        if let Some(plan) = self.specs.decide(self.project, self.ledger, facts, &mut Problems::new()) {
            let _ = render::plan(&plan, render::Look { width: 80, color: false });
        }
        true
    }
}

/// The number of changed answers that could be read, and of those that were refused, by source.
async fn survived(specs: &Specs, count: &mut BTreeMap<String, (u64, u64)>) {
    let world = specs.settled().await;
    let ledger = Store::new(world.memory.clone()).ledger().unwrap();
    let mut aws = specs.aws(&world.sandbox).await.unwrap();
    let (project, facts) = specs.read(&mut aws, &ledger).await;
    let saved: BTreeMap<(String, Scope), Value> = facts
        .iter()
        .map(|(source, scope, fact)| ((source.to_owned(), scope.clone()), fact.as_ref().unwrap().to_json().unwrap()))
        .collect();
    let answers = Answers { specs, project: &project, ledger: &ledger, saved: &saved };
    let cases = if told("TRUEUP_SOAK").is_some() { 20 * CASES } else { CASES };
    for of in saved.keys() {
        let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
        let mut runner = TestRunner::new(config);
        let ended = std::cell::Cell::new((0, 0));
        let changes = prop::collection::vec((any::<Index>(), other()), 1..4);
        let result = runner.run(&changes, |changes| {
            let (read, refused) = ended.get();
            ended.set(if answers.survive(of, &changes) { (read + 1, refused) } else { (read, refused + 1) });
            Ok(())
        });
        result.unwrap_or_else(|failure| panic!("{of:?}: {failure}"));
        let all = count.entry(of.0.clone()).or_default();
        *all = (all.0 + ended.get().0, all.1 + ended.get().1);
    }
}

#[tokio::test(start_paused = true)]
async fn any_answer_of_any_source_is_survived() {
    let mut count = BTreeMap::new();
    for example in EXAMPLES {
        survived(&Specs::example(example), &mut count).await;
    }
    survived(&Specs::in_one_account(MORE), &mut count).await;
    let sources: BTreeSet<&str> = count.keys().map(String::as_str).collect();
    assert_eq!(sources, BTreeSet::from(["codedeploy", "ecr", "events", "iam", "kms", "organizations", "s3", "sns"]));
    assert!(count.values().all(|(read, refused)| *read > 0 && *refused > 0), "{count:?}");
}
