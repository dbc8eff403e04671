//! What a plan needs and the caller lacks, told before the first write.
//!
//! What the caller's own role or user holds in an account was read with the account's IAM, so that most of it is known without a call. Where
//! it is not (a policy of AWS's own, a condition), AWS is asked once an account, by `SimulatePrincipalPolicy`, if that is allowed. Only what
//! is sure is told: whatever else may allow a call (the policy of the resource it is on, a right that this very plan gives) makes it unsure,
//! and what is unsure is tried.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_iam::types::{EvaluationResult, PolicyEvaluationDecisionType};
use futures_util::StreamExt;
use futures_util::stream::iter;
use trueup_specs::policy::{Document, catalogue};
use trueup_state::plan::Plan;

use super::{Known, May, Way, WaysIn, verdict};
use crate::needs::{Pairs, certain, smallest};
use crate::session::Aws;

/// Services in which the policy of a resource can allow someone of its own account what the identity's policies don't.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html>
const WITH_RESOURCE_POLICIES: &[&str] = &["ecr", "events", "kms", "organizations", "s3", "sns", "sts"];

/// Calls of theirs that make a resource, which has no policy yet.
const MAKING: &[&str] = &["events:CreateEventBus", "kms:CreateKey", "s3:CreateBucket", "sns:CreateTopic"];

/// The most resources AWS is asked about at once: each action is judged on each of them. What is beyond is tried.
const RESOURCES_MAX: usize = 50;

/// The most results of one answer.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>
const PAGE: i32 = 1_000;

/// Accounts asked at once.
const ACCOUNTS_AT_ONCE: usize = 8;

/// What the caller lacks in an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// The account's name in the specs.
    pub account: Arc<str>,
    /// The ARN of the role or user that the caller is in it.
    pub who: String,
    /// What a plan calls and it may not: action and resource.
    pub pairs: BTreeSet<(String, String)>,
}

impl Lack {
    /// The smallest policy that gives what is lacking.
    #[must_use]
    pub fn policy(&self) -> Document {
        smallest(&self.pairs)
    }
}

/// What is to be asked about one way in.
#[derive(Debug)]
struct Doubt<'w> {
    way: &'w Way,
    /// What it may surely not do.
    lacking: Pairs,
    /// What the policies that were read don't tell.
    open: Pairs,
}

impl WaysIn {
    /// What the caller lacks for the changes of a plan, account by account, as far as that can be found out.
    pub async fn lacks(&self, aws: &Aws, plan: &Plan) -> Vec<Lack> {
        let doubts = self.doubts(plan);
        let asked = doubts.into_iter().map(|doubt| async move {
            let Doubt { way, mut lacking, open } = doubt;
            lacking.extend(denied(aws, way, open).await);
            Lack { account: way.account.clone(), who: way.arn.clone(), pairs: lacking }
        });
        let found: Vec<Lack> = iter(asked).buffered(ACCOUNTS_AT_ONCE).collect().await;
        found.into_iter().filter(|lack| !lack.pairs.is_empty()).collect()
    }

    fn doubts(&self, plan: &Plan) -> Vec<Doubt<'_>> {
        let known = Known { policies: &self.policies, groups: &self.groups };
        let needed = certain(plan);
        let mut doubts = Vec::new();
        for way in &self.ways {
            let Some(pairs) = needed.get(&way.account) else { continue };
            if plan.changes.iter().any(|change| way.is_touched_by(change, &self.groups)) {
                tracing::debug!(
                    who = way.arn,
                    "the plan changes what the caller may do, so it is not asked whether it may"
                );
                continue;
            }
            let mut doubt = Doubt { way, lacking: Pairs::new(), open: Pairs::new() };
            for pair @ (action, resource) in pairs {
                if !is_exact(action, resource) {
                    continue;
                }
                match verdict(way, &known, action, resource) {
                    (May::Yes, _) => {}
                    (May::No, is_denied) if is_denied || is_by_identity(action) => {
                        doubt.lacking.insert(pair.clone());
                    }
                    (May::No | May::Perhaps, _) => {
                        doubt.open.insert(pair.clone());
                    }
                }
            }
            doubts.push(doubt);
        }
        doubts
    }
}

/// Whether AWS asks for the action on just this resource: not on one of a pattern, nor on one of its own where `*` stands for any.
fn is_exact(action: &str, resource: &str) -> bool {
    let is_on_nothing =
        || catalogue::actions(action).next().is_some_and(|found| found.resource_types().next().is_none());
    if resource == "*" { is_on_nothing() } else { !resource.contains('*') }
}

/// Whether the identity's own policies must allow it.
fn is_by_identity(action: &str) -> bool {
    let service = action.split(':').next().unwrap_or_default();
    MAKING.contains(&action) || !WITH_RESOURCE_POLICIES.contains(&service)
}

/// Which of these AWS says are denied, whatever else there is. Where it says nothing, none are.
async fn denied(aws: &Aws, way: &Way, open: Pairs) -> Pairs {
    let actions: BTreeSet<&str> = open.iter().map(|(action, _)| action.as_str()).collect();
    let resources: BTreeSet<&str> = open.iter().map(|(_, resource)| resource.as_str()).collect();
    if open.is_empty() {
        return Pairs::new();
    }
    let session = match aws.session(&way.account, None).await {
        Ok(session) => session,
        Err(failure) => {
            tracing::debug!(%failure, "whether the caller may do what is planned can't be asked");
            return Pairs::new();
        }
    };
    let call = session
        .iam()
        .simulate_principal_policy()
        .policy_source_arn(&way.arn)
        .set_action_names(Some(actions.into_iter().map(str::to_owned).collect()))
        .set_resource_arns(Some(resources.into_iter().take(RESOURCES_MAX).map(str::to_owned).collect()))
        .max_items(PAGE);
    match call.send().await {
        Ok(answer) => {
            let denied: Pairs = answer.evaluation_results().iter().flat_map(told).collect();
            denied.intersection(&open).cloned().collect()
        }
        Err(error) => {
            let failure = session.failure(SIMULATE, &error);
            tracing::debug!(%failure, "whether the caller may do what is planned can't be asked");
            Pairs::new()
        }
    }
}

/// Not in the policy that `trueup permissions` prints: whoever has all of that is not asked about.
const SIMULATE: &str = "iam:SimulatePrincipalPolicy";

/// The resources of an action on which it is surely denied.
///
/// AWS gives the decision on each resource inside of one result for the action; before 2026 it gave a result for each.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html>
fn told(result: &EvaluationResult) -> Pairs {
    let action = result.eval_action_name();
    let by_organization =
        result.organizations_decision_detail().is_some_and(|detail| !detail.allowed_by_organizations());
    let is_denied = |decision: &PolicyEvaluationDecisionType, missing: &[String]| match decision {
        PolicyEvaluationDecisionType::ExplicitDeny => missing.is_empty(),
        PolicyEvaluationDecisionType::ImplicitDeny => missing.is_empty() && (by_organization || is_by_identity(action)),
        _ => false,
    };
    let each = result.resource_specific_results();
    if each.is_empty() {
        let resource = result.eval_resource_name().unwrap_or("*");
        let is_it = is_denied(result.eval_decision(), result.missing_context_values());
        return is_it.then(|| (action.to_owned(), resource.to_owned())).into_iter().collect();
    }
    let denied = each.iter().filter(|one| is_denied(one.eval_resource_decision(), one.missing_context_values()));
    denied.map(|one| (action.to_owned(), one.eval_resource_name().to_owned())).collect()
}

#[cfg(test)]
mod tests;
