//! IAM roles. <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html>

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use trueup_engine::access::{Access, Itself, Paper};
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Export, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::policy::{Document, Use};
use trueup_specs::resolve::Resolver;
use trueup_specs::{ByName, PolicySpec, Reference, Text, Within, spec};
use trueup_state::outputs::Outputs;

use crate::fields::{self, IAM_QUOTAS, IAM_SIGNS, ManagedPolicy, NameRule, Named, PolicyDocument, Tags};
use crate::permissions::{self, Limits};
use crate::source::iam::{self, IamFacts, RoleFact};

mod ops;
mod perform;

/// Seconds a session lasts at most where nothing is said.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>, `MaxSessionDuration`.
pub const MAX_SESSION_DEFAULT: i32 = 3_600;

/// What a trust policy's size can be raised to by quota; up to the default of 2,048 every account allows.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const TRUST_SIZE_RAISED: usize = 4_096;

/// The default of managed policies is 10, the quota can be raised to 25.
pub(crate) const LIMITS: Limits = Limits { holder: "role", inline_size_max: 10_240, managed_max: 25 };

const NAME: NameRule = NameRule { what: "role", max: 64, signs: IAM_SIGNS, page: IAM_QUOTAS };

/// The path of the roles AWS keeps for its own ways in, such as IAM Identity Center's: only it may change them.
/// <https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html>
const RESERVED: &str = "/aws-reserved/";

spec! {
    /// An IAM role: who may take it, and what whoever took it may do.
    pub struct RoleSpec {
        /// The role's name.
        /// Default: the name in the address, dots as dashes. At most 64 letters, digits and `_+=,.@-`; two names of an account may not
        /// differ in case alone. Changing it removes the role and makes another.
        pub name: Option<Text>,
        /// The path in front of the name in the ARN.
        /// Default: `/`. Changing it removes the role and makes another.
        pub path: Option<Text>,
        /// What the role is for.
        /// Default: none. At most 1,000 characters.
        pub description: Option<Text>,
        /// How long a session may last, in seconds.
        /// Default: 3600, an hour. At most 43200, twelve hours.
        pub max_session_duration: Option<Within<3_600, 43_200>>,
        /// Who may take the role: its trust policy.
        /// At most 2,048 characters without white space, unless the account's quota was raised (to at most 4,096).
        pub trust: PolicySpec,
        /// Policies that belong to the role alone, by name.
        /// Default: none; one made by hand is removed. Together at most 10,240 characters without white space.
        pub inline: IndexMap<String, PolicySpec>,
        /// Managed policies attached to the role, by address or ARN.
        /// Default: none; one attached by hand is detached. At most 10, unless the account's quota was raised.
        pub managed_policies: Vec<Reference<ManagedPolicy>>,
        /// The managed policy that bounds what the role may do, whatever else allows it.
        /// Default: none.
        pub permissions_boundary: Option<Reference<ManagedPolicy>>,
    }
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleModel {
    /// Its name.
    pub name: String,
    /// `/` or `/…/`.
    pub path: String,
    /// Empty for none.
    pub description: String,
    /// Seconds.
    pub max_session_duration: i32,
    /// Who may take it.
    pub trust: PolicyDocument,
    /// Its own policies by name.
    pub inline: ByName<PolicyDocument>,
    /// ARNs of the attached policies.
    pub managed_policies: BTreeSet<String>,
    /// ARN of the boundary.
    pub permissions_boundary: Option<String>,
    /// All tags but AWS's own.
    pub tags: Tags,
}

/// One call on one role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleOp {
    /// The role.
    pub role: Named,
    /// The call.
    pub call: RoleCall,
}

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op")]
pub enum RoleCall {
    /// `CreateRole`.
    CreateRole {
        /// Empty for none.
        description: String,
        /// Seconds.
        max_session_duration: i32,
        /// The trust policy.
        trust: PolicyDocument,
        /// An ARN.
        permissions_boundary: Option<String>,
        /// All of them.
        tags: Tags,
    },
    /// `UpdateRole`: both fields, since AWS gives one that is left out its default.
    UpdateRole {
        /// Empty for none.
        description: String,
        /// Seconds.
        max_session_duration: i32,
    },
    /// `UpdateAssumeRolePolicy`.
    UpdateAssumeRolePolicy {
        /// The trust policy.
        trust: PolicyDocument,
        /// The users and roles it stops naming.
        unnames: Vec<String>,
    },
    /// `PutRolePolicy`.
    PutRolePolicy {
        /// The inline policy's name.
        policy: String,
        /// What it says.
        document: PolicyDocument,
    },
    /// `DeleteRolePolicy`.
    DeleteRolePolicy {
        /// The inline policy's name.
        policy: String,
    },
    /// `AttachRolePolicy`.
    AttachRolePolicy {
        /// The managed policy's ARN.
        arn: String,
    },
    /// `DetachRolePolicy`.
    DetachRolePolicy {
        /// The managed policy's ARN.
        arn: String,
    },
    /// `PutRolePermissionsBoundary`.
    PutRolePermissionsBoundary {
        /// The managed policy's ARN.
        arn: String,
        /// The ARN of the one before.
        unnames: Vec<String>,
    },
    /// `DeleteRolePermissionsBoundary`.
    DeleteRolePermissionsBoundary {
        /// The ARN of the one before.
        arn: String,
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
    /// `DeleteRole`.
    DeleteRole {
        /// The ARNs its trust and boundary name.
        unnames: Vec<String>,
    },
}

/// The kind `role`.
#[derive(Clone, Copy, Debug)]
pub struct Role;

static SCHEMA: KindSchema = KindSchema {
    name: "role",
    summary: "An IAM role: who may take it, and what whoever took it may do.",
    scope: KindScope::Account,
    stateful: false,
    taggable: true,
    attributes: &[
        ("arn", "The role's ARN."),
        ("name", "The role's name, without its path."),
        ("id", "The role's unique id, `AROA…`, which no later role of the same name has; known after apply."),
    ],
    shape: shape_of::<RoleSpec>,
    decode: decode_any::<RoleSpec>,
};

impl Kind for Role {
    type Spec = RoleSpec;
    type Model = RoleModel;
    type Op = RoleOp;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn sources() -> &'static [&'static str] {
        &[iam::NAME]
    }

