"""Services without their processes: nodes, and what becomes of them over a restart of the server."""

from collections.abc import Iterator

import pytest

from local_snowflake import opening
from local_snowflake.jobs import room
from local_snowflake.jobs.processes import Jobs
from local_snowflake.kernel.account import Account
from local_snowflake.kernel.catalogue import Object
from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.kernel.names import Name
from local_snowflake.services import running

MODEL = Name("D", "S", "M")


@pytest.mark.parametrize(
    ("shares", "nodes"), [([], 0), ([1, 1], 2), ([0.4, 0.4, 0.4], 2), ([0.6, 0.6, 0.6], 3), ([0.7, 0.5, 0.3, 0.5], 2)]
)
def test_instances_share_a_node_as_far_as_they_fit(shares, nodes):
    assert room.nodes(shares) == nodes


def test_an_instance_takes_a_whole_node_unless_it_asks_for_less():
    assert room.share("CPU_X64_M", None) == 1
    assert room.share("CPU_X64_M", 1.5) == 0.25
    assert room.share("GPU_NV_S", 3) == 0.5
    with pytest.raises(SnowflakeError, match="asks for 2 CPUs, a node of CPU_X64_XS has 1"):
        room.share("CPU_X64_XS", 2)


@pytest.fixture
def opened(tmp_path, monkeypatch) -> Iterator[Account]:
    """An account that another server left, with a pool and three services; no process is started."""

    def launch(account: Account, version: object, instance: running.Instance) -> str:
        instance.status = "READY"
        return ""

    monkeypatch.setattr(running, "launch", launch)
    monkeypatch.setattr(running.Services, "_version", lambda *_: None)
    account = opening.opened(tmp_path)
    pool = {"max_nodes": 2, "instance_family": "X", "state": "IDLE"}
    account.catalogue.add(Object("COMPUTE POOL", Name("", "", "P"), "R", pool))
    for name, status in (("ONE", "RUNNING"), ("TWO", "SUSPENDED"), ("THREE", "FAILED")):
        account.catalogue.add(Object("SERVICE", Name("D", "S", name), "R", left(status)))
    yield account
    account.close()


def left(status: str) -> dict[str, object]:
    return {
        "status": status, "instances": [], "serves": {"model": str(MODEL), "version": "V1", "id": "v"}, "cpus": None,
        "compute_pool": "P", "target_instances": 1, "min_instances": 0, "auto_suspend_secs": 300, "auto_resume": True,
    }  # fmt: skip


def status_of(account: Account, name: str) -> str:
    return account.catalogue.get("SERVICE", Name("D", "S", name)).properties["status"]


def settled(account: Account) -> dict[str, str]:
    with account[Jobs].changed:
        account[Jobs].changed.wait_for(lambda: status_of(account, "ONE") == "RUNNING", timeout=10)
    return {name: status_of(account, name) for name in ("ONE", "TWO", "THREE")}


def test_a_service_that_ran_is_started_again_with_the_server(opened):
    opened[running.Services].begin()
    assert settled(opened) == {"ONE": "RUNNING", "TWO": "SUSPENDED", "THREE": "FAILED"}
    assert opened[running.Services].nodes("P") == 1


def test_a_service_that_nobody_calls_is_suspended(opened):
    opened[running.Services].begin()
    settled(opened)
    opened[running.Services].rest()
    assert status_of(opened, "ONE") == "RUNNING"
    opened.catalogue.change("SERVICE", Name("D", "S", "ONE"), lambda o: o.with_properties(auto_suspend_secs=1e-9))
    opened[running.Services].rest()
    assert status_of(opened, "ONE") == "SUSPENDED"
    assert opened[running.Services].nodes("P") == 0
