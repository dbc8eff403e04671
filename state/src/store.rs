//! Where documents are kept: the ledger, the records and journals of runs, and locks.
//!
//! One layout in every place; moving from one to another is copying. Behind it is a [`Backend`] that knows how documents are read and
//! conditionally written: [`LocalStore`] is a folder, [`Memory`](memory::Memory) is for tests, and one in S3 is with what knows AWS.
//!
//! ```text
//! ledger/ACCOUNT.json              what was last applied, global to an account
//! ledger/ACCOUNT@REGION.json       the same in a region
//! runs/RUN/record.json             a run: who, when, from which specs, its plan, how each operation ended
//! runs/RUN/journal-000001.jsonl    its journal: each intent before its call, each outcome after it
//! locks/ACCOUNT.json               the account's fencing number, and the run that holds it
//! alive/RUN.json                   a run that lives
//! ```
//!
//! A document is only ever replaced by who read the version it replaces; see [`hold`] for why a run that lost its lock writes nothing more.

use std::io;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::facts::Scope;
use crate::ledger::{Document, FORMAT, Ledger};

pub mod hold;
mod local;
pub mod memory;
pub mod runs;

pub use hold::{Hold, Holder, LockState};
pub use local::{LocalStore, read_limited, write_atomically};
pub use runs::RunJournal;

/// The most bytes of a document: 1 GiB. The ledger of an account with a hundred thousand resources takes an eighth of that (docs/performance.md), the
/// plan that makes them a few times as much as the ledger; what is larger is none of trueup's, and is not read into memory.
pub const DOCUMENT_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Why a store could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or folder could not be read or written.
    #[error("{action} {path}")]
    Io {
        /// `read`, `write`, ….
        action: &'static str,
        /// Which.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A place that is reached over a network did not do as it was asked.
    #[error("{action} {path}: {why}")]
    Remote {
        /// `read`, `write`, ….
        action: &'static str,
        /// Which.
        path: String,
        /// What it said, or what became of the connection.
        why: String,
        /// What to do.
        help: Option<String>,
    },
    /// A document does not parse.
    #[error("{path} is damaged")]
    Damaged {
        /// Which.
        path: String,
        /// Why.
        source: serde_json::Error,
    },
    /// A document was written by a newer trueup.
    #[error("{path} has format {found}, this trueup reads up to {reads}")]
    Newer {
        /// Which.
        path: String,
        /// Its format.
        found: u32,
        /// The newest format of such documents that this trueup knows.
        reads: u32,
    },
    /// A document is larger than any that trueup writes.
    #[error("{path} has {bytes} bytes, trueup reads up to {DOCUMENT_BYTES_MAX}")]
    Large {
        /// Which.
        path: String,
        /// Its size.
        bytes: u64,
    },
    /// Another run holds the lock of an account.
    #[error("another run holds the account `{account}`: {holder}")]
    Locked {
        /// The account's name.
        account: String,
        /// The run.
        holder: Box<Holder>,
    },
    /// A document is no longer the one that was read.
    #[error("{path} was written by another run in between")]
    Moved {
        /// Which.
        path: String,
    },
    /// The run no longer holds its locks.
    #[error("this run lost its lock: {why}")]
    Lost {
        /// How.
        why: String,
    },
    /// There is no record of the run.
    #[error("there is no run `{run}`")]
    NoRun {
        /// The name that was asked for.
        run: String,
    },
}

impl StoreError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &str {
        match self {
            Self::Io { .. } => "check the permissions and the free space of the state directory",
            Self::Remote { help, .. } => help.as_deref().unwrap_or("try again; nothing in AWS is lost"),
            Self::Damaged { .. } | Self::Large { .. } => {
                "move it aside and run `trueup state rebuild`: nothing in AWS is lost, trueup finds what is ours by its tags; only the record of what was last applied is gone"
            }
            Self::Newer { .. } => "use the trueup that wrote it, or a newer one",
            Self::Locked { .. } => {
                "wait for it to end; a run that died gives up its locks by itself. `trueup state locks` shows who holds what"
            }
            Self::Moved { .. } | Self::Lost { .. } => {
                "plan again: what this run did is in AWS, and is found there by its name and tags"
            }
            Self::NoRun { .. } => "`trueup history` lists the runs",
        }
    }
}

