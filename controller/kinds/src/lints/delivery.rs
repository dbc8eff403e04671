//! Lints over what artifacts lie in and are deployed by: buckets, keys, deployment groups.

use trueup_specs::lint::{Level, Lint, Severity};
use trueup_specs::policy::{Actions, Caseless, Document, Effect, Principal, Principals, Resources, Statement};

use super::{ModelLint, Thing};
use crate::bucket::{BucketModel, Ownership, Versioning};
use crate::deployment_group::DeploymentGroupModel;
use crate::fields::PolicyDocument;
use crate::key::KeyModel;

/// What the name of a bucket says that holds what is built or deployed.
const ARTIFACT_WORDS: &[&str] = &["artifact", "build", "deploy", "package", "pipeline", "release", "revision"];

/// Days between a key's removal and its end that leave little time to notice.
const DELETION_WINDOW_SHORT: u32 = 14;

pub(super) static LINTS: &[ModelLint] = &[
    ModelLint {
        lint: Lint {
            id: "artifact-bucket-versioning",
            severity: Severity::Medium,
            level: Level::Warn,
            summary: "the bucket of artifacts keeps no versions",
            reason: "what was deployed can't be found again once it is overwritten, and CodePipeline takes sources from versioned buckets only",
            help: "write versioning = \"enabled\"",
            page: "https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-S3.html",
        },
        check: |thing| {
            let bucket = unversioned(thing)?;
            let said = format!("{} {}", bucket.name, thing.instance.address.name).to_lowercase();
            let word = ARTIFACT_WORDS.iter().find(|word| said.contains(**word))?;
            Some(format!("its name speaks of `{word}`"))
        },
    },
    ModelLint {
        lint: Lint {
            id: "bucket-acls-enabled",
            severity: Severity::Medium,
            level: Level::Warn,
            summary: "access control lists count in the bucket",
            reason: "who puts an object decides who reads it, past the bucket's policy",
            help: "leave `ownership` out: \"BucketOwnerEnforced\" is what a new bucket has",
            page: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html",
        },
        check: |thing| {
            let ownership = &thing.model::<BucketModel>()?.ownership;
            (ownership != Ownership::BucketOwnerEnforced.as_str()).then(|| format!("ownership is {ownership}"))
        },
    },
    ModelLint {
        lint: Lint {
            id: "bucket-public-access-open",
            severity: Severity::High,
            level: Level::Warn,
            summary: "the bucket may be made public",
            reason: "the block holds whatever a policy or an ACL says later",
            help: "leave `public_access_block` out: everything is blocked, as of a new bucket",
            page: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",
        },
        check: |thing| {
            let block = &thing.model::<BucketModel>()?.public_access_block;
            let settings = [
                ("block_public_acls", block.block_public_acls),
                ("ignore_public_acls", block.ignore_public_acls),
                ("block_public_policy", block.block_public_policy),
                ("restrict_public_buckets", block.restrict_public_buckets),
            ];
            let open: Vec<&str> = settings.into_iter().filter(|(_, blocked)| !blocked).map(|(name, _)| name).collect();
            (!open.is_empty()).then(|| format!("{} off", open.join(", ")))
        },
    },
    ModelLint {
        lint: Lint {
            id: "bucket-versioning",
            severity: Severity::Low,
            level: Level::Allow,
            summary: "the bucket keeps no versions",
            reason: "what is overwritten or deleted is gone",
            help: "write versioning = \"enabled\"",
            page: "https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-14",
        },
        check: |thing| unversioned(thing).map(|bucket| format!("versioning is {}", bucket.versioning)),
    },
    ModelLint {
        lint: Lint {
            id: "bucket-without-kms",
            severity: Severity::Low,
            level: Level::Allow,
            summary: "the bucket is encrypted with S3's own keys",
            reason: "who reads the bucket reads the objects: a key of one's own is a second lock, and its uses are on record",
            help: "name a key: encryption = { key = \"key.NAME\", bucket_key = true }",
            page: "https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-17",
        },
        check: |thing| {
            let encryption = &thing.model::<BucketModel>()?.encryption;
            encryption.key.is_none().then(|| format!("{} without a key", encryption.algorithm))
        },
    },
    ModelLint {
        lint: Lint {
            id: "bucket-without-tls",
            severity: Severity::Medium,
            level: Level::Warn,
            summary: "the bucket takes requests without TLS",
            reason: "S3 answers plain HTTP too, and what goes over it can be read and changed on the way",
            help: "add a statement: deny = \"s3:*\", principal = \"*\", resource = [ARN, ARN/*], condition = { Bool = { \"aws:SecureTransport\" = false } }",
            page: "https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-5",
        },
        check: |thing| {
            let bucket: &BucketModel = thing.model()?;
            let refuses = match &bucket.policy {
                Some(PolicyDocument::Document(document)) => refuses_plain_http(document),
                Some(PolicyDocument::Unreadable(_)) | None => false,
            };
            (!refuses).then(|| "no statement denies it".to_owned())
        },
    },
    ModelLint {
        lint: Lint {
            id: "deployment-group-all-at-once",
            severity: Severity::Low,
            level: Level::Allow,
            summary: "the group deploys to all instances at once",
            reason: "a broken revision then stops all of them",
            help: "name a configuration that goes step by step, such as CodeDeployDefault.HalfAtATime",
            page: "https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html",
        },
        check: |thing| {
            let config = &thing.model::<DeploymentGroupModel>()?.settings.deployment_config;
            config.ends_with("AllAtOnce").then(|| config.clone())
        },
    },
    ModelLint {
        lint: Lint {
            id: "deployment-group-without-alarms",
            severity: Severity::Low,
            level: Level::Allow,
            summary: "no alarm stops a deployment of the group",
            reason: "a revision that installs well and works badly goes on to the next instances",
            help: "name CloudWatch alarms in `alarms`",
            page: "https://docs.aws.amazon.com/codedeploy/latest/userguide/monitoring-create-alarms.html",
        },
        check: |thing| {
            let alarms = &thing.model::<DeploymentGroupModel>()?.settings.alarms;
            (alarms.names.is_empty() || !alarms.enabled).then(String::new)
        },
    },
    ModelLint {
        lint: Lint {
            id: "deployment-group-without-rollback",
            severity: Severity::Medium,
            level: Level::Warn,
            summary: "a failed deployment is not rolled back",
            reason: "half of the instances stay on a revision that does not work until someone comes",
            help: "write auto_rollback = [\"DEPLOYMENT_FAILURE\"]",
            page: "https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-rollback-and-redeploy.html",
        },
        check: |thing| {
            let rollback = &thing.model::<DeploymentGroupModel>()?.settings.auto_rollback;
            rollback.is_empty().then(|| "no `auto_rollback`".to_owned())
        },
    },
    ModelLint {
        lint: Lint {
            id: "key-short-deletion",
            severity: Severity::Low,
            level: Level::Warn,
            summary: "the key ends soon after its removal",
            reason: "what is encrypted with it is lost then, and who needs it may be on leave",
            help: "leave `deletion_window_days` out: it is 30",
            page: "https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html",
        },
        check: |thing| {
            let days = thing.model::<KeyModel>()?.own.deletion_window_days;
            (days < DELETION_WINDOW_SHORT).then(|| format!("after {days} days"))
        },
    },
    ModelLint {
        lint: Lint {
            id: "key-without-rotation",
            severity: Severity::Medium,
            level: Level::Warn,
            summary: "the key is never rotated",
            reason: "the longer one key is used, the more is lost with it",
            help: "write rotation = {}",
            page: "https://docs.aws.amazon.com/securityhub/latest/userguide/kms-controls.html#kms-4",
        },
        check: |thing| {
            let KeyModel { key_spec, origin, rotation_days, .. } = thing.model()?;
            // Only these KMS can rotate: https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
            let rotates = key_spec == "SYMMETRIC_DEFAULT" && origin == "AWS_KMS";
            (rotates && rotation_days.is_none()).then(String::new)
        },
    },
];

