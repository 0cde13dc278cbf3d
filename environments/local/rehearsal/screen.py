"""What a person sees of the rehearsal while it happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from pathlib import Path

    from .findings import Findings
    from .server import Server


class Screen:
    """Prints steps, their outcome and the summary; plain lines where there is no terminal.

    Args:
        to_stderr: keep standard output for a machine.
    """

    def __init__(self, *, to_stderr: bool = False) -> None:
        self._console = Console(stderr=to_stderr, highlight=False, soft_wrap=True)
        self._number = 0

    def announce(self, step: str) -> None:
        """A step begins."""
        self._number += 1
        self._console.print(f"\n[bold cyan]{self._number}[/] [bold]{escape(step.rstrip('.'))}[/]")

    def job(self, name: str, result: str) -> None:
        """A job of a workflow has ended."""
        self._console.print(f"  [dim]{escape(result):8} {escape(name)}[/]")

    def report(self, outcome: str, seconds: float) -> None:
        """A step did what it should."""
        self._console.print(f"  [green]ok[/] {escape(outcome)} [dim]({seconds:.1f} s)[/]")

    def failed(self, cause: str) -> None:
        """The story ends here."""
        self._console.print(f"\n[bold red]error:[/] {escape(cause)}")

    def summary(self, found: Findings, report: Path) -> None:
        """Which release each environment runs, and where the report is."""
        table = Table(title="What each environment runs", title_justify="left", box=None, padding=(0, 2, 0, 0))
        for heading in ("environment", "release", "digest", "schedule", "model"):
            table.add_column(heading)
        for row in found.environments:
            table.add_row(row.name, row.release, row.digest[:12], row.schedule, row.model_version)
        self._console.print()
        self._console.print(table)
        self._console.print(f"\nThe whole delivery took {found.seconds:.1f} s. Report: {report}")

    def connect(self, server: Server) -> None:
        """How to use the server that stays."""
        where = f"account=local host=127.0.0.1 port={server.port} protocol=http"
        password = f"$(cat {server.password_file})"
        options = f"--account local --host 127.0.0.1 --port {server.port} --protocol http --user ADMIN"
        self._console.print(
            f"\nThe local Snowflake stays at http://127.0.0.1:{server.port} (process {server.process.pid}).\n"
            f"  connector, Snowpark  {where} user=ADMIN password={password}\n"
            f"  snow                 SNOWFLAKE_PASSWORD={password} .venv-cli/bin/snow sql --temporary-connection "
            f"{options} --query 'SHOW TASKS IN ACCOUNT'\n"
            f"  stop it              kill {server.process.pid}",
            markup=False,
        )
