//! What TOML says of a subscription.

use trueup_specs::{JsonSpec, Reference, Text, spec, words};

use crate::fields;
use crate::topic::delivery::DeliveryPolicySpec;

spec! {
    /// What an SNS topic sends its messages to.
    ///
    /// Topic, protocol and endpoint make it the one it is. A mailbox, a web page, and what is another account's than the one that subscribes
    /// it must confirm; until it does, the subscription is left alone and told in each plan, and AWS ends it 48 hours after it was made. AWS
    /// can't tag subscriptions, so that whose one is stands in the record of the last apply.
    pub struct SubscriptionSpec {
        /// The topic, by address or ARN. It is of the same region, and of any account that lets this one subscribe.
        /// Changing it removes the subscription and makes another.
        pub topic: Reference<fields::Topic>,
        /// How messages are delivered. Changing it removes the subscription and makes another.
        pub protocol: Protocol,
        /// Where messages go: an e-mail address, a URL, a phone number with its country (`+4366012345678`), or the ARN of a queue, a
        /// function, a stream or an application's endpoint. Changing it removes the subscription and makes another.
        pub endpoint: Text,
        /// Which messages go there: a table of lists, as in AWS's JSON, or a JSON file. At most five keys.
        /// Default: all of them.
        /// <https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html>
        pub filter_policy: Option<JsonSpec>,
        /// What the filter looks at.
        /// Default: `"MessageAttributes"`.
        pub filter_policy_scope: Option<FilterPolicyScope>,
        /// Whether a message goes there as it is, without SNS's JSON around it. Only to `sqs`, `http`, `https` and `firehose`.
        /// Default: false.
        pub raw_message_delivery: Option<bool>,
        /// The ARN of the SQS queue for messages that could not be delivered; one of this account and region, and a FIFO queue just where the
        /// topic is one.
        /// Default: none.
        /// <https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html>
        pub dead_letter_queue: Option<Text>,
        /// How messages are delivered to a web page. Only to `http` and `https`.
        /// Default: as the topic says.
        pub delivery_policy: Option<DeliveryPolicySpec>,
        /// The role with which SNS writes to a stream of Firehose; it must trust sns.amazonaws.com. `firehose` needs it, and nothing else has it.
        pub role: Option<Reference<fields::Role>>,
        /// Which messages of a FIFO topic's archive are sent again. A change sends them at once.
        /// Default: none.
        /// <https://docs.aws.amazon.com/sns/latest/dg/message-archiving-and-replay-subscriber.html>
        pub replay_policy: Option<ReplayPolicySpec>,
    }
}

words! {
    /// How messages are delivered.
    pub enum Protocol {
        /// To an endpoint of a mobile application.
        Application = "application",
        /// By e-mail.
        Email = "email",
        /// By e-mail, as JSON.
        EmailJson = "email-json",
        /// To a stream of Firehose.
        Firehose = "firehose",
        /// To a web page.
        Http = "http",
        /// To a web page.
        Https = "https",
        /// To a function.
        Lambda = "lambda",
        /// To a telephone.
        Sms = "sms",
        /// To a queue.
        Sqs = "sqs",
    }
}

words! {
    /// What a filter looks at.
    pub enum FilterPolicyScope {
        /// The attributes of a message.
        MessageAttributes = "MessageAttributes",
        /// Its body, which is JSON.
        MessageBody = "MessageBody",
    }
}

spec! {
    /// Which messages of the archive are sent again.
    pub struct ReplayPolicySpec {
        /// From when on: `"2026-03-02T00:00:00.000Z"`.
        pub starting_point: Text,
        /// Until when. Default: all that come.
        pub ending_point: Option<Text>,
    }
}
