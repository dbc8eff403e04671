//! The local state directory: ledger documents, journals and a lock.
//!
//! ```text
//! .trueup/
//!   ledger/ACCOUNT.json              what is global to an account
//!   ledger/ACCOUNT@REGION.json       what is in a region
//!   runs/RUN.jsonl                   one journal a run
//!   lock                             held while a run writes
//! ```

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::facts::Scope;
use crate::journal::{Entry, Journal};
use crate::ledger::{Document, FORMAT, Ledger};

/// Why the state directory could not be used.
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
    /// A ledger document does not parse.
    #[error("{path} is damaged")]
    Damaged {
        /// Which.
        path: String,
        /// Why.
        source: serde_json::Error,
    },
    /// A ledger document was written by a newer trueup.
    #[error("{path} has format {found}, this trueup reads up to {FORMAT}")]
    Newer {
        /// Which.
        path: String,
        /// Its format.
        found: u32,
    },
    /// Another run holds the lock.
    #[error("another run is using {path}")]
    Locked {
        /// The lock file.
        path: String,
    },
}

impl StoreError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Io { .. } => "check the permissions and the free space of the state directory",
            Self::Damaged { .. } => {
                "move the file aside and run again: nothing in AWS is lost, trueup finds what is ours by its tags; only the record of what was last applied is gone"
            }
            Self::Newer { .. } => "use the trueup that wrote it, or a newer one",
            Self::Locked { .. } => {
                "wait for the other run to end; the lock goes with its process, so it can't stay stuck"
            }
        }
    }
}

/// The local state directory.
#[derive(Clone, Debug)]
pub struct LocalStore {
    dir: PathBuf,
}

/// Held while a run writes; the operating system lets it go with the process.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl LocalStore {
    /// A store in this directory; nothing is made before the first write.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// Reads all ledger documents; a directory that is not there is an empty ledger.
    ///
    /// # Errors
    /// When a document can't be read, is damaged, or is of a newer format.
    pub fn ledger(&self) -> Result<Ledger, StoreError> {
        let dir = self.dir.join("ledger");
        let mut ledger = Ledger::default();
        let entries = match fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(ledger),
            Err(error) => return Err(io_error("read", &dir, error)),
        };
        for entry in entries {
            let path = entry.map_err(|error| io_error("read", &dir, error))?.path();
            let Some(stem) = document_stem(&path) else { continue };
            let text = fs::read_to_string(&path).map_err(|error| io_error("read", &path, error))?;
            ledger.documents.insert(scope_of(&stem), parse(&path, &text)?);
        }
        Ok(ledger)
    }

    /// Writes the documents that differ from what is on disk, each atomically.
    ///
    /// # Errors
    /// When a document can't be written; those before it stay written.
    pub fn save(&self, ledger: &Ledger) -> Result<(), StoreError> {
        let on_disk = self.ledger()?;
        let dir = self.dir.join("ledger");
        make_dir(&dir)?;
        for (scope, document) in &ledger.documents {
            let before = on_disk.documents.get(scope);
            if before.is_some_and(|before| before.entries == document.entries) {
                continue;
            }
            let next = Document {
                format: FORMAT,
                serial: before.map_or(0, |before| before.serial) + 1,
                entries: document.entries.clone(),
            };
            let path = dir.join(format!("{scope}.json"));
            let text = serde_json::to_string_pretty(&next)
                .map_err(|source| StoreError::Damaged { path: path.display().to_string(), source })?;
            write_atomically(&path, text.as_bytes())?;
        }
        Ok(())
    }

    /// Takes the lock, or says that another run holds it.
    ///
    /// # Errors
    /// [`StoreError::Locked`], or when the lock file can't be made.
    pub fn lock(&self) -> Result<Lock, StoreError> {
        make_dir(&self.dir)?;
        let path = self.dir.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| io_error("open", &path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked { path: path.display().to_string() }),
            Err(TryLockError::Error(error)) => Err(io_error("lock", &path, error)),
        }
    }

    /// Begins the journal of a run.
    ///
    /// # Errors
    /// When the file can't be made, or is there already.
    pub fn journal(&self, run: &str) -> Result<FileJournal, StoreError> {
        let dir = self.dir.join("runs");
        make_dir(&dir)?;
        let path = dir.join(format!("{run}.jsonl"));
        let file = OpenOptions::new()
            .create_new(true)
            .append(true)
            .open(&path)
            .map_err(|error| io_error("write", &path, error))?;
        restrict(&path)?;
        Ok(FileJournal { file, path })
    }
}

/// The journal of one run.
#[derive(Debug)]
pub struct FileJournal {
    file: File,
    path: PathBuf,
}

