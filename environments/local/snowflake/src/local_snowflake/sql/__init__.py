"""Queries and tables: Snowflake's SQL on DuckDB."""
