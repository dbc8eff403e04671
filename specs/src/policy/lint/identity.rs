//! What is allowed to whoever a policy is attached to.

use super::look::{actions, covering, each_allow, hit, is_about_all, is_about_any_role, is_denied, is_held_by};
use super::{DocumentLint, Subject};
use crate::lint::{Hit, Level, Lint, Severity};
use crate::policy::Use;
use crate::policy::model::{Actions, Effect, Resources, Statement};
use crate::resolve::WrittenStatement;

const IDENTITY: &[Use] = &[Use::Identity, Use::Inline];

/// Services a whole-service wildcard of which is as good as administration, or opens what others keep apart.
const SENSITIVE: &[&str] = &["iam", "kms", "organizations", "s3", "secretsmanager", "ssm", "sso", "sts"];

/// Actions by which someone gives more rights to itself or to what it can become.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html>, and the pages of the actions.
const ESCALATING: &[&str] = &[
    "iam:AddUserToGroup",
    "iam:AttachGroupPolicy",
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:CreatePolicyVersion",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteUserPermissionsBoundary",
    "iam:PutGroupPolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:PutUserPermissionsBoundary",
    "iam:PutUserPolicy",
    "iam:SetDefaultPolicyVersion",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateLoginProfile",
];

/// Actions that run code with a role that is handed over.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>
const RUNNING: &[&str] = &[
    "cloudformation:CreateStack",
    "cloudformation:UpdateStack",
    "codebuild:CreateProject",
    "codebuild:UpdateProject",
    "codepipeline:CreatePipeline",
    "datapipeline:CreatePipeline",
    "ec2:RunInstances",
    "ecs:RunTask",
    "ecs:RegisterTaskDefinition",
    "glue:CreateDevEndpoint",
    "glue:CreateJob",
    "lambda:CreateFunction",
    "sagemaker:CreateNotebookInstance",
    "states:CreateStateMachine",
];

const PASS_ROLE: &str = "iam:PassRole";

/// Of one document, and of all that one identity has together.
pub const PRIVILEGE_ESCALATION: Lint = Lint {
    id: "privilege-escalation",
    severity: Severity::High,
    level: Level::Warn,
    summary: "whoever has it can give itself more rights",
    reason: "whoever can change policies or credentials of any identity, or run code with any role, has the rights of the strongest",
    help: "name the identities in `resource`, and bound what they may become by a condition on `iam:PermissionsBoundary`",
    page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html",
};

