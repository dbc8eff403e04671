//! The parts of a bucket that each have calls of their own: what of S3 is kept on a bucket besides the basics in `bucket.rs`.
//!
//! A part is one file. It holds, in this order: its field's name and its two permissions, what TOML says (`…Spec`), its canonical form,
//! `desired` (from the spec to that form, telling what S3 would refuse), `export` (from that form to what a spec says), `read` (from S3's
//! answer to that form) and `write` (one call that makes the bucket's so). What differs, in which order it is sent, and what it means is the same for all and stands here.

use std::collections::{BTreeMap, BTreeSet};

use aws_smithy_types::error::operation::BuildError;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use trueup_engine::kind::{At, Export};
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::resolve::Resolver;
use trueup_specs::span::Span;
use trueup_specs::{Decode, Decoder, Reference, Shape, Target, Value, words};

use crate::error::Failure;
use crate::fields::{is_arn, unless};
use crate::session::Session;

pub(crate) mod cors;
mod filter;
pub(crate) mod intelligent_tiering;
pub(crate) mod inventory;
pub(crate) mod lifecycle;
pub(crate) mod logging;
pub(crate) mod notification;
pub(crate) mod object_lock;
pub(crate) mod replication;
pub(crate) mod simple;
pub(crate) mod website;

use cors::CorsRule;
use intelligent_tiering::Tiering;
use inventory::Inventory;
use lifecycle::Lifecycle;
use logging::Logging;
use notification::Notification;
use object_lock::ObjectLock;
use replication::Replication;
use website::Website;

/// The parts of one bucket in canonical form. The default is what a new bucket has, and is not written down.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Parts {
    /// When objects move and go.
    #[serde(skip_serializing_if = "is_default")]
    pub lifecycle: Option<Lifecycle>,
    /// Where it is written down who accessed it.
    #[serde(skip_serializing_if = "is_default")]
    pub logging: Option<Logging>,
    /// Which web pages may call it; the first rule that fits decides.
    #[serde(skip_serializing_if = "is_default")]
    pub cors: Vec<CorsRule>,
    /// Who is told of what happens in it.
    #[serde(skip_serializing_if = "is_default")]
    pub notification: Notification,
    /// Where copies of its objects go.
    #[serde(skip_serializing_if = "is_default")]
    pub replication: Option<Replication>,
    /// Whether versions can be locked, and how new ones are.
    #[serde(skip_serializing_if = "is_default")]
    pub object_lock: Option<ObjectLock>,
    /// The website it is.
    #[serde(skip_serializing_if = "is_default")]
    pub website: Option<Website>,
    /// Whether it has an accelerated endpoint.
    #[serde(skip_serializing_if = "is_default")]
    pub transfer_acceleration: bool,
    /// Whether those who ask pay.
    #[serde(skip_serializing_if = "is_default")]
    pub requester_pays: bool,
    /// When objects of Intelligent-Tiering go into its archives, by id.
    #[serde(skip_serializing_if = "is_default")]
    pub intelligent_tiering: BTreeMap<String, Tiering>,
    /// Lists of its objects, by id.
    #[serde(skip_serializing_if = "is_default")]
    pub inventory: BTreeMap<String, Inventory>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// One call that changes a part: what that part is after it. `None`, and nothing in it, takes it away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PartOp {
    /// PutBucketLifecycleConfiguration or DeleteBucketLifecycle.
    Lifecycle(Option<Lifecycle>),
    /// PutBucketLogging.
    Logging(Option<Logging>),
    /// PutBucketCors or DeleteBucketCors.
    Cors(Vec<CorsRule>),
    /// PutBucketNotificationConfiguration.
    Notification(Notification),
    /// PutBucketReplication or DeleteBucketReplication.
    Replication(Option<Replication>),
    /// PutObjectLockConfiguration.
    ObjectLock(ObjectLock),
    /// PutBucketWebsite or DeleteBucketWebsite.
    Website(Option<Website>),
    /// PutBucketAccelerateConfiguration.
    TransferAcceleration(bool),
    /// PutBucketRequestPayment.
    RequesterPays(bool),
    /// PutBucketIntelligentTieringConfiguration or DeleteBucketIntelligentTieringConfiguration, of one id.
    IntelligentTiering(String, Option<Tiering>),
    /// PutBucketInventoryConfiguration or DeleteBucketInventoryConfiguration, of one id.
    Inventory(String, Option<Inventory>),
}

/// What makes one bucket's parts into another's, in the order in which S3 takes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    /// What must happen before versioning changes: S3 suspends no versioning while there is a replication.
    pub(super) before_versioning: Vec<PartOp>,
    /// The rest. What needs versioning is here.
    pub(super) after_versioning: Vec<PartOp>,
}

