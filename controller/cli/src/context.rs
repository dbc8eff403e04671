//! From the flags to a project, to AWS and to a plan: what several commands share.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use time::OffsetDateTime;
use tokio::time::Instant;
use trueup_engine::check::{Checked, Kinds, check};
use trueup_engine::observe::{self, Selection};
use trueup_engine::plan::{Inputs, plan};
use trueup_engine::render::counted;
use trueup_kinds::account::{KnownAccount, known as known_accounts};
use trueup_kinds::lints::{self, Finding};
use trueup_kinds::lockout::{Lack, WaysIn};
use trueup_kinds::session::{AccountAccess, Aws, AwsOptions, GLOBAL_REGION};
use trueup_kinds::source::organizations::{self, OrganizationFacts};
use trueup_kinds::store::{Place, S3Store, Terms};
use trueup_sandbox::{Options, Sandbox};
use trueup_specs::diagnostic::Problems;
use trueup_specs::kind::KindScope;
use trueup_specs::lint::Date;
use trueup_specs::project::{Account, Project, Settings, StateBucket, account_address};
use trueup_specs::span::Sources;
use trueup_specs::{Loaded, Severity, load};
use trueup_state::facts::{Facts, ReadRequest, Scope};
use trueup_state::ledger::Ledger;
use trueup_state::plan::{Plan, PlanAccount, Purpose};
use trueup_state::store::{LocalStore, Store, StoreError};

use crate::args::Common;
use crate::exit::{Exit, Stop, chain};
use crate::output::Output;
use crate::progress::Progress;

/// The flags, and how to print.
pub(crate) struct Context {
    /// Flags of all commands.
    pub(crate) common: Common,
    /// How to print.
    pub(crate) output: Output,
}

/// Specs as they were read.
pub(crate) struct Specs {
    /// Their text.
    pub(crate) sources: Sources,
    /// What they say.
    pub(crate) project: Project,
    /// What is wrong with them so far.
    pub(crate) problems: Problems,
}

/// A plan, and what it was decided with.
pub(crate) struct Planned {
    /// The plan.
    pub(crate) plan: Plan,
    /// What was last applied.
    pub(crate) ledger: Ledger,
    /// What the guardrails found in the specs.
    pub(crate) findings: Vec<Finding>,
    /// What the caller lacks for it.
    pub(crate) lacks: Vec<Lack>,
    /// Until when was read what it was decided from.
    pub(crate) read_at: Instant,
}

/// Specs as far as they were understood, and all there is to say of them.
pub(crate) struct Guarded<'s> {
    /// The specs; good for more than finding problems only if there are none.
    pub(crate) checked: Option<Checked<'s>>,
    /// What is wrong.
    pub(crate) problems: Problems,
    /// What the guardrails found.
    pub(crate) findings: Vec<Finding>,
}

impl Context {
    /// Reads the specs. Their problems are told by [`Context::check`], together with those it finds.
    pub(crate) fn specs(&self) -> Result<Specs, Stop> {
        let Loaded { sources, project, problems } = load(&self.common.directory, &trueup_kinds::schemas());
        match project {
            Some(project) => Ok(Specs { sources, project, problems }),
            None => {
                self.report(problems, &sources)?;
                Err(Stop::Reported)
            }
        }
    }

