"""What run_pipeline.py shows: one line a step, which fills in as the step goes on; or a new line at each change."""

import os
import sys
from typing import Any, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

_STYLES = {"running": "cyan", "succeeded": "green", "skipped": "dim", "failed": "bold red"}


class Lines:
    """Plain lines, for a debugger's terminal, a log or a pipe. It is a `run_pipeline.Report` to call."""

    def __call__(self, name: str, state: str, seconds: float, result: Any) -> None:
        """Print how far the step is."""
        time = f"{seconds:.2f} s" if seconds else ""
        print(" ".join(filter(None, (f"{name:<12}", f"{state:<9}", time, summary(result)))).rstrip(), flush=True)


class Progress:
    """A live table of the steps. It is a `run_pipeline.Report` to call, and a context to show it in.

    breakpoint() takes the table away before the debugger's prompt; the next step brings it back.
    """

    def __init__(self, *, console: Console | None = None) -> None:
        self._rows: dict[str, tuple[str, float, Any]] = {}
        self._live = Live(self._table(), console=console or Console(), auto_refresh=False)
        self._hook = sys.breakpointhook

    def __enter__(self) -> Self:
        self._hook, sys.breakpointhook = sys.breakpointhook, self._pause
        self._live.start()
        return self

    def __exit__(self, *_error: object) -> None:
        sys.breakpointhook = self._hook
        self._live.stop()

    def __call__(self, name: str, state: str, seconds: float, result: Any) -> None:
        """Show how far the step is."""
        self._rows[name] = (state, seconds, result)
        if not self._live.is_started:
            self._live.start()
        self._live.update(self._table(), refresh=True)

    def _pause(self, *arguments: Any, **options: Any) -> Any:
        self._live.stop()
        if self._hook is sys.__breakpointhook__ and not os.environ.get("PYTHONBREAKPOINT"):
            import pdb  # noqa: T100 - Python's own hook, but for the caller's frame instead of this one

            return pdb.Pdb().set_trace(sys._getframe(1))
        return self._hook(*arguments, **options)

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, expand=True)
        for heading in ("step", "state", "seconds"):
            table.add_column(heading, no_wrap=True)
        table.add_column("result", no_wrap=True, ratio=1)
        for name, (state, seconds, result) in self._rows.items():
            time = f"{seconds:.2f}" if seconds else ""
            table.add_row(name, Text(state, _STYLES[state]), time, Text(summary(result)))
        return table


def summary(result: Any) -> str:
    """Return the plain values of a result on one line, metrics first; an error's text as it is."""
    if not isinstance(result, dict):
        return str(result or "")
    metrics = {key: value for key, value in (result.get("metrics") or {}).items() if isinstance(value, float)}
    values = {**metrics, **{key: value for key, value in result.items() if isinstance(value, str | int | float)}}
    return ", ".join(f"{key} {value}" for key, value in values.items())
