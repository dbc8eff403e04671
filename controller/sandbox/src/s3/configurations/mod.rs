//! The configurations of a bucket that are documents of their own: lifecycle, CORS, replication, ….
//!
//! S3 keeps each as it was put, but for ids it makes up and dates it writes in full; so does the sandbox. `schema.rs` has their shapes; what
//! S3 refuses beyond the shape stands in a file for each of the larger ones. Queues and functions are other services' that the sandbox
//! does not have, so any ARN of the right form and region is taken for a destination that lets S3 in.

mod lifecycle;
mod notification;
mod replication;
mod schema;
mod small;

pub(super) use self::small::default_retention;

use self::schema::Element;
use super::body::{self, Node};
use super::failure::Failure;
use super::state::{Bucket, Versioning};
use super::{Answer, Request, bucket, bucket_mut, document, no_content, ok, ok_xml};
use crate::world::World;
use crate::xml::Xml;

/// Configurations in one answer of a list.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBucketInventoryConfigurations.html>.
const PAGE: usize = 100;

/// Configurations of one sort a bucket may have.
const CONFIGURATIONS_MAX: usize = 1_000;

/// Where the least size for transitions is kept, and its header.
const MINIMUM_SIZE: &str = "lifecycle minimum size";
const MINIMUM_SIZE_HEADER: &str = "x-amz-transition-default-minimum-object-size";

