//! What TOML says of a deployment group.

use indexmap::IndexMap;
use trueup_specs::decode::{OneOrMany, Within};
use trueup_specs::{Reference, Text, spec, words};

use crate::fields::{Application, DeploymentConfig, Role};

/// Two days. <https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html>
pub(super) const WAIT_MINUTES_MAX: i64 = 2_880;

spec! {
    /// A CodeDeploy deployment group: where an application is deployed to, and how.
    pub struct DeploymentGroupSpec {
        /// The group's name, unique in its application.
        /// Default: the name in the address, dots as dashes. At most 100 letters, digits and `._+=,@-`.
        pub name: Option<Text>,
        /// The application, by address or ARN; of the same account and region.
        /// Changing it removes the group and makes another.
        pub application: Reference<Application>,
        /// The role CodeDeploy works with, by address or ARN.
        /// Of the same account; it must trust `codedeploy.amazonaws.com`.
        pub service_role: Reference<Role>,
        /// How fast it is deployed: one of AWS's own by name, such as `"CodeDeployDefault.OneAtATime"`, or a `deployment_config`.
        /// Default: `"CodeDeployDefault.OneAtATime"`; with `ecs_services`, `"CodeDeployDefault.ECSAllAtOnce"`. For Lambda it must be said.
        pub deployment_config: Option<Reference<DeploymentConfig>>,
        /// EC2 instances that have any of these tags: `{ key = "Application", value = "MyWebApp" }`; a key alone or a value alone will do.
        /// Default: none. Not together with `ec2_tag_sets`.
        pub ec2_tags: OneOrMany<TagFilterSpec>,
        /// EC2 instances that have, of each of these sets, any tag; at most three sets.
        /// Default: none. Not together with `ec2_tags`.
        pub ec2_tag_sets: Vec<Vec<TagFilterSpec>>,
        /// On-premises instances that have any of these tags.
        /// Default: none. Not together with `on_premises_tag_sets`.
        pub on_premises_tags: OneOrMany<TagFilterSpec>,
        /// On-premises instances that have, of each of these sets, any tag; at most three sets.
        /// Default: none. Not together with `on_premises_tags`.
        pub on_premises_tag_sets: Vec<Vec<TagFilterSpec>>,
        /// Names of Auto Scaling groups; at most ten.
        /// Default: none.
        pub auto_scaling_groups: OneOrMany<Text>,
        /// Whether instances are replaced, and whether a load balancer is told.
        /// Default: in place without traffic control; with `ecs_services`, blue/green with it. Lambda and ECS know only the latter.
        pub deployment_style: Option<DeploymentStyleSpec>,
        /// What becomes of blue and green instances.
        /// Default: nothing is said. Only for blue/green deployments.
        pub blue_green: Option<BlueGreenSpec>,
        /// Who directs the traffic.
        /// Default: nobody.
        pub load_balancers: Option<LoadBalancersSpec>,
        /// ECS services. Only for an application whose platform is ECS; a service belongs to one group at most.
        /// Default: none.
        pub ecs_services: OneOrMany<EcsServiceSpec>,
        /// What makes a deployment roll back.
        /// Default: nothing.
        pub auto_rollback: OneOrMany<RollbackEvent>,
        /// CloudWatch alarms that stop a deployment.
        /// Default: none.
        pub alarms: Option<AlarmsSpec>,
        /// SNS topics that are told of deployments, by the trigger's name; at most ten.
        /// Default: none.
        pub triggers: IndexMap<String, TriggerSpec>,
        /// What becomes of instances that missed a deployment.
        /// Default: `"UPDATE"`.
        pub outdated_instances: Option<OutdatedInstances>,
        /// Whether CodeDeploy puts a hook into the Auto Scaling groups that tells it of instances they terminate.
        /// Default: false.
        pub termination_hook: bool,
    }
}

spec! {
    /// A tag, or only its key, or only its value.
    pub struct TagFilterSpec {
        /// The key.
        /// Default: any.
        pub key: Option<Text>,
        /// The value.
        /// Default: any.
        pub value: Option<Text>,
    }
}

spec! {
    /// How a group is deployed.
    pub struct DeploymentStyleSpec {
        /// In place, or blue/green.
        pub deployment_type: DeploymentType,
        /// Whether traffic is kept away by a load balancer.
        pub deployment_option: DeploymentOption,
    }
}

words! {
    /// In place, or blue/green.
    pub enum DeploymentType {
        /// Each instance is stopped, given the new revision, and started.
        InPlace = "IN_PLACE",
        /// New instances take the place of the old ones.
        BlueGreen = "BLUE_GREEN",
    }
}

words! {
    /// Whether traffic is kept away.
    pub enum DeploymentOption {
        /// A load balancer keeps it away.
        WithTrafficControl = "WITH_TRAFFIC_CONTROL",
        /// Nobody does.
        WithoutTrafficControl = "WITHOUT_TRAFFIC_CONTROL",
    }
}

