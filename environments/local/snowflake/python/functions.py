"""Functions written in Python or SQL."""
