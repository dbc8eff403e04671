//! What changes from one document to another, statement by statement.

use std::collections::{BTreeMap, BTreeSet};

use super::condition::Conditions;
use super::model::{Actions, Document, Principal, Principals, Resources, Statement};

/// Statements whose likeness is at least this, in thousandths, are shown as one that changed.
const LIKENESS_MIN: usize = 500;

/// The most pairs that are compared for likeness; beyond, statements are shown as removed and added.
///
/// Documents AWS would take stay far below: a key policy of 32 KiB has room for some 300 statements.
const PAIRS_MAX: usize = 250_000;

/// One change of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatementChange<'a> {
    /// Outside the statements: `Version` or `Id`, and with them the document as such.
    Header {
        /// What changes.
        elements: Vec<ElementChange>,
    },
    /// Only the document before has it.
    Removed(&'a Statement),
    /// Only the document after has it.
    Added(&'a Statement),
    /// One statement in both, with a difference.
    Changed {
        /// As it was.
        before: &'a Statement,
        /// As it becomes.
        after: &'a Statement,
        /// What changes, in the order of [`ElementChange::element`] that documents are written in.
        elements: Vec<ElementChange>,
    },
}

/// The change of one element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElementChange {
    /// The element's name in documents, such as `Action`.
    pub element: &'static str,
    /// Members that come, as a person reads them.
    pub added: Vec<String>,
    /// Members that go.
    pub removed: Vec<String>,
}

/// What changes from `before` to `after`; nothing if they are equal.
///
/// Statements are paired by `Sid`, then by likeness; equal ones are left out, and their order is none.
#[must_use]
pub fn difference<'a>(before: Option<&'a Document>, after: Option<&'a Document>) -> Vec<StatementChange<'a>> {
    let mut changes = Vec::new();
    let header = element_changes(&header(before), &header(after));
    if !header.is_empty() {
        changes.push(StatementChange::Header { elements: header });
    }
    let mut statements = statement_changes(statements(before), statements(after));
    statements.sort_by_key(|change| match change {
        StatementChange::Header { .. } => None,
        StatementChange::Removed(statement) | StatementChange::Added(statement) => Some(*statement),
        StatementChange::Changed { after, .. } => Some(*after),
    });
    changes.extend(statements);
    changes
}

fn statements(document: Option<&Document>) -> BTreeSet<&Statement> {
    document.into_iter().flat_map(|document| &document.statements).collect()
}

fn statement_changes<'a>(before: BTreeSet<&'a Statement>, after: BTreeSet<&'a Statement>) -> Vec<StatementChange<'a>> {
    let mut gone: Vec<Side<'a>> = before.difference(&after).map(|statement| Side::of(statement)).collect();
    let mut come: Vec<Side<'a>> = after.difference(&before).map(|statement| Side::of(statement)).collect();
    let mut changes = Vec::new();
    for (old, new) in pairs_by_sid(&gone, &come).into_iter().chain(pairs_by_likeness(&gone, &come)) {
        let (Some(before), Some(after)) = (gone.get_mut(old), come.get_mut(new)) else {
            continue;
        };
        if before.is_paired || after.is_paired {
            continue;
        }
        before.is_paired = true;
        after.is_paired = true;
        changes.push(StatementChange::Changed {
            before: before.statement,
            after: after.statement,
            elements: element_changes(&before.facts, &after.facts),
        });
    }
    let unpaired = |sides: Vec<Side<'a>>| sides.into_iter().filter(|side| !side.is_paired).map(|side| side.statement);
    changes.extend(unpaired(gone).map(StatementChange::Removed));
    changes.extend(unpaired(come).map(StatementChange::Added));
    changes
}

/// A statement that the other document does not have.
struct Side<'a> {
    statement: &'a Statement,
    facts: Facts,
    is_paired: bool,
}

impl<'a> Side<'a> {
    fn of(statement: &'a Statement) -> Self {
        Self { statement, facts: facts(statement), is_paired: false }
    }
}

/// Positions of statements that share a `Sid` no other statement of their side has.
fn pairs_by_sid(gone: &[Side<'_>], come: &[Side<'_>]) -> Vec<(usize, usize)> {
    let come = by_sid(come);
    let pairs = by_sid(gone).into_iter().filter_map(|(sid, old)| match (old, come.get(sid)) {
        (Some(old), Some(Some(new))) => Some((old, *new)),
        _ => None,
    });
    pairs.collect()
}

/// Where each `Sid` is; nothing for one that is there twice.
fn by_sid<'s>(sides: &'s [Side<'_>]) -> BTreeMap<&'s str, Option<usize>> {
    let mut positions = BTreeMap::new();
    for (position, side) in sides.iter().enumerate() {
        if let Some(sid) = &side.statement.sid {
            positions.entry(sid.as_str()).and_modify(|position| *position = None).or_insert(Some(position));
        }
    }
    positions
}

/// Positions of statements that are alike, the most alike first.
fn pairs_by_likeness(gone: &[Side<'_>], come: &[Side<'_>]) -> Vec<(usize, usize)> {
    if gone.len().saturating_mul(come.len()) > PAIRS_MAX {
        return Vec::new();
    }
    let mut pairs = Vec::new();
    for (old, before) in gone.iter().enumerate() {
        for (new, after) in come.iter().enumerate() {
            let likeness = likeness(&before.facts, &after.facts);
            if likeness >= LIKENESS_MIN {
                pairs.push((likeness, old, new));
            }
        }
    }
    pairs.sort_by_key(|(likeness, old, new)| (usize::MAX - likeness, *old, *new));
    pairs.into_iter().map(|(_, old, new)| (old, new)).collect()
}

/// How much two statements share, in thousandths; name and effect don't count, most statements share an effect.
fn likeness(before: &Facts, after: &Facts) -> usize {
    let telling = |facts: &Facts| facts.keys().filter(|(element, _)| *element > Element::Effect).count();
    let total = telling(before) + telling(after);
    let common = before.keys().filter(|key| key.0 > Element::Effect && after.contains_key(*key)).count();
    (2_000 * common).checked_div(total).unwrap_or(0)
}

/// An element, in the order documents are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Element {
    Version,
    Id,
    Sid,
    Effect,
    Principal,
    NotPrincipal,
    Action,
    NotAction,
    Resource,
    NotResource,
    Condition,
}

