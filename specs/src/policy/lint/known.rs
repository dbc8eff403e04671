//! What AWS's catalogue has nothing of: actions, resources and condition keys that can't do what they say.
//!
//! AWS takes all of it and nothing comes of it: an allow that allows nothing, a deny that denies nothing. Whatever is not known
//! before apply, or stands for anything, is taken to be right.

use super::look::{actions, each, tested};
use super::{DocumentLint, Subject};
use crate::lint::{Hit, Level, Lint, Severity};
use crate::pending::show;
use crate::policy::catalogue::{self, Action, Service};
use crate::policy::model::{Actions, Effect, Resources, Statement};
use crate::policy::unknown::is_unknown;
use crate::suggest::nearest;

/// How many actions, or forms of an ARN, one label names.
const NAMED_MAX: usize = 3;

/// Keys that any request may have and the catalogue has not.
///
/// Those of CodeBuild and `aws:SignInSessionArn` are on
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>; `aws:PrincipalOrgMasterAccountId` is in policies
/// of AWS's own: <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html>
const MORE_GLOBAL_KEYS: &[&str] =
    &["aws:PrincipalOrgMasterAccountId", "aws:SignInSessionArn", "codebuild:BuildArn", "codebuild:ProjectArn"];

/// The global keys for tags: only of some actions.
const TAG_KEYS: &[&str] = &["aws:RequestTag/${TagKey}", "aws:ResourceTag/${TagKey}", "aws:TagKeys"];

pub(super) static LINTS: &[DocumentLint] = &[
    DocumentLint {
        lint: Lint {
            id: "action-resource-mismatch",
            severity: Severity::Medium,
            level: Level::Warn,
            summary: "an action and a resource of the statement don't belong together",
            reason: "AWS asks for an action on the things it acts on; named with others, the statement says nothing about it",
            help: "name what the action acts on, such as a bucket's objects by the bucket's ARN and `/*`; or put it into a statement of its own",
            page: "https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html",
        },
        uses: &[],
        check: |subject| {
            let mut hits = both(subject, "Resource", idle_resource);
            // Where nothing acts on the resource, that is said already.
            hits.extend(both(subject, "Action", |statement| {
                if idle_resource(statement).is_some() { None } else { idle_action(statement) }
            }));
            hits
        },
    },
    DocumentLint {
        lint: Lint {
            id: "unknown-action",
            severity: Severity::Medium,
            level: Level::Warn,
            summary: "no service has such an action",
            reason: "AWS takes any name, and a statement about an action that does not exist says nothing",
            help: "look the action up on its service's page; its name is not always that of the API's operation",
            page: "https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html",
        },
        uses: &[],
        check: |subject| {
            both(subject, "Action", |statement| {
                let named = match &statement.action {
                    Actions::Is(named) | Actions::Not(named) => named,
                };
                let unknown: Vec<String> =
                    named.iter().filter_map(|action| catalogue::why_unknown(action.as_str())).collect();
                (!unknown.is_empty()).then(|| some_of(&unknown))
            })
        },
    },
    DocumentLint {
        lint: Lint {
            id: "unknown-condition-key",
            severity: Severity::Medium,
            level: Level::Warn,
            summary: "no action of the statement has this condition key",
            reason: "the key is in no request the statement is about: most conditions on it never hold, and the others always do",
            help: "take a key of the action, or put the actions that have it into a statement of their own",
            page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_actions-resources-contextkeys.html",
        },
        uses: &[],
        check: |subject| {
            both(subject, "Condition", |statement| {
                let unknown: Vec<String> =
                    tested(statement).filter_map(|(_, key, _)| idle_key(statement, key)).collect();
                (!unknown.is_empty()).then(|| some_of(&unknown))
            })
        },
    },
];

/// What the statements of both effects are told of.
fn both(subject: &Subject<'_>, element: &str, label: impl Fn(&Statement) -> Option<String>) -> Vec<Hit> {
    let mut hits = each(subject, Effect::Allow, element, &label);
    hits.extend(each(subject, Effect::Deny, element, &label));
    hits
}

fn some_of(all: &[String]) -> String {
    let more = all.len().saturating_sub(NAMED_MAX);
    let named = all.iter().take(NAMED_MAX).map(String::as_str).collect::<Vec<_>>().join("; ");
    if more == 0 { named } else { format!("{named}; and {more} more") }
}

fn is_everything(action: &str) -> bool {
    matches!(action, "*" | "*:*")
}

/// The actions a statement is about, by the pattern that names them; nothing if it is about more than can be looked up.
fn named(statement: &Statement) -> Option<Vec<(&str, Vec<Action>)>> {
    if let Actions::Not(_) = statement.action {
        return None;
    }
    let mut named = Vec::new();
    for pattern in actions(statement) {
        if is_everything(pattern) || is_unknown(pattern) {
            return None;
        }
        let matching: Vec<Action> = catalogue::actions(pattern).collect();
        // What does not exist is told by another lint; it may be newer than the catalogue.
        if matching.is_empty() {
            return None;
        }
        named.push((pattern, matching));
    }
    Some(named)
}

