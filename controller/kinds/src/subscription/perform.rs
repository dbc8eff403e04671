//! The calls by which subscriptions change.

use trueup_engine::perform::{OpContext, OpError};
use trueup_state::outputs::Outputs;

use super::{Subscription, SubscriptionCall, SubscriptionOp, ends};
use crate::driver::{Driver, patiently};
use crate::error::Failure;
use crate::fields;
use crate::session::Session;
use crate::source::sns::subscriptions::find;

impl Driver for Subscription {
    async fn perform(op: SubscriptionOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        Ok(patiently(cx, || send(session, &op)).await?)
    }
}

async fn send(session: &Session, op: &SubscriptionOp) -> Result<Outputs, Failure> {
    let SubscriptionOp { topic, protocol, endpoint, call } = op;
    let sns = session.sns();
    match call {
        SubscriptionCall::Subscribe { attributes } => {
            // Sent twice it makes one subscription: SNS answers for one that is there just so. Where it must be confirmed, a lost answer may
            // cost its receiver a second message.
            let mut request = sns.subscribe().topic_arn(topic).protocol(protocol).endpoint(endpoint);
            for (name, value) in attributes {
                request = request.attributes(name, value);
            }
            let answer = request.return_subscription_arn(true).send().await;
            let answer = answer.map_err(|error| session.failure("sns:Subscribe", &error))?;
            let arn = answer.subscription_arn.filter(|arn| arn.starts_with("arn:"));
            Ok(arn.map(|arn| fields::outputs([("arn", arn)])).unwrap_or_default())
        }
        SubscriptionCall::SetSubscriptionAttributes { attribute, value, unnames: _ } => {
            let call = "sns:SetSubscriptionAttributes";
            let Some(Some(arn)) = find(session, &ends(op)).await? else {
                let why = format!("{endpoint} is no confirmed subscription of {topic} any more");
                return Err(Failure::local(Some(session.who().clone()), call, why, Some("plan again".to_owned())));
            };
            // No value takes an attribute away; a filter wants an empty one.
            // https://docs.aws.amazon.com/sns/latest/dg/message-filtering-policy-remove.html
            let value = value.clone().or_else(|| default_of(attribute).map(str::to_owned));
            let request = sns.set_subscription_attributes().subscription_arn(arn).attribute_name(attribute);
            let sent = request.set_attribute_value(value).send().await;
            sent.map(|_| Outputs::new()).map_err(|error| session.failure(call, &error))
        }
        SubscriptionCall::Unsubscribe { unnames: _ } => {
            // One that is gone is no error.
            let Some(found) = find(session, &ends(op)).await? else { return Ok(Outputs::new()) };
            let call = "sns:Unsubscribe";
            let Some(arn) = found else {
                let why = format!("{endpoint} has not confirmed its subscription, and SNS removes none that waits");
                let help = "it ends by itself 48 hours after it was made; plan again then".to_owned();
                return Err(Failure::local(Some(session.who().clone()), call, why, Some(help)));
            };
            match sns.unsubscribe().subscription_arn(arn).send().await {
                Ok(_) => Ok(Outputs::new()),
                Err(error) => {
                    let failure = session.failure(call, &error);
                    if failure.is("NotFound") { Ok(Outputs::new()) } else { Err(failure) }
                }
            }
        }
    }
}

/// What is sent for an attribute that goes and that has a default of its own.
fn default_of(attribute: &str) -> Option<&'static str> {
    match attribute {
        "FilterPolicy" => Some("{}"),
        "RawMessageDelivery" => Some("false"),
        _ => None,
    }
}
