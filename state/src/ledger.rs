//! What was last applied, per account and region.
//!
//! The ledger is a memory, not the truth: without it a plan still finds everything by tag and name, it only can't tell whether a
//! difference came from the specs or from AWS.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use trueup_specs::address::Address;

use crate::facts::Scope;

/// The format of a ledger document; one of a newer format is refused, never overwritten.
pub const FORMAT: u32 = 1;

/// What is known of one resource since its last apply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The physical name.
    pub name: String,
    /// Its outputs then.
    pub outputs: crate::outputs::Outputs,
    /// The model that was applied.
    pub model: Value,
}

/// One document: an account, or an account's region.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// [`FORMAT`].
    pub format: u32,
    /// Counts the writes.
    pub serial: u64,
    /// By address.
    pub entries: BTreeMap<Address, Entry>,
}

/// All documents of a project.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    /// By scope.
    pub documents: BTreeMap<Scope, Document>,
}

impl Ledger {
    /// The entry of a resource.
    #[must_use]
    pub fn get(&self, scope: &Scope, address: &Address) -> Option<&Entry> {
        self.documents.get(scope)?.entries.get(address)
    }

    /// Remembers what was applied.
    pub fn put(&mut self, scope: &Scope, address: Address, entry: Entry) {
        self.documents.entry(scope.clone()).or_default().entries.insert(address, entry);
    }

    /// Forgets a resource.
    pub fn remove(&mut self, scope: &Scope, address: &Address) {
        if let Some(document) = self.documents.get_mut(scope) {
            document.entries.remove(address);
        }
    }
}
