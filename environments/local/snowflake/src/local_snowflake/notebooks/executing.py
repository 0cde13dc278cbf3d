"""EXECUTE NOTEBOOK PROJECT: the notebook runs to its end on a compute pool, as its owner; a cell that fails fails it.

https://docs.snowflake.com/en/sql-reference/sql/execute-notebook-project
"""

from __future__ import annotations

import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..jobs import states, waiting
from ..jobs.container import Place, bare_specification, place
from ..jobs.processes import Jobs
from ..jobs.submitting import PYTHON, check_owner
from ..kernel.catalogue import Object
from ..kernel.errors import execution_error, invalid, unsupported
from ..kernel.kinds import Create
from ..kernel.names import Name
from ..kernel.registry import kinds
from ..kernel.result import Result, status
from ..kernel.tokens import Tokens
from .kind import WORD, entrypoint, folder
from .script import script

if TYPE_CHECKING:
    from ..kernel.session import Session

_FOLLOWED = {"MAIN_FILE", "COMPUTE_POOL", "QUERY_WAREHOUSE", "RUNTIME", "ARGUMENTS"}
_NEEDED = ("MAIN_FILE", "COMPUTE_POOL", "QUERY_WAREHOUSE", "RUNTIME")
_SHOWN_LINES = 40


@dataclass(frozen=True)
class Execution:
    """What to run, and on what: names as they are written; `warehouse` may be empty, then queries have none."""

    file: Path
    pool: str
    warehouse: str
    runtime: str
    arguments: tuple[str, ...]


def execute(session: Session, tokens: Tokens) -> Result:
    """EXECUTE NOTEBOOK PROJECT name MAIN_FILE = '...' COMPUTE_POOL = '...' ...; it ends when the notebook has ended."""
    project = session.get(WORD, session.qualify(tokens.name()), "USAGE")
    given = _options(tokens)
    file = entrypoint(session.account, project, given["MAIN_FILE"], (".ipynb",))
    asked = (given["COMPUTE_POOL"], given["QUERY_WAREHOUSE"], given["RUNTIME"])
    return run(session, project, Execution(file, *asked, tuple(given.get("ARGUMENTS", ()))))


def run(session: Session, project: Object, asked: Execution) -> Result:
    """Run a file of the project on a compute pool, as its owner, and wait for its end.

    Raises:
        SnowflakeError: 395012 with the end of what it printed, when it fails.

    """
    if not asked.runtime.upper().endswith(f"PY{PYTHON}"):
        raise invalid(f"There is no runtime {asked.runtime}: the local Snowflake has Python {PYTHON} alone.")
    check_owner(session)
    pool = session.get("COMPUTE POOL", _last(asked.pool), "USAGE").name.name
    warehouse = _warehouse(session, asked.warehouse) if asked.warehouse else None
    text = _script(asked.file)
    name = project.name.sibling(f"{project.name.name}_{uuid.uuid4().hex[:8].upper()}")
    job = Object("SERVICE", name, session.role, _properties(session, pool, warehouse), f"{WORD} {project.name}")
    at = place(session.account, job.id)
    program = asked.file.relative_to(folder(session.account, project).resolve()).with_suffix(".py")
    arguments = [str(at.stage / program), *asked.arguments]
    job = job.with_properties(spec=bare_specification(at, f"local/notebook-runtime:py{PYTHON}", arguments))
    payload = _payload(session, project, job, program, text)
    kinds()["SERVICE"].add(session, Create(), job)
    session.account[Jobs].start(job, payload)
    try:
        _end(session, name, at)
    finally:
        shutil.rmtree(payload, ignore_errors=True)
    return status(f"Notebook {asked.file.name} of project {project.name} executed successfully.")


def _warehouse(session: Session, written: str) -> str:
    """The page asks for MONITOR, too."""
    for privilege in ("USAGE", "MONITOR"):
        found = session.get("WAREHOUSE", _last(written), privilege)
    return found.name.name


def _script(file: Path) -> str:
    text = file.read_text(encoding="utf-8")
    return script(text, file.name) if file.suffix == ".ipynb" else text


def _options(tokens: Tokens) -> dict[str, Any]:
    given = tokens.options()
    if unknown := given.keys() - _FOLLOWED:
        raise unsupported(f"EXECUTE {WORD} ... {min(unknown)}")
    for key in _NEEDED:
        if not given.get(key):
            raise invalid(f"EXECUTE {WORD} needs {key}.", "001003", "42601")
    return given


def _last(written: str) -> Name:
    return Name("", "", Tokens(written).name()[-1])


def _properties(session: Session, pool: str, warehouse: str | None) -> dict[str, Any]:
    return {
        "status": states.PENDING,
        "message": "",
        "completed": None,
        "instances": [],
        "compute_pool": pool,
        "query_warehouse": warehouse,
        "target_instances": 1,
        "min_instances": 1,
        "is_async": False,
        "query_id": session.running[-1].query_id if session.running else "",
    }


def _payload(session: Session, project: Object, job: Object, program: Path, text: str) -> Path:
    """A copy of the project's files for this execution, with the program among them."""
    own = session.account.folder("temporary", "notebooks") / job.id
    shutil.copytree(folder(session.account, project), own)
    (own / program).write_text(text, encoding="utf-8")
    return own


def _end(session: Session, name: Name, at: Place) -> None:
    ended = waiting.to_the_end(session, name)
    if ended.properties["status"] != states.DONE:
        printed = at.printed(0, _SHOWN_LINES) if at.log(0).is_file() else ended.properties["message"]
        raise execution_error(f"Notebook execution failed: {ended.properties['message']}\n{printed}", "395012", "XX000")


VERBS = {f"EXECUTE {WORD}": execute}
FEATURE = "COMPUTE POOL"
