//! What a run needs: the IAM actions trueup calls, and on what.
//!
//! Reading is asked for on everything, since trueup finds by reading what is its own; changing is asked for by name. Which resources
//! an action can be narrowed to is in the Service Authorization Reference:
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use trueup_engine::check::{Checked, FromNames};
use trueup_engine::kind::At;
use trueup_specs::diagnostic::Problems;
use trueup_specs::kind::KindScope;
use trueup_specs::pending;
use trueup_specs::policy::{Actions, Caseless, Conditions, Document, Effect, Resources, Statement, Version};
use trueup_specs::project::InstanceId;
use trueup_specs::resolve::Resolver;
use trueup_state::facts::Scope;
use trueup_state::plan::{Change, Plan, PlanAccount};

mod table;

use table::{BESIDES, KindNeeds, READ_BY_EVERY_PLAN, needs_of, reads_of};

/// The action of whoever hands a role to a service; on the role.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>
const PASS_ROLE: &str = "iam:PassRole";

/// The action of whoever takes a role; on the role.
pub(crate) const ASSUME_ROLE: &str = "sts:AssumeRole";

/// What every plan reads in every account.
pub(crate) fn read_by_every_plan() -> &'static [&'static str] {
    READ_BY_EVERY_PLAN
}

/// An action, and the ARN or pattern it is called on.
pub(crate) type Pairs = BTreeSet<(String, String)>;

/// What a run needs, account by account.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Needs {
    /// By the account's name in the specs.
    pub accounts: BTreeMap<Arc<str>, AccountNeeds>,
}

/// What a run needs in an account.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountNeeds {
    /// How it is reached.
    pub account: PlanAccount,
    /// The partition of its ARNs.
    pub partition: &'static str,
    pairs: Pairs,
}

impl AccountNeeds {
    /// The smallest policy that allows it: one statement for all resources that need the same.
    #[must_use]
    pub fn policy(&self) -> Document {
        smallest(&self.pairs)
    }

    /// The ARN of the role that is assumed in it; none where a profile leads there.
    #[must_use]
    pub fn access_role(&self) -> Option<String> {
        let PlanAccount { id, profile, access_role, through: _ } = &self.account;
        profile.is_none().then(|| wild(&format!("arn:{}:iam::{id}:role/{access_role}", self.partition)))
    }
}

impl Needs {
    /// What the caller must be allowed itself: to take the access role of each account that is not its own, where no other account
    /// takes it.
    #[must_use]
    pub fn caller(&self) -> Option<Document> {
        let by_caller = self.accounts.values().filter(|account| self.taker(account).is_none());
        let roles: BTreeSet<String> = by_caller.filter_map(AccountNeeds::access_role).collect();
        (!roles.is_empty()).then(|| document(vec![allow([ASSUME_ROLE].into(), roles)]))
    }

    /// The account through which another is reached, if it is one of these.
    fn taker(&self, account: &AccountNeeds) -> Option<&Arc<str>> {
        let through = account.account.through.as_ref()?;
        self.accounts.get_key_value(through).map(|(name, _)| name)
    }

    /// With the roles that one account takes in others: those of accounts that Organizations made trust the management account.
    fn with_roles(mut self) -> Self {
        let taken: Vec<(Arc<str>, String)> = self
            .accounts
            .values()
            .filter_map(|account| Some((Arc::clone(self.taker(account)?), account.access_role()?)))
            .collect();
        for (name, role) in taken {
            if let Some(needs) = self.accounts.get_mut(&name) {
                needs.pairs.insert((ASSUME_ROLE.to_owned(), role));
            }
        }
        self
    }

    fn add(&mut self, name: &Arc<str>, partition: &'static str, account: impl FnOnce() -> PlanAccount, pairs: Pairs) {
        let empty = || AccountNeeds { account: account(), partition, pairs: Pairs::new() };
        self.accounts.entry(Arc::clone(name)).or_insert_with(empty).pairs.extend(pairs);
    }
}

