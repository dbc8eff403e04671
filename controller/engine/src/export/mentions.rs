//! Addresses in place of ARNs, and names in place of account ids and regions.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Map, Value};
use trueup_specs::ACCOUNT;
use trueup_specs::address::Address;
use trueup_specs::pending;
use trueup_specs::project::Project;
use trueup_specs::resolve::{TAG_ADDRESS, TAG_PROJECT};
use trueup_specs::shape::{Shape, TableShape};
use trueup_state::outputs::Outputs;

use super::things::Thing;
use super::{Ask, Found};
use crate::facts::Scope;

/// The keys of a statement under which no thing is named.
const PLAIN_KEYS: [&str; 3] = ["sid", "effect", "enabled"];

/// The attributes that fields which name a thing stand for: most the ARN, those of an organization the id.
const ARN: &str = "arn";
const ID: &str = "id";

/// A piece of a string.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Text(String),
    /// An attribute of a resource.
    Resource {
        account: Arc<str>,
        region: Option<Arc<str>>,
        name: String,
        attribute: Arc<str>,
        reach: Reach,
    },
    /// The id of an account.
    Account(Arc<str>),
    /// The region one stands in.
    Region,
    /// Another value that is not known before apply: its address and attribute.
    Waiting(String),
}

/// How much of a resource's place is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// What is not the same where one stands.
    Relative,
    /// The account always: for others who are written in the same lines the words would mean something else, or nothing.
    WithAccount,
    /// The account and the region always.
    WithRegion,
}

/// From where something is written.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    /// The account of the resource.
    pub(crate) account: &'a Arc<str>,
    /// For whom it is written.
    pub(crate) reader: Reader,
    /// The region of the file's scope.
    pub(crate) region: Option<&'a str>,
}

/// For whom something is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// The one account it is in, which is left out of addresses.
    Account,
    /// Every account of a group, each of which has the same of its own.
    Each,
    /// Every account of a group, with the same thing of one account for all.
    All,
}

/// A resource as specs may mention it.
pub(crate) struct Mentioned<'m> {
    /// Its ARN.
    pub(crate) arn: &'m str,
    /// Where it is.
    pub(crate) address: &'m Address,
    /// Its name as it is written, without its kind.
    pub(crate) name: &'m str,
    /// How much of its place is written.
    pub(crate) reach: Reach,
}

/// What strings may mention.
pub(crate) struct Mentions {
    arns: HashMap<String, Part>,
    /// Things by their ids, for fields that name a thing.
    ids: HashMap<String, Part>,
    /// Account ids, with the accounts' names.
    accounts: BTreeMap<String, Arc<str>>,
    /// The groups with more than one account, greatest first.
    groups: Vec<(Arc<str>, BTreeSet<Arc<str>>)>,
}

/// A resource of the project's own specs: its address, its kind's attributes, its outputs.
pub(super) type InSpecs<'f> = (&'f Address, &'static [(&'static str, &'static str)], &'f Outputs);

/// What the project's own specs have, with the outputs of what was found.
pub(super) fn in_specs<'f>(ask: Ask<'f>, found: &'f [Found]) -> Vec<InSpecs<'f>> {
    let mut by_name: HashMap<(&str, &Scope, &str), &Outputs> = HashMap::new();
    // What has no name is found by its tag.
    let mut by_tag: HashMap<&str, &Outputs> = HashMap::new();
    for Found { kind, scope, live, unchecked: _ } in found {
        for live in live {
            by_name.insert((kind.schema().name, scope, live.name.as_str()), &live.outputs);
            let tags = kind.tags(&live.model).filter(|_| live.name.is_empty());
            let ours =
                tags.filter(|tags| tags.get(TAG_PROJECT).is_some_and(|owner| *owner == *ask.checked.project.name));
            by_tag.extend(ours.and_then(|tags| Some((tags.get(TAG_ADDRESS)?.as_str(), &live.outputs))));
        }
    }
    let items = ask.checked.items.iter().enumerate();
    items
        .map(|(index, item)| {
            let schema = item.kind.schema();
            let live = match item.identity.name.as_str() {
                "" => by_tag.get(&*item.at.address),
                name => by_name.get(&(schema.name, &item.at.scope, name)),
            };
            // What was not found has but what follows from its name.
            let outputs = live.copied().unwrap_or(&item.identity.outputs);
            (&ask.checked.instance(index).address, schema.attributes, outputs)
        })
        .collect()
}

