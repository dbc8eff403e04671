//! Who may write: one run an account.
//!
//! A run lives ([`Backend::live`]) and holds accounts. The lock of an account names the run and carries a fencing number, which goes up by
//! one with each run that takes it. A run that ended without giving a lock back (its process died, its machine slept) is first *ended*
//! by who wants the lock, which is itself a conditional write that the other can't overlook; then the lock is taken over, and then every ledger document of the
//! account is *stamped*: written again with the new number. From then on no write of the former run fits any more, since each write
//! replaces the very version that its run read or wrote last. No step of this trusts a clock; clocks only say when one may suspect a run to be dead.
//!
//! A lock that is given back needs no stamping: its run has the answer to each of its writes. A run that lacks one gives nothing back,
//! so that the next one stamps.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::{Backend, Expect, Life, Put, Store, StoreError, Tag, stem};
use crate::facts::Scope;
use crate::ledger::{Document, FORMAT};

/// The format of a lock.
pub const LOCK_FORMAT: u32 = 1;

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The run's name.
    pub run: String,
    /// Whose credentials it uses: an ARN.
    pub who: String,
    /// The machine and the process.
    pub at: String,
    /// When it began, as `2026-11-21T03:04:05Z`, by its own clock.
    pub since: String,
    /// The command.
    pub purpose: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, who, at, since, purpose } = self;
        write!(f, "`{purpose}` by {who} on {at} since {since} (run {run})")
    }
}

/// The lock of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Lock {
    format: u32,
    /// How many runs have held it.
    fence: u64,
    /// Who holds it.
    holder: Option<Holder>,
}

/// A lock as others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockState {
    /// The account's name.
    pub account: String,
    /// How many runs have held it.
    pub fence: u64,
    /// Who holds it.
    pub holder: Holder,
}

/// A lock this run holds.
#[derive(Debug)]
struct Held {
    fence: u64,
    tag: Tag,
}

/// The accounts a run holds. They are given back when it is dropped.
pub struct Hold {
    store: Store,
    life: Box<dyn Life>,
    holder: Holder,
    locks: Mutex<BTreeMap<Arc<str>, Held>>,
    /// A write of which one doesn't know whether it took place: it may still be under way.
    unsure: AtomicBool,
}

impl Store {
    /// Takes the locks of these accounts, those of runs that ended included.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when a run that lives holds one of them; then none is held. Or when the place can't be used.
    pub fn hold(&self, accounts: &BTreeSet<Arc<str>>, holder: Holder) -> Result<Hold, StoreError> {
        let life = self.backend.live(&holder)?;
        let hold = Hold { store: self.clone(), life, holder, locks: Mutex::default(), unsure: AtomicBool::new(false) };
        let mut open: Vec<Arc<str>> = accounts.iter().cloned().collect();
        // Of two runs that want the same accounts, the one that gets the first gets all.
        let rest = if open.is_empty() { Vec::new() } else { open.split_off(1) };
        let mut taken_over = hold.take(open)?;
        taken_over.extend(hold.take(rest)?);
        if !taken_over.is_empty() {
            hold.stamp_all(&taken_over)?;
        }
        Ok(hold)
    }

    /// The locks that are held, by account. Some may be of runs that are gone.
    ///
    /// # Errors
    /// When a lock can't be read.
    pub fn locks(&self) -> Result<Vec<LockState>, StoreError> {
        let names = self.documents("locks", ".json")?;
        let mut locks = Vec::new();
        for (name, stored) in names.iter().zip(self.backend.read(&names)?) {
            let (Some(stored), Some(account)) = (stored, stem(name)) else { continue };
            let lock: Lock = self.parse(name, &stored.bytes, LOCK_FORMAT)?;
            if let Some(holder) = lock.holder {
                locks.push(LockState { account: account.to_owned(), fence: lock.fence, holder });
            }
        }
        Ok(locks)
    }
}

fn lock_name(account: &str) -> String {
    format!("locks/{account}.json")
}

impl Hold {
    /// Whether the run still holds its accounts.
    ///
    /// # Errors
    /// [`StoreError::Lost`].
    pub fn check(&self) -> Result<(), StoreError> {
        self.life.check()
    }

    /// The run.
    #[must_use]
    pub fn holder(&self) -> &Holder {
        &self.holder
    }

    /// The fencing number of a scope's account.
    pub(super) fn fence(&self, scope: &Scope) -> Result<u64, StoreError> {
        let locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        let held = locks.get(&scope.account).map(|held| held.fence);
        held.ok_or_else(|| StoreError::Lost { why: format!("it never held the account `{}`", scope.account) })
    }

    fn backend(&self) -> &dyn Backend {
        &*self.store.backend
    }

