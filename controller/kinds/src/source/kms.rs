//! What KMS has in one region: all aliases, and the keys that are wanted or carry trueup's tag.
//!
//! KMS has no bulk read: a key costs four calls, sent side by side. A wanted key is found by its alias, else by its tags. The index
//! that answers for tags runs behind, so that a wanted key which neither shows is looked for among all keys of the region, tags and all:
//! one ListKeys for each 1,000 keys and one ListResourceTags for each key that could be it. That is paid only while something wanted
//! is missing; without it an answer lost on the way from CreateKey would cost a second key.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_kms::types::KeyMetadata;
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use trueup_engine::facts::{Unread, Wanted, wants_all};

use super::tagging::{OWNED, tagged};
use crate::count::Counter;
use crate::error::Failure;
use crate::session::Session;

/// The source's name.
pub const NAME: &str = "kms";

/// The tag that names the spec a key stands for.
const ADDRESS: &str = "trueup:address";

/// How the aliases of AWS's own keys begin; nobody else can make one.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html>
const AWS_ALIAS: &str = "alias/aws/";

/// Keys read at once, four calls each. KMS counts the requests of a whole account and region, other programs' too, and each
/// operation by itself: <https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html>
const KEYS_AT_ONCE: usize = 8;

/// The most aliases in one answer. <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListAliases.html>
const ALIASES_PAGE: i32 = 100;

/// The most keys in one answer. <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeys.html>
const KEYS_PAGE: i32 = 1_000;

/// The most tags in one answer, which is also the most a key can have.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListResourceTags.html>
const TAGS_PAGE: i32 = 50;

/// The state of a key on its way out.
pub const PENDING_DELETION: &str = "PendingDeletion";
/// The same, of a multi-region key that waits for its replicas to go.
pub const PENDING_REPLICA_DELETION: &str = "PendingReplicaDeletion";

/// The keys of one account in one region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KmsFacts {
    /// By id; only those wanted or owned, unless all are wanted. A key on its way out is here only if it is wanted.
    pub keys: BTreeMap<String, KeyFact>,
}

/// One key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFact {
    /// The alias by which a spec wants it, else its first one; empty without aliases.
    pub name: String,
    /// All its aliases, with `alias/`.
    pub aliases: BTreeSet<String>,
    /// The rest, or which call could not be made.
    pub settings: Result<KeySettings, Unread>,
}

/// A key as KMS tells it, in KMS's words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySettings {
    /// The key's ARN.
    pub arn: String,
    /// `Enabled`, `Disabled`, `PendingDeletion`, ….
    pub state: String,
    /// For people.
    pub description: String,
    /// `SYMMETRIC_DEFAULT`, ….
    pub key_spec: String,
    /// `ENCRYPT_DECRYPT`, ….
    pub key_usage: String,
    /// `AWS_KMS`, `EXTERNAL`, ….
    pub origin: String,
    /// Whether it is a multi-region key, primary or replica.
    pub multi_region: bool,
    /// The policy's JSON.
    pub policy: String,
    /// Days between rotations; `None` where the key does not rotate.
    pub rotation_days: Option<u32>,
    /// All tags but AWS's own.
    pub tags: BTreeMap<String, String>,
}

