"""Roles, warehouses, compute pools and tags."""
