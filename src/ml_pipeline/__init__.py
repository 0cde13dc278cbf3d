"""Late-delivery prediction on TPC-H: the code that runs in Snowflake, and the only thing uploaded."""
