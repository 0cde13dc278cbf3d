"""What a policy says: its arguments, what it returns, and its body as a tree.

https://docs.snowflake.com/en/sql-reference/sql/create-masking-policy
https://docs.snowflake.com/en/sql-reference/sql/create-row-access-policy
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from ..sql import datatypes
from ..sql.parsing import parse_expression

if TYPE_CHECKING:
    from ..kernel.catalogue import Object
    from ..kernel.tokens import Tokens
    from ..sql.datatypes import DataType

ARGUMENTS = "_ARGUMENTS"


@dataclass(frozen=True)
class Argument:
    """An argument of a policy, by its folded name; its type as Snowflake writes it."""

    name: str
    type: str

    @property
    def datatype(self) -> DataType:
        """The declared type."""
        return datatypes.parse(self.type)


@dataclass(frozen=True)
class Body:
    """A policy's signature and text."""

    arguments: tuple[Argument, ...]
    returns: str
    text: str

    def document(self) -> dict[str, Any]:
        """For the catalogue."""
        return {**asdict(self), "arguments": [asdict(a) for a in self.arguments]}

    @property
    def signature(self) -> str:
        """As DESCRIBE shows it: `(VAL VARCHAR, REGION VARCHAR)`."""
        return f"({', '.join(f'{a.name} {a.datatype.name}' for a in self.arguments)})"

    def over(self, values: list[exp.Expression]) -> exp.Expression:
        """The body as an expression, in which each argument is one of the values.

        Inside of a subquery a name is first looked for in that subquery's own tables, as everywhere in SQL; so there
        the arguments stand as columns around it, and are not put in the place of their names.
        """
        tree = exp.Paren(this=parse_expression(self.text))
        if tree.find(exp.Query):
            around = exp.select(*named(self.arguments, values)).subquery(ARGUMENTS)
            return exp.Subquery(this=exp.select(exp.alias_(tree, "VALUE", quoted=True)).from_(around))
        given = {a.name: value for a, value in zip(self.arguments, values, strict=True)}
        for column in list(tree.find_all(exp.Column)):
            if not column.table and column.name in given:
                column.replace(given[column.name].copy())
        return tree


def named(arguments: tuple[Argument, ...], values: list[exp.Expression]) -> list[exp.Expression]:
    """The values as projections under the arguments' names."""
    return [exp.alias_(v.copy(), a.name, quoted=True) for a, v in zip(arguments, values, strict=True)]


def of(policy: Object) -> Body:
    """The body of a policy of the catalogue."""
    said = policy.properties
    return Body(tuple(Argument(**a) for a in said["arguments"]), said["returns"], said["text"])


def read(tokens: Tokens) -> Body:
    """`AS (name type, ...) RETURNS type -> body`, up to COMMENT or EXEMPT_OTHER_POLICIES or the end."""
    tokens.expect("AS", "(")
    found = [_argument(tokens)]
    while tokens.accept(","):
        found.append(_argument(tokens))
    tokens.expect(")", "RETURNS")
    returns = str(datatypes.read(tokens))
    arrow(tokens)
    return Body(tuple(found), returns, text(tokens))


def _argument(tokens: Tokens) -> Argument:
    return Argument(tokens.identifier(), str(datatypes.read(tokens)))


def arrow(tokens: Tokens) -> None:
    """`->`, which is read as one symbol or two."""
    if not tokens.accept("->"):
        tokens.expect("-", ">")


def text(tokens: Tokens) -> str:
    """The text of the body that stands next.

    Raises:
        SnowflakeError: 001003 when there is none.

    """
    start, end = tokens.peek().start, tokens.peek().start
    while not tokens.done and not _ends(tokens):
        if tokens.looking_at("("):
            tokens.parenthesised()
        else:
            tokens.take()
        end = tokens.previous.end
    if start == end:
        raise tokens.unexpected()
    return tokens.text[start:end]


def _ends(tokens: Tokens) -> bool:
    return tokens.peek().upper in {"COMMENT", "EXEMPT_OTHER_POLICIES"} and tokens.peek(1).text == "="
