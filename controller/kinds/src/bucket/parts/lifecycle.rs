//! A bucket's lifecycle: when objects move to other storage classes, and when they go.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html>

use std::collections::BTreeMap;

use aws_sdk_s3::types as sdk;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use aws_smithy_types::error::operation::BuildError;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use trueup_specs::resolve::Resolver;
use trueup_specs::{Text, Within, spec, words};

use super::filter::{self, Filter};
use super::{Placed, Status, present, unsendable};
use crate::error::Failure;
use crate::fields::unless;
use crate::session::Session;

mod check;

/// The field.
pub(crate) const FIELD: &str = "lifecycle";
/// The permission to read it.
pub(crate) const READ: &str = "s3:GetLifecycleConfiguration";
/// The permission to change it.
pub(crate) const WRITE: &str = "s3:PutLifecycleConfiguration";

spec! {
    /// A bucket's lifecycle.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html>
    pub struct LifecycleSpec {
        /// The rules, each under its id of at most 255 characters; at most 1,000.
        pub rules: IndexMap<String, Placed<RuleSpec>>,
        /// Which objects are too small to be moved where a rule asks for no size.
        ///
        /// Default: `"all_storage_classes_128K"`.
        pub transition_default_minimum_object_size: Option<MinimumSize>,
    }
}

spec! {
    /// A rule of a lifecycle. It needs at least one action.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html>
    pub struct RuleSpec {
        /// Whether it has effect. Default: `"Enabled"`.
        pub status: Option<Status>,
        /// Which objects it is about. Default: all.
        pub filter: Option<RuleFilterSpec>,
        /// When objects go.
        pub expiration: Option<ExpirationSpec>,
        /// When objects move to another storage class.
        pub transitions: Vec<TransitionSpec>,
        /// When versions go that are no longer current.
        pub noncurrent_version_expiration: Option<NoncurrentExpirationSpec>,
        /// When versions move that are no longer current.
        pub noncurrent_version_transitions: Vec<NoncurrentTransitionSpec>,
        /// Days after which the parts of an upload go that was begun and not finished. Not with tags or sizes in the filter.
        pub abort_incomplete_multipart_upload_days: Option<Within<1, 2_147_483_647>>,
    }
}

spec! {
    /// Which objects a rule is about: those that meet all of it.
    pub struct RuleFilterSpec {
        /// What their keys begin with. Default: anything.
        pub prefix: Option<Text>,
        /// Tags they must have. Default: none.
        pub tags: IndexMap<String, Text>,
        /// Bytes they must be larger than.
        pub object_size_greater_than: Option<Within<0, 9_223_372_036_854_775_807>>,
        /// Bytes they must be smaller than.
        pub object_size_less_than: Option<Within<1, 9_223_372_036_854_775_807>>,
    }
}

spec! {
    /// When objects go: one of the three.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleExpiration.html>
    pub struct ExpirationSpec {
        /// Days after an object was made.
        pub days: Option<Within<1, 2_147_483_647>>,
        /// From a day on: `"2027-01-31"`, at midnight UTC.
        pub date: Option<String>,
        /// Whether delete markers go that no version is behind. Not with tags or sizes in the filter.
        pub expired_object_delete_marker: bool,
    }
}

spec! {
    /// When objects move: after `days`, or from a `date` on.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html>
    pub struct TransitionSpec {
        /// Days after an object was made; at least 30 for `STANDARD_IA` and `ONEZONE_IA`.
        pub days: Option<Within<0, 2_147_483_647>>,
        /// From a day on: `"2027-01-31"`, at midnight UTC.
        pub date: Option<String>,
        /// Where to.
        pub storage_class: TransitionClass,
    }
}

spec! {
    /// When versions go that are no longer current.
    pub struct NoncurrentExpirationSpec {
        /// Days after a version stopped being current.
        pub noncurrent_days: Within<1, 2_147_483_647>,
        /// How many newer ones are kept besides, 1 to 100. Default: none.
        pub newer_noncurrent_versions: Option<Within<1, 100>>,
    }
}

spec! {
    /// When versions move that are no longer current.
    pub struct NoncurrentTransitionSpec {
        /// Days after a version stopped being current; at least 30 for `STANDARD_IA` and `ONEZONE_IA`.
        pub noncurrent_days: Within<0, 2_147_483_647>,
        /// How many newer ones stay where they are, 1 to 100. Default: none.
        pub newer_noncurrent_versions: Option<Within<1, 100>>,
        /// Where to.
        pub storage_class: TransitionClass,
    }
}

