//! Which live thing belongs to which spec.
//!
//! A spec finds its thing by the name it gives it, else by the tag trueup put on it. The name goes first, so that a renamed block
//! finds the thing it names now; the tag finds what has no name (a key without alias) and what was renamed in its spec.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use trueup_specs::address::Address;
use trueup_specs::resolve::{TAG_ADDRESS, TAG_PROJECT};
use trueup_state::ledger::Ledger;

use crate::check::Checked;
use crate::facts::{Scope, Unread};
use crate::kind::{AnyKind, AnyModel, Live};
use crate::observe::{Reach, Snapshot};

/// What the tags begin with that trueup puts on what it owns.
pub const OWN_TAGS: &str = "trueup:";

/// Whose a live thing is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Nobody's: no tag of trueup's.
    Nobody,
    /// This project's, under this address.
    Ours(String),
    /// Another project's.
    Other(String),
}

/// Reads the owner from the tags, or from the ledger for a kind that AWS can't tag.
pub fn owner(kind: &dyn AnyKind, live: &Live<AnyModel>, project: &str, ledger: &Ledger, scope: &Scope) -> Owner {
    match kind.tags(&live.model) {
        Some(tags) => match tags.get(TAG_PROJECT) {
            None => Owner::Nobody,
            Some(owner) if owner == project => Owner::Ours(tags.get(TAG_ADDRESS).cloned().unwrap_or_default()),
            Some(owner) => Owner::Other(owner.clone()),
        },
        None => ledger
            .documents
            .get(scope)
            .and_then(|document| {
                document
                    .entries
                    .iter()
                    .find(|(address, entry)| *address.kind == *kind.schema().name && entry.name == live.name)
            })
            .map_or(Owner::Nobody, |(address, _)| Owner::Ours(address.to_string())),
    }
}

/// What a spec found.
#[derive(Clone, Debug)]
pub enum Found<'s> {
    /// It was not looked for.
    NotRead,
    /// It could not be looked for.
    Unread(&'s Unread),
    /// There is nothing.
    Absent,
    /// There is a thing, of this owner.
    Live(&'s Live<AnyModel>, Owner),
    /// There are two: one with our tag, another, nobody's, with the name the spec gives.
    Ambiguous {
        /// Name of the one with our tag.
        tagged: &'s str,
    },
}

/// A live thing of ours that no spec found.
pub struct Leftover<'s> {
    /// Its kind.
    pub kind: &'static dyn AnyKind,
    /// Where it is.
    pub scope: &'s Scope,
    /// The thing.
    pub live: &'s Live<AnyModel>,
    /// The address its tag says.
    pub address: Address,
}

/// All specs and all live things of ours, matched.
pub struct Matches<'s> {
    /// By item.
    pub found: Vec<Found<'s>>,
    /// In order of kind and scope.
    pub leftovers: Vec<Leftover<'s>>,
}

struct Group<'s> {
    live: &'s [Live<AnyModel>],
    owners: Vec<Owner>,
    by_name: HashMap<&'s str, usize>,
    by_address: HashMap<String, usize>,
}

