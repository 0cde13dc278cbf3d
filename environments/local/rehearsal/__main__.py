"""`python -m environments.local.rehearsal`: play the whole delivery on this machine; `make rehearse` calls it."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import NoReturn

from . import delivery, screen
from .checkout import Checkout
from .errors import RehearsalError
from .server import Server
from .story import Stage, Told

_PROJECT = Path(__file__).parents[3]
_FOLDER = _PROJECT / ".local"


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make rehearse", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the server running and say how to connect")
    parser.add_argument("--port", type=int, default=0, help="the server's port (default: a free one)")
    parser.add_argument("--scale", type=float, default=0.01, help="scale factor of the sample data (default: 0.01)")
    parser.add_argument("--report", type=Path, default=_FOLDER / "rehearsal.html", help="where the report goes")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON; progress goes to stderr")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    """Play the story; 0 only if every step did what it should."""
    arguments = _arguments(argv)
    signal.signal(signal.SIGTERM, _stop)
    show = screen.Screen(to_stderr=arguments.json)
    scratch = Path(tempfile.mkdtemp(prefix="rehearsal-"))
    try:
        home = _fresh(_FOLDER / "rehearsal") if arguments.keep else scratch / "account"
        return _play(arguments, show, scratch, home)
    except RehearsalError as error:
        show.failed(str(error))
        return 1
    except KeyboardInterrupt:
        show.failed("interrupted; nothing is left behind")
        return 130
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _play(arguments: argparse.Namespace, show: screen.Screen, scratch: Path, home: Path) -> int:
    start = time.monotonic()
    show.announce("Start the local Snowflake")
    server = Server.start(home, arguments.port, arguments.scale)
    kept = False
    try:
        delivery.preload()
        show.report(f"http://127.0.0.1:{server.port}, the clients are loaded", time.monotonic() - start)
        checkout = Checkout.copy(_PROJECT, scratch / "checkout")
        keys = {name: delivery.KeyPair.generate() for name in ("dev", "prod")}
        stage = Stage(checkout, delivery.Deployer(checkout.folder, server, keys), Told())
        stage.tell(show.announce, show.report)
        _conclude(arguments, show, stage, time.monotonic() - start)
        kept = arguments.keep
    finally:
        server.stay() if kept else server.stop()
    if kept:
        show.connect(server)
    return 0


def _conclude(arguments: argparse.Namespace, show: screen.Screen, stage: Stage, seconds: float) -> None:
    from . import findings, report

    found = findings.collect(stage, seconds)
    report.write(arguments.report, found)
    show.summary(found, arguments.report)
    if arguments.json:
        print(found.to_json())


def _fresh(folder: Path) -> Path:
    """The folder, empty; unless a server that was kept still uses it."""
    holder = Server.holder(folder)
    if holder:
        raise RehearsalError(f"the server of an earlier rehearsal still runs\nnext: kill {holder}")
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def _stop(*_: object) -> NoReturn:
    # As Ctrl-C does: the server is stopped and the scratch folder goes.
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
