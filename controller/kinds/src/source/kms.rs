//! What KMS has in one region: all aliases, and the keys that are wanted or carry trueup's tag.
//!
//! KMS has no bulk read: a key costs five calls, sent side by side. A wanted key is found by its alias, else by its tags. The index
//! that answers for tags runs behind, so that a wanted key which neither shows is looked for among all keys of the region, tags and all:
//! one ListKeys for each 1,000 keys and one ListResourceTags for each key that could be it. That is paid only while something wanted
//! is missing; without it an answer lost on the way from CreateKey would cost a second key.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_kms::types::{GrantListEntry, KeyMetadata};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use trueup_engine::facts::{Unread, Wanted, wants_all};
use trueup_specs::address::Address;

use super::tagging::{OWNED, tagged};
use crate::count::Counter;
use crate::error::Failure;
use crate::fields::Tags;
use crate::key::grants::{Grant, OWN, is_service};
use crate::session::Session;

/// The source's name.
pub const NAME: &str = "kms";

/// The tag that names the spec a key stands for.
pub const ADDRESS: &str = "trueup:address";

/// How the aliases of AWS's own keys begin; nobody else can make one.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html>
pub const AWS_ALIAS: &str = "alias/aws/";

/// Keys read at once, five calls each. KMS counts the requests of a whole account and region, other programs' too, and each
/// operation by itself: <https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html>
const KEYS_AT_ONCE: usize = 8;

/// The most aliases in one answer. <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListAliases.html>
const ALIASES_PAGE: i32 = 100;

/// The most keys in one answer. <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeys.html>
const KEYS_PAGE: i32 = 1_000;

/// The most tags in one answer, which is also the most a key can have.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListResourceTags.html>
const TAGS_PAGE: i32 = 50;

/// The most grants in one answer. <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html>
const GRANTS_PAGE: i32 = 100;

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
    /// The ARN of its primary key, its own where it is that; `None` where it is no multi-region key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary: Option<String>,
    /// The policy's JSON.
    pub policy: String,
    /// Days between rotations; `None` where the key does not rotate.
    pub rotation_days: Option<u32>,
    /// Its grants that were made here, by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub grants: BTreeMap<String, Grant>,
    /// All tags but AWS's own.
    pub tags: Tags,
}

/// Reads one region's keys.
///
/// Where `tag:GetResources` is denied only wanted keys are seen.
///
/// # Errors
/// When aliases, or keys where that is needed, could not be listed. A key that could not be read says so itself.
pub async fn read(session: &Session, wanted: &[Wanted], counter: &Counter) -> Result<KmsFacts, Unread> {
    let all = wants_all(wanted, "key") || wants_all(wanted, "replica_key");
    let wanted: Vec<&Wanted> = wanted
        .iter()
        .filter(|wanted| matches!(&*wanted.kind, "key" | "replica_key") && !wanted.is_everything())
        .collect();
    let (aliases, owned) = tokio::try_join!(aliases(session), owned(session))?;
    let names: BTreeSet<&str> = wanted.iter().map(|wanted| wanted.name.as_str()).collect();
    let addresses: BTreeSet<&str> = wanted.iter().map(|wanted| wanted.address.as_str()).collect();
    let matters = |address: &String| !session.only_wanted || addresses.contains(address.as_str());
    let mut ids: BTreeSet<String> =
        owned.iter().filter(|(_, address)| matters(address)).map(|(id, _)| id.clone()).collect();
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

/// Whether a live key is for the kind `replica_key`: its tag says so, or, where it has none, KMS. The tag goes first, so that a key is not
/// given up because someone made another key of its family the primary.
#[must_use]
pub fn is_replica_key(settings: &KeySettings) -> bool {
    match settings.tags.get(ADDRESS).and_then(|address| address.parse::<Address>().ok()) {
        Some(address) => &*address.kind == "replica_key",
        None => settings.primary.as_ref().is_some_and(|primary| *primary != settings.arn),
    }
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
    let (metadata, policy, rotation_days, grants, tags) = tokio::try_join!(
        describe(session, id),
        policy(session, id),
        rotation(session, id),
        grants(session, id),
        tags(session, id)
    )?;
    let word = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let family = metadata.multi_region_configuration();
    Ok(KeySettings {
        arn: word(metadata.arn()),
        state: word(metadata.key_state().map(|state| state.as_str())),
        description: word(metadata.description()),
        key_spec: word(metadata.key_spec().map(|spec| spec.as_str())),
        key_usage: word(metadata.key_usage().map(|usage| usage.as_str())),
        origin: word(metadata.origin().map(|origin| origin.as_str())),
        multi_region: metadata.multi_region().unwrap_or_default(),
        primary: family.and_then(|family| family.primary_key()?.arn().map(str::to_owned)),
        policy,
        rotation_days,
        grants,
        tags,
    })
}

/// The grants whose name says that they were made here, by id. KMS can't be asked for those alone.
async fn grants(session: &Session, id: &str) -> Result<BTreeMap<String, Grant>, Failure> {
    let mut found = BTreeMap::new();
    let mut marker = None;
    loop {
        let page = session
            .kms()
            .list_grants()
            .key_id(id)
            .limit(GRANTS_PAGE)
            .set_marker(marker)
            .send()
            .await
            .map_err(|error| session.failure("kms:ListGrants", &error))?;
        found.extend(page.grants().iter().filter_map(own_grant));
        marker = page.next_marker.filter(|_| page.truncated);
        if marker.is_none() {
            return Ok(found);
        }
    }
}

fn own_grant(entry: &GrantListEntry) -> Option<(String, Grant)> {
    let name = entry.name()?.strip_prefix(OWN)?.to_owned();
    let (grantee_principal, grantee_service_principal) =
        principal_or_service(entry.grantee_principal(), entry.grantee_service_principal());
    let (retiring_principal, retiring_service_principal) =
        principal_or_service(entry.retiring_principal(), entry.retiring_service_principal());
    let constraints = entry.constraints();
    let pairs = |pairs: Option<&HashMap<String, String>>| {
        pairs.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    let grant = Grant {
        name,
        grantee_principal,
        grantee_service_principal,
        retiring_principal,
        retiring_service_principal,
        operations: entry.operations().iter().map(|operation| operation.as_str().to_owned()).collect(),
        encryption_context_equals: pairs(constraints.and_then(|bound| bound.encryption_context_equals())),
        encryption_context_subset: pairs(constraints.and_then(|bound| bound.encryption_context_subset())),
        source_arn: constraints.and_then(|bound| bound.source_arn()).map(str::to_owned),
    };
    Some((entry.grant_id()?.to_owned(), grant))
}

/// A service may stand in the field for principals, too.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantListEntry.html>, `GranteePrincipal`.
fn principal_or_service(principal: Option<&str>, service: Option<&str>) -> (Option<String>, Option<String>) {
    let service = service.or(principal.filter(|principal| is_service(principal)));
    let principal = principal.filter(|_| service.is_none());
    (principal.map(str::to_owned), service.map(str::to_owned))
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

pub(crate) async fn tags(session: &Session, id: &str) -> Result<Tags, Failure> {
    let mut found = Tags::new();
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
        let own = page.tags().iter().filter(|tag| !tag.tag_key().starts_with("aws:"));
        found.extend(own.map(|tag| (tag.tag_key().to_owned(), tag.tag_value().to_owned())));
        marker = page.next_marker.filter(|_| page.truncated);
        if marker.is_none() {
            return Ok(found);
        }
    }
}
