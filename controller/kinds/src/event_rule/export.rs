//! From a live rule to what a spec says of it.

use serde_json::{Value, json};
use trueup_engine::kind::{At, Export};

use super::{Ecs, EventRuleModel, InputTransformer, RetryPolicy, Target};
use crate::fields::unless;

pub(super) fn export(at: &At, rule: &EventRuleModel) -> Export {
    let targets: Vec<Value> = rule.targets.iter().map(|(id, target)| target_of(id, target)).collect();
    Export::same(rule)
        .with("event_bus", at.arn("events", &format!("event-bus/{}", rule.event_bus)))
        .with("targets", targets)
}

/// A target as an entry of the list. What no field says is looked at when the spec is read again.
fn target_of(id: &str, target: &Target) -> Value {
    let Target {
        arn,
        role,
        input,
        input_path,
        input_transformer,
        dead_letter_queue,
        retry_policy,
        sqs_message_group_id,
        run_command_targets,
        ecs,
        batch,
        http,
        kinesis_partition_key_path,
        redshift,
        sagemaker_pipeline_parameters: pipeline,
        appsync_graphql_operation,
    } = target;
    let commands: Vec<Value> =
        run_command_targets.iter().map(|(key, values)| json!({ "key": key, "values": values })).collect();
    json!({
        "id": id,
        "arn": arn,
        "role": role,
        "input": input,
        "input_path": input_path,
        "input_transformer": input_transformer.as_ref().map(transformer),
        "dead_letter_queue": dead_letter_queue,
        "retry_policy": retry(retry_policy),
        "sqs_message_group_id": sqs_message_group_id,
        "run_command_targets": unless(commands.is_empty(), json!(commands)),
        "ecs": ecs.as_ref().map(task),
        "batch": batch,
        "http": http,
        "kinesis_partition_key_path": kinesis_partition_key_path,
        "redshift": redshift,
        "sagemaker_pipeline_parameters": unless(pipeline.is_empty(), json!(pipeline)),
        "appsync_graphql_operation": appsync_graphql_operation,
    })
}

fn transformer(transformer: &InputTransformer) -> Value {
    let InputTransformer { input_paths, input_template } = transformer;
    json!({ "input_paths": unless(input_paths.is_empty(), json!(input_paths)), "input_template": input_template })
}

fn retry(policy: &RetryPolicy) -> Value {
    let RetryPolicy { maximum_retry_attempts: attempts, maximum_event_age_seconds: age } = policy;
    let default = RetryPolicy::default();
    let fields = json!({
        "maximum_retry_attempts": unless(*attempts == default.maximum_retry_attempts, json!(attempts)),
        "maximum_event_age_seconds": unless(*age == default.maximum_event_age_seconds, json!(age)),
    });
    unless(*policy == default, fields)
}

fn task(ecs: &Ecs) -> Value {
    let Ecs {
        task_definition,
        task_count,
        launch_type,
        capacity_providers,
        platform_version,
        group,
        subnets,
        security_groups,
        assign_public_ip,
        placement_constraints,
        placement_strategy,
        enable_ecs_managed_tags,
        enable_execute_command,
        propagate_tags,
        reference_id,
        tags,
    } = ecs;
    json!({
        "task_definition": task_definition,
        "task_count": unless(*task_count == 1, json!(task_count)),
        "launch_type": launch_type,
        "platform_version": platform_version,
        "group": group,
        "subnets": unless(subnets.is_empty(), json!(subnets)),
        "security_groups": unless(security_groups.is_empty(), json!(security_groups)),
        "assign_public_ip": unless(!*assign_public_ip, json!(assign_public_ip)),
        "capacity_providers": unless(capacity_providers.is_empty(), json!(capacity_providers)),
        "placement_constraints": unless(placement_constraints.is_empty(), json!(placement_constraints)),
        "placement_strategy": unless(placement_strategy.is_empty(), json!(placement_strategy)),
        "enable_ecs_managed_tags": unless(!*enable_ecs_managed_tags, json!(enable_ecs_managed_tags)),
        "enable_execute_command": unless(!*enable_execute_command, json!(enable_execute_command)),
        "propagate_tags": unless(!*propagate_tags, json!(propagate_tags)),
        "reference_id": reference_id,
        "tags": unless(tags.is_empty(), json!(tags)),
    })
}