    fn ignores_case() -> bool {
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, "IAM name requirements"
        true
    }

    fn identity(spec: &RoleSpec, at: &At, cx: &mut Resolver<'_>) -> Identity {
        let name = fields::name(spec.name.as_ref(), &NAME, cx);
        let role = Named { path: fields::path(spec.path.as_ref(), cx), name };
        let claim = Some(format!("iam {} role/{}", at.account_id, role.name.to_lowercase()));
        let outputs = [("arn", role.arn(at, "role")), ("name", role.name.clone())];
        let outputs = outputs.map(|(attribute, value)| (attribute.to_owned(), value)).into();
        Identity { name: role.name, claim, outputs }
    }

    fn desired(spec: &RoleSpec, _: &At, cx: &mut Resolver<'_>) -> Option<RoleModel> {
        let RoleSpec {
            name,
            path,
            description,
            max_session_duration,
            trust,
            inline,
            managed_policies,
            permissions_boundary,
        } = spec;
        let name = fields::name(name.as_ref(), &NAME, cx);
        let path = fields::path(path.as_ref(), cx);
        let description = fields::description(description.as_ref(), cx);
        let seconds = max_session_duration.map_or(i64::from(MAX_SESSION_DEFAULT), Within::get);
        let inline = permissions::inline(inline, &LIMITS, cx);
        let managed_policies = permissions::managed_policies(managed_policies, &LIMITS, cx);
        let permissions_boundary = permissions::boundary(permissions_boundary.as_ref(), cx);
        let tags = fields::tags(cx);
        let trust = desired_trust(trust, cx);
        Some(RoleModel {
            name,
            path,
            description,
            max_session_duration: i32::try_from(seconds).unwrap_or(MAX_SESSION_DEFAULT),
            trust: PolicyDocument::Document(trust?),
            inline: inline?,
            managed_policies,
            permissions_boundary,
            tags,
        })
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<RoleModel>>, Unread> {
        let facts: &IamFacts = facts.get(iam::NAME, scope)?;
        Ok(facts.roles.iter().map(live).collect())
    }

    fn tags(model: &RoleModel) -> Option<&Tags> {
        Some(&model.tags)
    }

    fn tags_mut(model: &mut RoleModel) -> Option<&mut Tags> {
        Some(&mut model.tags)
    }

    fn ops(_: &At, before: Option<&RoleModel>, after: Option<&RoleModel>) -> Result<Steps<RoleOp>, Refusal> {
        let steps = match (before, after) {
            (None, None) => Steps { ops: Vec::new(), replaces: Vec::new() },
            (None, Some(after)) => Steps { ops: ops::creation(after), replaces: Vec::new() },
            (Some(before), None) => Steps { ops: ops::removal(before), replaces: Vec::new() },
            (Some(before), Some(after)) => ops::change(before, after),
        };
        Ok(steps)
    }

    fn split(_: &At, op: &RoleOp) -> Option<Vec<RoleOp>> {
        let RoleCall::CreateRole { description, max_session_duration, trust, permissions_boundary, tags } = &op.call
        else {
            return None;
        };
        let closed = PolicyDocument::Document(ops::closed_trust());
        if *trust == closed {
            return None;
        }
        let create = RoleCall::CreateRole {
            description: description.clone(),
            max_session_duration: *max_session_duration,
            trust: closed,
            permissions_boundary: permissions_boundary.clone(),
            tags: tags.clone(),
        };
        let open = RoleCall::UpdateAssumeRolePolicy { trust: trust.clone(), unnames: Vec::new() };
        Some([create, open].map(|call| RoleOp { role: op.role.clone(), call }).into())
    }

    fn follow(_: &At, model: &RoleModel, replaced: &str) -> Vec<RoleOp> {
        let mut calls = Vec::new();
        if model.trust.principals().contains(replaced) {
            calls.push(RoleCall::UpdateAssumeRolePolicy { trust: model.trust.clone(), unnames: Vec::new() });
        }
        if model.managed_policies.contains(replaced) {
            calls.push(RoleCall::DetachRolePolicy { arn: replaced.to_owned() });
            calls.push(RoleCall::AttachRolePolicy { arn: replaced.to_owned() });
        }
        if model.permissions_boundary.as_deref() == Some(replaced) {
            calls.push(RoleCall::DeleteRolePermissionsBoundary { arn: replaced.to_owned() });
            calls.push(RoleCall::PutRolePermissionsBoundary { arn: replaced.to_owned(), unnames: Vec::new() });
        }
        ops::on(model, calls)
    }

    fn info(at: &At, op: &RoleOp) -> OpInfo {
        ops::info(at, op)
    }

    fn export(_: &At, live: &Live<RoleModel>) -> Export {
        if live.model.path.starts_with(RESERVED) {
            return Export::Aws;
        }
        Export::same(&live.model)
    }

    fn simulate(model: &mut Option<RoleModel>, op: &RoleOp) {
        ops::simulate(model, op);
    }

    fn access<'m>(at: &At, model: &'m RoleModel, _: &Outputs) -> Vec<Access<'m>> {
        let RoleModel { name, path, trust, inline, managed_policies, permissions_boundary, tags, .. } = model;
        let arn = Named { path: path.clone(), name: name.clone() }.arn(at, "role");
        let policy = Some(Paper::new("trust", trust.document()));
        vec![
            Access::Resource { arn: arn.clone(), policy, field: "trust", itself: Itself::Unsaid },
            Access::Identity {
                arn,
                own: permissions::papers(inline),
                attached: permissions::arns(managed_policies),
                groups: Vec::new(),
                boundary: permissions_boundary.as_deref(),
                tags,
            },
        ]
    }
}

