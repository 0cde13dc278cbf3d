-- Only where environments/<name>.toml names a notification_integration: an administrator makes it, of TYPE = EMAIL or
-- WEBHOOK with its recipients, and each run's report may use it.
-- https://docs.snowflake.com/en/user-guide/notifications/about-notifications
USE ROLE ACCOUNTADMIN;

GRANT USAGE ON INTEGRATION <% notification_integration %> TO ROLE <% access_role %>;
