//! All policies of a set of models, ready to be asked.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use trueup_specs::ByName;
use trueup_specs::pending;
use trueup_specs::policy::{Document, Effect, Statement};
use trueup_specs::project::Project;
use trueup_state::outputs::Outputs;

use super::offer::{Access, Beside, Itself, Limits, Paper, Side};
use super::organization::{self, FULL_ACCESS, Organization};
use crate::check::Checked;
use crate::kind::{AnyKind, AnyModel, At};
use crate::observe::Snapshot;

/// A thing whose policies have a say.
pub struct Thing<'m> {
    /// Where it is, and what it is called.
    pub at: Cow<'m, At>,
    /// Its kind.
    pub kind: &'static dyn AnyKind,
    /// Its model.
    pub model: &'m AnyModel,
    /// Its outputs, as far as they are known.
    pub outputs: Cow<'m, Outputs>,
    /// The number of its item, if it is one of the specs.
    pub item: Option<usize>,
}

/// A document of the world.
pub(super) struct Held<'m> {
    /// What a decision calls it; no two have one name.
    pub(super) name: String,
    /// The thing it is of; nothing if no model is.
    pub(super) thing: Option<usize>,
    /// The field of the thing.
    pub(super) field: String,
    pub(super) document: Cow<'m, Document>,
    /// Whether what it says is not known, and the document stands for that.
    pub(super) is_unknown: bool,
}

/// Who acts.
pub(super) struct Actor<'m> {
    pub(super) arn: String,
    pub(super) thing: usize,
    /// Everything that may allow it something.
    pub(super) papers: Vec<usize>,
    /// Those of them that it has by its groups.
    pub(super) through_groups: BTreeSet<usize>,
    pub(super) boundary: Option<usize>,
    pub(super) tags: &'m ByName<String>,
}

/// What is acted on.
pub(super) struct Target {
    pub(super) thing: usize,
    /// The policy on it; nothing if it has none.
    pub(super) paper: Option<usize>,
    /// Whether what limits the public in its account limits it.
    pub(super) is_public: bool,
    /// What limits it beside its policy.
    pub(super) limits: Vec<usize>,
    /// Its grants.
    pub(super) grants: Vec<usize>,
    pub(super) field: &'static str,
    pub(super) itself: Itself,
}

/// What a thing is called, and where it is.
pub(super) struct Named {
    /// Its address, or what stands for it.
    pub(super) label: String,
    pub(super) account_id: String,
    pub(super) item: Option<usize>,
}

/// The condition key that stands for a text nobody knows; the ARN of the policy is behind it.
pub(super) const UNKNOWN: &str = "trueup:unknown/";

/// All policies of a set of models.
pub struct World<'m> {
    pub(super) things: Vec<Named>,
    pub(super) held: Vec<Held<'m>>,
    pub(super) names: HashMap<String, usize>,
    pub(super) actors: Vec<Actor<'m>>,
    pub(super) actors_by_arn: HashMap<String, usize>,
    /// What has a policy, by ARN.
    pub(super) targets: HashMap<String, Target>,
    /// The policies of registries, by what the ARNs of their repositories begin with.
    pub(super) registries: HashMap<String, usize>,
    /// What limits all that is public in an account, by its id.
    pub(super) account_limits: HashMap<String, usize>,
    /// The actors that hold a managed policy, by its ARN.
    pub(super) holders: HashMap<String, Vec<usize>>,
    /// The actors in a group, by its ARN.
    pub(super) members: HashMap<String, Vec<usize>>,
    /// The actors of an account, by its id.
    pub(super) by_account: HashMap<String, Vec<usize>>,
    /// What stands for a policy on a resource that nobody read.
    pub(super) unread: usize,
    /// What stands for one that may only allow.
    pub(super) unread_allowing: usize,
    /// What stands for the policies of an identity that nobody read.
    pub(super) unread_identity: usize,
    /// What someone of another account may be let do by that account: anything.
    pub(super) anything: usize,
    /// AWS's own service control policy.
    pub(super) full_access: usize,
    known: HashMap<String, String>,
    /// The names of accounts by their ids.
    pub(super) accounts: HashMap<String, String>,
    pub(super) organization: Organization,
    /// The tags of each thing.
    pub(super) tags: Vec<Option<&'m ByName<String>>>,
    /// The ids of all accounts that are known, and patterns of the ARNs of all who are of them.
    pub(super) ids_within: Arc<[String]>,
    pub(super) arns_within: Arc<[String]>,
}

