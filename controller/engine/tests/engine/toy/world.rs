//! Where toys exist: it answers reads, performs operations, refuses what can't be, and can be told to fail.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use futures_util::future::BoxFuture;
use serde_json::Value;
use trueup_engine::facts::Facts;
use trueup_engine::kind::{At, Kind};
use trueup_engine::perform::{Effect, OpContext, OpError, Performer};
use trueup_state::facts::{Fact, ReadCost, ReadRequest, Scope, Unread};
use trueup_state::outputs::Outputs;

use super::badge::{Badge, BadgeFacts, BadgeModel, BadgeOp};
use super::node::{self, Node, NodeCall, NodeFacts, NodeModel, NodeOp};
use super::vault::{Vault, VaultFacts, VaultModel, VaultOp};

/// A thing, and who it is: no later one of its name has the same id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Being<M> {
    pub(crate) id: u64,
    pub(crate) model: M,
}

/// What exists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct World {
    /// By account id and name.
    pub(crate) nodes: BTreeMap<(String, String), Being<NodeModel>>,
    /// By ARN.
    pub(crate) vaults: BTreeMap<String, Being<VaultModel>>,
    /// Whom a vault's readers were when they were put.
    readers: BTreeMap<String, BTreeMap<String, u64>>,
    /// By account id and name.
    pub(crate) badges: BTreeMap<(String, String), BadgeModel>,
    /// How many things were ever made.
    pub(crate) made: u64,
}

/// When a call fails.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Never.
    #[default]
    Never,
    /// The call of this number, from 0, is refused.
    Refuse(usize),
    /// The call of this number is done, and its answer is lost.
    LoseAnswer(usize),
}

/// One operation as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Performed {
    pub(crate) address: String,
    pub(crate) op: Value,
    pub(crate) fresh: bool,
    /// When it arrived and when it was answered, counted over both.
    pub(crate) began: usize,
    pub(crate) ended: Option<usize>,
}

/// What someone does behind everyone's back.
pub(crate) type Act = fn(&mut World);

#[derive(Debug, Default)]
struct Inner {
    world: World,
    log: Vec<Performed>,
    clock: usize,
    fault: Fault,
    interference: Option<(usize, Act)>,
    in_flight: usize,
    in_flight_max: usize,
}

/// The world behind a lock, as a performer.
#[derive(Debug, Default)]
pub(crate) struct Toy {
    inner: Mutex<Inner>,
    /// Sources that can't be read.
    pub(crate) unreadable: BTreeSet<(String, Scope)>,
    /// How often each call is polled before it is answered: the calls of a run take turns by it.
    pub(crate) patience: Vec<usize>,
}

/// The ids of the accounts in the tests' specs.
pub(crate) const ACCOUNTS: [(&str, &str); 2] = [("one", "111111111111"), ("two", "222222222222")];

pub(crate) fn account_id(account: &str) -> String {
    ACCOUNTS.iter().find(|(name, _)| *name == account).map_or_else(String::new, |(_, id)| (*id).to_owned())
}

impl Toy {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the world, or changes it behind everyone's back.
    pub(crate) fn world<R>(&self, act: impl FnOnce(&mut World) -> R) -> R {
        act(&mut self.lock().world)
    }

    /// From now on, calls fail like this; they are counted anew.
    pub(crate) fn fail(&self, fault: Fault) {
        let mut inner = self.lock();
        inner.fault = fault;
        inner.log.clear();
    }

    /// Once the call of this number, from 0, is done, someone does this behind everyone's back.
    pub(crate) fn interfere(&self, call: usize, act: Act) {
        self.lock().interference = Some((call, act));
    }

    /// What was performed since the last time this was asked.
    pub(crate) fn take_log(&self) -> Vec<Performed> {
        std::mem::take(&mut self.lock().log)
    }

    /// The most calls that were ever in flight.
    pub(crate) fn in_flight_max(&self) -> usize {
        self.lock().in_flight_max
    }

    /// Reads what is asked for.
    pub(crate) fn read(&self, requests: &[ReadRequest]) -> Facts {
        let inner = self.lock();
        let mut facts = Facts::default();
        for ReadRequest { source, scope, wanted: _ } in requests {
            if self.unreadable.contains(&(source.to_string(), scope.clone())) {
                let help = Some("allow it".to_owned());
                let unread = Unread { call: format!("toy:List{source}"), why: "AccessDenied".to_owned(), help };
                facts.insert(source.clone(), scope.clone(), Err(unread), ReadCost { calls: 1, objects: 0 });
                continue;
            }
            let (fact, objects) = inner.world.fact(source, scope);
            facts.insert(source.clone(), scope.clone(), Ok(fact), ReadCost { calls: 1, objects });
        }
        facts
    }
}

