//! Who may use a bucket, a key, or another resource with a policy of its own.

use super::look::{
    Deputies, SOURCE_KEYS, covering, deputy, each_allow, is_for_everyone, is_held_by, outsider, principals, services,
};
use super::public::{is_open, is_public_for_s3, issuer_alone};
use super::{DocumentLint, Subject};
use crate::lint::{Hit, Level, Lint, Severity};
use crate::policy::Use;

const BUCKET: &[Use] = &[Use::Bucket];
const KEY: &[Use] = &[Use::Key];

/// What changes who may use a bucket, or takes its safeguards away.
/// <https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-6>
const BUCKET_ADMINISTRATION: &[&str] = &[
    "s3:DeleteBucketPolicy",
    "s3:PutBucketAcl",
    "s3:PutBucketPolicy",
    "s3:PutEncryptionConfiguration",
    "s3:PutObjectAcl",
];

/// What changes who may use a key, or ends it.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html#key-policy-default-allow-administrators>
const KEY_ADMINISTRATION: &[&str] = &["kms:DisableKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"];

/// Conditions by which a key's policy says on whose behalf a service comes.
const KEY_SOURCE_KEYS: &[&str] = &[
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "kms:CallerAccount",
    "kms:EncryptionContext:",
];

/// The same by which a topic's policy says it; SNS has one more, of an older day.
const TOPIC_SOURCE_KEYS: &[&str] =
    &["aws:SourceAccount", "aws:SourceArn", "aws:SourceOrgID", "aws:SourceOrgPaths", "aws:SourceOwner"];

/// Services that publish.
const TOPIC_DEPUTIES: Deputies = &[
    (
        "cloudwatch.amazonaws.com",
        "https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html#sns-allow-cloudwatch-alarm-to-publish-to-topic-in-another-account",
    ),
    ("config.amazonaws.com", "https://docs.aws.amazon.com/config/latest/developerguide/sns-topic-policy.html"),
    (
        "s3.amazonaws.com",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html",
    ),
    (
        "ses.amazonaws.com",
        "https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html#sns-allow-specified-service-to-publish-to-topic",
    ),
];

