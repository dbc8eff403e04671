use crate::Sandbox;
use crate::testing::{Client, TENANT, TOOLING, element, outcome, text};

const ARN: &str = "arn:aws:sns:eu-west-1:111111111111:approvals";

fn ask(sandbox: &Sandbox, form: &str) -> http::Response<Vec<u8>> {
    Client::new(sandbox, TOOLING).query("sns", &format!("Version=2010-03-31&{form}"))
}

fn with_topic() -> Sandbox {
    let sandbox = Sandbox::in_memory(&[TOOLING, TENANT]);
    let made = ask(&sandbox, "Action=CreateTopic&Name=approvals&Tags.member.1.Key=a&Tags.member.1.Value=b");
    assert_eq!(element(&made, "TopicArn").unwrap(), ARN);
    sandbox
}

#[test]
fn a_topic_that_is_there_just_so_is_made_again() {
    let sandbox = with_topic();
    assert_eq!(ask(&sandbox, "Action=CreateTopic&Name=approvals").status(), 200);
    let other = "Action=CreateTopic&Name=approvals&Attributes.entry.1.key=DisplayName&Attributes.entry.1.value=x";
    assert_eq!(outcome(&ask(&sandbox, other)), (400, "InvalidParameter".to_owned()));
    let tags = ask(&sandbox, "Action=CreateTopic&Name=approvals&Tags.member.1.Key=c&Tags.member.1.Value=d");
    assert_eq!(outcome(&tags), (400, "InvalidParameter".to_owned()));
}

#[test]
fn a_topic_has_a_policy_from_the_start() {
    let sandbox = with_topic();
    let shown = text(&ask(&sandbox, &format!("Action=GetTopicAttributes&TopicArn={ARN}")));
    assert!(shown.contains("__default_policy_ID"), "{shown}");
    let none = ask(&sandbox, "Action=GetTopicAttributes&TopicArn=arn:aws:sns:eu-west-1:111111111111:none");
    assert_eq!(outcome(&none), (404, "NotFound".to_owned()));
}

#[test]
fn what_aws_refuses_is_refused() {
    let sandbox = with_topic();
    let fifo = "&Attributes.entry.1.key=FifoTopic&Attributes.entry.1.value=true";
    for name in ["a b", "a.fifo", &"a".repeat(257), &format!("plain{fifo}")] {
        assert_eq!(outcome(&ask(&sandbox, &format!("Action=CreateTopic&Name={name}"))).1, "InvalidParameter", "{name}");
    }
    assert_eq!(ask(&sandbox, &format!("Action=CreateTopic&Name=a.fifo{fifo}")).status(), 200);
    for (attribute, value) in [
        ("TracingConfig", "On"),
        ("SignatureVersion", "3"),
        ("ContentBasedDeduplication", "true"),
        ("Nothing", "x"),
        ("KmsMasterKeyId", "alias/none"),
    ] {
        let form = format!("Action=SetTopicAttributes&TopicArn={ARN}&AttributeName={attribute}&AttributeValue={value}");
        assert_eq!(outcome(&ask(&sandbox, &form)).1, "InvalidParameter", "{attribute}");
    }
    let statement = |action: &str, resource: &str, principal: &str| {
        let policy = format!(
            r#"{{"Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"{action}","Resource":"{resource}"}}]}}"#
        );
        let form = format!("Action=SetTopicAttributes&TopicArn={ARN}&AttributeName=Policy&AttributeValue={policy}");
        outcome(&ask(&sandbox, &form)).1
    };
    assert_eq!(statement("sns:Publish", ARN, TENANT), "");
    assert_eq!(statement("sns:*", ARN, TENANT), "InvalidParameter");
    assert_eq!(statement("s3:GetObject", ARN, TENANT), "InvalidParameter");
    assert_eq!(statement("sns:Publish", "*", TENANT), "InvalidParameter");
    assert_eq!(statement("sns:Publish", ARN, "999999999999"), "InvalidParameter");
}
