//! Claims that say nothing: an action on what it is never on, and condition keys that no request has.

use std::collections::{BTreeMap, BTreeSet};

use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::pending;
use trueup_specs::policy::catalogue::{self, Action};
use trueup_specs::policy::lint::why_unknown_key;
use trueup_specs::resolve::{AssertedDeed, AssertedStep, Assertion};
use trueup_specs::span::Span;

use super::world::World;

/// How many forms of an ARN are named.
const FORMS_SHOWN: usize = 3;

/// What is wrong with the steps of an assertion, which may stand in many accounts: each problem once.
pub(super) fn of_claims(world: &World<'_>, claims: &[Assertion]) -> Vec<Diagnostic> {
    let steps = claims.iter().flat_map(|claim| &claim.steps);
    let found = steps.flat_map(|step| problems(world, step));
    let once: BTreeMap<(Option<Span>, String), Diagnostic> =
        found.map(|problem| ((problem.span(), problem.summary.clone()), problem)).collect();
    once.into_values().collect()
}

/// What is wrong with a step.
fn problems(world: &World<'_>, step: &AssertedStep) -> Vec<Diagnostic> {
    let AssertedStep { what, context, span } = step;
    let unknown = context.iter().filter_map(|(key, _)| why_unknown_key(key));
    let mut problems: Vec<Diagnostic> = unknown
        .map(|why| {
            let problem = Diagnostic::warning("a condition key of the context is in no request").at(*span, why);
            problem.help("nothing can depend on it: take a key that a statement tests")
        })
        .collect();
    let AssertedDeed::Do { actions, on } = what else { return problems };
    let mut misfit = |summary: String, actions: &[Action]| {
        problems.push(Diagnostic::error(summary).at(*span, "").help(acts_on(actions)));
    };
    // AWS adds actions every week; of one that is not in the catalogue nobody knows what it is on.
    let known: Vec<(&String, Vec<Action>)> =
        actions.iter().map(|action| (action, catalogue::actions(action).collect())).collect();
    let is_on = |actions: &[Action], resource: &String| {
        let resource = world.known(resource);
        actions.is_empty() || actions.iter().any(|action| action.fits(&pending::with_digits(&resource)))
    };
    for (action, found) in &known {
        if !on.is_empty() && !on.iter().any(|resource| is_on(found, resource)) {
            let named: Vec<String> =
                on.iter().map(|resource| format!("`{}`", world.what(&world.known(resource)))).collect();
            misfit(format!("`{action}` is never on {}", named.join(", ")), found);
        }
    }
    for resource in on {
        let is_all_idle = !known.is_empty() && !known.iter().any(|(_, found)| is_on(found, resource));
        if is_all_idle && on.len() > 1 {
            let all: Vec<Action> = known.iter().flat_map(|(_, found)| found.iter().copied()).collect();
            misfit(format!("none of these actions is ever on `{}`", world.what(&world.known(resource))), &all);
        }
    }
    problems
}

/// What actions are on, as the help of a problem.
fn acts_on(actions: &[Action]) -> String {
    let forms: BTreeSet<&str> = actions.iter().flat_map(Action::resource_types).flat_map(|kind| kind.arns()).collect();
    if forms.is_empty() {
        return "it is on no single resource: leave `on` out".to_owned();
    }
    let more = if forms.len() > FORMS_SHOWN { ", …" } else { "" };
    let shown: Vec<String> = forms.into_iter().take(FORMS_SHOWN).map(|form| format!("`{form}`")).collect();
    format!("AWS asks for it on {}{more}", shown.join(", "))
}
