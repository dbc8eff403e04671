//! The order of operations.
//!
//! Edges belong to operations, not to resources: a role and a key whose policies name each other have an order, since the role's shell
//! comes first, then the key, then what names it. Nobody lists edges. They are found from what operations say they need, create,
//! release and destroy (what is destroyed and created anew under the same name too), and from the tokens of values that an earlier operation makes known.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use serde_json::Value;
use trueup_specs::pending;

use crate::kind::{AnyKind, At, OpInfo};

/// An operation that has no place in the order yet.
pub struct Draft {
    /// Index of its change.
    pub change: usize,
    /// Its kind.
    pub kind: &'static dyn AnyKind,
    /// Where it acts.
    pub at: At,
    /// The operation.
    pub op: Value,
    /// What it is to the engine.
    pub info: OpInfo,
}

/// An operation in its place.
pub struct Ordered {
    /// The operation.
    pub draft: Draft,
    /// What it waits for, as indices before its own.
    pub after: Vec<usize>,
    /// It needs something that this plan makes.
    pub fresh: bool,
}

/// Operations that wait for each other in a circle, and that no kind can cut in two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circle {
    /// What each does, in the order of waiting.
    pub titles: Vec<String>,
    /// Indices of their changes.
    pub changes: Vec<usize>,
}

struct Edges {
    graph: DiGraph<(), ()>,
    /// Edges that are only better kept than not.
    soft: Vec<(NodeIndex, NodeIndex)>,
    fresh: HashSet<usize>,
}

/// Brings operations into an order in which each comes after all it waits for; among those that are free, in the order given.
///
/// # Errors
/// [`Circle`] when there is none.
pub fn order(mut drafts: Vec<Draft>) -> Result<Vec<Ordered>, Circle> {
    loop {
        let mut edges = edges(&drafts);
        if !circles(&edges.graph).is_empty() {
            edges.drop_soft_in_circles();
        }
        let circles = circles(&edges.graph);
        if circles.is_empty() {
            return Ok(sort(drafts, &edges));
        }
        let members: HashSet<usize> = circles.iter().flatten().copied().collect();
        let count = drafts.len();
        drafts = split(drafts, &members);
        if drafts.len() == count {
            return Err(circle(&drafts, &circles, &edges.graph));
        }
    }
}

/// The operations that wait for each other, by circle.
fn circles(graph: &DiGraph<(), ()>) -> Vec<Vec<usize>> {
    let is_circle = |members: &Vec<NodeIndex>| {
        members.len() > 1 || members.first().is_some_and(|only| graph.contains_edge(*only, *only))
    };
    let indices = |members: Vec<NodeIndex>| members.into_iter().map(NodeIndex::index).collect();
    tarjan_scc(graph).into_iter().filter(is_circle).map(indices).collect()
}

impl Edges {
    /// Takes out the soft edges that are part of a circle; the others stay.
    fn drop_soft_in_circles(&mut self) {
        let mut circle_of: HashMap<NodeIndex, usize> = HashMap::new();
        for (number, members) in circles(&self.graph).into_iter().enumerate() {
            circle_of.extend(members.into_iter().map(|index| (NodeIndex::new(index), number)));
        }
        for (from, to) in std::mem::take(&mut self.soft) {
            let together = circle_of.get(&from).is_some_and(|number| circle_of.get(&to) == Some(number));
            if let Some(edge) = self.graph.find_edge(from, to).filter(|_| together) {
                self.graph.remove_edge(edge);
            }
        }
    }
}

/// Cuts every operation of a circle in two that its kind can cut.
fn split(drafts: Vec<Draft>, members: &HashSet<usize>) -> Vec<Draft> {
    let mut result = Vec::with_capacity(drafts.len() + members.len());
    for (index, draft) in drafts.into_iter().enumerate() {
        let parts = if members.contains(&index) { draft.kind.split(&draft.at, &draft.op) } else { None };
        let Some(parts) = parts else {
            result.push(draft);
            continue;
        };
        for op in parts {
            let info = draft.kind.info(&draft.at, &op);
            result.push(Draft { change: draft.change, kind: draft.kind, at: draft.at.clone(), op, info });
        }
    }
    result
}

