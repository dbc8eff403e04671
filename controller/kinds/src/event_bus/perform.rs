//! The calls by which event buses change.

use aws_sdk_eventbridge::types::{self as wire, DeadLetterConfig};
use trueup_engine::perform::{OpContext, OpError};
use trueup_state::outputs::Outputs;

use super::{BusSettings, EventBus, EventBusCall, EventBusOp, LogConfig};
use crate::driver::{Driver, patiently};
use crate::error::Failure;
use crate::fields::Tags;
use crate::session::Session;
use crate::source::events::{arn, tag, tags_of, to_tags, untag};

impl Driver for EventBus {
    async fn perform(op: EventBusOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        patiently(cx, || send(session, &op)).await?;
        Ok(Outputs::new())
    }
}

async fn send(session: &Session, op: &EventBusOp) -> Result<(), Failure> {
    let EventBusOp { event_bus: name, call } = op;
    let arn = arn(session, &format!("event-bus/{name}"));
    let events = session.eventbridge();
    match call {
        EventBusCall::CreateEventBus { settings, tags } => create(session, name, &arn, settings, tags).await,
        EventBusCall::UpdateEventBus { settings } => {
            let BusSettings { description, kms_key, dead_letter_queue, log_config } = settings;
            // What is left out stays: AWS's own key is an empty name, no queue an empty table, and logging is off.
            let request = events
                .update_event_bus()
                .name(name)
                .description(description)
                .kms_key_identifier(kms_key.as_deref().unwrap_or_default())
                .dead_letter_config(DeadLetterConfig::builder().set_arn(dead_letter_queue.clone()).build())
                .log_config(log_config.as_ref().map_or_else(off, to_wire));
            request.send().await.map(drop).map_err(|error| session.failure("events:UpdateEventBus", &error))
        }
        EventBusCall::PutPermission { policy, unnames: _ } => {
            let sent = events.put_permission().event_bus_name(name).policy(policy.to_json()).send().await;
            sent.map(drop).map_err(|error| session.failure("events:PutPermission", &error))
        }
        EventBusCall::RemovePermission { unnames: _ } => {
            let sent = events.remove_permission().event_bus_name(name).remove_all_permissions(true).send().await;
            let Err(error) = sent else { return Ok(()) };
            let failure = session.failure("events:RemovePermission", &error);
            // The answer to an earlier attempt may have been lost: then there is no policy any more.
            if failure.is("ResourceNotFoundException") { Ok(()) } else { Err(failure) }
        }
        EventBusCall::TagResource { tags } => tag(session, &arn, tags).await,
        EventBusCall::UntagResource { keys } => untag(session, &arn, keys).await,
        EventBusCall::DeleteEventBus { unnames: _ } => {
            // One that is gone is no error.
            let sent = events.delete_event_bus().name(name).send().await;
            sent.map(drop).map_err(|error| session.failure("events:DeleteEventBus", &error))
        }
    }
}

fn to_wire(logs: &LogConfig) -> wire::LogConfig {
    let LogConfig { level, include_detail } = logs;
    wire::LogConfig::builder().level(level.as_str().into()).include_detail(include_detail.as_str().into()).build()
}

fn off() -> wire::LogConfig {
    wire::LogConfig::builder().level(wire::Level::Off).include_detail(wire::IncludeDetail::None).build()
}

async fn create(session: &Session, name: &str, arn: &str, new: &BusSettings, tags: &Tags) -> Result<(), Failure> {
    let BusSettings { description, kms_key, dead_letter_queue, log_config } = new;
    let queue = dead_letter_queue.as_ref().map(|queue| DeadLetterConfig::builder().arn(queue).build());
    let request = session
        .eventbridge()
        .create_event_bus()
        .name(name)
        .set_description(Some(description.clone()).filter(|text| !text.is_empty()))
        .set_kms_key_identifier(kms_key.clone())
        .set_dead_letter_config(queue)
        .set_log_config(log_config.as_ref().map(to_wire))
        .set_tags(Some(to_tags(tags)));
    let Err(error) = request.send().await else { return Ok(()) };
    let failure = session.failure("events:CreateEventBus", &error);
    // The answer to an earlier attempt may have been lost: then the bus carries our tags, and this very address among them.
    let is_ours =
        failure.is("ResourceAlreadyExistsException") && tags_of(session, arn).await.is_ok_and(|found| found == *tags);
    if is_ours { Ok(()) } else { Err(failure) }
}
