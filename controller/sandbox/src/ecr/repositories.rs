//! Repositories.
//!
//! Source: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html>.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::state::{Repository, arn, named, not_found, own, repository_name};
use super::{INVALID, tags};
use crate::call::Call;
use crate::json_call::{Answer, Failure, Input, page, seconds};
use crate::kms;
use crate::world::World;

/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html>, per account and region.
const REPOSITORIES_MAX: usize = 100_000;

const MUTABILITIES: [&str; 4] = ["MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"];
const ENCRYPTIONS: [&str; 3] = ["AES256", "KMS", "KMS_DSSE"];

pub(super) fn create(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let name = repository_name(input)?;
    let (mutability, exclusions) = mutability(input)?;
    let scan_on_push = match input.object("imageScanningConfiguration")? {
        None => false,
        Some(scanning) => scanning.flag("scanOnPush")?.unwrap_or(false),
    };
    let tags = tags::read(input)?;
    let repositories = &own(world, call).repositories;
    if repositories.contains_key(name) {
        let registry = &call.caller.account;
        let message = format!("The repository with name '{name}' already exists in the registry with id '{registry}'");
        return Err(Failure::new("RepositoryAlreadyExistsException", message));
    }
    if repositories.len() >= REPOSITORIES_MAX {
        return Err(Failure::new("LimitExceededException", "The limit of repositories per registry is reached"));
    }
    let (encryption_type, kms_key) = encryption(world, call, input)?;
    let made = Repository {
        created_seconds: seconds(call),
        mutability,
        exclusions,
        scan_on_push,
        encryption_type,
        kms_key,
        policy: None,
        lifecycle: None,
        tags,
        images: BTreeMap::new(),
    };
    let answer = json!({ "repository": shown(call, name, &made) });
    own(world, call).repositories.insert(name.to_owned(), made);
    Ok(answer)
}

fn encryption(world: &mut World, call: &Call, input: Input<'_>) -> Result<(String, Option<String>), Failure> {
    let Some(wanted) = input.object("encryptionConfiguration")? else { return Ok(("AES256".to_owned(), None)) };
    let Some(sort) = wanted.word("encryptionType", &ENCRYPTIONS)? else {
        return Err(wanted.broken("encryptionType", "not be null"));
    };
    let key = wanted.text("kmsKey", 1, 2048)?;
    if sort == "AES256" {
        if key.is_some() {
            return Err(Failure::new(INVALID, "A KMS key can't be given with the encryption type AES256"));
        }
        return Ok((sort.to_owned(), None));
    }
    match kms::service_key(world, call, key, "ecr") {
        Some(arn) => Ok((sort.to_owned(), Some(arn))),
        None => Err(Failure::new("KmsException", "The KMS key does not exist, or can't be used for encryption")),
    }
}

fn mutability(input: Input<'_>) -> Result<(String, Vec<String>), Failure> {
    let mutability = input.word("imageTagMutability", &MUTABILITIES)?.unwrap_or("MUTABLE");
    let mut exclusions = Vec::new();
    for filter in input.objects("imageTagMutabilityExclusionFilters", 1, 5)?.unwrap_or_default() {
        filter.word("filterType", &["WILDCARD"])?.ok_or_else(|| filter.broken("filterType", "not be null"))?;
        let text = filter.required("filter", 1, 128)?;
        let sign = |c: char| c.is_ascii_alphanumeric() || "._*-".contains(c);
        if !text.chars().all(sign) || text.matches('*').count() > 2 {
            return Err(filter.broken("filter", "satisfy regular expression '^[0-9a-zA-Z._*-]{1,128}$'"));
        }
        exclusions.push(text.to_owned());
    }
    if mutability.ends_with("_WITH_EXCLUSION") == exclusions.is_empty() {
        let message =
            format!("The image tag mutability {mutability} does not fit {} exclusion filters", exclusions.len());
        return Err(Failure::new(INVALID, message));
    }
    Ok((mutability.to_owned(), exclusions))
}

