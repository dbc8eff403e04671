//! The part of a project that `--account` and `--target` ask for.

use std::collections::BTreeSet;
use std::sync::Arc;

use trueup_engine::check::Checked;
use trueup_engine::observe::Selection;

use crate::context::Context;
use crate::exit::Stop;

impl Context {
    /// Refuses flags that would be passed over: this command looks at the whole project.
    pub(crate) fn refuse_selection(&self, command: &str) -> Result<(), Stop> {
        let given = [("--account", &self.common.accounts), ("--target", &self.common.targets)];
        match given.iter().find(|(_, values)| !values.is_empty()) {
            None => Ok(()),
            Some((flag, _)) => Err(Stop::with_help(
                format!("`trueup {command}` takes no {flag}: it is about all that the specs say"),
                format!("leave {flag} out"),
            )),
        }
    }

    /// The part of the specs that --account and --target ask for.
    pub(crate) fn selection(&self, checked: &Checked<'_>) -> Result<Selection, Stop> {
        let project = checked.project;
        let mut accounts = BTreeSet::new();
        for name in &self.common.accounts {
            let members: Vec<Arc<str>> = project
                .accounts
                .values()
                .filter(|account| account.is_called(name))
                .map(|account| account.name.clone())
                .collect();
            if members.is_empty() {
                let known: Vec<&str> = project.accounts.keys().map(|name| &**name).collect();
                return Err(Stop::with_help(
                    format!("there is no account or group `{name}` in the specs"),
                    format!("the accounts are: {}", known.join(", ")),
                ));
            }
            accounts.extend(members);
        }
        let mut targets = BTreeSet::new();
        for target in &self.common.targets {
            targets.extend(self.target(checked, target)?);
        }
        let selection = Selection {
            accounts: if accounts.is_empty() { None } else { Some(accounts) },
            targets: if targets.is_empty() { None } else { Some(targets) },
        };
        if let (Some(_), Some(targets)) = (&selection.accounts, &selection.targets) {
            let account = |target: &String| target.split(['@', '/']).next().unwrap_or_default().to_owned();
            if let Some(target) = targets.iter().find(|target| !selection.has_account(&account(target))) {
                return Err(Stop::with_help(
                    format!("the target `{target}` is not in the accounts that --account names"),
                    "leave one of the two out, or name the target's account too",
                ));
            }
        }
        Ok(selection)
    }

    /// A target is an address as plans show it; the region, or the account too, may be left out where that is not ambiguous, and a
    /// removed resource is a target by its tombstone.
    fn target(&self, checked: &Checked<'_>, target: &str) -> Result<Vec<String>, Stop> {
        let removed = checked.project.removed.iter().flat_map(|tombstone| &tombstone.addresses);
        let all: Vec<String> = checked
            .items
            .iter()
            .map(|item| item.at.address.to_string())
            .chain(removed.map(ToString::to_string))
            .collect();
        let is_meant = |address: &&String| {
            let (place, resource) = address.split_once('/').unwrap_or(("", address.as_str()));
            let account = place.split('@').next().unwrap_or_default();
            let groups =
                checked.project.accounts.get(account).map(|account| account.groups.as_slice()).unwrap_or_default();
            let in_group = |group: &Arc<str>| format!("{group}/{resource}") == target;
            **address == target
                || format!("{account}/{resource}") == target
                || resource == target
                || groups.iter().any(in_group)
        };
        let meant: Vec<String> = all.iter().filter(is_meant).cloned().collect();
        if meant.is_empty() {
            let near = trueup_specs::suggest::nearest(target, all.iter().map(String::as_str));
            let help = near.map_or_else(
                || "an address is account/kind.name, as `trueup plan` shows it".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(Stop::with_help(format!("no resource has the address `{target}`"), help));
        }
        Ok(meant)
    }
}
