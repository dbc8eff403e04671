//! What can be said of the specs before any call is made.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;
use trueup_specs::diagnostic::{Diagnostic, Problems};
use trueup_specs::kind::{KindSchema, KindScope};
use trueup_specs::project::{Instance, InstanceId, Project};
use trueup_specs::resolve::{self, Outputs, ResolvedOutput, Resolver};
use trueup_specs::{pending, span::Span};
use trueup_state::ledger::Ledger;

use crate::access::{self, Desired};
use crate::facts::Scope;
use crate::kind::{AnyKind, AnyModel, At, Claim, Identity};

/// The kinds there are, and the reach of the sources they read.
#[derive(Clone)]
pub struct Kinds {
    /// One row a kind.
    pub rows: Vec<&'static dyn AnyKind>,
    /// Whether a source is read once per account or once per region.
    pub source_scope: fn(&str) -> KindScope,
}

impl Kinds {
    /// What the language must know of them.
    #[must_use]
    pub fn schemas(&self) -> Vec<&'static KindSchema> {
        self.rows.iter().map(|kind| kind.schema()).collect()
    }

    /// The kind of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'static dyn AnyKind> {
        self.rows.iter().find(|kind| kind.schema().name == name).copied()
    }
}

/// One resource of the specs, with what follows from its spec alone.
pub struct Item {
    /// Where it lives.
    pub at: At,
    /// Its kind.
    pub kind: &'static dyn AnyKind,
    /// Its name, claim and predicted outputs.
    pub identity: Identity,
    /// The names it takes beside that one.
    pub besides: Vec<String>,
    /// The resources its spec refers to, each once, in order.
    pub uses: Vec<InstanceId>,
}

/// The specs, found sound.
pub struct Checked<'p> {
    /// The specs.
    pub project: &'p Project,
    /// The kinds.
    pub kinds: Kinds,
    /// One for each instance of the project, in its order.
    pub items: Vec<Item>,
    /// Whether nothing is wrong with the specs but, it may be, an assertion that does not hold.
    pub is_sound: bool,
}

impl Checked<'_> {
    /// The item of an instance.
    #[must_use]
    pub fn item(&self, id: InstanceId) -> &Item {
        &self.items[id.index()]
    }

    /// The instance behind an item.
    #[must_use]
    pub fn instance(&self, index: usize) -> &Instance {
        &self.project.instances[index]
    }
}

/// Predicted outputs alone: what is known before anything is read.
struct Predicted<'a>(&'a [Identity]);

impl Outputs for Predicted<'_> {
    fn get(&self, instance: InstanceId, attribute: &str) -> Option<String> {
        self.0.get(instance.index())?.outputs.get(attribute).cloned()
    }
}

/// The same of items.
pub(crate) struct FromNames<'a>(pub(crate) &'a [Item]);

impl Outputs for FromNames<'_> {
    fn get(&self, instance: InstanceId, attribute: &str) -> Option<String> {
        self.0.get(instance.index())?.identity.outputs.get(attribute).cloned()
    }
}

/// Checks everything that needs no call: names, references, policies, limits, claims. Problems go into `problems`; the result is worth
/// planning with only when there are none.
pub fn check<'p>(project: &'p Project, kinds: Kinds, problems: &mut Problems) -> Option<Checked<'p>> {
    let ats: Vec<(At, &'static dyn AnyKind)> = project
        .instances
        .iter()
        .map(|instance| Some((at(project, instance)?, kinds.get(instance.block.kind.name)?)))
        .collect::<Option<_>>()?;
    let identities = identities(project, &ats, problems);
    let besides = claims_besides(project, &ats, &identities, problems);
    claims(project, &identities, &besides, problems);
    let predicted = Predicted(&identities);
    let mut uses = Vec::with_capacity(ats.len());
    let mut models = Vec::new();
    for (index, (at, kind)) in ats.iter().enumerate() {
        let block = &project.instances[index].block;
        let mut cx = Resolver::new(project, id(index), &predicted, problems);
        // The model itself is made again once AWS was read; here its problems and references count, and what it lets people do.
        let model = kind.desired(&*block.spec, at, &mut cx);
        let mut used: Vec<InstanceId> = cx.used().iter().map(|(id, _)| *id).collect();
        used.extend(project.maker_of(&at.scope.account));
        uses.push(used_once(used));
        models.push(model.filter(|_| kind.is_checked_together() || !project.access.is_empty()));
    }
    let mut together: BTreeMap<&'static str, Vec<(&AnyModel, Span)>> = BTreeMap::new();
    for ((model, (_, kind)), instance) in models.iter().zip(&ats).zip(&project.instances) {
        if let Some(model) = model.as_ref().filter(|_| kind.is_checked_together()) {
            together.entry(kind.schema().name).or_default().push((model, instance.block.span));
        }
    }
    for (name, models) in together {
        if let Some(kind) = kinds.get(name) {
            kind.check_together(&models, problems);
        }
    }
    let mut items: Vec<Item> = ats
        .into_iter()
        .zip(identities)
        .zip(uses)
        .map(|(((at, kind), identity), uses)| Item { at, kind, identity, besides: Vec::new(), uses })
        .collect();
    for (index, Claim { name, .. }) in besides {
        items[index].besides.push(name);
    }
    let checked = Checked { project, kinds, items, is_sound: !problems.has_errors() };
    // What is wrong otherwise would only look like access that is missing.
    if !project.access.is_empty() && checked.is_sound {
        access::prove(&checked, &Desired::from_models(models), problems);
    }
    Some(checked)
}

