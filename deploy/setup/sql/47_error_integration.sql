-- Only where environments/<name>.toml names an error_integration: an administrator makes it, as only they know the
-- queue (TYPE = QUEUE, DIRECTION = OUTBOUND), and the graph's owner may use it.
-- https://docs.snowflake.com/en/user-guide/tasks-errors
USE ROLE ACCOUNTADMIN;

GRANT USAGE ON INTEGRATION <% error_integration %> TO ROLE <% access_role %>;
