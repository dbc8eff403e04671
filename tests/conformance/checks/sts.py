"""STS."""

import json
import re

from harness import ACCOUNT, Error, Has, Scenario, c

API = "https://docs.aws.amazon.com/STS/latest/APIReference"
TENANT = "222222222222"


def trust(principal):
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def assume(role, account=ACCOUNT, **more):
    return {"RoleArn": f"arn:aws:iam::{account}:role/{role}", "RoleSessionName": "session", **more}


SCENARIOS = [
    Scenario(
        "sts",
        [
            c("sts", "get_caller_identity", aws=Has({"Account": ACCOUNT, "Arn": re.compile(f"^arn:aws:iam::{ACCOUNT}:"), "UserId": re.compile(".")}), page=f"{API}/API_GetCallerIdentity.html"),
            c("sts", "get_caller_identity", account="nonsense", aws=Error("InvalidClientTokenId"), page=f"{API}/CommonErrors.html"),
            c("iam", "create_role", {"RoleName": "open", "AssumeRolePolicyDocument": trust(ACCOUNT)}, only=("x",)),
            c("sts", "assume_role", assume("open"), aws=Has({"Credentials": {"AccessKeyId": "<ASIA>", "SecretAccessKey": "<SecretAccessKey>", "SessionToken": "<SessionToken>", "Expiration": "<date>"}, "AssumedRoleUser": {"AssumedRoleId": re.compile("^<AROA>:session$"), "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/open/session"}}), page=f"{API}/API_AssumeRole.html"),
            c("sts", "assume_role", assume("none"), aws=Error("AccessDenied", r"^User: \S+ is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::\d+:role/none"), page=f"{API}/API_AssumeRole.html"),
            c("sts", "assume_role", assume("open", DurationSeconds=899), aws=Error("ValidationError"), page=f"{API}/API_AssumeRole.html"),
            c("sts", "assume_role", assume("open", DurationSeconds=3601), aws=Error("ValidationError", "DurationSeconds exceeds the MaxSessionDuration"), page=f"{API}/API_AssumeRole.html"),
            c("sts", "assume_role", {**assume("open"), "RoleSessionName": "a b"}, aws=Error("ValidationError"), page=f"{API}/API_AssumeRole.html"),
            c("sts", "get_caller_identity", account=TENANT, aws=Has({"Account": TENANT}), page=f"{API}/API_GetCallerIdentity.html"),
            c("sts", "assume_role", assume("open"), account=TENANT, aws=Error("AccessDenied"), page=f"{API}/API_AssumeRole.html"),
            c("sts", "assume_role", assume("OrganizationAccountAccessRole", TENANT), aws=Has({"AssumedRoleUser": {"Arn": f"arn:aws:sts::{TENANT}:assumed-role/OrganizationAccountAccessRole/session"}}), page="https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_access.html"),
            c("sts", "get_session_token", aws=Has({"Credentials": {"SessionToken": "<SessionToken>"}}), page=f"{API}/API_GetSessionToken.html"),
        ],
    ),
]
