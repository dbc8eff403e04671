//! The calls by which repositories change.

use std::collections::BTreeSet;

use aws_sdk_ecr::types::{
    EncryptionConfiguration, EncryptionType, ImageScanningConfiguration, ImageTagMutability,
    ImageTagMutabilityExclusionFilter, ImageTagMutabilityExclusionFilterType,
};
use trueup_engine::perform::{OpContext, OpError};
use trueup_state::outputs::Outputs;

use super::{EcrRepository, EcrRepositoryCall, EcrRepositoryOp, Encryption, NewRepository};
use crate::driver::{Driver, patiently};
use crate::error::Failure;
use crate::session::Session;
use crate::source::ecr::{tags_of, to_tags};

impl Driver for EcrRepository {
    async fn perform(op: EcrRepositoryOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        patiently(cx, || send(session, &op)).await?;
        Ok(Outputs::new())
    }
}

async fn send(session: &Session, op: &EcrRepositoryOp) -> Result<(), Failure> {
    let EcrRepositoryOp { repository, call } = op;
    let arn = arn(session, repository);
    let ecr = session.ecr();
    match call {
        EcrRepositoryCall::CreateRepository(new) => create(session, repository, &arn, new).await,
        EcrRepositoryCall::TagResource { tags } => {
            let sent = ecr.tag_resource().resource_arn(arn).set_tags(Some(to_tags(tags))).send().await;
            sent.map(drop).map_err(|error| session.failure("ecr:TagResource", &error))
        }
        EcrRepositoryCall::UntagResource { keys } => {
            let sent = ecr.untag_resource().resource_arn(arn).set_tag_keys(Some(keys.clone())).send().await;
            sent.map(drop).map_err(|error| session.failure("ecr:UntagResource", &error))
        }
        EcrRepositoryCall::PutImageTagMutability {
            image_tag_mutability,
            image_tag_mutability_exclusion_filters: filters,
        } => {
            let request = ecr
                .put_image_tag_mutability()
                .repository_name(repository)
                .image_tag_mutability(ImageTagMutability::from(image_tag_mutability.as_str()))
                .set_image_tag_mutability_exclusion_filters(wire_filters(filters));
            let sent = request.send().await;
            sent.map(drop).map_err(|error| session.failure("ecr:PutImageTagMutability", &error))
        }
        EcrRepositoryCall::PutImageScanningConfiguration { scan_on_push } => {
            let scanning = ImageScanningConfiguration::builder().scan_on_push(*scan_on_push).build();
            let request = ecr.put_image_scanning_configuration().repository_name(repository);
            let sent = request.image_scanning_configuration(scanning).send().await;
            sent.map(drop).map_err(|error| session.failure("ecr:PutImageScanningConfiguration", &error))
        }
        EcrRepositoryCall::SetRepositoryPolicy { policy, unnames: _ } => {
            let sent =
                ecr.set_repository_policy().repository_name(repository).policy_text(policy.to_json()).send().await;
            sent.map(drop).map_err(|error| session.failure("ecr:SetRepositoryPolicy", &error))
        }
        EcrRepositoryCall::DeleteRepositoryPolicy { unnames: _ } => {
            let sent = ecr.delete_repository_policy().repository_name(repository).send().await;
            let sent = sent.map(drop).map_err(|error| session.failure("ecr:DeleteRepositoryPolicy", &error));
            unless(sent, "RepositoryPolicyNotFoundException")
        }
        EcrRepositoryCall::PutLifecyclePolicy { lifecycle } => {
            let request = ecr.put_lifecycle_policy().repository_name(repository);
            let sent = request.lifecycle_policy_text(lifecycle.to_json()).send().await;
            sent.map(drop).map_err(|error| session.failure("ecr:PutLifecyclePolicy", &error))
        }
        EcrRepositoryCall::DeleteLifecyclePolicy => {
            let sent = ecr.delete_lifecycle_policy().repository_name(repository).send().await;
            let sent = sent.map(drop).map_err(|error| session.failure("ecr:DeleteLifecyclePolicy", &error));
            unless(sent, "LifecyclePolicyNotFoundException")
        }
        EcrRepositoryCall::DeleteRepository { unnames: _ } => {
            // Without `force`: images stay where they are, and the repository with them.
            let sent = ecr.delete_repository().repository_name(repository).send().await;
            let sent = sent.map(drop).map_err(|error| session.failure("ecr:DeleteRepository", &error));
            unless(sent, "RepositoryNotFoundException")
        }
    }
}

/// What is gone is gone: the answer to an earlier attempt may have been lost.
fn unless(sent: Result<(), Failure>, code: &str) -> Result<(), Failure> {
    match sent {
        Err(failure) if failure.is(code) => Ok(()),
        other => other,
    }
}

fn arn(session: &Session, repository: &str) -> String {
    let (partition, region, account) = (session.partition(), session.region(), session.account_id());
    format!("arn:{partition}:ecr:{region}:{account}:repository/{repository}")
}

fn wire_filters(filters: &BTreeSet<String>) -> Option<Vec<ImageTagMutabilityExclusionFilter>> {
    let filter = |filter: &String| {
        let built = ImageTagMutabilityExclusionFilter::builder()
            .filter_type(ImageTagMutabilityExclusionFilterType::Wildcard)
            .filter(filter);
        // Both members are given, so that building can't fail.
        built.build().ok()
    };
    (!filters.is_empty()).then(|| filters.iter().filter_map(filter).collect())
}

async fn create(session: &Session, repository: &str, arn: &str, new: &NewRepository) -> Result<(), Failure> {
    let NewRepository {
        image_tag_mutability,
        image_tag_mutability_exclusion_filters: filters,
        scan_on_push,
        encryption: Encryption { encryption_type, kms_key },
        tags,
    } = new;
    let encryption = EncryptionConfiguration::builder()
        .encryption_type(EncryptionType::from(encryption_type.as_str()))
        .set_kms_key(kms_key.clone());
    let request = session
        .ecr()
        .create_repository()
        .repository_name(repository)
        .image_tag_mutability(ImageTagMutability::from(image_tag_mutability.as_str()))
        .set_image_tag_mutability_exclusion_filters(wire_filters(filters))
        .image_scanning_configuration(ImageScanningConfiguration::builder().scan_on_push(*scan_on_push).build())
        // The type is given, so that building can't fail.
        .set_encryption_configuration(encryption.build().ok())
        .set_tags(Some(to_tags(tags)));
    let Err(error) = request.send().await else { return Ok(()) };
    let failure = session.failure("ecr:CreateRepository", &error);
    // The answer to an earlier attempt may have been lost: then the repository carries our tags, and this very address among them.
    let is_ours =
        failure.is("RepositoryAlreadyExistsException") && tags_of(session, arn).await.is_ok_and(|found| found == *tags);
    if is_ours { Ok(()) } else { Err(failure) }
}
