//! The calls to S3.

use aws_sdk_s3::types::{
    BlockedEncryptionTypes, BucketLocationConstraint, BucketNamespace, BucketVersioningStatus,
    CreateBucketConfiguration, EncryptionType, ObjectOwnership, OwnershipControls, OwnershipControlsRule,
    PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Tag, Tagging, VersioningConfiguration,
};
use aws_smithy_types::error::operation::BuildError;
use trueup_engine::perform::{OpContext, OpError};
use trueup_state::outputs::Outputs;

use super::parts::unsendable;
use super::{Bucket, BucketOp, Encryption, Ownership, PublicAccessBlock, Versioning, contents, name, outputs};
use crate::driver::Driver;
use crate::error::Failure;
use crate::fields::Tags;
use crate::session::Session;
use crate::soon::soon;

/// The one region that must not be named when a bucket is made in it.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>
const UNNAMED_REGION: &str = "us-east-1";

impl Driver for Bucket {
    async fn perform(op: BucketOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        Ok(soon(cx, |failure| is_early(&op, failure), || send(session, &op)).await?)
    }
}

/// Whether S3 may only not have caught up with the bucket's making.
fn is_early(op: &BucketOp, failure: &Failure) -> bool {
    match op {
        BucketOp::CreateBucket { .. } | BucketOp::DeleteObjects { .. } | BucketOp::DeleteBucket { .. } => false,
        BucketOp::PutBucketTagging { .. }
        | BucketOp::PutBucketOwnershipControls { .. }
        | BucketOp::PutPublicAccessBlock { .. }
        | BucketOp::PutBucketEncryption { .. }
        | BucketOp::PutBucketVersioning { .. }
        | BucketOp::PutBucketPolicy { .. }
        | BucketOp::DeleteBucketPolicy { .. } => failure.is("NoSuchBucket"),
        BucketOp::Configure { part, .. } => failure.is("NoSuchBucket") || part.is_early(failure),
    }
}

/// Each call says whose bucket it means: a name that is free can be taken by anyone at any time.
async fn send(session: &Session, op: &BucketOp) -> Result<Outputs, Failure> {
    match op {
        BucketOp::CreateBucket { bucket, region, ownership, tags } => {
            create(session, bucket, region, ownership, tags).await?;
            return Ok(outputs(bucket, region));
        }
        BucketOp::PutBucketTagging { bucket, tags } => put_tags(session, bucket, tags).await?,
        BucketOp::PutBucketOwnershipControls { bucket, ownership } => put_ownership(session, bucket, ownership).await?,
        BucketOp::PutPublicAccessBlock { bucket, public_access_block } => {
            put_block(session, bucket, *public_access_block).await?;
        }
        BucketOp::PutBucketEncryption { bucket, encryption, unnames: _ } => {
            put_encryption(session, bucket, encryption).await?;
        }
        BucketOp::PutBucketVersioning { bucket, versioning } => put_versioning(session, bucket, *versioning).await?,
        BucketOp::PutBucketPolicy { bucket, policy, unnames: _ } => {
            put_policy(session, bucket, &policy.to_json()).await?;
        }
        BucketOp::DeleteBucketPolicy { bucket, unnames: _ } => delete_policy(session, bucket).await?,
        BucketOp::Configure { bucket, part, unnames: _ } => Box::pin(part.send(session, bucket)).await?,
        BucketOp::DeleteObjects { bucket } => contents::delete_all(session, bucket).await?,
        BucketOp::DeleteBucket { bucket, unnames: _ } => delete(session, bucket).await?,
    }
    Ok(Outputs::new())
}

