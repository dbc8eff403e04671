//! Rules by which a registry keeps copies of what is pulled from others. Nothing is pulled here.
//!
//! Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html>.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::INVALID;
use super::state::{is_repository_name, own};
use crate::call::Call;
use crate::json_call::{Answer, Failure, Input, page, seconds};
use crate::world::World;

/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html>.
const RULES_MAX: usize = 50;

/// One rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Rule {
    url: String,
    registry: String,
    credential: Option<String>,
    role: Option<String>,
    upstream_prefix: String,
    created_seconds: f64,
    updated_seconds: f64,
}

/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html>.
pub(super) fn create(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let prefix =
        prefix(input, "ecrRepositoryPrefix")?.ok_or_else(|| input.broken("ecrRepositoryPrefix", "not be null"))?;
    let url = input.required("upstreamRegistryUrl", 1, usize::MAX)?;
    let (registry, has_secret) = upstream(url).ok_or_else(|| {
        let message = format!("The upstream registry URL '{url}' is not supported");
        Failure::new("UnsupportedUpstreamRegistryException", message)
    })?;
    if let Some(given) = input.text("upstreamRegistry", 1, 64)?
        && given != registry
    {
        return Err(Failure::new(INVALID, format!("The upstream registry {given} is not at {url}")));
    }
    let credential = credential(call, input)?;
    if has_secret && credential.is_none() {
        return Err(Failure::new(INVALID, format!("A credential ARN is required for the upstream registry {url}")));
    }
    let role = role(world, call, input)?;
    let upstream_prefix = self::prefix(input, "upstreamRepositoryPrefix")?.unwrap_or_else(|| "ROOT".to_owned());
    let now = seconds(call);
    let rules = &mut own(world, call).registry.pull_through;
    if rules.contains_key(&prefix) {
        let message = format!(
            "The pull through cache rule with prefix '{prefix}' already exists in the registry with id '{}'",
            call.caller.account
        );
        return Err(Failure::new("PullThroughCacheRuleAlreadyExistsException", message));
    }
    if rules.len() >= RULES_MAX {
        let message = format!("A registry can have at most {RULES_MAX} pull through cache rules");
        return Err(Failure::new("LimitExceededException", message));
    }
    let rule = Rule {
        url: url.to_owned(),
        registry: registry.to_owned(),
        credential,
        role,
        upstream_prefix,
        created_seconds: now,
        updated_seconds: now,
    };
    let mut answer = shown(call, &prefix, &rule);
    rules.insert(prefix, rule);
    if let Some(members) = answer.as_object_mut() {
        members.remove("updatedAt");
    }
    Ok(answer)
}

/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_UpdatePullThroughCacheRule.html>.
pub(super) fn update(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let (credential, role) = (credential(call, input)?, role(world, call, input)?);
    if credential.is_none() && role.is_none() {
        return Err(Failure::new(INVALID, "Either a credential ARN or a custom role ARN must be specified"));
    }
    let now = seconds(call);
    let (prefix, rule) = named(world, call, input)?;
    rule.credential = credential.or(rule.credential.take());
    rule.role = role.or(rule.role.take());
    rule.updated_seconds = now;
    let mut answer = shown(call, &prefix, rule);
    if let Some(members) = answer.as_object_mut() {
        for name in ["createdAt", "upstreamRegistryUrl", "upstreamRegistry"] {
            members.remove(name);
        }
    }
    Ok(answer)
}

pub(super) fn delete(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let (prefix, rule) = named(world, call, input)?;
    let mut answer = shown(call, &prefix, rule);
    own(world, call).registry.pull_through.remove(&prefix);
    if let Some(members) = answer.as_object_mut() {
        members.remove("updatedAt");
        members.remove("upstreamRegistry");
    }
    Ok(answer)
}

/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribePullThroughCacheRules.html>.
pub(super) fn describe(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let size = input.number("maxResults", 1, 1_000)?.and_then(|size| usize::try_from(size).ok()).unwrap_or(100);
    let token = input.text("nextToken", 0, usize::MAX)?;
    let rules = &own(world, call).registry.pull_through;
    if let Some(prefixes) = input.texts("ecrRepositoryPrefixes", 1, 100)? {
        if token.is_some() || input.value("maxResults").is_some() {
            return Err(Failure::new(INVALID, "Prefixes can't be combined with paging"));
        }
        let rule =
            |prefix: &str| rules.get(prefix).map(|rule| shown(call, prefix, rule)).ok_or_else(|| absent(call, prefix));
        let found: Result<Vec<Value>, Failure> = prefixes.into_iter().map(rule).collect();
        return Ok(json!({ "pullThroughCacheRules": found? }));
    }
    let items = rules.iter().map(|(prefix, rule)| (prefix.clone(), shown(call, prefix, rule)));
    let (found, next) = page(items, token, size, INVALID)?;
    let mut answer = json!({ "pullThroughCacheRules": found });
    if let Some(next) = next {
        answer["nextToken"] = next.into();
    }
    Ok(answer)
}

