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
    if let (Some(before), Some(after)) = (before.and_then(Value::as_object), after.and_then(Value::as_object)) {
        for (field, value) in after {
            let Some(asked) = document(value) else { continue };
            let who = widens_trust(before.get(field).and_then(document).as_ref(), &asked);
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
