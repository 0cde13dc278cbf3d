-- Only where environments/<name>.toml names a notebook for the graph to execute: it is made of the release's files, and
-- runs on the compute pool. Newer accounts call a notebook project a code bundle, and know its older name, too.
-- https://docs.snowflake.com/en/sql-reference/sql/execute-notebook-project
USE ROLE SECURITYADMIN;

GRANT CREATE NOTEBOOK PROJECT ON SCHEMA <% database %>.<% schema %> TO ROLE <% access_role %>;
GRANT MONITOR ON WAREHOUSE <% warehouse %> TO ROLE <% compute_role %>;
