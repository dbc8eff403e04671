//! What CodeDeploy has in one region: applications and deployment groups that are wanted or ours, deployment configurations that are wanted,
//! and on-premises instances that are registered. Where nothing of it is wanted or ours that takes two calls: one to the index of tags, and
//! one for the instances, whose tags that index does not have.
//!
//! Groups are read with one call for up to a hundred of an application. Which of them exist the index of tags says; an application's groups are
//! listed only where something wanted is not in it.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_codedeploy::types::{DeploymentConfigInfo, InstanceInfo, RegistrationStatus, Tag};
use futures_util::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use trueup_engine::facts::{Unread, Wanted, wants_all};

use super::tagging::{Tagged, ours};
use crate::count::Counter;
use crate::deployment_config::Settings as ConfigSettings;
use crate::deployment_group::{Settings as GroupSettings, wire};
use crate::error::Failure;
use crate::fields::{Tags, own_tags};
use crate::session::Session;

/// The source's name.
pub const NAME: &str = "codedeploy";

/// The tag that names the spec a thing stands for.
const ADDRESS: &str = "trueup:address";

/// The most names in one batch.
/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_BatchGetApplications.html>
const BATCH: usize = 100;

/// Calls at once; CodeDeploy says nowhere how many it takes, and few are enough.
const AT_ONCE: usize = 8;

/// What AWS's own configurations begin with.
pub(crate) const PREDEFINED: &str = "CodeDeployDefault.";

/// CodeDeploy of one account in one region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeDeployFacts {
    /// Wanted or ours.
    pub applications: Vec<ApplicationFact>,
    /// Wanted or ours.
    pub groups: Vec<GroupFact>,
    /// All but AWS's own.
    pub configs: Vec<ConfigFact>,
    /// All that are registered.
    pub instances: Vec<InstanceFact>,
}

/// One application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationFact {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The id CodeDeploy gave it.
    pub id: String,
    /// `Server`, `Lambda` or `ECS`.
    pub compute_platform: String,
    /// All tags but AWS's own.
    pub tags: Tags,
}

/// One deployment group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupFact {
    /// Its application.
    pub application: String,
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The id CodeDeploy gave it.
    pub id: String,
    /// Everything else.
    pub settings: GroupSettings,
    /// All tags but AWS's own.
    pub tags: Tags,
}

/// One deployment configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigFact {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The id CodeDeploy gave it.
    pub id: String,
    /// Everything else.
    pub settings: ConfigSettings,
}

/// One on-premises instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceFact {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The IAM user it calls as.
    pub iam_user: Option<String>,
    /// The IAM session it calls as.
    pub iam_session: Option<String>,
    /// All tags.
    pub tags: Tags,
}

/// Reads one region's CodeDeploy.
///
/// Where `tag:GetResources` is denied only wanted applications and groups are seen.
///
/// # Errors
/// When anything of it could not be read.
pub async fn read(session: &Session, wanted: &[Wanted], counter: &Counter) -> Result<CodeDeployFacts, Unread> {
    let (index, configs, instances) = tokio::try_join!(ours(session), configs(session, wanted), instances(session))?;
    let names = if is_used(session, wanted, &index) { list_applications(session).await? } else { BTreeSet::new() };
    let applications = applications(session, wanted, &index, &names).await?;
    let groups = groups(session, wanted, &index, &names).await?;
    let facts = CodeDeployFacts { applications, groups, configs, instances };
    counter.objects(facts.applications.len() + facts.groups.len() + facts.configs.len() + facts.instances.len());
    Ok(facts)
}

/// Whether an application or a group is wanted, or the index shows one as ours: else there is nothing to list them for.
fn is_used(session: &Session, wanted: &[Wanted], index: &Tagged) -> bool {
    let sorts = ["application:", "deploymentgroup:"].map(|sort| arn(session, sort));
    wanted.iter().any(|one| matches!(&*one.kind, "application" | "deployment_group"))
        || index.keys().any(|arn| sorts.iter().any(|sort| arn.starts_with(sort)))
}

fn arn(session: &Session, resource: &str) -> String {
    format!("arn:{}:codedeploy:{}:{}:{resource}", session.partition(), session.region(), session.account_id())
}

/// The wanted things of a kind: name to address.
fn wanted_of<'w>(wanted: &'w [Wanted], kind: &'static str) -> BTreeMap<&'w str, &'w str> {
    wanted
        .iter()
        .filter(|one| &*one.kind == kind && !one.is_everything())
        .map(|one| (one.name.as_str(), one.address.as_str()))
        .collect()
}

/// The tags the index shows, if they are those of the wanted thing; else those that the thing itself has.
async fn tags(session: &Session, index: &Tagged, arn: &str, address: Option<&str>) -> Result<Tags, Failure> {
    match (index.get(arn), address) {
        (Some(tags), None) => Ok(tags.clone()),
        (Some(tags), Some(address)) if tags.get(ADDRESS).is_some_and(|held| held == address) => Ok(tags.clone()),
        (None, _) | (Some(_), Some(_)) => tags_of(session, arn).await,
    }
}

