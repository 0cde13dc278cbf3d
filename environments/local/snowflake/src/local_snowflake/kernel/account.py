"""The account: everything that lives in one `--home` folder, and the sessions that use it."""

import fcntl
import os
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ..dynamic_tables.clock import Clock
from ..jobs.processes import Jobs
from ..python import repositories
from ..python.residents import Residents
from ..python.workers import Workers
from ..sample_data import SampleData
from ..services.running import Services
from ..tasks.scheduler import Scheduler
from . import profile as profiles
from .access import ACCOUNT, OWNERSHIP, SYSTEM_ROLES, Access, Grant
from .catalogue import Catalogue, Object
from .data import Data
from .executions import Executions
from .locks import Locks
from .names import Name
from .parameters.account import AccountParameters
from .parameters.settings import Settings, of_user
from .passwords import administrators, hashed
from .recording import Recorder
from .results import Results
from .session import Session
from .store import Store
from .warehouses import Warehouses

if TYPE_CHECKING:
    from ..http.files import Upload

ADMINISTRATOR = "ADMIN"
_NAME = Name("", "", ADMINISTRATOR)


class Account:
    """One Snowflake account.

    Args:
        home: the folder that holds it; made when missing. One server at a time uses it.
        scale: the scale factor of SNOWFLAKE_SAMPLE_DATA.TPCH_SF1 (1 as in a real account; 0.01 for a rehearsal).
        profile: what the account has, by the name of a profile or of its TOML file; None: what it was made with, or
            for a new one "enterprise".
        http_issuers: issuers of workload identities may be http:// ones on this machine; Snowflake wants https.

    Raises:
        BlockingIOError: when another server uses the folder.
        ProfileError: there is no such profile, or the account was made with another one.

    """

    def __init__(
        self, home: Path, scale: float = 1.0, *, profile: str | None = None, http_issuers: bool = False
    ) -> None:
        wanted = profiles.read(profile) if profile else None
        home.mkdir(parents=True, exist_ok=True)
        self.home, self.scale, self.address = home.resolve(), scale, ""
        self.http_issuers = http_issuers
        self._lock_file = _locked(home / "server.lock")
        shutil.rmtree(home / "temporary", ignore_errors=True)  # what sessions of an earlier server left
        self.store = Store(home / "catalogue.sqlite")
        self.catalogue = Catalogue(self.store)
        self.access = Access(self.store)
        self.profile = profiles.kept(self.store, wanted)
        self.lacking = self.profile.lacking
        self.parameters = AccountParameters(self.store)
        self.data = Data(home / "databases")
        self.sample_data = SampleData(self)
        self.downloads: dict[str, Path] = {}  # files that GET may fetch, by their unguessable key
        self.uploads: dict[str, Upload] = {}  # files that PUT may send, likewise
        self.recorder: Recorder | None = None  # writes down what sessions ask
        self.warehouses = Warehouses()
        self.executions = Executions()
        self.locks = Locks()
        self.workers = Workers(self.home / "temporary" / "python")
        self.residents = Residents(self.workers)
        self.sessions: dict[str, Session] = {}  # by session token
        self.masters: dict[str, Session] = {}  # by master token, to renew a session
        self.tickets: dict[str, Session] = {}  # by the token that a procedure in this account signs in with
        self.results = Results()
        self._preparing = threading.Thread(target=self._prepare, daemon=True)
        password = administrators(self.home)
        if not self.catalogue.of("ROLE"):
            _furnish(self)
        self.catalogue.change("USER", _NAME, lambda o: o.with_properties(password=hashed(password)))
        self.scheduler = Scheduler(self)
        self.services = Services(self)
        self.dynamic_tables = Clock(self)
        self.jobs = Jobs(self)
        if "SAMPLE DATA" not in self.lacking:
            self.sample_data.furnish()

    def folder(self, *parts: str) -> Path:
        """A folder inside the home, made when missing."""
        path = self.home.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def start(self, address: str, *, warm: bool = True) -> None:
        """Begin to answer at an address: schedules start, and, to be warm for the first call, workers do."""
        self.address = address
        if warm:
            # Imports keep a core busy for seconds: the first client is answered before.
            begin = threading.Timer(0.5, self.workers.start)
            begin.daemon = True
            begin.start()
        self._preparing.start()
        self.scheduler.start()
        self.services.restart()
        self.dynamic_tables.start()

    def _prepare(self) -> None:
        """Load what answers statements while the first client is still signing in."""
        from .. import statements

        session = self.open_session(ADMINISTRATOR, "PUBLIC")
        statements.run(session, "SELECT 1")
        session.close()

    def open_session(self, user: str, role: str) -> Session:
        """A new session of a user in a role, without a current database."""
        given = Settings(of_user(self, user))
        session = Session(self, user, role, self.data.connect(), parameters=given)
        session.follow_timezone()
        return session

    def opened(self) -> set[Session]:
        """The sessions that are open now."""
        return {*self.sessions.values(), *self.tickets.values()}

    def end(self, token: str) -> None:
        """End the session of a token; an unknown one is no error."""
        session = self.sessions.pop(token, None)
        if session:
            self.forget(session)
            session.close()

    def forget(self, session: Session) -> None:
        """Make every token and ticket of a session worthless, without closing it."""
        for tokens in (self.sessions, self.masters, self.tickets):
            for token in [t for t, s in list(tokens.items()) if s is session]:
                tokens.pop(token, None)

    def close(self) -> None:
        """Stop what runs, and close the sessions and the files."""
        if self._preparing.is_alive():
            self._preparing.join()
        self.scheduler.close()
        self.dynamic_tables.close()
        self.jobs.close()
        self.services.close()
        self.executions.close()
        self.sample_data.close()
        self.workers.close()
        for session in list(self.sessions.values()):
            session.close()
        self.data.close()
        self.store.close()
        self._lock_file.close()


def _locked(path: Path) -> TextIO:
    """The lock file, which names the process that holds it."""
    file = path.open("a+")
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


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
        add(Object("NETWORK POLICY", Name("", "", profiles.OFFICE_POLICY), "SECURITYADMIN", office))
    if account.profile.warehouse:
        add(Object("WAREHOUSE", Name("", "", "COMPUTE_WH"), "SYSADMIN", {"size": "X-Small", "auto_suspend": 600}))
        account.access.grant(Grant("ROLE", "PUBLIC", "USAGE", "WAREHOUSE", Name("", "", "COMPUTE_WH")))
    account.access.grant(Grant("ROLE", "ACCOUNTADMIN", OWNERSHIP, "ACCOUNT", ACCOUNT))
