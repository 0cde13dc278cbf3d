"""From a definition (body, imports, handler) to something callable, and from its failure to Snowflake's text."""

import importlib
import linecache
import os
import sys
import traceback
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

_CODE = "_udf_code"
_FILE = f"{_CODE}.py"
_ARCHIVES = (".zip", ".whl", ".egg")
_HERE = str(Path(__file__).parent)


class HandlerError(Exception):
    """A failure that has its final text already."""


def handler(request: dict[str, Any]) -> Callable[..., Any]:
    """The callable (or class) that a request's `handler` names, from its body or its imports.

    Raises:
        HandlerError: there is no such function.

    """
    _prepare_imports(Path(request["imports"]))
    sys.modules["_snowflake"] = _snowflake()
    module, _, name = request["handler"].rpartition(".")
    try:
        found = _body(request["body"]) if request["body"] else importlib.import_module(module or name)
    except ModuleNotFoundError as error:
        error.msg = f"{error}. Please check that the package or file is listed in PACKAGES or IMPORTS."
        raise
    # A handler in the body may be a method: Class.method.
    for part in request["handler"].split(".") if request["body"] else [name]:
        if not hasattr(found, part):
            raise HandlerError(
                f"Function {request['handler']} is not found in module {getattr(found, '__name__', _CODE)}."
            )
        found = getattr(found, part)
    return found


def _prepare_imports(folder: Path) -> None:
    sys._xoptions["snowflake_import_directory"] = f"{folder}{os.sep}"
    sys.path[:0] = [str(folder), *archives(folder)]
    importlib.invalidate_caches()


def archives(folder: Path) -> list[str]:
    """The archives among the imports, whose modules can be imported too."""
    return sorted(str(p) for p in folder.iterdir() if p.suffix in _ARCHIVES)


def _body(text: str) -> types.ModuleType:
    module = types.ModuleType(_CODE)
    sys.modules[_CODE] = module
    # So that a traceback shows the line.
    linecache.cache[_FILE] = (len(text), None, text.splitlines(keepends=True), _FILE)
    exec(compile(text, _FILE, "exec"), module.__dict__)  # noqa: S102 - to run this text is what a procedure is
    return module


def report(error: BaseException) -> str:
    """The traceback as user code sees it: the worker's own frames are left out."""
    shown = traceback.TracebackException.from_exception(error)
    chained: traceback.TracebackException | None = shown
    while chained:
        kept = [frame for frame in chained.stack if not _ours(frame.filename)]
        chained.stack = traceback.StackSummary.from_list(kept)
        chained = chained.__cause__ or chained.__context__
    return "".join(shown.format()).rstrip()


def _ours(filename: str) -> bool:
    return filename.startswith(_HERE) or "importlib._bootstrap" in filename


def _snowflake() -> types.ModuleType:
    """The module `_snowflake`, which exists only inside Snowflake.

    https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-batch
    """
    module = types.ModuleType("_snowflake", "What Snowflake gives to Python that runs in it.")

    def vectorized(
        input: type,  # noqa: A002 - Snowflake's name for it
        max_batch_size: int | None = None,
        flatten_object_input: bool = False,  # noqa: FBT001, FBT002 - as Snowflake has it
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def mark(function: Callable[..., Any]) -> Callable[..., Any]:
            function._sf_vectorized_input = input  # type: ignore[attr-defined]
            function._sf_max_batch_size = max_batch_size  # type: ignore[attr-defined]
            function._sf_flatten_object_input = flatten_object_input  # type: ignore[attr-defined]
            return function

        return mark

    def no_secret(name: str) -> str:
        raise ValueError(f"Unknown secret '{name}': it is not listed in SECRETS.")

    module.vectorized = vectorized  # type: ignore[attr-defined]
    for reader in ("generic_secret_string", "oauth_access_token", "username_password", "secret_type"):
        setattr(module, f"get_{reader}", no_secret)
    return module
