//! Which bucket, key and operation a request means.

use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;

/// Operations on a bucket's sub-resource, by the key in the query: GET, PUT, DELETE.
const BUCKET_TABLE: [(&str, &str, &str, &str); 26] = [
    ("abac", "GetBucketAbac", "PutBucketAbac", ""),
    ("accelerate", "GetBucketAccelerateConfiguration", "PutBucketAccelerateConfiguration", ""),
    ("acl", "GetBucketAcl", "PutBucketAcl", ""),
    (
        "analytics",
        "GetBucketAnalyticsConfiguration",
        "PutBucketAnalyticsConfiguration",
        "DeleteBucketAnalyticsConfiguration",
    ),
    ("cors", "GetBucketCors", "PutBucketCors", "DeleteBucketCors"),
    ("encryption", "GetBucketEncryption", "PutBucketEncryption", "DeleteBucketEncryption"),
    (
        "inventory",
        "GetBucketInventoryConfiguration",
        "PutBucketInventoryConfiguration",
        "DeleteBucketInventoryConfiguration",
    ),
    (
        "intelligent-tiering",
        "GetBucketIntelligentTieringConfiguration",
        "PutBucketIntelligentTieringConfiguration",
        "DeleteBucketIntelligentTieringConfiguration",
    ),
    ("lifecycle", "GetBucketLifecycleConfiguration", "PutBucketLifecycleConfiguration", "DeleteBucketLifecycle"),
    ("location", "GetBucketLocation", "", ""),
    ("logging", "GetBucketLogging", "PutBucketLogging", ""),
    ("metrics", "GetBucketMetricsConfiguration", "PutBucketMetricsConfiguration", "DeleteBucketMetricsConfiguration"),
    ("notification", "GetBucketNotificationConfiguration", "PutBucketNotificationConfiguration", ""),
    ("object-lock", "GetObjectLockConfiguration", "PutObjectLockConfiguration", ""),
    ("ownershipControls", "GetBucketOwnershipControls", "PutBucketOwnershipControls", "DeleteBucketOwnershipControls"),
    ("policy", "GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy"),
    ("policyStatus", "GetBucketPolicyStatus", "", ""),
    ("publicAccessBlock", "GetPublicAccessBlock", "PutPublicAccessBlock", "DeletePublicAccessBlock"),
    ("replication", "GetBucketReplication", "PutBucketReplication", "DeleteBucketReplication"),
    ("requestPayment", "GetBucketRequestPayment", "PutBucketRequestPayment", ""),
    ("tagging", "GetBucketTagging", "PutBucketTagging", "DeleteBucketTagging"),
    ("uploads", "ListMultipartUploads", "", ""),
    ("versioning", "GetBucketVersioning", "PutBucketVersioning", ""),
    ("versions", "ListObjectVersions", "", ""),
    ("website", "GetBucketWebsite", "PutBucketWebsite", "DeleteBucketWebsite"),
    ("session", "CreateSession", "", ""),
];

/// The same for an object.
const OBJECT_TABLE: [(&str, &str, &str, &str); 8] = [
    ("acl", "GetObjectAcl", "PutObjectAcl", ""),
    ("attributes", "GetObjectAttributes", "", ""),
    ("legal-hold", "GetObjectLegalHold", "PutObjectLegalHold", ""),
    ("retention", "GetObjectRetention", "PutObjectRetention", ""),
    ("tagging", "GetObjectTagging", "PutObjectTagging", "DeleteObjectTagging"),
    ("torrent", "GetObjectTorrent", "", ""),
    ("uploadId", "ListParts", "UploadPart", "AbortMultipartUpload"),
    ("renameObject", "", "RenameObject", ""),
];

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Empty for the service itself.
    pub(super) bucket: String,
    /// Empty for the bucket itself.
    pub(super) key: String,
}

/// Reads bucket and key from the Host header (`BUCKET.s3.REGION.amazonaws.com`, `BUCKET.localhost`) and the path.
pub(super) fn target(path: &str, headers: &HeaderMap) -> Target {
    let host = headers.get("host").and_then(|v| v.to_str().ok()).unwrap_or_default();
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let path = path.strip_prefix('/').unwrap_or(path);
    if let Some(bucket) = bucket_in_host(host) {
        return Target { bucket: bucket.to_owned(), key: decode(path) };
    }
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    Target { bucket: decode(bucket), key: decode(key) }
}

