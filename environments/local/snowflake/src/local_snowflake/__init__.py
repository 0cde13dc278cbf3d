"""A Snowflake account on this machine: a server that the unmodified Snowflake clients talk to over HTTP."""