/// The smallest policy that allows these: one statement for all resources that need the same.
pub(crate) fn smallest(pairs: &Pairs) -> Document {
    let mut by_resource: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (action, resource) in pairs {
        by_resource.entry(resource).or_default().insert(action);
    }
    let mut by_actions: BTreeMap<BTreeSet<&str>, BTreeSet<String>> = BTreeMap::new();
    for (resource, actions) in by_resource {
        by_actions.entry(actions).or_default().insert(resource.to_owned());
    }
    document(by_actions.into_iter().map(|(actions, resources)| allow(actions, resources)).collect())
}

fn allow(actions: BTreeSet<&str>, resources: BTreeSet<String>) -> Statement {
    Statement {
        sid: None,
        effect: Effect::Allow,
        principal: None,
        action: Actions::Is(actions.into_iter().map(Caseless::from).collect()),
        resource: Some(Resources::Is(resources.into_iter().collect())),
        condition: Conditions::new(),
    }
}

fn document(statements: Vec<Statement>) -> Document {
    Document { version: Version::V2012, id: None, statements }.canonical()
}

/// What every plan that the specs as they are can lead to needs; or only the reading for it.
#[must_use]
pub fn of_specs(checked: &Checked<'_>, reading_alone: bool) -> Needs {
    let mut needs = Needs::default();
    let project = checked.project;
    for (name, account) in &project.accounts {
        let reached = || PlanAccount {
            id: Arc::from(account.id.as_str()),
            profile: account.profile.clone(),
            access_role: account.access_role.clone().unwrap_or_else(|| project.settings.access_role.clone()),
            through: account.through.clone(),
        };
        let partition = trueup_specs::resolve::partition(project.settings.region.as_deref().unwrap_or_default());
        // A plan looks everywhere for what is its own of every kind, also of those that the specs no longer speak of; the organization is
        // read from the account that manages it.
        let manages = project.management.as_ref() == Some(name);
        let is_there = |scope: KindScope| scope != KindScope::Organization || manages;
        let kinds = checked.kinds.rows.iter().filter(|kind| is_there(kind.schema().scope));
        let sources = kinds.flat_map(|kind| kind.sources());
        needs.add(name, partition, reached, read_pairs(sources.copied()));
    }
    for index in (0..checked.items.len()).filter(|_| !reading_alone) {
        let account = &checked.instance(index).account;
        if let Some(needs) = needs.accounts.get_mut(account) {
            needs.pairs.extend(item_pairs(checked, index));
        }
    }
    needs.with_roles()
}

/// What any change of a resource needs.
fn item_pairs(checked: &Checked<'_>, index: usize) -> Pairs {
    let id = InstanceId(u32::try_from(index).unwrap_or(u32::MAX));
    let (item, instance, predicted) = (checked.item(id), checked.instance(index), FromNames(&checked.items));
    // They were told when the specs were checked.
    let mut problems = Problems::new();
    let mut cx = Resolver::new(checked.project, id, &predicted, &mut problems);
    let Some(model) = item.kind.desired(&*instance.block.spec, &item.at, &mut cx) else { return Pairs::new() };
    let both = [(None, Some(&model)), (Some(&model), None)];
    let steps = both.into_iter().filter_map(|(before, after)| item.kind.ops(&item.at, before, after).ok());
    let infos = steps.flat_map(|steps| steps.ops).map(|op| item.kind.info(&item.at, &op));
    let called: Vec<(String, String)> = infos.map(|info| (info.call.to_owned(), info.resource)).collect();
    let kind = needs_of(item.kind.schema().name);
    let own = item.identity.outputs.get("arn").cloned();
    kind_pairs(kind, &item.at, &called, own, &[&item.kind.to_value(&model)], true)
}

