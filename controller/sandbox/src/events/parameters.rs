//! What only one sort of target takes.
//!
//! Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html>.

use serde_json::Value;

use super::INVALID;
use crate::json_call::{Failure, Input};

/// The members that go with a service, and whether its targets can't be without.
const ROWS: [(&str, &[&str], bool); 9] = [
    ("AppSyncParameters", &["appsync"], true),
    ("BatchParameters", &["batch"], true),
    ("EcsParameters", &["ecs"], true),
    ("HttpParameters", &["execute-api", "events"], false),
    ("KinesisParameters", &["kinesis"], false),
    ("RedshiftDataParameters", &["redshift", "redshift-serverless"], true),
    ("RunCommandParameters", &["ssm"], false),
    ("SageMakerPipelineParameters", &["sagemaker"], false),
    ("SqsParameters", &["sqs"], false),
];

fn refused(why: impl Into<String>) -> Failure {
    Failure::new(INVALID, why)
}

pub(super) fn check(target: Input<'_>, service: &str, arn: &str) -> Result<(), Failure> {
    for (member, services, needed) in ROWS {
        let fits = services.contains(&service) && (service != "events" || arn.contains(":api-destination/"));
        let given = target.object(member)?;
        if given.is_some() && !fits || given.is_none() && fits && needed {
            return Err(refused(format!("{member} goes with {}, and this is {arn}.", services.join(" and "))));
        }
        let Some(given) = given else { continue };
        match member {
            "AppSyncParameters" => only(given, &["GraphQLOperation"])
                .and_then(|()| given.text("GraphQLOperation", 1, 1_048_576).map(drop))?,
            "BatchParameters" => batch(given)?,
            "EcsParameters" => ecs(given)?,
            "HttpParameters" => http(given)?,
            "KinesisParameters" => {
                only(given, &["PartitionKeyPath"])?;
                given.required("PartitionKeyPath", 0, 256)?;
            }
            "RedshiftDataParameters" => redshift(given)?,
            "RunCommandParameters" => run_command(given)?,
            "SageMakerPipelineParameters" => pipeline(given)?,
            _ => {
                only(given, &["MessageGroupId"])?;
                given.text("MessageGroupId", 0, 100)?;
            }
        }
    }
    Ok(())
}

/// Refuses members that the API's model does not have.
fn only(input: Input<'_>, known: &[&str]) -> Result<(), Failure> {
    match input.members().keys().find(|name| !known.contains(&name.as_str())) {
        Some(unknown) => Err(Failure::new("SerializationException", format!("There is no member {unknown}."))),
        None => Ok(()),
    }
}

fn batch(batch: Input<'_>) -> Result<(), Failure> {
    only(batch, &["JobDefinition", "JobName", "ArrayProperties", "RetryStrategy"])?;
    batch.required("JobDefinition", 1, 1_600)?;
    batch.required("JobName", 1, 128)?;
    if let Some(array) = batch.object("ArrayProperties")? {
        array.number("Size", 2, 10_000)?;
    }
    if let Some(retry) = batch.object("RetryStrategy")? {
        retry.number("Attempts", 1, 10)?;
    }
    Ok(())
}

