//! Deployment configurations, AWS's own and custom ones.
//!
//! Source: <https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html>.

use serde_json::{Map, Value, json};

use super::applications::platform;
use super::failure::Failure;
use super::input::{CONFIG, Input};
use super::state::{Config, State, new_id, own, seconds};
use crate::call::Call;
use crate::world::World;

/// Custom configurations of an account and region.
/// Source: <https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html>.
const CONFIGS_MAX: usize = 50;

/// What the names of AWS's own begin with, whatever the case.
const RESERVED: &str = "codedeploydefault";

/// AWS's own for servers: name, sort and number of hosts that must stay healthy.
const SERVER: [(&str, &str, u32); 3] =
    [("AllAtOnce", "HOST_COUNT", 0), ("HalfAtATime", "FLEET_PERCENT", 50), ("OneAtATime", "FLEET_PERCENT", 99)];

/// AWS's own that shift traffic: platform, `Canary` or `Linear`, percentage, minutes.
const SHIFTING: [(&str, &str, u32, u32); 12] = [
    ("Lambda", "Canary", 10, 5),
    ("Lambda", "Canary", 10, 10),
    ("Lambda", "Canary", 10, 15),
    ("Lambda", "Canary", 10, 30),
    ("Lambda", "Linear", 10, 1),
    ("Lambda", "Linear", 10, 2),
    ("Lambda", "Linear", 10, 3),
    ("Lambda", "Linear", 10, 10),
    ("ECS", "Canary", 10, 5),
    ("ECS", "Canary", 10, 15),
    ("ECS", "Linear", 10, 1),
    ("ECS", "Linear", 10, 3),
];

fn own_of_aws() -> Vec<(String, Map<String, Value>)> {
    let mut all = Vec::new();
    let mut put = |name: String, platform: &str, rest: Value| {
        let name = format!("CodeDeployDefault.{name}");
        let id = format!("00000000-0000-0000-0000-{:012}", all.len() + 1);
        let mut members = Map::new();
        members.insert("deploymentConfigId".to_owned(), json!(id));
        members.insert("deploymentConfigName".to_owned(), json!(name));
        members.insert("createTime".to_owned(), json!(1_417_392_000.0));
        members.insert("computePlatform".to_owned(), json!(platform));
        if let Value::Object(rest) = rest {
            members.extend(rest);
        }
        all.push((name, members));
    };
    for (name, sort, value) in SERVER {
        put(name.to_owned(), "Server", json!({ "minimumHealthyHosts": { "type": sort, "value": value } }));
    }
    for platform in ["Lambda", "ECS"] {
        put(format!("{platform}AllAtOnce"), platform, json!({ "trafficRoutingConfig": { "type": "AllAtOnce" } }));
    }
    for (platform, sort, percentage, minutes) in SHIFTING {
        let every = if sort == "Linear" { "Every" } else { "" };
        // AWS says `Every1Minute` of Lambda and `Every1Minutes` of ECS.
        let unit = if minutes == 1 && platform == "Lambda" { "Minute" } else { "Minutes" };
        let routing = if sort == "Linear" {
            json!({ "type": "TimeBasedLinear", "timeBasedLinear": { "linearPercentage": percentage, "linearInterval": minutes } })
        } else {
            json!({ "type": "TimeBasedCanary", "timeBasedCanary": { "canaryPercentage": percentage, "canaryInterval": minutes } })
        };
        let name = format!("{platform}{sort}{percentage}Percent{every}{minutes}{unit}");
        put(name, platform, json!({ "trafficRoutingConfig": routing }));
    }
    all
}

/// A configuration as it is shown, AWS's own too.
pub(super) fn find(state: &State, name: &str) -> Option<Map<String, Value>> {
    let custom = state.configs.get(name).map(|config| config.members.clone());
    custom.or_else(|| own_of_aws().into_iter().find(|(known, _)| known == name).map(|(_, members)| members))
}

