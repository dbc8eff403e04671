//! Runs that are cut off, throttled, lied to and disturbed: whatever happens, the next run makes it good, nothing is made twice, nothing is
//! orphaned, and what is another's stays as it is.
//!
//! Whole runs (locks, ledger, plan, walk, journal, record) over the examples, the real SDK clients and the sandbox, in process and in
//! paused time. Every case is named by what goes wrong where; a random one by its seed, which `TRUEUP_SOAK_FROM=SEED` plays again.
//! `TRUEUP_SOAK=SECONDS` goes on with further seeds for so long.

#![expect(clippy::unwrap_used, reason = "a test ends where it is wrong")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use trueup_engine::check::{Kinds, check};
use trueup_engine::execute::{Report, Walk, execute, remember};
use trueup_engine::guard::approve;
use trueup_engine::observe::{Selection, reach, requests};
use trueup_engine::plan::{Inputs, plan};
use trueup_kinds::account::{KnownAccount, known};
use trueup_kinds::session::{AccountAccess, Aws, AwsOptions};
use trueup_kinds::source::organizations::{self, OrganizationFacts};
use trueup_sandbox::{Cut, Faults, Sandbox, Then, When};
use trueup_specs::kind::KindScope;
use trueup_specs::project::Project;
use trueup_specs::{Loaded, Problems, load};
use trueup_state::ledger::Ledger;
use trueup_state::plan::Plan;
use trueup_state::store::memory::Memory;
use trueup_state::store::{Backend, Holder, Life, Put, RunJournal, Store, StoreError, Stored, Tag};

const EXAMPLES: [&str; 2] = ["cross-account-saas", "dev-prod-codedeploy"];

/// The specs of a project.
struct Specs {
    loaded: Loaded,
}

/// An AWS, and the project's documents.
struct World {
    sandbox: Sandbox,
    memory: Memory,
}

fn kinds() -> Kinds {
    let source_scope = |source: &str| trueup_kinds::source::scope_of(source).unwrap_or(KindScope::Account);
    Kinds { rows: trueup_kinds::kinds(), source_scope }
}

/// How a run went.
struct Run {
    plan: Plan,
    /// `None` where there was nothing to do.
    report: Option<Report>,
}

impl Run {
    fn is_complete(&self) -> bool {
        self.report.as_ref().is_none_or(Report::is_complete) && !self.plan.is_incomplete()
    }
}

impl Specs {
    fn example(name: &str) -> Self {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
        let loaded = load(&dir, &trueup_kinds::schemas());
        assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
        Self { loaded }
    }

    fn world(&self) -> World {
        let project = self.loaded.project.as_ref().unwrap();
        let ids: Vec<&str> =
            project.accounts.values().filter(|account| !account.is_unknown()).map(|account| &*account.id).collect();
        World { sandbox: Sandbox::in_memory(&ids), memory: Memory::patient() }
    }

    async fn aws(&self, sandbox: &Sandbox) -> Result<Aws, String> {
        let project = self.loaded.project.as_ref().unwrap();
        let known = project.accounts.values().filter(|account| !account.is_unknown());
        let own = known.min_by_key(|account| account.span).unwrap();
        let options = AwsOptions {
            http_client: Some(SharedHttpClient::new(sandbox.client())),
            credentials: Some(Credentials::new(&own.id, "secret", None, None, "test")),
            region: project.settings.region.as_deref().map(str::to_owned),
            ..AwsOptions::default()
        };
        let access = project.accounts.values().map(|account| AccountAccess {
            name: account.name.clone(),
            id: account.id.clone(),
            profile: None,
            access_role: project.settings.access_role.clone(),
            through: account.through.clone(),
        });
        Aws::connect(options, access.collect()).await.map_err(|failure| failure.text())
    }

    /// The project, with the ids of the accounts that the organization knows by their e-mail addresses.
    async fn learnt(&self, aws: &mut Aws, ledger: &Ledger) -> Project {
        let mut project = self.loaded.project.clone().unwrap();
        let mut problems = Problems::new();
        let facts = {
            let checked = check(&project, kinds(), &mut problems).unwrap();
            let everything = Selection::default();
            let mut requests = requests(&checked, &everything, &reach(&checked, &everything), ledger);
            requests.retain(|request| &*request.source == organizations::NAME);
            aws.read(&requests, &|_, _| {}).await
        };
        for (source, scope, _) in facts.iter() {
            let Ok(found) = facts.get::<OrganizationFacts>(source, scope) else { continue };
            for KnownAccount { name, id, joined_at: _ } in known(&project, found, &mut problems) {
                aws.learn(&name, &id, true);
                project.accounts.get_mut(&name).unwrap().id = id;
            }
        }
        project
    }

