-- Machines for container work, where environments/<name>.toml names a compute pool; compute_pool = "" leaves it out.
-- The smallest, as many as training asks for, asleep until they are used: a node costs about five minutes at least each
-- time it wakes.
USE ROLE ACCOUNTADMIN;

CREATE COMPUTE POOL IF NOT EXISTS <% compute_pool %>
  MIN_NODES = 1
  MAX_NODES = <% nodes %>
  INSTANCE_FAMILY = CPU_X64_XS
  AUTO_RESUME = TRUE
  INITIALLY_SUSPENDED = TRUE
  AUTO_SUSPEND_SECS = 60
  COMMENT = 'ml-pipeline: environment <% environment %>';

ALTER COMPUTE POOL <% compute_pool %> SET TAG <% database %>.<% schema %>.ML_PIPELINE_ENVIRONMENT = '<% environment %>';
ALTER COMPUTE POOL <% compute_pool %> SET TAG <% database %>.<% schema %>.ML_PIPELINE_OWNER = '<% owner %>';
ALTER COMPUTE POOL <% compute_pool %> SET TAG <% database %>.<% schema %>.ML_PIPELINE_COST_CENTER = '<% cost_center %>';

GRANT USAGE ON COMPUTE POOL <% compute_pool %> TO ROLE <% compute_role %>;

-- An ML Job is a service of the schema; it reads the release, and writes to stages that the pipeline makes.
USE ROLE SECURITYADMIN;
GRANT CREATE SERVICE ON SCHEMA <% database %>.<% schema %> TO ROLE <% access_role %>;
