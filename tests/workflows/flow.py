"""Rules of what comes after what, and of what is handed on: each is a function to what breaks it."""

import importlib.util
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deploy.chain import LEVELS
from tests.workflows.access import FIRST
from tests.workflows.reading import Job, Workflows, triggers

OWN_PLAN = "${{ needs.plan.outputs.own }}"
ITS_PLAN = "${{ needs.plan.outputs.next }}"
EACH = "${{ matrix.environment }}"
GATES = {"ci.yml": "gate", "cd.yml": "delivered"}


def the_gate_needs_every_job(workflows: Workflows) -> Iterator[str]:
    for file, gate in GATES.items():
        jobs = workflows.files[file]["jobs"]
        if gate not in jobs:
            yield f"{file}: no job {gate}"
            continue
        found = Job(file, gate, jobs[gate])
        yield from (f"{found.place} does not need {job}" for job in jobs if job not in (gate, *found.needs))
        if found.values.get("if") != "always()":
            yield f"{found.place} does not always run"


def the_gate_knows_every_job(workflows: Workflows) -> Iterator[str]:
    known = script(workflows.folder, "gate").WORKFLOWS
    for file, gate in GATES.items():
        jobs = set(workflows.files[file]["jobs"]) - {gate}
        yield from (f"gate.py and {file} do not agree on {job}" for job in jobs ^ set(known[file.partition(".")[0]]))


