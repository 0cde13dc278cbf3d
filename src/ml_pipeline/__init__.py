"""The frame: the steps of a pipeline that another package declares, and all that they need in Snowflake."""
