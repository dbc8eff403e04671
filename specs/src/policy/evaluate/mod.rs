//! Who can do what: the decision AWS would make, from the documents alone.
//!
//! [`decide`] takes a [`Request`] and all [`Policies`] that have a say in it. It does no I/O and looks nothing up: whoever
//! asks brings the documents. What is not known of a request's context makes a decision [`Decision::Conditional`], never
//! a guess.
//!
//! # The rules
//!
//! Pages without a host are under <https://docs.aws.amazon.com/IAM/latest/UserGuide/>.
//!
//! | Rule | Page |
//! | --- | --- |
//! | A `Deny` of any document outweighs all; without an `Allow` there is none | `reference_policies_evaluation-logic_policy-eval-denyallow.html` |
//! | In one account identity policies and the resource's policy are a union | `reference_policies_evaluation-logic_policy-eval-basics.html` |
//! | Across accounts both sides must allow | `reference_policies_evaluation-logic-cross-account.html` |
//! | A resource policy that names an account only delegates to it | `reference_policies_elements_principal.html` |
//! | One that names a role is limited by boundary and session policies; one that names a user, by session policies; one that names a session, or everyone, by none | `access_policies_boundaries.html`, `access_policies.html#policies_session` |
//! | Identity policies count for a key only if its policy delegates | `https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html` |
//! | Only some KMS operations work across accounts | `https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html` |
//! | A role's trust policy must name who takes it on, or its account | `id_roles_use_permissions-to-switch.html` |
//! | Every level of SCPs must allow; service-linked roles and the management account stand outside | `https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html` |
//! | RCPs deny what reaches resources of some services | `https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html` |
//! | The root user may do anything in its account but what an SCP or the resource keeps from it | `reference_policies_evaluation-logic_policy-eval-denyallow.html` |
//! | `NotPrincipal` with `Deny` spares who is listed together with the account, and nobody who has a boundary | `reference_policies_elements_notprincipal.html`, `access_policies_boundaries.html` |
//! | Variables count behind a resource's fifth colon and under string, ARN and boolean operators, in `2012-10-17` only | `reference_policies_variables.html`, `reference_policies_elements_version.html` |
//!
//! # Where AWS is silent
//!
//! - A variable without value and default "might cause the entire statement to be invalid", says AWS: here its value
//!   matches nothing, and a negated operator or element that has it doesn't hold.
//! - Several values under an operator without `ForAllValues` or `ForAnyValue`: one that matches is enough, and with a
//!   negated operator too much.
//! - An IPv6 address without prefix is one address; AWS speaks of `/32` and means IPv4.
//! - Whether a boundary or a session policy that leaves an operation out limits a grant of it: the decision is open.
//! - `CanonicalUser` names some account, and no document says which: it leaves the decision open.
//! - A value not known yet (see [`policy`](super)) is text, equal to itself only.
//! - A resource whose account is unknown counts as one of the caller's account.

pub(in crate::policy) mod arn;
mod condition;
mod decide;
mod every;
mod policies;
mod principal;
mod request;
mod service;
mod statement;
mod truth;
mod values;
mod variables;

pub use decide::decide;
pub use every::{ANY, TooManySorts, decide_every, shown, sorts};
pub use policies::{Deciding, Decision, Gap, Layer, Policies, Source};
pub use request::{Caller, Context, Request};
