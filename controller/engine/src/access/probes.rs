//! Which requests a change of policies may decide otherwise.
//!
//! Only the statements that are in one of the two worlds and not in the other can matter, and only to those they are about. A
//! statement that limits (it denies, or bounds, or controls) matters to what others allow, so that those are asked about too.

use std::collections::{BTreeMap, BTreeSet};

use trueup_specs::pending;
use trueup_specs::policy::evaluate::ANY;
use trueup_specs::policy::{Actions, Document, Effect, Principal, Principals, Resources, Statement};

use super::ask::Who;
use super::offer::{Access, Beside, Paper, Side};
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
            Some(Access::Beside { sort: Beside::Account, .. }) => {
                let public: BTreeSet<&str> =
                    worlds.before.public_in(&arn).chain(worlds.after.public_in(&arn)).collect();
                public.iter().for_each(|arn| on_resource(probes, worlds, arn));
            }
            Some(Access::Resource { .. } | Access::Beside { .. } | Access::Public { .. }) => {
                on_resource(probes, worlds, &arn);
            }
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
            Some(Access::Control { side, .. }) => {
                let statements = differing(document(before), document(after));
                let accounts = controlled(worlds, before, after);
                match side {
                    Side::Service => under_service_control(probes, worlds, &accounts, &statements),
                    Side::Resource => under_resource_control(probes, worlds, &accounts, &statements),
                }
            }
            Some(Access::Place { .. } | Access::Organization { .. }) => {
                let accounts = controlled(worlds, before, after);
                under_service_control(probes, worlds, &accounts, &[]);
            }
            None => {}
        }
    }
}

/// What an offer is called, so that the two sides of a change are held against each other.
fn name(access: &Access<'_>) -> (u8, String) {
    match access {
        Access::Resource { arn, .. } | Access::Beside { arn, .. } | Access::Public { arn } => (0, arn.clone()),
        Access::Policy { arn, .. } => (1, arn.clone()),
        Access::Group { arn, .. } => (2, arn.clone()),
        Access::Identity { arn, .. } => (3, arn.clone()),
        Access::Control { targets, .. } => (4, targets.join(",")),
        Access::Place { id, .. } | Access::Organization { id, .. } => (5, id.clone()),
    }
}

