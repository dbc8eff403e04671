//! What a lint found, once for all accounts it is found in.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::lint::{Date, Hit, Level, Lint};
use trueup_specs::project::{InstanceId, Project};
use trueup_specs::span::Span;

use super::suppress::Rules;

/// How many addresses a finding names.
const ADDRESSES_NAMED_MAX: usize = 3;

/// What a lint found at one place.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The lint.
    pub lint: &'static Lint,
    /// What is done about it.
    pub level: Level,
    /// The place.
    pub span: Span,
    /// What stands there; may be empty.
    pub label: String,
    /// The resources, by address: several where one table stands for several accounts.
    pub addresses: Vec<String>,
    /// Whether someone lives with it.
    pub state: State,
}

/// Whether someone lives with a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody said so.
    Active,
    /// Someone does.
    Suppressed {
        /// Why.
        reason: String,
        /// The last day on which that counts.
        expires: Option<Date>,
        /// The place of the suppression.
        span: Span,
    },
    /// Someone did, up to a day that has passed.
    Expired {
        /// The last day on which it counted.
        expires: Date,
        /// The place of the suppression.
        span: Span,
    },
}

impl Finding {
    /// Whether it is told: not suppressed, and at a level that tells.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.level != Level::Allow && !self.is_suppressed()
    }

    /// Whether it is an error.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        self.level == Level::Deny
    }

    /// Whether someone lives with it today.
    #[must_use]
    pub fn is_suppressed(&self) -> bool {
        matches!(self.state, State::Suppressed { .. })
    }

    /// It for people, with its place.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        let Self { lint, level, span, label, addresses, state } = self;
        let summary = format!("{} [{}]", lint.summary, lint.id);
        let diagnostic = match level {
            Level::Deny => Diagnostic::error(summary),
            Level::Warn | Level::Allow => Diagnostic::warning(summary),
        };
        let mut diagnostic = if span.is_none() && !label.is_empty() {
            diagnostic.note(label.as_str())
        } else {
            diagnostic.at(*span, label.as_str())
        };
        if let State::Expired { expires, span } = state {
            diagnostic = diagnostic.also(*span, format!("this counted up to {expires}"));
        }
        if addresses.len() > 1 || span.is_none() {
            let named = addresses.iter().take(ADDRESSES_NAMED_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
            let more = addresses.len().saturating_sub(ADDRESSES_NAMED_MAX);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            diagnostic = diagnostic.note(format!("in {named}{more}"));
        }
        diagnostic.note(format!("{}: {}", lint.reason, lint.page)).help(lint.help)
    }
}

/// Hits, each once a place.
#[derive(Default)]
pub(super) struct Gathered {
    found: Vec<(&'static Lint, Hit, Vec<InstanceId>)>,
    places: HashMap<(&'static str, Span), usize>,
}

impl Gathered {
    pub(super) fn add(&mut self, lint: &'static Lint, hit: Hit, instance: InstanceId) {
        match self.places.entry((lint.id, hit.span)) {
            Entry::Vacant(vacant) => {
                vacant.insert(self.found.len());
                self.found.push((lint, hit, vec![instance]));
            }
            Entry::Occupied(known) => {
                if let Some((_, _, instances)) = self.found.get_mut(*known.get())
                    && instances.last() != Some(&instance)
                {
                    instances.push(instance);
                }
            }
        }
    }

    /// What is done about each, in file order.
    ///
    /// Several resources may be written by one text, a file with JSON or a template: each answers for itself whether it lives with what is
    /// found there.
    pub(super) fn judged(self, project: &Project, rules: &Rules) -> Vec<Finding> {
        let mut findings: Vec<Finding> = Vec::with_capacity(self.found.len());
        for (lint, hit, instances) in self.found {
            let Hit { span, label, sid } = hit;
            let first = findings.len();
            for instance in instances.iter().filter_map(|id| project.instance(*id)) {
                let state = rules.state(lint, sid.as_deref(), instance.block.suppress.iter());
                let address = instance.address.to_string();
                match findings.iter_mut().skip(first).find(|finding| finding.state == state) {
                    Some(finding) => finding.addresses.push(address),
                    None => {
                        let (level, label) = (rules.level(lint), label.clone());
                        findings.push(Finding { lint, level, span, label, addresses: vec![address], state });
                    }
                }
            }
        }
        findings.sort_by(|a, b| (a.span, a.lint.id).cmp(&(b.span, b.lint.id)));
        findings
    }
}
