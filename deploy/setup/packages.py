"""Whether an account has the packages that the tasks ask for: asked before the first write, and by the doctor.

https://docs.snowflake.com/en/sql-reference/functions/system_resolve_python_packages
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deploy.account.gathering import MISSING_GRANT, Answer, Answers, Gather, Rows, Unread
from deploy.account.sql import literal, qualified
from deploy.errors import DeployError
from deploy.graph.graph import Graph
from ml_pipeline.config import Environment
from ml_pipeline.payload import ANACONDA, PYPI, PYTHON

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_PYTHON_CODE = re.compile(r"\bLANGUAGE\s+PYTHON\b", re.IGNORECASE)
_PACKAGES = re.compile(r"\bPACKAGES\s*=\s*\(([^)]*)\)", re.IGNORECASE)
_PIN = re.compile(r"'([^']*)'")
_RUNTIME = re.compile(r"\bRUNTIME_VERSION\s*=\s*'([^']*)'", re.IGNORECASE)
# An account that knows no such function, or no such statement, says nothing of packages.
_UNKNOWN = {1003, 2139, 2140, 2141}
_REPOSITORY = "repository"
_DATABASE_ROLES = {PYPI: "PYPI_REPOSITORY_USER", ANACONDA: "ANACONDA_REPOSITORY_USER"}


@dataclass(frozen=True)
class Wanted:
    """What some of the tasks ask for together, as their texts have it, and the Python that they ask for."""

    python: str
    packages: tuple[str, ...]

    @property
    def requirements(self) -> "list[Requirement]":
        """What they ask for, read."""
        from packaging.requirements import Requirement

        return [Requirement(each) for each in self.packages]


def wanted(graph: Graph) -> tuple[Wanted, ...]:
    """Return what the tasks ask for, each combination once."""
    found = []
    for text in (task.definition for task in graph.tasks if _PYTHON_CODE.search(task.definition)):
        runtime = _RUNTIME.search(text)
        lists = (tuple(sorted(_PIN.findall(each))) for each in _PACKAGES.findall(text))
        found += [Wanted(runtime[1] if runtime else PYTHON, each) for each in lists]
    return tuple(dict.fromkeys(found))


def reads(environment: Environment, graph: Graph) -> dict[str, str]:
    """Return the statements that `check` wants the answers of; they may be part of a larger request."""
    repository = environment.snowflake.package_repository
    asked = {f"packages_{number}": resolution(repository, each) for number, each in enumerate(wanted(graph))}
    # Who may use it, Anaconda's shared repository says in newer accounts only.
    if asked and repository != ANACONDA:
        asked[_REPOSITORY] = f"DESCRIBE ARTIFACT REPOSITORY {qualified(*repository.split('.'))}"
    return asked


def resolution(repository: str, asked: Wanted) -> str:
    """Return the statement that says which versions a repository would install; it needs no privilege."""
    arguments = (literal(asked.python), literal(clause(asked)), literal(repository.lower()))
    return f"SELECT SYSTEM$RESOLVE_PYTHON_PACKAGES({', '.join(arguments)}) AS packages"


def clause(asked: Wanted) -> str:
    """Return what stands behind PACKAGES =."""
    return f"({', '.join(map(literal, asked.packages))})"


def check(environment: Environment, graph: Graph, answers: Answers, gather: Gather) -> None:
    """Raise DeployError for a repository that the role may not use, or one that lacks what the tasks ask for.

    Each package that is not there is named, with the nearest version that is.

    Args:
        environment: the target.
        graph: with the tasks.
        answers: what Connection.gather answered to `reads`, and perhaps to more.
        gather: Connection.gather, asked again only where something is not there.

    """
    asked = {f"packages_{number}": each for number, each in enumerate(wanted(graph))}
    for name in (_REPOSITORY, *asked):
        answer = answers.get(name)
        if isinstance(answer, Unread):
            if answer.missing or answer.state in MISSING_GRANT:
                raise _not_allowed(environment, answer.message)
            if name in asked and answer.code not in _UNKNOWN:
                raise _missing(environment, asked[name], answer.message, gather)


def _not_allowed(environment: Environment, message: str) -> DeployError:
    repository, role = environment.snowflake.package_repository, environment.snowflake.role
    what = f"DATABASE ROLE SNOWFLAKE.{_DATABASE_ROLES[repository]}" if repository in _DATABASE_ROLES else ""
    grant = f"GRANT {what or f'READ ON ARTIFACT REPOSITORY {repository}'} TO ROLE {role}"
    return DeployError(
        f"the role {role} may not use the package repository {repository}: {message}",
        f"as ACCOUNTADMIN: {grant}; "
        f"or name another one: package_repository in [snowflake] of environments/{environment.name}.toml",
    )


def _missing(environment: Environment, asked: Wanted, message: str, gather: Gather) -> DeployError:
    """Ask of each package whether it is there as it is pinned, before that, or at all, and say it."""
    repository = environment.snowflake.package_repository
    questions = {}
    for number, each in enumerate(asked.requirements):
        bound = re.search(r"[\d.]+", str(each.specifier))
        before = f"<{bound[0].rstrip('.')}" if bound else ""
        for name, specifier in (("is", each.specifier), ("before", before), ("any", "")):
            questions[f"{name}_{number}"] = resolution(repository, Wanted(asked.python, (f"{each.name}{specifier}",)))
    found = {name: versions(answer) for name, answer in gather(**questions).items()}
    lines, remedies = [], []
    for number, each in enumerate(asked.requirements):
        if not found[f"is_{number}"]:
            # The newest version before the pinned one, else the newest of all.
            near = next(
                filter(None, (found[f"{name}_{number}"].get(_key(each.name)) for name in ("before", "any"))), ""
            )
            lines.append(f"{each} is not in {repository}" + (f"; the nearest version that is: {near}" if near else ""))
            remedies.append(
                f"uv add '{each.name}=={near}'" if near else f"do without {each.name}, or import it from a stage"
            )
    if not lines:
        lines = [f"the packages that the tasks ask for do not go together in {repository}: {message}"]
        remedies = ["lock versions that do: uv add 'PACKAGE==VERSION'"]
    return DeployError("\n  ".join(lines), "; ".join((*remedies, "python -m deploy build")))


def versions(answer: Answer) -> dict[str, str]:
    """Return the versions that an answer has, by each package's name in its plain spelling; none if it was refused."""
    if not isinstance(answer, list) or not answer:
        return {}
    pairs = (each.partition("==") for each in json.loads(answer[0]["packages"]))
    return {_key(name): version for name, _, version in pairs}


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def probe(asked: Wanted) -> str:
    """Return an anonymous procedure with these packages, as a task is one: it says which versions it was given."""
    names = [each.name for each in asked.requirements]
    body = (
        "import json\nfrom importlib import metadata\n"
        f"def found(session):\n    return json.dumps([f'{{name}}=={{metadata.version(name)}}' for name in {names!r}])"
    )
    return (
        f"WITH probe AS PROCEDURE () RETURNS VARCHAR LANGUAGE PYTHON RUNTIME_VERSION = {literal(asked.python)} "
        f"PACKAGES = {clause(asked)} HANDLER = 'found' AS {literal(body)} CALL probe()"
    )


def given(answer: Rows) -> dict[str, str]:
    """Return the versions that a probe was given."""
    return versions([{"packages": next(iter(answer[0].values()))}])


def differing(asked: Wanted, there: Mapping[str, str]) -> list[str]:
    """Return what of the packages is there in another version than is asked for."""
    return [
        f"{each}, not {there[_key(each.name)]}"
        for each in asked.requirements
        if not each.specifier.contains(there[_key(each.name)], prereleases=True)
    ]
