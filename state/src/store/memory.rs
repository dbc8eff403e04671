//! A store in memory, for tests. Its runs are ended by whoever asks: the most impatient of neighbours.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Backend, Expect, Holder, Life, Put, StoreError, Stored, Tag};

/// A store in memory. Clones share what is in it.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    documents: BTreeMap<String, Stored>,
    writes: u64,
    living: BTreeSet<String>,
    patient: bool,
}

impl Memory {
    /// One that ends no run that lives.
    #[must_use]
    pub fn patient() -> Self {
        let memory = Self::default();
        memory.lock().patient = true;
        memory
    }

    /// What is in a document.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Vec<u8>> {
        self.lock().documents.get(name).map(|stored| stored.bytes.clone())
    }

    /// Puts a document there, whatever was there before.
    pub fn set(&self, name: &str, bytes: &[u8]) {
        let mut shared = self.lock();
        let tag = shared.next_tag();
        shared.documents.insert(name.to_owned(), Stored { bytes: bytes.to_owned(), tag });
    }

    /// Takes a document away.
    pub fn remove(&self, name: &str) {
        self.lock().documents.remove(name);
    }

    /// All documents, by name.
    #[must_use]
    pub fn all(&self) -> BTreeMap<String, Vec<u8>> {
        self.lock().documents.iter().map(|(name, stored)| (name.clone(), stored.bytes.clone())).collect()
    }

    /// Ends all runs, as if their processes had died.
    pub fn end_all(&self) {
        self.lock().living.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn next_tag(&mut self) -> Tag {
        self.writes += 1;
        Tag(self.writes.to_string())
    }
}

impl Backend for Memory {
    fn path(&self, name: &str) -> String {
        format!("memory:{name}")
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        let prefix = format!("{folder}/");
        Ok(self.lock().documents.keys().filter(|name| name.starts_with(&prefix)).cloned().collect())
    }

    fn read(&self, names: &[String]) -> Result<Vec<Option<Stored>>, StoreError> {
        let shared = self.lock();
        Ok(names.iter().map(|name| shared.documents.get(name).cloned()).collect())
    }

    fn write(&self, puts: &[Put]) -> Vec<Result<Tag, StoreError>> {
        let mut shared = self.lock();
        puts.iter()
            .map(|put| {
                let there = shared.documents.get(&put.name).map(|stored| &stored.tag);
                if Expect::of(there) != put.expect {
                    return Err(StoreError::Moved { path: self.path(&put.name) });
                }
                let tag = shared.next_tag();
                let stored = Stored { bytes: put.bytes.clone(), tag: tag.clone() };
                shared.documents.insert(put.name.clone(), stored);
                Ok(tag)
            })
            .collect()
    }

    fn live(&self, holder: &Holder) -> Result<Box<dyn Life>, StoreError> {
        self.lock().living.insert(holder.run.clone());
        Ok(Box::new(MemoryLife { memory: self.clone(), run: holder.run.clone() }))
    }

    fn ended(&self, run: &str) -> Result<bool, StoreError> {
        let mut shared = self.lock();
        if shared.patient {
            return Ok(!shared.living.contains(run));
        }
        shared.living.remove(run);
        Ok(true)
    }
}

struct MemoryLife {
    memory: Memory,
    run: String,
}

impl Life for MemoryLife {
    fn check(&self) -> Result<(), StoreError> {
        if self.memory.lock().living.contains(&self.run) {
            return Ok(());
        }
        Err(StoreError::Lost { why: "another run ended it".to_owned() })
    }
}

impl Drop for MemoryLife {
    fn drop(&mut self) {
        self.memory.lock().living.remove(&self.run);
    }
}
