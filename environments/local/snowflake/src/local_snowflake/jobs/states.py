"""The states of a job and of its instances: https://docs.snowflake.com/en/sql-reference/sql/desc-service."""

PENDING, RUNNING, DONE, FAILED, CANCELLED = "PENDING", "RUNNING", "DONE", "FAILED", "CANCELLED"
# What the account itself ended, not the job: the server was stopped while the job ran.
INTERNAL_ERROR = "INTERNAL_ERROR"
ENDED = frozenset({DONE, FAILED, CANCELLED, INTERNAL_ERROR})
# What an instance is called while its job is in each of these.
READY, SUCCEEDED, TERMINATED = "READY", "SUCCEEDED", "TERMINATED"
