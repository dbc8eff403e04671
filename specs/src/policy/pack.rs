//! One policy spread over several documents, where it is too large for one.
//!
//! All managed policies attached to an identity are taken together
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html>), so that documents say
//! together what their statements say. A statement that is too large for any document is cut along its actions or its resources: it
//! decides each request by one action and one resource of its lists, so that the pieces, each with a share of the list and all else that it
//! says, decide just as the whole. Nothing is ever made wider to be made shorter.

use std::collections::{BTreeMap, BTreeSet};

use super::caseless::Caseless;
use super::model::{Actions, Document, Effect, Resources, Statement};
use super::write::statement_json;
use crate::few::Few;
use crate::pending;

/// How much one document holds.
#[derive(Clone, Copy)]
pub struct Room<'r> {
    /// Characters without white space, as IAM counts.
    pub size_max: usize,
    /// How many characters a value has that is not known yet, by address and attribute; nothing where its length is not known either.
    pub length: &'r dyn Fn(&str, &str) -> Option<usize>,
}

/// Why a policy can't be spread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unpackable {
    /// This statement is too large even alone, and can't be cut.
    TooLarge {
        /// The statement, or the smallest piece of it.
        statement: Box<Statement>,
        /// The size of a document with it alone.
        size: usize,
    },
    /// How large it is depends on this value, which is not known before apply; as people read it.
    Unknown(String),
}

/// A statement and its size within a document, with the comma before the next.
type Piece = (Statement, usize);

impl Room<'_> {
    /// The size of a text.
    fn measure(&self, text: &str) -> Result<usize, Unpackable> {
        let mut unknown = None;
        let known = pending::replace(text, |address, attribute| {
            let length = (self.length)(address, attribute);
            if length.is_none() {
                unknown.get_or_insert_with(|| pending::shown(address, attribute));
            }
            length.map(|length| "0".repeat(length))
        });
        match unknown {
            Some(unknown) => Err(Unpackable::Unknown(unknown)),
            None => Ok(known.chars().filter(|char| !char.is_whitespace()).count()),
        }
    }

    fn statement(&self, statement: &Statement) -> Result<usize, Unpackable> {
        Ok(self.measure(&statement_json(statement).to_string())? + 1)
    }

    /// What is left of a document for its statements. The first needs no comma.
    fn for_statements(&self, like: &Document) -> usize {
        let frame = Document { version: like.version, id: like.id.clone(), statements: Vec::new() };
        (self.size_max + 1).saturating_sub(frame.to_json().chars().count())
    }
}

/// The statements of a document, those that are too large for a document in pieces; the largest first.
fn pieces(document: &Document, room: Room<'_>) -> Result<Vec<Piece>, Unpackable> {
    let max = room.for_statements(document);
    let mut pieces = Vec::new();
    for statement in &document.statements {
        let size = room.statement(statement)?;
        if size <= max {
            pieces.push((statement.clone(), size));
        } else {
            pieces.extend(cut(statement, size, max, room)?);
        }
    }
    // Pieces have no name any more, by which two statements may have differed.
    pieces.sort_by(|(one, size), (other, other_size)| other_size.cmp(size).then_with(|| one.cmp(other)));
    pieces.dedup();
    Ok(pieces)
}

/// The members of a list along which a statement can be cut.
enum List {
    Actions(Few<Caseless>),
    Resources(Few<String>),
}

impl List {
    /// The lists of a statement that have more than one member.
    fn of(statement: &Statement) -> Vec<Self> {
        let mut lists = Vec::new();
        if let Some(Resources::Is(resources)) = &statement.resource {
            lists.push(Self::Resources(resources.clone()));
        }
        if let Actions::Is(actions) = &statement.action {
            lists.push(Self::Actions(actions.clone()));
        }
        lists.retain(|list| list.members().len() > 1);
        lists
    }

    fn members(&self) -> Vec<&str> {
        match self {
            Self::Actions(actions) => actions.iter().map(Caseless::as_str).collect(),
            Self::Resources(resources) => resources.iter().map(String::as_str).collect(),
        }
    }

