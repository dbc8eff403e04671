"""One call to the sandbox and the same call to moto; what of their answers is compared, and how."""

import datetime
import json
import logging
import os
import re
import subprocess
import tempfile
import threading
import urllib.request
from dataclasses import dataclass, field

import boto3
import botocore.config
import botocore.exceptions
from moto.server import ThreadedMotoServer

ACCOUNT = "123456789012"  # the only account moto has
REGION = "eu-west-1"


@dataclass
class Error:
    """An answer that is refused: the code AWS gives, and a pattern for its message where AWS's wording is known."""

    code: str
    message: str = ""


@dataclass
class Has:
    """An answer that has at least these members; a list must have these items and no more."""

    members: dict


@dataclass
class Check:
    """One call. Without `aws` the sandbox must answer as moto does; with it, as AWS documents on the named page."""

    service: str
    operation: str
    arguments: object = field(default_factory=dict)
    save: str = ""
    aws: object = None
    page: str = ""
    region: str = REGION
    account: str = ACCOUNT
    pages: int = 0  # read it all through the paginator, so many items at a time
    only: tuple = ()  # members that are compared, if not all


@dataclass
class Scenario:
    """Calls in their order, on an empty world."""

    name: str
    checks: list


def c(service, operation, arguments=None, **more):
    """A check, in short."""
    return Check(service, operation, arguments if arguments is not None else {}, **more)


def without_account(request, **_):
    """The address as it was given; the account stands in a header too."""
    request.url = re.sub(r"://\d{12}\.", "://", request.url, count=1)


class Target:
    """Where calls go: the sandbox or moto."""

    def __init__(self, url):
        self.url, self.clients = url, {}

    def client(self, service, region, account):
        key = (service, region, account)
        if key not in self.clients:
            config = botocore.config.Config(
                retries={"total_max_attempts": 1},
                parameter_validation=False,
                s3={"addressing_style": "path"},
                connect_timeout=10,
                read_timeout=30,
            )
            self.clients[key] = boto3.client(
                service,
                region_name=region,
                endpoint_url=self.url,
                aws_access_key_id=account,
                aws_secret_access_key="secret",
                config=config,
            )
            # S3 Control's clients put the account in front of the host, also of a host that is an address.
            self.clients[key].meta.events.register("before-sign.s3-control", without_account)
        return self.clients[key]


