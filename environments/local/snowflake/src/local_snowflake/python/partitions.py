"""Table functions over a table's rows: `FROM t, TABLE(F(t.a) OVER (PARTITION BY t.k ORDER BY t.b))`.

The rows of `t` are read first, sorted by partition; the function runs over them, and the query goes on with what it
gave beside the rows that it gave it for. Rows of end_partition have no row of their own: only the columns that
partition are known in them.
https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-tabular-functions
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from ..kernel.errors import unsupported
from ..kernel.types import arrow_type
from ..tables import queries
from . import tabular

if TYPE_CHECKING:
    from ..sql.scope import Scope
    from .routines import Routine

_ADDED = "__udtf"  # begins the names of the columns that are read for the function


@dataclass(frozen=True)
class Call:
    """A table function in a join, as it stands in the query.

    Attributes:
        partition: the expressions of PARTITION BY; without any, all rows are one partition.
        order: the keys of ORDER BY.

    """

    join: exp.Join
    routine: Routine
    arguments: list[exp.Expression]
    partition: list[exp.Expression]
    order: list[exp.Expression]


def put(scope: Scope, select: exp.Select, call: Call) -> None:
    """Replace the table and the function that is joined to it by what the function gives.

    Raises:
        SnowflakeError: 000002 for a function that is not the first thing joined to one table; 100357 when it fails.

    """
    source = select.args["from_"].this
    if select.args["joins"][0] is not call.join or source.args.get("joins"):
        raise unsupported(f"TABLE({call.routine.name}(...)) that is not joined to one table before all others")
    given = _read(scope, select, source, call)
    own = [name for name in given.column_names if not name.startswith(_ADDED)]
    made = tabular.over(scope, call.routine, *_request(given, call))
    left = scope.table(_beside(given, own, made, call))
    left.set("alias", exp.TableAlias(this=exp.to_identifier(source.alias_or_name, quoted=True)))
    right = scope.table(made.drop_columns(tabular.BELONGS))
    alias = call.join.this.args.get("alias") or exp.TableAlias(this=exp.to_identifier(call.routine.name, quoted=True))
    right.set("alias", alias)
    source.replace(left)
    call.join.replace(exp.Join(this=right, method="POSITIONAL"))


def _read(scope: Scope, select: exp.Select, source: exp.Expression, call: Call) -> pa.Table:
    """The table's rows with the function's arguments and the partition's keys, sorted by these."""
    keys = [exp.alias_(e.copy(), f"{_ADDED}_key{i}", quoted=True) for i, e in enumerate(call.partition)]
    given = [exp.alias_(e.copy(), f"{_ADDED}_argument{i}", quoted=True) for i, e in enumerate(call.arguments)]
    query = exp.select(exp.Star(), *keys, *given).from_(source.copy())
    if ctes := _named_before(select):
        query.set("with_", exp.With(expressions=[cte.copy() for cte in ctes]))
    order = [exp.Ordered(this=e.copy(), nulls_first=True) for e in call.partition] + [e.copy() for e in call.order]
    query = query.order_by(*order) if order else query
    return queries.answer(scope, queries.compiled(scope, query), describe=scope.describing).rows


def _named_before(select: exp.Select) -> list[exp.Expression]:
    """The queries of WITH that the SELECT can name, those around it first."""
    found: list[exp.Expression] = []
    below: exp.Expression | None = None
    node: exp.Expression | None = select
    while node is not None:
        clause = node.args.get("with_")
        if isinstance(node, exp.With):
            found = node.expressions[: node.expressions.index(below)] + found
        elif clause is not None and clause is not below:
            found = clause.expressions + found
        below, node = node, node.parent
    return found


def _request(given: pa.Table, call: Call) -> tuple[pa.RecordBatch, list[int]]:
    """What the worker gets: the arguments' columns in their declared types, and each partition's number of rows."""
    declared = call.routine.definition.arguments
    columns = [
        given.column(f"{_ADDED}_argument{i}").cast(arrow_type(a.column)).combine_chunks()
        for i, a in enumerate(declared)
    ]
    names = [a.name for a in declared]
    # A batch without columns has no rows either: the function without arguments is called once for each row.
    if not columns:
        columns, names = [pa.nulls(given.num_rows)], [_ADDED]
    columns = [c.combine_chunks() if isinstance(c, pa.ChunkedArray) else c for c in columns]
    return pa.RecordBatch.from_arrays(columns, names=names), _sizes(given, len(call.partition))


def _sizes(given: pa.Table, keys: int) -> list[int]:
    if not keys or not given.num_rows:
        return [given.num_rows] if given.num_rows else []
    by = [f"{_ADDED}_key{i}" for i in range(keys)]
    counted = given.select(by).group_by(by, use_threads=False).aggregate([([], "count_all")])
    return counted.column("count_all").to_pylist()


def _beside(given: pa.Table, own: list[str], made: pa.Table, call: Call) -> pa.Table:
    """For each row that the function gave, the row of the table that it belongs to."""
    origin, partition = (made.column(name) for name in tabular.BELONGS)
    sizes = _sizes(given, len(call.partition))
    starts = pa.array([0, *itertools.accumulate(sizes)], pa.int64())
    known = {e.name for e in call.partition if isinstance(e, exp.Column)}
    first = pc.take(starts, partition)
    rows = {name: given.column(name).take(pc.coalesce(origin, first) if name in known else origin) for name in own}
    return pa.table(rows)
