"""The tables of environments/base.toml: the frame's keys and their types.

A new setting is a line in base.toml and its use: [pipeline.*] takes a team's own keys, see section.py. A key is here if
the frame itself reads it.
"""

import warnings

from pydantic import ConfigDict, Field

from .section import Open, Section
from .values import (
    CHANGE,
    Backend,
    Branch,
    Candidates,
    ComputePool,
    Count,
    Date,
    Identifier,
    Integration,
    Label,
    ModelName,
    Notebook,
    OptionalSchema,
    Package,
    PackageRepository,
    Probability,
    Refresh,
    Repository,
    Runtime,
    Schedule,
    SchemaName,
    Share,
    Whole,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)  # `schema` hides a method of pydantic's that is deprecated

    class Snowflake(Section):
        """Where an environment lives in the account, and as whom it is delivered."""

        database: Identifier
        schema: Identifier  # type: ignore[assignment]
        role: Identifier
        warehouse: Identifier
        service_user: Identifier
        compute_pool: ComputePool
        package_repository: PackageRepository
        """Where tasks, functions and models get their Python packages from: PyPI's shared repository, Anaconda's, which
        older accounts have, or one of your own."""


class Governance(Section):
    """Who owns all this, and who pays: values of tags on the database, from where everything in it inherits them."""

    owner: Label
    cost_center: Label


class Graph(Section):
    """The task graph's own properties. With an empty schedule it runs only on request."""

    name: Identifier
    schedule: Schedule
    timeout_minutes: Whole
    retries: Whole
    suspend_after_failures: Whole
    error_integration: Integration
    """A queue (TYPE = QUEUE) to which Snowflake itself sends every failed task."""
    notebook: Notebook
    """The graph's last task executes this notebook, on the compute pool. Empty: it has no such task."""
    notebook_runtime: Runtime

    @property
    def changes_of(self) -> str:
        """The table, DATABASE.SCHEMA.TABLE, whose changes start the graph; nothing if it has another schedule."""
        return self.schedule.removeprefix(CHANGE) if self.schedule.startswith(CHANGE) else ""


class Timeouts(Section):
    """Minutes that single tasks may take: the keys are names of tasks, which the graph knows. See `check_timeouts`."""

    model_config = ConfigDict(extra="allow")
    adds = True

    __pydantic_extra__: dict[str, Count] = Field(init=False)


class Deploy(Section):
    """How a release is delivered."""

    backend: Backend
    lease_seconds: Count
    """A deploy renews its lock while it is at work. One that died keeps others out for this long."""
    deadline_seconds: Count
    """How long each step may take; the smoke run has `timeout_minutes` of [graph]."""


class Delivery(Section):
    """Where the environment stands in the chain of deliveries: see deploy/chain.py."""

    branch: Branch
    """What is merged into this branch is delivered: the repository's default branch."""
    pull_requests: bool
    """Pull requests are validated here, each in a schema of its own, and releases come here first."""
    after: str
    """The environment that a release passes before it is delivered here. Empty: it comes here first, or never."""


class Data(Open):
    """What the pipeline reads, and which part of it trains and tests the model."""

    source: SchemaName
    from_share: Share = ""
    """The share that the source's database was made from: the bootstrap grants IMPORTED PRIVILEGES on it. Empty: it is
    an ordinary database, and the bootstrap grants USAGE and SELECT."""
    as_of: Date
    """The date that counts as today: rows after it are not there yet. "today": the day of the run, in UTC."""
    max_age_days: Whole
    """The newest row of the source may be this much older than `as_of`."""
    test_days: Whole
    """Rows of the last days before `as_of` are held out of the training and judge the model."""
    label_lag_days: Whole
    """A row's label counts as known this long after the row."""
    max_training_rows: Whole
    """Rows to fetch for training, and for evaluation; they must fit into the memory of one task."""
    feature_refresh: Refresh
    """How old the feature views may get between runs, such as "1 hour"; DOWNSTREAM: each run refreshes them itself."""


class Training(Open):
    """When, where and how a model is trained."""

    retrain_days: Whole
    """A model in use that is this old is trained anew; 0 trains in every run."""
    seed: Whole
    job: bool
    """Train in an ML Job on the compute pool; where there is none, and if this is false, in the task itself."""
    instances: Count
    """Nodes of that job, which share the candidates; the choice does not depend on how many there are."""
    candidates: Candidates
    """Hyper-parameters to try, beginning with those of [pipeline.model]; the last training rows choose among them."""
    runtime: str
    """The job's runtime image: a version such as "1.8.0", a full image URL, or "" for Snowflake's choice."""
    repository: Repository
    """Where the job gets the release's scikit-learn from when the image has another; "": it must have that."""
    timeout_minutes: Whole
    """A job that takes longer is cancelled, and its task fails; less than the graph's own time-out."""


class Model(Open):
    """The model's hyper-parameters: all of them are a team's own."""


class QualityGate(Open):
    """What a new model must reach; the thresholds of its metrics are a team's own."""

    min_slice_rows: Whole
    """Slices with fewer rows are shown, but not judged."""


class Registry(Open):
    """What the Model Registry and the experiment are called, and how much of them is kept."""

    model: ModelName
    keep_versions: Whole
    """Older versions of the model are dropped; the default version never is."""
    keep_runs: Whole
    """Older runs of the experiment are dropped."""


class Monitoring(Open):
    """When the graph trains because of what monitoring finds, and who is notified."""

    max_drift: float
    """A feature whose population stability index is above this has drifted: 0.1 is little, 0.25 much."""
    min_rows: Whole
    """Fewer rows than this say nothing about drift or performance."""
    rest_days: Whole
    """A model that is not this old is not replaced for drift or performance: drifted rows have no labels yet."""
    notification_integration: Integration
    """E-mail or webhook: where a run's report sends its failure, and what monitoring found."""


class Scoring(Open):
    """How predictions are used; a regression needs no such table."""

    cut_off: Probability = 0.5
    """From this probability on, a classifier's prediction counts as 1."""


class Service(Open):
    """The real-time service; a project without one needs no such table."""

    pool: ComputePool = ""
    """The compute pool of the service; without one, the model is not served in real time."""
    min_instances: Whole = 0
    """With 0, Snowflake suspends the service after half an hour without requests that it counts; the next request
    resumes it, and waits for that. Snowflake may not count requests from outside: with 1 it always runs, and costs."""
    max_instances: Count = 1
    timeout_minutes: Count = 30
    """A service that is not ready by then is dropped, and its task fails."""
    drain_seconds: Whole = 60
    """How long an old service stays when requests go to a new one: a gateway may need a minute for that."""


class DataGovernance(Open):
    """Where the bootstrap has put tags and policies."""

    tags: OptionalSchema = ""
    """What a run writes is tagged with its release. Empty: not tagged."""
    policies: OptionalSchema = ""
    """Masking and row access policies, which editions above Standard have. Empty: there are none, and no personal
    columns are fetched."""


class Pipeline(Open):
    """What the steps do."""

    package: Package
    """The package of src/ that declares the data and the model, and lists the steps."""
    data: Data
    training: Training
    model: Model
    quality_gate: QualityGate
    registry: Registry
    monitoring: Monitoring
    scoring: Scoring = Scoring()
    service: Service = Service()
    governance: DataGovernance = DataGovernance()