words! {
    /// A storage class objects can be moved to, the next always below the one before.
    pub enum TransitionClass {
        /// For what is seldom read.
        StandardIa = "STANDARD_IA",
        /// S3 moves objects by how they are used.
        IntelligentTiering = "INTELLIGENT_TIERING",
        /// For what is seldom read and can be made again.
        OnezoneIa = "ONEZONE_IA",
        /// An archive that answers at once.
        GlacierIr = "GLACIER_IR",
        /// An archive that answers in minutes or hours.
        Glacier = "GLACIER",
        /// An archive that answers in hours.
        DeepArchive = "DEEP_ARCHIVE",
    }
}

words! {
    /// Which objects are too small to be moved by themselves.
    pub enum MinimumSize {
        /// Those below 128 KB, wherever they would move to.
        All128K = "all_storage_classes_128K",
        /// Those below 128 KB, except that archives other than `GLACIER_IR` take any.
        Varies = "varies_by_storage_class",
    }
}

/// A bucket's lifecycle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifecycle {
    /// By id.
    pub rules: BTreeMap<String, Rule>,
    /// `all_storage_classes_128K` or `varies_by_storage_class`.
    pub transition_default_minimum_object_size: String,
}

/// A rule of a lifecycle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// `Enabled` or `Disabled`.
    pub status: String,
    /// Which objects.
    #[serde(flatten)]
    pub filter: Filter,
    /// Larger than so many bytes.
    pub object_size_greater_than: Option<i64>,
    /// Smaller than so many bytes.
    pub object_size_less_than: Option<i64>,
    /// When objects go.
    pub expiration: Option<Expiration>,
    /// When objects move, by storage class.
    pub transitions: BTreeMap<String, When>,
    /// When versions go that are no longer current.
    pub noncurrent_version_expiration: Option<Noncurrent>,
    /// When versions move that are no longer current, by storage class.
    pub noncurrent_version_transitions: BTreeMap<String, Noncurrent>,
    /// Days until the parts of an unfinished upload go.
    pub abort_incomplete_multipart_upload_days: Option<i32>,
}

/// After so many days, or from a day on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Days after an object was made.
    Days(i32),
    /// A day: `2027-01-31`.
    Date(String),
}

/// When objects go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expiration {
    /// Then.
    At(When),
    /// Delete markers, as soon as no version is behind them.
    ExpiredObjectDeleteMarker,
}

/// What happens to versions that are no longer current.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noncurrent {
    /// Days since.
    pub noncurrent_days: i32,
    /// How many newer ones are left out.
    pub newer_noncurrent_versions: Option<i32>,
}

fn days<const MIN: i64>(number: Within<MIN, 2_147_483_647>) -> i32 {
    i32::try_from(number.get()).unwrap_or(i32::MAX)
}

fn count(number: Option<Within<1, 100>>) -> Option<i32> {
    number.and_then(|number| i32::try_from(number.get()).ok())
}

/// What the spec asks for; everything S3 would refuse is a problem.
pub(crate) fn desired(spec: &Placed<LifecycleSpec>, cx: &mut Resolver<'_>) -> Lifecycle {
    let LifecycleSpec { rules, transition_default_minimum_object_size } = &spec.value;
    let size = transition_default_minimum_object_size.unwrap_or(MinimumSize::All128K);
    check::count(rules.len(), spec.span, cx);
    let rules = rules.iter().map(|(id, spec)| (id.clone(), rule(id, spec, cx))).collect();
    Lifecycle { rules, transition_default_minimum_object_size: size.to_string() }
}

