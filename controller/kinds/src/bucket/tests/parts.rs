//! The parts of a bucket: every field in place and back, what S3 keeps of them, and what it refuses.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use trueup_engine::facts::Scope;
use trueup_engine::kind::Kind;
use trueup_sandbox::Sandbox;

use super::{NAME, make, plain};
use crate::bucket::{Bucket, BucketModel, BucketOp, Ownership, PartOp, Parts, Versioning};
use crate::laws;
use crate::source::s3;

const LOGS: &str = "laws-logs";
const COPY: &str = "laws-copy";

const USER_GRANT: &str = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be READ";
const GROUP_GRANT: &str = "http://acs.amazonaws.com/groups/s3/LogDelivery FULL_CONTROL";

/// Every part, with every field that can stand beside the others.
fn full() -> Value {
    let key = "arn:aws:kms:eu-west-1:111111111111:key/12345678-1234-1234-1234-123456789012";
    let told = |arn: &str, prefix: &str| json!({ "arn": arn, "events": ["s3:ObjectCreated:*"], "prefix": prefix, "suffix": ".zip" });
    json!({
        "lifecycle": { "transition_default_minimum_object_size": "all_storage_classes_128K", "rules": { "old": {
            "status": "Enabled", "prefix": "old/", "tags": { "a": "b" },
            "object_size_greater_than": 10, "object_size_less_than": 1000,
            "expiration": { "at": { "days": 400 } },
            "transitions": { "GLACIER": { "days": 90 } },
            "noncurrent_version_expiration": { "noncurrent_days": 60, "newer_noncurrent_versions": 3 },
            "noncurrent_version_transitions": { "STANDARD_IA": { "noncurrent_days": 30, "newer_noncurrent_versions": null } },
            "abort_incomplete_multipart_upload_days": null,
        } } },
        "logging": { "target_bucket": format!("arn:aws:s3:::{LOGS}"), "target_prefix": "log/", "target_object_key_format": "EventTime", "target_grants": [] },
        "cors": [{
            "id": "web", "allowed_origins": ["https://example.com"], "allowed_methods": ["GET"], "allowed_headers": ["*"],
            "expose_headers": ["ETag"], "max_age_seconds": 60,
        }],
        "notification": {
            "event_bridge": true,
            "topics": { "t": told("arn:aws:sns:eu-west-1:111111111111:t", "t/") },
            "queues": { "q": told("arn:aws:sqs:eu-west-1:111111111111:q", "q/") },
            "functions": { "f": told("arn:aws:lambda:eu-west-1:111111111111:function:f", "f/") },
        },
        "replication": { "role": "arn:aws:iam::111111111111:role/copy", "rules": { "all": {
            "status": "Enabled", "priority": 1, "prefix": "x/", "tags": { "a": "b" },
            "destination": {
                "bucket": format!("arn:aws:s3:::{COPY}"), "account": laws::ACCOUNT, "owner": "Destination", "storage_class": "STANDARD_IA",
                "replica_kms_key": key, "replication_time": true, "metrics": true,
            },
            "delete_marker_replication": false, "sse_kms_encrypted_objects": true, "replica_modifications": true,
        } } },
        "object_lock": { "default_retention": {
            "mode": "GOVERNANCE", "days": 10, "years": null, "event_hold_days": null, "event_hold_years": null,
        } },
        "website": { "pages": { "index_document": "index.html", "error_document": "error.html", "routing_rules": [{
            "key_prefix_equals": "docs/", "http_error_code_returned_equals": "404", "host_name": "example.com", "protocol": "https",
            "replace_key_prefix_with": "documents/", "replace_key_with": null, "http_redirect_code": "302",
        }] } },
        "transfer_acceleration": true,
        "requester_pays": true,
        "intelligent_tiering": { "cold": { "status": "Enabled", "prefix": "cold/", "tags": { "a": "b" }, "tierings": { "ARCHIVE_ACCESS": 90 } } },
        "inventory": { "all": {
            "enabled": true, "prefix": "x/", "frequency": "Daily", "included_object_versions": "Current", "optional_fields": ["Size"],
            "destination": { "bucket": format!("arn:aws:s3:::{LOGS}"), "account_id": laws::ACCOUNT, "format": "CSV", "prefix": "list/", "encryption": "SSE-S3" },
        } },
    })
}

