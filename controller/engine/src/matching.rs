//! Which live thing belongs to which spec.
//!
//! A spec finds its thing by the name it gives it, else by the tag trueup put on it. The name goes first, so that a renamed block
//! finds the thing it names now; the tag finds what has no name (a key without alias) and what was renamed in its spec.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use trueup_specs::ByName;
use trueup_specs::address::Address;
use trueup_specs::resolve::{TAG_ADDRESS, TAG_PROJECT};
use trueup_state::ledger::{Entry, Ledger};

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

/// What is on record of one kind in one scope, by physical name.
pub struct Records<'l>(HashMap<&'l str, (&'l Address, &'l Entry)>);

impl<'l> Records<'l> {
    /// The records of a kind in a scope.
    #[must_use]
    pub fn of(kind: &str, ledger: &'l Ledger, scope: &Scope) -> Self {
        let entries = ledger.documents.get(scope).into_iter().flat_map(|document| &document.entries);
        Self(
            entries
                .filter(|(address, _)| *address.kind == *kind)
                .map(|(a, entry)| (&*entry.name, (a, entry)))
                .collect(),
        )
    }

    /// The address under which this very thing is on record. A thing that should have tags and has none is ours only if AWS's own id
    /// says that it is the one that was applied: a name may have been given to another since.
    fn address_of(&self, live: &Live<AnyModel>, taggable: bool) -> Option<&'l Address> {
        let (address, entry) = self.0.get(&*live.name)?;
        let known = !taggable || entry.outputs.contains_key("id") && live.outputs.contains_key("id");
        (known && is_same_thing(entry, live)).then_some(*address)
    }
}

/// Whether a record is of this thing, and not of another that had its name: the ids that AWS makes up must be the same.
fn is_same_thing(entry: &Entry, live: &Live<AnyModel>) -> bool {
    let agrees = |attribute: &str| match (entry.outputs.get(attribute), live.outputs.get(attribute)) {
        (Some(recorded), Some(now)) => recorded == now,
        (None, _) | (_, None) => true,
    };
    agrees("id") && agrees("arn")
}

