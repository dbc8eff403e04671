//! What ECR has in one region: the repositories that are wanted or ours, and the settings of the registry where they are wanted.
//!
//! Which repositories are ours the index of tags says. Where nothing is wanted and nothing is ours, nothing else is asked. Otherwise one
//! listing shows all repositories, a thousand to a page, and each that matters costs two calls more, for its policies; so many are sent
//! side by side.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecr::types::{Repository, Tag};
use futures_util::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use trueup_engine::facts::{Unread, Wanted, wants_all};

use super::tagging::{Tagged, ours};
use crate::count::Counter;
use crate::ecr_registry::perform::BLOB_MOUNTING;
use crate::ecr_registry::{PullThroughCache, PullThroughCacheRule, Replication, Scanning};
use crate::error::Failure;
use crate::fields::{Tags, own_tags};
use crate::session::Session;

/// The source's name.
pub const NAME: &str = "ecr";

/// The tag that names the spec a thing stands for.
const ADDRESS: &str = "trueup:address";

/// The most repositories in one answer.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeRepositories.html>
const PAGE: i32 = 1_000;

/// Repositories read at once, two or three calls each.
/// ECR takes tens of each of these calls a second: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html>
const AT_ONCE: usize = 8;

/// The alias of the key that AWS manages for ECR.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html>
const MANAGED_KEY: &str = "alias/aws/ecr";

/// ECR of one account in one region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EcrFacts {
    /// Wanted or ours.
    pub repositories: Vec<RepositoryFact>,
    /// The registry's settings; `None` where nobody wants them.
    pub registry: Option<RegistryFact>,
}

/// One repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryFact {
    /// Its name, with its namespaces.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Where images are pushed to and pulled from.
    pub uri: String,
    /// `MUTABLE`, `IMMUTABLE`, ….
    pub image_tag_mutability: String,
    /// Tags that are an exception to that.
    pub image_tag_mutability_exclusion_filters: BTreeSet<String>,
    /// Whether an image is scanned when it comes.
    pub scan_on_push: bool,
    /// `AES256`, `KMS` or `KMS_DSSE`.
    pub encryption_type: String,
    /// The ARN of the KMS key; none is AWS's own.
    pub kms_key: Option<String>,
    /// The policy's JSON.
    pub policy: Option<String>,
    /// The lifecycle policy's JSON.
    pub lifecycle_policy: Option<String>,
    /// All tags but AWS's own.
    pub tags: Tags,
}

/// The settings of a registry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryFact {
    /// How images are scanned.
    pub scanning: Scanning,
    /// Where images are copied to.
    pub replication: Replication,
    /// The policy's JSON.
    pub policy: Option<String>,
    /// Which upstream registries are kept copies of, by prefix.
    #[serde(default)]
    pub pull_through_cache: PullThroughCache,
    /// Whether layers are shared between repositories.
    #[serde(default)]
    pub blob_mounting: bool,
}

/// Reads one region's ECR.
///
/// Where `tag:GetResources` is denied only wanted repositories are seen.
///
/// # Errors
/// When anything of it could not be read.
pub async fn read(session: &Session, wanted: &[Wanted], counter: &Counter) -> Result<EcrFacts, Unread> {
    let registry_wanted = wanted.iter().any(|one| &*one.kind == "ecr_registry");
    let (repositories, registry) = tokio::try_join!(repositories(session, wanted), async {
        if registry_wanted { registry(session).await.map(Some) } else { Ok(None) }
    })?;
    counter.objects(repositories.len() + usize::from(registry.is_some()));
    Ok(EcrFacts { repositories, registry })
}