/// Reads one region's keys.
///
/// Where `tag:GetResources` is denied only wanted keys are seen.
///
/// # Errors
/// When aliases, or keys where that is needed, could not be listed. A key that could not be read says so itself.
pub async fn read(session: &Session, wanted: &[Wanted], counter: &Counter) -> Result<KmsFacts, Unread> {
    let all = wants_all(wanted, "key");
    let wanted: Vec<&Wanted> =
        wanted.iter().filter(|wanted| &*wanted.kind == "key" && !wanted.is_everything()).collect();
    let (aliases, owned) = tokio::try_join!(aliases(session), owned(session))?;
    let names: BTreeSet<&str> = wanted.iter().map(|wanted| wanted.name.as_str()).collect();
    let addresses: BTreeSet<&str> = wanted.iter().map(|wanted| wanted.address.as_str()).collect();
    let mut ids: BTreeSet<String> = owned.keys().cloned().collect();
    ids.extend(aliases.iter().filter(|(alias, _)| names.contains(alias.as_str())).map(|(_, id)| id.clone()));
    if all {
        // Those with an alias of AWS's own are AWS's own.
        let aws: BTreeSet<&str> =
            aliases.iter().filter(|(alias, _)| alias.starts_with(AWS_ALIAS)).map(|(_, id)| id.as_str()).collect();
        ids.extend(keys(session).await?.into_iter().filter(|id| !aws.contains(id.as_str())));
    }

    let missing: Vec<&Wanted> = wanted
        .iter()
        .copied()
        .filter(|wanted| {
            !aliases.contains_key(&wanted.name) && !owned.values().any(|address| *address == wanted.address)
        })
        .collect();
    if !missing.is_empty() {
        let named_only = missing.iter().all(|wanted| !wanted.name.is_empty());
        ids.extend(search(session, &aliases, &ids, named_only).await?);
    }

    let reads = ids.into_iter().map(|id| async move { (settings(session, &id).await, id) });
    let mut reads = futures_util::stream::iter(reads).buffer_unordered(KEYS_AT_ONCE);
    let mut facts = KmsFacts::default();
    while let Some((settings, id)) = reads.next().await {
        let of_key: BTreeSet<String> =
            aliases.iter().filter(|(_, target)| **target == id).map(|(alias, _)| alias.clone()).collect();
        let by_name = of_key.iter().find(|alias| names.contains(alias.as_str()));
        let settings = match settings {
            Ok(settings) => {
                let by_tag = settings.tags.get(ADDRESS).is_some_and(|address| addresses.contains(address.as_str()));
                if is_going(&settings.state) && by_name.is_none() && !by_tag {
                    continue;
                }
                Ok(settings)
            }
            // It went between the list and now.
            Err(failure) if failure.is("NotFoundException") => continue,
            Err(mut failure) => {
                failure.message = format!("key {id}: {}", failure.message);
                Err(Unread::from(failure))
            }
        };
        let name = by_name.or_else(|| of_key.first()).cloned().unwrap_or_default();
        facts.keys.insert(id, KeyFact { name, aliases: of_key, settings });
    }
    counter.objects(facts.keys.len());
    Ok(facts)
}

/// Whether a key in this state is on its way out.
#[must_use]
pub fn is_going(state: &str) -> bool {
    matches!(state, PENDING_DELETION | PENDING_REPLICA_DELETION)
}

/// All aliases that have a key: alias to the key's id.
async fn aliases(session: &Session) -> Result<BTreeMap<String, String>, Failure> {
    let mut found = BTreeMap::new();
    let mut marker = None;
    loop {
        let page = session
            .kms()
            .list_aliases()
            .limit(ALIASES_PAGE)
            .set_marker(marker)
            .send()
            .await
            .map_err(|error| session.failure("kms:ListAliases", &error))?;
        for alias in page.aliases() {
            if let (Some(name), Some(id)) = (alias.alias_name(), alias.target_key_id()) {
                found.insert(name.to_owned(), id.to_owned());
            }
        }
        marker = page.next_marker.filter(|_| page.truncated);
        if marker.is_none() {
            return Ok(found);
        }
    }
}

/// The keys that carry trueup's tag: id to the address their tag says.
async fn owned(session: &Session) -> Result<BTreeMap<String, String>, Failure> {
    match tagged(session.tagging(), session.who(), &["kms:key"], Some(OWNED)).await {
        Ok(found) => Ok(found
            .into_iter()
            .filter_map(|(arn, mut tags)| Some((id_of(&arn)?.to_owned(), tags.remove(ADDRESS).unwrap_or_default())))
            .collect()),
        Err(failure) if failure.is_denied() => {
            tracing::debug!(%failure, "only wanted keys are seen");
            Ok(BTreeMap::new())
        }
        Err(failure) => Err(failure),
    }
}

/// The id in `arn:aws:kms:REGION:ACCOUNT:key/ID`.
fn id_of(arn: &str) -> Option<&str> {
    arn.split_once(":key/").map(|(_, id)| id)
}

