//! Who a key policy lets in.
//!
//! A key policy decides alone: an account's root is let in only where the key policy says so, and then it stands for
//! everyone in that account (the sandbox does not look at their IAM policies). Grants add to it.
//! Source: <https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html>.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::failure::Failure;
use super::state::Key;
use crate::call::{Call, Caller};
use crate::world::World;

/// Refuses a caller whom neither the key policy nor a grant lets do this.
pub(super) fn check(world: &World, call: &Call, key: &Key, action: &str) -> Result<(), Failure> {
    let arn = key.arn();
    let asked = Asked::new(world, &call.caller, &call.region, action, &arn);
    match verdict(&key.policy, &asked) {
        Verdict::Allow => Ok(()),
        Verdict::Neither if granted(key, &asked, call) => Ok(()),
        Verdict::Neither => Err(denied(call, action, &arn)),
        Verdict::Deny => Err(Failure::new(
            "AccessDeniedException",
            format!(
                "User: {} is not authorized to perform: kms:{action} on resource: {arn} with an explicit deny in a \
                 resource-based policy",
                call.caller.arn
            ),
        )),
    }
}

/// Whether the policy lets the caller do this.
pub(super) fn allows(world: &World, call: &Call, policy: &Value, action: &str, arn: &str) -> bool {
    verdict(policy, &Asked::new(world, &call.caller, &call.region, action, arn)) == Verdict::Allow
}

/// A key whose policy does not let the caller in.
pub(super) fn denied(call: &Call, action: &str, arn: &str) -> Failure {
    Failure::new(
        "AccessDeniedException",
        format!(
            "User: {} is not authorized to perform: kms:{action} on resource: {arn} because no resource-based policy \
             allows the kms:{action} action",
            call.caller.arn
        ),
    )
}

/// A key of another account that is not there.
pub(super) fn denied_unseen(call: &Call, action: &str) -> Failure {
    Failure::new(
        "AccessDeniedException",
        format!(
            "User: {} is not authorized to perform: kms:{action} on this resource because the resource does not exist \
             in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies \
             access",
            call.caller.arn
        ),
    )
}

/// The names by which a policy or a grant can mean the caller.
pub(super) fn identities(world: &World, caller: &Caller) -> Vec<String> {
    let mut names = vec![
        format!("arn:aws:iam::{}:root", caller.account),
        caller.account.clone(),
        caller.arn.clone(),
        caller.user_id.clone(),
    ];
    if let Some((role, session)) = role_and_session(caller) {
        names.push(role_arn(world, caller, role));
        if let Some(id) = world.role_id(&caller.account, role) {
            names.push(format!("{id}:{session}"));
            names.push(id);
        }
    } else if let Some(account) = world.accounts.get(&caller.account) {
        names.extend(account.iam.unique_id(&caller.arn).map(str::to_owned));
    }
    names
}

fn role_and_session(caller: &Caller) -> Option<(&str, &str)> {
    caller.arn.split_once(":assumed-role/").and_then(|(_, rest)| rest.split_once('/'))
}

fn role_arn(world: &World, caller: &Caller, role: &str) -> String {
    let account = world.accounts.get(&caller.account);
    let known = account.and_then(|account| account.iam.role_arn(&caller.account, role));
    known.unwrap_or_else(|| format!("arn:aws:iam::{}:role/{role}", caller.account))
}

/// One question to a policy.
struct Asked<'call> {
    identities: Vec<String>,
    action: &'call str,
    arn: &'call str,
    /// Condition keys in lower case. What is not here is absent from the request context.
    context: BTreeMap<&'static str, String>,
}

impl<'call> Asked<'call> {
    fn new(world: &World, caller: &Caller, region: &str, action: &'call str, arn: &'call str) -> Self {
        let principal = role_and_session(caller).map(|(role, _)| role_arn(world, caller, role));
        let context = BTreeMap::from([
            ("aws:principalaccount", caller.account.clone()),
            ("aws:principalarn", principal.unwrap_or_else(|| caller.arn.clone())),
            ("aws:requestedregion", region.to_owned()),
            ("aws:securetransport", "true".to_owned()),
            ("aws:userid", caller.user_id.clone()),
            ("kms:calleraccount", caller.account.clone()),
        ]);
        Self { identities: identities(world, caller), action, arn, context }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Allow,
    Deny,
    Neither,
}

fn verdict(policy: &Value, asked: &Asked<'_>) -> Verdict {
    let statements = match policy.get("Statement") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(single) => std::slice::from_ref(single),
        None => &[],
    };
    let mut verdict = Verdict::Neither;
    for statement in statements.iter().filter(|statement| applies(statement, asked)) {
        match statement.get("Effect").and_then(Value::as_str) {
            Some("Deny") => return Verdict::Deny,
            Some("Allow") => verdict = Verdict::Allow,
            _ => {}
        }
    }
    verdict
}