pub(super) static LINTS: &[DocumentLint] = &[
    DocumentLint {
        lint: Lint {
            id: "admin-access",
            severity: Severity::Critical,
            level: Level::Warn,
            summary: "the policy allows everything on everything",
            reason: "whoever gets hold of one identity with this policy has the account",
            help: "allow the actions that are used, on the resources they are used on",
            page: "https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-1",
        },
        uses: IDENTITY,
        check: |subject| {
            each_allow(subject, "Action", |statement| {
                let all = actions(statement).find(|action| matches!(*action, "*" | "*:*"))?;
                (is_about_all(statement) && statement.condition.is_empty())
                    .then(|| format!("`{all}` on every resource"))
            })
        },
    },
    DocumentLint {
        lint: Lint {
            id: "assume-any-role",
            severity: Severity::High,
            level: Level::Warn,
            summary: "the policy lets take every role that trusts the account",
            reason: "a role's trust that names the account then lets in whoever has this policy, here and in other accounts",
            help: "name the roles in `resource`",
            page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_permissions-to-switch.html",
        },
        uses: IDENTITY,
        check: |subject| {
            on(subject, &["sts:AssumeRole"], "roles of any name", |statement| is_about_any_role(statement, subject))
        },
    },
    DocumentLint {
        lint: Lint {
            id: "decrypt-any",
            severity: Severity::Medium,
            level: Level::Warn,
            summary: "the policy allows decryption with every key",
            reason: "every key whose policy leaves access to IAM, and so all data under it, is open to whoever has this policy",
            help: "name the keys in `resource`, or ask for `kms:ViaService` or an encryption context",
            page: "https://docs.aws.amazon.com/securityhub/latest/userguide/kms-controls.html#kms-1",
        },
        uses: IDENTITY,
        check: |subject| on_all(subject, &["kms:Decrypt", "kms:ReEncryptFrom"]),
    },
    DocumentLint {
        lint: Lint {
            id: "not-action-allow",
            severity: Severity::Medium,
            level: Level::Warn,
            summary: "the policy allows all actions but some",
            reason: "actions of services that come later are allowed as well, and so is all that was forgotten",
            help: "list what is allowed, or deny in a statement of its own",
            page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html",
        },
        uses: IDENTITY,
        check: |subject| {
            each_allow(subject, "Action", |statement| match &statement.action {
                Actions::Not(named) => Some(format!("all but {}", counted(named.len(), "pattern"))),
                Actions::Is(_) => None,
            })
        },
    },
    DocumentLint {
        lint: Lint {
            id: "not-resource-allow",
            severity: Severity::Medium,
            level: Level::Warn,
            summary: "the policy allows something on all resources but some",
            reason: "resources that come later are included, and so is all that was forgotten",
            help: "list the resources, or deny in a statement of its own",
            page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notresource.html",
        },
        uses: &[],
        check: |subject| {
            each_allow(subject, "Resource", |statement| match &statement.resource {
                Some(Resources::Not(named)) => Some(format!("all but {}", counted(named.len(), "pattern"))),
                Some(Resources::Is(_)) | None => None,
            })
        },
    },
    DocumentLint {
        lint: Lint {
            id: "pass-role-any",
            severity: Severity::High,
            level: Level::Warn,
            summary: "the policy lets hand every role of the account to a service",
            reason: "whoever may hand on a role has its rights through the service: with every role, those of the strongest",
            help: "name the roles in `resource`, and the service in a condition on `iam:PassedToService`",
            page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html",
        },
        uses: IDENTITY,
        check: |subject| {
            each_allow(subject, "Resource", |statement| {
                let pattern = passes_role(subject, statement)?;
                is_about_any_role(statement, subject).then(|| format!("`{pattern}` on roles of any name"))
            })
        },
    },
    DocumentLint {
        lint: Lint {
            id: "pass-role-any-service",
            severity: Severity::Low,
            level: Level::Allow,
            summary: "the policy lets hand a role to any service",
            reason: "each service that the role trusts can be given it",
            help: "add a condition: StringEquals = { \"iam:PassedToService\" = \"…\" }",
            page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html",
        },
        uses: IDENTITY,
        check: |subject| {
            each_allow(subject, "Action", |statement| {
                let pattern = passes_role(subject, statement)?;
                let is_held = is_held_by(statement, &["iam:PassedToService", "iam:AssociatedResourceArn"]);
                (!is_held).then(|| format!("`{pattern}` for any service"))
            })
        },
    },
    DocumentLint { lint: PRIVILEGE_ESCALATION, uses: IDENTITY, check: escalation },
    DocumentLint {
        lint: Lint {
            id: "secrets-any",
            severity: Severity::Medium,
            level: Level::Warn,
            summary: "the policy lets read every secret",
            reason: "secrets are kept apart so that one leak is not all",
            help: "name the secrets in `resource`",
            page: "https://docs.aws.amazon.com/secretsmanager/latest/userguide/best-practices.html",
        },
        uses: IDENTITY,
        check: |subject| on_all(subject, &["secretsmanager:GetSecretValue"]),
    },
    DocumentLint {
        lint: Lint {
            id: "sensitive-wildcard",
            severity: Severity::High,
            level: Level::Warn,
            summary: "the policy allows all of a sensitive service on everything",
            reason: "identities, keys, secrets and data of the whole account are behind these services",
            help: "list the actions that are used, and name the resources",
            page: "https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-21",
        },
        uses: IDENTITY,
        check: |subject| whole_service(subject, |service| SENSITIVE.contains(&service)),
    },
    DocumentLint {
        lint: Lint {
            id: "service-wildcard",
            severity: Severity::Low,
            level: Level::Allow,
            summary: "the policy allows all of a service on everything",
            reason: "actions that AWS adds later are allowed as well",
            help: "list the actions that are used",
            page: "https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-21",
        },
        uses: IDENTITY,
        check: |subject| whole_service(subject, |service| !SENSITIVE.contains(&service)),
    },
];

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Whether `admin-access` or `not-action-allow` tells it all already.
fn is_administration(statement: &Statement) -> bool {
    covering(statement, "any:Any").is_some()
}

/// The pattern by which a statement lets hand on roles, unless another statement takes that back.
fn passes_role<'s>(subject: &Subject<'_>, statement: &'s Statement) -> Option<&'s str> {
    covering(statement, PASS_ROLE).filter(|_| !is_administration(statement) && !is_denied(subject, PASS_ROLE))
}

