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

fn subscribe(sandbox: &Sandbox, key: &str, protocol: &str, endpoint: &str) -> http::Response<Vec<u8>> {
    let form = format!(
        "Version=2010-03-31&Action=Subscribe&TopicArn={ARN}&Protocol={protocol}&Endpoint={endpoint}&ReturnSubscriptionArn=true"
    );
    Client::new(sandbox, key).query("sns", &form)
}

/// What its receiver has not confirmed shows no ARN, and can be neither changed nor removed; after two days it is gone.
#[test]
fn a_mailbox_must_confirm_its_subscription() {
    let sandbox = with_topic();
    let mut ends = Vec::new();
    for mailbox in ["one@example.com", "two@example.com"] {
        let arn = element(&subscribe(&sandbox, TOOLING, "email", mailbox), "SubscriptionArn").unwrap();
        let again = element(&subscribe(&sandbox, TOOLING, "email", mailbox), "SubscriptionArn").unwrap();
        assert_eq!(arn, again);
        ends.push(arn);
    }
    let list = || text(&ask(&sandbox, &format!("Action=ListSubscriptionsByTopic&TopicArn={ARN}")));
    assert_eq!(list().matches("<SubscriptionArn>PendingConfirmation<").count(), 2);
    let set = "AttributeName=FilterPolicy&AttributeValue=%7B%22a%22%3A%5B%22b%22%5D%7D";
    for form in ["Action=Unsubscribe".to_owned(), format!("Action=SetSubscriptionAttributes&{set}")] {
        let refused = ask(&sandbox, &format!("{form}&SubscriptionArn={}", ends[0]));
        assert_eq!(outcome(&refused), (400, "InvalidParameter".to_owned()));
    }
    let token = ends[0].rsplit(':').next().unwrap();
    let confirmed = ask(&sandbox, &format!("Action=ConfirmSubscription&TopicArn={ARN}&Token={token}"));
    assert_eq!(element(&confirmed, "SubscriptionArn").as_deref(), Some(&*ends[0]));
    sandbox.advance(time::Duration::hours(49)).unwrap();
    let left = list();
    assert!(left.contains(&ends[0]) && !left.contains("two@example.com"), "{left}");
    assert_eq!(ask(&sandbox, &format!("Action=Unsubscribe&SubscriptionArn={}", ends[0])).status(), 200);
    assert!(!list().contains("one@example.com"));
}

/// Another account subscribes where the topic's policy lets it; the subscription is its own.
#[test]
fn another_account_subscribes_by_the_topics_leave() {
    let sandbox = with_topic();
    let queue = "arn:aws:sqs:eu-west-1:222222222222:q";
    assert_eq!(outcome(&subscribe(&sandbox, TENANT, "sqs", queue)).1, "AuthorizationError");
    let policy = format!(
        r#"{{"Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{TENANT}"}},"Action":"sns:Subscribe","Resource":"{ARN}"}}]}}"#
    );
    let put = format!("Action=SetTopicAttributes&TopicArn={ARN}&AttributeName=Policy&AttributeValue={policy}");
    assert_eq!(ask(&sandbox, &put).status(), 200);
    let arn = element(&subscribe(&sandbox, TENANT, "sqs", queue), "SubscriptionArn").unwrap();
    let theirs = Client::new(&sandbox, TENANT);
    let own = text(&theirs.query("sns", "Version=2010-03-31&Action=ListSubscriptions"));
    assert!(own.contains(&arn), "{own}");
    assert!(!text(&ask(&sandbox, "Action=ListSubscriptions")).contains(&arn));
    let listed = theirs.query("sns", &format!("Version=2010-03-31&Action=ListSubscriptionsByTopic&TopicArn={ARN}"));
    assert_eq!(outcome(&listed).1, "AuthorizationError");
    let set = format!(
        "Action=SetSubscriptionAttributes&SubscriptionArn={arn}&AttributeName=RawMessageDelivery&AttributeValue=true"
    );
    assert_eq!(outcome(&ask(&sandbox, &set)).1, "AuthorizationError");
    assert_eq!(theirs.query("sns", &format!("Version=2010-03-31&{set}")).status(), 200);
}
