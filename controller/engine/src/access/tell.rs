//! Why an answer is as it is, in words.

use trueup_specs::policy::evaluate::Gap;

use super::ask::{Answer, Who};
use super::offer::Side;
use super::world::World;

/// The page of the KMS operations that work across accounts.
const KMS_PAGE: &str =
    "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html";

impl World<'_> {
    /// What is missing for someone to be allowed something, in one sentence.
    #[must_use]
    pub fn gap(&self, gap: Gap, who: &Who, resource: &str) -> String {
        let name = self.who(who);
        match gap {
            Gap::Identity => self.identity_gap(who),
            Gap::Boundary => format!("the permissions boundary of `{name}` leaves it out"),
            Gap::Session => format!("the session of `{name}` leaves it out"),
            Gap::Scp(level) => self.control_gap(who, level),
            Gap::Resource => self.resource_gap(who, resource),
            Gap::KmsAcrossAccounts => format!("KMS does this on keys of the caller's own account only: {KMS_PAGE}"),
        }
    }

    fn identity_gap(&self, who: &Who) -> String {
        let name = self.who(who);
        let Who::Identity(_) = who else { return format!("nothing lets `{name}` do it") };
        let actor = self.actor(who);
        let papers = actor.map(|actor| actor.papers.as_slice()).unwrap_or_default();
        let names: Vec<&str> =
            papers.iter().filter_map(|paper| self.held.get(*paper)).map(|held| &*held.name).collect();
        match names.as_slice() {
            [] => format!("`{name}` has no policy that allows it"),
            names => format!("no policy of `{name}` allows it ({})", names.join(", ")),
        }
    }

    fn resource_gap(&self, who: &Who, resource: &str) -> String {
        let name = self.who(who);
        let Some((target, _)) = self.under(resource) else {
            return format!("nothing on `{}` lets `{name}` do it", self.what(resource));
        };
        let label = self.thing(target.thing).map_or("", |thing| thing.label.as_str());
        let account = match who {
            Who::Identity(_) => {
                let account = who.account().filter(|id| !id.is_empty()).map(|id| Who::Account(id.to_owned()));
                account.map(|account| format!(", nor delegates to {}", self.who(&account)))
            }
            Who::Account(_) | Who::Anonymous | Who::Stranger | Who::Service(_) | Who::Federated(_) => None,
        };
        let account = account.unwrap_or_default();
        format!("the {} of `{label}` does not let `{name}` do it{account}", target.field)
    }

    fn control_gap(&self, who: &Who, level: usize) -> String {
        let account = who.account().unwrap_or_default();
        let held = self.levels(account, Side::Service).into_iter().nth(level).unwrap_or_default();
        let names: Vec<&str> = held.iter().filter_map(|paper| self.held.get(*paper)).map(|held| &*held.name).collect();
        let named = if names.is_empty() { "there is none".to_owned() } else { names.join(", ") };
        format!("the service control policies of level {level} above account {account} leave it out: {named}")
    }

    /// Everything that is missing, and all that is not known.
    #[must_use]
    pub fn lacks(&self, answer: &Answer, who: &Who) -> Vec<String> {
        let reason = &answer.reason;
        let mut lines: Vec<String> = reason.missing.iter().map(|gap| self.gap(*gap, who, &answer.resource)).collect();
        lines.extend(reason.keys.iter().map(|key| format!("it depends on {key}")));
        lines.extend(reason.unknown.iter().map(|unknown| unknown_text(unknown)));
        lines
    }
}

/// What is said of a policy that nobody read.
pub(super) fn unknown_text(unknown: &str) -> String {
    format!("what `{unknown}` says is not known here: it may allow or deny anything")
}
