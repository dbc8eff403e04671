//! The calls by which rules change.

use aws_sdk_eventbridge::types::RuleState;
use trueup_engine::perform::{OpContext, OpError};
use trueup_state::outputs::Outputs;

use super::{EventRule, EventRuleCall, EventRuleOp, RuleSettings, wire};
use crate::driver::{Driver, patiently};
use crate::error::Failure;
use crate::fields::Tags;
use crate::session::Session;
use crate::source::events::{arn, rule_resource, tag, to_tags, untag};

impl Driver for EventRule {
    async fn perform(op: EventRuleOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        patiently(cx, || send(session, &op)).await?;
        Ok(Outputs::new())
    }
}

async fn send(session: &Session, op: &EventRuleOp) -> Result<(), Failure> {
    let EventRuleOp { event_bus, rule, call } = op;
    let arn = arn(session, &rule_resource(event_bus, rule));
    let events = session.eventbridge();
    match call {
        EventRuleCall::CreateRule { settings, tags } => put(session, op, settings, Some(tags)).await,
        EventRuleCall::PutRule { settings } => put(session, op, settings, None).await,
        EventRuleCall::PutTargets { targets } => {
            let call = "events:PutTargets";
            let targets = wire::to_wire(targets)
                .map_err(|error| Failure::local(Some(session.who().clone()), call, error.to_string(), None))?;
            let request = events.put_targets().event_bus_name(event_bus).rule(rule).set_targets(Some(targets));
            let answer = request.send().await.map_err(|error| session.failure(call, &error))?;
            let failed = answer.failed_entries().first();
            failed.map_or(Ok(()), |entry| Err(refused(session, call, entry.error_code(), entry.error_message())))
        }
        EventRuleCall::RemoveTargets { ids, releases: _ } => {
            let call = "events:RemoveTargets";
            let request = events.remove_targets().event_bus_name(event_bus).rule(rule).set_ids(Some(ids.clone()));
            let answer = match request.send().await {
                Ok(answer) => answer,
                Err(error) => return gone(session.failure(call, &error)),
            };
            let failed = answer.failed_entries().first();
            failed.map_or(Ok(()), |entry| Err(refused(session, call, entry.error_code(), entry.error_message())))
        }
        EventRuleCall::TagResource { tags } => tag(session, &arn, tags).await,
        EventRuleCall::UntagResource { keys } => untag(session, &arn, keys).await,
        EventRuleCall::DeleteRule => {
            let sent = events.delete_rule().event_bus_name(event_bus).name(rule).send().await;
            sent.map(drop).or_else(|error| gone(session.failure("events:DeleteRule", &error)))
        }
    }
}

/// What is gone is gone: the answer to an earlier attempt may have been lost.
fn gone(failure: Failure) -> Result<(), Failure> {
    if failure.is("ResourceNotFoundException") { Ok(()) } else { Err(failure) }
}

/// One of a batch that was refused: the answer as a whole says that all is well.
fn refused(session: &Session, call: &str, code: Option<&str>, message: Option<&str>) -> Failure {
    let mut failure =
        Failure::local(Some(session.who().clone()), call, message.unwrap_or("a target was refused"), None);
    failure.code = code.map(Box::from);
    failure
}

/// What is left out of PutRule is gone from the rule.
async fn put(session: &Session, op: &EventRuleOp, settings: &RuleSettings, tags: Option<&Tags>) -> Result<(), Failure> {
    let RuleSettings { event_pattern, schedule_expression, state, description, role } = settings;
    let request = session
        .eventbridge()
        .put_rule()
        .event_bus_name(&op.event_bus)
        .name(&op.rule)
        .set_event_pattern(event_pattern.as_ref().map(ToString::to_string))
        .set_schedule_expression(schedule_expression.clone())
        .state(RuleState::from(state.as_str()))
        .set_description(Some(description.clone()).filter(|text| !text.is_empty()))
        .set_role_arn(role.clone())
        .set_tags(tags.map(to_tags));
    request.send().await.map(drop).map_err(|error| session.failure("events:PutRule", &error))
}
