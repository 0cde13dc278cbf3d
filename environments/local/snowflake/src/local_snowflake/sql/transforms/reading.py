"""Snowflake's SQL as a tree in which every function is still called what the statement calls it.

sqlglot's own reader turns `DIV0(a, b)` into a CASE and forgets the name, so that what runs is what sqlglot thinks of
the function. Here a call stays a call, and the tables of this package alone say what it means.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.snowflake import Snowflake
from sqlglot.errors import ParseError
from sqlglot.parsers.snowflake import SnowflakeParser
from sqlglot.tokens import TokenType

from ...kernel.errors import syntax_error, unsupported
from .. import admission, nesting

# The text of a projection that has no alias, after which Snowflake names the column; and of a type, as written.
TEXT = "text"

# What is grammar rather than a call, and calls whose arguments are not a plain list.
_GRAMMAR = ("TABLE", "IDENTIFIER")
_SPECIAL = ("CAST", "TRY_CAST", "EXTRACT", "POSITION")
# Clauses in the order in which they stand.
_CLAUSES = ("where", "group", "having", "qualify", "order", "limit", "offset", "locks")


class _Parser(SnowflakeParser):
    """Reads calls as calls, keeps the text of projections and types, and takes no word as optional that is not."""

    FUNCTIONS: ClassVar[dict[str, Any]] = {name: SnowflakeParser.FUNCTIONS[name] for name in _GRAMMAR}
    FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {name: SnowflakeParser.FUNCTION_PARSERS[name] for name in _SPECIAL}
    OPTIONAL_ALIAS_TOKEN_CTE: ClassVar[bool] = False

    # ---- what is kept
    def _parse_projections(self) -> tuple[list[exp.Expression], list[exp.Expression] | None]:
        return self._parse_csv(self._parse_projection), None

    def _parse_projection(self) -> exp.Expression | None:
        start = self._curr
        projection = self._parse_expression()
        if projection is not None and start is not None:
            projection.meta[TEXT] = self._find_sql(start, self._prev)
        return projection

    def _parse_types(self, *arguments: Any, **options: Any) -> exp.Expression | None:
        start = self._curr
        found = super()._parse_types(*arguments, **options)
        if isinstance(found, exp.DataType) and start is not None:
            found.meta[TEXT] = self._find_sql(start, self._prev)
        return found

    def _kv_to_prop_eq(self, expressions: list[exp.Expression], parse_map: bool = False) -> list[exp.Expression]:  # noqa: FBT001, FBT002 - sqlglot's signature
        self._refuse_if(not all(isinstance(e, exp.Star) or _is_pair(e) for e in expressions))
        pairs = super()._kv_to_prop_eq(expressions, parse_map)
        for pair in pairs:
            if isinstance(pair, exp.PropertyEQ) and isinstance(pair.this, exp.Identifier):
                pair.this.set("quoted", True)  # noqa: FBT003 - the keys of `{'a': 1}` keep their case
        return pairs

    # ---- what is demanded
    def _demand(self, *words: str) -> None:
        for word in words:
            if not self._match_text_seq(word):
                self.raise_error(f"Expected {word}", self._curr)

    def _refuse_if(self, found: object) -> None:
        if found:
            self.raise_error("Unexpected", self._prev)

    def _parse_select_query(self, *arguments: Any, **options: Any) -> exp.Expression | None:
        if self._curr.token_type in {TokenType.FROM, TokenType.SUMMARIZE, TokenType.DESCRIBE}:
            self.raise_error("A query begins with SELECT", self._curr)
        return super()._parse_select_query(*arguments, **options)

    def _parse_query_modifiers(self, this: Any) -> Any:
        if not isinstance(this, self.MODIFIABLES):
            return super()._parse_query_modifiers(this)
        had = {clause for clause in _CLAUSES if this.args.get(clause) or this.args.pop(clause, None)}
        found = super()._parse_query_modifiers(this)
        order = [clause for clause in found.args if clause in _CLAUSES and clause not in had and found.args[clause]]
        if isinstance(found.args.get("limit"), exp.Fetch) and "offset" in order:
            self._refuse_if(order.index("offset") > order.index("limit"))
            order.remove("offset")
        self._refuse_if(order != sorted(order, key=_CLAUSES.index))
        return found

    def _parse_limit(self, *arguments: Any, **options: Any) -> exp.Expression | None:
        limited = self._curr.token_type is TokenType.TOP and self._next.token_type is TokenType.L_PAREN
        found = super()._parse_limit(*arguments, **options)
        self._refuse_if(limited and isinstance(found, exp.Limit))
        if isinstance(found, exp.Limit):
            self._refuse_if(found.args.get("offset"))  # `LIMIT 1, 2` is MySQL's
        return found

    def _parse_star_op(self, *keywords: str) -> list[exp.Expression] | None:
        return super()._parse_star_op(*(word for word in keywords if word != "EXCEPT"))

    def _parse_join(self, *arguments: Any, **options: Any) -> exp.Join | None:
        after_comma = self._curr.token_type is TokenType.COMMA
        found = super()._parse_join(*arguments, **options)
        self._refuse_if(after_comma and found is None)
        return found

    def _parse_between(self, this: exp.Expression | None) -> exp.Between:
        low = self._parse_bitwise()
        self._demand("AND")
        return self.expression(exp.Between(this=this, low=low, high=self._parse_bitwise()))

    def _parse_in(self, this: exp.Expression | None, *arguments: Any, **options: Any) -> exp.In:
        if self._curr.token_type is not TokenType.L_PAREN:
            self.raise_error("Expected (", self._curr)
        return super()._parse_in(this, *arguments, **options)

    def _parse_using_identifiers(self) -> list[exp.Expression]:
        return self._parse_wrapped_csv(self._parse_id_var)

    def _parse_table_sample(self, as_modifier: bool = False) -> exp.TableSample | None:  # noqa: FBT001, FBT002 - sqlglot's signature
        """https://docs.snowflake.com/en/sql-reference/constructs/sample."""
        if not self._match(TokenType.TABLE_SAMPLE):
            return None
        method = self._parse_var(tokens=(TokenType.ROW,), upper=True) or exp.var("BERNOULLI")
        self._demand("(")
        number = self._parse_primary() or self._parse_placeholder() or self._parse_parameter()
        size = bool(self._match(TokenType.ROWS))
        self._demand(")")
        seed = self._match_texts(("SEED", "REPEATABLE")) and self._parse_wrapped(self._parse_primary)
        amount = {"size" if size else "percent": number}
        return self.expression(exp.TableSample(method=method, seed=seed or None, **amount))

    # ---- DML
    def _parse_insert(self) -> exp.Insert | exp.MultitableInserts:
        ahead = [token.text.upper() for token in self._tokens[self._index : self._index + 3]]
        ahead = ahead[1:] if ahead[:1] == ["OVERWRITE"] else ahead
        if ahead[:1] in (["ALL"], ["FIRST"], ["WHEN"]):
            raise unsupported("multi-table INSERT")
        if ahead[:1] != ["INTO"]:
            self.raise_error("Expected INTO", self._curr)
        if ahead[1:2] in (["TABLE"], ["FUNCTION"]):
            self.raise_error("Unexpected", self._next)
        return super()._parse_insert()

    def _parse_merge(self) -> exp.Merge:
        if self._curr.token_type is not TokenType.INTO:
            self.raise_error("Expected INTO", self._curr)
        return super()._parse_merge()

    def _parse_when_matched(self) -> exp.Whens:
        """https://docs.snowflake.com/en/sql-reference/sql/merge."""
        found = []
        while self._match(TokenType.WHEN):
            matched = not self._match(TokenType.NOT)
            self._demand("MATCHED")
            condition = self._parse_disjunction() if self._match(TokenType.AND) else None
            self._demand("THEN")
            then = self._parse_change() if matched else self._parse_addition()
            found.append(self.expression(exp.When(matched=matched, condition=condition, then=then)))
        return self.expression(exp.Whens(expressions=found))

    def _parse_change(self) -> exp.Expression:
        if self._match(TokenType.DELETE):
            return exp.var("DELETE")
        self._demand("UPDATE")
        self._by_name()
        self._demand("SET")
        return self.expression(exp.Update(expressions=self._parse_csv(self._parse_update_assignment)))

    def _parse_addition(self) -> exp.Expression:
        self._demand("INSERT")
        self._by_name()
        columns = None if self._curr.token_type is TokenType.VALUES else self._parse_row_of_values()
        self._demand("VALUES")
        return self.expression(exp.Insert(this=columns, expression=self._parse_row_of_values()))

    def _parse_row_of_values(self) -> exp.Tuple | None:
        if self._curr.token_type is not TokenType.L_PAREN:
            self.raise_error("Expected (", self._curr)
        return self._parse_value()

    def _by_name(self) -> None:
        if self._match_text_seq("ALL", "BY", "NAME"):
            raise unsupported("MERGE ... ALL BY NAME")


