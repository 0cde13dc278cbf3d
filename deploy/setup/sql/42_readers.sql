-- Who reads what the pipeline has found: its views in main's schema, and nothing else. Grant this role to people.
USE ROLE USERADMIN;

CREATE ROLE IF NOT EXISTS <% reader_role %>
  COMMENT = 'ml-pipeline: reads what the pipeline publishes in <% environment %>';

USE ROLE SECURITYADMIN;

GRANT USAGE ON DATABASE <% database %> TO ROLE <% reader_role %>;
GRANT USAGE ON SCHEMA <% database %>.<% schema %> TO ROLE <% reader_role %>;
GRANT USAGE ON WAREHOUSE <% warehouse %> TO ROLE <% reader_role %>;
GRANT SELECT ON FUTURE VIEWS IN SCHEMA <% database %>.<% schema %> TO ROLE <% reader_role %>;
