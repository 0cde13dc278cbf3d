"""The Ray node of an instance, where a job has several: the first one's is the head, the others' join it.

The images that the client library asks for do the same: its start_mlruntime.sh calls `ray start` on every instance.
https://docs.snowflake.com/en/developer-guide/snowflake-ml/ml-jobs/head-worker-execution
"""

import json
import os
import sys

_ADDRESS = "127.0.0.1"
_STORE_BYTES = 200_000_000  # Ray's own choice is a third of the machine's memory, for each node


def arguments(index: int, address: str, folder: str, service: str) -> list[str]:
    """What `ray start` is told; the node has one CPU of its own.

    Args:
        index: the instance's.
        address: the head's host and port.
        folder: where Ray keeps its logs and sockets; their paths must be short.
        service: the job's name, a resource of the nodes that are not the head.

    """
    head = ["--head", f"--port={address.rpartition(':')[2]}", f"--temp-dir={folder}", "--include-dashboard=false"]
    resources = {service: 1, "node_tag:worker": 1} if index else {"node_tag:head": 1}
    return [
        *("start", "--block", "--disable-usage-stats", "--num-cpus=1", "--min-worker-port=0", "--max-worker-port=0"),
        *([f"--address={address}"] if index else head),
        f"--node-ip-address={_ADDRESS}",
        f"--object-store-memory={_STORE_BYTES}",
        f"--resources={json.dumps(resources)}",
    ]


def main() -> None:
    """Run the node of the instance whose variables these are, until it is ended."""
    # The address is for those who look for the cluster, not for the one that begins it.
    address = os.environ.pop("RAY_ADDRESS")
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "1"
    from ray._private import services
    from ray.scripts import scripts

    # Ray takes a machine's outer address for 127.0.0.1, and would listen there: for everybody, and without a password.
    services.node_ip_address_from_perspective = lambda *_: _ADDRESS
    index, service = int(os.environ["SNOWFLAKE_JOB_INDEX"]), os.environ["SNOWFLAKE_SERVICE_NAME"]
    scripts.cli(arguments(index, address, os.environ["RAY_TMPDIR"], service))


if __name__ == "__main__":
    sys.exit(main())
