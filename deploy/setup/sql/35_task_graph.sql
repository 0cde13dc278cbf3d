-- Only where environments/<name>.toml says backend = "task_graph": an account without that object knows no such
-- privilege, and would refuse this.
USE ROLE SECURITYADMIN;

GRANT CREATE TASK GRAPH ON SCHEMA <% database %>.<% schema %> TO ROLE <% access_role %>;
