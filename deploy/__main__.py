"""`python -m deploy <verb> --env <environment>`."""

import sys

from deploy.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
