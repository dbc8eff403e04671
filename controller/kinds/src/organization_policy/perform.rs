//! The calls by which the policies of an organization change, of every type.

use aws_sdk_organizations::types::PolicyType;
use trueup_engine::perform::{OpContext, OpError};
use trueup_state::outputs::Outputs;

use super::{Content, OrganizationPolicy, OrganizationPolicyCall, OrganizationPolicyOp};
use crate::driver::{Driver, patiently};
use crate::error::Failure;
use crate::fields::Tags;
use crate::made::{home, id_of, tag, tags_of, to_tags, untag};
use crate::session::Session;

impl Driver for OrganizationPolicy {
    async fn perform(op: OrganizationPolicyOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        perform(op, session, cx).await
    }
}

/// See [`Driver::perform`].
pub(crate) async fn perform(op: OrganizationPolicyOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
    let session = &home(session);
    Ok(patiently(cx, || send(session, &op)).await?)
}

async fn send(session: &Session, op: &OrganizationPolicyOp) -> Result<Outputs, Failure> {
    let OrganizationPolicyOp { policy, name, sort, call } = op;
    let organizations = session.organizations();
    match call {
        OrganizationPolicyCall::CreatePolicy { description, content, tags } => {
            return create(session, sort, name, description, content, tags).await;
        }
        OrganizationPolicyCall::UpdatePolicy { new_name, description, content } => {
            let request = organizations.update_policy().policy_id(policy).name(new_name).description(description);
            let sent = request.content(content.to_json()).send().await;
            sent.map_err(|error| session.failure("organizations:UpdatePolicy", &error))?;
        }
        OrganizationPolicyCall::AttachPolicy { target } => {
            let target = id_of(session, target).await?;
            let sent = organizations.attach_policy().policy_id(policy).target_id(target).send().await;
            let sent = sent.map(drop).map_err(|error| session.failure("organizations:AttachPolicy", &error));
            unless(sent, &["DuplicatePolicyAttachmentException"])?;
        }
        OrganizationPolicyCall::DetachPolicy { target } => {
            let target = id_of(session, target).await?;
            let sent = organizations.detach_policy().policy_id(policy).target_id(target).send().await;
            let sent = sent.map(drop).map_err(|error| session.failure("organizations:DetachPolicy", &error));
            unless(sent, &["PolicyNotAttachedException", "TargetNotFoundException", "PolicyNotFoundException"])?;
        }
        OrganizationPolicyCall::TagResource { tags } => tag(session, policy, tags).await?,
        OrganizationPolicyCall::UntagResource { keys } => untag(session, policy, keys).await?,
        OrganizationPolicyCall::DeletePolicy => {
            let sent = organizations.delete_policy().policy_id(policy).send().await;
            let sent = sent.map(drop).map_err(|error| session.failure("organizations:DeletePolicy", &error));
            unless(sent, &["PolicyNotFoundException"])?;
        }
    }
    Ok(Outputs::new())
}

/// What an earlier attempt did, whose answer was lost, is done.
fn unless(sent: Result<(), Failure>, done: &[&str]) -> Result<(), Failure> {
    match sent {
        Err(failure) if done.iter().any(|code| failure.is(code)) => Ok(()),
        other => other,
    }
}

async fn create(
    session: &Session,
    sort: &str,
    name: &str,
    description: &str,
    content: &Content,
    tags: &Tags,
) -> Result<Outputs, Failure> {
    let request = session.organizations().create_policy().name(name).description(description);
    let request = request.r#type(PolicyType::from(sort)).content(content.to_json()).set_tags(Some(to_tags(tags)));
    match request.send().await {
        Ok(answer) => {
            let summary = answer.policy.and_then(|policy| policy.policy_summary);
            Ok(summary.map(|summary| outputs(summary.id, summary.arn)).unwrap_or_default())
        }
        Err(error) => {
            let failure = session.failure("organizations:CreatePolicy", &error);
            if !failure.is("DuplicatePolicyException") {
                return Err(failure);
            }
            // The answer to an earlier attempt may have been lost: then the policy is there, exactly as asked for.
            made_already(session, sort, name, content, tags).await.ok_or(failure)
        }
    }
}

fn outputs(id: Option<String>, arn: Option<String>) -> Outputs {
    let outputs = [("id", id), ("arn", arn)];
    outputs.into_iter().filter_map(|(attribute, value)| Some((attribute.to_owned(), value?))).collect()
}

async fn made_already(session: &Session, sort: &str, name: &str, content: &Content, tags: &Tags) -> Option<Outputs> {
    let mut token = None;
    loop {
        let request = session.organizations().list_policies().filter(PolicyType::from(sort));
        let page = request.set_next_token(token).send().await.ok()?;
        let found = page.policies.unwrap_or_default().into_iter().find(|policy| policy.name() == Some(name));
        if let Some(found) = found {
            let id = found.id.clone()?;
            let there = session.organizations().describe_policy().policy_id(&id).send().await.ok()?;
            let there = there.policy.and_then(|policy| policy.content)?;
            let same = Content::from_live(sort, &there) == *content && tags_of(session, &id).await.ok()? == *tags;
            return same.then(|| outputs(found.id, found.arn));
        }
        token = page.next_token;
        token.as_ref()?;
    }
}