/// Changes of [`full`], one a line: places and what is there instead. What S3 takes only together is changed together.
fn changes() -> Vec<Vec<(&'static str, Value)>> {
    const RULE: &str = "/lifecycle/rules/old";
    let one = |place: &'static str, value: Value| vec![(place, value)];
    let mut all = vec![
        one("/lifecycle", json!(null)),
        one("/lifecycle/transition_default_minimum_object_size", json!("varies_by_storage_class")),
        one(
            "/lifecycle/rules",
            json!({ "uploads": {
            "status": "Enabled", "prefix": "", "tags": {}, "object_size_greater_than": null, "object_size_less_than": null,
            "expiration": "expired_object_delete_marker", "transitions": {}, "noncurrent_version_expiration": null,
            "noncurrent_version_transitions": {}, "abort_incomplete_multipart_upload_days": 7,
        } }),
        ),
        vec![
            ("/lifecycle/rules/old/expiration", json!({ "at": { "date": "2027-01-31" } })),
            ("/lifecycle/rules/old/transitions", json!({ "GLACIER": { "date": "2026-12-31" } })),
        ],
        one("/lifecycle/rules/old/transitions", json!({ "STANDARD_IA": { "days": 30 }, "GLACIER": { "days": 60 } })),
        one("/logging", json!(null)),
        one("/logging/target_bucket", json!(format!("arn:aws:s3:::{COPY}"))),
        one("/logging/target_prefix", json!("")),
        one("/logging/target_object_key_format", json!("Simple")),
        one("/logging/target_object_key_format", json!("DeliveryTime")),
        one("/logging/target_grants", json!([GROUP_GRANT, USER_GRANT])),
        one("/cors", json!([])),
        one("/cors/0/id", json!(null)),
        one("/cors/0/allowed_origins", json!(["*", "https://*.example.com"])),
        one("/cors/0/allowed_methods", json!(["GET", "HEAD"])),
        one("/cors/0/allowed_headers", json!([])),
        one("/cors/0/expose_headers", json!([])),
        one("/cors/0/max_age_seconds", json!(null)),
        one("/notification/event_bridge", json!(false)),
        one("/notification/topics", json!({})),
        one("/notification/topics/t/arn", json!("arn:aws:sns:eu-west-1:111111111111:other")),
        one("/notification/topics/t/events", json!(["s3:ObjectRemoved:Delete", "s3:ObjectTagging:*"])),
        one("/notification/topics/t/prefix", json!("tt/")),
        one("/notification/topics/t/suffix", json!("")),
        one(
            "/notification/queues/q",
            json!({ "arn": "arn:aws:sqs:eu-west-1:111111111111:r", "events": ["s3:ObjectRetention:Put"], "prefix": "", "suffix": "" }),
        ),
        one(
            "/notification/functions/f",
            json!({ "arn": "arn:aws:lambda:eu-west-1:111111111111:function:g:live", "events": ["s3:LifecycleTransition"], "prefix": "", "suffix": "" }),
        ),
        one("/replication", json!(null)),
        one("/replication/role", json!("arn:aws:iam::111111111111:role/path/other")),
        one("/replication/rules/all/status", json!("Disabled")),
        one("/replication/rules/all/priority", json!(0)),
        one("/replication/rules/all/prefix", json!("")),
        one("/replication/rules/all/tags", json!({ "a": "b", "c": "d" })),
        vec![
            ("/replication/rules/all/tags", json!({})),
            ("/replication/rules/all/delete_marker_replication", json!(true)),
        ],
        one("/replication/rules/all/destination/bucket", json!("arn:aws:s3:::laws-copy-2")),
        vec![
            ("/replication/rules/all/destination/account", json!(null)),
            ("/replication/rules/all/destination/owner", json!(null)),
        ],
        one("/replication/rules/all/destination/owner", json!(null)),
        one("/replication/rules/all/destination/storage_class", json!(null)),
        vec![
            ("/replication/rules/all/destination/replica_kms_key", json!(null)),
            ("/replication/rules/all/sse_kms_encrypted_objects", json!(false)),
        ],
        one("/replication/rules/all/destination/replication_time", json!(false)),
        vec![
            ("/replication/rules/all/destination/replication_time", json!(false)),
            ("/replication/rules/all/destination/metrics", json!(false)),
        ],
        one("/replication/rules/all/replica_modifications", json!(false)),
        one("/object_lock/default_retention", json!(null)),
        one("/object_lock/default_retention/mode", json!("COMPLIANCE")),
        vec![("/object_lock/default_retention/days", json!(null)), ("/object_lock/default_retention/years", json!(2))],
        one("/object_lock/default_retention/event_hold_days", json!(5)),
        one("/object_lock/default_retention/event_hold_years", json!(1)),
        one("/website", json!(null)),
        one("/website", json!({ "redirect_all_requests_to": { "host_name": "example.com", "protocol": "https" } })),
        one("/website", json!({ "redirect_all_requests_to": { "host_name": "example.org", "protocol": null } })),
        one("/website/pages/index_document", json!("start.html")),
        one("/website/pages/error_document", json!(null)),
        one("/website/pages/routing_rules", json!([])),
        one("/website/pages/routing_rules/0/key_prefix_equals", json!(null)),
        one("/website/pages/routing_rules/0/http_error_code_returned_equals", json!(null)),
        one("/website/pages/routing_rules/0/host_name", json!(null)),
        one("/website/pages/routing_rules/0/protocol", json!("http")),
        vec![
            ("/website/pages/routing_rules/0/replace_key_prefix_with", json!(null)),
            ("/website/pages/routing_rules/0/replace_key_with", json!("gone.html")),
        ],
        one("/website/pages/routing_rules/0/http_redirect_code", json!(null)),
        one("/transfer_acceleration", json!(false)),
        one("/requester_pays", json!(false)),
        one("/intelligent_tiering", json!({})),
        one("/intelligent_tiering/cold/status", json!("Disabled")),
        one("/intelligent_tiering/cold/prefix", json!("")),
        one("/intelligent_tiering/cold/tags", json!({})),
        one("/intelligent_tiering/cold/tierings", json!({ "ARCHIVE_ACCESS": 100, "DEEP_ARCHIVE_ACCESS": 180 })),
        one("/inventory", json!({})),
        one("/inventory/all/enabled", json!(false)),
        one("/inventory/all/prefix", json!("")),
        one("/inventory/all/frequency", json!("Weekly")),
        one("/inventory/all/included_object_versions", json!("All")),
        one("/inventory/all/optional_fields", json!([])),
        one("/inventory/all/destination/bucket", json!(format!("arn:aws:s3:::{COPY}"))),
        one("/inventory/all/destination/account_id", json!(null)),
        one("/inventory/all/destination/format", json!("Parquet")),
        one("/inventory/all/destination/prefix", json!("")),
        one("/inventory/all/destination/encryption", json!(null)),
        one("/inventory/all/destination/encryption", json!("arn:aws:kms:eu-west-1:111111111111:key/k")),
    ];
    let rule = [
        ("status", json!("Disabled")),
        ("prefix", json!("")),
        ("tags", json!({})),
        ("object_size_greater_than", json!(null)),
        ("object_size_less_than", json!(2000)),
        ("expiration", json!(null)),
        ("transitions", json!({})),
        ("noncurrent_version_expiration", json!({ "noncurrent_days": 90, "newer_noncurrent_versions": null })),
        (
            "noncurrent_version_transitions",
            json!({ "GLACIER": { "noncurrent_days": 1, "newer_noncurrent_versions": 2 } }),
        ),
    ];
    let place = |field: &str| -> &'static str { Box::leak(format!("{RULE}/{field}").into_boxed_str()) };
    all.extend(rule.into_iter().map(|(field, value)| vec![(place(field), value)]));
    // Only without tags and sizes.
    all.push(vec![
        ("/lifecycle/rules/old/tags", json!({})),
        ("/lifecycle/rules/old/object_size_greater_than", json!(null)),
        ("/lifecycle/rules/old/object_size_less_than", json!(null)),
        ("/lifecycle/rules/old/abort_incomplete_multipart_upload_days", json!(3)),
    ]);
    all
}

