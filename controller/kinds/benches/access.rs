//! How long it takes to say who can do what: all assertions of a project, who can do one thing, what a plan changes.

mod fleet;

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, SamplingMode, criterion_group, criterion_main};
use fleet::{Spread, changed_plan, checked, empty_plan, fleet, load, recorded, wants};
use trueup_engine::access::{Context, Desired, World};
use trueup_state::ledger::Ledger;

/// What every tenant asserts: of its own bucket, and of a key in another account.
const ASSERTIONS: &str = r#"
[scope]
account = "tenants"

[[access]]
principal = "role.r0"
can       = "s3:GetObject"
on        = "${bucket.b0.arn}/r0/*"

[[access]]
principal = "role.r0"
can       = ["kms:Decrypt", "kms:GenerateDataKey"]
on        = "tooling/key.k0"
context   = { "aws:PrincipalOrgID" = "o-fleet00000" }

[[access]]
principal = "role.r2"
cannot    = "s3:GetObject"
on        = "${bucket.b0.arn}/r0/*"

[[access]]
principal = { service = "ec2.amazonaws.com" }
can       = [{ assume = "role.r0" }, { do = "s3:PutObject", on = "${bucket.b0.arn}/r0/*" }]
"#;

/// The check of 1,000 tenants with ten resources each, without assertions and with them.
fn assertions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("check_1000_tenants");
    group.sampling_mode(SamplingMode::Flat).sample_size(10).measurement_time(Duration::from_secs(10));
    let plain = fleet(10_010, Spread::Tenants).files();
    let mut asserted = plain.clone();
    asserted.push(("access.toml".into(), ASSERTIONS.as_bytes().to_vec()));
    for (name, files) in [("without_assertions", plain), ("with_assertions", asserted)] {
        let specs = load(files);
        group.bench_function(name, |bencher| bencher.iter_with_large_drop(|| checked(&specs)));
    }
    group.finish();
}

/// Who of 9,000 roles in one account can do something; the world is made anew each time.
fn who_can(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("who_can_10000");
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    let specs = load(fleet(10_000, Spread::OneAccount).files());
    let checked = checked(&specs);
    let desired = Desired::of(&checked);
    group.bench_function("bucket", |bencher| {
        bencher.iter(|| {
            let things = desired.things(&checked);
            let world = World::of(&things);
            let resource = "arn:aws:s3:::fleet-b0-111111111111/r0/x";
            let found = world.who_can("s3:GetObject", resource, &Context::new()).expect("one resource is one sort");
            assert!(!found.is_empty());
            black_box(found.len())
        });
    });
    group.finish();
}

/// A plan over 10,000 resources in which one policy's spec changed, against one in which nothing did.
fn change(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plan_10000");
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    let fleet = fleet(10_000, Spread::OneAccount);
    let files = fleet.files();
    let mut edited = files.clone();
    // Of two policies in a row only one is held by roles, which have them by odd numbers.
    let asked = "[[policy.p1.policy]]\nsid = \"Read\"\nallow = [\"s3:GetObject\", \"s3:GetObjectVersion\"]";
    let wider = "[[policy.p1.policy]]\nsid = \"Read\"\nallow = [\"s3:GetObject*\", \"s3:PutObject\"]";
    for (_, text) in &mut edited {
        let spec = String::from_utf8_lossy(text).replacen(asked, wider, 1);
        if spec.as_bytes() != text.as_slice() {
            *text = spec.into_bytes();
            break;
        }
    }
    let specs = load(files);
    let sound = checked(&specs);
    let facts = fleet.facts(&wants(&sound, &Ledger::default()).requests);
    let first = empty_plan(&specs, &sound, &wants(&sound, &Ledger::default()), facts.clone(), &Ledger::default());
    let ledger = recorded(&first);
    group.bench_function("nothing_changed", |bencher| {
        let asked = wants(&sound, &ledger);
        bencher.iter_batched(
            || facts.clone(),
            |facts| empty_plan(&specs, &sound, &asked, facts, &ledger),
            BatchSize::PerIteration,
        );
    });
    let specs = load(edited);
    let other = checked(&specs);
    group.bench_function("one_policy_changed", |bencher| {
        let asked = wants(&other, &ledger);
        bencher.iter_batched(
            || facts.clone(),
            |facts| {
                let plan = changed_plan(&specs, &other, &asked, facts, &ledger);
                assert!(plan.changes.len() == 1 && !plan.access.gains.is_empty());
                plan
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, assertions, who_can, change);
criterion_main!(benches);
