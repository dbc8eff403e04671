//! Service-linked roles: made for a service, whose trust and policies are the service's own.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html>

use serde::{Deserialize, Serialize};
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Export, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::resolve::Resolver;
use trueup_specs::{Text, spec};

use crate::fields::{self, IAM_SIGNS, NameRule, TagChange, Tags};
use crate::source::iam::{self, IamFacts, ServiceLinkedRoleFact};

mod perform;
#[cfg(test)]
mod tests;

/// The rules of a service's name and of a suffix.
const PAGE: &str = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceLinkedRole.html";
const SUFFIX: NameRule = NameRule { what: "service-linked role's suffix", max: 64, signs: IAM_SIGNS, page: PAGE };
/// How long a service's name may be.
const SERVICE_MAX: usize = 128;

spec! {
    /// A service-linked role: it lets a service of AWS act in the account, and only the service decides how.
    pub struct ServiceLinkedRoleSpec {
        /// The service, as policies name it: `autoscaling.amazonaws.com`.
        /// Changing it removes the role and makes another.
        pub service: Text,
        /// What tells several roles of one service apart; it ends the role's name.
        /// Default: none. Few services take one. Changing it removes the role and makes another.
        pub custom_suffix: Option<Text>,
        /// What the role is for.
        /// Default: none. At most 1,000 characters.
        pub description: Option<Text>,
    }
}

/// Which of the service-linked roles one is; AWS makes its name of both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linked {
    /// The service.
    pub service: String,
    /// What tells it from others of the service.
    pub custom_suffix: Option<String>,
}

/// A service-linked role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceLinkedRoleModel {
    /// The service.
    pub service: String,
    /// What tells it from others of the service.
    pub custom_suffix: Option<String>,
    /// Empty for none.
    pub description: String,
    /// All tags but AWS's own.
    pub tags: Tags,
}

/// One call on one service-linked role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceLinkedRoleOp {
    /// The role.
    pub role: Linked,
    /// The call.
    pub call: ServiceLinkedRoleCall,
}

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op")]
pub enum ServiceLinkedRoleCall {
    /// `CreateServiceLinkedRole`, which takes no tags.
    CreateServiceLinkedRole {
        /// Empty for none.
        description: String,
    },
    /// `UpdateRoleDescription`.
    UpdateRoleDescription {
        /// Empty for none.
        description: String,
    },
    /// `TagRole`.
    TagRole {
        /// New or changed.
        tags: Tags,
    },
    /// `UntagRole`.
    UntagRole {
        /// Keys.
        keys: Vec<String>,
    },
    /// `DeleteServiceLinkedRole`, and waiting for AWS to have done it.
    DeleteServiceLinkedRole,
}

/// The kind `service_linked_role`.
#[derive(Clone, Copy, Debug)]
pub struct ServiceLinkedRole;

static SCHEMA: KindSchema = KindSchema {
    name: "service_linked_role",
    summary: "A service-linked role: it lets a service of AWS act in the account.",
    scope: KindScope::Account,
    stateful: false,
    taggable: true,
    attributes: &[
        ("arn", "The role's ARN; known after apply."),
        ("name", "The role's name, which AWS makes of the service; known after apply."),
        ("id", "The role's unique id, `AROA…`; known after apply."),
    ],
    shape: shape_of::<ServiceLinkedRoleSpec>,
    decode: decode_any::<ServiceLinkedRoleSpec>,
};

