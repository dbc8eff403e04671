//! What a policy document says.

use std::collections::{BTreeMap, BTreeSet};

use super::caseless::Caseless;
use super::condition::{self, Conditions};
use super::error::ParseError;
use super::read;
use crate::few::Few;

/// A policy document in canonical form.
///
/// [`parse`](Self::parse) and [`from_live`](Self::from_live) return the canonical form; a document put
/// together by hand is brought to it by [`canonical`](Self::canonical). `==` compares the whole document,
/// `Sid` and `Id` too; [`same_meaning`](Self::same_meaning) leaves those two out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Document {
    /// The version of the language, not of the policy.
    pub version: Version,
    /// A name for the whole, in resource-based policies.
    pub id: Option<String>,
    /// The statements, sorted, each once.
    pub statements: Vec<Statement>,
}

/// The version of the policy language.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// `2008-10-17`, and what a document without a version means: policy variables are plain text.
    #[default]
    V2008,
    /// `2012-10-17`: policy variables are evaluated.
    V2012,
}

impl Version {
    /// The version as documents write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V2008 => "2008-10-17",
            Self::V2012 => "2012-10-17",
        }
    }
}

/// One statement of a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Statement {
    /// The statement's name within its document; an empty one is none.
    pub sid: Option<String>,
    /// Whether it allows or denies.
    pub effect: Effect,
    /// Who it is for; none in identity-based policies.
    pub principal: Option<Principals>,
    /// What may or may not be done.
    pub action: Actions,
    /// On what; none in trust policies.
    pub resource: Option<Resources>,
    /// When; empty means always.
    pub condition: Conditions,
}

/// Whether a statement allows or denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// `Allow`.
    Allow,
    /// `Deny`, which outweighs every `Allow`.
    Deny,
}

impl Effect {
    /// The effect as documents write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        }
    }
}

/// Who a statement is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Principals {
    /// `Principal`: these.
    Is(Few<Principal>),
    /// `NotPrincipal`: all but these.
    Not(Few<Principal>),
}

impl Principals {
    /// The principals that are named.
    #[must_use]
    pub fn named(&self) -> &Few<Principal> {
        match self {
            Self::Is(named) | Self::Not(named) => named,
        }
    }
}

/// One principal.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Principal {
    /// `"*"`, anyone at all.
    Everyone,
    /// An account's root ARN, or the ARN or unique id of a role, user or session.
    Aws(String),
    /// A canonical user id, in bucket policies.
    CanonicalUser(String),
    /// An identity provider.
    Federated(String),
    /// An AWS service, such as `codepipeline.amazonaws.com`.
    Service(String),
}

impl Principal {
    /// The key under which documents list it, and its value.
    #[must_use]
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Everyone => ("AWS", "*"),
            Self::Aws(value) => ("AWS", value),
            Self::CanonicalUser(value) => ("CanonicalUser", value),
            Self::Federated(value) => ("Federated", value),
            Self::Service(value) => ("Service", value),
        }
    }
}

/// What a statement says may or may not be done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actions {
    /// `Action`: these. An empty set matches nothing, and is what a statement without the element means:
    /// KMS stores such a statement, and it has no effect.
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html>
    Is(Few<Caseless>),
    /// `NotAction`: all but these.
    Not(Few<Caseless>),
}

/// What a statement is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resources {
    /// `Resource`: these.
    Is(Few<String>),
    /// `NotResource`: all but these.
    Not(Few<String>),
}

/// What a document is used for; decides its grammar and its size limit.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>, "Policy grammar notes".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Use {
    /// A managed policy: no principal, no id, a resource.
    Identity,
    /// An inline policy: the same, with another size limit.
    Inline,
    /// A role's trust policy: a principal, no resource.
    Trust,
    /// A bucket policy: a principal and a resource.
    Bucket,
    /// A key policy: a principal and a resource.
    Key,
    /// The policy of an ECR repository: a principal, no resource.
    Repository,
    /// The policy of an ECR registry: a principal and a resource.
    Registry,
    /// The policy of an SNS topic: a principal and a resource.
    Topic,
    /// The policy of an EventBridge event bus: a principal and a resource.
    EventBus,
    /// A service control policy of an organization: no principal, a resource.
    ServiceControl,
    /// A resource control policy of an organization: a principal and a resource.
    ResourceControl,
}

