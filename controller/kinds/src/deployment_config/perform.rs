//! The calls by which deployment configurations change.

use aws_sdk_codedeploy::types as aws;
use trueup_engine::perform::{OpContext, OpError};
use trueup_state::outputs::Outputs;

use super::{DeploymentConfig, DeploymentConfigModel, DeploymentConfigOp, Hosts, Routing, Settings, Zonal};
use crate::driver::{Driver, id_output, patiently};
use crate::error::Failure;
use crate::session::Session;

impl Driver for DeploymentConfig {
    async fn perform(op: DeploymentConfigOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        Ok(patiently(cx, || send(session, &op)).await?)
    }
}

async fn send(session: &Session, op: &DeploymentConfigOp) -> Result<Outputs, Failure> {
    match op {
        DeploymentConfigOp::CreateDeploymentConfig(model) => create(session, model).await,
        DeploymentConfigOp::DeleteDeploymentConfig { name } => {
            let request = session.codedeploy().delete_deployment_config().deployment_config_name(name);
            request.send().await.map_err(|error| session.failure("codedeploy:DeleteDeploymentConfig", &error))?;
            Ok(Outputs::new())
        }
    }
}

async fn create(session: &Session, model: &DeploymentConfigModel) -> Result<Outputs, Failure> {
    let DeploymentConfigModel { name, settings } = model;
    let Settings { compute_platform, minimum_healthy_hosts, traffic_routing, zonal } = settings;
    let request = session
        .codedeploy()
        .create_deployment_config()
        .deployment_config_name(name)
        .compute_platform(aws::ComputePlatform::from(compute_platform.as_str()))
        .set_minimum_healthy_hosts(minimum_healthy_hosts.as_ref().map(to_hosts))
        .set_traffic_routing_config(traffic_routing.as_ref().map(to_routing))
        .set_zonal_config(zonal.as_ref().map(to_zonal));
    match request.send().await {
        Ok(answer) => Ok(id_output(answer.deployment_config_id().unwrap_or_default())),
        Err(error) => {
            let failure = session.failure("codedeploy:CreateDeploymentConfig", &error);
            if !failure.is("DeploymentConfigAlreadyExistsException") {
                return Err(failure);
            }
            // The answer to an earlier attempt may have been lost: then the configuration is there, exactly as asked for.
            let found = session.codedeploy().get_deployment_config().deployment_config_name(name).send().await;
            let found = found.ok().and_then(|answer| answer.deployment_config_info);
            let found = found.filter(|found| Settings::from_live(found) == *settings).ok_or(failure)?;
            Ok(id_output(found.deployment_config_id().unwrap_or_default()))
        }
    }
}

fn to_hosts(hosts: &Hosts) -> aws::MinimumHealthyHosts {
    let Hosts { sort, value } = hosts;
    aws::MinimumHealthyHosts::builder().r#type(aws::MinimumHealthyHostsType::from(sort.as_str())).value(*value).build()
}

fn to_routing(routing: &Routing) -> aws::TrafficRoutingConfig {
    let Routing { sort, percentage, interval_minutes } = routing;
    let request = aws::TrafficRoutingConfig::builder().r#type(aws::TrafficRoutingType::from(sort.as_str()));
    match sort.as_str() {
        "TimeBasedCanary" => request.time_based_canary(
            aws::TimeBasedCanary::builder()
                .set_canary_percentage(*percentage)
                .set_canary_interval(*interval_minutes)
                .build(),
        ),
        "TimeBasedLinear" => request.time_based_linear(
            aws::TimeBasedLinear::builder()
                .set_linear_percentage(*percentage)
                .set_linear_interval(*interval_minutes)
                .build(),
        ),
        _ => request,
    }
    .build()
}

fn to_zonal(zonal: &Zonal) -> aws::ZonalConfig {
    let Zonal { monitor_seconds, first_zone_monitor_seconds, minimum_healthy_hosts_per_zone } = zonal;
    let per_zone = minimum_healthy_hosts_per_zone.as_ref().map(|Hosts { sort, value }| {
        aws::MinimumHealthyHostsPerZone::builder()
            .r#type(aws::MinimumHealthyHostsPerZoneType::from(sort.as_str()))
            .value(*value)
            .build()
    });
    aws::ZonalConfig::builder()
        .set_monitor_duration_in_seconds(*monitor_seconds)
        .set_first_zone_monitor_duration_in_seconds(*first_zone_monitor_seconds)
        .set_minimum_healthy_hosts_per_zone(per_zone)
        .build()
}
