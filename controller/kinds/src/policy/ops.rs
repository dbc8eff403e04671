//! The calls that make one policy into another, and what they mean.

use std::borrow::Cow;
use std::collections::BTreeMap;

use trueup_engine::kind::{At, OpInfo, Refusal, Steps};
use trueup_specs::policy::{Document, pack as packing};

use super::parts::{Part, PartView, TAG_PART, base};
use super::{PolicyCall, PolicyModel, PolicyOp, pack};
use crate::fields::{Named, PolicyDocument, TagChange, Tags};

/// Versions a policy may have, the one in effect included.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html>
const VERSIONS_MAX: usize = 5;

type Parts<'m> = BTreeMap<String, PartView<'m>>;

/// See [`trueup_engine::kind::Kind::ops`].
pub(super) fn ops(
    at: &At,
    before: Option<&PolicyModel>,
    after: Option<&PolicyModel>,
) -> Result<Steps<PolicyOp>, Refusal> {
    let ops = match (before, after) {
        (None, None) => Vec::new(),
        (None, Some(after)) => creation(at, after)?,
        (Some(before), None) => removal(at, before),
        (Some(before), Some(after)) => return change(at, before, after),
    };
    Ok(Steps { ops, replaces: Vec::new() })
}

fn arn(at: &At, model: &PolicyModel, name: &str) -> String {
    Named { path: model.path.clone(), name: name.to_owned() }.arn(at, "policy")
}

fn on(at: &At, model: &PolicyModel, name: &str, call: PolicyCall) -> PolicyOp {
    let policy = Named { path: model.path.clone(), name: name.to_owned() };
    PolicyOp { arn: policy.arn(at, "policy"), policy, call }
}

fn parts_of(model: &PolicyModel) -> Result<Parts<'_>, Refusal> {
    model.in_parts().ok_or_else(|| Refusal {
        field: "parts",
        why: "it was spread over other policies than it would be now".to_owned(),
        help: "apply its spec, which says what it should be".to_owned(),
    })
}

/// The tags of a part as AWS has them.
fn with_part(tags: &Tags, of: &PolicyModel, name: &str) -> Tags {
    let mut tags = tags.clone();
    if let Some((_, number)) = base(name).filter(|_| name != of.name) {
        tags.insert(TAG_PART.to_owned(), number.to_string());
    }
    tags
}

fn make(at: &At, model: &PolicyModel, name: &str, document: &PolicyDocument) -> PolicyOp {
    let PolicyModel { description, tags, .. } = model;
    let (description, document, tags) = (description.clone(), document.clone(), with_part(tags, model, name));
    on(at, model, name, PolicyCall::CreatePolicy { description, document, tags })
}

fn creation(at: &At, after: &PolicyModel) -> Result<Vec<PolicyOp>, Refusal> {
    Ok(parts_of(after)?.iter().map(|(name, part)| make(at, after, name, &part.document)).collect())
}

/// The first goes last: the others are known by its name.
fn removal(at: &At, before: &PolicyModel) -> Vec<PolicyOp> {
    let only = || [(before.name.clone(), before.held.spare.clone())].into();
    let spare = |name: &String| before.held.parts.get(name).map(|part| part.spare.clone()).unwrap_or_default();
    let parts: Vec<(String, Vec<String>)> = if before.parts.is_empty() {
        only()
    } else {
        before.parts.iter().map(|name| (name.clone(), spare(name))).collect()
    };
    parts.iter().rev().flat_map(|(name, spare)| delete(at, before, name, spare)).collect()
}

fn delete(at: &At, model: &PolicyModel, name: &str, spare: &[String]) -> Vec<PolicyOp> {
    let versions = spare.iter().map(|version| PolicyCall::DeletePolicyVersion { version: version.clone() });
    versions.chain([PolicyCall::DeletePolicy]).map(|call| on(at, model, name, call)).collect()
}

