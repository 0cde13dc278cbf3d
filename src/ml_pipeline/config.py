"""The configuration: environments/<name>.toml in, one frozen typed object out, and how a graph's CONFIG carries it.

Everything untyped becomes typed here and nowhere else. Addresses and credentials are not configuration: they come
from environment variables, in dag/connection.py.
"""

import dataclasses
import difflib
import json
import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NewType, Self, TypeVar, get_type_hints

Scalar = str | int | float | bool
T = TypeVar("T")

Identifier = NewType("Identifier", str)
"""A Snowflake name that needs no quotes: upper case letters, digits, _ and $."""

ComputePool = NewType("ComputePool", str)
"""A name as above, or nothing in an account that has no compute pools."""

Integration = NewType("Integration", str)
"""A notification integration's name as above, or nothing where there is none."""

Count = NewType("Count", int)
"""A whole number from 1 on."""

MOST_CANDIDATES = 8
Candidates = NewType("Candidates", int)
"""How many hyper-parameters to try: from 1 to MOST_CANDIDATES."""

Repository = NewType("Repository", str)
"""An artifact repository with its database and schema, or nothing."""

SchemaName = NewType("SchemaName", str)
"""A schema with its database: DATABASE.SCHEMA."""

OptionalSchema = NewType("OptionalSchema", str)
"""A schema as above, or nothing where there is none."""

Label = NewType("Label", str)
"""The value of a tag: letters, digits, spaces and . @ _ -"""

Schedule = NewType("Schedule", str)
"""When the graph runs by itself: five cron fields and a time zone, an interval, on a table's change, or never."""

Timeouts = tuple[tuple[str, int], ...]
"""Tasks that have a limit of their own, each with its minutes."""

Notebook = NewType("Notebook", str)
"""A file of notebooks/, or nothing."""

Runtime = NewType("Runtime", str)
"""What a notebook runs in, by Snowflake's name for it."""

Refresh = NewType("Refresh", str)
"""An age such as "90 minutes", or DOWNSTREAM."""

Backend = NewType("Backend", str)
"""What holds the graph together in Snowflake: classic (its root task), task_graph (a TASK GRAPH object), or auto."""

CHANGE = "ON CHANGE OF "
INTERVAL = re.compile(r"[1-9][0-9]* (?:SECONDS|MINUTES|HOURS)")

BACKENDS = ("classic", "task_graph", "auto")

_SMOKE_PREFIX = "smoke_"


class ConfigError(ValueError):
    """A configuration that cannot be used; the message names the file, the key and the nearest valid name."""


@dataclass(frozen=True)
class Snowflake:
    """Where an environment lives in the account, and as whom it is delivered."""

    database: Identifier
    schema: Identifier
    role: Identifier
    warehouse: Identifier
    service_user: Identifier
    compute_pool: ComputePool


@dataclass(frozen=True)
class Governance:
    """Whose all this is, and who pays: values of tags on the database, from where everything in it inherits them."""

    owner: Label
    cost_center: Label


@dataclass(frozen=True)
class Graph:
    """The task graph's own properties. An empty schedule means that it runs only when it is told to."""

    name: Identifier
    schedule: Schedule
    timeout_minutes: int
    retries: int
    suspend_after_failures: int
    error_integration: Integration
    """A queue (TYPE = QUEUE) that Snowflake itself tells of every task that failed."""
    notebook: Notebook
    """The graph's last task executes this notebook, on the compute pool. Empty: it has no such task."""
    notebook_runtime: Runtime

    @property
    def changes_of(self) -> str:
        """The table, DATABASE.SCHEMA.TABLE, whose changes start the graph; nothing if it has another schedule."""
        return self.schedule.removeprefix(CHANGE) if self.schedule.startswith(CHANGE) else ""


@dataclass(frozen=True)
class Deploy:
    """How a release is put there."""

    backend: Backend
    lease_seconds: int
    """A deploy renews its lock while it is at work. One that died keeps others out for this long."""
    deadline_seconds: int
    """How long each step may take; the smoke run has `timeout_minutes` of [graph]."""