class Sandbox:
    """A server of the sandbox; a new one for every scenario starts in milliseconds and is empty."""

    def __init__(self, command):
        self.folder = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen(
            [os.path.abspath(command[0]), *command[1:]],
            cwd=self.folder.name,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        said = []
        for line in self.process.stdout:
            said.append(line)
            if found := re.search(r"http://[\w.]+:\d+", line):
                self.url = found.group()
                break
        else:
            raise SystemExit(f"the sandbox did not say where it listens: {''.join(said)!r}")
        # Whatever else it says must not fill the pipe.
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdin.close()
        self.folder.cleanup()


class Moto:
    """moto's server, in this process, on loopback."""

    def __init__(self):
        logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
        self.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self.server.start()
        host, port = self.server.get_host_and_port()
        self.url = f"http://{host}:{port}"
        self.target = Target(self.url)

    def reset(self, managed_policies):
        # Loading AWS's managed policies takes moto longer than any scenario, so only those get them that use them.
        os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = str(managed_policies).lower()
        request = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")
        urllib.request.urlopen(request, timeout=30).read()

    def stop(self):
        self.server.stop()


MARKERS = {"Marker", "NextMarker", "NextToken", "ContinuationToken", "NextContinuationToken", "PaginationToken"}
MADE_UP = [
    (re.compile(r"\b(AROA|AIDA|ANPA|AIPA|AGPA|AKIA|ASIA)[A-Z0-9]{8,}"), r"<\1>"),
    (re.compile(r"mrk-[0-9a-f]{32}"), "<mrk>"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uuid>"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "<hex64>"),
    (re.compile(r"/aws-reserved/sso\S*"), "<sso>"),
]
POLICY_VERSION = re.compile(r"^v\d+$")
SECRETS = {"GrantToken", "SessionToken", "SecretAccessKey", "CiphertextBlob", "VersionId", "GrantId", "Plaintext"}


def plain(value, name=""):
    """An answer without what no two runs share: dates, ids, tokens; lists sorted."""
    if isinstance(value, dict):
        return {key: plain(item, key) for key, item in value.items() if key != "ResponseMetadata"}
    if isinstance(value, (list, tuple)):
        return sorted((plain(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    if isinstance(value, datetime.datetime):
        return "<date>"
    if hasattr(value, "read"):
        return value.read().decode(errors="replace")
    if name in MARKERS and value:
        return "<marker>"
    if name in SECRETS and value and value != "null" and not POLICY_VERSION.match(str(value)):
        return f"<{name}>"
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, str):
        if name == "Policy" and value.startswith("{"):
            return plain(json.loads(value))
        for pattern, word in MADE_UP:
            value = pattern.sub(word, value)
    return value


def arguments_of(check, got):
    if callable(check.arguments):
        return check.arguments(got)
    return dict(check.arguments)


RAW = "raw:"


def raw_body(client, operation, arguments):
    """What stands on the wire, before boto3 decodes it."""
    api_name, bodies = client.meta.method_to_api_mapping[operation], []
    event = f"before-parse.{client.meta.service_model.service_id.hyphenize()}.{api_name}"

    def keep(response_dict, **_):
        bodies.append(response_dict["body"].decode())

    client.meta.events.register(event, keep)
    try:
        getattr(client, operation)(**arguments)
    finally:
        client.meta.events.unregister(event, keep)
    return bodies[0]


def perform(target, check, got):
    """Makes the call; gives its outcome and, if it was answered, the answer itself."""
    client = target.client(check.service, check.region, check.account)
    try:
        arguments = arguments_of(check, got)
        if check.operation.startswith(RAW):
            return {"reply": {"body": raw_body(client, check.operation.removeprefix(RAW), arguments)}}, None
        if check.pages:
            paginator = client.get_paginator(check.operation)
            pages = list(paginator.paginate(PaginationConfig={"PageSize": check.pages}, **arguments))
            reply = {"pages": len(pages)}
            for name in paginator.result_keys:
                items = [item for page in pages for item in (name.search(page) or [])]
                reply[name.expression] = items
        else:
            reply = getattr(client, check.operation)(**arguments)
    except botocore.exceptions.ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        described = error.response["Error"]
        return {"error": described["Code"], "status": status, "message": described.get("Message", "")}, None
    except Exception as error:  # a server that breaks is a failed check, whatever it breaks with
        return {"broken": f"{type(error).__name__}: {error}"}, None
    if check.save:
        got[check.save] = reply
    shown = plain(reply)
    if check.only:
        shown = {name: shown[name] for name in check.only if name in shown}
    return {"reply": shown}, reply


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachedPermissionsBoundary.html: the only value is `Policy`,
# which is what AWS sends; the model has another name.
MODEL_LACKS = ["Policy"]


def shape_problems(shape, value, path=""):
    """What of an answer breaks the API's own model: a required member that is missing, a wrong type or enum value."""
    kind = shape.type_name
    if kind == "structure":
        if not isinstance(value, dict):
            return [f"{path}: not a structure"]
        missing = [name for name in shape.required_members if name not in value]
        problems = [f"{path}.{name} is missing" for name in missing]
        for name, item in value.items():
            if name in shape.members:
                problems += shape_problems(shape.members[name], item, f"{path}.{name}")
        return problems
    if kind == "list":
        if not isinstance(value, list):
            return [f"{path}: not a list"]
        return [problem for item in value for problem in shape_problems(shape.member, item, f"{path}[]")]
    if kind == "string" and isinstance(value, str) and shape.enum and value not in shape.enum + MODEL_LACKS:
        return [f"{path}: {value!r} is none of {shape.enum}"]
    types = {"integer": int, "long": int, "boolean": bool, "timestamp": datetime.datetime, "map": dict}
    if kind in types and not isinstance(value, types[kind]):
        return [f"{path}: {value!r} is no {kind}"]
    return []


def covers(wanted, found):
    """Whether `found` has all of `wanted`; a pattern is written as a compiled one."""
    if isinstance(wanted, re.Pattern):
        return isinstance(found, str) and wanted.search(found) is not None
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(key in found and covers(wanted[key], found[key]) for key in wanted)
    if isinstance(wanted, list):
        if not isinstance(found, list) or len(wanted) != len(found):
            return False
        rest = list(found)
        for item in wanted:
            match = next((one for one in rest if covers(item, one)), None)
            if match is None:
                return False
            rest.remove(match)
        return True
    return wanted == found


def judge(check, outcome, reply, moto_outcome, client):
    """What is wrong with the sandbox's answer; nothing if it is right."""
    if "broken" in outcome:
        return outcome["broken"]
    if reply is not None and not check.pages:
        shape = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[check.operation]).output_shape
        problems = shape_problems(shape, {k: v for k, v in reply.items() if k != "ResponseMetadata"}) if shape else []
        if problems:
            return f"breaks the API's model: {'; '.join(problems[:3])}"
    wanted = check.aws
    if isinstance(wanted, Error):
        if outcome.get("error") != wanted.code:
            return f"AWS refuses with {wanted.code}, the sandbox answers {short(outcome)}"
        if wanted.message and not re.search(wanted.message, outcome["message"]):
            return f"AWS words it like {wanted.message!r}, the sandbox {outcome['message']!r}"
        return ""
    if isinstance(wanted, Has):
        if "reply" in outcome and covers(wanted.members, outcome["reply"]):
            return ""
        return f"AWS answers {short(wanted.members)}, the sandbox {short(outcome)}"
    mine = {key: value for key, value in outcome.items() if key != "message"}
    theirs = {key: value for key, value in moto_outcome.items() if key != "message"}
    if mine == theirs:
        return ""
    return f"the sandbox and moto differ: {difference(mine, theirs)}"


def difference(mine, theirs, path=""):
    """The first places where two answers differ."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        found = []
        for key in sorted(set(mine) | set(theirs)):
            if key not in mine:
                found.append(f"{path}.{key} only moto has ({short(theirs[key])})")
            elif key not in theirs:
                found.append(f"{path}.{key} only the sandbox has ({short(mine[key])})")
            elif mine[key] != theirs[key]:
                found.append(difference(mine[key], theirs[key], f"{path}.{key}"))
        return "; ".join(found[:4])
    if isinstance(mine, list) and isinstance(theirs, list) and len(mine) == len(theirs):
        pairs = [(a, b) for a, b in zip(mine, theirs) if a != b]
        return difference(*pairs[0], f"{path}[]")
    return f"{path}: {short(mine)} and {short(theirs)}"


def short(value):
    text = json.dumps(value, default=str)
    return text if len(text) < 400 else text[:397] + "…"