impl Performer for Toy {
    fn perform<'a>(
        &'a self,
        kind: &'a str,
        at: &'a At,
        op: Value,
        cx: OpContext,
    ) -> BoxFuture<'a, Result<Outputs, OpError>> {
        Box::pin(async move {
            let number = {
                let mut inner = self.lock();
                let began = inner.clock;
                inner.clock += 1;
                inner.in_flight += 1;
                inner.in_flight_max = inner.in_flight_max.max(inner.in_flight);
                let address = at.address.to_string();
                inner.log.push(Performed { address, op: op.clone(), fresh: cx.fresh, began, ended: None });
                inner.log.len() - 1
            };
            wait(self.patience.get(number % self.patience.len().max(1)).copied().unwrap_or(0)).await;
            let mut inner = self.lock();
            let ended = inner.clock;
            inner.clock += 1;
            inner.in_flight -= 1;
            if let Some(performed) = inner.log.get_mut(number) {
                performed.ended = Some(ended);
            }
            let refused = |code: &str, effect| OpError {
                call: "toy:Call".to_owned(),
                code: Some(code.to_owned()),
                message: code.to_owned(),
                request_id: Some("id-1".to_owned()),
                help: Some("try again".to_owned()),
                effect,
            };
            if inner.fault == Fault::Refuse(number) {
                return Err(refused("Refused", Effect::None));
            }
            let result = inner.world.act(kind, at, &op).map_err(|code| refused(&code, Effect::None));
            if let Some((_, act)) = inner.interference.take_if(|(call, _)| *call == number) {
                act(&mut inner.world);
            }
            if inner.fault == Fault::LoseAnswer(number) {
                return Err(refused("Lost", Effect::Unknown));
            }
            result
        })
    }
}

