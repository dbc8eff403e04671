//! From an `[[access]]` to the requests it is about.

use std::sync::Arc;

use super::{Outputs, Walk};
use crate::access_spec::{AccessContext, AccessPrincipal, AccessSpec, AccessStep};
use crate::diagnostic::Problems;
use crate::lookup::Standpoint;
use crate::project::{Project, Scope};
use crate::span::Span;

/// An `[[access]]` as it is for one account it stands in.
#[derive(Debug, Clone, PartialEq)]
pub struct Assertion {
    /// The place of its principal.
    pub span: Span,
    /// Why it must be so, in the words of who wrote it.
    pub why: Option<String>,
    /// Whether it says what is impossible.
    pub is_denied: bool,
    /// Everyone it is about, each alone.
    pub principals: Vec<AssertedPrincipal>,
    /// The steps, one after the other.
    pub steps: Vec<AssertedStep>,
}

/// Someone an assertion is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AssertedPrincipal {
    /// A role or a user, by its ARN.
    Identity(String),
    /// An AWS service, such as `codepipeline.amazonaws.com`.
    Service(String),
    /// Someone an identity provider vouches for, by the provider as policies name it.
    Federated(String),
    /// An account as such, by its id.
    Account(String),
    /// Everyone, with credentials or without.
    Everyone,
}

/// Condition keys with their values.
pub type AssertedContext = Vec<(String, Vec<String>)>;

/// One step of an assertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssertedStep {
    /// What is done.
    pub what: AssertedDeed,
    /// Condition keys the requests have.
    pub context: AssertedContext,
    /// The place of the step.
    pub span: Span,
}

/// What is done in a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AssertedDeed {
    /// Each of these actions on each of these resources.
    Do {
        /// Such as `s3:GetObject`.
        actions: Vec<String>,
        /// ARNs, with `*` for all that match.
        on: Vec<String>,
    },
    /// Whoever has come so far takes this role.
    Assume {
        /// The role's ARN.
        role: String,
    },
    /// Whoever has come so far hands this role to a service, which takes it.
    Pass {
        /// The role's ARN.
        role: String,
        /// The service.
        to: String,
    },
}

/// Resolves an assertion: once for each account it stands in, or once where it stands in none.
#[must_use]
pub fn assertions(
    project: &Project,
    spec: &AccessSpec,
    outputs: &dyn Outputs,
    problems: &mut Problems,
) -> Vec<Assertion> {
    let members = spec.scope.account.as_ref().and_then(|account| project.members(account));
    let scopes: Vec<Scope> = match members {
        Some(members) => {
            let of = |member: &Arc<str>| Scope { account: Some(Arc::clone(member)), ..spec.scope.clone() };
            members.iter().map(of).collect()
        }
        None => vec![spec.scope.clone()],
    };
    scopes
        .iter()
        .map(|scope| assertion(spec, &mut Walk::new(project, Standpoint::of_scope(scope), outputs, problems)))
        .collect()
}

fn assertion(spec: &AccessSpec, walk: &mut Walk<'_>) -> Assertion {
    let AccessSpec { span, why, is_denied, principal, steps, context, scope: _ } = spec;
    let mut many = |text, make: fn(String) -> AssertedPrincipal| -> Vec<AssertedPrincipal> {
        walk.texts(std::slice::from_ref(text)).into_iter().map(make).collect()
    };
    let principals = match principal {
        AccessPrincipal::Identity(text) => many(text, AssertedPrincipal::Identity),
        AccessPrincipal::Service(text) => many(text, AssertedPrincipal::Service),
        AccessPrincipal::Federated(text) => many(text, AssertedPrincipal::Federated),
        AccessPrincipal::Account(text) => many(text, AssertedPrincipal::Account),
        AccessPrincipal::Everyone => vec![AssertedPrincipal::Everyone],
    };
    let steps = steps.iter().map(|step| resolved_step(step, context, walk)).collect();
    Assertion { span: *span, why: why.clone(), is_denied: *is_denied, principals, steps }
}

fn resolved_step(step: &AccessStep, all: &AccessContext, walk: &mut Walk<'_>) -> AssertedStep {
    let (what, own, span) = match step {
        AccessStep::Do { actions, on, context, span } => {
            (AssertedDeed::Do { actions: walk.texts(actions), on: walk.texts(on) }, context, span)
        }
        AccessStep::Assume { role, context, span } => (AssertedDeed::Assume { role: walk.text(role) }, context, span),
        AccessStep::Pass { role, to, context, span } => {
            (AssertedDeed::Pass { role: walk.text(role), to: walk.text(to) }, context, span)
        }
    };
    // What a step says of a key counts before what the assertion says of it.
    let inherited = all.iter().filter(|(key, _)| !own.contains_key(*key));
    let context = inherited.chain(own).map(|(key, values)| (key.clone(), walk.texts(values))).collect();
    AssertedStep { what, context, span: *span }
}
