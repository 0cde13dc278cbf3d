"""The verbs, each with what it is for, what it takes, what it works on and what runs: all that is known of them.

What runs is a function of that name in a module of this folder, imported when it does: --help imports none of them.
"""

import argparse
import datetime
import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deploy.verbs.call import Outcome

Option = tuple[tuple[str, ...], dict[str, Any]]


def _option(*flags: str, **settings: Any) -> tuple[Option]:
    """Return an option by the arguments of argparse, alone; several that are joined by + exclude each other."""
    return ((flags, settings),)


class Target(Enum):
    """What a verb works on."""

    NOTHING = 0
    ENVIRONMENT = 1
    SCHEMA = 2
    """Main's in an environment, or that of a pull request or branch in the first environment."""


_SNAPSHOT = Path("snapshot.json")
_JSON = _option("--json", action="store_true", help="print the result as JSON; progress goes to stderr")
_ENV = _option("--env", required=True, help="an environment: environments/<env>.toml")
_CONNECTION = _option("--connection", default="", metavar="NAME", help="sign in by this one of your connections.toml")
_SCHEMAS = (
    _option("--pr", type=int, metavar="N", help="the schema of pull request N (the first environment only)")
    + _option("--branch", metavar="NAME", help="the schema of this branch (the first environment only)")
    + _option("--schema-of", metavar="NAME", help="a developer's schema, yours with `me` (the first environment only)")
    + _option("--ref", metavar="REF", help="the schema of a ref of git, as GITHUB_REF names it")
)
_DIST = _option("--dist", type=Path, metavar="DIR", help="where releases are built (default: dist)")
_BUILT = (_option("--release", default="", metavar="DIGEST", help="a built release (default: the latest)"), _DIST)
_PLANNED = _option(
    "--plan", default="", metavar="HASH", help="refuse to do anything but this plan; or JSON, by environment"
)
_WHEN_RUNNING = _option(
    "--when-running",
    choices=("wait", "refuse", "proceed"),
    default="wait",
    help="what to do about a graph run under way, which keeps its release in any case (default: wait)",
)
_DRY_RUN = _option("--dry-run", action="store_true", help="say what would go, and let it be")
_PRINT = _option("--print", "--dry-run", action="store_true", help="print it and run nothing")
_REPOSITORY = _option("--repository", default="", metavar="OWNER/REPO", help="the repository on GitHub")
_BOOTSTRAP = (
    _PRINT + _option("--print-removal", action="store_true", help="print the SQL that removes the environment again"),
    _REPOSITORY,
    _option("--subject-prefix", default="", metavar="PREFIX", help="what GitHub says of its jobs: repo:OWNER@1/REPO@2"),
    _option("--owner-id", type=int, metavar="N", help="the owner's, for --repository's newer subject"),
    _option("--repository-id", type=int, metavar="N", help="the repository's, likewise"),
    _option("--issuer", default="", metavar="URL", help="of the jobs' tokens (default: GitHub's own)"),
    _option("--take-over", action="store_true", help="let the jobs of this repository be a user that has another's"),
    _option("--public-key", type=Path, metavar="FILE", help="the service user's public key, PEM"),
    _option(
        "--copy-models-from", default="", metavar="ENV", help="let this environment copy that one's model versions"
    ),
    _option(
        "--without",
        nargs="+",
        default=[],
        choices=("authentication-policy", "network-policy"),
        help="what the account cannot have",
    ),
)
_GITHUB = (
    _PRINT,
    _REPOSITORY,
    _option(
        "--account",
        nargs="+",
        default=[],
        metavar="[ENV=]ACCOUNT",
        help="the Snowflake account, or those of single environments (default: SNOWFLAKE_ACCOUNT)",
    ),
    _option("--reviewer", nargs="+", default=[], metavar="LOGIN", help="who approve deliveries to the last ones"),
    _option(
        "--without", nargs="+", default=[], choices=("reviewers", "merge-queue"), help="what the repository cannot have"
    ),
)
_INIT = (
    _option("--prefix", metavar="NAME", help="of the names in Snowflake: ACME makes ACME_DEV, ACME_DEV_WH, ..."),
    _option("--graph", metavar="NAME", help="the task graph"),
    _option("--model", metavar="NAME", help="the model; at most 39 characters, as its services are named after it"),
    _option("--owner", metavar="TEXT", help="who answers for it: a tag"),
    _option("--cost-center", metavar="TEXT", help="who pays for it: a tag"),
    _option("--branch", metavar="NAME", help="the default branch"),
    _option("--package", metavar="NAME", help="the package in src/ that declares data and model"),
    _option("--project", metavar="TEXT", help="what the project is, in a few words"),
    _option("--code-owners", metavar="OWNERS", help="who reviews changes: @user, @organization/team, ..."),
)
_PLAN = (
    *_BUILT,
    _option("--markdown", action="store_true", help="print Markdown with a drawing of the graph"),
    _option("--detailed-exitcode", action="store_true", help="exit 2 if there are changes"),
    _option("--offline", action="store_true", help="connect to nothing: everything is shown as new"),
    _option("--drift", action="store_true", help="show what somebody changed by hand since"),
)
_ROLLBACK = (
    _WHEN_RUNNING,
    _option(
        "--to",
        default="",
        metavar="DIGEST",
        help="the release, by its digest or commit (default: the one that was in use before)",
    ),
    _option("--skip-smoke", action="store_true", help="switch it on at once: it passed before"),
)
_MODEL = (
    _option("--use", nargs="?", const="", metavar="VERSION", help="put this version in use, or the copy")
    + _option("--back", action="store_true", help="put the version in use that was in use before the present one"),
    _option("--copy-from", default="", metavar="ENV", help="copy the version that this environment has in use"),
    _option("--version", default="", metavar="VERSION", help="with --copy-from: another version"),
)
_SWEEP = (
    _option("--older-than", type=float, default=14, metavar="DAYS", help="(default: 14)"),
    _option(
        "--keep-pr", type=int, nargs="*", action="extend", default=[], metavar="N", help="pull requests that are open"
    ),
    _DRY_RUN,
)
_DELIVERED = (*_BUILT, _PLANNED, _WHEN_RUNNING)
_GRAPHS = _option("graphs", nargs="*", default=[], metavar="GRAPH", help="which of the graphs, by name (default: all)")
_RETRAIN = _option("--retrain", action="store_true", help="train a model, whether one is due or not")
_RUN = (
    _RETRAIN,
    _option(
        "--as-of",
        type=datetime.date.fromisoformat,
        metavar="DATE",
        help="as if it were this day: 2026-01-31 (a backfill)",
    ),
    _option("--retry", action="store_true", help="go on with the last run, from the tasks that failed"),
)
_COMMENT = _option("--comment", type=Path, metavar="FILE", help="write the pull request's comment there")
_KEEP = _option("--keep", type=int, metavar="N", help="count only the N newest recorded releases")
_TO = _option("--to", type=Path, default=_SNAPSHOT, metavar="FILE", help=f"where to write it (default: {_SNAPSHOT})")
_TAKEN = _option("snapshot", type=Path, nargs="?", default=_SNAPSHOT, metavar="FILE", help=f"(default: {_SNAPSHOT})")


