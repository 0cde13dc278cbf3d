-- Only with --copy-models-from: what this environment's role needs in order to copy versions of another one's model.
-- By default no role of one environment can read anything of another. The model must be there: run its graph first.
USE ROLE SECURITYADMIN;

GRANT USAGE ON DATABASE <% source_database %> TO ROLE <% access_role %>;
GRANT USAGE ON SCHEMA <% source_database %>.<% source_schema %> TO ROLE <% access_role %>;
GRANT USAGE ON MODEL <% source_database %>.<% source_schema %>.<% source_model %> TO ROLE <% access_role %>;
GRANT READ ON MODEL <% source_database %>.<% source_schema %>.<% source_model %> TO ROLE <% access_role %>;