/// Reads the owner from the tags; where there are none (AWS can't tag the kind, or a hand took them off), from the record.
#[must_use]
pub fn owner(kind: &dyn AnyKind, live: &Live<AnyModel>, project: &str, records: &Records<'_>) -> Owner {
    let tags = kind.tags(&live.model);
    match tags.and_then(|tags| tags.get(TAG_PROJECT)) {
        Some(owner) if owner == project => {
            Owner::Ours(tags.and_then(|tags| tags.get(TAG_ADDRESS)).cloned().unwrap_or_default())
        }
        Some(owner) => Owner::Other(owner.clone()),
        None => {
            let is_half_made = kind.tags_come_later() && tags.is_some_and(ByName::is_empty);
            let taggable = tags.is_some() && !is_half_made;
            records.address_of(live, taggable).map_or(Owner::Nobody, |address| Owner::Ours(address.to_string()))
        }
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
    /// There is nothing of this name, but something that AWS would not let it stand beside: its name differs in case only.
    Respelt(&'s str),
    /// There is a thing, of this owner.
    Live(&'s Live<AnyModel>, Owner),
    /// There are two: one with our tag, another, nobody's, with the name the spec gives.
    Ambiguous {
        /// Name of the one with our tag.
        tagged: &'s str,
    },
    /// Several carry this address in their tag, and the record knows none of them.
    Copies(usize),
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
    /// Whether that is an address a thing of this kind can have here; otherwise `address` is made from its name.
    pub is_own: bool,
    /// What it waits for, so that it can't be removed yet.
    pub waits: Option<&'s str>,
}

/// All specs and all live things of ours, matched.
pub struct Matches<'s> {
    /// By item.
    pub found: Vec<Found<'s>>,
    /// In order of kind and scope.
    pub leftovers: Vec<Leftover<'s>>,
    /// By item: the fields of its live thing that could not be read.
    pub unchecked: BTreeMap<usize, &'s BTreeMap<String, Unread>>,
    /// By item: what its live thing waits for.
    pub waits: BTreeMap<usize, &'s str>,
    /// By item: a name it takes beside its first, which something has that is not ours.
    pub taken: BTreeMap<usize, &'s str>,
}

struct Group<'s> {
    live: &'s [Live<AnyModel>],
    owners: Vec<Owner>,
    by_name: HashMap<&'s str, usize>,
    by_address: HashMap<String, Vec<usize>>,
}

/// What the tags lead to.
enum Tagged {
    None,
    One(usize),
    Many(usize),
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
        let address = &checked.instance(index).address;
        let by_tag = match group.by_tag(&item.at.address, came_from.get(&*item.at.address), ledger.get(scope, address))
        {
            Tagged::None => None,
            Tagged::One(tagged) => Some(tagged),
            Tagged::Many(_) if by_name.is_some_and(|named| group.owners[named] != Owner::Nobody) => None,
            Tagged::Many(count) => {
                found[index] = Found::Copies(count);
                continue;
            }
        };
        match (by_name, by_tag) {
            (Some(named), Some(tagged)) if named != tagged && group.owners[named] == Owner::Nobody => {
                found[index] = Found::Ambiguous { tagged: &group.live[tagged].name };
                claimed.insert((name, scope, tagged));
            }
            (Some(named), tagged) => {
                found[index] = Found::Live(&group.live[named], group.owners[named].clone());
                claimed.insert((name, scope, named));
                // What the name leads to can't be had, so what the tag leads to stays this spec's.
                if let (Owner::Other(_), Some(tagged)) = (&group.owners[named], tagged) {
                    claimed.insert((name, scope, tagged));
                }
            }
            (None, Some(tagged)) => unnamed.push((index, tagged)),
            (None, None) => found[index] = group.alike(item.kind, &item.identity.name),
        }
    }
    // Only now is it known which tagged things another spec found by name.
    for (index, tagged) in unnamed {
        let item = &checked.items[index];
        let key = (item.kind.schema().name, &item.at.scope, tagged);
        let group = &groups[&(key.0, key.1.clone())];
        let live = &group.live[tagged];
        // What waits can't be made into another, so that the other is made beside it.
        found[index] = if snapshot.waits(key.0, key.1, &live.name).is_none() && claimed.insert(key) {
            Found::Live(&group.live[tagged], group.owners[tagged].clone())
        } else {
            Found::Absent
        };
    }
    let taken = taken(checked, &groups, &claimed);
    let leftovers = leftovers(checked, &groups, &claimed, snapshot);
    let unchecked = found.iter().enumerate().filter_map(|(index, found)| {
        let Found::Live(live, _) = found else { return None };
        let item = &checked.items[index];
        Some((index, snapshot.unchecked(item.kind.schema().name, &item.at.scope, &live.name)?))
    });
    let unchecked = unchecked.collect();
    let waits = found.iter().enumerate().filter_map(|(index, found)| {
        let Found::Live(live, _) = found else { return None };
        let item = &checked.items[index];
        Some((index, snapshot.waits(item.kind.schema().name, &item.at.scope, &live.name)?))
    });
    let waits = waits.collect();
    Matches { found, leftovers, unchecked, waits, taken }
}

/// The further names that something has which no spec found and which is not ours: AWS would refuse them.
fn taken<'s>(
    checked: &Checked<'_>,
    groups: &BTreeMap<(&'static str, Scope), Group<'s>>,
    claimed: &HashSet<(&'static str, &Scope, usize)>,
) -> BTreeMap<usize, &'s str> {
    let mut taken = BTreeMap::new();
    for (index, item) in checked.items.iter().enumerate().filter(|(_, item)| !item.besides.is_empty()) {
        let (kind, scope) = (item.kind.schema().name, &item.at.scope);
        let Some(group) = groups.get(&(kind, scope.clone())) else { continue };
        let has = item.besides.iter().filter_map(|name| group.by_name.get(&**name));
        let is_other =
            |at: &usize| !claimed.contains(&(kind, scope, *at)) && !matches!(group.owners[*at], Owner::Ours(_));
        let other = has.copied().find(is_other);
        taken.extend(other.map(|at| (index, &*group.live[at].name)));
    }
    taken
}

