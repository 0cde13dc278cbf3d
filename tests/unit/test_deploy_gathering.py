"""Many reads in one block: each is a text within its own handler, so that none keeps the others from being parsed."""

import re
from pathlib import Path

import pytest

from deploy.account import gathering
from deploy.account.gathering import Filtered, Unread
from deploy.cleanup import gc
from deploy.plan import deployed
from ml_pipeline import config

DEV = config.load("dev", Path(__file__).parents[1] / "environments")
ROOT = DEV.graph.name
READS = {"plain": "SHOW NO SUCH THING", "quoted": r"SELECT 'it''s \\ x'", "kept": Filtered("SHOW ODD ONES", "k", "v")}


def with_backend(backend):
    return DEV.changed(deploy={"backend": backend})


def parsed_with_the_block(text):
    """The block without its string constants: what has to parse on every account."""
    return re.sub(r"'(?:[^'\\]|''|\\.)*'", "''", text)


def test_no_read_is_a_statement_of_the_block_itself():
    block = gathering.block(READS)
    left = parsed_with_the_block(block)
    assert not re.search(r"\b(SHOW|THING|ODD)\b", left)
    assert left.count("EXECUTE IMMEDIATE ''") == len(READS)


def test_each_read_is_within_a_handler_of_its_own():
    lines = [line.strip() for line in gathering.block(READS).splitlines()]
    reads = [number for number, line in enumerate(lines) if line.startswith("EXECUTE IMMEDIATE")]
    assert all(lines[number - 1] == "BEGIN" for number in reads)
    assert sum(line.startswith("EXCEPTION WHEN OTHER THEN") for line in lines) == len(reads)


@pytest.mark.parametrize(("backend", "asks"), [("classic", False), ("task_graph", True), ("auto", True)])
def test_only_a_backend_that_may_use_task_graph_objects_asks_for_them(backend, asks):
    for statements in (deployed.statements(with_backend(backend), [ROOT]), gc._reads(with_backend(backend))):
        asked = [name for name, read in statements.items() if "TASK GRAPH" in read or "TASK_GRAPH_CHANGES" in read]
        assert asked == (["graphs", f"staged_{ROOT}"] if asks else [])


def root(text):
    return {"tasks": [{"name": ROOT, "config": text}]}


@pytest.mark.parametrize(
    ("found", "asked"),
    [
        ({"tasks": []}, False),
        ({"tasks": Unread(2003, "02000", "no schema")}, False),
        (root('{"release": "ab"}'), False),
        (root(None), True),
        (root(""), True),
    ],
)
def test_the_classic_backend_asks_only_where_the_root_does_not_say_its_release(found, asked):
    """As the root of a graph that an object holds: the object says it."""
    gathered = []

    def gather(**reads):
        gathered.extend(reads)
        return {name: Unread(1003, "42000", "syntax error") for name in reads}

    complete = deployed.complete(with_backend("classic"), found, gather, [ROOT])
    assert gathered == (["graphs"] if asked else [])
    assert complete.keys() == {"tasks", "graphs"}


@pytest.mark.parametrize("asked", [[], ["G"], ["G", "H"]])
def test_what_is_staged_is_asked_once_for_each_graph_that_an_object_holds(asked):
    gathered = []

    def gather(**reads):
        gathered.extend(reads)
        return {name: [] for name in reads}

    found = {"tasks": [], "graphs": [{"name": "G"}, {"name": "H"}, {"name": "OTHER"}]}
    found |= {f"staged_{name}": [] for name in asked}
    deployed.complete(with_backend("task_graph"), found, gather, ["G", "H", "NOT_THERE"])
    assert gathered == [f"staged_{name}" for name in ("G", "H") if name not in asked]


def test_a_read_that_does_not_parse_is_told_like_any_refusal():
    refused = gathering.part({"code": 1003, "state": "42000", "message": "syntax error"})
    assert isinstance(refused, Unread)
    assert not refused.missing
