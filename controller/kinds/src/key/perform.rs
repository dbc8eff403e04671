//! The calls to KMS.

use aws_sdk_kms::types::{KeySpec, KeyUsageType, Tag};
use aws_smithy_types::error::operation::BuildError;
use aws_smithy_types::retry::RetryConfig;
use trueup_engine::perform::{OpContext, OpError};
use trueup_state::outputs::Outputs;

use super::{Key, KeyOp, NewKey};
use crate::driver::Driver;
use crate::error::Failure;
use crate::fields::Tags;
use crate::session::Session;
use crate::soon::soon;

impl Driver for Key {
    async fn perform(op: KeyOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        Ok(soon(cx, |failure| is_early(&op, failure), || send(session, &op)).await?)
    }
}

/// Whether a later attempt may fare better: KMS has not caught up with the call before, or a call that the SDK sends but once was refused
/// for being one too many, which makes no key.
fn is_early(op: &KeyOp, failure: &Failure) -> bool {
    match op {
        KeyOp::CreateKey(_) => failure.is("ThrottlingException"),
        KeyOp::EnableKey { .. }
        | KeyOp::TagResource { .. }
        | KeyOp::UntagResource { .. }
        | KeyOp::UpdateKeyDescription { .. }
        | KeyOp::PutKeyPolicy { .. }
        | KeyOp::EnableKeyRotation { .. }
        | KeyOp::DisableKeyRotation { .. }
        | KeyOp::CreateAlias { .. } => {
            ["NotFoundException", "KMSInvalidStateException", "DisabledException"].iter().any(|code| failure.is(code))
        }
        KeyOp::CancelKeyDeletion { .. } | KeyOp::DeleteAlias { .. } | KeyOp::ScheduleKeyDeletion { .. } => false,
    }
}

fn tag_list(tags: &Tags) -> Result<Vec<Tag>, BuildError> {
    tags.iter().map(|(key, value)| Tag::builder().tag_key(key).tag_value(value).build()).collect()
}

/// Data that the SDK does not take; nothing was sent.
fn unsendable(session: &Session, call: &str, error: &BuildError) -> Failure {
    Failure::local(Some(session.who().clone()), call, error.to_string(), None)
}

/// Makes the key. Sent once: each time it is sent it makes another key.
async fn create(session: &Session, new: &NewKey) -> Result<Outputs, Failure> {
    let call = "kms:CreateKey";
    let NewKey { description, policy, multi_region, key_spec, key_usage, tags } = new;
    let tags = tag_list(tags).map_err(|error| unsendable(session, call, &error))?;
    let answer = session
        .kms()
        .create_key()
        .description(description)
        .policy(policy.to_json())
        .key_spec(KeySpec::from(key_spec.as_str()))
        .key_usage(KeyUsageType::from(key_usage.as_str()))
        .multi_region(*multi_region)
        .set_tags((!tags.is_empty()).then_some(tags))
        .customize()
        .config_override(aws_sdk_kms::config::Builder::new().retry_config(RetryConfig::disabled()))
        .send()
        .await
        .map_err(|error| session.failure(call, &error))?;
    match answer.key_metadata {
        Some(made) => {
            let arn = made.arn.map(|arn| ("arn".to_owned(), arn));
            Ok(arn.into_iter().chain([("id".to_owned(), made.key_id)]).collect())
        }
        None => Err(Failure::local(Some(session.who().clone()), call, "the answer describes no key", None)),
    }
}

async fn send(session: &Session, op: &KeyOp) -> Result<Outputs, Failure> {
    let kms = session.kms();
    let sent = match op {
        KeyOp::CreateKey(new) => return create(session, new).await,
        KeyOp::CancelKeyDeletion { key } => {
            let sent = kms.cancel_key_deletion().key_id(key).send().await;
            sent.map(drop).map_err(|error| session.failure("kms:CancelKeyDeletion", &error))
        }
        KeyOp::EnableKey { key } => {
            let sent = kms.enable_key().key_id(key).send().await;
            sent.map(drop).map_err(|error| session.failure("kms:EnableKey", &error))
        }
        KeyOp::TagResource { key, tags } => {
            let call = "kms:TagResource";
            let tags = tag_list(tags).map_err(|error| unsendable(session, call, &error))?;
            let sent = kms.tag_resource().key_id(key).set_tags(Some(tags)).send().await;
            sent.map(drop).map_err(|error| session.failure(call, &error))
        }
        KeyOp::UntagResource { key, tag_keys } => {
            let sent = kms.untag_resource().key_id(key).set_tag_keys(Some(tag_keys.clone())).send().await;
            sent.map(drop).map_err(|error| session.failure("kms:UntagResource", &error))
        }
        KeyOp::UpdateKeyDescription { key, description } => {
            let sent = kms.update_key_description().key_id(key).description(description).send().await;
            sent.map(drop).map_err(|error| session.failure("kms:UpdateKeyDescription", &error))
        }
        KeyOp::PutKeyPolicy { key, policy, unnames: _ } => {
            let sent = kms.put_key_policy().key_id(key).policy(policy.to_json()).send().await;
            sent.map(drop).map_err(|error| session.failure("kms:PutKeyPolicy", &error))
        }
        KeyOp::EnableKeyRotation { key, days } => {
            let days = i32::try_from(*days).unwrap_or(i32::MAX);
            let sent = kms.enable_key_rotation().key_id(key).rotation_period_in_days(days).send().await;
            sent.map(drop).map_err(|error| session.failure("kms:EnableKeyRotation", &error))
        }
        KeyOp::DisableKeyRotation { key } => {
            let sent = kms.disable_key_rotation().key_id(key).send().await;
            sent.map(drop).map_err(|error| session.failure("kms:DisableKeyRotation", &error))
        }
        KeyOp::CreateAlias { key, alias } => create_alias(session, key, alias).await,
        KeyOp::DeleteAlias { key: _, alias } => {
            let sent = kms.delete_alias().alias_name(alias).send().await;
            match sent.map_err(|error| session.failure("kms:DeleteAlias", &error)) {
                // What was wanted: the answer to an earlier attempt may have been lost.
                Err(failure) if failure.is("NotFoundException") => Ok(()),
                sent => sent.map(drop),
            }
        }
        KeyOp::ScheduleKeyDeletion { key, days, unnames: _ } => schedule_deletion(session, key, *days).await,
    };
    sent.map(|()| Outputs::new())
}

async fn create_alias(session: &Session, key: &str, alias: &str) -> Result<(), Failure> {
    let sent = session.kms().create_alias().alias_name(alias).target_key_id(key).send().await;
    sent.map(drop).map_err(|error| {
        let mut failure = session.failure("kms:CreateAlias", &error);
        if failure.is("AlreadyExistsException") {
            failure.help =
                Some(format!("another key has {alias}: plan again; or take it from that key, or choose another"));
        }
        failure
    })
}

async fn schedule_deletion(session: &Session, key: &str, days: u32) -> Result<(), Failure> {
    let days = i32::try_from(days).unwrap_or(i32::MAX);
    let sent = session.kms().schedule_key_deletion().key_id(key).pending_window_in_days(days).send().await;
    match sent.map_err(|error| session.failure("kms:ScheduleKeyDeletion", &error)) {
        Ok(_) => Ok(()),
        // It is scheduled already, or gone.
        Err(failure) if failure.is("KMSInvalidStateException") && failure.message.contains("pending deletion") => {
            Ok(())
        }
        Err(failure) if failure.is("NotFoundException") => Ok(()),
        Err(failure) => Err(failure),
    }
}
