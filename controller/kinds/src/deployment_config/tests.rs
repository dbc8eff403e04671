use proptest::prelude::*;
use serde_json::json;
use trueup_sandbox::{Faults, Sandbox};

use super::{DeploymentConfig, DeploymentConfigModel, Hosts, Routing, Settings, Zonal};
use crate::laws;

fn hosts() -> impl Strategy<Value = Hosts> {
    ("HOST_COUNT|FLEET_PERCENT", 0..99).prop_map(|(sort, value)| Hosts { sort, value })
}

fn server() -> impl Strategy<Value = Settings> {
    let seconds = || proptest::option::of(0_i64..9);
    let zonal = (seconds(), seconds(), proptest::option::of(hosts())).prop_map(|(monitor, first, hosts)| Zonal {
        monitor_seconds: monitor,
        first_zone_monitor_seconds: first,
        minimum_healthy_hosts_per_zone: hosts,
    });
    (hosts(), proptest::option::of(zonal)).prop_map(|(hosts, zonal)| Settings {
        compute_platform: "Server".to_owned(),
        minimum_healthy_hosts: Some(hosts),
        traffic_routing: None,
        zonal,
    })
}

fn shifting() -> impl Strategy<Value = Settings> {
    ("Lambda|ECS", "AllAtOnce|TimeBasedCanary|TimeBasedLinear", 1..99, 1..9).prop_map(
        |(platform, sort, percentage, minutes)| {
            let steps = sort != "AllAtOnce";
            Settings {
                compute_platform: platform,
                minimum_healthy_hosts: None,
                traffic_routing: Some(Routing {
                    sort,
                    percentage: steps.then_some(percentage),
                    interval_minutes: steps.then_some(minutes),
                }),
                zonal: None,
            }
        },
    )
}

fn models() -> impl Strategy<Value = DeploymentConfigModel> {
    prop_oneof![server(), shifting()].prop_map(|settings| DeploymentConfigModel { name: "slow".to_owned(), settings })
}

proptest! {
    #[test]
    fn laws_hold(one in models(), two in models(), name in "slow|renamed") {
        laws::hold_all::<DeploymentConfig>(&one, &DeploymentConfigModel { name, ..two });
    }
}

fn trip(models: Vec<DeploymentConfigModel>, faults: Faults) {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    laws::paused(laws::rough_trip::<DeploymentConfig>(&sandbox, "slow", models, faults));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn aws_holds_what_the_models_say(models in proptest::collection::vec(models(), 1..6)) {
        trip(models, Faults::default());
    }

    #[test]
    fn so_it_does_when_answers_are_lost(models in proptest::collection::vec(models(), 1..6), faults in laws::faults()) {
        trip(models, faults);
    }
}

#[test]
fn a_spec_becomes_a_model() {
    let toml = r#"
        [scope]
        account = "tooling"
        [deployment_config.half]
        minimum_healthy_hosts = { type = "FLEET_PERCENT", value = 50 }
        [deployment_config.zones]
        minimum_healthy_hosts = { type = "HOST_COUNT", value = 2 }
        zonal = { monitor_seconds = 60, minimum_healthy_hosts_per_zone = { type = "FLEET_PERCENT", value = 75 } }
        [deployment_config.canary]
        compute_platform = "Lambda"
        traffic_routing = { type = "TimeBasedCanary", percentage = 15, interval_minutes = 15 }
        [deployment_config.plain]
        compute_platform = "ECS"
    "#;
    let models = laws::desired::<DeploymentConfig>(toml).unwrap_or_else(|problems| panic!("{problems}"));
    let shown: Vec<_> = models
        .iter()
        .map(|(address, identity, model)| {
            json!({ "address": address, "name": identity.name, "claim": identity.claim, "outputs": identity.outputs, "model": model })
        })
        .collect();
    insta::assert_json_snapshot!(shown);
}

#[test]
fn what_codedeploy_would_refuse_is_told_with_its_place() {
    let toml = r#"
        [scope]
        account = "tooling"
        [deployment_config.a]
        name = "CodeDeployDefault.Mine"
        traffic_routing = { type = "AllAtOnce", percentage = 10 }
        [deployment_config.b]
        compute_platform = "ECS"
        minimum_healthy_hosts = { type = "FLEET_PERCENT", value = 100 }
        zonal = {}
    "#;
    insta::assert_snapshot!(laws::desired::<DeploymentConfig>(toml).unwrap_err());
}