fn resources(statement: &Statement) -> impl Iterator<Item = &str> {
    let named = match &statement.resource {
        Some(Resources::Is(named)) => Some(named),
        Some(Resources::Not(_)) | None => None,
    };
    named.into_iter().flatten().map(String::as_str)
}

/// The first resource on which no action of the statement can be.
fn idle_resource(statement: &Statement) -> Option<String> {
    let named = named(statement)?;
    let all = || named.iter().flat_map(|(_, actions)| actions);
    let idle = resources(statement).find(|resource| !all().any(|action| action.fits(resource)))?;
    let only = match &named[..] {
        [(pattern, actions)] => format!(": {}", acts_on(pattern, actions)),
        _ => String::new(),
    };
    Some(format!("nothing named here acts on `{}`{only}", show(idle)))
}

/// The first action that can be on none of the statement's resources.
fn idle_action(statement: &Statement) -> Option<String> {
    resources(statement).next()?;
    let named = named(statement)?;
    let fits = |action: &Action| resources(statement).any(|resource| action.fits(resource));
    let (pattern, actions) = named.iter().find(|(_, actions)| !actions.iter().any(fits))?;
    Some(acts_on(pattern, actions))
}

/// What the actions of a pattern are on.
fn acts_on(pattern: &str, actions: &[Action]) -> String {
    let mut arns: Vec<&str> = Vec::new();
    for arn in actions.iter().flat_map(Action::resource_types).flat_map(|type_| type_.arns()) {
        if !arns.contains(&arn) {
            arns.push(arn);
        }
    }
    if arns.is_empty() {
        return format!("`{pattern}` is on no single resource: it needs `*`");
    }
    let more = if arns.len() > NAMED_MAX { ", …" } else { "" };
    let shown: Vec<String> = arns.iter().take(NAMED_MAX).map(|arn| format!("`{arn}`")).collect();
    format!("`{pattern}` acts on {}{more}", shown.join(", "))
}

/// What is wrong with a condition key that no request of any action has; nothing if some has it, or may.
#[must_use]
pub fn why_unknown_key(key: &str) -> Option<String> {
    let Some((prefix, _)) = key.split_once(':') else {
        return Some(format!("`{key}` is no condition key: one has a prefix, as in `aws:SourceAccount`"));
    };
    let service = catalogue::service(prefix);
    let is_known = is_unknown(key)
        || catalogue::is_issuer(prefix)
        || is_global(key)
        || service.is_some_and(|service| has_key(service, key));
    (!is_known).then(|| not_there(prefix, key, service))
}

/// What is wrong with a condition key that no action of the statement has.
fn idle_key(statement: &Statement, key: &str) -> Option<String> {
    let is_tag = TAG_KEYS.iter().any(|known| catalogue::is_key(known, key));
    let (prefix, _) = key.split_once(':')?;
    if is_unknown(key) || catalogue::is_issuer(prefix) || !is_tag && is_global(key) {
        return None;
    }
    let actions = named(statement);
    let is_had = |actions: &[(&str, Vec<Action>)]| {
        actions.iter().flat_map(|(_, actions)| actions).any(|action| action.has_key(key))
    };
    let service = catalogue::service(prefix);
    let is_known = is_tag || service.is_some_and(|service| has_key(service, key));
    match &actions {
        None if is_known => None,
        Some(actions) if is_had(actions) || service.is_some_and(|service| service.has_free_key(key)) => None,
        Some(actions) if is_known => Some(format!("`{key}` is no key of {}", whose(actions))),
        None | Some(_) => Some(not_there(prefix, key, service)),
    }
}

/// The keys that belong to no one service, those for tags among them.
fn global_keys() -> impl Iterator<Item = &'static str> + Clone {
    catalogue::global_keys().chain(MORE_GLOBAL_KEYS.iter().copied())
}

fn is_global(key: &str) -> bool {
    global_keys().any(|known| catalogue::is_key(known, key))
}

fn has_key(service: &Service, key: &str) -> bool {
    service.condition_keys().any(|known| catalogue::is_key(known, key))
}

fn whose(actions: &[(&str, Vec<Action>)]) -> String {
    match actions {
        [(pattern, _)] => format!("`{pattern}`"),
        many => format!("these {} actions", many.len()),
    }
}

/// Of a key that is nowhere.
fn not_there(prefix: &str, key: &str, service: Option<&'static Service>) -> String {
    let is_aws = prefix.eq_ignore_ascii_case("aws");
    if service.is_none() && !is_aws {
        return format!("no service has the prefix `{prefix}`");
    }
    // What a variable stands for is the writer's, and says nothing about what was meant.
    let fixed = |known: &'static str| known.split("/${").next().unwrap_or(known);
    let global = global_keys().filter(|_| is_aws);
    let known = service.into_iter().flat_map(Service::condition_keys).chain(global);
    let near = nearest(key.split('/').next().unwrap_or(key), known.clone().map(fixed));
    let near = near.and_then(|near| known.clone().find(|known| fixed(known) == near));
    let meant = near.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
    format!("there is no `{key}`{meant}")
}
