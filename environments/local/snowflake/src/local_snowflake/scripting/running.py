"""Carrying out a block: its statements in order, the loops, the handlers, and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .. import statements
from ..kernel.errors import SnowflakeError
from ..kernel.executions import go_on
from ..kernel.result import COPY, DELETE, INSERT, MERGE, UPDATE, Result
from . import cursors, flow, raising, tree, values
from .leaving import Returned, Signal
from .raising import Raised
from .variables import NULL, Cursor, Declared, Names, Rows, Thing, Value, Variable, boolean, number, varchar

if TYPE_CHECKING:
    from ..kernel.executions import Execution
    from ..kernel.session import Session
    from .text import Text

_CHANGES = {INSERT, UPDATE, DELETE, MERGE, COPY}
# Statements that are read as trees, in which a long value may be handed over.
_QUERIES = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE", "CALL", "(")


@dataclass
class Run:
    """One block on its way.

    Attributes:
        session: in which its statements run.
        names: those of the part that runs.
        executions: what a client cancels to stop it.
        handling: the exceptions that are being handled, the innermost last.

    """

    session: Session
    names: Names
    executions: list[Execution] = field(default_factory=list)
    handling: list[Raised] = field(default_factory=list)

    # ---- statements
    def body(self, body: Iterable[tree.Statement]) -> Signal:
        """Statements in order, up to one that leaves them."""
        for statement in body:
            signal = self.one(statement)
            if signal is not None:
                return signal
        return None

    def one(self, statement: tree.Statement) -> Signal:
        """One statement.

        Raises:
            Raised: when it fails.
            SnowflakeError: when the query was cancelled, which no handler is told of.

        """
        self.check()
        try:
            return _RUN[type(statement)](self, statement)
        except SnowflakeError as error:
            self.check()
            kind = raising.STATEMENT if isinstance(statement, _OF_SQL) else raising.EXPRESSION
            raise Raised(kind, error, statement.place) from error

    def check(self) -> None:
        """Raise what cancelled the query, if something did."""
        go_on(self.executions)

    # ---- parts
    def inside(self, body: Iterable[tree.Statement], **own: Any) -> Signal:
        """Statements with names of their own."""
        before, self.names = self.names, Names(self.names, own)
        try:
            return self.body(body)
        finally:
            self.names = before

    def block(self, block: tree.Block) -> Signal:
        """A block: its declarations, its statements, and the handler for what they raise."""
        before, self.names = self.names, Names(self.names)
        declared: dict[str, Thing] = {}
        try:
            self.body(block.declarations)
            declared = dict(self.names.own)
            return self.body(block.body)
        except Raised as raised:
            self.names = Names(before, declared)  # what LET made in the block, its handlers do not know
            handler = next((h for h in block.handlers if raising.handles(h, raised, self._declared(h))), None)
            if handler is None:
                raise
            return self._handle(handler, raised)
        finally:
            self.names = before

    def _declared(self, handler: tree.Handler) -> dict[str, Declared | None]:
        found = {name: self.names.find(name) for name in handler.names}
        return {name: thing for name, thing in found.items() if isinstance(thing, Declared)}

    def _handle(self, handler: tree.Handler, raised: Raised) -> Signal:
        self.handling.append(raised)
        try:
            return self.inside(handler.body, **{n: Variable(v) for n, v in raised.values.items()})
        finally:
            self.handling.pop()

    # ---- SQL
    def execute(self, text: str) -> Result:
        """Run a statement of the block's, whose answer RESULT_SCAN can read afterwards."""
        try:
            result = statements.child(self.session, text)
        finally:
            self.session.handed_over.clear()
        self._note(result)
        return result

    def _note(self, result: Result) -> None:
        """Set SQLID, and after a change SQLROWCOUNT, SQLFOUND and SQLNOTFOUND."""
        self.set_everywhere("SQLID", varchar(result.query_id))
        if result.statement_type in _CHANGES:
            changed = _changed(result)
            self.set_everywhere("SQLROWCOUNT", number(changed))
            self.set_everywhere("SQLFOUND", boolean(changed > 0))
            self.set_everywhere("SQLNOTFOUND", boolean(changed == 0))

    def set_everywhere(self, name: str, value: Value) -> None:
        """Set one of the names that every block knows."""
        found = self.names.find(name)
        if isinstance(found, Variable):
            found.value = value

    def answer(self, statement: tree.Sql | tree.Execute) -> Result:
        """Run a statement whose rows are wanted."""
        return cursors.immediate(self, statement) if isinstance(statement, tree.Execute) else self.sql(statement)

    def sql(self, statement: tree.Sql) -> Result:
        """Run a SQL statement of the tree, and set the variables of its INTO."""
        written = statement.text.written.lstrip("( ")
        query = written[:6].upper().startswith(_QUERIES)
        result = self.execute(values.filled(self.session, self.names, statement.text, query=query))
        if statement.into:
            self.into(statement.into, cursors.single(result, statement.into))
        return result

    # ---- variables
    def value(self, text: Text) -> Value:
        """The value of an expression."""
        return values.evaluated(self.session, self.names, text)

    def assign(self, name: str, value: Value) -> None:
        """Give a variable a value, in its type.

        Raises:
            SnowflakeError: 000904 when the block has no such variable.

        """
        found = self.names.find(name)
        if not isinstance(found, Variable):
            raise unknown(name)
        found.value = values.cast(self.session, value, found.type)
        found.type = found.type or found.value.type

    def into(self, targets: tuple[str, ...], row: list[Value]) -> None:
        """Give several variables the values of a row."""
        for name, value in zip(targets, row, strict=True):
            self.assign(name, value)

    def rows(self, name: str) -> Rows | Cursor:
        """The RESULTSET or cursor of that name."""
        found = self.names.find(name)
        if not isinstance(found, Rows | Cursor):
            raise unknown(name)
        return found


