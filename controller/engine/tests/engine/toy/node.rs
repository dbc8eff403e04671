//! A named thing that names others.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Export, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::policy::{Document, Use};
use trueup_specs::resolve::Resolver;
use trueup_specs::{OneOrMany, PolicySpec, Reference, Text, spec};

use super::{Tags, Thing, tag_change};

pub(crate) const SOURCE: &str = "nodes";

spec! {
    /// A node.
    pub(crate) struct NodeSpec {
        /// Its name. Default: the name in the address.
        pub name: Option<Text>,
        /// In front of its name in the ARN, for good. Default: `/`.
        pub path: Option<Text>,
        /// What it is of, for good, and in no ARN.
        pub material: Option<Text>,
        /// What it is for.
        pub note: Option<Text>,
        /// Whose it is: must exist when it is made.
        pub owner: Option<Reference<Thing>>,
        /// What it names: must exist when put, and can't be dropped as long as it is named.
        pub peers: OneOrMany<Reference<Thing>>,
        /// Who may use it.
        pub trust: Option<PolicySpec>,
    }
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NodeModel {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) material: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) peers: BTreeSet<String>,
    pub(crate) trust: Option<Document>,
    pub(crate) tags: Tags,
}

impl NodeModel {
    /// Whether its note can't be read: so says what it is of.
    fn is_hidden(&self) -> bool {
        self.material.as_deref() == Some("lead")
    }
}

/// One call on one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NodeOp {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) call: NodeCall,
}

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum NodeCall {
    Make {
        material: Option<String>,
        note: Option<String>,
        owner: Option<String>,
        peers: BTreeSet<String>,
        trust: Option<Document>,
        tags: Tags,
    },
    PutNote(Option<String>),
    PutOwner {
        owner: Option<String>,
        unnames: Option<String>,
    },
    PutPeers {
        peers: BTreeSet<String>,
        adds: Vec<String>,
        unnames: Vec<String>,
    },
    PutTrust(Option<Document>),
    Tag(Tags),
    Untag(Vec<String>),
    Drop,
}

/// What a source finds: all nodes of an account.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct NodeFacts(pub(crate) Vec<NodeModel>, pub(crate) String);

/// The kind `node`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node;

static SCHEMA: KindSchema = KindSchema {
    name: "node",
    summary: "A node.",
    scope: KindScope::Account,
    stateful: false,
    taggable: true,
    attributes: &[("arn", "Its ARN."), ("name", "Its name.")],
    shape: shape_of::<NodeSpec>,
    decode: decode_any::<NodeSpec>,
};

pub(crate) fn arn(account_id: &str, path: &str, name: &str) -> String {
    format!("arn:aws:toy::{account_id}:node{path}{name}")
}

fn name(spec: &NodeSpec, cx: &mut Resolver<'_>) -> String {
    match &spec.name {
        Some(name) => cx.text(name),
        None => cx.address().name.to_string(),
    }
}

fn path(spec: &NodeSpec, cx: &mut Resolver<'_>) -> String {
    spec.path.as_ref().map_or_else(|| "/".to_owned(), |path| cx.text(path))
}

