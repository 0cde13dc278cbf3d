-- Key-pair sign-in for the service user. Run with the same key again, this changes nothing.
USE ROLE SECURITYADMIN;

ALTER USER <% service_user %> SET RSA_PUBLIC_KEY = '<% public_key %>';