pub(super) static LINTS: &[DocumentLint] = &[
    DocumentLint {
        lint: Lint {
            id: "bucket-outside-admin",
            severity: Severity::High,
            level: Level::Warn,
            summary: "another account may change who uses the bucket",
            reason: "who may put the policy may let in anyone, and lock the owner's users out",
            help: "allow reading and writing objects, and leave policy, ACLs and encryption to the bucket's own account",
            page: "https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-6",
        },
        uses: BUCKET,
        check: |subject| administered_from_outside(subject, BUCKET_ADMINISTRATION),
    },
    DocumentLint {
        lint: Lint {
            id: "bucket-service-any-source",
            severity: Severity::Medium,
            level: Level::Warn,
            summary: "the service may use the bucket in anyone's name",
            reason: "someone else's resource can make the service write to this bucket or read from it",
            help: "add a condition: StringEquals = { \"aws:SourceAccount\" = \"${account.id}\" }, or ArnLike with \"aws:SourceArn\"",
            page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",
        },
        uses: BUCKET,
        check: |subject| service_without(subject, SOURCE_KEYS),
    },
    DocumentLint {
        lint: Lint {
            id: "key-grant-unbounded",
            severity: Severity::Medium,
            level: Level::Warn,
            summary: "another account may hand on the key without bounds",
            reason: "a grant gives the right to use the key to anyone, and outlives the policy",
            help: "add a condition: Bool = { \"kms:GrantIsForAWSResource\" = true }",
            page: "https://docs.aws.amazon.com/kms/latest/developerguide/grants.html",
        },
        uses: KEY,
        check: |subject| {
            each_allow(subject, "Action", |statement| {
                let outsider = outsider(statement, &[subject.account].into())?;
                let pattern = covering(statement, "kms:CreateGrant")?;
                let keys =
                    ["kms:GrantIsForAWSResource", "kms:GrantOperations", "kms:GranteePrincipal", "kms:ViaService"];
                (!is_held_by(statement, &keys)).then(|| format!("`{pattern}` to `{outsider}`"))
            })
        },
    },
    DocumentLint {
        lint: Lint {
            id: "key-outside-admin",
            severity: Severity::High,
            level: Level::Warn,
            summary: "another account may change or end the key",
            reason: "who may put the key's policy may let in anyone, and who may delete the key takes all that is encrypted with it",
            help: "allow the other account to use the key: kms:Decrypt, kms:DescribeKey, kms:Encrypt, kms:GenerateDataKey*",
            page: "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html",
        },
        uses: KEY,
        check: |subject| administered_from_outside(subject, KEY_ADMINISTRATION),
    },
    DocumentLint {
        lint: Lint {
            id: "key-service-any-source",
            severity: Severity::Medium,
            level: Level::Warn,
            summary: "the service may use the key in anyone's name",
            reason: "someone else's resource can make the service use this key",
            help: "add a condition on `aws:SourceAccount`, `aws:SourceArn` or the encryption context",
            page: "https://docs.aws.amazon.com/kms/latest/developerguide/least-privilege.html",
        },
        uses: KEY,
        check: |subject| service_without(subject, KEY_SOURCE_KEYS),
    },
    DocumentLint {
        lint: Lint {
            id: "public-bucket",
            severity: Severity::Critical,
            level: Level::Deny,
            summary: "the bucket is open to the world",
            reason: "anyone can find it by its name; and with the public access block of a new bucket S3 refuses such a policy",
            help: "name accounts or roles in `principal`, or hold `*` back by a condition on `aws:PrincipalOrgID`",
            page: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",
        },
        uses: BUCKET,
        check: public_bucket,
    },
    DocumentLint {
        lint: Lint {
            id: "public-key",
            severity: Severity::Critical,
            level: Level::Deny,
            summary: "the key is open to the world",
            reason: "every AWS account there is can use it, and all that is encrypted with it is as open as its ciphertext",
            help: "name accounts or roles in `principal`, or hold `*` back by a condition on `kms:CallerAccount`",
            page: "https://docs.aws.amazon.com/securityhub/latest/userguide/kms-controls.html#kms-5",
        },
        uses: KEY,
        check: open_to_everyone,
    },
    DocumentLint {
        lint: Lint {
            id: "public-resource",
            severity: Severity::Critical,
            level: Level::Deny,
            summary: "the resource is open to the world",
            reason: "every AWS account there is can use it by its ARN",
            help: "name accounts or roles in `principal`, or hold `*` back by a condition on `aws:PrincipalOrgID`",
            page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
        },
        uses: &[Use::Repository, Use::Registry, Use::Topic, Use::EventBus],
        check: open_to_everyone,
    },
    DocumentLint {
        lint: Lint {
            id: "topic-service-any-source",
            severity: Severity::Medium,
            level: Level::Warn,
            summary: "the service may publish to the topic in anyone's name",
            reason: "someone else's resource can make the service send what it likes to whoever subscribed",
            help: "add a condition: StringEquals = { \"aws:SourceAccount\" = \"${account.id}\" }, or ArnLike with \"aws:SourceArn\"",
            page: "https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html",
        },
        uses: &[Use::Topic],
        check: |subject| {
            each_allow(subject, "Principal", |statement| {
                let service = deputy(statement, TOPIC_DEPUTIES, TOPIC_SOURCE_KEYS)?;
                Some(format!("`{service}` tells its caller, and nobody asks"))
            })
        },
    },
];

fn open_to_everyone(subject: &Subject<'_>) -> Vec<Hit> {
    each_allow(subject, "Principal", |statement| {
        is_open(statement).then(|| "everyone, with credentials or without".to_owned())
    })
}

/// As S3 sees it, which the label says where it is not all there is.
fn public_bucket(subject: &Subject<'_>) -> Vec<Hit> {
    each_allow(subject, "Principal", |statement| {
        let whom = match issuer_alone(statement) {
            _ if is_open(statement) => "everyone, with credentials or without".to_owned(),
            Some(issuer) if !is_for_everyone(statement) => format!("everyone who has an account with `{issuer}`"),
            _ => "S3 counts as everyone who is held back by no fixed value: one without `*`, `?` and `${…}`".to_owned(),
        };
        is_public_for_s3(statement).then_some(whom)
    })
}

fn administered_from_outside(subject: &Subject<'_>, administration: &[&str]) -> Vec<Hit> {
    each_allow(subject, "Action", |statement| {
        let outsider = outsider(statement, &[subject.account].into())?;
        let pattern = administration.iter().find_map(|action| covering(statement, action))?;
        Some(format!("`{pattern}` to `{outsider}`"))
    })
}

fn service_without(subject: &Subject<'_>, keys: &[&str]) -> Vec<Hit> {
    each_allow(subject, "Principal", |statement| {
        let service = services(statement).next()?;
        // Who is named beside a service can't be asked for a source.
        let is_alone = principals(statement).count() == services(statement).count();
        (is_alone && !is_held_by(statement, keys)).then(|| format!("`{service}` tells its caller, and nobody asks"))
    })
}
