//! Guardrails: all lints, and what they find in a project's specs or in a plan.
//!
//! Lints over policy documents are in [`trueup_specs::policy::lint`]. Those here look at a resource's model, at several resources
//! together, and at plans. To add one, write its function and its row in the table of the file it belongs to: `identities`, `delivery`,
//! `images`, `together` or `plans`.
//! Everything here is a plain function: what day it is, whoever asks says.

mod delivery;
mod finding;
mod identities;
mod images;
pub mod plans;
mod suppress;
mod together;

use std::collections::BTreeSet;

use trueup_engine::check::Checked;
use trueup_engine::kind::AnyModel;
use trueup_specs::diagnostic::Problems;
use trueup_specs::lint::{Date, Hit, Lint};
use trueup_specs::policy::lint::{DocumentLint, Subject, all as document_lints, of_limits};
use trueup_specs::project::{Instance, InstanceId};
use trueup_specs::resolve::{Outputs, Resolver, Written};

use finding::Gathered;
pub use finding::{Finding, State};
use suppress::Rules;
use together::Looked;

/// A resource as its spec wants it, and how its policies are written.
pub struct Thing<'t> {
    instance: &'t Instance,
    model: &'t AnyModel,
    written: &'t [Written],
}

impl Thing<'_> {
    /// Its model, if it is of this kind.
    fn model<M: 'static>(&self) -> Option<&M> {
        self.model.downcast_ref()
    }
}

/// A lint over one resource: what it says of it.
struct ModelLint {
    lint: Lint,
    check: fn(&Thing<'_>) -> Option<String>,
}

fn model_lints() -> impl Iterator<Item = &'static ModelLint> {
    [identities::LINTS, delivery::LINTS, images::LINTS].into_iter().flatten()
}

/// All guardrails there are, by id.
#[must_use]
pub fn all() -> Vec<&'static Lint> {
    let documents = document_lints().map(|row| &row.lint);
    let models = model_lints().map(|row| &row.lint);
    let others = together::LINTS.iter().chain(plans::LINTS.iter().map(|row| &row.lint));
    let mut lints: Vec<&Lint> = documents.chain(models).chain(others).collect();
    lints.sort_by_key(|lint| lint.id);
    lints
}

/// What the guardrails find in the specs, in file order; what is wrong with settings and suppressions goes into `problems`.
///
/// The specs must have been found sound.
pub fn check(checked: &Checked<'_>, today: Date, problems: &mut Problems) -> Vec<Finding> {
    let rules = Rules::new(checked.project, today, problems);
    let mut gathered = Gathered::default();
    let accounts: BTreeSet<&str> = checked.project.accounts.values().map(|account| &*account.id).collect();
    let looked: Vec<Option<Looked>> = (0..checked.items.len()).map(|index| look_at(checked, index)).collect();
    let limits = together::only_limits(checked, &looked);
    for (index, looked) in looked.iter().enumerate() {
        if let Some(looked) = looked {
            lint_one(checked, index, looked, (&accounts, limits.contains(&index)), &mut gathered);
        }
    }
    together::look(checked, &looked, &accounts, &mut gathered);
    let findings = gathered.judged(checked.project, &rules);
    rules.tell_unused(checked.project, &findings, problems);
    findings
}

fn look_at(checked: &Checked<'_>, index: usize) -> Option<Looked> {
    let (item, instance) = (checked.item(id(index)), checked.instance(index));
    let predicted = Predicted(checked);
    // They were told when the specs were checked.
    let mut problems = Problems::new();
    let mut cx = Resolver::new(checked.project, id(index), &predicted, &mut problems).keeping_policies();
    let model = item.kind.desired(&*instance.block.spec, &item.at, &mut cx)?;
    Some(Looked { model, written: cx.into_policies() })
}

fn lint_one(
    checked: &Checked<'_>,
    index: usize,
    looked: &Looked,
    (accounts, only_limits): (&BTreeSet<&str>, bool),
    gathered: &mut Gathered,
) {
    let (item, instance) = (checked.item(id(index)), checked.instance(index));
    let Looked { model, written } = looked;
    let rows: Vec<&DocumentLint> = if only_limits { of_limits().collect() } else { document_lints().collect() };
    for policy in written {
        let at = &item.at;
        let subject = Subject { written: policy, account: &at.account_id, partition: at.partition, accounts };
        for row in &rows {
            row.hits(&subject).into_iter().for_each(|hit| gathered.add(&row.lint, hit, id(index)));
        }
    }
    let thing = Thing { instance, model, written };
    for row in model_lints() {
        if let Some(label) = (row.check)(&thing) {
            gathered.add(&row.lint, Hit { span: instance.block.span, label, sid: None }, id(index));
        }
    }
}

/// What follows from names.
struct Predicted<'a>(&'a Checked<'a>);

impl Outputs for Predicted<'_> {
    fn get(&self, instance: InstanceId, attribute: &str) -> Option<String> {
        self.0.items.get(instance.index())?.identity.outputs.get(attribute).cloned()
    }
}

/// The language numbers instances with 32 bits.
fn id(index: usize) -> InstanceId {
    InstanceId(u32::try_from(index).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests;
