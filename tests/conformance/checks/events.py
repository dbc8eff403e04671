"""EventBridge. moto has most of it and is laxer than AWS: where it is, AWS's pages decide."""

import json

from harness import ACCOUNT, REGION, Error, Has, Scenario, c

API = "https://docs.aws.amazon.com/eventbridge/latest/APIReference"
GUIDE = "https://docs.aws.amazon.com/eventbridge/latest/userguide"
RULE = f"{API}/API_PutRule.html"
TARGETS = f"{API}/API_PutTargets.html"
PATTERN = json.dumps({"source": ["aws.ecr"]})
ARN = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/push"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/own"


def ev(operation, arguments=None, **more):
    return c("events", operation, arguments, **more)


def rule(name="push", aws=None, page=RULE, **more):
    return ev("put_rule", {"Name": name, **more}, aws=aws or Has({"RuleArn": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}"}), page=page)


def target(aws, **more):
    return ev("put_targets", {"Rule": "push", "Targets": [{"Id": "a", "Arn": QUEUE, **more}]}, aws=aws, page=TARGETS)


SCENARIOS = [
    Scenario(
        "events rules",
        [
            rule(EventPattern=PATTERN, Tags=[{"Key": "a", "Value": "b"}]),
            rule("a", aws=Error("ValidationException")),
            rule("a b", EventPattern=PATTERN, aws=Error("ValidationException")),
            rule("a", ScheduleExpression="rate(1 days)", aws=Error("ValidationException"), page=f"{GUIDE}/eb-create-rule-schedule.html"),
            rule("a", EventPattern='{"source":"x"}', aws=Error("InvalidEventPatternException"), page=f"{GUIDE}/eb-event-patterns.html"),
            ev("describe_rule", {"Name": "none"}, aws=Error("ResourceNotFoundException"), page=f"{API}/API_DescribeRule.html"),
            ev("describe_rule", {"Name": "push"}, aws=Has({"Name": "push", "Arn": ARN, "EventPattern": PATTERN, "State": "ENABLED", "EventBusName": "default"}), page=f"{API}/API_DescribeRule.html"),
            ev("list_tags_for_resource", {"ResourceARN": ARN}, aws=Has({"Tags": [{"Key": "a", "Value": "b"}]}), page=f"{API}/API_ListTagsForResource.html"),
            target(Has({"FailedEntryCount": 0, "FailedEntries": []})),
            target(Error("ValidationException"), Input="{}", InputPath="$"),
            target(Error("ValidationException"), Input="no json"),
            target(Error("ValidationException"), Arn=f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:main"),
            target(Error("ValidationException"), BatchParameters={"JobDefinition": "d", "JobName": "n"}),
            target(Error("ValidationException"), Arn=f"arn:aws:appsync:{REGION}:{ACCOUNT}:endpoints/graphql-api/x"),
            target(Error("ValidationException"), Arn=f"arn:aws:redshift:{REGION}:{ACCOUNT}:cluster:x", RedshiftDataParameters={"Database": "dev", "Sql": "select 1", "Sqls": ["select 1"]}),
            target(Error("ValidationException"), Arn=f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:pipeline/x", SageMakerPipelineParameters={"PipelineParameterList": [{"Name": "-a", "Value": "b"}]}),
            ev("list_targets_by_rule", {"Rule": "push"}, aws=Has({"Targets": [{"Id": "a", "Arn": QUEUE}]}), page=f"{API}/API_ListTargetsByRule.html"),
            ev("delete_rule", {"Name": "push"}, aws=Error("ValidationException"), page=f"{API}/API_DeleteRule.html"),
            ev("remove_targets", {"Rule": "push", "Ids": ["a"]}, aws=Has({"FailedEntryCount": 0, "FailedEntries": []}), page=f"{API}/API_RemoveTargets.html"),
            ev("delete_rule", {"Name": "push"}, aws=Has({}), page=f"{API}/API_DeleteRule.html"),
            ev("delete_rule", {"Name": "push"}, aws=Has({}), page=f"{API}/API_DeleteRule.html"),
        ],
    ),
    Scenario(
        "events buses",
        [
            ev("describe_event_bus", aws=Has({"Name": "default"}), page=f"{API}/API_DescribeEventBus.html"),
            ev("create_event_bus", {"Name": "own"}, aws=Has({"EventBusArn": BUS}), page=f"{API}/API_CreateEventBus.html"),
            ev("create_event_bus", {"Name": "own"}, aws=Error("ResourceAlreadyExistsException"), page=f"{API}/API_CreateEventBus.html"),
            ev("describe_event_bus", {"Name": "none"}, aws=Error("ResourceNotFoundException"), page=f"{API}/API_DescribeEventBus.html"),
            ev("update_event_bus", {"Name": "own", "LogConfig": {"Level": "INFO", "IncludeDetail": "FULL"}}, aws=Has({"Name": "own", "LogConfig": {"Level": "INFO", "IncludeDetail": "FULL"}}), page=f"{API}/API_UpdateEventBus.html"),
            ev("update_event_bus", {"Name": "own", "LogConfig": {"Level": "LOUD"}}, aws=Error("ValidationException"), page=f"{API}/API_UpdateEventBus.html"),
            ev("remove_permission", {"EventBusName": "own", "RemoveAllPermissions": True}, aws=Error("ResourceNotFoundException"), page=f"{API}/API_RemovePermission.html"),
            ev("put_permission", {"EventBusName": "own", "StatementId": "a", "Principal": ACCOUNT, "Action": "events:PutEvents"}, aws=Has({}), page=f"{API}/API_PutPermission.html"),
            ev("remove_permission", {"EventBusName": "own", "StatementId": "none"}, aws=Error("ResourceNotFoundException"), page=f"{API}/API_RemovePermission.html"),
            ev("remove_permission", {"EventBusName": "own", "StatementId": "a"}, aws=Has({}), page=f"{API}/API_RemovePermission.html"),
            ev("delete_event_bus", {"Name": "default"}, aws=Error("ValidationException"), page=f"{API}/API_DeleteEventBus.html"),
            ev("delete_event_bus", {"Name": "own"}, aws=Has({}), page=f"{API}/API_DeleteEventBus.html"),
        ],
    ),
]
