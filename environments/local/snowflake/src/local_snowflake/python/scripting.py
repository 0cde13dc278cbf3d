"""Stored procedures in SQL: their body is a block of Snowflake Scripting, which knows the arguments as variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from ..kernel.result import Result
from ..scripting import block, values
from ..scripting.variables import cell
from ..sql import datatypes
from . import inner
from .calls import returned, tabled

if TYPE_CHECKING:
    from ..kernel.session import Session
    from .routines import Routine


def run(session: Session, routine: Routine, arguments: pa.RecordBatch) -> Result:
    """Run the statements; the value is that of RETURN, NULL without one. RETURN TABLE(...) returns a query's rows."""
    definition = routine.definition
    given = {a.name: cell(arguments.column(i)[0].as_py(), a.column) for i, a in enumerate(definition.arguments)}
    with inner.opened(session, routine) as own:
        found = block.carried_out(own, definition.body, given)
        if definition.tabular:
            return tabled(routine, found.rows)
        kind = datatypes.parse(definition.returns)
        value = values.cast(own, found.value, kind)
    return values.one(returned(routine)[0].name, value)
