//! Repository policies.
//!
//! Source: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SetRepositoryPolicy.html>.

use serde_json::{Value, json};

use super::INVALID;
use super::state::named;
use crate::call::Call;
use crate::iam::{self, DocumentUse};
use crate::json_call::{Answer, Failure, Input};
use crate::sts::trust::texts;
use crate::world::World;

/// The bound of the API's model.
pub(super) const POLICY_CHARACTERS_MAX: usize = 10_240;

pub(super) fn get(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let (name, found) = named(world, call, input)?;
    let policy = found.policy.clone().ok_or_else(|| absent(call, name))?;
    Ok(answer(world, call, name, &policy))
}

pub(super) fn set(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let text = input.required("policyText", 0, POLICY_CHARACTERS_MAX)?;
    input.flag("force")?;
    let (name, _) = named(world, call, input)?;
    let policy = checked(world, text, DocumentUse::Repository)?;
    let (_, found) = named(world, call, input)?;
    found.policy = Some(policy.clone());
    Ok(answer(world, call, name, &policy))
}

pub(super) fn delete(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let (name, found) = named(world, call, input)?;
    let policy = found.policy.take().ok_or_else(|| absent(call, name))?;
    Ok(answer(world, call, name, &policy))
}

fn answer(world: &World, call: &Call, name: &str, policy: &Value) -> Value {
    let text = format!("{:#}", world.show_principals(policy));
    json!({ "registryId": call.caller.account, "repositoryName": name, "policyText": text })
}

fn absent(call: &Call, name: &str) -> Failure {
    let registry = &call.caller.account;
    let message = format!(
        "Repository policy does not exist for the repository with name '{name}' in the registry with id '{registry}'"
    );
    Failure::new("RepositoryPolicyNotFoundException", message)
}

/// A policy as it is stored: its grammar, its actions and its principals are right.
pub(super) fn checked(world: &World, text: &str, use_: DocumentUse) -> Result<Value, Failure> {
    let refused = |why: &str| {
        Failure::new(INVALID, format!("Invalid parameter at 'PolicyText' failed to satisfy constraint: '{why}'"))
    };
    let policy = iam::check(text, use_).map_err(|_| refused("Invalid repository policy provided"))?;
    let statements = match policy.get("Statement") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(single) => std::slice::from_ref(single),
        None => &[],
    };
    let mut actions = statements
        .iter()
        .flat_map(|statement| texts(statement.get("Action")).into_iter().chain(texts(statement.get("NotAction"))));
    let of_ecr = |action: &str| action == "*" || action.to_ascii_lowercase().starts_with("ecr:");
    if !actions.all(of_ecr) {
        return Err(refused("Invalid repository policy provided"));
    }
    world.intern_principals(policy).map_err(|_| refused("Principal not found"))
}
