-- Who may do what. Access roles hold the privileges; the functional role, which signs in and owns what it creates,
-- holds access roles only. No role of one environment is granted anything in another's database.
USE ROLE USERADMIN;

CREATE ROLE IF NOT EXISTS <% access_role %>
  COMMENT = 'ml-pipeline: create and run the pipeline in <% database %>';
CREATE ROLE IF NOT EXISTS <% compute_role %>
  COMMENT = 'ml-pipeline: compute for <% environment %>';
CREATE ROLE IF NOT EXISTS <% role %>
  COMMENT = 'ml-pipeline: delivers to <% environment %> and owns what it delivers';

USE ROLE SECURITYADMIN;

GRANT USAGE ON DATABASE <% database %> TO ROLE <% access_role %>;
GRANT USAGE ON SCHEMA <% database %>.<% schema %> TO ROLE <% access_role %>;
GRANT CREATE TABLE ON SCHEMA <% database %>.<% schema %> TO ROLE <% access_role %>;
GRANT CREATE VIEW ON SCHEMA <% database %>.<% schema %> TO ROLE <% access_role %>;
GRANT CREATE STAGE ON SCHEMA <% database %>.<% schema %> TO ROLE <% access_role %>;
GRANT CREATE FILE FORMAT ON SCHEMA <% database %>.<% schema %> TO ROLE <% access_role %>;
GRANT CREATE FUNCTION ON SCHEMA <% database %>.<% schema %> TO ROLE <% access_role %>;
GRANT CREATE PROCEDURE ON SCHEMA <% database %>.<% schema %> TO ROLE <% access_role %>;
GRANT CREATE TAG ON SCHEMA <% database %>.<% schema %> TO ROLE <% access_role %>;
GRANT CREATE DYNAMIC TABLE ON SCHEMA <% database %>.<% schema %> TO ROLE <% access_role %>;
GRANT CREATE DATASET ON SCHEMA <% database %>.<% schema %> TO ROLE <% access_role %>;
GRANT CREATE MODEL ON SCHEMA <% database %>.<% schema %> TO ROLE <% access_role %>;
GRANT CREATE EXPERIMENT ON SCHEMA <% database %>.<% schema %> TO ROLE <% access_role %>;
GRANT CREATE MODEL MONITOR ON SCHEMA <% database %>.<% schema %> TO ROLE <% access_role %>;
GRANT CREATE TASK ON SCHEMA <% database %>.<% schema %> TO ROLE <% access_role %>;
GRANT CREATE STREAM ON SCHEMA <% database %>.<% schema %> TO ROLE <% access_role %>;
GRANT READ ON STAGE <% database %>.<% schema %>.RELEASES TO ROLE <% access_role %>;
GRANT WRITE ON STAGE <% database %>.<% schema %>.RELEASES TO ROLE <% access_role %>;

GRANT APPLY ON TAG <% database %>.<% schema %>.ML_PIPELINE_RELEASE TO ROLE <% access_role %>;

GRANT USAGE ON WAREHOUSE <% warehouse %> TO ROLE <% compute_role %>;
GRANT OPERATE ON WAREHOUSE <% warehouse %> TO ROLE <% compute_role %>;

-- This one is the account's, and needs its administrator.
USE ROLE ACCOUNTADMIN;
GRANT EXECUTE TASK ON ACCOUNT TO ROLE <% compute_role %>;

USE ROLE SECURITYADMIN;
GRANT ROLE <% access_role %> TO ROLE <% role %>;
GRANT ROLE <% compute_role %> TO ROLE <% role %>;
GRANT ROLE <% role %> TO ROLE SYSADMIN;
