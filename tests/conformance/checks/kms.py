"""KMS."""

import json

from harness import ACCOUNT, REGION, Error, Has, Scenario, c

API = "https://docs.aws.amazon.com/kms/latest/APIReference"
GUIDE = "https://docs.aws.amazon.com/kms/latest/developerguide"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
TENANT = "222222222222"
ACROSS = f"{GUIDE}/key-policy-modifying-external-accounts.html"
ABSENT = "11111111-1111-1111-1111-111111111111"


def key_id(got, name="key"):
    return got[name]["KeyMetadata"]["KeyId"]


def on(name="key", **more):
    """Arguments that name a key made before."""
    return lambda got: {"KeyId": key_id(got, name), **more}


def by_arn(name="key", **more):
    """Arguments that name a key made before as another account must."""
    return lambda got: {"KeyId": got[name]["KeyMetadata"]["Arn"], **more}


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(principal, action="kms:*"):
    return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, "Resource": "*"}


METADATA = {
    "AWSAccountId": ACCOUNT,
    "KeyId": "<uuid>",
    "Arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/<uuid>",
    "CreationDate": "<date>",
    "Enabled": True,
    "Description": "",
    "KeyUsage": "ENCRYPT_DECRYPT",
    "KeyState": "Enabled",
    "Origin": "AWS_KMS",
    "KeyManager": "CUSTOMER",
    "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
    "KeySpec": "SYMMETRIC_DEFAULT",
    "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
    "MultiRegion": False,
    "CurrentKeyMaterialId": "<hex64>",
}
KEY_METADATA = f"{API}/API_KeyMetadata.html"
KEY_STATE = f"{GUIDE}/key-state.html"
DEFAULT_POLICY = {
    "Version": "2012-10-17",
    "Id": "key-default-1",
    "Statement": [
        {
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": {"AWS": ROOT},
            "Action": "kms:*",
            "Resource": "*",
        }
    ],
}


def metadata(**more):
    return Has({"KeyMetadata": {**METADATA, **more}})


