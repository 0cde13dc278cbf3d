"""Rules of how a workflow file is written: each is a function to what breaks it."""

import re
from collections.abc import Iterator

from tests.workflows.reading import HERE, Workflows, read, triggers

SCRIPTS = ("python3 .github/scripts/", ".venv/bin/python -m deploy ", "make ", "gh attestation verify ")


def every_action_is_pinned_to_a_commit(workflows: Workflows) -> Iterator[str]:
    pinned = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    for path, text in workflows.texts.items():
        for line in re.findall(r"^\s*(?:- )?uses: *(.*)$", text, re.MULTILINE):
            if not line.startswith(HERE) and not pinned.fullmatch(line):
                yield f"{path}: {line}"


def an_action_has_one_version(workflows: Workflows) -> Iterator[str]:
    versions: dict[str, set[str]] = {}
    for text in workflows.texts.values():
        for name, version in re.findall(r"uses: ([\w./-]+)@(.*)", text):
            versions.setdefault(name, set()).add(version)
    yield from (f"{name}: {sorted(found)}" for name, found in versions.items() if len(found) > 1)


def every_command_is_one_of_ours(workflows: Workflows) -> Iterator[str]:
    for place, step in workflows.steps:
        if command := step.get("run", ""):
            if not command.startswith(SCRIPTS):
                yield f"{place}: not ours: {command}"
            if re.search(r"[\n;|&<>`]|\$\(", command.strip()):
                yield f"{place}: more than one command: {command}"


def every_command_runs_in_bash(workflows: Workflows) -> Iterator[str]:
    """Named so, it stops at what fails within a pipe too."""
    for file, values in workflows.files.items():
        for name, job in values["jobs"].items():
            shells = [holder.get("defaults", {}).get("run", {}).get("shell") for holder in (values, job)]
            if any("run" in step for step in job.get("steps", [])) and "bash" not in shells:
                yield f"{file}: {name} names no shell"


def no_cache_is_restored(workflows: Workflows) -> Iterator[str]:
    for place, step in workflows.steps:
        if "actions/cache" in step.get("uses", "") or step.get("with", {}).get("enable-cache", "false") != "false":
            yield f"{place}: {step['uses']}"


def every_job_ends(workflows: Workflows) -> Iterator[str]:
    yield from (
        f"{job.place} has no time-out" for job in workflows.jobs if job.steps and "timeout-minutes" not in job.values
    )


def only_public_repositories_are_scored_and_reviewed(workflows: Workflows) -> Iterator[str]:
    for job in workflows.jobs:
        uses = " ".join(step.get("uses", "") for step in job.steps)
        if "ossf/scorecard" in uses or "dependency-review" in uses:
            for guard in ("!github.event.repository.private", "!github.event.repository.fork"):
                if guard not in str(job.values.get("if", "")):
                    yield f"{job.place} runs without {guard}"


def updates_wait_and_come_together(workflows: Workflows) -> Iterator[str]:
    updates = read(workflows.folder / ".github/dependabot.yml")["updates"]
    for update in updates:
        if update.get("cooldown", {}).get("default-days", 0) < 7 or not update.get("groups"):
            yield f"dependabot.yml: {update['package-ecosystem']}"
    missing = {"github-actions", "uv", "npm"} - {update["package-ecosystem"] for update in updates}
    yield from (f"dependabot.yml does not update {name}" for name in missing)


def a_called_workflow_is_called_by_nothing_else(workflows: Workflows) -> Iterator[str]:
    called = {job.calls for job in workflows.jobs if job.calls}
    for file, values in workflows.files.items():
        private = file.startswith("_")
        if private != (list(triggers(values)) == ["workflow_call"]) or (private and file not in called):
            yield file
