//! Which requests a change of policies may decide otherwise.
//!
//! Only the statements that are in one of the two worlds and not in the other can matter, and only to those they are about. A
//! statement that limits (it denies, or bounds, or controls) matters to what others allow, so that those are asked about too.

use std::collections::{BTreeMap, BTreeSet};

use trueup_specs::policy::evaluate::ANY;
use trueup_specs::policy::{Actions, Document, Effect, Principal, Principals, Resources, Statement};

use super::ask::Who;
use super::offer::{Access, Paper, Side};
use super::world::World;

/// The most requests that are looked at; a plan that could change more says so.
const PROBES_MAX: usize = 60_000;

/// A request without its context: the resource may be a pattern.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Probe {
    pub(super) who: Who,
    pub(super) action: String,
    pub(super) resource: String,
}

/// The requests to look at.
#[derive(Default)]
pub(super) struct Probes {
    pub(super) all: BTreeSet<Probe>,
    /// Whether there would be more.
    pub(super) is_cut: bool,
}

/// What a change offers on one of its sides.
pub(super) type Offers<'m> = Vec<Access<'m>>;

/// The two worlds a change lies between.
#[derive(Clone, Copy)]
pub(super) struct Between<'w> {
    pub(super) before: &'w World<'w>,
    pub(super) after: &'w World<'w>,
}

impl Probes {
    fn add(&mut self, who: &Who, action: &str, resource: &str) {
        if self.all.len() >= PROBES_MAX {
            self.is_cut = true;
            return;
        }
        self.all.insert(Probe { who: who.clone(), action: action.to_owned(), resource: resource.to_owned() });
    }

    /// What a statement is about, asked by someone.
    fn add_statement(&mut self, who: &Who, statement: &Statement, itself: Option<&str>) {
        let actions = actions(statement);
        for resource in resources(statement, itself) {
            for action in &actions {
                self.add(who, action, &resource);
            }
        }
    }
}

/// The actions of a statement; of a pattern one that nobody else names.
fn actions(statement: &Statement) -> Vec<String> {
    let filled = |pattern: &str| pattern.replace(['*', '?'], &ANY.to_string());
    match &statement.action {
        Actions::Is(actions) => actions
            .iter()
            .map(|action| if action.as_str() == "*" { format!("{ANY}:{ANY}") } else { filled(action.as_str()) })
            .collect(),
        Actions::Not(actions) => {
            let named = actions.iter().map(|action| filled(action.as_str()));
            named.chain([format!("{ANY}:{ANY}")]).collect()
        }
    }
}

/// The resources of a statement; of a policy on a resource, `*` is that resource.
fn resources(statement: &Statement, itself: Option<&str>) -> Vec<String> {
    let all = || itself.unwrap_or("*").to_owned();
    match &statement.resource {
        None => vec![all()],
        Some(Resources::Is(resources)) => {
            resources.iter().map(|resource| if resource == "*" { all() } else { resource.clone() }).collect()
        }
        Some(Resources::Not(resources)) => resources.iter().cloned().chain([all()]).collect(),
    }
}

/// The statements that only one of two documents has.
fn differing(before: Option<&Document>, after: Option<&Document>) -> Vec<Statement> {
    let of = |document: Option<&Document>| -> BTreeSet<Statement> {
        let statements = document.into_iter().flat_map(|document| document.statements.iter().cloned());
        statements.map(|statement| Statement { sid: None, ..statement }).collect()
    };
    let versions = before.map(|document| document.version) == after.map(|document| document.version);
    let (before, after) = (of(before), of(after));
    if versions || before.is_empty() || after.is_empty() {
        before.symmetric_difference(&after).cloned().collect()
    } else {
        // Another version of the language reads every statement otherwise.
        before.union(&after).cloned().collect()
    }
}

/// One offer before and after, where it is there.
type BothSides<'o, 'm> = (Option<&'o Access<'m>>, Option<&'o Access<'m>>);