async fn create(session: &Session, bucket: &str, region: &str, ownership: &str, tags: &Tags) -> Result<(), Failure> {
    let call = "s3:CreateBucket";
    let constraint = (region != UNNAMED_REGION).then(|| BucketLocationConstraint::from(region));
    let tags = tag_list(tags).map_err(|error| unsendable(session, call, &error))?;
    let configuration = CreateBucketConfiguration::builder()
        .set_location_constraint(constraint)
        .set_tags((!tags.is_empty()).then_some(tags))
        .build();
    // What is the default is not sent: sending it takes another permission.
    let ownership = (ownership != Ownership::BucketOwnerEnforced.as_str()).then(|| ObjectOwnership::from(ownership));
    let namespace = name::is_account_regional(bucket).then_some(BucketNamespace::AccountRegional);
    session
        .s3()
        .create_bucket()
        .bucket(bucket)
        .create_bucket_configuration(configuration)
        .set_object_ownership(ownership)
        .set_bucket_namespace(namespace)
        .send()
        .await
        .map(drop)
        .map_err(|error| {
            let mut failure = session.failure(call, &error);
            if failure.is("BucketAlreadyOwnedByYou") {
                failure.help = Some("the account has this bucket, perhaps in another region: plan again".to_owned());
            }
            failure
        })
}

fn tag_list(tags: &Tags) -> Result<Vec<Tag>, BuildError> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// S3 replaces all tags of a bucket at once, and refuses to lose AWS's own: those are read and put back.
async fn put_tags(session: &Session, bucket: &str, tags: &Tags) -> Result<(), Failure> {
    let call = "s3:PutBucketTagging";
    let owner = session.account_id();
    let mut all = match session.s3().get_bucket_tagging().bucket(bucket).expected_bucket_owner(owner).send().await {
        Ok(answer) => answer.tag_set,
        Err(error) => {
            let failure = session.failure("s3:GetBucketTagging", &error);
            if !failure.is("NoSuchTagSet") {
                return Err(failure);
            }
            Vec::new()
        }
    };
    all.retain(|tag| tag.key().starts_with("aws:"));
    all.extend(tag_list(tags).map_err(|error| unsendable(session, call, &error))?);
    if all.is_empty() {
        let sent = session.s3().delete_bucket_tagging().bucket(bucket).expected_bucket_owner(owner).send().await;
        return sent.map(drop).map_err(|error| session.failure(call, &error));
    }
    let tagging =
        Tagging::builder().set_tag_set(Some(all)).build().map_err(|error| unsendable(session, call, &error))?;
    let sent =
        session.s3().put_bucket_tagging().bucket(bucket).tagging(tagging).expected_bucket_owner(owner).send().await;
    sent.map(drop).map_err(|error| session.failure(call, &error))
}

async fn put_ownership(session: &Session, bucket: &str, ownership: &str) -> Result<(), Failure> {
    let call = "s3:PutBucketOwnershipControls";
    let controls = OwnershipControlsRule::builder()
        .object_ownership(ObjectOwnership::from(ownership))
        .build()
        .and_then(|rule| OwnershipControls::builder().rules(rule).build())
        .map_err(|error| unsendable(session, call, &error))?;
    session
        .s3()
        .put_bucket_ownership_controls()
        .bucket(bucket)
        .ownership_controls(controls)
        .expected_bucket_owner(session.account_id())
        .send()
        .await
        .map(drop)
        .map_err(|error| {
            let mut failure = session.failure(call, &error);
            // https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-ownership-error-responses.html
            if failure.is("InvalidBucketAclWithObjectOwnership") {
                failure.help = Some(
                    "its ACL grants something to others: move that into the policy, reset the ACL to private"
                        .to_owned(),
                );
            }
            failure
        })
}

async fn put_block(session: &Session, bucket: &str, block: PublicAccessBlock) -> Result<(), Failure> {
    let PublicAccessBlock { block_public_acls, ignore_public_acls, block_public_policy, restrict_public_buckets } =
        block;
    let configuration = PublicAccessBlockConfiguration::builder()
        .block_public_acls(block_public_acls)
        .ignore_public_acls(ignore_public_acls)
        .block_public_policy(block_public_policy)
        .restrict_public_buckets(restrict_public_buckets)
        .build();
    session
        .s3()
        .put_public_access_block()
        .bucket(bucket)
        .public_access_block_configuration(configuration)
        .expected_bucket_owner(session.account_id())
        .send()
        .await
        .map(drop)
        .map_err(|error| session.failure("s3:PutBucketPublicAccessBlock", &error))
}

