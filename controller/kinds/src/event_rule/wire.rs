//! Targets as EventBridge writes them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_eventbridge::types::{self as wire, AssignPublicIp};
use aws_smithy_types::error::operation::BuildError;

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
        ecs: live.ecs_parameters().map(task),
        other_parameters: others(live),
    }
}

/// The parameters no spec can say.
fn others(live: &wire::Target) -> BTreeSet<String> {
    let mut others = vec![
        ("KinesisParameters", live.kinesis_parameters().is_some()),
        ("BatchParameters", live.batch_parameters().is_some()),
        ("HttpParameters", live.http_parameters().is_some()),
        ("RedshiftDataParameters", live.redshift_data_parameters().is_some()),
        ("SageMakerPipelineParameters", live.sage_maker_pipeline_parameters().is_some()),
        ("AppSyncParameters", live.app_sync_parameters().is_some()),
    ];
    if let Some(ecs) = live.ecs_parameters() {
        others.extend([
            ("EcsParameters.CapacityProviderStrategy", !ecs.capacity_provider_strategy().is_empty()),
            ("EcsParameters.EnableECSManagedTags", ecs.enable_ecs_managed_tags()),
            ("EcsParameters.EnableExecuteCommand", ecs.enable_execute_command()),
            ("EcsParameters.PlacementConstraints", !ecs.placement_constraints().is_empty()),
            ("EcsParameters.PlacementStrategy", !ecs.placement_strategy().is_empty()),
            ("EcsParameters.PropagateTags", ecs.propagate_tags().is_some()),
            ("EcsParameters.ReferenceId", ecs.reference_id().is_some()),
            ("EcsParameters.Tags", !ecs.tags().is_empty()),
        ]);
    }
    others.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| name.to_owned()).collect()
}

fn task(live: &wire::EcsParameters) -> Ecs {
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let network = live.network_configuration().and_then(|network| network.awsvpc_configuration());
    Ecs {
        task_definition: live.task_definition_arn().to_owned(),
        task_count: live.task_count().unwrap_or(1),
        launch_type: live.launch_type().map(|sort| sort.as_str().to_owned()),
        platform_version: text(live.platform_version()),
        group: text(live.group()),
        subnets: network.map(|network| network.subnets().iter().cloned().collect()).unwrap_or_default(),
        security_groups: network.map(|network| network.security_groups().iter().cloned().collect()).unwrap_or_default(),
        assign_public_ip: network.is_some_and(|network| network.assign_public_ip() == Some(&AssignPublicIp::Enabled)),
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
        other_parameters: _, // no spec says them: putting the target takes them away
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
        .set_ecs_parameters(ecs.as_ref().map(task_to_wire).transpose()?)
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

fn task_to_wire(ecs: &Ecs) -> Result<wire::EcsParameters, BuildError> {
    let Ecs {
        task_definition,
        task_count,
        launch_type,
        platform_version,
        group,
        subnets,
        security_groups,
        assign_public_ip,
    } = ecs;
    let network = (!subnets.is_empty()).then(|| {
        let list = |set: &BTreeSet<String>| (!set.is_empty()).then(|| set.iter().cloned().collect::<Vec<_>>());
        wire::AwsVpcConfiguration::builder()
            .set_subnets(list(subnets))
            .set_security_groups(list(security_groups))
            .set_assign_public_ip(assign_public_ip.then_some(AssignPublicIp::Enabled))
            .build()
    });
    let network = network.transpose()?;
    let network = network.map(|vpc| wire::NetworkConfiguration::builder().awsvpc_configuration(vpc).build());
    wire::EcsParameters::builder()
        .task_definition_arn(task_definition)
        .task_count(*task_count)
        .set_launch_type(launch_type.as_deref().map(wire::LaunchType::from))
        .set_platform_version(platform_version.clone())
        .set_group(group.clone())
        .set_network_configuration(network)
        .build()
}
