//! Object Lock: what keeps a version from being deleted.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html>.

use super::Request;
use super::configurations::default_retention;
use super::failure::Failure;
use super::state::{Bucket, Lock};

const DAY_MILLIS: i64 = 86_400_000;

/// The lock of an object that is being written: the bucket's retention, and the legal hold it comes with.
pub(super) fn of_new(request: &Request<'_>, bucket: &Bucket) -> Result<Lock, Failure> {
    if request.header("x-amz-object-lock-mode").is_some() {
        return Err(Failure::not_implemented("a retention of an object's own"));
    }
    let legal_hold = match request.header("x-amz-object-lock-legal-hold") {
        None | Some("OFF") => false,
        Some("ON") => true,
        Some(other) => {
            let message = "Legal Hold must be either of 'ON' or 'OFF'";
            return Err(Failure::invalid_argument(message, "x-amz-object-lock-legal-hold", other));
        }
    };
    if legal_hold && !bucket.object_lock {
        let message = "Bucket is missing Object Lock Configuration";
        return Err(Failure::new(400, "InvalidRequest", message));
    }
    let until = |days: i64| request.now_millis().saturating_add(days.saturating_mul(DAY_MILLIS));
    Ok(Lock { retention: default_retention(bucket).map(|(mode, days)| (mode, until(days))), legal_hold })
}

/// Refuses to delete a version that is locked. A delete marker may be put on it all the same.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html>.
pub(super) fn check(request: &Request<'_>, bucket: &Bucket, key: &str, version_id: &str) -> Result<(), Failure> {
    let bypasses =
        request.header("x-amz-bypass-governance-retention").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let versions = bucket.objects.get(key).map(Vec::as_slice).unwrap_or_default();
    let locked = versions.iter().filter(|version| version.id == version_id).any(|version| {
        let retained = version
            .lock
            .retention
            .as_ref()
            .is_some_and(|(mode, until)| *until > request.now_millis() && !(bypasses && mode == "GOVERNANCE"));
        retained || version.lock.legal_hold
    });
    if !locked {
        return Ok(());
    }
    Err(Failure::new(403, "AccessDenied", "Access Denied because object protected by object lock."))
}