async fn repositories(session: &Session, wanted: &[Wanted]) -> Result<Vec<RepositoryFact>, Failure> {
    let all = wants_all(wanted, "ecr_repository");
    let wanted: BTreeMap<&str, &str> = wanted
        .iter()
        .filter(|one| &*one.kind == "ecr_repository")
        .map(|one| (one.name.as_str(), one.address.as_str()))
        .collect();
    let index = ours(session).await?;
    let is_ours = |arn: &str| arn.contains(":ecr:") && index.contains_key(arn);
    if wanted.is_empty() && !index.keys().any(|arn| is_ours(arn)) {
        return Ok(Vec::new());
    }
    let mut matter = list(session).await?;
    matter.retain(|found| {
        all || wanted.contains_key(found.repository_name().unwrap_or_default())
            || is_ours(found.repository_arn().unwrap_or_default())
    });
    let managed_key = managed_key(session, &matter).await?;
    let (managed_key, index, wanted) = (managed_key.as_deref(), &index, &wanted);
    let reads =
        matter.into_iter().map(|found| async move { repository(session, &found, managed_key, index, wanted).await });
    let facts: Vec<Option<RepositoryFact>> = futures_util::stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
    Ok(facts.into_iter().flatten().collect())
}

async fn list(session: &Session) -> Result<Vec<Repository>, Failure> {
    let pages = session.ecr().describe_repositories().into_paginator().page_size(PAGE).items().send();
    let found = pages.collect::<Result<Vec<Repository>, _>>().await;
    found.map_err(|error| session.failure("ecr:DescribeRepositories", &error))
}

/// The ARN of AWS's own key, where one of the repositories may be encrypted with it: ECR shows it like any other.
async fn managed_key(session: &Session, repositories: &[Repository]) -> Result<Option<String>, Failure> {
    let mut keys = repositories.iter().filter_map(|found| found.encryption_configuration()?.kms_key());
    if keys.next().is_none() {
        return Ok(None);
    }
    match session.kms().describe_key().key_id(MANAGED_KEY).send().await {
        Ok(answer) => Ok(answer.key_metadata.and_then(|key| key.arn)),
        Err(error) => {
            let failure = session.failure("kms:DescribeKey", &error);
            // Nothing was ever encrypted with it.
            if failure.is("NotFoundException") { Ok(None) } else { Err(failure) }
        }
    }
}

/// One repository; `None` if it went between the list and now.
async fn repository(
    session: &Session,
    found: &Repository,
    managed_key: Option<&str>,
    index: &Tagged,
    wanted: &BTreeMap<&str, &str>,
) -> Result<Option<RepositoryFact>, Failure> {
    let name = found.repository_name().unwrap_or_default();
    let arn = found.repository_arn().unwrap_or_default();
    let rest = tokio::try_join!(
        policy(session, name),
        lifecycle_policy(session, name),
        tags(session, arn, index, wanted.get(name))
    );
    let (policy, lifecycle_policy, tags) = match rest {
        Ok(rest) => rest,
        Err(failure) if failure.is("RepositoryNotFoundException") => return Ok(None),
        Err(mut failure) => {
            failure.message = format!("repository {name}: {}", failure.message);
            return Err(failure);
        }
    };
    let encryption = found.encryption_configuration();
    let own_key = |key: &&str| Some(*key) != managed_key && !key.ends_with(MANAGED_KEY);
    let filters = found.image_tag_mutability_exclusion_filters();
    Ok(Some(RepositoryFact {
        name: name.to_owned(),
        arn: arn.to_owned(),
        uri: found.repository_uri().unwrap_or_default().to_owned(),
        image_tag_mutability: found.image_tag_mutability().map_or("MUTABLE", |word| word.as_str()).to_owned(),
        image_tag_mutability_exclusion_filters: filters.iter().map(|filter| filter.filter().to_owned()).collect(),
        scan_on_push: found.image_scanning_configuration().is_some_and(|scanning| scanning.scan_on_push()),
        encryption_type: encryption.map_or("AES256", |one| one.encryption_type().as_str()).to_owned(),
        kms_key: encryption.and_then(|one| one.kms_key()).filter(own_key).map(str::to_owned),
        policy,
        lifecycle_policy,
        tags,
    }))
}

async fn policy(session: &Session, name: &str) -> Result<Option<String>, Failure> {
    match session.ecr().get_repository_policy().repository_name(name).send().await {
        Ok(answer) => Ok(answer.policy_text),
        Err(error) => absent(session.failure("ecr:GetRepositoryPolicy", &error), "RepositoryPolicyNotFoundException"),
    }
}