/// What exactly one plan needs.
#[must_use]
pub fn of_plan(plan: &Plan) -> Needs {
    let mut needs = Needs::default();
    let account_of = |name: &Arc<str>| {
        let unknown = PlanAccount { id: Arc::from(""), profile: None, access_role: String::new(), through: None };
        plan.accounts.get(name).cloned().unwrap_or(unknown)
    };
    for read in &plan.reads {
        let Scope { account, region } = &read.request.scope;
        let partition = trueup_specs::resolve::partition(region.as_deref().unwrap_or_default());
        let pairs = read_pairs([&*read.request.source]);
        needs.add(account, partition, || account_of(account), pairs);
    }
    for (index, change) in plan.changes.iter().enumerate() {
        let Change { address, scope, before, after, outputs, .. } = change;
        let at = at_change(plan, change);
        let ops = plan.ops.iter().filter(|op| op.change == index);
        let called: Vec<(String, String)> = ops.map(|op| (op.call.clone(), op.resource.clone())).collect();
        let models: Vec<&Value> = before.iter().chain(after).collect();
        let kind = needs_of(&address.kind);
        let pairs = kind_pairs(kind, &at, &called, outputs.get("arn").cloned(), &models, false);
        needs.add(&scope.account, at.partition, || account_of(&scope.account), pairs);
    }
    needs.with_roles()
}

fn at_change(plan: &Plan, change: &Change) -> At {
    let Change { address, scope, .. } = change;
    let account = plan.accounts.get(&scope.account);
    At {
        scope: scope.clone(),
        account_id: account.map_or_else(|| Arc::from(""), |account| account.id.clone()),
        partition: trueup_specs::resolve::partition(scope.region.as_deref().unwrap_or_default()),
        address: Arc::from(address.to_string()),
    }
}

/// What a plan calls for certain, by account: its operations, and the roles they hand to a service. Left out is what is asked only when an
/// answer was lost, and what can't be told from a field alone.
pub(crate) fn certain(plan: &Plan) -> BTreeMap<Arc<str>, Pairs> {
    let mut certain: BTreeMap<Arc<str>, Pairs> = BTreeMap::new();
    for (index, change) in plan.changes.iter().enumerate() {
        let at = at_change(plan, change);
        let on_fields = needs_of(&change.address.kind).map_or(&[][..], |kind| kind.on_fields);
        let ops = plan.ops.iter().filter(|op| op.change == index);
        let calls = ops.filter(|op| !on_fields.iter().any(|(action, _)| *action == op.call));
        let pairs = certain.entry(change.scope.account.clone()).or_default();
        pairs.extend(calls.map(|op| (op.call.clone(), known(&op.resource, &op.call, &at))));
        for (_, field) in on_fields.iter().filter(|(action, _)| *action == PASS_ROLE) {
            let named = |model: &Option<Value>| -> BTreeSet<String> {
                let names = strings(model.as_ref().and_then(|model| model.get(*field))).into_iter();
                names.filter(|name| name.contains(":role/")).map(wild).collect()
            };
            let newly = named(&change.after).difference(&named(&change.before)).cloned().collect::<Vec<_>>();
            pairs.extend(newly.into_iter().map(|role| (PASS_ROLE.to_owned(), role)));
        }
    }
    certain
}

fn read_pairs<'s>(sources: impl IntoIterator<Item = &'s str>) -> Pairs {
    let actions = sources.into_iter().flat_map(reads_of);
    actions.map(|action| ((*action).to_owned(), "*".to_owned())).collect()
}

