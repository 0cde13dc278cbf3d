"""Objects of the account that hold no rows: databases, schemas, roles, users, warehouses, grants, tags."""