impl Kind for ServiceLinkedRole {
    type Spec = ServiceLinkedRoleSpec;
    type Model = ServiceLinkedRoleModel;
    type Op = ServiceLinkedRoleOp;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn sources() -> &'static [&'static str] {
        &[iam::NAME]
    }

    fn identity(spec: &ServiceLinkedRoleSpec, at: &At, cx: &mut Resolver<'_>) -> Identity {
        let name = desired_linked(spec, cx).name();
        let claim = Some(format!("iam {} service-linked role {}", at.account_id, name.to_lowercase()));
        Identity { name, claim, ..Identity::default() }
    }

    fn desired(spec: &ServiceLinkedRoleSpec, _: &At, cx: &mut Resolver<'_>) -> Option<ServiceLinkedRoleModel> {
        let Linked { service, custom_suffix } = desired_linked(spec, cx);
        let description = fields::description(spec.description.as_ref(), cx);
        Some(ServiceLinkedRoleModel { service, custom_suffix, description, tags: fields::tags(cx) })
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<ServiceLinkedRoleModel>>, Unread> {
        let facts: &IamFacts = facts.get(iam::NAME, scope)?;
        Ok(facts.service_linked_roles.iter().map(live).collect())
    }

    fn tags(model: &ServiceLinkedRoleModel) -> Option<&Tags> {
        Some(&model.tags)
    }

    fn tags_mut(model: &mut ServiceLinkedRoleModel) -> Option<&mut Tags> {
        Some(&mut model.tags)
    }

    fn ops(
        _: &At,
        before: Option<&ServiceLinkedRoleModel>,
        after: Option<&ServiceLinkedRoleModel>,
    ) -> Result<Steps<ServiceLinkedRoleOp>, Refusal> {
        let steps = match (before, after) {
            (None, None) => Steps { ops: Vec::new(), replaces: Vec::new() },
            (None, Some(after)) => Steps { ops: creation(after), replaces: Vec::new() },
            (Some(before), None) => Steps { ops: removal(before), replaces: Vec::new() },
            (Some(before), Some(after)) => change(before, after),
        };
        Ok(steps)
    }

    fn split(_: &At, _: &ServiceLinkedRoleOp) -> Option<Vec<ServiceLinkedRoleOp>> {
        // It names nothing.
        None
    }

    fn follow(_: &At, _: &ServiceLinkedRoleModel, _: &str) -> Vec<ServiceLinkedRoleOp> {
        Vec::new()
    }

    fn info(at: &At, op: &ServiceLinkedRoleOp) -> OpInfo {
        info(at, op)
    }

    fn export(_: &At, _: &Live<ServiceLinkedRoleModel>) -> Export {
        // The service makes it when it is first used.
        Export::Aws
    }

    fn simulate(model: &mut Option<ServiceLinkedRoleModel>, op: &ServiceLinkedRoleOp) {
        simulate(model, op);
    }
}

impl Linked {
    /// What it is found by: the service, and the suffix if it has one.
    fn name(&self) -> String {
        match &self.custom_suffix {
            Some(suffix) => format!("{}/{suffix}", self.service),
            None => self.service.clone(),
        }
    }

    /// Which one a role is, from its path and name.
    pub(crate) fn of(path: &str, name: &str) -> Option<Self> {
        let service = path.strip_prefix(iam::SERVICE_LINKED)?.trim_end_matches('/').to_owned();
        // The roles of Application Auto Scaling have such endings too, which are not chosen but tell its services apart.
        let chosen = !service.ends_with(".application-autoscaling.amazonaws.com");
        let custom_suffix = name.split_once('_').map(|(_, suffix)| suffix.to_owned()).filter(|_| chosen);
        Some(Self { service, custom_suffix })
    }
}

fn desired_linked(spec: &ServiceLinkedRoleSpec, cx: &mut Resolver<'_>) -> Linked {
    let ServiceLinkedRoleSpec { service: text, custom_suffix, description: _ } = spec;
    let service = cx.text(text);
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    let host = service.trim_end_matches(".cn");
    let sound = host.ends_with(".amazonaws.com") && service.chars().all(letters) && service.len() <= SERVICE_MAX;
    if !sound {
        let problem = Diagnostic::error(format!("`{service}` is no service")).at(text.span(), "");
        cx.problem(problem.help("write it as policies do: `autoscaling.amazonaws.com`").note(PAGE));
    }
    let custom_suffix = custom_suffix.as_ref().map(|text| {
        let suffix = cx.text(text);
        fields::check_name(&suffix, text.span(), &SUFFIX, cx);
        suffix
    });
    Linked { service, custom_suffix }
}

fn live(fact: &ServiceLinkedRoleFact) -> Live<ServiceLinkedRoleModel> {
    let ServiceLinkedRoleFact { name, id, arn, service, custom_suffix, description, tags } = fact;
    let outputs = [("arn", arn), ("name", name), ("id", id)];
    Live {
        name: Linked { service: service.clone(), custom_suffix: custom_suffix.clone() }.name(),
        model: ServiceLinkedRoleModel {
            service: service.clone(),
            custom_suffix: custom_suffix.clone(),
            description: description.clone(),
            tags: tags.clone(),
        },
        outputs: outputs.map(|(attribute, value)| (attribute.to_owned(), value.clone())).into(),
    }
}

fn linked(model: &ServiceLinkedRoleModel) -> Linked {
    Linked { service: model.service.clone(), custom_suffix: model.custom_suffix.clone() }
}