fn change(at: &At, before: &PolicyModel, after: &PolicyModel) -> Result<Steps<PolicyOp>, Refusal> {
    let PolicyModel { name, path, description, policy: _, parts: _, tags, held: _ } = after;
    let fields = [
        ("name", *name != before.name),
        ("path", *path != before.path),
        ("description", *description != before.description),
    ];
    let replaces: Vec<&'static str> = fields.iter().filter(|(_, differs)| *differs).map(|(field, _)| *field).collect();
    if !replaces.is_empty() {
        let mut ops = removal(at, before);
        ops.extend(creation(at, after)?);
        return Ok(Steps { ops, replaces });
    }
    let was = parts_of(before)?;
    let becomes = documents(&was, after)?;
    let mut ops = Vec::new();
    for (name, part) in was.iter().filter(|(name, _)| becomes.contains_key(*name)) {
        let TagChange { put, remove } = TagChange::between(part.tags, tags);
        let untag = (!remove.is_empty()).then_some(PolicyCall::UntagPolicy { keys: remove });
        let tag = (!put.is_empty()).then_some(PolicyCall::TagPolicy { tags: put });
        ops.extend(untag.into_iter().chain(tag).map(|call| on(at, after, name, call)));
    }
    let (made, kept): (BTreeMap<_, _>, BTreeMap<_, _>) =
        becomes.into_iter().partition(|(name, _)| !was.contains_key(name));
    let gone: BTreeMap<&String, &PartView<'_>> =
        was.iter().filter(|(name, _)| !made.contains_key(*name) && !kept.contains_key(*name)).collect();
    ops.extend(made.iter().map(|(name, document)| make(at, after, name, document)));
    let hand_over = HandOver {
        taken_over_by: made.keys().map(|name| arn(at, after, name)).collect(),
        takes_over: gone.keys().map(|name| arn(at, after, name)).collect(),
    };
    ops.extend(
        rewritten(&was, &kept)?.into_iter().flat_map(|name| new_version(at, after, name, &was, &kept, &hand_over)),
    );
    ops.extend(gone.iter().rev().flat_map(|(name, part)| delete(at, before, name, part.spare)));
    Ok(Steps { ops, replaces })
}

/// The parts that what a policy says moves to and from.
struct HandOver {
    taken_over_by: Vec<String>,
    takes_over: Vec<String>,
}

fn new_version(
    at: &At,
    after: &PolicyModel,
    name: &str,
    was: &Parts<'_>,
    becomes: &BTreeMap<String, Cow<'_, PolicyDocument>>,
    hand_over: &HandOver,
) -> Vec<PolicyOp> {
    let (Some(part), Some(document)) = (was.get(name), becomes.get(name)) else { return Vec::new() };
    let surplus = (part.spare.len() + 2).saturating_sub(VERSIONS_MAX);
    let oldest = part.spare.iter().take(surplus);
    let mut calls: Vec<PolicyCall> =
        oldest.map(|version| PolicyCall::DeletePolicyVersion { version: version.clone() }).collect();
    calls.push(PolicyCall::CreatePolicyVersion {
        document: document.clone().into_owned(),
        taken_over_by: hand_over.taken_over_by.clone(),
        takes_over: hand_over.takes_over.clone(),
    });
    calls.into_iter().map(|call| on(at, after, name, call)).collect()
}

/// What each part says in the end: each statement where it is now, if that can be.
fn documents<'m>(
    was: &Parts<'m>,
    after: &'m PolicyModel,
) -> Result<BTreeMap<String, Cow<'m, PolicyDocument>>, Refusal> {
    let anew = parts_of(after)?;
    let held: Vec<Option<&Document>> = anew.keys().map(|name| was.get(name)?.document.document()).collect();
    // What fits into one goes into it.
    let kept = after.policy.document().filter(|_| anew.len() > 1);
    let kept = kept.and_then(|whole| packing::keep(whole, &held, pack::ROOM));
    let kept =
        kept.map(|kept| kept.into_iter().map(|document| Cow::Owned(PolicyDocument::Document(document))).collect());
    let documents: Vec<Cow<'m, PolicyDocument>> =
        kept.unwrap_or_else(|| anew.values().map(|part| part.document.clone()).collect());
    Ok(anew.into_keys().zip(documents).collect())
}

