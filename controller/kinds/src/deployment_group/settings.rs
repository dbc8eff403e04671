//! The settings of a deployment group in canonical form, and what changes among them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Two types from one list of settings, so that none is forgotten: all of them, and those that change.
macro_rules! settings {
    ($($(#[doc = $doc:literal])* $field:ident: $type:ty),* $(,)?) => {
        /// Everything of a deployment group but its name, its application and its tags.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub struct Settings {
            $($(#[doc = $doc])* pub $field: $type,)*
        }

        /// The settings that an UpdateDeploymentGroup changes.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Change {
            $($(#[doc = $doc])* #[serde(default, skip_serializing_if = "Option::is_none")] pub $field: Option<$type>,)*
        }

        impl Change {
            /// What makes `before` into `after`.
            #[must_use]
            pub fn between(before: &Settings, after: &Settings) -> Self {
                Self { $($field: (before.$field != after.$field).then(|| after.$field.clone()),)* }
            }

            /// The names of the settings that change.
            #[must_use]
            pub fn names(&self) -> Vec<&'static str> {
                [$(self.$field.is_some().then_some(stringify!($field))),*].into_iter().flatten().collect()
            }

            /// Makes the change.
            pub fn apply(self, settings: &mut Settings) {
                let Self { $($field),* } = self;
                $(if let Some(value) = $field { settings.$field = value; })*
            }
        }
    };
}

settings! {
    /// The service role's ARN.
    service_role: String,
    /// The deployment configuration's name.
    deployment_config: String,
    /// EC2 instances with any of these tags.
    ec2_tags: BTreeSet<TagFilter>,
    /// EC2 instances with a tag out of each of these sets.
    ec2_tag_sets: BTreeSet<BTreeSet<TagFilter>>,
    /// On-premises instances with any of these tags.
    on_premises_tags: BTreeSet<TagFilter>,
    /// On-premises instances with a tag out of each of these sets.
    on_premises_tag_sets: BTreeSet<BTreeSet<TagFilter>>,
    /// Names of Auto Scaling groups.
    auto_scaling_groups: BTreeSet<String>,
    /// How it is deployed.
    deployment_style: DeploymentStyle,
    /// What becomes of blue and green instances.
    blue_green: BlueGreen,
    /// Who directs the traffic.
    load_balancers: LoadBalancers,
    /// ECS services.
    ecs_services: BTreeSet<EcsService>,
    /// What makes a deployment roll back; nothing: it never does by itself.
    auto_rollback: BTreeSet<String>,
    /// Alarms that stop a deployment.
    alarms: Alarms,
    /// Who is told of what, by the trigger's name.
    triggers: Triggers,
    /// `UPDATE` or `IGNORE`.
    outdated_instances: String,
    /// Whether Auto Scaling tells CodeDeploy of instances it terminates.
    termination_hook: bool,
}

/// Who is told of what, by the trigger's name.
pub type Triggers = BTreeMap<String, Trigger>;

/// A tag, or only its key, or only its value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TagFilter {
    /// The key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// How a group is deployed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeploymentStyle {
    /// `IN_PLACE` or `BLUE_GREEN`.
    pub deployment_type: String,
    /// `WITH_TRAFFIC_CONTROL` or `WITHOUT_TRAFFIC_CONTROL`.
    pub deployment_option: String,
}

/// What becomes of blue and green instances; empty where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlueGreen {
    /// What becomes of the blue ones after success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminate_blue: Option<Waiting>,
    /// When traffic goes to the green ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<Waiting>,
    /// Where the green ones are from: `DISCOVER_EXISTING` or `COPY_AUTO_SCALING_GROUP`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub green_fleet: Option<String>,
}

/// What is done, and after how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiting {
    /// CodeDeploy's word.
    pub action: String,
    /// Minutes.
    pub wait_minutes: i32,
}

/// Who directs the traffic; empty where nobody does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadBalancers {
    /// Names of Classic Load Balancers.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub classic: BTreeSet<String>,
    /// Names of target groups.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub target_groups: BTreeSet<String>,
    /// Pairs of target groups that ECS shifts traffic between.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub target_group_pairs: BTreeSet<TargetGroupPair>,
}

/// Two target groups and their listeners.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetGroupPair {
    /// Their names.
    pub target_groups: BTreeSet<String>,
    /// ARNs of the listeners for real traffic.
    pub production_listeners: BTreeSet<String>,
    /// ARNs of the listeners for test traffic.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub test_listeners: BTreeSet<String>,
}

/// An ECS service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EcsService {
    /// Its cluster.
    pub cluster: String,
    /// Its name.
    pub service: String,
}

/// Alarms that stop a deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alarms {
    /// Their names.
    pub names: BTreeSet<String>,
    /// Whether they are looked at.
    pub enabled: bool,
    /// Whether a deployment goes on when their state can't be read.
    pub ignore_poll_failure: bool,
}

/// Who is told of what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// The topic's ARN.
    pub topic: String,
    /// CodeDeploy's words.
    pub events: BTreeSet<String>,
}

impl Settings {
    /// What a group is made with where CreateDeploymentGroup is told nothing; role and configuration it is always told.
    #[must_use]
    pub fn unsaid() -> Self {
        Self {
            service_role: String::new(),
            deployment_config: String::new(),
            ec2_tags: BTreeSet::new(),
            ec2_tag_sets: BTreeSet::new(),
            on_premises_tags: BTreeSet::new(),
            on_premises_tag_sets: BTreeSet::new(),
            auto_scaling_groups: BTreeSet::new(),
            deployment_style: DeploymentStyle {
                deployment_type: "IN_PLACE".to_owned(),
                deployment_option: "WITHOUT_TRAFFIC_CONTROL".to_owned(),
            },
            blue_green: BlueGreen::default(),
            load_balancers: LoadBalancers::default(),
            ecs_services: BTreeSet::new(),
            auto_rollback: BTreeSet::new(),
            alarms: Alarms::default(),
            triggers: BTreeMap::new(),
            outdated_instances: "UPDATE".to_owned(),
            termination_hook: false,
        }
    }
}
