//! The life of a run in S3: a document it writes again and again, and that others watch.
//!
//! Nobody trusts another's clock. A run counts its term from before its last renewal was sent, others count theirs from after they saw it;
//! so a run stops before others may take over. Should its clock have stood still (a machine that slept), its next renewal finds itself ended.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use tokio::time::{Duration, Instant};
use trueup_state::store::{Expect, Holder, Life, Put, StoreError, Tag};

use super::{Bucket, Worker};

/// How long a run may give no sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The pause between two signs of a run.
    pub renew: Duration,
    /// So long after its last sign a run may still begin a call.
    pub valid: Duration,
    /// So long others watch before they take over: longer than `valid`, by more than two clocks can drift apart in that time.
    pub watch: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        // Three signs may be lost before a run stops, and a crashed run keeps others waiting for a minute and a quarter.
        Self { renew: Duration::from_secs(15), valid: Duration::from_secs(60), watch: Duration::from_secs(75) }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Sign {
    format: u32,
    holder: Holder,
    /// Counts the signs, so that no two are equal.
    count: u64,
    /// Another run took over.
    ended: bool,
}

const FORMAT: u32 = 1;

fn name(run: &str) -> String {
    format!("alive/{run}.json")
}

fn put(name: String, sign: &Sign, expect: Expect) -> Result<Put, StoreError> {
    let bytes = serde_json::to_vec(sign).map_err(|source| StoreError::Damaged { path: name.clone(), source })?;
    Ok(Put { name, bytes, expect, added: None })
}

/// Until when a run may begin calls.
#[derive(Debug)]
struct Valid {
    until: Instant,
    /// The same by the wall clock, which goes on while a machine sleeps.
    until_wall: SystemTime,
    lost: Option<String>,
}

/// The clock of this machine, which goes on while it sleeps.
pub(super) type Wall = fn() -> SystemTime;

#[expect(
    clippy::disallowed_methods,
    reason = "the monotonic clock stands still while a machine sleeps; this one doesn't, and is only compared with itself"
)]
pub(super) fn wall() -> SystemTime {
    SystemTime::now()
}

impl Valid {
    fn from_now(bucket: &Bucket) -> Self {
        let term = bucket.terms.valid;
        Self { until: Instant::now() + term, until_wall: (bucket.wall)() + term, lost: None }
    }
}

struct S3Life {
    bucket: Arc<Bucket>,
    worker: Worker,
    run: String,
    valid: Arc<Mutex<Valid>>,
    renewing: Option<JoinHandle<()>>,
}

pub(super) fn begin(bucket: &Arc<Bucket>, worker: &Worker, holder: &Holder) -> Result<Box<dyn Life>, StoreError> {
    let sign = Sign { format: FORMAT, holder: holder.clone(), count: 0, ended: false };
    let first = put(name(&holder.run), &sign, Expect::Absent)?;
    let valid = Arc::new(Mutex::new(Valid::from_now(bucket)));
    let tag = {
        let bucket = bucket.clone();
        worker.wait(async move { bucket.write(&first).await })??
    };
    let renewing = worker.spawn(renew(bucket.clone(), valid.clone(), sign, tag));
    Ok(Box::new(S3Life { bucket: bucket.clone(), worker: worker.clone(), run: holder.run.clone(), valid, renewing }))
}

/// Gives a sign again and again, until another run ended this one.
async fn renew(bucket: Arc<Bucket>, valid: Arc<Mutex<Valid>>, mut sign: Sign, mut tag: Tag) {
    loop {
        tokio::time::sleep(bucket.terms.renew).await;
        let next = Valid::from_now(&bucket);
        sign.count += 1;
        let Ok(put) = put(name(&sign.holder.run), &sign, Expect::Is(tag.clone())) else { return };
        match bucket.write(&put).await {
            Ok(new) => {
                tag = new;
                let mut valid = valid.lock().unwrap_or_else(PoisonError::into_inner);
                // Once it was too late, others may have acted on that.
                if valid.lost.is_none() {
                    *valid = next;
                }
            }
            Err(StoreError::Moved { .. }) => {
                let mut valid = valid.lock().unwrap_or_else(PoisonError::into_inner);
                valid.lost = Some("another run took it over, since this one gave no sign for too long".to_owned());
                return;
            }
            // Until the term is over there may be another chance.
            Err(error) => tracing::warn!("the run's lease could not be renewed: {error}"),
        }
    }
}

impl Life for S3Life {
    fn check(&self) -> Result<(), StoreError> {
        let mut valid = self.valid.lock().unwrap_or_else(PoisonError::into_inner);
        if valid.lost.is_none() && (Instant::now() >= valid.until || (self.bucket.wall)() >= valid.until_wall) {
            valid.lost = Some("its lease could not be renewed in time".to_owned());
        }
        match &valid.lost {
            None => Ok(()),
            Some(why) => Err(StoreError::Lost { why: why.clone() }),
        }
    }
}

impl Drop for S3Life {
    fn drop(&mut self) {
        if let Some(renewing) = self.renewing.take() {
            renewing.abort();
        }
        let (bucket, name) = (self.bucket.clone(), name(&self.run));
        // A sign that stays is watched for a while by who comes next, no more.
        let _ = self.worker.wait(async move { bucket.remove(&name).await });
    }
}

/// Watches a run, and ends it if it gives no sign.
pub(super) async fn ended(bucket: &Bucket, run: &str) -> Result<bool, StoreError> {
    let name = name(run);
    let Some(first) = bucket.read(&name).await? else { return Ok(true) };
    let damaged = |source| StoreError::Damaged { path: bucket.path(&name), source };
    let mut sign: Sign = serde_json::from_slice(&first.bytes).map_err(damaged)?;
    if !sign.ended {
        tracing::warn!(
            "{} holds a lock; watching whether it is alive, for at most {:?}",
            sign.holder,
            bucket.terms.watch
        );
        let until = Instant::now() + bucket.terms.watch;
        while Instant::now() < until {
            tokio::time::sleep(bucket.terms.renew / 2).await;
            match bucket.read(&name).await? {
                None => return Ok(true),
                Some(now) if now.tag != first.tag => return Ok(false),
                Some(_) => {}
            }
        }
        sign.ended = true;
        match bucket.write(&put(name.clone(), &sign, Expect::Is(first.tag))?).await {
            Ok(_) => {}
            Err(StoreError::Moved { .. }) => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    bucket.remove(&name).await?;
    Ok(true)
}
