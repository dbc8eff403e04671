//! The calls by which deployment groups change.

use aws_sdk_codedeploy::types::OutdatedInstancesStrategy;
use trueup_engine::perform::{OpContext, OpError};
use trueup_state::outputs::Outputs;

use super::settings::{Change, Settings};
use super::{DeploymentGroup, DeploymentGroupCall, DeploymentGroupOp, Group, wire};
use crate::application::perform::{tag, untag};
use crate::driver::{Driver, id_output, patiently};
use crate::error::Failure;
use crate::fields::Tags;
use crate::session::Session;
use crate::source::codedeploy::{tags_of, to_tags};

impl Driver for DeploymentGroup {
    async fn perform(op: DeploymentGroupOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        Ok(patiently(cx, || send(session, &op)).await?)
    }
}

/// Puts the settings of a change into a request; making and updating take them by the same names.
macro_rules! with_change {
    ($request:expr, $change:expr) => {{
        let Change {
            service_role,
            deployment_config,
            ec2_tags,
            ec2_tag_sets,
            on_premises_tags,
            on_premises_tag_sets,
            auto_scaling_groups,
            deployment_style,
            blue_green,
            load_balancers,
            ecs_services,
            auto_rollback,
            alarms,
            triggers,
            outdated_instances,
            termination_hook,
        }: &Change = $change;
        $request
            .set_service_role_arn(service_role.clone())
            .set_deployment_config_name(deployment_config.clone())
            .set_ec2_tag_filters(ec2_tags.as_ref().map(wire::to_ec2))
            .set_ec2_tag_set(ec2_tag_sets.as_ref().map(wire::to_ec2_set))
            .set_on_premises_instance_tag_filters(on_premises_tags.as_ref().map(wire::to_on_premises))
            .set_on_premises_tag_set(on_premises_tag_sets.as_ref().map(wire::to_on_premises_set))
            .set_auto_scaling_groups(auto_scaling_groups.as_ref().map(|names| names.iter().cloned().collect()))
            .set_deployment_style(deployment_style.as_ref().map(wire::to_style))
            .set_blue_green_deployment_configuration(blue_green.as_ref().map(wire::to_blue_green))
            .set_load_balancer_info(load_balancers.as_ref().map(wire::to_load_balancers))
            .set_ecs_services(ecs_services.as_ref().map(|services| services.iter().map(wire::to_service).collect()))
            .set_auto_rollback_configuration(auto_rollback.as_ref().map(wire::to_rollback))
            .set_alarm_configuration(alarms.as_ref().map(wire::to_alarms))
            .set_trigger_configurations(triggers.as_ref().map(|all| all.iter().map(wire::to_trigger).collect()))
            .set_outdated_instances_strategy(outdated_instances.as_deref().map(OutdatedInstancesStrategy::from))
            .set_termination_hook_enabled(*termination_hook)
    }};
}

async fn send(session: &Session, op: &DeploymentGroupOp) -> Result<Outputs, Failure> {
    let DeploymentGroupOp { group: Group { application, name }, arn, call } = op;
    let codedeploy = session.codedeploy();
    match call {
        DeploymentGroupCall::CreateDeploymentGroup { settings, tags } => {
            let request = codedeploy
                .create_deployment_group()
                .application_name(application)
                .deployment_group_name(name)
                .set_tags(Some(to_tags(tags)));
            let request = with_change!(request, &Change::between(&Settings::unsaid(), settings));
            let id = match request.send().await {
                Ok(answer) => answer.deployment_group_id.unwrap_or_default(),
                Err(error) => {
                    let failure = session.failure("codedeploy:CreateDeploymentGroup", &error);
                    if !failure.is("DeploymentGroupAlreadyExistsException") {
                        return Err(failure);
                    }
                    // The answer to an earlier attempt may have been lost: then the group is there, exactly as asked for.
                    made_already(session, op, settings, tags).await.ok_or(failure)?
                }
            };
            return Ok(id_output(&id));
        }
        DeploymentGroupCall::UpdateDeploymentGroup { new_name, change, releases: _, unnames: _ } => {
            let request = codedeploy
                .update_deployment_group()
                .application_name(application)
                .current_deployment_group_name(name)
                .set_new_deployment_group_name(new_name.clone());
            if let Err(error) = with_change!(request.clone(), change).send().await {
                let failure = session.failure("codedeploy:UpdateDeploymentGroup", &error);
                let Some(new_name) = new_name.as_ref().filter(|_| failure.is("DeploymentGroupDoesNotExistException"))
                else {
                    return Err(failure);
                };
                // The answer to an earlier attempt may have been lost: then it has its new name.
                let again = request.current_deployment_group_name(new_name).set_new_deployment_group_name(None);
                with_change!(again, change).send().await.map_err(|_| failure)?;
            }
        }
        DeploymentGroupCall::TagResource { tags } => tag(session, arn, tags).await?,
        DeploymentGroupCall::UntagResource { keys } => untag(session, arn, keys).await?,
        DeploymentGroupCall::DeleteDeploymentGroup { releases: _, unnames: _ } => {
            let request =
                codedeploy.delete_deployment_group().application_name(application).deployment_group_name(name);
            request.send().await.map_err(|error| session.failure("codedeploy:DeleteDeploymentGroup", &error))?;
        }
    }
    Ok(Outputs::new())
}

/// The id of the group, if it is just what the call would make.
async fn made_already(session: &Session, op: &DeploymentGroupOp, settings: &Settings, tags: &Tags) -> Option<String> {
    let Group { application, name } = &op.group;
    let request = session.codedeploy().get_deployment_group().application_name(application).deployment_group_name(name);
    let found = request.send().await.ok()?.deployment_group_info?;
    let same = wire::settings(&found) == *settings && tags_of(session, &op.arn).await.ok()? == *tags;
    same.then_some(found.deployment_group_id.unwrap_or_default())
}
