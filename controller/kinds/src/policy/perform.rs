//! The calls by which customer managed policies change.

use aws_sdk_iam::types::Policy as SdkPolicy;
use trueup_engine::perform::{OpContext, OpError};
use trueup_state::outputs::Outputs;

use super::parts::TAG_PART;
use super::{Policy, PolicyCall, PolicyOp};
use crate::driver::{Driver, gone, id_output, patiently};
use crate::error::Failure;
use crate::fields::{PolicyDocument, from_iam_tags, iam_tags};
use crate::session::Session;
use crate::source::iam::decoded;

impl Driver for Policy {
    async fn perform(op: PolicyOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        let outputs = match &op.call {
            PolicyCall::CreatePolicy { description: _, document: _, tags } => {
                let id = patiently(cx, || create(session, &op)).await?;
                // The id of a policy in parts is that of the first.
                if tags.contains_key(TAG_PART) { Outputs::new() } else { id_output(&id) }
            }
            PolicyCall::DeletePolicy => {
                delete(session, &op.arn).await?;
                Outputs::new()
            }
            PolicyCall::DeletePolicyVersion { .. }
            | PolicyCall::CreatePolicyVersion { .. }
            | PolicyCall::TagPolicy { .. }
            | PolicyCall::UntagPolicy { .. } => {
                patiently(cx, || change(session, &op)).await?;
                Outputs::new()
            }
        };
        Ok(outputs)
    }
}

async fn create(session: &Session, op: &PolicyOp) -> Result<String, Failure> {
    let PolicyCall::CreatePolicy { description, document, tags } = &op.call else {
        return Err(Failure::local(Some(session.who().clone()), "iam:CreatePolicy", "this is another call", None));
    };
    let request = session
        .iam()
        .create_policy()
        .path(&op.policy.path)
        .policy_name(&op.policy.name)
        .policy_document(document.to_json())
        .set_description(Some(description.clone()).filter(|text| !text.is_empty()))
        .set_tags(Some(iam_tags(tags.clone())));
    match request.send().await {
        Ok(answer) => Ok(answer.policy.and_then(|policy| policy.policy_id).unwrap_or_default()),
        Err(error) => {
            let failure = session.failure("iam:CreatePolicy", &error);
            if !failure.is("EntityAlreadyExists") {
                return Err(failure);
            }
            // The answer to an earlier attempt may have been lost: then the policy is there, exactly as asked for.
            made_already(session, op).await.ok_or(failure)
        }
    }
}

/// The id of the policy, if it is just what the call would make.
async fn made_already(session: &Session, op: &PolicyOp) -> Option<String> {
    let (found, document) = in_effect(session, &op.arn).await?;
    let is = PolicyCall::CreatePolicy {
        description: found.description().unwrap_or_default().to_owned(),
        document,
        tags: from_iam_tags(found.tags()),
    };
    (is == op.call).then_some(found.policy_id).flatten()
}

/// The policy and what it says.
async fn in_effect(session: &Session, arn: &str) -> Option<(SdkPolicy, PolicyDocument)> {
    let found = session.iam().get_policy().policy_arn(arn).send().await.ok()?.policy?;
    let version = found.default_version_id()?;
    let answer = session.iam().get_policy_version().policy_arn(arn).version_id(version).send().await.ok()?;
    let document = PolicyDocument::from_live(&decoded(&answer.policy_version?.document?));
    Some((found, document))
}

async fn change(session: &Session, op: &PolicyOp) -> Result<(), Failure> {
    let (iam, arn) = (session.iam(), &op.arn);
    match &op.call {
        // Both have functions of their own.
        PolicyCall::CreatePolicy { .. } | PolicyCall::DeletePolicy => Ok(()),
        PolicyCall::DeletePolicyVersion { version } => {
            let request = iam.delete_policy_version().policy_arn(arn).version_id(version);
            gone(request.send().await.map_err(|error| session.failure("iam:DeletePolicyVersion", &error)))
        }
        PolicyCall::CreatePolicyVersion { document, taken_over_by: _, takes_over: _ } => {
            let request = iam.create_policy_version().policy_arn(arn).policy_document(document.to_json());
            let Err(error) = request.set_as_default(true).send().await else { return Ok(()) };
            let mut failure = session.failure("iam:CreatePolicyVersion", &error);
            if failure.is("LimitExceeded") {
                // The answer to an earlier attempt may have been lost: then the document is in effect.
                if in_effect(session, arn).await.is_some_and(|(_, found)| found == *document) {
                    return Ok(());
                }
                failure.help = Some("someone made versions since the plan: plan again".to_owned());
            }
            Err(failure)
        }
        PolicyCall::TagPolicy { tags } => {
            let request = iam.tag_policy().policy_arn(arn).set_tags(Some(iam_tags(tags.clone())));
            request.send().await.map(drop).map_err(|error| session.failure("iam:TagPolicy", &error))
        }
        PolicyCall::UntagPolicy { keys } => {
            let request = iam.untag_policy().policy_arn(arn).set_tag_keys(Some(keys.clone()));
            request.send().await.map(drop).map_err(|error| session.failure("iam:UntagPolicy", &error))
        }
    }
}

async fn delete(session: &Session, arn: &str) -> Result<(), Failure> {
    let result = patiently(OpContext::default(), || async {
        let sent = session.iam().delete_policy().policy_arn(arn).send().await;
        sent.map_err(|error| session.failure("iam:DeletePolicy", &error))
    });
    match gone(result.await) {
        Err(failure) if failure.is("DeleteConflict") => Err(in_the_way(session, arn, failure).await),
        other => other,
    }
}

/// The failure with who has the policy attached, as far as it can be read.
async fn in_the_way(session: &Session, arn: &str, mut failure: Failure) -> Failure {
    let Ok(answer) = session.iam().list_entities_for_policy().policy_arn(arn).send().await else { return failure };
    let roles = answer.policy_roles().iter().filter_map(|one| one.role_name()).map(|name| format!("role {name}"));
    let users = answer.policy_users().iter().filter_map(|one| one.user_name()).map(|name| format!("user {name}"));
    let groups = answer.policy_groups().iter().filter_map(|one| one.group_name()).map(|name| format!("group {name}"));
    let holders: Vec<String> = roles.chain(users).chain(groups).collect();
    failure.help = Some(if holders.is_empty() {
        "it has versions the plan does not know: plan again".to_owned()
    } else {
        let more = if answer.is_truncated { ", …" } else { "" };
        format!("detach it, or free from it as a boundary: {}{more}", holders.join(", "))
    });
    failure
}
