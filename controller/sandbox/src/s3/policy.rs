//! The bucket policy.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html>; what makes a policy public:
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>.

use serde_json::Value;

use super::failure::Failure;
use super::{Answer, Request, actions, bucket, bucket_mut, document, no_content, ok_xml};
use crate::call::Reply;
use crate::iam::document::{self as grammar, DocumentUse};
use crate::sts::trust::{like, texts};
use crate::world::World;

/// Bytes of a policy, white space between its parts not counted: 20 KB.
const POLICY_BYTES_MAX: usize = 20_480;

/// Condition keys that, held to fixed values, make a statement for everyone no longer public.
const FIXING_KEYS: [&str; 12] = [
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
];

pub(super) fn get(world: &World, request: &Request<'_>) -> Answer {
    let policy = stored(world, request)?;
    let text = world.show_principals(policy).to_string();
    let headers = vec![("content-type", "application/json".to_owned())];
    Ok(Reply { status: 200, headers, body: text.into_bytes() })
}

pub(super) fn status(world: &World, request: &Request<'_>) -> Answer {
    let public = is_public(stored(world, request)?);
    let mut xml = document("PolicyStatus");
    // In lower case: botocore and the Rust SDK read nothing else, though AWS's sample response is in upper case.
    xml.leaf("IsPublic", if public { "true" } else { "false" });
    Ok(ok_xml(xml))
}

pub(super) fn put(world: &mut World, request: &Request<'_>) -> Answer {
    let text = std::str::from_utf8(&request.call.body).unwrap_or_default();
    if !text.trim_start().starts_with('{') {
        return Err(malformed("Policies must be valid JSON and the first byte must be '{'"));
    }
    let policy = grammar::check(text, DocumentUse::Resource).map_err(|why| malformed(&why))?;
    let size = policy.to_string().len();
    if size > POLICY_BYTES_MAX {
        let message = format!("Policy exceeds the maximum allowed document size of {POLICY_BYTES_MAX} bytes");
        return Err(Failure::new(400, "PolicyTooLarge", message));
    }
    for statement in statements(&policy) {
        check_statement(statement, &request.bucket).map_err(malformed)?;
    }
    let blocked = world.s3.effective_block(bucket(world, request)?).block_public_policy;
    let interned = world
        .intern_principals(policy)
        .map_err(|principal| malformed("Invalid principal in policy").detail("Detail", principal))?;
    if blocked && is_public(&interned) {
        let message = format!(
            "User: {} is not authorized to perform: s3:PutBucketPolicy on resource: \"arn:aws:s3:::{}\" because public \
            policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
            request.call.caller.arn, request.bucket
        );
        return Err(Failure::new(403, "AccessDenied", message));
    }
    bucket_mut(world, request)?.policy = Some(interned);
    Ok(no_content())
}

pub(super) fn delete(world: &mut World, request: &Request<'_>) -> Answer {
    bucket_mut(world, request)?.policy = None;
    Ok(no_content())
}

fn stored<'a>(world: &'a World, request: &Request<'_>) -> Result<&'a Value, Failure> {
    bucket(world, request)?.policy.as_ref().ok_or_else(|| {
        let message = "The bucket policy does not exist";
        Failure::new(404, "NoSuchBucketPolicy", message).detail("BucketName", &request.bucket)
    })
}

fn malformed(message: &str) -> Failure {
    Failure::new(400, "MalformedPolicy", message)
}

fn statements(policy: &Value) -> Vec<&Value> {
    match policy.get("Statement") {
        Some(Value::Array(list)) => list.iter().collect(),
        Some(single) => vec![single],
        None => Vec::new(),
    }
}

