//! The calls by which a registry's settings change, and how AWS writes those settings.

use aws_sdk_ecr::types as wire;
use aws_smithy_types::error::operation::BuildError;
use trueup_engine::perform::{OpContext, OpError};
use trueup_state::outputs::Outputs;

use super::{
    Destination, EcrRegistry, EcrRegistryOp, PullThroughCacheRule, Replication, ReplicationRule, Scanning, ScanningRule,
};
use crate::driver::{Driver, patiently};
use crate::error::Failure;
use crate::session::Session;

/// The name of the setting. <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutAccountSetting.html>
pub(crate) const BLOB_MOUNTING: &str = "BLOB_MOUNTING";

impl Driver for EcrRegistry {
    async fn perform(op: EcrRegistryOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        patiently(cx, || send(session, &op)).await?;
        Ok(Outputs::new())
    }
}

async fn send(session: &Session, op: &EcrRegistryOp) -> Result<(), Failure> {
    let ecr = session.ecr();
    match op {
        EcrRegistryOp::PutRegistryScanningConfiguration { scanning } => {
            let call = "ecr:PutRegistryScanningConfiguration";
            let rules = scanning_rules(scanning).map_err(|error| unsendable(session, call, &error))?;
            let request = ecr
                .put_registry_scanning_configuration()
                .scan_type(wire::ScanType::from(scanning.scan_type.as_str()))
                .set_rules(Some(rules));
            request.send().await.map(drop).map_err(|error| session.failure(call, &error))
        }
        EcrRegistryOp::PutReplicationConfiguration { replication } => {
            let call = "ecr:PutReplicationConfiguration";
            let configuration = replication_rules(replication)
                .and_then(|rules| wire::ReplicationConfiguration::builder().set_rules(Some(rules)).build())
                .map_err(|error| unsendable(session, call, &error))?;
            let sent = ecr.put_replication_configuration().replication_configuration(configuration).send().await;
            sent.map(drop).map_err(|error| session.failure(call, &error))
        }
        EcrRegistryOp::PutRegistryPolicy { policy, unnames: _ } => {
            let sent = ecr.put_registry_policy().policy_text(policy.to_json()).send().await;
            sent.map(drop).map_err(|error| session.failure("ecr:PutRegistryPolicy", &error))
        }
        EcrRegistryOp::DeleteRegistryPolicy { unnames: _ } => {
            let Err(error) = ecr.delete_registry_policy().send().await else { return Ok(()) };
            let failure = session.failure("ecr:DeleteRegistryPolicy", &error);
            // The answer to an earlier attempt may have been lost.
            if failure.is("RegistryPolicyNotFoundException") { Ok(()) } else { Err(failure) }
        }
        EcrRegistryOp::CreatePullThroughCacheRule { prefix, rule } => create_rule(session, prefix, rule).await,
        EcrRegistryOp::UpdatePullThroughCacheRule { prefix, credential_arn, custom_role_arn } => {
            let request = ecr
                .update_pull_through_cache_rule()
                .ecr_repository_prefix(prefix)
                .set_credential_arn(credential_arn.clone())
                .set_custom_role_arn(custom_role_arn.clone());
            let sent = request.send().await;
            sent.map(drop).map_err(|error| session.failure("ecr:UpdatePullThroughCacheRule", &error))
        }
        EcrRegistryOp::DeletePullThroughCacheRule { prefix } => {
            let sent = ecr.delete_pull_through_cache_rule().ecr_repository_prefix(prefix).send().await;
            let Err(error) = sent else { return Ok(()) };
            let failure = session.failure("ecr:DeletePullThroughCacheRule", &error);
            // The answer to an earlier attempt may have been lost.
            if failure.is("PullThroughCacheRuleNotFoundException") { Ok(()) } else { Err(failure) }
        }
        EcrRegistryOp::PutBlobMounting { enabled } => {
            let value = if *enabled { "ENABLED" } else { "DISABLED" };
            let sent = ecr.put_account_setting().name(BLOB_MOUNTING).value(value).send().await;
            sent.map(drop).map_err(|error| session.failure("ecr:PutAccountSetting", &error))
        }
    }
}

