"""A copy of the workflow files in which act behaves as GitHub does where act alone would not.

act knows no variables of environments, gives every job a token or none, and refuses some newer keys. What is changed
here is only that; a test holds the rest to be as it was.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from . import yaml12

if TYPE_CHECKING:
    from pathlib import Path

    from .events import Event

_URL = "ACTIONS_ID_TOKEN_REQUEST_URL"


def translate(folder: Path, event: Event, variables_of_token: dict[str, str] | None = None) -> None:
    """Rewrite the workflow files and actions of a checkout. Without `variables_of_token` no job can get a token."""
    workflows = {path: yaml12.read(path) for path in sorted((folder / ".github/workflows").glob("*.yml"))}
    allowed = _called_with_token({path.name: values for path, values in workflows.items()})
    for path, values in workflows.items():
        _drop_unknown(values)
        for job in values["jobs"].values():
            if "steps" not in job:
                continue
            _check_out_what_is_there(job)
            _scope_variables(job)
            if variables_of_token and not event.from_fork and path.name in allowed and _may_have_token(job):
                _give_token(job, variables_of_token)
        path.write_text(_within(yaml12.dumps(values)))
    for path in (folder / ".github/actions").glob("*/action.yml"):
        path.write_text(_within(path.read_text()))


def _within(text: str) -> str:
    """Say `./` for what is in this repository, as act does."""
    return text.replace("uses: $/", "uses: ./")


def _drop_unknown(values: dict[str, Any]) -> None:
    for holder in (values, *values["jobs"].values()):
        if isinstance(holder.get("concurrency"), dict):
            holder["concurrency"].pop("queue", None)
    for job in values["jobs"].values():
        if isinstance(job.get("environment"), dict):
            job["environment"].pop("deployment", None)


def _check_out_what_is_there(job: dict[str, Any]) -> None:
    """Leave out which commit is checked out: this repository has one. Of another, act would ask GitHub."""
    for step in job["steps"]:
        if step.get("uses", "").startswith("actions/checkout@"):
            for option in ("ref", "sparse-checkout"):
                step["with"].pop(option, None)


def _may_have_token(job: dict[str, Any]) -> bool:
    return (job.get("permissions") or {}).get("id-token") == "write"


def _called_with_token(workflows: dict[str, dict[str, Any]]) -> set[str]:
    """Return the files whose jobs may have a token: those that are not called, or whose every caller may have one."""
    callers: dict[str, list[bool]] = {}
    for values in workflows.values():
        for job in values["jobs"].values():
            if "uses" in job:
                callers.setdefault(job["uses"].rpartition("/")[2], []).append(_may_have_token(job))
    return {name for name in workflows if all(callers.get(name, [True]))}


def _environment(job: dict[str, Any]) -> str:
    """Return the expression of a job's environment; empty without one."""
    found = job.get("environment")
    name = found.get("name", "") if isinstance(found, dict) else found or ""
    if not name:
        return ""
    expression = re.fullmatch(r"\$\{\{\s*(.+?)\s*\}\}", name)
    return expression[1] if expression else f"'{name}'"


def _scope_variables(job: dict[str, Any]) -> None:
    """Let `vars.X` be the environment's, and nothing without one: act knows variables of the repository only."""
    if expression := _environment(job):
        text = re.sub(r"\bvars\.([A-Z_]+)", rf"vars[format('{{0}}__\1', {expression})]", yaml12.dumps(job))
        job.clear()
        job.update(yaml12.loads(text))


def _give_token(job: dict[str, Any], variables: dict[str, str]) -> None:
    expression = _environment(job)
    address = f"{variables[_URL]}&environment=${{{{ {expression} }}}}" if expression else variables[_URL]
    job["env"] = {**job.get("env", {}), **variables, _URL: address}
