"""The commands of `python -m deploy`."""
