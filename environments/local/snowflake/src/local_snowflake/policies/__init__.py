"""Masking and row access policies: what a role may see of a column, and which rows."""