def _is_pair(node: exp.Expression) -> bool:
    """Whether it is `'key': value`."""
    return isinstance(node, exp.Slice) and isinstance(node.this, exp.Literal) and node.this.is_string


_DIALECT = Snowflake()
SURELY_FLAT = 800  # characters; a shorter text needs nothing of `nesting`


def parse(text: str) -> exp.Expression:
    """Read one statement.

    Raises:
        SnowflakeError: 001003 where the text stops making sense; 000002 for what Snowflake has and we have not.

    """
    tokens = _DIALECT.tokenize(text)
    try:
        found = _Parser(dialect=_DIALECT).parse(tokens, text)
    except ParseError as error:
        raise syntax_error(_place(error.errors[0] if error.errors else {})) from error
    if len(found) != 1 or found[0] is None:
        raise syntax_error("line 1 at position 0 unexpected ';'.")
    if len(text) > SURELY_FLAT:
        nesting.check_depth(found[0])
    if not isinstance(found[0], exp.Command):
        admission.check(found[0], tokens)
    return found[0]


def _place(error: dict[str, Any]) -> str:
    near = error.get("highlight") or "<EOF>"
    position = max(int(error.get("col") or 1) - len(near), 0)
    return f"line {error.get('line', 1)} at position {position} unexpected '{near}'."
