use serde_json::{Value, json};

use crate::Sandbox;
use crate::testing::{Client, TENANT, TOOLING, text};

const TRUST: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22sts%3AAssumeRole%22%2C%22Principal%22%3A%7B%22Service%22%3A%22events.amazonaws.com%22%7D%7D%7D";
const ROLE: &str = "arn:aws:iam::111111111111:role/starter";
const PIPELINE: &str = "arn:aws:codepipeline:eu-west-1:111111111111:main";

/// The answer, or the code of the refusal.
fn ask(sandbox: &Sandbox, operation: &str, body: &Value) -> Result<Value, String> {
    let response = Client::new(sandbox, TOOLING).json("events", &format!("AWSEvents.{operation}"), &body.to_string());
    let answer: Value = serde_json::from_str(&text(&response)).unwrap_or_default();
    if response.status() == 200 { Ok(answer) } else { Err(answer["__type"].as_str().unwrap_or_default().to_owned()) }
}

fn with_rule() -> Sandbox {
    let sandbox = Sandbox::in_memory(&[TOOLING, TENANT]);
    let form = format!("Action=CreateRole&Version=2010-05-08&RoleName=starter&AssumeRolePolicyDocument={TRUST}");
    assert_eq!(Client::new(&sandbox, TOOLING).query("iam", &form).status(), 200);
    let rule =
        json!({ "Name": "push", "EventPattern": r#"{"source":["aws.ecr"]}"#, "Tags": [{ "Key": "a", "Value": "b" }] });
    ask(&sandbox, "PutRule", &rule).unwrap();
    sandbox
}

fn put(sandbox: &Sandbox, target: Value) -> Result<Value, String> {
    ask(sandbox, "PutTargets", &json!({ "Rule": "push", "Targets": [target] }))
}

#[test]
fn a_rule_with_targets_stays_and_so_does_its_bus() {
    let sandbox = with_rule();
    put(&sandbox, json!({ "Id": "main", "Arn": PIPELINE, "RoleArn": ROLE })).unwrap();
    assert_eq!(ask(&sandbox, "DeleteRule", &json!({ "Name": "push" })).unwrap_err(), "ValidationException");
    ask(&sandbox, "RemoveTargets", &json!({ "Rule": "push", "Ids": ["main", "none"] })).unwrap();
    ask(&sandbox, "DeleteRule", &json!({ "Name": "push" })).unwrap();
    ask(&sandbox, "DeleteRule", &json!({ "Name": "push" })).unwrap();
    assert_eq!(ask(&sandbox, "DescribeRule", &json!({ "Name": "push" })).unwrap_err(), "ResourceNotFoundException");
    ask(&sandbox, "CreateEventBus", &json!({ "Name": "own" })).unwrap();
    let rule = json!({ "Name": "x", "EventBusName": "own", "EventPattern": r#"{"source":["a"]}"# });
    ask(&sandbox, "PutRule", &rule).unwrap();
    for bus in ["own", "default"] {
        assert_eq!(ask(&sandbox, "DeleteEventBus", &json!({ "Name": bus })).unwrap_err(), "ValidationException");
    }
}

#[test]
fn what_is_left_out_of_a_rule_is_gone_and_its_tags_stay() {
    let sandbox = with_rule();
    let again = json!({ "Name": "push", "ScheduleExpression": "rate(1 day)", "Tags": [{ "Key": "c", "Value": "d" }] });
    let arn = ask(&sandbox, "PutRule", &again).unwrap()["RuleArn"].clone();
    let rule = ask(&sandbox, "DescribeRule", &json!({ "Name": "push" })).unwrap();
    assert_eq!((&rule["EventPattern"], &rule["ScheduleExpression"]), (&Value::Null, &json!("rate(1 day)")));
    let tags = ask(&sandbox, "ListTagsForResource", &json!({ "ResourceARN": arn })).unwrap();
    assert_eq!(tags, json!({ "Tags": [{ "Key": "a", "Value": "b" }] }));
}

#[test]
fn what_aws_refuses_is_refused() {
    let sandbox = with_rule();
    for (rule, code) in [
        (json!({ "Name": "a b", "ScheduleExpression": "rate(1 day)" }), "ValidationException"),
        (json!({ "Name": "a" }), "ValidationException"),
        (json!({ "Name": "a", "ScheduleExpression": "rate(1 days)" }), "ValidationException"),
        (json!({ "Name": "a", "ScheduleExpression": "cron(0 10 * * * *)" }), "ValidationException"),
        (json!({ "Name": "a", "EventPattern": r#"{"source":"x"}"# }), "InvalidEventPatternException"),
        (json!({ "Name": "a", "EventPattern": r#"{"source":[{"like":"x"}]}"# }), "InvalidEventPatternException"),
        (json!({ "Name": "a", "EventBusName": "none", "EventPattern": r#"{"a":["b"]}"# }), "ResourceNotFoundException"),
    ] {
        assert_eq!(ask(&sandbox, "PutRule", &rule).unwrap_err(), code, "{rule}");
    }
    for target in [
        json!({ "Id": "a", "Arn": PIPELINE }),
        json!({ "Id": "a", "Arn": PIPELINE, "RoleArn": "arn:aws:iam::111111111111:role/none" }),
        json!({ "Id": "a", "Arn": "queue" }),
        json!({ "Id": "a", "Arn": "arn:aws:sqs:eu-west-1:111111111111:q", "Input": "{}", "InputPath": "$" }),
        json!({ "Id": "a", "Arn": "arn:aws:sqs:eu-west-1:111111111111:q", "Input": "no json" }),
    ] {
        assert_eq!(put(&sandbox, target.clone()).unwrap_err(), "ValidationException", "{target}");
    }
    for id in ["a", "b", "c", "d", "e"] {
        put(&sandbox, json!({ "Id": id, "Arn": "arn:aws:sqs:eu-west-1:111111111111:q" })).unwrap();
    }
    let sixth = put(&sandbox, json!({ "Id": "f", "Arn": "arn:aws:sqs:eu-west-1:111111111111:q" }));
    assert_eq!(sixth.unwrap_err(), "LimitExceededException");
}

#[test]
fn a_bus_keeps_a_policy() {
    let sandbox = with_rule();
    let one = json!({ "StatementId": "tenant", "Action": "events:PutEvents", "Principal": TENANT });
    ask(&sandbox, "PutPermission", &one).unwrap();
    let policy = ask(&sandbox, "DescribeEventBus", &json!({})).unwrap()["Policy"].as_str().unwrap().to_owned();
    assert!(policy.contains("arn:aws:iam::222222222222:root"), "{policy}");
    let body = json!({ "Policy": policy.replace("events:PutEvents", "s3:GetObject") });
    assert_eq!(ask(&sandbox, "PutPermission", &body).unwrap_err(), "ValidationException");
    ask(&sandbox, "RemovePermission", &json!({ "StatementId": "tenant" })).unwrap();
    let all = json!({ "RemoveAllPermissions": true });
    assert_eq!(ask(&sandbox, "RemovePermission", &all).unwrap_err(), "ResourceNotFoundException");
}

#[test]
fn parameters_go_with_their_service() {
    let sandbox = with_rule();
    let arn = |service: &str, rest: &str| format!("arn:aws:{service}:eu-west-1:111111111111:{rest}");
    let (cluster, queue) = (arn("ecs", "cluster/x"), arn("batch", "job-queue/x"));
    let redshift = arn("redshift", "cluster:x");
    for target in [
        json!({ "Id": "a", "Arn": cluster, "RoleArn": ROLE }),
        json!({ "Id": "a", "Arn": cluster, "RoleArn": ROLE, "EcsParameters": { "TaskDefinitionArn": "x", "LaunchType": "FARGATE" } }),
        json!({ "Id": "a", "Arn": cluster, "RoleArn": ROLE, "EcsParameters": { "TaskDefinitionArn": "x", "PlacementConstraints": [{ "type": "memberOf" }] } }),
        json!({ "Id": "a", "Arn": queue, "RoleArn": ROLE, "BatchParameters": { "JobDefinition": "d", "JobName": "n", "RetryStrategy": { "Attempts": 11 } } }),
        json!({ "Id": "a", "Arn": arn("sqs", "q"), "HttpParameters": {} }),
        json!({ "Id": "a", "Arn": redshift, "RedshiftDataParameters": { "Database": "dev" } }),
    ] {
        assert_eq!(put(&sandbox, target.clone()).unwrap_err(), "ValidationException", "{target}");
    }
    put(
        &sandbox,
        json!({ "Id": "a", "Arn": redshift, "RedshiftDataParameters": { "Database": "dev", "Sql": "select 1" } }),
    )
    .unwrap();
    let hook = json!({ "Id": "b", "Arn": arn("events", "api-destination/hook/1"), "HttpParameters": { "PathParameterValues": ["v1"] } });
    put(&sandbox, hook.clone()).unwrap();
    let listed = ask(&sandbox, "ListTargetsByRule", &json!({ "Rule": "push" })).unwrap();
    assert_eq!(listed["Targets"][1], hook);
}
