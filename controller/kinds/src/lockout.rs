//! Whether a plan locks trueup, or everyone, out.
//!
//! The ways in are the caller's own role or user, and the access role of each other account. A plan that removes one, no longer lets the
//! caller take it, or takes what it needs to look around and to mend itself, is marked; so is one that leaves a key that nobody can
//! administer. What is not known (a policy of AWS's own, a condition) counts as taken only where the plan changes it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use trueup_engine::facts::{Facts, Scope};
use trueup_specs::ByName;
use trueup_specs::policy::evaluate::{Caller, Decision, Policies, Request, Source, decide};
use trueup_specs::policy::{Document, widens_trust};
use trueup_state::plan::{Action, Change, Danger, Plan};

use crate::fields::PolicyDocument;
use crate::group::GroupModel;
use crate::policy::PolicyModel;
use crate::role::RoleModel;
use crate::session::{Aws, CallerIdentity};
use crate::source::iam::IamFacts;
use crate::user::UserModel;

mod keys;
mod lacks;
#[cfg(test)]
mod tests;

pub use lacks::Lack;

/// The only policy of AWS's own whose meaning can't change: it allows everything.
/// <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AdministratorAccess.html>
const ADMINISTRATOR: &str = "policy/AdministratorAccess";

/// Everything there is to know about how trueup gets into its accounts.
#[derive(Debug)]
pub struct WaysIn {
    caller: CallerIdentity,
    ways: Vec<Way>,
    /// The documents of customer managed policies, by ARN.
    policies: BTreeMap<String, Document>,
    /// What groups hold, by ARN.
    groups: BTreeMap<String, Holdings>,
    keys: Vec<keys::Key>,
}

/// One way in.
#[derive(Clone, Debug)]
struct Way {
    account: Arc<str>,
    kind: &'static str,
    name: String,
    arn: String,
    is_caller: bool,
    trust: Option<Document>,
    holdings: Holdings,
}

/// What lets an identity do things.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Holdings {
    inline: Vec<Document>,
    managed: BTreeSet<String>,
    boundary: Option<String>,
    groups: BTreeSet<String>,
}

/// Whether something may be done, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum May {
    No,
    Perhaps,
    Yes,
}

impl From<Decision<'_>> for May {
    fn from(decision: Decision<'_>) -> Self {
        match decision {
            Decision::Allowed { .. } => Self::Yes,
            Decision::Conditional { .. } => Self::Perhaps,
            Decision::DeniedExplicitly { .. } | Decision::DeniedImplicitly { .. } => Self::No,
        }
    }
}

fn document(document: &PolicyDocument) -> Option<Document> {
    match document {
        PolicyDocument::Document(document) => Some(document.clone()),
        PolicyDocument::Unreadable(_) => None,
    }
}

fn live(text: &str) -> Option<Document> {
    Document::from_live(text).ok()
}

impl Holdings {
    fn of_role(role: &RoleModel) -> Self {
        Self {
            inline: role.inline.values().filter_map(document).collect(),
            managed: role.managed_policies.clone(),
            boundary: role.permissions_boundary.clone(),
            groups: BTreeSet::new(),
        }
    }

    fn of_user(user: &UserModel) -> Self {
        Self {
            inline: user.inline.values().filter_map(document).collect(),
            managed: user.managed_policies.clone(),
            boundary: user.permissions_boundary.clone(),
            groups: user.groups.clone(),
        }
    }

    fn of_group(group: &GroupModel) -> Self {
        Self {
            inline: group.inline.values().filter_map(document).collect(),
            managed: group.managed_policies.clone(),
            ..Self::default()
        }
    }
}

/// The kind and the name of who calls; nothing for the root user, whom no policy of its account keeps out.
fn named(caller: &CallerIdentity) -> Option<(&'static str, &str)> {
    let resource = caller.arn.splitn(6, ':').nth(5)?;
    let mut parts = resource.split('/');
    match parts.next()? {
        "assumed-role" => parts.next().map(|name| ("role", name)),
        "user" => parts.next_back().map(|name| ("user", name)),
        _ => None,
    }
}

