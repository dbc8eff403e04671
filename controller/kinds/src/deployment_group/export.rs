//! From a live deployment group to what a spec says of it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use trueup_engine::kind::{At, Export};

use super::settings::{BlueGreen, LoadBalancers, TargetGroupPair};
use super::{DeploymentGroupModel, application, config_arn};

pub(super) fn export(at: &At, group: &DeploymentGroupModel) -> Export {
    let settings = &group.settings;
    let config = config_arn(at, &settings.deployment_config).unwrap_or_else(|| settings.deployment_config.clone());
    // A spec that says nothing of these says that there is none; the model has empty ones.
    let alarms = if settings.alarms.names.is_empty() { Value::Null } else { json!(settings.alarms) };
    let blue_green = if settings.blue_green == BlueGreen::default() { Value::Null } else { json!(settings.blue_green) };
    let LoadBalancers { classic, target_groups, target_group_pairs } = &settings.load_balancers;
    let Some(pairs) = target_group_pairs.iter().map(pair).collect::<Option<Vec<Value>>>() else {
        return Export::Not("a pair of its target groups has other than one listener for traffic".to_owned());
    };
    Export::same(group)
        .with("application", application::arn(at, &group.application))
        .with("deployment_config", config)
        .with("alarms", alarms)
        .with("blue_green", blue_green)
        .with(
            "load_balancers",
            json!({ "classic": classic, "target_groups": target_groups, "target_group_pairs": pairs }),
        )
}

/// A pair with one listener for traffic and at most one for tests, as a spec has them.
fn pair(pair: &TargetGroupPair) -> Option<Value> {
    let TargetGroupPair { target_groups, production_listeners, test_listeners } = pair;
    let only = |listeners: &BTreeSet<String>| if listeners.len() > 1 { None } else { Some(listeners.first().cloned()) };
    let (production, test) = (only(production_listeners)??, only(test_listeners)?);
    Some(json!({ "target_groups": target_groups, "production_listener": production, "test_listener": test }))
}
