-- What an environment's storage and compute cost can be told by these tags in ACCOUNT_USAGE, as TAG_REFERENCES joins
-- them: whatever is in the database inherits its tags. A run tags what it writes with its release, too.
USE ROLE SYSADMIN;

CREATE TAG IF NOT EXISTS <% database %>.<% schema %>.ML_PIPELINE_ENVIRONMENT
  COMMENT = 'ml-pipeline: which environment this belongs to';
CREATE TAG IF NOT EXISTS <% database %>.<% schema %>.ML_PIPELINE_OWNER
  COMMENT = 'ml-pipeline: who answers for this';
CREATE TAG IF NOT EXISTS <% database %>.<% schema %>.ML_PIPELINE_COST_CENTER
  COMMENT = 'ml-pipeline: who pays for this';
CREATE TAG IF NOT EXISTS <% database %>.<% schema %>.ML_PIPELINE_RELEASE
  COMMENT = 'ml-pipeline: the release whose run wrote this last';

ALTER DATABASE <% database %> SET TAG <% database %>.<% schema %>.ML_PIPELINE_ENVIRONMENT = '<% environment %>';
ALTER DATABASE <% database %> SET TAG <% database %>.<% schema %>.ML_PIPELINE_OWNER = '<% owner %>';
ALTER DATABASE <% database %> SET TAG <% database %>.<% schema %>.ML_PIPELINE_COST_CENTER = '<% cost_center %>';
ALTER WAREHOUSE <% warehouse %> SET TAG <% database %>.<% schema %>.ML_PIPELINE_ENVIRONMENT = '<% environment %>';
ALTER WAREHOUSE <% warehouse %> SET TAG <% database %>.<% schema %>.ML_PIPELINE_OWNER = '<% owner %>';
ALTER WAREHOUSE <% warehouse %> SET TAG <% database %>.<% schema %>.ML_PIPELINE_COST_CENTER = '<% cost_center %>';
