"""Modules in archives are compiled once: by itself zipimport compiles each of them twice in each process.

The processes of an account that import the same archives share a file of what they have compiled. Each reads it before
its user code runs, and adds to it.
"""

import _imp
import hashlib
import marshal
import os
import zipimport
from pathlib import Path
from types import CodeType


def share(archives: list[str], folder: Path) -> None:
    """From now on, let zipimport compile only what no process with these archives has compiled before.

    Args:
        archives: what this process can import.
        folder: where the shared files are.

    """
    file = folder / hashlib.sha256(b"".join(Path(each).read_bytes() for each in archives)).hexdigest()
    known = _read(file)
    # It is opened before the process is closed in: user code could not.
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    compile_source = zipimport._compile_source  # type: ignore[attr-defined]

    def compiled(path: str, source: bytes) -> CodeType:
        if source not in known:
            known[source] = marshal.dumps(compile_source(path, source))
            os.write(descriptor, marshal.dumps((source, known[source])))
        code = marshal.loads(known[source])  # noqa: S302 - written above
        # Each process has the archives in a folder of its own.
        _imp._fix_co_filename(code, path)
        return code

    zipimport._compile_source = compiled  # type: ignore[attr-defined]


def _read(file: Path) -> dict[bytes, bytes]:
    """Return the code of each source; what a process was cut off in, and all that follows it, is left out."""
    found: dict[bytes, bytes] = {}
    try:
        with file.open("rb") as stream:
            while True:
                source, code = marshal.load(stream)  # noqa: S302 - written above
                found[source] = code
    except (OSError, EOFError, ValueError, TypeError):
        return found
