//! From what S3 told of a bucket to its model.

use trueup_engine::facts::Unread;
use trueup_engine::kind::Live;

use super::spec::{Algorithm, Ownership, Versioning};
use super::{BucketModel, Encryption, outputs};
use crate::fields::PolicyDocument;
use crate::source::s3::{self, BucketFact, BucketSettings};

/// One bucket as it is.
///
/// # Errors
/// When it could not be read at all.
pub(super) fn live(name: &str, fact: &BucketFact) -> Result<Live<BucketModel>, Unread> {
    let BucketFact { region, settings } = fact;
    let BucketSettings { tags, policy, encryption, versioning, public_access_block, ownership, parts, unread: _ } =
        settings.as_ref().map_err(Clone::clone)?;
    let model = BucketModel {
        name: name.to_owned(),
        // Buckets from before there were ownership controls have none, and mean this.
        ownership: ownership.clone().unwrap_or_else(|| Ownership::ObjectWriter.to_string()),
        public_access_block: public_access_block.unwrap_or_default(),
        encryption: live_encryption(encryption.as_ref()),
        versioning: match versioning.as_deref() {
            Some("Enabled") => Versioning::Enabled,
            // Never enabled, or suspended.
            None | Some(_) => Versioning::Disabled,
        },
        policy: policy.as_deref().map(PolicyDocument::from_live),
        tags: tags.clone(),
        parts: parts.clone(),
    };
    Ok(Live { name: name.to_owned(), model, outputs: outputs(name, region) })
}

fn live_encryption(fact: Option<&s3::EncryptionFact>) -> Encryption {
    let default = s3::EncryptionFact { algorithm: Algorithm::Aes256.to_string(), ..s3::EncryptionFact::default() };
    let s3::EncryptionFact { algorithm, key, bucket_key, blocked } = fact.unwrap_or(&default);
    Encryption {
        algorithm: algorithm.clone(),
        key: key.clone(),
        bucket_key: *bucket_key,
        // S3's word for nothing blocked.
        blocked_encryption_types: blocked.iter().filter(|word| *word != "NONE").cloned().collect(),
    }
}
