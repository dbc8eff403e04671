//! A bucket's replication: copies of its objects in other buckets.
//!
//! Rules are written in the second form, with a filter and a priority; one of the first form is read as what it means.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication.html>

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_s3::types as sdk;
use aws_smithy_types::error::operation::BuildError;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use trueup_specs::resolve::Resolver;
use trueup_specs::{Reference, Text, Within, spec, words};

use super::filter::{self, Filter, FilterSpec};
use super::{BucketTarget, Placed, Status, present, unsendable};
use crate::error::Failure;
use crate::fields::{self, unless};
use crate::handed;
use crate::session::Session;

mod check;

/// The field.
pub(crate) const FIELD: &str = "replication";
/// The permission to read it.
pub(crate) const READ: &str = "s3:GetReplicationConfiguration";
/// The permission to change it.
pub(crate) const WRITE: &str = "s3:PutReplicationConfiguration";

/// The only time Replication Time Control knows.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ReplicationTimeValue.html>
const MINUTES: i32 = 15;

spec! {
    /// Copies of a bucket's objects in other buckets. Both buckets need versioning.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketReplication.html>
    pub struct ReplicationSpec {
        /// The role S3 takes for it, by address or ARN. It must trust `s3.amazonaws.com`.
        pub role: Reference<fields::Role>,
        /// The rules, each under its id of at most 255 characters; at most 1,000.
        pub rules: IndexMap<String, Placed<RuleSpec>>,
    }
}

spec! {
    /// A rule of a replication.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ReplicationRule.html>
    pub struct RuleSpec {
        /// Whether it has effect. Default: `"Enabled"`.
        pub status: Option<Status>,
        /// Which of two rules for one destination counts: the higher. Each rule needs one of its own. Default: 0.
        pub priority: Option<Within<0, 2_147_483_647>>,
        /// Which objects it is about. Default: all.
        pub filter: Option<FilterSpec>,
        /// Where copies go.
        pub destination: DestinationSpec,
        /// Whether delete markers are copied. Not with tags in the filter. Default: `"Disabled"`.
        pub delete_marker_replication: Option<Status>,
        /// Whether objects are copied that are encrypted with a KMS key. Needs `replica_kms_key`. Default: `"Disabled"`.
        pub sse_kms_encrypted_objects: Option<Status>,
        /// Whether changes of a copy's metadata are copied back, by a rule in the other direction. Default: `"Disabled"`.
        pub replica_modifications: Option<Status>,
    }
}

spec! {
    /// Where copies go.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Destination.html>
    pub struct DestinationSpec {
        /// The bucket, by address or ARN, of any account and region.
        pub bucket: Reference<BucketTarget>,
        /// The id of the account that owns the bucket. Default: S3 finds out.
        pub account: Option<Text>,
        /// Who owns the copies: `"Destination"`, the account of the other bucket. Needs `account`. Default: who owns the object.
        pub owner: Option<Owner>,
        /// The copies' storage class. Default: that of the object.
        pub storage_class: Option<ReplicaClass>,
        /// The KMS key of the copies, of the other bucket's region, by address or ARN.
        pub replica_kms_key: Option<Reference<fields::Key>>,
        /// Whether S3 answers for copies within 15 minutes (Replication Time Control). Default: `"Disabled"`.
        pub replication_time: Option<Status>,
        /// Whether it is measured. Default: as `replication_time`, which needs it.
        pub metrics: Option<Status>,
    }
}

words! {
    /// Who owns copies.
    pub enum Owner {
        /// The account of the other bucket.
        Destination = "Destination",
    }
}

words! {
    /// The storage class of copies.
    pub enum ReplicaClass {
        /// The usual one.
        Standard = "STANDARD",
        /// For what can be made again; not recommended any more.
        ReducedRedundancy = "REDUCED_REDUNDANCY",
        /// For what is seldom read.
        StandardIa = "STANDARD_IA",
        /// For what is seldom read and can be made again.
        OnezoneIa = "ONEZONE_IA",
        /// S3 moves objects by how they are used.
        IntelligentTiering = "INTELLIGENT_TIERING",
        /// An archive that answers at once.
        GlacierIr = "GLACIER_IR",
        /// An archive that answers in minutes or hours.
        Glacier = "GLACIER",
        /// An archive that answers in hours.
        DeepArchive = "DEEP_ARCHIVE",
    }
}