/// Adds what one changed thing may decide otherwise.
pub(super) fn of_change(probes: &mut Probes, worlds: Between<'_>, before: &Offers<'_>, after: &Offers<'_>) {
    let gone = before.iter().filter(|access| !after.contains(access));
    let new = after.iter().filter(|access| !before.contains(access));
    let mut touched: BTreeMap<(u8, String), BothSides<'_, '_>> = BTreeMap::new();
    for access in gone {
        touched.entry(name(access)).or_default().0 = Some(access);
    }
    for access in new {
        touched.entry(name(access)).or_default().1 = Some(access);
    }
    for ((_, arn), (before, after)) in touched {
        let one = before.or(after);
        match one {
            Some(Access::Resource { .. }) => on_resource(probes, worlds, &arn),
            Some(Access::Policy { .. }) => {
                let statements = differing(document(before), document(after));
                for who in holders(worlds, &arn) {
                    limited(probes, worlds, &who, &statements);
                }
                bounded(probes, worlds, &arn);
            }
            Some(Access::Group { .. }) => {
                for who in members(worlds, &arn) {
                    of_identity(probes, worlds, &who);
                }
            }
            Some(Access::Identity { .. }) => of_identity(probes, worlds, &Who::Identity(arn)),
            Some(Access::Control { .. } | Access::Place { .. } | Access::Organization { .. }) => {
                for who in controlled(worlds, before, after) {
                    all_of(probes, worlds, &who);
                }
            }
            None => {}
        }
    }
}

/// What an offer is called, so that the two sides of a change are held against each other.
fn name(access: &Access<'_>) -> (u8, String) {
    match access {
        Access::Resource { arn, .. } => (0, arn.clone()),
        Access::Policy { arn, .. } => (1, arn.clone()),
        Access::Group { arn, .. } => (2, arn.clone()),
        Access::Identity { arn, .. } => (3, arn.clone()),
        Access::Control { targets, .. } => (4, targets.join(",")),
        Access::Place { id, .. } | Access::Organization { id, .. } => (5, id.clone()),
    }
}

fn document<'m>(access: Option<&Access<'m>>) -> Option<&'m Document> {
    match access {
        Some(Access::Policy { paper: Paper { document, .. }, .. }) => *document,
        _ => None,
    }
}

/// Those who hold a policy in either world.
fn holders(worlds: Between<'_>, arn: &str) -> BTreeSet<Who> {
    let of = |world: &World<'_>| -> Vec<Who> {
        let held = world.holders.get(arn).into_iter().flatten();
        held.filter_map(|index| world.actors.get(*index)).map(|actor| Who::Identity(actor.arn.clone())).collect()
    };
    of(worlds.before).into_iter().chain(of(worlds.after)).collect()
}

fn members(worlds: Between<'_>, arn: &str) -> BTreeSet<Who> {
    let of = |world: &World<'_>| -> Vec<Who> {
        let members = world.members.get(arn).into_iter().flatten();
        members.filter_map(|index| world.actors.get(*index)).map(|actor| Who::Identity(actor.arn.clone())).collect()
    };
    of(worlds.before).into_iter().chain(of(worlds.after)).collect()
}

/// Those under the places a control is attached to in either world; of the organization's own shape, everyone.
fn controlled(worlds: Between<'_>, before: Option<&Access<'_>>, after: Option<&Access<'_>>) -> BTreeSet<Who> {
    let mut whos = BTreeSet::new();
    for world in [worlds.before, worlds.after] {
        let mut accounts: BTreeSet<&str> = BTreeSet::new();
        for access in before.into_iter().chain(after) {
            match access {
                Access::Control { targets, side: Side::Service, .. } => {
                    accounts.extend(targets.iter().flat_map(|target| world.accounts_under(target)));
                }
                // What a control on resources keeps out may come from anywhere.
                _ => accounts.extend(world.by_account.keys().map(String::as_str)),
            }
        }
        let actors = accounts.into_iter().filter_map(|account| world.by_account.get(account)).flatten();
        whos.extend(actors.filter_map(|i| world.actors.get(*i)).map(|actor| Who::Identity(actor.arn.clone())));
    }
    whos
}

