//! Buckets themselves: made, listed, found, removed.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::failure::Failure;
use super::state::{Bucket, Encryption, PublicAccess, Versioning};
use super::{
    Answer, Request, body, bucket, canonical_id, document, iso_date, names, no_content, ok, ok_xml, settings, tags,
};
use crate::call::Reply;
use crate::front::signature::REGIONS;
use crate::world::World;

/// General purpose buckets an account may have by default.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/BucketRestrictions.html>.
const BUCKETS_MAX: usize = 10_000;

/// The region whose endpoint makes buckets anywhere.
const FIRST_REGION: &str = "us-east-1";

pub(super) fn create(world: &mut World, request: &Request<'_>) -> Answer {
    let caller = &request.call.caller;
    let regional = match request.header("x-amz-bucket-namespace") {
        None | Some("global") => None,
        Some("account-regional") => Some(format!("-{}-{}-an", caller.account, request.call.region)),
        Some(other) => {
            return Err(Failure::invalid_argument("Invalid bucket namespace", "x-amz-bucket-namespace", other));
        }
    };
    if !names::is_valid(&request.bucket, regional.as_deref()) {
        let message = "The specified bucket is not valid.";
        return Err(Failure::new(400, "InvalidBucketName", message).detail("BucketName", &request.bucket));
    }
    let wish = Wish::read(request)?;
    if request.header("x-amz-acl").is_some_and(|acl| acl != "private") {
        let message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
        return Err(Failure::new(400, "InvalidBucketAclWithObjectOwnership", message));
    }
    if let Some(existing) = world.s3.buckets.get(&request.bucket) {
        return answer_existing(existing, request, &wish.region);
    }
    if world.s3.buckets.values().filter(|b| b.owner == caller.account).count() >= BUCKETS_MAX {
        let message = "You have attempted to create more buckets than allowed";
        return Err(Failure::new(400, "TooManyBuckets", message));
    }
    let new = Bucket {
        owner: caller.account.clone(),
        encryption: Encryption::of_new_bucket(&wish.region),
        region: wish.region,
        created: request.now_millis(),
        policy: None,
        versioning: if wish.object_lock { Versioning::Enabled } else { Versioning::NeverEnabled },
        public_access: Some(PublicAccess {
            block_public_acls: true,
            ignore_public_acls: true,
            block_public_policy: true,
            restrict_public_buckets: true,
        }),
        ownership: Some(wish.ownership),
        tags: wish.tags,
        object_lock: wish.object_lock,
        configurations: BTreeMap::new(),
        objects: BTreeMap::new(),
        uploads: BTreeMap::new(),
    };
    let reply = created(request, &new.region);
    world.s3.buckets.insert(request.bucket.clone(), new);
    Ok(reply)
}

/// The location is a path in the first region and a whole address in every other.
/// Source: <https://docs.aws.amazon.com/cli/latest/reference/s3api/create-bucket.html>.
fn created(request: &Request<'_>, region: &str) -> Reply {
    let mut reply = ok();
    let name = &request.bucket;
    let location = if region == FIRST_REGION { format!("/{name}") } else { format!("http://{name}.s3.amazonaws.com/") };
    reply.headers.push(("location", location));
    reply.headers.push(("x-amz-bucket-arn", format!("arn:aws:s3:::{}", request.bucket)));
    reply
}

/// In the first region making one's own bucket again succeeds and changes nothing; everywhere else it is a conflict.
fn answer_existing(existing: &Bucket, request: &Request<'_>, region: &str) -> Answer {
    if existing.owner != request.call.caller.account {
        let message = "The requested bucket name is not available. The bucket namespace is shared by all users of the \
            system. Please select a different name and try again.";
        return Err(Failure::new(409, "BucketAlreadyExists", message).detail("BucketName", &request.bucket));
    }
    if existing.region == FIRST_REGION && region == FIRST_REGION && request.call.region == FIRST_REGION {
        return Ok(created(request, region));
    }
    let message = "Your previous request to create the named bucket succeeded and you already own it.";
    Err(Failure::new(409, "BucketAlreadyOwnedByYou", message).detail("BucketName", &request.bucket))
}

/// What CreateBucket asks for.
struct Wish {
    region: String,
    ownership: String,
    tags: Vec<(String, String)>,
    object_lock: bool,
}

impl Wish {
    fn read(request: &Request<'_>) -> Result<Self, Failure> {
        let (constraint, tags) = if request.call.body.is_empty() {
            (None, Vec::new())
        } else {
            let node = body::parse(&request.call.body, "CreateBucketConfiguration")?;
            node.only(&["LocationConstraint", "Tags", "Location", "Bucket"])?;
            if node.child("Location")?.is_some() || node.child("Bucket")?.is_some() {
                return Err(Failure::not_implemented("directory buckets"));
            }
            let constraint = node.text_of("LocationConstraint")?.filter(|text| !text.is_empty()).map(str::to_owned);
            (constraint, node.child("Tags")?.map(tags::read).transpose()?.unwrap_or_default())
        };
        let ownership = request.header("x-amz-object-ownership").unwrap_or("BucketOwnerEnforced");
        if !settings::OWNERSHIPS.contains(&ownership) {
            let name = "x-amz-object-ownership";
            return Err(Failure::invalid_argument("Invalid x-amz-object-ownership header", name, ownership));
        }
        Ok(Self {
            region: region(&request.call.region, constraint.as_deref())?,
            ownership: ownership.to_owned(),
            tags,
            object_lock: request
                .header("x-amz-bucket-object-lock-enabled")
                .is_some_and(|v| v.eq_ignore_ascii_case("true")),
        })
    }
}

