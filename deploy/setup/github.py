"""The repository on GitHub: its environments, their variables, main's rules, and who its jobs are to Snowflake.

Each command is one of `gh`, which a person can read, and type. All of them can be repeated.
https://docs.github.com/en/rest/deployments/environments
https://docs.github.com/en/rest/repos/rules

A job is known by the issuer of its token, and the subject that the token carries. Repositories created, renamed or
transferred since 2026-07-15 have their ids in the subject, older ones have not, and only GitHub knows which is which:
`gh api /repos/OWNER/REPO/actions/oidc/customization/sub --jq .sub_claim_prefix`.
https://docs.github.com/en/actions/reference/security/oidc
"""

import json
import re
import shlex
import subprocess
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from dag import account
from deploy.chain import Chain
from deploy.errors import USAGE, DeployError

REVIEWERS, MERGE_QUEUE = "reviewers", "merge-queue"
OPTIONAL = (REVIEWERS, MERGE_QUEUE)
"""What a repository may lack: private ones have both with GitHub Enterprise only, and users' own ones no queue."""

GATE = "gate"
_RULESET = "main"
_GITHUB_ACTIONS = 15368  # the app whose checks count: nobody else can report a green gate

ISSUER = "https://token.actions.githubusercontent.com"
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
_PREFIX = re.compile(r"[\w.@/:+-]+")
_ISSUER = re.compile(r"https?://[\w.:/-]+")
_LONGEST_SUBJECT = 255


@dataclass(frozen=True)
class Workload:
    """A repository's jobs. Only those of an environment may sign in: each has a subject, and a user, of its own."""

    prefix: str
    issuer: str = ISSUER

    def subject(self, environment: str) -> str:
        """Return the `sub` of the jobs of a GitHub environment, which is named as ours is."""
        return f"{self.prefix}:environment:{environment}"


def of_repository(repository: str, owner_id: int | None = None, repository_id: int | None = None) -> str:
    """Return the prefix of a repository's subjects: with both ids the newer form, without them the older.

    Raises DeployError for what is no OWNER/REPO, and for one id without the other.
    """
    if not _REPOSITORY.fullmatch(repository):
        raise DeployError(f"not a repository: {repository!r}", "pass --repository OWNER/REPO", USAGE)
    if (owner_id is None) != (repository_id is None):
        raise DeployError("one id without the other", "pass --owner-id and --repository-id, or neither", USAGE)
    owner, name = repository.split("/")
    return f"repo:{repository}" if owner_id is None else f"repo:{owner}@{owner_id}/{name}@{repository_id}"


def workload(prefix: str, issuer: str = ISSUER) -> Workload:
    """Return the workload of a prefix, checked. Raises DeployError for what GitHub would not say, or Snowflake take."""
    if not _PREFIX.fullmatch(prefix) or len(prefix) > _LONGEST_SUBJECT - len(":environment:local"):
        told = "gh api /repos/OWNER/REPO/actions/oidc/customization/sub --jq .sub_claim_prefix"
        raise DeployError(f"not the prefix of a subject: {prefix!r}", f"pass what this prints: {told}", USAGE)
    if not _ISSUER.fullmatch(issuer):
        raise DeployError(f"not the address of an issuer: {issuer!r}", f"leave --issuer out: it is {ISSUER}", USAGE)
    return Workload(prefix, issuer)


@dataclass(frozen=True)
class Answer:
    """What another command prints, as part of a command: `$(...)`."""

    before: str
    words: tuple[str, ...]

    @property
    def text(self) -> str:
        """As it can be pasted into a shell."""
        return f'"{self.before}$({shlex.join(("gh", *self.words))})"'


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
        words = (word.text if isinstance(word, Answer) else shlex.quote(word) for word in self.words)
        line = " ".join(("gh", *words))
        stdin = f" <<'JSON'\n{json.dumps(self.body, indent=2)}\nJSON" if self.body else ""
        return f"# {self.why}\n{line}{stdin}"


def branches(chain: Chain, main: str) -> dict[str, tuple[str, ...]]:
    """Return from which refs jobs may use each environment: pull requests reach the first one only."""
    requests = (f"gh-readonly-queue/{main}/*", "refs/pull/*/merge")
    return {name: (main, *(requests if name == chain.first else ())) for name in chain.all}


