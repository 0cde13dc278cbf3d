"""The rehearsal: the whole delivery, from a pull request to a rollback, against the local Snowflake."""
