//! Upstream registries whose images a registry keeps copies of.
//!
//! <https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html>

use std::collections::BTreeMap;

use aws_sdk_ecr::types as wire;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use trueup_engine::kind::At;
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::resolve::Resolver;
use trueup_specs::span::Span;
use trueup_specs::{Reference, Text, spec};

use super::EcrRegistryOp;
use crate::ecr_repository::desired::name_fault;
use crate::fields::{self, Role};
use crate::handed;

const PAGE: &str = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html";

/// Rules in one registry. <https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html>
const RULES_MAX: usize = 50;

/// Of both prefixes. <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html>
const PREFIX_CHARACTERS: std::ops::RangeInclusive<usize> = 2..=30;

/// The prefix that stands for none.
const ROOT: &str = "ROOT";

/// What the name of a secret with the credentials for an upstream registry begins with.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-secret.html>
const SECRET_PREFIX: &str = ":secret:ecr-pullthroughcache/";

spec! {
    /// An upstream registry, whose images are kept once they were pulled.
    pub struct PullThroughCacheSpec {
        /// The upstream registry: `public.ecr.aws`, `registry-1.docker.io`, `quay.io`, `registry.k8s.io`, `ghcr.io`,
        /// `registry.gitlab.com`, `cgr.dev`, `NAME.azurecr.io`, or another registry of ECR, `ID.dkr.ecr.REGION.amazonaws.com`.
        pub upstream_registry_url: Text,
        /// The ARN of the Secrets Manager secret with the credentials for the upstream registry, in the same account and region; its name
        /// begins with `ecr-pullthroughcache/`.
        /// Default: none. The registries of Docker, GitHub, GitLab, Azure and Chainguard need one.
        pub credential_arn: Option<Text>,
        /// The role by which ECR pulls from a registry of another account, by address or ARN.
        /// Default: none.
        pub custom_role_arn: Option<Reference<Role>>,
        /// What the names of the upstream repositories begin with.
        /// Default: `"ROOT"`, all of them.
        pub upstream_repository_prefix: Option<Text>,
    }
}

/// The rules by the prefix of the repositories they fill.
pub type PullThroughCache = BTreeMap<String, PullThroughCacheRule>;

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PullThroughCacheRule {
    /// The upstream registry's host name.
    pub upstream_registry_url: String,
    /// The ARN of a secret.
    pub credential_arn: Option<String>,
    /// The ARN of a role.
    pub custom_role_arn: Option<String>,
    /// `ROOT` or what names begin with.
    pub upstream_repository_prefix: String,
}

/// What AWS calls the registry behind a host name, and whether it lets nobody in without credentials; `None` for one it can't pull from.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html>
fn upstream(url: &str) -> Option<(wire::UpstreamRegistry, bool)> {
    use wire::UpstreamRegistry as Known;
    Some(match url {
        "public.ecr.aws" => (Known::EcrPublic, false),
        "registry.k8s.io" => (Known::K8s, false),
        "quay.io" => (Known::Quay, false),
        "registry-1.docker.io" => (Known::DockerHub, true),
        "ghcr.io" => (Known::GitHubContainerRegistry, true),
        "registry.gitlab.com" => (Known::GitLabContainerRegistry, true),
        "cgr.dev" => (Known::Chainguard, true),
        url if url.strip_suffix(".azurecr.io").is_some_and(|name| !name.is_empty()) => {
            (Known::AzureContainerRegistry, true)
        }
        url if is_ecr(url) => (Known::Ecr, false),
        _ => return None,
    })
}

/// `ID.dkr.ecr.REGION.amazonaws.com`
fn is_ecr(url: &str) -> bool {
    let Some((account, rest)) = url.split_once(".dkr.ecr.") else { return false };
    let region = rest.strip_suffix(".amazonaws.com").or_else(|| rest.strip_suffix(".amazonaws.com.cn"));
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    (is_account || fields::is_pending(account)) && region.is_some_and(|region| !region.is_empty())
}

/// The name of a repository, with or without a `/` at its end, or `ROOT`.
fn is_prefix(prefix: &str) -> bool {
    let name = prefix.strip_suffix('/').unwrap_or(prefix);
    prefix == ROOT || PREFIX_CHARACTERS.contains(&prefix.len()) && name_fault(name).is_none()
}

pub(super) fn desired(
    specs: &IndexMap<String, PullThroughCacheSpec>,
    at: &At,
    cx: &mut Resolver<'_>,
) -> PullThroughCache {
    if specs.len() > RULES_MAX {
        let problem = Diagnostic::error(format!("a registry can have {RULES_MAX} pull through cache rules at most"));
        cx.problem(problem.at(cx.span(), format!("{} are given", specs.len())).note(PAGE));
    }
    specs
        .iter()
        .map(|(prefix, spec)| {
            let span = spec.upstream_registry_url.span();
            check_prefix(prefix, span, cx);
            (prefix.trim_end_matches('/').to_owned(), rule(spec, at, cx))
        })
        .collect()
}

fn check_prefix(prefix: &str, span: Span, cx: &mut Resolver<'_>) {
    if !fields::is_pending(prefix) && !is_prefix(prefix) {
        let problem = Diagnostic::error(format!("`{prefix}` is no prefix of repositories")).at(span, "");
        let (min, max) = (PREFIX_CHARACTERS.start(), PREFIX_CHARACTERS.end());
        cx.problem(problem.help(format!(
            "{min} to {max} lower-case letters, digits, `.`, `_`, `-` and `/`; `{ROOT}` stands for all repositories"
        )));
    }
}

