//! Where a mend goes: the policy that gives it to nobody else, and what it has to look like there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use trueup_specs::address::Address;
use trueup_specs::diagnostic::Problems;
use trueup_specs::export;
use trueup_specs::policy::{Actions, Document, Resources, Statement, Use};
use trueup_specs::policy_spec::Form;
use trueup_specs::project::Instance;
use trueup_specs::resolve::{Resolver, Written};
use trueup_specs::span::Span;

use super::family::Families;
use super::statement::{Plea, statements};
use super::{Lack, has_room};
use crate::access::ask::Who;
use crate::access::world::{Actor, World};
use crate::check::{Checked, FromNames, Item, id};
use crate::export::mentions::{Mentioned, Mentions, Reach, Reader, View};

/// How wide a mend may be, so that it stands in 80 columns behind `= help:`.
const WIDTH: usize = 66;

/// A policy that a statement can be added to, in one account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// The item whose policy it is.
    item: usize,
    /// The policy's field: `policy`, `inline.access`.
    field: String,
    form: PlaceForm,
    /// What AWS gives a thing whose spec says no policy, as JSON: a policy would replace it.
    default: Vec<String>,
}

/// Where a statement can go.
pub(super) enum Found {
    At(Place),
    /// Only where this item is written, and others with it who lack nothing.
    ForOthersToo(usize),
    Nowhere,
}

/// What a statement must look like there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum PlaceForm {
    Tables,
    List,
    Json(String),
}

/// A place in a file, with all accounts and uses of it together.
type Site = (Span, String, PlaceForm);

/// The places of one mend, and what goes there.
pub(super) struct Sites<'f, 'a> {
    families: &'f Families<'a>,
    checked: &'a Checked<'a>,
    world: &'a World<'a>,
    /// For each place in a file, what each item that is written there needs.
    found: BTreeMap<Site, BTreeMap<usize, (Place, BTreeSet<Plea>)>>,
}

impl<'f, 'a> Sites<'f, 'a> {
    pub(super) fn new(families: &'f Families<'a>) -> Self {
        let Families { checked, world, .. } = families;
        Self { families, checked, world, found: BTreeMap::new() }
    }

    /// A policy of the identity that gives it to nobody else: one of its own, one that is attached to it alone or to others who
    /// lack the same, or a new one.
    pub(super) fn of_identity(&self, lack: &Lack, more: &Document) -> Found {
        let Some((actor, own)) = self.actor(&lack.who).and_then(|actor| Some((actor, self.item_of(actor.thing)?)))
        else {
            return Found::Nowhere;
        };
        let held = actor.papers.iter().filter_map(|paper| Some((*paper, self.world.held.get(*paper)?)));
        let (inline, attached): (Vec<_>, Vec<_>) = held.partition(|(_, held)| held.thing == Some(actor.thing));
        let is_own =
            self.is_for_its_use(own, lack, |member| self.families.who(&lack.who, own, member).map(|who| vec![who]));
        let written = self.written(own);
        let is_table = |document: &Document| {
            let same = |one: &&Written| self.known(&one.document) == *document;
            written.iter().find(same).is_some_and(|one| one.form == Form::Tables)
        };
        if let Some((_, held)) = inline.iter().find(|(_, held)| is_own && is_table(&held.document)) {
            return Found::At(Place::new(own, &held.field, PlaceForm::Tables));
        }
        let alone = attached.iter().filter_map(|(paper, held)| {
            let item = self.item_of(held.thing?)?;
            let is_for_it = !actor.through_groups.contains(paper) && self.is_for_holders(item, own, lack);
            let has_room = || has_room(&held.document, more, Use::Identity);
            (is_for_it && self.form_of_policy(item) == Some(PlaceForm::Tables) && has_room()).then_some((item, held))
        });
        // Of several the one that is about the like of it; of equal ones the first.
        if let Some((item, held)) = alone.rev().max_by_key(|(_, held)| self.nearness(&held.document, lack)) {
            return Found::At(Place::new(item, &held.field, PlaceForm::Tables));
        }
        if !is_own {
            return Found::ForOthersToo(own);
        }
        let is_free = |field: &String| !inline.iter().any(|(_, held)| held.field == *field);
        let names = (2..).map(|number| format!("inline.access-{number}"));
        let name = ["inline.access".to_owned()].into_iter().chain(names).find(is_free);
        name.map_or(Found::Nowhere, |name| Found::At(Place::new(own, &name, PlaceForm::Tables)))
    }