/// The version of a document: equal only if its bytes are.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(pub String);

/// A document as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its version.
    pub tag: Tag,
}

/// What must be there for a write to take place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Nothing.
    Absent,
    /// This version.
    Is(Tag),
}

impl Expect {
    /// What was read.
    #[must_use]
    pub fn of(tag: Option<&Tag>) -> Self {
        tag.map_or(Self::Absent, |tag| Self::Is(tag.clone()))
    }
}

/// A conditional write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// The document's name: `ledger/tooling.json`.
    pub name: String,
    /// All its bytes.
    pub bytes: Vec<u8>,
    /// What it replaces.
    pub expect: Expect,
    /// How many bytes at its end are new, where all before them are as they were and only this run writes it: a place that can append
    /// then does.
    pub added: Option<usize>,
}

/// A place that keeps documents.
///
/// Names are `folder/…/file`, of the letters that addresses and runs have. All its calls return when they are durable, or say why not.
pub trait Backend: Send + Sync {
    /// The document in a person's words: a path or a URL.
    fn path(&self, name: &str) -> String;

    /// The names of all documents in a folder and its folders, in order.
    ///
    /// # Errors
    /// When the place can't be read; a folder that is not there is empty.
    fn list(&self, folder: &str) -> Result<Vec<String>, StoreError>;

    /// Reads documents; `None` where there is none.
    ///
    /// # Errors
    /// When one of them can't be read.
    fn read(&self, names: &[String]) -> Result<Vec<Option<Stored>>, StoreError>;

    /// Writes documents, each whole or not at all and only if it replaces what it expects; [`StoreError::Moved`] where it doesn't.
    fn write(&self, puts: &[Put]) -> Vec<Result<Tag, StoreError>>;

    /// Begins the life of a run.
    ///
    /// # Errors
    /// When it can't be made known.
    fn live(&self, holder: &Holder) -> Result<Box<dyn Life>, StoreError>;

    /// Whether a run lives no more, and never will again: what can't be told at once is watched, and a run that gave no sign for its term
    /// is ended, so that it finds itself ended if it wakes up.
    ///
    /// # Errors
    /// When that can't be found out.
    fn ended(&self, run: &str) -> Result<bool, StoreError>;
}

/// The life of a run, as others can see it. It ends when it is dropped.
pub trait Life: Send + Sync {
    /// Whether others still see it.
    ///
    /// # Errors
    /// [`StoreError::Lost`] when another may have taken over.
    fn check(&self) -> Result<(), StoreError>;
}

/// The documents of a project.
#[derive(Clone)]
pub struct Store {
    backend: Arc<dyn Backend>,
}

impl Store {
    /// A store in this place.
    #[must_use]
    pub fn new(backend: impl Backend + 'static) -> Self {
        Self { backend: Arc::new(backend) }
    }

