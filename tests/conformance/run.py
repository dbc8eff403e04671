#!/usr/bin/env python3
"""Compares the sandbox with AWS, operation by operation.

    tests/conformance/run.py SANDBOX [ARGUMENT …]

SANDBOX and its arguments start a server that keeps its state in memory or in the current folder and prints
`http://ADDRESS:PORT` (`trueup sandbox serve --port 0`, or the example `serve` of the crate trueup-sandbox). Each check is one call by boto3 to the sandbox and to moto, which
is the second opinion; where moto does not do as AWS documents, the check says what AWS does and where that stands. After
that the AWS CLI is run against the sandbox. One line tells of each failed check; the last line counts.

    --only TEXT     only scenarios whose name has TEXT in it
    --show          also print every answer, for writing new checks
"""

import argparse
import sys

import harness
from checks import (
    codedeploy,
    ecr,
    events,
    iam,
    iam_identities,
    iam_simulate,
    kms,
    organizations,
    s3,
    s3_configurations,
    sns,
    sts,
    tagging,
)
from checks.cli import CHAINS, run_chains


def run_scenario(scenario, binary, moto, show):
    failures = []
    server = harness.Sandbox(binary)
    moto.reset(managed_policies=scenario.name.startswith("iam"))
    sandbox_target, moto_target = harness.Target(server.url), moto.target
    sandbox_got, moto_got = {}, {}
    try:
        for number, check in enumerate(scenario.checks, start=1):
            outcome, reply = harness.perform(sandbox_target, check, sandbox_got)
            moto_outcome, _ = harness.perform(moto_target, check, moto_got)
            client = sandbox_target.client(check.service, check.region, check.account)
            problem = harness.judge(check, outcome, reply, moto_outcome, client)
            name = f"{scenario.name} #{number} {check.service}:{check.operation}"
            if show:
                print(f"{name}\n  sandbox {outcome}\n  moto    {moto_outcome}")
            if problem:
                failures.append(f"FAILED {name}: {problem}")
    finally:
        server.stop()
    return failures, len(scenario.checks)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--show", action="store_true")
    parser.add_argument("binary", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if not options.binary:
        parser.error("which sandbox?")
    parts = (
        codedeploy,
        ecr,
        events,
        iam,
        iam_identities,
        iam_simulate,
        kms,
        organizations,
    organizations,
        s3,
        s3_configurations,
        sns,
        sts,
        tagging,
    )
    scenarios = [one for part in parts for one in part.SCENARIOS if options.only in one.name]
    chains = [one for one in CHAINS if options.only in one.name]
    if not scenarios and not chains:
        parser.error(f"no scenario has {options.only!r} in its name")
    count, failures = 0, []
    moto = harness.Moto()
    try:
        for scenario in scenarios:
            found, checks = run_scenario(scenario, options.binary, moto, options.show)
            for line in found:
                print(line, flush=True)
            failures += found
            count += checks
    finally:
        moto.stop()
    for found, checks in run_chains(chains, options.binary, options.show):
        for line in found:
            print(line, flush=True)
        failures += found
        count += checks
    print(f"{count - len(failures)} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