/// The first of the actions that a statement allows on everything, without any condition.
fn on_all(subject: &Subject<'_>, wanted: &[&str]) -> Vec<Hit> {
    on(subject, wanted, "every resource", is_about_all)
}

/// The same where a statement is about what is meant.
fn on(subject: &Subject<'_>, wanted: &[&str], what: &str, is_meant: impl Fn(&Statement) -> bool) -> Vec<Hit> {
    each_allow(subject, "Resource", |statement| {
        if !statement.condition.is_empty() || !is_meant(statement) || is_administration(statement) {
            return None;
        }
        let allowed = wanted.iter().filter(|action| !is_denied(subject, action));
        let pattern = allowed.into_iter().find_map(|action| covering(statement, action))?;
        Some(format!("`{pattern}` on {what}"))
    })
}

fn whole_service(subject: &Subject<'_>, is_meant: impl Fn(&str) -> bool) -> Vec<Hit> {
    each_allow(subject, "Action", |statement| {
        if !statement.condition.is_empty() || !is_about_all(statement) {
            return None;
        }
        let whole = actions(statement).find(|action| {
            let service = action.strip_suffix(":*").map(str::to_ascii_lowercase);
            service.is_some_and(|service| service != "*" && is_meant(&service))
        })?;
        Some(format!("`{whole}` on every resource"))
    })
}

fn escalation(subject: &Subject<'_>) -> Vec<Hit> {
    let held = ["iam:PermissionsBoundary", "iam:PolicyARN", "aws:ResourceTag/", "iam:ResourceTag/"];
    let mut hits = Vec::new();
    for written in allowing(subject) {
        let statement = &written.statement;
        if !is_about_all(statement) && !is_about_any_role(statement, subject) || is_held_by(statement, &held) {
            continue;
        }
        let is_allowed = |action: &str| covering(statement, action).is_some() && !is_denied(subject, action);
        if let Some(action) = ESCALATING.iter().find(|action| is_allowed(action)) {
            hits.push(hit(written, "Action", format!("`{action}` on identities of any name")));
        }
    }
    if let (Some(written), Some(runs)) = (passing(subject), running(subject)) {
        hits.push(hit(written, "Action", format!("any role can be handed on, and `{runs}` runs code with it")));
    }
    hits
}

fn allowing<'s>(subject: &Subject<'s>) -> impl Iterator<Item = &'s WrittenStatement> {
    let statements = subject.written.statements.iter();
    statements.filter(|written| written.statement.effect == Effect::Allow && !is_administration(&written.statement))
}

/// The statement by which any role can be handed on.
fn passing<'s>(subject: &Subject<'s>) -> Option<&'s WrittenStatement> {
    let passes = |statement: &Statement| {
        covering(statement, PASS_ROLE).is_some()
            && is_about_any_role(statement, subject)
            && !is_denied(subject, PASS_ROLE)
    };
    allowing(subject).find(|written| passes(&written.statement))
}

/// The action by which code runs with a role.
fn running(subject: &Subject<'_>) -> Option<&'static str> {
    let is_allowed = |action: &str| {
        allowing(subject).any(|written| covering(&written.statement, action).is_some()) && !is_denied(subject, action)
    };
    RUNNING.iter().copied().find(|action| is_allowed(action))
}

/// Two documents of one identity of which one lets hand on any role and the other run code with it, and the action that does; nothing
/// where one document does both, which is told of that one.
#[must_use]
pub fn escalating_together(documents: &[Subject<'_>]) -> Option<(usize, usize, &'static str)> {
    let found: Vec<(bool, Option<&'static str>)> =
        documents.iter().map(|document| (passing(document).is_some(), running(document))).collect();
    if found.iter().any(|(passes, runs)| *passes && runs.is_some()) {
        return None;
    }
    let passes = found.iter().position(|(passes, _)| *passes)?;
    let (runs, action) = found.iter().enumerate().find_map(|(index, (_, runs))| Some((index, (*runs)?)))?;
    Some((passes, runs, action))
}

#[cfg(test)]
mod tests {
    use super::{ESCALATING, PASS_ROLE, RUNNING, SENSITIVE};
    use crate::policy::catalogue;

    /// A name that no service has would never be found in a policy.
    #[test]
    fn the_lists_name_what_there_is() {
        for action in ESCALATING.iter().chain(RUNNING).chain([&PASS_ROLE]) {
            assert_eq!(catalogue::why_unknown(action), None);
        }
        for service in SENSITIVE {
            assert!(catalogue::service(service).is_some(), "{service}");
        }
    }
}
