//! Between the settings of a deployment group and the SDK's types.

use std::collections::BTreeSet;

use aws_sdk_codedeploy::types as aws;

use super::settings::{
    Alarms, BlueGreen, DeploymentStyle, EcsService, LoadBalancers, Settings, TagFilter, TargetGroupPair, Trigger,
    Waiting,
};

/// Two types of the SDK's for one thing.
macro_rules! filters {
    ($from:ident, $to:ident, $filter:ident, $sort:ident) => {
        fn $from(filters: &[aws::$filter]) -> BTreeSet<TagFilter> {
            filters
                .iter()
                .map(|filter| filter_of(filter.r#type().map(|sort| sort.as_str()), filter.key(), filter.value()))
                .collect()
        }

        pub(super) fn $to(filters: &BTreeSet<TagFilter>) -> Vec<aws::$filter> {
            let built = filters.iter().map(|filter| {
                let TagFilter { key, value } = filter;
                let sort = aws::$sort::from(sort_of(filter));
                aws::$filter::builder().r#type(sort).set_key(key.clone()).set_value(value.clone()).build()
            });
            built.collect()
        }
    };
}

filters!(from_ec2, to_ec2, Ec2TagFilter, Ec2TagFilterType);
filters!(from_on_premises, to_on_premises, TagFilter, TagFilterType);

/// A filter of one sort may hold what the sort does not look at.
fn filter_of(sort: Option<&str>, key: Option<&str>, value: Option<&str>) -> TagFilter {
    TagFilter {
        key: key.filter(|_| sort != Some("VALUE_ONLY")).map(str::to_owned),
        value: value.filter(|_| sort != Some("KEY_ONLY")).map(str::to_owned),
    }
}

fn sort_of(filter: &TagFilter) -> &'static str {
    match filter {
        TagFilter { key: Some(_), value: Some(_) } => "KEY_AND_VALUE",
        TagFilter { key: _, value: None } => "KEY_ONLY",
        TagFilter { key: None, value: Some(_) } => "VALUE_ONLY",
    }
}

fn names<'n>(names: impl Iterator<Item = Option<&'n str>>) -> BTreeSet<String> {
    names.flatten().map(str::to_owned).collect()
}

/// What CodeDeploy says of a group, in canonical form.
pub(crate) fn settings(info: &aws::DeploymentGroupInfo) -> Settings {
    let unsaid = Settings::unsaid();
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let ec2_sets = info.ec2_tag_set().map(aws::Ec2TagSet::ec2_tag_set_list).unwrap_or_default();
    let on_premises_sets =
        info.on_premises_tag_set().map(aws::OnPremisesTagSet::on_premises_tag_set_list).unwrap_or_default();
    let services = info.ecs_services().iter();
    Settings {
        service_role: text(info.service_role_arn()),
        deployment_config: text(info.deployment_config_name()),
        ec2_tags: from_ec2(info.ec2_tag_filters()),
        ec2_tag_sets: ec2_sets.iter().map(|set| from_ec2(set)).collect(),
        on_premises_tags: from_on_premises(info.on_premises_instance_tag_filters()),
        on_premises_tag_sets: on_premises_sets.iter().map(|set| from_on_premises(set)).collect(),
        auto_scaling_groups: names(info.auto_scaling_groups().iter().map(aws::AutoScalingGroup::name)),
        deployment_style: info.deployment_style().map_or(unsaid.deployment_style, from_style),
        blue_green: info.blue_green_deployment_configuration().map(from_blue_green).unwrap_or_default(),
        load_balancers: info.load_balancer_info().map(from_load_balancers).unwrap_or_default(),
        ecs_services: services
            .map(|one| EcsService { cluster: text(one.cluster_name()), service: text(one.service_name()) })
            .collect(),
        auto_rollback: info.auto_rollback_configuration().map(from_rollback).unwrap_or_default(),
        alarms: info.alarm_configuration().map(from_alarms).unwrap_or_default(),
        triggers: info.trigger_configurations().iter().map(from_trigger).collect(),
        outdated_instances: info
            .outdated_instances_strategy()
            .map_or(unsaid.outdated_instances, |strategy| strategy.as_str().to_owned()),
        termination_hook: info.termination_hook_enabled(),
    }
}

