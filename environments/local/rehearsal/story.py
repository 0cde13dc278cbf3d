"""The story: what a team does in a week, and what must be true after each step."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import full_run
from .errors import RehearsalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .checkout import Checkout
    from .delivery import Answer, Deployer

PULL_REQUEST = "7"
FAILURE = "rehearsed failure"
_PR = ("--pr", PULL_REQUEST)


@dataclass
class Told:
    """What has happened so far: the digest of each release by its name, the answers, and how long each step took."""

    releases: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    run: full_run.FullRun | None = None

    def name_of(self, digest: str) -> str:
        """What the story calls a release."""
        return next((name for name, known in self.releases.items() if known == digest), "none")


@dataclass(frozen=True)
class Stage:
    """The means of the story: a checkout to commit to, and the deployer to deliver with."""

    checkout: Checkout
    deployer: Deployer
    told: Told

    # ---- doing
    def done(self, verb: str, environment: str, *options: str) -> dict[str, Any]:
        """Run a verb that must succeed."""
        answer = self.deployer.run(verb, environment, *options)
        expect(answer.exit_code == 0, f"deploy {verb} --env {environment} {answer.outcome}")
        self.told.answers[f"{verb} {environment}"] = answer
        return answer.values

    def build(self, name: str, message: str) -> str:
        """Commit the checkout and build its release."""
        self.checkout.commit(message)
        answer = self.deployer.build()
        expect(answer.exit_code == 0, f"deploy build {answer.outcome}")
        self.told.releases[name] = answer.values["release"]
        return answer.values["release"]

    def runs(self, environment: str, *options: str) -> str:
        """The digest that an environment runs."""
        return self.done("status", environment, *options)["release"]

    # ---- the steps
    def bootstrap(self) -> str:
        """The administrator sets up DEV and PROD."""
        for environment in ("dev", "prod"):
            answer = self.deployer.bootstrap(environment)
            expect(answer.exit_code == 0, f"bootstrap of {environment} {answer.outcome}")
        return "databases, warehouses, roles and service users of dev and prod"

    def open_pull_request(self) -> str:
        """A pull request is validated in a schema of its own."""
        digest = self.build("pull request", "A pull request")
        self.done("release", "dev", *_PR)
        status = self.done("status", "dev", *_PR)
        expect(status["release"] == digest, f"the schema of the pull request runs {status['release']}, not {digest}")
        expect(not status["schedule"]["on"], "a pull request's graph has its schedule on")
        return f"release {digest[:12]} passed in {status['schema']}, unscheduled"

    def close_pull_request(self) -> str:
        """It is closed: its schema goes."""
        answer = self.done("teardown", "dev", *_PR)
        expect(bool(answer["dropped"]), "nothing was dropped")
        expect(self.done("status", "dev", *_PR)["release"] == "", "something is left of the pull request")
        return f"dropped its schema, PR_{PULL_REQUEST}"

    def merge(self) -> str:
        """Merged: built once, validated in DEV, delivered to PROD."""
        digest = self.build("first", "Merge the pull request")
        return self._promote(digest)

    def second_release(self) -> str:
        """A second change takes the same way."""
        self.checkout.replace("src/ml_pipeline/__init__.py", '"""', '"""The second release. ')
        digest = self.build("second", "A change to the payload")
        expect(digest != self.told.releases["first"], "a changed payload has the digest of the one before")
        return self._promote(digest)

    def _promote(self, digest: str) -> str:
        for environment in ("dev", "prod"):
            self.done("release", environment)
            found = self.runs(environment)
            expect(found == digest, f"{environment} runs {found}, not {digest}")
        expect(self.done("status", "prod")["schedule"]["on"], "PROD's schedule is off after a passed smoke run")
        return f"dev and prod run {digest[:12]}"

    def failing_release(self) -> str:
        """A release whose smoke run fails never reaches PROD, and DEV gets back what it had."""
        path, start = "src/ml_pipeline/inference.py", "    version = registry.version_in_use(session, run)\n"
        self.checkout.replace(path, start, f'    raise RuntimeError("{FAILURE}")\n{start}')
        digest, second = self.build("failing", "A change that fails"), self.told.releases["second"]
        answer = self.deployer.run("release", "dev")
        expect(answer.exit_code == 1, f"a release that fails {answer.outcome}")
        expect(FAILURE in answer.values["error"], f"the error does not tell the cause: {answer.values['error']}")
        for environment in ("dev", "prod"):
            expect(self.runs(environment) == second, f"{environment} does not run {second} any more")
        return f"{digest[:12]} failed in dev and was put back; both run {second[:12]}"

    def roll_back(self) -> str:
        """Somebody rolls PROD back by hand."""
        self.done("rollback", "prod")
        first = self.told.releases["first"]
        expect(self.runs("prod") == first, f"prod does not run {first}")
        return f"prod runs {first[:12]} again; dev keeps {self.runs('dev')[:12]}"

    def full_run(self) -> str:
        """PROD's hour comes: its graph runs in full, and a new model is in use."""
        self.told.run = full_run.execute(self.deployer.server, self.deployer.keys["prod"], self.checkout.folder)
        states = {task.name: task.state for task in self.told.run.tasks}
        expect(self.told.run.state == "SUCCEEDED", f"the run ended {self.told.run.state}: {states}")
        metrics = self.told.run.results["EVALUATE"]["metrics"]
        return f"model {self.told.run.model_version} is in use, AUC {metrics['auc']} on later lines"

    def steps(self) -> Iterator[Callable[[], str]]:
        """The steps in order."""
        yield self.bootstrap
        yield self.open_pull_request
        yield self.close_pull_request
        yield self.merge
        yield self.second_release
        yield self.failing_release
        yield self.roll_back
        yield self.full_run

    def tell(self, announce: Callable[[str], None], report: Callable[[str, float], None]) -> None:
        """Play every step; the first that does not do what it should ends the story.

        Raises:
            RehearsalError: from that step.
        """
        for step in self.steps():
            announce(step.__doc__ or "")
            start = time.monotonic()
            outcome = step()
            self.told.seconds[step.__name__] = time.monotonic() - start
            report(outcome, self.told.seconds[step.__name__])


def expect(truth: bool, otherwise: str) -> None:  # noqa: FBT001 - it reads as a sentence
    """What must be true at this point of the story.

    Raises:
        RehearsalError: when it is not.
    """
    if not truth:
        raise RehearsalError(otherwise)
