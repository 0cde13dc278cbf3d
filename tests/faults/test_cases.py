"""The harness: it shows what a delivery that went wrong left, and what the next command made of it."""

from functools import partial

from tests.faults import baseline
from tests.faults.cases import Case, Cases, Site
from tests.faults.observing import Observation
from tests.faults.rules import Fault, Request, Rule, statements


def write(site: Site, generation: str) -> str:
    """Write a generation into task A, then into task B."""
    import snowflake.connector

    with snowflake.connector.connect(**site.parameters) as connection:
        for name in ("A", "B"):
            text = f"CREATE OR REPLACE TASK {name} WAREHOUSE = COMPUTE_WH AS SELECT '{generation}'"
            connection.cursor().execute(text, _no_retry=True)
    return generation


def in_turn(fault: Fault) -> Case:
    """Old, then new with a fault at its second task, then newest."""
    old, new, newest = (partial(write, generation=name) for name in ("old", "new", "newest"))
    return Case(new, Rule(fault, at=1, selects=second_task), prepare=old, recover=newest)


def second_task(request: Request) -> bool:
    return statements(request) and " B " in request.words


def generations(found: Observation) -> list[str]:
    return [found.tasks[name]["definition"].split("'")[1] for name in ("A", "B")]


def test_a_case_shows_the_schema_before_between_and_after(cases: Cases) -> None:
    outcome = cases.run(in_turn(Fault.REFUSE))
    assert generations(outcome.before) == ["old", "old"]
    assert "RemoteDisconnected" in outcome.delivered.error
    assert generations(outcome.between) == ["new", "old"]
    assert outcome.recovered.value == "newest"
    assert generations(outcome.after) == ["newest", "newest"]


def test_what_was_on_its_way_when_the_caller_was_killed_arrives_after_the_recovery(cases: Cases) -> None:
    outcome = cases.run(in_turn(Fault.LATE))
    assert outcome.delivered.killed
    assert generations(outcome.between) == ["new", "old"]
    assert generations(outcome.after) == ["newest", "new"]


def test_equal_graphs_in_different_schemas_are_equal(cases: Cases) -> None:
    one, other = cases.sweep([Case(partial(baseline.deploy, tasks=3, generation="new"))] * 2)
    assert one.after.deployed == other.after.deployed
    assert one.after.started == {"G", "G$T1", "G$T2"}


def test_snowflakes_own_deployer_leaves_a_broken_graph_when_it_is_killed(cases: Cases) -> None:
    found = baseline.kills(cases, tasks=2, step=4)
    assert found.broken > found.points / 2
    assert found.broken_after_repeating == 0
