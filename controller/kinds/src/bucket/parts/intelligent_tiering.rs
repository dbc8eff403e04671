//! A bucket's Intelligent-Tiering configurations: when objects of that storage class go into its archives.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/intelligent-tiering.html>

use std::collections::BTreeMap;

use aws_sdk_s3::types as sdk;
use aws_smithy_types::error::operation::BuildError;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::resolve::Resolver;
use trueup_specs::{Within, spec};

use super::filter::{self, Filter, FilterSpec};
use super::{Placed, Status, check_configuration_ids, unsendable};
use crate::error::Failure;
use crate::fields::unless;
use crate::session::Session;

/// The field.
pub(crate) const FIELD: &str = "intelligent_tiering";
/// The permission to read it.
pub(crate) const READ: &str = "s3:GetIntelligentTieringConfiguration";
/// The permission to change it.
pub(crate) const WRITE: &str = "s3:PutIntelligentTieringConfiguration";

const ARCHIVE: &str = "ARCHIVE_ACCESS";
const DEEP_ARCHIVE: &str = "DEEP_ARCHIVE_ACCESS";

spec! {
    /// When objects of the storage class `INTELLIGENT_TIERING` go into its archives: at least one of the two.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_IntelligentTieringConfiguration.html>
    pub struct TieringSpec {
        /// Whether it has effect. Default: `"Enabled"`.
        pub status: Option<Status>,
        /// Which objects it is about. Default: all.
        pub filter: Option<FilterSpec>,
        /// Days without access after which an object goes into the Archive Access tier, 90 to 730. Default: never.
        pub archive_access_days: Option<Within<90, 730>>,
        /// Days without access after which an object goes into the Deep Archive Access tier, 180 to 730. Default: never.
        pub deep_archive_access_days: Option<Within<180, 730>>,
    }
}

/// An Intelligent-Tiering configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tiering {
    /// `Enabled` or `Disabled`.
    pub status: String,
    /// Which objects.
    #[serde(flatten)]
    pub filter: Filter,
    /// Days without access, by `ARCHIVE_ACCESS` and `DEEP_ARCHIVE_ACCESS`.
    pub tierings: BTreeMap<String, i32>,
}

/// What the specs ask for; what S3 would refuse is a problem.
pub(crate) fn desired(
    specs: &IndexMap<String, Placed<TieringSpec>>,
    cx: &mut Resolver<'_>,
) -> BTreeMap<String, Tiering> {
    check_configuration_ids("Intelligent-Tiering", specs, cx);
    let mut all = BTreeMap::new();
    for (id, Placed { value, span }) in specs {
        let TieringSpec { status, filter, archive_access_days, deep_archive_access_days } = value;
        let mut tierings = BTreeMap::new();
        let archive = archive_access_days.and_then(|days| i32::try_from(days.get()).ok());
        let deep = deep_archive_access_days.and_then(|days| i32::try_from(days.get()).ok());
        tierings.extend(archive.map(|days| (ARCHIVE.to_owned(), days)));
        tierings.extend(deep.map(|days| (DEEP_ARCHIVE.to_owned(), days)));
        let mut refuse = |why: &str, help: &str| {
            let why = format!("S3 refuses the Intelligent-Tiering configuration `{id}`: {why}");
            cx.problem(Diagnostic::error(why).at(*span, "").help(help));
        };
        if tierings.is_empty() {
            refuse("it names no archive", "add `archive_access_days`, `deep_archive_access_days` or both");
        }
        if let (Some(archive), Some(deep)) = (archive, deep)
            && deep <= archive
        {
            refuse("objects must go into the archive before the deep one", "let `deep_archive_access_days` be more");
        }
        let filter = Filter::desired(filter.as_ref(), *span, cx);
        let status = status.unwrap_or(Status::Enabled).to_string();
        all.insert(id.clone(), Tiering { status, filter, tierings });
    }
    all
}

/// What a spec says of them.
pub(crate) fn export(all: &BTreeMap<String, Tiering>) -> Value {
    all.iter().map(|(id, tiering)| (id.clone(), exported(tiering))).collect()
}

fn exported(Tiering { status, filter, tierings }: &Tiering) -> Value {
    json!({
        "status": unless(status == Status::Enabled.as_str(), json!(status)),
        "filter": filter.export(),
        "archive_access_days": tierings.get(ARCHIVE),
        "deep_archive_access_days": tierings.get(DEEP_ARCHIVE),
    })
}

/// The bucket's configurations, by id.
pub(crate) async fn read(session: &Session, bucket: &str) -> Result<BTreeMap<String, Tiering>, Failure> {
    let mut found = BTreeMap::new();
    let mut token = None;
    loop {
        let list = session.s3().list_bucket_intelligent_tiering_configurations().bucket(bucket);
        let page = list.set_continuation_token(token).send().await.map_err(|error| session.failure(READ, &error))?;
        let configurations = page.intelligent_tiering_configuration_list().iter();
        found.extend(configurations.map(|one| (one.id().to_owned(), live(one))));
        token = page.next_continuation_token.filter(|_| page.is_truncated.unwrap_or_default());
        if token.is_none() {
            return Ok(found);
        }
    }
}

fn live(one: &sdk::IntelligentTieringConfiguration) -> Tiering {
    Tiering {
        status: one.status().as_str().to_owned(),
        filter: filter::from_tiering(one.filter()),
        tierings: one.tierings().iter().map(|tier| (tier.access_tier().as_str().to_owned(), tier.days())).collect(),
    }
}

/// Puts a configuration, or takes it away.
pub(crate) async fn write(session: &Session, bucket: &str, id: &str, tiering: Option<&Tiering>) -> Result<(), Failure> {
    let owner = session.account_id();
    let Some(tiering) = tiering else {
        let delete = session.s3().delete_bucket_intelligent_tiering_configuration().bucket(bucket).id(id);
        let sent = delete.expected_bucket_owner(owner).send().await.map(drop);
        return super::absent_is_done(sent.map_err(|error| session.failure(WRITE, &error)));
    };
    let configuration = configuration(id, tiering).map_err(|error| unsendable(session, WRITE, &error))?;
    let put = session.s3().put_bucket_intelligent_tiering_configuration().bucket(bucket).id(id);
    let put = put.intelligent_tiering_configuration(configuration).expected_bucket_owner(owner);
    put.send().await.map(drop).map_err(|error| session.failure(WRITE, &error))
}

fn configuration(id: &str, tiering: &Tiering) -> Result<sdk::IntelligentTieringConfiguration, BuildError> {
    let tiers: Result<Vec<_>, _> = tiering
        .tierings
        .iter()
        .map(|(tier, days)| {
            let tier = sdk::IntelligentTieringAccessTier::from(tier.as_str());
            sdk::Tiering::builder().access_tier(tier).days(*days).build()
        })
        .collect();
    sdk::IntelligentTieringConfiguration::builder()
        .id(id)
        .status(sdk::IntelligentTieringStatus::from(tiering.status.as_str()))
        .set_filter(filter::to_tiering(&tiering.filter)?)
        .set_tierings(Some(tiers?))
        .build()
}
