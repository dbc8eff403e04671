//! How many calls an organization takes: a plan over many accounts with ten roles each, and the tree of a thousand accounts, through the real
//! SDK clients, against the sandbox. All of it grows with the accounts in a straight line, so that every run plans over a hundred, and a thousand only on demand.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use trueup_engine::check::{Checked, Kinds, check};
use trueup_engine::execute::{Walk, execute, remember};
use trueup_engine::guard::approve;
use trueup_engine::observe::{Selection, reach, requests};
use trueup_engine::perform::Unwatched;
use trueup_engine::plan::{Inputs, plan};
use trueup_kinds::account::known;
use trueup_kinds::session::{AccountAccess, Aws, AwsOptions};
use trueup_kinds::source::organizations::{self, OrganizationFacts};
use trueup_sandbox::Sandbox;
use trueup_specs::kind::KindScope;
use trueup_specs::project::Project;
use trueup_specs::span::Sources;
use trueup_specs::{Problems, load_from};
use trueup_state::journal::Memory;
use trueup_state::ledger::Ledger;
use trueup_state::plan::Plan;

const MANAGEMENT: &str = "111111111111";
const ROLES: usize = 10;
const UNITS: usize = 10;
/// GetAccountAuthorizationDetails, ListRoles, ListInstanceProfiles, ListOpenIDConnectProviders.
const IAM_CALLS: u64 = 4;
/// The units, and what the organization itself is.
const REST: usize = UNITS + 1;

fn files(accounts_count: usize) -> Vec<(PathBuf, Vec<u8>)> {
    let mut accounts = format!("[account.management]\nid = \"{MANAGEMENT}\"\nmanagement = true\n");
    for number in 0..accounts_count {
        accounts.push_str(&format!(
            "[account.a{number}]\nemail = \"a{number}@example.com\"\nparent = \"organizational_unit.u{}\"\ngroups = [\"all\"]\n",
            number % UNITS
        ));
    }
    let mut organization = "[organization.main]\n".to_owned();
    for number in 0..UNITS {
        organization.push_str(&format!("[organizational_unit.u{number}]\n"));
    }
    let mut roles = "[scope]\naccount = \"all\"\n".to_owned();
    for number in 0..ROLES {
        roles.push_str(&format!(
            "[role.r{number}]\n[[role.r{number}.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = {{ account = \"management\" }}\n"
        ));
    }
    let settings = "[project]\nname = \"organization\"\nregion = \"eu-west-1\"\n".to_owned();
    let files = [("trueup.toml", settings), ("accounts.toml", accounts), ("o.toml", organization), ("r.toml", roles)];
    files.into_iter().map(|(name, text)| (PathBuf::from(name), text.into_bytes())).collect()
}

fn kinds() -> Kinds {
    let source_scope = |source: &str| trueup_kinds::source::scope_of(source).unwrap_or(KindScope::Account);
    Kinds { rows: trueup_kinds::kinds(), source_scope }
}

fn checked(project: &Project) -> Checked<'_> {
    let mut problems = Problems::new();
    let checked = check(project, kinds(), &mut problems).expect("kinds and accounts are known");
    assert!(problems.is_empty(), "{problems:?}");
    checked
}

async fn aws(sandbox: &Sandbox, project: &Project) -> Aws {
    let options = AwsOptions {
        http_client: Some(SharedHttpClient::new(sandbox.client())),
        credentials: Some(Credentials::new(MANAGEMENT, "secret", None, None, "test")),
        region: Some("eu-west-1".to_owned()),
        ..AwsOptions::default()
    };
    let access = |account: &trueup_specs::Account| AccountAccess {
        name: account.name.clone(),
        id: account.id.clone(),
        profile: None,
        access_role: "OrganizationAccountAccessRole".to_owned(),
        through: account.through.clone(),
    };
    Aws::connect(options, project.accounts.values().map(access).collect())
        .await
        .expect("the sandbox lets its caller in")
}

/// Finds the accounts, then reads and decides.
async fn planned(aws: &mut Aws, project: &mut Project, sources: &Sources, ledger: &Ledger) -> Plan {
    let everything = Selection::default();
    let organization = {
        let checked = checked(project);
        let mut wanted = requests(&checked, &everything, &reach(&checked, &everything), ledger);
        wanted.retain(|request| &*request.source == organizations::NAME);
        aws.read(&wanted, &|_, _| {}).await
    };
    for (source, scope, _) in organization.iter() {
        let facts: &OrganizationFacts = organization.get(source, scope).expect("it can be read");
        for account in known(project, facts, &mut Problems::new()) {
            aws.learn(&account.name, &account.id, false);
            project.accounts.get_mut(&account.name).expect("it is in the specs").id = account.id;
        }
    }
    let checked = checked(project);
    let reach = reach(&checked, &everything);
    let requests = requests(&checked, &everything, &reach, ledger);
    let (own, rest): (Vec<_>, Vec<_>) =
        requests.iter().cloned().partition(|request| &*request.source == organizations::NAME);
    assert_eq!(own.len(), 1, "an organization is read once");
    let mut facts = aws.read(&rest, &|_, _| {}).await;
    for (source, scope, fact) in organization.iter() {
        let source: Arc<str> = Arc::from(source);
        let cost = organization.costs[&(source.clone(), scope.clone())];
        facts.insert(source, scope.clone(), fact.clone(), cost);
    }
    let inputs = Inputs {
        world: "test",
        checked: &checked,
        sources,
        selection: &everything,
        reach: &reach,
        requests: &requests,
        ledger,
        adopt: false,
    };
    let mut problems = Problems::new();
    let plan = plan(inputs, facts, &mut problems);
    assert!(problems.is_empty(), "{problems:?}");
    plan.expect("a plan without problems")
}

