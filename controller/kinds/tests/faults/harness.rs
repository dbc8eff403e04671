//! Whole runs as the program makes them, and what must be when they are made good.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use serde_json::Value;
use trueup_engine::check::{Kinds, check};
use trueup_engine::execute::{Event, Report, Walk, execute, promise, remember};
use trueup_engine::facts::Facts;
use trueup_engine::guard::approve;
use trueup_engine::observe::{Selection, reach, requests};
use trueup_engine::plan::{Inputs, plan};
use trueup_kinds::account::{KnownAccount, known};
use trueup_kinds::lookout::Lookout;
use trueup_kinds::session::{AccountAccess, Aws, AwsOptions};
use trueup_kinds::source::organizations::{self, OrganizationFacts};
use trueup_sandbox::{Faults, Sandbox};
use trueup_specs::kind::KindScope;
use trueup_specs::project::{DeletionsMax, Project};
use trueup_specs::{Loaded, Problems, load, load_from};
use trueup_state::ledger::Ledger;
use trueup_state::plan::{Plan, Purpose};
use trueup_state::store::memory::Memory;
use trueup_state::store::{Holder, RunJournal, Store};

/// The specs of a project.
pub(crate) struct Specs {
    pub(crate) loaded: Loaded,
    destroys: bool,
}

/// An AWS, and the project's documents.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) memory: Memory,
}

pub(crate) fn kinds() -> Kinds {
    let source_scope = |source: &str| trueup_kinds::source::scope_of(source).unwrap_or(KindScope::Account);
    Kinds { rows: trueup_kinds::kinds(), source_scope }
}

/// How a run went.
pub(crate) struct Run {
    pub(crate) plan: Plan,
    /// `None` where there was nothing to do.
    pub(crate) report: Option<Report>,
}

impl Run {
    pub(crate) fn is_complete(&self) -> bool {
        self.report.as_ref().is_none_or(Report::is_complete) && !self.plan.is_incomplete()
    }
}

impl Specs {
    pub(crate) fn example(name: &str) -> Self {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
        Self::sound(load(&dir, &trueup_kinds::schemas()))
    }

    /// Specs of these files.
    pub(crate) fn of(files: &[(String, String)]) -> Self {
        let files = files.iter().map(|(name, text)| (PathBuf::from(name), text.clone().into_bytes()));
        Self::sound(load_from(files.collect(), &trueup_kinds::schemas()))
    }

    /// An example with one more tag on everything that can carry any.
    pub(crate) fn retagged(example: &str) -> Self {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(example);
        let mut files = Vec::new();
        gather(&dir, &dir, &mut files);
        let (_, settings) = files.iter_mut().find(|(name, _)| name == "trueup.toml").unwrap();
        *settings = if settings.contains("{ team") {
            settings.replacen("{ team", "{ cost = \"42\", team", 1)
        } else {
            settings.replacen("[project]\n", "[project]\ntags = { cost = \"42\" }\n", 1)
        };
        Self::of(&files)
    }

    /// An example of which all shall go.
    pub(crate) fn destroyed(example: &str) -> Self {
        let mut specs = Self::example(example);
        let project = specs.loaded.project.as_mut().unwrap();
        project.instances.clear();
        project.outputs.clear();
        project.access.clear();
        project.settings.deletions = Some(DeletionsMax::Percent(100));
        specs.destroys = true;
        specs
    }

    /// Specs in one account, `one`.
    pub(crate) fn in_one_account(text: &str) -> Self {
        let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        Self::of(&[
            file("trueup.toml", "[project]\nname = \"one\"\nregion = \"eu-west-1\"\n"),
            file("accounts.toml", "[account.one]\nid = \"111111111111\"\n"),
            file("one.toml", text),
        ])
    }

    /// The world as these specs want it.
    pub(crate) async fn settled(&self) -> World {
        let world = self.world();
        let store = Store::new(world.memory.clone());
        assert!(self.run(&world.sandbox, &store, "settled").await.unwrap().is_complete());
        world
    }

