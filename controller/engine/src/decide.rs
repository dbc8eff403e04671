//! The rounds of a decision: what happens to each resource, before operations have an order.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;
use trueup_specs::ACCOUNT;
use trueup_specs::address::Address;
use trueup_specs::diagnostic::Problems;
use trueup_specs::project::InstanceId;
use trueup_specs::resolve::{Outputs, Resolver, TAG_PROJECT, TAG_PROTECT};
use trueup_state::ledger::SavedModel;
use trueup_state::plan::{AccessChange, Action, Blocked, Change, Confirmed, Danger, Forgotten, Note, Retained};

use crate::causes::{asked, causes};
use crate::check::{Checked, id, resolved};
use crate::dangers;
use crate::kind::{AnyKind, AnyModel, At, Emptying, Held, Live, Refusal, Steps};
use crate::matching::{Found, Leftover, Matches, OWN_TAGS, Owner, emptied, tombstones};
use crate::observe::with_fields;
use crate::order::{collect_tokens_of, tokens};
use crate::plan::Inputs;

mod held;

/// One resource's change before it has an order.
pub(crate) struct Decision {
    pub(crate) change: Change,
    pub(crate) item: Option<usize>,
    pub(crate) at: At,
    pub(crate) kind: &'static dyn AnyKind,
    pub(crate) ops: Vec<Value>,
    /// Of a removal: what is in the thing.
    pub(crate) holds: Vec<Held>,
}

pub(crate) struct Round<'a> {
    inputs: Inputs<'a>,
    matches: &'a Matches<'a>,
    replaced: &'a BTreeSet<usize>,
    decisions: Vec<Decision>,
    blocked: Vec<Blocked>,
    retained: Vec<Retained>,
    unchanged: Vec<usize>,
    confirmed: Vec<Confirmed>,
    skipped: HashSet<usize>,
    tombstones: BTreeSet<String>,
    emptied: BTreeSet<String>,
}

/// Outputs as they are now, or as they follow from names; what a replacement will make up anew is not known.
struct Known<'a> {
    checked: &'a Checked<'a>,
    matches: &'a Matches<'a>,
    replaced: &'a BTreeSet<usize>,
}

impl Outputs for Known<'_> {
    fn get(&self, instance: InstanceId, attribute: &str) -> Option<String> {
        let index = instance.index();
        let predicted = || self.checked.items[index].identity.outputs.get(attribute).cloned();
        match &self.matches.found[index] {
            Found::Live(live, Owner::Nobody | Owner::Ours(_)) if !self.replaced.contains(&index) => {
                // What follows from the name goes first: it is what the spec says, also when the thing is renamed.
                predicted().or_else(|| live.outputs.get(attribute).cloned())
            }
            Found::Live(..)
            | Found::Absent
            | Found::Respelt(_)
            | Found::NotRead
            | Found::Unread(_)
            | Found::Ambiguous { .. }
            | Found::Copies(_) => predicted(),
        }
    }
}

impl<'a> Round<'a> {
    pub(crate) fn new(inputs: Inputs<'a>, matches: &'a Matches<'a>, replaced: &'a BTreeSet<usize>) -> Self {
        Self {
            inputs,
            matches,
            replaced,
            decisions: Vec::new(),
            blocked: Vec::new(),
            retained: Vec::new(),
            unchanged: Vec::new(),
            confirmed: Vec::new(),
            skipped: HashSet::new(),
            tombstones: tombstones(inputs.checked),
            emptied: emptied(inputs.checked),
        }
    }

    pub(crate) fn decide(&mut self, problems: &mut Problems) {
        let known = Known { checked: self.inputs.checked, matches: self.matches, replaced: self.replaced };
        for index in (0..self.inputs.checked.items.len()).filter(|index| self.inputs.reach.selected[*index]) {
            let item = &self.inputs.checked.items[index];
            let block = &self.inputs.checked.instance(index).block;
            let mut cx = Resolver::new(self.inputs.checked.project, id(index), &known, problems);
            let Some(desired) = item.kind.desired(&*block.spec, &item.at, &mut cx) else { continue };
            // Nobody can change it yet; the notes tell.
            if self.matches.waits.contains_key(&index) {
                continue;
            }
            let desired = self.leave_unchecked(index, desired);
            self.decide_item(index, &desired);
        }
        for leftover in &self.matches.leftovers {
            self.decide_leftover(leftover);
        }
        self.keep_what_holds_something();
        self.retain_of_lost_accounts();
        self.block_dependents();
        self.follow_replacements();
    }