impl Parts {
    /// What a spec says of them, in these fields of the bucket.
    pub(super) fn export(&self, fields: Export) -> Export {
        let Self {
            lifecycle,
            logging,
            cors,
            notification,
            replication,
            object_lock,
            website,
            transfer_acceleration,
            requester_pays,
            intelligent_tiering,
            inventory,
        } = self;
        fields
            .with(lifecycle::FIELD, lifecycle.as_ref().map(lifecycle::export))
            .with(logging::FIELD, logging.as_ref().map(logging::export))
            .with(cors::FIELD, unless(cors.is_empty(), cors::export(cors)))
            .with(notification::FIELD, unless(is_default(notification), notification::export(notification)))
            .with(replication::FIELD, replication.as_ref().map(replication::export))
            .with(object_lock::FIELD, object_lock.as_ref().map(object_lock::export))
            .with(website::FIELD, website.as_ref().map(website::export))
            .with(simple::ACCELERATION, unless(!*transfer_acceleration, Json::Bool(true)))
            .with(simple::REQUESTER_PAYS, unless(!*requester_pays, Json::Bool(true)))
            .with(
                intelligent_tiering::FIELD,
                unless(intelligent_tiering.is_empty(), intelligent_tiering::export(intelligent_tiering)),
            )
            .with(inventory::FIELD, unless(inventory.is_empty(), inventory::export(inventory)))
    }

    /// What makes these into the others. Object Lock can't be taken away, which the caller has refused.
    pub(super) fn changes(&self, after: &Self) -> Changes {
        let Self {
            lifecycle,
            logging,
            cors,
            notification,
            replication,
            object_lock,
            website,
            transfer_acceleration,
            requester_pays,
            intelligent_tiering,
            inventory,
        } = after;
        let mut changes = Changes::default();
        if self.replication != *replication && replication.is_none() {
            changes.before_versioning.push(PartOp::Replication(None));
        }
        let ops = &mut changes.after_versioning;
        if let Some(lock) = object_lock.as_ref().filter(|_| self.object_lock != *object_lock) {
            ops.push(PartOp::ObjectLock(lock.clone()));
        }
        if self.lifecycle != *lifecycle {
            ops.push(PartOp::Lifecycle(lifecycle.clone()));
        }
        if self.replication != *replication && replication.is_some() {
            ops.push(PartOp::Replication(replication.clone()));
        }
        if self.logging != *logging {
            ops.push(PartOp::Logging(logging.clone()));
        }
        if self.cors != *cors {
            ops.push(PartOp::Cors(cors.clone()));
        }
        if self.website != *website {
            ops.push(PartOp::Website(website.clone()));
        }
        if self.notification != *notification {
            ops.push(PartOp::Notification(notification.clone()));
        }
        if self.transfer_acceleration != *transfer_acceleration {
            ops.push(PartOp::TransferAcceleration(*transfer_acceleration));
        }
        if self.requester_pays != *requester_pays {
            ops.push(PartOp::RequesterPays(*requester_pays));
        }
        let tierings = differing(&self.intelligent_tiering, intelligent_tiering);
        ops.extend(tierings.map(|(id, tiering)| PartOp::IntelligentTiering(id, tiering)));
        ops.extend(differing(&self.inventory, inventory).map(|(id, inventory)| PartOp::Inventory(id, inventory)));
        changes
    }

    /// What an operation means.
    pub(super) fn simulate(&mut self, op: PartOp) {
        match op {
            PartOp::Lifecycle(lifecycle) => self.lifecycle = lifecycle,
            PartOp::Logging(logging) => self.logging = logging,
            PartOp::Cors(cors) => self.cors = cors,
            PartOp::Notification(notification) => self.notification = notification,
            PartOp::Replication(replication) => self.replication = replication,
            PartOp::ObjectLock(lock) => self.object_lock = Some(lock),
            PartOp::Website(website) => self.website = website,
            PartOp::TransferAcceleration(on) => self.transfer_acceleration = on,
            PartOp::RequesterPays(on) => self.requester_pays = on,
            PartOp::IntelligentTiering(id, tiering) => set(&mut self.intelligent_tiering, id, tiering),
            PartOp::Inventory(id, inventory) => set(&mut self.inventory, id, inventory),
        }
    }

    /// The ARNs of what they name: once the bucket is gone, these may go.
    pub(super) fn names(&self) -> BTreeSet<String> {
        let logs = self.logging.iter().map(|logging| logging.target_bucket.clone());
        let replication = self.replication.iter().flat_map(Replication::names);
        let inventories = self.inventory.values().flat_map(Inventory::names);
        self.notification.names().into_iter().chain(logs).chain(replication).chain(inventories).collect()
    }
}