    /// Checks the specs as far as that needs no call; prints every problem there is.
    pub(crate) fn check<'s>(&self, specs: &'s Specs) -> Result<Checked<'s>, Stop> {
        let mut problems = specs.problems.clone();
        let checked = check(&specs.project, kinds(), &mut problems);
        self.report(problems, &specs.sources)?;
        checked.ok_or(Stop::Reported)
    }

    /// Checks the specs as far as that needs no call, with the guardrails, and prints nothing.
    pub(crate) fn guarded<'s>(&self, specs: &'s Specs) -> Guarded<'s> {
        let mut problems = specs.problems.clone();
        let checked = check(&specs.project, kinds(), &mut problems);
        let findings = match &checked {
            // An assertion that fails hides no finding.
            Some(checked) if checked.is_sound => lints::check(checked, today(), &mut problems),
            Some(_) | None => Vec::new(),
        };
        Guarded { checked, problems, findings }
    }

    /// The same, and prints every problem and finding there is.
    pub(crate) fn check_guarded<'s>(&self, specs: &'s Specs) -> Result<(Checked<'s>, Vec<Finding>), Stop> {
        let Guarded { checked, mut problems, findings } = self.guarded(specs);
        problems.extend(findings.iter().filter(|finding| finding.is_told()).map(Finding::diagnostic));
        self.report(problems, &specs.sources)?;
        Ok((checked.ok_or(Stop::Reported)?, findings))
    }

    /// Prints problems; an error among them ends the command.
    pub(crate) fn report(&self, problems: Problems, sources: &Sources) -> Result<(), Stop> {
        let failed = problems.has_errors();
        let problems = problems.into_vec();
        if failed {
            self.output.diagnostics(&problems, sources)?;
        } else {
            self.output.pictures(&problems, sources);
        }
        if failed {
            let count = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
            self.output.note(&format!("{}; nothing was read or changed", counted(count as u64, "error")));
            return Err(Stop::Reported);
        }
        Ok(())
    }

    /// Where the sandbox keeps its world.
    pub(crate) fn sandbox_dir(&self, project: &Project) -> PathBuf {
        self.common.directory.join(&project.settings.state.path).join("sandbox")
    }

    /// Where the state of what is in the sandbox is kept: apart from that of what is in AWS.
    pub(crate) fn sandbox_state_dir(&self, project: &Project) -> PathBuf {
        self.sandbox_dir(project).join("state")
    }

    /// The store of the project. What is in the sandbox, or behind another endpoint, is another world with a record of its own; a bucket
    /// for the state is behind that endpoint, too.
    pub(crate) async fn store(&self, project: &Project) -> Result<Store, Stop> {
        let state = self.common.directory.join(&project.settings.state.path);
        match (&self.common.endpoint_url, &project.settings.state.s3) {
            _ if self.common.sandbox => Ok(Store::new(LocalStore::new(self.sandbox_state_dir(project)))),
            (_, Some(bucket)) => self.bucket_store(project, bucket).await,
            (Some(url), None) => {
                let folder = url.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
                Ok(Store::new(LocalStore::new(state.join("endpoints").join(folder))))
            }
            (None, None) => Ok(Store::new(LocalStore::new(state))),
        }
    }

    async fn bucket_store(&self, project: &Project, bucket: &StateBucket) -> Result<Store, Stop> {
        let StateBucket { bucket, prefix, region, kms_key } = bucket;
        let region = region.as_ref().or(project.settings.region.as_ref());
        let place = Place {
            bucket: bucket.clone(),
            prefix: prefix.clone(),
            region: region.map_or_else(|| GLOBAL_REGION.to_owned(), ToString::to_string),
            kms_key: kms_key.clone(),
        };
        let aws = self.connect(project, Vec::new()).await?;
        let store = S3Store::new(&aws, place, Terms::default()).map_err(|error| store_stop(&error))?;
        if store.is_versioned() == Some(false) {
            self.output.note(&format!(
                "The bucket `{bucket}` keeps no former versions: turn its versioning on, and no state is ever lost."
            ));
        }
        Ok(Store::new(store))
    }

    /// Which AWS the flags lead to, and whose credentials.
    fn world(&self, aws: &Aws) -> String {
        let place = match &self.common.endpoint_url {
            _ if self.common.sandbox => "sandbox",
            Some(url) => url,
            None => "aws",
        };
        format!("{place} as {}", aws.caller().account)
    }

    /// Refuses a plan that was made for another AWS.
    pub(crate) fn expect_world(&self, plan: &Plan, aws: &Aws) -> Result<(), Stop> {
        let here = self.world(aws);
        if plan.world == here {
            return Ok(());
        }
        Err(Stop::Error {
            what: format!("refused: this plan was made for `{}`, and this is `{here}`", plan.world),
            help: Some("apply it with the flags and the credentials it was made with, or plan again".to_owned()),
            exit: Exit::Refused,
        })
    }

    /// The project's folder as seen from the one the command runs in; nothing where it is the same, or elsewhere.
    pub(crate) fn folder(&self) -> PathBuf {
        let folder = &self.common.directory;
        let here = std::env::current_dir().unwrap_or_default();
        let inside = if folder.is_absolute() { folder.strip_prefix(here).unwrap_or(Path::new("")) } else { folder };
        inside.components().filter(|part| !matches!(part, Component::CurDir)).collect()
    }

    /// Refuses flags that would be passed over: this command looks at the whole project.
    pub(crate) fn refuse_selection(&self, command: &str) -> Result<(), Stop> {
        let given = [("--account", &self.common.accounts), ("--target", &self.common.targets)];
        match given.iter().find(|(_, values)| !values.is_empty()) {
            None => Ok(()),
            Some((flag, _)) => Err(Stop::with_help(
                format!("`trueup {command}` takes no {flag}: it is about all that the specs say"),
                format!("leave {flag} out"),
            )),
        }
    }

    /// The part of the specs that --account and --target ask for.
    pub(crate) fn selection(&self, checked: &Checked<'_>) -> Result<Selection, Stop> {
        let project = checked.project;
        let mut accounts = BTreeSet::new();
        for name in &self.common.accounts {
            let members: Vec<Arc<str>> = project
                .accounts
                .values()
                .filter(|account| *account.name == **name || account.groups.iter().any(|group| **group == **name))
                .map(|account| account.name.clone())
                .collect();
            if members.is_empty() {
                let known: Vec<&str> = project.accounts.keys().map(|name| &**name).collect();
                return Err(Stop::with_help(
                    format!("there is no account or group `{name}` in the specs"),
                    format!("the accounts are: {}", known.join(", ")),
                ));
            }
            accounts.extend(members);
        }
        let mut targets = BTreeSet::new();
        for target in &self.common.targets {
            targets.extend(self.target(checked, target)?);
        }
        let selection = Selection {
            accounts: if accounts.is_empty() { None } else { Some(accounts) },
            targets: if targets.is_empty() { None } else { Some(targets) },
        };
        if let (Some(_), Some(targets)) = (&selection.accounts, &selection.targets) {
            let account = |target: &String| target.split(['@', '/']).next().unwrap_or_default().to_owned();
            if let Some(target) = targets.iter().find(|target| !selection.has_account(&account(target))) {
                return Err(Stop::with_help(
                    format!("the target `{target}` is not in the accounts that --account names"),
                    "leave one of the two out, or name the target's account too",
                ));
            }
        }
        Ok(selection)
    }

    /// A target is an address as plans show it; the region, or the account too, may be left out where that is not ambiguous, and a
    /// removed resource is a target by its tombstone.
    fn target(&self, checked: &Checked<'_>, target: &str) -> Result<Vec<String>, Stop> {
        let removed = checked.project.removed.iter().flat_map(|tombstone| &tombstone.addresses);
        let all: Vec<String> = checked
            .items
            .iter()
            .map(|item| item.at.address.to_string())
            .chain(removed.map(ToString::to_string))
            .collect();
        let is_meant = |address: &&String| {
            let (place, resource) = address.split_once('/').unwrap_or(("", address.as_str()));
            let account = place.split('@').next().unwrap_or_default();
            let groups =
                checked.project.accounts.get(account).map(|account| account.groups.as_slice()).unwrap_or_default();
            let in_group = |group: &Arc<str>| format!("{group}/{resource}") == target;
            **address == target
                || format!("{account}/{resource}") == target
                || resource == target
                || groups.iter().any(in_group)
        };
        let meant: Vec<String> = all.iter().filter(is_meant).cloned().collect();
        if meant.is_empty() {
            let near = trueup_specs::suggest::nearest(target, all.iter().map(String::as_str));
            let help = near.map_or_else(
                || "an address is account/kind.name, as `trueup plan` shows it".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(Stop::with_help(format!("no resource has the address `{target}`"), help));
        }
        Ok(meant)
    }

    /// Finds out who calls, and how to reach the accounts.
    pub(crate) async fn connect(&self, project: &Project, accounts: Vec<AccountAccess>) -> Result<Aws, Stop> {
        let region = project.settings.region.as_deref().map(str::to_owned);
        let accounts = if self.common.sandbox { accounts.into_iter().map(in_the_sandbox).collect() } else { accounts };
        let options = if self.common.sandbox {
            let sandbox = self.sandbox(project)?;
            let own = own_account(project).unwrap_or_default().to_owned();
            AwsOptions {
                http_client: Some(SharedHttpClient::new(sandbox.client())),
                credentials: Some(Credentials::new(own, "sandbox", None, None, "sandbox")),
                region,
                ..AwsOptions::default()
            }
        } else {
            AwsOptions { endpoint_url: self.common.endpoint_url.clone(), region, ..AwsOptions::default() }
        };
        Aws::connect(options, accounts).await.map_err(|failure| Stop::of_failure(&failure))
    }

    /// The sandbox of the project, with its accounts.
    pub(crate) fn sandbox(&self, project: &Project) -> Result<Sandbox, Stop> {
        let options = Options {
            dir: Some(self.sandbox_dir(project)),
            accounts: known(project).map(|account| account.id.clone()).collect(),
            ..Options::default()
        };
        Sandbox::open(options).map_err(|error| Stop::error(&error))
    }

    /// Reads, telling how it goes.
    pub(crate) async fn read(&self, aws: &Aws, requests: &[ReadRequest]) -> Facts {
        let progress = Progress::new(requests.len(), "reading", aws.counter());
        aws.read(requests, &|request, cost| progress.read(request, cost)).await
    }

    /// Reads the organization, and learns the ids of those accounts that are in it. What was read is kept.
    pub(crate) async fn find_accounts(&self, specs: &mut Specs, aws: &mut Aws, ledger: &Ledger) -> Result<Facts, Stop> {
        self.find_accounts_among(observe::requests, specs, aws, ledger).await
    }

    /// The same, by those reads of the organization that are needed afterwards.
    pub(crate) async fn find_accounts_among(
        &self,
        requests: RequestsOf,
        specs: &mut Specs,
        aws: &mut Aws,
        ledger: &Ledger,
    ) -> Result<Facts, Stop> {
        let facts = {
            let checked = self.check_again(specs)?;
            let everything = Selection::default();
            let reach = observe::reach(&checked, &everything);
            let mut requests = requests(&checked, &everything, &reach, ledger);
            requests.retain(|request| &*request.source == organizations::NAME);
            self.read(aws, &requests).await
        };
        let mut problems = Problems::new();
        for (source, scope, _) in facts.iter() {
            // What could not be read leaves its resources alone, and so all that waits for the account.
            let Ok(found) = facts.get::<OrganizationFacts>(source, scope) else { continue };
            for KnownAccount { name, id, joined_at } in known_accounts(&specs.project, found, &mut problems) {
                let age_seconds = OffsetDateTime::now_utc().unix_timestamp() - joined_at;
                aws.learn(&name, &id, age_seconds < NEW_SECONDS);
                if let Some(account) = specs.project.accounts.get_mut(&name) {
                    account.id = id;
                }
            }
        }
        self.report(problems, &specs.sources)?;
        Ok(facts)
    }

    /// The specs once more, when what warnings they have is told already.
    pub(crate) fn check_again<'s>(&self, specs: &'s Specs) -> Result<Checked<'s>, Stop> {
        let mut problems = Problems::new();
        let checked = check(&specs.project, kinds(), &mut problems);
        if problems.has_errors() {
            self.report(problems, &specs.sources)?;
        }
        checked.ok_or(Stop::Reported)
    }

    /// The same with the guardrails: the ids of accounts that are known by now may show more; what was told is not told again.
    fn guarded_again<'s>(&self, specs: &'s Specs, told: &[Finding]) -> Result<(Checked<'s>, Vec<Finding>), Stop> {
        let checked = self.check_again(specs)?;
        // What is wrong with settings and suppressions was told before.
        let findings = lints::check(&checked, today(), &mut Problems::new());
        let is_told =
            |finding: &Finding| told.iter().any(|told| told.lint.id == finding.lint.id && told.span == finding.span);
        let mut problems = Problems::new();
        problems
            .extend(findings.iter().filter(|finding| finding.is_told() && !is_told(finding)).map(Finding::diagnostic));
        self.report(problems, &specs.sources)?;
        Ok((checked, findings))
    }

    /// The whole way from the specs to a plan, which nobody is about to apply.
    pub(crate) async fn plan(&self, specs: &mut Specs, adopt: bool) -> Result<Planned, Stop> {
        let (checked, findings) = self.check_guarded(specs)?;
        self.selection(&checked)?;
        let ledger = self.store(&specs.project).await?.ledger().map_err(|error| store_stop(&error))?;
        let mut aws = self.connect(&specs.project, project_accounts(&specs.project)).await?;
        if knows_all(&specs.project) {
            self.decide(specs, &checked, &aws, Read { ledger, found: Facts::default(), findings }, adopt).await
        } else {
            self.learn_and_decide(specs, &mut aws, ledger, &findings, adopt).await
        }
    }

    /// Accounts that are known by their e-mail addresses have ids, if they are there: those are needed before anything else is read.
    pub(crate) async fn learn_and_decide(
        &self,
        specs: &mut Specs,
        aws: &mut Aws,
        ledger: Ledger,
        told: &[Finding],
        adopt: bool,
    ) -> Result<Planned, Stop> {
        let found = self.find_accounts(specs, aws, &ledger).await?;
        let (checked, findings) = self.guarded_again(specs, told)?;
        self.decide(specs, &checked, aws, Read { ledger, found, findings }, adopt).await
    }

    /// From specs that were found sound to a plan.
    pub(crate) async fn decide(
        &self,
        specs: &Specs,
        checked: &Checked<'_>,
        aws: &Aws,
        read: Read,
        adopt: bool,
    ) -> Result<Planned, Stop> {
        let Read { ledger, found, findings } = read;
        let selection = self.selection(checked)?;
        let reach = observe::reach(checked, &selection);
        let requests = observe::requests(checked, &selection, &reach, &ledger);
        let facts = self.read_more(aws, &requests, &found).await;
        let read_at = Instant::now();
        let from = From { specs, checked, selection: &selection, requests: &requests, adopt };
        let (plan, ways) = self.plan_of(from, aws, facts, &ledger)?;
        let lacks = ways.lacks(aws, &plan).await;
        Ok(Planned { plan, ledger, findings, lacks, read_at })
    }

    /// Reads what was not read before, and puts both together.
    pub(crate) async fn read_more(&self, aws: &Aws, requests: &[ReadRequest], found: &Facts) -> Facts {
        let unread: Vec<ReadRequest> = requests.iter().filter(|request| !has_read(found, request)).cloned().collect();
        let mut facts = self.read(aws, &unread).await;
        take_over(found, &mut facts);
        facts
    }

    /// A plan that removes all that is the project's: what the specs would be without a single resource, read where they have some.
    pub(crate) async fn destruction(
        &self,
        specs: &Specs,
        checked: &Checked<'_>,
        aws: &Aws,
        read: Read,
    ) -> Result<Planned, Stop> {
        let Read { ledger, found, findings } = read;
        let selection = self.selection(checked)?;
        let reach = observe::reach(checked, &selection);
        let requests = observe::requests(checked, &selection, &reach, &ledger);
        let facts = self.read_more(aws, &requests, &found).await;
        let read_at = Instant::now();
        let mut emptied = specs.project.clone();
        emptied.instances.clear();
        emptied.outputs.clear();
        let empty = check(&emptied, kinds(), &mut Problems::new()).ok_or(Stop::Reported)?;
        // Where the specs have something, something of the project can be.
        let mut wide = ledger.clone();
        for item in &checked.items {
            wide.documents.entry(item.at.scope.clone()).or_default();
        }
        let from = From { specs, checked: &empty, selection: &selection, requests: &requests, adopt: false };
        let (mut plan, ways) = self.plan_of(from, aws, facts, &wide)?;
        plan.purpose = Purpose::Destroy;
        plan.declared = checked.items.len() as u64;
        let lacks = ways.lacks(aws, &plan).await;
        Ok(Planned { plan, ledger, findings, lacks, read_at })
    }

    fn plan_of(&self, from: From<'_, '_>, aws: &Aws, facts: Facts, ledger: &Ledger) -> Result<(Plan, WaysIn), Stop> {
        let From { specs, checked, selection, requests, adopt } = from;
        let mut problems = Problems::new();
        let world = self.world(aws);
        let reach = observe::reach(checked, selection);
        let inputs = Inputs {
            world: &world,
            checked,
            sources: &specs.sources,
            selection,
            reach: &reach,
            requests,
            ledger,
            adopt,
        };
        let ways = WaysIn::of(aws, &facts);
        let plan = plan(inputs, facts, &mut problems);
        self.report(problems, &specs.sources)?;
        let mut plan = plan.ok_or(Stop::Reported)?;
        ways.mark(&mut plan);
        Ok((plan, ways))
    }
}

