//! `trueup apply`

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use time::OffsetDateTime;
use time::macros::format_description;
use trueup_engine::execute::{Outcome, Report, Walk, execute, remember};
use trueup_engine::fresh::moved;
use trueup_engine::guard::{Approved, Refused, approve};
use trueup_engine::render;
use trueup_state::facts::{ReadRequest, Unread};
use trueup_state::plan::{FORMAT, Plan};
use trueup_state::store::LocalStore;

use crate::args::{ApplyArgs, Format};
use crate::commands::access::hold_limits;
use crate::commands::plan::{judge, show};
use crate::context::{Context, Planned, Specs, kinds, plan_accounts, store_stop};
use crate::exit::{Exit, Stop, chain};
use crate::progress::Progress;

/// Plans, shows, asks and applies; or applies a saved plan.
pub(crate) async fn run(context: &Context, args: &ApplyArgs) -> Result<Exit, Stop> {
    refuse_flags(context, args)?;
    let mut specs = context.specs()?;
    let store = context.store(&specs.project);
    // The lock is taken before anything is read: what is decided must still hold when it is done.
    let lock = store.lock().map_err(|error| store_stop(&error))?;
    let planned = match &args.file {
        Some(file) => saved(context, &specs, file).await?,
        None => context.plan(&mut specs, args.decide.adopt).await?,
    };
    if context.output.format == Format::Text {
        show(context, &planned.plan)?;
    }
    hold_limits(&planned.plan, &args.fail_on)?;
    let incomplete = planned.plan.is_incomplete();
    let end = |exit| if exit == Exit::Done && incomplete { Exit::Incomplete } else { exit };
    if planned.plan.is_empty() {
        return finish_empty(context, &store, planned).map(end);
    }
    judge(context, &specs, &planned)?.refusal()?;
    let Planned { plan, aws, mut ledger, findings: _ } = planned;
    let approved = approve(plan).map_err(|refused| refusal(&refused))?;
    if args.file.is_none() && !args.yes {
        confirm(context)?;
    }
    let report = walk(context, &store, &approved, &aws).await?;
    remember(&mut ledger, approved.plan(), &report);
    store.save(&ledger).map_err(|error| store_stop(&error))?;
    drop(lock);
    print_report(context, approved.plan(), &report)?;
    Ok(end(if report.is_complete() { Exit::Done } else { Exit::Incomplete }))
}

/// Flags that would be ignored are refused: a saved plan is applied as it is, and JSON is for programs, which can't be asked.
fn refuse_flags(context: &Context, args: &ApplyArgs) -> Result<(), Stop> {
    let narrows = !context.common.accounts.is_empty() || !context.common.targets.is_empty() || args.decide.adopt;
    if args.file.is_some() && narrows {
        return Err(Stop::with_help(
            "a saved plan is applied as it is: --account, --target and --adopt have no meaning for it",
            "give them to `trueup plan -o FILE`",
        ));
    }
    if context.output.format == Format::Json && args.file.is_none() && !args.yes {
        return Err(Stop::with_help(
            "`apply --format json` asks nothing",
            "say --yes, or save a plan with `trueup plan -o FILE` and apply that file",
        ));
    }
    Ok(())
}

/// Nothing to apply, but what was found true is put on record.
fn finish_empty(context: &Context, store: &LocalStore, planned: Planned) -> Result<Exit, Stop> {
    let Planned { plan, aws: _, mut ledger, findings: _ } = planned;
    if context.output.format == Format::Json {
        context
            .output
            .json(&json!({ "plan": render::plan_json(&plan), "report": report_json(&plan, &empty_report()) }))?;
    }
    if !plan.confirmed.is_empty() {
        remember(&mut ledger, &plan, &empty_report());
        store.save(&ledger).map_err(|error| store_stop(&error))?;
    }
    Ok(Exit::Done)
}

fn empty_report() -> Report {
    Report { outcomes: Vec::new(), stopped: false, journal_error: None, outputs: std::collections::BTreeMap::new() }
}

fn refusal(refused: &Refused) -> Stop {
    let mut what = format!("refused: {refused}");
    let Refused::TooManyDeletions { some, .. } = refused;
    for address in some {
        what.push_str(&format!("\n  {address}"));
    }
    Stop::Error { what, help: Some(refused.help()), exit: Exit::Refused }
}

fn confirm(context: &Context) -> Result<(), Stop> {
    match context.output.ask("\nApply this plan? Only `yes` is taken: ") {
        Some(true) => Ok(()),
        Some(false) => Err(Stop::with_help("not applied: the answer was not `yes`", "nothing was changed")),
        None => Err(Stop::with_help(
            "there is no terminal to ask on",
            "look at the plan, then say --yes, or save it with `trueup plan -o FILE` and apply that file",
        )),
    }
}

