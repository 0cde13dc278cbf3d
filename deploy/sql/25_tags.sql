-- What an environment's storage and compute cost can be told by this tag in ACCOUNT_USAGE, as TAG_REFERENCES joins it.
USE ROLE SYSADMIN;

CREATE TAG IF NOT EXISTS <% database %>.<% schema %>.ML_PIPELINE_ENVIRONMENT
  COMMENT = 'ml-pipeline: which environment this belongs to';

ALTER DATABASE <% database %> SET TAG <% database %>.<% schema %>.ML_PIPELINE_ENVIRONMENT = '<% environment %>';
ALTER WAREHOUSE <% warehouse %> SET TAG <% database %>.<% schema %>.ML_PIPELINE_ENVIRONMENT = '<% environment %>';
