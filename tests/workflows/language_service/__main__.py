"""Ask GitHub's own parser about the workflow files of the working directory; say so where that is not possible."""

import os
import subprocess
import sys

from tests.workflows import language_service

if not language_service.available():
    print(f"GitHub's own parser was not asked: there is no node >= {language_service.OLDEST_NODE}", file=sys.stderr)
    sys.exit(1 if os.environ.get("GITHUB_ACTIONS") else 0)
if not language_service.install():
    print("GitHub's own parser was not asked: npm could not install it (above)", file=sys.stderr)
    sys.exit(1 if os.environ.get("GITHUB_ACTIONS") else 0)
sys.exit(subprocess.run(language_service.command()).returncode)