pub(super) fn create(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let name = input.name("deploymentConfigName", &CONFIG)?;
    if name.to_ascii_lowercase().starts_with(RESERVED) {
        return Err(Failure::new(
            CONFIG.invalid,
            "Names of deployment configurations can't begin with CodeDeployDefault",
        ));
    }
    let platform = platform(input)?;
    let mut members = Map::new();
    let hosts = input.value("minimumHealthyHosts");
    let routing = input.value("trafficRoutingConfig");
    let zonal = input.value("zonalConfig");
    if platform == "Server" {
        if routing.is_some() {
            return Err(bad_routing("Traffic routing is not for the compute platform Server"));
        }
        let hosts =
            hosts.ok_or_else(|| bad_hosts("minimumHealthyHosts is required for the compute platform Server"))?;
        check_hosts(hosts)?;
        members.insert("minimumHealthyHosts".to_owned(), hosts.clone());
        if let Some(zonal) = zonal {
            check_zonal(zonal)?;
            members.insert("zonalConfig".to_owned(), zonal.clone());
        }
    } else {
        if hosts.is_some() {
            return Err(bad_hosts("minimumHealthyHosts is only for the compute platform Server"));
        }
        if zonal.is_some() {
            return Err(bad_zonal("zonalConfig is only for the compute platform Server"));
        }
        let routing = routing.cloned().unwrap_or_else(|| json!({ "type": "AllAtOnce" }));
        check_routing(&routing)?;
        members.insert("trafficRoutingConfig".to_owned(), routing);
    }
    let state = own(world, call);
    if find(state, name).is_some() {
        return Err(Failure::new(
            "DeploymentConfigAlreadyExistsException",
            format!("Deployment Configuration already exists: {name}"),
        ));
    }
    if state.configs.len() >= CONFIGS_MAX {
        return Err(Failure::new(
            "DeploymentConfigLimitExceededException",
            "The deployment configurations limit was exceeded",
        ));
    }
    let id = new_id(world);
    members.insert("deploymentConfigId".to_owned(), json!(id));
    members.insert("deploymentConfigName".to_owned(), json!(name));
    members.insert("computePlatform".to_owned(), json!(platform));
    members.insert("createTime".to_owned(), json!(seconds(call)));
    own(world, call).configs.insert(name.to_owned(), Config { members });
    Ok(json!({ "deploymentConfigId": id }))
}

fn bad_hosts(why: &str) -> Failure {
    Failure::new("InvalidMinimumHealthyHostValueException", why)
}

fn bad_routing(why: &str) -> Failure {
    Failure::new("InvalidTrafficRoutingConfigurationException", why)
}

fn bad_zonal(why: &str) -> Failure {
    Failure::new("InvalidZonalDeploymentConfigurationException", why)
}

fn check_hosts(hosts: &Value) -> Result<(), Failure> {
    let value = hosts.get("value").and_then(Value::as_u64);
    match (hosts.get("type").and_then(Value::as_str), value) {
        (Some("HOST_COUNT"), Some(_)) => Ok(()),
        (Some("FLEET_PERCENT"), Some(0..=99)) => Ok(()),
        _ => Err(bad_hosts("The minimum healthy instance value was specified in an invalid format")),
    }
}

/// Source: <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_TrafficRoutingConfig.html>.
fn check_routing(routing: &Value) -> Result<(), Failure> {
    let part = |of: &str, member: &str| routing.get(of).and_then(|part| part.get(member)).and_then(Value::as_u64);
    let (has_canary, has_linear) = (routing.get("timeBasedCanary").is_some(), routing.get("timeBasedLinear").is_some());
    let shifts = |of: &str, percentage: &str, interval: &str| {
        part(of, percentage).is_some_and(|p| (1..=99).contains(&p))
            && part(of, interval).is_some_and(|m| (1..=2_880).contains(&m))
    };
    let sound = match routing.get("type").and_then(Value::as_str) {
        Some("AllAtOnce") => !has_canary && !has_linear,
        Some("TimeBasedCanary") => !has_linear && shifts("timeBasedCanary", "canaryPercentage", "canaryInterval"),
        Some("TimeBasedLinear") => !has_canary && shifts("timeBasedLinear", "linearPercentage", "linearInterval"),
        _ => false,
    };
    if sound { Ok(()) } else { Err(bad_routing("The configuration that specifies how traffic is routed is invalid")) }
}

/// Source: <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ZonalConfig.html>.
fn check_zonal(zonal: &Value) -> Result<(), Failure> {
    for member in ["firstZoneMonitorDurationInSeconds", "monitorDurationInSeconds"] {
        if zonal.get(member).is_some_and(|value| value.as_u64().is_none()) {
            return Err(bad_zonal("A monitor duration is a whole number of seconds"));
        }
    }
    let hosts = zonal.get("minimumHealthyHostsPerZone");
    hosts.map_or(Ok(()), check_hosts).map_err(|failure| bad_zonal(&failure.message))
}

pub(super) fn get(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let name = input.name("deploymentConfigName", &CONFIG)?;
    let found = find(own(world, call), name).ok_or_else(|| Failure::no_config(name))?;
    Ok(json!({ "deploymentConfigInfo": found }))
}

pub(super) fn list(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let mut names: Vec<String> = own_of_aws().into_iter().map(|(name, _)| name).collect();
    names.extend(own(world, call).configs.keys().cloned());
    names.sort();
    input.page("deploymentConfigsList", names)
}

pub(super) fn delete(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let name = input.name("deploymentConfigName", &CONFIG)?;
    if name.to_ascii_lowercase().starts_with(RESERVED) {
        return Err(Failure::new(
            "InvalidOperationException",
            "A predefined deployment configuration can't be deleted",
        ));
    }
    let state = own(world, call);
    let mut groups = state.applications.values().flat_map(|application| application.groups.values());
    if groups.any(|group| group.members.get("deploymentConfigName").and_then(Value::as_str) == Some(name)) {
        return Err(Failure::new(
            "DeploymentConfigInUseException",
            format!("The deployment configuration {name} is still in use"),
        ));
    }
    state.configs.remove(name);
    Ok(Value::Null)
}