impl Use {
    /// The most that [`Document::size`] may be, in the unit it counts.
    ///
    /// For [`Use::Inline`] it is the limit for all inline policies of one role together. The limit of trust
    /// policies can be raised on request.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>,
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html>,
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html>,
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SetRepositoryPolicy.html>,
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutRegistryPolicy.html>,
    /// <https://docs.aws.amazon.com/general/latest/gr/sns.html>,
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>,
    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
    #[must_use]
    pub const fn size_max(self) -> usize {
        match self {
            Self::Identity => 6_144,
            Self::Inline => 10_240,
            Self::Trust => 2_048,
            Self::Bucket => 20 * 1024,
            Self::Key => 32 * 1024,
            Self::Repository | Self::Registry | Self::EventBus => 10_240,
            Self::Topic => 30 * 1024,
            Self::ServiceControl | Self::ResourceControl => 5_120,
        }
    }

    /// What people call such a document.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "managed policy",
            Self::Inline => "inline policy",
            Self::Trust => "trust policy",
            Self::Bucket => "bucket policy",
            Self::Key => "key policy",
            Self::Repository => "repository policy",
            Self::Registry => "registry policy",
            Self::Topic => "topic policy",
            Self::EventBus => "event bus policy",
            Self::ServiceControl => "service control policy",
            Self::ResourceControl => "resource control policy",
        }
    }

    /// The name with its article.
    pub(super) fn a_name(self) -> String {
        let article = if matches!(self, Self::Inline | Self::EventBus) { "an" } else { "a" };
        format!("{article} {}", self.name())
    }

    /// Whether it is attached to who may act, and so must not name a principal.
    pub(super) fn is_identity_based(self) -> bool {
        matches!(self, Self::Identity | Self::Inline | Self::ServiceControl)
    }

    /// What it belongs to, where that is all it can be about, so that it names no resource.
    pub(super) fn about(self) -> Option<&'static str> {
        match self {
            Self::Trust => Some("role"),
            // https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html
            Self::Repository => Some("repository"),
            Self::Identity
            | Self::Inline
            | Self::Bucket
            | Self::Key
            | Self::Registry
            | Self::Topic
            | Self::EventBus
            | Self::ServiceControl
            | Self::ResourceControl => None,
        }
    }

    /// Whether IAM keeps it, and its rules for names and sizes hold.
    pub(super) fn is_kept_by_iam(self) -> bool {
        matches!(self, Self::Identity | Self::Inline | Self::Trust)
    }
}

impl Document {
    /// Reads a document a person wrote, and refuses everything the grammar does not have.
    ///
    /// # Errors
    ///
    /// Every problem of the document, in the order of the text; the list is never empty.
    pub fn parse(text: &str, use_: Use) -> Result<Self, Vec<ParseError>> {
        read::read(text, Some(use_))
    }

    /// Reads a document AWS returned (percent-decoded), and takes it as it is.
    ///
    /// Values are not judged: AWS has accepted them. What AWS keeps although no person may write it here
    /// (a statement without action, an empty list, the unique id of a deleted principal) is read as what it means.
    ///
    /// # Errors
    ///
    /// What can't be read without losing a part of it: text that is not JSON, keys this language does not
    /// have, keys that occur twice.
    pub fn from_live(text: &str) -> Result<Self, Vec<ParseError>> {
        read::read(text, None)
    }

    /// The statements of a document that [`parse`](Self::parse) takes, each in canonical form with its place in the text, in the
    /// order they are written.
    #[must_use]
    pub fn placed(text: &str, use_: Use) -> Vec<(Statement, std::ops::Range<usize>)> {
        read::placed(text, use_)
    }

    /// The document with other texts in the place of its principals, resources and condition values; nothing if none changes.
    #[must_use]
    pub fn replaced(&self, mut value: impl FnMut(&str) -> Option<String>) -> Option<Self> {
        let mut is_changed = false;
        let mut put = |text: &str| match value(text) {
            Some(other) => {
                is_changed = true;
                other
            }
            None => text.to_owned(),
        };
        let statements = self.statements.iter().map(|statement| statement.replaced(&mut put)).collect();
        let document = Self { version: self.version, id: self.id.clone(), statements };
        is_changed.then(|| document.canonical())
    }

    /// The canonical form; of a canonical document, the document itself.
    #[must_use]
    pub fn canonical(self) -> Self {
        let Self { version, id, statements } = self;
        let mut statements: Vec<_> = statements.into_iter().map(Statement::canonical).collect();
        statements.sort();
        statements.dedup();
        Self { version, id, statements }
    }

