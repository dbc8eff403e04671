//! Makes one plan with nothing to do and tells how much memory and processor time it took.
//!
//! `cargo run --release -p trueup-kinds --example footprint -- [RESOURCES] [one-account|tenants] [DIR]`
//!
//! With a folder it keeps its ledger there, so that a second run has all on record, as every run after the first apply has.

#[path = "../benches/fleet/mod.rs"]
mod fleet;

use std::io::{self, Write as _};

use fleet::{Spread, checked, empty_plan, fleet, load, recorded, wants};
use trueup_state::ledger::Ledger;
use trueup_state::store::{Holder, LocalStore, Store};

/// A line of what Linux tells of this process's memory, in MiB; 0 where the system does not tell.
fn memory_mib(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().map_or(0, |kib: u64| kib / 1_024)
}

/// Seconds the processor worked for this program, which has one thread: on a busy machine they say more than the clock. Counted by the
/// scheduler's ticks, some milliseconds apart.
fn processor_seconds() -> f64 {
    let schedule = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds: Option<u64> = schedule.split(' ').next().and_then(|first| first.parse().ok());
    std::time::Duration::from_nanos(nanoseconds.unwrap_or_default()).as_secs_f64()
}

struct Table<W> {
    out: W,
    since: f64,
}

impl<W: io::Write> Table<W> {
    fn row(&mut self, what: &str, count: usize) -> io::Result<()> {
        let until = processor_seconds();
        let took = until - self.since;
        let (held, peak) = (memory_mib("VmRSS:"), memory_mib("VmHWM:"));
        writeln!(self.out, "{what:<16} {count:>9} {took:>9.3} s {held:>7} MiB {peak:>7} MiB")?;
        self.since = processor_seconds();
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
    let mut table = Table { out: io::stdout().lock(), since: processor_seconds() };
    writeln!(table.out, "{:<16} {:>9} {:>11} {:>11} {:>11}", "", "count", "processor", "held", "peak")?;
    let fleet = fleet(resources, spread);
    let files = fleet.files();
    table.row("text in KiB", files.iter().map(|(_, text)| text.len()).sum::<usize>() / 1_024)?;
    let specs = load(files);
    table.row("loaded", specs.project.instances.len())?;
    let checked = checked(&specs);
    table.row("checked", checked.items.len())?;
    let store = arguments.next().map(|dir| Store::new(LocalStore::new(dir)));
    let mut ledger = match &store {
        Some(store) => store.ledger().map_err(io::Error::other)?,
        None => Ledger::default(),
    };
    table.row("on record", entries(&ledger))?;
    let asked = wants(&checked, &ledger);
    table.row("reads", asked.requests.len())?;
    let facts = fleet.facts(&asked.requests);
    table.row("facts made", fleet.len())?;
    let plan = empty_plan(&specs, &checked, &asked, facts, &ledger);
    table.row("planned", plan.unchanged as usize)?;
    let Some(store) = store.filter(|_| !plan.confirmed.is_empty()) else { return Ok(()) };
    for (scope, document) in recorded(&plan).documents {
        for (address, entry) in document.entries {
            ledger.put(&scope, address, entry);
        }
    }
    let text = str::to_owned;
    let holder =
        Holder { run: text("footprint"), who: text("-"), at: text("-"), since: text("-"), purpose: text("footprint") };
    let accounts = ledger.documents.keys().map(|scope| scope.account.clone()).collect();
    let hold = store.hold(&accounts, holder).map_err(io::Error::other)?;
    store.save(&mut ledger, &hold).map_err(io::Error::other)?;
    table.row("put on record", entries(&ledger))
}

fn entries(ledger: &Ledger) -> usize {
    ledger.documents.values().map(|document| document.entries.len()).sum()
}
