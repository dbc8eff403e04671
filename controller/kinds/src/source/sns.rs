//! What SNS has in one region: the topics that are wanted or ours, and the subscriptions that are.
//!
//! Which topics are ours the index of tags says, so that nothing is listed: a topic costs one call, and its tags one more where the index does
//! not show them; so many are sent side by side. Subscriptions have no tags: those are looked for that specs want or that are on record.

use std::collections::BTreeMap;

use aws_sdk_sns::types::Tag;
use futures_util::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use trueup_engine::facts::{Unread, Wanted, wants_all};

pub use self::subscriptions::SubscriptionFact;
use super::tagging::{Tagged, ours};
use crate::count::Counter;
use crate::error::Failure;
use crate::fields::{Tags, own_tags};
use crate::session::Session;

pub(crate) mod subscriptions;

/// The source's name.
pub const NAME: &str = "sns";

/// The hint that a topic has a data protection policy, or shall have one.
pub(crate) const DATA_PROTECTION: &str = "data_protection_policy";

/// The tag that names the spec a thing stands for.
const ADDRESS: &str = "trueup:address";

/// Topics read at once. SNS takes 30 reads of attributes a second and more: <https://docs.aws.amazon.com/general/latest/gr/sns.html>
const AT_ONCE: usize = 8;

/// SNS of one account in one region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnsFacts {
    /// Wanted or ours.
    pub topics: Vec<TopicFact>,
    /// Wanted, or on record as ours.
    #[serde(default)]
    pub subscriptions: Vec<SubscriptionFact>,
}

/// One topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicFact {
    /// Its ARN.
    pub arn: String,
    /// Its attributes, as GetTopicAttributes names them.
    pub attributes: BTreeMap<String, String>,
    /// What keeps personal data out of messages, as JSON; asked for only where specs or the record have it.
    #[serde(default)]
    pub data_protection: Option<String>,
    /// All tags but AWS's own.
    pub tags: Tags,
}

/// Reads one region's topics and subscriptions.
///
/// Where `tag:GetResources` is denied only wanted topics are seen.
///
/// # Errors
/// When anything of it could not be read.
pub async fn read(session: &Session, wanted: &[Wanted], counter: &Counter) -> Result<SnsFacts, Unread> {
    let (topics, subscriptions) = tokio::try_join!(topics(session, wanted), subscriptions::read(session, wanted))?;
    counter.objects(topics.len() + subscriptions.len());
    Ok(SnsFacts { topics, subscriptions })
}

async fn topics(session: &Session, wanted: &[Wanted]) -> Result<Vec<TopicFact>, Failure> {
    let index = &ours(session).await?;
    let prefix = &arn(session, "");
    let mut matter: BTreeMap<String, Option<Wanted>> =
        index.keys().filter(|arn| arn.starts_with(prefix)).map(|arn| (arn.clone(), None)).collect();
    if wants_all(wanted, "topic") {
        matter.extend(list(session).await?.into_iter().map(|arn| (arn, None)));
    }
    let wanted = wanted.iter().filter(|one| &*one.kind == "topic" && !one.is_everything());
    matter.extend(wanted.map(|one| (arn(session, &one.name), Some(one.clone()))));
    let reads =
        matter.into_iter().map(|(arn, wanted)| async move { topic(session, arn, wanted.as_ref(), index).await });
    let found: Vec<Option<TopicFact>> = futures_util::stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// The ARN of a topic.
pub(crate) fn arn(session: &Session, name: &str) -> String {
    format!("arn:{}:sns:{}:{}:{name}", session.partition(), session.region(), session.account_id())
}

/// The ARNs of all topics.
async fn list(session: &Session) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    let mut token = None;
    loop {
        let page = session.sns().list_topics().set_next_token(token).send().await;
        let page = page.map_err(|error| session.failure("sns:ListTopics", &error))?;
        found.extend(page.topics.unwrap_or_default().into_iter().filter_map(|topic| topic.topic_arn));
        token = page.next_token;
        if token.is_none() {
            return Ok(found);
        }
    }
}

/// One topic; `None` if there is none of the name.
async fn topic(
    session: &Session,
    arn: String,
    wanted: Option<&Wanted>,
    index: &Tagged,
) -> Result<Option<TopicFact>, Failure> {
    let attributes = match session.sns().get_topic_attributes().topic_arn(&arn).send().await {
        Ok(answer) => answer.attributes.unwrap_or_default().into_iter().collect(),
        Err(error) => {
            let failure = session.failure("sns:GetTopicAttributes", &error);
            return if failure.is("NotFound") { Ok(None) } else { Err(failure) };
        }
    };
    let is_it =
        |tags: &&Tags| wanted.is_none_or(|wanted| tags.get(ADDRESS).is_some_and(|held| *held == wanted.address));
    let tags = match index.get(&arn).filter(is_it) {
        Some(tags) => tags.clone(),
        None => match tags_of(session, &arn).await {
            Ok(tags) => tags,
            // It went between the two calls.
            Err(failure) if failure.is("ResourceNotFound") => return Ok(None),
            Err(failure) => return Err(failure),
        },
    };
    let data_protection = match wanted.filter(|wanted| wanted.recorded.contains_key(DATA_PROTECTION)) {
        Some(_) => data_protection(session, &arn).await?,
        None => None,
    };
    Ok(Some(TopicFact { arn, attributes, data_protection, tags }))
}

async fn data_protection(session: &Session, arn: &str) -> Result<Option<String>, Failure> {
    match session.sns().get_data_protection_policy().resource_arn(arn).send().await {
        Ok(answer) => Ok(answer.data_protection_policy.filter(|policy| !policy.is_empty())),
        Err(error) => {
            let failure = session.failure("sns:GetDataProtectionPolicy", &error);
            // It went between the two calls.
            if failure.is("NotFound") { Ok(None) } else { Err(failure) }
        }
    }
}

async fn tags_of(session: &Session, arn: &str) -> Result<Tags, Failure> {
    let answer = session.sns().list_tags_for_resource().resource_arn(arn).send().await;
    let answer = answer.map_err(|error| session.failure("sns:ListTagsForResource", &error))?;
    Ok(own_tags(answer.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()))
}

/// Tags as SNS's calls take them.
pub(crate) fn to_tags(tags: &Tags) -> Vec<Tag> {
    // Both members are given, so that building can't fail.
    tags.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}