/// The names of the parts that say something else, so ordered that nothing is denied or allowed less on the way.
fn rewritten<'n>(
    was: &Parts<'_>,
    becomes: &'n BTreeMap<String, Cow<'_, PolicyDocument>>,
) -> Result<Vec<&'n str>, Refusal> {
    let changes = |name: &&String| was.get(*name).is_none_or(|part| part.document != becomes[*name]);
    let names: Vec<&String> = becomes.keys().filter(changes).collect();
    let after: Option<Vec<Document>> = names.iter().map(|name| becomes[*name].document().cloned()).collect();
    // A text that is not understood has nothing that could be followed.
    let Some(after) = after else { return Ok(names.into_iter().map(String::as_str).collect()) };
    let before: Vec<Option<&Document>> = names.iter().map(|name| was.get(*name)?.document.document()).collect();
    let order = packing::order(&before, &after).ok_or_else(|| Refusal {
        field: "policy",
        why: "statements that deny would have to change places between parts that are full".to_owned(),
        help: "write what denies into a `policy` of its own".to_owned(),
    })?;
    Ok(order.into_iter().filter_map(|index| names.get(index)).map(|name| name.as_str()).collect())
}

/// See [`trueup_engine::kind::Kind::info`].
pub(super) fn info(op: &PolicyOp) -> OpInfo {
    let PolicyOp { policy: Named { path: _, name }, arn, call } = op;
    let of = |call, title: String| OpInfo { call, resource: arn.clone(), title, ..OpInfo::default() };
    let adds = |call, title: String| OpInfo { needs: vec![arn.clone()], ..of(call, title) };
    match call {
        PolicyCall::CreatePolicy { description: _, document: _, tags } => OpInfo {
            creates: vec![arn.clone()],
            yields: if tags.contains_key(TAG_PART) { &[] } else { &["id"] },
            ..of("iam:CreatePolicy", format!("create policy {name}"))
        },
        PolicyCall::DeletePolicyVersion { version } => {
            of("iam:DeletePolicyVersion", format!("delete version {version} of policy {name}"))
        }
        PolicyCall::CreatePolicyVersion { document: _, taken_over_by, takes_over } => OpInfo {
            taken_over_by: taken_over_by.clone(),
            takes_over: takes_over.clone(),
            ..adds("iam:CreatePolicyVersion", format!("put a new version of policy {name} in effect"))
        },
        PolicyCall::TagPolicy { tags: _ } => adds("iam:TagPolicy", format!("tag policy {name}")),
        PolicyCall::UntagPolicy { keys: _ } => of("iam:UntagPolicy", format!("remove tags of policy {name}")),
        PolicyCall::DeletePolicy => {
            OpInfo { destroys: vec![arn.clone()], ..of("iam:DeletePolicy", format!("delete policy {name}")) }
        }
    }
}

/// See [`trueup_engine::kind::Kind::simulate`].
pub(super) fn simulate(model: &mut Option<PolicyModel>, op: &PolicyOp) {
    let PolicyOp { policy: Named { path, name }, arn: _, call } = op.clone();
    let (base, made_as, mut parts) = match model {
        Some(policy) => {
            let views = policy.in_parts().unwrap_or_default();
            let part = |view: PartView<'_>| Part {
                document: view.document.into_owned(),
                tags: view.tags.clone(),
                spare: view.spare.to_vec(),
            };
            let parts = views.into_iter().map(|(name, view)| (name, part(view))).collect();
            (policy.name.clone(), policy.description.clone(), parts)
        }
        None => (name.clone(), String::new(), BTreeMap::new()),
    };
    let mut description = made_as;
    match call {
        PolicyCall::CreatePolicy { description: said, document, mut tags } => {
            tags.remove(TAG_PART);
            description = said;
            parts.insert(name, Part { document, tags, spare: Vec::new() });
        }
        PolicyCall::DeletePolicy => {
            parts.remove(&name);
        }
        PolicyCall::DeletePolicyVersion { version } => {
            on_part(&mut parts, &name, |part| part.spare.retain(|spare| *spare != version));
        }
        // The version that was in effect becomes a spare one, but its id is nowhere in the operation.
        PolicyCall::CreatePolicyVersion { document, .. } => on_part(&mut parts, &name, |part| part.document = document),
        PolicyCall::TagPolicy { tags } => on_part(&mut parts, &name, |part| part.tags.extend(tags)),
        PolicyCall::UntagPolicy { keys } => {
            on_part(&mut parts, &name, |part| part.tags.retain(|key, _| !keys.contains(key)));
        }
    }
    *model = (!parts.is_empty()).then(|| PolicyModel::of_parts(base, path, description, parts));
}

fn on_part(parts: &mut BTreeMap<String, Part>, name: &str, change: impl FnOnce(&mut Part)) {
    if let Some(part) = parts.get_mut(name) {
        change(part);
    }
}
