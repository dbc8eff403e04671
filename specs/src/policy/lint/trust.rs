//! Who may take a role.

use super::DocumentLint;
use super::look::{Deputies, SOURCE_KEYS, covering, deputy, each_allow, is_held_by, outsider, principals, tested};
use super::public::is_open;
use crate::lint::{Level, Lint, Severity};
use crate::policy::Use;
use crate::policy::model::{Principal, Statement};
use crate::policy::unknown::is_unknown;

const TRUST: &[Use] = &[Use::Trust];

const WEB_IDENTITY: &str = "sts:AssumeRoleWithWebIdentity";

/// Identity providers with one issuer for all their customers, and the claim besides `sub` that some tell customers apart by.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html>
const SHARED_ISSUERS: &[&str] = &[
    "agent.buildkite.com",
    "api.pulumi.com/oidc",
    "app.terraform.io",
    "gitlab.com",
    "oidc.codefresh.io",
    "studio.datachain.ai/api",
    "token.actions.githubusercontent.com",
    "upbound.io",
];

/// Issuers whose address names the customer, and whose `sub` names the repository or project.
const OWN_ISSUERS: &[&str] = &["api.bitbucket.org/2.0/workspaces/", "oidc.circleci.com/org/", "oidc.vercel.com/"];

/// Services of which AWS advises to say, in the trust of the roles they take, in whose name they come; each with the page.
const DEPUTIES: Deputies = &[
    (
        "cloudformation.sync.codeconnections.amazonaws.com",
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/git-sync-prereq.html",
    ),
    (
        "codedeploy.amazonaws.com",
        "https://docs.aws.amazon.com/codedeploy/latest/userguide/security_confused_deputy.html",
    ),
    ("config.amazonaws.com", "https://docs.aws.amazon.com/config/latest/developerguide/iamrole-permissions.html"),
    ("ecs-tasks.amazonaws.com", "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html"),
    ("es.amazonaws.com", "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/alerting.html"),
    (
        "events.amazonaws.com",
        "https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html",
    ),
    ("fis.amazonaws.com", "https://docs.aws.amazon.com/fis/latest/userguide/getting-started-iam-service-role.html"),
    (
        "scheduler.amazonaws.com",
        "https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html",
    ),
    ("states.amazonaws.com", "https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html"),
    ("transfer.amazonaws.com", "https://docs.aws.amazon.com/transfer/latest/userguide/requirements-roles.html"),
    ("vpc-flow-logs.amazonaws.com", "https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html"),
];

