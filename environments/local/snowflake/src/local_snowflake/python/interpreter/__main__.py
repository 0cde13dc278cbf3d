"""`python -I interpreter <socket>`: the zygote, started as a folder: the project around it is out of its reach."""

import sys
from pathlib import Path

if __name__ == "__main__":
    here = str(Path(__file__).parent.parent)
    sys.path.insert(0, here)
    from interpreter.zygote import main

    sys.path.remove(here)
    main(int(sys.argv[1]))
