-- How the service user may sign in: with a job's token of that issuer, or with a key where an administrator set one.
-- A policy that a user has keeps its schema from being dropped: ALTER USER ... UNSET AUTHENTICATION POLICY first.
USE ROLE SYSADMIN;

CREATE OR ALTER AUTHENTICATION POLICY <% database %>.<% schema %>.ML_PIPELINE_SIGN_IN
  AUTHENTICATION_METHODS = ('WORKLOAD_IDENTITY', 'KEYPAIR')
  WORKLOAD_IDENTITY_POLICY = (ALLOWED_PROVIDERS = (OIDC) ALLOWED_OIDC_ISSUERS = ('<% issuer %>'))
  COMMENT = 'ml-pipeline: how CI signs in to <% environment %>';

USE ROLE ACCOUNTADMIN;

ALTER USER <% service_user %> SET AUTHENTICATION POLICY <% database %>.<% schema %>.ML_PIPELINE_SIGN_IN FORCE;
