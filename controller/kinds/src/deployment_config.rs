//! CodeDeploy deployment configurations. <https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html>
//!
//! A configuration can't be changed, so that every change removes it and makes another; and it can't be tagged, so that the ledger says
//! whose it is.

use aws_sdk_codedeploy::types as aws;
use serde::{Deserialize, Serialize};
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Export, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::decode::Within;
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::resolve::Resolver;
use trueup_specs::{Text, spec, words};

use crate::application::{ComputePlatform, LIMITS, SIGNS};
use crate::fields::{self, NameRule, Tags};
use crate::source::codedeploy::{self, CodeDeployFacts, ConfigFact};

mod perform;
#[cfg(test)]
mod tests;

const NAME: NameRule = NameRule { what: "deployment config", max: 100, signs: SIGNS, page: LIMITS };

/// What AWS's own names begin with, whatever the case.
const RESERVED: &str = "codedeploydefault";

spec! {
    /// A CodeDeploy deployment configuration: how fast something is deployed.
    ///
    /// It can't be changed: another value removes the configuration and makes it again.
    pub struct DeploymentConfigSpec {
        /// The configuration's name.
        /// Default: the name in the address, dots as dashes. At most 100 letters, digits and `._+=,@-`; not `CodeDeployDefault…`.
        pub name: Option<Text>,
        /// What it is for.
        /// Default: `"Server"`.
        pub compute_platform: Option<ComputePlatform>,
        /// How many instances must stay healthy: `{ type = "FLEET_PERCENT", value = 75 }`.
        /// For `Server` it must be said; for the others it is not possible.
        pub minimum_healthy_hosts: Option<HostsSpec>,
        /// How traffic is shifted, for `Lambda` and `ECS`.
        /// Default: all at once.
        pub traffic_routing: Option<RoutingSpec>,
        /// One Availability Zone after the other, for `Server`.
        /// Default: all zones at once.
        pub zonal: Option<ZonalSpec>,
    }
}

spec! {
    /// How many instances must stay healthy.
    pub struct HostsSpec {
        /// What is counted.
        #[key = "type"]
        pub sort: HostsSort,
        /// How many; a percentage is at most 99.
        pub value: Within<0, 2_147_483_647>,
    }
}

words! {
    /// What is counted.
    pub enum HostsSort {
        /// Instances.
        HostCount = "HOST_COUNT",
        /// Percent of all.
        FleetPercent = "FLEET_PERCENT",
    }
}

spec! {
    /// How traffic is shifted.
    pub struct RoutingSpec {
        /// In one step, in two, or in many.
        #[key = "type"]
        pub sort: RoutingSort,
        /// Percent of the first step, or of each one. Not for `AllAtOnce`.
        /// Default: none.
        pub percentage: Option<Within<1, 99>>,
        /// Minutes between steps, at most 2880. Not for `AllAtOnce`.
        /// Default: none.
        pub interval_minutes: Option<Within<1, 2880>>,
    }
}

words! {
    /// In how many steps.
    pub enum RoutingSort {
        /// One.
        AllAtOnce = "AllAtOnce",
        /// Two.
        Canary = "TimeBasedCanary",
        /// Many, all alike.
        Linear = "TimeBasedLinear",
    }
}

spec! {
    /// One Availability Zone after the other.
    pub struct ZonalSpec {
        /// Seconds to wait after each zone.
        /// Default: none.
        pub monitor_seconds: Option<u32>,
        /// Seconds to wait after the first zone.
        /// Default: as after the others.
        pub first_zone_monitor_seconds: Option<u32>,
        /// How many instances of a zone must stay healthy.
        /// Default: none.
        pub minimum_healthy_hosts_per_zone: Option<HostsSpec>,
    }
}

/// A deployment configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentConfigModel {
    /// Its name.
    pub name: String,
    /// Everything else.
    #[serde(flatten)]
    pub settings: Settings,
}

/// All of a configuration but its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// `Server`, `Lambda` or `ECS`.
    pub compute_platform: String,
    /// How many instances must stay healthy.
    pub minimum_healthy_hosts: Option<Hosts>,
    /// How traffic is shifted.
    pub traffic_routing: Option<Routing>,
    /// One zone after the other.
    pub zonal: Option<Zonal>,
}