/// Where the bucket goes: the endpoint's region must agree with the constraint, except that the first region's
/// endpoint makes buckets anywhere and its own take no constraint.
fn region(endpoint: &str, constraint: Option<&str>) -> Result<String, Failure> {
    let illegal = |what: &str| {
        let message = format!(
            "The {what} location constraint is incompatible for the region specific endpoint this request was sent to."
        );
        Failure::new(400, "IllegalLocationConstraintException", message)
    };
    let named = match constraint {
        None if endpoint == FIRST_REGION => return Ok(FIRST_REGION.to_owned()),
        None => return Err(illegal("unspecified")),
        Some("EU") => "eu-west-1",
        Some(named) => named,
    };
    if named == FIRST_REGION && endpoint == FIRST_REGION || !REGIONS.contains(&named) {
        let message = "The specified location-constraint is not valid";
        return Err(Failure::new(400, "InvalidLocationConstraint", message).detail("LocationConstraint", named));
    }
    if endpoint != FIRST_REGION && endpoint != named { Err(illegal(named)) } else { Ok(named.to_owned()) }
}

pub(super) fn delete(world: &mut World, request: &Request<'_>) -> Answer {
    let found = bucket(world, request)?;
    if !found.objects.is_empty() {
        let message = match found.versioning {
            Versioning::NeverEnabled => "The bucket you tried to delete is not empty",
            Versioning::Enabled | Versioning::Suspended => {
                "The bucket you tried to delete is not empty. You must delete all versions in the bucket."
            }
        };
        return Err(Failure::new(409, "BucketNotEmpty", message).detail("BucketName", &request.bucket));
    }
    world.s3.buckets.remove(&request.bucket);
    Ok(no_content())
}

pub(super) fn head(world: &World, request: &Request<'_>) -> Answer {
    let found = bucket(world, request)?;
    let mut reply = ok();
    reply.headers.push(("x-amz-bucket-region", found.region.clone()));
    reply.headers.push(("x-amz-bucket-arn", format!("arn:aws:s3:::{}", request.bucket)));
    reply.headers.push(("x-amz-access-point-alias", "false".to_owned()));
    reply.headers.push(("content-type", "application/xml".to_owned()));
    Ok(reply)
}

/// The first region is written as nothing.
pub(super) fn location(world: &World, request: &Request<'_>) -> Answer {
    let found = bucket(world, request)?;
    let mut xml = crate::xml::Xml::document();
    let region = if found.region == FIRST_REGION { "" } else { &found.region };
    xml.open_with("LocationConstraint", &[("xmlns", super::NAMESPACE)]).text(region);
    Ok(ok_xml(xml))
}

pub(super) fn list(world: &World, request: &Request<'_>) -> Answer {
    let account = &request.call.caller.account;
    let limit = match request.query("max-buckets") {
        None => usize::MAX,
        Some(text) => text.parse().ok().filter(|n| (1..=10_000).contains(n)).ok_or_else(|| {
            Failure::invalid_argument(
                "Argument max-buckets must be an integer between 1 and 10000",
                "max-buckets",
                text,
            )
        })?,
    };
    let after = request.query("continuation-token").map(|token| {
        let name = BASE64_STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        name.ok_or_else(|| {
            Failure::invalid_argument("The continuation token provided is incorrect", "continuation-token", token)
        })
    });
    let after = after.transpose()?.unwrap_or_default();
    let prefix = request.query("prefix").unwrap_or_default();
    let region = request.query("bucket-region");
    // Without any parameter the answer is the old one, which does not say regions.
    let modern =
        ["max-buckets", "continuation-token", "prefix", "bucket-region"].iter().any(|q| request.query(q).is_some());
    let mut found = world.s3.buckets.iter().filter(|(name, bucket)| {
        bucket.owner == *account
            && name.starts_with(prefix)
            && name.as_str() > after.as_str()
            && region.is_none_or(|region| bucket.region == region)
    });
    let mut xml = document("ListAllMyBucketsResult");
    xml.open("Owner").leaf("ID", canonical_id(account)).close().open("Buckets");
    let mut last = "";
    for (name, bucket) in found.by_ref().take(limit) {
        xml.open("Bucket").leaf("Name", name).leaf("CreationDate", iso_date(bucket.created));
        xml.leaf_if("BucketRegion", modern.then_some(&bucket.region));
        xml.leaf_if("BucketArn", modern.then(|| format!("arn:aws:s3:::{name}"))).close();
        last = name;
    }
    xml.close();
    if found.next().is_some() {
        xml.leaf("ContinuationToken", BASE64_STANDARD.encode(last));
    }
    xml.leaf_if("Prefix", request.query("prefix"));
    Ok(ok_xml(xml))
}
