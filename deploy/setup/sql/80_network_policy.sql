-- From where the service user may connect: GitHub's runners, whose addresses Snowflake keeps up to date. Runners of
-- your own need a rule of their own here, or --without network-policy.
USE ROLE SECURITYADMIN;

CREATE NETWORK POLICY IF NOT EXISTS <% database %>_GITHUB_ACTIONS
  ALLOWED_NETWORK_RULE_LIST = ('SNOWFLAKE.NETWORK_SECURITY.GITHUBACTIONS_GLOBAL')
  COMMENT = 'ml-pipeline: from where CI connects to <% environment %>';

ALTER USER <% service_user %> SET NETWORK_POLICY = <% database %>_GITHUB_ACTIONS;
