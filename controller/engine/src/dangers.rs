//! What in a change no one may miss.

use serde_json::Value;
use trueup_specs::policy::{Document, widens_trust};
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
                who.retain(|who| who.starts_with('*'));
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
