//! The calls by which the organization changes.

use aws_sdk_organizations::types::{OrganizationFeatureSet, PolicyType};
use trueup_engine::perform::{OpContext, OpError};
use trueup_state::outputs::Outputs;

use super::{Organization, OrganizationOp};
use crate::driver::{Driver, patiently};
use crate::error::Failure;
use crate::made::{home, root_id};
use crate::session::Session;

impl Driver for Organization {
    async fn perform(op: OrganizationOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        let session = &home(session);
        Ok(patiently(cx, || send(session, &op)).await?)
    }
}

async fn send(session: &Session, op: &OrganizationOp) -> Result<Outputs, Failure> {
    let organizations = session.organizations();
    match op {
        OrganizationOp::CreateOrganization => return create(session).await,
        OrganizationOp::EnablePolicyType { policy_type } => {
            let request = organizations.enable_policy_type().root_id(root_id(session).await?);
            let sent = request.policy_type(PolicyType::from(policy_type.as_str())).send().await;
            let sent = sent.map(drop).map_err(|error| session.failure("organizations:EnablePolicyType", &error));
            done_already(sent, "PolicyTypeAlreadyEnabledException")?;
        }
        OrganizationOp::DisablePolicyType { policy_type } => {
            let request = organizations.disable_policy_type().root_id(root_id(session).await?);
            let sent = request.policy_type(PolicyType::from(policy_type.as_str())).send().await;
            let sent = sent.map(drop).map_err(|error| session.failure("organizations:DisablePolicyType", &error));
            done_already(sent, "PolicyTypeNotEnabledException")?;
        }
        OrganizationOp::DeleteOrganization => {
            let sent = organizations.delete_organization().send().await;
            let sent = sent.map(drop).map_err(|error| session.failure("organizations:DeleteOrganization", &error));
            done_already(sent, "AWSOrganizationsNotInUseException")?;
        }
    }
    Ok(Outputs::new())
}

/// What an earlier attempt did, whose answer was lost, is done.
fn done_already(sent: Result<(), Failure>, code: &str) -> Result<(), Failure> {
    match sent {
        Err(failure) if failure.is(code) => Ok(()),
        other => other,
    }
}

async fn create(session: &Session) -> Result<Outputs, Failure> {
    let call = "organizations:CreateOrganization";
    let request = session.organizations().create_organization().feature_set(OrganizationFeatureSet::All);
    let made = match request.send().await {
        Ok(answer) => answer.organization,
        Err(error) => {
            let failure = session.failure(call, &error);
            if !failure.is("AlreadyInOrganizationException") {
                return Err(failure);
            }
            // The answer to an earlier attempt may have been lost: then this account manages the organization it is in.
            let found = session.organizations().describe_organization().send().await;
            let found = found.ok().and_then(|answer| answer.organization);
            let own = found.filter(|found| found.master_account_id() == Some(session.account_id()));
            Some(own.ok_or(failure)?)
        }
    };
    let id = made.and_then(|made| made.id).map(|id| ("id".to_owned(), id));
    let root = ("root_id".to_owned(), root_id(session).await?);
    Ok(id.into_iter().chain([root]).collect())
}
