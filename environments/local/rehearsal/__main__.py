"""`python -m environments.local.rehearsal`: play the whole delivery on this machine; `make rehearse` calls it."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from deploy import chain
from environments.local.github.api import Api
from environments.local.github.oidc import Issuer

from . import delivery, screen
from .checkout import Checkout
from .direct import Direct
from .errors import RehearsalError
from .hosted import OnGitHub
from .hosting import Hosted
from .server import Server, without_proxy
from .story import Story, Told

_PROJECT = Path(__file__).parents[3]
_FOLDER = _PROJECT / ".local"
_PATIENCE_SECONDS = 1


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make rehearse", description=__doc__)
    parser.add_argument("--fast", action="store_true", help="the deployer's commands alone, without the workflow files")
    parser.add_argument("--until", metavar="STEP", help="end after this step, without a report, such as merge")
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
    os.environ.update(without_proxy())  # its own requests, and those of the processes that it starts
    show = screen.Screen(to_stderr=arguments.json)
    scratch = Path(tempfile.mkdtemp(prefix="rehearsal-"))
    try:
        (Direct if arguments.fast else OnGitHub).expect_step(arguments.until)
        home = _fresh(_FOLDER / "rehearsal") if arguments.keep else scratch / "account"
        if not arguments.keep:  # what its processes leave goes with the scratch folder
            os.environ["TMPDIR"] = tempfile.tempdir = str(scratch)
        return _play(arguments, show, scratch, home)
    except RehearsalError as error:
        show.failed(str(error))
        return 1
    except KeyboardInterrupt:
        show.failed("interrupted; nothing is left behind")
        return 130
    finally:
        _remove(scratch)


def _play(arguments: argparse.Namespace, show: screen.Screen, scratch: Path, home: Path) -> int:
    start = time.monotonic()
    show.announce("Start the local Snowflake")
    server = Server.start(home, arguments.port, arguments.scale)
    kept = ended = False
    try:
        delivery.preload()
        show.report(f"http://127.0.0.1:{server.port}, the clients are loaded", time.monotonic() - start)
        with _story(arguments, show, server, scratch) as story:
            story.tell(show.announce, show.report, arguments.until)
            _conclude(arguments, show, story, time.monotonic() - start)
        kept, ended = arguments.keep, True
    finally:
        server.stay() if kept else server.stop() if ended else server.kill()
    if kept:
        show.connect(server)
    return 0


@contextmanager
def _story(arguments: argparse.Namespace, show: screen.Screen, server: Server, scratch: Path) -> Iterator[Story]:
    """The story that was asked for, and what it needs while it is told."""
    checkout = Checkout.copy(_PROJECT, scratch / "checkout")
    keys = {name: delivery.KeyPair.generate() for name in chain.read(checkout.folder / "environments").all}
    if arguments.fast:
        yield Direct(checkout, delivery.Deployer(checkout.folder, server, keys), Told())
        return
    with Issuer() as issuer, Api(token=secrets.token_hex(20)) as api:
        trusted = ("--subject-prefix", issuer.repository.subject_prefix, "--issuer", issuer.address)
        hosted = Hosted(checkout, scratch / "github", server, issuer, api, show.job)
        yield OnGitHub(checkout, delivery.Deployer(checkout.folder, server, keys, trusted), Told(), hosted)


def _conclude(arguments: argparse.Namespace, show: screen.Screen, story: Story, seconds: float) -> None:
    from . import findings, report

    values = story.told.to_dict()
    if not arguments.until:
        found = findings.collect(story, seconds)
        report.write(arguments.report, found)
        show.summary(found, arguments.report)
        values = found.to_dict()
    if arguments.json:
        print(json.dumps(values, indent=2))


def _remove(folder: Path) -> None:
    """Remove the folder; where processes that are ending still write there, once they have ended."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while folder.exists() and time.monotonic() < end:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0 if not folder.exists() else 0.05)


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
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # an orderly exit collects all that the clients have loaded, for a second or more
