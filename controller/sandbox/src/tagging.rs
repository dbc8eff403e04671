//! The Resource Groups Tagging API, read only: what of an account and region is tagged.
//!
//! It knows what AWS's knows of the services here: buckets, keys, CodeDeploy's applications and deployment groups, ECR's repositories, EventBridge's buses and rules, SNS's topics, and, in the first region, customer managed
//! policies, instance profiles, and what of an organization has tags; not roles and users.
//! Source: <https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html> and
//! <https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html>.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use crate::call::{Call, Reply};
use crate::front::refusal::{json_error, json_reply};
use crate::world::World;

/// IAM and Organizations are global, and listed where their endpoints stand.
const IAM_REGION: &str = "us-east-1";

/// Entries of a page when nothing is asked.
const PAGE_DEFAULT: usize = 50;
/// The most entries of a page.
const PAGE_MAX: usize = 100;
/// The most filters of a call.
const FILTERS_MAX: usize = 50;
/// The most values of a filter.
const VALUES_MAX: usize = 20;
/// The most ARNs of a call.
const ARNS_MAX: usize = 100;

/// An ARN and its tags.
type Tagged = (String, Vec<(String, String)>);

/// Why a call is refused: code and message.
type Failure = (&'static str, String);

/// Answers one call.
pub fn handle(world: &mut World, call: &Call) -> Reply {
    let target = call.headers.get("x-amz-target").and_then(|v| v.to_str().ok()).unwrap_or_default();
    let operation = target.strip_prefix("ResourceGroupsTaggingAPI_20170126.").unwrap_or_default();
    let input = match serde_json::from_slice::<Value>(&call.body) {
        Ok(Value::Object(input)) => input,
        Ok(_) | Err(_) => return json_error(400, "SerializationException", "The body is not a JSON object"),
    };
    let tagged = collect(world, call);
    let result = match operation {
        "GetResources" => get_resources(&tagged, &input),
        "GetTagKeys" => get_tag_keys(&tagged, &input),
        "GetTagValues" => get_tag_values(&tagged, &input),
        other => Err(("UnknownOperationException", format!("The sandbox does not know the operation {other}"))),
    };
    match result {
        Ok(body) => json_reply(200, &body),
        Err((code, message)) => json_error(400, code, &message),
    }
}

/// Everything tagged, by ARN.
fn collect(world: &World, call: &Call) -> Vec<Tagged> {
    let account = &call.caller.account;
    let mut all = world.s3.tagged(account, &call.region);
    if let Some(holder) = world.accounts.get(account) {
        all.extend(holder.kms.get(&call.region).map(crate::kms::State::tagged).unwrap_or_default());
        if let Some(codedeploy) = holder.codedeploy.get(&call.region) {
            all.extend(codedeploy.tagged(account, &call.region));
        }
        if let Some(ecr) = holder.ecr.get(&call.region) {
            all.extend(ecr.tagged(account, &call.region));
        }
        if let Some(events) = holder.events.get(&call.region) {
            all.extend(events.tagged(account, &call.region));
        }
        if let Some(sns) = holder.sns.get(&call.region) {
            all.extend(sns.tagged(account, &call.region));
        }
        if call.region == IAM_REGION {
            all.extend(holder.iam.tagged(account));
            all.extend(world.organizations.tagged(account));
        }
    }
    all.retain(|(_, tags)| !tags.is_empty());
    all.sort();
    all
}

fn get_resources(tagged: &[Tagged], input: &Map<String, Value>) -> Result<Value, Failure> {
    let arns = strings(input, "ResourceARNList", ARNS_MAX)?;
    let types = strings(input, "ResourceTypeFilters", ARNS_MAX)?;
    for kind in &types {
        check_type(kind)?;
    }
    let filters = tag_filters(input)?;
    if !arns.is_empty() && (!types.is_empty() || !filters.is_empty() || input.contains_key("ResourcesPerPage")) {
        let message = "ResourceARNList cannot be combined with filters or ResourcesPerPage";
        return Err(invalid(message));
    }
    let size = page_size(input)?;
    let after = token(input)?;
    let mut found = tagged.iter().filter(|(arn, tags)| {
        arn.as_str() > after.as_str()
            && (arns.is_empty() || arns.contains(&arn.as_str()))
            && (types.is_empty() || types.iter().any(|kind| is_of_type(arn, kind)))
            && filters.iter().all(|(key, values)| {
                tags.iter().any(|(k, v)| k == key && (values.is_empty() || values.contains(&v.as_str())))
            })
    });
    let page: Vec<&Tagged> = found.by_ref().take(size).collect();
    let more = found.next().is_some();
    let list: Vec<Value> = page
        .iter()
        .map(|(arn, tags)| {
            let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
            json!({ "ResourceARN": arn, "Tags": tags })
        })
        .collect();
    let next = page.last().filter(|_| more).map(|(arn, _)| BASE64_STANDARD.encode(arn)).unwrap_or_default();
    Ok(json!({ "PaginationToken": next, "ResourceTagMappingList": list }))
}

/// The page may also be bounded by tags; then it holds as many resources as would fit if each had all fifty.
fn page_size(input: &Map<String, Value>) -> Result<usize, Failure> {
    let number = |name: &str, range: std::ops::RangeInclusive<u64>| match input.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64().filter(|n| range.contains(n)) {
            Some(number) => Ok(usize::try_from(number).ok()),
            None => Err(invalid(&format!("{name} must be between {} and {}", range.start(), range.end()))),
        },
    };
    let resources = number("ResourcesPerPage", 1..=100)?;
    let tags = number("TagsPerPage", 100..=500)?;
    Ok(resources.or(tags.map(|tags| tags / 50)).unwrap_or(PAGE_DEFAULT).min(PAGE_MAX))
}

