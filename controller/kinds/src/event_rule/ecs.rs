//! A task of ECS that a rule runs: how a spec says it, what is kept of it, and how EventBridge writes it.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_EcsParameters.html>

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_eventbridge::types::{self as wire, AssignPublicIp, PropagateTags};
use aws_smithy_types::error::operation::BuildError;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::resolve::Resolver;
use trueup_specs::{Text, Within, spec, words};

use super::desired::too_long;

const PAGE: &str = "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_EcsParameters.html";

/// How many of each a task takes; the same page.
const PROVIDERS_MAX: usize = 6;
const CONSTRAINTS_MAX: usize = 10;
const STRATEGIES_MAX: usize = 5;
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_AwsVpcConfiguration.html>
const SUBNETS_MAX: usize = 16;
const SECURITY_GROUPS_MAX: usize = 5;

spec! {
    /// A task that a rule runs. The target is its cluster.
    pub struct EcsSpec {
        /// The task definition's ARN.
        pub task_definition: Text,
        /// How many tasks. Default: 1.
        pub task_count: Option<Within<1, 2_147_483_647>>,
        /// Where they run. Default: as the cluster says.
        pub launch_type: Option<LaunchType>,
        /// Which capacity providers they run on, instead of `launch_type`; at most six. Default: as the cluster says.
        pub capacity_providers: Option<Vec<CapacityProviderSpec>>,
        /// The version of Fargate. Default: the latest.
        pub platform_version: Option<Text>,
        /// The task group. Default: the family of the task definition.
        pub group: Option<Text>,
        /// The subnets, for tasks with a network of their own; at most 16. Default: none.
        pub subnets: Option<Vec<Text>>,
        /// Their security groups; at most five. Default: that of the VPC.
        pub security_groups: Option<Vec<Text>>,
        /// Whether they get a public address; only with `"FARGATE"`. Default: false.
        pub assign_public_ip: Option<bool>,
        /// Which instances may run them; at most ten. Default: all.
        pub placement_constraints: Option<Vec<PlacementConstraintSpec>>,
        /// Which instances run them rather; at most five, the first first. Default: as ECS chooses.
        pub placement_strategy: Option<Vec<PlacementStrategySpec>>,
        /// Whether ECS tags them with their cluster. Default: false.
        pub enable_ecs_managed_tags: Option<bool>,
        /// Whether commands can be run in their containers. Default: false.
        pub enable_execute_command: Option<bool>,
        /// Whether they get the tags of the task definition. Default: false.
        pub propagate_tags: Option<bool>,
        /// An id that ECS keeps with them. Default: none.
        pub reference_id: Option<Text>,
        /// Their tags. Default: none.
        pub tags: IndexMap<String, Text>,
    }
}

words! {
    /// Where tasks run.
    pub enum LaunchType {
        /// On instances of EC2.
        Ec2 = "EC2",
        /// On Fargate.
        Fargate = "FARGATE",
        /// On servers of one's own.
        External = "EXTERNAL",
    }
}

spec! {
    /// A capacity provider that tasks run on.
    pub struct CapacityProviderSpec {
        /// Its name.
        pub capacity_provider: Text,
        /// What part of the tasks runs on it, compared with the others. Default: 0. From 0 to 1000.
        pub weight: Option<Within<0, 1_000>>,
        /// How many tasks run on it at least; of one provider alone. Default: 0. From 0 to 100000.
        pub base: Option<Within<0, 100_000>>,
    }
}

spec! {
    /// Which instances may run a task.
    pub struct PlacementConstraintSpec {
        /// The sort of constraint.
        #[key = "type"]
        pub sort: PlacementConstraintType,
        /// Of `memberOf`: which instances, in ECS's query language. At most 2,000 characters.
        pub expression: Option<Text>,
    }
}

words! {
    /// The sort of a constraint.
    pub enum PlacementConstraintType {
        /// Each task on another instance.
        DistinctInstance = "distinctInstance",
        /// On instances that an expression names.
        MemberOf = "memberOf",
    }
}

spec! {
    /// Which instances run a task rather.
    pub struct PlacementStrategySpec {
        /// The sort of strategy.
        #[key = "type"]
        pub sort: PlacementStrategyType,
        /// What is spread over (`instanceId`, an attribute), or packed (`cpu`, `memory`). Default: none, for `random`.
        pub field: Option<Text>,
    }
}

