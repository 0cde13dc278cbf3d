"""Where a release goes: which schema, which stage path, which tasks."""

import hashlib
import re
import shlex

from dag import own_schema
from deploy.account.sql import identifier, qualified
from deploy.errors import USAGE, DeployError
from ml_pipeline.config import Environment

STAGE = "RELEASES"
TAG = own_schema.TAG

_PULL_REQUEST = "PR_"
_BRANCH = "BRANCH_"
# Of sha256: two branches share a schema once in 2 ** 64 tries.
_HEX_DIGITS = 16
_LONGEST_SLUG = 60
_REF = re.compile(r"refs/(?:pull/([1-9][0-9]*)/(?:merge|head)|heads/(.+))")
_TEMPORARY = re.compile(
    rf"{own_schema.PREFIX}[A-Z0-9_]+|{_PULL_REQUEST}[1-9][0-9]*|{_BRANCH}([A-Z0-9_]+_)?[0-9A-F]{{{_HEX_DIGITS}}}"
)


class Temporary(Environment):
    """An environment in a schema of its own, for a pull request, a branch or a person, that is dropped in the end."""

    home: str
    """The schema that main is delivered to, where the tag of temporary schemas is."""
    pull_request: int = 0
    branch: str = ""
    person: str = ""

    @property
    def purpose(self) -> str:
        """What the schema is for, for people."""
        if self.person:
            return f"the work of {self.person}"
        return f"branch {self.branch}" if self.branch else f"pull request {self.pull_request}"

    @property
    def option(self) -> str:
        """The option of the command line that names it; a shell can read it."""
        if self.person:
            return f"--schema-of {self.person}"
        return f"--branch {shlex.quote(self.branch)}" if self.branch else f"--pr {self.pull_request}"


def in_pull_request(environment: Environment, number: int) -> Temporary:
    """Return the environment in the schema of a pull request. Raises DeployError where there are none."""
    if number < 1:
        cause = f"not the number of a pull request: {number}"
        raise DeployError(cause, "pass --pr the number that GitHub shows", USAGE)
    return _moved(environment, pull_request_schema(number), pull_request=number)


def in_branch(environment: Environment, branch: str) -> Temporary:
    """Return the environment in the schema of a branch. Raises DeployError where there are none, or for no name."""
    return _moved(environment, branch_schema(branch), branch=branch)


def of_person(environment: Environment, person: str) -> Temporary:
    """Return the environment in a person's own schema, with the role for developers. Raises DeployError elsewhere."""
    try:
        own = own_schema.moved(environment, person)
    except own_schema.OwnSchemaError as error:
        raise DeployError(error.cause, error.remedy, USAGE) from error
    return Temporary(**vars(own), home=environment.snowflake.schema, person=person)


def _moved(environment: Environment, schema: str, *, pull_request: int = 0, branch: str = "") -> Temporary:
    home = environment.snowflake.schema
    moved = Temporary(**vars(environment.in_schema(schema)), home=home, pull_request=pull_request, branch=branch)
    require_temporaries(environment, "branches" if branch else "pull requests")
    if schema == home:
        raise DeployError(
            f"{home} is the schema that main is delivered to, and cannot be a temporary one too",
            f'give "schema" in [snowflake] of environments/{environment.name}.toml another name, such as MAIN',
            USAGE,
        )
    return moved


def require_temporaries(environment: Environment, what: str) -> None:
    """Raise DeployError for an environment that does not validate pull requests: it has nothing of the kind."""
    if not environment.delivery.pull_requests:
        cause = f"{what} are only in the first environment of the chain of deliveries, not in {environment.name}"
        raise DeployError(cause, "python -m deploy chain shows which one that is: pass it as --env", USAGE)


def in_ref(environment: Environment, ref: str) -> Environment:
    """Return the environment where this ref of git goes: a pull request's or branch's own schema, or main's.

    Raises DeployError for what is no such ref, as GITHUB_REF has it in a workflow, and for all but main where there are
    no such schemas.
    """
    found, main = _REF.fullmatch(ref), environment.delivery.branch
    if found is None:
        remedy = f"pass --ref refs/heads/{main} or refs/pull/<number>/merge"
        raise DeployError(f"not a branch or pull request: {ref!r}", remedy, USAGE)
    number, branch = found.groups()
    if number:
        return in_pull_request(environment, int(number))
    return environment if branch == main else in_branch(environment, branch)


def pull_request_schema(number: int) -> str:
    """Return the schema of a pull request."""
    return f"{_PULL_REQUEST}{number}"


def branch_schema(branch: str) -> str:
    """Return the schema of a branch: what people can read of its name, and a digest of all of it.

    Raises DeployError for what no branch is called, though git forbids more than this: nothing, what begins as an
    option does, and text with a NUL or a lone surrogate.
    """
    try:
        text = branch.encode()
    except UnicodeEncodeError:
        text = b""
    if not text or text.startswith(b"-") or b"\0" in text:
        raise DeployError(f"not the name of a branch: {branch!r}", "pass --branch what git branch shows", USAGE)
    slug = re.sub(r"[^A-Z0-9]+", "_", branch.upper())[:_LONGEST_SLUG].strip("_")
    digest = hashlib.sha256(text).hexdigest()[:_HEX_DIGITS].upper()
    return f"{_BRANCH}{slug}_{digest}" if slug else f"{_BRANCH}{digest}"


def names_temporary(schema: str) -> bool:
    """Whether a schema has a name such as those of pull requests, branches and people. Its tag says if it is one."""
    return _TEMPORARY.fullmatch(schema) is not None


def is_temporary(environment: Environment) -> bool:
    """Whether the target is the schema of a pull request, a branch or a person."""
    return isinstance(environment, Temporary)


def arguments(environment: Environment) -> str:
    """Return the command line options that name this target, for messages; a shell can read them."""
    return f"--env {environment.name}" + (f" {environment.option}" if isinstance(environment, Temporary) else "")


def database(environment: Environment) -> str:
    """Return the quoted database."""
    return identifier(environment.snowflake.database)


def schema(environment: Environment) -> str:
    """Return the quoted schema."""
    return qualified(environment.snowflake.database, environment.snowflake.schema)


def tag(environment: Environment) -> str:
    """Return the quoted tag that temporary schemas carry; its value is the name of the schema itself.

    A schema that inherits the tag of its database, or that was cloned from ours, has the value of another.
    """
    return f"{home(environment)}.{identifier(TAG)}"


def home(environment: Environment) -> str:
    """Return the quoted schema that main is delivered to."""
    own = environment.home if isinstance(environment, Temporary) else environment.snowflake.schema
    return qualified(environment.snowflake.database, own)


def named(environment: Environment, name: str) -> str:
    """Return the quoted name of a task, table or stage of this target."""
    return qualified(environment.snowflake.database, environment.snowflake.schema, name)


def graphs(environment: Environment) -> tuple[str, ...]:
    """Return the names of the graphs that the configuration knows."""
    return tuple(each.name for each in environment.every_graph)


def stage_path(environment: Environment, digest: str = "") -> str:
    """Return the stage path of a release (or of all of them), quoted and without a trailing slash."""
    stage = f"@{named(environment, STAGE)}"
    return f"{stage}/{digest}" if digest else stage


def shown_path(environment: Environment, digest: str) -> str:
    """Return the stage path of a release as people read it."""
    return stage_path(environment, digest).replace('"', "")
