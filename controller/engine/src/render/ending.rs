//! How a run ended, as a person reads it.

use std::collections::BTreeMap;

use trueup_state::plan::Plan;

use super::counted;
use super::page::{Look, Page, Tone};
use crate::execute::{Outcome, Report};
use crate::perform::{Effect, OpError};

/// How a run ended: what failed, what of it was done and what not, and what to do.
#[must_use]
pub fn report(plan: &Plan, report: &Report, look: Look) -> String {
    let mut page = Page::new(look);
    let mut by_change: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, op) in plan.ops.iter().enumerate() {
        by_change.entry(op.change).or_default().push(index);
    }
    let outcome = |index: &usize| &report.outcomes[*index];
    let mut untouched = 0;
    for (change, ops) in &by_change {
        if ops.iter().all(|index| *outcome(index) == Outcome::Skipped) {
            untouched += 1;
        } else if ops.iter().any(|index| *outcome(index) != Outcome::Done) {
            broken(&mut page, plan, report, *change, ops);
        }
    }
    if untouched > 0 {
        page.gap();
        let text =
            format!("{} not begun: what they wait for failed, or the run was stopped.", counted(untouched, "resource"));
        page.text(0, (Tone::Plain, ""), (Tone::Plain, &text));
    }
    page.gap();
    ending(&mut page, plan, report);
    page.finish()
}

/// A resource of which a part was done, failed or was not tried.
fn broken(page: &mut Page, plan: &Plan, report: &Report, change: usize, ops: &[usize]) {
    let change = &plan.changes[change];
    page.gap();
    page.line(0, &[(Tone::Danger, "! "), (Tone::Bold, &change.address.to_string())]);
    if !change.place.is_empty() {
        page.line(6, &[(Tone::Faint, &change.place)]);
    }
    for index in ops {
        let title = &*plan.ops[*index].title;
        match &report.outcomes[*index] {
            Outcome::Done => page.text(4, (Tone::Add, "done      "), (Tone::Plain, title)),
            Outcome::Skipped => page.text(4, (Tone::Faint, "not tried "), (Tone::Plain, title)),
            Outcome::Failed(error) => {
                page.text(4, (Tone::Danger, "FAILED    "), (Tone::Plain, title));
                failure(page, error);
            }
        }
    }
}

fn failure(page: &mut Page, error: &OpError) {
    page.text(14, (Tone::Plain, ""), (Tone::Plain, &error.to_string()));
    if error.effect == Effect::Unknown {
        let unknown = "it may have happened all the same: the next plan will show";
        page.text(14, (Tone::Danger, ""), (Tone::Danger, unknown));
    }
    if let Some(id) = &error.request_id {
        page.line(14, &[(Tone::Faint, &format!("request id {id}"))]);
    }
    if let Some(help) = &error.help {
        page.text(14, (Tone::Bold, "help: "), (Tone::Plain, help));
    }
}

fn ending(page: &mut Page, plan: &Plan, report: &Report) {
    let done = report.count(|outcome| *outcome == Outcome::Done);
    if report.is_complete() {
        let text =
            format!(" {}, {}.", counted(plan.changes.len() as u64, "resource"), counted(done as u64, "API call"));
        return page.line(0, &[(Tone::Bold, "Applied."), (Tone::Plain, &text)]);
    }
    let total = report.outcomes.len();
    let failed = report.count(|outcome| matches!(outcome, Outcome::Failed(_)));
    let head = if report.stopped { "Stopped." } else { "Incomplete." };
    let text = format!(" {done} of {total} operations done, {failed} failed, {} not tried.", total - done - failed);
    page.line(0, &[(Tone::Danger, head), (Tone::Plain, &text)]);
    if let Some(error) = &report.journal_error {
        page.text(0, (Tone::Danger, "The journal could not be written: "), (Tone::Danger, error));
    }
    let help = "the same command again goes on from here: what was done is found and left alone";
    page.text(0, (Tone::Bold, "help: "), (Tone::Plain, help));
}
