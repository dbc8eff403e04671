//! The Resource Groups Tagging API: tags of many things of one region in few calls.
//!
//! It answers from an index that runs behind its services by seconds and sometimes minutes, so that what it lacks may exist all
//! the same: who must know asks the service itself.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_resourcegroupstagging::Client;
use aws_sdk_resourcegroupstagging::types::{ResourceTagMapping, TagFilter};

use tokio::sync::OnceCell;

use crate::error::{Failure, Who};
use crate::fields::Tags;
use crate::session::Session;

/// The tag whose presence says that some trueup project made or adopted a thing.
pub const OWNED: &str = "trueup:project";

/// The most that one answer can hold.
/// <https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html>
const PAGE: i32 = 100;

/// ARN to tags, `aws:`-prefixed ones (AWS's own) left out.
pub type Tagged = BTreeMap<String, Tags>;

/// Every tagged thing of these types in the client's account and region; with `filter_key`, only what carries that tag.
///
/// Types are `service` or `service:type`, as in the API: `s3`, `kms:key`, `iam:policy`. What lost its last tag is listed too, with no tags.
///
/// # Errors
/// When a page could not be read; [`Failure::is_denied`] tells whether it was for want of `tag:GetResources`.
pub async fn tagged(client: &Client, who: &Who, types: &[&str], filter_key: Option<&str>) -> Result<Tagged, Failure> {
    let filters = filter_key.map(|key| vec![TagFilter::builder().key(key).build()]);
    let mut found = Tagged::new();
    let mut token = None;
    loop {
        let page = client
            .get_resources()
            .set_resource_type_filters(Some(types.iter().map(ToString::to_string).collect()))
            .set_tag_filters(filters.clone())
            .resources_per_page(PAGE)
            .set_pagination_token(token)
            .send()
            .await
            .map_err(|error| Failure::new(Some(who.clone()), "tag:GetResources", &error))?;
        found.extend(page.resource_tag_mapping_list().iter().filter_map(entry));
        // The last page has an empty token where others have one.
        token = page.pagination_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(found);
        }
    }
}

/// The services whose things [`ours`] shows.
const SERVICES: &[&str] = &["codedeploy", "ecr", "events", "sns"];

/// What is ours, by account and region, of all reads of a run: several sources ask for it, and one call answers them all.
#[derive(Debug, Default)]
pub(crate) struct Indexes(Mutex<HashMap<(Arc<str>, String), Answer>>);

/// What was answered, as soon as it was asked.
type Answer = Arc<OnceCell<Result<Tagged, Failure>>>;

/// The tags of what is ours in the session's account and region, by ARN; empty where the caller may not ask.
///
/// # Errors
/// When it could not be read.
pub(crate) async fn ours(session: &Session) -> Result<Tagged, Failure> {
    let key = (session.who().id.clone(), session.region().to_owned());
    let answer = session.indexes.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone();
    let asked = async || match tagged(session.tagging(), session.who(), SERVICES, Some(OWNED)).await {
        Err(failure) if failure.is_denied() => {
            tracing::debug!(%failure, "the index of tags is closed, wanted things are asked about singly");
            Ok(Tagged::new())
        }
        other => other,
    };
    answer.get_or_init(asked).await.clone()
}

fn entry(mapping: &ResourceTagMapping) -> Option<(String, Tags)> {
    let tags = mapping
        .tags()
        .iter()
        .filter(|tag| !tag.key().starts_with("aws:"))
        .map(|tag| (tag.key().to_owned(), tag.value().to_owned()))
        .collect();
    Some((mapping.resource_arn()?.to_owned(), tags))
}
