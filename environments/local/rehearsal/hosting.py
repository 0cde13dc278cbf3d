"""The team's repository on the local GitHub: what an event sets off there, and what every run must keep to."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deploy import chain
from environments.local.github import running

from .errors import RehearsalError

if TYPE_CHECKING:
    from environments.local.github.api import Api
    from environments.local.github.events import Event
    from environments.local.github.oidc import Issuer

    from .checkout import Checkout
    from .server import Server

_MATRIX = re.compile(r"-\d+$")
# `make lint`, `test` and `rehearse` are printed and not run: this rehearsal is one of them, and CI runs the others.
_PRINT_ONLY = {"MAKEFLAGS": "--dry-run"}


@dataclass(frozen=True)
class Hosted:
    """The repository: what is in it, where its runs leave what they make, and the accounts that they may reach."""

    checkout: Checkout
    scratch: Path
    server: Server
    issuer: Issuer
    api: Api
    watch: Callable[[str, str], None]

    def run(self, workflow: str, event: Event) -> running.Outcome:
        """Run what an event starts.

        Raises:
            RehearsalError: when a token of a job, or what one is asked for with, is in a log, a summary or a comment.
        """
        account = {"SNOWFLAKE_ACCOUNT": self.server.address["SNOWFLAKE_ACCOUNT"]}
        address = {key: value for key, value in self.server.address.items() if key not in account}
        repository = running.Repository(
            self.checkout.folder,
            self.scratch,
            environments=dict.fromkeys(chain.read(self.checkout.folder / "environments").all, account),
            # The connector hands tokens to hosts of Snowflake only, unless it is told of another.
            env={**address, "SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES": "127.0.0.1", **_PRINT_ONLY},
            id_token=self.issuer.variables(ref=event.ref, event_name=event.name),
            api_url=self.api.url,
            token=self.api.token,
        )
        outcome = running.run(repository, event, workflow, self._watched)
        self._expect_no_secret(outcome)
        return outcome

    def _watched(self, job: str, result: str) -> None:
        """Show a job by its own name; what was only printed is not shown as if it had been run."""
        *workflows, name = job.split("/")
        name = _MATRIX.sub("", name)
        printed = name.startswith("make ") and result == "success"
        called = workflows[-1] if len(workflows) > 1 and not name.startswith("make ") else ""
        self.watch(f"{called} {name}".strip(), "printed" if printed else result)

    def _expect_no_secret(self, outcome: running.Outcome) -> None:
        said = "".join([outcome.log, *outcome.summaries.values(), *(each["body"] for each in self.api.comments)])
        signatures = (token.rpartition(".")[2] for token in self.issuer.minted)
        if any(secret in said for secret in (self.api.token, self.issuer.bearer, *self.issuer.minted, *signatures)):
            raise RehearsalError("a job's token, or what it is asked for with, is in a log, a summary or a comment")
