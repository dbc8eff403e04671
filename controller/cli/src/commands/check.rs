//! `trueup check`

use serde_json::json;
use trueup_engine::render::counted;
use trueup_kinds::lints::Finding;
use trueup_specs::to_json;

use crate::args::ReportFormat;
use crate::context::{Context, Guarded};
use crate::exit::{Exit, Stop};
use crate::report::{self, Report};

/// Checks the specs without any call.
pub(crate) fn run(context: &Context) -> Result<Exit, Stop> {
    let specs = context.specs()?;
    let Guarded { checked, problems, findings } = context.guarded(&specs);
    let told = findings.iter().filter(|finding| finding.is_told()).map(Finding::diagnostic);
    let mut all = problems.clone();
    all.extend(told);
    let is_failed = all.has_errors();
    let problems = problems.into_vec();
    let (resources, accounts) = (checked.map_or(0, |checked| checked.items.len()), specs.project.accounts.len());
    let report = Report {
        name: "trueup check",
        sources: &specs.sources,
        problems: &problems,
        findings: &findings,
        verdicts: &[],
    };
    match context.common.format {
        ReportFormat::Text => context.report(all, &specs.sources)?,
        ReportFormat::Json => context.output.json(&json!({
            "diagnostics": to_json(&problems, &specs.sources),
            "findings": report::json::findings(&findings, &specs.sources),
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
        let suppressed = findings.iter().filter(|finding| finding.is_suppressed()).count() as u64;
        let suppressed = match suppressed {
            0 => String::new(),
            count => format!(" {} suppressed.", counted(count, "finding")),
        };
        context.output.result(&format!("The specs are sound: {resources} in {accounts}.{suppressed}\n"))?;
    }
    Ok(Exit::Done)
}
