"""What the local Snowflake promises about its speed, measured on this machine."""