/// The entries that differ, each with what it is after.
fn differing<'a, T: Clone + PartialEq>(
    before: &'a BTreeMap<String, T>,
    after: &'a BTreeMap<String, T>,
) -> impl Iterator<Item = (String, Option<T>)> + 'a {
    let gone = before.keys().filter(|id| !after.contains_key(*id)).map(|id| (id.clone(), None));
    let put = after.iter().filter(|(id, one)| before.get(*id) != Some(*one));
    gone.chain(put.map(|(id, one)| (id.clone(), Some(one.clone()))))
}

fn set<T>(map: &mut BTreeMap<String, T>, id: String, one: Option<T>) {
    match one {
        Some(one) => map.insert(id, one),
        None => map.remove(&id),
    };
}

impl PartOp {
    /// The permission it takes.
    pub(super) fn call(&self) -> &'static str {
        match self {
            Self::Lifecycle(_) => lifecycle::WRITE,
            Self::Logging(_) => logging::WRITE,
            Self::Cors(_) => cors::WRITE,
            Self::Notification(_) => notification::WRITE,
            Self::Replication(_) => replication::WRITE,
            Self::ObjectLock(_) => object_lock::WRITE,
            Self::Website(Some(_)) => website::WRITE,
            Self::Website(None) => website::DELETE,
            Self::TransferAcceleration(_) => simple::WRITE_ACCELERATION,
            Self::RequesterPays(_) => simple::WRITE_PAYMENT,
            Self::IntelligentTiering(..) => intelligent_tiering::WRITE,
            Self::Inventory(..) => inventory::WRITE,
        }
    }

    /// What it does, for a person: `set the lifecycle of bucket x`.
    pub(super) fn title(&self, bucket: &str) -> String {
        let put = |there: bool, what: &str| {
            let verb = if there { "put" } else { "delete" };
            format!("{verb} {what} of bucket {bucket}")
        };
        match self {
            Self::Lifecycle(lifecycle) => put(lifecycle.is_some(), "lifecycle"),
            Self::Logging(logging) => put(logging.is_some(), "logging"),
            Self::Cors(rules) => put(!rules.is_empty(), "CORS rules"),
            Self::Notification(notification) => put(*notification != Notification::default(), "notifications"),
            Self::Replication(replication) => put(replication.is_some(), "replication"),
            Self::ObjectLock(_) => format!("set object lock of bucket {bucket}"),
            Self::Website(website) => put(website.is_some(), "website"),
            Self::TransferAcceleration(true) => format!("enable transfer acceleration of bucket {bucket}"),
            Self::TransferAcceleration(false) => format!("suspend transfer acceleration of bucket {bucket}"),
            Self::RequesterPays(true) => format!("let requesters of bucket {bucket} pay"),
            Self::RequesterPays(false) => format!("let the owner of bucket {bucket} pay"),
            Self::IntelligentTiering(id, one) => put(one.is_some(), &format!("intelligent tiering {id}")),
            Self::Inventory(id, one) => put(one.is_some(), &format!("inventory {id}")),
        }
    }

    /// The ARNs of what must exist when it is sent, and of the buckets that must be versioned.
    pub(super) fn needs(&self) -> BTreeSet<String> {
        match self {
            Self::Logging(Some(logging)) => [logging.target_bucket.clone()].into(),
            Self::Notification(notification) => notification.names(),
            Self::Replication(Some(replication)) => {
                let versioned = replication.destinations().into_iter().map(|arn| versioned(&arn));
                replication.names().into_iter().chain(versioned).collect()
            }
            Self::Inventory(_, Some(inventory)) => inventory.names(),
            Self::Lifecycle(_)
            | Self::Logging(None)
            | Self::Cors(_)
            | Self::Replication(None)
            | Self::ObjectLock(_)
            | Self::Website(_)
            | Self::TransferAcceleration(_)
            | Self::RequesterPays(_)
            | Self::IntelligentTiering(..)
            | Self::Inventory(_, None) => BTreeSet::new(),
        }
    }

    /// Whether S3 may only not have caught up with what the call before made.
    pub(super) fn is_early(&self, failure: &Failure) -> bool {
        match self {
            Self::Notification(_) => notification::is_unproved(failure),
            Self::Replication(_) => replication::is_unversioned(failure),
            // S3 takes it once versioning shows.
            Self::ObjectLock(_) => failure.is("InvalidBucketState"),
            Self::Lifecycle(_)
            | Self::Logging(_)
            | Self::Cors(_)
            | Self::Website(_)
            | Self::TransferAcceleration(_)
            | Self::RequesterPays(_)
            | Self::IntelligentTiering(..)
            | Self::Inventory(..) => false,
        }
    }

    /// Sends it.
    pub(super) async fn send(&self, session: &Session, bucket: &str) -> Result<(), Failure> {
        match self {
            Self::Lifecycle(lifecycle) => lifecycle::write(session, bucket, lifecycle.as_ref()).await,
            Self::Logging(logging) => logging::write(session, bucket, logging.as_ref()).await,
            Self::Cors(rules) => cors::write(session, bucket, rules).await,
            Self::Notification(notification) => notification::write(session, bucket, notification).await,
            Self::Replication(replication) => replication::write(session, bucket, replication.as_ref()).await,
            Self::ObjectLock(lock) => object_lock::write(session, bucket, lock).await,
            Self::Website(website) => website::write(session, bucket, website.as_ref()).await,
            Self::TransferAcceleration(on) => simple::write_acceleration(session, bucket, *on).await,
            Self::RequesterPays(on) => simple::write_payment(session, bucket, *on).await,
            Self::IntelligentTiering(id, one) => intelligent_tiering::write(session, bucket, id, one.as_ref()).await,
            Self::Inventory(id, one) => inventory::write(session, bucket, id, one.as_ref()).await,
        }
    }
}

