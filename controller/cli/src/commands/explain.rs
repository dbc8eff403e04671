//! `trueup explain`

use serde_json::{Value, json};
use trueup_kinds::lints;
use trueup_specs::lint::Lint;
use trueup_specs::{ACCESS, reference};

use crate::args::{ExplainArgs, Format};
use crate::context::{Context, kinds};
use crate::exit::{Exit, Stop};

/// Explains a kind, or lists the kinds.
pub(crate) fn run(context: &Context, args: &ExplainArgs) -> Result<Exit, Stop> {
    let mut schemas = vec![&ACCESS];
    schemas.extend(kinds().schemas());
    let Some(name) = &args.kind else {
        let text = if args.markdown {
            reference::markdown_list(&schemas)
        } else {
            reference::list(&schemas, context.output.look().width)
        };
        context.output.result(&text)?;
        return Ok(Exit::Done);
    };
    if name == "lints" && context.output.format == Format::Json {
        context.output.json(&lints::all().into_iter().map(as_json).collect())?;
        return Ok(Exit::Done);
    }
    if let Some(text) = guardrails(name, args.markdown) {
        context.output.result(&text)?;
        return Ok(Exit::Done);
    }
    let Some(schema) = schemas.iter().find(|schema| schema.name == name) else {
        let names: Vec<&str> = schemas.iter().map(|schema| schema.name).collect();
        return Err(Stop::with_help(
            format!("there is no kind `{name}`"),
            format!("the kinds are: {}; `trueup explain lints` lists the guardrails", names.join(", ")),
        ));
    };
    let text = if args.markdown {
        reference::markdown(schema)
    } else {
        reference::explain(schema, context.output.look().width)
    };
    context.output.result(&text)?;
    Ok(Exit::Done)
}

/// All guardrails, or one by its id.
fn guardrails(name: &str, markdown: bool) -> Option<String> {
    let lints = lints::all();
    if name == "lints" {
        return Some(if markdown { table(&lints) } else { lints.iter().map(|lint| line(lint)).collect() });
    }
    lints.into_iter().find(|lint| lint.id == name).map(one)
}

fn as_json(lint: &Lint) -> Value {
    let Lint { id, severity, level, summary, reason, help, page } = lint;
    json!({
        "id": id, "severity": severity.as_str(), "level": level.as_str(), "summary": summary, "reason": reason, "help": help, "page": page,
    })
}

fn line(lint: &Lint) -> String {
    let Lint { id, severity, level, summary, .. } = lint;
    format!("{id:<34}{:<9} {:<6}{summary}\n", severity.as_str(), level.as_str())
}

fn one(lint: &Lint) -> String {
    let Lint { id, severity, level, summary, reason, help, page } = lint;
    format!(
        "{id}: {summary}\n\nSeverity: {severity}. By default: {level}.\n\nWhy:  {reason}.\nHelp: {help}.\nPage: {page}\n"
    )
}

fn table(lints: &[&Lint]) -> String {
    let mut out = String::from("| Id | Severity | Default | What it finds | What to do |\n|---|---|---|---|---|\n");
    for Lint { id, severity, level, summary, reason, help, page } in lints {
        let cell = |text: &str| text.replace('|', "\\|");
        let (found, why, help) = (cell(summary), cell(reason), cell(help));
        out.push_str(&format!("| [`{id}`]({page}) | {severity} | {level} | {found}: {why} | {help} |\n"));
    }
    out
}
