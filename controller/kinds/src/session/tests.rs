use std::sync::atomic::{AtomicU32, Ordering};

use aws_config::web_identity_token::StaticConfiguration;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use trueup_engine::facts::{ReadRequest, Scope};
use trueup_sandbox::Sandbox;

use super::*;
use crate::laws;

fn reading(account: &str) -> ReadRequest {
    let scope = Scope { account: Arc::from(account), region: None };
    ReadRequest { source: Arc::from("iam"), scope, wanted: [].into() }
}

#[tokio::test]
async fn other_accounts_are_entered_by_their_role() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT, "222222222222", "333333333333"]);
    let aws = laws::aws(&sandbox).await;
    assert_eq!(aws.caller().account, laws::ACCOUNT);
    let unicorn = aws.session("unicorn", Some("eu-west-1")).await.unwrap();
    let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}}"#;
    let made = unicorn.iam().create_role().role_name("x").assume_role_policy_document(trust).send().await.unwrap();
    assert_eq!(made.role.unwrap().arn, "arn:aws:iam::222222222222:role/x");
    // The same account again, in another region and for another service: no second AssumeRole.
    let again = aws.session("unicorn", Some("us-west-2")).await.unwrap();
    again.kms().list_keys().send().await.unwrap();
    let assumed = sandbox.calls().into_iter().find(|((_, operation), _)| operation == "AssumeRole").unwrap();
    assert_eq!(assumed.1, 1);
    assert_eq!(aws.calls(), sandbox.calls().values().sum::<u64>(), "every call is counted, and no other");
}

#[tokio::test]
async fn an_account_that_cannot_be_entered_says_why_and_blocks_its_reads() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT, "222222222222"]);
    let access = AccountAccess {
        name: Arc::from("unicorn"),
        id: "222222222222".to_owned(),
        profile: None,
        access_role: "Nobody".to_owned(),
        through: None,
    };
    let aws = Aws::connect(laws::options(&sandbox), vec![access]).await.unwrap();
    let facts = aws.read(&[reading("unicorn"), reading("nowhere")], &|_, _| {}).await;
    let mut shown = String::new();
    for (source, scope, fact) in facts.iter() {
        let unread = fact.as_ref().map(|_| ()).unwrap_err();
        shown.push_str(&format!(
            "{source} in {scope}: {}: {}\nhelp: {}\n",
            unread.call,
            unread.why,
            unread.help.as_deref().unwrap()
        ));
    }
    insta::assert_snapshot!(shown);
}

#[tokio::test]
async fn unknown_credentials_are_told_at_once() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    let credentials = Some(Credentials::new("AKIAUNKNOWN", "secret", None, None, "test"));
    let options = AwsOptions { credentials, ..laws::options(&sandbox) };
    let failure = Aws::connect(options, Vec::new()).await.unwrap_err();
    insta::assert_snapshot!(format!("{failure}\nhelp: {}", failure.advice().unwrap()));
}

/// A host where nothing listens.
#[derive(Clone, Debug, Default)]
struct Silent(Arc<AtomicU32>);

impl HttpClient for Silent {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Silent {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        self.0.fetch_add(1, Ordering::Relaxed);
        HttpConnectorFuture::ready(Err(ConnectorError::io("tcp connect error: Connection refused".into())))
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_where_nothing_listens_is_told_soon() {
    let silent = Silent::default();
    let options = AwsOptions {
        http_client: Some(SharedHttpClient::new(silent.clone())),
        endpoint_url: Some("http://127.0.0.1:4566".to_owned()),
        credentials: Some(Credentials::new(laws::ACCOUNT, "secret", None, None, "test")),
        ..AwsOptions::default()
    };
    let failure = Aws::connect(options, Vec::new()).await.unwrap_err();
    assert_eq!(failure.advice().unwrap(), "nothing answers at http://127.0.0.1:4566; is it running?");
    assert_eq!(silent.0.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn with_an_endpoint_no_credentials_are_fetched_from_aws() {
    let closed =
        ProviderConfig::without_region().with_region(Some(Region::new(GLOBAL_REGION))).with_http_client(ClosedClient);
    let role = StaticConfiguration {
        // The token's text is of no account: it must not be sent.
        web_identity_token_file: concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").into(),
        role_arn: "arn:aws:iam::222222222222:role/x".to_owned(),
        session_name: "test".to_owned(),
    };
    let provider = WebIdentityTokenCredentialsProvider::builder().configure(&closed).static_configuration(role).build();
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    let base = base_config(laws::options(&sandbox), GLOBAL_REGION.to_owned()).await;
    let config = with_credentials(&base, SharedCredentialsProvider::new(provider));
    let failure = caller_identity(&config, &Common::new()).await.unwrap_err();
    assert_eq!(failure.message, closed::WHY);
    assert!(failure.advice().unwrap().contains("AWS_ENDPOINT_URL"));
}

#[tokio::test]
async fn a_missing_profile_is_named() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT]);
    let access = AccountAccess {
        name: Arc::from("unicorn"),
        id: "222222222222".to_owned(),
        profile: Some("trueup-has-no-such-profile".to_owned()),
        access_role: String::new(),
        through: None,
    };
    let aws = Aws::connect(laws::options(&sandbox), vec![access]).await.unwrap();
    let failure = aws.session("unicorn", None).await.unwrap_err();
    let start = "there is no profile `trueup-has-no-such-profile` in the AWS configuration";
    assert!(failure.message.starts_with(start), "{failure}");
}

/// A run may be longer than the credentials of a role live.
#[tokio::test]
async fn a_role_is_assumed_again_when_its_credentials_end() {
    let sandbox = Sandbox::in_memory(&[laws::ACCOUNT, "222222222222"]);
    let aws = laws::aws(&sandbox).await;
    // By the sandbox's clock they live for an hour; by ours, which is nearly an hour ahead, for five seconds.
    sandbox.with_world(|world| world.clock_ahead_seconds -= 3_595).unwrap();
    let unicorn = aws.session("unicorn", None).await.unwrap();
    for _ in 0..3 {
        unicorn.iam().list_roles().send().await.unwrap();
    }
    let assumed = sandbox.calls().into_iter().find(|((_, operation), _)| operation == "AssumeRole").unwrap();
    assert!(assumed.1 >= 3, "near their end they are not used any more: {assumed:?}");
}