fn document<'o>(access: Option<&'o Access<'_>>) -> Option<&'o Document> {
    match access {
        Some(
            Access::Policy { paper: Paper { document, .. }, .. }
            | Access::Control { paper: Paper { document, .. }, .. },
        ) => document.as_deref(),
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

/// The accounts under the places that changed, or that a control is attached to, in either world.
fn controlled(worlds: Between<'_>, before: Option<&Access<'_>>, after: Option<&Access<'_>>) -> BTreeSet<String> {
    let mut accounts = BTreeSet::new();
    for world in [worlds.before, worlds.after] {
        for access in before.into_iter().chain(after) {
            let under = match access {
                Access::Control { targets, .. } => {
                    targets.iter().flat_map(|target| world.accounts_under(Some(target))).collect()
                }
                Access::Place { id, .. } => world.accounts_under(Some(id)),
                _ => world.accounts_under(None),
            };
            accounts.extend(under.into_iter().map(str::to_owned));
        }
    }
    accounts
}

/// What the identities of accounts have, and what the statements of a control are about.
fn under_service_control(
    probes: &mut Probes,
    worlds: Between<'_>,
    accounts: &BTreeSet<String>,
    statements: &[Statement],
) {
    for who in everyone_of(worlds, accounts) {
        all_of(probes, worlds, &who);
        // An account that is still to be made has nothing to lose.
        if who.account().is_some_and(|account| !pending::is_pending(account)) {
            statements.iter().for_each(|statement| probes.add_statement(&who, statement, None));
        }
    }
}

/// What can be done to the resources of accounts, by those their policies name and by their own account.
fn under_resource_control(
    probes: &mut Probes,
    worlds: Between<'_>,
    accounts: &BTreeSet<String>,
    statements: &[Statement],
) {
    let is_under =
        |world: &World<'_>, thing: usize| world.thing(thing).is_some_and(|thing| accounts.contains(&thing.account_id));
    let mut arns: BTreeSet<&str> = BTreeSet::new();
    for world in [worlds.before, worlds.after] {
        let under = world.targets.iter().filter(|(_, target)| is_under(world, target.thing));
        arns.extend(under.map(|(arn, _)| arn.as_str()));
    }
    for arn in arns {
        let (before, after) = (on(worlds.before, arn), on(worlds.after, arn));
        let allowed = before.iter().chain(&after).flat_map(|document| &document.statements);
        let allowed: Vec<&Statement> = allowed.filter(|statement| statement.effect == Effect::Allow).collect();
        let mut affected: BTreeSet<Who> = allowed.iter().flat_map(|statement| concerned(worlds, statement)).collect();
        affected.extend(home(worlds, arn));
        for who in &affected {
            for statement in allowed.iter().copied().chain(statements) {
                probes.add_statement(who, statement, Some(arn));
            }
        }
    }
}

/// The accounts and everyone in them.
fn everyone_of(worlds: Between<'_>, accounts: &BTreeSet<String>) -> BTreeSet<Who> {
    let of = |world| accounts.iter().flat_map(move |account| of_account(world, account));
    of(worlds.before).chain(of(worlds.after)).collect()
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

/// All that the documents on a thing say, as one; nothing if it has none.
fn on(world: &World<'_>, arn: &str) -> Option<Document> {
    let mut documents = world.documents_on(arn).map(|held| held.document.clone().into_owned());
    let first = documents.next()?;
    let statements = first.statements.into_iter().chain(documents.flat_map(|document| document.statements)).collect();
    Some(Document { statements, ..first })
}

fn on_resource(probes: &mut Probes, worlds: Between<'_>, arn: &str) {
    let (before, after) = (on(worlds.before, arn), on(worlds.after, arn));
    // A registry's policy is on its repositories.
    let is_registry = [worlds.before, worlds.after].iter().any(|world| world.registries.contains_key(arn));
    let itself = if is_registry { format!("{arn}/*") } else { arn.to_owned() };
    let all = || before.iter().chain(&after).flat_map(|document| &document.statements);
    for statement in differing(before.as_ref(), after.as_ref()) {
        let mut whos = concerned(worlds, &statement);
        if statement.effect == Effect::Deny {
            // What it denies, others allow: those they name, and whoever its own account lets do it.
            let mut affected: BTreeSet<Who> = all().flat_map(|other| concerned(worlds, other)).collect();
            affected.extend(home(worlds, arn));
            for other in all().filter(|other| other.effect == Effect::Allow) {
                for who in &affected {
                    probes.add_statement(who, other, Some(&itself));
                }
            }
            whos.extend(affected);
        }
        for who in &whos {
            probes.add_statement(who, &statement, Some(&itself));
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

/// The accounts that a statement's conditions name as those of the caller.
fn accounts_in_condition(statement: &Statement) -> BTreeSet<String> {
    const KEYS: [&str; 3] = ["aws:PrincipalAccount", "aws:PrincipalArn", "kms:CallerAccount"];
    let is_of_caller = |key: &str| KEYS.iter().any(|known| key.eq_ignore_ascii_case(known));
    let tested = statement.condition.values().flatten().filter(|(key, _)| is_of_caller(key.as_str()));
    let parts = tested.flat_map(|(_, values)| values).flat_map(|value| value.split(':'));
    let is_id = |part: &&str| part.len() == 12 && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.filter(is_id).map(str::to_owned).collect()
}

/// Those a statement on a resource is about.
fn concerned(worlds: Between<'_>, statement: &Statement) -> BTreeSet<Who> {
    let mut whos = BTreeSet::new();
    let everyone = [Who::Anonymous, Who::Stranger];
    let Some(principals) = &statement.principal else { return whos };
    if let Principals::Not(_) = principals {
        whos.extend(everyone.clone());
    }
    // A condition may say of which account everyone must be, and then these are not outside.
    for account in accounts_in_condition(statement) {
        whos.extend(of_account(worlds.before, &account));
        whos.extend(of_account(worlds.after, &account));
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
    for arn in world.targets.keys().chain(world.registries.keys()) {
        let statements = world.documents_on(arn).flat_map(|held| &held.document.statements);
        for statement in statements.filter(|statement| statement.effect == Effect::Allow) {
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
        let papers = self.under(resource).into_iter();
        let papers = papers.flat_map(|(target, _)| target.paper.iter().chain(&target.grants).copied());
        let held = papers.chain(self.registry_of(resource)).filter_map(|paper| self.held.get(paper));
        let statements = held.filter(|held| !held.is_unknown).flat_map(|held| &held.document.statements);
        let mut whos = BTreeSet::new();
        for principal in statements.filter_map(|statement| statement.principal.as_ref()) {
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
