"""`python -m deploy <verb>`."""

import os
import sys
import threading

from deploy.cli import main

if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    if threading.active_count() > 1:
        os._exit(code)  # a request that nobody waits for any more must not keep the process
    sys.exit(code)
