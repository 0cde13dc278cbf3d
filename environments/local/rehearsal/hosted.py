"""The whole story: what a team does in a week on GitHub, by the real workflow files, and what must be true after each.

Each event names the jobs that run and their results; any other job, or another result, ends the story.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from deploy.chain import LEVELS
from environments.local.github.events import Event, event

from .story import FAILURE, Story, expect, on

if TYPE_CHECKING:
    from collections.abc import Mapping

    from environments.local.github.running import Outcome

    from .hosting import Hosted
    from .story import Step

_GREEN, _RED = "success", "failure"
_QUALITY = dict.fromkeys(
    (f"quality/quality/make {target}" for target in ("lint-1", "test-2", "rehearse-3", "localtest")), _GREEN
)
_CHAIN, _BUILD = {"chain/chain/environments": _GREEN}, {"build/build/release": _GREEN}
_DEPENDENCIES, _COMMENT = {"ci/dependencies": _GREEN}, {"ci/comment": _GREEN}
_GATE, _DELIVERED = {"ci/gate": _GREEN}, {"cd/delivered": _GREEN}
_FORKED = _CHAIN | _QUALITY | _BUILD | _DEPENDENCIES | _GATE
_SCHEMA = "PR_7"
_FORK = {
    "number": 8,
    "pull_request__number": 8,
    "pull_request__head__repo__full_name": "mallory/ml",
    "ref": "refs/pull/8/merge",
}


@dataclass(frozen=True)
class OnGitHub(Story):
    """A repository on the local GitHub, and what is pushed to it."""

    hosted: Hosted

    # ---- the jobs, by the chain of environments
    @property
    def _first(self) -> str:
        return f"first/deploy/{self.chain.first}"

    @property
    def _validated(self) -> dict[str, str]:
        return {f"plan/plan/{self.chain.first} and what follows": _GREEN, self._first: _GREEN}

    @property
    def _followed(self) -> dict[str, str]:
        """The deliveries to the environments that follow; what each runs is published where plans are made."""
        found = {}
        for level, names in zip(LEVELS[1:], self.chain.levels[1:], strict=False):
            for number, name in enumerate(names, 1):
                job = f"{level}-{number}" if len(names) > 1 else level
                found |= {f"{job}/deploy/{name}": _GREEN, f"{job}/deploy/publish {name}": _GREEN}
        return found

    def _run(self, step: str, workflow: str, happened: Event, jobs: Mapping[str, str]) -> Outcome:
        outcome = self.hosted.run(workflow, happened)
        self.told.workflows[step] = outcome
        expect(outcome.jobs == jobs, f"{workflow} ran {outcome.jobs}, not {dict(jobs)}\n{outcome.printed[-4000:]}")
        return outcome

    def _built(self, name: str, outcome: Outcome) -> str:
        self.told.releases[name] = outcome.outputs["build/build/release"]["release"]
        return self.told.releases[name]

    def _event(self, name: str, **changes: str) -> Event:
        """An event of the default branch."""
        branch = self.environment(self.chain.first).delivery.branch
        changes |= {"ref": f"refs/heads/{branch}", "repository__default_branch": branch}
        return event(name, **changes)

    # ---- the steps
    def open_pull_request(self) -> str:
        """A pull request is opened: it is checked, built, planned, and validated in a schema of its own."""
        return self._requested("open_pull_request", event("pull_request"))

    def push_to_it(self) -> str:
        """A commit is pushed to it: its schema gets the new release, its comment the new plan."""
        self.change_the_payload("The first release")
        self.checkout.commit("A change to the payload")
        return self._requested("push_to_it", event("pull_request", "synchronize"))

    def _requested(self, step: str, happened: Event) -> str:
        outcome = self._run(step, "ci.yml", happened, _FORKED | _COMMENT | self._validated)
        digest = self._built("pull request", outcome)
        status = self.done("status", self.chain.first, "--pr", "7")
        expect(status["release"] == digest, f"{_SCHEMA} runs {status['release']}, not {digest}")
        expect(not on(status), "a pull request's graph has its schedule on")
        self._expect_the_plan(digest)
        for words in (f"### Smoke run of {self.place(self.chain.first, _SCHEMA)}.", ": SUCCEEDED", "gantt"):
            expect(words in outcome.summaries[self._first], f"the summary of the job has no {words!r}")
        return f"{digest[:12]} passed in {_SCHEMA}, unscheduled: {_verdict(outcome)}"

    def _expect_the_plan(self, digest: str) -> None:
        """One comment, of this release: what it changes in its own schema, in main's, and in all that follow."""
        bodies = [comment["body"] for comment in self.hosted.api.comments]
        expect(len(bodies) == 1, f"there are {len(bodies)} comments on the pull request")
        first = self.chain.first
        own, main = f"{self.place(first, _SCHEMA)} ({first})", f"{self.place(first)} ({first}), after the merge"
        following = [f"{self.place(name)} ({name})" for name in self.chain.following]
        for words in (digest[:12], own, main, *following):
            expect(words in bodies[0], f"the comment on the pull request has no {words!r}")

    def fork(self) -> str:
        """A stranger's fork sends a pull request: it is checked and built, and gets no token."""
        tokens, comments = len(self.hosted.issuer.minted), len(self.hosted.api.comments)
        outcome = self._run("fork", "ci.yml", event("pull_request", **_FORK), _FORKED)
        expect(len(self.hosted.issuer.minted) == tokens, "a job of a fork got a token")
        expect(len(self.hosted.api.comments) == comments, "a job of a fork wrote a comment")
        return f"nothing of it signed in anywhere: {_verdict(outcome)}"

    def merge_queue(self) -> str:
        """The pull request enters the merge queue: what main would be is validated in a schema of its own."""
        queued = event("merge_group")
        jobs = _CHAIN | _QUALITY | _BUILD | self._validated | _GATE
        outcome = self._run("merge_queue", "ci.yml", queued, jobs)
        expect(self.runs(self.chain.first, "--ref", queued.ref) == "", "something is left of the merge group")
        return f"passed, and its schema is gone: {_verdict(outcome)}"

    def merge(self) -> str:
        """Merged: built once, validated in the first environment, delivered to all that follow."""
        self.checkout.commit("Merge the pull request")
        return self._merged("merge", "first")

    def second_release(self) -> str:
        """A second change takes the same way."""
        self.change_the_payload("The second release")
        self.checkout.commit("Another change to the payload")
        return self._merged("second_release", "second")

    def _merged(self, step: str, name: str) -> str:
        jobs = _CHAIN | _BUILD | self._validated | self._followed | _DELIVERED
        digest = self._built(name, self._run(step, "cd.yml", self._event("push"), jobs))
        self.expect_everywhere(digest)
        return f"{self.everywhere} run {digest[:12]}"

    def close_pull_request(self) -> str:
        """The pull request is closed: its schema goes."""
        closed = event("pull_request", "closed")
        self._run("close_pull_request", "cleanup.yml", closed, _CHAIN | {"cleanup/teardown": _GREEN})
        expect(self.runs(self.chain.first, "--pr", "7") == "", "something is left of the pull request")
        return f"dropped {_SCHEMA}"

    def failing_release(self) -> str:
        """A release whose smoke run fails goes no further: the first environment gets back what it had."""
        self.break_a_step()
        self.checkout.commit("A change that fails")
        # act ends a run with the first called workflow that fails: on GitHub, `delivered` follows and fails too.
        jobs = _CHAIN | _BUILD | self._validated | {self._first: _RED}
        outcome = self._run("failing_release", "cd.yml", self._event("push"), jobs)
        second = self.told.releases["second"]
        digest = self._built("failing", outcome)
        expect(FAILURE in outcome.printed, "the job's log does not tell the cause")
        self.expect_everywhere(second)
        return f"{digest[:12]} failed in {self.chain.first} and was put back; {self.everywhere} run {second[:12]}"

    def roll_back(self) -> str:
        """Somebody rolls the last environment back by hand."""
        first, name = self.told.releases["first"], self.last
        published = {f"rollback/deploy/publish {name}": _GREEN} if name != self.chain.first else {}
        happened = self._event("workflow_dispatch", inputs__release=first, inputs__environment=name)
        jobs = _CHAIN | {f"rollback/deploy/{name}": _GREEN} | published | _DELIVERED
        self._run("roll_back", "cd.yml", happened, jobs)
        expect(self.runs(name) == first, f"{name} does not run {first}")
        return f"{name} runs {first[:12]} again"

    STEPS: ClassVar[tuple[Step, ...]] = (
        Story.bootstrap,
        open_pull_request,
        push_to_it,
        fork,
        merge_queue,
        merge,
        close_pull_request,
        second_release,
        failing_release,
        roll_back,
        Story.full_run,
    )


def _verdict(outcome: Outcome) -> str:
    return f"{len(outcome.jobs)} jobs green in {outcome.seconds:.1f} s"
