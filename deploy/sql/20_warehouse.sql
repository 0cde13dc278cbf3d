-- The warehouse that the environment's tasks and deploys run on: the smallest, asleep after a minute without work.
USE ROLE SYSADMIN;

CREATE WAREHOUSE IF NOT EXISTS <% warehouse %>
  WAREHOUSE_SIZE = 'XSMALL'
  AUTO_SUSPEND = 60
  AUTO_RESUME = TRUE
  INITIALLY_SUSPENDED = TRUE
  COMMENT = 'ml-pipeline: environment <% environment %>';
