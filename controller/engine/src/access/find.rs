//! Questions about many: who can do something, what someone can do, and what a person's words mean.

use std::collections::{BTreeMap, BTreeSet};

use trueup_specs::policy::evaluate::{TooManySorts, shown};
use trueup_specs::project::Project;

use super::ask::{Context, Question, Verdict, Who};
use super::probes::{Between, Probe, Probes, of_policies_naming};
use super::world::World;

/// How many questions about one resource a question about all of them may come to.
const ASKED_MAX: usize = 1_000_000;

/// What someone can do on one resource.
pub type Deeds = BTreeMap<String, BTreeMap<String, Verdict>>;

impl World<'_> {
    /// Everyone who can do it, or may be able to: identities, and whoever else the policy on the resource names.
    ///
    /// # Errors
    /// When the policies tell too many sorts of resources apart.
    pub fn who_can(
        &self,
        action: &str,
        resource: &str,
        context: &Context,
    ) -> Result<Vec<(Who, Verdict)>, TooManySorts> {
        let mut whos: BTreeSet<Who> = self.identities().into_values().flatten().collect();
        if resource == "*" {
            // On nothing in particular, whoever is outside acts in an account of its own.
            whos.extend(self.ids_within.iter().cloned().map(Who::Account));
            if whos.len().saturating_mul(self.count_known_of(action)) > ASKED_MAX {
                return Err(TooManySorts);
            }
        } else {
            whos.extend([Who::Anonymous, Who::Stranger]);
        }
        whos.extend(self.named_on(resource));
        let mut found = Vec::new();
        for who in whos {
            let verdict = self.verdict(&Question { who: &who, action, resource, context })?;
            if verdict != Verdict::Denied {
                found.push((who, verdict));
            }
        }
        Ok(found)
    }

    /// What someone can do, by resource: of each action and resource that some policy names for it.
    ///
    /// # Errors
    /// When the policies tell too many sorts of resources apart.
    pub fn what_can(&self, who: &Who, context: &Context) -> Result<Deeds, TooManySorts> {
        let mut probes = Probes::default();
        of_policies_naming(&mut probes, Between { before: self, after: self }, who);
        let mut deeds = Deeds::new();
        for Probe { action, resource, .. } in &probes.all {
            let verdict = self.verdict(&Question { who, action, resource, context })?;
            if verdict != Verdict::Denied {
                deeds.entry(self.what(&shown(resource))).or_default().insert(shown(action), verdict);
            }
        }
        Ok(deeds)
    }

    /// What a person's word for a principal or a resource means, as ARNs: an address, which may leave out region or account,
    /// or name a group; with what is under it behind a slash. An ARN is itself.
    #[must_use]
    pub fn meant(&self, project: &Project, text: &str) -> Vec<String> {
        if text == "*" || text.starts_with("arn:") {
            return vec![text.to_owned()];
        }
        let actors = self.actors.iter().map(|actor| (actor.arn.as_str(), actor.thing));
        let targets = self.targets.iter().map(|(arn, target)| (arn.as_str(), target.thing));
        let mut best = 0;
        let mut meant = BTreeSet::new();
        for (arn, thing) in actors.chain(targets) {
            let Some(label) = self.thing(thing).map(|thing| thing.label.as_str()) else { continue };
            for form in forms(project, label) {
                let rest = text.strip_prefix(form.as_str()).filter(|rest| rest.is_empty() || rest.starts_with('/'));
                let Some(rest) = rest.filter(|_| form.len() >= best) else { continue };
                if form.len() > best {
                    best = form.len();
                    meant.clear();
                }
                meant.insert(format!("{arn}{rest}"));
            }
        }
        meant.into_iter().collect()
    }

    /// The addresses of all that can be asked about.
    #[must_use]
    pub fn labels(&self) -> BTreeSet<&str> {
        let things = self.actors.iter().map(|actor| actor.thing);
        let things = things.chain(self.targets.values().map(|target| target.thing));
        things.filter_map(|thing| self.thing(thing)).map(|thing| thing.label.as_str()).collect()
    }
}

/// The ways in which an address may be said.
fn forms(project: &Project, label: &str) -> Vec<String> {
    let (place, local) = label.split_once('/').unwrap_or(("", label));
    let account = place.split('@').next().unwrap_or_default();
    let groups = project.accounts.get(account).map(|account| account.groups.as_slice()).unwrap_or_default();
    let of_groups = groups.iter().map(|group| format!("{group}/{local}"));
    [label.to_owned(), format!("{account}/{local}"), local.to_owned()].into_iter().chain(of_groups).collect()
}
