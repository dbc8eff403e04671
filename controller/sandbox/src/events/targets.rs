//! Targets of rules.
//!
//! Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html>.

use serde_json::{Value, json};

use super::state::{check_name, check_role, find_rule};
use super::{INVALID, parameters};
use crate::call::Call;
use crate::json_call::{Answer, Failure, Input, page};
use crate::world::World;

/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>.
const TARGETS_MAX: usize = 5;

/// The members of a target.
const KNOWN: [&str; 17] = [
    "Id",
    "Arn",
    "RoleArn",
    "Input",
    "InputPath",
    "InputTransformer",
    "KinesisParameters",
    "RunCommandParameters",
    "EcsParameters",
    "BatchParameters",
    "SqsParameters",
    "HttpParameters",
    "RedshiftDataParameters",
    "SageMakerPipelineParameters",
    "DeadLetterConfig",
    "RetryPolicy",
    "AppSyncParameters",
];

/// Services that EventBridge calls only by a role.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html>.
const BY_ROLE: [&str; 7] = ["batch", "codebuild", "codepipeline", "ecs", "kinesis", "ssm", "states"];

pub(super) fn put(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let targets = input.objects("Targets", 1, 100)?.ok_or_else(|| input.broken("Targets", "not be null"))?;
    let mut checked = Vec::new();
    for target in targets {
        check(world, call, target)?;
        checked.push((target.required("Id", 1, 64)?.to_owned(), target.members().clone()));
    }
    let rule = find_rule(world, call, input, "Rule")?;
    let mut all = rule.targets.clone();
    all.extend(checked);
    if all.len() > TARGETS_MAX {
        return Err(Failure::new(
            "LimitExceededException",
            "The requested resource exceeds the maximum number allowed.",
        ));
    }
    rule.targets = all;
    Ok(json!({ "FailedEntryCount": 0, "FailedEntries": [] }))
}

fn check(world: &World, call: &Call, target: Input<'_>) -> Result<(), Failure> {
    let id = target.required("Id", 1, 64)?;
    check_name(target, "Id", id, 64)?;
    if let Some(unknown) = target.members().keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(Failure::new("SerializationException", format!("A target has no member {unknown}.")));
    }
    let refused = |why: &str| Failure::new(INVALID, format!("Target {id}: {why}"));
    let arn = target.required("Arn", 1, 1_600)?;
    let Some(service) = arn.strip_prefix("arn:aws:").and_then(|rest| rest.split(':').next()) else {
        return Err(refused("Parameter Arn is not valid. Reason: Provided Arn is not in correct format."));
    };
    let role = target.text("RoleArn", 1, 1_600)?;
    if BY_ROLE.contains(&service) && role.is_none() {
        return Err(refused("RoleArn is required for this target."));
    }
    check_role(world, call, role)?;
    let inputs = ["Input", "InputPath", "InputTransformer"];
    if inputs.iter().filter(|name| target.value(name).is_some()).count() > 1 {
        return Err(refused("Only one of Input, InputPath, or InputTransformer must be provided."));
    }
    if target.text("Input", 0, 8_192)?.is_some_and(|text| serde_json::from_str::<Value>(text).is_err()) {
        return Err(refused("Parameter Input is not valid. Reason: JSON syntax error."));
    }
    if target.text("InputPath", 0, 256)?.is_some_and(|path| !path.starts_with('$')) {
        return Err(refused("Parameter InputPath is not valid."));
    }
    if let Some(transformer) = target.object("InputTransformer")? {
        transformer.required("InputTemplate", 1, 8_192)?;
        let paths = transformer.object("InputPathsMap")?.map(|paths| paths.members());
        if paths.is_some_and(|paths| paths.len() > 100 || paths.values().any(|path| !path.is_string())) {
            return Err(refused("Parameter InputPathsMap is not valid."));
        }
    }
    if let Some(retry) = target.object("RetryPolicy")? {
        retry.number("MaximumRetryAttempts", 0, 185)?;
        retry.number("MaximumEventAgeInSeconds", 60, 86_400)?;
    }
    if let Some(queue) = target.object("DeadLetterConfig")?
        && !queue.required("Arn", 1, 1_600)?.starts_with("arn:aws:sqs:")
    {
        return Err(refused("The dead-letter queue must be an SQS queue."));
    }
    parameters::check(target, service, arn).map_err(|failure| match failure.code {
        INVALID => refused(&failure.message),
        _ => failure,
    })
}

pub(super) fn list(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let size = input.number("Limit", 1, 100)?.and_then(|size| usize::try_from(size).ok()).unwrap_or(100);
    let token = input.text("NextToken", 1, 2_048)?;
    let rule = find_rule(world, call, input, "Rule")?;
    let items = rule.targets.iter().map(|(id, target)| (id.clone(), Value::Object(target.clone())));
    let (found, next) = page(items, token, size, INVALID)?;
    let mut answer = json!({ "Targets": found });
    if let Some(next) = next {
        answer["NextToken"] = next.into();
    }
    Ok(answer)
}

/// An id that is not there is no failure: it is gone.
pub(super) fn remove(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let ids = input.texts("Ids", 1, 100)?.ok_or_else(|| input.broken("Ids", "not be null"))?;
    let rule = find_rule(world, call, input, "Rule")?;
    for id in ids {
        rule.targets.remove(id);
    }
    Ok(json!({ "FailedEntryCount": 0, "FailedEntries": [] }))
}
