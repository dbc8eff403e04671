"""The Resource Groups Tagging API."""

import json

from harness import ACCOUNT, REGION, Error, Has, Scenario, c

API = "https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html"
SERVICE = "resourcegroupstaggingapi"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
READ = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]})
TAGS = [{"Key": "trueup:project", "Value": "saas"}]
KEY = {"ResourceARN": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/<uuid>"}
BUCKET = {"ResourceARN": "arn:aws:s3:::artifacts"}


def found(*resources):
    return Has({"ResourceTagMappingList": list(resources)})


SCENARIOS = [
    Scenario(
        "tagging",
        [
            c("kms", "create_key", {"Tags": [{"TagKey": "trueup:project", "TagValue": "saas"}]}, only=("x",)),
            c("s3", "create_bucket", {"Bucket": "artifacts", "CreateBucketConfiguration": {"LocationConstraint": REGION}}, only=("x",)),
            c("s3", "put_bucket_tagging", {"Bucket": "artifacts", "Tagging": {"TagSet": [*TAGS, {"Key": "team", "Value": "a"}]}}),
            c("iam", "create_policy", {"PolicyName": "read", "PolicyDocument": READ, "Tags": TAGS}, only=("x",)),
            c("iam", "create_instance_profile", {"InstanceProfileName": "p", "Tags": TAGS}, only=("x",)),
            c("iam", "create_role", {"RoleName": "r", "AssumeRolePolicyDocument": TRUST, "Tags": TAGS}, only=("x",)),
            c(SERVICE, "get_resources", aws=found(BUCKET, KEY), page=API),
            c(SERVICE, "get_resources", {"TagFilters": [{"Key": "trueup:project", "Values": ["saas", "other"]}]}, aws=found({**BUCKET, "Tags": [*TAGS, {"Key": "team", "Value": "a"}]}, {**KEY, "Tags": TAGS}), page=API),
            c(SERVICE, "get_resources", {"TagFilters": [{"Key": "trueup:project", "Values": ["saas"]}, {"Key": "team"}]}, aws=found(BUCKET), page=API),
            c(SERVICE, "get_resources", {"TagFilters": [{"Key": "trueup:project", "Values": ["none"]}]}, aws=found(), page=API),
            c(SERVICE, "get_resources", {"ResourceTypeFilters": ["kms:key"]}, aws=found(KEY), page=API),
            c(SERVICE, "get_resources", {"ResourceTypeFilters": ["s3"]}, aws=found(BUCKET), page=API),
            c(SERVICE, "get_resources", region="us-east-1", aws=found({"ResourceARN": f"arn:aws:iam::{ACCOUNT}:policy/read"}, {"ResourceARN": f"arn:aws:iam::{ACCOUNT}:instance-profile/p"}), page="https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html"),
            c(SERVICE, "get_resources", pages=1, aws=Has({"pages": 2}), page=API),
            c(SERVICE, "get_resources", {"ResourcesPerPage": 101}, aws=Error("InvalidParameterException"), page=API),
        ],
    ),
]
