//! IAM users. <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_users.html>

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use trueup_engine::access::Access;
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Export, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_engine::render::counted;
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::resolve::Resolver;
use trueup_specs::{ByName, PolicySpec, Reference, Text, spec};

use trueup_state::outputs::Outputs;

use crate::fields::{self, Group, IAM_QUOTAS, IAM_SIGNS, ManagedPolicy, NameRule, Named, PolicyDocument, Tags};
use crate::permissions::{self, Limits};
use crate::source::iam::users::{AccessKeyFact, UserFact};
use crate::source::iam::{self, IamFacts};

mod ops;
mod perform;
#[cfg(test)]
mod tests;

const NAME: NameRule = NameRule { what: "user", max: 64, signs: IAM_SIGNS, page: IAM_QUOTAS };

/// The default of managed policies is 10, the quota can be raised to 20.
pub(crate) const LIMITS: Limits = Limits { holder: "user", inline_size_max: 2_048, managed_max: 20 };

/// The most groups a user can be in; it can't be raised.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const GROUPS_MAX: usize = 10;

/// An older access key should be replaced, in days.
/// <https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html>, IAM.3
const KEY_AGE_DAYS_MAX: u64 = 90;

spec! {
    /// An IAM user: someone or something with credentials of its own in the account.
    ///
    /// Its password and access keys are nobody's business here: they are neither made nor removed, and no secret is ever read. A plan tells
    /// the ids and the age of its access keys. A user that has some of either is not removed.
    pub struct UserSpec {
        /// The user's name.
        /// Default: the name in the address, dots as dashes. At most 64 letters, digits and `_+=,.@-`; two names of an account may not
        /// differ in case alone. Changing it renames the user, who keeps all credentials.
        pub name: Option<Text>,
        /// The path in front of the name in the ARN.
        /// Default: `/`. Changing it changes the ARN.
        pub path: Option<Text>,
        /// The groups the user is in, by address or ARN.
        /// Default: none; from a group that someone put it into by hand it is taken out. At most 10.
        pub groups: Vec<Reference<Group>>,
        /// Policies that belong to the user alone, by name.
        /// Default: none; one made by hand is removed. Together at most 2,048 characters without white space.
        pub inline: IndexMap<String, PolicySpec>,
        /// Managed policies attached to the user, by address or ARN.
        /// Default: none; one attached by hand is detached. At most 10, unless the account's quota was raised (to at most 20).
        pub managed_policies: Vec<Reference<ManagedPolicy>>,
        /// The managed policy that bounds what the user may do, whatever else allows it.
        /// Default: none.
        pub permissions_boundary: Option<Reference<ManagedPolicy>>,
    }
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserModel {
    /// Its name.
    pub name: String,
    /// `/` or `/…/`.
    pub path: String,
    /// ARNs of the groups it is in.
    pub groups: BTreeSet<String>,
    /// Its own policies by name.
    pub inline: ByName<PolicyDocument>,
    /// ARNs of the attached policies.
    pub managed_policies: BTreeSet<String>,
    /// ARN of the boundary.
    pub permissions_boundary: Option<String>,
    /// All tags but AWS's own.
    pub tags: Tags,
    /// What it signs in with. A spec says nothing of it, so it is no part of what is compared or saved; it is here because a user that
    /// still has some can't be removed.
    #[serde(skip)]
    pub credentials: Credentials,
}

/// What a user signs in with, for people to read: never a secret. Any two are equal; see [`UserModel::credentials`].
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// Since when it has a password, as a date and time, if it has one.
    pub password_since: Option<String>,
    /// Its access keys.
    pub access_keys: Vec<AccessKeyFact>,
}

