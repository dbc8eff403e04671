//! From a spec to a model, with everything CodeDeploy would refuse told beforehand.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use trueup_engine::kind::At;
use trueup_specs::Text;
use trueup_specs::decode::Within;
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::resolve::Resolver;
use trueup_specs::span::Span;

use super::settings::{
    Alarms, BlueGreen, DeploymentStyle, EcsService, LoadBalancers, Settings, TagFilter, TargetGroupPair, Trigger,
    Triggers, Waiting,
};
use super::spec::{
    AlarmsSpec, BlueGreenSpec, DeploymentGroupSpec, DeploymentOption, DeploymentStyleSpec, DeploymentType,
    EcsServiceSpec, LoadBalancersSpec, OutdatedInstances, ReadySpec, TagFilterSpec, TargetGroupPairSpec,
    TerminateBlueSpec, TriggerSpec, WAIT_MINUTES_MAX,
};
use super::{DeploymentGroupModel, ECS_ALL_AT_ONCE, ONE_AT_A_TIME};
use crate::application::{LIMITS, SIGNS};
use crate::fields::{self, NameRule, is_formless, is_pending};
use crate::handed;
use crate::source::codedeploy::PREDEFINED;

const NAME: NameRule = NameRule { what: "deployment group", max: 100, signs: SIGNS, page: LIMITS };

const TAG_SETS_MAX: usize = 3;
const AUTO_SCALING_GROUPS_MAX: usize = 10;
const ALARMS_MAX: usize = 10;
const TRIGGERS_MAX: usize = 10;

pub(super) fn name(spec: &DeploymentGroupSpec, cx: &mut Resolver<'_>) -> String {
    fields::name(spec.name.as_ref(), &NAME, cx)
}

/// The application's name, out of an ARN that must be of the group's own account and region.
pub(super) fn application(spec: &DeploymentGroupSpec, at: &At, cx: &mut Resolver<'_>) -> String {
    let arn = cx.reference(&spec.application);
    own_name(&arn, "application", spec.application.span(), at, cx)
}

/// The name out of an ARN of the same account and region; a value that is not known yet stays as it is.
fn own_name(arn: &str, sort: &str, span: Span, at: &At, cx: &mut Resolver<'_>) -> String {
    let own = at.arn("codedeploy", &format!("{}:", sort.replace(' ', "")));
    if is_formless(arn) {
        return arn.to_owned();
    }
    if let Some(name) = arn.strip_prefix(&own) {
        return name.to_owned();
    }
    if !arn.is_empty() {
        let problem = Diagnostic::error(format!("the {sort} must be of the deployment group's own account and region"));
        cx.problem(problem.at(span, format!("this is {arn}")).note(format!("those here begin with {own}")));
    }
    String::new()
}

pub(super) fn desired(spec: &DeploymentGroupSpec, at: &At, cx: &mut Resolver<'_>) -> Option<DeploymentGroupModel> {
    let application = application(spec, at, cx);
    let name = name(spec, cx);
    let settings = settings(spec, at, cx);
    let tags = fields::tags(cx);
    (!application.is_empty()).then_some(DeploymentGroupModel { application, name, settings, tags })
}

fn settings(spec: &DeploymentGroupSpec, at: &At, cx: &mut Resolver<'_>) -> Settings {
    let DeploymentGroupSpec {
        name: _,
        application: _,
        service_role: _,
        deployment_config: _,
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
    } = spec;
    not_both(ec2_tags, ec2_tag_sets, "ec2_tags", cx);
    not_both(on_premises_tags, on_premises_tag_sets, "on_premises_tags", cx);
    let ecs = !ecs_services.is_empty();
    let instances = !ec2_tags.is_empty()
        || !ec2_tag_sets.is_empty()
        || !on_premises_tags.is_empty()
        || !on_premises_tag_sets.is_empty()
        || !auto_scaling_groups.is_empty();
    if ecs && instances {
        let problem = Diagnostic::error("a deployment group has either instances or ECS services");
        cx.problem(problem.at(cx.span(), "this one has both"));
    }
    let style = style(deployment_style.as_ref(), ecs);
    if blue_green.is_some() && style.deployment_type != DeploymentType::BlueGreen.as_str() {
        let problem = Diagnostic::error("`blue_green` is only for blue/green deployments").at(cx.span(), "");
        cx.problem(problem.help(
            "add `deployment_style = { deployment_type = \"BLUE_GREEN\", deployment_option = \"WITH_TRAFFIC_CONTROL\" }`",
        ));
    }
    Settings {
        service_role: role(spec, at, cx),
        deployment_config: config(spec, at, ecs, cx),
        ec2_tags: filters(ec2_tags, cx),
        ec2_tag_sets: sets(ec2_tag_sets, cx),
        on_premises_tags: filters(on_premises_tags, cx),
        on_premises_tag_sets: sets(on_premises_tag_sets, cx),
        auto_scaling_groups: texts(auto_scaling_groups, "Auto Scaling groups", AUTO_SCALING_GROUPS_MAX, cx),
        deployment_style: style,
        blue_green: blue_green.as_ref().map(blue_green_of).unwrap_or_default(),
        load_balancers: load_balancers.as_ref().map(|spec| balancers(spec, cx)).unwrap_or_default(),
        ecs_services: ecs_services.iter().map(|spec| service(spec, cx)).collect(),
        auto_rollback: auto_rollback.iter().map(ToString::to_string).collect(),
        alarms: alarms.as_ref().map(|spec| alarms_of(spec, cx)).unwrap_or_default(),
        triggers: triggers_of(triggers, cx),
        outdated_instances: outdated_instances.unwrap_or(OutdatedInstances::Update).to_string(),
        termination_hook: *termination_hook,
    }
}