/// What one resource needs: the calls that are known, and with `all` every call of its kind.
fn kind_pairs(
    kind: Option<&KindNeeds>,
    at: &At,
    called: &[(String, String)],
    own: Option<String>,
    models: &[&Value],
    all: bool,
) -> Pairs {
    let mut pairs = Pairs::new();
    let elsewhere = |action: &str| kind.is_some_and(|kind| kind.on_fields.iter().any(|(other, _)| *other == action));
    for (call, resource) in called.iter().filter(|(call, _)| !elsewhere(call)) {
        pairs.insert((call.clone(), known(resource, call, at)));
        for (_, same, holder) in BESIDES.iter().filter(|(of, ..)| of == call) {
            let held = resource.strip_suffix("/*").unwrap_or(resource);
            pairs.extend(same.iter().map(|action| ((*action).to_owned(), resource.clone())));
            pairs.extend(holder.iter().map(|action| ((*action).to_owned(), held.to_owned())));
        }
    }
    let Some(KindNeeds { kind: _, calls, with, anywhere, on_fields, linked }) = kind else { return pairs };
    let mut owns: BTreeSet<String> = pairs.iter().map(|(_, on)| on.clone()).filter(|on| on != "*").collect();
    owns.extend(own.map(|arn| known(&arn, "", at)));
    if owns.is_empty() {
        owns.insert("*".to_owned());
    }
    let is_called = |action: &str| called.iter().any(|(call, _)| call == action);
    let more = calls.iter().filter(|action| all && !is_called(action) && !elsewhere(action));
    for action in more.chain(*with) {
        pairs.extend(owns.iter().map(|own| ((*action).to_owned(), own.clone())));
    }
    pairs.extend(anywhere.iter().map(|action| ((*action).to_owned(), "*".to_owned())));
    for (action, field) in on_fields.iter().filter(|(action, _)| all || is_called(action) || !calls.contains(action)) {
        let named = models.iter().flat_map(|model| strings(model.get(*field)));
        // Of all that a field holds only roles are handed on.
        let named = named.filter(|name| *action != PASS_ROLE || name.contains(":role/"));
        pairs.extend(named.map(|name| ((*action).to_owned(), known(&arn_of(name, action, at), action, at))));
    }
    for (_, role) in linked.iter().filter(|(field, _)| models.iter().any(|model| model.get(*field).is_some_and(is_set)))
    {
        let arn = at.arn("iam", &format!("role/aws-service-role/{role}"));
        pairs.insert(("iam:CreateServiceLinkedRole".to_owned(), wild(&arn)));
    }
    pairs
}

/// Whether a field says anything.
fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(is_on) => *is_on,
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::String(_) | Value::Number(_) => true,
    }
}

/// The strings in a field, however deep.
fn strings(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(items)) => items.iter().flat_map(|item| strings(Some(item))).collect(),
        Some(Value::Object(members)) => members.values().flat_map(|member| strings(Some(member))).collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_)) | None => Vec::new(),
    }
}

/// What a field names, as an ARN: aliases of keys are names in it.
fn arn_of(name: &str, action: &str, at: &At) -> String {
    let service = action.split(':').next().unwrap_or_default();
    if name.starts_with("arn:") || pending::is_pending(name) { name.to_owned() } else { at.arn(service, name) }
}

/// A resource as a policy can name it before it is made: what AWS makes up is a wildcard.
fn known(resource: &str, call: &str, at: &At) -> String {
    if let Some(name) = call.strip_prefix("organizations:") {
        return of_organization(resource, name, at);
    }
    if resource.starts_with("arn:") || !pending::is_pending(resource) {
        return wild(resource);
    }
    // Of what has no name but the one AWS makes up, only the sort is known.
    if call.starts_with("kms:") { wild(&at.arn("kms", "key/*")) } else { "*".to_owned() }
}

/// A text with a wildcard for each value that is not known yet.
fn wild(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(pending::OPEN) {
        out.push_str(before);
        out.push('*');
        rest = behind.split_once(pending::CLOSE).map_or("", |(_, rest)| rest);
    }
    out + rest
}

/// What has an id in an organization, whose own id is not asked for, as an ARN. Actions that are on several things at once, as moving an
/// account is on both parents too, are asked for on everything.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html>
fn of_organization(id: &str, name: &str, at: &At) -> String {
    const ON_ONE: &[&str] = &[
        "CloseAccount",
        "DeleteOrganizationalUnit",
        "DeletePolicy",
        "DescribeAccount",
        "TagResource",
        "UntagResource",
        "UpdateOrganizationalUnit",
        "UpdatePolicy",
    ];
    let sort = match id {
        _ if !ON_ONE.contains(&name) || pending::is_pending(id) => return "*".to_owned(),
        _ if id.starts_with("ou-") => "ou/o-*",
        _ if id.starts_with("p-") => "policy/o-*/*",
        _ if id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()) => "account/o-*",
        _ => return "*".to_owned(),
    };
    wild(&format!("arn:{}:organizations::{}:{sort}/{id}", at.partition, at.account_id))
}

#[cfg(test)]
mod tests;
