//! What EventBridge has in one region: the event buses and rules that are wanted or ours.
//!
//! Which are ours the index of tags says, so that nothing is listed: a bus costs one call, a rule two, and its tags one more where the index
//! does not show them; so many are sent side by side.

use std::collections::BTreeMap;

use aws_sdk_eventbridge::types::Tag;
use futures_util::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use trueup_engine::facts::{Unread, Wanted, wants_all};

use super::tagging::{Tagged, ours};
use crate::count::Counter;
use crate::error::Failure;
use crate::event_bus::LogConfig;
use crate::event_rule::{Target, wire};
use crate::fields::{Tags, own_tags};
use crate::session::Session;

/// The source's name.
pub const NAME: &str = "events";

/// The tag that names the spec a thing stands for.
const ADDRESS: &str = "trueup:address";

/// The event bus that every account has in every region.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus.html>
pub(crate) const DEFAULT_BUS: &str = "default";

/// Buses and rules read at once. EventBridge takes 50 of each of these calls a second:
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
const AT_ONCE: usize = 8;

/// EventBridge of one account in one region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventsFacts {
    /// Wanted or ours.
    pub buses: Vec<BusFact>,
    /// Wanted or ours.
    pub rules: Vec<RuleFact>,
}

/// One event bus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BusFact {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// What it is for; empty without one.
    pub description: String,
    /// The KMS key; none is AWS's own.
    pub kms_key: Option<String>,
    /// The queue for what could not be delivered.
    pub dead_letter_queue: Option<String>,
    /// What of it is logged; none where nothing is.
    #[serde(default)]
    pub log_config: Option<LogConfig>,
    /// The policy's JSON.
    pub policy: Option<String>,
    /// All tags but AWS's own.
    pub tags: Tags,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleFact {
    /// Its event bus.
    pub event_bus: String,
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The event pattern's JSON.
    pub event_pattern: Option<String>,
    /// When it fires by itself.
    pub schedule_expression: Option<String>,
    /// `ENABLED`, `DISABLED`, ….
    pub state: String,
    /// What it is for; empty without one.
    pub description: String,
    /// The role of the rule itself.
    pub role: Option<String>,
    /// By id.
    pub targets: BTreeMap<String, Target>,
    /// The service that made it, if one did.
    #[serde(default)]
    pub managed_by: Option<String>,
    /// All tags but AWS's own.
    pub tags: Tags,
}

/// Reads one region's EventBridge.
///
/// Where `tag:GetResources` is denied only wanted buses and rules are seen.
///
/// # Errors
/// When anything of it could not be read.
pub async fn read(session: &Session, wanted: &[Wanted], counter: &Counter) -> Result<EventsFacts, Unread> {
    let index = &ours(session).await?;
    let (buses, rules) = tokio::try_join!(buses(session, wanted, index), rules(session, wanted, index))?;
    counter.objects(buses.len() + rules.len());
    Ok(EventsFacts { buses, rules })
}

/// The ARN of an event bus or a rule.
pub(crate) fn arn(session: &Session, resource: &str) -> String {
    format!("arn:{}:events:{}:{}:{resource}", session.partition(), session.region(), session.account_id())
}

/// What is wanted of a kind or ours, by name; with the address of what is wanted.
fn matter(wanted: &[Wanted], kind: &str, ours: impl Iterator<Item = String>) -> BTreeMap<String, Option<String>> {
    let wanted = wanted.iter().filter(|one| &*one.kind == kind && !one.is_everything());
    let mut names: BTreeMap<String, Option<String>> = ours.map(|name| (name, None)).collect();
    names.extend(wanted.map(|one| (one.name.clone(), Some(one.address.clone()))));
    names
}

