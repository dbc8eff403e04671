//! Random worlds against random specs: what holds of every plan and every run.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use proptest::test_runner::RngSeed;
use trueup_engine::guard::approve;
use trueup_engine::kind::{At, Kind};
use trueup_engine::render::plan_json;
use trueup_specs::pending;
use trueup_specs::{ByName, TAG_ADDRESS, TAG_PROJECT, TAG_PROTECT};
use trueup_state::ledger::Ledger;
use trueup_state::plan::{Action, Change, Plan};

use crate::case::{Case, lines, wild};
use crate::toy::badge::Badge;
use crate::toy::node::{Node, NodeModel};
use crate::toy::vault::Vault;
use crate::toy::world::World;

const NODES: usize = 6;
/// From here on nodes name nothing, and only they are ever of another material. What is made again under its own name is named again
/// in one place of its namers' order, so a thing that waits for others and is made again could ask for an order there is not.
const LEAVES: usize = 4;
const VAULTS: usize = 3;

/// One node of a spec; what it names is by slot, and a slot that is empty is not named.
#[derive(Clone, Debug)]
struct NodeGen {
    name: usize,
    path: bool,
    material: bool,
    note: Option<u8>,
    note_of_vault: Option<usize>,
    owned: bool,
    peers: Vec<usize>,
    vaults: Vec<usize>,
    adopt: bool,
    protect: bool,
}

/// One vault of a spec.
#[derive(Clone, Debug)]
struct VaultGen {
    label: Option<u8>,
    doors: bool,
    readers: Vec<usize>,
}

/// A spec of the account `one`.
#[derive(Clone, Debug)]
struct Specs {
    nodes: Vec<Option<NodeGen>>,
    vaults: Vec<Option<VaultGen>>,
    badges: Vec<bool>,
    removed: bool,
}

/// What someone did by hand.
#[derive(Clone, Debug)]
enum Hand {
    Note(Index, Option<u8>),
    Tag(Index),
    LetGo(Index),
    GiveAway(Index),
    Protect(Index),
    Wild(usize),
    DropNode(Index),
    DropVault(Index),
    Motto(Index),
    LoseLedger,
}

fn nodes() -> impl Strategy<Value = Vec<Option<NodeGen>>> {
    let slots = || (0..NODES).collect::<Vec<_>>();
    let node = (
        (prop::bool::weighted(0.2), prop::bool::weighted(0.2), option::of(0..3u8)),
        option::weighted(0.2, 0..VAULTS),
        any::<bool>(),
        subsequence(slots(), 0..=2),
        subsequence((0..VAULTS).collect::<Vec<_>>(), 0..=1),
        (prop::bool::weighted(0.5), prop::bool::weighted(0.05)),
    );
    let node = node.prop_map(|((path, material, note), note_of_vault, owned, peers, vaults, (adopt, protect))| {
        NodeGen { name: 0, path, material, note, note_of_vault, owned, peers, vaults, adopt, protect }
    });
    // Names are given out anew now and then, so that things change places; but the one who owns stays where it is.
    let (namers, leaves) = (|| (1..LEAVES).collect::<Vec<_>>(), || (LEAVES..NODES).collect::<Vec<_>>());
    let shuffled = (Just(namers()).prop_shuffle(), Just(leaves()).prop_shuffle());
    let names = prop_oneof![3 => Just((namers(), leaves())), 1 => shuffled];
    (vec(option::weighted(0.75, node), NODES), names).prop_map(|(mut nodes, (namers, leaves))| {
        for (node, name) in nodes.iter_mut().skip(1).zip(namers.into_iter().chain(leaves)) {
            if let Some(node) = node {
                node.name = name;
            }
        }
        nodes
    })
}

fn specs() -> impl Strategy<Value = Specs> {
    let vault = (option::of(0..2u8), prop::bool::weighted(0.2), subsequence((0..NODES).collect::<Vec<_>>(), 0..=2))
        .prop_map(|(label, doors, readers)| VaultGen { label, doors, readers });
    (nodes(), vec(option::weighted(0.7, vault), VAULTS), vec(any::<bool>(), 2), any::<bool>())
        .prop_map(|(nodes, vaults, badges, removed)| Specs { nodes, vaults, badges, removed })
}

