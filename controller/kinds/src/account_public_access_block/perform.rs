//! The calls by which an account's block of public access changes.

use aws_sdk_s3control::types::PublicAccessBlockConfiguration;
use trueup_engine::perform::{OpContext, OpError};
use trueup_state::outputs::Outputs;

use super::{AccountPublicAccessBlock, AccountPublicAccessBlockOp};
use crate::bucket::PublicAccessBlock;
use crate::driver::{Driver, patiently};
use crate::error::Failure;
use crate::session::Session;

/// The action both calls need.
const CALL: &str = "s3:PutAccountPublicAccessBlock";

impl Driver for AccountPublicAccessBlock {
    async fn perform(op: AccountPublicAccessBlockOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        patiently(cx, || send(session, &op)).await?;
        Ok(Outputs::new())
    }
}

async fn send(session: &Session, op: &AccountPublicAccessBlockOp) -> Result<(), Failure> {
    let (client, account) = (session.s3control(), session.account_id());
    let sent = match op {
        AccountPublicAccessBlockOp::PutPublicAccessBlock { block } => {
            let PublicAccessBlock {
                block_public_acls,
                ignore_public_acls,
                block_public_policy,
                restrict_public_buckets,
            } = *block;
            let configuration = PublicAccessBlockConfiguration::builder()
                .block_public_acls(block_public_acls)
                .ignore_public_acls(ignore_public_acls)
                .block_public_policy(block_public_policy)
                .restrict_public_buckets(restrict_public_buckets)
                .build();
            let request = client.put_public_access_block().account_id(account);
            let sent = request.public_access_block_configuration(configuration).send().await;
            sent.map(drop).map_err(|error| session.failure(CALL, &error))
        }
        // Where there is none any more it answers the same.
        AccountPublicAccessBlockOp::DeletePublicAccessBlock => {
            let sent = client.delete_public_access_block().account_id(account).send().await;
            sent.map(drop).map_err(|error| session.failure(CALL, &error))
        }
    };
    sent.map_err(|mut failure| {
        if failure.is_denied() {
            // https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_s3.html
            let help = "the caller needs s3:PutAccountPublicAccessBlock; and where an S3 policy of the organization sets the block, no \
                        account changes it itself: leave the table out";
            failure.help = Some(help.to_owned());
        }
        failure
    })
}
