"""Which privileges there are on which kind of object, and how they can be granted.

https://docs.snowflake.com/en/user-guide/security-access-control-privileges
https://docs.snowflake.com/en/sql-reference/sql/grant-privilege
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernel.errors import SnowflakeError, syntax_error, unsupported

if TYPE_CHECKING:
    from ..kernel.kinds import Kind

RENAMED = {"CREATE CODE BUNDLE": "CREATE NOTEBOOK PROJECT"}
"""A privilege by its new name, and as it is kept: https://docs.snowflake.com/en/sql-reference/sql/create-code-bundle."""

SERVICE_ROLE = "ALL_ENDPOINTS_USAGE"
"""Who may call a service: https://docs.snowflake.com/en/sql-reference/sql/grant-service-role."""

_CREATED_IN_SCHEMAS = (
    "AGENT", "AGGREGATION POLICY", "ALERT", "APPLICATION SERVICE", "ARTIFACT REPOSITORY", "AUTHENTICATION POLICY",
    "BACKUP POLICY", "BACKUP SET", "CONTACT", "CORTEX SEARCH SERVICE", "DATA METRIC FUNCTION", "DATA MOVEMENT POLICY",
    "DATA MOVEMENT RULE", "DATASET", "DBT PROJECT", "DYNAMIC TABLE", "EVENT TABLE", "EXPERIMENT", "EXTERNAL TABLE",
    "FILE FORMAT", "FUNCTION", "GATEWAY", "GIT REPOSITORY", "HYBRID TABLE", "ICEBERG TABLE", "IMAGE REPOSITORY",
    "INTERACTIVE TABLE", "MASKING POLICY", "MATERIALIZED VIEW", "MCP SERVER", "MODEL", "MODEL MONITOR", "NETWORK RULE",
    "NOTEBOOK", "ONLINE FEATURE TABLE", "PACKAGES POLICY", "PASSWORD POLICY", "PIPE", "PRIVACY POLICY", "PROCEDURE",
    "PROJECTION POLICY", "RESTRICTED SESSION SCOPE", "ROW ACCESS POLICY", "SECRET", "SEMANTIC VIEW", "SEQUENCE",
    "SERVICE", "SESSION POLICY", "SNAPSHOT", "SNAPSHOT POLICY", "SNAPSHOT SET", "STAGE", "STORAGE LIFECYCLE POLICY",
    "STREAM", "STREAMLIT", "TABLE", "TAG", "TASK", "TYPE", "VIEW", "WORKSPACE",
    # On no page of privileges, but on those of the objects: what the product's graphs and notebooks need.
    "TASK GRAPH", "NOTEBOOK PROJECT",
)  # fmt: skip
# Classes, whose instances are created in schemas; ALL PRIVILEGES leaves them out.
_CLASSES = (
    "SNOWFLAKE.CORE.BUDGET", "SNOWFLAKE.DATA_PRIVACY.CLASSIFICATION_PROFILE",
    "SNOWFLAKE.DATA_PRIVACY.CUSTOM_CLASSIFIER", "SNOWFLAKE.ML.ANOMALY_DETECTION", "SNOWFLAKE.ML.CLASSIFICATION",
    "SNOWFLAKE.ML.DOCUMENT_INTELLIGENCE", "SNOWFLAKE.ML.FORECAST", "SNOWFLAKE.ML.TOP_INSIGHTS",
)  # fmt: skip
_POLICIES_APPLIED = (
    "AGGREGATION", "AUTHENTICATION", "BACKUP", "DATA MOVEMENT", "FEATURE", "JOIN", "MASKING", "PACKAGES", "PASSWORD",
    "PRIVACY", "PROJECTION", "ROW ACCESS", "SESSION", "STORAGE LIFECYCLE",
)  # fmt: skip
# Global privileges that ACCOUNTADMIN grants: MANAGE GRANTS is not enough.
BY_ADMINISTRATORS = frozenset({
    "BIND SERVICE ENDPOINT", "CREATE ACCOUNT", "CREATE APPLICATION", "CREATE APPLICATION PACKAGE",
    "CREATE COMPUTE POOL", "CREATE DATA CONNECTIVITY PROXY", "CREATE DATABASE", "CREATE FAILOVER GROUP",
    "CREATE INTEGRATION", "CREATE LISTING", "CREATE NOTIFICATION INTEGRATION", "CREATE PREVIEW APPLICATION",
    "CREATE REPLICATION GROUP", "CREATE SHARE", "CREATE STORAGE INTEGRATION", "CREATE WAREHOUSE", "EXECUTE ALERT",
    "EXECUTE AUTO CLASSIFICATION", "EXECUTE MANAGED TASK", "EXECUTE TASK", "IMPORT ORGANIZATION USER GROUPS",
    "IMPORT SHARE", "MANAGE LISTING AUTO FULFILLMENT", "MANAGE WAREHOUSES", "MONITOR EXECUTION", "MONITOR USAGE",
    "READ SESSION", "READ UNREDACTED AI OBSERVABILITY EVENTS TABLE", "READ UNREDACTED ERROR TABLE",
})  # fmt: skip
_GLOBAL = BY_ADMINISTRATORS | {f"APPLY {policy} POLICY" for policy in _POLICIES_APPLIED} | {
    "APPLY BACKUP RETENTION LOCK", "APPLY CONTACT", "APPLY LEGAL HOLD", "APPLY SNAPSHOT RETENTION LOCK", "APPLY TAG",
    "ATTACH POLICY", "AUDIT", "CANCEL QUERY", "CREATE AGENT", "CREATE EXTERNAL ACCESS INTEGRATION",
    "CREATE EXTERNAL VOLUME", "CREATE FEATURE POLICY", "CREATE GATEWAY", "CREATE NETWORK POLICY",
    "CREATE ORGANIZATION LISTING", "CREATE ORGANIZATION PROFILE", "CREATE PROVISIONED THROUGHPUT", "CREATE ROLE",
    "CREATE SECURITY INTEGRATION", "CREATE USER", "EXECUTE DATA METRIC FUNCTION", "EXECUTE MANAGED ALERT",
    "IMPORT ORGANIZATION LISTING", "MANAGE ACCOUNT SUPPORT CASES", "MANAGE APPLICATION SPECIFICATIONS",
    "MANAGE CALLER GRANTS", "MANAGE CORTEX EXTENSION SECURITY SCAN", "MANAGE EVENT SHARING", "MANAGE GRANTS",
    "MANAGE ORGANIZATION ACCESS", "MANAGE ORGANIZATION SUPPORT CASES", "MANAGE SERVICE CALLER ACCESS",
    "MANAGE SHARE TARGET", "MANAGE USER SUPPORT CASES", "MANAGE VISIBILITY", "MODIFY EVENT TABLE",
    "MODIFY LOG EVENT LEVEL", "MODIFY LOG LEVEL", "MODIFY METRIC LEVEL", "MODIFY SESSION LOG EVENT LEVEL",
    "MODIFY SESSION LOG LEVEL", "MODIFY SESSION METRIC LEVEL", "MODIFY SESSION TRACE LEVEL", "MODIFY TRACE LEVEL",
    "MONITOR", "MONITOR CORTEX EXTENSIONS", "MONITOR ROLE", "MONITOR SECURITY", "MONITOR USER",
    "OVERRIDE SHARE RESTRICTIONS", "PURCHASE DATA EXCHANGE LISTING", "REPLICATE", "RESOLVE ALL", "USE AI FUNCTIONS",
    "VIEW LINEAGE",
}  # fmt: skip

