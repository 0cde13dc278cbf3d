"""Which privileges there are on which kind of object.

https://docs.snowflake.com/en/user-guide/security-access-control-privileges
"""

_CREATED_IN_SCHEMAS = (
    "TABLE", "VIEW", "DYNAMIC TABLE", "MATERIALIZED VIEW", "STAGE", "FILE FORMAT", "SEQUENCE", "PROCEDURE", "FUNCTION",
    "TASK", "STREAM", "TAG", "MODEL", "MODEL MONITOR", "DATASET", "SERVICE", "NOTEBOOK",
    "NOTEBOOK PROJECT", "ALERT", "SECRET",
    "IMAGE REPOSITORY", "MASKING POLICY", "ROW ACCESS POLICY", "NETWORK RULE", "EXPERIMENT", "AUTHENTICATION POLICY",
    "TEMPORARY TABLE", "GIT REPOSITORY", "TASK GRAPH", "SNAPSHOT", "STREAMLIT", "GATEWAY",
)  # fmt: skip
RENAMED = {"CREATE CODE BUNDLE": "CREATE NOTEBOOK PROJECT"}
"""A privilege by its new name, and as it is kept: https://docs.snowflake.com/en/sql-reference/sql/create-code-bundle."""

ON: dict[str, frozenset[str]] = {
    "ACCOUNT": frozenset(
        {
            "CREATE DATABASE", "CREATE ROLE", "CREATE USER", "CREATE WAREHOUSE", "CREATE COMPUTE POOL",
            "CREATE INTEGRATION", "CREATE NETWORK POLICY", "EXECUTE TASK", "EXECUTE MANAGED TASK", "EXECUTE ALERT",
            "MANAGE GRANTS", "MANAGE WAREHOUSES", "MONITOR", "MONITOR EXECUTION", "MONITOR USAGE", "APPLY TAG",
            "APPLY MASKING POLICY", "APPLY ROW ACCESS POLICY", "BIND SERVICE ENDPOINT", "IMPORT SHARE",
            "APPLY AUTHENTICATION POLICY", "ATTACH POLICY", "VIEW LINEAGE",
        }
    ),
    "DATABASE": frozenset({"USAGE", "MODIFY", "MONITOR", "CREATE SCHEMA", "CREATE DATABASE ROLE", "APPLYBUDGET"}),
    "SCHEMA": frozenset({"USAGE", "MODIFY", "MONITOR"} | {f"CREATE {kind}" for kind in _CREATED_IN_SCHEMAS}),
    "TABLE": frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "EVOLVE SCHEMA"}),
    "VIEW": frozenset({"SELECT", "REFERENCES"}),
    "DYNAMIC TABLE": frozenset({"SELECT", "OPERATE", "MONITOR"}),
    "STREAM": frozenset({"SELECT"}),
    "STAGE": frozenset({"READ", "WRITE", "USAGE"}),
    "FILE FORMAT": frozenset({"USAGE"}),
    "PROCEDURE": frozenset({"USAGE"}),
    "FUNCTION": frozenset({"USAGE"}),
    "MODEL": frozenset({"USAGE", "READ"}),
    "MODEL MONITOR": frozenset({"MODIFY"}),
    "EXPERIMENT": frozenset({"USAGE", "MODIFY"}),
    "DATASET": frozenset({"USAGE"}),
    "TASK": frozenset({"MONITOR", "OPERATE"}),
    "TASK GRAPH": frozenset({"MONITOR", "OPERATE"}),
    "TAG": frozenset({"APPLY", "READ"}),
    "NOTEBOOK PROJECT": frozenset({"USAGE"}),
    "MASKING POLICY": frozenset({"APPLY"}),
    "ROW ACCESS POLICY": frozenset({"APPLY"}),
    "SERVICE": frozenset({"USAGE", "OPERATE", "MONITOR"}),
    "GATEWAY": frozenset({"USAGE", "MODIFY"}),
    "WAREHOUSE": frozenset({"USAGE", "OPERATE", "MODIFY", "MONITOR", "APPLYBUDGET"}),
    "COMPUTE POOL": frozenset({"USAGE", "OPERATE", "MODIFY", "MONITOR"}),
    "INTEGRATION": frozenset({"USAGE", "USE_ANY_ROLE"}),
    "ROLE": frozenset({"USAGE"}),
    "USER": frozenset({"MONITOR"}),
}  # fmt: skip


def valid(kind: str, privilege: str) -> bool:
    """Whether the privilege exists for the kind; every kind can be owned."""
    return privilege in {"OWNERSHIP", "ALL"} or privilege in ON.get(kind, ())
