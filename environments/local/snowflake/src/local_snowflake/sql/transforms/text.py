"""Text: what DuckDB calls otherwise, patterns, and regular expressions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlglot import exp

from ...kernel.errors import invalid, unsupported
from .rewriting import Call, Node, call, integer, literal, number, renamed, text

_SAME = ("UPPER", "LOWER", "TRIM", "LTRIM", "RTRIM", "REPEAT", "REVERSE", "TRANSLATE", "CHR", "MD5")
_WITHOUT_COUNTERPART = ("COLLATE", "COLLATION", "SOUNDEX", "PARSE_IP", "COMPRESS", "ENCRYPT")


def concatenated(arguments: Sequence[Node]) -> Node:
    """CONCAT: NULL when any part is, where DuckDB's leaves NULLs out."""
    return joined(list(arguments))


def joined(parts: list[Node]) -> Node:
    """Text put together with `||`; every part is written as Snowflake writes it."""
    written = [_written(part) for part in parts]
    result = written[0]
    for part in written[1:]:
        result = exp.DPipe(this=result, expression=part)
    return exp.paren(result, copy=False) if len(written) > 1 else result


def piped(node: exp.DPipe) -> Node:
    """`||`."""
    return exp.DPipe(this=_written(node.this), expression=_written(node.expression))


def _written(part: Node) -> Node:
    if literal(part) is not None or isinstance(part, exp.DPipe):
        return part
    return call("sf_to_varchar", part)


def concat_ws(arguments: Sequence[Node]) -> Node:
    """CONCAT_WS(separator, ...): NULL when any part is."""
    separator, *parts = arguments
    pieces = [parts[0]]
    for part in parts[1:]:
        pieces += [separator.copy(), part]
    return joined(pieces)


def pattern(node: Node) -> Node:
    """A regular expression in DuckDB's dialect; a literal is checked for what RE2 does not know."""
    written = literal(node)
    if written is not None and re.search(r"\(\?[=!<]", written):
        raise unsupported(f"regular expression '{written}'")
    return node


def _regexp(name: str) -> Call:
    def matched(arguments: Sequence[Node]) -> Node:
        subject, found, *rest = arguments
        return call(name, subject, pattern(found), *rest)

    return matched


def regexp_replace(arguments: Sequence[Node]) -> Node:
    """REGEXP_REPLACE(x, pattern [, new [, position [, occurrence [, parameters]]]]): occurrence 0 means each.

    https://docs.snowflake.com/en/sql-reference/functions/regexp_replace
    """
    subject, found, *rest = arguments
    new, start, n = [*rest[:3], *(text(""), number(1), number(0))[len(rest[:3]) :]]
    flags = _flags(rest[3] if len(rest) > 3 else None)
    if integer(n) == 0:
        if integer(start) == 1:
            return call("regexp_replace", subject, pattern(found), new, text("g" + flags.name))
        return call("_sf_regexp_replace", subject, pattern(found), new, start, flags)
    return call("_sf_regexp_replace_one", subject, pattern(found), new, start, n, flags)


def regexp_instr(arguments: Sequence[Node]) -> Node:
    """REGEXP_INSTR(x, pattern [, position [, occurrence [, option [, parameters [, group]]]]]).

    https://docs.snowflake.com/en/sql-reference/functions/regexp_instr
    """
    subject, found, *rest = arguments
    start, n, option = [*rest[:3], *(number(1), number(1), number(0))[len(rest[:3]) :]]
    if integer(option) not in {0, 1}:
        raise invalid("Invalid option of REGEXP_INSTR: it is 0 or 1")
    written = literal(rest[3]) if len(rest) > 3 else ""
    group = integer(rest[4]) if len(rest) > 4 else 1 if "e" in (written or "") else 0
    common = (
        subject,
        pattern(found),
        start,
        n,
        exp.Boolean(this=integer(option) == 1),
        _flags(rest[3] if len(rest) > 3 else None),
    )
    if not group:
        return call("_sf_regexp_instr", *common)
    return call("_sf_regexp_group_instr", *common, text(_split_at(found, group)))