fn from_style(style: &aws::DeploymentStyle) -> DeploymentStyle {
    let DeploymentStyle { deployment_type, deployment_option } = Settings::unsaid().deployment_style;
    DeploymentStyle {
        deployment_type: style.deployment_type().map_or(deployment_type, |sort| sort.as_str().to_owned()),
        deployment_option: style.deployment_option().map_or(deployment_option, |option| option.as_str().to_owned()),
    }
}

pub(super) fn to_style(style: &DeploymentStyle) -> aws::DeploymentStyle {
    let DeploymentStyle { deployment_type, deployment_option } = style;
    aws::DeploymentStyle::builder()
        .deployment_type(aws::DeploymentType::from(deployment_type.as_str()))
        .deployment_option(aws::DeploymentOption::from(deployment_option.as_str()))
        .build()
}

fn from_blue_green(parts: &aws::BlueGreenDeploymentConfiguration) -> BlueGreen {
    let terminate = parts.terminate_blue_instances_on_deployment_success();
    BlueGreen {
        terminate_blue: terminate.and_then(|option| {
            let action = option.action()?.as_str().to_owned();
            Some(Waiting { action, wait_minutes: option.termination_wait_time_in_minutes() })
        }),
        ready: parts.deployment_ready_option().and_then(|option| {
            let action = option.action_on_timeout()?.as_str().to_owned();
            Some(Waiting { action, wait_minutes: option.wait_time_in_minutes() })
        }),
        green_fleet: parts
            .green_fleet_provisioning_option()
            .and_then(|option| option.action())
            .map(|action| action.as_str().to_owned()),
    }
}

pub(super) fn to_blue_green(parts: &BlueGreen) -> aws::BlueGreenDeploymentConfiguration {
    let BlueGreen { terminate_blue, ready, green_fleet } = parts;
    let terminate = terminate_blue.as_ref().map(|Waiting { action, wait_minutes }| {
        aws::BlueInstanceTerminationOption::builder()
            .action(aws::InstanceAction::from(action.as_str()))
            .termination_wait_time_in_minutes(*wait_minutes)
            .build()
    });
    let ready = ready.as_ref().map(|Waiting { action, wait_minutes }| {
        aws::DeploymentReadyOption::builder()
            .action_on_timeout(aws::DeploymentReadyAction::from(action.as_str()))
            .wait_time_in_minutes(*wait_minutes)
            .build()
    });
    let green = green_fleet.as_ref().map(|action| {
        aws::GreenFleetProvisioningOption::builder()
            .action(aws::GreenFleetProvisioningAction::from(action.as_str()))
            .build()
    });
    aws::BlueGreenDeploymentConfiguration::builder()
        .set_terminate_blue_instances_on_deployment_success(terminate)
        .set_deployment_ready_option(ready)
        .set_green_fleet_provisioning_option(green)
        .build()
}

fn from_load_balancers(info: &aws::LoadBalancerInfo) -> LoadBalancers {
    let listeners = |route: Option<&aws::TrafficRoute>| {
        names(route.map(aws::TrafficRoute::listener_arns).unwrap_or_default().iter().map(|arn| Some(arn.as_str())))
    };
    let pairs = info.target_group_pair_info_list().iter().map(|pair| TargetGroupPair {
        target_groups: names(pair.target_groups().iter().map(aws::TargetGroupInfo::name)),
        production_listeners: listeners(pair.prod_traffic_route()),
        test_listeners: listeners(pair.test_traffic_route()),
    });
    LoadBalancers {
        classic: names(info.elb_info_list().iter().map(aws::ElbInfo::name)),
        target_groups: names(info.target_group_info_list().iter().map(aws::TargetGroupInfo::name)),
        target_group_pairs: pairs.collect(),
    }
}