async fn list_applications(session: &Session) -> Result<BTreeSet<String>, Failure> {
    let pages = session.codedeploy().list_applications().into_paginator().items().send();
    let names = pages.collect::<Result<Vec<String>, _>>().await;
    let names = names.map_err(|error| session.failure("codedeploy:ListApplications", &error))?;
    Ok(names.into_iter().collect())
}

async fn applications(
    session: &Session,
    wanted: &[Wanted],
    index: &Tagged,
    names: &BTreeSet<String>,
) -> Result<Vec<ApplicationFact>, Failure> {
    let all = wants_all(wanted, "application");
    let wanted = wanted_of(wanted, "application");
    let arn_of = |name: &str| arn(session, &format!("application:{name}"));
    let read =
        names.iter().filter(|name| all || wanted.contains_key(name.as_str()) || index.contains_key(&arn_of(name)));
    let read: Vec<String> = read.cloned().collect();
    let mut found = Vec::new();
    for batch in read.chunks(BATCH) {
        let request = session.codedeploy().batch_get_applications().set_application_names(Some(batch.to_vec()));
        let answer =
            request.send().await.map_err(|error| session.failure("codedeploy:BatchGetApplications", &error))?;
        for info in answer.applications_info() {
            let name = info.application_name().unwrap_or_default().to_owned();
            let arn = arn_of(&name);
            found.push(ApplicationFact {
                tags: tags(session, index, &arn, wanted.get(name.as_str()).copied()).await?,
                name,
                arn,
                id: info.application_id().unwrap_or_default().to_owned(),
                compute_platform: info.compute_platform().map_or("Server", |platform| platform.as_str()).to_owned(),
            });
        }
    }
    Ok(found)
}

async fn groups(
    session: &Session,
    wanted: &[Wanted],
    index: &Tagged,
    applications: &BTreeSet<String>,
) -> Result<Vec<GroupFact>, Failure> {
    let all = wants_all(wanted, "deployment_group");
    let wanted = &wanted_of(wanted, "deployment_group");
    let prefix = arn(session, "deploymentgroup:");
    let ours: BTreeSet<&str> = index.keys().filter_map(|arn| arn.strip_prefix(&prefix)).collect();
    let mut read: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for both in ours.iter().chain(wanted.keys()) {
        if let Some((application, group)) = both.split_once('/')
            && applications.contains(application)
        {
            read.entry(application.to_owned()).or_default().insert(group.to_owned());
        }
    }
    if all {
        read = applications.iter().map(|application| (application.clone(), BTreeSet::new())).collect();
    }
    let ours = &ours;
    let reads = read.into_iter().map(|(application, mut names)| async move {
        if all {
            names = list_groups(session, &application).await?;
        } else if names.iter().any(|name| !ours.contains(format!("{application}/{name}").as_str())) {
            let there = list_groups(session, &application).await?;
            names.retain(|name| there.contains(name));
        }
        groups_of(session, &application, names, wanted, index).await
    });
    let mut found: Vec<GroupFact> =
        futures_util::stream::iter(reads).buffer_unordered(AT_ONCE).try_collect::<Vec<_>>().await?.concat();
    found.sort_by(|a, b| a.arn.cmp(&b.arn));
    Ok(found)
}

async fn list_groups(session: &Session, application: &str) -> Result<BTreeSet<String>, Failure> {
    let request = session.codedeploy().list_deployment_groups().application_name(application);
    let mut names = BTreeSet::new();
    let mut token = None;
    loop {
        let page = match request.clone().set_next_token(token).send().await {
            Ok(page) => page,
            Err(error) => {
                let failure = session.failure("codedeploy:ListDeploymentGroups", &error);
                // It went between the list and now.
                return if failure.is("ApplicationDoesNotExistException") { Ok(names) } else { Err(failure) };
            }
        };
        names.extend(page.deployment_groups.unwrap_or_default());
        token = page.next_token;
        if token.is_none() {
            return Ok(names);
        }
    }
}

async fn groups_of(
    session: &Session,
    application: &str,
    names: BTreeSet<String>,
    wanted: &BTreeMap<&str, &str>,
    index: &Tagged,
) -> Result<Vec<GroupFact>, Failure> {
    let names: Vec<String> = names.into_iter().collect();
    let mut found = Vec::new();
    for batch in names.chunks(BATCH) {
        let request = session
            .codedeploy()
            .batch_get_deployment_groups()
            .application_name(application)
            .set_deployment_group_names(Some(batch.to_vec()));
        let answer =
            request.send().await.map_err(|error| session.failure("codedeploy:BatchGetDeploymentGroups", &error))?;
        for info in answer.deployment_groups_info() {
            let name = info.deployment_group_name().unwrap_or_default().to_owned();
            let both = format!("{application}/{name}");
            let arn = arn(session, &format!("deploymentgroup:{both}"));
            found.push(GroupFact {
                application: application.to_owned(),
                tags: tags(session, index, &arn, wanted.get(both.as_str()).copied()).await?,
                name,
                arn,
                id: info.deployment_group_id().unwrap_or_default().to_owned(),
                settings: wire::settings(info),
            });
        }
    }
    Ok(found)
}

