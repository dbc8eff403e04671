//! Lints over what several resources say together.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use trueup_engine::check::Checked;
use trueup_engine::kind::AnyModel;
use trueup_specs::lint::{Hit, Level, Lint, Severity};
use trueup_specs::policy::evaluate::{Caller, Decision, Policies, Request, Source, decide};
use trueup_specs::policy::lint::{PRIVILEGE_ESCALATION, Subject, escalating_together};
use trueup_specs::policy::{Statement, Use};
use trueup_specs::project::Account;
use trueup_specs::resolve::{Written, partition};

use super::finding::Gathered;
use super::id;
use crate::group::GroupModel;
use crate::needs;
use crate::organization_policy::OrganizationPolicyModel;
use crate::role::RoleModel;
use crate::user::UserModel;

/// What is said of the accounts under an organization's policies.
pub(super) static LINTS: &[Lint] = &[SCP_LOCKS_OUT];

const SCP_LOCKS_OUT: Lint = Lint {
    id: "scp-locks-out",
    severity: Severity::High,
    level: Level::Warn,
    summary: "the service control policy locks out the role by which trueup enters accounts",
    reason: "what can't be read in the accounts under it can't be planned or changed any more but by detaching it",
    help: "leave the role out: condition = { ArnNotLike = { \"aws:PrincipalArn\" = \"arn:aws:iam::*:role/OrganizationAccountAccessRole\" } }",
    page: "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples.html",
};

/// A resource that was looked at by itself.
pub(super) struct Looked {
    pub(super) model: AnyModel,
    pub(super) written: Vec<Written>,
}

/// What is found in all of them; `looked` has the place of each in the specs.
pub(super) fn look(
    checked: &Checked<'_>,
    looked: &[Option<Looked>],
    accounts: &BTreeSet<&str>,
    gathered: &mut Gathered,
) {
    let all = All { checked, looked, by_arn: by_arn(checked), accounts };
    for index in 0..looked.len() {
        if let Some(label) = all.escalates(index) {
            let span = checked.instance(index).block.span;
            gathered.add(&PRIVILEGE_ESCALATION, Hit { span, label, sid: None }, id(index));
        }
        for hit in all.locks_out(index) {
            gathered.add(&SCP_LOCKS_OUT, hit, id(index));
        }
    }
}

fn by_arn<'a>(checked: &'a Checked<'_>) -> HashMap<&'a str, usize> {
    let items = checked.items.iter().enumerate();
    items.filter_map(|(index, item)| Some((item.identity.outputs.get("arn")?.as_str(), index))).collect()
}

/// The policies that are someone's permissions boundary and attached to nobody: they allow nothing.
pub(super) fn only_limits(checked: &Checked<'_>, looked: &[Option<Looked>]) -> HashSet<usize> {
    let by_arn = by_arn(checked);
    let (mut boundaries, mut attached) = (HashSet::new(), HashSet::new());
    for Looked { model, .. } in looked.iter().flatten() {
        let (managed, boundary) = holds(model);
        boundaries.extend(boundary.and_then(|arn| by_arn.get(arn)));
        attached.extend(managed.into_iter().flatten().filter_map(|arn| by_arn.get(arn.as_str())));
    }
    boundaries.difference(&attached).copied().collect()
}

/// The managed policies attached to someone, and its boundary.
fn holds(model: &AnyModel) -> (Option<&BTreeSet<String>>, Option<&str>) {
    if let Some(RoleModel { managed_policies, permissions_boundary, .. }) = model.downcast_ref() {
        return (Some(managed_policies), permissions_boundary.as_deref());
    }
    if let Some(UserModel { managed_policies, permissions_boundary, .. }) = model.downcast_ref() {
        return (Some(managed_policies), permissions_boundary.as_deref());
    }
    (model.downcast_ref().map(|GroupModel { managed_policies, .. }| managed_policies), None)
}

struct All<'a> {
    checked: &'a Checked<'a>,
    looked: &'a [Option<Looked>],
    by_arn: HashMap<&'a str, usize>,
    accounts: &'a BTreeSet<&'a str>,
}