async fn lifecycle_policy(session: &Session, name: &str) -> Result<Option<String>, Failure> {
    match session.ecr().get_lifecycle_policy().repository_name(name).send().await {
        Ok(answer) => Ok(answer.lifecycle_policy_text),
        Err(error) => absent(session.failure("ecr:GetLifecyclePolicy", &error), "LifecyclePolicyNotFoundException"),
    }
}

/// What is not there is an answer like others.
fn absent(failure: Failure, code: &str) -> Result<Option<String>, Failure> {
    if failure.is(code) { Ok(None) } else { Err(failure) }
}

/// The tags the index shows, if they are those of the wanted thing; else those that the repository itself has.
async fn tags(session: &Session, arn: &str, index: &Tagged, address: Option<&&str>) -> Result<Tags, Failure> {
    let shown = index.get(arn);
    let is_it = |tags: &&Tags| address.is_none_or(|address| tags.get(ADDRESS).is_some_and(|held| held == address));
    match shown.filter(is_it) {
        Some(tags) => Ok(tags.clone()),
        None => tags_of(session, arn).await,
    }
}

/// The tags of one repository.
///
/// # Errors
/// When they could not be read.
pub(crate) async fn tags_of(session: &Session, arn: &str) -> Result<Tags, Failure> {
    let answer = session.ecr().list_tags_for_resource().resource_arn(arn).send().await;
    let answer = answer.map_err(|error| session.failure("ecr:ListTagsForResource", &error))?;
    Ok(own_tags(answer.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()))
}

/// Tags as ECR's calls take them.
pub(crate) fn to_tags(tags: &Tags) -> Vec<Tag> {
    // Both members are given, so that building can't fail.
    tags.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}

async fn registry(session: &Session) -> Result<RegistryFact, Failure> {
    let ecr = session.ecr();
    let (scanning, registry, policy, pull_through_cache, blob_mounting) = tokio::try_join!(
        async {
            let answer = ecr.get_registry_scanning_configuration().send().await;
            answer.map_err(|error| session.failure("ecr:GetRegistryScanningConfiguration", &error))
        },
        async {
            let answer = ecr.describe_registry().send().await;
            answer.map_err(|error| session.failure("ecr:DescribeRegistry", &error))
        },
        async {
            match ecr.get_registry_policy().send().await {
                Ok(answer) => Ok(answer.policy_text),
                Err(error) => {
                    absent(session.failure("ecr:GetRegistryPolicy", &error), "RegistryPolicyNotFoundException")
                }
            }
        },
        pull_through_cache(session),
        async {
            let answer = ecr.get_account_setting().name(BLOB_MOUNTING).send().await;
            answer.map_err(|error| session.failure("ecr:GetAccountSetting", &error))
        },
    )?;
    Ok(RegistryFact {
        scanning: scanning.scanning_configuration().map(Scanning::from_live).unwrap_or_default(),
        replication: registry.replication_configuration().map(Replication::from_live).unwrap_or_default(),
        policy,
        pull_through_cache,
        blob_mounting: blob_mounting.value() == Some("ENABLED"),
    })
}

/// All pull through cache rules, by prefix.
///
/// # Errors
/// When they could not be read.
pub(crate) async fn pull_through_cache(session: &Session) -> Result<PullThroughCache, Failure> {
    let pages = session.ecr().describe_pull_through_cache_rules().into_paginator().page_size(PAGE).items().send();
    let found = pages.collect::<Result<Vec<_>, _>>().await;
    let found = found.map_err(|error| session.failure("ecr:DescribePullThroughCacheRules", &error))?;
    let rules = found.iter().map(|rule| {
        let prefix = rule.ecr_repository_prefix().unwrap_or_default().trim_end_matches('/');
        (prefix.to_owned(), PullThroughCacheRule::from_live(rule))
    });
    Ok(rules.collect())
}
