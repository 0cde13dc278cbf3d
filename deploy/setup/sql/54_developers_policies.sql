-- In DEV only, where environments/<name>.toml names a schema in `policies`: runs in developers' schemas attach them, too.
USE ROLE SECURITYADMIN;

GRANT APPLY ON MASKING POLICY <% database %>.<% schema %>.MASK_NAME TO ROLE <% developer_role %>;
GRANT APPLY ON MASKING POLICY <% database %>.<% schema %>.MASK_ADDRESS TO ROLE <% developer_role %>;
GRANT APPLY ON MASKING POLICY <% database %>.<% schema %>.MASK_PHONE TO ROLE <% developer_role %>;
GRANT APPLY ON ROW ACCESS POLICY <% database %>.<% schema %>.CUSTOMERS_BY_REGION TO ROLE <% developer_role %>;
