"""LIST, REMOVE and COPY FILES: what can be done with staged files without a client's help."""

from __future__ import annotations

import shutil
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from ..kernel.errors import invalid
from ..kernel.result import LIST, Result, rows
from . import locations

if TYPE_CHECKING:
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens

_LISTED = ("name", ("size", "fixed"), "md5", "last_modified")


def _list(session: Session, tokens: Tokens) -> Result:
    """LIST @stage [PATTERN = '...']."""
    location = locations.read(session, tokens)
    pattern = _options(tokens, "LIST", "PATTERN").get("PATTERN")
    found = [
        {
            "name": f.name,
            "size": f.size,
            "md5": locations.shown_md5(session.account, f),
            "last_modified": format_datetime(f.modified, usegmt=True),
        }
        for f in locations.files(location, pattern)
    ]
    return rows(_LISTED, found, LIST)


def _remove(session: Session, tokens: Tokens) -> Result:
    """REMOVE @stage/path [PATTERN = '...']."""
    location = locations.read(session, tokens, "WRITE")
    pattern = _options(tokens, "REMOVE", "PATTERN").get("PATTERN")
    gone = locations.files(location, pattern)
    for file in gone:
        file.path.unlink(missing_ok=True)
    return rows(["name", "result"], [{"name": f.name, "result": "removed"} for f in gone])


def _copy_files(session: Session, tokens: Tokens) -> Result:
    """COPY FILES INTO @target FROM @source [FILES = (...)] [PATTERN = '...']: directories below the source are kept."""
    target = locations.read(session, tokens, "WRITE")
    tokens.expect("FROM")
    source = locations.read(session, tokens)
    options = _options(tokens, "COPY FILES", "FILES", "PATTERN", "DETAILED_OUTPUT")
    if len(options.get("FILES", ())) > locations.MOST_FILES:
        raise invalid(f"The maximum number of file names that can be specified is {locations.MOST_FILES}.")
    copied = []
    for file in locations.files(source, options.get("PATTERN")):
        kept = locations.below(source, file)
        if "FILES" not in options or kept in options["FILES"]:
            _copy(session, file, target, kept)
            copied.append(target.directory + kept)
    if str(options.get("DETAILED_OUTPUT", "TRUE")).upper() == "FALSE":
        return rows([("number of files copied", "fixed")], [{"number of files copied": len(copied)}])
    return rows(["file"], [{"file": name} for name in copied])


def _copy(session: Session, file: locations.StagedFile, target: locations.Location, kept: str) -> None:
    incoming = locations.incoming(session.account)
    shutil.copyfile(file.path, incoming)
    locations.place(incoming, target.folder / target.directory / kept, overwrite=True)


def _options(tokens: Tokens, verb: str, *known: str) -> dict[str, Any]:
    found = tokens.options()
    if unknown := found.keys() - set(known):
        raise invalid(f"invalid parameter '{min(unknown)}' for {verb}", "001420")
    return found


VERBS = {
    "LIST": _list,
    "LS": _list,
    "REMOVE": _remove,
    "RM": _remove,
    "COPY FILES INTO": _copy_files,
}
