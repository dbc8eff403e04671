//! The ledger from what AWS has: everything with our tag, wherever the reads reached.

use std::collections::BTreeSet;

use trueup_specs::address::Address;
use trueup_specs::resolve::{TAG_ADDRESS, TAG_PROJECT};
use trueup_state::ledger::{Entry, Ledger, SavedModel};

use crate::check::Checked;
use crate::facts::{Scope, Unread};
use crate::kind::{AnyKind, AnyModel, Live};
use crate::observe::Snapshot;

/// What became of the ledger.
#[derive(Clone, Debug, Default)]
pub struct Rebuilt {
    /// The ledger as it is now.
    pub ledger: Ledger,
    /// What was found by its tag.
    pub found: Vec<Address>,
    /// What was on record and is in AWS no more.
    pub gone: Vec<Address>,
    /// What the specs name, exists, and may be ours or not: AWS can't tag it, and nothing is on record of it.
    pub unsure: Vec<Address>,
    /// Kinds that AWS can't tag: what is of them in no spec is not found.
    pub untaggable: BTreeSet<&'static str>,
    /// What carries our tag with an address no thing of its kind can have there: by its ARN or name.
    pub misplaced: Vec<String>,
    /// What could not be read; what is on record of it stays.
    pub unread: Vec<(Scope, Unread)>,
}

/// Rebuilds the ledger from what was read of everything.
#[must_use]
pub fn rebuild(checked: &Checked<'_>, snapshot: &Snapshot, ledger: &Ledger) -> Rebuilt {
    let mut rebuilt = Rebuilt { ledger: ledger.clone(), ..Rebuilt::default() };
    for (name, scope, seen) in snapshot.iter() {
        let Some(kind) = checked.kinds.get(name) else { continue };
        match seen {
            Ok(live) => rebuilt.of_kind(checked, kind, scope, live),
            Err(unread) => rebuilt.unread.push((scope.clone(), unread.clone())),
        }
    }
    rebuilt.unread.dedup();
    rebuilt
}

impl Rebuilt {
    fn of_kind(&mut self, checked: &Checked<'_>, kind: &dyn AnyKind, scope: &Scope, live: &[Live<AnyModel>]) {
        let name = kind.schema().name;
        let mut seen = BTreeSet::new();
        for live in live {
            let Some(tags) = kind.tags(&live.model) else { continue };
            if tags.get(TAG_PROJECT).is_none_or(|owner| *owner != checked.project.name) {
                continue;
            }
            let address = tags.get(TAG_ADDRESS).and_then(|tag| tag.parse::<Address>().ok()).filter(|address| {
                address.account == scope.account && address.region == scope.region && *address.kind == *name
            });
            let Some(address) = address else {
                self.misplaced.push(live.outputs.get("arn").unwrap_or(&live.name).clone());
                continue;
            };
            seen.insert(address.clone());
            self.ledger.put(scope, address.clone(), entry(kind, live));
            self.found.push(address);
        }
        if kind.schema().taggable {
            self.forget_all_but(&seen, name, scope);
            return;
        }
        self.untaggable.insert(name);
        let names: BTreeSet<&str> = live.iter().map(|live| &*live.name).collect();
        let recorded = self.ledger.documents.get(scope).into_iter().flat_map(|document| &document.entries);
        let kept: BTreeSet<Address> = recorded
            .filter(|(address, entry)| *address.kind == *name && names.contains(&*entry.name))
            .map(|(address, _)| address.clone())
            .collect();
        self.forget_all_but(&kept, name, scope);
        for (index, item) in checked.items.iter().enumerate() {
            let address = &checked.instance(index).address;
            let is_here = item.kind.schema().name == name && item.at.scope == *scope;
            if is_here && names.contains(&*item.identity.name) && !kept.contains(address) {
                self.unsure.push(address.clone());
            }
        }
    }

    fn forget_all_but(&mut self, kept: &BTreeSet<Address>, kind: &str, scope: &Scope) {
        let recorded = self.ledger.documents.get(scope).into_iter().flat_map(|document| document.entries.keys());
        let gone: Vec<Address> =
            recorded.filter(|address| *address.kind == *kind && !kept.contains(*address)).cloned().collect();
        for address in gone {
            self.ledger.remove(scope, &address);
            self.gone.push(address);
        }
    }
}

fn entry(kind: &dyn AnyKind, live: &Live<AnyModel>) -> Entry {
    let model = SavedModel::from(&kind.to_value(&live.model));
    Entry { name: live.name.clone(), outputs: live.outputs.clone(), model }
}