/// Keys with trueup's tag that neither an alias nor the index showed.
///
/// Who wants a key by its alias and finds none looks for one whose making was cut short before the alias: it has none yet.
async fn search(
    session: &Session,
    aliases: &BTreeMap<String, String>,
    known: &BTreeSet<String>,
    named_only: bool,
) -> Result<Vec<String>, Failure> {
    let passed_over: BTreeSet<&str> = aliases
        .iter()
        .filter(|(alias, _)| named_only || alias.starts_with(AWS_ALIAS))
        .map(|(_, id)| id.as_str())
        .collect();
    let mut candidates = keys(session).await?;
    candidates.retain(|id| !known.contains(id) && !passed_over.contains(id.as_str()));
    let asked = candidates.into_iter().map(|id| async move { (tags(session, &id).await, id) });
    let mut answers = futures_util::stream::iter(asked).buffer_unordered(KEYS_AT_ONCE);
    let mut found = Vec::new();
    while let Some((tags, id)) = answers.next().await {
        match tags {
            Ok(tags) if tags.contains_key(OWNED) => found.push(id),
            Ok(_) => {}
            // Another's key, whose policy keeps us out; ours let us in when they were made.
            Err(failure) if failure.is_denied() || failure.is("NotFoundException") => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(found)
}

async fn keys(session: &Session) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    let mut marker = None;
    loop {
        let page = session
            .kms()
            .list_keys()
            .limit(KEYS_PAGE)
            .set_marker(marker)
            .send()
            .await
            .map_err(|error| session.failure("kms:ListKeys", &error))?;
        found.extend(page.keys().iter().filter_map(|key| key.key_id().map(str::to_owned)));
        marker = page.next_marker.filter(|_| page.truncated);
        if marker.is_none() {
            return Ok(found);
        }
    }
}

async fn settings(session: &Session, id: &str) -> Result<KeySettings, Failure> {
    let (metadata, policy, rotation_days, tags) =
        tokio::try_join!(describe(session, id), policy(session, id), rotation(session, id), tags(session, id))?;
    let word = |text: Option<&str>| text.unwrap_or_default().to_owned();
    Ok(KeySettings {
        arn: word(metadata.arn()),
        state: word(metadata.key_state().map(|state| state.as_str())),
        description: word(metadata.description()),
        key_spec: word(metadata.key_spec().map(|spec| spec.as_str())),
        key_usage: word(metadata.key_usage().map(|usage| usage.as_str())),
        origin: word(metadata.origin().map(|origin| origin.as_str())),
        multi_region: metadata.multi_region().unwrap_or_default(),
        policy,
        rotation_days,
        tags,
    })
}

async fn describe(session: &Session, id: &str) -> Result<KeyMetadata, Failure> {
    let call = "kms:DescribeKey";
    let answer = session.kms().describe_key().key_id(id).send().await.map_err(|error| session.failure(call, &error))?;
    answer
        .key_metadata
        .ok_or_else(|| Failure::local(Some(session.who().clone()), call, "the answer describes no key", None))
}

async fn policy(session: &Session, id: &str) -> Result<String, Failure> {
    let answer = session.kms().get_key_policy().key_id(id).send().await;
    let answer = answer.map_err(|error| session.failure("kms:GetKeyPolicy", &error))?;
    Ok(answer.policy.unwrap_or_default())
}

/// Days between rotations. Keys that can't rotate have no status to ask for.
async fn rotation(session: &Session, id: &str) -> Result<Option<u32>, Failure> {
    let answer = session.kms().get_key_rotation_status().key_id(id).send().await;
    match answer.map_err(|error| session.failure("kms:GetKeyRotationStatus", &error)) {
        Ok(answer) if answer.key_rotation_enabled => {
            let days = answer.rotation_period_in_days.and_then(|days| u32::try_from(days).ok());
            Ok(Some(days.unwrap_or(crate::key::ROTATION_DAYS)))
        }
        Ok(_) => Ok(None),
        Err(failure) if failure.is("UnsupportedOperationException") => Ok(None),
        Err(failure) => Err(failure),
    }
}

async fn tags(session: &Session, id: &str) -> Result<BTreeMap<String, String>, Failure> {
    let mut found = BTreeMap::new();
    let mut marker = None;
    loop {
        let page = session
            .kms()
            .list_resource_tags()
            .key_id(id)
            .limit(TAGS_PAGE)
            .set_marker(marker)
            .send()
            .await
            .map_err(|error| session.failure("kms:ListResourceTags", &error))?;
        for tag in page.tags() {
            if !tag.tag_key().starts_with("aws:") {
                found.insert(tag.tag_key().to_owned(), tag.tag_value().to_owned());
            }
        }
        marker = page.next_marker.filter(|_| page.truncated);
        if marker.is_none() {
            return Ok(found);
        }
    }
}