impl Element {
    fn name(self) -> &'static str {
        match self {
            Self::Version => "Version",
            Self::Id => "Id",
            Self::Sid => "Sid",
            Self::Effect => "Effect",
            Self::Principal => "Principal",
            Self::NotPrincipal => "NotPrincipal",
            Self::Action => "Action",
            Self::NotAction => "NotAction",
            Self::Resource => "Resource",
            Self::NotResource => "NotResource",
            Self::Condition => "Condition",
        }
    }
}

/// The members of all elements, by what they are compared by, with what is shown of them.
type Facts = BTreeMap<(Element, String), String>;

/// Shown for an element that is there and lists nothing.
const NOTHING: &str = "(nothing)";

fn element_changes(before: &Facts, after: &Facts) -> Vec<ElementChange> {
    let mut changes: BTreeMap<Element, ElementChange> = BTreeMap::new();
    let mut change = |element: Element, is_added: bool, shown: &str| {
        let change = changes.entry(element).or_insert_with(|| ElementChange {
            element: element.name(),
            added: Vec::new(),
            removed: Vec::new(),
        });
        let members = if is_added { &mut change.added } else { &mut change.removed };
        members.push(shown.to_owned());
    };
    for (key, shown) in before {
        if !after.contains_key(key) {
            change(key.0, false, shown);
        }
    }
    for (key, shown) in after {
        if !before.contains_key(key) {
            change(key.0, true, shown);
        }
    }
    changes.into_values().collect()
}

fn header(document: Option<&Document>) -> Facts {
    let mut facts = Facts::new();
    let Some(Document { version, id, statements: _ }) = document else {
        return facts;
    };
    insert(&mut facts, Element::Version, version.as_str());
    if let Some(id) = id {
        insert(&mut facts, Element::Id, id);
    }
    facts
}

fn facts(statement: &Statement) -> Facts {
    let Statement { sid, effect, principal, action, resource, condition } = statement;
    let mut facts = Facts::new();
    if let Some(sid) = sid {
        insert(&mut facts, Element::Sid, sid);
    }
    insert(&mut facts, Element::Effect, effect.as_str());
    match principal {
        None => {}
        Some(Principals::Is(named)) => insert_all(&mut facts, Element::Principal, named.iter().map(shown_principal)),
        Some(Principals::Not(named)) => {
            insert_all(&mut facts, Element::NotPrincipal, named.iter().map(shown_principal));
        }
    }
    let (element, actions) = match action {
        Actions::Is(actions) => (Element::Action, actions),
        Actions::Not(actions) => (Element::NotAction, actions),
    };
    insert_all(&mut facts, element, actions.iter().map(|action| (action.folded(), action.to_string())));
    match resource {
        None => {}
        Some(Resources::Is(resources)) => {
            insert_all(&mut facts, Element::Resource, resources.iter().map(|resource| same(resource)))
        }
        Some(Resources::Not(resources)) => {
            insert_all(&mut facts, Element::NotResource, resources.iter().map(|resource| same(resource)))
        }
    }
    insert_conditions(&mut facts, condition);
    facts
}

fn insert(facts: &mut Facts, element: Element, text: &str) {
    facts.insert((element, text.to_owned()), text.to_owned());
}

fn insert_all(facts: &mut Facts, element: Element, members: impl Iterator<Item = (String, String)>) {
    let count = facts.len();
    facts.extend(members.map(|(key, shown)| ((element, key), shown)));
    if facts.len() == count {
        insert(facts, element, NOTHING);
    }
}

fn insert_conditions(facts: &mut Facts, conditions: &Conditions) {
    for (operator, keys) in conditions {
        for (key, values) in keys {
            let test = (operator.folded(), key.folded());
            let mut insert = |value: Option<&String>| {
                let value_shown = value.map_or(NOTHING, String::as_str);
                let shown = format!("{operator} {key} = {value_shown}");
                facts.insert((Element::Condition, format!("{test:?} {value:?}")), shown);
            };
            if values.is_empty() {
                insert(None);
            }
            for value in values {
                insert(Some(value));
            }
        }
    }
}

fn same(text: &str) -> (String, String) {
    (text.to_owned(), text.to_owned())
}

fn shown_principal(principal: &Principal) -> (String, String) {
    let shown = match principal {
        Principal::Everyone => "*".to_owned(),
        Principal::Aws(_) | Principal::CanonicalUser(_) | Principal::Federated(_) | Principal::Service(_) => {
            let (key, value) = principal.parts();
            format!("{key} {value}")
        }
    };
    (shown.clone(), shown)
}