impl PartialEq for Credentials {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Credentials {}

/// One call on one user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserOp {
    /// The user.
    pub user: Named,
    /// The call.
    pub call: UserCall,
}

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op")]
pub enum UserCall {
    /// `CreateUser`.
    CreateUser {
        /// An ARN.
        permissions_boundary: Option<String>,
        /// All of them.
        tags: Tags,
    },
    /// `UpdateUser`: another name or path, and with it another ARN.
    UpdateUser {
        /// What it is from then on.
        new: Named,
    },
    /// `AddUserToGroup`.
    AddUserToGroup {
        /// The group's ARN.
        group: String,
    },
    /// `RemoveUserFromGroup`.
    RemoveUserFromGroup {
        /// The group's ARN.
        group: String,
    },
    /// `PutUserPolicy`.
    PutUserPolicy {
        /// The inline policy's name.
        policy: String,
        /// What it says.
        document: PolicyDocument,
    },
    /// `DeleteUserPolicy`.
    DeleteUserPolicy {
        /// The inline policy's name.
        policy: String,
    },
    /// `AttachUserPolicy`.
    AttachUserPolicy {
        /// The managed policy's ARN.
        arn: String,
    },
    /// `DetachUserPolicy`.
    DetachUserPolicy {
        /// The managed policy's ARN.
        arn: String,
    },
    /// `PutUserPermissionsBoundary`.
    PutUserPermissionsBoundary {
        /// The managed policy's ARN.
        arn: String,
        /// The ARN of the one before.
        unnames: Vec<String>,
    },
    /// `DeleteUserPermissionsBoundary`.
    DeleteUserPermissionsBoundary {
        /// The ARN of the one before.
        arn: String,
    },
    /// `TagUser`.
    TagUser {
        /// New or changed.
        tags: Tags,
    },
    /// `UntagUser`.
    UntagUser {
        /// Keys.
        keys: Vec<String>,
    },
    /// `DeleteUser`.
    DeleteUser {
        /// The ARN of its boundary.
        unnames: Vec<String>,
    },
}

/// The kind `user`.
#[derive(Clone, Copy, Debug)]
pub struct User;

static SCHEMA: KindSchema = KindSchema {
    name: "user",
    summary: "An IAM user: someone or something with credentials of its own in the account.",
    scope: KindScope::Account,
    stateful: false,
    taggable: true,
    attributes: &[
        ("arn", "The user's ARN."),
        ("name", "The user's name, without its path."),
        ("id", "The user's unique id, `AIDA…`, which no later user of the same name has; known after apply."),
    ],
    shape: shape_of::<UserSpec>,
    decode: decode_any::<UserSpec>,
};

impl Kind for User {
    type Spec = UserSpec;
    type Model = UserModel;
    type Op = UserOp;

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

    fn identity(spec: &UserSpec, at: &At, cx: &mut Resolver<'_>) -> Identity {
        let name = fields::name(spec.name.as_ref(), &NAME, cx);
        let user = Named { path: fields::path(spec.path.as_ref(), cx), name };
        let claim = Some(format!("iam {} user/{}", at.account_id, user.name.to_lowercase()));
        let outputs = [("arn", user.arn(at, "user")), ("name", user.name.clone())];
        let outputs = outputs.map(|(attribute, value)| (attribute.to_owned(), value)).into();
        Identity { name: user.name, claim, outputs }
    }

    fn desired(spec: &UserSpec, at: &At, cx: &mut Resolver<'_>) -> Option<UserModel> {
        let UserSpec { name, path, groups, inline, managed_policies, permissions_boundary } = spec;
        let name = fields::name(name.as_ref(), &NAME, cx);
        let path = fields::path(path.as_ref(), cx);
        let groups = desired_groups(groups, at, cx);
        let inline = permissions::inline(inline, &LIMITS, cx);
        let managed_policies = permissions::managed_policies(managed_policies, &LIMITS, cx);
        let permissions_boundary = permissions::boundary(permissions_boundary.as_ref(), cx);
        let tags = fields::tags(cx);
        Some(UserModel {
            name,
            path,
            groups,
            inline: inline?,
            managed_policies,
            permissions_boundary,
            tags,
            credentials: Credentials::default(),
        })
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<UserModel>>, Unread> {
        let facts: &IamFacts = facts.get(iam::NAME, scope)?;
        Ok(facts.users.iter().map(live).collect())
    }

    fn tags(model: &UserModel) -> Option<&Tags> {
        Some(&model.tags)
    }

    fn tags_mut(model: &mut UserModel) -> Option<&mut Tags> {
        Some(&mut model.tags)
    }

    fn notes(live: &UserModel) -> Vec<String> {
        live.credentials.access_keys.iter().map(told).collect()
    }

    fn ops(_: &At, before: Option<&UserModel>, after: Option<&UserModel>) -> Result<Steps<UserOp>, Refusal> {
        let ops = match (before, after) {
            (None, None) => Vec::new(),
            (None, Some(after)) => ops::creation(after),
            (Some(before), None) if !before.credentials.are_none() => return Err(held(before)),
            (Some(before), None) => ops::removal(before),
            (Some(before), Some(after)) => ops::change(before, after),
        };
        Ok(Steps { ops, replaces: Vec::new() })
    }

    fn split(_: &At, _: &UserOp) -> Option<Vec<UserOp>> {
        // A new user names nothing but its boundary, and none may exist without it for a moment.
        None
    }

    fn follow(_: &At, model: &UserModel, replaced: &str) -> Vec<UserOp> {
        let mut calls = Vec::new();
        let arn = || replaced.to_owned();
        if model.managed_policies.contains(replaced) {
            calls.extend([UserCall::DetachUserPolicy { arn: arn() }, UserCall::AttachUserPolicy { arn: arn() }]);
        }
        if model.permissions_boundary.as_deref() == Some(replaced) {
            calls.push(UserCall::DeleteUserPermissionsBoundary { arn: arn() });
            calls.push(UserCall::PutUserPermissionsBoundary { arn: arn(), unnames: Vec::new() });
        }
        ops::on(model, calls)
    }

    fn info(at: &At, op: &UserOp) -> OpInfo {
        ops::info(at, op)
    }

    fn export(_: &At, live: &Live<UserModel>) -> Export {
        Export::same(&live.model)
    }

    fn simulate(model: &mut Option<UserModel>, op: &UserOp) {
        ops::simulate(model, op);
    }

    fn access<'m>(at: &At, model: &'m UserModel, _: &Outputs) -> Vec<Access<'m>> {
        let UserModel { name, path, groups, inline, managed_policies, permissions_boundary, tags, .. } = model;
        vec![Access::Identity {
            arn: Named { path: path.clone(), name: name.clone() }.arn(at, "user"),
            own: permissions::papers(inline),
            attached: permissions::arns(managed_policies),
            groups: permissions::arns(groups),
            boundary: permissions_boundary.as_deref(),
            tags,
        }]
    }
}

