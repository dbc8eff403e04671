//! Things that need more than a table of fields: a bucket with every part, a file beside the specs, a key without a name.

use std::fs;

use serde_json::json;

use super::{TOOLING, assert_adopted, export, heir, snapshot, written};
use crate::hand::Hand;
use crate::support::Project;

const BUCKETS: &str = r#"
[role.copy]
[[role.copy.trust]]
allow     = "sts:AssumeRole"
principal = { service = "s3.amazonaws.com" }

[topic.uploads]
[[topic.uploads.policy]]
allow     = "sns:Publish"
principal = { service = "s3.amazonaws.com" }
resource  = "arn:aws:sns:${region}:${account.id}:uploads"
condition = { StringEquals = { "aws:SourceAccount" = "${account.id}" } }

[key.copies]
alias = "alias/copies"

[bucket.logs]
name      = "logs-${account.id}"
ownership = "BucketOwnerPreferred"

[bucket.copy]
name       = "copy-${account.id}"
versioning = "enabled"

[bucket.site]
name    = "site-${account.id}"
website = { redirect_all_requests_to = { host_name = "example.com", protocol = "https" } }
lifecycle = { rules = { uploads = { abort_incomplete_multipart_upload_days = 7 } } }

[bucket.full]
name                  = "full-${account.id}"
versioning            = "enabled"
transfer_acceleration = true
requester_pays        = true
object_lock           = { default_retention = { mode = "GOVERNANCE", days = 30, default_event_hold = { years = 1 } } }