/// How many instances must stay healthy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hosts {
    /// `HOST_COUNT` or `FLEET_PERCENT`.
    #[serde(rename = "type")]
    pub sort: String,
    /// How many.
    pub value: i32,
}

/// How traffic is shifted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Routing {
    /// `AllAtOnce`, `TimeBasedCanary` or `TimeBasedLinear`.
    #[serde(rename = "type")]
    pub sort: String,
    /// Percent of a step.
    pub percentage: Option<i32>,
    /// Minutes between steps.
    pub interval_minutes: Option<i32>,
}

/// One zone after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zonal {
    /// Seconds after each.
    pub monitor_seconds: Option<i64>,
    /// Seconds after the first.
    pub first_zone_monitor_seconds: Option<i64>,
    /// How many instances of a zone must stay healthy.
    pub minimum_healthy_hosts_per_zone: Option<Hosts>,
}

/// One call on one configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op")]
pub enum DeploymentConfigOp {
    /// Makes one.
    CreateDeploymentConfig(DeploymentConfigModel),
    /// Deletes it.
    DeleteDeploymentConfig {
        /// Its name.
        name: String,
    },
}

/// The kind `deployment_config`.
#[derive(Clone, Copy, Debug)]
pub struct DeploymentConfig;

static SCHEMA: KindSchema = KindSchema {
    name: "deployment_config",
    summary: "A CodeDeploy deployment configuration: how fast something is deployed.",
    scope: KindScope::Region,
    stateful: false,
    taggable: false,
    attributes: &[
        ("arn", "The configuration's ARN."),
        ("name", "The configuration's name."),
        ("id", "The id CodeDeploy gave it; known after apply."),
    ],
    shape: shape_of::<DeploymentConfigSpec>,
    decode: decode_any::<DeploymentConfigSpec>,
};

fn arn(at: &At, name: &str) -> String {
    at.arn("codedeploy", &format!("deploymentconfig:{name}"))
}

impl Kind for DeploymentConfig {
    type Spec = DeploymentConfigSpec;
    type Model = DeploymentConfigModel;
    type Op = DeploymentConfigOp;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn sources() -> &'static [&'static str] {
        &[codedeploy::NAME]
    }

    fn identity(spec: &DeploymentConfigSpec, at: &At, cx: &mut Resolver<'_>) -> Identity {
        let name = fields::name(spec.name.as_ref(), &NAME, cx);
        let claim = Some(format!("codedeploy {} {} deploymentconfig:{name}", at.account_id, at.region()));
        let outputs = [("arn", arn(at, &name)), ("name", name.clone())];
        let outputs = outputs.map(|(attribute, value)| (attribute.to_owned(), value)).into();
        Identity { name, claim, outputs }
    }

    fn desired(spec: &DeploymentConfigSpec, _: &At, cx: &mut Resolver<'_>) -> Option<DeploymentConfigModel> {
        let name = fields::name(spec.name.as_ref(), &NAME, cx);
        if name.to_lowercase().starts_with(RESERVED) {
            let span = spec.name.as_ref().map_or_else(|| cx.span(), Text::span);
            cx.problem(Diagnostic::error(format!("`{name}` begins as only AWS's own configurations may")).at(span, ""));
        }
        Some(DeploymentConfigModel { name, settings: settings(spec, cx) })
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<DeploymentConfigModel>>, Unread> {
        let facts: &CodeDeployFacts = facts.get(codedeploy::NAME, scope)?;
        Ok(facts.configs.iter().map(live).collect())
    }

    fn tags(_: &DeploymentConfigModel) -> Option<&Tags> {
        None
    }

    fn tags_mut(_: &mut DeploymentConfigModel) -> Option<&mut Tags> {
        None
    }

    fn ops(
        _: &At,
        before: Option<&DeploymentConfigModel>,
        after: Option<&DeploymentConfigModel>,
    ) -> Result<Steps<DeploymentConfigOp>, Refusal> {
        let create = |after: &DeploymentConfigModel| DeploymentConfigOp::CreateDeploymentConfig(after.clone());
        let delete =
            |before: &DeploymentConfigModel| DeploymentConfigOp::DeleteDeploymentConfig { name: before.name.clone() };
        let steps = match (before, after) {
            (None, None) => Steps { ops: Vec::new(), replaces: Vec::new() },
            (None, Some(after)) => Steps { ops: vec![create(after)], replaces: Vec::new() },
            (Some(before), None) => Steps { ops: vec![delete(before)], replaces: Vec::new() },
            (Some(before), Some(after)) if before == after => Steps { ops: Vec::new(), replaces: Vec::new() },
            (Some(before), Some(after)) => {
                Steps { ops: vec![delete(before), create(after)], replaces: differences(before, after) }
            }
        };
        Ok(steps)
    }

    fn split(_: &At, _: &DeploymentConfigOp) -> Option<Vec<DeploymentConfigOp>> {
        // A configuration names nothing.
        None
    }

    fn follow(_: &At, _: &DeploymentConfigModel, _: &str) -> Vec<DeploymentConfigOp> {
        Vec::new()
    }

    fn info(at: &At, op: &DeploymentConfigOp) -> OpInfo {
        let of = |call, name: &str, title: String| OpInfo { call, resource: arn(at, name), title, ..OpInfo::default() };
        match op {
            DeploymentConfigOp::CreateDeploymentConfig(model) => OpInfo {
                creates: vec![arn(at, &model.name)],
                yields: &["id"],
                ..of(
                    "codedeploy:CreateDeploymentConfig",
                    &model.name,
                    format!("create deployment config {}", model.name),
                )
            },
            DeploymentConfigOp::DeleteDeploymentConfig { name } => OpInfo {
                destroys: vec![arn(at, name)],
                ..of("codedeploy:DeleteDeploymentConfig", name, format!("delete deployment config {name}"))
            },
        }
    }

    fn export(_: &At, live: &Live<DeploymentConfigModel>) -> Export {
        Export::same(&live.model)
    }

    fn simulate(model: &mut Option<DeploymentConfigModel>, op: &DeploymentConfigOp) {
        *model = match op {
            DeploymentConfigOp::CreateDeploymentConfig(made) => Some(made.clone()),
            DeploymentConfigOp::DeleteDeploymentConfig { name: _ } => None,
        };
    }
}

