-- The warehouse that the environment's tasks and deploys run on: the smallest, asleep after a minute without work. Of
-- its time-outs and those of a session the lowest counts, so it does not have those of the account.
USE ROLE SYSADMIN;

CREATE WAREHOUSE IF NOT EXISTS <% warehouse %>
  WAREHOUSE_SIZE = XSMALL
  AUTO_SUSPEND = 60
  AUTO_RESUME = TRUE
  INITIALLY_SUSPENDED = TRUE
  COMMENT = 'ml-pipeline: environment <% environment %>'
  STATEMENT_QUEUED_TIMEOUT_IN_SECONDS = 0
  STATEMENT_TIMEOUT_IN_SECONDS = 172800;
