"""The SQL that takes an environment away again: everything that the bootstrap's files make, in an order that works.

It is derived from those files, so what a file makes is removed, too. The order:

- the service user first: a network policy or an authentication policy that is set on a user cannot be dropped;
- compute pools, once their services are stopped: a pool with running services cannot be dropped;
- warehouses and pools before the database, whose tags are set on them;
- roles last: what they owned is gone with the database.

https://docs.snowflake.com/en/sql-reference/sql/drop-network-policy
https://docs.snowflake.com/en/sql-reference/sql/drop-authentication-policy
https://docs.snowflake.com/en/sql-reference/sql/drop-compute-pool
https://docs.snowflake.com/en/sql-reference/sql/drop-database
"""

from collections.abc import Iterable, Iterator

from deploy.setup import bootstrap, made
from deploy.setup.github import Workload
from deploy.setup.made import Made
from ml_pipeline.config import Environment

_POOL = "COMPUTE POOL"
_ORDER = ("USER", "NETWORK POLICY", _POOL, "WAREHOUSE", "DATABASE", "ROLE")
_ANYBODY = Workload("repo:anybody/anything")  # whose jobs the service user is does not matter here


def script(environment: Environment, others: Iterable[Environment]) -> str:
    """Return the SQL that removes an environment; it can be run again. What another environment uses stays.

    Args:
        environment: what is to be removed.
        others: the other environments of the project, which may share a warehouse, a pool or a role with it.

    """
    shared = {(each.kind, each.name): other.name for other in others for each in _made(other)}
    found = {(each.kind, each.name): each for each in _made(environment)}
    removed = [each for key, each in found.items() if key not in shared]
    databases = {each.name for each in removed if each.kind == "DATABASE"}
    lines = [
        f"-- Removes the environment {environment.name} from the account, with all that it holds. Run it as an",
        "-- administrator; it can be run again. UNDROP DATABASE brings the database back while its Time Travel lasts.",
        *_kept(environment, found.values(), shared, databases),
    ]
    for each in sorted((each for each in removed if not each.place), key=_rank):
        lines += ["", f"USE ROLE {each.role};", *_dropped(each)]
    return "\n".join(lines) + "\n"


def _made(environment: Environment) -> list[Made]:
    return list(made.objects(bootstrap.scripts(environment, workload=_ANYBODY)))


def _rank(each: Made) -> int:
    """Return the place of its kind; what has none of its own, such as an integration, goes before the roles."""
    return _ORDER.index(each.kind) if each.kind in _ORDER else _ORDER.index("ROLE") - 1


def _dropped(each: Made) -> Iterator[str]:
    """Return what drops it: its name stands here as it does in the file that makes it, quotes included."""
    if each.kind == _POOL:
        yield " ".join(("ALTER COMPUTE POOL IF EXISTS", each.name, "STOP ALL;"))
    kind = "INTEGRATION" if each.kind.endswith("INTEGRATION") else each.kind
    yield " ".join(("DROP", kind, "IF EXISTS", f"{each.name};"))


def _kept(
    environment: Environment, found: Iterable[Made], shared: dict[tuple[str, str], str], databases: set[str]
) -> Iterator[str]:
    """Say what stays, and why."""
    for each in found:
        if other := shared.get((each.kind, each.name)):
            if not each.place:
                yield f"-- Stays: {each.kind} {each.name}, which the environment {other} uses, too."
        elif each.place and each.place not in databases:
            yield f"-- Stays: {each.kind} {each.name}, which is in a database that stays."
    integrations = (environment.graph.error_integration, environment.pipeline.monitoring.notification_integration)
    for name in filter(None, integrations):
        yield f"-- Stays: INTEGRATION {name}, which an administrator made."
