"""COPY INTO a table, INFER_SCHEMA, reading staged files in queries."""