/// A bucket's replication.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replication {
    /// The ARN of the role S3 takes.
    pub role: String,
    /// By id.
    pub rules: BTreeMap<String, Rule>,
}

/// A rule of a replication.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// `Enabled` or `Disabled`.
    pub status: String,
    /// The higher counts.
    pub priority: i32,
    /// Which objects.
    #[serde(flatten)]
    pub filter: Filter,
    /// Where copies go.
    pub destination: Destination,
    /// Whether delete markers are copied.
    pub delete_marker_replication: bool,
    /// Whether objects are copied that a KMS key encrypts.
    pub sse_kms_encrypted_objects: bool,
    /// Whether changes of a copy's metadata are copied.
    pub replica_modifications: bool,
}

/// Where copies go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// The bucket's ARN.
    pub bucket: String,
    /// The id of the account that owns it, where it is said.
    pub account: Option<String>,
    /// `Destination`, where copies change their owner.
    pub owner: Option<String>,
    /// The copies' storage class.
    pub storage_class: Option<String>,
    /// The copies' KMS key.
    pub replica_kms_key: Option<String>,
    /// Whether S3 answers for copies within 15 minutes.
    pub replication_time: bool,
    /// Whether it is measured.
    pub metrics: bool,
}

impl Replication {
    /// The ARNs of what it names: role, buckets and keys.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        let rules = self.rules.values().map(|rule| &rule.destination);
        let named = rules.flat_map(|to| [Some(&to.bucket), to.replica_kms_key.as_ref()]).flatten().cloned();
        named.chain([self.role.clone()]).collect()
    }

    /// The ARNs of the buckets copies go to.
    pub(crate) fn destinations(&self) -> BTreeSet<String> {
        self.rules.values().map(|rule| rule.destination.bucket.clone()).collect()
    }
}

fn on(status: Option<Status>) -> bool {
    status == Some(Status::Enabled)
}

/// What the spec asks for; what S3 would refuse is a problem.
pub(crate) fn desired(
    spec: &Placed<ReplicationSpec>,
    own: &str,
    versioned: bool,
    cx: &mut Resolver<'_>,
) -> Replication {
    let Placed { value: ReplicationSpec { role, rules }, span } = spec;
    check::whole(rules, *span, versioned, cx);
    handed::REPLICATION.check(role, cx);
    let role = cx.reference(role);
    let rules = rules.iter().map(|(id, rule)| (id.clone(), desired_rule(id, rule, own, cx))).collect();
    Replication { role, rules }
}

fn desired_rule(id: &str, rule: &Placed<RuleSpec>, own: &str, cx: &mut Resolver<'_>) -> Rule {
    check::rule(id, rule, cx);
    let Placed { value, span } = rule;
    let RuleSpec {
        status,
        priority,
        filter,
        destination,
        delete_marker_replication,
        sse_kms_encrypted_objects,
        replica_modifications,
    } = value;
    let DestinationSpec { bucket, account, owner, storage_class, replica_kms_key, replication_time, metrics } =
        destination;
    let to = cx.reference(bucket);
    if to == own {
        check::refuse(id, bucket.span(), "it copies the bucket into itself".to_owned(), "name another bucket", cx);
    }
    Rule {
        status: status.unwrap_or(Status::Enabled).to_string(),
        priority: priority.and_then(|priority| i32::try_from(priority.get()).ok()).unwrap_or_default(),
        filter: Filter::desired(filter.as_ref(), *span, cx),
        destination: Destination {
            bucket: to,
            account: account.as_ref().map(|account| cx.text(account)),
            owner: owner.map(|owner| owner.to_string()),
            storage_class: storage_class.map(|class| class.to_string()),
            replica_kms_key: replica_kms_key.as_ref().map(|key| cx.reference(key)),
            replication_time: on(*replication_time),
            metrics: on((*metrics).or(*replication_time)),
        },
        delete_marker_replication: on(*delete_marker_replication),
        sse_kms_encrypted_objects: on(*sse_kms_encrypted_objects),
        replica_modifications: on(*replica_modifications),
    }
}

/// What a spec says of it.
pub(crate) fn export(replication: &Replication) -> Value {
    let Replication { role, rules } = replication;
    let rules: Map<String, Value> = rules.iter().map(|(id, rule)| (id.clone(), exported(rule))).collect();
    json!({ "role": role, "rules": rules })
}

