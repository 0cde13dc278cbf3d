"""Whether a statement keeps to its grammar: the check before anything of it is done.

The files in statements/ have the grammars. A statement's key is its verb and its kind: `CREATE WAREHOUSE`,
`SHOW TASKS`, `GRANT`. A verb that a kind's pages do not have is in none of the files, and refused.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..kernel.errors import SnowflakeError, invalid
from .matching import Part, Production, Trace
from .notation import Notation

if TYPE_CHECKING:
    from ..kernel.tokens import Tokens

_FOLDER = Path(__file__).parent / "statements"
_VERB = re.compile(r"(CREATE|ALTER|DROP|DESCRIBE|SHOW) ")
_SHARED = "shared*.txt"  # what they define, every file may use


def admit(tokens: Tokens, key: str) -> None:
    """Refuse a statement that does not keep to the grammar of its key.

    Args:
        tokens: the whole statement, wherever its cursor stands.
        key: verb and kind ("CREATE WAREHOUSE"); one that has no grammar is one that no page has.

    Raises:
        SnowflakeError: 001003 at the first token that has no place there, 001420 for an option that the kind does not
            have, 001008 for a value that an option does not take.

    """
    found = grammars().get(key)
    if not found:
        raise tokens.unexpected()
    trace = Trace(tokens.all)
    last = len(trace.tokens)
    if any(end == last for grammar in found for end in grammar.ends(trace, 0)):
        _check_head(trace)
        return
    if trace.property:
        what = f"invalid property '{trace.text(trace.furthest)}' for '{_VERB.sub('', key)}'"
        raise invalid(what, "001420")
    if trace.key:
        raise invalid(f"invalid value [{trace.tokens[trace.furthest].text}] for parameter '{trace.key}'")
    raise tokens.unexpected(trace.furthest)


def _check_head(trace: Trace) -> None:
    """OR REPLACE or OR ALTER, and IF NOT EXISTS, exclude each other, whatever is created."""
    if trace.text(0) != "CREATE" or trace.text(1) != "OR":
        return
    at = next(at for at in range(len(trace.tokens) + 1) if trace.text(at) == "IF" or trace.kind(at) != "word")
    if [trace.text(at + i) for i in range(3)] == ["IF", "NOT", "EXISTS"]:
        what = f"options IF NOT EXISTS and OR {trace.text(2)} are incompatible."
        raise SnowflakeError(f"SQL compilation error:\n{what}", "001506", "42601")


@cache
def grammars() -> dict[str, tuple[Part, ...]]:
    """The grammars of all statements by key.

    Raises:
        ValueError: when a file does not keep to the notation, or uses a production that none defines.

    """
    shared: dict[str, Production] = {}
    for path in sorted(_FOLDER.glob(_SHARED)):
        shared = Notation(path.read_text(encoding="utf-8"), shared).productions
    found: dict[str, list[Part]] = {}
    for path in sorted(set(_FOLDER.glob("*.txt")) - set(_FOLDER.glob(_SHARED))):
        notation = Notation(path.read_text(encoding="utf-8"), shared)
        missing = [name for name, production in notation.productions.items() if production.part is None]
        if missing:
            raise ValueError(f"{path.name} uses {', '.join(missing)}, which nothing defines")
        for key, statement in notation.statements:
            found.setdefault(key, []).append(statement)
    return {key: tuple(parts) for key, parts in found.items()}