fn rule(id: &str, Placed { value: spec, span }: &Placed<RuleSpec>, cx: &mut Resolver<'_>) -> Rule {
    check::rule(id, spec, *span, cx);
    let RuleSpec {
        status,
        filter,
        expiration,
        transitions,
        noncurrent_version_expiration,
        noncurrent_version_transitions,
        abort_incomplete_multipart_upload_days,
    } = spec;
    let (filter, greater, less) = match filter {
        None => (Filter::default(), None, None),
        Some(RuleFilterSpec { prefix, tags, object_size_greater_than, object_size_less_than }) => (
            Filter { prefix: filter::prefix_text(prefix.as_ref(), cx), tags: filter::tag_texts(tags, *span, cx) },
            object_size_greater_than.map(Within::get),
            object_size_less_than.map(Within::get),
        ),
    };
    let expiration = expiration.as_ref().and_then(|expiration| {
        let ExpirationSpec { days, date, expired_object_delete_marker } = expiration;
        let marker = expired_object_delete_marker.then_some(Expiration::ExpiredObjectDeleteMarker);
        when(*days, date.as_deref()).map(Expiration::At).or(marker)
    });
    let moves = transitions.iter().filter_map(|TransitionSpec { days, date, storage_class }| {
        Some((storage_class.to_string(), when(*days, date.as_deref())?))
    });
    let older = noncurrent_version_transitions.iter().map(
        |NoncurrentTransitionSpec { noncurrent_days, newer_noncurrent_versions, storage_class }| {
            let newer_noncurrent_versions = count(*newer_noncurrent_versions);
            (
                storage_class.to_string(),
                Noncurrent { noncurrent_days: days(*noncurrent_days), newer_noncurrent_versions },
            )
        },
    );
    Rule {
        status: status.unwrap_or(Status::Enabled).to_string(),
        filter,
        object_size_greater_than: greater,
        object_size_less_than: less,
        expiration,
        transitions: moves.collect(),
        noncurrent_version_expiration: noncurrent_version_expiration.as_ref().map(
            |NoncurrentExpirationSpec { noncurrent_days, newer_noncurrent_versions }| Noncurrent {
                noncurrent_days: days(*noncurrent_days),
                newer_noncurrent_versions: count(*newer_noncurrent_versions),
            },
        ),
        noncurrent_version_transitions: older.collect(),
        abort_incomplete_multipart_upload_days: abort_incomplete_multipart_upload_days.map(days),
    }
}

fn when<const MIN: i64>(after: Option<Within<MIN, 2_147_483_647>>, date: Option<&str>) -> Option<When> {
    let date = || Some(When::Date(day(date?)?));
    after.map(|after| When::Days(days(after))).or_else(date)
}

/// A day as S3 means it, without its midnight; `None` if it is none.
fn day(text: &str) -> Option<String> {
    let day = text.strip_suffix("T00:00:00Z").or_else(|| text.strip_suffix("T00:00:00.000Z")).unwrap_or(text);
    (day.len() == 10 && date_time(day).is_some()).then(|| day.to_owned())
}

fn date_time(day: &str) -> Option<DateTime> {
    DateTime::from_str(&format!("{day}T00:00:00Z"), Format::DateTime).ok()
}

fn day_of(date: &DateTime) -> Option<String> {
    let text = date.fmt(Format::DateTime).ok()?;
    Some(day(&text).unwrap_or(text))
}

/// What a spec says of it.
pub(crate) fn export(lifecycle: &Lifecycle) -> Value {
    let Lifecycle { rules, transition_default_minimum_object_size: size } = lifecycle;
    let rules: Map<String, Value> = rules.iter().map(|(id, rule)| (id.clone(), exported(rule))).collect();
    let is_default = size == MinimumSize::All128K.as_str();
    json!({ "rules": rules, "transition_default_minimum_object_size": unless(is_default, json!(size)) })
}

fn exported(rule: &Rule) -> Value {
    let Rule {
        status,
        filter: filter @ Filter { prefix, tags },
        object_size_greater_than: greater,
        object_size_less_than: less,
        expiration,
        transitions,
        noncurrent_version_expiration,
        noncurrent_version_transitions,
        abort_incomplete_multipart_upload_days,
    } = rule;
    let is_all = *filter == Filter::default() && greater.is_none() && less.is_none();
    let filter = json!({
        "prefix": unless(prefix.is_empty(), json!(prefix)),
        "tags": unless(tags.is_empty(), json!(tags)),
        "object_size_greater_than": greater,
        "object_size_less_than": less,
    });
    let expiration = expiration.as_ref().map(|expiration| match expiration {
        Expiration::At(when) => exported_when(when),
        Expiration::ExpiredObjectDeleteMarker => json!({ "expired_object_delete_marker": true }),
    });
    // In the order in which objects go through them.
    let mut steps: Vec<(&String, &When)> = transitions.iter().collect();
    steps.sort_by_key(|(_, when)| match when {
        When::Days(days) => (*days, String::new()),
        When::Date(day) => (0, day.clone()),
    });
    let steps: Vec<Value> = steps.into_iter().map(|(class, when)| moved(class, exported_when(when))).collect();
    let mut older: Vec<(&String, &Noncurrent)> = noncurrent_version_transitions.iter().collect();
    older.sort_by_key(|(_, noncurrent)| noncurrent.noncurrent_days);
    let older: Vec<Value> = older.into_iter().map(|(class, noncurrent)| moved(class, json!(noncurrent))).collect();
    json!({
        "status": unless(status == Status::Enabled.as_str(), json!(status)),
        "filter": unless(is_all, filter),
        "expiration": expiration,
        "transitions": unless(steps.is_empty(), json!(steps)),
        "noncurrent_version_expiration": noncurrent_version_expiration,
        "noncurrent_version_transitions": unless(older.is_empty(), json!(older)),
        "abort_incomplete_multipart_upload_days": abort_incomplete_multipart_upload_days,
    })
}