#[tokio::test(start_paused = true)]
async fn a_plan_over_an_organization_takes_a_call_a_page() {
    println!("{}", plan_over(100).await);
}

#[tokio::test(start_paused = true)]
#[ignore = "minutes: cargo test --release --workspace --test organization_calls -- --ignored --nocapture"]
async fn a_plan_over_a_thousand_accounts_takes_a_call_a_page() {
    println!("{}", plan_over(1_000).await);
}

/// Makes an organization of so many accounts with ten roles each, and counts the calls of the plan that finds it true.
async fn plan_over(accounts_count: usize) -> String {
    let loaded = load_from(files(accounts_count), &trueup_kinds::schemas());
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
    let written = loaded.project.expect("there are files");
    let sandbox = Sandbox::in_memory(&[MANAGEMENT]);
    sandbox.with_world(|world| world.organizations.set_accounts_max(2 * accounts_count)).expect("it is in memory");
    let mut ledger = Ledger::default();

    let mut project = written.clone();
    let mut first = aws(&sandbox, &project).await;
    let plan = planned(&mut first, &mut project, &loaded.sources, &ledger).await;
    assert_eq!(plan.changes.len(), accounts_count * (1 + ROLES) + REST);
    let approved = approve(plan).expect("it only creates");
    let (mut journal, stop) = (Memory::default(), AtomicBool::new(false));
    let walk = Walk { performer: &first, witness: &Unwatched, journal: &mut journal, events: &mut |_| {}, stop: &stop };
    let report = execute(&approved, walk).await;
    assert!(report.is_complete(), "all of it in one run");
    remember(&mut ledger, approved.plan(), &report);

    sandbox.reset_calls();
    let mut project = written.clone();
    let mut second = aws(&sandbox, &project).await;
    let plan = planned(&mut second, &mut project, &loaded.sources, &ledger).await;
    assert!(plan.is_empty(), "{:#?}", plan.changes.first());
    assert!(!plan.is_incomplete(), "{:#?}", plan.blocked.first());
    assert!(plan.confirmed.is_empty(), "all is on record");

    let seen = sandbox.calls();
    let mut table = String::new();
    let mut services: BTreeMap<&str, u64> = BTreeMap::new();
    for ((service, operation), calls) in &seen {
        table.push_str(&format!("{service:<14} {operation:<36} {calls:>5}\n"));
        *services.entry(service).or_default() += calls;
    }
    // A call for each page of twenty accounts, one a unit for the units in it, and the organization, its root and its policies.
    let accounts = seen[&("organizations".to_owned(), "ListAccountsForParent".to_owned())];
    assert!(accounts <= (accounts_count.div_ceil(20 * UNITS) * UNITS) as u64 + 1, "{table}");
    assert!(services["organizations"] <= accounts + (UNITS + 1 + 4) as u64, "{table}");
    assert!(services["iam"] <= IAM_CALLS * (accounts_count as u64 + 1), "{table}");
    format!("{table}{services:?}")
}

#[tokio::test(start_paused = true)]
async fn a_tree_of_a_thousand_accounts_takes_a_call_a_page() {
    const MEMBERS: usize = 1_000;
    let sandbox = Sandbox::in_memory(&[MANAGEMENT]);
    sandbox.with_world(|world| world.organizations.set_accounts_max(2 * MEMBERS)).expect("it is in memory");
    let files = [
        ("trueup.toml", "[project]\nname = \"organization\"\nregion = \"eu-west-1\"\n".to_owned()),
        ("a.toml", format!("[account.management]\nid = \"{MANAGEMENT}\"\nmanagement = true\n[organization.main]\n")),
    ];
    let files = files.map(|(name, text)| (PathBuf::from(name), text.into_bytes()));
    let loaded = load_from(files.into(), &trueup_kinds::schemas());
    let project = loaded.project.expect("there are files");
    let aws = aws(&sandbox, &project).await;
    let session = aws.session("management", Some("us-east-1")).await.expect("it is the caller's own");
    let organizations = session.organizations();
    organizations.create_organization().send().await.expect("there is none");
    for number in 0..MEMBERS {
        // What is on its way goes on with each call.
        let request = organizations.create_account().account_name(format!("a{number}"));
        request.email(format!("a{number}@example.com")).send().await.expect("it is asked for");
    }
    sandbox.reset_calls();
    let (checked, everything) = (checked(&project), Selection::default());
    let mut wanted = requests(&checked, &everything, &reach(&checked, &everything), &Ledger::default());
    wanted.retain(|request| &*request.source == organizations::NAME);
    let facts = aws.read(&wanted, &|_, _| {}).await;
    let read: &OrganizationFacts = facts.get(organizations::NAME, &wanted[0].scope).expect("it can be read");
    assert!(read.accounts.len() >= MEMBERS, "{}", read.accounts.len());
    let calls: u64 = sandbox.calls().values().sum();
    println!("{:?}", sandbox.calls());
    // The pages; and DescribeOrganization, ListRoots, the units of the root, the policies, the index of tags.
    assert!(calls <= (MEMBERS / 20 + 1 + 5) as u64, "{:?}", sandbox.calls());
}
