-- Only where environments/<name>.toml names a notebook for the graph to execute: it is made of the release's files, and
-- runs on the compute pool.
USE ROLE SECURITYADMIN;

GRANT CREATE NOTEBOOK PROJECT ON SCHEMA <% database %>.<% schema %> TO ROLE <% access_role %>;