    async fn plan(&self, aws: &mut Aws, store: &Store) -> Result<(Plan, Ledger), String> {
        let ledger = store.ledger().map_err(|error| error.to_string())?;
        let project = self.learnt(aws, &ledger).await;
        let mut problems = Problems::new();
        let checked = check(&project, kinds(), &mut problems).unwrap();
        let selection = Selection::default();
        let reach = reach(&checked, &selection);
        let requests = requests(&checked, &selection, &reach, &ledger);
        let facts = aws.read(&requests, &|_, _| {}).await;
        let inputs = Inputs {
            world: "test",
            checked: &checked,
            sources: &self.loaded.sources,
            selection: &selection,
            reach: &reach,
            requests: &requests,
            ledger: &ledger,
            adopt: false,
        };
        let plan = plan(inputs, facts, &mut problems);
        assert!(problems.is_empty(), "{problems:?}");
        Ok((plan.unwrap(), ledger))
    }

    /// One whole run, as the program makes it. A run that fails is one whose process died: it gives nothing back and puts no more on record.
    async fn run(&self, sandbox: &Sandbox, store: &Store, name: &str) -> Result<Run, String> {
        let accounts = self.loaded.project.as_ref().unwrap().accounts.keys().cloned().collect();
        let text = str::to_owned;
        let holder = Holder { run: text(name), who: text("w"), at: text("a"), since: text("s"), purpose: text("p") };
        let mut aws = self.aws(sandbox).await?;
        let hold = store.hold(&accounts, holder).map_err(|error| error.to_string())?;
        let (plan, mut ledger) = match self.plan(&mut aws, store).await {
            Ok(planned) => planned,
            Err(why) => {
                std::mem::forget(hold);
                return Err(why);
            }
        };
        if plan.is_empty() {
            // What was found true is put on record.
            let nothing =
                Report { outcomes: Vec::new(), stopped: false, journal_error: None, outputs: BTreeMap::new() };
            remember(&mut ledger, &plan, &nothing);
            if let Err(error) = store.save(&mut ledger, &hold) {
                std::mem::forget(hold);
                return Err(error.to_string());
            }
            return Ok(Run { plan, report: None });
        }
        let approved = approve(plan).map_err(|refused| refused.to_string())?;
        let plan = approved.plan();
        let scopes: BTreeSet<_> = plan.changes.iter().map(|change| &change.scope).collect();
        let prepared = store.prepare(&mut ledger, scopes, &hold);
        let stop = AtomicBool::new(false);
        let saved = match prepared {
            Err(error) => Err(error),
            Ok(()) => {
                let mut journal = RunJournal::new(&hold);
                let walk = Walk { performer: &aws, journal: &mut journal, events: &mut |_| {}, stop: &stop };
                let report = execute(&approved, walk).await;
                remember(&mut ledger, plan, &report);
                store.save(&mut ledger, &hold).map(|()| report)
            }
        };
        match saved {
            Ok(report) => Ok(Run { plan: plan.clone(), report: Some(report) }),
            Err(error) => {
                std::mem::forget(hold);
                Err(error.to_string())
            }
        }
    }

    /// One more run makes it good: all is there, once, on record, and nothing is left to do.
    async fn made_good(&self, world: &World, expected: &Count, case: &str) {
        world.sandbox.set_faults(Faults::default());
        world.memory.end_all();
        let store = Store::new(world.memory.clone());
        let run = self.run(&world.sandbox, &store, "mending").await.unwrap_or_else(|why| panic!("{case}: {why}"));
        assert!(run.is_complete(), "{case}: {:?} {:?}", run.report.map(|report| report.outcomes), run.plan.blocked);
        let after = self.run(&world.sandbox, &store, "after").await.unwrap_or_else(|why| panic!("{case}: {why}"));
        assert!(after.plan.is_empty() && after.plan.confirmed.is_empty(), "{case}: {:?}", after.plan.changes);
        assert!(after.plan.retained.is_empty(), "{case}: {:?}", after.plan.retained);
        assert_eq!(Count::of(world), *expected, "{case}");
        let ledger = store.ledger().unwrap();
        let recorded: usize = ledger.documents.values().map(|document| document.entries.len()).sum();
        assert_eq!(recorded as u64, after.plan.unchanged, "{case}");
        assert!(store.locks().unwrap().is_empty(), "{case}");
    }

