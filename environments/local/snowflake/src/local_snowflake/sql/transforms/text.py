"""Text: what DuckDB calls otherwise, and patterns."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from ...kernel.errors import SnowflakeError, unsupported
from . import patterns
from .rewriting import Call, Node, call, literal, renamed
from .semi_structured import is_container

_SAME = ("UPPER", "LOWER", "TRIM", "LTRIM", "RTRIM", "REPEAT", "REVERSE", "TRANSLATE", "CHR", "MD5")
_WITHOUT_COUNTERPART = (
    "COLLATE",
    "COLLATION",
    "SOUNDEX",
    "PARSE_IP",
    "COMPRESS",
    "ENCRYPT",
    "VECTOR_TRUNCATE",
    "VECTOR_NORMALIZE",
)


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
    if is_container(node.this) or is_container(node.expression):
        what = "Invalid argument types for function 'CONCAT': an ARRAY or an OBJECT is no text by itself"
        raise SnowflakeError(f"SQL compilation error: error line 1 at position 0\n{what}", "001044", "42P13")
    return exp.DPipe(this=_written(node.this), expression=_written(node.expression))


def _written(part: Node) -> Node:
    if literal(part) is not None or isinstance(part.unnest(), exp.DPipe):
        return part
    return call("sf_to_varchar", part)


def concat_ws(arguments: Sequence[Node]) -> Node:
    """CONCAT_WS(separator, ...): NULL when any part is."""
    separator, *parts = arguments
    pieces = [parts[0]]
    for part in parts[1:]:
        pieces += [separator.copy(), part]
    return joined(pieces)


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
    "LIKE": lambda a: exp.Like(this=a[0], expression=a[1]),
    "ILIKE": lambda a: exp.ILike(this=a[0], expression=a[1]),
    **patterns.CALLS,
}


def _position(node: exp.StrPosition) -> Node:
    return call("sf_charindex", node.args["substr"], node.this, node.args.get("position"))


def _collated(_: exp.Collate) -> Node:
    raise unsupported("COLLATE")


RULES = {
    exp.DPipe: piped,
    exp.RegexpLike: patterns.rlike,
    exp.Like: any_like,
    exp.ILike: any_like,
    exp.StrPosition: _position,
    exp.Collate: _collated,
}