def accounts(chain: Chain, given: Iterable[str]) -> dict[str, str]:
    """Return the account of each environment, of ACCOUNT for all or ENV=ACCOUNT for one. Raises DeployError."""
    named = [each.rpartition("=") for each in given if each]
    shared = [text for name, _, text in named if not name]
    own = {name: text for name, _, text in named if name}
    if unknown := sorted(own.keys() - set(chain.all)):
        raise DeployError(f"nothing is delivered to {', '.join(unknown)}", "python -m deploy chain", USAGE)
    found = dict.fromkeys(chain.all, shared[-1] if shared else "") | own
    if lacking := [name for name, text in found.items() if not text]:
        options = " ".join(f"{name}=<organization>-<account>" for name in lacking)
        every = len(lacking) == len(found)
        cause = "no Snowflake account is named" + ("" if every else f" for {', '.join(lacking)}")
        raise DeployError(cause, f"pass --account {'<organization>-<account>' if every else options}", USAGE)
    try:
        return {name: account.identifier(text) for name, text in found.items()}
    except account.AccountError as error:
        raise DeployError(str(error), "pass --account <organization>-<account>", USAGE) from error


def commands(
    repository: str,
    chain: Chain,
    main: str,
    given: Iterable[str],
    reviewers: Iterable[str] = (),
    without: Collection[str] = (),
) -> tuple[Command, ...]:
    """Return what sets the repository up, in order.

    Args:
        repository: OWNER/REPO.
        chain: the environments that are delivered to.
        main: the default branch.
        given: the Snowflake accounts' identifiers, which the workflows read from the environments' variables.
        reviewers: logins, one of which has to approve each deployment to the last environments.
        without: which of OPTIONAL to leave out.

    Raises DeployError for what is no repository, and without an account.

    """
    of_repository(repository)
    account_of = accounts(chain, given)
    reviewed = set(chain.last) - {chain.first} if REVIEWERS not in without else set()
    found: list[Command] = []
    for name, refs in branches(chain, main).items():
        people = reviewers if name in reviewed else ()
        found.append(_environment(repository, name, people))
        policies = f"repos/{repository}/environments/{name}/deployment-branch-policies"
        found += [
            Command(
                f"Jobs of {branch} may use {name}.",
                ("api", "--method", "POST", policies, "--silent", "-f", f"name={branch}"),
                there=("api", policies, "--jq", ".branch_policies[].name"),
                name=branch,
            )
            for branch in refs
        ]
        where = ("--repo", repository, "--env", name)
        words = ("variable", "set", "SNOWFLAKE_ACCOUNT", *where, "--body", account_of[name])
        found.append(Command(f"Which account {name} is in; this is no secret.", words))
    return (*found, _ruleset(repository, queue=MERGE_QUEUE not in without))


def _environment(repository: str, name: str, reviewers: Iterable[str]) -> Command:
    words: list[str | Answer] = ["api", "--method", "PUT", f"repos/{repository}/environments/{name}", "--silent"]
    words += ["-F", "deployment_branch_policy[protected_branches]=false"]
    words += ["-F", "deployment_branch_policy[custom_branch_policies]=true"]
    for login in reviewers:
        words += ["-F", "reviewers[][type]=User"]
        words += ["-F", Answer("reviewers[][id]=", ("api", f"users/{login}", "--jq", ".id"))]
    return Command(f"The environment {name}: its name is part of what its jobs are to Snowflake.", tuple(words))


_PULL_REQUEST = {
    "required_approving_review_count": 0,
    "dismiss_stale_reviews_on_push": True,
    "require_code_owner_review": False,
    "require_last_push_approval": False,
    "required_review_thread_resolution": True,
    "allowed_merge_methods": ["squash"],
}
_CHECKS = {
    "strict_required_status_checks_policy": False,
    "required_status_checks": [{"context": GATE, "integration_id": _GITHUB_ACTIONS}],
}
_QUEUE = {
    "merge_method": "SQUASH",
    "grouping_strategy": "ALLGREEN",
    "max_entries_to_build": 5,
    "max_entries_to_merge": 5,
    "min_entries_to_merge": 1,
    "min_entries_to_merge_wait_minutes": 0,
    "check_response_timeout_minutes": 120,
}


def _ruleset(repository: str, *, queue: bool) -> Command:
    rules = [
        {"type": "deletion"},
        {"type": "non_fast_forward"},
        {"type": "pull_request", "parameters": _PULL_REQUEST},
        {"type": "required_status_checks", "parameters": _CHECKS},
        *([{"type": "merge_queue", "parameters": _QUEUE}] if queue else []),
    ]
    body = {
        "name": _RULESET,
        "target": "branch",
        "enforcement": "active",
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
        "rules": rules,
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
        # What a repository may lack is named.
        lacks_answer = any(isinstance(word, Answer) for word in command.words)
        optional = MERGE_QUEUE if command.body else REVIEWERS if lacks_answer else ""
        without = f", --without {optional} if this repository cannot have that" if optional else ""
        remedy = f"gh auth status; then again: python -m deploy github{without}"
        raise DeployError(f"{command.why}\n{done.stderr.strip() or done.stdout.strip()}", remedy)
    return done.stdout
