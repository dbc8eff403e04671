//! The kind `account_public_access_block`: an account's own block of public access, which is over all its buckets.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/configuring-block-public-access-account.html>
//!
//! Of it and a bucket's own block S3 takes the stricter of both, setting by setting:
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_PutPublicAccessBlock.html>

use serde::{Deserialize, Serialize};
use trueup_engine::access::{Access, Beside, Limits, Paper};
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Export, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::resolve::Resolver;
use trueup_specs::spec;
use trueup_state::outputs::Outputs;

use crate::bucket::{PublicAccessBlock, public};
use crate::fields::Tags;
use crate::source::s3::account::KIND;
use crate::source::s3::{self, AccountBlockFact, S3Facts};

mod perform;
#[cfg(test)]
mod tests;

/// The name of every account's block: there is one in each.
const NAME: &str = "public_access_block";

spec! {
    /// An account's own block of public access: one for each.
    ///
    /// It holds for all its buckets in all regions, those of other projects too, and can't be weakened by a bucket's own block: S3 takes
    /// the stricter of both. AWS can't tag it, so that whose it is stands in the record of the last apply.
    pub struct AccountPublicAccessBlockSpec {
        /// Refuse new public ACLs. Default: true.
        pub block_public_acls: Option<bool>,
        /// Ignore public ACLs there are. Default: true.
        pub ignore_public_acls: Option<bool>,
        /// Refuse public policies of buckets. Default: true.
        pub block_public_policy: Option<bool>,
        /// Let a public policy there is admit only the account and AWS services. Default: true.
        pub restrict_public_buckets: Option<bool>,
    }
}

/// One call on an account's block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op")]
pub enum AccountPublicAccessBlockOp {
    /// `PutPublicAccessBlock` of S3 Control: all four settings.
    PutPublicAccessBlock {
        /// The settings.
        block: PublicAccessBlock,
    },
    /// `DeletePublicAccessBlock` of S3 Control.
    DeletePublicAccessBlock,
}

/// The kind `account_public_access_block`.
#[derive(Clone, Copy, Debug)]
pub struct AccountPublicAccessBlock;

static SCHEMA: KindSchema = KindSchema {
    name: KIND,
    summary: "An account's own block of public access to its buckets.",
    scope: KindScope::Account,
    stateful: false,
    taggable: false,
    attributes: &[],
    shape: shape_of::<AccountPublicAccessBlockSpec>,
    decode: decode_any::<AccountPublicAccessBlockSpec>,
};

impl Kind for AccountPublicAccessBlock {
    type Spec = AccountPublicAccessBlockSpec;
    type Model = PublicAccessBlock;
    type Op = AccountPublicAccessBlockOp;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn sources() -> &'static [&'static str] {
        &[s3::NAME]
    }

    fn identity(_: &AccountPublicAccessBlockSpec, at: &At, _: &mut Resolver<'_>) -> Identity {
        let claim = Some(format!("s3 {} public access block", at.account_id));
        Identity { name: NAME.to_owned(), claim, ..Identity::default() }
    }

    fn desired(spec: &AccountPublicAccessBlockSpec, _: &At, _: &mut Resolver<'_>) -> Option<PublicAccessBlock> {
        let AccountPublicAccessBlockSpec {
            block_public_acls,
            ignore_public_acls,
            block_public_policy,
            restrict_public_buckets,
        } = spec;
        Some(PublicAccessBlock {
            block_public_acls: block_public_acls.unwrap_or(true),
            ignore_public_acls: ignore_public_acls.unwrap_or(true),
            block_public_policy: block_public_policy.unwrap_or(true),
            restrict_public_buckets: restrict_public_buckets.unwrap_or(true),
        })
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<PublicAccessBlock>>, Unread> {
        let facts: &S3Facts = facts.get(s3::NAME, scope)?;
        match &facts.account_block {
            AccountBlockFact::NotAsked | AccountBlockFact::Absent => Ok(Vec::new()),
            AccountBlockFact::Is(block) => {
                Ok(vec![Live { name: NAME.to_owned(), model: *block, outputs: Outputs::new() }])
            }
            AccountBlockFact::Unread(unread) => Err(unread.clone()),
        }
    }

    fn tags(_: &PublicAccessBlock) -> Option<&Tags> {
        None
    }

    fn tags_mut(_: &mut PublicAccessBlock) -> Option<&mut Tags> {
        None
    }

    fn ops(
        _: &At,
        before: Option<&PublicAccessBlock>,
        after: Option<&PublicAccessBlock>,
    ) -> Result<Steps<AccountPublicAccessBlockOp>, Refusal> {
        let put = |block: &PublicAccessBlock| AccountPublicAccessBlockOp::PutPublicAccessBlock { block: *block };
        let op = if before == after {
            None
        } else {
            Some(after.map_or(AccountPublicAccessBlockOp::DeletePublicAccessBlock, put))
        };
        Ok(Steps { ops: op.into_iter().collect(), replaces: Vec::new() })
    }

    fn split(_: &At, _: &AccountPublicAccessBlockOp) -> Option<Vec<AccountPublicAccessBlockOp>> {
        None
    }

    fn follow(_: &At, _: &PublicAccessBlock, _: &str) -> Vec<AccountPublicAccessBlockOp> {
        Vec::new()
    }

    fn info(_: &At, op: &AccountPublicAccessBlockOp) -> OpInfo {
        // One permission is for both: removing it is putting nothing.
        // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
        let title = match op {
            AccountPublicAccessBlockOp::PutPublicAccessBlock { block: _ } => "put the account's public access block",
            AccountPublicAccessBlockOp::DeletePublicAccessBlock => "delete the account's public access block",
        };
        let call = "s3:PutAccountPublicAccessBlock";
        OpInfo { call, resource: "*".to_owned(), title: title.to_owned(), ..OpInfo::default() }
    }

    fn export(_: &At, live: &Live<PublicAccessBlock>) -> Export {
        Export::same(&live.model)
    }

    fn simulate(model: &mut Option<PublicAccessBlock>, op: &AccountPublicAccessBlockOp) {
        *model = match op {
            AccountPublicAccessBlockOp::PutPublicAccessBlock { block } => Some(*block),
            AccountPublicAccessBlockOp::DeletePublicAccessBlock => None,
        };
    }

    fn access<'m>(at: &At, model: &'m PublicAccessBlock, _: &Outputs) -> Vec<Access<'m>> {
        let limit = || Access::Beside {
            arn: at.account_id.to_string(),
            sort: Beside::Account,
            paper: Paper::of_settings("restrict_public_buckets", public::restricted_to(&at.account_id)),
        };
        model.restrict_public_buckets.then(limit).into_iter().collect()
    }

    fn limits_others() -> Option<Limits> {
        Some(Limits::Public)
    }
}