    /// Where a document is, in a person's words.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        self.backend.path(name)
    }

    /// Reads all ledger documents; where there are none, the ledger is empty.
    ///
    /// # Errors
    /// When a document can't be read, is damaged, or is of a newer format.
    pub fn ledger(&self) -> Result<Ledger, StoreError> {
        let mut ledger = Ledger::default();
        let names = self.documents("ledger", ".json")?;
        for (name, stored) in names.iter().zip(self.backend.read(&names)?) {
            let (Some(stored), Some(stem)) = (stored, stem(name)) else { continue };
            let mut document: Document = self.parse(name, &stored.bytes, FORMAT)?;
            document.tag = Some(stored.tag);
            ledger.documents.insert(scope_of(stem), document);
        }
        Ok(ledger)
    }

    /// Writes what changed in the ledger since it was read, each document in the place of the one that was read.
    ///
    /// # Errors
    /// [`StoreError::Lost`] when the run does not hold the account (any more); [`StoreError::Moved`] when another run wrote in between;
    /// or when a document can't be written. What could be written is.
    pub fn save(&self, ledger: &mut Ledger, hold: &Hold) -> Result<(), StoreError> {
        hold.check()?;
        let mut puts = Vec::new();
        let mut scopes = Vec::new();
        for (scope, document) in ledger.documents.iter().filter(|(_, document)| document.changed) {
            let next =
                Document { format: FORMAT, serial: document.serial + 1, fence: hold.fence(scope)?, ..document.clone() };
            puts.push(self.put(ledger_name(scope), &next, Expect::of(document.tag.as_ref()))?);
            scopes.push((scope.clone(), next));
        }
        let mut failed = None;
        for ((scope, mut next), result) in scopes.into_iter().zip(hold.write(&puts)) {
            match result {
                Ok(tag) => {
                    next.tag = Some(tag);
                    next.changed = false;
                    ledger.documents.insert(scope, next);
                }
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        let Some(failed) = failed else { return Ok(()) };
        // Who was taken over finds another's document in the place of its own.
        hold.check()?;
        Err(failed)
    }

    /// Makes sure that each of these scopes has a document, before anything is done there: what a run that lost its lock could still make
    /// is then an empty document at most.
    ///
    /// # Errors
    /// As [`Store::save`].
    pub fn prepare<'s>(
        &self,
        ledger: &mut Ledger,
        scopes: impl IntoIterator<Item = &'s Scope>,
        hold: &Hold,
    ) -> Result<(), StoreError> {
        for scope in scopes {
            if ledger.documents.get(scope).is_some_and(|document| document.tag.is_some()) {
                continue;
            }
            let fence = hold.fence(scope)?;
            let kept = ledger.documents.entry(scope.clone()).or_default();
            let name = ledger_name(scope);
            loop {
                hold.check()?;
                let next = Document { format: FORMAT, serial: kept.serial + 1, fence, ..Document::default() };
                let put = self.put(name.clone(), &next, Expect::Absent)?;
                match hold.write_one(put) {
                    Ok(tag) => {
                        (kept.serial, kept.tag, kept.fence) = (next.serial, Some(tag), fence);
                        break;
                    }
                    Err(StoreError::Moved { .. }) => {}
                    Err(error) => return Err(error),
                }
                // Another run made it since; if that one has lost its lock to this, the document is ours now, with what is in it.
                if let Some(theirs) = hold.stamp(&name, fence)? {
                    let ours = std::mem::replace(kept, theirs);
                    kept.entries.extend(ours.entries);
                    kept.changed = ours.changed;
                    break;
                }
            }
        }
        Ok(())
    }

    /// Names in a folder that end like this; what else is there (a write that was cut off) is nobody's.
    fn documents(&self, folder: &str, ending: &str) -> Result<Vec<String>, StoreError> {
        let mut names = self.backend.list(folder)?;
        names.retain(|name| name.ends_with(ending));
        Ok(names)
    }

    fn put<T: Serialize>(&self, name: String, document: &T, expect: Expect) -> Result<Put, StoreError> {
        let bytes = serde_json::to_vec_pretty(document)
            .map_err(|source| StoreError::Damaged { path: self.path(&name), source })?;
        Ok(Put { name, bytes, expect, added: None })
    }

    /// Reads a document of a known format; a newer or damaged one is refused.
    fn parse<T: DeserializeOwned>(&self, name: &str, bytes: &[u8], reads: u32) -> Result<T, StoreError> {
        #[derive(serde::Deserialize)]
        struct Header {
            format: u32,
        }
        let damaged = |source| StoreError::Damaged { path: self.path(name), source };
        // The format is looked at first: a newer document need not have this one's shape.
        let header: Header = serde_json::from_slice(bytes).map_err(damaged)?;
        if header.format > reads {
            return Err(StoreError::Newer { path: self.path(name), found: header.format, reads });
        }
        serde_json::from_slice(bytes).map_err(damaged)
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("place", &self.path("")).finish()
    }
}

fn ledger_name(scope: &Scope) -> String {
    format!("ledger/{scope}.json")
}

/// The name without its folder and its ending.
fn stem(name: &str) -> Option<&str> {
    name.rsplit('/').next()?.rsplit_once('.').map(|(stem, _)| stem)
}

fn scope_of(stem: &str) -> Scope {
    match stem.split_once('@') {
        Some((account, region)) => Scope { account: Arc::from(account), region: Some(Arc::from(region)) },
        None => Scope { account: Arc::from(stem), region: None },
    }
}

#[cfg(test)]
mod tests;