impl Kind for Node {
    type Spec = NodeSpec;
    type Model = NodeModel;
    type Op = NodeOp;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn sources() -> &'static [&'static str] {
        &[SOURCE]
    }

    fn identity(spec: &NodeSpec, at: &At, cx: &mut Resolver<'_>) -> Identity {
        let (name, path) = (name(spec, cx), path(spec, cx));
        let claim = Some(format!("toy {} node/{name}", at.account_id));
        let outputs = [("arn", arn(&at.account_id, &path, &name)), ("name", name.clone())];
        Identity { name, claim, outputs: outputs.map(|(key, value)| (key.to_owned(), value)).into() }
    }

    fn desired(spec: &NodeSpec, _: &At, cx: &mut Resolver<'_>) -> Option<NodeModel> {
        let NodeSpec { name: _, path: _, material, note, owner, peers, trust } = spec;
        Some(NodeModel {
            name: name(spec, cx),
            path: path(spec, cx),
            material: material.as_ref().map(|text| cx.text(text)),
            note: note.as_ref().map(|text| cx.text(text)),
            owner: owner.as_ref().map(|owner| cx.reference(owner)),
            peers: cx.references(peers).into_iter().collect(),
            trust: match trust {
                Some(trust) => Some(cx.policy(trust, Use::Trust)?),
                None => None,
            },
            tags: cx.tags(),
        })
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<NodeModel>>, Unread> {
        let NodeFacts(nodes, account_id) = facts.get(SOURCE, scope)?;
        let live = |model: &NodeModel| {
            let outputs = [("arn", arn(account_id, &model.path, &model.name)), ("name", model.name.clone())];
            let outputs = outputs.map(|(key, value)| (key.to_owned(), value)).into();
            let mut model = model.clone();
            if model.is_hidden() {
                model.note = None;
            }
            Live { name: model.name.clone(), model, outputs }
        };
        Ok(nodes.iter().map(live).collect())
    }

    fn unchecked(facts: &Facts, scope: &Scope, name: &str) -> BTreeMap<String, Unread> {
        let Ok(NodeFacts(nodes, _)) = facts.get(SOURCE, scope) else { return BTreeMap::new() };
        let is_hidden = nodes.iter().any(|node| node.name == name && node.is_hidden());
        let why = Unread { call: "toy:GetNote".to_owned(), why: "AccessDenied".to_owned(), help: None };
        is_hidden.then(|| ("note".to_owned(), why)).into_iter().collect()
    }

    fn tags(model: &NodeModel) -> Option<&Tags> {
        Some(&model.tags)
    }

    fn tags_mut(model: &mut NodeModel) -> Option<&mut Tags> {
        Some(&mut model.tags)
    }

    fn ops(_: &At, before: Option<&NodeModel>, after: Option<&NodeModel>) -> Result<Steps<NodeOp>, Refusal> {
        let mut replaces = Vec::new();
        let ops = match (before, after) {
            (None, None) => Vec::new(),
            (None, Some(after)) => creation(after),
            (Some(before), None) => removal(before),
            (Some(before), Some(after)) => {
                let fixed = [
                    ("name", before.name != after.name),
                    ("path", before.path != after.path),
                    ("material", before.material != after.material),
                ];
                replaces.extend(fixed.iter().filter(|(_, differs)| *differs).map(|(field, _)| *field));
                if replaces.is_empty() { changes(before, after) } else { [removal(before), creation(after)].concat() }
            }
        };
        Ok(Steps { ops, replaces })
    }

    fn split(_: &At, op: &NodeOp) -> Option<Vec<NodeOp>> {
        let parts = match &op.call {
            NodeCall::Make { material, note, owner, peers, trust, tags } if !peers.is_empty() => vec![
                NodeCall::Make {
                    material: material.clone(),
                    note: note.clone(),
                    owner: owner.clone(),
                    peers: BTreeSet::new(),
                    trust: trust.clone(),
                    tags: tags.clone(),
                },
                NodeCall::PutPeers { peers: peers.clone(), adds: peers.iter().cloned().collect(), unnames: Vec::new() },
            ],
            NodeCall::PutOwner { owner: Some(owner), unnames: Some(unnames) } => vec![
                NodeCall::PutOwner { owner: None, unnames: Some(unnames.clone()) },
                NodeCall::PutOwner { owner: Some(owner.clone()), unnames: None },
            ],
            NodeCall::PutPeers { peers, adds, unnames } if !adds.is_empty() && !unnames.is_empty() => {
                let kept = peers.iter().filter(|peer| !adds.contains(peer)).cloned().collect();
                vec![
                    NodeCall::PutPeers { peers: kept, adds: Vec::new(), unnames: unnames.clone() },
                    NodeCall::PutPeers { peers: peers.clone(), adds: adds.clone(), unnames: Vec::new() },
                ]
            }
            NodeCall::Make { .. }
            | NodeCall::PutNote(_)
            | NodeCall::PutOwner { .. }
            | NodeCall::PutPeers { .. }
            | NodeCall::PutTrust(_)
            | NodeCall::Tag(_)
            | NodeCall::Untag(_)
            | NodeCall::Drop => return None,
        };
        let whole = |call| NodeOp { call, ..op.clone() };
        Some(parts.into_iter().map(whole).collect())
    }

    fn follow(_: &At, model: &NodeModel, replaced: &str) -> Vec<NodeOp> {
        let mut calls = Vec::new();
        let gone = replaced.to_owned();
        if model.owner.as_deref() == Some(replaced) {
            calls.push(NodeCall::PutOwner { owner: None, unnames: Some(gone.clone()) });
            calls.push(NodeCall::PutOwner { owner: Some(gone.clone()), unnames: None });
        }
        if model.peers.contains(replaced) {
            let without = model.peers.iter().filter(|peer| **peer != gone).cloned().collect();
            calls.push(NodeCall::PutPeers { peers: without, adds: Vec::new(), unnames: vec![gone.clone()] });
            calls.push(NodeCall::PutPeers { peers: model.peers.clone(), adds: vec![gone], unnames: Vec::new() });
        }
        on(model, calls)
    }

    fn info(at: &At, op: &NodeOp) -> OpInfo {
        let NodeOp { name, path, call } = op;
        let arn = arn(&at.account_id, path, name);
        let of = |call, title: &str| OpInfo {
            call,
            resource: arn.clone(),
            title: format!("{title} node {name}"),
            ..OpInfo::default()
        };
        let adds = |call, title: &str| OpInfo { needs: vec![arn.clone()], ..of(call, title) };
        match call {
            NodeCall::Make { owner, peers, material: _, note: _, trust: _, tags: _ } => OpInfo {
                needs: peers.iter().cloned().chain(owner.clone()).collect(),
                creates: vec![arn.clone()],
                ..of("toy:MakeNode", "make")
            },
            NodeCall::PutNote(_) => adds("toy:PutNote", "put the note of"),
            NodeCall::PutOwner { owner: None, unnames } => {
                OpInfo { releases: unnames.iter().cloned().collect(), ..of("toy:PutOwner", "take the owner from") }
            }
            NodeCall::PutOwner { owner: Some(owner), unnames } => OpInfo {
                needs: vec![arn.clone(), owner.clone()],
                releases: unnames.iter().cloned().collect(),
                ..of("toy:PutOwner", "put the owner of")
            },
            // What only takes away needs no node to be made: in a replacement it comes before that.
            NodeCall::PutPeers { peers: _, adds, unnames } if adds.is_empty() => {
                OpInfo { releases: unnames.clone(), ..of("toy:PutPeers", "take peers from") }
            }
            NodeCall::PutPeers { peers: _, adds, unnames } => OpInfo {
                needs: adds.iter().cloned().chain([arn.clone()]).collect(),
                releases: unnames.clone(),
                ..of("toy:PutPeers", "put the peers of")
            },
            NodeCall::PutTrust(_) => adds("toy:PutTrust", "put the trust of"),
            NodeCall::Tag(_) => adds("toy:TagNode", "tag"),
            NodeCall::Untag(_) => of("toy:UntagNode", "untag"),
            NodeCall::Drop => OpInfo { destroys: vec![arn.clone()], ..of("toy:DropNode", "drop") },
        }
    }

    fn export(_: &At, live: &Live<NodeModel>) -> Export {
        Export::same(&live.model)
    }

    fn simulate(model: &mut Option<NodeModel>, op: &NodeOp) {
        let NodeOp { name, path, call } = op.clone();
        if let NodeCall::Make { material, note, owner, peers, trust, tags } = call {
            *model = Some(NodeModel { name, path, material, note, owner, peers, trust, tags });
            return;
        }
        let Some(node) = model else { return };
        match call {
            NodeCall::Make { .. } => {}
            NodeCall::PutNote(note) => node.note = note,
            NodeCall::PutOwner { owner, unnames: _ } => node.owner = owner,
            NodeCall::PutPeers { peers, adds: _, unnames: _ } => node.peers = peers,
            NodeCall::PutTrust(trust) => node.trust = trust,
            NodeCall::Tag(tags) => node.tags.extend(tags),
            NodeCall::Untag(keys) => node.tags.retain(|key, _| !keys.contains(key)),
            NodeCall::Drop => *model = None,
        }
    }
}