impl<'a> All<'a> {
    fn at(&self, index: usize) -> Option<&'a Looked> {
        self.looked.get(index).and_then(Option::as_ref)
    }

    /// What a role, user or group may do by two of its documents and by none alone: its own, those attached to it, and those of its groups.
    fn escalates(&self, index: usize) -> Option<String> {
        let documents = self.documents(index)?;
        let at = &self.checked.item(id(index)).at;
        let subjects: Vec<Subject<'_>> = documents
            .iter()
            .map(|(_, written)| Subject {
                written,
                account: &at.account_id,
                partition: at.partition,
                accounts: self.accounts,
            })
            .collect();
        let (passes, runs, action) = escalating_together(&subjects)?;
        let (passes, runs) = (&documents.get(passes)?.0, &documents.get(runs)?.0);
        Some(format!("`{passes}` lets it hand on any role, and by `{runs}` `{action}` runs code with it"))
    }

    /// All documents of someone, each with the address of what it is written in; nothing where the model is no one's.
    fn documents(&self, index: usize) -> Option<Vec<(String, &'a Written)>> {
        let looked = self.at(index)?;
        let (attached, groups) = if let Some(RoleModel { managed_policies, .. }) = looked.model.downcast_ref() {
            (managed_policies, None)
        } else if let Some(UserModel { managed_policies, groups, .. }) = looked.model.downcast_ref() {
            (managed_policies, Some(groups))
        } else {
            let GroupModel { managed_policies, .. } = looked.model.downcast_ref()?;
            (managed_policies, None)
        };
        let mut documents = self.written(index, Use::Inline);
        documents.extend(self.named(attached).flat_map(|policy| self.written(policy, Use::Identity)));
        for group in groups.into_iter().flat_map(|groups| self.named(groups)) {
            documents.extend(self.documents(group).into_iter().flatten());
        }
        Some(documents)
    }

    /// The resources of the specs with these ARNs.
    fn named<'s>(&'s self, arns: &'s BTreeSet<String>) -> impl Iterator<Item = usize> + 's {
        arns.iter().filter_map(|arn| self.by_arn.get(arn.as_str()).copied())
    }

    fn written(&self, index: usize, use_: Use) -> Vec<(String, &'a Written)> {
        let address = || self.checked.item(id(index)).at.address.to_string();
        let written = self.at(index).into_iter().flat_map(|looked| &looked.written);
        written.filter(|written| written.use_ == use_).map(|written| (address(), written)).collect()
    }

    /// The statements of a service control policy by which trueup could no longer enter an account or look into it.
    fn locks_out(&self, index: usize) -> Vec<Hit> {
        let Some(looked) = self.at(index) else { return Vec::new() };
        let controls = looked.written.iter().filter(|written| written.use_ == Use::ServiceControl);
        controls.flat_map(|control| self.locked_out_by(looked, control)).collect()
    }

    fn locked_out_by(&self, looked: &Looked, control: &Written) -> Vec<Hit> {
        let mut denied: Vec<(&Statement, Denials)> = Vec::new();
        for account in self.controlled(looked) {
            for (who, action, resource) in self.needed(account) {
                let policies = Policies {
                    scps: vec![vec![Source { name: "control", document: &control.document }]],
                    ..Policies::default()
                };
                let request = Request::new(Caller::role(&who.arn), action, &resource);
                let Decision::DeniedExplicitly { by } = decide(&request, &policies) else { continue };
                // Who calls is not known, so that a condition may leave out just them.
                let by = by.iter().map(|by| by.statement);
                let by = by.filter(|statement| who.is_known || statement.condition.is_empty());
                for statement in by {
                    let at = denied.iter().position(|(same, _)| std::ptr::eq(*same, statement)).unwrap_or(denied.len());
                    if at == denied.len() {
                        denied.push((statement, Denials::new()));
                    }
                    if let Some((_, denials)) = denied.get_mut(at) {
                        denials.entry(who.name.clone()).or_default().insert(action);
                    }
                }
            }
        }
        let hit = |(statement, denials): (&Statement, Denials)| {
            let place = control.statements.iter().find(|written| written.statement == *statement);
            let span = place.map_or(control.span, |written| written.element("Action"));
            Hit { span, label: in_short(&denials), sid: statement.sid.clone() }
        };
        denied.into_iter().map(hit).collect()
    }

    /// The accounts a control may be over: those it names, where it names nothing else; the management account is under none.
    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
    fn controlled(&self, looked: &Looked) -> Vec<&'a Account> {
        let project = self.checked.project;
        let targets = looked.model.downcast_ref().map(|OrganizationPolicyModel { targets, .. }| targets);
        let members = project.accounts.values().filter(|account| project.management.as_ref() != Some(&account.name));
        let members: Vec<&Account> = members.collect();
        let named: Vec<&Account> = members
            .iter()
            .copied()
            .filter(|account| targets.is_some_and(|targets| targets.contains(&account.id)))
            .collect();
        let names_no_more = targets.is_some_and(|targets| !targets.is_empty() && targets.len() == named.len());
        if names_no_more { named } else { members }
    }

    /// What trueup needs in an account: who does what on what. From there the roles of others may be taken, where no account is said to do it.
    fn needed(&self, account: &Account) -> Vec<(Needing, &'static str, String)> {
        let project = self.checked.project;
        let part = partition(project.settings.region.as_deref().unwrap_or_default());
        let role_of = |account: &Account| {
            let role = account.access_role.as_ref().unwrap_or(&project.settings.access_role);
            (format!("arn:{part}:iam::{}:role/{role}", account.id), role.clone())
        };
        let (arn, role) = role_of(account);
        let own = needs::read_by_every_plan().iter().map(|action| {
            let who = Needing { arn: arn.clone(), name: format!("`{role}`"), is_known: true };
            (who, *action, "*".to_owned())
        });
        let others = project.accounts.values().filter(|other| other.name != account.name);
        let taken = others.filter(|other| other.profile.is_none() && other.through.is_none()).map(|other| {
            let name = format!("whoever calls from `{}`", account.name);
            let arn = format!("arn:{part}:iam::{}:role/caller", account.id);
            (Needing { arn, name, is_known: false }, needs::ASSUME_ROLE, role_of(other).0)
        });
        own.chain(taken).collect()
    }
}

/// Who needs something.
struct Needing {
    arn: String,
    name: String,
    /// Whether it is just this one, and not someone of the account.
    is_known: bool,
}

/// By who: what they could not do.
type Denials = BTreeMap<String, BTreeSet<&'static str>>;

/// How many actions a label names.
const NAMED_MAX: usize = 3;

fn in_short(denials: &Denials) -> String {
    let one = |(who, actions): (&String, &BTreeSet<&str>)| {
        let named: Vec<&str> = actions.iter().copied().take(NAMED_MAX).collect();
        let more = actions.len().saturating_sub(NAMED_MAX);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{who} could not {}{more}", named.join(", "))
    };
    denials.iter().map(one).collect::<Vec<_>>().join("; ")
}
