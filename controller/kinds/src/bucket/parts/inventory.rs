//! A bucket's inventories: lists of its objects that S3 writes by itself.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory.html>

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_s3::types as sdk;
use aws_smithy_types::error::operation::BuildError;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trueup_engine::kind::At;
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::resolve::Resolver;
use trueup_specs::{Reference, Text, spec, words};

use super::{BucketTarget, Placed, check_configuration_ids, filter, unsendable};
use crate::error::Failure;
use crate::fields::{self, unless};
use crate::session::Session;

/// The field.
pub(crate) const FIELD: &str = "inventory";
/// The permission to read it.
pub(crate) const READ: &str = "s3:GetInventoryConfiguration";
/// The permission to change it.
pub(crate) const WRITE: &str = "s3:PutInventoryConfiguration";

spec! {
    /// A list of a bucket's objects that S3 writes by itself.
    ///
    /// The policy of the bucket that gets it must let `s3.amazonaws.com` put objects.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_InventoryConfiguration.html>
    pub struct InventorySpec {
        /// Whether it is written. Default: true.
        pub enabled: Option<bool>,
        /// Only objects whose keys begin so. Default: all.
        pub prefix: Option<Text>,
        /// How often.
        pub frequency: Frequency,
        /// Which versions are listed. Default: `"Current"`.
        pub included_object_versions: Option<Versions>,
        /// What is listed besides bucket and key. Default: nothing.
        pub optional_fields: Vec<Field>,
        /// Where it goes.
        pub destination: DestinationSpec,
    }
}

spec! {
    /// Where an inventory goes.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_InventoryS3BucketDestination.html>
    pub struct DestinationSpec {
        /// The bucket, by address or ARN, of the same region.
        pub bucket: Reference<BucketTarget>,
        /// The id of the account that owns it; S3 then writes nowhere else. Default: S3 does not look.
        pub account_id: Option<Text>,
        /// How it is written. Default: `"CSV"`.
        pub format: Option<Format>,
        /// What the keys of its files begin with. Default: nothing.
        pub prefix: Option<Text>,
        /// How its files are encrypted. Default: as the other bucket does by itself.
        pub encryption: Option<Encryption>,
        /// The KMS key of its files, by address or ARN, instead of `encryption`.
        pub kms_key: Option<Reference<fields::Key>>,
    }
}

words! {
    /// How often.
    pub enum Frequency {
        /// Every day.
        Daily = "Daily",
        /// Every Sunday.
        Weekly = "Weekly",
    }
}

words! {
    /// Which versions are listed.
    pub enum Versions {
        /// Every version.
        All = "All",
        /// The current ones.
        Current = "Current",
    }
}

words! {
    /// How an inventory is written.
    pub enum Format {
        /// Comma-separated values, compressed.
        Csv = "CSV",
        /// Apache ORC.
        Orc = "ORC",
        /// Apache Parquet.
        Parquet = "Parquet",
    }
}

words! {
    /// How an inventory's files are encrypted.
    pub enum Encryption {
        /// S3's own keys.
        SseS3 = "SSE-S3",
    }
}

words! {
    /// What an inventory can list besides bucket and key.
    pub enum Field {
        /// The size in bytes.
        Size = "Size",
        /// When it was written.
        LastModifiedDate = "LastModifiedDate",
        /// The storage class.
        StorageClass = "StorageClass",
        /// The ETag.
        ETag = "ETag",
        /// Whether it was written in parts.
        IsMultipartUploaded = "IsMultipartUploaded",
        /// How far its replication is.
        ReplicationStatus = "ReplicationStatus",
        /// How it is encrypted.
        EncryptionStatus = "EncryptionStatus",
        /// Until when it is locked.
        ObjectLockRetainUntilDate = "ObjectLockRetainUntilDate",
        /// How it is locked.
        ObjectLockMode = "ObjectLockMode",
        /// Whether it has a legal hold.
        ObjectLockLegalHoldStatus = "ObjectLockLegalHoldStatus",
        /// Its tier in Intelligent-Tiering.
        IntelligentTieringAccessTier = "IntelligentTieringAccessTier",
        /// Whether a bucket key is used.
        BucketKeyStatus = "BucketKeyStatus",
        /// The algorithm of its checksum.
        ChecksumAlgorithm = "ChecksumAlgorithm",
        /// Its ACL.
        ObjectAccessControlList = "ObjectAccessControlList",
        /// Its owner.
        ObjectOwner = "ObjectOwner",
        /// When the lifecycle removes it.
        LifecycleExpirationDate = "LifecycleExpirationDate",
    }
}

