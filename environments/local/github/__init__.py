"""The local GitHub: what a laptop lacks to run the real workflow files."""