fn changed(change: &[(&str, Value)]) -> Parts {
    let mut value = full();
    for (place, new) in change {
        *value.pointer_mut(place).unwrap_or_else(|| panic!("nothing at {place}")) = new.clone();
    }
    serde_json::from_value(value).unwrap_or_else(|error| panic!("{change:?}: {error}"))
}

fn model(parts: Parts) -> BucketModel {
    BucketModel { versioning: Versioning::Enabled, parts, ..plain() }
}

fn leaves(value: &Value, place: String, all: &mut Vec<String>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            members.iter().for_each(|(key, value)| leaves(value, format!("{place}/{key}"), all));
        }
        Value::Array(items) if items.first().is_some_and(Value::is_object) => {
            items.iter().enumerate().for_each(|(index, value)| leaves(value, format!("{place}/{index}"), all));
        }
        _ => all.push(place),
    }
}

/// The examples name each field there is: a new one must be added.
#[test]
fn each_field_is_changed() {
    let whole: Parts = serde_json::from_value(full()).unwrap();
    assert_eq!(serde_json::to_value(&whole).unwrap(), full(), "the example has all fields and no others");
    let places: Vec<&str> = changes().iter().flatten().map(|(place, _)| *place).collect();
    let mut all = Vec::new();
    leaves(&full(), String::new(), &mut all);
    // Where a change of all of a map, or of a choice, stands for what is in it.
    let deep = [
        "/lifecycle/rules/old/",
        "/notification/queues/q",
        "/notification/functions/f",
        "/replication/rules/all/tags",
        "/intelligent_tiering/cold/t",
    ];
    let within = |leaf: &str, place: &&str| leaf.starts_with(place) && deep.iter().any(|deep| place.starts_with(deep));
    let is_changed = |leaf: &String| places.contains(&leaf.as_str()) || places.iter().any(|place| within(leaf, place));
    let missing: Vec<&String> = all.iter().filter(|leaf| !is_changed(leaf)).collect();
    assert_eq!(missing, Vec::<&String>::new());
}

