"""What CREATE MODEL MONITOR says, checked as its documentation asks.

https://docs.snowflake.com/en/sql-reference/sql/create-model-monitor
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..kernel.errors import invalid, unsupported
from ..kernel.names import Name, fold
from ..kernel.tokens import Tokens
from ..models import versions
from ..sql import columns
from ..sql.naming import relation_named
from ..sql.scope import Scope

if TYPE_CHECKING:
    from ..kernel.catalogue import Object
    from ..kernel.session import Session

TASKS = {"TABULAR_BINARY_CLASSIFICATION", "TABULAR_REGRESSION"}
ROLES = (
    "ID_COLUMNS", "PREDICTION_SCORE_COLUMNS", "PREDICTION_CLASS_COLUMNS", "ACTUAL_SCORE_COLUMNS",
    "ACTUAL_CLASS_COLUMNS", "SEGMENT_COLUMNS", "CUSTOM_METRIC_COLUMNS",
)  # fmt: skip
_SINGLE = ROLES[1:5]
_REQUIRED = (
    "MODEL", "VERSION", "FUNCTION", "SOURCE", "WAREHOUSE", "REFRESH_INTERVAL", "AGGREGATION_WINDOW", "TIMESTAMP_COLUMN",
)  # fmt: skip
_OPTIONAL = (*ROLES, "BASELINE", "COMMENT")
_UNIT_SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86_400}
_LEAST_REFRESH_SECONDS, _MOST_SEGMENTS, _MOST_FEATURES = 60, 5, 500


@dataclass(frozen=True)
class Columns:
    """What each column of the source is to the monitor; whatever is said to be nothing else is a feature."""

    timestamp: str
    by_role: dict[str, list[str]]
    features: dict[str, str]
    """By name: NUMBER, VARCHAR or BOOLEAN."""

    def document(self) -> dict[str, Any]:
        """For the catalogue."""
        return {"timestamp": self.timestamp, "by_role": self.by_role, "features": self.features}


def read(session: Session, name: Name, tokens: Tokens) -> dict[str, Any]:
    """The properties of a new monitor: the tokens stand behind its name.

    Raises:
        SnowflakeError: 001003 for a missing clause, 001008 for what the documentation rules out, 002003 and 003001
            for what is missing or not allowed.

    """
    tokens.accept("WITH")
    given = tokens.options()
    tokens.end()
    for key in given.keys() - {*_REQUIRED, *_OPTIONAL}:
        raise unsupported(f"CREATE MODEL MONITOR ... {key}")
    for key in _REQUIRED:
        if key not in given:
            raise invalid(f"Missing option(s): {key}", "002002", "42601")
    version = _version(session, name, given)
    source = relation(session, given["SOURCE"])
    used = _columns(source, given)
    return {
        **version,
        "warehouse_name": warehouse(session, given["WAREHOUSE"]),
        "refresh_interval": refresh_interval(given["REFRESH_INTERVAL"]),
        "aggregation_days": _aggregation_days(given["AGGREGATION_WINDOW"]),
        "aggregation_window": given["AGGREGATION_WINDOW"],
        "source": parts(source.name),
        "columns": used.document(),
        "comment": given.get("COMMENT", ""),
        "baseline_named": given.get("BASELINE", ""),
    }


def _version(session: Session, name: Name, given: dict[str, Any]) -> dict[str, Any]:
    import yaml

    model = versions.model_of(session, Tokens(given["MODEL"]).name())
    if model.name.container != name.container:
        raise invalid(f"The model monitor '{name}' must be in the same schema as the model '{model.name}'.")
    version = versions.find(model, fold(given["VERSION"]))
    method = version.method(fold(given["FUNCTION"]))
    spec = yaml.safe_load(version.spec)
    _check_single_output(method.name, spec.get("signatures", {}))
    task = str(spec.get("task", "UNKNOWN")).upper()
    if task == "TABULAR_MULTI_CLASSIFICATION":
        raise unsupported("CREATE MODEL MONITOR on a model whose task is TABULAR_MULTI_CLASSIFICATION")
    if task not in TASKS:
        raise invalid(f"The model's task is {task}; it can be monitored with one of: {', '.join(sorted(TASKS))}.")
    for other in session.account.catalogue.of("MODEL MONITOR", name.container):
        monitored = (other.properties["model"], other.properties["version"])
        if other.name != name and monitored == (model.name.name, version.name):  # else it is to be replaced
            raise invalid(f"The model version {version.name} has a monitor already: '{other.name.name}'.")
    return {"model": model.name.name, "version": version.name, "function": method.name, "model_task": task}


def _check_single_output(method: str, signatures: dict[str, Any]) -> None:
    """Multiple-output models are not supported, the page says; the client keeps what each method answers."""
    for name, signature in signatures.items():
        outputs = len(signature.get("outputs", ()))
        if fold(name) == method and outputs > 1:
            raise invalid(f"The function {method} has {outputs} outputs: multiple-output models are not supported.")


def relation(session: Session, written: str) -> Object:
    """The table or view of that name, which the session may read."""
    with Scope(session) as scope:
        return relation_named(scope, Tokens(written).name())


def warehouse(session: Session, written: str) -> str:
    """The name of a warehouse that the session may use."""
    return session.get("WAREHOUSE", Name("", "", fold(written)), "USAGE").name.name


def refresh_interval(written: str) -> str:
    """The interval as written, of a minute at least."""
    if _seconds("REFRESH_INTERVAL", written) < _LEAST_REFRESH_SECONDS:
        raise invalid(f"REFRESH_INTERVAL '{written}' is less than the minimum of 60 seconds.")
    return written


def _aggregation_days(written: str) -> int:
    days, rest = divmod(_seconds("AGGREGATION_WINDOW", written), _UNIT_SECONDS["DAY"])
    if rest or not days or "DAY" not in written.upper():
        raise invalid(f"AGGREGATION_WINDOW '{written}' must be a number of days.")
    return days


def _seconds(key: str, written: str) -> int:
    found = re.fullmatch(r"\s*(\d+)\s+([A-Z]+?)S?\s*", written.upper())
    if not found or found[2] not in _UNIT_SECONDS:
        raise invalid(f"Invalid value '{written}' for {key}: such as '1 day'.")
    return int(found[1]) * _UNIT_SECONDS[found[2]]


def _columns(source: Object, given: dict[str, Any]) -> Columns:
    have = {c.name: c.datatype.name for c in columns.of(source)}
    by_role = {role: [fold(each) for each in given.get(role, [])] for role in ROLES}
    timestamp = fold(given["TIMESTAMP_COLUMN"])
    _check_roles(by_role, timestamp)
    _check_type(have, timestamp, "TIMESTAMP_NTZ")
    for role in (*_SINGLE, "CUSTOM_METRIC_COLUMNS"):
        for each in by_role[role]:
            _check_type(have, each, "NUMBER")
    for each in by_role["SEGMENT_COLUMNS"]:
        _check_type(have, each, "VARCHAR")
    for each in by_role["ID_COLUMNS"]:
        _check_type(have, each, have.get(each, ""))
    taken = {timestamp, *(each for role in by_role.values() for each in role)}
    kinds = {"NUMBER": "NUMBER", "FLOAT": "NUMBER", "VARCHAR": "VARCHAR", "BOOLEAN": "BOOLEAN"}
    features = {name: kinds[kind] for name, kind in have.items() if name not in taken and kind in kinds}
    if len(features) > _MOST_FEATURES:
        raise invalid(f"The source has {len(features)} features; at most {_MOST_FEATURES} can be monitored.")
    return Columns(timestamp, by_role, features)


def _check_roles(by_role: dict[str, list[str]], timestamp: str) -> None:
    for role in _SINGLE:
        if len(by_role[role]) > 1:
            raise invalid(f"{role} has {len(by_role[role])} columns; it can have one.")
    if not by_role["PREDICTION_SCORE_COLUMNS"] and not by_role["PREDICTION_CLASS_COLUMNS"]:
        raise invalid("At least one of PREDICTION_SCORE_COLUMNS and PREDICTION_CLASS_COLUMNS must be specified.")
    if len(by_role["SEGMENT_COLUMNS"]) > _MOST_SEGMENTS:
        raise invalid(f"SEGMENT_COLUMNS has more than {_MOST_SEGMENTS} columns.")
    named = [timestamp, *(each for role in by_role.values() for each in role)]
    for each in named:
        if named.count(each) > 1:
            raise invalid(f"Column '{each}' is specified more than once.")


def _check_type(have: dict[str, str], column: str, wanted: str) -> None:
    if column not in have:
        raise invalid(f"Column '{column}' does not exist in the source.", "000904", "42000")
    if have[column] != wanted:
        raise invalid(f"Column '{column}' is of type {have[column]}; a model monitor needs {wanted} here.")


def segment_column(source: Object, written: str) -> str:
    """A column that ALTER adds as a segment column; it must be text."""
    name = fold(written)
    _check_type({c.name: c.datatype.name for c in columns.of(source)}, name, "VARCHAR")
    return name


def parts(name: Name) -> list[str]:
    """A name for the catalogue."""
    return [name.database, name.schema, name.name]
