//! The smallest statement that mends a missing link, as TOML to paste.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use trueup_specs::pending;
use trueup_specs::project::Project;

use super::ask::Who;
use super::offer::Itself;
use super::world::World;

/// What a statement is to allow, and to whom.
pub(super) struct Lack<'f> {
    pub(super) whos: &'f BTreeSet<Who>,
    pub(super) actions: &'f BTreeSet<String>,
    pub(super) resources: &'f BTreeSet<String>,
}

/// Writes statements of the project.
pub(super) struct Mender<'a> {
    pub(super) project: &'a Project,
    pub(super) world: &'a World<'a>,
}

/// `account` and `kind.name` of an address; the region is left out.
fn parts(label: &str) -> (&str, &str) {
    let (place, local) = label.split_once('/').unwrap_or(("", label));
    (place.split('@').next().unwrap_or_default(), local)
}

impl Mender<'_> {
    /// For a policy of the identity: of a policy that the specs have, or an inline one.
    pub(super) fn on_identity(&self, lack: &Lack<'_>) -> Option<String> {
        let Some(Who::Identity(arn)) = lack.whos.first() else { return None };
        let world = self.world;
        let actor = world.actors_by_arn.get(arn).and_then(|index| world.actors.get(*index))?;
        let own = world.thing(actor.thing)?;
        let in_specs = actor.papers.iter().filter_map(|paper| world.held.get(*paper)).find_map(|held| {
            let thing = world.thing(held.thing?)?;
            thing.item.map(|_| (thing, held.field.as_str()))
        });
        let (thing, field) = in_specs.unwrap_or((own, "inline.access"));
        let (home, local) = parts(&thing.label);
        Some(self.statement(&format!("{local}.{field}"), lack, None, Some(self.resources(lack, home))))
    }

    /// For the permissions boundary of the identity.
    pub(super) fn on_boundary(&self, lack: &Lack<'_>) -> Option<String> {
        let Some(Who::Identity(arn)) = lack.whos.first() else { return None };
        let world = self.world;
        let actor = world.actors_by_arn.get(arn).and_then(|index| world.actors.get(*index))?;
        let held = actor.boundary.and_then(|paper| world.held.get(paper))?;
        let thing = held.thing.and_then(|thing| world.thing(thing))?;
        let (home, local) = parts(&thing.label);
        Some(self.statement(&format!("{local}.{}", held.field), lack, None, Some(self.resources(lack, home))))
    }

    /// For the policy on the resource.
    pub(super) fn on_resource(&self, lack: &Lack<'_>) -> Option<String> {
        let (target, _) = self.world.under(lack.resources.first()?)?;
        let thing = self.world.thing(target.thing)?;
        let (home, local) = parts(&thing.label);
        let resources = match target.itself {
            Itself::Unsaid => None,
            Itself::Star => Some(vec!["*".to_owned()]),
            Itself::Arn => Some(self.resources(lack, home)),
        };
        Some(self.statement(&format!("{local}.{}", target.field), lack, Some(self.principal(lack, home)), resources))
    }

    fn statement(
        &self,
        header: &str,
        lack: &Lack<'_>,
        principal: Option<String>,
        resources: Option<Vec<String>>,
    ) -> String {
        let actions: Vec<String> = lack.actions.iter().cloned().collect();
        let mut lines = vec![("allow", list(&actions))];
        lines.extend(principal.map(|principal| ("principal", principal)));
        lines.extend(resources.map(|resources| ("resource", list(&resources))));
        let width = lines.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
        let mut text = format!("  [[{header}]]");
        for (key, value) in lines {
            // Writing to a string can't fail.
            let _ = write!(text, "\n  {key:<width$} = {value}");
        }
        text
    }

    fn resources(&self, lack: &Lack<'_>, home: &str) -> Vec<String> {
        lack.resources.iter().map(|resource| self.mention(resource, home)).collect()
    }

    /// An ARN as a spec of this account would write it.
    fn mention(&self, arn: &str, home: &str) -> String {
        match self.world.label(arn) {
            Some((label, rest)) => {
                let (account, local) = parts(label);
                let place = if account == home { String::new() } else { format!("{account}/") };
                format!("${{{place}{local}.arn}}{rest}")
            }
            None => pending::show(arn),
        }
    }

    fn principal(&self, lack: &Lack<'_>, home: &str) -> String {
        let mut aws: Vec<String> = Vec::new();
        let mut others: Vec<(&str, String)> = Vec::new();
        if let Some(group) = self.group(lack, home) {
            aws.push(group);
        } else {
            for who in lack.whos {
                match who {
                    Who::Identity(arn) => aws.push(self.mention(arn, home)),
                    Who::Account(id) => others.push(("account", self.account(id))),
                    Who::Service(name) => others.push(("service", name.clone())),
                    Who::Federated(provider) => others.push(("federated", self.mention(provider, home))),
                    Who::Anonymous | Who::Stranger => return "\"*\"".to_owned(),
                }
            }
        }
        let mut members: Vec<String> = Vec::new();
        if !aws.is_empty() {
            members.push(format!("aws = {}", list(&aws)));
        }
        for key in ["account", "service", "federated"] {
            let of_key: Vec<String> = others.iter().filter(|(sort, _)| *sort == key).map(|(_, v)| v.clone()).collect();
            if !of_key.is_empty() {
                members.push(format!("{key} = {}", list(&of_key)));
            }
        }
        format!("{{ {} }}", members.join(", "))
    }

    /// An account by its name, if the project has it.
    fn account(&self, id: &str) -> String {
        let account = self.project.accounts.values().find(|account| account.id == id);
        account.map_or_else(|| id.to_owned(), |account| account.name.to_string())
    }

    /// One mention of a group, where those who lack something are all of its accounts' things of one name.
    fn group(&self, lack: &Lack<'_>, home: &str) -> Option<String> {
        if lack.whos.len() < 2 {
            return None;
        }
        let mut accounts = BTreeSet::new();
        let mut name = None;
        for who in lack.whos {
            let Who::Identity(arn) = who else { return None };
            let (account, local) = parts(self.world.label(arn)?.0);
            if *name.get_or_insert(local) != local {
                return None;
            }
            accounts.insert(account);
        }
        let is_whole = |members: &&std::sync::Arc<str>| accounts.contains(&***members);
        let is_group = |members: &[std::sync::Arc<str>]| {
            members.len() == accounts.len() && members.iter().filter(is_whole).count() == members.len()
        };
        let (group, _) = self.project.groups.iter().find(|(_, members)| is_group(members))?;
        if accounts.contains(home) && accounts.len() == 1 {
            return None;
        }
        Some(format!("${{{group}/{}.arn}}", name?))
    }
}

/// How long a list may be on one line.
const LINE: usize = 50;

/// A TOML string, or a list of several.
fn list(texts: &[String]) -> String {
    let quoted = |text: &String| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    match texts {
        [one] => quoted(one),
        many => {
            let quoted: Vec<String> = many.iter().map(quoted).collect();
            let one_line = quoted.join(", ");
            if one_line.len() <= LINE {
                return format!("[{one_line}]");
            }
            let lines: Vec<String> = quoted.iter().map(|text| format!("    {text},\n")).collect();
            format!("[\n{}  ]", lines.concat())
        }
    }
}
