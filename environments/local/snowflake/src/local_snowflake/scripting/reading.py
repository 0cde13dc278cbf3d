"""From a block's text to its tree: statements and the parts that hold others.

https://docs.snowflake.com/en/sql-reference-snowflake-scripting
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..kernel.blocks import opens, statement_end
from ..kernel.errors import unsupported
from ..kernel.tokens import Token
from . import declarations, sql, text, tree
from .source import Source

if TYPE_CHECKING:
    from .text import Text

_Body = tuple[tree.Statement, ...]
# Words that end a list of statements, where one could begin.
_CLOSING = {"END", "ELSE", "ELSEIF", "WHEN", "UNTIL", "EXCEPTION"}
# What stands inside of a block only.
_INSIDE = {"LET", "IF", "CASE", "FOR", "WHILE", "REPEAT", "LOOP"}


def read(body: str) -> tree.Block:
    """The tree of a block, or of a body that is a statement (or several) without BEGIN and END.

    Raises:
        SnowflakeError: 001003 where the text stops making sense; 000002, naming what is not supported.

    """
    source = Source(body)
    if source.peek().upper in _INSIDE:
        raise source.unexpected()
    place, statements = source.place(), _statements(source)
    source.end()
    if not statements:
        raise source.unexpected()
    if len(statements) == 1 and isinstance(statements[0], tree.Block):
        return statements[0]
    return tree.Block(place, (), statements, ())


def _statements(source: Source) -> _Body:
    """Statements, each with its semicolon (which the last one may lack), up to what closes the part they stand in."""
    found = []
    while not source.done and not (source.peek().upper in _CLOSING and source.peek().kind == "word"):
        found.append(_statement(source))
        if not source.accept(";"):
            break
    return tuple(found)


def _body(source: Source) -> _Body:
    """The statements of a part that must have some, and end each with a semicolon."""
    found = _statements(source)
    if not found or source.previous.text != ";":
        raise source.unexpected()
    return found


def _statement(source: Source) -> tree.Statement:
    place, first = source.place(), source.peek()
    if first.upper in {"BEGIN", "DECLARE"} and opens(source):
        return _block(source, place)
    if first.kind in {"word", "quoted"} and source.peek(1).text == ":" and source.peek(2).text == "=":
        return _assign(source, place)
    if first.upper == "EXECUTE" and source.peek(1).upper == "IMMEDIATE":
        return _execute(source, place)
    read_one = _STATEMENTS.get(first.upper) if first.kind == "word" else None
    if read_one is None:
        return _sql(source, place)
    source.take()
    return read_one(source, place)


# ---- blocks
def _block(source: Source, place: tree.Place) -> tree.Block:
    declared = declarations.section(source, query) if source.accept("DECLARE") else ()
    source.expect("BEGIN")
    body = _body(source)
    handlers = _handlers(source) if source.accept("EXCEPTION") else ()
    source.expect("END")
    return tree.Block(place, declared, body, handlers)


def _handlers(source: Source) -> tuple[tree.Handler, ...]:
    found = []
    while source.accept("WHEN"):
        names = [source.identifier()]
        while source.accept("OR"):
            names.append(source.identifier())
        if source.looking_at("CONTINUE"):
            raise unsupported("a handler with CONTINUE in a block (Snowflake Scripting)")
        source.accept("EXIT")
        source.expect("THEN")
        found.append(tree.Handler(tuple(names), _body(source)))
    if not found:
        raise source.unexpected()
    return tuple(found)


# ---- conditions
def _if(source: Source, place: tree.Place) -> tree.If:
    branches: list[tuple[Text | None, _Body]] = [(_until(source, "THEN"), _body(source))]
    while source.accept("ELSEIF"):
        branches.append((_until(source, "THEN"), _body(source)))
    if source.accept("ELSE"):
        branches.append((None, _body(source)))
    source.expect("END", "IF")
    return tree.If(place, tuple(branches))


def _case(source: Source, place: tree.Place) -> tree.If | tree.Case:
    value = None if source.looking_at("WHEN") else source.expression("WHEN")
    branches: list[tuple[Text | None, _Body]] = []
    while source.accept("WHEN"):
        branches.append((_until(source, "THEN"), _body(source)))
    if source.accept("ELSE"):
        branches.append((None, _body(source)))
    source.expect("END")
    source.accept("CASE")
    return tree.If(place, tuple(branches)) if value is None else tree.Case(place, value, tuple(branches))


# ---- loops
def _loop(source: Source, place: tree.Place) -> tree.Loop:
    body = _body(source)
    source.expect("END", "LOOP")
    return tree.Loop(place, body, label=_label(source))


def _while(source: Source, place: tree.Place) -> tree.Loop:
    condition = source.expression("DO", "LOOP")
    word = source.take().upper
    body = _body(source)
    source.expect("END", "WHILE" if word == "DO" else "LOOP")
    return tree.Loop(place, body, condition=condition, label=_label(source))


def _repeat(source: Source, place: tree.Place) -> tree.Loop:
    body = _body(source)
    source.expect("UNTIL")
    until = _until(source, "END")
    source.expect("REPEAT")
    return tree.Loop(place, body, until=until, label=_label(source))


def _for(source: Source, place: tree.Place) -> tree.ForRange | tree.ForRows:
    name = source.identifier()
    source.expect("IN")
    reverse = source.accept("REVERSE")
    first = source.expression("TO", "DO", "LOOP")
    if source.accept("TO"):
        last = source.expression("DO", "LOOP")
        body, label = _for_body(source)
        return tree.ForRange(place, name, first, last, reverse, body, label)
    if reverse or first.only is None:
        raise source.unexpected()
    body, label = _for_body(source)
    return tree.ForRows(place, name, first.only.name, body, label)


def _for_body(source: Source) -> tuple[_Body, str | None]:
    word = source.take().upper
    body = _body(source)
    source.expect("END", "FOR" if word == "DO" else "LOOP")
    return body, _label(source)


def _label(source: Source) -> str | None:
    return None if source.done or source.looking_at(";") else source.identifier()


def _leave(*, again: bool) -> Callable[[Source, tree.Place], tree.Leave]:
    return lambda source, place: tree.Leave(place, again, _label(source))


# ---- the rest
def _assign(source: Source, place: tree.Place) -> tree.Assign:
    name = source.identifier()
    source.expect(":", "=")
    if source.looking_at("ASYNC"):
        raise unsupported("ASYNC in a block (Snowflake Scripting)")
    tokens = source.until(";")
    return tree.Assign(place, name, source.expression_of(tokens), query(source, tokens, place))


def _return(source: Source, place: tree.Place) -> tree.Return:
    if source.done or source.looking_at(";"):
        return tree.Return(place)
    if not source.looking_at("TABLE", "("):
        return tree.Return(place, value=source.expression(";"))
    source.expect("TABLE")
    tokens = source.until(";")
    inner = tokens[1:-1]
    if len(inner) == 1:
        return tree.Return(place, rows=source.folded(inner[0]))
    if inner and inner[0].upper == "RESULTSET_FROM_CURSOR":
        return tree.Return(place, rows=source.folded(inner[2]))
    asked = query(source, tokens, place)
    if asked is None:
        raise source.unexpected_at(tokens[0])
    return tree.Return(place, query=asked)


def _raise(source: Source, place: tree.Place) -> tree.Raise:
    return tree.Raise(place, _label(source))


def _open(source: Source, place: tree.Place) -> tree.Open:
    name = source.identifier()
    return tree.Open(place, name, source.arguments() if source.accept("USING") else ())


def _fetch(source: Source, place: tree.Place) -> tree.Fetch:
    name = source.identifier()
    source.expect("INTO")
    return tree.Fetch(place, name, _names(source))


def _execute(source: Source, place: tree.Place) -> tree.Execute:
    source.expect("EXECUTE", "IMMEDIATE")
    what = source.expression(";", "USING")
    return tree.Execute(place, what, source.arguments() if source.accept("USING") else ())


def _names(source: Source) -> tuple[str, ...]:
    """`:a, :b`: variables that are set; FETCH needs no colon."""
    found = []
    while not found or source.accept(","):
        source.accept(":")
        found.append(source.identifier())
    return tuple(found)


def _refused(word: str) -> Callable[[Source, tree.Place], tree.Statement]:
    def refuse(source: Source, place: tree.Place) -> tree.Statement:
        raise unsupported(f"{word} in a block (Snowflake Scripting)")

    return refuse


_STATEMENTS: dict[str, Callable[[Source, tree.Place], tree.Statement]] = {
    "LET": lambda source, place: declarations.let(source, place, query),
    "IF": _if,
    "CASE": _case,
    "LOOP": _loop,
    "WHILE": _while,
    "REPEAT": _repeat,
    "FOR": _for,
    **dict.fromkeys(("BREAK", "EXIT"), _leave(again=False)),
    **dict.fromkeys(("CONTINUE", "ITERATE"), _leave(again=True)),
    "RETURN": _return,
    "RAISE": _raise,
    "OPEN": _open,
    "FETCH": _fetch,
    "CLOSE": lambda source, place: tree.Close(place, source.identifier()),
    "NULL": lambda _, place: tree.Nothing(place),
    **{word: _refused(word) for word in ("ASYNC", "AWAIT", "CANCEL")},
}


# ---- SQL
def _sql(source: Source, place: tree.Place) -> tree.Sql:
    tokens = statement_end(source)
    if not tokens:
        raise source.unexpected()
    return sql.read(source, tokens, place)


def query(source: Source, tokens: list[Token], place: tree.Place) -> tree.Sql | tree.Execute | None:
    """The statement in `(SELECT ...)` or `(EXECUTE IMMEDIATE ...)`, if that is all that there is."""
    if len(tokens) < len("(x)") or tokens[0].text != "(" or text.closing(tokens, 0) != len(tokens) - 1:
        return None
    if [t.upper for t in tokens[1:3]] == ["EXECUTE", "IMMEDIATE"]:
        return _execute(source.part(tokens[1:-1]), place)
    return sql.read(source, tokens[1:-1], place)


def _until(source: Source, word: str) -> Text:
    """An expression, and the word behind it."""
    found = source.expression(word)
    source.expect(word)
    return found