/// What an identity's own statements are about, in one world.
fn own_statements(world: &World<'_>, who: &Who) -> Vec<Statement> {
    let Who::Identity(arn) = who else { return Vec::new() };
    let Some(actor) = world.actors_by_arn.get(arn).and_then(|index| world.actors.get(*index)) else {
        return Vec::new();
    };
    let held = actor.papers.iter().filter_map(|paper| world.held.get(*paper));
    let statements = held.filter(|held| !held.is_unknown).flat_map(|held| held.document.statements.iter());
    statements.map(|statement| Statement { sid: None, ..statement.clone() }).collect()
}

/// What changed in an identity: its policies, and with its boundary or tags all they allow.
fn of_identity(probes: &mut Probes, worlds: Between<'_>, who: &Who) {
    let before: BTreeSet<Statement> = own_statements(worlds.before, who).into_iter().collect();
    let after: BTreeSet<Statement> = own_statements(worlds.after, who).into_iter().collect();
    let statements: Vec<Statement> = before.symmetric_difference(&after).cloned().collect();
    if statements.is_empty() {
        return all_of(probes, worlds, who);
    }
    limited(probes, worlds, who, &statements);
}

/// What changed statements of an identity are about; where one denies, all that it could deny.
fn limited(probes: &mut Probes, worlds: Between<'_>, who: &Who, statements: &[Statement]) {
    for statement in statements {
        probes.add_statement(who, statement, None);
    }
    if statements.iter().any(|statement| statement.effect == Effect::Deny) {
        all_of(probes, worlds, who);
    }
}

/// All that those have whom the policy bounds.
fn bounded(probes: &mut Probes, worlds: Between<'_>, arn: &str) {
    for who in holders(worlds, arn) {
        let Who::Identity(identity) = &who else { continue };
        let is_bound = [worlds.before, worlds.after].into_iter().any(|world| {
            let actor = world.actors_by_arn.get(identity).and_then(|index| world.actors.get(*index));
            actor.is_some_and(|actor| actor.boundary.is_some())
        });
        if is_bound {
            all_of(probes, worlds, &who);
        }
    }
}

/// All that an identity's policies are about.
fn all_of(probes: &mut Probes, worlds: Between<'_>, who: &Who) {
    let statements: BTreeSet<Statement> =
        own_statements(worlds.before, who).into_iter().chain(own_statements(worlds.after, who)).collect();
    for statement in &statements {
        probes.add_statement(who, statement, None);
    }
}

fn on_resource(probes: &mut Probes, worlds: Between<'_>, arn: &str) {
    let policy = |world: &'_ World<'_>| -> Option<Document> {
        let paper = world.targets.get(arn)?.paper?;
        world.held.get(paper).filter(|held| !held.is_unknown).map(|held| held.document.clone().into_owned())
    };
    let (before, after) = (policy(worlds.before), policy(worlds.after));
    let all = || before.iter().chain(&after).flat_map(|document| &document.statements);
    for statement in differing(before.as_ref(), after.as_ref()) {
        let mut whos = concerned(worlds, &statement);
        if statement.effect == Effect::Deny {
            // What it denies, others allow: those they name, and whoever its own account lets do it.
            let mut affected: BTreeSet<Who> = all().flat_map(|other| concerned(worlds, other)).collect();
            affected.extend(home(worlds, arn));
            for other in all().filter(|other| other.effect == Effect::Allow) {
                for who in &affected {
                    probes.add_statement(who, other, Some(arn));
                }
            }
            whos.extend(affected);
        }
        for who in &whos {
            probes.add_statement(who, &statement, Some(arn));
        }
    }
}

/// The account of a resource, and everyone of it.
fn home(worlds: Between<'_>, arn: &str) -> BTreeSet<Who> {
    let mut whos = BTreeSet::new();
    for world in [worlds.before, worlds.after] {
        let thing = world.targets.get(arn).and_then(|target| world.thing(target.thing));
        if let Some(thing) = thing {
            whos.extend(of_account(world, &thing.account_id));
        }
    }
    whos
}

