use proptest::prelude::*;
use trueup_engine::facts::Facts;
use trueup_engine::kind::Kind;
use trueup_sandbox::{Faults, Sandbox};

use super::AccountPublicAccessBlock;
use crate::bucket::PublicAccessBlock;
use crate::laws;

fn models() -> impl Strategy<Value = PublicAccessBlock> {
    any::<[bool; 4]>().prop_map(|[acls, ignored, policy, buckets]| PublicAccessBlock {
        block_public_acls: acls,
        ignore_public_acls: ignored,
        block_public_policy: policy,
        restrict_public_buckets: buckets,
    })
}

proptest! {
    #[test]
    fn laws_hold(one in models(), two in models()) {
        laws::hold_all::<AccountPublicAccessBlock>(&one, &two);
    }

    #[test]
    fn laws_hold_for_each_field_alone(one in models(), two in models()) {
        let PublicAccessBlock { block_public_acls, ignore_public_acls, block_public_policy, restrict_public_buckets } = two;
        for other in [
            PublicAccessBlock { block_public_acls, ..one },
            PublicAccessBlock { ignore_public_acls, ..one },
            PublicAccessBlock { block_public_policy, ..one },
            PublicAccessBlock { restrict_public_buckets, ..one },
        ] {
            laws::hold_all::<AccountPublicAccessBlock>(&one, &other);
        }
    }
}

fn trip(models: Vec<PublicAccessBlock>, faults: Faults) {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    laws::paused(laws::rough_trip::<AccountPublicAccessBlock>(&sandbox, super::NAME, models, faults));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn aws_holds_what_the_models_say(models in proptest::collection::vec(models(), 1..6)) {
        trip(models, Faults::default());
    }

    #[test]
    fn so_it_does_when_answers_are_lost(models in proptest::collection::vec(models(), 1..6), faults in laws::faults()) {
        trip(models, faults);
    }
}

#[test]
fn everything_is_blocked_unless_the_spec_says_otherwise() {
    let models = laws::desired::<AccountPublicAccessBlock>(
        "[scope]\naccount = \"tooling\"\n[account_public_access_block.main]\nignore_public_acls = false\n",
    )
    .unwrap();
    let (address, identity, model) = models.first().unwrap();
    insta::assert_snapshot!(address, @"tooling/account_public_access_block.main");
    insta::assert_debug_snapshot!(identity);
    insta::assert_json_snapshot!(model);
}

#[test]
fn what_could_not_be_read_keeps_no_bucket_from_being_read() {
    let why = trueup_engine::facts::Unread {
        call: "s3:GetAccountPublicAccessBlock".to_owned(),
        why: "Access Denied".to_owned(),
        help: None,
    };
    let account = trueup_engine::facts::Scope { account: "tooling".into(), region: None };
    let region = trueup_engine::facts::Scope { region: Some("eu-west-1".into()), ..account.clone() };
    let found = crate::source::s3::S3Facts {
        account_block: crate::source::s3::AccountBlockFact::Unread(why.clone()),
        ..Default::default()
    };
    let mut facts = Facts::default();
    facts.insert("s3".into(), account.clone(), Ok(std::sync::Arc::new(found)), Default::default());
    assert_eq!(AccountPublicAccessBlock::observe(&facts, &account), Err(why));
    assert_eq!(crate::bucket::Bucket::observe(&facts, &region).unwrap().len(), 0);
}