impl Mentions {
    pub(super) fn new(ask: Ask<'_>, found: &[Found], things: &[Thing<'_>]) -> Self {
        let (mut arns, mut ids) = (HashMap::new(), HashMap::new());
        let mut add = |address: &Address, attributes: &[(&str, &str)], outputs: &Outputs| {
            for (attribute, value) in
                outputs.iter().filter(|(name, _)| attributes.iter().any(|(known, _)| known == name))
            {
                let by_value = match attribute.as_str() {
                    _ if value.starts_with("arn:") => &mut arns,
                    ID => &mut ids,
                    _ => continue,
                };
                let Address { account, region, kind, name } = address.clone();
                let name = format!("{kind}.{name}");
                let attribute = Arc::from(attribute.as_str());
                let part = Part::Resource { account, region, name, attribute, reach: Reach::Relative };
                by_value.insert(value.clone(), part);
            }
        };
        for (address, attributes, outputs) in in_specs(ask, found) {
            add(address, attributes, outputs);
        }
        for thing in things {
            add(&thing.address(), thing.kind.schema().attributes, &thing.live.outputs);
        }
        let project = ask.checked.project;
        let mut accounts: BTreeMap<String, Arc<str>> =
            project.accounts.values().map(|account| (account.id.clone(), account.name.clone())).collect();
        let new_accounts = things.iter().filter(|thing| thing.kind.schema().name == ACCOUNT.name);
        accounts.extend(new_accounts.filter_map(|new| Some((new.live.outputs.get(ID)?.clone(), new.name.clone()))));
        Self { arns, ids, accounts, groups: groups(project) }
    }

    /// Mentions of these resources by their ARNs, and of the project's accounts.
    pub(crate) fn of<'m>(project: &Project, mentioned: impl Iterator<Item = Mentioned<'m>>) -> Self {
        let part = |Mentioned { arn, address, name, reach }: Mentioned<'m>| {
            let Address { account, region, kind, name: _ } = address.clone();
            let part =
                Part::Resource { account, region, name: format!("{kind}.{name}"), attribute: Arc::from(ARN), reach };
            (arn.to_owned(), part)
        };
        let accounts = project.accounts.values().map(|account| (account.id.clone(), account.name.clone()));
        Self {
            arns: mentioned.map(part).collect(),
            ids: HashMap::new(),
            accounts: accounts.collect(),
            groups: groups(project),
        }
    }

    /// The groups with more than one account, greatest first.
    pub(super) fn groups(&self) -> &[(Arc<str>, BTreeSet<Arc<str>>)] {
        &self.groups
    }

    /// The fields with mentions in place of what they stand for.
    pub(super) fn rewrite(
        &self,
        fields: &Map<String, Value>,
        shape: &TableShape,
        view: View<'_>,
    ) -> Map<String, Value> {
        let of = |key: &str| shape.fields.iter().find(|field| field.name == key).map(|field| &field.shape);
        let rewritten = fields.iter().map(|(key, value)| {
            // Tags are in no kind's own table.
            let value = match of(key) {
                Some(shape) => self.value(value, shape, view),
                None => self.strings(value, view),
            };
            (key.clone(), value)
        });
        rewritten.collect()
    }

    fn value(&self, value: &Value, shape: &Shape, view: View<'_>) -> Value {
        match (shape, value) {
            (Shape::String | Shape::Boolean | Shape::Integer { .. } | Shape::Words(_), value) => value.clone(),
            (Shape::Text, value) => self.strings(value, view),
            (Shape::Json, value) => self.document(value, view),
            (Shape::Reference { kinds, .. }, Value::String(text)) => {
                Value::from(self.reference(&self.named(text, view), kinds, view))
            }
            (Shape::Policy, Value::Array(statements)) => {
                statements.iter().map(|statement| self.statement(statement, view)).collect()
            }
            (Shape::Policy, Value::Object(file)) => {
                Value::Object(file.iter().map(|(key, document)| (key.clone(), self.document(document, view))).collect())
            }
            (Shape::OneOrMany(item) | Shape::List(item), Value::Array(items)) => {
                let one_is_enough = matches!(shape, Shape::OneOrMany(_));
                self.list(items, item, one_is_enough, view)
            }
            (Shape::OneOrMany(item), one) => self.value(one, item, view),
            (Shape::Map(item), Value::Object(members)) => {
                Value::Object(members.iter().map(|(key, one)| (key.clone(), self.value(one, item, view))).collect())
            }
            (Shape::Table(table), Value::Object(members)) => Value::Object(self.rewrite(members, table, view)),
            (Shape::Reference { .. } | Shape::Policy | Shape::List(_) | Shape::Map(_) | Shape::Table(_), other) => {
                other.clone()
            }
        }
    }

    /// A list; where it names the same of every account of a group, it names the group instead.
    fn list(&self, items: &[Value], shape: &Shape, one_is_enough: bool, view: View<'_>) -> Value {
        let strings: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
        let (Shape::Text | Shape::Reference { .. }, Some(strings)) = (shape, strings) else {
            return items.iter().map(|item| self.value(item, shape, view)).collect();
        };
        let parts = |text: &&str| match shape {
            Shape::Reference { .. } => self.named(text, view),
            _ => self.parts(text, view),
        };
        let lines: Vec<Vec<Part>> = strings.iter().map(parts).collect();
        // A field that names accounts names each by itself.
        let names_accounts = matches!(shape, Shape::Reference { kinds, .. } if kinds.contains(&ACCOUNT.name));
        let lines = if names_accounts { lines } else { self.grouped(lines) };
        let written: Vec<Value> = lines
            .iter()
            .map(|line| match shape {
                Shape::Reference { kinds, .. } => self.reference(line, kinds, view),
                _ => self.line(line, view),
            })
            .map(Value::from)
            .collect();
        match written.as_slice() {
            [one] if one_is_enough => one.clone(),
            _ => Value::Array(written),
        }
    }

    /// All strings in a value that stands where lists are taken.
    fn strings(&self, value: &Value, view: View<'_>) -> Value {
        match value {
            Value::String(text) => Value::from(self.line(&self.parts(text, view), view)),
            Value::Array(items) => self.list(items, &Shape::Text, true, view),
            Value::Object(members) => {
                Value::Object(members.iter().map(|(key, one)| (key.clone(), self.strings(one, view))).collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    /// A statement as specs write it.
    pub(crate) fn statement(&self, statement: &Value, view: View<'_>) -> Value {
        let Value::Object(elements) = statement else { return statement.clone() };
        let rewritten = elements.iter().map(|(key, value)| {
            let value = match (key.as_str(), value) {
                (key, value) if PLAIN_KEYS.contains(&key) => value.clone(),
                ("principal" | "not_principal", Value::Object(sorts)) => {
                    let sorts = sorts.iter().map(|(sort, named)| {
                        let named =
                            if sort == "account" { self.accounts(named, view) } else { self.strings(named, view) };
                        (sort.clone(), named)
                    });
                    Value::Object(sorts.collect())
                }
                (_, value) => self.strings(value, view),
            };
            (key.clone(), value)
        });
        Value::Object(rewritten.collect())
    }

    /// A JSON document. A string there stands for one string, and lists stay lists.
    pub(crate) fn document(&self, document: &Value, view: View<'_>) -> Value {
        match document {
            Value::Object(members) => {
                Value::Object(members.iter().map(|(key, one)| (key.clone(), self.document(one, view))).collect())
            }
            Value::Array(items) => items.iter().map(|one| self.document(one, view)).collect(),
            other => self.strings(other, view),
        }
    }

    /// Accounts as principals: by their names in the project, their groups', or their ids.
    fn accounts(&self, named: &Value, view: View<'_>) -> Value {
        let ids: Vec<&str> = match named {
            Value::Array(ids) => ids.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect(),
        };
        let lines = ids.into_iter().map(|id| match self.accounts.get(id) {
            Some(name) => vec![Part::Account(name.clone())],
            None => vec![Part::Text(id.to_owned())],
        });
        let mut written: Vec<Value> = self
            .grouped(lines.collect())
            .iter()
            .map(|line| match line.as_slice() {
                [Part::Account(name)] if view.reader != Reader::Each || name != view.account => Value::from(&**name),
                line => Value::from(self.line(line, view)),
            })
            .collect();
        if written.len() == 1 { written.remove(0) } else { Value::Array(written) }
    }

    /// What a field that names a thing is made of.
    fn named(&self, text: &str, view: View<'_>) -> Vec<Part> {
        let by_id = self.ids.get(text).filter(|_| !self.accounts.contains_key(text));
        by_id.map_or_else(|| self.parts(text, view), |part| vec![part.clone()])
    }

    /// A field that names a thing: its address alone, where it is one of ours.
    fn reference(&self, line: &[Part], kinds: &[&str], view: View<'_>) -> String {
        match line {
            [Part::Resource { account, region, name, attribute, reach }]
                if matches!(&**attribute, ARN | ID)
                    && name.split('.').next().is_some_and(|kind| kinds.contains(&kind)) =>
            {
                format!("{}{name}", front(account, region.as_deref(), *reach, view))
            }
            [Part::Account(account)] if kinds.contains(&ACCOUNT.name) => format!("{}.{account}", ACCOUNT.name),
            line => self.line(line, view),
        }
    }

    fn line(&self, line: &[Part], view: View<'_>) -> String {
        let mut text = String::new();
        for part in line {
            // Writing to a string can't fail.
            let _ = match part {
                Part::Text(plain) => write!(text, "{plain}"),
                Part::Resource { account, region, name, attribute, reach } => {
                    write!(text, "${{{}{name}.{attribute}}}", front(account, region.as_deref(), *reach, view))
                }
                Part::Account(account) => {
                    write!(text, "${{{}account.id}}", front(account, None, Reach::Relative, view))
                }
                Part::Waiting(mention) => write!(text, "${{{mention}}}"),
                Part::Region => write!(text, "${{region}}"),
            };
        }
        text
    }

    /// What a string is made of. An ARN that is known goes first; in the rest, ids of accounts and the region.
    fn parts(&self, text: &str, view: View<'_>) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut rest = text;
        if text.starts_with("arn:") {
            let ends = text.char_indices().filter(|(_, c)| matches!(c, '/' | ':')).map(|(at, _)| at);
            let mut ends: Vec<usize> = ends.chain([text.len()]).collect();
            ends.reverse();
            let known =
                ends.iter().find_map(|end| Some((text.split_at_checked(*end)?, self.arns.get(text.get(..*end)?)?)));
            if let Some(((_, behind), part)) = known {
                parts.push(part.clone());
                rest = behind;
            }
        }
        self.places(rest, text, view, &mut parts);
        parts
    }

    /// The ids of accounts and the region in a text, where they stand as words of their own.
    fn places(&self, rest: &str, whole: &str, view: View<'_>, parts: &mut Vec<Part>) {
        // A string that is nothing but a region says which one is meant, wherever it stands.
        let region = view.region.filter(|region| *region != whole);
        let mut plain = String::new();
        let mut at = 0;
        while let Some(behind) = rest.get(at..).filter(|behind| !behind.is_empty()) {
            let is_start = !rest.get(..at).is_some_and(|before| before.ends_with(|c: char| c.is_ascii_alphanumeric()));
            let found = is_start.then(|| self.place(behind, region)).flatten();
            let length = match found {
                Some((part, length)) => {
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(part);
                    length
                }
                None => {
                    let first = behind.chars().next();
                    plain.extend(first);
                    first.map_or(1, char::len_utf8)
                }
            };
            at += length;
        }
        if !plain.is_empty() || parts.is_empty() {
            parts.push(Part::Text(plain));
        }
    }

    /// The place a text begins with, and its length.
    fn place(&self, text: &str, region: Option<&str>) -> Option<(Part, usize)> {
        let ends = |length: usize| {
            !text.get(length..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
        };
        if let Some((token, rest)) = text.strip_prefix(pending::OPEN).and_then(|inner| inner.split_once(pending::CLOSE))
        {
            let length = text.len() - rest.len();
            let known = text.get(..length).and_then(|id| self.accounts.get(id)).cloned();
            let part = known.map_or_else(|| Part::Waiting(token.replacen('#', ".", 1)), Part::Account);
            return Some((part, length));
        }
        let account = text.get(..12).and_then(|id| self.accounts.get(id)).filter(|_| ends(12));
        if let Some(account) = account {
            return Some((Part::Account(account.clone()), 12));
        }
        let region = region.filter(|region| text.starts_with(region) && ends(region.len()))?;
        Some((Part::Region, region.len()))
    }

    /// Lines that are the same but for the account, of which there is one for each account of a group, become one of the group.
    fn grouped(&self, mut lines: Vec<Vec<Part>>) -> Vec<Vec<Part>> {
        for (group, members) in &self.groups {
            let mut alike: BTreeMap<Vec<Part>, BTreeMap<Arc<str>, usize>> = BTreeMap::new();
            for (index, line) in lines.iter().enumerate() {
                if let Some(account) = only_account(line).filter(|account| members.contains(account)) {
                    alike.entry(in_account(line, group)).or_default().insert(account, index);
                }
            }
            let mut gone = BTreeSet::new();
            for (of_group, by_account) in alike.into_iter().filter(|(_, of)| of.len() == members.len()) {
                let mut indices: Vec<usize> = by_account.into_values().collect();
                indices.sort_unstable();
                if let [first, rest @ ..] = indices.as_slice() {
                    lines[*first] = of_group;
                    gone.extend(rest.iter().copied());
                }
            }
            let mut index = 0;
            lines.retain(|_| {
                index += 1;
                !gone.contains(&(index - 1))
            });
        }
        lines
    }
}

/// The groups with more than one account, greatest first.
fn groups(project: &Project) -> Vec<(Arc<str>, BTreeSet<Arc<str>>)> {
    let groups = project.groups.iter().map(|(name, members)| (name.clone(), members.iter().cloned().collect()));
    let mut groups: Vec<(Arc<str>, BTreeSet<Arc<str>>)> =
        groups.filter(|(_, members): &(_, BTreeSet<_>)| members.len() > 1).collect();
    groups.sort_by_key(|(name, members)| (usize::MAX - members.len(), name.clone()));
    groups
}

/// The account a line mentions, if it is one.
fn only_account(line: &[Part]) -> Option<Arc<str>> {
    let mut accounts = line.iter().filter_map(|part| match part {
        Part::Resource { account, .. } | Part::Account(account) => Some(account),
        Part::Text(_) | Part::Region | Part::Waiting(_) => None,
    });
    let first = accounts.next()?;
    accounts.all(|other| other == first).then(|| first.clone())
}

fn in_account(line: &[Part], other: &Arc<str>) -> Vec<Part> {
    let moved = line.iter().cloned().map(|part| match part {
        Part::Resource { account: _, region, name, attribute, reach } => {
            Part::Resource { account: other.clone(), region, name, attribute, reach }
        }
        Part::Account(_) => Part::Account(other.clone()),
        Part::Text(_) | Part::Region | Part::Waiting(_) => part,
    });
    moved.collect()
}

/// What stands in front of an address: the account and the region, unless it is where one stands.
fn front(account: &Arc<str>, region: Option<&str>, reach: Reach, view: View<'_>) -> String {
    let is_here = account == view.account && view.reader != Reader::All && reach == Reach::Relative;
    let account = if is_here { "" } else { &**account };
    let region = region.filter(|region| Some(*region) != view.region || reach == Reach::WithRegion);
    match (account, region) {
        ("", None) => String::new(),
        (account, None) => format!("{account}/"),
        (account, Some(region)) => format!("{account}@{region}/"),
    }
}
