//! Lints over what several resources say together.

use std::collections::{BTreeSet, HashMap};

use trueup_engine::check::Checked;
use trueup_engine::kind::AnyModel;
use trueup_specs::lint::{Hit, Level, Lint, Severity};
use trueup_specs::policy::Use;
use trueup_specs::policy::evaluate::{Caller, Decision, Policies, Request, Source, decide};
use trueup_specs::policy::lint::{PRIVILEGE_ESCALATION, Subject, escalating_together};
use trueup_specs::resolve::{Written, partition};

use super::finding::Gathered;
use super::id;
use crate::group::GroupModel;
use crate::role::RoleModel;
use crate::user::UserModel;

/// What is said of the accounts under an organization's policies.
pub(super) static LINTS: &[Lint] = &[SCP_LOCKS_OUT];

const SCP_LOCKS_OUT: Lint = Lint {
    id: "scp-locks-out",
    severity: Severity::High,
    level: Level::Warn,
    summary: "the service control policy locks out the role by which trueup enters accounts",
    reason: "nothing in the accounts under it can be read or changed any more but by detaching it",
    help: "leave the role out: condition = { ArnNotLike = { \"aws:PrincipalArn\" = \"arn:aws:iam::*:role/OrganizationAccountAccessRole\" } }",
    page: "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples.html",
};

/// With what every look into an account begins.
const READING: &str = "iam:GetAccountAuthorizationDetails";

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
    let by_arn: HashMap<&str, usize> = checked
        .items
        .iter()
        .enumerate()
        .filter_map(|(index, item)| Some((item.identity.outputs.get("arn")?.as_str(), index)))
        .collect();
    let all = All { checked, looked, by_arn, accounts };
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

    /// The statements of a service control policy by which trueup could no longer look into an account.
    fn locks_out(&self, index: usize) -> Vec<Hit> {
        let written = self.at(index).into_iter().flat_map(|looked| &looked.written);
        let controls = written.filter(|written| written.use_ == Use::ServiceControl);
        controls.filter_map(|control| self.locked_out_by(control)).collect()
    }

    fn locked_out_by(&self, control: &Written) -> Option<Hit> {
        let project = self.checked.project;
        let members = project.accounts.values().filter(|account| project.management.as_ref() != Some(&account.name));
        let region = project.settings.region.as_deref().unwrap_or_default();
        members.into_iter().find_map(|account| {
            let role = account.access_role.as_ref().unwrap_or(&project.settings.access_role);
            let arn = format!("arn:{}:iam::{}:role/{role}", partition(region), account.id);
            let policies = Policies {
                scps: vec![vec![Source { name: "control", document: &control.document }]],
                ..Policies::default()
            };
            let Decision::DeniedExplicitly { by } = decide(&Request::new(Caller::role(&arn), READING, "*"), &policies)
            else {
                return None;
            };
            let statement = by.first()?.statement;
            let place = control.statements.iter().find(|written| written.statement == *statement);
            let span = place.map_or(control.span, |written| written.element("Action"));
            Some(Hit { span, label: format!("`{role}` could not {READING}"), sid: statement.sid.clone() })
        })
    }
}
