//! `trueup history`

use serde_json::{Value, json};
use trueup_engine::render::{self, Page, Tone};
use trueup_state::record::{Outcome, Record};
use trueup_state::store::Store;

use crate::args::{Format, HistoryArgs, HistoryCommand};
use crate::context::{Context, store_stop};
use crate::exit::{Exit, Stop};

/// Lists the runs, or shows one.
pub(crate) async fn run(context: &Context, args: &HistoryArgs) -> Result<Exit, Stop> {
    let specs = context.specs()?;
    let store = context.store(&specs.project).await?;
    match &args.command {
        None => list(context, &store),
        Some(HistoryCommand::Show { run }) => show(context, &store, run),
    }
}

/// How many operations ended how.
struct Tally {
    done: usize,
    failed: usize,
    open: usize,
}

fn tally(outcomes: &[Outcome]) -> Tally {
    let mut tally = Tally { done: 0, failed: 0, open: 0 };
    for outcome in outcomes {
        match outcome {
            Outcome::Done => tally.done += 1,
            Outcome::Failed { .. } => tally.failed += 1,
            Outcome::CutOff | Outcome::Skipped => tally.open += 1,
        }
    }
    tally
}

fn in_words(record: &Record, outcomes: &[Outcome]) -> String {
    let Tally { done, failed, open } = tally(outcomes);
    let mut text = format!("{done} of {} done", outcomes.len());
    if failed > 0 {
        text.push_str(&format!(", {failed} failed"));
    }
    if open > 0 {
        text.push_str(&format!(", {open} not"));
    }
    if record.ended.is_none() {
        text.push_str(", cut off or still under way");
    }
    text
}

fn read(store: &Store, run: &str) -> Result<(Record, Vec<Outcome>), Stop> {
    let record = store.run(run).map_err(|error| store_stop(&error))?;
    let journal = store.journal(run).map_err(|error| store_stop(&error))?;
    let (outcomes, _) = record.outcomes(&journal);
    Ok((record, outcomes))
}

fn list(context: &Context, store: &Store) -> Result<Exit, Stop> {
    let runs = store.runs().map_err(|error| store_stop(&error))?;
    let mut rows = Vec::new();
    let mut page = Page::new(context.output.look());
    for run in runs.iter().rev() {
        let (record, outcomes) = read(store, run)?;
        let Tally { done, failed, open } = tally(&outcomes);
        rows.push(json!({
            "run": run, "who": record.run.who, "at": record.run.at, "since": record.run.since,
            "purpose": record.run.purpose, "specs": record.specs, "ended": record.ended.as_ref().map(|end| &end.at),
            "done": done, "failed": failed, "open": open,
        }));
        page.line(0, &[(Tone::Bold, run), (Tone::Plain, "  "), (Tone::Plain, &record.run.purpose)]);
        page.text(4, (Tone::Plain, ""), (Tone::Plain, &in_words(&record, &outcomes)));
        page.text(4, (Tone::Faint, "by "), (Tone::Faint, &record.run.who));
    }
    match context.output.format {
        Format::Json => context.output.json(&Value::Array(rows))?,
        Format::Text if runs.is_empty() => context.output.result("No run is on record.\n")?,
        Format::Text => context.output.result(&page.finish())?,
    }
    Ok(Exit::Done)
}

fn show(context: &Context, store: &Store, run: &str) -> Result<Exit, Stop> {
    let (record, outcomes) = read(store, run)?;
    if context.output.format == Format::Json {
        context.output.json(&json!({
            "run": record.run, "specs": record.specs, "ended": record.ended.as_ref().map(|end| &end.at),
            "plan": render::plan_json(&record.plan), "outcomes": outcomes,
        }))?;
        return Ok(Exit::Done);
    }
    let mut page = Page::new(context.output.look());
    page.line(0, &[(Tone::Bold, run), (Tone::Plain, "  "), (Tone::Plain, &record.run.purpose)]);
    page.text(4, (Tone::Faint, "by    "), (Tone::Plain, &record.run.who));
    page.text(4, (Tone::Faint, "on    "), (Tone::Plain, &record.run.at));
    let ended = record.ended.as_ref().map_or("cut off, or still under way", |end| &*end.at);
    page.text(4, (Tone::Faint, "from  "), (Tone::Plain, &format!("{} to {ended}", record.run.since)));
    let specs = record.specs.as_ref().map_or_else(
        || "in no repository".to_owned(),
        |specs| format!("{}{}", specs.commit, if specs.dirty { ", and changes since" } else { "" }),
    );
    page.text(4, (Tone::Faint, "specs "), (Tone::Plain, &specs));
    page.gap();
    let mut text = page.finish();
    text.push_str(&render::plan(&record.plan, context.output.look()));
    text.push('\n');
    let mut page = Page::new(context.output.look());
    for (op, outcome) in record.plan.ops.iter().zip(&outcomes) {
        let (tone, word, why) = match outcome {
            Outcome::Done => (Tone::Add, "done      ", None),
            Outcome::Failed { error, .. } => (Tone::Danger, "FAILED    ", Some(error)),
            Outcome::CutOff => (Tone::Danger, "CUT OFF   ", None),
            Outcome::Skipped => (Tone::Faint, "not tried ", None),
        };
        page.text(0, (tone, word), (Tone::Plain, &op.title));
        if let Some(why) = why {
            page.text(10, (Tone::Plain, ""), (Tone::Plain, why));
        }
    }
    page.text(0, (Tone::Plain, ""), (Tone::Bold, &format!("{}.", in_words(&record, &outcomes))));
    text.push_str(&page.finish());
    context.output.result(&text)?;
    Ok(Exit::Done)
}
