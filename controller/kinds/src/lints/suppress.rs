//! What a project says about guardrails: levels in its settings, suppressions in its specs.

use std::collections::{HashMap, HashSet};

use trueup_specs::diagnostic::{Diagnostic, Problems};
use trueup_specs::lint::{Date, Level, Lint, Severity, Suppression};
use trueup_specs::project::Project;
use trueup_specs::span::Span;
use trueup_specs::suggest;

use super::finding::{Finding, State};
use super::{all, plans};

/// The levels of a project, and what day it is.
pub(super) struct Rules {
    levels: HashMap<String, Level>,
    today: Date,
}

impl Rules {
    /// The rules of a project; ids that are no guardrail's, and suppressions that lack what they need, are problems.
    pub(super) fn new(project: &Project, today: Date, problems: &mut Problems) -> Self {
        let lints = all();
        let find = |id: &str| lints.iter().find(|lint| lint.id == id);
        let mut tell_unknown = |id: &str, span: Span| {
            let problem = Diagnostic::error(format!("there is no guardrail `{id}`")).at(span, "");
            let help = suggest::help(id, lints.iter().map(|lint| lint.id));
            problems.push(problem.help(help.unwrap_or_else(|| "`trueup explain lints` lists them".to_owned())));
        };
        for setting in &project.settings.lints {
            if find(&setting.lint).is_none() {
                tell_unknown(&setting.lint, setting.span);
            }
        }
        let mut endless = Vec::new();
        for suppression in suppressions(project) {
            match find(&suppression.lint) {
                None => tell_unknown(&suppression.lint, suppression.span),
                Some(lint) if lint.severity == Severity::Critical && suppression.expires.is_none() => {
                    endless.push(suppression.span);
                }
                Some(_) => {}
            }
        }
        for span in endless {
            let problem = Diagnostic::error("a suppression of what is critical must expire").at(span, "");
            problems.push(problem.help("add the last day on which it counts: expires = \"2027-01-31\""));
        }
        let levels = project.settings.lints.iter().map(|setting| (setting.lint.clone(), setting.level)).collect();
        Self { levels, today }
    }

    /// What is done about a lint's findings.
    pub(super) fn level(&self, lint: &Lint) -> Level {
        self.levels.get(lint.id).copied().unwrap_or(lint.level)
    }

    /// Whether someone lives with a finding: one suppression that counts is enough.
    pub(super) fn state<'s>(
        &self,
        lint: &Lint,
        sid: Option<&str>,
        suppressions: impl Iterator<Item = &'s Suppression>,
    ) -> State {
        let mut state = State::Active;
        for suppression in suppressions.filter(|suppression| is_about(suppression, lint, sid)) {
            let Suppression { reason, expires, span, lint: _, sid: _ } = suppression;
            match expires {
                Some(day) if *day < self.today => state = State::Expired { expires: *day, span: *span },
                Some(_) | None => {
                    return State::Suppressed { reason: reason.clone(), expires: *expires, span: *span };
                }
            }
        }
        state
    }

    /// Tells of suppressions that nothing needs any more.
    pub(super) fn tell_unused(&self, project: &Project, findings: &[Finding], problems: &mut Problems) {
        let used: HashSet<Span> = findings
            .iter()
            .filter_map(|finding| match &finding.state {
                State::Active => None,
                State::Suppressed { span, .. } | State::Expired { span, .. } => Some(*span),
            })
            .collect();
        // What a plan's lint finds shows only with a plan; and an id that no lint has was told of.
        let lints = all();
        let is_of_specs =
            |id: &str| lints.iter().any(|lint| lint.id == id) && !plans::LINTS.iter().any(|row| row.lint.id == id);
        for suppression in suppressions(project) {
            if !used.contains(&suppression.span) && is_of_specs(&suppression.lint) {
                let problem = Diagnostic::warning("this suppression suppresses nothing");
                let label = format!("`{}` finds nothing here", suppression.lint);
                problems.push(problem.at(suppression.span, label).help("take it out"));
            }
        }
    }
}

/// Each suppression of the specs; one in a group's scope comes once for each account.
fn suppressions(project: &Project) -> impl Iterator<Item = &Suppression> {
    project.instances.iter().flat_map(|instance| &instance.block.suppress)
}

fn is_about(suppression: &Suppression, lint: &Lint, sid: Option<&str>) -> bool {
    suppression.lint == lint.id && suppression.sid.as_deref().is_none_or(|wanted| Some(wanted) == sid)
}