fn named<'w>(world: &'w mut World, call: &Call, input: Input<'_>) -> Result<(String, &'w mut Rule), Failure> {
    let prefix =
        prefix(input, "ecrRepositoryPrefix")?.ok_or_else(|| input.broken("ecrRepositoryPrefix", "not be null"))?;
    let rule = own(world, call).registry.pull_through.get_mut(&prefix).ok_or_else(|| absent(call, &prefix))?;
    Ok((prefix, rule))
}

fn absent(call: &Call, prefix: &str) -> Failure {
    let message = format!(
        "The pull through cache rule with prefix '{prefix}' does not exist in the registry with id '{}'",
        call.caller.account
    );
    Failure::new("PullThroughCacheRuleNotFoundException", message)
}

/// A `/` at its end is assumed, and may be written.
fn prefix(input: Input<'_>, name: &str) -> Result<Option<String>, Failure> {
    let Some(text) = input.text(name, 2, 30)? else { return Ok(None) };
    let bare = text.strip_suffix('/').unwrap_or(text);
    if text != "ROOT" && !is_repository_name(bare) {
        return Err(input.broken(name, "satisfy regular expression for a prefix of repositories"));
    }
    Ok(Some(bare.to_owned()))
}

/// The registry's name, and whether it needs a secret.
fn upstream(url: &str) -> Option<(&'static str, bool)> {
    match url {
        "public.ecr.aws" => Some(("ecr-public", false)),
        "quay.io" => Some(("quay", false)),
        "registry.k8s.io" => Some(("k8s", false)),
        "registry-1.docker.io" => Some(("docker-hub", true)),
        "ghcr.io" => Some(("github-container-registry", true)),
        "registry.gitlab.com" => Some(("gitlab-container-registry", true)),
        "cgr.dev" => Some(("chainguard", true)),
        _ if url.ends_with(".azurecr.io") => Some(("azure-container-registry", true)),
        _ => {
            let (account, rest) = url.split_once(".dkr.ecr.")?;
            let region = rest.strip_suffix(".amazonaws.com")?;
            let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
            (is_account && !region.is_empty()).then_some(("ecr", false))
        }
    }
}

/// There is no Secrets Manager here: a secret of the registry's own account and region is taken to be there.
fn credential(call: &Call, input: Input<'_>) -> Result<Option<String>, Failure> {
    let Some(arn) = input.text("credentialArn", 50, 612)? else { return Ok(None) };
    if !arn.contains(":secret:ecr-pullthroughcache/") {
        return Err(input.broken("credentialArn", "satisfy regular expression for a secret of a pull through cache"));
    }
    let own = format!("arn:aws:secretsmanager:{}:{}:secret:", call.region, call.caller.account);
    if !arn.starts_with(&own) {
        return Err(Failure::new("SecretNotFoundException", format!("The secret {arn} was not found")));
    }
    Ok(Some(arn.to_owned()))
}

fn role(world: &mut World, call: &Call, input: Input<'_>) -> Result<Option<String>, Failure> {
    let Some(arn) = input.text("customRoleArn", 0, 2_048)? else { return Ok(None) };
    let is_own = arn.starts_with(&format!("arn:aws:iam::{}:role/", call.caller.account));
    if !is_own || !world.account(&call.caller.account).iam.has_principal(arn) {
        return Err(Failure::new(INVALID, format!("The custom role {arn} does not exist in this account")));
    }
    Ok(Some(arn.to_owned()))
}

fn shown(call: &Call, prefix: &str, rule: &Rule) -> Value {
    let Rule { url, registry, credential, role, upstream_prefix, created_seconds, updated_seconds } = rule;
    let mut shown = json!({
        "ecrRepositoryPrefix": prefix,
        "upstreamRegistryUrl": url,
        "upstreamRegistry": registry,
        "upstreamRepositoryPrefix": upstream_prefix,
        "registryId": call.caller.account,
        "createdAt": created_seconds,
        "updatedAt": updated_seconds,
    });
    for (name, arn) in [("credentialArn", credential), ("customRoleArn", role)] {
        if let Some(arn) = arn {
            shown[name] = arn.as_str().into();
        }
    }
    shown
}