fn differences(before: &DeploymentConfigModel, after: &DeploymentConfigModel) -> Vec<&'static str> {
    let DeploymentConfigModel { name, settings } = after;
    let Settings { compute_platform, minimum_healthy_hosts, traffic_routing, zonal } = settings;
    let different = [
        ("name", *name != before.name),
        ("compute_platform", *compute_platform != before.settings.compute_platform),
        ("minimum_healthy_hosts", *minimum_healthy_hosts != before.settings.minimum_healthy_hosts),
        ("traffic_routing", *traffic_routing != before.settings.traffic_routing),
        ("zonal", *zonal != before.settings.zonal),
    ];
    different.into_iter().filter(|(_, different)| *different).map(|(field, _)| field).collect()
}

fn live(fact: &ConfigFact) -> Live<DeploymentConfigModel> {
    let ConfigFact { name, arn, id, settings } = fact;
    let outputs = [("arn", arn), ("name", name), ("id", id)];
    Live {
        name: name.clone(),
        model: DeploymentConfigModel { name: name.clone(), settings: settings.clone() },
        outputs: outputs.map(|(attribute, value)| (attribute.to_owned(), value.clone())).into(),
    }
}

fn settings(spec: &DeploymentConfigSpec, cx: &mut Resolver<'_>) -> Settings {
    let DeploymentConfigSpec { name: _, compute_platform, minimum_healthy_hosts, traffic_routing, zonal } = spec;
    let platform = compute_platform.unwrap_or(ComputePlatform::Server);
    let server = platform == ComputePlatform::Server;
    let span = cx.span();
    let mut problem = |summary: String| cx.problem(Diagnostic::error(summary).at(span, ""));
    if server && minimum_healthy_hosts.is_none() {
        problem("a deployment config for `Server` needs `minimum_healthy_hosts`".to_owned());
    }
    if server && traffic_routing.is_some() {
        problem("`traffic_routing` is not for `Server`".to_owned());
    }
    if !server && minimum_healthy_hosts.is_some() {
        problem(format!("`minimum_healthy_hosts` is not for `{platform}`"));
    }
    if !server && zonal.is_some() {
        problem(format!("`zonal` is not for `{platform}`"));
    }
    let per_zone = zonal.as_ref().and_then(|zonal| zonal.minimum_healthy_hosts_per_zone.as_ref());
    for HostsSpec { sort, value } in minimum_healthy_hosts.iter().chain(per_zone) {
        if *sort == HostsSort::FleetPercent && value.get() > 99 {
            problem(format!("{} percent can't stay healthy while something is deployed: at most 99", value.get()));
        }
    }
    if let Some(RoutingSpec { sort, percentage, interval_minutes }) = traffic_routing {
        let steps = *sort != RoutingSort::AllAtOnce;
        if steps != percentage.is_some() || steps != interval_minutes.is_some() {
            problem(format!("`{sort}` {} `percentage` and `interval_minutes`", if steps { "needs" } else { "has no" }));
        }
    }
    Settings {
        compute_platform: platform.to_string(),
        minimum_healthy_hosts: minimum_healthy_hosts.as_ref().map(hosts),
        traffic_routing: (!server).then(|| routing(traffic_routing.as_ref())),
        zonal: zonal.as_ref().map(
            |ZonalSpec { monitor_seconds, first_zone_monitor_seconds, minimum_healthy_hosts_per_zone }| Zonal {
                monitor_seconds: monitor_seconds.map(i64::from),
                first_zone_monitor_seconds: first_zone_monitor_seconds.map(i64::from),
                minimum_healthy_hosts_per_zone: minimum_healthy_hosts_per_zone.as_ref().map(hosts),
            },
        ),
    }
}