fn on(model: &NodeModel, calls: Vec<NodeCall>) -> Vec<NodeOp> {
    let op = |call| NodeOp { name: model.name.clone(), path: model.path.clone(), call };
    calls.into_iter().map(op).collect()
}

fn creation(after: &NodeModel) -> Vec<NodeOp> {
    let NodeModel { name: _, path: _, material, note, owner, peers, trust, tags } = after.clone();
    on(after, vec![NodeCall::Make { material, note, owner, peers, trust, tags }])
}

fn removal(before: &NodeModel) -> Vec<NodeOp> {
    let mut calls = Vec::new();
    if !before.peers.is_empty() {
        let unnames = before.peers.iter().cloned().collect();
        calls.push(NodeCall::PutPeers { peers: BTreeSet::new(), adds: Vec::new(), unnames });
    }
    if let Some(owner) = &before.owner {
        calls.push(NodeCall::PutOwner { owner: None, unnames: Some(owner.clone()) });
    }
    calls.push(NodeCall::Drop);
    on(before, calls)
}

fn changes(before: &NodeModel, after: &NodeModel) -> Vec<NodeOp> {
    let NodeModel { name: _, path: _, material: _, note, owner, peers, trust, tags } = after;
    let mut calls = Vec::new();
    let (put, gone) = tag_change(&before.tags, tags);
    if !gone.is_empty() {
        calls.push(NodeCall::Untag(gone));
    }
    let adds: Vec<String> = peers.difference(&before.peers).cloned().collect();
    let mut unnames: Vec<String> = before.peers.difference(peers).cloned().collect();
    let mut owned_by = before.owner.clone();
    // Taking away goes before adding: what is made anew may wait for the one and be needed by the other. Only where nothing but one
    // list changes is it one call, which can be cut.
    let only = [*note != before.note, *owner != before.owner, *peers != before.peers];
    if only.into_iter().filter(|differs| *differs).count() > 1 {
        if *owner != owned_by
            && let Some(unnames) = owned_by.take()
        {
            calls.push(NodeCall::PutOwner { owner: None, unnames: Some(unnames) });
        }
        if !unnames.is_empty() {
            let kept = peers.intersection(&before.peers).cloned().collect();
            calls.push(NodeCall::PutPeers { peers: kept, adds: Vec::new(), unnames: std::mem::take(&mut unnames) });
        }
    }
    if !put.is_empty() {
        calls.push(NodeCall::Tag(put));
    }
    if *note != before.note {
        calls.push(NodeCall::PutNote(note.clone()));
    }
    if *owner != owned_by {
        calls.push(NodeCall::PutOwner { owner: owner.clone(), unnames: owned_by });
    }
    if !adds.is_empty() || !unnames.is_empty() {
        calls.push(NodeCall::PutPeers { peers: peers.clone(), adds, unnames });
    }
    if *trust != before.trust {
        calls.push(NodeCall::PutTrust(trust.clone()));
    }
    on(after, calls)
}