impl WaysIn {
    /// The ways in, as far as they were read.
    #[must_use]
    pub fn of(aws: &Aws, facts: &Facts) -> Self {
        let caller = aws.caller().clone();
        let mut found = Self {
            ways: Vec::new(),
            policies: BTreeMap::new(),
            groups: BTreeMap::new(),
            keys: keys::read(facts),
            caller,
        };
        for access in aws.accounts() {
            let scope = Scope { account: access.name.clone(), region: None };
            let Ok(iam) = facts.get::<IamFacts>("iam", &scope) else { continue };
            found.learn(iam);
            let caller = found.caller.clone();
            let way = if access.id == caller.account {
                named(&caller).map(|(kind, name)| (kind, name.to_owned(), true))
            } else if access.profile.is_none() {
                access.access_role.rsplit('/').next().map(|name| ("role", name.to_owned(), false))
            } else {
                None
            };
            if let Some((kind, name, is_caller)) = way {
                found.add(iam, &access.name, kind, &name, is_caller);
            }
        }
        found
    }

    fn learn(&mut self, iam: &IamFacts) {
        self.policies.extend(iam.policies.iter().filter_map(|one| Some((one.arn.clone(), live(&one.document)?))));
        self.groups.extend(iam.groups.iter().map(|group| {
            let inline = group.inline.values().filter_map(|text| live(text)).collect();
            (group.arn.clone(), Holdings { inline, managed: group.managed_policies.clone(), ..Holdings::default() })
        }));
    }

    fn add(&mut self, iam: &IamFacts, account: &Arc<str>, kind: &'static str, name: &str, is_caller: bool) {
        let way = |arn: &str, trust, holdings| Way {
            account: account.clone(),
            kind,
            name: name.to_owned(),
            arn: arn.to_owned(),
            is_caller,
            trust,
            holdings,
        };
        let inline = |texts: &ByName<String>| texts.values().filter_map(|text| live(text)).collect();
        let role = iam.roles.iter().find(|role| kind == "role" && role.name == name).map(|role| {
            let holdings = Holdings {
                inline: inline(&role.inline),
                managed: role.managed_policies.clone(),
                boundary: role.permissions_boundary.clone(),
                groups: BTreeSet::new(),
            };
            way(&role.arn, live(&role.trust), holdings)
        });
        let user = iam.users.iter().find(|user| kind == "user" && user.name == name).map(|user| {
            let holdings = Holdings {
                inline: inline(&user.inline),
                managed: user.managed_policies.clone(),
                boundary: user.permissions_boundary.clone(),
                groups: user.groups.clone(),
            };
            way(&user.arn, None, holdings)
        });
        self.ways.extend(role.or(user));
    }

    /// Marks in the plan what locks out, and nothing else as that.
    pub fn mark(&self, plan: &mut Plan) {
        for change in &mut plan.changes {
            change.dangers.retain(|danger| !matches!(danger, Danger::SelfLockout { .. }));
        }
        let mut marks = Vec::new();
        for way in &self.ways {
            self.look_at(plan, way, &mut marks);
        }
        keys::look_at(&self.keys, plan, &mut marks);
        for (index, why) in marks {
            if let Some(change) = plan.changes.get_mut(index) {
                change.dangers.push(Danger::SelfLockout { why });
            }
        }
    }

    fn look_at(&self, plan: &Plan, way: &Way, marks: &mut Vec<(usize, String)>) {
        let mut after = way.clone();
        let mut policies = self.policies.clone();
        let mut groups = self.groups.clone();
        let mut touching = Vec::new();
        for (index, change) in plan.changes.iter().enumerate() {
            let is_here = change.scope.account == way.account;
            let arn = change.outputs.get("arn");
            if is_here && *change.address.kind == *way.kind && is_named(change, &way.name) {
                if goes(change) {
                    marks.push((index, format!("{} is how trueup gets into the account {}", way.arn, way.account)));
                    return;
                }
                after.become_as(change.after.as_ref());
                touching.push(index);
            } else if *change.address.kind == *"policy"
                && let Some(arn) = arn
            {
                policies.remove(arn);
                let model: Option<PolicyModel> = model(change.after.as_ref());
                policies.extend(model.and_then(|model| document(&model.policy)).map(|policy| (arn.clone(), policy)));
                if way.holds(arn, &groups) {
                    touching.push(index);
                }
            } else if *change.address.kind == *"group"
                && let Some(arn) = arn.filter(|arn| way.holdings.groups.contains(*arn))
            {
                groups.remove(arn);
                let model: Option<GroupModel> = model(change.after.as_ref());
                groups.extend(model.map(|model| (arn.clone(), Holdings::of_group(&model))));
                touching.push(index);
            }
        }
        if touching.is_empty() {
            return;
        }
        let mut why = self.lost_trust(way, &after);
        let before = Known { policies: &self.policies, groups: &self.groups };
        why.extend(self.lost_rights(way, &after, &before, &Known { policies: &policies, groups: &groups }));
        for why in why {
            marks.extend(touching.iter().map(|index| (*index, why.clone())));
        }
    }

