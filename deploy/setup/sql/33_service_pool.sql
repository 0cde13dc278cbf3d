-- Machines for the real-time service, where [pipeline.service] names a pool; pool = "" leaves it out.
-- Two nodes, because a new version is made ready beside the old one; both sleep until they are used.
USE ROLE ACCOUNTADMIN;

CREATE COMPUTE POOL IF NOT EXISTS <% service_pool %>
  MIN_NODES = 1
  MAX_NODES = 2
  INSTANCE_FAMILY = CPU_X64_XS
  AUTO_RESUME = TRUE
  INITIALLY_SUSPENDED = TRUE
  AUTO_SUSPEND_SECS = 60
  COMMENT = 'ml-pipeline: real-time service of environment <% environment %>';

GRANT USAGE ON COMPUTE POOL <% service_pool %> TO ROLE <% compute_role %>;
-- Callers come from outside of Snowflake.
GRANT BIND SERVICE ENDPOINT ON ACCOUNT TO ROLE <% compute_role %>;

USE ROLE SECURITYADMIN;
GRANT CREATE SERVICE ON SCHEMA <% database %>.<% schema %> TO ROLE <% access_role %>;
GRANT CREATE GATEWAY ON SCHEMA <% database %>.<% schema %> TO ROLE <% access_role %>;
