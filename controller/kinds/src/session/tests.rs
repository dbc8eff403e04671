use trueup_engine::facts::{ReadRequest, Scope};
use trueup_sandbox::Sandbox;

use super::*;
use crate::laws;

fn reading(account: &str) -> ReadRequest {
    let scope = Scope { account: Arc::from(account), region: None };
    ReadRequest { source: Arc::from("iam"), scope, wanted: Vec::new() }
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
