"""What clients ask of the account, written down: each statement and each route once for every query tag.

A line of the file is a JSON object: `tag`, the session's QUERY_TAG; `statement`, or `route`, such as
`POST /api/v2/databases/{database}`. Statements inside of blocks, tasks and procedures are lines of their own. No secret
is written: values that a client binds are left out, and of statements that are no queries every literal is empty.
"""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

from .tokens import tokenize

if TYPE_CHECKING:
    from pathlib import Path


class Recorder:
    """Writes to a file what sessions ask.

    Args:
        path: the file; lines are added to it.

    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()
        self._written: set[tuple[str, str, str]] = set()

    def statement(self, tag: str, text: str) -> None:
        """A statement that a session with that query tag runs, or describes."""
        self._write("statement", tag, text if _is_query(text) else _without_literals(text))

    def route(self, tag: str, method: str, path: str) -> None:
        """A request of such a session; the path with the names of its parameters."""
        self._write("route", tag, f"{method} {path}")

    def _write(self, kind: str, tag: str, text: str) -> None:
        entry = (tag, kind, text)
        with self._lock:
            if entry in self._written:
                return
            self._written.add(entry)
            self._file.write(json.dumps({"tag": tag, kind: text}) + "\n")
            self._file.flush()


_QUERIES = {"SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE", "("}


def _is_query(text: str) -> bool:
    tokens = tokenize(text)
    return bool(tokens) and tokens[0].upper in _QUERIES


def _without_literals(text: str) -> str:
    for token in reversed(tokenize(text)):
        if token.kind in {"string", "dollar"}:
            text = f"{text[: token.start]}''{text[token.end :]}"
    return text
