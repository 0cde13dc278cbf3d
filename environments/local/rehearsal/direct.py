"""The short story: what a team does in a week, by the deployer's own commands, and what must be true after each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from .story import FAILURE, Story, expect, on

if TYPE_CHECKING:
    from .story import Step

PULL_REQUEST = "7"
_PR = ("--pr", PULL_REQUEST)


@dataclass(frozen=True)
class Direct(Story):
    """The commands that CI would run, without CI."""

    def build(self, name: str, message: str) -> str:
        """Commit the checkout and build its release."""
        self.checkout.commit(message)
        answer = self.deployer.build()
        expect(answer.exit_code == 0, f"deploy build {answer.outcome}")
        self.told.releases[name] = answer.values["release"]
        return answer.values["release"]

    def open_pull_request(self) -> str:
        """A pull request is validated in a schema of its own."""
        digest = self.build("pull request", "A pull request")
        self.done("release", self.chain.first, *_PR)
        status = self.done("status", self.chain.first, *_PR)
        expect(status["release"] == digest, f"the schema of the pull request runs {status['release']}, not {digest}")
        expect(not on(status), "a pull request's graph has its schedule on")
        return f"release {digest[:12]} passed in {status['schema']}, unscheduled"

    def close_pull_request(self) -> str:
        """It is closed: its schema goes."""
        answer = self.done("teardown", self.chain.first, *_PR)
        expect(bool(answer["dropped"]), "nothing was dropped")
        expect(self.done("status", self.chain.first, *_PR)["release"] == "", "something is left of the pull request")
        return f"dropped its schema, PR_{PULL_REQUEST}"

    def merge(self) -> str:
        """Merged: built once, validated in the first environment, delivered to all that follow."""
        return self._promote(self.build("first", "Merge the pull request"))

    def second_release(self) -> str:
        """A second change takes the same way."""
        self.change_the_payload("The second release")
        digest = self.build("second", "A change to the payload")
        expect(digest != self.told.releases["first"], "a changed payload has the digest of the one before")
        return self._promote(digest)

    def _promote(self, digest: str) -> str:
        for environment in self.chain.all:
            self.done("release", environment)
        self.expect_everywhere(digest)
        return f"{self.everywhere} run {digest[:12]}"

    def failing_release(self) -> str:
        """A release whose smoke run fails goes no further: the first environment gets back what it had."""
        self.break_a_step()
        digest, second = self.build("failing", "A change that fails"), self.told.releases["second"]
        answer = self.deployer.run("release", self.chain.first)
        expect(answer.exit_code == 1, f"a release that fails {answer.outcome}")
        expect(FAILURE in answer.values["error"], f"the error does not tell the cause: {answer.values['error']}")
        self.expect_everywhere(second)
        return f"{digest[:12]} failed in {self.chain.first} and was put back; {self.everywhere} run {second[:12]}"

    def roll_back(self) -> str:
        """Somebody rolls the last environment back by hand."""
        self.done("rollback", self.last)
        first = self.told.releases["first"]
        expect(self.runs(self.last) == first, f"{self.last} does not run {first}")
        return f"{self.last} runs {first[:12]} again"

    STEPS: ClassVar[tuple[Step, ...]] = (
        Story.bootstrap,
        open_pull_request,
        close_pull_request,
        merge,
        second_release,
        failing_release,
        roll_back,
        Story.full_run,
    )
