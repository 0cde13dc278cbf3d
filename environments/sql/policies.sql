-- Where environments/<name>.toml names a schema in `policies`: editions above Standard have these. The administrator
-- owns the policies: a release attaches them to the customers' table, and no release changes what they say.
-- Names, addresses and phones are for the role of those who call; each role reads the customers of its regions.
{% if pipeline.governance.policies %}
{% set contact_role = database ~ "_CONTACT" %}
USE ROLE USERADMIN;

CREATE ROLE IF NOT EXISTS <% contact_role %>
  COMMENT = 'ml-pipeline: sees names, addresses and phones of customers in <% environment %>';

USE ROLE SYSADMIN;

CREATE TABLE IF NOT EXISTS <% database %>.<% schema %>.REGION_READERS (ROLE_NAME VARCHAR, REGION VARCHAR)
  COMMENT = 'ml-pipeline: which role reads the customers of which region, or of all (*)';

-- At first, readers read all regions. Change the rows at any time: a role reads what it has rows for.
USE WAREHOUSE <% warehouse %>;
INSERT INTO <% database %>.<% schema %>.REGION_READERS SELECT '<% reader_role %>', '*'
  WHERE NOT EXISTS (SELECT 1 FROM <% database %>.<% schema %>.REGION_READERS);

CREATE MASKING POLICY IF NOT EXISTS <% database %>.<% schema %>.MASK_NAME
  AS (VAL VARCHAR) RETURNS VARCHAR -> '***'
  COMMENT = 'ml-pipeline: names, for those who call';
ALTER MASKING POLICY <% database %>.<% schema %>.MASK_NAME
  SET BODY -> IFF(IS_ROLE_IN_SESSION('<% contact_role %>'), VAL, '***');

CREATE MASKING POLICY IF NOT EXISTS <% database %>.<% schema %>.MASK_ADDRESS
  AS (VAL VARCHAR) RETURNS VARCHAR -> '***'
  COMMENT = 'ml-pipeline: addresses, for those who call';
ALTER MASKING POLICY <% database %>.<% schema %>.MASK_ADDRESS
  SET BODY -> IFF(IS_ROLE_IN_SESSION('<% contact_role %>'), VAL, '***');

CREATE MASKING POLICY IF NOT EXISTS <% database %>.<% schema %>.MASK_PHONE
  AS (VAL VARCHAR) RETURNS VARCHAR -> '***'
  COMMENT = 'ml-pipeline: phones, for those who call, and country codes for others';
ALTER MASKING POLICY <% database %>.<% schema %>.MASK_PHONE
  SET BODY -> IFF(IS_ROLE_IN_SESSION('<% contact_role %>'), VAL, LEFT(VAL, 2) || '-***');

CREATE ROW ACCESS POLICY IF NOT EXISTS <% database %>.<% schema %>.CUSTOMERS_BY_REGION
  AS (CUSTOMER_REGION VARCHAR) RETURNS BOOLEAN -> FALSE
  COMMENT = 'ml-pipeline: a role reads the customers of the regions that REGION_READERS gives it';
ALTER ROW ACCESS POLICY <% database %>.<% schema %>.CUSTOMERS_BY_REGION
  SET BODY -> EXISTS (
    SELECT 1 FROM <% database %>.<% schema %>.REGION_READERS
    WHERE REGION IN (CUSTOMER_REGION, '*') AND IS_ROLE_IN_SESSION(ROLE_NAME)
  );

USE ROLE SECURITYADMIN;

GRANT ROLE <% reader_role %> TO ROLE <% contact_role %>;
{% for role in [access_role, developer_role] if role %}
GRANT APPLY ON MASKING POLICY <% database %>.<% schema %>.MASK_NAME TO ROLE <% role %>;
GRANT APPLY ON MASKING POLICY <% database %>.<% schema %>.MASK_ADDRESS TO ROLE <% role %>;
GRANT APPLY ON MASKING POLICY <% database %>.<% schema %>.MASK_PHONE TO ROLE <% role %>;
GRANT APPLY ON ROW ACCESS POLICY <% database %>.<% schema %>.CUSTOMERS_BY_REGION TO ROLE <% role %>;
{% endfor %}
{% endif %}
