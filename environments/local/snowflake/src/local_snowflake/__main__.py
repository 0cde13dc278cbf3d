"""`local-snowflake --home DIR --port PORT`: start the local Snowflake."""

import argparse
import gc
import os
import shutil
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import uvicorn

RECORD = "SNOWFLAKE_LOCAL_RECORD"
# So many objects are made, and not unmade, before the garbage collector looks.
_GARBAGE = 20_000
_LEAST_BYTES = 1_000_000  # with less of the disk no account opens


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="local-snowflake", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="the folder that holds the account")
    parser.add_argument("--port", type=int, default=0, help="the port to listen on; 0: a free one, which is printed")
    parser.add_argument("--scale", type=float, default=1.0, help="scale factor of TPCH_SF1 (default: 1)")
    parser.add_argument(
        "--http-issuers", action="store_true", help="take tokens of OpenID Connect issuers at http://127.0.0.1, too"
    )
    parser.add_argument("--profile", help="what the account has: a name or a TOML file, as the README lists them")
    parser.add_argument(
        "--cold-python", action="store_true", help="start the Python of procedures with the first call, not before"
    )
    parser.add_argument(
        "--record",
        type=Path,
        default=os.environ.get(RECORD) or None,
        help=f"a file to write each statement to that clients send (default: ${RECORD})",
    )
    parser.add_argument(
        "--until-stdin-closes", action="store_true", help="stop when standard input ends, unless it said 'stay'"
    )
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    """Serve until SIGINT or SIGTERM; 1 when the folder or the port is taken."""
    arguments = _arguments(argv)
    # Imported late: a typing mistake is answered at once.
    from .kernel.errors import SnowflakeError
    from .kernel.profile import ProfileError
    from .kernel.recording import Recorder
    from .kernel.repair import HomeError
    from .opening import begin, opened

    try:
        listener = socket.create_server(("127.0.0.1", arguments.port))
        # asyncio does this only for sockets that it made: without it each answer waits 40 ms for an acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        account = opened(
            arguments.home, arguments.scale, profile=arguments.profile, http_issuers=arguments.http_issuers
        )
        account.recorder = Recorder(arguments.record) if arguments.record else None
    except ProfileError as error:
        return _fail(f"--profile {arguments.profile}: {error}")
    except SnowflakeError as error:
        return _fail(error.message)
    except BlockingIOError:
        return _fail(f"{arguments.home} is in use by another local Snowflake. Stop it, or pass another --home.")
    except (HomeError, OSError) as error:
        return _fail(_unusable(error, arguments.home, arguments.port))
    # Imported now: DuckDB is still busy with the new account.
    import uvicorn

    from .http.server import application

    port = listener.getsockname()[1]
    begin(account, f"http://127.0.0.1:{port}", warm=not arguments.cold_python)
    server = uvicorn.Server(uvicorn.Config(application(account), log_level="warning", timeout_graceful_shutdown=2))
    for ending in (signal.SIGINT, signal.SIGTERM):
        # It may come before uvicorn listens for it. uvicorn raises it again once it has stopped; by then there is only
        # the account to close.
        signal.signal(ending, lambda *_: setattr(server, "should_exit", True))
    # Looking for garbage among the modules, after every few trees of a statement, would take a twentieth of its time.
    gc.freeze()
    gc.set_threshold(_GARBAGE)
    if arguments.until_stdin_closes:
        threading.Thread(target=_watch_stdin, args=(server,), daemon=True).start()
    print(_welcome(port, account.home), flush=True)
    try:
        server.run(sockets=[listener])
    finally:
        account.close()
    return 0


def _watch_stdin(server: "uvicorn.Server") -> None:
    """Whoever started the server holds the other end: when that ends, so does the server."""
    for line in sys.stdin:
        if line.strip() == "stay":
            return
    server.should_exit = True


def _welcome(port: int, home: Path) -> str:
    from .kernel.passwords import FILE

    return (
        f"Local Snowflake ready: http://127.0.0.1:{port}\n"
        f"  account=local host=127.0.0.1 port={port} protocol=http user=ADMIN password=$(cat {home / FILE})"
    )


def _unusable(error: Exception, home: Path, port: int) -> str:
    """What the start of an account met, and what to do. On a full disk every file looks torn, and none is to go."""
    existing = next(folder for folder in (home, *home.absolute().parents) if folder.exists())
    if shutil.disk_usage(existing).free < _LEAST_BYTES:
        return f"The disk that holds {home} is full. Make room, and start again."
    if not isinstance(error, OSError):
        what = str(error)
    elif error.filename:
        what = f"{error.filename} cannot be used: {error.strerror}."
    else:
        return f"port {port} cannot be used: {error}. Pass another --port (0 finds a free one)."
    return f"{what}\nPass another --home, or delete {home} to begin with an empty account."


def _fail(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 1


def run() -> None:
    """The command `local-snowflake`."""
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # Everything is closed; DuckDB's bindings would only print pages about objects left at the interpreter's end.
    os._exit(code)


if __name__ == "__main__":
    run()
