"""The AWS CLI against the sandbox: what a person types to look around and to interfere."""

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from harness import ACCOUNT, REGION, Sandbox, covers, short


@dataclass
class Call:
    """One command line. It must exit with 0, or fail with the code named, and print JSON that has these members."""

    line: str
    prints: object = None  # nothing printed is expected where this is None
    error: str = ""
    save: str = ""  # NAME=QUERY: keeps a member of what was printed for `{NAME}` in later lines


@dataclass
class Chain:
    """Command lines in their order, on an empty world."""

    name: str
    files: dict
    calls: list


TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"}]}
BUCKET_POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::artifacts"}]}
KEY_POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}]}

CHAINS = [
    Chain(
        "cli iam",
        {"trust.json": TRUST, "read.json": READ},
        [
            Call("sts get-caller-identity", {"Account": ACCOUNT}),
            Call("iam list-roles", {"Roles": []}),
            Call("iam create-role --role-name deploy --assume-role-policy-document file://trust.json --tags Key=a,Value=b", {"Role": {"RoleName": "deploy", "AssumeRolePolicyDocument": TRUST}}),
            Call("iam list-roles", {"Roles": [{"RoleName": "deploy", "Path": "/", "MaxSessionDuration": 3600}]}),
            Call("iam list-roles --page-size 1 --max-items 1", {"Roles": [{"RoleName": "deploy"}]}),
            Call("iam put-role-policy --role-name deploy --policy-name read --policy-document file://read.json"),
            Call("iam get-role-policy --role-name deploy --policy-name read", {"PolicyDocument": READ}),
            Call("iam list-role-policies --role-name deploy", {"PolicyNames": ["read"]}),
            Call("iam attach-role-policy --role-name deploy --policy-arn arn:aws:iam::aws:policy/ReadOnlyAccess"),
            Call("iam list-attached-role-policies --role-name deploy", {"AttachedPolicies": [{"PolicyName": "ReadOnlyAccess"}]}),
            Call("iam get-role --role-name deploy", {"Role": {"Tags": [{"Key": "a", "Value": "b"}]}}),
            Call("iam get-role --role-name none", error="NoSuchEntity"),
            Call("iam delete-role --role-name deploy", error="DeleteConflict"),
            Call("iam get-account-authorization-details --filter Role", {"RoleDetailList": [{"RoleName": "deploy", "RolePolicyList": [{"PolicyName": "read", "PolicyDocument": READ}]}]}),
            Call("iam detach-role-policy --role-name deploy --policy-arn arn:aws:iam::aws:policy/ReadOnlyAccess"),
            Call("iam delete-role-policy --role-name deploy --policy-name read"),
            Call("iam delete-role --role-name deploy"),
        ],
    ),
    Chain(
        "cli s3",
        {"policy.json": BUCKET_POLICY, "note.txt": {"note": "hello"}},
        [
            Call("s3 mb s3://artifacts", "make_bucket: artifacts"),
            Call("s3api list-buckets", {"Buckets": [{"Name": "artifacts"}]}),
            Call("s3api get-bucket-location --bucket artifacts", {"LocationConstraint": REGION}),
            Call("s3api get-bucket-policy --bucket artifacts", error="NoSuchBucketPolicy"),
            Call("s3api put-bucket-policy --bucket artifacts --policy file://policy.json"),
            Call("s3api get-bucket-policy --bucket artifacts", {"Policy": BUCKET_POLICY}),
            Call("s3api put-bucket-versioning --bucket artifacts --versioning-configuration Status=Enabled"),
            Call("s3api get-bucket-versioning --bucket artifacts", {"Status": "Enabled"}),
            Call("s3api get-public-access-block --bucket artifacts", {"PublicAccessBlockConfiguration": {"BlockPublicPolicy": True}}),
            Call("s3 cp note.txt s3://artifacts/a/note.txt", "upload: ./note.txt to s3://artifacts/a/note.txt"),
            Call("s3 ls s3://artifacts", "PRE a/"),
            Call("s3 ls s3://artifacts/a/", "note.txt"),
            Call("s3 cp s3://artifacts/a/note.txt copy.txt", "download: s3://artifacts/a/note.txt to ./copy.txt"),
            Call("s3api list-objects-v2 --bucket artifacts --max-items 1", {"Contents": [{"Key": "a/note.txt"}]}),
            Call("s3 rm s3://artifacts/a/note.txt", "delete: s3://artifacts/a/note.txt"),
            Call("s3 rb s3://artifacts", error="BucketNotEmpty"),
        ],
    ),
    Chain(
        "cli kms",
        {"policy.json": KEY_POLICY},
        [
            Call("kms list-keys", {"Keys": []}),
            Call("kms create-key --description artifacts --tags TagKey=a,TagValue=b", {"KeyMetadata": {"Description": "artifacts"}}, save="key=KeyMetadata.KeyId"),
            Call("kms list-keys", {"Keys": [{}]}),
            Call("kms create-alias --alias-name alias/artifacts --target-key-id {key}"),
            Call("kms describe-key --key-id alias/artifacts", {"KeyMetadata": {"KeyState": "Enabled"}}),
            Call("kms list-aliases --key-id {key}", {"Aliases": [{"AliasName": "alias/artifacts"}]}),
            Call("kms get-key-policy --key-id {key} --policy-name default", {"PolicyName": "default"}),
            Call("kms put-key-policy --key-id {key} --policy-name default --policy file://policy.json"),
            Call("kms get-key-policy --key-id {key} --policy-name default", {"Policy": KEY_POLICY}),
            Call("kms enable-key-rotation --key-id {key} --rotation-period-in-days 180"),
            Call("kms get-key-rotation-status --key-id {key}", {"KeyRotationEnabled": True, "RotationPeriodInDays": 180}),
            Call("kms list-resource-tags --key-id {key}", {"Tags": [{"TagKey": "a", "TagValue": "b"}]}),
            Call("resourcegroupstaggingapi get-resources --tag-filters Key=a,Values=b", {"ResourceTagMappingList": [{"Tags": [{"Key": "a", "Value": "b"}]}]}),
            Call("kms schedule-key-deletion --key-id {key} --pending-window-in-days 7", {"KeyState": "PendingDeletion"}),
            Call("kms enable-key --key-id {key}", error="KMSInvalidStateException"),
            Call("kms describe-key --key-id alias/none", error="NotFoundException"),
        ],
    ),
]


