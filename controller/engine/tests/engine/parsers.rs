//! Saved plans that someone changed: what is read and holds together is shown, compared and walked without a panic, whatever it says.

use std::sync::atomic::AtomicBool;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};
use trueup_engine::execute::{Walk, execute, remember};
use trueup_engine::fresh::moved;
use trueup_engine::guard::approve;
use trueup_engine::perform::Unwatched;
use trueup_engine::render;
use trueup_state::facts::ReadRequest;
use trueup_state::journal::Memory;
use trueup_state::plan::Plan;

use crate::case::{Case, block_on};
use crate::toy::kinds;

fn saved() -> (Case, Value) {
    let mut case = Case::applied("[node.a]\nnote = \"old\"\n[node.gone]\n[vault.v]\n[badge.b]");
    case.specs(&[("one", "[node.a]\nnote = \"new\"\npeers = \"vault.w\"\n[node.c]\n[vault.v]\ndoors = 2\n[vault.w]\n[badge.b]\nmotto = \"m\"")]);
    let plan = serde_json::to_value(case.plan()).unwrap();
    (case, plan)
}

/// All the places in a value.
fn places(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| places(item, &format!("{at}/{index}"), all));
        }
        Value::Object(members) => {
            members.iter().for_each(|(key, member)| places(member, &format!("{at}/{}", escaped(key)), all));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn other() -> impl Strategy<Value = Value> {
    let fixed = [
        json!(null),
        json!(0),
        json!(-1),
        json!(u64::MAX),
        json!(true),
        json!(""),
        json!("\u{E000}x\u{E001}"),
        json!("one/node.a"),
        json!([]),
        json!({}),
        json!([0, 1]),
        json!({ "Statement": 1 }),
    ];
    prop_oneof![4 => select(fixed.to_vec()), 1 => any::<String>().prop_map(Value::from)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_change_to_a_saved_plan_is_survived(changes in prop::collection::vec((any::<Index>(), other()), 1..4)) {
        let (mut case, mut plan) = saved();
        for (place, other) in changes {
            let mut all = Vec::new();
            places(&plan, "", &mut all);
            let place: &String = place.get(&all);
            *plan.pointer_mut(place).unwrap() = other;
        }
        let Ok(plan) = serde_json::from_value::<Plan>(plan) else { return Ok(()) };
        if plan.verify().is_err() {
            return Ok(());
        }
        let _ = render::plan(&plan, render::Look { width: 80, color: false });
        let _ = render::plan_json(&plan);
        let requests: Vec<ReadRequest> = plan.reads.iter().map(|read| read.request.clone()).collect();
        let facts = case.toy.read(&requests);
        let _ = moved(&plan, &kinds(), &facts, &case.ledger);
        let Ok(approved) = approve(plan) else { return Ok(()) };
        let (mut journal, stop) = (Memory::default(), AtomicBool::new(false));
        let walk = Walk {
            performer: &case.toy,
            witness: &Unwatched,
            journal: &mut journal,
            events: &mut |_| {},
            stop: &stop,
        };
        let report = block_on(execute(&approved, walk));
        remember(&mut case.ledger, approved.plan(), &report);
        let _ = render::report(approved.plan(), &report, render::Look { width: 80, color: false });
    }
}
