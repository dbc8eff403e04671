use std::collections::BTreeSet;

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use trueup_sandbox::{Faults, Options, Sandbox};
use trueup_state::facts::Scope;
use trueup_state::ledger::Entry;
use trueup_state::store::Store;

use super::*;
use crate::session::AwsOptions;

/// A busy machine must not look like a dead one, so only the signs come fast.
const SHORT: Terms =
    Terms { renew: Duration::from_millis(100), valid: Duration::from_secs(60), watch: Duration::from_secs(4) };

/// One that never renews, and whose clock stands still: its machine sleeps.
const ASLEEP: Terms = Terms { renew: Duration::from_secs(3600), ..SHORT };

async fn aws(sandbox: &Sandbox) -> Aws {
    let options = AwsOptions {
        http_client: Some(SharedHttpClient::new(sandbox.client())),
        credentials: Some(Credentials::new("111111111111", "sandbox", None, None, "test")),
        ..AwsOptions::default()
    };
    Aws::connect(options, Vec::new()).await.unwrap()
}

fn place() -> Place {
    let text = str::to_owned;
    Place { bucket: text("state-of-test"), prefix: text("saas"), region: text("eu-west-1"), kms_key: None }
}

async fn sandbox() -> (Sandbox, Aws) {
    let sandbox = Sandbox::open(Options::default()).unwrap();
    let aws = aws(&sandbox).await;
    let s3 = aws.s3_of_caller("us-east-1");
    s3.create_bucket().bucket("state-of-test").send().await.unwrap();
    (sandbox, aws)
}

fn at_home() -> Place {
    Place { region: "us-east-1".to_owned(), ..place() }
}

fn holder(run: &str) -> Holder {
    let text = str::to_owned;
    Holder { run: text(run), who: text("arn"), at: text("here"), since: text("now"), purpose: text("apply") }
}

fn accounts() -> BTreeSet<Arc<str>> {
    BTreeSet::from([Arc::from("main")])
}

fn scope() -> Scope {
    Scope { account: Arc::from("main"), region: None }
}

fn run(store: &Store, name: &str) -> Result<(), StoreError> {
    let hold = store.hold(&accounts(), holder(name))?;
    let mut ledger = store.ledger()?;
    store.prepare(&mut ledger, [&scope()], &hold)?;
    let entry = Entry { name: name.to_owned(), outputs: [].into(), model: (&serde_json::Value::Null).into() };
    ledger.put(&scope(), format!("main/role.{name}").parse().unwrap(), entry);
    store.save(&mut ledger, &hold)
}

fn names(store: &Store) -> Vec<String> {
    store.ledger().unwrap().documents[&scope()].entries.keys().map(|address| address.name.to_string()).collect()
}

#[tokio::test]
async fn what_is_written_is_read_by_another() {
    let (_sandbox, aws) = sandbox().await;
    let store = || Store::new(S3Store::new(&aws, at_home(), SHORT).unwrap());
    run(&store(), "one").unwrap();
    run(&store(), "two").unwrap();
    assert_eq!(names(&store()), ["one", "two"]);
    assert!(store().locks().unwrap().is_empty());
    let listed = aws.s3_of_caller("us-east-1").list_objects_v2().bucket("state-of-test").send().await.unwrap();
    let keys: Vec<String> = listed.contents.unwrap().into_iter().filter_map(|object| object.key).collect();
    assert_eq!(keys, ["saas/ledger/main.json", "saas/locks/main.json"], "no sign of a run stays");
}

#[tokio::test]
async fn moving_is_copying() {
    let (_sandbox, aws) = sandbox().await;
    let dir = tempfile_dir();
    let local = Store::new(trueup_state::store::LocalStore::new(&dir));
    run(&local, "one").unwrap();
    let s3 = aws.s3_of_caller("us-east-1");
    for folder in ["ledger", "locks"] {
        for entry in std::fs::read_dir(dir.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let key = format!("saas/{folder}/{}", path.file_name().unwrap().to_str().unwrap());
            let body = ByteStream::from(std::fs::read(&path).unwrap());
            s3.put_object().bucket("state-of-test").key(key).body(body).send().await.unwrap();
        }
    }
    std::fs::remove_dir_all(&dir).unwrap();
    let store = Store::new(S3Store::new(&aws, at_home(), SHORT).unwrap());
    run(&store, "two").unwrap();
    assert_eq!(names(&store), ["one", "two"]);
}

