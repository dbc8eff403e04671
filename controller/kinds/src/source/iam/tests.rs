use std::collections::BTreeMap;

use trueup_engine::facts::{Facts, ReadCost, Scope};
use trueup_engine::kind::Kind;
use trueup_sandbox::Sandbox;

use super::*;
use crate::laws;
use crate::source::load_fact;

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"222222222222"}}}"#;

/// Saved facts as `--facts` keeps them, with oddities AWS can return.
const SAVED: &str = r#"{
  "roles": [{
    "name": "deployer", "path": "/delivery/", "id": "AROAX", "arn": "arn:aws:iam::111111111111:role/delivery/deployer",
    "description": "deploys", "max_session_duration": 7200,
    "trust": "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"AROADELETED\"},\"Action\":\"sts:AssumeRole\",\"Condition\":{}}]}",
    "inline": {"odd": "{\"Version\":\"2031-01-01\",\"Shape\":1}"},
    "managed_policies": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
    "permissions_boundary": "arn:aws:iam::111111111111:policy/boundary",
    "tags": {"trueup:project": "p"}
  }],
  "policies": [{
    "name": "boundary", "path": "/", "id": "ANPAX", "arn": "arn:aws:iam::111111111111:policy/boundary",
    "default_version": "v3", "versions": ["v1", "v3"],
    "document": "{\"Statement\":{\"Effect\":\"Deny\",\"Action\":\"IAM:*\",\"Resource\":[\"*\"]}}"
  }],
  "instance_profiles": [{
    "name": "workers", "path": "/", "id": "AIPAX", "arn": "arn:aws:iam::111111111111:instance-profile/workers",
    "role": "arn:aws:iam::111111111111:role/delivery/deployer"
  }]
}"#;

#[test]
fn saved_facts_become_models() {
    let scope = Scope { account: "tooling".into(), region: None };
    let fact = load_fact(NAME, serde_json::from_str(SAVED).unwrap()).unwrap();
    let again = fact.to_json().unwrap();
    assert_eq!(load_fact(NAME, again.clone()).unwrap().to_json().unwrap(), again);
    let mut facts = Facts::default();
    facts.insert(NAME.into(), scope.clone(), Ok(fact), ReadCost::default());
    insta::assert_json_snapshot!(
        crate::role::Role::observe(&facts, &scope)
            .unwrap()
            .into_iter()
            .map(|live| (live.model, live.outputs))
            .collect::<Vec<_>>()
    );
    let policies = crate::policy::Policy::observe(&facts, &scope).unwrap();
    insta::assert_json_snapshot!(policies.iter().map(|live| (&live.model, &live.model.held.spare)).collect::<Vec<_>>());
    insta::assert_json_snapshot!(
        crate::instance_profile::InstanceProfile::observe(&facts, &scope)
            .unwrap()
            .into_iter()
            .map(|live| (live.model, live.outputs))
            .collect::<Vec<_>>()
    );
}

#[test]
fn documents_are_percent_decoded() {
    assert_eq!(decoded("%7B%22a%22%3A%20%22b%2Bc%C3%A9%22%7D"), r#"{"a": "b+cé"}"#);
}

#[tokio::test]
async fn a_thousand_roles_and_a_hundred_policies_take_few_calls() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT, "222222222222"]);
    let aws = laws::aws(&sandbox).await;
    let session = aws.session("tooling", None).await.unwrap();
    let tag = |key: &str, value: String| aws_sdk_iam::types::Tag::builder().key(key).value(value).build().unwrap();
    let document = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}"#;
    let mut wanted = Vec::new();
    for number in 0..1_000 {
        let name = format!("role{number}");
        session.iam().create_role().role_name(&name).assume_role_policy_document(TRUST).send().await.unwrap();
        wanted.push(Wanted {
            kind: "role".into(),
            address: format!("tooling/role.{name}"),
            name,
            recorded: BTreeMap::new(),
        });
    }
    for number in 0..100 {
        let (name, address) = (format!("policy{number}"), format!("tooling/policy.policy{number}"));
        let request = session.iam().create_policy().policy_name(&name).policy_document(document);
        let made = request.description("reads").tags(tag(ADDRESS, address.clone())).send().await.unwrap();
        let id = made.policy.and_then(|policy| policy.policy_id).unwrap();
        let recorded = [("id", id.as_str()), ("description", "reads")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
        wanted.push(Wanted { kind: "policy".into(), address, name, recorded });
    }
    let scope = Scope { account: "tooling".into(), region: None };
    let request =
        trueup_engine::facts::ReadRequest { source: NAME.into(), scope: scope.clone(), wanted: wanted.into() };
    let facts = aws.read(&[request], &|_, _| {}).await;
    let read: &IamFacts = facts.get(NAME, &scope).unwrap();
    assert_eq!((read.roles.len(), read.policies.len()), (1_000, 100));
    assert!(read.policies.iter().all(|policy| policy.description == "reads"));
    let cost = facts.costs.values().next().unwrap();
    assert!(cost.calls <= 10, "{cost:?}");
    assert_eq!(cost.objects, 1_100);
}

#[tokio::test]
async fn a_policy_the_index_does_not_show_is_asked_about() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    let aws = laws::aws(&sandbox).await;
    let session = aws.session("tooling", None).await.unwrap();
    let document = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}"#;
    let request =
        session.iam().create_policy().policy_name("by-hand").description("made by hand").policy_document(document);
    request.send().await.unwrap();
    let (live, cost) = laws::read::<crate::policy::Policy>(&aws, "by-hand").await;
    assert_eq!(live.unwrap().first().unwrap().model.description, "made by hand");
    assert_eq!(cost.calls, 6, "four listings, the index, and GetPolicy");
}

/// All the places in a value.
fn places(value: &serde_json::Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        serde_json::Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| places(item, &format!("{at}/{index}"), all));
        }
        serde_json::Value::Object(members) => {
            let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
            members.iter().for_each(|(key, member)| places(member, &format!("{at}/{}", escaped(key)), all));
        }
        _ => {}
    }
}

/// What AWS answers, and the policies inside of it, may be anything: the kinds make models of it or say why not, and never panic.
#[test]
fn any_answer_is_survived() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let others =
        ["", "{}", "[]", "null", "{\"Statement\":[{\"Effect\":1}]}", "%7B%22Statement%22", "\u{0}\u{E000}x", &deep];
    let whole: serde_json::Value = serde_json::from_str(SAVED).unwrap();
    let mut all = Vec::new();
    places(&whole, "", &mut all);
    let scope = Scope { account: "main".into(), region: None };
    let (mut read, mut refused) = (0, 0);
    for place in &all {
        for other in others.iter().map(|text| serde_json::Value::from(*text)).chain([serde_json::json!(7)]) {
            let mut changed = whole.clone();
            *changed.pointer_mut(place).unwrap() = other;
            let Ok(fact) = load_fact(NAME, changed) else {
                refused += 1;
                continue;
            };
            let mut facts = trueup_engine::facts::Facts::default();
            facts.insert(NAME.into(), scope.clone(), Ok(fact), trueup_engine::facts::ReadCost::default());
            for kind in crate::kinds() {
                let _ = kind.observe(&facts, &scope);
            }
            read += 1;
        }
    }
    assert!(read > 100 && refused > 100, "{read} {refused}");
}