def unknown(name: str) -> SnowflakeError:
    """A name that the block does not know as what it is used for."""
    return SnowflakeError(f"SQL compilation error:\ninvalid identifier '{name}'", "000904", "42000")


def _changed(result: Result) -> int:
    """How many rows a statement changed: the sum of its counts, but of the rows that are counted twice."""
    if result.statement_type == COPY:
        loaded = [c.name for c in result.columns]
        return sum(result.rows.column("rows_loaded").to_pylist()) if "rows_loaded" in loaded else 0
    (row,) = result.rows.to_pylist()
    return sum(count for name, count in row.items() if "multi-joined" not in name)


# ---- what each kind of statement does
def _sql(run: Run, statement: tree.Sql) -> None:
    run.sql(statement)


def _block(run: Run, block: tree.Block) -> Signal:
    return run.block(block)


def _declare(run: Run, declared: tree.Declare) -> None:
    value = run.value(declared.value) if declared.value else NULL
    value = values.cast(run.session, value, declared.type)
    run.names.own[declared.name] = Variable(value, declared.type or value.type)


def _declare_exception(run: Run, declared: tree.DeclareException) -> None:
    run.names.own[declared.name] = Declared(declared.name, declared.number, declared.message)


def _declare_cursor(run: Run, declared: tree.DeclareCursor) -> None:
    run.names.own[declared.name] = Cursor(declared.query, declared.over)


def _declare_rows(run: Run, declared: tree.DeclareRows) -> None:
    run.names.own[declared.name] = Rows(run.answer(declared.query) if declared.query else None)


def _assign(run: Run, assigned: tree.Assign) -> None:
    found = run.names.find(assigned.name)
    if not isinstance(found, Rows):
        run.assign(assigned.name, run.value(assigned.value))
    elif assigned.query:
        found.result = run.answer(assigned.query)
    else:
        other = run.rows(assigned.value.only.name) if assigned.value.only else None
        if other is None:
            raise unknown(assigned.value.written)
        found.result = other.result


def _return(run: Run, returned: tree.Return) -> Returned:
    if returned.query:
        return Returned(rows=run.answer(returned.query))
    if returned.rows:
        return Returned(rows=cursors.answer(run, returned.rows))
    return Returned(run.value(returned.value)) if returned.value else Returned()


def _raise(run: Run, statement: tree.Raise) -> None:
    if statement.name is None:
        if not run.handling:
            raise unknown("RAISE")
        raise run.handling[-1]
    found = run.names.find(statement.name)
    if not isinstance(found, Declared):
        raise unknown(statement.name)
    raise raising.declared(found, statement.place)


def _execute(run: Run, statement: tree.Execute) -> None:
    cursors.immediate(run, statement)


_RUN: dict[type[tree.Statement], Callable[[Run, Any], Signal]] = {
    tree.Sql: _sql,
    tree.Block: _block,
    tree.Declare: _declare,
    tree.DeclareException: _declare_exception,
    tree.DeclareCursor: _declare_cursor,
    tree.DeclareRows: _declare_rows,
    tree.Assign: _assign,
    tree.Return: _return,
    tree.If: flow.if_,
    tree.Case: flow.case,
    tree.Loop: flow.loop,
    tree.ForRange: flow.for_range,
    tree.ForRows: flow.for_rows,
    tree.Leave: flow.leave,
    tree.Raise: _raise,
    tree.Open: cursors.open_,
    tree.Fetch: cursors.fetch,
    tree.Close: cursors.close,
    tree.Execute: _execute,
    tree.Nothing: lambda _, __: None,
}
# What fails as a statement; all else fails as an expression.
_OF_SQL = (tree.Sql, tree.Execute, tree.DeclareRows, tree.Open, tree.Fetch, tree.ForRows)
