//! How many calls a plan makes: the reads of an account of common size, through the real SDK clients, against the sandbox.

#[path = "../benches/fleet/specs.rs"]
mod specs;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use specs::{Fleet, REGION, Share, TOOLING, TOOLING_ID, tenant, tenant_id};
use trueup_engine::check::{Checked, Kinds, check};
use trueup_engine::execute::{Outcome, Walk, execute, remember};
use trueup_engine::guard::approve;
use trueup_engine::observe::{Selection, reach, requests};
use trueup_engine::perform::Unwatched;
use trueup_engine::plan::{Inputs, plan};
use trueup_kinds::session::{AccountAccess, Aws, AwsOptions};
use trueup_sandbox::Sandbox;
use trueup_specs::kind::KindScope;
use trueup_specs::{Loaded, Problems, load_from};
use trueup_state::journal::Memory;
use trueup_state::ledger::Ledger;
use trueup_state::plan::Plan;

const FLEET: Fleet = Fleet { tenants: 0, share: Share { roles: 1_000, policies: 100, buckets: 100 }, keys: 20 };

/// The sandbox's AWS, for someone with no caches yet.
async fn aws(sandbox: &Sandbox, fleet: Fleet) -> Aws {
    let options = AwsOptions {
        http_client: Some(SharedHttpClient::new(sandbox.client())),
        credentials: Some(Credentials::new(TOOLING_ID, "secret", None, None, "test")),
        region: Some(REGION.to_owned()),
        ..AwsOptions::default()
    };
    let access = |name: String, id: String| AccountAccess {
        name: Arc::from(name),
        id,
        profile: None,
        access_role: "OrganizationAccountAccessRole".to_owned(),
        through: None,
    };
    let tenants = (0..fleet.tenants).map(|index| access(tenant(index), tenant_id(index)));
    Aws::connect(options, tenants.chain([access(TOOLING.to_owned(), TOOLING_ID.to_owned())]).collect())
        .await
        .expect("the sandbox lets its caller in")
}

/// Reads and decides.
async fn planned(aws: &Aws, loaded: &Loaded, checked: &Checked<'_>, ledger: &Ledger) -> Plan {
    let selection = Selection::default();
    let reach = reach(checked, &selection);
    let requests = requests(checked, &selection, &reach, ledger);
    let facts = aws.read(&requests, &|_, _| {}).await;
    let inputs = Inputs {
        world: "test",
        checked,
        sources: &loaded.sources,
        selection: &selection,
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

/// A plan with nothing to do, and the calls the sandbox saw for it, by service and operation.
struct Settled {
    plan: Plan,
    seen: BTreeMap<(String, String), u64>,
}

/// Applies the fleet; then plans with the record of that, and once more without, as after the loss of the state.
async fn settled(fleet: Fleet) -> [Settled; 2] {
    let loaded = load_from(fleet.files(), &trueup_kinds::schemas());
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
    let source_scope = |source: &str| trueup_kinds::source::scope_of(source).unwrap_or(KindScope::Account);
    let kinds = Kinds { rows: trueup_kinds::kinds(), source_scope };
    let mut problems = Problems::new();
    let project = loaded.project.as_ref().expect("there are files");
    let checked = check(project, kinds, &mut problems).expect("kinds and accounts are known");
    assert!(problems.is_empty(), "{problems:?}");

    let mut ids: Vec<String> = (0..fleet.tenants).map(tenant_id).collect();
    ids.push(TOOLING_ID.to_owned());
    let sandbox = Sandbox::in_memory(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    let mut ledger = Ledger::default();
    let first = aws(&sandbox, fleet).await;
    let approved = approve(planned(&first, &loaded, &checked, &ledger).await).expect("it only creates");
    assert_eq!(approved.plan().changes.len(), fleet.len());
    let (mut journal, stop) = (Memory::default(), AtomicBool::new(false));
    let walk = Walk { performer: &first, witness: &Unwatched, journal: &mut journal, events: &mut |_| {}, stop: &stop };
    let report = execute(&approved, walk).await;
    let undone = report.outcomes.iter().find(|outcome| **outcome != Outcome::Done);
    assert!(report.is_complete(), "{undone:?}");
    remember(&mut ledger, approved.plan(), &report);

    let recorded = again(&sandbox, fleet, &loaded, &checked, &ledger).await;
    assert!(recorded.plan.confirmed.is_empty(), "all is on record");
    [recorded, again(&sandbox, fleet, &loaded, &checked, &Ledger::default()).await]
}

async fn again(sandbox: &Sandbox, fleet: Fleet, loaded: &Loaded, checked: &Checked<'_>, ledger: &Ledger) -> Settled {
    sandbox.reset_calls();
    let aws = aws(sandbox, fleet).await;
    let plan = planned(&aws, loaded, checked, ledger).await;
    assert!(plan.is_empty(), "{:#?}", plan.changes.first());
    assert!(!plan.is_incomplete(), "{:#?}", plan.blocked.first());
    assert_eq!(plan.unchanged, fleet.len() as u64);
    let seen = sandbox.calls();
    assert_eq!(aws.calls(), seen.values().sum::<u64>(), "what is counted is what AWS saw");
    Settled { plan, seen }
}

/// The calls of the reads of one source.
fn calls_of(plan: &Plan, source: &str) -> u64 {
    plan.reads.iter().filter(|read| &*read.request.source == source).map(|read| read.cost.calls).sum()
}

#[tokio::test(start_paused = true)]
async fn a_plan_over_a_thousand_roles_takes_ten_calls_of_iam() {
    let [Settled { plan, seen }, forgotten] = settled(FLEET).await;
    let mut table = String::new();
    for ((service, operation), calls) in &seen {
        table.push_str(&format!("{service:<8} {operation:<36} {calls:>5}\n"));
    }
    let sum: u64 = seen.values().sum();
    println!("{table}{:<8} {:<36} {sum:>5}", "in all", "");

    let (iam, s3, kms) = (calls_of(&plan, "iam"), calls_of(&plan, "s3"), calls_of(&plan, "kms"));
    assert!(iam <= 10, "IAM took {iam} calls\n{table}");
    assert!(
        s3 <= 14 * FLEET.share.buckets as u64 + 5,
        "S3 took {s3} calls
{table}"
    );
    assert!(
        kms <= 5 * FLEET.keys as u64 + 2,
        "KMS took {kms} calls
{table}"
    );
    let codedeploy = calls_of(&plan, "codedeploy");
    assert!(codedeploy <= 2, "CodeDeploy took {codedeploy} calls for nothing\n{table}");
    let all: u64 = plan.reads.iter().map(|read| read.cost.calls).sum();
    assert_eq!(all, iam + s3 + kms + codedeploy, "what the fleet has none of costs nothing\n{table}");
    assert_eq!(sum, all + 1, "and one GetCallerIdentity\n{table}");

    // No listing tells a policy's description; without a record each policy is asked for its own.
    let of_iam = calls_of(&forgotten.plan, "iam");
    println!("IAM without a record of the last apply: {of_iam}");
    assert_eq!(of_iam, iam + FLEET.share.policies as u64);

    // The index of tags is believed where it says what is on record; without one each bucket is asked for its tags.
    assert_eq!(calls_of(&forgotten.plan, "s3"), s3 + FLEET.share.buckets as u64);
}
