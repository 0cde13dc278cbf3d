"""Runs a job's entrypoint with the client library's own launcher, which signs in and writes the result.

The client uploads scripts that set up a container and a Ray cluster in it; they are not run outside of one. Its
launcher needs no container: it is imported as it is installed. Ray is there where several instances share the work.
"""

import contextlib
import importlib.metadata
import json
import os
import socket
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any

_NODE = Path(__file__).with_name("node.py")
_LOOK_SECONDS = 0.2


def _installed_only() -> None:
    """Leave nothing on the path but Python's own library and the installed packages: no checkout of a project."""
    roots = tuple({sys.prefix, sys.base_prefix, sys.exec_prefix})
    sys.path[:] = [entry for entry in sys.path if entry.startswith(roots)]


def _check_requirements(path: Path) -> None:
    """What the payload requires must be installed here: nothing is fetched."""
    from packaging.requirements import Requirement

    if not path.is_file():
        return
    print(f"Looking for packages from {path.name}")
    lines = (line.split("#")[0].strip() for line in path.read_text().splitlines())
    missing = [text for text in lines if text and not _installed(Requirement(text))]
    if missing:
        sys.exit(f"The local Snowflake installs no packages, and this Python lacks: {', '.join(missing)}")


def _installed(requirement: Any) -> bool:
    if requirement.marker and not requirement.marker.evaluate():
        return True
    try:
        version = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return requirement.specifier.contains(version, prereleases=True)


def _arguments(written: list[str]) -> tuple[str, str | None, str | None, list[str]]:
    """Entrypoint, the name of its function, the function's packed arguments, and a script's own."""
    import argparse

    parser = argparse.ArgumentParser()
    parser.add_argument("entrypoint")
    parser.add_argument("--script_main_func")
    parser.add_argument("--function_args")
    known, others = parser.parse_known_args(written)
    if known.function_args and others:
        sys.exit("Only one of function_args and script_args can be provided")
    return known.entrypoint, known.script_main_func, known.function_args, others


def _run(written: list[str], index: int) -> None:
    from snowflake.ml._internal.utils.connection_params import SnowflakeLoginOptions
    from snowflake.ml.jobs._utils.scripts import mljob_launcher as launcher
    from snowflake.snowpark import Session

    entrypoint, function, packed, others = _arguments(written)
    session = Session.builder.configs({**SnowflakeLoginOptions(), "client_session_keep_alive": True}).create()
    if "RAY_ADDRESS" in os.environ:
        _begin_cluster()
        launcher.CHECK_INTERVAL = _LOOK_SECONDS
    else:
        _do_without_cluster(launcher)
    if index:  # the result is the first instance's
        launcher.JOB_RESULT_PATH = str(Path(os.environ["HOME"]) / f"result-{index}")
    given, named = launcher._load_function_args(session, packed) if packed else (tuple(others), {})
    launcher.main(entrypoint, session, given, named, function)


def _begin_cluster() -> None:
    """Start the head's node and wait until others can join it."""
    node = subprocess.Popen([sys.executable, "-P", str(_NODE)], stdin=subprocess.DEVNULL)
    host, _, port = os.environ["RAY_ADDRESS"].rpartition(":")
    while True:
        with contextlib.suppress(OSError), socket.create_connection((host, int(port))):
            return
        if node.poll() is not None:
            sys.exit(f"Ray's node ended with code {node.returncode}")
        time.sleep(_LOOK_SECONDS)


def _do_without_cluster(launcher: Any) -> None:
    """Let the launcher look for no cluster; the payload may import Ray, if it is installed, and begin one."""
    sys.modules["ray"] = None  # type: ignore[assignment]
    launcher.wait_for_instances = lambda *_, **__: sys.modules.pop("ray")


def _record(index: int, error: BaseException | None) -> None:
    """How an instance of a job that runs on all of them ended, where the client looks for it."""
    path = Path(os.environ["MLRS_STAGE_RESULT_PATH"]) / "instances" / f"{index}.json"
    path.parent.mkdir(exist_ok=True)
    record = {"exit_code": _status(error), "ended_at": time.time(), "exc": _described(error)}
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(record))
    unfinished.replace(path)


def _status(error: BaseException | None) -> int:
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    return int(error is not None)


def _described(error: BaseException | None) -> dict[str, str] | None:
    if error is None or isinstance(error, SystemExit):
        return None
    kind = type(error)
    trace = "".join(traceback.format_tb(error.__traceback__))
    return {
        "type": f"{kind.__module__}.{kind.__name__}",
        "message": str(error),
        "repr": repr(error),
        "traceback": trace,
    }


def main() -> None:
    """Run the entrypoint; the process fails as it fails."""
    _installed_only()
    _check_requirements(Path("requirements.txt"))
    index = int(os.environ["SNOWFLAKE_JOB_INDEX"])
    error: BaseException | None = None
    try:
        _run(sys.argv[1:], index)
    except BaseException as failed:
        error = failed
        raise
    finally:
        if os.environ.get("MLRS_LAUNCH_BACKEND") == "passthrough":
            _record(index, error)


if __name__ == "__main__":
    main()
