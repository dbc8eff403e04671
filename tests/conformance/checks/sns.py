"""SNS topics. moto has them and is laxer than AWS: where it is, AWS's pages decide."""

import json
import re

from harness import ACCOUNT, REGION, Error, Has, Scenario, c

API = "https://docs.aws.amazon.com/sns/latest/api"
CREATE = f"{API}/API_CreateTopic.html"
SET = f"{API}/API_SetTopicAttributes.html"
ARN = f"arn:aws:sns:{REGION}:{ACCOUNT}:approvals"


def sns(operation, arguments=None, **more):
    return c("sns", operation, arguments, **more)


def create(name="approvals", aws=None, **attributes):
    return sns("create_topic", {"Name": name, "Attributes": attributes}, aws=aws or Has({"TopicArn": ARN}), page=CREATE)


def put(name, value, aws=Error("InvalidParameter")):
    return sns("set_topic_attributes", {"TopicArn": ARN, "AttributeName": name, "AttributeValue": value}, aws=aws, page=SET)


def policy(action="sns:Publish", resource=ARN, principal=ACCOUNT):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, "Resource": resource}]})


SUBSCRIBE = f"{API}/API_Subscribe.html"
PROTECTION = f"{API}/API_PutDataProtectionPolicy.html"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
STREAM = f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/s"
PROTECTED = json.dumps({"Name": "p", "Version": "2021-06-01", "Statement": [{"DataDirection": "Inbound", "Principal": ["*"], "DataIdentifier": ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"], "Operation": {"Deny": {}}}]})


def subscribe(protocol, endpoint, aws, **attributes):
    return sns("subscribe", {"TopicArn": ARN, "Protocol": protocol, "Endpoint": endpoint, "Attributes": attributes}, aws=aws, page=SUBSCRIBE)


SCENARIOS = [
    Scenario(
        "sns topics",
        [
            sns("list_topics", aws=Has({"Topics": []}), page=f"{API}/API_ListTopics.html"),
            create(),
            create(),
            create("a b", aws=Error("InvalidParameter")),
            create("a.fifo", aws=Error("InvalidParameter")),
            create("plain", aws=Error("InvalidParameter"), FifoTopic="true"),
            create(aws=Error("InvalidParameter"), DisplayName="other"),
            put("DisplayName", "Approvals", aws=Has({})),
            put("TracingConfig", "On"),
            put("SignatureVersion", "3"),
            put("ContentBasedDeduplication", "true"),
            put("Nothing", "x"),
            put("Policy", policy(), aws=Has({})),
            put("Policy", policy(action="s3:GetObject")),
            put("Policy", policy(resource=f"{ARN}x")),
            put("Policy", policy(principal="999999999999")),
            sns("get_topic_attributes", {"TopicArn": ARN}, aws=Has({"Attributes": {"TopicArn": ARN, "Owner": ACCOUNT, "DisplayName": "Approvals"}}), page=f"{API}/API_GetTopicAttributes.html"),
            sns("get_topic_attributes", {"TopicArn": f"{ARN}x"}, aws=Error("NotFound"), page=f"{API}/API_GetTopicAttributes.html"),
            sns("tag_resource", {"ResourceArn": ARN, "Tags": [{"Key": "a", "Value": "b"}]}, aws=Has({}), page=f"{API}/API_TagResource.html"),
            sns("list_tags_for_resource", {"ResourceArn": ARN}, aws=Has({"Tags": [{"Key": "a", "Value": "b"}]}), page=f"{API}/API_ListTagsForResource.html"),
            sns("untag_resource", {"ResourceArn": ARN, "TagKeys": ["a"]}, aws=Has({}), page=f"{API}/API_UntagResource.html"),
            sns("list_tags_for_resource", {"ResourceArn": ARN}, aws=Has({"Tags": []}), page=f"{API}/API_ListTagsForResource.html"),
            sns("list_tags_for_resource", {"ResourceArn": f"{ARN}x"}, aws=Error("ResourceNotFound"), page=f"{API}/API_ListTagsForResource.html"),
            sns("delete_topic", {"TopicArn": ARN}, aws=Has({}), page=f"{API}/API_DeleteTopic.html"),
            sns("delete_topic", {"TopicArn": ARN}, aws=Has({}), page=f"{API}/API_DeleteTopic.html"),
        ],
    ),
    Scenario(
        "sns subscriptions",
        [
            create(),
            subscribe("sqs", QUEUE, aws=Has({"SubscriptionArn": re.compile("^arn:aws:sns:")})),
            subscribe("sqs", QUEUE, aws=Has({"SubscriptionArn": re.compile("^arn:aws:sns:")})),
            subscribe("sqs", QUEUE, aws=Error("InvalidParameter"), RawMessageDelivery="true"),
            subscribe("sqs", f"{QUEUE}.fifo", aws=Error("InvalidParameter")),
            subscribe("sqs", "q", aws=Error("InvalidParameter")),
            subscribe("pigeon", "x", aws=Error("InvalidParameter")),
            subscribe("firehose", STREAM, aws=Error("InvalidParameter")),
            subscribe("lambda", FUNCTION, aws=Error("InvalidParameter"), FilterPolicy='{"a":[]}'),
            subscribe("lambda", FUNCTION, aws=Error("InvalidParameter"), FilterPolicy='{"a":{"b":["c"]}}'),
            subscribe("lambda", FUNCTION, aws=Error("InvalidParameter"), FilterPolicy='{"a":[{"like":"x"}]}'),
            subscribe("lambda", FUNCTION, aws=Error("InvalidParameter"), RawMessageDelivery="true"),
            subscribe("lambda", FUNCTION, aws=Has({"SubscriptionArn": re.compile("^arn:aws:sns:")}), FilterPolicy='{"a":["b"]}'),
            subscribe("email", "releases@example.com", aws=Has({"SubscriptionArn": "pending confirmation"})),
            sns("get_topic_attributes", {"TopicArn": ARN}, aws=Has({"Attributes": {"SubscriptionsConfirmed": "2", "SubscriptionsPending": "1"}}), page=f"{API}/API_GetTopicAttributes.html"),
            sns("list_subscriptions_by_topic", {"TopicArn": f"{ARN}x"}, aws=Error("NotFound"), page=f"{API}/API_ListSubscriptionsByTopic.html"),
            sns("confirm_subscription", {"TopicArn": ARN, "Token": "none"}, aws=Error("InvalidParameter"), page=f"{API}/API_ConfirmSubscription.html"),
            sns("get_subscription_attributes", {"SubscriptionArn": f"{ARN}:00000000-0000-4000-8000-000000000000"}, aws=Error("NotFound"), page=f"{API}/API_GetSubscriptionAttributes.html"),
            sns("unsubscribe", {"SubscriptionArn": f"{ARN}:00000000-0000-4000-8000-000000000000"}, aws=Has({}), page=f"{API}/API_Unsubscribe.html"),
            sns("unsubscribe", {"SubscriptionArn": "x"}, aws=Error("InvalidParameter"), page=f"{API}/API_Unsubscribe.html"),
        ],
    ),
    Scenario(
        "sns topic attributes",
        [
            create(),
            put("MaximumMessageSize", "1024", aws=Has({})),
            put("MaximumMessageSize", "1"),
            put("DeliveryPolicy", '{"http":{"defaultHealthyRetryPolicy":{"numRetries":5}}}', aws=Has({})),
            put("DeliveryPolicy", '{"http":{"defaultHealthyRetryPolicy":{"numRetries":500}}}'),
            put("DeliveryPolicy", '{"healthyRetryPolicy":{"numRetries":5}}'),
            put("FifoThroughputScope", "MessageGroup"),
            put("SQSSuccessFeedbackSampleRate", "101"),
            put("SQSSuccessFeedbackSampleRate", "10", aws=Has({})),
            put("SQSFailureFeedbackRoleArn", f"arn:aws:iam::{ACCOUNT}:role/none"),
            sns("put_data_protection_policy", {"ResourceArn": ARN, "DataProtectionPolicy": "{}"}, aws=Error("InvalidParameter"), page=PROTECTION),
            sns("put_data_protection_policy", {"ResourceArn": ARN, "DataProtectionPolicy": PROTECTED}, aws=Has({}), page=PROTECTION),
            sns("get_data_protection_policy", {"ResourceArn": ARN}, aws=Has({"DataProtectionPolicy": PROTECTED}), page=f"{API}/API_GetDataProtectionPolicy.html"),
        ],
    ),
]