@dataclass(frozen=True)
class Verb:
    """A command of `python -m deploy`.

    `runs` is the module whose function of the verb's name runs. `options` exclude each other where several are in one
    tuple. One that `renders` runs dag/dag.py, which may import anything, data frames included.
    """

    name: str
    runs: str
    help: str
    options: tuple[tuple[Option, ...], ...] = ()
    target: Target = Target.SCHEMA
    renders: bool = False

    @property
    def all_options(self) -> tuple[tuple[Option, ...], ...]:
        """Its own options behind those of its kind."""
        targets = {
            Target.NOTHING: (),
            Target.ENVIRONMENT: (_ENV, _CONNECTION),
            Target.SCHEMA: (_ENV, _CONNECTION, _SCHEMAS),
        }
        return (_JSON, *targets[self.target], *self.options)


def _verbs() -> Iterator[Verb]:
    nothing, environment = Target.NOTHING, Target.ENVIRONMENT
    text = "make the database, warehouse, roles and service user of an environment (administrator, once)"
    yield Verb("bootstrap", "setup", text, _BOOTSTRAP, environment)
    text = "make the environments, their rules and variables, and main's rules on GitHub (administrator, once)"
    yield Verb("github", "setup", text, _GITHUB, nothing)
    yield Verb("init", "setup", "name the project: what is not given is asked for, or stays as it is", _INIT, nothing)
    yield Verb("chain", "setup", "show which environments a merge is delivered to, in order", target=nothing)
    text = "look whether an environment has all that a delivery needs, and say what to do if not"
    yield Verb("doctor", "setup", text, target=environment, renders=True)
    text = "build the release of the commit that is checked out into dist/<digest>/"
    yield Verb("build", "deliver", text, (_DIST,), nothing)
    yield Verb("upload", "deliver", "put the release on the stage; what is there already stays", _BUILT)
    yield Verb("plan", "deliver", "show what apply would change", _PLAN, renders=True)
    text = "make the deployed graphs the release's, with their schedules off"
    yield Verb("apply", "deliver", text, _DELIVERED, renders=True)
    text = "run the deployed graphs once with the smoke settings and judge those runs"
    yield Verb("smoke", "deliver", text, (_GRAPHS,))
    text = "run the deployed graphs once with their real settings, as their schedules would, and follow those runs"
    yield Verb("run", "deliver", text, (_GRAPHS, *_RUN))
    text = "plan a release where it goes, in main's schema, and in those that follow (the first environment only)"
    yield Verb("preview", "review", text, (*_BUILT, _COMMENT), renders=True)
    text = "upload, plan, apply, smoke; then switch the schedule on, or put the earlier release back"
    yield Verb("release", "deliver", text, _DELIVERED, renders=True)
    yield Verb("rollback", "deliver", "deliver an earlier release from its record", _ROLLBACK)
    yield Verb("status", "status", "show what is deployed, its record, its schedule and its last run")
    text = "show the versions of the model; put an earlier one in use again, or copy one of another environment"
    yield Verb("model", "model", text, _MODEL)
    yield Verb("teardown", "deliver", "drop the schema of a pull request or branch (the first environment only)")
    text = "drop the schemas of pull requests and branches that have grown old (the first environment only)"
    yield Verb("sweep", "deliver", text, _SWEEP, environment)
    text = "write down what an environment runs, for another one to plan against"
    yield Verb("snapshot", "review", text, (_TO,), environment)
    text = "put the snapshot of another environment where plans can read it (the first environment only)"
    yield Verb("publish", "review", text, (_TAKEN,), environment)
    yield Verb("gc", "deliver", "remove releases from the stage that are no longer needed", (_KEEP, _DRY_RUN))


VERBS = {verb.name: verb for verb in _verbs()}


def run(options: argparse.Namespace, project: Path) -> "Outcome":
    """Run the verb. Raises DeployError for everything that a person can do something about."""
    from deploy.verbs.call import Call

    module = importlib.import_module(f"deploy.verbs.{VERBS[options.verb].runs}")
    outcome: Outcome = getattr(module, options.verb)(Call(options, project, sys.stderr if options.json else sys.stdout))
    return outcome
