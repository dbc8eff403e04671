//! From a selection of the specs to the reads it needs, and from what was read to models.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use trueup_specs::address::Address;
use trueup_specs::kind::KindScope;
use trueup_specs::project::InstanceId;
use trueup_state::ledger::{Entry, Ledger};

use crate::check::Checked;
use crate::facts::{Facts, ReadRequest, Scope, Unread, Wanted};
use crate::kind::{AnyKind, AnyModel, Live};

/// The part of the specs a run is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only these accounts; `None` is all.
    pub accounts: Option<BTreeSet<Arc<str>>>,
    /// Only these addresses and what they need; `None` is all.
    pub targets: Option<BTreeSet<String>>,
}

impl Selection {
    /// Whether an account is looked at for changes.
    #[must_use]
    pub fn has_account(&self, account: &str) -> bool {
        self.accounts.as_ref().is_none_or(|accounts| accounts.contains(account))
    }

    /// Whether a thing that is in no spec (any more) is looked at.
    #[must_use]
    pub fn has_address(&self, account: &str, address: &str) -> bool {
        self.has_account(account) && self.targets.as_ref().is_none_or(|targets| targets.contains(address))
    }
}

/// Which items change, and which are read because those refer to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// By item: it may change.
    pub selected: Vec<bool>,
    /// By item: it must be read.
    pub needed: Vec<bool>,
}

/// Follows the references from the selection. A target brings what it needs into the plan; an account brings only its own
/// resources, and those of other accounts it refers to are read but not changed.
#[must_use]
pub fn reach(checked: &Checked<'_>, selection: &Selection) -> Reach {
    let mut picked: Vec<bool> =
        checked.items.iter().map(|item| selection.has_address(&item.at.scope.account, &item.at.address)).collect();
    if let (Some(accounts), None) = (&selection.accounts, &selection.targets) {
        // An account that is not there yet is made for what is to be in it.
        let makers = accounts.iter().filter_map(|account| checked.project.maker_of(account));
        makers.for_each(|maker| picked[maker.index()] = true);
    }
    let needed = closure(checked, &picked);
    let selected = match &selection.targets {
        None => picked,
        Some(_) => checked
            .items
            .iter()
            .zip(&needed)
            .map(|(item, needed)| *needed && selection.has_account(&item.at.scope.account))
            .collect(),
    };
    Reach { selected, needed }
}

fn closure(checked: &Checked<'_>, from: &[bool]) -> Vec<bool> {
    let mut reached = from.to_vec();
    let mut open: Vec<usize> = (0..reached.len()).filter(|index| reached[*index]).collect();
    while let Some(index) = open.pop() {
        for used in checked.items[index].uses.iter().map(|id: &InstanceId| id.index()) {
            if !reached[used] {
                reached[used] = true;
                open.push(used);
            }
        }
    }
    reached
}

/// The kinds and scopes to be observed: where something is wanted, and everywhere in the selected accounts where something of ours could be.
fn scopes(
    checked: &Checked<'_>,
    selection: &Selection,
    reach: &Reach,
    ledger: &Ledger,
) -> BTreeSet<(&'static str, Scope)> {
    let mut scopes = BTreeSet::new();
    for (item, needed) in checked.items.iter().zip(&reach.needed) {
        if *needed {
            scopes.insert((item.kind.schema().name, item.at.scope.clone()));
        }
    }
    if selection.targets.is_some() {
        for address in checked.project.removed.iter().flat_map(|tombstone| &tombstone.addresses) {
            let kind = checked
                .kinds
                .get(&address.kind)
                .filter(|_| selection.has_address(&address.account, &address.to_string()));
            if let Some(kind) = kind {
                let scope = Scope { account: address.account.clone(), region: address.region.clone() };
                scopes.insert((kind.schema().name, scope));
            }
        }
        return scopes;
    }
    // A region counts for an account when a spec or the ledger puts something there.
    let mut regions: BTreeMap<Arc<str>, BTreeSet<Arc<str>>> = BTreeMap::new();
    let in_specs = checked.items.iter().map(|item| &item.at.scope);
    for scope in in_specs.chain(ledger.documents.keys()) {
        if let Some(region) = &scope.region {
            regions.entry(scope.account.clone()).or_default().insert(region.clone());
        }
    }
    let default_region: Option<Arc<str>> = checked.project.settings.region.as_deref().map(Arc::from);
    for account in checked.project.accounts.keys().filter(|account| selection.has_account(account)) {
        let mut in_use = regions.remove(account).unwrap_or_default();
        in_use.extend(default_region.clone());
        for kind in &checked.kinds.rows {
            match kind.schema().scope {
                KindScope::Organization if checked.project.management.as_ref() != Some(account) => {}
                KindScope::Organization | KindScope::Account => {
                    scopes.insert((kind.schema().name, Scope { account: account.clone(), region: None }));
                }
                KindScope::Region => {
                    for region in &in_use {
                        scopes.insert((
                            kind.schema().name,
                            Scope { account: account.clone(), region: Some(region.clone()) },
                        ));
                    }
                }
            }
        }
    }
    scopes
}