    /// Whether AWS decides every request the same by either document; `Sid` and `Id` decide nothing.
    ///
    /// True only for what the canonical form makes equal: two documents that allow the same in different
    /// words may be told apart, two that differ in meaning always are.
    #[must_use]
    pub fn same_meaning(&self, other: &Self) -> bool {
        self.clone().nameless() == other.clone().nameless()
    }

    fn nameless(self) -> Self {
        let Self { version, id: _, statements } = self;
        let statements = statements.into_iter().map(|statement| Statement { sid: None, ..statement }).collect();
        let document = Self { version, id: None, statements };
        document.canonical()
    }

    /// The AWS principals named in `Principal` and `NotPrincipal`: ARNs, unique ids and values not known yet.
    ///
    /// An account is its root ARN. Everyone, services, identity providers and canonical users are left out.
    /// One named in several statements comes several times.
    pub fn principals(&self) -> impl Iterator<Item = &str> {
        let named = self.statements.iter().filter_map(|statement| statement.principal.as_ref());
        named.flat_map(Principals::named).filter_map(|principal| match principal {
            Principal::Aws(value) if value != "*" => Some(value.as_str()),
            Principal::Aws(_)
            | Principal::Everyone
            | Principal::CanonicalUser(_)
            | Principal::Federated(_)
            | Principal::Service(_) => None,
        })
    }
}

impl Statement {
    fn replaced(&self, put: &mut impl FnMut(&str) -> String) -> Self {
        let Self { sid, effect, principal, action, resource, condition } = self;
        let mut named = |named: &Few<Principal>| -> Few<Principal> {
            let principal = |principal: &Principal| match principal {
                Principal::Everyone => Principal::Everyone,
                Principal::Aws(value) => Principal::Aws(put(value)),
                Principal::CanonicalUser(value) => Principal::CanonicalUser(put(value)),
                Principal::Federated(value) => Principal::Federated(put(value)),
                Principal::Service(value) => Principal::Service(put(value)),
            };
            named.iter().map(principal).collect()
        };
        let principal = principal.as_ref().map(|principals| match principals {
            Principals::Is(is) => Principals::Is(named(is)),
            Principals::Not(not) => Principals::Not(named(not)),
        });
        let resource = resource.as_ref().map(|resources| match resources {
            Resources::Is(is) => Resources::Is(is.iter().map(|text| put(text)).collect()),
            Resources::Not(not) => Resources::Not(not.iter().map(|text| put(text)).collect()),
        });
        let mut keys = |keys: &BTreeMap<Caseless, BTreeSet<String>>| {
            keys.iter().map(|(key, values)| (key.clone(), values.iter().map(|text| put(text)).collect())).collect()
        };
        let condition = condition.iter().map(|(operator, tested)| (operator.clone(), keys(tested))).collect();
        Self { sid: sid.clone(), effect: *effect, principal, action: action.clone(), resource, condition }
    }

    /// The canonical form of one statement.
    #[must_use]
    pub fn canonical(self) -> Self {
        let Self { sid, effect, principal, action, resource, condition } = self;
        Self {
            sid: sid.filter(|sid| !sid.is_empty()),
            effect,
            principal: principal.map(Principals::canonical),
            action,
            resource,
            condition: condition::canonical(condition),
        }
    }
}

impl Principals {
    fn canonical(self) -> Self {
        match self {
            Self::Is(named) => Self::Is(
                named
                    .into_iter()
                    .map(|principal| match principal.canonical() {
                        Principal::Aws(value) if value == "*" => Principal::Everyone,
                        other => other,
                    })
                    .collect(),
            ),
            Self::Not(named) => Self::Not(named.into_iter().map(Principal::canonical).collect()),
        }
    }
}

impl Principal {
    /// An account id becomes the ARN of its root, which behaves the same.
    fn canonical(self) -> Self {
        match self {
            Self::Aws(value) if is_account_id(&value) => Self::Aws(format!("arn:aws:iam::{value}:root")),
            other => other,
        }
    }
}

/// Whether the text is the id of an account: twelve digits.
pub(super) fn is_account_id(text: &str) -> bool {
    // That of an account that is still to be made is one, too.
    crate::policy_spec::is_account_id(&crate::pending::with_digits(text))
}
