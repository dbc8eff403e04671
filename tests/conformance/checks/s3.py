"""S3."""

import json
import re

from harness import ACCOUNT, REGION, Error, Has, Scenario, c

API = "https://docs.aws.amazon.com/AmazonS3/latest/API"
GUIDE = "https://docs.aws.amazon.com/AmazonS3/latest/userguide"
ERRORS = f"{API}/ErrorResponses.html"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
LOCKS = f"{GUIDE}/object-lock-managing.html"
B = {"Bucket": "artifacts"}
BLOCK_ALL = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}
STRANGER = "999999999999"
OWN = {"AccountId": ACCOUNT}
TENANT = "222222222222"


def bucket(name="artifacts", region=REGION):
    return {"Bucket": name, "CreateBucketConfiguration": {"LocationConstraint": region}}


def made(name="artifacts"):
    """The step that makes the bucket; what it answers is checked in a scenario of its own."""
    return c("s3", "create_bucket", bucket(name), aws=Has({"Location": f"http://{name}.s3.amazonaws.com/"}), page=f"{API}/API_CreateBucket.html")


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(principal=ROOT, action="s3:GetObject", resource="arn:aws:s3:::artifacts/*", **more):
    return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, "Resource": resource, **more}


def public(expected, condition):
    """A policy for everyone under this condition, and whether S3 counts it as public."""
    return [
        c("s3", "put_bucket_policy", {**B, "Policy": policy(allow("*", Condition=condition))}),
        c("s3", "get_bucket_policy_status", B, aws=Has({"PolicyStatus": {"IsPublic": expected}}), page=f"{GUIDE}/access-control-block-public-access.html"),
    ]


def tagging(*names):
    return {"Bucket": "artifacts", "Tagging": {"TagSet": [{"Key": name, "Value": "v"} for name in names]}}


def encryption(rule, **more):
    return {**B, "ServerSideEncryptionConfiguration": {"Rules": [{"ApplyServerSideEncryptionByDefault": rule, **more}]}}


def encrypted_by(algorithm, **more):
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm, **more.pop("key", {})}, **more}
    return Has({"ServerSideEncryptionConfiguration": {"Rules": [rule]}})


