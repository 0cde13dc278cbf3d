"""The configuration: environments/*.toml in, one frozen typed object out, and how a graph's CONFIG carries it.

base.toml has every setting, <name>.toml what differs in one environment. Everything untyped becomes typed here, by
settings.py. Addresses and credentials are not configuration: they are environment variables, see dag/connection.py.
"""

import json
import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Self

from . import graph_tables, payload
from .definition import Definition, declared
from .section import Open, Section, as_table, in_file, inner, overlay, read, table, typed
from .settings import Delivery, Deploy, Governance, Graph, Pipeline, Snowflake, Timeouts
from .values import TODAY, ConfigError, Identifier, nearest

BASE = "base"
"""The file of what the environments share; it is no environment."""
_PLACEHOLDER = "{ENVIRONMENT}"
_SHARED, _SMOKE = "pipeline", "smoke"
_CONFIG = "the graph's CONFIG"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Environment(Section):
    """One environment: everything that differs between a laptop, DEV and PROD."""

    name: str
    folder: str
    """The folder of its file."""
    snowflake: Snowflake
    governance: Governance
    graph: Graph
    """The graph, or what several have in common."""
    graphs: tuple[Graph, ...] = ()
    """Of several graphs each: [graph] with what its [graphs.<name>] says differently."""
    timeouts: Timeouts
    deploy: Deploy
    delivery: Delivery
    pipeline: Pipeline
    smoke: Pipeline
    """`pipeline` with the overrides of [smoke]: the settings of the short run after a deploy."""

    def in_schema(self, schema: str) -> Self:
        """Move to another schema of the database, such as PR_7: there is no schedule, and no notification of errors."""
        fresh = {"data": {"feature_refresh": "DOWNSTREAM"}}
        quiet = {"schedule": "", "error_integration": ""}
        return self.changed(
            snowflake={"schema": typed(Identifier, schema, "the schema to deploy to")},
            graph=quiet,
            graphs=tuple(each.changed(**quiet) for each in self.graphs),
            pipeline=fresh,
            smoke=fresh,
        )

    @property
    def every_graph(self) -> tuple[Graph, ...]:
        """The graphs that are configured: those of [graphs.<name>], or the one of [graph]."""
        return self.graphs or (self.graph,)

    def graph_named(self, name: str = "") -> Graph:
        """Return what is configured of one of several graphs, or, without a name, of the only one.

        Raises ConfigError for a name that is not configured.
        """
        known = {each.name: each for each in self.every_graph}
        if not name and len(known) == 1:
            return next(iter(known.values()))
        if name not in known:
            raise ConfigError(
                f'no graph "{name}" is configured{nearest(name, known)}; {BASE}.toml has: {", ".join(known)}'
            )
        return known[name]

    def release_path(self, digest: str) -> str:
        """Return the stage path of a release's files."""
        return f"@{self.snowflake.database}.{self.snowflake.schema}.RELEASES/{digest}"

    def graph_config(self, release: str) -> dict[str, Any]:
        """Return the CONFIG of the task graph: settings, what differs in a smoke run, and the release.

        A smoke run sends no settings of its own: `EXECUTE TASK ... USING CONFIG = '{"smoke": true, ...}'` chooses the
        overrides that were reviewed with the rest. Snowflake merges the tables, so one run may have another setting:
        `'{"settings": {"data": {"as_of": "1998-07-01"}}}'`.
        """
        settings = self.pipeline.to_dict()
        return {
            "settings": settings,
            "smoke_settings": _differences(settings, self.smoke.to_dict()),
            "release_path": self.release_path(release),
            "compute_pool": self.snowflake.compute_pool,
            "package_repository": self.snowflake.package_repository,
            "environment": self.name,
            "release": release,
        }


def _utc_today() -> date:
    return datetime.now(UTC).date()


