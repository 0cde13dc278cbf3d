"""GRANT and REVOKE, and what SHOW GRANTS tells."""