/// What a plan is decided from.
struct From<'a, 'p> {
    specs: &'a Specs,
    checked: &'a Checked<'p>,
    selection: &'a Selection,
    requests: &'a [ReadRequest],
    adopt: bool,
}

/// What is known before a plan's own reads.
pub(crate) struct Read {
    /// What was last applied.
    pub(crate) ledger: Ledger,
    /// What was read to learn the accounts' ids.
    pub(crate) found: Facts,
    /// What guardrails found in the specs.
    pub(crate) findings: Vec<Finding>,
}

/// What says which reads are needed.
pub(crate) type RequestsOf = fn(&Checked<'_>, &Selection, &observe::Reach, &Ledger) -> Vec<ReadRequest>;

/// Whether the specs say all accounts' ids, so that nobody must be asked for one.
pub(crate) fn knows_all(project: &Project) -> bool {
    project.accounts.values().all(|account| account.email.is_none())
}

/// What day it is: suppressions of findings expire.
pub(crate) fn today() -> Date {
    let format = time::macros::format_description!("[year]-[month]-[day]");
    let today = time::OffsetDateTime::now_utc().date().format(format).ok();
    // Every day from the year 0 to 9999 has this form; on a later one everything has expired.
    today.and_then(|today| Date::parse(&today)).unwrap_or(Date::LAST)
}

/// How long an account is new, in seconds: while it is, a role that lets nobody in yet is waited for. AWS speaks of minutes.
const NEW_SECONDS: i64 = 900;

fn has_read(facts: &Facts, request: &ReadRequest) -> bool {
    facts.iter().any(|(source, scope, _)| *source == *request.source && *scope == request.scope)
}

/// Puts what was read before beside what was read now.
fn take_over(found: &Facts, facts: &mut Facts) {
    for (source, scope, fact) in found.iter() {
        let source: Arc<str> = Arc::from(source);
        let cost = found.costs.get(&(source.clone(), scope.clone())).copied().unwrap_or_default();
        facts.insert(source, scope.clone(), fact.clone(), cost);
    }
}

/// The ids of accounts that the ledger remembers, for what is told without a call.
pub(crate) fn remember_accounts(project: &mut Project, ledger: &Ledger) {
    let Some(management) = project.management.clone() else { return };
    let scope = Scope { account: management.clone(), region: None };
    for account in project.accounts.values_mut().filter(|account| account.is_unknown()) {
        let entry = ledger.get(&scope, &account_address(&management, &account.name));
        if let Some(id) = entry.and_then(|entry| entry.outputs.get("id")) {
            account.id.clone_from(id);
        }
    }
}

/// The kinds this trueup knows.
pub(crate) fn kinds() -> Kinds {
    let source_scope = |source: &str| trueup_kinds::source::scope_of(source).unwrap_or(KindScope::Account);
    Kinds { rows: trueup_kinds::kinds(), source_scope }
}

/// In the sandbox the account that the specs declare first with its id is the caller's own.
pub(crate) fn own_account(project: &Project) -> Option<&str> {
    known(project).min_by_key(|account| account.span).map(|account| &*account.id)
}

/// The accounts whose ids the specs say.
fn known(project: &Project) -> impl Iterator<Item = &Account> {
    project.accounts.values().filter(|account| !account.is_unknown())
}

/// The sandbox knows no profiles of the AWS configuration, and in each of its accounts there is the role that Organizations makes; in those
/// that it was asked to make, the role that was asked for.
fn in_the_sandbox(access: AccountAccess) -> AccountAccess {
    let access_role = if access.through.is_some() { access.access_role } else { Settings::default().access_role };
    AccountAccess { profile: None, access_role, ..access }
}

/// The accounts of the specs, as the sessions need them.
pub(crate) fn project_accounts(project: &Project) -> Vec<AccountAccess> {
    let access = |account: &Account| AccountAccess {
        name: account.name.clone(),
        id: account.id.clone(),
        profile: account.profile.clone(),
        access_role: account.access_role.clone().unwrap_or_else(|| project.settings.access_role.clone()),
        through: account.through.clone(),
    };
    project.accounts.values().map(access).collect()
}

/// The accounts of a saved plan, as the sessions need them.
pub(crate) fn plan_accounts(plan: &Plan) -> Vec<AccountAccess> {
    let access = |(name, account): (&Arc<str>, &PlanAccount)| AccountAccess {
        name: name.clone(),
        id: account.id.to_string(),
        profile: account.profile.clone(),
        access_role: account.access_role.clone(),
        through: account.through.clone(),
    };
    plan.accounts.iter().map(access).collect()
}

/// A store's error, with its way out.
pub(crate) fn store_stop(error: &StoreError) -> Stop {
    Stop::with_help(chain(error), error.help())
}