SCENARIOS = [
    Scenario(
        "s3 buckets",
        [
            c("s3", "list_buckets", only=("Buckets",)),
            made(),
            c("s3", "head_bucket", B, aws=Has({"BucketRegion": REGION}), page=f"{API}/API_HeadBucket.html"),
            c("s3", "head_bucket", {"Bucket": "none"}),
            c("s3", "get_bucket_location", B),
            c("s3", "list_buckets", aws=Has({"Buckets": [{"Name": "artifacts", "CreationDate": "<date>"}]}), page=f"{API}/API_ListBuckets.html"),
            c("s3", "create_bucket", bucket()),
            c("s3", "create_bucket", {"Bucket": "no-region"}, aws=Error("IllegalLocationConstraintException"), page=ERRORS),
            c("s3", "create_bucket", bucket("other", "us-east-1"), aws=Error("IllegalLocationConstraintException"), page=ERRORS),
            c("s3", "create_bucket", bucket("other", "mars-1"), region="us-east-1", aws=Error("InvalidLocationConstraint"), page=ERRORS),
            c("s3", "create_bucket", {"Bucket": "ab"}, region="us-east-1"),
            c("s3", "create_bucket", {"Bucket": "Upper"}, region="us-east-1", aws=Error("InvalidBucketName"), page=f"{GUIDE}/bucketnamingrules.html"),
            c("s3", "create_bucket", {"Bucket": "192.168.0.1"}, region="us-east-1", aws=Error("InvalidBucketName"), page=f"{GUIDE}/bucketnamingrules.html"),
            c("s3", "create_bucket", {"Bucket": "xn--name"}, region="us-east-1", aws=Error("InvalidBucketName"), page=f"{GUIDE}/bucketnamingrules.html"),
            c("s3", "create_bucket", {"Bucket": "name-s3alias"}, region="us-east-1", aws=Error("InvalidBucketName"), page=f"{GUIDE}/bucketnamingrules.html"),
            c("s3", "create_bucket", {"Bucket": "a..b"}, region="us-east-1", aws=Error("InvalidBucketName"), page=f"{GUIDE}/bucketnamingrules.html"),
            c("s3", "create_bucket", bucket(), account=STRANGER, aws=Error("BucketAlreadyExists"), page=ERRORS),
            c("s3", "create_bucket", {"Bucket": "classic"}, region="us-east-1", aws=Has({"Location": "/classic"}), page=f"{API}/API_CreateBucket.html"),
            c("s3", "get_bucket_location", {"Bucket": "classic"}, region="us-east-1"),
            c("s3", "list_buckets", pages=1, aws=Has({"pages": 2, "Buckets": [{"Name": "artifacts"}, {"Name": "classic"}]}), page=f"{API}/API_ListBuckets.html"),
            c("s3", "list_buckets", {"Prefix": "cl"}, only=("x",)),
            c("s3", "list_buckets", {"BucketRegion": REGION}, aws=Has({"Buckets": [{"Name": "artifacts"}]}), page=f"{API}/API_ListBuckets.html"),
            c("s3", "head_bucket", B, account=STRANGER, aws=Error("403"), page=f"{API}/API_HeadBucket.html"),
            c("s3", "head_bucket", {**B, "ExpectedBucketOwner": STRANGER}, aws=Error("403"), page=f"{GUIDE}/bucket-owner-condition.html"),
            c("s3", "get_bucket_location", {**B, "ExpectedBucketOwner": ACCOUNT}),
            c("s3", "delete_bucket", {"Bucket": "none"}),
            c("s3", "delete_bucket", B),
            c("s3", "delete_bucket", B),
            c("s3", "get_bucket_policy", B),
        ],
    ),
    Scenario(
        "s3 new bucket",
        [
            made(),
            c("s3", "get_public_access_block", B, aws=Has({"PublicAccessBlockConfiguration": BLOCK_ALL}), page=f"{GUIDE}/create-bucket-faq.html"),
            c("s3", "get_bucket_ownership_controls", B, aws=Has({"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}}), page=f"{GUIDE}/about-object-ownership.html"),
            c("s3", "get_bucket_encryption", B, aws=encrypted_by("AES256", BucketKeyEnabled=False), page=f"{GUIDE}/default-encryption-faq.html"),
            c("s3", "get_bucket_versioning", B, aws=Has({}), page=f"{API}/API_GetBucketVersioning.html"),
            c("s3", "get_bucket_policy", B),
            c("s3", "get_bucket_tagging", B),
            c("s3", "get_bucket_acl", B, aws=Has({"Grants": [{"Permission": "FULL_CONTROL"}]}), page=f"{API}/API_GetBucketAcl.html"),
            c("s3", "get_bucket_lifecycle_configuration", B),
            c("s3", "get_bucket_cors", B),
            c("s3", "get_bucket_website", B),
            c("s3", "get_bucket_replication", B),
            c("s3", "get_object_lock_configuration", B),
            c("s3", "get_bucket_logging", B),
            c("s3", "get_bucket_request_payment", B, aws=Has({"Payer": "BucketOwner"}), page=f"{API}/API_GetBucketRequestPayment.html"),
            c("s3", "get_bucket_accelerate_configuration", B),
            c("s3", "get_bucket_policy_status", B, aws=Error("NoSuchBucketPolicy"), page=f"{API}/API_GetBucketPolicyStatus.html"),
        ],
    ),
    Scenario(
        "s3 bucket policies",
        [
            made(),
            c("s3", "put_bucket_policy", {**B, "Policy": policy(allow())}),
            c("s3", "get_bucket_policy", B),
            c("s3", "get_bucket_policy_status", B, aws=Has({"PolicyStatus": {"IsPublic": False}}), page=f"{API}/API_GetBucketPolicyStatus.html"),
            c("s3", "put_bucket_policy", {**B, "Policy": "{"}, aws=Error("MalformedPolicy"), page=ERRORS),
            c("s3", "put_bucket_policy", {**B, "Policy": policy(allow(resource="arn:aws:s3:::other/*"))}, aws=Error("MalformedPolicy", "^Policy has invalid resource"), page=ERRORS),
            c("s3", "put_bucket_policy", {**B, "Policy": policy(allow(action="sqs:SendMessage"))}, aws=Error("MalformedPolicy", "^Policy has invalid action"), page=ERRORS),
            c("s3", "put_bucket_policy", {**B, "Policy": policy(allow(f"arn:aws:iam::{ACCOUNT}:role/none"))}, aws=Error("MalformedPolicy", "^Invalid principal in policy"), page=ERRORS),
            c("s3", "put_bucket_policy", {**B, "Policy": policy({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::artifacts/*"})}, aws=Error("MalformedPolicy"), page=ERRORS),
            c("s3", "put_bucket_policy", {**B, "Policy": policy(allow(Colour="red"))}, aws=Error("MalformedPolicy"), page=ERRORS),
            c("s3", "put_bucket_policy", {**B, "Policy": policy(allow("*"))}, aws=Error("AccessDenied"), page=f"{GUIDE}/access-control-block-public-access.html"),
            c("s3", "put_bucket_policy", {**B, "Policy": policy(allow(Sid="x" * 20480))}, aws=Error("PolicyTooLarge"), page=f"{GUIDE}/bucket-policies.html"),
            c("s3", "put_bucket_policy", {"Bucket": "none", "Policy": policy(allow())}),
            c("s3", "get_bucket_policy", B, aws=Has({"Policy": {"Version": "2012-10-17", "Statement": [allow()]}}), page=f"{API}/API_PutBucketPolicy.html"),
            c("s3", "delete_bucket_policy", B),
            c("s3", "delete_bucket_policy", B),
            c("s3", "get_bucket_policy", B),
            c("iam", "create_role", {"RoleName": "reader", "AssumeRolePolicyDocument": policy({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})}, only=("x",)),
            c("s3", "put_bucket_policy", {**B, "Policy": policy(allow(f"arn:aws:iam::{ACCOUNT}:role/reader"))}),
            c("s3", "get_bucket_policy", B),
            c("iam", "delete_role", {"RoleName": "reader"}),
            c("s3", "get_bucket_policy", B, aws=Has({"Policy": {"Statement": [{"Principal": {"AWS": "<AROA>"}}]}}), page="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html"),
        ],
    ),
    Scenario(
        "s3 bucket encryption",
        [
            made(),
            c("kms", "create_key", save="key", only=("x",)),
            c("s3", "put_bucket_encryption", lambda got: encryption({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": got["key"]["KeyMetadata"]["Arn"]}, BucketKeyEnabled=True)),
            c("s3", "get_bucket_encryption", B, aws=encrypted_by("aws:kms", key={"KMSMasterKeyID": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/<uuid>"}, BucketKeyEnabled=True), page=f"{API}/API_GetBucketEncryption.html"),
            c("s3", "put_bucket_encryption", encryption({"SSEAlgorithm": "AES256"})),
            c("s3", "get_bucket_encryption", B, aws=encrypted_by("AES256", BucketKeyEnabled=False), page=f"{API}/API_GetBucketEncryption.html"),
            c("s3", "put_bucket_encryption", encryption({"SSEAlgorithm": "aws:kms:dsse"})),
            c("s3", "put_bucket_encryption", encryption({"SSEAlgorithm": "rot13"}), aws=Error("MalformedXML"), page=ERRORS),
            c("s3", "put_bucket_encryption", encryption({"SSEAlgorithm": "AES256", "KMSMasterKeyID": "x"}), aws=Error("InvalidArgument"), page=f"{API}/API_ServerSideEncryptionByDefault.html"),
            c("s3", "delete_bucket_encryption", B),
            c("s3", "get_bucket_encryption", B, aws=encrypted_by("AES256"), page=f"{API}/API_DeleteBucketEncryption.html"),
            c("s3", "get_bucket_encryption", {"Bucket": "none"}),
        ],
    ),
    Scenario(
        "s3 versioning, access block, ownership",
        [
            made(),
            c("s3", "put_bucket_versioning", {**B, "VersioningConfiguration": {"Status": "Enabled"}}),
            c("s3", "get_bucket_versioning", B, aws=Has({"Status": "Enabled"}), page=f"{API}/API_GetBucketVersioning.html"),
            c("s3", "put_bucket_versioning", {**B, "VersioningConfiguration": {"Status": "Suspended"}}),
            c("s3", "get_bucket_versioning", B, aws=Has({"Status": "Suspended"}), page=f"{API}/API_GetBucketVersioning.html"),
            c("s3", "put_bucket_versioning", {**B, "VersioningConfiguration": {"Status": "Off"}}, aws=Error("MalformedXML"), page=ERRORS),
            c("s3", "put_public_access_block", {**B, "PublicAccessBlockConfiguration": {**BLOCK_ALL, "BlockPublicPolicy": False}}),
            c("s3", "get_public_access_block", B),
            c("s3", "delete_public_access_block", B),
            c("s3", "get_public_access_block", B),
            c("s3", "put_bucket_policy", {**B, "Policy": policy(allow("*"))}),
            c("s3", "get_bucket_policy_status", B, aws=Has({"PolicyStatus": {"IsPublic": True}}), page=f"{API}/API_GetBucketPolicyStatus.html"),
            # What holds everyone back, and what does not.
            *public(True, {"StringLike": {"aws:SourceVpc": "vpc-*"}}),
            *public(False, {"StringEquals": {"aws:SourceVpc": "vpc-91237329"}}),
            *public(True, {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}}),
            *public(False, {"ArnLike": {"s3:DataAccessPointArn": "arn:aws:s3:us-west-2:123456789012:accesspoint/*"}}),
            *public(True, {"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}}),
            *public(False, {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "2001:db8::/32"]}}),
            *public(True, {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}),
            c("s3", "put_bucket_ownership_controls", {**B, "OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}}),
            c("s3", "get_bucket_ownership_controls", B),
            c("s3", "delete_bucket_ownership_controls", B),
            c("s3", "get_bucket_ownership_controls", B),
            c("s3", "put_bucket_ownership_controls", {**B, "OwnershipControls": {"Rules": [{"ObjectOwnership": "Nobody"}]}}, aws=Error("MalformedXML"), page=ERRORS),
        ],
    ),
    Scenario(
        "s3 bucket tags",
        [
            made(),
            c("s3", "put_bucket_tagging", tagging("a", "b")),
            c("s3", "get_bucket_tagging", B),
            c("s3", "put_bucket_tagging", tagging("c")),
            c("s3", "get_bucket_tagging", B),
            c("s3", "put_bucket_tagging", tagging("a", "a")),
            c("s3", "put_bucket_tagging", tagging("aws:x")),
            c("s3", "put_bucket_tagging", tagging(*(f"t{n}" for n in range(51))), aws=Error("BadRequest"), page=f"{GUIDE}/CostAllocTagging.html"),
            c("s3", "put_bucket_tagging", tagging("k" * 129), aws=Error("InvalidTag"), page=f"{API}/API_PutBucketTagging.html"),
            c("s3", "delete_bucket_tagging", B),
            c("s3", "get_bucket_tagging", B),
            c("s3", "create_bucket", {"Bucket": "tagged", "CreateBucketConfiguration": {"LocationConstraint": REGION, "Tags": [{"Key": "a", "Value": "v"}]}}, aws=Has({}), page=f"{API}/API_CreateBucket.html"),
            c("s3", "get_bucket_tagging", {"Bucket": "tagged"}, aws=Has({"TagSet": [{"Key": "a", "Value": "v"}]}), page=f"{API}/API_CreateBucket.html"),
        ],
    ),
    Scenario(
        "s3 objects",
        [
            made(),
            c("s3", "put_object", {**B, "Key": "a/one.txt", "Body": b"hello", "ContentType": "text/plain", "Metadata": {"by": "ann"}}, aws=Has({"ETag": '"5d41402abc4b2a76b9719d911017c592"', "ServerSideEncryption": "AES256"}), page=f"{API}/API_PutObject.html"),
            c("s3", "get_object", {**B, "Key": "a/one.txt"}, aws=Has({"Body": "hello", "ContentLength": 5, "ContentType": "text/plain", "ETag": '"5d41402abc4b2a76b9719d911017c592"', "Metadata": {"by": "ann"}, "LastModified": "<date>", "AcceptRanges": "bytes"}), page=f"{API}/API_GetObject.html"),
            c("s3", "head_object", {**B, "Key": "a/one.txt"}, aws=Has({"ContentLength": 5, "Metadata": {"by": "ann"}}), page=f"{API}/API_HeadObject.html"),
            c("s3", "get_object", {**B, "Key": "none"}),
            c("s3", "head_object", {**B, "Key": "none"}),
            c("s3", "get_object", {"Bucket": "none", "Key": "none"}),
            c("s3", "put_object", {**B, "Key": "a/one.txt", "Body": b"x", "IfNoneMatch": "*"}),
            c("s3", "put_object", {**B, "Key": "a/one.txt", "Body": b"x", "IfMatch": '"nonsense"'}),
            c("s3", "put_object", {**B, "Key": "none", "Body": b"x", "IfMatch": '"nonsense"'}, aws=Error("NoSuchKey"), page=f"{GUIDE}/conditional-writes.html"),
            c("s3", "put_object", {**B, "Key": "a/one.txt", "Body": b"world", "IfMatch": '"5d41402abc4b2a76b9719d911017c592"'}, aws=Has({"ETag": '"7d793037a0760186574b0282f2f435e7"'}), page=f"{GUIDE}/conditional-writes.html"),
            c("s3", "put_object", {**B, "Key": "b two.txt", "Body": b"2", "IfNoneMatch": "*"}, aws=Has({}), page=f"{GUIDE}/conditional-writes.html"),
            c("s3", "put_object", {**B, "Key": "c", "Body": b"3"}, aws=Has({}), page=f"{API}/API_PutObject.html"),
            c("s3", "list_objects_v2", B, aws=Has({"KeyCount": 3, "IsTruncated": False, "Name": "artifacts", "MaxKeys": 1000, "Contents": [{"Key": "a/one.txt", "Size": 5, "StorageClass": "STANDARD"}, {"Key": "b two.txt"}, {"Key": "c"}]}), page=f"{API}/API_ListObjectsV2.html"),
            c("s3", "list_objects_v2", {**B, "Delimiter": "/"}, aws=Has({"KeyCount": 3, "CommonPrefixes": [{"Prefix": "a/"}], "Contents": [{"Key": "b two.txt"}, {"Key": "c"}]}), page=f"{API}/API_ListObjectsV2.html"),
            c("s3", "list_objects_v2", {**B, "Prefix": "b"}, aws=Has({"KeyCount": 1, "Prefix": "b"}), page=f"{API}/API_ListObjectsV2.html"),
            c("s3", "list_objects_v2", B, pages=2, aws=Has({"pages": 2}), page=f"{API}/API_ListObjectsV2.html"),
            c("s3", "delete_bucket", B),
            c("s3", "delete_object", {**B, "Key": "c"}),
            c("s3", "delete_object", {**B, "Key": "c"}),
            c("s3", "delete_objects", {**B, "Delete": {"Objects": [{"Key": "a/one.txt"}, {"Key": "b two.txt"}]}}, aws=Has({"Deleted": [{"Key": "a/one.txt"}, {"Key": "b two.txt"}]}), page=f"{API}/API_DeleteObjects.html"),
            c("s3", "list_objects_v2", B, aws=Has({"KeyCount": 0}), page=f"{API}/API_ListObjectsV2.html"),
            c("s3", "get_object", {**B, "Key": "c"}, account=STRANGER, aws=Error("AccessDenied"), page=ERRORS),
        ],
    ),
    Scenario(
        "s3 object versions",
        [
            made(),
            c("s3", "put_bucket_versioning", {**B, "VersioningConfiguration": {"Status": "Enabled"}}),
            c("s3", "put_object", {**B, "Key": "k", "Body": b"1"}, save="first", aws=Has({"VersionId": "<VersionId>"}), page=f"{API}/API_PutObject.html"),
            c("s3", "put_object", {**B, "Key": "k", "Body": b"2"}, aws=Has({"VersionId": "<VersionId>"}), page=f"{API}/API_PutObject.html"),
            c("s3", "get_object", lambda got: {**B, "Key": "k", "VersionId": got["first"]["VersionId"]}, aws=Has({"Body": "1"}), page=f"{API}/API_GetObject.html"),
            c("s3", "delete_object", {**B, "Key": "k"}, save="marker"),
            c("s3", "get_object", {**B, "Key": "k"}),
            c("s3", "list_object_versions", B, aws=Has({"Versions": [{"Key": "k", "IsLatest": False}, {"Key": "k", "IsLatest": False}], "DeleteMarkers": [{"Key": "k", "IsLatest": True}], "IsTruncated": False}), page=f"{API}/API_ListObjectVersions.html"),
            c("s3", "list_objects_v2", B, aws=Has({"KeyCount": 0}), page=f"{API}/API_ListObjectsV2.html"),
            c("s3", "delete_bucket", B),
            c("s3", "delete_object", lambda got: {**B, "Key": "k", "VersionId": got["marker"]["VersionId"]}, aws=Has({"DeleteMarker": True, "VersionId": "<VersionId>"}), page=f"{API}/API_DeleteObject.html"),
            c("s3", "get_object", {**B, "Key": "k"}, aws=Has({"Body": "2"}), page=f"{GUIDE}/DeleteMarker.html"),
        ],
    ),
    Scenario(
        "s3 deletes versions by the thousand, and keeps what is denied",
        [
            made(),
            c("s3", "put_bucket_versioning", {**B, "VersioningConfiguration": {"Status": "Enabled"}}),
            c("s3", "put_object", {**B, "Key": "k", "Body": b"1"}, save="first", aws=Has({}), page=f"{API}/API_PutObject.html"),
            c("s3", "put_object", {**B, "Key": "kept", "Body": b"2"}, save="kept", aws=Has({}), page=f"{API}/API_PutObject.html"),
            c("s3", "put_bucket_policy", {**B, "Policy": policy({"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObjectVersion", "Resource": "arn:aws:s3:::artifacts/kept"})}),
            c("s3", "delete_objects", lambda got: {**B, "Delete": {"Quiet": True, "Objects": [{"Key": "k", "VersionId": got["first"]["VersionId"]}, {"Key": "kept", "VersionId": got["kept"]["VersionId"]}]}}, aws=Has({"Errors": [{"Key": "kept", "Code": "AccessDenied"}]}), page=f"{API}/API_DeleteObjects.html"),
            c("s3", "list_object_versions", B, aws=Has({"Versions": [{"Key": "kept"}]}), page=f"{API}/API_ListObjectVersions.html"),
        ],
    ),
    Scenario(
        "s3 object lock keeps a version",
        [
            c("s3", "create_bucket", {**bucket(), "ObjectLockEnabledForBucket": True}, aws=Has({}), page=f"{API}/API_CreateBucket.html"),
            c("s3", "put_object_lock_configuration", {**B, "ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}}, aws=Has({}), page=LOCKS),
            c("s3", "put_object", {**B, "Key": "k", "Body": b"1"}, save="first", aws=Has({}), page=f"{API}/API_PutObject.html"),
            c("s3", "delete_object", lambda got: {**B, "Key": "k", "VersionId": got["first"]["VersionId"]}, aws=Error("AccessDenied"), page=LOCKS),
            c("s3", "delete_objects", lambda got: {**B, "Delete": {"Objects": [{"Key": "k", "VersionId": got["first"]["VersionId"]}]}}, aws=Has({"Errors": [{"Key": "k", "Code": "AccessDenied"}]}), page=f"{API}/API_DeleteObjects.html"),
            c("s3", "delete_object", {**B, "Key": "k"}, aws=Has({"DeleteMarker": True}), page=LOCKS),
            c("s3", "delete_object", lambda got: {**B, "Key": "k", "VersionId": got["first"]["VersionId"], "BypassGovernanceRetention": True}, aws=Has({}), page=LOCKS),
        ],
    ),
    Scenario(
        "s3 control: an account's own block",
        [
            c("s3control", "get_public_access_block", OWN, aws=Error("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found"), page=f"{API}/API_control_GetPublicAccessBlock.html"),
            c("s3control", "put_public_access_block", {**OWN, "PublicAccessBlockConfiguration": {}}, aws=Error("InvalidRequest"), page=ERRORS),
            c("s3control", "put_public_access_block", {**OWN, "PublicAccessBlockConfiguration": {**BLOCK_ALL, "BlockPublicAcls": False}}),
            c("s3control", "get_public_access_block", OWN),
            c("s3control", "get_public_access_block", OWN, account=STRANGER, aws=Error("AccessDenied"), page=f"{API}/API_control_GetPublicAccessBlock.html"),
            c("s3control", "put_public_access_block", {**OWN, "PublicAccessBlockConfiguration": BLOCK_ALL}, account=STRANGER, aws=Error("AccessDenied"), page=f"{API}/API_control_PutPublicAccessBlock.html"),
            made(),
            c("s3", "delete_public_access_block", B),
            c("s3", "put_bucket_policy", {**B, "Policy": policy(allow("*"))}, aws=Error("AccessDenied", "BlockPublicPolicy"), page=f"{API}/API_control_PutPublicAccessBlock.html"),
            c("s3control", "put_public_access_block", {**OWN, "PublicAccessBlockConfiguration": {"RestrictPublicBuckets": True}}),
            c("s3control", "get_public_access_block", OWN, aws=Has({"PublicAccessBlockConfiguration": {"RestrictPublicBuckets": True, "BlockPublicPolicy": False}}), page=f"{API}/API_control_PutPublicAccessBlock.html"),
            c("s3", "put_bucket_policy", {**B, "Policy": policy(allow("*", "s3:ListBucket", "arn:aws:s3:::artifacts"))}),
            c("s3", "list_objects_v2", B, account=STRANGER, aws=Error("AccessDenied"), page=f"{GUIDE}/access-control-block-public-access.html"),
            c("s3control", "delete_public_access_block", OWN),
            c("s3control", "delete_public_access_block", OWN),
            c("s3", "list_objects_v2", B, account=STRANGER, aws=Has({"KeyCount": 0}), page=f"{GUIDE}/access-control-block-public-access.html"),
        ],
    ),
    Scenario(
        "s3 unfinished uploads",
        [
            made(),
            c("s3", "list_multipart_uploads", B, aws=Has({"IsTruncated": False}), page=f"{API}/API_ListMultipartUploads.html"),
            c("s3", "create_multipart_upload", {**B, "Key": "a b"}, save="one", aws=Has({"Bucket": "artifacts", "Key": "a b"}), page=f"{API}/API_CreateMultipartUpload.html"),
            c("s3", "create_multipart_upload", {**B, "Key": "c"}, save="two", aws=Has({"Key": "c"}), page=f"{API}/API_CreateMultipartUpload.html"),
            c("s3", "upload_part", lambda got: {**B, "Key": "c", "PartNumber": 1, "UploadId": got["two"]["UploadId"], "Body": b"hello"}, aws=Has({"ETag": '"5d41402abc4b2a76b9719d911017c592"'}), page=f"{API}/API_UploadPart.html"),
            c("s3", "list_multipart_uploads", B, aws=Has({"Uploads": [{"Key": "a b", "StorageClass": "STANDARD"}, {"Key": "c"}]}), page=f"{API}/API_ListMultipartUploads.html"),
            c("s3", "list_multipart_uploads", {**B, "MaxUploads": 1}, aws=Has({"IsTruncated": True, "NextKeyMarker": "a b", "Uploads": [{"Key": "a b"}]}), page=f"{API}/API_ListMultipartUploads.html"),
            c("s3", "list_multipart_uploads", {**B, "KeyMarker": "a b"}, aws=Has({"Uploads": [{"Key": "c"}]}), page=f"{API}/API_ListMultipartUploads.html"),
            c("s3", "abort_multipart_upload", lambda got: {**B, "Key": "a b", "UploadId": got["one"]["UploadId"]}),
            c("s3", "abort_multipart_upload", lambda got: {**B, "Key": "a b", "UploadId": got["one"]["UploadId"]}, aws=Error("NoSuchUpload"), page=ERRORS),
            c("s3", "abort_multipart_upload", lambda got: {**B, "Key": "other", "UploadId": got["two"]["UploadId"]}, aws=Error("NoSuchUpload"), page=ERRORS),
            c("s3", "delete_bucket", B, aws=Has({}), page=f"{API}/API_DeleteBucket.html"),
        ],
    ),
    Scenario(
        "s3 across regions and accounts",
        [
            made(),
            c("s3", "raw:get_bucket_versioning", B, region="us-west-2", aws=Has({"body": re.compile("<Code>PermanentRedirect</Code>")}), page=f"{GUIDE}/Redirects.html"),
            c("s3", "head_bucket", B, region="us-west-2", aws=Has({"BucketRegion": REGION}), page=f"{API}/API_HeadBucket.html"),
            c("sts", "get_caller_identity", account=TENANT, aws=Has({"Account": TENANT}), page=f"{GUIDE}/example-walkthroughs-managing-access-example2.html"),
            c("s3", "list_objects_v2", B, account=TENANT, aws=Error("AccessDenied"), page=ERRORS),
            c("s3", "get_bucket_encryption", B, account=TENANT, aws=Error("AccessDenied"), page=ERRORS),
            c("s3", "put_object", {**B, "Key": "k", "Body": b"x"}, aws=Has({}), page=f"{API}/API_PutObject.html"),
            c("s3", "put_bucket_policy", {**B, "Policy": policy(allow(f"arn:aws:iam::{TENANT}:root"), allow(TENANT, "s3:ListBucket", "arn:aws:s3:::artifacts"))}),
            c("s3", "get_object", {**B, "Key": "k"}, account=TENANT, aws=Has({"Body": "x"}), page=f"{GUIDE}/example-walkthroughs-managing-access-example2.html"),
            c("s3", "list_objects_v2", B, account=TENANT, aws=Has({"KeyCount": 1}), page=f"{GUIDE}/example-walkthroughs-managing-access-example2.html"),
            c("s3", "put_object", {**B, "Key": "k", "Body": b"y"}, account=TENANT, aws=Error("AccessDenied"), page=ERRORS),
            c("s3", "list_buckets", account=TENANT, aws=Has({"Buckets": []}), page=f"{API}/API_ListBuckets.html"),
        ],
    ),
]