    fn sound(loaded: Loaded) -> Self {
        assert!(!loaded.problems.has_errors(), "{:?}", loaded.problems);
        Self { loaded, destroys: false }
    }

    pub(crate) fn world(&self) -> World {
        let project = self.loaded.project.as_ref().unwrap();
        let ids: Vec<&str> =
            project.accounts.values().filter(|account| !account.is_unknown()).map(|account| &*account.id).collect();
        World { sandbox: Sandbox::in_memory(&ids), memory: Memory::patient() }
    }

    pub(crate) async fn aws(&self, sandbox: &Sandbox) -> Result<Aws, String> {
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
        let (project, facts) = self.read(aws, &ledger).await;
        let mut problems = Problems::new();
        let plan = self.decide(&project, &ledger, facts, &mut problems);
        assert!(problems.is_empty(), "{problems:?}");
        Ok((plan.unwrap(), ledger))
    }

    /// The project, and what there is that it asks about.
    pub(crate) async fn read(&self, aws: &mut Aws, ledger: &Ledger) -> (Project, Facts) {
        let project = self.learnt(aws, ledger).await;
        let requests = {
            let checked = check(&project, kinds(), &mut Problems::new()).unwrap();
            let selection = Selection::default();
            requests(&checked, &selection, &reach(&checked, &selection), ledger)
        };
        let facts = aws.read(&requests, &|_, _| {}).await;
        (project, facts)
    }

    /// What is to be done where this was found.
    pub(crate) fn decide(
        &self,
        project: &Project,
        ledger: &Ledger,
        facts: Facts,
        problems: &mut Problems,
    ) -> Option<Plan> {
        let checked = check(project, kinds(), problems)?;
        let selection = Selection::default();
        let reach = reach(&checked, &selection);
        let requests = requests(&checked, &selection, &reach, ledger);
        let inputs = Inputs {
            world: "test",
            checked: &checked,
            sources: &self.loaded.sources,
            selection: &selection,
            reach: &reach,
            requests: &requests,
            ledger,
            adopt: false,
        };
        let mut plan = plan(inputs, facts, problems)?;
        if self.destroys {
            plan.purpose = Purpose::Destroy;
        }
        Some(plan)
    }

    /// One whole run, as the program makes it. A run that fails is one whose process died: it gives nothing back and puts no more on record.
    pub(crate) async fn run(&self, sandbox: &Sandbox, store: &Store, name: &str) -> Result<Run, String> {
        self.run_with(sandbox, store, name, async || {}).await
    }

