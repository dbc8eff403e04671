//! A stateful thing whose id the world makes up.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Export, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::pending;
use trueup_specs::resolve::Resolver;
use trueup_specs::{OneOrMany, Reference, Text, spec};

use super::{Tags, Thing, tag_change};

pub(crate) const SOURCE: &str = "vaults";

spec! {
    /// A vault.
    pub(crate) struct VaultSpec {
        /// Its label, by which it is found. Default: none; then its tag finds it.
        pub label: Option<Text>,
        /// How it locks, for good.
        pub lock: Option<Text>,
        /// How many doors it has; other doors make it another vault.
        pub doors: Option<u64>,
        /// Who may read: must exist when put, and is remembered by its id.
        pub readers: OneOrMany<Reference<Thing>>,
    }
}

/// The ARN of a vault that is there; it says nothing of what the vault is like.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arn(pub(crate) Option<String>);

impl PartialEq for Arn {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Arn {}

/// A vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct VaultModel {
    #[serde(skip)]
    pub(crate) arn: Arn,
    pub(crate) label: String,
    pub(crate) lock: String,
    pub(crate) doors: u64,
    pub(crate) readers: BTreeSet<String>,
    pub(crate) tags: Tags,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum VaultOp {
    Make { label: String, lock: String, doors: u64, readers: BTreeSet<String>, tags: Tags },
    PutLabel { vault: String, label: String },
    PutReaders { vault: String, readers: BTreeSet<String>, adds: Vec<String>, unnames: Vec<String> },
    Tag { vault: String, tags: Tags },
    Untag { vault: String, keys: Vec<String> },
    Drop { vault: String, unnames: Vec<String> },
}

/// What a source finds: all vaults of a region, with their ARNs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct VaultFacts(pub(crate) Vec<(String, VaultModel)>);

/// The kind `vault`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vault;

static SCHEMA: KindSchema = KindSchema {
    name: "vault",
    summary: "A vault.",
    scope: KindScope::Region,
    stateful: true,
    taggable: true,
    attributes: &[("arn", "Its ARN, known once it is there."), ("id", "Its id, known once it is there.")],
    shape: shape_of::<VaultSpec>,
    decode: decode_any::<VaultSpec>,
};

impl Kind for Vault {
    type Spec = VaultSpec;
    type Model = VaultModel;
    type Op = VaultOp;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn sources() -> &'static [&'static str] {
        &[SOURCE]
    }

    fn identity(spec: &VaultSpec, at: &At, cx: &mut Resolver<'_>) -> Identity {
        let Some(label) = &spec.label else { return Identity::default() };
        let name = cx.text(label);
        Identity { claim: Some(format!("toy {} vault/{name}", at.scope)), name, ..Identity::default() }
    }