impl Credentials {
    fn are_none(&self) -> bool {
        self.password_since.is_none() && self.access_keys.is_empty()
    }
}

/// What there is to know of an access key, without its secret.
fn told(key: &AccessKeyFact) -> String {
    let AccessKeyFact { since, id, active, age_days } = key;
    let day = since.split('T').next().unwrap_or_default();
    let mut told = format!("access key {id} ({}) is {} old, made {day}", key.state(), counted(*age_days, "day"));
    if *active && *age_days > KEY_AGE_DAYS_MAX {
        told.push_str(&format!("; AWS advises to make a new one every {KEY_AGE_DAYS_MAX} days"));
    }
    told
}

/// Why a user that can sign in stays.
fn held(user: &UserModel) -> Refusal {
    let Credentials { password_since, access_keys } = &user.credentials;
    let password = password_since.iter().map(|since| format!("a password (since {since})"));
    let keys = access_keys.iter();
    let keys = keys.map(|key| format!("the access key {} ({}, since {})", key.id, key.state(), key.since));
    let held: Vec<String> = password.chain(keys).collect();
    Refusal {
        field: "credentials",
        why: format!("user {} still has {}", user.name, held.join(", ")),
        help: "find out who uses them, delete them by hand, then apply again".to_owned(),
    }
}

fn desired_groups(references: &[Reference<Group>], at: &At, cx: &mut Resolver<'_>) -> BTreeSet<String> {
    let own = at.arn("iam", "group/");
    let mut arns = BTreeSet::new();
    for reference in references {
        let arn = cx.reference(reference);
        if !arn.is_empty() && !fields::is_pending(&arn) && !arn.starts_with(&own) {
            let problem = Diagnostic::error("a user can only be in a group of its own account");
            let problem = problem.at(reference.span(), format!("this is {arn}"));
            cx.problem(problem.note(format!("its account's begin with {own}")));
        }
        arns.insert(arn);
    }
    if arns.len() > GROUPS_MAX
        && let Some(first) = references.first()
    {
        let problem = Diagnostic::error("the user is in too many groups");
        let over = format!("{}, {} more than any account allows", arns.len(), arns.len() - GROUPS_MAX);
        cx.problem(problem.at(first.span(), over).note(IAM_QUOTAS));
    }
    arns
}

fn live(fact: &UserFact) -> Live<UserModel> {
    let UserFact {
        name,
        path,
        id,
        arn,
        groups,
        inline,
        managed_policies,
        permissions_boundary,
        tags,
        access_keys,
        password_since,
    } = fact;
    let inline = inline.iter().map(|(name, text)| (name.clone(), PolicyDocument::from_live(text)));
    let outputs = [("arn", arn), ("name", name), ("id", id)];
    Live {
        name: name.clone(),
        model: UserModel {
            name: name.clone(),
            path: path.clone(),
            groups: groups.clone(),
            inline: inline.collect(),
            managed_policies: managed_policies.clone(),
            permissions_boundary: permissions_boundary.clone(),
            tags: tags.clone(),
            credentials: Credentials { password_since: password_since.clone(), access_keys: access_keys.clone() },
        },
        outputs: outputs.map(|(attribute, value)| (attribute.to_owned(), value.clone())).into(),
    }
}
