//! An account's own block of public access, which is over all its buckets; asked for only where someone wants to know.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetPublicAccessBlock.html>

use aws_sdk_s3control::types::PublicAccessBlockConfiguration;
use serde::{Deserialize, Serialize};
use trueup_engine::facts::{Unread, Wanted};

use super::PublicAccessBlockFact;
use crate::error::Failure;
use crate::session::Session;

/// The kind that has it.
pub(crate) const KIND: &str = "account_public_access_block";

/// What is known of an account's own block of public access.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountBlockFact {
    /// Nobody wanted to know.
    #[default]
    NotAsked,
    /// The account has none.
    Absent,
    /// What it says.
    Is(PublicAccessBlockFact),
    /// It could not be read. What is said of the account's buckets does not rest on it.
    Unread(Unread),
}

impl AccountBlockFact {
    /// Whether nobody wanted to know.
    #[must_use]
    pub fn is_not_asked(&self) -> bool {
        matches!(self, Self::NotAsked)
    }
}

/// Asks for it, where it is wanted.
pub(super) async fn read(session: &Session, wanted: &[Wanted]) -> AccountBlockFact {
    if !wanted.iter().any(|one| &*one.kind == KIND) {
        return AccountBlockFact::NotAsked;
    }
    match block(session).await {
        Ok(block) => block.map_or(AccountBlockFact::Absent, AccountBlockFact::Is),
        Err(failure) => AccountBlockFact::Unread(failure.into()),
    }
}

async fn block(session: &Session) -> Result<Option<PublicAccessBlockFact>, Failure> {
    let answer = session.s3control().get_public_access_block().account_id(session.account_id()).send().await;
    let answer = answer.map_err(|error| session.failure("s3:GetAccountPublicAccessBlock", &error));
    if super::is_absent(&answer, "NoSuchPublicAccessBlockConfiguration") {
        return Ok(None);
    }
    Ok(answer?.public_access_block_configuration.as_ref().map(fact))
}

fn fact(block: &PublicAccessBlockConfiguration) -> PublicAccessBlockFact {
    PublicAccessBlockFact {
        block_public_acls: block.block_public_acls().unwrap_or_default(),
        ignore_public_acls: block.ignore_public_acls().unwrap_or_default(),
        block_public_policy: block.block_public_policy().unwrap_or_default(),
        restrict_public_buckets: block.restrict_public_buckets().unwrap_or_default(),
    }
}
