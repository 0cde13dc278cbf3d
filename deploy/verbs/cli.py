"""The command line: options in, one verb run, its result or its error printed.

Nothing heavy is imported here, so that --help and a mistyped option answer at once.
"""

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deploy import job as workflow
from deploy.errors import DeployError
from deploy.setup import workload

if TYPE_CHECKING:
    from deploy.verbs.deliver import Outcome

PROJECT = Path(__file__).parents[2]
_POLICIES = ("authentication-policy", "network-policy")
_RULES = ("reviewers", "merge-queue")
_SNAPSHOT = Path("snapshot.json")
_INTERRUPTED = 130  # as a shell reports SIGINT

VERBS = {
    "bootstrap": "make the database, warehouse, roles and service user of an environment (administrator, once)",
    "github": "make the environments, their rules and variables, and main's rules on GitHub (administrator, once)",
    "doctor": "look whether an environment has all that a delivery needs, and say what to do if not",
    "build": "build the release of the commit that is checked out into dist/<digest>/",
    "upload": "put the release on the stage; what is there already stays",
    "plan": "show what apply would change",
    "apply": "make the deployed graph the release's, with its schedule off",
    "smoke": "run the deployed graph once with the smoke settings and judge that run",
    "run": "run the deployed graph once with its real settings, as its schedule would, and follow that run",
    "preview": "plan a release where it goes, in main's schema, and in the environment that follows (DEV only)",
    "release": "upload, plan, apply, smoke; then switch the schedule on, or put the earlier release back",
    "rollback": "deliver an earlier release from its record",
    "status": "show what is deployed, its record, its schedule and its last run",
    "model": "show the versions of the model; put an earlier one in use again, or copy one of another environment",
    "teardown": "drop the schema of a pull request or branch (DEV only)",
    "sweep": "drop the schemas of pull requests and branches that have grown old (DEV only)",
    "snapshot": "write down what an environment runs, for another one to plan against",
    "publish": "put the snapshot of another environment where plans can read it (DEV only)",
    "gc": "remove releases from the stage that nothing needs any more",
}
_NEED_RELEASE = ("upload", "plan", "apply", "preview", "release")
OF_NO_ENVIRONMENT = ("build", "github")
OF_A_WHOLE_ENVIRONMENT = (*OF_NO_ENVIRONMENT, "bootstrap", "doctor", "sweep", "snapshot", "publish")


def parser(project: Path = PROJECT) -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    whole = argparse.ArgumentParser(
        prog="python -m deploy", description="Deliver releases of the pipeline to Snowflake."
    )
    verbs = whole.add_subparsers(dest="verb", required=True, metavar="<verb>")
    parsers = {verb: verbs.add_parser(verb, help=text, description=text) for verb, text in VERBS.items()}
    for verb, command in parsers.items():
        _add_common(command, verb, project)
    _add_own(parsers)
    return whole


def _add_common(command: argparse.ArgumentParser, verb: str, project: Path) -> None:
    command.add_argument("--json", action="store_true", help="print the result as JSON; progress goes to stderr")
    if verb not in OF_NO_ENVIRONMENT:
        command.add_argument("--env", required=True, help="an environment: environments/<env>.toml")
    if verb not in OF_A_WHOLE_ENVIRONMENT:
        _add_target(command)
    if verb in _NEED_RELEASE:
        command.add_argument("--release", default="", metavar="DIGEST", help="a built release (default: the latest)")
    if verb in ("build", *_NEED_RELEASE):
        command.add_argument(
            "--dist", type=Path, default=project / "dist", metavar="DIR", help="where releases are built"
        )


def _add_target(command: argparse.ArgumentParser) -> None:
    temporary = command.add_mutually_exclusive_group()
    temporary.add_argument("--pr", type=int, metavar="N", help="the schema of pull request N (DEV only)")
    temporary.add_argument("--branch", metavar="NAME", help="the schema of this branch (DEV only)")
    temporary.add_argument("--ref", metavar="REF", help="the schema of a ref of git, as GITHUB_REF names it")