@dataclass(frozen=True)
class Run:
    """One run of the graph, as its steps see it.

    A smoke run has tables and a model of its own (SMOKE_<name>), so it does everything that a run in earnest does
    and changes nothing that anyone uses.
    """

    id: str
    release: str
    settings: Pipeline
    smoke: bool = False
    retrain: bool = False
    """Whether somebody asked for a new model: `EXECUTE TASK ... USING CONFIG = '{"retrain": true}'`."""
    commit: str = ""
    """The commit that the payload was built of, as the payload says it: no setting, so no task changes with it."""
    release_path: str = ""
    """The stage path of the release's files; none for a working tree, which is not staged."""
    compute_pool: str = ""
    package_repository: str = ""
    """Where a model's packages come from in a warehouse; empty: from where the account takes them."""

    @classmethod
    def from_config(cls, config: Mapping[str, Any], run_id: str, today: Callable[[], date] = _utc_today) -> Self:
        """Read the run in progress from a graph's CONFIG (see `Environment.graph_config`).

        `today` returns the day of the run, which takes the place of `as_of = "today"`; see clock.py.
        Raises ConfigError for missing or wrong settings.
        """
        smoke = bool(config.get("smoke", False))
        settings = config.get("settings", {})
        if smoke:
            settings = overlay(Pipeline, settings, config.get("smoke_settings", {}), _CONFIG, "smoke_settings")
        found = read(Pipeline, settings, in_file(_CONFIG, "settings"))
        if found.data.as_of == TODAY:
            found = found.changed(data={"as_of": today()})
        return cls(
            id=kept_id(run_id),
            release=str(config.get("release", "")),
            settings=found,
            smoke=smoke,
            retrain=bool(config.get("retrain", False)),
            commit=payload.commit(),
            release_path=str(config.get("release_path", "")),
            compute_pool=str(config.get("compute_pool", "")),
            package_repository=str(config.get("package_repository", "")),
        )

    def to_json(self) -> str:
        """Return the run as a text, for the ML Jobs that work for it."""
        return json.dumps({**vars(self), "settings": self.settings.to_dict()})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Undo `to_json`."""
        values = json.loads(text)
        return cls(**{**values, "settings": read(Pipeline, values["settings"], in_file("the run", "settings"))})

    @property
    def definition(self) -> Definition:
        """Return what is predicted, from which data, and how, as the settings' package declares it."""
        return declared(self.settings.package)

    @property
    def trains_in_job(self) -> bool:
        """Whether training is an ML Job: it is configured, and there are a pool to run it on and a release to run."""
        return bool(self.settings.training.job and self.compute_pool and self.release_path)

    def query_tag(self, step: str) -> str:
        """Return what QUERY_HISTORY shows with each query of a step, to tell its cost by release, commit and run."""
        what = {"release": self.release, "commit": self.commit, "run": self.id, "step": step, "smoke": self.smoke}
        return json.dumps(what)

    def name(self, name: str) -> str:
        """Return the name of an object that this run writes: a smoke run keeps away from the real ones."""
        return f"SMOKE_{name}" if self.smoke else name


def kept_id(run_id: str) -> str:
    """Return the id of a graph's run, a UUID, as the run writes it everywhere: it is a part of names, too."""
    return re.sub(r"\W", "_", run_id).upper()


def check_timeouts(timeouts: Timeouts, tasks: Collection[str]) -> None:
    """Raise ConfigError for a time-out of a task that is none of these."""
    for task, _ in timeouts:
        if task not in tasks:
            raise ConfigError(f'[timeouts]: the graph has no task "{task}"{nearest(task, tasks)}')


def environments(directory: Path) -> list[str]:
    """Return the names of the environments, which are files of the directory."""
    return sorted(path.stem for path in directory.glob("*.toml") if path.stem != BASE)


def load(name: str, directory: Path) -> Environment:
    """Read `<directory>/<name>.toml` over `<directory>/base.toml`.

    Raises ConfigError for an unknown environment, an unknown or missing key, or a value of the wrong type.
    """
    known = environments(directory)
    if name not in known:
        why = f": {BASE}.toml has what all share" if name == BASE else nearest(name, known)
        raise ConfigError(f'no environment "{name}" in {directory.name}/{why}; one of: {", ".join(known)}')
    base, own = (_parse(directory / f"{stem}.toml", f"{directory.name}/{stem}.toml") for stem in (BASE, name))
    return _environment(name, base, own, directory)


