"""Describing a graph imports Snowflake's clients of other objects only when they are asked for."""

import json
import subprocess
import sys

import pytest

CODE = """
import json, sys
from pathlib import Path
from unittest.mock import MagicMock
from deploy.graph.render import render
from ml_pipeline import config
folder = Path("environments")
found = {"tasks": len(render(config.load(config.environments(folder)[0], folder), "d1g35t").tasks)}
found["imported"] = "snowflake.core.database" in sys.modules
from snowflake.core import Root
from snowflake.core._root import AccountCollection
session = MagicMock()
session._conn._conn.rest = None
roots = [Root(session) for _ in range(2)]
found["root"] = type(roots[1]).__module__, hasattr(roots[1], "databases"), type(roots[0]) is type(roots[1])
found["other"] = AccountCollection.__module__
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found():
    """What a process finds that describes a graph, and then asks for the clients."""
    return json.loads(subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True).stdout)


def test_a_graph_is_described_without_the_clients_of_other_objects(found):
    assert found["tasks"] > 1
    assert not found["imported"]


def test_a_root_is_snowflakes_own_for_who_asks_for_one(found):
    assert found["root"] == ["snowflake.core._root", True, True]


def test_what_else_its_module_has_is_snowflakes_own_too(found):
    assert found["other"].startswith("snowflake.core.account.")