    /// The desired model with what could not be read as it is in the live one, so that it is left alone; each such field is told, and that
    /// it is not known to be as its spec wants it.
    fn leave_unchecked(&mut self, index: usize, desired: AnyModel) -> AnyModel {
        let Some(fields) = self.matches.unchecked.get(&index) else { return desired };
        let Found::Live(live, Owner::Nobody | Owner::Ours(_)) = &self.matches.found[index] else { return desired };
        let kind = self.inputs.checked.items[index].kind;
        let (before, after) = (kind.to_value(&live.model), kind.to_value(&desired));
        let Some(left) = with_fields(kind, &desired, fields.keys(), &before) else { return desired };
        let instance = self.inputs.checked.instance(index);
        for (field, unread) in *fields {
            let mut why = format!("{field} not checked: {} failed: {}", unread.call, unread.why);
            if before.get(field) != after.get(field) {
                why.push_str("; what the spec wants there is not done");
            }
            let place = self.inputs.sources.location(instance.block.span);
            let (address, help) = (instance.address.clone(), unread.help.clone());
            self.blocked.push(Blocked { address, place, why, help, unread: true });
        }
        left
    }

    fn decide_item(&mut self, index: usize, desired: &AnyModel) {
        if let Some(name) = self.matches.taken.get(&index) {
            let why = format!("`{name}` exists already and is not this resource's, which would take that name too");
            let help =
                "choose another name, remove what has it, or put its tags back if a hand took them off".to_owned();
            return self.block(index, why, Some(help), false);
        }
        match &self.matches.found[index] {
            Found::Unread(unread) => {
                let why = format!("{} failed: {}", unread.call, unread.why);
                self.block(index, why, unread.help.clone(), true);
            }
            Found::NotRead => self.block(index, "nobody looked for it".to_owned(), None, true),
            Found::Ambiguous { tagged } => {
                let name = &self.inputs.checked.items[index].identity.name;
                let why = format!("`{tagged}` carries this address in its tag, and `{name}` exists without an owner");
                let help = format!(
                    "remove the tags from `{tagged}` to let it go and adopt `{name}`, or give the spec the name `{tagged}`"
                );
                self.block(index, why, Some(help), false);
            }
            Found::Respelt(other) => {
                let name = &self.inputs.checked.items[index].identity.name;
                let why =
                    format!("`{other}` exists, and AWS lets no two names differ in case only: `{name}` can't be made");
                let help = format!("write `name = \"{other}\"` to mean that one, or choose another name");
                self.block(index, why, Some(help), false);
            }
            Found::Copies(count) => {
                let why = format!(
                    "{count} things carry this address in their tag, and the record of the last apply knows none"
                );
                let help = "remove the tags from all but the right one".to_owned();
                self.block(index, why, Some(help), false);
            }
            Found::Live(_, Owner::Other(project)) => {
                let name = &self.inputs.checked.items[index].identity.name;
                let why = format!("`{name}` belongs to the project `{project}` (tag {TAG_PROJECT})");
                let help = "choose another name, or let the other project give it up first".to_owned();
                self.block(index, why, Some(help), false);
            }
            Found::Absent => self.compare(index, None, desired, Action::Create),
            Found::Live(live, Owner::Nobody) => self.adopt(index, live, desired),
            Found::Live(live, Owner::Ours(address)) => {
                let item = &self.inputs.checked.items[index];
                // A tag that is no address at all says nothing of where the thing came from.
                let stays = **address == *item.at.address || address.parse::<Address>().is_err();
                let action = if stays { Action::Update } else { Action::Move { from: address.clone() } };
                self.compare(index, Some(live), desired, action);
            }
        }
    }

    fn adopt(&mut self, index: usize, live: &'a Live<AnyModel>, desired: &AnyModel) {
        let item = &self.inputs.checked.items[index];
        let kind = item.kind;
        let mut tags = kind.tags(&live.model).cloned().unwrap_or_default();
        let wanted = kind.tags(desired).cloned().unwrap_or_default();
        tags.extend(wanted.into_iter().filter(|(key, _)| key.starts_with(OWN_TAGS)));
        let ours = kind.with_tags(&live.model, tags);
        let equal = kind.equal(&ours, desired);
        let allowed = self.inputs.adopt || self.inputs.checked.instance(index).block.adopt;
        if equal || allowed {
            return self.compare(index, Some(live), desired, Action::Adopt);
        }
        let fields = asked(kind, &kind.to_value(&ours), &kind.to_value(desired)).join(", ");
        let why = format!("`{}` exists already, has no owner, and differs from its spec in {fields}", live.name);
        let help = "to take it over and make it as the spec says, add `adopt = true` to it or give --adopt".to_owned();
        self.block(index, why, Some(help), false);
    }

