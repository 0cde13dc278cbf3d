"""Rules of who may do what: each is a function from the workflow files to what breaks it."""

import re
from collections.abc import Iterator
from typing import Any

from tests.workflows.reading import Job, Workflows, triggers

FROM_REQUESTS = ("pull_request", "merge_group", "pull_request_target", "issue_comment", "workflow_run")
FIRST = "${{ needs.chain.outputs.first }}"
"""The environment that validates pull requests, as a caller of other workflows names it."""


def no_request_reaches_more_than_the_first_environment(workflows: Workflows) -> Iterator[str]:
    """Follow every job that a request can start into the workflows that it calls, with what it hands on."""
    for file, values in workflows.files.items():
        if any(event in triggers(values) for event in FROM_REQUESTS):
            yield from _reaching(workflows, file, {})


def _reaching(workflows: Workflows, file: str, inputs: dict[str, Any]) -> Iterator[str]:
    for name, values in workflows.files[file]["jobs"].items():
        job = Job(file, name, values)
        environment = _resolved(str(job.environment), inputs)
        if environment not in ("", FIRST):
            yield f"{job.place} runs in {environment}"
        if job.calls:
            given = {key: _resolved(str(value), inputs) for key, value in values.get("with", {}).items()}
            yield from _reaching(workflows, job.calls, given)


def _resolved(text: str, inputs: dict[str, Any]) -> str:
    return re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda found: str(inputs.get(found[1], "")), text)


def no_workflow_names_an_environment(workflows: Workflows) -> Iterator[str]:
    """The files of environments/ say which there are."""
    for job in workflows.jobs:
        for name in (job.environment, str(job.values.get("with", {}).get("environment", ""))):
            if name and not name.startswith("${{"):
                yield f"{job.place}: {name}"


def no_event_gives_a_request_more_than_its_own(workflows: Workflows) -> Iterator[str]:
    for file, values in workflows.files.items():
        for event in ("pull_request_target", "workflow_run", "issue_comment"):
            if event in triggers(values):
                yield f"{file} is started by {event}"


def nothing_is_permitted_but_by_a_job(workflows: Workflows) -> Iterator[str]:
    yield from (f"{file}: permissions" for file, values in workflows.files.items() if values.get("permissions") != {})
    yield from (f"{job.place} has no permissions" for job in workflows.jobs if "permissions" not in job.values)
    yield from (f"{job.place}: permissions" for job in workflows.jobs if isinstance(job.values.get("permissions"), str))


def every_permission_has_its_reason_beside_it(workflows: Workflows) -> Iterator[str]:
    for path, text in workflows.texts.items():
        for line in re.findall(r"^ +[\w-]+: (?:read|write)\b.*$", text, re.MULTILINE):
            if not re.search(r" # \w+", line):
                yield f"{path}: {line.strip()}"


def a_caller_permits_what_the_called_needs(workflows: Workflows) -> Iterator[str]:
    for job in workflows.jobs:
        needed = [called.values["permissions"] for called in workflows.jobs if called.file == job.calls]
        given = job.values.get("permissions", {})
        for permission, access in ((key, value) for one in needed for key, value in one.items()):
            if given.get(permission) not in (access, "write"):
                yield f"{job.place} lacks {permission}: {access}"


def a_token_is_for_an_environment(workflows: Workflows) -> Iterator[str]:
    """Without one, its subject is another, and Snowflake trusts only subjects of environments."""
    others = ("attest", "scorecard")
    for job in workflows.jobs:
        asks = job.values.get("permissions", {}).get("id-token") == "write"
        if asks and job.steps and not job.environment and job.id not in others:
            yield f"{job.place} asks for a token and has no environment"
        if job.environment and not asks:
            yield f"{job.place} has an environment and cannot sign in"


def a_request_from_a_fork_gets_no_token(workflows: Workflows) -> Iterator[str]:
    guard = "github.event.pull_request.head.repo.full_name == github.repository"
    for file in ("ci.yml", "cleanup.yml"):
        jobs = [job for job in workflows.jobs if job.file == file]
        guarded = {job.id for job in jobs if guard in str(job.values.get("if", ""))}
        for job in jobs:
            asks = job.values.get("permissions", {}).get("id-token") == "write"
            scheduled = "'schedule'" in str(job.values.get("if", ""))
            if asks and not scheduled and not guarded & {job.id, *job.needs}:
                yield f"{job.place} asks for a token, and is not kept from forks"


def only_the_step_that_signs_in_knows_how(workflows: Workflows) -> Iterator[str]:
    for job in workflows.jobs:
        if any("SNOWFLAKE" in name for name in job.values.get("env", {})):
            yield f"{job.place} tells every step how to sign in"
        for step in job.steps:
            signs_in = "-m deploy" in step.get("run", "") and " build" not in step["run"]
            env = step.get("env", {})
            if signs_in and (env.get("SNOWFLAKE_ACCOUNT"), env.get("SNOWFLAKE_AUTHENTICATOR")) != (
                "${{ vars.SNOWFLAKE_ACCOUNT }}",
                "workload_identity",
            ):
                yield f"{job.place}: {step['run']} cannot sign in"


def no_secret_is_stored(workflows: Workflows) -> Iterator[str]:
    for path, text in workflows.texts.items():
        yield from (f"{path}: {found}" for found in re.findall(r"secrets\b.*", text))


def nothing_goes_from_a_step_to_all_that_follow(workflows: Workflows) -> Iterator[str]:
    for path, text in workflows.texts.items():
        yield from (f"{path}: {found}" for found in re.findall(r"GITHUB_(?:ENV|PATH)\b", text))


def every_checkout_forgets_its_token(workflows: Workflows) -> Iterator[str]:
    for place, step in workflows.steps:
        if "actions/checkout@" in step.get("uses", "") and step.get("with", {}).get("persist-credentials") is not False:
            yield place


def what_writes_to_requests_runs_reviewed_code(workflows: Workflows) -> Iterator[str]:
    for job in workflows.jobs:
        if job.values.get("permissions", {}).get("pull-requests") != "write":
            continue
        refs = [step.get("with", {}).get("ref") for step in job.steps if "checkout@" in step.get("uses", "")]
        if refs != ["${{ github.event.pull_request.base.sha }}"]:
            yield f"{job.place} checks out {refs}"
        if "id-token" in job.values["permissions"]:
            yield f"{job.place} may sign in"


def no_text_of_an_event_is_in_a_command(workflows: Workflows) -> Iterator[str]:
    yield from (f"{place}: {step['run']}" for place, step in workflows.steps if "${{" in step.get("run", ""))