words! {
    /// The sort of a strategy.
    pub enum PlacementStrategyType {
        /// Any.
        Random = "random",
        /// Evenly over a field's values.
        Spread = "spread",
        /// On as few as can be.
        Binpack = "binpack",
    }
}

/// A task that a rule runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ecs {
    /// The task definition's ARN.
    pub task_definition: String,
    /// How many tasks.
    pub task_count: i32,
    /// `EC2`, `FARGATE` or `EXTERNAL`.
    pub launch_type: Option<String>,
    /// In order.
    pub capacity_providers: Vec<CapacityProvider>,
    /// The version of Fargate.
    pub platform_version: Option<String>,
    /// The task group.
    pub group: Option<String>,
    /// Subnets, where tasks have a network of their own.
    pub subnets: BTreeSet<String>,
    /// Security groups.
    pub security_groups: BTreeSet<String>,
    /// Whether tasks get a public address.
    pub assign_public_ip: bool,
    /// In order.
    pub placement_constraints: Vec<PlacementConstraint>,
    /// In order.
    pub placement_strategy: Vec<PlacementStrategy>,
    /// Whether ECS tags tasks.
    pub enable_ecs_managed_tags: bool,
    /// Whether commands can be run.
    pub enable_execute_command: bool,
    /// Whether they get the tags of the task definition.
    pub propagate_tags: bool,
    /// An id that ECS keeps.
    pub reference_id: Option<String>,
    /// The tags of the tasks.
    pub tags: BTreeMap<String, String>,
}

/// A capacity provider that tasks run on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapacityProvider {
    /// Its name.
    pub capacity_provider: String,
    /// The part of the tasks.
    pub weight: i32,
    /// Tasks at least.
    pub base: i32,
}

/// Which instances may run a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacementConstraint {
    /// `distinctInstance` or `memberOf`.
    #[serde(rename = "type")]
    pub sort: String,
    /// Which instances.
    pub expression: Option<String>,
}

/// Which instances run a task rather.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacementStrategy {
    /// `random`, `spread` or `binpack`.
    #[serde(rename = "type")]
    pub sort: String,
    /// What counts.
    pub field: Option<String>,
}

fn number(given: Option<i64>, default: i32) -> i32 {
    given.and_then(|number| i32::try_from(number).ok()).unwrap_or(default)
}

impl Ecs {
    pub(super) fn desired(spec: &EcsSpec, cx: &mut Resolver<'_>) -> Self {
        let EcsSpec {
            task_definition,
            task_count,
            launch_type,
            capacity_providers,
            platform_version,
            group,
            subnets,
            security_groups,
            assign_public_ip,
            placement_constraints,
            placement_strategy,
            enable_ecs_managed_tags,
            enable_execute_command,
            propagate_tags,
            reference_id,
            tags,
        } = spec;
        check(spec, cx);
        let mut set = |texts: &Option<Vec<Text>>| -> BTreeSet<String> {
            cx.texts(texts.as_deref().unwrap_or_default()).into_iter().collect()
        };
        let (subnets, security_groups) = (set(subnets), set(security_groups));
        let mut short = |text: &Text, max: usize, what: &str| {
            let value = cx.text(text);
            too_long(&value, max, what, text.span(), cx);
            value
        };
        Self {
            task_definition: short(task_definition, 1_600, "ARN"),
            task_count: number(task_count.map(|count| count.get()), 1),
            launch_type: launch_type.map(|sort| sort.to_string()),
            capacity_providers: capacity_providers
                .iter()
                .flatten()
                .map(|CapacityProviderSpec { capacity_provider, weight, base }| CapacityProvider {
                    capacity_provider: short(capacity_provider, 255, "name"),
                    weight: number(weight.map(|part| part.get()), 0),
                    base: number(base.map(|many| many.get()), 0),
                })
                .collect(),
            platform_version: platform_version.as_ref().map(|version| short(version, 255, "version")),
            group: group.as_ref().map(|group| short(group, 255, "task group")),
            subnets,
            security_groups,
            assign_public_ip: assign_public_ip.unwrap_or(false),
            placement_constraints: placement_constraints
                .iter()
                .flatten()
                .map(|PlacementConstraintSpec { sort, expression }| PlacementConstraint {
                    sort: sort.to_string(),
                    expression: expression.as_ref().map(|text| short(text, 2_000, "expression")),
                })
                .collect(),
            placement_strategy: placement_strategy
                .iter()
                .flatten()
                .map(|PlacementStrategySpec { sort, field }| PlacementStrategy {
                    sort: sort.to_string(),
                    field: field.as_ref().map(|text| short(text, 255, "field")),
                })
                .collect(),
            enable_ecs_managed_tags: enable_ecs_managed_tags.unwrap_or(false),
            enable_execute_command: enable_execute_command.unwrap_or(false),
            propagate_tags: propagate_tags.unwrap_or(false),
            reference_id: reference_id.as_ref().map(|id| short(id, 1_024, "reference id")),
            tags: tags.iter().map(|(key, text)| (key.clone(), short(text, 256, "tag"))).collect(),
        }
    }