fn tempfile_dir() -> std::path::PathBuf {
    std::env::temp_dir().join(format!("trueup-moving-{}", std::process::id()))
}

#[tokio::test]
async fn a_run_that_lives_is_waited_for_and_one_that_sleeps_is_taken_over() {
    let (_sandbox, aws) = sandbox().await;
    let store = |terms| Store::new(S3Store::new(&aws, at_home(), terms).unwrap());
    let living = store(SHORT).hold(&accounts(), holder("living")).unwrap();
    let refused = run(&store(SHORT), "other").unwrap_err();
    assert!(matches!(refused, StoreError::Locked { .. }), "{refused}");
    living.check().unwrap();
    drop(living);

    let asleep = store(ASLEEP);
    let sleeper = asleep.hold(&accounts(), holder("sleeper")).unwrap();
    let mut ledger = asleep.ledger().unwrap();
    asleep.prepare(&mut ledger, [&scope()], &sleeper).unwrap();
    let entry = Entry { name: "late".to_owned(), outputs: [].into(), model: (&serde_json::Value::Null).into() };
    ledger.put(&scope(), "main/role.late".parse().unwrap(), entry);
    run(&store(SHORT), "taker").unwrap();
    let lost = asleep.save(&mut ledger, &sleeper).unwrap_err();
    assert!(matches!(lost, StoreError::Lost { .. } | StoreError::Moved { .. }), "{lost}");
    drop(sleeper);
    assert_eq!(names(&store(SHORT)), ["taker"]);
    assert!(store(SHORT).locks().unwrap().is_empty());
}

/// So far a clock is wrong.
const HOUR: Duration = Duration::from_secs(3600);

fn behind() -> std::time::SystemTime {
    life::wall() - HOUR
}

fn ahead() -> std::time::SystemTime {
    life::wall() + HOUR
}

/// What one machine's clock says is nothing to another: each counts from what it saw itself.
#[tokio::test]
async fn whose_clock_is_wrong_takes_over_no_living_run_and_is_taken_over_once_dead() {
    let brief = Terms { watch: Duration::from_millis(500), ..SHORT };
    for (first, second) in [(ahead as life::Wall, behind as life::Wall), (behind, ahead)] {
        let (_sandbox, aws) = sandbox().await;
        let store = |terms, wall| Store::new(S3Store::by_clock(&aws, at_home(), terms, wall).unwrap());
        let living = store(SHORT, first).hold(&accounts(), holder("living")).unwrap();
        let refused = run(&store(SHORT, second), "other").unwrap_err();
        assert!(matches!(refused, StoreError::Locked { .. }), "{refused}");
        living.check().unwrap();
        drop(living);
        let dead = store(ASLEEP, first).hold(&accounts(), holder("dead")).unwrap();
        run(&store(brief, second), "taker").unwrap();
        drop(dead);
        assert_eq!(names(&store(SHORT, second)), ["taker"]);
    }
}

/// A clock that is put forward looks like a sleep: the run stops, since others may have taken over. One that is put back changes nothing.
#[tokio::test]
async fn a_clock_that_is_put_right_in_the_middle_of_a_run() {
    static OFF: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(0);
    let wall: life::Wall = || {
        let seconds = OFF.load(std::sync::atomic::Ordering::SeqCst);
        let off = Duration::from_secs(seconds.unsigned_abs());
        if seconds < 0 { life::wall() - off } else { life::wall() + off }
    };
    let (_sandbox, aws) = sandbox().await;
    let store = Store::new(S3Store::by_clock(&aws, at_home(), ASLEEP, wall).unwrap());
    let hold = store.hold(&accounts(), holder("run")).unwrap();
    for (seconds, goes_on) in [(-3_600, true), (3_600, false), (0, false)] {
        OFF.store(seconds, std::sync::atomic::Ordering::SeqCst);
        let ended = hold.check();
        assert_eq!(ended.is_ok(), goes_on, "off by {seconds} s: {ended:?}");
        assert!(goes_on || matches!(ended, Err(StoreError::Lost { .. })), "{ended:?}");
    }
}

