//! The policies of an organization. <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies.html>
//!
//! One model and one set of calls serve all types; `service_control_policy` and `resource_control_policy` only write their content in the
//! policy language.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use trueup_engine::access::{Access, Paper, Side};
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Export, Identity, Kind, Live, OpInfo, Refusal, Steps, Together};
use trueup_specs::diagnostic::{Diagnostic, Problems};
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::resolve::Resolver;
use trueup_specs::span::Span;
use trueup_specs::{JsonSpec, Reference, Target, Text, is_unit_id, pending, spec, words};

use crate::fields::{self, PolicyDocument, TagChange, Tags};
use crate::made::{Made, ROOT, THE_ORGANIZATION, token, type_enabled};
use crate::organizational_unit::LIMITS;
use crate::source::organizations::{self, OrganizationFacts, PolicyFact};

pub mod control;
pub(crate) mod perform;
#[cfg(test)]
mod tests;

/// Characters of a policy's name and description.
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreatePolicy.html>
const NAME_MAX: usize = 128;
const DESCRIPTION_MAX: usize = 512;

spec! {
    /// A policy of an organization that manages how services are used: tag policies, backup policies and the like.
    ///
    /// Service control policies and resource control policies have kinds of their own.
    pub struct OrganizationPolicySpec {
        /// Its type, which must be among the `policy_types` of the `organization`.
        /// Changing it removes the policy and makes another.
        #[key = "type"]
        pub sort: ManagementPolicy,
        /// The policy's name.
        /// Default: the name in the address, dots as dashes. At most 128 characters. Changing it renames the policy.
        pub name: Option<Text>,
        /// What it is for.
        /// Default: none. At most 512 characters.
        pub description: Option<Text>,
        /// What it says: a table, or `{ file = "…" }` for a JSON file beside this one. Compared as JSON.
        pub content: JsonSpec,
        /// What it is attached to: units and accounts by address or id, and `"root"`.
        /// Default: nothing; what a hand attached it to is detached.
        pub targets: Vec<Reference<PolicyTarget>>,
    }
}

words! {
    /// The types of management policies.
    /// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreatePolicy.html>
    pub enum ManagementPolicy {
        /// How tags are spelt.
        Tag = "TAG_POLICY",
        /// What is backed up.
        Backup = "BACKUP_POLICY",
        /// Whether AWS's AI services may keep what they see.
        AiServicesOptOut = "AISERVICES_OPT_OUT_POLICY",
        /// Which chats may be used.
        Chatbot = "CHATBOT_POLICY",
        /// How EC2 is set up.
        DeclarativeEc2 = "DECLARATIVE_POLICY_EC2",
        /// How Security Hub is set up.
        SecurityHub = "SECURITYHUB_POLICY",
        /// How Inspector is set up.
        Inspector = "INSPECTOR_POLICY",
        /// When upgrades are rolled out.
        UpgradeRollout = "UPGRADE_ROLLOUT_POLICY",
        /// How Bedrock is set up.
        Bedrock = "BEDROCK_POLICY",
        /// How S3 is set up.
        S3 = "S3_POLICY",
        /// How Network Security Director is set up.
        NetworkSecurityDirector = "NETWORK_SECURITY_DIRECTOR_POLICY",
    }
}

/// A field that names what a policy is attached to.
#[derive(Clone, Copy, Debug)]
pub struct PolicyTarget;

impl Target for PolicyTarget {
    const KINDS: &'static [&'static str] = &["organizational_unit", "account"];
    const ATTRIBUTE: &'static str = "id";
    const LITERAL: &'static str = "the id of one (ou-…, twelve digits), or \"root\"";

    fn is_literal(text: &str) -> bool {
        text == ROOT || is_unit_id(text) || (text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()))
    }
}

/// What a policy says. In JSON it is what AWS is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Content {
    /// A policy document of IAM's language.
    Policy(PolicyDocument),
    /// Any other JSON.
    Json(Value),
}