fn applies(statement: &Value, asked: &Asked<'_>) -> bool {
    let action = format!("kms:{}", asked.action).to_ascii_lowercase();
    let names_action = |value: &Value| any(value, |pattern| wildcard(&pattern.to_ascii_lowercase(), &action));
    let names_resource = |value: &Value| any(value, |pattern| wildcard(pattern, asked.arn));
    let by_principal = element(statement, "Principal", "NotPrincipal", |value| names_caller(value, asked));
    by_principal
        && element(statement, "Action", "NotAction", names_action)
        && element(statement, "Resource", "NotResource", names_resource)
        && statement.get("Condition").and_then(Value::as_object).is_none_or(|condition| holds(condition, asked))
}

/// Whether an element holds, or the opposite one does not.
fn element(statement: &Value, name: &str, opposite: &str, test: impl Fn(&Value) -> bool) -> bool {
    match (statement.get(name), statement.get(opposite)) {
        (Some(value), _) => test(value),
        (None, Some(value)) => !test(value),
        (None, None) => false,
    }
}

fn names_caller(principal: &Value, asked: &Asked<'_>) -> bool {
    let names = principal.get("AWS").unwrap_or(principal);
    any(names, |name| name == "*" || asked.identities.iter().any(|identity| identity == name))
}

/// Whether a string, or one of a list of strings, passes.
fn any(value: &Value, test: impl Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => test(text),
        Value::Array(list) => list.iter().filter_map(Value::as_str).any(test),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

/// All operators and keys of a condition must hold.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>.
fn holds(condition: &Map<String, Value>, asked: &Asked<'_>) -> bool {
    condition.iter().all(|(operator, keys)| {
        let operator = operator.to_ascii_lowercase();
        let Some(keys) = keys.as_object() else { return false };
        keys.iter().all(|(key, values)| {
            let found = asked.context.get(key.to_ascii_lowercase().as_str()).map(String::as_str);
            operator_holds(&operator, found, values)
        })
    })
}

fn operator_holds(operator: &str, found: Option<&str>, values: &Value) -> bool {
    let (for_all, operator) = match operator.split_once(':') {
        Some((set, rest)) => (set == "forallvalues", rest),
        None => (false, operator),
    };
    if operator == "null" {
        return any(values, |value| value.eq_ignore_ascii_case("true")) == found.is_none();
    }
    let (if_exists, operator) = match operator.strip_suffix("ifexists") {
        Some(rest) => (true, rest),
        None => (false, operator),
    };
    let negated = operator.contains("not");
    let Some(found) = found else { return for_all || if_exists || negated };
    let matched = match operator.replace("not", "").as_str() {
        "stringequals" | "arnequals" if operator.starts_with("string") => any(values, |value| value == found),
        "stringlike" | "arnequals" | "arnlike" => any(values, |value| wildcard(value, found)),
        "stringequalsignorecase" | "bool" => any(values, |value| value.eq_ignore_ascii_case(found)),
        // No key of the context is a number, a date or an address.
        _ => false,
    };
    matched != negated
}

fn granted(key: &Key, asked: &Asked<'_>, call: &Call) -> bool {
    key.grants.values().any(|grant| {
        grant.operations.iter().any(|operation| operation == asked.action)
            && asked.identities.contains(&grant.grantee)
            && grant.constraints.as_ref().is_none_or(|bound| is_within(bound, asked.action, call))
    })
}

/// Whether a call keeps to a grant's constraints.
/// Source: <https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html>. In the sandbox no service calls on behalf of a resource,
/// so that one that asks for a source lets no one in.
fn is_within(bound: &Value, action: &str, call: &Call) -> bool {
    if action == "RetireGrant" {
        return true;
    }
    if bound.get("SourceArn").is_some() {
        return false;
    }
    if matches!(action, "DescribeKey" | "CreateGrant") {
        return true;
    }
    let member = match action {
        "ReEncryptFrom" => "SourceEncryptionContext",
        "ReEncryptTo" => "DestinationEncryptionContext",
        _ => "EncryptionContext",
    };
    let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let pairs = |value: Option<&Value>| {
        let members = value.and_then(Value::as_object).into_iter().flatten();
        // The key counts in any case of its letters, the value does not.
        members
            .map(|(key, value)| (key.to_lowercase(), value.as_str().unwrap_or_default().to_owned()))
            .collect::<BTreeMap<String, String>>()
    };
    let given = pairs(body.get(member));
    let equal = bound.get("EncryptionContextEquals").is_none_or(|wanted| pairs(Some(wanted)) == given);
    let wanted = pairs(bound.get("EncryptionContextSubset"));
    equal && wanted.iter().all(|(key, value)| given.get(key) == Some(value))
}

/// Whether the text matches a pattern of `*` (any characters) and `?` (one).
fn wildcard(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || Some(c) == text.get(t) => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                p = at + 1;
                t = from + 1;
            }
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}
