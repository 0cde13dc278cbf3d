"""The configuration: environments/<name>.toml in, one frozen typed object out, and how a graph's CONFIG carries it.

Everything untyped becomes typed here, as values.py says, and nowhere else. Addresses and credentials are not
configuration: they come from environment variables, in dag/connection.py.
"""

import dataclasses
import json
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Self

from .values import (
    CHANGE,
    Backend,
    Candidates,
    ComputePool,
    ConfigError,
    Count,
    Identifier,
    Integration,
    Label,
    ModelName,
    Notebook,
    OptionalSchema,
    PackageRepository,
    Refresh,
    Repository,
    Runtime,
    Scalar,
    Schedule,
    SchemaName,
    Timeouts,
    check_keys,
    nearest,
    plain,
    section,
    typed,
)

_SMOKE_PREFIX = "smoke_"


@dataclass(frozen=True)
class Snowflake:
    """Where an environment lives in the account, and as whom it is delivered."""

    database: Identifier
    schema: Identifier
    role: Identifier
    warehouse: Identifier
    service_user: Identifier
    compute_pool: ComputePool
    package_repository: PackageRepository
    """Where tasks, functions and models get their Python packages from: PyPI's shared repository, Anaconda's, which
    older accounts have, or one of your own."""


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
    model: ModelName
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
    """With 0, Snowflake suspends the service after half an hour that it takes for idle; the next request resumes it,
    and waits for that. Snowflake may not count requests from outside: with 1 it is always there, and paid for."""
    service_max_instances: int
    service_timeout_minutes: int
    """A service that is not ready by then is dropped, and its task fails."""
    service_drain_seconds: int
    """How long an old service stays when requests go to a new one: a gateway may need a minute for that."""

    def to_dict(self) -> dict[str, Scalar]:
        """Return flat JSON, which is what a task graph's CONFIG can carry."""
        return {key: plain(value) for key, value in dataclasses.asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Undo `to_dict`. Raises ConfigError for an unknown or missing key or a wrong type."""
        return section(cls, values, "the graph's CONFIG", "pipeline")


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
        name = typed(Identifier, schema, "the schema to deploy to")
        snowflake = dataclasses.replace(self.snowflake, schema=name)
        graph = dataclasses.replace(self.graph, schedule=Schedule(""), error_integration=Integration(""))
        pipeline, smoke = (
            dataclasses.replace(settings, feature_refresh=Refresh("DOWNSTREAM"))
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
        place = {
            "release_path": self.release_path(release),
            "compute_pool": self.snowflake.compute_pool,
            "package_repository": self.snowflake.package_repository,
        }
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
    package_repository: str = ""
    """Where a model's packages come from in a warehouse; empty: from where the account takes them."""

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
            id=kept_id(run_id),
            release=str(config.get("release", "")),
            settings=Pipeline.from_dict({**settings, **overrides} if smoke else settings),
            smoke=smoke,
            retrain=bool(config.get("retrain", False)),
            commit=str(config.get("commit", "")),
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


def kept_id(run_id: str) -> str:
    """Return the id of a graph's run, a UUID, as the run writes it everywhere: it is a part of names, too."""
    return re.sub(r"\W", "_", run_id).upper()


def load(name: str, directory: Path) -> Environment:
    """Read `<directory>/<name>.toml`.

    Raises ConfigError for an unknown environment, an unknown or missing key, or a value of the wrong type.
    """
    path = directory / f"{name}.toml"
    if not path.is_file():
        known = sorted(file.stem for file in directory.glob("*.toml"))
        raise ConfigError(
            f'no environment "{name}" in {directory.name}/{nearest(name, known)}; one of: {", ".join(known)}'
        )
    file = f"{directory.name}/{path.name}"
    return _environment(name, _parse(path, file), file)


def _parse(path: Path, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: not TOML: {error}") from error


def _environment(name: str, tables: Mapping[str, Any], file: str) -> Environment:
    check_keys(
        tables, ("snowflake", "governance", "graph", "timeouts", "deploy", "pipeline", "smoke"), file, "the file"
    )
    pipeline = section(Pipeline, tables["pipeline"], file, "pipeline")
    if tables["graph"].get("notebook") and not tables["snowflake"].get("compute_pool"):
        raise ConfigError(f'{file}: "notebook" in [graph] needs a compute pool: "compute_pool" in [snowflake]')
    return Environment(
        name=name,
        snowflake=section(Snowflake, tables["snowflake"], file, "snowflake"),
        governance=section(Governance, tables["governance"], file, "governance"),
        graph=section(Graph, tables["graph"], file, "graph"),
        timeouts=_timeouts(tables["timeouts"], file),
        deploy=section(Deploy, tables["deploy"], file, "deploy"),
        pipeline=pipeline,
        smoke=section(Pipeline, {**pipeline.to_dict(), **tables["smoke"]}, file, "smoke"),
    )


def _timeouts(values: Mapping[str, Any], file: str) -> Timeouts:
    """Read [timeouts], of which the graph knows what tasks there are: see `check_timeouts`."""
    return tuple((task, typed(int, minutes, f'{file}: "{task}" in [timeouts]')) for task, minutes in values.items())


def check_timeouts(timeouts: Timeouts, tasks: Collection[str]) -> None:
    """Raise ConfigError for a time-out of a task that is none of these."""
    for task, _ in timeouts:
        if task not in tasks:
            raise ConfigError(f'[timeouts]: the graph has no task "{task}"{nearest(task, list(tasks))}')