/// One sort of configuration.
struct Sort {
    /// As the query says it.
    name: &'static str,
    root: &'static str,
    shape: &'static [Element],
    /// What a bucket without one answers: an error's code and message, or nothing but the root.
    absent: Option<(&'static str, &'static str)>,
    /// What S3 refuses beyond the shape; it may fill in what S3 makes up.
    check: fn(&World, &Request<'_>, &Bucket, &mut Node) -> Result<(), Failure>,
}

const NO_CONFIGURATION: Option<(&str, &str)> =
    Some(("NoSuchConfiguration", "The specified configuration does not exist."));

static SORTS: [Sort; 11] = [
    Sort {
        name: "lifecycle",
        root: "LifecycleConfiguration",
        shape: schema::LIFECYCLE,
        absent: Some(("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")),
        check: lifecycle::check,
    },
    Sort {
        name: "cors",
        root: "CORSConfiguration",
        shape: schema::CORS,
        absent: Some(("NoSuchCORSConfiguration", "The CORS configuration does not exist")),
        check: small::cors,
    },
    Sort { name: "logging", root: "BucketLoggingStatus", shape: schema::LOGGING, absent: None, check: small::logging },
    Sort {
        name: "notification",
        root: "NotificationConfiguration",
        shape: schema::NOTIFICATION,
        absent: None,
        check: notification::check,
    },
    Sort {
        name: "replication",
        root: "ReplicationConfiguration",
        shape: schema::REPLICATION,
        absent: Some(("ReplicationConfigurationNotFoundError", "The replication configuration was not found")),
        check: replication::check,
    },
    Sort {
        name: "object-lock",
        root: "ObjectLockConfiguration",
        shape: schema::OBJECT_LOCK,
        absent: Some((
            "ObjectLockConfigurationNotFoundError",
            "Object Lock configuration does not exist for this bucket",
        )),
        check: small::object_lock,
    },
    Sort {
        name: "website",
        root: "WebsiteConfiguration",
        shape: schema::WEBSITE,
        absent: Some(("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration")),
        check: small::website,
    },
    Sort {
        name: "accelerate",
        root: "AccelerateConfiguration",
        shape: schema::ACCELERATE,
        absent: None,
        check: small::accelerate,
    },
    Sort {
        name: "requestPayment",
        root: "RequestPaymentConfiguration",
        shape: schema::PAYMENT,
        absent: None,
        check: |_, _, _, _| Ok(()),
    },
    Sort {
        name: "intelligent-tiering",
        root: "IntelligentTieringConfiguration",
        shape: schema::INTELLIGENT_TIERING,
        absent: NO_CONFIGURATION,
        check: small::intelligent_tiering,
    },
    Sort {
        name: "inventory",
        root: "InventoryConfiguration",
        shape: schema::INVENTORY,
        absent: NO_CONFIGURATION,
        check: small::inventory,
    },
];

/// The answer, if the operation is about one of these.
pub(super) fn perform(world: &mut World, request: &Request<'_>) -> Option<Answer> {
    let operation = request.operation;
    let name = match operation {
        "GetBucketLifecycleConfiguration" | "PutBucketLifecycleConfiguration" | "DeleteBucketLifecycle" => "lifecycle",
        "GetBucketCors" | "PutBucketCors" | "DeleteBucketCors" => "cors",
        "GetBucketLogging" | "PutBucketLogging" => "logging",
        "GetBucketNotificationConfiguration" | "PutBucketNotificationConfiguration" => "notification",
        "GetBucketReplication" | "PutBucketReplication" | "DeleteBucketReplication" => "replication",
        "GetObjectLockConfiguration" | "PutObjectLockConfiguration" => "object-lock",
        "GetBucketWebsite" | "PutBucketWebsite" | "DeleteBucketWebsite" => "website",
        "GetBucketAccelerateConfiguration" | "PutBucketAccelerateConfiguration" => "accelerate",
        "GetBucketRequestPayment" | "PutBucketRequestPayment" => "requestPayment",
        "GetBucketIntelligentTieringConfiguration"
        | "PutBucketIntelligentTieringConfiguration"
        | "DeleteBucketIntelligentTieringConfiguration"
        | "ListBucketIntelligentTieringConfigurations" => "intelligent-tiering",
        "GetBucketInventoryConfiguration"
        | "PutBucketInventoryConfiguration"
        | "DeleteBucketInventoryConfiguration"
        | "ListBucketInventoryConfigurations" => "inventory",
        _ => return None,
    };
    let sort = SORTS.iter().find(|sort| sort.name == name)?;
    Some(if operation.starts_with("List") {
        list(world, request, sort)
    } else if operation.starts_with("Get") {
        get(world, request, sort)
    } else if operation.starts_with("Put") {
        put(world, request, sort)
    } else {
        delete(world, request, sort)
    })
}

/// Where a configuration is kept: those of which a bucket has several, under their id.
fn place(request: &Request<'_>, sort: &Sort) -> Result<String, Failure> {
    if sort.absent != NO_CONFIGURATION {
        return Ok(sort.name.to_owned());
    }
    match request.query("id") {
        Some(id) if !id.is_empty() => Ok(format!("{}/{id}", sort.name)),
        Some(_) | None => {
            let message = "Missing required parameter for this request: 'id'";
            Err(Failure::new(400, "InvalidArgument", message))
        }
    }
}

fn get(world: &World, request: &Request<'_>, sort: &Sort) -> Answer {
    let found = bucket(world, request)?;
    let kept = found.configurations.get(&place(request, sort)?);
    let Some(kept) = kept else {
        return match (sort.name, sort.absent) {
            ("object-lock", _) if found.object_lock => {
                let mut xml = document(sort.root);
                xml.leaf("ObjectLockEnabled", "Enabled");
                Ok(ok_xml(xml))
            }
            ("requestPayment", _) => {
                let mut xml = document(sort.root);
                xml.leaf("Payer", "BucketOwner");
                Ok(ok_xml(xml))
            }
            (_, None) => Ok(ok_xml(document(sort.root))),
            (_, Some((code, message))) => Err(Failure::new(404, code, message).detail("BucketName", &request.bucket)),
        };
    };
    let mut xml = document(sort.root);
    write_children(&mut xml, kept);
    let mut reply = ok_xml(xml);
    if let Some(size) = found.configurations.get(MINIMUM_SIZE).filter(|_| sort.name == "lifecycle") {
        reply.headers.push((MINIMUM_SIZE_HEADER, size.text.clone()));
    }
    Ok(reply)
}

fn write_children(xml: &mut Xml, node: &Node) {
    for child in &node.children {
        if child.children.is_empty() {
            xml.leaf(&child.name, &child.text);
        } else {
            if child.name == "Grantee" {
                // Who has a grant says in an attribute what it is.
                // Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Grantee.html>.
                let sort =
                    if child.children.iter().any(|child| child.name == "URI") { "Group" } else { "CanonicalUser" };
                let schema = "http://www.w3.org/2001/XMLSchema-instance";
                xml.open_with("Grantee", &[("xmlns:xsi", schema), ("xsi:type", sort)]);
            } else {
                xml.open(&child.name);
            }
            write_children(xml, child);
            xml.close();
        }
    }
}

fn put(world: &mut World, request: &Request<'_>, sort: &Sort) -> Answer {
    let place = place(request, sort)?;
    let mut node = body::parse(&request.call.body, sort.root)?;
    schema::check(&node, sort.shape)?;
    let found = bucket(world, request)?;
    (sort.check)(world, request, found, &mut node)?;
    if sort.absent == NO_CONFIGURATION {
        check_id(request, found, sort, &place, &node)?;
    }
    let minimum_size = match request.header(MINIMUM_SIZE_HEADER).filter(|_| sort.name == "lifecycle") {
        None => "all_storage_classes_128K",
        Some(size @ ("all_storage_classes_128K" | "varies_by_storage_class")) => size,
        Some(other) => {
            let message = "Invalid value for the default minimum object size of transitions";
            return Err(Failure::invalid_argument(message, MINIMUM_SIZE_HEADER, other));
        }
    };
    name_rules(world, &mut node);
    let bucket = bucket_mut(world, request)?;
    if sort.name == "object-lock" {
        bucket.object_lock = true;
    }
    let mut reply = ok();
    if sort.name == "lifecycle" {
        let size = Node { text: minimum_size.to_owned(), ..Node::default() };
        bucket.configurations.insert(MINIMUM_SIZE.to_owned(), size);
        reply.headers.push((MINIMUM_SIZE_HEADER, minimum_size.to_owned()));
    }
    // Put empty, these two are gone.
    if ["logging", "notification"].contains(&sort.name) && node.children.is_empty() {
        bucket.configurations.remove(&place);
    } else {
        bucket.configurations.insert(place, node);
    }
    Ok(reply)
}

/// S3 makes up an id where there is none.
fn name_rules(world: &mut World, node: &mut Node) {
    let tag = match node.name.as_str() {
        "LifecycleConfiguration" | "ReplicationConfiguration" => "ID",
        "NotificationConfiguration" => "Id",
        _ => return,
    };
    let rules = ["Rule", "TopicConfiguration", "QueueConfiguration", "CloudFunctionConfiguration"];
    for rule in node.children.iter_mut().filter(|child| rules.contains(&child.name.as_str())) {
        if rule.children.iter().any(|child| child.name == tag && !child.text.trim().is_empty()) {
            continue;
        }
        rule.children.retain(|child| child.name != tag);
        let text = format!("made-up-{:012}", world.next_serial());
        rule.children.insert(0, Node { name: tag.to_owned(), text, ..Node::default() });
    }
}

fn check_id(request: &Request<'_>, found: &Bucket, sort: &Sort, place: &str, node: &Node) -> Result<(), Failure> {
    let id = node.text_of("Id")?.unwrap_or_default();
    if Some(id) != request.query("id") {
        return Err(Failure::malformed_xml());
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if id.len() > 64 || !id.chars().all(plain) {
        return Err(Failure::invalid_argument("Invalid configuration id", "id", id));
    }
    let prefix = format!("{}/", sort.name);
    let others = found.configurations.keys().filter(|key| key.starts_with(&prefix) && *key != place).count();
    if others >= CONFIGURATIONS_MAX {
        let message =
            "You are attempting to create a new configuration but have already reached the 1,000-configuration limit.";
        return Err(Failure::new(400, "TooManyConfigurations", message));
    }
    Ok(())
}

fn delete(world: &mut World, request: &Request<'_>, sort: &Sort) -> Answer {
    let place = place(request, sort)?;
    let gone = bucket_mut(world, request)?.configurations.remove(&place);
    if let (None, Some((code, message)), true) = (gone, sort.absent, sort.absent == NO_CONFIGURATION) {
        return Err(Failure::new(404, code, message));
    }
    Ok(no_content())
}

fn list(world: &World, request: &Request<'_>, sort: &Sort) -> Answer {
    let found = bucket(world, request)?;
    let root = match sort.name {
        "inventory" => "ListInventoryConfigurationsResult",
        _ => "ListBucketIntelligentTieringConfigurationsOutput",
    };
    let prefix = format!("{}/", sort.name);
    // The token is the last id; ids hold nothing that needs hiding.
    let after = format!("{prefix}{}", request.query("continuation-token").unwrap_or_default());
    let mut rest = found
        .configurations
        .iter()
        .filter(|(key, _)| key.starts_with(&prefix) && **key > after)
        .map(|(key, node)| (key.trim_start_matches(&prefix), node));
    let mut xml = document(root);
    let mut last = "";
    for (id, node) in rest.by_ref().take(PAGE) {
        xml.open(sort.root);
        write_children(&mut xml, node);
        xml.close();
        last = id;
    }
    let more = rest.next().is_some();
    xml.leaf("IsTruncated", more).leaf_if("NextContinuationToken", more.then_some(last));
    Ok(ok_xml(xml))
}

/// Whether a bucket's versioning may be suspended, for what is configured on it.
pub(super) fn check_suspending(bucket: &Bucket) -> Result<(), Failure> {
    let because = if bucket.object_lock {
        "An Object Lock configuration"
    } else if bucket.configurations.contains_key("replication") {
        "A replication configuration"
    } else {
        return Ok(());
    };
    let message = format!("{because} is present on this bucket, so the versioning state cannot be changed.");
    Err(Failure::new(409, "InvalidBucketState", message))
}

/// Refuses what needs versioning on a bucket without.
fn needs_versioning(bucket: &Bucket, failure: impl FnOnce() -> Failure) -> Result<(), Failure> {
    if bucket.versioning == Versioning::Enabled { Ok(()) } else { Err(failure()) }
}

fn invalid_request(message: impl Into<String>) -> Failure {
    Failure::new(400, "InvalidRequest", message)
}

fn invalid_argument(message: impl Into<String>) -> Failure {
    Failure::new(400, "InvalidArgument", message)
}

/// The number in a child, whose shape was checked.
fn number(node: &Node, name: &str) -> Option<i64> {
    node.all(name).next().and_then(|child| child.text.trim().parse().ok())
}

/// The text of a child.
fn text<'a>(node: &'a Node, name: &str) -> Option<&'a str> {
    node.all(name).next().map(|child| child.text.trim())
}

/// The child on a way of names.
fn child<'a>(node: &'a Node, way: &[&str]) -> Option<&'a Node> {
    way.iter().try_fold(node, |node, name| node.all(name).next())
}
