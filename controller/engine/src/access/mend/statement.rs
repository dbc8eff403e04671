//! What a mend says, as AWS writes statements.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use trueup_specs::policy::catalogue;

use super::Lack;
use crate::access::ask::Who;

/// Operator, key, values.
type Condition = BTreeMap<&'static str, BTreeMap<String, Vec<String>>>;

/// What one request needs to be allowed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Plea {
    action: String,
    /// How policies name who asks, where the policy is on a resource.
    principal: Option<(&'static str, String)>,
    /// Nothing where the policy is about one thing anyway.
    resource: Option<String>,
    condition: Condition,
}

impl Plea {
    pub(super) fn of(lack: &Lack, resource: Option<String>, names_principal: bool, partition: &str) -> Self {
        Self {
            action: lack.action.clone(),
            principal: names_principal.then(|| principal(&lack.who, partition)),
            resource,
            condition: condition(lack),
        }
    }
}

fn principal(who: &Who, partition: &str) -> (&'static str, String) {
    match who {
        Who::Identity(arn) => ("AWS", arn.clone()),
        Who::Account(id) => ("AWS", format!("arn:{partition}:iam::{id}:root")),
        Who::Service(name) => ("Service", name.clone()),
        Who::Federated(provider) => ("Federated", provider.clone()),
        Who::Anonymous | Who::Stranger => ("AWS", "*".to_owned()),
    }
}

/// Keys with a number, which no operator on strings compares.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>,
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>
const NUMBERS: [&str; 5] =
    ["aws:MultiFactorAuthAge", "s3:max-keys", "s3:signatureAge", "s3:TlsVersion", "sts:DurationSeconds"];

/// Keys with a point in time: what one request has of them says nothing of the next.
const TIMES: [&str; 3] = ["aws:CurrentTime", "aws:EpochTime", "aws:TokenIssueTime"];

/// Keys that only requests of services have.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourceaccount>
const SOURCES: [&str; 4] = ["aws:SourceAccount", "aws:SourceArn", "aws:SourceOrgID", "aws:SourceOrgPaths"];

/// Global keys that may have several values even where one is given.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
const LISTS: [&str; 7] = [
    "aws:CalledVia",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalServiceNamesList",
    "aws:ResourceOrgPaths",
    "aws:SourceOrgPaths",
    "aws:TagKeys",
    "kms:EncryptionContextKeys",
];

fn is_one_of(keys: &[&str], key: &str) -> bool {
    keys.iter().any(|known| known.eq_ignore_ascii_case(key))
}

/// The conditions that hold the statement to the requests it is for.
fn condition(lack: &Lack) -> Condition {
    let mut condition = Condition::new();
    let mut add = |operator, key: &str, values: &[String]| {
        condition.entry(operator).or_default().insert(key.to_owned(), values.to_vec());
    };
    for (key, values) in &lack.context {
        let is_boolean = |value: &String| matches!(value.as_str(), "true" | "false");
        match values.as_slice() {
            [] => add("Null", key, &["true".to_owned()]),
            [one] if is_boolean(one) => add("Bool", key, values),
            [_] if is_one_of(&["aws:SourceIp", "aws:VpcSourceIp"], key) => add("IpAddress", key, values),
            [_] if is_one_of(&NUMBERS, key) => add("NumericEquals", key, values),
            [_] if !is_one_of(&LISTS, key) => add("StringEquals", key, values),
            values => {
                // A request without the key has no value that is another.
                add("ForAllValues:StringEquals", key, values);
                add("Null", key, &["false".to_owned()]);
            }
        }
    }
    condition
}

/// Keys that say whether a person has shown a second factor: the credentials of a role that someone took say nothing of it.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html>
const FACTORS: [&str; 2] = ["aws:MultiFactorAuthAge", "aws:MultiFactorAuthPresent"];

