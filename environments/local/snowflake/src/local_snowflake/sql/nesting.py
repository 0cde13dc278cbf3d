"""Statements that nest deeply: chains of one operator are made flat, and what is too deep is refused, not tried.

https://docs.snowflake.com/en/user-guide/query-size-limits: texts of more than 1 MB "process normally". No page says how
deep a statement may nest; accounts refuse what their compiler cannot hold with 001042.
"""

from __future__ import annotations

from itertools import zip_longest

from sqlglot import exp

from ..kernel.errors import SnowflakeError

# Operators of which a chain may be computed in any order. A chain leans to the left: as deep as it is long.
_ASSOCIATIVE = (exp.And, exp.Or, exp.DPipe, exp.Add, exp.Union)
# Written without parentheses these are one list to DuckDB, however they are grouped.
_LISTS = (exp.And, exp.Or, exp.Union)
_PARENTHESES = (exp.Paren, exp.Subquery)
_SHORT = 100  # operands; so many are left as they are
_DEEPEST = 2_000  # nodes from the root to a leaf
_MOST_QUERIES = 5_000  # of a chain of UNION ALL, each of which DuckDB runs as a pipeline of its own


def too_complex() -> SnowflakeError:
    """What an account says to a statement that its compiler cannot hold."""
    return SnowflakeError("SQL compilation error:\nCompilation memory exhausted.", "001042", "XX000")


def check_depth(tree: exp.Expression) -> None:
    """Refuse what is too deep even when it is `flattened`, before much of the work goes up and down the tree.

    Raises:
        SnowflakeError: 001042.

    """
    waiting = [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        if depth > _DEEPEST:
            raise too_complex()
        flat = type(node) if isinstance(node, (*_ASSOCIATIVE, *_PARENTHESES)) else None
        waiting += [(child, depth + (type(child) is not flat)) for child in node.iter_expressions()]


def flattened(tree: exp.Expression) -> exp.Expression:
    """The tree with long chains as balanced trees, and without parentheses that only repeat others; it is changed.

    Raises:
        SnowflakeError: 001042 for a longer chain of queries than DuckDB can hold.

    """
    for node in list(tree.walk()):
        if isinstance(node, _PARENTHESES):
            _unwrap(node)
        elif _heads_chain(node):
            _balance(node, _operands(node))
    return tree


def _unwrap(node: exp.Paren | exp.Subquery) -> None:
    """`((a))` is `(a)`."""
    inner = node.this
    while type(inner) is type(node) and not any(value for key, value in inner.args.items() if key != "this"):
        inner = inner.this
    if inner is not node.this:
        node.set("this", inner)


def _heads_chain(node: exp.Expression) -> bool:
    return type(node) in _ASSOCIATIVE and _links(node) and not (type(node.parent) is type(node) and _links(node.parent))


def _links(node: exp.Expression) -> bool:
    """Whether the node may be regrouped with its like: all but UNION, whose duplicates go one by one."""
    return not isinstance(node, exp.Union) or not (node.args.get("distinct") or node.args.get("by_name"))


def _operands(head: exp.Expression) -> list[exp.Expression]:
    """What the chain's operators stand between, from left to right."""
    found, node = [], head
    while type(node) is type(head) and _links(node) and (node is head or not _modified(node)):
        found.append(node.expression)
        node = node.this
    return [node, *reversed(found)]


def _modified(node: exp.Expression) -> bool:
    return any(value for key, value in node.args.items() if key not in {"this", "expression", "distinct", "safe"})


def _balance(head: exp.Expression, operands: list[exp.Expression]) -> None:
    if len(operands) <= _SHORT:
        return
    if isinstance(head, exp.Union):
        operands = _as_values(operands)
        if len(operands) > _MOST_QUERIES:
            raise too_complex()
    middle = len(operands) // 2
    head.set("this", _joined(head, operands[:middle]))
    head.set("expression", _joined(head, operands[middle:]))


def _joined(head: exp.Expression, operands: list[exp.Expression]) -> exp.Expression:
    """The operands as a tree of the chain's operator, as flat as can be."""
    if len(operands) == 1:
        return operands[0]
    middle = len(operands) // 2
    others = {key: head.args[key] for key in ("distinct", "safe") if key in head.args}
    found = type(head)(this=_joined(head, operands[:middle]), expression=_joined(head, operands[middle:]), **others)
    return found if isinstance(head, _LISTS) else exp.Paren(this=found)


def _as_values(queries: list[exp.Expression]) -> list[exp.Expression]:
    """The queries with all but the first as one of VALUES, if all list constants, of one type in each column.

    The first stays, as it names the columns.
    """
    rows = [_constants(query) for query in queries]
    if not all(rows) or any(not _alike(column) for column in zip_longest(*rows)):
        return queries
    values = exp.Values(expressions=[exp.Tuple(expressions=row) for row in rows[1:]])
    return [queries[0], exp.select("*").from_(values, copy=False)]


def _constants(query: exp.Expression) -> list[exp.Expression]:
    """What a SELECT of constants, and of nothing else, lists; nothing for any other query."""
    if not isinstance(query, exp.Select) or any(value for key, value in query.args.items() if key != "expressions"):
        return []
    found = [projection.unalias() for projection in query.selects]
    return found if all(isinstance(each, exp.Literal | exp.Boolean | exp.Null) for each in found) else []


def _alike(column: tuple[exp.Expression | None, ...]) -> bool:
    """Whether the constants of a column are of one type; of a row that has none, they are not."""
    kinds = {(type(each), each and each.is_string) for each in column if not isinstance(each, exp.Null)}
    return len(kinds) <= 1 and None not in column
