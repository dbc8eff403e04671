//! How many calls were made: every attempt that leaves for AWS is counted, retries included.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use trueup_engine::facts::ReadCost;

/// What one read took so far.
#[derive(Debug, Default)]
pub struct Counter {
    calls: AtomicU64,
    objects: AtomicU64,
}

impl Counter {
    /// Adds to the number of objects read. Calls are counted by themselves while the read runs in [`counted`].
    pub fn objects(&self, more: usize) {
        self.objects.fetch_add(more as u64, Ordering::Relaxed);
    }

    /// What was counted.
    #[must_use]
    pub fn cost(&self) -> ReadCost {
        ReadCost { calls: self.calls.load(Ordering::Relaxed), objects: self.objects.load(Ordering::Relaxed) }
    }
}

tokio::task_local! {
    /// The counter of the read that runs. The SDK sends from within the future that awaits the call, so what is sent under a read's
    /// future is that read's; a source must therefore not `tokio::spawn`.
    static READ: Arc<Counter>;
}

/// Runs a read so that its calls count on `counter`.
pub async fn counted<F: Future>(counter: Arc<Counter>, read: F) -> F::Output {
    READ.scope(counter, read).await
}

/// Counts attempts, in all and for the read that runs.
#[derive(Clone, Debug, Default)]
pub struct CallCounter {
    total: Arc<AtomicU64>,
    throttled: Arc<AtomicU64>,
}

impl CallCounter {
    /// All attempts so far.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// Those of them that AWS refused as too many, and that were or will be sent again later.
    #[must_use]
    pub fn throttled(&self) -> u64 {
        self.throttled.load(Ordering::Relaxed)
    }
}

/// What the services call a call too many, or write into the message of such a refusal.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>
const TOO_MANY: [&[u8]; 5] = [b"Throttl", b"SlowDown", b"TooManyRequests", b"RequestLimitExceeded", b"Rate exceeded"];

/// Whether an answer refuses a call as one too many.
fn is_throttled(response: &HttpResponse) -> bool {
    let body = response.body().bytes().unwrap_or_default();
    let names = |word: &[u8]| body.windows(word.len()).any(|part| part == word);
    response.status().as_u16() >= 400 && TOO_MANY.iter().any(|word| names(word))
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for CallCounter {
    fn name(&self) -> &'static str {
        "CallCounter"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(call) = config.load::<Metadata>() {
            tracing::debug!(service = call.service(), operation = call.name(), "call");
        }
        self.total.fetch_add(1, Ordering::Relaxed);
        // Outside a read there is no counter to add to.
        let _ = READ.try_with(|counter| counter.calls.fetch_add(1, Ordering::Relaxed));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if context.response().is_some_and(is_throttled) {
            self.throttled.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}
