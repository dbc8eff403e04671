//! The places of an organization, and the controls that are attached to them.

use std::collections::HashMap;

use trueup_specs::policy::Document;

use super::offer::Side;
use super::world::World;

/// What AWS attaches to the root, to every unit and to every account once service control policies are enabled. trueup never
/// detaches it.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
pub(super) const FULL_ACCESS: &str = "FullAWSAccess";

/// What [`FULL_ACCESS`] says.
pub(super) fn full_access() -> Document {
    super::world::document(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#)
}

/// An organization, as far as models tell of it.
#[derive(Default)]
pub(super) struct Organization {
    pub(super) id: Option<String>,
    pub(super) management_account: Option<String>,
    root: Option<String>,
    /// By id: the parent.
    parents: HashMap<String, String>,
    /// By account id: its place.
    accounts: HashMap<String, String>,
    /// By place: what is attached to it.
    controls: HashMap<String, Vec<(Side, usize)>>,
    /// What stands for controls that could not be read, which may be over any account.
    pub(super) unread: Vec<(Side, usize)>,
}

impl Organization {
    pub(super) fn add_place(&mut self, id: String, parent: Option<String>, account: Option<String>) {
        match (account, parent) {
            (Some(account), parent) => {
                self.accounts.insert(account, id.clone());
                self.parents.extend(parent.map(|parent| (id, parent)));
            }
            (None, Some(parent)) => drop(self.parents.insert(id, parent)),
            (None, None) => self.root = Some(id),
        }
    }

    pub(super) fn attach(&mut self, side: Side, targets: Vec<String>, held: usize) {
        for target in targets {
            self.controls.entry(target).or_default().push((side, held));
        }
    }

    /// The places an account is under, from itself up to the root; none if it is in no place that models tell of.
    fn path<'o>(&'o self, account: &'o str) -> Vec<&'o str> {
        // A control may name an account that no model places: that it is in the organization is then known.
        let is_target = || self.controls.contains_key(account).then_some(account);
        let mut path = Vec::new();
        let mut next = self.accounts.get(account).map(String::as_str).or_else(is_target);
        while let Some(place) = next {
            // A circle is AWS's fault or a mangled spec's; it must not be ours.
            if path.contains(&place) {
                break;
            }
            path.push(place);
            next = self.parents.get(place).map(String::as_str);
        }
        // What is over a unit that no model tells of is not known, but for the root.
        let root = self.root.as_deref().filter(|root| !path.is_empty() && !path.contains(root));
        path.extend(root);
        path
    }

    fn has(&self, account: &str) -> bool {
        self.accounts.contains_key(account) || self.management_account.as_deref() == Some(account)
    }
}

impl World<'_> {
    /// The levels of controls above an account, from the organization's root down; nothing if it is in none.
    pub(super) fn levels(&self, account: &str, side: Side) -> Vec<Vec<usize>> {
        let full_access = (side == Side::Service).then_some(self.full_access);
        let of = |place: &&str| -> Vec<usize> {
            let attached = self.organization.controls.get(*place).into_iter().flatten();
            let own = attached.filter(|(on, _)| *on == side).map(|(_, held)| *held);
            full_access.into_iter().chain(own).collect()
        };
        let unread = self.organization.unread.iter().filter(|(on, _)| *on == side);
        let unread = unread.map(|(_, held)| full_access.into_iter().chain([*held]).collect());
        unread.chain(self.organization.path(account).iter().rev().map(of)).collect()
    }

    /// The names of the controls above an account, but for AWS's own.
    pub(super) fn controls_over(&self, account: &str, side: Side) -> Vec<&str> {
        let levels = self.levels(account, side).into_iter().flatten().filter(|held| *held != self.full_access);
        levels.filter_map(|held| self.held.get(held)).map(|held| held.name.as_str()).collect()
    }

    /// The account that manages the organization.
    pub(super) fn management_account(&self) -> Option<&str> {
        self.organization.management_account.as_deref()
    }

    /// The organization an account is in, as far as the models tell.
    pub(super) fn organization_of(&self, account: &str) -> Option<&str> {
        self.organization.id.as_deref().filter(|_| self.organization.has(account))
    }

    /// The accounts under a place of the organization, or all of them.
    pub(super) fn accounts_under(&self, place: Option<&str>) -> Vec<&str> {
        // An account's place has its id, and nothing is under it.
        if let Some((account, _)) = place.and_then(|place| self.organization.accounts.get_key_value(place)) {
            return vec![account];
        }
        let known = self.organization.accounts.keys().map(String::as_str);
        let is_under = |account: &&str| place.is_none_or(|place| self.organization.path(account).contains(&place));
        // One that no model places may still be attached to by its id.
        let attached = place.and_then(|place| self.accounts.get_key_value(place)).map(|(id, _)| id.as_str());
        known.filter(is_under).chain(attached).collect()
    }
}
