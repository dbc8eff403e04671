//! Whether a statement is about a request.

use std::collections::BTreeSet;

use super::super::caseless::Caseless;
use super::super::model::{Actions, Resources, Statement, Version};
use super::arn::{self, Case};
use super::condition;
use super::request::{Context, Request};
use super::truth::Truth;
use super::variables::{Expanded, Piece, Wildcards, expand, has_variables, is_resolved};
use crate::few::Few;

/// Whether action, resource and conditions fit; who asks is another question.
pub(super) fn fits(statement: &Statement, version: Version, request: &Request) -> Truth {
    if !is_action(&statement.action, &request.action) {
        return Truth::No;
    }
    let resource = is_resource(statement.resource.as_ref(), version, request);
    if resource == Truth::No {
        return Truth::No;
    }
    resource.min(condition::holds(&statement.condition, version, &request.context))
}

/// Actions are matched without regard to case.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>,
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html>
pub(super) fn is_action(actions: &Actions, action: &str) -> bool {
    let is_listed =
        |actions: &Few<Caseless>| actions.iter().any(|listed| arn::like(listed.as_str(), action, Case::Ignored));
    match actions {
        Actions::Is(actions) => is_listed(actions),
        Actions::Not(actions) => !is_listed(actions),
    }
}

/// Resources are matched with regard to case. A statement without any is about what its document is attached to.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>,
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notresource.html>
fn is_resource(resources: Option<&Resources>, version: Version, request: &Request) -> Truth {
    let is_listed = |resources: &Few<String>| {
        let fits = |pattern: &String| resource_fits(pattern, version, request);
        resources.iter().map(fits).max().unwrap_or(Truth::No)
    };
    match resources {
        None => Truth::Yes,
        Some(Resources::Is(resources)) => is_listed(resources),
        Some(Resources::Not(resources)) => {
            // A resource that can't be told is not another one either.
            let is_certain = |pattern: &String| match version {
                Version::V2012 if has_variables(pattern) => is_resolved(Piece::of_resource(pattern), &request.context),
                Version::V2012 | Version::V2008 => Truth::Yes,
            };
            let are_certain = resources.iter().map(is_certain).min().unwrap_or(Truth::Yes);
            is_listed(resources).not().min(are_certain)
        }
    }
}

fn resource_fits(pattern: &str, version: Version, request: &Request) -> Truth {
    if version == Version::V2008 || !has_variables(pattern) {
        return arn::like(pattern, &request.resource, Case::Matters).into();
    }
    match expand(Piece::of_resource(pattern), Wildcards::Match, &request.context) {
        Expanded::Known(tokens) => arn::like_tokens(&tokens, &request.resource).into(),
        Expanded::Open(tokens) => Truth::from(arn::like_tokens(&tokens, &request.resource)).min(Truth::Open),
        Expanded::Nothing => Truth::No,
    }
}

/// Collects the condition keys on which it depends whether the statement fits.
pub(super) fn open_keys(statement: &Statement, version: Version, context: &Context, keys: &mut BTreeSet<Caseless>) {
    condition::open_keys(&statement.condition, version, context, keys);
    if version == Version::V2012
        && let Some(Resources::Is(resources) | Resources::Not(resources)) = &statement.resource
    {
        for resource in resources {
            condition::open_variables(Piece::of_resource(resource), context, keys);
        }
    }
}