fn exported(rule: &Rule) -> Value {
    let Rule {
        status,
        priority,
        filter,
        destination,
        delete_marker_replication,
        sse_kms_encrypted_objects,
        replica_modifications,
    } = rule;
    let Destination { bucket, account, owner, storage_class, replica_kms_key, replication_time, metrics } = destination;
    let enabled = |on: bool| unless(!on, json!(Status::Enabled.as_str()));
    json!({
        "status": unless(status == Status::Enabled.as_str(), json!(status)),
        "priority": unless(*priority == 0, json!(priority)),
        "filter": filter.export(),
        "destination": {
            "bucket": bucket,
            "account": account,
            "owner": owner,
            "storage_class": storage_class,
            "replica_kms_key": replica_kms_key,
            "replication_time": enabled(*replication_time),
            // With the time it is measured anyway; without measures there is no time, and a spec that says so is refused.
            "metrics": match (replication_time, metrics) {
                (true, false) => json!(Status::Disabled.as_str()),
                (true, true) | (false, _) => enabled(*metrics && !*replication_time),
            },
        },
        "delete_marker_replication": enabled(*delete_marker_replication),
        "sse_kms_encrypted_objects": enabled(*sse_kms_encrypted_objects),
        "replica_modifications": enabled(*replica_modifications),
    })
}

/// The bucket's replication; `None`: it has none.
pub(crate) async fn read(session: &Session, bucket: &str) -> Result<Option<Replication>, Failure> {
    let answer = session.s3().get_bucket_replication().bucket(bucket).send().await;
    let answer = answer.map_err(|error| session.failure(READ, &error));
    let found = present(answer, "ReplicationConfigurationNotFoundError")?;
    let configuration = found.and_then(|found| found.replication_configuration);
    Ok(configuration.map(|found| Replication {
        role: found.role().to_owned(),
        rules: found.rules().iter().map(|rule| (rule.id().unwrap_or_default().to_owned(), live(rule))).collect(),
    }))
}

fn live(rule: &sdk::ReplicationRule) -> Rule {
    let markers = match rule.delete_marker_replication().and_then(|markers| markers.status()) {
        Some(status) => *status == sdk::DeleteMarkerReplicationStatus::Enabled,
        // Rules of the first form copy them always.
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-add-config.html
        None => rule.filter().is_none(),
    };
    let criteria = rule.source_selection_criteria();
    let encrypted = criteria.and_then(|criteria| criteria.sse_kms_encrypted_objects());
    let modified = criteria.and_then(|criteria| criteria.replica_modifications());
    Rule {
        status: rule.status().as_str().to_owned(),
        priority: rule.priority().unwrap_or_default(),
        filter: filter::from_replication(rule.filter(), legacy_prefix(rule)),
        destination: live_destination(rule.destination()),
        delete_marker_replication: markers,
        sse_kms_encrypted_objects: encrypted
            .is_some_and(|one| *one.status() == sdk::SseKmsEncryptedObjectsStatus::Enabled),
        replica_modifications: modified.is_some_and(|one| *one.status() == sdk::ReplicaModificationsStatus::Enabled),
    }
}

#[expect(deprecated, reason = "buckets keep rules of the first form for as long as no one puts others")]
fn legacy_prefix(rule: &sdk::ReplicationRule) -> Option<&str> {
    rule.prefix()
}

fn live_destination(to: Option<&sdk::Destination>) -> Destination {
    let owned = |text: &str| text.to_owned();
    let time = to.and_then(|to| to.replication_time());
    let metrics = to.and_then(|to| to.metrics());
    let key = to.and_then(|to| to.encryption_configuration()).and_then(|encryption| encryption.replica_kms_key_id());
    Destination {
        bucket: to.map(|to| to.bucket()).unwrap_or_default().to_owned(),
        account: to.and_then(|to| to.account()).map(owned),
        owner: to.and_then(|to| to.access_control_translation()).map(|new| new.owner().as_str().to_owned()),
        storage_class: to.and_then(|to| to.storage_class()).map(|class| class.as_str().to_owned()),
        replica_kms_key: key.map(owned),
        replication_time: time.is_some_and(|time| *time.status() == sdk::ReplicationTimeStatus::Enabled),
        metrics: metrics.is_some_and(|metrics| *metrics.status() == sdk::MetricsStatus::Enabled),
    }
}

