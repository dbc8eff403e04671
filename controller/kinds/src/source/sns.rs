//! What SNS has in one region: the topics that are wanted or ours.
//!
//! Which are ours the index of tags says, so that nothing is listed: a topic costs one call, and its tags one more where the index does not
//! show them; so many are sent side by side.

use std::collections::BTreeMap;

use aws_sdk_sns::types::Tag;
use futures_util::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use trueup_engine::facts::{Unread, Wanted, wants_all};

use super::tagging::{Tagged, ours};
use crate::count::Counter;
use crate::error::Failure;
use crate::fields::{Tags, own_tags};
use crate::session::Session;

/// The source's name.
pub const NAME: &str = "sns";

/// The tag that names the spec a thing stands for.
const ADDRESS: &str = "trueup:address";

/// Topics read at once. SNS takes 30 reads of attributes a second and more: <https://docs.aws.amazon.com/general/latest/gr/sns.html>
const AT_ONCE: usize = 8;

/// SNS of one account in one region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnsFacts {
    /// Wanted or ours.
    pub topics: Vec<TopicFact>,
}

/// One topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicFact {
    /// Its ARN.
    pub arn: String,
    /// Its attributes, as GetTopicAttributes names them.
    pub attributes: BTreeMap<String, String>,
    /// All tags but AWS's own.
    pub tags: Tags,
}

/// Reads one region's topics.
///
/// Where `tag:GetResources` is denied only wanted topics are seen.
///
/// # Errors
/// When anything of it could not be read.
pub async fn read(session: &Session, wanted: &[Wanted], counter: &Counter) -> Result<SnsFacts, Unread> {
    let index = &ours(session).await?;
    let prefix = &arn(session, "");
    let mut matter: BTreeMap<String, Option<String>> =
        index.keys().filter(|arn| arn.starts_with(prefix)).map(|arn| (arn.clone(), None)).collect();
    if wants_all(wanted, "topic") {
        matter.extend(list(session).await?.into_iter().map(|arn| (arn, None)));
    }
    let wanted = wanted.iter().filter(|one| &*one.kind == "topic" && !one.is_everything());
    matter.extend(wanted.map(|one| (arn(session, &one.name), Some(one.address.clone()))));
    let reads =
        matter.into_iter().map(|(arn, address)| async move { topic(session, arn, address.as_deref(), index).await });
    let found: Vec<Option<TopicFact>> = futures_util::stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
    let topics: Vec<TopicFact> = found.into_iter().flatten().collect();
    counter.objects(topics.len());
    Ok(SnsFacts { topics })
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
    address: Option<&str>,
    index: &Tagged,
) -> Result<Option<TopicFact>, Failure> {
    let attributes = match session.sns().get_topic_attributes().topic_arn(&arn).send().await {
        Ok(answer) => answer.attributes.unwrap_or_default().into_iter().collect(),
        Err(error) => {
            let failure = session.failure("sns:GetTopicAttributes", &error);
            return if failure.is("NotFound") { Ok(None) } else { Err(failure) };
        }
    };
    let is_it = |tags: &&Tags| address.is_none_or(|address| tags.get(ADDRESS).is_some_and(|held| held == address));
    let tags = match index.get(&arn).filter(is_it) {
        Some(tags) => tags.clone(),
        None => match tags_of(session, &arn).await {
            Ok(tags) => tags,
            // It went between the two calls.
            Err(failure) if failure.is("ResourceNotFound") => return Ok(None),
            Err(failure) => return Err(failure),
        },
    };
    Ok(Some(TopicFact { arn, attributes, tags }))
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
