"""EXECUTE NOTEBOOK PROJECT: the notebook runs to its end on a compute pool, as its owner; a cell that fails fails it.

https://docs.snowflake.com/en/sql-reference/sql/execute-notebook-project
"""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..catalogue import Object
from ..errors import execution_error, invalid, unsupported
from ..jobs import states, waiting
from ..jobs.container import Place, bare_specification, place
from ..jobs.submitting import PYTHON, check_owner
from ..kinds import Create
from ..names import Name
from ..registry import kinds
from ..result import Result, status
from ..tokens import Tokens
from .kind import WORD, folder, main_file
from .script import script

if TYPE_CHECKING:
    from ..session import Session

_KNOWN = {"MAIN_FILE", "COMPUTE_POOL", "QUERY_WAREHOUSE", "RUNTIME", "ARGUMENTS"}
_NEEDED = ("MAIN_FILE", "COMPUTE_POOL", "QUERY_WAREHOUSE", "RUNTIME")
_SHOWN_LINES = 40


def execute(session: Session, tokens: Tokens) -> Result:
    """EXECUTE NOTEBOOK PROJECT name MAIN_FILE = '...' COMPUTE_POOL = '...' ...; it ends when the notebook has ended.

    Raises:
        SnowflakeError: 395012 with the end of what the notebook printed, when a cell fails.

    """
    project = session.get(WORD, session.qualify(tokens.name()), "USAGE")
    given = _options(tokens)
    check_owner(session)
    pool = session.get("COMPUTE POOL", _last(given["COMPUTE_POOL"]), "USAGE").name.name
    warehouse = session.get("WAREHOUSE", _last(given["QUERY_WAREHOUSE"]), "USAGE").name.name
    notebook = main_file(session.account, project, given["MAIN_FILE"])
    text = script(notebook.read_text(encoding="utf-8"), notebook.name)
    name = project.name.sibling(f"{project.name.name}_{uuid.uuid4().hex[:8].upper()}")
    job = Object("SERVICE", name, session.role, _properties(session, pool, warehouse), f"{WORD} {project.name}")
    at = place(session.account, job.id)
    arguments = [str(at.stage / f"{notebook.stem}.py"), *given.get("ARGUMENTS", "").split()]
    job = job.with_properties(spec=bare_specification(at, f"local/notebook-runtime:py{PYTHON}", arguments))
    payload = _payload(session, project, job, notebook, text)
    kinds()["SERVICE"].add(session, Create(), job)
    session.account.jobs.start(job, payload)
    try:
        _end(session, name, at)
    finally:
        shutil.rmtree(payload, ignore_errors=True)
    return status(f"Notebook {notebook.name} of project {project.name} executed successfully.")


def _options(tokens: Tokens) -> dict[str, str]:
    given = {key: str(value) for key, value in tokens.options().items()}
    if unknown := given.keys() - _KNOWN:
        raise unsupported(f"EXECUTE {WORD} ... {min(unknown)}")
    for key in _NEEDED:
        if not given.get(key):
            raise invalid(f"EXECUTE {WORD} needs {key}.", "001003", "42601")
    if not given["RUNTIME"].upper().endswith(f"PY{PYTHON}"):
        raise invalid(f"There is no runtime {given['RUNTIME']}: the local Snowflake has Python {PYTHON} alone.")
    return given


def _last(written: str) -> Name:
    return Name("", "", Tokens(written).name()[-1])


def _properties(session: Session, pool: str, warehouse: str) -> dict[str, Any]:
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


def _payload(session: Session, project: Object, job: Object, notebook: Path, text: str) -> Path:
    """A copy of the project's files for this execution, with the notebook's script among them."""
    own = session.account.folder("temporary", "notebooks") / job.id
    shutil.copytree(folder(session.account, project), own)
    (own / f"{notebook.stem}.py").write_text(text, encoding="utf-8")
    return own


def _end(session: Session, name: Name, at: Place) -> None:
    ended = waiting.to_the_end(session, name)
    if ended.properties["status"] != states.DONE:
        printed = at.printed(0, _SHOWN_LINES) if at.log(0).is_file() else ended.properties["message"]
        raise execution_error(f"Notebook execution failed: {ended.properties['message']}\n{printed}", "395012", "XX000")


VERBS = {f"EXECUTE {WORD}": execute}
FEATURE = "COMPUTE POOL"
