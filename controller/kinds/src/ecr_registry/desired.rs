//! From a registry's spec to its model, with all that ECR would refuse.

use std::collections::BTreeSet;

use trueup_engine::kind::At;
use trueup_specs::Text;
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::resolve::Resolver;
use trueup_specs::span::Span;

use super::{
    Destination, DestinationSpec, Replication, ReplicationRule, ReplicationRuleSpec, ScanFrequency, ScanType, Scanning,
    ScanningRule, ScanningRuleSpec, ScanningSpec,
};
use crate::fields;

const SCANNING_PAGE: &str =
    "https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutRegistryScanningConfiguration.html";
const REPLICATION_PAGE: &str = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html";

/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RegistryScanningRule.html>
const FILTERS_MAX: usize = 100;
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ScanningRepositoryFilter.html>
const FILTER_CHARACTERS_MAX: usize = 255;
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RepositoryFilter.html>
const PREFIX_CHARACTERS: std::ops::RangeInclusive<usize> = 2..=256;
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ReplicationConfiguration.html>
const RULES_MAX: usize = 10;
/// In all rules together. <https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html>
const DESTINATIONS_MAX: usize = 25;

pub(super) fn scanning(spec: &ScanningSpec, cx: &mut Resolver<'_>) -> Scanning {
    let ScanningSpec { scan_type, rules } = spec;
    let scan_type = scan_type.unwrap_or(ScanType::Basic);
    let mut found: BTreeSet<ScanningRule> = BTreeSet::new();
    for ScanningRuleSpec { scan_frequency, repository_filters } in rules.as_deref().unwrap_or_default() {
        let span = repository_filters.first().map_or_else(|| cx.span(), Text::span);
        let fits = match scan_frequency {
            ScanFrequency::ScanOnPush => true,
            ScanFrequency::ContinuousScan => scan_type == ScanType::Enhanced,
            ScanFrequency::Manual => scan_type == ScanType::Basic,
        };
        if !fits {
            let problem = Diagnostic::error(format!("`{scan_type}` scanning does not know `{scan_frequency}`"));
            let help = match scan_type {
                ScanType::Basic => "write scan_type = \"ENHANCED\", or scan_frequency = \"SCAN_ON_PUSH\"",
                ScanType::Enhanced => "leave the rule out: what no rule names is not scanned by itself",
            };
            cx.problem(problem.at(span, "").help(help).note(SCANNING_PAGE));
        }
        if found.iter().any(|rule| rule.scan_frequency == scan_frequency.as_str()) {
            let problem = Diagnostic::error(format!("two scanning rules say `{scan_frequency}`")).at(span, "");
            cx.problem(problem.help("put their filters into one").note(SCANNING_PAGE));
        }
        let repository_filters = filters(repository_filters, span, cx, |filter| {
            let sign = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "*._-/".contains(c);
            (1..=FILTER_CHARACTERS_MAX).contains(&filter.len()) && filter.chars().all(sign)
        });
        found.insert(ScanningRule { scan_frequency: scan_frequency.to_string(), repository_filters });
    }
    Scanning { scan_type: scan_type.to_string(), rules: found }
}

fn filters(texts: &[Text], span: Span, cx: &mut Resolver<'_>, is_sound: impl Fn(&str) -> bool) -> BTreeSet<String> {
    if texts.is_empty() || texts.len() > FILTERS_MAX {
        let problem = Diagnostic::error(format!("a rule has 1 to {FILTERS_MAX} repository filters"));
        cx.problem(problem.at(span, format!("this has {}", texts.len())).help("`[\"*\"]` would mean all"));
    }
    let mut found = BTreeSet::new();
    for text in texts {
        let filter = cx.text(text);
        if !fields::is_pending(&filter) && !is_sound(&filter) {
            let problem = Diagnostic::error(format!("`{filter}` is no repository filter")).at(text.span(), "");
            cx.problem(problem.note("lower-case letters, digits, `.`, `_`, `-` and `/`; in scanning rules `*` too"));
        }
        found.insert(filter);
    }
    found
}

pub(super) fn replication(specs: &[ReplicationRuleSpec], at: &At, cx: &mut Resolver<'_>) -> Replication {
    let mut rules = BTreeSet::new();
    let mut all = BTreeSet::new();
    for ReplicationRuleSpec { destinations, repository_filters } in specs {
        let span = destinations.first().map_or_else(|| cx.span(), |first| first.region.span());
        if destinations.is_empty() {
            let problem = Diagnostic::error("a replication rule needs a destination").at(cx.span(), "");
            cx.problem(problem.help("add destinations = [{ region = \"eu-central-1\" }]").note(REPLICATION_PAGE));
        }
        let destinations: BTreeSet<Destination> = destinations.iter().map(|one| destination(one, at, cx)).collect();
        let repository_filters = match repository_filters.as_deref() {
            None | Some([]) => BTreeSet::new(),
            Some(prefixes) => filters(prefixes, span, cx, |prefix| {
                let sign = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-/".contains(c);
                PREFIX_CHARACTERS.contains(&prefix.len()) && prefix.chars().all(sign)
            }),
        };
        all.extend(destinations.iter().cloned());
        if !rules.insert(ReplicationRule { destinations, repository_filters }) {
            cx.problem(Diagnostic::error("the same replication rule twice").at(span, ""));
        }
    }
    if specs.len() > RULES_MAX {
        let problem = Diagnostic::error(format!("a registry can have {RULES_MAX} replication rules at most"));
        cx.problem(problem.at(cx.span(), format!("{} are given", specs.len())).note(REPLICATION_PAGE));
    }
    if all.len() > DESTINATIONS_MAX {
        let problem = Diagnostic::error(format!("a registry can be copied to {DESTINATIONS_MAX} others at most"));
        cx.problem(problem.at(cx.span(), format!("{} are named", all.len())).note(REPLICATION_PAGE));
    }
    Replication(rules)
}

fn destination(spec: &DestinationSpec, at: &At, cx: &mut Resolver<'_>) -> Destination {
    let DestinationSpec { region, registry_id } = spec;
    let span = registry_id.as_ref().map_or_else(|| region.span(), Text::span);
    let region = cx.text(region);
    let registry_id = registry_id.as_ref().map_or_else(|| at.account_id.to_string(), |id| cx.text(id));
    let is_account = registry_id.len() == 12 && registry_id.bytes().all(|byte| byte.is_ascii_digit());
    if !is_account && !fields::is_pending(&registry_id) {
        let problem = Diagnostic::error(format!("`{registry_id}` is no account")).at(span, "");
        cx.problem(problem.help("a registry's id is its account's: twelve digits, or \"${NAME/account.id}\""));
    }
    if region == at.region() && *registry_id == *at.account_id {
        let problem = Diagnostic::error("a registry is not copied to itself").at(span, "");
        cx.problem(problem.help("name another region, or another account as `registry_id`").note(REPLICATION_PAGE));
    }
    Destination { region, registry_id }
}
