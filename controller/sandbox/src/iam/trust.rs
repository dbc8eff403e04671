//! Trust policies: stored with unique ids, shown with ARNs.

use serde_json::{Map, Value};

use super::document::{self, DocumentUse};
use super::fault::Fault;
use super::principal;
use crate::world::World;

/// The default quota of a trust policy's length.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length>.
const SIZE_MAX: usize = 2048;

/// In what order IAM writes the elements of a document it has taken apart.
const ORDER: [&str; 8] = ["Version", "Id", "Statement", "Sid", "Effect", "Principal", "Action", "Condition"];

/// The trust policy as it is stored, if IAM takes it.
pub(super) fn store(world: &World, text: &str) -> Result<String, Fault> {
    let policy = document::check(text, DocumentUse::Trust).map_err(Fault::malformed_policy)?;
    if document::size(text) > SIZE_MAX {
        return Err(Fault::quota("ACLSizePerRole", SIZE_MAX));
    }
    let interned = world
        .intern_principals(policy)
        .map_err(|unknown| Fault::malformed_policy(principal::invalid("AWS", &unknown)))?;
    Ok(in_order(interned).to_string())
}

/// The stored trust policy as a reader sees it.
pub(super) fn show(world: &World, stored: &str) -> String {
    match serde_json::from_str(stored) {
        Ok(policy) => world.show_principals(&policy).to_string(),
        // Only a state file changed by hand gets here; what it says is shown as it is.
        Err(_) => stored.to_owned(),
    }
}

/// The document with its elements, and those of its statements, in IAM's order; a lone statement becomes a list.
fn in_order(policy: Value) -> Value {
    let Value::Object(members) = policy else { return policy };
    let mut policy = sorted(members);
    if let Some(statements) = policy.get_mut("Statement") {
        let list = match statements.take() {
            Value::Array(list) => list,
            single => vec![single],
        };
        let order = |statement| match statement {
            Value::Object(members) => Value::Object(sorted(members)),
            other => other,
        };
        *statements = list.into_iter().map(order).collect();
    }
    Value::Object(policy)
}

fn sorted(members: Map<String, Value>) -> Map<String, Value> {
    let mut members: Vec<(String, Value)> = members.into_iter().collect();
    members.sort_by_key(|(name, _)| ORDER.iter().position(|known| known == name).unwrap_or(ORDER.len()));
    members.into_iter().collect()
}
