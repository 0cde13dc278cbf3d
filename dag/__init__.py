"""The task graph, and the same steps in one process."""