fn small(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn hosts(spec: &HostsSpec) -> Hosts {
    let HostsSpec { sort, value } = spec;
    Hosts { sort: sort.to_string(), value: small(value.get()) }
}

fn routing(spec: Option<&RoutingSpec>) -> Routing {
    match spec {
        None => Routing { sort: RoutingSort::AllAtOnce.to_string(), percentage: None, interval_minutes: None },
        Some(RoutingSpec { sort, percentage, interval_minutes }) => Routing {
            sort: sort.to_string(),
            percentage: percentage.map(|percentage| small(percentage.get())),
            interval_minutes: interval_minutes.map(|minutes| small(minutes.get())),
        },
    }
}

impl Settings {
    /// What CodeDeploy says of a configuration, in canonical form.
    pub(crate) fn from_live(info: &aws::DeploymentConfigInfo) -> Self {
        let hosts = |hosts: &aws::MinimumHealthyHosts| Hosts {
            sort: hosts.r#type().map_or_else(String::new, |sort| sort.as_str().to_owned()),
            value: hosts.value(),
        };
        let platform = info.compute_platform().map_or("Server", |platform| platform.as_str());
        Self {
            compute_platform: platform.to_owned(),
            minimum_healthy_hosts: info.minimum_healthy_hosts().filter(|_| platform == "Server").map(hosts),
            traffic_routing: info.traffic_routing_config().filter(|_| platform != "Server").map(live_routing),
            zonal: info.zonal_config().map(|zonal| Zonal {
                monitor_seconds: zonal.monitor_duration_in_seconds(),
                first_zone_monitor_seconds: zonal.first_zone_monitor_duration_in_seconds(),
                minimum_healthy_hosts_per_zone: zonal.minimum_healthy_hosts_per_zone().map(|hosts| Hosts {
                    sort: hosts.r#type().map_or_else(String::new, |sort| sort.as_str().to_owned()),
                    value: hosts.value(),
                }),
            }),
        }
    }
}

fn live_routing(routing: &aws::TrafficRoutingConfig) -> Routing {
    let canary = routing.time_based_canary().map(|step| (step.canary_percentage(), step.canary_interval()));
    let step =
        canary.or_else(|| routing.time_based_linear().map(|step| (step.linear_percentage(), step.linear_interval())));
    Routing {
        sort: routing.r#type().map_or("AllAtOnce", |sort| sort.as_str()).to_owned(),
        percentage: step.map(|(percentage, _)| percentage),
        interval_minutes: step.map(|(_, minutes)| minutes),
    }
}
