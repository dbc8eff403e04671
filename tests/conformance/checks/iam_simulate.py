"""IAM: what the policies of someone would allow. moto does not speak it."""

import json

from harness import Error, Has, Scenario, c

from .iam import API, arn

PAGE = f"{API}/API_SimulatePrincipalPolicy.html"
RESULT = f"{API}/API_EvaluationResult.html"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
ONE, TWO = "arn:aws:s3:::one", "arn:aws:s3:::two"


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def simulate(who, actions, resources=None, **more):
    given = {} if resources is None else {"ResourceArns": resources}
    return {"PolicySourceArn": who, "ActionNames": actions, **given, **more}


def of(action, decision, **more):
    return {"EvalActionName": action, "EvalDecision": decision, **more}


def on(resource, decision, **more):
    return {"EvalResourceName": resource, "EvalResourceDecision": decision, **more}


ROLE, USER, GROUP = arn("role", "r"), arn("user", "ann"), arn("group", "team")
INLINE = document(
    allow("s3:ListBucket", ONE),
    {"Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"},
    allow("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}),
)

SCENARIOS = [
    Scenario(
        "iam simulation",
        [
            c("iam", "create_role", {"RoleName": "r", "AssumeRolePolicyDocument": TRUST}, only=("x",)),
            c("iam", "put_role_policy", {"RoleName": "r", "PolicyName": "p", "PolicyDocument": INLINE}),
            c("iam", "create_user", {"UserName": "ann"}, only=("x",)),
            c("iam", "create_group", {"GroupName": "team"}, only=("x",)),
            c("iam", "add_user_to_group", {"UserName": "ann", "GroupName": "team"}),
            c("iam", "attach_group_policy", {"GroupName": "team", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}),
            c("iam", "simulate_principal_policy", simulate(ROLE, ["s3:ListBucket"], [ONE]), aws=Has({"IsTruncated": False, "EvaluationResults": [of("s3:ListBucket", "allowed", MatchedStatements=[{"SourcePolicyType": "role"}], ResourceSpecificResults=[on(ONE, "allowed")])]}), page=RESULT),
            c("iam", "simulate_principal_policy", simulate(ROLE, ["s3:ListBucket"], [ONE, TWO]), aws=Has({"EvaluationResults": [of("s3:ListBucket", "implicitDeny", ResourceSpecificResults=[on(ONE, "allowed"), on(TWO, "implicitDeny")])]}), page=RESULT),
            c("iam", "simulate_principal_policy", simulate(ROLE, ["s3:DeleteBucket"], [ONE]), aws=Has({"EvaluationResults": [of("s3:DeleteBucket", "explicitDeny", ResourceSpecificResults=[on(ONE, "explicitDeny")])]}), page=RESULT),
            c("iam", "simulate_principal_policy", simulate(ROLE, ["s3:ListBucket"]), aws=Has({"EvaluationResults": [of("s3:ListBucket", "implicitDeny", EvalResourceName="*")]}), page=PAGE),
            c("iam", "simulate_principal_policy", simulate(ROLE, ["iam:PassRole"]), aws=Has({"EvaluationResults": [of("iam:PassRole", "implicitDeny", MissingContextValues=["iam:PassedToService"])]}), page=RESULT),
            c("iam", "simulate_principal_policy", simulate(ROLE, ["iam:PassRole"], [ROLE]), aws=Has({"EvaluationResults": [of("iam:PassRole", "implicitDeny", ResourceSpecificResults=[on(ROLE, "implicitDeny", MissingContextValues=["iam:PassedToService"])])]}), page=RESULT),
            c("iam", "simulate_principal_policy", simulate(USER, ["iam:CreateUser"]), aws=Has({"EvaluationResults": [of("iam:CreateUser", "allowed", MatchedStatements=[{"SourcePolicyId": "AdministratorAccess", "SourcePolicyType": "aws-managed"}])]}), page=PAGE),
            c("iam", "simulate_principal_policy", simulate(GROUP, ["iam:CreateUser"]), aws=Has({"EvaluationResults": [of("iam:CreateUser", "allowed")]}), page=PAGE),
            c("iam", "put_user_permissions_boundary", {"UserName": "ann", "PermissionsBoundary": "arn:aws:iam::aws:policy/AmazonS3FullAccess"}, aws=Has({}), page=f"{API}/API_PutUserPermissionsBoundary.html"),
            c("iam", "simulate_principal_policy", simulate(USER, ["iam:CreateUser"]), aws=Has({"EvaluationResults": [of("iam:CreateUser", "implicitDeny", PermissionsBoundaryDecisionDetail={"AllowedByPermissionsBoundary": False})]}), page=RESULT),
            c("iam", "simulate_principal_policy", simulate(USER, ["s3:ListBucket", "iam:CreateUser"], MaxItems=1), aws=Has({"IsTruncated": True}), page=PAGE),
            c("iam", "simulate_principal_policy", simulate(arn("role", "none"), ["s3:ListBucket"]), aws=Error("NoSuchEntity"), page=PAGE),
            c("iam", "simulate_principal_policy", simulate("arn:aws:sts::123456789012:assumed-role/r/x", ["s3:ListBucket"]), aws=Error("InvalidInput"), page=PAGE),
            c("iam", "simulate_principal_policy", simulate(ROLE, ["ListBucket"]), aws=Error("InvalidInput"), page=PAGE),
            c("iam", "simulate_principal_policy", simulate(ROLE, ["s3:ListBucket"], ["one"]), aws=Error("InvalidInput"), page=PAGE),
        ],
    ),
]