pub(super) fn describe(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let size = input.number("maxResults", 1, 1_000)?.and_then(|size| usize::try_from(size).ok()).unwrap_or(100);
    let token = input.text("nextToken", 0, usize::MAX)?;
    let repositories = &own(world, call).repositories;
    if let Some(names) = input.texts("repositoryNames", 1, 100)? {
        if token.is_some() || input.value("maxResults").is_some() {
            return Err(Failure::new(INVALID, "Names of repositories can't be combined with paging"));
        }
        let found: Result<Vec<Value>, Failure> = names
            .into_iter()
            .map(|name| repositories.get(name).map(|held| shown(call, name, held)).ok_or_else(|| not_found(call, name)))
            .collect();
        return Ok(json!({ "repositories": found? }));
    }
    let items = repositories.iter().map(|(name, held)| (name.clone(), shown(call, name, held)));
    let (found, next) = page(items, token, size, INVALID)?;
    let mut answer = json!({ "repositories": found });
    if let Some(next) = next {
        answer["nextToken"] = next.into();
    }
    Ok(answer)
}

pub(super) fn delete(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let force = input.flag("force")?.unwrap_or(false);
    let (name, found) = named(world, call, input)?;
    if !found.images.is_empty() && !force {
        let registry = &call.caller.account;
        let message = format!(
            "The repository with name '{name}' in registry with id '{registry}' cannot be deleted because it still contains images"
        );
        return Err(Failure::new("RepositoryNotEmptyException", message));
    }
    let answer = json!({ "repository": shown(call, name, found) });
    own(world, call).repositories.remove(name);
    Ok(answer)
}

pub(super) fn put_mutability(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    if input.value("imageTagMutability").is_none() {
        return Err(input.broken("imageTagMutability", "not be null"));
    }
    let (mutability, exclusions) = mutability(input)?;
    let (name, found) = named(world, call, input)?;
    found.mutability.clone_from(&mutability);
    found.exclusions = exclusions;
    let mut answer =
        json!({ "registryId": call.caller.account, "repositoryName": name, "imageTagMutability": mutability });
    if !found.exclusions.is_empty() {
        answer["imageTagMutabilityExclusionFilters"] = filters(&found.exclusions);
    }
    Ok(answer)
}

pub(super) fn put_scanning(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let Some(scanning) = input.object("imageScanningConfiguration")? else {
        return Err(input.broken("imageScanningConfiguration", "not be null"));
    };
    let scan_on_push = scanning.flag("scanOnPush")?.unwrap_or(false);
    let (name, found) = named(world, call, input)?;
    found.scan_on_push = scan_on_push;
    Ok(json!({
        "registryId": call.caller.account,
        "repositoryName": name,
        "imageScanningConfiguration": { "scanOnPush": scan_on_push },
    }))
}

fn filters(patterns: &[String]) -> Value {
    patterns.iter().map(|pattern| json!({ "filterType": "WILDCARD", "filter": pattern })).collect()
}

fn shown(call: &Call, name: &str, held: &Repository) -> Value {
    let Repository {
        created_seconds,
        mutability,
        exclusions,
        scan_on_push,
        encryption_type,
        kms_key,
        policy: _,
        lifecycle: _,
        tags: _,
        images: _,
    } = held;
    let (account, region) = (&call.caller.account, &call.region);
    let mut encryption = json!({ "encryptionType": encryption_type });
    if let Some(key) = kms_key {
        encryption["kmsKey"] = key.as_str().into();
    }
    let mut shown = json!({
        "repositoryArn": arn(account, region, name),
        "registryId": account,
        "repositoryName": name,
        "repositoryUri": format!("{account}.dkr.ecr.{region}.amazonaws.com/{name}"),
        "createdAt": created_seconds,
        "imageTagMutability": mutability,
        "imageScanningConfiguration": { "scanOnPush": scan_on_push },
        "encryptionConfiguration": encryption,
    });
    if !exclusions.is_empty() {
        shown["imageTagMutabilityExclusionFilters"] = filters(exclusions);
    }
    shown
}
