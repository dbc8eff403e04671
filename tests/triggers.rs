//! The life of what starts deployments: images that are pushed, events, rules and topics; planned, applied, found true, changed by hand,
//! repaired, and removed.

use serde_json::json;

use crate::hand::Hand;
use crate::support::{Project, STAYS};

const MAIN: &str = "111111111111";

const SPECS: &str = r#"
[ecr_repository.app]
name = "team/app"
image_tag_mutability = "IMMUTABLE"
scan_on_push = true

[[ecr_repository.app.policy]]
sid = "Pull"
allow = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
principal = { aws = "${role.starter.arn}", account = "other" }

[[ecr_repository.app.lifecycle]]
priority = 1
selection = { tag_status = "untagged", count_type = "sinceImagePushed", count_number = 14 }

[ecr_registry.main]
scanning = { rules = [{ scan_frequency = "SCAN_ON_PUSH", repository_filters = ["*"] }] }

[event_bus.main]
name = "default"
[[event_bus.main.policy]]
sid = "Other"
allow = "events:PutEvents"
principal = { account = "other" }
resource = "arn:aws:events:${region}:${account.id}:event-bus/default"

[role.starter]
[[role.starter.trust]]
allow = "sts:AssumeRole"
principal = { service = "events.amazonaws.com" }

[event_rule.push]
event_pattern = { source = ["aws.ecr"], detail = { action-type = ["PUSH"], repository-name = ["${ecr_repository.app.name}"] } }
[[event_rule.push.targets]]
id = "pipeline"
arn = "arn:aws:codepipeline:${region}:${account.id}:main"
role = "role.starter"
[[event_rule.push.targets]]
id = "tell"
arn = "${topic.approvals.arn}"

[topic.approvals]
[[topic.approvals.policy]]
allow = "sns:Publish"
principal = { service = "events.amazonaws.com" }
resource = "arn:aws:sns:${region}:${account.id}:approvals"

[output]
uri = "${ecr_repository.app.uri}"
"#;

fn applied() -> Project {
    let project = Project::with(SPECS);
    project.apply();
    project
}

#[test]
fn it_is_applied_and_found_true() {
    let project = applied();
    let uri = project.trueup(&["output", "uri"]).expect(0).stdout;
    assert_eq!(uri, "111111111111.dkr.ecr.eu-west-1.amazonaws.com/team/app\n");
}

#[test]
fn what_a_hand_changed_is_seen_and_repaired() {
    let project = applied();
    let hand = Hand::on(&project, MAIN);
    let named = json!({ "repositoryName": "team/app" });
    hand.ecr("DeleteLifecyclePolicy", &named);
    hand.ecr("PutImageTagMutability", &json!({ "repositoryName": "team/app", "imageTagMutability": "MUTABLE" }));
    hand.ecr("PutRegistryScanningConfiguration", &json!({ "scanType": "BASIC", "rules": [] }));
    hand.events("RemoveTargets", &json!({ "Rule": "push", "Ids": ["tell"] }));
    hand.events("DisableRule", &json!({ "Name": "push" }));
    hand.events("RemovePermission", &json!({ "RemoveAllPermissions": true }));
    let run = project.trueup(&["plan", "--detailed-exitcode"]).expect(2);
    insta::assert_snapshot!("triggers_drift_plan", run.stdout);
    project.apply();
}

const SUBSCRIPTIONS: &str = r#"
[topic.approvals]
[subscription.mail]
topic = "topic.approvals"
protocol = "email"
endpoint = "aprovers@example.com"
[subscription.queue]
topic = "topic.approvals"
protocol = "sqs"
endpoint = "arn:aws:sqs:${region}:${account.id}:approvals"
filter_policy = { state = ["SUCCEEDED"] }
"#;

const TOPIC: (&str, &str) = ("TopicArn", "arn:aws:sns:eu-west-1:111111111111:approvals");

/// The end of a mailbox's subscription; asking for it once more is how one learns it.
fn token(hand: &Hand, mailbox: &str) -> String {
    let parameters = [TOPIC, ("Protocol", "email"), ("Endpoint", mailbox), ("ReturnSubscriptionArn", "true")];
    let text = hand.sns("Subscribe", &parameters);
    let (arn, _) = text.split_once("<SubscriptionArn>").unwrap().1.split_once('<').unwrap();
    arn.rsplit(':').next().unwrap().to_owned()
}

