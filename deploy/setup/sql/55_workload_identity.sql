-- Sign-in without a secret: the jobs of one GitHub environment of one repository are this user, and nobody else is.
-- The subject is compared letter by letter. Run with the same subject again, this changes nothing.
USE ROLE SECURITYADMIN;

ALTER USER <% service_user %> SET WORKLOAD_IDENTITY = (
  TYPE = OIDC
  ISSUER = '<% issuer %>'
  SUBJECT = '<% subject %>'
);