/// What S3 asks of a statement beyond the grammar: actions of S3, on this bucket, of which every one finds a resource.
fn check_statement(statement: &Value, bucket: &str) -> Result<(), &'static str> {
    if statement.get("Principal").is_none() && statement.get("NotPrincipal").is_none() {
        return Err("Missing required field Principal");
    }
    let resources: Vec<&str> = ["Resource", "NotResource"].iter().flat_map(|e| texts(statement.get(*e))).collect();
    if resources.is_empty() {
        return Err("Missing required field Resource");
    }
    let own = format!("arn:aws:s3:::{bucket}");
    let (mut buckets, mut objects) = (false, false);
    for resource in resources {
        let names_bucket = like(resource, &own);
        let names_objects = reaches_objects(resource, &own);
        if !names_bucket && !names_objects {
            return Err("Policy has invalid resource");
        }
        buckets |= names_bucket;
        objects |= names_objects;
    }
    let patterns: Vec<&str> = ["Action", "NotAction"].iter().flat_map(|e| texts(statement.get(*e))).collect();
    // What a NotAction leaves is always something.
    let positive = statement.get("Action").is_some();
    for pattern in patterns {
        let matches = |names: &[&str]| names.iter().any(|name| matches_action(pattern, name));
        let (on_bucket, on_object) = (matches(&actions::ON_BUCKET), matches(&actions::ON_OBJECT));
        if !on_bucket && !on_object {
            return Err("Policy has invalid action");
        }
        if positive && !(on_bucket && buckets || on_object && objects) {
            return Err("Action does not apply to any resource(s) in statement");
        }
    }
    Ok(())
}

/// Whether a pattern names objects of the bucket: its part up to the first slash fits the bucket, or a star before
/// any slash reaches over it.
fn reaches_objects(pattern: &str, bucket_arn: &str) -> bool {
    match pattern.split_once('/') {
        Some((bucket_part, key_part)) => !key_part.is_empty() && like(bucket_part, bucket_arn),
        None => pattern.ends_with('*') && like(pattern, bucket_arn),
    }
}

fn matches_action(pattern: &str, name: &str) -> bool {
    like(&pattern.to_ascii_lowercase(), &format!("s3:{}", name.to_ascii_lowercase()))
}

/// Whether the policy lets in anybody at all: an Allow for everyone without a condition that holds it to fixed values.
pub(super) fn is_public(policy: &Value) -> bool {
    statements(policy).into_iter().any(|statement| {
        statement.get("Effect").and_then(Value::as_str) == Some("Allow")
            && names_everyone(statement)
            && !is_held_to_fixed_values(statement)
    })
}

fn names_everyone(statement: &Value) -> bool {
    let Some(principal) = statement.get("Principal") else { return statement.get("NotPrincipal").is_some() };
    // The page counts a web identity provider, as "graph.facebook.com", as everyone.
    let is_anyones = |provider: &&str| !provider.contains(':');
    principal.as_str() == Some("*")
        || texts(principal.get("AWS")).contains(&"*")
        || texts(principal.get("Federated")).iter().any(is_anyones)
}

fn is_held_to_fixed_values(statement: &Value) -> bool {
    let Some(operators) = statement.get("Condition").and_then(Value::as_object) else { return false };
    operators.iter().any(|(operator, keys)| {
        let operator = operator.to_ascii_lowercase();
        let operator = operator.strip_prefix("foranyvalue:").unwrap_or(&operator);
        let positive = ["stringequals", "stringlike", "stringequalsignorecase", "arnequals", "arnlike", "ipaddress"];
        positive.contains(&operator)
            && keys.as_object().is_some_and(|keys| {
                keys.iter().any(|(key, values)| {
                    let key = key.to_ascii_lowercase();
                    let values = texts(Some(values));
                    FIXING_KEYS.contains(&key.as_str())
                        && !values.is_empty()
                        && values.iter().all(|v| is_fixed(&key, v))
                })
            })
    })
}

/// A value without wildcards and policy variables; the ARN of an access point may end in them behind its account; an address
/// range must not be broader than /8 or /32.
fn is_fixed(key: &str, value: &str) -> bool {
    if value.contains("${") {
        return false;
    }
    if key == "aws:sourceip" {
        let bits = value.rsplit_once('/').and_then(|(_, bits)| bits.parse::<u8>().ok()).unwrap_or(32);
        return bits >= if value.contains(':') { 32 } else { 8 };
    }
    let wild = |text: &str| text.contains(['*', '?']);
    let parts: Vec<&str> = value.splitn(6, ':').collect();
    match parts.as_slice() {
        &["arn", _, _, _, account, _] if key == "s3:dataaccesspointarn" => !account.is_empty() && !wild(account),
        _ => !wild(value),
    }
}
