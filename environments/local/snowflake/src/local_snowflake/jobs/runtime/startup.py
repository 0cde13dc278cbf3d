"""The first process of an instance that is a fresh Python: it starts the payload, and ends it when the server is gone.

Its standard input is a socket that the server holds: when it closes, the whole process group ends, however the server
ended. An instance that only lends its node to the first one has nothing to run: it waits for that end.
"""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

_LAUNCHER, _NODE = (Path(__file__).with_name(name) for name in ("launcher.py", "node.py"))


def _end_with_server() -> None:
    """Wait for the end of the input, then end this process and all that it started."""
    sys.stdin.read()
    os.killpg(0, signal.SIGKILL)


def main() -> int:
    """Run the launcher with this process' arguments; its exit status."""
    index = int(os.environ["SNOWFLAKE_JOB_INDEX"])
    if index and os.environ.get("MLRS_LAUNCH_BACKEND") != "passthrough":
        print("Worker node started. See more logs in the head node.", flush=True)
        node = subprocess.Popen([sys.executable, "-P", str(_NODE)], stdin=subprocess.DEVNULL)
        sys.stdin.read()
        node.kill()  # what it started ends with it
        return 0
    threading.Thread(target=_end_with_server, daemon=True).start()
    command = [sys.executable, "-P", str(_LAUNCHER), *sys.argv[1:]]
    status = subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    # Not sys.exit: the thread is inside of a read.
    status = main()
    sys.stdout.flush()
    os._exit(status)
