//! Where in the specs a statement stands.

use std::collections::HashMap;

use trueup_specs::diagnostic::Problems;
use trueup_specs::policy::{Document, Statement, Version};
use trueup_specs::resolve::Resolver;
use trueup_specs::span::Span;

use super::ask::Because;
use super::world::World;
use crate::check::{Checked, FromNames, id};

/// Finds the places of statements; each resource is looked through once, when first asked for.
pub struct Places<'a> {
    checked: &'a Checked<'a>,
    world: &'a World<'a>,
    found: HashMap<usize, Vec<(Statement, Span)>>,
}

impl<'a> Places<'a> {
    /// The places of the statements of these specs.
    #[must_use]
    pub fn new(checked: &'a Checked<'a>, world: &'a World<'a>) -> Self {
        Self { checked, world, found: HashMap::new() }
    }

    /// Where the statement stands; nothing if no spec has it.
    pub fn of(&mut self, because: &Because) -> Option<Span> {
        let item = because.item?;
        let (checked, world) = (self.checked, self.world);
        let placed = self.found.entry(item).or_insert_with(|| placed(checked, world, item));
        let same = placed.iter().find(|(statement, _)| *statement == because.statement);
        same.map(|(_, span)| *span)
    }

    /// Where the resource of an item is declared.
    #[must_use]
    pub fn of_item(&self, item: usize) -> Option<Span> {
        self.checked.project.instances.get(item).map(|instance| instance.block.span)
    }
}

fn placed(checked: &Checked<'_>, world: &World<'_>, index: usize) -> Vec<(Statement, Span)> {
    let Some(item) = checked.items.get(index) else { return Vec::new() };
    let outputs = FromNames(&checked.items);
    // Their problems were told by the check.
    let mut problems = Problems::new();
    let mut cx = Resolver::new(checked.project, id(index), &outputs, &mut problems).noting_places();
    let _ = item.kind.desired(&*checked.instance(index).block.spec, &item.at, &mut cx);
    cx.into_places().into_iter().map(|(statement, span)| (known(world, statement), span)).collect()
}

/// The statement as the world holds it: with what is known put in.
fn known(world: &World<'_>, statement: Statement) -> Statement {
    let document = Document { version: Version::V2012, id: None, statements: vec![statement.clone()] };
    let replaced = document.replaced(|text| Some(world.known(text)).filter(|known| known != text));
    replaced.and_then(|document| document.statements.into_iter().next()).unwrap_or(statement)
}
