//! What was read from AWS: one entry for one source in one scope.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Where a source was read: an account, and a region for a regional source.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Scope {
    /// The account's name in the specs.
    pub account: Arc<str>,
    /// `None` for a source that is global to its account.
    pub region: Option<Arc<str>>,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.region {
            Some(region) => write!(f, "{}@{region}", self.account),
            None => write!(f, "{}", self.account),
        }
    }
}

/// Why a source could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// The call that failed, as its IAM action: `iam:ListRoles`.
    pub call: String,
    /// What AWS (or the connection) said, on one line.
    pub why: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// A thing a source should look for: sources that have no bulk read (S3, KMS) read only what is wanted or owned.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Wanted {
    /// The kind's name: `bucket`.
    pub kind: Arc<str>,
    /// The physical name the spec gives it (a bucket's name, a key's alias), empty where it has none.
    pub name: String,
    /// The address in the specs, as its tag says it.
    pub address: String,
    /// What is on record of it and can't have changed, while its `id` is the same: a source need not ask for it again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub recorded: BTreeMap<String, String>,
}

/// Stands for every name; no name of AWS's is this.
const EVERYTHING: &str = "*";

impl Wanted {
    /// Everything of a kind, whoever's it is.
    #[must_use]
    pub fn everything(kind: &str) -> Self {
        let all = || EVERYTHING.to_owned();
        Self { kind: Arc::from(kind), name: all(), address: all(), recorded: BTreeMap::new() }
    }

    /// Whether everything of the kind is wanted.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.name == EVERYTHING
    }
}

/// Whether everything of a kind is among what is wanted.
#[must_use]
pub fn wants_all(wanted: &[Wanted], kind: &str) -> bool {
    wanted.iter().any(|one| &*one.kind == kind && one.is_everything())
}

/// One read to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadRequest {
    /// The source: `iam`, `s3`, `kms`.
    pub source: Arc<str>,
    /// Where.
    pub scope: Scope,
    /// What must be looked at, in order.
    pub wanted: Arc<[Wanted]>,
}

/// What one source found in one scope. The kinds know the concrete type behind it.
pub trait Fact: Any + Send + Sync {
    /// For saving: the same data as JSON.
    ///
    /// # Errors
    /// When the data does not serialise; a defect.
    fn to_json(&self) -> Result<serde_json::Value, serde_json::Error>;
    /// For the kinds: the concrete type.
    fn as_any(&self) -> &dyn Any;
}

impl<T: Any + Send + Sync + Serialize> Fact for T {
    fn to_json(&self) -> Result<serde_json::Value, serde_json::Error> {
        serde_json::to_value(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// How much reading one source in one scope took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadCost {
    /// API calls, retries included.
    pub calls: u64,
    /// Objects read: roles, policies, buckets, keys.
    pub objects: u64,
}

/// What one source found in one scope, or why it could not be read.
pub type Found = Result<Arc<dyn Fact>, Unread>;

/// Everything that was read in a run.
#[derive(Clone, Default)]
pub struct Facts {
    entries: BTreeMap<(Arc<str>, Scope), Found>,
    /// What each read took.
    pub costs: BTreeMap<(Arc<str>, Scope), ReadCost>,
}

impl Facts {
    /// Puts in what one source found in one scope, or why it could not.
    pub fn insert(&mut self, source: Arc<str>, scope: Scope, fact: Found, cost: ReadCost) {
        self.costs.insert((source.clone(), scope.clone()), cost);
        self.entries.insert((source, scope), fact);
    }

    /// What the source found in the scope, as its own type.
    ///
    /// # Errors
    /// [`Unread`] when the source could not be read there, or was never asked.
    pub fn get<T: 'static>(&self, source: &str, scope: &Scope) -> Result<&T, Unread> {
        let entry = self.entries.get(&(Arc::from(source), scope.clone()));
        match entry {
            Some(Ok(fact)) => (**fact).as_any().downcast_ref().ok_or_else(|| never_read(source, scope)),
            Some(Err(unread)) => Err(unread.clone()),
            None => Err(never_read(source, scope)),
        }
    }

    /// All entries, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Scope, &Found)> {
        self.entries.iter().map(|((source, scope), fact)| (&**source, scope, fact))
    }
}

fn never_read(source: &str, scope: &Scope) -> Unread {
    Unread { call: source.to_owned(), why: format!("{source} was not read in {scope}"), help: None }
}
