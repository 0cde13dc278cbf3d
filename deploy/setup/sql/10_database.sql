-- The database of one environment, and the schema that main is delivered to.
-- Managed access: only the schema's owner grants on what is in it, not the owners of its objects.
USE ROLE SYSADMIN;

CREATE DATABASE IF NOT EXISTS <% database %>
  COMMENT = 'ml-pipeline: environment <% environment %>';

CREATE SCHEMA IF NOT EXISTS <% database %>.<% schema %> WITH MANAGED ACCESS
  COMMENT = 'ml-pipeline: what main delivers to <% environment %>';

-- Encrypted by the server, a stage lists the true size and md5 of its files, which every deploy verifies.
CREATE STAGE IF NOT EXISTS <% database %>.<% schema %>.RELEASES
  ENCRYPTION = (TYPE = 'SNOWFLAKE_SSE')
  COMMENT = 'ml-pipeline: one folder a release, named by its digest, never overwritten';