/// A mailbox that has not confirmed is told and left alone; one that was written wrongly does not stand in the way of the right one.
#[test]
fn a_subscription_waits_for_its_receiver() {
    let project = Project::with(SUBSCRIPTIONS);
    project.apply();
    let waiting = project.trueup(&["plan", "--detailed-exitcode"]).expect(0).stdout;
    insta::assert_snapshot!("triggers_waiting_plan", waiting);
    let hand = Hand::on(&project, MAIN);

    project.edit("specs.toml", "aprovers", "approvers");
    let other = project.trueup(&["plan", "--detailed-exitcode"]).expect(2).stdout;
    insta::assert_snapshot!("triggers_corrected_plan", other);
    project.apply();

    hand.sns("ConfirmSubscription", &[TOPIC, ("Token", &token(&hand, "approvers@example.com"))]);
    let confirmed = project.trueup(&["plan", "--detailed-exitcode"]).expect(0);
    assert!(!confirmed.stdout.contains("waits until"), "{}", confirmed.stdout);

    let listed = hand.sns("ListSubscriptionsByTopic", &[TOPIC]);
    let (arn, _) = listed.split_once("<SubscriptionArn>arn").unwrap().1.split_once('<').unwrap();
    let queue = [("SubscriptionArn", format!("arn{arn}")), ("AttributeName", "FilterPolicy".to_owned())];
    let queue = queue.each_ref().map(|(name, value)| (*name, value.as_str()));
    hand.sns("SetSubscriptionAttributes", &[queue[0], queue[1], ("AttributeValue", r#"{"state":["FAILED"]}"#)]);
    let drifted = project.trueup(&["plan", "--detailed-exitcode"]).expect(2);
    assert!(drifted.stdout.contains("filter_policy"), "{}", drifted.stdout);
    project.apply();

    project.write("specs.toml", format!("[scope]\naccount = \"main\"\n[topic.approvals]\n{STAYS}"));
    project.apply();
    let left = hand.sns("ListSubscriptionsByTopic", &[TOPIC]);
    assert!(!left.contains("SubscriptionArn>arn"), "{left}");
    assert!(left.contains("aprovers@example.com"), "SNS removes nothing that waits: {left}");
}

/// EventBridge and ECR keep roles by their ids or look at their trust: a role that is made again is named again.
#[test]
fn a_role_that_is_made_again_is_named_again() {
    let project = applied();
    project.edit("specs.toml", "[role.starter]\n", "[role.starter]\npath = \"/delivery/\"\n");
    project.apply();
    let policy = Hand::on(&project, MAIN).ecr("GetRepositoryPolicy", &json!({ "repositoryName": "team/app" }));
    assert!(policy["policyText"].as_str().unwrap().contains("role/delivery/starter"), "{policy}");
}

#[test]
fn a_repository_goes_only_by_a_tombstone_and_only_when_it_is_empty() {
    let project = applied();
    let hand = Hand::on(&project, MAIN);
    hand.ecr("PutImage", &json!({ "repositoryName": "team/app", "imageManifest": "{}", "imageTag": "v1" }));
    project.edit("trueup.toml", "region = \"eu-west-1\"\n", "region = \"eu-west-1\"\n\n[limits]\ndeletions = 50\n");
    project.write("specs.toml", format!("[scope]\naccount = \"main\"\n{STAYS}"));
    project.apply();
    hand.ecr("ListImages", &json!({ "repositoryName": "team/app" }));
    let tombstone = "[[removed]]\naddress = \"main@eu-west-1/ecr_repository.app\"\n";
    project.write("specs.toml", format!("[scope]\naccount = \"main\"\n{STAYS}\n{tombstone}"));
    let refused = project.trueup(&["apply", "--yes"]);
    let said = format!("{}{}", refused.stdout, refused.stderr);
    assert!(said.contains("RepositoryNotEmptyException") && said.contains("never removes images"), "{said}");
    hand.ecr("BatchDeleteImage", &json!({ "repositoryName": "team/app", "imageIds": [{ "imageTag": "v1" }] }));
    project.apply();
    assert_eq!(hand.ecr("DescribeRepositories", &json!({}))["repositories"], json!([]));
    assert_eq!(hand.events("ListRules", &json!({}))["Rules"], json!([]));
}
