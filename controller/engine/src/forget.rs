//! What is on record and is there no more, nor wanted: a run removed it and was cut off before it could say so.

use std::collections::{BTreeMap, BTreeSet};

use trueup_specs::address::Address;
use trueup_state::ledger::Ledger;
use trueup_state::plan::Forgotten;

use crate::check::Checked;
use crate::facts::Scope;
use crate::matching::{Owner, Records, owner};
use crate::observe::{Selection, Snapshot};

/// The entries of the ledger that nothing stands behind: no spec declares them, and where they were nothing of ours has their address.
/// What could not be read is not forgotten.
pub(crate) fn forgotten(
    checked: &Checked<'_>,
    selection: &Selection,
    snapshot: &Snapshot,
    ledger: &Ledger,
) -> Vec<Forgotten> {
    let mut groups: BTreeMap<(&'static str, &Scope), Vec<&Address>> = BTreeMap::new();
    for (scope, document) in &ledger.documents {
        for address in document.entries.keys() {
            let is_meant = selection.has_address(&scope.account, &address.to_string());
            if let Some(kind) = checked.kinds.get(&address.kind)
                && is_meant
                && checked.project.find(address).is_none()
            {
                groups.entry((kind.schema().name, scope)).or_default().push(address);
            }
        }
    }
    let mut gone = Vec::new();
    for ((name, scope), addresses) in groups {
        let (Some(kind), Some(Ok(live))) = (checked.kinds.get(name), snapshot.get(name, scope)) else { continue };
        let records = Records::of(name, ledger, scope);
        let ours = live.iter().filter_map(|live| match owner(kind, live, &checked.project.name, &records) {
            Owner::Ours(address) => Some(address),
            Owner::Nobody | Owner::Other(_) => None,
        });
        let ours: BTreeSet<String> = ours.collect();
        let of = addresses.into_iter().filter(|address| !ours.contains(&address.to_string()));
        gone.extend(of.map(|address| Forgotten { address: address.clone(), scope: scope.clone() }));
    }
    gone
}