    /// Who calls, to the evaluator. The role's path is in its own facts only.
    fn caller(&self) -> Caller {
        let own = self.ways.iter().find(|way| way.is_caller);
        match (named(&self.caller), own) {
            (Some(("role", _)), Some(way)) => Caller::role(&way.arn),
            (Some(("role", name)), None) => {
                let partition = self.caller.arn.split(':').nth(1).unwrap_or("aws");
                Caller::role(&format!("arn:{partition}:iam::{}:role/{name}", self.caller.account))
            }
            (Some(_), _) => Caller::User(self.caller.arn.clone()),
            (None, _) => Caller::Root(self.caller.account.clone()),
        }
    }

    fn lost_trust(&self, way: &Way, after: &Way) -> Vec<String> {
        let (Some(before), Some(now)) = (&way.trust, &after.trust) else { return Vec::new() };
        if before == now {
            return Vec::new();
        }
        if way.is_caller {
            // By which of those it admits trueup got in, AWS doesn't tell.
            let lost = widens_trust(Some(now), before);
            return lost.into_iter().map(|who| format!("{} no longer admits {who}", way.arn)).collect();
        }
        let (everything, caller) = (allow_all(), self.caller());
        let may = |trust: &Document| {
            let identity = everything.iter().map(|document| Source { name: "caller", document }).collect();
            let resource = vec![Source { name: "trust", document: trust }];
            let policies = Policies { identity, resource, ..Policies::default() };
            May::from(decide(&Request::new(caller.clone(), "sts:AssumeRole", &way.arn), &policies))
        };
        if may(now) < may(before) {
            return vec![format!("{} no longer admits {}", way.arn, self.caller.arn)];
        }
        Vec::new()
    }

    fn lost_rights(&self, way: &Way, after: &Way, before: &Known<'_>, now: &Known<'_>) -> Vec<String> {
        let mend: &[&str] = match way.kind {
            "role" => &["iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy", "iam:AttachRolePolicy"],
            _ => &["iam:PutUserPolicy", "iam:AttachUserPolicy"],
        };
        let look = [("iam:GetAccountAuthorizationDetails", "*"), ("tag:GetResources", "*")];
        let mut needed: Vec<(&str, &str)> = mend.iter().map(|action| (*action, &*way.arn)).collect();
        needed.extend(look);
        if way.is_caller {
            let others = self.ways.iter().filter(|other| !other.is_caller);
            needed.extend(others.map(|other| ("sts:AssumeRole", &*other.arn)));
        }
        let lost = needed.into_iter().filter(|(action, resource)| {
            let (was, is) = (may(way, before, action, resource), may(after, now, action, resource));
            is < was || (was == May::Perhaps && is == May::Perhaps && after.lacks_unknown_of(way, before))
        });
        let lost: Vec<&str> = lost.map(|(action, _)| action).collect();
        if lost.is_empty() {
            return Vec::new();
        }
        vec![format!("{} may no longer {}", way.arn, lost.join(", "))]
    }
}

/// The documents behind ARNs.
struct Known<'a> {
    policies: &'a BTreeMap<String, Document>,
    groups: &'a BTreeMap<String, Holdings>,
}

impl Way {
    fn become_as(&mut self, after: Option<&Value>) {
        match self.kind {
            "role" => {
                if let Some(role) = model::<RoleModel>(after) {
                    self.trust = document(&role.trust);
                    self.holdings = Holdings::of_role(&role);
                }
            }
            _ => {
                if let Some(user) = model::<UserModel>(after) {
                    self.holdings = Holdings::of_user(&user);
                }
            }
        }
    }