impl FileJournal {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Journal for FileJournal {
    fn record(&mut self, entry: &Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.file.sync_data()
    }
}

fn document_stem(path: &Path) -> Option<String> {
    if path.extension()? != "json" {
        return None;
    }
    Some(path.file_stem()?.to_str()?.to_owned())
}

fn scope_of(stem: &str) -> Scope {
    match stem.split_once('@') {
        Some((account, region)) => Scope { account: Arc::from(account), region: Some(Arc::from(region)) },
        None => Scope { account: Arc::from(stem), region: None },
    }
}

fn parse(path: &Path, text: &str) -> Result<Document, StoreError> {
    #[derive(serde::Deserialize)]
    struct Header {
        format: u32,
    }
    let damaged = |source| StoreError::Damaged { path: path.display().to_string(), source };
    // The format is looked at first: a newer document need not have this one's shape.
    let header: Header = serde_json::from_str(text).map_err(damaged)?;
    if header.format > FORMAT {
        return Err(StoreError::Newer { path: path.display().to_string(), found: header.format });
    }
    serde_json::from_str(text).map_err(damaged)
}

/// Writes a file so that a crash leaves either the old or the new one: a temporary file beside it, fsync, rename, fsync of the folder.
///
/// # Errors
/// When any of these steps fails; the old file is then untouched.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let error = |error| io_error("write", path, error);
    let temporary = path.with_extension(format!("tmp{}", std::process::id()));
    let mut file = File::create(&temporary).map_err(error)?;
    restrict(&temporary)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(error)?;
    fs::rename(&temporary, path).map_err(error)?;
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(error)?;
    }
    Ok(())
}

fn make_dir(dir: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(dir).map_err(|error| io_error("make", dir, error))
}

/// State is readable by its owner alone: it names everything an attacker would like to know.
fn restrict(path: &Path) -> Result<(), StoreError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))
            .map_err(|error| io_error("restrict", path, error))?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

fn io_error(action: &'static str, path: &Path, source: io::Error) -> StoreError {
    StoreError::Io { action, path: path.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger;

    fn scope() -> Scope {
        Scope { account: Arc::from("tooling"), region: Some(Arc::from("eu-west-1")) }
    }

    fn some_ledger() -> Ledger {
        let mut ledger = Ledger::default();
        let entry = ledger::Entry {
            name: "alias/a".to_owned(),
            outputs: [("arn".to_owned(), "arn:aws:kms:eu-west-1:111111111111:key/1".to_owned())].into(),
            model: (&serde_json::json!({"alias": "alias/a"})).into(),
        };
        ledger.put(&scope(), "tooling@eu-west-1/key.a".parse().unwrap(), entry);
        ledger
    }

    #[test]
    fn a_saved_ledger_is_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = LocalStore::new(dir.path().join("state"));
        assert_eq!(store.ledger().unwrap(), Ledger::default());
        store.save(&some_ledger()).unwrap();
        let read = store.ledger().unwrap();
        assert_eq!(read.documents[&scope()].entries, some_ledger().documents[&scope()].entries);
        assert_eq!(read.documents[&scope()].serial, 1);
        store.save(&read).unwrap();
        assert_eq!(store.ledger().unwrap().documents[&scope()].serial, 1, "nothing changed, nothing written");
    }

    #[test]
    fn a_newer_or_damaged_document_is_refused_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let store = LocalStore::new(dir.path());
        store.save(&some_ledger()).unwrap();
        let path = dir.path().join("ledger/tooling@eu-west-1.json");
        for text in ["{\"format\": 99, \"shape\": \"of the future\"}", "{\"format\": 1", ""] {
            fs::write(&path, text).unwrap();
            assert!(matches!(store.ledger(), Err(StoreError::Newer { .. } | StoreError::Damaged { .. })), "{text}");
            assert!(store.save(&some_ledger()).is_err(), "{text}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text, "never overwritten");
        }
    }

    #[test]
    fn the_lock_is_held_by_one_and_goes_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let store = LocalStore::new(dir.path());
        let held = store.lock().unwrap();
        assert!(matches!(store.lock(), Err(StoreError::Locked { .. })));
        drop(held);
        store.lock().unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn state_is_readable_by_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let store = LocalStore::new(dir.path());
        store.save(&some_ledger()).unwrap();
        store.journal("run").unwrap();
        for path in ["ledger/tooling@eu-west-1.json", "runs/run.jsonl"] {
            assert_eq!(fs::metadata(dir.path().join(path)).unwrap().permissions().mode() & 0o077, 0, "{path}");
        }
    }
}