fn hands() -> impl Strategy<Value = Vec<Hand>> {
    let index = any::<Index>;
    let hand = prop_oneof![
        4 => (index(), option::of(0..3u8)).prop_map(|(index, note)| Hand::Note(index, note)),
        3 => index().prop_map(Hand::Tag),
        1 => index().prop_map(Hand::LetGo),
        1 => index().prop_map(Hand::GiveAway),
        1 => index().prop_map(Hand::Protect),
        1 => (0..NODES + 2).prop_map(Hand::Wild),
        2 => index().prop_map(Hand::DropNode),
        2 => index().prop_map(Hand::DropVault),
        1 => index().prop_map(Hand::Motto),
        1 => Just(Hand::LoseLedger),
    ];
    vec(hand, 0..4)
}

impl Specs {
    fn to_toml(&self) -> String {
        let mut text = String::new();
        let quoted = |names: Vec<String>| names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        let is_node = |slot: &&usize| self.nodes[**slot].is_some();
        let is_vault = |slot: &&usize| self.vaults[**slot].is_some();
        for (slot, node) in self.nodes.iter().enumerate() {
            let Some(node) = node else { continue };
            text.push_str(&format!("[node.n{slot}]\nname = \"n{}\"\nadopt = {}\n", node.name, node.adopt));
            if node.path {
                text.push_str("path = \"/x/\"\n");
            }
            if node.protect {
                text.push_str("protect = true\n");
            }
            if slot >= LEAVES {
                text.push_str(if node.material { "material = \"oak\"\n" } else { "" });
                continue;
            }
            if let Some(vault) = node.note_of_vault.as_ref().filter(is_vault) {
                text.push_str(&format!("note = \"${{vault.v{vault}.id}}\"\n"));
            } else if let Some(note) = node.note {
                text.push_str(&format!("note = \"note {note}\"\n"));
            }
            if node.owned && slot != 0 && self.nodes[0].is_some() {
                text.push_str("owner = \"node.n0\"\n");
            }
            let peers = node.peers.iter().filter(is_node).map(|slot| format!("node.n{slot}"));
            let vaults = node.vaults.iter().filter(is_vault).map(|slot| format!("vault.v{slot}"));
            text.push_str(&format!("peers = [{}]\n", quoted(peers.chain(vaults).collect())));
        }
        for (slot, vault) in self.vaults.iter().enumerate() {
            match vault {
                Some(VaultGen { label, doors, readers }) => {
                    let readers = readers.iter().filter(is_node).map(|slot| format!("node.n{slot}")).collect();
                    let label = label.map_or_else(String::new, |label| format!("label = \"v{slot}-{label}\"\n"));
                    let doors = if *doors { "doors = 2\n" } else { "" };
                    text.push_str(&format!("[vault.v{slot}]\n{label}{doors}readers = [{}]\n", quoted(readers)));
                }
                None if self.removed => text.push_str(&format!("[[removed]]\naddress = \"vault.v{slot}\"\n")),
                None => {}
            }
        }
        for (slot, _) in self.badges.iter().enumerate().filter(|(_, there)| **there) {
            text.push_str(&format!("[badge.b{slot}]\n"));
        }
        text
    }
}

/// Someone's hand in the world.
fn interfere(case: &mut Case, hand: &Hand) {
    if matches!(hand, Hand::LoseLedger) {
        case.ledger = Ledger::default();
    }
    case.toy.world(|world| match hand {
        Hand::Note(index, note) => on_node(world, index, |node| node.note = note.map(|note| format!("note {note}"))),
        Hand::Tag(index) => on_node(world, index, |node| node.tags.insert("by".to_owned(), "hand".to_owned())),
        Hand::LetGo(index) => on_node(world, index, |node| node.tags = ByName::new()),
        Hand::GiveAway(index) => {
            on_node(world, index, |node| node.tags.insert(TAG_PROJECT.to_owned(), "others".to_owned()));
        }
        Hand::Protect(index) => {
            on_node(world, index, |node| node.tags.insert(TAG_PROTECT.to_owned(), "true".to_owned()));
        }
        Hand::Wild(slot) => {
            let name = format!("n{slot}");
            if world.node("one", &name).is_none() {
                world.add_node("one", wild(&name));
            }
        }
        Hand::DropNode(index) => {
            if let Some(key) = picked(world.nodes.keys(), index) {
                let arn = world.nodes.remove(&key).map(|being| arn(&being.model));
                forget(world, &arn.unwrap_or_default());
            }
        }
        Hand::DropVault(index) => {
            if let Some(arn) = picked(world.vaults.keys(), index) {
                world.vaults.remove(&arn);
                forget(world, &arn);
            }
        }
        Hand::Motto(index) => {
            if let Some(key) = picked(world.badges.keys(), index)
                && let Some(badge) = world.badges.get_mut(&key)
            {
                badge.motto = "by hand".to_owned();
            }
        }
        Hand::LoseLedger => {}
    });
}

