"""How many nodes of a compute pool the instances of services take: a whole one each, or the CPUs that they ask for.

https://docs.snowflake.com/en/developer-guide/snowpark-container-services/instance-families
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from ..kernel.errors import invalid
from ..kernel.parts import Part

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..kernel.account import Account

# vCPUs of a node by instance family, of all clouds (pages instance-families-aws, -azure and -gcp of 2026-11); the least
# where they differ.
CPUS = {
    "CPU_X64_XS": 1, "CPU_X64_S": 3, "CPU_X64_M": 6, "CPU_X64_SL": 14, "CPU_X64_L": 28,
    "HIGHMEM_X64_S": 6, "HIGHMEM_X64_M": 28, "HIGHMEM_X64_L": 124, "HIGHMEM_X64_SL": 60,
    "GEN_X64_G2_2": 1, "GEN_X64_G2_4": 3, "GEN_X64_G2_8": 6, "GEN_X64_G2_16": 14, "GEN_X64_G2_32": 28,
    "GEN_ARM_G1_2": 1, "GEN_ARM_G1_4": 3, "GEN_ARM_G1_8": 6, "GEN_ARM_G1_16": 14, "GEN_ARM_G1_32": 28,
    "MEM_X64_G2_8": 6, "MEM_X64_G2_32": 28, "MEM_X64_G2_64": 60, "MEM_X64_G2_96": 92, "MEM_X64_G2_192": 188,
    "GPU_NV_XS": 3, "GPU_NV_S": 6, "GPU_NV_M": 44, "GPU_NV_L": 92, "GPU_NV_SM": 32, "GPU_NV_2M": 68, "GPU_NV_3M": 44,
    "GPU_NV_SL": 92, "GPU_L40S_G1_8": 6, "GPU_L40S_G1_16": 14, "GPU_L40S_G1_48": 44, "GPU_L40S_G1_192": 188,
    "GPU_R6K_G1_8": 6, "GPU_R6K_G1_16": 14, "GPU_R6K_G1_32": 28, "GPU_R6K_G1_48": 44, "GPU_R6K_G1_96": 92,
    "GPU_R6K_G1_192": 188, "GPU_GCP_NV_L4_1_24G": 6, "GPU_GCP_NV_L4_4_24G": 44, "GPU_A100_G1_12": 10,
    "GPU_A100_G1_48": 44, "GPU_GCP_NV_A100_8_40G": 92,
}  # fmt: skip


class Tenant(Part, ABC):
    """What takes nodes of compute pools: jobs, and services of models.

    Attributes:
        counted: the column of SHOW COMPUTE POOLS that has their number.

    """

    counted = ""

    @abstractmethod
    def nodes(self, pool: str) -> int:
        """How many nodes of a pool they take."""

    @abstractmethod
    def number(self, pool: str) -> int:
        """How many of them have nodes of a pool."""


def taken(account: Account, pool: str) -> int:
    """How many nodes of a pool are taken."""
    return sum(tenant.nodes(pool) for tenant in account.parts.of(Tenant))


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