def run_chain(chain, binary, show):
    """The failures of a chain, and how many calls it has."""
    server, failures, kept = Sandbox(binary), [], {}
    try:
        with tempfile.TemporaryDirectory() as folder:
            for name, content in chain.files.items():
                Path(folder, name).write_text(json.dumps(content))
            for number, call in enumerate(chain.calls, start=1):
                problem = run_call(call, server.url, folder, kept, show)
                if problem:
                    failures.append(f"FAILED {chain.name} #{number} aws {call.line}: {problem}")
    finally:
        server.stop()
    return failures, len(chain.calls)


def run_chains(chains, binary, show):
    """All chains, two at a time: they share nothing."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda chain: run_chain(chain, binary, show), chains))


def run_call(call, url, folder, kept, show):
    words = [word.format(**kept) if "{" in word else word for word in call.line.split()]
    command = [sys.executable, "-m", "awscli", "--endpoint-url", url, "--output", "json", *words]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_PAGER": "",
    }
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)
    if show:
        print(f"aws {' '.join(words)}\n  {done.returncode} {done.stdout} {done.stderr}")
    if call.error:
        if done.returncode != 0 and call.error in done.stderr:
            return ""
        return f"should fail with {call.error}, but: {done.returncode} {done.stdout}{done.stderr}".strip()
    if done.returncode != 0:
        return f"exits with {done.returncode}: {done.stderr.strip()}"
    if isinstance(call.prints, str):
        return "" if call.prints in done.stdout else f"should print {call.prints!r}, prints {done.stdout!r}"
    if call.prints is None:
        return "" if not done.stdout.strip() else f"should print nothing, prints {done.stdout!r}"
    try:
        printed = json.loads(done.stdout)
    except json.JSONDecodeError:
        return f"prints no JSON: {done.stdout!r}"
    if isinstance(printed.get("Policy"), str):
        printed["Policy"] = json.loads(printed["Policy"])
    if call.save:
        name, query = call.save.split("=")
        value = printed
        for member in query.split("."):
            value = value.get(member, {})
        kept[name] = value
    return "" if covers(call.prints, printed) else f"should print {short(call.prints)}, prints {short(printed)}"
