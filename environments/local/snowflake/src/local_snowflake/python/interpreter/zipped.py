"""The client's own library as an archive, which it puts beside each model that it logs: zipped once, not each time.

Where the account's channel lacks the client's version, the client zips all of `snowflake.ml` twice for each model, and
that takes most of the time that logging one takes.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any


def remember() -> None:
    """From now on, let this process, and those that it forks, zip the same package once."""
    from snowflake.ml._internal import file_utils

    file_utils.zip_python_package = _once(file_utils.zip_python_package)


def prepare() -> None:
    """Zip the library as the client will, so that processes that are forked now need not."""
    from snowflake.ml._internal import file_utils

    with tempfile.TemporaryDirectory() as folder:
        file_utils.zip_python_package(f"{folder}/library.zip", "snowflake.ml", exclude_dir_names=("experimental",))


def _once(make: Callable[..., None]) -> Callable[..., None]:
    made: dict[str, bytes] = {}

    def zipped(path: str, *arguments: Any, **options: Any) -> None:
        asked = repr((arguments, sorted(options.items())))
        if asked not in made:
            make(path, *arguments, **options)
            made[asked] = Path(path).read_bytes()
        Path(path).write_bytes(made[asked])

    return zipped
