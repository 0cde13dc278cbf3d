"""What a verb is given, and what it leaves behind for those who called it."""

import argparse
import contextlib
import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from dag import own_schema
from deploy import chain, job, names
from deploy.account.connection import Connection, open_connection
from deploy.chain import Chain
from deploy.delivery.delivery import WAIT, Candidate, Delivery
from deploy.errors import OK, USAGE, DeployError
from deploy.graph import render
from deploy.graph.graph import Graph
from deploy.records import record
from deploy.release import manifest, sources
from deploy.release.manifest import Release
from deploy.smoke import view
from deploy.smoke.runs import GraphRun
from deploy.smoke.smoke import Show
from ml_pipeline import config
from ml_pipeline.config import Environment
from ml_pipeline.values import ConfigError


@dataclass(frozen=True)
class Outcome:
    """What a verb has to say: to machines, to people, and to the workflow that runs it."""

    values: dict[str, Any]
    text: str
    exit_code: int = OK
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""


@dataclass(frozen=True)
class Call:
    """One command as it was typed."""

    options: argparse.Namespace
    project: Path
    progress: TextIO

    def say(self, line: str) -> None:
        """Tell people what is happening."""
        print(line, file=self.progress, flush=True)

    def named(self, name: str) -> Environment:
        """Return an environment by its name, where main is delivered to."""
        try:
            return config.load(name, self.project / "environments")
        except ConfigError as error:
            raise DeployError(
                str(error), error.remedy or "name one of environments/*.toml with --env, or correct it", USAGE
            ) from error

    @functools.cached_property
    def chain(self) -> Chain:
        """The chain of deliveries. Raises DeployError where the files of environments/ give none."""
        try:
            return chain.read(self.project / "environments")
        except chain.ChainError as error:
            cause, _, remedy = str(error).partition("\nnext: ")
            raise DeployError(cause, remedy, USAGE) from error

    @property
    def others(self) -> tuple[Environment, ...]:
        """The project's other environments, where main is delivered to."""
        known = config.environments(self.project / "environments")
        return tuple(self.named(name) for name in known if name != self.options.env)

    @functools.cached_property
    def environment(self) -> Environment:
        """The target: an environment, or the schema of the pull request, branch or person that the options name."""
        environment, given = self.named(self.options.env), vars(self.options)
        if given.get("ref") is not None:
            return names.in_ref(environment, self.options.ref or "")
        if given.get("pr") is not None:
            return names.in_pull_request(environment, self.options.pr)
        if given.get("branch") is not None:
            # Of "--branch=--", argparse makes an empty list.
            return names.in_branch(environment, self.options.branch or "")
        if given.get("schema_of") is not None:
            return names.of_person(environment, own_schema.who(self.options.schema_of, self.project))
        return environment

    @property
    def dist(self) -> Path:
        """Where releases are built."""
        return self.options.dist or self.project / "dist"

    @property
    def release(self) -> Release:
        """The built release."""
        return manifest.find(self.dist, self.options.release)

    @property
    def candidate(self) -> Candidate:
        """The built release with its graph, as this environment has it."""
        environment, release = self.environment, self.release
        commit = sources.of_graph(self.project, release.manifest.commit)
        return Candidate(record.RELEASED, release.digest, commit, render.render(environment, release.digest), release)

    @property
    def reviewed(self) -> str:
        """The hash of the plan that was reviewed for this environment; empty if none was.

        Raises DeployError where the hashes of several environments are given, and none for this one.
        """
        given, name = str(self.options.plan), self.environment.name
        if not given.startswith("{"):
            return given
        try:
            return str(json.loads(given)[name])
        except (ValueError, KeyError) as error:
            remedy = f"python -m deploy plan --env {name} shows the hash: pass it as --plan"
            raise DeployError(f"no plan of {name} is among those that were reviewed: {given}", remedy, USAGE) from error

    @contextlib.contextmanager
    def connection(self, step: str | None = None) -> Iterator[Connection]:
        """Sign in to the target, for one step if its name is given."""
        with contextlib.ExitStack() as stack:
            connection = stack.enter_context(open_connection(self.environment, names.arguments(self.environment)))
            if step:
                stack.enter_context(connection.step(step))
            yield connection

    @contextlib.contextmanager
    def delivery(self) -> Iterator[Delivery]:
        """Sign in and get ready to deliver."""
        with self.connection() as connection:
            when_running = getattr(self.options, "when_running", WAIT)
            yield Delivery(connection, self.environment, self.say, self._showing, when_running)

    @contextlib.contextmanager
    def delivering(self) -> Iterator[tuple[Delivery, Candidate]]:
        """Find the built release, then sign in: what is wrong here is said before anything is done there."""
        candidate = self.candidate
        with self.delivery() as delivery:
            yield delivery, candidate

    @contextlib.contextmanager
    def _showing(self, graph: Graph) -> Iterator[Show]:
        """Show a run while it is under way; however it ends, it is in the workflow's summary."""
        seen = [GraphRun()]
        try:
            with view.showing(graph, self.progress) as show:

                def shown(run: GraphRun) -> None:
                    seen.append(run)
                    show(run)

                yield shown
        finally:
            job.summarize(view.summary(graph, seen[-1], names.named(self.environment, graph.name).replace('"', "")))
