"""The account: everything that lives in one `--home` folder, and the sessions that use it."""

import fcntl
import os
import shutil
import threading
from pathlib import Path
from typing import TextIO

from . import profile as profiles
from .access import Access
from .catalogue import Catalogue
from .executions import Executions
from .locks import Locks
from .names import Name
from .parameters.account import AccountParameters
from .parameters.settings import Settings, of_user
from .parts import P, Parts
from .recording import Recorder
from .remains import Remains
from .repair import readable, rows
from .results import Results
from .session import Session
from .store import Store
from .warehouses import Warehouses

ADMINISTRATOR = "ADMIN"

# https://docs.snowflake.com/en/user-guide/session-policies: four hours, where no policy says less.
_IDLE_SECONDS = 4 * 3600


class Account:
    """One Snowflake account. It knows no feature: `opening.opened` makes one with the parts of them all.

    Args:
        home: the folder that holds it; made when missing. One server at a time uses it.
        macros: what DuckDB is to know, as its SQL.
        scale: the scale factor of SNOWFLAKE_SAMPLE_DATA.TPCH_SF1 (1 as in a real account; 0.01 for a rehearsal).
        profile: what the account has, by the name of a profile or of its TOML file; None: what it was made with, or
            for a new one "enterprise".
        http_issuers: issuers of workload identities may be http:// ones on this machine; Snowflake wants https.

    Raises:
        BlockingIOError: when another server uses the folder.
        HomeError: a file in the folder is torn, or none of this version's.
        ProfileError: there is no such profile, or the account was made with another one.

    """

    def __init__(
        self, home: Path, macros: str, scale: float = 1.0, *, profile: str | None = None, http_issuers: bool = False
    ) -> None:
        wanted = profiles.read(profile) if profile else None
        home.mkdir(parents=True, exist_ok=True)
        self.home, self.scale, self.address = home.resolve(), scale, ""
        self.http_issuers = http_issuers
        self._lock_file = _locked(home / "server.lock")
        shutil.rmtree(home / "temporary", ignore_errors=True)  # what sessions of an earlier server left
        with readable(home / "catalogue.sqlite"):
            self.store = Store(home / "catalogue.sqlite")
            self.catalogue = Catalogue(self.store)
            self.access = Access(self.store)
            self.profile = profiles.kept(self.store, wanted)
            self.parameters = AccountParameters(self.store)
        self.lacking = self.profile.lacking
        self.data = rows(home, self.store, self.catalogue, macros)
        self.remains = Remains(self.data, self.store)
        self.recorder: Recorder | None = None  # writes down what sessions ask
        self.warehouses = Warehouses()
        self.executions = Executions()
        self.locks = Locks()
        self.results = Results()
        self.parts = Parts()
        self.sessions: dict[str, Session] = {}  # by session token
        self.masters: dict[str, Session] = {}  # by master token, to renew a session
        self.tickets: dict[str, Session] = {}  # by the token that a procedure in this account signs in with

    def __getitem__(self, kind: type[P]) -> P:
        """The part of a feature: `account[Scheduler]`."""
        return self.parts[kind]

    def folder(self, *parts: str) -> Path:
        """A folder inside the home, made when missing."""
        path = self.home.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def begin(self, address: str) -> None:
        """Answer at an address from now on: schedules begin."""
        self.address = address
        self.parts.begin()

    def open_session(self, user: str, role: str) -> Session:
        """A new session of a user in a role, without a current database."""
        given = Settings(of_user(self.parameters, self.catalogue.find("USER", Name("", "", user))))
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

    def end_idle(self) -> None:
        """End the sessions whose clients have been silent for so long that they must sign in again."""
        for token, session in list(self.sessions.items()):
            if session.silent > _IDLE_SECONDS and not session.running:
                self.end(token)

    def abort(self, session: Session, by: Session) -> None:
        """End a session from another one, or from itself: what it runs is cancelled, then it is closed."""
        self.executions.abort(lambda e: e.session is session is not by)
        of_client = session in self.sessions.values()
        self.forget(session)
        if of_client:
            threading.Thread(target=session.close_when_idle, daemon=True).start()

    def forget(self, session: Session) -> None:
        """Make every token and ticket of a session worthless, without closing it."""
        for tokens in (self.sessions, self.masters, self.tickets):
            for token in [t for t, s in list(tokens.items()) if s is session]:
                tokens.pop(token, None)

    def close(self) -> None:
        """Stop what runs, and close the sessions and the files."""
        self.parts.close()
        for session in list(self.sessions.values()):
            session.close()
        self.remains.close()
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