fn arn(node: &NodeModel) -> String {
    crate::toy::node::arn("111111111111", &node.path, &node.name)
}

fn picked<'a, K: Clone + 'a>(mut keys: impl ExactSizeIterator<Item = &'a K>, index: &Index) -> Option<K> {
    let place = (keys.len() > 0).then(|| index.index(keys.len()))?;
    keys.nth(place).cloned()
}

fn on_node(world: &mut World, index: &Index, act: impl FnOnce(&mut NodeModel)) {
    if let Some(being) = picked(world.nodes.keys(), index).and_then(|key| world.nodes.get_mut(&key)) {
        act(&mut being.model);
    }
}

/// What is dropped by hand is taken from all who name it first, as the world would demand.
fn forget(world: &mut World, arn: &str) {
    for being in world.nodes.values_mut() {
        being.model.peers.remove(arn);
        being.model.owner.take_if(|owner| *owner == arn);
    }
}

/// What a change's own operations make of its model, and what they should.
fn folds<K: Kind>(plan: &Plan, index: usize, change: &Change) {
    let model = |value: &Option<serde_json::Value>| -> Option<K::Model> {
        value.clone().map(|value| serde_json::from_value(value).unwrap())
    };
    let mut live = model(&change.before);
    for op in plan.ops.iter().filter(|op| op.change == index) {
        K::simulate(&mut live, &serde_json::from_value(op.op.clone()).unwrap());
    }
    assert_eq!(live, model(&change.after), "{}: its operations lead to what it promises", change.address);
}

fn hold_plan(case: &Case, plan: &Plan) {
    for (index, change) in plan.changes.iter().enumerate() {
        assert!(plan.ops.iter().any(|op| op.change == index), "a change without operations: {}", change.address);
        match &*change.address.kind {
            "node" => folds::<Node>(plan, index, change),
            "vault" => folds::<Vault>(plan, index, change),
            _ => folds::<Badge>(plan, index, change),
        }
        hold_owner(case, change);
    }
    let json = serde_json::to_string(plan).unwrap();
    assert_eq!(json, serde_json::to_string(&case.plan()).unwrap(), "the same inputs give the same bytes");
    let back: Plan = serde_json::from_str(&json).unwrap();
    assert_eq!(back, *plan, "a plan survives being saved");
    assert!(!plan_json(plan).to_string().contains(pending::OPEN), "no token is shown");
    let removed = |change: &&Change| matches!(change.action, Action::Remove { .. } | Action::Replace { .. });
    let removed = plan.changes.iter().filter(removed).count() as u64;
    let limited = |max| approve(Plan { deletions_max: Some(max), ..plan.clone() });
    assert!(limited(removed).is_ok());
    assert!(removed == 0 || limited(removed - 1).is_err());
}

/// Whose a thing may be, for what is done to it.
fn hold_owner(case: &Case, change: &Change) {
    let Some(before) = &change.before else { return };
    let tag = |key: &str| before["tags"][key].as_str().map(str::to_owned);
    let removes = matches!(change.action, Action::Remove { .. } | Action::Replace { .. });
    if *change.address.kind == *"badge" {
        let recorded = case.ledger.get(&change.scope, &change.address).is_some();
        assert!(recorded || change.action == Action::Adopt, "{change:?}");
        return;
    }
    match tag(TAG_PROJECT).as_deref() {
        Some("toys") => {}
        Some(other) => panic!("a thing of {other} is touched: {change:?}"),
        None => assert!(change.action == Action::Adopt || removes && wants_adoption(case, change), "{change:?}"),
    }
    assert!(!removes || tag(TAG_PROTECT).as_deref() != Some("true"), "a protected thing is removed: {change:?}");
    if let Action::Remove { tombstone } = &change.action {
        assert_eq!(tag(TAG_PROJECT).as_deref(), Some("toys"), "{change:?}");
        assert!(*tombstone || *change.address.kind != *"vault", "{change:?}");
    }
}

fn wants_adoption(case: &Case, change: &Change) -> bool {
    case.adopt || case.files.iter().any(|(_, text)| text.contains(&format!("[node.{}]\n", change.address.name)))
}