spec! {
    /// What becomes of blue and green instances.
    pub struct BlueGreenSpec {
        /// What becomes of the blue instances after success.
        /// Default: nothing is said.
        pub terminate_blue: Option<TerminateBlueSpec>,
        /// When traffic goes to the green instances.
        /// Default: nothing is said.
        pub ready: Option<ReadySpec>,
        /// Where the green instances are from.
        /// Default: nothing is said.
        pub green_fleet: Option<GreenFleet>,
    }
}

spec! {
    /// What becomes of the blue instances.
    pub struct TerminateBlueSpec {
        /// Whether they are terminated.
        pub action: BlueAction,
        /// Minutes until then, at most 2880.
        /// Default: 0.
        pub wait_minutes: Option<Within<0, WAIT_MINUTES_MAX>>,
    }
}

words! {
    /// What becomes of the blue instances.
    pub enum BlueAction {
        /// They are terminated.
        Terminate = "TERMINATE",
        /// They stay, without traffic.
        KeepAlive = "KEEP_ALIVE",
    }
}

spec! {
    /// When traffic goes to the green instances.
    pub struct ReadySpec {
        /// What happens when no one says so in time.
        pub action: ReadyAction,
        /// Minutes that someone has, at most 2880.
        /// Default: 0.
        pub wait_minutes: Option<Within<0, WAIT_MINUTES_MAX>>,
    }
}

words! {
    /// What happens when no one sends the traffic over in time.
    pub enum ReadyAction {
        /// It goes over by itself.
        ContinueDeployment = "CONTINUE_DEPLOYMENT",
        /// The deployment stops.
        StopDeployment = "STOP_DEPLOYMENT",
    }
}

words! {
    /// Where green instances are from.
    pub enum GreenFleet {
        /// They are there already.
        DiscoverExisting = "DISCOVER_EXISTING",
        /// CodeDeploy copies the Auto Scaling group.
        CopyAutoScalingGroup = "COPY_AUTO_SCALING_GROUP",
    }
}

spec! {
    /// Who directs the traffic.
    pub struct LoadBalancersSpec {
        /// Names of Classic Load Balancers.
        /// Default: none.
        pub classic: OneOrMany<Text>,
        /// Names of target groups of Application or Network Load Balancers.
        /// Default: none.
        pub target_groups: OneOrMany<Text>,
        /// Pairs of target groups that ECS shifts traffic between.
        /// Default: none.
        pub target_group_pairs: Vec<TargetGroupPairSpec>,
    }
}

spec! {
    /// Two target groups and their listeners.
    pub struct TargetGroupPairSpec {
        /// The names of the two.
        pub target_groups: Vec<Text>,
        /// The ARN of the listener for real traffic.
        pub production_listener: Text,
        /// The ARN of the listener for test traffic.
        /// Default: none.
        pub test_listener: Option<Text>,
    }
}

spec! {
    /// An ECS service.
    pub struct EcsServiceSpec {
        /// The name of its cluster.
        pub cluster: Text,
        /// Its name.
        pub service: Text,
    }
}

words! {
    /// What makes a deployment roll back.
    pub enum RollbackEvent {
        /// It failed.
        Failure = "DEPLOYMENT_FAILURE",
        /// An alarm stopped it.
        StopOnAlarm = "DEPLOYMENT_STOP_ON_ALARM",
        /// Someone stopped it.
        StopOnRequest = "DEPLOYMENT_STOP_ON_REQUEST",
    }
}

spec! {
    /// CloudWatch alarms that stop a deployment.
    pub struct AlarmsSpec {
        /// Their names; at most ten, of at most 255 characters.
        pub names: Vec<Text>,
        /// Whether they are looked at.
        /// Default: true.
        pub enabled: Option<bool>,
        /// Whether a deployment goes on when their state can't be read.
        /// Default: false.
        pub ignore_poll_failure: bool,
    }
}

spec! {
    /// A topic, and what it is told.
    pub struct TriggerSpec {
        /// The ARN of the SNS topic.
        pub topic: Text,
        /// What it is told.
        pub events: Vec<TriggerEvent>,
    }
}

words! {
    /// What a topic is told.
    pub enum TriggerEvent {
        /// A deployment starts.
        DeploymentStart = "DeploymentStart",
        /// A deployment succeeded.
        DeploymentSuccess = "DeploymentSuccess",
        /// A deployment failed.
        DeploymentFailure = "DeploymentFailure",
        /// A deployment was stopped.
        DeploymentStop = "DeploymentStop",
        /// A deployment was rolled back.
        DeploymentRollback = "DeploymentRollback",
        /// Green instances are ready.
        DeploymentReady = "DeploymentReady",
        /// An instance starts.
        InstanceStart = "InstanceStart",
        /// An instance succeeded.
        InstanceSuccess = "InstanceSuccess",
        /// An instance failed.
        InstanceFailure = "InstanceFailure",
        /// An instance is ready.
        InstanceReady = "InstanceReady",
    }
}

words! {
    /// What becomes of instances that missed a deployment.
    pub enum OutdatedInstances {
        /// They get the last revision.
        Update = "UPDATE",
        /// They stay as they are.
        Ignore = "IGNORE",
    }
}