fn edges(drafts: &[Draft]) -> Edges {
    let mut creators: HashMap<&str, usize> = HashMap::new();
    let mut needers: HashMap<&str, Vec<usize>> = HashMap::new();
    let handed_over: HashSet<&str> =
        drafts.iter().flat_map(|draft| &draft.info.taken_over_by).map(String::as_str).collect();
    let mut releasers: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut unnamers: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut destroyers: HashMap<&str, usize> = HashMap::new();
    let mut sources: HashMap<(&str, &str), usize> = HashMap::new();
    for (index, draft) in drafts.iter().enumerate() {
        for id in &draft.info.creates {
            creators.insert(id, index);
        }
        for id in draft.info.needs.iter().filter(|id| handed_over.contains(id.as_str())) {
            needers.entry(id).or_default().push(index);
        }
        for id in &draft.info.releases {
            releasers.entry(id).or_default().push(index);
        }
        for id in &draft.info.unnames {
            unnamers.entry(id).or_default().push(index);
        }
        for id in &draft.info.destroys {
            destroyers.insert(id, index);
        }
        for attribute in draft.info.yields {
            sources.insert((&draft.at.address, attribute), index);
        }
    }
    let mut graph = DiGraph::with_capacity(drafts.len(), drafts.len());
    for _ in drafts {
        graph.add_node(());
    }
    let mut fresh = HashSet::new();
    // Looking an edge up in the graph walks a node's edges, and thousands of roles may wait for one key.
    let mut drawn: HashSet<(usize, usize)> = HashSet::new();
    let mut edge = |from: usize, to: usize| {
        if drawn.insert((from, to)) {
            graph.add_edge(NodeIndex::new(from), NodeIndex::new(to), ());
        }
    };
    let mut softly = Vec::new();
    let mut previous: Option<usize> = None;
    for (index, draft) in drafts.iter().enumerate() {
        if let Some(previous) = previous.filter(|previous| drafts[*previous].change == draft.change) {
            edge(previous, index);
        }
        previous = Some(index);
        // A name is free again once what had it is gone: an alias goes from one key before another gets it.
        for destroyer in draft.info.creates.iter().filter_map(|id| destroyers.get(&**id)).filter(|at| **at != index) {
            edge(*destroyer, index);
        }
        let needed = draft.info.needs.iter().filter_map(|id| creators.get(&**id).copied());
        let mut tokens = tokens(&draft.op);
        // What is in an account comes after the account.
        collect_tokens_of(&draft.at.account_id, &mut tokens);
        let awaited =
            tokens.iter().filter_map(|(address, attribute)| sources.get(&(&**address, &**attribute)).copied());
        for source in needed.chain(awaited) {
            edge(source, index);
            fresh.insert(index);
        }
        for id in &draft.info.destroys {
            for releaser in releasers.get(&**id).into_iter().flatten().filter(|releaser| **releaser != index) {
                edge(*releaser, index);
            }
            for unnamer in unnamers.get(&**id).into_iter().flatten().filter(|unnamer| **unnamer != index) {
                softly.push((*unnamer, index));
            }
        }
        let others =
            |all: Option<&Vec<usize>>| all.into_iter().flatten().copied().filter(|other| *other != index).collect();
        for id in &draft.info.taken_over_by {
            let needers: Vec<usize> = others(needers.get(&**id));
            softly.extend(needers.into_iter().map(|needer| (needer, index)));
        }
        for id in &draft.info.takes_over {
            let releasers: Vec<usize> = others(releasers.get(&**id));
            softly.extend(releasers.into_iter().map(|releaser| (index, releaser)));
        }
    }
    // An edge that is there for a stronger reason stays in a circle too.
    let mut soft = Vec::new();
    for (from, to) in softly {
        if drawn.insert((from, to)) {
            let (from, to) = (NodeIndex::new(from), NodeIndex::new(to));
            graph.add_edge(from, to, ());
            soft.push((from, to));
        }
    }
    Edges { graph, soft, fresh }
}

/// The tokens anywhere in an operation, as address and attribute.
#[must_use]
pub fn tokens(op: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect_tokens(op, &mut found);
    found
}

/// The tokens in a text.
pub(crate) fn collect_tokens_of(text: &str, found: &mut Vec<(String, String)>) {
    found.extend(pending::tokens(text).map(|(address, attribute)| (address.to_owned(), attribute.to_owned())));
}

fn collect_tokens(value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::String(text) => collect_tokens_of(text, found),
        Value::Array(items) => items.iter().for_each(|item| collect_tokens(item, found)),
        Value::Object(members) => {
            for (key, member) in members {
                collect_tokens_of(key, found);
                collect_tokens(member, found);
            }
        }
    }
}

/// Kahn's sort; of the operations that are free the first given goes first, so that equal input gives equal output.
fn sort(drafts: Vec<Draft>, edges: &Edges) -> Vec<Ordered> {
    let mut waiting: Vec<usize> = edges
        .graph
        .node_indices()
        .map(|node| edges.graph.neighbors_directed(node, petgraph::Incoming).count())
        .collect();
    let mut free: BinaryHeap<Reverse<usize>> =
        (0..drafts.len()).filter(|index| waiting[*index] == 0).map(Reverse).collect();
    let mut place = vec![0; drafts.len()];
    let mut sequence = Vec::with_capacity(drafts.len());
    while let Some(Reverse(index)) = free.pop() {
        place[index] = sequence.len();
        sequence.push(index);
        for next in edges.graph.neighbors(NodeIndex::new(index)).map(NodeIndex::index) {
            waiting[next] -= 1;
            if waiting[next] == 0 {
                free.push(Reverse(next));
            }
        }
    }
    let mut drafts: Vec<Option<Draft>> = drafts.into_iter().map(Some).collect();
    sequence
        .into_iter()
        .filter_map(|index| {
            let mut after: Vec<usize> = edges
                .graph
                .neighbors_directed(NodeIndex::new(index), petgraph::Incoming)
                .map(|before| place[before.index()])
                .collect();
            after.sort_unstable();
            Some(Ordered { draft: drafts[index].take()?, after, fresh: edges.fresh.contains(&index) })
        })
        .collect()
}

/// Walks one circle along its edges, so that it can be told as a path.
fn circle(drafts: &[Draft], circles: &[Vec<usize>], graph: &DiGraph<(), ()>) -> Circle {
    let members: HashSet<usize> = circles.first().into_iter().flatten().copied().collect();
    let mut path: Vec<usize> = Vec::new();
    let mut next = members.iter().min().copied();
    while let Some(index) = next.filter(|index| !path.contains(index)) {
        path.push(index);
        next = graph.neighbors(NodeIndex::new(index)).map(NodeIndex::index).filter(|n| members.contains(n)).min();
    }
    if let Some(start) = next.and_then(|next| path.iter().position(|index| *index == next)) {
        path.drain(..start);
    }
    Circle {
        titles: path.iter().map(|index| drafts[*index].info.title.clone()).collect(),
        changes: path.iter().map(|index| drafts[*index].change).collect(),
    }
}
