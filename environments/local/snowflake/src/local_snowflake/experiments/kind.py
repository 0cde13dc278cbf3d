"""EXPERIMENT: CREATE, ALTER, DROP, SHOW, what SHOW says of its runs, and `snow://experiment/...`.

https://docs.snowflake.com/en/sql-reference/sql/create-experiment
https://docs.snowflake.com/en/sql-reference/sql/alter-experiment
MODIFY RUN, WITH STATUS and the metric history are not in these pages: snowflake-ml-python sends them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from ..kernel.catalogue import Object
from ..kernel.errors import unsupported
from ..kernel.kinds import STAMP, Create, Kind, Show
from ..kernel.result import SELECT, Result, rows
from ..kernel.tokens import Tokens
from ..stages import locations
from . import runs
from .runs import Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..kernel.names import Name
    from ..kernel.session import Session


class _Experiments(Kind):
    word, plural = "EXPERIMENT", "EXPERIMENTS"

    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE [OR REPLACE] EXPERIMENT [IF NOT EXISTS] name."""
        if create.or_alter or create.modifiers:
            raise unsupported(" ".join(tokens.text.split())[:300])
        name = self.read_name(session, tokens)
        tokens.end()
        return self.add(session, create, Object(self.word, name, session.role, {"runs": {}}))

    def alter(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """ALTER EXPERIMENT name ADD | MODIFY | COMMIT | DROP RUN: MODIFY on the experiment is enough for these."""
        for words, change in _CHANGES:
            if tokens.accept(*words):
                return self._changed(session, name, partial(change, session, tokens))
        return super().alter(session, name, tokens)

    def _changed(self, session: Session, name: Name, change: Callable[[Object], Object]) -> Result:
        session.get(self.word, name, "MODIFY")
        session.account.catalogue.change(self.word, name, change)
        return rows(["status"], [{"status": "Statement executed successfully."}])

    def remove(self, session: Session, name: Name) -> None:
        """The artifacts go with the experiment."""
        gone = session.account.catalogue.get(self.word, name)
        super().remove(session, name)
        for run in runs.all_of(gone).values():
            session.account.remains.folder(runs.folder(session.account, run))


# ---- ALTER EXPERIMENT
_Change = Callable[["Session", Tokens, Object], Object]


def _add(_session: Session, tokens: Tokens, experiment: Object) -> Object:
    name, source = tokens.identifier(), ""
    if tokens.accept("WITH", "(", "SOURCE_INFO", "="):
        source = tokens.value()
        tokens.expect(")")
    tokens.end()
    return runs.added(experiment, Run(name, source))


def _modify(_session: Session, tokens: Tokens, experiment: Object) -> Object:
    run = runs.open_run(experiment, tokens.identifier())
    tokens.expect("ADD")
    what = tokens.accept_any("METRICS", "PARAMETERS")
    if what is None:
        raise tokens.unexpected()
    tokens.expect("=")
    text = tokens.value()
    tokens.end()
    return runs.kept(experiment, run.with_metrics(text) if what == "METRICS" else run.with_parameters(text))


def _commit(_session: Session, tokens: Tokens, experiment: Object) -> Object:
    run = runs.open_run(experiment, tokens.identifier())
    status = tokens.value() if tokens.accept("WITH", "STATUS", "=") else runs.FINISHED
    tokens.end()
    return runs.kept(experiment, run.ended(status))


def _drop(session: Session, tokens: Tokens, experiment: Object) -> Object:
    run = runs.find(experiment, tokens.identifier())
    tokens.end()
    session.account.remains.folder(runs.folder(session.account, run))
    return runs.without(experiment, run.name)


_CHANGES: tuple[tuple[tuple[str, ...], _Change], ...] = (
    (("ADD", "RUN"), _add),
    (("MODIFY", "RUN"), _modify),
    (("COMMIT", "RUN"), _commit),
    (("DROP", "RUN"), _drop),
)


# ---- SHOW RUNS, SHOW RUN METRICS, SHOW RUN PARAMETERS
def _experiment(session: Session, parts: tuple[str, ...], privilege: str = "USAGE") -> Object:
    return session.get("EXPERIMENT", session.qualify(parts), privilege)


def _asked(session: Session, tokens: Tokens) -> tuple[Show, Object]:
    """`[LIKE '...'] IN EXPERIMENT name`: the filter and the experiment."""
    show = Show(like=tokens.value() if tokens.accept("LIKE") else None)
    tokens.expect("IN", "EXPERIMENT")
    return show, _experiment(session, tokens.name())


def _show_runs(session: Session, tokens: Tokens) -> Result:
    """SHOW RUNS [LIKE '...'] IN EXPERIMENT name."""
    show, experiment = _asked(session, tokens)
    tokens.end()
    listed = [_run_row(experiment, run) for run in runs.all_of(experiment).values() if show.admits(run.name)]
    return rows((("created_on", STAMP), *_RUN_COLUMNS), listed)


_RUN_COLUMNS = ("name", "database_name", "schema_name", "experiment_name", "metadata")


def _run_row(experiment: Object, run: Run) -> dict[str, Any]:
    return {
        "created_on": replace(experiment, created=run.created).created_on,
        "name": run.name,
        "database_name": experiment.name.database,
        "schema_name": experiment.name.schema,
        "experiment_name": experiment.name.name,
        "metadata": run.document,
    }


def _show_logged(logged: Callable[[Run], Iterator[tuple[str, str]]], session: Session, tokens: Tokens) -> Result:
    """SHOW RUN METRICS | PARAMETERS [LIKE '...'] IN EXPERIMENT name [RUN run] [LIMIT n [FROM '...']]."""
    show, experiment = _asked(session, tokens)
    chosen = [runs.find(experiment, tokens.identifier())] if tokens.accept("RUN") else runs.all_of(experiment).values()
    if tokens.accept("LIMIT"):
        show = replace(show, limit=int(tokens.value()), after=tokens.value() if tokens.accept("FROM") else "")
    tokens.end()
    listed = [
        {"run_name": run.name, "name": name, "value": value}
        for run in chosen
        for name, value in logged(run)
        if show.admits(name)
    ]
    return rows(("run_name", "name", "value"), listed[: show.limit])


def _metrics(run: Run) -> Iterator[tuple[str, str]]:
    return ((point["name"], str(point["value"])) for point in run.latest)


def _parameters(run: Run) -> Iterator[tuple[str, str]]:
    return iter(sorted(run.parameters.items()))


def _history(session: Session, positional: list[Any], _named: dict[str, Any]) -> Result:
    """TABLE(SYSTEM$GET_EXPERIMENT_RUN_METRICS('experiment', 'run')): every point that was logged."""
    experiment = _experiment(session, Tokens(str(positional[0])).name())
    points = [
        {**{key.upper(): value for key, value in point.items()}, "METRIC_NAME": point["name"]}
        for point in runs.find(experiment, Tokens(str(positional[1])).identifier()).metrics
    ]
    stamped = [{**point, "TIMESTAMP": datetime.fromisoformat(point["TIMESTAMP"])} for point in points]
    return rows(("METRIC_NAME", ("STEP", "fixed"), ("VALUE", "real"), ("TIMESTAMP", STAMP)), stamped, SELECT)


# ---- artifacts
def _readable(session: Session, rest: str) -> locations.Location:
    return _artifacts(session, rest, "USAGE")


def _writable(session: Session, rest: str) -> locations.Location:
    return _artifacts(session, rest, "MODIFY")


def _artifacts(session: Session, rest: str, privilege: str) -> locations.Location:
    """`snow://experiment/<name>/versions/<run>/<path>`."""
    written, _, inside = rest.partition("/versions/")
    run_name, _, path = inside.partition("/")
    experiment = _experiment(session, Tokens(written).name(), privilege)
    find = runs.open_run if privilege == "MODIFY" else runs.find
    run = find(experiment, Tokens(run_name).identifier())
    where = runs.folder(session.account, run)
    return locations.Location(experiment, where, locations.checked_path(path), f"/versions/{run.name}/")


SCHEMES = {"experiment": _readable}
WRITABLE_SCHEMES = {"experiment": _writable}

KINDS = (_Experiments(),)
VERBS = {
    "SHOW RUNS": _show_runs,
    "SHOW RUN METRICS": partial(_show_logged, _metrics),
    "SHOW RUN PARAMETERS": partial(_show_logged, _parameters),
}
TABLE_FUNCTIONS = {"SYSTEM$GET_EXPERIMENT_RUN_METRICS": _history}
