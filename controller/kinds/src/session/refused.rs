//! How often a refused connection is tried.

use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_sts::config::retry::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;

use crate::error::is_refused_connection;

/// Attempts of a run's first call at a host that refuses the connection. A service that starts is soon there; one that was not
/// started would be waited for most of a minute.
const ATTEMPTS_MAX: u32 = 2;

/// Ends the attempts of one call when the connection was refused [`ATTEMPTS_MAX`] times.
#[derive(Debug, Default)]
pub(super) struct FewRefusals {
    seen: AtomicU32,
}

impl ClassifyRetry for FewRefusals {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let refused = match context.output_or_error() {
            Some(Err(error)) => error.as_connector_error().is_some_and(is_refused_connection),
            _ => false,
        };
        if refused && self.seen.fetch_add(1, Ordering::Relaxed) + 1 >= ATTEMPTS_MAX {
            return RetryAction::RetryForbidden;
        }
        RetryAction::NoActionIndicated
    }

    fn name(&self) -> &'static str {
        "few refusals"
    }
}
