//! The calls by which topics change.

use trueup_engine::perform::{OpContext, OpError};
use trueup_state::outputs::Outputs;

use super::attributes::default_policy;
use super::{FIFO, Topic, TopicCall, TopicOp};
use crate::driver::{Driver, patiently};
use crate::error::Failure;
use crate::session::Session;
use crate::source::sns::{arn, to_tags};

impl Driver for Topic {
    async fn perform(op: TopicOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        patiently(cx, || send(session, &op)).await?;
        Ok(Outputs::new())
    }
}

async fn send(session: &Session, op: &TopicOp) -> Result<(), Failure> {
    let TopicOp { topic, call } = op;
    let arn = arn(session, topic);
    let sns = session.sns();
    match call {
        TopicCall::CreateTopic { attributes, tags } => {
            // Sent twice it makes one topic: SNS answers for one that is there just so.
            let mut request = sns.create_topic().name(topic).set_tags(Some(to_tags(tags)));
            for (name, value) in attributes {
                request = request.attributes(name, value);
            }
            if topic.ends_with(FIFO) {
                request = request.attributes("FifoTopic", "true");
            }
            request.send().await.map(drop).map_err(|error| session.failure("sns:CreateTopic", &error))
        }
        TopicCall::SetTopicAttributes { attribute, value, unnames: _ } => set(session, &arn, attribute, value).await,
        TopicCall::SetTopicPolicy { policy, unnames: _ } => {
            let text = policy.as_ref().map_or_else(|| default_policy(&arn), |policy| policy.to_json());
            set(session, &arn, "Policy", &text).await
        }
        TopicCall::PutDataProtectionPolicy { policy } => {
            // An empty text takes it away.
            let text = policy.as_ref().map(ToString::to_string).unwrap_or_default();
            let sent = sns.put_data_protection_policy().resource_arn(arn).data_protection_policy(text).send().await;
            sent.map(drop).map_err(|error| session.failure("sns:PutDataProtectionPolicy", &error))
        }
        TopicCall::TagResource { tags } => {
            let sent = sns.tag_resource().resource_arn(arn).set_tags(Some(to_tags(tags))).send().await;
            sent.map(drop).map_err(|error| session.failure("sns:TagResource", &error))
        }
        TopicCall::UntagResource { keys } => {
            let sent = sns.untag_resource().resource_arn(arn).set_tag_keys(Some(keys.clone())).send().await;
            sent.map(drop).map_err(|error| session.failure("sns:UntagResource", &error))
        }
        TopicCall::DeleteTopic { unnames: _ } => {
            // One that is gone is no error.
            let sent = sns.delete_topic().topic_arn(arn).send().await;
            sent.map(drop).map_err(|error| session.failure("sns:DeleteTopic", &error))
        }
    }
}

async fn set(session: &Session, arn: &str, name: &str, value: &str) -> Result<(), Failure> {
    let request = session.sns().set_topic_attributes().topic_arn(arn).attribute_name(name).attribute_value(value);
    request.send().await.map(drop).map_err(|error| session.failure("sns:SetTopicAttributes", &error))
}
