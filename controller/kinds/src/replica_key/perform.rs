//! The calls to KMS.

use aws_sdk_kms::config::Region;
use trueup_engine::perform::{OpContext, OpError};
use trueup_state::outputs::Outputs;

use super::{NewReplica, ReplicaKey, ReplicaKeyOp};
use crate::driver::Driver;
use crate::error::Failure;
use crate::key::perform::{change, is_early_change, tag_list, unsendable};
use crate::session::Session;
use crate::soon::soon;
use crate::source::kms;

const CALL: &str = "kms:ReplicateKey";

impl Driver for ReplicaKey {
    async fn perform(op: ReplicaKeyOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        Ok(soon(cx, |failure| is_early(&op, failure), || send(session, &op)).await?)
    }
}

/// Whether KMS may only not have caught up with the call before: the primary key may have been made a moment ago.
fn is_early(op: &ReplicaKeyOp, failure: &Failure) -> bool {
    match op {
        ReplicaKeyOp::ReplicateKey(_) => failure.is("NotFoundException") || failure.is("KMSInvalidStateException"),
        ReplicaKeyOp::Change(op) => is_early_change(op, failure),
    }
}

async fn send(session: &Session, op: &ReplicaKeyOp) -> Result<Outputs, Failure> {
    match op {
        ReplicaKeyOp::ReplicateKey(new) => replicate(session, new).await,
        ReplicaKeyOp::Change(op) => change(session, op).await.map(|()| Outputs::new()),
    }
}

/// The region of the primary key, and the ARN the replica will have: it differs in the region alone.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html>
fn places(new: &NewReplica) -> Option<(String, String)> {
    let mut parts: Vec<&str> = new.primary.splitn(6, ':').collect();
    let region = (*parts.get(3)?).to_owned();
    *parts.get_mut(3)? = &new.region;
    (parts.len() == 6).then(|| (region, parts.join(":")))
}

/// Makes the replica. Sent again, the call is refused, since there is one in the region; then that one must be what was made before.
async fn replicate(session: &Session, new: &NewReplica) -> Result<Outputs, Failure> {
    let local = |message: String| Failure::local(Some(session.who().clone()), CALL, message, None);
    let (primary_region, arn) = places(new).ok_or_else(|| local(format!("`{}` is no key's ARN", new.primary)))?;
    let tags = tag_list(&new.tags).map_err(|error| unsendable(session, CALL, &error))?;
    let sent = session
        .kms()
        .replicate_key()
        .key_id(&new.primary)
        .replica_region(&new.region)
        .description(&new.description)
        .policy(new.policy.to_json())
        .set_tags((!tags.is_empty()).then_some(tags))
        .customize()
        .config_override(aws_sdk_kms::config::Builder::new().region(Region::new(primary_region)))
        .send()
        .await;
    match sent.map_err(|error| session.failure(CALL, &error)) {
        Ok(_) => {}
        Err(failure) if failure.is("AlreadyExistsException") => made_already(session, new, &arn, failure).await?,
        Err(mut failure) => {
            if failure.is("DisabledException") {
                let help =
                    "KMS replicates an enabled key only: enable the primary key, make the replica, then disable it";
                failure.help = Some(help.to_owned());
            }
            return Err(failure);
        }
    }
    let id = arn.rsplit('/').next().unwrap_or_default().to_owned();
    Ok(Outputs::from([("arn".to_owned(), arn), ("id".to_owned(), id)]))
}

/// Success if the replica that is there is the one that would be made.
async fn made_already(session: &Session, new: &NewReplica, arn: &str, refused: Failure) -> Result<(), Failure> {
    let live = kms::tags(session, arn).await?;
    if new.tags.get(kms::ADDRESS).is_some_and(|address| live.get(kms::ADDRESS) == Some(address)) {
        return Ok(());
    }
    let mut failure = refused;
    failure.help = Some(format!(
        "{arn} is there and is not known here: give it an alias and name that here to take it over, or schedule its deletion and wait"
    ));
    Err(failure)
}
