"""Organizations. moto makes accounts at once and knows few limits: there AWS's pages decide, and boto3's own reading of the answers."""

import json
import re

from harness import ACCOUNT, Error, Has, Scenario, c

API = "https://docs.aws.amazon.com/organizations/latest/APIReference"
LIMITS = "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html"
SCP = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"}}
)
RCP = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}}
)
TAGS = [{"Key": "team", "Value": "platform"}]


def o(operation, arguments=None, **more):
    return c("organizations", operation, arguments, region="us-east-1", **more)


def page(operation):
    return f"{API}/API_{operation}.html"


def root(got):
    return got["roots"]["Roots"][0]["Id"]


def begin(features="ALL"):
    return [
        o("create_organization", {"FeatureSet": features}, aws=Has({"Organization": {"FeatureSet": features, "MasterAccountId": ACCOUNT}}), page=page("CreateOrganization")),
        o("list_roots", save="roots", aws=Has({"Roots": [{"Name": "Root"}]}), page=page("ListRoots")),
    ]


def unit(name, parent, save="", **more):
    return o("create_organizational_unit", lambda got: {"Name": name, "ParentId": parent(got)}, save=save, **more)


def id_of(save):
    return lambda got: got[save]["OrganizationalUnit"]["Id"]


def policy(name, save="", sort="SERVICE_CONTROL_POLICY", content=SCP, **more):
    arguments = {"Name": name, "Description": "", "Type": sort, "Content": content}
    return o("create_policy", arguments, save=save, **more)


def attach(operation, save, target, **more):
    return o(f"{operation}_policy", lambda got: {"PolicyId": got[save]["Policy"]["PolicySummary"]["Id"] if save in got else save, "TargetId": target(got)}, **more)


def status(**more):
    return o("describe_create_account_status", lambda got: {"CreateAccountRequestId": got["asked"]["CreateAccountStatus"]["Id"]}, **more)


def account(email, **more):
    return o("create_account", {"Email": email, "AccountName": "one"}, **more)


IN_PROGRESS = Has({"CreateAccountStatus": {"State": "IN_PROGRESS", "AccountName": "one"}})

