"""Stages: files in folders, and loading tables from them."""