async fn buses(session: &Session, wanted: &[Wanted], index: &Tagged) -> Result<Vec<BusFact>, Failure> {
    let prefix = arn(session, "event-bus/");
    let ours = index.keys().filter_map(|arn| arn.strip_prefix(&prefix)).map(str::to_owned);
    let listed = if wants_all(wanted, "event_bus") { list_buses(session).await? } else { Vec::new() };
    let reads = matter(wanted, "event_bus", ours.chain(listed))
        .into_iter()
        .map(|(name, address)| async move { bus(session, &name, address.as_deref(), index).await });
    let found: Vec<Option<BusFact>> = futures_util::stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// The names of all buses.
async fn list_buses(session: &Session) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    let mut token = None;
    loop {
        let page = session.eventbridge().list_event_buses().set_next_token(token).send().await;
        let page = page.map_err(|error| session.failure("events:ListEventBuses", &error))?;
        found.extend(page.event_buses.unwrap_or_default().into_iter().filter_map(|bus| bus.name));
        token = page.next_token;
        if token.is_none() {
            return Ok(found);
        }
    }
}

/// All rules of all buses as `bus/rule`, but for those that an AWS service manages: they are nobody else's to change.
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Rule.html>, `ManagedBy`.
async fn list_rules(session: &Session) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    for bus in list_buses(session).await? {
        let mut token = None;
        loop {
            let page = session.eventbridge().list_rules().event_bus_name(&bus).set_next_token(token).send().await;
            let page = page.map_err(|error| session.failure("events:ListRules", &error))?;
            let own = page.rules.unwrap_or_default().into_iter().filter(|rule| rule.managed_by.is_none());
            found.extend(own.filter_map(|rule| Some(format!("{bus}/{}", rule.name?))));
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
    }
    Ok(found)
}

/// One event bus; `None` if there is none of the name.
async fn bus(session: &Session, name: &str, address: Option<&str>, index: &Tagged) -> Result<Option<BusFact>, Failure> {
    let found = match session.eventbridge().describe_event_bus().name(name).send().await {
        Ok(found) => found,
        Err(error) => return absent(session.failure("events:DescribeEventBus", &error)),
    };
    let arn = arn(session, &format!("event-bus/{name}"));
    let Some(tags) = tags(session, &arn, address, index).await? else { return Ok(None) };
    let text = |text: Option<String>| text.filter(|text| !text.is_empty());
    Ok(Some(BusFact {
        name: name.to_owned(),
        arn,
        description: found.description.unwrap_or_default(),
        kms_key: text(found.kms_key_identifier),
        dead_letter_queue: text(found.dead_letter_config.and_then(|queue| queue.arn)),
        log_config: found.log_config.as_ref().and_then(LogConfig::live),
        policy: text(found.policy),
        tags,
    }))
}

/// What is not there is an answer like others.
fn absent<T>(failure: Failure) -> Result<Option<T>, Failure> {
    if failure.is("ResourceNotFoundException") { Ok(None) } else { Err(failure) }
}

/// `BUS/NAME`, from a rule's ARN behind `rule/`: the default bus is left out there.
fn name_of(resource: &str) -> String {
    if resource.contains('/') { resource.to_owned() } else { format!("{DEFAULT_BUS}/{resource}") }
}

