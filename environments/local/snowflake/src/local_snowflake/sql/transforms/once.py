"""Arguments that are computed once, however often a macro uses them.

DuckDB writes a macro's arguments into its body, each as often as the body uses it. A macro within a macro within a
macro multiplies the query's size at each level, so that one line of a query could take half a minute to plan. Where
that would happen, the arguments become fields of a struct, which a lambda hands to the macro.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise

from sqlglot import exp, tokenize
from sqlglot.tokens import Token, TokenType

from .rewriting import Node, handed

# Up to so many expressions, as DuckDB will have them, a call plans in a moment, and DuckDB sees through it what it need
# not read from a table.
_LARGE = 300
# Functions of DuckDB's that are macros, with how often they use their arguments.
_BUILT_IN = {"nullif": 2, "split_part": 2}
# What costs nothing to repeat, and has to stay where the macro sees it: a literal has a type of its own in DuckDB.
_LEAVES = (exp.Column, exp.Literal, exp.Null, exp.Boolean)


def computed_once(tree: Node, definitions: str) -> Node:
    """The tree, where no argument becomes large by repetition.

    `definitions` are the statements that create the macros.
    """
    uses = _uses(definitions)
    # How many expressions DuckDB will make of each node.
    sizes: dict[int, int] = {}
    for node in reversed(list(tree.dfs())):
        inside = sum(sizes[id(child)] for child in node.iter_expressions())
        times = uses.get(node.name.lower(), 1) if isinstance(node, exp.Anonymous) else 1
        sizes[id(node)] = 1 + inside * times
        if times > 1 and sizes[id(node)] > _LARGE and (arguments := _computed(node)):
            new = node.replace(handed(node, arguments)) if node.parent else handed(node, arguments)
            sizes[id(new)] = 1 + inside + times * len(node.expressions)
            tree = new if node is tree else tree
    return tree


def _computed(macro: exp.Anonymous) -> list[Node]:
    return [argument for argument in macro.expressions if not isinstance(argument.unnest(), _LEAVES)]


# What stands between two forms of a macro that is defined for several types; DuckDB writes out the one it chooses.
_FORM = re.compile(r",\s*\([\w ,]*\) AS\s")


@cache
def _uses(definitions: str) -> dict[str, int]:
    """How often each macro comes to use the argument that it uses most, by the macros before it that it calls, too."""
    uses = dict(_BUILT_IN)
    for name, header, body in re.findall(r"^CREATE MACRO (\w+)\(([^)]*)\) AS(.*?);$", definitions, re.M | re.S):
        if not body.startswith(" TABLE"):  # a relation is no argument
            parameters = {parameter.split()[0] for parameter in header.split(",") if parameter}
            forms = _FORM.split(body)
            uses[name] = max(_most_used(parameters, tokenize(form, "duckdb"), uses) for form in forms)
    return uses


def _most_used(parameters: set[str], body: list[Token], uses: dict[str, int]) -> int:
    """How often the body of one form comes to use the parameter that it uses most."""
    counts = dict.fromkeys(parameters, 0)
    # How often what stands here will be there: by each call around it.
    times = [1]
    for before, token in pairwise([None, *body]):
        if token.token_type == TokenType.L_PAREN:
            times.append(times[-1] * max(uses.get(before.text, 1) if before else 1, 1))
        elif token.token_type == TokenType.R_PAREN:
            times.pop()
        elif token.text in counts:
            counts[token.text] += times[-1]
    return max(counts.values(), default=0)