    /// Writes, and remembers when it is not known whether a write took place.
    pub(super) fn write(&self, puts: &[Put]) -> Vec<Result<Tag, StoreError>> {
        let results = self.backend().write(puts);
        if results.iter().any(|result| !matches!(result, Ok(_) | Err(StoreError::Moved { .. }))) {
            self.unsure.store(true, Ordering::SeqCst);
        }
        results
    }

    pub(super) fn write_one(&self, put: Put) -> Result<Tag, StoreError> {
        let name = put.name.clone();
        let moved = || Err(StoreError::Moved { path: self.store.path(&name) });
        self.write(&[put]).into_iter().next().unwrap_or_else(moved)
    }

    /// Takes locks; gives back those that were another run's, which never gave them back.
    fn take(&self, mut open: Vec<Arc<str>>) -> Result<Vec<Arc<str>>, StoreError> {
        let mut taken_over = BTreeSet::new();
        while !open.is_empty() {
            self.check()?;
            let names: Vec<String> = open.iter().map(|account| lock_name(account)).collect();
            let mut puts = Vec::with_capacity(open.len());
            let mut fences = Vec::with_capacity(open.len());
            for ((account, name), stored) in open.iter().zip(&names).zip(self.backend().read(&names)?) {
                let lock = match &stored {
                    Some(stored) => self.store.parse(name, &stored.bytes, LOCK_FORMAT)?,
                    None => Lock::default(),
                };
                if let Some(other) = lock.holder.filter(|other| other.run != self.holder.run) {
                    if !self.backend().ended(&other.run)? {
                        return Err(StoreError::Locked { account: account.to_string(), holder: Box::new(other) });
                    }
                    taken_over.insert(account.clone());
                }
                let fence = lock.fence + 1;
                let next = Lock { format: LOCK_FORMAT, fence, holder: Some(self.holder.clone()) };
                puts.push(self.store.put(
                    name.clone(),
                    &next,
                    Expect::of(stored.as_ref().map(|stored| &stored.tag)),
                )?);
                fences.push(fence);
            }
            let mut again = Vec::new();
            for ((account, fence), result) in open.into_iter().zip(fences).zip(self.write(&puts)) {
                match result {
                    Ok(tag) => {
                        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
                        locks.insert(account, Held { fence, tag });
                    }
                    Err(StoreError::Moved { .. }) => again.push(account),
                    Err(error) => return Err(error),
                }
            }
            open = again;
        }
        Ok(taken_over.into_iter().collect())
    }

    /// Stamps all ledger documents of these accounts.
    fn stamp_all(&self, accounts: &[Arc<str>]) -> Result<(), StoreError> {
        for name in self.store.documents("ledger", ".json")? {
            let Some(scope) = stem(&name).map(super::scope_of) else { continue };
            if accounts.contains(&scope.account) {
                self.stamp(&name, self.fence(&scope)?)?;
            }
        }
        Ok(())
    }

    /// Writes a ledger document again with this fencing number, so that no earlier holder's write fits any more. `None` if it is not there.
    ///
    /// # Errors
    /// [`StoreError::Lost`] when a later holder has stamped it already.
    pub(super) fn stamp(&self, name: &str, fence: u64) -> Result<Option<Document>, StoreError> {
        loop {
            self.check()?;
            let Some(stored) = self.backend().read(&[name.to_owned()])?.into_iter().next().flatten() else {
                return Ok(None);
            };
            let mut document: Document = self.store.parse(name, &stored.bytes, FORMAT)?;
            if document.fence > fence {
                return Err(StoreError::Lost { why: format!("{} is another run's by now", self.store.path(name)) });
            }
            document.fence = fence;
            document.serial += 1;
            let put = self.store.put(name.to_owned(), &document, Expect::Is(stored.tag))?;
            match self.write_one(put) {
                Ok(tag) => {
                    document.tag = Some(tag);
                    return Ok(Some(document));
                }
                Err(StoreError::Moved { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if self.unsure.load(Ordering::SeqCst) || self.check().is_err() {
            return;
        }
        let locks = std::mem::take(&mut *self.locks.lock().unwrap_or_else(PoisonError::into_inner));
        let puts: Vec<Put> = locks
            .into_iter()
            .filter_map(|(account, held)| {
                let free = Lock { format: LOCK_FORMAT, fence: held.fence, holder: None };
                self.store.put(lock_name(&account), &free, Expect::Is(held.tag)).ok()
            })
            .collect();
        // What can't be given back is taken over: the run's life ends all the same.
        let _ = self.write(&puts);
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hold").field("holder", &self.holder).finish_non_exhaustive()
    }
}