    /// Compares and, if there is a difference, decides what to do.
    fn compare(&mut self, index: usize, live: Option<&'a Live<AnyModel>>, desired: &AnyModel, action: Action) {
        let item = &self.inputs.checked.items[index];
        let steps = match item.kind.ops(&item.at, live.map(|live| &live.model), Some(desired)) {
            Ok(steps) => steps,
            Err(Refusal { field, why, help }) => {
                return self.block(index, format!("{field}: {why}"), Some(help), false);
            }
        };
        if steps.ops.is_empty() {
            self.unchanged.push(index);
            self.confirm(index, live);
            return;
        }
        if !steps.replaces.is_empty() && is_protected(item.kind, live) {
            let why = format!("it is protected, and changing {} means removing it", steps.replaces.join(", "));
            let help = "set `protect = false` and apply that first".to_owned();
            return self.block(index, why, Some(help), false);
        }
        let Steps { ops, replaces } = steps;
        let action = if replaces.is_empty() {
            action
        } else {
            Action::Replace { fields: replaces.into_iter().map(str::to_owned).collect() }
        };
        let change = self.change(index, live, desired, action);
        self.decisions.push(Decision {
            change,
            item: Some(index),
            at: item.at.clone(),
            kind: item.kind,
            ops,
            holds: Vec::new(),
        });
    }

    fn confirm(&mut self, index: usize, live: Option<&Live<AnyModel>>) {
        let Some(live) = live.filter(|_| !self.matches.unchecked.contains_key(&index)) else { return };
        let item = &self.inputs.checked.items[index];
        let address = &self.inputs.checked.instance(index).address;
        let model = item.kind.to_value(&live.model);
        // What a spec leaves to AWS is on record as it was asked for, not as AWS then chose it; of what was made in part, no model is.
        let is_recorded = |recorded: &SavedModel| {
            recorded.is(&model)
                || item.kind.read_value(recorded.value()).is_ok_and(|recorded| item.kind.equal(&recorded, &live.model))
        };
        if self.inputs.ledger.get(&item.at.scope, address).is_some_and(|entry| is_recorded(&entry.model)) {
            return;
        }
        let (address, scope) = (address.clone(), item.at.scope.clone());
        let confirmed = Confirmed {
            address,
            scope,
            name: live.name.clone(),
            outputs: live.outputs.clone(),
            model: SavedModel::from(&model),
        };
        self.confirmed.push(confirmed);
    }

    fn change(&self, index: usize, live: Option<&Live<AnyModel>>, desired: &AnyModel, action: Action) -> Change {
        let item = &self.inputs.checked.items[index];
        let instance = self.inputs.checked.instance(index);
        let before = live.map(|live| item.kind.to_value(&live.model));
        let after = item.kind.to_value(desired);
        let former = match &action {
            Action::Move { from } => from.parse().ok(),
            Action::Create
            | Action::Update
            | Action::Adopt
            | Action::Replace { .. }
            | Action::Remove { .. }
            | Action::Follow { .. } => None,
        };
        let recorded = former.as_ref().unwrap_or(&instance.address);
        // Of what was made in part, no model is on record.
        let applied = self.inputs.ledger.get(&item.at.scope, recorded).map(|entry| entry.model.value());
        let applied = applied.filter(|model| !model.is_null());
        let causes =
            before.as_ref().map(|before| causes(item.kind, before, &after, applied.as_ref())).unwrap_or_default();
        let dangers = dangers::of(&action, before.as_ref(), Some(&after));
        // What AWS made up stays with the thing; what follows from its name is as the spec says, also when it is renamed in place.
        let stays = live.filter(|_| !matches!(action, Action::Replace { .. }));
        let mut outputs = stays.map(|live| live.outputs.clone()).unwrap_or_default();
        outputs.extend(item.identity.outputs.clone());
        Change {
            address: instance.address.clone(),
            scope: item.at.scope.clone(),
            name: item.identity.name.clone(),
            action,
            place: self.inputs.sources.location(instance.block.span),
            causes,
            before,
            after: Some(after),
            outputs,
            applied,
            dangers,
        }
    }

