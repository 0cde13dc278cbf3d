-- In DEV only: each pull request, or branch, has a schema of its own, which the deploy makes and drops. It drops what
-- carries this tag with the schema's own name as its value, and nothing else.
USE ROLE SYSADMIN;

CREATE TAG IF NOT EXISTS <% database %>.<% schema %>.<% tag %>
  COMMENT = 'ml-pipeline: a schema of a pull request or branch, dropped with it or when it is old';

USE ROLE SECURITYADMIN;

GRANT CREATE SCHEMA ON DATABASE <% database %> TO ROLE <% access_role %>;
GRANT APPLY ON TAG <% database %>.<% schema %>.<% tag %> TO ROLE <% access_role %>;
