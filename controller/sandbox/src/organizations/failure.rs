//! What Organizations refuses with.
//!
//! Source: <https://docs.aws.amazon.com/organizations/latest/APIReference/CommonErrors.html> and the errors of each operation.

use serde_json::json;

use crate::call::Reply;
use crate::front::refusal::json_reply;

/// One refusal: the exception's name, its message and, where the exception has one, its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) reason: Option<&'static str>,
}

impl Failure {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), reason: None }
    }

    /// `InvalidInputException`.
    pub(super) fn invalid(reason: &'static str, message: impl Into<String>) -> Self {
        Self { reason: Some(reason), ..Self::new("InvalidInputException", message) }
    }

    /// `ConstraintViolationException`.
    pub(super) fn constraint(reason: &'static str, message: impl Into<String>) -> Self {
        Self { reason: Some(reason), ..Self::new("ConstraintViolationException", message) }
    }

    pub(super) fn not_in_use() -> Self {
        Self::new("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
    }

    pub(super) fn denied() -> Self {
        Self::new("AccessDeniedException", "You don't have permissions to access this resource.")
    }

    pub(super) fn no_account() -> Self {
        Self::new("AccountNotFoundException", "You specified an account that doesn't exist.")
    }

    pub(super) fn no_parent() -> Self {
        Self::new("ParentNotFoundException", "You specified parent that doesn't exist.")
    }

    pub(super) fn no_unit() -> Self {
        Self::new("OrganizationalUnitNotFoundException", "You specified an organizational unit that doesn't exist.")
    }

    pub(super) fn no_target() -> Self {
        Self::new("TargetNotFoundException", "You specified a target that doesn't exist.")
    }

    pub(super) fn no_policy() -> Self {
        Self::new("PolicyNotFoundException", "You specified a policy that doesn't exist.")
    }

    /// The answer.
    pub(super) fn reply(self) -> Reply {
        let Self { code, message, reason } = self;
        let status = if code == "AccessDeniedException" { 403 } else { 400 };
        let mut body = json!({ "__type": code, "Message": message });
        if let Some(reason) = reason {
            body["Reason"] = json!(reason);
        }
        json_reply(status, &body)
    }
}
