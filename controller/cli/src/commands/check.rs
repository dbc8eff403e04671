//! `trueup check`

use serde_json::json;
use trueup_engine::render::counted;
use trueup_kinds::lints::Finding;
use trueup_specs::{Loaded, Problems, Sources, load, to_json};

use crate::args::ReportFormat;
use crate::context::{Context, Guarded, Specs};
use crate::exit::{Exit, Stop};
use crate::report::{self, Report};
use crate::rules::Rules;

/// Checks the specs without any call.
pub(crate) fn run(context: &Context) -> Result<Exit, Stop> {
    context.refuse_selection("check")?;
    let Loaded { sources, project, problems } = load(&context.common.directory, &trueup_kinds::schemas());
    let Some(project) = project else {
        return told(context, &sources, problems, Guards::default());
    };
    let specs = Specs { sources, project, problems };
    let Guarded { checked, problems, findings } = context.guarded(&specs);
    let guards = Guards {
        resources: checked.as_ref().map_or(0, |checked| checked.items.len()),
        accounts: specs.project.accounts.len(),
        findings: checked.is_some_and(|checked| checked.is_sound).then_some(findings),
    };
    // A rule that can't be asked is told before anything is planned.
    Rules::load(&context.common.directory, specs.project.settings.rules.as_deref())?.check()?;
    told(context, &specs.sources, problems, guards)
}

/// What there is to tell beside problems.
#[derive(Default)]
struct Guards {
    resources: usize,
    accounts: usize,
    /// What the guardrails found, if they could be asked.
    findings: Option<Vec<Finding>>,
}

fn told(context: &Context, sources: &Sources, problems: Problems, guards: Guards) -> Result<Exit, Stop> {
    let Guards { resources, accounts, findings } = guards;
    let found = findings.as_deref().unwrap_or_default();
    let mut all = problems.clone();
    all.extend(found.iter().filter(|finding| finding.is_told()).map(Finding::diagnostic));
    let is_failed = all.has_errors();
    let problems = problems.into_vec();
    let report = Report {
        name: "trueup check",
        sources,
        folder: context.folder(),
        problems: &problems,
        findings: findings.as_deref(),
        verdicts: &[],
    };
    match context.common.format {
        ReportFormat::Text => context.report(all, sources)?,
        ReportFormat::Json => context.output.json(&json!({
            "diagnostics": to_json(&problems, sources),
            "findings": report::json::findings(found, sources),
            "resources": resources, "accounts": accounts,
        }))?,
        ReportFormat::Sarif => context.output.json(&report::sarif::document(&report))?,
        ReportFormat::Junit => context.output.result(&report::junit::document(&report)?)?,
    }
    if is_failed {
        return Err(Stop::Reported);
    }
    if context.common.format == ReportFormat::Text {
        let (resources, accounts) = (counted(resources as u64, "resource"), counted(accounts as u64, "account"));
        let suppressed = found.iter().filter(|finding| finding.is_suppressed()).count() as u64;
        let suppressed = match suppressed {
            0 => String::new(),
            count => format!(" {} suppressed.", counted(count, "finding")),
        };
        context.output.result(&format!("The specs are sound: {resources} in {accounts}.{suppressed}\n"))?;
    }
    Ok(Exit::Done)
}