    fn decide_leftover(&mut self, leftover: &Leftover<'a>) {
        let Leftover { kind, scope, live, address, is_own, waits } = leftover;
        let (project, text) = (self.inputs.checked.project, address.to_string());
        if !self.inputs.selection.has_address(&scope.account, &text) {
            return;
        }
        let tombstone = self.tombstones.contains(&text);
        let id = live.outputs.get("arn").unwrap_or(&live.name);
        let named = if live.name.is_empty() { id.clone() } else { format!("`{}`", live.name) };
        if !is_own {
            return self.retain(
                leftover,
                format!("{id} carries trueup's tags with an address that is not its own; take them off"),
                None,
            );
        }
        if project.find(address).is_some_and(|declared| self.skipped.contains(&declared.index())) {
            // What its spec names now can't be had, so what it named before is not given up either.
            return self.retain(leftover, format!("{id} carries the address of a spec that is left alone"), None);
        }
        if let Some(why) = waits {
            return self.retain(leftover, format!("{named} {why}"), None);
        }
        if kind.schema().stateful && !tombstone {
            let (what, close) = if kind.schema().name == ACCOUNT.name {
                ("close it, with all that is in it", "\nclose = true")
            } else {
                ("remove it", "")
            };
            let removal = format!("[[removed]]\naddress = \"{text}\"{close}");
            return self.retain(leftover, format!("{id} is in no spec any more; to {what}, add:"), Some(removal));
        }
        if is_protected(*kind, Some(live)) {
            let why = format!("{named} is in no spec any more, but it is protected (tag {TAG_PROTECT})");
            let help = "put its table back with `protect = false`, apply that, then remove it".to_owned();
            let blocked =
                Blocked { address: address.clone(), place: String::new(), why, help: Some(help), unread: false };
            return self.blocked.push(blocked);
        }
        let Some(account) = project.accounts.get(&scope.account) else { return };
        let region = scope.region.as_deref().or(project.settings.region.as_deref()).unwrap_or_default();
        let at = At {
            scope: (*scope).clone(),
            account_id: Arc::from(account.id.as_str()),
            partition: trueup_specs::resolve::partition(region),
            address: Arc::from(text),
        };
        match kind.ops(&at, Some(&live.model), None) {
            Ok(Steps { mut ops, .. }) => {
                let action = Action::Remove { tombstone };
                let mut dangers = dangers::of(&action, None, None);
                let is_emptied = self.emptied.contains(&address.to_string());
                if let Some(Emptying { ops: first, what }) = kind.empty(&live.model).filter(|_| is_emptied) {
                    ops.splice(0..0, first);
                    dangers.push(Danger::Contents { what });
                }
                let change = Change {
                    address: address.clone(),
                    scope: (*scope).clone(),
                    name: live.name.clone(),
                    dangers,
                    action,
                    place: String::new(),
                    causes: BTreeMap::new(),
                    before: Some(kind.to_value(&live.model)),
                    after: None,
                    outputs: live.outputs.clone(),
                    applied: self.inputs.ledger.get(scope, address).map(|entry| entry.model.value()),
                };
                let holds = kind.holds(&live.model);
                self.decisions.push(Decision { change, item: None, at, kind: *kind, ops, holds });
            }
            Err(Refusal { field, why, help }) => {
                let why = format!("{field}: {why}");
                self.blocked.push(Blocked {
                    address: address.clone(),
                    place: String::new(),
                    why,
                    help: Some(help),
                    unread: false,
                });
            }
        }
    }

    fn retain(&mut self, leftover: &Leftover<'_>, why: String, removal: Option<String>) {
        let (address, name) = (leftover.address.clone(), leftover.live.name.clone());
        self.retained.push(Retained { address, name, why, removal });
    }

    /// What was applied in accounts that no spec declares any more: nobody looks there, and that must be said.
    fn retain_of_lost_accounts(&mut self) {
        let Inputs { checked, ledger, selection, .. } = self.inputs;
        if selection.accounts.is_some() || selection.targets.is_some() {
            return;
        }
        for (scope, document) in &ledger.documents {
            if checked.project.accounts.contains_key(&scope.account) {
                continue;
            }
            for (address, entry) in &document.entries {
                let why = format!(
                    "its account `{}` is in no spec any more, so nobody looks there; to have it removed, declare the account again",
                    scope.account
                );
                self.retained.push(Retained { address: address.clone(), name: entry.name.clone(), why, removal: None });
            }
        }
    }