# Kind to privileges: what ALL PRIVILEGES grants. A kind that is not here has none but OWNERSHIP.
ON: dict[str, frozenset[str]] = {
    "ACCOUNT": frozenset(_GLOBAL),
    "DATABASE": frozenset(
        {"APPLYBUDGET", "CREATE DATABASE ROLE", "CREATE SCHEMA", "EXECUTE AUTO CLASSIFICATION", "MODIFY", "MONITOR",
         "USAGE"}
    ),
    "SCHEMA": frozenset(
        {"ADD SEARCH OPTIMIZATION", "APPLYBUDGET", "EXECUTE AUTO CLASSIFICATION", "MODIFY", "MONITOR", "USAGE"}
        | {f"CREATE {kind}" for kind in _CREATED_IN_SCHEMAS}
    ),
    "TABLE": frozenset(
        {"APPLYBUDGET", "DELETE", "EVOLVE SCHEMA", "INSERT", "REFERENCES", "SELECT", "SELECT ERROR TABLE", "TRUNCATE",
         "UPDATE"}
    ),
    "VIEW": frozenset({"SELECT", "REFERENCES"}),
    "DYNAMIC TABLE": frozenset({"SELECT", "OPERATE", "MONITOR"}),
    "ONLINE FEATURE TABLE": frozenset({"SELECT", "MONITOR"}),
    "STREAM": frozenset({"SELECT"}),
    "STAGE": frozenset({"READ", "WRITE"}),  # USAGE is for external ones, which the local account does not have
    "FILE FORMAT": frozenset({"USAGE"}),
    "PROCEDURE": frozenset({"USAGE"}),
    "FUNCTION": frozenset({"USAGE"}),
    "MODEL": frozenset({"USAGE", "READ"}),
    "MODEL MONITOR": frozenset({"MODIFY"}),  # on no page: as its owner's role grants ALTER MODEL MONITOR
    "EXPERIMENT": frozenset({"USAGE", "MODIFY"}),
    "DATASET": frozenset({"USAGE"}),
    "TASK": frozenset({"APPLYBUDGET", "MONITOR", "OPERATE"}),
    "TASK GRAPH": frozenset({"MONITOR", "OPERATE"}),
    "TAG": frozenset({"APPLY", "READ"}),
    "NOTEBOOK PROJECT": frozenset({"USAGE"}),
    "MASKING POLICY": frozenset({"APPLY"}),
    "ROW ACCESS POLICY": frozenset({"APPLY"}),
    "AUTHENTICATION POLICY": frozenset({"APPLY"}),
    "NETWORK POLICY": frozenset({"USAGE"}),
    "SERVICE": frozenset({"DROP", "MONITOR", "OPERATE"}),
    "GATEWAY": frozenset({"USAGE", "MODIFY"}),
    "WAREHOUSE": frozenset({"APPLYBUDGET", "MANAGE ATTACHED TABLES", "MODIFY", "MONITOR", "OPERATE", "USAGE"}),
    "COMPUTE POOL": frozenset({"MODIFY", "MONITOR", "OPERATE", "USAGE"}),
    "INTEGRATION": frozenset({"USAGE", "USE_ANY_ROLE"}),
    "USER": frozenset({"IMPERSONATE", "MODIFY PROGRAMMATIC AUTHENTICATION METHODS", "MONITOR"}),
}  # fmt: skip
# What can be granted beyond that: changes of views, which have no effect; and instances of classes.
_BEYOND = {
    "VIEW": frozenset({"INSERT", "UPDATE", "DELETE"}),
    "SCHEMA": frozenset(f"CREATE {name}" for name in _CLASSES),
}
# Real ones that the local account does not follow.
_NOT_FOLLOWED = {("DATABASE", "MANAGE GRANTS"), ("SCHEMA", "MANAGE GRANTS")}