#[test]
fn each_field_of_a_part_can_be_changed_and_changed_back() {
    let whole = model(changed(&[]));
    for change in changes() {
        let other = model(changed(&change));
        for (before, after) in [(&whole, &other), (&other, &whole)] {
            let steps = Bucket::ops(&laws::at::<Bucket>(), Some(before), Some(after)).unwrap();
            assert!(steps.ops.len() == 1, "{change:?}: {:?}", steps.ops);
        }
        laws::hold_all::<Bucket>(&whole, &other);
    }
}

#[test]
fn each_field_of_a_part_is_exported() {
    laws::hold_exported::<Bucket>(&model(changed(&[])));
    for change in changes() {
        laws::hold_exported::<Bucket>(&model(changed(&change)));
    }
}

fn some_parts() -> impl Strategy<Value = Parts> {
    let mut all: Vec<Parts> = changes().iter().map(|change| changed(change)).collect();
    all.push(Parts::default());
    prop::sample::select(all)
}

proptest! {
    #[test]
    fn laws_hold_for_parts(one in some_parts(), two in some_parts()) {
        laws::hold_all::<Bucket>(&model(one), &model(two));
    }
}

/// The buckets that [`full`] and [`changes`] name.
async fn with_others() -> Sandbox {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT, "222222222222"]);
    let aws = laws::aws(&sandbox).await;
    for name in [LOGS, COPY, "laws-copy-2"] {
        // Who may read logs can be said by ACL only where ACLs are on.
        let ownership = if name == LOGS { Ownership::BucketOwnerPreferred } else { Ownership::BucketOwnerEnforced };
        let other = BucketModel {
            name: name.to_owned(),
            ownership: ownership.to_string(),
            versioning: Versioning::Enabled,
            ..plain()
        };
        make(&aws, laws::REGION, &other).await;
    }
    sandbox
}

/// The strongest: what S3 then answers is the model, after each single change and after each change back.
#[tokio::test(start_paused = true)]
async fn s3_keeps_what_the_parts_say() {
    let whole = model(changed(&[]));
    let mut models = vec![whole.clone()];
    for change in changes() {
        models.extend([model(changed(&change)), whole.clone()]);
    }
    laws::round_trip::<Bucket>(&with_others().await, NAME, models).await;
}

#[tokio::test(start_paused = true)]
async fn so_it_does_when_answers_are_lost() {
    let whole = model(changed(&[]));
    let models = vec![
        plain(),
        whole.clone(),
        model(Parts { object_lock: whole.parts.object_lock.clone(), ..Parts::default() }),
        whole,
    ];
    let faults =
        trueup_sandbox::Faults { seed: 7, throttle: 0.03, server_error: 0.03, drop_answer: 0.09, ..Default::default() };
    laws::rough_trip::<Bucket>(&with_others().await, NAME, models, faults).await;
}