def _flags(parameters: Node | None) -> exp.Literal:
    """Snowflake's parameters of a regular expression as DuckDB's; `e` says which part is wanted, which others do."""
    written = "c" if parameters is None else literal(parameters)
    if written is None or set(written) - set("cimes"):
        raise invalid(f"Invalid parameters of a regular expression: {written}")
    return text(written.replace("e", "") or "c")


def _split_at(found: Node, group: int) -> str:
    """The pattern with all that stands before a group as its first group, and the group as its second."""
    written = literal(found)
    opening = [] if written is None else [m.start() for m in _OPENING.finditer(written) if m[0] == "("]
    if written is None or group > len(opening) or _depth(written[: opening[group - 1]]):
        raise unsupported("REGEXP_INSTR of a group that is nested, or of a pattern that is no literal")
    at = opening[group - 1]
    before = _OPENING.sub(lambda m: "(?:" if m[0] == "(" else m[0], written[:at])
    return f"({before}){written[at:]}"


# What is no parenthesis of a group, and the parentheses that are.
_OPENING = re.compile(r"\\.|\[[^]]*\]|\(\?|\(|\)", re.DOTALL)


def _depth(written: str) -> int:
    """How many groups are open at the end."""
    marks = [m[0] for m in _OPENING.finditer(written)]
    return sum(mark in {"(", "(?"} for mark in marks) - marks.count(")")


def rlike(node: exp.RegexpLike) -> Node:
    """RLIKE and REGEXP match the whole text."""
    return call("regexp_full_match", node.this, pattern(node.expression))


def any_like(node: exp.Binary) -> Node:
    """LIKE ANY and LIKE ALL: one comparison for each pattern."""
    quantified = node.expression
    if not isinstance(quantified, exp.Any | exp.All):
        return node
    patterns = quantified.this.expressions if isinstance(quantified.this, exp.Tuple) else [quantified.this.unnest()]
    each = [type(node)(this=node.this.copy(), expression=p) for p in patterns]
    combine = exp.or_ if isinstance(quantified, exp.Any) else exp.and_
    return exp.paren(combine(*each, copy=False), copy=False)


def _refused(name: str) -> Call:
    def refuse(_: Sequence[Node]) -> Node:
        raise unsupported(name)

    return refuse


CALLS: dict[str, Call] = {
    **{name: renamed(name.lower()) for name in _SAME},
    **{name: _refused(name) for name in _WITHOUT_COUNTERPART},
    "CONCAT": concatenated,
    "CONCAT_WS": concat_ws,
    "STARTSWITH": renamed("starts_with"),
    "ENDSWITH": renamed("ends_with"),
    "CHAR": renamed("chr"),
    "LEN": renamed("sf_length"),
    "SUBSTRING": renamed("sf_substr"),
    "POSITION": renamed("sf_charindex"),
    "SHA1": renamed("sha1"),
    "SHA1_HEX": renamed("sha1"),
    "SHA2_HEX": renamed("sf_sha2"),
    "MD5_HEX": renamed("md5"),
    "REGEXP_REPLACE": regexp_replace,
    "LIKE": lambda a: exp.Like(this=a[0], expression=a[1]),
    "ILIKE": lambda a: exp.ILike(this=a[0], expression=a[1]),
    **dict.fromkeys(("REGEXP_LIKE", "RLIKE"), _regexp("sf_regexp_like")),
    "REGEXP_SUBSTR": _regexp("sf_regexp_substr"),
    **dict.fromkeys(("REGEXP_SUBSTR_ALL", "REGEXP_EXTRACT_ALL"), _regexp("sf_regexp_substr_all")),
    "REGEXP_COUNT": _regexp("sf_regexp_count"),
    "REGEXP_INSTR": regexp_instr,
}


def _position(node: exp.StrPosition) -> Node:
    return call("sf_charindex", node.args["substr"], node.this, node.args.get("position"))


def _collated(_: exp.Collate) -> Node:
    raise unsupported("COLLATE")


RULES = {
    exp.DPipe: piped,
    exp.RegexpLike: rlike,
    exp.Like: any_like,
    exp.ILike: any_like,
    exp.StrPosition: _position,
    exp.Collate: _collated,
}