/// The configurations that are wanted. They have no tags, so that one nobody wants is nobody's: what was ours is wanted by the record of the
/// last apply.
async fn configs(session: &Session, wanted: &[Wanted]) -> Result<Vec<ConfigFact>, Failure> {
    let mut names: BTreeSet<String> =
        wanted_of(wanted, "deployment_config").keys().map(|name| (*name).to_owned()).collect();
    if wants_all(wanted, "deployment_config") {
        names.extend(list_configs(session).await?);
    }
    let reads = names.into_iter().map(|name| async move { config(session, &name).await });
    let found: Vec<Option<ConfigFact>> = futures_util::stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// The names of all configurations but AWS's own.
async fn list_configs(session: &Session) -> Result<Vec<String>, Failure> {
    let pages = session.codedeploy().list_deployment_configs().into_paginator().items().send();
    let names = pages.collect::<Result<Vec<String>, _>>().await;
    let mut names = names.map_err(|error| session.failure("codedeploy:ListDeploymentConfigs", &error))?;
    names.retain(|name| !name.starts_with(PREDEFINED));
    Ok(names)
}

/// One configuration; `None` if there is none.
async fn config(session: &Session, name: &str) -> Result<Option<ConfigFact>, Failure> {
    match session.codedeploy().get_deployment_config().deployment_config_name(name).send().await {
        Ok(answer) => Ok(answer.deployment_config_info.as_ref().map(|info| config_fact(session, name, info))),
        Err(error) => {
            let failure = session.failure("codedeploy:GetDeploymentConfig", &error);
            if failure.is("DeploymentConfigDoesNotExistException") { Ok(None) } else { Err(failure) }
        }
    }
}

fn config_fact(session: &Session, name: &str, info: &DeploymentConfigInfo) -> ConfigFact {
    ConfigFact {
        name: name.to_owned(),
        arn: arn(session, &format!("deploymentconfig:{name}")),
        id: info.deployment_config_id().unwrap_or_default().to_owned(),
        settings: ConfigSettings::from_live(info),
    }
}

async fn instances(session: &Session) -> Result<Vec<InstanceFact>, Failure> {
    let request = session.codedeploy().list_on_premises_instances().registration_status(RegistrationStatus::Registered);
    let mut names = Vec::new();
    let mut token = None;
    loop {
        let page = request.clone().set_next_token(token).send().await;
        let page = page.map_err(|error| session.failure("codedeploy:ListOnPremisesInstances", &error))?;
        names.extend(page.instance_names.unwrap_or_default());
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    let mut found = Vec::new();
    for batch in names.chunks(BATCH) {
        let request = session.codedeploy().batch_get_on_premises_instances().set_instance_names(Some(batch.to_vec()));
        let answer =
            request.send().await.map_err(|error| session.failure("codedeploy:BatchGetOnPremisesInstances", &error))?;
        found.extend(answer.instance_infos().iter().filter(|info| info.deregister_time.is_none()).map(instance_fact));
    }
    Ok(found)
}

/// What CodeDeploy says of an instance.
pub(crate) fn instance_fact(info: &InstanceInfo) -> InstanceFact {
    let owned = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    InstanceFact {
        name: info.instance_name().unwrap_or_default().to_owned(),
        arn: info.instance_arn().unwrap_or_default().to_owned(),
        iam_user: owned(info.iam_user_arn()),
        iam_session: owned(info.iam_session_arn()),
        tags: from_tags(info.tags()),
    }
}

/// The tags of one application or deployment group.
///
/// # Errors
/// When they could not be read.
pub(crate) async fn tags_of(session: &Session, arn: &str) -> Result<Tags, Failure> {
    let request = session.codedeploy().list_tags_for_resource().resource_arn(arn);
    let mut tags = Tags::new();
    let mut token = None;
    loop {
        let page = request.clone().set_next_token(token).send().await;
        let page = page.map_err(|error| session.failure("codedeploy:ListTagsForResource", &error))?;
        tags.extend(from_tags(page.tags()));
        token = page.next_token;
        if token.is_none() {
            return Ok(tags);
        }
    }
}

fn from_tags(tags: &[Tag]) -> Tags {
    let pairs = tags.iter().map(|tag| (tag.key().unwrap_or_default(), tag.value().unwrap_or_default()));
    own_tags(pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
}

/// Tags as CodeDeploy's calls take them.
pub(crate) fn to_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}
