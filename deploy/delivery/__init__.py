"""A release's way into an environment, and what is checked before its first write."""