fn on(model: &ServiceLinkedRoleModel, calls: Vec<ServiceLinkedRoleCall>) -> Vec<ServiceLinkedRoleOp> {
    calls.into_iter().map(|call| ServiceLinkedRoleOp { role: linked(model), call }).collect()
}

fn creation(after: &ServiceLinkedRoleModel) -> Vec<ServiceLinkedRoleOp> {
    let ServiceLinkedRoleModel { service: _, custom_suffix: _, description, tags } = after.clone();
    let create = ServiceLinkedRoleCall::CreateServiceLinkedRole { description };
    let tag = Some(tags).filter(|tags| !tags.is_empty()).map(|tags| ServiceLinkedRoleCall::TagRole { tags });
    on(after, [create].into_iter().chain(tag).collect())
}

fn removal(before: &ServiceLinkedRoleModel) -> Vec<ServiceLinkedRoleOp> {
    on(before, vec![ServiceLinkedRoleCall::DeleteServiceLinkedRole])
}

fn change(before: &ServiceLinkedRoleModel, after: &ServiceLinkedRoleModel) -> Steps<ServiceLinkedRoleOp> {
    let ServiceLinkedRoleModel { service, custom_suffix, description, tags } = after;
    let mut replaces = Vec::new();
    if *service != before.service {
        replaces.push("service");
    }
    if *custom_suffix != before.custom_suffix {
        replaces.push("custom_suffix");
    }
    if !replaces.is_empty() {
        let mut ops = removal(before);
        ops.extend(creation(after));
        return Steps { ops, replaces };
    }
    let mut calls = Vec::new();
    let tag_change = TagChange::between(&before.tags, tags);
    if !tag_change.remove.is_empty() {
        calls.push(ServiceLinkedRoleCall::UntagRole { keys: tag_change.remove });
    }
    if !tag_change.put.is_empty() {
        calls.push(ServiceLinkedRoleCall::TagRole { tags: tag_change.put });
    }
    if *description != before.description {
        calls.push(ServiceLinkedRoleCall::UpdateRoleDescription { description: description.clone() });
    }
    Steps { ops: on(after, calls), replaces }
}

fn info(at: &At, op: &ServiceLinkedRoleOp) -> OpInfo {
    let ServiceLinkedRoleOp { role, call } = op;
    let name = role.name();
    // The name is AWS's to choose, so that what a policy can say beforehand ends with a star.
    let arn = at.arn("iam", &format!("role{}{}/*", iam::SERVICE_LINKED, role.service));
    let of = |call, title: String| OpInfo { call, resource: arn.clone(), title, ..OpInfo::default() };
    match call {
        ServiceLinkedRoleCall::CreateServiceLinkedRole { description: _ } => OpInfo {
            yields: &["arn", "name", "id"],
            ..of("iam:CreateServiceLinkedRole", format!("create service-linked role of {name}"))
        },
        ServiceLinkedRoleCall::UpdateRoleDescription { description: _ } => {
            of("iam:UpdateRoleDescription", format!("describe service-linked role of {name}"))
        }
        ServiceLinkedRoleCall::TagRole { tags: _ } => of("iam:TagRole", format!("tag service-linked role of {name}")),
        ServiceLinkedRoleCall::UntagRole { keys: _ } => {
            of("iam:UntagRole", format!("remove tags of service-linked role of {name}"))
        }
        ServiceLinkedRoleCall::DeleteServiceLinkedRole => {
            of("iam:DeleteServiceLinkedRole", format!("delete service-linked role of {name}"))
        }
    }
}

fn simulate(model: &mut Option<ServiceLinkedRoleModel>, op: &ServiceLinkedRoleOp) {
    let ServiceLinkedRoleOp { role: Linked { service, custom_suffix }, call } = op.clone();
    if let ServiceLinkedRoleCall::CreateServiceLinkedRole { description } = call {
        *model = Some(ServiceLinkedRoleModel { service, custom_suffix, description, tags: Tags::new() });
        return;
    }
    let Some(role) = model else { return };
    match call {
        ServiceLinkedRoleCall::CreateServiceLinkedRole { .. } => {}
        ServiceLinkedRoleCall::UpdateRoleDescription { description } => role.description = description,
        ServiceLinkedRoleCall::TagRole { tags } => role.tags.extend(tags),
        ServiceLinkedRoleCall::UntagRole { keys } => role.tags.retain(|key, _| !keys.contains(key)),
        ServiceLinkedRoleCall::DeleteServiceLinkedRole => *model = None,
    }
}