async fn rules(session: &Session, wanted: &[Wanted], index: &Tagged) -> Result<Vec<RuleFact>, Failure> {
    let prefix = arn(session, "rule/");
    let ours = index.keys().filter_map(|arn| arn.strip_prefix(&prefix)).map(name_of);
    let listed = if wants_all(wanted, "event_rule") { list_rules(session).await? } else { Vec::new() };
    let reads = matter(wanted, "event_rule", ours.chain(listed))
        .into_iter()
        .map(|(name, address)| async move { rule(session, &name, address.as_deref(), index).await });
    let found: Vec<Option<RuleFact>> = futures_util::stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// One rule; `None` if there is none of the name.
async fn rule(
    session: &Session,
    both: &str,
    address: Option<&str>,
    index: &Tagged,
) -> Result<Option<RuleFact>, Failure> {
    let Some((event_bus, name)) = both.rsplit_once('/') else { return Ok(None) };
    let found = match session.eventbridge().describe_rule().event_bus_name(event_bus).name(name).send().await {
        Ok(found) => found,
        Err(error) => return absent(session.failure("events:DescribeRule", &error)),
    };
    let arn = arn(session, &rule_resource(event_bus, name));
    let Some(targets) = targets(session, event_bus, name).await? else { return Ok(None) };
    let Some(tags) = tags(session, &arn, address, index).await? else { return Ok(None) };
    let text = |text: Option<String>| text.filter(|text| !text.is_empty());
    Ok(Some(RuleFact {
        event_bus: event_bus.to_owned(),
        name: name.to_owned(),
        arn,
        event_pattern: text(found.event_pattern),
        schedule_expression: text(found.schedule_expression),
        state: found.state.map_or("ENABLED".to_owned(), |state| state.as_str().to_owned()),
        description: found.description.unwrap_or_default(),
        role: text(found.role_arn),
        targets,
        managed_by: text(found.managed_by),
        tags,
    }))
}

/// The resource in a rule's ARN: `rule/NAME` on the default bus, else `rule/BUS/NAME`.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html>
pub(crate) fn rule_resource(event_bus: &str, name: &str) -> String {
    if event_bus == DEFAULT_BUS { format!("rule/{name}") } else { format!("rule/{event_bus}/{name}") }
}

async fn targets(session: &Session, event_bus: &str, rule: &str) -> Result<Option<BTreeMap<String, Target>>, Failure> {
    let request = session.eventbridge().list_targets_by_rule().event_bus_name(event_bus).rule(rule);
    let mut found = BTreeMap::new();
    let mut token = None;
    loop {
        let page = match request.clone().set_next_token(token).send().await {
            Ok(page) => page,
            Err(error) => return absent(session.failure("events:ListTargetsByRule", &error)),
        };
        found.extend(page.targets().iter().map(|target| (target.id().to_owned(), wire::target(target))));
        token = page.next_token;
        if token.is_none() {
            return Ok(Some(found));
        }
    }
}

/// The tags the index shows, if they are those of the wanted thing; else those that the thing itself has, if it is still there.
async fn tags(session: &Session, arn: &str, address: Option<&str>, index: &Tagged) -> Result<Option<Tags>, Failure> {
    let is_it = |tags: &&Tags| address.is_none_or(|address| tags.get(ADDRESS).is_some_and(|held| held == address));
    match index.get(arn).filter(is_it) {
        Some(tags) => Ok(Some(tags.clone())),
        None => match tags_of(session, arn).await {
            Ok(tags) => Ok(Some(tags)),
            Err(failure) => absent(failure),
        },
    }
}

/// The tags of one event bus or rule.
///
/// # Errors
/// When they could not be read.
pub(crate) async fn tags_of(session: &Session, arn: &str) -> Result<Tags, Failure> {
    let answer = session.eventbridge().list_tags_for_resource().resource_arn(arn).send().await;
    let answer = answer.map_err(|error| session.failure("events:ListTagsForResource", &error))?;
    Ok(own_tags(answer.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()))
}

/// Tags as EventBridge's calls take them.
pub(crate) fn to_tags(tags: &Tags) -> Vec<Tag> {
    // Both members are given, so that building can't fail.
    tags.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}

/// Tags an event bus or a rule.
pub(crate) async fn tag(session: &Session, arn: &str, tags: &Tags) -> Result<(), Failure> {
    let sent = session.eventbridge().tag_resource().resource_arn(arn).set_tags(Some(to_tags(tags))).send().await;
    sent.map(drop).map_err(|error| session.failure("events:TagResource", &error))
}

/// Takes tags from an event bus or a rule.
pub(crate) async fn untag(session: &Session, arn: &str, keys: &[String]) -> Result<(), Failure> {
    let sent = session.eventbridge().untag_resource().resource_arn(arn).set_tag_keys(Some(keys.to_vec())).send().await;
    sent.map(drop).map_err(|error| session.failure("events:UntagResource", &error))
}
