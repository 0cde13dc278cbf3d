-- Where tasks, functions and procedures get their Python packages from, in main's schema and those of pull requests, which
-- have it of the database: package_repository in environments/<name>.toml. An account of its own has the one or the other.
-- https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-packages
USE ROLE ACCOUNTADMIN;

ALTER DATABASE <% database %> SET DEFAULT_PYTHON_ARTIFACT_REPOSITORY = <% package_repository %>;