@dataclass(frozen=True)
class Pipeline:
    """What the steps do: which data, which model, and what the quality gate asks of it."""

    source: SchemaName
    model: Identifier
    seed: int

    max_orders: int
    """Orders to read; 0 reads all of them. The choice is by a hash of the key, so it is the same everywhere."""
    max_training_lines: int
    """Order lines to fetch for training, and for evaluation; they must fit into the memory of one task."""
    as_of: date
    """The date that counts as today: TPC-H ends in 1998."""
    max_age_days: int
    """The newest order may be this much older than `as_of`."""
    test_days: int
    """Lines ordered in the last days before `as_of` are held out of the training and judge the model."""
    history_lag_days: int
    """A line's outcome counts as known this long after its order. No promised delivery may lie later than that."""
    feature_refresh: Refresh
    """How old the feature views may get between runs, such as "1 hour"; DOWNSTREAM: each run refreshes them itself."""

    retrain_days: int
    """A model in use that is this old is trained anew; 0 trains in every run."""
    training_job: bool
    """Train in an ML Job on the compute pool; where there is none, and if this is false, in the task itself."""
    training_instances: Count
    """Nodes of that job, which share the candidates; the choice does not depend on how many there are."""
    training_candidates: Candidates
    """Hyper-parameters to try, beginning with those below; the last of the rows to train with choose among them."""
    training_runtime: str
    """The job's runtime image: a version such as "1.8.0", a full image URL, or "" for Snowflake's choice."""
    training_repository: Repository
    """Where the job gets the release's scikit-learn from when the image has another; "": it must have that."""
    training_timeout_minutes: int
    """A job that takes longer is cancelled, and its task fails; less than the graph's own time-out."""
    learning_rate: float
    max_iter: int
    max_leaf_nodes: int
    min_samples_leaf: int

    min_auc: float
    max_auc: float
    """The specification of the data bounds the AUC: a model above this has seen its label."""
    max_log_loss: float
    max_calibration_error: float
    max_auc_drop: float
    """A new model may be worse than the version in use by this much, on the same lines."""
    min_slice_lines: int
    """Slices with fewer lines are shown, but not judged."""
    max_slice_drop: float
    """In no slice may a new model's log loss exceed that of the version in use by more than this."""
    max_slice_calibration_error: float
    """In no slice may the mean probability and the share that was late be further apart."""
    keep_versions: int
    """Older versions of the model are dropped; the default version never is."""
    keep_runs: int
    """Older runs of the experiment are dropped."""

    max_drift: float
    """A feature whose population stability index is above this has drifted: 0.1 is little, 0.25 much."""
    min_labelled_auc: float
    """What a version is held to on the lines that it scored, once their outcome is known."""
    min_monitored_lines: int
    """Fewer lines than this say nothing about drift or performance."""
    rest_days: int
    """A model that is not this old is not replaced for drift or performance: drifted lines have no outcomes yet."""
    notification_integration: Integration
    """E-mail or webhook: where a run's report tells of its failure, and of what monitoring observed."""
    tags: OptionalSchema
    """Where the bootstrap has put the tags: what a run writes is tagged with its release. Empty: not tagged."""
    policies: OptionalSchema
    """Where the bootstrap has put masking and row access policies, which editions above Standard have. Empty: there
    are none, and the customers' names, addresses and phones are not fetched at all."""
    service_pool: ComputePool
    """The compute pool of the real-time service; without one, the model is not served in real time."""
    service_min_instances: int
    """With 0, the service is suspended when nobody has called it for `service_idle_minutes`."""
    service_max_instances: int
    service_idle_minutes: int
    service_timeout_minutes: int
    """A service that is not ready by then is dropped, and its task fails."""
    service_drain_seconds: int
    """How long an old service stays when requests go to a new one: a gateway may need a minute for that."""

    def to_dict(self) -> dict[str, Scalar]:
        """Return flat JSON, which is what a task graph's CONFIG can carry."""
        return {key: _plain(value) for key, value in dataclasses.asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Undo `to_dict`. Raises ConfigError for an unknown or missing key or a wrong type."""
        return _section(cls, values, "the graph's CONFIG", "pipeline")


@dataclass(frozen=True)
class Environment:
    """One environment: everything that differs between a laptop, DEV and PROD."""

    name: str
    snowflake: Snowflake
    governance: Governance
    graph: Graph
    timeouts: Timeouts
    deploy: Deploy
    pipeline: Pipeline
    smoke: Pipeline
    """`pipeline` with the overrides of [smoke]: the settings of the short run after a deploy."""

    def in_schema(self, schema: str) -> Self:
        """Move to another schema of the database, such as PR_7, where nothing runs on a schedule and nobody is told."""
        name = _typed(Identifier, schema, "the schema to deploy to")
        snowflake = dataclasses.replace(self.snowflake, schema=name)
        graph = dataclasses.replace(self.graph, schedule=_schedule(""), error_integration=_integration(""))
        pipeline, smoke = (
            dataclasses.replace(settings, feature_refresh=_refresh("DOWNSTREAM"))
            for settings in (self.pipeline, self.smoke)
        )
        return dataclasses.replace(self, snowflake=snowflake, graph=graph, pipeline=pipeline, smoke=smoke)

    def release_path(self, digest: str) -> str:
        """Return the stage path of a release's files."""
        return f"@{self.snowflake.database}.{self.snowflake.schema}.RELEASES/{digest}"

    def graph_config(self, release: str, commit: str = "") -> dict[str, Scalar]:
        """Return the CONFIG of the task graph: the settings, those of the smoke run as smoke_<key>, release and commit.

        A smoke run needs no settings of its own to be sent: `EXECUTE TASK ... USING CONFIG = '{"smoke": true, ...}'`
        chooses the overrides that were reviewed with the rest.
        """
        settings, smoke = self.pipeline.to_dict(), self.smoke.to_dict()
        overrides = {_SMOKE_PREFIX + key: value for key, value in smoke.items() if value != settings[key]}
        place = {"release_path": self.release_path(release), "compute_pool": self.snowflake.compute_pool}
        named = {"environment": self.name, "release": release, "commit": commit}
        return {**settings, **overrides, **place, **named}


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
    """The commit that the release was built of."""
    release_path: str = ""
    """The stage path of the release's files; none for a working tree, which is not staged."""
    compute_pool: str = ""

    @classmethod
    def from_config(cls, config: Mapping[str, Any], run_id: str) -> Self:
        """Read what a graph's CONFIG (see `Environment.graph_config`) says to the run in progress.

        Raises ConfigError for missing or wrong settings.
        """
        smoke = bool(config.get("smoke", False))
        names = [field.name for field in dataclasses.fields(Pipeline)]
        settings = {name: config[name] for name in names if name in config}
        overrides = {name: config[_SMOKE_PREFIX + name] for name in names if _SMOKE_PREFIX + name in config}
        return cls(
            id=re.sub(r"\W", "_", run_id).upper(),
            release=str(config.get("release", "")),
            settings=Pipeline.from_dict({**settings, **overrides} if smoke else settings),
            smoke=smoke,
            retrain=bool(config.get("retrain", False)),
            commit=str(config.get("commit", "")),
            release_path=str(config.get("release_path", "")),
            compute_pool=str(config.get("compute_pool", "")),
        )

    def to_json(self) -> str:
        """Return the run as a text, for the ML Jobs that work for it."""
        return json.dumps({**vars(self), "settings": self.settings.to_dict()})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Undo `to_json`."""
        values = json.loads(text)
        return cls(**{**values, "settings": Pipeline.from_dict(values["settings"])})

    @property
    def trains_in_job(self) -> bool:
        """Whether training is an ML Job: it is asked for, and there are a pool to run it on and a release to run."""
        return bool(self.settings.training_job and self.compute_pool and self.release_path)

    def query_tag(self, step: str) -> str:
        """Return what QUERY_HISTORY shows with each query of a step, to tell its cost by release, commit and run."""
        what = {"release": self.release, "commit": self.commit, "run": self.id, "step": step, "smoke": self.smoke}
        return json.dumps(what)

    def name(self, name: str) -> str:
        """Return the name of an object that this run writes: a smoke run keeps away from the real ones."""
        return f"SMOKE_{name}" if self.smoke else name


def load(name: str, directory: Path) -> Environment:
    """Read `<directory>/<name>.toml`.

    Raises ConfigError for an unknown environment, an unknown or missing key, or a value of the wrong type.
    """
    path = directory / f"{name}.toml"
    if not path.is_file():
        known = sorted(file.stem for file in directory.glob("*.toml"))
        raise ConfigError(
            f'no environment "{name}" in {directory.name}/{_nearest(name, known)}; one of: {", ".join(known)}'
        )
    file = f"{directory.name}/{path.name}"
    return _environment(name, _parse(path, file), file)


def _parse(path: Path, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: not TOML: {error}") from error


def _environment(name: str, tables: Mapping[str, Any], file: str) -> Environment:
    _check_keys(
        tables, ("snowflake", "governance", "graph", "timeouts", "deploy", "pipeline", "smoke"), file, "the file"
    )
    pipeline = _section(Pipeline, tables["pipeline"], file, "pipeline")
    if tables["graph"].get("notebook") and not tables["snowflake"].get("compute_pool"):
        raise ConfigError(f'{file}: "notebook" in [graph] needs a compute pool: "compute_pool" in [snowflake]')
    return Environment(
        name=name,
        snowflake=_section(Snowflake, tables["snowflake"], file, "snowflake"),
        governance=_section(Governance, tables["governance"], file, "governance"),
        graph=_section(Graph, tables["graph"], file, "graph"),
        timeouts=_timeouts(tables["timeouts"], file),
        deploy=_section(Deploy, tables["deploy"], file, "deploy"),
        pipeline=pipeline,
        smoke=_section(Pipeline, {**pipeline.to_dict(), **tables["smoke"]}, file, "smoke"),
    )


def _timeouts(values: Mapping[str, Any], file: str) -> Timeouts:
    """Read [timeouts], of which the graph knows what tasks there are: see `check_timeouts`."""
    return tuple((task, _typed(int, minutes, f'{file}: "{task}" in [timeouts]')) for task, minutes in values.items())


def check_timeouts(timeouts: Timeouts, tasks: Collection[str]) -> None:
    """Raise ConfigError for a time-out of a task that is none of these."""
    for task, _ in timeouts:
        if task not in tasks:
            raise ConfigError(f'[timeouts]: the graph has no task "{task}"{_nearest(task, list(tasks))}')


def _section(kind: type[T], values: Mapping[str, Any], file: str, section: str) -> T:
    types = get_type_hints(kind)
    _check_keys(values, tuple(types), file, f"[{section}]")
    return kind(**{key: _typed(types[key], values[key], f'{file}: "{key}" in [{section}]') for key in types})


def _check_keys(values: Mapping[str, Any], expected: tuple[str, ...], file: str, where: str) -> None:
    for key in values:
        if key not in expected:
            raise ConfigError(f'{file}: unknown key "{key}" in {where}{_nearest(key, expected)}')
    missing = [key for key in expected if key not in values]
    if missing:
        raise ConfigError(f'{file}: missing key "{missing[0]}" in {where}')


def _nearest(name: str, known: tuple[str, ...] | list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f'; did you mean "{close[0]}"?' if close else ""


def _typed(kind: Any, value: Any, where: str) -> Any:
    try:
        return _READERS[kind](value)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where}: {error}, not {value!r}") from error


def _plain(value: Any) -> Scalar:
    return value.isoformat() if isinstance(value, date) else value


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("expected a whole number")
    if value < 0:
        raise ValueError("expected a number that is not negative")
    return value


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("expected a whole number from 1 on")
    return value


def _candidates(value: Any) -> int:
    if _count(value) > MOST_CANDIDATES:
        raise ValueError(f"expected a whole number from 1 to {MOST_CANDIDATES}")
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("expected true or false")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("expected a text")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("expected a number")
    return float(value)


def _date(value: Any) -> date:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise ValueError("expected a date such as 1998-08-02") from error


def _matching(pattern: str, expected: str) -> Callable[[Any], Any]:
    def read(value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise ValueError(f"expected {expected}")
        return value

    return read


_NAME = r"[A-Z_][A-Z0-9_$]*"
_identifier = _matching(_NAME, "an upper case Snowflake name such as ML_DEV")
_compute_pool = _matching(rf"({_NAME})?", 'an upper case Snowflake name such as ML_DEV_POOL, or ""')
_integration = _matching(rf"({_NAME})?", 'an upper case Snowflake name such as ML_ALERTS, or ""')
_schema_name = _matching(rf"{_NAME}\.{_NAME}", "a schema with its database such as SNOWFLAKE_SAMPLE_DATA.TPCH_SF1")
_repository = _matching(
    rf"({_NAME}\.{_NAME}\.{_NAME})?", 'an upper case name such as SNOWFLAKE.SNOWPARK.PYPI_SHARED_REPOSITORY, or ""'
)
_optional_schema = _matching(rf"({_NAME}\.{_NAME})?", 'a schema with its database such as ML_DEV.MAIN, or ""')
_label = _matching(r"[\w.@ -]{1,256}", "letters, digits, spaces and . @ _ -, at most 256")
_notebook = _matching(r"([\w-]+\.ipynb)?", 'a file of notebooks/ such as explore.ipynb, or ""')
_runtime = _matching(r"[\w.-]+", "a runtime such as V2.2-CPU-PY3.11")
_refresh = _matching(
    r"DOWNSTREAM|[1-9][0-9]* (minutes?|hours?|days?)", 'an age such as "90 minutes" or "1 day", or "DOWNSTREAM"'
)
_backend = _matching("|".join(BACKENDS), f"one of {', '.join(BACKENDS)}")
_schedule = _matching(
    rf"{CHANGE}{_NAME}\.{_NAME}\.{_NAME}|(?!{CHANGE})(\S+ ){{5}}\S+|{INTERVAL.pattern}|",
    'five cron fields and a time zone such as "0 5 * * * UTC", an interval such as "90 MINUTES", '
    '"ON CHANGE OF DATABASE.SCHEMA.TABLE", or ""',
)

_READERS: dict[Any, Callable[[Any], Any]] = {
    bool: _boolean,
    str: _text,
    int: _integer,
    float: _number,
    date: _date,
    Identifier: _identifier,
    ComputePool: _compute_pool,
    Integration: _integration,
    Count: _count,
    Candidates: _candidates,
    Repository: _repository,
    SchemaName: _schema_name,
    OptionalSchema: _optional_schema,
    Label: _label,
    Notebook: _notebook,
    Runtime: _runtime,
    Refresh: _refresh,
    Backend: _backend,
    Schedule: _schedule,
}
