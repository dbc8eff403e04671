//! A store in a folder.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::{Backend, DOCUMENT_BYTES_MAX, Expect, Holder, Life, Put, StoreError, Stored, Tag};
use crate::plan::digest;

/// A store in a folder. A run lives as long as the operating system's lock on its file, which goes with its process.
#[derive(Clone, Debug)]
pub struct LocalStore {
    dir: PathBuf,
}

impl LocalStore {
    /// A store in this directory; nothing is made before the first write.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// The right to compare and write: for the moment that takes, and across processes.
    fn turn(&self) -> Result<File, StoreError> {
        make_dir(&self.dir)?;
        let path = self.dir.join("lock");
        let file = open_to_lock(&path)?;
        file.lock().map_err(|error| io_error("lock", &path, error))?;
        Ok(file)
    }

    fn read_one(&self, name: &str) -> Result<Option<Stored>, StoreError> {
        let path = self.dir.join(name);
        match read_limited(&path) {
            Ok(Ok(bytes)) => Ok(Some(Stored { tag: tag(&bytes), bytes })),
            Ok(Err(bytes)) => Err(StoreError::Large { path: self.path(name), bytes }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io_error("read", &path, error)),
        }
    }

    fn write_one(&self, put: &Put) -> Result<Tag, StoreError> {
        let path = self.dir.join(&put.name);
        if let Some(dir) = path.parent() {
            make_dir(dir)?;
        }
        if let (Expect::Is(_), Some(added)) = (&put.expect, put.added) {
            return append(&path, put, added);
        }
        let there = self.read_one(&put.name)?.map(|stored| stored.tag);
        if Expect::of(there.as_ref()) != put.expect {
            return Err(StoreError::Moved { path: self.path(&put.name) });
        }
        write_atomically(&path, &put.bytes)?;
        Ok(tag(&put.bytes))
    }
}

impl Backend for LocalStore {
    fn path(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        let mut names = Vec::new();
        let mut open = vec![folder.to_owned()];
        while let Some(folder) = open.pop() {
            let dir = self.dir.join(&folder);
            let entries = match fs::read_dir(&dir) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(io_error("read", &dir, error)),
            };
            for entry in entries {
                let entry = entry.map_err(|error| io_error("read", &dir, error))?;
                let kind = entry.file_type().map_err(|error| io_error("read", &dir, error))?;
                let Some(name) = entry.file_name().to_str().map(|name| format!("{folder}/{name}")) else { continue };
                if kind.is_dir() { open.push(name) } else { names.push(name) }
            }
        }
        names.sort();
        Ok(names)
    }

    fn read(&self, names: &[String]) -> Result<Vec<Option<Stored>>, StoreError> {
        names.iter().map(|name| self.read_one(name)).collect()
    }

    fn write(&self, puts: &[Put]) -> Vec<Result<Tag, StoreError>> {
        let turn = self.turn();
        puts.iter()
            .map(|put| match &turn {
                Ok(_) => self.write_one(put),
                Err(StoreError::Io { action, path, source }) => {
                    let source = io::Error::new(source.kind(), source.to_string());
                    Err(StoreError::Io { action, path: path.clone(), source })
                }
                Err(_) => Err(StoreError::Moved { path: self.path(&put.name) }),
            })
            .collect()
    }

    fn live(&self, holder: &Holder) -> Result<Box<dyn Life>, StoreError> {
        let _turn = self.turn()?;
        let path = self.dir.join("alive").join(format!("{}.json", holder.run));
        if let Some(dir) = path.parent() {
            make_dir(dir)?;
        }
        let mut file = open_to_lock(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::Moved { path: path.display().to_string() }),
            Err(TryLockError::Error(error)) => return Err(io_error("lock", &path, error)),
        }
        let text = serde_json::to_vec(holder)
            .map_err(|source| StoreError::Damaged { path: path.display().to_string(), source })?;
        file.set_len(0).and_then(|()| file.write_all(&text)).map_err(|error| io_error("write", &path, error))?;
        Ok(Box::new(LocalLife { path, _file: file }))
    }

    fn ended(&self, run: &str) -> Result<bool, StoreError> {
        let _turn = self.turn()?;
        let path = self.dir.join("alive").join(format!("{run}.json"));
        let file = match OpenOptions::new().write(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
            Err(error) => return Err(io_error("read", &path, error)),
        };
        match file.try_lock() {
            Ok(()) => fs::remove_file(&path).map(|()| true).map_err(|error| io_error("remove", &path, error)),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(io_error("lock", &path, error)),
        }
    }
}

/// A run that lives: its file is locked, and the operating system lets it go with the process.
#[derive(Debug)]
struct LocalLife {
    path: PathBuf,
    _file: File,
}

impl Life for LocalLife {
    fn check(&self) -> Result<(), StoreError> {
        if self.path.exists() {
            return Ok(());
        }
        Err(StoreError::Lost { why: format!("{} was removed", self.path.display()) })
    }
}

impl Drop for LocalLife {
    fn drop(&mut self) {
        // Without its file, or with one nobody locks, the run has ended all the same.
        let _ = fs::remove_file(&self.path);
    }
}

/// The bytes of a file, or only its size where that is too much.
///
/// # Errors
/// When it can't be read.
pub fn read_limited(path: &Path) -> io::Result<Result<Vec<u8>, u64>> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    if size > DOCUMENT_BYTES_MAX {
        return Ok(Err(size));
    }
    let mut bytes = Vec::new();
    // It may grow while it is read.
    file.take(DOCUMENT_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    let size = bytes.len() as u64;
    Ok(if size > DOCUMENT_BYTES_MAX { Err(size) } else { Ok(bytes) })
}

fn tag(bytes: &[u8]) -> Tag {
    Tag(digest(bytes))
}

/// Adds to a file that only this run writes.
fn append(path: &Path, put: &Put, added: usize) -> Result<Tag, StoreError> {
    let error = |error| io_error("write", path, error);
    let before = put.bytes.len().saturating_sub(added);
    let mut file = OpenOptions::new().append(true).open(path).map_err(error)?;
    if file.metadata().map_err(error)?.len() != before as u64 {
        return Err(StoreError::Moved { path: path.display().to_string() });
    }
    file.write_all(put.bytes.get(before..).unwrap_or_default()).and_then(|()| file.sync_data()).map_err(error)?;
    Ok(tag(&put.bytes))
}

fn open_to_lock(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    own_file(&mut options).open(path).map_err(|error| io_error("open", path, error))
}

/// Writes a file so that a crash leaves either the old or the new one: a temporary file beside it, fsync, rename, fsync of the folder.
///
/// # Errors
/// When any of these steps fails; the old file is then untouched.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let error = |error| io_error("write", path, error);
    let temporary = path.with_extension(format!("tmp{}", std::process::id()));
    let written = write_synced(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    if let Err(failed) = written {
        // A disk that was full must not stay so for a file that nobody wants.
        let _ = fs::remove_file(&temporary);
        return Err(error(failed));
    }
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(error)?;
    }
    Ok(())
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    let mut file = own_file(&mut options).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// State is readable by its owner alone: it names everything an attacker would like to know.
fn own_file(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

fn make_dir(dir: &Path) -> Result<(), StoreError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(dir).map_err(|error| io_error("make", dir, error))
}

fn io_error(action: &'static str, path: &Path, source: io::Error) -> StoreError {
    StoreError::Io { action, path: path.display().to_string(), source }
}