impl Content {
    /// What is sent.
    fn to_json(&self) -> String {
        match self {
            Self::Policy(document) => document.to_json(),
            Self::Json(value) => value.to_string(),
        }
    }

    /// What AWS returned for a policy of a type.
    fn from_live(sort: &str, text: &str) -> Self {
        if is_control(sort) {
            return Self::Policy(PolicyDocument::from_live(text));
        }
        serde_json::from_str(text)
            .map_or_else(|_| Self::Policy(PolicyDocument::Unreadable(text.to_owned())), Self::Json)
    }
}

/// Whether policies of the type are written in IAM's language.
fn is_control(sort: &str) -> bool {
    matches!(sort, "SERVICE_CONTROL_POLICY" | "RESOURCE_CONTROL_POLICY")
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganizationPolicyModel {
    /// Its type.
    #[serde(rename = "type")]
    pub sort: String,
    /// Its name.
    pub name: String,
    /// Empty for none.
    pub description: String,
    /// What it says.
    #[serde(rename = "policy")]
    pub content: Content,
    /// The ids of what it is attached to, and `root`.
    pub targets: BTreeSet<String>,
    /// All tags but AWS's own.
    pub tags: Tags,
    /// Its id, in a live one; neither compared nor saved.
    #[serde(skip)]
    pub id: Made,
}

/// One call on one policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationPolicyOp {
    /// Its id, or a token for it; empty before it is made.
    pub policy: String,
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub sort: String,
    /// The call.
    pub call: OrganizationPolicyCall,
}

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op")]
pub enum OrganizationPolicyCall {
    /// `CreatePolicy`.
    CreatePolicy {
        /// Empty for none.
        description: String,
        /// What it says.
        content: Content,
        /// All of them.
        tags: Tags,
    },
    /// `UpdatePolicy`.
    UpdatePolicy {
        /// Its name from then on.
        new_name: String,
        /// Empty for none.
        description: String,
        /// What it says from then on.
        content: Content,
    },
    /// `AttachPolicy`.
    AttachPolicy {
        /// An id, or `root`.
        target: String,
    },
    /// `DetachPolicy`.
    DetachPolicy {
        /// An id, or `root`.
        target: String,
    },
    /// `TagResource`.
    TagResource {
        /// New or changed.
        tags: Tags,
    },
    /// `UntagResource`.
    UntagResource {
        /// Keys.
        keys: Vec<String>,
    },
    /// `DeletePolicy`.
    DeletePolicy,
}

/// The attributes of policies of every type.
pub(crate) const ATTRIBUTES: &[(&str, &str)] = &[
    ("id", "The id, `p-…`; known after apply."),
    ("arn", "The policy's ARN; known after apply."),
    ("name", "The policy's name."),
];

/// The kind `organization_policy`.
#[derive(Clone, Copy, Debug)]
pub struct OrganizationPolicy;

static SCHEMA: KindSchema = KindSchema {
    name: "organization_policy",
    summary: "A management policy of an organization: a tag policy, a backup policy and the like.",
    scope: KindScope::Organization,
    stateful: false,
    taggable: true,
    attributes: ATTRIBUTES,
    shape: shape_of::<OrganizationPolicySpec>,
    decode: decode_any::<OrganizationPolicySpec>,
};

