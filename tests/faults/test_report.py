"""What `make faults` makes of points that went wrong: those that go wrong alone, too, are broken."""

import io

import pytest
from rich.console import Console

from tests.faults.__main__ import _A_FEW, _again
from tests.faults.points import SCENARIOS, TROUBLES, Point
from tests.faults.sweeps import Result


def result(at, *wrong):
    return Result(Point(SCENARIOS[0], TROUBLES[1], at, "again"), wrong, aborted=False, said="", seconds=1.0)


class Alone:
    """Workers for whom a point ends like this."""

    def __init__(self, *wrong):
        self.wrong, self.ran = wrong, []

    def run(self, points):
        self.ran += points
        return iter([result(point.at, *self.wrong) for point in points])


@pytest.mark.parametrize("wrong", [(), ("mixed",)])
def test_a_few_that_went_wrong_are_run_alone_and_that_counts(wrong):
    workers, printed = Alone(*wrong), io.StringIO()
    found = _again(workers, [result(1), result(2, "late")], Console(file=printed, width=200))
    assert [each.wrong for each in found] == [(), wrong]
    assert [point.at for point in workers.ran] == [2]
    assert ("mixed" if wrong else "converged") in printed.getvalue()


def test_many_that_went_wrong_are_broken():
    workers, many = Alone(), [result(at, "mixed") for at in range(_A_FEW + 1)]
    assert _again(workers, many, Console(file=io.StringIO())) == many
    assert workers.ran == []
