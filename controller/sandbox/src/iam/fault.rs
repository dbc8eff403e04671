//! IAM's errors, with the codes and statuses of the wire.
//!
//! Source: the error shapes of the service model,
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html>.

/// An error of the caller's, as it goes into an `ErrorResponse`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Fault {
    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// A parameter outside of what its shape allows.
    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationError", message)
    }

    /// One broken constraint of a shape, in the words of the framework that checks it. The value is already quoted.
    pub(super) fn constraint(value: impl AsRef<str>, member: &str, constraint: &str) -> Self {
        let value = value.as_ref();
        // A value too long to be repeated is left out.
        let space = if value.is_empty() { "" } else { " " };
        Self::validation(format!(
            "1 validation error detected: Value{space}{value} at '{member}' failed to satisfy constraint: Member must {constraint}"
        ))
    }

    /// A parameter that fits its shape and is wrong all the same.
    pub(super) fn invalid_input(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidInput", message)
    }

    /// Something named is not there.
    pub(super) fn no_such_entity(message: impl Into<String>) -> Self {
        Self::new(404, "NoSuchEntity", message)
    }

    /// Something of the name is there already.
    pub(super) fn already_exists(message: impl Into<String>) -> Self {
        Self::new(409, "EntityAlreadyExists", message)
    }

    /// Something still hangs on what should be deleted.
    pub(super) fn delete_conflict(message: impl Into<String>) -> Self {
        Self::new(409, "DeleteConflict", message)
    }

    /// A quota is used up.
    pub(super) fn limit_exceeded(message: impl Into<String>) -> Self {
        Self::new(409, "LimitExceeded", message)
    }

    /// A quota with a name is used up.
    pub(super) fn quota(name: &str, limit: usize) -> Self {
        Self::limit_exceeded(format!("Cannot exceed quota for {name}: {limit}"))
    }

    /// A policy document IAM does not take.
    pub(super) fn malformed_policy(message: impl Into<String>) -> Self {
        Self::new(400, "MalformedPolicyDocument", message)
    }

    /// A service-linked role, which only its service may change.
    pub(super) fn unmodifiable(role: &str) -> Self {
        Self::new(
            400,
            "UnmodifiableEntity",
            format!(
                "Cannot perform the operation on the protected role '{role}' - this role is only modifiable by AWS"
            ),
        )
    }

    /// A password the account does not allow.
    pub(super) fn password_policy(message: impl Into<String>) -> Self {
        Self::new(400, "PasswordPolicyViolation", message)
    }

    /// A policy that cannot be attached to what was named.
    pub(super) fn not_attachable(message: impl Into<String>) -> Self {
        Self::new(400, "PolicyNotAttachable", message)
    }

    /// An action the sandbox does not know.
    pub(super) fn invalid_action(action: &str, version: &str) -> Self {
        Self::new(400, "InvalidAction", format!("Could not find operation {action} for version {version}"))
    }

    /// A call that names no action.
    pub(super) fn missing_action() -> Self {
        Self::new(400, "MissingAction", "The request must contain the parameter Action.")
    }
}
