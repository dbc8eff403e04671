//! The real SDK clients against the sandbox, in process.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use aws_sdk_sts::config::Credentials;
use trueup_sandbox::{Cut, Faults, Sandbox, Then, When};

const TOOLING: &str = "111111111111";
const TENANT: &str = "222222222222";

async fn config(sandbox: &Sandbox, credentials: Credentials) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(sandbox.client())
        .region(Region::new("eu-west-1"))
        .credentials_provider(credentials)
        .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(1)))
        .load()
        .await
}

fn account(id: &str) -> Credentials {
    Credentials::new(id, "any", None, None, "test")
}

async fn s3(sandbox: &Sandbox) -> aws_sdk_s3::Client {
    aws_sdk_s3::Client::new(&config(sandbox, account(TOOLING)).await)
}

async fn create_bucket(client: &aws_sdk_s3::Client, name: &str) {
    let place = CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::EuWest1).build();
    let made = client.create_bucket().bucket(name).create_bucket_configuration(place).send().await;
    made.expect("the name is new and the region fits");
}

#[tokio::test]
async fn assumes_a_role_in_another_account() {
    let sandbox = Sandbox::in_memory(&[TOOLING, TENANT]);
    let sts = aws_sdk_sts::Client::new(&config(&sandbox, account(TOOLING)).await);
    assert_eq!(sts.get_caller_identity().send().await.unwrap().account(), Some(TOOLING));
    let role = format!("arn:aws:iam::{TENANT}:role/OrganizationAccountAccessRole");
    let assumed = sts.assume_role().role_arn(role).role_session_name("deploy").send().await.unwrap();
    let given = assumed.credentials().unwrap();
    let token = Some(given.session_token().to_owned());
    let session = Credentials::new(given.access_key_id(), given.secret_access_key(), token, None, "test");
    let there = aws_sdk_sts::Client::new(&config(&sandbox, session).await).get_caller_identity().send().await.unwrap();
    let arn = format!("arn:aws:sts::{TENANT}:assumed-role/OrganizationAccountAccessRole/deploy");
    assert_eq!(there.arn(), Some(arn.as_str()));
    let calls = sandbox.calls();
    assert_eq!(calls.get(&("sts".to_owned(), "GetCallerIdentity".to_owned())), Some(&2));
}

#[tokio::test]
async fn keeps_objects() {
    let sandbox = Sandbox::in_memory(&[TOOLING]);
    let client = s3(&sandbox).await;
    create_bucket(&client, "artifacts").await;
    let body = ByteStream::from_static(b"some bytes");
    client.put_object().bucket("artifacts").key("a b/ü").metadata("from", "test").body(body).send().await.unwrap();
    let found = client.get_object().bucket("artifacts").key("a b/ü").send().await.unwrap();
    assert_eq!(found.metadata().unwrap().get("from").unwrap(), "test");
    assert_eq!(found.body.collect().await.unwrap().to_vec(), b"some bytes");
    let elsewhere = client.head_bucket().bucket("nowhere").send().await.unwrap_err();
    assert!(elsewhere.into_service_error().is_not_found());
}

#[tokio::test]
async fn one_of_many_racing_writers_wins() {
    let sandbox = Sandbox::in_memory(&[TOOLING]);
    let client = s3(&sandbox).await;
    create_bucket(&client, "locks").await;
    let writers = (0..16).map(|n: u8| {
        let put = client.put_object().bucket("locks").key("lock").if_none_match("*").body(vec![n].into());
        tokio::spawn(async move { put.send().await.map_err(|error| error.code().unwrap_or_default().to_owned()) })
    });
    let mut won = 0;
    for writer in writers.collect::<Vec<_>>() {
        match writer.await.unwrap() {
            Ok(_) => won += 1,
            Err(code) => assert_eq!(code, "PreconditionFailed"),
        }
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn a_lost_answer_leaves_its_effect() {
    let sandbox = Sandbox::in_memory(&[TOOLING]);
    let client = s3(&sandbox).await;
    sandbox.set_faults(Faults {
        cut: Some(Cut { nth: 1, when: When::AfterEffect, then: Then::StayDown }),
        ..Faults::default()
    });
    let place = CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::EuWest1).build();
    let failed = client.create_bucket().bucket("artifacts").create_bucket_configuration(place).send().await;
    assert!(failed.unwrap_err().as_service_error().is_none(), "no service answered");
    sandbox.set_faults(Faults::default());
    client.head_bucket().bucket("artifacts").send().await.unwrap();
}

#[tokio::test]
async fn retries_get_through_throttling() {
    let sandbox = Sandbox::in_memory(&[TOOLING]);
    sandbox.set_faults(Faults { seed: 3, throttle: 1.0, ..Faults::default() });
    let client = s3(&sandbox).await;
    assert_eq!(client.list_buckets().send().await.unwrap_err().code(), Some("SlowDown"));
    let attempts = sandbox.calls().get(&("s3".to_owned(), "ListBuckets".to_owned())).copied();
    assert_eq!(attempts, Some(3), "the SDK tries three times");
    sandbox.set_faults(Faults::default());
    client.list_buckets().send().await.unwrap();
}
