//! What goes on, on stderr, while reading and applying.

use std::fmt::Write;
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use trueup_engine::execute::{Event, Outcome};
use trueup_engine::render::counted;
use trueup_kinds::count::CallCounter;
use trueup_state::facts::{ReadCost, ReadRequest};
use trueup_state::plan::Plan;

/// One line that moves on a terminal; nothing elsewhere, where the report says it all at the end.
pub(crate) struct Progress {
    bar: ProgressBar,
    calls: Mutex<u64>,
}

impl Progress {
    /// A line for so many steps of someone whose calls are counted: that AWS asks to go slower is said, for it is why nothing moves.
    pub(crate) fn new(steps: usize, what: &str, calls: CallCounter) -> Self {
        let bar = if std::io::stderr().is_terminal() { ProgressBar::new(steps as u64) } else { ProgressBar::hidden() };
        // The template is a constant; were it wrong, indicatif's own would do.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {pos}/{len} {slowed}{wide_msg}") {
            bar.set_style(style.with_key("slowed", move |_: &ProgressState, line: &mut dyn Write| {
                // A line that can't be written is written again a moment later.
                let _ = line.write_str(&slowed(calls.throttled()));
            }));
        }
        bar.set_prefix(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar, calls: Mutex::new(0) }
    }

    /// A source was read.
    pub(crate) fn read(&self, request: &ReadRequest, cost: ReadCost) {
        let mut calls = self.calls.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *calls += cost.calls;
        self.bar.set_message(format!("{} in {} ({calls} calls)", request.source, request.scope));
        self.bar.inc(1);
    }

    /// An operation began or ended.
    pub(crate) fn op(&self, plan: &Plan, event: &Event) {
        match event {
            Event::Started(index) => self.bar.set_message(plan.ops[*index].title.clone()),
            Event::Ended(index, outcome) => {
                self.bar.inc(1);
                match outcome {
                    Outcome::Done => tracing::info!("done: {}", plan.ops[*index].title),
                    Outcome::Failed(error) => self.bar.println(format!("failed: {}: {error}", plan.ops[*index].title)),
                    Outcome::Skipped => {}
                }
            }
        }
    }
}

/// How often AWS asked to go slower.
fn slowed(throttled: u64) -> String {
    if throttled == 0 { String::new() } else { format!("(AWS slows us down: {}) ", counted(throttled, "call")) }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn throttling_is_said() {
        assert_eq!(super::slowed(0), "");
        assert_eq!(super::slowed(12), "(AWS slows us down: 12 calls) ");
    }
}
