//! What TOML says of a topic.

use trueup_specs::{JsonSpec, PolicySpec, Reference, Text, Within, spec, words};

use super::delivery::DeliveryPolicySpec;
use crate::fields;

spec! {
    /// An SNS topic with its policy.
    ///
    /// What it sends messages to is said by each `subscription`.
    pub struct TopicSpec {
        /// The topic's name.
        /// Default: the name in the address, dots as dashes, and `.fifo` behind it where it is one. At most 256 letters, digits, `_` and
        /// `-`. Changing it removes the topic, with its subscriptions, and makes another.
        pub name: Option<Text>,
        /// Whether messages keep their order.
        /// Default: false. Changing it removes the topic, with its subscriptions, and makes another.
        pub fifo: Option<bool>,
        /// The name that people see in messages.
        /// Default: none. At most 100 characters.
        pub display_name: Option<Text>,
        /// The KMS key that encrypts messages: its address or ARN, or `"alias/aws/sns"`, AWS's own.
        /// Default: none, messages are not encrypted by a key.
        /// <https://docs.aws.amazon.com/sns/latest/dg/sns-server-side-encryption.html>
        pub kms_key: Option<Reference<fields::TopicKey>>,
        /// Who may publish and subscribe.
        /// At most 30 KB. Default: SNS's own policy, the topic's account alone.
        /// <https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html>
        pub policy: Option<PolicySpec>,
        /// Whether X-Ray follows messages.
        /// Default: `"PassThrough"`.
        pub tracing: Option<Tracing>,
        /// The hash that signs messages: 1 is SHA1, 2 is SHA256.
        /// Default: 1.
        pub signature_version: Option<Within<1, 2>>,
        /// How large a message may be, in bytes, 1024 to 1048576. Above 262144 all subscriptions must be of SQS, Lambda or Firehose.
        /// Default: 262144.
        /// <https://docs.aws.amazon.com/sns/latest/dg/large-message-payloads.html>
        pub maximum_message_size: Option<Within<1_024, 1_048_576>>,
        /// How messages are delivered to web pages, unless a subscription says otherwise.
        /// Default: three retries, 20 seconds apart.
        /// <https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html>
        pub delivery_policy: Option<DeliveryPolicySpec>,
        /// Whether what subscriptions say of their delivery counts for nothing.
        /// Default: false.
        pub disable_subscription_overrides: Option<bool>,
        /// Which deliveries are written to CloudWatch Logs, by what they go to.
        /// Default: none.
        /// <https://docs.aws.amazon.com/sns/latest/dg/sns-topic-attributes.html>
        pub delivery_status: Option<DeliveryStatusesSpec>,
        /// What keeps personal data out of messages: a table as in AWS's JSON, or a JSON file. Not of a FIFO topic.
        /// Default: nothing; a policy that a hand put there is not looked for. AWS no longer offers it to new customers.
        /// <https://docs.aws.amazon.com/sns/latest/dg/sns-message-data-protection-policies.html>
        pub data_protection_policy: Option<JsonSpec>,
        /// Whether two messages with one body are one message. Only of a FIFO topic.
        /// Default: false.
        pub content_based_deduplication: Option<bool>,
        /// Among which messages one is looked for that is the same: those of the topic, or of a message group, which lets more messages
        /// through. Only of a FIFO topic.
        /// Default: `"Topic"`.
        /// <https://docs.aws.amazon.com/sns/latest/dg/fifo-high-throughput.html>
        pub fifo_throughput_scope: Option<FifoThroughputScope>,
        /// For how many days messages are kept to be sent again, 1 to 365. Only of a FIFO topic.
        /// Default: they are not.
        pub archive_days: Option<Within<1, 365>>,
    }
}

words! {
    /// Whether X-Ray follows messages.
    pub enum Tracing {
        /// Where the sender asks for it.
        PassThrough = "PassThrough",
        /// It does.
        Active = "Active",
    }
}

words! {
    /// Among which messages one is looked for that is the same.
    pub enum FifoThroughputScope {
        /// All of the topic.
        Topic = "Topic",
        /// Those of its group.
        MessageGroup = "MessageGroup",
    }
}

spec! {
    /// Which deliveries are logged.
    pub struct DeliveryStatusesSpec {
        /// To endpoints of mobile applications.
        /// Default: none.
        pub application: Option<DeliveryStatusSpec>,
        /// To streams of Firehose.
        /// Default: none.
        pub firehose: Option<DeliveryStatusSpec>,
        /// To web pages.
        /// Default: none.
        pub http: Option<DeliveryStatusSpec>,
        /// To functions.
        /// Default: none.
        pub lambda: Option<DeliveryStatusSpec>,
        /// To queues.
        /// Default: none.
        pub sqs: Option<DeliveryStatusSpec>,
    }
}

spec! {
    /// Which deliveries of one sort are logged.
    pub struct DeliveryStatusSpec {
        /// The role with which SNS logs deliveries that succeed; it must trust sns.amazonaws.com.
        /// Default: none, they are not logged.
        pub success_role: Option<Reference<fields::Role>>,
        /// How many of a hundred deliveries that succeed are logged. Default: 0.
        pub success_sample_rate: Option<Within<0, 100>>,
        /// The role with which SNS logs all deliveries that fail; it must trust sns.amazonaws.com.
        /// Default: none, they are not logged.
        pub failure_role: Option<Reference<fields::Role>>,
    }
}