impl Kind for OrganizationPolicy {
    type Spec = OrganizationPolicySpec;
    type Model = OrganizationPolicyModel;
    type Op = OrganizationPolicyOp;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn sources() -> &'static [&'static str] {
        &[organizations::NAME]
    }

    fn identity(spec: &OrganizationPolicySpec, _: &At, cx: &mut Resolver<'_>) -> Identity {
        let sort = spec.sort.as_str();
        let Identity { name, claim, outputs } = identity(sort, spec.name.as_ref(), cx);
        // Several types have one kind; a name alone would not say which.
        Identity { name: format!("{}/{name}", sort.to_lowercase()), claim, outputs }
    }

    fn desired(spec: &OrganizationPolicySpec, _: &At, cx: &mut Resolver<'_>) -> Option<OrganizationPolicyModel> {
        let OrganizationPolicySpec { sort, name, description, content, targets } = spec;
        let content = json_content(sort.as_str(), content, cx)?;
        Some(desired(sort.as_str(), name.as_ref(), description.as_ref(), content, targets, cx))
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<OrganizationPolicyModel>>, Unread> {
        let mut found = observe(facts, scope, |sort| !is_control(sort))?;
        for live in &mut found {
            live.name = format!("{}/{}", live.model.sort.to_lowercase(), live.name);
        }
        Ok(found)
    }

    fn tags(model: &OrganizationPolicyModel) -> Option<&Tags> {
        Some(&model.tags)
    }

    fn tags_mut(model: &mut OrganizationPolicyModel) -> Option<&mut Tags> {
        Some(&mut model.tags)
    }

    fn ops(
        at: &At,
        before: Option<&OrganizationPolicyModel>,
        after: Option<&OrganizationPolicyModel>,
    ) -> Result<Steps<OrganizationPolicyOp>, Refusal> {
        Ok(ops(at, before, after))
    }

    fn split(_: &At, _: &OrganizationPolicyOp) -> Option<Vec<OrganizationPolicyOp>> {
        None
    }

    fn follow(_: &At, _: &OrganizationPolicyModel, _: &str) -> Vec<OrganizationPolicyOp> {
        Vec::new()
    }

    fn info(_: &At, op: &OrganizationPolicyOp) -> OpInfo {
        info(op)
    }

    fn together() -> Option<Together<OrganizationPolicyModel>> {
        Some(together)
    }

    fn export(_: &At, live: &Live<OrganizationPolicyModel>) -> Export {
        // The member `policy` is what the other kinds of policies call it.
        let content = serde_json::to_value(&live.model.content).unwrap_or_default();
        Export::same(&live.model).with("content", content)
    }

    fn simulate(model: &mut Option<OrganizationPolicyModel>, op: &OrganizationPolicyOp) {
        simulate(model, op);
    }
}

/// What AWS allows of a type.
struct Limits {
    /// Characters of the content.
    size: usize,
    /// Policies on one target, AWS's own included.
    attached: usize,
    /// AWS's own policy that is on everything and allows everything.
    full_access: Option<&'static str>,
}

/// The quotas of a type. <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
fn limits(sort: &str) -> Limits {
    let (size, attached, full_access) = match sort {
        "SERVICE_CONTROL_POLICY" => (5_120, 5, Some("FullAWSAccess")),
        "RESOURCE_CONTROL_POLICY" => (5_120, 5, Some("RCPFullAWSAccess")),
        "AISERVICES_OPT_OUT_POLICY" => (2_500, 5, None),
        "CHATBOT_POLICY" => (10_000, 5, None),
        _ => (10_000, 10, None),
    };
    Limits { size, attached, full_access }
}

fn name(given: Option<&Text>, cx: &mut Resolver<'_>) -> String {
    let Some(text) = given else { return cx.address().name.replace('.', "-") };
    let name = cx.text(text);
    let shape = pending::with_digits(&name);
    if fields::is_pending(&shape) {
        let problem = Diagnostic::error("the name of a policy must be known before apply");
        cx.problem(problem.at(text.span(), format!("stands for {}", pending::show(&name))));
    } else if !(1..=NAME_MAX).contains(&shape.chars().count()) {
        let problem = Diagnostic::error("this is no name for a policy");
        let at = format!("{} characters, and 1 to {NAME_MAX} are allowed", shape.chars().count());
        cx.problem(problem.at(text.span(), at).note(LIMITS));
    }
    name
}