/// Comes back after being polled so often.
async fn wait(mut polls: usize) {
    poll_fn(|cx| {
        if polls == 0 {
            return Poll::Ready(());
        }
        polls -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl World {
    /// Makes a node behind everyone's back.
    pub(crate) fn add_node(&mut self, account: &str, model: NodeModel) {
        self.made += 1;
        let being = Being { id: self.made, model };
        self.nodes.insert((account_id(account), being.model.name.clone()), being);
    }

    /// A node, to be looked at or changed behind everyone's back.
    pub(crate) fn node(&mut self, account: &str, name: &str) -> Option<&mut NodeModel> {
        self.nodes.get_mut(&(account_id(account), name.to_owned())).map(|being| &mut being.model)
    }

    fn fact(&self, source: &str, scope: &Scope) -> (Arc<dyn Fact>, u64) {
        let account = account_id(&scope.account);
        if source == node::SOURCE {
            let of_account = self.nodes.iter().filter(|((id, _), _)| *id == account);
            let nodes: Vec<NodeModel> = of_account.map(|(_, being)| being.model.clone()).collect();
            let count = nodes.len() as u64;
            return (Arc::new(NodeFacts(nodes, account)), count);
        }
        if source == super::badge::SOURCE {
            let of_account = self.badges.iter().filter(|((id, _), _)| *id == account);
            let badges: Vec<BadgeModel> = of_account.map(|(_, model)| model.clone()).collect();
            let count = badges.len() as u64;
            return (Arc::new(BadgeFacts(badges)), count);
        }
        let front = format!("arn:aws:toy:{}:{account}:", scope.region.as_deref().unwrap_or_default());
        let vaults = self.vaults.iter().filter(|(arn, _)| arn.starts_with(&front));
        let vaults: Vec<_> = vaults.map(|(arn, being)| (arn.clone(), self.as_read(arn, &being.model))).collect();
        let count = vaults.len() as u64;
        (Arc::new(VaultFacts(vaults)), count)
    }

    /// A reader that is not who it was shows as a dead id.
    fn as_read(&self, arn: &str, model: &VaultModel) -> VaultModel {
        let were = self.readers.get(arn);
        let shown = |reader: &String| {
            let was = were.and_then(|were| were.get(reader)).copied();
            if self.id_of(reader) == was { reader.clone() } else { format!("dead:{}", was.unwrap_or_default()) }
        };
        VaultModel { readers: model.readers.iter().map(shown).collect(), ..model.clone() }
    }

    fn id_of(&self, arn: &str) -> Option<u64> {
        let node =
            |being: &Being<NodeModel>, account: &str| node::arn(account, &being.model.path, &being.model.name) == arn;
        let nodes = self.nodes.iter().find(|((account, _), being)| node(being, account)).map(|(_, being)| being.id);
        nodes.or_else(|| self.vaults.get(arn).map(|being| being.id))
    }

    fn all_exist<'a>(&self, mut arns: impl Iterator<Item = &'a String>) -> Result<(), String> {
        match arns.find(|arn| self.id_of(arn).is_none()) {
            Some(missing) => Err(format!("NoSuchThing: {missing}")),
            None => Ok(()),
        }
    }

    fn not_named(&self, arn: &str) -> Result<(), String> {
        let names = |model: &NodeModel| model.peers.contains(arn) || model.owner.as_deref() == Some(arn);
        let own = |account: &str, model: &NodeModel| node::arn(account, &model.path, &model.name) == arn;
        let named = self.nodes.iter().find(|((account, _), being)| names(&being.model) && !own(account, &being.model));
        named.map_or(Ok(()), |((_, by), _)| Err(format!("DropConflict: {arn} is named by {by}")))
    }

    fn act(&mut self, kind: &str, at: &At, op: &Value) -> Result<Outputs, String> {
        match kind {
            "node" => self.act_on_node(at, &serde_json::from_value(op.clone()).map_err(|error| error.to_string())?),
            "vault" => self.act_on_vault(at, &serde_json::from_value(op.clone()).map_err(|error| error.to_string())?),
            _ => self.act_on_badge(at, &serde_json::from_value(op.clone()).map_err(|error| error.to_string())?),
        }
    }

    fn act_on_node(&mut self, at: &At, op: &NodeOp) -> Result<Outputs, String> {
        let key = (at.account_id.to_string(), op.name.clone());
        let arn = node::arn(&at.account_id, &op.path, &op.name);
        let live = self.nodes.get(&key).cloned();
        match (&op.call, &live) {
            (NodeCall::Make { owner, peers, .. }, None) => self.all_exist(peers.iter().chain(owner))?,
            (NodeCall::Make { .. }, Some(_)) => return Err(format!("Exists: {arn}")),
            (_, Some(being)) if being.model.path == op.path => match &op.call {
                NodeCall::PutOwner { owner, unnames: _ } => self.all_exist(owner.iter())?,
                NodeCall::PutPeers { peers, adds: _, unnames: _ } => self.all_exist(peers.iter())?,
                NodeCall::Drop => self.not_named(&arn)?,
                NodeCall::Make { .. }
                | NodeCall::PutNote(_)
                | NodeCall::PutTrust(_)
                | NodeCall::Tag(_)
                | NodeCall::Untag(_) => {}
            },
            (_, Some(_) | None) => return Err(format!("NoSuchThing: {arn}")),
        }
        let id = live.as_ref().map_or(self.made + 1, |being| being.id);
        self.made = self.made.max(id);
        let mut model = live.map(|being| being.model);
        Node::simulate(&mut model, op);
        match model {
            Some(model) => self.nodes.insert(key, Being { id, model }),
            None => self.nodes.remove(&key),
        };
        Ok(Outputs::new())
    }

    fn act_on_vault(&mut self, at: &At, op: &VaultOp) -> Result<Outputs, String> {
        let (arn, readers) = match op {
            VaultOp::Make { readers, .. } => {
                self.made += 1;
                (at.arn("toy", &format!("vault/v-{}", self.made)), Some(readers))
            }
            VaultOp::PutReaders { vault, readers, .. } => (vault.clone(), Some(readers)),
            VaultOp::PutLabel { vault, .. } | VaultOp::Tag { vault, .. } | VaultOp::Untag { vault, .. } => {
                (vault.clone(), None)
            }
            VaultOp::Drop { vault, .. } => {
                self.not_named(vault)?;
                (vault.clone(), None)
            }
        };
        let live = self.vaults.get(&arn).cloned();
        if live.is_none() && !matches!(op, VaultOp::Make { .. }) {
            return Err(format!("NoSuchThing: {arn}"));
        }
        if let Some(readers) = readers {
            // One that was there already and is dead by now may stay.
            self.all_exist(readers.iter().filter(|reader| !reader.starts_with("dead:")))?;
            let ids = readers.iter().filter_map(|reader| Some((reader.clone(), self.id_of(reader)?))).collect();
            self.readers.insert(arn.clone(), ids);
        }
        let id = live.as_ref().map_or(self.made, |being| being.id);
        let mut model = live.map(|being| being.model);
        Vault::simulate(&mut model, op);
        match model {
            Some(model) => self.vaults.insert(arn.clone(), Being { id, model }),
            None => self.vaults.remove(&arn),
        };
        let made = matches!(op, VaultOp::Make { .. });
        let outputs = [("arn".to_owned(), arn), ("id".to_owned(), format!("v-{id}"))];
        Ok(if made { outputs.into() } else { Outputs::new() })
    }

    fn act_on_badge(&mut self, at: &At, op: &BadgeOp) -> Result<Outputs, String> {
        let (name, makes) = match op {
            BadgeOp::Make(model) => (&model.name, true),
            BadgeOp::PutMotto(model) => (&model.name, false),
            BadgeOp::Drop { name } => (name, false),
        };
        let key = (at.account_id.to_string(), name.clone());
        let mut model = self.badges.get(&key).cloned();
        if model.is_some() == makes {
            return Err(format!("{}: {name}", if makes { "Exists" } else { "NoSuchThing" }));
        }
        let former = model.as_ref().and_then(|model| model.pin.0.clone());
        Badge::simulate(&mut model, op);
        if let Some(model) = &mut model {
            model.pin.0.get_or_insert(former.unwrap_or_else(|| "steel".to_owned()));
        }
        match model {
            Some(model) => self.badges.insert(key, model),
            None => self.badges.remove(&key),
        };
        Ok(Outputs::new())
    }
}