    /// The permissions boundary of the identity.
    pub(super) fn of_boundary(&self, who: &Who) -> Found {
        let place = || {
            let held = self.world.held.get(self.actor(who)?.boundary?)?;
            let item = self.item_of(held.thing?)?;
            Some(Place::new(item, &held.field, self.form_of_policy(item)?))
        };
        place().map_or(Found::Nowhere, Found::At)
    }

    fn item_of(&self, thing: usize) -> Option<usize> {
        self.world.thing(thing)?.item
    }

    /// The policy on the resource.
    pub(super) fn on_resource(&self, lack: &Lack) -> Found {
        let target = self.world.under(&lack.resource).map(|(target, _)| target);
        let Some((target, item)) = target.and_then(|target| Some((target, self.item_of(target.thing)?))) else {
            return Found::Nowhere;
        };
        if !self.is_for_its_use(item, lack, |member| self.families.who(&lack.who, item, member).map(|who| vec![who])) {
            return Found::ForOthersToo(item);
        }
        let written = self.written(item);
        if let Some(one) = written.iter().find(|one| is_on_resource(one.use_)) {
            let form = self.form(one.form);
            return form.map_or(Found::Nowhere, |form| Found::At(Place::new(item, target.field, form)));
        }
        let default = target.paper.and_then(|paper| self.world.held.get(paper)).filter(|held| !held.is_unknown);
        let default = default.map(|held| statements_in(&held.document)).unwrap_or_default();
        Found::At(Place { default, ..Place::new(item, target.field, PlaceForm::Tables) })
    }

    /// Whether what is written for it is for no other use of a template, or for those only that lack the same. What all accounts of
    /// a group share is for all of them: that is what a group is for.
    fn is_for_its_use(&self, item: usize, lack: &Lack, holders: impl Fn(usize) -> Option<Vec<Who>>) -> bool {
        !self.families.has_uses(self.families.family(item)) || self.families.is_for_all(item, lack, holders)
    }

    /// Something is to be written there.
    pub(super) fn add(&mut self, place: Place, plea: Plea) {
        let Some(instance) = self.checked.project.instances.get(place.item) else { return };
        let site = (instance.block.span, place.field.clone(), place.form.clone());
        let (_, pleas) =
            self.found.entry(site).or_default().entry(place.item).or_insert_with(|| (place, BTreeSet::new()));
        pleas.insert(plea);
    }

