"""How many nodes of a compute pool the instances of services take: a whole one each, or the CPUs that they ask for.

https://docs.snowflake.com/en/sql-reference/sql/create-compute-pool
"""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import invalid

# vCPUs of a node, by instance family; of another family, an instance takes a whole node.
CPUS = {
    "CPU_X64_XS": 1, "CPU_X64_S": 3, "CPU_X64_SL": 14, "CPU_X64_M": 6, "CPU_X64_L": 28, "HIGHMEM_X64_S": 6,
    "HIGHMEM_X64_M": 28, "HIGHMEM_X64_L": 124,
}  # fmt: skip


def share(family: str, cpus: float | None) -> float:
    """The part of a node that an instance takes.

    Raises:
        SnowflakeError: 001008 when no node of the family has as many CPUs.

    """
    whole = CPUS.get(family.upper())
    if cpus is None or whole is None:
        return 1.0
    if cpus > whole:
        raise invalid(f"An instance asks for {cpus:g} CPUs, a node of {family} has {whole}.")
    return cpus / whole


def nodes(shares: Iterable[float]) -> int:
    """How many nodes hold these parts of nodes: the largest first, each where it still fits."""
    left: list[float] = []
    for part in sorted(shares, reverse=True):
        at = next((i for i, free in enumerate(left) if free >= part - 1e-9), None)
        if at is None:
            left.append(1.0 - part)
        else:
            left[at] -= part
    return len(left)