    fn block(&mut self, index: usize, why: String, help: Option<String>, unread: bool) {
        let instance = self.inputs.checked.instance(index);
        let place = self.inputs.sources.location(instance.block.span);
        self.skipped.insert(index);
        self.blocked.push(Blocked { address: instance.address.clone(), place, why, help, unread });
    }

    /// A change that waits for a value which nothing in this plan will make known can't be made; nor can what waits for that one.
    fn block_dependents(&mut self) {
        loop {
            let planned: HashSet<&str> = self.decisions.iter().map(|decision| &*decision.at.address).collect();
            let missing = self.missing(&planned);
            let hopeless: Vec<(usize, String)> = self
                .decisions
                .iter()
                .enumerate()
                .filter_map(|(place, decision)| Some((place, waits_in_vain(decision, &planned, &missing)?)))
                .collect();
            if hopeless.is_empty() {
                return;
            }
            for (place, why) in hopeless.into_iter().rev() {
                let Decision { change, item, .. } = self.decisions.remove(place);
                let help = Some("see why that resource is left alone, or take it into the plan".to_owned());
                self.skipped.extend(item);
                self.blocked.push(Blocked { address: change.address, place: change.place, why, help, unread: true });
            }
        }
    }

    /// The ARNs that follow from specs whose things are neither known to exist nor made in this plan, with their addresses.
    fn missing(&self, planned: &HashSet<&str>) -> HashMap<&'a str, &'a str> {
        let checked = self.inputs.checked;
        let is_missing = |index: &usize| match &self.matches.found[*index] {
            Found::Live(..) => false,
            Found::Unread(_) | Found::Absent | Found::Respelt(_) | Found::Ambiguous { .. } | Found::Copies(_) => {
                !planned.contains(&*checked.items[*index].at.address)
            }
            Found::NotRead => false,
        };
        let arn = |index: usize| {
            Some((checked.items[index].identity.outputs.get("arn")?.as_str(), &*checked.items[index].at.address))
        };
        (0..checked.items.len()).filter(is_missing).filter_map(arn).collect()
    }

    pub(crate) fn replaced(&self) -> BTreeSet<usize> {
        let is_replacement = |decision: &&Decision| matches!(decision.change.action, Action::Replace { .. });
        self.decisions.iter().filter(is_replacement).filter_map(|decision| decision.item).collect()
    }

    /// What names a thing that is made again must name it again: AWS keeps the unique id of what went, not its name.
    fn follow_replacements(&mut self) {
        let replaced: Vec<String> = self.replaced().into_iter().filter_map(|index| self.live_arn(index)).collect();
        if replaced.is_empty() {
            return;
        }
        let by_item: HashMap<usize, usize> =
            self.decisions.iter().enumerate().filter_map(|(place, decision)| Some((decision.item?, place))).collect();
        let reread: Vec<usize> = (0..self.inputs.checked.items.len())
            .filter(|index| self.inputs.reach.selected[*index] && !self.skipped.contains(index))
            .collect();
        for index in reread {
            let Found::Live(live, Owner::Ours(_) | Owner::Nobody) = &self.matches.found[index] else { continue };
            let item = &self.inputs.checked.items[index];
            // What is changed must name it as it will be, what is not changed is as it should be.
            let after = by_item.get(&index).and_then(|place| self.decisions[*place].change.after.clone());
            let after = after.and_then(|after| item.kind.read_value(after).ok());
            for arn in &replaced {
                // A model made from JSON lacks what a kind does not save (an ARN), so it only tells whether the thing is still named.
                let still = after.as_ref().is_none_or(|after| !item.kind.follow(&item.at, after, arn).is_empty());
                let ops = item.kind.follow(&item.at, &live.model, arn);
                if ops.is_empty() || !still {
                    continue;
                }
                match by_item.get(&index) {
                    // A replaced resource is made from nothing, so it names everything anew.
                    Some(place) if matches!(self.decisions[*place].change.action, Action::Replace { .. }) => {}
                    Some(place) => {
                        let decision = &mut self.decisions[*place];
                        let missing: Vec<Value> = ops.into_iter().filter(|op| !decision.ops.contains(op)).collect();
                        decision.ops.splice(0..0, missing);
                    }
                    None => {
                        let mut change =
                            self.change(index, Some(live), &live.model, Action::Follow { replaced: arn.clone() });
                        change.causes.clear();
                        self.unchanged.retain(|unchanged| *unchanged != index);
                        self.decisions.push(Decision {
                            change,
                            item: Some(index),
                            at: item.at.clone(),
                            kind: item.kind,
                            ops,
                            holds: Vec::new(),
                        });
                    }
                }
            }
        }
    }