    /// The statement with these members alone. A name is unique in its document, so that pieces have none.
    fn share(&self, statement: &Statement, members: &[&str]) -> Statement {
        let mut piece = Statement { sid: None, ..statement.clone() };
        match self {
            Self::Actions(_) => {
                piece.action = Actions::Is(members.iter().map(|member| Caseless::from(*member)).collect())
            }
            Self::Resources(_) => {
                piece.resource = Some(Resources::Is(members.iter().map(|member| (*member).to_owned()).collect()));
            }
        }
        piece
    }
}

/// Cuts a statement into as few pieces as go, along its larger list; and pieces that are still too large along the other.
fn cut(statement: &Statement, size: usize, max: usize, room: Room<'_>) -> Result<Vec<Piece>, Unpackable> {
    let mut lists = Vec::new();
    for list in List::of(statement) {
        // In JSON a member has quotation marks and a comma.
        let mut members = Vec::new();
        for member in list.members() {
            members.push((room.measure(&serde_json::Value::from(member).to_string())? + 1, member.to_owned()));
        }
        // What is large first, so that how many pieces come out follows from the sizes alone: a value that becomes known changes nothing.
        members.sort_by(|(size, text), (other_size, other)| other_size.cmp(size).then_with(|| text.cmp(other)));
        lists.push((list, members));
    }
    let whole = |(_, members): &(List, Vec<(usize, String)>)| members.iter().map(|(size, _)| size).sum::<usize>();
    let Some((list, members)) = lists.into_iter().max_by_key(whole) else {
        // Without its comma, and with the frame.
        let size = size - 1 + (room.size_max + 1).saturating_sub(max);
        return Err(Unpackable::TooLarge { statement: Box::new(statement.clone()), size });
    };
    let mut pieces = Vec::new();
    // What each piece has beside its members: two brackets, and one comma less.
    let all: Vec<&str> = members.iter().map(|(_, member)| member.as_str()).collect();
    let beside = room.statement(&list.share(statement, &all))? - members.iter().map(|(size, _)| size).sum::<usize>();
    let mut share: Vec<&str> = Vec::new();
    let mut share_size = beside;
    for (size, member) in &members {
        if !share.is_empty() && share_size + size > max {
            pieces.extend(piece(&list.share(statement, &share), max, room)?);
            share.clear();
            share_size = beside;
        }
        share.push(member);
        share_size += size;
    }
    pieces.extend(piece(&list.share(statement, &share), max, room)?);
    Ok(pieces)
}

/// A piece, or where it is still too large its own pieces.
fn piece(statement: &Statement, max: usize, room: Room<'_>) -> Result<Vec<Piece>, Unpackable> {
    let size = room.statement(statement)?;
    if size <= max { Ok(vec![(statement.clone(), size)]) } else { cut(statement, size, max, room) }
}

/// Spreads a policy over as few documents as first fit finds, the largest statements first. How many they are follows from the sizes of its
/// statements alone, so that it is the same before a value is known and after, if only its length is known.
///
/// # Errors
/// When a statement is too large for a document, or how large it is can't be known.
pub fn spread(document: &Document, room: Room<'_>) -> Result<Vec<Document>, Unpackable> {
    let max = room.for_statements(document);
    let mut parts: Vec<(Vec<Statement>, usize)> = Vec::new();
    for (statement, size) in pieces(document, room)? {
        match parts.iter_mut().find(|(_, taken)| taken + size <= max) {
            Some((statements, taken)) => {
                statements.push(statement);
                *taken += size;
            }
            None => parts.push((vec![statement], size)),
        }
    }
    if parts.is_empty() {
        parts.push((Vec::new(), 0));
    }
    Ok(parts.into_iter().map(|(statements, _)| part(document, statements)).collect())
}

fn part(of: &Document, statements: Vec<Statement>) -> Document {
    Document { version: of.version, id: of.id.clone(), statements }.canonical()
}

/// The policy that documents say together; nothing where no single document can, since they are of different versions of the language.
#[must_use]
pub fn union<'d>(parts: impl IntoIterator<Item = &'d Document>) -> Option<Document> {
    let mut parts = parts.into_iter();
    let mut whole = parts.next()?.clone();
    for part in parts {
        if part.version != whole.version || part.id != whole.id {
            return None;
        }
        whole.statements.extend(part.statements.iter().cloned());
    }
    Some(whole.canonical())
}

