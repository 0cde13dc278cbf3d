-- Only where package_repository is PyPI's shared one: every role has this of PUBLIC, unless an account took it back.
-- https://docs.snowflake.com/en/release-notes/bcr-bundles/un-bundled/bcr-2280
USE ROLE ACCOUNTADMIN;

GRANT DATABASE ROLE SNOWFLAKE.PYPI_REPOSITORY_USER TO ROLE <% compute_role %>;