    fn desired(spec: &VaultSpec, _: &At, cx: &mut Resolver<'_>) -> Option<VaultModel> {
        let VaultSpec { label, lock, doors, readers } = spec;
        Some(VaultModel {
            arn: Arn::default(),
            label: label.as_ref().map(|label| cx.text(label)).unwrap_or_default(),
            lock: lock.as_ref().map_or_else(|| "pin".to_owned(), |lock| cx.text(lock)),
            doors: doors.unwrap_or(1),
            readers: cx.references(readers).into_iter().collect(),
            tags: cx.tags(),
        })
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<VaultModel>>, Unread> {
        let VaultFacts(vaults) = facts.get(SOURCE, scope)?;
        let live = |(arn, model): &(String, VaultModel)| {
            let id = arn.rsplit_once('/').map_or("", |(_, id)| id);
            let outputs = [("arn", arn.as_str()), ("id", id)];
            Live {
                name: model.label.clone(),
                model: VaultModel { arn: Arn(Some(arn.clone())), ..model.clone() },
                outputs: outputs.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            }
        };
        Ok(vaults.iter().map(live).collect())
    }

    fn tags(model: &VaultModel) -> Option<&Tags> {
        Some(&model.tags)
    }

    fn tags_mut(model: &mut VaultModel) -> Option<&mut Tags> {
        Some(&mut model.tags)
    }

    fn ops(at: &At, before: Option<&VaultModel>, after: Option<&VaultModel>) -> Result<Steps<VaultOp>, Refusal> {
        let mut replaces = Vec::new();
        let ops = match (before, after) {
            (None, None) => Vec::new(),
            (None, Some(after)) => creation(after),
            (Some(before), None) => removal(at, before),
            (Some(before), Some(after)) if before.lock != after.lock => {
                let why = format!("the lock is for good: it is {}, not {}", before.lock, after.lock);
                return Err(Refusal { field: "lock", why, help: "make another vault".to_owned() });
            }
            (Some(before), Some(after)) if before.doors != after.doors => {
                replaces.push("doors");
                [removal(at, before), creation(after)].concat()
            }
            (Some(before), Some(after)) => changes(at, before, after),
        };
        Ok(Steps { ops, replaces })
    }

    fn split(at: &At, op: &VaultOp) -> Option<Vec<VaultOp>> {
        let nobody = BTreeSet::new();
        match op.clone() {
            VaultOp::Make { label, lock, doors, readers, tags } if !readers.is_empty() => Some(vec![
                VaultOp::Make { label, lock, doors, readers: nobody, tags },
                VaultOp::PutReaders {
                    vault: token(at),
                    adds: readers.iter().cloned().collect(),
                    readers,
                    unnames: Vec::new(),
                },
            ]),
            VaultOp::Make { .. }
            | VaultOp::PutLabel { .. }
            | VaultOp::PutReaders { .. }
            | VaultOp::Tag { .. }
            | VaultOp::Untag { .. }
            | VaultOp::Drop { .. } => None,
        }
    }

    fn follow(at: &At, model: &VaultModel, replaced: &str) -> Vec<VaultOp> {
        if !model.readers.contains(replaced) {
            return Vec::new();
        }
        let (readers, adds) = (model.readers.clone(), vec![replaced.to_owned()]);
        vec![VaultOp::PutReaders { vault: vault_of(at, model), readers, adds, unnames: Vec::new() }]
    }

    fn info(at: &At, op: &VaultOp) -> OpInfo {
        let of = |call, vault: &str, title: &str| OpInfo {
            call,
            resource: vault.to_owned(),
            title: format!("{title} vault {}", at.address.rsplit_once('.').map_or("", |(_, name)| name)),
            ..OpInfo::default()
        };
        match op {
            VaultOp::Make { readers, label: _, lock: _, doors: _, tags: _ } => OpInfo {
                needs: readers.iter().cloned().collect(),
                yields: &["arn", "id"],
                once: true,
                ..of("box:MakeVault", "*", "make")
            },
            VaultOp::PutLabel { vault, label: _ } => of("box:PutLabel", vault, "put the label of"),
            VaultOp::PutReaders { vault, readers: _, adds, unnames } => OpInfo {
                needs: adds.clone(),
                unnames: unnames.clone(),
                ..of("box:PutReaders", vault, "put the readers of")
            },
            VaultOp::Tag { vault, tags: _ } => of("box:TagVault", vault, "tag"),
            VaultOp::Untag { vault, keys: _ } => of("box:UntagVault", vault, "untag"),
            VaultOp::Drop { vault, unnames } => {
                OpInfo { unnames: unnames.clone(), destroys: vec![vault.clone()], ..of("box:DropVault", vault, "drop") }
            }
        }
    }

    fn export(_: &At, live: &Live<VaultModel>) -> Export {
        Export::same(&live.model)
    }

    fn simulate(model: &mut Option<VaultModel>, op: &VaultOp) {
        if let VaultOp::Make { label, lock, doors, readers, tags } = op.clone() {
            *model = Some(VaultModel { arn: Arn::default(), label, lock, doors, readers, tags });
            return;
        }
        let Some(live) = model else { return };
        match op.clone() {
            VaultOp::Make { .. } => {}
            VaultOp::PutLabel { vault: _, label } => live.label = label,
            VaultOp::PutReaders { vault: _, readers, adds: _, unnames: _ } => live.readers = readers,
            VaultOp::Tag { vault: _, tags } => live.tags.extend(tags),
            VaultOp::Untag { vault: _, keys } => live.tags.retain(|key, _| !keys.contains(key)),
            VaultOp::Drop { vault: _, unnames: _ } => *model = None,
        }
    }
}

fn token(at: &At) -> String {
    format!("{}{}#arn{}", pending::OPEN, at.address, pending::CLOSE)
}

/// The vault's ARN, or the token that stands for it.
fn vault_of(at: &At, model: &VaultModel) -> String {
    model.arn.0.clone().unwrap_or_else(|| token(at))
}

fn creation(after: &VaultModel) -> Vec<VaultOp> {
    let VaultModel { arn: _, label, lock, doors, readers, tags } = after.clone();
    vec![VaultOp::Make { label, lock, doors, readers, tags }]
}

fn removal(at: &At, before: &VaultModel) -> Vec<VaultOp> {
    vec![VaultOp::Drop { vault: vault_of(at, before), unnames: before.readers.iter().cloned().collect() }]
}

fn changes(at: &At, before: &VaultModel, after: &VaultModel) -> Vec<VaultOp> {
    let VaultModel { arn: _, label, lock: _, doors: _, readers, tags } = after;
    let vault = vault_of(at, before);
    let mut ops = Vec::new();
    let (put, keys) = tag_change(&before.tags, tags);
    if !keys.is_empty() {
        ops.push(VaultOp::Untag { vault: vault.clone(), keys });
    }
    if !put.is_empty() {
        ops.push(VaultOp::Tag { vault: vault.clone(), tags: put });
    }
    if *label != before.label {
        ops.push(VaultOp::PutLabel { vault: vault.clone(), label: label.clone() });
    }
    if *readers != before.readers {
        let adds = readers.difference(&before.readers).cloned().collect();
        let unnames = before.readers.difference(readers).cloned().collect();
        ops.push(VaultOp::PutReaders { vault, readers: readers.clone(), adds, unnames });
    }
    ops
}