fn unversioned<'t>(thing: &'t Thing<'_>) -> Option<&'t BucketModel> {
    thing.model::<BucketModel>().filter(|bucket| bucket.versioning != Versioning::Enabled)
}

/// Whether a document keeps everyone from using the bucket and its objects without TLS.
fn refuses_plain_http(document: &Document) -> bool {
    let denies =
        |statement: &&Statement| statement.effect == Effect::Deny && is_for_all(statement) && is_without_tls(statement);
    let denying: Vec<&Statement> = document.statements.iter().filter(denies).collect();
    let about = |is_meant: fn(&str) -> bool| {
        denying.iter().any(|statement| match &statement.resource {
            Some(Resources::Is(named)) => named.iter().any(|resource| resource == "*" || is_meant(resource)),
            Some(Resources::Not(_)) | None => false,
        })
    };
    about(|resource| resource.ends_with("/*")) && about(|resource| !resource.contains('/') || resource.ends_with('*'))
}

fn is_for_all(statement: &Statement) -> bool {
    let all_principals =
        matches!(&statement.principal, Some(Principals::Is(named)) if named.contains(&Principal::Everyone));
    let all_actions = match &statement.action {
        Actions::Is(named) => ["s3:*", "*"].into_iter().any(|all| named.contains(&Caseless::from(all))),
        Actions::Not(_) => false,
    };
    all_principals && all_actions
}

/// Whether it holds exactly for what comes without TLS.
fn is_without_tls(statement: &Statement) -> bool {
    let mut conditions = statement.condition.iter();
    let (Some((operator, keys)), None) = (conditions.next(), conditions.next()) else { return false };
    let is_bool = ["Bool", "BoolIfExists"].into_iter().any(|bool| *operator == Caseless::from(bool));
    let is_tls = keys.len() == 1
        && keys.get(&Caseless::from("aws:SecureTransport")).is_some_and(|values| values.iter().eq(["false"]));
    is_bool && is_tls
}