impl<'m> World<'m> {
    /// The world of these things. A policy that nobody read may allow and deny anything.
    #[must_use]
    pub fn of(things: &'m [Thing<'m>]) -> Self {
        Self::with(things, Unread::MayBeAnything)
    }

    /// The same, for holding two worlds against each other: what nobody read is alike in both, and counts for nothing.
    #[must_use]
    pub(super) fn of_known(things: &'m [Thing<'m>]) -> Self {
        Self::with(things, Unread::CountsNothing)
    }

    fn with(things: &'m [Thing<'m>], unread: Unread) -> Self {
        let offers: Vec<(usize, Access<'m>)> = things
            .iter()
            .enumerate()
            .flat_map(|(index, thing)| {
                let offered = thing.kind.access(&thing.at, thing.model, &thing.outputs);
                offered.into_iter().map(move |access| (index, access))
            })
            .collect();
        let mut builder = Builder::new(things, unread);
        builder.learn(things, &offers);
        let (holders, others): (Vec<_>, Vec<_>) = offers.into_iter().partition(|(_, access)| match access {
            Access::Beside { sort, .. } => *sort != Beside::Account,
            Access::Identity { .. } | Access::Public { .. } => true,
            _ => false,
        });
        others.into_iter().for_each(|(thing, access)| builder.take(thing, access));
        // Who holds a policy comes after all policies, and what is beside one after it.
        holders.into_iter().for_each(|(thing, access)| builder.take(thing, access));
        builder.world.within(BTreeMap::new())
    }

    /// The same, where the project is known that the things are of: all its accounts, and which of them manages the organization.
    #[must_use]
    pub fn of_project(mut self, project: &Project) -> Self {
        let managing = project.management.as_ref().and_then(|name| project.accounts.get(name));
        if let Some(account) = managing {
            // What the organization itself tells counts before what the specs say of it.
            self.organization.management_account.get_or_insert_with(|| account.id.clone());
        }
        let accounts = project.accounts.values();
        self.within(accounts.map(|account| (account.id.clone(), account.name.to_string())).collect())
    }

    /// The same, with more accounts that are known.
    fn within(mut self, more: BTreeMap<String, String>) -> Self {
        for (id, name) in more {
            self.accounts.entry(id).or_insert(name);
        }
        let mut ids: Vec<String> = self.accounts.keys().cloned().collect();
        ids.sort_unstable();
        self.arns_within = ids.iter().map(|id| format!("arn:*:{id}:*")).collect();
        self.ids_within = ids.into();
        self
    }

    /// The same of what was read, where what limits it could not be read: then it may be limited, which leaves an answer open.
    #[must_use]
    pub fn of_live(things: &'m [Thing<'m>], checked: &Checked<'_>, snapshot: &Snapshot) -> Self {
        let world = Self::of(things);
        let managing = world.organization.management_account.clone();
        let world = world.of_project(checked.project);
        let mut builder =
            Builder { world, unread: Unread::MayBeAnything, policies: HashMap::new(), groups: HashMap::new() };
        for (name, scope, seen) in snapshot.iter() {
            let kind = checked.kinds.get(name).filter(|_| seen.is_err());
            let account = checked.project.accounts.get(&scope.account);
            let (Some(limits), Some(account)) = (kind.and_then(AnyKind::limits_others), account) else { continue };
            match limits {
                Limits::Organization(side) => {
                    let (what, placed) = match side {
                        Side::Service => ("the service control policies of the organization", Placed::OnIdentity),
                        Side::Resource => ("the resource control policies of the organization", Placed::OnResource),
                    };
                    let held = builder.unknown(what, placed);
                    builder.world.organization.unread.push((side, held));
                }
                Limits::Public => {
                    let held = builder.unknown(&format!("{name} of {}", scope.account), Placed::OnResource);
                    builder.world.account_limits.insert(account.id.clone(), held);
                }
            }
        }
        if !builder.world.organization.unread.is_empty() {
            // What was not read could contradict the specs, by which an account would be under no control.
            builder.world.organization.management_account = managing;
        }
        builder.world
    }

    /// A text with the values that are known of what it waits for.
    #[must_use]
    pub fn known(&self, text: &str) -> String {
        replaced(&self.known, text).unwrap_or_else(|| text.to_owned())
    }

    /// What a thing is called.
    pub(super) fn thing(&self, thing: usize) -> Option<&Named> {
        self.things.get(thing)
    }

    /// The account of what an ARN is of, if that is known.
    pub(super) fn home_of<'a>(&'a self, arn: &'a str) -> Option<&'a str> {
        let of_thing = self.under(arn).and_then(|(target, _)| self.thing(target.thing));
        let in_arn = || arn.split(':').nth(4).filter(|account| !account.is_empty() && !account.contains('*'));
        of_thing.map(|thing| thing.account_id.as_str()).or_else(in_arn)
    }

    /// The document a decision names.
    pub(super) fn held_by(&self, name: &str) -> Option<&Held<'m>> {
        self.names.get(name).and_then(|index| self.held.get(*index))
    }

    /// The policy of the registry that a repository is in, which has a say beside its own.
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html>
    pub(super) fn registry_of(&self, arn: &str) -> Option<usize> {
        let (front, _) = arn.split_once('/').filter(|_| !self.registries.is_empty())?;
        self.registries.get(front).copied()
    }

    /// Every document on the thing with this ARN, or of the registry whose repositories begin so.
    pub(super) fn documents_on(&self, arn: &str) -> impl Iterator<Item = &Held<'m>> {
        let target = self.targets.get(arn);
        let of_target = |target: &Target| -> Vec<usize> {
            let Target { paper, grants, .. } = target;
            paper.iter().copied().chain(self.limits_of(target)).chain(grants.iter().copied()).collect()
        };
        let own = target.map(of_target).into_iter().flatten();
        let held = own.chain(self.registries.get(arn).copied()).filter_map(|paper| self.held.get(paper));
        held.filter(|held| !held.is_unknown)
    }

    /// What limits a thing beside its policy: its own limits, and where it is public that of its account.
    pub(super) fn limits_of<'t>(&'t self, target: &'t Target) -> impl Iterator<Item = usize> + 't {
        let account = self.thing(target.thing).filter(|_| target.is_public).map(|thing| &thing.account_id);
        let of_account = account.and_then(|account| self.account_limits.get(account));
        target.limits.iter().chain(of_account).copied()
    }

    /// The ARNs of what is public in an account.
    pub(super) fn public_in<'a>(&'a self, account: &'a str) -> impl Iterator<Item = &'a str> {
        let is_here = move |target: &Target| self.thing(target.thing).is_some_and(|thing| thing.account_id == account);
        let public = self.targets.iter().filter(move |(_, target)| target.is_public && is_here(target));
        public.map(|(arn, _)| arn.as_str())
    }

    /// The thing an ARN is of, or is under; and what of the ARN is under it. Only buckets have something under them that their policy is
    /// on: of all else a slash may be in the name, or in the path of a role, of another thing.
    pub(super) fn under<'a>(&self, arn: &'a str) -> Option<(&Target, &'a str)> {
        if let Some(target) = self.targets.get(arn) {
            return Some((target, ""));
        }
        let is_bucket = arn.split(':').nth(2) == Some("s3");
        let mut slashes = arn.rmatch_indices('/').map(|(at, _)| at).filter(|_| is_bucket);
        slashes.find_map(|at| {
            let (front, rest) = arn.split_at(at);
            self.targets.get(front).map(|target| (target, rest))
        })
    }
}