/// Puts the replication, or takes it away.
pub(crate) async fn write(session: &Session, bucket: &str, replication: Option<&Replication>) -> Result<(), Failure> {
    let owner = session.account_id();
    let Some(replication) = replication else {
        let sent = session.s3().delete_bucket_replication().bucket(bucket).expected_bucket_owner(owner).send().await;
        return sent.map(drop).map_err(|error| session.failure(WRITE, &error));
    };
    let configuration = configuration(replication).map_err(|error| unsendable(session, WRITE, &error))?;
    let put = session.s3().put_bucket_replication().bucket(bucket).replication_configuration(configuration);
    put.expected_bucket_owner(owner).send().await.map(drop).map_err(|error| {
        let mut failure = session.failure(WRITE, &error);
        if is_unversioned(&failure) {
            failure.help = Some("enable versioning on the bucket the copies go to".to_owned());
        }
        failure
    })
}

/// Whether S3 misses the versioning of the other bucket: perhaps only because it was enabled a moment ago.
pub(crate) fn is_unversioned(failure: &Failure) -> bool {
    failure.is("InvalidRequest") && failure.message.contains("must have versioning enabled")
}

fn configuration(replication: &Replication) -> Result<sdk::ReplicationConfiguration, BuildError> {
    let rules: Result<Vec<_>, _> = replication.rules.iter().map(|(id, rule)| to_sdk(id, rule)).collect();
    sdk::ReplicationConfiguration::builder().role(&replication.role).set_rules(Some(rules?)).build()
}

fn to_sdk(id: &str, rule: &Rule) -> Result<sdk::ReplicationRule, BuildError> {
    let Rule {
        status,
        priority,
        filter,
        destination,
        delete_marker_replication,
        sse_kms_encrypted_objects,
        replica_modifications,
    } = rule;
    let markers = if *delete_marker_replication {
        sdk::DeleteMarkerReplicationStatus::Enabled
    } else {
        sdk::DeleteMarkerReplicationStatus::Disabled
    };
    let mut criteria = sdk::SourceSelectionCriteria::builder();
    if *sse_kms_encrypted_objects {
        let status = sdk::SseKmsEncryptedObjectsStatus::Enabled;
        criteria = criteria.sse_kms_encrypted_objects(sdk::SseKmsEncryptedObjects::builder().status(status).build()?);
    }
    if *replica_modifications {
        let status = sdk::ReplicaModificationsStatus::Enabled;
        criteria = criteria.replica_modifications(sdk::ReplicaModifications::builder().status(status).build()?);
    }
    let chosen = (*sse_kms_encrypted_objects || *replica_modifications).then(|| criteria.build());
    sdk::ReplicationRule::builder()
        .id(id)
        .status(sdk::ReplicationRuleStatus::from(status.as_str()))
        .priority(*priority)
        .filter(filter::to_replication(filter)?)
        .destination(to_destination(destination)?)
        .delete_marker_replication(sdk::DeleteMarkerReplication::builder().status(markers).build())
        .set_source_selection_criteria(chosen)
        .build()
}

fn to_destination(to: &Destination) -> Result<sdk::Destination, BuildError> {
    let Destination { bucket, account, owner, storage_class, replica_kms_key, replication_time, metrics } = to;
    let minutes = || sdk::ReplicationTimeValue::builder().minutes(MINUTES).build();
    let mut builder = sdk::Destination::builder()
        .bucket(bucket)
        .set_account(account.clone())
        .set_storage_class(storage_class.as_deref().map(sdk::StorageClass::from));
    if let Some(owner) = owner {
        let owner = sdk::OwnerOverride::from(owner.as_str());
        builder = builder.access_control_translation(sdk::AccessControlTranslation::builder().owner(owner).build()?);
    }
    if let Some(key) = replica_kms_key {
        let encryption = sdk::EncryptionConfiguration::builder().replica_kms_key_id(key).build();
        builder = builder.encryption_configuration(encryption);
    }
    if *replication_time {
        let status = sdk::ReplicationTimeStatus::Enabled;
        builder = builder.replication_time(sdk::ReplicationTime::builder().status(status).time(minutes()).build()?);
    }
    if *metrics {
        let threshold = replication_time.then(minutes);
        let status = sdk::MetricsStatus::Enabled;
        builder = builder.metrics(sdk::Metrics::builder().status(status).set_event_threshold(threshold).build()?);
    }
    builder.build()
}
