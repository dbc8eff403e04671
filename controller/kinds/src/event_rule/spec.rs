//! What TOML says of a rule.

use indexmap::IndexMap;
use trueup_specs::{JsonSpec, Reference, Text, Within, spec, words};

use super::ecs::EcsSpec;
use super::parameters::{BatchSpec, HttpSpec, RedshiftSpec};
use crate::fields;

spec! {
    /// An EventBridge rule with its targets.
    pub struct EventRuleSpec {
        /// The rule's name.
        /// Default: the name in the address, dots as dashes. At most 64 letters, digits and `._-`. Changing it removes the rule and
        /// makes another.
        pub name: Option<Text>,
        /// The event bus, by address or ARN.
        /// Default: `"default"`, which is always there. Changing it removes the rule and makes another.
        pub event_bus: Option<Reference<fields::EventBus>>,
        /// The events it is for: a table of lists, as in AWS's JSON, or a JSON file.
        /// At most 4,096 characters. It or `schedule_expression` must be there.
        /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html>
        pub event_pattern: Option<JsonSpec>,
        /// When it fires by itself: `"rate(5 minutes)"`, or `"cron(0 20 * * ? *)"` in UTC. Only on the default bus.
        /// Default: never.
        /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html>
        pub schedule_expression: Option<Text>,
        /// Whether it is on.
        /// Default: `"ENABLED"`.
        pub state: Option<State>,
        /// What the rule is for.
        /// Default: nothing. At most 512 characters.
        pub description: Option<Text>,
        /// The role of the rule itself, which a target on another account's bus may need.
        /// Default: none.
        pub role: Option<Reference<fields::Role>>,
        /// What it sends events to; at most five.
        /// Default: nothing.
        pub targets: Option<Vec<TargetSpec>>,
    }
}

spec! {
    /// What a rule sends events to.
    ///
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html>
    pub struct TargetSpec {
        /// A name for it, unique in the rule. At most 64 letters, digits and `._-`.
        pub id: Text,
        /// Its ARN: of a pipeline, a build project, a topic, a queue, a function, another bus, ….
        pub arn: Text,
        /// The role EventBridge takes for it; it must trust events.amazonaws.com.
        /// Default: none: topics, queues and functions let EventBridge in by their own policies.
        pub role: Option<Reference<fields::Role>>,
        /// A JSON text it gets instead of the event. Only one of `input`, `input_path` and `input_transformer`.
        /// Default: the event.
        pub input: Option<Text>,
        /// The part of the event it gets: `"$.detail"`.
        /// Default: all of it.
        pub input_path: Option<Text>,
        /// What is made of the event.
        /// Default: nothing.
        pub input_transformer: Option<InputTransformerSpec>,
        /// The ARN of the SQS queue for events that could not be delivered.
        /// Default: none.
        pub dead_letter_queue: Option<Text>,
        /// How often and how long delivery is tried.
        /// Default: 185 times in 24 hours.
        pub retry_policy: Option<RetryPolicySpec>,
        /// The message group, of a FIFO queue.
        /// Default: none.
        pub sqs_message_group_id: Option<Text>,
        /// The instances of a Run Command; at most five.
        /// Default: none.
        pub run_command_targets: Option<Vec<RunCommandTargetSpec>>,
        /// The task to run on an ECS cluster, which needs it.
        /// Default: none.
        pub ecs: Option<EcsSpec>,
        /// The job for a queue of AWS Batch, which needs it.
        /// Default: none.
        pub batch: Option<BatchSpec>,
        /// What a request to an API destination or to an API of API Gateway says.
        /// Default: nothing.
        pub http: Option<HttpSpec>,
        /// The part of the event that chooses the shard of a Kinesis stream: `"$.detail.id"`.
        /// Default: the event's id.
        pub kinesis_partition_key_path: Option<Text>,
        /// The statements for a cluster or workgroup of Redshift, which needs it.
        /// Default: none.
        pub redshift: Option<RedshiftSpec>,
        /// The parameters of a pipeline of SageMaker, by name; at most 200.
        /// Default: none.
        pub sagemaker_pipeline_parameters: IndexMap<String, Text>,
        /// The operation in GraphQL for an API of AppSync, which needs it.
        /// Default: none.
        pub appsync_graphql_operation: Option<Text>,
    }
}

spec! {
    /// What is made of an event.
    ///
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html>
    pub struct InputTransformerSpec {
        /// Parts of the event by name: `{ branch = "$.detail.referenceName" }`; at most 100.
        /// Default: none.
        pub input_paths: Option<IndexMap<String, Text>>,
        /// The text that is sent, with the names as `<branch>`. At most 8,192 characters.
        pub input_template: Text,
    }
}

spec! {
    /// How often and how long delivery is tried.
    pub struct RetryPolicySpec {
        /// How often. Default: 185. From 0 to 185.
        pub maximum_retry_attempts: Option<Within<0, 185>>,
        /// How long, in seconds. Default: 86400. From 60 to 86400.
        pub maximum_event_age_seconds: Option<Within<60, 86_400>>,
    }
}

spec! {
    /// Instances of a Run Command.
    pub struct RunCommandTargetSpec {
        /// `InstanceIds`, or `tag:` and a tag's key.
        pub key: Text,
        /// The ids, or the tag's values; at most 50.
        pub values: Vec<Text>,
    }
}

words! {
    /// Whether a rule is on.
    pub enum State {
        /// It is.
        Enabled = "ENABLED",
        /// It is not.
        Disabled = "DISABLED",
        /// It is, also for CloudTrail's events of reads.
        EnabledWithAllCloudtrailManagementEvents = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
    }
}
