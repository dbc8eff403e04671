//! Who gains and who loses what by a plan.

use trueup_state::plan::{AccessChange, AccessLine, Exposure, Plan};

use super::counted;
use super::page::{Page, Tone};

/// How many of a list are named; the JSON has all.
const NAMED: usize = 6;

pub(super) fn access(page: &mut Page, plan: &Plan) {
    let AccessChange { gains, losses, incomplete } = &plan.access;
    if plan.access.is_empty() {
        return;
    }
    // What exists only by this plan needs no telling twice: only what it opens wide is told.
    let is_told = |line: &&AccessLine| !line.is_new || line.exposure <= Exposure::CrossAccount;
    let told: Vec<&AccessLine> = gains.iter().filter(is_told).collect();
    let among_new = gains.len() - told.len();
    page.gap();
    page.line(0, &[(Tone::Bold, "Who gains and who loses what")]);
    for line in told {
        one(page, line, true);
    }
    for line in losses {
        one(page, line, false);
    }
    if among_new > 0 {
        page.gap();
        let text = format!("{} among what this plan makes.", counted(among_new as u64, "grant"));
        page.text(2, (Tone::Faint, ""), (Tone::Faint, &text));
    }
    if let Some(why) = incomplete {
        page.gap();
        page.text(2, (Tone::Danger, "! "), (Tone::Plain, &format!("This may not be all: {why}.")));
    }
}

fn one(page: &mut Page, line: &AccessLine, is_gain: bool) {
    let AccessLine { exposure, who, actions, on, when, is_new: _ } = line;
    let (sign, tone) = match (is_gain, exposure) {
        (true, Exposure::Public) => ("! ", Tone::Danger),
        (true, _) => ("+ ", Tone::Add),
        (false, _) => ("- ", Tone::Remove),
    };
    let width = match (is_gain, exposure) {
        (true, Exposure::Public) => "PUBLIC: ",
        (_, Exposure::CrossAccount) => "across accounts: ",
        (_, Exposure::Public | Exposure::Trust | Exposure::Within) => "",
    };
    let verb = match (is_gain, who.len()) {
        (true, 1) => "gains",
        (true, _) => "gain",
        (false, 1) => "loses",
        (false, _) => "lose",
    };
    page.gap();
    page.text(2, (tone, sign), (Tone::Bold, &format!("{width}{} {verb}", names(who))));
    page.text(6, (Tone::Plain, ""), (Tone::Plain, &names(actions)));
    page.text(6, (Tone::Faint, "on "), (Tone::Plain, &names(on)));
    if !when.is_empty() {
        page.text(6, (Tone::Faint, "depending on "), (Tone::Plain, &names(when)));
    }
}

fn names(all: &[String]) -> String {
    let shown: Vec<&str> = all.iter().take(NAMED).map(String::as_str).collect();
    match all.len().saturating_sub(NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
