//! All documents that have a say in a request, and what came of asking them.

use std::collections::BTreeSet;
use std::fmt;

use super::super::caseless::Caseless;
use super::super::model::{Document, Statement};

/// A document with the name by which the one who asks knows it.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// What a decision calls it, such as an address or a file.
    pub name: &'a str,
    /// What it says.
    pub document: &'a Document,
}

/// The documents that have a say in a request.
///
/// The first five are those of the caller's account, the others those of the resource's.
#[derive(Clone, Debug, Default)]
pub struct Policies<'a> {
    /// Inline and attached policies of the caller, with those of its groups.
    pub identity: Vec<Source<'a>>,
    /// The caller's permissions boundary.
    pub boundary: Option<Source<'a>>,
    /// What was passed when the session was made; empty if nothing was.
    pub session: Vec<Source<'a>>,
    /// The SCPs above the caller's account, level by level from the organization's root to the account itself;
    /// empty if the account is in no organization.
    pub scps: Vec<Vec<Source<'a>>>,
    /// The id of the account that manages the organization: SCPs and RCPs don't reach it.
    pub management_account: Option<&'a str>,
    /// The policies on the resource: of a bucket, key, repository and its registry, queue or topic, or the trust policy of a role.
    pub resource: Vec<Source<'a>>,
    /// The grants of a key, as statements that name who has them.
    pub grants: Vec<Source<'a>>,
    /// The RCPs above the resource's account, level by level.
    pub rcps: Vec<Vec<Source<'a>>>,
}

/// Where a document stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// The caller's own policies.
    Identity,
    /// The caller's permissions boundary.
    Boundary,
    /// The session's policies.
    Session,
    /// An SCP, at this level below the organization's root, which is 0.
    Scp(usize),
    /// The policy on the resource.
    Resource,
    /// A grant of a key.
    Grant,
    /// An RCP, at this level.
    Rcp(usize),
}

impl fmt::Display for Layer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Identity => "identity policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
            Self::Scp(_) => "service control policy",
            Self::Resource => "resource policy",
            Self::Grant => "grant",
            Self::Rcp(_) => "resource control policy",
        })
    }
}

/// A statement that had a part in a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deciding<'a> {
    /// Where its document stands.
    pub layer: Layer,
    /// The document's name, as its [`Source`] gave it.
    pub policy: &'a str,
    /// The statement.
    pub statement: &'a Statement,
}

/// A link that is missing: what would have to allow a request, and doesn't.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gap {
    /// No policy of the caller allows it.
    Identity,
    /// The boundary leaves it out.
    Boundary,
    /// The session's policies leave it out.
    Session,
    /// The SCPs of this level leave it out.
    Scp(usize),
    /// The policy on the resource doesn't allow the caller, nor its account where that would do.
    Resource,
    /// KMS doesn't have this operation on keys of other accounts.
    KmsAcrossAccounts,
}

/// What AWS would answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision<'a> {
    /// It is allowed.
    Allowed {
        /// The statements that allow it, of every layer that had to.
        by: Vec<Deciding<'a>>,
    },
    /// A statement denies it, whatever allows it.
    DeniedExplicitly {
        /// The statements that deny it.
        by: Vec<Deciding<'a>>,
    },
    /// Nothing allows it.
    DeniedImplicitly {
        /// Every link that is missing; each must be mended.
        missing: Vec<Gap>,
    },
    /// It depends on condition keys that are unknown.
    Conditional {
        /// Statements that allow it if their conditions hold.
        when: Vec<Deciding<'a>>,
        /// Statements that deny it if their conditions hold.
        unless: Vec<Deciding<'a>>,
        /// The unknown keys on which that depends, as some statement writes them.
        ///
        /// `sts:RoleSessionName` stands for the name of the caller's session, and `s3:CanonicalUser` for the
        /// canonical id of its account. A sentence instead of a key says what AWS leaves open.
        keys: BTreeSet<Caseless>,
    },
}

impl Decision<'_> {
    /// Whether it is allowed without any doubt.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        match self {
            Self::Allowed { .. } => true,
            Self::DeniedExplicitly { .. } | Self::DeniedImplicitly { .. } | Self::Conditional { .. } => false,
        }
    }

    /// Whether it is denied without any doubt.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        match self {
            Self::DeniedExplicitly { .. } | Self::DeniedImplicitly { .. } => true,
            Self::Allowed { .. } | Self::Conditional { .. } => false,
        }
    }
}
