//! The settings of a deployment group: what each may be, and what may not stand together.
//!
//! Source: <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeploymentGroup.html>, its types and errors.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::input::{Input, wrong_type};

/// Source: <https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html>.
const AUTO_SCALING_GROUPS_MAX: usize = 10;
const ALARMS_MAX: usize = 10;
const TRIGGERS_MAX: usize = 10;
const TAG_SETS_MAX: usize = 3;
/// Two days, in minutes.
const WAIT_MINUTES_MAX: u64 = 2_880;

const EVENTS: [&str; 10] = [
    "DeploymentStart",
    "DeploymentSuccess",
    "DeploymentFailure",
    "DeploymentStop",
    "DeploymentRollback",
    "DeploymentReady",
    "InstanceStart",
    "InstanceSuccess",
    "InstanceFailure",
    "InstanceReady",
];

/// A new group for which nothing was said.
pub(super) fn of_new(platform: &str) -> Map<String, Value> {
    let config = match platform {
        "Lambda" => "CodeDeployDefault.LambdaAllAtOnce",
        "ECS" => "CodeDeployDefault.ECSAllAtOnce",
        _ => "CodeDeployDefault.OneAtATime",
    };
    let mut members = Map::new();
    for (member, value) in [
        ("deploymentConfigName", json!(config)),
        ("ec2TagFilters", json!([])),
        ("onPremisesInstanceTagFilters", json!([])),
        ("autoScalingGroups", json!([])),
        ("triggerConfigurations", json!([])),
        ("deploymentStyle", json!({ "deploymentType": "IN_PLACE", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL" })),
        ("outdatedInstancesStrategy", json!("UPDATE")),
        ("terminationHookEnabled", json!(false)),
    ] {
        members.insert(member.to_owned(), value);
    }
    members
}

/// Puts what the request says in place of what was there; an empty structure takes it away.
pub(super) fn put(input: &Input, members: &mut Map<String, Value>) -> Result<(), Failure> {
    for member in ["ec2TagFilters", "onPremisesInstanceTagFilters", "triggerConfigurations", "ecsServices"] {
        if let Some(list) = input.list(member)? {
            members.insert(member.to_owned(), json!(list));
        }
    }
    if let Some(list) = input.list("autoScalingGroups")? {
        let hooks = list.iter().map(|name| {
            let name = name.as_str().ok_or_else(|| wrong_type("autoScalingGroups", "a list of strings"))?;
            if name.is_empty() || name.chars().count() > 255 {
                return Err(Failure::new(
                    "InvalidAutoScalingGroupException",
                    format!("The Auto Scaling group {name:?} does not exist"),
                ));
            }
            Ok(json!({ "name": name, "hook": format!("CodeDeploy-managed-automatic-launch-deployment-hook-{name}") }))
        });
        members.insert("autoScalingGroups".to_owned(), Value::Array(hooks.collect::<Result<_, _>>()?));
    }
    for member in [
        "alarmConfiguration",
        "autoRollbackConfiguration",
        "blueGreenDeploymentConfiguration",
        "deploymentStyle",
        "ec2TagSet",
        "loadBalancerInfo",
        "onPremisesTagSet",
    ] {
        match input.value(member) {
            None => {}
            Some(Value::Object(parts)) => {
                members.insert(member.to_owned(), json!(parts));
            }
            Some(_) => return Err(wrong_type(member, "an object")),
        }
    }
    if let Some(strategy) = input.text("outdatedInstancesStrategy")? {
        members.insert("outdatedInstancesStrategy".to_owned(), json!(strategy));
    }
    match input.value("terminationHookEnabled") {
        None => {}
        Some(Value::Bool(enabled)) => {
            members.insert("terminationHookEnabled".to_owned(), json!(enabled));
        }
        Some(_) => return Err(wrong_type("terminationHookEnabled", "a boolean")),
    }
    let empty = |value: &Value| {
        value.as_object().is_some_and(|parts| {
            parts.values().all(|part| part.is_null() || part.as_array().is_some_and(Vec::is_empty))
        })
    };
    members.retain(|_, value| !empty(value));
    Ok(())
}

/// Holds a whole group to what CodeDeploy takes.
pub(super) fn check(platform: &str, members: &Map<String, Value>) -> Result<(), Failure> {
    check_targets(platform, members)?;
    check_triggers(list(members.get("triggerConfigurations")))?;
    if let Some(alarms) = members.get("alarmConfiguration") {
        check_alarms(alarms)?;
    }
    if let Some(rollback) = members.get("autoRollbackConfiguration") {
        check_rollback(rollback)?;
    }
    check_style(platform, members)?;
    if let Some(balancers) = members.get("loadBalancerInfo") {
        check_balancers(balancers)?;
    }
    if !["UPDATE", "IGNORE"].contains(&text(members.get("outdatedInstancesStrategy"))) {
        return Err(Failure::new("InvalidInputException", "The outdated instances strategy is UPDATE or IGNORE"));
    }
    Ok(())
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}

/// Whether no two of them are equal.
fn all_different<'v>(mut values: impl Iterator<Item = &'v str>) -> bool {
    let mut seen = BTreeSet::new();
    values.all(|value| seen.insert(value))
}

fn check_targets(platform: &str, members: &Map<String, Value>) -> Result<(), Failure> {
    let sides = [
        ("ec2TagFilters", "ec2TagSet", "ec2TagSetList", "InvalidEC2TagException", "InvalidEC2TagCombinationException"),
        (
            "onPremisesInstanceTagFilters",
            "onPremisesTagSet",
            "onPremisesTagSetList",
            "InvalidTagException",
            "InvalidOnPremisesTagCombinationException",
        ),
    ];
    let mut any = !list(members.get("autoScalingGroups")).is_empty();
    for (filters, set, in_set, invalid, combination) in sides {
        let filters = list(members.get(filters));
        let sets = list(members.get(set).and_then(|set| set.get(in_set)));
        if !filters.is_empty() && !sets.is_empty() {
            return Err(Failure::new(
                combination,
                "A call was submitted that specified both tag filters and tag sets, but only one of these data types can be used in a single call",
            ));
        }
        if sets.len() > TAG_SETS_MAX {
            return Err(Failure::new(
                "TagSetListLimitExceededException",
                "The number of tag groups included in the tag set list exceeded the maximum allowed limit of 3",
            ));
        }
        for filter in filters.iter().chain(sets.iter().flat_map(|set| list(Some(set)))) {
            check_filter(filter, invalid)?;
        }
        any |= !filters.is_empty() || !sets.is_empty();
    }
    if list(members.get("autoScalingGroups")).len() > AUTO_SCALING_GROUPS_MAX {
        return Err(Failure::new(
            "InvalidAutoScalingGroupException",
            "More than 10 Auto Scaling groups were specified",
        ));
    }
    let services = list(members.get("ecsServices"));
    if platform != "Server" && any {
        return Err(Failure::new(
            "InvalidInputException",
            format!("Instances can't be specified for the compute platform {platform}"),
        ));
    }
    let sound = services
        .iter()
        .all(|service| !text(service.get("serviceName")).is_empty() && !text(service.get("clusterName")).is_empty());
    if !sound || (platform != "ECS" && !services.is_empty()) {
        return Err(Failure::new("InvalidECSServiceException", "The Amazon ECS service identifier is not valid"));
    }
    Ok(())
}

fn check_filter(filter: &Value, invalid: &'static str) -> Result<(), Failure> {
    let has = |member: &str| !text(filter.get(member)).is_empty();
    let sound = match text(filter.get("Type")) {
        "KEY_ONLY" => has("Key") && !has("Value"),
        "VALUE_ONLY" => has("Value") && !has("Key"),
        "KEY_AND_VALUE" => has("Key"),
        _ => false,
    };
    if sound { Ok(()) } else { Err(Failure::new(invalid, "The tag was specified in an invalid format")) }
}

fn check_triggers(triggers: &[Value]) -> Result<(), Failure> {
    if triggers.len() > TRIGGERS_MAX {
        return Err(Failure::new(
            "TriggerTargetsLimitExceededException",
            "The maximum allowed number of triggers was exceeded",
        ));
    }
    for trigger in triggers {
        let events = list(trigger.get("triggerEvents"));
        let known = !events.is_empty() && events.iter().all(|event| EVENTS.contains(&text(Some(event))));
        let target = text(trigger.get("triggerTargetArn"));
        if !known || text(trigger.get("triggerName")).is_empty() || !target.starts_with("arn:aws:sns:") {
            return Err(Failure::new(
                "InvalidTriggerConfigException",
                "The trigger was specified in an invalid format",
            ));
        }
    }
    if !all_different(triggers.iter().map(|trigger| text(trigger.get("triggerName")))) {
        return Err(Failure::new("InvalidTriggerConfigException", "Two triggers have the same name"));
    }
    Ok(())
}

fn check_alarms(configuration: &Value) -> Result<(), Failure> {
    let alarms = list(configuration.get("alarms"));
    if alarms.len() > ALARMS_MAX {
        return Err(Failure::new(
            "AlarmsLimitExceededException",
            "The maximum number of alarms for a deployment group (10) was exceeded",
        ));
    }
    let names = || alarms.iter().map(|alarm| text(alarm.get("name")));
    let enabled = configuration.get("enabled").and_then(Value::as_bool).unwrap_or_default();
    let sound = names().all(|name| (1..=255).contains(&name.chars().count())) && all_different(names());
    if !sound || (enabled && alarms.is_empty()) {
        return Err(Failure::new("InvalidAlarmConfigException", "The format of the alarm configuration is invalid"));
    }
    Ok(())
}

fn check_rollback(configuration: &Value) -> Result<(), Failure> {
    let events = list(configuration.get("events"));
    let known = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"];
    let enabled = configuration.get("enabled").and_then(Value::as_bool).unwrap_or_default();
    if !events.iter().all(|event| known.contains(&text(Some(event)))) || (enabled && events.is_empty()) {
        return Err(Failure::new(
            "InvalidAutoRollbackConfigException",
            "The automatic rollback configuration was specified in an invalid format",
        ));
    }
    Ok(())
}

fn check_style(platform: &str, members: &Map<String, Value>) -> Result<(), Failure> {
    let style = members.get("deploymentStyle");
    let part = |member: &str| text(style.and_then(|style| style.get(member)));
    let (sort, option) = (part("deploymentType"), part("deploymentOption"));
    let known = ["IN_PLACE", "BLUE_GREEN"].contains(&sort)
        && ["WITH_TRAFFIC_CONTROL", "WITHOUT_TRAFFIC_CONTROL"].contains(&option);
    if !known || (platform != "Server" && (sort, option) != ("BLUE_GREEN", "WITH_TRAFFIC_CONTROL")) {
        return Err(Failure::new(
            "InvalidDeploymentStyleException",
            format!("The deployment style {sort:?} {option:?} is not valid for {platform}"),
        ));
    }
    let blue_green = members.get("blueGreenDeploymentConfiguration");
    let invalid = |why: &str| Failure::new("InvalidBlueGreenDeploymentConfigurationException", why);
    let Some(parts) = blue_green else { return Ok(()) };
    if sort != "BLUE_GREEN" {
        return Err(invalid("A blue/green configuration is only for the deployment type BLUE_GREEN"));
    }
    let one_of = |of: &str, member: &str, known: &[&str]| match parts.get(of) {
        None => true,
        Some(part) => known.contains(&text(part.get(member))),
    };
    let minutes = |of: &str, member: &str| {
        let value = parts.get(of).and_then(|part| part.get(member));
        value.is_none_or(|value| value.as_u64().is_some_and(|minutes| minutes <= WAIT_MINUTES_MAX))
    };
    let (blue, ready, green) =
        ("terminateBlueInstancesOnDeploymentSuccess", "deploymentReadyOption", "greenFleetProvisioningOption");
    let sound = one_of(blue, "action", &["TERMINATE", "KEEP_ALIVE"])
        && one_of(ready, "actionOnTimeout", &["CONTINUE_DEPLOYMENT", "STOP_DEPLOYMENT"])
        && one_of(green, "action", &["DISCOVER_EXISTING", "COPY_AUTO_SCALING_GROUP"])
        && minutes(blue, "terminationWaitTimeInMinutes")
        && minutes(ready, "waitTimeInMinutes");
    if sound {
        Ok(())
    } else {
        Err(invalid("The configuration for the blue/green deployment group was provided in an invalid format"))
    }
}

fn check_balancers(balancers: &Value) -> Result<(), Failure> {
    let invalid = || {
        Failure::new(
            "InvalidLoadBalancerInfoException",
            "An invalid load balancer name, or no load balancer name, was specified",
        )
    };
    for member in ["elbInfoList", "targetGroupInfoList"] {
        if list(balancers.get(member)).iter().any(|one| text(one.get("name")).is_empty()) {
            return Err(invalid());
        }
    }
    let pairs = list(balancers.get("targetGroupPairInfoList"));
    for pair in pairs {
        let groups = list(pair.get("targetGroups"));
        let listeners = list(pair.get("prodTrafficRoute").and_then(|route| route.get("listenerArns")));
        if groups.len() != 2 || listeners.len() != 1 {
            return Err(Failure::new(
                "InvalidTargetGroupPairException",
                "A target group pair associated with this deployment is not valid",
            ));
        }
    }
    Ok(())
}