fn token(input: &Map<String, Value>) -> Result<String, Failure> {
    let token = input.get("PaginationToken").and_then(Value::as_str).unwrap_or_default();
    let text = BASE64_STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| ("PaginationTokenExpiredException", "The pagination token is not valid".to_owned()))
}

fn get_tag_keys(tagged: &[Tagged], input: &Map<String, Value>) -> Result<Value, Failure> {
    token(input)?;
    let keys: BTreeSet<&str> = tagged.iter().flat_map(|(_, tags)| tags.iter().map(|(key, _)| key.as_str())).collect();
    Ok(json!({ "PaginationToken": "", "TagKeys": keys }))
}

fn get_tag_values(tagged: &[Tagged], input: &Map<String, Value>) -> Result<Value, Failure> {
    token(input)?;
    let Some(wanted) = input.get("Key").and_then(Value::as_str).filter(|key| !key.is_empty()) else {
        return Err(invalid("Key must not be null"));
    };
    let all = tagged.iter().flat_map(|(_, tags)| tags);
    let values: BTreeSet<&str> = all.filter(|(key, _)| key == wanted).map(|(_, value)| value.as_str()).collect();
    Ok(json!({ "PaginationToken": "", "TagValues": values }))
}

fn invalid(message: &str) -> Failure {
    ("InvalidParameterException", message.to_owned())
}

fn strings<'a>(input: &'a Map<String, Value>, name: &str, most: usize) -> Result<Vec<&'a str>, Failure> {
    let list = match input.get(name) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) if list.len() <= most => list,
        Some(_) => return Err(invalid(&format!("{name} must be a list of at most {most} strings"))),
    };
    let texts: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
    texts.ok_or_else(|| invalid(&format!("{name} must be a list of strings")))
}

fn tag_filters(input: &Map<String, Value>) -> Result<Vec<(&str, Vec<&str>)>, Failure> {
    let list = match input.get("TagFilters") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) if list.len() <= FILTERS_MAX => list,
        Some(_) => return Err(invalid("TagFilters must be a list of at most 50 filters")),
    };
    list.iter()
        .map(|filter| {
            let filter = filter.as_object().ok_or_else(|| invalid("A tag filter must be an object"))?;
            let key = filter.get("Key").and_then(Value::as_str).unwrap_or_default();
            if key.is_empty() || key.chars().count() > 128 {
                return Err(invalid("The Key of a tag filter must have 1 to 128 characters"));
            }
            Ok((key, strings(filter, "Values", VALUES_MAX)?))
        })
        .collect()
}

/// `service` or `service:type`.
fn check_type(kind: &str) -> Result<(), Failure> {
    let (service, rest) = kind.split_once(':').unwrap_or((kind, "x"));
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-./".contains(c);
    if service.is_empty() || rest.is_empty() || !service.chars().all(plain) {
        return Err(invalid(&format!("{kind} is not a resource type: service or service:type")));
    }
    Ok(())
}

/// A bucket's ARN says no type: it is found as `s3`, and as `s3:bucket`.
fn is_of_type(arn: &str, kind: &str) -> bool {
    let mut parts = arn.splitn(6, ':').skip(2);
    let (service, resource) = (parts.next().unwrap_or_default(), parts.nth(2).unwrap_or_default());
    match kind.split_once(':') {
        None => service == kind,
        Some(("s3", "bucket")) => service == "s3" && !resource.contains('/'),
        Some((wanted, of)) => service == wanted && resource.split_once(['/', ':']).is_some_and(|(name, _)| name == of),
    }
}
