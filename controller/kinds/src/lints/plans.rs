//! Lints over plans: what shows only where the specs meet what exists.

use trueup_specs::diagnostic::Problems;
use trueup_specs::lint::{Date, Level, Lint, Severity};
use trueup_specs::project::Project;
use trueup_specs::span::Span;
use trueup_state::plan::{Action, Change, Danger, Plan};

use super::finding::Finding;
use super::suppress::Rules;

/// A lint over one change of a plan: what it says of it.
pub(super) struct PlanLint {
    pub(super) lint: Lint,
    check: fn(&Change) -> Option<String>,
}

pub(super) static LINTS: &[PlanLint] = &[
    PlanLint {
        lint: Lint {
            id: "plan-opens-to-everyone",
            severity: Severity::Critical,
            level: Level::Warn,
            summary: "the plan lets in everyone",
            reason: "whoever is let in stays in until someone sees it",
            help: "look at what the plan says under the change",
            page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
        },
        check: |change| {
            change.dangers.iter().find_map(|danger| match danger {
                Danger::WiderTrust { field, who } => {
                    let everyone = who.iter().find(|who| who.starts_with("everyone") || who.starts_with('*'))?;
                    Some(format!("{field}: {everyone}"))
                }
                Danger::Removal
                | Danger::Replacement
                | Danger::Contents { .. }
                | Danger::Dependents { .. }
                | Danger::SelfLockout { .. } => None,
            })
        },
    },
    PlanLint {
        lint: Lint {
            id: "plan-removes",
            severity: Severity::Medium,
            level: Level::Allow,
            summary: "the plan removes a resource",
            reason: "a pipeline that only ever adds can refuse it",
            help: "apply it by hand",
            page: "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html",
        },
        check: |change| matches!(change.action, Action::Remove { .. }).then(|| change.name.clone()),
    },
    PlanLint {
        lint: Lint {
            id: "plan-replaces",
            severity: Severity::Medium,
            level: Level::Allow,
            summary: "the plan removes a resource and makes it again",
            reason: "the new one has another id: what names the old one outside of these specs names nothing any more",
            help: "keep the old value of the fields that can't be changed in place, or make a second resource first",
            page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids",
        },
        check: |change| match &change.action {
            Action::Replace { fields } => Some(format!("for {}", fields.join(", "))),
            Action::Create
            | Action::Update
            | Action::Adopt
            | Action::Move { .. }
            | Action::Remove { .. }
            | Action::Follow { .. } => None,
        },
    },
];

/// What the guardrails find in a plan of a project, in the order of its changes.
#[must_use]
pub fn check(plan: &Plan, project: &Project, today: Date) -> Vec<Finding> {
    // What is wrong with settings and suppressions was told when the specs were checked.
    let rules = Rules::new(project, today, &mut Problems::new());
    let mut findings = Vec::new();
    for change in &plan.changes {
        for PlanLint { lint, check } in LINTS {
            let Some(label) = check(change) else { continue };
            let instance = project.find(&change.address).and_then(|id| project.instance(id));
            let suppressions = instance.into_iter().flat_map(|instance| &instance.block.suppress);
            findings.push(Finding {
                lint,
                level: rules.level(lint),
                span: instance.map_or(Span::none(), |instance| instance.block.span),
                label,
                addresses: vec![change.address.to_string()],
                state: rules.state(lint, None, suppressions),
            });
        }
    }
    findings
}