fn exported_when(when: &When) -> Value {
    match when {
        When::Days(days) => json!({ "days": days }),
        When::Date(day) => json!({ "date": day }),
    }
}

/// A move to a storage class, with the fields that say when.
fn moved(class: &str, mut when: Value) -> Value {
    if let Value::Object(fields) = &mut when {
        fields.insert("storage_class".to_owned(), Value::from(class));
    }
    when
}

/// The bucket's lifecycle; `None`: it has none.
pub(crate) async fn read(session: &Session, bucket: &str) -> Result<Option<Lifecycle>, Failure> {
    let answer = session.s3().get_bucket_lifecycle_configuration().bucket(bucket).send().await;
    let answer = answer.map_err(|error| session.failure(READ, &error));
    let Some(found) = present(answer, "NoSuchLifecycleConfiguration")? else { return Ok(None) };
    let size = found.transition_default_minimum_object_size();
    let size = size.map_or(MinimumSize::All128K.as_str(), |size| size.as_str()).to_owned();
    let rules = found.rules().iter().map(|rule| (rule.id().unwrap_or_default().to_owned(), live(rule)));
    Ok(Some(Lifecycle { rules: rules.collect(), transition_default_minimum_object_size: size }))
}

fn live(rule: &sdk::LifecycleRule) -> Rule {
    let filter = rule.filter();
    let and = filter.and_then(|filter| filter.and());
    let prefix = and.and_then(|and| and.prefix()).or_else(|| filter.and_then(|filter| filter.prefix()));
    // The older form has the prefix on the rule itself, and means the same.
    let prefix = prefix.or(legacy_prefix(rule)).unwrap_or_default().to_owned();
    let tags = filter::tags_of(filter.and_then(|filter| filter.tag()), and.map(|and| and.tags()).unwrap_or_default());
    let larger = |filter: &sdk::LifecycleRuleFilter| filter.object_size_greater_than();
    let smaller = |filter: &sdk::LifecycleRuleFilter| filter.object_size_less_than();
    let transitions = rule.transitions().iter().filter_map(|step| {
        let at = live_when(step.days(), step.date()).unwrap_or(When::Days(0));
        Some((step.storage_class()?.as_str().to_owned(), at))
    });
    let older = rule.noncurrent_version_transitions().iter().filter_map(|step| {
        let found = Noncurrent {
            noncurrent_days: step.noncurrent_days().unwrap_or_default(),
            newer_noncurrent_versions: step.newer_noncurrent_versions(),
        };
        Some((step.storage_class()?.as_str().to_owned(), found))
    });
    Rule {
        status: rule.status().as_str().to_owned(),
        filter: Filter { prefix, tags },
        object_size_greater_than: and
            .and_then(|and| and.object_size_greater_than())
            .or_else(|| filter.and_then(larger)),
        object_size_less_than: and.and_then(|and| and.object_size_less_than()).or_else(|| filter.and_then(smaller)),
        expiration: rule.expiration().and_then(|expiration| {
            let marker = expiration.expired_object_delete_marker().unwrap_or_default();
            let marker = marker.then_some(Expiration::ExpiredObjectDeleteMarker);
            live_when(expiration.days().filter(|days| *days > 0), expiration.date()).map(Expiration::At).or(marker)
        }),
        transitions: transitions.collect(),
        noncurrent_version_expiration: rule.noncurrent_version_expiration().map(|found| Noncurrent {
            noncurrent_days: found.noncurrent_days().unwrap_or_default(),
            newer_noncurrent_versions: found.newer_noncurrent_versions(),
        }),
        noncurrent_version_transitions: older.collect(),
        abort_incomplete_multipart_upload_days: rule
            .abort_incomplete_multipart_upload()
            .and_then(|abort| abort.days_after_initiation()),
    }
}