pub(super) fn to_load_balancers(balancers: &LoadBalancers) -> aws::LoadBalancerInfo {
    let LoadBalancers { classic, target_groups, target_group_pairs } = balancers;
    let groups = |names: &BTreeSet<String>| -> Vec<aws::TargetGroupInfo> {
        names.iter().map(|name| aws::TargetGroupInfo::builder().name(name).build()).collect()
    };
    let route = |arns: &BTreeSet<String>| {
        let arns: Vec<String> = arns.iter().cloned().collect();
        (!arns.is_empty()).then(|| aws::TrafficRoute::builder().set_listener_arns(Some(arns)).build())
    };
    let pairs = target_group_pairs.iter().map(|pair| {
        let TargetGroupPair { target_groups, production_listeners, test_listeners } = pair;
        aws::TargetGroupPairInfo::builder()
            .set_target_groups(Some(groups(target_groups)))
            .set_prod_traffic_route(route(production_listeners))
            .set_test_traffic_route(route(test_listeners))
            .build()
    });
    aws::LoadBalancerInfo::builder()
        .set_elb_info_list(Some(classic.iter().map(|name| aws::ElbInfo::builder().name(name).build()).collect()))
        .set_target_group_info_list(Some(groups(target_groups)))
        .set_target_group_pair_info_list(Some(pairs.collect()))
        .build()
}

/// Events of a configuration that is switched off say nothing.
fn from_rollback(configuration: &aws::AutoRollbackConfiguration) -> BTreeSet<String> {
    let events = configuration.events().iter().filter(|_| configuration.enabled());
    events.map(|event| event.as_str().to_owned()).collect()
}

pub(super) fn to_rollback(events: &BTreeSet<String>) -> aws::AutoRollbackConfiguration {
    let list = events.iter().map(|event| aws::AutoRollbackEvent::from(event.as_str())).collect();
    aws::AutoRollbackConfiguration::builder().enabled(!events.is_empty()).set_events(Some(list)).build()
}

fn from_alarms(configuration: &aws::AlarmConfiguration) -> Alarms {
    let names = names(configuration.alarms().iter().map(aws::Alarm::name));
    if names.is_empty() {
        return Alarms::default();
    }
    Alarms { names, enabled: configuration.enabled(), ignore_poll_failure: configuration.ignore_poll_alarm_failure() }
}

pub(super) fn to_alarms(alarms: &Alarms) -> aws::AlarmConfiguration {
    let Alarms { names, enabled, ignore_poll_failure } = alarms;
    aws::AlarmConfiguration::builder()
        .enabled(*enabled)
        .ignore_poll_alarm_failure(*ignore_poll_failure)
        .set_alarms(Some(names.iter().map(|name| aws::Alarm::builder().name(name).build()).collect()))
        .build()
}

fn from_trigger(trigger: &aws::TriggerConfig) -> (String, Trigger) {
    let topic = trigger.trigger_target_arn().unwrap_or_default().to_owned();
    let events = trigger.trigger_events().iter().map(|event| event.as_str().to_owned()).collect();
    (trigger.trigger_name().unwrap_or_default().to_owned(), Trigger { topic, events })
}

pub(super) fn to_trigger((name, trigger): (&String, &Trigger)) -> aws::TriggerConfig {
    let Trigger { topic, events } = trigger;
    let events = events.iter().map(|event| aws::TriggerEventType::from(event.as_str())).collect();
    aws::TriggerConfig::builder().trigger_name(name).trigger_target_arn(topic).set_trigger_events(Some(events)).build()
}

pub(super) fn to_ec2_set(sets: &BTreeSet<BTreeSet<TagFilter>>) -> aws::Ec2TagSet {
    aws::Ec2TagSet::builder().set_ec2_tag_set_list(Some(sets.iter().map(to_ec2).collect())).build()
}

pub(super) fn to_on_premises_set(sets: &BTreeSet<BTreeSet<TagFilter>>) -> aws::OnPremisesTagSet {
    aws::OnPremisesTagSet::builder()
        .set_on_premises_tag_set_list(Some(sets.iter().map(to_on_premises).collect()))
        .build()
}

pub(super) fn to_service(service: &EcsService) -> aws::EcsService {
    let EcsService { cluster, service } = service;
    aws::EcsService::builder().cluster_name(cluster).service_name(service).build()
}
