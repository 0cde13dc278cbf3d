"""How rules are applied: once over the tree, from the leaves to the root, each node by its class or its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlglot import exp

Node = exp.Expression
Rule = Callable[[Any], Node]
# A scalar function: its arguments, already DuckDB's, to the expression that computes it.
Call = Callable[[Sequence[Node]], Node]


def rewrite(tree: Node, rules: Mapping[type[Node], Rule]) -> Node:
    """The tree with each node whose class has a rule replaced by what the rule says.

    Children come before their parents, and nothing that a rule returns is visited again, so a rule sees arguments
    that are DuckDB's already and a name is never translated twice.
    """
    for node in reversed(list(tree.dfs())):
        rule = rules.get(type(node))
        if rule is None:
            continue
        new = rule(node)
        if node is tree:
            tree = new
        elif new is not node:
            node.replace(new)
    return tree


def call(name: str, *arguments: Node | None) -> exp.Anonymous:
    """A call of a DuckDB function or macro; arguments that are None are left out."""
    return exp.Anonymous(this=name, expressions=[a for a in arguments if a is not None])


def renamed(name: str) -> Call:
    """The function is DuckDB's function or macro of that name, with the same arguments."""
    return lambda arguments: call(name, *arguments)


def name_of(node: exp.Anonymous) -> str:
    """A built-in function's name in upper case; empty for a quoted name or one in a schema, which are users'."""
    if not isinstance(node.this, str) or isinstance(node.parent, exp.Dot):
        return ""
    return node.this.upper()


def text(value: str) -> exp.Literal:
    """A text literal."""
    return exp.Literal.string(value)


def number(value: int) -> exp.Literal:
    """A number literal."""
    return exp.Literal.number(value)


def cast(value: Node, kind: str) -> exp.Cast:
    """A cast to a DuckDB type, written as DuckDB names it."""
    return exp.Cast(this=value, to=exp.DataType.build(kind, dialect="duckdb", udt=True))


def literal(node: Node | None) -> str | None:
    """The value of a text literal, or None for anything else."""
    return node.name if isinstance(node, exp.Literal) and node.is_string else None


def integer(node: Node | None) -> int | None:
    """The value of an integer literal (with its sign), or None for anything else."""
    if isinstance(node, exp.Neg):
        value = integer(node.this)
        return None if value is None else -value
    if isinstance(node, exp.Literal) and not node.is_string and node.name.isdigit():
        return int(node.name)
    return None


_HANDED = exp.to_identifier("_arguments")


def handed(macro: exp.Anonymous, arguments: Sequence[Node]) -> Node:
    """A macro whose arguments (those given) are computed before it, each once; the macro itself where there are none.

    list_transform([{'a0': ...}], lambda _arguments: macro(_arguments['a0'], ...))[1].
    """
    if not arguments:
        return macro
    fields = []
    for place, argument in enumerate(arguments):
        field = f"a{place}"
        argument.replace(exp.Bracket(this=_HANDED.copy(), expressions=[text(field)]))
        fields.append(exp.PropertyEQ(this=exp.to_identifier(field), expression=argument))
    row = exp.Array(expressions=[exp.Struct(expressions=fields)])
    applied = exp.Lambda(this=macro.copy(), expressions=[_HANDED.copy()], colon=True)
    # sqlglot counts from 0, DuckDB from 1.
    return exp.Bracket(this=exp.Transform(this=row, expression=applied), expressions=[number(0)])