/// Who each resource is. A name may be made of another resource's name, as a deployment group's is of its application's: such a one is asked
/// for again once the others are known. An account's id is as good as known: it has twelve digits.
fn identities(project: &Project, ats: &[(At, &'static dyn AnyKind)], problems: &mut Problems) -> Vec<Identity> {
    let identity = |index: usize, known: &[Identity], problems: &mut Problems| {
        let (block, (at, kind)) = (&project.instances[index].block, &ats[index]);
        kind.identity(&*block.spec, at, &mut Resolver::new(project, id(index), &Predicted(known), problems))
    };
    let is_pending = |identity: &Identity| pending::is_pending(&pending::with_digits(&identity.name));
    let mut found = Vec::with_capacity(ats.len());
    let mut again = Vec::new();
    for index in 0..ats.len() {
        let mut own = Problems::default();
        let first = identity(index, &[], &mut own);
        if is_pending(&first) {
            again.push(index);
        } else {
            problems.extend(own.into_vec());
        }
        found.push(first);
    }
    for index in again {
        let second = identity(index, &found, problems);
        if is_pending(&second) {
            problems.push(
                Diagnostic::error("a name must be known before anything is made")
                    .at(project.instances[index].block.span, "this resource's name refers to another resource")
                    .help("a name may use ${account.id}, ${region} and template parameters"),
            );
        }
        found[index] = second;
    }
    found
}

/// The instance at a place of the project; the language numbers them with 32 bits.
pub(crate) fn id(index: usize) -> InstanceId {
    InstanceId(u32::try_from(index).unwrap_or(u32::MAX))
}

fn at(project: &Project, instance: &Instance) -> Option<At> {
    let account = project.accounts.get(&instance.account)?;
    let region = instance.region.clone();
    Some(At {
        partition: trueup_specs::resolve::partition(
            region.as_deref().or(project.settings.region.as_deref()).unwrap_or_default(),
        ),
        scope: Scope { account: instance.account.clone(), region },
        account_id: Arc::from(account.id.as_str()),
        address: Arc::from(instance.address.to_string()),
    })
}

/// What follows from names and from the last apply.
struct Recorded<'a> {
    checked: &'a Checked<'a>,
    ledger: &'a Ledger,
}

impl Outputs for Recorded<'_> {
    fn get(&self, instance: InstanceId, attribute: &str) -> Option<String> {
        let item = self.checked.items.get(instance.index())?;
        let predicted = item.identity.outputs.get(attribute);
        let address = &self.checked.project.instances[instance.index()].address;
        predicted.or_else(|| self.ledger.get(&item.at.scope, address)?.outputs.get(attribute)).cloned()
    }
}

/// The project's outputs as far as they are known; the others hold tokens.
pub(crate) fn resolved(project: &Project, outputs: &dyn Outputs, problems: &mut Problems) -> BTreeMap<String, Value> {
    let value = |spec| match resolve::output(project, spec, outputs, problems) {
        ResolvedOutput::One(text) => Value::String(text),
        ResolvedOutput::Many(texts) => Value::Array(texts.into_iter().map(Value::String).collect()),
    };
    project.outputs.iter().map(|spec| spec.name.to_string()).zip(project.outputs.iter().map(value)).collect()
}

/// The project's outputs without any call; a value that is not on record holds a token.
#[must_use]
pub fn outputs(checked: &Checked<'_>, ledger: &Ledger) -> BTreeMap<String, Value> {
    resolved(checked.project, &Recorded { checked, ledger }, &mut Problems::new())
}

fn used_once(mut ids: Vec<InstanceId>) -> Vec<InstanceId> {
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The names that resources take beside their first, each with its resource's place in the project.
fn claims_besides(
    project: &Project,
    ats: &[(At, &'static dyn AnyKind)],
    identities: &[Identity],
    problems: &mut Problems,
) -> Vec<(usize, Claim)> {
    let predicted = Predicted(identities);
    let mut found = Vec::new();
    for (index, (at, kind)) in ats.iter().enumerate() {
        let mut cx = Resolver::new(project, id(index), &predicted, problems);
        let claims = kind.claims_besides(&*project.instances[index].block.spec, at, &mut cx);
        found.extend(claims.into_iter().map(|claim| (index, claim)));
    }
    found
}

/// No two specs may claim one physical name.
fn claims(project: &Project, identities: &[Identity], besides: &[(usize, Claim)], problems: &mut Problems) {
    let own_names = identities.iter().enumerate().filter_map(|(index, identity)| {
        Some((index, identity.claim.as_deref()?, identity.name.as_str(), project.instances[index].block.span))
    });
    let others = besides.iter().map(|(index, Claim { name, claim, span })| {
        (*index, claim.as_str(), name.as_str(), span.unwrap_or(project.instances[*index].block.span))
    });
    let mut first: HashMap<&str, (usize, Span)> = HashMap::new();
    for (index, claim, name, span) in own_names.chain(others) {
        match first.entry(claim) {
            Entry::Vacant(vacant) => {
                vacant.insert((index, span));
            }
            // A name twice in one spec is for its kind to tell.
            Entry::Occupied(occupied) if occupied.get().0 == index => {}
            Entry::Occupied(occupied) => {
                let (earlier, place) = *occupied.get();
                let (one, other) = (&project.instances[earlier], &project.instances[index]);
                problems.push(
                    Diagnostic::error(format!("two resources claim the name `{name}`"))
                        .at(span, format!("{} claims it here", other.address))
                        .also(place, format!("{} claims it here", one.address))
                        .help("give one of them another `name`, or remove one"),
                );
            }
        }
    }
}
