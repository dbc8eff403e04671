//! What CodeDeploy refuses with; always with status 400.

/// One refusal: the exception's name and its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Failure {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub(super) fn no_application(name: &str) -> Self {
        Self::new("ApplicationDoesNotExistException", format!("No application found for name: {name}"))
    }

    pub(super) fn no_group(name: &str) -> Self {
        Self::new("DeploymentGroupDoesNotExistException", format!("No Deployment Group found for name: {name}"))
    }

    pub(super) fn no_config(name: &str) -> Self {
        Self::new(
            "DeploymentConfigDoesNotExistException",
            format!("No Deployment Configuration found for name: {name}"),
        )
    }

    pub(super) fn batch_limit() -> Self {
        Self::new(
            "BatchLimitExceededException",
            "The maximum number of names or IDs allowed for this request (100) was exceeded",
        )
    }
}
