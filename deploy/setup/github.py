"""The repository on GitHub: its environments and who may use them, their variables, and what main asks of a merge.

Each command is one of `gh`, which a person can read, and type. All of them can be repeated.
https://docs.github.com/en/rest/deployments/environments
https://docs.github.com/en/rest/repos/rules
"""

import json
import shlex
import subprocess
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from deploy.errors import USAGE, DeployError
from deploy.setup.workload import of_repository

REVIEWERS, MERGE_QUEUE = "reviewers", "merge-queue"
OPTIONAL = (REVIEWERS, MERGE_QUEUE)
"""What a repository may lack: private ones have both with GitHub Enterprise only, and users' own ones no queue."""

# From which refs jobs may use an environment: a pull request never reaches PROD's.
BRANCHES = {"dev": ("main", "gh-readonly-queue/main/*", "refs/pull/*/merge"), "prod": ("main",)}
REVIEWED = "prod"
GATE = "gate"
_RULESET = "main"
_GITHUB_ACTIONS = 15368  # the app whose checks count: nobody else can report a green gate


@dataclass(frozen=True)
class Answer:
    """What another command prints, as part of a command: `$(...)`."""

    before: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Command:
    """One command of `gh`.

    Attributes:
        why: what it is for.
        words: its arguments.
        body: the JSON that it reads from its standard input.
        there: prints, a line each, what is there already; not run for what is among that.
        name: what `there` would print of this one.
        instead: when it is there, this is run in its place, with {} for what `there` printed behind its name.

    """

    why: str
    words: tuple[str | Answer, ...]
    body: dict[str, Any] = field(default_factory=dict)
    there: tuple[str, ...] = ()
    name: str = ""
    instead: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The command as it can be pasted into a shell."""
        line = " ".join(("gh", *map(_shown, self.words)))
        stdin = f" <<'JSON'\n{json.dumps(self.body, indent=2)}\nJSON" if self.body else ""
        return f"# {self.why}\n{line}{stdin}"


def _shown(word: str | Answer) -> str:
    if isinstance(word, Answer):
        return f'"{word.before}$({shlex.join(("gh", *word.words))})"'
    return shlex.quote(word)


def commands(
    repository: str, account: str, reviewers: Iterable[str] = (), without: Collection[str] = ()
) -> tuple[Command, ...]:
    """Return what sets the repository up, in order.

    Args:
        repository: OWNER/REPO.
        account: the Snowflake account's identifier, which the workflows read from each environment's variables.
        reviewers: logins, one of which has to approve each deployment to PROD.
        without: which of OPTIONAL to leave out.

    Raises DeployError for what is no repository, and without an account.

    """
    of_repository(repository)
    if not account:
        raise DeployError("no Snowflake account is named", "pass --account <organization>-<account>", USAGE)
    found: list[Command] = []
    for name in BRANCHES:
        people = reviewers if name == REVIEWED and REVIEWERS not in without else ()
        found += [_environment(repository, name, people), *_branches(repository, name)]
        found.append(_variable(repository, name, "SNOWFLAKE_ACCOUNT", account))
    return (*found, _ruleset(repository, queue=MERGE_QUEUE not in without))


def _environment(repository: str, name: str, reviewers: Iterable[str]) -> Command:
    words: list[str | Answer] = ["api", "--method", "PUT", f"repos/{repository}/environments/{name}", "--silent"]
    words += ["-F", "deployment_branch_policy[protected_branches]=false"]
    words += ["-F", "deployment_branch_policy[custom_branch_policies]=true"]
    for login in reviewers:
        words += ["-F", "reviewers[][type]=User"]
        words += ["-F", Answer("reviewers[][id]=", ("api", f"users/{login}", "--jq", ".id"))]
    return Command(f"The environment {name}: its name is part of what its jobs are to Snowflake.", tuple(words))


def _branches(repository: str, name: str) -> list[Command]:
    policies = f"repos/{repository}/environments/{name}/deployment-branch-policies"
    there = ("api", policies, "--jq", ".branch_policies[].name")
    return [
        Command(
            f"Jobs of {branch} may use {name}.",
            ("api", "--method", "POST", policies, "--silent", "-f", f"name={branch}"),
            there=there,
            name=branch,
        )
        for branch in BRANCHES[name]
    ]


def _variable(repository: str, environment: str, name: str, value: str) -> Command:
    words = ("variable", "set", name, "--repo", repository, "--env", environment, "--body", value)
    return Command(f"Which account {environment} is in; this is no secret.", words)


def _ruleset(repository: str, *, queue: bool) -> Command:
    rules = [{"type": "deletion"}, {"type": "non_fast_forward"}, _pull_request(), _gate()]
    body = {
        "name": _RULESET,
        "target": "branch",
        "enforcement": "active",
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
        "rules": [*rules, _queue()] if queue else rules,
    }
    rulesets = f"repos/{repository}/rulesets"
    return Command(
        "What main asks of a change: a pull request, the gate" + (", and the merge queue." if queue else "."),
        ("api", "--method", "POST", rulesets, "--silent", "--input", "-"),
        body,
        there=("api", rulesets, "--jq", '.[] | "\\(.name) \\(.id)"'),
        name=_RULESET,
        instead=("api", "--method", "PUT", f"{rulesets}/{{}}", "--silent", "--input", "-"),
    )


def _pull_request() -> dict[str, Any]:
    parameters = {
        "required_approving_review_count": 0,
        "dismiss_stale_reviews_on_push": True,
        "require_code_owner_review": False,
        "require_last_push_approval": False,
        "required_review_thread_resolution": True,
        "allowed_merge_methods": ["squash"],
    }
    return {"type": "pull_request", "parameters": parameters}


def _gate() -> dict[str, Any]:
    checks = [{"context": GATE, "integration_id": _GITHUB_ACTIONS}]
    parameters = {"strict_required_status_checks_policy": False, "required_status_checks": checks}
    return {"type": "required_status_checks", "parameters": parameters}


def _queue() -> dict[str, Any]:
    parameters = {
        "merge_method": "SQUASH",
        "grouping_strategy": "ALLGREEN",
        "max_entries_to_build": 5,
        "max_entries_to_merge": 5,
        "min_entries_to_merge": 1,
        "min_entries_to_merge_wait_minutes": 0,
        "check_response_timeout_minutes": 120,
    }
    return {"type": "merge_queue", "parameters": parameters}


def run(wanted: Iterable[Command], say: Callable[[str], None]) -> None:
    """Run the commands, each unless what it makes is there. Raises DeployError at the first that fails."""
    for command in wanted:
        words = _due(command)
        if words is None:
            say(f"there already: {command.why}")
            continue
        _gh(words, command)
        say(command.why)


def _due(command: Command) -> tuple[str, ...] | None:
    """Return the arguments to run now, if any."""
    if command.there:
        lines = _gh(command.there, command).splitlines()
        found = next((line for line in lines if line.split(" ")[0] == command.name), None)
        if found is not None:
            behind = found.removeprefix(command.name).strip()
            return tuple(word.replace("{}", behind) for word in command.instead) or None
    return tuple(
        word.before + _gh(word.words, command).strip() if isinstance(word, Answer) else word for word in command.words
    )


def _gh(words: Iterable[str], command: Command) -> str:
    stdin = json.dumps(command.body) if "--input" in words else ""
    try:
        done = subprocess.run(["gh", *words], input=stdin, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise DeployError("there is no gh on this machine", "install it: https://cli.github.com, or --print") from error
    if done.returncode:
        raise DeployError(f"{command.why}\n{done.stderr.strip() or done.stdout.strip()}", _remedy(command))
    return done.stdout


def _remedy(command: Command) -> str:
    """Return what to do about a command that failed; what a repository may lack is named."""
    by_hand = "gh auth status; then again: python -m deploy github"
    if command.body:
        return f"{by_hand}, --without {MERGE_QUEUE} if this repository cannot have one"
    if any(isinstance(word, Answer) for word in command.words):
        return f"{by_hand}, --without {REVIEWERS} if this repository cannot have them"
    return by_hand
