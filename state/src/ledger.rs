//! What was last applied, per account and region.
//!
//! The ledger is a memory, not the truth: without it a plan still finds everything by tag and name, it only can't tell whether a
//! difference came from the specs or from AWS.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use trueup_specs::address::Address;

use crate::facts::Scope;
use crate::store::Tag;

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
    pub model: SavedModel,
}

/// A model as compact JSON text. The record of a large project is mostly models, and as a tree each takes ten times its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedModel(Box<str>);

impl SavedModel {
    /// The model as a tree.
    #[must_use]
    pub fn value(&self) -> Value {
        // The text was written from a tree; were it not JSON, there would be nothing to compare with.
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    /// Whether it is this model, in whatever order its members were written.
    #[must_use]
    pub fn is(&self, model: &Value) -> bool {
        *self.0 == *model.to_string() || self.value() == *model
    }
}

impl From<&Value> for SavedModel {
    fn from(model: &Value) -> Self {
        Self(model.to_string().into())
    }
}

impl Serialize for SavedModel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SavedModel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(|model| Self::from(&model))
    }
}

/// One document: an account, or an account's region.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// [`FORMAT`].
    pub format: u32,
    /// Counts the writes.
    pub serial: u64,
    /// The fencing number of the run that wrote it.
    #[serde(default)]
    pub fence: u64,
    /// By address.
    pub entries: BTreeMap<Address, Entry>,
    /// The version that was read.
    #[serde(skip)]
    pub tag: Option<Tag>,
    /// Whether it differs from that.
    #[serde(skip)]
    pub changed: bool,
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
        let document = self.documents.entry(scope.clone()).or_default();
        document.changed |= document.entries.get(&address) != Some(&entry);
        document.entries.insert(address, entry);
    }

    /// Forgets a resource.
    pub fn remove(&mut self, scope: &Scope, address: &Address) {
        if let Some(document) = self.documents.get_mut(scope) {
            document.changed |= document.entries.remove(address).is_some();
        }
    }
}