/// What stands for "this bucket has versioning" where operations wait for each other.
pub(super) fn versioned(arn: &str) -> String {
    format!("{arn}?versioning")
}

/// A value of a spec and its place, for problems.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

impl<T: Decode> Decode for Placed<T> {
    fn shape() -> Shape {
        T::shape()
    }

    fn decode(value: &Value, cx: &mut Decoder<'_>) -> Option<Self> {
        T::decode(value, cx).map(|decoded| Self { value: decoded, span: value.span })
    }
}

words! {
    /// Whether something has effect.
    pub enum Status {
        /// It has.
        Enabled = "Enabled",
        /// It has not, and stays to be enabled again.
        Disabled = "Disabled",
    }
}

/// A field that names a bucket.
#[derive(Clone, Copy, Debug)]
pub struct BucketTarget;

impl Target for BucketTarget {
    const KINDS: &'static [&'static str] = &["bucket"];
    const ATTRIBUTE: &'static str = "arn";
    const LITERAL: &'static str = "the ARN of a bucket";

    fn is_literal(text: &str) -> bool {
        is_arn(text, "s3", "") && text.contains(":::") && !text.contains('/')
    }
}

/// Tells when a bucket is named that is elsewhere, where S3 wants one of the same region, and perhaps of the same account.
fn check_other_place(named: &Reference<BucketTarget>, what: &str, same_account: bool, at: &At, cx: &mut Resolver<'_>) {
    let Some(name) = named.as_name() else { return };
    if let Some(region) = name.region.as_deref().filter(|region| *region != at.region()) {
        let problem = Diagnostic::error(format!("{what} must be of the same region"));
        cx.problem(problem.at(named.span(), format!("is in {region}, this one in {}", at.region())));
    }
    if let Some(account) = name.account.as_deref().filter(|account| same_account && **account != *at.scope.account) {
        let problem = Diagnostic::error(format!("{what} must be of the same account"));
        cx.problem(problem.at(named.span(), format!("is in {account}, this one in {}", at.scope.account)));
    }
}

/// Configurations of one sort a bucket may have, whether Intelligent-Tiering or inventory.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketInventoryConfiguration.html>
const CONFIGURATIONS_MAX: usize = 1_000;

/// Tells what S3 would refuse in the ids of configurations, and when there are too many.
fn check_configuration_ids<T>(sort: &str, specs: &IndexMap<String, Placed<T>>, cx: &mut Resolver<'_>) {
    if let Some((_, extra)) = specs.get_index(CONFIGURATIONS_MAX) {
        let over = format!("{} configurations, {} too many", specs.len(), specs.len() - CONFIGURATIONS_MAX);
        cx.problem(Diagnostic::error(format!("the bucket has too many {sort} configurations")).at(extra.span, over));
    }
    for (id, Placed { span, .. }) in specs {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if id.is_empty() || id.len() > 64 || !id.chars().all(plain) {
            let problem = Diagnostic::error(format!("`{id}` is no id of an {sort} configuration")).at(*span, "");
            cx.problem(problem.help("use 1 to 64 letters, digits, `.`, `-` and `_`"));
        }
    }
}

/// "No such configuration" is an answer like others.
fn present<T>(answer: Result<T, Failure>, absent: &str) -> Result<Option<T>, Failure> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(failure) if failure.is(absent) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// A configuration that is gone is what was wanted: the answer to an earlier attempt may have been lost.
fn absent_is_done(sent: Result<(), Failure>) -> Result<(), Failure> {
    present(sent, "NoSuchConfiguration").map(drop)
}

/// Data that the SDK does not take; nothing was sent.
pub(super) fn unsendable(session: &Session, call: &str, error: &BuildError) -> Failure {
    Failure::local(Some(session.who().clone()), call, error.to_string(), None)
}
