"""Run tests in several processes, forked when everything is imported and collected: `pytest -p tests.forks --forks 3`.

pytest-xdist does so too, but imports and collects in each of its processes: half a minute of work, most of it the
clients' imports. A file's tests run in one process, in their order; the next file goes to whoever is free.
"""

import json
import os
import selectors
import struct
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, BinaryIO

import coverage
import pytest

_NUMBER = struct.Struct("<H")


def pytest_addoption(parser: pytest.Parser) -> None:
    """--forks."""
    parser.addoption("--forks", type=int, default=0, help="run the tests in so many processes")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Let forks run what was collected, and report what they tell as if it had run here."""
    count = session.config.getoption("forks")
    if not count or session.config.option.collectonly or session.testsfailed:
        return None
    files = [list(items) for _, items in groupby(session.items, key=lambda item: item.path)]
    forks = _forked(session, files, count)
    with selectors.DefaultSelector() as selector:
        for fork in forks:
            selector.register(fork.told, selectors.EVENT_READ, fork)
        while selector.get_map():
            for key, _ in selector.select():
                if not key.data.report(session.config):
                    selector.unregister(key.fileobj)
    for fork in forks:
        os.waitpid(fork.pid, 0)
    return True


@dataclass
class Fork:
    """A process that runs files, and what it tells: a line of JSON for each report."""

    pid: int
    told: BinaryIO
    running: str = ""

    def report(self, config: pytest.Config) -> bool:
        """Hand on what it says; False at its end. One that dies has failed the test that it was at."""
        line = self.told.readline()
        said = json.loads(line) if line.endswith(b"\n") else {}
        if "running" in said:
            self.running = said["running"]
        elif said:
            report = config.hook.pytest_report_from_serializable(config=config, data=said)
            if isinstance(report.longrepr, list):  # why it was skipped: JSON knows no tuples
                report.longrepr = tuple(report.longrepr)
            config.hook.pytest_runtest_logreport(report=report)
        elif self.running:
            died = f"process {self.pid} ended in the middle of it"
            report = pytest.TestReport(self.running, (self.running, None, self.running), {}, "failed", died, "call")
            config.hook.pytest_runtest_logreport(report=report)
        return bool(said)


def _forked(session: pytest.Session, files: list[list[pytest.Item]], count: int) -> list[Fork]:
    # Whoever reads a number from the pipe has that file.
    reading, writing = os.pipe()
    os.write(writing, b"".join(_NUMBER.pack(number) for number in range(len(files))))
    os.close(writing)
    folder = session.config._tmp_path_factory.getbasetemp()
    forks = []
    for number in range(count):
        told, telling = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(told)
            session.config._tmp_path_factory._basetemp = folder / f"fork-{number}"
            (folder / f"fork-{number}").mkdir()
            _run(session, files, reading, telling)
        os.close(telling)
        forks.append(Fork(pid, os.fdopen(told, "rb")))
    os.close(reading)
    return forks


def _run(session: pytest.Session, files: list[list[pytest.Item]], reading: int, telling: int) -> None:
    """In the fork: run file after file, and end without ceremony. Does not return."""
    code = 1
    try:
        _become_worker(session.config, telling)
        items = _items(files, reading)
        item = next(items, None)
        while item is not None:
            following = next(items, None)
            _tell(telling, {"running": item.nodeid})
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            item = following
        _tell(telling, {"running": ""})
        if measuring := coverage.Coverage.current():
            measuring.stop()
            measuring.save()
        code = 0
    except BaseException:  # noqa: BLE001 - whatever it was, this process must end here
        traceback.print_exc()
    finally:
        os._exit(code)


def _become_worker(config: pytest.Config, telling: int) -> None:
    """Print nothing, capture in files of one's own, and tell the reports."""
    capturing = config.pluginmanager.getplugin("capturemanager")
    capturing.read_global_capture()
    capturing.stop_global_capturing()
    capturing.start_global_capturing()
    config.pluginmanager.unregister(name="terminalreporter")

    class Telling:
        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            _tell(telling, config.hook.pytest_report_to_serializable(config=config, report=report))

    config.pluginmanager.register(Telling(), "telling")


def _items(files: list[list[pytest.Item]], reading: int) -> Iterator[pytest.Item]:
    while number := os.read(reading, _NUMBER.size):
        yield from files[_NUMBER.unpack(number)[0]]


def _tell(telling: int, said: dict[str, Any]) -> None:
    line = json.dumps(said, default=str).encode() + b"\n"
    while line:
        line = line[os.write(telling, line) :]
