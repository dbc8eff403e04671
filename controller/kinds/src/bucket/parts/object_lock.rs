//! Object Lock: versions of objects that can't be removed for a time.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html>

use aws_sdk_s3::types as sdk;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::resolve::Resolver;
use trueup_specs::span::Span;
use trueup_specs::{Within, spec, words};

use super::{Placed, present};
use crate::error::Failure;
use crate::fields::unless;
use crate::session::Session;

/// The field.
pub(crate) const FIELD: &str = "object_lock";
/// The permission to read it.
pub(crate) const READ: &str = "s3:GetBucketObjectLockConfiguration";
/// The permission to change it.
pub(crate) const WRITE: &str = "s3:PutBucketObjectLockConfiguration";

spec! {
    /// Object Lock: versions of objects that can't be removed for a time. An empty table turns it on and locks nothing by itself.
    ///
    /// It needs versioning, can be turned on for a bucket that exists, and never off again.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-configure.html>
    pub struct ObjectLockSpec {
        /// How long new objects are kept that come without a wish of their own. Default: they are not locked.
        pub default_retention: Option<Placed<RetentionSpec>>,
    }
}

spec! {
    /// How long new objects are kept: `days` or `years`.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DefaultRetention.html>
    pub struct RetentionSpec {
        /// Who may shorten it.
        pub mode: RetentionMode,
        /// Days, 1 to 36,500.
        pub days: Option<Within<1, 36_500>>,
        /// Years, 1 to 100.
        pub years: Option<Within<1, 100>>,
        /// The event hold that new objects get by themselves. Default: none.
        pub default_event_hold: Option<Placed<EventHoldSpec>>,
    }
}

spec! {
    /// The event hold of new objects: `days` or `years`.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DefaultRetention.html>
    pub struct EventHoldSpec {
        /// Days, 1 to 36,500.
        pub days: Option<Within<1, 36_500>>,
        /// Years, 1 to 100.
        pub years: Option<Within<1, 100>>,
    }
}

words! {
    /// Who may shorten a retention.
    pub enum RetentionMode {
        /// Who has `s3:BypassGovernanceRetention`.
        Governance = "GOVERNANCE",
        /// Nobody, not even the account's root user.
        Compliance = "COMPLIANCE",
    }
}

/// Object Lock of a bucket that has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectLock {
    /// How long new objects are kept.
    pub default_retention: Option<Retention>,
}

/// How long new objects are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// `GOVERNANCE` or `COMPLIANCE`.
    pub mode: String,
    /// Days.
    pub days: Option<i32>,
    /// Years, instead.
    pub years: Option<i32>,
    /// Days of an event hold that new objects get.
    pub event_hold_days: Option<i32>,
    /// Years of it, instead.
    pub event_hold_years: Option<i32>,
}

/// What the spec asks for; what S3 would refuse is a problem.
pub(crate) fn desired(spec: &Placed<ObjectLockSpec>, versioned: bool, cx: &mut Resolver<'_>) -> ObjectLock {
    let Placed { value: ObjectLockSpec { default_retention }, span } = spec;
    if !versioned {
        let problem = Diagnostic::error("Object Lock needs versioning").at(*span, "");
        cx.problem(problem.help("add versioning = \"enabled\""));
    }
    let retention = default_retention.as_ref().map(|Placed { value, span }| {
        let RetentionSpec { mode, days, years, default_event_hold } = value;
        let (days, years) = period("a retention", *days, *years, *span, cx);
        let (event_hold_days, event_hold_years) = match default_event_hold {
            None => (None, None),
            Some(Placed { value: EventHoldSpec { days, years }, span }) => {
                period("an event hold", *days, *years, *span, cx)
            }
        };
        Retention { mode: mode.to_string(), days, years, event_hold_days, event_hold_years }
    });
    ObjectLock { default_retention: retention }
}

/// Days or years of `what`, one of which must be said.
fn period(
    what: &str,
    days: Option<Within<1, 36_500>>,
    years: Option<Within<1, 100>>,
    span: Span,
    cx: &mut Resolver<'_>,
) -> (Option<i32>, Option<i32>) {
    if days.is_some() == years.is_some() {
        let problem = Diagnostic::error(format!("{what} needs either `days` or `years`")).at(span, "");
        cx.problem(problem.help("write `days = 30`"));
    }
    let days = days.and_then(|days| i32::try_from(days.get()).ok());
    (days, years.and_then(|years| i32::try_from(years.get()).ok()))
}

/// What a spec says of it.
pub(crate) fn export(ObjectLock { default_retention }: &ObjectLock) -> Value {
    json!({ "default_retention": default_retention.as_ref().map(exported) })
}

fn exported(retention: &Retention) -> Value {
    let Retention { mode, days, years, event_hold_days, event_hold_years } = retention;
    let hold = json!({ "days": event_hold_days, "years": event_hold_years });
    let is_held = event_hold_days.is_some() || event_hold_years.is_some();
    json!({ "mode": mode, "days": days, "years": years, "default_event_hold": unless(!is_held, hold) })
}

/// The bucket's Object Lock; `None`: it is off.
pub(crate) async fn read(session: &Session, bucket: &str) -> Result<Option<ObjectLock>, Failure> {
    let answer = session.s3().get_object_lock_configuration().bucket(bucket).send().await;
    let answer = answer.map_err(|error| session.failure(READ, &error));
    let found = present(answer, "ObjectLockConfigurationNotFoundError")?;
    let configuration = found.and_then(|found| found.object_lock_configuration);
    Ok(configuration.filter(|found| found.object_lock_enabled().is_some()).map(|found| ObjectLock {
        default_retention: found.rule().and_then(|rule| rule.default_retention()).map(live),
    }))
}

fn live(retention: &sdk::DefaultRetention) -> Retention {
    let hold = retention.default_event_hold();
    Retention {
        mode: retention.mode().map(|mode| mode.as_str()).unwrap_or_default().to_owned(),
        days: retention.days(),
        years: retention.years(),
        event_hold_days: hold.and_then(|hold| hold.days()),
        event_hold_years: hold.and_then(|hold| hold.years()),
    }
}

/// Turns Object Lock on, or sets its default retention.
pub(crate) async fn write(session: &Session, bucket: &str, lock: &ObjectLock) -> Result<(), Failure> {
    let rule = lock.default_retention.as_ref().map(|retention| {
        let Retention { mode, days, years, event_hold_days, event_hold_years } = retention;
        let hold = (event_hold_days.is_some() || event_hold_years.is_some())
            .then(|| sdk::EventHoldDuration::builder().set_days(*event_hold_days).set_years(*event_hold_years).build());
        let retention = sdk::DefaultRetention::builder()
            .mode(sdk::ObjectLockRetentionMode::from(mode.as_str()))
            .set_days(*days)
            .set_years(*years)
            .set_default_event_hold(hold)
            .build();
        sdk::ObjectLockRule::builder().default_retention(retention).build()
    });
    let configuration = sdk::ObjectLockConfiguration::builder()
        .object_lock_enabled(sdk::ObjectLockEnabled::Enabled)
        .set_rule(rule)
        .build();
    let put = session.s3().put_object_lock_configuration().bucket(bucket).object_lock_configuration(configuration);
    let sent = put.expected_bucket_owner(session.account_id()).send().await;
    sent.map(drop).map_err(|error| session.failure(WRITE, &error))
}
