//! What performs operations: the only code that changes AWS.

use std::future::Future;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use trueup_engine::kind::{At, Erased, Kind};
use trueup_engine::perform::{Effect, OpContext, OpError, Performer};
use trueup_state::outputs::Outputs;

use crate::error::Failure;
use crate::session::{Aws, Session};

/// A kind whose operations can be performed.
pub trait Driver: Kind {
    /// Performs one operation and returns the outputs that became known by it.
    fn perform(op: Self::Op, session: &Session, cx: OpContext)
    -> impl Future<Output = Result<Outputs, OpError>> + Send;
}

/// A [`Driver`] behind one type, with its operations as JSON.
pub trait AnyDriver: Send + Sync {
    /// See [`Driver::perform`].
    fn perform<'a>(&'a self, op: Value, session: &'a Session, cx: OpContext)
    -> BoxFuture<'a, Result<Outputs, OpError>>;
}

impl<K: Driver> AnyDriver for Erased<K> {
    fn perform<'a>(
        &'a self,
        op: Value,
        session: &'a Session,
        cx: OpContext,
    ) -> BoxFuture<'a, Result<Outputs, OpError>> {
        async move {
            let op = serde_json::from_value(op).map_err(|error| {
                // A plan file written by another version, or edited by hand.
                OpError::from(Failure::local(
                    Some(session.who().clone()),
                    K::schema().name,
                    format!("the operation is not one this version knows: {error}"),
                    Some("plan again with this version".to_owned()),
                ))
            })?;
            K::perform(op, session, cx).await
        }
        .boxed()
    }
}

impl Performer for Aws {
    fn perform<'a>(
        &'a self,
        kind: &'a str,
        at: &'a At,
        op: Value,
        cx: OpContext,
    ) -> BoxFuture<'a, Result<Outputs, OpError>> {
        async move {
            let session = self.session_as(&at.scope.account, Some(&at.account_id), at.scope.region.as_deref()).await?;
            match crate::driver_of(kind) {
                Some(driver) => driver.perform(op, &session, cx).await,
                None => Err(OpError {
                    call: kind.to_owned(),
                    code: None,
                    message: format!("there is no kind `{kind}`"),
                    request_id: None,
                    help: Some("plan again with this version".to_owned()),
                    effect: Effect::None,
                }),
            }
        }
        .boxed()
    }
}

/// The outcome of a call that takes away: what is gone already is gone.
///
/// # Errors
/// The call's failure, unless it says that there is nothing to take away.
pub fn gone<T>(result: Result<T, Failure>) -> Result<(), Failure> {
    match result {
        Err(failure) if failure.is("NoSuchEntity") => Ok(()),
        Err(failure) => Err(failure),
        Ok(_) => Ok(()),
    }
}

/// The id that AWS made up, as an output.
#[must_use]
pub fn id_output(id: &str) -> Outputs {
    Outputs::from([("id".to_owned(), id.to_owned())])
}

/// How long what was just made may stay unseen before its absence is believed, in all. IAM promises no bound ("eventually
/// consistent", <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html>); nearly all changes show within
/// seconds.
pub const FRESH_WAIT_MAX: Duration = Duration::from_secs(60);

/// How long another change to the same entity is waited for, in all.
pub const BUSY_WAIT_MAX: Duration = Duration::from_secs(15);

/// How long a removal waits for a detachment to show that was made just before it, in all. Short, since what holds on from outside
/// these specs stays.
pub const HELD_WAIT_MAX: Duration = Duration::from_secs(3);

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(8);

/// Sends a call, and sends it again with growing pauses while AWS does not yet see what it needs.
///
/// Waits only for what can pass: after `cx.fresh`, a missing entity or a principal the service does not know yet; always,
/// another change to the same entity, and for a moment a user of what is to be removed.
///
/// # Errors
/// The call's last failure.
pub async fn patiently<T, F, Fut>(cx: OpContext, mut call: F) -> Result<T, Failure>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, Failure>>,
{
    let mut waited = Duration::ZERO;
    let mut pause = FIRST_WAIT;
    loop {
        let failure = match call().await {
            Ok(value) => return Ok(value),
            Err(failure) => failure,
        };
        let wait_max = match passing(&failure) {
            Passing::Unseen if cx.fresh => FRESH_WAIT_MAX,
            Passing::Busy => BUSY_WAIT_MAX,
            Passing::Held => HELD_WAIT_MAX,
            Passing::Unseen | Passing::No => return Err(failure),
        };
        if waited >= wait_max {
            return Err(failure);
        }
        tracing::debug!(call = failure.call, code = failure.code, "not there yet, trying again");
        tokio::time::sleep(pause).await;
        waited += pause;
        pause = LONGEST_WAIT.min(pause * 2);
    }
}