    fn actor(&self, who: &Who) -> Option<&Actor<'a>> {
        let Who::Identity(arn) = who else { return None };
        self.world.actors_by_arn.get(arn).and_then(|index| self.world.actors.get(*index))
    }

    /// How near a document is to a request by what else it is about: the same thing counts more than the same service.
    fn nearness(&self, document: &Document, lack: &Lack) -> (bool, bool) {
        let service = lack.action.split(':').next().unwrap_or_default();
        let thing = self.families.thing(&lack.resource);
        let of_service = |statement: &Statement| match &statement.action {
            Actions::Is(actions) => actions.iter().any(|action| action.as_str().split(':').next() == Some(service)),
            Actions::Not(_) => false,
        };
        let on_thing = |statement: &Statement| match &statement.resource {
            Some(Resources::Is(resources)) => resources.iter().any(|resource| self.families.thing(resource) == thing),
            Some(Resources::Not(_)) | None => false,
        };
        let statements = &document.statements;
        (thing.is_some() && statements.iter().any(on_thing), statements.iter().any(of_service))
    }

    /// The policies of an item as its spec writes them.
    fn written(&self, item: usize) -> Vec<Written> {
        let Some(Item { kind, at, .. }) = self.checked.items.get(item) else { return Vec::new() };
        let outputs = FromNames(&self.checked.items);
        // Their problems were told by the check.
        let mut problems = Problems::new();
        let mut cx = Resolver::new(self.checked.project, id(item), &outputs, &mut problems).keeping_policies();
        let _ = kind.desired(&*self.checked.instance(item).block.spec, at, &mut cx);
        cx.into_policies()
    }

    /// How a managed policy is written.
    fn form_of_policy(&self, item: usize) -> Option<PlaceForm> {
        let written = self.written(item);
        self.form(written.iter().find(|one| one.use_ == Use::Identity)?.form)
    }

    fn form(&self, form: Form) -> Option<PlaceForm> {
        Some(match form {
            Form::Tables => PlaceForm::Tables,
            Form::List => PlaceForm::List,
            Form::File(file) => PlaceForm::Json(self.checked.project.path(file)?.display().to_string()),
        })
    }

    /// The document as the world holds it: with what is known put in.
    fn known(&self, document: &Document) -> Document {
        let known = document.replaced(|text| Some(self.world.known(text)).filter(|known| known != text));
        known.unwrap_or_else(|| document.clone())
    }

    /// Whether nobody but the identity, or who is written in the same lines or lacks the same, holds the policy.
    fn is_for_holders(&self, policy: usize, identity: usize, lack: &Lack) -> bool {
        let holders = |item: usize| -> Option<Vec<usize>> {
            let arn = self.checked.items.get(item)?.identity.outputs.get("arn")?;
            Some(self.world.holders.get(arn).cloned().unwrap_or_default())
        };
        let whos = |item: usize| -> Option<Vec<Who>> {
            let actors = holders(item)?.into_iter().map(|actor| self.world.actors.get(actor));
            actors.map(|actor| Some(Who::Identity(actor?.arn.clone()))).collect()
        };
        if holders(policy).is_none_or(|holders| holders.is_empty()) {
            return false;
        }
        let family = self.families.family(policy);
        let own = self.families.family(identity);
        let is_its_own = |holder: usize| {
            let thing = self.world.actors.get(holder).map(|actor| actor.thing);
            thing.and_then(|thing| self.item_of(thing)).is_some_and(|item| own.contains(&item))
        };
        let is_alone = || family.iter().filter_map(|item| holders(*item)).flatten().all(is_its_own);
        (!self.families.has_uses(family) && is_alone()) || self.families.is_for_all(policy, lack, whos)
    }

    /// All of it: each lot with where it goes.
    pub(super) fn written_out(&self) -> Vec<String> {
        let lot = |((_, field, form), by_item): (&Site, &BTreeMap<usize, (Place, BTreeSet<Plea>)>)| {
            let (first, _) = by_item.first_key_value()?;
            let family = self.families.family(*first);
            let mut all: Vec<Value> = Vec::new();
            for (item, (place, pleas)) in by_item {
                let default = place.default.iter().filter_map(|text| serde_json::from_str(text).ok());
                let raw: Vec<Value> = default.chain(statements(pleas)).collect();
                for statement in self.mentioning(raw, *item, family, form)? {
                    if !all.contains(&statement) {
                        all.push(statement);
                    }
                }
            }
            self.told(self.checked.project.instances.get(*first)?, family, field, form, &all)
        };
        self.found.iter().filter_map(lot).collect()
    }

    /// The statements as they are written in the place of this item.
    fn mentioning(
        &self,
        raw: Vec<Value>,
        item: usize,
        family: &BTreeSet<usize>,
        form: &PlaceForm,
    ) -> Option<Vec<Value>> {
        let instance = self.checked.project.instances.get(item)?;
        let document = json!({ "Version": "2012-10-17", "Statement": raw });
        let mut named = BTreeMap::new();
        self.mentioned(&document, &mut named);
        let names: Vec<(&str, &Address, String, Reach)> = named
            .into_iter()
            .filter_map(|(arn, other)| {
                let (name, reach) = self.families.as_seen(other, instance, family)?;
                Some((arn, &self.families.instance(other)?.address, name, reach))
            })
            .collect();
        let names = names.iter().map(|(arn, address, name, reach)| Mentioned { arn, address, name, reach: *reach });
        let mentions = Mentions::of(self.checked.project, names);
        let view = View {
            account: &instance.account,
            reader: if family.len() > 1 { Reader::Each } else { Reader::Account },
            region: instance.block.region.as_deref(),
        };
        if matches!(form, PlaceForm::Json(_)) {
            let written = mentions.document(document.get("Statement")?, view);
            return written.as_array().cloned();
        }
        let partition = self.checked.items.get(item)?.at.partition;
        let statements = export::statements_of(document.as_object()?, partition)?;
        let written = statements.as_array()?.iter().map(|statement| mentions.statement(statement, view));
        Some(written.collect())
    }

    /// The things that the strings of a document name, or name something under.
    fn mentioned(&self, value: &Value, found: &mut BTreeMap<&'a str, usize>) {
        match value {
            Value::String(text) => found.extend(self.families.thing(text)),
            Value::Array(items) => items.iter().for_each(|item| self.mentioned(item, found)),
            Value::Object(members) => members.values().for_each(|member| self.mentioned(member, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// The statements with where they go.
    fn told(
        &self,
        first: &Instance,
        family: &BTreeSet<usize>,
        field: &str,
        form: &PlaceForm,
        statements: &[Value],
    ) -> Option<String> {
        let file = self.checked.project.path(first.block.span.file())?.display();
        let own = first.block.use_name.as_deref();
        let full = &*first.address.name;
        let name = own.and_then(|own| full.strip_prefix(own)?.strip_prefix('.')).unwrap_or(full);
        let kind = first.block.kind.name;
        let uses = if self.families.has_uses(family) { ", for every use of this template" } else { "" };
        let lines = |text: String| {
            let lines = text.lines().filter(|line| !line.is_empty()).map(|line| format!("\n  {line}"));
            lines.collect::<String>()
        };
        Some(match form {
            PlaceForm::Tables => {
                let (table, rest) = field.split_once('.').unwrap_or((field, ""));
                let path: Vec<&str> = [kind, name, table, rest].into_iter().filter(|part| !part.is_empty()).collect();
                format!("add to {file}{uses}:{}", lines(export::statements(&path, statements, WIDTH)))
            }
            PlaceForm::List => {
                let list: String = statements.iter().map(|one| format!("{},\n", export::value(one))).collect();
                format!("add to the list `{field}` of [{kind}.{name}] in {file}{uses}:{}", lines(list))
            }
            PlaceForm::Json(path) => {
                let list: Vec<String> = statements.iter().map(|one| format!("{one:#}")).collect();
                format!("add to the statements in {path}{uses}:{}", lines(list.join(",\n")))
            }
        })
    }
}

impl Place {
    fn new(item: usize, field: &str, form: PlaceForm) -> Self {
        Self { item, field: field.to_owned(), form, default: Vec::new() }
    }
}

/// Whether such a document is on a resource, and names who may use it.
fn is_on_resource(use_: Use) -> bool {
    match use_ {
        Use::Trust | Use::Bucket | Use::Key | Use::Repository | Use::Registry | Use::Topic | Use::EventBus => true,
        Use::Identity | Use::Inline | Use::ServiceControl | Use::ResourceControl => false,
    }
}

/// The statements of a document, each as AWS's JSON.
fn statements_in(document: &Document) -> Vec<String> {
    let json = serde_json::to_value(document).unwrap_or_default();
    match json.get("Statement") {
        Some(Value::Array(statements)) => statements.iter().map(ToString::to_string).collect(),
        Some(one) => vec![one.to_string()],
        None => Vec::new(),
    }
}