# Kinds of which ALL ... IN and FUTURE ... IN can be said are those in schemas, and schemas themselves; but for these.
_NO_FUTURE = {"TAG", "MASKING POLICY", "ROW ACCESS POLICY", "SNAPSHOT", "IMAGE REPOSITORY"}
_NO_BULK = {"TAG", "MASKING POLICY"}
# https://docs.snowflake.com/en/sql-reference/sql/grant-ownership: what can be handed over, of what the account has.
OWNABLE = {
    "AUTHENTICATION POLICY", "COMPUTE POOL", "DATABASE", "DYNAMIC TABLE", "EXPERIMENT", "FILE FORMAT", "FUNCTION",
    "GATEWAY", "INTEGRATION", "MASKING POLICY", "NETWORK POLICY", "ONLINE FEATURE TABLE", "PROCEDURE", "ROLE",
    "ROW ACCESS POLICY", "SCHEMA", "STAGE", "STREAM", "TABLE", "TAG", "TASK", "USER", "VIEW", "WAREHOUSE",
    # On no page yet; graphs are what tasks were.
    "TASK GRAPH",
}  # fmt: skip
# What presupposes another privilege: it is granted with it or after it, and revoked with it or before it.
PRESUPPOSES = {("STAGE", "WRITE"): "READ"}


def spelled(kind: str, wanted: list[str]) -> list[str]:
    """The privileges that a statement names for a kind; ALL PRIVILEGES as those that it stands for.

    Raises:
        SnowflakeError: 001003 for one that there is not, 000002 for one that the local account does not follow.

    """
    if wanted in (["ALL"], ["ALL PRIVILEGES"]):
        if kind == "TAG" or kind not in ON:
            raise syntax_error(f"unexpected 'ALL': {kind} has no ALL PRIVILEGES.")
        return sorted(ON[kind])
    for privilege in wanted:
        if (kind, privilege) in _NOT_FOLLOWED:
            raise unsupported(f"{privilege} ON {kind}")
        if privilege not in ON.get(kind, frozenset()) | _BEYOND.get(kind, frozenset()):
            raise syntax_error(f"unexpected '{privilege}': no privilege on {kind} has that name.")
    return wanted


def check_bulk(bulk: str, kind: Kind) -> None:
    """ALL or FUTURE <kinds> IN DATABASE | SCHEMA must be something that there is.

    Raises:
        SnowflakeError: 001003, or 003027 for future grants that Snowflake does not have.

    """
    if kind.scope == "account" or (bulk == "ALL" and kind.word in _NO_BULK):
        raise syntax_error(f"unexpected '{bulk}': nothing can be granted on {bulk} {kind.plural}.")
    if bulk == "FUTURE" and kind.word in _NO_FUTURE:
        text = f"SQL compilation error:\nFuture grant on objects of type {kind.word} is restricted."
        raise SnowflakeError(text, "003027", "0A000")