/// 409: S3 asks to try again, since another write to the key was going on.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html#conditional-error-response>
#[tokio::test]
async fn a_write_that_meets_another_is_tried_again() {
    let (sandbox, aws) = sandbox().await;
    let store = Store::new(S3Store::new(&aws, at_home(), Terms::default()).unwrap());
    sandbox.reset_calls();
    sandbox.set_faults(Faults { seed: 1, conflict: 0.4, ..Faults::default() });
    run(&store, "one").unwrap();
    let sent = |sandbox: &Sandbox| sandbox.calls()[&("s3".to_owned(), "PutObject".to_owned())];
    let disturbed = sent(&sandbox);
    sandbox.reset_calls();
    sandbox.set_faults(Faults::default());
    run(&store, "two").unwrap();
    assert!(disturbed > sent(&sandbox), "choose a seed that makes conflicts: {disturbed} writes");
    assert_eq!(names(&store), ["one", "two"]);
    // One that meets others without end is given up, and says why.
    sandbox.set_faults(Faults { conflict: 1.0, ..Faults::default() });
    let error = run(&store, "three").unwrap_err();
    assert!(error.to_string().contains("ConditionalRequestConflict"), "{error}");
    sandbox.set_faults(Faults::default());
    assert_eq!(names(&store), ["one", "two"]);
}

/// 503: S3 asks to go slower.
#[tokio::test]
async fn a_store_that_is_asked_to_go_slower_does() {
    let (sandbox, aws) = sandbox().await;
    let store = Store::new(S3Store::new(&aws, at_home(), Terms::default()).unwrap());
    sandbox.reset_calls();
    sandbox.set_faults(Faults { seed: 3, throttle: 0.3, ..Faults::default() });
    run(&store, "one").unwrap();
    let sent: u64 = sandbox.calls().values().sum();
    sandbox.reset_calls();
    sandbox.set_faults(Faults::default());
    run(&store, "two").unwrap();
    assert!(sent > sandbox.calls().values().sum(), "choose a seed that throttles: {sent} calls");
    assert_eq!(names(&store), ["one", "two"]);
}

#[tokio::test]
async fn lost_answers_and_refusals_of_s3_are_outlived() {
    let (sandbox, aws) = sandbox().await;
    let store = Store::new(S3Store::new(&aws, at_home(), Terms::default()).unwrap());
    for seed in 0..6 {
        sandbox.set_faults(Faults { seed, drop_answer: 0.1, server_error: 0.05, throttle: 0.05, ..Faults::default() });
        run(&store, &format!("r{seed}")).unwrap();
    }
    sandbox.set_faults(Faults::default());
    assert_eq!(names(&store), ["r0", "r1", "r2", "r3", "r4", "r5"]);
}

#[tokio::test]
async fn a_damaged_or_newer_document_is_refused_and_kept() {
    let (_sandbox, aws) = sandbox().await;
    let store = Store::new(S3Store::new(&aws, at_home(), SHORT).unwrap());
    run(&store, "one").unwrap();
    let s3 = aws.s3_of_caller("us-east-1");
    for text in ["{\"format\": 99}", "{\"format\": 1"] {
        let key = "saas/ledger/main.json";
        let body = ByteStream::from_static(text.as_bytes());
        s3.put_object().bucket("state-of-test").key(key).body(body).send().await.unwrap();
        let error = run(&store, "two").unwrap_err();
        assert!(matches!(error, StoreError::Newer { .. } | StoreError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("s3://state-of-test/saas/ledger/main.json"), "{error}");
        let kept = s3.get_object().bucket("state-of-test").key(key).send().await.unwrap();
        assert_eq!(kept.body.collect().await.unwrap().to_vec(), text.as_bytes());
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_bucket_is_told() {
    let (_sandbox, aws) = sandbox().await;
    let store = S3Store::new(&aws, at_home(), SHORT).unwrap();
    assert_eq!(store.is_versioned(), Some(false));
    let nowhere = Place { bucket: "not-there-at-all".to_owned(), ..at_home() };
    let error = run(&Store::new(S3Store::new(&aws, nowhere, SHORT).unwrap()), "one").unwrap_err();
    assert!(error.to_string().contains("NoSuchBucket"), "{error}");
    assert!(error.help().contains("make the bucket"), "{}", error.help());
}