SCENARIOS = [
    Scenario(
        "kms keys",
        [
            c("kms", "list_keys"),
            c("kms", "create_key", save="key", aws=metadata(), page=KEY_METADATA),
            c("kms", "describe_key", on(), aws=metadata(), page=KEY_METADATA),
            c("kms", "describe_key", lambda got: {"KeyId": got["key"]["KeyMetadata"]["Arn"]}, aws=metadata(), page=KEY_METADATA),
            c("kms", "describe_key", {"KeyId": ABSENT}),
            c("kms", "describe_key", {"KeyId": "x"}, aws=Error("NotFoundException", "^Invalid keyId 'x'$"), page=f"{API}/API_DescribeKey.html"),
            c("kms", "describe_key", {"KeyId": "alias/none"}, aws=Error("NotFoundException", rf"^Alias arn:aws:kms:{REGION}:{ACCOUNT}:alias/none is not found\.$"), page=f"{API}/API_DescribeKey.html"),
            c("kms", "describe_key", {"KeyId": "arn:aws:kms"}, aws=Error("InvalidArnException"), page=f"{API}/API_DescribeKey.html"),
            c("kms", "describe_key", on(), region="us-east-1"),
            c("kms", "list_keys"),
            c("kms", "list_keys", region="us-east-1"),
            c("kms", "update_key_description", on(Description="artifacts")),
            c("kms", "describe_key", on(), aws=metadata(Description="artifacts"), page=KEY_METADATA),
            c("kms", "disable_key", on()),
            c("kms", "describe_key", on(), aws=metadata(Description="artifacts", Enabled=False, KeyState="Disabled"), page=KEY_METADATA),
            c("kms", "encrypt", on(Plaintext=b"x"), aws=Error("DisabledException", "is disabled"), page=KEY_STATE),
            c("kms", "enable_key_rotation", on(), aws=Error("DisabledException"), page=KEY_STATE),
            c("kms", "enable_key", on()),
            c("kms", "create_key", {"Description": "x" * 8193}, aws=Error("ValidationException"), page=f"{API}/API_CreateKey.html"),
            c("kms", "create_key", {"KeySpec": "DES"}, aws=Error("ValidationException", "enum value set"), page=f"{API}/API_CreateKey.html"),
            c("kms", "create_key", {"KeySpec": "RSA_2048"}, aws=Error("ValidationException", "^You must specify a KeyUsage"), page=f"{API}/API_CreateKey.html"),
            c("kms", "create_key", {"KeySpec": "RSA_2048", "KeyUsage": "GENERATE_VERIFY_MAC"}, aws=Error("ValidationException"), page=f"{API}/API_CreateKey.html"),
            c("kms", "create_key", {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}, save="rsa", aws=Has({"KeyMetadata": {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY", "CustomerMasterKeySpec": "RSA_2048"}}), page=KEY_METADATA),
            c("kms", "create_key", {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}, aws=Has({"KeyMetadata": {"MacAlgorithms": ["HMAC_SHA_256"], "KeyUsage": "GENERATE_VERIFY_MAC"}}), page=KEY_METADATA),
            c("kms", "encrypt", on("rsa", Plaintext=b"x"), aws=Error("InvalidKeyUsageException", "key usage is SIGN_VERIFY which is not valid for Encrypt"), page=f"{API}/API_Encrypt.html"),
            c("kms", "list_keys", pages=2, aws=Has({"pages": 2}), page=f"{API}/API_ListKeys.html"),
            c("kms", "list_keys", {"Limit": 0}, aws=Error("ValidationException"), page=f"{API}/API_ListKeys.html"),
            c("kms", "list_keys", {"Marker": "%%"}, aws=Error("InvalidMarkerException"), page=f"{API}/API_ListKeys.html"),
        ],
    ),
    Scenario(
        "kms deletion",
        [
            c("kms", "create_key", save="key", aws=metadata(), page=KEY_METADATA),
            c("kms", "cancel_key_deletion", on(), aws=Error("KMSInvalidStateException", r"is not pending deletion\.$"), page=KEY_STATE),
            c("kms", "schedule_key_deletion", on(PendingWindowInDays=6), aws=Error("ValidationException"), page=f"{API}/API_ScheduleKeyDeletion.html"),
            c("kms", "schedule_key_deletion", on(PendingWindowInDays=31), aws=Error("ValidationException"), page=f"{API}/API_ScheduleKeyDeletion.html"),
            c("kms", "create_alias", lambda got: {"AliasName": "alias/a", "TargetKeyId": key_id(got)}),
            c("kms", "schedule_key_deletion", on(PendingWindowInDays=7), aws=Has({"KeyId": METADATA["Arn"], "DeletionDate": "<date>", "KeyState": "PendingDeletion", "PendingWindowInDays": 7}), page=f"{API}/API_ScheduleKeyDeletion.html"),
            c("kms", "describe_key", on(), aws=metadata(Enabled=False, KeyState="PendingDeletion", DeletionDate="<date>"), page=KEY_METADATA),
            c("kms", "describe_key", {"KeyId": "alias/a"}, aws=metadata(Enabled=False, KeyState="PendingDeletion", DeletionDate="<date>"), page=KEY_METADATA),
            c("kms", "schedule_key_deletion", on(), aws=Error("KMSInvalidStateException", r"is pending deletion\.$"), page=KEY_STATE),
            c("kms", "enable_key", on(), aws=Error("KMSInvalidStateException"), page=KEY_STATE),
            c("kms", "disable_key", on(), aws=Error("KMSInvalidStateException"), page=KEY_STATE),
            c("kms", "enable_key_rotation", on(), aws=Error("KMSInvalidStateException"), page=KEY_STATE),
            c("kms", "update_key_description", on(Description="x"), aws=Error("KMSInvalidStateException"), page=KEY_STATE),
            c("kms", "tag_resource", on(Tags=[{"TagKey": "a", "TagValue": "b"}]), aws=Error("KMSInvalidStateException"), page=KEY_STATE),
            c("kms", "create_alias", lambda got: {"AliasName": "alias/b", "TargetKeyId": key_id(got)}, aws=Error("KMSInvalidStateException"), page=KEY_STATE),
            c("kms", "put_key_policy", on(PolicyName="default", Policy=policy(allow(ROOT)))),
            c("kms", "list_keys"),
            c("kms", "cancel_key_deletion", on(), aws=Has({"KeyId": METADATA["Arn"]}), page=f"{API}/API_CancelKeyDeletion.html"),
            c("kms", "describe_key", on(), aws=metadata(Enabled=False, KeyState="Disabled"), page=KEY_METADATA),
            c("kms", "schedule_key_deletion", on(), aws=Has({"PendingWindowInDays": 30}), page=f"{API}/API_ScheduleKeyDeletion.html"),
            c("kms", "schedule_key_deletion", {"KeyId": ABSENT}),
        ],
    ),
    Scenario(
        "kms aliases",
        [
            c("kms", "create_key", save="key", aws=metadata(), page=KEY_METADATA),
            c("kms", "create_key", save="other", aws=metadata(), page=KEY_METADATA),
            c("kms", "create_alias", lambda got: {"AliasName": "alias/team/a", "TargetKeyId": key_id(got)}),
            c("kms", "create_alias", lambda got: {"AliasName": "alias/team/a", "TargetKeyId": key_id(got)}),
            c("kms", "create_alias", lambda got: {"AliasName": "no-prefix", "TargetKeyId": key_id(got)}),
            c("kms", "create_alias", lambda got: {"AliasName": "alias/aws/mine", "TargetKeyId": key_id(got)}, aws=Error("NotAuthorizedException"), page=f"{API}/API_CreateAlias.html"),
            c("kms", "create_alias", lambda got: {"AliasName": "alias/a b", "TargetKeyId": key_id(got)}),
            c("kms", "create_alias", lambda got: {"AliasName": "alias/" + "a" * 251, "TargetKeyId": key_id(got)}, aws=Error("ValidationException"), page=f"{API}/API_CreateAlias.html"),
            c("kms", "create_alias", {"AliasName": "alias/b", "TargetKeyId": ABSENT}),
            c("kms", "create_alias", {"AliasName": "alias/b", "TargetKeyId": "alias/team/a"}),
            c("kms", "list_aliases", on(), aws=Has({"Aliases": [{"AliasName": "alias/team/a", "AliasArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/team/a", "TargetKeyId": "<uuid>", "CreationDate": "<date>", "LastUpdatedDate": "<date>"}], "Truncated": False}), page=f"{API}/API_AliasListEntry.html"),
            c("kms", "describe_key", {"KeyId": "alias/team/a"}, aws=metadata(), page=KEY_METADATA),
            c("kms", "describe_key", {"KeyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/team/a"}, aws=metadata(), page=KEY_METADATA),
            c("kms", "get_key_policy", {"KeyId": "alias/team/a"}, aws=Error("NotFoundException"), page=f"{API}/API_GetKeyPolicy.html"),
            c("kms", "update_alias", lambda got: {"AliasName": "alias/team/a", "TargetKeyId": key_id(got, "other")}),
            c("kms", "list_aliases", on(), aws=Has({"Aliases": []}), page=f"{API}/API_ListAliases.html"),
            c("kms", "list_aliases", on("other"), aws=Has({"Aliases": [{"AliasName": "alias/team/a"}]}), page=f"{API}/API_ListAliases.html"),
            c("kms", "update_alias", lambda got: {"AliasName": "alias/none", "TargetKeyId": key_id(got)}),
            c("kms", "list_aliases", {"KeyId": ABSENT}),
            c("kms", "list_aliases", pages=5, aws=Has({"pages": 3}), page=f"{API}/API_ListAliases.html"),
            c("kms", "list_aliases", {"Limit": 101}, aws=Error("ValidationException"), page=f"{API}/API_ListAliases.html"),
            c("kms", "delete_alias", {"AliasName": "alias/team/a"}),
            c("kms", "delete_alias", {"AliasName": "alias/team/a"}),
            c("kms", "describe_key", {"KeyId": "alias/aws/s3"}, save="managed", aws=Has({"KeyMetadata": {"KeyManager": "AWS", "KeyState": "Enabled"}}), page=f"{API}/API_DescribeKey.html"),
            c("kms", "schedule_key_deletion", on("managed"), aws=Error("AccessDeniedException"), page=f"{GUIDE}/concepts.html"),
            c("kms", "get_key_rotation_status", on("managed"), aws=Has({"KeyRotationEnabled": True}), page=f"{API}/API_GetKeyRotationStatus.html"),
        ],
    ),
    Scenario(
        "kms policies",
        [
            c("kms", "create_key", save="key", aws=metadata(), page=KEY_METADATA),
            c("kms", "get_key_policy", on(PolicyName="default"), aws=Has({"Policy": DEFAULT_POLICY, "PolicyName": "default"}), page=f"{GUIDE}/key-policy-default.html"),
            c("kms", "get_key_policy", on(), aws=Has({"Policy": DEFAULT_POLICY, "PolicyName": "default"}), page=f"{API}/API_GetKeyPolicy.html"),
            c("kms", "get_key_policy", on(PolicyName="other")),
            c("kms", "get_key_policy", {"KeyId": ABSENT}),
            c("kms", "list_key_policies", on(), aws=Has({"PolicyNames": ["default"], "Truncated": False}), page=f"{API}/API_ListKeyPolicies.html"),
            c("kms", "put_key_policy", on(PolicyName="default", Policy=policy(allow(ROOT), allow(ROOT, ["kms:Decrypt", "kms:DescribeKey"])))),
            c("kms", "get_key_policy", on(PolicyName="default"), aws=Has({"Policy": {"Version": "2012-10-17", "Statement": [allow(ROOT), allow(ROOT, ["kms:Decrypt", "kms:DescribeKey"])]}}), page=f"{API}/API_GetKeyPolicy.html"),
            c("kms", "put_key_policy", on(PolicyName="default", Policy=policy(allow(ACCOUNT)))),
            c("kms", "get_key_policy", on(PolicyName="default"), aws=Has({"Policy": {"Statement": [allow(ROOT)]}}), page="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html"),
            c("kms", "put_key_policy", on(PolicyName="other", Policy=policy(allow(ROOT))), aws=Error("ValidationException"), page=f"{API}/API_PutKeyPolicy.html"),
            c("kms", "put_key_policy", on(PolicyName="default", Policy="{"), aws=Error("MalformedPolicyDocumentException"), page=f"{API}/API_PutKeyPolicy.html"),
            c("kms", "put_key_policy", on(PolicyName="default", Policy=policy(allow(ROOT), {"Effect": "Allow", "Action": "kms:*", "Resource": "*"})), aws=Error("MalformedPolicyDocumentException"), page=f"{API}/API_PutKeyPolicy.html"),
            c("kms", "put_key_policy", on(PolicyName="default", Policy=policy(allow(ROOT), allow(f"arn:aws:iam::{ACCOUNT}:role/none"))), aws=Error("MalformedPolicyDocumentException", "invalid principals"), page=f"{GUIDE}/key-policy-overview.html"),
            c("kms", "put_key_policy", on(PolicyName="default", Policy=policy(allow(ROOT, "kms:DescribeKey"))), aws=Error("MalformedPolicyDocumentException", "^The new key policy will not allow you to update the key policy in the future"), page=f"{API}/API_PutKeyPolicy.html"),
            c("kms", "create_key", {"Policy": policy(allow(ROOT, "kms:DescribeKey"))}, aws=Error("MalformedPolicyDocumentException"), page=f"{API}/API_CreateKey.html"),
            c("kms", "put_key_policy", on(PolicyName="default", Policy=policy(allow(ROOT), allow(ROOT, "kms:" + "a" * 33000))), aws=Error("LimitExceededException"), page=f"{GUIDE}/resource-limits.html"),
            c("iam", "create_role", {"RoleName": "reader", "AssumeRolePolicyDocument": policy({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})}, only=("x",)),
            c("kms", "put_key_policy", on(PolicyName="default", Policy=policy(allow(ROOT), allow(f"arn:aws:iam::{ACCOUNT}:role/reader")))),
            c("kms", "get_key_policy", on(PolicyName="default"), aws=Has({"Policy": {"Statement": [allow(ROOT), allow(f"arn:aws:iam::{ACCOUNT}:role/reader")]}}), page=f"{API}/API_GetKeyPolicy.html"),
            c("iam", "delete_role", {"RoleName": "reader"}),
            c("kms", "get_key_policy", on(PolicyName="default"), aws=Has({"Policy": {"Statement": [allow(ROOT), allow("<AROA>")]}}), page="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html"),
            c("kms", "put_key_policy", on(PolicyName="default", Policy=policy(allow(f"arn:aws:iam::{ACCOUNT}:root", "kms:PutKeyPolicy")))),
            c("kms", "describe_key", on(), aws=Error("AccessDeniedException", "is not authorized to perform: kms:DescribeKey"), page=f"{GUIDE}/policy-evaluation.html"),
        ],
    ),
    Scenario(
        "kms rotation",
        [
            c("kms", "create_key", save="key", aws=metadata(), page=KEY_METADATA),
            c("kms", "get_key_rotation_status", on(), aws=Has({"KeyRotationEnabled": False, "KeyId": "<uuid>"}), page=f"{API}/API_GetKeyRotationStatus.html"),
            c("kms", "enable_key_rotation", on()),
            c("kms", "get_key_rotation_status", on(), aws=Has({"KeyRotationEnabled": True, "RotationPeriodInDays": 365, "NextRotationDate": "<date>", "KeyId": "<uuid>"}), page=f"{API}/API_GetKeyRotationStatus.html"),
            c("kms", "enable_key_rotation", on(RotationPeriodInDays=90)),
            c("kms", "get_key_rotation_status", on(), aws=Has({"RotationPeriodInDays": 90}), page=f"{API}/API_EnableKeyRotation.html"),
            c("kms", "enable_key_rotation", on(RotationPeriodInDays=89), aws=Error("ValidationException"), page=f"{API}/API_EnableKeyRotation.html"),
            c("kms", "enable_key_rotation", on(RotationPeriodInDays=2561), aws=Error("ValidationException"), page=f"{API}/API_EnableKeyRotation.html"),
            c("kms", "rotate_key_on_demand", on(), aws=Has({"KeyId": "<uuid>"}), page=f"{API}/API_RotateKeyOnDemand.html"),
            c("kms", "list_key_rotations", on(), aws=Has({"Rotations": [{"KeyId": "<uuid>", "RotationDate": "<date>", "RotationType": "ON_DEMAND", "KeyMaterialState": "CURRENT"}], "Truncated": False}), page=f"{API}/API_ListKeyRotations.html"),
            c("kms", "disable_key_rotation", on()),
            c("kms", "get_key_rotation_status", on(), aws=Has({"KeyRotationEnabled": False}), page=f"{API}/API_GetKeyRotationStatus.html"),
            c("kms", "get_key_rotation_status", {"KeyId": ABSENT}),
            c("kms", "create_key", {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}, save="rsa", only=("x",)),
            c("kms", "enable_key_rotation", on("rsa"), aws=Error("UnsupportedOperationException"), page=f"{API}/API_EnableKeyRotation.html"),
        ],
    ),
    Scenario(
        "kms tags",
        [
            c("kms", "create_key", {"Tags": [{"TagKey": "team", "TagValue": "platform"}, {"TagKey": "empty", "TagValue": ""}]}, save="key", aws=metadata(), page=KEY_METADATA),
            c("kms", "list_resource_tags", on(), aws=Has({"Tags": [{"TagKey": "team", "TagValue": "platform"}, {"TagKey": "empty", "TagValue": ""}], "Truncated": False}), page=f"{API}/API_ListResourceTags.html"),
            c("kms", "tag_resource", on(Tags=[{"TagKey": "team", "TagValue": "delivery"}, {"TagKey": "new", "TagValue": "1"}])),
            c("kms", "list_resource_tags", on(), only=("Tags",)),
            c("kms", "list_resource_tags", on(), pages=2, aws=Has({"pages": 2}), page=f"{API}/API_ListResourceTags.html"),
            c("kms", "untag_resource", on(TagKeys=["new", "never"])),
            c("kms", "list_resource_tags", on(), only=("Tags",)),
            c("kms", "tag_resource", on(Tags=[{"TagKey": "aws:x", "TagValue": "1"}]), aws=Error("TagException"), page=f"{API}/API_TagResource.html"),
            c("kms", "tag_resource", on(Tags=[{"TagKey": "a", "TagValue": "1"}, {"TagKey": "a", "TagValue": "2"}]), aws=Error("TagException", "Duplicate tag keys"), page=f"{API}/API_TagResource.html"),
            c("kms", "tag_resource", on(Tags=[{"TagKey": "k" * 129, "TagValue": "1"}]), aws=Error("ValidationException"), page=f"{API}/API_Tag.html"),
            c("kms", "tag_resource", on(Tags=[{"TagKey": "k", "TagValue": "v" * 257}]), aws=Error("ValidationException"), page=f"{API}/API_Tag.html"),
            c("kms", "tag_resource", on(Tags=[{"TagKey": f"k{n}", "TagValue": "v"} for n in range(49)]), aws=Error("LimitExceededException"), page=f"{API}/API_TagResource.html"),
            c("kms", "tag_resource", {"KeyId": ABSENT, "Tags": []}),
            c("kms", "list_resource_tags", {"KeyId": ABSENT}),
        ],
    ),
    Scenario(
        "kms cipher and grants",
        [
            c("kms", "create_key", save="key", aws=metadata(), page=KEY_METADATA),
            c("kms", "create_alias", lambda got: {"AliasName": "alias/a", "TargetKeyId": key_id(got)}),
            c("kms", "encrypt", {"KeyId": "alias/a", "Plaintext": b"secret", "EncryptionContext": {"a": "b"}}, save="sealed", aws=Has({"KeyId": METADATA["Arn"], "CiphertextBlob": "<CiphertextBlob>", "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}), page=f"{API}/API_Encrypt.html"),
            c("kms", "decrypt", lambda got: {"CiphertextBlob": got["sealed"]["CiphertextBlob"], "EncryptionContext": {"a": "b"}}, aws=Has({"KeyId": METADATA["Arn"], "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}), page=f"{API}/API_Decrypt.html"),
            c("kms", "decrypt", lambda got: {"CiphertextBlob": got["sealed"]["CiphertextBlob"]}),
            c("kms", "decrypt", {"CiphertextBlob": b"nonsense"}, aws=Error("InvalidCiphertextException"), page=f"{API}/API_Decrypt.html"),
            c("kms", "generate_data_key", {"KeyId": "alias/a", "KeySpec": "AES_256"}, aws=Has({"KeyId": METADATA["Arn"], "CiphertextBlob": "<CiphertextBlob>", "Plaintext": "<Plaintext>"}), page=f"{API}/API_GenerateDataKey.html"),
            c("kms", "generate_data_key", {"KeyId": "alias/a"}),
            c("kms", "encrypt", {"KeyId": "alias/a", "Plaintext": b"x" * 4097}),
            c("kms", "create_grant", on(GranteePrincipal=ROOT, Operations=["Decrypt"], Name="g"), save="grant"),
            c("kms", "list_grants", on(), aws=Has({"Grants": [{"KeyId": METADATA["Arn"], "Name": "g", "CreationDate": "<date>", "GranteePrincipal": ROOT, "IssuingAccount": ROOT, "Operations": ["Decrypt"]}], "Truncated": False}), page=f"{API}/API_GrantListEntry.html"),
            c("kms", "revoke_grant", lambda got: {"KeyId": key_id(got), "GrantId": got["grant"]["GrantId"]}),
            c("kms", "list_grants", on(), aws=Has({"Grants": []}), page=f"{API}/API_ListGrants.html"),
            c("kms", "revoke_grant", on(GrantId="0" * 64)),
            c("kms", "create_grant", on(Operations=["Decrypt"]), aws=Error("ValidationException"), page=f"{API}/API_CreateGrant.html"),
            c("kms", "create_grant", on(GranteePrincipal=ROOT, Operations=["Sign"]), aws=Error("ValidationException"), page=f"{GUIDE}/grants.html"),
            c("kms", "create_grant", on(GranteePrincipal=ROOT, Operations=["Decrypt"], Name="a b"), aws=Error("ValidationException"), page=f"{API}/API_CreateGrant.html"),
            c("kms", "create_grant", on(GranteePrincipal=ROOT, Operations=["Decrypt", "DescribeKey"], Constraints={"EncryptionContextSubset": {"team": "a"}}, RetiringPrincipal=ROOT, Name="trueup:g"), save="bound"),
            c("kms", "list_grants", on(), aws=Has({"Grants": [{"Name": "trueup:g", "RetiringPrincipal": ROOT, "Constraints": {"EncryptionContextSubset": {"team": "a"}}, "Operations": ["Decrypt", "DescribeKey"]}]}), page=f"{API}/API_GrantListEntry.html"),
            c("kms", "list_retirable_grants", {"RetiringPrincipal": ROOT}, aws=Has({"Grants": [{"Name": "trueup:g"}]}), page=f"{API}/API_ListRetirableGrants.html"),
            c("kms", "disable_key", on()),
            c("kms", "create_grant", on(GranteePrincipal=ROOT, Operations=["Decrypt"]), aws=Error("DisabledException"), page=KEY_STATE),
            c("kms", "list_grants", on(), aws=Has({"Grants": [{"Name": "trueup:g"}]}), page=KEY_STATE),
            c("kms", "revoke_grant", lambda got: {"KeyId": key_id(got), "GrantId": got["bound"]["GrantId"]}),
            c("kms", "create_key", {"KeySpec": "ECC_NIST_EDWARDS25519", "KeyUsage": "KEY_AGREEMENT"}, aws=Error("ValidationException"), page=f"{API}/API_CreateKey.html"),
        ],
    ),
    Scenario(
        "kms multi-region",
        [
            c("kms", "create_key", {"MultiRegion": True}, save="key", aws=Has({"KeyMetadata": {"KeyId": "<mrk>", "MultiRegion": True, "MultiRegionConfiguration": {"MultiRegionKeyType": "PRIMARY", "PrimaryKey": {"Arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/<mrk>", "Region": REGION}, "ReplicaKeys": []}}}), page=KEY_METADATA),
            c("kms", "replicate_key", on(ReplicaRegion="us-east-1"), aws=Has({"ReplicaKeyMetadata": {"KeyId": "<mrk>", "MultiRegionConfiguration": {"MultiRegionKeyType": "REPLICA", "ReplicaKeys": [{"Region": "us-east-1"}]}}, "ReplicaTags": []}), page=f"{API}/API_ReplicateKey.html"),
            c("kms", "replicate_key", on(ReplicaRegion="us-east-1"), aws=Error("AlreadyExistsException"), page=f"{API}/API_ReplicateKey.html"),
            c("kms", "describe_key", on(), region="us-east-1", aws=Has({"KeyMetadata": {"MultiRegionConfiguration": {"MultiRegionKeyType": "REPLICA"}}}), page=KEY_METADATA),
            c("kms", "schedule_key_deletion", on(), aws=Has({"KeyState": "PendingReplicaDeletion"}), page=f"{API}/API_ScheduleKeyDeletion.html"),
        ],
    ),
    Scenario(
        "kms across accounts",
        [
            c("sts", "get_caller_identity", account=TENANT, aws=Has({"Account": TENANT}), page=f"{GUIDE}/key-policy-modifying-external-accounts.html"),
            c("kms", "create_key", {"Policy": policy(allow(ROOT), allow(TENANT, ["kms:DescribeKey", "kms:Decrypt"]))}, save="key", aws=metadata(), page=KEY_METADATA),
            c("kms", "create_key", save="shut", aws=metadata(), page=KEY_METADATA),
            c("kms", "create_alias", lambda got: {"AliasName": "alias/a", "TargetKeyId": key_id(got)}),
            c("kms", "encrypt", on(Plaintext=b"x"), save="sealed", aws=Has({"KeyId": METADATA["Arn"]}), page=f"{API}/API_Encrypt.html"),
            c("kms", "describe_key", by_arn(), account=TENANT, aws=metadata(), page=ACROSS),
            c("kms", "describe_key", {"KeyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/a"}, account=TENANT, aws=metadata(), page=ACROSS),
            c("kms", "describe_key", on(), account=TENANT, aws=Error("NotFoundException"), page=ACROSS),
            c("kms", "describe_key", by_arn("shut"), account=TENANT, aws=Error("AccessDeniedException"), page=ACROSS),
            c("kms", "decrypt", lambda got: {"CiphertextBlob": got["sealed"]["CiphertextBlob"]}, account=TENANT, aws=Has({"KeyId": METADATA["Arn"]}), page=ACROSS),
            c("kms", "encrypt", by_arn(Plaintext=b"x"), account=TENANT, aws=Error("AccessDeniedException"), page=ACROSS),
            c("kms", "get_key_policy", by_arn(), account=TENANT, aws=Error("AccessDeniedException"), page=f"{API}/API_GetKeyPolicy.html"),
            c("kms", "list_keys", account=TENANT, aws=Has({"Keys": []}), page=f"{API}/API_ListKeys.html"),
            c("kms", "put_key_policy", on(PolicyName="default", Policy=policy(allow(ROOT), allow("arn:aws:iam::222222222222:role/none"))), aws=Error("MalformedPolicyDocumentException"), page=f"{API}/API_PutKeyPolicy.html"),
        ],
    ),
]
