//! What the kinds of an organization share: ids that AWS makes up, the root, and tags.

use serde::{Deserialize, Serialize};
use trueup_engine::kind::{At, Held};
use trueup_specs::pending;

use crate::account::is_open;
use crate::error::Failure;
use crate::fields::Tags;
use crate::session::{GLOBAL_REGION, Session};
use crate::source::organizations::AccountFact;

/// How specs, models and operations name the organization's root.
pub const ROOT: &str = "root";

/// What the creation of the organization brings about, as operations name it in their needs.
pub const THE_ORGANIZATION: &str = "the organization";

/// What enabling a policy type brings about, as operations name it in their needs.
#[must_use]
pub fn type_enabled(sort: &str) -> String {
    format!("the policy type {sort}")
}

/// The id AWS made up, in a live model. A spec says nothing of it, so that any two are equal.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Made(pub Option<String>);

impl PartialEq for Made {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Made {}

impl Made {
    /// The id, or the token that stands for it.
    #[must_use]
    pub fn or_token(&self, at: &At) -> String {
        self.0.clone().unwrap_or_else(|| token(at))
    }
}

/// What is in a live unit, or in the organization. A spec says nothing of it, so that any two are equal.
#[derive(Clone, Debug, Default)]
pub struct Inside(pub Vec<Held>);

impl PartialEq for Inside {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Inside {}

/// An account, as people should know it who wonder why something is kept.
#[must_use]
pub fn held_account(account: &AccountFact) -> Held {
    let AccountFact { id, name, state, email: _, parent: _, joined_at: _, tags: _ } = account;
    let closed = if is_open(account) { String::new() } else { format!(" ({state}: a closed one stays for 90 days)") };
    Held { id: id.clone(), what: format!("account {name} {id}{closed}") }
}

/// What stands for the id of the resource until it is made.
#[must_use]
pub fn token(at: &At) -> String {
    format!("{}{}#id{}", pending::OPEN, at.address, pending::CLOSE)
}

/// Where Organizations is asked. <https://docs.aws.amazon.com/general/latest/gr/ao.html>
#[must_use]
pub fn home(session: &Session) -> Session {
    if session.partition() == "aws" { session.in_region(GLOBAL_REGION) } else { session.clone() }
}

/// The id of what specs may call `root`.
///
/// # Errors
/// When the root can't be asked for.
pub async fn id_of(session: &Session, parent: &str) -> Result<String, Failure> {
    if parent == ROOT { root_id(session).await } else { Ok(parent.to_owned()) }
}

/// The id of the organization's one root.
///
/// # Errors
/// When it can't be asked for.
pub async fn root_id(session: &Session) -> Result<String, Failure> {
    let call = "organizations:ListRoots";
    let answer = session.organizations().list_roots().send().await;
    let answer = answer.map_err(|error| session.failure(call, &error))?;
    let root = answer.roots.and_then(|roots| roots.into_iter().next()).and_then(|root| root.id);
    root.ok_or_else(|| Failure::local(Some(session.who().clone()), call, "the organization shows no root", None))
}

/// Tags as the calls of Organizations take them.
#[must_use]
pub fn to_tags(tags: &Tags) -> Vec<aws_sdk_organizations::types::Tag> {
    // Both members are given, so that building can't fail.
    let built =
        tags.iter().map(|(key, value)| aws_sdk_organizations::types::Tag::builder().key(key).value(value).build());
    built.filter_map(Result::ok).collect()
}

/// Tags what has this id.
///
/// # Errors
/// The call's failure.
pub async fn tag(session: &Session, id: &str, tags: &Tags) -> Result<(), Failure> {
    let request = session.organizations().tag_resource().resource_id(id).set_tags(Some(to_tags(tags)));
    request.send().await.map_err(|error| session.failure("organizations:TagResource", &error))?;
    Ok(())
}

/// Takes tags from what has this id.
///
/// # Errors
/// The call's failure.
pub async fn untag(session: &Session, id: &str, keys: &[String]) -> Result<(), Failure> {
    let request = session.organizations().untag_resource().resource_id(id).set_tag_keys(Some(keys.to_vec()));
    request.send().await.map_err(|error| session.failure("organizations:UntagResource", &error))?;
    Ok(())
}

/// The tags of what has this id.
///
/// # Errors
/// The call's failure.
pub async fn tags_of(session: &Session, id: &str) -> Result<Tags, Failure> {
    let mut tags = Tags::new();
    let mut token = None;
    loop {
        let request = session.organizations().list_tags_for_resource().resource_id(id).set_next_token(token);
        let page =
            request.send().await.map_err(|error| session.failure("organizations:ListTagsForResource", &error))?;
        tags.extend(page.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)));
        token = page.next_token;
        if token.is_none() {
            return Ok(crate::fields::own_tags(tags));
        }
    }
}
