//! SNS: topics with their attributes, policies and tags, and subscriptions.
//!
//! The query protocol of 2010-03-31. Source: <https://docs.aws.amazon.com/sns/latest/api/Welcome.html>.
//!
//! What differs from AWS, on purpose: a message that is published goes nowhere; what an endpoint names is taken at its word; and the token
//! that confirms a subscription, which AWS sends to its endpoint, is the end of the subscription's ARN.

mod attributes;
mod endpoints;
mod filters;
mod params;
mod state;
mod subscriptions;
#[cfg(test)]
mod tests;
mod topics;

use self::params::{Fault, Params};
pub use self::state::State;
use crate::call::{Call, Reply};
use crate::front::refusal::{query_error, xml_reply};
use crate::world::World;
use crate::xml::Xml;

const NAMESPACE: &str = "http://sns.amazonaws.com/doc/2010-03-31/";

/// Answers one call.
pub fn handle(world: &mut World, call: &Call) -> Reply {
    // The caller's account exists from its first call on; other accounts' policies may name it.
    world.account(&call.caller.account);
    match answer(world, call) {
        Ok(text) => Reply { headers: vec![("content-type", "text/xml".to_owned())], ..xml_reply(200, text) },
        Err(Fault { status, code, message }) => query_error(status, code, &message, &call.request_id),
    }
}

fn answer(world: &mut World, call: &Call) -> Result<String, Fault> {
    let params = Params::read(call);
    let action = params.get("Action").unwrap_or_default().to_owned();
    let mut xml = Xml::new();
    xml.open_with(&format!("{action}Response"), &[("xmlns", NAMESPACE)]);
    let has_result = !matches!(
        action.as_str(),
        "DeleteTopic" | "PutDataProtectionPolicy" | "SetSubscriptionAttributes" | "SetTopicAttributes" | "Unsubscribe"
    );
    subscriptions::expire(world, call);
    if has_result {
        xml.open(&format!("{action}Result"));
    }
    match action.as_str() {
        "ConfirmSubscription" => subscriptions::confirm(world, call, &params, &mut xml)?,
        "CreateTopic" => topics::create(world, call, &params, &mut xml)?,
        "DeleteTopic" => topics::delete(world, call, &params)?,
        "GetDataProtectionPolicy" => attributes::get_data_protection(world, call, &params, &mut xml)?,
        "GetSubscriptionAttributes" => subscriptions::get(world, call, &params, &mut xml)?,
        "GetTopicAttributes" => attributes::get(world, call, &params, &mut xml)?,
        "ListSubscriptions" => subscriptions::list(world, call, &params, &mut xml),
        "ListSubscriptionsByTopic" => subscriptions::list_by_topic(world, call, &params, &mut xml)?,
        "ListTagsForResource" => topics::list_tags(world, call, &params, &mut xml)?,
        "ListTopics" => topics::list(world, call, &params, &mut xml)?,
        "Publish" => topics::publish(world, call, &params, &mut xml)?,
        "PutDataProtectionPolicy" => attributes::put_data_protection(world, call, &params)?,
        "SetSubscriptionAttributes" => subscriptions::set(world, call, &params)?,
        "SetTopicAttributes" => attributes::set(world, call, &params)?,
        "Subscribe" => subscriptions::subscribe(world, call, &params, &mut xml)?,
        "TagResource" => topics::tag(world, call, &params)?,
        "Unsubscribe" => subscriptions::unsubscribe(world, call, &params)?,
        "UntagResource" => topics::untag(world, call, &params)?,
        other => {
            let message = format!("The sandbox does not speak the operation {other:?} of SNS.");
            return Err(Fault { status: 400, code: "InvalidAction", message });
        }
    }
    if has_result {
        xml.close();
    }
    xml.open("ResponseMetadata").leaf("RequestId", &call.request_id);
    Ok(xml.finish())
}