    /// What a run makes when nothing goes wrong, and how many calls change something.
    async fn undisturbed(&self) -> (Count, u64) {
        let world = self.world();
        let store = Store::new(world.memory.clone());
        let run = self.run(&world.sandbox, &store, "first").await.unwrap();
        assert!(run.is_complete());
        let count = Count::of(&world);
        // An operation may be several calls; the sandbox counts those that change something.
        let (mut low, mut high) = (1, 8 * run.plan.ops.len() as u64);
        while low < high {
            let nth = u64::midpoint(low, high);
            let world = self.world();
            let cut = Cut { nth, when: When::BeforeEffect, then: Then::StayDown };
            world.sandbox.set_faults(Faults { cut: Some(cut), ..Faults::default() });
            let cut_off = self.run(&world.sandbox, &Store::new(world.memory.clone()), "probe").await;
            let complete = cut_off.is_ok_and(|run| run.is_complete());
            if complete { high = nth } else { low = nth + 1 }
        }
        (count, low - 1)
    }
}

/// How many of each sort there are in all accounts.
#[derive(Debug, PartialEq, Eq)]
struct Count {
    accounts: usize,
    roles: usize,
    users: usize,
    policies: usize,
    instance_profiles: usize,
    keys: usize,
    buckets: usize,
    applications: usize,
}

impl Count {
    fn of(world: &World) -> Self {
        let world = world.sandbox.with_world(|world| serde_json::to_value(world).unwrap()).unwrap();
        let members = |value: &serde_json::Value| value.as_object().map_or(0, serde_json::Map::len);
        let accounts = || world["accounts"].as_object().unwrap().values();
        let iam = |sort: &str| accounts().map(|account| members(&account["iam"][sort])).sum();
        let regional = |service: &str, sort: &str| {
            let regions = |account: &serde_json::Value| {
                account[service]
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(_, region)| members(&region[sort]))
                    .sum::<usize>()
            };
            accounts().map(regions).sum()
        };
        Self {
            accounts: members(&world["accounts"]),
            roles: iam("roles"),
            users: iam("users"),
            policies: iam("policies"),
            instance_profiles: iam("instance_profiles"),
            keys: regional("kms", "keys"),
            buckets: members(&world["s3"]["buckets"]),
            applications: regional("codedeploy", "applications"),
        }
    }
}

async fn cut_everywhere(example: &str, when: When, then: Then) {
    let specs = Specs::example(example);
    let (count, calls) = specs.undisturbed().await;
    assert!(calls > 20, "{example}: {calls} calls change something");
    assert!(count.roles > 0 && count.keys + count.applications > 0, "{count:?}");
    // The first example meets every call; the others, whose calls are of the same sorts, every third.
    let step = if example == EXAMPLES[0] { 1 } else { 3 };
    for nth in (1..=calls).step_by(step) {
        let world = specs.world();
        world.sandbox.set_faults(Faults { cut: Some(Cut { nth, when, then }), ..Faults::default() });
        let store = Store::new(world.memory.clone());
        // A process that died at that call gives nothing back, and puts nothing more on record.
        let before = world.memory.clone();
        let run = specs.run(&world.sandbox, &store, "cut").await;
        if then == Then::StayDown {
            assert!(!run.is_ok_and(|run| run.is_complete()), "{example}: call {nth} was not cut off");
            forget_end(&before);
        }
        specs.made_good(&world, &count, &format!("{example}: {when:?} {then:?} at call {nth}")).await;
    }
}

