//! Lints over roles, users, groups and an account's settings.

use std::collections::BTreeSet;

use trueup_specs::lint::{Level, Lint, Severity};
use trueup_specs::policy::Use;

use super::{ModelLint, Thing};
use crate::account_settings::AccountSettingsModel;
use crate::fields::short;
use crate::group::GroupModel;
use crate::permissions::Limits;
use crate::role::RoleModel;
use crate::user::UserModel;
use crate::{group, role, user};

/// AWS's own policies with which one is, or can make oneself, an administrator.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_job-functions.html>
const ADMINISTRATION: &[&str] = &["AdministratorAccess", "IAMFullAccess", "PowerUserAccess"];

/// Managed policies one holder may have unless the account's quota was raised.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const MANAGED_DEFAULT: usize = 10;

/// The shortest password that is long.
/// <https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-15>
const PASSWORD_LENGTH_MIN: i32 = 14;

/// The longest session of a role, in seconds, that is no long one: four hours, half a working day.
const SESSION_LONG: i32 = 4 * 3_600;

pub(super) static LINTS: &[ModelLint] = &[
    ModelLint {
        lint: Lint {
            id: "admin-policy-attached",
            severity: Severity::High,
            level: Level::Warn,
            summary: "an administrator's policy is attached",
            reason: "whoever gets hold of the identity has the account",
            help: "attach a policy with what is used",
            page: "https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-1",
        },
        check: |thing| {
            let is_administration =
                |arn: &&String| arn.contains(":iam::aws:policy/") && ADMINISTRATION.contains(&short(arn).as_str());
            holder(thing)?.managed.iter().find(is_administration).map(|arn| format!("with {}", short(arn)))
        },
    },
    ModelLint {
        lint: Lint {
            id: "inline-near-limit",
            severity: Severity::Low,
            level: Level::Warn,
            summary: "the inline policies are together close to the limit of their size",
            reason: "AWS refuses larger ones, and a group that grows makes them larger without anyone writing more",
            help: "move some into a `policy`, which has a limit of its own",
            page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html",
        },
        check: |thing| {
            let max = holder(thing)?.limits.inline_size_max;
            let inline = thing.written.iter().filter(|written| written.use_ == Use::Inline);
            let size: usize = inline.map(|written| written.document.size(Use::Inline)).sum();
            (size * 100 >= max * 80 && size <= max).then(|| format!("{size} of {max}, {} %", size * 100 / max))
        },
    },
    ModelLint {
        lint: Lint {
            id: "managed-policy-quota",
            severity: Severity::Low,
            level: Level::Warn,
            summary: "more managed policies are attached than accounts allow by default",
            reason: "without a raised quota AWS refuses the eleventh in the middle of an apply",
            help: "put several into one `policy`, or ask for more in Service Quotas",
            page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html",
        },
        check: |thing| {
            let count = holder(thing)?.managed.len();
            (count > MANAGED_DEFAULT).then(|| format!("{count} are attached, the default is {MANAGED_DEFAULT}"))
        },
    },
    ModelLint {
        lint: Lint {
            id: "role-long-session",
            severity: Severity::Low,
            level: Level::Allow,
            summary: "sessions of the role last long",
            reason: "credentials that leak work until their session ends",
            help: "set `max_session_duration` to what the work takes",
            page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-settings.html",
        },
        check: |thing| {
            let seconds = thing.model::<RoleModel>()?.max_session_duration;
            (seconds > SESSION_LONG).then(|| format!("up to {} hours", seconds / 3_600))
        },
    },
    ModelLint {
        lint: Lint {
            id: "role-without-boundary",
            severity: Severity::Low,
            level: Level::Allow,
            summary: "the role has no permissions boundary",
            reason: "a boundary holds even if someone attaches more to the role by hand",
            help: "name a policy in `permissions_boundary`",
            page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html",
        },
        check: |thing| {
            let model = thing.model::<RoleModel>()?;
            model.permissions_boundary.is_none().then(String::new)
        },
    },
    ModelLint {
        lint: Lint {
            id: "user-with-policies",
            severity: Severity::Low,
            level: Level::Allow,
            summary: "the user has policies of its own",
            reason: "rights that come from groups and roles are seen in one place, and go when someone leaves",
            help: "attach them to a group, or let the user take a role",
            page: "https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-2",
        },
        check: |thing| {
            let UserModel { inline, managed_policies, .. } = thing.model()?;
            let count = inline.len() + managed_policies.len();
            (count > 0).then(|| format!("{count} of them"))
        },
    },
    ModelLint {
        lint: Lint {
            id: "weak-password-policy",
            severity: Severity::Medium,
            level: Level::Warn,
            summary: "the password policy is weak",
            reason: "a short password, or one that was used before, is guessed",
            help: "set `minimum_length` to 14 or more and `password_reuse_prevention` to 24",
            page: "https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-15",
        },
        check: |thing| {
            let policy = thing.model::<AccountSettingsModel>()?.password_policy.as_ref()?;
            if policy.minimum_length < PASSWORD_LENGTH_MIN {
                return Some(format!("{} characters are enough", policy.minimum_length));
            }
            policy.password_reuse_prevention.is_none().then(|| "the last password can be used again".to_owned())
        },
    },
];

/// What holds permissions: how much it may hold, and the managed policies attached to it.
struct Holder<'t> {
    limits: Limits,
    managed: &'t BTreeSet<String>,
}

fn holder<'t>(thing: &'t Thing<'_>) -> Option<Holder<'t>> {
    if let Some(RoleModel { managed_policies, .. }) = thing.model() {
        return Some(Holder { limits: role::LIMITS, managed: managed_policies });
    }
    if let Some(UserModel { managed_policies, .. }) = thing.model() {
        return Some(Holder { limits: user::LIMITS, managed: managed_policies });
    }
    let GroupModel { managed_policies, .. } = thing.model()?;
    Some(Holder { limits: group::LIMITS, managed: managed_policies })
}