fn ecs(ecs: Input<'_>) -> Result<(), Failure> {
    only(
        ecs,
        &[
            "TaskDefinitionArn",
            "TaskCount",
            "LaunchType",
            "NetworkConfiguration",
            "PlatformVersion",
            "Group",
            "CapacityProviderStrategy",
            "EnableECSManagedTags",
            "EnableExecuteCommand",
            "PlacementConstraints",
            "PlacementStrategy",
            "PropagateTags",
            "ReferenceId",
            "Tags",
        ],
    )?;
    ecs.required("TaskDefinitionArn", 1, 1_600)?;
    ecs.number("TaskCount", 1, i64::from(i32::MAX))?;
    let launch = ecs.word("LaunchType", &["EC2", "FARGATE", "EXTERNAL"])?;
    ecs.text("PlatformVersion", 0, 255)?;
    ecs.text("Group", 0, 255)?;
    ecs.flag("EnableECSManagedTags")?;
    ecs.flag("EnableExecuteCommand")?;
    ecs.word("PropagateTags", &["TASK_DEFINITION"])?;
    ecs.text("ReferenceId", 0, 1_024)?;
    ecs.tags("Tags", INVALID)?;
    let providers = ecs.objects("CapacityProviderStrategy", 0, 6)?.unwrap_or_default();
    for provider in &providers {
        only(*provider, &["capacityProvider", "weight", "base"])?;
        provider.required("capacityProvider", 1, 255)?;
        provider.number("weight", 0, 1_000)?;
        provider.number("base", 0, 100_000)?;
    }
    for constraint in ecs.objects("PlacementConstraints", 0, 10)?.unwrap_or_default() {
        only(constraint, &["type", "expression"])?;
        let sort = constraint.word("type", &["distinctInstance", "memberOf"])?;
        if constraint.text("expression", 0, 2_000)?.is_some() != (sort == Some("memberOf")) {
            return Err(refused("An expression goes with the constraint memberOf."));
        }
    }
    for strategy in ecs.objects("PlacementStrategy", 0, 5)?.unwrap_or_default() {
        only(strategy, &["type", "field"])?;
        strategy.word("type", &["random", "spread", "binpack"])?;
        strategy.text("field", 0, 255)?;
    }
    if launch.is_some() && !providers.is_empty() {
        return Err(refused("LaunchType and CapacityProviderStrategy exclude each other."));
    }
    let network = match ecs.object("NetworkConfiguration")? {
        Some(network) => network.object("awsvpcConfiguration")?,
        None => None,
    };
    if let Some(network) = network {
        network.texts("Subnets", 1, 16)?.ok_or_else(|| network.broken("Subnets", "not be null"))?;
        network.texts("SecurityGroups", 0, 5)?;
        let public = network.word("AssignPublicIp", &["ENABLED", "DISABLED"])? == Some("ENABLED");
        if public && launch != Some("FARGATE") && providers.is_empty() {
            return Err(refused("AssignPublicIp goes with Fargate."));
        }
    } else if launch == Some("FARGATE") {
        return Err(refused("A task on Fargate needs a NetworkConfiguration."));
    }
    Ok(())
}

fn http(http: Input<'_>) -> Result<(), Failure> {
    only(http, &["PathParameterValues", "HeaderParameters", "QueryStringParameters"])?;
    if http.texts("PathParameterValues", 0, 100)?.into_iter().flatten().any(|part| part.trim().is_empty()) {
        return Err(http.broken("PathParameterValues", "satisfy regular expression pattern: ^(?!\\s*$).+"));
    }
    for member in ["HeaderParameters", "QueryStringParameters"] {
        let Some(map) = http.object(member)? else { continue };
        for (name, value) in map.members() {
            let sound = !name.is_empty() && name.len() <= 512 && (member != "HeaderParameters" || !name.contains(' '));
            if !sound || value.as_str().is_none_or(|value| value.len() > 512) {
                return Err(http.broken(member, "be names and values of at most 512 characters"));
            }
        }
    }
    Ok(())
}

fn redshift(redshift: Input<'_>) -> Result<(), Failure> {
    only(redshift, &["SecretManagerArn", "Database", "DbUser", "Sql", "StatementName", "WithEvent", "Sqls"])?;
    redshift.required("Database", 1, 64)?;
    redshift.text("DbUser", 1, 128)?;
    redshift.text("StatementName", 1, 500)?;
    redshift.flag("WithEvent")?;
    let secret = redshift.text("SecretManagerArn", 1, 1_600)?;
    if secret.is_some_and(|arn| !arn.starts_with("arn:aws:secretsmanager:") && !arn.starts_with('$')) {
        return Err(redshift.broken("SecretManagerArn", "be the ARN of a secret"));
    }
    let one = redshift.text("Sql", 1, 100_000)?;
    let several = redshift.texts("Sqls", 0, 40)?.unwrap_or_default();
    if one.is_some() != several.is_empty() {
        return Err(refused("Either Sql or Sqls must be specified."));
    }
    Ok(())
}

fn run_command(command: Input<'_>) -> Result<(), Failure> {
    only(command, &["RunCommandTargets"])?;
    let targets = command.objects("RunCommandTargets", 1, 5)?;
    for target in targets.ok_or_else(|| command.broken("RunCommandTargets", "not be null"))? {
        only(target, &["Key", "Values"])?;
        target.required("Key", 1, 128)?;
        target.texts("Values", 1, 50)?.ok_or_else(|| target.broken("Values", "not be null"))?;
    }
    Ok(())
}

fn pipeline(pipeline: Input<'_>) -> Result<(), Failure> {
    only(pipeline, &["PipelineParameterList"])?;
    for parameter in pipeline.objects("PipelineParameterList", 0, 200)?.unwrap_or_default() {
        only(parameter, &["Name", "Value"])?;
        let name = parameter.required("Name", 1, 256)?;
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') && !name.starts_with('-');
        if !plain || name.ends_with('-') || parameter.value("Value").and_then(Value::as_str).is_none() {
            return Err(parameter.broken("Name", "satisfy regular expression pattern: ^[a-zA-Z0-9](-*[a-zA-Z0-9])*$"));
        }
    }
    Ok(())
}
