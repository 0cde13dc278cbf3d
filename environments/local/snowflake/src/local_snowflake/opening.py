"""Where an account is put together: the one place that knows every feature."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from . import statements
from .dynamic_tables.clock import Clock
from .jobs.processes import Jobs
from .kernel import registry
from .kernel.access import ACCOUNT, OWNERSHIP, SYSTEM_ROLES, Grant
from .kernel.account import ADMINISTRATOR, Account
from .kernel.catalogue import Object
from .kernel.names import Name
from .kernel.parts import Part
from .kernel.passwords import administrators, hashed
from .kernel.profile import OFFICE_POLICY
from .python import repositories
from .python.residents import Residents
from .python.workers import Workers
from .sample_data import SampleData
from .services.running import Services
from .sql import transforms
from .stages.addresses import Addresses
from .tasks.scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# What brings verbs, kinds of objects, functions and the rest; the first statement loads them.
MODULES = (
    "objects.account_objects",
    "objects.compute_pools",
    "objects.tags",
    "objects.users",
    "objects.workload_identity",
    "objects.policies",
    "objects.data_policies",
    "objects.policy_context",
    "objects.policy_references",
    "objects.containers",
    "objects.grants",
    "objects.database_roles",
    "objects.show_grants",
    "objects.session_verbs",
    "objects.parameters",
    "objects.tag_values",
    "objects.entity_detail",
    "objects.cancelling",
    "tables.pivoting",
    "tables.verbs",
    "tables.tables",
    "tables.views",
    "tables.listing",
    "sql.functions",
    "tables.information_schema",
    "tables.past_queries",
    "sample_data",
    "stages.kinds",
    "stages.verbs",
    "stages.transfer",
    "loading.reading",
    "loading.loading",
    "loading.inference",
    "stages.addresses",
    "notifications.messages",  # before functions of users, which would be asked for its names
    "python.repositories",
    "python.packages",
    "python.procedures",
    "scripting.block",
    "python.functions",
    "models.kind",
    "models.lineage",
    "monitors.kind",
    "notifications.integrations",
    "notifications.log",
    "notifications.sending",
    "experiments.kind",
    "jobs.kind",
    "services.kind",
    "services.gateway",
    "services.deploying",
    "services.batch",
    "services.functions",
    "jobs.history",
    "jobs.methods",
    "jobs.submitting",
    "notebooks.bundles",  # before the kind that has its words, and those of its own
    "notebooks.kind",
    "notebooks.executing",
    "streams.kind",
    "streams.reading",
    "dynamic_tables.kind",
    "dynamic_tables.history",
    "datasets.kind",
    "objects.online_features",
    "tasks.kind",
    "tasks.functions",
    "tasks.graph_objects.kind",
    "tasks.graph_objects.committed_tasks",
    "tasks.graph_objects.changes",
)
registry.gather(MODULES)

_NAME = Name("", "", ADMINISTRATOR)


class Preparation(Part):
    """Loads what answers statements while the first client is still signing in.

    Args:
        account: which answers them.

    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._thread = threading.Thread(target=self._prepare, daemon=True)

    def begin(self) -> None:
        """Load it in the background."""
        self._thread.start()

    def close(self) -> None:
        """Wait until it is loaded."""
        if self._thread.is_alive():
            self._thread.join()

    def _prepare(self) -> None:
        session = self._account.open_session(ADMINISTRATOR, "PUBLIC")
        statements.run(session, "SELECT 1")
        session.close()


# In the order in which they are made and begin. They close the other way round: first what starts statements, then
# the statements, then what these use.
_PARTS: tuple[Callable[[Account], Part], ...] = (
    *(SampleData, Addresses, Workers, Residents),
    lambda account: account.executions,
    *(Services, Jobs, Clock, Scheduler, Preparation),
)


def opened(home: Path, scale: float = 1.0, *, profile: str | None = None, http_issuers: bool = False) -> Account:
    """The account in a folder, with every feature; it answers once it has begun.

    Args:
        home: as `Account`.
        scale: as `Account`.
        profile: as `Account`.
        http_issuers: as `Account`.

    Raises:
        BlockingIOError: as `Account`.
        ProfileError: as `Account`.

    """
    account = Account(home, transforms.definitions(), scale, profile=profile, http_issuers=http_issuers)
    password = administrators(account.home)
    if not account.catalogue.of("ROLE"):
        with account.catalogue.together():
            _furnish(account)
    account.catalogue.change("USER", _NAME, lambda o: o.with_properties(password=hashed(password), locked_until=None))
    for make in _PARTS:
        account.parts.keep(make(account))
    return account


def begin(account: Account, address: str, *, warm: bool = True) -> None:
    """Answer at an address from now on; warm: its Python starts before the first call."""
    if warm:
        # Imports keep a core busy for seconds: the first client is answered before.
        timer = threading.Timer(0.5, account[Workers].start)
        timer.daemon = True
        timer.start()
    account.begin(address)


def _furnish(account: Account) -> None:
    """What a new account has: the system roles, an administrator, parameters, and most of them a warehouse."""
    add = account.catalogue.add
    for role in SYSTEM_ROLES:
        add(Object("ROLE", Name("", "", role), "ACCOUNTADMIN", comment="System role."))
    properties = {
        "type": "PERSON",
        "default_role": "ACCOUNTADMIN",
        "default_secondary_roles": ["ALL"] if account.profile.secondary_roles else [],
    }
    if account.profile.warehouse:
        properties["default_warehouse"] = "COMPUTE_WH"
    add(Object("USER", _NAME, "ACCOUNTADMIN", properties))
    for role in SYSTEM_ROLES[:-1]:
        account.access.grant(Grant("USER", ADMINISTRATOR, "USAGE", "ROLE", Name("", "", role)))
    account.parameters.change(account.profile.account_parameters)
    repositories.furnish(account, pypi=account.profile.pypi_role)
    if account.profile.office:
        office = {"allowed_ip_list": [account.profile.office]}
        add(Object("NETWORK POLICY", Name("", "", OFFICE_POLICY), "SECURITYADMIN", office))
    if account.profile.warehouse:
        add(Object("WAREHOUSE", Name("", "", "COMPUTE_WH"), "SYSADMIN", {"size": "X-Small", "auto_suspend": 600}))
        account.access.grant(Grant("ROLE", "PUBLIC", "USAGE", "WAREHOUSE", Name("", "", "COMPUTE_WH")))
    account.access.grant(Grant("ROLE", "ACCOUNTADMIN", OWNERSHIP, "ACCOUNT", ACCOUNT))
