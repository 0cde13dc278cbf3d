"""What these tests have in common: they ask the registry, which knows what `opening` gave it."""

import local_snowflake.opening  # noqa: F401 - its import is what counts