pub(super) static LINTS: &[DocumentLint] = &[
    DocumentLint {
        lint: Lint {
            id: "confused-deputy",
            severity: Severity::Medium,
            level: Level::Warn,
            summary: "the service may take the role in anyone's name",
            reason: "someone else's resource can make the service use this role",
            help: "add a condition: StringEquals = { \"aws:SourceAccount\" = \"${account.id}\" }, or ArnLike with \"aws:SourceArn\"",
            page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",
        },
        uses: TRUST,
        check: |subject| {
            each_allow(subject, "Principal", |statement| {
                let service = deputy(statement, DEPUTIES, SOURCE_KEYS)?;
                Some(format!("`{service}` tells its caller, and nobody asks"))
            })
        },
    },
    DocumentLint {
        lint: Lint {
            id: "oidc-sub-any",
            severity: Severity::Critical,
            level: Level::Deny,
            summary: "the trust takes tokens of every customer of the identity provider",
            reason: "all customers share one issuer: a pattern that names none of them lets anyone's pipeline in",
            help: "begin the pattern with your organization: \"repo:ORGANIZATION/REPOSITORY:…\"",
            page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html",
        },
        uses: TRUST,
        check: |subject| {
            each_allow(subject, "Condition", |statement| {
                let issuer = shared_issuer(statement)?;
                let sub = format!("{issuer}:sub");
                let values = tested(statement).filter(|(_, key, _)| key.eq_ignore_ascii_case(&sub));
                let open = values.flat_map(|(_, _, values)| values).find(|value| names_no_one(value))?;
                Some(format!("`{open}` names no one"))
            })
        },
    },
    DocumentLint {
        lint: Lint {
            id: "oidc-trust-without-aud",
            severity: Severity::Medium,
            level: Level::Warn,
            summary: "the trust takes tokens made for others",
            reason: "a token that was made for another service is as good as one for AWS",
            help: "add a condition on the issuer's `aud`, for instance \"sts.amazonaws.com\"",
            page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html",
        },
        uses: TRUST,
        check: |subject| {
            each_allow(subject, "Principal", |statement| {
                let issuer = issuer(statement)?;
                (!is_held_by(statement, &[&format!("{issuer}:aud")])).then(|| format!("no condition on `{issuer}:aud`"))
            })
        },
    },
    DocumentLint {
        lint: Lint {
            id: "oidc-trust-without-sub",
            severity: Severity::Critical,
            level: Level::Deny,
            summary: "the trust lets in everyone who has an account with the identity provider",
            reason: "all customers of the provider get tokens of one issuer; what tells them apart is the claim `sub`",
            help: "add a condition on the issuer's `sub`, such as \"repo:ORGANIZATION/REPOSITORY:ref:refs/heads/main\"",
            page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html",
        },
        uses: TRUST,
        check: |subject| {
            each_allow(subject, "Principal", |statement| {
                let issuer = shared_issuer(statement)?;
                (!is_held_by(statement, &[&format!("{issuer}:sub")])).then(|| format!("no condition on `{issuer}:sub`"))
            })
        },
    },
    DocumentLint {
        lint: Lint {
            id: "outside-account-trust",
            severity: Severity::High,
            level: Level::Warn,
            summary: "the trust lets in an account that is not one of the project's, without a condition",
            reason: "whoever serves several customers from that account can be made to use the role of the wrong one",
            help: "declare the account if it is yours; else ask for an external id: StringEquals = { \"sts:ExternalId\" = \"…\" }",
            page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html",
        },
        uses: TRUST,
        check: |subject| {
            each_allow(subject, "Principal", |statement| {
                let outsider = outsider(statement, subject.accounts)?;
                let keys = ["sts:ExternalId", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths"];
                (!is_held_by(statement, &keys)).then(|| format!("`{outsider}` is of no account of the project"))
            })
        },
    },
    DocumentLint {
        lint: Lint {
            id: "public-trust",
            severity: Severity::Critical,
            level: Level::Deny,
            summary: "anyone in the world may take the role",
            reason: "every AWS account there is can call the role by its ARN",
            help: "name accounts or roles in `principal`, or hold `*` back by a condition on `aws:PrincipalOrgID`",
            page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
        },
        uses: TRUST,
        check: |subject| {
            each_allow(subject, "Principal", |statement| is_open(statement).then(|| "everyone".to_owned()))
        },
    },
];

/// The issuer of the identity provider a statement lets in by web identity, without `https://`.
fn issuer(statement: &Statement) -> Option<&str> {
    covering(statement, WEB_IDENTITY)?;
    principals(statement).find_map(|principal| match principal {
        Principal::Federated(arn) if !is_unknown(arn) => arn.split_once(":oidc-provider/").map(|(_, issuer)| issuer),
        Principal::Federated(_)
        | Principal::Everyone
        | Principal::Aws(_)
        | Principal::CanonicalUser(_)
        | Principal::Service(_) => None,
    })
}

/// The same, where anyone can get a token of that issuer.
fn shared_issuer(statement: &Statement) -> Option<&str> {
    let is_shared =
        |issuer: &&str| SHARED_ISSUERS.contains(issuer) || OWN_ISSUERS.iter().any(|front| issuer.starts_with(front));
    issuer(statement).filter(is_shared)
}

/// Whether a pattern of `sub` has a wildcard in the name of the customer: that is its first part, or what follows `repo:` and the like. A
/// name that is open at its end is anyone's who takes such a name: `repo:acme*` is also `repo:acme-evil`.
fn names_no_one(pattern: &str) -> bool {
    const FRONTS: [&str; 8] = [
        "account:",
        "job_workflow_ref:",
        "org/",
        "organization:",
        "project_path:",
        "pulumi:deploy:org:",
        "repo:",
        "repository_owner:",
    ];
    let behind = FRONTS.iter().find_map(|front| pattern.strip_prefix(front)).unwrap_or(pattern);
    behind.split(['/', ':']).next().is_some_and(|customer| customer.contains(['*', '?']))
}

#[cfg(test)]
mod tests {
    use super::names_no_one;

    #[test]
    fn a_customer_is_named_whole() {
        let named = [
            "repo:acme/app:*",
            "repo:acme/*",
            "repo:acme/*:ref:refs/heads/main",
            "project_path:acme/app:ref_type:branch:ref:*",
            "organization:acme:project:*:workspace:*:run_phase:*",
            "pulumi:deploy:org:acme:project:*",
            "org/0f/project/*/user/*",
            "environment:prod:repository_owner:*",
        ];
        for pattern in named {
            assert!(!names_no_one(pattern), "{pattern}");
        }
        let open = [
            "*",
            "repo:*",
            "repo:acme*",
            "repo:acme*/x:*",
            "repo:ac?e/x:*",
            "re*:x",
            "r?po:acme/x:*",
            "organization:a*:project:x",
            "pulumi:deploy:org:*",
            "repository_owner:ac*",
        ];
        for pattern in open {
            assert!(names_no_one(pattern), "{pattern}");
        }
    }
}