/// Matches specs and live things.
#[must_use]
pub fn matches<'s>(checked: &Checked<'_>, reach: &Reach, snapshot: &'s Snapshot, ledger: &Ledger) -> Matches<'s> {
    let project = &*checked.project.name;
    let mut groups: BTreeMap<(&'static str, Scope), Group<'s>> = BTreeMap::new();
    for (name, scope, live) in snapshot.iter() {
        if let (Ok(live), Some(kind)) = (live, checked.kinds.get(name)) {
            groups.insert((name, scope.clone()), group(kind, live, project, ledger, scope));
        }
    }
    let came_from: HashMap<String, String> =
        checked.project.moved.iter().map(|moved| (moved.to.to_string(), moved.from.to_string())).collect();

    let mut found = vec![Found::NotRead; checked.items.len()];
    let mut claimed: HashSet<(&'static str, &Scope, usize)> = HashSet::new();
    let mut unnamed = Vec::new();
    for (index, item) in checked.items.iter().enumerate().filter(|(index, _)| reach.needed[*index]) {
        let (name, scope) = (item.kind.schema().name, &item.at.scope);
        let Some(group) = groups.get(&(name, scope.clone())) else {
            found[index] = match snapshot.get(name, scope) {
                Some(Err(unread)) => Found::Unread(unread),
                Some(Ok(_)) | None => Found::NotRead,
            };
            continue;
        };
        let by_name =
            if item.identity.name.is_empty() { None } else { group.by_name.get(&*item.identity.name).copied() };
        let by_tag = group.by_tag(&item.at.address, came_from.get(&*item.at.address));
        match (by_name, by_tag) {
            (Some(named), Some(tagged)) if named != tagged && group.owners[named] == Owner::Nobody => {
                found[index] = Found::Ambiguous { tagged: &group.live[tagged].name };
                claimed.insert((name, scope, tagged));
            }
            (Some(named), _) => {
                found[index] = Found::Live(&group.live[named], group.owners[named].clone());
                claimed.insert((name, scope, named));
            }
            (None, Some(tagged)) => unnamed.push((index, tagged)),
            (None, None) => found[index] = Found::Absent,
        }
    }
    // Only now is it known which tagged things another spec found by name.
    for (index, tagged) in unnamed {
        let item = &checked.items[index];
        let key = (item.kind.schema().name, &item.at.scope, tagged);
        let group = &groups[&(key.0, key.1.clone())];
        found[index] = if claimed.insert(key) {
            Found::Live(&group.live[tagged], group.owners[tagged].clone())
        } else {
            Found::Absent
        };
    }
    let leftovers = leftovers(checked, &groups, &claimed, snapshot);
    Matches { found, leftovers }
}

impl Group<'_> {
    fn by_tag(&self, address: &str, moved_from: Option<&String>) -> Option<usize> {
        self.by_address.get(address).or_else(|| self.by_address.get(moved_from?)).copied()
    }
}

fn group<'s>(
    kind: &dyn AnyKind,
    live: &'s [Live<AnyModel>],
    project: &str,
    ledger: &Ledger,
    scope: &Scope,
) -> Group<'s> {
    let owners: Vec<Owner> = live.iter().map(|live| owner(kind, live, project, ledger, scope)).collect();
    let by_name = live
        .iter()
        .enumerate()
        .filter(|(_, live)| !live.name.is_empty())
        .map(|(index, live)| (&*live.name, index))
        .collect();
    let by_address = owners
        .iter()
        .enumerate()
        .filter_map(|(index, owner)| match owner {
            Owner::Ours(address) => Some((address.clone(), index)),
            Owner::Nobody | Owner::Other(_) => None,
        })
        .collect();
    Group { live, owners, by_name, by_address }
}

fn leftovers<'s>(
    checked: &Checked<'_>,
    groups: &BTreeMap<(&'static str, Scope), Group<'s>>,
    claimed: &HashSet<(&'static str, &Scope, usize)>,
    snapshot: &'s Snapshot,
) -> Vec<Leftover<'s>> {
    let mut leftovers = Vec::new();
    for (name, scope, _) in snapshot.iter() {
        let (Some(group), Some(kind)) = (groups.get(&(name, scope.clone())), checked.kinds.get(name)) else { continue };
        for (index, (live, owner)) in group.live.iter().zip(&group.owners).enumerate() {
            let Owner::Ours(address) = owner else { continue };
            if claimed.contains(&(name, scope, index)) {
                continue;
            }
            leftovers.push(Leftover { kind, scope, live, address: leftover_address(address, scope, name, &live.name) });
        }
    }
    leftovers
}

/// A tag that someone mangled still leaves a thing of ours; its name then stands for its address.
fn leftover_address(tag: &str, scope: &Scope, kind: &str, name: &str) -> Address {
    tag.parse().unwrap_or_else(|_| {
        let region: Option<Arc<str>> = scope.region.clone();
        Address { account: scope.account.clone(), region, kind: Arc::from(kind), name: Arc::from(name) }
    })
}

/// The addresses that `[[removed]]` names.
#[must_use]
pub fn tombstones(checked: &Checked<'_>) -> BTreeSet<String> {
    checked.project.removed.iter().flat_map(|tombstone| &tombstone.addresses).map(ToString::to_string).collect()
}
