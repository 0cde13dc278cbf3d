"""What happens on GitHub, as the payload that a workflow run gets, and which workflows it starts.

The payloads are files in events/; a test or a story changes what is particular to it.
"""

from __future__ import annotations

import fnmatch
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PAYLOADS = Path(__file__).with_name("events")
_ACTIVITIES = {"pull_request": ("opened", "synchronize", "reopened")}
"""Which activities start a workflow that names none: https://docs.github.com/en/actions/reference/events"""


@dataclass(frozen=True)
class Event:
    """An event: its name, its payload, and the ref of git that its runs are for."""

    name: str
    payload: dict[str, Any]
    ref: str

    @property
    def from_fork(self) -> bool:
        """Whether its runs get no token: https://docs.github.com/en/actions/reference/security/secure-use."""
        request = self.payload.get("pull_request")
        own = self.payload["repository"]["full_name"]
        return request is not None and (request["head"]["repo"] or {}).get("full_name") != own

    def starts(self, workflow: dict[str, Any]) -> bool:
        """Whether it starts this workflow. act itself ignores activities and branches."""
        known = workflow["on"]
        known = {known: None} if isinstance(known, str) else dict.fromkeys(known) if isinstance(known, list) else known
        if self.name not in known:
            return False
        filters = (known[self.name] or {}) if self.name != "schedule" else {}
        return self._of_activity(filters) and self._of_branch(filters)

    def _of_activity(self, filters: dict[str, Any]) -> bool:
        wanted = filters.get("types", _ACTIVITIES.get(self.name))
        return wanted is None or self.payload.get("action") in wanted

    def _of_branch(self, filters: dict[str, Any]) -> bool:
        patterns = filters.get("branches")
        branch = self.payload.get("pull_request", {}).get("base", {}).get("ref") or self.ref.removeprefix("refs/heads/")
        return patterns is None or any(fnmatch.fnmatch(branch, pattern) for pattern in patterns)


def event(name: str, activity: str = "", **changes: Any) -> Event:
    """Return an event of events/<name>.json with changes to its payload; a key with __ reaches inside.

    `ref` is the ref of git; a pull request's is its merge commit's.
    """
    payload = json.loads((_PAYLOADS / f"{name}.json").read_text())
    ref = changes.pop("ref", payload.pop("ref_of_run"))
    for key, value in ({"action": activity} if activity else {}).items() | changes.items():
        _set(payload, key.split("__"), value)
    return Event(name, payload, ref)


def _set(payload: dict[str, Any], path: list[str], value: Any) -> None:
    *outer, last = path
    for key in outer:
        payload = payload.setdefault(key, {})
    payload[last] = value