    fn live_arn(&self, index: usize) -> Option<String> {
        match &self.matches.found[index] {
            Found::Live(live, _) => live.outputs.get("arn").cloned(),
            Found::NotRead
            | Found::Unread(_)
            | Found::Absent
            | Found::Respelt(_)
            | Found::Ambiguous { .. }
            | Found::Copies(_) => None,
        }
    }

    pub(crate) fn finish(mut self) -> Decided {
        self.decisions.sort_by(|a, b| a.change.address.cmp(&b.change.address));
        self.blocked.sort_by(|a, b| a.address.cmp(&b.address));
        self.retained.sort_by(|a, b| a.address.cmp(&b.address));
        let notes = self.notes();
        let known = Known { checked: self.inputs.checked, matches: self.matches, replaced: self.replaced };
        // Their problems were reported by the check; a second report would only repeat them.
        let outputs = resolved(self.inputs.checked.project, &known, &mut Problems::new());
        Decided {
            decisions: self.decisions,
            blocked: self.blocked,
            retained: self.retained,
            confirmed: self.confirmed,
            forgotten: Vec::new(),
            notes,
            unchanged: self.unchanged.len() as u64,
            outputs,
            access: AccessChange::default(),
        }
    }
}

impl Round<'_> {
    /// What there is to know of the live things that the selected specs found, in order of their addresses.
    fn notes(&self) -> Vec<Note> {
        let mut notes = Vec::new();
        for (index, item) in self.inputs.checked.items.iter().enumerate() {
            if let (true, Found::Live(live, Owner::Nobody | Owner::Ours(_))) =
                (self.inputs.reach.selected[index], &self.matches.found[index])
            {
                let address = &self.inputs.checked.instance(index).address;
                let waits = self.matches.waits.get(&index).map(|why| (*why).to_owned());
                let texts = waits.into_iter().chain(item.kind.notes(&live.model));
                notes.extend(texts.map(|text| Note { address: address.clone(), text }));
            }
        }
        notes.sort_by(|a, b| a.address.cmp(&b.address));
        notes
    }
}

/// Why a change can't be made in this plan, if it can't: it waits for a value nothing makes known, or it newly names a thing that must
/// exist and that nothing here shows or makes. What it named before, it may go on naming.
fn waits_in_vain(decision: &Decision, planned: &HashSet<&str>, missing: &HashMap<&str, &str>) -> Option<String> {
    let mut awaited: Vec<(String, String)> = decision.ops.iter().flat_map(tokens).collect();
    collect_tokens_of(&decision.at.account_id, &mut awaited);
    if let Some((address, attribute)) = awaited.iter().find(|(address, _)| !planned.contains(&**address)) {
        return Some(format!("it needs {address}.{attribute}, which is not known and will not be after this plan"));
    }
    if missing.is_empty() {
        return None;
    }
    let before = decision.change.before.as_ref().map(Value::to_string).unwrap_or_default();
    let needs = decision.ops.iter().flat_map(|op| decision.kind.info(&decision.at, op).needs);
    let mut lacking =
        needs.filter(|arn| !before.contains(arn.as_str())).filter_map(|arn| missing.get(arn.as_str()).copied());
    lacking
        .next()
        .map(|address| format!("it would name {address}, which is not known to exist and is not made in this plan"))
}

pub(crate) fn is_protected(kind: &dyn AnyKind, live: Option<&Live<AnyModel>>) -> bool {
    live.and_then(|live| kind.tags(&live.model))
        .is_some_and(|tags| tags.get(TAG_PROTECT).is_some_and(|value| value == "true"))
}

/// What the rounds came to.
pub(crate) struct Decided {
    pub(crate) decisions: Vec<Decision>,
    pub(crate) blocked: Vec<Blocked>,
    pub(crate) retained: Vec<Retained>,
    pub(crate) confirmed: Vec<Confirmed>,
    /// Set once all is decided.
    pub(crate) forgotten: Vec<Forgotten>,
    pub(crate) notes: Vec<Note>,
    pub(crate) unchanged: u64,
    pub(crate) outputs: BTreeMap<String, Value>,
    /// Set once all is decided.
    pub(crate) access: AccessChange,
}