[bucket.full.logging]
target_bucket            = "bucket.logs"
target_prefix            = "s3/"
target_object_key_format = "EventTime"
target_grants            = [{ uri = "http://acs.amazonaws.com/groups/s3/LogDelivery", permission = "WRITE" }, { id = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be", permission = "READ" }]

[bucket.full.website]
index_document = "index.html"
error_document = "error.html"
routing_rules  = [{ key_prefix_equals = "docs/", http_error_code_returned_equals = 404, host_name = "example.com", protocol = "https", replace_key_prefix_with = "documents/", http_redirect_code = 302 }]

[bucket.full.lifecycle]
transition_default_minimum_object_size = "varies_by_storage_class"
[bucket.full.lifecycle.rules.old]
filter                        = { prefix = "logs/", tags = { team = "platform" }, object_size_greater_than = 1024 }
expiration                    = { days = 365 }
transitions                   = [{ days = 30, storage_class = "STANDARD_IA" }, { days = 90, storage_class = "GLACIER" }]
noncurrent_version_expiration = { noncurrent_days = 60, newer_noncurrent_versions = 3 }
noncurrent_version_transitions = [{ noncurrent_days = 30, storage_class = "STANDARD_IA" }]
[bucket.full.lifecycle.rules.uploads]
abort_incomplete_multipart_upload_days = 7
expiration                             = { expired_object_delete_marker = true }
[bucket.full.lifecycle.rules.dated]
status      = "Disabled"
expiration  = { date = "2027-01-31" }
transitions = [{ date = "2026-12-31", storage_class = "DEEP_ARCHIVE" }]

[[bucket.full.cors]]
id              = "web"
allowed_origins = ["https://example.com", "https://*.example.org"]
allowed_methods = ["GET", "HEAD"]
allowed_headers = ["*"]
expose_headers  = ["ETag"]
max_age_seconds = 600

[bucket.full.notification]
event_bridge = true
topics.t     = { topic = "topic.uploads", events = "s3:ObjectCreated:*", prefix = "a/" }
queues.q     = { queue = "arn:aws:sqs:${region}:${account.id}:q", events = ["s3:ObjectRemoved:*", "s3:ObjectTagging:*"] }
functions.f  = { function = "arn:aws:lambda:${region}:${account.id}:function:f:live", events = "s3:ObjectCreated:Put", prefix = "b/", suffix = ".zip" }

[bucket.full.replication]
role = "role.copy"
[bucket.full.replication.rules.all]
destination               = { bucket = "bucket.copy", replication_time = "Enabled" }
delete_marker_replication = "Enabled"
[bucket.full.replication.rules.secret]
priority                  = 1
filter                    = { tags = { secret = "yes" } }
sse_kms_encrypted_objects = "Enabled"
destination               = { bucket = "bucket.copy", account = "${account.id}", owner = "Destination", storage_class = "GLACIER_IR", replica_kms_key = "key.copies", metrics = "Enabled" }

[bucket.full.intelligent_tiering.cold]
filter                   = { prefix = "cold/" }
archive_access_days      = 90
deep_archive_access_days = 180

[bucket.full.inventory.daily]
frequency       = "Daily"
optional_fields = ["Size", "ETag"]
destination     = { bucket = "bucket.logs", account_id = "${account.id}", prefix = "inventory", encryption = "SSE-S3" }

[bucket.full.inventory.weekly]
enabled     = false
frequency   = "Weekly"
destination = { bucket = "bucket.logs", format = "Parquet", kms_key = "key.copies" }
"#;

#[test]
fn a_bucket_with_every_part_is_exported() {
    let from = Project::with(BUCKETS);
    from.apply();
    let to = heir(&from, &from.read("accounts.toml"));
    let run = export(&to, &[]);
    let text = written(&to, "exported");
    assert!(!run.stdout.contains("left out"), "{}\n{text}", run.stdout);
    snapshot("export_buckets", &text);
    assert_adopted(&to);
}

/// What the identity provider of a SAML provider gives out.
fn metadata() -> String {
    let certificate = "x".repeat(1_000);
    format!(
        "<EntityDescriptor entityID=\"corporate\">\n<X509Certificate>{certificate}</X509Certificate>\n</EntityDescriptor>"
    )
}

#[test]
fn the_metadata_of_a_saml_provider_is_a_file_beside_the_specs() {
    let from = Project::with("[saml_provider.corporate]\nmetadata = { file = \"idp.xml\" }\n");
    from.write("idp.xml", metadata());
    from.apply();
    let to = heir(&from, &from.read("accounts.toml"));
    let file = "exported/main-saml_provider-corporate.xml";
    to.write(file, "mine");
    let refused = to.trueup(&["export"]).expect(1);
    assert!(refused.complains(&format!("{file} would be overwritten; nothing was written")), "{}", refused.stderr);
    assert!(!to.path().join("exported/main.toml").exists());
    fs::remove_file(to.path().join(file)).unwrap();
    let run = export(&to, &[]);
    assert!(run.says(file) && !run.stdout.contains("left out"), "{}", run.stdout);
    assert_eq!(to.read(file), metadata());
    snapshot("export_saml", &to.read("exported/main.toml"));
    export(&to, &["--overwrite"]);
    assert_eq!(to.read(file), metadata());
    assert_adopted(&to);
}

/// A key without an alias has nothing but its tag: with it, it is written under the address the tag says, and no other key is taken for it.
#[test]
fn a_key_without_an_alias_is_found_by_its_tag() {
    let project = Project::with("[key.nameless]\ndescription = \"Ours\"\n");
    project.apply();
    let hand = Hand::on(&project, TOOLING);
    let other = hand.kms("CreateKey", &json!({"Description": "Nobody's"}));
    let arn = other["KeyMetadata"]["Arn"].as_str().unwrap();
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}]});
    hand.iam("CreateRole", &[("RoleName", "reader"), ("AssumeRolePolicyDocument", &trust.to_string())]);
    let policy =
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": arn}]});
    hand.iam(
        "PutRolePolicy",
        &[("RoleName", "reader"), ("PolicyName", "read"), ("PolicyDocument", &policy.to_string())],
    );

    let beside = export(&project, &["--out", "-", "--format", "json"]);
    let shown: serde_json::Value = serde_json::from_str(&beside.stdout).unwrap();
    assert_eq!(shown["known"], 1, "the key of the specs: {}", beside.stdout);
    assert_eq!(shown["left_out"].as_array().unwrap().len(), 1, "the other key: {}", beside.stdout);
    assert!(!beside.stdout.contains("key.nameless"), "the policy names the other key: {}", beside.stdout);

    fs::remove_file(project.path().join("specs.toml")).unwrap();
    let run = export(&project, &[]);
    assert!(run.says("it has no alias by which a spec could find it; give it one"), "{}", run.stdout);
    snapshot("export_nameless", &written(&project, "exported"));
    project.trueup(&["apply", "--yes"]).expect(0);
    project.assert_true();
    let keys = hand.kms("ListKeys", &json!({}));
    assert_eq!(keys["Keys"].as_array().unwrap().len(), 2, "no key was made: {keys}");
}
