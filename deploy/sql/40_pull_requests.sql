-- In DEV only: each pull request has a schema of its own, which the deploy makes and drops.
USE ROLE SECURITYADMIN;

GRANT CREATE SCHEMA ON DATABASE <% database %> TO ROLE <% access_role %>;