/// The reads a run needs, each source once in a scope.
#[must_use]
pub fn requests(checked: &Checked<'_>, selection: &Selection, reach: &Reach, ledger: &Ledger) -> Vec<ReadRequest> {
    let mut wanted: BTreeMap<(&'static str, Scope), BTreeSet<Wanted>> = BTreeMap::new();
    for (name, scope) in scopes(checked, selection, reach, ledger) {
        for source in checked.kinds.get(name).map(AnyKind::sources).unwrap_or_default() {
            wanted.entry((source, source_scope(checked, source, &scope))).or_default();
        }
    }
    for (index, item) in checked.items.iter().enumerate().filter(|(index, _)| reach.needed[*index]) {
        let address = &checked.instance(index).address;
        let entry = ledger.get(&item.at.scope, address);
        let spec = &*checked.instance(index).block.spec;
        for source in item.kind.sources() {
            let names = wanted.entry((source, source_scope(checked, source, &item.at.scope))).or_default();
            names.insert(want(item.kind, &item.identity.name, address, entry, Some(spec)));
        }
    }
    // What was ours at the last apply is looked at too, in case its tags are gone.
    for (scope, document) in &ledger.documents {
        for (address, entry) in &document.entries {
            let Some(kind) = checked.kinds.get(&address.kind) else { continue };
            for source in kind.sources() {
                if let Some(names) = wanted.get_mut(&(*source, source_scope(checked, source, scope))) {
                    names.insert(want(kind, &entry.name, address, Some(entry), None));
                }
            }
        }
    }
    wanted
        .into_iter()
        .map(|((source, scope), wanted)| ReadRequest {
            source: Arc::from(source),
            scope,
            wanted: wanted.into_iter().collect(),
        })
        .collect()
}

/// The reads that questions about the live accounts need: those of a run, and all things that limit what others may do.
///
/// A control of an organization that is in no spec costs a plan nothing, since a plan changes no such control. Whoever asks what is
/// allowed must know what they deny.
#[must_use]
pub fn access_requests(
    checked: &Checked<'_>,
    selection: &Selection,
    reach: &Reach,
    ledger: &Ledger,
) -> Vec<ReadRequest> {
    let mut requests = requests(checked, selection, reach, ledger);
    for kind in checked.kinds.rows.iter().filter(|kind| kind.limits_others().is_some()) {
        for request in requests.iter_mut().filter(|request| kind.sources().contains(&&*request.source)) {
            let all = Wanted::everything(kind.schema().name);
            request.wanted = request.wanted.iter().cloned().chain([all]).collect();
        }
    }
    requests
}

fn want(
    kind: &dyn AnyKind,
    name: &str,
    address: &Address,
    entry: Option<&Entry>,
    spec: Option<&(dyn Any + Send + Sync)>,
) -> Wanted {
    let mut recorded = kind.hints(spec, &|| entry.map(|entry| entry.model.value()));
    if let Some(entry) = entry
        && let Some(id) = entry.outputs.get("id")
    {
        let fields = kind.remembered();
        let model = if fields.is_empty() { Value::Null } else { entry.model.value() };
        let text = |field: &&str| Some(((*field).to_owned(), model.get(field)?.as_str()?.to_owned()));
        let remembered: Vec<(String, String)> = fields.iter().filter_map(text).collect();
        if !remembered.is_empty() {
            recorded.extend(remembered);
            recorded.insert("id".to_owned(), id.clone());
        }
    }
    Wanted { kind: Arc::from(kind.schema().name), name: name.to_owned(), address: address.to_string(), recorded }
}

fn source_scope(checked: &Checked<'_>, source: &str, scope: &Scope) -> Scope {
    match (checked.kinds.source_scope)(source) {
        KindScope::Organization | KindScope::Account => Scope { account: scope.account.clone(), region: None },
        KindScope::Region => scope.clone(),
    }
}

/// What exists of one kind in one scope, or why that is not known.
pub type Seen = Result<Vec<Live<AnyModel>>, Unread>;

/// What exists, by kind and scope.
pub struct Snapshot {
    entries: BTreeMap<(&'static str, Scope), Seen>,
    /// By kind, scope and name: the fields of what exists that could not be read.
    unchecked: BTreeMap<(&'static str, Scope, String), BTreeMap<String, Unread>>,
    /// By kind, scope and name: what it waits for.
    waits: BTreeMap<(&'static str, Scope, String), String>,
}

impl Snapshot {
    /// What exists of one kind in one scope; `None` where no one looked.
    #[must_use]
    pub fn get(&self, kind: &'static str, scope: &Scope) -> Option<&Seen> {
        self.entries.get(&(kind, scope.clone()))
    }

    /// The fields of a live thing that could not be read, and why; `None` where all could.
    #[must_use]
    pub fn unchecked(&self, kind: &'static str, scope: &Scope, name: &str) -> Option<&BTreeMap<String, Unread>> {
        if self.unchecked.is_empty() {
            return None;
        }
        self.unchecked.get(&(kind, scope.clone(), name.to_owned()))
    }

    /// What a live thing waits for; `None` for what waits for nobody.
    #[must_use]
    pub fn waits(&self, kind: &'static str, scope: &Scope, name: &str) -> Option<&str> {
        if self.waits.is_empty() {
            return None;
        }
        self.waits.get(&(kind, scope.clone(), name.to_owned())).map(String::as_str)
    }

    /// All of it, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Scope, &Seen)> {
        self.entries.iter().map(|((kind, scope), live)| (*kind, scope, live))
    }
}

/// Turns facts into models.
#[must_use]
pub fn observe(
    checked: &Checked<'_>,
    selection: &Selection,
    reach: &Reach,
    ledger: &Ledger,
    facts: &Facts,
) -> Snapshot {
    let (mut unchecked, mut waits) = (BTreeMap::new(), BTreeMap::new());
    let entries = scopes(checked, selection, reach, ledger)
        .into_iter()
        .filter_map(|(name, scope)| {
            let kind = checked.kinds.get(name)?;
            let mut seen = kind.observe(facts, &scope);
            for live in seen.iter_mut().flatten() {
                let fields = kind.unchecked(facts, &scope, &live.name);
                if !fields.is_empty() {
                    as_recorded(kind, live, &fields, ledger, &scope);
                    unchecked.insert((name, scope.clone(), live.name.clone()), fields);
                }
                if let Some(why) = kind.waits(facts, &scope, &live.name) {
                    waits.insert((name, scope.clone(), live.name.clone()), why);
                }
            }
            Some(((name, scope), seen))
        })
        .collect();
    Snapshot { entries, unchecked, waits }
}

/// Takes for what could not be read what was there after the last apply, so that the record stays as it is.
fn as_recorded(
    kind: &dyn AnyKind,
    live: &mut Live<AnyModel>,
    fields: &BTreeMap<String, Unread>,
    ledger: &Ledger,
    scope: &Scope,
) {
    let entries = ledger.documents.get(scope).into_iter().flat_map(|document| &document.entries);
    let mut same = entries.filter(|(address, entry)| *address.kind == *kind.schema().name && entry.name == live.name);
    if let Some((_, entry)) = same.next()
        && let Some(model) = with_fields(kind, &live.model, fields.keys(), &entry.model.value())
    {
        live.model = model;
    }
}

/// A model with some fields as another has them; `None` if that is no model of the kind.
pub(crate) fn with_fields<'f>(
    kind: &dyn AnyKind,
    model: &AnyModel,
    fields: impl IntoIterator<Item = &'f String>,
    from: &Value,
) -> Option<AnyModel> {
    let mut value = kind.to_value(model);
    let members = value.as_object_mut()?;
    for field in fields {
        match from.get(field) {
            Some(other) => members.insert(field.clone(), other.clone()),
            // Models may leave out what is as usual.
            None => members.remove(field),
        };
    }
    kind.read_value(value).ok()
}