def _parse(path: Path, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(path.read_bytes(), file))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: not TOML: {error}") from error
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from error


def _text(content: bytes, file: str) -> str:
    """Return the text of a file in UTF-8, with a byte order mark or without."""
    if content.startswith(_UTF16) or b"\0" in content:
        raise ConfigError(f"{file}: not UTF-8, but UTF-16", _converted("UTF-16", file))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        cause = f"{file}: not UTF-8, but perhaps Latin-1: byte 0x{content[error.start]:02x} in line {line}"
        raise ConfigError(cause, _converted("ISO-8859-1", file)) from None


def _converted(encoding: str, file: str) -> str:
    return f"save it as UTF-8: iconv -f {encoding} -t UTF-8 {file} > utf8.toml && mv utf8.toml {file}"


def _environment(name: str, base: dict[str, Any], own: dict[str, Any], directory: Path) -> Environment:
    shared, file = f"{directory.name}/{BASE}.toml", f"{directory.name}/{name}.toml"
    for key in ("name", "folder"):
        if key in base:
            raise ConfigError(f'{shared}: unknown key "{key}" in the file; the {key} of {file} is the environment\'s')
    _check_base(Environment, base, shared)
    base, differing = graph_tables.apart(base, shared)
    own, own_differing = graph_tables.apart(own, file)
    tables = overlay(Environment, base, {key: own[key] for key in own if key != _SMOKE}, file)
    smoke = overlay(Pipeline, tables.get(_SHARED, {}), base.get(_SMOKE, {}), shared, _SMOKE)
    smoke = overlay(Pipeline, smoke, own.get(_SMOKE, {}), file, _SMOKE)
    values = _named({**tables, _SMOKE: smoke}, name.upper().replace("-", "_"))

    def place(path: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
        if _has(own, path):
            return file, path
        if path[0] == _SMOKE and not _has(base, path):
            return place((_SHARED, *path[1:]))
        return shared, path

    graphs = graph_tables.graphs(values.get("graph", {}), {shared: differing, file: own_differing}, place)
    found = read(Environment, {**values, "name": name, "folder": str(directory), "graphs": tuple(graphs)}, place)
    if any(each.notebook for each in found.every_graph) and not found.snowflake.compute_pool:
        where, _ = place(("graph", "notebook"))
        raise ConfigError(f'{where}: "notebook" in [graph] needs a compute pool: "compute_pool" in [snowflake]')
    return found


def _check_base(kind: type[Section] | None, values: Any, file: str, *within: str) -> None:
    """Raise ConfigError for what is no table, and for a key of [pipeline.*] that code cannot read as an attribute."""
    for key, value in as_table(values, file, *within).items():
        unreadable = not key.isidentifier() or key.startswith("_") or hasattr(Open, key)
        if unreadable and within[:1] == (_SHARED,):
            raise ConfigError(f'{file}: "{key}" in {table(within)} cannot be the name of a setting; take another one')
        if inner(kind, key) or isinstance(value, dict):
            _check_base(inner(kind, key), value, file, *within, key)


def _named(value: Any, environment: str) -> Any:
    """Return the value with the environment's name for the placeholder in its texts."""
    match value:
        case str():
            return value.replace(_PLACEHOLDER, environment)
        case dict():
            return {key: _named(each, environment) for key, each in value.items()}
        case list() | tuple():
            return [_named(each, environment) for each in value]
    return value


def _has(tables: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    for key in path:
        if not isinstance(tables, Mapping) or key not in tables:
            return False
        tables = tables[key]
    return True


def _differences(settings: Mapping[str, Any], smoke: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of `smoke` that are not those of `settings`, table by table."""
    different: dict[str, Any] = {}
    for key, value in smoke.items():
        if isinstance(value, dict):
            different |= {key: within} if (within := _differences(settings[key], value)) else {}
        elif value != settings[key]:
            different[key] = value
    return different
