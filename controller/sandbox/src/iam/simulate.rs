//! `SimulatePrincipalPolicy`: what the policies of a user, group or role would allow.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>,
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html>. One result an action, with the most
//! restrictive decision over all resources, and one inside of it for each resource.
//!
//! What AWS does beyond that and the sandbox does not: policies and contexts given with the call are refused; service
//! control policies have no say; a context key is never known, so that it is a missing one; and the form of an action's
//! ARNs (`EvalResourceName` of the whole) is always `*`.

use std::collections::BTreeSet;

use super::Context;
use super::evaluation::{Document, Found, Source, decide};
use super::fault::Fault;
use super::query::Page;
use super::state::{Grants, State, key};
use super::{managed, render};
use crate::xml::Xml;

/// Parameters by which a call brings policies or a context of its own.
const NOT_SPOKEN: [&str; 8] = [
    "CallerArn",
    "ContextEntries",
    "PermissionsBoundaryPolicyInputList",
    "PolicyExclusionList",
    "PolicyInputList",
    "ResourceHandlingOption",
    "ResourceOwner",
    "ResourcePolicy",
];

/// Whose policies are looked at.
struct Subject {
    identity: Vec<Document>,
    boundary: Option<Vec<Document>>,
    user: Option<String>,
}

/// `SimulatePrincipalPolicy`.
pub(super) fn principal(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let params = &context.params;
    if let Some(name) = NOT_SPOKEN.iter().find(|name| params.any(name)) {
        return Err(Fault::invalid_input(format!("The sandbox does not simulate with {name}.")));
    }
    let arn = params.required("PolicySourceArn")?.to_owned();
    let actions: Vec<String> = params.list("ActionNames").into_iter().map(str::to_owned).collect();
    if actions.is_empty() {
        return Err(Fault::constraint("null", "actionNames", "not be null"));
    }
    if let Some(action) = actions.iter().find(|action| !is_action(action)) {
        return Err(Fault::invalid_input(format!("Invalid Action: {action}")));
    }
    let mut resources: Vec<String> = params.list("ResourceArns").into_iter().map(str::to_owned).collect();
    if let Some(resource) = resources.iter().find(|resource| !is_resource(resource)) {
        return Err(Fault::invalid_input(format!("Invalid resource: {resource}")));
    }
    let is_everything = resources.is_empty() || resources == ["*"];
    if resources.is_empty() {
        resources.push("*".to_owned());
    }
    let paging = params.paging()?;
    let subject = subject(context.iam(), context.account(), &arn)?;
    // Each action once, however often it was named.
    let actions: BTreeSet<String> = actions.into_iter().collect();
    let Page { items, marker } = paging.cut(actions, String::clone);
    out.open("EvaluationResults");
    for action in items {
        out.open("member");
        write_action(&subject, &action, &resources, is_everything, out);
        out.close();
    }
    out.close();
    render::end_of_page(marker, out);
    Ok(())
}

/// `service:Name`, without wildcards, of 3 to 128 characters.
fn is_action(action: &str) -> bool {
    let is_plain =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    action.len() <= 128 && action.split_once(':').is_some_and(|(service, name)| is_plain(service) && is_plain(name))
}

/// `*`, or an ARN of up to 2,048 characters.
fn is_resource(resource: &str) -> bool {
    resource == "*" || (resource.len() <= 2048 && resource.starts_with("arn:") && resource.splitn(6, ':').count() == 6)
}

