"""Regular expressions: https://docs.snowflake.com/en/sql-reference/functions-regexp.

All but the plainest calls work on the pieces of the subject (macros/text.sql): what stands before the first match, the
match, what stands before the second one, and so on. A search that begins at a position sees nothing of what is before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlglot import exp

from ...kernel.errors import SnowflakeError, invalid, unsupported
from .rewriting import Call, Node, call, integer, literal, number, text

_NEVER = r"[^\x00-\x{10FFFF}]"  # matches nothing, as the empty pattern does
# What Snowflake's syntax does not have: groups that are no groups, and repetitions that are not greedy.
_GROUP = r"\(\?"
_REPETITION = r"(?:[*+?]|\{\d*,?\d*\})\?"
_OTHERS = r"\\.|\[\^?\]?(?:\[:\w+:\]|[^\]])*\]"  # an escaped character, a bracket expression
_UNKNOWN = re.compile(rf"{_OTHERS}|({_GROUP})|({_REPETITION})", re.DOTALL)
_OPENING = re.compile(rf"{_OTHERS}|\(|\)", re.DOTALL)


def _checked(node: Node) -> Node:
    """The pattern, refused if Snowflake cannot read it; one that is no literal is looked at as the statement runs."""
    written = literal(node)
    if written is None:
        return call("_sf_pattern", node)
    for found in _UNKNOWN.finditer(written):
        if found[1] or found[2]:
            why = "no argument for repetition operator: ?" if found[1] else f"bad repetition operator: {found[2]}"
            raise SnowflakeError(f"Invalid regular expression: '{written}', {why}", "100048", "2201B")
    return node


def _with(node: Node, flags: str) -> Node:
    """The pattern with the parameters that it is matched by."""
    written, prefix = literal(node), f"(?{flags})" if flags else ""
    if written is not None:
        return text(prefix + written)
    return exp.paren(exp.DPipe(this=text(prefix), expression=node), copy=False) if prefix else node


def _pattern(node: Node, flags: str = "") -> Node:
    """A pattern that is searched for."""
    return text(_NEVER) if literal(node) == "" else _with(_checked(node), flags)


def _flags(parameters: Node | None) -> str:
    """Snowflake's parameters in RE2's words; `e` says which part is wanted, which others do."""
    written = "c" if parameters is None else literal(parameters)
    if written is None or set(written) - set("cimes"):
        raise invalid(f"Invalid parameters of a regular expression: {written}")
    case = [flag for flag in written if flag in "ci"][-1:]
    return "".join(sorted({*case, *written} & {*"ims"} - ({"i"} if case == ["c"] else set())))


def _positive(node: Node, what: str, least: int = 1) -> Node:
    """A position or an occurrence, which counts from 1."""
    given = integer(node)
    if given is None:
        return call("_sf_at_least", node, number(least), text(what))
    if given < least:
        raise invalid(f"Invalid {what} of a regular expression: {given}")
    return node


def _completed(given: Sequence[Node], *defaults: Node) -> list[Node]:
    return [*given, *defaults[len(given) :]]


def _group(found: Node, parameters: Node | None, wanted: Node | None) -> int | None:
    """Which group is extracted: 0 for the whole match, None for one that the pattern does not have."""
    extracts = "e" in (literal(parameters) or "")
    asked = integer(wanted) if wanted is not None else int(extracts)
    if asked is None or asked < 0:
        raise unsupported("a regular expression's group that is no literal")
    written = literal(found)
    if written is None or asked == 0:
        return asked
    groups = sum(mark[0] == "(" for mark in _OPENING.finditer(written))
    if wanted is None:
        return min(asked, groups)
    return asked if asked <= groups else None


def _replace(arguments: Sequence[Node]) -> Node:
    """REGEXP_REPLACE(x, pattern [, new [, position [, occurrence [, parameters]]]]): occurrence 0 means each.

    https://docs.snowflake.com/en/sql-reference/functions/regexp_replace
    """
    subject, found, *rest = arguments
    new, start, n = _completed(rest[:3], text(""), number(1), number(0))
    pattern = _pattern(found, _flags(rest[3] if len(rest) > 3 else None))
    if integer(n) == 0 and integer(start) == 1:
        return call("regexp_replace", subject, pattern, new, text("g"))
    if integer(n) == 0:
        return call("_sf_regexp_replace", subject, pattern, new, _positive(start, "position"))
    return call(
        "_sf_regexp_replace_one", subject, pattern, new, _positive(start, "position"), _positive(n, "occurrence", 0)
    )


def _instr(arguments: Sequence[Node]) -> Node:
    """REGEXP_INSTR(x, pattern [, position [, occurrence [, option [, parameters [, group]]]]]).

    https://docs.snowflake.com/en/sql-reference/functions/regexp_instr
    """
    subject, found, *rest = arguments
    start, n, option = _completed(rest[:3], number(1), number(1), number(0))
    if integer(option) not in {0, 1}:
        raise invalid("Invalid option of REGEXP_INSTR: it is 0 or 1")
    parameters = rest[3] if len(rest) > 3 else None
    flags, group = _flags(parameters), _group(found, parameters, rest[4] if len(rest) > 4 else None)
    common = (subject, _positive(start, "position"), _positive(n, "occurrence"), exp.Boolean(this=integer(option) == 1))
    if group == 0:
        return call("_sf_regexp_instr", *common, _pattern(found, flags))
    return call("_sf_regexp_group_instr", *common, text(_inline(flags) + _split_at(found, group)))


def _inline(flags: str) -> str:
    return f"(?{flags})" if flags else ""


def _split_at(found: Node, group: int | None) -> str:
    """The pattern with all that stands before a group as its first group, and the group as its second."""
    written = literal(_checked(found))
    marks = [] if written is None else list(_OPENING.finditer(written))
    opening = [mark.start() for mark in marks if mark[0] == "("]
    at = opening[group - 1] if group and group <= len(opening) else 0
    depth = sum({"(": 1, ")": -1}.get(mark[0], 0) for mark in marks if mark.start() < at)
    if written is None or group is None or depth:
        raise unsupported("REGEXP_INSTR of a group that is nested or missing, or of a pattern that is no literal")
    before = _OPENING.sub(lambda mark: "(?:" if mark[0] == "(" else mark[0], written[:at])
    return f"({before}){written[at:]}"


def _substr(name: str) -> Call:
    """REGEXP_SUBSTR and REGEXP_SUBSTR_ALL(x, pattern [, position [, occurrence [, parameters [, group]]]]).

    https://docs.snowflake.com/en/sql-reference/functions/regexp_substr
    https://docs.snowflake.com/en/sql-reference/functions/regexp_substr_all
    """

    def found_in(arguments: Sequence[Node]) -> Node:
        subject, found, *rest = arguments
        start, n = _completed(rest[:2], number(1), number(1))
        parameters = rest[2] if len(rest) > 2 else None
        group = _group(found, parameters, rest[3] if len(rest) > 3 else None)
        pattern = _pattern(found, _flags(parameters))
        wanted = exp.null() if group is None else text(f"\\{group}")
        return call(name, subject, pattern, wanted, _positive(start, "position"), _positive(n, "occurrence"))

    return found_in


def _count(arguments: Sequence[Node]) -> Node:
    """REGEXP_COUNT(x, pattern [, position [, parameters]]).

    https://docs.snowflake.com/en/sql-reference/functions/regexp_count
    """
    subject, found, *rest = arguments
    pattern = _pattern(found, _flags(rest[1] if len(rest) > 1 else None))
    return call("_sf_regexp_count", subject, pattern, _positive(rest[0], "position") if rest else number(1))


def _like(arguments: Sequence[Node]) -> Node:
    """REGEXP_LIKE(x, pattern [, parameters]): of the whole text, so that the empty pattern is the empty text's."""
    subject, found, *rest = arguments
    return call("regexp_full_match", subject, _with(_matched(found), _flags(rest[0] if rest else None)))


def _matched(node: Node) -> Node:
    return node if literal(node) is None else _checked(node)


def rlike(node: exp.RegexpLike) -> Node:
    """RLIKE and REGEXP match the whole text."""
    return call("regexp_full_match", node.this, _matched(node.expression))


CALLS: dict[str, Call] = {
    "REGEXP_REPLACE": _replace,
    **dict.fromkeys(("REGEXP_LIKE", "RLIKE"), _like),
    "REGEXP_SUBSTR": _substr("_sf_regexp_substr"),
    **dict.fromkeys(("REGEXP_SUBSTR_ALL", "REGEXP_EXTRACT_ALL"), _substr("_sf_regexp_substr_all")),
    "REGEXP_COUNT": _count,
    "REGEXP_INSTR": _instr,
}