def script(folder: Path, name: str) -> Any:
    """A script of .github/scripts as a module."""
    spec = importlib.util.spec_from_file_location(f"workflow_{name}", folder / f".github/scripts/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def the_local_snowflake_is_tested_where_it_differs_from_the_base(workflows: Workflows) -> Iterator[str]:
    base = "${{ github.event.pull_request.base.sha || github.event.merge_group.base_sha }}"
    steps = [step for job in workflows.jobs for step in job.values.get("steps", ())]
    found = [(step["run"], step.get("env")) for step in steps if "localtest" in step.get("run", "")]
    if found != [('make localtest SINCE="$BASE"', {"BASE": base})]:
        yield f"one step runs make localtest, compared with the base: {found}"


def the_required_check_runs_in_the_merge_queue(workflows: Workflows) -> Iterator[str]:
    found = triggers(workflows.files["ci.yml"])
    for event in ("pull_request", "merge_group"):
        if event not in found:
            yield f"ci.yml is not started by {event}"
        elif found[event]:
            yield f"ci.yml has filters for {event}: {found[event]}"


def only_requests_are_cancelled(workflows: Workflows) -> Iterator[str]:
    allowed = (False, "${{ github.event_name == 'pull_request' }}")
    holders = [(file, values) for file, values in workflows.files.items()]
    holders += [(job.place, job.values) for job in workflows.jobs]
    for place, values in holders:
        group = values.get("concurrency", {})
        if isinstance(group, str) or group.get("cancel-in-progress", False) not in allowed:
            yield f"{place}: {group}"


def deploys_wait_for_each_other_and_none_is_dropped(workflows: Workflows) -> Iterator[str]:
    deploy = workflows.files["_deploy.yml"]["jobs"]["deploy"]
    group = deploy.get("concurrency", {})
    if group.get("queue") != "max" or group.get("cancel-in-progress") is not False:
        yield f"_deploy.yml: {group}"
    for part in ("inputs.environment", "github.ref"):
        if part not in str(group.get("group")):
            yield f"_deploy.yml: its group is not by {part}"


def what_was_built_is_what_is_deployed(workflows: Workflows) -> Iterator[str]:
    for job in workflows.jobs:
        given = job.values.get("with", {})
        if job.calls not in ("_deploy.yml", "_plan.yml") or given.get("rollback"):
            continue
        if given.get("release") != "${{ needs.build.outputs.release }}":
            yield f"{job.place} deploys {given.get('release')}"
        if job.calls == "_deploy.yml":
            wanted = OWN_PLAN if given.get("environment") == FIRST else ITS_PLAN
            if given.get("plan") != wanted:
                yield f"{job.place} is not held to the plan that was reviewed, but to {given.get('plan')}"


def each_level_of_the_chain_waits_for_the_one_before(workflows: Workflows) -> Iterator[str]:
    jobs = workflows.files["cd.yml"]["jobs"]
    for before, level in itertools.pairwise(LEVELS):
        found, condition = Job("cd.yml", level, jobs.get(level, {})), str(jobs.get(level, {}).get("if"))
        if before not in found.needs or f"needs.{before}.result == 'success'" not in condition:
            yield f"cd.yml: {level} does not wait for {before} to succeed"
        if f"needs.chain.outputs.{level} != '[]'" not in condition:
            yield f"cd.yml: {level} runs without environments"
        given = found.values.get("with", {}).get("environment")
        matrix = found.values.get("strategy", {}).get("matrix", {}).get("environment")
        if (given, matrix) != (EACH, f"${{{{ fromJSON(needs.chain.outputs.{level}) }}}}"):
            yield f"cd.yml: {level} delivers to {given} of {matrix}"


def what_is_delivered_is_shown_to_the_first_environment(workflows: Workflows) -> Iterator[str]:
    """Pull requests plan against what the others run, without access to them."""
    for job in workflows.jobs:
        later = job.file == "cd.yml" and job.calls == "_deploy.yml" and job.id != LEVELS[0]
        if later and FIRST.strip("${} ") not in str(job.values.get("with", {}).get("publish_to")):
            yield f"{job.place} publishes nothing"


def a_deploy_is_refused_without_its_release_and_plan(workflows: Workflows) -> Iterator[str]:
    for file, names in {"_deploy.yml": "RELEASE PLAN", "_plan.yml": "RELEASE"}.items():
        job = next(iter(workflows.files[file]["jobs"].values()))
        commands = [step["run"] for step in job["steps"] if "run" in step]
        if not re.fullmatch(rf"python3 \.github/scripts/account\.py \S+ {names}", commands[0]):
            yield f"{file}: {commands[0]} does not ask for {names}"


def what_needs_an_account_is_asked_first(workflows: Workflows) -> Iterator[str]:
    condition = "steps.account.outputs.configured == 'true'"
    for job in workflows.jobs:
        if "account" not in [step.get("id") for step in job.steps]:
            continue
        for step in job.steps:
            if "-m deploy" in step.get("run", "") and condition not in str(step.get("if", "")):
                yield f"{job.place}: {step['run']}"


def every_output_that_is_used_exists(workflows: Workflows) -> Iterator[str]:
    """Of a job that is needed, a misspelt one is an empty text."""
    for job in workflows.jobs:
        jobs = workflows.files[job.file]["jobs"]
        for needed, output in set(re.findall(r"needs\.(\w+)\.outputs\.(\w+)", str(job.values))):
            values = jobs.get(needed, {})
            called = Job(job.file, needed, values).calls
            known = _outputs(workflows, called, values)
            if needed not in job.needs or output not in known:
                yield f"{job.place}: needs.{needed}.outputs.{output}"


def _outputs(workflows: Workflows, called: str, values: dict[str, Any]) -> dict[str, Any]:
    """What a job hands on; of one that calls a workflow, what that workflow does."""
    holder = triggers(workflows.files[called])["workflow_call"] if called else values
    return holder.get("outputs", {})


def every_output_of_a_step_is_one_that_it_sets(workflows: Workflows) -> Iterator[str]:
    known = {
        "chain": {*LEVELS, "all"},
        "account": {"configured", "verdict"},
        "build": {"release"},
        "preview": {"own_plan", "main_plan", "next_plans", "verdict"},
        "release": {"verdict", "url"},
        "rollback": {"verdict", "url"},
    }
    for job in workflows.jobs:
        ids = {step.get("id") for step in job.steps}
        for step, output in set(re.findall(r"steps\.(\w+)\.outputs\.(\w+)", str(job.values))):
            if step not in ids or output not in known.get(step, ()):
                yield f"{job.place}: steps.{step}.outputs.{output}"


def an_artifact_that_is_fetched_was_stored(workflows: Workflows) -> Iterator[str]:
    steps = [step for _, step in workflows.steps if "artifact@" in step.get("uses", "")]
    stored = {step["with"]["name"] for step in steps if "upload" in step["uses"]}
    fetched = {step["with"].get("name") for step in steps if "download" in step["uses"]}
    yield from (f"nobody stores {name}" for name in fetched - stored)
    for step in steps:
        if "upload" in step["uses"] and step["with"].get("if-no-files-found") != "error":
            yield f"{step['with']['name']} may be empty"