fn role(spec: &DeploymentGroupSpec, at: &At, cx: &mut Resolver<'_>) -> String {
    let role = cx.reference(&spec.service_role);
    let own = at.arn("iam", "role/");
    if !role.is_empty() && !is_pending(&role) && !role.starts_with(&own) {
        let problem = Diagnostic::error("the service role must be of the deployment group's own account");
        let problem = problem.at(spec.service_role.span(), format!("this is {role}"));
        cx.problem(problem.note(format!("its account's begin with {own}")));
    }
    handed::DEPLOYMENT_GROUP.check(&spec.service_role, cx);
    role
}

fn config(spec: &DeploymentGroupSpec, at: &At, ecs: bool, cx: &mut Resolver<'_>) -> String {
    let Some(reference) = &spec.deployment_config else {
        return if ecs { ECS_ALL_AT_ONCE } else { ONE_AT_A_TIME }.to_owned();
    };
    let config = cx.reference(reference);
    if config.starts_with(PREDEFINED) {
        return config;
    }
    own_name(&config, "deployment config", reference.span(), at, cx)
}

/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeploymentGroup.html>, `ec2TagSet`.
fn not_both(filters: &[TagFilterSpec], sets: &[Vec<TagFilterSpec>], field: &str, cx: &mut Resolver<'_>) {
    let singular = field.trim_end_matches('s');
    if !filters.is_empty() && !sets.is_empty() {
        let problem =
            Diagnostic::error(format!("`{field}` and `{singular}_sets` can't stand together")).at(cx.span(), "");
        cx.problem(
            problem.help(format!("write what `{field}` says as one more set of `{singular}_sets`, or leave that out")),
        );
    }
    if sets.len() > TAG_SETS_MAX {
        let problem =
            Diagnostic::error(format!("`{singular}_sets` has {} sets, {TAG_SETS_MAX} are allowed", sets.len()));
        cx.problem(problem.at(cx.span(), "").note(LIMITS));
    }
}

fn filters(specs: &[TagFilterSpec], cx: &mut Resolver<'_>) -> BTreeSet<TagFilter> {
    let filters = specs.iter().filter_map(|spec| {
        let TagFilterSpec { key, value } = spec;
        let filter =
            TagFilter { key: key.as_ref().map(|text| cx.text(text)), value: value.as_ref().map(|text| cx.text(text)) };
        if filter.key.as_deref().unwrap_or_default().is_empty()
            && filter.value.as_deref().unwrap_or_default().is_empty()
        {
            cx.problem(Diagnostic::error("a tag filter needs a key or a value").at(cx.span(), ""));
            return None;
        }
        Some(filter)
    });
    filters.collect()
}

fn sets(specs: &[Vec<TagFilterSpec>], cx: &mut Resolver<'_>) -> BTreeSet<BTreeSet<TagFilter>> {
    if specs.iter().any(Vec::is_empty) {
        cx.problem(Diagnostic::error("a tag set is empty").at(cx.span(), ""));
    }
    specs.iter().map(|set| filters(set, cx)).collect()
}

fn texts(specs: &[Text], what: &str, max: usize, cx: &mut Resolver<'_>) -> BTreeSet<String> {
    let all: BTreeSet<String> = cx.texts(specs).into_iter().collect();
    if all.len() > max {
        cx.problem(
            Diagnostic::error(format!("{} {what}, {max} are allowed", all.len())).at(cx.span(), "").note(LIMITS),
        );
    }
    if all.iter().any(|name| name.is_empty() || (!is_pending(name) && name.chars().count() > 255)) {
        cx.problem(Diagnostic::error(format!("names of {what} have 1 to 255 characters")).at(cx.span(), ""));
    }
    all
}

