//! Subscriptions: what is wanted, or on record as ours.
//!
//! A topic's subscriptions are listed a hundred at a time, and each that matters is asked for its attributes. One that its receiver has not
//! confirmed shows no ARN, and without it nothing can be asked.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_sns::types;
use futures_util::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use trueup_engine::facts::{Wanted, wants_all};

use super::{AT_ONCE, arn};
use crate::error::Failure;
use crate::session::Session;

/// One subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionFact {
    /// The name it is known by: see `name`.
    pub name: String,
    /// The topic's ARN.
    pub topic: String,
    /// The protocol.
    pub protocol: String,
    /// The endpoint.
    pub endpoint: String,
    /// Its ARN; none while it is not confirmed.
    pub arn: Option<String>,
    /// Its attributes, as GetSubscriptionAttributes names them; none while it is not confirmed.
    pub attributes: BTreeMap<String, String>,
}

/// What makes a subscription the one it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ends {
    /// The topic's ARN.
    pub(crate) topic: String,
    pub(crate) protocol: String,
    pub(crate) endpoint: String,
}

impl Ends {
    /// The name of a subscription: topic, protocol and endpoint; a topic of the account itself by its name, another's by its ARN.
    pub(crate) fn name(&self, own: &str) -> String {
        let Self { topic, protocol, endpoint } = self;
        format!("{} {protocol} {endpoint}", topic.strip_prefix(own).unwrap_or(topic))
    }

    /// What a name says.
    fn read(name: &str, own: &str) -> Option<Self> {
        let mut parts = name.splitn(3, ' ');
        let (topic, protocol, endpoint) = (parts.next()?, parts.next()?, parts.next()?);
        let topic = if topic.starts_with("arn:") { topic.to_owned() } else { format!("{own}{topic}") };
        Some(Self { topic, protocol: protocol.to_owned(), endpoint: endpoint.to_owned() })
    }

    /// Those of one that was listed.
    fn of(listed: &types::Subscription) -> Option<Self> {
        let (topic, protocol, endpoint) = (listed.topic_arn()?, listed.protocol()?, listed.endpoint()?);
        Some(Self { topic: topic.to_owned(), protocol: protocol.to_owned(), endpoint: endpoint.to_owned() })
    }

    fn is(&self, listed: &types::Subscription) -> bool {
        let Self { topic, protocol, endpoint } = self;
        listed.topic_arn() == Some(topic) && listed.protocol() == Some(protocol) && listed.endpoint() == Some(endpoint)
    }
}

/// The subscriptions that matter and are there.
pub(super) async fn read(session: &Session, wanted: &[Wanted]) -> Result<Vec<SubscriptionFact>, Failure> {
    let own = &arn(session, "");
    let named = wanted.iter().filter(|one| &*one.kind == "subscription" && !one.is_everything());
    let mut ends: BTreeSet<Ends> = named.filter_map(|one| Ends::read(&one.name, own)).collect();
    if wants_all(wanted, "subscription") {
        ends.extend(list_own(session).await?.iter().filter_map(Ends::of));
    }
    let topics: BTreeSet<String> = ends.iter().map(|ends| ends.topic.clone()).collect();
    let lists = topics.into_iter().map(|topic| async move { list(session, &topic).await });
    let listed: Vec<_> = futures_util::stream::iter(lists).buffered(AT_ONCE).try_collect().await?;
    let listed: Vec<types::Subscription> = listed.into_iter().flatten().collect();
    let mut matter = Vec::new();
    for ends in ends {
        if let Some(listed) = listed.iter().find(|listed| ends.is(listed)) {
            matter.push((ends, confirmed_arn(listed)));
        }
    }
    let reads = matter.into_iter().map(|(ends, arn)| async move { one(session, ends, arn, own).await });
    let found: Vec<Option<SubscriptionFact>> =
        futures_util::stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// The ARN of a subscription; `None` where there is none, `Some(None)` where it is not confirmed.
pub(crate) async fn find(session: &Session, ends: &Ends) -> Result<Option<Option<String>>, Failure> {
    let listed = list(session, &ends.topic).await?;
    Ok(listed.iter().find(|listed| ends.is(listed)).map(confirmed_arn))
}

fn confirmed_arn(listed: &types::Subscription) -> Option<String> {
    listed.subscription_arn().filter(|arn| arn.starts_with("arn:")).map(str::to_owned)
}

/// The account's own subscriptions of a topic. Another account's topic may not be listed: then all that the account has are.
async fn list(session: &Session, topic: &str) -> Result<Vec<types::Subscription>, Failure> {
    match list_by_topic(session, topic).await {
        Err(failure) if failure.is("AuthorizationError") && !topic.starts_with(&arn(session, "")) => {
            list_own(session).await
        }
        found => found,
    }
}

/// Whether a listed subscription is the account's own, and not one that is gone and still shown.
fn is_ours(session: &Session, listed: &types::Subscription) -> bool {
    listed.owner() == Some(session.account_id()) && listed.subscription_arn() != Some("Deleted")
}

async fn list_by_topic(session: &Session, topic: &str) -> Result<Vec<types::Subscription>, Failure> {
    let (mut found, mut token) = (Vec::new(), None);
    loop {
        let request = session.sns().list_subscriptions_by_topic().topic_arn(topic).set_next_token(token);
        let page = match request.send().await {
            Ok(page) => page,
            Err(error) => {
                let failure = session.failure("sns:ListSubscriptionsByTopic", &error);
                return if failure.is("NotFound") { Ok(Vec::new()) } else { Err(failure) };
            }
        };
        found.extend(page.subscriptions.unwrap_or_default().into_iter().filter(|listed| is_ours(session, listed)));
        token = page.next_token;
        if token.is_none() {
            return Ok(found);
        }
    }
}

async fn list_own(session: &Session) -> Result<Vec<types::Subscription>, Failure> {
    let (mut found, mut token) = (Vec::new(), None);
    loop {
        let page = session.sns().list_subscriptions().set_next_token(token).send().await;
        let page = page.map_err(|error| session.failure("sns:ListSubscriptions", &error))?;
        found.extend(page.subscriptions.unwrap_or_default().into_iter().filter(|listed| is_ours(session, listed)));
        token = page.next_token;
        if token.is_none() {
            return Ok(found);
        }
    }
}

/// One subscription with its attributes; `None` if it went between the two calls.
async fn one(
    session: &Session,
    ends: Ends,
    arn: Option<String>,
    own: &str,
) -> Result<Option<SubscriptionFact>, Failure> {
    let mut attributes = BTreeMap::new();
    if let Some(arn) = &arn {
        match session.sns().get_subscription_attributes().subscription_arn(arn).send().await {
            Ok(answer) => attributes.extend(answer.attributes.unwrap_or_default()),
            Err(error) => {
                let failure = session.failure("sns:GetSubscriptionAttributes", &error);
                return if failure.is("NotFound") { Ok(None) } else { Err(failure) };
            }
        }
    }
    let name = ends.name(own);
    let Ends { topic, protocol, endpoint } = ends;
    Ok(Some(SubscriptionFact { name, topic, protocol, endpoint, arn, attributes }))
}
