//! Whether a role's trust lets a caller in: a small evaluation of its own, strict in doubt.
//!
//! Conditions on `sts:ExternalId`, `sts:RoleSessionName`, `aws:PrincipalArn` and `aws:PrincipalAccount` with the string and ARN
//! operators are understood. Any other condition does not hold in an Allow and does hold in a Deny.

use serde_json::Value;

use crate::call::Caller;

/// Who wants in, and with what.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) caller: &'a Caller,
    pub(super) session_name: &'a str,
    pub(super) external_id: Option<&'a str>,
}

/// Whether some statement allows and none denies.
pub(super) fn allows(trust: &Value, request: &Request<'_>) -> bool {
    let statements = list(trust.get("Statement"));
    let says = |effect: &str| {
        statements.iter().any(|statement| {
            statement.get("Effect").and_then(Value::as_str) == Some(effect)
                && covers_action(statement)
                && covers_principal(statement, request.caller)
                && conditions_hold(statement, request, effect == "Deny")
        })
    };
    says("Allow") && !says("Deny")
}

fn list(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None => Vec::new(),
        Some(Value::Array(items)) => items.iter().collect(),
        Some(single) => vec![single],
    }
}

pub(crate) fn texts(value: Option<&Value>) -> Vec<&str> {
    list(value).into_iter().filter_map(Value::as_str).collect()
}

fn covers_action(statement: &Value) -> bool {
    let matches =
        |element: &str| texts(statement.get(element)).iter().any(|p| like(&p.to_ascii_lowercase(), "sts:assumerole"));
    if statement.get("NotAction").is_some() { !matches("NotAction") } else { matches("Action") }
}

pub(crate) fn covers_principal(statement: &Value, caller: &Caller) -> bool {
    match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(principal), _) => names(principal, caller),
        (None, Some(excluded)) => !names(excluded, caller),
        (None, None) => false,
    }
}

fn names(principal: &Value, caller: &Caller) -> bool {
    if principal.as_str() == Some("*") {
        return true;
    }
    let root = format!("arn:aws:iam::{}:root", caller.account);
    texts(principal.get("AWS")).into_iter().any(|named| {
        named == "*" || named == root || named == caller.account || named == caller.arn || is_role_of(named, caller)
    })
}

/// A session is also its role. A session's ARN leaves out the role's path, so names are compared.
fn is_role_of(role_arn: &str, caller: &Caller) -> bool {
    let Some(session) = caller.arn.strip_prefix(&format!("arn:aws:sts::{}:assumed-role/", caller.account)) else {
        return false;
    };
    let Some(role) = role_arn.strip_prefix(&format!("arn:aws:iam::{}:role/", caller.account)) else {
        return false;
    };
    session.split('/').next() == role.rsplit('/').next()
}

fn conditions_hold(statement: &Value, request: &Request<'_>, in_doubt: bool) -> bool {
    let Some(condition) = statement.get("Condition") else { return true };
    let Some(operators) = condition.as_object() else { return in_doubt };
    operators.iter().all(|(operator, keys)| {
        keys.as_object().is_some_and(|keys| {
            keys.iter().all(|(key, wanted)| holds(operator, key, &texts(Some(wanted)), request).unwrap_or(in_doubt))
        })
    })
}

/// `None` if the condition is not understood.
fn holds(operator: &str, key: &str, wanted: &[&str], request: &Request<'_>) -> Option<bool> {
    let operator = operator.to_ascii_lowercase();
    let (operator, if_exists) = match operator.strip_suffix("ifexists") {
        Some(base) => (base, true),
        None => (operator.as_str(), false),
    };
    let actual = match key.to_ascii_lowercase().as_str() {
        "sts:externalid" => request.external_id,
        "sts:rolesessionname" => Some(request.session_name),
        "aws:principalarn" => Some(request.caller.arn.as_str()),
        "aws:principalaccount" => Some(request.caller.account.as_str()),
        _ => return None,
    };
    let negated = operator.contains("not");
    let Some(actual) = actual else { return Some(negated || if_exists) };
    let any = |matches: &dyn Fn(&str) -> bool| wanted.iter().any(|w| matches(w)) != negated;
    match operator {
        "stringequals" | "stringnotequals" => Some(any(&|w| w == actual)),
        "stringequalsignorecase" | "stringnotequalsignorecase" => Some(any(&|w| w.eq_ignore_ascii_case(actual))),
        "stringlike" | "stringnotlike" | "arnlike" | "arnnotlike" | "arnequals" | "arnnotequals" => {
            Some(any(&|w| like(w, actual)))
        }
        _ => None,
    }
}

/// Whether the text fits a pattern of `*` and `?`.
pub(crate) fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where to go on after the last star: one more character of the text belongs to it each time.
    let mut star: Option<(usize, usize)> = None;
    while let Some(c) = text.get(t) {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p + 1, t));
                p += 1;
            }
            Some(q) if *q == '?' || q == c => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((after, from)) => {
                    star = Some((after, from + 1));
                    p = after;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Request, allows, like};
    use crate::call::Caller;

    fn check(arn: &str, external_id: Option<&str>, statement: Value) -> bool {
        let account = arn.split(':').nth(4).unwrap().to_owned();
        let caller = Caller { account, arn: arn.to_owned(), user_id: "x".to_owned() };
        let request = Request { caller: &caller, session_name: "s", external_id };
        allows(&json!({ "Statement": statement }), &request)
    }

    fn allow(principal: Value) -> Value {
        json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal })
    }

    const ADMIN: &str = "arn:aws:iam::111111111111:user/admin";

    #[test]
    fn principals() {
        assert!(check(ADMIN, None, allow(json!("*"))));
        assert!(check(ADMIN, None, allow(json!({ "AWS": "111111111111" }))));
        assert!(check(ADMIN, None, allow(json!({ "AWS": ["x", "arn:aws:iam::111111111111:root"] }))));
        assert!(!check(ADMIN, None, allow(json!({ "AWS": "arn:aws:iam::222222222222:root" }))));
        assert!(!check(ADMIN, None, allow(json!({ "Service": "ec2.amazonaws.com" }))));
        let session = "arn:aws:sts::111111111111:assumed-role/R/s";
        assert!(check(session, None, allow(json!({ "AWS": "arn:aws:iam::111111111111:role/p/R" }))));
        assert!(!check(session, None, allow(json!({ "AWS": "arn:aws:iam::111111111111:role/p/S" }))));
    }

    #[test]
    fn conditions_and_denials() {
        let mut statement = allow(json!("*"));
        statement["Condition"] = json!({ "StringEquals": { "sts:ExternalId": "42" } });
        assert!(check(ADMIN, Some("42"), statement.clone()));
        assert!(!check(ADMIN, Some("43"), statement.clone()));
        assert!(!check(ADMIN, None, statement.clone()));
        statement["Condition"] = json!({ "StringEquals": { "aws:PrincipalOrgID": "o-1" } });
        assert!(!check(ADMIN, None, statement.clone()));
        let mut deny = statement;
        deny["Effect"] = json!("Deny");
        assert!(!check(ADMIN, None, json!([allow(json!("*")), deny])));
    }

    #[test]
    fn patterns() {
        for (pattern, text) in [("*", ""), ("a*c", "abbc"), ("a?c", "abc"), ("**a", "ba"), ("sts:*", "sts:assumerole")]
        {
            assert!(like(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("a", ""), ("a*c", "abb"), ("a?", "a")] {
            assert!(!like(pattern, text), "{pattern} {text}");
        }
    }
}