/// An inventory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// Whether it is written.
    pub enabled: bool,
    /// Only keys that begin so; empty is all.
    pub prefix: String,
    /// `Daily` or `Weekly`.
    pub frequency: String,
    /// `All` or `Current`.
    pub included_object_versions: String,
    /// What is listed.
    pub optional_fields: BTreeSet<String>,
    /// Where it goes.
    pub destination: Destination,
}

/// Where an inventory goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// The bucket's ARN.
    pub bucket: String,
    /// The id of the account that owns it, where it is said.
    pub account_id: Option<String>,
    /// `CSV`, `ORC` or `Parquet`.
    pub format: String,
    /// What keys begin with.
    pub prefix: String,
    /// `SSE-S3`, the ARN of a KMS key, or as the bucket does.
    pub encryption: Option<String>,
}

/// What the specs ask for; what S3 would refuse is a problem.
pub(crate) fn desired(
    specs: &IndexMap<String, Placed<InventorySpec>>,
    at: &At,
    cx: &mut Resolver<'_>,
) -> BTreeMap<String, Inventory> {
    check_configuration_ids("inventory", specs, cx);
    let mut all = BTreeMap::new();
    for (id, Placed { value, span }) in specs {
        let InventorySpec { enabled, prefix, frequency, included_object_versions, optional_fields, destination } =
            value;
        let DestinationSpec { bucket, account_id, format, prefix: folder, encryption, kms_key } = destination;
        if encryption.is_some() && kms_key.is_some() {
            let problem = Diagnostic::error(format!("the inventory `{id}` is encrypted in two ways")).at(*span, "");
            cx.problem(problem.help("leave out `encryption` or `kms_key`"));
        }
        super::check_other_place(bucket, "the bucket that gets the inventory", false, at, cx);
        let key = kms_key.as_ref().map(|key| cx.reference(key));
        let inventory = Inventory {
            enabled: enabled.unwrap_or(true),
            prefix: filter::prefix_text(prefix.as_ref(), cx),
            frequency: frequency.to_string(),
            included_object_versions: included_object_versions.unwrap_or(Versions::Current).to_string(),
            optional_fields: optional_fields.iter().map(ToString::to_string).collect(),
            destination: Destination {
                bucket: cx.reference(bucket),
                account_id: account_id.as_ref().map(|id| cx.text(id)),
                format: format.unwrap_or(Format::Csv).to_string(),
                prefix: filter::prefix_text(folder.as_ref(), cx),
                encryption: key.or(encryption.map(|encryption| encryption.to_string())),
            },
        };
        all.insert(id.clone(), inventory);
    }
    all
}

/// What a spec says of them.
pub(crate) fn export(all: &BTreeMap<String, Inventory>) -> Value {
    all.iter().map(|(id, inventory)| (id.clone(), exported(inventory))).collect()
}

fn exported(inventory: &Inventory) -> Value {
    let Inventory { enabled, prefix, frequency, included_object_versions, optional_fields, destination } = inventory;
    let Destination { bucket, account_id, format, prefix: folder, encryption } = destination;
    let (own, key): (Vec<&String>, Vec<&String>) =
        encryption.iter().partition(|encryption| *encryption == Encryption::SseS3.as_str());
    json!({
        "enabled": unless(*enabled, json!(false)),
        "prefix": unless(prefix.is_empty(), json!(prefix)),
        "frequency": frequency,
        "included_object_versions": unless(
            included_object_versions == Versions::Current.as_str(),
            json!(included_object_versions),
        ),
        "optional_fields": unless(optional_fields.is_empty(), json!(optional_fields)),
        "destination": {
            "bucket": bucket,
            "account_id": account_id,
            "format": unless(format == Format::Csv.as_str(), json!(format)),
            "prefix": unless(folder.is_empty(), json!(folder)),
            "encryption": own.first(),
            "kms_key": key.first(),
        },
    })
}

impl Inventory {
    /// The ARNs of what it names: bucket and key.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        let key = self.destination.encryption.clone().filter(|key| key != Encryption::SseS3.as_str());
        key.into_iter().chain([self.destination.bucket.clone()]).collect()
    }
}

