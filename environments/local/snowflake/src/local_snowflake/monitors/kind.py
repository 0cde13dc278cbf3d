"""MODEL MONITOR: CREATE, ALTER, DROP, SHOW and DESCRIBE, for a version of a model.

https://docs.snowflake.com/en/sql-reference/sql/create-model-monitor,
https://docs.snowflake.com/en/sql-reference/sql/desc-model-monitor
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..kernel.catalogue import Object, now
from ..kernel.errors import invalid, unsupported
from ..kernel.kinds import STAMP, Create, Kind
from ..kernel.names import Name, fold
from ..kernel.result import DESCRIBE, EXECUTED, Result, rows, status
from ..sql.naming import RELATIONS
from . import definition, functions, reading
from .reading import BASELINE, SOURCE, WORD

if TYPE_CHECKING:
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens

_SHOWN = (
    ("created_on", STAMP), "name", "database_name", "schema_name", "warehouse_name", "refresh_interval",
    "aggregation_window", "model_task", "type", "gateway", "ground_truth", "monitor_state", "source", "baseline",
    "model", "comment",
)  # fmt: skip
_DESCRIBED = (
    "aggregation_status",
    "aggregation_last_error",
    "aggregation_last_data_timestamp",
    "columns",
    "monitor_start_time",
)


class ModelMonitor(Kind):
    """MODEL MONITOR on a version of a model; one on a gateway is refused."""

    word, plural = WORD, "MODEL MONITORS"
    columns = _SHOWN

    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE [OR REPLACE] MODEL MONITOR [IF NOT EXISTS] name WITH MODEL = ... VERSION = ... and so on."""
        if create.or_alter or create.modifiers:
            raise unsupported(" ".join(tokens.text.split())[:300])
        if create.or_replace and create.if_not_exists:
            raise invalid("OR REPLACE and IF NOT EXISTS cannot both be used.", "001003", "42000")
        name = self.read_name(session, tokens)
        old = session.account.catalogue.find(self.word, name)
        if old and create.or_replace:
            session.own(self.word, name)
        elif old and create.if_not_exists:
            return status(f"{name.name} already exists, statement succeeded.")
        self.authorise_create(session, name)
        given = definition.read(session, name, tokens)
        comment, named = given.pop("comment"), given.pop("baseline_named")
        new = Object(self.word, name, session.role, {**given, "baseline": None, "suspended": False}, comment)
        new = self._with_baseline(session, new, named) if named else new
        return self.add(session, create, new)

    def _with_baseline(self, session: Session, monitor: Object, written: str) -> Object:
        table = definition.relation(session, written)
        found = reading.read(session, monitor, table.name)
        used = monitor.properties["columns"]
        lacking = [c for c in used["features"] if c not in found.column_names]
        if lacking:
            raise invalid(f"The baseline '{table.name}' lacks columns of the source: {', '.join(lacking)}")
        reading.keep(session.account, monitor, BASELINE, found)
        return monitor.with_properties(baseline=definition.parts(table.name))

    def alter(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """ALTER MODEL MONITOR: SUSPEND, RESUME, SET, UNSET, and segment columns."""
        if tokens.looking_at("SET", "TAG") or tokens.looking_at("UNSET", "TAG"):
            return super().alter(session, name, tokens)
        monitor = session.get(self.word, name, "MODIFY")
        action = tokens.accept_any("SUSPEND", "RESUME", "SET", "UNSET", "ADD", "DROP")
        if action is None:
            raise tokens.unexpected()
        changed = _ACTIONS[action](self, session, monitor, tokens)
        tokens.end()
        session.account.catalogue.change(self.word, name, lambda _: changed)
        return status(EXECUTED)

    def suspend(self, session: Session, monitor: Object, _tokens: Tokens) -> Object:
        """SUSPEND: from now on the monitor keeps to the rows that it has seen."""
        if not monitor.properties["suspended"]:
            reading.keep(session.account, monitor, SOURCE, reading.rows(session, monitor))
        return monitor.with_properties(suspended=True)

    def resume(self, session: Session, monitor: Object, _tokens: Tokens) -> Object:
        """RESUME: the monitor follows its source again."""
        return monitor.with_properties(suspended=False)

    def set_options(self, session: Session, monitor: Object, tokens: Tokens) -> Object:
        """SET BASELINE | REFRESH_INTERVAL | WAREHOUSE | COMMENT."""
        for key, value in tokens.options().items():
            if key == "BASELINE":
                monitor = self._with_baseline(session, monitor, value)
            elif key == "REFRESH_INTERVAL":
                monitor = monitor.with_properties(refresh_interval=definition.refresh_interval(value))
            elif key == "WAREHOUSE":
                monitor = monitor.with_properties(warehouse_name=definition.warehouse(session, value))
            elif key == "COMMENT":
                monitor = replace(monitor, comment=value)
            else:
                raise unsupported(f"ALTER MODEL MONITOR ... SET {key}")
        return monitor

    def unset_option(self, session: Session, monitor: Object, tokens: Tokens) -> Object:
        """UNSET BASELINE | COMMENT."""
        if tokens.accept("COMMENT"):
            return replace(monitor, comment="")
        tokens.expect("BASELINE")
        reading.place(session.account, monitor, BASELINE).unlink(missing_ok=True)
        return monitor.with_properties(baseline=None)

    def with_column(self, session: Session, monitor: Object, tokens: Tokens) -> Object:
        """ADD SEGMENT_COLUMN = name."""
        source = definition.relation(session, Name(*monitor.properties["source"]).sql)
        column = definition.segment_column(source, _segment(tokens))
        return _with_segments(monitor, [*_segments(monitor), column])

    def without_column(self, session: Session, monitor: Object, tokens: Tokens) -> Object:
        """DROP SEGMENT_COLUMN = name."""
        column = fold(_segment(tokens))
        if column not in _segments(monitor):
            raise invalid(f"'{column}' is no segment column of the monitor.")
        return _with_segments(monitor, [each for each in _segments(monitor) if each != column])

    def remove(self, session: Session, name: Name) -> None:
        """The snapshots go with the monitor."""
        gone = session.account.catalogue.get(self.word, name)
        super().remove(session, name)
        session.account.remains.folder(reading.place(session.account, gone, SOURCE).parent)

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW MODEL MONITORS."""
        given = thing.properties
        wrong = given["suspended"] or reading.fault(session, thing)
        return {
            **super().row(session, thing),
            "type": "MODEL_VERSION_MONITOR",
            "gateway": "",
            "ground_truth": "",
            "monitor_state": "SUSPENDED" if wrong else "ACTIVE",
            "source": _table(session, given["source"]),
            "baseline": _table(session, given["baseline"]) if given["baseline"] else "",
            "model": json.dumps(_model(session, thing)),
        }

    def describe(self, session: Session, thing: Object, tokens: Tokens) -> Result:
        """DESCRIBE MODEL MONITOR: as SHOW, with the state of each aggregate and the columns."""
        tokens.end()
        wrong = reading.fault(session, thing)
        state = "SUSPENDED" if wrong or thing.properties["suspended"] else "ACTIVE"
        aggregates = [f"{kind}_AGGREGATED{of}" for kind in _aggregated(thing) for of in ("", *_of_segments(thing))]
        stamp = "" if wrong else str(now().replace(tzinfo=None))
        more = {
            "aggregation_status": json.dumps(dict.fromkeys(aggregates, state)),
            "aggregation_last_error": json.dumps(dict.fromkeys(aggregates, wrong)),
            "aggregation_last_data_timestamp": json.dumps(dict.fromkeys(aggregates, stamp)),
            "columns": json.dumps(_columns(thing)),
            "monitor_start_time": "",
        }
        return rows((*_SHOWN, *_DESCRIBED), [{**self.row(session, thing), **more}], DESCRIBE)


_ACTIONS = {
    "SUSPEND": ModelMonitor.suspend,
    "RESUME": ModelMonitor.resume,
    "SET": ModelMonitor.set_options,
    "UNSET": ModelMonitor.unset_option,
    "ADD": ModelMonitor.with_column,
    "DROP": ModelMonitor.without_column,
}


def _segment(tokens: Tokens) -> str:
    if not tokens.accept("SEGMENT_COLUMN", "="):
        raise unsupported(f"ALTER MODEL MONITOR ... {tokens.rest}")
    return tokens.value()


def _segments(monitor: Object) -> list[str]:
    return monitor.properties["columns"]["by_role"]["SEGMENT_COLUMNS"]


def _with_segments(monitor: Object, segments: list[str]) -> Object:
    used = monitor.properties["columns"]
    features = {name: kind for name, kind in used["features"].items() if name not in segments}
    gone = {name: "VARCHAR" for name in _segments(monitor) if name not in segments}
    by_role = {**used["by_role"], "SEGMENT_COLUMNS": segments}
    return monitor.with_properties(columns={**used, "by_role": by_role, "features": {**features, **gone}})


def _of_segments(monitor: Object) -> tuple[str, ...]:
    return tuple(f"_{name}" for name in _segments(monitor))


def _aggregated(monitor: Object) -> tuple[str, ...]:
    by_role = monitor.properties["columns"]["by_role"]
    return ("SOURCE", "ACCURACY") if by_role["ACTUAL_CLASS_COLUMNS"] or by_role["ACTUAL_SCORE_COLUMNS"] else ("SOURCE",)


def _table(session: Session, written: list[str]) -> str:
    """A table in JSON: what it is called, and whether it is there and visible."""
    name = Name(*written)
    found = next((o for kind in RELATIONS if (o := session.account.catalogue.find(kind, name))), None)
    status_of = "DELETED" if found is None else ("ACTIVE" if session.sees(found) else "MASKED")
    shown = ["*" * 6] * 3 if status_of == "MASKED" else [name.name, name.database, name.schema]
    return json.dumps(dict(zip(("name", "database_name", "schema_name", "status"), (*shown, status_of), strict=True)))


def _model(session: Session, monitor: Object) -> dict[str, str]:
    given, place = monitor.properties, monitor.name
    model = session.account.catalogue.find("MODEL", Name(place.database, place.schema, given["model"]))
    has_version = model is not None and given["version"] in model.properties["versions"]
    return {
        "model_name": given["model"],
        "version_name": given["version"],
        "function_name": given["function"],
        "database_name": place.database,
        "schema_name": place.schema,
        "model_status": "ACTIVE" if model else "DELETED",
        "version_status": "ACTIVE" if has_version else "DELETED",
    }


def _columns(monitor: Object) -> dict[str, Any]:
    used = monitor.properties["columns"]
    by_role = {role.lower(): names for role, names in used["by_role"].items()}
    kinds = {"numerical_columns": "NUMBER", "string_columns": "VARCHAR", "boolean_columns": "BOOLEAN"}
    features = {key: [n for n, of in used["features"].items() if of == kind] for key, kind in kinds.items()}
    return {"timestamp_column": used["timestamp"], **by_role, **features}


KINDS = (ModelMonitor(),)
TABLE_FUNCTIONS = functions.TABLE_FUNCTIONS
FEATURE = "MODEL MONITOR"
