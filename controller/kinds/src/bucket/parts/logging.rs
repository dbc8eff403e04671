//! A bucket's server access logging.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html>

use std::collections::BTreeSet;

use aws_sdk_s3::types as sdk;
use aws_smithy_types::error::operation::BuildError;
use serde::{Deserialize, Serialize};
use trueup_engine::kind::At;
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::resolve::Resolver;
use trueup_specs::{Reference, Text, spec, words};

use super::{BucketTarget, filter, unsendable};
use crate::bucket::arn;
use crate::error::Failure;
use crate::session::Session;

/// The field.
pub(crate) const FIELD: &str = "logging";
/// The permission to read it.
pub(crate) const READ: &str = "s3:GetBucketLogging";
/// The permission to change it.
pub(crate) const WRITE: &str = "s3:PutBucketLogging";

spec! {
    /// Where S3 writes down who accessed a bucket.
    ///
    /// The other bucket must be of the same account and region, and its policy must let `logging.s3.amazonaws.com` put objects.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html>
    pub struct LoggingSpec {
        /// The bucket that gets the logs, by address or ARN.
        pub target_bucket: Reference<BucketTarget>,
        /// What the keys of the logs begin with. Default: nothing.
        pub target_prefix: Option<Text>,
        /// How the keys go on.
        ///
        /// Default: `"Simple"`.
        pub target_object_key_format: Option<KeyFormat>,
    }
}

words! {
    /// How the keys of logs are made.
    pub enum KeyFormat {
        /// Prefix, date, time and a unique string.
        Simple = "Simple",
        /// Account, region, bucket and the day the events were on, as folders.
        EventTime = "EventTime",
        /// Account, region, bucket and the day the log was written, as folders.
        DeliveryTime = "DeliveryTime",
    }
}

/// A bucket's logging.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logging {
    /// The ARN of the bucket that gets the logs.
    pub target_bucket: String,
    /// What keys begin with.
    pub target_prefix: String,
    /// `Simple`, `EventTime` or `DeliveryTime`.
    pub target_object_key_format: String,
    /// Who may read the logs by ACL, as `who permission`. No spec asks for it: where ACLs are off, as they are by default, S3 refuses it.
    pub target_grants: BTreeSet<String>,
}

/// What the spec asks for; what S3 would refuse is a problem.
pub(crate) fn desired(spec: &LoggingSpec, at: &At, cx: &mut Resolver<'_>) -> Logging {
    let LoggingSpec { target_bucket, target_prefix, target_object_key_format } = spec;
    let target = cx.reference(target_bucket);
    super::check_other_place(target_bucket, "the bucket that gets the logs", true, at, cx);
    let prefix = filter::prefix_text(target_prefix.as_ref(), cx);
    if prefix.starts_with('/') {
        let span = target_prefix.as_ref().map_or_else(|| target_bucket.span(), Text::span);
        let problem = Diagnostic::warning("the keys of the logs will begin with `/`").at(span, "");
        cx.problem(problem.help("keys have no leading slash: write \"logs/\""));
    }
    Logging {
        target_bucket: target,
        target_prefix: prefix,
        target_object_key_format: target_object_key_format.unwrap_or(KeyFormat::Simple).to_string(),
        target_grants: BTreeSet::new(),
    }
}

/// The bucket's logging; `None`: it has none.
pub(crate) async fn read(session: &Session, bucket: &str) -> Result<Option<Logging>, Failure> {
    let answer = session.s3().get_bucket_logging().bucket(bucket).send().await;
    let answer = answer.map_err(|error| session.failure(READ, &error))?;
    Ok(answer.logging_enabled().map(|enabled| live(enabled, session.partition())))
}

fn live(enabled: &sdk::LoggingEnabled, partition: &str) -> Logging {
    let partitioned = enabled.target_object_key_format().and_then(|format| format.partitioned_prefix());
    let format = match partitioned {
        None => KeyFormat::Simple.to_string(),
        // Without a word it is the day of the delivery.
        Some(partitioned) => partitioned
            .partition_date_source()
            .map_or(KeyFormat::DeliveryTime.as_str(), |source| source.as_str())
            .to_owned(),
    };
    let grants = enabled.target_grants().iter().map(|grant| {
        let who = grant.grantee().and_then(|who| who.id().or(who.uri()).or(who.email_address())).unwrap_or_default();
        format!("{who} {}", grant.permission().map(|word| word.as_str()).unwrap_or_default())
    });
    Logging {
        target_bucket: arn(partition, enabled.target_bucket()),
        target_prefix: enabled.target_prefix().to_owned(),
        target_object_key_format: format,
        target_grants: grants.collect(),
    }
}

/// Turns logging on, or off.
pub(crate) async fn write(session: &Session, bucket: &str, logging: Option<&Logging>) -> Result<(), Failure> {
    let enabled = logging.map(enabled).transpose().map_err(|error| unsendable(session, WRITE, &error))?;
    let status = sdk::BucketLoggingStatus::builder().set_logging_enabled(enabled).build();
    let put = session.s3().put_bucket_logging().bucket(bucket).bucket_logging_status(status);
    let sent = put.expected_bucket_owner(session.account_id()).send().await;
    sent.map(drop).map_err(|error| session.failure(WRITE, &error))
}

fn enabled(logging: &Logging) -> Result<sdk::LoggingEnabled, BuildError> {
    let Logging { target_bucket, target_prefix, target_object_key_format, target_grants: _ } = logging;
    let name = target_bucket.rsplit(":::").next().unwrap_or(target_bucket);
    let format = sdk::TargetObjectKeyFormat::builder();
    let format = if target_object_key_format == KeyFormat::Simple.as_str() {
        format.simple_prefix(sdk::SimplePrefix::builder().build())
    } else {
        let source = sdk::PartitionDateSource::from(target_object_key_format.as_str());
        format.partitioned_prefix(sdk::PartitionedPrefix::builder().partition_date_source(source).build())
    };
    sdk::LoggingEnabled::builder()
        .target_bucket(name)
        .target_prefix(target_prefix)
        .target_object_key_format(format.build())
        .build()
}
