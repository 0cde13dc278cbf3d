"""Notifications: integrations, sending by SYSTEM$SEND_SNOWFLAKE_NOTIFICATION, errors of tasks, and their history."""
