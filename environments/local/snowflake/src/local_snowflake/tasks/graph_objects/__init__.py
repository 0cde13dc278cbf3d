"""TASK GRAPH: the object that holds a graph's schedule and settings, and whose committed version runs."""
