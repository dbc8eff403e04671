"""SNS topics. moto has them and is laxer than AWS: where it is, AWS's pages decide."""

import json

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
]