#[expect(deprecated, reason = "buckets keep rules of the older form for as long as no one puts others")]
fn legacy_prefix(rule: &sdk::LifecycleRule) -> Option<&str> {
    rule.prefix()
}

fn live_when(days: Option<i32>, date: Option<&DateTime>) -> Option<When> {
    days.map(When::Days).or_else(|| Some(When::Date(day_of(date?)?)))
}

/// Puts the lifecycle, or takes it away.
pub(crate) async fn write(session: &Session, bucket: &str, lifecycle: Option<&Lifecycle>) -> Result<(), Failure> {
    let owner = session.account_id();
    let Some(lifecycle) = lifecycle else {
        let sent = session.s3().delete_bucket_lifecycle().bucket(bucket).expected_bucket_owner(owner).send().await;
        return sent.map(drop).map_err(|error| session.failure(WRITE, &error));
    };
    let size = sdk::TransitionDefaultMinimumObjectSize::from(&*lifecycle.transition_default_minimum_object_size);
    let configuration = configuration(lifecycle).map_err(|error| unsendable(session, WRITE, &error))?;
    session
        .s3()
        .put_bucket_lifecycle_configuration()
        .bucket(bucket)
        .lifecycle_configuration(configuration)
        .transition_default_minimum_object_size(size)
        .expected_bucket_owner(owner)
        .send()
        .await
        .map(drop)
        .map_err(|error| session.failure(WRITE, &error))
}

fn configuration(lifecycle: &Lifecycle) -> Result<sdk::BucketLifecycleConfiguration, BuildError> {
    let rules: Result<Vec<_>, _> = lifecycle.rules.iter().map(|(id, rule)| to_sdk(id, rule)).collect();
    sdk::BucketLifecycleConfiguration::builder().set_rules(Some(rules?)).build()
}

fn to_sdk(id: &str, rule: &Rule) -> Result<sdk::LifecycleRule, BuildError> {
    let transitions = rule.transitions.iter().map(|(class, when)| {
        let (days, date) = parts_of(when);
        let class = sdk::TransitionStorageClass::from(class.as_str());
        sdk::Transition::builder().set_days(days).set_date(date).storage_class(class).build()
    });
    let older = rule.noncurrent_version_transitions.iter().map(|(class, noncurrent)| {
        sdk::NoncurrentVersionTransition::builder()
            .noncurrent_days(noncurrent.noncurrent_days)
            .set_newer_noncurrent_versions(noncurrent.newer_noncurrent_versions)
            .storage_class(sdk::TransitionStorageClass::from(class.as_str()))
            .build()
    });
    let expiration = rule.expiration.as_ref().map(|expiration| {
        let builder = sdk::LifecycleExpiration::builder();
        match expiration {
            Expiration::ExpiredObjectDeleteMarker => builder.expired_object_delete_marker(true).build(),
            Expiration::At(when) => {
                let (days, date) = parts_of(when);
                builder.set_days(days).set_date(date).build()
            }
        }
    });
    let gone = rule.noncurrent_version_expiration.as_ref().map(|noncurrent| {
        sdk::NoncurrentVersionExpiration::builder()
            .noncurrent_days(noncurrent.noncurrent_days)
            .set_newer_noncurrent_versions(noncurrent.newer_noncurrent_versions)
            .build()
    });
    let abort = rule
        .abort_incomplete_multipart_upload_days
        .map(|days| sdk::AbortIncompleteMultipartUpload::builder().days_after_initiation(days).build());
    let (transitions, older): (Vec<_>, Vec<_>) = (transitions.collect(), older.collect());
    sdk::LifecycleRule::builder()
        .id(id)
        .status(sdk::ExpirationStatus::from(rule.status.as_str()))
        .filter(filter::to_lifecycle(&rule.filter, rule.object_size_greater_than, rule.object_size_less_than)?)
        .set_expiration(expiration)
        .set_transitions((!transitions.is_empty()).then_some(transitions))
        .set_noncurrent_version_expiration(gone)
        .set_noncurrent_version_transitions((!older.is_empty()).then_some(older))
        .set_abort_incomplete_multipart_upload(abort)
        .build()
}

fn parts_of(when: &When) -> (Option<i32>, Option<DateTime>) {
    match when {
        When::Days(days) => (Some(*days), None),
        When::Date(day) => (None, date_time(day)),
    }
}
