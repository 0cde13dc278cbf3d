"""`python -m deploy <verb>`.

Each trick says what it is worth, measured with `status` and `plan` on two cores: remove one that is worth no more.
"""

import gc
import os
import sys
import threading

from deploy.verbs import cli, table

if __name__ == "__main__":
    # snowflake.core makes so many objects that looking for garbage among them takes 0.1 of 1.2 s of describing a graph.
    gc.disable()
    verb = table.VERBS.get("".join(sys.argv[1:2]))
    if verb and not verb.renders:
        # The connector imports pandas wherever it is, for data frames that nobody asks for: 0.2 of 0.8 s of `status`.
        sys.modules["pandas"] = None  # type: ignore[assignment]
    code = cli.main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    if threading.active_count() > 1:
        # A request that nobody waits for any more keeps the process: 2.5 s after a server that fell silent.
        os._exit(code)
    gc.freeze()
    sys.exit(code)
