"""CODE BUNDLE: what NOTEBOOK PROJECT is called now, the same objects under another grammar.

https://docs.snowflake.com/en/release-notes/bcr-bundles/un-bundled/bcr-2393
https://docs.snowflake.com/en/sql-reference/sql/execute-code-bundle
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import specification
from .executing import Execution, run
from .kind import WORD, NotebookProject, entrypoint, folder

if TYPE_CHECKING:
    from ..kernel.catalogue import Object
    from ..kernel.result import Result
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens

FEATURE = "CODE BUNDLE"
"""What an account may lack: it has the older grammar alone."""


class CodeBundle(NotebookProject):
    """The kind by its new words; kind.py has it by the older ones."""

    words = grammar = ("CODE BUNDLE", "CODE BUNDLES")


def execute(session: Session, tokens: Tokens) -> Result:
    """EXECUTE CODE BUNDLE name ENTRYPOINT = '...' [ARGUMENTS = (...)] [WITH SPECIFICATION $$...$$]."""
    bundle = session.get(WORD, session.qualify(tokens.name()), "USAGE")
    tokens.expect("ENTRYPOINT", "=")
    file = entrypoint(session.account, bundle, tokens.value(), (".ipynb", ".py"))
    arguments = tokens.values() if tokens.accept("ARGUMENTS", "=") else []
    given = tokens.value() if tokens.accept("WITH", "SPECIFICATION") else _stored(session, bundle)
    tokens.end()
    compute = specification.read(given)
    return run(session, bundle, Execution(file, compute.pool, compute.warehouse, compute.runtime, tuple(arguments)))


def _stored(session: Session, bundle: Object) -> str:
    path = folder(session.account, bundle) / specification.FILE
    if not path.is_file():
        raise specification.absent()
    return path.read_text(encoding="utf-8")


KINDS = (CodeBundle(),)
VERBS = {"EXECUTE CODE BUNDLE": execute}