async fn put_encryption(session: &Session, bucket: &str, encryption: &Encryption) -> Result<(), Failure> {
    let call = "s3:PutEncryptionConfiguration";
    let configuration = encryption_configuration(encryption).map_err(|error| unsendable(session, call, &error))?;
    session
        .s3()
        .put_bucket_encryption()
        .bucket(bucket)
        .server_side_encryption_configuration(configuration)
        .expected_bucket_owner(session.account_id())
        .send()
        .await
        .map(drop)
        .map_err(|error| session.failure(call, &error))
}

fn encryption_configuration(encryption: &Encryption) -> Result<ServerSideEncryptionConfiguration, BuildError> {
    let Encryption { algorithm, key, bucket_key, blocked_encryption_types } = encryption;
    let default = ServerSideEncryptionByDefault::builder()
        .sse_algorithm(ServerSideEncryption::from(algorithm.as_str()))
        .set_kms_master_key_id(key.clone())
        .build()?;
    let mut blocked: Vec<EncryptionType> =
        blocked_encryption_types.iter().map(|word| EncryptionType::from(word.as_str())).collect();
    if blocked.is_empty() {
        // Said, not left out, so that nothing hangs on what S3 takes silence for.
        blocked.push(EncryptionType::None);
    }
    let rule = ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(default)
        .bucket_key_enabled(*bucket_key)
        .blocked_encryption_types(BlockedEncryptionTypes::builder().set_encryption_type(Some(blocked)).build())
        .build();
    ServerSideEncryptionConfiguration::builder().rules(rule).build()
}

async fn put_versioning(session: &Session, bucket: &str, versioning: Versioning) -> Result<(), Failure> {
    let status = match versioning {
        Versioning::Enabled => BucketVersioningStatus::Enabled,
        Versioning::Suspended | Versioning::Disabled => BucketVersioningStatus::Suspended,
    };
    session
        .s3()
        .put_bucket_versioning()
        .bucket(bucket)
        .versioning_configuration(VersioningConfiguration::builder().status(status).build())
        .expected_bucket_owner(session.account_id())
        .send()
        .await
        .map(drop)
        .map_err(|error| session.failure("s3:PutBucketVersioning", &error))
}

async fn put_policy(session: &Session, bucket: &str, text: &str) -> Result<(), Failure> {
    session
        .s3()
        .put_bucket_policy()
        .bucket(bucket)
        .policy(text)
        .expected_bucket_owner(session.account_id())
        .send()
        .await
        .map(drop)
        .map_err(|error| {
            let mut failure = session.failure("s3:PutBucketPolicy", &error);
            if failure.is_denied() && failure.message.contains("BlockPublicPolicy") {
                failure.help = Some(
                    "the policy admits the public: name who may, or set `public_access_block.block_public_policy = false`, \
                     which the account's own block must leave open too (`account_public_access_block`)"
                        .to_owned(),
                );
            }
            failure
        })
}

async fn delete_policy(session: &Session, bucket: &str) -> Result<(), Failure> {
    let sent =
        session.s3().delete_bucket_policy().bucket(bucket).expected_bucket_owner(session.account_id()).send().await;
    sent.map(drop).map_err(|error| session.failure("s3:DeleteBucketPolicy", &error))
}

/// A bucket that is gone is what was wanted: the answer to an earlier attempt may have been lost.
async fn delete(session: &Session, bucket: &str) -> Result<(), Failure> {
    let sent = session.s3().delete_bucket().bucket(bucket).expected_bucket_owner(session.account_id()).send().await;
    match sent.map_err(|error| session.failure("s3:DeleteBucket", &error)) {
        Ok(_) => Ok(()),
        Err(failure) if failure.is("NoSuchBucket") => Ok(()),
        Err(failure) => Err(failure),
    }
}