fn rule(spec: &PullThroughCacheSpec, at: &At, cx: &mut Resolver<'_>) -> PullThroughCacheRule {
    let PullThroughCacheSpec { upstream_registry_url, credential_arn, custom_role_arn, upstream_repository_prefix } =
        spec;
    let span = upstream_registry_url.span();
    let url = cx.text(upstream_registry_url);
    let credential = credential_arn.as_ref().map(|arn| (cx.text(arn), arn.span()));
    let needs_secret = match upstream(&url) {
        Some((_, needs_secret)) => needs_secret,
        None if fields::is_pending(&url) => false,
        None => {
            let problem = Diagnostic::error(format!("ECR can't pull from `{url}`")).at(span, "");
            cx.problem(problem.help("a host name without `https://`, of one of the registries on the page").note(PAGE));
            false
        }
    };
    if needs_secret && credential.is_none() {
        let problem = Diagnostic::error(format!("`{url}` lets nobody in without credentials")).at(span, "");
        let help = "store them in a Secrets Manager secret and name it as `credential_arn`";
        cx.problem(problem.help(help).note(PAGE));
    }
    if let Some((arn, span)) = &credential {
        check_secret(arn, *span, at, cx);
    }
    if let Some(role) = custom_role_arn {
        handed::PULL_THROUGH_CACHE.check(role, cx);
    }
    let prefix = match upstream_repository_prefix {
        None => ROOT.to_owned(),
        Some(text) => {
            let prefix = cx.text(text);
            check_prefix(&prefix, text.span(), cx);
            prefix.trim_end_matches('/').to_owned()
        }
    };
    PullThroughCacheRule {
        upstream_registry_url: url,
        credential_arn: credential.map(|(arn, _)| arn),
        custom_role_arn: custom_role_arn.as_ref().map(|role| cx.reference(role)),
        upstream_repository_prefix: prefix,
    }
}

fn check_secret(arn: &str, span: Span, at: &At, cx: &mut Resolver<'_>) {
    if fields::is_pending(arn) {
        return;
    }
    let own = at.arn("secretsmanager", "secret:");
    if !arn.contains(SECRET_PREFIX) {
        let problem = Diagnostic::error("this is no secret for an upstream registry").at(span, "");
        cx.problem(problem.help(format!("an ARN like {own}ecr-pullthroughcache/NAME")).note(PAGE));
    } else if !arn.starts_with(&own) {
        let problem = Diagnostic::error("the secret is of another account or region than the registry").at(span, "");
        cx.problem(problem.help(format!("an ARN that begins with {own}ecr-pullthroughcache/")).note(PAGE));
    }
}

/// What leads from these rules to those. Where AWS can't change a rule it is made again: it holds nothing, and the cached repositories stay.
pub(super) fn change(before: &PullThroughCache, after: &PullThroughCache) -> Vec<EcrRegistryOp> {
    let mut ops = Vec::new();
    let delete = |prefix: &String| EcrRegistryOp::DeletePullThroughCacheRule { prefix: prefix.clone() };
    let create = |prefix: &String, rule: &PullThroughCacheRule| EcrRegistryOp::CreatePullThroughCacheRule {
        prefix: prefix.clone(),
        rule: rule.clone(),
    };
    ops.extend(before.keys().filter(|prefix| !after.contains_key(*prefix)).map(delete));
    for (prefix, rule) in after {
        match before.get(prefix) {
            Some(old) if old == rule => {}
            Some(old) if can_be_updated(old, rule) => ops.push(EcrRegistryOp::UpdatePullThroughCacheRule {
                prefix: prefix.clone(),
                credential_arn: rule.credential_arn.clone(),
                custom_role_arn: rule.custom_role_arn.clone(),
            }),
            Some(_) => ops.extend([delete(prefix), create(prefix, rule)]),
            None => ops.push(create(prefix, rule)),
        }
    }
    ops
}

/// `UpdatePullThroughCacheRule` gives other credentials or another role, and takes neither away.
fn can_be_updated(before: &PullThroughCacheRule, after: &PullThroughCacheRule) -> bool {
    let keeps = |before: &Option<String>, after: &Option<String>| before.is_none() || after.is_some();
    before.upstream_registry_url == after.upstream_registry_url
        && before.upstream_repository_prefix == after.upstream_repository_prefix
        && keeps(&before.credential_arn, &after.credential_arn)
        && keeps(&before.custom_role_arn, &after.custom_role_arn)
}

impl PullThroughCacheRule {
    /// What DescribePullThroughCacheRules says.
    pub(crate) fn from_live(live: &wire::PullThroughCacheRule) -> Self {
        Self {
            upstream_registry_url: live.upstream_registry_url().unwrap_or_default().to_owned(),
            credential_arn: live.credential_arn().map(str::to_owned),
            custom_role_arn: live.custom_role_arn().map(str::to_owned),
            upstream_repository_prefix: live.upstream_repository_prefix().unwrap_or(ROOT).to_owned(),
        }
    }

    /// AWS's name of the upstream registry.
    pub(super) fn upstream_registry(&self) -> Option<wire::UpstreamRegistry> {
        upstream(&self.upstream_registry_url).map(|(known, _)| known)
    }
}
