-- Where the source is an ordinary database, as from_share = "" in environments/*.toml says: the tables and views that are in its
-- schema, and those that will be.
USE ROLE SECURITYADMIN;

GRANT USAGE ON DATABASE <% data_database %> TO ROLE <% access_role %>;
GRANT USAGE ON SCHEMA <% data_database %>.<% data_schema %> TO ROLE <% access_role %>;
GRANT SELECT ON ALL TABLES IN SCHEMA <% data_database %>.<% data_schema %> TO ROLE <% access_role %>;
GRANT SELECT ON ALL VIEWS IN SCHEMA <% data_database %>.<% data_schema %> TO ROLE <% access_role %>;
GRANT SELECT ON FUTURE TABLES IN SCHEMA <% data_database %>.<% data_schema %> TO ROLE <% access_role %>;
GRANT SELECT ON FUTURE VIEWS IN SCHEMA <% data_database %>.<% data_schema %> TO ROLE <% access_role %>;