/// Spreads a policy so that each statement stays where it is: the first of `held` that has it keeps it, and what nobody has goes where there is
/// room. Nothing if it does not fit that way, or if a document would be left empty.
///
/// `document` is the [`union`] of what [`spread`] returned.
#[must_use]
pub fn keep(document: &Document, held: &[Option<&Document>], room: Room<'_>) -> Option<Vec<Document>> {
    let max = room.for_statements(document);
    let mut parts: Vec<(Vec<Statement>, usize)> = vec![(Vec::new(), 0); held.len()];
    let mut homeless = Vec::new();
    for (statement, size) in pieces(document, room).ok()? {
        let home = held.iter().position(|part| part.is_some_and(|part| part.statements.contains(&statement)));
        match home.and_then(|home| parts.get_mut(home)).filter(|(_, taken)| taken + size <= max) {
            Some((statements, taken)) => {
                statements.push(statement);
                *taken += size;
            }
            None => homeless.push((statement, size)),
        }
    }
    for (statement, size) in homeless {
        // An empty document is none that IAM takes.
        let empty = parts.iter().position(|(statements, _)| statements.is_empty());
        let home = empty.or_else(|| parts.iter().position(|(_, taken)| taken + size <= max))?;
        let (statements, taken) = parts.get_mut(home)?;
        statements.push(statement);
        *taken += size;
    }
    let is_whole = parts.iter().all(|(statements, _)| !statements.is_empty());
    is_whole.then(|| parts.into_iter().map(|(statements, _)| part(document, statements)).collect())
}

/// In which order documents are rewritten so that a statement that moves from one to another is in the other before it leaves the one; the
/// indices of those that change. Where that can't be for all, it is so for those that deny. Nothing if not even that can be.
#[must_use]
pub fn order(before: &[Option<&Document>], after: &[Document]) -> Option<Vec<usize>> {
    let said = |index: usize| before.get(index).copied().flatten().map_or(&[][..], |document| &document.statements);
    let changed: Vec<usize> =
        (0..after.len()).filter(|index| before.get(*index).copied().flatten() != after.get(*index)).collect();
    let lost = |index: usize| {
        let left = after.get(index).map_or(&[][..], |document| &document.statements);
        said(index).iter().filter(|statement| !left.contains(statement)).collect::<Vec<_>>()
    };
    let gained = |index: usize| {
        let now = after.get(index).map_or(&[][..], |document| &document.statements);
        now.iter().filter(|statement| !said(index).contains(statement)).collect::<Vec<_>>()
    };
    let waits = |is_meant: &dyn Fn(&Statement) -> bool| -> BTreeMap<usize, BTreeSet<usize>> {
        let for_one = |index: &usize| {
            let lost = lost(*index);
            let others = changed.iter().filter(|other| *other != index);
            let giving = others.filter(|other| {
                let gained = gained(**other);
                lost.iter().any(|lost| is_meant(lost) && gained.iter().any(|gained| overlap(lost, gained)))
            });
            (*index, giving.copied().collect())
        };
        changed.iter().map(for_one).collect()
    };
    sorted(waits(&|_| true)).or_else(|| sorted(waits(&|statement| statement.effect == Effect::Deny)))
}

/// Whether one statement takes over something that another says.
fn overlap(one: &Statement, other: &Statement) -> bool {
    let actions = match (&one.action, &other.action) {
        (Actions::Is(one), Actions::Is(other)) => one.iter().any(|member| other.contains(member)),
        (one, other) => one == other,
    };
    let resources = match (&one.resource, &other.resource) {
        (Some(Resources::Is(one)), Some(Resources::Is(other))) => one.iter().any(|member| other.contains(member)),
        (one, other) => one == other,
    };
    one.effect == other.effect && one.condition == other.condition && actions && resources
}

/// Each after those it waits for; nothing in a circle.
fn sorted(mut waits: BTreeMap<usize, BTreeSet<usize>>) -> Option<Vec<usize>> {
    let mut sorted = Vec::with_capacity(waits.len());
    while !waits.is_empty() {
        let free = *waits.iter().find(|(_, others)| others.is_empty())?.0;
        waits.remove(&free);
        waits.values_mut().for_each(|others| {
            others.remove(&free);
        });
        sorted.push(free);
    }
    Some(sorted)
}
