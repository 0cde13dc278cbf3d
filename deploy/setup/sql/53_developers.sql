-- In DEV only: who works on the pipeline, each in a schema of their own. Grant this role to people. It makes schemas and
-- owns them, reads main's views, and writes nothing in main's schema or those of pull requests. The service user has it,
-- too, for sweeps: only the owner drops a schema.
USE ROLE USERADMIN;

CREATE ROLE IF NOT EXISTS <% developer_role %>
  COMMENT = 'ml-pipeline: works on the pipeline in <% environment %>, in schemas of its own';

USE ROLE SECURITYADMIN;

GRANT USAGE ON DATABASE <% database %> TO ROLE <% developer_role %>;
GRANT CREATE SCHEMA ON DATABASE <% database %> TO ROLE <% developer_role %>;
GRANT USAGE ON SCHEMA <% database %>.<% schema %> TO ROLE <% developer_role %>;
GRANT APPLY ON TAG <% database %>.<% schema %>.<% tag %> TO ROLE <% developer_role %>;
GRANT APPLY ON TAG <% database %>.<% schema %>.ML_PIPELINE_RELEASE TO ROLE <% developer_role %>;
GRANT ROLE <% compute_role %> TO ROLE <% developer_role %>;
GRANT ROLE <% reader_role %> TO ROLE <% developer_role %>;

-- The source, as the delivering role reads it.
USE ROLE ACCOUNTADMIN;
{% if from_share %}
GRANT IMPORTED PRIVILEGES ON DATABASE <% data_database %> TO ROLE <% developer_role %>;
{% else %}
GRANT USAGE ON DATABASE <% data_database %> TO ROLE <% developer_role %>;
GRANT USAGE ON SCHEMA <% data_database %>.<% data_schema %> TO ROLE <% developer_role %>;
GRANT SELECT ON ALL TABLES IN SCHEMA <% data_database %>.<% data_schema %> TO ROLE <% developer_role %>;
GRANT SELECT ON ALL VIEWS IN SCHEMA <% data_database %>.<% data_schema %> TO ROLE <% developer_role %>;
GRANT SELECT ON FUTURE TABLES IN SCHEMA <% data_database %>.<% data_schema %> TO ROLE <% developer_role %>;
GRANT SELECT ON FUTURE VIEWS IN SCHEMA <% data_database %>.<% data_schema %> TO ROLE <% developer_role %>;
{% endif %}

USE ROLE SECURITYADMIN;
GRANT ROLE <% developer_role %> TO ROLE SYSADMIN;
GRANT ROLE <% developer_role %> TO USER <% service_user %>;