fn bucket_in_host(host: &str) -> Option<&str> {
    let host =
        host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(host, |(h, _)| h);
    if let Some(rest) = host.strip_suffix(".localhost") {
        let rest = rest.strip_suffix(".s3").unwrap_or(rest);
        return (rest != "s3").then_some(rest);
    }
    let front = host.strip_suffix(".amazonaws.com")?;
    // The endpoint is `s3`, or begins with `s3.`, `s3-`: the last such label ends the bucket's name.
    let at = [".s3.", ".s3-"].iter().filter_map(|mark| front.rfind(mark)).max();
    at.and_then(|at| front.get(..at)).or_else(|| front.strip_suffix(".s3"))
}

/// The name of the operation, as the API reference has it; `Unknown` if there is none.
pub(crate) fn operation_name(
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    query: &[(String, String)],
) -> &'static str {
    if let Some(operation) = super::account::operation(method, path, headers) {
        return operation;
    }
    let target = target(path, headers);
    let has = |name: &str| query.iter().any(|(key, _)| key == name);
    let row = |table: &[(&'static str, &'static str, &'static str, &'static str)]| {
        table.iter().find(|(key, ..)| has(key)).map(|&(_, get, put, delete)| match method.as_str() {
            "GET" => get,
            "PUT" => put,
            "DELETE" => delete,
            _ => "",
        })
    };
    let name = match (target.bucket.is_empty(), target.key.is_empty()) {
        (true, _) => match method.as_str() {
            "GET" => "ListBuckets",
            _ => "",
        },
        (false, true) => row(&BUCKET_TABLE).unwrap_or_else(|| match method.as_str() {
            "GET" if query.iter().any(|(k, v)| k == "list-type" && v == "2") => "ListObjectsV2",
            "GET" => "ListObjects",
            "PUT" => "CreateBucket",
            "DELETE" => "DeleteBucket",
            "HEAD" => "HeadBucket",
            "POST" if has("delete") => "DeleteObjects",
            _ => "",
        }),
        (false, false) => row(&OBJECT_TABLE).unwrap_or_else(|| match method.as_str() {
            "GET" => "GetObject",
            "HEAD" => "HeadObject",
            "PUT" if headers.contains_key("x-amz-copy-source") => "CopyObject",
            "PUT" => "PutObject",
            "DELETE" => "DeleteObject",
            "POST" if has("uploads") => "CreateMultipartUpload",
            _ => "",
        }),
    };
    match name {
        "" => "Unknown",
        // Without an id these two list.
        "GetBucketIntelligentTieringConfiguration" if !has("id") => "ListBucketIntelligentTieringConfigurations",
        "GetBucketInventoryConfiguration" if !has("id") => "ListBucketInventoryConfigurations",
        name => name,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::{operation_name, target};

    fn check(host: &str, path: &str, bucket: &str, key: &str) {
        let mut headers = HeaderMap::new();
        headers.insert("host", host.parse().unwrap());
        let found = target(path, &headers);
        assert_eq!((found.bucket.as_str(), found.key.as_str()), (bucket, key), "{host}{path}");
    }

    #[test]
    fn finds_bucket_and_key() {
        check("s3.eu-west-1.amazonaws.com", "/b/k/l", "b", "k/l");
        check("b.s3.eu-west-1.amazonaws.com", "/k%20l", "b", "k l");
        check("b.s3.amazonaws.com", "/", "b", "");
        check("my.s3.bucket.s3.dualstack.eu-west-1.amazonaws.com", "/", "my.s3.bucket", "");
        check("b.s3-eu-west-1.amazonaws.com", "/", "b", "");
        check("s3.amazonaws.com", "/", "", "");
        check("b.localhost:4566", "/k", "b", "k");
        check("localhost:4566", "/b/k", "b", "k");
        check("127.0.0.1:4566", "/b", "b", "");
    }

    #[test]
    fn names_operations() {
        let name = |method: Method, path: &str, query: &str| {
            operation_name(&method, path, &HeaderMap::new(), &crate::front::parse_pairs(query))
        };
        assert_eq!(name(Method::GET, "/", ""), "ListBuckets");
        assert_eq!(name(Method::PUT, "/b", "policy"), "PutBucketPolicy");
        assert_eq!(name(Method::GET, "/b/", "list-type=2"), "ListObjectsV2");
        assert_eq!(name(Method::HEAD, "/b/k", ""), "HeadObject");
        assert_eq!(name(Method::POST, "/b", "delete"), "DeleteObjects");
        assert_eq!(name(Method::DELETE, "/b", "versions"), "Unknown");
        assert_eq!(name(Method::GET, "/b", "inventory"), "ListBucketInventoryConfigurations");
        assert_eq!(name(Method::GET, "/b", "inventory&id=x"), "GetBucketInventoryConfiguration");
    }
}