    /// Whether a managed policy has a say in what it may do.
    fn holds(&self, arn: &str, groups: &BTreeMap<String, Holdings>) -> bool {
        let of_groups = || self.holdings.groups.iter().filter_map(|group| groups.get(group));
        self.holdings.managed.contains(arn)
            || self.holdings.boundary.as_deref() == Some(arn)
            || of_groups().any(|group| group.managed.contains(arn))
    }

    /// Whether a change is of what it may do: of itself, of a policy it holds, of a group it is in.
    fn is_touched_by(&self, change: &Change, groups: &BTreeMap<String, Holdings>) -> bool {
        let is_itself =
            change.scope.account == self.account && *change.address.kind == *self.kind && is_named(change, &self.name);
        let is_held = |arn: &String| self.holds(arn, groups) || self.holdings.groups.contains(arn);
        is_itself || change.outputs.get("arn").is_some_and(is_held)
    }

    /// Whether it no longer has a policy that nobody here can read.
    fn lacks_unknown_of(&self, before: &Self, known: &Known<'_>) -> bool {
        let unknown = |arn: &String| !known.policies.contains_key(arn);
        let mut lost = before.holdings.managed.difference(&self.holdings.managed);
        lost.any(unknown) || before.holdings.boundary != self.holdings.boundary
    }
}

fn model<T: serde::de::DeserializeOwned>(value: Option<&Value>) -> Option<T> {
    serde_json::from_value(value?.clone()).ok()
}

fn is_named(change: &Change, name: &str) -> bool {
    let before = change.before.as_ref().and_then(|before| before.get("name")).and_then(Value::as_str);
    before.unwrap_or(&change.name) == name
}

/// Whether it is there no more, or another in its place.
fn goes(change: &Change) -> bool {
    match change.action {
        Action::Remove { .. } | Action::Replace { .. } => true,
        Action::Create | Action::Update | Action::Adopt | Action::Move { .. } | Action::Follow { .. } => false,
    }
}

/// A document that allows everything.
fn allow_all() -> Option<Document> {
    live(r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#)
}

/// Whether the identity of a way in may do something, by its policies, boundary and groups.
fn may(way: &Way, known: &Known<'_>, action: &str, resource: &str) -> May {
    verdict(way, known, action, resource).0
}

/// The same, and whether a policy denies it, so that nothing else can allow it.
fn verdict(way: &Way, known: &Known<'_>, action: &str, resource: &str) -> (May, bool) {
    let everything = allow_all();
    let groups = || way.holdings.groups.iter().map(|arn| known.groups.get(arn));
    let mut unknown = groups().any(|group| group.is_none());
    let mut documents: Vec<&Document> = way.holdings.inline.iter().collect();
    documents.extend(groups().flatten().flat_map(|group| &group.inline));
    for arn in way.holdings.managed.iter().chain(groups().flatten().flat_map(|group| &group.managed)) {
        match known.policies.get(arn) {
            Some(document) => documents.push(document),
            None if arn.ends_with(ADMINISTRATOR) => documents.extend(&everything),
            None => unknown = true,
        }
    }
    let source = |document| Source { name: "held", document };
    let boundary = way.holdings.boundary.as_ref().map(|arn| known.policies.get(arn));
    let open = allow_all_trust(way);
    let policies = Policies {
        identity: documents.into_iter().map(source).collect(),
        boundary: boundary.flatten().map(source),
        resource: open.iter().filter(|_| action == "sts:AssumeRole").map(source).collect(),
        ..Policies::default()
    };
    let caller = match way.kind {
        "role" => Caller::role(&way.arn),
        _ => Caller::User(way.arn.clone()),
    };
    let decision = decide(&Request::new(caller, action, resource), &policies);
    let explicit = matches!(decision, Decision::DeniedExplicitly { .. });
    let may = match May::from(decision) {
        May::No if unknown && !explicit => May::Perhaps,
        // A boundary that nobody here can read may leave it out.
        May::Yes if boundary == Some(None) => May::Perhaps,
        may => may,
    };
    (may, explicit)
}

/// A trust that leaves all to the caller's own policies.
fn allow_all_trust(way: &Way) -> Option<Document> {
    let account = way.arn.split(':').nth(4)?;
    live(&format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{account}"}},"Action":"sts:AssumeRole"}}]}}"#
    ))
}
