"""Describing a graph imports Snowflake's clients of other objects only when they are asked for."""

import subprocess
import sys

RENDER = """
import sys
from pathlib import Path
from deploy.graph.render import render
from ml_pipeline import config
graph = render(config.load("dev", Path("environments")), "d1g35t")
print(len(graph.tasks) > 10, "snowflake.core.database" in sys.modules)
"""
ROOT = """
from unittest.mock import MagicMock
from snowflake.core import Root
session = MagicMock()
session._conn._conn.rest = None
made = [Root(session) for _ in range(2)]
print(type(made[1]).__module__, hasattr(made[1], "databases"), type(made[0]) is type(made[1]))
"""


def printed(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split("\n")


def test_a_graph_is_described_without_the_clients_of_other_objects():
    assert printed(RENDER)[0] == "True False"


def test_a_root_is_snowflakes_own_for_who_asks_for_one():
    assert printed(RENDER + ROOT)[1] == "snowflake.core._root True True"


def test_what_else_its_module_has_is_snowflakes_own_too():
    other = "from snowflake.core._root import AccountCollection\nprint(AccountCollection.__module__)"
    assert printed(RENDER + other)[1] == "snowflake.core.account"
