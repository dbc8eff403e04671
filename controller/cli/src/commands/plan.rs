//! `trueup plan`

use std::path::Path;

use trueup_engine::render;
use trueup_kinds::lints::{self, Finding};
use trueup_state::plan::Plan;
use trueup_state::store::write_atomically;

use crate::args::{Format, PlanArgs, ReportFormat};
use crate::commands::access::hold_limits;
use crate::commands::lacks;
use crate::context::{Context, Planned, Specs, store_stop, today};
use crate::exit::{Exit, Stop};
use crate::report::{self, Report, json};
use crate::rules::{Rules, Verdict};

/// Shows what apply would do.
pub(crate) async fn run(context: &Context, args: &PlanArgs) -> Result<Exit, Stop> {
    let mut specs = context.specs()?;
    let planned = context.plan(&mut specs, args.decide.adopt).await?;
    if context.common.format == ReportFormat::Text {
        show(context, &planned.plan)?;
    }
    lacks::warn(context, &planned.lacks);
    let judgement = judge(context, &specs, &planned)?;
    let findings: Vec<Finding> = planned.findings.iter().chain(&judgement.findings).cloned().collect();
    let report = Report {
        name: "trueup plan",
        sources: &specs.sources,
        folder: context.folder(),
        problems: &[],
        findings: Some(&findings),
        verdicts: &judgement.verdicts,
    };
    match context.common.format {
        ReportFormat::Text => {}
        ReportFormat::Json => {
            let mut shown = render::plan_json(&planned.plan);
            if let Some(shown) = shown.as_object_mut() {
                shown.insert("findings".to_owned(), json::findings(&findings, &specs.sources));
                shown.insert("rules".to_owned(), json::verdicts(&judgement.verdicts));
                shown.insert("lacks".to_owned(), lacks::as_json(&planned.lacks));
            }
            context.output.json(&shown)?;
        }
        ReportFormat::Sarif => context.output.json(&report::sarif::document(&report))?,
        ReportFormat::Junit => context.output.result(&report::junit::document(&report)?)?,
    }
    hold_limits(&planned.plan, &args.fail_on)?;
    if let Some(file) = &args.out {
        save(&planned.plan, file)?;
        context.output.note(&format!("Saved. To apply exactly this: trueup apply {}", file.display()));
    }
    judgement.refusal()?;
    Ok(if planned.plan.is_incomplete() {
        Exit::Incomplete
    } else if args.detailed_exitcode && !planned.plan.is_empty() {
        Exit::Differences
    } else {
        Exit::Done
    })
}

/// Prints a plan as the flags say.
pub(crate) fn show(context: &Context, plan: &Plan) -> Result<(), Stop> {
    match context.output.format {
        Format::Json => context.output.json(&render::plan_json(plan)),
        Format::Text => context.output.result(&render::plan(plan, context.output.look())),
    }
}

/// What guardrails and the organization's own rules say of a plan.
pub(crate) struct Judgement {
    findings: Vec<Finding>,
    verdicts: Vec<Verdict>,
}

impl Judgement {
    /// The end of the command, if anything denies the plan.
    pub(crate) fn refusal(&self) -> Result<(), Stop> {
        let denied = self.findings.iter().filter(|finding| finding.is_told() && finding.is_denied());
        let mut lines: Vec<String> = denied
            .map(|finding| {
                format!("\n  {} [{}]: {}", finding.lint.summary, finding.lint.id, finding.addresses.join(", "))
            })
            .collect();
        let denied = self.verdicts.iter().filter(|verdict| verdict.denies);
        lines.extend(denied.map(|verdict| format!("\n  {}", verdict.message)));
        if lines.is_empty() {
            return Ok(());
        }
        Err(Stop::Error {
            what: format!("refused: the plan breaks rules:{}", lines.concat()),
            help: Some(
                "change the specs; or suppress a guardrail's finding next to the resource, with a reason".to_owned(),
            ),
            exit: Exit::Refused,
        })
    }
}

/// Asks guardrails and the organization's own rules about a plan, and tells what they say.
pub(crate) fn judge(context: &Context, specs: &Specs, planned: &Planned) -> Result<Judgement, Stop> {
    let findings = lints::plans::check(&planned.plan, &specs.project, today());
    let told: Vec<_> = findings.iter().filter(|finding| finding.is_told()).map(Finding::diagnostic).collect();
    context.output.pictures(&told, &specs.sources);
    let rules = Rules::load(&context.common.directory, specs.project.settings.rules.as_deref())?;
    let verdicts = rules.judge(&render::plan_json(&planned.plan))?;
    for verdict in verdicts.iter().filter(|verdict| !verdict.denies) {
        context.output.note(&format!("warning: {}", verdict.message));
    }
    Ok(Judgement { findings, verdicts })
}

/// Saves a plan, to be applied as it is.
pub(crate) fn save(plan: &Plan, file: &Path) -> Result<(), Stop> {
    let text = plan.sealed().and_then(|sealed| serde_json::to_string_pretty(&sealed));
    let text = text.map_err(|error| Stop::error(&error))?;
    write_atomically(file, text.as_bytes()).map_err(|error| store_stop(&error))
}