async fn create_rule(session: &Session, prefix: &str, rule: &PullThroughCacheRule) -> Result<(), Failure> {
    let PullThroughCacheRule { upstream_registry_url, credential_arn, custom_role_arn, upstream_repository_prefix } =
        rule;
    let request = session
        .ecr()
        .create_pull_through_cache_rule()
        .ecr_repository_prefix(prefix)
        .upstream_registry_url(upstream_registry_url)
        .set_upstream_registry(rule.upstream_registry())
        .set_credential_arn(credential_arn.clone())
        .set_custom_role_arn(custom_role_arn.clone())
        .upstream_repository_prefix(upstream_repository_prefix);
    let Err(error) = request.send().await else { return Ok(()) };
    let failure = session.failure("ecr:CreatePullThroughCacheRule", &error);
    if !failure.is("PullThroughCacheRuleAlreadyExistsException") {
        return Err(failure);
    }
    // The answer to an earlier attempt may have been lost; then the rule is just this one.
    let held = crate::source::ecr::pull_through_cache(session).await?;
    if held.get(prefix) == Some(rule) { Ok(()) } else { Err(failure) }
}

/// Data that the SDK does not take; nothing was sent.
fn unsendable(session: &Session, call: &str, error: &BuildError) -> Failure {
    Failure::local(Some(session.who().clone()), call, error.to_string(), None)
}

fn scanning_rules(scanning: &Scanning) -> Result<Vec<wire::RegistryScanningRule>, BuildError> {
    let filter = |filter: &String| {
        wire::ScanningRepositoryFilter::builder()
            .filter(filter)
            .filter_type(wire::ScanningRepositoryFilterType::Wildcard)
            .build()
    };
    let rule = |rule: &ScanningRule| {
        let ScanningRule { scan_frequency, repository_filters } = rule;
        let filters: Result<Vec<_>, BuildError> = repository_filters.iter().map(filter).collect();
        wire::RegistryScanningRule::builder()
            .scan_frequency(wire::ScanFrequency::from(scan_frequency.as_str()))
            .set_repository_filters(Some(filters?))
            .build()
    };
    scanning.rules.iter().map(rule).collect()
}

fn replication_rules(replication: &Replication) -> Result<Vec<wire::ReplicationRule>, BuildError> {
    let destination = |destination: &Destination| {
        let Destination { region, registry_id } = destination;
        wire::ReplicationDestination::builder().region(region).registry_id(registry_id).build()
    };
    let filter = |prefix: &String| {
        let prefix_match = wire::RepositoryFilterType::PrefixMatch;
        wire::RepositoryFilter::builder().filter(prefix).filter_type(prefix_match).build()
    };
    let rule = |rule: &ReplicationRule| {
        let ReplicationRule { destinations, repository_filters } = rule;
        let destinations: Result<Vec<_>, BuildError> = destinations.iter().map(destination).collect();
        let filters: Result<Vec<_>, BuildError> = repository_filters.iter().map(filter).collect();
        wire::ReplicationRule::builder()
            .set_destinations(Some(destinations?))
            .set_repository_filters(Some(filters?).filter(|filters| !filters.is_empty()))
            .build()
    };
    replication.0.iter().map(rule).collect()
}

impl Scanning {
    /// What GetRegistryScanningConfiguration says.
    pub(crate) fn from_live(live: &wire::RegistryScanningConfiguration) -> Self {
        let rule = |rule: &wire::RegistryScanningRule| ScanningRule {
            scan_frequency: rule.scan_frequency().as_str().to_owned(),
            repository_filters: rule.repository_filters().iter().map(|one| one.filter().to_owned()).collect(),
        };
        Self {
            scan_type: live.scan_type().map_or("BASIC", |sort| sort.as_str()).to_owned(),
            rules: live.rules().iter().map(rule).collect(),
        }
    }
}

impl Replication {
    /// What DescribeRegistry says.
    pub(crate) fn from_live(live: &wire::ReplicationConfiguration) -> Self {
        let destination = |one: &wire::ReplicationDestination| Destination {
            region: one.region().to_owned(),
            registry_id: one.registry_id().to_owned(),
        };
        let rule = |rule: &wire::ReplicationRule| ReplicationRule {
            destinations: rule.destinations().iter().map(destination).collect(),
            repository_filters: rule.repository_filters().iter().map(|one| one.filter().to_owned()).collect(),
        };
        Self(live.rules().iter().map(rule).collect())
    }
}
