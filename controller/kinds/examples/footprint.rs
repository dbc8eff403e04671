//! Makes one plan with nothing to do and tells how much memory and time it took.
//!
//! `cargo run --release -p trueup-kinds --example footprint -- [RESOURCES] [one-account|tenants]`

#[path = "../benches/fleet/mod.rs"]
mod fleet;

use std::io::{self, Write as _};
use std::time::Instant;

use fleet::{Spread, checked, empty_plan, fleet, load, recorded, wants};
use trueup_state::ledger::Ledger;

#[expect(clippy::disallowed_methods, reason = "this program is there to tell how long it takes")]
fn now() -> Instant {
    Instant::now()
}

/// The most memory the process held so far, in KiB; 0 where the system does not tell.
fn peak_kib() -> u64 {
    status("VmHWM:")
}

/// The memory the process holds, in KiB; 0 where the system does not tell.
fn held_kib() -> u64 {
    status("VmRSS:")
}

fn status(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}

struct Table<W> {
    out: W,
    since: Instant,
}

impl<W: io::Write> Table<W> {
    fn row(&mut self, what: &str, count: usize) -> io::Result<()> {
        let took = self.since.elapsed().as_secs_f64();
        let (held, peak) = (held_kib() / 1_024, peak_kib() / 1_024);
        writeln!(self.out, "{what:<28} {count:>9} {took:>9.3} s {held:>7} MiB {peak:>7} MiB")?;
        self.since = now();
        Ok(())
    }
}

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let resources = arguments.next().and_then(|size| size.parse().ok()).unwrap_or(100_000);
    let spread = match arguments.next().as_deref() {
        Some("tenants") => Spread::Tenants,
        Some(_) | None => Spread::OneAccount,
    };
    let mut table = Table { out: io::stdout().lock(), since: now() };
    writeln!(table.out, "{:<28} {:>9} {:>11} {:>11} {:>11}", "", "count", "time", "held", "peak")?;
    let fleet = fleet(resources, spread);
    let files = fleet.files();
    table.row("text in KiB", files.iter().map(|(_, text)| text.len()).sum::<usize>() / 1_024)?;
    let specs = load(files);
    table.row("loaded", specs.project.instances.len())?;
    let checked = checked(&specs);
    table.row("checked", checked.items.len())?;
    let asked = wants(&checked, &Ledger::default());
    table.row("reads", asked.requests.len())?;
    let facts = fleet.facts(&asked.requests);
    table.row("facts made", fleet.len())?;
    let plan = empty_plan(&specs, &checked, &asked, &facts, &Ledger::default());
    table.row("planned, nothing on record", plan.unchanged as usize)?;
    let ledger = recorded(&plan);
    drop(plan);
    let on_record = ledger.documents.values().map(|document| document.entries.len()).sum();
    table.row("put on record", on_record)?;
    let asked = wants(&checked, &ledger);
    let plan = empty_plan(&specs, &checked, &asked, &facts, &ledger);
    table.row("planned, all on record", plan.unchanged as usize)
}
