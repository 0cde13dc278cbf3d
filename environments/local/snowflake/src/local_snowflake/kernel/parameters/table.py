"""Every parameter of an account, with its type, its default, its levels, and what it is here.

A parameter is one of these:
- HONOURED: what it says is done, for every value that it can have;
- the CLIENT's: the account keeps it and tells it, and the client does what it says;
- IDLE: it governs what is not here (and is refused where it is asked for), so its value changes nothing;
- FIXED: the local account keeps the default, and refuses every other value by name.
Where it is honoured on some levels only, the others keep the default.
https://docs.snowflake.com/en/sql-reference/parameters, read on 2026-11-30
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from ..errors import SnowflakeError, unsupported
from . import values as v
from .values import BOOLEAN, NUMBER, STRING, Reader

HONOURED, CLIENT, IDLE, FIXED = "honoured", "client", "idle", "fixed"
ACCOUNT = ("ACCOUNT",)
SESSION = ("ACCOUNT", "USER", "SESSION", "TASK")
USER = ("ACCOUNT", "USER")
SCHEMA = ("ACCOUNT", "DATABASE", "SCHEMA")
TABLE = (*SCHEMA, "TABLE")
TASK = (*SCHEMA, "TASK")
WAREHOUSE = ("ACCOUNT", "WAREHOUSE")
BOTH = (*SESSION, "WAREHOUSE")


@dataclass(frozen=True)
class Parameter:
    """One parameter.

    Attributes:
        levels: where it can be set; a task sets the parameters of the session that it runs in.
        read: reads a value.
        here: what it is here; see above.
        keeps: levels on which the local account keeps the default, though it is honoured on others.
        standard: the most that it can be in Standard Edition.

    """

    name: str
    levels: tuple[str, ...]
    type: str
    default: Any
    read: Reader
    here: str = HONOURED
    keeps: tuple[str, ...] = ()
    standard: int | None = None

    def value(self, level: str, written: Any, *, standard: bool = False) -> Any:
        """The typed value, which may be set on that level.

        Raises:
            SnowflakeError: 001008 for a value that it cannot have; 000002 for one that is not followed here.

        """
        found = self.read(self.name, written)
        if standard and self.standard is not None and found > self.standard:
            raise v.refused(self.name, written)
        if found != self.default and (self.here == FIXED or level in self.keeps):
            where = f" on the {level.lower()}" if self.here != FIXED else ""
            raise unsupported(f"{self.name} = {written}{where}: the local Snowflake keeps {shown(self.default)!r}")
        return found


def shown(value: Any) -> str:
    """A value as SHOW PARAMETERS shows it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _flag(name: str, levels: tuple[str, ...], here: str = HONOURED, *, default: bool = False) -> Parameter:
    return Parameter(name, levels, BOOLEAN, default, v.flag, here)


def _number(name: str, levels: tuple[str, ...], here: str, default: int, read: Reader, **more: Any) -> Parameter:
    return Parameter(name, levels, NUMBER, default, read, here, **more)


def _text(
    name: str, levels: tuple[str, ...], here: str = IDLE, default: str = "", read: Reader | None = None
) -> Parameter:
    return Parameter(name, levels, STRING, default, read or v.text(), here)


_SEVERITY = v.choice("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL", "OFF")
_SIZE = v.choice("XSMALL", "SMALL", "MEDIUM", "LARGE", "XLARGE", "X2LARGE", "XXLARGE")
_GEO = v.choice("GeoJSON", "WKT", "WKB", "EWKT", "EWKB")
_WORKLOADS = v.several("USER", "NOTEBOOK", "STREAMLIT", "MODEL_SERVING", "ML_JOB", "ALL")
_STAMP = ("DATE", "TIME", "ZONE")
_UPPER = ("ACCOUNT", "DATABASE", "SCHEMA")  # a task's own parameters are honoured on the task

# The package sources, as profiles and the parameter call them.
REPOSITORIES = {
    "pypi": "snowflake.snowpark.pypi_shared_repository",
    "anaconda": "snowflake.snowpark.anaconda_shared_repository",
}

