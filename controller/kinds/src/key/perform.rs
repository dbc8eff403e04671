//! The calls to KMS.

use std::collections::BTreeMap;

use aws_sdk_kms::types::{GrantConstraints, GrantOperation, KeySpec, KeyUsageType, Tag};
use aws_smithy_types::error::operation::BuildError;
use aws_smithy_types::retry::RetryConfig;
use trueup_engine::perform::{OpContext, OpError};
use trueup_state::outputs::Outputs;

use super::grants::{self, Grant};
use super::{Key, KeyChange, KeyOp, NewKey};
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
        KeyOp::EnableKeyRotation { .. } | KeyOp::DisableKeyRotation { .. } => is_unseen(failure),
        KeyOp::Change(change) => is_early_change(change, failure),
    }
}

/// [`is_early`] of a change.
pub(crate) fn is_early_change(change: &KeyChange, failure: &Failure) -> bool {
    match change {
        KeyChange::EnableKey { .. }
        | KeyChange::DisableKey { .. }
        | KeyChange::TagResource { .. }
        | KeyChange::UntagResource { .. }
        | KeyChange::UpdateKeyDescription { .. }
        | KeyChange::PutKeyPolicy { .. }
        | KeyChange::CreateAlias { .. } => is_unseen(failure),
        // A grantee that IAM has only just made is no valid principal yet.
        KeyChange::CreateGrant { .. } => is_unseen(failure) || failure.is("InvalidArnException"),
        KeyChange::CancelKeyDeletion { .. }
        | KeyChange::RevokeGrant { .. }
        | KeyChange::DeleteAlias { .. }
        | KeyChange::ScheduleKeyDeletion { .. } => false,
    }
}

fn is_unseen(failure: &Failure) -> bool {
    ["NotFoundException", "KMSInvalidStateException", "DisabledException"].iter().any(|code| failure.is(code))
}

pub(crate) fn tag_list(tags: &Tags) -> Result<Vec<Tag>, BuildError> {
    tags.iter().map(|(key, value)| Tag::builder().tag_key(key).tag_value(value).build()).collect()
}

/// Data that the SDK does not take; nothing was sent.
pub(crate) fn unsendable(session: &Session, call: &str, error: &BuildError) -> Failure {
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
        KeyOp::EnableKeyRotation { key, days } => {
            let days = i32::try_from(*days).unwrap_or(i32::MAX);
            let sent = kms.enable_key_rotation().key_id(key).rotation_period_in_days(days).send().await;
            sent.map(drop).map_err(|error| session.failure("kms:EnableKeyRotation", &error))
        }
        KeyOp::DisableKeyRotation { key } => {
            let sent = kms.disable_key_rotation().key_id(key).send().await;
            sent.map(drop).map_err(|error| session.failure("kms:DisableKeyRotation", &error))
        }
        KeyOp::Change(op) => change(session, op).await,
    };
    sent.map(|()| Outputs::new())
}

/// Changes a key or a replica.
pub(crate) async fn change(session: &Session, op: &KeyChange) -> Result<(), Failure> {
    let kms = session.kms();
    match op {
        KeyChange::CancelKeyDeletion { key } => {
            let sent = kms.cancel_key_deletion().key_id(key).send().await;
            sent.map(drop).map_err(|error| session.failure("kms:CancelKeyDeletion", &error))
        }
        KeyChange::EnableKey { key } => {
            let sent = kms.enable_key().key_id(key).send().await;
            sent.map(drop).map_err(|error| session.failure("kms:EnableKey", &error))
        }
        KeyChange::DisableKey { key } => {
            let sent = kms.disable_key().key_id(key).send().await;
            sent.map(drop).map_err(|error| session.failure("kms:DisableKey", &error))
        }
        KeyChange::TagResource { key, tags } => {
            let call = "kms:TagResource";
            let tags = tag_list(tags).map_err(|error| unsendable(session, call, &error))?;
            let sent = kms.tag_resource().key_id(key).set_tags(Some(tags)).send().await;
            sent.map(drop).map_err(|error| session.failure(call, &error))
        }
        KeyChange::UntagResource { key, tag_keys } => {
            let sent = kms.untag_resource().key_id(key).set_tag_keys(Some(tag_keys.clone())).send().await;
            sent.map(drop).map_err(|error| session.failure("kms:UntagResource", &error))
        }
        KeyChange::UpdateKeyDescription { key, description } => {
            let sent = kms.update_key_description().key_id(key).description(description).send().await;
            sent.map(drop).map_err(|error| session.failure("kms:UpdateKeyDescription", &error))
        }
        KeyChange::PutKeyPolicy { key, policy, unnames: _ } => {
            let sent = kms.put_key_policy().key_id(key).policy(policy.to_json()).send().await;
            sent.map(drop).map_err(|error| session.failure("kms:PutKeyPolicy", &error))
        }
        KeyChange::CreateGrant { key, grant } => create_grant(session, key, grant).await,
        KeyChange::RevokeGrant { key, ids, grant: _ } => revoke_grants(session, key, ids).await,
        KeyChange::CreateAlias { key, alias } => create_alias(session, key, alias).await,
        KeyChange::DeleteAlias { key: _, alias } => {
            let sent = kms.delete_alias().alias_name(alias).send().await;
            gone(sent.map_err(|error| session.failure("kms:DeleteAlias", &error)))
        }
        KeyChange::ScheduleKeyDeletion { key, days, .. } => schedule_deletion(session, key, *days).await,
    }
}

/// The outcome of a call that takes away: the answer to an earlier attempt may have been lost.
fn gone<T>(sent: Result<T, Failure>) -> Result<(), Failure> {
    match sent {
        Err(failure) if failure.is("NotFoundException") => Ok(()),
        sent => sent.map(drop),
    }
}

async fn create_grant(session: &Session, key: &str, grant: &Grant) -> Result<(), Failure> {
    let Grant {
        name,
        grantee_principal,
        grantee_service_principal,
        retiring_principal,
        retiring_service_principal,
        operations,
        encryption_context_equals,
        encryption_context_subset,
        source_arn,
    } = grant;
    let pairs = |pairs: &BTreeMap<String, String>| {
        (!pairs.is_empty()).then(|| pairs.iter().map(|(key, value)| (key.clone(), value.clone())).collect())
    };
    let constraints = GrantConstraints::builder()
        .set_encryption_context_equals(pairs(encryption_context_equals))
        .set_encryption_context_subset(pairs(encryption_context_subset))
        .set_source_arn(source_arn.clone())
        .build();
    let is_bound = constraints != GrantConstraints::builder().build();
    let sent = session
        .kms()
        .create_grant()
        .key_id(key)
        .name(format!("{}{name}", grants::OWN))
        .set_grantee_principal(grantee_principal.clone())
        .set_grantee_service_principal(grantee_service_principal.clone())
        .set_retiring_principal(retiring_principal.clone())
        .set_retiring_service_principal(retiring_service_principal.clone())
        .set_operations(Some(operations.iter().map(|operation| GrantOperation::from(operation.as_str())).collect()))
        .set_constraints(is_bound.then_some(constraints))
        .send()
        .await;
    sent.map(drop).map_err(|error| session.failure("kms:CreateGrant", &error))
}

async fn revoke_grants(session: &Session, key: &str, ids: &[String]) -> Result<(), Failure> {
    for id in ids {
        let sent = session.kms().revoke_grant().key_id(key).grant_id(id).send().await;
        gone(sent.map_err(|error| session.failure("kms:RevokeGrant", &error)))?;
    }
    Ok(())
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