    pub(super) fn live(live: &wire::EcsParameters) -> Self {
        let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        let network = live.network_configuration().and_then(|network| network.awsvpc_configuration());
        let set = |list: Option<&[String]>| list.unwrap_or_default().iter().cloned().collect();
        Self {
            task_definition: live.task_definition_arn().to_owned(),
            task_count: live.task_count().unwrap_or(1),
            launch_type: live.launch_type().map(|sort| sort.as_str().to_owned()),
            capacity_providers: live
                .capacity_provider_strategy()
                .iter()
                .map(|one| CapacityProvider {
                    capacity_provider: one.capacity_provider().to_owned(),
                    weight: one.weight(),
                    base: one.base(),
                })
                .collect(),
            platform_version: text(live.platform_version()),
            group: text(live.group()),
            subnets: set(network.map(wire::AwsVpcConfiguration::subnets)),
            security_groups: set(network.map(wire::AwsVpcConfiguration::security_groups)),
            assign_public_ip: network
                .is_some_and(|network| network.assign_public_ip() == Some(&AssignPublicIp::Enabled)),
            placement_constraints: live
                .placement_constraints()
                .iter()
                .map(|one| PlacementConstraint {
                    sort: one.r#type().map(|sort| sort.as_str().to_owned()).unwrap_or_default(),
                    expression: text(one.expression()),
                })
                .collect(),
            placement_strategy: live
                .placement_strategy()
                .iter()
                .map(|one| PlacementStrategy {
                    sort: one.r#type().map(|sort| sort.as_str().to_owned()).unwrap_or_default(),
                    field: text(one.field()),
                })
                .collect(),
            enable_ecs_managed_tags: live.enable_ecs_managed_tags(),
            enable_execute_command: live.enable_execute_command(),
            propagate_tags: live.propagate_tags() == Some(&PropagateTags::TaskDefinition),
            reference_id: text(live.reference_id()),
            tags: live.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect(),
        }
    }

    pub(super) fn to_wire(&self) -> Result<wire::EcsParameters, BuildError> {
        let Self {
            task_definition,
            task_count,
            launch_type,
            capacity_providers,
            platform_version,
            group,
            subnets: _, // in the network
            security_groups: _,
            assign_public_ip: _,
            placement_constraints,
            placement_strategy,
            enable_ecs_managed_tags,
            enable_execute_command,
            propagate_tags,
            reference_id,
            tags,
        } = self;
        let providers: Result<Vec<_>, BuildError> = capacity_providers
            .iter()
            .map(|CapacityProvider { capacity_provider, weight, base }| {
                let item = wire::CapacityProviderStrategyItem::builder().capacity_provider(capacity_provider);
                item.weight(*weight).base(*base).build()
            })
            .collect();
        let constraints = placement_constraints.iter().map(|PlacementConstraint { sort, expression }| {
            let item = wire::PlacementConstraint::builder().r#type(sort.as_str().into());
            item.set_expression(expression.clone()).build()
        });
        let strategies = placement_strategy.iter().map(|PlacementStrategy { sort, field }| {
            wire::PlacementStrategy::builder().r#type(sort.as_str().into()).set_field(field.clone()).build()
        });
        let tags: Result<Vec<_>, BuildError> =
            tags.iter().map(|(key, value)| wire::Tag::builder().key(key).value(value).build()).collect();
        wire::EcsParameters::builder()
            .task_definition_arn(task_definition)
            .task_count(*task_count)
            .set_launch_type(launch_type.as_deref().map(wire::LaunchType::from))
            .set_capacity_provider_strategy(filled(providers?))
            .set_platform_version(platform_version.clone())
            .set_group(group.clone())
            .set_network_configuration(self.network()?)
            .set_placement_constraints(filled(constraints.collect()))
            .set_placement_strategy(filled(strategies.collect()))
            .enable_ecs_managed_tags(*enable_ecs_managed_tags)
            .enable_execute_command(*enable_execute_command)
            .set_propagate_tags(propagate_tags.then_some(PropagateTags::TaskDefinition))
            .set_reference_id(reference_id.clone())
            .set_tags(filled(tags?))
            .build()
    }