/// Whether a failure can pass by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Passing {
    /// What it needs may exist without showing yet.
    Unseen,
    /// Another change to the same entity is going on.
    Busy,
    /// Something still seems to use what is to be removed.
    Held,
    /// It will stay.
    No,
}

fn passing(failure: &Failure) -> Passing {
    let Some(code) = failure.code.as_deref() else { return Passing::No };
    let names_principal = || failure.message.to_lowercase().contains("principal");
    match code {
        "NoSuchEntity"
        // CodeDeploy: a service role IAM has only just made, and things of its own.
        | "InvalidRoleException"
        | "ApplicationDoesNotExistException"
        | "DeploymentConfigDoesNotExistException"
        | "DeploymentGroupDoesNotExistException"
        | "InstanceNotRegisteredException"
        // Organizations: what was made just before.
        | "AccountNotFoundException"
        | "ParentNotFoundException"
        | "DestinationParentNotFoundException"
        | "PolicyNotFoundException"
        | "TargetNotFoundException"
        // ECR: its repository, and a key KMS has only just made.
        | "RepositoryNotFoundException"
        | "KmsException"
        // EventBridge and SNS: things of their own.
        | "ResourceNotFoundException"
        | "NotFound" => Passing::Unseen,
        // EventBridge: a role IAM has only just made, or whose trust does not show yet.
        "ValidationException" if failure.call.starts_with("events:") && failure.message.contains("ole") => {
            Passing::Unseen
        }
        // IAM, S3, KMS, ECR, SNS: each has its own name for a policy that names a principal it does not know.
        "MalformedPolicyDocument"
        | "MalformedPolicy"
        | "MalformedPolicyDocumentException"
        | "InvalidParameterException"
        | "InvalidParameter"
            if names_principal() =>
        {
            Passing::Unseen
        }
        "ConcurrentModification"
        | "EntityTemporarilyUnmodifiable"
        | "OperationAborted"
        | "ConcurrentModificationException"
        | "ConcurrentAccess"
        | "FinalizingOrganizationException"
        | "PolicyChangesInProgressException" => Passing::Busy,
        "DeleteConflict"
        | "DeploymentConfigInUseException"
        | "OrganizationalUnitNotEmptyException"
        | "PolicyInUseException" => Passing::Held,
        _ => Passing::No,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn refused(code: &str, message: &str) -> Failure {
        let mut failure = Failure::local(None, "iam:UpdateAssumeRolePolicy", message, None);
        failure.code = Some(Box::from(code));
        failure
    }

    async fn tries(cx: OpContext, failure: Failure) -> u32 {
        let count = Cell::new(0);
        let result: Result<(), _> = patiently(cx, || {
            count.set(count.get() + 1);
            let failure = failure.clone();
            async move { Err(failure) }
        })
        .await;
        assert_eq!(result, Err(failure));
        count.get()
    }

    #[tokio::test(start_paused = true)]
    async fn waits_only_for_what_can_pass() {
        let fresh = OpContext { fresh: true };
        let plain = OpContext { fresh: false };
        let principal = refused("MalformedPolicyDocument", "Invalid principal in policy: \"AWS\":\"arn\"");
        assert_eq!(tries(plain, principal.clone()).await, 1);
        assert!(tries(fresh, principal).await > 5);
        assert_eq!(tries(fresh, refused("MalformedPolicyDocument", "Syntax errors in policy.")).await, 1);
        assert_eq!(tries(fresh, refused("AccessDenied", "no principal")).await, 1);
        assert!(tries(plain, refused("ConcurrentModification", "busy")).await > 2);
    }

    #[tokio::test(start_paused = true)]
    async fn gives_up_after_the_longest_wait() {
        let start = tokio::time::Instant::now();
        tries(OpContext { fresh: true }, refused("NoSuchEntity", "no role")).await;
        let waited = start.elapsed();
        assert!(waited >= FRESH_WAIT_MAX && waited < FRESH_WAIT_MAX + LONGEST_WAIT * 2, "{waited:?}");
    }
}