/// Who a policy of a type is.
pub(crate) fn identity(sort: &str, given: Option<&Text>, cx: &mut Resolver<'_>) -> Identity {
    let name = name(given, cx);
    let claim = Some(format!("organizations policy {sort}/{name}"));
    Identity { claim, outputs: [("name".to_owned(), name.clone())].into(), name }
}

/// The model of a policy of a type.
pub(crate) fn desired(
    sort: &str,
    given: Option<&Text>,
    description: Option<&Text>,
    content: Content,
    targets: &[Reference<PolicyTarget>],
    cx: &mut Resolver<'_>,
) -> OrganizationPolicyModel {
    let description = description.map_or_else(String::new, |text| {
        let description = cx.text(text);
        let length = description.chars().count();
        if length > DESCRIPTION_MAX && !fields::is_pending(&description) {
            let problem = Diagnostic::error("the description is too long");
            let over = format!("{length} characters, {} too many", length - DESCRIPTION_MAX);
            cx.problem(problem.at(text.span(), over).note(format!("at most {DESCRIPTION_MAX} are allowed")));
        }
        description
    });
    OrganizationPolicyModel {
        sort: sort.to_owned(),
        name: name(given, cx),
        description,
        content,
        targets: cx.references(targets).into_iter().collect(),
        tags: fields::tags(cx),
        id: Made::default(),
    }
}

fn json_content(sort: &str, spec: &JsonSpec, cx: &mut Resolver<'_>) -> Option<Content> {
    let value = cx.json(spec)?;
    if !value.is_object() {
        let problem = Diagnostic::error("the content of a policy is a JSON object").at(spec.span(), "this is none");
        cx.problem(problem.help("write a table, or name a file that holds `{ … }`"));
        return None;
    }
    let (size, max) = (value.to_string().chars().count(), limits(sort).size);
    if size > max {
        let problem = Diagnostic::error("the policy is too large").at(spec.span(), "");
        cx.problem(problem.note(format!("{size} characters, {} over the limit of {max}: {LIMITS}", size - max)));
    }
    Some(Content::Json(value))
}

/// Tells of targets with more policies of one type than AWS attaches.
pub(crate) fn together(models: &[(OrganizationPolicyModel, Span)], problems: &mut Problems) {
    let mut on: BTreeMap<(&str, &str), Vec<Span>> = BTreeMap::new();
    for (model, span) in models {
        for target in &model.targets {
            on.entry((&model.sort, target)).or_default().push(*span);
        }
    }
    for ((sort, target), spans) in on {
        let Limits { size: _, attached, full_access } = limits(sort);
        let count = spans.len() + usize::from(full_access.is_some());
        let (true, Some(last)) = (count > attached, spans.last()) else { continue };
        let what = sort.to_lowercase().replace('_', " ").replace("policy", "policies");
        // A unit that is not made yet is named by its address.
        let named = pending::tokens(target).next().map(|(address, _)| address.rsplit('/').next().unwrap_or(address));
        let problem = Diagnostic::error(format!("`{}` has too many {what}", named.unwrap_or(target)));
        let with = full_access.map(|name| format!(", AWS's own {name} among them")).unwrap_or_default();
        let problem = problem.at(*last, format!("the last of {count}{with}"));
        let problem = problem.note(format!("{attached} can be attached to one unit, account or root: {LIMITS}"));
        problems.push(problem.help("put the statements of several into one, or attach some to a unit over it"));
    }
}

/// The live policies of the types that `is_own` tells.
pub(crate) fn observe(
    facts: &Facts,
    scope: &Scope,
    is_own: impl Fn(&str) -> bool,
) -> Result<Vec<Live<OrganizationPolicyModel>>, Unread> {
    let facts: &OrganizationFacts = facts.get(organizations::NAME, scope)?;
    let root = facts.organization.as_ref().map(|organization| organization.root.as_str()).unwrap_or_default();
    Ok(facts.policies.iter().filter(|policy| is_own(&policy.sort)).map(|policy| live(policy, root)).collect())
}