/// Takes what the end of a run put on record away again, as if it had died before.
fn forget_end(memory: &Memory) {
    for (name, bytes) in memory.all() {
        if name.starts_with("ledger/")
            && let Ok(mut document) = serde_json::from_slice::<serde_json::Value>(&bytes)
        {
            document["entries"] = serde_json::json!({});
            memory.set(&name, document.to_string().as_bytes());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_before_any_call_is_made_good() {
    for example in EXAMPLES {
        cut_everywhere(example, When::BeforeEffect, Then::StayDown).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_after_any_call_is_made_good() {
    for example in EXAMPLES {
        cut_everywhere(example, When::AfterEffect, Then::StayDown).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_to_any_call_is_made_good() {
    for example in EXAMPLES {
        cut_everywhere(example, When::AfterEffect, Then::Recover).await;
    }
}

/// A store that fails from its nth write on.
struct Failing {
    memory: Memory,
    left: Arc<AtomicI64>,
}

impl Backend for Failing {
    fn path(&self, name: &str) -> String {
        self.memory.path(name)
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        self.memory.list(folder)
    }

    fn read(&self, names: &[String]) -> Result<Vec<Option<Stored>>, StoreError> {
        self.memory.read(names)
    }

    fn write(&self, puts: &[Put]) -> Vec<Result<Tag, StoreError>> {
        let one = |put: &Put| {
            if self.left.fetch_sub(1, Ordering::SeqCst) > 0 {
                return self.memory.write(std::slice::from_ref(put)).remove(0);
            }
            let source = std::io::Error::from(std::io::ErrorKind::StorageFull);
            Err(StoreError::Io { action: "write", path: put.name.clone(), source })
        };
        puts.iter().map(one).collect()
    }

    fn live(&self, holder: &Holder) -> Result<Box<dyn Life>, StoreError> {
        self.memory.live(holder)
    }

    fn ended(&self, run: &str) -> Result<bool, StoreError> {
        self.memory.ended(run)
    }
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_is_full_at_any_write_is_made_good() {
    let specs = Specs::example(EXAMPLES[0]);
    let (count, _) = specs.undisturbed().await;
    let mut writes = 0;
    loop {
        let world = specs.world();
        let store = Store::new(Failing { memory: world.memory.clone(), left: Arc::new(AtomicI64::new(writes)) });
        let run = specs.run(&world.sandbox, &store, "full").await;
        let complete = run.is_ok_and(|run| run.is_complete());
        let told = format!("full at write {writes}");
        world.memory.end_all();
        specs.made_good(&world, &count, &told).await;
        if complete {
            break;
        }
        // The first writes are the run's documents, the others lines of its journal.
        writes += if writes < 12 { 1 } else { 3 };
    }
    assert!(writes > 40, "{writes}");
}

/// Runs until one is complete, as a person or a schedule would.
async fn insist(specs: &Specs, world: &World, runs: usize, case: &str) -> bool {
    for run in 0..runs {
        world.memory.end_all();
        let store = Store::new(world.memory.clone());
        match specs.run(&world.sandbox, &store, &format!("{case}-{run}")).await {
            Ok(run) if run.is_complete() => return true,
            Ok(_) | Err(_) => {}
        }
    }
    false
}

#[tokio::test(start_paused = true)]
async fn throttling_slows_down_and_ends_nothing() {
    for example in EXAMPLES {
        let specs = Specs::example(example);
        let (count, _) = specs.undisturbed().await;
        for (share, runs) in [(0.01, 1), (0.05, 1), (0.5, 6)] {
            for seed in 0..2 {
                let case = format!("{example}: {share} of calls throttled, seed {seed}");
                let world = specs.world();
                world.sandbox.set_faults(Faults { seed, throttle: share, ..Faults::default() });
                assert!(insist(&specs, &world, runs, "throttled").await, "{case}");
                specs.made_good(&world, &count, &case).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn errors_resets_silence_and_late_reads_are_outlived() {
    let silent = Duration::from_secs(30);
    let sorts = [
        Faults { server_error: 0.2, ..Faults::default() },
        Faults { drop_answer: 0.1, ..Faults::default() },
        Faults { delay_max: silent, ..Faults::default() },
        Faults { late_calls: 3, ..Faults::default() },
        Faults { late_calls: 20, ..Faults::default() },
    ];
    for example in EXAMPLES {
        let specs = Specs::example(example);
        let (count, _) = specs.undisturbed().await;
        for faults in &sorts {
            for seed in 0..2 {
                let case = format!("{example}: {faults:?}, seed {seed}");
                let world = specs.world();
                world.sandbox.set_faults(Faults { seed, ..faults.clone() });
                insist(&specs, &world, 4, "rough").await;
                specs.made_good(&world, &count, &case).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_runs_at_once_one_is_sent_away() {
    let specs = Specs::example(EXAMPLES[0]);
    let (count, _) = specs.undisturbed().await;
    let world = specs.world();
    let store = Store::new(world.memory.clone());
    let (one, two) =
        futures_util::future::join(specs.run(&world.sandbox, &store, "one"), specs.run(&world.sandbox, &store, "two"))
            .await;
    let refused: Vec<String> = [one, two].into_iter().filter_map(Result::err).collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(refused[0].contains("another run holds the account"), "{refused:?}");
    specs.made_good(&world, &count, "two at once").await;
}

#[tokio::test(start_paused = true)]
async fn two_projects_in_the_same_accounts_leave_each_other_alone() {
    let [one, two] = EXAMPLES.map(Specs::example);
    let ((first, _), (second, _)) = (one.undisturbed().await, two.undisturbed().await);
    let sandbox = Sandbox::in_memory(&["111111111111", "222222222222", "333333333333"]);
    let worlds = [Memory::patient(), Memory::patient()].map(|memory| World { sandbox: sandbox.clone(), memory });
    let stores = [0, 1].map(|index: usize| Store::new(worlds[index].memory.clone()));
    let (a, b) =
        futures_util::future::join(one.run(&sandbox, &stores[0], "a"), two.run(&sandbox, &stores[1], "b")).await;
    assert!(a.unwrap().is_complete() && b.unwrap().is_complete());
    for (specs, store) in [(&one, &stores[0]), (&two, &stores[1])] {
        let after = specs.run(&sandbox, store, "after").await.unwrap();
        assert!(after.plan.is_empty() && after.plan.retained.is_empty(), "{:?}", after.plan.changes);
    }
    let both = Count::of(&worlds[0]);
    assert_eq!(both.keys, first.keys + second.keys);
    assert_eq!(both.buckets, first.buckets + second.buckets);
}

/// SplitMix64.
fn random(seed: u64, salt: u64, below: u64) -> u64 {
    let mut z = seed.wrapping_add(salt.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z ^ (z >> 31)) % below
}

/// Some of everything.
fn random_faults(seed: u64) -> Faults {
    let percent = |salt, below| f64::from(u32::try_from(random(seed, salt, below)).unwrap()) / 100.0;
    let when = if random(seed, 1, 2) == 0 { When::BeforeEffect } else { When::AfterEffect };
    let then = if random(seed, 2, 2) == 0 { Then::Recover } else { Then::StayDown };
    let cut = (random(seed, 3, 2) == 0).then(|| Cut { nth: 1 + random(seed, 4, 60), when, then });
    Faults {
        seed,
        throttle: percent(5, 20),
        server_error: percent(6, 10),
        drop_answer: percent(7, 10),
        delay_max: Duration::from_secs(random(seed, 8, 10)),
        late_calls: random(seed, 9, 6),
        cut,
    }
}

async fn random_case(specs: &Specs, count: &Count, seed: u64) {
    let world = specs.world();
    let writes = if random(seed, 10, 3) == 0 { i64::try_from(random(seed, 11, 120)).unwrap() } else { i64::MAX };
    world.sandbox.set_faults(random_faults(seed));
    for run in 0..=random(seed, 12, 3) {
        world.memory.end_all();
        let store = Store::new(Failing { memory: world.memory.clone(), left: Arc::new(AtomicI64::new(writes)) });
        // It may end in any way, but not in a panic.
        let _ = specs.run(&world.sandbox, &store, &format!("random-{run}")).await;
    }
    specs.made_good(&world, count, &format!("TRUEUP_SOAK_FROM={seed}: {:?}", random_faults(seed))).await;
}

#[expect(clippy::disallowed_methods, reason = "a test is told by its environment how long to go on")]
fn told(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[expect(clippy::disallowed_methods, reason = "how long it goes on is no part of what happens")]
fn now() -> SystemTime {
    SystemTime::now()
}

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_is_made_good() {
    let specs = EXAMPLES.map(Specs::example);
    let counts = [specs[0].undisturbed().await.0, specs[1].undisturbed().await.0];
    let from = told("TRUEUP_SOAK_FROM").unwrap_or(0);
    let end = now() + Duration::from_secs(told("TRUEUP_SOAK").unwrap_or(0));
    let mut seed = from;
    while seed < from + 60 || now() < end {
        let which = usize::from(seed % 2 == 1);
        random_case(&specs[which], &counts[which], seed).await;
        seed += 1;
    }
}
