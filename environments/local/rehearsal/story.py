"""What every story of the rehearsal has in common: how it is told, what it may look at, and how it begins and ends."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from deploy import chain
from deploy.graph import render
from ml_pipeline import config

from . import full_run, seed
from .breaking import break_a_step
from .errors import RehearsalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from deploy.chain import Chain
    from environments.local.github.running import Outcome

    from .checkout import Checkout
    from .delivery import Answer, Deployer

    Step = Callable[["Story"], str]

FAILURE = "rehearsed failure"
_NO_RELEASE = "0" * 64
_SHOWN = 3  # metrics in a line


@dataclass
class Told:
    """What has happened so far: the digest of each release by its name, the answers, and how long each step took.

    `workflows` are the runs of workflow files by the step that set them off.
    """

    releases: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    workflows: dict[str, Outcome] = field(default_factory=dict)
    run: full_run.FullRun | None = None

    def to_dict(self) -> dict[str, Any]:
        """What has happened so far, for machines."""
        return {
            "steps": {name: round(seconds, 1) for name, seconds in self.seconds.items()},
            "workflows": {
                step: {"seconds": round(outcome.seconds, 1), "jobs": outcome.jobs}
                for step, outcome in self.workflows.items()
            },
            "releases": self.releases,
        }

    def name_of(self, digest: str) -> str:
        """What the story calls a release, the last time that its content was built."""
        return next((name for name, known in reversed(self.releases.items()) if known == digest), "none")


@dataclass(frozen=True)
class Story:
    """A checkout to commit to, and the deployer, which looks at what is there if it does not deliver itself."""

    checkout: Checkout
    deployer: Deployer
    told: Told

    # In order; the first line of what each is described by is shown.
    STEPS: ClassVar[tuple[Step, ...]]

    @classmethod
    def expect_step(cls, name: str | None) -> None:
        """Nothing, for a step of the story, and for none.

        Raises:
            RehearsalError: the story has no such step.

        """
        names = [step.__name__ for step in cls.STEPS]
        if name is not None and name not in names:
            raise RehearsalError(f"the story has no step {name!r}\nnext: --until with one of {', '.join(names)}")

    def tell(
        self, announce: Callable[[str], None], report: Callable[[str, float], None], until: str | None = None
    ) -> None:
        """Play every step, or those until one of them; the first that does not do what it should ends the story.

        Raises:
            RehearsalError: from that step.
        """
        for step in self.STEPS:
            name = step.__name__
            announce((step.__doc__ or "").splitlines()[0])
            start = time.monotonic()
            outcome = step(self)
            self.told.seconds[name] = time.monotonic() - start
            report(outcome, self.told.seconds[name])
            if name == until:
                return

    # ---- looking
    @cached_property
    def chain(self) -> Chain:
        """The environments that are delivered to."""
        return chain.read(self.checkout.folder / "environments")

    @property
    def last(self) -> str:
        """The environment that is looked at most closely: in the end, its graph runs in full."""
        return self.chain.last[0]

    def environment(self, name: str) -> config.Environment:
        """An environment as the checkout has it."""
        return config.load(name, self.checkout.folder / "environments")

    @property
    def everywhere(self) -> str:
        """All environments, for a sentence."""
        *most, last = self.chain.all
        return f"{', '.join(most)} and {last}" if most else last

    def place(self, name: str, schema: str = "") -> str:
        """The schema that main is delivered to in an environment, or another one, as messages name it."""
        snowflake = self.environment(name).snowflake
        return f"{snowflake.database}.{schema or snowflake.schema}"

    def done(self, verb: str, environment: str, *options: str) -> dict[str, Any]:
        """Run a verb that must succeed."""
        answer = self.deployer.run(verb, environment, *options)
        expect(answer.exit_code == 0, f"deploy {verb} --env {environment} {answer.outcome}")
        self.told.answers[f"{verb} {environment}"] = answer
        return answer.values

    def runs(self, environment: str, *options: str) -> str:
        """The digest that an environment runs."""
        return self.done("status", environment, *options)["release"]

    def expect_everywhere(self, digest: str) -> None:
        """All environments run this release, and their schedules are on, where they have one."""
        for environment in self.chain.all:
            status = self.done("status", environment)
            expect(status["release"] == digest, f"{environment} runs {status['release']}, not {digest}")
            schedules = [graph["schedule"] for graph in status["graphs"].values()]
            off = any(schedule["text"] and not schedule["on"] for schedule in schedules)
            expect(not off, f"the schedule of {environment} is off after a passed smoke run")

    # ---- the changes that a team makes
    def change_the_payload(self, words: str) -> None:
        """A change to the code that runs in Snowflake."""
        self.checkout.replace("src/ml_pipeline/__init__.py", '"""', f'"""{words}. ')

    def break_a_step(self) -> None:
        """A change with which the smoke run fails."""
        graph = render.render(self.environment(self.chain.first), _NO_RELEASE)
        break_a_step(self.checkout, [task.definition for task in graph.tasks], FAILURE)

    # ---- how it begins and ends
    def bootstrap(self) -> str:
        """The administrator sets up the environments."""
        seeded = seed.run(self.deployer.server, self.checkout.folder)
        for environment in self.chain.all:
            answer = self.deployer.bootstrap(environment)
            expect(answer.exit_code == 0, f"bootstrap of {environment} {answer.outcome}")
        made = f"databases, warehouses, roles and service users of {self.everywhere}"
        return f"{seeded}; {made}" if seeded else made

    def full_run(self) -> str:
        """The schedule of the last environment comes: its graph runs in full, and a new model is in use."""
        verdict, key = self.done("run", self.last), self.deployer.keys[self.last]
        self.told.run = full_run.read(self.deployer.server, key, self.environment(self.last), verdict)
        version = self.told.run.model_version
        return f"model {version} is in use{_shown(self.told.run.metrics)}" if version else "every task did its work"


def _shown(metrics: Mapping[str, Any]) -> str:
    """The first few metrics, for the end of a line."""
    few = list(metrics.items())[:_SHOWN]
    return ": " + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in few) if few else ""


def on(status: dict[str, Any]) -> bool:
    """Whether a graph starts by itself."""
    return any(graph["schedule"]["on"] for graph in status["graphs"].values())


def expect(truth: bool, otherwise: str) -> None:  # noqa: FBT001 - it reads as a sentence
    """What must be true at this point of the story.

    Raises:
        RehearsalError: when it is not.
    """
    if not truth:
        raise RehearsalError(otherwise)
