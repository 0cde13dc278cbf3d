"""The graphs that dag.py describes, one by one, whether it returns one or several."""

from snowflake.core.task.dagv1 import DAG

from ml_pipeline.config import Environment


def graphs(environment: Environment, digest: str) -> tuple[DAG, ...]:
    """Return the graphs of a release, in the order of dag.py; for the arguments see `build` there."""
    from dag import dag

    described = dag.build(environment, digest)
    return (described,) if isinstance(described, DAG) else tuple(described)