impl<'s> Group<'s> {
    /// What there is where there is nothing of this name.
    fn alike(&self, kind: &dyn AnyKind, name: &str) -> Found<'s> {
        let mut live = self.live.iter().filter(|_| kind.ignores_case() && !name.is_empty());
        live.find(|live| live.name.eq_ignore_ascii_case(name)).map_or(Found::Absent, |live| Found::Respelt(&live.name))
    }

    /// A tag can be copied by anyone who may tag; among several the record decides, and without it nobody does.
    fn by_tag(&self, address: &str, moved_from: Option<&String>, entry: Option<&Entry>) -> Tagged {
        let tagged = self.by_address.get(address).or_else(|| self.by_address.get(moved_from?));
        match tagged.map(Vec::as_slice) {
            None | Some([]) => Tagged::None,
            Some([one]) => Tagged::One(*one),
            Some(many) => {
                let is_recorded = |index: &&usize| {
                    let live = &self.live[**index];
                    entry.is_some_and(|entry| {
                        entry.name == live.name && entry.outputs.contains_key("arn") && is_same_thing(entry, live)
                    })
                };
                match many.iter().filter(is_recorded).collect::<Vec<_>>()[..] {
                    [one] => Tagged::One(*one),
                    _ => Tagged::Many(many.len()),
                }
            }
        }
    }
}

fn group<'s>(
    kind: &dyn AnyKind,
    live: &'s [Live<AnyModel>],
    project: &str,
    ledger: &Ledger,
    scope: &Scope,
) -> Group<'s> {
    let records = Records::of(kind.schema().name, ledger, scope);
    let owners: Vec<Owner> = live.iter().map(|live| owner(kind, live, project, &records)).collect();
    let by_name = live
        .iter()
        .enumerate()
        .filter(|(_, live)| !live.name.is_empty())
        .map(|(index, live)| (&*live.name, index))
        .collect();
    let mut by_address: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, owner) in owners.iter().enumerate() {
        match owner {
            Owner::Ours(address) => by_address.entry(address.clone()).or_default().push(index),
            Owner::Nobody | Owner::Other(_) => {}
        }
    }
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
            // A removal needs our tag: what a hand took it off is let go.
            let is_let_go = kind.tags(&live.model).is_some_and(|tags| !tags.contains_key(TAG_PROJECT));
            if is_let_go || claimed.contains(&(name, scope, index)) {
                continue;
            }
            let own = own_address(address, scope, name);
            let is_own = own.is_some();
            // A tag that someone mangled still leaves a thing of ours; its name then stands for its address.
            let address = own.unwrap_or_else(|| Address {
                account: scope.account.clone(),
                region: scope.region.clone(),
                kind: Arc::from(name),
                name: Arc::from(&*live.name),
            });
            let waits = snapshot.waits(name, scope, &live.name);
            leftovers.push(Leftover { kind, scope, live, address, is_own, waits });
        }
    }
    leftovers
}

/// The address a tag says, if a thing of this kind in this place can have it.
fn own_address(tag: &str, scope: &Scope, kind: &str) -> Option<Address> {
    let address: Address = tag.parse().ok()?;
    let here = address.account == scope.account && address.region == scope.region && *address.kind == *kind;
    here.then_some(address)
}

/// The addresses of which a `[[removed]]` says that what they hold is deleted.
#[must_use]
pub(crate) fn emptied(checked: &Checked<'_>) -> BTreeSet<String> {
    let emptied = checked.project.removed.iter().filter(|tombstone| tombstone.contents);
    emptied.flat_map(|tombstone| &tombstone.addresses).map(ToString::to_string).collect()
}

/// The addresses that `[[removed]]` names.
#[must_use]
pub fn tombstones(checked: &Checked<'_>) -> BTreeSet<String> {
    checked.project.removed.iter().flat_map(|tombstone| &tombstone.addresses).map(ToString::to_string).collect()
}