SCENARIOS = [
    Scenario(
        "organizations without one",
        [
            o("describe_organization"),
            o("list_roots", aws=Error("AWSOrganizationsNotInUseException"), page=page("ListRoots")),
            o("create_account", {"Email": "one@example.com", "AccountName": "one"}, aws=Error("AWSOrganizationsNotInUseException"), page=page("CreateAccount")),
            *begin(),
            o("create_organization", aws=Error("AlreadyInOrganizationException"), page=page("CreateOrganization")),
            o("delete_organization"),
            o("describe_organization"),
        ],
    ),
    Scenario(
        "organizations units",
        [
            *begin(),
            unit("tenants", root, save="tenants", aws=Has({"OrganizationalUnit": {"Name": "tenants", "Id": re.compile("^ou-"), "Arn": re.compile(f"^arn:aws:organizations::{ACCOUNT}:ou/o-")}}), page=page("CreateOrganizationalUnit")),
            unit("tenants", root, aws=Error("DuplicateOrganizationalUnitException"), page=page("CreateOrganizationalUnit")),
            unit("nowhere", lambda got: "r-none", aws=Error("ParentNotFoundException"), page=page("CreateOrganizationalUnit")),
            unit("nowhere", lambda got: "elsewhere", aws=Error("InvalidInputException"), page=page("CreateOrganizationalUnit")),
            unit("", root, aws=Error("InvalidInputException"), page=page("CreateOrganizationalUnit")),
            unit("2", id_of("tenants"), save="two", aws=Has({}), page=page("CreateOrganizationalUnit")),
            unit("3", id_of("two"), save="three", aws=Has({}), page=page("CreateOrganizationalUnit")),
            unit("4", id_of("three"), save="four", aws=Has({}), page=page("CreateOrganizationalUnit")),
            unit("5", id_of("four"), save="five", aws=Has({}), page=page("CreateOrganizationalUnit")),
            unit("6", id_of("five"), aws=Error("ConstraintViolationException"), page=LIMITS),
            o("list_parents", lambda got: {"ChildId": id_of("tenants")(got)}, aws=Has({"Parents": [{"Type": "ROOT"}]}), page=page("ListParents")),
            o("list_children", lambda got: {"ParentId": root(got), "ChildType": "ORGANIZATIONAL_UNIT"}, aws=Has({"Children": [{"Type": "ORGANIZATIONAL_UNIT"}]}), page=page("ListChildren")),
            o("list_children", lambda got: {"ParentId": root(got), "ChildType": "ACCOUNT"}, aws=Has({"Children": [{"Id": ACCOUNT, "Type": "ACCOUNT"}]}), page=page("ListChildren")),
            o("update_organizational_unit", lambda got: {"OrganizationalUnitId": id_of("five")(got), "Name": "five"}, aws=Has({"OrganizationalUnit": {"Name": "five"}}), page=page("UpdateOrganizationalUnit")),
            o("describe_organizational_unit", lambda got: {"OrganizationalUnitId": id_of("five")(got)}, aws=Has({"OrganizationalUnit": {"Name": "five"}}), page=page("DescribeOrganizationalUnit")),
            o("delete_organizational_unit", lambda got: {"OrganizationalUnitId": id_of("four")(got)}, aws=Error("OrganizationalUnitNotEmptyException"), page=page("DeleteOrganizationalUnit")),
            o("delete_organizational_unit", lambda got: {"OrganizationalUnitId": id_of("five")(got)}, aws=Has({}), page=page("DeleteOrganizationalUnit")),
            o("describe_organizational_unit", lambda got: {"OrganizationalUnitId": id_of("five")(got)}, aws=Error("OrganizationalUnitNotFoundException"), page=page("DescribeOrganizationalUnit")),
        ],
    ),
    Scenario(
        "organizations accounts",
        [
            *begin(),
            o("list_accounts", aws=Has({"Accounts": [{"Id": ACCOUNT, "State": "ACTIVE", "JoinedMethod": "INVITED"}]}), page=page("ListAccounts")),
            account("one@example.com", save="asked", aws=IN_PROGRESS, page=page("CreateAccount")),
            status(aws=IN_PROGRESS, page=page("DescribeCreateAccountStatus")),
            status(save="made", aws=Has({"CreateAccountStatus": {"State": "SUCCEEDED", "AccountId": re.compile(r"^\d{12}$")}}), page=page("DescribeCreateAccountStatus")),
            o("describe_account", lambda got: {"AccountId": got["made"]["CreateAccountStatus"]["AccountId"]}, aws=Has({"Account": {"Email": "one@example.com", "Name": "one", "State": "ACTIVE", "JoinedMethod": "CREATED"}}), page=page("DescribeAccount")),
            account("ONE@example.com", save="asked", aws=IN_PROGRESS, page=page("CreateAccount")),
            status(aws=IN_PROGRESS, page=page("DescribeCreateAccountStatus")),
            status(aws=Has({"CreateAccountStatus": {"State": "FAILED", "FailureReason": "EMAIL_ALREADY_EXISTS"}}), page=page("CreateAccountStatus")),
            account("nobody", aws=Error("InvalidInputException"), page=page("CreateAccount")),
            o("create_account", {"Email": "two@example.com", "AccountName": "x" * 51}, aws=Error("InvalidInputException"), page=page("CreateAccount")),
            o("create_account", {"Email": "two@example.com", "AccountName": "two", "RoleName": "a b"}, aws=Error("InvalidInputException"), page=page("CreateAccount")),
            o("list_create_account_status", {"States": ["SUCCEEDED"]}, aws=Has({"CreateAccountStatuses": [{"AccountName": "one"}]}), page=page("ListCreateAccountStatus")),
            unit("tenants", root, save="tenants", aws=Has({}), page=page("CreateOrganizationalUnit")),
            o("move_account", lambda got: {"AccountId": got["made"]["CreateAccountStatus"]["AccountId"], "SourceParentId": root(got), "DestinationParentId": id_of("tenants")(got)}, aws=Has({}), page=page("MoveAccount")),
            o("move_account", lambda got: {"AccountId": got["made"]["CreateAccountStatus"]["AccountId"], "SourceParentId": root(got), "DestinationParentId": id_of("tenants")(got)}, aws=Error("DuplicateAccountException"), page=page("MoveAccount")),
            o("move_account", lambda got: {"AccountId": got["made"]["CreateAccountStatus"]["AccountId"], "SourceParentId": id_of("tenants")(got), "DestinationParentId": "r-none"}, aws=Error("DestinationParentNotFoundException"), page=page("MoveAccount")),
            o("list_accounts_for_parent", lambda got: {"ParentId": id_of("tenants")(got)}, aws=Has({"Accounts": [{"Email": "one@example.com"}]}), page=page("ListAccountsForParent")),
            o("list_accounts_for_parent", lambda got: {"ParentId": root(got), "MaxResults": 21}, aws=Error("InvalidInputException"), page=page("ListAccountsForParent")),
            o("list_accounts", {"NextToken": "!"}, aws=Error("InvalidInputException"), page=page("ListAccounts")),
            o("list_accounts", pages=1, aws=Has({"pages": 2}), page=page("ListAccounts")),
            o("describe_account", {"AccountId": "000000000001"}),
            o("close_account", {"AccountId": ACCOUNT}, aws=Error("ConstraintViolationException"), page=page("CloseAccount")),
            o("close_account", lambda got: {"AccountId": got["made"]["CreateAccountStatus"]["AccountId"]}, aws=Has({}), page=page("CloseAccount")),
            o("close_account", lambda got: {"AccountId": got["made"]["CreateAccountStatus"]["AccountId"]}, aws=Error("AccountAlreadyClosedException"), page=page("CloseAccount")),
            o("delete_organization", aws=Error("OrganizationNotEmptyException"), page=page("DeleteOrganization")),
        ],
    ),
    Scenario(
        "organizations policies",
        [
            *begin(),
            policy("stay", save="stay", aws=Has({"Policy": {"Content": SCP, "PolicySummary": {"Name": "stay", "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": False}}}), page=page("CreatePolicy")),
            policy("stay"),
            policy("broken", content="{}", aws=Error("MalformedPolicyDocumentException"), page=page("CreatePolicy")),
            policy("open", sort="RESOURCE_CONTROL_POLICY", content=RCP.replace("Deny", "Allow"), aws=Error("MalformedPolicyDocumentException"), page="https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html"),
            policy("perimeter", save="perimeter", sort="RESOURCE_CONTROL_POLICY", content=RCP, aws=Has({}), page=page("CreatePolicy")),
            policy("large", content=SCP.replace("LeaveOrganization", "x" * 10_240), aws=Error("ConstraintViolationException"), page=LIMITS),
            attach("attach", "perimeter", root, aws=Error("PolicyTypeNotEnabledException"), page=page("AttachPolicy")),
            attach("attach", "stay", root, aws=Has({}), page=page("AttachPolicy")),
            attach("attach", "stay", root, aws=Error("DuplicatePolicyAttachmentException"), page=page("AttachPolicy")),
            attach("attach", "stay", lambda got: "ou-none-nonenone", aws=Error("TargetNotFoundException"), page=page("AttachPolicy")),
            o("list_targets_for_policy", lambda got: {"PolicyId": got["stay"]["Policy"]["PolicySummary"]["Id"]}, aws=Has({"Targets": [{"Type": "ROOT", "Name": "Root"}]}), page=page("ListTargetsForPolicy")),
            o("list_policies_for_target", lambda got: {"TargetId": root(got), "Filter": "SERVICE_CONTROL_POLICY"}, aws=Has({"Policies": [{"Name": "stay"}, {"Name": "FullAWSAccess", "AwsManaged": True}]}), page=page("ListPoliciesForTarget")),
            o("delete_policy", lambda got: {"PolicyId": got["stay"]["Policy"]["PolicySummary"]["Id"]}, aws=Error("PolicyInUseException"), page=page("DeletePolicy")),
            attach("detach", "stay", root, aws=Has({}), page=page("DetachPolicy")),
            attach("detach", "stay", root, aws=Error("PolicyNotAttachedException"), page=page("DetachPolicy")),
            attach("detach", "p-FullAWSAccess", root, aws=Error("ConstraintViolationException"), page=page("DetachPolicy")),
            o("update_policy", {"PolicyId": "p-FullAWSAccess", "Name": "x"}, aws=Error("InvalidInputException"), page=page("UpdatePolicy")),
            o("update_policy", lambda got: {"PolicyId": got["stay"]["Policy"]["PolicySummary"]["Id"], "Description": "stay here"}, aws=Has({"Policy": {"PolicySummary": {"Description": "stay here", "Name": "stay"}}}), page=page("UpdatePolicy")),
            o("describe_policy", {"PolicyId": "p-nonenone"}, aws=Error("PolicyNotFoundException"), page=page("DescribePolicy")),
            o("list_policies", {"Filter": "NO_POLICY"}, aws=Error("InvalidInputException"), page=page("ListPolicies")),
            o("enable_policy_type", lambda got: {"RootId": root(got), "PolicyType": "TAG_POLICY"}, aws=Has({"Root": {"PolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}, {"Type": "TAG_POLICY", "Status": "ENABLED"}]}}), page=page("EnablePolicyType")),
            o("enable_policy_type", lambda got: {"RootId": root(got), "PolicyType": "TAG_POLICY"}),
            o("disable_policy_type", lambda got: {"RootId": root(got), "PolicyType": "BACKUP_POLICY"}),
            o("disable_policy_type", lambda got: {"RootId": root(got), "PolicyType": "TAG_POLICY"}, aws=Has({"Root": {"PolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY"}]}}), page=page("DisablePolicyType")),
            o("delete_policy", lambda got: {"PolicyId": got["stay"]["Policy"]["PolicySummary"]["Id"]}, aws=Has({}), page=page("DeletePolicy")),
        ],
    ),
    Scenario(
        "organizations tags",
        [
            *begin(),
            o("tag_resource", lambda got: {"ResourceId": root(got), "Tags": TAGS}),
            o("list_tags_for_resource", lambda got: {"ResourceId": root(got)}),
            o("tag_resource", lambda got: {"ResourceId": root(got), "Tags": TAGS + TAGS}, aws=Error("InvalidInputException"), page=page("TagResource")),
            o("tag_resource", lambda got: {"ResourceId": root(got), "Tags": [{"Key": "aws:x", "Value": ""}]}, aws=Error("InvalidInputException"), page=page("TagResource")),
            o("tag_resource", {"ResourceId": "000000000001", "Tags": TAGS}),
            o("untag_resource", lambda got: {"ResourceId": root(got), "TagKeys": ["team"]}),
            o("list_tags_for_resource", lambda got: {"ResourceId": root(got)}, aws=Has({"Tags": []}), page=page("ListTagsForResource")),
            o("create_organizational_unit", lambda got: {"Name": "u", "ParentId": root(got), "Tags": TAGS}, save="u", aws=Has({}), page=page("CreateOrganizationalUnit")),
            o("list_tags_for_resource", lambda got: {"ResourceId": id_of("u")(got)}),
            c("resourcegroupstaggingapi", "get_resources", {"ResourceTypeFilters": ["organizations:ou"]}, region="us-east-1", aws=Has({"ResourceTagMappingList": [{"Tags": TAGS}]}), page="https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html"),
        ],
    ),
]
