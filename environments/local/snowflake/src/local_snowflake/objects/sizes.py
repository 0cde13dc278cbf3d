"""Which properties of a warehouse go together, and the sizes that it can have.

https://docs.snowflake.com/en/sql-reference/sql/create-warehouse
https://docs.snowflake.com/en/user-guide/warehouses-multicluster
"""

from __future__ import annotations

from typing import Any

from ..kernel.errors import invalid

_SIZES = ("X-Small", "Small", "Medium", "Large", "X-Large", *(f"{n}X-Large" for n in range(2, 7)))
_WRITTEN = {name.upper().replace("-", ""): name for name in _SIZES} | {
    "XXLARGE": "2X-Large", "XXXLARGE": "3X-Large", **{f"X{n}LARGE": f"{n}X-Large" for n in range(2, 7)},
}  # fmt: skip
# So many clusters at most.
_CLUSTERS = dict(zip(_SIZES, (300, 300, 300, 160, 80, 40, 20, 10, 10, 10), strict=True))
# The smallest and the largest size of each constraint.
_CONSTRAINTS = {
    "STANDARD_GEN_1": ("X-Small", "6X-Large"), "STANDARD_GEN_2": ("X-Small", "4X-Large"),
    "MEMORY_1X": ("X-Small", "4X-Large"), "MEMORY_1X_X86": ("X-Small", "4X-Large"),
    "MEMORY_16X": ("Medium", "6X-Large"), "MEMORY_16X_X86": ("Medium", "4X-Large"),
    "MEMORY_64X": ("Large", "4X-Large"), "MEMORY_64X_X86": ("Large", "4X-Large"),
}  # fmt: skip
_SNOWPARK = "SNOWPARK-OPTIMIZED"


def size(written: str) -> str:
    """The size as SHOW WAREHOUSES has it: 2X-Large for XXLARGE, X2LARGE and '2X-LARGE'."""
    return _WRITTEN[written.upper().replace("-", "")]


def check(warehouse: dict[str, Any]) -> None:
    """Refuse properties that do not go together.

    Args:
        warehouse: all that is set, by lower-case names.

    Raises:
        SnowflakeError: 001008 for cluster counts, 003543 for what another property excludes.

    """
    kind = str(warehouse.get("warehouse_type", "STANDARD")).upper()
    constraint = str(warehouse.get("resource_constraint") or ("MEMORY_16X" if kind == _SNOWPARK else "")).upper()
    chosen = warehouse.get("size") or ("Medium" if kind == _SNOWPARK else "X-Small")
    _check_clusters(warehouse, chosen)
    _check_constraint(kind, constraint, chosen)
    generation = warehouse.get("generation")
    if generation and (kind != "STANDARD" or constraint not in {"", f"STANDARD_GEN_{generation}"}):
        raise _excluded(f"GENERATION = '{generation}'", f"{kind} warehouse with RESOURCE_CONSTRAINT {constraint}")
    if kind == _SNOWPARK and warehouse.get("enable_query_acceleration"):
        raise _excluded("ENABLE_QUERY_ACCELERATION", f"{kind} warehouse")


def _check_clusters(warehouse: dict[str, Any], chosen: str) -> None:
    least, most = warehouse.get("min_cluster_count") or 1, warehouse.get("max_cluster_count") or 1
    if least > most:
        raise invalid(f"MIN_CLUSTER_COUNT ({least}) must not be greater than MAX_CLUSTER_COUNT ({most}).")
    if most > _CLUSTERS[chosen]:
        raise invalid(f"MAX_CLUSTER_COUNT of a {chosen} warehouse is at most {_CLUSTERS[chosen]}, not {most}.")


def _check_constraint(kind: str, constraint: str, chosen: str) -> None:
    if not constraint:
        return
    if constraint.startswith("MEMORY") != (kind == _SNOWPARK):
        raise _excluded(f"RESOURCE_CONSTRAINT = {constraint}", f"{kind} warehouse")
    smallest, largest = _CONSTRAINTS[constraint]
    if not _SIZES.index(smallest) <= _SIZES.index(chosen) <= _SIZES.index(largest):
        raise _excluded(f"RESOURCE_CONSTRAINT = {constraint}", f"{chosen} warehouse: {smallest} to {largest}")


def _excluded(what: str, of: str) -> Exception:
    return invalid(f"Invalid property combination: {what} cannot be set on a {of}.", "003543")
