//! From an `[[access]]` to the requests it is about.

use std::sync::Arc;

use super::asserted::{bad_account, bad_provider, bad_resource, bad_role, bad_service};
use super::{Outputs, Walk, is_told};
use crate::access_spec::{AccessContext, AccessPrincipal, AccessSpec, AccessStep};
use crate::diagnostic::{Diagnostic, Problems};
use crate::lookup::Standpoint;
use crate::project::{Project, Scope};
use crate::span::Span;
use crate::text::Text;

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
    /// A role or a user, by its ARN; or a role's session, by its own.
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
        /// ARNs, with `*` for all that match; `*` alone for all that the actions are on.
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
    let principals = match principal {
        AccessPrincipal::Identity(text) => {
            let arns = walk.texts(std::slice::from_ref(text));
            let mut found = Vec::with_capacity(arns.len());
            for arn in arns {
                match AssertedPrincipal::of_arn(&arn) {
                    Ok(principal) => found.push(principal),
                    Err(problem) => tell(*problem, &arn, text, walk),
                }
            }
            found
        }
        AccessPrincipal::Service(text) => {
            let names = checked(std::slice::from_ref(text), bad_service, walk);
            names.into_iter().map(AssertedPrincipal::Service).collect()
        }
        AccessPrincipal::Federated(text) => {
            let providers = checked(std::slice::from_ref(text), bad_provider, walk);
            providers.into_iter().map(AssertedPrincipal::Federated).collect()
        }
        AccessPrincipal::Account(text) => {
            let ids = checked(std::slice::from_ref(text), bad_account, walk);
            ids.into_iter().map(AssertedPrincipal::Account).collect()
        }
        AccessPrincipal::Everyone => vec![AssertedPrincipal::Everyone],
    };
    let steps = steps.iter().map_while(|step| resolved_step(step, context, walk)).collect();
    Assertion { span: *span, why: why.clone(), is_denied: *is_denied, principals, steps }
}

fn tell(problem: Diagnostic, value: &str, text: &Text, walk: &mut Walk<'_>) {
    let problem = problem.at(text.span(), "");
    if is_told(value) {
        return;
    }
    // What is wrong in one account of a group is wrong in all of them.
    if !walk.problems.iter().any(|told| told.span() == problem.span() && told.severity == problem.severity) {
        walk.problems.push(problem);
    }
}

/// The strings that texts stand for, without those that are told to be wrong.
fn checked(texts: &[Text], bad: fn(&str) -> Option<Diagnostic>, walk: &mut Walk<'_>) -> Vec<String> {
    let mut good = Vec::new();
    for text in texts {
        for value in walk.texts(std::slice::from_ref(text)) {
            match bad(&value) {
                Some(problem) => tell(problem, &value, text, walk),
                None => good.push(value),
            }
        }
    }
    good
}

/// One of them, where one is meant.
fn checked_one(text: &Text, bad: fn(&str) -> Option<Diagnostic>, walk: &mut Walk<'_>) -> Option<String> {
    let value = walk.text(text);
    match bad(&value) {
        Some(problem) => {
            tell(problem, &value, text, walk);
            None
        }
        None => Some(value),
    }
}

/// Nothing for a step that can't be, which was told; what follows it is not known then either.
fn resolved_step(step: &AccessStep, all: &AccessContext, walk: &mut Walk<'_>) -> Option<AssertedStep> {
    let (what, own, span) = match step {
        AccessStep::Do { actions, on, context, span } => {
            (AssertedDeed::Do { actions: walk.texts(actions), on: checked(on, bad_resource, walk) }, context, span)
        }
        AccessStep::Assume { role, context, span } => {
            (AssertedDeed::Assume { role: checked_one(role, bad_role, walk)? }, context, span)
        }
        AccessStep::Pass { role, to, context, span } => {
            let (role, to) = (checked_one(role, bad_role, walk), checked_one(to, bad_service, walk));
            (AssertedDeed::Pass { role: role?, to: to? }, context, span)
        }
    };
    // What a step says of a key counts before what the assertion says of it.
    let inherited = all.iter().filter(|(key, _)| !own.contains_key(*key));
    let context = inherited.chain(own).map(|(key, values)| (key.clone(), walk.texts(values))).collect();
    Some(AssertedStep { what, context, span: *span })
}
