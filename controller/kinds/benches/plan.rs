//! How long a plan with nothing to do takes: read the specs, check them, decide.
//!
//! What AWS would answer is there already: reading is counted in calls (`tests/calls.rs`), not in seconds.

mod fleet;

use std::cell::LazyCell;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use fleet::specs::Fleet;
use fleet::{Spread, checked, empty_plan, fleet, load, recorded, wants};
use trueup_engine::facts::Facts;
use trueup_state::ledger::Ledger;

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

/// All that a plan is made from.
struct World {
    files: Vec<(PathBuf, Vec<u8>)>,
    facts: Facts,
    ledger: Ledger,
}

impl World {
    fn of(fleet: Fleet) -> Self {
        let files = fleet.files();
        let specs = load(files.clone());
        let checked = checked(&specs);
        let asked = wants(&checked, &Ledger::default());
        let facts = fleet.facts(&asked.requests);
        let first = empty_plan(&specs, &checked, &asked, facts.clone(), &Ledger::default());
        let ledger = recorded(&first);
        let second = empty_plan(&specs, &checked, &wants(&checked, &ledger), facts.clone(), &ledger);
        assert!(second.confirmed.is_empty(), "all is on record");
        Self { files, facts, ledger }
    }

    /// From text to an empty plan, everything dropped again.
    fn whole(&self, files: Vec<(PathBuf, Vec<u8>)>) -> u64 {
        let specs = load(files);
        let checked = checked(&specs);
        let asked = wants(&checked, &self.ledger);
        empty_plan(&specs, &checked, &asked, self.facts.clone(), &self.ledger).unchanged
    }
}

fn bench(criterion: &mut Criterion) {
    for (spread, name) in [(Spread::OneAccount, "one-account"), (Spread::Tenants, "tenants")] {
        let mut group = criterion.benchmark_group(name);
        group.sampling_mode(SamplingMode::Flat).warm_up_time(Duration::from_secs(1));
        for size in SIZES {
            group.throughput(Throughput::Elements(size as u64));
            group.sample_size(if size == SIZES[0] { 20 } else { 10 });
            group.measurement_time(Duration::from_secs(3));
            // A benchmark that is filtered out makes no world.
            let world = LazyCell::new(|| World::of(fleet(size, spread)));
            group.bench_function(BenchmarkId::new("load", size), |bencher| {
                bencher.iter_batched(|| world.files.clone(), load, BatchSize::PerIteration);
            });
            group.bench_function(BenchmarkId::new("check", size), |bencher| {
                let specs = load(world.files.clone());
                bencher.iter_with_large_drop(|| checked(&specs));
            });
            group.bench_function(BenchmarkId::new("plan", size), |bencher| {
                let specs = load(world.files.clone());
                let checked = checked(&specs);
                bencher.iter(|| {
                    let asked = wants(&checked, &world.ledger);
                    black_box(empty_plan(&specs, &checked, &asked, world.facts.clone(), &world.ledger))
                });
            });
            group.bench_function(BenchmarkId::new("whole", size), |bencher| {
                bencher.iter_batched(|| world.files.clone(), |files| world.whole(files), BatchSize::PerIteration);
            });
        }
        group.finish();
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
