//! Targets as EventBridge writes them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_eventbridge::types as wire;
use aws_smithy_types::error::operation::BuildError;

use super::parameters::{self, Batch, Http, Redshift};
use super::{Ecs, InputTransformer, RetryPolicy, Target};

/// A target that AWS has.
pub(crate) fn target(live: &wire::Target) -> Target {
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let transformer = live.input_transformer().map(|transformer| InputTransformer {
        input_paths: transformer.input_paths_map().cloned().unwrap_or_default().into_iter().collect(),
        input_template: transformer.input_template().to_owned(),
    });
    let default = RetryPolicy::default();
    let retry_policy = live.retry_policy().map_or(default.clone(), |policy| RetryPolicy {
        maximum_retry_attempts: policy.maximum_retry_attempts().unwrap_or(default.maximum_retry_attempts),
        maximum_event_age_seconds: policy.maximum_event_age_in_seconds().unwrap_or(default.maximum_event_age_seconds),
    });
    let run_command = live.run_command_parameters().map(|parameters| parameters.run_command_targets());
    let values = |target: &wire::RunCommandTarget| target.values().iter().cloned().collect();
    let run_command = run_command.unwrap_or_default().iter().map(|target| (target.key().to_owned(), values(target)));
    Target {
        arn: live.arn().to_owned(),
        role: text(live.role_arn()),
        input: text(live.input()),
        input_path: text(live.input_path()),
        input_transformer: transformer,
        dead_letter_queue: text(live.dead_letter_config().and_then(|queue| queue.arn())),
        retry_policy,
        sqs_message_group_id: text(live.sqs_parameters().and_then(|sqs| sqs.message_group_id())),
        run_command_targets: run_command.collect(),
        ecs: live.ecs_parameters().map(Ecs::live),
        batch: live.batch_parameters().map(Batch::live),
        http: live.http_parameters().and_then(Http::live),
        kinesis_partition_key_path: live.kinesis_parameters().map(|kinesis| kinesis.partition_key_path().to_owned()),
        redshift: live.redshift_data_parameters().map(Redshift::live),
        sagemaker_pipeline_parameters: live
            .sage_maker_pipeline_parameters()
            .map(parameters::live_pipeline)
            .unwrap_or_default(),
        appsync_graphql_operation: text(live.app_sync_parameters().and_then(|api| api.graph_ql_operation())),
    }
}

/// Targets as PutTargets takes them.
///
/// # Errors
/// What the SDK does not take.
pub(super) fn to_wire(targets: &BTreeMap<String, Target>) -> Result<Vec<wire::Target>, BuildError> {
    targets.iter().map(|(id, target)| target_to_wire(id, target)).collect()
}

fn target_to_wire(id: &str, target: &Target) -> Result<wire::Target, BuildError> {
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
        sagemaker_pipeline_parameters,
        appsync_graphql_operation,
    } = target;
    let transformer = input_transformer.as_ref().map(|InputTransformer { input_paths, input_template }| {
        let paths = (!input_paths.is_empty()).then(|| input_paths.clone().into_iter().collect());
        wire::InputTransformer::builder().set_input_paths_map(paths).input_template(input_template).build()
    });
    let RetryPolicy { maximum_retry_attempts, maximum_event_age_seconds } = retry_policy;
    let retry = (*retry_policy != RetryPolicy::default()).then(|| {
        wire::RetryPolicy::builder()
            .maximum_retry_attempts(*maximum_retry_attempts)
            .maximum_event_age_in_seconds(*maximum_event_age_seconds)
            .build()
    });
    let queue = dead_letter_queue.as_ref().map(|queue| wire::DeadLetterConfig::builder().arn(queue).build());
    let sqs = sqs_message_group_id.as_ref().map(|group| wire::SqsParameters::builder().message_group_id(group).build());
    let kinesis = kinesis_partition_key_path
        .as_ref()
        .map(|path| wire::KinesisParameters::builder().partition_key_path(path).build());
    let appsync = appsync_graphql_operation
        .as_ref()
        .map(|operation| wire::AppSyncParameters::builder().graph_ql_operation(operation).build());
    wire::Target::builder()
        .id(id)
        .arn(arn)
        .set_role_arn(role.clone())
        .set_input(input.clone())
        .set_input_path(input_path.clone())
        .set_input_transformer(transformer.transpose()?)
        .set_dead_letter_config(queue)
        .set_retry_policy(retry)
        .set_sqs_parameters(sqs)
        .set_run_command_parameters(run_command(run_command_targets)?)
        .set_ecs_parameters(ecs.as_ref().map(Ecs::to_wire).transpose()?)
        .set_batch_parameters(batch.as_ref().map(Batch::to_wire).transpose()?)
        .set_http_parameters(http.as_ref().map(Http::to_wire))
        .set_kinesis_parameters(kinesis.transpose()?)
        .set_redshift_data_parameters(redshift.as_ref().map(Redshift::to_wire).transpose()?)
        .set_sage_maker_pipeline_parameters(parameters::pipeline_to_wire(sagemaker_pipeline_parameters)?)
        .set_app_sync_parameters(appsync)
        .build()
}

fn run_command(targets: &BTreeMap<String, BTreeSet<String>>) -> Result<Option<wire::RunCommandParameters>, BuildError> {
    if targets.is_empty() {
        return Ok(None);
    }
    let target = |(key, values): (&String, &BTreeSet<String>)| {
        wire::RunCommandTarget::builder().key(key).set_values(Some(values.iter().cloned().collect())).build()
    };
    let targets: Result<Vec<_>, BuildError> = targets.iter().map(target).collect();
    wire::RunCommandParameters::builder().set_run_command_targets(Some(targets?)).build().map(Some)
}
