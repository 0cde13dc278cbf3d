"""The task graph as it is described, its properties, and the rules that it has to keep."""
