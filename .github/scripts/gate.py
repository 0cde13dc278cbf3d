"""Judges a run of a workflow by its jobs: gate.py WORKFLOW, with NEEDS = toJSON(needs).

Every job has to succeed. One may be skipped only for a reason that is written here, and one that delivers has to say
what came of it. Whatever is not known here makes the gate fail: a new job, a missing one, an empty verdict.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PASSED, UNCONFIGURED = "passed", "unconfigured"
DEPENDABOT = "dependabot[bot]"


@dataclass(frozen=True)
class Run:
    """A run of a workflow: the event, and each job's result and outputs."""

    name: str
    event: Mapping[str, Any]
    jobs: Mapping[str, Mapping[str, Any]]
    attesting: bool = False

    def verdict(self, job: str) -> str:
        """What a job that delivers says came of it."""
        return str((self.jobs.get(job, {}).get("outputs") or {}).get("verdict", ""))

    @property
    def untrusted(self) -> str:
        """Why this run gets no token: empty if it gets one."""
        request = self.event.get("pull_request")
        if request is None:
            return ""
        head = (request["head"].get("repo") or {}).get("full_name")
        if head != self.event["repository"]["full_name"]:
            return "a fork gets no token: the merge queue validates it"
        author = request["user"]["login"]
        return "Dependabot gets no token: the merge queue validates it" if author == DEPENDABOT else ""


Reason = Callable[[Run], str]
"""Why a job may be skipped in this run: empty if it may not."""


def never(_: Run) -> str:
    """It always runs."""
    return ""


def untrusted(run: Run) -> str:
    """It needs a token."""
    return run.untrusted


def no_comment(run: Run) -> str:
    """It needs a pull request, and a plan."""
    if run.name != "pull_request":
        return "there is no pull request to comment on"
    return untrusted(run) or ("there is no plan without an account" if run.verdict("plan") == UNCONFIGURED else "")


def unreviewed(run: Run) -> str:
    """GitHub reviews dependencies only for some."""
    repository = run.event["repository"]
    if run.name != "pull_request":
        return "the dependencies were reviewed in the pull request"
    if repository.get("private"):
        return "GitHub reviews no dependencies of private repositories"
    return "the dependency graph is off in forks" if repository.get("fork") else ""


def unless(*names: str) -> Reason:
    """It belongs to other events."""
    return lambda run: "" if run.name in names else f"it is not for {run.name}"


def not_attesting(run: Run) -> str:
    """It is switched off."""
    return unless("push")(run) or ("" if run.attesting else "the variable ATTEST is not true")


def no_such_level(level: str) -> Reason:
    """The chain of deliveries is shorter."""

    def reason(run: Run) -> str:
        environments = (run.jobs.get("chain", {}).get("outputs") or {}).get(level)
        return unless("push")(run) or ("the chain has no environment at this level" if environments == "[]" else "")

    return reason


WORKFLOWS: dict[str, dict[str, Reason]] = {
    "ci": {
        "chain": never,
        "quality": never,
        "build": never,
        "dependencies": unreviewed,
        "plan": untrusted,
        "comment": no_comment,
        "first": untrusted,
    },
    "cd": {
        "chain": never,
        "build": unless("push"),
        "attest": not_attesting,
        "plan": unless("push"),
        "first": unless("push"),
        "second": no_such_level("second"),
        "third": no_such_level("third"),
        "fourth": no_such_level("fourth"),
        "rollback": unless("workflow_dispatch"),
        "drift": unless("schedule"),
    },
}
SAYING = ("plan", "first", "second", "third", "fourth", "rollback")


def judge(workflow: str, run: Run) -> dict[str, tuple[bool, str]]:
    """Return for each job whether it may be as it is, and why."""
    reasons = WORKFLOWS[workflow]
    unknown = {job: (False, "gate.py does not know this job") for job in run.jobs if job not in reasons}
    return {job: _judge(job, reason, run) for job, reason in reasons.items()} | unknown


def _judge(job: str, reason: Reason, run: Run) -> tuple[bool, str]:
    if job not in run.jobs:
        return False, "the gate does not need this job, so nobody knows what came of it"
    result = str(run.jobs[job].get("result", ""))
    if result == "skipped":
        why = reason(run)
        return bool(why), f"skipped: {why or _unexcused(run)}"
    if result != "success":
        return False, result or "no result"
    return _said(run.verdict(job)) if job in SAYING else (True, result)


def _unexcused(run: Run) -> str:
    broken = [job for job, values in run.jobs.items() if values.get("result") not in ("success", "skipped")]
    return f"because of {', '.join(broken)}" if broken else "nobody knows why"


def _said(verdict: str) -> tuple[bool, str]:
    if verdict == UNCONFIGURED:
        return True, "no account is configured yet: nothing was deployed"
    return verdict == PASSED, verdict or "it does not say what came of it"


def report(judged: Mapping[str, tuple[bool, str]]) -> str:
    """Return the judgement as a Markdown table."""
    rows = [f"| {'✅' if good else '❌'} | {job} | {why} |" for job, (good, why) in judged.items()]
    return "\n".join(["| | job | |", "|---|---|---|", *rows]) + "\n"


def main(arguments: Sequence[str], variables: Mapping[str, str] = os.environ) -> int:
    """Judge the run that this is part of, say so in the summary, and return the exit code."""
    (workflow,) = arguments
    event = json.loads(Path(variables["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    jobs = json.loads(variables["NEEDS"])
    judged = judge(workflow, Run(variables["GITHUB_EVENT_NAME"], event, jobs, variables.get("ATTEST") == "true"))
    print(report(judged))
    if path := variables.get("GITHUB_STEP_SUMMARY"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(report(judged))
    bad = {job: why for job, (good, why) in judged.items() if not good}
    for job, why in bad.items():
        print(f"::error title={job}::{why}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