fn live(fact: &PolicyFact, root: &str) -> Live<OrganizationPolicyModel> {
    let PolicyFact { id, arn, name, sort, description, content, targets, tags } = fact;
    let outputs = [("id", id), ("arn", arn), ("name", name)];
    let target = |id: &String| if id == root { ROOT.to_owned() } else { id.clone() };
    Live {
        name: name.clone(),
        model: OrganizationPolicyModel {
            sort: sort.clone(),
            name: name.clone(),
            description: description.clone(),
            content: Content::from_live(sort, content),
            targets: targets.iter().map(target).collect(),
            tags: tags.clone(),
            id: Made(Some(id.clone())),
        },
        outputs: outputs.map(|(attribute, value)| (attribute.to_owned(), value.clone())).into(),
    }
}

fn on(policy: &str, model: &OrganizationPolicyModel, calls: Vec<OrganizationPolicyCall>) -> Vec<OrganizationPolicyOp> {
    let OrganizationPolicyModel { sort, name, .. } = model;
    let op = |call| OrganizationPolicyOp { policy: policy.to_owned(), name: name.clone(), sort: sort.clone(), call };
    calls.into_iter().map(op).collect()
}

/// See [`Kind::ops`].
pub(crate) fn ops(
    at: &At,
    before: Option<&OrganizationPolicyModel>,
    after: Option<&OrganizationPolicyModel>,
) -> Steps<OrganizationPolicyOp> {
    match (before, after) {
        (None, None) => Steps { ops: Vec::new(), replaces: Vec::new() },
        (None, Some(after)) => Steps { ops: creation(at, after), replaces: Vec::new() },
        (Some(before), None) => Steps { ops: removal(at, before), replaces: Vec::new() },
        (Some(before), Some(after)) if before.sort != after.sort => {
            let mut ops = removal(at, before);
            ops.extend(creation(at, after));
            Steps { ops, replaces: vec!["type"] }
        }
        (Some(before), Some(after)) => Steps { ops: change(at, before, after), replaces: Vec::new() },
    }
}

fn creation(at: &At, after: &OrganizationPolicyModel) -> Vec<OrganizationPolicyOp> {
    let OrganizationPolicyModel { sort: _, name: _, description, content, targets, tags, id: _ } = after.clone();
    let mut ops = on("", after, vec![OrganizationPolicyCall::CreatePolicy { description, content, tags }]);
    let attach = targets.into_iter().map(|target| OrganizationPolicyCall::AttachPolicy { target });
    ops.extend(on(&token(at), after, attach.collect()));
    ops
}

fn removal(at: &At, before: &OrganizationPolicyModel) -> Vec<OrganizationPolicyOp> {
    let detach = before.targets.iter().map(|target| OrganizationPolicyCall::DetachPolicy { target: target.clone() });
    on(&before.id.or_token(at), before, detach.chain([OrganizationPolicyCall::DeletePolicy]).collect())
}

/// What changes a policy in place; it is attached anew before it is detached, so that nothing is without it in between.
fn change(at: &At, before: &OrganizationPolicyModel, after: &OrganizationPolicyModel) -> Vec<OrganizationPolicyOp> {
    let OrganizationPolicyModel { sort: _, name, description, content, targets, tags, id: _ } = after;
    let mut calls = Vec::new();
    if *name != before.name || *description != before.description || *content != before.content {
        calls.push(OrganizationPolicyCall::UpdatePolicy {
            new_name: name.clone(),
            description: description.clone(),
            content: content.clone(),
        });
    }
    let attach = targets.difference(&before.targets);
    calls.extend(attach.map(|target| OrganizationPolicyCall::AttachPolicy { target: target.clone() }));
    let detach = before.targets.difference(targets);
    calls.extend(detach.map(|target| OrganizationPolicyCall::DetachPolicy { target: target.clone() }));
    let TagChange { put, remove } = TagChange::between(&before.tags, tags);
    if !remove.is_empty() {
        calls.push(OrganizationPolicyCall::UntagResource { keys: remove });
    }
    if !put.is_empty() {
        calls.push(OrganizationPolicyCall::TagResource { tags: put });
    }
    on(&before.id.or_token(at), before, calls)
}

