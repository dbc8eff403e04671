//! Calls on a thing that was made a moment ago, and that its service may not show to every caller yet.

use std::time::Duration;

use trueup_engine::perform::OpContext;

use crate::driver::patiently;
use crate::error::Failure;

/// The pauses while a service has not caught up with the call before: 15 s in all. S3 and KMS name no bound; KMS says that nearly
/// all changes show within seconds, <https://docs.aws.amazon.com/kms/latest/developerguide/accessing-kms.html>.
const PAUSES: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];

/// Sends a call as [`patiently`] does, and sends it again after growing pauses while its failure is one that `is_early` knows.
///
/// # Errors
/// The call's last failure.
pub(crate) async fn soon<T, F, Fut>(
    cx: OpContext,
    is_early: impl Fn(&Failure) -> bool,
    mut call: F,
) -> Result<T, Failure>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, Failure>>,
{
    let mut pauses = PAUSES.iter();
    loop {
        let failure = match patiently(cx, &mut call).await {
            Ok(value) => return Ok(value),
            Err(failure) => failure,
        };
        match pauses.next() {
            Some(pause) if is_early(&failure) => tokio::time::sleep(*pause).await,
            Some(_) | None => return Err(failure),
        }
    }
}