fn subject(iam: &State, account: &str, arn: &str) -> Result<Subject, Fault> {
    let missing = || Fault::no_such_entity(format!("ARN {arn} does not exist."));
    let mut parts = arn.splitn(6, ':').skip(4);
    let (owner, resource) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let (sort, path) = resource.split_once('/').unwrap_or((resource, ""));
    if !arn.starts_with("arn:aws:iam::") || !["group", "role", "user"].contains(&sort) || path.is_empty() {
        return Err(Fault::invalid_input(format!(
            "Invalid Entity Arn: {arn} does not clearly define entity type and name."
        )));
    }
    if owner != account {
        return Err(missing());
    }
    let name = key(path.rsplit('/').next().unwrap_or(path));
    let is_it = |found: &str| found == arn;
    match sort {
        "role" => {
            let role = iam.roles.get(&name).filter(|role| is_it(&role.identity.arn)).ok_or_else(missing)?;
            let identity = documents(iam, &role.grants, "role", &role.identity.name);
            Ok(Subject { identity, boundary: boundary(iam, &role.grants), user: None })
        }
        "user" => {
            let user = iam.users.get(&name).filter(|user| is_it(&user.identity.arn)).ok_or_else(missing)?;
            let mut identity = documents(iam, &user.grants, "user", &user.identity.name);
            for group in iam.groups.values().filter(|group| group.members.contains(&name)) {
                identity.extend(documents(iam, &group.grants, "group", &group.identity.name));
            }
            let user_name = Some(user.identity.name.clone());
            Ok(Subject { identity, boundary: boundary(iam, &user.grants), user: user_name })
        }
        _ => {
            let group = iam.groups.get(&name).filter(|group| is_it(&group.identity.arn)).ok_or_else(missing)?;
            let identity = documents(iam, &group.grants, "group", &group.identity.name);
            Ok(Subject { identity, boundary: None, user: None })
        }
    }
}

fn documents(iam: &State, grants: &Grants, sort: &'static str, name: &str) -> Vec<Document> {
    let inline = grants.inline.iter().map(|(policy, text)| {
        let source = Source { id: format!("{sort}_{name}_{policy}"), sort };
        Document { source, text: text.clone() }
    });
    inline.chain(grants.attached.iter().filter_map(|arn| managed_document(iam, arn))).collect()
}

fn managed_document(iam: &State, arn: &str) -> Option<Document> {
    let id = managed::name_of(arn).to_owned();
    if let Some(policy) = iam.policy_by_arn(arn) {
        let text = policy.versions.get(&policy.default_version)?.document.clone();
        return Some(Document { source: Source { id, sort: "user-managed" }, text });
    }
    let text = managed::find(arn)?.document();
    Some(Document { source: Source { id, sort: "aws-managed" }, text })
}

/// What bounds an identity; a boundary that is gone allows nothing.
fn boundary(iam: &State, grants: &Grants) -> Option<Vec<Document>> {
    grants.boundary.as_ref().map(|arn| managed_document(iam, arn).into_iter().collect())
}

fn write_action(subject: &Subject, action: &str, resources: &[String], is_everything: bool, out: &mut Xml) {
    let user = subject.user.as_deref();
    let results: Vec<(&String, Found)> = resources
        .iter()
        .map(|resource| (resource, decide(&subject.identity, subject.boundary.as_deref(), user, action, resource)))
        .collect();
    let decision = results.iter().map(|(_, found)| found.decision).min().unwrap_or_default();
    let mut whole = Found { decision, ..Found::default() };
    for (_, found) in &results {
        whole.statements.extend(found.statements.iter().cloned());
        whole.missing.extend(found.missing.iter().cloned());
        whole.within_boundary = match (whole.within_boundary, found.within_boundary) {
            (Some(before), Some(now)) => Some(before && now),
            (before, now) => before.or(now),
        };
    }
    out.leaf("EvalActionName", action).leaf("EvalResourceName", "*");
    out.leaf("EvalDecision", whole.decision.word());
    write_found(&whole, out);
    if is_everything {
        return;
    }
    out.open("ResourceSpecificResults");
    for (resource, found) in results {
        out.open("member");
        out.leaf("EvalResourceName", resource).leaf("EvalResourceDecision", found.decision.word());
        write_found(&found, out);
        out.close();
    }
    out.close();
}

fn write_found(found: &Found, out: &mut Xml) {
    let Found { decision: _, statements, missing, within_boundary } = found;
    out.open("MatchedStatements");
    for Source { id, sort } in statements {
        out.open("member").leaf("SourcePolicyId", id).leaf("SourcePolicyType", sort).close();
    }
    out.close().open("MissingContextValues");
    for name in missing {
        out.leaf("member", name);
    }
    out.close();
    if let Some(is_within) = within_boundary {
        out.open("PermissionsBoundaryDecisionDetail").leaf("AllowedByPermissionsBoundary", is_within).close();
    }
}
