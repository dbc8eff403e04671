//! Who can do what: the policies of all models together, and what follows from them.
//!
//! A [`World`] is made of models: those the specs ask for, those that are live, or those a plan leads to. Each kind tells by
//! [`Kind::access`](crate::kind::Kind::access) what of its things has a say. A [`Question`] is answered by
//! [`evaluate`](trueup_specs::policy::evaluate) from the documents alone; what nobody knows (the text of a policy that is in no
//! model, a condition key) leaves an answer open.

mod ask;
mod change;
mod everything;
mod find;
mod idle;
mod limit;
mod mend;
mod offer;
mod organization;
mod places;
mod probes;
mod prove;
mod tell;
mod unread;
mod world;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use trueup_specs::diagnostic::{Problems, Severity};
use trueup_specs::resolve::{AssertedPrincipal, Resolver, TAG_ADDRESS, TAG_PROJECT, assertions};

use crate::check::{Checked, FromNames, id};
use crate::kind::{AnyModel, At};
use crate::matching::{Found, Matches};
use crate::observe::Snapshot;

pub(crate) use change::change;

pub use ask::{Answer, Because, Context, Question, Reason, Verdict, Who};
pub use find::Deeds;
pub use limit::AccessLimit;
pub use offer::{Access, Beside, Itself, Limits, Paper, Side};
pub use places::Places;
pub use world::{Thing, World};

/// The models that specs ask for, as far as they are known before anything is read.
pub struct Desired {
    models: Vec<Option<AnyModel>>,
}

impl Desired {
    /// The models of specs that were found sound.
    #[must_use]
    pub fn of(checked: &Checked<'_>) -> Self {
        let outputs = FromNames(&checked.items);
        // Their problems were told by the check.
        let mut problems = Problems::new();
        let models = checked.items.iter().enumerate().map(|(index, item)| {
            let mut cx = Resolver::new(checked.project, id(index), &outputs, &mut problems);
            item.kind.desired(&*checked.instance(index).block.spec, &item.at, &mut cx)
        });
        Self { models: models.collect() }
    }

    /// The same, where the check has them.
    #[must_use]
    pub(crate) fn from_models(models: Vec<Option<AnyModel>>) -> Self {
        Self { models }
    }

    /// The things of the specs, to make a world of.
    #[must_use]
    pub fn things<'m>(&'m self, checked: &'m Checked<'m>) -> Vec<Thing<'m>> {
        let thing = |(index, model): (usize, &'m Option<AnyModel>)| {
            let item = checked.items.get(index)?;
            Some(Thing {
                at: Cow::Borrowed(&item.at),
                kind: item.kind,
                model: model.as_ref()?,
                outputs: Cow::Borrowed(&item.identity.outputs),
                item: Some(index),
            })
        };
        self.models.iter().enumerate().filter_map(thing).collect()
    }
}

/// The things that exist, to make a world of: those of the specs by their addresses, and all others that were read.
#[must_use]
pub fn live_things<'m>(checked: &Checked<'_>, snapshot: &'m Snapshot, matches: Option<&Matches<'m>>) -> Vec<Thing<'m>> {
    let mut of_specs: HashMap<*const AnyModel, usize> = HashMap::new();
    for (item, found) in matches.iter().flat_map(|matches| matches.found.iter().enumerate()) {
        if let Found::Live(live, _) = found {
            of_specs.insert(std::ptr::from_ref(&live.model), item);
        }
    }
    let mut things = Vec::new();
    for (name, scope, seen) in snapshot.iter() {
        let (Ok(lives), Some(kind)) = (seen, checked.kinds.get(name)) else { continue };
        let Some(account) = checked.project.accounts.get(&scope.account) else { continue };
        let region = scope.region.as_deref().or(checked.project.settings.region.as_deref()).unwrap_or_default();
        for live in lives {
            let item = of_specs.get(&std::ptr::from_ref(&live.model)).copied();
            let of_item = item.and_then(|item| checked.items.get(item)).map(|item| item.at.address.clone());
            // What was a spec's, and is in none any more, keeps the address it had.
            let tags = kind.tags(&live.model).filter(|tags| tags.get(TAG_PROJECT) == Some(&checked.project.name));
            let of_tag = || tags.and_then(|tags| tags.get(TAG_ADDRESS)).map(|address| Arc::from(address.as_str()));
            let shown = if live.name.is_empty() { live.outputs.get("id").unwrap_or(&live.name) } else { &live.name };
            things.push(Thing {
                at: Cow::Owned(At {
                    scope: scope.clone(),
                    account_id: Arc::from(account.id.as_str()),
                    partition: trueup_specs::resolve::partition(region),
                    address: of_item.or_else(of_tag).unwrap_or_else(|| Arc::from(format!("{scope}/{name}.{shown}"))),
                }),
                kind,
                model: &live.model,
                outputs: Cow::Borrowed(&live.outputs),
                item,
            });
        }
    }
    things
}

/// Proves every `[[access]]` of the specs; what does not hold is a problem.
pub(crate) fn prove(checked: &Checked<'_>, desired: &Desired, problems: &mut Problems) {
    let things = desired.things(checked);
    let world = World::of(&things).of_project(checked.project);
    let mut places = Places::new(checked, &world);
    let mut failures = Vec::new();
    for spec in &checked.project.access {
        let claims = assertions(checked.project, spec, &FromNames(&checked.items), problems);
        let idle = idle::of_claims(&world, &claims);
        let is_idle = idle.iter().any(|problem| problem.severity == Severity::Error);
        problems.extend(idle);
        // What says nothing needs no proof.
        if is_idle {
            continue;
        }
        failures.push(prove::Prover { world: &world, places: &mut places }.failures(&claims));
    }
    // What mends one depends on what others lack: a policy that several hold is mended for all of them or for none.
    let lacks: BTreeSet<mend::Lack> = failures.iter().flat_map(prove::Failures::lacks).cloned().collect();
    if failures.iter().all(prove::Failures::is_empty) {
        return;
    }
    let mender = mend::Mender::new(checked, &world, &lacks);
    let mut teller = prove::Teller { world: &world, places: &mut places, mender };
    for failures in failures {
        problems.extend(teller.diagnostics(failures));
    }
}

impl From<&AssertedPrincipal> for Who {
    fn from(principal: &AssertedPrincipal) -> Self {
        match principal {
            AssertedPrincipal::Identity(arn) => Self::Identity(arn.clone()),
            AssertedPrincipal::Service(name) => Self::Service(name.clone()),
            AssertedPrincipal::Federated(provider) => Self::Federated(provider.clone()),
            AssertedPrincipal::Account(id) => Self::Account(id.clone()),
            AssertedPrincipal::Everyone => Self::Anonymous,
        }
    }
}

#[cfg(test)]
mod tests;
