//! The world on disk: one JSON file, written whole, and a lock for the processes that share it.
//!
//! Writing it whole keeps it simple and never half changed, and costs time in proportion to the world: some 0.5 KB a
//! role, after each call that changes something. Tests and benchmarks keep their worlds in memory.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use crate::world::World;

/// The folder that keeps a world.
#[derive(Debug)]
pub(crate) struct Store {
    dir: PathBuf,
    /// The generation of the world we hold; the lock file says which one is on disk.
    held: Option<u64>,
}

/// The right to read and write the world, until dropped: the lock goes with the file.
pub(crate) struct Turn {
    lock: File,
    generation: u64,
}

/// Why the world could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk refused.
    #[error("cannot {action} {}", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The file is not a world of this version.
    #[error("{} is not a sandbox's state; `trueup sandbox reset` starts a new one", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where it is wrong.
        source: serde_json::Error,
    },
}

impl Store {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self { dir, held: None }
    }

    fn world_file(&self) -> PathBuf {
        self.dir.join("world.json")
    }

    /// Waits until no other process is at it.
    pub(crate) fn turn(&self) -> Result<Turn, StoreError> {
        let path = self.dir.join("lock");
        let failed = |action, path: &Path, source| StoreError::Disk { action, path: path.to_owned(), source };
        fs::create_dir_all(&self.dir).map_err(|e| failed("create", &self.dir, e))?;
        let mut lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|e| failed("open", &path, e))?;
        lock.lock().map_err(|e| failed("lock", &path, e))?;
        let mut text = String::new();
        lock.read_to_string(&mut text).map_err(|e| failed("read", &path, e))?;
        Ok(Turn { lock, generation: text.trim().parse().unwrap_or(0) })
    }

    /// The world on disk, if it is not the one we hold.
    pub(crate) fn newer(&mut self, turn: &Turn) -> Result<Option<World>, StoreError> {
        if self.held == Some(turn.generation) {
            return Ok(None);
        }
        let path = self.world_file();
        let world = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|source| StoreError::Malformed { path, source })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => World::default(),
            Err(source) => return Err(StoreError::Disk { action: "read", path, source }),
        };
        self.held = Some(turn.generation);
        Ok(Some(world))
    }

    /// Replaces the world on disk. The generation goes up first: a crash in between makes others read once too often,
    /// the other order would make them miss a change.
    pub(crate) fn save(&mut self, turn: &mut Turn, world: &World) -> Result<(), StoreError> {
        let path = self.world_file();
        let failed = |action, path: &Path, source| StoreError::Disk { action, path: path.to_owned(), source };
        turn.generation += 1;
        self.held = Some(turn.generation);
        turn.lock
            .rewind()
            .and_then(|()| turn.lock.write_all(turn.generation.to_string().as_bytes()))
            .map_err(|e| failed("write", &self.dir.join("lock"), e))?;
        let bytes = serde_json::to_vec(world).map_err(|e| failed("write", &path, e.into()))?;
        let draft = self.dir.join("world.json.new");
        fs::write(&draft, bytes).map_err(|e| failed("write", &draft, e))?;
        fs::rename(&draft, &path).map_err(|e| failed("replace", &path, e))
    }
}