def _add_own(parsers: dict[str, argparse.ArgumentParser]) -> None:
    _add_setting_up(parsers["bootstrap"], parsers["github"])
    parsers["plan"].add_argument("--markdown", action="store_true", help="print Markdown with a drawing of the graph")
    parsers["plan"].add_argument("--detailed-exitcode", action="store_true", help="exit 2 if there are changes")
    parsers["plan"].add_argument("--offline", action="store_true", help="ask nobody: everything is shown as new")
    parsers["plan"].add_argument("--drift", action="store_true", help="show what somebody changed by hand since")
    for verb in ("apply", "release"):
        parsers[verb].add_argument("--plan", default="", metavar="HASH", help="refuse to do anything but this plan")
    parsers["preview"].add_argument(
        "--comment", type=Path, metavar="FILE", help="write the pull request's comment there"
    )
    parsers["snapshot"].add_argument(
        "--to", type=Path, default=_SNAPSHOT, metavar="FILE", help=f"where to write it (default: {_SNAPSHOT})"
    )
    parsers["publish"].add_argument(
        "snapshot", type=Path, nargs="?", default=_SNAPSHOT, metavar="FILE", help=f"(default: {_SNAPSHOT})"
    )
    for verb in ("apply", "release", "rollback"):
        parsers[verb].add_argument(
            "--when-running",
            choices=("wait", "refuse", "proceed"),
            default="wait",
            help="what to do about a graph run under way, which keeps its release in any case (default: wait)",
        )
    parsers["sweep"].add_argument("--older-than", type=float, default=14, metavar="DAYS", help="(default: 14)")
    parsers["sweep"].add_argument(
        "--keep-pr", type=int, nargs="*", action="extend", default=[], metavar="N", help="pull requests that are open"
    )
    parsers["run"].add_argument("--retrain", action="store_true", help="train a model, whether one is due or not")
    which = parsers["model"].add_mutually_exclusive_group()
    which.add_argument("--use", nargs="?", const="", metavar="VERSION", help="put this version in use, or the copy")
    which.add_argument(
        "--back", action="store_true", help="put the version in use that was logged before the present one"
    )
    parsers["model"].add_argument(
        "--copy-from", default="", metavar="ENV", help="copy the version that this environment has in use"
    )
    parsers["model"].add_argument("--version", default="", metavar="VERSION", help="with --copy-from: another version")
    parsers["gc"].add_argument("--keep", type=int, metavar="N", help="count only the N newest recorded releases")
    for verb in ("sweep", "gc"):
        parsers[verb].add_argument("--dry-run", action="store_true", help="say what would go, and let it be")
    parsers["rollback"].add_argument("--to", default="", metavar="DIGEST", help="the release (default: the one before)")
    parsers["rollback"].add_argument("--skip-smoke", action="store_true", help="switch it on at once: it passed before")


def _add_setting_up(bootstrap: argparse.ArgumentParser, github: argparse.ArgumentParser) -> None:
    for verb in (bootstrap, github):
        verb.add_argument("--print", "--dry-run", action="store_true", help="print it and run nothing")
        verb.add_argument("--repository", default="", metavar="OWNER/REPO", help="the repository on GitHub")
    bootstrap.add_argument(
        "--subject-prefix", default="", metavar="PREFIX", help="what GitHub says of its jobs: repo:OWNER@1/REPO@2"
    )
    bootstrap.add_argument("--owner-id", type=int, metavar="N", help="the owner's, for --repository's newer subject")
    bootstrap.add_argument("--repository-id", type=int, metavar="N", help="the repository's, likewise")
    bootstrap.add_argument("--issuer", default=workload.ISSUER, metavar="URL", help="(default: %(default)s)")
    bootstrap.add_argument("--public-key", type=Path, metavar="FILE", help="the service user's public key, PEM")
    bootstrap.add_argument(
        "--copy-models-from", default="", metavar="ENV", help="let this environment copy that one's model versions"
    )
    bootstrap.add_argument("--without", nargs="+", default=[], choices=_POLICIES, help="what the account cannot have")
    github.add_argument("--account", default="", help="the Snowflake account (default: SNOWFLAKE_ACCOUNT)")
    github.add_argument("--reviewer", nargs="+", default=[], metavar="LOGIN", help="who approve PROD's: all of them")
    github.add_argument("--without", nargs="+", default=[], choices=_RULES, help="what the repository cannot have")


def main(argv: Sequence[str], project: Path = PROJECT) -> int:
    """Run one verb and return its exit code: 0 done, 1 failed, 2 wrong usage, 3 failed and not put back."""
    try:
        options = parser(project).parse_args(argv)
    except SystemExit as stop:  # argparse has printed help or a usage error
        return int(stop.code or 0)
    try:
        return _report(options, _run(options, project))
    except DeployError as error:
        return _report_error(options, error)
    except KeyboardInterrupt:
        return _report_error(options, DeployError("interrupted", _after_interrupt(options), _INTERRUPTED))


def _run(options: argparse.Namespace, project: Path) -> "Outcome":
    from deploy.verbs import deliver as commands

    return commands.run(options, project)


def _report(options: argparse.Namespace, outcome: "Outcome") -> int:
    print(json.dumps(outcome.values, indent=2) if options.json else outcome.text)
    workflow.output(outcome.outputs)
    workflow.summarize(outcome.summary)
    return outcome.exit_code


def _report_error(options: argparse.Namespace, error: DeployError) -> int:
    if options.json:
        print(json.dumps({"error": error.cause, "next": error.remedy}, indent=2))
    print(f"error: {error.cause}\nnext: {error.remedy}", file=sys.stderr)
    workflow.error(error.cause, error.remedy)
    return error.exit_code


def _after_interrupt(options: argparse.Namespace) -> str:
    if options.verb in OF_NO_ENVIRONMENT:
        return f"python -m deploy {options.verb}"
    pr = f" --pr {options.pr}" if getattr(options, "pr", None) else ""
    branch = f" --branch {shlex.quote(options.branch)}" if getattr(options, "branch", None) else ""
    ref = f" --ref {shlex.quote(options.ref)}" if getattr(options, "ref", None) else ""
    return f"python -m deploy status --env {options.env}{pr}{branch}{ref}"
