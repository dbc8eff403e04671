//! What all commands share that change AWS: holding the accounts, asking, walking, and putting on record.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use time::OffsetDateTime;
use time::macros::format_description;
use trueup_engine::execute::{Event, Outcome, Report, Walk, execute, promise, remember};
use trueup_engine::guard::{Allow, Approved, Refused, approve_with};
use trueup_engine::perform::{Effect, Witness};
use trueup_engine::render;
use trueup_kinds::lookout::Lookout;
use trueup_kinds::session::{AccountAccess, Aws};
use trueup_state::plan::Plan;
use trueup_state::record::{self, Ended, Record, Revision};
use trueup_state::store::{Hold, Holder, RunJournal, Store};

use crate::args::Format;
use crate::commands::lacks;
use crate::commands::plan::show;
use crate::context::{Context, Planned, Specs, kinds, store_stop};
use crate::exit::{Exit, Stop};
use crate::progress::Progress;

/// A run that holds its accounts.
pub(crate) struct Begun {
    /// Where its documents are.
    pub(crate) store: Store,
    /// The accounts.
    pub(crate) hold: Hold,
    /// AWS.
    pub(crate) aws: Aws,
}

/// Whose word it takes to go on.
pub(crate) enum Consent {
    /// It was given before.
    Given,
    /// A `yes`.
    Yes,
    /// The project's name.
    Project(String),
}

/// Takes the accounts of a run, before anything is read: what is decided must still hold when it is done.
pub(crate) async fn begin(
    context: &Context,
    specs: &Specs,
    access: Vec<AccountAccess>,
    purpose: &str,
) -> Result<Begun, Stop> {
    let names: BTreeSet<Arc<str>> = access.iter().map(|account| account.name.clone()).collect();
    let is_meant = |name: &Arc<str>| {
        // A saved plan may be of an account that the specs have no more.
        let account = specs.project.accounts.get(name);
        let asked = &context.common.accounts;
        let is_called = |asked: &String| **asked == **name || account.is_some_and(|account| account.is_called(asked));
        asked.is_empty() || asked.iter().any(is_called)
    };
    let accounts = names.into_iter().filter(is_meant).collect();
    let store = context.store(&specs.project).await?;
    let aws = context.connect(&specs.project, access).await?;
    let holder = Holder {
        run: run_name(),
        who: aws.caller().arn.clone(),
        at: machine(),
        since: now(),
        purpose: purpose.to_owned(),
    };
    let hold = store.hold(&accounts, holder).map_err(|error| store_stop(&error))?;
    Ok(Begun { store, hold, aws })
}

/// Shows the plan, lets `rails` refuse it, asks, applies, and puts on record what came of it.
pub(crate) async fn carry_out(
    context: &Context,
    begun: Begun,
    planned: Planned,
    rails: impl FnOnce(&Planned) -> Result<(), Stop>,
    consent: Consent,
    allow: Allow,
) -> Result<Exit, Stop> {
    let Begun { store, hold, aws } = begun;
    if context.output.format == Format::Text {
        show(context, &planned.plan)?;
    }
    rails(&planned)?;
    let Planned { plan, mut ledger, findings: _, lacks: lacking, read_at } = planned;
    let incomplete = plan.is_incomplete();
    let end = |exit| if exit == Exit::Done && incomplete { Exit::Incomplete } else { exit };
    if plan.is_empty() {
        print_empty(context, &plan)?;
        if !plan.confirmed.is_empty() || !plan.forgotten.is_empty() {
            remember(&mut ledger, &plan, &empty_report());
            store.save(&mut ledger, &hold).map_err(|error| store_stop(&error))?;
        }
        return Ok(end(Exit::Done));
    }
    let approved = approve_with(plan, allow).map_err(|refused| refusal(&refused))?;
    lacks::refuse(context, &lacking)?;
    confirm(context, &consent)?;
    let plan = approved.plan();
    let scopes: BTreeSet<_> =
        plan.changes.iter().map(|change| &change.scope).chain(plan.confirmed.iter().map(|one| &one.scope)).collect();
    let promised = promise(&mut ledger, plan, &kinds());
    store.prepare(&mut ledger, scopes, &hold).map_err(|error| store_stop(&error))?;
    if promised {
        store.save(&mut ledger, &hold).map_err(|error| store_stop(&error))?;
    }
    let specs = revision(&context.common.directory);
    let mut record =
        Record { format: record::FORMAT, run: hold.holder().clone(), specs, plan: plan.clone(), ended: None };
    let tag = store.record(&record, None, &hold).map_err(|error| store_stop(&error))?;
    let lookout = Lookout::new(&aws, kinds(), plan, &ledger, read_at);
    let report = walk(context, &hold, &approved, &aws, &lookout).await;
    drop(lookout);
    remember(&mut ledger, plan, &report);
    let saved = store.save(&mut ledger, &hold);
    record.ended = Some(Ended { at: now(), outcomes: outcomes(&report), outputs: report.outputs.clone() });
    let recorded = store.record(&record, Some(&tag), &hold);
    print_report(context, plan, &report)?;
    saved.and(recorded).map_err(|error| store_stop(&error))?;
    Ok(end(if report.is_complete() { Exit::Done } else { Exit::Incomplete }))
}

