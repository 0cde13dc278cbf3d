-- The user that CI signs in as. A user of TYPE = SERVICE has no password and no screen to sign in at. It acts with
-- its own role alone: secondary roles would add whatever somebody grants it later.
USE ROLE USERADMIN;

CREATE USER IF NOT EXISTS <% service_user %>
  TYPE = SERVICE
  DEFAULT_ROLE = <% role %>
  DEFAULT_WAREHOUSE = <% warehouse %>
  DEFAULT_SECONDARY_ROLES = ()
  COMMENT = 'ml-pipeline: CI for <% environment %>';

USE ROLE SECURITYADMIN;
GRANT ROLE <% role %> TO USER <% service_user %>;