    /// The same, and someone does something between the plan and its first operation.
    pub(crate) async fn run_with(
        &self,
        sandbox: &Sandbox,
        store: &Store,
        name: &str,
        meanwhile: impl AsyncFnOnce(),
    ) -> Result<Run, String> {
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
        let read_at = tokio::time::Instant::now();
        meanwhile().await;
        let approved = approve(plan).map_err(|refused| refused.to_string())?;
        let plan = approved.plan();
        let scopes: BTreeSet<_> = plan.changes.iter().map(|change| &change.scope).collect();
        let promised = promise(&mut ledger, plan, &kinds());
        let prepared = store
            .prepare(&mut ledger, scopes, &hold)
            .and_then(|()| if promised { store.save(&mut ledger, &hold) } else { Ok(()) });
        let stop = AtomicBool::new(false);
        let saved = match prepared {
            Err(error) => Err(error),
            Ok(()) => {
                let mut journal = RunJournal::new(&hold);
                let witness = Lookout::new(&aws, kinds(), plan, &ledger, read_at);
                let events = &mut |_: &Event| {};
                let walk = Walk { performer: &aws, witness: &witness, journal: &mut journal, events, stop: &stop };
                let report = execute(&approved, walk).await;
                drop(witness);
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
    pub(crate) async fn made_good(&self, world: &World, expected: &Count, case: &str) {
        let after = self.mended(world, expected, case).await;
        assert!(after.retained.is_empty(), "{case}: {:?}", after.retained);
    }

    /// The same, where specs let go of what holds data; the plan that is then left to do: none.
    pub(crate) async fn mended(&self, world: &World, expected: &Count, case: &str) -> Plan {
        world.sandbox.set_faults(Faults::default());
        world.memory.end_all();
        let store = Store::new(world.memory.clone());
        let run = self.run(&world.sandbox, &store, "mending").await.unwrap_or_else(|why| panic!("{case}: {why}"));
        assert!(run.is_complete(), "{case}: {:?} {:?}", run.report.map(|report| report.outcomes), run.plan.blocked);
        let after = self.run(&world.sandbox, &store, "after").await.unwrap_or_else(|why| panic!("{case}: {why}"));
        assert!(
            after.plan.is_empty() && after.plan.confirmed.is_empty() && after.plan.forgotten.is_empty(),
            "{case}: {:?}, confirmed {:?}, forgotten {:?}",
            after.plan.changes,
            after.plan.confirmed,
            after.plan.forgotten
        );
        assert_eq!(Count::of(world), *expected, "{case}");
        let ledger = store.ledger().unwrap();
        // On record is what is there, and nothing else; what waits for someone's word (a subscription) may have to be found again first.
        let recorded: Vec<String> =
            ledger.documents.values().flat_map(|document| document.entries.keys()).map(ToString::to_string).collect();
        let Plan { unchanged, declared, retained, .. } = &after.plan;
        let kept = retained.len() as u64;
        assert!((unchanged + kept..=declared + kept).contains(&(recorded.len() as u64)), "{case}: {recorded:?}");
        assert!(store.locks().unwrap().is_empty(), "{case}");
        after.plan
    }

    /// What a run makes when nothing goes wrong, and how many calls change something.
    pub(crate) async fn undisturbed(&self) -> (Count, u64) {
        let world = self.world();
        world.sandbox.set_faults(Faults::default());
        let store = Store::new(world.memory.clone());
        let run = self.run(&world.sandbox, &store, "first").await.unwrap();
        assert!(run.is_complete());
        (Count::of(&world), world.sandbox.mutations())
    }
}

/// How many of each sort there are, in all accounts and regions: of every sort the sandbox knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count(pub(crate) BTreeMap<String, usize>);

/// What grows with every attempt, and is no resource.
const NO_RESOURCES: [&str; 3] = ["principals", "requests", "deployments"];

impl Count {
    pub(crate) fn of(world: &World) -> Self {
        let world = world.json();
        let mut count = Self::default();
        for account in members(&world["accounts"]) {
            count.add("account", 1);
            for (service, state) in account.1.as_object().unwrap() {
                if service == "iam" {
                    count.sorts(service, state);
                } else {
                    members(state).for_each(|(_, region)| count.sorts(service, region));
                }
            }
        }
        count.sorts("s3", &world["s3"]);
        members(&world["organizations"]["organizations"]).for_each(|(_, one)| count.sorts("organizations", one));
        count
    }

    fn sorts(&mut self, service: &str, state: &Value) {
        for (sort, things) in members(state).filter(|(sort, _)| !NO_RESOURCES.contains(&sort.as_str())) {
            self.add(&format!("{service} {sort}"), things.as_object().map_or(0, serde_json::Map::len));
        }
    }

    fn add(&mut self, sort: &str, many: usize) {
        if many > 0 {
            *self.0.entry(sort.to_owned()).or_default() += many;
        }
    }

    pub(crate) fn get(&self, sort: &str) -> usize {
        self.0.get(sort).copied().unwrap_or_default()
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

impl World {
    /// All that the sandbox remembers.
    pub(crate) fn json(&self) -> Value {
        self.sandbox.with_world(|world| serde_json::to_value(world).unwrap()).unwrap()
    }
}

/// All files of a folder and its folders, by their path in it.
fn gather(root: &Path, dir: &Path, files: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            gather(root, &path, files);
        } else {
            files.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
    files.sort();
}
