//! What a kind tells of its things for the question who can do what.

use std::borrow::Cow;

use trueup_specs::ByName;
use trueup_specs::policy::Document;

/// A policy document of a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper<'m> {
    /// Where a spec of the thing says it: `policy`, `trust`, `inline.artifacts`.
    pub field: Cow<'m, str>,
    /// What it says; nothing if this version can't read it.
    pub document: Option<Cow<'m, Document>>,
}

impl<'m> Paper<'m> {
    /// A document in a field.
    #[must_use]
    pub fn new(field: impl Into<Cow<'m, str>>, document: Option<&'m Document>) -> Self {
        Self { field: field.into(), document: document.map(Cow::Borrowed) }
    }

    /// A document that says what a thing's settings mean.
    #[must_use]
    pub fn of_settings(field: impl Into<Cow<'m, str>>, document: Document) -> Self {
        Self { field: field.into(), document: Some(Cow::Owned(document)) }
    }
}

/// What a statement in a policy on a resource writes for the resource itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Itself {
    /// Nothing: a trust policy has no resource.
    Unsaid,
    /// `"*"`: a key policy.
    Star,
    /// Its ARN, or what is under it.
    Arn,
}

/// What has a say beside the policy on a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Beside {
    /// It denies what the policy on the thing may allow: S3's block of public access.
    Limit,
    /// The same, for all things of an account whose policies are [`Access::Public`]: an account's own block of public access.
    Account,
    /// The grants of a key, as statements.
    Grants,
    /// The policy of a registry, beside those of its repositories.
    Registry,
}

/// Which side a control of an organization is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// A service control policy: what identities of the accounts can do at most.
    Service,
    /// A resource control policy: what can be done to resources of the accounts at most.
    Resource,
}

/// What things of a kind limit of what others may do, whoever made them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limits {
    /// What is done by the accounts of the organization, or to what is in them.
    Organization(Side),
    /// What the public can do with the things of an account.
    Public,
}

/// What of a thing has a say in who can do what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access<'m> {
    /// A role or a user.
    Identity {
        /// Its ARN.
        arn: String,
        /// Its own policies.
        own: Vec<Paper<'m>>,
        /// ARNs of the managed policies attached to it.
        attached: Vec<&'m str>,
        /// ARNs of the groups it is in.
        groups: Vec<&'m str>,
        /// The ARN of its permissions boundary.
        boundary: Option<&'m str>,
        /// Its tags.
        tags: &'m ByName<String>,
    },
    /// A group of users.
    Group {
        /// Its ARN.
        arn: String,
        /// Its own policies.
        own: Vec<Paper<'m>>,
        /// ARNs of the managed policies attached to it.
        attached: Vec<&'m str>,
    },
    /// A managed policy.
    Policy {
        /// Its ARN.
        arn: String,
        /// What it says.
        paper: Paper<'m>,
    },
    /// A thing that can have a policy of its own: a bucket, a key, a topic; or a role, with its trust.
    Resource {
        /// Its ARN; one that is not known before apply holds a token where AWS makes up a part.
        arn: String,
        /// What it says; the document is nothing where the thing has none.
        policy: Option<Paper<'m>>,
        /// Where a spec would say it.
        field: &'static str,
        /// How statements name the thing itself.
        itself: Itself,
    },
    /// A document with a say beside the policy on a thing.
    Beside {
        /// The ARN of the thing; of a registry, what the ARNs of its repositories begin with, up to their names' slash; of an account,
        /// its id.
        arn: String,
        /// What it is.
        sort: Beside,
        /// What it says.
        paper: Paper<'m>,
    },
    /// The policy on a thing is public, so that what limits all that is public in its account limits it.
    Public {
        /// The ARN of the thing.
        arn: String,
    },
    /// The organization, which has one account that manages it.
    Organization {
        /// `o-…`.
        id: String,
        /// Twelve digits.
        management_account: String,
    },
    /// A place in the organization: its root, a unit, or an account.
    Place {
        /// Its id, or another name by which controls and places name it.
        id: String,
        /// The id of the place it is in; nothing for the root.
        parent: Option<String>,
        /// Twelve digits, if it is an account.
        account: Option<String>,
    },
    /// A control of an organization, with the places it is attached to.
    Control {
        /// SCP or RCP.
        side: Side,
        /// Ids of places.
        targets: Vec<String>,
        /// What it says.
        paper: Paper<'m>,
    },
}