/// Reads a saved plan, and refuses it when the world is no longer what it was decided from.
async fn saved(context: &Context, specs: &Specs, file: &Path) -> Result<Planned, Stop> {
    let (_, findings) = context.check_guarded(specs)?;
    let plan = load(file)?;
    if *plan.project != *specs.project.name {
        return Err(Stop::with_help(
            format!(
                "{} is a plan of the project `{}`, and this is `{}`",
                file.display(),
                plan.project,
                specs.project.name
            ),
            "apply it in the directory it was made in",
        ));
    }
    let ledger = context.store(&specs.project).ledger().map_err(|error| store_stop(&error))?;
    let aws = context.connect(&specs.project, plan_accounts(&plan)).await?;
    context.expect_world(&plan, &aws)?;
    let requests: Vec<ReadRequest> = plan.reads.iter().map(|read| read.request.clone()).collect();
    let facts = context.read(&aws, &requests).await;
    let moved = moved(&plan, &kinds(), &facts, &ledger).map_err(|unread| unread_stop(&unread))?;
    if !moved.is_empty() {
        let lines: Vec<String> = moved.iter().map(|moved| format!("\n  {} {}", moved.address, moved.what)).collect();
        return Err(Stop::Error {
            what: format!("refused: AWS is not what this plan was made for:{}", lines.concat()),
            help: Some("plan again, and look at what changed".to_owned()),
            exit: Exit::Refused,
        });
    }
    Ok(Planned { plan, aws, ledger, findings })
}

fn unread_stop(unread: &Unread) -> Stop {
    Stop::Error {
        what: format!("what the plan touches could not be read: {}: {}", unread.call, unread.why),
        help: unread.help.clone(),
        exit: Exit::Incomplete,
    }
}

/// A saved plan.
pub(crate) fn load(file: &Path) -> Result<Plan, Stop> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Stop::with_help(
            format!("can't read {}: {error}", file.display()),
            "give a file that `trueup plan -o FILE` wrote",
        )
    })?;
    let damaged = |why: String| {
        Stop::with_help(
            format!("{} is no saved plan: {why}", file.display()),
            "make it again with `trueup plan -o FILE`",
        )
    };
    let value: serde_json::Value = serde_json::from_str(&text).map_err(|error| damaged(chain(&error)))?;
    let format = value.get("format").and_then(serde_json::Value::as_u64);
    if format != Some(u64::from(FORMAT)) {
        return Err(damaged(format!(
            "its format is {}, this trueup reads {FORMAT}",
            format.map_or("missing".to_owned(), |f| f.to_string())
        )));
    }
    let plan: Plan = serde_json::from_value(value).map_err(|error| damaged(chain(&error)))?;
    plan.verify().map_err(damaged)?;
    Ok(plan)
}

async fn walk(
    context: &Context,
    store: &LocalStore,
    approved: &Approved,
    aws: &trueup_kinds::session::Aws,
) -> Result<Report, Stop> {
    let plan = approved.plan();
    let mut journal = store.journal(&run_name()).map_err(|error| store_stop(&error))?;
    let progress = Progress::new(plan.ops.len(), "applying");
    let stop = Arc::new(AtomicBool::new(false));
    let interrupted = {
        let (stop, output) = (stop.clone(), context.output);
        tokio::spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() {
                if stop.swap(true, Ordering::SeqCst) {
                    output.note("still waiting for the calls in flight");
                } else {
                    output.note("stopping after the calls in flight");
                }
            }
        })
    };
    let walk =
        Walk { performer: aws, journal: &mut journal, events: &mut |event| progress.op(plan, event), stop: &stop };
    let report = execute(approved, walk).await;
    interrupted.abort();
    Ok(report)
}

/// The name of a run: when it began, and which process it is.
fn run_name() -> String {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    let time = OffsetDateTime::now_utc().format(format).unwrap_or_default();
    format!("{time}-{}", std::process::id())
}

fn print_report(context: &Context, plan: &Plan, report: &Report) -> Result<(), Stop> {
    match context.output.format {
        Format::Text => context.output.result(&format!("\n{}", render::report(plan, report, context.output.look()))),
        Format::Json => {
            context.output.json(&json!({ "plan": render::plan_json(plan), "report": report_json(plan, report) }))
        }
    }
}

fn report_json(plan: &Plan, report: &Report) -> serde_json::Value {
    let ops: Vec<serde_json::Value> = plan
        .ops
        .iter()
        .zip(&report.outcomes)
        .map(|(op, outcome)| {
            let (word, error) = match outcome {
                Outcome::Done => ("done", None),
                Outcome::Failed(error) => ("failed", Some(error)),
                Outcome::Skipped => ("skipped", None),
            };
            json!({ "address": plan.changes[op.change].address, "call": op.call, "title": op.title, "outcome": word, "error": error })
        })
        .collect();
    json!({ "complete": report.is_complete(), "stopped": report.stopped, "ops": ops })
}
