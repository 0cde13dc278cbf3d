-- Where the source is a database from a share, which `from_share` in environments/*.toml names: its privileges come as one.
-- https://docs.snowflake.com/en/user-guide/data-share-consumers
USE ROLE ACCOUNTADMIN;

GRANT IMPORTED PRIVILEGES ON DATABASE <% data_database %> TO ROLE <% access_role %>;