/// See [`Kind::info`].
pub(crate) fn info(op: &OrganizationPolicyOp) -> OpInfo {
    let OrganizationPolicyOp { policy, name, sort, call } = op;
    let resource = if policy.is_empty() { "*".to_owned() } else { policy.clone() };
    let of = |call, title: String| OpInfo { call, resource: resource.clone(), title, ..OpInfo::default() };
    match call {
        OrganizationPolicyCall::CreatePolicy { description: _, content: _, tags: _ } => OpInfo {
            needs: vec![THE_ORGANIZATION.to_owned()],
            yields: &["id", "arn"],
            ..of("organizations:CreatePolicy", format!("create policy {name}"))
        },
        OrganizationPolicyCall::UpdatePolicy { new_name: _, description: _, content: _ } => {
            of("organizations:UpdatePolicy", format!("update policy {name}"))
        }
        OrganizationPolicyCall::AttachPolicy { target } => OpInfo {
            needs: vec![type_enabled(sort)],
            ..of("organizations:AttachPolicy", format!("attach policy {name} to {}", pending::show(target)))
        },
        OrganizationPolicyCall::DetachPolicy { target } => OpInfo {
            releases: vec![target.clone()],
            ..of("organizations:DetachPolicy", format!("detach policy {name} from {target}"))
        },
        OrganizationPolicyCall::TagResource { tags: _ } => {
            of("organizations:TagResource", format!("tag policy {name}"))
        }
        OrganizationPolicyCall::UntagResource { keys: _ } => {
            of("organizations:UntagResource", format!("remove tags of policy {name}"))
        }
        OrganizationPolicyCall::DeletePolicy => OpInfo {
            destroys: vec![policy.clone()],
            releases: vec![THE_ORGANIZATION.to_owned()],
            ..of("organizations:DeletePolicy", format!("delete policy {name}"))
        },
    }
}

/// See [`Kind::access`].
pub(crate) fn access(side: Side, model: &OrganizationPolicyModel) -> Vec<Access<'_>> {
    let document = match &model.content {
        Content::Policy(policy) => policy.document(),
        Content::Json(_) => None,
    };
    let targets = model.targets.iter().cloned().collect();
    vec![Access::Control { side, targets, paper: Paper::new("policy", document) }]
}

/// See [`Kind::simulate`].
pub(crate) fn simulate(model: &mut Option<OrganizationPolicyModel>, op: &OrganizationPolicyOp) {
    let OrganizationPolicyOp { policy: _, name, sort, call } = op.clone();
    if let OrganizationPolicyCall::CreatePolicy { description, content, tags } = call {
        let (targets, id) = (BTreeSet::new(), Made::default());
        *model = Some(OrganizationPolicyModel { sort, name, description, content, targets, tags, id });
        return;
    }
    let Some(held) = model else { return };
    match call {
        OrganizationPolicyCall::CreatePolicy { .. } => {}
        OrganizationPolicyCall::UpdatePolicy { new_name, description, content } => {
            held.name = new_name;
            held.description = description;
            held.content = content;
        }
        OrganizationPolicyCall::AttachPolicy { target } => {
            held.targets.insert(target);
        }
        OrganizationPolicyCall::DetachPolicy { target } => {
            held.targets.remove(&target);
        }
        OrganizationPolicyCall::TagResource { tags } => held.tags.extend(tags),
        OrganizationPolicyCall::UntagResource { keys } => held.tags.retain(|key, _| !keys.contains(key)),
        OrganizationPolicyCall::DeletePolicy => *model = None,
    }
}
