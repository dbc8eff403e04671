//! A bucket's server access logging.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html>

use std::collections::{BTreeSet, HashSet};

use aws_sdk_s3::types as sdk;
use aws_smithy_types::error::operation::BuildError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trueup_engine::kind::At;
use trueup_specs::diagnostic::{Diagnostic, Problems};
use trueup_specs::resolve::Resolver;
use trueup_specs::span::Span;
use trueup_specs::{Reference, Text, spec, words};

use super::{BucketTarget, Placed, filter, unsendable};
use crate::bucket::{BucketModel, Ownership, arn};
use crate::error::Failure;
use crate::fields::{is_pending, unless};
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
        /// Who besides the owner may do what with the logs, by ACL.
        ///
        /// Only where the other bucket's `ownership` leaves ACLs on. Default: nobody; better is a statement in that bucket's policy.
        /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_TargetGrant.html>
        pub target_grants: Vec<Placed<TargetGrantSpec>>,
    }
}

spec! {
    /// Who may do what with logs: `id` or `uri`.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Grantee.html>
    pub struct TargetGrantSpec {
        /// The canonical user id of an account.
        pub id: Option<Text>,
        /// A group of AWS's.
        pub uri: Option<GroupUri>,
        /// What they may do.
        pub permission: Permission,
    }
}

words! {
    /// A group of AWS's. <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#specifying-grantee-predefined-groups>
    pub enum GroupUri {
        /// Everyone with an AWS account.
        AuthenticatedUsers = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
        /// Everyone.
        AllUsers = "http://acs.amazonaws.com/groups/global/AllUsers",
        /// Who writes logs.
        LogDelivery = "http://acs.amazonaws.com/groups/s3/LogDelivery",
    }
}

words! {
    /// What someone may do with logs.
    pub enum Permission {
        /// All of it.
        FullControl = "FULL_CONTROL",
        /// Read.
        Read = "READ",
        /// Write.
        Write = "WRITE",
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
    /// Who may do what with the logs by ACL, as `who permission`.
    pub target_grants: BTreeSet<String>,
}

/// What the spec asks for; what S3 would refuse is a problem.
pub(crate) fn desired(spec: &LoggingSpec, at: &At, cx: &mut Resolver<'_>) -> Logging {
    let LoggingSpec { target_bucket, target_prefix, target_object_key_format, target_grants } = spec;
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
        target_grants: target_grants.iter().map(|grant| grant_of(grant, cx)).collect(),
    }
}

fn grant_of(Placed { value, span }: &Placed<TargetGrantSpec>, cx: &mut Resolver<'_>) -> String {
    let TargetGrantSpec { id, uri, permission } = value;
    if id.is_some() == uri.is_some() {
        let problem = Diagnostic::error("a grant needs either `id` or `uri`").at(*span, "");
        cx.problem(problem.help("name an account by its canonical user id, or a group of AWS's by its URI"));
    }
    let who = id.as_ref().map(|id| {
        let who = cx.text(id);
        if !is_pending(&who) && (who.is_empty() || !who.chars().all(|c| c.is_ascii_alphanumeric())) {
            // S3 takes no e-mail addresses any more.
            // https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLogging.html
            let problem = Diagnostic::error(format!("`{who}` is no canonical user id")).at(id.span(), "");
            cx.problem(problem.help("`aws s3api list-buckets --query Owner.ID` shows an account's own"));
        }
        who
    });
    let who = who.or(uri.map(|uri| uri.to_string())).unwrap_or_default();
    format!("{who} {permission}")
}

/// Who has a grant, and what they may do.
fn parts_of(grant: &str) -> (&str, &str) {
    grant.rsplit_once(' ').unwrap_or((grant, ""))
}

fn is_group(who: &str) -> bool {
    who.contains("://")
}

/// What a spec says of it.
pub(crate) fn export(logging: &Logging) -> Value {
    let Logging { target_bucket, target_prefix, target_object_key_format: format, target_grants } = logging;
    let grants: Vec<Value> = target_grants
        .iter()
        .map(|grant| {
            let (who, permission) = parts_of(grant);
            let sort = if is_group(who) { "uri" } else { "id" };
            json!({ sort: who, "permission": permission })
        })
        .collect();
    json!({
        "target_bucket": target_bucket,
        "target_prefix": unless(target_prefix.is_empty(), json!(target_prefix)),
        "target_object_key_format": unless(format == KeyFormat::Simple.as_str(), json!(format)),
        "target_grants": unless(grants.is_empty(), Value::from(grants)),
    })
}

/// Tells of grants of logs that go to a bucket without ACLs.
pub(crate) fn together(models: &[(BucketModel, Span)], problems: &mut Problems) {
    let enforced = models.iter().filter(|(bucket, _)| bucket.ownership == Ownership::BucketOwnerEnforced.as_str());
    let names: HashSet<&str> = enforced.map(|(bucket, _)| bucket.name.as_str()).collect();
    for (bucket, span) in models {
        let Some(logging) = bucket.parts.logging.as_ref().filter(|logging| !logging.target_grants.is_empty()) else {
            continue;
        };
        let name = target_name(logging);
        if names.contains(name) {
            let problem = Diagnostic::error(format!("S3 refuses `target_grants`: the bucket {name} has no ACLs"));
            let problem = problem.at(*span, "its logs go there");
            let page = "https://docs.aws.amazon.com/AmazonS3/latest/API/API_TargetGrant.html";
            let help = "say in that bucket's policy who may read, or give it another `ownership`";
            problems.push(problem.help(help).note(format!("what S3 takes: {page}")));
        }
    }
}

/// The name of the bucket that gets the logs.
fn target_name(logging: &Logging) -> &str {
    logging.target_bucket.rsplit(":::").next().unwrap_or(&logging.target_bucket)
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
    let Logging { target_bucket: _, target_prefix, target_object_key_format, target_grants } = logging;
    let format = sdk::TargetObjectKeyFormat::builder();
    let format = if target_object_key_format == KeyFormat::Simple.as_str() {
        format.simple_prefix(sdk::SimplePrefix::builder().build())
    } else {
        let source = sdk::PartitionDateSource::from(target_object_key_format.as_str());
        format.partitioned_prefix(sdk::PartitionedPrefix::builder().partition_date_source(source).build())
    };
    let grants: Result<Vec<_>, _> = target_grants.iter().map(|grant| to_sdk(grant)).collect();
    sdk::LoggingEnabled::builder()
        .target_bucket(target_name(logging))
        .target_prefix(target_prefix)
        .set_target_grants(Some(grants?).filter(|grants| !grants.is_empty()))
        .target_object_key_format(format.build())
        .build()
}

fn to_sdk(grant: &str) -> Result<sdk::TargetGrant, BuildError> {
    let (who, permission) = parts_of(grant);
    let grantee = sdk::Grantee::builder();
    let grantee = if is_group(who) {
        grantee.r#type(sdk::Type::Group).uri(who)
    } else {
        grantee.r#type(sdk::Type::CanonicalUser).id(who)
    };
    let permission = sdk::BucketLogsPermission::from(permission);
    Ok(sdk::TargetGrant::builder().grantee(grantee.build()?).permission(permission).build())
}