fn style(spec: Option<&DeploymentStyleSpec>, ecs: bool) -> DeploymentStyle {
    let (sort, option) = match spec {
        Some(DeploymentStyleSpec { deployment_type, deployment_option }) => (*deployment_type, *deployment_option),
        None if ecs => (DeploymentType::BlueGreen, DeploymentOption::WithTrafficControl),
        None => (DeploymentType::InPlace, DeploymentOption::WithoutTrafficControl),
    };
    DeploymentStyle { deployment_type: sort.to_string(), deployment_option: option.to_string() }
}

fn minutes(spec: Option<Within<0, WAIT_MINUTES_MAX>>) -> i32 {
    spec.map(Within::get).and_then(|minutes| i32::try_from(minutes).ok()).unwrap_or_default()
}

fn blue_green_of(spec: &BlueGreenSpec) -> BlueGreen {
    let BlueGreenSpec { terminate_blue, ready, green_fleet } = spec;
    BlueGreen {
        terminate_blue: terminate_blue.as_ref().map(|TerminateBlueSpec { action, wait_minutes }| Waiting {
            action: action.to_string(),
            wait_minutes: minutes(*wait_minutes),
        }),
        ready: ready.as_ref().map(|ReadySpec { action, wait_minutes }| Waiting {
            action: action.to_string(),
            wait_minutes: minutes(*wait_minutes),
        }),
        green_fleet: green_fleet.map(|fleet| fleet.to_string()),
    }
}

fn balancers(spec: &LoadBalancersSpec, cx: &mut Resolver<'_>) -> LoadBalancers {
    let LoadBalancersSpec { classic, target_groups, target_group_pairs } = spec;
    LoadBalancers {
        classic: texts(classic, "load balancers", 10, cx),
        target_groups: texts(target_groups, "target groups", 10, cx),
        target_group_pairs: target_group_pairs.iter().map(|pair| pair_of(pair, cx)).collect(),
    }
}

fn pair_of(spec: &TargetGroupPairSpec, cx: &mut Resolver<'_>) -> TargetGroupPair {
    let TargetGroupPairSpec { target_groups, production_listener, test_listener } = spec;
    let groups: BTreeSet<String> = cx.texts(target_groups).into_iter().collect();
    if groups.len() != 2 {
        let problem =
            Diagnostic::error("a pair of target groups has two").at(production_listener.span(), "of this listener");
        cx.problem(problem.note(format!("there are {}", groups.len())));
    }
    TargetGroupPair {
        target_groups: groups,
        production_listeners: [cx.text(production_listener)].into(),
        test_listeners: test_listener.iter().map(|listener| cx.text(listener)).collect(),
    }
}

fn service(spec: &EcsServiceSpec, cx: &mut Resolver<'_>) -> EcsService {
    let EcsServiceSpec { cluster, service } = spec;
    EcsService { cluster: cx.text(cluster), service: cx.text(service) }
}

fn alarms_of(spec: &AlarmsSpec, cx: &mut Resolver<'_>) -> Alarms {
    let AlarmsSpec { names, enabled, ignore_poll_failure } = spec;
    let names = texts(names, "alarms", ALARMS_MAX, cx);
    if names.is_empty() {
        cx.problem(
            Diagnostic::error("`alarms` names no alarm").at(cx.span(), "").help("leave it out where there are none"),
        );
    }
    Alarms { names, enabled: enabled.unwrap_or(true), ignore_poll_failure: *ignore_poll_failure }
}

fn triggers_of(specs: &IndexMap<String, TriggerSpec>, cx: &mut Resolver<'_>) -> Triggers {
    if specs.len() > TRIGGERS_MAX {
        let problem = Diagnostic::error(format!("{} triggers, {TRIGGERS_MAX} are allowed", specs.len()));
        cx.problem(problem.at(cx.span(), "").note(LIMITS));
    }
    let triggers = specs.iter().map(|(name, TriggerSpec { topic, events })| {
        let arn = cx.text(topic);
        if !is_pending(&arn) && !fields::is_arn(&arn, "sns", "") {
            cx.problem(Diagnostic::error(format!("`{arn}` is not the ARN of an SNS topic")).at(topic.span(), ""));
        }
        if events.is_empty() {
            cx.problem(Diagnostic::error(format!("the trigger `{name}` is told nothing")).at(topic.span(), ""));
        }
        (name.clone(), Trigger { topic: arn, events: events.iter().map(ToString::to_string).collect() })
    });
    triggers.collect()
}