/// Things that are not ours, and all that is protected, by their unique id.
fn untouchable(world: &World) -> BTreeMap<u64, NodeModel> {
    let not_ours = |node: &NodeModel| node.tags.get(TAG_PROJECT).is_none_or(|project| project != "toys");
    world.nodes.values().filter(|being| not_ours(&being.model)).map(|being| (being.id, being.model.clone())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 250, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn every_run_keeps_the_laws(
        first in specs(), by_hand in hands(), second in specs(), adopt in prop::bool::weighted(0.2), patience in vec(0..4usize, 1..5),
    ) {
        let mut case = Case::new(&first.to_toml());
        case.toy.patience = patience;
        case.converge();
        for hand in &by_hand {
            interfere(&mut case, hand);
        }
        case.specs(&[("one", &second.to_toml())]);
        case.adopt = adopt;
        let plan = case.plan();
        hold_plan(&case, &plan);
        let before = case.toy.world(|world| world.clone());
        let adopted: BTreeSet<&str> = plan.changes.iter().filter(|change| change.before.is_some()).map(|change| &*change.name).collect();
        let run = case.execute(plan.clone());
        let after = case.toy.world(|world| world.clone());
        for (id, node) in untouchable(&before) {
            let touched = adopted.contains(&*node.name);
            let still = after.nodes.values().any(|being| being.id == id && being.model == node);
            prop_assert!(still || touched, "{node:?} is changed, and no change says so");
        }
        for (arn, vault) in &before.vaults {
            let told = plan.changes.iter().any(|change| change.outputs.get("arn") == Some(arn) || change.before.is_some());
            prop_assert!(after.vaults.contains_key(arn) || told, "{vault:?} is gone");
        }
        // What is left alone may name what should go; that fails then, as it must.
        let names_something = |node: &NodeModel| node.owner.is_some() || !node.peers.is_empty();
        if plan.blocked.is_empty() && !untouchable(&before).values().any(names_something) {
            prop_assert!(run.report.is_complete(), "{:#?}\n{:#?}", lines(&plan), run.report.outcomes);
            let again = case.plan();
            prop_assert!(again.is_empty(), "{:#?}\nthen\n{:#?}", lines(&plan), lines(&again));
            prop_assert_eq!(again.unchanged, second_count(&second));
            prop_assert!(again.retained == plan.retained && again.blocked.is_empty());
        }
    }

    #[test]
    fn a_crash_anywhere_is_made_good(
        first in specs(), second in specs(), lost in any::<bool>(), call in any::<Index>(), names in select(vec![true, false]),
    ) {
        use crate::toy::world::Fault;
        let mut case = Case::new(&first.to_toml());
        case.converge();
        case.specs(&[("one", &second.to_toml())]);
        let count = case.plan().ops.len();
        // What is blocked may be named by what is not, and then that fails whatever happens before.
        prop_assume!(count > 0 && case.plan().blocked.is_empty());
        let call = call.index(count);
        case.toy.fail(if lost { Fault::LoseAnswer(call) } else { Fault::Refuse(call) });
        if !names {
            case.toy.patience = vec![2, 0, 1];
        }
        case.apply();
        case.toy.fail(Fault::Never);
        let run = case.apply();
        prop_assert!(run.report.is_complete(), "{:#?}\n{:#?}", lines(&run.plan), run.report.outcomes);
        prop_assert!(case.plan().is_empty());
        let addresses: Vec<String> = case.toy.world(|world| {
            let nodes = world.nodes.values().map(|being| being.model.tags[TAG_ADDRESS].clone());
            nodes.chain(world.vaults.values().map(|being| being.model.tags[TAG_ADDRESS].clone())).collect()
        });
        let once: BTreeSet<&String> = addresses.iter().collect();
        prop_assert_eq!(once.len(), addresses.len(), "nothing is there twice: {:?}", addresses);
    }
}

fn second_count(specs: &Specs) -> u64 {
    let there = specs.nodes.iter().flatten().count() + specs.vaults.iter().flatten().count();
    (there + specs.badges.iter().filter(|there| **there).count()) as u64
}

#[test]
fn where_a_resource_lives_is_in_its_arn() {
    let at = At {
        scope: trueup_state::facts::Scope { account: "one".into(), region: Some("eu-west-1".into()) },
        account_id: "111111111111".into(),
        partition: "aws",
        address: "one@eu-west-1/vault.v".into(),
    };
    assert_eq!(at.arn("toy", "vault/v"), "arn:aws:toy:eu-west-1:111111111111:vault/v");
    assert_eq!(at.arn("iam", "role/r"), "arn:aws:iam::111111111111:role/r");
}