fn desired_trust(spec: &PolicySpec, cx: &mut Resolver<'_>) -> Option<Document> {
    let trust = cx.policy(spec, Use::Trust)?;
    let (size, max) = (trust.size(Use::Trust), Use::Trust.size_max());
    if size > TRUST_SIZE_RAISED {
        let problem = Diagnostic::error("the trust policy is too large");
        let over = format!("{size} characters, {} over the limit of {TRUST_SIZE_RAISED}", size - TRUST_SIZE_RAISED);
        cx.problem(problem.at(spec.span(), "").note(over).note(IAM_QUOTAS));
    } else if size > max {
        let problem = Diagnostic::warning("the trust policy is larger than accounts allow by default");
        let over = format!("{size} characters, {} over the default of {max}", size - max);
        cx.problem(
            problem
                .at(spec.span(), "")
                .note(over)
                .help("ask for a higher \"Role trust policy length\" in Service Quotas"),
        );
    }
    Some(trust)
}

fn live(fact: &RoleFact) -> Live<RoleModel> {
    let RoleFact {
        name,
        path,
        id,
        arn,
        description,
        max_session_duration,
        trust,
        inline,
        managed_policies,
        permissions_boundary,
        tags,
    } = fact;
    let inline = inline.iter().map(|(name, text)| (name.clone(), PolicyDocument::from_live(text)));
    let outputs = [("arn", arn), ("name", name), ("id", id)];
    Live {
        name: name.clone(),
        model: RoleModel {
            name: name.clone(),
            path: path.clone(),
            description: description.clone(),
            max_session_duration: *max_session_duration,
            trust: PolicyDocument::from_live(trust),
            inline: inline.collect(),
            managed_policies: managed_policies.clone(),
            permissions_boundary: permissions_boundary.clone(),
            tags: tags.clone(),
        },
        outputs: outputs.map(|(attribute, value)| (attribute.to_owned(), value.clone())).into(),
    }
}

#[cfg(test)]
mod tests;
