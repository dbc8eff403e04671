//! What in a change no one may miss.

use serde_json::Value;
use trueup_specs::policy::lint::is_open_to_the_world;
use trueup_specs::policy::{Document, EVERYONE, widens_trust};
use trueup_state::plan::{Action, Danger};

/// The dangers of one change.
#[must_use]
pub fn of(action: &Action, before: Option<&Value>, after: Option<&Value>) -> Vec<Danger> {
    let mut dangers = match action {
        Action::Remove { .. } => vec![Danger::Removal],
        Action::Replace { .. } => vec![Danger::Replacement],
        Action::Create | Action::Update | Action::Adopt | Action::Move { .. } | Action::Follow { .. } => Vec::new(),
    };
    if let Some(after) = after.and_then(Value::as_object) {
        let before = before.and_then(Value::as_object);
        for (field, value) in after {
            let Some(asked) = document(value) else { continue };
            let former = before.and_then(|before| before.get(field)).and_then(document);
            let mut who = widens_trust(former.as_ref(), &asked);
            if before.is_none() {
                // All of a new resource is new; only that it is open to everyone must be said.
                let is_everyone = |who: &String| who.starts_with(EVERYONE) && is_open_to_the_world(&asked);
                who.retain(is_everyone);
            }
            if !who.is_empty() {
                dangers.push(Danger::WiderTrust { field: field.clone(), who });
            }
        }
    }
    dangers
}

/// The value as a policy document, if it looks like one: models hold documents as AWS policy JSON.
#[must_use]
pub fn document(value: &Value) -> Option<Document> {
    value.as_object()?.get("Statement")?;
    serde_json::from_value(value.clone()).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(before: Option<&Value>, after: &Value) -> Vec<String> {
        let of_field = |danger: Danger| match danger {
            Danger::WiderTrust { who, .. } => who,
            other => vec![format!("{other:?}")],
        };
        of(&Action::Create, before, Some(after)).into_iter().flat_map(of_field).collect()
    }

    fn resource(statement: &Value) -> Value {
        json!({ "name": "one", "policy": { "Version": "2012-10-17", "Statement": [statement] } })
    }

    #[test]
    fn a_new_thing_that_is_open_to_everyone_is_marked() {
        let open = json!({ "Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "*" });
        assert_eq!(told(None, &resource(&open)), ["everyone"]);
        let mut all_but = open.clone();
        all_but["NotPrincipal"] = json!({ "AWS": "arn:aws:iam::111111111111:role/x" });
        all_but.as_object_mut().unwrap().remove("Principal");
        assert_eq!(told(None, &resource(&all_but)), ["everyone but arn:aws:iam::111111111111:role/x"]);
    }

    #[test]
    fn a_new_thing_that_names_who_is_not() {
        let mut named = json!({ "Effect": "Allow", "Action": "sns:Publish", "Resource": "*" });
        for principal in [json!({ "AWS": "222222222222" }), json!({ "Service": "events.amazonaws.com" })] {
            named["Principal"] = principal;
            assert_eq!(told(None, &resource(&named)), [""; 0]);
        }
        named["Principal"] = json!("*");
        named["Condition"] = json!({ "StringEquals": { "aws:PrincipalOrgID": "o-1234567890" } });
        assert_eq!(told(None, &resource(&named)), [""; 0]);
        // Of what is there already, everyone who is new is told.
        let closed = json!({ "name": "one", "policy": null });
        assert_eq!(told(Some(&closed), &resource(&named)), ["everyone"]);
    }
}