/// Replication goes before versioning is suspended, and Object Lock is for ever.
#[test]
fn the_order_is_s3s() {
    let at = laws::at::<Bucket>();
    let mut copied = model(Parts { replication: changed(&[]).replication, ..Parts::default() });
    let steps = Bucket::ops(&at, Some(&copied), Some(&plain())).unwrap().ops;
    assert!(
        matches!(
            steps.as_slice(),
            [BucketOp::Configure { part: PartOp::Replication(None), .. }, BucketOp::PutBucketVersioning { .. }]
        ),
        "{steps:?}"
    );
    let steps = Bucket::ops(&at, Some(&plain()), Some(&copied)).unwrap().ops;
    let [versioning, replication] = steps.as_slice() else { panic!("{steps:?}") };
    assert_eq!(Bucket::info(&at, versioning).creates, [format!("arn:aws:s3:::{NAME}?versioning")]);
    let needs = Bucket::info(&at, replication).needs;
    assert!(needs.contains(&format!("arn:aws:s3:::{COPY}?versioning")), "{needs:?}");
    assert!(needs.contains(&"arn:aws:iam::111111111111:role/copy".to_owned()), "{needs:?}");
    copied.parts.object_lock = changed(&[]).object_lock;
    assert_eq!(Bucket::ops(&at, Some(&copied), Some(&plain())).unwrap_err().field, "object_lock");
}

/// A part that may not be read is named, and all others are read.
#[tokio::test(start_paused = true)]
async fn a_part_that_may_not_be_read_is_named() {
    let sandbox = with_others().await;
    let aws = laws::aws(&sandbox).await;
    make(&aws, laws::REGION, &model(changed(&[]))).await;
    let session = aws.session("tooling", Some(laws::REGION)).await.unwrap();
    let denied = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Principal": "*", "Action": ["s3:GetLifecycleConfiguration", "s3:GetBucketVersioning"],
        "Resource": format!("arn:aws:s3:::{NAME}"),
    }] });
    session.s3().put_bucket_policy().bucket(NAME).policy(denied.to_string()).send().await.unwrap();
    let (live, _) = laws::read::<Bucket>(&aws, NAME).await;
    let live = live.unwrap().into_iter().find(|live| live.name == NAME).unwrap();
    assert_eq!(live.model.parts, Parts { lifecycle: None, ..changed(&[]) });
    let facts = s3::read(&session, &[], &crate::count::Counter::default()).await.unwrap();
    assert!(facts.buckets.is_empty(), "it has no tag of ours");
    let request = trueup_engine::facts::ReadRequest {
        source: Arc::from(s3::NAME),
        scope: Scope { account: Arc::from("tooling"), region: None },
        wanted: [trueup_engine::facts::Wanted {
            kind: Arc::from("bucket"),
            name: NAME.to_owned(),
            address: laws::ADDRESS.to_owned(),
            recorded: BTreeMap::new(),
        }]
        .into(),
    };
    let facts = aws.read(&[request], &|_, _| {}).await;
    let unchecked = Bucket::unchecked(&facts, &laws::at::<Bucket>().scope, NAME);
    assert_eq!(unchecked.keys().collect::<Vec<_>>(), ["lifecycle", "versioning"]);
    assert_eq!(unchecked["lifecycle"].call, "s3:GetLifecycleConfiguration");
    assert!(unchecked["lifecycle"].why.contains("AccessDenied"), "{unchecked:?}");
}

#[test]
fn parts_of_a_spec_become_a_model() {
    let models = laws::desired::<Bucket>(include_str!("parts.toml")).unwrap_or_else(|problems| panic!("{problems}"));
    let shown: Vec<_> =
        models.iter().map(|(address, _, model)| json!({ "address": address, "parts": model.parts })).collect();
    insta::assert_json_snapshot!(shown);
}

#[test]
fn what_s3_would_refuse_in_a_part_is_told_with_its_place() {
    insta::assert_snapshot!(laws::desired::<Bucket>(include_str!("refused.toml")).unwrap_err());
}