/// Whether the request can have the key at AWS.
pub(super) fn may_have(lack: &Lack, key: &str) -> bool {
    let prefix = key.split_once(':').map_or(key, |(prefix, _)| prefix);
    if is_one_of(&TIMES, key) {
        return false;
    }
    if is_one_of(&SOURCES, key) {
        return matches!(lack.who, Who::Service(_));
    }
    if is_one_of(&FACTORS, key) {
        return match &lack.who {
            Who::Identity(arn) => arn.contains(":user/"),
            Who::Account(_) => true,
            Who::Anonymous | Who::Stranger | Who::Service(_) | Who::Federated(_) => false,
        };
    }
    let is_of_tags = ["aws:RequestTag/", "aws:ResourceTag/", "aws:TagKeys"]
        .iter()
        .any(|front| key.get(..front.len()).is_some_and(|start| start.eq_ignore_ascii_case(front)));
    if prefix.eq_ignore_ascii_case("aws") && !is_of_tags {
        return true;
    }
    if catalogue::is_issuer(prefix) {
        return matches!(lack.who, Who::Federated(_));
    }
    let service = lack.action.split(':').next().unwrap_or_default();
    catalogue::actions(&lack.action).any(|action| action.has_key(key))
        || catalogue::service(service).is_some_and(|service| service.has_free_key(key))
}

/// As few statements as say just this, in AWS's words: what is alike in all but one element becomes one.
pub(super) fn statements(pleas: &BTreeSet<Plea>) -> Vec<Value> {
    let mut actions: BTreeMap<(&Condition, _, _), BTreeSet<&str>> = BTreeMap::new();
    for Plea { action, principal, resource, condition } in pleas {
        actions.entry((condition, principal, resource)).or_default().insert(action);
    }
    let mut resources: BTreeMap<_, BTreeSet<&Option<String>>> = BTreeMap::new();
    for ((condition, principal, resource), actions) in actions {
        resources.entry((condition, actions, principal)).or_default().insert(resource);
    }
    let mut principals: BTreeMap<_, BTreeSet<&Option<(&str, String)>>> = BTreeMap::new();
    for ((condition, actions, principal), resources) in resources {
        principals.entry((condition, actions, resources)).or_default().insert(principal);
    }
    let statement = |((condition, actions, resources), principals): ((&Condition, BTreeSet<&str>, _), _)| {
        statement(condition, &actions.into_iter().collect::<Vec<_>>(), resources, principals)
    };
    principals.into_iter().map(statement).collect()
}

fn statement(
    condition: &Condition,
    actions: &[&str],
    resources: BTreeSet<&Option<String>>,
    principals: BTreeSet<&Option<(&str, String)>>,
) -> Value {
    let mut elements = Map::new();
    elements.insert("Effect".to_owned(), json!("Allow"));
    let mut by_sort: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (sort, name) in principals.into_iter().flatten() {
        by_sort.entry(sort).or_default().push(name);
    }
    if by_sort.get("AWS").is_some_and(|names| names.contains(&"*")) {
        elements.insert("Principal".to_owned(), json!("*"));
    } else if !by_sort.is_empty() {
        let sorts = by_sort.into_iter().map(|(sort, names)| (sort.to_owned(), one_or_many(&names)));
        elements.insert("Principal".to_owned(), Value::Object(sorts.collect()));
    }
    elements.insert("Action".to_owned(), one_or_many(actions));
    let resources: Vec<&str> = resources.into_iter().flatten().map(String::as_str).collect();
    if !resources.is_empty() {
        elements.insert("Resource".to_owned(), one_or_many(&resources));
    }
    if !condition.is_empty() {
        let keys = |keys: &BTreeMap<String, Vec<String>>| -> Map<String, Value> {
            let values = |values: &Vec<String>| one_or_many(&values.iter().map(String::as_str).collect::<Vec<_>>());
            keys.iter().map(|(key, of_key)| (key.clone(), values(of_key))).collect()
        };
        let operators = condition.iter().map(|(operator, of)| ((*operator).to_owned(), Value::Object(keys(of))));
        elements.insert("Condition".to_owned(), Value::Object(operators.collect()));
    }
    Value::Object(elements)
}

fn one_or_many(texts: &[&str]) -> Value {
    match texts {
        [one] => json!(one),
        many => json!(many),
    }
}
