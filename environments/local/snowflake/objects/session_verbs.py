"""USE, SET, ALTER SESSION: what changes a session."""
