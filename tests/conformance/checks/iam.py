"""IAM."""

import json
import re

from harness import ACCOUNT, Error, Has, Scenario, c

API = "https://docs.aws.amazon.com/IAM/latest/APIReference"
GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide"
QUOTAS = f"{GUIDE}/reference_iam-quotas.html"
GRAMMAR = f"{GUIDE}/reference_policies_grammar.html"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def document(*statements, version="2012-10-17"):
    return json.dumps({"Version": version, "Statement": list(statements)})


TRUST = document({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
OTHER_TRUST = document({"Effect": "Allow", "Principal": {"Service": "codepipeline.amazonaws.com"}, "Action": "sts:AssumeRole"})
READ = document({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"})
WRITE = document({"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"], "Resource": ["*"]})


def trust_in(principal, **more):
    return document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more})


def arn(kind, name):
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"


def role(name="deploy", **more):
    return {"RoleName": name, "AssumeRolePolicyDocument": TRUST, **more}


def refused_role(name="deploy", **more):
    """A role that AWS refuses for one of its members."""
    return {**role(name), **more}


def tags(*names):
    return [{"Key": name, "Value": "v"} for name in names]


ENCODED = re.compile("%7B%22Version%22%3A(%20|\\+)?%222012-10-17%22")

SCENARIOS = [
    Scenario(
        "iam documents on the wire",
        [
            c("iam", "create_role", role(), only=("x",)),
            c("iam", "put_role_policy", {"RoleName": "deploy", "PolicyName": "read", "PolicyDocument": READ}),
            c("iam", "create_policy", {"PolicyName": "read", "PolicyDocument": READ}, only=("x",)),
            c("iam", "raw:get_role", {"RoleName": "deploy"}, aws=Has({"body": ENCODED}), page=f"{API}/API_Role.html"),
            c("iam", "raw:list_roles", aws=Has({"body": ENCODED}), page=f"{API}/API_Role.html"),
            c("iam", "raw:get_role_policy", {"RoleName": "deploy", "PolicyName": "read"}, aws=Has({"body": ENCODED}), page=f"{API}/API_GetRolePolicy.html"),
            c("iam", "raw:get_policy_version", {"PolicyArn": arn("policy", "read"), "VersionId": "v1"}, aws=Has({"body": ENCODED}), page=f"{API}/API_PolicyVersion.html"),
            c("iam", "raw:get_account_authorization_details", aws=Has({"body": ENCODED}), page=f"{API}/API_PolicyDetail.html"),
            c("iam", "raw:get_role", {"RoleName": "deploy"}, aws=Has({"body": re.compile("<RequestId>[0-9a-f-]+</RequestId>")}), page=f"{API}/API_GetRole.html"),
        ],
    ),
    Scenario(
        "iam roles",
        [
            c("iam", "list_roles"),
            c("iam", "create_role", role(Path="/team/", Description="deploys", MaxSessionDuration=7200, Tags=tags("a", "b")), aws=Has({"Role": {"Path": "/team/", "RoleName": "deploy", "RoleId": "<AROA>", "Arn": arn("role", "team/deploy"), "CreateDate": "<date>", "AssumeRolePolicyDocument": json.loads(TRUST), "Tags": tags("a", "b")}}), page=f"{API}/API_CreateRole.html"),
            c("iam", "get_role", {"RoleName": "deploy"}, aws=Has({"Role": {"Path": "/team/", "RoleName": "deploy", "RoleId": "<AROA>", "Arn": arn("role", "team/deploy"), "CreateDate": "<date>", "AssumeRolePolicyDocument": json.loads(TRUST), "Description": "deploys", "MaxSessionDuration": 7200, "Tags": tags("a", "b"), "RoleLastUsed": {}}}), page=f"{API}/API_Role.html"),
            c("iam", "create_role", role()),
            c("iam", "create_role", role("DEPLOY"), aws=Error("EntityAlreadyExists"), page=f"{API}/API_CreateRole.html"),
            c("iam", "get_role", {"RoleName": "none"}, aws=Error("NoSuchEntity", r"^The role with name none cannot be found\.$"), page=f"{API}/API_GetRole.html"),
            c("iam", "list_roles", aws=Has({"Roles": [{"RoleName": "deploy", "Description": "deploys", "MaxSessionDuration": 7200}], "IsTruncated": False}), page=f"{API}/API_ListRoles.html"),
            c("iam", "update_role", {"RoleName": "deploy", "Description": "new", "MaxSessionDuration": 3600}),
            c("iam", "get_role", {"RoleName": "deploy"}, aws=Has({"Role": {"Description": "new", "MaxSessionDuration": 3600}}), page=f"{API}/API_UpdateRole.html"),
            c("iam", "update_role", {"RoleName": "deploy", "MaxSessionDuration": 3599}, aws=Error("ValidationError"), page=f"{API}/API_UpdateRole.html"),
            c("iam", "update_role", {"RoleName": "none"}),
            c("iam", "update_role_description", {"RoleName": "deploy", "Description": "newer"}, aws=Has({"Role": {"Description": "newer"}}), page=f"{API}/API_UpdateRoleDescription.html"),
            c("iam", "update_assume_role_policy", {"RoleName": "deploy", "PolicyDocument": OTHER_TRUST}),
            c("iam", "get_role", {"RoleName": "deploy"}, aws=Has({"Role": {"AssumeRolePolicyDocument": json.loads(OTHER_TRUST)}}), page=f"{API}/API_UpdateAssumeRolePolicy.html"),
            c("iam", "delete_role", {"RoleName": "deploy"}),
            c("iam", "delete_role", {"RoleName": "deploy"}),
            c("iam", "get_role", {"RoleName": "deploy"}),
            c("iam", "create_role", role("plain"), only=("x",)),
            c("iam", "get_role", {"RoleName": "plain"}, aws=Has({"Role": {"Path": "/", "MaxSessionDuration": 3600}}), page=f"{API}/API_CreateRole.html"),
        ],
    ),
    Scenario(
        "iam role limits",
        [
            c("iam", "create_role", refused_role("a b"), aws=Error("ValidationError"), page=f"{API}/API_CreateRole.html"),
            c("iam", "create_role", refused_role("a" * 65), aws=Error("ValidationError"), page=QUOTAS),
            c("iam", "create_role", refused_role(Path="team"), aws=Error("ValidationError"), page=f"{API}/API_CreateRole.html"),
            c("iam", "create_role", refused_role(Path="/team"), aws=Error("ValidationError"), page=f"{API}/API_CreateRole.html"),
            c("iam", "create_role", refused_role(MaxSessionDuration=43201), aws=Error("ValidationError"), page=f"{API}/API_CreateRole.html"),
            c("iam", "create_role", refused_role(Description="x" * 1001), aws=Error("ValidationError"), page=f"{API}/API_CreateRole.html"),
            c("iam", "create_role", refused_role(Tags=tags(*(f"t{n}" for n in range(51)))), aws=Error("ValidationError"), page=QUOTAS),
            c("iam", "create_role", refused_role(Tags=tags("a", "A")), aws=Error("InvalidInput"), page=f"{GUIDE}/id_tags.html"),
            c("iam", "create_role", refused_role(Tags=tags("aws:x")), aws=Error("InvalidInput"), page=f"{GUIDE}/id_tags.html"),
            c("iam", "create_role", refused_role(Tags=tags("k" * 129)), aws=Error("ValidationError"), page=QUOTAS),
            c("iam", "create_role", refused_role(PermissionsBoundary=arn("policy", "none")), aws=Error("NoSuchEntity"), page=f"{API}/API_CreateRole.html"),
            c("iam", "create_role", refused_role(AssumeRolePolicyDocument="{"), aws=Error("MalformedPolicyDocument"), page=GRAMMAR),
            c("iam", "create_role", refused_role(AssumeRolePolicyDocument=READ), aws=Error("MalformedPolicyDocument"), page=GRAMMAR),
            c("iam", "create_role", refused_role(AssumeRolePolicyDocument=trust_in({"Service": "ec2.amazonaws.com"}, Resource="*")), aws=Error("MalformedPolicyDocument", "Has prohibited field Resource"), page=GRAMMAR),
            c("iam", "create_role", refused_role(AssumeRolePolicyDocument=trust_in({"AWS": arn("role", "none")})), aws=Error("MalformedPolicyDocument", "^Invalid principal in policy"), page=f"{GUIDE}/reference_policies_elements_principal.html"),
            c("iam", "create_role", refused_role(AssumeRolePolicyDocument=trust_in({"AWS": "*"}, Condition={"Foo": {"a": "b"}})), aws=Error("MalformedPolicyDocument"), page=GRAMMAR),
            c("iam", "create_role", refused_role(AssumeRolePolicyDocument=trust_in({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, Sid="x" * 2048)), aws=Error("LimitExceeded"), page=QUOTAS),
            c("iam", "list_roles", aws=Has({"Roles": []}), page=f"{API}/API_CreateRole.html"),
        ],
    ),
    Scenario(
        "iam paging",
        [
            *(c("iam", "create_role", role(f"r{n}", Path="/a/" if n < 3 else "/b/"), only=("x",)) for n in range(5)),
            c("iam", "list_roles", pages=2),
            c("iam", "list_roles", {"PathPrefix": "/a/"}, aws=Has({"Roles": [{"RoleName": f"r{n}"} for n in range(3)]}), page=f"{API}/API_ListRoles.html"),
            c("iam", "list_roles", {"MaxItems": 2}, aws=Has({"IsTruncated": True, "Marker": "<marker>", "Roles": [{"RoleName": "r0"}, {"RoleName": "r1"}]}), page=f"{API}/API_ListRoles.html"),
            c("iam", "list_roles", {"MaxItems": 1001}, aws=Error("ValidationError"), page=f"{API}/API_ListRoles.html"),
            c("iam", "list_roles", {"Marker": "nonsense"}, aws=Error("ValidationError"), page=f"{API}/API_ListRoles.html"),
            *(c("iam", "put_role_policy", {"RoleName": "r0", "PolicyName": f"p{n}", "PolicyDocument": READ}) for n in range(3)),
            c("iam", "list_role_policies", {"RoleName": "r0"}, pages=2, aws=Has({"pages": 2, "PolicyNames": ["p0", "p1", "p2"]}), page=f"{API}/API_ListRolePolicies.html"),
            c("iam", "get_account_authorization_details", {"Filter": ["Role"]}, pages=2, aws=Has({"pages": 3, "RoleDetailList": [{"RoleName": f"r{n}"} for n in range(5)]}), page=f"{API}/API_GetAccountAuthorizationDetails.html"),
        ],
    ),
    Scenario(
        "iam inline policies",
        [
            c("iam", "create_role", role(), only=("x",)),
            c("iam", "put_role_policy", {"RoleName": "deploy", "PolicyName": "read", "PolicyDocument": READ}),
            c("iam", "get_role_policy", {"RoleName": "deploy", "PolicyName": "read"}),
            c("iam", "put_role_policy", {"RoleName": "deploy", "PolicyName": "read", "PolicyDocument": WRITE}),
            c("iam", "get_role_policy", {"RoleName": "deploy", "PolicyName": "read"}),
            c("iam", "list_role_policies", {"RoleName": "deploy"}),
            c("iam", "get_role_policy", {"RoleName": "deploy", "PolicyName": "none"}),
            c("iam", "get_role_policy", {"RoleName": "none", "PolicyName": "none"}),
            c("iam", "put_role_policy", {"RoleName": "none", "PolicyName": "read", "PolicyDocument": READ}),
            c("iam", "put_role_policy", {"RoleName": "deploy", "PolicyName": "a b", "PolicyDocument": READ}, aws=Error("ValidationError"), page=f"{API}/API_PutRolePolicy.html"),
            c("iam", "put_role_policy", {"RoleName": "deploy", "PolicyName": "x", "PolicyDocument": "{"}),
            c("iam", "put_role_policy", {"RoleName": "deploy", "PolicyName": "x", "PolicyDocument": TRUST}),
            c("iam", "put_role_policy", {"RoleName": "deploy", "PolicyName": "x", "PolicyDocument": document({"Effect": "Allow", "Action": "s3:*"})}),
            c("iam", "put_role_policy", {"RoleName": "deploy", "PolicyName": "x", "PolicyDocument": document({"Effect": "allow", "Action": "s3:*", "Resource": "*"})}),
            c("iam", "put_role_policy", {"RoleName": "deploy", "PolicyName": "x", "PolicyDocument": document({"Effect": "Allow", "Action": "everything", "Resource": "*"})}),
            c("iam", "put_role_policy", {"RoleName": "deploy", "PolicyName": "x", "PolicyDocument": document({"Effect": "Allow", "Action": "s3:*", "Resource": "bucket"})}),
            c("iam", "put_role_policy", {"RoleName": "deploy", "PolicyName": "x", "PolicyDocument": document({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Colour": "red"})}),
            c("iam", "put_role_policy", {"RoleName": "deploy", "PolicyName": "x", "PolicyDocument": document({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, version="2015-01-01")}),
            c("iam", "put_role_policy", {"RoleName": "deploy", "PolicyName": "x", "PolicyDocument": document({"Sid": "a b", "Effect": "Allow", "Action": "s3:*", "Resource": "*"})}, aws=Error("MalformedPolicyDocument", "alpha-?numeric"), page=f"{GUIDE}/reference_policies_elements_sid.html"),
            c("iam", "put_role_policy", {"RoleName": "deploy", "PolicyName": "x", "PolicyDocument": document({"Sid": "a", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}, {"Sid": "a", "Effect": "Deny", "Action": "s3:*", "Resource": "*"})}),
            c("iam", "put_role_policy", {"RoleName": "deploy", "PolicyName": "x", "PolicyDocument": document({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"StringLikes": {"a": "b"}}})}),
            c("iam", "put_role_policy", {"RoleName": "deploy", "PolicyName": "big", "PolicyDocument": document({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::" + "b" * 10240})}, aws=Error("LimitExceeded", "Maximum policy size of 10240 bytes exceeded for role deploy"), page=QUOTAS),
            c("iam", "delete_role", {"RoleName": "deploy"}),
            c("iam", "delete_role_policy", {"RoleName": "deploy", "PolicyName": "read"}),
            c("iam", "delete_role_policy", {"RoleName": "deploy", "PolicyName": "read"}),
            c("iam", "delete_role", {"RoleName": "deploy"}, aws=Has({}), page=f"{API}/API_DeleteRole.html"),
        ],
    ),
    Scenario(
        "iam managed policies",
        [
            c("iam", "create_policy", {"PolicyName": "read", "PolicyDocument": READ, "Path": "/team/", "Description": "reads", "Tags": tags("a")}, aws=Has({"Policy": {"PolicyName": "read", "PolicyId": "<ANPA>", "Arn": arn("policy", "team/read"), "Path": "/team/", "DefaultVersionId": "v1", "AttachmentCount": 0, "PermissionsBoundaryUsageCount": 0, "IsAttachable": True, "CreateDate": "<date>", "UpdateDate": "<date>", "Tags": tags("a")}}), page=f"{API}/API_CreatePolicy.html"),
            c("iam", "get_policy", {"PolicyArn": arn("policy", "team/read")}, aws=Has({"Policy": {"PolicyId": "<ANPA>", "Description": "reads", "PermissionsBoundaryUsageCount": 0, "Tags": tags("a")}}), page=f"{API}/API_GetPolicy.html"),
            c("iam", "create_policy", {"PolicyName": "read", "PolicyDocument": READ}, aws=Error("EntityAlreadyExists"), page=f"{API}/API_CreatePolicy.html"),
            c("iam", "create_policy", {"PolicyName": "bad", "PolicyDocument": "{"}),
            c("iam", "create_policy", {"PolicyName": "big", "PolicyDocument": document({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::" + "b" * 6144})}, aws=Error("LimitExceeded"), page=QUOTAS),
            c("iam", "get_policy", {"PolicyArn": arn("policy", "none")}),
            c("iam", "list_policies", {"Scope": "Local"}, aws=Has({"Policies": [{"PolicyName": "read", "AttachmentCount": 0}], "IsTruncated": False}), page=f"{API}/API_ListPolicies.html"),
            c("iam", "get_policy_version", {"PolicyArn": arn("policy", "team/read"), "VersionId": "v1"}),
            c("iam", "create_policy_version", {"PolicyArn": arn("policy", "team/read"), "PolicyDocument": WRITE, "SetAsDefault": True}, aws=Has({"PolicyVersion": {"VersionId": "v2", "IsDefaultVersion": True, "CreateDate": "<date>"}}), page=f"{API}/API_CreatePolicyVersion.html"),
            *(c("iam", "create_policy_version", {"PolicyArn": arn("policy", "team/read"), "PolicyDocument": WRITE}, only=("x",)) for _ in range(3)),
            c("iam", "create_policy_version", {"PolicyArn": arn("policy", "team/read"), "PolicyDocument": WRITE}, aws=Error("LimitExceeded"), page=f"{API}/API_CreatePolicyVersion.html"),
            c("iam", "list_policy_versions", {"PolicyArn": arn("policy", "team/read")}, aws=Has({"Versions": [{"VersionId": f"v{n}", "IsDefaultVersion": n == 2, "CreateDate": "<date>"} for n in range(1, 6)], "IsTruncated": False}), page=f"{API}/API_ListPolicyVersions.html"),
            c("iam", "delete_policy_version", {"PolicyArn": arn("policy", "team/read"), "VersionId": "v2"}, aws=Error("DeleteConflict"), page=f"{API}/API_DeletePolicyVersion.html"),
            c("iam", "delete_policy_version", {"PolicyArn": arn("policy", "team/read"), "VersionId": "v1"}),
            c("iam", "set_default_policy_version", {"PolicyArn": arn("policy", "team/read"), "VersionId": "v3"}),
            c("iam", "set_default_policy_version", {"PolicyArn": arn("policy", "team/read"), "VersionId": "v1"}, aws=Error("NoSuchEntity"), page=f"{API}/API_SetDefaultPolicyVersion.html"),
            c("iam", "get_policy", {"PolicyArn": arn("policy", "team/read")}, aws=Has({"Policy": {"DefaultVersionId": "v3", "Description": "reads"}}), page=f"{API}/API_GetPolicy.html"),
            c("iam", "delete_policy", {"PolicyArn": arn("policy", "team/read")}, aws=Error("DeleteConflict"), page=f"{API}/API_DeletePolicy.html"),
            c("iam", "tag_policy", {"PolicyArn": arn("policy", "team/read"), "Tags": tags("b")}, aws=Has({}), page=f"{API}/API_TagPolicy.html"),
            c("iam", "list_policy_tags", {"PolicyArn": arn("policy", "team/read")}, aws=Has({"Tags": tags("a", "b"), "IsTruncated": False}), page=f"{API}/API_ListPolicyTags.html"),
            c("iam", "untag_policy", {"PolicyArn": arn("policy", "team/read"), "TagKeys": ["a"]}, aws=Has({}), page=f"{API}/API_UntagPolicy.html"),
            c("iam", "list_policy_tags", {"PolicyArn": arn("policy", "team/read")}, aws=Has({"Tags": tags("b"), "IsTruncated": False}), page=f"{API}/API_ListPolicyTags.html"),
            *(c("iam", "delete_policy_version", {"PolicyArn": arn("policy", "team/read"), "VersionId": f"v{n}"}, aws=Has({}), page=f"{API}/API_DeletePolicyVersion.html") for n in (2, 4, 5)),
            c("iam", "delete_policy", {"PolicyArn": arn("policy", "team/read")}, aws=Has({}), page=f"{API}/API_DeletePolicy.html"),
            c("iam", "delete_policy", {"PolicyArn": arn("policy", "team/read")}),
        ],
    ),
    Scenario(
        "iam attachments",
        [
            c("iam", "create_role", role(), only=("x",)),
            c("iam", "create_policy", {"PolicyName": "read", "PolicyDocument": READ}, only=("x",)),
            c("iam", "attach_role_policy", {"RoleName": "deploy", "PolicyArn": arn("policy", "read")}),
            c("iam", "attach_role_policy", {"RoleName": "deploy", "PolicyArn": arn("policy", "read")}),
            c("iam", "attach_role_policy", {"RoleName": "deploy", "PolicyArn": READ_ONLY}),
            c("iam", "attach_role_policy", {"RoleName": "deploy", "PolicyArn": arn("policy", "none")}),
            c("iam", "attach_role_policy", {"RoleName": "none", "PolicyArn": READ_ONLY}),
            c("iam", "attach_role_policy", {"RoleName": "deploy", "PolicyArn": "nonsense"}, aws=Error("ValidationError"), page=f"{API}/API_AttachRolePolicy.html"),
            c("iam", "list_attached_role_policies", {"RoleName": "deploy"}),
            c("iam", "get_policy", {"PolicyArn": arn("policy", "read")}, aws=Has({"Policy": {"AttachmentCount": 1}}), page=f"{API}/API_GetPolicy.html"),
            c("iam", "list_entities_for_policy", {"PolicyArn": arn("policy", "read")}),
            c("iam", "delete_policy", {"PolicyArn": arn("policy", "read")}, aws=Error("DeleteConflict"), page=f"{API}/API_DeletePolicy.html"),
            c("iam", "delete_role", {"RoleName": "deploy"}),
            c("iam", "detach_role_policy", {"RoleName": "deploy", "PolicyArn": arn("policy", "read")}, aws=Has({}), page=f"{API}/API_DetachRolePolicy.html"),
            c("iam", "detach_role_policy", {"RoleName": "deploy", "PolicyArn": arn("policy", "read")}),
            c("iam", "detach_role_policy", {"RoleName": "deploy", "PolicyArn": READ_ONLY}),
            c("iam", "put_role_permissions_boundary", {"RoleName": "deploy", "PermissionsBoundary": arn("policy", "read")}),
            c("iam", "get_role", {"RoleName": "deploy"}, aws=Has({"Role": {"PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn("policy", "read")}}}), page=f"{API}/API_AttachedPermissionsBoundary.html"),
            c("iam", "get_policy", {"PolicyArn": arn("policy", "read")}, aws=Has({"Policy": {"PermissionsBoundaryUsageCount": 1}}), page=f"{API}/API_Policy.html"),
            c("iam", "delete_policy", {"PolicyArn": arn("policy", "read")}, aws=Error("DeleteConflict"), page=f"{GUIDE}/access_policies_boundaries.html"),
            c("iam", "put_role_permissions_boundary", {"RoleName": "deploy", "PermissionsBoundary": arn("policy", "none")}, aws=Error("NoSuchEntity"), page=f"{API}/API_PutRolePermissionsBoundary.html"),
            c("iam", "delete_role_permissions_boundary", {"RoleName": "deploy"}),
            *(c("iam", "create_policy", {"PolicyName": f"p{n}", "PolicyDocument": READ}, only=("x",)) for n in range(11)),
            *(c("iam", "attach_role_policy", {"RoleName": "deploy", "PolicyArn": arn("policy", f"p{n}")}) for n in range(10)),
            c("iam", "attach_role_policy", {"RoleName": "deploy", "PolicyArn": arn("policy", "p10")}, aws=Error("LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10"), page=QUOTAS),
            c("iam", "list_attached_role_policies", {"RoleName": "deploy"}, pages=4, aws=Has({"pages": 3}), page=f"{API}/API_ListAttachedRolePolicies.html"),
            c("iam", "list_policies", {"OnlyAttached": True, "Scope": "Local"}, aws=Has({"Policies": [{"PolicyName": f"p{n}", "AttachmentCount": 1} for n in range(10)]}), page=f"{API}/API_ListPolicies.html"),
            c("iam", "list_policies", {"Scope": "AWS", "PathPrefix": "/service-role/", "MaxItems": 1}, aws=Has({"IsTruncated": True}), page=f"{API}/API_ListPolicies.html"),
            c("iam", "get_policy", {"PolicyArn": READ_ONLY}, aws=Has({"Policy": {"PolicyName": "ReadOnlyAccess", "Arn": READ_ONLY, "Path": "/", "IsAttachable": True}}), page=f"{API}/API_GetPolicy.html"),
        ],
    ),
    Scenario(
        "iam instance profiles",
        [
            c("iam", "create_role", role(), only=("x",)),
            c("iam", "create_role", role("other"), only=("x",)),
            c("iam", "create_instance_profile", {"InstanceProfileName": "p", "Path": "/team/", "Tags": tags("a")}, aws=Has({"InstanceProfile": {"InstanceProfileName": "p", "InstanceProfileId": "<AIPA>", "Roles": [], "Tags": tags("a")}}), page=f"{API}/API_CreateInstanceProfile.html"),
            c("iam", "create_instance_profile", {"InstanceProfileName": "p"}),
            c("iam", "add_role_to_instance_profile", {"InstanceProfileName": "p", "RoleName": "deploy"}),
            c("iam", "add_role_to_instance_profile", {"InstanceProfileName": "p", "RoleName": "other"}, aws=Error("LimitExceeded"), page=f"{API}/API_AddRoleToInstanceProfile.html"),
            c("iam", "add_role_to_instance_profile", {"InstanceProfileName": "none", "RoleName": "other"}),
            c("iam", "get_instance_profile", {"InstanceProfileName": "p"}, aws=Has({"InstanceProfile": {"Path": "/team/", "InstanceProfileName": "p", "InstanceProfileId": "<AIPA>", "Arn": arn("instance-profile", "team/p"), "CreateDate": "<date>", "Roles": [{"RoleName": "deploy", "Arn": arn("role", "deploy"), "AssumeRolePolicyDocument": json.loads(TRUST)}], "Tags": tags("a")}}), page=f"{API}/API_InstanceProfile.html"),
            c("iam", "list_instance_profiles_for_role", {"RoleName": "deploy"}, aws=Has({"InstanceProfiles": [{"InstanceProfileName": "p"}], "IsTruncated": False}), page=f"{API}/API_ListInstanceProfilesForRole.html"),
            c("iam", "list_instance_profiles", aws=Has({"InstanceProfiles": [{"InstanceProfileName": "p"}]}), page=f"{API}/API_ListInstanceProfiles.html"),
            c("iam", "delete_instance_profile", {"InstanceProfileName": "p"}),
            c("iam", "delete_role", {"RoleName": "deploy"}),
            c("iam", "remove_role_from_instance_profile", {"InstanceProfileName": "p", "RoleName": "deploy"}),
            c("iam", "remove_role_from_instance_profile", {"InstanceProfileName": "p", "RoleName": "deploy"}, aws=Error("NoSuchEntity"), page=f"{API}/API_RemoveRoleFromInstanceProfile.html"),
            c("iam", "tag_instance_profile", {"InstanceProfileName": "p", "Tags": tags("b")}),
            c("iam", "list_instance_profile_tags", {"InstanceProfileName": "p"}, aws=Has({"Tags": tags("a", "b"), "IsTruncated": False}), page=f"{API}/API_ListInstanceProfileTags.html"),
            c("iam", "delete_instance_profile", {"InstanceProfileName": "p"}),
            c("iam", "get_instance_profile", {"InstanceProfileName": "p"}),
        ],
    ),
    Scenario(
        "iam tags",
        [
            c("iam", "create_role", role(Tags=tags("a")), only=("x",)),
            c("iam", "tag_role", {"RoleName": "deploy", "Tags": [{"Key": "a", "Value": "new"}, {"Key": "b", "Value": ""}]}),
            c("iam", "list_role_tags", {"RoleName": "deploy"}),
            c("iam", "untag_role", {"RoleName": "deploy", "TagKeys": ["a", "never"]}),
            c("iam", "list_role_tags", {"RoleName": "deploy"}),
            c("iam", "tag_role", {"RoleName": "deploy", "Tags": tags("aws:x")}, aws=Error("InvalidInput"), page=f"{GUIDE}/id_tags.html"),
            c("iam", "tag_role", {"RoleName": "deploy", "Tags": tags(*(f"t{n}" for n in range(50)))}, aws=Error("LimitExceeded"), page=QUOTAS),
            c("iam", "tag_role", {"RoleName": "deploy", "Tags": [{"Key": "k", "Value": "v" * 257}]}, aws=Error("ValidationError"), page=QUOTAS),
            c("iam", "tag_role", {"RoleName": "none", "Tags": tags("a")}),
            c("iam", "list_role_tags", {"RoleName": "none"}),
        ],
    ),
    Scenario(
        "iam principals",
        [
            c("iam", "create_role", role("caller"), only=("x",)),
            c("iam", "create_role", {"RoleName": "callee", "AssumeRolePolicyDocument": trust_in({"AWS": arn("role", "caller")})}, only=("x",)),
            c("iam", "get_role", {"RoleName": "callee"}, aws=Has({"Role": {"AssumeRolePolicyDocument": {"Statement": [{"Principal": {"AWS": arn("role", "caller")}}]}}}), page=f"{GUIDE}/reference_policies_elements_principal.html"),
            c("iam", "delete_role", {"RoleName": "caller"}),
            c("iam", "get_role", {"RoleName": "callee"}, aws=Has({"Role": {"AssumeRolePolicyDocument": {"Statement": [{"Principal": {"AWS": "<AROA>"}}]}}}), page=f"{GUIDE}/reference_policies_elements_principal.html"),
            c("iam", "create_role", role("caller"), only=("x",)),
            c("iam", "get_role", {"RoleName": "callee"}, aws=Has({"Role": {"AssumeRolePolicyDocument": {"Statement": [{"Principal": {"AWS": "<AROA>"}}]}}}), page=f"{GUIDE}/reference_policies_elements_principal.html"),
            c("iam", "create_role", {"RoleName": "by-id", "AssumeRolePolicyDocument": trust_in({"AWS": ACCOUNT})}, only=("x",)),
            c("iam", "get_role", {"RoleName": "by-id"}, aws=Has({"Role": {"AssumeRolePolicyDocument": {"Statement": [{"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}]}}}), page=f"{GUIDE}/reference_policies_elements_principal.html"),
        ],
    ),
    Scenario(
        "iam account details",
        [
            c("iam", "create_role", role(Description="d", MaxSessionDuration=7200, Tags=tags("a")), only=("x",)),
            c("iam", "put_role_policy", {"RoleName": "deploy", "PolicyName": "read", "PolicyDocument": READ}),
            c("iam", "create_policy", {"PolicyName": "write", "PolicyDocument": WRITE}, only=("x",)),
            c("iam", "attach_role_policy", {"RoleName": "deploy", "PolicyArn": arn("policy", "write")}),
            c("iam", "create_user", {"UserName": "ann"}, aws=Has({"User": {"UserName": "ann", "UserId": "<AIDA>"}}), page=f"{API}/API_CreateUser.html"),
            c("iam", "create_group", {"GroupName": "team"}, aws=Has({"Group": {"GroupName": "team", "GroupId": "<AGPA>"}}), page=f"{API}/API_CreateGroup.html"),
            c("iam", "add_user_to_group", {"UserName": "ann", "GroupName": "team"}),
            c("iam", "get_account_authorization_details", {"Filter": ["Role", "LocalManagedPolicy"]}, aws=Has({
                "RoleDetailList": [{
                    "Path": "/", "RoleName": "deploy", "RoleId": "<AROA>", "Arn": arn("role", "deploy"), "CreateDate": "<date>",
                    "AssumeRolePolicyDocument": json.loads(TRUST), "InstanceProfileList": [],
                    "RolePolicyList": [{"PolicyName": "read", "PolicyDocument": json.loads(READ)}],
                    "AttachedManagedPolicies": [{"PolicyName": "write", "PolicyArn": arn("policy", "write")}],
                    "Tags": tags("a"), "RoleLastUsed": {},
                }],
                "Policies": [{"PolicyName": "write", "AttachmentCount": 1, "DefaultVersionId": "v1", "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": True}]}],
                "UserDetailList": [], "GroupDetailList": [], "IsTruncated": False,
            }), page=f"{API}/API_RoleDetail.html"),
            c("iam", "get_account_authorization_details", {"Filter": ["User", "Group"]}, aws=Has({"UserDetailList": [{"UserName": "ann", "GroupList": ["team"]}], "GroupDetailList": [{"GroupName": "team"}], "RoleDetailList": [], "Policies": []}), page=f"{API}/API_GetAccountAuthorizationDetails.html"),
            c("iam", "get_account_summary", aws=Has({"SummaryMap": {"Roles": 1, "Policies": 1, "Users": 1, "Groups": 1}}), page=f"{API}/API_GetAccountSummary.html"),
        ],
    ),
    Scenario(
        "iam users and groups",
        [
            c("iam", "create_user", {"UserName": "ann", "Path": "/team/", "Tags": tags("a")}, aws=Has({"User": {"Path": "/team/", "UserName": "ann", "UserId": "<AIDA>", "Arn": arn("user", "team/ann"), "CreateDate": "<date>", "Tags": tags("a")}}), page=f"{API}/API_CreateUser.html"),
            c("iam", "create_user", {"UserName": "ann"}),
            c("iam", "get_user", {"UserName": "ann"}, aws=Has({"User": {"UserName": "ann", "Path": "/team/"}}), page=f"{API}/API_GetUser.html"),
            c("iam", "get_user", {"UserName": "none"}),
            c("iam", "list_users", aws=Has({"Users": [{"UserName": "ann"}], "IsTruncated": False}), page=f"{API}/API_ListUsers.html"),
            c("iam", "put_user_policy", {"UserName": "ann", "PolicyName": "read", "PolicyDocument": READ}),
            c("iam", "get_user_policy", {"UserName": "ann", "PolicyName": "read"}),
            c("iam", "list_user_policies", {"UserName": "ann"}),
            c("iam", "attach_user_policy", {"UserName": "ann", "PolicyArn": READ_ONLY}),
            c("iam", "list_attached_user_policies", {"UserName": "ann"}),
            c("iam", "delete_user", {"UserName": "ann"}),
            c("iam", "create_group", {"GroupName": "team"}, aws=Has({"Group": {"GroupName": "team", "GroupId": "<AGPA>", "Path": "/", "Arn": arn("group", "team"), "CreateDate": "<date>"}}), page=f"{API}/API_CreateGroup.html"),
            c("iam", "create_group", {"GroupName": "team"}),
            c("iam", "add_user_to_group", {"GroupName": "team", "UserName": "ann"}),
            c("iam", "add_user_to_group", {"GroupName": "none", "UserName": "ann"}),
            c("iam", "list_groups_for_user", {"UserName": "ann"}, aws=Has({"Groups": [{"GroupName": "team"}], "IsTruncated": False}), page=f"{API}/API_ListGroupsForUser.html"),
            c("iam", "get_group", {"GroupName": "team"}, aws=Has({"Group": {"GroupName": "team"}, "Users": [{"UserName": "ann"}], "IsTruncated": False}), page=f"{API}/API_GetGroup.html"),
            c("iam", "list_groups", aws=Has({"Groups": [{"GroupName": "team"}], "IsTruncated": False}), page=f"{API}/API_ListGroups.html"),
            c("iam", "put_group_policy", {"GroupName": "team", "PolicyName": "read", "PolicyDocument": READ}),
            c("iam", "list_group_policies", {"GroupName": "team"}, aws=Has({"PolicyNames": ["read"], "IsTruncated": False}), page=f"{API}/API_ListGroupPolicies.html"),
            c("iam", "delete_group", {"GroupName": "team"}, aws=Error("DeleteConflict"), page=f"{API}/API_DeleteGroup.html"),
            c("iam", "delete_group_policy", {"GroupName": "team", "PolicyName": "read"}, aws=Has({}), page=f"{API}/API_DeleteGroupPolicy.html"),
            c("iam", "remove_user_from_group", {"GroupName": "team", "UserName": "ann"}, aws=Has({}), page=f"{API}/API_RemoveUserFromGroup.html"),
            c("iam", "delete_group", {"GroupName": "team"}, aws=Has({}), page=f"{API}/API_DeleteGroup.html"),
            c("iam", "detach_user_policy", {"UserName": "ann", "PolicyArn": READ_ONLY}),
            c("iam", "delete_user_policy", {"UserName": "ann", "PolicyName": "read"}),
            c("iam", "create_access_key", {"UserName": "ann"}, aws=Has({"AccessKey": {"UserName": "ann", "AccessKeyId": re.compile("^<AKIA>$"), "Status": "Active"}}), page=f"{API}/API_CreateAccessKey.html"),
            c("iam", "delete_user", {"UserName": "ann"}, aws=Error("DeleteConflict"), page=f"{API}/API_DeleteUser.html"),
            c("iam", "create_account_alias", {"AccountAlias": "tooling"}),
            c("iam", "list_account_aliases", aws=Has({"AccountAliases": ["tooling"], "IsTruncated": False}), page=f"{API}/API_ListAccountAliases.html"),
            c("iam", "delete_account_alias", {"AccountAlias": "tooling"}),
        ],
    ),
]
