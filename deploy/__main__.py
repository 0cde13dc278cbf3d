"""`python -m deploy <verb>`."""

import gc
import os
import sys
import threading

from deploy.verbs.cli import main

# The connector imports pandas wherever it is installed, for results as data frames: half a second of each command.
# These verbs ask for none; the others run dag/dag.py, which may.
_WITHOUT_PANDAS = ("bootstrap", "upload", "smoke", "rollback", "status", "model", "teardown", "sweep", "gc")

if __name__ == "__main__":
    # snowflake.core makes so many objects when it is imported that looking for garbage among them takes a second.
    gc.disable()
    if sys.argv[1:2] and sys.argv[1] in _WITHOUT_PANDAS:
        sys.modules["pandas"] = None  # type: ignore[assignment]
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    if threading.active_count() > 1:
        os._exit(code)  # a request that nobody waits for any more must not keep the process
    gc.freeze()
    sys.exit(code)
