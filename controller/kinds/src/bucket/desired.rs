//! From what TOML says of a bucket to its model; what S3 would refuse is a problem.

use std::collections::BTreeSet;

use trueup_engine::kind::At;
use trueup_specs::Reference;
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::policy::Use;
use trueup_specs::resolve::Resolver;
use trueup_specs::span::Span;

use super::parts::{
    Parts, cors, intelligent_tiering, inventory, lifecycle, logging, notification, object_lock, replication, website,
};
use super::spec::{Algorithm, BlockedType, BucketSpec, EncryptionSpec, Ownership, PublicAccessBlockSpec, Versioning};
use super::{BucketModel, Encryption, PublicAccessBlock, arn, everything_blocked, name};
use crate::fields::{self, PolicyDocument};

/// The model the spec asks for; `None` after a problem.
pub(super) fn model(spec: &BucketSpec, at: &At, cx: &mut Resolver<'_>) -> Option<BucketModel> {
    let own = cx.text(&spec.name);
    name::check(&own, spec.name.span(), at, cx);
    let policy = match &spec.policy {
        None => Some(None),
        Some(policy) => cx.policy(policy, Use::Bucket).map(|document| {
            fields::check_size(&document, Use::Bucket, policy.span(), cx);
            Some(PolicyDocument::Document(document))
        }),
    };
    let encryption = desired_encryption(spec.encryption.as_ref(), at, cx);
    let versioning = match spec.versioning {
        Some(Versioning::Enabled) => Versioning::Enabled,
        Some(Versioning::Disabled | Versioning::Suspended) | None => Versioning::Disabled,
    };
    let tags = fields::tags(cx);
    let parts = parts(spec, &own, at, cx);
    Some(BucketModel {
        name: own,
        ownership: spec.ownership.unwrap_or(Ownership::BucketOwnerEnforced).to_string(),
        public_access_block: desired_block(spec.public_access_block.as_ref()),
        encryption,
        versioning,
        policy: policy?,
        tags,
        parts: parts?,
    })
}

fn parts(spec: &BucketSpec, own: &str, at: &At, cx: &mut Resolver<'_>) -> Option<Parts> {
    let BucketSpec {
        name,
        policy: _,
        encryption: _,
        versioning,
        public_access_block: _,
        ownership: _,
        lifecycle,
        logging,
        cors,
        notification,
        replication,
        object_lock,
        website,
        transfer_acceleration,
        requester_pays,
        intelligent_tiering,
        inventory,
    } = spec;
    let versioned = *versioning == Some(Versioning::Enabled);
    if *transfer_acceleration && own.contains('.') {
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/transfer-acceleration.html
        let problem = Diagnostic::error("a bucket with a dot in its name can't be accelerated");
        cx.problem(problem.at(name.span(), "").help("leave `transfer_acceleration` out, or give it another name"));
    }
    let website = match website {
        None => Some(None),
        Some(website) => website::desired(website, cx).map(Some),
    };
    let own_arn = arn(at.partition, own);
    Some(Parts {
        lifecycle: lifecycle.as_ref().map(|lifecycle| lifecycle::desired(lifecycle, cx)),
        logging: logging.as_ref().map(|logging| logging::desired(logging, at, cx)),
        cors: cors::desired(cors, cx),
        notification: notification
            .as_ref()
            .map(|notification| notification::desired(notification, at, cx))
            .unwrap_or_default(),
        replication: replication.as_ref().map(|replication| replication::desired(replication, &own_arn, versioned, cx)),
        object_lock: object_lock.as_ref().map(|lock| object_lock::desired(lock, versioned, cx)),
        transfer_acceleration: *transfer_acceleration,
        requester_pays: *requester_pays,
        intelligent_tiering: intelligent_tiering::desired(intelligent_tiering, cx),
        inventory: inventory::desired(inventory, at, cx),
        // Last, so that one problem keeps no other from being told.
        website: website?,
    })
}

fn desired_block(spec: Option<&PublicAccessBlockSpec>) -> PublicAccessBlock {
    let Some(spec) = spec else { return everything_blocked() };
    let PublicAccessBlockSpec { block_public_acls, ignore_public_acls, block_public_policy, restrict_public_buckets } =
        spec;
    PublicAccessBlock {
        block_public_acls: block_public_acls.unwrap_or(true),
        ignore_public_acls: ignore_public_acls.unwrap_or(true),
        block_public_policy: block_public_policy.unwrap_or(true),
        restrict_public_buckets: restrict_public_buckets.unwrap_or(true),
    }
}

fn desired_encryption(spec: Option<&EncryptionSpec>, at: &At, cx: &mut Resolver<'_>) -> Encryption {
    let sse_c: BTreeSet<String> = [BlockedType::SseC.to_string()].into();
    let Some(spec) = spec else {
        let algorithm = Algorithm::Aes256.to_string();
        return Encryption { algorithm, key: None, bucket_key: false, blocked_encryption_types: sse_c };
    };
    let EncryptionSpec { key, algorithm, bucket_key, blocked_encryption_types } = spec;
    let span: Span = key.as_ref().map_or_else(|| cx.span(), Reference::span);
    let key = key.as_ref().map(|key| cx.reference(key));
    let algorithm = algorithm.unwrap_or(if key.is_some() { Algorithm::Kms } else { Algorithm::Aes256 });
    let bucket_key = bucket_key.unwrap_or_default();
    if key.is_some() && algorithm == Algorithm::Aes256 {
        let problem = Diagnostic::error("a bucket encrypted with `AES256` has no key").at(span, "");
        cx.problem(problem.help("leave `algorithm` out, or make it \"aws:kms\""));
    }
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingDSSEncryption.html
    if bucket_key && algorithm != Algorithm::Kms {
        let problem = Diagnostic::error(format!("`bucket_key` has no effect with `{algorithm}`")).at(span, "");
        cx.problem(problem.help("leave `bucket_key` out, or make `algorithm` \"aws:kms\""));
    }
    if let Some(key) = &key {
        fields::check_region(key, span, "bucket", at, cx);
    }
    let blocked = blocked_encryption_types.as_ref().map(|types| types.iter().map(ToString::to_string).collect());
    Encryption { algorithm: algorithm.to_string(), key, bucket_key, blocked_encryption_types: blocked.unwrap_or(sse_c) }
}