/// What a document is on: only one on a resource names principals.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Placed {
    OnIdentity,
    OnResource,
}

/// What a policy that nobody read says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unread {
    MayBeAnything,
    CountsNothing,
}

struct Builder<'m> {
    world: World<'m>,
    unread: Unread,
    /// Managed policies by ARN.
    policies: HashMap<String, usize>,
    /// The papers of groups by ARN.
    groups: HashMap<String, (Vec<usize>, Vec<String>)>,
}

impl<'m> Builder<'m> {
    fn new(things: &'m [Thing<'m>], unread: Unread) -> Self {
        let named = |thing: &Thing<'_>| Named {
            label: thing.at.address.to_string(),
            account_id: thing.at.account_id.to_string(),
            item: thing.item,
        };
        let world = World {
            things: things.iter().map(named).collect(),
            held: Vec::new(),
            names: HashMap::new(),
            actors: Vec::new(),
            actors_by_arn: HashMap::new(),
            targets: HashMap::new(),
            registries: HashMap::new(),
            account_limits: HashMap::new(),
            holders: HashMap::new(),
            members: HashMap::new(),
            by_account: HashMap::new(),
            unread: 0,
            unread_allowing: 0,
            unread_identity: 0,
            anything: 0,
            full_access: 0,
            known: HashMap::new(),
            accounts: things
                .iter()
                .map(|thing| (thing.at.account_id.to_string(), thing.at.scope.account.to_string()))
                .collect(),
            organization: Organization::default(),
            tags: things.iter().map(|thing| thing.kind.tags(thing.model)).collect(),
            ids_within: Arc::default(),
            arns_within: Arc::default(),
        };
        let mut builder = Self { world, unread, policies: HashMap::new(), groups: HashMap::new() };
        builder.world.unread = builder.unknown("the policy on the resource", Placed::OnResource);
        builder.world.unread_allowing = builder.unknown("the policy on the resource", Placed::OnResource);
        let allowing = builder.world.unread_allowing;
        if let Some(held) = builder.world.held.get_mut(allowing) {
            held.document.to_mut().statements.retain(|statement| statement.effect == Effect::Allow);
        }
        builder.world.unread_identity = builder.unknown("the policies of the principal", Placed::OnIdentity);
        let all = document(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#);
        builder.world.anything = builder.hold(None, "policies of another account", Cow::Owned(all), false);
        builder.world.full_access = builder.hold(None, FULL_ACCESS, Cow::Owned(organization::full_access()), false);
        builder
    }

    /// Learns the ARNs that stand for values not known yet.
    fn learn(&mut self, things: &[Thing<'_>], offers: &[(usize, Access<'m>)]) {
        for (index, access) in offers {
            let (Access::Resource { arn, .. }, Some(thing)) = (access, things.get(*index)) else { continue };
            if !thing.outputs.contains_key("arn") && pending::is_pending(arn) {
                self.world.known.insert(format!("{}#arn", thing.at.address), arn.clone());
            }
        }
    }

    fn hold(&mut self, thing: Option<usize>, field: &str, document: Cow<'m, Document>, is_unknown: bool) -> usize {
        let label = thing.and_then(|thing| self.world.things.get(thing)).map(|thing| format!("{} ", thing.label));
        let mut name = format!("{}{field}", label.unwrap_or_default());
        while self.world.names.contains_key(&name) {
            name.push('\'');
        }
        let index = self.world.held.len();
        self.world.names.insert(name.clone(), index);
        self.world.held.push(Held { name, thing, field: field.to_owned(), document, is_unknown });
        index
    }

    /// A document that may allow or deny anything.
    fn unknown(&mut self, what: &str, placed: Placed) -> usize {
        let condition = serde_json::json!({ "StringEquals": { format!("{UNKNOWN}{what}"): "known" } });
        let effect = |effect: &str| {
            format!(r#"{{"Effect":"{effect}","Principal":"*","Action":"*","Resource":"*","Condition":{condition}}}"#)
        };
        let mut document = document(&format!("{},{}", effect("Allow"), effect("Deny")));
        if self.unread == Unread::CountsNothing {
            document.statements.clear();
        }
        if placed == Placed::OnIdentity {
            // A policy of an identity names no principal.
            let bare = |statement: Statement| Statement { principal: None, ..statement };
            document.statements = document.statements.into_iter().map(bare).collect();
        }
        self.hold(None, what, Cow::Owned(document), true)
    }

    fn paper(&mut self, thing: usize, paper: Paper<'m>, placed: Placed) -> usize {
        let Paper { field, document } = paper;
        let Some(document) = document else {
            let label = self.world.things.get(thing).map_or("", |thing| &thing.label);
            let held = self.unknown(&format!("{label} {field}"), placed);
            if let Some(held) = self.world.held.get_mut(held) {
                held.thing = Some(thing);
            }
            return held;
        };
        let known = &self.world.known;
        let replaced = if known.is_empty() { None } else { document.replaced(|text| replaced(known, text)) };
        let document = replaced.map_or(document, Cow::Owned);
        self.hold(Some(thing), &field, document, false)
    }

    /// The managed policy of an ARN; one that is in no model may say anything.
    fn policy(&mut self, arn: &str) -> usize {
        if let Some(held) = self.policies.get(arn) {
            return *held;
        }
        let held = self.unknown(arn, Placed::OnIdentity);
        self.policies.insert(arn.to_owned(), held);
        held
    }

    fn take(&mut self, thing: usize, access: Access<'m>) {
        match access {
            Access::Policy { arn, paper } => {
                let held = self.paper(thing, paper, Placed::OnIdentity);
                self.policies.insert(arn, held);
            }
            Access::Group { arn, own, attached } => {
                let own = own.into_iter().map(|paper| self.paper(thing, paper, Placed::OnIdentity)).collect();
                self.groups.insert(arn, (own, attached.into_iter().map(str::to_owned).collect()));
            }
            Access::Resource { arn, policy, field, itself } => {
                let paper = policy.map(|paper| self.paper(thing, paper, Placed::OnResource));
                let (limits, grants) = (Vec::new(), Vec::new());
                let target = Target { thing, paper, is_public: false, limits, grants, field, itself };
                self.world.targets.insert(arn, target);
            }
            Access::Beside { arn, sort, paper } => {
                let held = self.paper(thing, paper, Placed::OnResource);
                match (sort, self.world.targets.get_mut(&arn)) {
                    (Beside::Registry, _) => drop(self.world.registries.insert(arn, held)),
                    (Beside::Account, _) => drop(self.world.account_limits.insert(arn, held)),
                    (Beside::Limit, Some(target)) => target.limits.push(held),
                    (Beside::Grants, Some(target)) => target.grants.push(held),
                    // A kind offers them with the thing itself.
                    (Beside::Limit | Beside::Grants, None) => {}
                }
            }
            Access::Public { arn } => {
                if let Some(target) = self.world.targets.get_mut(&arn) {
                    target.is_public = true;
                }
            }
            Access::Identity { .. } => self.actor(thing, access),
            Access::Organization { id, management_account } => {
                self.world.organization.id = Some(id);
                self.world.organization.management_account = Some(management_account);
            }
            Access::Place { id, parent, account } => {
                self.world.organization.add_place(id, parent, account);
            }
            Access::Control { side, targets, paper } => {
                let placed = if side == Side::Service { Placed::OnIdentity } else { Placed::OnResource };
                let held = self.paper(thing, paper, placed);
                self.world.organization.attach(side, targets, held);
            }
        }
    }

    fn actor(&mut self, thing: usize, access: Access<'m>) {
        let Access::Identity { arn, own, attached, groups, boundary, tags } = access else { return };
        let index = self.world.actors.len();
        let mut papers: Vec<usize> =
            own.into_iter().map(|paper| self.paper(thing, paper, Placed::OnIdentity)).collect();
        let mut managed: Vec<String> = attached.iter().map(|arn| (*arn).to_owned()).collect();
        let mut through_groups = BTreeSet::new();
        for group in groups {
            self.world.members.entry(group.to_owned()).or_default().push(index);
            match self.groups.get(group) {
                Some((own, attached)) => {
                    papers.extend(own);
                    managed.extend(attached.iter().cloned());
                    through_groups.extend(own.iter().copied());
                    through_groups.extend(attached.iter().filter_map(|policy| self.policies.get(policy)));
                }
                None => papers.push(self.policy(group)),
            }
        }
        for policy in managed {
            papers.push(self.policy(&policy));
            self.world.holders.entry(policy).or_default().push(index);
        }
        let bound = boundary.map(|policy| self.policy(policy));
        if let Some(boundary) = boundary {
            self.world.holders.entry(boundary.to_owned()).or_default().push(index);
        }
        let account = self.world.things.get(thing).map(|thing| thing.account_id.clone()).unwrap_or_default();
        self.world.by_account.entry(account).or_default().push(index);
        self.world.actors_by_arn.insert(arn.clone(), index);
        self.world.actors.push(Actor { arn, thing, papers, through_groups, boundary: bound, tags });
    }
}

fn replaced(known: &HashMap<String, String>, text: &str) -> Option<String> {
    if known.is_empty() || !text.contains(pending::OPEN) {
        return None;
    }
    let replaced = pending::replace(text, |address, attribute| known.get(&format!("{address}#{attribute}")).cloned());
    (replaced != text).then_some(replaced)
}

/// A document of these statements, which are written here and so well formed.
pub(super) fn document(statements: &str) -> Document {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    Document::from_live(&text).unwrap_or(Document {
        version: trueup_specs::policy::Version::V2012,
        id: None,
        statements: Vec::new(),
    })
}