fn of_account(world: &World<'_>, account: &str) -> Vec<Who> {
    let actors = world.by_account.get(account).into_iter().flatten().filter_map(|index| world.actors.get(*index));
    let identities = actors.map(|actor| Who::Identity(actor.arn.clone()));
    identities.chain([Who::Account(account.to_owned())]).collect()
}

/// Those a statement on a resource is about.
fn concerned(worlds: Between<'_>, statement: &Statement) -> BTreeSet<Who> {
    let mut whos = BTreeSet::new();
    let everyone = [Who::Anonymous, Who::Stranger];
    let Some(principals) = &statement.principal else { return whos };
    if let Principals::Not(_) = principals {
        whos.extend(everyone.clone());
    }
    for principal in principals.named() {
        match principal {
            Principal::Everyone => whos.extend(everyone.clone()),
            Principal::Aws(name) if name == "*" => whos.extend(everyone.clone()),
            Principal::Aws(name) if name.ends_with(":root") => {
                if let Some(account) = name.split(':').nth(4) {
                    whos.extend(of_account(worlds.before, account));
                    whos.extend(of_account(worlds.after, account));
                }
            }
            Principal::Aws(name) => {
                whos.insert(Who::Identity(name.clone()));
            }
            Principal::Service(name) => {
                whos.insert(Who::Service(name.clone()));
            }
            Principal::Federated(name) => {
                whos.insert(Who::Federated(name.clone()));
            }
            Principal::CanonicalUser(_) => {}
        }
    }
    whos
}

/// All that any policy names for someone: its own, and those on resources that are about it.
pub(super) fn of_policies_naming(probes: &mut Probes, worlds: Between<'_>, who: &Who) {
    all_of(probes, worlds, who);
    let world = worlds.after;
    for (arn, target) in &world.targets {
        let Some(held) = target.paper.and_then(|paper| world.held.get(paper)).filter(|held| !held.is_unknown) else {
            continue;
        };
        for statement in held.document.statements.iter().filter(|statement| statement.effect == Effect::Allow) {
            if is_about(statement, who) {
                probes.add_statement(who, statement, Some(arn));
            }
        }
    }
}

/// Whether a statement on a resource names someone, its account, or everyone.
fn is_about(statement: &Statement, who: &Who) -> bool {
    let Some(principals) = &statement.principal else { return false };
    let Principals::Is(named) = principals else { return true };
    named.iter().any(|principal| match (principal, who) {
        (Principal::Everyone, _) => true,
        (Principal::Aws(name), Who::Identity(arn)) => {
            name == arn || name == "*" || (name.ends_with(":root") && name.split(':').nth(4) == who.account())
        }
        (Principal::Aws(name), Who::Account(id)) => name.split(':').nth(4) == Some(id) || name == "*",
        (Principal::Service(name), Who::Service(service)) => name == service,
        (Principal::Federated(name), Who::Federated(provider)) => name == provider,
        (Principal::Aws(name), _) => name == "*",
        (Principal::Service(_) | Principal::Federated(_) | Principal::CanonicalUser(_), _) => false,
    })
}

impl World<'_> {
    /// Those whom the policy on a resource names, but for identities that models tell of.
    pub(super) fn named_on(&self, resource: &str) -> BTreeSet<Who> {
        let paper = self.under(resource).and_then(|(target, _)| target.paper);
        let Some(held) = paper.and_then(|paper| self.held.get(paper)).filter(|held| !held.is_unknown) else {
            return BTreeSet::new();
        };
        let mut whos = BTreeSet::new();
        for principal in held.document.statements.iter().filter_map(|statement| statement.principal.as_ref()) {
            whos.extend(principal.named().iter().filter_map(|principal| match principal {
                Principal::Aws(name) if name.ends_with(":root") => {
                    name.split(':').nth(4).map(|account| Who::Account(account.to_owned()))
                }
                Principal::Aws(name) if name != "*" => Some(Who::Identity(name.clone())),
                Principal::Service(name) => Some(Who::Service(name.clone())),
                Principal::Federated(name) => Some(Who::Federated(name.clone())),
                Principal::Aws(_) | Principal::Everyone | Principal::CanonicalUser(_) => None,
            }));
        }
        whos
    }
}
