"""From the text of a statement to its shape: what the documentation speaks of, without the names and values.

A query has many shapes: one for each function, clause, join and type in it, since each has a page of its own. Any
other statement has one in the words of its grammar, `CREATE TASK <name> AFTER <name> AS ...`, and one for each of its
options, `CREATE TASK: SCHEDULE`, in whatever order they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from local_snowflake.grammar import matching
from local_snowflake.grammar.admission import grammars
from local_snowflake.kernel.tokens import Token, tokenize
from local_snowflake.sql import parsing
from sqlglot import exp

_QUERIES = {"SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE", "("}
_BLOCKS = {"BEGIN", "DECLARE"}
# Words of blocks that are worth a row: what each does has a page.
_SCRIPTING = ("EXCEPTION", "FOR", "WHILE", "IF", "CASE", "LET", "RAISE", "RETURN", "CURSOR", "RESULTSET", "LOOP")
# Where a statement holds another one: its last part, behind AS.
_BODIES = ("TASK", "VIEW", "DYNAMIC TABLE", "TABLE", "PROCEDURE", "FUNCTION", "MASKING POLICY", "ROW ACCESS POLICY")


def shapes(text: str) -> set[str]:
    """Return the shapes of one statement."""
    tokens = tokenize(text)
    if not tokens:
        return set()
    first = tokens[0].upper
    if first in _BLOCKS and len(tokens) > 1 and tokens[1].upper not in {"", ";", "TRANSACTION", "WORK", "NAME"}:
        words = {t.upper for t in tokens if t.kind == "word"}
        return {f"block: {word}" for word in _SCRIPTING if word in words} | {"block: BEGIN ... END"}
    if first in _QUERIES and not (first == "WITH" and _is_procedure(tokens)):
        return set(_constructs(text))
    return _worded(tokens)


def _is_procedure(tokens: tuple[Token, ...]) -> bool:
    return any(a.upper == "AS" and b.upper == "PROCEDURE" for a, b in pairwise(tokens))


# ---- statements that are no queries
def _worded(tokens: tuple[Token, ...]) -> set[str]:
    """The statement in keywords; names, literals and lists as what they are; its options apart."""
    text = " ".join(_pieces(tokens))
    options = {found.group(1) for found in _OPTION.finditer(text)}
    rest = _OPTION.sub(" ", text)
    rest = " ".join(_without_lists(rest.split()))
    rest = re.sub(r" (?:, )+(?=[A-Z(]|$)", " ", rest + " ")
    rest = re.sub(r"(<\w+>)(?: <name>)*(?: , <\w+>(?: <name>)*)+", r"\1 , ...", rest).strip(" ,")
    head = re.match(r"[A-Z$_ ]+", rest)
    called = re.sub(r" IF (NOT )?EXISTS| IDENTIFIER", "", head.group().strip() if head else rest)
    return {rest} | {f"{called}: {option}" for option in options}


_OPTION = re.compile(r"\b([A-Z_][A-Z0-9_]*) = (?:\((?:[^()]|\([^()]*\))*\)|\S+)")


def _without_lists(pieces: list[str]) -> Iterator[str]:
    """The pieces, but for what stands between parentheses where that is more than one thing."""
    at = 0
    while at < len(pieces):
        end = _closing(pieces, at) if pieces[at] == "(" else at
        yield from ["(...)"] if end - at > _ONE_THING else pieces[at : end + 1]
        at = end + 1


_ONE_THING = 2  # pieces from one parenthesis to the other


def _closing(pieces: list[str], at: int) -> int:
    depth = 0
    for index in range(at, len(pieces)):
        depth += (pieces[index] == "(") - (pieces[index] == ")")
        if not depth:
            return index
    return len(pieces) - 1


def _pieces(tokens: tuple[Token, ...]) -> Iterator[str]:
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.upper == "AS" and at and _holds_a_body(tokens[:at]):
            yield "AS ..."
            return
        if token.upper == "->":
            yield "-> ..."
            return
        if token.kind in {"word", "quoted"} and not _is_keyword(tokens, at):
            while at + 2 < len(tokens) and tokens[at + 1].text == ".":
                at += 2
            yield "<name>"
        else:
            yield _KINDS.get(token.kind, token.upper)
        at += 1


_KINDS = {
    "string": "<string>",
    "dollar": "<string>",
    "number": "<number>",
    "location": "@<stage>",
    "url": "<url>",
    "variable": "$<name>",
}


def _is_keyword(tokens: tuple[Token, ...], at: int) -> bool:
    token, following = tokens[at], tokens[at + 1].text if at + 1 < len(tokens) else ""
    before = tokens[at - 1].upper if at else ""
    if token.kind == "quoted" or following == "." or before in {".", "EXISTS"}:
        return token.upper == "IDENTIFIER" and following == "("
    return following == "=" or token.upper in keywords() or token.upper.startswith("SYSTEM$")


def _holds_a_body(head: tuple[Token, ...]) -> bool:
    words = " ".join(t.upper for t in head[:6])
    return words.startswith(("CREATE", "WITH")) and any(re.search(rf"\b{body}\b", words) for body in _BODIES)


@cache
def keywords() -> frozenset[str]:
    """The words of all grammars."""
    found: set[str] = set()
    seen: set[int] = set()

    def walk(part: object) -> None:
        if part is None or id(part) in seen:
            return
        seen.add(id(part))
        if isinstance(part, matching.Word):
            found.add(part.text)
        for inner in getattr(part, "parts", ()):
            walk(inner)
        walk(getattr(part, "part", None))

    for parts in grammars().values():
        for part in parts:
            walk(part)
    return frozenset(found)


# ---- queries
def _constructs(text: str) -> Iterator[str]:
    tree = parsing.parse(text)
    yield f"query: {type(tree).__name__.upper()}"
    for node in tree.walk():
        yield from _of_node(node)


def _of_node(node: exp.Expression) -> Iterator[str]:
    match node:
        case exp.Anonymous():
            yield f"function: {node.name.upper()}"
        case exp.Cast() | exp.TryCast():
            yield f"type: {node.to.this.value}"
        case exp.Join():
            kind = " ".join(filter(None, (node.method, node.side, node.kind))) or "INNER"
            yield f"join: {kind.upper()}{' USING' if node.args.get('using') else ''}"
        case exp.Func() if not isinstance(node, exp.And | exp.Or | exp.Case | exp.Cast):
            yield f"function: {_name(node)}"
        case exp.Window():
            yield "clause: OVER"
        case exp.When():
            yield "clause: WHEN ... THEN"
        case _ if type(node) in _CLAUSES:
            yield f"clause: {_CLAUSES[type(node)]}"


def _name(node: exp.Func) -> str:
    """The function's name as Snowflake's dialect writes it."""
    written = node.sql("snowflake")
    found = re.match(r"[A-Za-z_$][\w$]*(?=\()", written)
    return found.group().upper() if found else type(node).sql_name()


_CLAUSES: dict[type, str] = {
    exp.CTE: "WITH",
    exp.Qualify: "QUALIFY",
    exp.Group: "GROUP BY",
    exp.Having: "HAVING",
    exp.Order: "ORDER BY",
    exp.Limit: "LIMIT",
    exp.Union: "UNION",
    exp.Except: "EXCEPT",
    exp.Intersect: "INTERSECT",
    exp.Pivot: "PIVOT",
    exp.TableSample: "SAMPLE",
    exp.Lateral: "LATERAL",
    exp.Values: "VALUES",
    exp.Case: "CASE",
    exp.Placeholder: "?",
    exp.Parameter: "@",
    exp.HistoricalData: "AT",
    exp.Distinct: "DISTINCT",
    exp.Star: "*",
    exp.Exists: "EXISTS",
    exp.In: "IN",
    exp.Like: "LIKE",
    exp.ILike: "ILIKE",
    exp.Between: "BETWEEN",
    exp.JSONExtract: "path of VARIANT",
    exp.Bracket: "[ ]",
}