    fn network(&self) -> Result<Option<wire::NetworkConfiguration>, BuildError> {
        if self.subnets.is_empty() {
            return Ok(None);
        }
        let list = |set: &BTreeSet<String>| filled(set.iter().cloned().collect());
        let vpc = wire::AwsVpcConfiguration::builder()
            .set_subnets(list(&self.subnets))
            .set_security_groups(list(&self.security_groups))
            .set_assign_public_ip(self.assign_public_ip.then_some(AssignPublicIp::Enabled))
            .build()?;
        Ok(Some(wire::NetworkConfiguration::builder().awsvpc_configuration(vpc).build()))
    }
}

/// A list that says something.
fn filled<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

/// What EventBridge or ECS would refuse.
fn check(spec: &EcsSpec, cx: &mut Resolver<'_>) {
    let span = spec.task_definition.span();
    let mut refuse = |problem: &str, help: &str| {
        cx.problem(Diagnostic::error(problem).at(span, "").help(help).note(PAGE));
    };
    let fargate = spec.launch_type == Some(LaunchType::Fargate);
    let on_providers = spec.capacity_providers.as_deref().is_some_and(|providers| !providers.is_empty());
    let many = |list: Option<usize>, max: usize| list.is_some_and(|length| length > max);
    let subnets = spec.subnets.as_ref().map(Vec::len);
    if fargate && subnets.unwrap_or(0) == 0 {
        refuse("a task on Fargate needs subnets", "add subnets = [\"subnet-…\"]");
    }
    if subnets.unwrap_or(0) == 0 && (spec.security_groups.is_some() || spec.assign_public_ip == Some(true)) {
        refuse("only a task with subnets has a network of its own", "add subnets = [\"subnet-…\"]");
    }
    if (spec.assign_public_ip == Some(true) || spec.platform_version.is_some()) && !fargate && !on_providers {
        let problem = "only a task on Fargate has `assign_public_ip` and `platform_version`";
        refuse(problem, "write launch_type = \"FARGATE\", or leave them out");
    }
    if spec.launch_type.is_some() && on_providers {
        refuse("a task has `launch_type` or `capacity_providers`, not both", "leave one of them out");
    }
    let providers = spec.capacity_providers.iter().flatten();
    if providers.filter(|provider| provider.base.is_some_and(|base| base.get() > 0)).count() > 1 {
        refuse("only one capacity provider has a base", "leave the others' out");
    }
    if many(spec.capacity_providers.as_ref().map(Vec::len), PROVIDERS_MAX)
        || many(spec.placement_constraints.as_ref().map(Vec::len), CONSTRAINTS_MAX)
        || many(spec.placement_strategy.as_ref().map(Vec::len), STRATEGIES_MAX)
        || many(subnets, SUBNETS_MAX)
        || many(spec.security_groups.as_ref().map(Vec::len), SECURITY_GROUPS_MAX)
    {
        let help = "at most 6 capacity providers, 10 constraints, 5 strategies, 16 subnets and 5 security groups";
        refuse("a task takes no more of these", help);
    }
    for one in spec.placement_constraints.iter().flatten() {
        if (one.sort == PlacementConstraintType::MemberOf) != one.expression.is_some() {
            refuse("a constraint `memberOf`, and no other, has an `expression`", "add it, or leave it out");
        }
    }
    for one in spec.placement_strategy.iter().flatten() {
        if (one.sort == PlacementStrategyType::Random) == one.field.is_some() {
            refuse("a strategy other than `random` has a `field`", "add it, or leave it out");
        }
    }
}