fn outcomes(report: &Report) -> Vec<record::Outcome> {
    let outcome = |outcome: &Outcome| match outcome {
        Outcome::Done => record::Outcome::Done,
        Outcome::Failed(error) => {
            record::Outcome::Failed { error: error.to_string(), unknown: error.effect == Effect::Unknown }
        }
        Outcome::Skipped => record::Outcome::Skipped,
    };
    report.outcomes.iter().map(outcome).collect()
}

fn empty_report() -> Report {
    Report { outcomes: Vec::new(), stopped: false, journal_error: None, outputs: std::collections::BTreeMap::new() }
}

fn refusal(refused: &Refused) -> Stop {
    let mut what = format!("refused: {refused}");
    let some = match refused {
        Refused::TooManyDeletions { some, .. }
        | Refused::NothingDeclared { some, .. }
        | Refused::SelfLockout { some, .. } => some,
    };
    for address in some {
        what.push_str(&format!("\n  {address}"));
    }
    Stop::Error { what, help: Some(refused.help()), exit: Exit::Refused }
}

fn confirm(context: &Context, consent: &Consent) -> Result<(), Stop> {
    let (question, wanted, flag) = match consent {
        Consent::Given => return Ok(()),
        Consent::Yes => (
            "\nApply this plan? Only `yes` is taken: ".to_owned(),
            "yes",
            "say --yes, or save it with `trueup plan -o FILE` and apply that file".to_owned(),
        ),
        Consent::Project(name) => (
            format!("\nRemove all this? Only the project's name, `{name}`, is taken: "),
            &**name,
            format!("say --confirm {name}"),
        ),
    };
    match context.output.ask(&question, wanted) {
        Some(true) => Ok(()),
        Some(false) => {
            Err(Stop::with_help(format!("not applied: the answer was not `{wanted}`"), "nothing was changed"))
        }
        None => Err(Stop::with_help("there is no terminal to ask on", format!("look at the plan, then {flag}"))),
    }
}

async fn walk(context: &Context, hold: &Hold, approved: &Approved, aws: &Aws, witness: &dyn Witness) -> Report {
    let plan = approved.plan();
    let mut journal = RunJournal::new(hold);
    let progress = Progress::new(plan.ops.len(), "applying", aws.counter());
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
    let events = &mut |event: &Event| progress.op(plan, event);
    let walk = Walk { performer: aws, witness, journal: &mut journal, events, stop: &stop };
    let report = execute(approved, walk).await;
    interrupted.abort();
    report
}

/// The name of a run: when it began, and which process it is.
fn run_name() -> String {
    let format = format_description!("[year][month][day]T[hour][minute][second]-[subsecond digits:6]");
    let time = OffsetDateTime::now_utc().format(format).unwrap_or_default();
    format!("{time}-{}", std::process::id())
}

/// The time, for people.
fn now() -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    OffsetDateTime::now_utc().format(format).unwrap_or_default()
}

/// The machine and the process, for people.
fn machine() -> String {
    let name =
        ["/proc/sys/kernel/hostname", "/etc/hostname"].into_iter().find_map(|path| std::fs::read_to_string(path).ok());
    let name = name.map_or_else(|| "this machine".to_owned(), |name| name.trim().to_owned());
    format!("{name}, process {}", std::process::id())
}

/// The commit the specs are at, where git knows them.
fn revision(directory: &Path) -> Option<Revision> {
    let git = |args: &[&str]| {
        let output = Command::new("git")
            .arg("-C")
            .arg(directory)
            // Asking what changed must run nothing that a folder's configuration names.
            .args(["-c", "core.fsmonitor=false"])
            .args(args)
            .stdin(Stdio::null())
            .output()
            .ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let commit = git(&["rev-parse", "HEAD"])?;
    let changed = git(&["status", "--porcelain", "--", "."])?;
    Some(Revision { commit, dirty: !changed.is_empty() })
}

fn print_empty(context: &Context, plan: &Plan) -> Result<(), Stop> {
    match context.output.format {
        Format::Text => Ok(()),
        Format::Json => context
            .output
            .json(&json!({ "plan": render::plan_json(plan), "report": report_json(plan, &empty_report()) })),
    }
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