/// The bucket's inventories, by id.
pub(crate) async fn read(session: &Session, bucket: &str) -> Result<BTreeMap<String, Inventory>, Failure> {
    let mut found = BTreeMap::new();
    let mut token = None;
    loop {
        let list = session.s3().list_bucket_inventory_configurations().bucket(bucket);
        let page = list.set_continuation_token(token).send().await.map_err(|error| session.failure(READ, &error))?;
        found.extend(page.inventory_configuration_list().iter().map(|one| (one.id().to_owned(), live(one))));
        token = page.next_continuation_token.filter(|_| page.is_truncated.unwrap_or_default());
        if token.is_none() {
            return Ok(found);
        }
    }
}

fn live(one: &sdk::InventoryConfiguration) -> Inventory {
    let to = one.destination().and_then(|to| to.s3_bucket_destination());
    let encryption = to.and_then(|to| to.encryption());
    let key = encryption.and_then(|encryption| encryption.ssekms()).map(|key| key.key_id().to_owned());
    let own = encryption.and_then(|encryption| encryption.sses3()).map(|_| Encryption::SseS3.to_string());
    Inventory {
        enabled: one.is_enabled(),
        prefix: one.filter().map(|filter| filter.prefix()).unwrap_or_default().to_owned(),
        frequency: one.schedule().map(|schedule| schedule.frequency().as_str()).unwrap_or_default().to_owned(),
        included_object_versions: one.included_object_versions().as_str().to_owned(),
        optional_fields: one.optional_fields().iter().map(|field| field.as_str().to_owned()).collect(),
        destination: Destination {
            bucket: to.map(|to| to.bucket()).unwrap_or_default().to_owned(),
            account_id: to.and_then(|to| to.account_id()).map(str::to_owned),
            format: to.map(|to| to.format().as_str()).unwrap_or_default().to_owned(),
            prefix: to.and_then(|to| to.prefix()).unwrap_or_default().to_owned(),
            encryption: key.or(own),
        },
    }
}

/// Puts an inventory, or takes it away.
pub(crate) async fn write(
    session: &Session,
    bucket: &str,
    id: &str,
    inventory: Option<&Inventory>,
) -> Result<(), Failure> {
    let owner = session.account_id();
    let Some(inventory) = inventory else {
        let delete = session.s3().delete_bucket_inventory_configuration().bucket(bucket).id(id);
        let sent = delete.expected_bucket_owner(owner).send().await.map(drop);
        return super::absent_is_done(sent.map_err(|error| session.failure(WRITE, &error)));
    };
    let configuration = configuration(id, inventory).map_err(|error| unsendable(session, WRITE, &error))?;
    let put = session.s3().put_bucket_inventory_configuration().bucket(bucket).id(id);
    let put = put.inventory_configuration(configuration).expected_bucket_owner(owner);
    put.send().await.map(drop).map_err(|error| session.failure(WRITE, &error))
}

fn configuration(id: &str, inventory: &Inventory) -> Result<sdk::InventoryConfiguration, BuildError> {
    let Inventory { enabled, prefix, frequency, included_object_versions, optional_fields, destination } = inventory;
    let Destination { bucket, account_id, format, prefix: folder, encryption } = destination;
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let encryption = match encryption.as_deref() {
        None => None,
        Some("SSE-S3") => Some(sdk::InventoryEncryption::builder().sses3(sdk::Sses3::builder().build()).build()),
        Some(key) => {
            let key = sdk::Ssekms::builder().key_id(key).build()?;
            Some(sdk::InventoryEncryption::builder().ssekms(key).build())
        }
    };
    let to = sdk::InventoryS3BucketDestination::builder()
        .bucket(bucket)
        .set_account_id(account_id.clone())
        .format(sdk::InventoryFormat::from(format.as_str()))
        .set_prefix(some(folder))
        .set_encryption(encryption)
        .build()?;
    let fields: Vec<_> =
        optional_fields.iter().map(|field| sdk::InventoryOptionalField::from(field.as_str())).collect();
    let filter = some(prefix).map(|prefix| sdk::InventoryFilter::builder().prefix(prefix).build()).transpose()?;
    let frequency = sdk::InventoryFrequency::from(frequency.as_str());
    sdk::InventoryConfiguration::builder()
        .id(id)
        .is_enabled(*enabled)
        .set_filter(filter)
        .included_object_versions(sdk::InventoryIncludedObjectVersions::from(included_object_versions.as_str()))
        .schedule(sdk::InventorySchedule::builder().frequency(frequency).build()?)
        .set_optional_fields((!fields.is_empty()).then_some(fields))
        .destination(sdk::InventoryDestination::builder().s3_bucket_destination(to).build())
        .build()
}