# What sessions have.
_SESSION = (
    _flag("ABORT_DETACHED_QUERY", SESSION),
    _text("ACTIVE_PYTHON_PROFILER", SESSION, FIXED, read=v.choice("", "LINE", "MEMORY")),
    _flag("AUTOCOMMIT", SESSION, default=True),
    _text("BINARY_INPUT_FORMAT", SESSION, HONOURED, "HEX", v.choice("HEX", "BASE64", "UTF8", "UTF-8")),
    _text("BINARY_OUTPUT_FORMAT", SESSION, HONOURED, "HEX", v.choice("HEX", "BASE64")),
    _text("CSV_TIMESTAMP_FORMAT", SESSION, CLIENT, read=v.layout(*_STAMP, empty=True)),
    _text("DATE_INPUT_FORMAT", SESSION, HONOURED, "AUTO", v.layout("DATE", auto=True)),
    _text("DATE_OUTPUT_FORMAT", SESSION, HONOURED, "YYYY-MM-DD", v.layout("DATE")),
    _text("DEFAULT_NULL_ORDERING", SESSION, FIXED, "LAST", v.choice("FIRST", "LAST")),
    _flag("ENABLE_GET_DDL_USE_DATA_TYPE_ALIAS", SESSION, FIXED),
    _flag("ENABLE_UNHANDLED_EXCEPTIONS_REPORTING", SESSION, IDLE, default=True),
    _flag("ENABLE_UNLOAD_PHYSICAL_TYPE_OPTIMIZATION", SESSION, FIXED, default=True),
    _flag("ERROR_ON_NONDETERMINISTIC_MERGE", SESSION, FIXED, default=True),
    _flag("ERROR_ON_NONDETERMINISTIC_UPDATE", SESSION),
    _text("GEOGRAPHY_OUTPUT_FORMAT", SESSION, IDLE, "GeoJSON", _GEO),
    _text("GEOMETRY_OUTPUT_FORMAT", SESSION, IDLE, "GeoJSON", _GEO),
    _number("HYBRID_TABLE_LOCK_TIMEOUT", SESSION, IDLE, 3600, v.whole()),
    _number("ICEBERG_TIMESTAMP_DEFAULT_PRECISION", SESSION, IDLE, 6, v.one_of(6, 9)),
    _number("JSON_INDENT", SESSION, HONOURED, 2, v.whole(0, 16)),
    _number("LOCK_TIMEOUT", SESSION, HONOURED, 43_200, v.whole()),
    _number("MULTI_STATEMENT_COUNT", SESSION, HONOURED, 1, v.whole()),
    _flag("NOORDER_SEQUENCE_AS_DEFAULT", SESSION, IDLE, default=True),
    _flag("OPT_OUT_ERROR_LOGGING", SESSION, IDLE),
    _text("PYTHON_PROFILER_MODULES", SESSION),
    _text("PYTHON_PROFILER_TARGET_STAGE", SESSION),
    _text("QUERY_TAG", SESSION, HONOURED, read=v.text(2000)),
    _flag("QUOTED_IDENTIFIERS_IGNORE_CASE", SESSION),
    _number("ROWS_PER_RESULTSET", SESSION, HONOURED, 0, v.whole()),
    _text("S3_STAGE_VPCE_DNS_NAME", SESSION),
    _text("SEARCH_PATH", tuple(x for x in SESSION if x != "TASK"), FIXED, "$current, $public"),
    _text("SIMULATED_DATA_SHARING_CONSUMER", SESSION),
    _number("STATEMENT_QUEUED_TIMEOUT_IN_SECONDS", BOTH, HONOURED, 0, v.whole()),
    _number("STATEMENT_TIMEOUT_IN_SECONDS", BOTH, HONOURED, 172_800, v.whole(0, 604_800)),
    _flag("STRICT_JSON_OUTPUT", SESSION, FIXED),
    _flag("TIMESTAMP_DAY_IS_ALWAYS_24H", SESSION, FIXED),
    _text("TIMESTAMP_INPUT_FORMAT", SESSION, HONOURED, "AUTO", v.layout(*_STAMP, auto=True)),
    _text("TIMESTAMP_LTZ_OUTPUT_FORMAT", SESSION, HONOURED, read=v.layout(*_STAMP, empty=True)),
    _text("TIMESTAMP_NTZ_OUTPUT_FORMAT", SESSION, HONOURED, "YYYY-MM-DD HH24:MI:SS.FF3", v.layout(*_STAMP, empty=True)),
    _text("TIMESTAMP_OUTPUT_FORMAT", SESSION, HONOURED, "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM", v.layout(*_STAMP)),
    _text(
        "TIMESTAMP_TYPE_MAPPING",
        SESSION,
        HONOURED,
        "TIMESTAMP_NTZ",
        v.choice("TIMESTAMP_LTZ", "TIMESTAMP_NTZ", "TIMESTAMP_TZ"),
    ),
    _text("TIMESTAMP_TZ_OUTPUT_FORMAT", SESSION, HONOURED, read=v.layout(*_STAMP, empty=True)),
    _text("TIMEZONE", SESSION, HONOURED, "America/Los_Angeles", v.timezone),
    _text("TIME_INPUT_FORMAT", SESSION, HONOURED, "AUTO", v.layout("TIME", auto=True)),
    _text("TIME_OUTPUT_FORMAT", SESSION, HONOURED, "HH24:MI:SS", v.layout("TIME")),
    _flag("TRANSACTION_ABORT_ON_ERROR", SESSION),
    _text("TRANSACTION_DEFAULT_ISOLATION_LEVEL", SESSION, HONOURED, "READ COMMITTED", v.choice("READ COMMITTED")),
    _number("TWO_DIGIT_CENTURY_START", SESSION, FIXED, 1970, v.whole(1900, 2100)),
    _text("UNSUPPORTED_DDL_ACTION", SESSION, FIXED, "IGNORE", v.choice("IGNORE", "FAIL")),
    _flag("USE_CACHED_RESULT", SESSION, default=True),  # no result is taken from a cache, which FALSE asks for
    _number("WEEK_OF_YEAR_POLICY", SESSION, HONOURED, 0, v.whole(0, 1)),
    _number("WEEK_START", SESSION, HONOURED, 0, v.whole(0, 7)),
    # Event tables are not here.
    _text("LOG_EVENT_LEVEL", (*SESSION, "DATABASE", "SCHEMA"), IDLE, "OFF", _SEVERITY),
    _text("LOG_LEVEL", (*SESSION, "DATABASE", "SCHEMA"), IDLE, "OFF", _SEVERITY),
    _text("METRIC_LEVEL", (*SESSION, "DATABASE", "SCHEMA"), IDLE, "NONE", v.choice("ALL", "NONE")),
    _text("TRACE_LEVEL", (*SESSION, "DATABASE", "SCHEMA"), IDLE, "OFF", v.choice("ALWAYS", "ON_EVENT", "OFF")),
)
# What the clients ask for, know or are told at sign-in. Those that the page does not have are in their source.
_CLIENTS = (
    _flag("CLIENT_ENABLE_LOG_INFO_STATEMENT_PARAMETERS", SESSION, CLIENT),
    _number("CLIENT_MEMORY_LIMIT", SESSION, CLIENT, 1536, v.whole()),
    _flag("CLIENT_METADATA_REQUEST_USE_CONNECTION_CTX", SESSION, CLIENT),
    _flag("CLIENT_METADATA_USE_SESSION_DATABASE", SESSION, CLIENT),
    _number("CLIENT_PREFETCH_THREADS", SESSION, CLIENT, 4, v.whole(1, 10)),
    _flag("CLIENT_REQUEST_MFA_TOKEN", SESSION, CLIENT),
    _number("CLIENT_RESULT_CHUNK_SIZE", SESSION, CLIENT, 160, v.whole(16, 160)),
    _flag("CLIENT_RESULT_COLUMN_CASE_INSENSITIVE", SESSION, CLIENT),
    _flag("CLIENT_SESSION_KEEP_ALIVE", SESSION, CLIENT),
    _number("CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY", SESSION, CLIENT, 3600, v.whole(900, 3600)),
    # Array bindings always travel in the request: there is no S3 to put them on.
    _number("CLIENT_STAGE_ARRAY_BINDING_THRESHOLD", SESSION, CLIENT, 0, v.whole()),
    _flag("CLIENT_STORE_TEMPORARY_CREDENTIAL", SESSION, CLIENT),
    _flag("CLIENT_TELEMETRY_ENABLED", SESSION, CLIENT),
    _text(
        "CLIENT_TIMESTAMP_TYPE_MAPPING",
        SESSION,
        CLIENT,
        "TIMESTAMP_LTZ",
        v.choice("TIMESTAMP_LTZ", "TIMESTAMP_NTZ"),
    ),
    _flag("CLIENT_VALIDATE_DEFAULT_PARAMETERS", SESSION, CLIENT),
    _flag("ENABLE_STAGE_MOUNT_V2", SESSION, CLIENT),
    _flag("JDBC_ENABLE_PUT_GET", SESSION, CLIENT, default=True),
    _flag("JDBC_TREAT_DECIMAL_AS_INT", SESSION, CLIENT, default=True),
    _flag("JDBC_TREAT_TIMESTAMP_NTZ_AS_UTC", SESSION, CLIENT),
    _flag("JDBC_USE_SESSION_TIMEZONE", SESSION, CLIENT, default=True),
    _flag("JS_TREAT_INTEGER_AS_BIGINT", SESSION, CLIENT),
    _flag("ODBC_TREAT_DECIMAL_AS_INT", SESSION, CLIENT),
    _text("PYTHON_CONNECTOR_QUERY_RESULT_FORMAT", SESSION, FIXED, "ARROW", v.choice("ARROW", "JSON")),
    # Each thread of a Snowpark session has its own cursor: one that follows a service's log goes on beside the rest.
    _flag("PYTHON_SNOWPARK_ENABLE_THREAD_SAFE_SESSION", SESSION, CLIENT, default=True),
    _flag("PYTHON_SNOWPARK_USE_SCOPED_TEMP_OBJECTS", SESSION, CLIENT, default=True),
)
_OBJECTS = (
    _text("BASE_LOCATION_PREFIX", SCHEMA),
    _text("CATALOG", SCHEMA),
    _text("CATALOG_SYNC", SCHEMA),
    _number("DATA_RETENTION_TIME_IN_DAYS", TABLE, IDLE, 1, v.whole(0, 90), standard=1),
    _text("DEFAULT_DDL_COLLATION", TABLE, FIXED),
    _text("DEFAULT_METADATA_WRITE_FORMAT", SCHEMA, FIXED, "SNOWFLAKE", v.choice("SNOWFLAKE", "ICEBERG")),
    _text("DEFAULT_NOTEBOOK_COMPUTE_POOL_CPU", SCHEMA, IDLE, "SYSTEM_COMPUTE_POOL_CPU"),
    _text("DEFAULT_NOTEBOOK_COMPUTE_POOL_GPU", SCHEMA, IDLE, "SYSTEM_COMPUTE_POOL_GPU"),
    _text("DEFAULT_PYTHON_ARTIFACT_REPOSITORY", SCHEMA, HONOURED, "", v.named(*REPOSITORIES.values())),
    _text("DEFAULT_STREAMLIT_NOTEBOOK_WAREHOUSE", SCHEMA, IDLE, "SYSTEM$STREAMLIT_NOTEBOOK_WH"),
    _flag("DISABLE_UI_DOWNLOAD_BUTTON", USER, CLIENT),
    _flag("ENABLE_DATA_COMPACTION", SCHEMA, IDLE, default=True),
    _flag("ENABLE_ICEBERG_MERGE_ON_READ", SCHEMA, IDLE, default=True),
    _flag("ENABLE_UNREDACTED_QUERY_SYNTAX_ERROR", USER, IDLE),
    _flag("ENABLE_UNREDACTED_SECURE_OBJECT_ERROR", USER, IDLE),
    _text("EVENT_TABLE", ("ACCOUNT", "DATABASE"), FIXED, "snowflake.telemetry.events"),
    _text("EXTERNAL_VOLUME", SCHEMA),
    _text("ICEBERG_DEFAULT_DDL_COLLATION", TABLE),
    _number("ICEBERG_VERSION_DEFAULT", SCHEMA, IDLE, 2, v.one_of(2, 3)),
    _number("MAX_CONCURRENCY_LEVEL", WAREHOUSE, HONOURED, 8, v.whole(1)),
    _number("MAX_DATA_EXTENSION_TIME_IN_DAYS", TABLE, IDLE, 14, v.whole(0, 90)),
    _text("NETWORK_POLICY", USER, HONOURED),
    _text("OAUTH_AUTHORIZATION_SERVER", SCHEMA),
    _text("OAUTH_SCOPES_SUPPORTED", SCHEMA),
    _flag("PIPE_EXECUTION_PAUSED", ("ACCOUNT", "SCHEMA"), IDLE),
    _flag("PREVENT_UNLOAD_TO_INLINE_URL", USER, IDLE),
    _flag("PREVENT_UNLOAD_TO_INTERNAL_STAGES", USER, FIXED),
    _flag("REPLACE_INVALID_CHARACTERS", SCHEMA, IDLE),
    _number("SERVICE_CALLER_TOKEN_VALIDITY_SECS", SCHEMA, IDLE, 120, v.whole(120, 604_800)),
    _text("STORAGE_SERIALIZATION_POLICY", SCHEMA, IDLE, "OPTIMIZED", v.choice("COMPATIBLE", "OPTIMIZED")),
    _number("SUSPEND_ALERT_AFTER_NUM_FAILURES", SCHEMA, IDLE, 0, v.whole()),
    # Tasks.
    _text("SERVERLESS_TASK_MAX_STATEMENT_SIZE", TASK, IDLE, "XXLARGE", _SIZE),
    _text("SERVERLESS_TASK_MIN_STATEMENT_SIZE", TASK, IDLE, "XSMALL", _SIZE),
    _number("SUSPEND_TASK_AFTER_NUM_FAILURES", TASK, HONOURED, 10, v.whole(), keeps=_UPPER),
    _number("TASK_AUTO_RETRY_ATTEMPTS", TASK, HONOURED, 0, v.whole(0, 30), keeps=_UPPER),
    _text("USER_TASK_MANAGED_INITIAL_WAREHOUSE_SIZE", TASK, IDLE, "Medium", _SIZE),
    _number("USER_TASK_MINIMUM_TRIGGER_INTERVAL_IN_SECONDS", TASK, HONOURED, 30, v.whole(10, 604_800), keeps=_UPPER),
    _number("USER_TASK_TIMEOUT_MS", TASK, HONOURED, 3_600_000, v.whole(0, 604_800_000), keeps=_UPPER),
)
_ACCOUNTS = (
    _text("ACCOUNT_LEVEL_FILE_EXTENSIONS_ALLOW_LIST_FOR_PRIVATE_WORKSPACES", ACCOUNT),
    _text("ACCOUNT_LEVEL_FILE_EXTENSIONS_ALLOW_LIST_FOR_SHARED_WORKSPACES", ACCOUNT),
    _flag("ALLOW_BIND_VALUES_ACCESS", ACCOUNT, IDLE, default=True),
    _flag("ALLOW_CLIENT_MFA_CACHING", ACCOUNT, IDLE),
    _flag("ALLOW_ID_TOKEN", ACCOUNT, IDLE),
    _text("ALLOWED_SPCS_WORKLOAD_TYPES", ACCOUNT, FIXED, "ALL", _WORKLOADS),
    _number("CLIENT_ENCRYPTION_KEY_SIZE", ACCOUNT, IDLE, 128, v.one_of(128, 256)),
    _flag("COCO_CLOUD_AGENTS_NON_SNOWFLAKE_EGRESS_DISABLED", ACCOUNT, IDLE),
    _flag("COCO_SNOWSIGHT_ALLOW_ALL_PERMISSION_OPTIONS_DISABLED", ACCOUNT, IDLE),
    _number("CORTEX_CODE_CLI_DAILY_EST_CREDIT_LIMIT_PER_USER", USER, IDLE, -1, v.whole(-1)),
    _number("CORTEX_CODE_DESKTOP_DAILY_EST_CREDIT_LIMIT_PER_USER", USER, IDLE, -1, v.whole(-1)),
    _number("CORTEX_CODE_SNOWSIGHT_DAILY_EST_CREDIT_LIMIT_PER_USER", USER, IDLE, -1, v.whole(-1)),
    _text("CORTEX_ENABLED_CROSS_REGION", ACCOUNT, IDLE, "ANY_REGION"),
    _text("CORTEX_MODELS_ALLOWLIST", ACCOUNT, IDLE, "All"),
    _text("DEFAULT_DBT_VERSION", ACCOUNT, IDLE, "1.9.4"),
    _text("DEFAULT_STREAMLIT_COMPUTE_POOL", ACCOUNT, IDLE, "SYSTEM_COMPUTE_POOL_CPU"),
    _flag("DISABLE_USER_PRIVILEGE_GRANTS", ACCOUNT, IDLE),
    _text("DISALLOWED_SPCS_WORKLOAD_TYPES", ACCOUNT, FIXED, "", _WORKLOADS),
    _flag("ENABLE_AUTOMATIC_SENSITIVE_DATA_CLASSIFICATION_LOG", ACCOUNT, IDLE, default=True),
    _flag("ENABLE_BUDGET_EVENT_LOGGING", ACCOUNT, IDLE, default=True),
    _flag("ENABLE_DUAL_STACK_LOAD_BALANCER", ACCOUNT, IDLE),
    _flag("ENABLE_EGRESS_COST_OPTIMIZER", ACCOUNT, IDLE),
    _flag("ENABLE_IDENTIFIER_FIRST_LOGIN", ACCOUNT, IDLE),
    _flag("ENABLE_INTERNAL_STAGES_PRIVATELINK", ACCOUNT, IDLE),
    _flag("ENABLE_NOTEBOOK_CREATION_IN_PERSONAL_DB", USER, IDLE),
    _flag("ENABLE_PER_ACCOUNT_APP_SERVICE_PRIVATELINK_URL", ACCOUNT, IDLE),
    _flag("ENABLE_PER_ACCOUNT_APP_SERVICE_URL", ACCOUNT, IDLE),
    _flag("ENABLE_SNOWFLAKE_MANAGED_STORAGE_VOLUME_PRIVATELINK", ACCOUNT, IDLE),
    _flag("ENABLE_SPCS_BLOCK_STORAGE_SNOWFLAKE_FULL_ENCRYPTION_ENFORCEMENT", ACCOUNT, IDLE),
    _flag("ENABLE_TAG_PROPAGATION_EVENT_LOGGING", ACCOUNT, IDLE),
    _flag("ENABLE_TRI_SECRET_AND_REKEY_OPT_OUT_FOR_IMAGE_REPOSITORY", ACCOUNT, IDLE),
    _flag("ENABLE_WORKSPACE_FILE_CONTENT_SEARCH", ACCOUNT, IDLE, default=True),
    _flag("ENFORCE_NETWORK_RULES_FOR_INTERNAL_STAGES", ACCOUNT, FIXED),
    _flag("ENFORCE_NETWORK_RULES_FOR_SNOWFLAKE_MANAGED_STORAGE_VOLUME", ACCOUNT, IDLE),
    _flag("ENFORCE_TAG_PROPAGATION_FOR_DATA_MOVEMENT_POLICIES", ACCOUNT, IDLE, default=True),
    _flag("EXTERNAL_OAUTH_ADD_PRIVILEGED_ROLES_TO_BLOCKED_LIST", ACCOUNT, IDLE, default=True),
    Parameter("INITIAL_REPLICATION_SIZE_LIMIT_IN_TB", ACCOUNT, NUMBER, 10.0, v.decimal, IDLE),
    Parameter("LISTING_AUTO_FULFILLMENT_INITIAL_REFRESH_SIZE_LIMIT_IN_TB", ACCOUNT, NUMBER, 10.0, v.decimal, IDLE),
    _text("LISTING_AUTO_FULFILLMENT_REPLICATION_REFRESH_SCHEDULE", ACCOUNT),
    _flag("MAP_SCIM_USERNAME_TO_ENTERPRISE_ATTR", ACCOUNT, IDLE),
    _number("MIN_DATA_RETENTION_TIME_IN_DAYS", ACCOUNT, IDLE, 0, v.whole(0, 90), standard=1),
    _flag("OAUTH_ADD_PRIVILEGED_ROLES_TO_BLOCKED_LIST", ACCOUNT, IDLE, default=True),
    _flag("PERIODIC_DATA_REKEYING", ACCOUNT, IDLE),
    _text("READ_CONSISTENCY_MODE", ACCOUNT, IDLE, "SESSION", v.choice("SESSION", "GLOBAL")),  # all is GLOBAL here
    _flag("REQUIRE_STORAGE_INTEGRATION_FOR_STAGE_CREATION", ACCOUNT, IDLE),
    _flag("REQUIRE_STORAGE_INTEGRATION_FOR_STAGE_OPERATION", ACCOUNT, IDLE),
    _text("SQL_TRACE_QUERY_TEXT", ACCOUNT, IDLE, "OFF", v.choice("ON", "OFF")),
    _flag("SSO_LOGIN_PAGE", ACCOUNT, IDLE),
    _text("USE_WORKSPACES_FOR_SQL", ACCOUNT, IDLE, "", v.choice("", "always", "never")),
)
PARAMETERS = MappingProxyType(
    {p.name: p for p in sorted((*_SESSION, *_CLIENTS, *_OBJECTS, *_ACCOUNTS), key=lambda p: p.name)}
)
# Of the caller's session, what a procedure with its owner's rights works with; of the rest, the account's.
# https://docs.snowflake.com/en/developer-guide/stored-procedure/stored-procedures-rights
OF_CALLER = frozenset((
    "AUTOCOMMIT", "BINARY_INPUT_FORMAT", "BINARY_OUTPUT_FORMAT", "DATE_INPUT_FORMAT", "DATE_OUTPUT_FORMAT",
    "ENABLE_UNLOAD_PHYSICAL_TYPE_OPTIMIZATION", "ERROR_ON_NONDETERMINISTIC_MERGE",
    "ERROR_ON_NONDETERMINISTIC_UPDATE", "JDBC_TREAT_DECIMAL_AS_INT", "JSON_INDENT", "LOCK_TIMEOUT",
    "QUERY_TAG", "ROWS_PER_RESULTSET", "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS", "STATEMENT_TIMEOUT_IN_SECONDS",
    "STRICT_JSON_OUTPUT", "TIMESTAMP_DAY_IS_ALWAYS_24H", "TIMESTAMP_INPUT_FORMAT",
    "TIMESTAMP_LTZ_OUTPUT_FORMAT", "TIMESTAMP_NTZ_OUTPUT_FORMAT", "TIMESTAMP_OUTPUT_FORMAT",
    "TIMESTAMP_TYPE_MAPPING", "TIMESTAMP_TZ_OUTPUT_FORMAT", "TIMEZONE", "TIME_INPUT_FORMAT",
    "TIME_OUTPUT_FORMAT", "TRANSACTION_ABORT_ON_ERROR", "TRANSACTION_DEFAULT_ISOLATION_LEVEL",
    "TWO_DIGIT_CENTURY_START", "UNSUPPORTED_DDL_ACTION", "USE_CACHED_RESULT", "WEEK_OF_YEAR_POLICY",
    "WEEK_START",
))  # fmt: skip


@cache
def at(level: str) -> tuple[Parameter, ...]:
    """The parameters that can be set on that level, by name."""
    return tuple(p for p in PARAMETERS.values() if level in p.levels)


def known(level: str, name: str) -> Parameter:
    """The parameter, which can be set on that level.

    Raises:
        SnowflakeError: 001423.

    """
    found = PARAMETERS.get(name.upper())
    if found is None or level not in found.levels:
        raise SnowflakeError(f"SQL compilation error:\ninvalid parameter '{name}'", "001423", "22023")
    return found


def can_set(level: str, name: str) -> bool:
    """Whether it is a parameter of that level."""
    found = PARAMETERS.get(name.upper())
    return found is not None and level in found.levels
